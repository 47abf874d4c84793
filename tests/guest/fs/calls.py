# SPDX-License-Identifier: GPL-2.0-only
"""System calls that Python does not have, and what the tests share."""
import ctypes
import errno
import fcntl
import json
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
FALLOC_KEEP_SIZE, FALLOC_PUNCH, FALLOC_COLLAPSE, FALLOC_ZERO = 1, 2, 8, 16
FICLONE, FICLONERANGE = 0x40049409, 0x4020940D
FIDEDUPERANGE = 0xC0189436
IN_OPEN, IN_CLOSE = 0x20, 0x18
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602
FS_IOC_FIEMAP = 0xC020660B


def check(ret):
    if ret < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return ret


def renameat2(old, new, flags):
    return check(libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags))


def fallocate(fd, mode, offset, length):
    return check(libc.fallocate(fd, mode, ctypes.c_int64(offset), ctypes.c_int64(length)))


def fiemap(path):
    """(logical, physical, length, flags) of each extent, up to 32 of them."""
    answer = bytearray(struct.pack("QQIIII", 0, 1 << 40, 0, 0, 32, 0) + bytes(56 * 32))
    fd = os.open(path, os.O_RDONLY)
    fcntl.ioctl(fd, FS_IOC_FIEMAP, answer)
    os.close(fd)
    count = struct.unpack_from("QQIIII", answer)[3]
    extents = [struct.unpack_from("QQQQQI", answer, 32 + 56 * i) for i in range(count)]
    return [(logical, physical, length, flags) for logical, physical, length, _, _, flags in extents]


def sync_file_range(fd, offset, length, flags):
    return check(libc.sync_file_range(fd, ctypes.c_int64(offset), ctypes.c_int64(length), flags))


def cachestat(fd):
    """(pages in the cache, dirty ones, ones being written, evicted, evicted lately)."""
    everything, answer = ctypes.create_string_buffer(16), ctypes.create_string_buffer(40)
    check(libc.syscall(451, fd, everything, answer, 0))
    return struct.unpack("QQQQQ", answer.raw)


def aio(how, fd, buffer, offset, flags=0):
    """An iocb of libaio, which makes an asynchronous kiocb: @how is 0 to read, 1 to write."""
    context = ctypes.c_ulong()
    check(libc.syscall(206, 1, ctypes.byref(context)))              # io_setup
    iocb = ctypes.create_string_buffer(struct.pack("QIIHhIQQqQII", 0, 0, flags, how, 0, fd, ctypes.addressof(buffer),
                                                   ctypes.sizeof(buffer), offset, 0, 0, 0))
    event = ctypes.create_string_buffer(32)
    try:
        check(libc.syscall(209, context, ctypes.c_long(1), ctypes.byref(ctypes.c_void_p(ctypes.addressof(iocb)))))
        check(libc.syscall(208, context, ctypes.c_long(1), ctypes.c_long(1), event, None))
    finally:
        check(libc.syscall(207, context))                           # io_destroy
    done = struct.unpack("QQqq", event.raw)[2]
    if done < 0:
        raise OSError(-done, os.strerror(-done))
    return done


def aio_write(fd, data, offset, flags=0):
    """pwritev2() by way of libaio."""
    return aio(1, fd, ctypes.create_string_buffer(data, len(data)), offset, flags)


def swapon(path):
    return check(libc.swapon(os.fsencode(path), 0))


def map_page(fd):
    """A shared mapping that keeps no descriptor, as Python's own does."""
    libc.mmap.restype = ctypes.c_void_p
    return libc.mmap(None, ctypes.c_size_t(4096), 3, 1, fd, ctypes.c_long(0))


def unmap_page(address):
    return check(libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(4096)))


UFFDIO_API, UFFDIO_REGISTER, UFFDIO_COPY = 0xC018AA3F, 0xC020AA00, 0xC028AA03


