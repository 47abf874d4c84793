#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""goes.py MOUNT SERVED PREFIX [wire | fio]: what goes round the network.

Each kind of reading and writing on MOUNT: the right bytes are read, or are in the file in
the directory SERVED at once; the link has counted them; and the server has seen no message
of it.  "fio": so does fio, at depth 8.  "wire": MOUNT has no link, and it is the other way
about.
"""
import mmap
import os
import random
import socket
import subprocess
import sys

from links import Messages, linked, moved
from calls import aio, ctypes
from p9 import Report

mount, served, prefix = sys.argv[1:4]
wire = "wire" in sys.argv[4:]
report = Report(prefix + "-")
SIZE, AT, COUNT = 200000, 777, 100000
DATA, NEW = (random.Random(i).randbytes(SIZE) for i in (1, 2))
OPS = {}


def op(flags=os.O_RDWR, reads=0, writes=0, syncs=False):
    """function(fd, path below) returns pairs.  How many bytes it reads and writes, and whether it syncs."""
    def keep(function):
        OPS[function.__name__.replace("_", "-")] = function, flags, reads, writes, syncs
        return function
    return keep


def below(path):
    with open(path, "rb") as file:
        return file.read()


def page_buffer(data):
    buffer = mmap.mmap(-1, (len(data) + 4095) & ~4095)
    buffer[:len(data)] = data
    return buffer


def changed(at, data):
    return DATA[:at] + data + DATA[at + len(data):]


@op(reads=COUNT)
def pread(fd, path):
    return [(os.pread(fd, COUNT, AT) == DATA[AT:AT + COUNT], True)]


@op(reads=500)
def pread_at_end(fd, path):
    return [(os.pread(fd, COUNT, SIZE - 500) == DATA[-500:], True), (os.pread(fd, COUNT, SIZE), b"")]


@op(reads=3 + 5000 + 70000)
def preadv(fd, path):
    parts = [bytearray(size) for size in (3, 5000, 70000)]
    return [(os.preadv(fd, parts, AT), 75003), (b"".join(parts) == DATA[AT:AT + 75003], True)]


@op(writes=COUNT)
def pwrite(fd, path):
    return [(os.pwrite(fd, NEW[:COUNT], AT), COUNT), (below(path) == changed(AT, NEW[:COUNT]), True)]


@op(writes=3 + 5000 + 70000)
def pwritev(fd, path):
    parts = [NEW[:3], NEW[3:5003], NEW[5003:75003]]
    return [(os.pwritev(fd, parts, AT), 75003), (below(path) == changed(AT, NEW[:75003]), True)]


@op(writes=9000)
def write_behind_end(fd, path):
    return [(os.pwrite(fd, NEW[:9000], SIZE + 5000), 9000), (below(path) == DATA + bytes(5000) + NEW[:9000], True),
            (os.fstat(fd).st_size, SIZE + 14000)]


@op(os.O_WRONLY | os.O_APPEND, writes=5003)
def append(fd, path):
    pairs = [(os.write(fd, NEW[:3]), 3), (os.lseek(fd, 0, os.SEEK_CUR), SIZE + 3)]
    with open(path, "ab") as file:
        file.write(b"another's")
    return pairs + [(os.write(fd, NEW[3:5003]), 5000), (os.lseek(fd, 0, os.SEEK_CUR), SIZE + 12 + 5000),
                    (below(path) == DATA + NEW[:3] + b"another's" + NEW[3:5003], True)]


@op(os.O_RDWR | os.O_SYNC, writes=COUNT)
def write_sync(fd, path):
    return [(os.pwrite(fd, NEW[:COUNT], AT), COUNT), (below(path) == changed(AT, NEW[:COUNT]), True)]


@op(writes=COUNT)
def write_dsync(fd, path):
    return [(os.pwritev(fd, [NEW[:COUNT]], AT, os.RWF_DSYNC), COUNT), (below(path) == changed(AT, NEW[:COUNT]), True)]


@op(writes=100, syncs=True)
def fsync(fd, path):
    os.pwrite(fd, NEW[:100], 0)
    os.fsync(fd)
    os.fdatasync(fd)
    return [(below(path) == changed(0, NEW[:100]), True)]


@op(os.O_RDONLY, reads=COUNT)
def sendfile(fd, path):
    here, there = socket.socketpair()
    got, sent = b"", 0
    while sent < COUNT:
        sent += os.sendfile(here.fileno(), fd, AT + sent, min(COUNT - sent, 50000))
        while len(got) < sent:
            got += there.recv(1 << 16)
    return [(got == DATA[AT:AT + COUNT], True)]


@op(os.O_RDONLY, reads=40000)
def splice_read(fd, path):
    reader, writer = os.pipe()
    got = b""
    while len(got) < 40000:
        got += os.read(reader, os.splice(fd, writer, 40000 - len(got), offset_src=AT + len(got)))
    return [(got == DATA[AT:AT + 40000], True)]


@op(writes=30000)
def splice_write(fd, path):
    reader, writer = os.pipe()
    os.write(writer, NEW[:30000])
    return [(os.splice(reader, fd, 30000, offset_dst=AT), 30000), (below(path) == changed(AT, NEW[:30000]), True)]


@op(os.O_RDONLY | os.O_DIRECT, reads=65536)
def direct_read(fd, path):
    buffer = mmap.mmap(-1, 65536)
    return [(os.preadv(fd, [buffer], 8192), 65536), (buffer[:] == DATA[8192:8192 + 65536], True)]


@op(os.O_WRONLY | os.O_DIRECT, writes=65536)
def direct_write(fd, path):
    return [(os.pwritev(fd, [page_buffer(NEW[:65536])], 8192), 65536), (below(path) == changed(8192, NEW[:65536]), True)]


def aio_pair(fd, path, size):
    """Into and out of memory that direct I/O takes, too."""
    memory = mmap.mmap(-1, size)
    buffer = (ctypes.c_char * size).from_buffer(memory)
    pairs = [(aio(0, fd, buffer, 8192), size), (memory[:] == DATA[8192:8192 + size], True)]
    memory[:] = NEW[:size]
    pairs += [(aio(1, fd, buffer, 8192), size), (below(path) == changed(8192, NEW[:size]), True)]
    del buffer
    return pairs


@op(reads=65536, writes=65536)
def aio_buffered(fd, path):
    return aio_pair(fd, path, 65536)


@op(os.O_RDWR | os.O_DIRECT, reads=65536, writes=65536)
def aio_direct(fd, path):
    return aio_pair(fd, path, 65536)


def aio_read(fd, memory, offset):
    buffer = (ctypes.c_char * len(memory)).from_buffer(memory)
    return aio(0, fd, buffer, offset)


@op(reads=65536)
def aio_partly_cached(fd, path):
    """What is there is not read twice, nor what is behind it from the wrong place."""
    memory = mmap.mmap(-1, 65536)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 8192 + 32768, 0, os.POSIX_FADV_DONTNEED)
    return [(aio_read(fd, memory, 8192), 65536), (memory[:] == DATA[8192:8192 + 65536], True)]


@op(reads=5000)
def aio_at_end(fd, path):
    memory = mmap.mmap(-1, 65536)
    return [(aio_read(fd, memory, SIZE - 5000), 5000), (memory[:5001] == DATA[-5000:] + b"\0", True),
            (aio_read(fd, memory, SIZE), 0)]


def perform(name, messages):
    function, flags, reads, writes, syncs = OPS[name]
    with open("%s/%s" % (served, name), "wb") as file:
        file.write(DATA)
    fd = os.open("%s/%s" % (mount, name), flags)
    try:
        messages.clear()
        before = moved()
        pairs = function(fd, "%s/%s" % (served, name))
        seen, now = messages.seen(), moved()
    finally:
        os.close(fd)
    counted = now[0] - before[0], now[1] - before[1]
    if wire:
        return pairs + [(counted, (0, 0)), (name, bool(seen) and name)]
    return pairs + [(counted, (reads, writes)), (seen, [])]


FIO = ["fio", "--name=x", "--rw=randrw", "--bsrange=512-16k", "--blockalign=512", "--size=1m", "--iodepth=8",
       "--fallocate=none", "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0", "--minimal"]


def fio(engine, messages, *more):
    """At depth 8: it verifies itself what it has written."""
    name = "%s/fio" % mount
    messages.clear()
    before = moved()
    run = subprocess.run(FIO + ["--ioengine=" + engine, "--filename=" + name, *more], capture_output=True, text=True,
                         check=False)
    seen, now = messages.seen(), moved()
    os.unlink(name)
    return [(run.returncode, 0), (run.stderr, ""), ([a > b for a, b in zip(now, before)], [True, True]), (seen, [])]


def main():
    messages, all_pairs = Messages(), [(len(linked()), 0 if wire else 1)]
    for name in OPS:
        try:
            pairs = perform(name, messages)
        except OSError as error:
            pairs = [(repr(error), None)]
        os.unlink("%s/%s" % (mount, name))
        if wire:
            all_pairs += pairs
        else:
            report(name, *all_pairs, *pairs)
    if wire:
        report("all", *all_pairs)
    for engine in ("psync", "libaio", "io_uring") if "fio" in sys.argv[4:] else ():
        report("fio-" + engine, *fio(engine, messages))
        report("fio-%s-direct" % engine, *fio(engine, messages, "--direct=1", "--bs=4k"))
        # Into memory of the kernel's, as it were.
        if engine == "io_uring":
            report("fio-io_uring-fixed", *fio(engine, messages, "--fixedbufs=1"))
    messages.end()
    sys.exit(report.failed)


main()
