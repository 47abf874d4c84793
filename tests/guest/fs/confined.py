#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""confined.py landlock|apparmor PLAIN MOUNT: a program that may use "in" only.

It does the same in PLAIN, a directory of an ordinary filesystem, and in MOUNT,
and has to meet the same answers.  Each directory has an "in" that the rules
allow, and an "out" that they do not.  For apparmor the profile "hf-confined" is
loaded; it allows everything in "in" but to map "in/data-only" to run it.
"""
import ctypes
import json
import mmap
import os
import shutil
import struct
import subprocess
import sys

from calls import *

how, plain, mount = sys.argv[1:4]
ALL_RIGHTS = (1 << 16) - 1
RUN = 1 << 0 | 1 << 2 | 1 << 3      # execute, read files, read directories
PR_SET_NO_NEW_PRIVS = 38


def landlock(top):
    ruleset = check(libc.syscall(444, struct.pack("Q", ALL_RIGHTS), ctypes.c_size_t(8), 0))
    for path, rights in ((top + "/in", ALL_RIGHTS), ("/usr", RUN), ("/proc/self", RUN)):
        fd = os.open(path, os.O_PATH)
        check(libc.syscall(445, ruleset, 1, struct.pack("=Qi", rights, fd), 0))
        os.close(fd)
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    check(libc.syscall(446, ruleset, 0))


def apparmor(_):
    with open("/proc/self/attr/apparmor/current", "w") as file:
        file.write("changeprofile hf-confined")


def prepare(top):
    shutil.rmtree(top + "/in", ignore_errors=True)
    shutil.rmtree(top + "/out", ignore_errors=True)
    for directory in ("in", "in/sub", "out"):
        os.mkdir(top + "/" + directory)
    for name in ("in/file", "in/sub/file", "in/other", "in/data-only", "in/late", "out/file"):
        put(top + "/" + name, b"data" * 1024)
    shutil.copy("/usr/bin/true", top + "/in/program")


def fd_of(path, flags=os.O_RDONLY):
    """Closed when this process ends."""
    return os.open(path, flags, 0o644)


def run_program(path):
    return subprocess.run([path], check=True).returncode


def make_unnamed(directory):
    fd = fd_of(directory, os.O_TMPFILE | os.O_RDWR)
    os.write(fd, b"unnamed")
    link_fd(fd, directory + "/named")
    return read(directory + "/named").decode()


def copy(source, target):
    return os.copy_file_range(fd_of(source), fd_of(target, os.O_RDWR), 100)


def change_names(directory):
    put(directory + "/new", b"new")
    os.rename(directory + "/new", directory + "/renamed")
    os.link(directory + "/renamed", directory + "/linked")
    os.symlink("linked", directory + "/symbolic")
    answer = read(directory + "/symbolic").decode()
    for name in ("renamed", "linked", "symbolic"):
        os.unlink(directory + "/" + name)
    os.mkdir(directory + "/made")
    os.rmdir(directory + "/made")
    return answer


def map_and_write(path):
    with mmap.mmap(fd_of(path, os.O_RDWR), 4096) as memory:
        memory[0:4] = b"mapd"
    return read(path)[:4].decode()


def map_to_run(path):
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE,
                        fd_of(path), ctypes.c_long(0))
    return "ok" if ctypes.c_long(address).value > 0 else errno.errorcode[ctypes.get_errno()]


def protect_to_run(path):
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ, mmap.MAP_PRIVATE, fd_of(path), ctypes.c_long(0))
    return check(libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC))


def write_all_ways(path):
    fd = fd_of(path, os.O_RDWR)
    answer = [os.pwrite(fd, b"x" * 100, 4000), aio_write(fd, b"y" * 100, 0), fallocate(fd, 0, 8192, 4096)]
    os.ftruncate(fd, 9000)
    os.fsync(fd)
    os.truncate(path, 5000)
    os.chmod(path, 0o600)
    os.utime(path)
    os.setxattr(path, "user.name", b"value")
    return answer + [os.fstat(fd).st_size, os.getxattr(path, "user.name").decode()]


def without_cache(path):
    fd = fd_of(path, os.O_RDONLY | os.O_DIRECT)
    page = mmap.mmap(-1, 4096)
    return [os.readv(fd, [page]), page[:4].decode()]


def splice_out(path):
    reader, writer = os.pipe()
    count = os.splice(fd_of(path), writer, 4)
    return os.read(reader, count).decode()


# name: function(top, inherited), and what it answers on a filesystem.
STEPS = {
    "read": (lambda top, _: read(top + "/in/file")[:4].decode(), "data"),
    "list": (lambda top, _: sorted(os.listdir(top + "/in/sub")), ["file"]),
    "inherited": (lambda _, kept: os.pread(kept["late"], 4, 0).decode(), "data"),
    "inherited-out": (lambda _, kept: os.pread(kept["out"], 4, 0).decode(), "data"),
    "inherited-directory": (lambda _, kept: os.listdir(kept["sub"]), ["file"]),
    "inherited-write": (lambda _, kept: os.pwrite(kept["write"], b"late", 0), 4),
    "write": (lambda top, _: write_all_ways(top + "/in/file"), [100, 100, 0, 5000, "value"]),
    "direct": (lambda top, _: without_cache(top + "/in/other"), [4096, "data"]),
    "splice": (lambda top, _: splice_out(top + "/in/other"), "data"),
    "map": (lambda top, _: map_and_write(top + "/in/sub/file"), "mapd"),
    "copy": (lambda top, _: copy(top + "/in/other", top + "/in/file"), 100),
    "create": (lambda top, _: put(top + "/in/created", b"c"), None),
    "unnamed": (lambda top, _: make_unnamed(top + "/in"), "unnamed"),
    "names": (lambda top, _: change_names(top + "/in/sub"), "new"),
    "run": (lambda top, _: run_program(top + "/in/program"), 0),
    "out-read": (lambda top, _: read(top + "/out/file"), "EACCES"),
    "out-write": (lambda top, _: put(top + "/out/file"), "EACCES"),
    "out-create": (lambda top, _: put(top + "/out/new"), "EACCES"),
    "out-list": (lambda top, _: os.listdir(top + "/out"), "EACCES"),
    "out-unnamed": (lambda top, _: make_unnamed(top + "/out"), "EACCES"),
    "out-truncate": (lambda top, _: os.truncate(top + "/out/file", 0), "EACCES"),
    "map-to-run": (lambda top, _: map_to_run(top + "/in/data-only"), "EACCES" if how == "apparmor" else "ok"),
    "protect-to-run": (lambda top, _: protect_to_run(top + "/in/data-only"), "EACCES" if how == "apparmor" else 0),
}

# README's limit: mprotect(2) asks about the lower file, as it does on overlayfs.
ON_MOUNT = {("apparmor", "protect-to-run"): 0}


def inherit(top):
    """Opened without a rule, and not used before there is one."""
    return {"late": fd_of(top + "/in/late"), "out": fd_of(top + "/out/file"), "sub": fd_of(top + "/in/sub"),
            "write": fd_of(top + "/in/late", os.O_WRONLY)}


def story(top):
    prepare(top)
    kept = inherit(top)
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            {"landlock": landlock, "apparmor": apparmor}[how](top)
            answers = {name: outcome(step, top, kept) for name, (step, _) in STEPS.items()}
        except BaseException as error:      # the child may not run on
            answers = repr(error)
        os.write(writer, json.dumps(answers).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answers = json.loads(pipe.read())
    os.wait()
    return answers


seen, wanted = story(mount), story(plain)
for name, (_, right) in STEPS.items():
    if not isinstance(seen, dict) or not isinstance(wanted, dict):
        print("not ok %s-%s: not confined: %s, %s" % (how, name, seen, wanted))
    elif wanted[name] == right and seen[name] == ON_MOUNT.get((how, name), right):
        print("ok %s-%s" % (how, name))
    else:
        print("not ok %s-%s: %s, on a plain filesystem %s" % (how, name, seen[name], wanted[name]))
