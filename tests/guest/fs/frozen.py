#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""frozen.py LOWERDIR MOUNT: what goes on while the lower filesystem is frozen.

What goes through a FIFO goes on, and reads do: on the mount as below.
"""
import fcntl
import os
import signal
import sys

from calls import *

lower, mount = sys.argv[1:3]
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878


def use(directory):
    # Times that a read and a write have to change, if they can.
    fifo = os.open(directory + "/fifo", os.O_RDWR)
    seen = [os.write(fifo, b"through"), os.read(fifo, 100).decode(), os.fstat(fifo).st_mtime_ns]
    seen += [read(directory + "/file").decode(), os.stat(directory + "/file").st_atime_ns]
    return seen + [sorted(os.listdir(directory)), os.readlink(directory + "/link")]


def in_child(directory):
    """As as_user(), but one that hangs is told from one that answers."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = outcome(use, directory)
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    signal.alarm(120)
    try:
        return json.loads(os.read(reader, 65536)), pid
    except InterruptedError:
        return "hangs", pid
    finally:
        signal.alarm(0)


def expired(*_):
    raise InterruptedError


signal.signal(signal.SIGALRM, expired)
for top in (lower + "/a", mount + "/b"):
    os.mkdir(top)
    os.mkfifo(top + "/fifo")
    put(top + "/file", b"text")
    os.symlink("file", top + "/link")
    for name in ("fifo", "file"):
        os.utime(top + "/" + name, ns=(1_000_000_000, 2_000_000_000))
root = os.open(lower, os.O_RDONLY)
fcntl.ioctl(root, FIFREEZE, 0)
try:
    seen = [in_child(top) for top in (lower + "/a", mount + "/b")]
    seen_again = os.stat(lower + "/b/fifo").st_mtime_ns
finally:
    fcntl.ioctl(root, FITHAW, 0)
for _, pid in seen:
    os.waitpid(pid, 0)
# Thawed, the times move again.
fifo = os.open(mount + "/b/fifo", os.O_RDWR)
os.write(fifo, b"later")
moved = os.fstat(fifo).st_mtime_ns > 2_000_000_000 and os.stat(lower + "/b/fifo").st_mtime_ns > 2_000_000_000
print("below", seen[0][0], "mount", seen[1][0], "times", seen_again, moved)
sys.exit(0 if seen[0][0] == seen[1][0] != "hangs" and seen_again == 2_000_000_000 and moved else 1)
