#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""race.py LOWERDIR MOUNT STEPS: names change above and below while others look.

Every answer but those that such a race can give is an error; so is a tree that
differs in the end.
"""
import os
import random
import sys

from calls import *

lower, mount, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
ALLOWED = {"ENOENT", "EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR", "ESTALE", "EBUSY", "EINVAL", "ELOOP", "EACCES", "EPERM"}


def worker(root, seed):
    r = random.Random(seed)

    def name():
        return "/".join([root] + [r.choice(("p", "q", "r")) for _ in range(r.choice((1, 2, 2, 3)))])

    for _ in range(steps // 8):
        a, b = name(), name()
        operations = [lambda: os.rename(a, b), lambda: os.stat(a), lambda: os.listdir(a), lambda: os.mkdir(a),
                      lambda: os.rmdir(a), lambda: put(a, b"x"), lambda: os.unlink(a), lambda: os.link(a, b),
                      lambda: renameat2(a, b, RENAME_EXCHANGE), lambda: os.chmod(a, 0o755), lambda: os.stat(a + "/p/q")]
        answer = outcome(r.choice(operations))
        if isinstance(answer, str) and answer not in ALLOWED:
            print("worker %d: %s for %s %s" % (seed, answer, a, b))
            return 1
    return 0


seed = random.randrange(1 << 30)
print("seed", seed)
children = []
for i, root in enumerate((mount, mount, mount, lower)):
    pid = os.fork()
    if pid == 0:
        os._exit(worker(root, seed + i))
    children.append(pid)
status = [os.waitpid(pid, 0)[1] for pid in children]
same = tree(lower)[0] == tree(mount)[0]
print("status", status, "trees equal", same)
sys.exit(0 if same and not any(status) else 1)
