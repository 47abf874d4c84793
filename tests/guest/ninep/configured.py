#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""configured.py DIRECTORY: what the server's configuration takes, and what it says of the rest.

Nothing is configured before, nor afterwards.
"""
import errno
import os
import sys

import idmap
import p9
from config import Export

lower = sys.argv[1]
TOP = "/sys/kernel/config/holdfast/"
report = p9.Report()


def put(item, attribute, value):
    fd = os.open("%s%s/%s" % (TOP, item, attribute), os.O_WRONLY)
    try:
        os.write(fd, ("%s\n" % value).encode())
    finally:
        os.close(fd)


def get(item, attribute):
    with open("%s%s/%s" % (TOP, item, attribute)) as file:
        return file.read()


class Log:
    """What the kernel says from now on."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def text(self):
        said = b""
        try:
            while True:
                said += os.read(self.fd, 8192)
        except BlockingIOError:
            os.close(self.fd)
            return said.decode(errors="replace")


def wrong(name, item, attribute, value, error, says=""):
    """It is refused with this error, and the kernel says of which attribute, and why."""
    log = Log()
    answer = p9.outcome(put, item, attribute, value)
    text = "%s: %s: %s" % (item.replace("/", " "), attribute, says)
    report("config-" + name, (answer, error), (text in log.text(), True))


def refusals():
    l, e = "listeners/l", "exports/e"
    wrong("family", l, "address", "pigeon:1", "EINVAL")
    wrong("port", l, "address", "tcp:127.0.0.1:99999", "EINVAL")
    wrong("msize", l, "msize", 100, "ERANGE")
    wrong("no-address", l, "enabled", 1, "EINVAL", "there is no address")
    wrong("relative", e, "path", "srv", "EINVAL", "it is not absolute")
    wrong("host-bits", e, "clients", "10.0.0.1/8", "EINVAL")
    wrong("user", e, "users", 1000, "EINVAL")
    wrong("squash", e, "squash", "some", "EINVAL")
    wrong("number", e, "threads", "1x", "EINVAL")
    wrong("range", e, "threads", 100000, "ERANGE")
    wrong("identity", e, "identity", 12, "EINVAL", "it is not 32 hexadecimal digits")
    wrong("no-path", e, "enabled", 1, "EINVAL", "there is no path")
    wrong("long", e, "path", "/" * 4095, "E2BIG", "more than one write")
    for name, path, error, says in (("nowhere", "/srv/nowhere", "ENOENT", "path is no directory"),
                                    ("file", "/etc/passwd", "ENOTDIR", "path is no directory")):
        put(e, "path", path)
        wrong(name, e, "enabled", 1, error, says)


def mapped():
    os.mkdir("/srv/mapped")
    idmap.mount(lower, "/srv/mapped")
    put("exports/e", "path", "/srv/mapped")
    wrong("idmapped", "exports/e", "enabled", 1, "EOPNOTSUPP", "path is on an idmapped mount")
    idmap.unmount("/srv/mapped")


def enabled():
    e = "exports/e"
    put(e, "path", lower)
    for users in "1000 100,300", "1001 100", "-1001":
        put(e, "users", users)
    put(e, "enabled", 1)
    wrong("enabled", e, "path", "/tmp", "EBUSY", "not while it is enabled")
    report("config-users", (get(e, "users"), "1000 100,300\n"))
    os.mkdir(TOP + "exports/f")
    put("exports/f", "path", lower)
    put("exports/f", "identity", get(e, "identity").strip())
    wrong("twin", "exports/f", "enabled", 1, "EEXIST", "there is an export")
    os.rmdir(TOP + "exports/f")


def many_users():
    """What there is no room for is left out, and no number is half there."""
    os.mkdir(TOP + "exports/e")
    users = ["%d 100,300,%d" % (i, i + 100000) for i in range(1, 301)]
    for line in users:
        put("exports/e", "users", line)
    lines = get("exports/e", "users").splitlines()
    report("config-many-users", (len(lines) > 100, True), (set(lines) - set(users), set()))
    os.rmdir(TOP + "exports/e")


def come():
    try:
        return p9.Client("unix:/run/hf/small.sock")
    except ConnectionError:
        return None


def strangers():
    """Those whom no export lists have an eighth of a listener, and are no stranger once listed."""
    listener = "listeners/small"
    os.mkdir(TOP + listener)
    put(listener, "address", "unix:/run/hf/small.sock")
    put(listener, "max_connections", 16)
    put(listener, "enabled", 1)
    first = [come() for _ in range(3)]
    pairs = [([bool(c) for c in first], [True, True, False])]
    with Export("e", path=lower):
        listed = [come() for _ in range(14)]
        pairs += [(all(listed), True), (come(), None)]
        first[0].root("e")
        report("strangers", *pairs)
    os.rmdir(TOP + listener)


os.mkdir(TOP + "listeners/l")
os.mkdir(TOP + "exports/e")
refusals()
mapped()
enabled()
os.rmdir(TOP + "exports/e")
os.rmdir(TOP + "listeners/l")
many_users()
strangers()
sys.exit(report.failed)
