"""What fetch remembers: it raises what is asked for, it never lowers it, and a lie can only make fetch refuse."""

import fcntl
import itertools
import os
import re
import stat
import threading
import time

import expected
from backends import http_backend
from forwarder import demand, forwarder, scripted_server, strip_upgrade, welcome
from hop import hop, on_head, pass_on
from lab import case, check, check_equal, until
from peers import check_error, check_exit, fetch, gateway
from proxies import real_proxies, requests_in_clear
from wire import end_of_stream, reader

secret = "x-secret: for the server alone"
page_in_clear = "GET /page HTTP/1.1"
probe = "OPTIONS * HTTP/1.1"


class rig:
    """fetch with a cache, a hop that can strip offers, the gateway, a backend."""

    def __init__(self, lab, *gateway_options, server=None, **more):
        self.lab = lab
        self.strips = False
        self.backend = http_backend(lab)
        self.gateway = server or gateway(lab, *gateway_options, backend=self.backend.port, **more)
        self.way = hop(lab, self.gateway.port, lambda: on_head(strip_upgrade) if self.strips else pass_on)
        self.file = f"{lab.folder}/known"
        self.host = ["http", "localhost", str(self.way.port)]

    def fetch(self, *options, proxy=None, trust=True):
        over = ("--proxy", f"http://127.0.0.1:{proxy}") if proxy else ()
        return fetch(self.lab, *options, *over, "--cache", self.file, "-H", secret,
                     f"http://localhost:{self.way.port}/page", trust=trust)

    def write(self, *lines):
        self.lab.file("known", "".join(line + "\n" for line in lines))

    def entries(self):
        """The words of each line of the cache; none where there is no file."""
        try:
            with open(self.file, encoding="utf-8") as known:
                return [line.split(" ") for line in known.read().splitlines()]
        except FileNotFoundError:
            return []

    def entry(self, how, expires="99999999999"):
        """A line about this server."""
        return " ".join(self.host + how[:2] + [how[2] if len(how) > 2 else expires, "TLS/1.2"])

    def check_answered(self, done, *said):
        """Answered, and this is what was said in clear on the last connection."""
        check_exit(done, expected.answered)
        check_equal((done.out, done.err), (b"this is /page\n", b""), "output of fetch")
        self.check_said(*said)

    def check_said(self, *said):
        flow = self.way.flows[-1]
        check_equal([head.first for head in requests_in_clear(flow)], list(said), "what the server heard in clear")
        check_equal(secret.encode() in flow.up, page_in_clear in said, "whether the request went in clear")
        check_equal(flow.upgraded(), probe in said and not self.strips, "whether the connection was upgraded")

    def check_refused(self, done):
        """An upgrade was required, and there was none. Only the probe went out."""
        check_exit(done, expected.refused)
        check_error(done, "the server did not upgrade")
        check_equal(done.out, b"", "body")
        self.check_said(probe)

    def check_remembers(self, how):
        """The only entry, learned in this way just now. Its tokens are all of TLS."""
        check_equal(len(self.entries()), 1, "entries of the cache")
        entry = self.entries()[0]
        check_equal(entry[:3 + len(how)], self.host + how, "entry of the cache")
        if len(how) == 2:
            left = int(entry[5]) - time.time()
            life = expected.life[how[0]]
            check(life - 60 < left <= life, f"the entry expires in {left} s, not in {life} s")
        check(entry[6:] and all(token.startswith("TLS/") for token in entry[6:]), f"tokens of {entry}")


@case("cache: an advertisement in clear raises the next --plain, and its TLS is verified")
def advertised(lab):
    here = rig(lab, "--advertise")
    here.check_answered(here.fetch("--plain"), page_in_clear)
    here.check_remembers(expected.heard_in_clear)
    here.check_answered(here.fetch("--plain"), probe)
    here.check_remembers(expected.verified)
    here.check_answered(here.fetch("--offer"), probe)
    check_equal(here.backend.targets(), ["/page"] * 3, "requests at the backend")


@case("cache: nothing is said, and nothing is remembered")
def not_advertised(lab):
    here = rig(lab)
    for _ in range(2):
        here.check_answered(here.fetch("--plain"), page_in_clear)
        check_equal(here.entries(), [], "entries of the cache")


