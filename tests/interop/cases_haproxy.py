"""A proxy of the real world on the way. It rewrites heads and forwards the offer and the 101."""

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, fetch, gateway, haproxy


@case("haproxy: fetch --require-tls through it, TLS from end to end")
def through(lab):
    backend = http_backend(lab)
    server = gateway(lab, backend=backend.port)
    behind = hop(lab, server.port, name="between haproxy and the gateway")
    proxy = haproxy(lab, behind.port)
    before = hop(lab, proxy.port, name="between fetch and haproxy")
    done = fetch(lab, "--require-tls", "-H", "x-secret: in-tls-only", f"http://localhost:{before.port}/page")
    check_exit(done, expected.answered)
    check_equal(done.out, b"this is /page\n", "body")
    check_equal([r.get("x-secret") for r in backend.requests], ["in-tls-only"], "requests at the backend")
    check_equal((len(before.upgraded()), len(behind.upgraded())), (1, 1), "upgraded connections on both sides")
    near, far = before.upgraded()[0], behind.upgraded()[0]
    for rewritten in (far.clear_up(), near.clear_down()):
        check(b"\r\nupgrade: " in rewritten, "haproxy should lower the case of the names")
    for side in ("up", "down"):
        tls_near = getattr(near, side)[len(getattr(near, "clear_" + side)()):]
        tls_far = getattr(far, side)[len(getattr(far, "clear_" + side)()):]
        check_equal(tls_near == tls_far, True, f"the TLS records ({side}) are the same on both sides of haproxy")
    check(b"in-tls-only" not in before.up() + behind.up(), "the request went in clear")
