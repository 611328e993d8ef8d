#!/usr/bin/env python3
"""Compares the instruction counts of tlsup's rows with bench/counts.txt. bench/gate.sh runs it."""

import argparse
import pathlib
import re
import subprocess
import sys

import counts

recorded_file = pathlib.Path(__file__).resolve().parent / "counts.txt"
recorder = "12"  # the compiler whose figures are in the file
rows_of = (("heads", "head"), ("heads", "machine"), ("emit", ""), ("tunnel", "tlsup"), ("hello", ""),
           ("facts", "facts"))


def measure(folder):
    found = {}
    for group, subject in rows_of:
        for row in counts.measure(str(folder / "count"), group, subject):
            if row["subject"] != "snprintf" and (group != "heads" or row["mode"] != "1"):
                name = " ".join(row[word] for word in ("group", "subject", "input", "mode"))
                found[f"{folder.name.removeprefix('gate-')} {name}"] = row["instructions"]
    return found


def read():
    lines = recorded_file.read_text().splitlines() if recorded_file.exists() else []
    return {name: int(count) for name, count in
            (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    version = subprocess.run([options.compiler, "-dumpfullversion"], stdout=subprocess.PIPE, check=True)
    version = version.stdout.decode().strip()
    found = {name: count for folder in options.folders for name, count in measure(folder).items()}
    if options.record:
        lines = [f"{name} {count}" for name, count in found.items()]
        recorded_file.write_text(f"# Instructions of one run, with g++ {version}. bench/gate.sh --record wrote this.\n"
                                 "# VARIANT GROUP SUBJECT INPUT MODE COUNT\n" + "\n".join(lines) + "\n")
        print(f"{len(found)} passed, 0 failed")
        return 0
    known = read()
    same = re.match(r"\d+", version)[0] == recorder
    allowed = 1.05 if same else 1.3
    if not same:
        print(f"bench/counts.txt has the figures of g++ {recorder}, this is {options.compiler} {version}: "
              f"up to {allowed - 1:.0%} more are allowed")
    bad = 0
    for name in known.keys() | found.keys():
        variant = name.split(" ")[0]
        if all(folder.name.removeprefix("gate-") != variant for folder in options.folders):
            continue
        if name not in known or name not in found:
            print(f"{name}: FAILED: {'not in bench/counts.txt' if name in found else 'it is not measured any more'}")
            bad += 1
        elif found[name] > known[name] * allowed:
            print(f"{name}: FAILED: {found[name]} instructions, {known[name]} were recorded: "
                  f"{found[name] / known[name] - 1:+.1%}")
            bad += 1
    better = sum(found[name] < known.get(name, 0) * 0.95 for name in found)
    if better:
        print(f"{better} rows take at least 5 % less than recorded: record them")
    if bad or better:
        print("where that is meant, record it: bench/gate.sh --record")
    print(f"{len(found) - bad if len(found) > bad else 0} passed, {bad} failed")
    return 0 if found and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
