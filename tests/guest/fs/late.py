#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""late.py LOWERDIR MOUNT PREFIX: files that are opened below at their first use, and what is asked by a descriptor."""
import select
import signal
import sys

from calls import *

lower, mount, prefix = sys.argv[1:4]
PERMISSION = {"open": 0x10000, "access": 0x20000}
APPEND = 0x20


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s-%s: %s" % (prefix, name, wrong) if wrong else "ok %s-%s" % (prefix, name), flush=True)


def lease(fd, kind):
    return outcome(fcntl.fcntl, fd, fcntl.F_SETLEASE, kind)


def readers_count():
    """As on any filesystem: who has it open for reading keeps others from a write lease, used or not."""
    put(mount + "/read", b"r" * 4096)
    below = os.open(lower + "/read", os.O_RDONLY)
    seen = [(lease(below, fcntl.F_WRLCK), 0), (lease(below, fcntl.F_UNLCK), 0)]
    above = os.open(mount + "/read", os.O_RDONLY)
    seen += [(lease(below, fcntl.F_WRLCK), "EAGAIN"), (lease(below, fcntl.F_RDLCK), 0), (lease(below, fcntl.F_UNLCK), 0)]
    os.pread(above, 1, 0)
    seen += [(lease(below, fcntl.F_WRLCK), "EAGAIN"), (os.close(above), None), (lease(below, fcntl.F_WRLCK), 0)]
    os.close(below)
    # Its own holder does not count against himself, before or after the first use.
    above = os.open(mount + "/read", os.O_RDONLY)
    seen += [(lease(above, fcntl.F_WRLCK), 0), (lease(above, fcntl.F_UNLCK), 0), (os.pread(above, 1, 0), b"r"),
             (lease(above, fcntl.F_WRLCK), 0)]
    report("late-readers-count", *seen, (os.close(above), None))


class Listener:
    """Is asked about each open, or read, of a file of LOWERDIR's filesystem, and allows it."""

    def __init__(self, mask):
        self.fd = check(libc.fanotify_init(0x4 | 0x2, os.O_RDONLY))  # FAN_CLASS_CONTENT | FAN_NONBLOCK
        check(libc.fanotify_mark(self.fd, 0x1 | 0x100, ctypes.c_uint64(mask), AT_FDCWD, os.fsencode(lower)))

    def asked_by(self, work):
        """How often, while a child does it; and what became of that."""
        child = os.fork()
        if child == 0:
            os._exit(0 if work() else 1)
        end = os.pidfd_open(child)
        asked = 0
        while end not in select.select([self.fd, end], [], [])[0]:
            asked += 1
            event = os.read(self.fd, 24)
            about = struct.unpack("IBBHQii", event)[5]
            os.write(self.fd, struct.pack("iI", about, 1))
            os.close(about)
        os.close(end)
        return asked, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def listeners():
    """Who listens since the open was not asked of it, and is not asked by the first use."""
    put(mount + "/heard", b"h" * 4096)
    seen = []
    for mask in PERMISSION.values():
        for flags, work in ((os.O_RDWR, lambda fd: mappable(fd) == 0), (os.O_RDWR, lambda fd: os.pwrite(fd, b"h", 0)),
                            (os.O_RDONLY, lambda fd: os.pread(fd, 1, 0))):
            fd = os.open(mount + "/heard", flags)
            listener = Listener(mask)
            seen.append((listener.asked_by(lambda: work(fd)), (0, 0)))
            # Whoever opens it now does ask.
            os.close(fd)
            if mask == PERMISSION["open"]:
                seen.append((listener.asked_by(lambda: os.open(mount + "/heard", os.O_RDONLY)), (1, 0)))
            os.close(listener.fd)
    report("late-listeners", *seen)


def change_flags(path, flag, on):
    fd = os.open(path, os.O_RDONLY)
    flags = struct.unpack("i", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(4)))[0]
    fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("i", flags | flag if on else flags & ~flag))
    os.close(fd)


def mappable(fd):
    address = map_page(fd)
    if address == ctypes.c_void_p(-1).value:
        return errno.errorcode[ctypes.get_errno()]
    return unmap_page(address)


def append_only():
    """mmap(2) looks at the file as it is now, whoever made it so."""
    put(mount + "/append", b"a" * 4096)
    fd = os.open(mount + "/append", os.O_RDWR)
    seen = [(mappable(fd), 0)]
    change_flags(lower + "/append", APPEND, True)
    seen.append((mappable(fd), "EACCES"))
    change_flags(lower + "/append", APPEND, False)
    seen.append((mappable(fd), 0))
    report("late-append-only", *seen, (os.close(fd), None))


def owner_of_lease():
    """A lease is for the owner of now; whoever is none any more has none."""
    put(mount + "/owned", b"o")
    os.chown(mount + "/owned", 1000, 1000)
    os.seteuid(1000)
    fd = os.open(mount + "/owned", os.O_RDONLY)
    seen = [(lease(fd, fcntl.F_RDLCK), 0), (lease(fd, fcntl.F_UNLCK), 0)]
    os.seteuid(0)
    os.chown(lower + "/owned", 0, 0)
    os.seteuid(1000)
    seen.append((lease(fd, fcntl.F_RDLCK), "EACCES"))
    os.seteuid(0)
    seen += [(lease(fd, fcntl.F_RDLCK), 0), (lease(fd, fcntl.F_UNLCK), 0)]
    report("late-lease-owner", *seen, (os.close(fd), None))


def last_writer():
    """ext4 gives back what it had set aside when the last writer goes, be it one that has not written."""
    tracing = "/sys/kernel/tracing"
    if not os.path.exists(tracing + "/events"):
        check(libc.mount(b"nodev", tracing.encode(), b"tracefs", ctypes.c_ulong(0), None))
    event = tracing + "/events/ext4/ext4_discard_preallocations/enable"

    def given_back(top):
        put(top + "/last", b"")
        number = os.stat(lower + "/last").st_ino
        writer, other = os.open(top + "/last", os.O_RDWR), os.open(top + "/last", os.O_RDWR)
        os.write(writer, b"w" * 65536)
        os.fsync(writer)
        with open(tracing + "/trace", "w"):
            pass
        put(event, b"1")
        seen = []
        for fd in (writer, other):
            os.close(fd)
            with open(tracing + "/trace") as trace:
                seen.append(sum("ino %d " % number in line for line in trace))
        put(event, b"0")
        os.unlink(top + "/last")
        return seen

    report("late-last-writer", (given_back(mount), given_back(lower)), (given_back(lower), [0, 1]))


signal.alarm(300)
readers_count()
listeners()
append_only()
owner_of_lease()
if prefix == "ext4":
    last_writer()