@case("cache: what it remembers makes fetch refuse where offers are removed")
def fails_closed(lab):
    here = rig(lab, "--advertise")
    here.strips = True
    here.check_answered(here.fetch("--plain"), page_in_clear)
    check_equal(here.entries()[0][3], "clear", "how it was learned")
    for known in (expected.heard_in_clear, expected.verified, expected.pinned):
        here.write(here.entry(known))
        before = here.entries()
        for mode in ("--plain", "--offer"):
            here.check_refused(here.fetch(mode))
            check_equal(here.entries(), before, "entries of the cache")
    check_equal(here.backend.targets(), ["/page"] + ["*"] * 6, "requests at the backend")


@case("cache: the entry of another server, of https, or of the past raises nothing")
def others(lab):
    here = rig(lab)
    own = here.entry(expected.verified)
    for line in (own.replace("localhost", "127.0.0.1"), own.replace(f" {here.way.port} ", f" {here.way.port - 1} "),
                 own.replace("http ", "https "), here.entry(expected.verified, expires="1")):
        here.write(line)
        here.check_answered(here.fetch("--plain"), page_in_clear)
    here.write(own.replace("localhost", "LOCALHOST"))
    here.check_answered(here.fetch("--plain"), probe)


@case("cache: --cache-pin pins what was reached over TLS, for good")
def pins(lab):
    here = rig(lab, "--advertise")
    here.check_answered(here.fetch("--plain", "--cache-pin"), page_in_clear)
    here.check_remembers(expected.heard_in_clear)
    here.check_answered(here.fetch("--plain", "--cache-pin"), probe)
    here.check_remembers(expected.pinned)
    here.check_answered(here.fetch("--require-tls"), probe)
    here.check_remembers(expected.pinned)
    here.strips = True
    here.check_refused(here.fetch("--plain"))
    here.check_remembers(expected.pinned)


@case("cache: a damaged line is told with its number and skipped, the others stay")
def damaged(lab):
    here = rig(lab)
    good = ["http printer.example 631 verified pinned 0 TLS/1.3 TLS/1.2",
            "http [::1] 80 clear unpinned 99999999999 TLS/1.0"]
    here.write("# what fetch knows", good[0], "http localhost", "", good[1],
               here.entry(expected.verified).replace("verified", "certain"),
               "http other.example 80 clear unpinned 99999999999 TLS/1.2 and more")
    done = here.fetch("--require-tls")
    check_exit(done, expected.answered)
    check_equal(done.out, b"this is /page\n", "body")
    told = done.err.decode().splitlines()
    check_equal(len(told), 3, "lines on stderr")
    for line, number in zip(told, (3, 6, 7)):
        check(re.search(expected.damaged_line(here.file, number), line), f"line {number} of the cache: {line!r}")
    check_equal([" ".join(entry) for entry in here.entries()[:2]], good, "the other entries")
    check_equal([entry[:5] for entry in here.entries()[2:3]], [here.host + expected.verified], "the new entry")


@case("cache: a damaged line stays as it is, and is told each time")
def damaged_stays(lab):
    here = rig(lab)
    bad = ["http other.example 80 verified pinned O TLS/1.2", "\tx\r", "", "damaged", "damaged"]
    here.write(*bad)
    bad.remove("")
    for _ in range(3):
        done = here.fetch("--require-tls")
        check_exit(done, expected.answered)
        told = done.err.decode().splitlines()
        check_equal(len(told), len(bad), "lines on stderr")
        for line in told:
            check(re.search(expected.damaged_line(here.file, r"\d+"), line), f"what is told: {line!r}")
        with open(here.file, encoding="utf-8", newline="\n") as known:
            lines = known.read().split("\n")
        check_equal(lines[0].split(" ")[:5], here.host + expected.verified, "the new entry")
        check_equal(lines[1:], bad + [""], "the damaged lines")


