#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""buffers.py SERVED SERVER [PREFIX [CASE...]]: I/O whose memory needs the file's server, or somebody who never comes.

The buffer of a read or a write is a mapping of the same file, or of one that another one
is just writing from this one; or its pages are served by nobody (userfaultfd).  Nobody
else may wait for that, and who is killed has to go.
"""
import ctypes
import os
import random
import threading

from links import linked, moved, switch, until
import maps  # what its programs can do
from attack import case, run
from calls import fault_pages, serve_pages
from programs import DEEDS

PAGE = 4096
PAGES = 64
ROUNDS = int(os.environ.get("HF_ROUNDS", 100))
DATA = random.Random(3).randbytes(PAGES * PAGE)
MADV_DONTNEED = 4
served_by_nobody = []


def forget_pages():
    """Of the mapping: the next use of each faults."""
    address, size = maps.maps[-1]
    maps.checked(maps.libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), MADV_DONTNEED))


def some(r):
    """Two ranges of the file that have nothing in common, not even a page: offsets, and a count."""
    at = sorted(r.sample(range(PAGES), 3))
    count = r.randrange(1, (min(at[1] - at[0], at[2] - at[1])) * PAGE + 1)
    first, second = at[0] * PAGE, at[1] * PAGE
    return (first, second, count) if r.random() < .5 else (second, first, count)


def write_from_itself(fd, seed, rounds):
    """The file is what it would be with memory instead; nothing, or where it is not."""
    r, wanted = random.Random(seed), bytearray(os.pread(fd, PAGES * PAGE, 0))
    maps.map_file(fd, PAGES * PAGE)
    for i in range(rounds):
        to, source, count = some(r)
        forget_pages()
        done = maps.write_from_map(fd, to, source, count)
        if done != count:
            return "round %d: %d of %d" % (i, done, count)
        wanted[to:to + count] = wanted[source:source + count]
        if os.pread(fd, PAGES * PAGE, 0) != wanted or maps.peek(0, PAGES * PAGE) != wanted:
            return "round %d: other bytes" % i
    maps.unmap()
    return None


def read_into_itself(fd, seed, rounds):
    r, wanted = random.Random(seed), bytearray(os.pread(fd, PAGES * PAGE, 0))
    maps.map_file(fd, PAGES * PAGE)
    for i in range(rounds):
        source, to, count = some(r)
        forget_pages()
        done = maps.read_to_map(fd, source, to, count)
        if done != count:
            return "round %d: %d of %d" % (i, done, count)
        wanted[to:to + count] = wanted[source:source + count]
        if maps.peek(0, PAGES * PAGE) != wanted or os.pread(fd, PAGES * PAGE, 0) != wanted:
            return "round %d: other bytes" % i
    maps.sync_map()
    maps.unmap()
    return None


def overlapping(fd, rounds):
    """Onto and from the very bytes: whatever they are then, it ends."""
    maps.map_file(fd, PAGES * PAGE)
    for i in range(rounds):
        for move in maps.write_from_map, maps.read_to_map:
            forget_pages()
            if move(fd, (i % 7) * 1000, (i % 5) * 1000, 9 * PAGE) != 9 * PAGE:
                return "round %d" % i
    maps.unmap()
    return None


def cross(fd, of_the_other, seed, rounds):
    """Each writes its file from a mapping of the other's."""
    r = random.Random(seed)
    maps.map_file(of_the_other, PAGES * PAGE)
    for i in range(rounds):
        at = r.randrange(PAGES - 20) * PAGE
        forget_pages()
        if (maps.write_from_map if i % 3 else maps.read_to_map)(fd, at, at, 20 * PAGE - r.randrange(100)) <= 0:
            return "round %d" % i
    maps.unmap()
    return None


def nowhere(count):
    fd, address = fault_pages(count)
    served_by_nobody.append(fd)
    return [(ctypes.c_char * count).from_address(address)]


