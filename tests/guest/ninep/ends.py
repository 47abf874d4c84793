#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""ends.py ADDRESS EXPORT DIRECTORY [PREFIX [CASE...]]: a fid ends beside each operation of it.

As conform.py.  Each message that has a fid, and right behind it, in the same write(2),
what ends the fid: Tclunk, Tremove, Tversion.  Both are answered, by what they did or
by what is told of a fid that is not there; and nothing is left.
"""
import fcntl
import itertools
import os
import random

from config import sum_of, until
from p9 import *
from suite import address, case, export, run, top

seed = int(os.environ.get("HF_SEED", random.randrange(1 << 31)))
ROUNDS, MOST_ROUNDS = 2, 50
NEW = EXCL | RDWR

# The message, what the fid is of, and the rest of it: of f, the fid, and a Place.
ROWS = [
    ("statfs", "file", lambda f, p: (f,)),
    ("getattr", "file", lambda f, p: (f, 0x3fff)),
    ("setattr", "file", lambda f, p: (f, SET_MODE, 0o600) + (0,) * 7),
    ("setattr", "open", lambda f, p: (f, SET_SIZE, 0, 0, 0, 10) + (0,) * 4),
    ("lopen", "file", lambda f, p: (f, RDWR | TRUNC)),
    ("lopen", "dir", lambda f, p: (f, RDONLY)),
    ("lcreate", "dir", lambda f, p: (f, p.name(), NEW, 0o644, 0)),
    ("symlink", "dir", lambda f, p: (f, p.name(), "text", 0)),
    ("mknod", "dir", lambda f, p: (f, p.name(), 0o100644, 0, 0, 0)),
    ("mkdir", "dir", lambda f, p: (f, p.name(), 0o755, 0)),
    ("readlink", "link", lambda f, p: (f,)),
    ("xattrwalk", "file", lambda f, p: (f, p.new(), "user.a")),
    ("xattrcreate", "file", lambda f, p: (f, "user.b", 4, 0)),
    ("read", "attribute", lambda f, p: (f, 0, 100)),
    ("write", "new attribute", lambda f, p: (f, 0, b"four")),
    ("readdir", "open dir", lambda f, p: (f, 0, 4096)),
    ("readdirattr", "open dir", lambda f, p: (f, 0, 4096, 0x3fff)),
    ("fsync", "open", lambda f, p: (f, 0)),
    ("lock", "open", lambda f, p: (f, WRLCK, 0, 0, 10, 1, "node")),
    ("lock", "open", lambda f, p: (f, UNLCK, 0, 0, 0, 1, "node")),
    ("lock", "locked", lambda f, p: (f, WRLCK, BLOCK, 0, 10, 1, "node")),
    ("getlock", "locked", lambda f, p: (f, WRLCK, 0, 10, 1, "node")),
    ("lockx", "open", lambda f, p: (f, FLOCK, WRLCK, 0, 0, 0, 1, 1, "node")),
    ("lockx", "locked", lambda f, p: (f, OFD, WRLCK, BLOCK, 0, 10, 1, 1, "node")),
    ("getlockx", "locked", lambda f, p: (f, POSIX, WRLCK, 0, 10, 1)),
    ("link", "dir", lambda f, p: (f, p.base, p.name())),
    ("link", "file", lambda f, p: (p.fid, f, p.name())),
    ("rename", "file", lambda f, p: (f, p.fid, p.name())),
    ("rename", "dir", lambda f, p: (f, p.fid, p.name())),
    ("renameat", "dir", lambda f, p: (f, "child", p.fid, p.name())),
    ("renameat", "dir", lambda f, p: (p.fid, p.spare(), f, "moved")),
    ("renamex", "dir", lambda f, p: (f, "child", p.fid, p.name(), 1)),
    ("renamex", "dir", lambda f, p: (p.fid, p.spare(), f, "child", 2)),
    ("unlinkat", "dir", lambda f, p: (f, "child", 0)),
    ("walk", "dir", lambda f, p: (f, p.new(), ["child"])),
    ("walk", "dir", lambda f, p: (f, f, ["child"])),
    ("walk", "file", lambda f, p: (f, p.new(), [])),
    ("walkattr", "dir", lambda f, p: (f, p.new(), 0x3fff, ["child"])),
    ("openattr", "file", lambda f, p: (f, p.new(), RDWR, 0x3fff)),
    ("openattr", "file", lambda f, p: (f, f, RDWR, 0x3fff)),
    ("createattr", "dir", lambda f, p: (f, p.new(), p.name(), NEW, 0o644, 0, 0x3fff)),
    ("createattr", "dir", lambda f, p: (f, f, p.name(), NEW, 0o644, 0, 0x3fff)),
    ("read", "open", lambda f, p: (f, 0, 5000)),
    ("write", "open", lambda f, p: (f, 0, bytes(5000))),
    ("fallocate", "open", lambda f, p: (f, 0, 0, 100000)),
    ("seek", "open", lambda f, p: (f, 0, 0)),
    ("copy", "open", lambda f, p: (f, 0, p.open, 0, 5000)),
    ("copy", "open", lambda f, p: (p.open, 0, f, 0, 5000)),
    ("clone", "open", lambda f, p: (f, 0, p.open, 0, 4096)),
    ("clone", "open", lambda f, p: (p.open, 0, f, 0, 4096)),
    ("identity", "dir", lambda f, p: (f,)),
    ("localhello", "file", lambda f, p: (f, bytes(16))),
]
WITHOUT_FID = {"version", "auth", "attach", "caps", "flush"}
# Of a filesystem that shares no blocks; of an id that nobody has.
MAY_FAIL = {"clone": {"EOPNOTSUPP"}, "localhello": {"ENOENT"}}
# What is done to a name that went meanwhile.
REMOVED = {"ENOENT", "ESTALE"}


class Place:
    """A directory and a connection; what is made there has names and fids that nothing else has."""

    def __init__(self, name):
        self.title, self.dir = "ends-" + name, "%s/ends-%s" % (top, name)
        os.mkdir(self.dir)
        self.numbers, self.held, self.made = itertools.count(), [], []
        self.put("base")
        self.connect()

    def connect(self):
        self.client = Client(address)
        self.begin()

    def begin(self):
        c = self.client
        self.fid = c.at(c.root(export), self.title)
        self.base = c.at(self.fid, "base")
        self.open = c.opened(self.fid, "base", RDWR)
        self.fids = fids()

    def name(self):
        return "n%d" % next(self.numbers)

    def new(self):
        self.made.append(self.client.fid())
        return self.made[-1]

    def path(self, name):
        return "%s/%s" % (self.dir, name)

    def put(self, name):
        with open(self.path(name), "wb") as file:
            file.write(bytes(10000))
        os.setxattr(self.path(name), "user.a", b"value")
        return name

    def spare(self):
        return self.put(self.name())

    def make(self, kind):
        """The name of a thing that a fid of this kind can be of."""
        name = self.name()
        if kind.endswith("dir"):
            os.mkdir(self.path(name))
            self.put(name + "/child")
        elif kind == "link":
            os.symlink("text", self.path(name))
        else:
            self.put(name)
        if kind == "locked":
            self.held.append(open(self.path(name), "rb+"))
            fcntl.lockf(self.held[-1], fcntl.LOCK_EX)
        return name

    def prepare(self, rows):
        """A fid for each row.  At once: first all that walk, then what each does."""
        c = self.client
        found = [(kind, c.fid(), self.make(kind)) for _, kind, _ in rows]
        tags = [c.send("walk", self.fid, fid, [name]) for _, fid, name in found]
        for tag in tags:
            c.receive(tag)
        tags, walked = [], []
        for at, (kind, fid, name) in enumerate(found):
            if kind in ("open", "locked"):
                tags.append(c.send("lopen", fid, RDWR))
            elif kind == "open dir":
                tags.append(c.send("lopen", fid, RDONLY))
            elif kind == "new attribute":
                tags.append(c.send("xattrcreate", fid, "user.new", 4, 0))
            elif kind == "attribute":
                walked.append(fid)
                found[at] = kind, c.fid(), name
                tags.append(c.send("xattrwalk", fid, found[at][1], "user.a"))
        for tag in tags:
            c.receive(tag)
        for fid in walked:
            c.clunk(fid)
        return [fid for _, fid, _ in found]

    def both(self, name, values, end, *rest):
        """A message and what ends its fid, in one write(2): their tags."""
        c, tags = self.client, (self.client.new_tag(), NOTAG if end == "version" else self.client.new_tag())
        c.waiting.update(zip(tags, (name, end)))
        c.raw(c.frame(name, values, tags[0]) + c.frame(end, rest, tags[1]))
        return tags

    def forget_made(self):
        c = self.client
        for tag in [c.send("clunk", fid) for fid in self.made]:
            outcome(c.receive, tag)
        self.made = []
        for file in self.held:
            file.close()
        self.held = []

    def left(self):
        """What there is that was not there before: fids, and locks, of which there were none."""
        return fids() - self.fids, sum_of("locks", export)

    def lives(self):
        return self.client.getattr(self.fid, 0)["qid"].path == os.stat(self.dir).st_ino


def fids():
    return sum_of("fids", export)


def waits(name, kind):
    return kind == "locked" and name in ("lock", "lockx")


def is_never_done(name, kind):
    return waits(name, kind) or name in MAY_FAIL


def is_right(name, kind, answer, also=frozenset()):
    """By what it did, or as of a fid that is not there; who waits cannot have had the lock."""
    if isinstance(answer, str):
        return answer in {"EBADF"} | MAY_FAIL.get(name, set()) | also
    return not waits(name, kind)


def ended_by(p, end, allowed, also):
    """What was wrong, of each row a few times, all at once; and which rows have never been done, though those that
    were not were tried again and again: which of the two is first is up to the server's threads."""
    wrong, missing, c = [], ROWS, p.client
    for turn in range(MOST_ROUNDS):
        rows = ROWS if turn < ROUNDS else missing
        tags = [p.both(name, values(fid, p), end, fid) for fid, (name, _, values) in zip(p.prepare(rows), rows)]
        for row, (first, second) in zip(rows, tags):
            name, kind, _ = row
            answers = outcome(c.receive, first), outcome(c.receive, second)
            if not is_right(name, kind, answers[0], also) or answers[1] not in allowed:
                wrong.append((name, kind, answers))
            if not isinstance(answers[0], str) or is_never_done(name, kind):
                missing = [other for other in missing if other is not row]
        p.forget_made()
        if turn + 1 >= ROUNDS and not missing:
            break
    return wrong + [row[:2] for row in missing]


