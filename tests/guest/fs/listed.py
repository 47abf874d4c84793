#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""listed.py MOUNT: /proc/fs/holdfast/leases of a file that has many.

It is read in batches. What stays from before the first until after the last is
shown once, whatever goes between two of them.
"""
import resource
import sys

from calls import *

mount = sys.argv[1]
SETLAYOUT, PIN = 0x4028BA01, 0xC020BA03
COUNT, GONE, BATCH, BLOCK = 2000, 600, 256, 4096


def report(name, seen, wanted):
    print("ok %s" % name if seen == wanted else "not ok %s: %s, not %s" % (name, seen, wanted), flush=True)


def listed(word, between):
    """The beginnings of the ranges in the lines of a kind; @between is called when the first batch is there."""
    fd = os.open("/proc/fs/holdfast/leases", os.O_RDONLY)
    text = os.read(fd, 512)
    between()
    while part := os.read(fd, 65536):
        text += part
    os.close(fd)
    lines = [line.split() for line in text.decode().splitlines()]
    return [int(line[5]) for line in lines if line[1] == word]


def close_all(fds):
    for fd in fds:
        os.close(fd)


def holders(name, count, take):
    put(mount + "/" + name, b"x")
    fds = [os.open(mount + "/" + name, os.O_RDWR if take == pin else os.O_RDONLY) for _ in range(count)]
    for i, fd in enumerate(fds):
        take(fd, i)
    return fds


def lease(fd, i):
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)


def layout(fd, i):
    fcntl.ioctl(fd, SETLAYOUT, struct.pack("IIQQIIQ", 1, 0, i * BLOCK, BLOCK, 0, 0, 0))


def pin(fd, i):
    fcntl.ioctl(fd, SETLAYOUT, struct.pack("IIQQIIQ", 1, 0, 0, 0, 0, 0, 0))
    fcntl.ioctl(fd, PIN, struct.pack("IIQQQ", 1, 0, i * BLOCK, BLOCK, 0))


resource.setrlimit(resource.RLIMIT_NOFILE, (COUNT + 100, COUNT + 100))

# The oldest are the first: of those that go a batch has been shown.
fds = holders("leases", COUNT, lease)
seen = listed("LEASE", lambda: close_all(fds[:GONE]))
report("listed-leases", len(seen), BATCH + COUNT - GONE)
report("listed-all-leases", len(listed("LEASE", lambda: None)), COUNT - GONE)
close_all(fds[GONE:])

# The newest are the first of these.
for kind, take in (("LAYOUT", layout), ("PIN", pin)):
    fds = holders(kind, COUNT, take)
    # The pins' layouts come before them: the first batch is none of theirs.
    shown = 0 if kind == "PIN" else BATCH
    seen = listed(kind, lambda: close_all(fds[-GONE:]))
    wanted = set(range(COUNT - GONE)) | set(range(COUNT - shown, COUNT))
    report("listed-" + kind.lower(), (len(seen), {at // BLOCK for at in seen} == wanted), (len(wanted), True))
    close_all(fds[:-GONE])

# Of many files each has a few.
fds = [fd for i in range(500) for fd in holders("file%d" % i, 2, lease)]
seen = listed("LEASE", lambda: close_all(fds[0:400]))
report("listed-files", len(seen), BATCH + 600)
close_all(fds[400:])
report("listed-none", listed("LEASE", lambda: None), [])
