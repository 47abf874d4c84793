#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""proclocks.py LOWERDIR MOUNT: who sees what in /proc/fs/holdfast/locks.

/proc/locks is the oracle: the same processes hold the same locks of two files,
one on the lower filesystem and one through the mount.
"""
import fcntl
import os
import struct
import subprocess
import sys

from calls import *

lower, mount = sys.argv[1:3]
F_OFD_SETLK = 37
OURS = "/proc/fs/holdfast/locks"


def lines(text, path):
    """[class, type, pid, start, end] of each lock of the file."""
    st = os.stat(path)
    name = "%02x:%02x:%d" % (os.major(st.st_dev), os.minor(st.st_dev), st.st_ino)
    found = [line.split() for line in text.splitlines()]
    return sorted([f[1], f[3], f[4], f[6], f[7]] for f in found if f[5] == name)


def both(of=read):
    """What this process sees of the two files, in the two lists."""
    return [lines(of(OURS).decode(), mount + "/f"), lines(of("/proc/locks").decode(), lower + "/plain")]


def in_namespace():
    """The same from a new pid namespace, which also locks a byte itself."""
    command = ["unshare", "--pid", "--fork", "--mount-proc", os.path.abspath(__file__), lower, mount, "inner"]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def lock_all(byte):
    held = []
    for path in (lower + "/plain", mount + "/f"):
        fd = os.open(path, os.O_CREAT | os.O_RDWR)
        fcntl.lockf(fd, fcntl.LOCK_EX, 5, byte)
        fcntl.fcntl(fd, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, byte + 10, 5, 0))
        if byte == 100:
            fcntl.flock(fd, fcntl.LOCK_SH)
        held.append(fd)
    return held


if sys.argv[3:] == ["inner"]:
    held = lock_all(200)
    print(json.dumps([both(), os.getpid()]))
    sys.exit(0)
held = lock_all(100)
mine, user = both(), as_user(1000, both)
inner = in_namespace()
seen = [len(mine[0]) == 3 and mine[0] == mine[1], any(f[2] == str(os.getpid()) for f in mine[0]), user == mine]
seen += [oct(os.stat(OURS).st_mode & 0o777) == "0o444", as_user(1000, os.open, OURS, os.O_WRONLY) == "EACCES"]
seen += [inner[0][0] == inner[0][1] and any(f[2] == str(inner[1]) for f in inner[0][0])]
print(seen, "mine", mine, "user's", user, "inner", inner)
sys.exit(not all(seen))
