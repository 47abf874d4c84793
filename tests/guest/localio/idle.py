#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""idle.py MOUNT SERVED COUNT: a client that has COUNT files open by a link, and one mapped, and does nothing.

It says "open" then, and does what it reads: "io" reads and writes each and says "done"; "end"
does that, which fails of all that is not cached, and says "ended" when everything is closed.
"""
import mmap
import os
import resource
import sys

from links import linked, moved, until

mount, served, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
TEXT = b"idle %d" * 100


def text(number):
    return TEXT % ((number,) * 100)


def say(word):
    print(word, flush=True)


def use(fd, number):
    """What becomes of a read and a write: the wrong bytes are an end."""
    seen = []
    for call in (lambda: os.pread(fd, 10000, 0) == text(number)), (lambda: os.pwrite(fd, b"idle", 0) == 4):
        try:
            if not call():
                sys.exit("other bytes in %d" % number)
            seen.append(None)
        except OSError as error:
            seen.append(error.errno)
    return seen


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
    for number in range(count):
        with open("%s/idle%d" % (served, number), "wb") as file:
            file.write(text(number))
    until(linked)
    before = moved()
    fds = [os.open("%s/idle%d" % (mount, number), os.O_RDWR) for number in range(count)]
    for number, fd in enumerate(fds):
        if use(fd, number) != [None, None]:
            sys.exit("I/O fails")
    now = moved()
    if (now[0] - before[0], now[1] - before[1]) != (sum(len(text(number)) for number in range(count)), 4 * count):
        sys.exit("not all of it went by the link")
    mapping = mmap.mmap(fds[0], 100)
    if mapping[:4] != b"idle":
        sys.exit("other bytes are mapped")
    say("open %d" % sum(link.files for link in linked()))
    for line in sys.stdin:
        failed = [number for number, fd in enumerate(fds) if use(fd, number) != [None, None]]
        if line.strip() == "end":
            break
        say("failed %d" % len(failed) if failed else "done")
    mapping.close()
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            pass
    # What is mapped is cached.
    say("ended" if set(range(1, count)) <= set(failed) else "%d did not fail" % (count - len(failed)))


main()
