"""A forward proxy that knows nothing of upgrades: it drops Upgrade both ways, as RFC 2817 5.1 foresees."""

import socket

from hop import flow, relay
from lab import show
from wire import end_of_stream, message, reader

removed = ("connection", "upgrade", "proxy-authorization")


def without(head, *names):
    """The head's bytes without these fields."""
    lines = head.raw.split(b"\r\n")
    return b"\r\n".join(one for one in lines if one.partition(b":")[0].decode("latin-1").lower() not in names)


def strip_upgrade(head):
    """An edit for `hop.on_head`: what an ignorant intermediary, or an attacker, makes of an offer or of a 426."""
    return without(head, "connection", "upgrade")


class forwarder:
    """Takes one request in absolute-form and sends it on in origin-form, or opens a tunnel. `tunnels`: the status that
    CONNECT gets. `edit(message)`: what becomes of the answer to a forwarded request."""

    def __init__(self, lab, tunnels=200, edit=strip_upgrade):
        self.lab = lab
        self.tunnels = tunnels
        self.edit = edit
        self.requests = []
        self.answers = []
        self.port = lab.serve(self.take)
        lab.reports.append(self.report)

    def take(self, client):
        http = reader(client)
        try:
            request = http.request()
        except end_of_stream:
            return
        self.requests.append(request)
        if request.method() == "CONNECT":
            self.tunnel(client, request)
        else:
            self.forward(client, request)

    def tunnel(self, client, request):
        if self.tunnels != 200:
            client.sendall(b"HTTP/1.1 %d Denied\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % self.tunnels)
            client.shutdown(socket.SHUT_WR)
            return
        server = self.lab.connect(int(request.target().rpartition(":")[2]))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        relay(client, server, flow())
        server.close()

    def forward(self, client, request):
        authority, _, path = request.target().removeprefix("http://").partition("/")
        server = self.lab.connect(int(authority.rpartition(":")[2]))
        head = without(request, *removed).replace(request.target().encode(), b"/" + path.encode(), 1)
        server.sendall(head + request.body)
        answer = reader(server).response(request.method())
        self.answers.append(answer)
        client.sendall(self.edit(message(answer.raw)) + answer.body)
        server.close()

    def report(self):
        lines = ["--- the forwarder got, and was answered"]
        return "\n".join(lines + [show(one.raw) for one in self.requests + self.answers])


class scripted_server:
    """Answers each request with what `say(request)` returns; with nothing, it closes the connection."""

    def __init__(self, lab, say):
        self.say = say
        self.requests = []
        self.port = lab.serve(self.take)
        lab.reports.append(lambda: "\n".join(["--- the server got"] + [show(one.raw) for one in self.requests]))

    def take(self, stream):
        http = reader(stream)
        try:
            while True:
                request = http.request()
                self.requests.append(request)
                if not (answer := self.say(request)):
                    return
                stream.sendall(answer)
        except end_of_stream:
            pass

    def firsts(self):
        return [one.first for one in self.requests]


demand = (b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n"
          b"Content-Length: 8\r\n\r\nuse TLS\n")
welcome = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nin clear\n"
