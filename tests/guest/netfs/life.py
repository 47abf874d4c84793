#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""life.py FILE: what becomes of requests whose process, inode or mount ends first.

FILE is where to mount netram, whose answers are as late as is asked for."""
import errno
import os
import signal
import subprocess
import sys
import time

where = sys.argv[1]
REQUESTS = "/proc/fs/holdfast/requests"


def result(name, wrong):
    print("not ok %s: %s" % (name, wrong) if wrong else "ok " + name, flush=True)


def parameter(name, value):
    with open("/sys/module/netram/parameters/" + name, "w") as f:
        f.write(str(value))


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def mount():
    run("mount", "-t", "netram", "none", where).check_returncode()


def requests():
    with open(REQUESTS) as f:
        return f.read()


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def child(work):
    """A process whose exit status is the errno of what it did."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except OSError as e:
        os._exit(e.errno)
    except BaseException:
        os._exit(255)


def status_of(pid):
    status = os.waitpid(pid, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def fresh(data):
    """FILE has DATA, and nothing of it is cached."""
    parameter("delay", 0)
    with open(where, "wb", buffering=0) as f:
        f.write(data)


def read_uncached():
    fd = os.open(where, os.O_RDONLY)
    os.pread(fd, 100, 0)


def slow(work, delay=1500):
    """Starts WORK with slow answers, and returns when a request of it is in flight."""
    parameter("delay", delay)
    pid = child(work)
    seen = until(requests)
    return pid, seen


def shown():
    fresh(b"x" * 200000)
    pid, seen = slow(read_uncached)
    text = requests()
    parameter("delay", 0)
    status = status_of(pid)
    if not seen or " read age " not in text or "in-flight" not in text:
        return "shown: %r" % text
    return (status and "the read ended with %d" % status) or \
        (not until(lambda: not requests()) and "left: " + requests())


def killed():
    fresh(b"x" * 200000)
    pid, seen = slow(read_uncached)
    os.kill(pid, signal.SIGKILL)
    status = status_of(pid)
    if not seen or status != -signal.SIGKILL:
        return "ended with %d" % status
    if not until(lambda: not requests()):
        return "left: " + requests()


def write_and_sync():
    fd = os.open(where, os.O_WRONLY)
    os.pwrite(fd, b"y" * 300000, 0)
    os.fsync(fd)


def abort_file():
    st = os.stat(where)
    return "/sys/fs/holdfast/%d:%d/abort" % (os.major(st.st_dev), os.minor(st.st_dev))


def errno_of(work):
    try:
        work()
        return 0
    except OSError as e:
        return e.errno


def aborted():
    fresh(b"x" * 200000)
    path = abort_file()
    readers = [os.open(where, os.O_RDWR) for _ in range(2)]

    def work():
        # (Their close is an fsync, and would be told what they are to be told.)
        for fd in readers:
            os.close(fd)
        write_and_sync()

    pid, seen = slow(work)
    with open(path, "w") as f:
        f.write("1")
    status = status_of(pid)
    told = [errno_of(lambda: os.fsync(fd)) for fd in readers]
    again = [errno_of(lambda: os.fsync(fd)) for fd in readers]
    for fd in readers:
        os.close(fd)
    after = errno_of(read_uncached)
    gone = run("umount", where)
    left = os.path.exists(path)
    mount()
    if not seen or status != errno.EIO:
        return "the writer ended with %d" % status
    return (told != [errno.EIO] * 2 and "others were told %s" % told) or \
        (again != [0, 0] and "told again: %s" % again) or \
        (after != errno.EIO and "a read afterwards: %d" % after) or \
        (gone.returncode and gone.stderr) or (left and path + " is left")


def forced():
    fresh(b"x" * 200000)
    pid, seen = slow(write_and_sync)
    run("umount", "-f", where)
    status = status_of(pid)
    run("umount", where)
    mounted = " %s " % where in open("/proc/mounts").read()
    if not mounted:
        mount()
    return (not seen or status != errno.EIO) and "the writer ended with %d" % status or \
        (mounted and "still mounted")


def lazy():
    fresh(b"x" * 200000)
    pid, seen = slow(write_and_sync, 500)
    gone = run("umount", "-l", where)
    status = status_of(pid)
    mount()
    parameter("delay", 0)
    return (not seen or status) and "the writer ended with %d" % status or gone.stderr


def evicted():
    """Read-ahead is under way, and nobody has the file any more."""
    fresh(b"x" * 400000)
    parameter("delay", 700)
    fd = os.open(where, os.O_RDONLY)
    os.posix_fadvise(fd, 0, 400000, os.POSIX_FADV_WILLNEED)
    os.close(fd)
    seen = requests()
    gone = run("umount", where)
    left = requests()
    mount()
    parameter("delay", 0)
    return (not seen and "nothing was read ahead") or gone.stderr or (left and "left: " + left)


def crowded():
    """Dirty memory of three times what the group may have; the server is in the same kernel."""
    group = "/sys/fs/cgroup/netram"
    if not os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
    with open("/sys/fs/cgroup/cgroup.subtree_control", "w") as f:
        f.write("+memory")
    os.makedirs(group, exist_ok=True)
    for name, value in (("memory.max", 48 << 20), ("memory.swap.max", 0)):
        if os.path.exists(group + "/" + name):
            with open(group + "/" + name, "w") as f:
                f.write(str(value))
    parameter("delay", 0)
    # (An inode belongs to the group that dirties it first.)
    run("umount", where)
    mount()

    def work():
        with open(group + "/cgroup.procs", "w") as f:
            f.write("0")
        fd = os.open(where, os.O_RDWR | os.O_TRUNC)
        block = os.urandom(1 << 20)
        for i in range(160):
            os.pwrite(fd, block, i << 20)
        os.fsync(fd)
        for i in range(0, 160, 7):
            if os.pread(fd, 1 << 20, i << 20) != block:
                os._exit(254)

    status = status_of(child(work))
    os.truncate(where, 0)
    os.rmdir(group)
    return status and "it ended with %d" % status


mount()
for test in (shown, killed, aborted, forced, lazy, evicted, crowded):
    result(test.__name__, test())
run("umount", where).check_returncode()
