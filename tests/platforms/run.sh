#!/usr/bin/env bash
# Runs the vectors, and a comparison of all ways of reading, as each processor would: with the ways of reading many
# octets at once turned off one after the other, with all that this compiler has, and for AArch64 under qemu.
# The last line counts a pass for each program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=build/platforms
mkdir -p "$folder"
flags=(-std=c++20 -O1 -Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wswitch-enum -Iinclude -Itests)
passed=0
failed=0

check() { # NAME RUNNER... -- FLAG...
    local name=$1 runner=() program log
    shift
    while [[ $1 != -- ]]; do
        runner+=("$1")
        shift
    done
    shift
    for program in blocks corpus; do
        local source=tests/platforms/blocks.cpp arguments=()
        if [[ $program == corpus ]]; then
            source=tests/corpus_runner.cpp
            arguments=(tests/corpus/*.txt)
        fi
        log="$folder/$name-$program"
        if "${compiler[@]}" "${flags[@]}" "$@" "$source" -o "$log.exe" >"$log.out" 2>&1 &&
            "${runner[@]}" "$log.exe" "${arguments[@]}" >>"$log.out" 2>&1; then
            printf '%-10s %-7s %s\n' "$name" "$program" "$(tail -n 1 "$log.out")"
            passed=$((passed + 1))
        else
            echo "$name $program: FAILED"
            tail -n 40 "$log.out"
            failed=$((failed + 1))
        fi
    done
}

machine=$(uname -m)
compiler=(g++)
check octets -- -DTLSUP_NO_WORDS
check words -- -DTLSUP_NO_SSE2 -DTLSUP_NO_NEON
if [[ $machine == x86_64 ]]; then
    check sse2 -- -march=x86-64
    check ssse3 -- -mssse3 -DTLSUP_NO_AVX2
    if grep -q avx2 /proc/cpuinfo; then
        check avx2 -- -mavx2
    fi
fi
if [[ $machine == aarch64 ]]; then
    check neon --
else
    compiler=(aarch64-linux-gnu-g++ -static)
    check neon qemu-aarch64 --
fi
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
