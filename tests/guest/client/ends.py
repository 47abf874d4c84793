#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""ends.py SERVED SERVER [PREFIX [CASE...]]: programs that are killed, and connections that
end, while something is under way.

HF_SEED chooses at which bytes connections die; with HF_OFFSETS=all it is each one.
"""
import fcntl
import mmap
import os
import random
import struct
import termios

from attack import CASES, case, device_of, run
from programs import DEEDS, MNT_FORCE

SIZE = 256 << 10
DATA = random.Random(1).randbytes(SIZE)
# So little that who writes it is not made to wait for the server.
FEW = 20000
POISON = b"\xaa" * SIZE
# Of each program, and of this one.
buffer = mmap.mmap(-1, SIZE)


def read_to_buffer(fd, offset):
    return os.preadv(fd, [buffer], offset)


DEEDS["read_to_buffer"] = read_to_buffer


def first_difference(seen, wanted):
    return len(seen), next((i for i, (a, b) in enumerate(zip(seen, wanted)) if a != b), None)


def fill(data):
    buffer[:] = data


def taken(link):
    """All that was sent to the client has been read there."""
    def is_taken():
        left = struct.unpack("i", fcntl.ioctl(link.client.sock, termios.TIOCOUTQ, b"\0" * 4))[0]
        return not link.client.out and not left
    return is_taken


def reader(a, proxy):
    """
    A program whose read into the buffer has been answered, as far as the proxy knows: its
    first part, of several, which the server answers in any order.
    """
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)
    kept = proxy.keep("Rread", which=lambda m: m.request.fields()[1] == 0)
    program.start("read_to_buffer", fd, 0)
    a.loop.until(kept)
    return program, kept.message


def goes_on(a, proxy):
    yield a.program().do("whole", a.path()) == DATA, True
    yield proxy.link.lives, True


def abort(a, device=None):
    return a.by_another("write_text", "/sys/fs/holdfast/%s/abort" % (device or device_of(a.mnt)), "1")


# -------------------------------------------------------------------- killed programs

@case
def killed_in_payload(a):
    """Half of an answer is in his pages when he is killed: nobody writes to them after."""
    a.make(DATA)
    proxy = a.mount("cache=none")
    program, message = reader(a, proxy)
    message.link.begin(message.data, 100000)
    a.loop.until(taken(message.link))
    program.kill()
    # What had come is there, and no more will.
    yield buffer[:90000] == DATA[:90000], True
    fill(POISON)
    message.link.finish()
    yield from goes_on(a, proxy)
    yield buffer[:] == POISON, True


@case
def killed_before_payload(a):
    """His answer comes after he is gone, and before it is known that it is not wanted."""
    a.make(DATA)
    proxy = a.mount("cache=none")
    program, message = reader(a, proxy)
    flush = proxy.keep("Tflush", which=lambda m: m.fields()[0] == message.tag)
    program.kill()
    fill(POISON)
    a.loop.until(flush)
    message.go()
    flush.go()
    yield from goes_on(a, proxy)
    yield buffer[:] == POISON, True


@case
def killed_with_half_a_head(a):
    """Of his answer there is not even the head when he is killed."""
    a.make(DATA)
    proxy = a.mount("cache=none")
    program, message = reader(a, proxy)
    message.link.begin(message.data, 9)
    a.loop.until(taken(message.link))
    program.kill()
    fill(POISON)
    message.link.finish()
    yield from goes_on(a, proxy)
    yield buffer[:] == POISON, True


@case
def answer_after_flush(a):
    """The answer comes behind the Rflush, where its tag is nobody's: the connection ends."""
    a.will_log()
    a.make(DATA)
    proxy = a.mount("cache=none")
    program, message = reader(a, proxy)
    flushed = []
    proxy.each("Rflush", lambda m: m.request.fields()[0] == message.tag and flushed.append(m))
    program.kill()
    a.loop.until(lambda: flushed)
    message.go()
    a.loop.until(lambda: not proxy.link.lives)
    yield a.program().do("statvfs", a.path()), "EIO"
    yield a.log("type 117, tag %d,.*nothing has that tag" % message.tag), 1
    yield a.log("9P session [0-9]+ has ended: -71"), 1


@case
def killed_in_stat(a):
    """Whoever asks for attributes is gone at once, whatever the server does."""
    a.make(DATA)
    proxy = a.mount("cache=strict,ac=0")
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)
    kept, flush = proxy.keep("Rgetattr"), proxy.keep("Tflush")
    program.start("size_there", fd)
    a.loop.until(kept)
    program.kill()
    a.loop.until(flush)
    kept.go()
    flush.go()
    yield from goes_on(a, proxy)


