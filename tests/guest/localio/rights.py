#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""rights.py NAME DIRECTORY SMALL: who may do what to a file that is open, by a link and by the wire.

One story in DIRECTORY, and what needs a filesystem with a reserve and a quota in SMALL, each
exported, mounted with localio=on, and again with off: the answers are the same, and where
that is known they are what they should be.
"""
import fcntl
import os
import random
import resource
import shutil
import signal
import socket
import struct
import sys

from links import linked, moved, until
from calls import aio_write, as_user, libc, check, outcome
from config import Export
from p9 import Report
from programs import close_all

prefix, directory, small = sys.argv[1:]
report = Report(prefix + "-")
MOUNT = "/mnt/rights"
USER, OTHER, NOBODY = 1000, 1001, 65534
STORIES = {}


def story(where="directory", wanted=lambda answers: True, **export):
    """function(top on the mount, the same below)"""
    def keep(function):
        STORIES[function.__name__.replace("_", "-")] = function, where, wanted, export
        return function
    return keep


def new(below, name, mode=0o666, owner=0, data=b"data" * 1024):
    path = "%s/%s" % (below, name)
    with open(path, "wb") as file:
        file.write(data)
    os.chown(path, owner, owner)
    os.chmod(path, mode)
    return name


def bits(below, name):
    return oct(os.stat("%s/%s" % (below, name)).st_mode)


def in_child(function):
    """What a process of its own answers, or which signal ends it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writer, repr(outcome(function)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    status = os.waitpid(pid, 0)[1]
    return answer, signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else None


def splice_in(fd, data=b"spliced", offset=0):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, max(4096, len(data)))
    os.write(writer, data)
    try:
        return os.splice(reader, fd, len(data), offset_dst=offset)
    finally:
        os.close(reader)
        os.close(writer)


WRITES = {"pwrite": lambda fd: os.pwrite(fd, b"x", 0), "aio": lambda fd: aio_write(fd, b"x", 0), "splice": splice_in,
          "dsync": lambda fd: os.pwritev(fd, [b"x"], 0, os.RWF_DSYNC)}


@story(wanted=lambda a: all(mode == "0o100777" for _, _, mode in a[0]))
def set_id(top, below):
    """The bits go by the write of who opened it, if he is not root; root's is as by the wire."""
    answers = []
    for whom in USER, 0:
        seen = []
        for name, how in WRITES.items():
            new(below, "bits", 0o6777)
            answer = as_user(whom, lambda: how(os.open(top + "/bits", os.O_RDWR)))
            seen.append([name, answer, bits(below, "bits")])
        answers.append(seen)
    # Of a file of his own, and of his group.
    new(below, "own", 0o6777, USER)
    answers.append([as_user(USER, lambda: os.pwrite(os.open(top + "/own", os.O_RDWR), b"x", 0)), bits(below, "own")])
    # No program can be run with it.
    new(below, "no-x", 0o2666)
    answers.append([as_user(USER, lambda: os.pwrite(os.open(top + "/no-x", os.O_RDWR), b"x", 0)), bits(below, "no-x")])
    return answers


@story(wanted=lambda a: a[-1] == "ENODATA")
def capability(top, below):
    new(below, "capable", 0o777)
    os.setxattr(below + "/capable", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))
    return [as_user(USER, lambda: os.pwrite(os.open(top + "/capable", os.O_RDWR), b"x", 0)),
            outcome(os.getxattr, below + "/capable", "security.capability")]


@story(wanted=lambda a: a == [4, 4, "EBADF", "EBADF", [4, "0o100777"], [4, "0o100600"]])
def passed_descriptors(top, below):
    """Who has been given a descriptor has the rights of who opened it, and no others."""
    new(below, "root's", 0o600)
    new(below, "his", 0o600, USER)
    new(below, "bits", 0o6777)
    given, read_only = os.open(top + "/root's", os.O_RDWR), os.open(top + "/root's", os.O_RDONLY)
    answers = [as_user(USER, lambda: len(os.pread(given, 4, 0))), as_user(USER, os.pwrite, given, b"root", 0),
               as_user(USER, os.pwrite, read_only, b"x", 0),
               as_user(USER, lambda: len(os.pread(os.open(top + "/his", os.O_WRONLY), 4, 0)))]
    here, there = socket.socketpair()
    as_user(USER, lambda: socket.send_fds(there, [b"x"], [os.open(top + "/" + name, os.O_RDWR) for name in ("bits", "his")]))
    _, fds, _, _ = socket.recv_fds(here, 1, 2)
    # Root writes through the user's.
    answers += [[os.pwrite(fd, b"root", 0), bits(below, name)] for fd, name in zip(fds, ("bits", "his"))]
    for fd in fds + [given, read_only]:
        os.close(fd)
    return answers


