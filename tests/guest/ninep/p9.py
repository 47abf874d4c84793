# SPDX-License-Identifier: GPL-2.0-only
"""A raw client of 9P2000.L and 9P2000.L.hf1, written from Documentation/9p.md.

It sends what it is told to, right or wrong.  A refusal (Rlerror) is raised as
Refused; what ends the connection as ConnectionError.
"""
import errno
import os
import socket
import struct
import time

NOTAG, NOFID, NOUID = 0xffff, 0xffffffff, 0xffffffff
DOTL, HF1 = "9P2000.L", "9P2000.L.hf1"
RDLCK, WRLCK, UNLCK = 0, 1, 2
BLOCK = 1
SUCCESS, BLOCKED, ERROR, GRACE = 0, 1, 2, 3
POSIX, OFD, FLOCK = 0, 1, 2
SET_MODE, SET_UID, SET_GID, SET_SIZE, SET_ATIME, SET_MTIME, SET_CTIME, SET_ATIME_SET, SET_MTIME_SET = \
    (1 << i for i in range(9))
RDONLY, WRONLY, RDWR = 0, 1, 2
CREAT, EXCL, TRUNC, APPEND, DIRECT, DIRECTORY, NOATIME = \
    0o100, 0o200, 0o1000, 0o2000, 0o40000, 0o200000, 0o1000000
REMOVEDIR = 0x200
STILL = 0x4000      # of Rgetattr's valid, with HF1

# name: (number, what T has, what R has).  Letters are struct's, but for
# s: a string; n: names; q: a qid; k: qids; a: attributes; p: a payload;
# i: 16 bytes; c: 32 bytes.
MESSAGES = {
    "statfs": (8, "I", "IIQQQQQQI"),
    "lopen": (12, "II", "qI"),
    "lcreate": (14, "IsIII", "qI"),
    "symlink": (16, "IssI", "q"),
    "mknod": (18, "IsIIII", "q"),
    "rename": (20, "IIs", ""),
    "readlink": (22, "I", "s"),
    "getattr": (24, "IQ", "a"),
    "setattr": (26, "IIIIIQQQQQ", ""),
    "xattrwalk": (30, "IIs", "Q"),
    "xattrcreate": (32, "IsQI", ""),
    "readdir": (40, "IQI", "p"),
    "fsync": (50, "II", ""),
    "lock": (52, "IBIQQIs", "B"),
    "getlock": (54, "IBQQIs", "BQQIs"),
    "link": (70, "IIs", ""),
    "mkdir": (72, "IsII", "q"),
    "renameat": (74, "IsIs", ""),
    "unlinkat": (76, "IsI", ""),
    "version": (100, "Is", "Is"),
    "auth": (102, "IssI", "q"),
    "attach": (104, "IIssI", "q"),
    "flush": (108, "H", ""),
    "walk": (110, "IIn", "k"),
    "read": (116, "IQI", "p"),
    "write": (118, "IQp", "I"),
    "clunk": (120, "I", ""),
    "remove": (122, "I", ""),
    "caps": (160, "", "c"),
    "identity": (162, "I", "i"),
    "readdirattr": (164, "IQIQ", "p"),
    "walkattr": (166, "IIQn", "ak"),
    "openattr": (168, "IIIQ", "Ia"),
    "createattr": (170, "IIsIIIQ", "BIa"),
    "lockx": (172, "IBBIQQQIs", "B"),
    "getlockx": (174, "IBBQQQ", "BBQQIs"),
    "fallocate": (176, "IIQQ", ""),
    "seek": (178, "IBQ", "Q"),
    "copy": (180, "IQIQI", "I"),
    "clone": (182, "IQIQQ", ""),
    "renamex": (184, "IsIsI", ""),
    "localhello": (200, "Ii", "i"),
}
BY_NUMBER = {number: name for name, (number, _, _) in MESSAGES.items()}
ATTR = ("valid", "qid", "mode", "uid", "gid", "nlink", "rdev", "size", "blksize", "blocks", "atime",
        "mtime", "ctime", "btime", "gen", "data_version")


# Of two names of one number, the one that is said here.
NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EDEADLK: "EDEADLK"}


def name_of(code):
    return NAMES.get(code, str(code))


class Refused(OSError):
    def __init__(self, code, what):
        super().__init__(code, "%s: %s" % (what, name_of(code)))


class Qid(tuple):
    type = property(lambda self: self[0])
    version = property(lambda self: self[1])
    path = property(lambda self: self[2])


