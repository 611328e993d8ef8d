"""fetch on its road through forward proxies of the real world: who hears what, in clear or inside TLS."""

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, cupsd, fetch, gateway, haproxy, network
from proxies import (answers_to_connect, check_fetch_refused, check_said, connect_proxy, encoded, real_proxies,
                     requests_in_clear, squid, tinyproxy, with_auth)

auth = "user:secret"
secret = "x-secret: for the server alone"
demands = ("--require-tls", "/page")
takes_offers = ("--methods", "safe")


class ours(connect_proxy):
    """The proxy under test: it knows CONNECT alone."""

    port_denied = 403

    def __init__(self, lab, *ports, auth=None):
        super().__init__(lab, *(("--auth", auth) if auth else ()), ports=ports)


def final_statuses(way):
    """The status of the first response on each connection."""
    return [int(flow.down.split(b" ", 2)[1]) for flow in way.flows]


def logins(way):
    """The method of each head in clear, and whether a login came with it."""
    heads = [head for flow in way.flows for head in requests_in_clear(flow)]
    return [(head.method(), head.get("proxy-authorization") is not None) for head in heads]


def check_no_proxy_got_an_offer(way, target):
    """An offer may follow only where a tunnel to the server stands."""
    for flow in way.flows:
        tunnel = False
        for head in requests_in_clear(flow):
            offers = head.get("upgrade") is not None or "upgrade" in head.members("connection")
            check(tunnel or not offers, f"an offer outside the tunnel to {target}: {head.raw!r}")
            tunnel = tunnel or (head.first == f"CONNECT {target} HTTP/1.1" and answers_to_connect(flow)[-1] < 300)


class rig:
    """fetch, a hop, the proxy, a hop, the gateway, a backend."""

    def __init__(self, lab, kind, *gateway_options, auth=None, denies=False):
        self.lab = lab
        self.auth = auth
        self.backend = http_backend(lab)
        server = gateway(lab, *gateway_options, backend=self.backend.port)
        self.far = hop(lab, server.port, name="between the proxy and the gateway")
        self.proxy = kind(lab, 443 if denies else self.far.port, auth=auth)
        self.near = hop(lab, self.proxy.port, name="between fetch and the proxy")
        self.target = f"localhost:{self.far.port}"
        self.connect = f"CONNECT {self.target} HTTP/1.1"
        self.absolute = f"GET http://{self.target}/page HTTP/1.1"

    def fetch(self, *options, login=None):
        at = login and login + "@" or ""
        done = fetch(self.lab, *options, "-H", secret, "--proxy", f"http://{at}127.0.0.1:{self.near.port}",
                     f"http://{self.target}/page")
        self.check_manners()
        return done

    def check_manners(self):
        """What holds at every end: no proxy gets an offer, no login gets past its proxy."""
        check_no_proxy_got_an_offer(self.near, self.target)
        for seen in [self.far.up()] + [request.raw for request in self.backend.requests]:
            check(b"proxy-authorization" not in seen.lower(), "a login got past the proxy")
            check(encoded(auth) not in seen, "a login got past the proxy")

    def check_answered(self, done, where):
        """The backend's answer, and where its request was seen in clear: on the hops named "near" and "far"."""
        check_exit(done, expected.answered)
        check_equal(done.err, b"", "stderr of fetch")
        check_equal(done.out, b"this is /page\n", "body")
        check_equal(self.backend.targets(), ["/page"], "requests at the backend")
        self.check_seen(where)

    def check_seen(self, where):
        """Where the request, with its secret, went in clear, and how often."""
        for name, way in (("near", self.near), ("far", self.far)):
            check_equal(way.up().lower().count(secret.encode()), where.count(name), f"times in clear, {name}")

    def check_upgraded(self):
        check_equal((len(self.near.upgraded()), len(self.far.upgraded())), (1, 1), "upgraded connections")


# A forward proxy, and what is asked of it

