#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""below.py LOWERDIR MOUNT PREFIX: changes made directly below become visible."""
import os
import shutil
import sys
import time

from calls import *

lower, mount, prefix = sys.argv[1:4]


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s-%s: %s" % (prefix, name, wrong) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def fresh():
    for name in os.listdir(lower):
        path = lower + "/" + name
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def created():
    fresh()
    before = outcome(os.stat, mount + "/f")
    put(lower + "/f", b"new")
    report("below-create", (before, "ENOENT"), (read(mount + "/f"), b"new"), (os.listdir(mount), ["f"]))


def removed():
    fresh()
    put(mount + "/f", b"1")
    os.makedirs(mount + "/d/e")
    fd = os.open(mount + "/f", os.O_RDONLY)
    os.unlink(lower + "/f")
    shutil.rmtree(lower + "/d")
    report("below-remove", (outcome(os.stat, mount + "/f"), "ENOENT"), (outcome(os.stat, mount + "/d/e"), "ENOENT"),
           (os.pread(fd, 9, 0), b"1"), (os.fstat(fd).st_nlink, 0), (outcome(os.mkdir, mount + "/d"), None))
    os.close(fd)


def replaced():
    fresh()
    put(mount + "/f", b"old")
    old = os.stat(mount + "/f").st_ino
    put(lower + "/g", b"other")
    os.rename(lower + "/g", lower + "/f")
    report("below-replace", (read(mount + "/f"), b"other"), (os.stat(mount + "/f").st_ino != old, True),
           (outcome(os.stat, mount + "/g"), "ENOENT"))


def renamed():
    fresh()
    os.makedirs(mount + "/a/in")
    put(mount + "/a/in/f", b"deep")
    os.mkdir(mount + "/b")
    where = os.open(mount + "/a/in", os.O_DIRECTORY)
    os.rename(lower + "/a/in", lower + "/b/out")
    seen = [(outcome(os.stat, mount + "/a/in"), "ENOENT"), (read(mount + "/b/out/f"), b"deep")]
    put(mount + "/b/out/g", b"through the new name")
    seen += [(sorted(os.listdir(where)), ["f", "g"]), (read(lower + "/b/out/g"), b"through the new name")]
    # A directory turned inside out: a/x becomes a parent of a.
    os.makedirs(mount + "/p/q")
    os.stat(mount + "/p/q")
    os.rename(lower + "/p/q", lower + "/q")
    os.rename(lower + "/p", lower + "/q/p")
    seen += [(outcome(os.stat, mount + "/p"), "ENOENT"), (os.listdir(mount + "/q"), ["p"]), (os.listdir(mount + "/q/p"), [])]
    os.close(where)
    report("below-rename", *seen)


def exchanged():
    fresh()
    put(mount + "/a", b"A")
    put(mount + "/b", b"B")
    renameat2(lower + "/a", lower + "/b", RENAME_EXCHANGE)
    os.stat(mount + "/a")
    report("below-exchange", (read(mount + "/a"), b"B"), (read(mount + "/b"), b"A"),
           (os.stat(mount + "/a").st_ino, os.stat(lower + "/a").st_ino))


def attributes():
    fresh()
    put(mount + "/f", b"12345")
    fd = os.open(mount + "/f", os.O_RDWR)
    os.truncate(lower + "/f", 100)
    seen = [(os.lseek(fd, 0, os.SEEK_END), 100), (os.fstat(fd).st_size, 100)]
    with open(lower + "/f", "ab") as file:
        file.write(b"x" * 50)
    seen += [(len(os.pread(fd, 1000, 0)), 150), (os.lseek(fd, -1, os.SEEK_END), 149)]
    os.chmod(lower + "/f", 0o604)
    os.chown(lower + "/f", 1000, 1001)
    seen += [(look(mount + "/f"), look(lower + "/f"))]
    os.setxattr(lower + "/f", "user.below", b"1")
    seen += [(os.getxattr(mount + "/f", "user.below"), b"1")]
    os.chmod(lower + "/f", 0)
    os.chmod(mount, 0o755)
    seen += [(as_user(1002, os.open, mount + "/f", os.O_RDONLY), "EACCES")]
    os.chmod(lower + "/f", 0o644)
    seen += [(as_user(1002, lambda: len(read(mount + "/f"))), 150)]
    os.link(lower + "/f", lower + "/g")
    seen += [(os.stat(mount + "/f").st_nlink, 2), (os.stat(mount + "/g").st_ino, os.stat(mount + "/f").st_ino)]
    os.close(fd)
    report("below-attributes", *seen)


