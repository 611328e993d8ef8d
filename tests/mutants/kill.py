#!/usr/bin/env python3
"""Plants single faults in the headers, one at a time, and shows which test finds each.

    kill.py [--all | --again | --sample N] [--seed S] [--deep] [--twelve] [--only TEXT]

Without an option: the twelve faults that the model checker has to find, the named ones, and a sample of the others.
`--all`: every fault; `--again`: those that the last run left; `--deep`: the model with two deeds too. A fault passes
when a test finds it, or when survivors.txt explains why none can. build/mutants/report.txt gets a line for each. The
last line counts them.
"""

import argparse
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mutate
import plant
from plant import ROOT, WORK

HERE = Path(__file__).resolve().parent
SECONDS = 3  # of the processor: a fault may make a program run for ever
PACE = 1  # times that, where the processor is slow
MEMORY = 4 << 30

# The unit tests of each header, by what its name begins with, longest first; the others are looked at later.
TESTS = {
    "address": ["address", "connect_rules"],
    "authority": ["authority", "connect_rules"],
    "cache": ["cache", "cache_damage", "cache_random"],
    "client": ["client", "rfc2817_examples"],
    "connect_client": ["connect_client", "connect_retry", "connect_rules"],
    "connect_proxy": ["connect_proxy", "connect_rules"],
    "facts": ["facts"],
    "forward": ["forward", "forward_response"],
    "hello": ["hello"],
    "network": ["policy"],
    "policy": ["policy", "policy_paths"],
    "request_facts": ["facts", "server"],
    "response_facts": ["facts", "client"],
    "response_filter": ["response_filter"],
    "route": ["route", "route_table"],
    "server": ["server", "rfc2817_examples"],
    "tunnel": ["tunnel"],
    "upgrade": ["client", "server", "facts"],
    "write": ["write", "write_connect", "forward", "forward_response"],
    "write_connect": ["write_connect"],
    "write_forward": ["forward", "forward_response"],
}
SLOW = {"cache_damage", "cache_random", "policy_paths"}  # and for nobody but their own headers

# The machines, and what they decide with: every fault that can be made from their text is planted.
MACHINES = ("client", "server", "connect_client", "connect_proxy", "tunnel", "route", "upgrade", "hello",
            "response_filter")


def machine_headers():
    names = sorted(each.name for each in plant.HEADERS.glob("*.hpp"))
    return [each for each in names if re.fullmatch(r"(\w+?)(_chart|_run|_reader)?\.hpp", each).group(1) in MACHINES
            and each != "request_reader.hpp"]


def tests_of(file):
    """The unit tests that know this header best, and those that it has tests of its own in."""
    for stem in sorted(TESTS, key=len, reverse=True):
        if file.startswith(stem):
            own = sorted(each.stem for each in plant.UNIT if each.stem.startswith(f"mutants_{stem}"))
            return own + TESTS[stem]
    return [each.stem for each in plant.UNIT if each.stem != "main"]


def run(command, number=0, seconds=SECONDS):
    """Why it failed, from what it said; empty where all went well."""
    environment = dict(os.environ, TLSUP_MUTANT=str(number))
    limited = ["prlimit", f"--as={MEMORY}", f"--cpu={seconds * PACE}", "--core=0"] + command
    try:
        done = subprocess.run(limited, env=environment, cwd=ROOT, timeout=60 * seconds * PACE, stdin=subprocess.DEVNULL,
                              capture_output=True)
    except subprocess.TimeoutExpired:
        return "waits for ever"
    if done.returncode == 0:
        return ""
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "runs for ever"
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode < 0 and "TEST CASE" not in said:
        return f"dies of signal {-done.returncode}"
    for pattern in (r"TEST CASE:  (.*)", r"(?s)FAILED (.*?):.*?broken: ([^\n]*)", r"FAILED (.*)", r"(?i)failed:? (.*)"):
        if match := re.search(pattern, said):
            return ": ".join(match.groups())
    return said.strip().splitlines()[0] if said.strip() else f"status {done.returncode}"


