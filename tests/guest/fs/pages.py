#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pages.py LOWERDIR MOUNT PREFIX: what the kernel does with a file's pages.

The lower filesystem is the oracle, but for calls that may not wait: the first
use of a descriptor is a wait (the file is opened below), and says so.
"""
import fcntl
import os
import struct
import subprocess
import sys

from calls import *

lower, mount, prefix = sys.argv[1:4]
SYNC_ALL = 1 | 2 | 4                    # SYNC_FILE_RANGE_WAIT_BEFORE, WRITE, WAIT_AFTER
FIEMAP_DELALLOC = 4
RWF_NOWAIT = os.RWF_NOWAIT


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s-%s: %s" % (prefix, name, wrong) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def nowait():
    """preadv2() and pwritev2() with RWF_NOWAIT, before the first use and after it."""
    put(mount + "/f", b"0123456789")
    put(lower + "/plain", b"0123456789")
    read(mount + "/f")                          # in the page cache from here on

    def look_at(fd):
        buf = bytearray(4)
        return [outcome(os.preadv, fd, [buf], 2, RWF_NOWAIT), bytes(buf)]

    def change(fd):
        return outcome(os.pwritev, fd, [b"ABC"], 1, RWF_NOWAIT)

    def change_in_time(fd):
        """xfs says EAGAIN if a tick has gone by: then it would write a time."""
        for _ in range(100):
            os.pwrite(fd, b"X", 9)
            said = change(fd)
            if said != "EAGAIN":
                break
        return said

    plain = os.open(lower + "/plain", os.O_RDWR)
    reader, writer = os.open(mount + "/f", os.O_RDWR), os.open(mount + "/f", os.O_RDWR)
    seen = [(look_at(reader), ["EAGAIN", bytes(4)]), (change(writer), "EAGAIN"), (read(lower + "/f"), b"0123456789")]
    if outcome(os.preadv, plain, [bytearray(1)], 0, RWF_NOWAIT) == "ENOTSUP":
        seen = [(look_at(reader)[0], "ENOTSUP"), (change(writer), "ENOTSUP")]
    seen += [(os.pread(reader, 4, 2), b"2345"), (os.pwrite(writer, b"X", 9), 1), (os.pwrite(plain, b"X", 9), 1)]
    seen += [(look_at(reader), look_at(plain)), (change_in_time(writer), change_in_time(plain)), (read(mount + "/f"), read(lower + "/plain"))]
    report("nowait", *seen)


def delayed(path):
    """How many bytes of @path have no place on disk yet."""
    return sum(length for _, _, length, flags in fiemap(path) if flags & FIEMAP_DELALLOC)


def sync_range():
    """sync_file_range() writes what it is told to, also through a descriptor that was never used."""
    seen = []
    for flags, part in ((SYNC_ALL, 0), (2, 0), (SYNC_ALL, 65536)):
        answers = []
        for path in (lower + "/plain", mount + "/f"):
            os.unlink(path)                     # one that is overwritten has its place at once
            put(path, bytes(1 << 18))
            fd = os.open(path, os.O_RDWR)
            before = delayed(path)
            answer = outcome(sync_file_range, fd, 0, part, flags)
            answers.append([before, answer, delayed(path) if flags == SYNC_ALL else None])
            os.close(fd)
        seen.append((answers[1], answers[0]))
    answers = []
    for root in (lower, mount):                 # O_EXCL alone is swapon()'s, not with O_TMPFILE
        fd = os.open(root, os.O_TMPFILE | os.O_EXCL | os.O_RDWR)
        os.write(fd, bytes(1 << 18))
        path = "/proc/self/fd/%d" % fd
        answers.append([delayed(path), outcome(sync_file_range, fd, 0, 0, SYNC_ALL), delayed(path)])
        os.close(fd)
    seen.append((answers[1], answers[0]))
    # On tmpfs nothing is ever written.
    seen += [(seen[0][0][0] > 0 and seen[0][0][2] == 0, True)] if prefix != "tmpfs" else []
    pipe = os.pipe()
    seen += [(outcome(sync_file_range, pipe[0], 0, 0, 2), "ESPIPE")]
    report("sync-range", *seen)


def cached():
    """cachestat() counts the pages of the lower file; those of tmpfs it does not see."""
    put(mount + "/f", bytes(1 << 18))
    above, below = os.open(mount + "/f", os.O_RDWR), os.open(lower + "/f", os.O_RDONLY)
    if os.environ["HF_KERNEL"] == "debug" and outcome(cachestat, below) == "ENOSYS":
        print("# the debug kernel is built without cachestat(2): the stock one tells")
        report("cachestat", (outcome(cachestat, above), "ENOSYS"))
        return
    for _ in range(1000):                       # until nothing is written back meanwhile
        os.pwrite(above, bytes(1 << 18), 0)
        before, through, after = (cachestat(fd) for fd in (below, above, below))
        if before == after and (before[1] or prefix == "tmpfs"):
            break
    wanted = [before, True] if prefix != "tmpfs" else [(0,) * 5, False]
    report("cachestat", (through, wanted[0]), (before, after), (before[0], 64), (before[1] > 0, wanted[1]))


def hints():
    """How long what is written will live: above as it was set below, and below as it is set above."""
    get_hint, set_hint = 1024 + 11, 1024 + 12   # F_GET_RW_HINT, F_SET_RW_HINT
    put(lower + "/hinted")
    below = os.open(lower + "/hinted", os.O_RDWR)
    fcntl.fcntl(below, set_hint, struct.pack("Q", 3))
    above = os.open(mount + "/hinted", os.O_RDWR)
    seen = [(fcntl.fcntl(above, get_hint, bytes(8))[0], 3)]
    fcntl.fcntl(above, set_hint, struct.pack("Q", 4))
    # (Nobody writes tmpfs's pages, and its file is not told.)
    seen += [(fcntl.fcntl(above, get_hint, bytes(8))[0], 4),
             (fcntl.fcntl(below, get_hint, bytes(8))[0], 4 if prefix != "tmpfs" else 3)]
    report("write-hint", *seen)


def swap():
    """No swap file through the mount: the lower filesystem would take our inode for its own."""
    path = mount + "/swap"
    head = bytearray(4096)
    head[1024:1032] = (1).to_bytes(4, "little") + (255).to_bytes(4, "little")    # version, last page
    head[4086:] = b"SWAPSPACE2"
    put(path, bytes(head) + bytes(255 * 4096))
    fd = os.open(path, os.O_RDWR)
    os.fsync(fd)
    os.close(fd)
    report("swap", (outcome(swapon, path), "EINVAL"))


def asynchronous():
    """libaio and io_uring; a descriptor's first use is theirs."""
    job = ["fio", "--directory=" + mount, "--size=1m", "--rw=randwrite", "--bs=4k", "--iodepth=8", "--verify=crc32c",
           "--do_verify=1"]
    for engine, direct in (("libaio", 1), ("io_uring", 0), ("io_uring", 1)):
        job += ["--name=%s%d" % (engine, direct), "--ioengine=" + engine, "--direct=%d" % direct]
    done = subprocess.run(job, capture_output=True, text=True)
    seen = [(done.returncode and (done.stderr + done.stdout)[-300:], 0)]
    report("async", *seen)


if prefix == "tmpfs":
    delayed = lambda path: 0
nowait()
sync_range()
cached()
hints()
swap()
if prefix == "ext4":
    asynchronous()
for left in os.listdir(lower):
    os.unlink(lower + "/" + left)
