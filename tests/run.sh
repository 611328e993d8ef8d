#!/usr/bin/env bash
# Builds tlsup with every compiler and runs every suite.
# Quiet while all is well; a suite that fails shows its log. The logs stay in build/logs.
# The last line is the total: N passed, N failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh
tlsup_tools test
tlsup_tools bench
tlsup_tools size

unset CXXFLAGS CPPFLAGS LDFLAGS
export LC_ALL=C.UTF-8
export ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1

logs=build/logs
rm -rf "$logs"
mkdir -p "$logs"
passed=0
failed=0

seconds_since() { # EPOCHREALTIME
    awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'
}

show() { # LOG
    echo "---- $1"
    cat "$1.out" "$1.err" 2>/dev/null || true
    echo "----"
}

fail() { # NAME REASON
    failed=$((failed + 1))
    printf '%-20s FAILED: %s\n' "$1" "$2"
}

# Configures and builds a folder. Succeeds when that does.
build() { # NAME FOLDER COMPILER OPTION...
    local name=$1 folder=$2 compiler=$3 log="$logs/build-$1" start=$EPOCHREALTIME again=()
    shift 3
    [[ -f $folder/build.ninja ]] && again=(--reconfigure)
    if CXX=$compiler timeout -k 10 900 bash -c 'set -e; folder=$1; shift
        meson setup "$folder" "$@"; ninja -C "$folder"' - "$folder" "${again[@]}" "$@" >"$log.out" 2>"$log.err"; then
        printf '%-20s built %30s\n' "$name" "$(seconds_since "$start")"
    else
        fail "$name" "build"
        show "$log"
        return 1
    fi
}

# Starts a program that prints "N passed, N failed" as its last line.
start() { # NAME SOURCE COMMAND...
    local log="$logs/${1// /-}" source=$2
    shift 2
    if [[ ! -e $source ]]; then
        echo "missing $source" >"$log.missing"
        return
    fi
    echo "$*" >"$log.command"
    {
        start=$EPOCHREALTIME status=0
        timeout -k 10 600 "$@" >"$log.out" 2>"$log.err" </dev/null &
        trap 'kill $!' TERM
        wait $! || status=$?
        echo "$status $(seconds_since "$start")" >"$log.status"
    } &
    job=$!
}

# Waits for the job of a suite, and counts what it printed.
count() { # NAME JOB
    local name=$1 log="$logs/${1// /-}" status seconds last good=0 bad=0
    if [[ -e $log.missing ]]; then
        fail "$name" "$(<"$log.missing")"
        return
    fi
    wait "$2"
    read -r status seconds <"$log.status"
    last=$(tail -n 1 "$log.out")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        good=${BASH_REMATCH[1]}
        bad=${BASH_REMATCH[2]}
        if ((bad == 0 && (status != 0 || good == 0))); then
            bad=1
        fi
    else
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    printf '%-20s %5d passed, %d failed %13s\n' "$name" "$good" "$bad" "$seconds"
    if ((bad > 0)); then
        show "$log"
        echo "exit status $status: $(<"$log.command")"
    fi
}

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT # who interrupts this means the suites too

# Runs a suite.
suite() { # NAME SOURCE COMMAND...
    start "$@"
    count "$1" "$job"
}

# Runs a suite beside others, one for each processor: for those that keep one busy. `together` waits for the last.
names=()
jobs=()
beside() { # NAME SOURCE COMMAND...
    ((${#names[@]} < $(nproc))) || oldest
    start "$@"
    names+=("$1")
    jobs+=("$job")
}
oldest() {
    count "${names[0]}" "${jobs[0]}"
    names=("${names[@]:1}")
    jobs=("${jobs[@]:1}")
}
together() {
    while ((${#names[@]} > 0)); do
        oldest
    done
}

# The suites that every compiler's build runs.
replay() { # NAME FOLDER
    suite "unit $1" tests/unit "$2/tests/unit"
    suite "ways $1" tests/ways "$2/tests/ways"
    suite "proofs $1" tests/proofs "$2/tests/proofs"
    local vectors=(tests/corpus/*.txt)
    suite "corpus $1" "${vectors[0]}" "$2/tests/corpus" "${vectors[@]}"
}

# The vectors also run optimized elsewhere, and the fuzz targets with sanitizers. Nobody reads what a debugger would.
optimized=(-Ddebug=false -Doptimization=2)
plain=(-Ddebug=false -Doptimization=0)
sanitized=("${plain[@]}" -Db_sanitize=address,undefined -Db_lundef=false
    "-Dcpp_args=['-fno-sanitize-recover=all', '-D_GLIBCXX_ASSERTIONS', '-gline-tables-only']")

new_clang=$(newest_clang)
old_clang=$(oldest_clang || true)

suite style tests/style.sh tests/style.sh
suite layers tests/layers.py python3 tests/layers.py

gcc_built=yes
build g++ build g++ "${optimized[@]}" -Dtests=true -Dexamples=true -Dbench=true || gcc_built=
if [[ -n $gcc_built ]]; then
    replay g++ build
    suite "model at each cut" tests/model build/tests/model --budget 1 --splits
    suite "model" tests/model build/tests/model --budget 2
    suite mutants tests/mutants/run.sh tests/mutants/run.sh
    suite docs tests/docs.py python3 tests/docs.py build/tests/draw_states
fi
suite conformance tests/conformance.py python3 tests/conformance.py --check

if [[ -n $old_clang && $old_clang != "$new_clang" ]]; then
    name=${old_clang/++/}
    if build "$name" "build/also/$name" "$old_clang" "${plain[@]}" -Dtests=true -Dexamples=true; then
        replay "$name" "build/also/$name"
    fi
fi

name=${new_clang/++/}
if build "$name" "build/also/$name" "$new_clang" "${sanitized[@]}" -Dtests=true -Dexamples=true; then
    replay "$name" "build/also/$name"
fi

beside platforms tests/platforms/run.sh tests/platforms/run.sh
beside size bench/size.sh bench/size.sh --gate
beside instructions bench/gate.sh bench/gate.sh
beside differential tests/differential/run.sh tests/differential/run.sh
beside symbols tests/symbols.cpp tests/symbols.sh
beside package tests/package/run.sh tests/package/run.sh
together
suite coverage tests/coverage.sh tests/coverage.sh
suite fuzz tests/fuzz/run.sh tests/fuzz/run.sh 10
if [[ -n $gcc_built ]]; then
    suite interop tests/interop/run.py python3 tests/interop/run.py --programs build/examples
    suite load tests/load/run.py python3 tests/load/run.py --seconds 20 --programs build/examples
fi

echo "$passed passed, $failed failed" | tee "$logs/total"
((failed == 0 && passed > 0))