def encode_str(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<H", len(data)) + data


def encode(shape, values):
    out = b""
    for letter, value in zip(shape, values):
        if letter == "s":
            out += encode_str(value)
        elif letter == "n":
            out += struct.pack("<H", len(value)) + b"".join(map(encode_str, value))
        elif letter == "p":
            out += struct.pack("<I", len(value)) + value
        elif letter == "q":
            out += struct.pack("<BIQ", *value)
        elif letter == "k":
            out += struct.pack("<H", len(value)) + b"".join(struct.pack("<BIQ", *qid) for qid in value)
        elif letter == "a":
            out += encode_attr(value)
        elif letter in "ic":
            out += value
        else:
            out += struct.pack("<" + letter, value)
    return out


def frame(number, tag, body):
    return struct.pack("<IBH", 7 + len(body), number, tag) + body


def encode_attr(attr):
    times = [part for name in ("atime", "mtime", "ctime", "btime") for part in attr[name]]
    return struct.pack("<Q", attr["valid"]) + struct.pack("<BIQ", *attr["qid"]) + struct.pack(
        "<3I15Q", *(attr[name] for name in ATTR[2:10]), *times, attr["gen"], attr["data_version"])


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        part = self.data[self.at:self.at + size]
        if len(part) != size:
            raise ConnectionError("a field beyond its frame")
        self.at += size
        return part

    def number(self, letter):
        form = "<" + letter
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self):
        return self.take(self.number("H"))

    def qid(self):
        return Qid(struct.unpack("<BIQ", self.take(13)))

    def attr(self):
        values = [self.number("Q"), self.qid()] + [self.number("I") for _ in range(3)]
        values += [self.number("Q") for _ in range(5)]
        values += [(self.number("Q"), self.number("Q")) for _ in range(4)]
        values += [self.number("Q") for _ in range(2)]
        return dict(zip(ATTR, values))

    def field(self, letter):
        if letter == "s":
            return self.string()
        if letter == "q":
            return self.qid()
        if letter == "k":
            return [self.qid() for _ in range(self.number("H"))]
        if letter == "n":
            return [self.string() for _ in range(self.number("H"))]
        if letter == "a":
            return self.attr()
        if letter == "p":
            return self.take(self.number("I"))
        if letter in "ic":
            return self.take({"i": 16, "c": 32}[letter])
        return self.number(letter)

    def done(self):
        if self.at != len(self.data):
            raise ConnectionError("%d bytes too many" % (len(self.data) - self.at))


def decode(shape, data):
    cursor = Bytes(data)
    values = [cursor.field(letter) for letter in shape]
    cursor.done()
    return values[0] if len(values) == 1 else tuple(values) or None


def entries(data):
    """Of Rreaddir: [(qid, offset, type, name)]"""
    cursor, found = Bytes(data), []
    while cursor.at < len(data):
        found.append((cursor.qid(), cursor.number("Q"), cursor.number("B"), cursor.string()))
    return found


def entries_attr(data):
    """Of Rreaddirattr: [(attr, offset, type, name)]"""
    cursor, found = Bytes(data), []
    while cursor.at < len(data):
        found.append((cursor.attr(), cursor.number("Q"), cursor.number("B"), cursor.string()))
    return found


