#!/usr/bin/env python3
"""Checks that the documents say what the sources say.

A code block behind a line `<!-- FILE [MARK] -->` must equal the part of FILE between `// [MARK]` and `// [end]`.
docs/states.md must be what the program given as argument draws, and charts elsewhere must be charts of it. Links to files must lead somewhere.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"{name}: {why}")


def region(file, mark):
    text = (ROOT / file).read_text()
    found = re.search(rf"^// \[{re.escape(mark)}\]\n(.*?)^// \[end\]$", text, re.S | re.M)
    return found[1].strip("\n") if found else None


documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
for document in documents:
    text = document.read_text()
    for block in re.finditer(r"<!-- (\S+) \[([^\]]+)\] -->\n+```cpp\n(.*?)\n```", text, re.S):
        file, mark, code = block.groups()
        check(f"{document.name}: {file} [{mark}]", region(file, mark) == code, "the block is not the source's")
        if mark.endswith("loop"):
            check(f"{file} [{mark}] fits", len(code.splitlines()) <= 25, "it has more than 25 lines")
    for link in re.findall(r"\]\(((?!https?:)[^)#]+)", text):
        check(f"{document.name}: {link}", (document.parent / link).exists(), "the link leads nowhere")

charts = (ROOT / "docs/states.md").read_text()
for document in documents:
    for block in re.findall(r"```mermaid\n.*?\n```", document.read_text(), re.S):
        check(f"{document.name}: chart", block in charts, "the chart is not one of docs/states.md")

drawn = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout
check("docs/states.md", drawn == (ROOT / "docs/states.md").read_text(), "run: build/tests/draw_states > docs/states.md")

print(f"{passed} passed, {failed} failed")
sys.exit(0 if failed == 0 and passed else 1)
