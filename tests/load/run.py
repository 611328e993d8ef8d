#!/usr/bin/env python3
"""gateway and proxy under load, in front of nginx: 100 to 2000 connections, no error, flat memory.

    meson setup build -Dbench=true && meson compile -C build && python3 tests/load/run.py --seconds 20

Needs root, nginx, wrk and h2load: see tests/install.sh. wrk and h2load load gateway in clear. They know neither an
upgrade nor CONNECT: what goes through these comes from crowd.py, which looks at each octet of each response.

What fails a scenario: any error that a client sees, a response that is not the one that was asked for, a connection
that is never answered, memory that grows (watch.py says what that is), a descriptor that stays when all is closed, an
exit status after SIGTERM other than 0. How fast it goes fails nothing. The programs start with a limit of 1024
descriptors, and have to raise it themselves.

The last line is "N passed, N failed". The exit status is 0 when none failed and at least one passed.
"""

import argparse
import contextlib
import functools
import os
import re
import resource
import signal
import statistics
import sys
import time
import traceback

sys.dont_write_bytecode = True
folder = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [folder, os.path.join(folder, "../interop")]

import expected  # noqa: E402
import peers  # noqa: E402
from crowd import crowd, direct, large, large_every, small, through_connect, upgraded  # noqa: E402
from lab import check, check_equal, failure, lab, show  # noqa: E402
from proxies import connect_proxy  # noqa: E402
from watch import watch  # noqa: E402

most = 2000
sizes = ((100, 2), (500, 2), (most, 3))  # connections, and the share of the seconds
needed_descriptors = 5 * most  # of the load, and of the bare relay
slices = 6
scenarios = []


def scenario(name, share):
    """Registers a function as a scenario. It gets a site, and its share of the seconds."""
    def register(function):
        scenarios.append((name, share, function))
        return function
    return register


# The site

class site:
    """nginx with a small and a large file, which keeps its connections."""

    def __init__(self, place, bare):
        self.lab = place
        self.bare = bare
        self.files = {small: b"a small file\n" * 20, large: os.urandom(65536)}
        self.server = peers.nginx(place, connections=8192, more="""
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    open_file_cache max=16;
""")
        for name, content in self.files.items():
            place.file("nginx/www" + name, content)
        self.address = f"127.0.0.1:{self.server.port}"

    def gateway(self):
        return peers.gateway(self.lab, "--connections", most + 16, backend=self.server.port,
                             namespace=peers.few_descriptors())

    def proxy(self):
        return connect_proxy(self.lab, ports=(self.server.port,), namespace=peers.few_descriptors())

    def bare_relay(self):
        return bare_relay(self.lab, self.bare, self.address)


class bare_relay:
    """bench/bare_relay.cpp, on the way to somebody."""

    def __init__(self, place, path, to):
        self.process = place.start([path, "--listen", "127.0.0.1:0", "--to", to])
        self.port = int(self.process.wait_for(expected.listening)[1])


# Words

def kib(size):
    return f"{size >> 10} KiB"


def say(what, connections, requests, errors, seen, seconds):
    thirds = ", ".join(kib(each) for each in seen.thirds())
    print(f"    {what}: {connections} connections, {requests} requests, {errors} errors, "
          f"memory {kib(seen.costs.idle_memory)} when idle, at most {thirds} in the thirds of the run, "
          f"CPU {1000 * seen.seconds / max(requests, 1):.4f} s per 1000 requests, "
          f"{requests / seconds:.0f} requests a second", flush=True)


def check_faults(*crowds):
    faults = [each for one in crowds for each in one.faults]
    check(not faults, f"{len(faults)} errors: " + "; ".join(faults[:10]))


# gateway in clear

mixture = f"""
local count = 0
request = function()
    count = count + 1
    return wrk.format("GET", count % {large_every} == 0 and "{large}" or "{small}")
end
"""


def wrk(here, port, connections, seconds):
    """How many requests were answered: all of them, or this fails."""
    seconds = max(round(seconds), 1)
    script = here.lab.file("mixture.lua", mixture)
    done = here.lab.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", script,
                          f"http://127.0.0.1:{port}"], seconds=seconds + 120)
    text = done.out.decode()
    check_equal(done.status, 0, "exit status of wrk")
    check("Socket errors" not in text and "Non-2xx" not in text, f"wrk saw errors:\n{text}")
    found = re.search(r"(\d+) requests in", text)
    check(found and int(found[1]) > 0, f"wrk made no request:\n{text}")
    return int(found[1])


def h2load(here, port, connections, each):
    """So many requests on each connection, every one of which has to be answered."""
    wanted = connections * each
    done = here.lab.run(["h2load", "--h1", "-t1", f"-n{wanted}", f"-c{connections}", "-m1",
                          f"http://127.0.0.1:{port}{small}", f"http://127.0.0.1:{port}{large}"], seconds=180)
    text = done.out.decode()
    check_equal(done.status, 0, "exit status of h2load")
    check(f"requests: {wanted} total, {wanted} started, {wanted} done, {wanted} succeeded, 0 failed, 0 errored, "
          f"0 timeout\nstatus codes: {wanted} 2xx, 0 3xx, 0 4xx, 0 5xx\n" in text, f"h2load saw errors:\n{text}")
    content = wanted // 2 * sum(map(len, here.files.values()))
    check(f"({content}) data" in text, f"h2load did not get {content} octets of content:\n{text}")


