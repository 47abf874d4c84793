#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""attacks.py ADDRESS EXPORT DIRECTORY [PREFIX]: what a client may not do.

As conform.py.  What breaks the rules of the wire ends its own connection, and no
other; what is beyond its user's rights is refused.
"""
import array
import os
import random
import socket
import struct
import threading

from p9 import *
from suite import address, case, export, run, top

seed = int(os.environ.get("HF_SEED", random.randrange(1 << 31)))
FRAME = "<IBH"


class Place:
    def __init__(self, name):
        self.name = "attack-" + name
        self.dir = "%s/%s" % (top, self.name)
        os.mkdir(self.dir)
        self.client = Client(address)
        self.root = self.client.root(export)
        self.fid = self.client.at(self.root, self.name)

    def lives(self):
        """Others notice nothing."""
        return self.client.getattr(self.fid, 0)["qid"].path == os.stat(self.dir).st_ino


def ends(client):
    """Whether the server ends the connection, whatever it says before."""
    client.sock.settimeout(20)
    try:
        while client.sock.recv(1 << 16):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def frame(kind, tag, body, size=None):
    return struct.pack(FRAME, 7 + len(body) if size is None else size, kind, tag) + body


@case
def frames(p):
    """Sizes that lie, types of the wrong way, half a header."""
    walk = struct.pack("<IIH", 1, 2, 65535)
    wrong = [frame(24, 1, b"", 3), frame(24, 1, b"", 0), frame(24, 1, b"x" * 12, 0xffffffff),
             frame(24, 1, b"x" * 11), frame(24, 1, b"x" * 13), frame(25, 1, b""), frame(7, 1, b"\1\0\0\0"),
             frame(110, 1, walk), frame(110, 1, walk + b"\0" * 20), frame(118, 1, struct.pack("<IQI", 1, 0, 100) + b"x"),
             frame(118, 1, struct.pack("<IQI", 1, 0, 0xffffffff)), frame(16, 1, struct.pack("<IH", 1, 60000) + b"x")]
    pairs = []
    for data in wrong:
        c = Client(address)
        c.root(export)
        c.raw(data)
        pairs.append((ends(c), True))
        c.close()
    for size in range(1, 7):
        c = Client(address)
        c.raw(frame(24, 1, b"x" * 12)[:size])
        c.close()
    return pairs + [(p.lives(), True)]


@case
def order(p):
    """Before Tversion, and with tags that are in use."""
    first = Client(address, None)
    first.raw(first.frame("attach", (1, NOFID, "", export, 0), 1))
    twice = Client(address)
    twice.attach(1, NOFID, "", export, 0)
    # A lock that waits keeps its tag in use.
    holder = Client(address)
    holder.root(export)
    fids = [c.created(c.at(1, p.name), "f", RDWR) for c in (holder, twice)]
    holder.lock(fids[0], WRLCK, 0, 0, 0, 1, "a")
    tag = twice.send("lock", fids[1], WRLCK, BLOCK, 0, 0, 1, "b")
    twice.nothing_comes(0.1)
    twice.raw(twice.frame("getattr", (1, 0), tag))
    notag = Client(address)
    notag.raw(notag.frame("attach", (1, NOFID, "", export, 0), NOTAG))
    return [(ends(first), True), (ends(twice), True), (ends(notag), True), (p.lives(), True)]


@case
def attach(p):
    c = Client(address)
    attach = lambda *args: outcome(c.attach, *args)
    return [(attach(1, 5, "", export, 0), "EINVAL"), (attach(1, NOFID, "", "/etc", 0) != None, True),
            (attach(1, NOFID, "", "../" + export, 0) != None, True), (attach(NOFID, NOFID, "", export, 0) != None, True),
            (attach(1, NOFID, "", export, NOUID)[0], 0x80), (attach(1, NOFID, "", export, 0), "EBADF"),
            (outcome(c.auth, 9, "", export, 0), "EOPNOTSUPP")]


@case
def nobody(p):
    """Without a user's number one is nobody, who may do what others may."""
    os.chmod(p.dir, 0o755)
    c = p.client
    fid = c.at(c.root(export, NOUID), p.name)
    return [(outcome(c.mkdir, fid, "d", 0o755, 0), "EACCES"), (outcome(c.set, fid, SET_MODE, 0o777), "EPERM")]


