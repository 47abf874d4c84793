#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""injected.py SERVED SERVER [PREFIX [CASE...]]: somebody between puts messages into the client's connection.

While programs read and write by a link their fid is clunked, removed, made another file's, or
all of them go, by a message that the client has not sent.  What goes on may fail.  It may not
touch what was freed, or another file, nor go on for ever; and the mount can go.
"""
import mmap
import os

from links import linked, links, moved, until
from attack import case, run
from p9 import MESSAGES, NOTAG, encode, frame
from programs import DEEDS

# No tag of the client's.
TAG = 0xfff0
BLOCK = 8192
WORKERS = 3
# There when it is over, and how many rounds come after that.
OVER, AFTER = "/run/hf/injected-is-over", 50


def hammer(path, number, flags):
    """Write a block and read it, until it is over, and a little longer: how often, and what ended it."""
    fd = os.open(path, os.O_RDWR | flags)
    block, at, memory = bytes([65 + number]) * BLOCK, number * BLOCK, mmap.mmap(-1, BLOCK)
    rounds = left = 0
    while left < AFTER:
        rounds += 1
        left += os.path.exists(OVER)
        memory[:] = block
        try:
            if os.pwritev(fd, [memory], at) != BLOCK:
                return rounds, "short"
            memory[:] = bytes(BLOCK)
            if os.preadv(fd, [memory], at) != BLOCK or memory[:] != block:
                return rounds, "other bytes"
            if rounds % 16 == 0:
                os.fsync(fd)
        except OSError as error:
            return rounds, error.errno
    return rounds, None


DEEDS["hammer"] = hammer


class Between:
    def __init__(self, a, proxy):
        self.loop, self.link, self.replies = a.loop, proxy.link, []
        proxy.rule(self.take)

    def take(self, message):
        """What answers us, and not the client."""
        if message.to_server or message.tag not in (TAG, NOTAG):
            return False
        self.replies.append(message)
        return True

    def say(self, name, *values):
        """Return: what is answered, or none if that is the end."""
        count = len(self.replies)
        self.link.to_server(frame(MESSAGES[name][0], NOTAG if name == "version" else TAG,
                                  encode(MESSAGES[name][1], values)))
        self.loop.until(lambda: len(self.replies) > count or not self.link.lives)
        return self.replies[-1].kind if len(self.replies) > count else None


def mount_kept(a, proxy):
    """By trans=fd: a program has the connection, too, to the end of the case."""
    outcome = a.program().do("mount_fd", proxy.path, a.mnt, "cache=none,localio=on")
    assert outcome is None, "mount: %s" % outcome
    a.mounts.append(a.mnt)


def busy(a, flags=0, kept=False):
    """Programs at work by a link: (between, fids, programs)"""
    if os.path.exists(OVER):
        os.unlink(OVER)
    a.make(bytes(WORKERS * BLOCK))
    a.make(b"never touched" * 5000, "other")
    proxy, opened = a.proxy(), []
    proxy.each("Ropenattr", lambda m: opened.append(m.request.fields()[1]))
    if kept:
        mount_kept(a, proxy)
    else:
        a.mount("cache=none,localio=on", proxy)
    until(linked)
    programs = [a.program() for _ in range(WORKERS)]
    for number, program in enumerate(programs):
        program.start("hammer", a.path(), number, flags)
    a.loop.until(lambda: len(opened) >= WORKERS and moved()[1] > 4 * WORKERS * BLOCK)
    return Between(a, proxy), opened, programs


def end(a, programs):
    """Everybody comes to an end, by himself or by what he is told."""
    with open(OVER, "w"):
        pass
    outcomes = [program.result() for program in programs]
    yield [why for _, why in outcomes if why in ("short", "other bytes")], []
    # What is there was written there.
    there = a.is_there() if os.path.exists(a.lower()) else b""
    for number in range(WORKERS):
        yield set(there[number * BLOCK:(number + 1) * BLOCK]) <= {0, 65 + number}, True
    yield a.is_there("other") == b"never touched" * 5000, True
    for program in programs:
        a.give_back(program)
    yield a.umount(), None
    until(lambda: not links())


def clunks(a, between, fids):
    for fid in fids[:WORKERS]:
        yield between.say("clunk", fid), "Rclunk"


def removes(a, between, fids):
    yield between.say("remove", fids[0]), "Rremove"
    yield between.say("remove", fids[1]) in ("Rremove", "Rlerror"), True


def versions(a, between, fids):
    yield between.say("version", 65536, "9P2000.L.hf1") in ("Rversion", None), True


def another_file(a, between, fids):
    """The fid is another file's then, which is open for reading only."""
    root = next(fid for fid in range(1000) if between.say("walk", fid, 9999, [a.name]) == "Rwalk")
    for fid in fids[:WORKERS]:
        yield between.say("clunk", fid), "Rclunk"
        yield between.say("walk", root, fid, [a.name, "other"]), "Rwalk"
        yield between.say("lopen", fid, 0), "Rlopen"


def ends(a, between, fids):
    between.link.end()
    yield True, True


for how in clunks, removes, versions, another_file, ends:
    for kind, flags, kept in ("", 0, False), ("direct-", os.O_DIRECT, False), ("fd-", 0, True):
        def attack(a, how=how, flags=flags, kept=kept):
            between, fids, programs = busy(a, flags, kept)
            yield from how(a, between, fids)
            yield from end(a, programs)
        attack.__name__ = kind + how.__name__
        case(attack)

run()
