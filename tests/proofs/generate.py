#!/usr/bin/env python3
"""Turns vectors of the corpus into static assertions: generate.py CORPUS-FOLDER > vectors.cpp

Each vector that uses a named setup alone, comes from the wire, and is small enough for a constant expression is played
at compile time. The program that is made says how many these are.
"""

import re
import sys
from pathlib import Path

LARGEST = 1400  # octets of a vector: the buffer of players.hpp, and what compilers do in one expression

CALLS = {
    ("server", "offer_valid"): "takes_offer({bytes})",
    ("server", "offer_valid_last"): "takes_offer({bytes})",
    ("server", "send_100_first"): "takes_offer({bytes}) && play_server({bytes}, true, false, false).continued",
    ("server", "serve_plain"): "serves_plain({bytes}, 1, false)",
    ("server", "serve_plain_x2"): "serves_plain({bytes}, 2, false)",
    ("server", "serve_plain_then_close"): "serves_plain({bytes}, 1, true)",
    ("server", "serve_plain_then_400_close"):
        "serves_plain({bytes}, 1, true) && play_server({bytes}, false, false, false).written == 400",
    ("server", "serve_use_target_authority"):
        "serves_plain({bytes}, 1, false) && play_server({bytes}, false, false, false).used_target",
    ("server", "close_no_parse"): "fails(play_server({bytes}, true, false, false))",
    ("server", "need_more"): "!play_server({bytes}, true, false, false).closed",
    ("server", "timeout_408_close"): "rejects({bytes}, 408, true)",
    ("client", "switch_to_tls"): "play_client({bytes}, {tls}, false).switched",
    ("client", "fatal_close"): "fails(play_client({bytes}, {tls}, false))",
    ("client", "fatal_close_after_limit"): "fails(play_client({bytes}, {tls}, false))",
    ("client", "fail_closed"): "fails(play_client({bytes}, {tls}, false))",
    ("client", "fail_truncated"): "play_client({bytes}, {tls}, true).end == outcome::truncated",
    ("client", "deliver_final"): "play_client({bytes}, {tls}, {eof}).end == outcome::answered",
    ("client", "deliver_error"): "play_client({bytes}, {tls}, {eof}).status >= 400",
    ("client", "deliver_error_close"): "play_client({bytes}, {tls}, {eof}).status >= 400",
    ("client", "deliver_until_close"): "play_client({bytes}, {tls}, true).end == outcome::answered",
    ("client", "deliver_first_then_fatal"): "play_client({bytes}, {tls}, false).error == errc::unsolicited_response",
    ("client", "retry_with_offer_once"): "play_client({bytes}, {tls}, false).written == 426",
    ("connect_client", "tunnel_open"): "play_connect_client({bytes}).opened",
    ("connect_client", "tunnel_open_leftover"):
        "play_connect_client({bytes}).opened && play_connect_client({bytes}).left != 0",
    ("connect_client", "tunnel_refused_close"): "play_connect_client({bytes}).end == outcome::refused",
    ("connect_client", "fatal_close"): "fails(play_connect_client({bytes}))",
    ("connect_client", "need_more"): "!play_connect_client({bytes}).closed",
    ("connect_proxy", "connect_request"): "play_connect_proxy({bytes}).opened",
    ("connect_proxy", "connect_request_target_only"): "play_connect_proxy({bytes}).opened",
    ("connect_proxy", "connect_request_policy"): "play_connect_proxy({bytes}).status == 403",
    ("connect_proxy", "reject_400_close"): "play_connect_proxy({bytes}).status == 400",
}


def octets(block):
    """The bytes of a vector, as README.md of the corpus describes them."""
    made = b""
    for line in block.splitlines():
        line = line.lstrip()
        repeat = re.match(r"\* (\d+) (.*)$", line)
        text = repeat[2] if repeat else line[2:]
        piece = re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", unescape, text.encode("latin-1"))
        made += piece * (int(repeat[1]) if repeat else 1)
    return made


def unescape(match):
    code = match[1]
    if code[:1] == b"x" and len(code) == 3:
        return bytes([int(code[1:], 16)])
    return {b"r": b"\r", b"n": b"\n", b"t": b"\t"}.get(code, code)


def literal(data):
    """A string_view of exactly these octets."""
    return '{"' + "".join(f"\\{byte:03o}" for byte in data) + f'", {len(data)}}}'


def vectors(folder):
    for file in ("server", "client", "connect_client", "connect_proxy"):
        text = (Path(folder) / f"{file}.txt").read_text(encoding="utf-8")
        for block in re.split(r"\n(?=\[)", "\n" + text):
            head, _, body = block.partition("\nbytes:\n")
            name = re.match(r"\[([^\]]+)\]", head.strip())
            if name and body:
                yield name[1], dict(re.findall(r"^(\w+):\s*(.*)$", head, re.M)), octets(body.rstrip("\n"))


def main(folder):
    print("// Made by tests/proofs/generate.py from the corpus.")
    print("#include <cstdio>\n\n#include \"players.hpp\"\n\nusing namespace proofs;\n")
    count = 0
    for name, fields, data in vectors(folder):
        if "with" in fields or fields.get("input") in ("api", "event_eof") or len(data) > LARGEST:
            continue
        role, expect = fields["role"], fields["expect"]
        status = re.fullmatch(r"reject_(\d+)_close", expect)
        call = CALLS.get((role, expect)) or (f"rejects({{bytes}}, {status[1]}, false)" if status else None)
        if call is None:
            sys.exit(f"{name}: no call is known for {role} {expect}")
        values = {"bytes": "bytes", "tls": str(fields["setup"] == "client-require").lower(),
                  "eof": str(fields.get("input") == "wire_then_eof").lower()}
        for key, value in values.items():
            call = call.replace("{" + key + "}", value)
        print(f"namespace vector_{count} {{\nconstexpr std::string_view bytes{literal(data)};")
        print(f"static_assert({call}, \"{name}\");\n}}")
        count += 1
    print(f"\nint main() {{ std::printf(\"{count} passed, 0 failed\\n\"); }}")


main(sys.argv[1])
