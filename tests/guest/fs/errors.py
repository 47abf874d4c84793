#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""errors.py STORE PLAIN MOUNT LOWERDIR [nfs]: who is told of a write-back error.

LOWERDIR and PLAIN are on an ext4 without a journal in a loop device, whose
image is in STORE, a small tmpfs.  The blocks of a file are taken out of the
image and STORE is filled: what is then written back fails, until there is room
again.  Each descriptor has to be told once, on the mount as below; with "nfs",
where knfsd exports both, a client that has written and not yet committed.
"""
import mmap
import os
import subprocess
import sys

import nfs3
from calls import *

store, plain, mount, lower = sys.argv[1:5]
SIZE = 65536


class Full:
    """While it lasts, no block of @path can be written."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        image = os.open(store + "/image", os.O_RDWR)
        for _, physical, length, _ in fiemap(self.path):
            fallocate(image, FALLOC_PUNCH | FALLOC_KEEP_SIZE, physical, length)
        os.close(image)
        with open(store + "/ballast", "wb", buffering=0) as file:
            while outcome(file.write, bytes(1 << 16)) != "ENOSPC":
                pass

    def __exit__(self, *_):
        os.unlink(store + "/ballast")


def lose(top, fd):
    """What is written to @fd is lost, and nobody is told yet."""
    with Full((lower if top == mount else top) + "/f"):
        os.pwrite(fd, b"lost" * (SIZE // 4), 0)
        os.sync()


def syncfs(fd):
    return check(libc.syncfs(fd))


def story(top):
    put(top + "/f", b"old!" * (SIZE // 4))
    os.sync()
    used = os.open(top + "/f", os.O_RDWR)
    os.pread(used, 1, 0)
    idle, reader = os.open(top + "/f", os.O_RDWR), os.open(top + "/f", os.O_RDONLY)
    whole = os.open(top, os.O_RDONLY)
    lose(top, used)
    late = os.open(top + "/f", os.O_RDWR)           # nobody was told before it came
    seen = [[outcome(os.fsync, fd), outcome(os.fsync, fd)] for fd in (idle, used, late)]
    after = os.open(top + "/f", os.O_RDWR)
    seen += [outcome(os.fsync, after), [outcome(syncfs, whole), outcome(syncfs, whole)]]

    # The same error again is another one; so is that of a mapping.
    lose(top, after)
    seen += [[outcome(os.fdatasync, fd), outcome(os.fdatasync, fd)] for fd in (used, after, idle)]
    mapping = mmap.mmap(used, SIZE)
    with Full((lower if top == mount else top) + "/f"):
        mapping[0:4] = b"mine"
        seen += [outcome(mapping.flush), outcome(mapping.flush)]
    seen += [[outcome(os.fsync, fd), outcome(os.fsync, fd)] for fd in (after, reader)]

    # Told by sync_file_range(); and at once, for a descriptor that is synchronous.
    with Full((lower if top == mount else top) + "/f"):
        os.pwrite(idle, b"lost", 0)
        seen += [outcome(sync_file_range, idle, 0, 0, 7), outcome(sync_file_range, idle, 0, 0, 7)]
        sync = os.open(top + "/f", os.O_WRONLY | os.O_DSYNC)
        seen += [outcome(os.pwrite, sync, b"lost", 4096)]
    # With room again what is written stays.
    seen += [outcome(os.fsync, sync), os.pwrite(idle, b"kept" * (SIZE // 4), 0)]
    outcome(os.fsync, idle)
    os.pwrite(idle, b"K", 0)
    return seen + [outcome(os.fsync, idle), told_once(top), read(top + "/f")[:8].decode()]


def told_once(top):
    """What a write tells at once is not told again, nor what sync_file_range() has told by a write."""
    fd, sync = os.open(top + "/f", os.O_RDWR), os.open(top + "/f", os.O_WRONLY | os.O_DSYNC)
    reader, writer = os.pipe()
    os.write(writer, b"lost")
    ways = [(sync, os.pwrite, sync, b"lost", 0), (sync, os.splice, reader, sync, 4),
            (fd, os.pwritev, fd, [b"lost"], 0, os.RWF_SYNC), (fd, os.pwritev, fd, [b"lost"], 0, os.RWF_DSYNC),
            (fd, aio_write, fd, b"lost", 0, os.RWF_DSYNC)]
    with Full((lower if top == mount else top) + "/f"):
        seen = [[outcome(*call), outcome(sync_file_range, used, 0, 0, 7)] for used, *call in ways]
        os.pwrite(fd, b"lost", 0)
        seen += [outcome(sync_file_range, fd, 0, 0, 7)]
    return seen + [os.pwrite(fd, b"Kept", 0), outcome(sync_file_range, fd, 0, 0, 7)]


def client_story(top):
    """A local process is told first: the client's data are lost all the same."""
    client = nfs3.Client()
    put(top + "/f", b"old!" * (SIZE // 4))
    os.sync()
    handle = client.lookup(client.mount(top), "f")
    local = os.open(top + "/f", os.O_RDONLY)
    seen = []
    for closed in (True, False):
        with Full((lower if top == mount else top) + "/f"):
            written, verifier = client.write(handle, b"lost" * (SIZE // 4))
            os.sync()
        seen += [outcome(os.fsync, local), written]
        if closed:                                      # nfsd has closed what it wrote to
            subprocess.run(["exportfs", "-f"], check=True)
        # Told by a status, or by the verifier of a server that has forgotten.
        committed, later = client.commit(handle)
        seen.append(committed != 0 or later != verifier)
        # And that is all: what is sent again is taken.
        seen += [client.write(handle, b"kept" * (SIZE // 4))[0], client.commit(handle)[0]]

    # Who never commits is told by the next write that waits for the disk, and by no other.
    with Full((lower if top == mount else top) + "/f"):
        client.write(handle, b"lost" * (SIZE // 4))
        os.sync()
    stable = [client.write(handle, b"kept" * (SIZE // 4), nfs3.FILE_SYNC) for _ in range(4)]
    return seen + [[status for status, _ in stable], len({verifier for _, verifier in stable[1:]})]


tell = client_story if sys.argv[5:] == ["nfs"] else story
below, above = tell(plain), tell(mount)
print("below", below, "mount", above)
told = below[:2] if tell == client_story else below[0]
stable = tell == story or (not any(below[-2][1:]) and below[-1] == 1)
sys.exit(0 if below == above and told[0] in ("EIO", "ENOSPC") and not told[1] and stable else 1)