@case
def moved_out(p):
    """A directory that somebody has moved out of the export leads nowhere."""
    out = os.path.join(os.path.dirname(top), "out-of-" + os.path.basename(top))
    os.makedirs(p.dir + "/a/b")
    c = p.client
    with open(p.dir + "/a/b/f", "wb"):
        pass
    deep, opened, file = c.at(p.fid, "a/b"), c.opened(p.fid, "a/b"), c.at(p.fid, "a/b/f")
    os.rename(p.dir + "/a", out)
    walk = lambda fid, *names: outcome(c.walk, fid, c.fid(), list(names))
    pairs = [(outcome(c.lopen, deep, RDONLY), "ESTALE"),
             (walk(deep, ".."), "ESTALE"), (walk(deep, "..", ".."), "ESTALE"), (walk(deep), "ESTALE"),
             (outcome(c.mkdir, deep, "x", 0o755, 0), "ESTALE"), (outcome(c.remove, deep), "ESTALE"),
             (walk(opened, ".."), "ESTALE"), (outcome(c.readdirattr, opened, 0, 4096, 0), "ESTALE"),
             (outcome(c.link, p.fid, file, "again"), "ESTALE"),
             (os.listdir(out + "/b"), ["f"]), (os.listdir(p.dir), [])]
    os.rename(out, p.dir + "/a")
    return pairs


@case
def moved_while_walking(p):
    """However the two meet, nothing outside is ever seen."""
    outside = os.path.dirname(os.path.abspath(top))
    out, inside = outside + "/moving", p.dir + "/a"
    os.makedirs(inside + "/b/c")
    forbidden = {os.stat(outside).st_ino}
    stop, seen = threading.Event(), set()

    def move():
        while not stop.is_set():
            os.rename(inside, out)
            os.rename(out, inside)

    mover = threading.Thread(target=move)
    mover.start()
    c = p.client
    for _ in range(120):
        try:
            deep = c.at(p.fid, "a/b/c")
            new = c.fid()
            seen |= {q.path for q in c.walk(deep, new, [".."] * 8)}
            c.clunk(deep)
            c.clunk(new)
        except Refused:
            pass
    stop.set()
    mover.join()
    return [(seen & forbidden, set())]


@case
def names(p):
    """Names that are none, in every message that has one."""
    c, f = p.client, p.fid
    tries = lambda n: [outcome(c.lcreate, c.at(f), n, RDWR, 0o644, 0), outcome(c.symlink, f, n, "x", 0),
                       outcome(c.mknod, f, n, 0o100644, 0, 0, 0), outcome(c.mkdir, f, n, 0o755, 0),
                       outcome(c.link, f, f, n), outcome(c.unlinkat, f, n, 0), outcome(c.renameat, f, n, f, "x"),
                       outcome(c.renameat, f, "x", f, n), outcome(c.rename, f, f, n), outcome(c.renamex, f, n, f, "x", 0)]
    pairs = [(set(tries(n)), {"EINVAL"}) for n in ("", ".", "..", "a/b", "/", b"a\0b")]
    leads = lambda n: [outcome(c.walk, f, c.fid(), [n]), outcome(c.walkattr, f, c.fid(), 0, [n])]
    pairs += [(set(leads(n)), {"ENOENT"}) for n in ("", ".", "a/b", "/")]
    return pairs + [(set(leads("n" * 256)), {"ENAMETOOLONG"}), (set(tries("n" * 256)), {"ENAMETOOLONG"}), (os.listdir(p.dir), [])]


@case
def open_beside(p):
    """Two opens of one fid, and a creation beside them: one is first."""
    c = p.client
    wrong = []
    for turn in range(50):
        fid = c.at(p.fid)
        tags = [c.send("lopen", fid, RDONLY), c.send("lcreate", fid, "n%d" % turn, RDWR, 0o644, 0),
                c.send("lopen", fid, RDONLY), c.send("walk", fid, fid, ["x"])]
        seen = [outcome(c.receive, tag) for tag in tags]
        if sum(isinstance(s, tuple) for s in seen[:3]) != 1 or outcome(c.clunk, fid):
            wrong.append(seen)
    return [(wrong, [])]


