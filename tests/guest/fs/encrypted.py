#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""encrypted.py BASE MOUNT: a LOWERDIR with encrypted directories (fscrypt), and with files under fs-verity.

BASE is where an ext4 with both is mounted; BASE/lower has no key of its own, and is
mounted at MOUNT.
"""
import subprocess
import sys

from calls import *

base, mount = sys.argv[1:3]
lower = base + "/lower"
ADD_KEY, REMOVE_KEY, SET_POLICY = 0xC0506617, 0xC0406618, 0x800C6613
ENABLE_VERITY = 0x40806685
AES_XTS, AES_CTS, PAD_16 = 1, 4, 2
IDENTIFIER = 2                                  # what a key is named by, since version 2
FILES_BUSY = 1
SECRET = bytes(range(64))


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s: %s" % (name, wrong) if wrong else "ok %s" % name, flush=True)


def ask(path, request, data):
    fd = os.open(path, os.O_RDONLY)
    try:
        return fcntl.ioctl(fd, request, data)
    finally:
        os.close(fd)


def add_key():
    """To the filesystem; returns its identifier."""
    spec = bytearray(struct.pack("II32sII32s", IDENTIFIER, 0, b"", len(SECRET), 0, b"") + SECRET)
    ask(base, ADD_KEY, spec)
    return bytes(spec[8:24])


def remove_key(name):
    """What is left of it: 0 or FILES_BUSY."""
    spec = bytearray(struct.pack("II32sI20s", IDENTIFIER, 0, name, 0, b""))
    ask(base, REMOVE_KEY, spec)
    return struct.unpack_from("I", spec, 40)[0]


def forget():
    put("/proc/sys/vm/drop_caches", b"2")


def encrypt(directory, name):
    os.mkdir(directory)
    ask(directory, SET_POLICY, struct.pack("BBBB4s16s", 2, AES_XTS, AES_CTS, PAD_16, b"", name))


def flow(directory, other):
    """Written and read by the one path, read by the other; and renamed, appended to, mapped."""
    data = os.urandom(10000)
    put(directory + "/made", data)
    os.rename(directory + "/made", directory + "/file")
    fd = os.open(directory + "/file", os.O_RDWR | os.O_APPEND)
    os.write(fd, b"more")
    address = map_page(fd)
    seen = [ctypes.string_at(address, 4096) == data[:4096], unmap_page(address)]
    os.close(fd)
    return seen + [read(directory + "/file") == data + b"more" == read(other + "/file"), os.listdir(other)]


def above_and_below(name, function, *args):
    return [outcome(function, top + "/" + name, *args) for top in (lower, mount)]


subprocess.run(["mount", "-t", "holdfast", lower, mount], check=True)
key = add_key()
encrypt(lower + "/secret", key)
report("encrypted-within", (flow(mount + "/secret", lower + "/secret"), [True, 0, True, ["file"]]))

# What the mount has in its cache is in use, as an open file is, and so still readable.
# (Open, since what nobody has open may leave the cache at any time.)
held = os.open(mount + "/secret/file", os.O_RDONLY)
seen = [(remove_key(key), FILES_BUSY), (len(read(lower + "/secret/file")), 10004)]
os.close(held)
forget()
# (The last inode that goes takes the key along; what has not gone is to be asked for again.)
seen.append((outcome(remove_key, key) in (0, "ENOKEY"), True))
names = above_and_below("secret", os.listdir)
hidden = "secret/" + names[0][0]
report("encrypted-key-removed", *seen, (names[0] == names[1], True), ("file" in names[0], False))
# (The open says so, and not the first read.)
report("encrypted-without-key", (above_and_below(hidden, os.open, os.O_RDONLY), ["ENOKEY"] * 2),
       (above_and_below("secret/new", put), ["ENOKEY"] * 2), (above_and_below("secret/file", os.stat), ["ENOENT"] * 2))
add_key()
report("encrypted-key-again", (above_and_below("secret", os.listdir), [["file"]] * 2),
       ([len(text) for text in above_and_below("secret/file", read)], [10004] * 2))

put(lower + "/sealed", b"s" * 10000)
ask(lower + "/sealed", ENABLE_VERITY, struct.pack("IIII", 1, 1, 4096, 0) + bytes(112))
report("verity", (above_and_below("sealed", read), [b"s" * 10000] * 2),
       (above_and_below("sealed", os.open, os.O_RDWR), ["EPERM"] * 2),
       (above_and_below("sealed", os.truncate, 0), ["EPERM"] * 2))
subprocess.run(["umount", mount], check=True)

# LOWERDIR itself.
encrypt(base + "/all", key)
subprocess.run(["mount", "-t", "holdfast", base + "/all", mount], check=True)
report("encrypted-lowerdir", (flow(mount, base + "/all"), [True, 0, True, ["file"]]))
subprocess.run(["umount", mount], check=True)
