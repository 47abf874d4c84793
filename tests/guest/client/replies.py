#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""replies.py SERVED SERVER [PREFIX [CASE...]]: answers that are late, short, or no.

What was written is there, once; and what is known of a file does not go back to what it
was when somebody asked.
"""
import errno
import os

from attack import case, run

DATA = bytes(range(256)) * 64


# --------------------------------------------------------- attributes that come late

def late(a, kind, ask, act, options="cache=strict,ac=60"):
    """
    The answer to ask(program, fd) waits until act(program, fd) is over.  Return: the size
    that is seen here then, and after the next question; and the lower file's.
    """
    a.make(DATA[:10000])
    proxy = a.mount(options)
    asks, acts = a.program(), a.program()
    fds = [p.do("open", a.path(), os.O_RDWR) for p in (asks, acts)]
    # So that they have to be asked for: the file was written to.
    acts.do("pwrite", fds[1], b"x", 0)
    acts.do("fsync", fds[1])
    kept = proxy.keep(kind)
    ask(asks, fds[0])
    a.loop.until(kept)
    act(acts, fds[1])
    kept.go()
    asks.result()
    here = acts.do("size_here", fds[1])
    asked = acts.do("stat", a.path()).st_size
    acts.do("fsync", fds[1])
    return here, asked, len(a.is_there())


def by_fd(program, fd):
    program.start("size_there", fd)


def append(program, fd):
    program.do("lseek", fd, 0, os.SEEK_END)
    program.do("pwrite", fd, DATA[:5000], 10000)


def append_and_sync(program, fd):
    append(program, fd)
    program.do("fsync", fd)


def cut(program, fd):
    program.do("ftruncate", fd, 100)


def grow(program, fd):
    program.do("ftruncate", fd, 20000)


def all_of(size):
    return (size, size, size)


@case
def late_getattr_write(a):
    yield late(a, "Rgetattr", by_fd, append), all_of(15000)


@case
def late_getattr_sync(a):
    yield late(a, "Rgetattr", by_fd, append_and_sync), all_of(15000)


@case
def late_getattr_cut(a):
    yield late(a, "Rgetattr", by_fd, cut), all_of(100)


@case
def late_getattr_grow(a):
    yield late(a, "Rgetattr", by_fd, grow), all_of(20000)


@case
def late_getattr_uncached(a):
    yield late(a, "Rgetattr", by_fd, append, "cache=none"), all_of(15000)


@case
def late_walk(a):
    """Attributes that come with a name, and a write meanwhile."""
    def ask(program, fd):
        # Or the directory would do.
        a.make(b"", "other")
        program.start("stat", a.path())
    yield late(a, "Rwalkattr", ask, append_and_sync, "cache=strict,ac=0"), all_of(15000)


def append_by_server(program, fd):
    again = program.do("open", "/proc/self/fd/%d" % fd, os.O_WRONLY | os.O_APPEND)
    program.do("write", again, DATA[:5000])


@case
def late_getattr_append(a):
    """The server has put it at the end: the answer is of before that."""
    yield late(a, "Rgetattr", by_fd, append_by_server), all_of(15000)


@case
def late_getattr_append_uncached(a):
    yield late(a, "Rgetattr", by_fd, append_by_server, "cache=none"), all_of(15000)


@case
def late_append(a):
    """
    Where its end is an append is told late: another client has appended behind it.  The
    next one of the same client waits for that.
    """
    a.make(DATA[:1000])
    proxy = a.mount("cache=strict,ac=0")
    a.mount_server("cache=strict,ac=0", at=a.mnt + "-b")
    flags = os.O_RDWR | os.O_APPEND
    one, two, other = a.program(), a.program(), a.program()
    fds = [p.do("open", a.path(), flags) for p in (one, two)]
    there = other.do("open", a.path().replace(a.mnt, a.mnt + "-b", 1), flags)
    kept = proxy.keep("Rgetattr")
    one.start("write", fds[0], b"1" * 10)
    a.loop.until(kept)
    two.start("write", fds[1], b"2" * 20)
    yield other.do("write", there, b"3" * 30), 30
    kept.go()
    yield (one.result(), two.result()), (10, 20)
    wanted = DATA[:1000] + b"1" * 10 + b"3" * 30 + b"2" * 20
    yield a.is_there(), wanted
    for program, fd in (one, fds[0]), (two, fds[1]), (other, there):
        yield program.do("pread", fd, 5000, 0), wanted


# ----------------------------------------------------------------------- in part

@case
def one_byte_reads(a):
    """
    A reply has one byte each time; 41 answers make a file of 40.  (With hf1 that would be the
    end of the file: see nonsense.py.)
    """
    a.make(DATA[:40])
    for options in "cache=strict", "cache=none":
        proxy = a.mount(options + ",version=9p2000.L")
        proxy.change("Rread", lambda m: (m.fields()[0][:1],), times=10 ** 6)
        yield a.program().do("whole", a.path()), DATA[:40]
        yield a.umount(), None


def take_some(count):
    def how(message):
        fid, offset, data = message.fields()
        return fid, offset, data[:count]
    return how


@case
def short_writes(a):
    """The server takes 777 bytes of each write, and says so."""
    for options in "cache=strict", "cache=none":
        proxy = a.mount(options)
        proxy.change("Twrite", take_some(777), times=10 ** 6)
        yield a.program().do("store", a.path(), DATA), len(DATA)
        yield a.is_there(), DATA
        yield a.umount(), None


@case
def write_of_nothing(a):
    """A server that takes nothing, again and again, has failed."""
    proxy = a.mount("cache=none")
    proxy.each("Twrite", lambda m: m.link.to_client(m.answer(0)) or True)
    yield a.program().do("store", a.path(), DATA[:100]), "EIO"


# ----------------------------------------------------------------------- refused

@case
def third_enospc(a):
    """The third write has no room: told once to each open file, by fsync or by close."""
    proxy = a.mount("cache=strict,msize=8192")
    program = a.program()
    fds = [program.do("open", a.path(), os.O_CREAT | os.O_RDWR) for _ in range(3)]
    # None is answered before the program has gone on.
    early = proxy.keep("Twrite", 10 ** 6)
    yield program.do("pwrite", fds[0], DATA, 0), len(DATA)
    proxy.rules.clear()
    seen = []

    def refuse(message):
        seen.append(message)
        if len(seen) != 3:
            return False
        message.link.to_client(message.error(errno.ENOSPC))
        return True
    for message in early.messages:
        if not refuse(message):
            message.go()
    proxy.each("Twrite", refuse)
    yield program.do("fsync", fds[0]), "ENOSPC"
    yield program.do("fsync", fds[0]), None
    yield program.do("close", fds[0]), None
    yield program.do("close", fds[1]), "ENOSPC"
    yield program.do("fsync", fds[2]), "ENOSPC"
    yield program.do("close", fds[2]), None
    # What was refused is not there, and not in the cache either.
    fid, offset, data = seen[2].fields()
    wanted = DATA[:offset] + bytes(len(data)) + DATA[offset + len(data):]
    yield a.is_there() == wanted[:len(a.is_there())], True
    yield program.do("whole", a.path()) == a.is_there(), True


@case
def quota_of_one(a):
    """Two users write one file, and only one of them has room."""
    a.make(b"")
    proxy = a.mount("cache=strict")
    his = {}
    proxy.each("Tattach", lambda m: his.setdefault(m.fields()[0], m.fields()[4]) and False)
    below = {}

    def descend(message):
        fields = message.fields()
        below[fields[1]] = below.get(fields[0], his.get(fields[0]))
        return False
    proxy.each("Twalkattr Topenattr Twalk", descend)

    def judge(message):
        if below.get(message.fields()[0]) != 1001:
            return False
        message.link.to_client(message.error(errno.EDQUOT))
        return True
    proxy.each("Twrite", judge)
    one, two = a.program(1000), a.program(1001)
    fds = [p.do("open", a.path(), os.O_RDWR) for p in (one, two)]
    yield one.do("pwrite", fds[0], b"1" * 100, 0), 100
    yield two.do("pwrite", fds[1], b"2" * 100, 100), 100
    yield two.do("fsync", fds[1]), "EDQUOT"
    yield a.is_there()[:100], b"1" * 100
    yield one.do("pwrite", fds[0], b"3" * 100, 0), 100
    # He is told of what was lost, for it is his file, too; and then no more.
    yield one.do("fsync", fds[0]), "EDQUOT"
    yield one.do("fsync", fds[0]), None
    yield a.is_there()[:100], b"3" * 100


# ----------------------------------------------------------------------- too early

@case
def early_answer(a):
    """A write is answered when the server has its head alone."""
    data = os.urandom(1 << 20)
    proxy = a.mount("cache=none")
    early = []

    def head(link, bytes_):
        if bytes_[4] == 118 and len(early) < 1:
            early.append(bytes_[5:7])
            proxy.heads.clear()
            count = bytes_[19:23]
            link.to_client(b"\x0b\0\0\0\x77" + bytes_[5:7] + count)
    proxy.heads.append(head)
    proxy.each("Rwrite", lambda m: bool(early) and early[0] == m.data[5:7] and early.pop() and True)
    yield a.program().do("store", a.path(), data), len(data)
    yield a.is_there() == data, True


run()
