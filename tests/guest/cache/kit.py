# SPDX-License-Identifier: GPL-2.0-only
"""What the programs of the cache on disk have in common: SERVED SERVER B [PREFIX [CASE...]].

SERVED is the directory that is served at SERVER, an AF_UNIX address; B is a directory of the
cache's filesystem.  Each case has a directory in SERVED, one for a cache in B, and mounts;
it yields pairs of what was seen and what is wanted.

HF_SEED: of everything that is drawn.  HF_ROUNDS: so many, of what goes by rounds.
"""
import contextlib
import fcntl
import os
import pickle
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "localio"))
from links import Frozen, Messages, Stuck, lines
from p9 import CASES, Report, case, name_of
from programs import MNT_DETACH, libc, mount, umount
import disk

served, server, b = sys.argv[1:4]
report = Report(sys.argv[4] if len(sys.argv) > 4 else "")
SEED = os.environ.get("HF_SEED", "1")
ROUNDS = int(os.environ.get("HF_ROUNDS") or 0)
# What a hung test ends after, on a machine with other work.
HANG = 60 if os.environ.get("HF_KERNEL") == "stock" else 240
DAY = 86400
GRANULE = 65536


# ------------------------------------------------------------------------------- time

def turn_clock(seconds):
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + seconds)


@contextlib.contextmanager
def past(days=2):
    """What is changed meanwhile has changed then: its version is settled for long."""
    turn_clock(-days * DAY)
    try:
        yield
    finally:
        turn_clock(days * DAY)


# --------------------------------------------------------------------------- counters

def count(name):
    """A counter of the cache's."""
    for words in lines("stats"):
        if words[0] == "netfs_cache_" + name:
            return int(words[1])
    raise KeyError("no counter netfs_cache_" + name)


class Counts:
    """What counters have counted since."""

    def __init__(self):
        self.before = self.all()

    @staticmethod
    def all():
        return {words[0]: int(words[1]) for words in lines("stats") if words[0].startswith("netfs_cache_")}

    def __getitem__(self, name):
        name = "netfs_cache_" + name
        return self.all()[name] - self.before[name]

    def __str__(self):
        return " ".join("%s %+d" % (name[12:], value - self.before[name])
                        for name, value in self.all().items() if value != self.before[name])


# -------------------------------------------------------------------------- what hangs

def stacks():
    """Where those are that sleep and cannot be interrupted, and the children of this one."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
            if rest.split()[0] != "D" and int(rest.split()[1]) != os.getpid():
                continue
            with open("/proc/%s/stack" % pid) as file:
                calls = re.findall(r"\] (\w+)", file.read())
            found.append("%s %s %s: %s" % (pid, name, rest.split()[0], " < ".join(calls)))
        except OSError:
            continue
    return found


def say(text):
    print("# " + text, flush=True)


def until(condition, seconds=None, quiet=False):
    end = time.monotonic() + (seconds or HANG)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            for line in [] if quiet else stacks():
                say(line)
            raise Stuck("%s did not become true" % getattr(condition, "__name__", condition))
        time.sleep(0.02)


class Apart:
    """A function that is called in a process of its own: one that hangs is seen, and left."""

    def __init__(self, function, *values):
        self.name = function.__name__
        self.read, to_write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            os.close(self.read)
            self.live(to_write, function, values)
        os.close(to_write)

    @staticmethod
    def live(to_write, function, values):
        try:
            result = function(*values)
        except OSError as error:
            result = name_of(error.errno)
        except BaseException:
            result = traceback.format_exc().replace("\n", " | ")
        try:
            with os.fdopen(to_write, "wb") as told:
                pickle.dump(result, told)
        finally:
            os._exit(0)

    def is_over(self):
        return bool(select.select([self.read], [], [], 0)[0])

    def result(self, seconds=None):
        end, answer = time.monotonic() + (seconds or HANG), b""
        while True:
            if not select.select([self.read], [], [], max(0, end - time.monotonic()))[0]:
                for line in stacks():
                    say(line)
                raise Stuck("%s did not return" % self.name)
            more = os.read(self.read, 1 << 20)
            answer += more
            if not more:
                break
        self.reap()
        return pickle.loads(answer) if answer else "killed"

    def reap(self):
        os.close(self.read)
        os.waitpid(self.pid, 0)
        self.pid = None

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.reap()


def apart(function, *values):
    return Apart(function, *values).result()


# ------------------------------------------------------------------------------- files

def run_program(*words):
    """Its output; what it says goes into the exception."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(words), done.stdout.strip()))
    return done.stdout.strip()


def drop(what=3):
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("%d\n" % what)


def whole(path):
    with open(path, "rb", 0) as file:
        return file.read()


def put(path, data, offset=None):
    """The file anew, or a part of it."""
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if offset is None else 0), 0o644)
    try:
        view, at = memoryview(data), offset or 0
        while view:
            done = os.pwrite(fd, view, at)
            view, at = view[done:], at + done
    finally:
        os.close(fd)


def same(got, wanted):
    """"same", or where they differ."""
    if got == wanted:
        return "same"
    if not isinstance(got, (bytes, bytearray)):
        return got
    if len(got) != len(wanted):
        return "%d bytes, not %d" % (len(got), len(wanted))
    wrong = [at for at in range(0, len(got), 4096) if got[at:at + 4096] != wanted[at:at + 4096]]
    at = next(at for at in range(wrong[0], len(got)) if got[at] != wanted[at])
    return "%d blocks of 4096 of %d bytes differ: %s; the first at %d: %s, not %s" % (
        len(wrong), len(got), wrong[:10], at, got[at:at + 24].hex(), wanted[at:at + 24].hex())


