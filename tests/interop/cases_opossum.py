"""Opossum (CVE-2025-49812), live: a client of implicit TLS is attached to an upgraded connection."""

import os
import ssl
import threading

import victims
from backends import http_backend
from lab import case, check, check_equal, deadline_seconds, until
from peers import gateway
from splice import get_dog, implicit_server, naive_server, options_probe, probe_for, splicer
from wire import alert, application_data, client_hello, reader, record_types, split_records

profiles = ["bound-alpn", "dedicated-name=localhost", "accept-risk"]
unrecognized_name = 112
missing_extension = 109
splices = {"OPTIONS": (options_probe, []), "GET": (get_dog, ["--methods", "any"])}


def attack(lab, victim, server_port, request):
    """Runs the victim against the splicer. Returns how the victim ended and what passed by."""
    attacker = splicer(lab, server_port, request)
    done = victim.run(lab, attacker.port)
    check(attacker.splices, f"{victim.name} never connected to the attacker")
    for one in attacker.splices:
        until(one.closed, f"the end of the splice of {victim.name}")
    return done, attacker.splices


def check_hello(victim, flow):
    hello = client_hello(flow.up)
    check_equal(hello.server_name, "localhost", f"server name sent by {victim.name}")
    if victim.sends_alpn:
        check("http/1.1" in (hello.alpn or []), f"{victim.name} should send ALPN http/1.1, sent {hello.alpn}")
    else:
        check_equal(hello.alpn, None, f"ALPN of {victim.name}")


def check_refused(victim, done, splices):
    """No handshake and no byte of a response. At most an alert."""
    check(done.status != 0, f"{victim.name} believes that it succeeded")
    check_equal(done.out, b"", f"response that {victim.name} got")
    for one in splices:
        check_equal(one.reply and one.reply.status(), 101, "answer in clear to the attacker")
        check_hello(victim, one)
        check(set(record_types(one.down)) <= {alert} and len(one.down) <= 14,
              f"the server answered {victim.name} with more than an alert: {one.down[:80]!r}")


# The rig itself: victims and attacker do what they are said to do when nobody defends.

for a_victim in victims.with_alpn + victims.without_alpn:
    @case(f"opossum control: {a_victim.name} trusts the certificate")
    def trusts(lab, victim=a_victim):
        server = implicit_server(lab)
        done = victim.run(lab, server.port)
        check_equal((done.status, done.out), (0, b"this is /cat.html\n"), f"{victim.name} over implicit TLS")

    @case(f"opossum control: {a_victim.name} trusts the certificate for an address")
    def trusts_address(lab, victim=a_victim):
        done = victim.run(lab, implicit_server(lab).port, "127.0.0.1")
        check_equal((done.status, done.out), (0, b"this is /cat.html\n"), f"{victim.name} over implicit TLS")

    @case(f"opossum control: {a_victim.name} is deceived by a server without a defence")
    def deceived(lab, victim=a_victim):
        done, splices = attack(lab, victim, naive_server(lab).port, get_dog)
        check_hello(victim, splices[0])
        check_equal((done.status, done.out), (0, b"this is /dog.html\n"), f"{victim.name} asked for the cat and got")


# The defence.

for a_profile in profiles:
    for a_splice in splices:
        for a_victim in victims.with_alpn + (victims.without_alpn if a_profile == "bound-alpn" else []):
            @case(f"opossum {a_profile}: {a_splice} spliced to {a_victim.name} is refused")
            def refused(lab, profile=a_profile, splice=a_splice, victim=a_victim):
                request, options = splices[splice]
                server = gateway(lab, *options, opossum=profile, backend=http_backend(lab).port)
                check_refused(victim, *attack(lab, victim, server.port, request))

    @case(f"opossum {a_profile}: a GET gets no 101 by default")
    def no_switch(lab, profile=a_profile):
        backend = http_backend(lab)
        server = gateway(lab, opossum=profile, backend=backend.port)
        done, splices = attack(lab, victims.curl, server.port, get_dog)
        check(done.status != 0, "curl believes that it succeeded")
        check_equal(splices[0].reply.status(), 200, "answer in clear to the GET with an offer")
        check_equal(splices[0].up + splices[0].down, b"", "bytes spliced")
        check_equal(backend.targets(), ["/dog.html"], "requests that reached the backend")


