#!/usr/bin/env bash
# Which lines, branches and conditions of include/ the tests reach, which arrows of the charts and which errors.
#
# - Lines and branches: g++ --coverage and gcovr, over the unit tests, the ways and the vectors, also with the
#   ways of reading many octets at once turned off. Functions that nothing calls count too. Proofs by the compiler (static_assert) do not count.
# - Arrows and errors: the same build notes them; see tests/coverage/seen.hpp.
# - MC/DC of the decisions in upgrade.hpp: clang's own, over the unit tests.
#
# tests/coverage.py has the thresholds. Options go to it: -v shows each branch that is missing.
# The last line is the total: N passed, M failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh

out=build/coverage
mkdir -p "$out"
clang=$(newest_clang)
version=${clang#clang++}
log=$out/log
trap 'tail -n 40 "$log"; echo "0 passed, 1 failed"' ERR

python3 tests/coverage.py copy "$out/include"

program() { # FOLDER NAME LIBRARIES SOURCE...
    local folder=$1 name=$2 libraries=$3 source object objects=()
    shift 3
    for source in "$@"; do
        object="$folder/${source//\//_}.o"
        objects+=("$object")
        grep -qF "build $object:" "$out/build.ninja" || echo "build $object: compile_$folder \$root/$source"
    done >>"$out/build.ninja"
    printf 'build %s/%s: link_%s %s\n  libraries = %s\n' "$folder" "$name" "$folder" "${objects[*]}" "$libraries" \
        >>"$out/build.ninja"
}

tests="-std=c++20 -O0 -I\$root/tests -I\$root/examples"
cat >"$out/build.ninja" <<END
root = ../..
builddir = .
gcc = g++ $tests -Iinclude --coverage -include \$root/tests/coverage/seen.hpp -DTLSUP_HOT= -DTLSUP_COLD=
clang = $clang $tests -I\$root/include -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc
rule compile_gcc
  command = \$gcc \$keep -MMD -MF \$out.d -c \$in -o \$out
  depfile = \$out.d
rule link_gcc
  command = g++ --coverage \$in -o \$out \$libraries
rule compile_words
  command = \$gcc -DTLSUP_NO_SSE2 -DTLSUP_NO_NEON -MMD -MF \$out.d -c \$in -o \$out
  depfile = \$out.d
rule link_words
  command = g++ --coverage \$in -o \$out
rule compile_octets
  command = \$gcc -DTLSUP_NO_WORDS -MMD -MF \$out.d -c \$in -o \$out
  depfile = \$out.d
rule link_octets
  command = g++ --coverage \$in -o \$out
rule compile_clang
  command = \$clang -MMD -MF \$out.d -c \$in -o \$out
  depfile = \$out.d
rule link_clang
  command = $clang -fprofile-instr-generate \$in -o \$out \$libraries
END
program gcc unit "" tests/unit/*.cpp tests/coverage/everything.cpp
program gcc ways "-lssl -lcrypto -pthread" tests/unit/main.cpp tests/ways/*.cpp
program gcc corpus "" tests/corpus_runner.cpp
program gcc blocks "" tests/platforms/blocks.cpp
program words blocks "" tests/platforms/blocks.cpp
program octets blocks "" tests/platforms/blocks.cpp
program octets corpus "" tests/corpus_runner.cpp
program clang decisions "" tests/unit/{main,client,conditions,dedicated_name,facts,server}.cpp
sed -i 's|^build gcc/tests_coverage_everything.*|&\n  keep = -fkeep-inline-functions|' "$out/build.ninja"

mkdir -p "$out"/{gcc,words,octets,clang}
ninja -C "$out" >"$log" 2>&1

find "$out" -name '*.gcda' -delete
rm -f "$out/seen" "$out"/*/*.json
export TLSUP_SEEN=$PWD/$out/seen
"$out/gcc/unit" >"$log" &
"$out/gcc/corpus" tests/corpus/*.txt >>"$log"
wait $!
"$out/gcc/ways" >>"$log" &
"$out/octets/corpus" tests/corpus/*.txt >>"$log"
for folder in gcc words octets; do
    "$out/$folder/blocks" --some >>"$log"
done
wait $!
gcovr --root . --filter "$PWD/$out/include/" --object-directory "$out" --json "$out/gcov.json" -j 2 "$out"/{gcc,words,octets} \
    >>"$log" 2>&1

LLVM_PROFILE_FILE=$out/clang/raw "$out/clang/decisions" >>"$log"
"llvm-profdata$version" merge -o "$out/clang/profile" "$out/clang/raw" >>"$log" 2>&1
"llvm-cov$version" export -instr-profile "$out/clang/profile" "$out/clang/decisions" include/ >"$out/mcdc.json" 2>>"$log"

trap - ERR
python3 tests/coverage.py check "$out/gcov.json" "$out/seen" "$out/mcdc.json" "$@"