@case("cache: -o never names the file of the cache, by whatever path, nor what stands beside it")
def output_over_cache(lab):
    here = rig(lab)
    for there in (False, True):
        kept = here.entry(expected.pinned) + "\n"
        folder = os.path.join(lab.folder, f"there{there}")
        os.mkdir(folder)
        os.mkdir(f"{folder}/sub")
        here.file = f"{folder}/known"
        os.symlink("known", f"{folder}/link")
        os.symlink(folder, f"{folder}/sub/up")
        if there:
            lab.file(f"there{there}/known", kept)
            os.link(here.file, f"{folder}/hard")
        names = ["known", "sub/../known", "sub/up/known", "link", "known.lock", "known.new"] + ["hard"] * there
        before = sorted(os.listdir(folder))
        outputs = [f"{folder}/{name}" for name in names] + [f"there{there}/known"]
        for here.file, output in itertools.product((f"{folder}/known", f"{folder}/link"), outputs):
            done = here.fetch("--require-tls", "-o", output)
            check_exit(done, expected.usage)
            check("--cache" in done.last_line() and "-o" in done.last_line(), f"what is told: {done.last_line()}")
            check_equal(sorted(os.listdir(folder)), before, "files")
        if there:
            check_equal(lab.read(f"there{there}/known"), kept, "the file")
    here.file = f"{folder}/known"
    check_exit(here.fetch("--require-tls", "-o", f"{folder}/page"), expected.answered)
    check_equal(lab.read(f"{folder}/page"), "this is /page\n", "the content")


@case("cache: its lock is for its owner alone")
def lock_mode(lab):
    here = rig(lab)
    here.check_answered(here.fetch("--require-tls"), probe)
    check_equal(stat.S_IMODE(os.stat(here.file + ".lock").st_mode), 0o600, "mode of the lock")


@case("cache: --insecure uses what is remembered, and verifies nothing")
def insecure(lab):
    here = rig(lab, "--advertise")
    here.check_answered(here.fetch("--require-tls", "--insecure", "--cache-pin", trust=False), probe)
    check_equal(here.entries(), [], "entries of the cache")
    here.check_answered(here.fetch("--plain"), page_in_clear)
    here.check_answered(here.fetch("--plain", "--insecure", "--cache-pin", trust=False), probe)
    here.check_remembers(expected.heard_in_clear)


@case("cache: --pin verifies")
def certificate_pin(lab):
    here = rig(lab, own_certificate=True)
    here.check_answered(here.fetch("--require-tls", "--pin", here.gateway.sha256, trust=False), probe)
    here.check_remembers(expected.verified)


@case("cache: a certificate that is not trusted verifies nothing, and there is no way back")
def untrusted(lab):
    here = rig(lab, "--advertise", own_certificate=True)
    here.check_answered(here.fetch("--plain"), page_in_clear)
    check_exit(here.fetch("--plain"), expected.tls)
    here.check_remembers(expected.heard_in_clear)
    check_equal(here.backend.targets(), ["/page"], "requests at the backend")


@case("cache: a 426 that is not meant is remembered as heard in clear")
def not_meant(lab):
    here = rig(lab, server=scripted_server(lab, lambda request: demand if request.method() == "GET" else welcome))
    for said in ([page_in_clear, probe], [probe]):
        done = here.fetch("--plain")
        check_exit(done, expected.refused)
        check_error(done, "the server did not upgrade")
        check_equal([head.first for head in requests_in_clear(here.way.flows[-1])], said, "what fetch said in clear")
        here.check_remembers(expected.heard_in_clear)


@case("cache: a 426 that was followed into TLS is verified")
def followed(lab):
    here = rig(lab, "--require-tls", "/page")
    here.check_answered(here.fetch("--plain"), page_in_clear, probe)
    here.check_remembers(expected.verified)
    here.check_answered(here.fetch("--plain"), probe)


@case("cache: where it raises --offer, the request inside TLS has no offer")
def no_offer_inside(lab):
    here = rig(lab)
    here.write(here.entry(expected.verified))
    done = here.fetch("--offer", "-v")
    check_exit(done, expected.answered)
    here.check_said(probe)
    said = [line.decode().lower() for line in done.err.splitlines() if line.startswith(b">> ")]
    check_equal(said[0], ">> get /page http/1.1", "the request inside TLS")
    check(not [line for line in said if line.startswith((">> upgrade:", ">> connection:"))], f"an offer: {said}")