for a_kind in real_proxies:
    @case(f"routes: {a_kind.name}, --plain is served in clear")
    def plain(lab, kind=a_kind):
        here = rig(lab, kind)
        here.check_answered(here.fetch("--plain"), ["near", "far"])
        check_said(here.near, [here.absolute])
        check(here.far.up().startswith(b"GET /page HTTP/1."), "the proxy did not pass on the request in origin-form")
        check_equal(here.far.upgraded(), [], "upgraded connections")

    @case(f"routes: {a_kind.name}, --plain and a 426: a tunnel, a probe, TLS")
    def raised(lab, kind=a_kind):
        here = rig(lab, kind, *demands)
        here.check_answered(here.fetch("--plain"), ["near", "far"])
        check_said(here.near, [here.absolute], [here.connect, "OPTIONS * HTTP/1.1"])
        check_equal(final_statuses(here.near)[0], 426, "status of the first answer")
        head = here.near.flows[0].down.partition(b"\r\n\r\n")[0].lower()
        check_equal(b"\r\nupgrade:" in head, kind.keeps_upgrade_of_426, "whether the proxy keeps the Upgrade of a 426")
        here.check_upgraded()

    @case(f"routes: {a_kind.name}, --plain --tunnel")
    def plain_tunnel(lab, kind=a_kind):
        here = rig(lab, kind)
        here.check_answered(here.fetch("--plain", "--tunnel"), ["near", "far"])
        check_said(here.near, [here.connect, "GET /page HTTP/1.1"])

    @case(f"routes: {a_kind.name} denies the tunnel, --offer goes in clear without its offer")
    def falls_back(lab, kind=a_kind):
        here = rig(lab, kind, *takes_offers, denies=True)
        here.check_answered(here.fetch("--offer"), ["near", "far"])
        check_said(here.near, [here.connect], [here.absolute])
        check_equal(final_statuses(here.near), [kind.port_denied, 200], "what the proxy answered")
        check(b"\nupgrade:" not in here.far.up().lower(), "the offer reached the gateway")

    @case(f"routes: {a_kind.name} denies the tunnel, --plain meets a 426")
    def demanded(lab, kind=a_kind):
        here = rig(lab, kind, *demands, denies=True)
        check_fetch_refused(here.fetch("--plain"), here.near.port, here.target, kind.port_denied)
        check_said(here.near, [here.absolute], [here.connect])
        check_equal(final_statuses(here.near), [426, kind.port_denied], "what the proxy answered")
        check_equal(here.backend.targets(), [], "requests at the backend")


# CONNECT, in which ours takes part

for a_kind in real_proxies + [ours]:
    @case(f"routes: {a_kind.name if a_kind != ours else 'ours'}, --offer inside a tunnel")
    def offered(lab, kind=a_kind):
        here = rig(lab, kind, *takes_offers)
        here.check_answered(here.fetch("--offer"), ["near", "far"])
        check_said(here.near, [here.connect, "GET /page HTTP/1.1"])
        check_said(here.far, ["GET /page HTTP/1.1"])
        here.check_upgraded()
        check(b"this is" not in here.near.down() + here.far.down(), "the answer went in clear")

    @case(f"routes: {a_kind.name if a_kind != ours else 'ours'}, --require-tls")
    def required(lab, kind=a_kind):
        here = rig(lab, kind)
        here.check_answered(here.fetch("--require-tls"), [])
        check_said(here.near, [here.connect, "OPTIONS * HTTP/1.1"])
        here.check_upgraded()

    @case(f"routes: {a_kind.name if a_kind != ours else 'ours'} denies the tunnel, and there is no other way")
    def denied(lab, kind=a_kind):
        for mode in (["--require-tls"], ["--offer", "--tunnel"], ["--plain", "--tunnel"]):
            here = rig(lab, kind, *takes_offers, denies=True)
            check_fetch_refused(here.fetch(*mode), here.near.port, here.target, kind.port_denied)
            check_said(here.near, [here.connect])
            here.check_seen([])
            check_equal(here.far.flows, [], "connections to the gateway")


@case("routes: inside a tunnel, --offer meets a 426 and follows it there")
def offered_and_demanded(lab):
    here = rig(lab, squid, *demands)
    here.check_answered(here.fetch("--offer"), ["near", "far"])
    wanted = [[here.connect, "GET /page HTTP/1.1", "OPTIONS * HTTP/1.1"]]
    check_said(here.near, *wanted)
    here.check_upgraded()