def write_from_nowhere(fd, offset, count):
    return os.pwritev(fd, nowhere(count), offset)


def read_to_nowhere(fd, offset, count):
    return os.preadv(fd, nowhere(count), offset)


def serve(at, count):
    """Pages that nobody served, of the last ones: they are there, and empty."""
    empty = ctypes.create_string_buffer(count)
    address = ctypes.addressof(begun.memory[0])
    serve_pages(served_by_nobody[-1], address + at, ctypes.addressof(empty), count)


class Begun(threading.Thread):
    """A read to pages of which only the first is there."""

    def __init__(self, fd, count):
        super().__init__(daemon=True)
        self.fd, self.memory, self.outcome = fd, nowhere(count), None

    def run(self):
        try:
            self.outcome = os.preadv(self.fd, self.memory, 0)
        except OSError as error:
            self.outcome = error


begun = None


def begin_read(fd, count):
    """Return: the thread of that, by its number."""
    global begun
    begun = Begun(fd, count)
    serve(0, PAGE)
    begun.start()
    return begun.native_id


def finish_read(count):
    """The rest of the pages come: what it said, and what it has read."""
    serve(PAGE, count - PAGE)
    begun.join()
    return begun.outcome, bytes(begun.memory[0])


DEEDS.update({f.__name__: f for f in (write_from_itself, read_into_itself, overlapping, cross, write_from_nowhere,
                                      read_to_nowhere, begin_read, finish_read)})


def opened(a, options="cache=strict", flags=os.O_RDWR):
    a.make(DATA)
    a.mount_server(options + ",localio=on")
    until(linked)
    program = a.program()
    return program, program.do("open", a.path(), flags)


def in_each_mode(flags=os.O_RDWR):
    """case(program, fd)"""
    def make(function):
        def attack(a):
            for mode in "none", "strict", "loose":
                program, fd = opened(a, "cache=" + mode, flags)
                before = moved()
                yield (mode, function(program, fd)), (mode, None)
                yield (mode, moved() > before), (mode, True)
                a.give_back(program)
                yield a.umount(), None
        attack.__name__ = function.__name__
        return case(attack)
    return make


@in_each_mode()
def writes_from_its_mapping(program, fd):
    return program.do("write_from_itself", fd, 1, ROUNDS)


@in_each_mode()
def reads_into_its_mapping(program, fd):
    return program.do("read_into_itself", fd, 2, ROUNDS)


@in_each_mode()
def onto_its_mapping(program, fd):
    """(What is written drops what it is written from: that goes by the wire.)"""
    program.do("pread", fd, PAGE, 0)
    return program.do("overlapping", fd, ROUNDS)


@in_each_mode(os.O_RDWR | os.O_DIRECT)
def direct_onto_its_mapping(program, fd):
    return program.do("overlapping", fd, ROUNDS)


@case
def two_from_each_other(a):
    """Two programs, two files, and each has the other's mapped."""
    for mode in "strict", "none":
        one, fd = opened(a, "cache=" + mode)
        a.make(DATA, "second")
        two = a.program()
        fds = [(one, fd, one.do("open", a.path("second"), os.O_RDWR)),
               (two, two.do("open", a.path("second"), os.O_RDWR), two.do("open", a.path(), os.O_RDWR))]
        for seed, (program, mine, others) in enumerate(fds):
            program.start("cross", mine, others, seed, ROUNDS)
        yield [program.result() for program, _, _ in fds], [None, None]
        a.give_back(one)
        a.give_back(two)
        yield a.umount(), None


