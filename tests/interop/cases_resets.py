"""Resets on either side, at every state of a tunnel. Nothing leaks, and nothing is lost in the log."""

from costs import costs, stopped
from lab import case, check, check_equal
from loads import (ask, check_end, check_established, check_prefix, check_works, connect_head, discard, established,
                   half_close, in_background, join, megabyte, open_tunnel, random_bytes, receive_all, reset,
                   send_or_fail, send_until_stuck, upstream)
from proxies import connect_proxy
from wire import reader

much = random_bytes(16 * megabyte)
small = 8192


class scene:
    """A proxy, an upstream with little help from its kernel, and how many connections there were."""

    def __init__(self, lab, *options, half_close="close"):
        self.lab = lab
        self.server = upstream(lab, receive_buffer=small)
        self.proxy = connect_proxy(lab, *options, ports=(self.server.port, 443), half_close=half_close)
        self.costs = costs(lab, self.proxy)
        self.lines = 0

    def open(self):
        return open_tunnel(self.lab, self.proxy, self.server, receive_buffer=small)

    def check_over(self, *ends):
        """One line with one of these ends or errors, no descriptor left, and the next tunnel works."""
        self.lines += 1
        found = self.proxy.wait_for_log(self.lines)
        check_equal(len(found), self.lines, "lines in the log")
        line = found[-1]
        check(line.get("error", line.get("end")) in ends, f"expected {' or '.join(ends)} in the log, saw {line}")
        self.costs.check_idle()
        if "--via" not in self.proxy.process.argv:
            check_works(self.lab, self.proxy, self.server)
            self.lines += 1
            self.proxy.wait_for_log(self.lines)
        return line


# Before the tunnel stands

@case("resets: a client that resets with half a head sent")
def half_a_head(lab):
    here = scene(lab)
    for part in (b"CON", connect_head(here.server.name)[:-2]):
        for leave, error in ((reset, "peer_closed"), (half_close, "truncated")):
            client = reader(lab.connect(here.proxy.port))
            client.stream.sendall(part)
            leave(client)
            check_equal(here.check_over(error)["event"], "ended", "event in the log")
            client.stream.close()
    here.server.check_untouched("half a CONNECT")


@case("resets: a client that goes without a word leaves no line in the log")
def without_a_word(lab):
    here = scene(lab)
    for leave in (reset, half_close) * 10:
        client = reader(lab.connect(here.proxy.port))
        leave(client)
        if leave is half_close:
            check_end(client, "bytes at the client")
        client.stream.close()
    check_works(lab, here.proxy, here.server)
    here.costs.check_idle()
    check_equal(len(here.proxy.wait_for_log()), 1, "lines in the log")


@case("resets: a client that resets while the next proxy holds its answer")
def while_dialing(lab):
    following = upstream(lab)
    here = scene(lab, "--via", following.name, "--dial-seconds", "60")
    for early in (b"", b"early data"):
        client = ask(lab, here.proxy, "server.example:443", early=early)
        end = following.accept()
        end.head()
        reset(client)
        check_end(end, "bytes at the next proxy")
        end.stream.close()
        check_equal(here.check_over("peer_closed")["event"], "ended", "event in the log")
    client = ask(lab, here.proxy, "server.example:443")
    following.accept().stream.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
    check_established(client)
    check_equal(client.exactly(5), b"hello", "bytes at the next client")


