"""Which requests the gateway serves in clear: the rules of --policy, and what the log says about them."""

import json
import os
import socket
from urllib.parse import unquote, urljoin, urlsplit

import expected
from backends import http_backend
from hop import hop
from lab import case, check, check_equal, deadline_seconds
from peers import check_exit, fetch, gateway, network
from wire import reader

secret = b"for your eyes only\n"


def site(lab):
    """A folder with a secret in it."""
    lab.file("site/hello.txt", "hello\n")
    lab.file("site/private/letter.txt", secret)
    return os.path.join(lab.folder, "site")


def policy(lab, rules):
    return "--policy", lab.file("policy", rules)


class client:
    """One connection, and what comes back on it."""

    def __init__(self, lab, server, stream=None):
        self.stream = stream or lab.connect(server.port)
        self.http = reader(self.stream)

    def ask(self, target, *fields, method="GET", host="localhost", version="1.1"):
        lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *fields]
        self.stream.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        return self.http.response(method)


def ask(lab, server, target, *fields, **how):
    return client(lab, server).ask(target, *fields, **how)


def is_advertised(answer):
    return ("upgrade" in answer.members("connection"), "tls/1.2" in answer.members("upgrade")) == (True, True)


def decisions(server, count):
    """The decisions in the log, once there are so many."""
    return [json.loads(line) for line in server.process.wait_for_lines('"event":"decision"', count)]


offer = ("Upgrade: TLS/1.2", "Connection: Upgrade")


@case("policy: clear, advertise, prefer and require, with and without an offer")
def table(lab):
    rules = "".join(f"{name} path=/{name}\n" for name in ("clear", "advertise", "prefer", "require"))
    backend = http_backend(lab)
    server = gateway(lab, "--methods", "safe", *policy(lab, rules), backend=backend.port)
    # No offer, a good one, one without the upgrade option, one with a method that cannot be upgraded.
    wanted = {
        "clear": ("200", "200", "200", "200"),
        "advertise": ("200 advertised", "101", "200 advertised", "200 advertised"),
        "prefer": ("200 advertised", "101", "426", "426"),
        "require": ("426", "101", "426", "426"),
        "none": ("200", "101", "200", "200"),
    }
    for name, row in wanted.items():
        answers = (ask(lab, server, f"/{name}/page"), ask(lab, server, f"/{name}/page", *offer),
                   ask(lab, server, f"/{name}/page", offer[0]),
                   ask(lab, server, f"/{name}/page", "Content-Length: 0", *offer, method="POST"))
        seen = tuple(f"{a.status()}{' advertised' if a.status() == 200 and is_advertised(a) else ''}" for a in answers)
        check_equal(seen, row, f"answers under {name}")


@case("policy: no spelling of a required path is served in clear, by a folder or by a backend")
def spellings(lab):
    backend = http_backend(lab)
    rules = policy(lab, "require path=/private\n")
    servers = (gateway(lab, *rules, root=site(lab)), gateway(lab, *rules, backend=backend.port))
    spelled = ("/private", "/private/", "/private/letter.txt", "/private?x=1", "/%70rivate/letter.txt",
               "/privat%65/letter.txt", "/x/../private/letter.txt", "//private/letter.txt", "/./private/letter.txt",
               "/x/%2e%2e/private/letter.txt", "/x/.%2E/private/letter.txt", "/%2fprivate/letter.txt",
               "/x%2f..%2fprivate/letter.txt", "/..%5cprivate/letter.txt", "/%5cprivate/letter.txt",
               "/private;x/letter.txt", "/private%2fletter.txt", "/PRIVATE/letter.txt", "/private./letter.txt",
               "/hello.txt/../private/letter.txt", "/%2570rivate/letter.txt", "/private%00/letter.txt",
               "/private:x/letter.txt", "/x/..;/private/letter.txt", "/%c0%afprivate/letter.txt", "/%zzprivate",
               "http://localhost/private/letter.txt", "http://localhost/%70rivate/letter.txt",
               "HTTP://other.test//private/letter.txt")
    for server in servers:
        for target in spelled:
            for method in ("GET", "HEAD", "POST"):
                answer = ask(lab, server, target, "Content-Length: 0", method=method)
                check(answer.status() in (400, 426), f"{method} {target!r} was answered with {answer.status()}")
                check(secret not in answer.raw + answer.body, f"{method} {target!r} got the secret in clear")
        check_equal(ask(lab, server, "/hello.txt").status(), 200, "status of what is not required")
        check_equal(ask(lab, server, "/privateer").status(), 404 if server is servers[0] else 200,
                    "status of another path")
    check_equal({r.target() for r in backend.requests}, {"/hello.txt", "/privateer"}, "requests at the backend")


class resolving_backend(http_backend):
    """Finds the secret where its reader of targets comes to a path at or below /private."""

    def __init__(self, lab, path_of):
        self.path_of = path_of
        super().__init__(lab)

    def answer(self, stream, request):
        path = self.path_of(request.target())
        body = secret if path == "/private" or path.startswith("/private/") else b"public\n"
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        return True


