#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""quota.py DIRECTORY: user 1000, with 1 MiB to fill, is told so at 4 MiB."""
import os
import sys

from calls import as_user


def fill():
    fd = os.open(sys.argv[1] + "/f", os.O_CREAT | os.O_WRONLY)
    for _ in range(64):
        os.write(fd, bytes(65536))
    os.fsync(fd)


answer = as_user(1000, fill)
print(answer)
sys.exit(answer != "EDQUOT")