@case("routes: ours forwards no request, and says so")
def not_forwarded(lab):
    for mode, denies in (("--plain", False), ("--offer", True)):
        here = rig(lab, ours, denies=denies)
        done = here.fetch(mode)
        check_exit(done, expected.answered)
        check_said(here.near, *([[here.connect]] if denies else []), [here.absolute])
        check_equal(final_statuses(here.near)[-1], 501, "the answer of our proxy")
        check(done.out and here.near.flows[-1].down.endswith(done.out), "its content is the content that fetch wrote")
        here.check_seen(["near"])
        check_equal(here.far.flows, [], "connections to the gateway")


# 407

for a_kind in with_auth:
    @case(f"routes: {a_kind.name} asks who forwards")
    def login_for_request(lab, kind=a_kind):
        here = rig(lab, kind, auth=auth)
        here.check_answered(here.fetch("--plain", login=auth), ["near", "near", "far"])
        check_equal(logins(here.near), [("GET", False), ("GET", True)], "logins")

    @case(f"routes: {a_kind.name} asks who forwards, and the server demands TLS")
    def login_and_426(lab, kind=a_kind):
        here = rig(lab, kind, *demands, auth=auth)
        here.check_answered(here.fetch("--plain", login=auth), ["near", "near", "far"])
        wanted = [("GET", False), ("GET", True), ("CONNECT", True), ("OPTIONS", False)]
        check_equal(logins(here.near), wanted, "logins")
        here.check_upgraded()

    @case(f"routes: {a_kind.name} asks who tunnels an offer")
    def login_for_offer(lab, kind=a_kind):
        here = rig(lab, kind, *takes_offers, auth=auth)
        here.check_answered(here.fetch("--offer", login=auth), ["near", "far"])
        check_equal(logins(here.near), [("CONNECT", False), ("CONNECT", True), ("GET", False)], "logins")
        here.check_upgraded()

    @case(f"routes: {a_kind.name} gets no login, or a wrong one, for a forwarded request")
    def wrong_login(lab, kind=a_kind):
        for login, heads, status in ((None, [False], 407), ("user:wrong", [False, True], kind.wrong_credentials)):
            here = rig(lab, kind, auth=auth)
            done = here.fetch("--plain", login=login)
            check_exit(done, expected.answered)
            check_equal(logins(here.near), [("GET", known) for known in heads], "logins")
            check_equal(final_statuses(here.near)[-1], status, "the last answer")
            check_equal(here.far.flows, [], "connections to the gateway")


# Cascades: two of ours, and one of theirs that forwards

for a_kind in real_proxies:
    @case(f"routes: two of ours, and {a_kind.name} forwards")
    def cascade(lab, kind=a_kind):
        for options, way_on in (((), []), (demands, ["OPTIONS * HTTP/1.1"])):
            here = rig(lab, kind, *options)
            second = ours(lab, here.near.port, auth="bob:two")
            to_second = hop(lab, second.port, name="between the first and the second proxy")
            first = ours(lab, to_second.port, auth="alice:one")
            to_first = hop(lab, first.port, name="between fetch and the first proxy")
            road = [f"alice:one@127.0.0.1:{to_first.port}", f"bob:two@127.0.0.1:{to_second.port}",
                    f"127.0.0.1:{here.near.port}"]
            done = fetch(lab, "--plain", "-H", secret, *(word for one in road for word in ("--proxy", f"http://{one}")),
                         f"http://{here.target}/page")
            here.check_manners()
            here.check_answered(done, ["near", "far"])
            wanted = [[here.absolute]] + ([[here.connect] + way_on] if way_on else [])
            check_said(here.near, *wanted)
            for way in (to_first, to_second):
                check_no_proxy_got_an_offer(way, here.target)
                check_equal(way.up().count(here.absolute.encode()), 1, "times that the request went in clear")
            check(encoded("alice:one") not in to_second.up(), "the first login went to the second proxy")
            for login in ("alice:one", "bob:two"):
                check(encoded(login) in to_first.up(), "a proxy got no login")
                check(encoded(login) not in here.near.up(), "a login went to the last proxy")


