"""Other attackers on the way, and clients that speak TLS at once."""

import expected
from backends import http_backend
from hop import hop, on_head
from lab import case, check, check_equal, until
from peers import check_error, check_exit, fetch, gateway
from splice import implicit_server, reverse_splicer
from wire import reader

secret = b"Basic c2VjcmV0OnNlY3JldA=="


def fetch_secret(lab, port, *options, **more):
    return fetch(lab, "--require-tls", "-H", "Authorization: " + secret.decode(), *options,
                 f"http://localhost:{port}/secret", **more)


def check_not_released(*bytes_seen):
    for seen in bytes_seen:
        check(secret not in seen, "the credential was released")
        check(b"/secret" not in seen, "the request was released")


# TLS without an upgrade

def check_closed_in_silence(lab, argv):
    backend = http_backend(lab)
    server = gateway(lab, opossum="accept-risk", backend=backend.port)
    way = hop(lab, server.port)
    done = lab.run([a.replace("PORT", str(way.port)) for a in argv])
    check(done.status != 0, f"{argv[0]} believes that it succeeded")
    check_equal(len(way.flows), 1, "connections")
    until(way.flows[0].closed, "the gateway to close")
    check(way.up().startswith(b"\x16\x03"), f"{argv[0]} sent no ClientHello")
    check_equal(way.down(), b"", "bytes from the gateway")
    after = lab.run(["curl", "-q", "-sS", "--max-time", "10", f"http://127.0.0.1:{server.port}/still-here"])
    check_equal(after.out, b"this is /still-here\n", "answer to the next client")


@case("implicit TLS: openssl s_client is closed without a byte")
def s_client(lab):
    check_closed_in_silence(lab, ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", "localhost"])


@case("implicit TLS: curl https:// is closed without a byte")
def curl_https(lab):
    check_closed_in_silence(lab, ["curl", "-q", "-sS", "--max-time", "10", "-k", "https://localhost:PORT/"])


# The reverse splice

def check_reverse_splice(lab, early, *statuses, rule=None):
    server = implicit_server(lab, early)
    attacker = reverse_splicer(lab, server.port)
    done = fetch_secret(lab, attacker.port, timeout=3)
    check_exit(done, *statuses)
    if rule:
        check_error(done, rule)
    check_equal(done.out, b"", "body")
    check(attacker.probes, "fetch sent no probe")
    check_not_released(attacker.probes[0].raw)
    until(server.ended, "the end of the implicit server's connection")
    check_equal(server.received, b"", "bytes of HTTP that the implicit server received")
    return server


@case("reverse splice: a silent implicit server gets a handshake and no request")
def silent(lab):
    server = check_reverse_splice(lab, b"", expected.refused, expected.peer_broke_protocol, expected.tls)
    check_equal(server.handshakes, 1, "handshakes")


@case("reverse splice: an implicit server that gives up with 408 gets no request")
def gives_up(lab):
    check_reverse_splice(lab, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                         expected.peer_broke_protocol, rule="the probe's answer ends the connection")


@case("reverse splice: an answer that ends the connection releases no request")
def closing_answer(lab):
    check_reverse_splice(lab, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                         expected.peer_broke_protocol, rule="the probe's answer ends the connection")


@case("reverse splice: an answer with more behind it releases no request")
def two_answers(lab):
    check_reverse_splice(lab, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2,
                         expected.peer_broke_protocol, rule="something came behind the probe's answer")


@case("reverse splice: openssl s_server with ALPN http/1.1 ends the handshake")
def alpn_server(lab):
    process = lab.start(["openssl", "s_server", "-accept", "127.0.0.1:0", "-alpn", "http/1.1", "-www",
                         "-cert", lab.certificate.file, "-key", lab.certificate.key])
    port = int(process.wait_for(r"^ACCEPT 127\.0\.0\.1:(\d+)$")[1])
    attacker = reverse_splicer(lab, port)
    done = fetch_secret(lab, attacker.port, timeout=3)
    check_exit(done, expected.tls)
    check_equal(done.out, b"", "body")


# Downgrade

@case("downgrade: without the offer fetch --require-tls fails closed")
def stripped(lab):
    def strip(head):
        lines = head.raw.split(b"\r\n")
        return b"\r\n".join(l for l in lines if not l.lower().startswith((b"upgrade:", b"connection:")))

    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    attacker = hop(lab, server.port, lambda: on_head(strip), name="attacker")
    done = fetch_secret(lab, attacker.port)
    check_exit(done, expected.refused)
    check_error(done, "the server did not upgrade")
    check_equal(done.out, b"", "body")
    check(b"HTTP/1.1 101 " not in attacker.down(), "the gateway switched without an offer")
    check_not_released(attacker.up(), *(r.raw for r in backend.requests))


@case("downgrade: a server that never upgrades gets no request")
def plain_server(lab):
    backend = http_backend(lab)
    way = hop(lab, backend.port)
    done = fetch_secret(lab, way.port)
    check_exit(done, expected.refused)
    check_error(done, "the server did not upgrade")
    check_not_released(way.up())


# Injection

@case("injection: cleartext behind the 101 is fatal to fetch")
def behind_101(lab):
    def inject(head):
        return head.raw + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse"

    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    attacker = hop(lab, server.port, make_edit_down=lambda: on_head(inject), name="attacker")
    done = fetch_secret(lab, attacker.port)
    check_exit(done, expected.peer_broke_protocol)
    check_error(done, "cleartext behind the 101")
    check_equal(done.out, b"", "body")
    check(b"HTTP/1.1 101 " in attacker.down(), "the gateway did not switch")
    check_not_released(attacker.up())
    check_equal(backend.targets(), [], "requests at the backend")


@case("injection: a request behind the probe makes the gateway decline, and fetch fails closed")
def behind_probe(lab):
    def inject(head):
        return head.raw + b"GET /injected HTTP/1.1\r\nHost: localhost\r\n\r\n"

    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    attacker = hop(lab, server.port, lambda: on_head(inject), name="attacker")
    done = fetch_secret(lab, attacker.port)
    check_exit(done, expected.refused, expected.peer_broke_protocol)
    check_equal(done.out, b"", "body")
    check(b"HTTP/1.1 101 " not in attacker.down(), "the gateway switched with bytes held")
    check_not_released(attacker.up())


@case("injection: a request in clear behind the 101 gets no answer")
def clear_request_after_101(lab):
    backend = http_backend(lab)
    server = gateway(lab, opossum="accept-risk", backend=backend.port)
    stream = lab.connect(server.port)
    http = reader(stream)
    stream.sendall(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n")
    check_equal(http.response().status(), 101, "answer to the offer")
    stream.sendall(b"GET /injected HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check_equal(http.to_the_end_or_reset(), b"", "bytes from the gateway")
    check_equal(backend.targets(), [], "requests at the backend")


@case("injection: a CONNECT to the gateway is a 501, and nothing behind it is a request")
def connect_to_the_gateway(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    stream = lab.connect(server.port)
    http = reader(stream)
    stream.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n"
                   b"GET /injected HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check_equal(http.response().status(), 501, "answer to CONNECT")
    check_equal(http.to_the_end_or_reset(), b"", "bytes behind it")
    check_equal(backend.targets(), [], "requests at the backend")
