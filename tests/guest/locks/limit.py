#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""limit.py PATH COUNT [flock]: takes locks of one byte each (or one flock on each
of COUNT descriptors) until one is refused, says "PID HELD ERRNO", with 0 if none
was, and holds them until it is killed.
"""
import errno
import fcntl
import os
import signal
import sys

path, count = sys.argv[1], int(sys.argv[2])
files = [open(path, "r+b", buffering=0) for _ in range(count if sys.argv[3:] == ["flock"] else 1)]
held, error = 0, "0"
try:
    for n in range(count):
        if len(files) > 1:
            fcntl.flock(files[n], fcntl.LOCK_SH | fcntl.LOCK_NB)
        else:
            # Where nobody else does, and apart: each is a record.
            fcntl.lockf(files[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, (os.getpid() << 20) + 2 * n)
        held += 1
except OSError as e:
    error = errno.errorcode[e.errno]
print(os.getpid(), held, error, flush=True)
signal.pause()
