#!/usr/bin/env python3
"""Instructions that one run takes, for each row of bench/count.cpp.

    bench/counts.py PROGRAM [--json FILE] [--subject NAME] [--input NAME] [--mode whole|16|1]

It runs the program under callgrind. A row is run with two numbers of repetitions: the difference, divided, is what one
run takes, to the instruction.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def measure(program, words=()):
    """Instructions of each row: {name: count}."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(["valgrind", "--tool=callgrind", "--combine-dumps=no", f"--callgrind-out-file={folder}/out",
                              program, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if run.returncode != 0:
            sys.exit(run.stdout.decode(errors="replace"))
        totals = {}
        for file in pathlib.Path(folder).iterdir():
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--json", help="write the rows there, too")
    for name in ("subject", "input", "mode"):
        parser.add_argument("--" + name)
    options = parser.parse_args()
    words = [word for name in ("subject", "input", "mode") if getattr(options, name)
             for word in ("--" + name, getattr(options, name))]
    rows = measure(options.program, words)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    table = {}
    for row, count in rows.items():
        subject, name, mode = row.split(" ")
        table.setdefault((mode, subject), {})[name] = count
    columns = sorted({name for cells in table.values() for name in cells})
    print(f"{'':6}{'':20}" + "".join(f"{name:>10}" for name in columns))
    for (mode, subject), cells in sorted(table.items(), key=lambda each: (-len(each[0][0]), each[0])):
        print(f"{mode:6}{subject:20}" + "".join(f"{cells.get(name, ''):>10}" for name in columns))


if __name__ == "__main__":
    main()
