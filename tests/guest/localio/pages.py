#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pages.py SERVED SERVER [PREFIX [CASE...]]: the client's own pages, and what goes round it.

Each case once in each cache mode, on a file of 12,943 bytes: what a mapping has written is
read, and what was written is seen in a mapping, though one goes by the wire and the other
does not; and what was cached before is not believed after.
"""
import os

from links import comes_back, linked, moved, switch, until
import maps  # what its programs can do
from attack import case, run
from programs import DEEDS

PAGE, TAIL = 4096, 12943
DATA = bytes(range(1, 251)) * 80
MODES = "none", "strict", "loose"


def spliced(fd, offset, count):
    reader, writer = os.pipe()
    got = b""
    while len(got) < count:
        got += os.read(reader, os.splice(fd, writer, count - len(got), offset_src=offset + len(got)))
    os.close(reader)
    os.close(writer)
    return got


DEEDS.update(spliced=spliced)


def in_each_mode(function):
    """case(a, program, fd), with a file and a link."""
    def attack(a):
        for mode in MODES:
            a.make(DATA[:TAIL])
            a.mount_server("cache=%s,ac=60,localio=on" % mode)
            until(linked)
            program = a.program()
            fd = program.do("open", a.path(), os.O_RDWR)
            before = moved()
            for seen, wanted in function(a, program, fd):
                yield (mode, seen), (mode, wanted)
            yield (mode, moved() > before), (mode, True)
            # With their mappings.
            while a.programs:
                a.programs.pop().kill()
            yield a.umount(), None
    attack.__name__, attack.__doc__ = function.__name__, function.__doc__
    return case(attack)


def with_bytes(data, *changes):
    for at, new in changes:
        data = data[:at] + new + data[at + len(new):]
    return data


@in_each_mode
def dirty_then_read(a, program, fd):
    """What a mapping has written is read, by whoever reads, in whatever way."""
    other = a.program()
    there = other.do("open", a.path(), os.O_RDONLY)
    program.do("map_file", fd, 4 * PAGE)
    for i, read in enumerate((lambda: program.do("pread", fd, 4 * PAGE, 0), lambda: other.do("pread", there, 4 * PAGE, 0),
                              lambda: other.do("spliced", there, 0, TAIL), a.is_there)):
        text = b"dirty %d" % i
        program.do("poke", 5000, text)
        program.do("poke", TAIL - 2, text[:2])
        # This one is not in the file.
        program.do("poke", TAIL + 2, text)
        if read == a.is_there:
            program.do("fsync", fd)
        yield read() == with_bytes(DATA[:TAIL], (5000, text), (TAIL - 2, text[:2])), True


@in_each_mode
def write_then_look(a, program, fd):
    """What was written is seen in pages that are mapped, and behind the end that was."""
    program.do("map_file", fd, 5 * PAGE)
    yield program.do("peek", 0, 4 * PAGE) == DATA[:TAIL] + bytes(4 * PAGE - TAIL), True
    program.do("pwrite", fd, b"written", 5000)
    wanted = with_bytes(DATA[:TAIL], (5000, b"written"))
    yield program.do("peek", 0, 4 * PAGE) == wanted + bytes(4 * PAGE - TAIL), True
    program.do("pwrite", fd, b"longer", TAIL)
    program.do("pwrite", fd, b"in the next page", 4 * PAGE + 5)
    wanted += b"longer" + bytes(4 * PAGE + 5 - TAIL - 6) + b"in the next page"
    yield program.do("peek", 0, 5 * PAGE) == wanted + bytes(5 * PAGE - len(wanted)), True
    yield a.is_there() == wanted, True


@in_each_mode
def dirty_then_write(a, program, fd):
    """Both stay: what the mapping has written, and what is written into the same page."""
    program.do("map_file", fd, 4 * PAGE)
    program.do("poke", 4000, b"a" * 200)
    program.do("pwrite", fd, b"b" * 50, 4050)
    program.do("poke", 4090, b"c" * 20)
    program.do("pwrite", fd, b"d" * 10, 4195)
    wanted = with_bytes(DATA[:TAIL], (4000, b"a" * 200), (4050, b"b" * 50), (4090, b"c" * 20), (4195, b"d" * 10))
    yield program.do("peek", 0, TAIL) == wanted, True
    yield program.do("pread", fd, TAIL, 0) == wanted, True
    program.do("sync_map")
    yield a.is_there() == wanted, True


@in_each_mode
def by_turns(a, program, fd):
    """One stores its bytes into a page, another one writes those between."""
    other = a.program()
    there = other.do("open", a.path(), os.O_RDWR)
    program.do("map_file", fd, 4 * PAGE)
    for i in range(20):
        program.do("poke", 2 * i, b"m")
        other.do("pwrite", there, b"w", 2 * i + 1)
        yield program.do("peek", 0, 2 * i + 2) == other.do("pread", there, 2 * i + 2, 0) == b"mw" * (i + 1), True
    program.do("sync_map")
    yield a.is_there()[:41], b"mw" * 20 + DATA[40:41]


@in_each_mode
def append_to_dirty(a, program, fd):
    """Behind the last page, which a mapping has written, on both sides of the end."""
    program.do("map_file", fd, 4 * PAGE)
    program.do("poke", TAIL - 5, b"dirty and no more")
    other = a.program()
    there = other.do("open", a.path(), os.O_WRONLY | os.O_APPEND)
    other.do("write", there, b"appended")
    wanted = with_bytes(DATA[:TAIL], (TAIL - 5, b"dirty")) + b"appended"
    yield program.do("pread", fd, 5 * PAGE, 0) == wanted, True
    yield program.do("peek", 0, 4 * PAGE) == wanted + bytes(4 * PAGE - len(wanted)), True
    yield a.is_there() == wanted, True


@in_each_mode
def sizes(a, program, fd):
    """A size that was changed by one way is known by the other; what was cut off is gone."""
    other = a.program()
    there = other.do("open", a.path(), os.O_RDWR)
    seen = lambda: (program.do("fstat", fd).st_size, other.do("lseek", there, 0, os.SEEK_END),
                    other.do("stat", a.path()).st_size, len(program.do("pread", fd, 8 * PAGE, 0)), os.stat(a.lower()).st_size)
    program.do("map_file", fd, 4 * PAGE)
    program.do("peek", 0, TAIL)
    program.do("pwrite", fd, b"end", 5 * PAGE)
    yield seen(), (5 * PAGE + 3,) * 5
    other.do("ftruncate", there, 100)
    yield seen(), (100,) * 5
    program.do("pwrite", fd, b"end", 2 * PAGE)
    yield seen(), (2 * PAGE + 3,) * 5
    wanted = DATA[:100] + bytes(2 * PAGE - 100) + b"end"
    yield program.do("peek", 0, 2 * PAGE + 3) == wanted, True
    yield other.do("pread", there, 4 * PAGE, 0) == wanted, True
    other.do("ftruncate", there, 3 * PAGE)
    yield other.do("pread", there, 4 * PAGE, 0) == wanted + bytes(PAGE - 3), True


@in_each_mode
def times(a, program, fd):
    """A write moves the times at once, and they are the server's."""
    look = lambda stat: (stat.st_mtime_ns, stat.st_ctime_ns)
    a.make(b"", "clock")
    for i in range(5):
        before = program.do("fstat", fd)
        until(lambda: os.utime(a.lower("clock")) or os.stat(a.lower("clock")).st_mtime_ns > before.st_mtime_ns)
        program.do("pwrite", fd, b"%d" % i, 0)
        now = program.do("fstat", fd)
        yield now.st_mtime_ns > before.st_mtime_ns, True
        yield look(now), look(os.stat(a.lower()))