def all_at_once(here, port, connections):
    """Each is answered while all the others stay: nobody waits for somebody else to go."""
    many = crowd(port, connections, direct, here.files)
    with contextlib.closing(many):
        many.open()
        many.drive(0)
        check_faults(many)


def in_clear(connections, here, seconds):
    front = here.gateway()
    seen = watch(here.lab, front)
    h2load(here, front.port, connections, 2)  # all ask for the large file at once: no moment needs more memory
    all_at_once(here, front.port, connections)
    with seen:
        begin = time.monotonic()
        requests = wrk(here, front.port, connections, seconds)
        took = time.monotonic() - begin
    say("wrk", connections, requests, 0, seen, took)
    seen.check_flat(connections)
    seen.costs.check_idle()


for size, share in sizes:
    scenario(f"gateway in clear, {size} connections", share)(functools.partial(in_clear, size))


# gateway after the upgrade, and proxy

def drive(here, owner, what, way, connections, seconds):
    """A crowd against the owner, with all its checks."""
    with contextlib.ExitStack() as closing:
        seen = watch(here.lab, owner)
        many = crowd(owner.port, connections, way, here.files)
        closing.callback(many.close)
        many.open()
        check_faults(many)
        with seen:
            begin = time.monotonic()
            requests = many.drive(seconds)
            took = time.monotonic() - begin
        say(what, connections, requests, len(many.faults), seen, took)
        check_faults(many)
        check_equal(len(many.all), connections, "connections at the end")
        seen.check_flat(connections)
    seen.costs.check_idle()


@scenario("gateway inside TLS, 300 upgraded connections", 3)
def inside_tls(here, seconds):
    drive(here, here.gateway(), "upgraded", upgraded(here.lab.certificate.file), 300, seconds)


def tunnels(connections, here, seconds):
    front = here.proxy()
    drive(here, front, "tunnels", through_connect(here.address), connections, seconds)
    lines = front.wait_for_log(connections, 60)
    ends = [line.get("end") for line in lines]
    check_equal({end: ends.count(end) for end in set(ends)}, {"client_closed": connections}, "ends in the log")


for size, share in sizes:
    scenario(f"proxy, {size} tunnels", share)(functools.partial(tunnels, size))


# proxy against the bare relay

@scenario("proxy and the bare relay, 500 connections through each", 3)
def against_bare(here, seconds):
    """Slices of the same load through the one and the other, in turn; the ratio is told and not judged."""
    count = 500
    owners = (here.proxy(), here.bare_relay())
    ways = (through_connect(here.address), direct)
    spent = ([], [])
    with contextlib.ExitStack() as closing:
        meters = [watch(here.lab, owner) for owner in owners]
        crowds = [crowd(owner.port, count, way, here.files) for owner, way in zip(owners, ways)]
        for many in crowds:
            closing.callback(many.close)
            many.open()
            many.drive(0)
        check_faults(*crowds)
        for turn in range(slices):
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                before = meters[which].cpu()
                requests = crowds[which].drive(seconds / slices / 2)
                spent[which].append(1000 * (meters[which].cpu() - before) / max(requests, 1))
        check_faults(*crowds)
    for meter in meters:
        meter.costs.check_idle()
    ours, bare = (statistics.median(each) for each in spent)
    ratios = [one / other for one, other in zip(*spent)]
    print(f"    CPU per 1000 requests: proxy {ours:.4f} s, bare relay {bare:.4f} s, ratio "
          f"{statistics.median(ratios):.3f} (median of {slices} slices, {min(ratios):.3f} to {max(ratios):.3f})",
          flush=True)


# All of them

def run_one(function, seconds, options, trusted, live):
    """What went wrong, or None."""
    place = lab(os.path.abspath(options.programs), trusted)
    live.append(place)
    try:
        function(site(place, options.bare_relay), seconds)
        place.finish()
        return None
    except failure as problem:
        return f"{problem}\n" + "\n".join(show(one.err, 2000) for one in place.programs_started)
    except Exception as problem:
        return "".join(traceback.format_exception(problem)).strip()
    finally:
        place.close()
        live.remove(place)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", metavar="DIR", default="build/examples", help="where gateway and proxy are")
    parser.add_argument("--bare-relay", metavar="FILE", default="build/bench/bare_relay", type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=20, help="of load, all scenarios together (default 20)")
    parser.add_argument("--only", metavar="SUBSTRING", default="", help="only the scenarios whose name contains it")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < needed_descriptors:
        parser.error(f"this needs {needed_descriptors} descriptors, the hard limit is {hard}: see ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed_descriptors, hard))

    chosen = [one for one in scenarios if options.only in one[0]]
    shares = sum(each for _, each, _ in chosen)
    trusted = peers.certificate()
    live = []

    def give_up(*_):
        for place in list(live):
            place.close()
        trusted.remove()
        os._exit(1)

    signal.signal(signal.SIGTERM, give_up)
    signal.signal(signal.SIGINT, give_up)
    passed = failed = 0
    try:
        for name, part, function in chosen:
            reason = run_one(function, options.seconds * part / shares, options, trusted, live)
            passed += reason is None
            failed += reason is not None
            print(f"{'ok' if reason is None else 'FAILED'} {name}")
            if reason is not None:
                print("\n".join("    " + line for line in reason.splitlines()))
            sys.stdout.flush()
    finally:
        trusted.remove()
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
