#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""locks.py ADDRESS EXPORT DIRECTORY [PREFIX [CASE...]]: Tlock and its relatives, by raw clients.

As conform.py.  Who is told at once and who waits is asked beside processes of this
machine, by fcntl(2) and flock(2) in DIRECTORY.
"""
import fcntl
import os
import select

from local import Local
from p9 import *
from suite import address, case, export, run, top

END = 0


class Place:
    def __init__(self, name):
        self.path = "%s/lock-%s" % (top, name)
        with open(self.path, "wb") as file:
            file.write(bytes(100))
        self.name = os.path.basename(self.path)

    def client(self, **how):
        return Locker(self.name, **how)


class Locker(Client):
    """A client with the file open, and short words for its locks."""

    def __init__(self, name, **how):
        super().__init__(address, **how)
        self.top = self.root(export)
        self.name = name
        self.file = self.open()

    def open(self, flags=RDWR):
        return self.opened(self.top, self.name, flags)

    def ask(self, kind, start, length, pid=1, node="node", fid=None, flags=0):
        return self.lock(fid or self.file, kind, flags, start, length, pid, node)

    def begin(self, kind, start, length, pid=1, node="node", fid=None):
        """One that may wait: the tag."""
        return self.send("lock", fid or self.file, kind, BLOCK, start, length, pid, node)

    def forget(self, tag):
        """Of one that was flushed: whether its reply came nevertheless."""
        self.waiting.pop(tag)
        return self.got.pop(tag, None) is not None

    def who(self, kind, start, length, pid=1, node="node"):
        return self.getlock(self.file, kind, start, length, pid, node)


@case
def exclusion(p):
    """Two connections are two owners, whatever they call themselves."""
    a, b = p.client(), p.client()
    return [(a.ask(WRLCK, 0, 10), SUCCESS), (b.ask(WRLCK, 5, 10), BLOCKED), (b.ask(RDLCK, 9, 1), BLOCKED),
            (b.ask(WRLCK, 10, END), SUCCESS), (a.ask(WRLCK, 0, 5, pid=2), BLOCKED),
            (a.ask(WRLCK, 0, 5, node="other"), BLOCKED), (a.ask(UNLCK, 3, 2), SUCCESS), (b.ask(WRLCK, 3, 2), SUCCESS),
            (b.ask(WRLCK, 2, 2), BLOCKED), (a.ask(RDLCK, 0, 3), SUCCESS), (b.ask(RDLCK, 0, 3), SUCCESS),
            (a.ask(WRLCK, 0, 3), BLOCKED)]


@case
def input(p):
    c = p.client()
    lock = lambda *args, **how: outcome(lambda: c.ask(*args, **how))
    unopened = c.at(c.top, p.name)
    readonly = c.open(RDONLY)
    return [(lock(WRLCK, 1 << 63, 1), "EINVAL"), (lock(WRLCK, (1 << 63) - 1, 1), SUCCESS),
            (lock(WRLCK, (1 << 63) - 1, 2), "EINVAL"), (lock(WRLCK, 1, (1 << 64) - 1), "EINVAL"),
            (lock(WRLCK, 0, 1, fid=unopened), "EBADF"), (lock(WRLCK, 0, 1, fid=readonly), SUCCESS),
            (lock(WRLCK, 0, 1, node="n" * 256), "EINVAL"), (lock(WRLCK, 0, 1, node=""), BLOCKED),
            (lock(3, 0, 1), "EINVAL"), (lock(WRLCK, 0, 1, flags=4), "EINVAL"), (lock(RDLCK, 0, 1, flags=2), SUCCESS),
            (lock(UNLCK, 0, END), SUCCESS), (lock(UNLCK, 0, END, pid=77), SUCCESS)]


@case
def local(p):
    """One table with the processes of this machine."""
    c, process = p.client(), Local(p.path)
    pairs = [(process.call("lockf", fcntl.LOCK_EX | fcntl.LOCK_NB, 0, 10), "None"), (c.ask(WRLCK, 0, 1), BLOCKED),
             (c.ask(WRLCK, 10, 10), SUCCESS), (process.call("lockf", fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 1), "EAGAIN")]
    kind, start, length, pid, node = c.who(WRLCK, 0, END)
    pairs.append(((kind, start, length, pid, node), (WRLCK, 0, 10, process.pid, os.uname().nodename.encode())))
    tag = c.begin(WRLCK, 0, 5)
    pairs.append((c.nothing_comes(0.3), True))
    process.call("lockf", fcntl.LOCK_UN, 0, 10)
    pairs.append((c.receive(tag), SUCCESS))
    process.tell("lockf", fcntl.LOCK_EX, 0, 1)
    pairs.append((process.is_waiting(), True))
    c.ask(UNLCK, 0, END)
    pairs.append((process.hear(), "None"))
    process.end()
    return pairs


@case
def get_lock(p):
    """v9fs asks with the type of an unlock, whatever the program has asked for."""
    a, b = p.client(), p.client()
    a.ask(WRLCK, 10, 5, pid=42, node="client-a")
    pairs = [(b.who(kind, 0, END), (WRLCK, 10, 5, 42, b"client-a")) for kind in (RDLCK, WRLCK, UNLCK)]
    pairs += [(a.who(UNLCK, 0, END, pid=42, node="client-a")[0], UNLCK), (b.who(UNLCK, 0, 10)[0], UNLCK),
              (b.who(UNLCK, 15, END)[0], UNLCK)]
    a.ask(RDLCK, 10, 5, pid=42, node="client-a")
    return pairs + [(b.who(UNLCK, 12, 1), (RDLCK, 10, 5, 42, b"client-a")), (b.who(RDLCK, 12, 1)[0], UNLCK),
                    (outcome(b.who, UNLCK, 1 << 63, 1), "EINVAL")]


@case
def wait(p):
    a, b, c = p.client(), p.client(), p.client()
    a.ask(WRLCK, 0, 10)
    second, third = b.begin(WRLCK, 0, 10), c.begin(WRLCK, 0, 10)
    pairs = [(b.nothing_comes(0.2), True), (c.nothing_comes(0.2), True), (b.getattr(b.file, 0)["size"], 100)]
    a.ask(UNLCK, 0, END)
    winner, tag, loser, other = b, second, c, third
    if b.sock not in select.select([b.sock, c.sock], [], [], 60)[0]:
        winner, tag, loser, other = c, third, b, second
    pairs += [(winner.receive(tag), SUCCESS), (loser.nothing_comes(0.2), True)]
    winner.close()
    return pairs + [(loser.receive(other), SUCCESS)]


@case
def flush_waiting(p):
    a, b = p.client(), p.client()
    a.ask(WRLCK, 0, 10)
    tag = b.begin(WRLCK, 0, 10)
    b.nothing_comes(0.2)
    b.flush(tag)
    alone = tag not in b.got
    a.ask(UNLCK, 0, END)
    quiet = b.nothing_comes(0.3)
    third = p.client()
    return [(alone, True), (quiet, True), (third.ask(WRLCK, 0, 10), SUCCESS), (b.ask(WRLCK, 0, 10), BLOCKED)]


@case
def flush_beside_grant(p):
    """Either both the Rlock and the lock, or neither."""
    a, b, wrong = p.client(), p.client(), []
    for turn in range(60):
        a.ask(WRLCK, 0, 10)
        tag = b.begin(WRLCK, 0, 10)
        unlock = a.send("lock", a.file, UNLCK, 0, 0, END, 1, "node")
        b.flush(tag)
        granted = b.forget(tag)
        a.receive(unlock)
        holds = a.ask(WRLCK, 0, 10) == BLOCKED
        if granted != holds:
            wrong.append((turn, granted, holds))
        a.ask(UNLCK, 0, END)
        b.ask(UNLCK, 0, END)
    return [(wrong, [])]


@case
def flush_of_others(p):
    c = p.client()
    own = c.new_tag()
    c.send("flush", own, tag=own)
    pairs = [(c.receive(own), None), (c.flush(12345), None)]
    a = p.client()
    a.ask(WRLCK, 0, 1)
    tag = c.begin(WRLCK, 0, 1)
    c.nothing_comes(0.1)
    tags = [c.send("flush", tag) for _ in range(3)]
    order = [c.next()[0] for _ in tags]
    return pairs + [(order, tags)]


@case
def clunk_waiting(p):
    a, b = p.client(), p.client()
    a.ask(WRLCK, 0, 10)
    tag = b.begin(WRLCK, 0, 10)
    b.nothing_comes(0.2)
    b.clunk(b.file)
    answer = outcome(b.receive, tag)
    a.ask(UNLCK, 0, END)
    return [(answer in (BLOCKED, "EBADF"), True), (a.ask(WRLCK, 0, 10), SUCCESS)]


@case
def clunk_unlocks(p):
    """What an owner has locked through a fid goes with it; also what it has of other fids."""
    a, b = p.client(), p.client()
    first, second = a.open(), a.open()
    a.ask(WRLCK, 0, 10, pid=1, fid=first)
    a.ask(WRLCK, 10, 10, pid=1, fid=second)
    a.ask(WRLCK, 20, 10, pid=2, fid=second)
    a.clunk(first)
    pairs = [(b.ask(WRLCK, 0, 20), SUCCESS), (b.ask(WRLCK, 20, 10), BLOCKED)]
    b.ask(UNLCK, 0, END)
    a.clunk(second)
    pairs.append((b.ask(WRLCK, 0, END), SUCCESS))
    b.ask(UNLCK, 0, END)
    third, fourth = a.open(), a.open()
    a.ask(WRLCK, 0, 10, fid=third)
    a.ask(UNLCK, 0, END, fid=fourth)
    a.ask(WRLCK, 0, 10, fid=fourth)
    a.clunk(third)                  # it has locked nothing since all was unlocked
    return pairs + [(b.ask(WRLCK, 0, 10), BLOCKED)]


def listed(path):
    """Is a lock of the file listed?  Every one that is shown is shown with its file."""
    found = False
    for name in "/proc/locks", "/proc/fs/holdfast/locks":
        if os.path.exists(name):
            with open(name) as file:
                found |= ":%d " % os.stat(path).st_ino in file.read()
    return found


@case
def merged_over_fids(p):
    """One record of two fids': the file that it names is not that of a fid."""
    a = p.client()
    first, second = a.open(), a.open()
    a.ask(WRLCK, 0, 10, fid=first)
    a.ask(WRLCK, 10, 10, fid=second)
    pairs = [(listed(p.path), True)]
    a.clunk(first)
    pairs.append((listed(p.path), False))
    a.ask(WRLCK, 50, 1, fid=second)
    pairs.append((listed(p.path), True))
    b = p.client()
    a.close()
    tries = 0
    while b.ask(WRLCK, 0, END) != SUCCESS and tries < 200:
        select.select([], [], [], 0.05)
        tries += 1
    return pairs + [(tries < 200, True)]


