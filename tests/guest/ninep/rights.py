#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""rights.py ADDRESS DIRECTORY [PREFIX]: who a client's user is, and what he may do.

As conform.py, with exports of DIRECTORY of its own, whose settings differ.
"""
import os
import shutil
import stat
import sys

from config import Export
from p9 import *

address, top = sys.argv[1:3]
report = Report(sys.argv[3] if len(sys.argv) > 3 else "")
ROOT, USER, OTHER, NOBODY = 0, 1000, 1001, 65534


class Place:
    """A directory that everybody may write to, and its export."""

    def __init__(self, name):
        self.name = name
        self.dir = "%s/rights-%s" % (top, name)
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o777)

    def export(self, **attributes):
        return Export("rights", path=self.dir, **attributes)

    def put(self, name, data=b"", mode=0o644, uid=0, gid=0):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(data)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        return path

    def make(self, name, mode, uid=0, gid=0):
        path = self.path(name)
        os.mkdir(path)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        return path

    def path(self, name):
        return "%s/%s" % (self.dir, name)

    def owner(self, name):
        st = os.stat(self.path(name))
        return st.st_uid, st.st_gid

    def mode(self, name):
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)


class As(Client):
    """A client with one attach."""

    def __init__(self, uid):
        super().__init__(address)
        self.fid_of_root = self.root("rights", uid)

    def make_file(self, name, mode=0o644, gid=NOUID, where=None):
        def make():
            self.clunk(self.created(where or self.fid_of_root, name, RDWR | EXCL, mode, gid))
        return outcome(make)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


@case
def root_is_nobody(p):
    p.put("secret", b"x", 0o600)
    p.make("shut", 0o700)
    with p.export(squash="root"), As(ROOT) as c:
        fid = c.at(c.fid_of_root, "secret")
        return [(c.make_file("mine"), None), (p.owner("mine"), (NOBODY, NOBODY)),
                (outcome(c.lopen, fid, RDONLY), "EACCES"), (outcome(c.set, fid, SET_MODE, 0o666), "EPERM"),
                (outcome(c.set, fid, SET_UID, uid=NOBODY), "EPERM"),
                (outcome(c.walk, c.at(c.fid_of_root, "shut"), c.fid(), ["x"]), "EACCES"),
                (c.make_file("claimed", gid=0), None), (p.owner("claimed"), (NOBODY, NOBODY))]


@case
def all_are_nobody(p):
    with p.export(squash="all", users="1000 100,300"), As(USER) as c:
        return [(c.make_file("mine"), None), (c.make_file("of300", gid=300), None),
                (p.owner("mine"), (NOBODY, NOBODY)), (p.owner("of300"), (NOBODY, NOBODY))]


@case
def root_is_root(p):
    """But for what is not about files, and not over NFS either."""
    p.put("secret", b"x", 0o600, USER)
    with p.export(squash="none"), As(ROOT) as c:
        secret = c.at(c.fid_of_root, "secret")
        return [(c.make_file("mine", gid=42), None), (p.owner("mine"), (0, 42)),
                (outcome(lambda: c.set(secret, SET_UID | SET_GID, uid=7, gid=8)), None), (p.owner("secret"), (7, 8)),
                (outcome(c.mknod, c.fid_of_root, "null", 0o020666, 1, 3, 0)[0], 0),
                (stat.S_ISCHR(os.lstat(p.path("null")).st_mode), True),
                (outcome(c.lopen, c.at(c.fid_of_root, "null"), RDONLY), "ENXIO"),
                (outcome(c.set_xattr, secret, "trusted.x", b"1"), "EOPNOTSUPP"),
                (outcome(c.set_xattr, secret, "security.capability", b"1" * 20), "EOPNOTSUPP"),
                (outcome(c.xattr, secret, "security.capability"), "EOPNOTSUPP")]


@case
def anonymous_ids(p):
    with p.export(squash="none", anonymous_uid=1234, anonymous_gid=1235), As(NOUID) as c:
        return [(c.make_file("mine"), None), (p.owner("mine"), (1234, 1235))]


@case
def groups(p):
    """What the table says, from the attach on; and nobody's but the anonymous one without."""
    p.make("team", 0o770, 0, 300)
    with p.export() as export:
        with As(USER) as c:
            before = c.make_file("a", where=c.at(c.fid_of_root, "team"))
        export.set("users", "1000 100,300")
        with As(USER) as c:
            pairs = [(c.make_file("a", where=c.at(c.fid_of_root, "team")), None), (p.owner("team/a"), (USER, 100)),
                     (c.make_file("b", 0o2755, 300), None), (p.owner("b"), (USER, 300)), (p.mode("b"), 0o2755)]
            export.set("users", "-1000")
            pairs.append((c.make_file("c", where=c.at(c.fid_of_root, "team")), None))
        with As(USER) as c:
            pairs += [(c.make_file("d", where=c.at(c.fid_of_root, "team")), "EACCES"), (c.make_file("e"), None),
                      (p.owner("e"), (USER, NOBODY))]
    return [(before, "EACCES")] + pairs


