"""fetch where somebody on the way, or the server itself, drops or invents what an upgrade needs."""

import expected
from backends import http_backend
from forwarder import demand, forwarder, scripted_server, strip_upgrade, welcome, without
from hop import hop, on_head
from lab import case, check, check_equal
from peers import check_error, check_exit, fetch, gateway
from proxies import check_fetch_refused, check_said

secret = "x-secret: for the server alone"
page_in_clear = "GET /page HTTP/1.1"
probe = "OPTIONS * HTTP/1.1"
demands = ("--require-tls", "/page")
takes_offers = ("--methods", "safe")


def ask(lab, port, *options):
    return fetch(lab, *options, "-H", secret, f"http://localhost:{port}/page")


def through(lab, way, port, *options):
    """Asks the server on this port through a proxy."""
    return ask(lab, port, *options, "--proxy", f"http://127.0.0.1:{way.port}")


def check_refused(done, status, rule, body=b""):
    check_exit(done, status)
    check_error(done, rule)
    check_equal(done.out, body, "body")


# Somebody removes Upgrade

def stripping(lab, *options, up=None, down=None):
    """The gateway behind a hop that edits heads."""
    backend = http_backend(lab)
    server = gateway(lab, *options, backend=backend.port)
    edits = (up and (lambda: on_head(up)), down and (lambda: on_head(down)))
    return backend, hop(lab, server.port, *edits, name="attacker")


@case("routes: offers are removed: --require-tls refuses, --offer is answered in clear")
def offers_removed(lab):
    backend, way = stripping(lab, *takes_offers, up=strip_upgrade)
    check_refused(ask(lab, way.port, "--require-tls"), expected.refused, "the server did not upgrade")
    check_said(way, [probe])
    check(secret.encode() not in way.up(), "the request was released")
    check_equal(backend.targets(), ["*"], "requests at the backend")
    done = ask(lab, way.port, "--offer")
    check_exit(done, expected.answered)
    check_equal((done.out, done.err), (b"this is /page\n", b""), "output of fetch")
    check(b"Upgrade: TLS/" in way.flows[1].up, "fetch made no offer")
    check_equal(way.upgraded(), [], "upgraded connections")


@case("routes: the Upgrade of a 426 is removed on a direct way: refused, and the 426 is shown")
def removed_from_426(lab):
    backend, way = stripping(lab, *demands, down=strip_upgrade)
    for mode in ("--plain", "--offer"):
        done = ask(lab, way.port, mode)
        check_exit(done, expected.refused)
        check_error(done, "426 without Upgrade")
        check(done.out and way.flows[-1].down.endswith(done.out), "the content of the 426 is the content")
    check_said(way, [page_in_clear], [page_in_clear])
    check_equal(backend.targets(), [], "requests at the backend")


@case("routes: the upgrade option of a 426 is removed: strict refuses, --peer cups forgives")
def option_removed(lab):
    backend, way = stripping(lab, *demands, down=lambda head: without(head, "connection"))
    done = ask(lab, way.port, "--plain")
    check_exit(done, expected.refused)
    check_error(done, "426 without Connection: upgrade")
    done = ask(lab, way.port, "--plain", "--peer", "cups")
    check_exit(done, expected.answered)
    check_equal(done.out, b"this is /page\n", "body")
    check_said(way, [page_in_clear], [page_in_clear, probe])
    check_equal(len(way.upgraded()), 1, "upgraded connections")


class ignorant_rig:
    """fetch, a hop, a forward proxy that ignores upgrades, a hop, the server on a port."""

    def __init__(self, lab, server, **options):
        self.lab = lab
        self.far = hop(lab, server.port, name="between the proxy and the server")
        self.proxy = forwarder(lab, **options)
        self.near = hop(lab, self.proxy.port, name="between fetch and the proxy")
        self.target = f"localhost:{self.far.port}"
        self.absolute = f"GET http://{self.target}/page HTTP/1.1"
        self.connect = f"CONNECT {self.target} HTTP/1.1"

    def fetch(self, *options):
        done = through(self.lab, self.near, self.far.port, *options)
        for request in self.proxy.requests:
            check_equal((request.get("upgrade"), request.get("connection")), (None, None), "offer to the proxy")
        return done


