#!/usr/bin/env bash
# Runs the vectors, and a comparison of all ways of reading, as each processor would: with the ways of reading many
# octets at once turned off one after the other, with all that this compiler has, and for AArch64 under qemu. Then as
# programs of two files that were built differently.
# The last line counts a pass for each program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=build/platforms
mkdir -p "$folder"
flags=(-std=c++20 -O1 -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wswitch-enum -Iinclude -Itests)
declare -A sources=([blocks]=tests/platforms/blocks.cpp [corpus]=tests/corpus_runner.cpp)
vectors=(tests/corpus/*.txt)
passed=0
failed=0

count() { # NAME PROGRAM COMMAND...
    local log="$folder/$1-$2.out" name="$1" program="$2"
    shift 2
    if "$@" >"$log" 2>&1; then
        printf '%-10s %-7s %s\n' "$name" "$program" "$(tail -n 1 "$log")"
        passed=$((passed + 1))
    else
        echo "$name $program: FAILED"
        tail -n 40 "$log"
        failed=$((failed + 1))
    fi
}

run() { # EXECUTABLE RUNNER...
    local arguments=()
    [[ $1 == *-corpus.exe ]] && arguments=("${vectors[@]}")
    "${@:2}" "$1" "${arguments[@]}"
}

build_and_run() { # EXECUTABLE SOURCE RUNNER... -- FLAG...
    local executable=$1 source=$2 runner=()
    shift 2
    while [[ $1 != -- ]]; do
        runner+=("$1")
        shift
    done
    "${compiler[@]}" "${flags[@]}" "${@:2}" "$source" -o "$executable" && run "$executable" "${runner[@]}"
}

check() { # NAME RUNNER... -- FLAG...
    local program
    for program in blocks corpus; do
        count "$1" $program build_and_run "$folder/$1-$program.exe" "${sources[$program]}" "${@:2}"
    done
}

link_and_run() { # EXECUTABLE FIRST SECOND
    # The linker keeps the first of two functions with the same name.
    objcopy --redefine-sym main=no_main "$2" "$1.first.o" && g++ "$1.first.o" "$3" -o "$1" && run "$1"
}

# Main of one file, and of the functions that both have those of the other.
mixed() { # NAME FLAG OTHER_FLAG
    local at objects=()
    for at in "${@:2}"; do
        objects+=("$folder/file$at.o")
        [[ -f ${objects[-1]} ]] || g++ "${flags[@]}" "$at" -c "${sources[blocks]}" -o "${objects[-1]}"
    done
    count "$1" blocks link_and_run "$folder/$1-blocks.exe" "${objects[@]}"
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
    count big-endian macros "${compiler[@]}" -mbig-endian -O2 -std=c++20 -Iinclude -include tlsup/platform.hpp \
        -fsyntax-only -x c++ - <<<'static_assert(TLSUP_WORDS && !TLSUP_NEON);'
fi

rm -f "$folder"/file*.o
mixed small-fast -Os -O2
mixed fast-small -O2 -Os
mixed words-fast -DTLSUP_NO_SSE2 -O2
mixed fast-words -O2 -DTLSUP_NO_SSE2
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
