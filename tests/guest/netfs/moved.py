#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""moved.py FILE: what is cached of netram's FILE is moved to the machine's other node, with
its bytes, and leaves nothing behind. Of a kernel with migration and two nodes."""
import ctypes
import mmap
import os
import random
import sys

where = sys.argv[1]
PAGES = 32768
MOVE_PAGES, MOVE_ALL = 279, 4
libc = ctypes.CDLL(None, use_errno=True)


def result(name, wrong):
    print("not ok %s: %s" % (name, wrong) if wrong else "ok " + name, flush=True)


def free_pages():
    """Without what can be dropped."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("3")
    with open("/proc/meminfo") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("MemFree:")) // 4


def nodes_of(memory, to=None):
    """Of each page, where it is; after it was sent TO there."""
    at = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    pages = (ctypes.c_void_p * PAGES)(*(at + i * 4096 for i in range(PAGES)))
    nodes = (ctypes.c_int * PAGES)(*to) if to else None
    status = (ctypes.c_int * PAGES)()
    if libc.syscall(MOVE_PAGES, 0, ctypes.c_ulong(PAGES), pages, nodes, status, MOVE_ALL) < 0:
        raise OSError(ctypes.get_errno(), "move_pages")
    return list(status)


def touch(memory):
    return sum(memory[i * 4096] for i in range(PAGES))


def moved():
    data = random.randbytes(PAGES * 4096)
    before = free_pages()
    fd = os.open(where, os.O_RDWR | os.O_TRUNC)
    for at in range(0, len(data), 1 << 20):
        os.pwrite(fd, data[at:at + (1 << 20)], at)
    # By then no byte is dirty, and each folio has been.
    os.fsync(fd)
    memory = mmap.mmap(fd, len(data), flags=mmap.MAP_SHARED)
    touch(memory)
    old = nodes_of(memory)
    new = nodes_of(memory, [1 - node if node in (0, 1) else 0 for node in old])
    count = sum(a in (0, 1) and b == 1 - a for a, b in zip(old, new))
    same = memory[:] == data
    memory.close()
    os.ftruncate(fd, 0)
    os.close(fd)
    lost = before - free_pages()
    print("# %d pages moved, %d are gone" % (count, lost))
    if count < PAGES // 2:
        return "only %d pages were moved" % count
    return (not same and "other bytes") or (lost > count // 2 and "%d pages were moved, %d are gone" % (count, lost))


result("moved", moved())
