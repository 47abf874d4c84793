# SPDX-License-Identifier: GPL-2.0-only
"""A server of plain 9P2000.L that answers when it is told to.

A tree in memory, for one connection, and a mount of it.  Requests of the types in
@hold wait until the test answers them, or has them done without an answer.  What no
client may do (a fid that is there twice, or is not there) is in @wrong.  Types in @unknown
are refused with EOPNOTSUPP.
"""
import collections
import errno
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ninep"))
from p9 import BY_NUMBER, MESSAGES, REMOVEDIR, Bytes, encode, encode_str, frame, name_of

SECONDS = 120
BASIC, GEN, VERSION = 0x7ff, 0x1000, 0x2000
Held = collections.namedtuple("Held", "tag name values")


class Refused(Exception):
    pass


class Node:
    def __init__(self, number, mode, data=b""):
        self.number, self.mode, self.data, self.children = number, mode, data, {}
        self.version, self.xattrs = number << 32, {}

    def is_dir(self):
        return stat.S_ISDIR(self.mode)

    def change(self):
        self.version += 1

    def qid(self):
        return struct.pack("<BIQ", 0x80 if self.is_dir() else 0, self.version & 0xffffffff, self.number)

    def attr(self):
        return struct.pack("<Q", BASIC | GEN | VERSION) + self.qid() + struct.pack(
            "<IIIQQQQQ", self.mode, 0, 0, 1, 0, len(self.data), 4096, 8) + struct.pack(
            "<8Q", *(self.version, 0) * 4) + struct.pack("<QQ", self.number, self.version)


