#!/usr/bin/python3
"""Gives the cases of `differential --corpus` to h11, and compares what it reads with what tlsup read.

Reads lines of JSON from standard input. The last line is the total.
    h11_check.py REFUSALS [NEEDED]    NEEDED: fail for every exception that NEEDED or more cases did not need
    h11_check.py --exceptions         lists where h11 may differ, and why
"""

import json
import sys
import time
from collections import Counter

import h11
from h11._connection import _body_framing

ASPECTS = ["acceptance", "head", "fields", "framing", "content", "keep-alive", "the switch"]
FRAMINGS = {"content-length": "length", "chunked": "chunked", "http/1.0": "until_close"}
EXAMPLES = 3


def values(ours, name):
    return [value for each, value in ours["fields"] if each.lower() == name]


def members(ours, name):
    return [member.strip(b" \t\r\n") for value in values(ours, name) for member in value.split(b",")]


def has_framing(ours):
    return bool(values(ours, b"content-length") or values(ours, b"transfer-encoding"))


def without_content(ours):
    return ours["status"] // 100 == 1 or ours["status"] in (204, 304) or ours["asked"] == "HEAD"


def is_granted(ours):
    return ours["asked"] == "CONNECT" and ours["status"] // 100 == 2


def trailer_names(ours):
    octets, at = ours["bytes"], ours["head"]
    while True:
        end = octets.index(b"\r\n", at)
        size = int(octets[at:end].split(b";")[0], 16)
        if size == 0:
            break
        at = end + 2 + size + 2
    return {line.split(b":")[0].lower() for line in octets[end + 2 : ours["end"]].split(b"\r\n")}


# Where h11 may differ: the aspect, when, whether it applies, the source and its sentence.
EXCEPTIONS = [
    (
        "acceptance",
        "an empty line stands in front of a request",
        lambda ours: ours["request"] and ours["bytes"].startswith(b"\r\n"),
        "RFC 9112 2.2",
        "In the interest of robustness, a server that is expecting to receive and parse a request-line SHOULD ignore "
        "at least one empty line (CRLF) received prior to the request-line.",
    ),
    (
        "acceptance",
        "the status is below 100",
        lambda ours: not ours["request"] and ours["status"] < 100,
        "RFC 9110 15",
        "A client that receives a response with an invalid status code SHOULD process the response as if it had a 5xx "
        "(Server Error) status code.",
    ),
    (
        "acceptance",
        "a 2xx to CONNECT has framing fields",
        lambda ours: not ours["request"] and is_granted(ours) and has_framing(ours),
        "RFC 9110 9.3.6",
        "A client MUST ignore any Content-Length or Transfer-Encoding header fields received in a successful response "
        "to CONNECT.",
    ),
    (
        "acceptance",
        "a response that has no content has framing fields",
        lambda ours: not ours["request"] and without_content(ours) and has_framing(ours),
        "RFC 9112 6.3(1)",
        "Any response to a HEAD request and any response with a 1xx (Informational), 204 (No Content), or 304 (Not "
        "Modified) status code is always terminated by the first empty line after the header fields, regardless of "
        "the header fields present in the message, and thus cannot contain a message body or trailer section.",
    ),
    (
        "acceptance",
        "chunked is not the last transfer coding of a response, which ends with the connection",
        lambda ours: not ours["request"] and ours["framing"] == "until_close" and values(ours, b"transfer-encoding"),
        "RFC 9112 6.3(4)",
        "If a Transfer-Encoding header field is present in a response and the chunked transfer coding is not the "
        "final encoding, the message body length is determined by reading the connection until it is closed by the "
        "server.",
    ),
    (
        "acceptance",
        "the trailer section has framing fields",
        lambda ours: ours["framing"] == "chunked"
        and trailer_names(ours) & {b"content-length", b"transfer-encoding"},
        "RFC 9110 6.5",
        "Trailer fields ought to be processed and stored separately from the fields in the header section to avoid "
        "contradicting message semantics known at the time the header section was complete.",
    ),
    (
        "fields",
        "a response that has no content repeats a length, in one list",
        lambda ours: not ours["request"] and ours["framing"] == "none" and values(ours, b"content-length"),
        "RFC 9110 8.6",
        'a recipient of a Content-Length header field value consisting of the same decimal value repeated as a '
        'comma-separated list (e.g, "Content-Length: 42, 42") MAY either reject the message as invalid or replace '
        "that invalid field value with a single instance of the decimal value, since this likely indicates that a "
        "duplicate was generated or combined by an upstream message processor.",
    ),
    (
        "keep-alive",
        "HTTP/1.0 with keep-alive",
        lambda ours: ours["minor"] == 0 and b"keep-alive" in [each.lower() for each in members(ours, b"connection")],
        "RFC 9112 9.3",
        'If the received protocol is HTTP/1.0, the "keep-alive" connection option is present, either the recipient is '
        "not a proxy or the message is a response, and the recipient wishes to honor the HTTP/1.0 \"keep-alive\" "
        "mechanism, the connection will persist after the current response; otherwise,",
    ),
    (
        "the switch",
        "Upgrade stands without its connection option, or in a malformed list",
        lambda ours: ours["request"] and not ours["switches"] and any(members(ours, b"upgrade")),
        "RFC 9110 7.8",
        "A server MAY ignore a received Upgrade header field if it wishes to continue using the current protocol on "
        "that connection.",
    ),
]


