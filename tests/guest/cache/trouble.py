#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""trouble.py SERVED SERVER B [PREFIX [CASE...]]: the cache's filesystem is full, read-only, frozen or fails.

It costs a miss: no reader waits or sees an error, what is read is right, counters and one
line in the log tell, and when it is well it is used again.  Each case has a filesystem of
its own, on a loop device.
"""
import contextlib
import fcntl
import os
import shutil
import struct

from kit import GRANULE, Apart, Counts, Frozen, Log, apart, case, disk, drop, put, run, run_program, same, say, umount, until, whole
from filesystems import dm_device, dm_table, filesystem, retried, set_table

SAYS = "cache's filesystem .* is "


def files_of(c, number, size=3 * GRANULE + 100, name="f"):
    return {name + str(i): c.make(size + i, name + str(i)) for i in range(number)}


def read_all(c, files, at="a"):
    """What is not as it should be, by a process of its own, which may not hang."""
    def read():
        return [(name, what) for name, data in files.items() for what in [same(whole(c.path(name, at)), data)]
                if what != "same"]
    return apart(read)


def is_used(c, files):
    """Whether the cache takes what is read: each time files are looked at anew."""
    counts = Counts()

    def fills():
        drop(3)
        assert read_all(c, files) == []
        return counts["fills"] > 0
    until(fills, 120)
    return True


# -------------------------------------------------------------------------------- cases

@case
def full(c):
    filesystem(c, 24)
    files = files_of(c, 24, 1 << 20)
    # (More than there is.)
    c.mount(options="cache=strict,ac=0,fscsize=%d" % (64 << 20))
    counts, said = Counts(), Log()
    for _ in range(2):
        drop(3)
        yield read_all(c, files), []
    until(lambda: counts["full"] > 0)
    yield len(said(SAYS + "full")), 1
    yield len(said(SAYS)), 1
    yield counts["hits"] > 0, True
    # What there is no room for is not what is believed.
    c.remount(options="cache=strict,ac=0,fscsize=%d" % (64 << 20))
    yield read_all(c, files), []


@case
def full_by_others(c):
    """When others have made room it is used."""
    filesystem(c, 24)
    files = files_of(c, 10, 500000)
    with contextlib.suppress(OSError):
        put(c.top + "/filler", bytes(24 << 20))
    c.mount()
    counts = Counts()
    yield read_all(c, files), []
    until(lambda: counts["full"] > 0)
    drop(3)
    yield read_all(c, files), []
    os.unlink(c.top + "/filler")
    os.sync()
    # (A mount that nobody else shares begins anew; a pause may have a minute.)
    c.remount()
    yield is_used(c, files), True
    c.cache_of(*files)


@case
def read_only(c):
    filesystem(c)
    files, more = files_of(c, 4), files_of(c, 3, 50000, "more")
    c.mount()
    c.cache_of(*files)
    drop(3)
    said, counts = Log(), Counts()
    # (What is open keeps it from becoming so.)
    retried("mount", "-o", "remount,ro", c.top)
    for _ in range(2):
        drop(3)
        yield read_all(c, {**files, **more}), []
    until(lambda: counts["read_only"] > 0)
    yield len(said(SAYS + "read-only")), 1
    yield len(said(SAYS)), 1
    # Nor is a local write in the way.
    yield apart(put, c.path("f0"), b"written", 5), None
    files["f0"] = files["f0"][:5] + b"written" + files["f0"][12:]
    yield read_all(c, files), []
    yield apart(c.umount), None
    del c.mounts["a"]
    retried("mount", "-o", "remount,rw", c.top)
    c.mount()
    yield read_all(c, files), []
    yield is_used(c, more), True


def half(c, name, data):
    """The first granules of a file are in the cache."""
    def is_kept():
        fd = os.open(c.path(name), os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        assert os.pread(fd, 2 * GRANULE, 0) == data[:2 * GRANULE]
        os.close(fd)
        return any(o.header and o.header.bits for o in disk.objects(c.fsc) if o.key.size == len(data))
    until(is_kept)


def frozen_of(c, kind):
    filesystem(c, 320 if kind == "xfs" else 32, kind=kind)
    files, new, halves = files_of(c, 4), files_of(c, 3, 50000, "new"), files_of(c, 3, 10 * GRANULE, "half")
    c.mount()
    c.mount(at="b")
    c.cache_of(*files)
    for name, data in halves.items():
        half(c, name, data)
    drop(3)
    said, counts = Log(), Counts()
    # Of one half's objects one is in use from before.
    fd = os.open(c.path("half0"), os.O_RDONLY)
    with Frozen(c.top) as freeze:
        drop(3)
        yield same(apart(os.pread, fd, 20 * GRANULE, 0), halves["half0"]), "same"
        # Who waits for the freeze to end, with whatever he has of it.
        writer = Apart(put, c.top + "/another's", b"text")
        for _ in range(2):
            for at in "ab":
                yield read_all(c, {**files, **new, **halves}, at), []
            drop(3)
        os.close(fd)
        until(lambda: counts["frozen"] > 0)
        yield counts["hits"] > 0, True
        yield apart(put, c.path("f0"), b"written", 5), None
        files["f0"] = files["f0"][:5] + b"written" + files["f0"][12:]
        for at in "ab":
            yield read_all(c, files, at), []
        yield len(said(SAYS + "frozen")), 1
        yield len(said(SAYS)), 1
        # A mount goes, whatever is on its way to the disk.
        yield apart(c.umount, "b"), None
        del c.mounts["b"]
        yield writer.is_over(), False
        freeze.thaw()
    yield writer.result(), None
    yield is_used(c, {**new, **halves}), True
    drop(3)
    yield read_all(c, {**files, **new, **halves}), []
    with Frozen(c.top) as freeze:
        drop(3)
        yield read_all(c, {**files, **new, **halves}), []
        yield apart(c.umount), None
        del c.mounts["a"]
        freeze.thaw()
    c.mount()
    yield read_all(c, {**files, **new, **halves}), []


@case
def frozen(c):
    yield from frozen_of(c, "ext4")


@case
def frozen_xfs(c):
    yield from frozen_of(c, "xfs")


@case
def frozen_mount(c):
    """A mount that waits for a frozen filesystem is in no other's way."""
    other = c.directory("-other")
    c.undo.append(lambda: shutil.rmtree(other))
    files = files_of(c, 4)
    c.mount(at="b", fsc=other)
    filesystem(c)
    c.mount()
    c.cache_of(*files)
    c.umount()
    c.closed()
    with Frozen(c.top) as freeze:
        mounting = Apart(c.mount)
        yield read_all(c, files, "b"), []
        yield apart(Counts.all) is not None, True
        yield apart(c.umount, "b"), None
        del c.mounts["b"]
        yield apart(c.mount, "c", "cache=strict", False), None
        yield apart(umount, "/mnt/%s-c" % c.name), None
        freeze.thaw()
    yield mounting.result(), None
    c.mounts["a"] = "/mnt/%s-a" % c.name
    yield read_all(c, files), []


