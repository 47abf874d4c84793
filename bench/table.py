# SPDX-License-Identifier: GPL-2.0-only
"""What was measured, and the table of it, a row of two sides at a time."""

import glob
import json
import os
from statistics import median

OURS, PEER, FLOOR, ECHO = "holdfast", "peer", "floor", "echo"


class Missing(Exception):
    """A measurement that is not there, and why."""


class Measured:
    """All samples of a run, by (bench, case, side)."""

    def __init__(self, results):
        self.lines = {}
        for others in "again-*", "plain":
            for path in sorted(glob.glob(os.path.join(results, others, "measured.jsonl"))):
                self.read(path)
        self.read(os.path.join(results, "measured.jsonl"))

    def read(self, path):
        for line in open(path, encoding="utf-8") if os.path.exists(path) else ():
            try:
                item = json.loads(line)
            except ValueError:
                continue  # cut off: its row is missing, which is said
            key = item["bench"], item["case"], item["side"]
            before = self.lines.get(key)
            if before and "error" in before:
                continue
            if before and "samples" in item:
                item["samples"] = before["samples"] + item["samples"]
            self.lines[key] = item

    def item(self, bench, case, side):
        item = self.lines.get((bench, str(case), side))
        if item is None:
            raise Missing(f"{side}: not measured")
        if "error" in item:
            raise Missing(f"{side}: {item['error']}")
        if not item["samples"] or min(item["samples"]) <= 0:
            raise Missing(f"{side}: no usable samples")
        return item

    def samples(self, bench, case, side):
        return self.item(bench, case, side)["samples"]

    def middle(self, bench, case, side):
        return median(self.samples(bench, case, side))

    def ratio(self, bench, case, over=OURS, under=None):
        """Median over the rounds of @over's value by @under's (ours or the peer's)."""
        under = under or (PEER if over == OURS else OURS)
        pairs = zip(self.samples(bench, case, over), self.samples(bench, case, under))
        return median(a / b for a, b in pairs)


def show_time(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 1000 * size else f"{ns / size:.0f} {unit}"
    return f"{ns:.0f} ns"


def show_rate(rate):
    return f"{rate / 2**20:.0f} MiB/s"


def show_bytes(count):
    return f"{count:.0f} bytes"


class Table:
    def __init__(self, measured):
        self.measured = measured
        self.rows = []

    def row(self, group, name, judge):
        """@judge returns (ours, peer, ratio, bar, met or None) or raises."""
        try:
            ours, peer, ratio, bar, met = judge()
        except Missing as missing:
            ours, peer, ratio, bar, met = str(missing), "", "", "", "failed"
        verdict = {True: "pass", False: "MISS", None: "-", "failed": "FAILED"}[met]
        self.rows.append({"group": group, "name": name, "ours": ours, "peer": peer,
                          "ratio": ratio, "bar": bar, "verdict": verdict})

    def compare(self, group, name, case, show, bar, faster=True, bench=None,
                sides=(OURS, PEER)):
        """@faster: the ratio is how many times faster, and must reach @bar;
        otherwise how many times as much, and must not exceed it."""
        bench = bench or group
        measured = self.measured

        def judge():
            ours, peer = (measured.middle(bench, case, side) for side in sides)
            rate = measured.item(bench, case, sides[0])["unit"] == "bytes/s"
            ratio = measured.ratio(bench, case, *(sides if rate or not faster else sides[::-1]))
            met = None
            if bar is not None:
                met = ratio >= bar if faster else ratio <= bar
            sign = "≥" if faster else "≤"
            text = "reported" if bar is None else f"{sign} {bar:g} ×"
            return show(ours), show(peer), f"{ratio:.3g} ×", text, met

        self.row(group, name, judge)

    def print(self):
        heads = ("benchmark", "holdfast", "peer", "ratio", "bar", "")
        rows = [(r["name"], r["ours"], r["peer"], r["ratio"], r["bar"], r["verdict"])
                for r in self.rows]
        failed = [r for r in rows if r[5] == "FAILED"]
        widths = [max(len(r[i]) for r in rows + [heads] if i == 0 or r not in failed)
                  for i in range(len(heads))]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        print("  ".join(h.ljust(w) for h, w in zip(heads, widths)).rstrip())
        group = None
        for row, item in zip(rows, self.rows):
            if item["group"] != group:
                group = item["group"]
                print(rule)
            if row in failed:
                print(f"{row[0].ljust(widths[0])}  FAILED: {row[1]}")
                continue
            cells = [row[0].ljust(widths[0])]
            cells += [c.rjust(w) for c, w in zip(row[1:5], widths[1:5])]
            print("  ".join(cells + [row[5]]))
