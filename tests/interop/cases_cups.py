"""CUPS on either side: its clients against the gateway, fetch against cupsd."""

import os

import expected
from backends import ipp_operation, ipp_responder
from hop import hop
from lab import case, check, check_equal
from peers import check_error, check_exit, cupsd, fetch, gateway, network

test_file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "get-printer-attributes.test")
get_printer_attributes = 0x000b


def cups_client(lab, argv):
    """Runs a CUPS program with a client.conf of its own. ipptool may survive SIGTERM, so the deadline kills."""
    settings = lab.file("cups-client/client.conf", "AllowAnyRoot Yes\nTrustOnFirst Yes\nValidateCerts No\n")
    folder = os.path.dirname(settings)
    return lab.run(argv, env={"CUPS_SERVERROOT": folder, "HOME": folder})


def check_upgraded_and_private(client_hop):
    """Each connection was upgraded, and only the probe and its 101 went in clear."""
    check(client_hop.flows, "no connection came through")
    for one in client_hop.flows:
        check(one.upgraded(), "a connection was not upgraded")
        check(one.clear_up().startswith(b"OPTIONS * HTTP/1.1\r\n"), "the client did not begin with OPTIONS *")
        check_equal(one.clear_up().count(b"\r\n\r\n"), 1, "requests in clear")
        check(one.clear_down().startswith(b"HTTP/1.1 101 "), "the answer in clear is not a 101")
        check_equal(one.clear_down().count(b"\r\n\r\n"), 1, "answers in clear")
    for secret in (b"POST ", b"application/ipp", b"attributes-charset"):
        check(secret not in client_hop.up() + client_hop.down(), f"{secret!r} went in clear")


def ipp_lab(lab):
    responder = ipp_responder(lab)
    server = gateway(lab, opossum="accept-risk", backend=responder.port)
    return responder, hop(lab, server.port, name="between the CUPS client and the gateway")


@case("cups clients: ipptool -E through the gateway")
def ipptool(lab):
    responder, client_hop = ipp_lab(lab)
    printer = f"ipp://127.0.0.1:{client_hop.port}/printers/x"
    done = cups_client(lab, ["ipptool", "-E", "-T", "5", "-t", printer, test_file])
    check_equal(done.status, 0, "exit status of ipptool")
    check(b"[PASS]" in done.out, "ipptool did not say PASS")
    check_equal([r.first for r in responder.requests], ["POST /printers/x HTTP/1.1"], "requests at the responder")
    check_equal(ipp_operation(responder.requests[0].body), get_printer_attributes, "IPP operation at the responder")
    check_upgraded_and_private(client_hop)


@case("cups clients: lpstat -E -r through the gateway")
def lpstat(lab):
    _, client_hop = ipp_lab(lab)
    done = cups_client(lab, ["lpstat", "-E", "-h", f"localhost:{client_hop.port}", "-r"])
    check_equal((done.status, done.out), (0, b"scheduler is running\n"), "lpstat")
    check_upgraded_and_private(client_hop)


@case("cups clients: lpstat -E -a asks the responder through the gateway")
def lpstat_printers(lab):
    responder, client_hop = ipp_lab(lab)
    cups_client(lab, ["lpstat", "-E", "-h", f"localhost:{client_hop.port}", "-a"])
    check(responder.requests, "no request reached the responder")
    check_equal({r.method() for r in responder.requests}, {"POST"}, "methods at the responder")
    check_upgraded_and_private(client_hop)


# fetch against a real cupsd

def cups_lab(lab):
    server = cupsd(lab)
    return hop(lab, server.port, name="between fetch and cupsd")


@case("cupsd: fetch --require-tls --peer cups")
def required(lab):
    way = cups_lab(lab)
    done = fetch(lab, "--require-tls", "--peer", "cups", "--insecure", f"http://localhost:{way.port}/", trust=False)
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello from the print server\n", "body")
    check_equal(len(way.upgraded()), 1, "upgraded connections")
    check(b"GET " not in way.clear(), "the request went in clear")


@case("cupsd: fetch --offer --peer cups")
def offered(lab):
    way = cups_lab(lab)
    done = fetch(lab, "--offer", "--peer", "cups", "--insecure", f"http://localhost:{way.port}/", trust=False)
    check_exit(done, expected.answered)
    check_equal(done.out, b"hello from the print server\n", "body")
    check_equal(len(way.upgraded()), 1, "upgraded connections")
    check(b"hello from" not in way.down(), "the answer went in clear")


@case("cupsd: a strict fetch names the rule that its 101 breaks")
def strict(lab):
    way = cups_lab(lab)
    for mode in ("--require-tls", "--offer"):
        done = fetch(lab, mode, "--insecure", f"http://localhost:{way.port}/", trust=False)
        check_exit(done, expected.peer_broke_protocol)
        check_error(done, "101 without Connection: upgrade")
    check_equal(done.out, b"", "body")
    check(b"101 Switching" in way.down(), "cupsd sent no 101")
    check_equal(way.upgraded(), [], "upgraded connections")


def cups_lab_outside_127(lab):
    """cupsd asks for TLS only when the client's address is not 127.x: hence a network of our own."""
    inside = network(lab)
    address = inside.second_address
    server = cupsd(lab, address, inside)
    way = inside.call(lambda: hop(lab, server.port, address=address, name="between fetch and cupsd"))
    return inside, way, f"http://{address}:{way.port}/printers/"


@case("cupsd: fetch --plain --peer cups follows its 426 into TLS")
def followed(lab):
    inside, way, url = cups_lab_outside_127(lab)
    done = fetch(lab, "--plain", "--peer", "cups", "--insecure", url, trust=False, namespace=inside)
    check_exit(done, expected.answered)
    check(b"HTTP/1.1 426 " in way.clear(), "cupsd sent no 426")
    check_equal(way.clear().count(b"GET /printers/ "), 1, "times that the request went in clear")
    check_equal(len(way.upgraded()), 1, "upgraded connections")
    check(way.upgraded()[0].clear_up().startswith(b"OPTIONS "), "the request was not preceded by a probe")
    check(done.out and done.out not in way.down(), "the answer did not come through TLS")


@case("cupsd: fetch --offer --peer cups to a folder that demands TLS")
def offered_where_required(lab):
    inside, way, url = cups_lab_outside_127(lab)
    done = fetch(lab, "--offer", "--peer", "cups", "--insecure", url, trust=False, namespace=inside)
    check_exit(done, expected.answered)
    check_equal(len(way.upgraded()), 1, "upgraded connections")
    check(done.out and done.out not in way.down(), "the answer did not come through TLS")


@case("cupsd: a strict fetch does not follow a 426 without the upgrade option")
def not_followed(lab):
    inside, way, url = cups_lab_outside_127(lab)
    done = fetch(lab, "--plain", "--insecure", url, trust=False, namespace=inside)
    check_exit(done, expected.refused)
    check(b"Upgrade Required" in done.out, "the 426 is not the answer")
    check_equal(len(way.flows), 1, "connections")
    check_equal(way.upgraded(), [], "upgraded connections")