@story(squash="root", wanted=lambda a: a == ["EACCES", "EACCES", 4, [NOBODY, "0o100644"], 1])
def squash_root(top, below):
    os.chmod(below, 0o777)
    new(below, "secret", 0o600)
    new(below, "readable", 0o644)
    answers = [outcome(os.open, top + "/secret", os.O_RDONLY), outcome(os.open, top + "/readable", os.O_RDWR),
               len(os.pread(os.open(top + "/readable", os.O_RDONLY), 4, 0))]
    fd = os.open(top + "/made", os.O_CREAT | os.O_RDWR, 0o644)
    os.write(fd, b"made")
    status = os.stat(below + "/made")
    return answers + [[status.st_uid, oct(status.st_mode)], as_user(USER, os.pwrite, fd, b"x", 0)]


@story(squash="all", wanted=lambda a: a == [[NOBODY, 4]] * 2 + ["EACCES"])
def squash_all(top, below):
    os.chmod(below, 0o777)
    new(below, "his", 0o600, USER)

    def make(whom):
        path = "/by-%d" % whom
        answer = as_user(whom, lambda: os.write(os.open(top + path, os.O_CREAT | os.O_RDWR, 0o644), b"made"))
        return [outcome(lambda: os.stat(below + path).st_uid), answer]
    return [make(USER), make(0), as_user(USER, lambda: os.close(os.open(top + "/his", os.O_RDONLY)))]


@story(squash="all", wanted=lambda a: a == ["EACCES", "4"] * 20)
def a_moment_later(top, below):
    """Who may do it since a moment ago may: nobody is refused for what was so before."""
    here, there = socket.socketpair()
    pid = os.fork()
    if not pid:
        here.close()
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        while name := there.recv(10):
            answer = outcome(lambda: os.write(os.open(top.encode() + name, os.O_CREAT | os.O_RDWR), b"made"))
            there.send(str(answer).encode())
        os._exit(0)
    there.close()
    answers = []
    for i, mode in enumerate((0o700, 0o777) * 20):
        os.chmod(below, mode)
        here.send(b"/%d" % i)
        answers.append(here.recv(100).decode())
    here.close()
    os.waitpid(pid, 0)
    return answers


@story(read_only=1, wanted=lambda a: a == ["EROFS", 4, "EBADF", None])
def read_only(top, below):
    new(below, "file")
    fd = os.open(top + "/file", os.O_RDONLY)
    return [outcome(os.open, top + "/file", os.O_RDWR), len(os.pread(fd, 4, 0)), outcome(os.pwrite, fd, b"x", 0),
            outcome(os.fsync, fd)]


@story(wanted=lambda a: a == [["3", None], ["'EFBIG'", None], ["", "SIGXFSZ"], ["'EFBIG'", None], ["7", None],
                              ["3", None], ["3", None]])
def file_size_limit(top, below):
    """What fits is written; then it is a signal, or EFBIG; it is told once, and what is there may be written."""
    new(below, "limited", data=bytes(1000))

    def limited(do, ignore=False, flags=0):
        def child():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignore else signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
            return do(os.open(top + "/limited", os.O_RDWR | flags))
        answer = in_child(child)
        return list(answer)
    return [limited(lambda fd: os.pwrite(fd, b"123456", 4997)), limited(lambda fd: os.pwrite(fd, b"x", 5000), True),
            limited(lambda fd: os.pwrite(fd, b"x", 5000)), limited(lambda fd: os.write(fd, b"x"), True, os.O_APPEND),
            limited(lambda fd: os.pwrite(fd, b"in time", 100)), limited(lambda fd: aio_write(fd, b"123456", 4997)),
            limited(lambda fd: splice_in(fd, b"123456", 4997), True)]


def fill(fd, size):
    """Write so much, and have it where it belongs: None, or what is said before that."""
    written = 0
    while written < size:
        answer = outcome(os.write, fd, bytes(1 << 16))
        if isinstance(answer, str):
            return answer
        written += answer
    return outcome(os.fsync, fd)


@story("small", wanted=lambda a: a == ["EDQUOT", "EDQUOT", None])
def quota(top, below):
    """The user, who may have 1 MiB; he through what root has opened of his; and root."""
    new(below, "his", 0o666, USER, b"")
    new(below, "root's", 0o666, 0, b"")
    answers = [as_user(USER, lambda: fill(os.open(top + "/his", os.O_WRONLY), 4 << 20))]
    os.truncate(below + "/his", 0)
    os.sync()
    fds = socket.socketpair()
    as_user(USER, lambda: socket.send_fds(fds[1], [b"x"], [os.open(top + "/his", os.O_WRONLY)]))
    _, given, _, _ = socket.recv_fds(fds[0], 1, 1)
    answers.append(fill(given[0], 4 << 20))
    os.close(given[0])
    return answers + [fill(os.open(top + "/root's", os.O_WRONLY), 4 << 20)]


