# SPDX-License-Identifier: GPL-2.0-only
"""Mappings of a program's, as it is told: of DEEDS (programs.py)."""
import ctypes
import mmap
import os

from programs import DEEDS, checked, libc

# Addresses and sizes.  (A mapping of Python's does not go behind the end of the file.)
maps = []

libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]


def map_file(fd, size):
    address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "")
    maps.append((address, size))


def peek(at, count):
    return ctypes.string_at(maps[-1][0] + at, count)


def poke(at, data):
    ctypes.memmove(maps[-1][0] + at, data, len(data))


def sync_map():
    checked(libc.msync(ctypes.c_void_p(maps[-1][0]), ctypes.c_size_t(maps[-1][1]), 4))


def unmap():
    address, size = maps.pop()
    checked(libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size)))


def place(at, count):
    return [(ctypes.c_char * count).from_address(maps[-1][0] + at)]


def read_to_map(fd, offset, at, count):
    return os.preadv(fd, place(at, count), offset)


def write_from_map(fd, offset, at, count):
    return os.pwritev(fd, place(at, count), offset)


DEEDS.update({f.__name__: f for f in (map_file, peek, poke, sync_map, unmap, read_to_map, write_from_map)})