# dedicated-name: the certificate covers localhost and 127.0.0.1 too, which other servers use for implicit TLS. The
# attacker may name what the victim asks for, or the name that is dedicated: neither gets an upgraded connection that a
# victim without ALPN takes for its own.

dedicated = "dedicated-name=ipp.test"

for a_victim in victims.without_alpn:
    @case(f"opossum dedicated-name: {a_victim.name} is not deceived by an offer for its own host")
    def own_host(lab, victim=a_victim):
        backend = http_backend(lab)
        server = gateway(lab, opossum=dedicated, backend=backend.port)
        done, splices = attack(lab, victim, server.port, options_probe)
        check(done.status != 0, f"{victim.name} believes that it succeeded")
        check_equal(done.out, b"", f"response that {victim.name} got")
        for one in splices:
            check_equal(one.reply.status(), 200, "answer in clear to the attacker's offer")
            check_equal(one.up + one.down, b"", "bytes spliced")

    @case(f"opossum dedicated-name: {a_victim.name} is not deceived by an offer for the dedicated name")
    def dedicated_host(lab, victim=a_victim):
        server = gateway(lab, opossum=dedicated, backend=http_backend(lab).port)
        done, splices = attack(lab, victim, server.port, probe_for("ipp.test"))
        check_refused(victim, done, splices)
        for one in splices:
            check_equal(alert_of(one.down), unrecognized_name, "alert")

    @case(f"opossum dedicated-name: {a_victim.name} with an address is not deceived")
    def by_address(lab, victim=a_victim):
        server = gateway(lab, opossum=dedicated, backend=http_backend(lab).port)
        for host in ("127.0.0.1", "ipp.test"):
            attacker = splicer(lab, server.port, probe_for(host))
            done = victim.run(lab, attacker.port, "127.0.0.1")
            check(done.status != 0 and done.out == b"", f"{victim.name} believes that it succeeded")
            for one in attacker.splices:
                until(one.closed, f"the end of the splice of {victim.name}")
                if host == "127.0.0.1":
                    check_equal(one.reply.status(), 200, "answer in clear to an offer for the address")
                else:
                    check_equal(one.reply.status(), 101, "answer in clear to an offer for the dedicated name")
                    check_equal(client_hello(one.up).server_name, None, "server name for an address")
                    check_equal(alert_of(one.down), missing_extension, "alert")


def alert_of(records):
    """The description of the alert that is all of it."""
    check(len(records) == 7 and records[0] == alert, f"an alert alone: {records!r}")
    return records[6]


@case("opossum dedicated-name: the gateway takes names, and neither none nor an address")
def needs_names(lab):
    for value in ("dedicated-name", "dedicated-name=", "dedicated-name=127.0.0.1", "dedicated-name=[::1]",
                  "dedicated-name=ipp.test:631", "dedicated-name=ipp.test,", "dedicated-name=*.ipp.test"):
        done = lab.run([os.path.join(lab.programs, "gateway"), "--listen", "127.0.0.1:0", "--root", lab.folder,
                        "--opossum", value])
        check_equal(done.status, 1, f"exit status for --opossum {value}")


@case("opossum dedicated-name: another host gets neither an advertisement nor a 426")
def other_host(lab):
    server = gateway(lab, "--advertise", "--require-tls", "/private", opossum="dedicated-name=ipp.test",
                     backend=http_backend(lab).port)

    def ask_for(host, target):
        stream = lab.connect(server.port)
        stream.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return reader(stream).response()
    for host, advertised, required in (("ipp.test", True, 426), ("IPP.test.:631", True, 426),
                                       ("localhost", False, 421), ("127.0.0.1", False, 421)):
        page = ask_for(host, "/page")
        check_equal((page.status(), page.get("upgrade") is not None), (200, advertised), f"a page of {host}")
        private = ask_for(host, "/private/x")
        check_equal((private.status(), private.get("upgrade") is not None), (required, required == 426),
                    f"what needs TLS at {host}")


