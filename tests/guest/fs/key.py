#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""key.py TOP IMAGE: whose the key of file handles is, when directories are copied.

TOP is on a tmpfs; IMAGE is room for the images of two ext4.  A handle that one
mount gave out has to be ESTALE through every other one, and to be followed by
its own for as long as LOWERDIR is the same directory.
"""
import shutil
import subprocess
import sys

from calls import *

top, images = sys.argv[1:3]
KEY, HOME = "trusted.holdfast.key", "trusted.holdfast.home"
heard = 0
one, two = top + "/one", top + "/two"


def report(name, *pairs):
    wrong = [(i, seen, want) for i, (seen, want) in enumerate(pairs) if seen != want]
    print("not ok key-%s: %s" % (name, wrong) if wrong else "ok key-" + name, flush=True)


def run(*command):
    subprocess.run(command, check=True)


def mount(lower, *options):
    run("mount", "-t", "holdfast", *options, lower, lower + ".mnt")


def umount(*lowers):
    for lower in lowers:
        run("umount", lower + ".mnt")


def make(lower):
    """A LOWERDIR with a file of two names: no name tells where that is."""
    for path in (lower, lower + ".mnt"):
        os.makedirs(path, exist_ok=True)
    put(lower + "/file", os.fsencode(lower))
    os.link(lower + "/file", lower + "/link")


def clean(*lowers):
    for lower in lowers:
        shutil.rmtree(lower)
        os.rmdir(lower + ".mnt")


def copy(source, target):
    run("cp", "-a", source, target)
    os.makedirs(target + ".mnt", exist_ok=True)


def handle(lower):
    return name_to_handle(lower + ".mnt/file")


def follow(lower, its):
    """Whose file it is, or the error."""
    root = os.open(lower + ".mnt", os.O_RDONLY)
    try:
        fd = open_by_handle(root, *its)
        text = os.read(fd, 1000).decode()
        os.close(fd)
        return text
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(root)


def key(lower):
    return outcome(os.getxattr, lower, KEY)


def home(lower):
    return outcome(os.getxattr, lower, HOME)


def said(text):
    """What the kernel has said of keys since it was asked last."""
    global heard
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    news, heard = log[heard:], len(log)
    return text in news


def copied():
    """cp -a of a LOWERDIR: the key is not the copy's."""
    make(one)
    mount(one)
    its = handle(one)
    old = key(one)
    seen = [(len(old), 16), (home(one) != "ENODATA", True)]
    copy(one, two)
    put(two + "/file", os.fsencode(two))
    seen += [(key(two), old), (home(two), home(one))]
    said("")
    mount(two)
    seen += [(said("is a copy"), True), (key(two) != old, True), (key(one), old), (len(key(two)), 16)]
    other = handle(two)
    seen += [(follow(two, its), "ESTALE"), (follow(one, other), "ESTALE"), (follow(one, its), one), (follow(two, other), two)]
    umount(two, one)
    mount(two)                              # in another order
    mount(one)
    seen += [(said("is a copy"), False), (follow(two, its), "ESTALE"), (follow(one, other), "ESTALE"), (follow(one, its), one),
             (follow(two, other), two)]
    umount(one, two)
    clean(one, two)
    report("copied", *seen)


def copied_alone():
    """The copy of a key without a home, beside its mounted original."""
    make(one)
    make(two)
    mount(one)
    its = handle(one)
    os.setxattr(two, KEY, key(one))
    mount(two)
    seen = [(follow(two, its), "ESTALE"), (follow(one, its), one), (key(one) != key(two), True)]
    other = handle(two)
    umount(one, two)
    mount(two)
    seen += [(follow(two, its), "ESTALE"), (follow(two, other), two)]
    umount(two)
    # The copy was mounted first, and has taken the key for its own.
    os.setxattr(two, KEY, key(one))
    os.removexattr(two, HOME)
    mount(two)
    mount(one)
    seen += [(follow(two, handle(one)), "ESTALE"), (follow(one, handle(two)), "ESTALE"), (follow(one, handle(one)), one),
             (key(one) != key(two), True)]
    umount(one, two)
    clean(one, two)
    report("copied-alone", *seen)


