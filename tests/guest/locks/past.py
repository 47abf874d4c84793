#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""past.py DIR CLIENT...: knfsd's clients in its own kernel go past the network by the
kernel's own NFS LOCALIO, and DIR is a holdfast mount: under locks each reads what the
others have written, and no READ or WRITE comes to nfsd.
"""
import fcntl
import os
import random
import sys

STEPS, MOST = 60, 40000
# Where READ and WRITE (and READ_PLUS) are, after how many follow.
COUNTED = {"proc3": (6, 7), "proc4ops": (25, 38, 68)}


def messages():
    with open("/proc/net/rpc/nfsd") as file:
        lines = {line.split()[0]: line.split()[2:] for line in file}
    return {name: [int(lines[name][op]) for op in ops] for name, ops in COUNTED.items()}


def step(rng, fds, wanted):
    """One writes somewhere, another one reads all of it."""
    writer, reader = rng.sample(sorted(fds), 2)
    pos, data = rng.randrange(MOST), rng.randbytes(rng.randrange(1, 12943))
    fcntl.lockf(fds[writer], fcntl.LOCK_EX)
    assert os.pwrite(fds[writer], data, pos) == len(data)
    fcntl.lockf(fds[writer], fcntl.LOCK_UN)
    wanted.extend(bytes(max(0, pos + len(data) - len(wanted))))
    wanted[pos:pos + len(data)] = data
    fcntl.lockf(fds[reader], fcntl.LOCK_SH)
    seen = os.pread(fds[reader], 2 * MOST, 0)
    fcntl.lockf(fds[reader], fcntl.LOCK_UN)
    assert seen == wanted, "%s wrote %d at %d, %s reads %d bytes, wanted %d" % (
        writer, len(data), pos, reader, len(seen), len(wanted))


def main(roots, seed):
    rng, wanted = random.Random(seed), bytearray()
    name = "past-the-network"
    with open(roots[0] + "/" + name, "wb"):
        pass
    before = messages()
    fds = {root: os.open(root + "/" + name, os.O_RDWR) for root in roots}
    for _ in range(STEPS):
        step(rng, fds, wanted)
    for fd in fds.values():
        os.close(fd)
    assert messages() == before, "READs and WRITEs came to nfsd: %s, %s" % (before, messages())


if __name__ == "__main__":
    seed = int(os.environ.get("HF_SEED") or random.randrange(1 << 31))
    print("seed %d" % seed)
    main(sys.argv[1:], seed)
