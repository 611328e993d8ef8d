#!/usr/bin/env bash
# Makes sure that the tools of a group are there.
#   tests/install.sh demo    what the examples and the demo need
#   tests/install.sh test    what tests/run.sh needs; Node modules go to build/interop-node
#   tests/install.sh bench   what bench/run.sh needs
#   tests/install.sh size    what bench/size.sh needs
#   tests/install.sh fresh   what tests/fresh.sh needs
# On Debian and Ubuntu it installs the packages that are missing. Elsewhere it names what is missing and exits 1.
# A script may source this file, and call tlsup_tools GROUP, newest_clang and oldest_clang.

tlsup_demo_packages=(g++ meson ninja-build "pkg-config|pkgconf" libssl-dev openssl ca-certificates python3)
tlsup_test_packages=(doctest-dev cmake binutils curl wget haproxy cups-daemon cups-client cups-ipp-utils iproute2 git
    tinyproxy squid privoxy apache2 nginx-light socat ncat node-llhttp libhttp-parser-dev libh2o-evloop-dev python3-h11
    gcovr wrk nghttp2-client)
tlsup_bench_packages=(g++ "pkg-config|pkgconf" python3 binutils util-linux libbenchmark-dev libhttp-parser-dev
    libh2o-evloop-dev libwslay1 node-llhttp libboost-dev valgrind)
tlsup_demo_commands=(g++ meson ninja pkg-config openssl python3)
tlsup_test_commands=(clang++ clang-tidy clang-format cmake nm curl wget node haproxy cupsd lp ipptool ip git
    tinyproxy squid privoxy apache2 nginx socat ncat npm gcovr llvm-cov llvm-profdata wrk h2load)

tlsup_bench_commands=(g++ python3 objdump taskset valgrind)
tlsup_size_packages=(gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib node-llhttp)
tlsup_size_commands=(arm-none-eabi-g++ arm-none-eabi-nm arm-none-eabi-size)
tlsup_fresh_packages=(debootstrap util-linux git ca-certificates)
tlsup_fresh_commands=(debootstrap unshare git)

# The oldest clang that the tests use, and the current one where it is packaged.
tlsup_old_clang=14
tlsup_new_clang=19

# Prints the clang++ of the highest version on PATH.
newest_clang() {
    local found
    found=$(compgen -c clang++- | grep -E '^clang\+\+-[0-9]+$' | sort -u -V | tail -n 1) || true
    if [[ -z $found ]] && command -v clang++ >/dev/null; then
        found=clang++
    fi
    [[ -n $found ]] && echo "$found"
}

# Prints the oldest clang++ that the tests use, where it is on PATH.
oldest_clang() {
    command -v "clang++-$tlsup_old_clang" >/dev/null && echo "clang++-$tlsup_old_clang"
}

