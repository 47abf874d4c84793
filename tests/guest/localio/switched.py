#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""switched.py EXPORT NAME COUNT PROGRAM...: PROGRAM runs, with a seed behind it, while links come and go.

The export's attribute localio is written 0, and 1 again, when a link has moved some bytes.
It ends after COUNT links were ended so; PROGRAM begins anew with another seed for as long.
Its results have to be ok; the only one of this is NAME.
"""
import os
import random
import subprocess
import sys
import threading

from links import linked, stat, switch, until

export, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
program = sys.argv[4:]
seed = int(os.environ.get("HF_SEED") or random.randrange(1 << 30))


class Switch(threading.Thread):
    """Beside PROGRAM."""

    def __init__(self):
        super().__init__(daemon=True)
        self.random, self.ended, self.over, self.wrong = random.Random(seed), 0, False, None

    def moves(self):
        """A link has moved so much that it is worth ending."""
        return self.over or any(link.read + link.written >= self.least for link in linked())

    def run(self):
        try:
            while not self.over:
                self.least = self.random.choice((1, 10000, 200000))
                until(self.moves, 600)
                if self.over:
                    break
                switch(export, 0)
                # When that has returned nothing goes by a link of this export.
                if linked():
                    self.wrong = "a link is left"
                self.ended += 1
                if self.random.random() < .5:
                    threading.Event().wait(self.random.random())
                switch(export, 1)
        except BaseException as error:
            self.wrong = repr(error)


def main():
    print("# %s: seed %d" % (name, seed), flush=True)
    beside, runs, before = Switch(), 0, stat("localio_fall_backs")
    beside.start()
    said = ""
    while beside.ended < count and not beside.wrong:
        run = subprocess.run(program + [str(seed + runs)], capture_output=True, text=True, check=False)
        runs += 1
        said = " | ".join(line for line in (run.stdout + run.stderr).splitlines()
                          if not line.startswith(("ok ", "# ")))
        if said or run.returncode:
            break
    beside.over = True
    beside.join()
    print("# %s: %d runs, %d links ended, %d times by the wire" % (
        name, runs, beside.ended, stat("localio_fall_backs") - before))
    wrong = beside.wrong or said or run.returncode
    print("not ok %s: run %d: %s" % (name, runs, wrong) if wrong else "ok %s" % name, flush=True)


main()
