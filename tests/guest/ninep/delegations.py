#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""delegations.py ADDRESS EXPORT DIRECTORY NFS LINK [PREFIX]: 9P beside what nfsd has delegated.

NFS is the mount of an NFSv4 client of the exported DIRECTORY, LINK the server's end of
its network.  What a 9P client does recalls the delegation, and waits without a thread
until it is back; that of a client that cannot be reached, until nfsd takes it away.
"""
import os
import subprocess
import sys

from config import parked, until
from p9 import *

address, export, top, nfs, link = sys.argv[1:6]
report = Report(sys.argv[6] if len(sys.argv) > 6 else "")


def is_delegated(ino):
    """By its own line: others come and go meanwhile, when the client returns them."""
    for path in "/proc/locks", "/proc/fs/holdfast/leases":
        if os.path.exists(path):
            with open(path) as file:
                if any(" DELEG " in line and ":%d " % ino in line for line in file):
                    return True
    return False


class Delegated:
    """A file that the NFS client has open, and has a delegation of."""

    def __init__(self, name):
        self.name, self.path = name, "%s/%s" % (top, name)
        with open(self.path, "w") as file:
            file.write("data")
        self.ino = os.stat(self.path).st_ino
        until(self.is_given)

    def is_given(self):
        self.fd = os.open("%s/%s" % (nfs, self.name), os.O_RDONLY)
        if is_delegated(self.ino):
            return True
        os.close(self.fd)
        return False


def make(name):
    c = Client(address)
    c.top = c.root(export)
    return c


def recalls(c, name, act):
    """What it answers, when that has cost the delegation."""
    file = Delegated("9p-" + name)
    said = outcome(act, file.name)
    until(lambda: not is_delegated(file.ino))
    os.close(file.fd)
    return said


@case
def recalled(c):
    at = lambda name: c.at(c.top, name)
    return [(isinstance(recalls(c, "open", lambda n: c.lopen(at(n), WRONLY)), tuple), True),
            (isinstance(recalls(c, "cut", lambda n: c.lopen(at(n), RDONLY | TRUNC)), tuple), True),
            (recalls(c, "size", lambda n: c.set(at(n), SET_SIZE, size=1)), None),
            (recalls(c, "mode", lambda n: c.set(at(n), SET_MODE, 0o600)), None),
            (recalls(c, "link", lambda n: c.link(c.top, at(n), n + "-2")), None),
            (recalls(c, "rename", lambda n: c.renameat(c.top, n, c.top, n + "-2")), None),
            (recalls(c, "remove", lambda n: c.unlinkat(c.top, n, 0)), None),
            (recalls(c, "xattr", lambda n: c.set_xattr(at(n), "user.a", b"1")), None)]


@case
def unreachable(c):
    """It waits without a thread: others are served, a Tflush ends it, and so does nfsd."""
    file = Delegated("9p-far")
    subprocess.run(["ip", "link", "set", link, "down"], check=True)
    pairs = []
    for name, rest in ("unlinkat", (c.top, file.name, 0)), ("lopen", (c.at(c.top, file.name), WRONLY)):
        tag = c.send(name, *rest)
        until(lambda: parked() == 1)
        pairs += [(c.getattr(c.top, 0)["qid"].type, 0x80), (c.flush(tag), None), (tag in c.got, False),
                  (os.path.exists(file.path), True)]
    pairs.append((c.unlinkat(c.top, file.name, 0), None))
    pairs.append((os.path.exists(file.path), False))
    subprocess.run(["ip", "link", "set", link, "up"], check=True)
    os.close(file.fd)
    return pairs


run_cases(CASES, report, make)
sys.exit(report.failed)