@case
def a_gid_that_is_not_theirs(p):
    """In every message that makes something."""
    p.make("of42", 0o2777, 0, 42)
    with p.export(users="1000 100"), As(USER) as c:
        f = c.fid_of_root
        makes = lambda gid: [c.make_file("x", 0o2755, gid), outcome(c.mkdir, f, "x", 0o2755, gid),
                             outcome(c.symlink, f, "x", "y", gid), outcome(c.mknod, f, "x", 0o010644, 0, 0, gid),
                             outcome(c.createattr, f, c.fid(), "x", RDWR, 0o2755, gid, 0)]
        pairs = [(set(makes(gid)), {"EPERM"}) for gid in (0, 42)] + [(os.path.lexists(p.path("x")), False)]
        inside = c.at(f, "of42")
        # What the directory gives is nobody's claim.
        pairs += [(c.make_file("x", 0o644, 42, inside), None), (p.owner("of42/x"), (USER, 42)),
                  (outcome(c.mkdir, inside, "d", 0o755, 42)[0], 0x80), (p.owner("of42/d"), (USER, 42)),
                  (p.mode("of42/d"), 0o2755), (c.make_file("g", 0o2755, 42, inside), None),
                  (p.mode("of42/g") & 0o2010 == 0o2010, False)]
        return pairs


@case
def a_directory_of_group_0(p):
    """What it gives is not claimed, though gid 0 is squashed."""
    p.make("of0", 0o2777)
    with p.export(squash="root", users="1000 100"), As(USER) as c:
        f = c.fid_of_root
        inside = c.at(f, "of0")
        return [(c.make_file("x", 0o2755, 0, inside), None), (p.owner("of0/x"), (USER, 0)),
                (p.mode("of0/x") & 0o2010 == 0o2010, False), (outcome(c.mkdir, inside, "d", 0o755, 0)[0], 0x80),
                (p.owner("of0/d"), (USER, 0)), (c.make_file("x", gid=0), "EPERM")]


@case
def a_gid_that_is_believed(p):
    """For ownership, and nothing else."""
    p.make("shut", 0o770, 0, 42)
    with p.export(trust_gid=1, squash="root", users="1000 100"), As(USER) as c:
        return [(c.make_file("x", 0o2755, 42), None), (p.owner("x"), (USER, 42)), (p.mode("x"), 0o755),
                (c.make_file("zero", 0o2755, 0), None), (p.owner("zero"), (USER, NOBODY)),
                (c.make_file("y", 0o644, 42, c.at(c.fid_of_root, "shut")), "EACCES"),
                (outcome(c.walk, c.at(c.fid_of_root, "shut"), c.fid(), ["y"]), "EACCES")]


