#!/usr/bin/env bash
# What the library costs a device: flash and RAM by role, on Cortex-M0+ and Cortex-M4.
#   bench/size.sh                    the table, beside llhttp built the same way
#   bench/size.sh --symbols ROLE     the functions and tables of a row, largest first, on Cortex-M0+
#   bench/size.sh --gate             fails where a row grew by more than 5 % over bench/sizes.txt
#   bench/size.sh --record           writes bench/sizes.txt, and the table of docs/size.md
# HTTP_PARSER=FILE (an http_parser.c, its header beside it) adds http_parser to the table: no package ships its source.
#
# Each role is a small program in bench/size that uses the library as a device would. Its flash is code, constants and
# initial values, with all that it pulls in of libgcc, less the same program around a machine that is elsewhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh

out=build/size
cxx=arm-none-eabi-g++
flags=(--specs=nano.specs -mthumb -Os -ffreestanding -fno-exceptions -fno-unwind-tables
    -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections)
cxxflags=("${flags[@]}" -std=c++20 -fno-rtti -fno-threadsafe-statics -Wall -Wextra -Werror -Iinclude)
cores=(cortex-m0plus cortex-m4)

# Roles with parts left out: ROLE.NAME, and the parts.
declare -A parts=(
    [server.no_content]='.content = tlsup::content_parts::none'
    [server.no_chunks]='.content = tlsup::content_parts::counted'
    [server.no_reasons]='.reasons = false'
    [server.bare_426]=''
    [server.small]='.content = tlsup::content_parts::none, .reasons = false'
    [client.no_chunks]='.content = tlsup::content_parts::counted'
    [connect_client.no_chunks]='.content = tlsup::content_parts::counted'
    [connect_proxy.no_reasons]='.reasons = false'
    [connect_proxy.no_sentences]='.sentences = false'
    [connect_proxy.small]='.reasons = false, .sentences = false'
)

# Servers whose 426 has no content.
declare -A bare=([server.bare_426]=-DTLSUP_BARE_426 [server.small]=-DTLSUP_BARE_426)

# Rows of the table: name and roles. Each role is bench/size/ROLE.cpp.
rows=(
    "server:server"
    "server+gate:server gate"
    "client:client"
    "both:server client"
    "both+gate:server client gate"
    "facts:facts"
    "heads:heads"
    "connect:connect_client connect_proxy tunnel"
    "everything:server client gate connect_client connect_proxy tunnel"
    "everything+writers:server client gate connect_client connect_proxy tunnel writers"
    "both-small:server.small client.no_chunks"
    "connect-small:connect_client.no_chunks connect_proxy.small tunnel"
    "everything-small:server.small client.no_chunks gate connect_client.no_chunks connect_proxy.small tunnel"
    "server-no_content:server.no_content"
    "server-no_chunks:server.no_chunks"
    "server-no_reasons:server.no_reasons"
    "server-bare_426:server.bare_426"
    "client-no_chunks:client.no_chunks"
    "connect_client:connect_client"
    "connect_client-no_chunks:connect_client.no_chunks"
    "connect_proxy:connect_proxy"
    "connect_proxy-no_reasons:connect_proxy.no_reasons"
    "connect_proxy-no_sentences:connect_proxy.no_sentences"
)
roles=(server client gate connect_client connect_proxy tunnel writers facts heads)

# A device has these anyway: they are in every image, and so in no difference.
memory=(memcpy memmove memcmp memchr memset)

# What may stay undefined. The helpers of the compiler's own are printed where they occur.
allowed='^(memcpy|memmove|memcmp|memchr|memset|__aeabi_.*|__gnu_thumb1_case_.*)$'
helpers='^(__aeabi_|__gnu_thumb1_case_)'

say() { echo "$*" >&2; }

build() { # CORE
    local core=$1 to=$out/$1 role
    mkdir -p "$to"
    "$cxx" "${cxxflags[@]}" "-mcpu=$core" -c bench/size/device.cpp -o "$to/device.o"
    "$cxx" "${cxxflags[@]}" "-mcpu=$core" -c bench/size/machine.cpp -o "$to/machine.o"
    for role in "${roles[@]}"; do
        "$cxx" "${cxxflags[@]}" "-mcpu=$core" -c "bench/size/$role.cpp" -o "$to/$role.o"
        "$cxx" "${cxxflags[@]}" "-mcpu=$core" -DTLSUP_STAND_IN -c "bench/size/$role.cpp" -o "$to/$role.stand_in.o"
    done
    for role in "${!parts[@]}"; do
        "$cxx" "${cxxflags[@]}" "-mcpu=$core" "-DTLSUP_PARTS=${parts[$role]}" ${bare[$role]-} -c "bench/size/${role%.*}.cpp" \
            -o "$to/$role.o"
    done
}

