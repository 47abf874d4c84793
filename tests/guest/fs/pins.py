#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pins.py MOUNT: pins and layouts of processes that are gone, and how they end; what
bounds layouts and their signals; and blocks that are not shared meanwhile. The lower
filesystem has reflinks."""
import fcntl
import os
import resource
import signal
import socket
import struct
import sys

from calls import *

mount = sys.argv[1]
signal.signal(signal.SIGIO, signal.SIG_IGN)
SETLAYOUT, PIN, UNPIN, UNPIN_ALL = 0x4028BA01, 0xC020BA03, 0x4020BA04, 0xC010BA05
SIZE = 1 << 16


def report(name, *pairs):
    wrong = [(i, seen, wanted) for i, (seen, wanted) in enumerate(pairs) if seen != wanted]
    print("not ok %s: %s" % (name, wrong) if wrong else "ok %s" % name, flush=True)


def lines():
    """(kind, pid) of each line, sorted."""
    with open("/proc/fs/holdfast/leases") as leases:
        return sorted((line.split()[1], int(line.split()[3])) for line in leases)


def layout(fd):
    fcntl.ioctl(fd, SETLAYOUT, struct.pack("IIQQIIQ", 1, 0, 0, 0, 0, 0, 0))


def take(fd, pins=1):
    layout(fd)
    return [bytearray(fcntl.ioctl(fd, PIN, struct.pack("IIQQQ", 1, 0, 0, 4096, 0))) for _ in range(pins)]


def end_all(path, flags=0, answers=(0, 0, 0)):
    """(ended, left) or an error."""
    fd = os.open(path, os.O_RDONLY)
    try:
        answer = outcome(fcntl.ioctl, fd, UNPIN_ALL, struct.pack("IIII", flags, *answers))
    finally:
        os.close(fd)
    return struct.unpack("IIII", answer)[1:3] if isinstance(answer, bytes) else answer


def leave(path, sockets, what):
    """A process that takes something with a descriptor, and is gone: that is in flight."""
    pid = os.fork()
    if pid == 0:
        os.setresgid(1000, 1000, 1000)
        os.setresuid(1000, 1000, 1000)
        fd = os.open(path, os.O_RDONLY)
        what(fd)
        socket.send_fds(sockets[0], [b"x"], [fd])
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def empty(path):
    """Truncated, by who waits for no more than a second for each layout."""
    put("/proc/sys/fs/lease-break-time", b"1")
    answer = outcome(os.truncate, path, 0)
    put("/proc/sys/fs/lease-break-time", b"45")
    return answer, os.path.getsize(path)


path = mount + "/pinned"
put(path, bytes(SIZE))
os.chown(path, 1000, 1000)
me = os.getpid()

sockets = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
leave(path, sockets, lambda fd: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK))
report("orphan-lease-shown", (lines(), [("LEASE", 0)]))
for end in sockets:
    end.close()

sockets = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
leave(path, sockets, take)
report("orphan-shown", (lines(), [("LAYOUT", 0), ("PIN", 0)]), (empty(path), ("ETXTBSY", SIZE)))
report("unpin-all-denied", (as_user(1000, end_all, path), "EPERM"), (lines(), [("LAYOUT", 0), ("PIN", 0)]))
report("unpin-all-input", (end_all(path, 1), "EINVAL"), (end_all(path, 1 << 31), "EINVAL"),
       (end_all(path, 0, (1, 0, 0)), "EINVAL"), (end_all(path, 0, (0, 1, 0)), "EINVAL"),
       (end_all(path, 0, (0, 0, 1)), "EINVAL"), (end_all(mount), (0, 0)), (lines(), [("LAYOUT", 0), ("PIN", 0)]))
report("orphan-ended", (end_all(path), (1, 0)), (end_all(path), (0, 0)), (lines(), [("LAYOUT", 0)]),
       (empty(path), (None, 0)))
for end in sockets:
    end.close()
report("orphan-gone", (lines(), []))

# Those of the living, of several descriptors; each may pin again, under its layout.
put(path, bytes(SIZE))
fds = [os.open(path, os.O_RDONLY) for _ in range(2)]
first = [take(fd, 100)[0] for fd in fds]
report("living-shown", (lines(), [("LAYOUT", me)] * 2 + [("PIN", me)] * 200))
report("living-ended", (end_all(path), (200, 0)), (lines(), [("LAYOUT", me)] * 2),
       (outcome(fcntl.ioctl, fds[0], UNPIN, first[0]), "ENOENT"), (len(take(fds[0])), 1), (end_all(path), (1, 0)))
report("pins-most", (len(take(fds[0], 16384)), 16384), (outcome(take, fds[1]), "ENOSPC"), (end_all(path), (16384, 0)),
       (len(take(fds[1])), 1))
for fd in fds:
    os.close(fd)
report("living-gone", (lines(), []))

# One each of so many descriptors; who has one may change it, and who gives it back makes room.
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
fds = [os.open(path, os.O_RDONLY) for _ in range(4097)]
report("layouts-most", ({outcome(layout, fd) for fd in fds[:4096]}, {None}), (outcome(layout, fds[4096]), "ENOSPC"),
       (outcome(layout, fds[0]), None), (os.close(fds.pop(1)), None), (outcome(layout, fds[4095]), None),
       (outcome(layout, fds[4095]), None))
for fd in fds:
    os.close(fd)
fd = os.open(path, os.O_RDONLY)
report("layouts-gone", (lines(), []), (outcome(layout, fd), None))
os.close(fd)

# A layout counts as an open file; root may have more of those than there are.
fd = os.open(path, os.O_RDONLY)
with open("/proc/sys/fs/file-max") as most_files:
    most = most_files.read()
# (The kernel counts in batches for each CPU, and adds up only when what it sees is too much.)
many = [os.open("/dev/null", os.O_RDONLY) for _ in range(512)]
put("/proc/sys/fs/file-max", b"1")
answer = as_user(1000, lambda: outcome(layout, fd))
put("/proc/sys/fs/file-max", most.encode())
for spare in many:
    os.close(spare)
report("layout-enfile", (answer, "ENFILE"), (lines(), []), (as_user(1000, layout, fd), None), (lines(), [("LAYOUT", 0)]))
os.close(fd)

# A full queue of signals: SIGIO comes, without the descriptor; GETLAYOUT tells which.
GETLAYOUT, BREAKING, POLL_MSG = 0x8028BA02, 2, 3


def signalled():
    """(signal, descriptor or None) of each that is pending."""
    mask, none, info = ctypes.create_string_buffer(128), ctypes.create_string_buffer(16), ctypes.create_string_buffer(128)
    told = []
    for number in (signal.SIGIO, signal.SIGRTMIN):
        check(libc.sigaddset(mask, number))
    while (number := libc.sigtimedwait(mask, info, none)) > 0:
        code, about = struct.unpack_from("=i12xi", info.raw, 8)
        told.append((number, about if code == POLL_MSG else None))
    return told


def hold(ready, go):
    """A layout of each file, by a user who may have one signal queued; what he is told, and what he asks."""
    resource.setrlimit(resource.RLIMIT_SIGPENDING, (1, 1))
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO, signal.SIGRTMIN})
    held = [os.open(name, os.O_RDONLY) for name in names]
    for fd in held:
        fcntl.ioctl(fd, SETLAYOUT, struct.pack("IIQQIIQ", 1, 0, 0, 0, signal.SIGRTMIN, 0, 0))
    os.write(ready[1], b"r")
    os.read(go[0], 1)
    states = [struct.unpack("IIQQIIQ", fcntl.ioctl(fd, GETLAYOUT, bytes(40)))[5] for fd in held]
    return [(number, held.index(about) if about in held else None) for number, about in signalled()], states


def break_both(ready, go):
    """As somebody who does not wait."""
    os.read(ready[0], 1)
    answers = []
    for name in names:
        fd = os.open(name, os.O_WRONLY | os.O_NONBLOCK)
        answers.append(outcome(os.ftruncate, fd, 0))
        os.close(fd)
    os.write(go[1], b"g")
    os._exit(answers != ["EAGAIN"] * 2)


names = [mount + "/first", mount + "/second"]
for name in names:
    put(name, bytes(SIZE))
    os.chown(name, 1000, 1000)
pipes = os.pipe(), os.pipe()
breaker = os.fork()
if breaker == 0:
    break_both(*pipes)
answer = as_user(1000, hold, *pipes)
report("signals-full", (answer, [[[signal.SIGIO, None], [signal.SIGRTMIN, 0]], [BREAKING] * 2]),
       (os.waitpid(breaker, 0)[1], 0), (lines(), []))

# What a device may write to, no other file shares. A copy is one all the same.
SHARED = 0x2000


def shares():
    """Whether another file has blocks of it."""
    os.sync()
    return any(flags & SHARED for *_, flags in fiemap(path))


def copied():
    """copy_file_range(2) of all, and whether it has arrived."""
    os.ftruncate(target, 0)
    return outcome(os.copy_file_range, source, target, SIZE, 0, 0), os.pread(target, SIZE, 0) == data


data = os.urandom(SIZE)
put(path, data)
source, target = os.open(path, os.O_RDONLY), os.open(mount + "/copy", os.O_RDWR | os.O_CREAT)
holder = os.open(path, os.O_RDWR)
mine, = take(holder)
report("pinned-not-cloned", (outcome(fcntl.ioctl, target, FICLONE, source), "ETXTBSY"), (shares(), False))
report("pinned-copied", (copied(), (SIZE, True)), (shares(), False))
fcntl.ioctl(holder, UNPIN, mine)
put("/proc/sys/fs/lease-break-time", b"1")
answer = copied()
with open("/proc/fs/holdfast/leases") as leases:
    states = [line.split()[7] for line in leases]
report("copied-breaks-layout", (answer, (SIZE, True)), (shares(), True), (states, ["revoked"]))
put("/proc/sys/fs/lease-break-time", b"45")
