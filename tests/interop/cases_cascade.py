"""Cascades: two proxies of ours and one of the real world, and TLS upgrade inside the tunnel through all of them."""

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal
from peers import check_exit, fetch, gateway, held_port
from proxies import (answers_to_connect, check_fetch_refused, check_log_refused, check_log_tunnel, connect_proxy,
                     credentials_in_connects, encoded, real_proxies, with_auth)

next_auth = "carol:next"
client_auth = "alice:first"


class goal:
    """The end of every cascade: a backend, the gateway, and a hop before it."""

    def __init__(self, lab):
        self.lab = lab
        self.backend = http_backend(lab)
        self.way = hop(lab, gateway(lab, backend=self.backend.port).port, name="before the gateway")
        self.port = self.way.port
        self.target = f"localhost:{self.port}"

    def fetch(self, *proxies, target=None):
        """Through these proxies, nearest first."""
        cascade = [word for proxy in proxies for word in ("--proxy", f"http://{proxy}")]
        return fetch(self.lab, "--require-tls", *cascade, f"http://{target or self.target}/page")

    def check_reached(self, done):
        check_exit(done, expected.answered)
        check_equal(done.out, b"this is /page\n", "body")
        check_equal(len(self.way.upgraded()), 1, "upgraded connections at the gateway")
        check_equal(self.backend.targets(), ["/page"], "requests at the backend")
        check(b"proxy-auth" not in self.way.up().lower(), "credentials went into the tunnel")

    def check_not_reached(self):
        check_equal(self.way.flows, [], "connections to the gateway")


def check_only_tunnel(proxy, target):
    log = proxy.wait_for_log()
    check_equal(len(log), 1, f"lines of the access log of {proxy.name}")
    check_log_tunnel(log[0], target)


def check_only_refused(proxy, status, error="next_proxy_refused"):
    log = proxy.wait_for_log()
    check_equal(len(log), 1, f"lines of the access log of {proxy.name}")
    check_log_refused(log[0], status, error)


def two_of_ours(lab, last, *ports):
    """The first hands on to the second, the second to the last."""
    second = connect_proxy(lab, "--via", last.address, ports=ports, name="second proxy")
    return connect_proxy(lab, "--via", second.address, ports=ports, name="first proxy"), second


# The client makes the cascade, or the proxies do.

for a_kind in real_proxies:
    @case(f"cascade: fetch through two of ours and {a_kind.name}")
    def by_fetch(lab, kind=a_kind):
        end = goal(lab)
        last = kind(lab, end.port)
        second = connect_proxy(lab, ports=[last.port], name="second proxy")
        first = connect_proxy(lab, ports=[second.port], name="first proxy")
        end.check_reached(end.fetch(first.address, second.address, last.address))
        check_only_tunnel(first, second.address)
        check_only_tunnel(second, last.address)

    @case(f"cascade: fetch through {a_kind.name} and two of ours")
    def foreign_first(lab, kind=a_kind):
        end = goal(lab)
        last = connect_proxy(lab, ports=[end.port], name="last proxy")
        second = connect_proxy(lab, ports=[last.port], name="second proxy")
        first = kind(lab, second.port)
        end.check_reached(end.fetch(first.address, second.address, last.address))
        check_only_tunnel(second, last.address)
        check_only_tunnel(last, end.target)

    @case(f"cascade: --via, and again --via, and {a_kind.name}")
    def by_via(lab, kind=a_kind):
        end = goal(lab)
        first, second = two_of_ours(lab, kind(lab, end.port), end.port)
        end.check_reached(end.fetch(first.address))
        check_only_tunnel(first, end.target)
        check_only_tunnel(second, end.target)


# Refused by the last of them

for a_kind in real_proxies:
    @case(f"cascade: {a_kind.name} refuses at the end of the cascade of fetch")
    def refused_by_fetch(lab, kind=a_kind):
        end = goal(lab)
        last = kind(lab, 443)
        second = connect_proxy(lab, ports=[last.port], name="second proxy")
        first = connect_proxy(lab, ports=[second.port], name="first proxy")
        done = end.fetch(first.address, second.address, last.address)
        check_fetch_refused(done, last.port, end.target, kind.port_denied)
        check_only_tunnel(first, second.address)
        check_only_tunnel(second, last.address)
        end.check_not_reached()

    @case(f"cascade: {a_kind.name} denies the port, and --via reports it twice")
    def denied_by_via(lab, kind=a_kind):
        end = goal(lab)
        check_refused_by_via(lab, end, kind(lab, 443), end.target, kind.port_denied)

    @case(f"cascade: {a_kind.name} finds nobody listening, and --via reports it twice")
    def nobody_by_via(lab, kind=a_kind):
        port = held_port(lab)
        check_refused_by_via(lab, goal(lab), kind(lab, port), f"localhost:{port}", kind.upstream_refused)


