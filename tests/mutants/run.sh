#!/usr/bin/env bash
# Plants single faults in the headers and shows which test finds each: tests/mutants/run.sh [OPTION...], see kill.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C.UTF-8
exec python3 tests/mutants/kill.py "$@"
