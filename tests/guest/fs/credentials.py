#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""credentials.py PLAIN MOUNT: I/O is the caller's, whoever opened.

The disk of both directories keeps half of its blocks for root, and user 1000
may have 1 MiB.  In each directory the same is done, by root and by user 1000,
through descriptors that each has opened, or was given unused.
"""
import fcntl
import os
import shutil
import struct
import sys

from calls import *

plain, mount = sys.argv[1:3]
USER = 1000
FS_APPEND_FL = 0x20
CHUNK = bytes(1 << 16)


def fill(fd, size):
    """Write @size bytes: None, or what is said before that."""
    written = 0
    while written < size:
        answer = outcome(os.write, fd, CHUNK)
        if isinstance(answer, str):
            return answer
        written += answer
    # Where blocks are looked for late, they are now.
    return outcome(os.fsync, fd)


def new(path, mode, owner=0):
    put(path, b"data" * 1024)
    os.chown(path, owner, owner)
    os.chmod(path, mode)
    return path


def quota(top):
    """Root is under no limit in the files of who is; the user is, in root's hands too."""
    path = new(top + "/quota", 0o666, USER)
    given = os.open(path, os.O_WRONLY)
    answers = [as_user(USER, fill, given, 4 << 20), fill(os.open(path, os.O_WRONLY | os.O_APPEND), 4 << 20),
               as_user(USER, lambda: fill(os.open(path, os.O_WRONLY | os.O_APPEND), 4 << 20)),
               as_user(USER, lambda: fill(os.open(top, os.O_TMPFILE | os.O_RDWR), 4 << 20))]
    os.close(given)
    os.unlink(path)
    return answers


def reserve(top):
    """What the filesystem keeps for root."""
    path = new(top + "/reserve", 0o666)
    given = os.open(path, os.O_WRONLY | os.O_APPEND)
    while fill(given, 1 << 20) is None and free_for_users(top):
        pass
    answers = [as_user(USER, fill, given, 1 << 20), fill(given, 1 << 20),
               as_user(USER, lambda: fill(os.open(path, os.O_WRONLY | os.O_APPEND), 1 << 20)),
               as_user(USER, outcome, fallocate, given, 0, 1 << 30, 1 << 20),
               outcome(fallocate, given, 0, 1 << 30, 1 << 20)]
    os.close(given)
    os.unlink(path)
    os.sync()
    return answers


def free_for_users(top):
    return os.statvfs(top).f_bavail


def mode_after(path, as_whom, how, flags=os.O_RDWR, given=None):
    os.chmod(path, 0o6777)
    fd = os.open(path, flags) if given is None else given
    answer = as_whom(how, fd)
    after = oct(os.stat(path).st_mode)
    os.close(fd)
    return [answer, after]


def as_root(function, *args):
    return outcome(function, *args)


def splice_in(fd):
    reader, writer = os.pipe()
    os.write(writer, b"spliced")
    return os.splice(reader, fd, 7, offset_dst=0)


WRITES = {
    "write": lambda fd: os.pwrite(fd, b"x", 0),
    "aio": lambda fd: aio_write(fd, b"x", 0),
    "truncate": lambda fd: os.ftruncate(fd, 100),
    "fallocate": lambda fd: fallocate(fd, 0, 0, 8192),
    "copy": lambda fd: os.copy_file_range(fd, fd, 10, 100, 0),
    "splice": splice_in,
}


def set_id(top):
    """Who writes decides, not who has opened; root keeps the bits."""
    path = new(top + "/set-id", 0o6777)
    answers = []
    for name, how in WRITES.items():
        answers.append([name, mode_after(path, lambda *args: as_user(USER, *args), how),
                        mode_after(path, as_root, how)])
    # One that has been used by the other already.
    fd = os.open(path, os.O_RDWR)
    os.pwrite(fd, b"root", 0)
    answers.append(mode_after(path, lambda *args: as_user(USER, *args), WRITES["write"], given=fd))
    return answers


