#!/usr/bin/env python3
"""The requirements of the RFCs, and what shows each of them.

conformance.py           writes docs/conformance.md from tests/conformance/rows.txt and the tests
conformance.py --check   checks that it is written so, and that every row stands on something.
                         The last line is `N passed, M failed`.

A row that is supported needs a test that names its id: the name of a test case in tests/unit or tests/ways, or a scenario in
tests/interop. A row that is the caller's duty names a file and a phrase of it that tells the caller. A row that is not ours
says why. The vectors of tests/corpus stand at the sections that their `source:` cites; they prove no row by that alone.

What is knowingly not followed is a row with the sentence and the reason, and needs a test that names it as well.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "tests" / "conformance" / "rows.txt"
DOCUMENT = ROOT / "docs" / "conformance.md"

COUNT = 238
STATUSES = {"supported": "supported", "caller": "the caller's duty", "not ours": "not ours"}

ID = re.compile(r"(?<![\w.-])(?:N-[A-Z]+|(?:2817|9931)-\d\d|(?:9110|9112)-\d[\d.]*-\d\d)(?![\d.]*\d)")
CASE = re.compile(r'TEST_CASE\(((?:\s*"(?:\\.|[^"\\])*")+)\s*\)')
LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"')
SOURCE = re.compile(r"RFC (2817|9110|9112|9931)((?:,? (?:and )?§?\d+(?:\.\d+)*(?:\(\d\))?)+)")


class Deviation:
    """A sentence that is not followed."""

    def __init__(self, parts):
        self.id, self.source, self.level, self.text, self.why = parts


class Row:
    def __init__(self, parts):
        self.id, self.source, self.level, self.role, self.status, self.why, self.text = parts

    def section(self):
        found = SOURCE.search(self.source)
        number = re.search(r"\d+(?:\.\d+)*", found[2])[0]
        return f"RFC {found[1]} {number}"


def read_rows():
    rows, decisions, deviations = [], [], []
    for line in ROWS.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if re.match(r"K\d|P-", parts[0]):
            decisions.append((parts[0], parts[1]))
        elif parts[0].startswith("N-"):
            deviations.append(Deviation(parts))
        else:
            rows.append(Row(parts))
    return rows, decisions, deviations


def named():
    """Which tests name which id: id -> [(file, name of the test)]. And every id that stands anywhere in a test."""
    shown, anywhere = {}, {}
    for path in sorted([*ROOT.glob("tests/unit/*.cpp"), *ROOT.glob("tests/ways/*.cpp")]):
        text = path.read_text()
        for each in ID.findall(text):
            anywhere.setdefault(each, path.name)
        for case in CASE.finditer(text):
            name = "".join(LITERAL.findall(case[1]))
            for each in ID.findall(name):
                title = re.sub(r"\s*\([^()]*\)$", "", name)
                shown.setdefault(each, []).append((f"{path.parent.name}/{path.stem}", title))
    for path in sorted(ROOT.glob("tests/interop/cases_*.py")):
        text = path.read_text()
        for each in ID.findall(text):
            anywhere.setdefault(each, path.name)
            shown.setdefault(each, [])
            if (f"interop/{path.stem}", "") not in shown[each]:
                shown[each].append((f"interop/{path.stem}", ""))
    for path in sorted([*ROOT.glob("tests/fuzz/*.cpp"), *ROOT.glob("tests/model/*.cpp"),
                        *ROOT.glob("tests/differential/*")]):
        for each in ID.findall(path.read_text(errors="replace")) if path.is_file() else []:
            anywhere.setdefault(each, path.name)
    return shown, anywhere


def vectors():
    """section -> the vectors whose source cites it."""
    found = {}
    for path in sorted(ROOT.glob("tests/corpus/*.txt")):
        for block in re.split(r"\n(?=\[)", path.read_text()):
            name = re.match(r"\[([^\]]+)\]", block)
            source = re.search(r"^source:\s*(.*)$", block, re.M)
            if not name or not source:
                continue
            for cited in SOURCE.finditer(source[1]):
                for number in re.findall(r"\d+(?:\.\d+)*(?=\D|$)", re.sub(r"\(\d\)", "", cited[2])):
                    found.setdefault(f"RFC {cited[1]} {number}", []).append(name[1])
    return found


def cell(text):
    return text.replace("|", "\\|")


def tests_of(row, shown):
    return "; ".join(f"`{file}`" + (f": {title}" if title else "") for file, title in shown.get(row.id, []))


def how(row, shown):
    tests = tests_of(row, shown)
    if row.status == "supported":
        return tests
    if row.status == "caller":
        file, phrase = row.why.split(": ", 1)
        return f"**{STATUSES[row.status]}**: [{Path(file).name}](../{file}) says: *{phrase}*"
    return f"**{STATUSES[row.status]}**: {row.why}"


def generate(rows, decisions, deviations, shown):
    count = {status: sum(row.status == status for row in rows) for status in STATUSES}
    out = [
        "# Conformance",
        "",
        "Written by `python3 tests/conformance.py`; `tests/run.sh` checks it. The rows are the requirements of RFC 2817, and",
        "those of RFC 9110, 9112 and 9931 that touch it, in this project's words. Each is *supported*, and then the tests",
        "that name its id show it; or it is *the caller's duty*, and then the text is quoted that says so to the caller; or it",
        "is *not ours*, with the reason.",
        "",
        f"{len(rows)} rows: {count['supported']} supported, {count['caller']} the caller's duty,"
        f" {count['not ours']} not ours.",
        "",
        "C client, S server, P proxy, I intermediary, CC who sends CONNECT, CP who receives it, X sender, R recipient. The level",
        "is the source's own word; `def` is a definition with an effect that can be tested, `ABNF` is grammar.",
        "",
        "## Where the sources disagree or leave room",
        "",
        "| id | what holds here |",
        "|---|---|",
    ]
    out += [f"| {name} | {cell(text)} |" for name, text in decisions]
    out += [
        "",
        "## What is not followed",
        "",
        "Every sentence of these RFCs that tlsup knowingly does not follow. What it accepts lies inside what strict parsers",
        "accept (`tests/differential`), so a form that llhttp in strict mode or h11 refuses is refused here too, unless a",
        "sentence asks for it and no smuggling follows.",
        "",
        "| id | source | level | sentence | what is done, and why | shown by |",
        "|---|---|---|---|---|---|",
    ]
    out += [f"| {each.id} | {each.source} | {each.level} | *{cell(each.text)}* | {cell(each.why)} | "
            f"{cell(tests_of(each, shown))} |" for each in deviations]
    cited = vectors()
    section = None
    for row in rows:
        if row.section() != section:
            section = row.section()
            out += ["", f"## {section}", ""]
            if section in cited:
                out += ["Vectors that cite it: " + ", ".join(cited[section]) + ".", ""]
            out += ["| id | level | role | requirement | shown by |", "|---|---|---|---|---|"]
        out.append(f"| {row.id} | {cell(row.level)} | {row.role} | {cell(row.text)} | {cell(how(row, shown))} |")
    return "\n".join(out) + "\n"


def plain(text):
    """Text without comment marks and line ends, so that a phrase may run over lines."""
    return re.sub(r"\s+", " ", re.sub(r"^\s*(?:///<?|//|#|- )", " ", text.replace("///<", "\n///"), flags=re.M))


def check(rows, decisions, deviations, shown, anywhere):
    passed = failed = 0

    def test(good, why):
        nonlocal passed, failed
        passed += bool(good)
        failed += not good
        if not good:
            print(why)

    ids = [row.id for row in rows]
    test(len(ids) == COUNT, f"{len(ids)} rows; there are {COUNT}")
    test(len(set(ids)) == len(ids), "an id stands twice")
    known = {name for name, _ in decisions} | {each.id for each in deviations}
    test(len(known) == len(decisions) + len(deviations), "a decision or a sentence that is not followed stands twice")
    for each in deviations:
        test(each.source.startswith("RFC ") and len(each.text) > 10 and len(each.why) > 10,
             f"{each.id}: the source, the sentence or the reason is missing")
        test(shown.get(each.id), f"{each.id} is not followed, but no test names it")
    for row in rows:
        if row.status == "supported":
            test(shown.get(row.id), f"{row.id} is supported, but no test names it")
        elif row.status == "caller":
            file, _, phrase = row.why.partition(": ")
            path = ROOT / file
            test(path.is_file() and phrase and phrase in plain(path.read_text()), f"{row.id}: {file} does not say: {phrase}")
        else:
            test(row.status == "not ours" and len(row.why) > 10, f"{row.id}: {row.status}: a reason is missing")
        marks = re.search(r" \[([^\]]+)\]$", row.text)
        for mark in marks[1].split() if marks else []:
            test(mark in known, f"{row.id}: {mark} is no decision")
    for each, file in sorted(anywhere.items()):
        test(each in ids or each in known, f"{file} names {each}, which is no row")
    test(DOCUMENT.is_file() and DOCUMENT.read_text() == generate(rows, decisions, deviations, shown),
         "docs/conformance.md is not what the rows and the tests give; run: python3 tests/conformance.py")
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


def main():
    rows, decisions, deviations = read_rows()
    shown, anywhere = named()
    if "--check" in sys.argv:
        return 0 if check(rows, decisions, deviations, shown, anywhere) else 1
    DOCUMENT.write_text(generate(rows, decisions, deviations, shown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
