#!/usr/bin/env python3
"""Checks the rules that every header keeps.

Includes point only downwards in the table of layers. No header is long. No header uses what the table of
forbidden text names. Only one header writes line ends into messages.
The last line counts one pass for each header and kind of check.
"""

import re
import sys
from pathlib import Path

# Top to bottom. A header includes only headers of lower layers.
LAYERS = [
    ["tlsup"],
    ["route"],
    ["route_run"],
    ["route_options"],
    ["server", "client", "connect_client", "connect_proxy", "response_filter", "system_error"],
    ["server_run", "client_run", "connect_client_run", "connect_proxy_run", "response_filter_run"],
    ["options", "connect_options", "policy_text", "write_forward"],
    ["forward"],
    ["hello", "upgrade", "request_reader", "policy"],
    ["head", "body", "hello_reader"],
    ["head_position", "fields"],
    ["content_position"],
    ["write_proxied"],
    ["write", "write_connect", "write_date", "cache_text"],
    ["write_head", "write_fixed"],
    ["request_facts", "response_facts", "cache", "address"],
    ["facts", "network"],
    ["authority", "basic", "line_scanner"],
    ["tunnel", "ledger", "refusal"],
    ["grammar", "registry", "blocks", "message_position"],
    ["words", "action", "server_chart", "client_chart", "connect_client_chart", "connect_proxy_chart",
     "tunnel_chart", "route_chart", "response_filter_chart"],
    ["scan", "octet_count", "error", "chart", "version", "defence", "outcome", "requirement"],
    ["platform", "literal"],
]

# A machine's contract and its workings are two files of one header: they include each other.
PARTS = {
    "server_run": "server",
    "client_run": "client",
    "connect_client_run": "connect_client",
    "connect_proxy_run": "connect_proxy",
    "response_filter_run": "response_filter",
    "route_run": "route",
}

# A header in this table includes at most the headers named.
ONLY = {
    "system_error": {"error"},
}

# The headers that may join line ends and other text in a string literal.
WRITERS = {"write", "write_connect", "write_fixed", "write_forward", "write_head", "write_proxied"}

LONGEST = 400

# Text that no header has outside comments and string literals.
FORBIDDEN = {
    "std::string": r"\bstd::string\b",
    "std::function": r"\bstd::function\b",
    ".substr(": r"(?:\.|->)\s*substr\s*\(",
    ".at(": r"(?:\.|->)\s*at\s*\(",
    ".value(": r"(?:\.|->)\s*value\s*\(",
    "<iostream>": r"<iostream>",
    "<immintrin.h>": r"<immintrin\.h>",
    "virtual": r"\bvirtual\b",
    "throw": r"\bthrow\b",
    "new": r"\bnew\b",
    "malloc": r"\bmalloc\b",
    "dynamic_cast": r"\bdynamic_cast\b",
    "typeid": r"\btypeid\b",
    "goto": r"\bgoto\b",
}

FOLDER = Path(__file__).resolve().parent.parent / "include" / "tlsup"

LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

TOKEN = re.compile(
    r"""
    (?P<comment> //(?:\\\n|[^\n])* | /\*.*?\*/ )
  | (?P<raw> \b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\( (?P<rawtext>.*?) \)(?P=mark)" )
  | (?P<string> " (?P<text>(?:\\.|[^"\\\n])*) " )
  | (?P<char> (?<![0-9a-fA-F])' (?:\\.[^'\n]*|[^'\\\n]) ' )
    """,
    re.VERBOSE | re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<tlsup/([^>]+)>|"([^"]+)")', re.MULTILINE)
ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]+|[0-7]{1,3}|.)", re.DOTALL)


def blank(text):
    """Spaces in place of the text; the lines stay."""
    return re.sub(r"[^\n]", " ", text)


def split(source):
    """The source without comments, the source without literals either, and the literals with their lines."""
    no_comments, code, literals = [], [], []
    done = 0
    for token in TOKEN.finditer(source):
        between = source[done : token.start()]
        no_comments.append(between)
        code.append(between)
        done = token.end()
        if token["comment"] is not None:
            no_comments.append(blank(token[0]))
            code.append(blank(token[0]))
            continue
        no_comments.append(token[0])
        code.append('"' + blank(token[0])[1:-1] + '"')
        if token["char"] is not None:
            continue
        characters = unescape(token["text"]) if token["string"] is not None else token["rawtext"]
        # Literals with only space between them are one literal.
        if literals and "".join(no_comments)[literals[-1][2] : -len(token[0])].strip() == "":
            line, before, _ = literals.pop()
            characters = before + characters
        else:
            line = source.count("\n", 0, token.start()) + 1
        literals.append((line, characters, sum(map(len, no_comments))))
    no_comments.append(source[done:])
    code.append(source[done:])
    return "".join(no_comments), "".join(code), [(line, characters) for line, characters, _ in literals]


def unescape(text):
    """The characters of a literal, as far as line ends matter."""

    def one(match):
        escape = match[0][1:]
        if escape[0] == "x":
            code = int(escape[1:], 16)
        elif escape[0] in "01234567":
            code = int(escape, 8)
        else:
            return {"r": "\r", "n": "\n"}.get(escape, "?")
        return chr(code) if code in (10, 13) else "?"

    return ESCAPE.sub(one, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_layer(name, source, no_comments, code, literals):
    if name not in LEVEL:
        yield 1, f"{name}.hpp stands in no layer of tests/layers.py"
        return
    for match in INCLUDE.finditer(no_comments):
        path = match[1] or match[2].removeprefix("tlsup/")
        target = path.removesuffix(".hpp")
        line = line_of(no_comments, match.start())
        if target not in LEVEL or not (FOLDER / path).is_file():
            yield line, f"includes {path}, which is no header of tlsup"
        elif name in ONLY and target not in ONLY[name]:
            yield line, f"includes {path}, but may include only {', '.join(sorted(ONLY[name]))}"
        elif PARTS.get(name) == target:
            continue
        elif LEVEL[target] <= LEVEL[name]:
            yield line, f"includes {path}, which is not in a lower layer"


def check_length(name, source, no_comments, code, literals):
    lines = source.count("\n")
    if lines > LONGEST:
        yield lines, f"has {lines} lines; the most is {LONGEST}"


def check_forbidden(name, source, no_comments, code, literals):
    for text, pattern in FORBIDDEN.items():
        for match in re.finditer(pattern, code):
            yield line_of(code, match.start()), f"uses {text}"


def check_line_ends(name, source, no_comments, code, literals):
    if name in WRITERS:
        return
    for line, characters in literals:
        if set(characters) & set("\r\n") and set(characters) - set("\r\n"):
            yield line, "joins line ends and other text in a string literal"


def check_once(name, source, no_comments, code, literals):
    if not no_comments.lstrip().startswith("#pragma once"):
        yield 1, "does not start with #pragma once"


CHECKS = [check_layer, check_length, check_forbidden, check_line_ends, check_once]


def main():
    passed = failed = 0
    for path in sorted(FOLDER.glob("*.hpp")):
        source = path.read_text(encoding="utf-8")
        parts = split(source)
        for check in CHECKS:
            violations = list(check(path.stem, source, *parts))
            for line, what in violations:
                print(f"include/tlsup/{path.name}:{line}: {what}")
            if violations:
                failed += 1
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
