"""fetch through CONNECT proxies of the real world: TLS upgrade inside the tunnel, and refusals."""

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, fetch, gateway, held_port
from proxies import (answers_to_connect, check_fetch_refused, credentials_in_connects, encoded, names_from_files,
                     real_proxies, requests_in_clear, squid, with_auth)

auth = "user:secret"


class rig:
    """fetch, a hop, the proxy, a hop, the gateway, a backend."""

    def __init__(self, lab, kind, *more_ports, auth=None, namespace=None):
        self.lab = lab
        self.backend = http_backend(lab)
        self.far = hop(lab, gateway(lab, backend=self.backend.port).port, name="between the proxy and the gateway")
        self.proxy = kind(lab, self.far.port, *more_ports, auth=auth, namespace=namespace)
        self.near = hop(lab, self.proxy.port, name="between fetch and the proxy")
        self.target = f"localhost:{self.far.port}"

    def fetch(self, *options, credentials="", target=None):
        at = credentials and credentials + "@"
        return fetch(self.lab, *options, "--require-tls", "--proxy", f"http://{at}127.0.0.1:{self.near.port}",
                     f"http://{target or self.target}/page")

    def check_upgraded(self, done):
        check_exit(done, expected.answered)
        check_equal(done.out, b"this is /page\n", "body")
        check_equal(len(self.far.upgraded()), 1, "upgraded connections at the gateway")
        check_equal(len(self.near.upgraded()), 1, "upgraded connections at the proxy")
        check(b"/page" not in self.near.up() + self.far.up(), "the request went in clear")
        check_equal(self.backend.targets(), ["/page"], "requests at the backend")

    def check_refused(self, done, status, target):
        """fetch tells of the status that really came, and of no answer. It sent nothing but CONNECT."""
        check_fetch_refused(done, self.near.port, target, status)
        check_equal(answers_to_connect(self.near.flows[-1])[-1], status, "status that the proxy sent")
        sent = {head.method() for flow in self.near.flows for head in requests_in_clear(flow)}
        check_equal(sent, {"CONNECT"}, "methods that fetch sent")
        check_equal(self.far.flows, [], "connections to the gateway")

    def check_secret_kept(self, credentials):
        """The credentials went to the proxy only, and only after it had asked."""
        known = encoded(credentials).decode()
        check_equal(credentials_in_connects(self.near), [None, f"Basic {known}"], "credentials in the CONNECT requests")
        check_equal(self.near.up().count(known.encode()), 1, "times that the credentials were sent")
        check(known.encode() not in self.far.up(), "the credentials went into the tunnel")
        for request in self.backend.requests:
            check_equal(request.get("proxy-authorization"), None, "credentials at the backend")


for a_kind in real_proxies:
    @case(f"CONNECT proxies: {a_kind.name}, TLS upgrade inside the tunnel")
    def through(lab, kind=a_kind):
        here = rig(lab, kind)
        here.check_upgraded(here.fetch())

    @case(f"CONNECT proxies: {a_kind.name} denies the port")
    def port_denied(lab, kind=a_kind):
        here = rig(lab, kind)
        target = f"localhost:{held_port(lab)}"
        here.check_refused(here.fetch(target=target), kind.port_denied, target)

    @case(f"CONNECT proxies: {a_kind.name} finds nobody listening")
    def nobody_listens(lab, kind=a_kind):
        closed = held_port(lab)
        here = rig(lab, kind, closed)
        here.check_refused(here.fetch(target=f"127.0.0.1:{closed}"), kind.upstream_refused, f"127.0.0.1:{closed}")

    @case(f"CONNECT proxies: {a_kind.name} does not know the name")
    def name_unknown(lab, kind=a_kind):
        here = rig(lab, kind, namespace=names_from_files(lab))
        target = f"nohost.invalid:{here.far.port}"
        here.check_refused(here.fetch(target=target), kind.name_unresolved, target)


for a_kind in with_auth:
    @case(f"CONNECT proxies: {a_kind.name} asks for credentials and gets them")
    def authenticated(lab, kind=a_kind):
        here = rig(lab, kind, auth=auth)
        here.check_upgraded(here.fetch(credentials=auth))
        here.check_secret_kept(auth)

    @case(f"CONNECT proxies: {a_kind.name} asks for credentials that fetch does not have")
    def no_credentials(lab, kind=a_kind):
        here = rig(lab, kind, auth=auth)
        here.check_refused(here.fetch(), 407, here.target)

    @case(f"CONNECT proxies: {a_kind.name} gets wrong credentials")
    def wrong_credentials(lab, kind=a_kind):
        here = rig(lab, kind, auth=auth)
        here.check_refused(here.fetch(credentials="user:wrong"), kind.wrong_credentials, here.target)
        here.check_secret_kept("user:wrong")


@case("CONNECT proxies: fetch -v shows the way")
def verbose(lab):
    here = rig(lab, squid, auth=auth)
    done = here.fetch("-v", credentials=auth)
    here.check_upgraded(done)
    for wanted in (f"> CONNECT {here.target} HTTP/1.1".encode(), b"< HTTP/1.1 407 ", b"< HTTP/1.1 200 ", b"101 "):
        check(wanted in done.err, f"the transcript lacks {wanted!r}")


@case("CONNECT proxies: nobody listens where the proxy should be")
def no_proxy(lab):
    done = fetch(lab, "--require-tls", "--proxy", f"http://127.0.0.1:{held_port(lab)}", "http://localhost/page")
    check_exit(done, expected.network)
    check_equal(done.out, b"", "body")
