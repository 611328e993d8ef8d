"""Many connections at once, all from one thread. Each sends a request, reads the whole response, and sends the next.

A connection is a generator: it yields what it waits for, and is gone on with once the socket is ready. What it sees and
does not expect is a fault; a fault ends only that connection, and is counted.
"""

import re
import select
import socket
import ssl
import time

writable, readable, idle = select.EPOLLOUT, select.EPOLLIN, 0
patience = 120  # seconds after which a connection that did not get on is a fault

small, large = "/small.txt", "/large.bin"
large_every = 16  # one request in so many asks for the large file


class fault(Exception):
    """What a connection saw and did not expect."""


class connection:
    """One of a crowd."""

    def __init__(self, crowd, number):
        self.crowd = crowd
        self.number = number
        self.tls = None
        self.held = b""
        self.done = 0
        self.stream = socket.socket()
        self.stream.setblocking(False)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream.connect_ex(("127.0.0.1", crowd.port))
        self.life = self.live()
        self.waits_for = None

    def live(self):
        yield writable
        if error := self.stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise fault(f"cannot connect: error {error}")
        yield from self.crowd.way(self)
        yield idle
        while True:
            yield from self.request()
            if self.crowd.over():
                yield idle

    def request(self):
        target = large if (self.done + self.number) % large_every == 0 else small
        self.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head, body = yield from self.response()
        if not head.startswith(b"HTTP/1.1 200 ") or body != self.crowd.files[target]:
            raise fault(f"{target} was answered with {head!r} and {len(body)} bytes of content")
        self.done += 1
        self.crowd.requests += 1

    def response(self):
        """Head and content. Nothing may be behind them."""
        head = yield from self.head()
        found = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
        if not found:
            raise fault(f"no length: {head!r}")
        size = int(found[1])
        while len(self.held) < size:
            yield from self.more()
        body, self.held = self.held, b""
        if len(body) != size:
            raise fault(f"{len(body) - size} bytes behind a response")
        return head, body

    def head(self):
        while (end := self.held.find(b"\r\n\r\n")) < 0:
            yield from self.more()
        head, self.held = self.held[:end + 4], self.held[end + 4:]
        return head

    # Bytes

    def send(self, data):
        """There is room: the peer has answered all that went before."""
        if self.tls:
            self.tls.write(data)
            data = self.outgoing.read()
        if self.stream.send(data) != len(data):
            raise fault("no room for a request")

    def more(self):
        """Something came, though inside TLS perhaps not yet a whole record."""
        yield readable
        data = self.stream.recv(1 << 18)
        if not data:
            raise fault("the connection ended")
        if not self.tls:
            self.held += data
            return
        self.incoming.write(data)
        try:
            while plain := self.tls.read(1 << 18):
                self.held += plain
            raise fault("TLS ended")
        except ssl.SSLWantReadError:
            pass

    def start_tls(self, context, name):
        if self.held:
            raise fault("something came before TLS")
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                if self.outgoing.pending:
                    self.stream.send(self.outgoing.read())
                yield readable
                data = self.stream.recv(1 << 18)
                if not data:
                    raise fault("the connection ended in the handshake") from None
                self.incoming.write(data)
        if self.outgoing.pending:
            self.stream.send(self.outgoing.read())
        self.tls = tls


class crowd:
    """So many connections to a port. `way(connection)`: a generator of what comes before the first request. `files`:
    what each target is answered with."""

    def __init__(self, port, count, way, files):
        self.port = port
        self.way = way
        self.files = files
        self.requests = 0
        self.faults = []
        self.end = 0.0
        self.poll = select.epoll()
        self.by_descriptor = {}
        self.waiting = 0
        self.all = [connection(self, number) for number in range(count)]

    def over(self):
        return time.monotonic() >= self.end

    def go_on(self, one):
        """Up to what it waits for next."""
        before = one.waits_for
        try:
            one.waits_for = next(one.life)
        except (fault, OSError) as problem:
            self.faults.append(f"connection {one.number}, after {one.done} responses: "
                               f"{type(problem).__name__}: {problem}")
            self.leave(one)
            return
        if one.waits_for == before:
            return
        if one.waits_for == idle:
            self.waiting -= 1
        elif before == idle:
            self.waiting += 1
        # An idle connection is watched too: what comes now belongs to no request.
        self.poll.modify(one.stream.fileno(), one.waits_for or readable)

    def leave(self, one):
        if one.waits_for != idle:
            self.waiting -= 1
        del self.by_descriptor[one.stream.fileno()]
        self.all.remove(one)
        one.stream.close()

    def until_idle(self):
        """Until each connection is, or has failed."""
        last = time.monotonic()
        while self.waiting:
            events = self.poll.poll(1)
            for descriptor, _ in events:
                one = self.by_descriptor.get(descriptor)
                if one and one.waits_for == idle:
                    self.faults.append(f"connection {one.number}: it ended, or something came, between two requests")
                    self.leave(one)
                elif one:
                    self.go_on(one)
            if events:
                last = time.monotonic()
            elif time.monotonic() - last > patience:
                self.faults.append(f"{self.waiting} connections wait for ever")
                return

    def open(self):
        """All of them at once. Returns when each is where requests may begin."""
        self.waiting = len(self.all)
        for one in list(self.all):
            self.by_descriptor[one.stream.fileno()] = one
            self.poll.register(one.stream.fileno(), 0)
            self.go_on(one)
        self.until_idle()

    def drive(self, seconds):
        """Requests for about that long; at least one on each connection. Returns how many were answered."""
        before = self.requests
        self.end = time.monotonic() + seconds
        for one in list(self.all):
            self.go_on(one)
        self.until_idle()
        return self.requests - before

    def close(self):
        for one in self.all:
            one.stream.close()
        self.all, self.by_descriptor = [], {}
        self.poll.close()


# Ways

def direct(one):
    """No way at all: requests may begin."""
    yield from ()


def through_connect(target):
    """A tunnel to the target."""
    def way(one):
        one.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = yield from one.head()
        if not head.startswith(b"HTTP/1.1 200 ") or one.held:
            raise fault(f"CONNECT was answered with {head + one.held!r}")
    return way


def upgraded(certificate):
    """OPTIONS with an offer, a 101, a handshake, and the answer to OPTIONS inside TLS."""
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["tlsup/1"])

    def way(one):
        one.send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                 b"Upgrade: TLS/1.3, TLS/1.2, TLS/1.0\r\n\r\n")
        head = yield from one.head()
        if not head.startswith(b"HTTP/1.1 101 ") or b"\r\nUpgrade: TLS/1.3, HTTP/1.1\r\n" not in head:
            raise fault(f"the offer was answered with {head!r}")
        yield from one.start_tls(context, "localhost")
        if one.tls.selected_alpn_protocol() != "tlsup/1":
            raise fault(f"ALPN {one.tls.selected_alpn_protocol()!r}")
        head, _ = yield from one.response()
        if not head.startswith(b"HTTP/1.1 200 "):
            raise fault(f"the answer inside TLS is {head!r}")
    return way
