#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""stale.py LOWERDIR MOUNT: calls by a descriptor that was open when the file changed below.

The VFS takes sizes, modes and flags from the upper inode for them. The same is
done in LOWERDIR, and the answers have to be equal. Sizes are those that the
last look at the file showed.
"""
import sys

from calls import *

lower, mount = sys.argv[1:3]
FIONREAD = 0x541B
APPEND, IMMUTABLE = 0x20, 0x10


def flags(path, value):
    fd = os.open(path, os.O_RDONLY)
    fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("l", value))
    os.close(fd)


def grown(where):
    """An open file that was empty, and has 5,000 bytes since, as fstat() shows."""
    put(where + "/stale")
    fd = os.open(where + "/stale", os.O_RDWR)
    os.truncate(lower + "/stale", 5000)
    assert os.fstat(fd).st_size == 5000
    return fd


def lock_end(where):
    fd = grown(where)
    request = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_END, 0, 1, 0)
    fcntl.fcntl(fd, fcntl.F_SETLK, request)

    def start():
        other = os.open(where + "/stale", os.O_RDWR)
        answer = fcntl.fcntl(other, fcntl.F_GETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))
        return struct.unpack("hhqqi", answer)[:4]

    answer = as_user(0, start)
    os.close(fd)
    return answer


def copy(where):
    fd = grown(where)
    out = os.open(where + "/stale.copy", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    answer = outcome(os.copy_file_range, fd, out, 4000)
    os.close(out)
    os.unlink(where + "/stale.copy")
    os.close(fd)
    return answer


def fionread(where):
    fd = grown(where)
    answer = struct.unpack("i", fcntl.ioctl(fd, FIONREAD, bytes(4)))
    os.close(fd)
    return answer


def dedupe(where):
    fd = grown(where)
    put(where + "/stale.other", bytes(5000))
    other = os.open(where + "/stale.other", os.O_RDWR)
    request = struct.pack("QQHHI", 0, 4096, 1, 0, 0) + struct.pack("qQQiI", other, 0, 0, 0, 0)
    answer = outcome(fcntl.ioctl, fd, FIDEDUPERANGE, request)
    os.close(other)
    os.unlink(where + "/stale.other")
    os.close(fd)
    return answer if isinstance(answer, str) else struct.unpack_from("qQQiI", answer, 24)[2:4]


def changed(where, mode, before, after, uid, call):
    """@call of a descriptor from when the mode was @before, as @uid; the mode that is left."""
    put(where + "/stale", b"0123456789")
    os.chmod(where + "/stale", before)
    fd = os.open(where + "/stale", os.O_RDWR)
    os.chmod(lower + "/stale", after)
    answer = as_user(uid, call, fd)
    os.close(fd)
    return answer, oct(os.stat(lower + "/stale").st_mode & mode)


def ftruncate(where):
    return [changed(where, 0o7000, 0o666, after, uid, lambda fd: os.ftruncate(fd, size))
            for after in (0o4777, 0o2777, 0o6777, 0o2767) for uid in (0, 1000) for size in (1, 10, 100)]


def fchown(where):
    return [changed(where, 0o7000, before, after, 0, lambda fd: os.fchown(fd, *ids))
            for before, after in ((0o755, 0o2755), (0o755, 0o6755), (0o745, 0o2745), (0o644, 0o4644))
            for ids in ((1000, 1000), (-1, 1001), (1002, -1))]


def flagged(where, flag, call):
    """@call of a descriptor from before @flag was set."""
    put(where + "/stale", b"0123456789")
    os.setxattr(where + "/stale", "user.a", b"1")
    fd = os.open(where + "/stale", os.O_RDWR)
    flags(lower + "/stale", flag)
    try:
        return outcome(call, fd)
    finally:
        os.close(fd)
        flags(lower + "/stale", 0)


def protected(where):
    calls = [lambda fd: os.ftruncate(fd, 1), lambda fd: os.ftruncate(fd, 100), lambda fd: os.fchmod(fd, 0o600),
             lambda fd: os.fchown(fd, 1, 1), lambda fd: os.utime(fd, (1, 1)), lambda fd: fallocate(fd, 0, 0, 100),
             lambda fd: os.setxattr(fd, "user.a", b"2"), lambda fd: os.removexattr(fd, "user.a"),
             lambda fd: os.setxattr(fd, "trusted.a", b"2"), lambda fd: os.setxattr(fd, "security.a", b"2")]
    return [flagged(where, flag, call) for flag in (APPEND, IMMUTABLE) for call in calls]


for test in (lock_end, copy, fionread, dedupe, ftruncate, fchown, protected):
    wanted, seen = test(lower), test(mount)
    name = "stale-" + test.__name__.replace("_", "-")
    print("ok " + name if seen == wanted else "not ok %s: %s, below %s" % (name, seen, wanted), flush=True)
os.unlink(lower + "/stale")
