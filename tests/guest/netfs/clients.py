#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""clients.py A B: two clients of one file: each sees what the other has closed, and
neither sends a byte that it did not write."""
import mmap
import os
import random
import sys
import threading

a, b = sys.argv[1:3]
PAGE = 4096


def result(name, wrong):
    print("not ok %s: %s" % (name, wrong) if wrong else "ok " + name, flush=True)


def put(path, data, flags=os.O_TRUNC):
    fd = os.open(path, os.O_WRONLY | flags)
    done = 0
    while done < len(data):
        done += os.write(fd, data[done:])
    os.close(fd)


def get(path):
    with open(path, "rb", buffering=0) as f:
        return f.readall()


def differs(seen, wanted):
    if seen == wanted:
        return None
    if len(seen) != len(wanted):
        return "%d bytes for %d" % (len(seen), len(wanted))
    at = next(i for i in range(len(seen)) if seen[i] != wanted[i])
    return "byte %d is %d for %d" % (at, seen[at], wanted[at])


def produce_and_consume():
    """Same size, other bytes; other sizes; both directions."""
    rng = random.Random(1)
    for i in range(24):
        data = rng.randbytes(12943 if i % 3 else rng.choice([0, 1, 4095, 4096, 4097, 70001]))
        writer, reader = (a, b) if i % 2 else (b, a)
        put(writer, data)
        wrong = differs(get(reader), data)
        if wrong:
            return "round %d: %s" % (i, wrong)


def interleave(step, size=3 * PAGE + 77):
    """Bytes of one page belong to both: A writes each even run of STEP bytes, B the odd ones."""
    put(a, b"-" * size)
    want = bytearray(size)
    faults = []

    def write(path, mine, value):
        try:
            fd = os.open(path, os.O_RDWR)
            for at in range(mine * step, size, 2 * step):
                os.pwrite(fd, bytes([value]) * min(step, size - at), at)
            os.close(fd)
        except OSError as e:
            faults.append(e)

    threads = [threading.Thread(target=write, args=(p, m, v)) for p, m, v in ((a, 0, 65), (b, 1, 66))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for at in range(size):
        want[at] = 65 if at // step % 2 == 0 else 66
    return faults or differs(get(a), bytes(want)) or differs(get(b), bytes(want))


def grown_by_the_other():
    """What is cached behind an old end is not what is there."""
    put(a, b"x" * 5000)
    fd = os.open(b, os.O_RDONLY)
    os.pread(fd, 20000, 0)
    put(a, b"y" * 15000, flags=os.O_APPEND)
    seen = os.pread(fd, 30000, 0)
    if len(seen) < 20000:
        seen = get(b)
    os.close(fd)
    return differs(seen, b"x" * 5000 + b"y" * 15000)


def shrunk_by_the_other():
    put(a, b"x" * 20000)
    get(b)
    os.truncate(a, 6000)
    os.truncate(a, 12000)
    return differs(get(b), b"x" * 6000 + b"\0" * 6000)


def stored_behind_the_end():
    """What a mapping has behind the end is nobody's when the file grows."""
    put(a, b"x" * 2 * PAGE)
    fd = os.open(a, os.O_RDWR)
    with mmap.mmap(fd, 2 * PAGE) as m:
        os.ftruncate(fd, 5000)
        m[4990:5100] = b"z" * 110
        os.pwrite(fd, b"end", 9000)
        seen = os.pread(fd, 20000, 0)
    os.close(fd)
    want = b"x" * 4990 + b"z" * 10 + b"\0" * 4000 + b"end"
    return differs(seen, want) or differs(get(b), want)


def direct_beside_a_mapping():
    """Into a mapping of the very file that is read."""
    data = random.Random(2).randbytes(8 * PAGE)
    put(a, data)
    fd = os.open(a, os.O_RDWR | os.O_DIRECT)
    with mmap.mmap(fd, 8 * PAGE) as m:
        view = memoryview(m)
        got = os.preadv(fd, [view[0:3 * PAGE]], 4 * PAGE)
        seen = bytes(view[0:3 * PAGE])
        view.release()
    os.close(fd)
    return differs(seen, data[4 * PAGE:7 * PAGE]) or (got != 3 * PAGE and "%d read" % got) or \
        differs(get(b)[:3 * PAGE], data[4 * PAGE:7 * PAGE])


result("produce-and-consume", produce_and_consume())
for step in (1, 7, 100, 4096):
    result("interleave-%d" % step, interleave(step, 700 if step == 1 else 3 * PAGE + 77))
result("grown-by-the-other", grown_by_the_other())
result("shrunk-by-the-other", shrunk_by_the_other())
result("stored-behind-the-end", stored_behind_the_end())
result("direct-beside-a-mapping", direct_beside_a_mapping())
