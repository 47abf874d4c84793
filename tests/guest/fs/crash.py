#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""crash.py IMAGE COPY MOUNT PREFIX async|dirsync|sync [remounted]: what is left after a crash.

IMAGE is the device of LOWERDIR's filesystem, which writes nothing by itself.
After each call its content is what a crash would leave: it is copied to COPY,
whose filesystem is then looked at.  "async" is the control: nothing is there.
"""
import shutil
import subprocess
import sys

from calls import *

image, copy, mount, prefix, mode = sys.argv[1:6]
where = copy + ".mnt"
DATA = b"has to be on disk" * 300


def report(name, *pairs):
    wrong = [(i, seen, want) for i, (seen, want) in enumerate(pairs) if seen != want]
    print("not ok %s-%s: %s" % (prefix, name, wrong) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def after_crash(look_at):
    """What @look_at sees in LOWERDIR as it is on the device now."""
    shutil.copyfile(image, copy)
    os.makedirs(where, exist_ok=True)
    subprocess.run(["mount", "-o", "loop", copy, where], check=True)
    try:
        return outcome(look_at, where + "/lower")
    finally:
        subprocess.run(["umount", where], check=True)


def kind(path):
    return lambda top: oct(os.lstat(top + "/" + path).st_mode & 0o170000)


def content(path):
    return lambda top: read(top + "/" + path) == DATA


def listed(top):
    return sorted(os.listdir(top + "/dir"))


def synced():
    subprocess.run(["sync", "-f", mount], check=True)


def names():
    """Every call that changes a directory."""
    os.mkdir(mount + "/dir")
    os.mkdir(mount + "/other")
    seen = [after_crash(kind("dir"))]
    put(mount + "/dir/file")
    seen += [after_crash(listed)]
    os.symlink("x", mount + "/dir/symlink")
    seen += [after_crash(listed)]
    os.mknod(mount + "/dir/fifo", 0o600 | 0o010000)
    seen += [after_crash(listed)]
    os.link(mount + "/dir/file", mount + "/dir/link")
    seen += [after_crash(listed)]
    os.rename(mount + "/dir/link", mount + "/dir/moved")
    seen += [after_crash(listed)]
    os.rename(mount + "/dir/moved", mount + "/other/moved")
    seen += [after_crash(lambda top: listed(top) + os.listdir(top + "/other"))]
    os.unlink(mount + "/dir/file")
    seen += [after_crash(listed)]
    os.mkdir(mount + "/dir/sub")
    synced()
    os.rmdir(mount + "/dir/sub")
    seen += [after_crash(listed)]
    shutil.rmtree(mount + "/dir")
    shutil.rmtree(mount + "/other")
    synced()
    return seen


NAMES = ["0o40000", ["file"], ["file", "symlink"], ["fifo", "file", "symlink"], ["fifo", "file", "link", "symlink"],
         ["fifo", "file", "moved", "symlink"], ["fifo", "file", "symlink", "moved"], ["fifo", "symlink"],
         ["fifo", "symlink"]]
NO_NAMES = ["ENOENT"] * 8 + [["fifo", "sub", "symlink"]]


def splice_in(fd):
    reader, writer = os.pipe()
    os.write(writer, DATA)
    os.splice(reader, fd, len(DATA))


def copy_in(fd):
    with open(where + ".source", "wb") as file:
        file.write(DATA)
    # From the mount itself: the kernel copies between files of one filesystem.
    put(mount + "/source", DATA)
    source = os.open(mount + "/source", os.O_RDONLY)
    os.copy_file_range(source, fd, len(DATA))
    os.close(source)
    os.unlink(mount + "/source")


WRITES = {"write": lambda fd: os.write(fd, DATA), "aio": lambda fd: aio_write(fd, DATA, 0), "splice": splice_in,
          "copy": copy_in, "fallocate": lambda fd: fallocate(fd, 0, 0, len(DATA))}


def data():
    """Every call that writes data, through descriptors that were open before."""
    seen = []
    for name, write in WRITES.items():
        fd = opened[name]
        write(fd)
        if name == "fallocate":
            seen.append((name, after_crash(lambda top: os.stat(top + "/" + name).st_size)))
        else:
            seen.append((name, after_crash(content(name))))
    return seen


def changed():
    """Attributes."""
    os.truncate(mount + "/attributes", 5)
    seen = [after_crash(lambda top: os.stat(top + "/attributes").st_size)]
    os.chmod(mount + "/attributes", 0o4600)
    seen += [after_crash(lambda top: oct(os.stat(top + "/attributes").st_mode))]
    os.setxattr(mount + "/attributes", "user.name", b"value")
    seen += [after_crash(lambda top: os.listxattr(top + "/attributes"))]
    return seen


for name in WRITES:
    put(mount + "/" + name, b"")
put(mount + "/attributes", DATA)
synced()
opened = {name: os.open(mount + "/" + name, os.O_WRONLY) for name in WRITES}
if "remounted" in sys.argv:                 # through descriptors that are older
    os.pwrite(opened["write"], b"x", 0)
    subprocess.run(["mount", "-o", "remount,sync", mount], check=True)
is_sync = mode == "sync"
report("data", *[(seen, (name, is_sync and (len(DATA) if name == "fallocate" else True) or (0 if name == "fallocate" else False)))
                 for seen, name in zip(data(), WRITES)])
report("attributes", (changed(), [5, "0o104600", ["user.name"]] if is_sync else [len(DATA), "0o100644", []]))
report("names", (names(), NO_NAMES if mode == "async" else NAMES))
for name, fd in opened.items():
    os.close(fd)
    os.unlink(mount + "/" + name)
os.unlink(mount + "/attributes")
