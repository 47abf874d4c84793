#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""asks.py LOWERDIR MOUNT KIND: what tools ask of a file or its filesystem, with the answers of LOWERDIR."""
import sys

from calls import *

lower, mount, kind = sys.argv[1:4]
IOCTLS = {"getversion": (0x80087601, 8), "getversion32": (0x80047601, 4), "getfslabel": (0x81009431, 256),
          "getfsuuid": (0x80111500, 17), "fitrim": (0xC0185879, 0)}
libc.listxattr.restype = ctypes.c_ssize_t


def ask(path, number, size):
    fd = os.open(path, os.O_RDONLY)
    argument = bytes(size) if size else struct.pack("QQQ", 0, 1 << 62, 4096)
    try:
        answer = outcome(fcntl.ioctl, fd, number, argument)
    finally:
        os.close(fd)
    # How much there was to trim changes from one call to the next.
    return answer if isinstance(answer, str) else answer.hex() if size else "done"


def report(name, seen, wanted):
    print("ok %s-%s" % (kind, name) if seen == wanted else "not ok %s-%s: %s, below %s" % (kind, name, seen, wanted),
          flush=True)


def ioctls():
    put(mount + "/file", b"x")
    os.makedirs(mount + "/dir", exist_ok=True)
    for name, (number, size) in IOCTLS.items():
        # On a 64-bit system only programs of 32 bits ask so, and there the kernel translates.
        below = IOCTLS["getversion"] if name == "getversion32" else (number, size)
        answers = [[as_user(uid, ask, top + what, *how) for uid in (0, 1000) for what in ("/file", "/dir")]
                   for top, how in ((mount, (number, size)), (lower, below))]
        if name == "getversion32":
            answers[1] = [answer[:8] for answer in answers[1]] if kind != "tmpfs" else answers[1]
        report("ioctl-" + name, *answers)


def names(path, size):
    """As listxattr(2) answers; Python's own asks with a larger buffer."""
    buffer = ctypes.create_string_buffer(max(size, 1))
    length = outcome(lambda: check(libc.listxattr(os.fsencode(path), buffer, ctypes.c_size_t(size))))
    return length if isinstance(length, str) else buffer.raw[:length]


def lists():
    """A buffer in which what is shown fits is large enough."""
    os.setxattr(mount, "user.list", b"1")
    shown = b"".join(sorted(name.encode() + b"\0" for name in os.listxattr(mount)))
    answers = [names(mount, len(shown) - 1), names(mount, len(shown)), names(mount, len(shown) + 10)]
    answers = [a if a == "ERANGE" else b"".join(sorted(p + b"\0" for p in a.split(b"\0")[:-1])) for a in answers]
    hidden = [name for name in os.listxattr(lower) if name.startswith("trusted.holdfast")]
    report("list-size", answers + [bool(hidden)], ["ERANGE", shown, shown, True])
    os.removexattr(mount, "user.list")


ioctls()
lists()
