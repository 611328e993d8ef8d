"""What stands behind a refused CONNECT is not a request (RFC 9931, section 8)."""

from costs import costs
from lab import case, check, check_equal
from loads import (connect_head, discard, half_close, megabyte, send_or_fail, upstream)
from peers import held_port
from proxies import connect_proxy
from wire import reader

persistence = ([], ["Connection: keep-alive"], ["Connection: keep-alive", "Proxy-Connection: keep-alive"])


class trap:
    """An allowed target that nobody may reach, and the second requests that would reach it."""

    def __init__(self, lab):
        self.server = upstream(lab)
        self.port = self.server.port
        name = self.server.name
        self.requests = {
            "POST": f"POST /upload HTTP/1.1\r\nHost: {name}\r\nContent-Length: 5\r\n\r\nhello".encode(),
            "CONNECT": connect_head(name) + b"early data",
            "GET": f"GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\n\r\n".encode(),
            "CONNECT for somebody else": connect_head(name, "Proxy-Authorization: Basic dXNlcjpwYXNz"),
        }

    def check_untouched(self, what):
        self.server.check_untouched(f"the target of the second request: {what}")


# How the two requests are delivered. Each returns what the client read.

def in_one_write(client, refused, second):
    client.stream.sendall(refused + second)
    return client.to_the_end()


def after_the_answer(client, refused, second):
    client.stream.sendall(refused)
    answer = client.until(b"\r\n\r\n")
    send_or_fail(client, second)
    half_close(client)
    return answer + client.to_the_end()


def after_the_end(client, refused, second):
    client.stream.sendall(refused)
    answer = client.to_the_end()
    send_or_fail(client, second)
    return answer


def byte_by_byte(client, refused, second):
    for byte in refused + second:
        client.stream.sendall(bytes([byte]))
    half_close(client)
    return client.to_the_end()


def across_the_seam(client, refused, second):
    """The write that ends the first head starts the second."""
    client.stream.sendall(refused[:-3])
    client.stream.sendall(refused[-3:] + second[:7])
    send_or_fail(client, second[7:])
    half_close(client)
    return client.to_the_end()


deliveries = (in_one_write, after_the_answer, after_the_end, byte_by_byte, across_the_seam)


def check_one_answer(read, status, what):
    """One whole response with a length, and nothing behind it."""
    head, mark, body = read.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    check(mark and lines[0].startswith(f"HTTP/1.1 {status} "), f"{what}: expected a {status}, read {read!r}")
    check("Connection: close" in lines, f"{what}: no Connection: close in {lines}")
    check(f"Content-Length: {len(body)}" in lines, f"{what}: {len(body)} bytes behind {lines}")
    check_equal(read.count(b"HTTP/1."), 1, f"{what}: responses")


def check_no_second_request(lab, proxy, bait, target, status, error, tries=None):
    """Every refused head, second request and delivery: one answer, one log line, no connection."""
    count = len(proxy.log())
    cost = costs(lab, proxy)
    heads = tries or [connect_head(target, *fields) for fields in persistence]
    for refused in heads:
        for name, second in bait.requests.items():
            for deliver in deliveries:
                what = f"{name}, {deliver.__name__}, behind {refused!r}"
                client = reader(lab.connect(proxy.port))
                check_one_answer(deliver(client, refused, second), status, what)
                client.stream.close()
                count += 1
                line = proxy.wait_for_log(count)[-1]
                check_equal((line["event"], line["status"], line["error"]), ("refused", str(status), error),
                            f"{what}: log line")
                bait.check_untouched(what)
    check_equal(len(proxy.log()), count, "lines in the log")
    cost.check_idle()


@case("smuggling: nothing behind a CONNECT to a denied port is a request")
def denied_port(lab):
    bait = trap(lab)
    proxy = connect_proxy(lab, ports=(bait.port,))
    check_no_second_request(lab, proxy, bait, "127.0.0.1:1", 403, "port_denied")


@case("smuggling: nothing behind a CONNECT to an unknown name is a request")
def unknown_name(lab):
    bait = trap(lab)
    proxy = connect_proxy(lab, ports=(bait.port,))
    target = f"nobody.invalid:{bait.port}"
    check_no_second_request(lab, proxy, bait, target, 502, "name_unresolved", tries=[connect_head(target)])


@case("smuggling: nothing behind a CONNECT that the upstream refuses is a request")
def refused_upstream(lab):
    bait = trap(lab)
    closed = held_port(lab)
    proxy = connect_proxy(lab, ports=(bait.port, closed))
    check_no_second_request(lab, proxy, bait, f"127.0.0.1:{closed}", 503, "upstream_refused")


