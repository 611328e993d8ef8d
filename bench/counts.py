#!/usr/bin/env python3
"""Instructions that one run takes, for each row of bench/count.cpp.

    bench/counts.py PROGRAM [--json FILE] [--group NAME] [--subject NAME] [--input NAME] [--mode whole|16|1]

It runs the program under callgrind. A row is run with two numbers of repetitions: the difference, divided, is what one
run takes, to the instruction. callgrind does not know pcmpestri: where the program was built with SSE4.2, what uses it
(picohttpparser) is counted by single steps instead, and byte by byte not at all, because that takes too long.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def callgrind(program, words):
    """Instructions of each row: {name and octets: count}."""
    with tempfile.TemporaryDirectory() as folder:
        argv = ["valgrind", "--tool=callgrind", "--combine-dumps=no", f"--callgrind-out-file={folder}/out", program]
        run = subprocess.run([*argv, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if run.returncode != 0:
            sys.exit(run.stdout.decode(errors="replace"))
        totals = {}
        dumps = [file for file in pathlib.Path(folder).iterdir() if file.suffix[1:].isdigit()]
        for file in sorted(dumps, key=lambda each: int(each.suffix[1:])):
            text = file.read_text()
            mark = re.search(r"^desc: Trigger: Client Request: (.*) (\d+)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if mark and total:
                totals.setdefault(mark[1], {})[int(mark[2])] = int(total[1])
    rows = {}
    for row, runs in totals.items():
        (few, small), (many, large) = sorted(runs.items())
        rows[row] = round((large - small) / (many - few))
    return rows


def single_steps(program, words):
    run = subprocess.run([program, "--step", *words], stdout=subprocess.PIPE, check=True)
    return {row: int(count) for row, count in (line.rsplit(" ", 1) for line in run.stdout.decode().splitlines())}


def needs_steps(program):
    """Whether there is a pcmpestri in the program itself."""
    return "pcmpestri" in subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], stdout=subprocess.PIPE,
                                         check=True).stdout.decode()


def measure(program, group="heads", subject="", name="", mode=""):
    """Rows: [{group, subject, input, mode, octets, instructions}]."""
    words = ["--group", group]
    for option, value in (("--subject", subject), ("--input", name), ("--mode", mode)):
        words += [option, value] if value else []
    stepped = needs_steps(program)
    counts = {}
    if not stepped or subject not in ("pico", "pico+facts"):
        counts = callgrind(program, words + (["--without", "pico"] if stepped else []))
    if stepped and subject in ("", "pico", "pico+facts") and group in ("heads", "real"):
        words = ["--group", group] + (["--input", name] if name else [])
        for one in [subject] if subject else ["pico", "pico+facts"]:
            for pieces in ("whole", "16"):
                if mode in ("", pieces) and (pieces == "whole" or (one == "pico" and group == "heads")):
                    counts |= single_steps(program, [*words, "--subject", one, "--mode", pieces])
    return [dict(zip(("group", "subject", "input", "mode", "octets"), row.split(" ")), instructions=count)
            for row, count in counts.items()]


def show(rows):
    columns = list(dict.fromkeys(row["input"] for row in rows))
    table = {}
    for row in rows:
        table.setdefault((row["mode"], row["subject"]), {})[row["input"]] = row["instructions"]
    print(" " * 24 + "".join(f"{name:>10}" for name in columns))
    for (mode, subject), cells in sorted(table.items(), key=lambda each: (-len(each[0][0]), each[0])):
        print(f"{mode:6}{subject:18}" + "".join(f"{cells.get(name, ''):>10}" for name in columns))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--json", help="write the rows there, too")
    parser.add_argument("--group", default="heads",
                        help="heads, real, emit, tunnel, hello, facts, growth, or several: heads,real")
    for name in ("subject", "input", "mode"):
        parser.add_argument("--" + name, default="")
    options = parser.parse_args()
    rows = [row for group in options.group.split(",")
            for row in measure(options.program, group, options.subject, options.input, options.mode)]
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    for group in dict.fromkeys(row["group"] for row in rows):
        print(f"{group}:")
        show([row for row in rows if row["group"] == group])


if __name__ == "__main__":
    main()
