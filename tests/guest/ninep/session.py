#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""session.py WHERE LOWER: connections and their requests, by a raw client that keeps no rule.

WHERE: the path of the listener's socket; LOWER: what is exported as "data", with
squash=none, to "unix".  Each case is a result.
"""
import array
import errno
import os
import select
import socket
import struct
import subprocess
import sys
import time
import traceback

import p9
from config import Export, parked, proc, until
from p9 import NOFID, NOTAG, NOUID

where, lower = "unix:" + sys.argv[1], sys.argv[2]
CASES = []
HEADER = struct.Struct("<IBH")
RREAD, TREAD, TWALK, TWRITE, TCLUNK, RCLUNK, RLERROR = 117, 116, 110, 118, 120, 121, 7


class Peer(p9.Client):
    """A refusal is a number, and not raised."""

    def ask(self, name, *values):
        return self.answer(self.send(name, *values))

    def answer(self, tag):
        try:
            return self.receive(tag)
        except p9.Refused as refused:
            return refused.errno

    def is_closed(self):
        try:
            self.next()
        except ConnectionError:
            return True
        return False

    def attach(self, fid=0, uid=0, aname="data", afid=NOFID):
        return self.ask("attach", fid, afid, "", aname, uid)

    def walk(self, fid, newfid, *names):
        return self.ask("walk", fid, newfid, names)

    def open(self, fid, flags=0):
        return self.ask("lopen", fid, flags)

    def create(self, fid, name, flags=2, mode=0o644, gid=0):
        return self.ask("lcreate", fid, name, flags, mode, gid)

    def send_mkdir(self, fid, name, tag=None):
        return self.send("mkdir", fid, name, 0o755, 0, tag=tag)

    def mkdir(self, fid, name, gid=0):
        return self.ask("mkdir", fid, name, 0o755, gid)

    def getattr(self, fid):
        return self.ask("getattr", fid, 0x3fff)

    def clunk(self, fid):
        return self.ask("clunk", fid)

    def flush(self, oldtag):
        return self.ask("flush", oldtag)


def failed(answer):
    return isinstance(answer, int)


def case(function):
    CASES.append(function)
    return function


def client(version=p9.DOTL, **how):
    return Peer(where, version=version, **how)


def attached(**how):
    c = client(**how)
    assert not failed(c.attach())
    return c


@case
def versions():
    assert client().version_is == b"9P2000.L"
    assert client(version=p9.HF1).version_is == b"9P2000.L.hf1"
    assert client(msize=1 << 30).msize == 65536
    c = client(version="9P2000")
    assert c.version_is == b"unknown"
    assert c.version(8192, p9.DOTL) == (8192, b"9P2000.L")
    assert client(version=None).ask("version", 100, p9.DOTL) == errno.EMSGSIZE


@case
def nothing_before_a_version():
    c = client(version=None)
    c.send("clunk", 0)
    assert c.is_closed()


@case
def version_resets():
    c = attached()
    c.version(65536, p9.DOTL)
    assert c.getattr(0) == errno.EBADF
    assert not failed(c.attach())


@case
def nothing_before_an_attach():
    c = client()
    assert c.getattr(0) == errno.EBADF
    assert c.walk(0, 1) == errno.EBADF


@case
def attach_by_name():
    c = client()
    assert c.attach(aname="other") == errno.ENOENT
    assert c.attach(aname="/") == errno.ENOENT
    assert not failed(c.attach(aname=""))
    assert c.attach(fid=0) == errno.EBADF
    assert c.attach(fid=NOFID) == errno.EBADF
    assert not failed(c.attach(fid=1))
    assert c.attach(fid=2, afid=1) == errno.EINVAL
    assert c.ask("auth", 3, "", "", 0) == errno.EOPNOTSUPP


@case
def unknown_types():
    c = attached()
    c.raw(HEADER.pack(7, 98, 1))
    assert c.next() == (1, RLERROR, struct.pack("<I", errno.EOPNOTSUPP))
    assert c.ask("caps") == errno.EOPNOTSUPP
    assert len(attached(version=p9.HF1).ask("caps")) == 32


@case
def a_tag_twice():
    c = attached()
    freeze(lower)
    try:
        tag = c.send_mkdir(0, "twice")
        c.send_mkdir(0, "twice2", tag)
        assert c.is_closed()
    finally:
        thaw(lower)
    assert not os.path.exists(lower + "/twice")


@case
def flush_of_nothing():
    c = attached()
    assert c.flush(4711) is None
    assert c.flush(c.last_tag + 1) is None      # itself
    assert not failed(c.getattr(0))


@case
def flush_of_one_that_waits():
    c = attached()
    freeze(lower)
    try:
        tag = c.send_mkdir(0, "flushed")
        until(lambda: parked() == 1)
        assert c.flush(tag) is None
        assert parked() == 0
        assert c.flush(tag) is None
    finally:
        thaw(lower)
    assert not failed(c.mkdir(0, "made"))
    assert sorted(os.listdir(lower)) == ["made"], os.listdir(lower)
    os.rmdir(lower + "/made")


@case
def frozen_and_thawed():
    c = attached()
    freeze(lower)
    try:
        tag = c.send_mkdir(0, "later")
        until(lambda: parked() == 1)
        assert not failed(c.getattr(0))
    finally:
        thaw(lower)
    assert not failed(c.answer(tag))
    os.rmdir(lower + "/later")


@case
def clunk_of_one_that_waits():
    c = attached()
    assert not failed(c.walk(0, 1))
    freeze(lower)
    try:
        tag = c.send_mkdir(1, "never")
        until(lambda: parked() == 1)
        assert c.clunk(1) is None
        assert c.answer(tag) == errno.EBADF
    finally:
        thaw(lower)
    assert os.listdir(lower) == []


@case
def version_while_one_waits():
    c = attached()
    freeze(lower)
    try:
        c.send_mkdir(0, "never")
        until(lambda: parked() == 1)
        c.version(65536, p9.DOTL)
        assert parked() == 0
    finally:
        thaw(lower)
    assert c.getattr(0) == errno.EBADF
    assert os.listdir(lower) == []


@case
def end_while_one_waits():
    c = attached()
    freeze(lower)
    try:
        c.send_mkdir(0, "never")
        until(lambda: parked() == 1)
        c.sock.close()
        until(lambda: parked() == 0)
        until(lambda: " export data version" not in proc())
    finally:
        thaw(lower)
    assert os.listdir(lower) == []


@case
def frozen_beside_another():
    """It has no thread that waits, and another export notices nothing."""
    os.makedirs("/run/hf/other", exist_ok=True)
    with Export("cold", path=lower, threads=1), Export("warm", path="/run/hf/other", threads=1):
        cold, warm = client(), client()
        assert not failed(cold.attach(aname="cold"))
        assert not failed(warm.attach(aname="warm"))
        freeze(lower)
        try:
            tags = [cold.send_mkdir(0, "cold%d" % i) for i in range(50)]
            until(lambda: parked() == 50)
            assert not failed(cold.getattr(0))
            for i in range(20):
                assert not failed(warm.mkdir(0, "warm%d" % i))
                assert warm.ask("unlinkat", 0, "warm%d" % i, p9.REMOVEDIR) is None
            assert cold.flush(tags[0]) is None
        finally:
            thaw(lower)
        assert not any(failed(cold.answer(tag)) for tag in tags[1:])
        for i in range(1, 50):
            os.rmdir(lower + "/cold%d" % i)


@case
def frozen_for_what_only_opens_or_clunks():
    """An open that truncates, and a clunk that sets an attribute, are changes, too."""
    with open(lower + "/cut", "wb") as file:
        file.write(b"data")
    with Export("cold", path=lower, threads=1):
        c = client(version=p9.HF1)
        assert not failed(c.attach(aname="cold"))
        for fid in 1, 2, 3:
            assert not failed(c.walk(0, fid, "cut"))
        assert c.ask("xattrcreate", 3, "user.a", 1, 0) is None
        assert c.ask("write", 3, 0, b"x") == 1
        freeze(lower)
        try:
            tags = [c.send("lopen", 1, p9.RDWR | p9.TRUNC), c.send("openattr", 2, 4, p9.RDWR | p9.TRUNC, 0),
                    c.send("clunk", 3)]
            until(lambda: parked("cold") == 3)
            assert not failed(c.getattr(0))
            flushed = c.send("openattr", 2, 5, p9.RDWR | p9.TRUNC, 0)
            until(lambda: parked("cold") == 4)
            assert c.flush(flushed) is None
            assert os.stat(lower + "/cut").st_size == 4
        finally:
            thaw(lower)
        assert not any(failed(c.answer(tag)) for tag in tags)
    assert os.stat(lower + "/cut").st_size == 0
    assert os.getxattr(lower + "/cut", "user.a") == b"x"
    os.unlink(lower + "/cut")


@case
def frozen_for_what_cannot_be():
    """That is told at once."""
    with open(lower + "/file", "wb"):
        pass
    with Export("cold", path=lower, read_only=1), Export("full", path=lower):
        cold, full = client(), client()
        assert not failed(cold.attach(aname="cold"))
        assert not failed(full.attach(aname="full"))
        assert not failed(full.walk(0, 1, "file"))
        assert not failed(cold.walk(0, 1, "file"))
        freeze(lower)
        try:
            assert cold.mkdir(0, "no") == errno.EROFS
            assert cold.open(1, p9.RDWR | p9.TRUNC) == errno.EROFS
            assert full.mkdir(1, "no") == errno.ENOTDIR
        finally:
            thaw(lower)
    os.unlink(lower + "/file")


@case
def frozen_for_more_than_locks():
    """As many changes wait as there may be requests; of locks as many as may."""
    with Export("cold", path=lower, max_waiting_locks=1):
        c = client()
        assert not failed(c.attach(aname="cold"))
        freeze(lower)
        try:
            tags = [c.send_mkdir(0, "cold%d" % i) for i in range(100)]
            until(lambda: parked("cold") == 100)
        finally:
            thaw(lower)
        assert not any(failed(c.answer(tag)) for tag in tags)
    for i in range(100):
        os.rmdir(lower + "/cold%d" % i)


@case
def flush_behind_what_fills_it():
    """One write that waits is more than max_bytes; a Tflush is read nevertheless."""
    with Export("full", path=lower, max_bytes=65536):
        c = client()
        assert not failed(c.attach(aname="full"))
        assert not failed(c.walk(0, 1))
        assert not failed(c.create(1, "full"))
        freeze(lower)
        try:
            tag = c.send("write", 1, 0, bytes(65500))
            until(lambda: parked("full") == 1)
            assert c.flush(tag) is None
            assert parked("full") == 0
        finally:
            thaw(lower)
        assert os.stat(lower + "/full").st_size == 0
        os.unlink(lower + "/full")


@case
def as_many_as_may_wait():
    """max_requests is 16 here: the last is refused, though those before are tried again all the time."""
    c = attached()
    freeze(lower)
    try:
        tags = [c.send_mkdir(0, "d%d" % i) for i in range(15)]
        until(lambda: parked() == 15)
        refused = {c.mkdir(0, "d15") for _ in range(200)}
        assert refused == {errno.EAGAIN}, refused
        assert c.flush(tags[0]) is None
    finally:
        thaw(lower)
    assert not any(failed(c.answer(tag)) for tag in tags[1:])
    for i in range(1, 15):
        os.rmdir(lower + "/d%d" % i)


@case
def as_many_fids():
    c = attached()
    got = [c.walk(0, fid) for fid in range(1, 200)]
    assert got[:63] == [[]] * 63 and set(got[63:]) == {errno.EMFILE}, got
    assert c.clunk(1) is None
    assert c.walk(0, 500) == []


@case
def clunk_twice():
    c = attached()
    assert c.clunk(0) is None
    assert c.clunk(0) == errno.EBADF


@case
def remove_of_what_is_open():
    """The file is there until its last use is put, whatever became of its name."""
    c = attached()
    for name in ("one", "two"):
        assert not failed(c.walk(0, 1))
        assert not failed(c.create(1, name))
        tag = c.send("write", 1, 0, b"x" * 1000)
        assert c.ask("remove", 1) is None
        c.answer(tag)
    os.mkdir(lower + "/dir")
    assert not failed(c.walk(0, 2, "dir"))
    assert c.ask("remove", 2) is None
    assert c.getattr(2) == errno.EBADF
    assert os.listdir(lower) == []


@case
def sizes_that_lie():
    for size in (0, 6, 65537, 0xFFFFFFFF):
        c = attached()
        c.raw(HEADER.pack(size, TCLUNK, 1) + b"\0" * 4)
        assert c.is_closed(), size
    c = attached()
    c.raw(HEADER.pack(24, TWRITE, 1) + struct.pack("<IQI", 0, 0, 4096) + b"\0")
    assert c.is_closed()


@case
def counts_that_lie():
    c = attached()
    c.raw(HEADER.pack(17, TWALK, 1) + struct.pack("<IIH", 0, 1, 65535))
    assert c.is_closed()
    c = attached()
    assert not failed(c.walk(0, 1))
    assert not failed(c.create(1, "short"))
    assert c.ask("read", 1, 0, 0xffffffff) == bytes()
    os.unlink(lower + "/short")


@case
def half_a_header():
    for data in (b"\7", b"\7\0\0\0\x78", HEADER.pack(11, TCLUNK, 1) + b"\0\0\0"):
        c = attached()
        c.raw(data)
        c.sock.shutdown(socket.SHUT_WR)
        assert c.is_closed()


@case
def half_a_payload():
    c = attached()
    assert not failed(c.walk(0, 1))
    assert not failed(c.create(1, "half"))
    c.raw(HEADER.pack(23 + 30000, TWRITE, 1) + struct.pack("<IQI", 1, 0, 30000) + b"x" * 20000)
    c.sock.close()
    until(lambda: " export data version" not in proc())
    assert os.stat(lower + "/half").st_size == 0
    os.unlink(lower + "/half")


@case
def descriptors_beside_data():
    c = attached()
    body = HEADER.pack(11, TCLUNK, 9) + struct.pack("<I", 0)
    files = array.array("i", [os.open("/dev/null", os.O_RDONLY) for _ in range(8)])
    c.sock.sendmsg([body], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    assert c.next() == (9, RCLUNK, b"")


@case
def a_peer_that_does_not_read():
    """It holds only itself: another one is served, and nothing grows without end."""
    with open(lower + "/large", "wb") as file:
        file.write(os.urandom(1 << 20))
    c = attached()
    assert not failed(c.walk(0, 1, "large"))
    assert not failed(c.open(1))
    c.sock.setblocking(False)
    sent = 0
    try:
        while sent < 100000:
            c.raw(HEADER.pack(23, TREAD, sent % 60000) + struct.pack("<IQI", 1, 0, 60000))
            sent += 1
    except BlockingIOError:
        pass
    assert sent < 100000
    other = attached()
    for _ in range(100):
        assert not failed(other.getattr(0))
    lines = [line.split() for line in proc().splitlines() if line.startswith("\tfids")]
    assert max(int(words[7]) for words in lines) <= 1 << 20, lines
    c.sock.close()
    os.unlink(lower + "/large")


def fill(c, frame, most):
    """How many of them the server takes of a client that reads nothing."""
    c.sock.setblocking(False)
    left, sent = b"", 0
    while sent < most:
        left = left or frame(sent)
        try:
            left = left[c.sock.send(left):]
            sent += not left
        except BlockingIOError:
            if not select.select([], [c.sock], [], 3)[1]:
                break
    return sent


@case
def a_peer_that_asks_and_does_not_read():
    """No payload, no reply that is read: what was answered counts until it was sent."""
    c = attached()
    sent = fill(c, lambda i: HEADER.pack(19, 24, i % 60000) + struct.pack("<IQ", 4711, 0), 20000)
    assert sent < 20000
    lines = [line.split() for line in proc().splitlines() if line.startswith("\tfids")]
    assert max(int(words[7]) for words in lines) <= 1 << 20, lines
    assert not failed(attached().getattr(0))
    c.sock.close()


@case
def a_payload_before_an_attach():
    c = client()
    c.send("write", 0, 0, b"x" * 1000)
    assert c.is_closed()


@case
def attach_without_a_name():
    """It is of the connection's own export, whichever there are by then."""
    c = client()
    assert not failed(c.attach(aname=""))
    with Export("other", path=lower):
        assert not failed(c.attach(fid=1, uid=1000, aname=""))
        assert client().attach(aname="") == errno.ENOENT
        assert c.attach(fid=2, aname="other") == errno.EXDEV