@case("routes: a proxy that ignores upgrades removes Upgrade from a 426, and fetch goes around it")
def ignorant(lab):
    backend = http_backend(lab)
    here = ignorant_rig(lab, gateway(lab, *demands, backend=backend.port))
    done = here.fetch("--plain")
    check_exit(done, expected.answered)
    check_equal((done.out, done.err), (b"this is /page\n", b""), "output of fetch")
    check_said(here.near, [here.absolute], [here.connect, probe])
    check(here.proxy.answers[0].get("upgrade"), "the 426 of the gateway names no protocol")
    check(b"\nupgrade:" not in here.near.flows[0].down.lower(), "the proxy did not remove Upgrade")
    check_equal((len(here.near.upgraded()), len(here.far.upgraded())), (1, 1), "upgraded connections")
    check_equal(backend.targets(), ["/page"], "requests at the backend")


@case("routes: a proxy that ignores upgrades opens no tunnel either")
def ignorant_and_denies(lab):
    for status in (403, 501):
        backend = http_backend(lab)
        here = ignorant_rig(lab, gateway(lab, *demands, backend=backend.port), tunnels=status)
        check_fetch_refused(here.fetch("--plain"), here.near.port, here.target, status)
        check_said(here.near, [here.absolute], [here.connect])
        check_equal(backend.targets(), [], "requests at the backend")


@case("routes: behind a proxy the server demands TLS and takes it from nobody")
def broken_promise(lab):
    here = ignorant_rig(lab, scripted_server(lab, lambda request: demand if request.method() == "GET" else welcome))
    check_refused(here.fetch("--plain"), expected.refused, "the server did not upgrade")
    check_said(here.near, [here.absolute], [here.connect, probe])
    check_said(here.far, [page_in_clear], [probe])


# Somebody lies

def switch_to(token):
    return f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {token}\r\nConnection: Upgrade\r\n\r\n".encode()


@case("routes: a 101 that fits no offer ends the road, and what follows is not believed")
def wrong_101(lab):
    wrong_token, unasked = "101 for what was not offered", "101 that nobody asked for"
    for mode, said, rule in (("--require-tls", probe, wrong_token), ("--offer", page_in_clear, wrong_token),
                             ("--plain", page_in_clear, unasked)):
        server = scripted_server(lab, lambda _: switch_to("websocket") + welcome)
        check_refused(ask(lab, server.port, mode), expected.peer_broke_protocol, rule)
        check_equal(server.firsts(), [said], f"requests of fetch {mode}")


@case("routes: a 101 of HTTP/1.0 ends the road")
def old_101(lab):
    for mode, said in (("--require-tls", probe), ("--offer", page_in_clear)):
        server = scripted_server(lab, lambda _: switch_to("TLS/1.2").replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        check_refused(ask(lab, server.port, mode), expected.peer_broke_protocol, "101 of HTTP/1.0")
        check_equal(server.firsts(), [said], f"requests of fetch {mode}")


@case("routes: a forward proxy invents a 101")
def invented_101(lab):
    backend = http_backend(lab)
    here = ignorant_rig(lab, gateway(lab, backend=backend.port), edit=lambda _: switch_to("TLS/1.2"))
    check_refused(here.fetch("--plain"), expected.peer_broke_protocol, "101 that nobody asked for")
    check_said(here.near, [here.absolute])


@case("routes: a 426 that is not meant: after it the request goes nowhere in clear")
def not_meant(lab):
    ignored = "the server did not upgrade"
    for answer, rule in ((welcome, ignored), (demand, ignored), (b"", "the connection ended")):
        for mode in ("--plain", "--offer"):
            server = scripted_server(lab, lambda request: demand if request.method() == "GET" else answer)
            check_refused(ask(lab, server.port, mode), expected.refused, rule)
            check_equal(server.firsts(), [page_in_clear, probe], f"requests of fetch {mode}")


@case("routes: a 426 for another protocol cannot be followed")
def another_protocol(lab):
    server = scripted_server(lab, lambda _: demand.replace(b"TLS/1.2, HTTP/1.1", b"TLS/9.9"))
    check_refused(ask(lab, server.port, "--plain"), expected.refused, "426 for another protocol", b"use TLS\n")
    check_equal(server.firsts(), [page_in_clear], "requests")
