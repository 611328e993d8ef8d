"""gateway and fetch among themselves, and plain HTTP through the gateway."""

import json
import os
import ssl

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, fetch, gateway
from wire import is_upgrade_to_tls, reader


def site(lab):
    """A folder to serve."""
    lab.file("site/hello.txt", "hello\n")
    lab.file("site/private/letter.txt", "for your eyes only\n")
    lab.file("outside.txt", "not part of the site\n")
    return os.path.join(lab.folder, "site")


def site_lab(lab, *options, **more):
    server = gateway(lab, *options, root=site(lab), **more)
    return server, hop(lab, server.port, name="between fetch and the gateway")


@case("basics: fetch --require-tls, each profile")
def required(lab):
    for profile in ("bound-alpn", "dedicated-name=ipp.test,localhost", "accept-risk"):
        _, way = site_lab(lab, opossum=profile)
        done = fetch(lab, "--require-tls", f"http://localhost:{way.port}/hello.txt")
        check_exit(done, expected.answered)
        check_equal(done.out, b"hello\n", "body")
        check_equal(len(way.upgraded()), 1, "upgraded connections")
        check(b"hello" not in way.up() + way.down(), "the request or its answer went in clear")
        check(is_upgrade_to_tls(reader_of(way.flows[0].clear_down()).head()), "the 101 is not strict")


def reader_of(data):
    """A reader over bytes that are already here."""
    made = reader(None)
    made.held = data
    return made


@case("basics: fetch --offer, and the gateway takes safe methods")
def offered(lab):
    _, way = site_lab(lab, "--methods", "safe")
    done = fetch(lab, "--offer", f"http://localhost:{way.port}/hello.txt")
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello\n", "body")
    check_equal(len(way.upgraded()), 1, "upgraded connections")
    check(way.flows[0].clear_up().startswith(b"GET /hello.txt "), "the offer should ride on the request")
    check(b"\nhello" not in way.down(), "the answer went in clear")


@case("basics: fetch --offer, and the gateway declines a GET by default")
def declined(lab):
    _, way = site_lab(lab)
    done = fetch(lab, "--offer", f"http://localhost:{way.port}/hello.txt")
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello\n", "body")
    check_equal(way.upgraded(), [], "upgraded connections")


@case("basics: fetch --plain")
def plain(lab):
    _, way = site_lab(lab)
    done = fetch(lab, "--plain", f"http://localhost:{way.port}/hello.txt")
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello\n", "body")
    check(b"upgrade" not in way.up().lower(), "fetch --plain made an offer")


@case("basics: fetch --plain follows the gateway's 426 into TLS")
def follows_426(lab):
    _, way = site_lab(lab, "--require-tls", "/private")
    done = fetch(lab, "--plain", f"http://localhost:{way.port}/private/letter.txt")
    check_exit(done, expected.answered)
    check_equal(done.out, b"for your eyes only\n", "body")
    check(b"HTTP/1.1 426 " in way.clear(), "no 426 was sent")
    check(b"HTTP/1.1 101 " in way.clear(), "no 101 was sent")
    check(b"eyes only" not in way.down(), "the answer went in clear")


