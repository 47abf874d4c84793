#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""steps.py MOUNT LOWER PREFIX: what anybody does first with a mount of the directory LOWER."""
import os
import stat
import sys

from p9 import Report, run_cases

mount, lower, prefix = sys.argv[1:]
report = Report(prefix)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tree(top):
    """What is where, with what a program sees of it."""
    found = {}
    for where, dirs, files in os.walk(top):
        for path in (os.path.join(where, name) for name in dirs + files + ["."]):
            st = os.lstat(path)
            text = os.readlink(path) if stat.S_ISLNK(st.st_mode) else None
            found[os.path.relpath(path, top)] = st.st_mode, st.st_uid, st.st_gid, st.st_size, text
    return found


def first_steps(unused):
    m, l = (lambda name: "%s/%s" % (mount, name)), (lambda name: "%s/%s" % (lower, name))
    before, data, more = os.listdir(lower), os.urandom(1000000), os.urandom(1500000)
    os.mkdir(m("dir"))
    write(m("dir/file"), b"text\n")
    pairs = [(read(l("dir/file")), b"text\n")]
    write(m("data"), data)
    write(l("more"), more)
    pairs += [(read(l("data")) == data, True), (read(m("more")) == more, True)]
    os.symlink("dir/file", m("link"))
    os.link(m("data"), m("name"))
    os.rename(m("dir/file"), m("dir/moved"))
    os.truncate(m("data"), 5)
    os.chmod(m("name"), 0o600)
    pairs += [(tree(mount), tree(lower)), (read(m("dir/moved")), b"text\n")]
    for name in "data", "more", "link", "name", "dir/moved":
        os.unlink(m(name))
    os.rmdir(m("dir"))
    return pairs + [(sorted(os.listdir(lower)), sorted(before))]


def unlinked(unused):
    """What is open stays, whatever became of its name."""
    fd = os.open(mount + "/gone", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, b"0123456789")
    os.unlink(mount + "/gone")
    pairs = [(os.fstat(fd).st_size, 10)]
    os.ftruncate(fd, 5)
    os.fchmod(fd, 0o640)
    os.lseek(fd, 0, 0)
    pairs += [(os.read(fd, 100), b"01234"), (os.fstat(fd).st_mode & 0o777, 0o640)]
    os.close(fd)
    return pairs


run_cases({"first-steps": first_steps, "unlinked": unlinked}, report, lambda name: None)
sys.exit(report.failed)
