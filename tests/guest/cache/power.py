#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""power.py SERVED SERVER B [PREFIX [CASE...]]: the power is cut while files are read and cached.

All that is written to the cache's disk is logged (dm-log-writes), with its flushes, while
files are read, changed, outdated and culled.  Then, for many moments: what the disk may have
had is mounted as the cache of another mount, and all files are read.
"""
import os

from kit import GRANULE, ROUNDS, Counts, case, drop, past, put, run, run_program, same, say, whole
from filesystems import IMAGES, MKFS, dm_device, dm_table, loop_device, mounted, retried
from logwrites import Disk, entries, unflushed

MIB = 40
LIMIT = 16 << 20


def logged(c, kind):
    """A filesystem whose writes are logged: where it is, what its disk had at first, and where the log is."""
    loop, log = loop_device(c, MIB), loop_device(c, 400, ".log")
    run_program(*MKFS[kind], loop)
    os.sync()
    with open(loop, "rb") as file:
        base = file.read()
    return mounted(c, dm_device(c, dm_table(loop, "log-writes", loop, log))), base, log


def change(c, files):
    """A version more of a file, often as long as the one before."""
    name = c.rng.choice(list(files))
    data = files[name]
    with past():
        if c.rng.random() < 0.3:
            data = c.rng.randbytes(c.rng.randrange(1, 6 * GRANULE))
            put(c.lower(name), data)
        else:
            times = os.stat(c.lower(name))
            at, new = c.rng.randrange(len(data)), c.rng.randbytes(5000)
            data = (data[:at] + new + data[at + len(new):])[:len(data)]
            put(c.lower(name), data[at:at + 5000], at)
            os.utime(c.lower(name), ns=(times.st_atime_ns, times.st_mtime_ns))
    files[name] = data


def work(c, files, how):
    """Files are read and changed; the cache has no room for all of them, so that some go and come again."""
    c.mount(**how)
    for turn in range(3):
        for name in c.rng.sample(list(files), len(files)):
            assert whole(c.path(name)) == files[name], name
            if c.rng.random() < (0.3 if turn < 2 else 0):
                change(c, files)
        drop(3)
        if turn == 1:
            c.remount(**how)
    # The versions of the end are on the disk, some of them since long.
    for name, data in files.items():
        assert whole(c.path(name)) == data, name
    c.umount()


def cut(c, image, files, how):
    """What is read wrongly by a mount that has the disk as it is; and how often it was the cache."""
    path, top = "%s/%s.cut" % (IMAGES, c.name), "/srv/%s-cut" % c.name
    with open(path, "wb") as file:
        file.write(image)
    os.makedirs(top, exist_ok=True)
    loop = run_program("losetup", "--show", "-f", path)
    try:
        run_program("mount", loop, top)
        try:
            return read_after(c, "%s/%s" % (top, c.name), files, how)
        finally:
            retried("umount", top)
    finally:
        retried("losetup", "-d", loop)


def read_after(c, fsc, files, how):
    # (It may have been made later.)
    if not os.path.isdir(fsc):
        return [], 0
    counts = Counts()
    c.mount(fsc=fsc, **how)
    wrong = [(name, what) for name, data in files.items() for what in [same(whole(c.path(name)), data)] if what != "same"]
    c.umount()
    return wrong, counts["hits"]


def power_cut(c, kind, points):
    top, base, log = logged(c, kind)
    files = {"f%d" % i: c.make(c.rng.choice((5000, GRANULE, 3 * GRANULE + 5, 14 * GRANULE + 5)) + i, "f%d" % i)
             for i in range(60)}
    how = {"options": "cache=strict,ac=0,fscsize=%d" % LIMIT}
    fsc = c.directory(where=top)
    work(c, files, dict(how, fsc=fsc))
    # The log is complete when its device is gone, which what was done last undoes first.
    for _ in range(2):
        c.undo.pop()()
    written = entries(log)
    say("%d writes" % len(written))
    image, hits, lost = Disk(base, written), 0, 0
    # Moments at which much may be lost, of all times.
    places = (c.rng.sample(range(len(written) // 8, len(written)), 4) for _ in range(points))
    for place in sorted(max(some, key=lambda place: unflushed(written, place)) for some in places):
        there, gone = image.crash(place, c.rng)
        wrong, hit = cut(c, there, files, how)
        yield (place, wrong), (place, [])
        hits, lost = hits + hit, lost + gone
    say("%d hits, %d writes lost" % (hits, lost))
    # It was about something.
    yield hits > 0 and lost > 0, True


@case
def ext4(c):
    yield from power_cut(c, "ext4", ROUNDS or 10)


run()