@case("basics: the gateway's 426 keeps what RFC 9110 asks of it")
def raw_426(lab):
    server, _ = site_lab(lab, "--require-tls", "/private")
    stream = lab.connect(server.port)
    stream.sendall(b"GET /private/letter.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = reader(stream).response()
    check_equal(answer.status(), 426, "status")
    check("upgrade" in answer.members("connection"), "the 426 lacks Connection: Upgrade")
    check(any(t.startswith("tls/") for t in answer.members("upgrade")), "the 426 names no TLS token")
    check(b"eyes only" not in answer.raw + answer.body, "the 426 carries the secret")


@case("basics: --advertise adds Upgrade to a plain response")
def advertised(lab):
    for options, wanted in ((["--advertise"], True), ([], False)):
        server, _ = site_lab(lab, *options)
        stream = lab.connect(server.port)
        stream.sendall(b"GET /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = reader(stream).response()
        check_equal((answer.status(), answer.body), (200, b"hello\n"), "answer")
        check_equal(any(t.startswith("tls/") for t in answer.members("upgrade")), wanted, "Upgrade names TLS")
        check_equal("upgrade" in answer.members("connection"), wanted, "Connection names Upgrade")


@case("basics: --root serves its folder and nothing outside")
def folder(lab):
    server, _ = site_lab(lab)
    for target in (b"/missing.txt", b"/../outside.txt", b"/%2e%2e/outside.txt", b"/private/../../outside.txt"):
        stream = lab.connect(server.port)
        stream.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % target)
        answer = reader(stream).response()
        check(400 <= answer.status() < 500, f"{target!r} was answered with {answer.status()}")
        check(b"not part of" not in answer.body, f"{target!r} left the folder")


@case("basics: fetch -v shows the switch")
def verbose(lab):
    _, way = site_lab(lab)
    done = fetch(lab, "--require-tls", "-v", f"http://localhost:{way.port}/hello.txt")
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello\n", "body")
    for wanted in (b"OPTIONS *", b"101 Switching Protocols", b"GET /hello.txt"):
        check(wanted in done.err, f"the transcript lacks {wanted!r}")


@case("basics: --log json writes one object for each line")
def logged(lab):
    server, way = site_lab(lab, "--log", "json")
    check_exit(fetch(lab, "--require-tls", f"http://localhost:{way.port}/hello.txt"), expected.answered)
    line = server.process.wait_for(r"^\{.*\}$")[0]
    check(isinstance(json.loads(line), dict), f"not an object: {line}")


# Inside TLS

def upgrade(lab, port, server_name):
    """Upgrades by hand, with the ALPN of the library, as a client of localhost."""
    stream = lab.connect(port)
    stream.sendall(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n")
    http = reader(stream)
    check_equal(http.response().status(), 101, "answer to the offer")
    check_equal(http.held, b"", "bytes behind the 101")
    context = ssl.create_default_context(cafile=lab.certificate.file)
    context.check_hostname = False
    context.set_alpn_protocols(["tlsup/1"])
    return context.wrap_socket(stream, server_hostname=server_name)


@case("inside TLS: the gateway answers the OPTIONS itself")
def inner_answer(lab):
    backend = http_backend(lab)
    with upgrade(lab, gateway(lab, backend=backend.port).port, "localhost") as secure:
        check_equal(secure.selected_alpn_protocol(), "tlsup/1", "ALPN")
        answer = reader(secure).response()
        check_equal((answer.status(), answer.body), (200, b""), "answer")
        check_equal((answer.get("content-length"), answer.get("cache-control")), ("0", "no-store"), "its fields")
    check_equal(backend.targets(), [], "requests at the backend")


@case("inside TLS: a request for another host gets 421")
def other_host(lab):
    backend = http_backend(lab)
    with upgrade(lab, gateway(lab, backend=backend.port).port, "localhost") as secure:
        http = reader(secure)
        check_equal(http.response().status(), 200, "answer to the OPTIONS")
        secure.sendall(b"GET /page HTTP/1.1\r\nHost: other.test\r\n\r\n")
        check_equal(http.response().status(), 421, "status")
    check_equal(backend.targets(), [], "requests at the backend")


@case("inside TLS: a server name other than the host is refused")
def other_name(lab):
    server, _ = site_lab(lab)
    try:
        upgrade(lab, server.port, "other.test")
    except OSError as error:
        lab.note(f"the client saw: {error}")
    else:
        check(False, "the handshake succeeded")


# Certificates

@case("certificates: fetch --pin and a gateway with a certificate of its own")
def pinned(lab):
    server, way = site_lab(lab, own_certificate=True)
    url = f"http://localhost:{way.port}/hello.txt"
    done = fetch(lab, "--require-tls", "--pin", server.sha256, url, trust=False)
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello\n", "body")
    wrong = fetch(lab, "--require-tls", "--pin", "00" * 32, url, trust=False)
    check_exit(wrong, expected.tls)
    check_equal(wrong.out, b"", "body with the wrong pin")


@case("certificates: fetch does not trust a stranger")
def stranger(lab):
    _, way = site_lab(lab, own_certificate=True)
    done = fetch(lab, "--require-tls", f"http://localhost:{way.port}/hello.txt")
    check_exit(done, expected.tls)
    check_equal(done.out, b"", "body")
    check(b"hello.txt" not in way.up(), "the request went in clear")


@case("alpn: bound-alpn refuses fetch --no-alpn, accept-risk takes it")
def no_alpn(lab):
    for profile, status in (("bound-alpn", expected.tls), ("accept-risk", expected.answered)):
        _, way = site_lab(lab, opossum=profile)
        done = fetch(lab, "--require-tls", "--no-alpn", f"http://localhost:{way.port}/hello.txt")
        check_exit(done, status)


@case("network: fetch says so when nobody listens")
def nobody(lab):
    holder = lab.listen()
    port = holder.getsockname()[1]
    holder.close()
    check_exit(fetch(lab, "--require-tls", f"http://127.0.0.1:{port}/"), expected.network)


# With a backend

@case("backend: a request with a body goes inside TLS")
def posted(lab):
    backend = http_backend(lab)
    way = hop(lab, gateway(lab, backend=backend.port).port)
    content = b"".join(b"line %d of a private letter\n" % n for n in range(3000))
    target = os.path.join(lab.folder, "answer")
    done = fetch(lab, "--require-tls", "-X", "POST", "--data", "@" + lab.file("letter", content), "-o", target,
                 f"http://localhost:{way.port}/echo")
    check_exit(done, expected.answered)
    with open(target, "rb") as answer:
        check(answer.read() == content, "the echo differs from the body")
    check(b"private letter" not in way.up() + way.down(), "the body went in clear")


@case("backend: two pipelined requests are answered in order")
def pipelined(lab):
    backend = http_backend(lab)
    stream = lab.connect(gateway(lab, backend=backend.port).port)
    http = reader(stream)
    stream.sendall(b"GET /first HTTP/1.1\r\nHost: localhost\r\n\r\nGET /second HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check_equal([http.response().body, http.response().body], [b"this is /first\n", b"this is /second\n"], "answers")
    stream.sendall(b"GET /third HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check_equal(http.response().body, b"this is /third\n", "answer on the kept connection")


@case("backend: a chunked request arrives whole")
def chunked(lab):
    backend = http_backend(lab)
    stream = lab.connect(gateway(lab, backend=backend.port).port)
    http = reader(stream)
    stream.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check_equal(http.response().body, b"hello, world", "echo")
    check_equal(http.response().body, b"this is /next\n", "answer to the request behind it")


@case("backend: responses without a body keep the connection in step")
def without_body(lab):
    backend = http_backend(lab)
    stream = lab.connect(gateway(lab, backend=backend.port).port)
    http = reader(stream)
    stream.sendall(b"HEAD /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = http.response("HEAD")
    check_equal((head.status(), head.get("content-length")), (200, str(len("this is /page\n"))), "answer to HEAD")
    stream.sendall(b'GET /tagged HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: "first"\r\n\r\n')
    check_equal(http.response().status(), 304, "status of the conditional request")
    stream.sendall(b"GET /after HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check_equal(http.response().body, b"this is /after\n", "answer after them")


@case("backend: a response that ends with the connection arrives whole")
def until_close(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    wanted = b"this is /until-close\n" * 1000
    stream = lab.connect(server.port)
    stream.sendall(b"GET /until-close HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check(reader(stream).response().body == wanted, "the body in clear differs")
    done = fetch(lab, "--require-tls", f"http://localhost:{server.port}/until-close")
    check_exit(done, expected.answered)
    check(done.out == wanted, "the body inside TLS differs")


@case("backend: curl in clear sees what it sees without the gateway")
def curl_unchanged(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    for options in (["/page"], ["/tagged"], ["-I", "/page"], ["--data-binary", "some content", "/echo"],
                    ["-H", "Expect: 100-continue", "--data-binary", "some content", "/echo"]):
        seen = []
        for port in (backend.port, server.port):
            url = f"http://127.0.0.1:{port}{options[-1]}"
            done = lab.run(["curl", "-q", "-sS", "-i", "--max-time", "10", *options[:-1], url])
            check_equal(done.status, 0, "exit status of curl")
            seen.append(comparable(done.out, "HEAD" if "-I" in options else "GET"))
        check_equal(seen[1], seen[0], f"answer through the gateway to {options}")


def comparable(data, method):
    """Status, body, and the fields that do not belong to one hop."""
    answer = reader_of(data).response(method)
    hop_fields = ("connection", "keep-alive", "via", "date", "upgrade")
    return answer.status(), sorted(f for f in answer.fields if f[0] not in hop_fields), answer.body
