#!/usr/bin/env python3
"""What tests/coverage.sh needs besides compilers.

coverage.py copy FOLDER      copies include/ to FOLDER; the copy tells tests/coverage/seen.hpp of each arrow and error
coverage.py check GCOV SEEN MCDC
    GCOV: gcovr's JSON of the copy; SEEN: what seen.hpp wrote; MCDC: llvm-cov's JSON of include/.
    Prints the figures and what is below its threshold. The last line is `N passed, M failed`.

The copy has the lines of the original. It wraps the names of errors where one is produced, not where one is compared.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = ROOT / "include" / "tlsup"

LINES = 100.0
BRANCHES = 98.0
DECISIONS = "upgrade.hpp"  # MC/DC 100 % of this header

# Branches that no source has: a defaulted comparison compares members, and gcc counts that at the members' lines.
COMPILERS_OWN = re.compile(
    r"operator==\(.*\) noexcept = default;"
    r"|^\s+(?!return\b)[\w:<>]+ \w+_?(?:\[\w*\]| : \d+)?(?: = [\w:{}]+|\{\})?;(?:\s*//.*)?$"
    r"|^\s+std::\w+ \w+(?: = \w+)?; *(?://.*)?$"
)

# A switch over all enumerators has one more branch, for numbers that are none of them.
SWITCH = re.compile(r"^\s*switch \(")

# Errors that no machine produces, and why they stay.
FOR_HOSTS = {"misdirected": "a server answers 421 and goes on; the number is for hosts that answer it themselves"}

# An error that is produced: not compared, not a case, not the initial value of a member.
PRODUCED = re.compile(r"(?<![=!<>]= )(?<!case )(?<!\bseen\()\berrc::(?!ok\b)\w+")
MEMBER = re.compile(r"^\s*(?:tlsup::)?errc \w+ = errc::\w+;")
# An error that comes from the caller and becomes the machine's.
PASSED_ON = re.compile(r"(\berror_ = (?:error_ == errc::ok \? )?)why\b")


def copy(folder):
    """Copies the headers. Only what changed is written, so that ninja builds no more than it has to."""
    target = Path(folder) / "tlsup"
    target.mkdir(parents=True, exist_ok=True)
    walked = 0
    for header in sorted(HEADERS.glob("*.hpp")):
        lines = header.read_text().split("\n")
        for at, line in enumerate(lines):
            code, slashes, comment = line.partition("//")
            if header.name == "chart.hpp" and code.strip() == "state = each.to();":
                code = code.replace("state = each.to();", "coverage::walked(state, wanted); state = each.to();")
                walked += 1
            elif header.name != "error.hpp" and not MEMBER.match(code):
                code = PRODUCED.sub(lambda name: f"coverage::seen({name[0]})", code)
                code = PASSED_ON.sub(r"\1coverage::seen(why)", code)
            lines[at] = code + slashes + comment
        text = "\n".join(lines)
        made = target / header.name
        if not made.exists() or made.read_text() != text:
            made.write_text(text)
    assert walked == 1, "follow() of chart.hpp is not where it was"


def enumerators(text, name):
    body = re.search(rf"enum class {name} : std::uint8_t {{(.*?)}};", text, re.S)[1]
    return re.findall(r"(\w+)(?: = 0)?\s*(?:,|$)", re.sub(r"//.*", "", body).rstrip())


passed = failed = 0


def check(what, good, figures=""):
    global passed, failed
    passed += good
    failed += not good
    print(f"{what}: {figures}{'' if good else ' FAILED'}")


def check_lines(gcov):
    """Lines and branches of include/, with every line that is short of them."""
    lines = covered = branches = taken = excluded = 0
    for file in json.loads(Path(gcov).read_text())["files"]:
        name = file["file"].rsplit("/", 1)[-1]
        source = (HEADERS / name).read_text().split("\n")
        for line in file["lines"]:
            if line["gcovr/noncode"]:
                continue
            number = line["line_number"]
            lines += 1
            covered += line["count"] > 0
            if line["count"] == 0:
                print(f"include/tlsup/{name}:{number}: not run: {source[number - 1].strip()}")
            found = [each for each in line["branches"] if not each["throw"]]
            if COMPILERS_OWN.search(source[number - 1]):
                excluded += len(found)
                continue
            missing = sum(each["count"] == 0 for each in found)
            if missing and SWITCH.match(source[number - 1]):
                found.pop()
                missing -= 1
                excluded += 1
            branches += len(found)
            taken += len(found) - missing
            if missing and "-v" in sys.argv:
                print(f"include/tlsup/{name}:{number}: {missing} of {len(found)} branches: {source[number - 1].strip()}")
    check("lines", covered == lines > 0, f"{covered} of {lines}, {100 * covered / lines:.1f} %")
    check("branches", 100 * taken >= BRANCHES * branches > 0,
          f"{taken} of {branches}, {100 * taken / branches:.2f} % ({excluded} of the compiler's own left out)")


def check_seen(seen):
    """Every arrow of every chart, and every error."""
    facts = set(Path(seen).read_text().splitlines())
    for header in sorted(HEADERS.glob("*_chart.hpp")):
        text = header.read_text()
        name = header.name.removesuffix("_chart.hpp")
        states = enumerators(text, f"{name}_state")
        events = enumerators(text, f"{name}_event")
        arrows = re.findall(rf"{{{name}_state::(\w+),\s+{name}_event::(\w+),\s+{name}_state::\w+}}", text)
        walked = 0
        for state, event in arrows:
            hit = f"{name}_state {states.index(state) << 4 | events.index(event)}" in facts
            walked += hit
            if not hit:
                print(f"{header.name}: no test walks {state} --> {event}")
        check(f"chart of {name}", walked == len(arrows) > 0, f"{walked} of {len(arrows)} arrows")
    errors = enumerators((HEADERS / "error.hpp").read_text(), "errc")
    produced = 0
    for at, error in enumerate(errors[1:], 1):
        hit = (f"errc {at}" in facts) != (error in FOR_HOSTS)
        produced += hit
        if not hit:
            print(f"error.hpp: {error}: " + ("now it is produced" if error in FOR_HOSTS else "no test meets it"))
    check("errors", produced == len(errors) - 1 > 0, f"{produced} of {len(errors) - 1} ({len(FOR_HOSTS)} for hosts only)")


def check_conditions(mcdc):
    for file in json.loads(Path(mcdc).read_text())["data"][0]["files"]:
        if file["filename"].endswith("/" + DECISIONS):
            summary = file["summary"]["mcdc"]
            check(f"MC/DC of {DECISIONS}", summary["covered"] == summary["count"] > 0,
                  f"{summary['covered']} of {summary['count']} conditions")
            return
    check(f"MC/DC of {DECISIONS}", False)


if __name__ == "__main__":
    if sys.argv[1] == "copy":
        copy(sys.argv[2])
    else:
        check_lines(sys.argv[2])
        check_seen(sys.argv[3])
        check_conditions(sys.argv[4])
        print(f"{passed} passed, {failed} failed")
        sys.exit(0 if failed == 0 and passed > 0 else 1)