def comes_true(condition, seconds=60):
    """Whether it comes true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def connect(address):
    """unix:PATH, tcp:HOST:PORT, or vsock:CID:PORT"""
    kind, rest = address.split(":", 1)
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(rest)
    elif kind == "vsock":
        cid, port = rest.split(":")
        sock = socket.socket(socket.AF_VSOCK)
        sock.connect((int(cid), int(port)))
    else:
        host, port = rest.rsplit(":", 1)
        sock = socket.create_connection((host.strip("[]"), int(port)))
    return sock


class Client:
    """One connection.  Each message is a method; send() and receive() are its halves."""

    def __init__(self, address, version=HF1, msize=65536, timeout=60, sock=None):
        self.sock = sock or connect(address)
        self.sock.settimeout(timeout)
        self.tags, self.fids, self.waiting, self.got = {}, 0, {}, {}
        self.last_tag = 0
        self.msize = msize
        if version:
            self.msize, self.version_is = self.version(msize, version)

    def close(self):
        self.sock.close()

    def __getattr__(self, name):
        if name not in MESSAGES:
            raise AttributeError(name)
        return lambda *values: self.receive(self.send(name, *values))

    def new_tag(self):
        self.last_tag = (self.last_tag + 1) % 0xff00
        return self.last_tag

    def raw(self, data):
        self.sock.sendall(data)

    def frame(self, name, values, tag):
        number, shape, _ = MESSAGES[name]
        return frame(number, tag, encode(shape, values))

    def send(self, name, *values, tag=None):
        if tag is None:
            tag = NOTAG if name == "version" else self.new_tag()
        self.waiting[tag] = name
        self.raw(self.frame(name, values, tag))
        return tag

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(min(size - len(data), 1 << 20))
            if not more:
                raise ConnectionError("the server hangs up")
            data += more
        return data

    def next(self):
        """The next reply, whosever: (tag, type, body)."""
        size, kind, tag = struct.unpack("<IBH", self.exactly(7))
        if size < 7 or size > self.msize:
            raise ConnectionError("a frame of %d bytes" % size)
        return tag, kind, self.exactly(size - 7)

    def receive(self, tag):
        while tag not in self.got:
            came, kind, body = self.next()
            if came not in self.waiting or came in self.got:
                raise ConnectionError("a reply for tag %d, which nobody waits for" % came)
            self.got[came] = kind, body
        kind, body = self.got.pop(tag)
        name = self.waiting.pop(tag)
        number, _, shape = MESSAGES[name]
        if kind == 7:
            raise Refused(struct.unpack("<I", body)[0], name)
        if kind != number + 1:
            raise ConnectionError("T%s is answered by type %d" % (name, kind))
        return decode(shape, body)

    def nothing_comes(self, seconds):
        """Whether no reply comes for so long."""
        self.sock.settimeout(seconds)
        try:
            came, kind, body = self.next()
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(60)
        self.got[came] = kind, body
        return False

    # What several messages make.

    def fid(self):
        self.fids += 1
        return self.fids

    def root(self, aname="", uid=0):
        fid = self.fid()
        self.attach(fid, NOFID, "", aname, uid)
        return fid

    def at(self, fid, path=""):
        """A new fid of what is at a path from another."""
        names, new = [n for n in path.split("/") if n], self.fid()
        qids = self.walk(fid, new, names[:16])
        if len(qids) != len(names[:16]):
            raise Refused(errno.ENOENT, "walk")
        if names[16:]:
            return self.at(new, "/".join(names[16:]))
        return new

    def opened(self, fid, path, flags=RDONLY):
        new = self.at(fid, path)
        try:
            self.lopen(new, flags)
        except Refused:
            self.clunk(new)
            raise
        return new

    def created(self, dir_fid, name, flags=RDWR | EXCL, mode=0o644, gid=0):
        new = self.at(dir_fid)
        try:
            self.lcreate(new, name, flags, mode, gid)
        except Refused:
            self.clunk(new)
            raise
        return new

    def read_all(self, fid, size=1 << 20):
        data, part = b"", None
        while part != b"":
            part = self.read(fid, len(data), size)
            data += part
        return data

    def write_all(self, fid, data, offset=0):
        done = 0
        while done < len(data):
            done += self.write(fid, offset + done, data[done:done + self.msize - 24])
        return done

    def list(self, fid, count=8192):
        found, offset = [], 0
        while True:
            part = entries(self.readdir(fid, offset, count))
            if not part:
                return found
            found += part
            offset = part[-1][1]

    def set(self, fid, valid, mode=0, uid=0, gid=0, size=0, atime=(0, 0), mtime=(0, 0)):
        self.setattr(fid, valid, mode, uid, gid, size, *atime, *mtime)

    def xattr(self, fid, name):
        new = self.fid()
        size = self.xattrwalk(fid, new, name)
        value = self.read_all(new) if size else b""
        self.clunk(new)
        if len(value) != size:
            raise ConnectionError("an attribute of %d bytes, not %d" % (len(value), size))
        return value

    def set_xattr(self, fid, name, value, flags=0):
        new = self.at(fid)
        try:
            self.xattrcreate(new, name, len(value), flags)
            if value:
                self.write_all(new, value)
        except Refused:
            self.clunk(new)
            raise
        self.clunk(new)


def outcome(function, *arguments, **how):
    """What it returns, or the name of its error."""
    try:
        return function(*arguments, **how)
    except ConnectionError:
        raise
    except OSError as error:
        return name_of(error.errno)


class Report:
    """Results as the guest's tests have them."""

    def __init__(self, prefix=""):
        self.prefix, self.failed = prefix, False

    def __call__(self, name, *pairs):
        wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
        self.failed |= bool(wrong)
        line = "%s%s" % (self.prefix, name)
        print("not ok %s: %s" % (line, wrong) if wrong else "ok %s" % line, flush=True)


CASES = {}


def case(function):
    """One of the program's cases, by its name."""
    CASES[function.__name__.replace("_", "-")] = function
    return function


def run_cases(cases, report, make):
    """Each case gets what @make returns; an exception is its failure."""
    import traceback
    for name, case in cases.items():
        try:
            report(name, *case(make(name)))
        except Exception:
            report(name, (traceback.format_exc().replace("\n", " | "), None))
