# SPDX-License-Identifier: GPL-2.0-only
"""Cases of oracle.py: each gets an empty directory and returns what it saw.

The same case runs on a plain directory of the lower filesystem and through the
mount; the two answers have to be equal.
"""
import fcntl
import mmap
import os
import resource
import signal
import socket
import stat
import struct
import subprocess

from calls import *

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


@case
def file_types(d):
    put(d + "/file", b"x")
    os.mkdir(d + "/dir")
    os.symlink("file", d + "/link")
    os.mkfifo(d + "/fifo")
    os.mknod(d + "/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(d + "/block", stat.S_IFBLK | 0o600, os.makedev(7, 200))
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(d + "/socket")
    sock.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect(d + "/socket")
    with open(d + "/null", "wb", buffering=0) as null:
        null.write(b"gone")
    reader = os.open(d + "/fifo", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(d + "/fifo", os.O_WRONLY)
    os.write(writer, b"through")
    through = os.read(reader, 100).decode()
    kinds = {e.name: (e.is_dir(follow_symlinks=False), e.is_symlink(), e.inode() == os.lstat(e.path).st_ino)
             for e in os.scandir(d)}
    return [{n: look(d + "/" + n) for n in sorted(os.listdir(d))}, kinds, through,
            os.readlink(d + "/link"), outcome(os.readlink, d + "/file")]


@case
def create_errors(d):
    put(d + "/f")
    os.mkdir(d + "/dir")
    put(d + "/dir/f")
    os.symlink("loop", d + "/loop")
    return [outcome(os.open, d + "/f", os.O_CREAT | os.O_EXCL), outcome(os.mkdir, d + "/f"),
            outcome(os.rmdir, d + "/dir"), outcome(os.unlink, d + "/dir"), outcome(os.rmdir, d + "/f"),
            outcome(os.open, d + "/loop", os.O_RDONLY), outcome(os.open, d + "/f/x", os.O_RDONLY),
            outcome(os.open, d + "/" + "n" * 256, os.O_CREAT), outcome(os.open, d + "/dir", os.O_WRONLY),
            outcome(os.listdir, d + "/f"), outcome(os.link, d + "/dir", d + "/hard"),
            outcome(os.rename, d + "/dir", d + "/dir/sub"), outcome(os.rename, d + "/f", d + "/dir"),
            outcome(os.rename, d + "/dir", d + "/f"), outcome(os.open, d + "/none", os.O_RDONLY),
            outcome(os.mkdir, d + "/none/x"), outcome(os.link, d + "/f", d + "/dir/f")]


@case
def hard_links(d):
    os.makedirs(d + "/a/b")
    put(d + "/one", b"1")
    os.link(d + "/one", d + "/a/two")
    os.link(d + "/a/two", d + "/a/b/three")
    inodes = {os.stat(d + p).st_ino for p in ("/one", "/a/two", "/a/b/three")}
    fd = os.open(d + "/a/two", os.O_RDWR)
    os.unlink(d + "/a/two")
    os.write(fd, b"longer")
    seen = [len(inodes), read(d + "/one").decode(), os.fstat(fd).st_nlink]
    os.rename(d + "/one", d + "/a/b/three")     # the same file: nothing happens
    seen += [os.path.exists(d + "/one"), look(d + "/one")]
    os.unlink(d + "/one")
    os.unlink(d + "/a/b/three")
    seen += [os.fstat(fd).st_nlink, outcome(os.link, "/proc/self/fd/%d" % fd, d + "/back", follow_symlinks=True)]
    return seen


@case
def rename_flags(d):
    put(d + "/a", b"A")
    put(d + "/b", b"B")
    os.makedirs(d + "/x/in")
    os.mkdir(d + "/y")
    seen = [outcome(renameat2, d + "/a", d + "/b", RENAME_NOREPLACE),
            outcome(renameat2, d + "/a", d + "/b", RENAME_EXCHANGE), read(d + "/a").decode(),
            outcome(renameat2, d + "/a", d + "/x", RENAME_EXCHANGE), sorted(os.listdir(d + "/a")),
            outcome(renameat2, d + "/a", d + "/y/moved", 0), sorted(os.listdir(d + "/y/moved")),
            outcome(renameat2, d + "/y", d + "/y/moved/in/z", 0),
            outcome(renameat2, d + "/y", d + "/y/moved", RENAME_EXCHANGE),
            outcome(renameat2, d + "/b", d + "/none", RENAME_EXCHANGE),
            outcome(renameat2, d + "/b", d + "/y/moved/in", 0),
            outcome(renameat2, d + "/b", d + "/c", RENAME_NOREPLACE),
            outcome(renameat2, d + "/c", d + "/e", 64),
            outcome(renameat2, d + "/c", d + "/e", RENAME_WHITEOUT)]
    return seen + [look(d + "/c") if os.path.lexists(d + "/c") else None, tree(d)]


@case
def unlinked_open(d):
    fd = os.open(d + "/f", os.O_CREAT | os.O_RDWR)
    os.write(fd, b"still here")
    os.unlink(d + "/f")
    os.lseek(fd, 0, os.SEEK_SET)
    seen = [os.read(fd, 100).decode(), os.fstat(fd).st_nlink, outcome(os.stat, d + "/f")]
    os.fchmod(fd, 0o600)
    os.ftruncate(fd, 5)
    sub = os.open(d, os.O_DIRECTORY)
    os.mkdir(d + "/gone")
    gone = os.open(d + "/gone", os.O_DIRECTORY)
    os.rmdir(d + "/gone")
    seen += [outcome(os.open, "x", os.O_CREAT, dir_fd=gone), outcome(os.listdir, gone), os.fstat(fd).st_size,
             outcome(os.mkdir, "x", dir_fd=gone), outcome(os.fsync, sub), outcome(os.fsync, fd)]
    return seen


@case
def tmpfile(d):
    fd = os.open(d, os.O_TMPFILE | os.O_RDWR, 0o640)
    os.write(fd, b"unnamed")
    seen = [os.fstat(fd).st_nlink, oct(os.fstat(fd).st_mode), outcome(link_fd, fd, d + "/named"),
            os.fstat(fd).st_nlink, read(d + "/named").decode()]
    os.write(fd, b", then named")
    seen += [read(d + "/named").decode(), os.stat(d + "/named").st_ino == os.fstat(fd).st_ino]
    fd = os.open(d, os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o640)
    seen += [outcome(link_fd, fd, d + "/never"), sorted(os.listdir(d))]
    return seen


@case
def read_write(d):
    fd = os.open(d + "/f", os.O_CREAT | os.O_RDWR)
    seen = [os.write(fd, b"0123456789" * 1000), os.lseek(fd, 0, os.SEEK_CUR), os.pread(fd, 5, 9998).decode(),
            os.pwrite(fd, b"hole", 1 << 20), os.fstat(fd).st_size, os.lseek(fd, 0, os.SEEK_END),
            outcome(os.lseek, fd, -5, os.SEEK_SET), outcome(os.lseek, fd, -(1 << 40), os.SEEK_CUR),
            outcome(os.lseek, fd, (1 << 63) - 1, os.SEEK_SET), os.pread(fd, 10, 1 << 21).decode(),
            outcome(os.lseek, fd, 5, 77)]
    os.ftruncate(fd, 3)
    seen += [os.fstat(fd).st_size, os.pread(fd, 10, 0).decode(), outcome(os.ftruncate, fd, -1),
             outcome(os.truncate, d + "/f", 1 << 62), outcome(os.pwrite, fd, b"x", (1 << 63) - 2)]
    os.ftruncate(fd, 3)                         # tmpfs has no smaller limit
    append = os.open(d + "/f", os.O_WRONLY | os.O_APPEND)
    os.write(append, b"tail")
    fcntl.fcntl(append, fcntl.F_SETFL, 0)       # and back to the position
    os.lseek(append, 0, os.SEEK_SET)
    os.write(append, b"H")
    fcntl.fcntl(append, fcntl.F_SETFL, os.O_APPEND)
    os.write(append, b"!")
    os.pwrite(append, b"?", 0)
    seen += [read(d + "/f").decode(), outcome(os.read, append, 1)]
    noappend = 0x20                             # RWF_NOAPPEND
    seen += [outcome(os.pwritev, append, [b"P"], 1, noappend), outcome(os.pwritev, append, [b"Q"], 0, os.RWF_APPEND
             if hasattr(os, "RWF_APPEND") else 0x10), outcome(os.preadv, fd, [bytearray(3)], 0, os.RWF_NOWAIT),
             outcome(os.pwritev, fd, [b"s"], 0, os.RWF_DSYNC), outcome(os.preadv, fd, [bytearray(3)], 0, 0x4000)]
    return seen + [read(d + "/f").decode(), outcome(os.posix_fadvise, fd, 0, 0, os.POSIX_FADV_DONTNEED)]


@case
def sparse(d):
    fd = os.open(d + "/f", os.O_CREAT | os.O_RDWR)
    os.pwrite(fd, b"d" * 65536, 1 << 20)
    os.ftruncate(fd, 4 << 20)
    os.fsync(fd)
    seek = [outcome(os.lseek, fd, at, how) for how in (os.SEEK_DATA, os.SEEK_HOLE)
            for at in (0, 1 << 20, 2 << 20, (4 << 20) - 1, 4 << 20, -1)]
    punch = outcome(fallocate, fd, FALLOC_PUNCH | FALLOC_KEEP_SIZE, 1 << 20, 32768)
    seen = [seek, punch, outcome(os.lseek, fd, 0, os.SEEK_DATA), os.pread(fd, 4, 1 << 20).hex(),
            outcome(fallocate, fd, 0, 4 << 20, 65536), os.fstat(fd).st_size,
            outcome(fallocate, fd, FALLOC_KEEP_SIZE, 8 << 20, 65536), os.fstat(fd).st_size,
            outcome(fallocate, fd, FALLOC_COLLAPSE, 0, 65536), os.fstat(fd).st_size,
            outcome(fallocate, fd, FALLOC_ZERO, 0, 4096), outcome(fallocate, fd, 0x4000, 0, 1),
            outcome(fallocate, fd, 0, -1, 1), os.fstat(fd).st_blocks]
    return seen


@case
def direct(d):
    try:
        fd = os.open(d + "/f", os.O_CREAT | os.O_RDWR | os.O_DIRECT)
    except OSError as error:
        return error.errno
    page = mmap.mmap(-1, 8192)
    page.write(b"D" * 8192)
    seen = [outcome(os.pwritev, fd, [page], 0), os.fstat(fd).st_size, read(d + "/f")[:4].decode(),
            outcome(os.preadv, fd, [page], 4096), outcome(os.pwritev, fd, [memoryview(page)[1:100]], 0)]
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)
    seen += [outcome(os.pwrite, fd, b"odd", 1), outcome(fcntl.fcntl, fd, fcntl.F_SETFL, os.O_DIRECT),
             outcome(os.pread, fd, 4096, 0) and read(d + "/f")[:5].decode()]
    return seen


@case
def mapping(d):
    put(d + "/f", bytes(16384))
    fd = os.open(d + "/f", os.O_RDWR)
    shared = mmap.mmap(fd, 16384)
    private = mmap.mmap(fd, 16384, flags=mmap.MAP_PRIVATE)
    other = mmap.mmap(os.open(d + "/f", os.O_RDONLY), 16384, prot=mmap.PROT_READ)
    shared[5:8] = b"map"
    seen = [os.pread(fd, 3, 5).decode(), other[5:8].decode()]
    os.pwrite(fd, b"write", 8192)
    seen += [shared[8192:8197].decode(), other[8192:8197].decode()]
    private[0:3] = b"own"
    seen += [os.pread(fd, 3, 0).hex(), shared.flush() is None]
    os.close(fd)
    shared[100:104] = b"late"
    os.unlink(d + "/f")
    shared[104:105] = b"r"
    seen += [other[100:105].decode()]
    maps = [line.split(None, 5)[5].strip().replace(d, "") for line in open("/proc/self/maps") if d in line]
    return seen + [sorted(set(maps)), outcome(mmap.mmap, os.open(d, os.O_RDONLY), 4096, prot=mmap.PROT_READ)]


@case
def splice(d):
    put(d + "/in", b"spliced" * 10000)
    out = os.open(d + "/out", os.O_CREAT | os.O_RDWR)
    source = os.open(d + "/in", os.O_RDONLY)
    seen = [os.sendfile(out, source, 0, 70000)]
    reader, writer = os.pipe()
    for _ in range(3):
        n = os.splice(source, writer, 8192)
        seen.append([n, os.splice(reader, out, n, offset_dst=100000)])
    os.write(writer, b"end")
    seen += [os.splice(reader, out, 3), os.lseek(out, 0, os.SEEK_CUR)]
    return seen + [os.fstat(out).st_size, hash_of(d + "/out")]


def hash_of(path):
    import hashlib
    return hashlib.sha256(read(path)).hexdigest()


@case
def copies(d):
    put(d + "/a", os.urandom(4096).hex().encode() * 8)
    size = os.stat(d + "/a").st_size
    source = os.open(d + "/a", os.O_RDONLY)
    b = os.open(d + "/b", os.O_CREAT | os.O_RDWR)
    seen = [outcome(os.copy_file_range, source, b, size), os.fstat(b).st_size == size, read(d + "/b") == read(d + "/a"),
            outcome(os.copy_file_range, source, b, 10, 0, size + 5), os.fstat(b).st_size - size,
            outcome(os.copy_file_range, source, b, 10, size + 100, 0), outcome(os.copy_file_range, b, b, 100, 0, 50),
            outcome(os.copy_file_range, b, source, 10)]
    clone = os.open(d + "/clone", os.O_CREAT | os.O_RDWR)
    seen += [outcome(fcntl.ioctl, clone, FICLONE, source), os.fstat(clone).st_size,
             outcome(fcntl.ioctl, clone, FICLONERANGE, struct.pack("qQQQ", source, 1, 1, 1)),
             outcome(fcntl.ioctl, source, FICLONE, clone)]
    if os.fstat(clone).st_size:
        same = struct.pack("QQHHIqQQiI", 0, 4096, 1, 0, 0, clone, 0, 0, 0, 0)
        seen += [list(struct.unpack("QQHHIqQQiI", fcntl.ioctl(source, FIDEDUPERANGE, same)))[7:9],
                 read(d + "/clone") == read(d + "/a")]
    with open("/tmp/elsewhere", "wb+") as elsewhere:
        seen += [outcome(os.copy_file_range, source, elsewhere.fileno(), 10, 0, 0)
                 if os.stat("/tmp").st_dev != os.stat(d).st_dev else "EXDEV"]
    return seen


@case
def permissions(d):
    os.chmod(d, 0o755)
    put(d + "/mine", b"x", 0o600)
    put(d + "/readable", b"x", 0o644)
    put(d + "/theirs", b"x", 0o644)
    os.chown(d + "/theirs", 1000, 1000)
    os.mkdir(d + "/closed", 0o700)
    put(d + "/closed/f")
    os.mkdir(d + "/sticky")
    os.chmod(d + "/sticky", 0o1777)
    put(d + "/sticky/f")

    def open_close(path, flags):
        os.close(os.open(path, flags))
        return "ok"

    def user():
        return [outcome(open_close, d + "/mine", os.O_RDONLY), outcome(open_close, d + "/readable", os.O_RDONLY),
                outcome(open_close, d + "/readable", os.O_WRONLY), outcome(open_close, d + "/theirs", os.O_RDWR),
                outcome(os.stat, d + "/closed/f") and outcome(open_close, d + "/closed/f", os.O_RDONLY),
                outcome(os.unlink, d + "/sticky/f"), outcome(os.chmod, d + "/readable", 0o777),
                outcome(os.chmod, d + "/theirs", 0o4755), outcome(os.chown, d + "/theirs", 0, 0),
                outcome(os.utime, d + "/readable"), outcome(os.utime, d + "/theirs", (1, 2)),
                outcome(open_close, d + "/new", os.O_CREAT | os.O_WRONLY), outcome(os.mkdir, d + "/sticky/dir"),
                outcome(os.truncate, d + "/readable", 0), outcome(os.access, d + "/mine", os.R_OK),
                outcome(os.rename, d + "/sticky/f", d + "/sticky/g"), outcome(os.link, d + "/mine", d + "/sticky/l"),
                outcome(os.setxattr, d + "/theirs", "user.a", b"1"), outcome(os.setxattr, d + "/readable", "user.a", b"1"),
                outcome(os.setxattr, d + "/theirs", "trusted.a", b"1"), outcome(open_close, d + "/readable", os.O_NOATIME),
                outcome(os.mknod, d + "/sticky/dev", stat.S_IFCHR | 0o666, os.makedev(1, 3))]

    return [as_user(1000, user), tree(d)]


@case
def umask_and_setgid(d):
    old = os.umask(0o027)
    os.mkdir(d + "/dir")
    put(d + "/f", mode=0o666)
    os.chown(d + "/dir", 0, 1234)
    os.chmod(d + "/dir", 0o2775)
    put(d + "/dir/inherits")
    os.mkdir(d + "/dir/sub")
    os.mkfifo(d + "/dir/fifo")
    os.umask(old)
    return tree(d)


@case
def privileges_cleared(d):
    def make(name):
        put(d + "/" + name, b"program")
        os.chown(d + "/" + name, 1000, 1000)
        os.setxattr(d + "/" + name, "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))
        os.chmod(d + "/" + name, 0o6777)

    def seen(name):
        return [look(d + "/" + name), outcome(lambda: os.getxattr(d + "/" + name, "security.capability").hex())]

    def write(name):
        fd = os.open(d + "/" + name, os.O_WRONLY)
        os.write(fd, b"P")

    def use_map(name):
        fd = os.open(d + "/" + name, os.O_RDWR)
        mmap.mmap(fd, 4)[0:1] = b"M"

    def punch(name):
        fallocate(os.open(d + "/" + name, os.O_RDWR), 0, 0, 10000)

    def copy(name):
        source = os.open(d + "/source", os.O_RDONLY)
        os.copy_file_range(source, os.open(d + "/" + name, os.O_WRONLY), 100)

    put(d + "/source", b"data" * 100)
    actions = {"write": write, "truncate": lambda n: os.truncate(d + "/" + n, 1), "map": use_map, "punch": punch,
               "copy": copy, "chgrp": lambda n: os.chown(d + "/" + n, -1, 1000), "read": lambda n: len(read(d + "/" + n))}
    def all_of(uid):
        return [outcome(action, "%s%d" % (name, uid)) for name, action in actions.items()]

    result = []
    for uid in (1000, 0):
        for name in actions:
            make("%s%d" % (name, uid))
        result += [as_user(uid, all_of, uid), [[name, seen("%s%d" % (name, uid))] for name in actions]]
    make("chown")
    os.chown(d + "/chown", 0, 0)
    return result + [seen("chown")]


@case
def capabilities_run(d):
    """A program with file capabilities has them, run through the mount too."""
    os.chmod(d, 0o755)
    put(d + "/cat", read("/bin/cat"), 0o755)
    put(d + "/secret", b"secret", 0o600)
    seen = []
    for step in ("none", "caps", "setuid"):
        if step == "caps":
            os.setxattr(d + "/cat", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 1, 0, 0, 0))
        if step == "setuid":
            os.removexattr(d + "/cat", "security.capability")
            os.chmod(d + "/cat", 0o4755)
        seen.append(as_user(1000, lambda: subprocess.run([d + "/cat", d + "/secret"], capture_output=True).stdout.decode()))
    return seen


@case
def text_busy(d):
    put(d + "/sleep", read("/bin/sleep"), 0o755)
    process = subprocess.Popen([d + "/sleep", "1000"])
    seen = [outcome(os.open, d + "/sleep", os.O_WRONLY), outcome(os.truncate, d + "/sleep", 0)]
    process.kill()
    process.wait()
    fd = os.open(d + "/sleep", os.O_WRONLY)
    seen.append(outcome(subprocess.run, [d + "/sleep", "0"]))
    os.close(fd)
    return seen


@case
def xattrs(d):
    put(d + "/f")
    os.mkdir(d + "/dir")
    os.symlink("f", d + "/l")
    seen = []
    for path in (d + "/f", d + "/dir"):
        seen += [outcome(os.setxattr, path, "user.one", b"1"), outcome(os.setxattr, path, "user.empty", b""),
                 outcome(os.setxattr, path, "user.one", b"2", os.XATTR_CREATE),
                 outcome(os.setxattr, path, "user.two", b"2", os.XATTR_REPLACE),
                 outcome(os.setxattr, path, "trusted.t", b"t" * 300), outcome(os.setxattr, path, "security.s", b"s"),
                 outcome(os.setxattr, path, "nonsense.x", b"x"), outcome(os.setxattr, path, "user." + "n" * 300, b""),
                 outcome(os.setxattr, path, "user.", b""), outcome(os.setxattr, path, "system.x", b""),
                 sorted(os.listxattr(path)), os.getxattr(path, "trusted.t").decode(),
                 outcome(os.removexattr, path, "user.one"), outcome(os.removexattr, path, "user.one"),
                 outcome(os.getxattr, path, "user.none"), sorted(os.listxattr(path)), os.getxattr(path, "user.empty").hex()]
    seen += [outcome(os.setxattr, d + "/l", "user.x", b"", follow_symlinks=False),
             outcome(os.setxattr, d + "/l", "trusted.x", b"y", follow_symlinks=False),
             outcome(os.listxattr, d + "/l", follow_symlinks=False), as_user(1000, os.listxattr, d + "/f")]
    return seen


USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32


def set_acl(path, *entries, default=False):
    """@entries: (tag, permissions) or (tag, permissions, id)."""
    packed = [struct.pack("<HHI", *(entry if len(entry) == 3 else entry + (0xFFFFFFFF,))) for entry in entries]
    os.setxattr(path, "system.posix_acl_" + ("default" if default else "access"), struct.pack("<I", 2) + b"".join(packed))


@case
def acls(d):
    os.chmod(d, 0o755)
    put(d + "/f", b"x", 0o600)
    os.mkdir(d + "/dir")
    for_1000 = ((USER_OBJ, 6), (USER, 6, 1000), (GROUP_OBJ, 0), (MASK, 6), (OTHER, 0))

    def readers():
        def mine():
            return [outcome(lambda: read(d + "/f").decode()), outcome(set_acl, d + "/f", *for_1000)]
        return [as_user(uid, mine) for uid in (1000, 1001)]

    seen = [outcome(set_acl, d + "/f", *for_1000), look(d + "/f"), readers()]
    os.chmod(d + "/f", 0o604)
    seen += [readers()]
    seen += [outcome(set_acl, d + "/dir", (USER_OBJ, 7), (USER, 7, 1000), (GROUP_OBJ, 5), (GROUP, 5, 7), (MASK, 7), (OTHER, 5),
                     default=True), outcome(set_acl, d + "/f", *for_1000, default=True),
             outcome(set_acl, d + "/f", (USER_OBJ, 6), (USER, 6, 1000)), outcome(set_acl, d + "/f")]
    old = os.umask(0o077)
    put(d + "/dir/child", mode=0o666)
    os.mkdir(d + "/dir/sub")
    os.close(os.open(d + "/dir", os.O_TMPFILE | os.O_WRONLY, 0o666))
    os.umask(old)
    # (tree() has the ACLs as they are in the attributes.)
    seen += [tree(d)]
    seen += [outcome(os.removexattr, d + "/f", "system.posix_acl_access"), look(d + "/f"),
             outcome(os.removexattr, d + "/dir", "system.posix_acl_default"), readers()]
    # With the tool, which looks first and then decides.
    seen += [run("setfacl", "-m", "u:1000:rw", d + "/f")]
    put(d + "/dir/after", mode=0o640)
    return seen + [tree(d)]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return [done.returncode, done.stdout]


@case
def times(d):
    put(d + "/f")
    os.utime(d + "/f", ns=(1_000_000_007, 2_000_000_011))
    st = os.stat(d + "/f")
    seen = [st.st_atime_ns, st.st_mtime_ns]
    os.symlink("f", d + "/l")
    os.utime(d + "/l", ns=(5_000_000_000, 6_000_000_000), follow_symlinks=False)
    seen += [os.lstat(d + "/l").st_mtime_ns]
    read(d + "/f")                              # relatime: mtime is younger
    seen += [os.stat(d + "/f").st_atime_ns > 1_000_000_007]
    os.utime(d + "/f", ns=(1_000_000_007, 2_000_000_011))
    os.read(os.open(d + "/f", os.O_RDONLY | os.O_NOATIME), 1)
    seen += [os.stat(d + "/f").st_atime_ns]
    for change in (lambda: put(d + "/f", b"x"), lambda: os.truncate(d + "/f", 0)):
        os.utime(d + "/f", ns=(0, 0))
        change()
        seen += [os.stat(d + "/f").st_mtime_ns > 0]
    os.utime(d, ns=(0, 0))
    put(d + "/new")
    seen += [os.stat(d).st_mtime_ns > 0]
    os.utime(d, ns=(0, 0))
    os.listdir(d)
    os.mkfifo(d + "/fifo")
    fd = os.open(d + "/fifo", os.O_RDWR)
    os.utime(d + "/fifo", ns=(0, 0))
    os.write(fd, b"x")
    return seen + [os.stat(d).st_atime_ns > 0, os.stat(d + "/fifo").st_mtime_ns > 0]


@case
def inode_flags(d):
    put(d + "/f", b"x")
    fd = os.open(d + "/f", os.O_RDWR)
    seen = []
    for flag in (0x10, 0x20):                   # immutable, append-only
        word = outcome(fcntl.ioctl, fd, FS_IOC_GETFLAGS, bytes(8))
        if isinstance(word, str):
            return word
        flags = struct.unpack("q", word)[0]
        seen += [outcome(fcntl.ioctl, fd, FS_IOC_SETFLAGS, struct.pack("q", flags | flag)) and 0,
                 outcome(os.open, d + "/f", os.O_WRONLY), outcome(os.unlink, d + "/f"), outcome(os.chmod, d + "/f", 0o600),
                 outcome(os.rename, d + "/f", d + "/g"), outcome(os.link, d + "/f", d + "/g"),
                 outcome(os.setxattr, d + "/f", "user.x", b""), outcome(os.truncate, d + "/f", 0),
                 outcome(lambda: os.close(os.open(d + "/f", os.O_WRONLY | os.O_APPEND)))]
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("q", flags))
    fiemap = struct.pack("QQIIII", 0, 1 << 30, 1, 0, 0, 0)
    return seen + [as_user(1000, fcntl.ioctl, fd, FS_IOC_SETFLAGS, struct.pack("q", 0x10)),
                   outcome(lambda: struct.unpack("QQIIII", fcntl.ioctl(fd, FS_IOC_FIEMAP, fiemap))[3])]


