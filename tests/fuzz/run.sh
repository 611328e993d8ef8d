#!/usr/bin/env bash
# Runs every fuzz target for a number of seconds on its kept inputs: tests/fuzz/run.sh [SECONDS]
# New inputs go to build/also/fuzz/found/NAME; an input that fails goes to build/also/fuzz/failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/install.sh
shopt -s nullglob

seconds=${1:-10}
folder=build/also/fuzz
export ASAN_OPTIONS=abort_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1

sources=(tests/fuzz/*.cpp)
if ((${#sources[@]} == 0)); then
    echo "missing: tests/fuzz has no targets"
    echo "0 passed, 1 failed"
    exit 1
fi

again=()
[[ -f $folder/build.ninja ]] && again=(--reconfigure)
mkdir -p "$folder"
if ! { CXX=$(newest_clang) meson setup "${again[@]}" "$folder" -Dfuzz=true -Dtests=false -Dexamples=false \
    -Db_lundef=false -Ddebug=false "-Dcpp_args=['-gline-tables-only']" && ninja -C "$folder"; } >"$folder/build.log" 2>&1; then
    cat "$folder/build.log"
    echo "0 passed, 1 failed"
    exit 1
fi

passed=0
failed=0
mkdir -p "$folder/failed"

run_target() { # NAME
    local name=$1 found="$folder/found/$1" kept="tests/fuzz/corpus/$1" words="tests/fuzz/$1.dict"
    mkdir -p "$found"
    local inputs=("$found")
    [[ -d $kept ]] && inputs+=("$kept")
    [[ -f $words ]] || words=tests/fuzz/http.dict
    "$folder/tests/fuzz/$name" -dict="$words" -max_total_time="$seconds" -timeout=5 -print_final_stats=1 -seed=1 \
        -artifact_prefix="$folder/failed/$name-" "${inputs[@]}" >"$folder/$name.log" 2>&1
}

# Waits for the oldest target that runs.
finish() {
    local name=${running[0]} log="$folder/${running[0]}.log"
    if wait "${jobs[0]}"; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions"
        passed=$((passed + 1))
    else
        echo "$name: FAILED"
        tail -n 60 "$log"
        failed=$((failed + 1))
    fi
    running=("${running[@]:1}")
    jobs=("${jobs[@]:1}")
}

# One for each processor.
running=()
jobs=()
trap 'kill "${jobs[@]}" 2>/dev/null || true' EXIT
for source in "${sources[@]}"; do
    ((${#running[@]} < $(nproc))) || finish
    name=$(basename "$source" .cpp)
    run_target "$name" &
    running+=("$name")
    jobs+=($!)
done
while ((${#running[@]} > 0)); do
    finish
done
trap - EXIT
echo "$passed passed, $failed failed"
((failed == 0))
