#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""appends.py SERVED MOUNT...: two of each mount append records to one file, all at the same time.

Every record has to be in the file that is served, whole, and once; and each mount shows
that file.
"""
import os
import random
import sys

RECORDS = 30
served, mounts = sys.argv[1], sys.argv[2:]


def record(who, number):
    text = b"%d %d " % (who, number)
    return text + b"." * random.Random(who * 1000 + number).choice((5, 200, 4096, 9000)) + b"\n"


def writer(path, who):
    fd = os.open(path, os.O_RDWR | os.O_APPEND)
    for number in range(RECORDS):
        data = record(who, number)
        assert os.write(fd, data) == len(data)
        end = os.lseek(fd, 0, os.SEEK_CUR)
        # What was just written is there for who has written it.
        assert end <= os.fstat(fd).st_size
        assert data in os.pread(fd, 200000, max(0, end - 200000)), (who, number, end)
    os.close(fd)


def start(path, who):
    pid = os.fork()
    if pid:
        return pid
    try:
        writer(path, who)
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def main():
    with open(served + "/appended", "wb") as file:
        file.write(b"begin\n")
    os.chmod(served + "/appended", 0o666)
    writers = [start(mount + "/appended", 10 * i + twin) for i, mount in enumerate(mounts) for twin in (0, 1)]
    failed = [pid for pid in writers if os.waitpid(pid, 0)[1]]
    assert not failed, "a writer has failed"
    with open(served + "/appended", "rb") as file:
        lines = file.read().splitlines(True)
    wanted = sorted([record(10 * i + twin, number) for i in range(len(mounts)) for twin in (0, 1)
                     for number in range(RECORDS)] + [b"begin\n"])
    assert sorted(lines) == wanted, "%d lines of %d, %d differ" % (
        len(lines), len(wanted), len(set(wanted) - set(lines)))
    for mount in mounts:
        with open(mount + "/appended", "rb") as file:
            assert file.read() == b"".join(lines), mount
    os.unlink(served + "/appended")


main()
