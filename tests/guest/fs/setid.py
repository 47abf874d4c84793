#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""setid.py LOWERDIR MOUNT refused|plain: programs of a LOWERDIR on a nosuid mount.

"refused": what has a set-id bit or capabilities cannot be executed through the
mount.  "plain": MOUNT is nosuid itself, and it runs without them, as below.
"""
import mmap
import shutil
import socket
import struct
import subprocess
import sys

from calls import *

lower, mount, wanted = sys.argv[1:4]
CAPS = struct.pack("<5I", 0x02000001, 1 << 7, 0, 0, 0)      # cap_setuid, effective
EVIL = "security.capability"


def report(name, *pairs):
    wrong = [(i, seen, want) for i, (seen, want) in enumerate(pairs) if seen != want]
    name = "setid-%s-%s" % (wanted, name)
    print("not ok %s: %s" % (name, wrong) if wrong else "ok " + name, flush=True)


def program(name, mode=0o755, caps=None):
    shutil.copy("/bin/grep", lower + "/" + name)
    os.chmod(lower + "/" + name, mode)
    if caps:
        os.setxattr(lower + "/" + name, EVIL, caps)


def runs(path):
    """What "grep" says of itself, run by a user without any privilege."""
    return as_user(1000, lambda: subprocess.run([path, "-E", "^(Uid|Gid|CapEff)", "/proc/self/status"],
                                                capture_output=True, text=True, check=True).stdout)


# --- a file that gets its bits, while it is on its way into a process

def execute_slowly(path, channel, out):
    """In the child: execve() that stops at an argument, after it has opened @path."""
    fd, page = fault_pages(4096)
    socket.send_fds(channel, [struct.pack("Q", page)], [fd])
    os.dup2(out, 1)
    arguments = (ctypes.c_void_p * 5)(*[ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p) for text in
                                        (b"grep", b"-E", b"^(Uid|Gid|CapEff)")], page, None)
    environment = (ctypes.c_void_p * 1)(None)
    os.setgroups([])
    os.setresgid(1000, 1000, 1000)
    os.setresuid(1000, 1000, 1000)
    libc.execve(os.fsencode(path), arguments, environment)
    os.write(1, errno.errorcode[ctypes.get_errno()].encode())
    os._exit(1)


def runs_meanwhile(path, change):
    """As runs(), with @change called between the open of the program and its start."""
    here, there = socket.socketpair()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        execute_slowly(path, there, writer)
    os.close(writer)
    data, fds, _, _ = socket.recv_fds(here, 8, 1)
    page, = struct.unpack("Q", data)
    os.read(fds[0], 32)                     # it has come to the page
    change()
    text = mmap.mmap(-1, 4096)
    text.write(b"/proc/self/status\0")
    source = ctypes.addressof(ctypes.c_char.from_buffer(text))
    serve_pages(fds[0], page, source, 4096)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer


program("plain")
program("setuid", 0o4755)
program("setgid", 0o2755)
program("locking", 0o2745)                  # no set-id: it has no x for the group
program("caps", caps=CAPS)
usual = runs(lower + "/plain")
# (The VFS ignores all three below.)
report("below", *[(runs(lower + "/" + name), usual) for name in ("setuid", "setgid", "caps")])
bad = usual if wanted == "plain" else "raised PermissionError(13, 'Permission denied')"
answers = [runs(mount + "/" + name) for name in ("setuid", "setgid", "caps")]
if wanted == "refused":
    answers = ["raised PermissionError(13, 'Permission denied')" if answer == "EACCES" else answer for answer in answers]
report("run", (runs(mount + "/plain"), usual), (runs(mount + "/locking"), runs(lower + "/locking")),
       *[(answer, bad) for answer in answers])
# Everything else can be done with them: nothing is hidden.
report("seen", *[(look(mount + "/" + name), look(lower + "/" + name)) for name in os.listdir(lower)],
       (oct(os.stat(mount + "/setuid").st_mode), "0o104755"), (oct(os.stat(mount + "/setgid").st_mode), "0o102755"),
       (os.getxattr(mount + "/caps", EVIL), CAPS), (read(mount + "/setuid"), read("/bin/grep")))
os.chmod(mount + "/setuid", 0o755)
os.removexattr(mount + "/caps", EVIL)
report("taken-off", (runs(mount + "/setuid"), usual), (runs(mount + "/caps"), usual))
# What a change takes away it takes away here too.
program("changed", 0o6777)
as_user(1000, os.truncate, mount + "/changed", 5)
seen = [(oct(os.stat(lower + "/changed").st_mode), "0o100777")]
program("changed", 0o6777)
os.chown(mount + "/changed", 1000, 1000)
report("changed", *seen, (oct(os.stat(lower + "/changed").st_mode), "0o100777"))
report("while-it-starts",
       (runs_meanwhile(mount + "/plain", lambda: os.chmod(mount + "/plain", 0o6755)), usual),
       (oct(os.stat(mount + "/plain").st_mode), "0o106755"),
       (runs_meanwhile(mount + "/caps", lambda: os.setxattr(lower + "/caps", EVIL, CAPS)), usual))
for name in os.listdir(lower):
    os.unlink(lower + "/" + name)