@case
def every_message(p):
    """None is left out above."""
    return [(set(MESSAGES) - {name for name, _, _ in ROWS}, WITHOUT_FID | {"clunk", "remove"})]


@case
def clunk_beside(p):
    """EINVAL: an attribute whose value has not come is not set."""
    return [(ended_by(p, "clunk", {None, "EINVAL"}, frozenset()), []), (p.left(), (0, 0)), (p.lives(), True)]


@case
def remove_beside(p):
    return [(ended_by(p, "remove", {None, "ENOTEMPTY", "ENOENT", "EBADF"}, REMOVED), []), (p.left(), (0, 0)), (p.lives(), True)]


@case
def version_beside(p):
    """What is not answered before Rversion is not answered at all."""
    wrong, c = [], p.client
    for name, kind, values in ROWS:
        fid, = p.prepare([(name, kind, values)])
        tag, _ = p.both(name, values(fid, p), "version", c.msize, HF1)
        answer = c.receive(NOTAG)
        said = outcome(c.receive, tag) if tag in c.got else "EBADF"
        c.waiting.clear()
        if answer[1] != HF1.encode() or not is_right(name, kind, said):
            wrong.append((name, kind, said))
        p.made = []
        p.forget_made()
        p.begin()
    return [(wrong, []), (p.left(), (0, 0)), (p.fids, 4), (p.lives(), True)]


