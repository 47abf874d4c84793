#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""smb.py NAME=DIRECTORY...: locks of one directory: "local", on its server; "mount", by
the 9P client; and "smb", that mount as ksmbd serves it.

smb.py child FILE try|wait: locks it, says how that ended, and unlocks it when it is told to.
"""
import errno
import fcntl
import os
import select
import subprocess
import sys

#: Nothing takes so long; only what would wait for ever.
LONG = 60


def child(path, how):
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    print("asks", flush=True)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | (fcntl.LOCK_NB if how == "try" else 0))
        said = "has"
    except OSError as e:
        said = errno.errorcode[e.errno]
    print(said, flush=True)
    sys.stdin.readline()
    fcntl.lockf(fd, fcntl.LOCK_UN)
    print("gave", flush=True)
    sys.stdin.readline()


class Locker:
    def __init__(self, place, how):
        path = f"{places[place]}/locked"
        self.process = subprocess.Popen([sys.executable, __file__, "child", path, how],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.said = b""
        self.expect("asks")

    def says(self, seconds=LONG):
        while b"\n" not in self.said:
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                return None
            more = os.read(self.process.stdout.fileno(), 100)
            if not more:
                return "nothing more"
            self.said += more
        line, self.said = self.said.split(b"\n", 1)
        return line.decode()

    def expect(self, *what):
        said = self.says()
        assert said in what, f"{said}, not {what}"

    def unlock(self):
        self.process.stdin.write(b"\n")
        self.expect("gave")

    def end(self):
        self.process.kill()
        self.process.wait()


def excludes(one, other):
    """Of the same kind of lock; who was refused has it later."""
    a, b = Locker(one, "try"), Locker(other, "try")
    a.expect("has")
    b.expect("EAGAIN", "EACCES")
    a.unlock()
    c = Locker(other, "try")
    c.expect("has")
    for each in a, b, c:
        each.end()


def handed_over(one, other):
    a = Locker(one, "try")
    a.expect("has")
    b = Locker(other, "wait")
    assert b.says(0.5) is None, "has what is locked"
    # The mount is served while somebody waits.
    os.stat(f"{places[other]}/")
    a.unlock()
    b.expect("has")
    excluded = Locker(one, "try")
    excluded.expect("EAGAIN", "EACCES")
    b.unlock()
    for each in a, b, excluded:
        each.end()


def killed(one, other):
    """Who is killed while he waits has nothing when it comes free."""
    a = Locker(one, "try")
    a.expect("has")
    b = Locker(other, "wait")
    assert b.says(0.5) is None, "has what is locked"
    b.end()
    a.unlock()
    c = Locker(one, "wait")
    c.expect("has")
    for each in a, c:
        each.end()


def closed(one, other):
    """Whose file is closed, by his end, has no lock."""
    a = Locker(one, "try")
    a.expect("has")
    b = Locker(other, "wait")
    a.end()
    b.expect("has")
    b.end()


def main():
    for what in excludes, handed_over, killed, closed:
        for one, other in ("local", "smb"), ("smb", "local"), ("mount", "smb"), ("smb", "mount"):
            name = f"{what.__name__.replace('_', '-')}-{one}-{other}"
            try:
                what(one, other)
                print(f"ok {name}", flush=True)
            except (AssertionError, OSError) as e:
                print(f"not ok {name}: {e!r}", flush=True)


if sys.argv[1] == "child":
    child(*sys.argv[2:])
else:
    places = dict(place.split("=", 1) for place in sys.argv[1:])
    main()
