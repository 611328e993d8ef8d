"""What crosses the gateway between a client and a backend that means harm, or knows no better."""

import datetime
import email.utils
import json
import os
import socket
import threading

import expected
from backends import scripted_backend
from cases_basics import upgrade
from hop import hop
from lab import case, check, check_equal, until
from loads import ask as ask_tunnel
from loads import reset, upstream
from peers import check_exit, fetch, gateway
from proxies import check_log_refused, connect_proxy
from wire import reader


def behind(lab, answers, *options):
    """A backend that says these bytes, by target, and the gateway before it."""
    backend = scripted_backend(lab, answers)
    return backend, gateway(lab, *options, backend=backend.port)


def ask(stream, target, *fields, method="GET", version="1.1", content=b""):
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *fields]
    stream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def answer_to(lab, server, target, *fields, **how):
    stream = lab.connect(server.port)
    ask(stream, target, *fields, **how)
    return reader(stream).response(how.get("method", "GET"))


def check_date(answer, wanted=None):
    """Exactly one Date, in the form that senders have to use; `wanted`, or what the clock says."""
    dates = [value for name, value in answer.fields if name == "date"]
    check_equal(len(dates), 1, f"Date fields of {answer.first}")
    if wanted is not None:
        check_equal(dates[0], wanted, "Date")
        return
    seen = email.utils.parsedate_to_datetime(dates[0])
    check_equal(email.utils.format_datetime(seen, usegmt=True), dates[0], "form of Date")
    check(abs((datetime.datetime.now(datetime.timezone.utc) - seen).total_seconds()) < 3600, f"Date is {dates[0]}")


def check_via(message, *wanted):
    check_equal(expected.members_of_via(message.get("via")), list(wanted), f"Via of {message.first}")


head = b"HTTP/1.1 200 OK\r\n"
poison = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npoison\n"


