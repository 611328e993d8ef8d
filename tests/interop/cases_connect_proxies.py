"""fetch through CONNECT proxies of the real world: TLS upgrade inside the tunnel, and refusals."""

import base64
import re

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, fetch, gateway, held_port
from proxies import names_from_files, real_proxies, with_auth
from wire import message

auth = "user:secret"


def encoded(credentials):
    return base64.b64encode(credentials.encode())


def heads(data):
    """The messages in clear at the start of a stream. They have no content."""
    return [message(head + b"\r\n\r\n") for head in data.split(b"\r\n\r\n")[:-1]]


def connects(flow):
    """The requests for a tunnel that passed here."""
    return [head for head in heads(flow.clear_up()) if head.method() == "CONNECT"]


class rig:
    """fetch, a hop, the proxy, a hop, the gateway, a backend."""

    def __init__(self, lab, kind, *more_ports, auth=None, namespace=None):
        self.lab = lab
        self.backend = http_backend(lab)
        self.far = hop(lab, gateway(lab, backend=self.backend.port).port, name="between the proxy and the gateway")
        self.proxy = kind(lab, self.far.port, *more_ports, auth=auth, namespace=namespace)
        self.near = hop(lab, self.proxy.port, name="between fetch and the proxy")
        self.target = f"localhost:{self.far.port}"

    def fetch(self, credentials="", target=None):
        at = credentials and credentials + "@"
        return fetch(self.lab, "--require-tls", "--proxy", f"http://{at}127.0.0.1:{self.near.port}",
                     f"http://{target or self.target}/page")

    def check_upgraded(self, done):
        check_exit(done, expected.answered)
        check_equal(done.out, b"this is /page\n", "body")
        check_equal(len(self.far.upgraded()), 1, "upgraded connections at the gateway")
        check_equal(len(self.near.upgraded()), 1, "upgraded connections at the proxy")
        check(b"/page" not in self.near.up() + self.far.up(), "the request went in clear")
        check_equal(self.backend.targets(), ["/page"], "requests at the backend")

    def check_refused(self, done, status, target):
        """fetch tells of the status that really came, and of no answer."""
        check_refused(done, self.near.port, target, status)
        last = self.near.flows[-1]
        check_equal(heads(last.clear_down())[-1].status(), status, "status that the proxy sent")
        check_equal({head.method() for flow in self.near.flows for head in heads(flow.clear_up())}, {"CONNECT"},
                    "methods that fetch sent")
        check_equal(self.far.flows, [], "connections to the gateway")

    def check_secret_kept(self, credentials):
        """The credentials went to the proxy only, and only after it had asked."""
        asked = [head for flow in self.near.flows for head in connects(flow)]
        check_equal([head.get("proxy-authorization") for head in asked],
                    [None, f"Basic {encoded(credentials).decode()}"], "credentials in the CONNECT requests")
        inside = [head for flow in self.near.flows for head in heads(flow.clear_up()) if head.method() != "CONNECT"]
        check_equal([head.get("proxy-authorization") for head in inside], [None] * len(inside), "inside the tunnel")
        check(encoded(credentials) not in self.far.up(), "the credentials went into the tunnel")
        for request in self.backend.requests:
            check_equal(request.get("proxy-authorization"), None, "credentials at the backend")


def check_refused(done, port, target, status):
    """fetch says which proxy refused what, and with which status."""
    check_exit(done, expected.tunnel_refused)
    check_equal(done.out, b"", "body")
    pattern = expected.refused_tunnel(f"127.0.0.1:{port}", target, status)
    check(re.search(pattern, done.last_line()), f"last line of fetch: expected {pattern}, saw {done.last_line()!r}")


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
        here.check_upgraded(here.fetch(auth))
        here.check_secret_kept(auth)

    @case(f"CONNECT proxies: {a_kind.name} asks for credentials that fetch does not have")
    def no_credentials(lab, kind=a_kind):
        here = rig(lab, kind, auth=auth)
        here.check_refused(here.fetch(), 407, here.target)

    @case(f"CONNECT proxies: {a_kind.name} gets wrong credentials")
    def wrong_credentials(lab, kind=a_kind):
        here = rig(lab, kind, auth=auth)
        here.check_refused(here.fetch("user:wrong"), kind.wrong_credentials, here.target)
        here.check_secret_kept("user:wrong")


@case("CONNECT proxies: nobody listens where the proxy should be")
def no_proxy(lab):
    done = fetch(lab, "--require-tls", "--proxy", f"http://127.0.0.1:{held_port(lab)}", "http://localhost/page")
    check_exit(done, expected.network)
    check_equal(done.out, b"", "body")
