"""What fetch remembers: it raises what is asked for, it never lowers it, and a lie can only make fetch refuse."""

import re
import time

import expected
from backends import http_backend
from forwarder import demand, forwarder, scripted_server, strip_upgrade, welcome
from hop import hop, on_head, pass_on
from lab import case, check, check_equal
from peers import check_error, check_exit, fetch, gateway
from proxies import real_proxies, requests_in_clear

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
    check_equal([entry[:5] for entry in here.entries()[2:]], [here.host + expected.verified], "the new entry")
    here.check_answered(here.fetch("--plain"), probe)


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
