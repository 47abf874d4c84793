#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""shared.py SERVED SERVER B [PREFIX [CASE...]]: several mounts of one directory, and how its use ends."""
import contextlib
import errno
import fcntl
import os
import socket
import time

from kit import GRANULE, ROUNDS, Apart, case, disk, drop, past, put, reads, run, run_program, same, say, until, whole
from filesystems import filesystem, retried


def refusal(function, *values, **how):
    try:
        function(*values, **how)
    except OSError as error:
        return errno.errorcode[error.errno]
    return None


@case
def one_goes(c):
    """What one has read the other has; and when one goes the other goes on."""
    files = {"f%d" % i: c.make(GRANULE + i, "f%d" % i) for i in range(10)}
    c.mount()
    c.mount(at="b")
    c.cache_of(*files)
    with reads() as seen:
        for name, data in files.items():
            yield (name, same(whole(c.path(name, "b")), data)), (name, "same")
    yield len(seen), 0
    more = {"g%d" % i: c.make(5 * GRANULE + i, "g%d" % i) for i in range(10)}
    opened = {name: os.open(c.path(name, "b"), os.O_RDONLY) for name in more}
    for name in more:
        whole(c.path(name))
    c.umount()
    for name, fd in opened.items():
        yield (name, same(os.pread(fd, 10 * GRANULE, 0), more[name])), (name, "same")
        os.close(fd)
    c.cache_of(*more, at="b")
    drop(3)
    with reads() as seen:
        for name, data in {**files, **more}.items():
            yield (name, same(whole(c.path(name, "b")), data)), (name, "same")
    yield len(seen), 0


@case
def other_limits(c):
    """Of those that share a directory."""
    c.mount(options="cache=strict,fscsize=%d" % (64 << 20))
    yield refusal(c.mount, at="b", options="cache=strict,fscsize=%d" % (32 << 20)), "EBUSY"
    yield refusal(c.mount, at="b", options="cache=strict,fscfiles=500,fscsize=%d" % (64 << 20)), "EBUSY"
    c.mount(at="b", options="cache=strict,fscsize=%d" % (64 << 20))
    c.umount("b")
    c.umount()
    c.mount(options="cache=strict,fscsize=%d" % (32 << 20))


def hold(path, told):
    """Another program has a lock of it."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    told.send(b"x")
    told.recv(1)


@case
def lock_is_held(c):
    """A directory that somebody else uses is refused; whether this one does can be seen by its lock."""
    here, there = socket.socketpair()
    holder = Apart(hold, c.fsc + "/lock", there)
    here.recv(1)
    yield refusal(c.mount), "EBUSY"
    here.send(b"x")
    yield holder.result(), None
    until(lambda: refusal(c.mount) is None)
    fd = os.open(c.fsc + "/lock", os.O_RDWR)
    yield refusal(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB), "EAGAIN"
    c.mount(at="b")
    c.umount()
    yield refusal(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB), "EAGAIN"
    c.umount("b")
    until(lambda: refusal(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB) is None)
    os.close(fd)
    # A program that reads the directory is in nobody's way.
    c.mount()


def read_for(paths, wanted, end):
    wrong = []
    while time.monotonic() < end:
        for path, data in zip(paths, wanted):
            with contextlib.suppress(FileNotFoundError):
                fd = os.open(path, os.O_RDONLY)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                if os.pread(fd, len(data) + 1, 0) != data:
                    wrong.append(path)
                os.close(fd)
    return wrong


@case
def come_and_go(c):
    """Mounts come and go while others read, and somebody removes what is cached."""
    files = {"f%d" % i: c.make(i * 17000 + 5, "f%d" % i) for i in range(12)}
    c.mount()
    end = time.monotonic() + (ROUNDS or 4)
    reader = Apart(read_for, [c.path(name) for name in files], list(files.values()), end)
    times = 0
    while time.monotonic() < end:
        at = c.rng.choice("bcd")
        if at in c.mounts:
            c.umount(at)
        else:
            c.mount(at=at)
        for at in c.mounts:
            name = c.rng.choice(list(files))
            yield same(whole(c.path(name, at)), files[name]), "same"
        if c.rng.random() < 0.3:
            for o in disk.objects(c.fsc)[:3]:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(o.path)
        times += 1
    yield reader.result(), []
    say("%d mounts and unmounts" % times)


@case
def all_go(c):
    """The last mount goes in the middle of everything, and soon its filesystem can go."""
    filesystem(c, 64)
    files = {"f%d" % i: c.make(i * 90000 + 5, "f%d" % i) for i in range(12)}
    for i in range(ROUNDS or 5):
        for at in "ab":
            c.mount(at=at)
        for name, data in files.items():
            yield same(whole(c.path(name, c.rng.choice("ab"))), data), "same"
        for at in "ab":
            c.umount(at)
        with past():
            put(c.lower("f%d" % i), files["f%d" % i][::-1])
            files["f%d" % i] = files["f%d" % i][::-1]
        retried("umount", c.top)
        run_program("mount", c.device, c.top)


@case
def bound_elsewhere(c):
    """The directory's mount may go read-only, or from its place, and be another one's."""
    data = c.make(3 * GRANULE)
    filesystem(c, 32)
    os.makedirs(c.top + "-bound", exist_ok=True)
    run_program("mount", "--bind", c.top, c.top + "-bound")
    c.mount(fsc="%s-bound/%s" % (c.top, c.name))
    run_program("mount", "-o", "remount,ro,bind", c.top + "-bound")
    run_program("umount", c.top + "-bound")
    c.cache_of("file")
    c.mount(at="b")
    with reads() as seen:
        yield same(whole(c.path(at="b")), data), "same"
    yield len(seen), 0


run()
