"""Plants faults in copies of the headers, and builds the programs that are to find them.

Most faults share one copy. It has each body that can be faulty once more for every fault, behind a switch, and its
programs read from the environment which fault they are to have. What is computed while compiling is free of them, so
that a static assertion cannot see them: a fault that nobody found is planted once more, alone, in a copy of its own.
"""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include" / "tlsup"
WORK = ROOT / "build" / "mutants"
CXX = ["g++", "-std=c++20", "-w", "-pthread", f"-I{ROOT / 'tests'}"]
UNIT = sorted((ROOT / "tests" / "unit").glob("*.cpp"))


def copy_to(folder):
    """A fresh copy of the headers; returns where they are."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HEADERS, folder / "tlsup")
    return folder / "tlsup"


def with_fault(text, fault):
    return text[:fault.start] + fault.new + text[fault.end:]


def plant_alone(fault, folder):
    header = copy_to(folder) / fault.file
    header.write_text(with_fault(header.read_text(), fault))


def switchable(fault):
    return fault.body is not None or fault.kind == "row"


def plant_all(faults, folder):
    """Each fault gets its number. One copy for all of them."""
    headers = copy_to(folder)
    files = {}
    for number, fault in enumerate(faults, 1):
        fault.number = number
        files.setdefault(fault.file, []).append(fault)
    for file, own in files.items():
        text = (headers / file).read_text()
        places = {}
        for fault in own:
            if fault.kind != "row":
                places.setdefault(fault.body, []).append(fault)
        made = text
        for begin, end in sorted(places, reverse=True):
            cases = ""
            for fault in places[begin, end]:
                faulty = text[begin:fault.start] + fault.new + text[fault.end:end]
                cases += f" case {fault.number}U: {{{faulty}}} break;\n"
            made = (made[:begin] + "switch (::tlsup_mutants::now()) {\n" + cases +
                    " default: {" + text[begin:end] + "} }" + made[end:])
        rows = [fault for fault in own if fault.kind == "row"]
        if rows:
            made = with_rows(made, rows)
        (headers / file).write_text(made)
    chart = headers / "chart.hpp"
    wanted = "if (each.from_on == wanted) {"
    text = chart.read_text()
    if text.count(wanted) != 1:
        raise SystemExit("chart.hpp: follow() reads differently")
    kept = "static_cast<unsigned>(&each - chart) != deleted_row(state)"
    chart.write_text(text.replace(wanted, f"if (each.from_on == wanted && {kept}) {{"))


def with_rows(text, rows):
    """Tells `follow` which row of this chart the active fault deletes."""
    begin = text.index("constexpr std::string_view to_string(", text.index("_chart[] = {"))
    state = rows[0].old_lines[1:].split("::")[0]
    before = text[:begin].splitlines()
    first = next(at for at, line in enumerate(before, 1) if line.startswith(f"    {{{state}::"))
    cases = "".join(f" case {fault.number}U: return {fault.line - first}U;" for fault in rows)
    return (f"{text[:begin]}constexpr unsigned deleted_row({state}) noexcept {{ switch (::tlsup_mutants::now()) {{"
            f"{cases} default: return ~0U; }} }}\n{text[begin:]}")


def compile_one(arguments):
    done = subprocess.run(CXX + arguments, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def compile_many(jobs):
    """Returns the first complaint, or None."""
    with ThreadPoolExecutor(2) as pool:
        for status, said in pool.map(compile_one, jobs):
            if status != 0:
                return said
    return None


def doctest_main():
    """The runner of the unit tests, compiled once: it has nothing of the library's."""
    made = WORK / "main.o"
    source = ROOT / "tests" / "unit" / "main.cpp"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        WORK.mkdir(parents=True, exist_ok=True)
        status, said = compile_one(["-O1", "-c", str(source), "-o", str(made)])
        if status != 0:
            raise SystemExit(said)
    return str(made)


def build_switched(faults):
    """The unit tests, the replayer of the vectors and the model, with all these faults behind the switch."""
    folder = WORK / "all"
    plant_all(faults, folder)
    flags = ["-include", str(ROOT / "tests" / "mutants" / "switch.hpp"), f"-I{folder}"]
    objects = []
    jobs = [flags + ["-O1", str(ROOT / "tests" / "model" / "main.cpp"), "-o", str(WORK / "model")],
            flags + ["-O1", str(ROOT / "tests" / "corpus_runner.cpp"), "-o", str(WORK / "corpus")]]
    for source in UNIT:
        if source.name != "main.cpp":
            objects.append(str(WORK / f"unit_{source.stem}.o"))
            jobs.append(flags + ["-O0", "-c", str(source), "-o", objects[-1]])
    main = doctest_main()
    said = compile_many(jobs) or compile_many([[main] + objects + ["-o", str(WORK / "unit")]])
    if said:
        raise SystemExit("the switched copy does not compile:\n" + said)
