#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""coherent.py SERVED SERVER B [PREFIX [CASE...]]: files that others change, too.

At random, beside a model of what each file has: changed through a mount with a cache, through
another one and at the server; each who opens a file then reads what is there.  And by many
at a time: who opens a file does not read what was over before.
"""
import mmap
import os
import shutil
import struct
import time

from kit import GRANULE, ROUNDS, Apart, Counts, case, drop, past, put, run, same, say, whole

NAMES = ["f%d" % i for i in range(6)]


class Model:
    """What is done to files, and what they have then."""

    def __init__(self, c):
        self.c, self.rng, self.files = c, c.rng, {}
        for name in NAMES:
            self.files[name] = c.make(self.size(), name)

    def size(self):
        return self.rng.choice((1, 4095, 5000, GRANULE - 1, GRANULE, GRANULE + 1, 100000, 3 * GRANULE + 77))

    def places(self):
        """Who changes, and by which path."""
        return {"below": self.c.lower, **{at: lambda name, at=at: self.c.path(name, at) for at in self.c.mounts}}

    def change(self):
        """One change; what it was."""
        name, (where, path) = self.rng.choice(NAMES), self.rng.choice(list(self.places().items()))
        how = self.rng.choice((self.write, self.write, self.truncate, self.append, self.replace, self.rewrite,
                               self.remove, self.rename))
        if self.rng.random() < 0.75:
            with past():
                how(name, path)
        else:
            how(name, path)
        return "%s %s %s" % (where, how.__name__, name)

    def write(self, name, path):
        data = self.files[name]
        at, new = self.rng.randrange(len(data) + 1), self.rng.randbytes(self.rng.choice((1, 100, 4096, 70000)))
        put(path(name), new, at)
        self.files[name] = data[:at] + new + data[at + len(new):]

    def truncate(self, name, path):
        data, size = self.files[name], self.rng.choice((0, self.size(), self.size()))
        os.truncate(path(name), size)
        self.files[name] = data[:size] + bytes(max(0, size - len(data)))

    def append(self, name, path):
        new = self.rng.randbytes(self.rng.choice((1, 3000, GRANULE)))
        with open(path(name), "ab", 0) as file:
            file.write(new)
        self.files[name] += new

    def replace(self, name, path):
        new = self.rng.randbytes(self.size())
        put(path("new"), new)
        os.rename(path("new"), path(name))
        self.files[name] = new

    def rewrite(self, name, path):
        """As long as before, and its mtime as before."""
        times, new = os.stat(path(name)), self.rng.randbytes(len(self.files[name]))
        put(path(name), new, 0)
        os.utime(path(name), ns=(times.st_atime_ns, times.st_mtime_ns))
        self.files[name] = new

    def remove(self, name, path):
        new = self.rng.randbytes(self.size())
        os.unlink(path(name))
        put(path(name), new)
        self.files[name] = new

    def rename(self, name, path):
        other = self.rng.choice([other for other in NAMES if other != name])
        new = self.rng.randbytes(self.size())
        os.rename(path(name), path(other))
        put(path(name), new)
        self.files[other], self.files[name] = self.files[name], new

    def look(self, name, at):
        """What somebody who opens it has, against what there is."""
        fd, data = os.open(self.c.path(name, at), os.O_RDONLY), self.files[name]
        try:
            if self.rng.random() < 0.4:
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            if self.rng.random() < 0.3 and data:
                with mmap.mmap(fd, len(data), access=mmap.ACCESS_READ) as pages:
                    return same(pages[:], data)
            if self.rng.random() < 0.3:
                offset = self.rng.randrange(len(data) + 1)
                return same(os.pread(fd, 10000, offset), data[offset:offset + 10000])
            return same(os.pread(fd, len(data) + 1, 0), data)
        finally:
            os.close(fd)


def at_random(c, *mounts):
    """mounts: the second one's fsc, or False for none."""
    c.mount()
    for at, fsc in zip("bc", mounts):
        c.mount(at=at, fsc=fsc)
    model, counts, done = Model(c), Counts(), []
    for _ in range(ROUNDS or 90):
        done = done[-6:] + [model.change()]
        for _ in range(c.rng.choice((0, 1, 1, 3))):
            name, at = c.rng.choice(NAMES), c.rng.choice(list(c.mounts))
            if c.rng.random() < 0.1:
                drop(c.rng.choice((1, 3)))
            done.append("%s reads %s" % (at, name))
            seen = model.look(name, at)
            yield (seen, seen == "same" or done), ("same", True)
        if c.rng.random() < 0.1:
            for name in NAMES:
                yield (name, model.look(name, "a")), (name, "same")
        if c.rng.random() < 0.06:
            at = c.rng.choice(list(c.mounts))
            done.append(at + " is mounted again")
            c.remount(at, fsc=mounts["bc".index(at)] if at != "a" else None)
    for at in c.mounts:
        for name in NAMES:
            yield (name, at, same(whole(c.path(name, at)), model.files[name])), (name, at, "same")
    # It was about the cache.
    yield counts["hits"] > 0 and counts["fills"] > 0, True


