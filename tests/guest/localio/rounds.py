#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""rounds.py SERVED SERVER FREEZE ROUNDS SEED: links, servers and programs end at random beside I/O.

In each round a mount of SERVED has writers, each with a file of its own, which write,
store into a mapping, and read back what they know.  Beside them the
export's localio and clients are written, the export stops, the filesystem FREEZE is frozen
for a moment, writers are killed.  Then the mount has to go, and each file has to be what
its writer was told: the last bytes, or, where a connection has ended, those that were there
at the last fsync or came after.
"""
import mmap
import os
import random
import signal
import sys
import time
import traceback

from links import CONFIG, Frozen, linked, links, put, until
from programs import MNT_DETACH, mount, umount

served, server, freeze = sys.argv[1:4]
rounds, first = int(sys.argv[4]), int(sys.argv[5])
MNT, LOGS = "/mnt/rounds", "/run/hf/rounds"
EXPORT = CONFIG + "exports/data/"
RECORD, RECORDS = 1000, 200
SIZE = RECORD * RECORDS
WRITERS = 4


# -------------------------------------------------------------------------- writers

class Writer:
    """In a process: what it begins and what it was told of it is in its log."""

    def __init__(self, number, seed):
        self.r, self.number = random.Random(seed * 100 + number), number
        self.log = os.open("%s/%d" % (LOGS, number), os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        self.model = bytearray(SIZE)

    def open(self):
        flags = self.r.choice((0, 0, 0, os.O_DIRECT, os.O_SYNC))
        self.fd = os.open("%s/rounds%d" % (MNT, self.number), os.O_RDWR | flags)
        self.map = mmap.mmap(self.fd, SIZE)
        self.say("open")

    def say(self, *words):
        os.write(self.log, (" ".join(map(str, words)) + "\n").encode())

    def write(self, at, data):
        done = os.pwrite(self.fd, data, at)
        if done != len(data):
            # The connection has ended in the middle: then no more can be written, either.
            os.pwrite(self.fd, data[done:], at + done)
            raise AssertionError("%d of %d bytes at %d are written" % (done, len(data), at))

    def read(self, at, count):
        seen = os.pread(self.fd, count, at)
        if len(seen) != count:
            os.pread(self.fd, count - len(seen), at + len(seen))
            raise AssertionError("%d of %d bytes at %d are read" % (len(seen), count, at))
        return seen

    def store(self, at, data):
        self.map[at:at + len(data)] = data

    def change(self):
        first_, count = self.r.randrange(RECORDS), self.r.choice((1, 1, 2, 5, 40))
        count = min(count, RECORDS - first_)
        byte = self.r.randrange(1, 256)
        data, at = bytes([byte]) * (count * RECORD), first_ * RECORD
        self.say("begin", first_, count, byte)
        self.store(at, data) if self.r.random() < .2 else self.write(at, data)
        self.say("done")
        self.model[at:at + len(data)] = data

    def look(self):
        at, count = self.r.randrange(SIZE), self.r.choice((1, 5000, 70000, SIZE))
        wanted = self.model[at:at + count]
        seen = self.read(at, len(wanted)) if self.r.random() < .8 else self.map[at:at + count]
        if seen != wanted:
            wrong = next(i for i, (a, b) in enumerate(zip(seen, wanted)) if a != b)
            raise AssertionError("%d bytes are read at %d, and other ones from %d on" % (
                len(seen), at, at + wrong))

    def sync(self):
        os.fsync(self.fd)
        self.say("synced")

    def run(self):
        try:
            self.open()
            while True:
                self.r.choice((self.change, self.change, self.change, self.look, self.look, self.sync))()
                if os.path.exists(LOGS + "/stop"):
                    self.say("ended")
                    return
        except OSError as error:
            self.say("error", error.errno)


def start(number, seed):
    pid = os.fork()
    if pid:
        return pid
    try:
        Writer(number, seed).run()
        os._exit(0)
    except BaseException as error:
        os.write(2, ("writer %d: %r\n" % (number, error)).encode())
        os._exit(1)


def log_of(number):
    try:
        with open("%s/%d" % (LOGS, number)) as file:
            return [line.split() for line in file]
    except FileNotFoundError:
        return []


def allowed(log, died):
    """Of each record, which bytes it may have; and the whole log's last word."""
    last, may = [0] * RECORDS, [{0} for _ in range(RECORDS)]
    begun = None
    for words in log:
        if words[0] == "begin":
            begun = tuple(map(int, words[1:]))
        elif words[0] == "done":
            for record in range(begun[0], begun[0] + begun[1]):
                last[record] = begun[2]
                may[record].add(begun[2])
            begun = None
        elif words[0] == "synced":
            may = [{byte} for byte in last]
    if not died:
        may = [{byte} for byte in last]
    if begun:
        for record in range(begun[0], begun[0] + begun[1]):
            may[record].add(begun[2])
    return may


