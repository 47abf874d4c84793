#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""atime.py LOWERDIR MOUNT: who decides whether an access time is kept.

Each of the two mounts may say that it is not; MOUNT is made and ended here.
"""
import subprocess
import sys
import time

from calls import *

lower, mount = sys.argv[1:3]
KINDS = {"file": lambda p: read(p), "dir": os.listdir, "symlink": os.readlink,
         "followed": lambda p: outcome(os.stat, p), "fifo": lambda p: through(p)}


def through(path):
    fd = os.open(path, os.O_RDWR)
    os.write(fd, b"x")
    os.read(fd, 1)
    os.close(fd)


def call(*command):
    subprocess.run(command, check=True)


def touched(options, below="", stamp=1):
    """Which objects have another access time than @stamp after they were read."""
    if below:
        call("mount", "-o", "remount,bind," + below, base)
    call("mount", "-t", "holdfast", "-o", options, lower, mount)
    if below:                               # the mount has its own copy of that
        call("mount", "-o", "remount,bind,atime,diratime,relatime", base)
    seen = set()
    for name, use in KINDS.items():
        os.utime(lower + "/" + name, (stamp, 1), follow_symlinks=False)
        use(mount + "/" + name)
        if os.lstat(lower + "/" + name).st_atime != stamp:
            seen.add(name)
        if os.lstat(mount + "/" + name).st_atime != os.lstat(lower + "/" + name).st_atime:
            seen.add(name + " differs")
    call("umount", mount)
    return sorted(seen)


def report(name, seen, wanted):
    print("ok atime-" + name if seen == wanted else "not ok atime-%s: %s, not %s" % (name, seen, wanted), flush=True)


base = os.path.dirname(lower)
put(lower + "/file", b"x")
os.mkdir(lower + "/dir")
os.symlink("none", lower + "/symlink")
os.symlink("none", lower + "/followed")
os.mkfifo(lower + "/fifo")
everything = sorted(KINDS)
report("kept", touched("relatime"), everything)
report("not-above", touched("noatime"), [])
report("not-below", touched("relatime", "noatime"), [])
report("no-dirs-above", touched("nodiratime"), sorted(set(KINDS) - {"dir"}))
report("no-dirs-below", touched("relatime", "nodiratime"), sorted(set(KINDS) - {"dir"}))
# Younger than the last change, it is left alone unless all are wanted.
young = int(time.time()) + 3600
report("young", touched("relatime", stamp=young), [])
report("strict-above", touched("strictatime", stamp=young), ["fifo", "followed", "symlink"])
report("strict-below", touched("relatime", "strictatime", stamp=young), ["dir", "file"])
report("strict", touched("strictatime", "strictatime", stamp=young), everything)
