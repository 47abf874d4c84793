# SPDX-License-Identifier: GPL-2.0-only
"""Programs of a test: processes that make system calls one by one, as they are told."""
import ctypes
import os
import pickle
import selectors
import signal
import socket
import struct
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ninep"))
import p9

libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result:
        raise OSError(ctypes.get_errno(), "")


def mount(path, target, options, trans="unix"):
    options = "trans=%s,aname=data,localio=off,%s" % (trans, options)
    checked(libc.mount(path.encode(), target.encode(), b"holdfast9p", 0, options.encode()))


def mount_fd(path, target, options):
    """By a connection of the program's, which it keeps as well."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    mount("none", target, "fd=%d,%s" % (sock.detach(), options), "fd")


MNT_FORCE, MNT_DETACH = 1, 2


def umount(target, flags=0):
    checked(libc.umount2(target.encode(), flags))


AT_EMPTY_PATH, AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC, STATX_BASIC = 0x1000, 0x2000, 0x4000, 0x7ff


def statx_size(fd, flags):
    buf = ctypes.create_string_buffer(256)
    checked(libc.statx(fd, b"", AT_EMPTY_PATH | flags, STATX_BASIC, buf))
    return struct.unpack_from("<Q", buf, 40)[0]


def size_here(fd):
    """What the client takes a file's size for, without asking."""
    return statx_size(fd, AT_STATX_DONT_SYNC)


def size_there(fd):
    """What the server says, who is asked in any case."""
    return statx_size(fd, AT_STATX_FORCE_SYNC)


def whole(path):
    with open(path, "rb", 0) as file:
        return file.read()


def store(path, data):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)


def write_text(path, text):
    with open(path, "w") as file:
        file.write(text)


def close_all(keep):
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd > 2 and fd not in keep:
            try:
                os.close(fd)
            except OSError:
                pass


DEEDS = {f.__name__: f for f in (mount, mount_fd, umount, size_here, size_there, whole, store, write_text)}


class Program:
    """A process that does what it is told, one thing at a time."""

    def __init__(self, loop, uid=0):
        self.loop, self.answer, self.busy, self.uid = loop, b"", False, uid
        to_read, self.ask = os.pipe()
        self.read, to_write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.pid = os.fork()
        if not self.pid:
            self.live(to_read, to_write, uid)
        os.close(to_read)
        os.close(to_write)
        loop.watch(self.read, selectors.EVENT_READ, self.ready)

    def live(self, read, write, uid):
        try:
            # Nothing of the proxy's, or its connections would not end.
            close_all((read, write))
            DEEDS["forget"] = lambda: close_all((read, write))
            if uid:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            with os.fdopen(read, "rb") as asked, os.fdopen(write, "wb") as told:
                while True:
                    name, values = pickle.load(asked)
                    pickle.dump(self.perform(name, values), told)
                    told.flush()
        except EOFError:
            pass
        finally:
            os._exit(0)

    def perform(self, name, values):
        try:
            function = DEEDS.get(name) or getattr(os, name)
            return function(*values)
        except OSError as error:
            return p9.name_of(error.errno)
        except BaseException as error:
            return repr(error)

    def ready(self, _):
        more = os.read(self.read, 1 << 20)
        self.answer += more
        if not more:
            self.loop.watch(self.read, 0, None)
            self.pid_is_over()

    def pid_is_over(self):
        os.waitpid(self.pid, 0)
        os.close(self.read)
        os.close(self.ask)
        self.pid = None

    def start(self, name, *values):
        assert not self.busy, "it is still at something"
        self.busy = True
        os.write(self.ask, pickle.dumps((name, values)))

    def is_done(self):
        """Pickles end with a dot, and what is here is a whole one or the first part of one."""
        if self.pid is None:
            return True
        try:
            pickle.loads(self.answer)
            return True
        except (EOFError, pickle.UnpicklingError):
            return False

    def result(self):
        self.loop.until(self.is_done)
        self.busy = False
        answer, self.answer = self.answer, b""
        return pickle.loads(answer) if answer else "killed"

    def do(self, name, *values):
        self.start(name, *values)
        return self.result()

    def kill(self, number=signal.SIGKILL):
        """Returns when it is over, which a killed process that hangs is not."""
        if self.pid:
            os.kill(self.pid, number)
            self.loop.until(lambda: self.pid is None)
