#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""bytes.py PLAIN MOUNT SERVED PREFIX STEPS SEED [ranges]: the bytes of files.

The same random reads, writes, appends, truncations and stores into mappings on a file of
a local directory and on one of the mount; every answer has to be the same, and in the end
the file in the directory that is served.  With "ranges" fallocate() and copies within the
file, too.
"""
import errno
import faulthandler
import mmap
import os
import random
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fs"))
from calls import FALLOC_COLLAPSE, FALLOC_KEEP_SIZE, FALLOC_PUNCH, FALLOC_ZERO, fallocate

FALLOC_INSERT = 0x20
SIZE = 300000


class File:
    """A file by several descriptors, and a mapping."""

    def __init__(self, path):
        self.path = path
        # Who died before us may have left one.
        os.close(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o644))
        self.fds = {}
        self.map = None
        self.reopen()

    def reopen(self):
        self.close()
        self.fds = {kind: os.open(self.path, flags) for kind, flags in (
            ("rw", os.O_RDWR), ("w", os.O_WRONLY), ("r", os.O_RDONLY),
            ("a", os.O_RDWR | os.O_APPEND), ("aw", os.O_WRONLY | os.O_APPEND))}

    def close(self):
        self.unmap()
        for fd in self.fds.values():
            os.close(fd)
        self.fds = {}

    def unmap(self):
        if self.map:
            self.map.close()
        self.map = None

    def mapped(self, shared):
        self.unmap()
        size = os.fstat(self.fds["rw"]).st_size
        if not size:
            return None
        self.map = mmap.mmap(self.fds["rw"], size, flags=mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE)
        return size

    def store(self, at, data, keep):
        size = self.mapped(True)
        if not size or at >= size:
            return "nothing"
        data = data[:size - at]
        self.map[at:at + len(data)] = data
        seen = bytes(self.map[:size]).hex()
        if not keep:
            self.unmap()
        return seen

    def look(self, at, count, shared):
        size = self.mapped(shared)
        seen = bytes(self.map[at:at + count]).hex() if size else "nothing"
        self.unmap()
        return seen

    def allocate(self, mode, at, count):
        if mode & (FALLOC_COLLAPSE | FALLOC_INSERT):
            at, count = at & ~4095, (count + 4095) & ~4095
            self.unmap()
            if mode & FALLOC_INSERT and os.fstat(self.fds["rw"]).st_size > 2 * SIZE:
                return "large enough"
        seen = outcome(fallocate, self.fds["rw"], mode, at, count)
        # What is mapped has to have changed, too.
        return seen, os.fstat(self.fds["r"]).st_size, bytes(self.map).hex() if self.map else ""

    def copy(self, source, at, count):
        return outcome(os.copy_file_range, self.fds["r"], self.fds["rw"], count, source, at), os.fstat(self.fds["r"]).st_size

    def truncate(self, size, by_path):
        # A mapping that is longer than the file would kill us.
        self.unmap()
        os.truncate(self.path, size) if by_path else os.ftruncate(self.fds["rw"], size)


def outcome(function, *args):
    try:
        return function(*args)
    except OSError as error:
        return errno.errorcode[error.errno]


def step(r, with_ranges):
    """An operation on either file: a function of a File."""
    at, count = r.randrange(SIZE), r.choice((1, 7, 100, 4096, 5000, 70000, 140000))
    if r.random() < .3:
        at &= ~4095
    data, byte = None, r.randrange(1, 256)
    writer, reader = r.choice(("rw", "w")), r.choice(("rw", "r", "a"))
    shared, keep, by_path, append = (r.random() < .5 for _ in range(4))
    data = bytes([byte]) * min(count, 9000 if r.random() < .7 else count)
    mode = r.choice((0, FALLOC_KEEP_SIZE, FALLOC_PUNCH | FALLOC_KEEP_SIZE, FALLOC_PUNCH | FALLOC_KEEP_SIZE, FALLOC_ZERO,
                     FALLOC_ZERO | FALLOC_KEEP_SIZE, FALLOC_COLLAPSE, FALLOC_INSERT))
    source = r.randrange(SIZE)
    ranges = [
        ("fallocate %#x %d %d" % (mode, at, count), lambda f: f.allocate(mode, at, count)),
        ("copy %d %d %d" % (source, at, count), lambda f: f.copy(source, at, count)),
    ] * 2
    choices = [
        ("pwrite %s %d %d" % (writer, at, len(data)), lambda f: os.pwrite(f.fds[writer], data, at)),
        ("pwrite %s %d %d" % (writer, at, len(data)), lambda f: os.pwrite(f.fds[writer], data, at)),
        ("pread %s %d %d" % (reader, at, count), lambda f: os.pread(f.fds[reader], count, at).hex()),
        ("pread %s %d %d" % (reader, at, count), lambda f: os.pread(f.fds[reader], count, at).hex()),
        ("append %s %d" % (append, len(data)), lambda f: (os.write(f.fds["a" if append else "aw"], data),
                                                         os.fstat(f.fds["r"]).st_size)),
        ("truncate %d %s" % (at, by_path), lambda f: f.truncate(at, by_path)),
        ("store %d %d %s" % (at, len(data), keep), lambda f: f.store(at, data, keep)),
        ("look %d %d %s" % (at, count, shared), lambda f: f.look(at, count, shared)),
        ("size", lambda f: (os.stat(f.path).st_size, os.lseek(f.fds["r"], 0, os.SEEK_END))),
        ("fsync", lambda f: os.fsync(f.fds[writer])),
        ("reopen", lambda f: f.reopen()),
    ]
    return r.choice(choices + ranges if with_ranges else choices)


def run(plain, mount, served, steps, seed, with_ranges):
    if not os.path.ismount(os.path.dirname(mount)):
        return "nothing is mounted"
    r = random.Random(seed)
    files = File(plain), File(mount)
    done = []
    for number in range(steps):
        name, operation = step(r, with_ranges)
        done.append(name)
        a, b = (outcome(operation, f) for f in files)
        if a != b:
            return "seed %d step %d, %s: %.100s, %.100s; before: %s" % (seed, number, name, a, b, done[-8:-1])
        if number % 40 == 39:
            with open("/proc/sys/vm/drop_caches", "w") as drop:
                drop.write("1")
    for f in files:
        f.close()
    os.system("sync -f " + mount)
    with open(plain, "rb") as a, open(mount, "rb") as b, open(served, "rb") as c:
        a, b, c = a.read(), b.read(), c.read()
    return "" if a == b == c else "seed %d: in the end they differ: %d, %d, %d bytes" % (seed, len(a), len(b), len(c))


def main():
    plain, mount, served = (name + "/bytes" for name in sys.argv[1:4])
    prefix, steps, seed = sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
    # A mapping that lost its bytes kills us: then where is said.
    faulthandler.enable()
    print("# %s-bytes: seed %d" % (prefix, seed), flush=True)
    try:
        wrong = run(plain, mount, served, steps, seed, "ranges" in sys.argv[7:])
    except Exception:
        wrong = "seed %d: %s" % (seed, traceback.format_exc().replace("\n", " | "))
    print("not ok %s-bytes: %s" % (prefix, wrong) if wrong else "ok %s-bytes" % prefix, flush=True)
    for name in (plain, mount):
        if os.path.exists(name):
            os.unlink(name)


main()