def burst(p, chance, numbers):
    """Some messages of a few fids in any order, some of which end them, in one write(2)."""
    c, data, tags = p.client, b"", {}
    for _ in range(16):
        fid = chance.choice(numbers)
        name, _, values = chance.choice(ROWS)
        what = chance.choice([(name, values(fid, p))] * 3 + [("clunk", (fid,)), ("remove", (fid,)),
                             ("walk", (p.fid, fid, [p.spare()])), ("lopen", (fid, RDWR))])
        tag = c.new_tag()
        tags[tag] = c.waiting[tag] = what[0]
        data += c.frame(*what, tag)
    c.raw(data)
    return tags


def hear(p, tags):
    """Each has one reply, but for what waited for a lock, which is flushed."""
    c = p.client
    flushes = [c.send("flush", tag) for tag, name in tags.items() if name in ("lock", "lockx")]
    for tag, name in tags.items():
        if name not in ("lock", "lockx"):
            outcome(c.receive, tag)
    for tag in flushes:
        c.receive(tag)
    for tag in tags:
        c.waiting.pop(tag, None)
        c.got.pop(tag, None)


@case
def two_in_any_order(p):
    """Two connections, of one directory; a Tversion now and then."""
    chance = random.Random(seed)
    print("# seed %d" % seed, flush=True)
    other = Place.__new__(Place)
    other.__dict__.update(p.__dict__, held=[], made=[])
    other.connect()
    numbers = range(1000, 1008)
    for turn in range(8):
        both = [(q, burst(q, chance, numbers)) for q in (p, other)]
        for q, tags in both:
            hear(q, tags)
            q.forget_made()
        if turn % 4 == 3:
            burst(p, chance, numbers)
            p.client.version(p.client.msize, HF1)
            p.client.waiting.clear()
            p.client.got.clear()
            p.made = []
            p.begin()
    for q in p, other:
        for fid in numbers:
            outcome(q.client.clunk, fid)
    other.client.close()
    until(lambda: fids() == 4)
    return [(sum_of("locks", export), 0), (p.lives(), True)]


def make(name):
    """Nobody else's fids are counted."""
    if make.last:
        make.last.client.close()
    until(lambda: not fids())
    make.last = Place(name)
    return make.last


make.last = None
run(make)
