#!/usr/bin/env bash
# Builds the programs of bench/ into build/bench/VARIANT, with the parsers that are there.
#   bench/build.sh [PROGRAM...]     both variants; without PROGRAM all of them
#   VARIANTS="plain" bench/build.sh count
# plain: -O2, as distributions build. v2: -O2 -march=x86-64-v2, which has SSSE3 and SSE4.2.
# PICOHTTPPARSER names a folder with picohttpparser.c, from https://github.com/h2o/picohttpparser: with it
# picohttpparser is built with the same flags as everything else. Without it there is only Debian's build of it.
# A script may source this file, and call bench_build.

bench_variants=(${VARIANTS:-plain v2})
bench_warnings=(-Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wswitch-enum)

bench_subjects=(subjects peers/tlsup heads emit tunnel hello facts growth)
bench_cxx=${CXX:-g++}
bench_cc=${CC:-gcc}
bench_prefix= # of the folders' names

bench_flags() { # VARIANT
    echo "-O2"
    [[ $1 == v2 ]] && echo "-march=x86-64-v2"
    return 0
}

# Prints the file of a package whose path ends so.
bench_file() { # PACKAGE END
    dpkg -L "$1" 2>/dev/null | grep -E "$2\$" | head -n 1
}

bench_version() { # PACKAGE
    dpkg-query -W -f='${Package} ${Version}' "$1" 2>/dev/null
}

# Whether an object or a library has the instruction that picohttpparser uses where it may use SSE4.2.
bench_has_sse42() { # FILE
    objdump -d "$1" | grep pcmpestri >/dev/null
}

# Finds the parsers. Fills bench_found, and for each of them bench_how, what it was built from.
bench_find() {
    local header name
    declare -gA bench_how=()
    bench_found=() # those whose file is in peers/
    bench_pico_library=$(bench_file libh2o-evloop-dev /libh2o-evloop.so || true)
    if [[ -n $bench_pico_library ]]; then
        bench_found+=(pico)
        bench_how[pico]="$(bench_version libh2o-evloop-dev), built by Debian"
    fi
    if [[ -n ${PICOHTTPPARSER-} && -f $PICOHTTPPARSER/picohttpparser.c ]]; then
        bench_found+=(pico_source)
        bench_how[pico_source]="picohttpparser.c, sha256 $(sha256sum "$PICOHTTPPARSER/picohttpparser.c" | cut -c1-16)"
    fi
    header=$(bench_file node-llhttp /llhttp.h || true)
    bench_llhttp_sources=()
    for name in api http llhttp; do
        bench_llhttp_sources+=("$(bench_file node-llhttp "/$name\.c" || true)")
    done
    if [[ -n $header && -f ${bench_llhttp_sources[2]} ]]; then
        bench_found+=(llhttp)
        bench_llhttp_include=$(dirname "$header")
        bench_how[llhttp]="$(bench_version node-llhttp), its C files"
    fi
    if [[ -n $(bench_file libhttp-parser-dev /http_parser.h || true) ]]; then
        bench_found+=(http_parser)
        bench_how[http_parser]="$(bench_version libhttp-parser-dev), built by Debian"
    fi
    if [[ -f /usr/include/boost/beast/http.hpp ]]; then
        bench_found+=(beast)
        name=$(dpkg -S /usr/include/boost/beast/http.hpp 2>/dev/null | sed 's/:.*//')
        bench_how[beast]="$(bench_version "$name"), its headers"
    fi
}

# Says how each parser was built, one line each: NAME<TAB>HOW. What SSE4.2 does is told for picohttpparser only.
bench_say_peers() { # VARIANT
    local name how flags
    flags=$(bench_flags "$1" | xargs)
    for name in "${bench_found[@]}"; do
        how=${bench_how[$name]}
        case $name in
        pico)
            bench_has_sse42 "$bench_pico_library" && how+=", with SSE4.2" || how+=", without SSE4.2"
            ;;
        pico_source)
            how+=", $bench_cc $flags"
            bench_has_sse42 "build/bench/$1/c_picohttpparser.o" && how+=", with SSE4.2" || how+=", without SSE4.2"
            ;;
        llhttp) how+=", $bench_cc $flags" ;;
        beast) how+=", $bench_cxx $flags" ;;
        esac
        printf '%s\t%s\n' "$name" "$how"
    done
}

