# SPDX-License-Identifier: GPL-2.0-only
"""One process with one exclusive POSIX lock, driven by a shell script.

lock.py hold FILE MARK		takes it, makes MARK.held, waits for a line on
				standard input, lets go, writes the time of
				that to MARK.left
lock.py wait FILE MARK [LOG]	waits for it, writes the time of the grant to
				MARK.granted and its name to LOG while it holds
lock.py count FILE N		N times: lock, add one to the number in FILE
lock.py try FILE		exit 0 if it can be had at once, else 3
"""
import fcntl
import os
import sys
import time


def note(path, text):
    with open(path + ".new", "w") as out:
        out.write(text)
    os.rename(path + ".new", path)


def hold(path, mark):
    with open(path, "r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        note(mark + ".held", "")
        sys.stdin.readline()
        now = time.monotonic()
        fcntl.lockf(file, fcntl.LOCK_UN)
        note(mark + ".left", repr(now))


def wait(path, mark, log=None):
    with open(path, "r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        note(mark + ".granted", repr(time.monotonic()))
        if log:
            with open(log, "a") as out:
                out.write(os.path.basename(mark) + "\n")
        fcntl.lockf(file, fcntl.LOCK_UN)


def count(path, times):
    fd = os.open(path, os.O_RDWR)
    for _ in range(int(times)):
        fcntl.lockf(fd, fcntl.LOCK_EX)
        number = int(os.pread(fd, 32, 0)) + 1
        os.pwrite(fd, b"%d\n" % number, 0)
        fcntl.lockf(fd, fcntl.LOCK_UN)


def try_lock(path):
    with open(path, "r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(3)


{"hold": hold, "wait": wait, "count": count, "try": try_lock}[sys.argv[1]](*sys.argv[2:])
