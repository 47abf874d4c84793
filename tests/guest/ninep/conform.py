#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""conform.py ADDRESS EXPORT DIRECTORY [PREFIX]: every operation, beside the directory itself.

EXPORT is DIRECTORY, for this machine, with squash "none" and the users "1000 1000,2000"
and "1001 1001".  What the server says is compared with what the system calls say of
DIRECTORY, whose file operations are another way to the same inodes.
"""
import ctypes
import mmap
import os
import stat
import struct

from p9 import *
from suite import address, case, export, run, top


class Place:
    """An empty directory that anybody may write to, and its fid, of root's and of a user's."""

    def __init__(self, name):
        self.dir = "%s/%s" % (top, name)
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o777)
        self.client = Client(address)
        self.root = self.client.root(export)
        self.fid = self.client.at(self.root, name)
        self.user = self.client.at(self.client.root(export, 1000), name)
        self.other = self.client.at(self.client.root(export, 1001), name)

    def path(self, name):
        return os.path.join(self.dir, name)

    def put(self, name, data=b"", mode=0o644, owner=(0, 0)):
        with open(self.path(name), "wb") as file:
            file.write(data)
        os.chown(self.path(name), *owner)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def stat(self, name):
        return os.lstat(self.path(name))

    def mode(self, name):
        return oct(self.stat(name).st_mode)


def same_attr(attr, st):
    """Pairs: what Rgetattr says, and lstat(2)."""
    times = lambda ns: (ns // 10**9, ns % 10**9)
    return [(attr["mode"], st.st_mode), (attr["uid"], st.st_uid), (attr["gid"], st.st_gid),
            (attr["nlink"], st.st_nlink), (attr["size"], st.st_size), (attr["blocks"], st.st_blocks),
            (attr["qid"].path, st.st_ino), (attr["atime"], times(st.st_atime_ns)),
            (attr["mtime"], times(st.st_mtime_ns)), (attr["ctime"], times(st.st_ctime_ns)),
            (attr["valid"] & 0x37ff, 0x37ff), (attr["qid"].version != 0, True)]


@case
def version(p):
    seen = [p.client.version_is, p.client.msize]
    for asked in (DOTL, HF1, "9P2000", "9P2000.u", "", "x" * 300):
        other = Client(address, None)
        seen.append(outcome(other.version, 65536, asked))
        other.close()
    return [(seen[0], HF1.encode()), (seen[1] >= 4096, True), (seen[2][1], DOTL.encode()),
            (seen[3][1], HF1.encode())] + [(s[1], b"unknown") for s in seen[4:]]


@case
def dialect(p):
    plain = Client(address, DOTL)
    fid = plain.root(export)
    return [(outcome(plain.caps), "EOPNOTSUPP"), (outcome(plain.identity, fid), "EOPNOTSUPP"),
            (outcome(plain.walkattr, fid, 77, 0x7ff, []), "EOPNOTSUPP")]


@case
def caps(p):
    known = p.client.caps()
    missing = [n for n, (number, _, _) in MESSAGES.items() if not known[number // 8] >> number % 8 & 1]
    odd = [i for i in range(256) if i % 2 and known[i // 8] >> i % 8 & 1]
    return [(missing, []), (odd, [])]


@case
def walk(p):
    os.makedirs(p.path("a/b/c"))
    p.put("a/file", mode=0o755)
    os.symlink("a", p.path("link"))
    c, walk = p.client, lambda *names: outcome(p.client.walk, p.fid, p.client.fid(), list(names))
    inodes = lambda *paths: [p.stat(path).st_ino for path in paths]
    paths = lambda qids: [q.path for q in qids]
    deep = c.at(p.fid, "a/b/c")
    kinds = [q.type for q in walk("a", "file")] + [q.type for q in walk("link")]
    return [(paths(walk("a", "b", "c")), inodes("a", "a/b", "a/b/c")), (walk(), []),
            (paths(walk("a", "none", "c")), inodes("a")), (walk("none"), "ENOENT"),
            (paths(walk("a", "file", "x")), inodes("a", "a/file")), (kinds, [0x80, 0, 2]),
            (walk("link", "b")[1:], []), (outcome(c.walk, c.at(p.fid, "a/file"), c.fid(), ["x"]), "ENOTDIR"),
            (outcome(c.walk, c.at(p.fid, "a/file"), c.fid(), [".."]), "ENOTDIR"),
            (paths(c.walk(deep, c.fid(), ["..", ".."])), inodes("a/b", "a")),
            (paths(c.walk(p.root, c.fid(), [".."] * 16)), [os.stat(top).st_ino] * 16),
            (outcome(c.walk, p.fid, p.root, []), "EBADF"), (outcome(c.walk, 9999, c.fid(), []), "EBADF"),
            (walk("."), "ENOENT"), (walk("a/b"), "ENOENT"), (walk(""), "ENOENT"), (walk("n" * 256), "ENAMETOOLONG")]


@case
def walk_in_place(p):
    os.makedirs(p.path("a/b"))
    c = p.client
    fid = c.at(p.fid)
    c.walk(fid, fid, ["a", "b"])
    seen = c.getattr(fid, 0x7ff)["qid"].path
    failed = [outcome(c.walk, fid, fid, ["none"]), c.getattr(fid, 0x7ff)["qid"].path]
    c.walk(fid, fid, [])
    c.lopen(fid, RDONLY)
    return [(seen, p.stat("a/b").st_ino), (failed, ["ENOENT", p.stat("a/b").st_ino]),
            (outcome(c.walk, fid, fid, [".."]), "EINVAL")]


@case
def walk_open(p):
    """From an open fid, and to a clone of one, which is not open."""
    p.put("f", b"data")
    os.mkdir(p.path("d"))
    c, clone = p.client, p.client.fid()
    c.walk(c.opened(p.fid, "f"), clone, [])
    below = c.fid()
    qids = c.walk(c.opened(p.fid, ""), below, ["d"])
    return [(outcome(c.read, clone, 0, 9), "EBADF"), (outcome(c.lopen, clone, RDONLY)[0].path, p.stat("f").st_ino),
            (c.read(clone, 0, 9), b"data"), (qids[0].path, p.stat("d").st_ino)]


@case
def walk_permission(p):
    os.mkdir(p.path("shut"), 0o700)
    p.put("shut/f")
    c = p.client
    return [(outcome(lambda: len(c.walk(p.user, c.fid(), ["shut"]))), 1),
            (outcome(lambda: len(c.walk(p.user, c.fid(), ["shut", "f"]))), 1),
            (outcome(c.walk, c.at(p.user, "shut"), c.fid(), ["f"]), "EACCES"),
            (outcome(c.walk, c.at(p.user, "shut"), c.fid(), [".."]), "EACCES"),
            (len(c.walk(c.at(p.fid, "shut"), c.fid(), ["f"])), 1)]


@case
def attributes(p):
    p.put("f", b"x" * 5000, 0o4751, (1000, 2000))
    os.mkdir(p.path("d"), 0o1777)
    os.symlink("where", p.path("l"))
    os.mkfifo(p.path("p"))
    os.mknod(p.path("c"), stat.S_IFCHR | 0o600, os.makedev(500, 70000))
    pairs = []
    for name in "f", "d", "l", "p", "c":
        attr = p.client.getattr(p.client.at(p.fid, name), 0x3fff)
        pairs += same_attr(attr, p.stat(name))
    major, minor = 500, 70000
    encoded = (minor & 0xff) | major << 8 | (minor & ~0xff) << 12
    return pairs + [(attr["rdev"], encoded), (attr["blksize"] % 4096, 0)]


@case
def qid_version(p):
    """It changes with the content, and is the same wherever a qid is told."""
    p.put("f")
    c, versions = p.client, []
    fid = c.at(p.fid, "f")
    for data in b"one", b"two", b"three":
        with open(p.path("f"), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())     # xfs counts an allocation, too
        versions.append(c.getattr(fid, 0x7ff)["qid"].version)
    walked = c.walk(p.fid, c.fid(), ["f"])[0].version
    opened = c.lopen(c.at(p.fid, "f"), RDONLY)[0].version
    return [(len(set(versions)), 3), (0 in versions, False), ([walked, opened], [versions[2]] * 2)]


@case
def open_permission(p):
    p.put("own", b"x", 0o600, (1000, 1000))
    p.put("roots", b"x", 0o600)
    p.put("group", b"x", 0o640, (0, 2000))
    p.put("exec", b"x", 0o711)
    c, opening = p.client, lambda fid, name, flags: outcome(c.opened, fid, name, flags)
    good = lambda fid, name, flags: isinstance(opening(fid, name, flags), int)
    return [(good(p.user, "own", RDWR), True), (opening(p.other, "own", RDONLY), "EACCES"),
            (opening(p.user, "roots", RDONLY), "EACCES"), (good(p.fid, "own", RDWR), True),
            (good(p.user, "group", RDONLY), True), (opening(p.user, "group", WRONLY), "EACCES"),
            (opening(p.other, "group", RDONLY), "EACCES"), (opening(p.user, "exec", RDONLY), "EACCES"),
            (opening(p.user, "group", RDONLY | TRUNC), "EACCES"), (p.read("group"), b"x"),
            (opening(p.user, "own", 3), "EINVAL")]


@case
def open_kinds(p):
    os.mkdir(p.path("d"))
    os.symlink("f", p.path("l"))
    os.mkfifo(p.path("p"))
    os.mknod(p.path("c"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    p.put("f", b"0123456789")
    c, opening = p.client, lambda name, flags: outcome(p.client.opened, p.fid, name, flags)
    pairs = [(opening("p", RDONLY), "ENXIO"), (opening("c", RDONLY), "ENXIO"), (opening("l", RDONLY), "ELOOP"),
             (opening("d", WRONLY), "EISDIR"), (opening("d", RDONLY | TRUNC), "EISDIR"),
             (opening("f", DIRECTORY), "ENOTDIR"), (isinstance(opening("d", DIRECTORY), int), True)]
    direct = c.opened(p.fid, "f", RDWR | DIRECT)
    pairs.append((c.read(direct, 3, 3), b"345"))
    append = c.opened(p.fid, "f", WRONLY | APPEND)
    c.write(append, 0, b"ab")
    pairs.append((p.read("f"), b"0123456789ab"))
    short = c.opened(p.fid, "f", RDONLY | TRUNC)
    pairs += [(p.read("f"), b""), (outcome(c.write, short, 0, b"x"), "EBADF")]
    pairs.append((outcome(c.lopen, short, RDONLY), "EINVAL"))
    return pairs


@case
def append_only(p):
    p.put("f", b"old")
    if os.system("chattr +a %s" % p.path("f")):
        return [(True, True)]
    c, opening = p.client, lambda flags: outcome(p.client.opened, p.fid, "f", flags)
    append = opening(WRONLY | APPEND)
    pairs = [(opening(WRONLY), "EPERM"), (opening(RDONLY | TRUNC), "EPERM"), (isinstance(append, int), True),
             (c.write(append, 0, b"new"), 3), (p.read("f"), b"oldnew"),
             (outcome(c.set, append, SET_SIZE, 0), "EPERM")]
    os.system("chattr -a %s" % p.path("f"))
    return pairs


@case
def noatime(p):
    p.put("f", b"x", 0o666, (1001, 1001))
    c = p.client
    return [(outcome(c.opened, p.user, "f", NOATIME), "EPERM"),
            (isinstance(outcome(c.opened, p.other, "f", NOATIME), int), True)]


@case
def create(p):
    c = p.client
    fid = c.created(p.user, "f", RDWR | EXCL, 0o444, 1000)
    pairs = [(c.write(fid, 0, b"into 0444"), 9), (p.read("f"), b"into 0444"), (p.mode("f"), "0o100444"),
             ((p.stat("f").st_uid, p.stat("f").st_gid), (1000, 1000)),
             (outcome(c.created, p.user, "f", RDWR | EXCL, 0o644, 1000), "EEXIST"),
             (outcome(c.created, p.user, "f", RDWR, 0o644, 1000), "EACCES"),
             (c.read(c.created(p.user, "f", RDONLY, 0o644, 1000), 0, 99), b"into 0444")]
    os.mkdir(p.path("d"), 0o755)
    pairs += [(outcome(c.created, p.user, "d", RDONLY, 0o644, 1000), "EISDIR"),
              (outcome(c.created, c.at(p.user, "d"), "x", RDWR, 0o644, 1000), "EACCES"),
              (outcome(c.created, p.user, "..", RDWR, 0o644, 1000), "EINVAL"),
              (outcome(c.mkdir, fid, "under-a-file", 0o755, 1000), "ENOTDIR"),
              (outcome(c.walk, fid, c.fid(), ["x"]), "ENOTDIR"),
              (c.getattr(fid, 0x7ff)["qid"].path, p.stat("f").st_ino)]
    c.created(p.user, "all", RDWR | EXCL, 0o107777, 1000)
    c.created(p.user, "open", RDWR | EXCL, 0o666, 1000)
    return pairs + [(p.mode("all"), "0o107777"), (p.mode("open"), "0o100666")]


@case
def create_gid(p):
    """A gid that is not the caller's is a claim, and no program of another group's is made by it."""
    c = p.client
    made = lambda name, gid, mode=0o755: outcome(
        lambda: c.created(p.user, name, RDWR | EXCL, mode, gid) and p.stat(name).st_gid)
    os.mkdir(p.path("set"))
    os.chown(p.path("set"), 0, 42)
    os.chmod(p.path("set"), 0o2777)
    inside = c.at(p.user, "set")
    c.mkdir(inside, "sub", 0o755, 42)
    return [(made("own", 1000), 1000), (made("second", 2000), 2000), (made("shadow", 42), "EPERM"),
            (made("shadow", 42, 0o2755), "EPERM"), (os.path.exists(p.path("shadow")), False),
            (outcome(c.mkdir, p.user, "d", 0o2777, 42), "EPERM"), (outcome(c.symlink, p.user, "l", "x", 42), "EPERM"),
            (outcome(c.mknod, p.user, "p", stat.S_IFIFO | 0o600, 0, 0, 42), "EPERM"),
            (p.stat("set/sub").st_gid, 42), (p.mode("set/sub"), "0o42755"),
            (outcome(lambda: c.created(p.fid, "roots", RDWR, 0o644, 42) and p.stat("roots").st_gid), 42)]


@case
def read_write(p):
    c, data = p.client, os.urandom(300000)
    fid = c.created(p.fid, "f", RDWR | EXCL)
    pairs = [(c.write_all(fid, data), len(data)), (p.read("f") == data, True), (c.read_all(fid) == data, True),
             (c.read(fid, 299990, 100), data[299990:]), (c.read(fid, 300000, 100), b""),
             (c.read(fid, 1 << 40, 100), b""), (c.read(fid, 0, 0), b""), (c.write(fid, 0, b""), 0),
             (len(c.read(fid, 0, 0xffffffff)) <= c.msize - 11, True), (outcome(c.read, fid, 1 << 63, 1), "EINVAL"),
             (outcome(c.write, fid, (1 << 63) - 1, b"xx"), "EINVAL")]
    c.write(fid, 1000000, b"end")
    pairs += [(c.read(fid, 999990, 20), bytes(10) + b"end"), (p.stat("f").st_size, 1000003)]
    # Across pages, into the hole and out of it.
    data += bytes(700000) + b"end"
    pairs += [(c.read(fid, at, count) == data[at:at + count], True)
              for at, count in ((1, 4096), (4095, 2), (4095, 4098), (8191, 57345), (239999, 60001),
                                (299999, 4097), (290000, 60000), (995000, 60000))]
    readonly, writeonly = c.opened(p.fid, "f", RDONLY), c.opened(p.fid, "f", WRONLY)
    p.put("far")
    with open(p.path("far"), "wb") as file:
        limit = outcome(os.pwrite, file.fileno(), b"x", 1 << 62)
    far = c.opened(p.fid, "far", WRONLY)
    return pairs + [(outcome(c.write, far, 1 << 62, b"x"), limit),
                    (outcome(c.write, readonly, 0, b"x"), "EBADF"), (outcome(c.read, writeonly, 0, 1), "EBADF"),
                    (outcome(c.read, p.fid, 0, 1), "EBADF"), (outcome(c.read, c.opened(p.fid, "", 0), 0, 1), "EISDIR"),
                    (c.fsync(fid, 0), None), (c.fsync(fid, 1), None),
                    (outcome(c.fsync, p.fid, 0), "EBADF"), (c.fsync(c.opened(p.fid, "", 0), 0), None)]


@case
def unlinked(p):
    """An open file without a name works on in every operation."""
    p.put("f", b"0123456789", 0o444, (1000, 1000))
    c = p.client
    fid = c.opened(p.fid, "f", RDWR)
    os.unlink(p.path("f"))
    before = c.getattr(fid, 0x7ff)
    c.set(fid, SET_SIZE, size=4)
    c.set(fid, SET_MODE, mode=0o640)
    c.write(fid, 4, b"xyz")
    clone = c.fid()
    c.walk(fid, clone, [])
    after = c.getattr(clone, 0x7ff)
    return [(before["nlink"], 0), (after["size"], 7), (oct(after["mode"]), "0o100640"),
            (c.read(fid, 0, 99), b"0123xyz"), (c.xattr(clone, ""), b""), (outcome(c.remove, clone), "ENOENT"),
            (c.fsync(fid, 0), None)]


@case
def set_mode(p):
    p.put("f", mode=0o644, owner=(1000, 1000))
    os.mkdir(p.path("d"))
    os.symlink("f", p.path("l"))
    c, fid = p.client, p.client.at(p.user, "f")
    c.set(fid, SET_MODE, mode=0o4711)
    pairs = [(p.mode("f"), "0o104711")]
    c.set(c.at(p.fid, "f"), SET_MODE, mode=stat.S_IFDIR | 0o600)    # the type stays what it is
    pairs += [(p.mode("f"), "0o100600"), (outcome(c.set, c.at(p.other, "f"), SET_MODE, 0o777), "EPERM"),
              (outcome(c.set, c.at(p.fid, "l"), SET_MODE, 0o777), "EOPNOTSUPP")]
    os.chown(p.path("f"), 1000, 42)
    c.set(fid, SET_MODE, mode=0o2755)       # not of the group: no set-gid
    return pairs + [(p.mode("f"), "0o100755")]


@case
def set_owner(p):
    c = p.client
    p.put("f", mode=0o6755, owner=(1000, 1000))
    root, user = c.at(p.fid, "f"), c.at(p.user, "f")
    pairs = [(outcome(c.set, user, SET_UID, 0, 1001), "EPERM"), (outcome(c.set, user, SET_GID, 0, 0, 42), "EPERM"),
             (outcome(c.set, root, SET_UID, 0, 0xffffffff), "EINVAL")]
    c.set(user, SET_GID, gid=2000)
    pairs += [(p.stat("f").st_gid, 2000), (p.mode("f"), "0o100755")]
    os.chmod(p.path("f"), 0o6755)
    c.set(root, SET_UID | SET_MODE, mode=0o6777, uid=1001)
    pairs += [(p.stat("f").st_uid, 1001), (p.mode("f"), "0o100777")]
    c.set(root, SET_UID | SET_GID, uid=7, gid=8)
    return pairs + [((p.stat("f").st_uid, p.stat("f").st_gid), (7, 8))]


@case
def set_size(p):
    c = p.client
    p.put("f", b"0123456789", 0o4755, (1000, 1000))
    p.put("roots", b"0123456789", 0o644)
    os.mkdir(p.path("d"))
    os.mkfifo(p.path("p"))
    c.set(c.at(p.user, "f"), SET_SIZE, size=3)
    pairs = [(p.read("f"), b"012"), (p.mode("f"), "0o100755")]
    c.set(c.at(p.user, "f"), SET_SIZE | SET_MTIME | SET_CTIME, size=5)
    pairs += [(p.read("f"), b"012\0\0"), (outcome(c.set, c.at(p.user, "roots"), SET_SIZE), "EACCES"),
              (outcome(c.set, c.at(p.fid, "d"), SET_SIZE), "EISDIR"),
              (outcome(c.set, c.at(p.fid, "p"), SET_SIZE), "EINVAL"),
              (outcome(c.set, c.at(p.fid, "f"), SET_SIZE, 0, 0, 0, 1 << 63), "EFBIG")]
    readonly = c.opened(p.user, "roots", RDONLY)
    return pairs + [(outcome(c.set, readonly, SET_SIZE), "EACCES"), (p.read("roots"), b"0123456789")]


@case
def set_times(p):
    c = p.client
    p.put("f", b"x", 0o666, (1001, 1001))
    user, owner = c.at(p.user, "f"), c.at(p.other, "f")
    both = SET_ATIME | SET_MTIME
    exact = both | SET_ATIME_SET | SET_MTIME_SET
    c.set(owner, exact, atime=(1000, 1), mtime=(2000, 2))
    seen = p.stat("f")
    pairs = [((seen.st_atime_ns, seen.st_mtime_ns), (1000 * 10**9 + 1, 2000 * 10**9 + 2)),
             (outcome(c.set, user, exact), "EPERM"), (outcome(c.set, user, SET_MTIME), "EPERM"),
             (outcome(c.set, user, both), None), (p.stat("f").st_mtime > 10**9, True),
             (outcome(c.set, owner, exact, 0, 0, 0, 0, (1, 10**9), (1, 0)), "EINVAL"),
             (outcome(c.set, owner, exact, 0, 0, 0, 0, (1, 0), (1, 0xffffffff)), "EINVAL")]
    c.set(owner, SET_MTIME | SET_MTIME_SET, mtime=(5, 0))
    before = p.stat("f")
    c.set(user, SET_CTIME)          # by itself it is nothing
    c.set(user, 0)
    os.chmod(p.path("f"), 0o600)
    return pairs + [(before.st_mtime_ns, 5 * 10**9), (p.stat("f").st_mtime_ns, 5 * 10**9),
                    (outcome(c.set, user, both), "EACCES")]


@case
def make_names(p):
    c, f = p.client, p.user
    c.mkdir(f, "d", 0o1755, 1000)
    c.symlink(f, "l", "target/of it", 1000)
    c.mknod(f, "p", stat.S_IFIFO | 0o640, 0, 0, 1000)
    c.mknod(f, "s", stat.S_IFSOCK | 0o640, 0, 0, 1000)
    c.mknod(f, "r", stat.S_IFREG | 0o640, 0, 0, 1000)
    c.mknod(f, "plain", 0o640, 0, 0, 1000)
    c.mknod(p.fid, "c", stat.S_IFCHR | 0o600, 500, 70000, 0)
    c.mknod(p.fid, "b", stat.S_IFBLK | 0o600, 7, 3, 0)
    node = lambda mode, major=0, minor=0, fid=f: outcome(c.mknod, fid, "x", mode, major, minor, 1000)
    return [([p.mode(n) for n in "dlpsr"], ["0o41755", "0o120777", "0o10640", "0o140640", "0o100640"]),
            (p.mode("plain"), "0o100640"), (os.readlink(p.path("l")), "target/of it"),
            (c.readlink(c.at(f, "l")), b"target/of it"), (outcome(c.readlink, c.at(f, "d")), "EINVAL"),
            ((p.mode("c"), p.stat("c").st_rdev), ("0o20600", os.makedev(500, 70000))),
            ((p.mode("b"), p.stat("b").st_rdev), ("0o60600", os.makedev(7, 3))),
            (node(stat.S_IFCHR | 0o600, 1, 3), "EPERM"), (node(stat.S_IFDIR | 0o755), "EINVAL"),
            (node(stat.S_IFLNK | 0o755), "EINVAL"), (node(0o170000), "EINVAL"),
            (node(stat.S_IFCHR | 0o600, 1 << 12, 0, p.fid), "EINVAL"),
            (outcome(c.mkdir, f, "d", 0o755, 1000), "EEXIST"), (outcome(c.symlink, f, "d", "x", 1000), "EEXIST"),
            (outcome(c.symlink, f, "empty", "", 1000), "ENOENT"),
            (outcome(c.symlink, f, "long", "x" * 4096, 1000), "ENAMETOOLONG"),
            (outcome(c.mkdir, f, "a/b", 0o755, 1000), "EINVAL"), (outcome(c.mkdir, f, "n" * 256, 0, 1000), "ENAMETOOLONG"),
            (outcome(c.mkdir, c.at(f, "r"), "x", 0o755, 1000), "ENOTDIR"), (p.stat("d").st_uid, 1000)]


@case
def link_names(p):
    p.put("f", b"one")
    os.mkdir(p.path("d"))
    os.symlink("f", p.path("l"))
    c = p.client
    f = c.at(p.fid, "f")
    c.link(p.fid, f, "g")
    c.link(c.at(p.fid, "d"), c.at(p.fid, "l"), "m")
    return [(p.stat("g").st_ino, p.stat("f").st_ino), (p.stat("f").st_nlink, 2),
            (p.stat("d/m").st_ino, p.stat("l").st_ino), (outcome(c.link, p.fid, f, "g"), "EEXIST"),
            (outcome(c.link, p.fid, c.at(p.fid, "d"), "x"), "EPERM"), (outcome(c.link, f, f, "x"), "ENOTDIR"),
            (outcome(c.link, p.fid, 9999, "x"), "EBADF")]


@case
def remove_names(p):
    p.put("f")
    p.put("g")
    os.makedirs(p.path("d/sub"))
    os.mkdir(p.path("shut"), 0o755)
    p.put("shut/f")
    c, gone = p.client, lambda fid, name, flags=0: outcome(p.client.unlinkat, fid, name, flags)
    pairs = [(gone(p.fid, "none"), "ENOENT"), (gone(p.fid, "d"), "EISDIR"), (gone(p.fid, "f", REMOVEDIR), "ENOTDIR"),
             (gone(p.fid, "d", REMOVEDIR), "ENOTEMPTY"), (gone(c.at(p.user, "shut"), "f"), "EACCES"),
             (gone(p.fid, ".."), "EINVAL"), (gone(c.at(p.fid, "f"), "x"), "ENOTDIR"), (gone(p.fid, "f"), None),
             (gone(c.at(p.fid, "d"), "sub", REMOVEDIR), None), (os.listdir(p.path("d")), [])]
    fid = c.at(p.fid, "g")
    c.remove(fid)
    pairs += [(outcome(c.getattr, fid, 0), "EBADF"), (os.path.exists(p.path("g")), False)]
    fid = c.at(p.user, "shut/f")
    pairs += [(outcome(c.remove, fid), "EACCES"), (outcome(c.getattr, fid, 0), "EBADF")]
    c.remove(c.at(p.fid, "d"))
    root = c.root(export)
    return pairs + [(os.path.exists(p.path("d")), False), (outcome(c.remove, root), "EBUSY")]


@case
def rename(p):
    c, names = p.client, lambda: sorted(os.listdir(p.dir))
    p.put("a", b"a")
    p.put("b", b"b")
    os.makedirs(p.path("d/sub"))
    os.makedirs(p.path("e"))
    d, e, move = c.at(p.fid, "d"), c.at(p.fid, "e"), lambda *args: outcome(c.renameat, *args)
    pairs = [(move(p.fid, "a", p.fid, "b"), None), (p.read("b"), b"a"), (move(p.fid, "none", p.fid, "x"), "ENOENT"),
             (move(p.fid, "b", d, "b"), None), (p.read("d/b"), b"a"), (move(p.fid, "d", d, "x"), "EINVAL"),
             (move(p.fid, "d", c.at(d, "sub"), "x"), "EINVAL"), (move(d, "b", p.fid, "d"), "ENOTEMPTY"),
             (move(d, "b", p.fid, "e"), "EISDIR"),
             (move(d, "sub", p.fid, "d"), "ENOTEMPTY"), (move(p.fid, "e", d, "b"), "ENOTDIR"),
             (move(d, "sub", p.fid, "e"), None), (names(), ["d", "e"])]
    fid = c.at(p.fid, "d/b")
    c.rename(fid, p.fid, "moved")
    pairs += [(names(), ["d", "e", "moved"]), (c.getattr(fid, 0)["qid"].path, p.stat("moved").st_ino)]
    c.rename(fid, p.fid, "again")
    pairs += [(names(), ["again", "d", "e"]), (outcome(c.rename, c.at(p.fid, "d"), c.at(p.fid, "d"), "x"), "EINVAL"),
              (outcome(c.rename, c.root(export), p.fid, "x"), "EBUSY"), (outcome(c.rename, fid, fid, "x"), "ENOTDIR")]
    os.unlink(p.path("again"))
    return pairs + [(outcome(c.rename, fid, p.fid, "ghost"), "ENOENT")]


@case
def renamex(p):
    c, move = p.client, lambda *args: outcome(p.client.renamex, *args)
    p.put("a", b"a")
    p.put("b", b"b")
    return [(move(p.fid, "a", p.fid, "b", 1), "EEXIST"), (move(p.fid, "a", p.fid, "b", 2), None),
            ((p.read("a"), p.read("b")), (b"b", b"a")), (move(p.fid, "a", p.fid, "c", 2), "ENOENT"),
            (move(p.fid, "a", p.fid, "c", 3), "EINVAL"), (move(p.fid, "a", p.fid, "c", 4), "EINVAL"),
            (move(p.fid, "a", p.fid, "c", 1), None), (sorted(os.listdir(p.dir)), ["b", "c"])]


@case
def directory(p):
    """Each entry once, however small the messages; and where one ends the next goes on."""
    names = {"%03d-%s" % (i, "n" * (i % 200)) for i in range(300)}
    for name in names:
        p.put(name)
    os.mkdir(p.path("d"))
    os.symlink("x", p.path("l"))
    c, wanted = p.client, {b".", b"..", b"d", b"l"} | {n.encode() for n in names}
    fid = c.opened(p.fid, "", RDONLY)
    pairs = []
    for count in 300, 1000, 8192, 1 << 20:
        found = c.list(fid, count)
        pairs += [(len(found), len(wanted)), ({e[3] for e in found} == wanted, True)]
    by_name = {e[3]: e for e in found}
    inodes = {os.fsencode(e.name): e.inode() for e in os.scandir(p.dir)}
    pairs += [({n: e[0].path for n, e in by_name.items() if n in inodes} == inodes, True),
              ([by_name[n][2] for n in (b"d", b"l", b"000-")], [4, 10, 8]),
              ([by_name[n][0].type for n in (b"d", b"l", b"000-")], [0x80, 2, 0]),
              (by_name[b"."][0].path, os.stat(p.dir).st_ino), (by_name[b".."][0].path, os.stat(top).st_ino)]
    middle = found[150]
    again = entries(c.readdir(fid, middle[1], 4096))
    pairs += [(again[0][3], found[151][3]), (c.readdir(fid, found[-1][1], 4096), b""),
              (outcome(c.readdir, fid, 0, 20), "EINVAL"), (outcome(c.readdir, fid, 0, 0), "EINVAL"),
              (outcome(c.readdir, fid, 1 << 63, 4096), "EINVAL"), (outcome(c.readdir, p.fid, 0, 4096), "EBADF"),
              (outcome(c.readdir, c.opened(p.fid, "000-"), 0, 4096), "ENOTDIR")]
    root = dict((e[3], e[0].path) for e in c.list(c.opened(p.root, "")))
    return pairs + [(root[b".."], os.stat(top).st_ino)]


@case
def directory_attributes(p):
    p.put("f", b"x" * 1234, 0o640, (1000, 2000))
    os.mkdir(p.path("d"))
    for i in range(100):
        p.put("n%d" % i)
    c, found, offset = p.client, [], 0
    fid = c.opened(p.fid, "")
    while True:
        part = entries_attr(c.readdirattr(fid, offset, 5000, 0x3fff))
        if not part:
            break
        found += part
        offset = part[-1][1]
    by_name = {e[3]: e[0] for e in found}
    pairs = [(len(found), 104), (by_name[b".."]["valid"], 0)]
    return pairs + same_attr(by_name[b"f"], p.stat("f")) + same_attr(by_name[b"d"], p.stat("d")) + \
        [(outcome(c.readdirattr, fid, 0, 150, 0), "EINVAL")]


@case
def extended_attributes(p):
    p.put("f", owner=(1000, 1000))
    c, path, fid = p.client, p.path("f"), p.client.at(p.user, "f")
    big = os.urandom(3000)
    os.setxattr(path, "trusted.secret", b"server's own")
    pairs = [(c.xattr(fid, ""), b""), (outcome(c.xattr, fid, "user.none"), "ENODATA"),
             (outcome(c.set_xattr, fid, "user.a", b"one", 2), "ENODATA"), (outcome(c.set_xattr, fid, "user.a", b"one", 1), None),
             (outcome(c.set_xattr, fid, "user.a", b"two", 1), "EEXIST"), (os.getxattr(path, "user.a"), b"one"),
             (outcome(c.set_xattr, fid, "user.a", b"two"), None), (c.xattr(fid, "user.a"), b"two"),
             (outcome(c.set_xattr, fid, "user.b", big), None), (c.xattr(fid, "user.b") == big, True),
             (sorted(c.xattr(fid, "").split(b"\0")[:-1]), [b"user.a", b"user.b"]),
             (outcome(c.set_xattr, fid, "user.empty", b""), None), (os.getxattr(path, "user.empty"), b""),
             (outcome(c.set_xattr, fid, "user.a", b"", 2), None), (b"user.a" in c.xattr(fid, ""), False),
             (outcome(c.set_xattr, fid, "user.a", b"", 2), "ENODATA")]
    roots = c.at(p.fid, "f")
    for name in "trusted.secret", "trusted.new", "security.capability", "system.data", "user.", "nonsense":
        pairs += [(outcome(c.xattr, roots, name), "EOPNOTSUPP"), (outcome(c.set_xattr, roots, name, b"x"), "EOPNOTSUPP")]
    pairs += [(b"trusted" in c.xattr(roots, ""), False), (outcome(c.set_xattr, c.at(p.other, "f"), "user.c", b"x"), "EACCES"),
              (outcome(c.xattrcreate, c.at(p.fid, "f"), "user.x", 65537, 0), "E2BIG"),
              (outcome(c.xattrcreate, c.at(p.fid, "f"), "user.x", 1 << 40, 0), "E2BIG"),
              (outcome(c.xattr, fid, "user." + "n" * 300), "ERANGE")]
    half = c.at(p.user, "f")
    c.xattrcreate(half, "user.half", 10, 0)
    pairs += [(outcome(c.write, half, 5, b"x"), "EINVAL"), (c.write(half, 0, b"12345"), 5),
              (outcome(c.write, half, 5, b"123456"), "ENOSPC"), (outcome(c.read, half, 0, 5), "EBADF"),
              (outcome(c.getattr, half, 0), "EBADF"), (outcome(c.clunk, half), "EINVAL"),
              (outcome(c.clunk, half), "EBADF"), (b"user.half" in c.xattr(fid, ""), False)]
    reader = c.fid()
    c.xattrwalk(fid, reader, "user.b")
    return pairs + [(c.read(reader, 2990, 100), big[2990:]), (c.read(reader, 3000, 9), b""),
                    (c.read(reader, 1 << 33, 9), b""), (outcome(c.write, reader, 0, b"x"), "EBADF"),
                    (outcome(c.lopen, reader, 0), "EBADF"), (outcome(c.xattrwalk, fid, fid, "user.b"), "EINVAL")]


@case
def access_lists(p):
    p.put("f", mode=0o640, owner=(1000, 1000))
    os.mkdir(p.path("d"))
    c, name = p.client, "system.posix_acl_access"
    entry = lambda tag, perm, who=0xffffffff: struct.pack("<HHI", tag, perm, who)
    acl = struct.pack("<I", 2) + entry(1, 6) + entry(2, 4, 1001) + entry(4, 4) + entry(0x10, 4) + entry(0x20, 0)
    fid = c.at(p.user, "f")
    before = outcome(c.opened, p.other, "f", RDONLY)
    done = outcome(c.set_xattr, fid, name, acl)
    if done == "EOPNOTSUPP":
        return [(outcome(os.setxattr, p.path("f"), name, acl), "EOPNOTSUPP")]
    pairs = [(before, "EACCES"), (done, None), (os.getxattr(p.path("f"), name) == acl, True),
             (c.xattr(fid, name) == acl, True), (isinstance(outcome(c.opened, p.other, "f", RDONLY), int), True),
             (c.xattr(fid, ""), name.encode() + b"\0"),
             (outcome(c.set_xattr, c.at(p.other, "f"), name, acl), "EPERM"),
             (outcome(c.set_xattr, fid, name, b"garbage"), outcome(os.setxattr, p.path("f"), name, b"garbage")), (outcome(c.set_xattr, fid, name, b""), None),
             (outcome(c.xattr, fid, name), "ENODATA"),
             (outcome(c.set_xattr, fid, "system.posix_acl_default", acl), "EACCES"),
             (outcome(c.set_xattr, c.at(p.fid, "d"), "system.posix_acl_default", acl), None)]
    return pairs


@case
def filesystem(p):
    kind, bsize, blocks, _, _, files, _, _, namelen = p.client.statfs(p.fid)
    wanted = os.statvfs(p.dir)
    return [(bsize, wanted.f_frsize), (blocks, wanted.f_blocks), (files, wanted.f_files), (namelen, wanted.f_namemax)]


@case
def identity(p):
    again = Client(address)
    first = p.client.identity(p.fid)
    return [(len(first), 16), (first != bytes(16), True), (again.identity(again.root(export)), first)]


@case
def walk_attributes(p):
    os.mkdir(p.path("d"))
    p.put("d/f", b"x" * 77)
    c, new = p.client, p.client.fid()
    attr, qids = c.walkattr(p.fid, new, 0x3fff, ["d", "f"])
    short, some = c.walkattr(p.fid, c.fid(), 0x3fff, ["d", "none"])
    clone = c.walkattr(new, c.fid(), 0x3fff, [])[0]
    seen = c.walkattr(p.fid, 0xffffffff, 0x3fff, ["d", "f"])[0]
    return same_attr(attr, p.stat("d/f")) + same_attr(clone, p.stat("d/f")) + same_attr(seen, p.stat("d/f")) + \
        [(outcome(c.clunk, 0xffffffff), "EBADF"), (outcome(c.walk, p.fid, 0xffffffff, ["d"]), "EBADF"),
         (outcome(c.walkattr, p.fid, 0xffffffff, 0, ["none"]), "ENOENT"),
         (len(qids), 2), (len(some), 1), (short["valid"], 0), (c.getattr(new, 0)["size"], 77),
         (outcome(c.walkattr, p.fid, c.fid(), 0, ["none"]), "ENOENT")]


@case
def open_attributes(p):
    p.put("f", b"data")
    c, base, new = p.client, p.client.at(p.fid, "f"), p.client.fid()
    unit, attr = c.openattr(base, new, RDWR, 0x3fff)
    pairs = same_attr(attr, p.stat("f")) + [(c.read(new, 0, 9), b"data"), (outcome(c.read, base, 0, 9), "EBADF"),
                                            (unit % 4096, 0)]
    second = c.fid()
    c.openattr(base, second, RDONLY, 0)
    c.openattr(base, base, RDONLY, 0)
    missing = c.fid()
    failed = outcome(c.openattr, base, missing, RDONLY | DIRECTORY, 0)
    return pairs + [(c.read(second, 0, 2), b"da"), (c.read(base, 0, 2), b"da"), (failed, "ENOTDIR"),
                    (outcome(c.clunk, missing), "EBADF"), (outcome(c.openattr, base, base, 0, 0), "EINVAL")]


@case
def create_attributes(p):
    c, new = p.client, p.client.fid()
    created, unit, attr = c.createattr(p.user, new, "f", RDWR | EXCL, 0o640, 1000, 0x3fff)
    pairs = same_attr(attr, p.stat("f")) + [(created, 1), (c.write(new, 0, b"x"), 1)]
    again = c.fid()
    pairs += [(c.createattr(p.user, again, "f", RDWR, 0o640, 1000, 0)[0], 0), (c.read(again, 0, 9), b"x"),
              (outcome(c.createattr, p.user, c.fid(), "f", RDWR | EXCL, 0o640, 1000, 0), "EEXIST"),
              (c.getattr(p.user, 0)["qid"].type, 0x80)]
    place = c.at(p.user)
    c.createattr(place, place, "g", RDWR | EXCL, 0o600, 1000, 0)
    return pairs + [(c.write(place, 0, b"there"), 5), (p.read("g"), b"there")]


class Mapping:
    """A shared writable mapping, with no descriptor left."""

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p

    def __init__(self, path, size):
        fd = os.open(path, os.O_RDWR)
        self.at, self.size = ctypes.c_void_p(self.libc.mmap(
            None, ctypes.c_size_t(size), mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd,
            ctypes.c_long(0))), ctypes.c_size_t(size)
        os.close(fd)

    def store(self, data):
        ctypes.memmove(self.at, data, len(data))

    def end(self):
        self.libc.munmap(self.at, self.size)


def entry(p, name):
    found = entries_attr(p.client.readdirattr(p.client.opened(p.fid, ""), 0, 8192, 0x3fff))
    return next(e[0] for e in found if e[3] == name)


@case
def still(p):
    """A version is told to be the content's unless somebody may be writing; tmpfs hides some stores."""
    path, c, hides = p.put("f", b"x" * 8192), p.client, export == "tmpfs"
    fid, version = c.at(p.fid, "f"), lambda: c.getattr(fid, 0x3fff)["data_version"]
    seen = lambda: bool(c.getattr(fid, 0x3fff)["valid"] & STILL)
    comes = lambda: not seen() if hides else comes_true(seen)
    with open(path, "rb") as file:
        os.fsync(file.fileno())     # xfs counts an allocation, too
    plain = Client(address, DOTL)
    in_plain = plain.at(plain.root(export), os.path.basename(p.dir) + "/f")
    pairs = [(comes(), True), (c.getattr(p.fid, 0x3fff)["valid"] & STILL, 0),
             (plain.getattr(in_plain, 0x3fff)["valid"] & STILL, 0)]

    # By another connection, of either dialect, that does nothing with it.
    other, before = Client(address), version()
    for by, root in (other, other.root(export)), (plain, plain.root(export)):
        writer = by.opened(root, os.path.basename(p.dir) + "/f", RDWR)
        told = [c.getattr(fid, 0x3fff), c.walkattr(p.fid, NOFID, 0x3fff, ["f"])[0], entry(p, b"f"),
                c.openattr(fid, c.fid(), RDONLY, 0x3fff)[1]]
        pairs += [([attr["valid"] & STILL for attr in told], [0] * 4), ({attr["data_version"] for attr in told}, {before})]
        by.clunk(writer)
        pairs += [(comes(), True), (version(), before)]
    told = [c.walkattr(p.fid, NOFID, 0x3fff, ["f"])[0], entry(p, b"f"), c.openattr(fid, c.fid(), RDONLY, 0x3fff)[1]]
    pairs.append(([bool(attr["valid"] & STILL) for attr in told], [not hides] * 3))

    # By who asks.
    new = c.fid()
    pairs.append((c.openattr(fid, new, RDWR, 0x3fff)[1]["valid"] & STILL, 0))
    pairs += [(c.write(new, 0, b"y"), 1), (seen(), False)]
    c.clunk(new)
    pairs += [(comes(), True), (version() != before, True)]
    c.createattr(p.fid, new, "g", RDWR | EXCL, 0o644, 0, 0x3fff)
    pairs.append((entry(p, b"g")["valid"] & STILL, 0))

    # Here: open for writing, for reading, and mapped by who has closed it.
    with open(path, "r+b"):
        pairs.append((seen(), False))
    pairs.append((comes(), True))
    with open(path, "rb"):
        pairs.append((seen(), not hides))
    mapping, before = Mapping(path, 8192), version()
    pairs.append((seen(), False))
    mapping.store(b"z")
    pairs.append((seen(), False))
    mapping.end()
    return pairs + [(comes(), True), (version() != before or hides, True), (p.read("f")[:1], b"z")]