@case("cache: where it cannot be written, the answer is not lost")
def unwritable(lab):
    for mode, options in (("--plain", ["--advertise"]), ("--require-tls", [])):
        here = rig(lab, *options)
        here.file = f"{lab.folder}/no-such-folder/known"
        done = here.fetch(mode)
        check_equal(done.out, b"this is /page\n", "body")
        check_exit(done, expected.network)
        check(done.last_line().endswith(f"cannot write {here.file}"), f"last line of fetch: {done.last_line()}")


# Several at once, and what is left of a file

class held_backend:
    """Answers nothing before `go`. `asked` is set once that many requests are here."""

    def __init__(self, lab, count=1):
        self.count = count
        self.asked, self.go = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.port = lab.serve(self.take)

    def take(self, stream):
        http = reader(stream)
        try:
            while http.request():
                with self.lock:
                    self.count -= 1
                    if self.count == 0:
                        self.asked.set()
                until(self.go, "the case to let the answers go")
                stream.sendall(welcome)
        except end_of_stream:
            pass


class group:
    """Fetches that share a cache. Each has asked its server, and waits for the answer, until `release`."""

    def __init__(self, lab, count, *options, gateway_options=()):
        self.lab = lab
        self.file = f"{lab.folder}/known"
        backend = held_backend(lab, count)
        server = gateway(lab, *gateway_options, backend=backend.port)
        self.ports = [hop(lab, server.port).port for _ in range(count)]
        self.running = [lab.start([os.path.join(lab.programs, "fetch"), "--cacert", lab.certificate.file, *options,
                                   "--cache", self.file, f"http://localhost:{port}/page"]) for port in self.ports]
        until(backend.asked, "the requests of all")
        self.go = backend.go

    def release(self):
        self.go.set()
        for one in self.running:
            check_equal((one.wait(), one.out, one.err), (expected.answered, b"in clear\n", b""), "end of fetch")

    def write(self, *lines):
        self.lab.file("known", "".join(line + "\n" for line in lines))

    def entries(self):
        return sorted(line.split(" ")[:5] for line in self.lab.read("known").splitlines())


def entry_of(port, how):
    return ["http", "localhost", str(port)] + how[:2]


@case("cache: what another fetch pins meanwhile is kept")
def both_kept(lab):
    first = group(lab, 1)
    other = rig(lab)
    other.check_answered(other.fetch("--require-tls", "--cache-pin"), probe)
    check_equal(first.entries(), [other.host + expected.pinned[:2]], "entries after the second fetch")
    first.release()
    both = [other.host + expected.pinned[:2], entry_of(first.ports[0], expected.verified)]
    check_equal(first.entries(), sorted(both), "entries after the first fetch")


@case("cache: what another fetch pins of the same server is not weakened, and what it removes stays away")
def same_server(lab):
    first = group(lab, 1, "--plain", gateway_options=["--advertise"])
    pin = f"http localhost {first.ports[0]} verified pinned 0 TLS/1.2"
    first.write(pin)
    first.release()
    check_equal(lab.read("known"), pin + "\n", "the file")
    second = group(lab, 1)
    first.write("http other.example 80 verified pinned 0 TLS/1.2")
    second.release()
    check_equal(second.entries(), sorted([["http", "other.example", "80"] + expected.pinned[:2],
                                          entry_of(second.ports[0], expected.verified)]), "entries")


@case("cache: eight fetches that end at once are all remembered")
def eight(lab):
    together = group(lab, 8)
    together.release()
    check_equal(together.entries(), sorted(entry_of(port, expected.verified) for port in together.ports), "entries")


@case("cache: lines that are damaged meanwhile are told")
def damaged_meanwhile(lab):
    first = group(lab, 1)
    first.write("damaged", "damaged")
    first.go.set()
    first.running[0].wait()
    told = first.running[0].err.decode().splitlines()
    check_equal(len(told), 2, "lines on stderr")
    for number, line in enumerate(told, 1):
        check(re.search(expected.damaged_line(first.file, number), line), f"what is told: {line!r}")
    check_equal(first.entries(), [["damaged"]] * 2 + [entry_of(first.ports[0], expected.verified)], "entries")