@case("opossum dedicated-name: the gateway's own certificate covers the names and nothing else")
def own_names(lab):
    server = gateway(lab, opossum="dedicated-name=ipp.test,print.test", root=lab.folder, own_certificate=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["tlsup/1"])
    stream = lab.connect(server.port)
    stream.sendall(options_probe("ipp.test"))
    check_equal(reader(stream).head().status(), 101, "answer to the probe")
    with context.wrap_socket(stream, server_hostname="ipp.test") as secure:
        certificate = lab.file("certificate.der", secure.getpeercert(True))
    text = lab.run(["openssl", "x509", "-inform", "DER", "-in", certificate, "-noout", "-ext", "subjectAltName"])
    names = text.out.decode().splitlines()[-1].strip()
    check_equal(names, "DNS:ipp.test, DNS:print.test", "names in the certificate")


# What accept-risk leaves open, exactly.

def hold_back_request(first_answer_seen):
    """The attacker controls the timing: the victim's first request waits until the inner answer has passed.
    In TLS 1.3 the client's first record of application data is its Finished; the second is the request.
    A real attacker tells by the sizes of the records when to go on. Here the victim tells."""
    held = b""
    records_seen = 0

    def edit(_, data):
        nonlocal held, records_seen
        records, held = split_records(held + data)
        for record in records:
            if record[0] == application_data:
                records_seen += 1
                if records_seen == 2:
                    first_answer_seen.wait(deadline_seconds)
            yield record
    return edit


def one_segment():
    """The other extreme: the Finished and the first request arrive together."""
    held = b""
    flight = b""
    sent = False

    def edit(_, data):
        nonlocal held, flight, sent
        records, held = split_records(held + data)
        for record in records:
            if sent or (record[0] != application_data and not flight):
                yield record
            elif record[0] == application_data and flight:
                sent = True
                yield flight + record
            else:
                flight += record
    return edit


def victim_without_alpn(lab, port):
    """Connects with TLS 1.3, no ALPN, full verification."""
    context = ssl.create_default_context(cafile=lab.certificate.file)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context.wrap_socket(lab.connect(port), server_hostname="localhost")


def ask(secure, port, target):
    secure.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())


@case("opossum accept-risk: without ALPN the answers are off by one, no more and no less")
def off_by_one(lab):
    first_answer_seen = threading.Event()
    backend = http_backend(lab)
    server = gateway(lab, opossum="accept-risk", backend=backend.port)
    attacker = splicer(lab, server.port, options_probe, lambda: hold_back_request(first_answer_seen))
    with victim_without_alpn(lab, attacker.port) as secure:
        answers = reader(secure)
        ask(secure, attacker.port, "/one")
        first = answers.response()
        check_equal(backend.targets(), [], "requests that reached the backend before the victim's first answer")
        first_answer_seen.set()
        check_equal(first.status(), 200, "status of the victim's first answer")
        check_equal(first.get("content-length"), "0", "Content-Length of the victim's first answer")
        check_equal(first.get("cache-control"), "no-store", "Cache-Control of the victim's first answer")
        for previous, target in (("/one", "/two"), ("/two", "/three"), ("/three", "/four")):
            ask(secure, attacker.port, target)
            check_equal(answers.response().body, f"this is {previous}\n".encode(), f"what the victim got for {target}")


@case("opossum accept-risk: a request in one segment with the Finished is refused")
def request_with_finished(lab):
    backend = http_backend(lab)
    server = gateway(lab, opossum="accept-risk", backend=backend.port)
    attacker = splicer(lab, server.port, options_probe, one_segment)
    got = b""
    try:
        with victim_without_alpn(lab, attacker.port) as secure:
            ask(secure, attacker.port, "/one")
            got = reader(secure).to_the_end()
    except OSError as error:
        lab.note(f"the victim saw: {error}")
    until(attacker.splices[0].closed, "the end of the splice")
    check_equal(got, b"", "what the victim got")
    check_equal(backend.targets(), [], "requests that reached the backend")
