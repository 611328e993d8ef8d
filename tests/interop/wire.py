"""Just enough HTTP/1.1 and TLS to read what passes by."""

from lab import show


class end_of_stream(OSError):
    pass


class reader:
    """Reads messages from a socket, plain or TLS. What is left over stays in `held`."""

    def __init__(self, stream):
        self.stream = stream
        self.held = b""
        self.trailer = []

    def more(self):
        data = self.stream.recv(65536)
        if not data:
            raise end_of_stream("end of stream")
        self.held += data

    def until(self, mark):
        while mark not in self.held:
            self.more()
        found, _, self.held = self.held.partition(mark)
        return found + mark

    def exactly(self, count):
        while len(self.held) < count:
            self.more()
        found, self.held = self.held[:count], self.held[count:]
        return found

    def to_the_end(self):
        try:
            while True:
                self.more()
        except end_of_stream:
            found, self.held = self.held, b""
            return found

    def to_the_end_or_reset(self):
        try:
            return self.to_the_end()
        except ConnectionResetError:
            return self.held

    def chunked(self):
        """The content. The lines of the trailer stay in `trailer`."""
        body = b""
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            body += self.exactly(size)
            self.exactly(2)
        self.trailer = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            self.trailer.append(line[:-2])
        return body

    def head(self):
        return message(self.until(b"\r\n\r\n"))

    def request(self):
        found = self.head()
        if found.get("expect", "").lower() == "100-continue":
            self.stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in found.get("transfer-encoding", ""):
            found.body = self.chunked()
        else:
            found.body = self.exactly(int(found.get("content-length", 0)))
        return found

    def response(self, method="GET"):
        """The next final response, or a 101."""
        found = self.head()
        while found.status() < 200 and found.status() != 101:
            found = self.head()
        if method == "HEAD" or found.status() in (101, 204, 304):
            pass
        elif "chunked" in found.get("transfer-encoding", ""):
            found.body = self.chunked()
        elif found.get("content-length") is not None:
            found.body = self.exactly(int(found.get("content-length")))
        else:
            found.body = self.to_the_end()
        return found


class message:
    def __init__(self, head):
        self.raw = head
        first, *rest = head.decode("latin-1")[:-4].split("\r\n")
        self.first = first
        self.fields = [(name.lower(), value.strip()) for name, _, value in (f.partition(":") for f in rest)]
        self.body = b""

    def get(self, name, otherwise=None):
        values = [v for n, v in self.fields if n == name]
        return ", ".join(values) if values else otherwise

    def members(self, name):
        return [m.strip().lower() for m in self.get(name, "").split(",") if m.strip()]

    def status(self):
        return int(self.first.split(" ")[1])

    def target(self):
        return self.first.split(" ")[1]

    def method(self):
        return self.first.split(" ")[0]


def is_upgrade_to_tls(head):
    """Whether this 101 is one that a strict client takes."""
    tokens = head.members("upgrade")
    return (head.status() == 101 and "upgrade" in head.members("connection")
            and tokens and tokens[0].startswith("tls/") and tokens[1:] in ([], ["http/1.1"]))


# TLS records

change_cipher_spec, alert, handshake, application_data = 20, 21, 22, 23


record_names = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data"}


class not_tls(Exception):
    pass


def split_records(data):
    """The complete records at the start of `data`, and what is left."""
    found = []
    while len(data) >= 5:
        size = int.from_bytes(data[3:5], "big")
        if data[0] not in (20, 21, 22, 23) or data[1] != 3 or size > 16640:
            raise not_tls(f"no TLS record: {data[:40]!r}")
        if len(data) < 5 + size:
            break
        found.append(data[:5 + size])
        data = data[5 + size:]
    return found, data


def record_types(data):
    """The content types of the records. Raises not_tls for anything else."""
    found, rest = split_records(data)
    if rest and rest[0] not in (20, 21, 22, 23):
        raise not_tls(f"no TLS record: {rest[:40]!r}")
    return [record[0] for record in found]


def show_stream(data):
    """For people: TLS records by their types and sizes, everything else as text."""
    parts = []
    while data:
        try:
            records, rest = split_records(data)
        except not_tls:
            records, rest = [], data
        parts += [f"[{record_names[r[0]]}, {len(r)} bytes]" for r in records]
        if not records:
            at = min([i for i in (rest.find(bytes([t, 3]), 1) for t in record_names) if i > 0], default=len(rest))
            parts.append(show(rest[:at], 1000))
            rest = rest[at:]
        data = rest
    return " ".join(parts)


class client_hello:
    """Server name and ALPN of the ClientHello in a client's first bytes."""

    def __init__(self, data):
        self.server_name = None
        self.alpn = None
        records, _ = split_records(data)
        flight = b"".join(record[5:] for record in records if record[0] == handshake)
        if not flight or flight[0] != 1:
            raise not_tls("no ClientHello")
        body = flight[4:4 + int.from_bytes(flight[1:4], "big")]
        at = 2 + 32
        at += 1 + body[at]                                       # an old identifier
        at += 2 + int.from_bytes(body[at:at + 2], "big")         # cipher suites
        at += 1 + body[at]                                       # compression
        end = at + 2 + int.from_bytes(body[at:at + 2], "big")
        at += 2
        while at < end:
            kind = int.from_bytes(body[at:at + 2], "big")
            size = int.from_bytes(body[at + 2:at + 4], "big")
            value = body[at + 4:at + 4 + size]
            at += 4 + size
            if kind == 0:
                self.server_name = value[5:].decode()
            if kind == 16:
                self.alpn = list(self.names(value[2:]))

    @staticmethod
    def names(data):
        while data:
            yield data[1:1 + data[0]].decode()
            data = data[1 + data[0]:]
