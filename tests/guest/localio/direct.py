#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""direct.py ON OFF SERVED NAME STEPS SEED: O_DIRECT with whatever offsets, lengths and memory.

ON and OFF are mounts of the directory SERVED, ON with a link: the same reads and writes on a
file of each, and each is answered alike; so are the files in the end.
"""
import errno
import mmap
import os
import random
import sys

from links import moved

on, off, served, name = sys.argv[1:5]
steps, seed = int(sys.argv[5]), int(sys.argv[6])
SIZE = 300000
EDGES = 0, 1, 511, 512, 513, 4095, 4096, 4097, 8192, 65536


class File:
    def __init__(self, top, which):
        self.below = "%s/%s-%s" % (served, name, which)
        with open(self.below, "wb") as file:
            file.write(random.Random(seed).randbytes(SIZE))
        path = "%s/%s-%s" % (top, name, which)
        self.fds = [os.open(path, os.O_RDWR | os.O_DIRECT | flags) for flags in (0, os.O_APPEND, os.O_SYNC)]

    def end(self):
        """What it is in the end."""
        for fd in self.fds:
            os.close(fd)
        with open(self.below, "rb") as file:
            return file.read()


# One page more than what is used: segments begin at any byte.
memory = mmap.mmap(-1, 1 << 20)


def segments(r):
    """(begin, length) in memory, which do not overlap."""
    at, found = 0, []
    for _ in range(r.choice((1, 1, 1, 2, 3, 8))):
        at = (at + 4095) & ~4095
        begin = at + r.choice(EDGES[:8] + (0,) * 8)
        length = max(1, r.choice((512, 4096, 8192, 65536, 4096 * 3)) + r.choice((0, 0, 0, 0, -1, 1, 512)))
        found.append((begin, length))
        at = begin + length
    return found


def outcome(function, *args):
    try:
        return function(*args)
    except OSError as error:
        return errno.errorcode[error.errno]


def read(fd, at, parts):
    memory[:] = b"\xaa" * len(memory)
    view = memoryview(memory)
    done = outcome(os.preadv, fd, [view[begin:begin + length] for begin, length in parts], at)
    return done, bytes(memory)


def write(fd, at, parts, data):
    memory[:] = data
    view = memoryview(memory)
    return outcome(os.pwritev, fd, [view[begin:begin + length] for begin, length in parts], at)


def run():
    r = random.Random(seed)
    files = File(on, "on"), File(off, "off")
    before = moved()
    for number in range(steps):
        at = r.choice(EDGES) + r.choice((0, 0, 4096, 512)) * r.randrange(40)
        if r.random() < .1:
            at = SIZE - r.choice(EDGES)
        which, parts, reads = r.randrange(3), segments(r), r.random() < .5
        data = b"" if reads else bytes([r.randrange(1, 256)]) * len(memory)
        a, b = ((read(f.fds[which], at, parts) if reads else write(f.fds[which], at, parts, data)) for f in files)
        if a != b:
            return "step %d, %s %d at %d, %s: %.60s, %.60s" % (
                number, "read" if reads else "write", which, at, parts, a, b)
    if files[0].end() != files[1].end():
        return "in the end they differ"
    now = moved()
    return "" if all(a > b for a, b in zip(now, before)) else "nothing went by the link"


print("# %s: seed %d" % (name, seed), flush=True)
wrong = run()
print("not ok %s: seed %d: %s" % (name, seed, wrong) if wrong else "ok %s" % name, flush=True)