@case("forward: what cannot be passed on is a 502, and the connection goes on")
def unfit(lab):
    unfit = {
        "/101": ("unasked_101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n"
                                b"Connection: Upgrade\r\n\r\n" + poison),
        "/101-h2c": ("unasked_101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
                     + poison),
        "/103-then-101": ("unasked_101", b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n"
                                         b"Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n" + poison),
        "/folded": ("folded_line", head + b"X-One: a\r\n b\r\nContent-Length: 7\r\n\r\npoison\n"),
        "/folded-103": ("folded_line", b"HTTP/1.1 103 Early Hints\r\nX-One: a\r\n b\r\n\r\n" + poison),
        "/both": ("length_and_transfer_encoding", head + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                         b"7\r\npoison\n\r\n0\r\n\r\n"),
        "/two-lengths": ("repeated_content_length", head + b"Content-Length: 7\r\nContent-Length: 8\r\n\r\npoison\n"),
        "/bad-length": ("bad_content_length", head + b"Content-Length: +7\r\n\r\npoison\n"),
        "/gzip-coding": ("unknown_transfer_coding", head + b"Transfer-Encoding: gzip\r\n\r\npoison\n"),
        "/chunked-1.0": ("transfer_encoding_in_http_1_0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                          b"7\r\npoison\n\r\n0\r\n\r\n"),
        "/status": ("bad_status_line", b"HTTP/1.1 600 Poison\r\nContent-Length: 0\r\n\r\n"),
        "/no-http": ("bad_version", b"poison\r\n\r\n"),
        "/bare-lf": ("bare_lf", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        "/space": ("space_before_colon", head + b"X-One : poison\r\nContent-Length: 0\r\n\r\n"),
        "/half": ("truncated", head + b"Content-Length: 7\r\n"),
        "/nothing": ("peer_closed", b""),
        "/many-interims": ("too_many_interim", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40 + poison),
    }
    good = head + b"Content-Length: 5\r\n\r\ngood\n"
    answers = {target: text for target, (_, text) in unfit.items()}
    backend, server = behind(lab, answers | {"/good": good}, "--log", "json")
    stream = lab.connect(server.port)
    http = reader(stream)
    for target in unfit:
        ask(stream, target)
        answer = http.response()
        check_equal(answer.status(), 502, f"status of {target}")
        check(b"poison" not in answer.raw + answer.body and answer.get("upgrade") is None, f"{target} came through")
        ask(stream, "/good")
        check_equal(http.response().body, b"good\n", f"answer behind {target}")
    check_equal(http.held, b"", "bytes behind the last answer")
    lines = [json.loads(line) for line in server.process.wait_for_lines('"event":"answer"', 2 * len(unfit))]
    check_equal([line["error"] for line in lines],
                [error for why, _ in unfit.values() for error in (why, "ok")], "errors in the log")


@case("forward: an unasked 101 is a 502 inside TLS as well")
def unasked_inside(lab):
    _, server = behind(lab, {"/101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n"
                                     b"Connection: Upgrade\r\n\r\n\x16\x03\x01\x00\x05hello"})
    done = fetch(lab, "--require-tls", "-v", f"http://localhost:{server.port}/101")
    check_exit(done, expected.answered)
    check(b"<< HTTP/1.1 502 " in done.err and b"hello" not in done.out, "no 502")


@case("forward: the backend's 426 loses the Upgrade that concerned the other hop")
def foreign_426(lab):
    foreign = (b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c, websocket\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\n"
               b"X-End: 2\r\nContent-Length: 4\r\n\r\nh2c\n")
    for options in ((), ("--advertise",)):
        _, server = behind(lab, {"/": foreign}, *options)
        answer = answer_to(lab, server, "/")
        check_equal((answer.status(), answer.body), (426, b"h2c\n"), "answer")
        check_equal([answer.get(n) for n in ("upgrade", "connection", "x-hop", "x-end")], [None, None, None, "2"],
                    "its fields")


@case("forward: fields of the hop stay behind, in both directions")
def hop_fields(lab):
    answer = (head + b"Connection: x-named, close\r\nConnection: content-length, upgrade\r\nX-Named: 1\r\nKeep-Alive: 5\r\n"
              b"Proxy-Connection: close\r\nUpgrade: h2c\r\nTrailer: X-T\r\nTE: trailers\r\nX-Kept: 2\r\nX-Kept: 3\r\n"
              b"Via: 1.0 inner\r\nContent-Length: 5\r\n\r\nhello")
    backend, server = behind(lab, {"/?a=%62": answer})
    seen = answer_to(lab, server, "http://example.test/?a=%62", "Connection: x-mine, x-other, host", "X-Mine: 1", "X-Other: 2",
                     "Upgrade: h2c", "TE: trailers", "Keep-Alive: 3", "Proxy-Connection: close",
                     "Proxy-Authorization: Basic x", "Via: 1.1 outer", "X-Kept: 4", "Max-Forwards: 7", method="GET")
    check_date(seen)
    check_via(seen, "1.0 inner", "ours")
    check_equal(sorted(f for f in seen.fields if f[0] not in ("date", "via")),
                [("content-length", "5"), ("x-kept", "2"), ("x-kept", "3")], "fields of the response")
    check_equal(seen.body, b"hello", "content")
    request = backend.requests[0]
    check_equal(request.first, "GET /?a=%62 HTTP/1.1", "request line at the backend")
    check_via(request, "1.1 outer", "ours")
    check_equal(sorted(f for f in request.fields if f[0] != "via"),
                [("connection", "close"), ("host", "example.test"), ("max-forwards", "7"), ("x-kept", "4")],
                "fields at the backend")


@case("forward: Max-Forwards counts down, and 0 is answered here")
def max_forwards(lab):
    backend, server = behind(lab, {"*": head + b"Content-Length: 0\r\nX-Backend: 1\r\n\r\n"})
    here = answer_to(lab, server, "*", "Max-Forwards: 0", method="OPTIONS")
    check_equal((here.status(), here.get("x-backend"), here.get("content-length")), (200, None, "0"), "answer to 0")
    check("upgrade" in here.members("connection"), "an OPTIONS that is answered here says what is on offer")
    there = answer_to(lab, server, "*", "Max-Forwards: 3", method="OPTIONS")
    check_equal((there.status(), there.get("x-backend")), (200, "1"), "answer to 3")
    check_equal([r.get("max-forwards") for r in backend.requests], ["2"], "Max-Forwards at the backend")


chunks = (head + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: x-named\r\n\r\n"
          b"5;a=b\r\nhello\r\n1\r\n\n\r\n0;c\r\nX-Sum: 12\r\nX-Named: 1\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n"
          b"Content-Length: 99\r\nHost: evil\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\nCache-Control: public\r\n"
          b"Location: http://evil/\r\nX-Last: two words\r\n\r\n")


@case("forward: chunks, and the trailer without the fields of the hop")
def trailers(lab):
    empty = head + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 0\r\n\r\n"
    _, server = behind(lab, {"/": chunks, "/empty": empty})
    stream = lab.connect(server.port)
    http = reader(stream)
    ask(stream, "/")
    answer = http.response()
    check_equal((answer.get("transfer-encoding"), answer.get("trailer"), answer.body), ("chunked", None, b"hello\n"),
                "answer")
    check_equal(http.trailer, [b"X-Sum: 12", b"X-Last: two words"], "trailer")
    ask(stream, "/empty")
    check_equal((http.response().body, http.trailer), (b"", [b"X-Sum: 0"]), "answer without content")
    ask(stream, "/", method="HEAD")
    check_equal(http.response("HEAD").get("x-sum"), None, "a trailer in the head")
    check_equal(http.held, b"", "bytes behind the last answer")


@case("forward: HTTP/1.0 clients get no chunks, no trailer and no interim response")
def old(lab):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    _, server = behind(lab, {"/": hints + chunks, "/sized": hints + head + b"Content-Length: 5\r\n\r\nhello"})
    for fields in ((), ("Connection: keep-alive",)):
        stream = lab.connect(server.port)
        ask(stream, "/", *fields, version="1.0")
        read = reader(stream).to_the_end()
        check_equal((read.count(b"HTTP/1."), read.partition(b"\r\n\r\n")[2]), (1, b"hello\n"), "answer")
        check(b"Connection: close\r\n" in read and b"chunked" not in read, "the end is not announced")
    stream = lab.connect(server.port)
    http = reader(stream)
    for _ in range(2):
        ask(stream, "/sized", "Connection: keep-alive", version="1.0")
        check_equal((http.head().status(), http.exactly(5)), (200, b"hello"), "answer on a kept connection")


@case("forward: 103 then 200, in clear and inside TLS, and the advertisement goes into the last")
def early_hints(lab):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"
    final = head + b"Content-Length: 5\r\n\r\nhello"
    _, server = behind(lab, {"/": hints + b"HTTP/1.1 102 Processing\r\n\r\n" + final}, "--advertise")
    stream = lab.connect(server.port)
    for secure in (False, True):
        http = reader(stream)
        ask(stream, "/")
        first, second, last = http.head(), http.head(), http.head()
        check_equal([first.first, second.first, last.first],
                    ["HTTP/1.1 103 Early Hints", "HTTP/1.1 102 Processing", "HTTP/1.1 200 OK"], "heads")
        check_equal([f for f in first.fields + second.fields if f[0] != "via"], [("link", "</a.css>")],
                    "fields of the interim responses")
        check_via(first, "ours")
        check_via(second, "ours")
        check_equal((http.exactly(5), last.get("upgrade") is None), (b"hello", secure), "the last response")
        check_equal(http.held, b"", "bytes behind it")
        if not secure:
            stream = upgrade(lab, server.port, "localhost")
            check_equal(reader(stream).response().status(), 200, "answer to the OPTIONS")


@case("forward: content without an end of its own becomes chunks, and an early end is seen")
def until_close(lab):
    endless = b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n" + b"hello " * 20000
    _, server = behind(lab, {"/": endless, "/short": head + b"Content-Length: 50\r\n\r\nhello",
                             "/chunk": head + b"Transfer-Encoding: chunked\r\n\r\n50\r\nhello"})
    stream = lab.connect(server.port)
    http = reader(stream)
    for _ in range(2):
        ask(stream, "/")
        answer = http.response()
        check_via(answer, "ours")
        check_equal((answer.get("transfer-encoding"), answer.get("server"), answer.get("via")[:10], answer.body),
                    ("chunked", "old", "1.0 tlsup-", b"hello " * 20000), "answer")
    for target in ("/short", "/chunk"):
        stream = lab.connect(server.port)
        ask(stream, target)
        read = reader(stream).to_the_end_or_reset()
        check(read.startswith(head) and not read.endswith(b"0\r\n\r\n"), f"{target} looks complete: {read!r}")


@case("forward: a request's content arrives once, with the length that it has")
def content(lab):
    backend, server = behind(lab, {"/": head + b"Content-Length: 0\r\n\r\n"})
    stream = lab.connect(server.port)
    http = reader(stream)
    ask(stream, "/", "Transfer-Encoding: chunked", "Expect: 100-continue", "Trailer: x-sum", method="PUT",
        content=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")
    check_equal([http.head().status(), http.head().status()], [100, 200], "statuses")
    ask(stream, "/", "Content-Length: 0", method="POST")
    check_equal(http.head().status(), 200, "status")
    ask(stream, "/", method="POST")
    check_equal(http.head().status(), 200, "status")
    check_equal([(r.get("content-length"), r.get("transfer-encoding"), r.get("expect"), r.body)
                 for r in backend.requests],
                [("5", None, None, b"hello"), ("0", None, None, b""), (None, None, None, b"")], "requests")


@case("forward: what the gateway serves itself has a Date, and what a backend sent without one gets it")
def date(lab):
    old = "Sun, 06 Nov 1994 08:49:37 GMT"
    _, server = behind(lab, {"/without": b"HTTP/1.1 103 Early Hints\r\n\r\n" + head + b"Content-Length: 0\r\n\r\n",
                             "/with": head + f"Date: {old}\r\nContent-Length: 0\r\n\r\n".encode(),
                             "/broken": b"HTTP/1.1 200\r\n\r\n"})
    check_date(answer_to(lab, server, "/without"))
    check_date(answer_to(lab, server, "/with"), old)
    for target, status in (("/broken", 502), ("/without", 200)):
        answer = answer_to(lab, server, target)
        check_equal(answer.status(), status, f"status of {target}")
        check_date(answer)
    stream = lab.connect(server.port)
    ask(stream, "/without")
    interim = reader(stream).head()
    check_equal((interim.status(), interim.get("date")), (103, None), "an interim response")
    lab.file("www/page.txt", "a page\n")
    files = gateway(lab, root=os.path.join(lab.folder, "www"))
    for target, method, status in (("/page.txt", "GET", 200), ("/page.txt", "HEAD", 200), ("/none", "GET", 404),
                                   ("/page.txt", "PUT", 405), ("*", "OPTIONS", 200)):
        answer = answer_to(lab, files, target, method=method)
        check_equal(answer.status(), status, f"status of {method} {target}")
        check_date(answer)
    secure = upgrade(lab, files.port, "localhost")
    check_equal(reader(secure).response().status(), 200, "answer to the OPTIONS")
    ask(secure, "/page.txt")
    check_date(reader(secure).response())


class cutting_backend:
    """An origin server that sends what it has for the target, waits until the client has seen it, and resets."""

    def __init__(self, lab, answers):
        self.answers = answers
        self.seen = threading.Event()
        self.port = lab.serve(self.take)

    def take(self, stream):
        http = reader(stream)
        stream.sendall(self.answers[http.head().target()])
        until(self.seen, "the client")
        self.seen.clear()
        reset(http)


def check_cut(http, goes_on, what):
    """The response begins, then `goes_on()`: what follows is a reset, and nothing before it. The socket below TLS is read,
    since a close_notify would be a record, and Python calls a reset there an end."""
    http.held = http.until(b"half")
    goes_on()
    got = b""
    try:
        while data := socket.socket.recv(http.stream, 65536):
            got += data
        check(False, f"{what} ended as if it were complete, with {len(got)} bytes after its part")
    except ConnectionResetError:
        check_equal(got, b"", f"{what}: bytes before the reset")


unfinished = {"/close": head + b"\r\nhalf", "/length": head + b"Content-Length: 50\r\n\r\nhalf",
              "/chunks": head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}


def secured(lab, server):
    stream = upgrade(lab, server.port, "localhost")
    check_equal(reader(stream).response().status(), 200, "answer to the OPTIONS")
    return stream


@case("forward: a response that the backend cuts by a reset looks cut, in clear and inside TLS")
def cut(lab):
    backend = cutting_backend(lab, unfinished)
    server = gateway(lab, backend=backend.port)
    for target in unfinished:
        for version in ("1.0", "1.1"):
            for secure in (False, True):
                stream = secured(lab, server) if secure else lab.connect(server.port)
                ask(stream, target, version=version)
                check_cut(reader(stream), backend.seen.set, f"{target} for HTTP/{version}, {secure=}")


@case("forward: a response that the backend cuts while the request's content is on its way looks cut")
def cut_while_writing(lab):
    backend = cutting_backend(lab, unfinished)
    server = gateway(lab, backend=backend.port)
    much = bytes(12 * 1024 * 1024)  # more than the kernel takes for a backend that reads nothing
    for target in unfinished:
        stream = lab.connect(server.port)
        ask(stream, target, f"Content-Length: {len(much)}", method="POST", version="1.0", content=much)
        check_cut(reader(stream), backend.seen.set, target)


@case("forward: a response that the end of the gateway cuts looks cut, in clear and inside TLS")
def cut_by_the_end(lab):
    server = gateway(lab, backend=cutting_backend(lab, unfinished).port)
    streams = [lab.connect(server.port), secured(lab, server)]
    readers = [reader(stream) for stream in streams]
    for stream, http in zip(streams, readers):
        ask(stream, "/close", version="1.0")
        http.held = http.until(b"half")
    check_equal(server.process.terminate(), 0, "exit status of the gateway")
    lab.gateways.remove(server)
    for http in readers:
        check_cut(http, lambda: None, "a response at the gateway's end")


# Loops

few = ("--connections", "30")  # so that a loop that is not found comes to an end


@case("forward: a gateway whose backend is itself says 508, in clear and inside TLS")
def own_backend(lab):
    back = hop(lab, None)
    server = gateway(lab, *few, "--log", "json", backend=back.port)
    back.upstream = server.port
    for count, stream in enumerate((lab.connect(server.port), secured(lab, server)), 1):
        http = reader(stream)
        for target in ("/", "/again"):
            ask(stream, target, "Via: 1.0 elsewhere (a comment, that has no end")
            check_equal(http.response().status(), 508, f"status of {target}")
        check_equal(len(back.flows), 2 * count, "connections to the backend")
    ask(stream, "*", "Max-Forwards: 3", method="OPTIONS")
    check_equal(http.response().status(), 508, "status of OPTIONS")
    seen = server.process.wait_for_lines("forwarding_loop", 5)
    check_equal(len(seen), 5, "loops in the log")


@case("forward: two gateways that are each other's backend say 508, and a chain of two says nothing of the kind")
def each_others_backend(lab):
    back = hop(lab, None)
    second = gateway(lab, *few, backend=back.port)
    between = hop(lab, second.port)
    first = gateway(lab, *few, backend=between.port)
    back.upstream = first.port
    check_equal(answer_to(lab, first, "/").status(), 508, "status")
    check_equal((len(between.flows), len(back.flows)), (1, 1), "connections")
    backend, end = behind(lab, {"/": head + b"Content-Length: 5\r\n\r\nhello"})
    chain = gateway(lab, backend=end.port)
    answer = answer_to(lab, chain, "/")
    check_equal((answer.status(), answer.body), (200, b"hello"), "answer through two")
    check_via(answer, "ours", "ours")
    check_via(backend.requests[0], "ours", "ours")


@case("forward: a proxy whose next proxy is itself says 508")
def own_proxy(lab):
    back = hop(lab, None)
    proxy = connect_proxy(lab, *few, "--via", f"127.0.0.1:{back.port}")
    back.upstream = proxy.port
    client = ask_tunnel(lab, proxy, "server.example:443")
    check_equal(client.response().status(), 508, "status")
    check_equal(len(back.flows), 1, "connections to the next proxy")
    lines = {line["error"]: line for line in proxy.wait_for_log(2)}
    status, error = expected.refusals["been here before"]
    check_log_refused(lines[error], status, error)
    check_log_refused(lines["next_proxy_refused"], status, "next_proxy_refused")


@case("forward: a CONNECT goes to the next proxy with the Via that it came with, and ours")
def connect_via(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--via", following.name)
    for fields, wanted in (((), ["ours"]), (("Via: 1.0 a (x), 1.1 b", "X: 1", "via: 1.1 c"),
                                            ["1.0 a (x)", "1.1 b", "1.1 c", "ours"])):
        client = ask_tunnel(lab, proxy, "server.example:443", *fields)
        end = following.accept()
        request = end.head()
        check_via(request, *wanted)
        check_equal(request.get("x"), None, "another field of the client")
        end.stream.sendall(b"HTTP/1.1 503 Not now\r\nContent-Length: 0\r\n\r\n")
        check_equal(client.response().status(), 503, "status")
        reset(end)
