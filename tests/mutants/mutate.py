"""What can be wrong in a header: single faults, made from its text, or read from a file of named ones.

A fault replaces one span of one header. Comments, strings and static assertions are left alone.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

TOKEN = re.compile(
    r"""(?P<skip>//[^\n]*|\s+|\#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')
    |(?P<number>0x[0-9a-fA-F]+U?|\d[\d']*U?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<mark><<=|>>=|<=|>=|==|!=|&&|\|\||\+\+|--|->|::|[-+*/|&]=|.)""",
    re.X | re.S,
)
FLIPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}
PAIRS = {"(": ")", "[": "]", "{": "}"}
NO_STATEMENT = {"return", "const", "constexpr", "if", "else", "while", "for", "do", "switch", "case", "default",
                "break", "continue", "using", "static_assert", "template"}
ACTS = {"(", ".", "->", "[", "=", "+=", "-=", "|=", ">>=", "++", "--"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int

    @property
    def end(self):
        return self.at + len(self.text)


@dataclass
class Fault:
    file: str
    kind: str
    start: int
    end: int
    new: str
    old_lines: str = ""
    new_lines: str = ""
    line: int = 0
    where: str = ""  # the function
    body: tuple = None  # its span; None: outside of functions
    name: str = ""  # of a named fault
    property: str = ""  # of the model, that has to break
    composition: str = ""  # of the model, where it does
    number: int = 0
    killer: str = ""
    transcript: list = field(default_factory=list)

    def key(self):
        return (self.file, self.where, self.old_lines, self.new_lines)

    def title(self):
        return self.name or f"{self.old_lines}  =>  {self.new_lines or '(nothing)'}"


def tokens_of(text):
    found = []
    for match in TOKEN.finditer(text):
        if match.lastgroup != "skip":
            found.append(Token(match.lastgroup, match.group(), match.start()))
    return found


def closing(tokens, at):
    """The index of the bracket that closes the one at `at`."""
    depth = 0
    for index in range(at, len(tokens)):
        if tokens[index].text in PAIRS and tokens[index].kind == "mark":
            depth += 1
        elif tokens[index].text in PAIRS.values():
            depth -= 1
            if depth == 0:
                return index
    raise ValueError("brackets do not match")


def bodies(tokens):
    """The bodies of functions: the indices of their braces, and their names. All functions are noexcept."""
    found = []
    begin = 0  # of the declaration
    at = 0
    while at < len(tokens):
        text = tokens[at].text
        if text == "{":
            before = [each.text for each in tokens[begin:at]]
            if "noexcept" in before and "(" in before:
                end = closing(tokens, at)
                name = before[before.index("(") - 1]
                found.append((at, end, owner_of(before[:before.index("(") - 1]) + name))
                at = end
            begin = at + 1
        elif text in (";", "}"):
            begin = at + 1
        at += 1
    return found


def owner_of(before):
    """The class that stands before a function's name, as its users call it: `server::` for `basic_server<Parts>::`."""
    if not before or before[-1] != "::":
        return ""
    at = len(before) - 2
    if before[at] == ">":
        while before[at] != "<":
            at -= 1
        at -= 1
    return before[at].removeprefix("basic_") + "::"


def set_lines(fault, text):
    """The lines that it changes, before and after, each squeezed to one."""
    first = text.rfind("\n", 0, fault.start) + 1
    last = text.find("\n", fault.end)
    fault.line = text.count("\n", 0, fault.start) + 1
    fault.old_lines = " ".join(text[first:last].split())
    fault.new_lines = " ".join((text[first:fault.start] + fault.new + text[fault.end:last]).split())


def enumerators(folder):
    """Each event, and the one behind it."""
    after = {}
    for chart in sorted(folder.glob("*_chart.hpp")):
        text = re.sub(r"//[^\n]*", "", chart.read_text())
        match = re.search(r"enum class (\w+_event)[^{]*\{([^}]*)\}", text)
        names = [each.strip() for each in match.group(2).split(",") if each.strip()]
        for at, name in enumerate(names):
            after[match.group(1), name] = names[(at + 1) % len(names)]
    return after


def body_faults(text, tokens, first, last, after):
    """The spans of one body's faults: kind, start, end, new text."""
    skipped = set()
    for at in range(first, last):
        if tokens[at].text == "static_assert":
            skipped.update(range(at, closing(tokens, at + 1)))
    for at in range(first + 1, last):
        if at in skipped:
            continue
        token, before, behind = tokens[at], tokens[at - 1], tokens[at + 1]
        spaced = text[token.at - 1] in " \n" and text[token.end] in " \n"
        if token.text in FLIPS and spaced:
            yield "comparison" if token.text not in ("&&", "||") else "logic", token.at, token.end, FLIPS[token.text]
        elif token.text == "!":
            yield "negation", token.at, token.end, ""
        elif token.kind == "number":
            size = before.text == "[" and tokens[at - 3].kind == "word" and tokens[at - 2].kind == "word"
            suffix = "U" if token.text.endswith("U") else ""
            value = int(token.text.rstrip("U").replace("'", ""), 0)
            for other in () if size else (value + 1, value - 1) if value > 0 else (1,):
                yield "one off", token.at, token.end, str(other) + suffix
        elif token.text in ("true", "false"):
            yield "truth", token.at, token.end, "false" if token.text == "true" else "true"
        elif token.text in ("if", "while") and behind.text == "(" and tokens[at + 2].text != "true":
            end = closing(tokens, at + 1)
            begin = at + 2
            for inner in range(begin, end):
                begin = inner + 1 if tokens[inner].text == ";" else begin
            if compound(tokens[begin:end]):
                yield "negation", tokens[begin].at, tokens[end].at, "!(" + text[tokens[begin].at:tokens[end].at] + ")"
        elif token.text == "?":
            begin = condition_of(tokens, at)
            if compound(tokens[begin:at]):
                condition = text[tokens[begin].at:token.at].rstrip()
                yield "negation", tokens[begin].at, token.at, f"!({condition}) "
        elif token.text == "bool" and before.text == "const" and tokens[at + 2].text == "=":
            end = at
            while tokens[end].text != ";":
                end = closing(tokens, end) + 1 if tokens[end].text in PAIRS else end + 1
            begin, stop = tokens[at + 3].at, tokens[end].at
            if compound(tokens[at + 3:end]):
                yield "negation", begin, stop, "!(" + text[begin:stop] + ")"
        elif token.text.endswith("_event") and behind.text == "::":
            name = tokens[at + 2]
            yield "event", name.at, name.end, after[token.text, name.text]
        if before.text in (";", "{", "}", ":") and token.text not in NO_STATEMENT:
            end = statement_end(tokens, at, before)
            if end:
                yield "statement", token.at, tokens[end].end, ";"


def compound(tokens):
    """Whether to negate a condition is more than to flip the one mark that it has."""
    marks = [each.text for each in tokens if each.text in ("==", "!=", "!", "&&", "||")]
    return len(marks) != 1 or marks[0] in ("&&", "||")


def condition_of(tokens, at):
    """Where the condition before a question mark begins."""
    depth = 0
    while True:
        text = tokens[at - 1].text
        if text in PAIRS.values():
            depth += 1
        elif text in PAIRS:
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0 and text in ("=", "return", ",", "?", ":", ";", "|=", "+="):
            return at
        at -= 1


def is_label(tokens, at):
    """Whether this colon ends a label of a switch."""
    while tokens[at].text not in ("case", "default", "?", ";", "{", "}"):
        at -= 1
    return tokens[at].text in ("case", "default")


def statement_end(tokens, at, before):
    """The semicolon of an expression that is a statement; None for declarations and for what is none."""
    if before.text == ":" and not is_label(tokens, at - 1):
        return None
    if tokens[at].kind == "word":
        while tokens[at + 1].text == "::":
            at += 2
        if tokens[at + 1].text not in ACTS:
            return None
    elif tokens[at].text not in ("++", "--", "*", "("):
        return None
    while tokens[at].text not in (";", "}", ")"):
        at = closing(tokens, at) + 1 if tokens[at].text in PAIRS else at + 1
    return at if tokens[at].text == ";" else None


def generated(folder, files):
    """All faults of these headers."""
    after = enumerators(folder)
    faults = []
    for file in files:
        text = (folder / file).read_text()
        tokens = tokens_of(text)
        if file.endswith("_chart.hpp"):
            for match in re.finditer(r"^    (\{\w+_state::\w+, \w+_event::\w+, \w+_state::\w+\},)\n", text, re.M):
                faults.append(Fault(file, "row", match.start(1), match.end(1), "", where="chart"))
        for first, last, name in bodies(tokens):
            for kind, start, end, new in body_faults(text, tokens, first, last, after):
                body = (tokens[first].end, tokens[last].at)
                faults.append(Fault(file, kind, start, end, new, where=name, body=body))
        for fault in faults:
            if fault.file == file:
                set_lines(fault, text)
    return distinct(faults)


def distinct(faults):
    """Two faults that read the same are told apart by a number."""
    seen = {}
    for fault in faults:
        count = seen[fault.key()] = seen.get(fault.key(), 0) + 1
        if count > 1:
            fault.where += f" #{count}"
    return faults


def blocks(path):
    """Paragraphs of `key: value`, `- old` and `+ new` lines; `#` begins a comment."""
    for paragraph in re.split(r"\n\s*\n", Path(path).read_text()):
        lines = [each for each in paragraph.splitlines() if each.strip() and not each.startswith("#")]
        block = {"-": [], "+": []}
        for line in lines:
            if line[0] in "-+":
                block[line[0]].append(line[1:])
            else:
                key, value = line.split(": ", 1)
                block[key] = value
        if lines:
            yield block


def named(folder, path):
    """The faults of a file. The old text stands in its header exactly once."""
    faults = []
    for block in blocks(path):
        text = (folder / block["file"]).read_text()
        old, new = "\n".join(block["-"]), "\n".join(block["+"])
        if text.count(old) != 1:
            raise SystemExit(f"{path}: {block['name']}: the old text stands {text.count(old)} times in {block['file']}")
        start = text.index(old)
        fault = Fault(block["file"], "named", start, start + len(old), new, name=block["name"],
                      property=block.get("breaks", ""), composition=block.get("found in", ""))
        set_lines(fault, text)
        tokens = tokens_of(text)
        for first, last, name in bodies(tokens):
            if tokens[first].end <= start and start + len(old) <= tokens[last].at:
                fault.where, fault.body = name, (tokens[first].end, tokens[last].at)
        faults.append(fault)
    return faults