@case
def space(p):
    c, KEEP, PUNCH, ZERO = p.client, 1, 2, 0x10
    p.put("f", b"x" * 65536)
    fid, readonly = c.opened(p.fid, "f", RDWR), c.opened(p.fid, "f", RDONLY)
    punched = outcome(c.fallocate, fid, PUNCH | KEEP, 8192, 16384)
    pairs = [(punched in (None, "EOPNOTSUPP"), True), (outcome(c.fallocate, fid, 0, 0, 100000), None),
             (p.stat("f").st_size, 100000), (outcome(c.fallocate, readonly, 0, 0, 100), "EBADF"),
             (outcome(c.fallocate, fid, 0x80, 0, 100), "EINVAL"), (outcome(c.fallocate, fid, PUNCH, 0, 100), "EOPNOTSUPP"),
             (outcome(c.fallocate, fid, 0, 0, 0), "EINVAL"), (outcome(c.fallocate, fid, 0, 1 << 63, 1), "EINVAL"),
             (outcome(c.fallocate, p.fid, 0, 0, 1), "EBADF")]
    if punched is None:
        pairs.append((c.read(fid, 8190, 4), b"xx\0\0"))
    with open(p.path("f"), "rb") as file:
        for what, whence in (0, os.SEEK_DATA), (1, os.SEEK_HOLE):
            for offset in 0, 8192, 10000, 30000, 99999, 100000, 1 << 40:
                pairs.append((outcome(c.seek, fid, what, offset), outcome(os.lseek, file.fileno(), offset, whence)))
    return pairs + [(outcome(c.seek, fid, 2, 0), "EINVAL")]


