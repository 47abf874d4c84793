#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""older.py MOUNTPOINT: a server that has no Tunlinkat and no Trenameat, as diod: it is asked by
Tremove and Trename."""
import os
import sys

from fake import Mounted, report, seen, there, tried

where = sys.argv[1]
FILES = {"a": b"aaa", "b": b"bbb", "sub": {"a": b"inner", "empty": {}}, "other": {}, "full": {"x": b"x"}}


def path(name):
    return where + "/" + name


def is_the_same(server):
    assert seen(where) == there(server.root), (seen(where), there(server.root))
    assert not server.wrong, server.wrong


def moved(server, old, new, wanted=None):
    """A file, a directory; to another directory; onto something; or refused."""
    asked = server.count("rename")
    assert tried(os.rename, path(old), path(new)) == wanted, (old, new)
    assert server.count("rename") == asked + 1, "by something else"
    is_the_same(server)


def renames(options):
    with Mounted(where, options, FILES) as server:
        server.unknown = {"renameat", "unlinkat"}
        fd = os.open(path("a"), os.O_RDWR)
        moved(server, "a", "c")
        moved(server, "c", "sub/c")
        moved(server, "sub/c", "b")
        moved(server, "sub", "other/sub")
        moved(server, "other/sub/empty", "other/empty")
        moved(server, "other/sub", "full", "ENOTEMPTY")
        moved(server, "other/sub", "other/empty")
        moved(server, "other/empty/a", "a")
        # Who has it open has the same.
        os.write(fd, b"AAA")
        os.fsync(fd)
        os.close(fd)
        with open(path("b"), "rb") as file:
            assert file.read() == b"AAA"
        moved(server, "full", "fuller")
        moved(server, "fuller/x", "x")
        # Of two names the one that is meant.
        os.link(path("x"), path("y"))
        for name in "x", "y":
            os.stat(path(name))
        moved(server, "y", "z")
        moved(server, "x", "w")


def removes(options):
    with Mounted(where, options, FILES) as server:
        server.unknown = {"renameat", "unlinkat"}
        fd = os.open(path("a"), os.O_RDONLY)
        assert tried(os.rmdir, path("full")) == "ENOTEMPTY"
        is_the_same(server)
        for remove, name in (os.unlink, "a"), (os.unlink, "sub/a"), (os.rmdir, "sub/empty"), (os.rmdir, "sub"):
            remove(path(name))
            assert not os.path.lexists(path(name)), name
            is_the_same(server)
        assert os.read(fd, 9) == b"aaa"
        os.close(fd)
        assert server.count("remove") == 5
        is_the_same(server)


def main():
    for name, options in ("loose", "cache=loose"), ("strict", "cache=strict,ac=60"), ("none", "cache=none"):
        report("older-renames-" + name, renames, options)
        report("older-removes-" + name, removes, options)


main()