def failing(c, files, more, breaks):
    """Files that are in the cache, and more that are not, while it fails; then it does not any more."""
    c.mount()
    c.cache_of(*files)
    c.umount()
    c.mount()
    said, counts = Log(), Counts()
    breaks()
    for _ in range(2):
        drop(3)
        yield read_all(c, {**files, **more}), []
    until(lambda: counts["errors"] + counts["read_only"] > 0)
    yield apart(put, c.path("f0"), b"written", 5), None
    files["f0"] = files["f0"][:5] + b"written" + files["f0"][12:]
    yield read_all(c, files), []
    say("%s; said: %s" % (counts, [line for line in said(SAYS)]))
    states = [line.rsplit(" is ", 1)[1] for line in said(SAYS)]
    yield (states, len(states) == len(set(states)) and len(states) > 0), (states, True)
    yield apart(c.umount), None
    del c.mounts["a"]


def over_dm(c, path):
    """Its table can be another one later."""
    c.below_dm = path
    return dm_device(c, dm_table(path, "linear", path, "0"))


def of_dm(c, breaks):
    """While its device is another one; then it is well, its journal replayed, or checked.  breaks(device): a table."""
    filesystem(c, over=over_dm)
    name, below = "hf-" + c.name, c.below_dm
    files, more = files_of(c, 8), files_of(c, 6, 200000, "more")
    yield from failing(c, files, more, lambda: set_table(name, breaks(below)))
    set_table(name, dm_table(below, "linear", below, "0"))
    retried("umount", c.top)
    with contextlib.suppress(RuntimeError):
        run_program("e2fsck", "-fy", c.device)
    run_program("mount", c.device, c.top)
    if not os.path.isdir(c.fsc):
        os.mkdir(c.fsc, 0o700)
    c.mount()
    yield read_all(c, {**files, **more}), []
    yield is_used(c, files_of(c, 3, 60000, "new")), True


@case
def fails(c):
    """Of its disk nothing is left."""
    yield from of_dm(c, lambda below: dm_table(below, "error"))


@case
def fails_to_write(c):
    yield from of_dm(c, lambda below: dm_table(below, "flakey", below, "0", "0", "3600", "1", "error_writes"))


@case
def shut_down(c):
    """By who administers it."""
    filesystem(c, 320, kind="xfs")

    def shut():
        fd = os.open(c.top, os.O_RDONLY)
        fcntl.ioctl(fd, 0x8004587D, struct.pack("I", 2))
        os.close(fd)
    yield from failing(c, files_of(c, 8), files_of(c, 6, 50000, "more"), shut)


run()
