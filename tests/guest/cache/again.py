#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""again.py SERVED SERVER B [PREFIX [CASE...]]: what was read is read again, and the server not asked for a byte.

Files of sizes around a granule's are read in one of several ways until the disk vouches for
all of them, and then in each way: after another mount, after their inodes were forgotten,
and by who has kept them open.
"""
import mmap
import os

from kit import GRANULE, ROUNDS, Counts, case, disk, drop, put, reads, run, same, say, until, whole

BIG = 20 << 20
SIZES = 1, 4095, 4096, GRANULE - 1, GRANULE, GRANULE + 1, 300000, (1 << 20) + 3, BIG


def by_whole(fd, size, rng):
    for at in range(0, size, 1 << 20):
        yield at, os.pread(fd, 1 << 20, at)


def at_random(fd, size, rng):
    """Of a large one, some."""
    places = list(range(0, size, 4096))
    rng.shuffle(places)
    for at in places[:300]:
        yield at, os.pread(fd, 4096, at)


def by_mapping(fd, size, rng):
    with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as pages:
        for at in range(0, size, 50000):
            yield at, pages[at:at + 50000]


def backwards(fd, size, rng):
    step = 12288 if size < BIG else 60000
    for at in reversed(range(0, size, step)):
        yield at, os.pread(fd, step, at)


WAYS = {"whole": by_whole, "random": at_random, "mapped": by_mapping, "backwards": backwards}


def wrong_of(fd, data, way, rng):
    """What was not as it should be, of a file that is open."""
    return [(at, same(got, data[at:at + len(got)])) for at, got in way(fd, len(data), rng)
            if got != data[at:at + len(got)] or not got]


def wrong(c, files, way, at="a"):
    found = []
    for name, data in files.items():
        fd = os.open(c.path(name, at), os.O_RDONLY)
        found += [(name, *what) for what in wrong_of(fd, data, way, c.rng)]
        os.close(fd)
    return found


def from_disk(c, files, ways):
    """In each way: what was wrong, how many messages, and whether it was the cache."""
    for how in ways:
        way = WAYS[how]
        drop(1)
        counts = Counts()
        with reads() as seen:
            yield (how, wrong(c, files, way)), (how, [])
        yield (how, len(seen)), (how, 0)
        yield (how, counts["hits"] > 0, counts["miss_bytes"]), (how, True, 0)


def filled_by(c, way, sizes):
    files = {"f%d" % size: c.make(size, "f%d" % size) for size in sizes}
    c.mount()
    seen = []
    times = c.fill(lambda: seen.extend(wrong(c, files, way)), *files)
    say("%s: read %d times until it was kept" % (c.name, times))
    yield seen, []
    yield sorted(o.key.size for o in disk.objects(c.fsc, strictly=True) if o.header), sorted(sizes)
    c.remount()
    yield from from_disk(c, files, WAYS)
    # Their inodes are forgotten, and then only their pages.
    drop(3)
    yield from from_disk(c, files, c.rng.sample(list(WAYS), 1))
    opened = {name: os.open(c.path(name), os.O_RDONLY) for name in files}
    for way in c.rng.sample(list(WAYS.values()), 2):
        drop(1)
        with reads() as seen:
            for name, fd in opened.items():
                yield (name, wrong_of(fd, files[name], way, c.rng)), (name, [])
        yield len(seen), 0
    for fd in opened.values():
        os.close(fd)


@case
def filled_whole(c):
    yield from filled_by(c, by_whole, SIZES)


@case
def filled_mapped(c):
    yield from filled_by(c, by_mapping, SIZES[:-1])


@case
def filled_backwards(c):
    yield from filled_by(c, backwards, SIZES[:-1])


def part_of(c, name, size, begin):
    """Two granules of it are read, until they are kept."""
    def is_kept():
        fd = os.open(c.path(name), os.O_RDONLY)
        # (Read-ahead would have more.)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        os.pread(fd, 2 * GRANULE, begin)
        os.close(fd)
        return any(o.header and o.header.bits for o in disk.objects(c.fsc) if o.key.size == size)
    until(is_kept)


@case
def half(c):
    """What is not in the cache comes from the server, and the rest does not."""
    c.mount()
    for i in range(ROUNDS or 4):
        name, size = "f%d" % i, 6 * GRANULE + 1000 * i
        data = c.make(size, name)
        part_of(c, name, size, c.rng.randrange(0, 4) * GRANULE)
        drop(3)
        counts = Counts()
        yield same(whole(c.path(name)), data), "same"
        yield counts["hit_bytes"] > 0 and counts["miss_bytes"] > 0, True
        c.cache_of(name)


def settles_by(c, read, close):
    """What has changed lately is cached when it has been seen for two seconds."""
    data, counts = whole(c.lower()), Counts()

    def is_filled():
        drop(1)
        assert read() == data
        return counts["fill_bytes"] >= len(data)
    until(is_filled)
    close()
    until(lambda: c.has_all("file"))
    c.remount()
    with reads() as seen:
        yield same(whole(c.path()), data), "same"
    yield len(seen), 0


@case
def settles_open(c):
    """By who has it open."""
    put(c.lower(), c.rng.randbytes(3 * GRANULE))
    c.mount()
    fd = os.open(c.path(), os.O_RDONLY)
    yield from settles_by(c, lambda: os.pread(fd, 10 * GRANULE, 0), lambda: os.close(fd))


@case
def settles(c):
    """By who opens and closes it again and again."""
    put(c.lower(), c.rng.randbytes(3 * GRANULE))
    c.mount()
    yield from settles_by(c, lambda: whole(c.path()), lambda: None)


@case
def loose(c):
    """In the other mode."""
    files = {"f%d" % size: c.make(size, "f%d" % size) for size in (5000, 200000)}
    for _ in range(2):
        c.mount(options="cache=loose")
        yield wrong(c, files, by_whole), []
        c.cache_of(*files)
        drop(3)
        with reads() as seen:
            yield wrong(c, files, at_random), []
        yield len(seen), 0
        c.umount()


@case
def not_cached(c):
    """An empty file, one that somebody has open for writing at the server, and a plain 9P server's."""
    data = c.make(2 * GRANULE)
    c.make(0, "empty")
    c.mount()
    yield whole(c.path("empty")), b""
    fd = os.open(c.lower(), os.O_RDWR)
    fills = Counts()
    for _ in range(3):
        drop(3)
        yield same(whole(c.path()), data), "same"
    yield fills["fills"], 0
    os.close(fd)
    c.remount(options="cache=strict,ac=0,version=9p2000.L")
    yield same(whole(c.path()), data), "same"
    c.umount()
    yield fills["fills"], 0
    yield [o.path for o in disk.objects(c.fsc)], []
    c.mount()
    c.cache_of("file")


run()