def fault_pages(size):
    """Memory of this process whose first use waits, and the descriptor to serve it: that, and its address."""
    fd = check(libc.syscall(323, os.O_CLOEXEC))
    fcntl.ioctl(fd, UFFDIO_API, bytearray(struct.pack("QQQ", 0xAA, 0, 0)))
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(size), 3, 0x22, -1, ctypes.c_long(0))
    fcntl.ioctl(fd, UFFDIO_REGISTER, bytearray(struct.pack("QQQQ", address, size, 1, 0)))
    return fd, address


def serve_pages(fd, address, source, size):
    """Whoever waits for that memory goes on, with what is at @source."""
    fcntl.ioctl(fd, UFFDIO_COPY, bytearray(struct.pack("QQQQq", address, source, size, 0, 0)))


def link_fd(fd, path):
    """linkat() of an O_TMPFILE descriptor."""
    source = b"/proc/self/fd/%d" % fd
    return check(libc.linkat(AT_FDCWD, source, AT_FDCWD, os.fsencode(path), 0x400))


def name_to_handle(path):
    """(type, bytes) of the file handle of @path."""
    buf = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount = ctypes.c_int()
    check(libc.name_to_handle_at(AT_FDCWD, os.fsencode(path), buf, ctypes.byref(mount), 0))
    size, kind = struct.unpack_from("Ii", buf)
    return kind, buf.raw[8:8 + size]


def open_by_handle(mount_fd, kind, data, flags=os.O_RDONLY):
    buf = ctypes.create_string_buffer(struct.pack("Ii", len(data), kind) + data)
    return check(libc.open_by_handle_at(mount_fd, buf, flags))


def inotify(path, mask):
    """A descriptor that watches @path, for inotify_events()."""
    fd = check(libc.inotify_init1(os.O_NONBLOCK))
    check(libc.inotify_add_watch(fd, os.fsencode(path), mask))
    return fd


def inotify_events(fd):
    """The masks of what has happened."""
    data, at, masks = outcome(os.read, fd, 65536), 0, []
    while data != "EAGAIN" and at < len(data):
        _, mask, _, size = struct.unpack_from("iIII", data, at)
        masks.append(mask)
        at += 16 + size
    return masks


def outcome(function, *args, **kwargs):
    """What a call answers, as something to compare: its value or its errno."""
    try:
        return function(*args, **kwargs)
    except OSError as error:
        return errno.errorcode.get(error.errno, error.errno)


def as_user(uid, function, *args):
    """Run @function in a child with the credentials of @uid, without groups."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            answer = outcome(function, *args)
            os.write(writer, json.dumps(answer, default=repr).encode())
        except BaseException as error:      # the child may not run on
            os.write(writer, json.dumps("raised " + repr(error)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = json.loads(pipe.read())
    os.waitpid(pid, 0)
    return answer


def look(path):
    """The attributes that have to be the same below and above."""
    st = os.lstat(path)
    return [oct(st.st_mode), st.st_uid, st.st_gid, st.st_nlink if not os.path.isdir(path) else 0,
            st.st_size if not os.path.isdir(path) else 0, st.st_rdev]


def put(path, data=b"", mode=0o644):
    fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode)
    os.write(fd, data)
    os.close(fd)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tree(root):
    """Everything below @root that a user can see, in a comparable form."""
    seen = {}
    groups = {}
    for where, dirs, files in os.walk(root):
        for name in sorted(dirs + files):
            path = os.path.join(where, name)
            relative = os.path.relpath(path, root)
            entry = look(path)
            st = os.lstat(path)
            if os.path.islink(path):
                entry.append(os.readlink(path))
            elif os.path.isfile(path):
                entry.append(read(path).hex())
                groups.setdefault(st.st_ino, []).append(relative)
            if not os.path.islink(path):
                entry.append(sorted((n, os.getxattr(path, n).hex()) for n in os.listxattr(path)
                                    if not n.startswith("security.selinux")))
            seen[relative] = entry
    return seen, sorted(sorted(names) for names in groups.values() if len(names) > 1)