def stale_names():
    """A change through the mount of a name that means something else below."""
    fresh()
    for name in "abcd":
        put(mount + "/" + name, name.encode())
    os.unlink(lower + "/a")
    put(lower + "/a", b"young")
    seen = [(outcome(os.unlink, mount + "/a"), None), (os.path.exists(lower + "/a"), False)]
    os.rename(lower + "/b", lower + "/e")
    seen += [(outcome(os.rename, mount + "/b", mount + "/x"), "ENOENT"), (outcome(os.rename, mount + "/e", mount + "/b"), None)]
    put(lower + "/new", b"")
    seen += [(outcome(os.open, mount + "/new", os.O_CREAT | os.O_EXCL), "EEXIST"),
             (outcome(os.mkdir, mount + "/new"), "EEXIST"), (outcome(os.link, mount + "/c", mount + "/new"), "EEXIST")]
    seen += [(sorted(os.listdir(mount)), ["b", "c", "d", "new"])]
    report("below-names", *seen)


def space():
    """A file that is removed through the mount gives its blocks back."""
    fresh()
    os.sync()

    def come_back():                            # xfs frees them in the background
        for _ in range(600):
            os.sync()
            if os.statvfs(lower).f_bfree > free - 1000:
                return True
            time.sleep(0.1)
        return False

    free = os.statvfs(lower).f_bfree
    put(mount + "/big", bytes(8 << 20))
    os.sync()
    used = free - os.statvfs(lower).f_bfree
    os.unlink(mount + "/big")
    outcome(os.stat, mount + "/big")
    seen = [(used > 1500, True), (come_back(), True)]
    put(mount + "/one", bytes(8 << 20))
    put(mount + "/two", b"")
    os.rename(mount + "/two", mount + "/one")
    report("unlink-frees", *seen, (come_back(), True))


def opened():
    """An open through the mount is one below, even before its first use."""
    import shutil
    import subprocess
    fresh()
    put(mount + "/f", b"x")                     # what files here can do is known
    shutil.copy("/bin/sleep", lower + "/program")
    fd = os.open(mount + "/program", os.O_WRONLY)
    seen = [(outcome(subprocess.call, [lower + "/program", "0"]), "ETXTBSY")]
    os.close(fd)
    seen += [(outcome(subprocess.call, [lower + "/program", "0"]), 0)]
    with subprocess.Popen([lower + "/program", "1000"]) as child:
        seen += [(outcome(os.open, mount + "/program", os.O_RDWR), "ETXTBSY")]
        child.kill()
    seen += [(outcome(lambda: os.close(os.open(mount + "/program", os.O_RDWR))), None)]
    # Whoever watches below is told at once.
    watch = inotify(lower + "/f", IN_OPEN | IN_CLOSE)
    fd = os.open(mount + "/f", os.O_RDONLY)
    seen += [(inotify_events(watch), [IN_OPEN])]
    os.close(fd)
    seen += [(len(inotify_events(watch)), 1)]
    os.close(watch)
    report("below-open", *seen)


def coherent():
    """One page cache: a mapping below, a write above, and the other way."""
    import mmap
    fresh()
    put(lower + "/f", bytes(8192))
    below = mmap.mmap(os.open(lower + "/f", os.O_RDWR), 8192)
    fd = os.open(mount + "/f", os.O_RDWR)
    above = mmap.mmap(fd, 8192)
    os.pwrite(fd, b"above", 0)
    below[100:105] = b"below"
    report("below-mmap", (below[0:5], b"above"), (above[100:105], b"below"), (os.pread(fd, 5, 100), b"below"))


for test in (created, removed, replaced, renamed, exchanged, attributes, stale_names, space, opened, coherent):
    test()
fresh()
