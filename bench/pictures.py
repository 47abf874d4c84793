# SPDX-License-Identifier: GPL-2.0-only
"""The pictures of a run of the benchmarks, drawn by gnuplot."""

import os
import subprocess
from statistics import median

SIDES = (("holdfast", "holdfast", "#1b6ca8"), ("peer", "Linux alone", "#c8553d"))
HEAD = """set terminal pngcairo size 900,560 font 'sans,11'
set output '{path}'
set title '{title}'
set grid lc rgb '#dddddd'
set key top left
set border 3
set tics nomirror
"""


def middles(measured, bench, side):
    """{case: median} of one bench and side, failures left out."""
    return {case: median(item["samples"])
            for (name, case, which), item in measured.lines.items()
            if name == bench and which == side and item.get("samples")}


def block(name, lines):
    return f"${name} << EOD\n" + "".join(line + "\n" for line in lines) + "EOD\n"


def plot(path, title, blocks, settings, curves):
    if not curves:
        return None
    script = (HEAD.format(path=path, title=title) + "".join(blocks) + settings +
              "plot " + ", \\\n ".join(curves) + "\n")
    done = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        print(f"gnuplot, {os.path.basename(path)}: {done.stderr.strip()}")
        return None
    return os.path.basename(path)


def by_size(measured, results, name, title, benches):
    """Time over the number of held locks; 0 has its place at 1 on the axis."""
    blocks, curves = [], []
    for bench, style in benches:
        for side, label, colour in SIDES:
            values = middles(measured, bench, side)
            if not values:
                continue
            key = f"{bench}_{side}"
            blocks.append(block(key, (f"{max(int(n), 1)} {ns / 1000}" for n, ns in
                                      sorted(values.items(), key=lambda v: int(v[0])))))
            text = label if len(benches) == 1 else f"{bench}, {label}"
            curves.append(f"${key} using 1:2 with linespoints lw 2 pt 7 dt {style} "
                          f"lc rgb '{colour}' title '{text}'")
    settings = ("set logscale xy\nset xlabel 'locks held by another owner'\n"
                "set ylabel 'microseconds'\nset xtics add ('0' 1)\n")
    return plot(os.path.join(results, name), title, blocks, settings, curves)


def handover(measured, results):
    values = {side: middles(measured, "handover", side) for side, _, _ in SIDES}
    cases = [c for c in ("local", "nfs3", "nfs4.2") if any(c in v for v in values.values())]
    names = {"local": "local process", "nfs3": "NFSv3 client", "nfs4.2": "NFSv4.2 client"}
    lines = ['"{}" {}'.format(names[c], " ".join(
        str(values[s][c] / 1e6) if c in values[s] else "?" for s, _, _ in SIDES))
        for c in cases]
    curves = [f"$data using {2 + i}:xtic(1) lc rgb '{colour}' title '{label}'"
              for i, (_, label, colour) in enumerate(SIDES)] if cases else []
    settings = ("set logscale y\nset yrange [0.01:*]\nset datafile missing '?'\n"
                "set style data histogram\n"
                "set style histogram clustered\nset style fill solid 0.9\n"
                "set ylabel 'milliseconds from unlock to grant'\nset xlabel 'who waits'\n")
    return plot(os.path.join(results, "handover.png"),
                "Lock hand-over, holder on the server (ext4 below, or alone)",
                [block("data", lines)], settings, curves)


def waiters(measured, results):
    blocks, curves = [], []
    for side, label, colour in SIDES:
        values = middles(measured, "waiters", side)
        if not values:
            continue
        blocks.append(block(side, (f"{k} {ns / 1e6}" for k, ns in
                                   sorted(values.items(), key=lambda v: int(v[0])))))
        curves.append(f"${side} using 1:2 with linespoints lw 2 pt 7 lc rgb '{colour}' "
                      f"title '{label}'")
    settings = ("set logscale y\nset xlabel 'waiter, in order of its grant'\n"
                "set ylabel 'milliseconds since the holder was killed'\n")
    return plot(os.path.join(results, "waiters.png"),
                "16 waiters on two NFSv4.2 clients", blocks, settings, curves)


def ratios(measured, results, bench, name, title, bar):
    """Bars of holdfast's speed as a part of the lower filesystem's."""
    lines = []
    for case in middles(measured, bench, "holdfast"):
        item = measured.lines.get((bench, case, "peer"), {})
        if not item.get("samples"):
            continue
        rate = item["unit"] == "bytes/s"
        ratio = measured.ratio(bench, case, "holdfast" if rate else "peer")
        lines.append(f'"{case.replace("_", "-")}" {ratio}')
    curves = ["$data using 2:xtic(1) lc rgb '#1b6ca8' notitle",
              f"{bar} with lines lw 2 lc rgb '#c8553d' title 'bar: {bar}'"] if lines else []
    settings = ("set style data histogram\nset style fill solid 0.9\nset boxwidth 0.7\n"
                "set yrange [0:*]\nset xtics rotate by -40\nset rmargin 12\n"
                "set ylabel 'times as fast as the lower directory'\nset key top right\n")
    return plot(os.path.join(results, name), title, [block("data", sorted(lines))],
                settings, curves)


def draw(measured, results):
    """Draws what was measured; returns the names of the files."""
    drawn = [
        handover(measured, results),
        waiters(measured, results),
        by_size(measured, results, "scale.png",
                "Lock + unlock at a random place among held locks", [("scale", 1)]),
        by_size(measured, results, "close.png",
                "Leaving a file on which others hold locks",
                [("close", 1), ("unlock", 2)]),
        ratios(measured, results, "files", "files.png",
               "Names and inodes through the mount", 0.85),
        ratios(measured, results, "io", "io.png", "Reading and writing through the mount",
               0.95),
    ]
    return [name for name in drawn if name]