@case("smuggling: nothing behind a CONNECT without credentials is a request, not even one with them")
def without_credentials(lab):
    bait = trap(lab)
    proxy = connect_proxy(lab, "--auth", "user:pass", ports=(bait.port,))
    check_no_second_request(lab, proxy, bait, bait.server.name, 407, "proxy_authentication_required")


@case("smuggling: nothing behind a CONNECT that the next proxy refuses is a request, here or there")
def next_proxy_refuses(lab):
    bait = trap(lab)
    seen = []
    refusal = b"HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nno\n"

    def refuse(stream):
        http = reader(stream)
        seen.append(http.head())
        stream.sendall(refusal)
        seen.append(http.to_the_end_or_reset())

    proxy = connect_proxy(lab, "--via", f"127.0.0.1:{lab.serve(refuse)}", ports=(bait.port,))
    check_no_second_request(lab, proxy, bait, f"server.example:{bait.port}", 403, "next_proxy_refused")
    heads = [one for one in seen if not isinstance(one, bytes)]
    check_equal({head.first for head in heads}, {f"CONNECT server.example:{bait.port} HTTP/1.1"},
                "requests at the next proxy")
    check_equal({one for one in seen if isinstance(one, bytes)}, {b""}, "bytes at the next proxy behind its refusal")


# Heads that are refused for what they are

def check_bad_heads(lab, status, errors_and_heads):
    bait = trap(lab)
    proxy = connect_proxy(lab, ports=(bait.port,))
    for error, head in errors_and_heads:
        check_no_second_request(lab, proxy, bait, None, status, error, tries=[head(bait.server.name)])


@case("smuggling: a CONNECT that announces content is a 400")
def content(lab):
    fields = {"Content-Length: 5": "content_on_connect",
              "Content-Length: 100": "content_on_connect",
              "Transfer-Encoding: chunked": "content_on_connect",
              "transfer-encoding: identity": "bad_transfer_encoding",
              "Content-Length: 5\r\nTransfer-Encoding: chunked": "length_and_transfer_encoding"}
    check_bad_heads(lab, 400, [(error, lambda name, field=field: connect_head(name, field))
                               for field, error in fields.items()])


@case("smuggling: a CONNECT with two Hosts is a 400")
def two_hosts(lab):
    check_bad_heads(lab, 400, [
        ("repeated_host", lambda name: connect_head(name, f"Host: {name}")),
        ("repeated_host", lambda name: connect_head(name, "Host: other.example")),
    ])


@case("smuggling: another method is a 501, and nothing behind it is a request")
def another_method(lab):
    check_bad_heads(lab, 501, [
        ("not_connect", lambda name: f"GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()),
        ("not_connect", lambda name: f"OPTIONS * HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()),
    ])


@case("smuggling: a long upload behind a refused CONNECT does not cost the client its answer")
def long_upload(lab):
    proxy = connect_proxy(lab)
    upload = b"POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 60000\r\n\r\n" + bytes(60000)
    for deliver in (in_one_write, after_the_answer, across_the_seam):
        for _ in range(20):
            client = reader(lab.connect(proxy.port))
            check_one_answer(deliver(client, connect_head("127.0.0.1:1"), upload), 403, deliver.__name__)
            client.stream.close()
    check_equal({line["error"] for line in proxy.wait_for_log(60)}, {"port_denied"}, "errors in the log")


# The end of the connection

@case("smuggling: a client that stays after a refusal is left after a while")
def stays(lab):
    proxy = connect_proxy(lab)
    cost = costs(lab, proxy)
    client = reader(lab.connect(proxy.port))
    client.stream.sendall(connect_head("127.0.0.1:1"))
    check_one_answer(client.to_the_end(), 403, "refusal")
    check_equal(proxy.wait_for_log()[0]["error"], "port_denied", "log line")
    cost.check_idle()


@case("smuggling: a client that goes on sending after a refusal is cut off")
def goes_on(lab):
    proxy = connect_proxy(lab)
    cost = costs(lab, proxy)
    client = reader(lab.connect(proxy.port))
    client.stream.sendall(connect_head("127.0.0.1:1"))
    check_one_answer(client.to_the_end(), 403, "refusal")
    flood = bytes(64 * megabyte)
    try:
        client.stream.sendall(flood)
        check(False, "the proxy took 64 MB behind a refusal")
    except (BrokenPipeError, ConnectionResetError):
        pass
    cost.check_idle()
    check_equal(proxy.wait_for_log()[0]["error"], "port_denied", "log line")
    discard(client)
