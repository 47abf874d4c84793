#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""locks.py PLACE...: locks of one directory, which is seen in several places.

A place is NAME=DIRECTORY; the first is the directory itself, on the server. What excludes
whom, in all pairs; how a lock is waited for and handed over; what a refusal, a signal, a
kill and a close leave behind.

locks.py with NAME PLACE...: no more than who excludes whom, and how POSIX locks are handed
over; NAME is in the results.
"""
import errno
import fcntl
import os
import select
import signal
import struct
import sys
import time

OFD_GETLK, OFD_SETLK, OFD_SETLKW = 36, 37, 38
READ, WRITE, UNLOCK = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK
KINDS = ("posix", "ofd", "flock")
#: Nothing takes so long; only what would wait for ever.
LONG = 60


def flock_of(type, start, length):
    return struct.pack("hhqqi4x", type, os.SEEK_SET, start, length, 0)


class Agent:
    """A process of its own, which does what it is told, and says how that ended."""

    def __init__(self):
        self.path = None
        ours, theirs = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            # Else whoever is to end has his pipe kept open.
            for other in agents:
                os.close(other.to)
                os.close(other.come)
            os.close(ours[1])
            os.close(theirs[0])
            self.serve(os.fdopen(ours[0], "rb", buffering=0), theirs[1])
            os._exit(0)
        os.close(ours[0])
        os.close(theirs[1])
        self.to, self.come = ours[1], theirs[0]

    def serve(self, ask, answer):
        signal.signal(signal.SIGUSR1, lambda *_: (_ for _ in ()).throw(InterruptedError))
        fd = None
        for line in iter(ask.readline, b""):
            try:
                if line.startswith(b"open "):
                    fd = said = os.open(line[5:-1], os.O_RDWR | os.O_CREAT, 0o666)
                elif line == b"close\n":
                    said = os.close(fd)
                else:
                    said = eval(line)(fd)
            except InterruptedError:
                said = "EINTR"
            except OSError as e:
                said = errno.errorcode[e.errno]
            os.write(answer, f"{said}\n".encode())

    def open(self, path):
        self.path = path
        os.write(self.to, f"open {path}\n".encode())
        int(self.says())

    def begin(self, what):
        os.write(self.to, f"lambda fd: {what}\n".encode())

    def says(self, seconds=LONG):
        if not select.select([self.come], [], [], seconds)[0]:
            return None
        return os.read(self.come, 4096).decode().strip()

    def do(self, what):
        self.begin(what)
        return self.says()

    def lock(self, kind, type, start=0, length=0, wait=False):
        if kind == "flock":
            flags = {READ: fcntl.LOCK_SH, WRITE: fcntl.LOCK_EX, UNLOCK: fcntl.LOCK_UN}[type]
            return f"fcntl.flock(fd, {flags | (0 if wait else fcntl.LOCK_NB)})"
        cmd = {("posix", 0): fcntl.F_SETLK, ("posix", 1): fcntl.F_SETLKW,
               ("ofd", 0): OFD_SETLK, ("ofd", 1): OFD_SETLKW}[kind, wait]
        return f"fcntl.fcntl(fd, {cmd}, flock_of({type}, {start}, {length})) and None"

    def set(self, *args):
        return Said(self.do(self.lock(*args)))

    def wait(self, *args):
        self.begin(self.lock(*args, wait=True))

    def test(self, type, start=0, length=0):
        """(type, start, length) of who is in the way."""
        found = self.do(f"struct.unpack('hhqqi4x', fcntl.fcntl(fd, {fcntl.F_GETLK},"
                        f" flock_of({type}, {start}, {length})))")
        type, _, start, length, pid = eval(found)
        return type, start, length

    def end(self):
        """It closes its file, and is somebody else's."""
        os.write(self.to, b"close\n")
        is_said(self, "None")
        idle.append(self)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.to)
        os.waitpid(self.pid, 0)
        os.close(self.come)
        agents.remove(self)


