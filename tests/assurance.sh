#!/usr/bin/env bash
# The long form of what tests/run.sh does in minutes: hours on two cores. docs/assurance.md has the last results.
#   tests/assurance.sh [model|mutants|differential|fuzz|coverage|conformance]...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh
tlsup_tools test

parts=("$@")
((${#parts[@]} > 0)) || parts=(conformance coverage model differential fuzz mutants)
meson setup build --reconfigure >/dev/null 2>&1 || meson setup build >/dev/null
status=0
for part in "${parts[@]}"; do
    echo "== $part"
    case $part in
    model)
        # One at a time: the largest takes ten gigabytes. POST, with four items on their way, has three deeds left out.
        ninja -C build tests/model >/dev/null
        build/tests/model --budget 1 --splits || status=1
        build/tests/model --budget 2 || status=1
        for only in victim "client that requires" "another name" denied "a 426" "with GET" "in a tunnel"; do
            build/tests/model --budget 3 --only "$only" || status=1
        done
        ;;
    mutants) tests/mutants/run.sh --all || status=1 ;;
    differential) tests/differential/run.sh 10000000 500000 || status=1 ;;
    fuzz) tests/fuzz/run.sh 600 || status=1 ;;
    coverage) tests/coverage.sh || status=1 ;;
    conformance) python3 tests/conformance.py --check || status=1 ;;
    *)
        echo "unknown part: $part"
        exit 2
        ;;
    esac
done
exit $status