@case
def random_alone(c):
    yield from at_random(c, False)


@case
def random_shared(c):
    """The other mount has the same directory."""
    yield from at_random(c, c.fsc, False)


@case
def random_apart(c):
    """The other mount has a directory of its own."""
    other = c.directory("-other")
    c.undo.append(lambda: shutil.rmtree(other))
    yield from at_random(c, other)


@case
def mapped_below(c):
    """While it is mapped writable at the server nothing is kept; what is stored there is what is read."""
    data = bytearray(c.make(5 * GRANULE))
    c.mount()
    for i in range(ROUNDS or 4):
        c.cache_of("file")
        fd = os.open(c.lower(), os.O_RDWR)
        pages = mmap.mmap(fd, len(data))
        if i % 2:
            os.close(fd)
        counts = Counts()
        for _ in range(12):
            at, new = c.rng.randrange(len(data) - 100), c.rng.randbytes(100)
            with past():
                pages[at:at + 100] = new
            data[at:at + 100] = new
            # (A page that is cached in memory may be older: a store tells nobody.)
            drop(c.rng.choice((1, 3)))
            yield same(whole(c.path()), bytes(data)), "same"
            if c.rng.random() < 0.2:
                c.remount()
                yield same(whole(c.path()), bytes(data)), "same"
            if c.rng.random() < 0.3:
                with past():
                    pages.flush()
        yield counts["fills"], 0
        with past():
            pages.flush()
            pages.close()
            if not i % 2:
                os.close(fd)
            # An open and a close are what tells that it is over.
            os.utime(c.lower())
        drop(3)
        yield same(whole(c.path()), bytes(data)), "same"


BLOCKS = 3 * GRANULE // 4096 + 1
SIZE = BLOCKS * 4096 - 100


def stamped(number):
    return b"".join(struct.pack("<QQ", number, i) + bytes([number % 251]) * 4080 for i in range(BLOCKS))[:SIZE]


def writer(path, over, rounds, keep_mtime):
    """Rewrites it, again and again; over[] says what was over."""
    for number in range(1, rounds + 1):
        with past():
            times = os.stat(path)
            put(path, stamped(number), 0)
            if keep_mtime and number % 2:
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        over[:8] = struct.pack("<Q", number)
        # Now and then it stays for as long as it takes to be cached.
        if number % 5 == 0:
            time.sleep(0.1)
    over[8] = 1


def reader(path, over):
    """What it has read wrongly.  (A block that is being written may be of two numbers, in parts.)"""
    wrong, times = [], 0
    while not over[8] or times == 0:
        floor = struct.unpack("<Q", over[:8])[0]
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        data = os.pread(fd, SIZE + 1, 0)
        os.close(fd)
        ceiling = struct.unpack("<Q", over[:8])[0] + 1
        there = bytes({number % 251 for number in range(floor, ceiling + 1)})
        times += 1
        if len(data) != SIZE:
            wrong.append((floor, "%d bytes" % len(data)))
        for i in range(0, len(data), 4096):
            number, at = struct.unpack_from("<QQ", data, i)
            if at != i // 4096 or not floor <= number <= ceiling or data[i + 16:i + 4096].strip(there):
                wrong.append((floor, i, number, at))
                break
    return wrong[:5], len(wrong), times > 0


def racing(c, keep_mtime, through):
    """through: whether it is rewritten through a mount."""
    over = mmap.mmap(-1, 4096)
    with past():
        put(c.lower(), stamped(0))
    for at, fsc in ("a", None), ("b", None), ("c", False):
        c.mount(at=at, fsc=fsc)
    counts = Counts()
    path = c.path(at="c") if through else c.lower()
    readers = [Apart(reader, c.path(at=at), over) for at in "ab"]
    writing = Apart(writer, path, over, ROUNDS or 40, keep_mtime)
    yield writing.result(), None
    for reading in readers:
        yield reading.result(), ([], 0, True)
    yield counts["fills"] > 0, True
    say("racing: %s" % counts)
    c.cache_of("file")
    for at in "ab":
        c.remount(at)
        yield same(whole(c.path(at=at)), stamped(ROUNDS or 40)), "same"


@case
def racing_below(c):
    yield from racing(c, False, False)


@case
def racing_below_one_mtime(c):
    yield from racing(c, True, False)


@case
def racing_through_another(c):
    yield from racing(c, True, True)


run()
