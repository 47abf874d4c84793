#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""frozen.py SERVED SERVER PREFIX FROZEN: I/O by a link while the filesystem FROZEN is frozen.

It is the server's, or the one below that.  Who writes waits where he can be killed, and
nobody else waits for him; who reads does not wait; and after the thaw what was waited for
is done.
"""
import mmap
import os
import sys

frozen = sys.argv.pop(4)

from links import CONFIG, Frozen, linked, links, moved, put, until
from attack import case, run
from calls import aio, ctypes
from programs import DEEDS

SIZE = 65536
DATA = bytes(range(256)) * (SIZE // 256)


def direct_write(fd, byte, offset):
    memory = mmap.mmap(-1, 4096)
    memory[:] = byte * 4096
    return os.pwritev(fd, [memory], offset)


def forget_cached(path):
    """Of the file below, so that reads have to read."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def aio_write(fd, byte, offset):
    """Into memory that direct I/O takes."""
    memory = mmap.mmap(-1, 4096)
    memory[:] = byte * 4096
    buffer = (ctypes.c_char * 4096).from_buffer(memory)
    return aio(1, fd, buffer, offset)


def freeze(path):
    with Frozen(path):
        pass


DEEDS.update(direct_write=direct_write, aio_write=aio_write, freeze=freeze)


def blocked(program):
    """In a call, asleep, and it is not the pipe by which it is told."""
    def is_blocked():
        program.loop.once(0)
        with open("/proc/%d/stat" % program.pid) as file:
            state = file.read().rsplit(")", 1)[1].split()[0]
        with open("/proc/%d/syscall" % program.pid) as file:
            number = file.read().split()[0]
        return program.is_done() or state in "SD" and number not in ("0", "running")
    until(is_blocked)


# How each writes: flags, deed, arguments behind the descriptor, its outcome, and what is in the file then.
WRITES = {
    "write": (0, "pwrite", (b"new" * 1000, 5000), 3000, DATA[:5000] + b"new" * 1000 + DATA[8000:]),
    "append": (os.O_APPEND, "write", (b"new",), 3, DATA + b"new"),
    "sync": (os.O_SYNC, "pwrite", (b"new", 5000), 3, DATA[:5000] + b"new" + DATA[5003:]),
    "direct": (os.O_DIRECT, "direct_write", (b"n", 8192), 4096, DATA[:8192] + b"n" * 4096 + DATA[12288:]),
}


def writes(a, flags, deed, values, wanted, content):
    a.make(DATA)
    a.mount_server("cache=none,localio=on")
    # Of the same mount he would wait behind who writes by the wire, as by that alone.
    a.mount_server("cache=none,localio=on", at=a.mnt + "-b")
    until(lambda: len(linked()) == 2)
    reader, killed, waiting = (a.program() for _ in range(3))
    r = reader.do("open", a.path().replace(a.mnt, a.mnt + "-b", 1), os.O_RDONLY)
    fds = [program.do("open", a.path(), os.O_WRONLY | flags) for program in (killed, waiting)]
    # Each has the file by the link.
    for program, fd in zip((killed, waiting), fds):
        yield program.do("pwrite", fd, DATA[:1], 0), 1
    if flags & os.O_APPEND:
        os.truncate(a.lower(), SIZE)
    with Frozen(frozen) as freeze:
        forget_cached(a.lower())
        killed.start(deed, fds[0], *values)
        blocked(killed)
        yield killed.is_done(), False
        before = moved()
        yield reader.do("pread", r, SIZE, 0) == DATA, True
        yield moved()[0] - before[0], SIZE
        killed.kill()
        yield reader.do("fstat", r).st_size, SIZE
        waiting.start(deed, fds[1], *values)
        blocked(waiting)
        yield waiting.is_done(), False
        freeze.thaw()
    yield waiting.result(), wanted
    there = a.is_there()
    # He who was killed may have been before that, and appended as well.
    yield there == content or flags & os.O_APPEND and there == content + b"new", True
    yield reader.do("pread", r, SIZE, 0) == there[:SIZE], True


for kind, how in WRITES.items():
    def attack(a, how=how):
        return writes(a, *how)
    attack.__name__ = kind
    case(attack)


@case
def after_aio(a):
    """What was written asynchronously, and is done, keeps no filesystem from being frozen."""
    a.make(DATA)
    a.mount_server("cache=none,localio=on")
    until(linked)
    writer, freezer = a.program(), a.program()
    for flags, byte, offset in (os.O_DIRECT, b"d", 8192), (0, b"c", 12288):
        fd = writer.do("open", a.path(), os.O_WRONLY | flags)
        before = moved()
        yield writer.do("aio_write", fd, byte, offset), 4096
        yield moved()[1] - before[1], 4096
    yield freezer.do("freeze", frozen), None
    yield a.is_there() == DATA[:8192] + b"d" * 4096 + b"c" * 4096 + DATA[16384:], True


@case
def stops(a):
    """The server stops while it is frozen: links end at once, and the stop when it is thawed, if not before."""
    a.make(DATA)
    a.mount_server("cache=none,localio=on")
    until(linked)
    writer, stopper = a.program(), a.program()
    fd = writer.do("open", a.path(), os.O_RDWR)
    writer.do("pread", fd, 100, 0)
    with Frozen(frozen) as freeze:
        writer.start("pwrite", fd, b"new", 0)
        blocked(writer)
        stopper.start("write_text", CONFIG + "exports/data/enabled", "0\n")
        a.loop.until(lambda: not linked())
        freeze.thaw()
    yield stopper.result(), None
    yield writer.result() in ("EIO", 3), True
    until(lambda: not links())
    put(CONFIG + "exports/data/enabled", 1)


run()