@case("cache: fetch waits for its lock, but not longer than --timeout; one that died leaves none")
def locked(lab):
    here = rig(lab)
    for leftover in ("known.lock", "known.new"):
        lab.file(leftover, "http other.example 80 verified pinned 0 TLS/1.2\n")
    here.check_answered(here.fetch("--require-tls"), probe)
    here.check_remembers(expected.verified)
    check_equal(sorted(name for name in os.listdir(lab.folder) if name.startswith("known")), ["known", "known.lock"],
                "files of the cache")
    before = here.entries()
    with open(here.file + ".lock", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = fetch(lab, "--require-tls", "--cache", here.file, f"http://localhost:{here.way.port}/page", timeout=1)
        check_exit(done, expected.network)
        check_equal(done.out, b"this is /page\n", "body")
        check(here.file in done.last_line(), f"last line of fetch: {done.last_line()}")
        check_equal(here.entries(), before, "entries of the cache")
        waits = lab.start([os.path.join(lab.programs, "fetch"), "--cacert", lab.certificate.file, "--cache-pin",
                           "--cache", here.file, f"http://localhost:{here.way.port}/page"])
        waits.wait_for("^this is /page$")
        check_equal(here.entries(), before, "entries of the cache")
    check_equal(waits.wait(), expected.answered, "exit status of the one that waited")
    here.check_remembers(expected.pinned)


@case("cache: a fetch that fails leaves the file as it was")
def left_whole(lab):
    kept = "# by hand\nnot an entry\nhttp other.example 80 verified pinned 0 TLS/1.2\n"
    lab.file("known", kept)
    silent = scripted_server(lab, lambda request: b"")
    breaks = scripted_server(lab, lambda request: b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n")
    for mode, port, status in (("--plain", silent.port, expected.network),
                               ("--require-tls", silent.port, expected.refused),
                               ("--plain", breaks.port, expected.peer_broke_protocol)):
        done = fetch(lab, mode, "--cache", f"{lab.folder}/known", f"http://localhost:{port}/")
        check_exit(done, status)
        check_equal(lab.read("known"), kept, "the file")


class small_disk:
    """A place where /mnt has hardly room for the cache. At the end it is shown what is there."""

    script = """mount -t tmpfs -o size=8k,nr_inodes=8 none /mnt && cp known /mnt/known
head -c 1M /dev/zero >/mnt/rest
"$@"; status=$?; ls /mnt; cat /mnt/known; exit $status"""

    @classmethod
    def prefix(cls):
        """What to put before a command to run it there."""
        return ["unshare", "--mount", "sh", "-c", cls.script, "sh"]


@case("cache: where the disk is full, the old file stays")
def disk_full(lab):
    here = rig(lab)
    kept = "".join(f"http h{n}.example 80 verified pinned 0 TLS/1.2\n" for n in range(60))
    lab.file("known", kept)
    done = fetch(lab, "--require-tls", "--cache", "/mnt/known", f"http://localhost:{here.way.port}/page",
                 namespace=small_disk)
    check_exit(done, expected.network)
    check_equal(done.out.decode(), "this is /page\nknown\nknown.lock\nrest\n" + kept, "answer, files, and the cache")


@case("cache: links lead to the file, and its mode and owner stay")
def links(lab):
    here = rig(lab)
    folder = os.path.dirname(lab.file("there/known", ""))
    os.symlink("there/link", f"{lab.folder}/known")
    os.symlink("known", f"{folder}/link")
    os.chmod(f"{folder}/known", 0o640)
    os.chown(f"{folder}/known", 65534, 65534)
    here.check_answered(here.fetch("--require-tls"), probe)
    here.check_remembers(expected.verified)
    check(os.path.islink(here.file) and os.path.islink(f"{folder}/link"), "a link was replaced")
    seen = os.stat(f"{folder}/known")
    check_equal((stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid), (0o640, 65534, 65534), "mode and owner")
    check_equal(sorted(os.listdir(folder)), ["known", "known.lock", "link"], "files beside the cache")
    os.remove(f"{folder}/known")
    here.check_answered(here.fetch("--require-tls"), probe)
    here.check_remembers(expected.verified)
    check(os.path.islink(here.file), "a link to nothing was replaced")


@case("cache: no pin has to leave for another, however many there are")
def many_pins(lab):
    here = rig(lab)
    pins = [f"http h{n}.example 80 verified pinned 0 TLS/1.2" for n in range(300)]
    here.write(*pins)
    done = here.fetch("--require-tls", "--cache-pin")
    check_exit(done, expected.answered)
    check_equal(done.err, b"", "what fetch says")
    known = [" ".join(entry) for entry in here.entries()]
    check_equal(known[:300], pins, "the pins before")
    check_equal([entry.split(" ")[:5] for entry in known[300:]], [here.host + expected.pinned[:2]], "the new one")


@case("cache: what is no file is a usage error, and stays what it is")
def no_file(lab):
    here = rig(lab)
    os.mkdir(f"{lab.folder}/folder")
    os.mkfifo(f"{lab.folder}/pipe")
    os.symlink("loop", f"{lab.folder}/loop")
    for name in ("folder", "pipe", "loop"):
        here.file = f"{lab.folder}/{name}"
        kind = stat.S_IFMT(os.lstat(here.file).st_mode)
        check_exit(here.fetch("--require-tls"), expected.usage)
        check_equal(stat.S_IFMT(os.lstat(here.file).st_mode), kind, "what it is")
    check_equal(here.backend.targets(), [], "requests at the backend")


# Proxies

@case("cache: what a forward proxy advertises is not remembered of the server")
def hint_of_a_proxy(lab):
    here = rig(lab, "--advertise")
    keeps = forwarder(lab, edit=lambda head: head.raw)
    near = hop(lab, keeps.port, name="between fetch and the proxy")
    for _ in range(2):
        here.check_answered(here.fetch("--plain", proxy=near.port), page_in_clear)
        check_equal(here.entries(), [], "entries of the cache")
    check_equal(near.down().count(b"Upgrade: TLS/"), 2, "advertisements that came through the proxy")


@case("cache: the 426 of a forward proxy whose tunnel is denied is not remembered")
def demand_of_a_proxy(lab):
    here = rig(lab, "--require-tls", "/page")
    keeps = forwarder(lab, tunnels=403, edit=lambda head: head.raw)
    check_exit(here.fetch("--plain", proxy=keeps.port), expected.tunnel_refused)
    check(b"Upgrade: TLS/" in keeps.answers[0].raw, "the 426 named no TLS")
    check_equal(here.entries(), [], "entries of the cache")


for a_kind in real_proxies:
    @case(f"cache: the road of an entry through {a_kind.name}")
    def through(lab, kind=a_kind):
        here = rig(lab, "--advertise")
        proxy = kind(lab, here.way.port)
        near = hop(lab, proxy.port, name="between fetch and the proxy")
        here.check_answered(here.fetch("--plain", proxy=near.port), page_in_clear)
        check_equal(here.entries(), [], "entries of the cache, after a forwarded request")
        here.check_answered(here.fetch("--plain", "--tunnel", proxy=near.port), page_in_clear)
        here.check_remembers(expected.heard_in_clear)
        here.check_answered(here.fetch("--plain", proxy=near.port), probe)
        here.check_remembers(expected.verified)
        said = [[head.method() for head in requests_in_clear(flow)] for flow in near.flows]
        check_equal(said, [["GET"], ["CONNECT", "GET"], ["CONNECT", "OPTIONS"]], "what fetch said in clear")

    @case(f"cache: where {a_kind.name} denies the tunnel, an entry makes fetch refuse")
    def denied(lab, kind=a_kind):
        here = rig(lab)
        proxy = kind(lab, 443)
        here.write(here.entry(expected.heard_in_clear))
        for mode in ("--plain", "--offer"):
            done = here.fetch(mode, proxy=proxy.port)
            check_exit(done, expected.tunnel_refused)
            check_equal(done.out, b"", "body")
        check_equal(here.way.flows, [], "connections to the gateway")
