#!/usr/bin/env bash
# Makes a minimal Debian root, clones the commit into it, and runs the README's two commands there: the first as a user
# who is not root and has sudo, both as root. Nothing of this machine is visible inside but its kernel and its network
# settings, so a package that the scripts forget to install is a failure.
#   tests/fresh.sh           in a fresh root under build/fresh, which is removed at the end
#   tests/fresh.sh --keep    leaves the root there
# Only where the root cannot be made it runs both commands in place, and says so.
# The last line is the total: N passed, N failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh

folder=$PWD/build/fresh
root=$folder/root
log=$folder/root.log
passed=0
failed=0

say() { echo "fresh: $*"; }

# The commands that the README tells a new user to run, in its order.
readme_commands() {
    sed -nE 's/^- `(\.\/[a-z/]+\.sh)`.*/\1/p' README.md
}

# Counts a command: by its last line where that is a total, else as one.
run() { # NAME COMMAND...
    local name=$1 status=0 last good bad
    shift
    say "$name"
    { "$@" </dev/null 2>&1 | tee "$folder/output"; } &
    wait $! || status=$? # a signal ends this wait, where it would wait for a command
    last=$(tail -n 1 "$folder/output")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        good=${BASH_REMATCH[1]}
        bad=${BASH_REMATCH[2]}
        if ((bad == 0 && (status != 0 || good == 0))); then
            bad=1
        fi
        passed=$((passed + good))
        failed=$((failed + bad))
    elif ((status == 0)); then
        passed=$((passed + 1))
    else
        say "$name FAILED with status $status"
        failed=$((failed + 1))
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    ((failed == 0 && passed > 0))
    exit
}

in_place() { # REASON
    say "NO FRESH ROOT: ${1^^}. THE COMMANDS RUN IN PLACE, AND A PACKAGE THAT IS NOT INSTALLED BY THE SCRIPTS IS NOT NOTICED."
    local command
    for command in "${commands[@]}"; do
        run "$command, in place" "$command"
    done
    finish
}

# Where apt finds the packages of this release: of its first source that has them.
mirror() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk -v release="$release" '$2 == release && $3 == "main" { print $1; exit }'
}

make_root() {
    local uri
    release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    uri=$(mirror)
    if [[ -z $uri ]]; then
        apt-get update -qq
        uri=$(mirror)
    fi
    [[ -n $release && -n $uri ]]
    # The namespace keeps the mounts of a run that is interrupted away from this folder.
    unshare --mount --propagation private debootstrap --variant=minbase "$release" "$root" "$uri"
}

# Files of this machine, at the same paths in the root. The root's own links are followed inside it, never out of it.
copy() { # PATH...
    local path
    for path in "$@"; do
        if [[ -e $path ]]; then
            tar -C / -h --ignore-failed-read -cf - "${path#/}" | chroot "$root" tar -C / -xf -
        fi
    done
}

# Names of the variables that say how to reach the network and whom to trust there.
network_variables() {
    compgen -e | grep -iE '^((https?|ftp|all|no)_proxy|npm_config_.*|node_extra_ca_certs|ssl_cert_(file|dir)|curl_ca_bundle|requests_ca_bundle|git_ssl_cainfo)$'
}

# The network settings of this machine: apt's sources, the resolver, proxies, certificate authorities, npm's files.
bring_network() {
    local name
    rm -f "$root/etc/apt/sources.list" # debootstrap's
    copy /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/keyrings /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d \
        /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/apt/preferences.d /usr/share/keyrings \
        /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates \
        /etc/npmrc /usr/etc/npmrc /root/.npmrc
    apt-config dump | grep '^Acquire::' | grep -vE '^Acquire::(cdrom|IndexTargets|Languages)' >"$root/etc/apt/apt.conf.d/90network"
    # In a file, since a proxy's password is for nobody who lists processes.
    (umask 077 && : >"$root/root/network")
    for name in $(network_variables); do
        if [[ -f ${!name} ]]; then
            copy "${!name}"
        fi
        printf 'export %s=%q\n' "$name" "${!name}" >>"$root/root/network"
    done
    echo 'Defaults env_keep += "http_proxy https_proxy ftp_proxy all_proxy no_proxy"' >"$root/root/sudo-network"
}