@case
def unlock_beside_lock(p):
    """Whichever is first: what is held goes with the fids, and no record stays."""
    a, b, wrong = p.client(), p.client(), []
    for turn in range(20):
        fids = [a.open(), a.open()]
        tags = [a.send("lock", fids[i % 2], (WRLCK, UNLCK)[i % 2], 0, 0, END, 1, "node") for i in range(6)]
        answers = [a.receive(tag) for tag in tags]
        for fid in fids:
            a.clunk(fid)
        if set(answers) != {SUCCESS} or listed(p.path) or b.ask(WRLCK, 0, END) != SUCCESS:
            wrong.append((turn, answers))
        b.ask(UNLCK, 0, END)
    return [(wrong, [])]


@case
def end_beside_a_grant(p):
    """Of one owner that is granted several at once: nothing stays, however far each has come."""
    a, wrong = p.client(), []
    for turn in range(25):
        a.ask(WRLCK, 0, END)
        b = p.client()
        for _ in range(3):
            b.begin(WRLCK, 0, 100)
        b.ask(UNLCK, 1000, 1)
        tag = a.send("lock", a.file, UNLCK, 0, 0, END, 1, "node")
        b.close()
        if a.receive(tag) != SUCCESS or a.receive(a.begin(WRLCK, 0, END)) != SUCCESS:
            wrong.append(turn)
    a.ask(UNLCK, 0, END)
    return [(wrong, []), (listed(p.path), False)]


