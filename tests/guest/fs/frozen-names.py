#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""frozen-names.py LOWERDIR MOUNT NAME [NFS]: who waits for a frozen filesystem keeps nobody out of a directory.

Somebody makes, removes and renames names, and changes attributes, through MOUNT
while the lower filesystem is frozen; others list the directories and look names
up; nothing of the first is done before the thaw, and all of it after. With NFS,
the mount of a client, the changes are made there.
"""
import signal
import sys
import time

from calls import *

lower, mount, name = sys.argv[1:4]
changed = sys.argv[4] if len(sys.argv) > 4 else mount
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878


def spawn(function, *args):
    pid = os.fork()
    if pid == 0:
        answer = outcome(function, *args)
        if answer is not None:
            print("# %s%s: %s" % (function.__name__, args, answer), flush=True)
        os._exit(answer is not None)
    return pid


def create(d):
    os.close(os.open(d + "/made", os.O_CREAT | os.O_EXCL | os.O_WRONLY))


CHANGES = {
    "create": create,
    "mkdir": lambda d: os.mkdir(d + "/made"),
    "mknod": lambda d: os.mkfifo(d + "/made"),
    "symlink": lambda d: os.symlink("x", d + "/made"),
    "link": lambda d: os.link(d + "/old", d + "/made"),
    "rename": lambda d: os.rename(d + "/old", d + "/made"),
    "unlink": lambda d: os.unlink(d + "/old"),
    "rmdir": lambda d: os.rmdir(d + "/olddir"),
    "chmod": lambda d: os.chmod(d, 0o700),
    "setxattr": lambda d: os.setxattr(d, "user.a", b"1"),
    "truncate": lambda d: os.truncate(d + "/old", 1),
}
if changed != mount:
    del CHANGES["setxattr"]                     # not before NFSv4.2


def state(d):
    st = os.stat(d)
    return sorted((n, os.lstat(d + "/" + n).st_nlink, os.lstat(d + "/" + n).st_size) for n in os.listdir(d)), oct(st.st_mode), os.listxattr(d)


def is_waiting(pid):
    """For the filesystem; an NFS client also sleeps before it asks the server again."""
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()[0] in ("D" if changed == mount else "DS")


def look_around():
    """List each directory, and look up what nobody has looked up before."""
    for what in CHANGES:
        os.listdir(mount + "/" + what)
        assert outcome(os.stat, mount + "/%s/none" % what) == "ENOENT"
        assert os.stat(mount + "/%s/other" % what).st_size == 2


def expired(*_):
    raise InterruptedError


signal.signal(signal.SIGALRM, expired)
for what in CHANGES:
    os.makedirs(lower + "/" + what + "/olddir")
    put(lower + "/" + what + "/old", b"old")
    put(lower + "/" + what + "/other", b"12")
    os.listdir(changed + "/" + what)
before = {what: state(lower + "/" + what) for what in CHANGES}
root = os.open(lower, os.O_RDONLY)
problems = []
fcntl.ioctl(root, FIFREEZE, 0)
try:
    pids = {what: spawn(change, changed + "/" + what) for what, change in CHANGES.items()}
    while not all(is_waiting(pid) for pid in pids.values()):
        time.sleep(0.05)
    looker = spawn(look_around)
    signal.alarm(60)
    try:
        if os.waitpid(looker, 0)[1]:
            problems.append("a look failed")
    except InterruptedError:
        problems.append("a look hangs")
    signal.alarm(0)
    for what, pid in pids.items():
        if os.waitpid(pid, os.WNOHANG)[0]:
            problems.append(what + " did not wait")
        if state(lower + "/" + what) != before[what]:
            problems.append(what + " was done")
finally:
    fcntl.ioctl(root, FITHAW, 0)
for what, pid in pids.items():
    if "%s did not wait" % what not in problems and os.waitpid(pid, 0)[1]:
        problems.append(what + " failed")
    if state(lower + "/" + what) == before[what]:
        problems.append(what + " was not done")
print("not ok %s: %s" % (name, ", ".join(problems)) if problems else "ok " + name)
