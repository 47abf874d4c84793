#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""fuse.py DIRECTORY MOUNTPOINT: mounts holdfast over a FUSE that nobody serves.

The root of one is there before its server has said a word.  mount(2) itself:
mount(8) would look at the directory, and wait for an answer.
"""
import os
import subprocess
import sys

from calls import *


def mount(source, target, kind, options=""):
    return check(libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), 0, options.encode()))


directory, target = sys.argv[1:3]
subprocess.run(["modprobe", "fuse"], check=True)
device = os.open("/dev/fuse", os.O_RDWR)
mount("fuse", directory, "fuse", "fd=%d,rootmode=40000,user_id=0,group_id=0" % device)
try:
    mount(directory, target, "holdfast")
finally:
    check(libc.umount2(os.fsencode(directory), 2))      # MNT_DETACH