def unit(number, stems, seconds=SECONDS):
    names = ",".join(f"*unit/{each}.cpp" for each in stems)
    return run([str(WORK / "unit"), f"-sf={names}", "--abort-after=1", "--no-colors"], number, seconds)


VECTORS = sorted(str(each) for each in (ROOT / "tests" / "corpus").glob("*.txt"))


def check_without_fault():
    """Stops where a program fails on its own. The corpus shows how fast the processor is."""
    global PACE
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    corpus = run([str(WORK / "corpus")] + VECTORS, seconds=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    PACE = max(1, math.ceil(2 * used / SECONDS))
    for name, why in (("unit", unit(0, ["*"], 300)), ("corpus", corpus),
                      ("model", run([str(WORK / "model"), "--splits"]))):
        if why:
            raise SystemExit(f"without a fault, {name} says: {why}")


def find_switched(fault):
    """Runs the cheap programs, cheapest first, with this fault switched on."""
    own = tests_of(fault.file)
    rest = [each.stem for each in plant.UNIT if each.stem not in own and each.stem not in SLOW]
    for name, look in (
        ("unit", lambda: unit(fault.number, own, 3 * SECONDS if SLOW.intersection(own) else SECONDS)),
        ("corpus", lambda: run([str(WORK / "corpus")] + VECTORS, fault.number)),
        ("model", lambda: run([str(WORK / "model"), "--budget", "1", "--splits"], fault.number)),
        ("unit", lambda: unit(fault.number, rest, 3 * SECONDS)),
    ):
        if why := look():
            return f"{name}: {why}"
    return ""


def find_alone(fault):
    """Plants it alone: static assertions can see it, and tests whose values are computed while compiling."""
    folder = WORK / "alone" / f"{os.getpid()}_{fault.number}_{abs(hash(fault.key()))}"
    plant.plant_alone(fault, folder)
    objects = []
    why = ""
    for stem in tests_of(fault.file):
        objects.append(str(folder / f"{stem}.o"))
        status, said = plant.compile_one(["-O0", f"-I{folder}", "-c", str(ROOT / "tests" / "unit" / f"{stem}.cpp"),
                                          "-o", objects[-1]])
        if status != 0:
            match = re.search(r"(\w+\.[ch]pp):(\d+):\d+: error: (static assertion failed)?", said)
            how = "static_assert" if match and match.group(3) else "does not compile"
            why = f"{how}: {match.group(1)}:{match.group(2)}" if match else how
            break
    if not why:
        status, said = plant.compile_one([plant.doctest_main()] + objects + ["-o", str(folder / "unit")])
        command = [str(folder / "unit"), "--abort-after=1", "--no-colors"]
        if found := said[:200] if status else run(command, 0, 3 * SECONDS):
            why = f"unit: {found}"
    shutil.rmtree(folder)
    return why


def in_model(fault):
    return any(fault.file.startswith(each) for each in ("client", "server", "connect", "upgrade", "hello", "write"))


def find(fault, deep):
    if plant.switchable(fault):
        fault.killer = find_switched(fault)
    if not fault.killer:
        fault.killer = find_alone(fault)
    if not fault.killer and deep and plant.switchable(fault) and in_model(fault):
        why = run([str(WORK / "model"), "--budget", "2"], fault.number, 600)
        fault.killer = f"model with budget 2: {why}" if why else ""
    return fault


def find_in_model(fault, folder):
    """One of the twelve: the model alone has to find it, by the property that was foretold."""
    plant.plant_alone(fault, folder)
    program = str(folder / "model")
    status, said = plant.compile_one(["-O1", f"-I{folder}", str(ROOT / "tests" / "model" / "main.cpp"), "-o", program])
    if status != 0:
        fault.transcript = [said]
        return fault
    for budget in ("1", "2"):
        command = [program, "--budget", budget, "--only", fault.composition]
        done = subprocess.run(command, capture_output=True, text=True)
        for part in re.split(r"(?m)^(?=\S)", done.stdout):
            told = part.splitlines()
            if part.startswith("FAILED") or "  broken: " in part:
                fault.transcript = fault.transcript or told
            if part.startswith("FAILED") and f"  broken: {fault.property}" in part:
                fault.transcript = told
                fault.killer = f"model with budget {budget}: {told[0][7:].split(':')[0]}: {fault.property}"
                shutil.rmtree(folder)
                return fault
    shutil.rmtree(folder)
    return fault


def explained():
    """The faults that no test can find, and why."""
    squeezed = lambda lines: " ".join(" ".join(lines).split())
    return {(block["file"], block["in"], squeezed(block["-"]), squeezed(block["+"])): block["why"]
            for block in mutate.blocks(HERE / "survivors.txt")}


def chosen_faults(wish, last):
    faults = mutate.named(plant.HEADERS, HERE / "named.txt") + mutate.generated(plant.HEADERS, machine_headers())
    if wish.only:
        faults = [each for each in faults if wish.only in each.file or wish.only in each.title()]
    if wish.again:
        left = set(last.read_text().splitlines())
        return [each for each in faults if repr(each.key()) in left]
    if wish.all:
        return faults
    others = [each for each in faults if each.kind != "named"]
    names = [each for each in faults if each.kind == "named"]
    picked = random.Random(wish.seed).sample(others, min(wish.sample, len(others)))
    return names + picked


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--all", action="store_true")
    options.add_argument("--again", action="store_true")
    options.add_argument("--deep", action="store_true")
    options.add_argument("--twelve", action="store_true")
    options.add_argument("--sample", type=int, default=60)
    options.add_argument("--seed", type=int, default=2817)
    options.add_argument("--only", default="")
    wish = options.parse_args()
    began = time.monotonic()
    WORK.mkdir(parents=True, exist_ok=True)
    last = WORK / "left.txt"
    passed = failed = 0

    if not wish.again and not wish.only:
        twelve = mutate.named(plant.HEADERS, HERE / "twelve.txt")
        with ThreadPoolExecutor(2) as pool:
            folders = [WORK / "twelve" / str(at) for at in range(len(twelve))]
            for fault in pool.map(find_in_model, twelve, folders):
                print(f"{'found' if fault.killer else 'NOT FOUND'}: {fault.name}\n  {fault.file}:{fault.line} "
                      f"{fault.old_lines}\n    becomes {fault.new_lines or '(nothing)'}")
                print("\n".join(fault.transcript), flush=True)
                passed += bool(fault.killer)
                failed += not fault.killer
    faults = [] if wish.twelve else chosen_faults(wish, last)
    if faults:
        plant.build_switched([each for each in faults if plant.switchable(each)])
        check_without_fault()
        print(f"{len(faults)} faults, seed {wish.seed}, built after {time.monotonic() - began:.0f} s", flush=True)
        left = []
        reasons = explained()
        counts = {}
        with ThreadPoolExecutor(2) as pool, open(WORK / "report.txt", "w") as report:
            for fault in pool.map(lambda each: find(each, wish.deep), faults):
                why = reasons.get(fault.key(), "") if fault.kind != "row" else ""
                verdict = "killed" if fault.killer else "explained" if why else "SURVIVES"
                by = re.match(r"static_assert|[a-z 0-9]*", fault.killer).group() if fault.killer else verdict
                counts.setdefault(fault.kind, {}).setdefault(by, []).append(fault)
                line = f"{verdict}: {fault.file}:{fault.line} {fault.where}: {fault.title()}  by {fault.killer or why}"
                print(line, file=report, flush=True)
                if verdict == "SURVIVES":
                    print(line, flush=True)
                    left.append(fault)
        last.write_text("".join(repr(each.key()) + "\n" for each in left))
        for kind, by in sorted(counts.items()):
            print(f"{kind}: " + ", ".join(f"{len(own)} {name}" for name, own in sorted(by.items())))
        passed += len(faults) - len(left)
        failed += len(left)
    print(f"after {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
