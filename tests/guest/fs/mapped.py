#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""mapped.py PART LOWERDIR MOUNT PREFIX: what goes by a file below, past the descriptor.

Parts: holes (madvise(MADV_REMOVE) beside layouts and pins), programs (no writer
beside one that runs), readonly (the mount, beside a mapping), overlay (LOWERDIR is
one), above (MOUNT is an overlay's upper layer, LOWERDIR the holdfast mount).
"""
import ctypes
import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys

from calls import *

part, lower, mount, prefix = sys.argv[1:5]
SIZE = 1 << 20
SETLAYOUT, GETLAYOUT, PIN, UNPIN = 0x4028BA01, 0x8028BA02, 0xC020BA03, 0x4020BA04
told = []


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s-%s: %s" % (prefix, name, wrong) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def layout(fd, kind=1):
    fcntl.ioctl(fd, SETLAYOUT, struct.pack("IIQQIIQ", kind, 0, 0, 0, signal.SIGUSR1 if kind else 0, 0, 0))


def pin(fd):
    return bytearray(fcntl.ioctl(fd, PIN, struct.pack("IIQQQ", 1, 0, 0, SIZE, 0)))


def fresh(path, data=b"d" * SIZE):
    put(path, data)
    os.sync()
    return os.open(path, os.O_RDWR)


class Mapping:
    """A shared one of a whole file that keeps no descriptor, as Python's own does."""

    def __init__(self, path, flags=os.O_RDWR):
        fd = os.open(path, flags)
        self.size = os.fstat(fd).st_size
        libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
        self.at = libc.mmap(None, ctypes.c_size_t(self.size), 3 if flags == os.O_RDWR else 1, 1, fd, ctypes.c_long(0))
        os.close(fd)
        assert self.at != ctypes.c_void_p(-1).value

    def remove(self):
        return outcome(check, libc.madvise(ctypes.c_void_p(self.at), ctypes.c_size_t(self.size), mmap.MADV_REMOVE))

    def move(self):
        """To another place, which the kernel chooses."""
        there = libc.mremap(ctypes.c_void_p(self.at), ctypes.c_size_t(0), ctypes.c_size_t(self.size), 1)
        assert there != ctypes.c_void_p(-1).value
        self.close()
        self.at = there

    def first(self):
        return ctypes.string_at(self.at, 1)

    def close(self):
        return check(libc.munmap(ctypes.c_void_p(self.at), ctypes.c_size_t(self.size)))


def has_hole(fd):
    return os.lseek(fd, 0, os.SEEK_HOLE) < SIZE


def leases(word):
    with open("/proc/fs/holdfast/leases") as lines:
        return sum(word in line for line in lines)


def holes():
    path = mount + "/holes"
    holder = fresh(path)
    other = Mapping(path)
    layout(holder)
    mine = pin(holder)
    del told[:]
    report("hole-pinned", (other.remove(), "ETXTBSY"), (has_hole(holder), False), (leases("PIN"), 1), (len(told), 0),
           (other.first(), b"d"))
    fcntl.ioctl(holder, UNPIN, mine)
    report("hole-layout", (other.remove(), "EAGAIN"), (has_hole(holder), False), (len(told), 1),
           (other.remove(), "EAGAIN"), (len(told), 1), (leases("breaking"), 1))
    # The holder's own, too: a mapping is no descriptor's.
    layout(holder, 0)
    layout(holder)
    own = Mapping(path)
    report("hole-own", (own.remove(), "EAGAIN"), (len(told), 2), (has_hole(holder), False))
    layout(holder, 0)
    blocks = os.fstat(holder).st_blocks
    report("hole-free", (other.remove(), 0), (has_hole(holder), True), (other.first(), bytes(1)),
           (os.fstat(holder).st_blocks < blocks, True))
    # What goes through the descriptor is the descriptor's still.
    layout(holder)
    report("hole-by-descriptor", (os.pwrite(holder, bytes(SIZE), 0), SIZE), (has_hole(holder), False),
           (outcome(fallocate, holder, FALLOC_PUNCH | FALLOC_KEEP_SIZE, 0, SIZE), 0), (len(told), 2))
    own.close()
    # Where mremap(2) puts it.
    other.move()
    layout(holder, 0)
    layout(holder)
    report("hole-moved", (other.remove(), "EAGAIN"), (len(told), 3))
    other.close()
    os.close(holder)
    report("holes-end", (leases(""), 0), (os.path.getsize(lower + "/holes"), SIZE))


def make_program(path, text):
    if os.path.exists(path):
        os.unlink(path)
    put(path, text)
    os.chmod(path, 0o755)
    return path


def run(path, *args):
    return outcome(lambda: subprocess.run([path, *args], stdout=subprocess.DEVNULL).returncode)


def writable(path):
    """Whether it can be opened for writing, and truncated."""
    return outcome(lambda: os.close(os.open(path, os.O_WRONLY))), outcome(os.truncate, path, os.path.getsize(path))


FREE, BUSY = (None, None), ("ETXTBSY", "ETXTBSY")


def programs():
    script = b"#!/bin/sh\nexit 42\n".ljust(4096, b"\n")
    path, below = make_program(mount + "/script", script), lower + "/script"
    area = Mapping(path)
    report("exec-mapped", (run(path), "ETXTBSY"), (area.close(), 0), (run(path), 42), (writable(path), FREE),
           (writable(below), FREE))
    fd = os.open(below, os.O_WRONLY)
    report("exec-written-below", (run(path), "ETXTBSY"), (os.close(fd), None), (run(path), 42), (writable(below), FREE))
    seen = []
    for use in (lambda fd: None, lambda fd: os.write(fd, b"#"), lambda fd: os.pread(fd, 1, 0)):
        fd = os.open(path, os.O_RDWR)
        use(fd)
        seen += [(run(path), "ETXTBSY"), (writable(below), FREE), (os.close(fd), None), (run(path), 42),
                 (writable(path), FREE)]
    report("exec-written-above", *seen)

    # A program of its own: the script is closed by its interpreter.
    with open(os.path.realpath("/bin/sleep"), "rb") as binary:
        path, below = make_program(mount + "/program", binary.read()), lower + "/program"
    child = subprocess.Popen([path, "1000"])
    report("runs-not-written", (writable(below), BUSY), (writable(path), BUSY), (run(path, "0"), 0),
           (writable(below), BUSY))
    child.kill()
    child.wait()
    report("ran-written", (writable(below), FREE), (writable(path), FREE), (run(path, "0"), 0))

    # Whatever an execve() fails with, the file is as it was.
    bad = make_program(mount + "/bad", b"\x7fELF nonsense")
    seen = [(run(bad), "ENOEXEC"), (writable(lower + "/bad"), FREE)]
    os.chmod(bad, 0o644)
    seen += [(run(bad), "EACCES"), (writable(lower + "/bad"), FREE), (run(mount), "EACCES")]
    none = make_program(mount + "/none", b"#!/nowhere\n")
    seen += [(run(none), "ENOENT"), (writable(lower + "/none"), FREE), (writable(none), FREE)]
    report("exec-fails", *seen)


def readonly():
    def remount(flag):
        return subprocess.run(["mount", "-o", "remount," + flag, mount], stderr=subprocess.DEVNULL).returncode == 0

    path = mount + "/mapped"
    put(path, bytes(4096))
    area = Mapping(path)
    seen = [(remount("ro"), False), (outcome(put, path + "2", b"x"), None), (area.close(), 0)]
    report("remount-mapped", *seen, (remount("ro"), True), (outcome(put, path, b"x"), "EROFS"), (remount("rw"), True),
           (outcome(put, path, b"x"), None))
    area = Mapping(path, os.O_RDONLY)
    report("remount-mapped-to-read", (remount("ro"), True), (remount("rw"), True), (area.close(), 0))


def overlay():
    path = mount + "/file"
    fd = fresh(path)
    answer = bytearray(40)
    fcntl.ioctl(fd, GETLAYOUT, answer)
    report("layout", (outcome(layout, fd), "ENOTSUP"), (outcome(pin, fd), "ENOTSUP"), (outcome(layout, fd, 0), "ENOTSUP"),
           (answer, bytes(40)), (Mapping(path).remove(), 0), (has_hole(fd), True))
    os.close(fd)


def above():
    fd = fresh(mount + "/file")
    area = Mapping(mount + "/file")
    os.close(fd)
    fd = os.open(lower + "/file", os.O_RDWR)
    layout(fd)
    report("hole-layout", (area.remove(), "EAGAIN"), (len(told), 1), (has_hole(fd), False))
    program = make_program(mount + "/script", b"#!/bin/sh\nexit 42\n")
    report("exec", (run(program), 42), (writable(lower + "/script"), FREE), (writable(program), FREE))


signal.signal(signal.SIGUSR1, lambda *_: told.append(1))
globals()[part]()