#: Which places a check is at.
where = ""


def note(*at):
    global where
    where = " and ".join(at)
    return True


# Of a few places: what they do for one another.
between = sys.argv[2] if sys.argv[1] == "with" else None
places = dict(place.split("=", 1) for place in sys.argv[3 if between else 1:])
names = list(places)
#: All, and those that nobody has.
agents, idle = [], []


def agent(place, file="file"):
    if not idle:
        agents.append(Agent())
        idle.append(agents[-1])
    one = idle.pop()
    one.open(f"{places[place]}/{file}")
    return one


class Said(str):
    """An answer, that says what it was when it is another."""

    def __eq__(self, other):
        if not str.__eq__(self, other):
            raise AssertionError(f"{str(self)}, not {other}")
        return True


def is_said(agent, what, seconds=LONG):
    said = agent.says(seconds)
    assert said == what, f"{said}, not {what}"


def excludes_in_all_pairs(kind):
    for one in names:
        for other in names:
            # The protocol of flock over plain 9P is that of POSIX locks.
            if kind == "flock" and "plain" in (one, other) and one != other:
                continue
            note(one, other)
            a, b = agent(one), agent(other)
            assert a.set(kind, WRITE, 0, 10) == "None"
            assert b.set(kind, WRITE, 5, 10) == "EAGAIN"
            assert b.set(kind, READ, 9, 1) == "EAGAIN"
            if kind == "posix":
                assert b.test(WRITE, 5, 10) == (WRITE, 0, 10)
                assert b.test(READ, 10, 5)[0] == UNLOCK
                assert b.set(kind, WRITE, 10, 5) == "None"
            assert a.set(kind, READ, 0, 10) == "None"
            assert b.set(kind, READ, 0, 10) == "None"
            assert a.set(kind, WRITE, 0, 10) == "EAGAIN"
            # By that a flock is lost.
            if kind == "flock":
                assert b.set(kind, WRITE) == "None"
            a.end()
            assert b.set(kind, WRITE) == "None"
            b.end()


def handed_over(kind):
    for one in names:
        for other in names:
            if kind == "flock" and "plain" in (one, other) and one != other:
                continue
            note(one, other)
            a, b = agent(one), agent(other)
            assert a.set(kind, WRITE) == "None"
            b.wait(kind, WRITE)
            assert b.says(0.05) is None
            assert a.set(kind, UNLOCK) == "None"
            is_said(b, "None")
            assert a.set(kind, READ) == "EAGAIN"
            a.end()
            b.end()


def others(kind):
    """Where a lock of this kind is the first place's, too: of flock in plain 9P it is not."""
    return [name for name in names[1:] if kind != "flock" or name != "plain"]


def interrupted(kind):
    for other in others(kind):
        note(other)
        a, b, c = agent(names[0]), agent(other), agent(other)
        assert a.set(kind, WRITE, 5, 1) == "None"
        if kind != "flock":
            assert b.set(kind, READ, 100, 10) == "None"
        b.wait(kind, WRITE, 0, 200)
        assert b.says(0.05) is None
        os.kill(b.pid, signal.SIGUSR1)
        is_said(b, "EINTR")
        # What it had it still has, and no more.
        assert a.set(kind, UNLOCK) == "None"
        if kind != "flock":
            assert c.set(kind, WRITE, 0, 100) == "None"
            assert c.set(kind, WRITE, 109, 1) == "EAGAIN"
            assert c.set(kind, READ, 100, 10) == "None"
        for one in a, b, c:
            one.end()


def killed(kind):
    for other in others(kind):
        note(other)
        a, b = agent(names[0]), agent(other)
        assert a.set(kind, WRITE) == "None"
        b.wait(kind, WRITE)
        assert b.says(0.05) is None
        b.kill()
        assert a.set(kind, UNLOCK) == "None"
        assert a.set(kind, WRITE) == "None"
        a.end()


