#!/usr/bin/env bash
# Compiles tests/symbols.cpp and checks that the machines need no heap, exceptions or stdio:
# the object may leave only memory and string primitives undefined.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh

allowed='^(memcpy|memmove|memcmp|memset|memchr|strlen|bcmp|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail)$'

out=build/symbols
mkdir -p "$out"
passed=0
failed=0
for compiler in g++ $(printf '%s\n' "$(oldest_clang || true)" "$(newest_clang || true)" | sort -u); do
    object="$out/$compiler.o"
    if ! "$compiler" -std=c++20 -Os -fno-exceptions -fno-rtti -Iinclude -c tests/symbols.cpp -o "$object"; then
        echo "$compiler: does not compile"
        failed=$((failed + 1))
        continue
    fi
    code=$(nm -C --defined-only "$object" | grep -c ' [TtWw] ' || true)
    bad=$(nm -u "$object" | sed 's/^ *[Uwv] //' | grep -Ev "$allowed" | c++filt || true)
    if [[ -n $bad ]]; then
        echo "$compiler: undefined symbols that must not be there:"
        sed 's/^/    /' <<<"$bad"
        failed=$((failed + 1))
    elif ((code == 0)); then
        echo "$compiler: the object defines no function"
        failed=$((failed + 1))
    else
        echo "$compiler: $code functions, $(size -A "$object" | awk '/^\.text/ { n += $2 } END { print n }') bytes of code"
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
