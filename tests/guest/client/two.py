#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""two.py SERVED SERVER [PREFIX [CASE...]]: files that others change, too: another mount, or
a program of the server's."""
import os

import maps  # what its programs can do
from attack import case, run

PAGE = 4096
DATA = bytes(range(1, 251)) * 80


def rewritten(a, times, options):
    """Others write the file anew, as long as before, as fast as they can."""
    wrong = []
    for i in range(times):
        text = b"%08d" % i
        with open(a.lower(), "r+b", 0) as file:
            file.write(text)
        seen = a.reader.do("whole", a.path())
        if seen != text:
            wrong.append((seen, text))
    return wrong


@case
def same_size_rewrite(a):
    a.make(b"12345678")
    a.mount_server("cache=strict,ac=0")
    a.reader = a.program()
    yield rewritten(a, 30, "cache=strict,ac=0"), []


def without_version(message):
    """Of a server that has no versions: whatever of the reply is attributes."""
    for index, value in enumerate(message.fields()):
        if isinstance(value, dict):
            values = list(message.fields())
            values[index] = {**value, "data_version": 0, "valid": value["valid"] & ~0x2000}
            return tuple(values)
    return message.data


@case
def same_size_rewrite_by_times(a):
    """Without a version the times tell, and a time that is younger than its tick tells nothing."""
    a.make(b"12345678")
    proxy = a.proxy()
    proxy.change("Rgetattr Rwalkattr Ropenattr Rcreateattr", without_version, times=10 ** 6)
    a.mount("cache=strict,ac=0,version=9p2000.L", proxy)
    a.reader = a.program()
    yield rewritten(a, 15, ""), []


@case
def replaced_by_rename(a):
    """Who has it open keeps the old one, and who opens it gets the new one."""
    a.make(b"old")
    a.mount_server("cache=strict,ac=0")
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)
    for text in b"first", b"later":
        a.make(text, "new")
        os.rename(a.lower("new"), a.lower())
        yield program.do("whole", a.path()), text
    yield program.do("pread", fd, 10, 0), b"old"


@case
def shrink_and_grow(a):
    """What was cut off is not seen again when the file grows, neither read nor mapped."""
    for options in "cache=strict,ac=0", "cache=none":
        a.make(DATA)
        a.mount_server(options)
        program = a.program()
        fd = program.do("open", a.path(), os.O_RDWR)
        yield program.do("pread", fd, len(DATA), 0) == DATA, True
        program.do("map_file", fd, len(DATA))
        yield program.do("peek", 0, len(DATA)) == DATA, True
        os.truncate(a.lower(), 100)
        yield program.do("fstat", fd).st_size, 100
        yield program.do("pread", fd, len(DATA), 0), DATA[:100]
        yield program.do("peek", 0, PAGE), DATA[:100] + bytes(PAGE - 100)
        os.truncate(a.lower(), len(DATA))
        yield program.do("fstat", fd).st_size, len(DATA)
        yield program.do("pread", fd, len(DATA), 0) == DATA[:100] + bytes(len(DATA) - 100), True
        yield program.do("peek", 0, len(DATA)) == DATA[:100] + bytes(len(DATA) - 100), True
        program.do("unmap")
        program.do("close", fd)
        yield a.umount(), None


TAIL = 12943


@case
def tail_is_zero(a):
    """Of the last page what is behind the end is zero, and what is put there stays out of the file."""
    for options in "cache=strict,ac=0", "cache=loose", "cache=none":
        a.make(DATA[:TAIL])
        a.mount_server(options)
        program = a.program()
        fd = program.do("open", a.path(), os.O_RDWR)
        program.do("map_file", fd, 4 * PAGE)
        yield program.do("peek", TAIL, 4 * PAGE - TAIL), bytes(4 * PAGE - TAIL)
        program.do("poke", 4 * PAGE - 7, b"behind")
        program.do("poke", 3 * PAGE, b"before")
        program.do("ftruncate", fd, 5 * PAGE)
        wanted = DATA[:3 * PAGE] + b"before" + DATA[3 * PAGE + 6:TAIL] + bytes(5 * PAGE - TAIL)
        yield program.do("pread", fd, 6 * PAGE, 0) == wanted, True
        program.do("fsync", fd)
        yield a.is_there() == wanted, True
        program.do("unmap")
        program.do("close", fd)
        yield a.umount(), None


def two(a, options):
    a.mount_server(options)
    a.mount_server(options, at=a.mnt + "-b")
    one, other = a.program(), a.program()
    return (one, one.do("open", a.path(), os.O_RDWR)), \
        (other, other.do("open", a.path().replace(a.mnt, a.mnt + "-b", 1), os.O_RDWR))


def end_two(a, *pairs):
    for program, fd in pairs:
        program.do("close", fd)
    return a.umount(), a.umount(a.mnt + "-b")


@case
def one_page_of_two(a):
    """Two clients write to one page by turns, and neither writes the other's bytes."""
    for options in "cache=strict,ac=0", "cache=none":
        a.make(bytes(PAGE))
        one, other = two(a, options)
        for i in range(20):
            for offset, (program, fd) in enumerate((one, other)):
                program.do("pwrite", fd, b"%c" % (i + 1), 2 * i + offset)
                if i % 4:
                    program.do("fsync", fd)
        for program, fd in one, other:
            program.do("fsync", fd)
        yield a.is_there()[:40], b"".join(b"%c%c" % (i + 1, i + 1) for i in range(20))
        yield end_two(a, one, other), (None, None)


@case
def halves_of_two(a):
    """Both are dirty at once, and both are written."""
    a.make(b"o" * 200)
    one, other = two(a, "cache=strict,ac=0")
    for program, fd in one, other:
        program.do("pread", fd, 200, 0)
    one[0].do("pwrite", one[1], b"1" * 100, 0)
    other[0].do("pwrite", other[1], b"2" * 100, 100)
    for program, fd in one, other:
        yield program.do("fsync", fd), None
    yield a.is_there(), b"1" * 100 + b"2" * 100


@case
def direct_and_mapped(a):
    """O_DIRECT into a mapping of the very file, and from one."""
    for options in "cache=strict,ac=0", "cache=loose", "cache=none":
        a.make(DATA[:4 * PAGE])
        a.mount_server(options)
        program = a.program()
        fd = program.do("open", a.path(), os.O_RDWR | os.O_DIRECT)
        program.do("map_file", fd, 4 * PAGE)
        yield program.do("read_to_map", fd, 0, 2 * PAGE, PAGE), PAGE
        yield program.do("peek", 0, 4 * PAGE) == DATA[:2 * PAGE] + DATA[:PAGE] + DATA[3 * PAGE:4 * PAGE], True
        yield program.do("write_from_map", fd, 3 * PAGE, 0, PAGE), PAGE
        program.do("sync_map")
        yield a.is_there() == DATA[:2 * PAGE] + DATA[:PAGE] * 2, True
        # Into the very page that is read.
        yield program.do("read_to_map", fd, PAGE, PAGE, PAGE), PAGE
        yield program.do("write_from_map", fd, PAGE, PAGE, PAGE), PAGE
        program.do("sync_map")
        program.do("unmap")
        program.do("close", fd)
        yield a.is_there() == DATA[:2 * PAGE] + DATA[:PAGE] * 2, True
        yield a.umount(), None


run()
