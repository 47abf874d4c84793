#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""cycles.py SERVED SERVER B [PREFIX [CASE...]]: nobody waits in a circle.

The cache's filesystem is frozen and thawed, again and again, while programs write to it,
and set and read names on it, by memory that is the network file's and not in memory; while
others fault in the same pages, write some back and cut them off, and read what is to be
cached.  A round has to end, whatever the others do.
"""
import ctypes
import mmap
import os
import shutil

from kit import GRANULE, ROUNDS, Apart, Counts, Frozen, apart, b, case, drop, libc, past, put, run, say, until, whole

PAGES, SIZE = 160, 160 * 4096


class Memory:
    """A private mapping of a file whose pages are to be read from the network, as a buffer."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.pages = mmap.mmap(self.fd, SIZE, access=mmap.ACCESS_COPY)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.pages))

    def forget(self):
        self.pages.madvise(mmap.MADV_DONTNEED)
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)


libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.setxattr.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.readlink.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t]


def called(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def writes(memory, top, flags=0, size=SIZE):
    """write(2) has the filesystem's sb_writers, and then reads its buffer."""
    fd = os.open("%s/written-%d" % (top, os.getpid()), os.O_CREAT | os.O_WRONLY | flags, 0o600)

    def step(i):
        memory.forget()
        os.lseek(fd, 0, os.SEEK_SET)
        at = i * 7 % (size // 4096) // 2 * 4096
        assert called(libc.write(fd, memory.address + at, size - at)) == size - at
    return step


def writes_half(memory, top):
    """Of a file whose other half is cut off, and written back, meanwhile."""
    return writes(memory, top, size=SIZE // 2)


def writes_direct(memory, top):
    """Into its pages, with its lock."""
    return writes(memory, top, os.O_DIRECT)


def sets_xattrs(memory, top):
    path = (top + "/attributes").encode()
    put(top + "/attributes", b"text")

    def step(i):
        memory.forget()
        called(libc.setxattr(path, b"user.name", memory.address + i % PAGES * 4096, 1000, 0))
    return step


def reads_links(memory, top):
    path = (top + "/link").encode()
    os.symlink("x" * 50, path)

    def step(i):
        memory.forget()
        assert called(libc.readlink(path, memory.address + i % PAGES * 4096, 100)) == 50
    return step


def faults(memory, _):
    def step(i):
        memory.forget()
        for at in range(0, SIZE, 4096 * 5):
            memory.pages[at + i % 4096]
    return step


# Which file's memory each uses; the last one of a file is there for the others' page faults.
MEMORY_USERS = (writes, "one"), (writes_direct, "two"), (sets_xattrs, "three"), (reads_links, "four"), \
    (writes_half, "changed"), (faults, "one"), (faults, "two")


def uses_memory(kind, path, top, told, place):
    memory = Memory(path)
    step, i = kind(memory, top), 0
    while not told[0]:
        step(i)
        i += 1
        told[8 + place] = i % 251 + 1
    return i


def writes_back(path, told, place):
    """A file of the network's: stores, write-back, cut, and a hole, which lock its pages and invalidate_lock."""
    i = 0
    while not told[0]:
        fd = os.open(path, os.O_RDWR)
        with mmap.mmap(fd, SIZE) as pages:
            for at in range(0, SIZE, 4096):
                pages[at:at + 8] = b"%08d" % i
            pages.flush(0, SIZE // 2)
        os.ftruncate(fd, SIZE // 2)
        os.ftruncate(fd, SIZE)
        os.close(fd)
        i += 1
        told[8 + place] = i % 251 + 1
    return i


def reads_to_fill(path, below, told, place):
    """A file that others change, so that there is always something to fill."""
    i = 0
    while not told[0]:
        with past():
            put(below, b"%08d" % i, i % 8 * GRANULE)
        whole(path)
        i += 1
        told[8 + place] = i % 251 + 1
    return i


def frozen_rounds(c, top, rounds):
    told = mmap.mmap(-1, 4096)
    with past():
        for name in "one", "two", "three", "four", "changed", "filled", "big":
            put(c.lower(name), c.rng.randbytes(8 << 20 if name == "big" else SIZE))
    c.mount()
    c.mount(at="b")
    workers = [Apart(uses_memory, kind, c.path(name), top, told, i) for i, (kind, name) in enumerate(MEMORY_USERS)]
    workers += [Apart(writes_back, c.path("changed"), told, len(workers)),
                Apart(reads_to_fill, c.path("filled"), c.lower("filled"), told, len(workers) + 1)]

    def each_has_moved():
        return all(told[8 + i] or worker.is_over() for i, worker in enumerate(workers))
    until(each_has_moved)
    counts, over = Counts(), []
    for i in range(rounds):
        if any(worker.is_over() for worker in workers):
            over.append(i)
            break
        # Whoever is in a write has to come to its end, or this does not.
        yield (i, apart(freeze_and_read, top, c.path("big", "ab"[i % 2]), i)), (i, True)
        # Each has been at it again.
        told[8:8 + len(workers)] = bytes(len(workers))
        until(each_has_moved)
        if i % 10 == 0:
            drop(1)
    told[0] = 1
    yield over, []
    done = [worker.result() for worker in workers]
    yield (done, all(isinstance(times, int) for times in done)), (done, True)
    say("%s rounds, %s; %s" % (rounds, done, counts))
    yield counts["fills"] > 0 and counts["fills_missed"] > 0, True
    for at in "ab":
        yield apart(c.umount, at), None
        del c.mounts[at]


def freeze_and_read(top, path, i):
    """Reading ends while it is frozen."""
    with Frozen(top):
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        got = os.pread(fd, 4 * GRANULE, i % 32 * 4 * GRANULE)
        os.close(fd)
        return len(got) == 4 * GRANULE


@case
def cycles(c):
    top = "%s/programs" % b
    os.mkdir(top)
    yield from frozen_rounds(c, top, ROUNDS or 15)
    shutil.rmtree(top)


run()
