#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tree.py TAR [FILES]: a git checkout of FILES files, 13 or 14 in a directory.

Their times are past, and git is told to look at size and time only: what tar makes of
it elsewhere is unchanged to git.
"""

import os
import random
import subprocess
import sys
import tempfile


def fill(top, count):
    numbers = random.Random(1)
    for directory in range(max(1, count * 3 // 40)):
        os.makedirs(f"{top}/part.{directory % 37}/of.{directory}")
    for file in range(count):
        directory = file % max(1, count * 3 // 40)
        path = f"{top}/part.{directory % 37}/of.{directory}/file.{file}"
        with open(path, "wb") as out:
            out.write(numbers.randbytes(int(numbers.expovariate(1 / 3000)) + 1))
        os.utime(path, (10**9, 10**9))


def main():
    tar, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    with tempfile.TemporaryDirectory() as scratch:
        top = f"{scratch}/tree"

        def git(*args):
            subprocess.run(["git", "-C", top, "-c", "user.name=x", "-c", "user.email=x@x",
                            "-c", "core.compression=0", *args], check=True, stdout=subprocess.DEVNULL)

        fill(top, count)
        git("init", "-q")
        git("config", "core.checkStat", "minimal")
        git("config", "core.trustctime", "false")
        git("add", "-A")
        git("commit", "-qm", "all")
        git("repack", "-qad")
        git("prune-packed", "-q")
        git("update-index", "-q", "--refresh")
        subprocess.run(["tar", "-C", scratch, "--format=posix", "-cf", tar, "tree"], check=True)


main()