@case
def links_that_are_no_text():
    """They lead to what a process has, and are followed by nobody here."""
    its = subprocess.Popen(["sleep", "1000"], user=1000, group=100, extra_groups=[])
    try:
        with Export("proc", path="/proc", users="1000 100"):
            c = client()
            assert not failed(c.attach(uid=1000, aname="proc"))
            pid = str(its.pid)
            assert c.walk(0, 1, pid, "exe") and c.walk(0, 2, pid, "ns", "mnt") and c.walk(0, 3, "mounts")
            assert c.ask("readlink", 1) == errno.EINVAL
            assert c.ask("readlink", 2) == errno.EINVAL
            assert c.ask("readlink", 3) == b"self/mounts"
    finally:
        its.kill()
        its.wait()


@case
def many_at_once():
    """Replies may pass one another, and each request has one."""
    c = attached()
    with open(lower + "/many", "wb") as file:
        file.write(bytes(range(256)) * 256)
    assert not failed(c.walk(0, 1, "many"))
    assert not failed(c.open(1))
    for _ in range(50):
        tags = {}
        for i in range(16):
            offset = os.urandom(1)[0] * 256
            tags[c.send("read", 1, offset, 256)] = offset
        for _ in range(16):
            tag, kind, body = c.next()
            del tags[tag]
            assert kind == RREAD and body[4:] == bytes(range(256)), (kind, len(body))
    os.unlink(lower + "/many")