# Nothing starts a service, and dpkg does not wait for the disk.
quiet_root() {
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
    echo 'APT::Install-Recommends "false";' >"$root/etc/apt/apt.conf.d/91small"
}

# Runs a command in the root: a mount point, so that what is inside may unshare mounts of its own, with processes and
# devices, and without this shell's environment. All that it started ends with it.
inside() { # COMMAND...
    unshare --mount --pid --fork --kill-child --propagation private bash -euc '
        root=$1
        shift
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/dev/shm"
        exec chroot "$root" "$@"' - "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LANG=C.UTF-8 bash -c '. /root/network && exec "$@"' - "$@" &
    echo $! >"$folder/running"
    wait $!
}
stop() {
    if [[ -s $folder/running ]]; then
        kill -KILL "$(<"$folder/running")" 2>/dev/null || true
        rm -f "$folder/running"
    fi
}

user=newcomer
prepare_user() {
    inside bash -ec "
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y sudo >/dev/null
        mv /root/sudo-network /etc/sudoers.d/network
        useradd --create-home --shell /bin/bash $user
        echo '$user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/$user
        cp -R /root/tlsup /home/$user/tlsup
        [[ ! -f /root/.npmrc ]] || cp /root/.npmrc /home/$user
        chown -R $user: /home/$user"
}
as_user() { # COMMAND
    inside setpriv --reuid="$user" --regid="$user" --init-groups \
        env HOME="/home/$user" USER="$user" bash -c "cd ~/tlsup && $1"
}
as_root() { # COMMAND
    inside bash -c "cd ~/tlsup && $1"
}

# A function, so that the shell has read all of it before it begins.
main() {
    local commit start lock
    mapfile -t commands < <(readme_commands)
    if ((${#commands[@]} != 2)); then
        say "README.md should name two commands, and names ${#commands[@]}"
        echo "0 passed, 1 failed"
        exit 1
    fi
    mkdir -p "$folder"
    exec {lock}>"$folder/lock"
    flock -n "$lock" || { say "another run is in build/fresh"; exit 1; }
    rm -rf --one-file-system "$root"
    trap stop EXIT
    trap 'exit 1' INT TERM
    ((EUID == 0)) || in_place "only root can make one"
    (tlsup_tools fresh) || in_place "debootstrap cannot be installed"

    commit=$(git rev-parse HEAD)
    say "making a root in build/fresh/root"
    start=$EPOCHREALTIME
    (make_root) >"$log" 2>&1 || {
        tail -n 20 "$log"
        in_place "debootstrap cannot make one"
    }
    sed -n '/^I: \(Retrieving InRelease\|Checking Release\|Valid Release\|Base system installed\)/p' "$log"
    bring_network
    quiet_root
    say "made $(. "$root/etc/os-release" && echo "$PRETTY_NAME"), $(ls "$root/var/lib/dpkg/info" | grep -c '\.list$') packages," \
        "in $(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f s", b - a }')"

    say "cloning $commit"
    git clone -q --no-hardlinks . "$root/root/tlsup"
    git -C "$root/root/tlsup" checkout -q "$commit"

    run "a user who is not root, and sudo" prepare_user
    run "${commands[0]}, as that user" as_user "${commands[0]}"
    run "${commands[0]}, as root" as_root "${commands[0]}"
    run "${commands[1]}, as root" as_root "${commands[1]}"

    rm -rf "$folder/logs"
    cp -R "$root/root/tlsup/build/logs" "$folder/logs" 2>/dev/null || true
    rm -f "$folder/running"
    if [[ ${1-} != --keep ]]; then
        rm -rf --one-file-system "$root"
    fi
    finish
}

main "$@"
