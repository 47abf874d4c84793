#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""client.py names|owner MOUNTED LOWERDIR: what an NFS client does is what LOWERDIR has."""
import os
import shutil
import sys
import time

from calls import *

what, c, lower = sys.argv[1:4]


def need(condition, text):
    if not condition:
        raise SystemExit(text)


def names():
    data = os.urandom(640 << 10)
    put(c + "/data", data)
    need(read(c + "/data") == data == read(lower + "/data"), "written")
    with open(c + "/data", "ab") as file:
        file.write(b"tail\n")
    need(read(c + "/data") == data + b"tail\n" == read(lower + "/data"), "appended")
    os.makedirs(c + "/dir/sub")
    os.mkdir(c + "/dir2")
    os.rename(c + "/data", c + "/dir/sub/data")
    os.rename(c + "/dir/sub", c + "/dir2/sub")
    os.link(c + "/dir2/sub/data", c + "/hard")
    os.symlink("hard", c + "/soft")
    need(os.readlink(c + "/soft") == "hard" and read(c + "/soft") == read(lower + "/hard"), "links")
    need(os.stat(c + "/hard").st_nlink == 2 and os.stat(c + "/hard").st_ino == os.stat(lower + "/hard").st_ino, "inode")
    fd = os.open(c + "/hard", os.O_RDONLY)
    os.unlink(c + "/hard")                      # while it is open
    os.unlink(c + "/dir2/sub/data")
    need(os.read(fd, 10) == data[:10], "removed")
    os.close(fd)
    shutil.rmtree(c + "/dir2")
    os.rmdir(c + "/dir")
    os.unlink(c + "/soft")
    for _ in range(600):                        # the client removes it in its own time
        if os.listdir(lower) == [] == os.listdir(c):
            return
        time.sleep(0.1)
    need(False, "left: %s" % os.listdir(lower))


def owner():
    """An owner copies a file that is read-only, also to itself."""
    top = c + "/user"
    os.mkdir(top)
    os.chmod(top, 0o777)
    os.chdir(top)                               # the way there is not for others

    def copy():
        put("source", bytes(100000))
        os.chmod("source", 0o444)
        fd = os.open("copy", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
        os.write(fd, read("source"))
        os.close(fd)
        return [os.stat("copy").st_size, oct(os.stat("copy").st_mode), os.stat("copy").st_uid]

    answer = as_user(1000, copy)
    need(answer == [100000, "0o100444", 1000], answer)
    for i in range(30):
        put("n%d" % i)
    need(len(os.listdir(".")) == len(os.listdir(lower + "/user")) == 32, os.listdir("."))
    put(lower + "/user/below", b"below")
    need(read("below") == b"below", "below")
    os.chdir("/")
    shutil.rmtree(top)


{"names": names, "owner": owner}[what]()
