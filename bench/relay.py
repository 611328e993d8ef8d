#!/usr/bin/env python3
"""What the relay of the example proxy costs, in CPU per MiB, against a bare read and write loop with the same buffer.

    meson setup build -Dbuildtype=release -Dbench=true && meson compile -C build && python3 bench/relay.py

Each round starts the proxy, the bare relay, and the bare relay once more. All relay the same octets, each through one
connection: so many MiB up, then as many down, a slice through each of them in turn. The relays have one core, both ends
of the connections share another. What counts is the CPU time, user and system, of a relay's process between the first
octet of its slice and the last.

A ratio of 1.00 means that the proxy costs nothing more. It is told for whole rounds, and for slices that ran next to
each other. What else runs on the machine, or next to it, may double the figures for a while: trust medians, and no
difference that is smaller than the one between the bare relay and itself.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
mebibyte = 1 << 20
slice_size = 16 * mebibyte
piece = 65536
patience = 60  # seconds that no single call outlasts
ways = ("up", "down")
names = ("proxy", "bare relay", "bare relay again")


# Both ends

def send(stream, count):
    octets = bytes(piece)
    for _ in range(count // piece):
        stream.sendall(octets)


def receive(stream, count):
    room = memoryview(bytearray(piece))
    while count:
        got = stream.recv_into(room[:min(piece, count)])
        if not got:
            raise OSError(f"the connection ended, {count} octets too early")
        count -= got


def answer(stream):
    """Takes or sends as many octets as it is told, and says when it has them all."""
    with stream:
        while order := stream.recv(64):
            way, count = order.split()
            if way == b"up":
                stream.sendall(b"!")
                receive(stream, int(count))
                stream.sendall(b"!")
            else:
                send(stream, int(count))


def serve(listener):
    """The upstream, in a process of its own. Where nobody comes any more, it ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    listener.settimeout(patience)
    while True:
        stream, _ = listener.accept()
        stream.settimeout(patience)
        threading.Thread(target=answer, args=(stream,), daemon=True).start()


def push(stream, way, count):
    stream.sendall(f"{way} {count}".encode())
    if way == "up":
        receive(stream, 1)
        send(stream, count)
        receive(stream, 1)
    else:
        receive(stream, count)


# Relays