def upgrade_refused(kind):
    for other in names[1:]:
        note(other)
        a, b, c = agent(names[0]), agent(other), agent(names[0])
        assert a.set(kind, READ, 5, 1) == "None"
        assert b.set(kind, READ, 0, 10) == "None"
        assert b.set(kind, WRITE, 3, 5) == "EAGAIN"
        assert c.set(kind, WRITE, 3, 1) == "EAGAIN"
        assert b.set(kind, UNLOCK) == "None"
        assert c.set(kind, WRITE, 3, 1) == "None"
        for one in a, b, c:
            one.end()


def deadlock():
    for other in names[1:]:
        note(other)
        a, b = agent(other), agent(other)
        assert a.set("posix", WRITE, 0, 1) == "None"
        assert b.set("posix", WRITE, 1, 1) == "None"
        a.wait("posix", WRITE, 1, 1)
        assert a.says(0.05) is None
        b.wait("posix", WRITE, 0, 1)
        is_said(b, errno.errorcode[errno.EDEADLK])
        assert b.set("posix", UNLOCK) == "None"
        is_said(a, "None")
        a.end()
        b.end()


def close_drops():
    for other in names[1:]:
        note(other)
        a, b = agent(names[0]), agent(other)
        assert b.set("posix", WRITE) == "None"
        assert b.do("os.close(os.open(os.readlink(f'/proc/self/fd/{fd}'), os.O_RDONLY))") == "None"
        assert a.set("posix", WRITE) == "None"
        a.end()
        b.end()


def shared_by_a_fork(kind):
    """A lock of an open file is its processes', and goes with the last."""
    for other in others(kind):
        note(other)
        a, b = agent(names[0]), agent(other)
        assert b.set(kind, WRITE) == "None"
        unlock = b.lock(kind, UNLOCK)
        assert b.do(f"os.waitpid(os.fork() or ({unlock}, os._exit(0)), 0)[1]") == "0"
        assert a.set(kind, WRITE) == "None"
        a.end()
        b.end()


def directories():
    for other in names[1:]:
        note(other)
        fds = [os.open(places[place], os.O_RDONLY) for place in (names[0], other)]
        fcntl.flock(fds[0], fcntl.LOCK_EX)
        try:
            fcntl.flock(fds[1], fcntl.LOCK_SH | fcntl.LOCK_NB)
            assert other == "plain", other
        except OSError as e:
            assert e.errno == errno.EAGAIN, e
        for fd in fds:
            os.close(fd)


def held_in(directory):
    """What another process finds locked there, or UNLOCK."""
    pid = os.fork()
    if not pid:
        fd = os.open(directory, os.O_RDONLY)
        os._exit(struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK,
                                                      flock_of(WRITE, 0, 0)))[0])
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def directory_closed():
    """A close gives a process's locks up, also of a directory that was opened from memory."""
    for other in names[1:]:
        note(other)
        fd = os.open(places[other], os.O_RDONLY)
        os.listdir(places[other])
        fcntl.fcntl(fd, fcntl.F_SETLK, flock_of(READ, 0, 0))
        assert held_in(places[names[0]]) == READ
        os.close(os.open(places[other], os.O_RDONLY))
        assert held_in(places[names[0]]) == UNLOCK
        os.close(fd)


def beside():
    """What another has written beside a write of one's own is seen under the next lock."""
    with open(f"{places[names[0]]}/beside", "wb") as file:
        file.write(bytes(400))
    letter = ord("A")
    for one in "strict", "again":
        for other in names:
            if one == other:
                continue
            note(one, other)
            a, b = agent(one, "beside"), agent(other, "beside")
            assert a.set("posix", WRITE, 0, 100) == "None"
            assert b.set("posix", WRITE, 200, 100) == "None"
            assert a.do("len(os.pread(fd, 400, 0))") == "400"
            assert a.do(f"os.pwrite(fd, bytes([{letter}]) * 100, 0)") == "100"
            assert b.do(f"os.pwrite(fd, bytes([{letter + 1}]) * 100, 200)") == "100"
            assert b.set("posix", UNLOCK, 200, 100) == "None"
            assert a.set("posix", UNLOCK, 0, 100) == "None"
            assert a.set("posix", READ) == "None"
            seen = a.do("os.pread(fd, 400, 0)[::100]")
            assert seen == str(bytes([letter, 0, letter + 1, 0])), seen
            a.end()
            b.end()
            letter += 2
    os.unlink(f"{places[names[0]]}/beside")