def check_refused_by_via(lab, end, last, target, status):
    """The status goes back to fetch, and nothing on the way is a tunnel."""
    first, second = two_of_ours(lab, last, int(target.split(":")[1]))
    near = hop(lab, first.port, name="between fetch and the first proxy")
    done = end.fetch(f"127.0.0.1:{near.port}", target=target)
    check_fetch_refused(done, near.port, target, status)
    check_equal([answers_to_connect(flow) for flow in near.flows], [[status]], "answers that fetch got")
    check_only_refused(first, status)
    check_only_refused(second, status)
    end.check_not_reached()


@case("cascade: the second of ours denies the port")
def denied_by_ours(lab):
    end = goal(lab)
    second = connect_proxy(lab, ports=[443], name="second proxy")
    first = connect_proxy(lab, "--via", second.address, ports=[end.port], name="first proxy")
    check_fetch_refused(end.fetch(first.address), first.port, end.target, 403)
    check_only_refused(first, 403)
    check_only_refused(second, *expected.refusals["port denied"])
    end.check_not_reached()


@case("cascade: nobody listens where the next proxy should be")
def no_next_proxy(lab):
    end = goal(lab)
    first = connect_proxy(lab, "--via", f"127.0.0.1:{held_port(lab)}", ports=[end.port])
    check_fetch_refused(end.fetch(first.address), first.port, end.target, 503)
    check_only_refused(first, *expected.refusals["nobody listens"])


# Credentials

class ours(connect_proxy):
    """The proxy under test, where one of the real world could be."""

    name = "another of ours"

    def __init__(self, lab, *ports, auth):
        super().__init__(lab, "--auth", auth, ports=ports, name=self.name)


def with_next(lab, end, kind, credentials):
    """A hop, our proxy, a hop, the next proxy that wants credentials. Ours has some of its own for it."""
    last = kind(lab, end.port, auth=next_auth)
    middle = hop(lab, last.port, name="between the proxies")
    at = credentials and credentials + "@"
    first = connect_proxy(lab, "--auth", client_auth, "--via", f"{at}127.0.0.1:{middle.port}", ports=[end.port])
    return hop(lab, first.port, name="between fetch and the first proxy"), first, middle


for a_kind in with_auth + [ours]:
    @case(f"cascade: --via with credentials for {a_kind.name}")
    def via_with_credentials(lab, kind=a_kind):
        end = goal(lab)
        near, first, middle = with_next(lab, end, kind, next_auth)
        end.check_reached(end.fetch(f"{client_auth}@127.0.0.1:{near.port}"))
        known = encoded(next_auth)
        check_equal(credentials_in_connects(middle)[-1], f"Basic {known.decode()}", "credentials for the next proxy")
        check(encoded(client_auth) not in middle.up(), "the client's credentials went to the next proxy")
        check(known not in near.up() + near.down() + end.way.up(), "the next proxy's credentials went elsewhere")
        check_log_tunnel(first.wait_for_log(2)[-1], end.target)

    @case(f"cascade: where {a_kind.name} wants a login that ours lacks, the client gets 502")
    def next_asks(lab, kind=a_kind):
        for credentials in ("", "carol:wrong"):
            end = goal(lab)
            near, first, _ = with_next(lab, end, kind, credentials)
            done = end.fetch(f"{client_auth}@127.0.0.1:{near.port}")
            check_fetch_refused(done, near.port, end.target, 502)
            check_log_refused(first.wait_for_log(2)[-1], 502, "next_proxy_refused")
            check_equal(near.down().lower().count(b"proxy-authenticate"), 1, "challenges that fetch got")
            check(b"www-authenticate" not in near.down().lower(), "the next proxy's challenge came through")
            end.check_not_reached()


@case("cascade: three proxies that ask, each for its own credentials")
def three_ask(lab):
    end = goal(lab)
    secrets = ["alice:first", "bob:second", "carol:third"]
    ways, port = [], end.port
    for secret in reversed(secrets):
        proxy = ours(lab, port, auth=secret)
        ways.insert(0, hop(lab, proxy.port, name=f"before the proxy of {secret}"))
        port = ways[0].port
    end.check_reached(end.fetch(*(f"{secret}@127.0.0.1:{way.port}" for secret, way in zip(secrets, ways))))
    for number, way in enumerate(ways):
        for earlier in secrets[:number]:
            check(encoded(earlier) not in way.up(), f"credentials of proxy {number} went further: {earlier}")
        check(encoded(secrets[number]) in way.up(), f"proxy {number + 1} got no credentials")


@case("cascade: the second proxy asks for credentials that fetch does not have")
def second_asks(lab):
    end = goal(lab)
    second = ours(lab, end.port, auth=next_auth)
    first = connect_proxy(lab, ports=[second.port])
    check_fetch_refused(end.fetch(f"{client_auth}@{first.address}", second.address), second.port, end.target, 407)
    end.check_not_reached()
