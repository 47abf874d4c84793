#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""greeting.py SERVED SERVER [PREFIX [CASE...]]: a server that agrees on what cannot be."""
import stat
import struct

from attack import CASES, attr_with, case, is_mounted, run
from proxy import frame

DATA = bytes(range(256)) * 40


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
    "too-long": (lambda m: struct.pack("<I", 1 << 30) + m.data[4:], "EPROTO"),
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
        return attr_with(m, mode=stat.S_IFREG | 0o644, qid=(0, qid[1], qid[2]))
    proxy.change("Rgetattr", as_file)
    yield a.try_mount("cache=strict", proxy), "ENOTDIR"


@case
def killed_in_mount(a):
    """Whatever it waits for, nothing is mounted, and what comes then is nobody's."""
    for kind in "version", "caps", "attach", "getattr":
        for kind in "T" + kind, "R" + kind:
            proxy, program = a.proxy(), a.program()
            kept = proxy.keep(kind)
            program.start("mount", proxy.path, a.mnt, "cache=strict")
            a.loop.until(kept)
            program.kill()
            yield (kind, is_mounted(a.mnt)), (kind, False)
            kept.go()
            a.loop.until(lambda: not proxy.link.lives)


run()