def as_peer(uid, gid, groups, function):
    """Runs it in a process of that user's.  Return: None, or where it failed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        with os.fdopen(reader) as said:
            text = said.read()
        os.waitpid(pid, 0)
        return text or None
    try:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
        function()
    except BaseException:
        os.write(writer, traceback.format_exc().encode())
    os._exit(0)


@case
def a_local_peer_is_itself():
    os.mkdir(lower + "/its")
    os.chown(lower + "/its", 0, 300)
    os.chmod(lower + "/its", 0o770)

    def stranger():
        c = client()
        assert not failed(c.attach(uid=1000))
        assert not failed(c.walk(0, 1, "its"))
        assert c.mkdir(1, "no", gid=100) == errno.EACCES

    def peer():
        c = client()
        assert c.attach(uid=0) == errno.EPERM
        assert c.attach(uid=1001) == errno.EPERM
        assert not failed(c.attach(fid=1, uid=1000))
        assert not failed(c.attach(fid=2, uid=NOUID))
        assert not failed(c.walk(1, 3, "its"))
        assert not failed(c.mkdir(3, "of1000", gid=100))

    assert as_peer(1000, 100, [300], peer) is None
    assert os.stat(lower + "/its/of1000").st_uid == 1000
    assert as_peer(1000, 100, [], stranger) is None
    os.rmdir(lower + "/its/of1000")
    os.rmdir(lower + "/its")


@case
def groups_of_the_table():
    """users has "1000 100,300"; nobody else is known."""
    os.mkdir(lower + "/team")
    os.chown(lower + "/team", 0, 300)
    os.chmod(lower + "/team", 0o770)
    c = client()
    assert not failed(c.attach(fid=0, uid=1000))
    assert not failed(c.attach(fid=1, uid=1001))
    assert not failed(c.walk(0, 2, "team"))
    assert not failed(c.walk(1, 3, "team"))
    assert c.mkdir(3, "no") == errno.EACCES
    assert not failed(c.mkdir(2, "yes", gid=300))
    assert os.stat(lower + "/team/yes").st_gid == 300
    os.rmdir(lower + "/team/yes")
    os.rmdir(lower + "/team")


@case
def a_gid_is_a_claim():
    os.mkdir(lower + "/open")
    os.chmod(lower + "/open", 0o777)
    c = client()
    assert not failed(c.attach(fid=0, uid=1000))
    assert not failed(c.walk(0, 1, "open"))
    for gid in (0, 42):
        assert c.mkdir(1, "claimed", gid=gid) == errno.EPERM
        assert not failed(c.walk(1, 2))
        assert c.create(2, "claimed", mode=0o2755, gid=gid) == errno.EPERM
        assert c.clunk(2) is None
    assert os.listdir(lower + "/open") == []
    os.rmdir(lower + "/open")


@case
def no_capability():
    """Not even of root's: what is trusted is the server's own."""
    os.setxattr(lower, "trusted.secret", b"key")
    for uid in (0, 1000):
        c = client()
        assert not failed(c.attach(uid=uid))
        answer = c.ask("xattrwalk", 0, 1, "trusted.secret")
        assert failed(answer), answer
    os.removexattr(lower, "trusted.secret")
    c = client()
    assert not failed(c.attach(uid=1000))
    assert c.mkdir(0, "no", gid=100) == errno.EACCES


@case
def modes_are_the_client_s():
    c = attached()
    assert not failed(c.walk(0, 1))
    assert not failed(c.create(1, "open-to-all", mode=0o666))
    assert os.stat(lower + "/open-to-all").st_mode & 0o7777 == 0o666
    os.unlink(lower + "/open-to-all")


def freeze(path):
    ioctl(path, 0xC0045877)


def thaw(path):
    ioctl(path, 0xC0045878)


def ioctl(path, number):
    import fcntl
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, number, 0)
    finally:
        os.close(fd)


# These have their time while all others run.
late_version, late_attach = client(version=None), client()
late_answer = late_attach.attach(aname="other")


@case
def a_late_version():
    assert late_version.is_closed()


@case
def a_late_attach():
    """It may talk, but not stay."""
    assert late_answer == errno.ENOENT
    assert late_attach.is_closed()


for function in CASES:
    name = "session-" + function.__name__.replace("_", "-")
    try:
        function()
        print("ok " + name, flush=True)
    except Exception:
        print("not ok %s: %s" % (name, traceback.format_exc().strip().replace("\n", " | ")), flush=True)
