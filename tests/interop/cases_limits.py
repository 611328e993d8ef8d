"""Limits of the proxy, and how it stops."""

import socket

from costs import costs, until_holds
from lab import case, check, check_equal
from loads import (ask, check_end, check_established, check_same, check_works, connect_head, half_close,
                   in_background, join, megabyte, open_tunnel, random_bytes, receive_all, send_or_fail,
                   upstream)
from proxies import connect_proxy
from wire import reader


def check_refused(client, status, what="status"):
    """One refusal that says how long it is and that it is the last word, and the end."""
    answer = client.response()
    check_equal(answer.status(), status, what)
    check_equal(answer.members("connection"), ["close"], "Connection of the refusal")
    check_equal(answer.get("content-length"), str(len(answer.body)), "Content-Length of the refusal")
    check(answer.get("content-type", "").startswith("text/plain") and answer.body, "the refusal is a sentence")
    check_equal(client.to_the_end(), b"", "bytes behind the refusal")
    client.stream.close()


def check_line(line, **wanted):
    check_equal({name: line.get(name) for name in wanted}, wanted, f"log line {line}")


# Limits

@case("limits: one connection more than allowed gets a 503, and there is room when one has gone")
def connections(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, "--connections", "3", ports=(server.port,))
    cost = costs(lab, proxy)
    pairs = [open_tunnel(lab, proxy, server) for _ in range(3)]
    for count in (1, 2):
        check_refused(ask(lab, proxy, server.name), 503)
        check_line(proxy.wait_for_log(count)[-1], event="refused", status="503", error="too_many_connections")
    server.check_untouched("the connection that is one too many")
    for client, end in pairs:
        client.stream.sendall(b"still here")
        check_equal(end.exactly(10), b"still here", "bytes of the open tunnels")
    pairs[0][0].stream.close()
    check_end(pairs[0][1], "bytes behind the last ones")
    pairs[0][1].stream.close()
    proxy.wait_for_log(3)
    check_works(lab, proxy, server)
    for end in pairs[1] + pairs[2]:
        end.stream.close()
    proxy.wait_for_log(6)
    cost.check_idle()


@case("limits: half a head in time is a 408")
def head_seconds(lab):
    proxy = connect_proxy(lab, "--head-seconds", "1")
    for part in (b"CONNECT server.example:443 HT", connect_head("server.example:443")[:-2]):
        client = reader(lab.connect(proxy.port))
        client.stream.sendall(part)
        check_refused(client, 408)
    for line in proxy.wait_for_log(2):
        check_line(line, event="refused", status="408")


@case("limits: an idle tunnel ends, a busy one goes on")
def idle_seconds(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, "--idle-seconds", "1", ports=(server.port,))
    cost = costs(lab, proxy)
    busy_client, busy_end = open_tunnel(lab, proxy, server)
    for speaker in (0, 1):
        pair = open_tunnel(lab, proxy, server)
        pair[speaker].stream.sendall(b"words")
        check_equal(pair[1 - speaker].exactly(5), b"words", "bytes before the silence")
        for end in pair:
            while not over_now(end):
                busy_client.stream.sendall(b"x")
                check_equal(busy_end.exactly(1), b"x", "bytes of the busy tunnel")
            end.stream.close()
        check_line(proxy.wait_for_log(speaker + 1)[-1], event="tunnel", end="timeout")
    busy_client.stream.close()
    check_equal(busy_end.to_the_end(), b"", "bytes behind the last ones")
    busy_end.stream.close()
    check_line(proxy.wait_for_log(3)[-1], end="client_closed")
    cost.check_idle()


