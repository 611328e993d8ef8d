"""Tunnels: who speaks first, early data, and what the end of one side means."""

from lab import case, check_equal, deadline_seconds
from loads import (ask, check_established, check_same, check_works, connect_head, discard, established, half_close,
                   in_background, join, megabyte, open_tunnel, random_bytes, receive_all, send_or_fail,
                   send_until_stuck, upstream)
from proxies import connect_proxy
from wire import reader

banner = b"220 mail.example ESMTP ready\r\n"


# A server that speaks first

def check_banner(lab, proxy, target, words):
    """The banner stands behind the head, whole, and nothing behind it."""
    client = ask(lab, proxy, target)
    check_equal(client.exactly(len(established + words)), established + words, "bytes at the client")
    half_close(client)
    check_equal(client.to_the_end(), b"", "bytes behind the banner")
    client.stream.close()


def speaks_at_once(words):
    """For lab.serve: sends the words the instant it accepts."""
    def speak(stream):
        stream.sendall(words)
        reader(stream).to_the_end_or_reset()
    return speak


@case("tunnel: a banner that comes at once stands behind the 200, whole")
def banner_at_once(lab):
    long_banner = banner + random_bytes(100000)
    ports = {words: lab.serve(speaks_at_once(words)) for words in (banner, long_banner)}
    proxy = connect_proxy(lab, ports=ports.values())
    for words, port in list(ports.items()) * 50:
        check_banner(lab, proxy, f"127.0.0.1:{port}", words)
    lines = sorted(proxy.wait_for_log(100), key=lambda line: line["connection"])
    for line, words in zip(lines, list(ports) * 50):
        check_equal((line["to_client"], line["end"]), (str(len(words)), "client_closed"), "log line")


@case("tunnel: a banner through two proxies stands behind one 200")
def banner_through_two(lab):
    port = lab.serve(speaks_at_once(banner))
    second = connect_proxy(lab, ports=(port,), name="second proxy")
    first = connect_proxy(lab, "--via", second.address, ports=(port,), name="first proxy")
    for _ in range(50):
        check_banner(lab, first, f"127.0.0.1:{port}", banner)
    check_equal(first.wait_for_log(50)[-1]["to_client"], str(len(banner)), "bytes to the client")
    second.wait_for_log(50)


