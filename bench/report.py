#!/usr/bin/env python3
"""Prints what bench/run.sh has measured, and puts the tables into docs/performance.md, between their markers."""

import argparse
import math
import pathlib
import re
import statistics
import sys

import data

root = pathlib.Path(__file__).resolve().parent.parent
all_parts = ["peers", "compile", "heads", "real", "others", "growth"]
modes = {"whole": "whole", "16": "in pieces of 16 octets", "1": "octet by octet"}


def number(value):
    if value is None:
        return ""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def cell(nanoseconds, instructions):
    return " / ".join(text for text in (number(nanoseconds), str(instructions or "")) if text) or "–"


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values)) if values else None


def unit(one):
    return "ns / instructions" if one.times else "instructions"


def ratios(one, mode, other):
    """tlsup's cost over another's for each input, in time where there are times, else in instructions."""
    found = []
    for name in data.inputs:
        mine, *others = (("heads", each, name, mode) for each in ("head", *([other] if other else data.parsers)))
        if one.times:
            found.append(one.time_ratio(mine, others))
        else:
            theirs = [cost for each in others if (cost := one.instructions(*each)) is not None]
            found.append(one.instructions(*mine) / min(theirs) if one.instructions(*mine) and theirs else None)
    return found


def heads(one, mode):
    rows = [[data.titles[subject], *(cell(one.nanoseconds("heads", subject, name, mode),
                                          one.instructions("heads", subject, name, mode)) for name in data.inputs), ""]
            for subject in one.subjects("heads", mode)]
    base = next((each for each in data.parsers if each in one.subjects("heads", mode)), None)
    for title, other in [("**tlsup / the best parser**", None), (f"tlsup / {data.titles.get(base)}", base)]:
        found = ratios(one, mode, other)
        if any(found):
            rows.append([title, *(f"{each:.2f}" if each else "–" for each in found),
                         f"{mean([each for each in found if each]):.2f}" if all(found) else "–"])
    return table([unit(one), *data.inputs, "geometric mean"], rows)


def heads_tables(variants):
    parts = []
    for variant, one in variants.items():
        for mode, title in modes.items():
            if one.subjects("heads", mode):
                parts.append(f"`{data.variants[variant]}`, {title}:\n\n{heads(one, mode)}")
    return "\n\n".join(parts)


def real_table(variants):
    columns = [(variant, mode) for variant in variants for mode in ("whole", "16")]
    subjects = [name for name in data.titles
                if any(name in variants[variant].subjects("real", mode) for variant, mode in columns)]
    rows = [[data.titles[subject], *(cell(variants[variant].nanoseconds("real", subject, "all", mode),
                                          variants[variant].instructions("real", subject, "all", mode))
                                     for variant, mode in columns)] for subject in subjects]
    names = [f"`{data.variants[variant]}`, {modes[mode]}" for variant, mode in columns]
    return table([unit(next(iter(variants.values()))), *names], rows) if rows else None


other_titles = {
    ("emit", "tlsup", "101"): "101: constant text",
    ("emit", "tlsup", "426"): "426: constant text",
    ("emit", "tlsup-composed", "426"): "426: composed, `write_426`",
    ("emit", "tlsup", "200"): "200 with advertisement, `write_reply`",
    ("emit", "tlsup", "407"): "407, `write_407`",
    ("tunnel", "tlsup", "16384"): "tunnel: accounts for 16 KiB relayed",
    ("tunnel", "memcpy", "16384"): "`memcpy` of 16 KiB",
    ("hello", "gate", "517"): "`hello_gate`, ClientHello of 517 octets",
    ("hello", "callback", "517"): "`judge_hello`, from an engine's callback",
}


def other_table(variants):
    keys = list(dict.fromkeys(key for one in variants.values() for key in [*one.counts, *one.times]
                              if key[0] in ("emit", "tunnel", "hello", "facts")))
    rows = []
    for key in keys:
        group, subject, name, mode = key
        title = other_titles.get(key[:3])
        if group == "facts":
            title = f"{'`request_facts` and `judge`' if subject == 'facts' else 'the decision'} on the fields of {name}"
        elif subject == "snprintf":
            title = f"{name}: `snprintf`"
        elif mode != "whole":
            title += f", {modes[mode]}"
        counted = subject != "memcpy"
        rows.append([title, *(cell(one.nanoseconds(*key), one.instructions(*key) if counted else None)
                              for one in variants.values())])
    names = [f"`{data.variants[variant]}`" for variant in variants]
    return table([unit(next(iter(variants.values()))), *names], rows) if rows else None


