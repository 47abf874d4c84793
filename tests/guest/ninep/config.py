# SPDX-License-Identifier: GPL-2.0-only
"""An export of a test's own, and what /proc says of the server."""
import os
import time

CONFIG = "/sys/kernel/config/holdfast/exports/"


class Export:
    """with Export(NAME, path=..., ...): it is enabled."""

    def __init__(self, name, **attributes):
        self.name, self.dir = name, CONFIG + name
        self.attributes = {"clients": "unix", "squash": "none", **attributes}

    def set(self, attribute, value):
        with open("%s/%s" % (self.dir, attribute), "w") as file:
            file.write("%s\n" % value)

    def __enter__(self):
        os.mkdir(self.dir)
        try:
            for attribute, value in self.attributes.items():
                self.set(attribute, value)
            self.set("enabled", 1)
        except OSError:
            os.rmdir(self.dir)
            raise
        return self

    def __exit__(self, *unused):
        self.set("enabled", 0)
        os.rmdir(self.dir)


def proc():
    with open("/proc/fs/holdfast/ninep") as file:
        return file.read()


def sum_of(what, export=None):
    """What the connections, those of one export or all, have of fids, requests, parked, bytes or locks."""
    lines, count = proc().splitlines(), 0
    for line, below in zip(lines, lines[1:]):
        if line.startswith("connection ") and (export is None or " export %s " % export in line):
            words = below.split()
            count += int(words[words.index(what) + 1])
    return count


def parked(export=None):
    """How many requests wait without a thread, or are just being tried again."""
    return sum_of("parked", export)


def threads(export):
    for line in proc().splitlines():
        words = line.split()
        if words[:2] == ["export", export]:
            return int(words[4])
    return 0


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(proc())
        time.sleep(0.02)
