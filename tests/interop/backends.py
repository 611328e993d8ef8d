"""Servers that stand behind the gateway."""

import threading

from lab import show
from wire import end_of_stream, reader


class http_backend:
    """A small origin server. It keeps every request that it got.

    /echo        answers with the body of the request
    /tagged      304 when the tag is known, with the length of what it does not send
    /until-close a body that only the end of the connection ends
    other        "this is TARGET"
    """

    def __init__(self, lab):
        self.requests = []
        self.lock = threading.Lock()
        self.port = lab.serve(self.take)
        lab.reports.append(self.report)

    def take(self, stream):
        http = reader(stream)
        try:
            while self.answer(stream, http.request()):
                pass
        except end_of_stream:
            pass

    def answer(self, stream, request):
        with self.lock:
            self.requests.append(request)
        body = f"this is {request.target()}\n".encode()
        if request.target() == "/until-close":
            stream.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body * 1000)
            return False
        if request.target() == "/echo":
            body = request.body
        extra = b""
        if request.target() == "/tagged":
            extra = b'ETag: "first"\r\n'
            if request.get("if-none-match") == '"first"':
                stream.sendall(b"HTTP/1.1 304 Not Modified\r\n%sContent-Length: %d\r\n\r\n" % (extra, len(body)))
                return True
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n" % (extra, len(body))
        stream.sendall(head + (b"" if request.method() == "HEAD" else body))
        return "close" not in request.members("connection")

    def targets(self):
        with self.lock:
            return [r.target() for r in self.requests]

    def report(self):
        return "\n".join(["--- the backend received"] + [show(r.raw + r.body) for r in self.requests])


class scripted_backend:
    """An origin server that says, byte for byte, what the case has for a target, and closes. Keeps every request."""

    def __init__(self, lab, answers):
        self.answers = answers
        self.requests = []
        self.port = lab.serve(self.take)
        lab.reports.append(self.report)

    def take(self, stream):
        try:
            request = reader(stream).request()
        except end_of_stream:
            return
        self.requests.append(request)
        stream.sendall(self.answers[request.target()])

    def report(self):
        return "\n".join(["--- the backend received"] + [show(r.raw + r.body) for r in self.requests])


class ipp_responder:
    """Says "successful-ok" to every IPP request, with what RFC 8011 section 4.1.4 asks for and no more."""

    def __init__(self, lab):
        self.requests = []
        self.port = lab.serve(self.take)
        lab.reports.append(self.report)

    def take(self, stream):
        http = reader(stream)
        try:
            while True:
                request = http.request()
                self.requests.append(request)
                body = ipp_answer(request.body)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        except end_of_stream:
            pass

    def report(self):
        return "\n".join(["--- the IPP responder received"] + [show(r.raw + r.body) for r in self.requests])


def ipp_attribute(tag, name, value):
    return bytes([tag]) + len(name).to_bytes(2, "big") + name + len(value).to_bytes(2, "big") + value


def ipp_answer(request):
    version, request_id = request[0:2], request[4:8]
    successful_ok, operation_attributes, end = b"\0\0", b"\x01", b"\x03"
    return (version + successful_ok + request_id + operation_attributes
            + ipp_attribute(0x47, b"attributes-charset", b"utf-8")
            + ipp_attribute(0x48, b"attributes-natural-language", b"en") + end)


def ipp_operation(request):
    """The operation of a request, as a number. Get-Printer-Attributes is 0x000b."""
    return int.from_bytes(request[2:4], "big")
