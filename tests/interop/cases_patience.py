"""How long the proxy and the gateway wait for a side that reads slowly or not at all, and what the wait costs."""

import array
import fcntl
import json
import os
import termios
import time

from costs import costs
from lab import case, check, check_equal, deadline_seconds
from loads import (ask, check_same, connect_head, connect_small, half_close, megabyte, open_tunnel, random_bytes, receive_all, reset,
                   send_or_fail, send_until_stuck, upstream)
from peers import gateway
from proxies import connect_proxy
from wire import reader

small = 8192
longer_than_any_flush = 7


def hold(proxy, seconds, what):
    """For that long no connection may end."""
    with proxy.process.changed:
        before = len(proxy.log())
        ended = proxy.process.changed.wait_for(lambda: len(proxy.log()) > before, seconds)
    check(not ended, f"{what}: {proxy.log()[before:]}")


def let_pass(proxy, seconds):
    """That long, or until all is over."""
    with proxy.process.changed:
        proxy.process.changed.wait_for(lambda: not proxy.process.open_outputs, seconds)


def queues(local, remote):
    """What the kernel holds at a socket: the columns tx_queue and rx_queue."""
    here, there = (f":{name[1]:04X}" for name in (local, remote))
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    found = [row[4].split(":") for row in rows if row[1].endswith(here) and row[2].endswith(there)]
    return sum(int(tx, 16) for tx, _ in found), sum(int(rx, 16) for _, rx in found)


def unread(end):
    """What the proxy has not yet read of what this end sent."""
    return queues(end.stream.getpeername(), end.stream.getsockname())[1]


def stays_unread(end):
    """Whether the proxy leaves something unread for a while."""
    end_of_wait = time.monotonic() + 0.3
    while unread(end):
        if time.monotonic() > end_of_wait:
            return True
        time.sleep(0.001)
    return False


def fill(end):
    """Sends until the proxy leaves something unread, and no more: an end that follows reaches the proxy at once."""
    sent, piece = 0, 256 * 1024
    while not stays_unread(end):
        end.stream.sendall(bytes(piece))
        sent, piece = sent + piece, 32 * 1024
    return sent


def finish_behind(ended, going_on):
    """One side has ended; the other sends more than is read, and ends too. Returns how much that was."""
    half_close(ended)
    check_equal(receive_all(going_on), b"", "bytes before the end")
    sent = fill(going_on)
    going_on.stream.close()
    return sent


def send_whole(end, data):
    """Until the proxy's kernel has all of it. What were still here at a close, an answer to late words would destroy."""
    end.stream.sendall(data)
    left = array.array("i", [len(data)])
    end_of_wait = time.monotonic() + deadline_seconds
    while left[0]:
        check(time.monotonic() < end_of_wait, f"{left[0]} of {len(data)} bytes do not reach the proxy")
        fcntl.ioctl(end.stream, termios.TIOCOUTQ, left)
        time.sleep(0.001)


@case("patience: propagate: two orderly ends behind a reader that pauses cost it no byte")
def pause_before_the_end(lab):
    server = upstream(lab, receive_buffer=small)
    proxy = connect_proxy(lab, ports=(server.port,), half_close="propagate")
    pairs = [open_tunnel(lab, proxy, server, receive_buffer=small) for _ in range(2)]
    first = finish_behind(*pairs[0])
    second = finish_behind(*reversed(pairs[1]))
    let_pass(proxy, longer_than_any_flush)
    check_equal(len(receive_all(pairs[0][0])), first, "bytes at the client")
    check_equal(len(receive_all(pairs[1][1])), second, "bytes at the upstream")


@case("patience: close: a pause behind the end of the other side costs no byte")
def pause_behind_the_end(lab):
    server = upstream(lab, receive_buffer=small)
    proxy = connect_proxy(lab, ports=(server.port,))
    pairs = [open_tunnel(lab, proxy, server, receive_buffer=small) for _ in range(2)]
    readers = pairs[0][0], pairs[1][1]
    senders = pairs[0][1], pairs[1][0]
    counts = [fill(sender) for sender in senders]
    for sender in senders:
        sender.stream.close()
    let_pass(proxy, longer_than_any_flush)
    for end, count in zip(readers, counts):
        check_equal(len(receive_all(end)), count, "bytes at the reader")
        end.stream.close()


@case("patience: a slow reader that sends all the while gets what is outstanding")
def slow_reader(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, ports=(server.port,))
    client, end = open_tunnel(lab, proxy, server, receive_buffer=small)
    data = random_bytes(120000)
    send_whole(end, data)
    end.stream.close()
    got = bytearray()
    for _ in range(14):
        got += client.exactly(min(10000, len(data) - len(got)))
        send_or_fail(client, b"words that nobody reads")
        let_pass(proxy, 0.5)
    got += receive_all(client)
    client.stream.close()
    check_same(got, data, "data of the upstream")


@case("patience: a side that reads nothing is left when the other side was reset")
def reset_and_stuck(lab):
    server = upstream(lab, receive_buffer=small)
    proxy = connect_proxy(lab, ports=(server.port,))
    cost = costs(lab, proxy)
    for way in (0, 1):
        pair = open_tunnel(lab, proxy, server, receive_buffer=small)
        send_until_stuck(pair[way], bytes(16 * megabyte))
        reset(pair[way])
    check_equal(sorted(line["end"] for line in proxy.wait_for_log(2)), ["client_failed", "upstream_failed"],
                "ends in the log")
    cost.check_idle()


