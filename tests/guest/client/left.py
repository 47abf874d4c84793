#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""left.py MOUNTPOINT: what somebody leaves behind who is killed while the server does not answer."""
import os
import sys

from fake import Mounted, child, ends, killed, report, seen, there

where = sys.argv[1]


def path(name):
    return where + "/" + name


def drop():
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2")


def forgets(server, name):
    """Until the client has had the server forget what it has of an unused directory."""
    os.stat(path(name))
    fids = [fid for fid, node in server.fids.items() if node is server.root.children[name]]
    drop()
    server.wait(lambda: all(server.count("clunk", fid) for fid in fids))


def fids_stay():
    """A fid that a request names is not forgotten before that is over."""
    with Mounted(where, "cache=loose", {"dir": {"a": b"a"}, "x": {}, "y": {}, "z": {}}) as server:
        server.hold = {"unlinkat"}
        pid = child(os.unlink, path("dir/a"))
        t = server.waits("unlinkat")
        assert killed(pid)
        server.flushed(t)
        # Clunks go out in one work item: when the second one's are here, so are all from before the first.
        for name in ("x", "y", "z"):
            forgets(server, name)
        assert not server.count("clunk", t.values[0]), "the fid is forgotten"
        server.end(t, True)
        server.wait(lambda: server.count("clunk", t.values[0]))
        assert not server.wrong, server.wrong


NAMES = ("a", "b", "sub", "new", "newdir", "sub/a", "moved")
FILES = {"a": b"aaa", "b": b"bbb", "sub": {"a": b"inner"}}


def known(top):
    """All names, those that are missing, too."""
    return [os.path.lexists(top + "/" + name) for name in NAMES]


def at_the_server(node, name):
    for part in name.split("/"):
        node = node and node.children.get(part)
    return bool(node)


def create(top):
    os.close(os.open(top + "/new", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


CHANGES = {
    "unlinkat": lambda top: os.unlink(top + "/a"),
    "mkdir": lambda top: os.mkdir(top + "/newdir"),
    "lcreate": create,
    "renameat": lambda top: os.rename(top + "/sub", top + "/moved"),
    "setattr": lambda top: os.truncate(top + "/b", 2),
}


def asked(server):
    return sum(1 for t in server.log if t.name != "clunk")


def late(server, directory, name, done):
    """Done after he was killed, or never: no longer than that is what was known believed."""
    top, node = path(directory), server.root.children[directory]
    before = known(top), seen(top)
    server.hold = {name}
    pid = child(CHANGES[name], top)
    t = server.waits(name)
    assert killed(pid)
    server.flushed(t)
    server.hold = set()
    assert (known(top), seen(top)) == before, "before"
    server.end(t, done)
    # Its reply is behind the Rflush.
    os.statvfs(where)
    now, wanted = (known(top), seen(top)), ([at_the_server(node, name) for name in NAMES], there(node))
    assert now == wanted, (name, done, now, wanted)
    # And it is known then.
    count = asked(server)
    known(top)
    assert asked(server) == count, server.log[count:]


def changes(options):
    cases = [(name, done) for name in CHANGES for done in (True, False)]
    with Mounted(where, options, {"%d" % i: FILES for i in range(len(cases))}) as server:
        for i, case in enumerate(cases):
            late(server, "%d" % i, *case)
        assert not server.wrong, server.wrong


def listing():
    """Who lists a directory can be killed, and nobody else waits for him."""
    with Mounted(where, "cache=strict,ac=3600", {"dir": {"a": b"aaa"}}) as server:
        os.stat(path("dir/a"))
        server.hold = {"readdir"}
        pid = child(os.listdir, path("dir"))
        t = server.waits("readdir")
        assert ends(child(os.mkdir, path("dir/new"))) == 0, "a directory cannot be made"
        assert killed(pid), "he who lists"
        server.end(t, False)
        server.hold = set()
        assert sorted(os.listdir(path("dir"))) == ["a", "new"]
        # One that goes meanwhile has no entries.
        server.hold = {"readdir"}
        pid = child(lists_nothing, path("dir/new"))
        server.waits("readdir")
        os.rmdir(path("dir/new"))
        server.go_on()
        assert ends(pid) == 0
        assert not server.wrong, server.wrong


def lists_nothing(name):
    assert os.listdir(name) == []


def attribute():
    """Who sets an attribute can be killed; what he sends stays as it was."""
    with Mounted(where, "cache=strict,ac=3600", {"a": b"aaa"}) as server:
        value = os.urandom(30000)
        server.hold = {"write"}
        pid = child(os.setxattr, path("a"), "user.a", value)
        t = server.waits("write")
        assert killed(pid)
        server.flushed(t)
        assert not server.count("clunk", t.values[0]), "the fid is forgotten"
        server.end(t, True)
        server.wait(lambda: server.root.children["a"].xattrs.get("user.a") == value)
        assert not server.wrong, server.wrong


def main():
    report("left-fids-stay", fids_stay)
    report("left-loose", changes, "cache=loose")
    report("left-strict", changes, "cache=strict,ac=3600")
    report("left-listing", listing)
    report("left-attribute", attribute)


main()
