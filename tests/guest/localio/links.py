# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel says of links, of its counters, and of the messages that came to the server.

A program that uses this has its directory and those of ../client, ../ninep and ../fs on
its path.
"""
import collections
import fcntl
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE] + [os.path.join(HERE, "..", name) for name in ("client", "ninep", "fs")]
from p9 import BY_NUMBER, MESSAGES

CONFIG = "/sys/kernel/config/holdfast/"
TRACING = "/sys/kernel/tracing/"
EVENT = TRACING + "events/holdfast/hf9_message/"
# What the bypass takes the place of.
IO = "read", "write", "fsync"
# What a hung test ends after, under the debug kernel on a machine with other work.
SECONDS = 120

Link = collections.namedtuple("Link", "number state client server files read written")


def put(path, text):
    with open(path, "w") as file:
        file.write(str(text) + "\n")


def lines(name):
    with open("/proc/fs/holdfast/" + name) as file:
        return [line.split() for line in file]


def links():
    """Those that are listed, the oldest first."""
    found = []
    for words in lines("localio"):
        if words[0] == "link":
            # The client's name may have blanks in it.
            server = len(words) - 1 - words[::-1].index("server")
            after = dict(zip(words[server + 2::2], words[server + 3::2]))
            found.append(Link(int(words[1]), words[2], " ".join(words[4:server]), words[server + 1],
                              *(int(after[name]) for name in ("files", "read", "written"))))
    return sorted(found)


def linked():
    return [link for link in links() if link.state == "linked"]


def stat(name):
    return next((int(words[1]) for words in lines("stats") if words[:1] == [name]), None)


def moved():
    """Bytes that links of now have read and written."""
    found = links()
    return sum(link.read for link in found), sum(link.written for link in found)


class Stuck(Exception):
    pass


def until(condition, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Stuck("%s did not become true; %s" % (condition, links()))
        time.sleep(0.05)


class Messages:
    """Which messages of IO came to the server since it was asked last."""

    def __init__(self, names=IO):
        put(EVENT + "filter", " || ".join("type == %d" % MESSAGES[name][0] for name in names))
        put(EVENT + "enable", 1)

    def clear(self):
        put(TRACING + "trace", "")

    def seen(self):
        with open(TRACING + "trace") as file:
            numbers = [int(line.split(" type ")[1].split(":")[0]) for line in file if " hf9_message: " in line]
        self.clear()
        return [BY_NUMBER[number] for number in numbers]

    def end(self):
        put(EVENT + "enable", 0)
        put(EVENT + "filter", 0)


def switch(export, on):
    put("%sexports/%s/localio" % (CONFIG, export), on)


def comes_back(path):
    """I/O on a file until there is a link again; that asks for one, no more often than each 5 s."""
    fd = os.open(path, os.O_RDONLY)

    def has_link():
        os.pread(fd, 1, 0)
        return linked()
    try:
        until(has_link)
    finally:
        os.close(fd)


class Frozen:
    """A filesystem, while something is done."""

    FIFREEZE, FITHAW = 0xC0045877, 0xC0045878

    def __init__(self, path):
        self.fd, self.is_frozen = os.open(path, os.O_RDONLY), False

    def __enter__(self):
        os.sync()
        fcntl.ioctl(self.fd, self.FIFREEZE, 0)
        self.is_frozen = True
        return self

    def thaw(self):
        if self.is_frozen:
            fcntl.ioctl(self.fd, self.FITHAW, 0)
        self.is_frozen = False

    def __exit__(self, *unused):
        self.thaw()
        os.close(self.fd)
