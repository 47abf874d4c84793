#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""hung.py SERVED SERVER MODULE ROUNDS SEED: a server that stops while programs are at work.

Each round has a relay to the server, a mount through it, and programs that read, write,
list and ask.  The relay is stopped; then come, in any order, umount, umount -f, umount -l,
sync, drop_caches, kills, an attempt to unload the module.  Then the relay goes on, or is
killed, or the mount is aborted: and everybody has to come back, and the mount to go.  The
module may go with it; MODULE is where it is.
"""
import ctypes
import os
import random
import signal
import subprocess
import sys
import traceback

from programs import DEEDS, MNT_DETACH, MNT_FORCE, Program, libc
from proxy import Loop
from relay import relay

served, server, module = sys.argv[1:4]
rounds, first = int(sys.argv[4]), int(sys.argv[5])
MNT, LISTEN = "/mnt/hung", "/run/hf/hung"
SIZE = 1 << 20
SYS_DELETE_MODULE = 176


def unload():
    if libc.syscall(SYS_DELETE_MODULE, b"holdfast_ninep_client", os.O_NONBLOCK):
        raise OSError(ctypes.get_errno(), "")


def load():
    """Return: whether it had gone."""
    if os.path.exists("/sys/module/holdfast_ninep_client"):
        return False
    subprocess.run(["insmod", module], check=True)
    return True


def append(path):
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"a" * 5000)
    os.fsync(fd)


def store_and_stay(path, size):
    """Without a close that waits."""
    os.write(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), bytes(size))


DEEDS.update({f.__name__: f for f in (unload, append, store_and_stay)})


def device_of(mnt):
    with open("/proc/self/mountinfo") as mounts:
        return next((line.split()[2] for line in mounts if line.split()[4] == mnt), None)


class Relay:
    """A process that can be stopped."""

    def __init__(self):
        read, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                relay(LISTEN, server, None, lambda: os.write(write, b"listens"))
            finally:
                os._exit(1)
        os.close(write)
        assert os.read(read, 100) == b"listens"
        os.close(read)

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pid = None


class Round:
    def __init__(self, seed, pool):
        self.r, self.loop, self.pool, self.at_work = random.Random(seed), Loop.only, pool, []
        self.top = served + "/hung"
        os.makedirs(self.top, exist_ok=True)
        for name in "read", "append", "gone":
            with open("%s/%s" % (self.top, name), "wb") as file:
                file.write(b"r" * (SIZE if name == "read" else 100))
        # An unload of the round before has come when its mount had gone.
        self.had_gone = load()
        self.relay = Relay()
        outcome = self.by("mount", LISTEN, MNT, "cache=" + self.r.choice(("none", "strict", "loose")))
        assert outcome is None, outcome
        self.device = device_of(MNT)

    def free(self):
        return self.pool.pop() if self.pool else Program(self.loop)

    def by(self, *deed):
        program = self.free()
        outcome = program.do(*deed)
        self.pool.append(program)
        return outcome

    def begin(self, *deed):
        program = self.free()
        program.start(*deed)
        self.at_work.append(program)

    def work(self):
        name = lambda name: "%s/hung/%s" % (MNT, name)
        self.begin(*self.r.choice((
            ("whole", name("read")), ("whole", name("read")), ("append", name("append")),
            ("store", name("stored"), b"s" * SIZE), ("store", name("stored"), b"s" * 100),
            ("store_and_stay", name("stays"), SIZE), ("listdir", MNT + "/hung"), ("stat", name("append")),
            ("statvfs", name("read")), ("unlink", name("gone")), ("truncate", name("append"), 50))))

    def trouble(self):
        """What may hang, by somebody who may."""
        what = self.r.choice(("umount", "umount", "force", "detach", "caches", "sync", "kill", "unload", "work"))
        if what == "kill":
            alive = [program.pid for program in self.at_work if program.pid]
            if alive:
                os.kill(self.r.choice(alive), signal.SIGKILL)
        elif what == "work":
            self.work()
        else:
            self.begin(*{"umount": ("umount", MNT), "force": ("umount", MNT, MNT_FORCE),
                         "detach": ("umount", MNT, MNT_DETACH), "sync": ("sync",), "unload": ("unload",),
                         "caches": ("write_text", "/proc/sys/vm/drop_caches", self.r.choice("123"))}[what])
        return what

    def abort(self):
        path = "/sys/fs/holdfast/%s/abort" % self.device
        # It may have gone meanwhile.
        outcome = self.by("write_text", path, "1")
        assert outcome in (None, "ENOENT", "ENODEV"), outcome

    def is_over(self, program):
        return program.pid is None or program.is_done()

    def come_back(self):
        for program in self.at_work:
            self.loop.until(lambda: self.is_over(program))
        for program in self.at_work:
            if program.pid:
                program.result()
            # Who was killed may have had his result before.
            if program.pid and program.do("forget") is None:
                self.pool.append(program)
        if device_of(MNT) == self.device:
            assert self.by("umount", MNT) is None, "it is busy still"
            # Nothing is left that has the module.
            if self.r.random() < .3:
                assert self.by("unload") is None, "the module is busy still"

    def run(self):
        said = []
        for _ in range(self.r.randint(1, 3)):
            self.work()
        # Some of them may be over, and some not have begun.
        for _ in range(self.r.randint(0, 20)):
            self.loop.once(0)
        self.relay.stop()
        for _ in range(self.r.randint(1, 2)):
            self.work()
        for _ in range(self.r.randint(1, 6)):
            said.append(self.trouble())
            self.loop.once(0)
        how = self.r.choice(("go on", "kill", "abort"))
        said.append(how)
        {"go on": self.relay.go_on, "kill": self.relay.kill, "abort": self.abort}[how]()
        self.said = said
        self.come_back()
        self.loop.until(lambda: not os.path.exists("/sys/fs/holdfast/" + self.device))
        self.relay.kill()


def main():
    os.makedirs(MNT, exist_ok=True)
    Loop.only, pool, unloads = Loop(), [], 0
    print("# stopped-servers: %d rounds from seed %d" % (rounds, first), flush=True)
    for seed in range(first, first + rounds):
        try:
            round_ = None
            round_ = Round(seed, pool)
            round_.run()
            unloads += round_.had_gone
        except BaseException:
            print("not ok stopped-servers: seed %d: %s: %s" % (
                seed, getattr(round_, "said", "?"), traceback.format_exc().replace("\n", " | ")), flush=True)
            os._exit(1)
    # The last round's may have gone, and others come after us.
    unloads += load()
    print("# the module went with %d of the mounts" % unloads)
    print("ok stopped-servers", flush=True)
    os._exit(0)


main()
