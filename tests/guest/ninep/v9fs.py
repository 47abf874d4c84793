#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""v9fs.py MOUNT OTHER LOWER [PREFIX]: locks through the kernel's own client.

MOUNT and OTHER are two of its mounts (cache=none) of the directory LOWER, in which
local processes lock as well.  A case gets the three as p.a, p.b, p.l.
"""
import errno
import fcntl
import os
import signal
import sys

from config import parked, until
from local import Local
from p9 import CASES, Report, case, run_cases

report = Report(sys.argv[4] if len(sys.argv) > 4 else "")
EX, SH, UN, NB = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN, fcntl.LOCK_NB


class Place:
    def __init__(self, name):
        self.a, self.b, self.l = (where + "/" + name for where in sys.argv[1:4])
        with open(self.l, "wb") as file:
            file.write(b"0" * 100)
        self.all = []

    def process(self, path):
        self.all.append(Local(path))
        return self.all[-1]

    def three(self):
        return [self.process(path) for path in (self.a, self.b, self.l)]

    def end(self):
        for process in self.all:
            process.end()


def lock(process, how, start=0, length=10):
    return process.call("lockf", how, start, length)


def begin(process, how, start=0, length=10):
    process.tell("lockf", how, start, length)
    until(lambda: parked() or not process.is_waiting(0))


@case
def exclusion(p):
    pairs = []
    for holder in range(3):
        them = p.three()
        first, others = them[holder], them[:holder] + them[holder + 1:]
        pairs += [(lock(first, EX | NB), "None")] + [(lock(o, SH | NB), "EAGAIN") for o in others]
        pairs += [(lock(others[0], EX | NB, 10), "None"), (lock(first, UN), "None"), (lock(others[1], EX | NB), "None")]
        p.end()
        p.all = []
    return pairs


@case
def handed_over(p):
    """Each waits for each."""
    pairs = []
    for holder in range(3):
        for waiter in {0, 1, 2} - {holder}:
            them = p.three()
            lock(them[holder], EX)
            them[waiter].tell("lockf", EX, 0, 10)
            waits = them[waiter].is_waiting(0.5)
            lock(them[holder], UN)
            pairs += [((waits, them[waiter].hear()), (True, "None"))]
            p.end()
            p.all = []
    return pairs


def add(path, times):
    fd = os.open(path, os.O_RDWR)
    for _ in range(times):
        fcntl.lockf(fd, EX, 10, 0)
        value = int(os.pread(fd, 10, 0))
        os.pwrite(fd, b"%010d" % (value + 1), 0)
        fcntl.lockf(fd, UN, 10, 0)
    os._exit(0)


@case
def no_addition_is_lost(p):
    """By read and write, with nothing but the lock between them."""
    pids = []
    for path in (p.a, p.b, p.l) * 2:
        pids.append(os.fork())
        if not pids[-1]:
            add(path, 50)
    status = [os.waitpid(pid, 0)[1] for pid in pids]
    with open(p.l, "rb") as file:
        return [(status, [0] * 6), (file.read(10), b"0000000300")]


@case
def a_process_that_is_killed(p):
    """Holding, and waiting: of either nothing stays."""
    a, b, local = p.three()
    lock(local, EX)
    begin(b, EX)
    pairs = [(parked(), 1)]
    b.end()
    p.all.remove(b)
    until(lambda: parked() == 0)
    lock(local, UN)
    pairs += [(lock(a, EX | NB), "None"), (lock(local, EX | NB), "EAGAIN")]
    a.end()
    p.all.remove(a)
    local.tell("lockf", EX, 0, 10)
    return pairs + [(local.hear(), "None")]


@case
def an_alarm(p):
    """The client waits on; the program has its lock, and its signal then."""
    a, _, local = p.three()
    lock(local, EX)
    came, told = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        rang = []
        signal.signal(signal.SIGALRM, lambda *unused: rang.append(1))
        fd = os.open(p.b, os.O_RDWR)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            fcntl.lockf(fd, EX, 10, 0)
            said = "locked"
        except OSError as error:
            said = errno.errorcode[error.errno]
        os.write(came[1], ("%s %d" % (said, len(rang))).encode())
        os.read(told[0], 1)
        os._exit(0)
    until(lambda: parked() == 1)
    # Longer than the alarm takes: it changes nothing.
    waits = a.is_waiting(1) and parked() == 1
    lock(local, UN)
    said = os.read(came[0], 100)
    refused = lock(a, EX | NB)
    os.write(told[1], b"x")
    os.waitpid(pid, 0)
    return [(waits, True), (said, b"locked 1"), (refused, "EAGAIN")]


@case
def deadlock(p):
    a, b, _ = p.three()
    lock(a, EX, 0, 1)
    lock(b, EX, 1, 1)
    begin(a, EX, 1, 1)
    seen = lock(b, EX, 0, 1)
    lock(b, UN, 0, 10)
    return [(seen in ("EDEADLK", "EDEADLOCK"), True), (a.hear(), "None")]


@case
def a_close_unlocks(p):
    """Any close of the file by the process, as POSIX has it."""
    a, _, local = p.three()
    lock(a, EX)
    pid = os.fork()
    if not pid:
        fd = os.open(p.b, os.O_RDWR)
        fcntl.lockf(fd, EX, 10, 20)
        os.close(os.open(p.b, os.O_RDONLY))
        os._exit(0 if lock(local, EX | NB, 20) == "None" else 1)
    return [(os.waitpid(pid, 0)[1], 0), (lock(local, EX | NB), "EAGAIN")]


@case
def who_is_in_the_way(p):
    """F_GETLK, of which the client says nothing but the range."""
    import struct
    a, b, local = p.three()
    lock(local, SH, 5, 3)
    fd = os.open(p.a, os.O_RDWR)
    asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
    kind, _, start, length, pid = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    pairs = [((kind, start, length, abs(pid)), (fcntl.F_RDLCK, 5, 3, local.pid))]
    lock(local, UN, 5, 3)
    lock(b, EX, 7, 1)
    kind, _, start, length, pid = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    os.close(fd)
    return pairs + [((kind, start, length, abs(pid)), (fcntl.F_WRLCK, 7, 1, b.pid))]


def make(name):
    if make.last:
        make.last.end()
    make.last = Place(name)
    return make.last


make.last = None
run_cases(CASES, report, make)
make.last.end()
sys.exit(report.failed)