tlsup_is_installed() { # NAME or NAME|NAME
    local name
    for name in ${1//|/ }; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] && return 0
    done
    return 1
}

tlsup_is_packaged() {
    [[ -n $(apt-cache search --names-only "^$1\$" 2>/dev/null) ]]
}

tlsup_say() { echo "tlsup: $*" >&2; }

# Fills tlsup_wanted with the packages of a group.
tlsup_list() { # GROUP
    if [[ $1 == bench ]]; then
        tlsup_wanted=("${tlsup_bench_packages[@]}")
        return 0
    fi
    if [[ $1 == size ]]; then
        tlsup_wanted=("${tlsup_size_packages[@]}")
        return 0
    fi
    if [[ $1 == fresh ]]; then
        tlsup_wanted=("${tlsup_fresh_packages[@]}")
        return 0
    fi
    tlsup_wanted=("${tlsup_demo_packages[@]}")
    [[ $1 == demo ]] && return 0
    tlsup_wanted+=("${tlsup_test_packages[@]}")
    # tests/platforms runs the vectors on AArch64 as well: at home, or under qemu.
    [[ $(uname -m) == aarch64 ]] || tlsup_wanted+=(g++-aarch64-linux-gnu qemu-user)
    command -v node >/dev/null || tlsup_wanted+=(nodejs)
    command -v npm >/dev/null || tlsup_wanted+=(npm)

    local new=$tlsup_new_clang old=$tlsup_old_clang newest name
    newest=$(apt-cache search --names-only '^clang-[0-9]+$' 2>/dev/null | sed -n 's/^clang-\([0-9]*\) .*/\1/p' |
        sort -n | tail -n 1)
    if ! tlsup_is_installed "clang-$new" && [[ -n $newest ]] && ! tlsup_is_packaged "clang-$new"; then
        new=$newest
        tlsup_say "clang-$tlsup_new_clang is not packaged here: clang-$new stands in for it."
    fi
    tlsup_wanted+=("clang-$new" "clang-tidy-$new" "llvm-$new")
    # Some releases keep the sanitizer runtime in a package that clang depends on.
    if tlsup_is_installed "libclang-rt-$new-dev" || [[ -z $newest ]] || tlsup_is_packaged "libclang-rt-$new-dev"; then
        tlsup_wanted+=("libclang-rt-$new-dev")
    fi
    for name in "clang-$old" "libclang-rt-$old-dev" "clang-format-$old"; do
        if tlsup_is_installed "$name" || [[ -z $newest ]] || tlsup_is_packaged "$name"; then
            tlsup_wanted+=("$name")
        else
            tlsup_say "$name is not packaged here: what needs it is left out."
        fi
    done
}

# Fills tlsup_missing with the packages of tlsup_wanted that are not installed.
tlsup_find_missing() {
    local name
    tlsup_missing=()
    for name in "${tlsup_wanted[@]}"; do
        tlsup_is_installed "$name" || tlsup_missing+=("${name%%|*}")
    done
}

tlsup_tools_elsewhere() { # GROUP
    local commands=("${tlsup_demo_commands[@]}") missing=() name
    [[ $1 == test ]] && commands+=("${tlsup_test_commands[@]}")
    [[ $1 == test && $(uname -m) != aarch64 ]] && commands+=(aarch64-linux-gnu-g++ qemu-aarch64)
    [[ $1 == bench ]] && commands=("${tlsup_bench_commands[@]}")
    [[ $1 == size ]] && commands=("${tlsup_size_commands[@]}")
    [[ $1 == fresh ]] && commands=("${tlsup_fresh_commands[@]}")
    for name in "${commands[@]}"; do
        if [[ -z $(compgen -c "$name" | grep -E "^${name//+/\\+}(-[0-9]+)?\$") ]]; then
            missing+=("$name")
        fi
    done
    if ((${#missing[@]} > 0)); then
        tlsup_say "this system has no Debian packages, so install these commands first: ${missing[*]}"
        case $1 in
        test) tlsup_say "The headers of OpenSSL are needed as well, and doctest." ;;
        bench) tlsup_say "Google Benchmark and the other parsers are needed as well." ;;
        size | fresh) ;;
        *) tlsup_say "The headers of OpenSSL are needed as well." ;;
        esac
        exit 1
    fi
}

tlsup_programs() { # GROUP
    case ${1-} in
    demo | test | bench | size | fresh) ;;
    *)
        tlsup_say "usage: tests/install.sh demo|test|bench|size|fresh"
        exit 2
        ;;
    esac
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        tlsup_tools_elsewhere "$1"
        return
    fi

    local tlsup_wanted tlsup_missing
    tlsup_list "$1"
    tlsup_find_missing
    ((${#tlsup_missing[@]} == 0)) && return 0

    local root=()
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            tlsup_say "as root, install these packages first: ${tlsup_missing[*]}"
            exit 1
        fi
        root=(sudo)
    fi
    "${root[@]}" apt-get update -qq >&2 || tlsup_say "apt-get update failed; the lists that are there have to do."
    tlsup_list "$1"
    tlsup_find_missing
    ((${#tlsup_missing[@]} == 0)) && return 0
    tlsup_say "installing ${tlsup_missing[*]}"
    if ! "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${tlsup_missing[@]}" >&2; then
        tlsup_say "apt-get could not install: ${tlsup_missing[*]}"
        exit 1
    fi
}

# Installs the Node modules of the interop tests into build/interop-node: the versions of the lock file.
tlsup_node_modules() (
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    local from=tests/interop/node to=build/interop-node
    [[ -f $to/installed ]] && cmp -s "$from/package-lock.json" "$to/installed" && return 0
    tlsup_say "installing the Node modules of the interop tests"
    mkdir -p "$to"
    cp "$from/package.json" "$from/package-lock.json" "$to"
    if ! (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund) >&2; then
        tlsup_say "npm could not install the Node modules."
        exit 1
    fi
    cp "$from/package-lock.json" "$to/installed"
)

tlsup_tools() { # GROUP
    tlsup_programs "$@"
    if [[ $1 == test ]]; then
        tlsup_node_modules
    fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    tlsup_tools "${1-}"
fi
