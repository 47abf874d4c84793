#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""hostile.py ADDRESS ANAME SECONDS [SEED]: messages at random, most of them nearly right.

Fids and names are few, so that requests meet each other; replies are not waited for,
connections end at any time.  The server has to answer a well-behaved client after
each, and the kernel to have nothing to say.

With HF_FAULTS in the environment the server may have no memory for anything: then
who behaves well may be refused, too, until the end, when that is over.
"""
import os
import random
import struct
import sys
import time

import p9

address, aname, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().getrandbits(32)
rng = random.Random(seed)
faults = "HF_FAULTS" in os.environ
name = "hostile-without-memory" if faults else "hostile"
NAMES = [b"a", b"b", b"c", b"d", b"", b".", b"..", b"a/b", b"\0", b"x" * 255, b"x" * 300]
XATTRS = [b"user.a", b"trusted.holdfast.key", b"system.posix_acl_access", b""]
EDGES = [0, 1, 2, 7, 0x7f, 0xff, 0x1000, 0xffff, 0x7fffffff, 0xffffffff, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


def number(letter):
    bits = 8 * struct.calcsize("<" + letter)
    if letter == "I" and rng.random() < 0.6:
        return rng.randrange(6)                 # a fid, as often as not
    if rng.random() < 0.5:
        return rng.randrange(4096) & ((1 << bits) - 1)
    return rng.choice(EDGES) & ((1 << bits) - 1)


def string():
    return rng.choice(NAMES[:4] if rng.random() < 0.8 else NAMES + XATTRS)


def value(letter):
    if letter == "s":
        return string()
    if letter == "n":
        return [string() for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 16, 17]))]
    if letter == "p":
        return rng.randbytes(rng.choice([0, 1, 100, 4096, 30000]))
    if letter == "i":
        return rng.randbytes(16)
    return number(letter)


def body(shape):
    return b"".join(struct.pack("16s", value(c)) if c == "i" else p9.encode(c, [value(c)]) for c in shape)


def message():
    name = rng.choice(list(p9.MESSAGES))
    if name == "version" and rng.random() < 0.9:
        name = "getattr"
    kind, shape, _ = p9.MESSAGES[name]
    data = body(shape)
    if name == "flush":
        data = struct.pack("<H", rng.randrange(40))
    return frame(kind, rng.randrange(40), data)


def frame(kind, tag, data):
    size = 7 + len(data)
    if rng.random() < 0.01:
        size = rng.choice(EDGES) & 0xffffffff
    if rng.random() < 0.02:
        kind = rng.randrange(256)
    out = bytearray(struct.pack("<IBH", size, kind, tag) + data)
    if rng.random() < 0.05 and len(out) > 7:
        out[rng.randrange(7, len(out))] = rng.randrange(256)
    return bytes(out)


def drain(sock):
    """What has come, without waiting."""
    try:
        while sock.recv(1 << 16):
            pass
    except BlockingIOError:
        return
    raise ConnectionError


def one():
    c = p9.Client(address, version=rng.choice([p9.HF1, p9.HF1, p9.DOTL]))
    try:
        c.attach(0, p9.NOFID, "", aname, rng.choice([0, 1000]))
        for fid in range(1, 4):
            c.walk(0, fid, [])
        c.sock.setblocking(False)
        for _ in range(rng.choice([1, 10, 200])):
            sent = message()
            c.sock.send(sent)
            if rng.random() < 0.7:
                drain(c.sock)
    except (ConnectionError, BlockingIOError):
        pass
    finally:
        c.close()


def well():
    c = p9.Client(address)
    root = c.root(aname)
    c.getattr(root, 0x3fff)
    c.close()


print("# seed %d" % seed, flush=True)
end, rounds = time.monotonic() + seconds, 0
while time.monotonic() < end:
    try:
        one()
        if rounds % 10 == 9:
            well()
    except OSError:
        if not faults:
            raise
    rounds += 1
print("# %d connections" % rounds)
if faults:
    with open("/sys/kernel/debug/failslab/probability", "w") as file:
        file.write("0")
well()
print("ok " + name if rounds > 5 else "not ok %s: %d connections only" % (name, rounds))
