#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""space.py LOWERDIR MOUNT NAME [BELOW]: what is removed is gone below, without memory being wanted.

MOUNT may be an NFS client's, and is then BELOW as the server's mount has it. A
server closes files, and xfs frees inodes, in the background: hence the polls.
"""
import shutil
import sys
import time

from calls import *

lower, mount, name = sys.argv[1:4]
# (More than may be used by chance: see come_back().)
MANY = 48 if len(sys.argv) > 4 else 400


def used():
    os.sync()
    answer = os.statvfs(lower)
    return answer.f_files - answer.f_ffree, (answer.f_blocks - answer.f_bfree) * answer.f_frsize >> 10


def come_back(before):
    for _ in range(300):
        now = used()
        if now[0] < before[0] + 15 and now[1] < before[1] + 400:
            return None
        time.sleep(0.1)
    return "%s inodes, KiB: before %s, now %s" % (what, before, now)


def directories():
    for i in range(MANY):
        top = "%s/d%d" % (mount, i)
        os.mkdir(top)
        put(top + "/f", b"x")
        os.unlink(top + "/f")
        os.rmdir(top)


def trees():
    for i in range(MANY // 8):
        os.makedirs("%s/t%d/a/b/c" % (mount, i))
        outcome(os.stat, "%s/t%d/a/none" % (mount, i))
        os.symlink("x", "%s/t%d/a/b/link" % (mount, i))
        shutil.rmtree("%s/t%d" % (mount, i))


def replaced():
    """By a rename over an empty directory that had names, and over a file."""
    for i in range(MANY // 2):
        for top in ("old", "new"):
            os.mkdir("%s/%s" % (mount, top))
            put("%s/%s/f" % (mount, top), b"x" * 5000)
        os.unlink(mount + "/new/f")
        os.rename(mount + "/old", mount + "/new")
        put(mount + "/one", b"x" * 5000)
        os.rename(mount + "/new/f", mount + "/one")
        os.rmdir(mount + "/new")
    os.unlink(mount + "/one")


def opened():
    """While it is in use nothing is lost, and then it goes."""
    for i in range(max(MANY // 4, 20)):
        os.mkdir(mount + "/used")
        put(mount + "/used/f", b"x" * 5000)
        fds = [os.open(mount + "/used", os.O_RDONLY), os.open(mount + "/used/f", os.O_RDONLY)]
        os.unlink(mount + "/used/f")
        outcome(os.rmdir, mount + "/used")      # (an NFS client has renamed the file)
        assert os.read(fds[1], 9) == b"x" * 9
        for fd in reversed(fds):
            os.close(fd)
        if os.path.exists(mount + "/used"):
            shutil.rmtree(mount + "/used")


def below():
    """Removed in LOWERDIR, and then looked up through the mount."""
    for i in range(MANY // 4):
        os.makedirs(mount + "/gone/sub")
        outcome(os.stat, mount + "/gone/sub/none")
        shutil.rmtree(lower + "/gone")
        assert not os.path.exists(mount + "/gone")


for what in (directories, trees, replaced, opened) + (() if len(sys.argv) > 4 else (below,)):
    before, title = used(), what.__name__
    what()
    what = title
    wrong = come_back(before)
    print("not ok %s-space-%s: %s" % (name, title, wrong) if wrong else "ok %s-space-%s" % (name, title), flush=True)