@case
def read_only(p):
    p.put("file", b"data", 0o666)
    p.make("dir", 0o777)
    os.setxattr(p.path("file"), "user.a", b"1")
    with p.export(read_only=1), As(ROOT) as c:
        f = c.fid_of_root
        file = lambda: c.at(f, "file")
        opened = c.opened(f, "file", RDONLY)
        changes = [outcome(c.lopen, file(), WRONLY), outcome(c.lopen, file(), RDONLY | TRUNC), c.make_file("x"),
                   outcome(c.mkdir, f, "x", 0o755, 0), outcome(c.symlink, f, "x", "y", 0),
                   outcome(c.mknod, f, "x", 0o100644, 0, 0, 0), outcome(c.link, f, file(), "x"),
                   outcome(c.unlinkat, f, "file", 0), outcome(c.unlinkat, f, "dir", REMOVEDIR),
                   outcome(c.rename, file(), f, "x"), outcome(c.renameat, f, "file", f, "x"),
                   outcome(c.renamex, f, "file", f, "dir", 2), outcome(c.set, file(), SET_MODE, 0o600),
                   outcome(c.set, file(), SET_SIZE, size=0), outcome(c.set, opened, SET_MTIME),
                   outcome(c.set_xattr, file(), "user.a", b"2"), outcome(c.write, opened, 0, b"x"),
                   outcome(c.createattr, f, c.fid(), "x", RDWR, 0o644, 0, 0), outcome(c.openattr, file(), c.fid(), RDWR, 0),
                   outcome(c.fallocate, opened, 0, 0, 10), outcome(c.copy, opened, 0, opened, 10, 4)]
        gone = file()
        changes.append(outcome(c.remove, gone))
        return [(set(changes), {"EROFS"}), (outcome(c.clunk, gone), "EBADF"), (c.read(opened, 0, 9), b"data"),
                (c.xattr(file(), "user.a"), b"1"), (c.lock(opened, WRLCK, 0, 0, 0, 1, "n"), SUCCESS),
                (sorted(os.listdir(p.dir)), ["dir", "file"])]


@case
def anothers_file(p):
    p.put("file", b"data", 0o644, OTHER, OTHER)
    p.make("sticky", 0o1777)
    p.put("sticky/file", b"data", 0o666, OTHER, OTHER)
    shutil.copystat(p.path("file"), p.path("sticky/file"))
    before = os.stat(p.path("file"))
    with p.export(users="1000 100"), As(USER) as c:
        f, file = c.fid_of_root, c.at(c.fid_of_root, "file")
        opened = c.opened(f, "file", RDONLY)
        now = SET_ATIME | SET_MTIME
        return [(outcome(c.set, file, SET_SIZE, size=0), "EACCES"), (outcome(c.set, opened, SET_SIZE, size=0), "EACCES"),
                (outcome(c.set, file, now), "EACCES"),
                (outcome(c.set, file, now | SET_ATIME_SET | SET_MTIME_SET, atime=(1, 0), mtime=(1, 0)), "EPERM"),
                (outcome(c.set, file, SET_MTIME), "EPERM"), (outcome(c.set, file, SET_MODE, 0o777), "EPERM"),
                (outcome(c.set, file, SET_UID, uid=USER), "EPERM"), (outcome(c.set, file, SET_GID, gid=100), "EPERM"),
                (outcome(c.set, file, SET_CTIME), None), (outcome(c.lopen, file, RDWR), "EACCES"),
                (outcome(c.set_xattr, file, "user.a", b"1"), "EACCES"),
                (outcome(c.unlinkat, c.at(f, "sticky"), "file", 0), "EPERM"),
                (outcome(c.renameat, c.at(f, "sticky"), "file", f, "mine"), "EPERM"),
                (outcome(c.write, opened, 0, b"x"), "EBADF"), (os.stat(p.path("file")) == before, True)]


@case
def set_id_bits(p):
    """They go with a write, a truncate, another owner, as for a process that has no capability."""
    for name in "written", "cut", "emptied":
        p.put(name, b"data", 0o6777, OTHER, OTHER)
    p.put("given", b"data", 0o6755, USER, 100)
    p.put("set", b"data", 0o755, USER, 300)
    with p.export(users="1000 100,200"), As(USER) as c:
        f = c.fid_of_root
        c.write(c.opened(f, "written", WRONLY), 0, b"x")
        c.set(c.at(f, "cut"), SET_SIZE, size=2)
        c.opened(f, "emptied", RDWR | TRUNC)
        c.set(c.at(f, "given"), SET_GID, gid=200)
        # Of a group that is not the user's no set-gid program.
        c.set(c.at(f, "set"), SET_MODE, 0o2755)
        both = c.at(f, "given")
        c.set(both, SET_MODE | SET_GID, 0o6755, gid=100)
        return [([p.mode(n) for n in ("written", "cut", "emptied")], [0o777] * 3), (p.mode("set"), 0o755),
                (p.owner("given"), (USER, 100)), (p.mode("given"), 0o755)]


run_cases(CASES, report, Place)
sys.exit(report.failed)
