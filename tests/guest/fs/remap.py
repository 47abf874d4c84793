#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""remap.py PATH: on a noexec mount no way leads from a mapping to one that is executed.

What mmap(2) forbids, mprotect(2) and remap_file_pages(2) forbid, too, by which a
mapping is made anew from its own file.
"""
import mmap
import sys

from calls import *

REMAP_FILE_PAGES, SIZE, WRITE, EXEC = 216, 2 * mmap.PAGESIZE, 3, 5


def answer(ret):
    return outcome(check, ret)


path = sys.argv[1]
put(path, bytes(2 * SIZE))
fd = os.open(path, os.O_RDWR)
libc.mmap.restype = ctypes.c_void_p
at, size = ctypes.c_void_p(libc.mmap(None, ctypes.c_size_t(SIZE), WRITE, 1, fd, ctypes.c_long(0))), ctypes.c_size_t(SIZE)
os.close(fd)
seen = [answer(libc.mprotect(at, size, EXEC)),
        answer(libc.syscall(ctypes.c_long(REMAP_FILE_PAGES), at, size, ctypes.c_long(0), ctypes.c_long(1), ctypes.c_long(0))),
        answer(libc.mprotect(at, size, EXEC)), answer(libc.mprotect(at, size, WRITE))]
print(seen)
sys.exit(seen != ["EACCES", 0, "EACCES", 0])
