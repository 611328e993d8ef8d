"""fetch alone: where a response ends, whom it believes, what it shows of secrets, which command lines it refuses."""

import base64
import os
import signal
import socket
import ssl
import threading

import expected
from backends import http_backend
from forwarder import forwarder, scripted_server, welcome
from hop import hop
from lab import case, check, check_equal, until
from loads import reset
from peers import check_error, check_exit, fetch, gateway
from proxies import connect_proxy, encoded, requests_in_clear
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


@case("fetch: a reset that it meets as it sends is none the less no end")
def reset_while_sending(lab):
    """The system reports a reset once. fetch sleeps until it has come, so that it is the sending that is told."""
    here, asleep = threading.Event(), threading.Event()

    def take(stream):
        http = reader(stream)
        http.until(b"\r\n\r\n")
        here.set()
        until(asleep, "fetch to be stopped")
        stream.sendall(until_close)
        reset(http)
        here.set()
    port = lab.serve(take)
    done = lab.start([os.path.join(lab.programs, "fetch"), "--plain", "--data", "@" + lab.file("much", bytes(1 << 24)),
                      f"http://localhost:{port}/"])
    until(here, "the request")
    here.clear()
    done.popen.send_signal(signal.SIGSTOP)
    check(os.WIFSTOPPED(os.waitpid(done.popen.pid, os.WUNTRACED)[1]), "fetch did not stop")
    asleep.set()
    until(here, "the reset")
    done.popen.send_signal(signal.SIGCONT)
    check_equal((done.wait(), done.out), (expected.network, half), "exit status and output of fetch")


# Whom it believes

class certificate_for:
    """A self-signed certificate with these names."""

    def __init__(self, lab, common, alternative):
        self.file, self.key = f"{lab.folder}/other.pem", f"{lab.folder}/other.key"
        more = ["-addext", f"subjectAltName={alternative}"] if alternative else []
        done = lab.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-keyout", self.key, "-out", self.file, "-subj", f"/CN={common}", *more])
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


# Secrets

login = "alice:open sesame"


def check_keeps(done, *secrets):
    """None of it is shown, nor in the form that goes over the wire."""
    said = done.out + done.err
    for secret in secrets:
        for form in (secret.encode(), base64.b64encode(secret.encode())):
            check(form not in said, f"fetch shows {form!r}")


def check_shows(done, *lines):
    said = done.err.decode().splitlines()
    for line in lines:
        check(line in said, f"fetch does not show {line!r}")


@case("secrets: fetch -v shows of a login that there is one")
def masked(lab):
    answer = welcome.replace(b"Content-Length", b"Set-Cookie: id=s3cret5; Path=/\r\nContent-Length")
    server = scripted_server(lab, lambda request: answer)
    done = fetch(lab, "--plain", "-v", "-H", "Authorization: Basic s3cret1", "-H", "AUTHORIZATION: s3cret2",
                 "-H", "Cookie: id=s3cret3", "-H", "authorization:  digest username=a, response=s3cret4",
                 "-H", "X-Shown: yes", f"http://localhost:{server.port}/page")
    check_exit(done, expected.answered)
    check_keeps(done, "s3cret")
    check_shows(done, "> Authorization: Basic ***", "> AUTHORIZATION: ***", "> Cookie: ***", "> X-Shown: yes",
                "> authorization: digest ***", "< Set-Cookie: ***")
    for number in range(1, 5):
        check(f"s3cret{number}".encode() in server.requests[0].raw, f"secret {number} did not reach the server")


