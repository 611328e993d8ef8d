#!/usr/bin/env bash
# Uses tlsup as its users do: as a Meson subproject, through pkg-config, through find_package,
# through add_subdirectory and through FetchContent. Checks that the version is the same everywhere.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
unset CXXFLAGS CPPFLAGS LDFLAGS
export CXX=${CXX:-g++} CMAKE_GENERATOR=Ninja

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The source as a user gets it: what git keeps, and what it would.
tlsup="$work/tlsup"
mkdir "$tlsup"
if git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git -C "$root" ls-files -z --cached --others --exclude-standard |
        (cd "$root" && while IFS= read -r -d '' file; do [[ -e $file ]] && printf '%s\0' "$file"; done; true) |
        tar -C "$root" --null -T - -cf - | tar -C "$tlsup" -xf -
else
    tar -C "$root" --exclude=./build -cf - . | tar -C "$tlsup" -xf -
fi
header="$tlsup/include/tlsup/version.hpp"
version=$(sed -n 's/.*char version\[\] = "\(.*\)".*/\1/p' "$header")

passed=0
failed=0
check() { # NAME COMMAND...
    local name=$1 log="$work/log"
    shift
    # A subshell with its own -e, outside any condition, stops at the first command that fails.
    set +e
    (set -e; "$@") >"$log" 2>&1
    local status=$?
    set -e
    if ((status == 0)); then
        echo "$name: ok"
        passed=$((passed + 1))
    else
        echo "$name: FAILED"
        sed 's/^/    /' "$log"
        failed=$((failed + 1))
    fi
}

same() { # WHAT GOT WANTED
    [[ $2 == "$3" ]] && return
    printf '%s is %q, not %q\n' "$1" "$2" "$3"
    return 1
}

prints_version() { # PROGRAM
    same "the output of ${1##*/}" "$("$1")" "$version $version"
}

consumer() { # NAME
    mkdir "$work/$1"
    cp "$here/$1"/* "$here/main.cpp" "$work/$1"
    cd "$work/$1"
}

meson_subproject() {
    consumer meson
    mkdir subprojects
    cp -r "$tlsup" subprojects/tlsup
    meson setup build --wrap-mode=forcefallback
    ninja -C build
    prints_version build/consumer
    same "the list of targets" "$(meson introspect build --targets |
        python3 -c 'import json, sys; print(*[target["name"] for target in json.load(sys.stdin)])')" consumer
    DESTDIR="$PWD/installed" meson install -C build
    same "what it installs" "$(find installed -type f)" ""
}

meson_install() {
    cd "$work"
    meson setup tlsup-build tlsup -Dtests=false -Dexamples=false "-Dprefix=$work/prefix"
    ninja -C tlsup-build
    meson install -C tlsup-build
    same "the list of headers" "$(cd prefix/include/tlsup && echo *)" "$(cd tlsup/include/tlsup && echo *.hpp)"
}

pkg_config() {
    cd "$work"
    export PKG_CONFIG_PATH="$work/prefix/share/pkgconfig"
    local flags
    flags=$(pkg-config --cflags --libs tlsup)
    # shellcheck disable=SC2086
    $CXX -std=c++20 -Wall -Wextra -Werror "$here/main.cpp" $flags -o pkg-config-consumer
    prints_version ./pkg-config-consumer
    same "the version of pkg-config" "$(pkg-config --modversion tlsup)" "$version"
}

cmake_build() { # OPTION...
    cmake -S . -B build "$@"
    cmake --build build
    prints_version build/consumer
}

find_package() {
    consumer find
    cmake_build "-DCMAKE_PREFIX_PATH=$work/prefix" "-DWANTED_VERSION=${version%.*}"
    same "the version of find_package" "$(sed -n 's/^set(PACKAGE_VERSION "\(.*\)")$/\1/p' \
        "$work/prefix/share/cmake/tlsup/tlsupConfigVersion.cmake")" "$version"
}

find_package_refuses() {
    cd "$work/find"
    local wanted
    for wanted in 99.0 "${version%%.*}.99"; do
        if cmake -S . -B "refused-$wanted" "-DCMAKE_PREFIX_PATH=$work/prefix" "-DWANTED_VERSION=$wanted" \
            >refused.log 2>&1; then
            echo "find_package took $version for $wanted"
            return 1
        fi
        cat refused.log
        grep -q "considered but not accepted" refused.log
    done
}

add_subdirectory() {
    consumer add
    cp -r "$tlsup" tlsup
    cmake_build
    DESTDIR="$PWD/installed" cmake --install build
    same "what it installs" "$(find installed -type f 2>/dev/null)" ""
}

fetch_content() {
    consumer fetch
    cmake_build "-DFETCHCONTENT_SOURCE_DIR_TLSUP=$tlsup"
}

cmake_install() {
    cd "$work"
    cmake -S tlsup -B cmake-build "-DCMAKE_INSTALL_PREFIX=$work/cmake-prefix"
    cmake --install cmake-build
    sed -i "s|$work/cmake-prefix|$work/prefix|" cmake-prefix/share/pkgconfig/tlsup.pc
    diff -r prefix cmake-prefix
    same "the version of CMakeLists.txt" "$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' cmake-build/CMakeCache.txt)" \
        "$version"
}

one_version() {
    local major minor patch
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
    major=$(sed -n 's/.*version_major = \([0-9]*\).*/\1/p' "$header")
    minor=$(sed -n 's/.*version_minor = \([0-9]*\).*/\1/p' "$header")
    patch=$(sed -n 's/.*version_patch = \([0-9]*\).*/\1/p' "$header")
    same "the number in version.hpp" "$major.$minor.$patch" "$version"
    same "the version of meson.build" "$(meson introspect --projectinfo "$tlsup/meson.build" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')" "$version"
}

check "one version" one_version
check "Meson subproject" meson_subproject
check "meson install" meson_install
check "pkg-config" pkg_config
check "find_package" find_package
check "find_package refuses other versions" find_package_refuses
check "add_subdirectory" add_subdirectory
check "FetchContent" fetch_content
check "cmake --install" cmake_install

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
