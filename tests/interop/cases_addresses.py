"""Which addresses proxy connects to, and who learns that: a network with nothing but loopback, a server on all of its
addresses, and a name server that answers as the case wants."""

import ipaddress
import socket
import struct
import threading

import expected
from lab import case, check, check_equal, deadline_seconds
from loads import ask, upstream
from peers import network
from proxies import connect_proxy

metadata = "169.254.169.254"
reachable = "192.31.196.1"  # global for the library; here an address of loopback
everything = ("0.0.0.0/0", "::/0")
of_type = {4: 1, 6: 28}  # A, AAAA


class name_server:
    """Answers on 127.0.0.1:53 of the namespace. `names`: for each name the addresses of its first answer to a question
    for A, of its second, and so on; the last answer stays. `asked` counts these questions."""

    def __init__(self, lab, names):
        self.names = names
        self.asked = {name: 0 for name in names}
        self.socket = lab.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, args=(lab,), daemon=True).start()

    def serve(self, lab):
        while not lab.over:
            try:
                question, who = self.socket.recvfrom(4096)
                if not question:  # the lab has shut the socket
                    return
                self.socket.sendto(self.answer(question), who)
            except OSError:
                return

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack("!H", question[at + 1:at + 3])[0]
        name = ".".join(labels)
        answers = self.names.get(name, [[]])
        number = self.asked.get(name, 0)
        if kind == of_type[4] and name in self.asked:
            self.asked[name] += 1
        chosen = answers[min(number, len(answers) - 1)]
        found = [address for address in map(ipaddress.ip_address, chosen) if of_type[address.version] == kind]
        head = question[:2] + struct.pack("!HHHHH", 0x8580, 1, len(found), 0, 0)
        records = b"".join(struct.pack("!HHHIH", 0xc00c, kind, 1, 0, len(address.packed)) + address.packed
                           for address in found)
        return head + question[12:at + 5] + records


def check_refused(head, client, proxy, target, refusal):
    """The answer, and the line of the log that this client's end brings."""
    status, error = expected.refusals[refusal]

    def lines():
        return [line for line in proxy.log() if line.get("target") == target and line.get("error") == error]

    count = len(lines())
    check(head.startswith(f"HTTP/1.1 {status} ".encode()), f"{target}: expected {status}, saw {head!r}")
    client.stream.close()
    changed = proxy.process.changed
    with changed:
        changed.wait_for(lambda: len(lines()) > count, deadline_seconds)
    check(len(lines()) > count, f"{target}: no line of the log says {error}")


class enclosed:
    """The network, where names come from the name server alone."""

    def __init__(self, lab, inside):
        self.inside = inside
        self.files = [lab.file("nsswitch.conf", "hosts: dns\n"), lab.file("resolv.conf", "nameserver 127.0.0.1\n")]

    def prefix(self):
        script = 'mount --bind "$0" /etc/nsswitch.conf && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
        return self.inside.prefix() + ["unshare", "--mount", "sh", "-c", script, *self.files]


