#!/usr/bin/env bash
# Fails when tlsup takes more than 5 % more instructions than bench/counts.txt says.
#   bench/gate.sh            compares
#   bench/gate.sh --record   writes bench/counts.txt anew
# The figures are g++ 12's, for -O2 and for -O2 -march=x86-64-v2. With another compiler 30 % more are allowed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh
tlsup_tools bench
. bench/build.sh

# tlsup alone, in folders of its own.
bench_find() { bench_found=(); }
bench_prefix=gate-
if [[ -z ${CXX-} ]] && command -v g++-12 >/dev/null; then
    bench_cxx=g++-12
fi

log=build/bench/gate.log
mkdir -p build/bench
if ! bench_build count >"$log" 2>&1; then
    cat "$log"
    echo "0 passed, 1 failed"
    exit 1
fi
status=0
python3 bench/gate.py --compiler "$bench_cxx" "$@" "${bench_variants[@]/#/build/bench/gate-}" || status=$?
exit $status