@case("secrets: fetch -v shows none inside TLS, and none that came folded")
def masked_inside(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    done = fetch(lab, "--require-tls", "-v", "-H", "Authorization: Bearer s3cret",
                 f"http://localhost:{server.port}/page")
    check_exit(done, expected.answered)
    check_keeps(done, "s3cret")
    check_shows(done, ">> Authorization: Bearer ***")
    check_equal(backend.requests[0].get("authorization"), "Bearer s3cret", "what the backend got")
    folds = scripted_server(lab, lambda request: b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b;\r\n c=s3cret\r\n\r\n")
    check_keeps(fetch(lab, "--plain", "-v", f"http://localhost:{folds.port}/page"), "s3cret")


@case("secrets: fetch -v shows none that came with blanks where none belong, also of an answer that it refuses")
def masked_blanks(lab):
    for field, shown in ((b"Set-Cookie:\r\n\tsid=s3cret", "< Set-Cookie: ***"),
                         (b"Set-Cookie: ***\r\n sid=s3cret", "< Set-Cookie: ***"),
                         (b"Set-Cookie\r\n : sid=s3cret", "< Set-Cookie: ***"),
                         (b"Set-Cookie : sid=s3cret", "< Set-Cookie : ***"),
                         (b"Set-Cookie\t: sid=s3cret", "< Set-Cookie?: ***"),
                         (b" Set-Cookie: sid=s3cret\r\n\ts3cret", "<  Set-Cookie: ***")):
        answer = b"HTTP/1.1 200 OK\r\n" + field + b"\r\nContent-Length: 0\r\n\r\n"
        server = scripted_server(lab, lambda request, answer=answer: answer)
        done = fetch(lab, "--plain", "-v", f"http://localhost:{server.port}/page")
        check_exit(done, expected.answered, expected.peer_broke_protocol)
        check_keeps(done, "s3cret")
        check_shows(done, shown)


def asking_proxies(lab, count, port):
    """A cascade in which each proxy wants a login of its own, and hops before them, nearest first."""
    logins, ways = [f"user{n}:pass:{n}" for n in range(count)], []
    for each in reversed(logins):
        proxy = connect_proxy(lab, "--auth", each, ports=[port])
        ways.insert(0, hop(lab, proxy.port))
        port = ways[0].port
    return logins, ways


def sent_logins(way):
    """The logins in heads in clear that this proxy was sent, or passed on."""
    sent = [head.get("proxy-authorization") for flow in way.flows for head in requests_in_clear(flow)]
    return [one for one in sent if one]


@case("secrets: --proxy-auth-file has the login of the proxy before it")
def login_in_file(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    logins, ways = asking_proxies(lab, 2, server.port)
    words = []
    for number, (each, way) in enumerate(zip(logins, ways)):
        words += ["--proxy", f"http://127.0.0.1:{way.port}",
                  "--proxy-auth-file", lab.file(f"login{number}", each + ("\r\n" if number else "\nnot this line\n"))]
    done = fetch(lab, "--require-tls", "-v", *words, f"http://localhost:{server.port}/page")
    check_exit(done, expected.answered)
    check_equal(done.out, b"this is /page\n", "body")
    check_keeps(done, *logins)
    check_shows(done, "> Proxy-Authorization: Basic ***")
    known = ["Basic " + encoded(each).decode() for each in logins]
    check_equal(sorted(set(sent_logins(ways[0]))), sorted(known), "logins that passed the first proxy")
    check_equal(set(sent_logins(ways[1])), {known[1]}, "logins that reached the second proxy")


@case("secrets: -H @FILE reads fields")
def fields_in_file(lab):
    server = scripted_server(lab, lambda request: welcome)
    file = lab.file("fields", "Authorization: Bearer s3cret\r\n\nX-One:  1 \nX-Two: 2")
    done = fetch(lab, "--plain", "-v", "-H", "X-Zero: 0", "-H", "@" + file, f"http://localhost:{server.port}/page")
    check_exit(done, expected.answered)
    check_keeps(done, "s3cret")
    got = server.requests[0]
    check_equal([got.get(name) for name in ("authorization", "x-zero", "x-one", "x-two")],
                ["Bearer s3cret", "0", "1", "2"], "fields that the server got")


@case("secrets: proxy reads logins from files")
def proxy_reads_files(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    far = connect_proxy(lab, "--auth-file", lab.file("far", "bob:second:half\r\nmore\n"), ports=[server.port])
    way = hop(lab, far.port)
    near = connect_proxy(lab, "--via-auth-file", lab.file("via", "bob:second:half"), "--via", f"127.0.0.1:{way.port}",
                         "--auth-file", lab.file("near", login + "\n"), ports=[server.port])
    url = f"http://localhost:{server.port}/page"
    done = fetch(lab, "--require-tls", "--proxy", f"http://{login.replace(' ', '%20')}@127.0.0.1:{near.port}", url)
    check_exit(done, expected.answered)
    check_equal(sent_logins(way), ["Basic " + encoded("bob:second:half").decode()], "the login for the next proxy")
    for proxy in (near, far):
        check_exit(fetch(lab, "--require-tls", "--proxy", f"http://alice:wrong@127.0.0.1:{proxy.port}", url),
                   expected.tunnel_refused)


def check_usage(done, status, *words):
    """Refused before anything happens, with a message that has these words in it."""
    check_equal(done.status, status, f"exit status: {done.last_line()}")
    check_equal(done.out, b"", "output")
    for word in words:
        check(word in done.last_line(), f"the message does not name {word}: {done.last_line()}")


@case("secrets: proxy refuses a login that is given twice, or to nobody, and repeats none")
def proxy_usage(lab):
    good = lab.file("login", "alice:s3cret\n")
    empty, bare, hidden = lab.file("empty"), lab.file("bare", "s3cret\n"), lab.file("hidden", ":s3cret\n")
    via = "127.0.0.1:1"
    for options, named in ((["--auth", "bob:s3cret", "--auth-file", good], ["--auth", "--auth-file"]),
                           (["--auth-file", good, "--auth", "bob:s3cret"], ["--auth", "--auth-file"]),
                           (["--via", "bob:s3cret@" + via, "--via-auth-file", good], ["--via", "--via-auth-file"]),
                           (["--via-auth-file", good], ["--via", "--via-auth-file"]),
                           (["--auth-file", empty], ["--auth-file"]), (["--auth-file", bare], ["--auth-file"]),
                           (["--via", via, "--via-auth-file", bare], ["--via-auth-file"]),
                           (["--auth-file", hidden], ["--auth-file"]),
                           (["--auth-file", lab.folder], [lab.folder]),
                           (["--auth-file", good + "-missing"], [good + "-missing"]),
                           (["--auth=alice:s3cret"], ["--auth"]), (["--auth:alice:s3cret"], ["--auth"]),
                           (["--auth", "s3cret"], ["--auth"])):
        done = lab.run([os.path.join(lab.programs, "proxy"), "--listen", "127.0.0.1:0", "--allow-port", "443",
                        "--half-close", "close", *options])
        check_usage(done, 1, *named)
        check_keeps(done, "s3cret")


# Command lines

url = "http://127.0.0.1:1/"


@case("usage: fetch refuses options that contradict each other, and names them")
def contradictions(lab):
    file = lab.file("login", "alice:s3cret\n")
    pin, proxy = "00" * 32, "http://127.0.0.1:1"
    modes = ("--require-tls", "--offer", "--plain")
    trusts = (["--cacert", file], ["--pin", pin], ["--insecure"])
    pairs = [([one], [other]) for group in (modes,) for one in group for other in group if one != other]
    pairs += [(one, other) for one in trusts for other in trusts if one != other]
    for one, other in pairs:
        check_usage(fetch(lab, *one, *other, url, trust=False), expected.usage, one[0], other[0])
    for words, named in ((["--proxy-auth-file", file, "--proxy", proxy], ["--proxy-auth-file", "--proxy"]),
                         (["--proxy", "http://a:s3cret@127.0.0.1:1", "--proxy-auth-file", file],
                          ["--proxy", "--proxy-auth-file"]),
                         (["--proxy", proxy, "--proxy-auth-file", file, "--proxy-auth-file", file],
                          ["--proxy-auth-file"]),
                         (["--plain", "--tunnel"], ["--tunnel", "--proxy"]),
                         (["--cache-pin"], ["--cache-pin", "--cache"])):
        done = fetch(lab, *words, url)
        check_usage(done, expected.usage, *named)
        check_keeps(done, "s3cret")


@case("usage: fetch takes an option with a value once, and a flag as often as it comes")
def repeated(lab):
    file = lab.file("some", "X-One: 1\n")
    for option, value in (("--cache", file), ("--cacert", file), ("--pin", "00" * 32), ("--peer", "cups"),
                          ("-X", "PUT"), ("--data", "@" + file), ("-o", file)):
        check_usage(fetch(lab, option, value, option, value, url, trust=False), expected.usage, option)
    check_usage(fetch(lab, "--timeout", "9", url), expected.usage, "--timeout")  # the rig has given one already
    server = scripted_server(lab, lambda request: welcome)
    flags = ["--plain", "--tunnel", "--no-alpn", "-v", "--insecure"]
    done = fetch(lab, *flags, *flags, "--proxy", f"http://127.0.0.1:{forwarder(lab).port}", "-H", "X-One: 1",
                 "-H", "X-Two: 2", f"http://localhost:{server.port}/", trust=False)
    check_exit(done, expected.answered)


@case("usage: fetch repeats no secret of a command line that it refuses")
def quiet_usage(lab):
    bare = lab.file("bare", "s3cret\n")
    for words in (["--proxy=http://a:s3cret@127.0.0.1:1"], ["--proxy", "http://a:s3cret@"], ["-H", "s3cret"],
                  ["-HAuthorization: Bearer s3cret"], ["--proxy-http://a:s3cret@127.0.0.1:1"],
                  ["-H", "@" + bare], ["--proxy", "http://127.0.0.1:1", "--proxy-auth-file", bare],
                  ["--proxy", "http://127.0.0.1:1", "--proxy-auth-file", lab.folder], ["-H", "@" + lab.folder],
                  ["--data", "@" + lab.folder], ["http://a:s3cret@127.0.0.1:1/"]):
        done = fetch(lab, *words, url)
        check_usage(done, expected.usage)
        check_keeps(done, "s3cret")


# Where the content goes

@case("output: without an answer, the file of -o stays as it was")
def output_stays(lab):
    kept = "from before\n"
    file = lab.file("page", kept)
    silent = scripted_server(lab, lambda request: b"")
    denied = forwarder(lab, tunnels=403)
    for words, status in (([url], expected.network), ([f"http://localhost:{silent.port}/"], expected.network),
                          (["--tunnel", "--proxy", f"http://127.0.0.1:{denied.port}", url], expected.tunnel_refused)):
        check_exit(fetch(lab, "--plain", "-o", file, *words), status)
        check_equal(lab.read("page"), kept, "the file")
        check_exit(fetch(lab, "--plain", "-o", file + "-new", *words), status)
        check(not os.path.exists(file + "-new"), "a file without an answer")
    server = scripted_server(lab, lambda request: welcome if request.target() == "/page" else
                             b"HTTP/1.1 204 No Content\r\n\r\n")
    for path, content in (("page", "in clear\n"), ("none", "")):
        check_exit(fetch(lab, "--plain", "-o", file, f"http://localhost:{server.port}/{path}"), expected.answered)
        check_equal(lab.read("page"), content, "the file")


@case("output: where the file of -o cannot be written, nothing is sent")
def output_unwritable(lab):
    server = scripted_server(lab, lambda request: welcome)
    lab.file("page", "")
    os.symlink("loop", f"{lab.folder}/loop")
    os.symlink("no-such-folder/page", f"{lab.folder}/astray")
    for name in (".", "no-such-folder/page", "page/page", "new/", "loop", "astray", ""):
        done = fetch(lab, "--plain", "-o", f"{lab.folder}/{name}", f"http://localhost:{server.port}/")
        check_usage(done, expected.usage, f"{lab.folder}/{name}")
    check_equal(server.requests, [], "requests at the server")


@case("output: a pipe gets the content")
def output_pipe(lab):
    server = scripted_server(lab, lambda request: welcome)
    os.mkfifo(f"{lab.folder}/pipe")
    reads = lab.start(["cat", f"{lab.folder}/pipe"])
    check_exit(fetch(lab, "--plain", "-o", f"{lab.folder}/pipe", f"http://localhost:{server.port}/"), expected.answered)
    check_equal((reads.wait(), reads.out), (0, b"in clear\n"), "what came through the pipe")
