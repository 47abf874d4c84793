#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""quota.py DIRECTORY: user 1000, with 1 MiB to fill, is told so at 4 MiB.

quota.py MOUNT LOWERDIR PROJECT: statfs() in a project with a quota of 8 MiB.
"""
import os
import sys

from calls import *


def fill(path):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    for _ in range(64):
        os.write(fd, bytes(65536))
    os.fsync(fd)


def size(path):
    a = os.statvfs(path)
    return [a.f_bsize, a.f_frsize, a.f_blocks, a.f_bfree, a.f_bavail, a.f_files, a.f_ffree, a.f_favail, a.f_namemax]


def project(mount, lower, name):
    put(mount + "/" + name + "/file", bytes(65536))
    os.sync()
    paths = [name, name + "/sub", name + "/file", "."]
    seen = [(size(mount + "/" + path), size(lower + "/" + path)) for path in paths]
    limited = seen[0][1][0] * seen[0][1][2] == 8 << 20 and seen[0][1] != seen[3][1]
    # A file of another project does not come in by a link.
    put(mount + "/outside")
    seen.append((outcome(os.link, mount + "/outside", mount + "/" + name + "/link"),
                 outcome(os.link, lower + "/outside", lower + "/" + name + "/link")))
    os.unlink(mount + "/outside")
    print("limited", limited, "mount and below", seen)
    return limited and all(above == below for above, below in seen) and seen[-1][0] == "EXDEV"


if len(sys.argv) > 2:
    sys.exit(not project(*sys.argv[1:]))
answer = as_user(1000, fill, sys.argv[1] + "/f")
print(answer)
sys.exit(answer != "EDQUOT")