link() { # CORE OUTPUT OBJECT... -- ROOT...
    local core=$1 output=$2 objects=() roots=()
    shift 2
    while [[ $1 != -- ]]; do
        objects+=("$1")
        shift
    done
    shift
    roots=("${@/#/-Wl,--undefined=}" "${memory[@]/#/-Wl,--undefined=}")
    "$cxx" "${flags[@]}" "-mcpu=$core" -nostdlib -nostartfiles -Wl,--gc-sections "-Wl,-e,$1" "${roots[@]}" \
        "${objects[@]}" -lc_nano -lgcc -o "$output"
}

# Code, constants and initial values of an image.
flash() { # IMAGE
    arm-none-eabi-size -A "$1" |
        awk '/^\.(text|rodata|data|init_array|ARM)/ { n += $2 } END { print n + 0 }'
}

row_flash() { # CORE NAME ROLE...
    local core=$1 name=$2 to=$out/$1
    shift 2
    local own=() stand_in=() roots=() role
    for role in "$@"; do
        own+=("$to/$role.o")
        stand_in+=("$to/${role%.*}.stand_in.o")
        roots+=("run_${role%.*}")
    done
    link "$core" "$to/$name.elf" "${own[@]}" "$to/device.o" -- "${roots[@]}"
    link "$core" "$to/$name.stand_in.elf" "${stand_in[@]}" "$to/device.o" "$to/machine.o" -- "${roots[@]}"
    echo $(($(flash "$to/$name.elf") - $(flash "$to/$name.stand_in.elf")))
}

row_ram() { # CORE ROLE...
    local core=$1 most="" role size
    shift
    for role in "$@"; do
        size=$(arm-none-eabi-nm -S -t d "$out/$core/$role.o" | awk -v name="ram_of_${role%.*}" '$4 == name { print $2 + 0 }')
        [[ -n $size ]] && most+="${most:+ }${role%.*}=$size"
    done
    echo "$most"
}

measure() { # prints: NAME CORE FLASH RAM...
    local core row
    for core in "${cores[@]}"; do
        build "$core"
    done
    for row in "${rows[@]}"; do
        for core in "${cores[@]}"; do
            # shellcheck disable=SC2086
            echo "${row%%:*} $core $(row_flash "$core" "${row%%:*}" ${row#*:}) $(row_ram "$core" ${row#*:})"
        done
    done
}

# A parser in C, with callbacks for what the library looks at, linked and measured like a role.
peer() { # NAME CORE FLAG... -- FILE...
    local name=$1 core=$2 to=$out/$2 own=() objects=() file
    shift 2
    while [[ $1 != -- ]]; do
        own+=("$1")
        shift
    done
    shift
    for file in "$@"; do
        arm-none-eabi-gcc "${flags[@]}" "-mcpu=$core" -DNDEBUG -w "${own[@]}" -c "$file" -o "$to/$name.$(basename "$file").o"
        objects+=("$to/$name.$(basename "$file").o")
    done
    arm-none-eabi-gcc "${flags[@]}" "-mcpu=$core" "${own[@]}" -c "bench/size/$name.c" -o "$to/$name.user.o"
    link "$core" "$to/$name.elf" "$to/$name.user.o" "${objects[@]}" "$to/device.o" -- "run_$name"
    local ram
    ram=$(arm-none-eabi-nm -S -t d "$to/$name.user.o" | awk -v name="ram_of_$name" '$4 == name { print $2 + 0 }')
    link "$core" "$to/nothing.elf" "$to/device.o" -- memcpy
    echo "$name $core $(($(flash "$to/$name.elf") - $(flash "$to/nothing.elf"))) $name=$ram"
}

peers() {
    local core
    for core in "${cores[@]}"; do
        if [[ -f /usr/share/llhttp/llhttp.c ]]; then
            peer llhttp "$core" -I/usr/share/include/llhttp -- /usr/share/llhttp/{llhttp,api,http}.c
        fi
        if [[ -n ${HTTP_PARSER-} ]]; then
            peer http_parser "$core" "-I$(dirname "$HTTP_PARSER")" -- "$HTTP_PARSER"
        fi
    done
}

table() {
    printf '%-27s %12s %12s   %s\n' "flash, octets" cortex-m0+ cortex-m4 "RAM for one connection"
    awk '{ name = $1; flash[name, $2] = $3; if (!(name in seen)) { seen[name] = 1; order[++n] = name }
           $1 = $2 = $3 = ""; sub(/^ +/, ""); ram[name] = $0 }
         END { for (at = 1; at <= n; ++at) {
             name = order[at]
             printf "%-27s %12d %12d   %s\n", name, flash[name, "cortex-m0plus"], flash[name, "cortex-m4"], ram[name] } }'
}