# A proxy that stands before the server

@case("routes: haproxy before the gateway, every way to ask")
def reverse(lab):
    for mode, options, upgraded in (("--plain", (), 0), ("--offer", takes_offers, 1), ("--offer", (), 0)):
        backend = http_backend(lab)
        behind = hop(lab, gateway(lab, *options, backend=backend.port).port, name="between haproxy and the gateway")
        before = hop(lab, haproxy(lab, behind.port).port, name="between fetch and haproxy")
        done = fetch(lab, mode, "-H", secret, f"http://localhost:{before.port}/page")
        check_exit(done, expected.answered)
        check_equal((done.out, done.err), (b"this is /page\n", b""), "output of fetch")
        check_equal((len(before.upgraded()), len(behind.upgraded())), (upgraded, upgraded), "upgraded connections")
        check_equal(before.up().count(secret.encode()), 1, "times that the request went in clear")
        check_equal(b"this is" in before.down(), not upgraded, "whether the answer went in clear")


@case("routes: haproxy before a gateway that answers 426")
def reverse_426(lab):
    backend = http_backend(lab)
    behind = hop(lab, gateway(lab, *demands, backend=backend.port).port, name="between haproxy and the gateway")
    before = hop(lab, haproxy(lab, behind.port).port, name="between fetch and haproxy")
    done = fetch(lab, "--plain", "-H", secret, f"http://localhost:{before.port}/page")
    check_exit(done, expected.answered)
    check_equal(done.out, b"this is /page\n", "body")
    check_equal((len(before.upgraded()), len(behind.upgraded())), (1, 1), "upgraded connections")


# CUPS, through a tunnel

class cups_rig:
    """fetch, a hop, the proxy, a hop, cupsd. `inside`: the network where all of them are."""

    def __init__(self, lab, kind, inside=None):
        self.lab, self.inside = lab, inside
        address = inside.second_address if inside else "127.0.0.1"
        there = inside.call if inside else (lambda make: make())
        server = cupsd(lab, address, inside)
        self.far = there(lambda: hop(lab, server.port, address=address, name="between the proxy and cupsd"))
        proxy = there(lambda: kind(lab, self.far.port))
        self.near = there(lambda: hop(lab, proxy.port, name="between fetch and the proxy"))
        self.target = f"{address if inside else 'localhost'}:{self.far.port}"

    def fetch(self, mode, path):
        done = fetch(self.lab, mode, "--peer", "cups", "--insecure", "--proxy", f"http://127.0.0.1:{self.near.port}",
                     f"http://{self.target}{path}", trust=False, namespace=self.inside)
        check_exit(done, expected.answered)
        check_equal(done.err, b"", "stderr of fetch")
        check_equal((len(self.near.upgraded()), len(self.far.upgraded())), (1, 1), "upgraded connections")
        check(done.out and done.out not in self.near.down() + self.far.down(), "the answer went in clear")
        check_no_proxy_got_an_offer(self.near, self.target)
        return done


for a_kind in (squid, tinyproxy):
    @case(f"routes: cupsd through a tunnel of {a_kind.name}")
    def cups(lab, kind=a_kind):
        for mode, clear in (("--require-tls", "OPTIONS * HTTP/1.1"), ("--offer", "GET / HTTP/1.1")):
            here = cups_rig(lab, kind)
            check_equal(here.fetch(mode, "/").out, b"hello from the print server\n", "body")
            check_said(here.near, [f"CONNECT {here.target} HTTP/1.1", clear])

    @case(f"routes: the 426 of cupsd through {a_kind.name}")
    def cups_426(lab, kind=a_kind):
        here = cups_rig(lab, kind, network(lab))
        here.fetch("--plain", "/printers/")
        wanted = [[f"GET http://{here.target}/printers/ HTTP/1.1"],
                  [f"CONNECT {here.target} HTTP/1.1", "OPTIONS * HTTP/1.1"]]
        check_said(here.near, *wanted)
        check_equal(final_statuses(here.near)[0], 426, "status of the first answer")