@case
def file_size_limit(d):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
        fd = os.open(d + "/f", os.O_CREAT | os.O_RDWR)
        return [outcome(os.pwrite, fd, bytes(20000), 0), outcome(os.pwrite, fd, b"x", 10000),
                outcome(os.ftruncate, fd, 10001), outcome(fallocate, fd, 0, 0, 20000), os.fstat(fd).st_size]
    return as_user(0, limited)


@case
def directories(d):
    names = ["n%04d" % i + "n" * 240 for i in range(40)]    # three blocks of ext4
    for name in names:
        put(d + "/" + name)
    fd = os.open(d, os.O_RDONLY)
    first = sorted(os.listdir(fd))
    for name in names[:20]:
        os.unlink(d + "/" + name)
    again = sorted(os.listdir(fd))              # rewinds
    for i in range(5):
        os.rename(d + "/" + names[30], d + "/n%05d" % i)
        os.rename(d + "/n%05d" % i, d + "/" + names[30])
    return [first == names, again == names[20:], sorted(os.listdir(d)) == names[20:], outcome(os.read, fd, 1),
            sum(1 for e in os.scandir(d) if e.inode() == e.stat().st_ino)]


@case
def statfs(d):
    a = os.statvfs(d)
    return [a.f_bsize, a.f_frsize, a.f_namemax, a.f_blocks]


