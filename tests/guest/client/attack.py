# SPDX-License-Identifier: GPL-2.0-only
"""What programs of attacks have in common: SERVED SERVER [PREFIX [CASE...]].

SERVED is the directory that is served at SERVER, an AF_UNIX address.  Each case has a
directory there, a proxy and a mount of its own, and yields pairs of what was seen and what
is wanted.
"""
import os
import re
import sys
import tempfile
import time
import traceback

from programs import MNT_DETACH, MNT_FORCE, Program
from proxy import Loop, Proxy
from p9 import CASES, Report, case

served, server = sys.argv[1:3]
report = Report(sys.argv[3] if len(sys.argv) > 3 else "")


loop = Loop()
idle = []
# What a session says in the log.
KINDS = "has ended", "message of type", "fault", "said to be"


class Attack:
    """In it a case is: self.top on the mount is self.below in the directory that is served."""

    def __init__(self, name):
        self.loop, self.name = loop, name
        self.mnt, self.below = "/mnt/%s" % name, "%s/%s" % (served, name)
        self.top = "%s/%s" % (self.mnt, name)
        for path in self.mnt, self.below:
            os.makedirs(path, exist_ok=True)
        os.chmod(self.below, 0o777)
        self.programs, self.proxies, self.mounts = [], [], []

    def proxy(self):
        proxy = Proxy(self.loop, tempfile.mktemp(dir="/run/hf"), server)
        self.proxies.append(proxy)
        return proxy

    def program(self, uid=0):
        """A new one, or one that nobody needs any more."""
        program = next((p for p in idle if p.uid == uid), None)
        if program:
            idle.remove(program)
        else:
            program = Program(self.loop, uid)
        self.programs.append(program)
        return program

    def give_back(self, program):
        self.programs.remove(program)
        if program.pid and not program.busy and program.do("forget") is None:
            idle.append(program)
        else:
            program.kill()

    def by_another(self, name, *values):
        program = self.program()
        outcome = program.do(name, *values)
        self.give_back(program)
        return outcome

    def try_mount(self, options="cache=strict", proxy=None, at=None):
        proxy, at = proxy or self.proxy(), at or self.mnt
        os.makedirs(at, exist_ok=True)
        outcome = self.by_another("mount", proxy.path, at, options)
        if outcome is None:
            self.mounts.append(at)
        return outcome

    def mount(self, options="cache=strict", proxy=None, at=None):
        """A proxy with a mount behind it."""
        proxy = proxy or self.proxy()
        outcome = self.try_mount(options, proxy, at)
        assert outcome is None, "mount: %s" % outcome
        return proxy

    def mount_server(self, options, at=None):
        """Without a proxy."""
        at = at or self.mnt
        os.makedirs(at, exist_ok=True)
        outcome = self.by_another("mount", server, at, options)
        assert outcome is None, "mount: %s" % outcome
        self.mounts.append(at)

    def umount(self, at=None, flags=0):
        at = at or self.mnt
        outcome = self.by_another("umount", at, flags)
        if outcome is None:
            self.mounts.remove(at)
        return outcome

    def path(self, name="file"):
        return "%s/%s" % (self.top, name)

    def lower(self, name="file"):
        return "%s/%s" % (self.below, name)

    def make(self, data, name="file"):
        """A file, by the server's side."""
        with open(self.lower(name), "wb") as file:
            file.write(data)
        os.chmod(self.lower(name), 0o666)

    def is_there(self, name="file"):
        with open(self.lower(name), "rb") as file:
            return file.read()

    def will_log(self):
        """
        log() is about what the kernel says from here on.  It prints ten of a kind in five
        seconds: not in the way of those before.
        """
        def is_quiet():
            now = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
            lately = [line for line in log() if "9P session" in line and int(line.split(",")[2]) > now - 6e6]
            return all(sum(kind in line for line in lately) < 8 for kind in KINDS)
        self.loop.until(is_quiet)
        self.said = len(log())

    def log(self, pattern):
        """How many lines match."""
        return sum(1 for line in log()[self.said:] if re.search(pattern, line))

    def end(self):
        """It has to end by itself, and without force if the connection lives."""
        for proxy in self.proxies:
            proxy.rules.clear()
        for program in list(self.programs):
            self.give_back(program)
        for at in list(self.mounts):
            outcome = self.umount(at)
            assert outcome is None, "umount: %s" % outcome
        self.close_proxies()

    def close_proxies(self):
        for proxy in self.proxies:
            proxy.close()
        self.proxies.clear()


def attr_with(message, index=0, **other):
    """The fields of a reply, of which one is attributes, some of which differ."""
    values = list(message.fields())
    values[index] = {**values[index], **other}
    return tuple(values)


def alone(a, proxy, outcome, wanted):
    """A call fails, and the next one does not: the file is as it was."""
    yield outcome, wanted
    yield a.program().do("whole", a.path()), a.is_there()
    yield len(proxy.links), 1
    yield proxy.link.lives, True


def device_of(mnt):
    """MAJOR:MINOR, or none if it is not mounted."""
    with open("/proc/self/mountinfo") as mounts:
        return next((line.split()[2] for line in mounts if line.split()[4] == mnt), None)


def log():
    """/dev/kmsg from its beginning."""
    lines = []
    fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                lines.append(os.read(fd, 8192).decode(errors="replace"))
            except BrokenPipeError:
                continue
            except BlockingIOError:
                return lines
    finally:
        os.close(fd)


def is_mounted(at):
    """Even one that answers nothing."""
    with open("/proc/mounts") as mounts:
        return any(line.split()[1] == at for line in mounts)


def force(attack):
    """Whatever hangs ends, so that the next case is not spoiled by this one."""
    for at in attack.mounts:
        for flags in MNT_FORCE, MNT_DETACH:
            try:
                attack.program().do("umount", at, flags)
            except Exception:
                pass


def run():
    """Those that were asked for, or all.  Does not return."""
    for name in sys.argv[4:] or CASES:
        attack = Attack(name)
        try:
            pairs = list(CASES[name](attack))
            attack.end()
            report(name, *pairs)
        except Exception:
            report(name, (traceback.format_exc().replace("\n", " | "), None))
            force(attack)
    sys.exit(report.failed)


__all__ = ["CASES", "Attack", "alone", "attr_with", "case", "device_of", "is_mounted", "run", "served", "server"]