def adopted():
    """A key from before there were homes: its handles go on."""
    make(one)
    mount(one)
    its, old = handle(one), key(one)
    umount(one)
    os.removexattr(one, HOME)
    mount(one)
    seen = [(follow(one, its), one), (key(one), old), (home(one) != "ENODATA", True)]
    umount(one)
    mount(one)
    seen += [(follow(one, its), one), (key(one), old)]
    # Moved in its filesystem it is the same directory.
    umount(one)
    os.rename(one, two)
    os.rename(one + ".mnt", two + ".mnt")
    mount(two)
    seen += [(follow(two, its), one), (key(two), old)]
    umount(two)
    clean(two)
    report("adopted", *seen)


def restored():
    """A backup in the place of the original is another directory."""
    make(one)
    mount(one)
    its, old = handle(one), key(one)
    umount(one)
    copy(one, two)
    shutil.rmtree(one)
    os.rename(two, one)
    os.rmdir(two + ".mnt")
    mount(one)
    report("restored", (follow(one, its), "ESTALE"), (key(one) != old, True), (follow(one, handle(one)), one))
    umount(one)
    clean(one)


def crashed():
    """Between the two attributes, or among those of a copy."""
    make(one)
    mount(one)
    umount(one)
    os.removexattr(one, KEY)                # a new LOWERDIR: the home comes first
    was = home(one)
    mount(one)
    its = handle(one)
    seen = [(len(key(one)), 16), (home(one), was)]
    umount(one)
    mount(one)
    seen += [(follow(one, its), one)]
    umount(one)
    copy(one, two)
    os.setxattr(two, KEY, b"k" * 16)        # a copy: the key does
    mount(two)
    seen += [(key(two) != b"k" * 16, True), (key(two) != key(one), True), (home(two) != home(one), True)]
    other, now = handle(two), key(two)
    umount(two)
    mount(two)
    seen += [(follow(two, other), one), (key(two), now)]
    umount(two)
    clean(one, two)
    report("crashed", *seen)


def read_only():
    """Where nothing can be written a key of its own lasts as long as the mount."""
    make(one)
    mount(one)
    its, old = handle(one), key(one)
    copy(one, two)
    said("")
    for lower in (one, two):
        run("mount", "--bind", lower, lower)
        run("mount", "-o", "remount,bind,ro", lower)
    mount(two)
    seen = [(follow(two, its), "ESTALE"), (key(two), old), (home(two), home(one)), (said("will not survive"), True)]
    umount(two, one)
    mount(one)
    seen += [(follow(one, its), one), (said("holdfast"), False)]
    umount(one)
    run("mount", "-o", "remount,bind,rw", one)
    os.removexattr(one, HOME)
    run("mount", "-o", "remount,bind,ro", one)
    mount(one)                              # adopted, each time
    seen += [(follow(one, its), one), (home(one), "ENODATA")]
    umount(one)
    mount(one)
    seen += [(follow(one, its), one)]
    umount(one)
    run("umount", one)
    run("umount", two)
    clean(one, two)
    report("read-only", *seen)


def damaged():
    make(one)
    mount(one)
    its, good = handle(one), home(one)
    umount(one)
    seen = []
    for bad in (b"", good[:-1], good + b"x", b"\xff" + good[1:]):
        os.setxattr(one, HOME, bad)
        said("")
        seen += [(outcome(lambda: subprocess.run(["mount", "-t", "holdfast", one, one + ".mnt"], capture_output=True,
                                                 check=False).returncode) != 0, True), (said(HOME), True)]
    os.removexattr(one, HOME)
    mount(one)
    seen += [(follow(one, its), one), (home(one), good)]
    umount(one)
    clean(one)
    report("damaged", *seen)


