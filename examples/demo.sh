#!/usr/bin/env bash
# Builds the examples and shows, live on loopback and with real TLS, what an upgrade is and what it withstands.
# Exits 0 only if each step did what it claims.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/install.sh
tlsup_tools demo

root=$PWD
build=$root/build
[[ -f $build/build.ninja ]] || build=$root/build/demo
mkdir -p "$root/build/logs"
log=$root/build/logs/demo.out
if [[ ! -f $build/build.ninja ]]; then
    meson setup "$build" "$root" -Dtests=false >"$log" 2>&1 || { cat "$log"; exit 1; }
fi
ninja -C "$build" examples/gateway examples/fetch examples/proxy examples/trace >"$log" 2>&1 || { cat "$log"; exit 1; }
export PATH=$build/examples:$PATH PYTHONUNBUFFERED=1

here=$(mktemp -d)
processes=()
finish() {
    ((${#processes[@]} == 0)) || kill "${processes[@]}" 2>/dev/null || true
    rm -rf "$here"
}
trap finish EXIT
cd "$here"

mkdir -p site/private
echo "hello" >site/hello.txt
echo "for your eyes only" >site/private/letter.txt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out certificate.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null

steps=0
failed() {
    echo "step $steps: not as claimed: $*" >&2
    exit 1
}

title() { # TEXT...
    steps=$((steps + 1))
    printf '\n== %d. %s\n' "$steps" "$1"
    shift
    (($# == 0)) || printf '   %s\n' "$@"
}

# Starts a program in the background and sets `port` once it listens.
listen() { # COMMAND...
    local line
    printf '$ %s &\n' "${*#"$root/"}"
    exec {output}< <(exec "$@" 2>&1)
    processes+=($!)
    while IFS= read -r -t 20 line <&"$output"; do
        if [[ $line == "listening on "* ]]; then
            port=${line##*:}
            echo "$line"
            return
        fi
    done
    failed "$1 does not listen: ${line-}"
}

# Runs a program, shows what it says, and checks its exit status.
run() { # STATUS COMMAND...
    local wanted=$1 status=0 word words=
    shift
    for word in "${@#"$root/"}"; do
        [[ $word == *" "* ]] && word="'$word'"
        words+=" $word"
    done
    printf '$%s\n' "$words"
    timeout 20 "$@" >said 2>&1 || status=$?
    cat said
    echo "exit status $status"
    [[ $status == "$wanted" ]] || failed "the exit status should be $wanted"
}

says() { # TEXT...
    local text
    for text in "$@"; do
        grep -qF -- "$text" said || failed "it should say: $text"
    done
}

says_no_line() { # REGEX...
    local regex
    for regex in "$@"; do
        ! grep -qE -- "$regex" said || failed "no line should match: $regex"
    done
}

serve=(gateway --listen 127.0.0.1:0 --root site --cert certificate.pem --key key.pem --opossum bound-alpn)
get=(fetch --cacert certificate.pem -v)

title "An optional upgrade: the offer rides on a GET" \
    'Lines with one < or > went in clear, those with two inside TLS.' \
    'The server has to allow it with --methods safe. The documentation of that policy says why it is not the default:' \
    'the request that was sent in clear is answered inside TLS, and that "lets a network attacker choose a response' \
    'that the victim believes authenticated". So fetch says that it cannot know whose request was answered.'
listen "${serve[@]}" --methods safe
run 0 "${get[@]}" --offer "http://localhost:$port/hello.txt"
says "> GET /hello.txt" "< HTTP/1.1 101 Switching Protocols" "TLS up: TLSv1.3, ALPN tlsup/1, certificate verified" \
    "<< HTTP/1.1 200" "unauthenticated request" "hello"
says_no_line '^< HTTP/1.1 200'

title "A mandatory upgrade: the request is never sent in clear" \
    'Only OPTIONS * goes in clear. The GET waits for verified TLS, and for the answer to the OPTIONS inside it.'
listen "${serve[@]}" --require-tls /private --advertise
strict=$port
run 0 "${get[@]}" --require-tls "http://localhost:$strict/hello.txt"
says "> OPTIONS * HTTP/1.1" "< HTTP/1.1 101 Switching Protocols" "certificate verified" ">> GET /hello.txt" \
    "<< HTTP/1.1 200" "hello"
says_no_line '^> GET'

title "A 426, and the upgrade that follows it" \
    'The client did not ask for TLS, but the server serves /private over TLS only.'
run 0 "${get[@]}" --plain "http://localhost:$strict/private/letter.txt"
says "> GET /private/letter.txt" "< HTTP/1.1 426 Upgrade Required" "> OPTIONS * HTTP/1.1" \
    "< HTTP/1.1 101 Switching Protocols" ">> GET /private/letter.txt" "<< HTTP/1.1 200" "for your eyes only"

title "An advertisement in a plain response" \
    'The hint comes in clear, so it proves nothing. A client may only use it to ask for more, never for less.'
run 0 "${get[@]}" --plain "http://localhost:$strict/hello.txt"
says "< HTTP/1.1 200" "< Upgrade: TLS/" "the server advertises TLS/" "hello"
says_no_line '^>>' '^<<'

title "A refused downgrade: somebody on the way removes the offer" \
    'The server sees no offer and answers in clear. fetch stops there, and keeps the credential to itself.'
listen "$root/examples/support/strip_upgrade.py" --to "$strict" --log seen.txt
run 3 "${get[@]}" --require-tls -H 'Authorization: Basic c2VjcmV0OnNlY3JldA==' "http://localhost:$port/hello.txt"
says "fetch: upgrade_refused: "
says_no_line '101 Switching' 'Authorization'
grep -q '^OPTIONS \* HTTP/1.1' seen.txt || failed "the man in the middle should have seen the OPTIONS"
! grep -qE 'Authorization|hello.txt' seen.txt || failed "the man in the middle should not have seen the request"

title "A refused splice: Opossum (CVE-2025-49812)" \
    'An attacker upgrades a connection, then joins it to a victim who speaks TLS at once and trusts the certificate.' \
    'The ALPN of that ClientHello is not tlsup/1, so it was not meant for an upgraded connection.'
run 0 "$root/examples/support/splice.py" --to "$strict" --cacert certificate.pem
says "attacker < HTTP/1.1 101 Switching Protocols" "victim   * no handshake" "TLS alert 120 (no_application_protocol)"

title "A tunnel: CONNECT through a proxy, and the upgrade inside it" \
    'An upgrade concerns one hop. Through a proxy TLS needs a tunnel first, RFC 2817 section 5.' \
    'The proxy asks who we are. The login goes to the proxy that asked, and never into the tunnel.'
listen proxy --listen 127.0.0.1:0 --allow-port "$strict" --allow-address 127.0.0.0/8 --auth user:pass --half-close close --log text
office=$port
run 0 "${get[@]}" --require-tls --proxy "http://user:pass@127.0.0.1:$office" "http://localhost:$strict/hello.txt"
says "> CONNECT localhost:$strict HTTP/1.1" "< HTTP/1.1 407 Proxy Authentication Required" "> Proxy-Authorization: Basic " \
    "< HTTP/1.1 200 Connection established" "> OPTIONS * HTTP/1.1" "< HTTP/1.1 101 Switching Protocols" \
    "certificate verified" ">> GET /hello.txt" "hello"
says_no_line '^>> Proxy-Authorization' '^> GET'

title "A cascade: a tunnel to the next proxy, and in it the tunnel to the server"
listen proxy --listen 127.0.0.1:0 --allow-port "$office" --allow-address 127.0.0.0/8 --half-close close
run 0 "${get[@]}" --require-tls --proxy "http://127.0.0.1:$port" --proxy "http://user:pass@127.0.0.1:$office" \
    "http://localhost:$strict/hello.txt"
says "> CONNECT 127.0.0.1:$office HTTP/1.1" "> CONNECT localhost:$strict HTTP/1.1" "certificate verified" "hello"

title "A refused tunnel: the proxy allows no other port" \
    'Ports are denied unless a rule names them. The refusal is the proxy'"'"'s, and nothing behind it is parsed.'
run 6 "${get[@]}" --require-tls --proxy "http://user:pass@127.0.0.1:$office" "http://localhost:1/hello.txt"
says "< HTTP/1.1 403 Forbidden" "fetch: tunnel_refused: 127.0.0.1:$office answered CONNECT localhost:1 with 403"

printf '\n%d steps, all as claimed\n' "$steps"
