#!/usr/bin/env python3
"""Draws what bench/run.sh has measured as SVG, readable on light and on dark ground.

    bench/plot.py build/bench docs/performance
"""

import math
import pathlib
import sys

import data

colours = {"head": "#d1442f", "machine": "#e39a2b", "pico": "#2f7fd1", "pico-debian": "#6fb1e8", "llhttp": "#3a9a5b",
           "beast": "#8a63c9", "http_parser": "#8c8c8c"}
marks = {"head": "circle", "machine": "diamond", "pico": "square", "pico-debian": "square", "llhttp": "triangle",
         "beast": "cross", "http_parser": "cross"}
style = """<style>
text { font: 12px sans-serif; fill: #333 } .title { font-weight: bold } .small { font-size: 11px }
.axis { stroke: #666 } .grid { stroke: #ccc; stroke-width: .6 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .axis { stroke: #aaa } .grid { stroke: #555 } }
</style>"""
modes = {"whole": "whole", "16": "in pieces of 16 octets", "1": "octet by octet"}


def text(x, y, words, anchor="middle", kind="small", more=""):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"{more}>{words}</text>'


def rule(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def mark(subject, x, y):
    colour, size = colours[subject], 4.2
    shape = marks[subject]
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size + .8}" fill="{colour}"/>'
    if shape == "square":
        return f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size}" height="{2 * size}" fill="{colour}"/>'
    if shape == "cross":
        return (f'<path d="M{x - size:.1f} {y - size:.1f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}" '
                f'stroke="{colour}" stroke-width="2.4"/>')
    points = ((0, -1.3), (1.2, .9), (-1.2, .9)) if shape == "triangle" else ((0, -1.3), (1.2, 0), (0, 1.3), (-1.2, 0))
    where = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in points)
    return f'<polygon points="{where}" fill="{colour}"/>'


def legend(subjects, x, y):
    parts = []
    for subject in subjects:
        words = data.titles[subject].replace("*", "")
        parts += [mark(subject, x, y - 4), text(x + 10, y, words, "start")]
        x += 30 + 6.3 * len(words)
    return parts


def powers(low, high):
    return [2.0 ** power for power in range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)]


class panel:
    """A part of a plot whose vertical axis is logarithmic."""

    def __init__(self, x, y, width, height, ticks):
        self.x, self.y, self.width, self.height, self.ticks = x, y, width, height, ticks

    def up(self, value):
        low, high = math.log2(self.ticks[0]), math.log2(self.ticks[-1])
        return self.y + self.height - self.height * (math.log2(value) - low) / (high - low)

    def frame(self, title, name=""):
        parts = [text(self.x + self.width / 2, self.y - 10, title, kind="title")]
        for tick in self.ticks:
            parts += [rule(self.x, self.up(tick), self.x + self.width, self.up(tick), "grid"),
                      text(self.x - 6, self.up(tick) + 4, f"{tick:g}", "end")]
        parts += [rule(self.x, self.y, self.x, self.y + self.height, "axis"),
                  rule(self.x, self.y + self.height, self.x + self.width, self.y + self.height, "axis")]
        if name:
            middle = self.y + self.height / 2
            parts.append(text(self.x - 42, middle, name, more=f' transform="rotate(-90 {self.x - 42} {middle})"'))
        return parts


def write(file, width, height, parts):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                    f'height="{height}" role="img">\n{style}\n' + "\n".join(parts) + "\n</svg>\n")


def plot_heads(one, flags, file):
    """What each parser costs for heads a to g, in parts of what picohttpparser costs."""
    value = one.nanoseconds if one.times else one.instructions
    known = [name for name in colours if name in one.subjects("heads", "whole")]
    base = next((name for name in data.parsers if name in known), None)
    if not base:
        return
    costs = {(mode, subject, name): value("heads", subject, name, mode) / value("heads", base, name, mode)
             for mode in ("whole", "16") for subject in known for name in data.inputs
             if value("heads", subject, name, mode) and value("heads", base, name, mode)}
    ticks = powers(min(costs.values()), max(costs.values()))
    unit = "time" if one.times else "instructions"
    parts = [text(380, 20, f"{flags}: {unit}, {data.titles[base]} = 1", kind="title")]
    for number, mode in enumerate(("whole", "16")):
        here = panel(70 + 350 * number, 60, 320, 250, ticks)
        parts += here.frame(modes[mode], f"{unit} / that of {data.titles[base]}" if number == 0 else "")
        for place, name in enumerate(data.inputs):
            x = here.x + (place + .5) * here.width / len(data.inputs)
            parts.append(text(x, here.y + here.height + 16, name))
            parts += [mark(subject, x, here.up(costs[mode, subject, name])) for subject in reversed(known)
                      if (mode, subject, name) in costs]
        parts.append(text(here.x + here.width / 2, here.y + here.height + 34, "input"))
    half = (len(known) + 1) // 2
    parts += legend(known[:half], 70, 372) + legend(known[half:], 70, 392)
    write(file, 760, 404, parts)


def plot_growth(one, file):
    """Instructions for each octet of heads of 1 to 64 KiB."""
    known = [name for name in colours if any(key[:2] == ("growth", name) for key in one.counts)]
    costs = {key[1:]: one.counts[key] / one.octets[key] for key in one.counts
             if key[0] == "growth" and key[2].startswith("size-") and key[1] in known}
    if not costs:
        return
    ticks = powers(min(costs.values()), max(costs.values()))
    parts = [text(380, 20, f"{data.variants['plain']}: instructions for each octet of a head", kind="title")]
    for number, mode in enumerate(modes):
        here = panel(70 + 232 * number, 60, 205, 250, ticks)
        parts += here.frame(modes[mode], "instructions / octet" if number == 0 else "")
        sizes = [2 ** power for power in range(7)]
        across = {size: here.x + 12 + place * (here.width - 24) / 6 for place, size in enumerate(sizes)}
        parts += [text(across[size], here.y + here.height + 16, str(size)) for size in sizes]
        parts.append(text(here.x + here.width / 2, here.y + here.height + 34, "KiB"))
        for subject in reversed(known):
            line = [(across[size], here.up(costs[subject, f"size-{size}", mode])) for size in sizes
                    if (subject, f"size-{size}", mode) in costs]
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colours[subject]}" stroke-width="1.6"/>')
            parts += [mark(subject, x, y) for x, y in line]
    half = (len(known) + 1) // 2
    parts += legend(known[:half], 70, 372) + legend(known[half:], 70, 392)
    write(file, 760, 404, parts)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: bench/plot.py DATA FOLDER")
    source, target = (pathlib.Path(word) for word in sys.argv[1:])
    for variant, flags in data.variants.items():
        one = data.measured(source, variant)
        if one.times or one.counts:
            plot_heads(one, flags, target / f"heads-{variant}.svg")
        if variant == "plain":
            plot_growth(one, target / "growth.svg")


if __name__ == "__main__":
    main()