@case
def leases(d):
    put(d + "/f")
    reader, writer = os.open(d + "/f", os.O_RDONLY), os.open(d + "/f", os.O_RDWR)
    seen = [outcome(fcntl.fcntl, reader, fcntl.F_SETLEASE, fcntl.F_RDLCK)]
    os.close(writer)
    seen += [outcome(fcntl.fcntl, reader, fcntl.F_SETLEASE, fcntl.F_RDLCK), outcome(fcntl.fcntl, reader, fcntl.F_GETLEASE),
             outcome(fcntl.fcntl, reader, fcntl.F_SETLEASE, fcntl.F_UNLCK)]
    os.close(reader)
    # A shared mapping outlives its descriptor, and writes.
    writer = os.open(d + "/f", os.O_RDWR)
    mapped = map_page(writer)
    os.close(writer)
    writer = os.open(d + "/f", os.O_RDWR)
    seen.append(outcome(fcntl.fcntl, writer, fcntl.F_SETLEASE, fcntl.F_WRLCK))
    unmap_page(mapped)
    seen.append(outcome(fcntl.fcntl, writer, fcntl.F_SETLEASE, fcntl.F_WRLCK))
    return seen


@case
def long_paths(d):
    path = d
    for _ in range(14):
        path += "/" + "p" * 250
        os.mkdir(path)
    put(path + "/" + "f" * 255, b"deep")
    os.symlink("x" * 1000, d + "/long")           # xfs has room for 1023
    return [read(path + "/" + "f" * 255).decode(), len(os.readlink(d + "/long")), outcome(os.stat, path + "/" + "g" * 256)]
