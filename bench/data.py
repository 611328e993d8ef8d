"""What bench/run.sh has measured, as rows: for report.py and plot.py."""

import json
import statistics

variants = {"plain": "-O2", "v2": "-O2 -march=x86-64-v2"}
inputs = "abcdefg"
parsers = ("pico", "pico-debian", "llhttp", "beast", "http_parser")
titles = {
    "head": "**tlsup**",
    "machine": "tlsup, whole machine",
    "pico": "picohttpparser",
    "pico-debian": "picohttpparser, Debian's build",
    "pico+facts": "picohttpparser + tlsup's facts",
    "pico-debian+facts": "Debian's picohttpparser + tlsup's facts",
    "llhttp": "llhttp",
    "beast": "Boost.Beast",
    "http_parser": "http_parser",
}


def load(folder, name):
    file = folder / name
    return json.loads(file.read_text()) if file.exists() else None


def read_times(folder, name):
    """{(group, subject, input, mode): nanoseconds in each round}, from times-NAME.ROUND.json."""
    found = {}
    for file in sorted(folder.glob(f"times-{name}.*.json"), key=lambda each: int(each.suffixes[-2][1:])):
        for each in json.loads(file.read_text())["benchmarks"]:
            key = tuple(each["run_name"].split("/")[0].split(" ")[:4])
            found.setdefault(key, []).append(each["cpu_time"])
    return found


def read_counts(folder, name):
    """{(group, subject, input, mode): instructions}, and the octets of each row."""
    rows = load(folder, name) or []
    key = lambda row: (row["group"], row["subject"], row["input"], row["mode"])  # noqa: E731
    return {key(row): row["instructions"] for row in rows}, {key(row): int(row["octets"]) for row in rows}


class measured:
    """One variant."""

    def __init__(self, folder, variant):
        self.times = read_times(folder, variant)
        self.counts, self.octets = read_counts(folder, f"counts-{variant}.json")

    def nanoseconds(self, *key):
        return statistics.median(self.times[key]) if key in self.times else None

    def time_ratio(self, key, others):
        """The median of the rounds' ratios to the least of the others. A round is short: how fast the processor is just
        then drops out."""
        theirs = [self.times[each] for each in others if each in self.times]
        if key not in self.times or not theirs:
            return None
        return statistics.median(mine / min(each) for mine, *each in zip(self.times[key], *theirs))

    def instructions(self, *key):
        return self.counts.get(key)

    def subjects(self, group, mode):
        known = {key[1] for key in [*self.times, *self.counts] if key[0] == group and key[3] == mode}
        return [name for name in titles if name in known]