@case
def disconnect(p):
    a, b, c = p.client(), p.client(), p.client()
    a.ask(WRLCK, 0, 10)
    waits = b.begin(WRLCK, 0, 10)
    b.nothing_comes(0.2)
    b.close()
    tag = c.begin(WRLCK, 0, 10)
    a.close()
    return [(c.receive(tag), SUCCESS)]


@case
def lock_unlinked(p):
    a, b = p.client(), p.client()
    os.unlink(p.path)
    return [(a.ask(WRLCK, 0, 10), SUCCESS), (b.ask(WRLCK, 0, 10), BLOCKED), (a.ask(UNLCK, 0, END), SUCCESS),
            (b.ask(WRLCK, 0, 10), SUCCESS)]


@case
def deadlock(p):
    a, b = p.client(), p.client()
    a.ask(WRLCK, 0, 1)
    b.ask(WRLCK, 1, 1)
    tag = a.begin(WRLCK, 1, 1)
    a.nothing_comes(0.2)
    seen = outcome(lambda: b.receive(b.begin(WRLCK, 0, 1)))
    b.ask(UNLCK, 0, END)
    return [(seen, "EDEADLK"), (a.receive(tag), SUCCESS)]


@case
def upgrade_given_up(p):
    """Of a wait that ends, nothing stays; what was held before may."""
    a, b = p.client(), p.client()
    a.ask(RDLCK, 0, 10)
    b.ask(RDLCK, 0, 10)
    tag = a.begin(WRLCK, 0, 10)
    a.nothing_comes(0.2)
    a.flush(tag)
    b.ask(UNLCK, 0, END)
    return [(a.nothing_comes(0.2), True), (b.ask(RDLCK, 0, 10), SUCCESS)]


