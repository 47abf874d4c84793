#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""noexec.py LOWER UPPER: a file of a noexec LOWERDIR is not mapped to be executed."""
import mmap
import sys

from calls import *


def maps(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return outcome(lambda: bool(mmap.mmap(fd, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)))
    finally:
        os.close(fd)


seen = [maps(path) for path in sys.argv[1:3]] + [os.access(path, os.X_OK) for path in sys.argv[1:3]]
print(seen)
sys.exit(seen != ["EPERM", "EPERM", False, False])
