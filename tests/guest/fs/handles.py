#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""handles.py make|check LOWERDIR MOUNT FILE: file handles over a remount.

"make" writes the handles of a tree into FILE and tries forged ones; "check",
after a remount, wants every one of them to lead to the same object.  "forge"
makes a handle of what is outside LOWERDIR look like one of ours.
"""
import json
import os
import random
import sys

from calls import *

what, lower, mount, store = sys.argv[1:5]
prefix = sys.argv[5]


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s-%s: %s" % (prefix, name, wrong) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2\n")


def by_handle(kind, data, flags=os.O_RDONLY):
    root = os.open(mount, os.O_RDONLY)
    try:
        return open_by_handle(root, kind, data, flags)
    finally:
        os.close(root)


def try_handle(kind, data):
    try:
        fd = by_handle(kind, data, os.O_PATH)
    except OSError as error:
        return errno.errorcode[error.errno]
    ino = os.fstat(fd).st_ino
    os.close(fd)
    return ino


def make():
    os.makedirs(mount + "/h/one/two/three")
    os.makedirs(mount + "/h/other")
    put(mount + "/h/one/two/file", b"file")
    os.link(mount + "/h/one/two/file", mount + "/h/other/link")
    os.symlink("x", mount + "/h/symlink")
    os.mkfifo(mount + "/h/fifo")
    paths = ["h", "h/one", "h/one/two", "h/one/two/three", "h/one/two/file", "h/symlink", "h/fifo", "."]
    kept = []
    for path in paths:
        kind, data = name_to_handle(mount + "/" + path)
        kept.append([path, kind, data.hex(), os.lstat(mount + "/" + path).st_ino])
    with open(store, "w") as file:
        json.dump(kept, file)


def check():
    with open(store) as file:
        kept = json.load(file)
    random.Random(7).shuffle(kept)          # the deepest directory not last
    report("handle-" + what, *[(try_handle(kind, bytes.fromhex(data)), ino) for _, kind, data, ino in kept])


def cached():
    """Handles after the caches were dropped, and what they can do then."""
    deep = name_to_handle(mount + "/h/one/two/three")
    file = name_to_handle(mount + "/h/one/two/file")
    drop_caches()
    fd = by_handle(*deep)
    seen = [(os.readlink("/proc/self/fd/%d" % fd), mount + "/h/one/two/three"),
            (outcome(os.mkdir, "made", dir_fd=fd), None), (os.path.isdir(mount + "/h/one/two/three/made"), True)]
    os.rmdir("made", dir_fd=fd)
    os.close(fd)
    drop_caches()
    fd = by_handle(*file, os.O_RDWR)
    os.pwrite(fd, b"FILE", 0)
    seen += [(read(mount + "/h/one/two/file"), b"FILE"), (read(mount + "/h/other/link"), b"FILE"), (os.fstat(fd).st_nlink, 2)]
    # Renamed and linked through the mount, a handle still means its file.
    os.rename(mount + "/h/one/two/file", mount + "/h/moved")
    os.rename(mount + "/h/moved", mount + "/h/one/two/file")
    os.rename(mount + "/h/one", mount + "/h/uno")
    seen += [(try_handle(*deep), os.stat(mount + "/h/uno/two/three").st_ino)]
    os.rename(mount + "/h/uno", mount + "/h/one")
    os.close(fd)
    put(mount + "/h/gone")
    gone = name_to_handle(mount + "/h/gone")
    os.unlink(mount + "/h/gone")
    drop_caches()
    seen += [(try_handle(*gone), "ESTALE")]
    report("handle-cached", *seen)


def forge():
    """@lower/../outside is beside LOWERDIR: nothing may lead there."""
    outside = os.path.dirname(lower) + "/outside"
    os.makedirs(outside + "/dir", exist_ok=True)
    put(outside + "/file", b"secret")
    kind, good = name_to_handle(mount + "/h/one/two/file")
    _, good_dir = name_to_handle(mount + "/h/one")
    seen = []
    for path in ("/file", "/dir", "", "/.."):
        lower_kind, target = name_to_handle(outside + path)
        # As it is; under our type; with our head, its words in place of ours.
        seen += [(try_handle(lower_kind, target), "ESTALE"), (try_handle(kind, target), "ESTALE")]
        for model in (good, good_dir):
            head = bytearray(model[:12])
            head[1], head[2] = lower_kind, len(target) // 4
            seen.append((try_handle(kind, bytes(head) + target), "ESTALE"))
    # Every bit and every length.
    for bit in range(len(good) * 8):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        seen.append((try_handle(kind, bytes(bad)), "ESTALE"))
    for length in range(0, len(good), 4):
        seen.append((try_handle(kind, good[:length]) in ("ESTALE", "EINVAL"), True))
    seen.append((try_handle(kind, good + bytes(4)), "ESTALE"))
    seen.append((try_handle(kind, bytes(128)), "ESTALE"))
    for other in (1, 2, 0x81, 0x82, 0xfe, 0x47):
        seen.append((try_handle(other, good), "ESTALE"))
    report("handle-forged", *seen)

    # Given out while it was inside, followed when it is outside.
    os.makedirs(mount + "/h/away/sub")
    put(mount + "/h/away/sub/file", b"x")
    put(mount + "/h/single", b"x")
    moved = [name_to_handle(mount + path) for path in ("/h/away", "/h/away/sub", "/h/single")]
    os.rename(lower + "/h/away", outside + "/away")
    os.rename(lower + "/h/single", outside + "/single")
    seen = [(try_handle(*handle), "ESTALE") for handle in moved]
    drop_caches()
    seen += [(try_handle(*handle), "ESTALE") for handle in moved[:2]]
    os.rename(outside + "/away", lower + "/h/away")
    seen += [(try_handle(*moved[1]), os.stat(mount + "/h/away/sub").st_ino)]
    report("handle-moved-out", *seen)


def key():
    """The key is on LOWERDIR, and not to be had through the mount."""
    name = "trusted.holdfast.key"
    report("handle-key", (len(os.getxattr(lower, name)), 16), (outcome(os.getxattr, mount, name), "ENOTSUP"),
           (outcome(os.setxattr, mount, name, b"k" * 16), "ENOTSUP"), (outcome(os.removexattr, mount, name), "ENOTSUP"),
           (name in os.listxattr(mount), False), (name in os.listxattr(lower), True))


if what == "make":
    make()
    cached()
    forge()
    key()
else:
    check()
