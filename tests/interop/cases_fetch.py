"""fetch alone: where a response ends, and whom it believes."""

import os
import socket
import ssl
import threading

import expected
from backends import http_backend
from forwarder import forwarder
from lab import case, check_equal, until
from loads import reset
from peers import check_error, check_exit, fetch, gateway
from wire import reader

# Where a response ends

half = b"half of it\n"
until_close = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + half


class abrupt_server:
    """Begins a response without a length, and ends it in the given way once fetch has printed its first half.
    `secure`: everything happens inside TLS."""

    def __init__(self, lab, end, secure):
        self.lab = lab
        self.end = end
        self.secure = secure
        self.printed = threading.Event()
        self.port = lab.serve(self.take)

    def take(self, stream):
        http = reader(stream)
        if self.secure:
            http = self.switch(http)
        http.request()
        http.stream.sendall(until_close)
        until(self.printed, "the first half at fetch")
        self.end(http)

    def switch(self, http):
        http.request()
        http.stream.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n"
                            b"Connection: Upgrade\r\n\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.lab.certificate.file, self.lab.certificate.key)
        context.set_alpn_protocols(["tlsup/1"])
        secure = self.lab.keep(context.wrap_socket(http.stream, server_side=True))
        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return reader(secure)

    def fetch(self):
        """fetch, to its end. It prints what it has before the connection ends."""
        done = self.lab.start([os.path.join(self.lab.programs, "fetch"), "--cacert", self.lab.certificate.file, "-v",
                               "--require-tls" if self.secure else "--plain", f"http://localhost:{self.port}/"])
        done.wait_for("^half of it$")
        self.printed.set()
        done.wait()
        return done


def end_tls(end):
    end.stream.unwrap()


def end_tcp(end):
    """The end of the TCP stream; inside TLS that is no close_notify."""
    socket.socket.shutdown(end.stream, socket.SHUT_WR)


def break_tls(end):
    """In one segment a good record, one that no key fits, and the end of the stream."""
    end.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    end.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    end.stream.sendall(half)
    socket.socket.send(end.stream, b"\x17\x03\x03\x00\x20" + bytes(32))
    end_tcp(end)


def check_ends(lab, secure, ways):
    for end, status, error in ways:
        done = abrupt_server(lab, end, secure).fetch()
        last = done.err.decode().splitlines()[-1]
        check_equal(done.out, half * (1 + (end == break_tls)), f"what fetch printed after {end.__name__}")
        check_equal(done.popen.returncode, status, f"exit status of fetch after {end.__name__}")
        check_equal(last.startswith(f"fetch: {error}: "), bool(error), f"an error as the last line: {last}")


@case("fetch: in clear the end of the stream ends a response, a reset does not")
def ends_in_clear(lab):
    check_ends(lab, False, [(end_tcp, expected.answered, ""), (reset, expected.network, "peer_closed")])


@case("fetch: inside TLS only close_notify ends a response")
def ends_inside_tls(lab):
    check_ends(lab, True, [(end_tls, expected.answered, ""), (reset, expected.network, "peer_closed"),
                           (end_tcp, expected.peer_broke_protocol, "truncated"),
                           (break_tls, expected.tls, "tls_failed")])


@case("fetch: a reset before the answer is an error of the network, in each mode")
def reset_at_once(lab):
    def take(stream):
        http = reader(stream)
        http.request()
        reset(http)
    port = lab.serve(take)
    for mode, status in (("--plain", expected.network), ("--offer", expected.network),
                         ("--require-tls", expected.refused)):
        done = fetch(lab, mode, f"http://localhost:{port}/")
        check_exit(done, status)
        check_error(done, "the connection ended")


# Whom it believes

class certificate_for:
    """A self-signed certificate with these names."""

    def __init__(self, lab, common, alternative):
        self.file, self.key = f"{lab.folder}/other.pem", f"{lab.folder}/other.key"
        more = ["-addext", f"subjectAltName={alternative}"] if alternative else []
        done = lab.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", self.key, "-out", self.file, "-days", "2", "-subj", f"/CN={common}", *more])
        check_equal(done.status, 0, "exit status of openssl req")


def names(lab, host, common, alternative, status):
    """fetch asks for the host, and the server has such a certificate. The tunnel makes every name lead here."""
    lab.certificate = certificate_for(lab, common, alternative)
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port, opossum="accept-risk")
    done = fetch(lab, "--require-tls", "--proxy", f"http://127.0.0.1:{forwarder(lab).port}",
                 f"http://{host}:{server.port}/page")
    check_exit(done, status)
    check_equal(backend.targets(), ["/page"] if status == expected.answered else [], "requests at the backend")
    if status != expected.answered:
        check_error(done, "a certificate that is not verified")


for a_host, a_common, a_name, a_status in (
        ("localhost", "localhost", "", expected.tls),
        ("localhost", "localhost", "IP:127.0.0.1", expected.tls),
        ("localhost", "other.example", "DNS:localhost", expected.answered),
        ("127.0.0.1", "127.0.0.1", "", expected.tls),
        ("127.0.0.1", "127.0.0.1", "DNS:127.0.0.1", expected.tls),
        ("127.0.0.1", "other.example", "IP:127.0.0.1", expected.answered),
        ("[::1]", "other.example", "IP:::1", expected.answered),
        ("one.site.example", "other.example", "DNS:*.site.example", expected.answered),
        ("one.site.example", "other.example", "DNS:o*.site.example", expected.tls),
        ("a.one.site.example", "other.example", "DNS:*.site.example", expected.tls)):
    @case(f"certificates: for {a_host}, the common name {a_common}, the alternative name {a_name or '-'}")
    def named(lab, values=(a_host, a_common, a_name, a_status)):
        names(lab, *values)