@case
def killed_in_open(a):
    """A fid that was made for somebody who is gone is given back."""
    a.make(DATA)
    proxy = a.mount("cache=strict,ac=60")
    program = a.program()
    program.do("stat", a.path())
    kept = proxy.keep("Ropenattr")
    flush = proxy.keep("Tflush")
    program.start("open", a.path(), os.O_RDONLY)
    a.loop.until(kept)
    fid = kept.message.request.fields()[1]
    program.kill()
    a.loop.until(flush)
    clunk = proxy.keep("Tclunk", which=lambda m: m.fields()[0] == fid)
    kept.go()
    flush.go()
    a.loop.until(clunk)
    clunk.go()
    yield from goes_on(a, proxy)


@case
def killed_in_write(a):
    """Pages that are being written stay as they are until the server has said something."""
    a.make(DATA)
    proxy = a.mount("cache=none")
    program = a.program()
    fd = program.do("open", a.path(), os.O_WRONLY)
    kept, flush = proxy.keep("Rwrite"), proxy.keep("Tflush")
    program.start("pwrite", fd, DATA[:1000], 0)
    a.loop.until(kept)
    os.kill(program.pid, 9)
    a.loop.until(flush)
    yield program.is_done(), False
    flush.go()
    program.kill()
    yield from goes_on(a, proxy)


# -------------------------------------------------------------------- time, and force

@case
def soft(a):
    """What was not answered in time has failed, and the connection goes on."""
    a.make(DATA)
    proxy = a.mount("cache=strict,ac=0,soft,timeo=1")
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)
    kept = proxy.keep("Rgetattr")
    yield program.do("size_there", fd), "ETIMEDOUT"
    yield kept(), True
    kept = proxy.keep("Rread", 10)
    yield program.do("pread", fd, 100, 0) in ("ETIMEDOUT", "EIO"), True
    proxy.rules.clear()
    yield from goes_on(a, proxy)


@case
def flush_unanswered(a):
    """A server that does not even answer a Tflush is none."""
    a.will_log()
    a.make(DATA)
    proxy = a.mount("cache=strict,ac=0,soft,timeo=1")
    program = a.program()
    fd = program.do("open", a.path(), os.O_RDONLY)
    proxy.keep("Rgetattr Rflush", 10)
    yield program.do("size_there", fd), "EIO"
    yield a.program().do("statvfs", a.path()), "EIO"
    yield a.log("9P session [0-9]+ has ended: -110"), 1


def stuck(a, options="cache=strict"):
    """
    A read in mid-payload, and what is written and not taken.  Return: proxy, programs.
    """
    a.make(DATA)
    os.truncate(a.lower(), SIZE)
    a.make(b"", "dirty")
    proxy = a.mount(options)
    writer = a.program()
    fd = writer.do("open", a.path("dirty"), os.O_WRONLY)
    if options != "cache=none":
        assert writer.do("write", fd, DATA) == SIZE
    proxy.keep("Rwrite", 10 ** 6)
    reads, message = reader(a, proxy)
    message.link.begin(message.data, 100000)
    a.loop.until(taken(message.link))
    return proxy, reads, writer, fd


def after_the_end(a, reads, writer, fd):
    outcome = reads.result()
    # What was whole by then he has.
    if outcome != "EIO":
        yield first_difference(buffer[:outcome], DATA[:outcome]), (outcome, None)
    yield outcome != SIZE, True
    yield writer.do("statvfs", a.path()), "EIO"
    yield writer.do("fsync", fd), "EIO"
    reads.do("forget")
    writer.do("forget")


@case
def umount_force(a):
    for options in "cache=strict", "cache=none":
        proxy, reads, writer, fd = stuck(a, options)
        yield a.umount(flags=MNT_FORCE), "EBUSY"
        yield from after_the_end(a, reads, writer, fd)
        yield a.umount(), None


@case
def abort_file(a):
    proxy, reads, writer, fd = stuck(a)
    yield abort(a), None
    yield from after_the_end(a, reads, writer, fd)


@case
def umount_hangs(a):
    """
    The server takes nothing any more.  A plain umount waits for what is dirty, and sync(2)
    for that: abort ends both.
    """
    a.make(b"")
    proxy = a.mount("cache=loose")
    device, umounts, syncs = device_of(a.mnt), a.program(), a.program()
    writes = proxy.keep("Rwrite", 10 ** 6)
    yield a.by_another("store", a.path(), DATA[:FEW]), FEW
    umounts.start("umount", a.mnt)
    a.loop.until(lambda: writes.messages)
    syncs.start("sync")
    yield abort(a, device), None
    yield (umounts.result(), syncs.result()), (None, None)
    a.mounts.remove(a.mnt)


@case
def force_while_dirty(a):
    """What is not written then is lost, and the log says so."""
    a.will_log()
    a.make(b"")
    proxy = a.mount("cache=loose")
    proxy.keep("Rwrite", 10 ** 6)
    yield a.by_another("store", a.path(), DATA[:FEW]), FEW
    yield a.umount(flags=MNT_FORCE), None
    yield a.log("%d bytes of inode [0-9]+ could not be written" % FEW), 1


