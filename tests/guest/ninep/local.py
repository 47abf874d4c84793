# SPDX-License-Identifier: GPL-2.0-only
"""Processes that lock, by fcntl(2) and flock(2), for whoever does something else meanwhile."""
import errno
import fcntl
import os
import select
import signal


class Local:
    """A process of its own with a file open, which locks when it is told to."""

    def __init__(self, path):
        self.parent, child = os.pipe(), os.pipe()
        self.to = child
        self.pid = os.fork()
        if not self.pid:
            try:
                self.serve(path)
            finally:
                os._exit(1)
        self.read = os.fdopen(self.parent[0], "r")

    def serve(self, path):
        fd = os.open(path, os.O_RDWR)
        commands = os.fdopen(self.to[0], "r")
        while True:
            line = commands.readline().split()
            if not line:
                os._exit(0)
            name, rest = line[0], [int(x) for x in line[1:]]
            try:
                done = self.act(fd, name, rest)
            except OSError as error:
                done = errno.errorcode[error.errno]
            os.write(self.parent[1], ("%s\n" % done).encode())

    def act(self, fd, name, rest):
        if name == "flock":
            return fcntl.flock(fd, rest[0])
        kind, start, length = rest
        return fcntl.lockf(fd, kind, length, start) if name == "lockf" else None

    def tell(self, *words):
        os.write(self.to[1], (" ".join(map(str, words)) + "\n").encode())

    def hear(self):
        return self.read.readline().strip()

    def call(self, *words):
        self.tell(*words)
        return self.hear()

    def is_waiting(self, seconds=0.3):
        return not select.select([self.parent[0]], [], [], seconds)[0]

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