class Server:
    """@files: the tree: {name: bytes or dict}"""

    def __init__(self, files):
        self.numbers, self.fids, self.log = 0, {}, []
        # As what, and in which directory, a fid was walked to.
        self.places = {}
        self.root = self.grow(files)
        self.hold, self.held, self.flushes, self.wrong = set(), [], {}, []
        self.unknown = set()
        self.changed = threading.Condition()
        self.sock, self.theirs = socket.socketpair()
        threading.Thread(target=self.run, daemon=True).start()

    def grow(self, what):
        self.numbers += 1
        if not isinstance(what, dict):
            return Node(self.numbers, stat.S_IFREG | 0o644, what)
        node = Node(self.numbers, stat.S_IFDIR | 0o755)
        node.children = {name: self.grow(inner) for name, inner in what.items()}
        return node

    def mount(self, where, options):
        os.makedirs(where, exist_ok=True)
        fd = self.theirs.fileno()
        subprocess.run(["mount", "-t", "holdfast9p", "-o", "trans=fd,fd=%d,version=9p2000.L,%s" % (fd, options),
                        "none", where], check=True, pass_fds=[fd])
        self.theirs.close()

    # What comes.

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def run(self):
        try:
            while True:
                size, kind, tag = struct.unpack("<IBH", self.exactly(7))
                name, cursor = BY_NUMBER[kind], Bytes(self.exactly(size - 7))
                values = [self.field(cursor, letter) for letter in MESSAGES[name][1]]
                with self.changed:
                    self.take(Held(tag, name, values))
                    self.changed.notify_all()
        except (EOFError, ConnectionError):
            pass

    @staticmethod
    def field(cursor, letter):
        if letter == "n":
            return [cursor.string().decode() for _ in range(cursor.number("H"))]
        return cursor.string().decode() if letter == "s" else cursor.field(letter)

    def take(self, t):
        self.log.append(t)
        if t.name == "flush":
            if any(held.tag == t.values[0] for held in self.held):
                self.flushes[t.values[0]] = t.tag
            else:
                self.send(t.tag, 109, b"")
        elif t.name in self.hold:
            self.held.append(t)
        else:
            self.answer(t)

    def answer(self, t):
        try:
            if t.name in self.unknown:
                raise Refused(errno.EOPNOTSUPP)
            kind, body = MESSAGES[t.name][0] + 1, getattr(self, t.name)(*t.values)
        except Refused as refused:
            kind, body = 7, struct.pack("<I", refused.args[0])
        self.send(t.tag, kind, body or b"")

    def send(self, tag, kind, body):
        self.sock.sendall(frame(kind, tag, body))

    # What the test does.

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, SECONDS), "nothing of it comes: " + str(self.log[-5:])

    def waits(self, name):
        """Until a request of that type is held."""
        self.wait(lambda: any(t.name == name for t in self.held))
        return next(t for t in self.held if t.name == name)

    def flushed(self, t):
        self.wait(lambda: t.tag in self.flushes)

    def end(self, t, done, reply=False):
        """What was held and flushed: @done, or not; with the Rflush that ends it."""
        self.flushed(t)
        with self.changed:
            self.held.remove(t)
            if reply:
                self.answer(t)
            elif done:
                getattr(self, t.name)(*t.values)
            self.send(self.flushes.pop(t.tag), 109, b"")

    def go_on(self):
        """What was held is answered."""
        with self.changed:
            self.hold = set()
            for t in self.held:
                self.answer(t)
            self.held = []

    def count(self, name, *first):
        with self.changed:
            return sum(1 for t in self.log if t.name == name and tuple(t.values[:len(first)]) == first)

    # Messages.

    def node(self, fid):
        if fid not in self.fids:
            self.wrong.append("fid %d is not there" % fid)
            raise Refused(errno.EBADF)
        return self.fids[fid]

    def new(self, fid, what):
        if fid in self.fids:
            self.wrong.append("fid %d is there" % fid)
            raise Refused(errno.EBADF)
        self.fids[fid] = what

    def child(self, node, name):
        if name not in node.children:
            raise Refused(errno.ENOENT)
        return node.children[name]

    def version(self, msize, version):
        return encode("Is", (msize, "9P2000.L"))

    def attach(self, fid, afid, uname, aname, uid):
        self.new(fid, self.root)
        return self.root.qid()

    def walk(self, fid, new, names):
        node, place, qids = self.node(fid), self.places.get(fid), []
        for name in names:
            if name not in node.children:
                if not qids:
                    raise Refused(errno.ENOENT)
                break
            place, node = (node, name), node.children[name]
            qids.append(node.qid())
        if len(qids) == len(names):
            self.new(new, node)
            self.places[new] = place
        return struct.pack("<H", len(qids)) + b"".join(qids)

    def getattr(self, fid, mask):
        return self.node(fid).attr()

    def lopen(self, fid, flags):
        return self.node(fid).qid() + bytes(4)

    def make(self, parent, name, mode):
        if name in parent.children:
            raise Refused(errno.EEXIST)
        self.numbers += 1
        parent.children[name] = Node(self.numbers, mode)
        parent.change()
        return parent.children[name]

    def lcreate(self, fid, name, flags, mode, gid):
        self.fids[fid] = self.make(self.node(fid), name, stat.S_IFREG | mode)
        return self.fids[fid].qid() + bytes(4)

    def mkdir(self, fid, name, mode, gid):
        return self.make(self.node(fid), name, stat.S_IFDIR | mode).qid()

    def take_from(self, parent, name):
        node = self.child(parent, name)
        del parent.children[name]
        parent.change()
        node.change()
        return node

    def unlinkat(self, fid, name, flags):
        parent = self.node(fid)
        node = self.child(parent, name)
        if node.is_dir() != bool(flags & REMOVEDIR):
            raise Refused(errno.EISDIR if node.is_dir() else errno.ENOTDIR)
        if node.children:
            raise Refused(errno.ENOTEMPTY)
        self.take_from(parent, name)

    def move(self, old, new):
        """From a place to another, which are directories and names."""
        node, there = self.child(*old), new[0].children.get(new[1])
        if old == new or node is there:
            return
        if there and there.children:
            raise Refused(errno.ENOTEMPTY)
        self.take_from(*old)
        new[0].children[new[1]] = node
        new[0].change()
        self.places.update({fid: new for fid, place in self.places.items() if place == old})

    def renameat(self, old, oldname, new, newname):
        self.move((self.node(old), oldname), (self.node(new), newname))

    def link(self, dfid, fid, name):
        self.node(dfid).children[name] = self.node(fid)
        self.node(dfid).change()

    # Those two go by the fid alone.

    def rename(self, fid, dfid, name):
        self.node(fid)
        self.move(self.places[fid], (self.node(dfid), name))

    def remove(self, fid):
        node = self.node(fid)
        del self.fids[fid]
        if node.children:
            raise Refused(errno.ENOTEMPTY)
        self.take_from(*self.places[fid])

    def setattr(self, fid, valid, mode, uid, gid, size, *times):
        node = self.node(fid)
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | mode
        if valid & 8:
            node.data = node.data[:size].ljust(size, b"\0")
        node.change()

    def read(self, fid, offset, count):
        node = self.node(fid)
        return encode("p", ((node.xattrs[node.name] if isinstance(node, Value) else node.data)[offset:offset + count],))

    def write(self, fid, offset, data):
        node = self.node(fid)
        if isinstance(node, Value):
            node.value[offset:] = data
        else:
            node.data = node.data[:offset].ljust(offset, b"\0") + data + node.data[offset + len(data):]
            node.change()
        return struct.pack("<I", len(data))

    def readdir(self, fid, offset, count):
        body, at = b"", 0
        for at, (name, node) in enumerate(sorted(self.node(fid).children.items()), 1):
            if at > offset:
                body += node.qid() + struct.pack("<QB", at, 4 if node.is_dir() else 8) + encode_str(name)
        return encode("p", (body,))

    def xattrwalk(self, fid, new, name):
        raise Refused(errno.ENODATA)

    def xattrcreate(self, fid, name, size, flags):
        self.fids[fid] = Value(self.node(fid), name)

    def clunk(self, fid):
        node = self.node(fid)
        if isinstance(node, Value):
            node.of.xattrs[node.name] = bytes(node.value)
            node.of.change()
        self.fids.pop(fid, None)

    def fsync(self, fid, datasync):
        self.node(fid)

    def statfs(self, fid):
        return struct.pack("<IIQQQQQQI", 0, 4096, 1, 1, 1, 1, 1, 0, 255)