class place:
    """The network, the name server, and the server that would be reached. It says at which of its addresses."""

    def __init__(self, lab, names=None):
        self.lab = lab
        self.inside = network(lab)
        for address in (metadata, reachable):
            done = lab.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], namespace=self.inside)
            check_equal(done.status, 0, "exit status of ip addr add")
        self.around = enclosed(lab, self.inside)
        self.reached = []
        self.inside.call(self.listen)
        self.names = self.inside.call(lambda: name_server(lab, names or {}))

    def listen(self):
        listener = self.lab.keep(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
        self.port = listener.getsockname()[1]

        def accept():
            while not self.lab.over:
                try:
                    stream = self.lab.keep(listener.accept()[0])
                except OSError:
                    return
                address = ipaddress.ip_address(stream.getsockname()[0])
                self.reached.append(str(address.ipv4_mapped or address))
                stream.sendall(f"{self.reached[-1]}\n".encode())
                stream.close()

        threading.Thread(target=accept, daemon=True).start()

    def proxy(self, *options, addresses=()):
        return connect_proxy(self.lab, *options, ports=(self.port,), addresses=addresses, namespace=self.around)

    def ask(self, proxy, host):
        """The head that a client reads, and its connection."""
        def answer():
            client = ask(self.lab, proxy, f"{host}:{self.port}")
            return client.until(b"\r\n\r\n"), client
        return self.inside.call(answer)

    def check_denied(self, proxy, host, refusal="address denied"):
        check_refused(*self.ask(proxy, host), proxy, f"{host}:{self.port}", refusal)

    def check_opened(self, proxy, host, where):
        head, client = self.ask(proxy, host)
        check_equal(head, expected.established, f"{host}: answer")
        check_equal(self.inside.call(lambda: client.until(b"\n")), f"{where}\n".encode(), f"{host}: who was reached")
        client.stream.close()


literals = {"127.0.0.1": "127.0.0.1", "127.9.9.9": "127.9.9.9", "0.0.0.0": "127.0.0.1", "[::1]": "::1", "[::]": "::1",
            metadata: metadata, network.second_address: network.second_address}
disguised = ("[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "2130706433", "127.1", "0x7f.1")
resolving = {"loopback.test": ["127.0.0.1"], "other-loopback.test": ["127.0.0.2"], "unspecified.test": ["0.0.0.0"],
             "six.test": ["::1"], "metadata.test": [metadata], "private.test": [network.second_address],
             "mapped.test": ["::ffff:127.0.0.1"], "translated.test": ["64:ff9b::127.0.0.1"],
             "several.test": ["127.0.0.1", metadata, "::1"], "localhost": ["127.0.0.1"], "a.localhost": ["::1"]}


@case("addresses: proxy denies loopback, unspecified, private and metadata addresses")
def denied_literals(lab):
    here = place(lab)
    proxy = here.proxy()
    for host in literals:
        here.check_denied(proxy, host)
    for host in disguised:
        here.check_denied(proxy, host, "host denied")
    check_equal(here.reached, [], "connections to the server")


@case("addresses: proxy judges each address of a name")
def denied_names(lab):
    here = place(lab, {name: [found] for name, found in resolving.items()})
    proxy = here.proxy()
    for name in resolving:
        here.check_denied(proxy, name)
    here.check_denied(proxy, "nobody.test", "name unknown")
    check_equal(here.reached, [], "connections to the server")


@case("addresses: without the rules each of these addresses is reached")
def opened(lab):
    reach = {"loopback.test": "127.0.0.1", "six.test": "::1", "metadata.test": metadata,
             "private.test": network.second_address}
    here = place(lab, {name: [resolving[name]] for name in reach})
    proxy = here.proxy(addresses=everything)
    for host, where in {**literals, **reach}.items():
        here.check_opened(proxy, host, where)


@case("addresses: --allow-address opens a network and nothing else")
def opened_network(lab):
    here = place(lab, {name: [found] for name, found in resolving.items()})
    proxy = here.proxy(addresses=("10.0.0.0/8",))
    here.check_opened(proxy, network.second_address, network.second_address)
    here.check_opened(proxy, "private.test", network.second_address)
    for host in ("127.0.0.1", "loopback.test", metadata, "metadata.test", "[::1]"):
        here.check_denied(proxy, host)
    check_equal(set(here.reached), {network.second_address}, "addresses that were reached")


@case("addresses: a name server that changes its answer gains nothing")
def rebinding(lab):
    here = place(lab, {"rebind.test": [[reachable], ["127.0.0.1"], [reachable], [metadata]]})
    proxy = here.proxy()
    here.check_opened(proxy, "rebind.test", reachable)  # the second answer would lead to loopback
    check_equal(here.names.asked["rebind.test"], 1, "lookups for one tunnel")
    here.check_denied(proxy, "rebind.test")
    here.check_opened(proxy, "rebind.test", reachable)
    here.check_denied(proxy, "rebind.test")
    check_equal(here.names.asked["rebind.test"], 4, "lookups for four requests")
    check_equal(here.reached, [reachable, reachable], "addresses that were reached")


@case("addresses: of several addresses proxy connects to those that are allowed")
def mixed(lab):
    here = place(lab, {"mixed.test": [["127.0.0.1", reachable, "::1", metadata]]})
    proxy = here.proxy()
    here.check_opened(proxy, "mixed.test", reachable)
    check_equal(here.reached, [reachable], "addresses that were reached")


@case("addresses: the next proxy is the operator's own choice, its targets are not")
def next_proxy(lab):
    server = upstream(lab)
    far = connect_proxy(lab, ports=(server.port,), name="the next proxy")
    near = connect_proxy(lab, "--via", far.address, ports=(server.port,), addresses=())
    client = ask(lab, near, f"localhost:{server.port}")
    server.accept().stream.close()
    check_equal(client.until(b"\r\n\r\n"), expected.established, "answer")
    denied = ask(lab, near, server.name)
    check_refused(denied.until(b"\r\n\r\n"), denied, near, server.name, "address denied")


@case("addresses: who has not logged in does not learn the rules")
def login_first(lab):
    server = upstream(lab)
    closed = "127.0.0.1:1"
    proxy = connect_proxy(lab, "--auth", "user:secret", "--allow-host", "127.0.0.1", "--allow-host", "10.0.0.1",
                          ports=(server.port,))
    known = "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="
    wrong = "Proxy-Authorization: Basic dXNlcjp3cm9uZw=="
    refused = {closed: "port denied", f"other.test:{server.port}": "host denied", f"127.1:{server.port}": "host denied",
               f"10.0.0.1:{server.port}": "address denied"}
    answers = set()
    for target in (*refused, server.name):
        for fields in ((), (wrong,)):
            answers.add(ask(lab, proxy, target, *fields).to_the_end_or_reset())
    check_equal(len(answers), 1, "different answers without a login")
    check(answers.pop().startswith(b"HTTP/1.1 407 "), "the answer without a login is no 407")
    server.check_untouched("without a login")
    for target, refusal in refused.items():
        client = ask(lab, proxy, target, known)
        check_refused(client.until(b"\r\n\r\n"), client, proxy, target, refusal)
    client = ask(lab, proxy, server.name, known)
    server.accept().stream.close()
    check_equal(client.until(b"\r\n\r\n"), expected.established, "answer")