def log():
    """What the kernel has said, line by line."""
    said = []
    fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                said.append(os.read(fd, 8192).decode(errors="replace").split(";", 1)[1].split("\n")[0])
            except BrokenPipeError:
                continue
            except BlockingIOError:
                return said
    finally:
        os.close(fd)


class Log:
    """What the kernel says from here on."""

    def __init__(self):
        self.mark = "holdfast-test: mark %d %s" % (os.getpid(), time.monotonic())
        with open("/dev/kmsg", "w") as file:
            file.write(self.mark)

    def __call__(self, pattern):
        said = log()
        return [line for line in said[said.index(self.mark):] if re.search(pattern, line)]


# ------------------------------------------------------------------------------- cases

class Cached:
    """In it a case is.  Files are made at the server, below; mounts have letters."""

    def __init__(self, name):
        self.name, self.below = name, "%s/%s" % (served, name)
        self.rng = random.Random("%s %s" % (SEED, name))
        self.mounts, self.undo = {}, []
        os.mkdir(self.below)
        os.chmod(self.below, 0o777)
        self.fsc = self.directory()

    def directory(self, more="", where=None):
        path = "%s/%s%s" % (where or b, self.name, more)
        os.mkdir(path, 0o700)
        return path

    def mount(self, at="a", options="cache=strict,ac=0", fsc=None):
        """With a cache, unless fsc is False."""
        path = "/mnt/%s-%s" % (self.name, at)
        os.makedirs(path, exist_ok=True)
        if fsc is not False:
            options += ",fsc=" + (fsc or self.fsc)
        mount(server, path, options)
        self.mounts[at] = path

    def umount(self, at="a"):
        umount(self.mounts[at])
        del self.mounts[at]

    def remount(self, at="a", **how):
        self.umount(at)
        self.mount(at, **how)

    def path(self, name="file", at="a"):
        return "%s/%s/%s" % (self.mounts[at], self.name, name)

    def lower(self, name="file"):
        return "%s/%s" % (self.below, name)

    def make(self, size, name="file"):
        """A file, as of two days ago, and what is in it."""
        data = self.rng.randbytes(size)
        with past():
            put(self.lower(name), data)
        return data

    def has_all(self, *names):
        """Whether the disk vouches for all of the versions that files have now."""
        kept = {(o.key.size, o.key.seconds * 10 ** 9 + o.key.nanoseconds) for o in disk.objects(self.fsc)
                if o.header and o.header.is_whole()}
        return all((stat.st_size, stat.st_mtime_ns) in kept for stat in map(os.stat, map(self.lower, names)))

    def fill(self, read, *names):
        """
        read() is called until the disk has all of the files; how often.  (What was asked for
        in the millisecond of the open, or came while too much was on its way, is not kept.)
        """
        times, end = 0, time.monotonic() + HANG
        while not times or not self.has_all(*names):
            assert time.monotonic() < end, "not all is kept: %s" % disk.summary(self.fsc)
            if times:
                drop(3)
            read()
            times += 1
            with contextlib.suppress(Stuck):
                until(lambda: self.has_all(*names), 1, quiet=True)
        return times

    def closed(self):
        """Until the kernel has let go of the directory, after its last mount has gone."""
        fd = os.open(self.fsc + "/lock", os.O_CREAT | os.O_RDWR, 0o600)

        def is_unlocked():
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
        until(is_unlocked)
        os.close(fd)

    def cache_of(self, *names, at="a"):
        """Read whole, and closed, until the disk has all of it."""
        def read():
            for name in names:
                with open(self.path(name, at), "rb", 0) as file:
                    # (The next millisecond.)
                    time.sleep(0.002)
                    file.read()
        return self.fill(read, *names)

    def end(self):
        for at in list(self.mounts):
            self.umount(at)
        while self.undo:
            self.undo.pop()()
        shutil.rmtree(self.below)
        # (Its last files may be going.)
        until(lambda: shutil.rmtree(self.fsc, ignore_errors=True) or not os.path.exists(self.fsc))

    def give_up(self):
        """Whatever is left of a case that has failed, so that the next one is not spoiled."""
        for path in self.mounts.values():
            with contextlib.suppress(OSError):
                umount(path, MNT_DETACH)
        while self.undo:
            try:
                self.undo.pop()()
            except Exception as error:
                say("%s: %s" % (self.name, error))


@contextlib.contextmanager
def reads():
    """A list, which has what was read of the server meanwhile."""
    messages, seen = Messages(("read",)), []
    try:
        messages.clear()
        yield seen
        seen.extend(messages.seen())
    finally:
        messages.end()


def run():
    """The cases that were asked for, or all.  Does not return."""
    say("seed %s" % SEED)
    for name in sys.argv[5:] or CASES:
        cached, before, begin = Cached(report.prefix + name), Counts(), time.monotonic()
        try:
            pairs = list(CASES[name](cached))
            cached.end()
        except Exception:
            pairs = [(traceback.format_exc().replace("\n", " | "), None)]
            cached.give_up()
        report(name, *pairs)
        say("%s: %.1f s; %s" % (name, time.monotonic() - begin, before))
    sys.exit(report.failed)
