#!/usr/bin/env python3
"""How long the compiler takes for a file that includes tlsup, beside Boost.Beast and <string_view> alone.

    bench/compile_time.py [--runs N] [--json FILE]

-O2, with g++ and with the newest clang++ that is there: seconds of user CPU, median (least to most).
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
files = {
    "string_view": "`<string_view>` alone",
    "server": "`tlsup/server.hpp`",
    "everything": "`tlsup/tlsup.hpp`",
    "machines": "`tlsup/tlsup.hpp`, each machine used once",
    "beast": "`boost/beast/http.hpp`",
    "beast_parser": "`boost/beast/http.hpp`, its parser used twice",
}


def compilers():
    found = [os.environ.get("CXX", "g++")]
    names = {name.name for folder in os.environ["PATH"].split(":") if os.path.isdir(folder)
             for name in pathlib.Path(folder).glob("clang++-[0-9]*")}
    clangs = sorted((name for name in names if re.fullmatch(r"clang\+\+-\d+", name)), key=lambda name: int(name[9:]))
    return [name for name in found + clangs[-1:] if shutil.which(name)]


def version(compiler):
    text = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return text.splitlines()[0]


def compile_once(compiler, name):
    """Seconds of user CPU."""
    source = root / f"bench/compile_time/{name}.cpp"
    argv = [compiler, "-std=c++20", "-O2", "-I", str(root / "include"), "-c", str(source), "-o", "/dev/null"]
    before = os.times().children_user
    subprocess.run(argv, check=True)
    return os.times().children_user - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", help="write the seconds there, too")
    options = parser.parse_args()
    found = []
    for compiler in compilers():
        beast = os.path.exists("/usr/include/boost/beast/http.hpp")
        present = [name for name in files if beast or not name.startswith("beast")]
        spent = {name: [] for name in present}
        for _ in range(options.runs):
            for name in present:
                spent[name].append(compile_once(compiler, name))
        print(f"{version(compiler)}, -O2: seconds of user CPU")
        for name, seconds in spent.items():
            print(f"  {files[name].replace('`', ''):45}{statistics.median(seconds):6.2f} "
                  f"({min(seconds):.2f} to {max(seconds):.2f})")
        found.append({"compiler": version(compiler), "files": {files[name]: spent[name] for name in spent}})
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