@in_each_mode
def link_lost(a, program, fd):
    """What was cached before a link came, or while there was one, is not shown when it is gone."""
    program.do("map_file", fd, 4 * PAGE)
    for i in range(2):
        switch("data", 0)
        # By the wire, into the cache of those that have one.
        program.do("pread", fd, TAIL, 0)
        program.do("peek", 0, TAIL)
        switch("data", 1)
        comes_back(a.path())
        text = b"by the link %d" % i
        before = moved()
        yield program.do("pwrite", fd, text, 5000), len(text)
        yield moved()[1] - before[1], len(text)
        switch("data", 0)
        wanted = with_bytes(DATA[:TAIL], (5000, text))
        yield program.do("pread", fd, 4 * PAGE, 0) == wanted, True
        yield program.do("peek", 0, TAIL) == wanted, True
        # What is written by the wire is read by the next link.
        text = b"by the wire %d" % i
        program.do("pwrite", fd, text, 9000)
        program.do("poke", 100, text)
        switch("data", 1)
        comes_back(a.path())
        yield program.do("pread", fd, 4 * PAGE, 0) == with_bytes(wanted, (9000, text), (100, text)), True
        program.do("pwrite", fd, DATA[100:200], 100)
        program.do("pwrite", fd, DATA[9000:9100], 9000)


@in_each_mode
def others_change_it(a, program, fd):
    """What is read by a link is what the file has now, whatever was cached."""
    program.do("pread", fd, TAIL, 0)
    for i in range(3):
        text = b"another's %d" % i
        with open(a.lower(), "r+b", 0) as file:
            file.seek(5000)
            file.write(text)
        yield program.do("pread", fd, TAIL, 0) == with_bytes(DATA[:TAIL], (5000, text)), True


run()
