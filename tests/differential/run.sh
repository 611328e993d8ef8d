#!/usr/bin/env bash
# Compares tlsup with llhttp, http_parser, picohttpparser and h11 on generated messages.
#   tests/differential/run.sh [COUNT] [H11COUNT] [SEED]
# The parsers are Debian's packages; tests/install.sh installs them. A parser that is missing is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

count=${1:-1000000}
h11_count=${2:-50000}
seed=${3:-1}
folder=build/differential
python=/usr/bin/python3
flags=(-std=c++20 -O2 -Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wswitch-enum -Iinclude)
passed=0
failed=0
mkdir -p "$folder"

# Prints the file of a package whose path ends so.
file_of() { # PACKAGE END
    dpkg -L "$1" 2>/dev/null | grep -E "$2\$" | head -n 1
}

version_of() { # PACKAGE
    dpkg-query -W -f='${Package} ${Version}' "$1" 2>/dev/null
}

present() { # NAME HOW FILE...
    local name=$1 how=$2 file
    shift 2
    for file in "$@"; do
        if [[ ! -e $file ]]; then
            echo "$name: FAILED: it is missing"
            failed=$((failed + 1))
            return 1
        fi
    done
    echo "$name: $how"
    passed=$((passed + 1))
}

finish() {
    echo "$passed passed, $failed failed"
    ((failed == 0 && passed > 0))
    exit
}

# Adds up the total that is a log's last line. The log without it is printed.
add_up() { # NAME STATUS LOG
    local last
    last=$(tail -n 1 "$3")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        sed '$d' "$3"
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        (($2 == 0 || BASH_REMATCH[2] > 0)) && return
    else
        cat "$3"
    fi
    echo "$1: FAILED: exit status $2"
    failed=$((failed + 1))
}

llhttp_header=$(file_of node-llhttp /llhttp.h || true)
llhttp_sources=()
for name in api http llhttp; do
    llhttp_sources+=("$(file_of node-llhttp "/$name\.c" || true)")
done
library=$(file_of libh2o-evloop-dev /libh2o-evloop.so || true)
good=yes
present llhttp "$(version_of node-llhttp): ${llhttp_sources[*]}, built with gcc -O2 -DLLHTTP_STRICT_MODE=1" \
    "$llhttp_header" "${llhttp_sources[@]}" || good=
present http_parser "$(version_of libhttp-parser-dev): its library" \
    "$(file_of libhttp-parser-dev /http_parser.h || true)" || good=
present picohttpparser "$(version_of libh2o-evloop-dev): the functions phr_* of $library" "$library" || good=
present h11 "$(version_of python3-h11): with $python" "$(file_of python3-h11 /h11/__init__.py || true)" || good=
[[ -n $good ]] || finish

# Builds llhttp's files, the adapters and the program.
build() {
    local source
    for source in "${llhttp_sources[@]}"; do
        gcc -O2 -DLLHTTP_STRICT_MODE=1 -I "$(dirname "$llhttp_header")" -c "$source" \
            -o "$folder/c_$(basename "$source" .c).o" || return
    done
    for source in tests/differential/*.cpp; do
        g++ "${flags[@]}" -DLLHTTP_STRICT_MODE=1 -isystem "$(dirname "$llhttp_header")" -c "$source" \
            -o "$folder/$(basename "$source" .cpp).o" || return
    done
    g++ "$folder"/*.o -lhttp_parser "$library" -o "$folder/differential"
}

rm -f "$folder"/*.o
if ! build >"$folder/build.log" 2>&1; then
    cat "$folder/build.log"
    echo "build: FAILED"
    failed=$((failed + 1))
    finish
fi

here=tests/differential
status=0
h11_status=0
{ "$folder/differential" --corpus --seed "$seed" --count "$h11_count" |
    "$python" $here/h11_check.py $here/refusals.txt; } >"$folder/h11.log" 2>&1 &
job=$!
"$folder/differential" --seed "$seed" --count "$count" --refusals $here/refusals.txt >"$folder/c.log" 2>&1 || status=$?
wait $job || h11_status=$?
add_up "the C parsers" $status "$folder/c.log"
add_up h11 $h11_status "$folder/h11.log"
finish
