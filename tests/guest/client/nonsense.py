#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""nonsense.py SERVED SERVER [PREFIX [CASE...]]: answers that no server gives.

What leaves neither framing nor trust ends the connection: EIO for everybody, and the log
says so once.  What is well framed is EIO for who asked, and all else goes on.
"""
import os
import signal
import struct

from attack import CASES, case, run
from p9 import ATTR, encode_attr
from proxy import frame

DATA = bytes(range(256)) * 40
DIR, LINK = 0x80, 2
S_IFDIR, S_IFREG, S_IFLNK = 0o040000, 0o100000, 0o120000
VALID = 0x7ff
ALL = 1 << 62


def stat(program, a, fd):
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
        a.make(DATA)
        proxy = a.mount("cache=none")
        one, two = a.program(), a.program()
        fd = one.do("open", a.path(), os.O_RDONLY)
        bad = proxy.change(kind, how)
        (read if kind == "Rread" else stat)(one, a, fd)
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

def attr_with(message, index=0, **other):
    """The fields of a reply, of which one is attributes, some of which differ."""
    values = list(message.fields())
    values[index] = {**values[index], **other}
    return tuple(values)


def alone(a, proxy, outcome, wanted):
    """It fails, and the next one does not."""
    yield outcome, wanted
    yield a.program().do("whole", a.path()), DATA
    yield len(proxy.links), 1
    yield proxy.link.lives, True


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
            return attr_with(m, index, mode=S_IFDIR | 0o755, qid=(DIR, qid[1], qid[2]))
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
    return attr_with(m, mode=S_IFDIR | 0o755, qid=(DIR, attr["qid"][1], attr["qid"][2]))


ATTRIBUTES = {
    "type-change": (as_directory, "ESTALE"),
    "type-mismatch": (lambda m: attr_with(m, mode=S_IFDIR | 0o755), "EIO"),
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


# ------------------------------------------------------------------------- names

BAD_NAMES = {
    "slash": b"/", "path": b"a/b", "empty": b"", "nul": b"a\0b", "long": b"n" * 256, "longest": b"n" * 0x8000,
}


def entry(message, offset, name, type_=8):
    attr = {"valid": VALID, "qid": (0, 0, 77), "mode": S_IFREG | 0o644, "uid": 0, "gid": 0, "nlink": 1, "rdev": 0,
            "size": 1, "blksize": 4096, "blocks": 0, "gen": 0, "data_version": 1,
            **{name: (1, 1) for name in ("atime", "mtime", "ctime", "btime")}}
    head = encode_attr(attr) if message.of == "readdirattr" else struct.pack("<BIQ", 0, 0, 77)
    return head + struct.pack("<QBH", offset, type_, len(name)) + name


def listed(a, version, entries):
    """entries(message): of the first Rreaddir; no more come.  Return: proxy, and what is listed."""
    proxy = a.mount("version=" + version)
    first = []

    def how(m):
        first.append(m)
        return (entries(m) if len(first) == 1 else b"",)
    proxy.change("Rreaddir Rreaddirattr", how, times=100)
    return proxy, a.program().do("listdir", a.top)


def bad_name(name):
    def attack(a):
        a.make(DATA)
        for version in "9p2000.L", "9p2000.L.hf1":
            proxy, outcome = listed(a, version, lambda m: entry(m, 1, b"good") + entry(m, 2, name))
            yield from alone(a, proxy, outcome, "EIO")
            yield a.umount(), None
    return attack


for name, bytes_ in BAD_NAMES.items():
    CASES["name-" + name] = bad_name(bytes_)


@case
def cut_entry(a):
    a.make(DATA)
    for version in "9p2000.L", "9p2000.L.hf1":
        proxy, outcome = listed(a, version, lambda m: entry(m, 1, b"good") + entry(m, 2, b"name")[:-1])
        yield from alone(a, proxy, outcome, "EIO")
        yield a.umount(), None


@case
def odd_entries(a):
    """Dots, a name twice, one that is not there: told as they come; offsets of any order."""
    a.make(DATA)
    for version in "9p2000.L", "9p2000.L.hf1":
        names = [b".", b"..", b"..", b"twice", b"twice", b"file", b"nobody"]
        offsets = [1 << 63, 5, (1 << 64) - 1, 5, 0, 2, 1 << 40]
        proxy, outcome = listed(a, version, lambda m: b"".join(
            entry(m, offset, name) for offset, name in zip(offsets, names)))
        yield outcome, ["twice", "twice", "file", "nobody"]
        yield a.umount(), None


@case
def same_offset(a):
    """A server that begins anew each time makes it endless, but who reads can be killed."""
    a.make(DATA)
    for version in "9p2000.L", "9p2000.L.hf1":
        proxy = a.mount("version=" + version)
        again = proxy.change("Rreaddir Rreaddirattr", lambda m: m.with_fields((entry(m, 0, b"again"),)), times=20)
        program = a.program()
        program.start("listdir", a.top)
        a.loop.until(again)
        program.kill(signal.SIGKILL)
        yield program.result(), "killed"
        yield a.program().do("whole", a.path()), DATA
        yield a.umount(), None


@case
def many_qids(a):
    """A walk that leads further than it was to."""
    a.make(DATA)
    for version, kind in ("9p2000.L", "Rwalk"), ("9p2000.L.hf1", "Rwalkattr"):
        for more in 1, 15, 16:
            proxy = a.mount("version=" + version)
            proxy.change(kind, lambda m: m.fields()[:-1] + (m.fields()[-1] + [(DIR, 0, 1)] * more,))
            outcome = a.program().do("stat", a.path())
            if more < 16:
                yield from alone(a, proxy, outcome, "EIO")
            else:
                # 17 is no message at all.
                yield outcome, "EIO"
                yield a.program().do("stat", a.path()), "EIO"
            yield a.umount(), None


@case
def few_qids(a):
    """A walk that gets nowhere, and makes no fid."""
    a.make(DATA)
    nothing = {"valid": 0, "qid": (0, 0, 0), **{name: 0 for name in ATTR[2:10] + ATTR[14:]},
               **{name: (0, 0) for name in ATTR[10:14]}}
    for version, kind, values in ("9p2000.L", "Twalk", ([],)), ("9p2000.L.hf1", "Twalkattr", (nothing, [])):
        proxy = a.mount("ac=0,version=" + version)
        a.program().do("stat", a.top)
        asked = proxy.keep(kind)
        program = a.program()
        program.start("stat", a.path())
        a.loop.until(asked)
        proxy.link.to_client(asked.message.answer(*values))
        yield program.result(), "ENOENT"
        # That there is none is believed for as long as the directory is the same.
        a.make(b"", version)
        yield a.program().do("whole", a.path()), DATA
        yield a.umount(), None


@case
def directory_in_itself(a):
    """A directory is said to be the one that it is in."""
    a.make(DATA)
    os.makedirs(a.lower("inner"), exist_ok=True)
    proxy = a.mount("cache=strict,ac=60")
    program = a.program()
    above = proxy.change("Rwalkattr", lambda m: m.data)
    yield program.do("stat", a.top).st_ino, os.stat(a.below).st_ino

    def how(m):
        attr = above.message.fields()[0]
        return attr, [attr["qid"]]
    proxy.change("Rwalkattr", how)
    yield program.do("stat", a.path("inner")), "ELOOP"
    yield program.do("stat", a.path("inner")).st_ino, os.stat(a.lower("inner")).st_ino


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


@case
def false_end(a):
    """Nothing is read where there is something: it is not made up, nor kept."""
    a.make(DATA)
    for options in "cache=strict", "cache=none":
        proxy = a.mount(options)
        program = a.program()
        fd = program.do("open", a.path(), os.O_RDONLY)
        proxy.change("Rread", lambda m: (m.fields()[0][:max(0, 100 - m.request.fields()[1])],), times=2)
        yield program.do("pread", fd, 9000, 0).rstrip(b"\0") in (DATA[:100].rstrip(b"\0"), DATA[:9000]), True
        yield a.umount(), "EBUSY"
        program.do("close", fd)
        yield a.program().do("whole", a.path()), DATA
        yield a.umount(), None


@case
def clunk_refused(a):
    a.make(DATA)
    proxy = a.mount("cache=none")
    refused = proxy.change("Rclunk", lambda m: m.error(5), times=3)
    program = a.program()
    for _ in range(3):
        yield program.do("whole", a.path()), DATA
    a.loop.until(refused)


# --------------------------------------------------------------------- the greeting

def greeted(a, how, options="cache=strict", times=2):
    proxy = a.proxy()
    proxy.change("Rversion", how, times=times)
    return a.try_mount(options, proxy)


VERSIONS = {
    "msize-0": (lambda m: (0, m.fields()[1]), "EPROTONOSUPPORT"),
    "msize-small": (lambda m: (4096, m.fields()[1]), "EPROTONOSUPPORT"),
    "unknown": (lambda m: (m.fields()[0], b"unknown"), "EPROTONOSUPPORT"),
    "other": (lambda m: (m.fields()[0], b"9P2000.L.hf2"), "EPROTONOSUPPORT"),
    "no-name": (lambda m: (m.fields()[0], b""), "EPROTONOSUPPORT"),
    "refused": (lambda m: m.error(5), "EPROTONOSUPPORT"),
    "tagged": (lambda m: m.data[:5] + b"\0\0" + m.data[7:], "EPROTO"),
    "another-type": (lambda m: frame(121, m.tag, b""), "EPROTO"),
    "payload": (lambda m: frame(117, m.tag, b"\0\0\0\0"), "EPROTO"),
    "too-long": (lambda m: resized(m.data, 1 << 30), "EPROTO"),
}


def version(how, wanted):
    def attack(a):
        yield greeted(a, how), wanted
    return attack


for name, how in VERSIONS.items():
    CASES["version-" + name] = version(*how)


@case
def version_twice(a):
    """No other version is agreed on by a server that says so once more."""
    a.make(DATA)
    proxy = a.mount()
    proxy.change("Rstatfs", lambda m: frame(101, 0xffff, struct.pack("<IH", 8192, 8) + b"9P2000.L"))
    yield a.program().do("statvfs", a.path()), "EIO"


def shows(at):
    with open("/proc/mounts") as mounts:
        return [line for line in mounts if " %s " % at in line][0]


@case
def version_larger(a):
    """An msize of more than was asked for is as good as what was; .L will do, if asked twice."""
    a.make(DATA)
    yield greeted(a, lambda m: (0xffffffff, m.fields()[1]), "msize=65536"), None
    yield "msize=65536," in shows(a.mnt), True
    yield a.umount(), None
    yield greeted(a, lambda m: (m.fields()[0], b"unknown"), times=1), None
    yield "version=9p2000.L," in shows(a.mnt), True
    yield a.program().do("whole", a.path()), DATA


@case
def caps(a):
    """A server of hf1 that knows nothing of it, and one that says it knows everything."""
    a.make(DATA)
    for known in bytes(32), b"\xff" * 32:
        proxy = a.proxy()
        proxy.change("Rcaps", lambda m: (known,))
        yield a.try_mount("cache=strict", proxy), None
        program = a.program()
        yield program.do("whole", a.path()), DATA
        yield program.do("store", a.path("other"), DATA), len(DATA)
        yield sorted(program.do("listdir", a.top)), ["file", "other"]
        yield a.umount(), None


@case
def root_is_no_directory(a):
    proxy = a.proxy()

    def as_file(m):
        qid = m.fields()[0]["qid"]
        return attr_with(m, mode=S_IFREG | 0o644, qid=(0, qid[1], qid[2]))
    proxy.change("Rgetattr", as_file)
    yield a.try_mount("cache=strict", proxy), "ENOTDIR"


run()