class Value:
    """Of an attribute that is written."""

    def __init__(self, of, name):
        self.of, self.name, self.value = of, name, bytearray()


def child(function, *arguments):
    """Somebody who does it, and can be killed."""
    pid = os.fork()
    if pid:
        return pid
    try:
        function(*arguments)
        os._exit(0)
    except BaseException:
        os._exit(1)


def ends(pid):
    """How he ends: 0, his signal, or -1 if he does not."""
    done = threading.Event()
    result = []

    def wait():
        result.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        done.set()
    threading.Thread(target=wait, daemon=True).start()
    return result[0] if done.wait(SECONDS) else "does not end"


def killed(pid):
    os.kill(pid, signal.SIGKILL)
    return ends(pid) == -signal.SIGKILL


class Mounted:
    """A server, and a mount of it with these options."""

    def __init__(self, where, options, files):
        self.where, self.server = where, Server(files)
        self.server.mount(where, options)

    def __enter__(self):
        return self.server

    def __exit__(self, kind, *rest):
        if kind:
            # Whatever hangs.
            subprocess.run(["umount", "-f", "-l", self.where])
        else:
            subprocess.run(["umount", self.where], check=True)


def seen(top):
    """What the mount shows."""
    found = {}
    for name in sorted(os.listdir(top)):
        st = os.lstat(top + "/" + name)
        if os.path.isdir(top + "/" + name):
            found[name] = seen(top + "/" + name)
        else:
            with open(top + "/" + name, "rb") as file:
                found[name] = st.st_mode & 0o777, st.st_size, file.read()
    return found


def there(node):
    """What the server has."""
    return {name: there(inner) if inner.is_dir() else (inner.mode & 0o777, len(inner.data), inner.data)
            for name, inner in sorted(node.children.items())}


def tried(function, *arguments):
    """The name of its error, or nothing."""
    try:
        function(*arguments)
        return None
    except OSError as error:
        return name_of(error.errno)


def report(name, function, *arguments):
    try:
        function(*arguments)
        print("ok " + name, flush=True)
    except Exception:
        print("not ok %s: %s" % (name, traceback.format_exc().replace("\n", " | ")[-900:]), flush=True)
