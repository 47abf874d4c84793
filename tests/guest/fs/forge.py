#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""forge.py EXPORTED LOWERDIR PREFIX: forged file handles, over the wire.

EXPORTED, a directory of the mount, is exported by knfsd; LOWERDIR is what the
mount stands for.  Nothing that is outside LOWERDIR may be reached, by whatever
handle, and a true handle works to the end.
"""
import os
import random
import struct
import sys

import nfs3
from calls import *

exported, lower, prefix = sys.argv[1:4]
inside = lower + "/" + os.path.basename(exported)
outside = os.path.dirname(lower) + "/beyond"
REFUSED = (nfs3.STALE, nfs3.BADHANDLE, "RPC 4")     # the last: too long or empty
SECRET = b"not to be seen"
client = nfs3.Client()


def report(name, wrong):
    print("not ok %s-%s: %s" % (prefix, name, wrong[:5]) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def refused(what, handle, everything=False):
    """What is wrong with the answers: a list, empty if nothing is."""
    calls = [(nfs3.GETATTR, b"")]
    if everything:
        name, wanted = nfs3.opaque(b"file"), struct.pack(">IIIIIII", 1, 0o777, 0, 0, 0, 0, 0) + bytes(4)
        calls += [(nfs3.READ, struct.pack(">QI", 0, 100)), (nfs3.LOOKUP, name), (nfs3.REMOVE, name), (nfs3.SETATTR, wanted),
                  (nfs3.WRITE, struct.pack(">QII", 0, 4, 2) + nfs3.opaque(b"mine")), (nfs3.COMMIT, struct.pack(">QI", 0, 0)),
                  (nfs3.READDIR, struct.pack(">QQI", 0, 0, 1000))]
    answers = [(procedure, client.call(procedure, handle, arguments)[0]) for procedure, arguments in calls]
    return [(what, handle.hex(), procedure, status) for procedure, status in answers if status not in REFUSED]


def make():
    os.makedirs(inside + "/dir", exist_ok=True)
    os.makedirs(outside + "/dir", exist_ok=True)
    put(inside + "/file", b"to be seen")
    put(outside + "/file", SECRET)
    put(outside + "/dir/file", SECRET)


def of_outside(head, ours):
    """Handles that name what is outside, in every dress."""
    for path in ("/file", "/dir", "/dir/file", "", "/.."):
        kind, target = name_to_handle(outside + path)
        # The lower filesystem's own; that under our type; behind a head of ours.
        yield path + " plain", head[:3] + bytes([kind]) + head[4:] + target
        yield path + " as ours", head + target
        for model in ours:
            for mac in (model[4:12], bytes(8), b"\xff" * 8, os.urandom(8)):
                yield path + " signed", head + bytes([model[0], kind, len(target) // 4, model[3]]) + mac + target


def mangled(good, start):
    """One bit changed, and every length; @start: where the fileid begins."""
    for bit in range(start * 8, len(good) * 8):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        yield "bit %d" % bit, bytes(bad)
    for kind in set(range(1, 256, 9)) | {1, 2, 3, 4, 0x47, 0x49, 0x81, 0x82, 0xfe, 0xff}:
        yield "type %d" % kind, good[:3] + bytes([kind]) + good[4:]
    for size in range(len(good)):
        yield "cut to %d" % size, good[:size]
    for size in range(len(good) + 4, 65, 4):        # nfsd counts in words
        yield "long %d" % size, good + bytes(size - len(good))


def chosen(head, good):
    r = random.Random(os.urandom(8))
    for _ in range(100):
        yield "random", head + r.randbytes(r.randrange(60 - len(head)))
        tail = bytearray(good)
        for _ in range(r.randrange(1, 5)):
            tail[r.randrange(8, len(tail))] = r.randrange(256)
        if bytes(tail) != good:
            yield "random", bytes(tail)


make()
root = client.mount(exported)
file, directory = client.lookup(root, "file"), client.lookup(root, "dir")
# Version 1, the export's number for an fsid (four bytes), our type, our handle.
head = file[:8]
true = [(root[0], 1), (file[0], 1), (file[2], 1), (file[3], 0x48), (client.call(nfs3.GETATTR, file)[0], 0),
        (client.call(nfs3.GETATTR, directory)[0], 0), (client.read(file), b"to be seen")]
report("wire-true", [pair for pair in true if pair[0] != pair[1]])

wrong = []
for what, handle in of_outside(head, (file[8:], directory[8:])):
    wrong += refused(what, handle[:64], True)
wrong += [(path, read(outside + path)) for path in ("/file", "/dir/file") if read(outside + path) != SECRET]
report("wire-outside", wrong)

wrong = []
for good in (file, directory):
    for what, handle in list(mangled(good, 8)) + list(chosen(head, good)):
        wrong += refused(what, handle)
report("wire-mangled", wrong)

# Given out while it was inside, used when it is outside.
os.rename(inside + "/dir", outside + "/was")
wrong = refused("moved out", directory, True)
os.rename(outside + "/was", inside + "/dir")
true = [(client.call(nfs3.GETATTR, directory)[0], 0), (client.read(file), b"to be seen")]
report("wire-moved-out", wrong + [pair for pair in true if pair[0] != pair[1]])