@case("policy: targets that URL parsers resolve to a required path after decoding are not served in clear")
def resolved(lab):
    base = "http://localhost"
    dropped = ("%09", "%0a", "%0d", "%0D%0A", "%09%09")
    targets = [f"/docs/{dots}/private/x" for each in dropped
               for dots in (f"{each}..{each}", f".{each}.", f"{each}.{each}.{each}")]
    targets += [f"/docs/{each}..{each}%2fprivate" for each in dropped]
    targets += [f"/pri{each}vate/x" for each in dropped]
    targets += ["/private%3fx", "/private%23x", "/%70rivate/x", "/docs/%2e%2e/private/x", "/docs/..%2fprivate"]
    ordinary = ["/docs/a%20b", "/docs/%C3%A9t%C3%A9.txt", "/docs/a%2Bb+c.x", "/docs/what%3F"]
    done = lab.run(["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "node", "resolve.mjs"), base,
                    *targets, *ordinary])
    check_equal(done.status, 0, "exit status of node")
    in_node = dict(zip(targets + ordinary, json.loads(done.out)))
    for name, path_of in (("Python", lambda target: urlsplit(urljoin(base, unquote(target))).path),
                          ("Node", lambda target: in_node[target])):
        backend = resolving_backend(lab, path_of)
        open_to_all = client(lab, gateway(lab, backend=backend.port))
        guarded = gateway(lab, *policy(lab, "require path=/private\n"), backend=backend.port)
        short = gateway(lab, "--require-tls", "/private", backend=backend.port)
        for target in targets:
            check_equal(open_to_all.ask(target).body, secret, f"what {name} finds at {target!r}")
            for server in (guarded, short):
                answer = ask(lab, server, target)
                check_equal(answer.status(), 426, f"status of {target!r} for {name}")
                check(secret not in answer.raw + answer.body, f"{target!r} got the secret in clear")
        for target in ordinary:
            check_equal(ask(lab, guarded, target).status(), 200, f"status of {target!r} for {name}")


@case("policy: rules by method and Host, and the first that matches decides")
def members(lab):
    backend = http_backend(lab)
    server = gateway(lab, *policy(lab, "clear path=/shop/open\nrequire host=*.shop.example path=/shop\n"
                                       "require method=POST\nclear\n"), backend=backend.port)
    for target, host, method, wanted in (
            ("/shop/a", "www.shop.example", "GET", 426), ("/shop/a", "WWW.Shop.Example:80", "GET", 426),
            ("/shop/a", "www.shop.example.", "GET", 426), ("/shop/a", "shop.example", "GET", 200),
            ("/shop/open", "www.shop.example", "GET", 200), ("/other", "www.shop.example", "GET", 200),
            ("http://www.shop.example/shop/a", "other.example", "GET", 426),
            ("http://other.example/shop/a", "www.shop.example", "GET", 200),
            ("/other", "other.example", "POST", 426), ("/shop/open", "other.example", "POST", 200),
            ("/other", "other.example", "post", 200)):
        answer = ask(lab, server, target, "Content-Length: 0", method=method, host=host)
        check_equal(answer.status(), wanted, f"{method} {target} for {host}")
    check_equal(ask(lab, server, "*", *offer, method="OPTIONS").status(), 200, "an offer under clear")


@case("policy: rules by the client's network")
def networks(lab):
    private = network(lab)
    rules = policy(lab, f"require from={network.second_address}\nadvertise from=127.0.0.0/8\n")
    server = gateway(lab, *rules, "--log", "json", root=site(lab), namespace=private)

    def connected(source):
        return client(lab, server, lab.keep(private.call(lambda: socket.create_connection(
            ("127.0.0.1", server.port), deadline_seconds, (source, 0)))))

    check_equal(connected(network.second_address).ask("/hello.txt").status(), 426, "status for the second address")
    near = connected("127.0.0.1").ask("/hello.txt")
    check_equal((near.status(), is_advertised(near)), (200, True), "answer for the first address")
    decisions(server, 2)
    peers = [json.loads(line)["peer"] for line in server.process.err.decode().splitlines() if '"open"' in line]
    check_equal(peers, [network.second_address, "127.0.0.1"], "peers in the log")