# Undefined symbols of the roles' objects, but for each other's.
undefined() { # CORE
    local role
    for role in "${roles[@]}"; do
        arm-none-eabi-nm -u "$out/$1/$role.o"
    done | sed 's/^ *[Uwv] //' | grep -v '^_ZN6device' | sort -u
}

check_symbols() { # prints what is wrong; the helpers that occur go to standard error
    local core bad=0 found
    for core in "${cores[@]}"; do
        found=$(undefined "$core" | grep -Ev "$allowed" | arm-none-eabi-c++filt) || true
        if [[ -n $found ]]; then
            echo "$core: undefined symbols that must not be there: $found"
            bad=1
        fi
        found=$(undefined "$core" | grep -E "$helpers" | paste -sd ' ') || true
        say "$core: helpers of the compiler's: ${found:-none}"
    done
    return $bad
}

# Every header alone, free-standing. The bridge to <system_error> is for hosts.
check_headers() { # prints what does not build
    local header name core all="" bad=0
    for header in include/tlsup/*.hpp; do
        name=${header##*/}
        [[ $name == system_error.hpp ]] && continue
        all+="#include <tlsup/$name>"$'\n'
        if ! echo "#include <tlsup/$name>" |
            "$cxx" "${cxxflags[@]}" "-mcpu=${cores[0]}" -fsyntax-only -x c++ -; then
            echo "${cores[0]}: $name does not build alone"
            bad=1
        fi
    done
    for core in "${cores[@]:1}"; do
        if ! "$cxx" "${cxxflags[@]}" "-mcpu=$core" -fsyntax-only -x c++ - <<<"$all"; then
            echo "$core: the headers do not build"
            bad=1
        fi
    done
    return $bad
}

symbols() { # ROW
    local row
    for row in "${rows[@]}"; do
        if [[ ${row%%:*} == "$1" ]]; then
            build cortex-m0plus
            # shellcheck disable=SC2086
            row_flash cortex-m0plus "$1" ${row#*:} >/dev/null
            arm-none-eabi-nm -C -S -t d --size-sort -r "$out/cortex-m0plus/$1.elf" |
                awk '$3 !~ /[bB]/ { size = $2 + 0; $1 = $2 = $3 = ""; sub(/^ +/, ""); printf "%6d  %s\n", size, $0 }'
            return
        fi
    done
    say "no such row: $1"
    exit 2
}

passed=0
failed=0
count() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "$what: FAILED"
        failed=$((failed + 1))
    fi
}

# Whether a row is at most 5 % larger than it was recorded, and its machines no larger at all.
no_larger() { # NAME CORE FLASH RAM...
    local name=$1 core=$2 now=$3 was ram
    shift 3
    read -r was ram < <(awk -v name="$name" -v core="$core" '$1 == name && $2 == core { $1 = $2 = ""; print }' \
        "$recorded") || true
    if [[ -z $was ]]; then
        echo "$name on $core is not in $recorded: bench/size.sh --record"
        return 1
    fi
    if ((now * 100 > was * 105)); then
        echo "$name on $core: $was octets of flash were recorded, $now are too many"
        return 1
    fi
    local one old
    for one in "$@"; do
        old=$(tr ' ' '\n' <<<"$ram" | sed -n "s/^${one%%=*}=//p")
        if [[ -z $old ]] || ((${one##*=} > old)); then
            echo "$name on $core: ${one%%=*} had ${old:-no} octets of RAM, and has ${one##*=}"
            return 1
        fi
    done
}

recorded=bench/sizes.txt

tlsup_tools size
mkdir -p "$out"
case ${1-} in
--symbols)
    symbols "${2-}"
    ;;
"")
    measure >"$out/measured.txt"
    peers >"$out/peers.txt"
    cat "$out/measured.txt" "$out/peers.txt" | table
    check_symbols
    ;;
--record)
    measure >"$recorded"
    table <"$recorded" >"$out/table.txt"
    cat "$out/table.txt"
    # The block behind the marker of the page is this table.
    awk -v table="$out/table.txt" '
        inside && /^```$/ { inside = 0 }
        !inside { print }
        marked && /^```/ { while ((getline line < table) > 0) print line; inside = 1; marked = 0 }
        /<!-- bench\/sizes.txt -->/ { marked = 1 }' docs/size.md >"$out/size.md"
    cp "$out/size.md" docs/size.md
    ;;
--gate)
    measure >"$out/measured.txt"
    table <"$out/measured.txt"
    while read -r row; do
        # shellcheck disable=SC2086
        count "size of ${row%% *}" no_larger $row
    done <"$out/measured.txt"
    count "undefined symbols" check_symbols
    count "headers, free-standing" check_headers
    echo "$passed passed, $failed failed"
    ((failed == 0 && passed > 0))
    ;;
*)
    say "usage: bench/size.sh [--symbols ROW | --gate | --record]"
    exit 2
    ;;
esac
