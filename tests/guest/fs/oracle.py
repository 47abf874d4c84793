#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""oracle.py PLAIN MOUNT PREFIX STEPS [SEED [CASE...]]: the lower filesystem as the oracle.

Every case of cases.py, and a run of STEPS random operations, on a directory of
the lower filesystem and on one of the mount; prints "ok PREFIX-NAME" where the
two answer the same. With CASEs only those, and of operations those that a client
of another protocol has, too; with "sparse" among them those on ranges as well.
"""
import json
import os
import random
import shutil
import sys
import time

import cases
from calls import *


def fresh(path):
    os.chmod(os.path.dirname(path), 0o755)
    os.mkdir(path)
    return path


def attempt(function, directory):
    try:
        # json: what crossed a fork has lists for tuples as well.
        return json.loads(json.dumps(function(directory), default=repr).replace(directory, "DIR"))
    except OSError as error:
        return "stopped by " + repr(error).replace(directory, "DIR")


def first_difference(a, b, where=""):
    if type(a) is type(b) and isinstance(a, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return first_difference(x, y, "%s[%d]" % (where, i))
    if type(a) is type(b) and isinstance(a, dict) and a.keys() == b.keys():
        for key in a:
            if a[key] != b[key]:
                return first_difference(a[key], b[key], "%s.%s" % (where, key))
    return "%s: lower %.600s, mount %.600s" % (where, a, b)


def report(name, lower, mount, note=""):
    if lower == mount and not str(lower).startswith("stopped"):
        print("ok " + name, flush=True)
    else:
        print("not ok %s: %s%s" % (name, note, first_difference(lower, mount)), flush=True)


class Random:
    """One operation after the other, chosen by a seed, on relative names."""

    # Of step(): renameat2, fallocate, lseek to data or a hole.
    LOCAL = {7, 20, 22}
    # A cache may make data of a small hole.
    RANGES = {22}

    def __init__(self, root, seed, without=()):
        self.root, self.random, self.open, self.without = root, random.Random(seed), [], without

    def name(self):
        depth = self.random.choice((0, 0, 1, 1, 2))
        return "/".join([self.root] + ["d%d" % self.random.randrange(3) for _ in range(depth)] +
                        [self.random.choice("abcdef") if self.random.random() < .7 else
                         "d%d" % self.random.randrange(3)])

    def fd(self):
        return self.random.choice(self.open) if self.open else -1

    def step(self):
        r = self.random
        a, b, at, n = self.name(), self.name(), r.randrange(70000), r.randrange(1, 9000)
        fd, byte, flags = self.fd(), bytes([r.randrange(256)]), r.choice((os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_TRUNC))
        operations = [
            lambda: self.opened(a, flags | os.O_CREAT), lambda: self.opened(a, flags), lambda: os.mkdir(a, 0o750),
            lambda: os.unlink(a), lambda: os.rmdir(a), lambda: os.rename(a, b), lambda: os.link(a, b),
            lambda: renameat2(a, b, r.choice((RENAME_NOREPLACE, RENAME_EXCHANGE))), lambda: os.symlink("t" + a[-1], b),
            lambda: os.pwrite(fd, byte * n, at), lambda: os.pread(fd, n, at).hex(), lambda: os.ftruncate(fd, at),
            lambda: os.truncate(a, at), lambda: os.chmod(a, r.choice((0o600, 0o755, 0o4711))), lambda: look(a),
            lambda: os.fstat(fd).st_size, lambda: sorted(os.listdir(os.path.dirname(a))),
            lambda: os.setxattr(a, "user." + b[-1], byte * (n % 50)), lambda: os.removexattr(a, "user." + b[-1]),
            lambda: sorted(os.listxattr(a)), lambda: fallocate(fd, r.choice((0, 1, 3)), at, n),
            lambda: os.copy_file_range(fd, self.fd(), n, at, r.randrange(90000)), lambda: os.lseek(fd, at, r.choice((3, 4)) if fd >= 0 else 0),
            lambda: os.close(self.open.pop(0)) if len(self.open) > 8 else None, lambda: os.mkfifo(a), lambda: os.readlink(a),
        ]
        which = r.randrange(len(operations))
        if which in self.without:
            return [which, "not here"]
        return [which, a[len(self.root):], b[len(self.root):], outcome(operations[which])]

    def opened(self, path, flags):
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
        if cases.stat.S_ISREG(os.fstat(fd).st_mode):
            self.open.append(fd)
        else:
            os.close(fd)
        return "opened"

    def close(self):
        for fd in self.open:
            os.close(fd)


def run_random(plain, mount, prefix, steps, seed, without=()):
    print("# %s-random: seed %d" % (prefix, seed), flush=True)
    pair = [Random(fresh(root + "/random"), seed, without) for root in (plain, mount)]
    for step in range(steps):
        seen = [one.step() for one in pair]
        if seen[0] != seen[1]:
            report(prefix + "-random", seen[0], seen[1], "seed %d step %d: " % (seed, step))
            return
    for one in pair:
        one.close()
    trees = [json.loads(json.dumps(tree(one.root))) for one in pair]
    report(prefix + "-random", trees[0], trees[1], "seed %d, the trees: " % seed)


def main():
    plain, mount, prefix, steps = sys.argv[1:5]
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(1 << 32)
    wanted, took = sys.argv[6:], []
    for name, function in cases.CASES.items():
        if wanted and name not in wanted:
            continue
        begin = time.monotonic()
        seen = []
        for root in (plain, mount):
            directory = fresh(os.path.join(root, "case"))
            seen.append(attempt(function, directory))
            shutil.rmtree(directory, ignore_errors=True)
        report("%s-%s" % (prefix, name), *seen)
        took.append((round(time.monotonic() - begin, 1), name))
    print("# seconds:", *["%s %s" % (name, seconds) for seconds, name in sorted(took, reverse=True)[:12]], flush=True)
    run_random(plain, mount, prefix, int(steps), seed, Random.RANGES if "sparse" in wanted else Random.LOCAL if wanted else ())


main()
