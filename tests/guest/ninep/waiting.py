#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""waiting.py ADDRESS KIND DIRECTORY [PREFIX [CASE...]]: what waits keeps nobody else waiting.

As locks.py, with exports of DIRECTORY of its own.  KIND is the filesystem's.
"""
import fcntl
import os
import select
import signal
import struct

from config import Export, parked, sum_of, threads, until
from p9 import *
from suite import address, case, export as kind, run, top


class Place:
    def __init__(self, name):
        self.name = "waiting-" + name
        self.path = "%s/%s" % (top, self.name)
        with open(self.path, "wb") as file:
            file.write(bytes(100))

    def client(self, export, flags=RDWR):
        c = Client(address)
        c.top = c.root(export)
        c.file = c.opened(c.top, self.name, flags)
        return c


@case
def two_threads(p):
    """200 requests wait, of four clients, and two threads serve all others; then each has its turn."""
    with Export("few", path=top, threads=2):
        holder, other = p.client("few"), p.client("few")
        holder.lock(holder.file, WRLCK, 0, 0, 10, 1, "node")
        waiters = [p.client("few") for _ in range(4)]
        left = {c: {c.send("lock", c.file, WRLCK, BLOCK, 0, 10, pid, "node"): pid for pid in range(50)}
                for c in waiters}
        until(lambda: parked("few") == 200)
        served = [other.write(other.file, 50, bytes(40)) + len(other.read(other.file, 0, 90)) for _ in range(50)]
        pairs = [(set(served), {130}), (threads("few") <= 2, True)]
        holder.lock(holder.file, UNLCK, 0, 0, 0, 1, "node")
        answers = []
        while any(left.values()):
            ready = select.select([c.sock for c in waiters if left[c]], [], [], 60)[0]
            if not ready:
                return pairs + [({len(tags) for tags in left.values()}, "every one had its turn")]
            for c in (c for c in waiters if c.sock in ready):
                tag, what, body = c.next()
                c.waiting.pop(tag)
                pid = left[c].pop(tag)
                answers.append((what, body))
                c.lock(c.file, UNLCK, 0, 0, 0, pid, "node")
        for c in waiters + [holder, other]:
            c.close()
        return pairs + [(answers, [(53, b"\0")] * 200)]


@case
def one_exclusion(p):
    """Of those that were granted one after another never two at once: each adds one by read and write."""
    with Export("few", path=top, threads=4):
        clients = [p.client("few") for _ in range(4)]
        clients[0].write(clients[0].file, 0, b"000000")
        for _ in range(30):
            tags = [(c, c.send("lock", c.file, WRLCK, BLOCK, 0, 10, 1, "node")) for c in clients]
            while tags:
                ready = select.select([c.sock for c, _ in tags], [], [], 60)[0]
                c, tag = next(pair for pair in tags if pair[0].sock in ready)
                c.receive(tag)
                value = int(c.read(c.file, 0, 6))
                c.write(c.file, 0, b"%06d" % (value + 1))
                c.lock(c.file, UNLCK, 0, 0, 0, 1, "node")
                tags.remove((c, tag))
        value = clients[0].read(clients[0].file, 0, 6)
        for c in clients:
            c.close()
        return [(value, b"000120")]


@case
def held_for_a_time(p):
    """lock_hold_ms: then the client is to ask again."""
    with Export("held", path=top, lock_hold_ms=100):
        a, b = p.client("held"), p.client("held")
        a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
        got = b.lock(b.file, WRLCK, BLOCK, 0, 10, 1, "node")
        free = b.lock(b.file, WRLCK, BLOCK, 10, 10, 1, "node")
        a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
        kept = a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
        a.close()
        b.close()
        return [(got, BLOCKED), (free, SUCCESS), (kept, SUCCESS), (parked("held"), 0)]


@case
def too_many_wait(p):
    """One over the limit is told to come again; those before wait on."""
    with Export("held", path=top, max_waiting_locks=3):
        a, b = p.client("held"), p.client("held")
        a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
        tags = [b.send("lock", b.file, WRLCK, BLOCK, 0, 10, pid, "node") for pid in range(3)]
        until(lambda: parked("held") == 3)
        got = b.lock(b.file, WRLCK, BLOCK, 0, 10, 9, "node")
        for tag in tags:
            b.flush(tag)
        late = b.send("lock", b.file, WRLCK, BLOCK, 0, 10, 9, "node")
        until(lambda: parked("held") == 1)
        a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
        done = b.receive(late)
        a.close()
        b.close()
        return [(got, BLOCKED), (done, SUCCESS), (any(tag in b.got for tag in tags), False)]


class Lease:
    """A local process's, which gives it back when it is told to, not when it is asked."""

    def __init__(self, path, kind):
        self.asked = False
        signal.signal(signal.SIGIO, self.ask)
        self.fd = os.open(path, os.O_RDONLY)
        fcntl.fcntl(self.fd, fcntl.F_SETLEASE, kind)

    def ask(self, *unused):
        self.asked = True

    def end(self):
        fcntl.fcntl(self.fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(self.fd)
        signal.signal(signal.SIGIO, signal.SIG_DFL)


@case
def leases(p):
    """An open, a truncate: each waits without a thread, can be flushed, and ends when the lease does."""
    with Export("few", path=top, threads=1):
        c = Client(address)
        root = c.root("few")
        lease = Lease(p.path, fcntl.F_WRLCK)
        fid = c.at(root, p.name)
        pairs = []
        for name, rest in ("lopen", (RDONLY,)), ("setattr", (SET_SIZE, 0, 0, 0, 10, 0, 0, 0, 0)):
            tag = c.send(name, fid, *rest)
            until(lambda: parked("few") == 1)
            pairs += [(c.getattr(fid, 0)["size"], 100), (c.flush(tag), None), (tag in c.got, False)]
        pairs.append((lease.asked, True))
        tags = [c.send("setattr", fid, SET_SIZE, 0, 0, 0, 10, 0, 0, 0, 0), c.send("lopen", fid, RDONLY)]
        until(lambda: parked("few") == 2)
        lease.end()
        answers = [outcome(c.receive, tag) for tag in tags]
        pairs += [(answers[0], None), (isinstance(answers[1], tuple), True), (os.stat(p.path).st_size, 10)]
        c.close()
        return pairs


@case
def leases_end(p):
    """Beside a lease a request ends with its fid, and with its connection."""
    with Export("few", path=top, threads=1):
        c, other = Client(address), Client(address)
        root = c.root("few")
        other_root = other.root("few")
        lease = Lease(p.path, fcntl.F_WRLCK)
        fid = c.at(root, p.name)
        tag = c.send("lopen", fid, RDONLY)
        until(lambda: parked("few") == 1)
        pairs = [(c.clunk(fid), None), (outcome(c.receive, tag), "EBADF")]
        fid = c.at(root, p.name)
        c.send("lopen", fid, RDONLY)
        until(lambda: parked("few") == 1)
        c.close()
        until(lambda: parked("few") == 0)
        pairs.append((other.getattr(other_root, 0)["qid"].type, 0x80))
        other.send("lopen", other.at(other_root, p.name), WRONLY)
        until(lambda: parked("few") == 1)
        # Here the export ends, beside one that waits.
    lease.end()
    return pairs + [(ends(other), True)]


def layout(fd, kind):
    """HF_IOC_SETLAYOUT: 0 for none, 1 to read."""
    fcntl.ioctl(fd, 0x4028BA01, struct.pack("IIQQIIQ", kind, 0, 0, 0, 0, 0, 0))


def pin(fd):
    """HF_IOC_PIN; the pin ends with the descriptor."""
    fcntl.ioctl(fd, 0xC020BA03, struct.pack("IIQQQ", 1, 0, 0, 4096, 0))


def layouts(p):
    """Waited for like a lease; a pin is not."""
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    with open(p.path, "wb") as file:
        file.write(bytes(65536))
    with Export("few", path=top, threads=1):
        c = p.client("few")
        fd = os.open(p.path, os.O_RDONLY)
        layout(fd, 1)
        cut = lambda: c.send("setattr", c.file, SET_SIZE, 0, 0, 0, 10, 0, 0, 0, 0)
        punch = lambda: c.send("fallocate", c.file, 3, 0, 4096)
        pairs = []
        for begin in cut, punch:
            tag = begin()
            until(lambda: parked("few") == 1)
            pairs += [(c.getattr(c.file, 0)["size"], 65536), (c.flush(tag), None), (tag in c.got, False)]
        tag = punch()
        until(lambda: parked("few") == 1)
        layout(fd, 0)
        pairs.append((outcome(c.receive, tag), None))
        layout(fd, 1)
        pin(fd)
        layout(fd, 0)
        pairs += [(outcome(c.receive, cut()), "ETXTBSY"), (outcome(c.receive, punch()), "ETXTBSY")]
        os.close(fd)
        pairs += [(outcome(c.receive, cut()), None), (os.stat(p.path).st_size, 10)]
        c.close()
        return pairs


def greedy(p):
    """One that has all the memory there is for requests, and reads none of its replies."""
    with open("/proc/meminfo") as file:
        most = int(file.readline().split()[1]) * 1024 // 8
    with open(p.path, "wb") as file:
        file.write(bytes(1 << 16))
    with Export("greedy", path=top, max_bytes=1 << 30, max_requests=4096), Export("few", path=top, threads=1):
        c = Client(address)
        fid = c.opened(c.root("greedy"), p.name)
        c.sock.setblocking(False)
        left, tag = b"", 0
        def feed():
            nonlocal left, tag
            try:
                while True:
                    left = left or c.frame("read", (fid, 0, 65000), tag)
                    left, tag = left[c.sock.send(left):], tag + 1
            except BlockingIOError:
                return in_flight("greedy") > most - (1 << 20)
        until(feed)
        other = p.client("few")
        served = [other.write(other.file, 0, bytes(60000)) + len(other.read(other.file, 0, 60000)) for _ in range(20)]
        pairs = [(set(served), {120000}), (in_flight("greedy") > most // 2, True)]
        other.close()
        c.close()
        return pairs


def in_flight(export):
    return sum_of("bytes", export)


def requests(export):
    return sum_of("requests", export)


def stopped_reader(p, export):
    """A client whose replies do not fit into its socket any more, and how many those are."""
    with open(p.path, "r+b") as file:
        file.write(bytes(1 << 16))
    b = p.client(export)
    for _ in range(40):
        b.send("read", b.file, 0, 60000)
    until(lambda: in_flight(export) > 1 << 20)
    return b


def replies(client):
    """Tags of what comes before the reply to the last message, and of that, but for Treads."""
    last, tags = client.last_tag, []
    while not tags or tags[-1] != last:
        tag, _, body = client.next()
        if client.waiting.pop(tag) != "read":
            tags.append(tag)
    return tags


@case
def flush_of_a_queued_reply(p):
    """The Rlock was decided on, and goes first; the lock stays."""
    with Export("few", path=top):
        a, b = p.client("few"), stopped_reader(p, "few")
        a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
        tag = b.send("lock", b.file, WRLCK, BLOCK, 0, 10, 1, "node")
        until(lambda: parked("few") == 1)
        a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
        until(lambda: a.getlock(a.file, WRLCK, 0, 10, 1, "node")[0] == WRLCK)
        # What is answered is no request any more, though its reply waits.
        until(lambda: requests("few") == 0)
        flush = b.send("flush", tag)
        pairs = [(replies(b), [tag, flush]), (a.lock(a.file, WRLCK, 0, 0, 10, 1, "node"), BLOCKED)]
        a.close()
        b.close()
        return pairs


@case
def flush_before_the_grant(p):
    """No Rlock, though its Rflush waits behind what is not read; and no lock."""
    with Export("few", path=top):
        a, b = p.client("few"), stopped_reader(p, "few")
        a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
        tag = b.send("lock", b.file, WRLCK, BLOCK, 0, 10, 1, "node")
        until(lambda: parked("few") == 1)
        flush = b.send("flush", tag)
        until(lambda: parked("few") == 0)
        a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
        pairs = [(replies(b), [flush]), (a.lock(a.file, WRLCK, 0, 0, 10, 1, "node"), SUCCESS)]
        a.close()
        b.close()
        return pairs


@case
def gone_with_a_queued_reply(p):
    """A lock that its client has never heard of goes with it."""
    with Export("few", path=top):
        a, b = p.client("few"), stopped_reader(p, "few")
        a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
        b.send("lock", b.file, WRLCK, BLOCK, 0, 10, 1, "node")
        until(lambda: parked("few") == 1)
        a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
        until(lambda: parked("few") == 0)
        b.close()
        got = a.lock(a.file, WRLCK, BLOCK, 0, 10, 1, "node")
        a.close()
        return [(got, SUCCESS)]


@case
def stopped_beside_a_grant(p):
    """Granted to one owner three times, which cannot all be taken back, and the export ends before its
    only thread can tell: nothing stays."""
    wrong = []
    os.truncate(p.path, 8 << 20)
    with Export("many", path=top):
        a = p.client("many")
        for turn in range(2):
            with Export("few", path=top, threads=1):
                b, busy = p.client("few"), [p.client("few") for _ in range(3)]
                to = [c.created(c.top, "%s-%d-%d" % (p.name, turn, i)) for i, c in enumerate(busy)]
                a.lock(a.file, WRLCK, 0, 0, 10, 1, "node")
                for _ in range(3):
                    b.send("lock", b.file, WRLCK, BLOCK, 0, 10, 1, "node")
                until(lambda: parked("few") == 3)
                for c, fid in zip(busy, to):
                    c.send("copy", c.file, 0, fid, 0, 8 << 20)
                a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
            for c in busy + [b]:
                c.close()
            if a.lock(a.file, WRLCK, 0, 0, 0, 1, "node") != SUCCESS:
                wrong.append(turn)
            a.lock(a.file, UNLCK, 0, 0, 0, 1, "node")
        a.close()
    return [(wrong, [])]


def deadlock_by_a_grant(p):
    """A waits for what B has, and is given what B waits for: its own wait is told, since nobody asks."""
    with Export("few", path=top, threads=2):
        a, b, c = (p.client("few") for _ in range(3))
        ask = lambda who, how, start, flags=0: who.send("lock", who.file, how, flags, start, 1, 1, "node")
        b.receive(ask(b, WRLCK, 1))
        c.receive(ask(c, WRLCK, 0))
        tags = []
        for who, start in (a, 1), (a, 0), (b, 0):
            tags.append(ask(who, WRLCK, start, BLOCK))
            until(lambda: parked("few") == len(tags))
        c.receive(ask(c, UNLCK, 0))
        pairs = [(outcome(a.receive, tags[1]), SUCCESS), (outcome(a.receive, tags[0]), "EDEADLK"), (parked("few"), 1)]
        a.receive(ask(a, UNLCK, 0))
        pairs.append((outcome(b.receive, tags[2]), SUCCESS))
        for client in a, b, c:
            client.close()
        return pairs


if kind == "holdfast":
    case(layouts)
    case(deadlock_by_a_grant)
# (KASAN leaves no memory to be greedy with.)
if kind == "ext4" and os.environ["HF_KERNEL"] == "stock":
    case(greedy)


def ends(client):
    try:
        while client.sock.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True


run(Place)