@case
def local_writer_from_a_mapping(a):
    """
    Below, and the buffer is mapped over the mount: where the filesystem holds its lock for
    that he waits for himself, by whatever way; then he can be killed, and nobody else waits.
    """
    client, fd = opened(a)
    yield client.do("pread", fd, 100, 0) == DATA[:100], True
    for deed in "write_from_map", "read_to_map":
        program = a.program()
        mapped, below = program.do("open", a.path(), os.O_RDWR), program.do("open", a.lower(), os.O_RDWR)
        program.do("map_file", mapped, PAGES * PAGE)
        program.start(deed, below, 0, 20 * PAGE, 8 * PAGE)
        waits(program)
        program.kill()
        yield client.do("pread", fd, 100, 40 * PAGE) == DATA[40 * PAGE:40 * PAGE + 100], True
        yield client.do("pwrite", fd, b"other", 50 * PAGE), 5


def waits(program):
    """Until it has done what it was told, or sleeps for something."""
    def is_there():
        program.loop.once(0)
        return program.is_done() or asleep(program.pid)
    until(is_there)


def asleep(pid):
    """In the call that it was told, and not before it."""
    with open("/proc/%d/stat" % pid) as file:
        state = file.read().rsplit(")", 1)[1].split()[0]
    with open("/proc/%d/syscall" % pid) as file:
        number = file.read().split()[0]
    # preadv and pwritev; preadv2 and pwritev2.
    return state in "SD" and number in ("295", "296", "327", "328")


def hang(a, deed, flags):
    """A program that does that, and waits; and who else works with the file, also where he does."""
    program, fd = opened(a, flags=os.O_RDWR | flags)
    a.mount_server("cache=none,localio=on", at=a.mnt + "-on")
    a.mount_server("cache=none,localio=off", at=a.mnt + "-off")
    program.start(deed, fd, 0, 4 * PAGE)
    until(lambda: asleep(program.pid))
    for at in a.mnt, a.mnt + "-on", a.mnt + "-off", None:
        other = a.program()
        path = a.path().replace(a.mnt, at, 1) if at else a.lower()
        there = other.do("open", path, os.O_RDWR)
        for number in 4, 5:
            text = b"not in his way %d" % number
            yield other.do("pwrite", there, text, number), len(text)
            yield other.do("fsync", there), None
            yield other.do("pread", there, len(text), number), text
        other.do("ftruncate", there, len(DATA)) if at != a.mnt else None
        a.give_back(other)
    yield program.is_done(), False
    program.kill()
    yield a.by_another("whole", a.path()) == a.is_there(), True


for deed in "write_from_nowhere", "read_to_nowhere":
    for kind, flags in ("", 0), ("direct-", os.O_DIRECT):
        def attack(a, deed=deed, flags=flags):
            return hang(a, deed, flags)
        attack.__name__ = kind + deed
        case(attack)


def in_the_middle(a, end):
    """
    A read has its first page by the link, and waits for the memory of the others; @end comes:
    the program, its file, and what the read said and has read.
    """
    a.make(DATA)
    proxy = a.proxy()
    a.mount("cache=none,localio=on", proxy)
    until(linked)
    program = a.program()
    fd, (before, _) = program.do("open", a.path(), os.O_RDONLY), moved()
    thread = program.do("begin_read", fd, 4 * PAGE)
    until(lambda: asleep(thread) and moved()[0] - before == PAGE)
    end(proxy)
    return program, fd, program.do("finish_read", 4 * PAGE)


@case
def link_ends_in_the_middle(a):
    """The rest is the wire's."""
    try:
        _, _, (got, data) = in_the_middle(a, lambda proxy: switch("data", 0))
    finally:
        switch("data", 1)
    yield got, 4 * PAGE
    yield data == DATA[:4 * PAGE], True


@case
def connection_ends_in_the_middle(a):
    """What was read was read; the rest fails, and that is for who asks for it."""
    def end(proxy):
        proxy.link.end()
        until(lambda: not linked())
    program, fd, (got, data) = in_the_middle(a, end)
    yield got, PAGE
    yield data[:PAGE] == DATA[:PAGE], True
    yield program.do("pread", fd, PAGE, PAGE), "EIO"
    a.give_back(program)


run()
