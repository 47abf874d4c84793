#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""replay.py SERVED SERVER [PREFIX [CASE...]]: the handshake, and who else has a hand in it.

An id is good once, whoever brings it, and an answer for its client alone: a mount has a link to
its own export, or none; what it reads and writes is its own in any case.
"""
import os

from links import linked, links, moved, stat, switch, until
from attack import case, is_mounted, run, server
from config import Export
from p9 import Client, outcome

DATA, SECRET = b"the victim's own" * 1000, b"somebody else's" * 1000
OPTIONS = "cache=none,localio=on"


def begin(a, kind, options=OPTIONS, **attributes):
    """A mount that is under way, up to a message of the handshake, which is kept."""
    a.make(DATA)
    proxy, program = a.proxy(), a.program()
    kept = proxy.keep(kind)
    program.start("mount", proxy.path, a.mnt, options)
    a.loop.until(lambda: kept() or program.is_done())
    return proxy, program, kept


def mounted(a, program):
    outcome = program.result()
    if outcome is None:
        a.mounts.append(a.mnt)
    return outcome


def flip(data, bit=77):
    return data[:bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1:]


def only_its_own(a, links_wanted):
    """What it reads and writes, and whether that goes by a link."""
    a.make(DATA)
    until(lambda: len(links()) == links_wanted)
    before, program = moved(), a.program()
    fd = program.do("open", a.path(), os.O_RDWR)
    yield program.do("pread", fd, len(DATA), 0) == DATA, True
    yield program.do("pwrite", fd, b"written", 100), 7
    yield a.is_there() == DATA[:100] + b"written" + DATA[107:], True
    now = moved()
    a.give_back(program)
    yield (now[0] - before[0], now[1] - before[1]), (len(DATA), 7) if links_wanted else (0, 0)


class Thief:
    """Somebody with an export of his own, who has the number that the victim's file has."""

    def __init__(self, a):
        self.dir = a.below + "-thief"
        os.makedirs(self.dir + "/" + a.name, exist_ok=True)
        with open("%s/%s/file" % (self.dir, a.name), "wb") as file:
            file.write(SECRET)
        self.export = Export("thief", path=self.dir)

    def __enter__(self):
        self.export.__enter__()
        self.client = Client("unix:" + server)
        self.root = self.client.root("thief")
        return self

    def say(self, id):
        answer = outcome(self.client.localhello, self.root, id)
        return answer if isinstance(answer, str) else len(answer)

    def __exit__(self, *unused):
        self.client.close()
        self.export.__exit__()


@case
def brought_first(a):
    """By somebody else, before it comes to the victim's server: that one finds nothing."""
    with Thief(a) as thief:
        _, program, hello = begin(a, "Tlocalhello")
        id = hello.message.fields()[1]
        yield thief.say(id), 16
        yield thief.say(id), "ENOENT"
        hello.go()
        yield mounted(a, program), None
        yield from only_its_own(a, 0)
        yield thief.say(id), "ENOENT"


@case
def brought_meanwhile(a):
    """The victim's server has had it; its answer is still on its way."""
    with Thief(a) as thief:
        _, program, answer = begin(a, "Rlocalhello")
        id = answer.message.request.fields()[1]
        yield thief.say(id), "ENOENT"
        answer.go()
        yield mounted(a, program), None
        yield from only_its_own(a, 1)
        yield thief.say(id), "ENOENT"
        yield linked()[0].number, links()[0].number


@case
def brought_with_another_bit(a):
    with Thief(a) as thief:
        _, program, hello = begin(a, "Tlocalhello")
        fid, id = hello.message.fields()
        yield [thief.say(flip(id, bit)) for bit in range(0, 128, 9)], ["ENOENT"] * 15
        hello.go()
        yield mounted(a, program), None
        yield from only_its_own(a, 1)


@case
def id_is_changed(a):
    _, program, hello = begin(a, "Tlocalhello")
    fid, id = hello.message.fields()
    hello.message.go(hello.message.with_fields((fid, flip(id))))
    yield mounted(a, program), None
    yield from only_its_own(a, 0)


@case
def answer_is_changed(a):
    wrong = stat("localio_wrong_answers")
    _, program, answer = begin(a, "Rlocalhello")
    answer.message.go(answer.message.with_fields((flip(answer.message.fields()[0]),)))
    yield mounted(a, program), None
    yield from only_its_own(a, 0)
    yield stat("localio_wrong_answers") - wrong, 1


