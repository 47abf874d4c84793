#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""names-gone.py MOUNT NAME: over a filesystem that keeps no negative dentries there are none.

Whoever lists a directory of tmpfs passes over each of them.
"""
import os
import sys

mount, name = sys.argv[1:3]
COUNT = 5000


def dentries():
    with open("/proc/sys/fs/dentry-state") as file:
        return int(file.read().split()[0])


os.mkdir(mount + "/names-gone")
before = dentries()
for i in range(COUNT):
    path = "%s/names-gone/%d" % (mount, i)
    assert not os.path.exists(path)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    os.unlink(path)
    assert not os.path.exists(path)
more = dentries() - before
os.rmdir(mount + "/names-gone")
print("ok " + name if more < COUNT // 2 else "not ok %s: %d more for %d names" % (name, more, COUNT))