@case
def descriptors(p):
    """Descriptors that are sent along are dropped."""
    if not address.startswith("unix:"):
        return [(True, True)]
    c = Client(address)
    data = c.frame("attach", (1, NOFID, "", export, 0), 1)
    pipe = os.pipe()
    c.sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [pipe[1]]))])
    os.close(pipe[1])
    c.waiting[1] = "attach"
    c.receive(1)
    c.close()
    os.set_blocking(pipe[0], False)
    for _ in range(100):
        try:
            return [(os.read(pipe[0], 1), b"")]
        except BlockingIOError:
            threading.Event().wait(0.05)
    return [("kept", "dropped")]


@case
def reader_that_stops(p):
    """It has many replies coming and reads none of them; others go on."""
    with open(p.dir + "/big", "wb") as file:
        file.write(bytes(1 << 20))
    c = Client(address, msize=1 << 20)
    fid = c.opened(c.at(c.root(export), p.name), "big")
    c.sock.setblocking(False)
    sent = 0
    try:
        for tag in range(1, 5000):
            c.raw(c.frame("read", (fid, 0, 1 << 20), tag))
            sent += 1
    except BlockingIOError:
        pass
    alive = [p.lives() for _ in range(20)]
    c.close()
    return [(sent > 0, True), (all(alive), True)]


@case
def crowd(p):
    """Fids without end."""
    c, answers, at = Client(address), [], 1000
    root = c.root(export)
    while "EMFILE" not in answers and at < 200000:
        tags = [c.send("walk", root, fid, []) for fid in range(at, at + 50)]
        at += 50
        answers = [outcome(c.receive, tag) for tag in tags]
    fit = answers.count([])
    pairs = [(answers, [[]] * fit + ["EMFILE"] * (50 - fit)), (fit < 50, True), (p.lives(), True),
             (c.clunk(1000), None), (c.walk(root, 1000, []), [])]
    c.close()
    return pairs


def random_values(shape, chance, fids):
    values = []
    for letter in shape:
        if letter == "s":
            values.append(chance.choice(["f", "d", "..", "", "x" * chance.randrange(300), "user.a"]))
        elif letter == "n":
            values.append([chance.choice(["f", "d", "..", "x"]) for _ in range(chance.randrange(18))])
        elif letter == "p":
            values.append(chance.randbytes(chance.randrange(200)))
        elif letter == "i":
            values.append(chance.randbytes(16))
        else:
            most = (1 << 8 * struct.calcsize("<" + letter)) - 1
            values.append(min(most, chance.choice([chance.choice(fids), 0, 1, most, chance.randrange(most + 1),
                                                   chance.randrange(64), most >> 1])))
    return values


def some_noise(c, chance, kinds, fids):
    """Ten messages at once.  What would wait for a lock is flushed."""
    tags, locks = [], []
    for _ in range(10):
        name = chance.choice(kinds)
        values = random_values(MESSAGES[name][1], chance, fids)
        if MESSAGES[name][1].startswith("I"):
            values[0] = chance.choice(fids)
        tag = c.send(name, *values)
        if name in ("lock", "lockx"):
            locks.append((tag, c.send("flush", tag)))
        else:
            tags.append(tag)
    for tag in tags:
        outcome(c.receive, tag)
    for tag, flush in locks:
        c.receive(flush)
        c.waiting.pop(tag)
        c.got.pop(tag, None)


@case
def noise(p):
    """Messages of any kind with any content; whatever they do, they do in one directory."""
    chance = random.Random(seed)
    print("# seed %d" % seed, flush=True)
    user = os.path.join(p.dir, "mine")
    os.mkdir(user)
    os.chown(user, 1000, 1000)
    # A Tflush at random would leave one of the ten without a reply.
    kinds = [n for n in MESSAGES if n not in ("version", "attach", "auth", "flush")]
    for connection in range(8):
        c = Client(address)
        c.sock.settimeout(30)
        root = c.root(export, 1000)
        fids = [c.at(root, p.name + "/mine") for _ in range(4)] + [1 << 20, 1 << 20 | 1, NOFID]
        try:
            for _ in range(30):
                some_noise(c, chance, kinds, fids)
        except ConnectionError:
            pass
        c.close()
    return [(p.lives(), True)]


run(Place)
