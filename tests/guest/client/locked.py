#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""locked.py SERVED SERVER [PREFIX [CASE...]]: locks whose server hangs, refuses or is late, and
whose owner ends meanwhile; copies that are refused, or that a limit cuts short meanwhile.
"""
import errno
import os
import resource
import signal

from attack import case, run
from programs import DEEDS

TAKE, FREE = os.F_TLOCK, os.F_ULOCK
UNLOCK = 2
PIECE = 16 << 20
LIMITS = "user_limits", "client_limits", "file_limits", "owner_limits"


def copy_and_count(source, to, count):
    """(How much was copied, how many signals came of the limit)."""
    signals = []
    signal.signal(signal.SIGXFSZ, lambda *_: signals.append(1))
    return os.copy_file_range(source, to, count), len(signals)


DEEDS["copy_and_count"] = copy_and_count


def limits():
    with open("/proc/fs/holdfast/stats") as stats:
        counts = dict(line.split() for line in stats)
    return [counts[name] for name in LIMITS]


def is_free(a):
    """At the server, for somebody there."""
    fd = os.open(a.lower(), os.O_RDWR)
    try:
        os.lockf(fd, TAKE, 0)
        return True
    except OSError as error:
        assert error.errno in (errno.EAGAIN, errno.EACCES), error
        return False
    finally:
        os.close(fd)


def holder(a, options):
    """A program with a lock of the whole file: (proxy, program, descriptor)."""
    a.make(b"text")
    proxy = a.mount(options)
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDWR)
    assert program.do("lockf", fd, TAKE, 0) is None
    assert not is_free(a)
    return proxy, program, fd


def is_unlock(message):
    return message.fields()[2] == UNLOCK


@case
def lock_over_quota(a):
    """The server's EDQUOT is told as it is, and is no limit of ours."""
    a.make(b"text")
    proxy = a.mount("cache=strict")
    program, before = a.program(), limits()
    fd = program.do("open", a.path(), os.O_RDWR)
    for how in TAKE, os.F_LOCK:
        refused = proxy.change("Tlockx", lambda m: m.link.to_client(m.error(errno.EDQUOT)) or m.data[:0])
        yield program.do("lockf", fd, how, 10), "EDQUOT"
        yield refused(), True
    yield limits(), before
    yield is_free(a), True
    yield program.do("lockf", fd, TAKE, 10), None


def ends_while_it_hangs(a, end):
    """
    The server answers nothing any more, and who has a lock ends: he is gone before it answers,
    and his lock when it does.
    """
    proxy, program, _ = holder(a, "cache=strict")
    unlocks = proxy.keep("Tlockx", which=is_unlock)
    others = proxy.keep("Tgetattr Tclunk Tflush Twrite", 10 ** 6)
    end(program)
    a.loop.until(lambda: program.pid is None)
    yield (unlocks(), is_free(a)), (True, False)
    proxy.rules.clear()
    unlocks.go()
    others.go()
    a.loop.until(lambda: is_free(a))
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDWR)
    yield program.do("lockf", fd, TAKE, 0), None
    yield is_free(a), False
    yield proxy.link.lives, True


@case
def exits_while_it_hangs(a):
    yield from ends_while_it_hangs(a, lambda program: program.start("_exit", 0))


@case
def killed_while_it_hangs(a):
    yield from ends_while_it_hangs(a, lambda program: os.kill(program.pid, signal.SIGKILL))


@case
def soft_lock(a):
    """A lock that was not answered in time has failed; that it was granted is given back."""
    a.make(b"text")
    proxy = a.mount("cache=strict,soft,timeo=1")
    program, unlocks = a.program(), []
    fd = program.do("open", a.path(), os.O_RDWR)
    proxy.each("Tlockx", lambda m: is_unlock(m) and unlocks.append(m) and False)
    # It has the lock by then, and the reply never comes.
    lost = proxy.keep("Rlockx")
    # Nor does anything end that but the client.
    flush = proxy.change("Tflush", lambda m: m.data)
    yield program.do("lockf", fd, TAKE, 0), "ETIMEDOUT"
    yield (lost(), flush()), (True, True)
    a.loop.until(lambda: unlocks and is_free(a))
    yield program.do("lockf", fd, TAKE, 0), None
    yield is_free(a), False
    yield proxy.link.lives, True


@case
def limit_while_it_copies(a):
    """What the limit has shortened is short, and no signal: that is for who begins at it."""
    a.make(b"", "source")
    os.truncate(a.lower("source"), 2 * PIECE)
    proxy = a.mount("cache=strict")
    program = a.program()
    source = program.do("open", a.path("source"), os.O_RDONLY)
    to = program.do("open", a.path("to"), os.O_CREAT | os.O_WRONLY)
    first = proxy.keep("Rcopy")
    program.start("copy_and_count", source, to, 2 * PIECE)
    a.loop.until(first)
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (PIECE + 10000, resource.RLIM_INFINITY))
    first.go()
    yield program.result(), (PIECE + 10000, 0)
    yield os.stat(a.lower("to")).st_size, PIECE + 10000
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@case
def copy_refused(a):
    """Why it was refused is told; if the server cannot do that at all it is done here."""
    data = bytes(range(256)) * 8
    a.make(data, "source")
    proxy = a.mount("cache=strict")
    program = a.program()
    source = program.do("open", a.path("source"), os.O_RDONLY)
    to = program.do("open", a.path("to"), os.O_CREAT | os.O_WRONLY)
    for error in "ENOSPC", "EIO", "EDQUOT":
        refused = proxy.change("Rcopy", lambda m: m.error(getattr(errno, error)))
        yield program.do("copy_file_range", source, to, len(data), 0, 0), error
        yield refused(), True
    for error in "EOPNOTSUPP", "EXDEV":
        refused = proxy.change("Rcopy", lambda m: m.error(getattr(errno, error)))
        yield program.do("copy_file_range", source, to, len(data), 0, 0), len(data)
        yield refused(), True
        yield program.do("fsync", to), None
        yield a.is_there("to"), data


run()
