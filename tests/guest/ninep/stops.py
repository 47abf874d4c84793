#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""stops.py LOWER DISK ROUNDS: exports and listeners stop beside clients that work.

LOWER, on DISK, is what is exported as "data"; there are listeners "tcp" and "unix".
"""
import ctypes
import os
import sys
import threading

import p9
from config import proc, until

lower, disk, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
report = p9.Report()
libc = ctypes.CDLL(None, use_errno=True)
CONFIG = "/sys/kernel/config/holdfast/"
MOUNTS = {"/mnt/tcp": ("127.0.0.1", "trans=tcp,privport"), "/mnt/unix": ("/run/hf/9p.sock", "trans=unix")}


def done(ret, *what):
    if ret:
        raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))


def mount(where):
    source, options = MOUNTS[where]
    options = "version=9p2000.L,aname=data," + options
    done(libc.mount(source.encode(), where.encode(), b"9p", 0, options.encode()), "mount", where)


def unmount(where):
    done(libc.umount2(where.encode(), 0), "umount", where)


def enable(item, on):
    with open("%s%s/enabled" % (CONFIG, item), "w") as file:
        file.write("%d\n" % on)


def off_and_on(item):
    enable(item, 0)
    enable(item, 1)


def connections():
    return proc().count("\nconnection ")


class Busy:
    """Some are always in the middle of something in these directories."""

    def __init__(self, *directories):
        self.stop, self.done = threading.Event(), {d: 0 for d in directories}
        self.threads = [threading.Thread(target=self.work, args=(d, i), daemon=True)
                        for d in directories for i in range(3)]
        for thread in self.threads:
            thread.start()
        until(lambda: all(self.done.values()))

    def work(self, directory, number):
        path = "%s/w%d" % (directory, number)
        while not self.stop.is_set():
            try:
                with open(path, "w+") as file:
                    file.write("x")
                    file.flush()
                    file.seek(0)
                    file.read()
                os.unlink(path)
                self.done[directory] += 1
            except OSError:
                pass

    def rest(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def clean():
    for name in os.listdir(lower):
        if name.startswith("w"):
            os.unlink("%s/%s" % (lower, name))


def stop(unused):
    """It is back when all has ended, and the disk free."""
    for where in MOUNTS:
        mount(where)
    busy = Busy(*MOUNTS)
    enable("exports/data", 0)
    pairs = [(connections(), 0)]
    unmount("/srv/disk")
    os.close(os.open(disk, os.O_RDWR | os.O_EXCL))
    busy.rest()
    for where in MOUNTS:
        unmount(where)
    done(libc.mount(disk.encode(), b"/srv/disk", b"ext4", 0, None), "mount", disk)
    clean()
    enable("exports/data", 1)
    return pairs


def some_rounds(unused):
    """Somebody looks all the time at what comes and goes."""
    over = threading.Event()

    def look():
        while not over.is_set():
            proc()

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    try:
        for turn in range(rounds):
            mount("/mnt/tcp")
            busy = Busy("/mnt/tcp")
            off_and_on(("listeners/tcp", "exports/data")[turn % 2])
            busy.rest()
            unmount("/mnt/tcp")
        return [(turn + 1, rounds)]
    finally:
        over.set()
        looker.join()
        clean()


p9.run_cases({"stop": stop, "rounds": some_rounds}, report, lambda name: None)