def over_now(end):
    """Waits a moment for the end of the stream."""
    end.stream.settimeout(0.1)
    try:
        check_equal(end.stream.recv(1), b"", "bytes in the silence")
        return True
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@case("limits: a next proxy that never answers is a 504")
def dial_seconds(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--dial-seconds", "1", "--via", following.name)
    for part in (b"", b"HTTP/1.1 200 OK\r\nX-Slow: yes\r\n"):
        client = ask(lab, proxy, "server.example:443", early=b"early data")
        end = following.accept()
        check_equal(end.head().target(), "server.example:443", "target")
        end.stream.sendall(part)
        check_refused(client, 504)
        check_end(end, "bytes behind the CONNECT")
    for line in proxy.wait_for_log(2):
        check_line(line, event="refused", status="504", error="upstream_timeout")


def full_backlog(lab):
    """A server whose queue is full: who comes now has to wait."""
    server = upstream(lab, backlog=0)
    waiting = []
    for _ in range(3):
        stream = lab.keep(socket.socket())
        stream.setblocking(False)
        stream.connect_ex(("127.0.0.1", server.port))
        waiting.append(stream)
    return server, waiting


@case("limits: an upstream that does not take the connection is a 504")
def dial_seconds_direct(lab):
    server, _ = full_backlog(lab)
    proxy = connect_proxy(lab, "--dial-seconds", "1", ports=(server.port,))
    check_refused(ask(lab, proxy, server.name, early=b"early data"), 504)
    check_line(proxy.wait_for_log()[0], event="refused", status="504", error="upstream_timeout")


@case("limits: an upstream that takes the connection late gets the early data once")
def dial_slowly(lab):
    server, waiting = full_backlog(lab)
    proxy = connect_proxy(lab, ports=(server.port,))
    before = connecting(server.port)
    client = ask(lab, proxy, server.name, early=b"early data")
    until_holds(lambda: connecting(server.port) > before, "the proxy to dial")
    for stream in waiting:
        stream.close()
    server.accept()
    check_established(client)
    client.stream.sendall(b" and more")
    half_close(client)
    end = first_words(server)
    check_equal(end.held, b"early data and more", "bytes at the upstream")
    end.stream.close()


def first_words(server):
    """The first connection that says something, with all that it says."""
    while True:
        end = server.accept()
        end.held = end.to_the_end_or_reset()
        if end.held:
            return end


def connecting(port):
    """Sockets of this machine that still dial that port."""
    syn_sent = "02"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == syn_sent for row in rows)


# The end

def stop(lab, proxy):
    """SIGTERM. From now on the case looks after the end of the process."""
    lab.gateways.remove(proxy)
    proxy.process.popen.terminate()


def refuses_new(lab, proxy):
    try:
        with socket.create_connection(("127.0.0.1", proxy.port), 5):
            return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False


@case("stop: a tunnel finishes, new connections are refused, the status is 0")
def stop_with_tunnel(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, "--stop-seconds", "60", ports=(server.port,))
    client, end = open_tunnel(lab, proxy, server)
    stop(lab, proxy)
    until_holds(lambda: refuses_new(lab, proxy), "the proxy to stop listening")
    data = random_bytes(8 * megabyte)
    sending = in_background(lambda: (send_or_fail(client, data), half_close(client)))
    end.stream.sendall(b"answer")
    check_equal(client.exactly(6), b"answer", "bytes at the client")
    check_same(receive_all(end), data, "bytes at the upstream")
    end.stream.close()
    join(sending)
    check_equal(proxy.process.wait(), 0, "exit status")
    tunnels = [line for line in proxy.log() if line["event"] == "tunnel"]
    check_equal(len(tunnels), 1, "tunnels in the log")
    check_line(tunnels[0], to_upstream=str(len(data)), to_client="6", end="client_closed")


@case("stop: an idle tunnel is ended after --stop-seconds, the status is 0")
def stop_with_idle_tunnel(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, "--stop-seconds", "1", ports=(server.port,))
    pairs = [open_tunnel(lab, proxy, server) for _ in range(3)]
    stop(lab, proxy)
    for client, end in pairs:
        check_end(client, "bytes at the client")
        check_end(end, "bytes at the upstream")
    check_equal(proxy.process.wait(), 0, "exit status")
    for line in proxy.wait_for_log(3):
        check_line(line, event="tunnel", end="aborted", to_upstream="0", to_client="0")


@case("stop: a client that waits for its tunnel still gets it")
def stop_while_dialing(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--stop-seconds", "60", "--via", following.name)
    client = ask(lab, proxy, "server.example:443", early=b"early data")
    end = following.accept()
    end.head()
    stop(lab, proxy)
    until_holds(lambda: refuses_new(lab, proxy), "the proxy to stop listening")
    end.stream.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
    check_established(client)
    check_equal(client.exactly(5), b"hello", "bytes at the client")
    half_close(client)
    check_equal(end.to_the_end(), b"early data", "bytes at the upstream")
    end.stream.close()
    check_equal(proxy.process.wait(), 0, "exit status")


@case("stop: a second signal ends at once")
def stop_twice(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, "--stop-seconds", "600", ports=(server.port,))
    client, end = open_tunnel(lab, proxy, server)
    stop(lab, proxy)
    until_holds(lambda: refuses_new(lab, proxy), "the proxy to stop listening")
    proxy.process.popen.terminate()
    check_end(client, "bytes at the client")
    check_end(end, "bytes at the upstream")
    proxy.process.wait()
    tunnels = [line for line in proxy.wait_for_log() if line["event"] == "tunnel"]
    check_equal([line["end"] for line in tunnels], ["aborted"], "ends in the log")


@case("stop: an idle proxy ends at once")
def stop_idle(lab):
    proxy = connect_proxy(lab, "--stop-seconds", "600")
    stop(lab, proxy)
    check_equal(proxy.process.wait(), 0, "exit status")
    check_equal(proxy.log(), [], "log")