@story("small", wanted=lambda a: a[0] == "ENOSPC")
def reserve(top, below):
    """What the filesystem keeps for root is for who has opened as root."""
    new(below, "root's", 0o666, 0, b"")
    filler = os.open(below + "/filler", os.O_CREAT | os.O_WRONLY)
    while fill(filler, 1 << 20) is None and os.statvfs(below).f_bavail:
        pass
    given = os.open(top + "/root's", os.O_WRONLY | os.O_APPEND)
    answers = [as_user(OTHER, lambda: fill(os.open(top + "/root's", os.O_WRONLY | os.O_APPEND), 1 << 20)),
               as_user(OTHER, fill, given, 1 << 20), fill(given, 1 << 20)]
    os.close(given)
    os.close(filler)
    return answers


FILLS = {"pwrite": lambda fd, data: os.pwrite(fd, data, 0), "splice": splice_in,
         "aio": lambda fd, data: aio_write(fd, data, 0)}


@story("small", wanted=lambda a: a == [])
def as_far_as_there_is_room(top, below):
    """
    What is told of a write in whose middle the disk is full is what is there then, and no more.
    (By the wire, too, if it is one message.)
    """
    data, answers = random.Random(5).randbytes(240 << 10), []
    filler = os.open(below + "/filler", os.O_CREAT | os.O_RDWR)
    while fill(filler, 1 << 20) is None:
        pass
    for name, how in FILLS.items():
        os.ftruncate(filler, os.fstat(filler).st_size - (120 << 10))
        os.sync()
        new(below, name, data=b"")
        fd = os.open("%s/%s" % (top, name), os.O_WRONLY)
        told = outcome(how, fd, data)
        os.close(fd)
        with open("%s/%s" % (below, name), "rb") as file:
            there = file.read()
        if not isinstance(told, int) or not 0 < told < len(data) or there != data[:told]:
            answers.append([name, told, len(there), len(os.path.commonprefix([there, data]))])
    os.close(filler)
    return answers


@story(wanted=lambda a: a == [4, 1, "0o100777", "EACCES"])
def container_root(top, below):
    """Root of a namespace of his own is the user that he is outside, though he has every capability."""
    new(below, "root's", 0o600)
    new(below, "bits", 0o6777)
    given = os.open(top + "/root's", os.O_RDWR)

    def inside():
        libc.prctl(4, 1, 0, 0, 0)                           # PR_SET_DUMPABLE: his /proc/self is his
        check(libc.unshare(0x10000000))                     # CLONE_NEWUSER
        with open("/proc/self/uid_map", "w") as file:
            file.write("0 %d 1" % USER)
        return [len(os.pread(given, 4, 0)), os.pwrite(os.open(top + "/bits", os.O_RDWR), b"x", 0),
                outcome(os.open, top + "/root's", os.O_RDONLY)]
    answer = as_user(USER, inside)
    os.close(given)
    return answer[:2] + [bits(below, "bits"), answer[2]] if isinstance(answer, list) else [answer]


def perform(name, cache, on):
    """The answers, and whether something went by a link."""
    function, where, _, export = STORIES[name]
    below = "%s/%s" % (directory if where == "directory" else small, "rights")
    os.mkdir(below)
    with Export("rights", path=below, clients="unix", **{"squash": "none", **export}):
        options = "trans=unix,aname=rights,cache=%s,ac=0,localio=%s" % (cache, "on" if on else "off")
        check(libc.mount(b"/run/hf/9p", MOUNT.encode(), b"holdfast9p", 0, options.encode()))
        try:
            until(lambda: bool(linked()) == on)
            answers = function(MOUNT, below)
            return answers, sum(moved()) > 0
        finally:
            # A story need not close what it opens.
            close_all(())
            check(libc.umount2(MOUNT.encode(), 0))
            shutil.rmtree(below)
            os.sync()


def main():
    os.makedirs(MOUNT, exist_ok=True)
    # A child that is sent a signal by its own write ends, and nobody else.
    for name, (_, _, wanted, _) in STORIES.items():
        try:
            seen = [perform(name, "none", on) for on in (True, False)]
            report(name, (seen[0][0], seen[1][0]), (seen[0][1], True), (seen[1][1], False),
                   (seen[0][0], seen[0][0] if wanted(seen[0][0]) else "something else"))
        except OSError as error:
            report(name, (repr(error), None))
    sys.exit(report.failed)


main()