def hidden():
    """Neither can be had through the mount, nor can anything of that name."""
    make(one)
    os.setxattr(one, "user.a", b"1")
    os.setxattr(one, "user.z", b"1")
    mount(one)
    at = one + ".mnt"
    seen = [(name in os.listxattr(one), True) for name in (KEY, HOME)]
    for name in (KEY, HOME, "trusted.holdfast.other"):
        seen += [(name in os.listxattr(at), False), (outcome(os.getxattr, at, name), "ENOTSUP"),
                 (outcome(os.setxattr, at, name, b"k" * 16), "ENOTSUP"), (outcome(os.removexattr, at, name), "ENOTSUP"),
                 (outcome(os.setxattr, at + "/file", name, b"k" * 16), "ENOTSUP")]
    names = [name for name in os.listxattr(at)]
    seen += [(sorted(name for name in names if name.startswith("user.")), ["user.a", "user.z"])]
    # Room for what is shown is enough, and one byte less is not.
    room = sum(len(name) + 1 for name in names)
    buffer = ctypes.create_string_buffer(4096)
    seen += [(outcome(lambda: check(libc.listxattr(os.fsencode(at), buffer, room))), room),
             (outcome(lambda: check(libc.listxattr(os.fsencode(at), buffer, room - 1))), "ERANGE")]
    umount(one)
    clean(one)
    report("hidden", *seen)


def filesystem(name):
    """A new ext4 of which all is LOWERDIR: its root is inode 2, like every other's."""
    subprocess.run(["mkfs.ext4", "-q", "-F", "-I", "128", "-b", "1024", images + "/" + name, "8m"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for path in (images + "/" + name + ".dir", images + "/" + name + ".dir.mnt"):
        os.makedirs(path, exist_ok=True)
    run("mount", "-o", "loop", images + "/" + name, images + "/" + name + ".dir")
    return images + "/" + name + ".dir"


def filesystems():
    """The same inode number is not the same directory."""
    first, second = filesystem("first"), filesystem("second")
    seen = [(name_to_handle(first)[1], name_to_handle(second)[1])]
    for lower in (first, second):
        put(lower + "/file", b"x")
    mount(first)
    old = key(first)
    for name in (KEY, HOME):
        os.setxattr(second, name, os.getxattr(first, name))
    mount(second)
    seen += [(key(second) != old, True), (key(first), old)]
    umount(first, second)
    run("umount", first)
    run("umount", second)
    report("filesystems", *seen)


def full():
    """No room for either: it is said, and the mount is there."""
    lower = filesystem("full")
    put(lower + "/file", b"x")
    with open(lower + "/big", "wb", buffering=0) as big:
        for size in (1 << 20, 1024):
            while outcome(big.write, bytes(size)) == size:
                pass
    said("")
    mount(lower)
    seen = [(said("will not survive"), True), (key(lower), "ENODATA"), (follow(lower, handle(lower)), "x")]
    umount(lower)
    os.truncate(lower + "/big", 0)
    mount(lower)
    seen += [(len(key(lower)), 16), (home(lower) != "ENODATA", True), (said("will not survive"), False)]
    umount(lower)
    run("umount", lower)
    report("full", *seen)


def no_handles():
    """An overlay without nfs_export gives none out: the key is for f_fsid."""
    make(one)
    for name in ("up", "work", "ovl", "ovl.mnt"):
        os.makedirs(top + "/" + name)
    run("mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s/up,workdir=%s/work" % (one, top, top), "ovl", top + "/ovl")
    said("")
    mount(top + "/ovl")
    seen = [(len(key(top + "/ovl")), 16), (home(top + "/ovl"), "ENODATA"), (said("holdfast"), False)]
    fsid = os.statvfs(top + "/ovl.mnt").f_fsid
    umount(top + "/ovl")
    mount(top + "/ovl")
    seen += [(os.statvfs(top + "/ovl.mnt").f_fsid, fsid)]
    umount(top + "/ovl")
    run("umount", top + "/ovl")
    clean(one)
    report("no-handles", *seen)


for test in (copied, copied_alone, adopted, restored, crashed, read_only, damaged, hidden, filesystems, full, no_handles):
    test()