class relay:
    def __init__(self, name, argv, core, connect=None):
        self.name = name
        self.connect = connect
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        line = self.process.stdout.readline().decode()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.end()
            raise OSError(f"{argv[0]} does not listen: {line!r}")
        self.port = int(found[1])

    def open(self):
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=patience)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.connect:
            stream.sendall(f"CONNECT {self.connect} HTTP/1.1\r\nHost: {self.connect}\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                octet = stream.recv(1)
                if not octet:
                    raise OSError(f"the proxy ended in its answer: {head!r}")
                head += octet
            if not head.startswith(b"HTTP/1.1 200 "):
                raise OSError(f"the proxy refused: {head!r}")
        return stream

    def seconds(self):
        """CPU time of the process and all its threads, from its own clock: clock_getcpuclockid(3)."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def ticks(self):
        """User and system time, in hundredths of a second: too coarse for more than a share."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return int(fields[11]), int(fields[12])

    def measure(self, stream, way):
        """CPU milliseconds per MiB of one slice."""
        begin = self.seconds()
        push(stream, way, slice_size)
        return (self.seconds() - begin) * 1000 * mebibyte / slice_size

    def end(self):
        self.process.kill()
        self.process.wait()


def one_round(relays, slices):
    """CPU milliseconds per MiB of each slice, for each relay, by name, and way; and the ticks of each."""
    spent = {each.name: {way: [] for way in ways} for each in relays}
    with contextlib.ExitStack() as open_streams:
        streams = {each: open_streams.enter_context(each.open()) for each in relays}
        for each in relays:
            for way in ways:
                each.measure(streams[each], way)  # the first slice warms up
        for way in ways:
            for number in range(slices):
                for each in relays if number % 2 == 0 else reversed(relays):
                    spent[each.name][way].append(each.measure(streams[each], way))
    return spent, {each.name: each.ticks() for each in relays}


@contextlib.contextmanager
def started(build, core, upstream):
    """The relays that lead there."""
    proxy = [os.path.join(build, "examples/proxy"), "--listen", "127.0.0.1:0", "--half-close", "close",
             "--allow-address", "127.0.0.0/8", "--allow-port", upstream.partition(":")[2]]
    bare = [os.path.join(build, "bench/bare_relay"), "--listen", "127.0.0.1:0", "--to", upstream]
    relays = []
    try:
        for name, argv in zip(names, (proxy, bare, bare)):
            relays.append(relay(name, argv, core, upstream if argv is proxy else None))
        yield relays
    finally:
        for each in relays:
            each.end()


# Words

def built(build, source):
    """Compiler and flags, without those that only say where files and warnings are."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        found = [each["command"] for each in json.load(file) if each["file"].endswith(source)]
    if not found:
        return "unknown"
    words = shlex.split(found[0])
    flags = [each for each in words[1:] if re.match(r"-(O|g|f(?!diagnostics)|std|march|D|pthread)", each)]
    version = subprocess.run([words[0], "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return " ".join([version.splitlines()[0], *flags])


def means(rounds, name, way):
    return [statistics.mean(spent[name][way]) for spent, _ in rounds]


def slices_of(rounds, name, way):
    return [cost for spent, _ in rounds for cost in spent[name][way]]


def ratios(values, base):
    return [a / b for a, b in zip(values, base)]


def spread(values):
    return f"{statistics.median(values):.4f} ({min(values):.4f} to {max(values):.4f})"


def middle(values):
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{median:.4f} ({low:.4f} to {high:.4f}, the middle half of {len(values)})"


def report(rounds):
    proxy, bare, again = names
    print("\nCPU in ms/MiB, of whole rounds: median (least to most)")
    for way in ways:
        for name in names:
            print(f"{way:5}{name:17} {spread(means(rounds, name, way))}")
    for one in (proxy, again):
        print(f"\n{one} / {bare}: median (least to most)")
        for way in ways:
            print(f"{way:5}of rounds {spread(ratios(*(means(rounds, name, way) for name in (one, bare))))}")
            print(f"{way:5}of slices {middle(ratios(*(slices_of(rounds, name, way) for name in (one, bare))))}")
    print("\nCPU in user mode")
    for name in names:
        user, system = (sum(ticks[name][kind] for _, ticks in rounds) for kind in (0, 1))
        print(f"{name:17} {100 * user / max(user + system, 1):.1f}%")


def count(word):
    if int(word) < 2:
        raise ValueError
    return int(word)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(root, "build"), help="the build directory")
    parser.add_argument("--rounds", type=count, default=7)
    parser.add_argument("--mebibytes", type=count, default=1024, help="each way, in each round, in slices of 16")
    options = parser.parse_args()
    slices = -(-options.mebibytes * mebibyte // slice_size)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        parser.error("this needs two cores")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.sched_setaffinity(0, {cores[0]})
    for name in ("examples/proxy", "bench/bare_relay"):
        if not os.path.exists(os.path.join(options.build, name)):
            parser.error(f"{options.build} has no {name}")
        print(f"{name}: {built(options.build, name + '.cpp')}")
    print(f"{options.rounds} rounds, {slices * slice_size // mebibyte} MiB each way, in pieces of {piece >> 10} KiB; "
          f"relays on core {cores[1]}, both ends on core {cores[0]}")

    listener = socket.create_server(("127.0.0.1", 0))
    where = f"127.0.0.1:{listener.getsockname()[1]}"
    upstream = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    upstream.start()
    listener.close()
    try:
        rounds = []
        for number in range(1, options.rounds + 1):
            with started(options.build, cores[1], where) as relays:
                rounds.append(one_round(relays, slices))
            print(f"round {number}: " + "; ".join(
                f"{name} " + ", ".join(f"{way} {means(rounds[-1:], name, way)[0]:.4f}" for way in ways)
                for name in names), flush=True)
        report(rounds)
    finally:
        upstream.terminate()
        upstream.join()


if __name__ == "__main__":
    main()
