#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""clones.py SERVED MOUNT: blocks that two files share at the server, SERVED, which can."""
import fcntl
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fs"))
from calls import FICLONE, FICLONERANGE, fiemap, outcome

served, mount = sys.argv[1:]
SHARED = 0x2000


def read(path):
    with open(path, "rb") as file:
        return file.read()


def clone_range(to, source, at, length, where):
    """What it says: done, or its error."""
    seen = outcome(fcntl.ioctl, to, FICLONERANGE, struct.pack("qQQQ", source, at, length, where))
    return "done" if isinstance(seen, bytes) else seen


def main():
    data, other = os.urandom(1 << 20), bytearray(os.urandom(1 << 19))
    source, to = (os.open(mount + "/" + name, os.O_CREAT | os.O_RDWR) for name in ("source", "to"))
    # What is dirty is shared, too; and what is dirty, or cached, of the other goes.
    os.write(source, data)
    os.write(to, other)
    fcntl.ioctl(to, FICLONE, source)
    assert os.fstat(to).st_size == len(data)
    assert os.pread(to, len(data), 0) == data == read(served + "/to")
    assert any(flags & SHARED for _, _, _, flags in fiemap(served + "/to")), "nothing is shared"
    # A part, over what was read just now; then up to the end, behind the end.
    assert clone_range(to, source, 8192, 65536, 4096) == "done"
    wanted = bytearray(data)
    wanted[4096:4096 + 65536] = data[8192:8192 + 65536]
    assert os.pread(to, len(data), 0) == wanted
    assert clone_range(to, source, 4096, 0, 2 << 20) == "done"
    wanted += bytes((2 << 20) - len(wanted)) + data[4096:]
    assert os.fstat(to).st_size == len(wanted)
    assert os.pread(to, len(wanted), 0) == wanted == read(served + "/to")
    # What is written now is one file's alone.
    os.pwrite(source, b"ours", 4096)
    os.fsync(source)
    assert os.pread(to, 4, 2 << 20) == data[4096:4100]
    # Not in blocks, or of itself, over itself.
    assert clone_range(to, source, 1, 1, 1) == "EINVAL"
    assert clone_range(to, to, 0, 8192, 4096) == "EINVAL"
    os.close(source)
    os.close(to)
    os.unlink(mount + "/source")
    os.unlink(mount + "/to")


main()