def count(fd, times):
    for _ in range(times):
        fcntl.fcntl(fd, fcntl.F_SETLKW, flock_of(WRITE, 0, 100))
        number = int(os.pread(fd, 20, 0) or b"0")
        os.pwrite(fd, b"%020d" % (number + 1), 0)
        os.pwrite(fd, b"x" * 7, 100 + 7 * number)
        fcntl.fcntl(fd, fcntl.F_SETLK, flock_of(UNLOCK, 0, 100))


def counter():
    """Who has the lock sees what was written under the one before."""
    each = 30
    told = [agent(place, "counter") for place in names]
    for one in told:
        one.begin(f"count(fd, {each})")
    for one in told:
        is_said(one, "None")
        one.end()
    for place in names:
        with open(f"{places[place]}/counter", "rb") as file:
            seen = file.read()
        assert int(seen[:20]) == each * len(names), (place, seen[:20])
        assert seen[100:] == b"x" * 7 * each * len(names), place
    os.unlink(f"{places[names[0]]}/counter")


def many_waiters():
    """More than the server that is asked through has threads: none of them sleeps."""
    place = names[-1]
    a, waiters = agent(names[0]), [agent(place) for _ in range(6)]
    assert a.set("posix", WRITE) == "None"
    for one in waiters:
        one.wait("posix", WRITE)
    for one in waiters:
        assert one.says(0.02) is None
    assert waiters[0].path and os.stat(f"{places[place]}/file")
    b = agent(place, "other")
    assert b.set("posix", WRITE) == "None"
    waiters[0].kill()
    assert a.set("posix", UNLOCK) == "None"
    left = waiters[1:]
    while left:
        ready = select.select([one.come for one in left], [], [], LONG)[0]
        assert ready, f"{len(left)} wait for ever"
        one = next(one for one in left if one.come == ready[0])
        is_said(one, "None")
        assert one.set("posix", UNLOCK) == "None"
        one.end()
        left.remove(one)
    a.end()
    b.end()


def check(name, what, *args):
    begun = time.monotonic()
    note()
    try:
        what(*args)
        print(f"ok {name}", flush=True)
    except (AssertionError, OSError) as e:
        at = e.__traceback__
        while at.tb_next:
            at = at.tb_next
        print(f"not ok {name}: {where}: line {at.tb_lineno}: {e!r}", flush=True)
        idle.clear()
        for one in list(agents):
            one.kill()
    print(f"# {name} {time.monotonic() - begun:.2f} s", flush=True)


def check_all():
    for kind in KINDS:
        check(f"excludes-{kind}", excludes_in_all_pairs, kind)
        check(f"handed-over-{kind}", handed_over, kind)
        check(f"interrupted-{kind}", interrupted, kind)
        check(f"killed-{kind}", killed, kind)
    for kind in "posix", "ofd":
        check(f"upgrade-refused-{kind}", upgrade_refused, kind)
    for kind in "ofd", "flock":
        check(f"shared-{kind}", shared_by_a_fork, kind)
    check("deadlock", deadlock)
    check("close-drops", close_drops)
    check("directories", directories)
    check("directory-closed", directory_closed)
    check("beside", beside)
    check("counter", counter)
    check("many-waiters", many_waiters)


if between:
    check(f"excludes-{between}", excludes_in_all_pairs, "posix")
    check(f"handed-over-{between}", handed_over, "posix")
else:
    check_all()
idle.clear()
for one in list(agents):
    one.kill()
