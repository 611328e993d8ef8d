#!/usr/bin/env bash
# Checks that the build files list every source file, that clang-format has nothing to change,
# and that clang-tidy has nothing to say about the headers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh
shopt -s nullglob globstar

passed=0
failed=0
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@"; then
        echo "$name: ok"
        passed=$((passed + 1))
    else
        echo "$name: FAILED"
        failed=$((failed + 1))
    fi
}

# Every file must stand in the build file, in quotes.
listed() { # BUILD-FILE NAME...
    local build=$1 name good=0
    shift
    for name in "$@"; do
        if ! grep -qF "'$name'" "$build"; then
            echo "$build does not list '$name'"
            good=1
        fi
    done
    return $good
}

format() {
    local file good=0
    if ! command -v clang-format-14 >/dev/null; then
        echo "clang-format-14 is missing"
        return 1
    fi
    for file in {include,tests,examples,bench}/**/*.{hpp,cpp}; do
        if ! clang-format-14 --dry-run --Werror "$file" 2>/dev/null; then
            echo "run: clang-format-14 -i $file"
            good=1
        fi
    done
    return $good
}

tidy() {
    local compiler tool all=build/style/headers.cpp header
    compiler=$(newest_clang)
    tool=${compiler/clang++/clang-tidy}
    mkdir -p build/style
    for header in include/tlsup/*.hpp; do
        echo "#include <tlsup/${header##*/}>"
    done >"$all"
    "$tool" --quiet --config-file=.clang-tidy --header-filter='.*include/tlsup/.*' "$all" -- -std=c++20 -Iinclude \
        -Wall -Wextra
}

headers=(include/tlsup/*.hpp)
units=(tests/unit/*.cpp)
targets=(tests/fuzz/*.cpp)
targets=("${targets[@]%.cpp}")
programs=(examples/*.cpp)
programs=("${programs[@]%.cpp}")

check "headers listed" listed include/tlsup/meson.build "${headers[@]##*/}"
check "unit tests listed" listed tests/meson.build "${units[@]#tests/}"
check "fuzz targets listed" listed tests/fuzz/meson.build "${targets[@]##*/}"
check "examples listed" listed examples/meson.build "${programs[@]##*/}"
check "clang-format" format
check "clang-tidy" tidy

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
