#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""names.py SERVED SERVER [PREFIX [CASE...]]: names that none can have, directories that are
none, walks that lead too far or nowhere.

All of it is well framed: EIO for who asked, and all else goes on.
"""
import os
import signal
import stat
import struct

from attack import CASES, alone, case, run
from p9 import ATTR, encode_attr

DATA = bytes(range(256)) * 40
DIR, VALID = 0x80, 0x7ff

BAD_NAMES = {
    "slash": b"/", "path": b"a/b", "empty": b"", "nul": b"a\0b", "long": b"n" * 256, "longest": b"n" * 0x8000,
}


def entry(message, offset, name, type_=8):
    attr = {"valid": VALID, "qid": (0, 0, 77), "mode": stat.S_IFREG | 0o644, "uid": 0, "gid": 0, "nlink": 1, "rdev": 0,
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
        # Not of what the name before it is, nor a clone of it.
        asked = proxy.keep(kind, which=lambda m: m.fields()[-1] == [b"file"])
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


run()