class Reading:
    """What h11 makes of one message."""

    def __init__(self):
        self.outcome = "truncated"
        self.error = ""
        self.head = None
        self.fields = []
        self.framing = "none"
        self.length = 0
        self.body = b""
        self.end = 0
        self.keep_alive = False
        self.switches = False


def client(asked, offered):
    connection = h11.Connection(h11.CLIENT)
    fields = [("Host", "example.com")]
    if offered:
        fields += [("Connection", "Upgrade"), ("Upgrade", "TLS/1.2")]
    target = "example.com:443" if asked == "CONNECT" else "/"
    connection.send(h11.Request(method=asked, target=target, headers=fields))
    connection.send(h11.EndOfMessage())
    return connection


def read(ours):
    """Reads the first message of the octets, behind which the connection closes."""
    found = Reading()
    asked = b""
    if ours["request"]:
        connection = h11.Connection(h11.SERVER)
    else:
        asked = ours["asked"].encode()
        connection = client(ours["asked"], ours["offered"])
    octets = ours["bytes"]
    connection.receive_data(octets)
    ended = False
    body = []
    try:
        while True:
            event = connection.next_event()
            kind = type(event)
            if kind is h11.Data:
                body.append(event.data)
            elif kind in (h11.Request, h11.Response, h11.InformationalResponse):
                found.head = event
                found.fields = event.headers.raw_items()
                if kind is h11.InformationalResponse:
                    found.outcome = "accepted"
                    break
                how, arguments = _body_framing(event.method if kind is h11.Request else asked, event)
                found.framing = FRAMINGS[how]
                found.length = arguments[0] if arguments else 0
                if connection.their_state is h11.SWITCHED_PROTOCOL:
                    found.outcome = "accepted"
                    break
            elif kind is h11.EndOfMessage:
                found.outcome = "accepted"
                break
            elif event is h11.NEED_DATA and not ended:
                ended = True
                connection.receive_data(b"")
            else:
                break
    except h11.RemoteProtocolError as error:
        found.outcome = "refused"
        found.error = str(error)
        return found
    found.body = b"".join(body)
    found.end = len(octets) - len(connection.trailing_data[0])
    state = connection.their_state
    found.switches = state in (h11.MIGHT_SWITCH_PROTOCOL, h11.SWITCHED_PROTOCOL)
    if found.head is not None:
        found.keep_alive = connection._cstate.keep_alive and found.framing != "until_close"
    return found


def squeeze(value):
    return b" ".join(value.split())


def same_fields(ours, found):
    if len(ours["fields"]) != len(found.fields):
        return False
    for (name, value), (other_name, other) in zip(ours["fields"], found.fields):
        if name != other_name:
            return False
        if name.lower() == b"transfer-encoding":
            value = value.lower()
        if value != other and (b"\n" not in value or squeeze(value) != squeeze(other)):
            return False
    return True


def same_head(ours, found):
    head = found.head
    if head is None or head.http_version != b"1.%d" % ours["minor"]:
        return False
    if ours["request"]:
        return head.method == ours["method"] and head.target == ours["target"]
    return head.status_code == ours["status"]


def agreements(ours, found):
    """Each aspect that is compared, in order, and whether h11 agrees."""
    yield 0, found.outcome == "accepted"
    yield 1, same_head(ours, found)
    yield 2, same_fields(ours, found)
    interim = not ours["request"] and ours["status"] // 100 == 1
    if not interim:  # h11 has no content and no persistence for these
        none = ours["framing"] == "none" and found.framing == "length" and found.length == 0
        same = ours["framing"] == found.framing and (ours["framing"] != "length" or ours["length"] == found.length)
        yield 3, none or same
    yield 4, ours["body"] == found.body and ours["end"] == found.end
    if not interim:
        yield 5, ours["keep_alive"] == found.keep_alive
    yield 6, ours["switches"] == found.switches