bench_compile() { # OBJECT COMMAND...
    local object=$1
    shift
    if [[ ! -e $object || -n $(find include bench ${PICOHTTPPARSER:+"$PICOHTTPPARSER"} -newer "$object" \
        \( -name '*.hpp' -o -name '*.cpp' -o -name '*.c' -o -name 'build.sh' \) -print -quit) ]]; then
        "$@" -c -o "$object"
    fi
}

bench_objects() { # FOLDER FLAG... ; fills bench_linked
    local folder=$1 name source defines=() here
    shift
    for name in "${bench_found[@]}"; do
        defines+=("-DBENCH_WITH_${name^^}")
    done
    bench_linked=()
    for name in "${bench_subjects[@]}" "${bench_found[@]/#/peers/}"; do
        here="$folder/$(basename "$name").o"
        bench_compile "$here" "$bench_cxx" -std=c++20 "$@" "${bench_warnings[@]}" -Iinclude "${defines[@]}" \
            ${bench_llhttp_include:+-isystem "$bench_llhttp_include"} "bench/$name.cpp" || return
        bench_linked+=("$here")
    done
    for name in "${bench_found[@]}"; do
        case $name in
        pico) bench_linked+=("$bench_pico_library") ;;
        http_parser) bench_linked+=(-lhttp_parser) ;;
        pico_source)
            # Other names than those in Debian's library, so that both fit into one program.
            defines=()
            for source in request response headers; do
                defines+=("-Dphr_parse_$source=source_phr_parse_$source")
            done
            defines+=(-Dphr_decode_chunked=source_phr_decode_chunked)
            defines+=(-Dphr_decode_chunked_is_in_data=source_phr_decode_chunked_is_in_data)
            bench_compile "$folder/c_picohttpparser.o" "$bench_cc" "$@" "${defines[@]}" \
                "$PICOHTTPPARSER/picohttpparser.c" || return
            bench_linked+=("$folder/c_picohttpparser.o")
            ;;
        llhttp)
            for source in "${bench_llhttp_sources[@]}"; do
                here="$folder/c_$(basename "$source" .c).o"
                bench_compile "$here" "$bench_cc" "$@" -DLLHTTP_STRICT_MODE=1 -I "$bench_llhttp_include" \
                    "$source" || return
                bench_linked+=("$here")
            done
            ;;
        esac
    done
}

bench_build() { # PROGRAM...
    local variant program folder flags name there=()
    bench_find
    for name in "${bench_found[@]}"; do
        [[ -f bench/peers/$name.cpp ]] && there+=("$name")
    done
    bench_found=("${there[@]}")
    for variant in "${bench_variants[@]}"; do
        folder=build/bench/$bench_prefix$variant
        mkdir -p "$folder"
        mapfile -t flags < <(bench_flags "$variant")
        # Other parsers, or another compiler: nothing of before fits.
        if [[ $(cat "$folder/built" 2>/dev/null) != "$bench_cxx $bench_cc ${bench_found[*]}" ]]; then
            rm -f "$folder"/*.o
            echo "$bench_cxx $bench_cc ${bench_found[*]}" >"$folder/built"
        fi
        bench_objects "$folder" "${flags[@]}" || return
        for program in "$@"; do
            bench_compile "$folder/main_$program.o" "$bench_cxx" -std=c++20 "${flags[@]}" "${bench_warnings[@]}" \
                -Iinclude "bench/$program.cpp" || return
            "$bench_cxx" "$folder/main_$program.o" "${bench_linked[@]}" -lbenchmark -lpthread \
                -o "$folder/$program" || return
        done
    done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    bench_build "${@:-count}"
    for variant in "${bench_variants[@]}"; do
        bench_say_peers "$variant"
    done
fi
