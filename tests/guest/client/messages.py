#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""messages.py MOUNT PREFIX KIND: what the client asks the server for, message by message.

The mount has an empty directory, of a server that nobody else uses.  KIND: loose, strict
(names and attributes are believed all the time), or plain (strict, without hf1).
Messages are those of the tracepoint hf9c_sent, but for Tclunk, which nobody waits for.
"""
import collections
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ninep"))
from p9 import MESSAGES

mount, prefix, kind = sys.argv[1:]
BY_NUMBER = {number: name for name, (number, _, _) in MESSAGES.items()}
TRACING = "/sys/kernel/tracing/"
top = mount + "/messages"
DIRS, FILES = 3, 5


def tracing(name, text):
    with open(TRACING + name, "w") as file:
        file.write(text)


def asked(step):
    """What a step makes the client ask for: {message: how often}."""
    tracing("trace", "")
    step()
    with open(TRACING + "trace") as file:
        numbers = [int(line.rsplit(" ", 1)[1]) for line in file if " hf9c_sent: " in line]
    names = collections.Counter(BY_NUMBER[number] for number in numbers)
    del names["clunk"]
    return dict(names)


def write(path, data, flags=os.O_CREAT | os.O_EXCL):
    fd = os.open(path, flags | os.O_WRONLY)
    os.write(fd, data)
    os.close(fd)


def read(path):
    fd = os.open(path, os.O_RDONLY)
    while os.read(fd, 1 << 16):
        pass
    os.close(fd)


def walk():
    """As ls -lR and git status do."""
    for where, dirs, files in os.walk(top):
        for name in dirs + files:
            os.lstat(where + "/" + name)


def make():
    for d in range(DIRS):
        os.makedirs("%s/d%d" % (top, d))
        for f in range(FILES):
            write("%s/d%d/f%d" % (top, d, f), b"text")


def remount():
    """Nothing is known then."""
    subprocess.run(["umount", mount], check=True)
    options = "localio=off," + os.environ["HF_OPTIONS"]
    subprocess.run(["mount", "-t", "holdfast9p", "-o", options, os.environ["HF_ADDRESS"], mount], check=True)


STEPS = {
    "walk": walk,
    "walk-again": walk,
    "stat": lambda: os.stat(top + "/d1/f1"),
    "read": lambda: read(top + "/d1/f1"),
    "read-again": lambda: read(top + "/d1/f1"),
    "missing": lambda: os.path.exists(top + "/d1/none"),
    "missing-again": lambda: os.path.exists(top + "/d1/none"),
    "list": lambda: os.listdir(top + "/d1"),
    "create": lambda: write(top + "/d1/new", b"new"),
    "append": lambda: write(top + "/d1/new", b"more", os.O_APPEND),
    "chmod": lambda: os.chmod(top + "/d1/new", 0o600),
    "rename": lambda: os.rename(top + "/d1/new", top + "/d1/other"),
    "unlink": lambda: os.unlink(top + "/d1/other"),
    "mkdir": lambda: os.mkdir(top + "/dir"),
    "rmdir": lambda: os.rmdir(top + "/dir"),
}
# Of HF1 both, but for what a write and its close ask in strict.
NAMES = {
    "walk": {"walkattr": 1, "walk": 3, "openattr": 4, "readdirattr": 4, "readdir": 4},
    "walk-again": {},
    "stat": {},
    "missing": {"walkattr": 1},
    "missing-again": {},
    "list": {},
    "chmod": {"setattr": 1, "getattr": 1},
    "rename": {"walkattr": 1, "renameat": 1},
    "unlink": {"unlinkat": 1},
    "mkdir": {"walkattr": 2, "mkdir": 1},
    "rmdir": {"unlinkat": 1},
}
WANTED = {
    "loose": {
        **NAMES,
        "read": {"walk": 1, "openattr": 1, "read": 1},
        "read-again": {},
        "create": {"createattr": 1},
        "append": {"walk": 1, "openattr": 1},
    },
    "strict": {
        **NAMES,
        "read": {"walk": 1, "openattr": 1, "read": 1},
        "read-again": {"openattr": 1},
        "create": {"createattr": 1, "write": 1, "getattr": 1},
        "append": {"walk": 1, "openattr": 2, "write": 1, "getattr": 1},
    },
    "plain": {
        "walk": {"walk": 23, "getattr": 23, "lopen": 4, "readdir": 8},
        "walk-again": {},
        "stat": {},
        "read": {"walk": 1, "lopen": 1, "getattr": 1, "read": 2},
        "read-again": {"walk": 1, "lopen": 1, "getattr": 1},
        "missing": {"walk": 1},
        "missing-again": {},
        "list": {},
    "list": {},
        "create": {"walk": 1, "lcreate": 1, "getattr": 2, "write": 1},
        "append": {"walk": 3, "lopen": 2, "getattr": 3, "write": 1},
        "chmod": {"setattr": 1, "getattr": 1},
        "rename": {"walk": 1, "renameat": 1},
        "unlink": {"unlinkat": 1},
        "mkdir": {"walk": 2, "mkdir": 1, "getattr": 1},
        "rmdir": {"unlinkat": 1},
    },
}


def settle():
    """Until a second change of a directory would have another time than the last one."""
    newest = max(os.stat(where).st_ctime for where, _, _ in os.walk(top))
    while time.time() < newest + 4:
        time.sleep(0.1)


def main():
    make()
    settle()
    remount()
    os.stat(mount)
    tracing("events/holdfast/hf9c_sent/enable", "1")
    wrong = []
    for name, step in STEPS.items():
        seen = asked(step)
        wanted = WANTED[kind][name]
        if seen != wanted:
            wrong.append("%s: %s, not %s" % (name, seen, wanted))
    tracing("events/holdfast/hf9c_sent/enable", "0")
    print("not ok %s: %s" % (prefix, "; ".join(wrong)) if wrong else "ok %s" % prefix, flush=True)


main()