@case
def umount_killed(a):
    """Who unmounts and is killed gives up what is not written, and the mount is gone."""
    a.make(b"")
    proxy = a.mount("cache=loose")
    umounts = a.program()
    writes = proxy.keep("Rwrite", 10 ** 6)
    yield a.by_another("store", a.path(), DATA[:FEW]), FEW
    umounts.start("umount", a.mnt)
    a.loop.until(lambda: writes.messages)
    umounts.kill()
    a.mounts.remove(a.mnt)
    a.loop.until(lambda: not proxy.link.lives)


# ------------------------------------------------------- the end in each kind of reply

def opened(flags, *deed):
    """A deed by a descriptor: (name, arguments behind it)."""
    def do(a, program):
        fd = program.do("open", a.path(), flags)
        return lambda: program.start(deed[0], fd, *deed[1:])
    return do


def by_path(deed, name="file", *more):
    return lambda a, program: lambda: program.start(deed, a.path(name), *more)


REPLIES = {
    # of hf1: what is done
    "getattr": opened(os.O_RDONLY, "size_there"),
    "walkattr": by_path("stat"),
    "openattr": by_path("open", "file", os.O_RDONLY),
    "createattr": by_path("open", "new", os.O_CREAT | os.O_RDWR),
    "read": opened(os.O_RDONLY, "pread", 5000, 0),
    "write": opened(os.O_WRONLY, "pwrite", DATA[:5000], 0),
    "readdir": by_path("listdir", ""),
    "statfs": by_path("statvfs"),
    "readlink": by_path("readlink", "link"),
    "xattrwalk": by_path("getxattr", "file", "user.a"),
    "xattrcreate": by_path("setxattr", "file", "user.a", b"v"),
    "mkdir": by_path("mkdir", "new"),
    "mknod": by_path("mkfifo", "new"),
    "symlink": lambda a, program: lambda: program.start("symlink", "file", a.path("new")),
    "link": lambda a, program: lambda: program.start("link", a.path(), a.path("new")),
    "unlinkat": by_path("unlink"),
    "renameat": lambda a, program: lambda: program.start("rename", a.path(), a.path("new")),
    "setattr": by_path("chmod", "file", 0o600),
    "fsync": opened(os.O_RDWR, "fsync"),
}
PLAIN = {
    "walk": REPLIES["walkattr"],
    "lopen": REPLIES["openattr"],
    "lcreate": REPLIES["createattr"],
}
GREETINGS = "version", "caps", "attach"


def offsets(size, r):
    if os.environ.get("HF_OFFSETS") == "all":
        return range(size)
    return sorted({r.randrange(7), r.randrange(size), size - 1})


def deaths(a, kind, begin):
    """
    begin(proxy, program) returns what has a reply of a kind come.  The connection dies with so
    many bytes of it, of a few numbers: that one, and the program.
    """
    r, todo = random.Random("%s %s" % (os.environ["HF_SEED"], kind)), None
    while todo is None or todo:
        proxy, program = a.proxy(), a.program()
        start = begin(proxy, program)
        kept = proxy.keep("R" + kind)
        start()
        a.loop.until(kept)
        data = kept.message.data
        if todo is None:
            todo = list(offsets(len(data), r))
        at = todo.pop()
        proxy.link.end(data[:at])
        yield at, program
        a.give_back(program)
        a.close_proxies()


def remake(a):
    a.make(DATA[:5000])
    for name in "new", "link":
        if os.path.lexists(a.lower(name)):
            os.rmdir(a.lower(name)) if os.path.isdir(a.lower(name)) else os.unlink(a.lower(name))
    os.symlink("file", a.lower("link"))
    os.setxattr(a.lower(), "user.a", b"value")


def dies(kind, do, options):
    def attack(a):
        def begin(proxy, program):
            remake(a)
            a.mount(options, proxy)
            return do(a, program)
        for at, program in deaths(a, kind, begin):
            yield (at, program.result()), (at, "EIO")
            yield (at, program.do("statvfs", a.path())), (at, "EIO")
            program.do("forget")
            yield a.umount(), None
    return attack


def dies_greeting(kind):
    def attack(a):
        def begin(proxy, program):
            return lambda: program.start("mount", proxy.path, a.mnt, "cache=strict")
        for at, program in deaths(a, kind, begin):
            outcome = program.result()
            yield (at, outcome in ("EIO", "EPIPE", "ENODATA", "ECONNRESET") or outcome), (at, True)
    return attack


for name, do in REPLIES.items():
    CASES["dies-in-" + name] = dies(name, do, "cache=none,ac=0")
CASES["dies-in-readdirattr"] = dies("readdirattr", REPLIES["readdir"], "cache=none,ac=60")
for name, do in PLAIN.items():
    CASES["dies-in-" + name] = dies(name, do, "cache=none,ac=0,version=9p2000.L")
for name in GREETINGS:
    CASES["dies-in-" + name] = dies_greeting(name)

run()
