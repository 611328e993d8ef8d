"""nginx behind the gateway: its pages in clear and inside TLS, by the rules of a policy."""

import hashlib
import os

import expected
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, fetch, gateway, nginx
from wire import reader

policy = """# what nginx serves in clear
require   path=/private
clear     path=/plain
advertise
"""


def site(lab, rules=policy):
    """nginx with some pages, and the gateway before it."""
    server = nginx(lab)
    for name in ("page", "private/letter", "plain/page", "listing/a", "listing/b"):
        path = lab.file(f"nginx/www/{name}.txt", f"this is /{name}\n" * 40)
        os.utime(path, (1700000000, 1700000000))
    return server, gateway(lab, "--policy", lab.file("policy", rules), backend=server.port)


def curl(lab, port, target, *options):
    done = lab.run(["curl", "-q", "-sS", "-i", "--raw", "--max-time", "10", *options, f"http://127.0.0.1:{port}{target}"])
    check_equal(done.status, 0, f"exit status of curl {target}")
    return done.out


def split(data):
    """Head fields and what is behind them, as it came: chunks stay chunks."""
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return status, fields, body


def dechunked(fields, body):
    if ("transfer-encoding", "chunked") not in fields:
        return body
    http = reader(None)
    http.held = body
    content = http.chunked()
    check_equal(http.held, b"", "bytes behind the last chunk")
    return content


requests = (
    ("/page.txt",),
    ("/page.txt", "-I"),
    ("/page.txt", "-r", "3-9"),
    ("/page.txt", "-r", "-5"),
    ("/page.txt", "-r", "90000-"),
    ("/page.txt", "-H", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"),
    ("/page.txt", "-H", "If-None-Match: *"),
    ("/page.txt", "-H", "Accept-Encoding: gzip"),
    ("/page.txt", "-X", "POST", "--data-binary", "content that nginx does not want"),
    ("/listing/",),
    ("/listing/", "-I"),
    ("/listing",),
    ("/missing.txt",),
    ("/page.txt?and=a&query",),
    ("/",),
)


@case("nginx: curl in clear sees what it sees without the gateway, advertised or not")
def unchanged(lab):
    server, front = site(lab)
    bare = gateway(lab, "--policy", lab.file("silent", "clear\n"), backend=server.port)
    seen = set()
    for target, *options in requests:
        status, fields, body = split(curl(lab, server.port, target, *options))
        wanted = (status, sorted(f for f in fields if f[0] not in ("date", "connection")), dechunked(fields, body))
        seen |= {status.split(" ")[1]} | {value for name, value in fields if name == "transfer-encoding"}
        for port, advertised in ((front.port, True), (bare.port, False)):
            status, fields, body = split(curl(lab, port, target, *options))
            what = f"{target} {options} with{'' if advertised else 'out'} an advertisement"
            check_equal([v for f in fields if f[0] == "via" for v in expected.members_of_via(f[1])], ["ours"],
                        f"Via of {what}")
            check_equal([v for n, v in fields if n in ("connection", "upgrade")],
                        ["TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1", "Upgrade"] if advertised else [],
                        f"Upgrade and Connection of {what}")
            mine = ("date", "connection", "via", "upgrade")
            check_equal((status, sorted(f for f in fields if f[0] not in mine), dechunked(fields, body)), wanted,
                        f"answer to {what}")
    check_equal(seen, {"200", "206", "301", "304", "403", "404", "405", "416", "chunked"}, "kinds of answers")


@case("nginx: require is a 426, and fetch follows it into TLS")
def required(lab):
    _, front = site(lab)
    way = hop(lab, front.port)
    done = fetch(lab, "--plain", f"http://localhost:{way.port}/private/letter.txt")
    check_exit(done, expected.answered)
    check_equal(done.out, b"this is /private/letter\n" * 40, "body")
    check(b"HTTP/1.1 426 " in way.clear() and b"HTTP/1.1 101 " in way.clear(), "no 426 and 101")
    check(b"this is" not in way.down(), "the page went in clear")


@case("nginx: advertise, clear, and fetch --require-tls")
def by_rule(lab):
    _, front = site(lab)
    way = hop(lab, front.port)
    for target, advertised in (("/page.txt", True), ("/plain/page.txt", False)):
        status, fields, body = split(curl(lab, front.port, target))
        check_equal((status, body), ("HTTP/1.1 200 OK", f"this is {target[:-4]}\n".encode() * 40), "answer")
        check_equal("upgrade" in dict(fields), advertised, f"{target} is advertised")
        done = fetch(lab, "--require-tls", f"http://localhost:{way.port}{target}")
        check_exit(done, expected.answered)
        check_equal(done.out, body, "body inside TLS")
    check_equal(len(way.upgraded()), 2, "upgraded connections")
    check(b"this is" not in way.up() + way.down(), "a page went in clear")


@case("nginx: what is answered inside TLS has no advertisement")
def secure(lab):
    _, front = site(lab)
    done = fetch(lab, "--require-tls", "-v", f"http://localhost:{front.port}/page.txt")
    check_exit(done, expected.answered)
    check(b"<< HTTP/1.1 200 OK" in done.err and b"<< Via: 1.1 tlsup-" in done.err, "the transcript lacks the answer")
    check(b"<< Upgrade" not in done.err, "an advertisement inside TLS")


@case("nginx: all kinds of answers on one connection")
def kept(lab):
    _, front = site(lab)
    stream = lab.connect(front.port)
    http = reader(stream)

    def ask(method, target, *fields):
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
        stream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        return http.response(method)

    for _ in range(3):
        check_equal(ask("GET", "/page.txt").body, b"this is /page\n" * 40, "page")
        check_equal(ask("HEAD", "/page.txt").get("content-length"), str(len("this is /page\n") * 40), "length")
        tag = ask("HEAD", "/page.txt").get("etag")
        check_equal(ask("GET", "/page.txt", f"If-None-Match: {tag}").status(), 304, "status")
        check_equal(ask("GET", "/private/letter.txt").status(), 426, "status of what is required")
        listing = ask("GET", "/listing/")
        check_equal(listing.get("transfer-encoding"), "chunked", "coding of the listing")
        check(b"a.txt" in listing.body and b"b.txt" in listing.body, "the listing lacks a file")
        part = ask("GET", "/page.txt", "Range: bytes=8-12")
        check_equal((part.status(), part.body), (206, b"/page"), "range")
        check_equal(ask("GET", "/missing.txt").status(), 404, "status")
    check_equal(http.held, b"", "bytes behind the last answer")


@case("nginx: a large file in clear and inside TLS")
def large(lab):
    _, front = site(lab)
    content = os.urandom(1 << 20) * 24
    lab.file("nginx/www/large.bin", content)
    wanted = hashlib.sha256(content).hexdigest()
    target = os.path.join(lab.folder, "large")

    def check_file(what):
        with open(target, "rb") as got:
            check_equal(hashlib.sha256(got.read()).hexdigest(), wanted, f"hash of the file {what}")
        os.remove(target)

    done = lab.run(["curl", "-q", "-sS", "--max-time", "30", "-o", target, f"http://127.0.0.1:{front.port}/large.bin"],
                   seconds=40)
    check_equal(done.status, 0, "exit status of curl")
    check_file("in clear")
    check_exit(fetch(lab, "--require-tls", "-o", target, f"http://localhost:{front.port}/large.bin", timeout=30),
               expected.answered)
    check_file("inside TLS")