@case
def many(p):
    """More than it may have: the client waits, and nobody else notices."""
    a, b, got = p.client(), p.client(), SUCCESS
    asked, tags = 0, []
    while got == SUCCESS and asked < 200000:
        tags = [a.send("lock", a.file, WRLCK, 0, 2 * (asked + i), 1, 1, "node") for i in range(50)]
        asked += 50
        for tag in tags:
            got = max(got, a.receive(tag))
    other = b.ask(WRLCK, (1 << 62) + 1, 1)
    a.close()
    return [(got, BLOCKED), (other, SUCCESS)]


@case
def many_by_unlocking(p):
    """One lock becomes many when every other byte is let go of: not without end."""
    a, b, got, asked = p.client(), p.client(), SUCCESS, 0
    a.ask(WRLCK, 0, END)
    while got == SUCCESS and asked < 100000:
        tags = [a.send("lock", a.file, UNLCK, 0, 2 * (asked + i) + 1, 1, 1, "node") for i in range(50)]
        asked += 50
        answers = [outcome(a.receive, tag) for tag in tags]
        got = next((answer for answer in answers if answer != SUCCESS), SUCCESS)
    pairs = [(got, "ENOLCK"), (b.ask(WRLCK, 1, 1), SUCCESS), (b.ask(WRLCK, 0, 1), BLOCKED)]
    return pairs + [(a.ask(UNLCK, 0, END), SUCCESS), (b.ask(WRLCK, 0, END), SUCCESS), (a.ask(RDLCK, 0, 1), BLOCKED)]


# ------------------------------------------------------------------------- hf1

def askx(c, kind, how, start, length, owner, block=0, fid=None):
    return c.send("lockx", fid or c.file, kind, how, block, start, length, owner, 1, "node")


@case
def kinds(p):
    a, b = p.client(), p.client()
    x = lambda c, *args: outcome(lambda: c.receive(askx(c, *args)))
    process = Local(p.path)
    pairs = [(x(a, POSIX, WRLCK, 0, 10, 1), SUCCESS), (x(a, POSIX, WRLCK, 0, 10, 2), BLOCKED),
             (x(a, OFD, WRLCK, 0, 10, 1), BLOCKED), (x(a, OFD, WRLCK, 10, 10, 1), SUCCESS),
             (x(b, OFD, WRLCK, 10, 10, 1), BLOCKED), (x(a, FLOCK, WRLCK, 0, 0, 1), SUCCESS),
             (x(a, FLOCK, WRLCK, 0, 0, 2), BLOCKED), (process.call("flock", fcntl.LOCK_SH | fcntl.LOCK_NB), "EAGAIN"),
             (x(a, FLOCK, WRLCK, 0, 1, 1), "EINVAL"), (x(a, POSIX, WRLCK, 0, 1, 1, 2), "EINVAL"),
             (x(a, FLOCK, RDLCK, 0, 0, 1), SUCCESS), (x(b, FLOCK, RDLCK, 0, 0, 1), SUCCESS),
             (process.call("flock", fcntl.LOCK_SH | fcntl.LOCK_NB), "None"), (process.call("flock", fcntl.LOCK_UN), "None"),
             (b.getlockx(b.file, POSIX, WRLCK, 0, END, 5)[:4], (POSIX, WRLCK, 0, 10)),
             (b.getlockx(b.file, POSIX, WRLCK, 10, END, 5)[:4], (OFD, WRLCK, 10, 10)),
             (b.getlockx(b.file, FLOCK, WRLCK, 0, 0, 5)[:2], (FLOCK, WRLCK)),
             (b.getlockx(b.file, POSIX, WRLCK, 50, 1, 5), (0, UNLCK, 0, 0, 0, b"")),
             (outcome(b.getlockx, b.file, POSIX, UNLCK, 50, 1, 5), "EINVAL")]
    process.end()
    return pairs


@case
def flock_waits(p):
    a, process = p.client(), Local(p.path)
    process.call("flock", fcntl.LOCK_EX)
    tag = askx(a, FLOCK, WRLCK, 0, 0, 1, BLOCK)
    waits = a.nothing_comes(0.3)
    process.call("flock", fcntl.LOCK_UN)
    got = a.receive(tag)
    refused = process.call("flock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    a.clunk(a.file)
    after = process.call("flock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    process.end()
    return [(waits, True), (got, SUCCESS), (refused, "EAGAIN"), (after, "None")]


@case
def flock_is_asked_about(p):
    """To ask takes none: where the filesystem would, there is no answer."""
    a, b = p.client(), p.client()
    there = export != "polled"
    return [(outcome(a.getlockx, a.file, FLOCK, WRLCK, 0, 0, 1), (0, UNLCK, 0, 0, 0, b"") if there else "EOPNOTSUPP"),
            (b.receive(askx(b, FLOCK, WRLCK, 0, 0, 1)), SUCCESS)]


run(Place)