def load(line):
    ours = json.loads(line)
    ours["request"] = bool(ours["request"])
    ours["bytes"] = bytes.fromhex(ours["bytes"])
    if ours["outcome"] == "accepted":
        for name in ("method", "target", "body"):
            ours[name] = bytes.fromhex(ours[name])
        ours["fields"] = [tuple(bytes.fromhex(part) for part in each.split(":")) for each in ours["fields"]]
        ours["keep_alive"] = bool(ours["keep_alive"])
        ours["switches"] = bool(ours["switches"])
    return ours


def described(ours):
    kind = "request" if ours["request"] else "response to " + ours["asked"]
    return f"case {ours['case']}, {kind}{' that offers TLS' if ours['offered'] else ''} {ours['bytes']!r:.900}"


def shown(ours, found):
    mine = {name: ours[name] for name in ours if name not in ("case", "request", "asked", "offered", "bytes")}
    return f"  {described(ours)}\n    tlsup: {mine!r:.900}\n    h11: {vars(found)!r:.900}"


class Check:
    def __init__(self):
        self.compared = Counter()
        self.excused = Counter()
        self.wrong = Counter()
        self.used = Counter()
        self.buckets = Counter()
        self.examples = {}
        self.bucket_examples = {}
        self.passed = 0
        self.failed = 0
        self.messages = 0
        self.last_case = -1

    def excuse(self, about, ours):
        for at, (aspect, _, applies, _, _) in enumerate(EXCEPTIONS):
            if aspect == ASPECTS[about] and applies(ours):
                self.used[at] += 1
                return True
        return False

    def message(self, ours):
        self.messages += 1
        self.last_case = ours["case"]
        found = read(ours)
        if ours["outcome"] != "accepted":
            if found.outcome == "accepted":
                name = "h11 " + ours["error"]
                self.buckets[name] += 1
                self.bucket_examples.setdefault(name, described(ours))
            return
        kind = "requests" if ours["request"] else "responses"
        for about, good in agreements(ours, found):
            key = (kind, about)
            self.compared[key] += 1
            if good:
                continue
            if self.excuse(about, ours):
                self.excused[key] += 1
                if about in (0, 3):
                    break
                continue
            self.wrong[key] += 1
            if self.wrong[key] <= EXAMPLES:
                self.examples.setdefault(key, []).append(shown(ours, found))
            break

    def check(self, good, line):
        self.passed += bool(good)
        self.failed += not good
        print(f"{line}: {'ok' if good else 'FAILED'}")

    def print(self, refusals, needed):
        for about, aspect in enumerate(ASPECTS):
            for kind in ("requests", "responses"):
                key = (kind, about)
                self.check(
                    self.compared[key] and not self.wrong[key],
                    f"h11, {kind}, {aspect}: {self.compared[key]} compared, {self.excused[key]} excused, "
                    f"{self.wrong[key]} wrong",
                )
                for example in self.examples.get(key, []):
                    print(example)
        with open(refusals, encoding="utf-8") as lines:
            expected = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
        new = [name for name in self.buckets if name not in expected]
        self.check(not new and self.buckets, f"h11, what only we refuse: {sum(self.buckets.values())}")
        for name, count in sorted(self.buckets.items()):
            print(f"  {name}: {count}{', NEW' if name in new else ''}")
            if name in new:
                print(f"    {self.bucket_examples[name]}")
        print("exceptions:")
        for at, (aspect, when, _, _, _) in enumerate(EXCEPTIONS):
            print(f"  h11, {aspect}: {when}: {self.used[at]}")
        unused = self.last_case + 1 >= needed and any(self.used[at] == 0 for at in range(len(EXCEPTIONS)))
        self.check(not unused, "h11, every exception is needed")


def main():
    if sys.argv[1] == "--exceptions":
        for aspect, when, _, source, sentence in EXCEPTIONS:
            print(f"h11, {aspect}: {when}\n    {source}: {sentence}")
        return 0
    needed = int(sys.argv[2]) if len(sys.argv) > 2 else 50000
    start = time.monotonic()
    check = Check()
    for line in sys.stdin:
        check.message(load(line))
    taken = time.monotonic() - start
    cases = check.last_case + 1
    print(
        f"h11 {h11.__version__}: {cases} cases, {check.messages} messages in {taken:.1f} s, "
        f"{cases / taken:.0f} each second"
    )
    check.print(sys.argv[1], needed)
    print(f"{check.passed} passed, {check.failed} failed")
    return 0 if check.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