# --------------------------------------------------------------------------- rounds

class Round:
    def __init__(self, seed):
        self.r, self.seed, self.died, self.said = random.Random(seed), seed, False, []
        os.makedirs(LOGS, exist_ok=True)
        for name in os.listdir(LOGS):
            os.unlink("%s/%s" % (LOGS, name))
        for number in range(WRITERS):
            with open("%s/rounds%d" % (served, number), "wb") as file:
                file.write(bytes(SIZE))
        self.cache = self.r.choice(("none", "strict", "loose"))
        mount(server, MNT, "cache=%s,localio=on" % self.cache)
        self.pids = {number: start(number, seed) for number in range(WRITERS)}
        # Who has opened nothing yet does not keep the mount.
        until(lambda: all(log_of(number) or over(pid) for number, pid in self.pids.items()))

    def some_time(self):
        """Until a link has moved something more, or a moment."""
        least = self.r.choice((0, 1, 10 ** 5, 10 ** 6))
        end = time.monotonic() + self.r.choice((0, .05, .3))
        while time.monotonic() < end and not any(link.read + link.written > least for link in links()):
            time.sleep(.01)

    def switch(self):
        put(EXPORT + "localio", 0)
        assert not linked(), "a link is left"
        self.some_time()
        put(EXPORT + "localio", 1)

    def comes_back(self):
        """Their I/O asks for a link again."""
        self.switch()
        until(lambda: linked() or not self.alive())

    def clients(self):
        put(EXPORT + "clients", "127.0.0.0/8 unix 10.77.0.0/16")

    def stop(self):
        self.died = True
        put(EXPORT + "enabled", 0)
        assert not links(), "a link is left"
        put(EXPORT + "enabled", 1)

    def kill(self):
        os.kill(self.pids[self.r.randrange(WRITERS)], signal.SIGKILL)

    def caches(self):
        put("/proc/sys/vm/drop_caches", self.r.choice("123"))

    def frozen(self):
        with Frozen(freeze):
            self.some_time()

    def unmount(self):
        try:
            umount(MNT)
        except OSError:
            return
        assert not self.alive(), "unmounted while it was in use"
        mount(server, MNT, "cache=%s,localio=on" % self.cache)

    def alive(self):
        """Who is not over; they are waited for in the end."""
        return [pid for pid in self.pids.values() if not over(pid)]

    def join(self):
        with open(LOGS + "/stop", "w"):
            pass
        until(lambda: not self.alive())
        for number, pid in self.pids.items():
            status = os.waitpid(pid, 0)[1]
            assert status in (0, signal.SIGKILL) or self.died and status == signal.SIGBUS, \
                "writer %d ended with %d" % (number, status)
            last = (log_of(number) or [["nothing"]])[-1]
            assert self.died or last[0] != "error", "writer %d: %s" % (number, last)

    def compare(self):
        for number in range(WRITERS):
            may = allowed(log_of(number), self.died)
            with open("%s/rounds%d" % (served, number), "rb") as file:
                there = file.read()
            assert len(there) == SIZE, "file %d has %d bytes" % (number, len(there))
            for record in range(RECORDS):
                seen = set(there[record * RECORD:(record + 1) * RECORD])
                assert seen <= may[record], "file %d record %d: %s, not %s" % (number, record, seen, may[record])

    def run(self):
        events = [self.switch, self.switch, self.clients, self.kill, self.caches, self.frozen, self.unmount,
                  self.comes_back]
        for _ in range(self.r.randint(1, 5)):
            self.some_time()
            event = self.r.choice(events + [self.stop])
            self.said.append(event.__name__)
            event()
        self.some_time()
        self.join()
        umount(MNT)
        self.compare()

    def end(self):
        """Whatever hangs, the next test is to have its chance."""
        for pid in self.pids.values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if os.path.ismount(MNT):
            umount(MNT, MNT_DETACH)


def over(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "Z"


def main():
    os.makedirs(MNT, exist_ok=True)
    print("# rounds: %d from seed %d" % (rounds, first), flush=True)
    events = {}
    for seed in range(first, first + rounds):
        round_ = None
        try:
            round_ = Round(seed)
            round_.run()
            for name in round_.said:
                events[name] = events.get(name, 0) + 1
        except BaseException:
            print("not ok rounds: seed %d, cache=%s, %s: %s" % (
                seed, getattr(round_, "cache", "?"), getattr(round_, "said", "?"),
                traceback.format_exc().replace("\n", " | ")), flush=True)
            if round_:
                round_.end()
            return
    print("# rounds:", events)
    print("ok rounds", flush=True)


main()