@case("policy: the log says which rule decided, and whether the path was in doubt")
def explained(lab):
    file = lab.file("rules", "# comment\n\nadvertise path=/open # not a secret\n  require path=/private\n")
    server = gateway(lab, "--require-tls", "/vault", "--policy", file, "--log", "json", root=site(lab))
    one = client(lab, server)
    for count, (target, is_, where, text, certain) in enumerate((
            ("/open/x", "serve", f"{file}:3", "advertise path=/open # not a secret", "yes"),
            ("/private/letter.txt", "require upgrade", f"{file}:4", "require path=/private", "yes"),
            ("/%70rivate/letter.txt", "require upgrade", "--require-tls", "require path=/vault", "no"),
            ("//hello.txt", "require upgrade", "--require-tls", "require path=/vault", "no"),
            ("/vault", "require upgrade", "--require-tls", "require path=/vault", "yes"),
            ("/hello.txt", "serve", "no rule", "", "yes"))):
        one.ask(target)
        line = decisions(server, count + 1)[-1]
        check_equal((line["is"], line["rule"], line["text"], line["certain"]), (is_, where, text, certain),
                    f"decision on {target}")
    check_exit(fetch(lab, "--require-tls", f"http://localhost:{server.port}/private/letter.txt"), expected.answered)
    check_equal([(line["is"], line["rule"]) for line in decisions(server, 8)[-2:]],
                [("upgrade", "no rule"), ("serve", "inside TLS")], "decisions on the way into TLS")


@case("policy: where no rule matches, offers are accepted; --advertise, OPTIONS")
def otherwise(lab):
    for options, advertised in (((), False), (("--advertise",), True)):
        server = gateway(lab, *policy(lab, "require path=/private\nclear path=/plain\n"), *options, root=site(lab))
        way = hop(lab, server.port)
        check_exit(fetch(lab, "--plain", f"http://localhost:{way.port}/private/letter.txt"), expected.answered)
        check(secret not in way.down(), "the secret went in clear")
        check_equal(is_advertised(ask(lab, server, "/hello.txt")), advertised, "a GET is advertised")
        check_equal(is_advertised(ask(lab, server, "/plain")), False, "what a rule covers is advertised")
        for target in ("*", "/hello.txt"):
            check(is_advertised(ask(lab, server, target, method="OPTIONS")), "OPTIONS is not advertised")


@case("policy: the file in docs/routes.md does what it says")
def documented(lab):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "..", "docs", "routes.md"), encoding="utf-8") as text:
        rules = text.read().partition("```\n# tests/interop has this file")[2].partition("```")[0]
    backend = http_backend(lab)
    server = gateway(lab, *policy(lab, "#" + rules), backend=backend.port)
    check_equal(ask(lab, server, "/private/letter").status(), 426, "status of a required path")
    for host, status in (("www.shop.example", 426), ("localhost", 200)):
        check_equal(ask(lab, server, "/account", offer[0], host=host).status(), status, f"status of a preferred path at {host}")
    check(is_advertised(ask(lab, server, "/page")), "the rest is not advertised")


@case("policy: HTTP/1.0 and 426 get no advertisement, errors do")
def old(lab):
    server = gateway(lab, *policy(lab, "require path=/private\nadvertise\n"), root=site(lab))
    answer = ask(lab, server, "/hello.txt", version="1.0")
    check_equal((answer.status(), answer.get("upgrade"), answer.members("connection")), (200, None, ["close"]),
                "answer to HTTP/1.0")
    answer = ask(lab, server, "/hello.txt", "Connection: keep-alive", version="1.0")
    check_equal((answer.status(), answer.get("upgrade"), answer.members("connection")), (200, None, []),
                "answer to HTTP/1.0 with keep-alive")
    check_equal(ask(lab, server, "/private", version="1.0").status(), 426, "status for HTTP/1.0")
    answer = ask(lab, server, "/private")
    check_equal(answer.raw.lower().count(b"upgrade:"), 1, "Upgrade fields of a 426")
    check(is_advertised(ask(lab, server, "/missing.txt")), "a 404 is not advertised")
    answer = ask(lab, server, "/hello.txt", "Connection: close")
    check_equal((answer.members("connection"), is_advertised(answer)), (["close", "upgrade"], True), "the last answer")


@case("policy: what is wrong in a file is named by line and word")
def faults(lab):
    for text, line, word in (("require\nrequire pth=/private\n", 2, "pth=/private"), ("deny\n", 1, "deny"),
                             ("# all\n\nclear from=10.0.0.1/8", 3, "from=10.0.0.1/8"),
                             ("require path=/a%20b\r\n", 1, "path=/a%20b"),
                             ("require path=/a path=/b", 1, "path=/b")):
        file = lab.file("rules", text)
        done = lab.run([os.path.join(lab.programs, "gateway"), "--listen", "127.0.0.1:0", "--root", lab.folder,
                        "--opossum", "bound-alpn", "--policy", file])
        check_equal((done.status, done.out), (1, b""), f"exit status and output for {text!r}")
        check(done.last_line().startswith(f'gateway: {file}:{line}: "{word}" '),
              f"message for {text!r}: {done.last_line()!r}")
    for missing in (os.path.join(lab.folder, "nowhere"), lab.folder):
        done = lab.run([os.path.join(lab.programs, "gateway"), "--policy", missing])
        check_equal(done.status, 1, "exit status without a file")
        check(f"cannot read the policy {missing}: " in done.last_line(), f"message: {done.last_line()!r}")
