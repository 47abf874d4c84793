#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devices.py LOWERDIR MOUNT PREFIX PATH...: files are told apart by st_dev and st_ino.

Each PATH is of another lower device than LOWERDIR, and than the others; some of
them have equal inode numbers.
"""
import subprocess
import sys

from calls import *

lower, mount, prefix = sys.argv[1:4]
paths = [""] + sys.argv[4:]
LOCKS, LEASES = "/proc/fs/holdfast/locks", "/proc/fs/holdfast/leases"


def report(name, *pairs):
    wrong = [(i, seen, want) for i, (seen, want) in enumerate(pairs) if seen != want]
    name = "devices-%s-%s" % (prefix, name)
    print("not ok %s: %s" % (name, wrong) if wrong else "ok " + name, flush=True)


def device(path):
    return os.lstat(path).st_dev


def statx(path):
    answer = ctypes.create_string_buffer(256)
    check(libc.statx(AT_FDCWD, os.fsencode(path), 0x100, 0x7ff, answer))
    return os.makedev(*struct.unpack_from("II", answer, 136)), struct.unpack_from("Q", answer, 32)[0]


def every(top):
    """All objects below @top, and itself, by their relative names."""
    for where, dirs, files in os.walk(top):
        yield os.path.relpath(where, top)
        for name in files + [d for d in dirs if os.path.islink(where + "/" + d)]:
            yield os.path.relpath(os.path.join(where, name), top)


def shown(table, path):
    """The line of the table that @path has, if one has its numbers."""
    st = os.stat(path)
    name = "%02x:%02x:%d" % (os.major(st.st_dev), os.minor(st.st_dev), st.st_ino)
    with open(table) as lines:
        return any(name in line.split() for line in lines)


def numbers():
    below, above = [device(lower + "/" + p) for p in paths], [device(mount + "/" + p) for p in paths]
    seen = [(len(set(below)), len(paths)), (len(set(above)), len(paths)), (set(above) & set(below), set())]
    # LOWERDIR's own is the mount's.
    with open("/proc/self/mountinfo") as lines:
        main, = [line.split()[2] for line in lines if line.split()[4] == mount]
    seen += [("%d:%d" % (os.major(above[0]), os.minor(above[0])), main)]
    seen += [(statx(mount + "/" + p), (device(mount + "/" + p), os.stat(mount + "/" + p).st_ino)) for p in paths]
    # What is one device below is one above, and what is not is not.
    pairs = {(device(lower + "/" + p), device(mount + "/" + p)) for p in every(lower)}
    seen += [(len({b for b, _ in pairs}), len(pairs)), (len({a for _, a in pairs}), len(pairs)), (sorted(every(mount)), sorted(every(lower)))]
    identities = {(st.st_dev, st.st_ino) for st in (os.lstat(mount + "/" + p) for p in every(mount))}
    seen += [(len(identities), len({(st.st_dev, st.st_ino) for st in (os.lstat(lower + "/" + p) for p in every(lower))}))]
    report("numbers", *seen)


def tools():
    """What fts and cp make of them."""
    def of(tool, top):
        done = subprocess.run([tool[0]] + [word.replace("@", top) for word in tool[1:]], capture_output=True, text=True,
                              check=False)
        lines = (done.stdout + done.stderr).replace(top, "@").splitlines()
        return [done.returncode] + sorted(line.split("\t")[-1] for line in lines)
    os.sync()
    seen = [(of(tool, mount), of(tool, lower)) for tool in (["find", "@"], ["du", "-a", "@"], ["find", "@", "-xdev"],
                                                            ["ls", "-R", "@"])]
    files = [p for p in every(mount) if os.path.isfile(mount + "/" + p)]
    seen += [(os.path.samefile(mount + "/" + a, mount + "/" + b), os.path.samefile(lower + "/" + a, lower + "/" + b))
             for a in files for b in files]
    report("tools", *seen)


def tables():
    """The tables show the numbers that stat(2) does."""
    seen = []
    for p in paths:
        name = mount + "/" + p
        if os.path.isdir(name):
            name += "/file"
        fd = os.open(name, os.O_RDWR | os.O_CREAT)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        seen += [((name, shown(LOCKS, name)), (name, True)), ((name, shown(LEASES, name)), (name, False))]
        os.close(fd)
        fd = os.open(name, os.O_RDONLY)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        seen += [((name, shown(LOCKS, name)), (name, False)), ((name, shown(LEASES, name)), (name, True))]
        os.close(fd)
    report("tables", *seen)


def others():
    """The kernel's own lists know the mount's number only (administrators.md)."""
    import mmap
    main, seen = device(mount), []
    for p in paths:
        name = mount + "/" + p
        if os.path.isdir(name):
            name += "/file"
        fd = os.open(name, os.O_RDWR)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        page = mmap.mmap(fd, 0)
        with open("/proc/self/maps") as lines:
            maps, = [line.split()[3] for line in lines if line.rstrip().endswith(os.path.normpath(name))]
        with open("/proc/self/fdinfo/%d" % fd) as lines:
            lock, = [line.split()[6] for line in lines if line.startswith("lock:")]
        shown_main = "%02x:%02x" % (os.major(main), os.minor(main))
        seen += [(maps, shown_main), (":".join(lock.split(":")[:2]), shown_main)]
        page.close()
        os.close(fd)
    report("others", *seen)


def again():
    """The numbers are those of before, after the caches were dropped, too."""
    # (An overlay's directories may get another inode number, on any filesystem.)
    before = {p: device(mount + "/" + p) for p in every(mount)}
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2\n")
    report("again", ({p: device(mount + "/" + p) for p in every(mount)}, before))


numbers()
tools()
tables()
others()
again()