@case
def copies(p):
    c, data = p.client, os.urandom(200000)
    p.put("from", data)
    p.put("to")
    source, target = c.opened(p.fid, "from", RDONLY), c.opened(p.fid, "to", RDWR)
    done, total = None, 0
    while done != 0:
        done = c.copy(source, total, target, total + 10, 65536)
        total += done
    pairs = [(total, len(data)), (p.read("to")[10:] == data, True), (outcome(c.copy, target, 0, source, 0, 10), "EBADF"),
             (outcome(c.copy, source, 0, target, 0, (16 << 20) + 1), "EINVAL"),
             (outcome(c.copy, source, 1 << 63, target, 0, 1), "EINVAL"), (outcome(c.copy, p.fid, 0, target, 0, 1), "EBADF")]
    cloned = outcome(c.clone, source, 0, target, 0, 65536)
    pairs.append((cloned in (None, "EOPNOTSUPP"), True))
    if cloned is None:
        pairs += [(p.read("to")[:65536] == data[:65536], True), (outcome(c.clone, source, 1, target, 0, 4096), "EINVAL")]
    return pairs


@case
def clunk(p):
    c, fid = p.client, p.client.at(p.fid)
    return [(c.clunk(fid), None), (outcome(c.clunk, fid), "EBADF"), (outcome(c.getattr, fid, 0), "EBADF"),
            (c.walk(p.fid, fid, []), [])]


@case
def reset(p):
    """Tversion ends all fids, and begins anew."""
    c = p.client
    fid = c.created(p.fid, "f", RDWR | EXCL)
    c.version(8192, DOTL)
    gone = outcome(c.getattr, fid, 0)
    root = c.root(export)
    c.msize = 8192
    return [(gone, "EBADF"), (c.getattr(root, 0)["qid"].path, os.stat(top).st_ino), (outcome(c.caps), "EOPNOTSUPP")]


@case
def small_messages(p):
    c = Client(address, msize=4096)
    root = c.root(export)
    fid = c.created(c.at(root, os.path.basename(p.dir)), "f", RDWR | EXCL)
    data = os.urandom(50000)
    os.symlink("t" * 1000, p.path("l"))
    return [(c.msize, 4096), (c.write_all(fid, data), len(data)), (c.read_all(fid) == data, True),
            (len(c.readlink(c.at(root, os.path.basename(p.dir) + "/l"))), 1000)]


run(Place)
