"""A TCP hop: joins a client to a server, keeps every byte, and changes some on the way."""

import socket
import threading

from lab import deadline_seconds
from wire import message, record_types, show_stream


class flow:
    """One connection through a hop. `up` is what the client sent, `down` what the server sent."""

    def __init__(self):
        self.up = b""
        self.down = b""
        self.events = []
        self.closed = threading.Event()
        self.lock = threading.Lock()

    def saw(self, side, data):
        with self.lock:
            setattr(self, side, getattr(self, side) + data)
            self.events.append((side, data))

    def lines(self, client, server):
        """The transcript."""
        with self.lock:
            return [f"{client if side == 'up' else server}: {show_stream(data)}" for side, data in self.events]

    def clear_up(self):
        """What the client sent before it spoke TLS."""
        return before_tls(self.up)

    def clear_down(self):
        return before_tls(self.down)

    def upgraded(self):
        """Whether the server's 101 passed, and both sides spoke TLS and nothing else after it."""
        clear, tls = self.clear_down(), self.down[len(self.clear_down()):]
        if not clear.endswith(b"\r\n\r\n") or not tls or b"HTTP/1.1 101 " not in clear:
            return False
        return bool(record_types(tls)) and bool(record_types(self.up[len(self.clear_up()):]))


def before_tls(data):
    """The messages in clear at the start: up to the first blank line that a TLS record follows."""
    at = 0
    while True:
        if data[at:at + 1] in (b"\x14", b"\x15", b"\x16", b"\x17") and data[at + 1:at + 2] == b"\x03":
            return data[:at]
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            return data
        at = end + 4


def pass_on(side, data):
    """The edit that changes nothing. An edit yields what is to be sent."""
    yield data


def relay(client, server, record, edit_up=pass_on, edit_down=pass_on):
    """Joins two sockets until both sides have ended. A half close is passed on."""
    def pump(source, sink, side, edit):
        try:
            while data := source.recv(65536):
                record.saw(side, data)
                for piece in edit(side, data):
                    sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for stream in (source, sink):
                try:
                    stream.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
    other = threading.Thread(target=pump, args=(server, client, "down", edit_down), daemon=True)
    other.start()
    pump(client, server, "up", edit_up)
    other.join(deadline_seconds)
    record.closed.set()


class hop:
    """Listens, and joins each client to `upstream`. The edits are made afresh for each connection."""

    def __init__(self, lab, upstream, make_edit_up=None, make_edit_down=None, address="127.0.0.1", name="hop"):
        self.lab = lab
        self.upstream = upstream
        self.address = address
        self.make_edit_up = make_edit_up or (lambda: pass_on)
        self.make_edit_down = make_edit_down or (lambda: pass_on)
        self.flows = []
        self.name = name
        self.port = lab.serve(self.take, address)
        lab.reports.append(self.report)

    def take(self, client):
        record = flow()
        self.flows.append(record)
        server = self.lab.connect(self.upstream, self.address)
        relay(client, server, record, self.make_edit_up(), self.make_edit_down())
        server.close()

    def up(self):
        return b"".join(f.up for f in self.flows)

    def down(self):
        return b"".join(f.down for f in self.flows)

    def clear(self):
        """Everything that passed in clear, both ways."""
        return b"".join(f.clear_up() + f.clear_down() for f in self.flows)

    def upgraded(self):
        return [f for f in self.flows if f.upgraded()]

    def report(self):
        lines = []
        for number, one in enumerate(self.flows, 1):
            lines.append(f"--- {self.name}, connection {number}")
            lines += one.lines("C", "S")
        return "\n".join(lines)


def on_head(change):
    """An edit that gives the first head to `change(message)` and sends what that returns instead."""
    held = b""
    done = False

    def edit(_, data):
        nonlocal held, done
        if done:
            yield data
            return
        held += data
        head, mark, rest = held.partition(b"\r\n\r\n")
        if mark:
            done = True
            yield change(message(head + mark)) + rest
    return edit