@case("tunnel: a banner in one write with the next proxy's 200 stands behind our 200")
def banner_behind_next_head(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--via", following.name)
    client = ask(lab, proxy, "mail.example:443")
    end = following.accept()
    end.head()
    end.stream.sendall(b"HTTP/1.1 200 Fine\r\nVia: 1.1 next\r\n\r\n" + banner)
    check_equal(client.exactly(len(established + banner)), established + banner, "bytes at the client")
    end.stream.close()
    check_equal(client.to_the_end(), b"", "bytes behind the banner")
    client.stream.close()


@case("tunnel: an upstream that speaks and goes at once is heard")
def banner_and_gone(lab):
    port = lab.serve(lambda stream: stream.sendall(banner))
    proxy = connect_proxy(lab, ports=(port,))
    for _ in range(50):
        client = ask(lab, proxy, f"127.0.0.1:{port}")
        check_equal(client.to_the_end(), established + banner, "bytes at the client")
        client.stream.close()
    for line in proxy.wait_for_log(50):
        check_equal((line["to_client"], line["end"]), (str(len(banner)), "upstream_closed"), "log line")


# Early data

@case("early data: what came with the head reaches the upstream once, in order")
def early(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, ports=(server.port,))
    for size in (1, 17, 4096, 16384, 70000):
        data = random_bytes(size + 9, size)
        client, end = open_tunnel(lab, proxy, server, early=data[:-9])
        client.stream.sendall(data[-9:])
        half_close(client)
        check_same(receive_all(end), data, f"{size} early bytes and 9 later ones arrive")
        end.stream.close()
        check_equal(client.to_the_end(), b"", "bytes at the client")
    lines = sorted(proxy.wait_for_log(5), key=lambda line: line["connection"])
    check_equal([line["to_upstream"] for line in lines], ["10", "26", "4105", "16393", "70009"],
                "bytes to the upstream")


def check_silent(lab, proxy, end):
    """The proxy has served others since, and still sent nothing."""
    for _ in range(3):
        other = ask(lab, proxy, "127.0.0.1:1")
        check_equal(other.response().status(), 403, "answer to another client")
        other.stream.close()
    end.stream.setblocking(False)
    try:
        check_equal(end.stream.recv(100), None, "bytes before the 200")
    except BlockingIOError:
        pass
    end.stream.settimeout(deadline_seconds)
    check_equal(end.held, b"", "bytes behind the CONNECT")


@case("early data: the next proxy gets none of it before its 200")
def early_waits(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--via", following.name)
    data = random_bytes(30000)
    client = ask(lab, proxy, "server.example:443", early=data[:20000])
    end = following.accept()
    check_equal(end.head().first, "CONNECT server.example:443 HTTP/1.1", "request to the next proxy")
    client.stream.sendall(data[20000:])
    check_silent(lab, proxy, end)
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: yes\r\n\r":
        end.stream.sendall(bytes([byte]))
    check_silent(lab, proxy, end)
    end.stream.sendall(b"\n")
    check_established(client)
    half_close(client)
    check_same(receive_all(end), data, "all of it arrives")
    end.stream.close()


@case("early data: when the next proxy refuses, nobody gets it")
def early_refused(lab):
    following = upstream(lab)
    proxy = connect_proxy(lab, "--via", following.name)
    for status in (403, 503):
        client = ask(lab, proxy, "server.example:443", early=b"GET /secret HTTP/1.1\r\nHost: server.example\r\n\r\n")
        end = following.accept()
        end.head()
        end.stream.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 3\r\n\r\nno\n" % status)
        check_equal(end.to_the_end_or_reset(), b"", "bytes at the next proxy behind its refusal")
        check_equal(client.response().status(), status, "status")
        check_equal(client.to_the_end(), b"", "bytes behind the refusal")
        client.stream.close()
    check_equal([(line["error"], line["status"]) for line in proxy.wait_for_log(2)],
                [("next_proxy_refused", "403"), ("next_proxy_refused", "503")], "log")


@case("early data: a client that sends all and ends before the upstream stands is served")
def early_and_end(lab):
    following = upstream(lab)
    for policy in ("close", "propagate"):
        proxy = connect_proxy(lab, "--via", following.name, half_close=policy)
        client = ask(lab, proxy, "server.example:443", early=b"ping")
        half_close(client)
        end = following.accept()
        end.head()
        end.stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        check_equal(end.to_the_end(), b"ping", "bytes at the upstream")
        answer = b"pong" if policy == "propagate" else b""
        send_or_fail(end, answer)
        end.stream.close()
        check_equal(client.to_the_end(), established + answer, "bytes at the client")


# Half-close, policy "close"

@case("half-close close: a client that ends while the upstream still sends has all its data delivered")
def close_by_client(lab):
    server = upstream(lab, receive_buffer=8192)
    proxy = connect_proxy(lab, ports=(server.port,))
    client, end = open_tunnel(lab, proxy, server)
    data = random_bytes(4 * megabyte)
    sending = in_background(send_or_fail, end, random_bytes(64 * megabyte, 2))
    sent = send_until_stuck(client, data)
    rest = in_background(lambda: (send_or_fail(client, data[sent:]), half_close(client)))
    check_same(receive_all(end), data, "all of the client's data arrives")
    discard(client)
    join(sending, rest)
    line = proxy.wait_for_log()[0]
    check_equal((line["to_upstream"], line["end"]), (str(len(data)), "client_closed"), "log line")


@case("half-close close: an upstream that sends 4 MB and closes is heard to the end by a slow client")
def close_by_upstream(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, ports=(server.port,))
    client, end = open_tunnel(lab, proxy, server, receive_buffer=8192)
    data = random_bytes(4 * megabyte)
    sent = send_until_stuck(end, data)
    rest = in_background(lambda: (send_or_fail(end, data[sent:]), end.stream.close()))
    check_same(receive_all(client), data, "all 4 MB arrive")
    join(rest)
    client.stream.close()
    line = proxy.wait_for_log()[0]
    check_equal((line["to_client"], line["end"]), (str(len(data)), "upstream_closed"), "log line")
    check_works(lab, proxy, server)


# Half-close, policy "propagate"

def check_answer_after_end(asking, answering):
    """One side asks and ends; the other reads to the end, and then answers with 4 MB."""
    question, answer = random_bytes(300000, 3), random_bytes(4 * megabyte, 4)
    asking.stream.sendall(question)
    half_close(asking)
    check_same(receive_all(answering), question, "the question arrives")
    rest = in_background(lambda: (send_or_fail(answering, answer), answering.stream.close()))
    check_same(receive_all(asking), answer, "the answer arrives")
    join(rest)
    asking.stream.close()
    return str(len(question)), str(len(answer))


@case("half-close propagate: a client that ended gets the whole answer")
def propagate_from_client(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, ports=(server.port,), half_close="propagate")
    client, end = open_tunnel(lab, proxy, server, receive_buffer=8192)
    up, down = check_answer_after_end(client, end)
    line = proxy.wait_for_log()[0]
    check_equal((line["to_upstream"], line["to_client"]), (up, down), "log line")


@case("half-close propagate: an upstream that ended gets what the client still sends")
def propagate_from_upstream(lab):
    server = upstream(lab, receive_buffer=8192)
    proxy = connect_proxy(lab, ports=(server.port,), half_close="propagate")
    client, end = open_tunnel(lab, proxy, server)
    down, up = check_answer_after_end(end, client)
    line = proxy.wait_for_log()[0]
    check_equal((line["to_upstream"], line["to_client"]), (up, down), "log line")


@case("half-close propagate: the end passes through two proxies")
def propagate_through_two(lab):
    server = upstream(lab)
    second = connect_proxy(lab, ports=(server.port,), half_close="propagate", name="second proxy")
    first = connect_proxy(lab, "--via", second.address, ports=(server.port,), half_close="propagate",
                          name="first proxy")
    for ends_first in (0, 1):
        both = open_tunnel(lab, first, server)
        check_answer_after_end(both[ends_first], both[1 - ends_first])


@case("a tunnel carries what looks like HTTP as it is")
def opaque(lab):
    server = upstream(lab)
    proxy = connect_proxy(lab, ports=(server.port,))
    request = (b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
               + connect_head(server.name) + b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    answer = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + established
    client, end = open_tunnel(lab, proxy, server, early=request)
    client.stream.sendall(request)
    check_equal(end.exactly(2 * len(request)), 2 * request, "bytes at the upstream")
    end.stream.sendall(answer)
    end.stream.close()
    check_equal(client.to_the_end(), answer, "bytes at the client")
    client.stream.close()
    server.check_untouched("a CONNECT inside the tunnel")
