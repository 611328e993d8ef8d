"""Much through one tunnel, many tunnels at once, and many connections to the gateway."""

import concurrent.futures
import os
import random
import resource
import select
import time

from costs import costs
from lab import case, check, check_equal, deadline_seconds
from loads import (ask, check_established, check_same, check_works, drink, half_close, megabyte, meter, open_tunnel,
                   pour, random_bytes, receive_all, upstream)
from peers import few_descriptors, gateway
from proxies import connect_proxy
from wire import reader

gigabyte = 1 << 30
tunnels = 2000


@case("load: a gigabyte each way at once through one tunnel, with pauses")
def gigabyte_each_way(lab):
    seed = random.SystemRandom().randrange(1 << 32)
    lab.note(f"seed {seed}")
    server = upstream(lab)
    proxy = connect_proxy(lab, ports=(server.port,))
    cost = costs(lab, proxy)
    check_works(lab, proxy, server)
    client, end = open_tunnel(lab, proxy, server)
    begin = time.monotonic()
    progress = meter(cost.memory)
    blocks = [memoryview(random_bytes(16 * megabyte + way, seed + way)) for way in (0, 1)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(pour, side, blocks[way], gigabyte, seed + 2 + way)
                for way, side in enumerate((client, end))]
        read = [pool.submit(drink, side, gigabyte, seed + 4 + way, way, progress)
                for way, side in enumerate((end, client))]
        for way in (0, 1):
            check_equal(f"{read[way].result():08x}", f"{sent[way].result():08x}", f"checksum of direction {way}")
    lab.note(f"{progress.pauses} pauses, {len(progress.samples)} samples, {time.monotonic() - begin:.1f} s")
    half_close(client)
    check_equal((receive_all(end), receive_all(client)), (b"", b""), "bytes behind the last ones")
    client.stream.close()
    end.stream.close()
    line = proxy.wait_for_log(2)[1]
    check_equal((line["to_upstream"], line["to_client"], line["end"]),
                (str(gigabyte), str(gigabyte), "client_closed"), "log line")
    cost.check_memory(8 * megabyte, *progress.samples)
    cost.check_idle()