def kill_privilege(top):
    """A capability that a program has goes with the first write."""
    path = new(top + "/capable", 0o777)
    os.setxattr(path, "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))
    fd = os.open(path, os.O_RDWR)
    answers = [len(os.getxattr(path, "security.capability")), as_user(USER, os.pwrite, fd, b"x", 0),
               outcome(os.getxattr, path, "security.capability")]
    os.close(fd)
    return answers


def access_list(path, user):
    """An ACL that gives @user nothing, and everybody else everything."""
    entries = [(1, 7, -1), (2, 0, user), (4, 7, -1), (16, 7, -1), (32, 7, -1)]
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) +
                b"".join(struct.pack("<HHi", *entry) for entry in entries))


def set_append_only(path, wanted):
    fd = os.open(path, os.O_RDONLY)
    flags = struct.unpack("i", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(4)))[0]
    fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("i", flags | FS_APPEND_FL if wanted else flags & ~FS_APPEND_FL))
    os.close(fd)


def opened(user, path, flags):
    return as_user(user, lambda: os.close(os.open(path, flags)))


def refused(top):
    """What is decided for the caller, when he opens."""
    os.mkdir(top + "/closed", 0o700)
    put(top + "/closed/file")
    os.chmod(top + "/closed/file", 0o666)
    os.mkdir(top + "/listed", 0o711)
    with_list = new(top + "/list", 0o777)
    access_list(with_list, USER)
    append = new(top + "/append", 0o666)
    set_append_only(append, True)
    answers = [opened(USER, new(top + "/private", 0o600), os.O_RDONLY), opened(USER, top + "/closed/file", os.O_RDONLY),
               opened(USER, top + "/listed", os.O_RDONLY | os.O_DIRECTORY), opened(USER, with_list, os.O_RDONLY),
               opened(USER + 1, with_list, os.O_RDWR), opened(USER, new(top + "/read", 0o644), os.O_WRONLY),
               opened(USER, top + "/read", os.O_RDONLY | os.O_NOATIME), opened(0, top + "/read", os.O_RDONLY | os.O_NOATIME),
               opened(USER, append, os.O_WRONLY), opened(USER, append, os.O_WRONLY | os.O_APPEND),
               opened(0, append, os.O_RDWR), opened(USER, top + "/closed", os.O_TMPFILE | os.O_RDWR)]
    set_append_only(append, False)
    return answers


def owner_of_unnamed(top):
    def make():
        fd = os.open(top, os.O_TMPFILE | os.O_RDWR, 0o640)
        st = os.fstat(fd)
        return [st.st_uid, st.st_gid, oct(st.st_mode)]
    return as_user(USER, make)


REFUSED = ["EACCES"] * 4 + [None, "EACCES", "EPERM", None, "EPERM", None, "EPERM", "EACCES"]
KEPT, LOST = "0o106777", "0o100777"
STEPS = {
    "quota": (quota, lambda a: a == ["EDQUOT", None, "EDQUOT", "EDQUOT"]),
    "reserve": (reserve, lambda a: a == ["ENOSPC", None, "ENOSPC", "ENOSPC", 0]),
    "set-id": (set_id, lambda a: a[-1][1] == LOST and all(user[1] == LOST and root[1] == KEPT for _, user, root in a[:-1])),
    "capability": (kill_privilege, lambda a: a == [20, 1, "ENODATA"]),
    "refused": (refused, lambda a: a == REFUSED),
    "unnamed-owner": (owner_of_unnamed, lambda a: a == [USER, USER, "0o100640"]),
}

for name, (story, right) in STEPS.items():
    answers = []
    for directory in (mount, plain):
        top = directory + "/credentials"
        shutil.rmtree(top, ignore_errors=True)
        os.mkdir(top)
        os.chmod(top, 0o777)
        answers.append(story(top))
        shutil.rmtree(top)
        os.sync()
    seen, wanted = answers
    if seen == wanted and right(seen):
        print("ok credentials-%s" % name, flush=True)
    else:
        print("not ok credentials-%s: %s, on a plain filesystem %s" % (name, seen, wanted), flush=True)
