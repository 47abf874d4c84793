# SPDX-License-Identifier: GPL-2.0-only
"""A directory is mounted once more, with other ids: mount(8) of a guest may be too old."""
import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000


def call(*arguments):
    ret = libc.syscall(*arguments)
    if ret < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return ret


def user_namespace():
    ready, done = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        libc.unshare(0x10000000)                # CLONE_NEWUSER
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    for kind in "uid", "gid":
        with open("/proc/%d/%s_map" % (pid, kind), "w") as file:
            file.write("0 100000 65536")
    fd = os.open("/proc/%d/ns/user" % pid, os.O_RDONLY)
    os.write(done[1], b"x")
    os.waitpid(pid, 0)
    return fd


def mount(source, target):
    source, target, fd = os.fsencode(source), os.fsencode(target), user_namespace()
    tree = call(OPEN_TREE, AT_FDCWD, source, 1)         # OPEN_TREE_CLONE
    attributes = struct.pack("QQQQ", 0x00100000, 0, 0, fd)      # MOUNT_ATTR_IDMAP
    call(MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, attributes, len(attributes))
    call(MOVE_MOUNT, tree, b"", AT_FDCWD, target, 4)    # MOVE_MOUNT_F_EMPTY_PATH
    os.close(tree)
    os.close(fd)


def unmount(target):
    if libc.umount2(os.fsencode(target), 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)