def allow_descriptors(count):
    """Both ends of every tunnel live here, and the proxy inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(hard == resource.RLIM_INFINITY or hard >= count,
          f"this needs {count} descriptors, the hard limit is {hard}: see ulimit -Hn")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def words(side, number):
    """A message of its own for each tunnel and direction, with a length of its own."""
    return b"%s %d " % (side, number) + random_bytes(100 + number % 1000, number)


def open_many(lab, proxy, server):
    """All clients ask before the first is answered. The pairs belong together by what they say."""
    clients = [ask(lab, proxy, server.name, early=b"client %d\n" % number) for number in range(tunnels)]
    ends = {}
    for _ in clients:
        end = server.accept()
        name = end.until(b"\n")
        check(name not in ends, f"{name!r} came twice")
        ends[name] = end
    for client in clients:
        check_established(client)
    return [(client, ends[b"client %d\n" % number]) for number, client in enumerate(clients)]


def exchange_all(pairs):
    for number, (client, end) in enumerate(pairs):
        client.stream.sendall(words(b"up", number))
        end.stream.sendall(words(b"down", number))
    for number, (client, end) in enumerate(pairs):
        up, down = words(b"up", number), words(b"down", number)
        check_equal(end.exactly(len(up)), up, f"bytes at upstream {number}")
        check_equal(client.exactly(len(down)), down, f"bytes at client {number}")


def close_all(pairs):
    """Every second one by the client, the others by the upstream."""
    for number, pair in enumerate(pairs):
        pair[number % 2].stream.close()
    for number, pair in enumerate(pairs):
        other = pair[1 - number % 2]
        check_equal(other.to_the_end(), b"", f"bytes behind the last ones of tunnel {number}")
        other.stream.close()


def check_many_lines(lines):
    """One line for each tunnel, with its own counts."""
    wanted = [(2 * len(words(b"up", n)) + len(b"client %d\n" % n), 2 * len(words(b"down", n))) for n in range(tunnels)]
    seen = [(int(line["to_upstream"]), int(line["to_client"])) for line in lines]
    check(sorted(seen) == sorted(wanted), "the counts in the log are not those of the tunnels")
    check_equal(len({line["connection"] for line in lines}), len(lines), "different connection numbers in the log")
    ends = [line["end"] for line in lines]
    check_equal({end: ends.count(end) for end in set(ends)},
                {"client_closed": tunnels // 2, "upstream_closed": tunnels // 2}, "ends in the log")


def round_of_many(lab, proxy, server, cost):
    """Returns the memory of the proxy while all tunnels are open."""
    before = len(proxy.log())
    pairs = open_many(lab, proxy, server)
    exchange_all(pairs)
    exchange_all(pairs)
    memory, descriptors = cost.memory(), cost.descriptors()
    lab.note(f"all open: {descriptors} descriptors of the proxy, {memory >> 10} KiB of memory")
    close_all(pairs)
    check_many_lines(proxy.wait_for_log(before + tunnels, 2 * deadline_seconds)[before:])
    cost.check_idle()
    lab.note(f"all closed: {cost.descriptors()} descriptors of the proxy, {cost.memory() >> 10} KiB of memory")
    return memory


@case("load: 2000 tunnels at once, each with its own words both ways")
def many_tunnels(lab):
    allow_descriptors(2 * tunnels + 500)
    server = upstream(lab, backlog=4096)
    proxy = connect_proxy(lab, ports=(server.port,))
    cost = costs(lab, proxy)
    check_works(lab, proxy, server)
    proxy.wait_for_log(1)
    first, second = [round_of_many(lab, proxy, server, cost) for _ in range(2)]
    cost.check_memory(64 * megabyte, first, second)
    check(cost.sanitized() or second <= first + 4 * megabyte,
          f"memory of the proxy grew from {first} to {second} bytes")
    check_works(lab, proxy, server)
    proxy.wait_for_log(2 * tunnels + 2)


def get(http, target, wanted):
    http.stream.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)
    answer = http.response()
    check_equal(answer.status(), 200, "status")
    check_same(answer.body, wanted, "content")


def readable(stream):
    """Whether something came. The case beside this one may have all the descriptors that `select` takes."""
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    return bool(poller.poll(0))


@case("load: who comes to a full gateway waits, and is served when somebody has gone")
def full_gateway(lab):
    lab.file("www/page", b"a page\n")
    front = gateway(lab, "--connections", 2, root=os.path.join(lab.folder, "www"))
    cost = costs(lab, front)
    inside = [reader(lab.connect(front.port)) for _ in range(2)]
    for one in inside:
        get(one, b"/page", b"a page\n")
    late = reader(lab.connect(front.port))
    late.stream.sendall(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for _ in range(20):
        for one in inside:
            get(one, b"/page", b"a page\n")
    check(not readable(late.stream), "the third connection was served")
    inside[0].stream.close()
    check_equal(late.response().body, b"a page\n", "content for who waited")
    get(inside[1], b"/page", b"a page\n")
    for one in (inside[1], late):
        one.stream.close()
    cost.check_idle()


@case("load: 600 connections to the gateway, and what each costs when it rests after a large response")
def resting(lab):
    count = 600
    content = random_bytes(200_000)
    lab.file("www/large", content)
    allow_descriptors(count + 500)
    front = gateway(lab, "--connections", count, root=os.path.join(lab.folder, "www"), namespace=few_descriptors())
    cost = costs(lab, front)
    resting_ones = [reader(lab.connect(front.port)) for _ in range(count)]
    for one in resting_ones:
        get(one, b"/large", content)
    cost.check_memory(16 * megabyte, cost.memory())
    for one in resting_ones:
        one.stream.close()
    cost.check_idle()