@case("resets: a next proxy that resets while it is asked")
def next_proxy_resets(lab):
    following = upstream(lab)
    here = scene(lab, "--via", following.name)
    for part in (b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nVia: x\r\n"):
        client = ask(lab, here.proxy, "server.example:443", early=b"early data")
        end = following.accept()
        end.head()
        end.stream.sendall(part)
        reset(end)
        check(client.response().status() in (502, 503), "the client gets a 502 or 503")
        check_end(client, "bytes behind the refusal")
        client.stream.close()
        line = here.check_over("upstream_failed", "upstream_unreachable", "next_proxy_refused", "next_proxy_failed")
        check_equal(line["event"], "refused", "event in the log")


# While it stands

@case("resets: right after the 200")
def right_after(lab):
    here = scene(lab)
    for _ in range(10):
        client, end = here.open()
        reset(client)
        check_end(end, "bytes at the upstream")
        end.stream.close()
        here.check_over("client_failed")
        client, end = here.open()
        reset(end)
        check_end(client, "bytes at the client")
        client.stream.close()
        here.check_over("upstream_failed")


@case("resets: an upstream that accepts and resets at once")
def at_once(lab):
    here = scene(lab)
    for _ in range(20):
        client = ask(lab, here.proxy, here.server.name, early=b"early data")
        reset(here.server.accept())
        answer = client.until(b"\r\n\r\n")
        if answer == established:
            check_end(client, "bytes at the client")
        else:
            check_equal(answer[:13], b"HTTP/1.1 503 ", "refusal")
            discard(client)
        client.stream.close()
        here.check_over("upstream_failed", "upstream_unreachable")


def check_reset_in_data(here, sender_resets, from_client):
    """One side sends without end, the other reads. One of them resets after a part."""
    client, end = here.open()
    sender, receiver = (client, end) if from_client else (end, client)
    pumping = in_background(send_or_fail, sender, much)
    seen = receiver.exactly(300000)
    if sender_resets:
        reset(sender)
        check_prefix(seen + receiver.to_the_end_or_reset(), much, "data of the side that reset")
        receiver.stream.close()
    else:
        check_prefix(seen, much, "data at the side that reset")
        reset(receiver)
        discard(sender)
    join(pumping)
    sender.stream.close()
    here.check_over("client_failed" if sender_resets == from_client else "upstream_failed")


@case("resets: in the middle of data, either side, either direction")
def in_data(lab):
    here = scene(lab)
    for sender_resets in (True, False):
        for from_client in (True, False):
            check_reset_in_data(here, sender_resets, from_client)


def check_reset_when_blocked(here, blocked_resets, from_client):
    """One side does not read, so the other can send no more."""
    client, end = here.open()
    sender, idle = (client, end) if from_client else (end, client)
    sent = send_until_stuck(sender, much)
    check(sent < len(much), "the proxy took 16 MB for a side that reads nothing")
    reset(sender if blocked_resets else idle)
    if blocked_resets:
        check_prefix(idle.to_the_end_or_reset(), much, "data of the side that reset")
        idle.stream.close()
    else:
        discard(sender)
        sender.stream.close()
    here.check_over("client_failed" if blocked_resets == from_client else "upstream_failed")


@case("resets: while one side is blocked since the other does not read")
def when_blocked(lab):
    here = scene(lab)
    for blocked_resets in (True, False):
        for from_client in (True, False):
            check_reset_when_blocked(here, blocked_resets, from_client)


def check_reset_in_flush(here, ended_resets, from_client):
    """One side has sent much and ended; the other has not read it yet."""
    client, end = here.open()
    sender, idle = (client, end) if from_client else (end, client)
    data = much[:send_until_stuck(sender, much[:megabyte])]
    half_close(sender)
    reset(sender if ended_resets else idle)
    if ended_resets:
        check_prefix(idle.to_the_end_or_reset(), data, "data of the side that ended")
        idle.stream.close()
    else:
        check_end(sender, "bytes at the side that ended")
        sender.stream.close()
    names = ("client", "upstream") if from_client else ("upstream", "client")
    here.check_over(f"{names[0]}_failed" if ended_resets else f"{names[1]}_failed", f"{names[0]}_closed")


@case("resets: while the data of the side that ended is delivered")
def in_flush(lab):
    for policy in ("close", "propagate"):
        here = scene(lab, half_close=policy)
        for ended_resets in (True, False):
            for from_client in (True, False):
                check_reset_in_flush(here, ended_resets, from_client)


@case("resets: while the proxy discards what stands behind a refusal")
def in_drain(lab):
    here = scene(lab)
    for more in (b"", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"):
        client = ask(lab, here.proxy, "127.0.0.1:1", early=more)
        check_equal(client.response().status(), 403, "status")
        client.stream.sendall(b"more")
        reset(client)
        line = here.check_over("port_denied")
        check_equal((line["event"], line["status"]), ("refused", "403"), "log line")


@case("resets: propagate: the side that goes on resets, or the one that ended")
def after_half_close(lab):
    here = scene(lab, half_close="propagate")
    for from_client in (True, False):
        for ended_resets in (True, False):
            pair = here.open()
            ended, going_on = pair if from_client else reversed(pair)
            half_close(ended)
            check_equal(receive_all(going_on), b"", "bytes before the end")
            going_on.stream.sendall(b"still here")
            check_equal(ended.exactly(10), b"still here", "bytes against the end")
            reset(ended if ended_resets else going_on)
            check_end(going_on if ended_resets else ended, "bytes behind the last ones")
            (going_on if ended_resets else ended).stream.close()
            here.check_over("client_failed" if ended_resets == from_client else "upstream_failed",
                            "client_closed" if from_client else "upstream_closed")


# Both at once

def check_over_soon(here, ends, what):
    """Nobody is left to wait for."""
    here.lines += 1
    found = here.proxy.wait_for_log(here.lines, 2)
    check(found[-1]["end"] in ends, f"{what}: {found[-1]}")
    here.costs.check_idle()


@case("resets: both sides at once, with data that the proxy has not read")
def both_at_once(lab):
    for policy in ("close", "propagate"):
        here = scene(lab, half_close=policy)
        for sizes in ((0, 0), (4000, 0), (0, 4000), (4000, 4000), (100000, 100000)):
            client, end = here.open()
            with stopped(here.proxy):
                for side, size in zip((client, end), sizes):
                    send_until_stuck(side, much[:size])
                    reset(side)
            check_over_soon(here, ("client_failed", "upstream_failed"), f"{sizes} bytes and resets")


@case("resets: one side ends and the other resets at once")
def end_and_reset_at_once(lab):
    for policy in ("close", "propagate"):
        here = scene(lab, half_close=policy)
        for size in (0, 4000, 100000):
            for way in (0, 1):
                pair = here.open()
                with stopped(here.proxy):
                    for side in pair:
                        send_until_stuck(side, much[:size])
                    half_close(pair[way])
                    reset(pair[1 - way])
                check_end(pair[way], "bytes at the side that ended") if size == 0 else discard(pair[way])
                pair[way].stream.close()
                check_over_soon(here, ("client_failed", "upstream_failed", "client_closed", "upstream_closed"),
                                f"{policy}, {size} bytes, an end and a reset")
