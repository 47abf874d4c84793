#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""frozen-write.py LOWERDIR NFS NAME: a client's WRITE while the lower filesystem is frozen.

A thread of the server waits with it; the others serve the client's other requests.
After the thaw it is done, and the client hears of it.
"""
import shutil
import signal
import sys
import time

from calls import *

lower, client, name = sys.argv[1:4]
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878


def expired(*_):
    raise InterruptedError


def server_waits():
    """Whether a thread of nfsd sleeps for something that is sure to come."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with open("/proc/%s/stat" % pid) as file:
            name, state = file.read().partition("(")[2].rsplit(")", 1)
        if name == "nfsd" and state.split()[0] == "D":
            return True
    return False


def write():
    """Nobody else may have the file: whoever closes it waits for what was written."""
    fd = os.open(client + "/frozen/written", os.O_WRONLY | os.O_SYNC)
    return os.pwrite(fd, b"new!", 0)


def spawn(function, *args):
    pid = os.fork()
    if pid == 0:
        os._exit(outcome(function, *args) != 4)
    return pid


def others():
    """What needs answers of the server's."""
    fd = os.open(client + "/frozen/other", os.O_RDONLY | os.O_DIRECT)
    assert os.pread(fd, 4096, 0) == b"o" * 4096
    os.close(fd)
    assert os.listdir(client + "/frozen/dir") == ["file"]
    assert outcome(os.stat, client + "/frozen/none") == "ENOENT"
    return 4


signal.signal(signal.SIGALRM, expired)
signal.alarm(60)
os.makedirs(lower + "/frozen/dir")
put(lower + "/frozen/written", b"old.")
put(lower + "/frozen/other", b"o" * 4096)
put(lower + "/frozen/dir/file")
root = os.open(lower, os.O_RDONLY)
problems = []
fcntl.ioctl(root, FIFREEZE, 0)
try:
    writer = spawn(write)
    while not server_waits():
        time.sleep(0.05)
    looker = spawn(others)
    if os.waitpid(looker, 0)[1]:
        problems.append("another request failed")
    if os.waitpid(writer, os.WNOHANG)[0]:
        problems.append("the write did not wait")
    if read(lower + "/frozen/written") != b"old.":
        problems.append("it was done")
except InterruptedError:
    problems.append("something hangs")
finally:
    fcntl.ioctl(root, FITHAW, 0)
if not problems and os.waitpid(writer, 0)[1]:
    problems.append("the write failed")
if read(lower + "/frozen/written") != b"new!":
    problems.append("it was not done")
# What is removed below is let go above by a lookup, which waits for the next thaw.
shutil.rmtree(client + "/frozen")
print("not ok %s: %s" % (name, ", ".join(problems)) if problems else "ok " + name)
