#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""kept.py SERVED SERVER [PREFIX [CASE...]]: what is kept here so that it is not asked for
again, and whom and how long it serves: listings of directories, files that are closed."""
import os
import struct

from attack import case, run

KINDS = "Tlopen Topenattr Tlcreate Tcreateattr"
USER_OBJ, USER, GROUP_OBJ, MASK, OTHER = 1, 2, 4, 0x10, 0x20


def acl(*entries):
    """Of (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, permissions, who & 0xffffffff) for tag, permissions, who in entries)


def count(proxy, kind):
    seen = []
    proxy.each(kind, lambda m: seen.append(m) and False)
    return seen


@case
def listing_of_another(a):
    """Who may not list a directory is not told what somebody else has: it is the server who knows."""
    os.mkdir(a.lower("dir"))
    os.chmod(a.lower("dir"), 0o755)
    a.make(b"", "dir/file")
    os.setxattr(a.lower("dir"), "system.posix_acl_access", acl(
        (USER_OBJ, 7, -1), (USER, 0, 1001), (GROUP_OBJ, 5, -1), (MASK, 7, -1), (OTHER, 5, -1)))
    for access in "user", "client":
        proxy = a.mount("cache=loose,access=" + access)
        asked = count(proxy, "Treaddir Treaddirattr")
        first, other = a.program(1000), a.program(1001)
        yield first.do("listdir", a.path("dir")), ["file"]
        yield first.do("listdir", a.path("dir")), ["file"]
        # From what is kept; or there would be nothing to see here.
        messages = len(asked)
        yield first.do("listdir", a.path("dir")), ["file"]
        yield len(asked), messages
        yield other.do("listdir", a.path("dir")), "EACCES"
        yield a.program(1002).do("listdir", a.path("dir")), ["file"]
        yield a.program(0).do("listdir", a.path("dir")), ["file"]
        yield a.umount(), None


@case
def removed_and_open(a):
    """What is gone, and was opened without the server being asked, has attributes nevertheless."""
    for version in "9p2000.L", "9p2000.L.hf1":
        proxy = a.mount("cache=loose,version=" + version)
        program = a.program()
        program.do("mkdir", a.path("dir"))
        program.do("store", a.path("file"), b"12345")
        program.do("listdir", a.path("dir"))
        program.do("listdir", a.path("dir"))
        opens = count(proxy, KINDS)
        fds = [program.do("open", a.path("dir"), os.O_RDONLY | os.O_DIRECTORY)]
        yield len(opens), 0
        fds += [program.do("open", a.path(name), os.O_PATH) for name in ("dir", "file")]
        yield program.do("chdir", a.path("dir")), None
        yield (program.do("rmdir", a.path("dir")), program.do("unlink", a.path("file"))), (None, None)
        for fd, size in zip(fds, (None, None, 5)):
            st = program.do("fstat", fd)
            yield getattr(st, "st_nlink", st), 0
            yield size is None or st.st_size == size, True
        yield program.do("stat", ".").st_nlink, 0
        yield program.do("access", ".", os.X_OK), True
        yield program.do("listdir", fds[0]), []
        program.do("chdir", "/")
        program.do("forget")
        yield a.umount(), None


def with_room(a, proxy, most, error):
    """A server that has so many files open at the most.  Return: those; how often it refused."""
    opened, refused = set(), []

    def judge(m):
        fid = m.fields()[1] if m.of in ("openattr", "createattr") else m.fields()[0]
        if len(opened) >= most:
            refused.append(m)
            m.link.to_client(m.error(error))
            return True
        opened.add(fid)
        return False
    proxy.each(KINDS, judge)
    proxy.each("Rclunk", lambda m: opened.discard(m.request.fields()[0]))
    return opened, refused


@case
def too_many_open(a):
    """Files that are closed make room for those that are to be opened."""
    names = ["f%d" % i for i in range(20)]
    for name in names:
        a.make(name.encode(), name)
    for version in "9p2000.L", "9p2000.L.hf1":
        for error in 23, 24, 28:
            proxy = a.mount("cache=loose,version=" + version)
            opened, refused = with_room(a, proxy, 8, error)
            program = a.program()
            yield [program.do("whole", a.path(name)) for name in names], [name.encode() for name in names]
            yield 0 < len(refused) <= 3, True
            if error != 28:
                # (What is dirty would be in use.)
                program.do("close", program.do("open", a.path("new"), os.O_CREAT | os.O_WRONLY))
                os.unlink(a.lower("new"))
            # Those that are in use are not to be had.
            fds = [program.do("open", a.path(name), os.O_RDONLY) for name in names[:9]]
            yield [isinstance(fd, int) for fd in fds], [True] * 8 + [False]
            yield [program.do("pread", fd, 9, 0) for fd in fds[:8]], [name.encode() for name in names[:8]]
            yield fds[8], {23: "ENFILE", 24: "EMFILE", 28: "ENOSPC"}[error]
            program.do("forget")
            yield a.umount(), None


@case
def two_without_room(a):
    """Two that are refused at once: what the one gives up makes room for the other as well."""
    names = ["f%d" % i for i in range(10)]
    for name in names:
        a.make(name.encode(), name)
    proxy = a.mount("cache=loose")
    with_room(a, proxy, 8, 24)
    programs = a.program(), a.program()
    yield [programs[0].do("whole", a.path(name)) for name in names[:8]], [name.encode() for name in names[:8]]
    # So that nothing is left to be asked for but the open.
    for name in names[8:]:
        programs[0].do("stat", a.path(name))
    both = proxy.keep("Topenattr", 2)
    for program, name in zip(programs, names[8:]):
        program.start("whole", a.path(name))
    a.loop.until(both)
    for message in both.messages:
        message.link.to_client(message.error(24))
    yield [program.result() for program in programs], [name.encode() for name in names[8:]]


run()
