"""Both ends of a tunnel, and the traffic that goes through it."""

import os
import random
import select
import socket
import struct
import threading
import zlib

from lab import check, check_equal, deadline_seconds
from wire import reader

established = b"HTTP/1.1 200 Connection established\r\n\r\n"
megabyte = 1 << 20


def random_bytes(count, seed=1):
    return random.Random(seed).randbytes(count)


def connect_head(target, *fields):
    return "".join(f"{line}\r\n" for line in (f"CONNECT {target} HTTP/1.1", f"Host: {target}", *fields, "")).encode()


# Ends

def limit_buffer(stream, receive_buffer):
    """The segments get the size that they have on a real network: those of loopback would not fit."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)


class upstream:
    """A server, or a next proxy. The case itself takes its connections, one by one."""

    def __init__(self, lab, backlog=64, receive_buffer=None):
        self.lab = lab
        self.listener = lab.keep(socket.socket())
        if receive_buffer:
            limit_buffer(self.listener, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(backlog)
        self.listener.settimeout(deadline_seconds)
        self.port = self.listener.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"

    def accept(self):
        stream = self.lab.keep(self.listener.accept()[0])
        stream.settimeout(deadline_seconds)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return reader(stream)

    def check_untouched(self, what):
        """Nobody has connected since the last accept()."""
        self.listener.setblocking(False)
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return
        finally:
            self.listener.settimeout(deadline_seconds)
        check(False, f"{what}: a connection came")


def connect_small(lab, port, receive_buffer):
    """A client that the kernel helps little: what it does not read soon stops the sender."""
    stream = lab.keep(socket.socket())
    limit_buffer(stream, receive_buffer)
    stream.settimeout(deadline_seconds)
    stream.connect(("127.0.0.1", port))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def ask(lab, proxy, target, *fields, early=b"", receive_buffer=None):
    """A client that has sent a CONNECT, and what goes in the same write."""
    small = receive_buffer is not None
    stream = connect_small(lab, proxy.port, receive_buffer) if small else lab.connect(proxy.port)
    stream.sendall(connect_head(target, *fields) + early)
    return reader(stream)


def check_established(client):
    check_equal(client.until(b"\r\n\r\n"), established, "head of the answer")


def open_tunnel(lab, proxy, server, **options):
    """Both ends of a tunnel that stands."""
    client = ask(lab, proxy, server.name, **options)
    end = server.accept()
    check_established(client)
    return client, end


def half_close(end):
    end.stream.shutdown(socket.SHUT_WR)


def reset(end):
    end.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.stream.close()


def receive_all(end):
    """What still comes up to the end of the stream. A reset is an error."""
    found = bytearray(end.held)
    end.held = b""
    while data := end.stream.recv(megabyte):
        found += data
    return found


def discard(end):
    """Reads up to the end, or a reset."""
    try:
        while end.stream.recv(megabyte):
            pass
    except ConnectionResetError:
        pass


def check_same(seen, wanted, what):
    """Equal, for what is too long to be shown."""
    common = os.path.commonprefix([bytes(seen), bytes(wanted)]) if seen != wanted else wanted
    check(seen == wanted, f"{what}: expected {len(wanted)} bytes, saw {len(seen)}, the same up to {len(common)}")


def check_prefix(seen, sent, what):
    check(sent.startswith(bytes(seen)), f"{what}: the {len(seen)} bytes that came are not the first that were sent")


def check_end(end, what):
    """The other side is over: nothing more, then the end or a reset."""
    check_equal(end.to_the_end_or_reset(), b"", what)


def check_works(lab, proxy, server):
    """One more tunnel, from its start to its end."""
    client, end = open_tunnel(lab, proxy, server)
    client.stream.sendall(b"up")
    check_equal(end.exactly(2), b"up", "bytes at the upstream")
    end.stream.sendall(b"down")
    check_equal(client.exactly(4), b"down", "bytes at the client")
    client.stream.close()
    check_equal(end.to_the_end(), b"", "bytes behind the last ones")
    end.stream.close()


# Traffic

def send_until_stuck(end, data):
    """Sends until there is no room, or no more data. Returns how much went out."""
    room = select.poll()
    room.register(end.stream, select.POLLOUT)
    view, sent = memoryview(data), 0
    while sent < len(data) and room.poll(100):
        sent += end.stream.send(view[sent:sent + 65536])
    return sent


def send_or_fail(end, data):
    """Sends all of it, or as much as the other side takes before it goes away."""
    try:
        end.stream.sendall(data)
    except OSError:
        pass


def in_background(function, *values):
    thread = threading.Thread(target=function, args=values, daemon=True)
    thread.start()
    return thread


def join(*threads):
    for thread in threads:
        thread.join(deadline_seconds)
        check(not thread.is_alive(), "a thread of the test did not end")


class meter:
    """How far two directions are. The reader of one may wait for the other, but never both at once."""

    def __init__(self, proxy_memory):
        self.moved = [0, 0]
        self.waiting = [False, False]
        self.over = [False, False]
        self.pauses = 0
        self.changed = threading.Condition()
        self.proxy_memory = proxy_memory
        self.samples = []

    def add(self, way, count):
        with self.changed:
            before = self.moved[way]
            self.moved[way] += count
            self.changed.notify_all()
            sample = before // (4 * megabyte) != self.moved[way] // (4 * megabyte)
        if sample:
            self.samples.append(self.proxy_memory())

    def end(self, way):
        with self.changed:
            self.over[way] = True
            self.changed.notify_all()

    def pause(self, way, count):
        """Until the other direction has moved that much more, or can not."""
        other = 1 - way
        with self.changed:
            if self.waiting[other]:
                return
            self.waiting[way] = True
            self.pauses += 1
            goal = self.moved[other] + count
            self.changed.wait_for(lambda: self.moved[other] >= goal or self.over[other], deadline_seconds)
            self.waiting[way] = False


def pour(end, block, total, seed):
    """Sends the block over and over in pieces of random sizes. Returns the checksum."""
    choice = random.Random(seed)
    sent = checksum = 0
    while sent < total:
        at = sent % len(block)
        size = min(choice.randrange(1, choice.choice((100, 10000, 300000, 1000000))), total - sent)
        piece = block[at:at + size]
        end.stream.sendall(piece)
        checksum = zlib.crc32(piece, checksum)
        sent += len(piece)
    return checksum


def drink(end, total, seed, way, progress):
    """Reads that much in pieces of random sizes, with pauses. Returns the checksum."""
    choice = random.Random(seed)
    room = memoryview(bytearray(megabyte))
    got = checksum = 0
    pause_at = choice.randrange(1, total // 10)
    try:
        while got < total:
            wanted = min(choice.choice((3000, 100000, megabyte)), total - got)
            count = end.stream.recv_into(room, wanted)
            check(count, f"the stream ended after {got} of {total} bytes")
            checksum = zlib.crc32(room[:count], checksum)
            got += count
            progress.add(way, count)
            if got > pause_at:
                progress.pause(way, choice.randrange(total // 40))
                pause_at = got + choice.randrange(1, total // 10)
    finally:
        progress.end(way)
    return checksum
