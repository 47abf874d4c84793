#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""gated.py ADDRESS KIND DIRECTORY [PREFIX [CASE...]]: locks of a filesystem that answers when it is told to.

It is a FUSE, mounted on DIRECTORY and served by this program: a directory with one
file.  So of two requests either is answered first, as the case wants it.
"""
import ctypes
import errno
import fcntl
import os
import queue
import stat
import struct
import threading

from config import Export
from p9 import *
from suite import address, case, run, top

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, INIT, OPENDIR, RELEASEDIR, SETLK, BATCH_FORGET = \
    1, 2, 3, 14, 15, 17, 18, 26, 27, 29, 32, 42
ROOT, FILE = 1, 2
POSIX_LOCKS = 2
DIRECT_IO = 1
libc = ctypes.CDLL(None, use_errno=True)


class Fuse:
    """What is asked about locks comes to @asked, and waits for answer() until all may pass."""

    def __init__(self):
        self.device, self.asked, self.shut = os.open("/dev/fuse", os.O_RDWR), queue.Queue(), True
        self.content = b""
        options = "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other" % self.device
        if libc.mount(b"gated", top.encode(), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "no FUSE")
        threading.Thread(target=self.serve, daemon=True).start()

    def end(self):
        if libc.umount2(top.encode(), 0):
            raise OSError(ctypes.get_errno(), "umount")

    def answer(self, unique, data=b"", error=0):
        os.write(self.device, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def let_pass(self):
        self.shut = False
        while not self.asked.empty():
            self.answer(self.asked.get()[1])

    def serve(self):
        try:
            while True:
                data = os.read(self.device, 1 << 18)
                _, op, unique, node = struct.unpack_from("<IIQQ", data)
                self.act(op, unique, node, data[40:])
        except OSError as gone:
            if gone.errno != errno.ENODEV:
                raise

    def act(self, op, unique, node, body):
        if op == SETLK and self.shut:
            self.asked.put((struct.unpack_from("<I", body, 32)[0], unique))
        elif op == INIT:
            self.answer(unique, struct.pack("<IIIIHHIIHH32x", 7, 31, 1 << 17, POSIX_LOCKS, 12, 9, 1 << 17, 1, 32, 0))
        elif op == LOOKUP and body == b"file\0":
            self.answer(unique, struct.pack("<QQQQII", FILE, 0, 1000, 1000, 0, 0) + attr(FILE))
        elif op == LOOKUP:
            self.answer(unique, error=errno.ENOENT)
        elif op == GETATTR:
            self.answer(unique, struct.pack("<QII", 1000, 0, 0) + attr(node))
        elif op in (OPEN, OPENDIR):
            self.answer(unique, struct.pack("<QII", 0, DIRECT_IO if op == OPEN else 0, 0))
        elif op == READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            self.answer(unique, self.content[offset:offset + size])
        elif op == STATFS:
            self.answer(unique, bytes(80))
        elif op in (RELEASE, RELEASEDIR, SETLK):
            self.answer(unique)
        elif op not in (FORGET, BATCH_FORGET):
            self.answer(unique, error=errno.ENOSYS)


def attr(node):
    mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
    return struct.pack("<6Q3I7I", node, 100, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


@case
def unlock_that_passed_before(fuse):
    """A lock is granted after the filesystem has let the same owner's unlock of all pass, and its request ends
    before the unlock's: the lock goes with its fid all the same."""
    with Export("gated", path=top, threads=4):
        try:
            return passed(fuse)
        finally:
            fuse.let_pass()


def passed(fuse):
    c = Client(address)
    root = c.root("gated")
    mine, other = (c.opened(root, "file", RDWR) for _ in range(2))
    ask = lambda fid, kind: c.send("lock", fid, kind, 0, 0, 0, 1, "node")
    lock = ask(mine, WRLCK)
    first = fuse.asked.get(timeout=60)
    unlock = ask(other, UNLCK)
    second = fuse.asked.get(timeout=60)
    pairs = [((first[0], second[0]), (fcntl.F_WRLCK, fcntl.F_UNLCK))]
    for (_, unique), tag in (first, lock), (second, unlock):
        fuse.answer(unique)
        pairs.append((c.receive(tag), SUCCESS))
    clunk = c.send("clunk", mine)
    return pairs + [(asked(fuse), fcntl.F_UNLCK), (outcome(c.receive, clunk), None)]


def asked(fuse):
    """What is asked next, which is answered; None: nothing is."""
    try:
        kind, unique = fuse.asked.get(timeout=10)
    except queue.Empty:
        return None
    fuse.answer(unique)
    return kind


@case
def reads_ask_it(fuse):
    """What is read is what the filesystem says now, however long the kernel believes the file to be."""
    with Export("gated", path=top, threads=4):
        c, pairs = Client(address), []
        fid = c.opened(c.root("gated"), "file", RDONLY)
        for fuse.content in b"a" * 300, b"b" * 3000:
            pairs.append((c.read(fid, 0, 4000) == fuse.content, True))
        return pairs


fuse = Fuse()
try:
    run(lambda name: fuse)
finally:
    fuse.end()
