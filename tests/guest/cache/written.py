#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""written.py SERVED SERVER B [PREFIX [CASE...]]: a write through the mount kills what is cached.

In each way in which a file can be changed: its old bytes are never read again, from memory
or from the disk, and its object goes.
"""
import mmap
import os
import time

from kit import GRANULE, ROUNDS, Apart, Counts, case, disk, drop, past, put, run, same, until, whole
import calls  # of ../fs

SIZE = 3 * GRANULE + 5000


def with_bytes(data, at, new):
    return data[:at] + new + data[at + len(new):]


def pwrite(path, data):
    put(path, b"written", 70000)
    return with_bytes(data, 70000, b"written")


def append(path, data):
    with open(path, "ab", 0) as file:
        file.write(b"appended")
    return data + b"appended"


def direct(path, data):
    fd, memory = os.open(path, os.O_RDWR | os.O_DIRECT), mmap.mmap(-1, 8192)
    memory[:] = b"d" * 8192
    os.pwritev(fd, [memory], GRANULE)
    os.close(fd)
    return with_bytes(data, GRANULE, b"d" * 8192)


def store(path, data):
    fd = os.open(path, os.O_RDWR)
    with mmap.mmap(fd, len(data)) as pages:
        pages[5000:5006] = b"stored"
        pages.flush()
    os.close(fd)
    return with_bytes(data, 5000, b"stored")


def store_unsynced(path, data):
    """What is written back when the last mapping has gone."""
    fd = os.open(path, os.O_RDWR)
    pages = mmap.mmap(fd, len(data))
    os.close(fd)
    pages[GRANULE:GRANULE + 6] = b"stored"
    pages.close()
    # (That file is closed behind us, and a new one that is closed writes back.)
    with open(path, "r+b") as file:
        os.fsync(file.fileno())
    return with_bytes(data, GRANULE, b"stored")


def shrink(path, data):
    os.truncate(path, GRANULE + 100)
    return data[:GRANULE + 100]


def shrink_and_grow(path, data):
    os.truncate(path, GRANULE + 100)
    os.truncate(path, len(data))
    return data[:GRANULE + 100] + bytes(len(data) - GRANULE - 100)


def grow(path, data):
    os.truncate(path, len(data) + 100000)
    return data + bytes(100000)


def anew(path, data):
    put(path, b"new" * 50000)
    return b"new" * 50000


def punch(path, data):
    with open(path, "r+b") as file:
        calls.fallocate(file.fileno(), calls.FALLOC_PUNCH | calls.FALLOC_KEEP_SIZE, 4096, GRANULE)
    return with_bytes(data, 4096, bytes(GRANULE))


def zero(path, data):
    with open(path, "r+b") as file:
        calls.fallocate(file.fileno(), calls.FALLOC_ZERO, 8192, 4096)
    return with_bytes(data, 8192, bytes(4096))


def copy(path, data):
    with open(path, "rb") as source, open(path, "r+b") as to:
        assert os.copy_file_range(source.fileno(), to.fileno(), 4096, 0, 2 * GRANULE) == 4096
    return with_bytes(data, 2 * GRANULE, data[:4096])


def removed(path, data):
    os.unlink(path)
    put(path, data[::-1])
    return data[::-1]


def renamed(path, data):
    put(path + ".new", data[::-1])
    os.rename(path + ".new", path)
    return data[::-1]


WAYS = pwrite, append, direct, store, store_unsynced, shrink, shrink_and_grow, grow, anew, punch, zero, copy, \
    removed, renamed


def dead(c, keys):
    """None of these versions has an object any more."""
    until(lambda: not [o for o in disk.objects(c.fsc) if o.key in keys])


def each_way(c, options):
    """While others have it open."""
    counts = Counts()
    sizes = {way.__name__: SIZE + 10 * i for i, way in enumerate(WAYS)}
    files = {name: c.make(size, name) for name, size in sizes.items()}
    c.mount(options=options)
    c.cache_of(*files)
    opened = [os.open(c.path(name), os.O_RDONLY) for name in files]
    # (Nobody has to tell the client that the others have gone for good.)
    keys = {o.key for o in disk.objects(c.fsc) if o.key.size not in (sizes["removed"], sizes["renamed"])}
    wanted = {}
    for way in WAYS:
        name = way.__name__
        wanted[name] = way(c.path(name), files[name])
        for _ in range(2):
            yield (name, same(whole(c.path(name)), wanted[name])), (name, "same")
            drop(1)
    for fd in opened:
        os.close(fd)
    dead(c, keys)
    c.remount(options=options)
    for name, data in wanted.items():
        yield (name, same(whole(c.path(name)), data)), (name, "same")
        yield (name, same(whole(c.lower(name)), data)), (name, "same")
    yield counts["killed_written"] > 0, True


@case
def strict(c):
    yield from each_way(c, "cache=strict,ac=0")


@case
def loose(c):
    yield from each_way(c, "cache=loose")


def fill(path, end):
    while time.monotonic() < end:
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        while os.read(fd, 100000):
            pass
        os.close(fd)


@case
def while_filled(c):
    """Blocks are written through a mount while it is being read and filled: none is lost, none is older."""
    data = bytearray(c.make(8 * GRANULE))
    c.mount()
    c.mount(at="b")
    counts, end = Counts(), time.monotonic() + (ROUNDS or 4)
    readers = [Apart(fill, c.path(at=at), end) for at in ("a", "b")]
    while time.monotonic() < end:
        at, new = c.rng.randrange(len(data) - 5000), c.rng.randbytes(c.rng.choice((10, 4096, 5000)))
        with past():
            put(c.path(), new, at)
        data[at:at + len(new)] = new
        for mnt in "ab":
            yield same(whole(c.path(at=mnt)), bytes(data)), "same"
    yield [reader.result() for reader in readers], [None, None]
    c.remount("b")
    for at in "ab":
        drop(3)
        yield (at, same(whole(c.path(at=at)), bytes(data))), (at, "same")
    yield counts["fills"] > 0 and counts["killed_written"] + counts["killed_version"] > 0, True


run()