@case
def answers_are_exchanged(a):
    """Of two clients: each is told the other's."""
    at = a.mnt + "-b"
    os.makedirs(at, exist_ok=True)
    _, one, first = begin(a, "Rlocalhello")
    proxy, two = a.proxy(), a.program()
    second = proxy.keep("Rlocalhello")
    two.start("mount", proxy.path, at, OPTIONS)
    a.loop.until(second)
    messages = first.message, second.message
    for message, other in zip(messages, reversed(messages)):
        message.go(message.with_fields(other.fields()))
    yield mounted(a, one), None
    yield two.result(), None
    a.mounts.append(at)
    yield from only_its_own(a, 0)


@case
def refused_by_an_error(a):
    """Whatever a server says instead, the mount is there, and goes by the wire."""
    for code in 95, 2, 22, 5, 12, 4:
        _, program, answer = begin(a, "Rlocalhello")
        answer.message.go(answer.message.error(code))
        yield mounted(a, program), None
        yield from only_its_own(a, 0)
        yield a.umount(), None


@case
def switched_off(a):
    """An export that does not want to: who is mounted then goes by the wire for good."""
    switch("data", 0)
    try:
        _, program, answer = begin(a, "Rlocalhello Rlerror")
        yield (answer.message.of, answer.message.fields()[0]), ("localhello", 95)
        answer.go()
        yield mounted(a, program), None
        yield from only_its_own(a, 0)
    finally:
        switch("data", 1)
    hello = a.proxies[-1].keep("Tlocalhello")
    yield from only_its_own(a, 0)
    yield hello(), False


@case
def again(a):
    """Who had a link asks for another one, by I/O; what is wrong with that handshake is no worse than with the first."""
    proxy, program, hello = begin(a, "Tlocalhello")
    ids = [hello.message.fields()[1]]
    hello.go()
    yield mounted(a, program), None
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)

    def asks(kept):
        program.do("pread", fd, 1, 0)
        return kept()
    for how in "answer is changed", "no answer", "good":
        switch("data", 0)
        yield linked(), []
        switch("data", 1)
        kept = proxy.keep("Rlocalhello")
        a.loop.until(lambda: asks(kept))
        message = kept.message
        ids.append(message.request.fields()[1])
        if how == "answer is changed":
            message.go(message.with_fields((flip(message.fields()[0]),)))
            until(lambda: not links())
        elif how == "no answer":
            # I/O goes on meanwhile, and the server's end of it ends.
            yield program.do("pread", fd, len(DATA), 0) == DATA, True
            switch("data", 0)
            until(lambda: not links())
            message.go()
            yield program.do("pread", fd, len(DATA), 0) == DATA, True
        else:
            message.go()
            a.loop.until(linked)
    yield len(set(ids)), 4
    program.do("close", fd)
    yield from only_its_own(a, 1)


@case
def never_twice_the_same(a):
    """Each handshake has another id, and another answer."""
    said = []
    for _ in range(3):
        _, program, answer = begin(a, "Rlocalhello")
        said += [answer.message.request.fields()[1], answer.message.fields()[0]]
        answer.go()
        yield mounted(a, program), None
        yield a.umount(), None
    yield len(set(said)), 6
    yield [data for data in said if len(set(data)) < 4], []


@case
def not_asked_for(a):
    """localio=off does not ask, nor does who does not speak hf1."""
    for options in "cache=none,localio=off", "cache=none,version=9p2000.L,localio=on":
        _, program, hello = begin(a, "Tlocalhello", options)
        yield (options, hello()), (options, False)
        yield mounted(a, program), None
        a.proxies[-1].rules.clear()
        yield from only_its_own(a, 0)
        yield a.umount(), None


@case
def no_answer(a):
    """Who is killed while he waits for it has mounted nothing, and what comes then is nobody's."""
    for kind in "Tlocalhello", "Rlocalhello":
        proxy, program, kept = begin(a, kind)
        program.kill()
        yield (kind, is_mounted(a.mnt)), (kind, False)
        kept.go()
        a.loop.until(lambda: not proxy.link.lives)
        until(lambda: not links())


@case
def nonsense(a):
    """Ids that nobody has, of fids that are none."""
    with Thief(a) as thief:
        yield {thief.say(os.urandom(16)) for _ in range(100)}, {"ENOENT"}
        yield thief.say(bytes(16)), "ENOENT"
        yield outcome(thief.client.localhello, 12345, bytes(16)), "EBADF"
        fresh = Client("unix:" + server)
        yield outcome(fresh.localhello, 1, bytes(16)), "EBADF"
        plain = Client("unix:" + server, "9P2000.L")
        yield outcome(plain.localhello, plain.root("thief"), bytes(16)), "EOPNOTSUPP"
        fresh.close()
        plain.close()


run()
