#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""nonsense.py SERVED SERVER [PREFIX [CASE...]]: answers that no server gives.

What leaves neither framing nor trust ends the connection: EIO for everybody, and the log
says so once.  What is well framed is EIO for who asked, and all else goes on.
"""
import os
import stat
import struct

from attack import CASES, alone, attr_with, case, run
from proxy import frame

DATA = bytes(range(256)) * 40
DIR, VALID, ALL = 0x80, 0x7ff, 1 << 62


def ask(program, a, fd):
    program.start("size_there", fd)


def read(program, a, fd):
    program.start("pread", fd, 5000, 0)


# ------------------------------------------------------------- the connection ends

def resized(data, size):
    return struct.pack("<I", size) + data[4:]


def other_count(message, count):
    return message.data[:7] + struct.pack("<I", count) + message.data[11:]


def TWICE(message):
    return message.data * 2


ENDING = {
    # name: (of which reply, what is sent for it, what the log says of the message)
    "unknown-tag": ("Rgetattr", lambda m: m.data[:5] + b"\xc8\x00" + m.data[7:], "type 25, tag 200,"),
    "unknown-tag-payload": ("Rread", lambda m: m.data[:5] + b"\xc8\x00" + m.data[7:], "type 117, tag 200,"),
    "no-tag": ("Rgetattr", lambda m: m.data[:5] + b"\xff\xff" + m.data[7:], "type 25, tag 65535,"),
    "wrong-type": ("Rgetattr", lambda m: frame(121, m.tag, b""), "type 121, tag %d,"),
    "wrong-type-payload": ("Rgetattr", lambda m: frame(117, m.tag, b"\4\0\0\0four"), "type 117, tag %d,"),
    "rflush-unasked": ("Rgetattr", lambda m: frame(109, m.tag, b""), "type 109, tag %d,"),
    "twice": ("Rgetattr", TWICE, "type 25, tag %d,"),
    "field-beyond": ("Rgetattr", lambda m: resized(m.data[:100], 100), "type 25, tag %d, 100 bytes"),
    "trailing-byte": ("Rgetattr", lambda m: resized(m.data + b"x", len(m.data) + 1), "type 25, tag %d, 161 bytes"),
    "size-0": ("Rgetattr", lambda m: resized(m.data, 0), "fault 1"),
    "size-6": ("Rgetattr", lambda m: resized(m.data, 6), "fault 1"),
    "size-of-msize": ("Rgetattr", lambda m: resized(m.data, (1 << 20) + 1), "fault 2"),
    "size-most": ("Rgetattr", lambda m: resized(m.data, 0xffffffff), "fault 2"),
    "request": ("Rgetattr", lambda m: frame(120, m.tag, b"\1\0\0\0"), "fault 4"),
    "count-less": ("Rread", lambda m: other_count(m, 4), "fault 5"),
    "count-more": ("Rread", lambda m: other_count(m, 0xffffffff), "fault 5"),
    "more-than-asked": ("Rread", lambda m: m.with_fields((bytes(m.request.fields()[2] + 1),)), "fault 6"),
}


def ending(kind, how, says):
    def attack(a):
        a.will_log()
        a.make(DATA)
        proxy = a.mount("cache=none")
        one, two = a.program(), a.program()
        fd = one.do("open", a.path(), os.O_RDONLY)
        bad = proxy.change(kind, how)
        (read if kind == "Rread" else ask)(one, a, fd)
        # What came before is good.
        yield one.result() == "EIO", how is not TWICE
        yield (two.do("statvfs", a.path()), one.do("pread", fd, 1, 0)), ("EIO", "EIO")
        says_so = says % bad.message.tag if "%" in says else says
        yield a.log("9P session [0-9]+.*" + says_so), 1
        yield a.log("9P session [0-9]+ has ended: -71"), 1
    return attack


for name, how in ENDING.items():
    CASES[name] = ending(*how)


# ------------------------------------------------------------- one call alone fails

@case
def write_count(a):
    """More than was to be written."""
    a.make(DATA)
    proxy = a.mount("cache=none")
    program = a.program()
    fd = program.do("open", a.path(), os.O_WRONLY)
    proxy.change("Rwrite", lambda m: (m.fields()[0] + 1,))
    yield from alone(a, proxy, program.do("pwrite", fd, DATA[:9], 0), "EIO")


@case
def create_directory(a):
    """What is made as a file is called a directory."""
    a.make(DATA)
    for version in "9p2000.L", "9p2000.L.hf1":
        proxy = a.mount("version=" + version)
        kind, index = ("Rgetattr", 0) if version == "9p2000.L" else ("Rcreateattr", 2)

        def how(m):
            qid = m.fields()[index]["qid"]
            return attr_with(m, index, mode=stat.S_IFDIR | 0o755, qid=(DIR, qid[1], qid[2]))
        program = a.program()
        proxy.rules.append(lambda m: m.kind == "Rlcreate" and not proxy.change(kind, how))
        if index:
            proxy.change(kind, how)
        outcome = program.do("open", a.path("new"), os.O_CREAT | os.O_EXCL | os.O_RDWR)
        yield from alone(a, proxy, outcome, "EIO")
        yield a.umount(), None
        os.unlink(a.lower("new"))


def as_directory(m):
    attr = m.fields()[0]
    return attr_with(m, mode=stat.S_IFDIR | 0o755, qid=(DIR, attr["qid"][1], attr["qid"][2]))


ATTRIBUTES = {
    "type-change": (as_directory, "ESTALE"),
    "type-mismatch": (lambda m: attr_with(m, mode=stat.S_IFDIR | 0o755), "EIO"),
    "no-type": (lambda m: attr_with(m, mode=0o644), "EIO"),
    "other-file": (lambda m: attr_with(m, qid=(0, 0, 12345)), "ESTALE"),
    "no-mode": (lambda m: attr_with(m, valid=VALID & ~1), "EIO"),
    "no-size": (lambda m: attr_with(m, valid=VALID & ~0x200), "EIO"),
    "nothing-valid": (lambda m: attr_with(m, valid=0), "EIO"),
    "size-beyond": (lambda m: attr_with(m, size=1 << 63), "EIO"),
    "errno-0": (lambda m: m.error(0), "EIO"),
    "errno-512": (lambda m: m.error(512), "EIO"),
    "errno-most": (lambda m: m.error(0xffffffff), "EIO"),
}


def attributes(how, wanted):
    def attack(a):
        a.make(DATA)
        proxy = a.mount("cache=strict,ac=0")
        program = a.program()
        fd = program.do("open", a.path(), os.O_RDONLY)
        proxy.change("Rgetattr", how)
        yield from alone(a, proxy, program.do("size_there", fd), wanted)
    return attack


for name, how in ATTRIBUTES.items():
    CASES[name] = attributes(*how)


@case
def odd_attributes(a):
    """What may be, if one would not think so: it is shown, and does no harm."""
    a.make(DATA)
    proxy = a.mount("cache=strict,ac=0")
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDWR)
    most = (1 << 64) - 1
    proxy.change("Rgetattr", lambda m: attr_with(
        m, valid=VALID | 0x3800 | ALL, nlink=0, uid=0xffffffff, gid=0xffffffff, rdev=most, blksize=0,
        blocks=most, mtime=(most, most), atime=(1 << 63, 10 ** 9), gen=0xffffffff << 32))
    yield program.do("size_there", fd), len(DATA)
    yield program.do("fstat", fd).st_nlink in (0, 1), True
    yield a.program().do("whole", a.path()), DATA
    yield program.do("size_there", fd), len(DATA)
    yield program.do("fstat", fd).st_nlink, 1
    proxy.change("Rgetattr", lambda m: attr_with(m, nlink=most))
    yield program.do("size_there", fd), len(DATA)
    proxy.change("Rgetattr", lambda m: attr_with(m, size=(1 << 63) - 1))
    yield program.do("size_there", fd), (1 << 63) - 1
    yield program.do("pread", fd, 10, 1 << 62) in (b"", bytes(10)), True
    yield program.do("size_there", fd), len(DATA)


# ------------------------------------------------------------------- other replies

LINKS = {"empty": b"", "nul": b"a\0b", "long": b"x" * 4096, "longer": b"x" * 8000}


def bad_link(target):
    def attack(a):
        a.make(DATA)
        os.symlink("file", a.lower("link"))
        proxy = a.mount()
        proxy.change("Rreadlink", lambda m: (target,))
        yield from alone(a, proxy, a.program().do("readlink", a.path("link")), "EIO")
        yield a.program().do("readlink", a.path("link")), "file"
    return attack


for name, bytes_ in LINKS.items():
    CASES["link-" + name] = bad_link(bytes_)


@case
def attribute_size(a):
    """An extended attribute that is larger than one can be, or shorter than was said."""
    a.make(DATA)
    os.setxattr(a.lower(), "user.a", b"value")
    proxy = a.mount()
    program = a.program()
    for size, wanted in ((1 << 64) - 1, "E2BIG"), (65537, "E2BIG"), (6, "EIO"):
        for deed in ("getxattr", a.path(), "user.a"), ("listxattr", a.path()):
            proxy.change("Rxattrwalk", lambda m: (size,))
            seen = program.do(*deed)
            yield from alone(a, proxy, seen, wanted if size > 6 or deed[0] == "getxattr" else [])
    yield program.do("getxattr", a.path(), "user.a"), b"value"


@case
def odd_statfs(a):
    a.make(DATA)
    proxy = a.mount()
    most = (1 << 64) - 1
    proxy.change("Rstatfs", lambda m: (0, 0, most, most, most, most, most, most, 0xffffffff))
    yield a.program().do("statvfs", a.path()).f_namemax, 255


# Of which version, how many answers it takes to say that a file ends: with hf1 a short one does.
ENDS = ("9p2000.L", 2), ("9p2000.L.hf1", 1)


@case
def false_end(a):
    """Nothing is read where there is something: it is not made up, nor kept."""
    a.make(DATA)
    for version, answers in ENDS:
        for cache in "strict", "none":
            proxy = a.mount("cache=%s,version=%s" % (cache, version))
            program = a.program()
            fd = program.do("open", a.path(), os.O_RDONLY)
            false = proxy.change("Rread", lambda m: (m.fields()[0][:max(0, 100 - m.request.fields()[1])],),
                                 times=answers)
            yield program.do("pread", fd, 9000, 0).rstrip(b"\0") in (DATA[:100].rstrip(b"\0"), DATA[:9000]), True
            yield false(), True
            yield a.umount(), "EBUSY"
            program.do("close", fd)
            yield a.program().do("whole", a.path()), DATA
            yield a.umount(), None


def seek_to(where):
    def attack(a):
        a.will_log()
        a.make(DATA)
        proxy = a.mount("cache=strict,ac=60")
        program = a.program()
        fd = program.do("open", a.path(), os.O_RDONLY)
        for whence in os.SEEK_DATA, os.SEEK_HOLE:
            proxy.change("Rseek", lambda m: (where,), times=3)
            yield program.do("lseek", fd, 100, whence), "EIO"
            yield program.do("lseek", fd, 0, os.SEEK_CUR), 0
            proxy.rules.clear()
        yield a.log("9P session [0-9]+: .* from 100 on is said to be at %d, in a file of %d bytes" % (
            where, len(DATA))), 2
        yield from alone(a, proxy, program.do("lseek", fd, 100, os.SEEK_DATA), 100)
    return attack


for name, where in ("before", 99), ("beyond", len(DATA) + 1), ("most", (1 << 64) - 1):
    CASES["seek-" + name] = seek_to(where)


@case
def seek_in_larger(a):
    """Others have made it larger than is known here: there is nothing wrong with that."""
    a.make(DATA)
    proxy = a.mount("cache=strict,ac=60")
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)
    a.make(DATA * 2)
    yield program.do("size_here", fd), len(DATA)
    yield program.do("lseek", fd, len(DATA) + 5, os.SEEK_DATA), len(DATA) + 5
    yield program.do("lseek", fd, 0, os.SEEK_HOLE), 2 * len(DATA)
    # And smaller, while he was asked.
    asked = proxy.keep("Rseek")
    program.start("lseek", fd, 0, os.SEEK_HOLE)
    a.loop.until(asked)
    a.make(DATA[:50])
    other = a.program()
    yield other.do("size_there", other.do("open", a.path(), os.O_RDONLY)), 50
    asked.go()
    yield program.result(), 50


@case
def clunk_refused(a):
    a.make(DATA)
    proxy = a.mount("cache=none")
    refused = proxy.change("Rclunk", lambda m: m.error(5), times=3)
    program = a.program()
    for _ in range(3):
        yield program.do("whole", a.path()), DATA
    a.loop.until(refused)


run()
