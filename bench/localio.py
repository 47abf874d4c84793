#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What fio does for the stage localio, and what came of it.

	localio.py jobs NAME:DIRECTORY...	a job file: each cell on each side in turn
	localio.py samples BENCH FILE...	of fio's output, as measured.jsonl has them
"""

import json
import sys

SECONDS = 1
SIZE = 64
# What is done, its size, and whether another round of it has to find nothing cached.
KINDS = {"4 KiB random read": ("randread", "4k"), "4 KiB random write": ("randwrite", "4k"),
         "128 KiB sequential read": ("read", "128k"), "128 KiB sequential write": ("write", "128k")}
# Engine, depth, jobs.
HOW = {"psync": ("psync", 1, 1), "libaio, 8 at once": ("libaio", 8, 1),
       "libaio, 16 at once, 2 jobs": ("libaio", 16, 2)}
DROP = "sh -c 'echo 3 >/proc/sys/vm/drop_caches'"


def cells():
    """Name, and options of fio."""
    for kind, (rw, bs) in KINDS.items():
        for how, (engine, depth, jobs) in HOW.items():
            for direct in (0, 1):
                yield f"{kind}, {how}{', direct' if direct else ''}", {
                    "rw": rw, "bs": bs, "ioengine": engine, "iodepth": depth,
                    "numjobs": jobs, "direct": direct}
    yield "128 KiB sequential read, psync, cold", {
        "rw": "read", "bs": "128k", "ioengine": "psync", "exec_prerun": DROP}
    yield "4 KiB random write and fsync, psync", {
        "rw": "randwrite", "bs": "4k", "ioengine": "psync", "fsync": 1}


def jobs(sides):
    print(f"[global]\nsize={SIZE}m\nruntime={SECONDS}\ntime_based\ngroup_reporting\n"
          "allow_file_create=0\nfallocate=none\nrandrepeat=1\nnorandommap\ninvalidate=0")
    for name, options in cells():
        for side in sides:
            side, directory = side.split(":", 1)
            print(f"\n[{name}: {side}]\nfilename={directory}/fio\nnew_group\nstonewall")
            for key, value in options.items():
                print(f"{key}={value}")


def samples(arguments):
    bench, *paths = arguments
    found = {}
    for path in paths:
        text = open(path, encoding="utf-8").read()
        for job in json.loads(text[text.index("{"):])["jobs"]:
            rate = max(job[way]["bw_bytes"] for way in ("read", "write"))
            found.setdefault(tuple(job["jobname"].rsplit(": ", 1)), []).append(rate)
    for (case, side), rates in found.items():
        print(json.dumps({"bench": bench, "case": case, "side": side, "unit": "bytes/s",
                          "samples": rates}))


if __name__ == "__main__":
    {"jobs": jobs, "samples": samples}[sys.argv[1]](sys.argv[2:])