def growth_times(times):
    """Nanoseconds for each octet of heads of 1 to 64 KiB. The largest is one octet short."""
    subjects = [name for name in data.titles if name in {key[1] for key in times} and "+facts" not in name]
    rows = []
    for name in sorted({key[2] for key in times}, key=lambda each: int(each.removeprefix("size-"))):
        octets = 65535 if name == "size-64" else 1024 * int(name.removeprefix("size-"))
        for mode in modes:
            costs = [statistics.median(times.get(("growth", each, name, mode), [0])) / octets for each in subjects]
            rows.append([f"{name.removeprefix('size-')}, {modes[mode]}", *(f"{cost:.3f}" for cost in costs)])
    columns = ["input, pieces", *(data.titles[each] for each in subjects)]
    return "Heads of so many KiB, ns for each octet:\n\n" + table(columns, rows)


def growth_tables(one, times):
    subjects = [name for name in data.titles if name in {key[1] for key in one.counts if key[0] == "growth"}]
    subjects = [name for name in subjects if "+facts" not in name]
    names = list(dict.fromkeys(key[2] for key in one.counts if key[0] == "growth"))
    parts = []
    for title, wanted in (("Heads of so many KiB", "size-"), ("Made to be expensive", "")):
        rows = []
        for name in [each for each in names if each.startswith("size-") == bool(wanted)]:
            for mode in modes:
                costs = []
                for subject in subjects:
                    key = ("growth", subject, name, mode)
                    costs.append(f"{one.counts[key] / one.octets[key]:.2f}" if key in one.counts else "–")
                if any(cost != "–" for cost in costs):
                    rows.append([f"{name.removeprefix('size-')}, {modes[mode]}", *costs])
        if rows:
            parts.append(f"{title}, instructions for each octet:\n\n"
                         + table(["input, pieces", *(data.titles[each] for each in subjects)], rows))
    if times:
        parts.insert(min(1, len(parts)), growth_times(times))
    return "\n\n".join(parts) or None


def compile_table(folder):
    found = data.load(folder, "compile.json")
    if not found:
        return None
    names = list(found[0]["files"])
    rows = [[name, *(f"{statistics.median(each['files'][name]):.2f} ({min(each['files'][name]):.2f} to "
                     f"{max(each['files'][name]):.2f})" for each in found)] for name in names]
    return table(["seconds of user CPU, median of "
                  f"{len(found[0]['files'][names[0]])} (least to most)", *(each["compiler"] for each in found)], rows)


def peers_table(folder):
    lines = [f"- {line.replace(chr(9), ': ')}" for line in (folder / "host.txt").read_text().splitlines()]
    for variant, flags in data.variants.items():
        file = folder / f"peers-{variant}.txt"
        if file.exists():
            lines.append(f"- `{flags}`:")
            lines += [f"  - {line.replace(chr(9), ': ')}" for line in file.read_text().splitlines()]
    return "\n".join(lines)


def print_spread(variants):
    """All medians, with least and most: what the tables have no place for."""
    for variant, one in variants.items():
        if one.times:
            print(f"\n{data.variants[variant]}: ns, median (least to most)")
        for key, values in sorted(one.times.items()):
            print(f"  {' '.join(key):36}{statistics.median(values):12.1f} ({min(values):.1f} to {max(values):.1f})")


def put(document, name, text):
    mark = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.S)
    if not mark.search(document):
        sys.exit(f"docs/performance.md has no place for {name}")
    return mark.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", document)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--no-docs", action="store_true")
    parser.add_argument("--parts", nargs="+", default=all_parts, choices=all_parts, metavar="PART",
                        help=f"the tables to make, of {', '.join(all_parts)}")
    options = parser.parse_args()
    variants = {name: data.measured(options.folder, name) for name in data.variants}
    variants = {name: one for name, one in variants.items() if one.times or one.counts}
    makers = {
        "peers": lambda: peers_table(options.folder),
        "compile": lambda: compile_table(options.folder),
        "heads": lambda: heads_tables(variants),
        "real": lambda: variants and real_table(variants),
        "others": lambda: variants and other_table(variants),
        "growth": lambda: "plain" in variants and growth_tables(variants["plain"],
                                                                data.read_times(options.folder, "growth")),
    }
    parts = {name: makers[name]() for name in all_parts if name in options.parts}
    if "peers" in parts:
        print_spread(variants)
    for name, text in parts.items():
        if text:
            print(f"\n{name}\n\n{text}")
    if not options.no_docs:
        file = root / "docs/performance.md"
        document = file.read_text()
        for name, text in parts.items():
            document = put(document, name, text) if text else document
        file.write_text(document)


if __name__ == "__main__":
    main()