@case("patience: a side that reads nothing is left after --idle-seconds when the other side ended")
def ended_and_stuck(lab):
    server = upstream(lab, receive_buffer=small)
    for policy in ("close", "propagate"):
        proxy = connect_proxy(lab, "--idle-seconds", "1", ports=(server.port,), half_close=policy)
        cost = costs(lab, proxy)
        for way in (0, 1):
            pair = open_tunnel(lab, proxy, server, receive_buffer=small)
            fill(pair[way])
            half_close(pair[way])
        ends = {line["end"] for line in proxy.wait_for_log(2)}
        check(ends <= {"timeout", "client_closed", "upstream_closed"}, f"ends in the log: {ends}")
        cost.check_idle()


# Time of the processor

def ticks(proxy):
    """Hundredths of a second that the proxy has computed."""
    with open(f"/proc/{proxy.process.popen.pid}/stat", encoding="ascii") as line:
        fields = line.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 100 // os.sysconf("SC_CLK_TCK")


def check_rests(proxy, what):
    before = ticks(proxy)
    hold(proxy, 1, what)
    spent = ticks(proxy) - before
    check(spent <= 10, f"{what}: the proxy computed for {spent} hundredths of a second in one second")


@case("patience: tunnels in which nothing moves cost no time of the processor")
def rests(lab):
    server = upstream(lab, receive_buffer=small)
    proxy = connect_proxy(lab, "--head-seconds", "60", ports=(server.port,), half_close="propagate")
    open_one = (lambda: open_tunnel(lab, proxy, server, receive_buffer=small))
    reader(lab.connect(proxy.port)).stream.sendall(connect_head(server.name)[:-2])
    for way in (0, 1):
        open_one()
        half_close(open_one()[way])
        send_until_stuck(open_one()[way], bytes(16 * megabyte))
        blocked = open_one()[way]
        fill(blocked)
        half_close(blocked)
        pair = open_one()
        finish_behind(pair[way], pair[1 - way])
    check_rests(proxy, "idle, half closed and blocked tunnels")


@case("patience: a client that has ended or lingers costs no time of the processor")
def rests_before_a_tunnel(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--dial-seconds", "60", "--via", following.name)
    client = ask(lab, proxy, "server.example:443", early=b"early data")
    half_close(client)
    following.accept().head()
    refused = ask(lab, proxy, "127.0.0.1:1")
    check_equal(refused.response().status(), 403, "status")
    check_rests(proxy, "a dialing client that has ended, and a refused one")


# The gateway

def get(end, target, *fields, version="1.1"):
    end.stream.sendall("\r\n".join([f"GET {target} HTTP/{version}", "Host: localhost", *fields, "", ""]).encode())


def wait_for_event(server, connection, event, count=1):
    """Until the gateway has logged that of this client so often."""
    def search():
        lines = [json.loads(line) for line in server.process.err.decode().splitlines()]
        return sum(line["connection"] == connection and line["event"] == event for line in lines) >= count
    with server.process.changed:
        check(server.process.changed.wait_for(search, deadline_seconds), f"no {event!r} of client {connection}")


def stays_in_the_gateway(end, total):
    """Whether the kernel does not take all that the gateway has for this client."""
    here, there = end.stream.getsockname(), end.stream.getpeername()
    end_of_wait = time.monotonic() + 0.3
    while queues(there, here)[0] + queues(here, there)[1] < total:
        if time.monotonic() > end_of_wait:
            return True
        time.sleep(0.001)
    return False


def leave_unread(lab, server, connection, version):
    """A client that has responses unread, so many that the gateway itself holds a part of the last. Returns it, and their
    number."""
    end = reader(connect_small(lab, server.port, small))
    get(end, "/much")
    answer = end.response()
    each, count, last = len(answer.raw) + len(answer.body), 0, False
    while not last:
        last = count > 0 and stays_in_the_gateway(end, count * each)
        get(end, "/much", *["Connection: close"] * last, version=version if last else "1.1")
        count += 1
        wait_for_event(server, connection, "answer", 1 + count)
    check(stays_in_the_gateway(end, count * each), "the kernel took all after all")
    return end, count


@case("patience: the gateway keeps the last response for a client that pauses longer than it would linger")
def pause_before_the_last_response(lab):
    size = 100000  # two of them are less than the gateway holds before it stops to produce more
    lab.file("www/much", bytes(size))
    server = gateway(lab, "--log", "json", root=os.path.join(lab.folder, "www"))
    ways = [("1.1", False), ("1.1", True), ("1.0", False)]
    pausing = []
    for connection, (version, ends) in enumerate(ways, 1):
        pausing.append(leave_unread(lab, server, connection, version))
        if ends:
            half_close(pausing[-1][0])
    for connection in range(len(ways) + 1, len(ways) + 3):  # each of these two lingers for its 2 seconds
        lingering = reader(lab.connect(server.port))
        get(lingering, "/much", "Connection: close")
        check_equal(len(lingering.response().body), size, "content")
        wait_for_event(server, connection, "close")
    for end, count in pausing:
        for _ in range(count):
            check_equal(len(end.response().body), size, "content")
        check_equal(receive_all(end), b"", "bytes after the last response")
