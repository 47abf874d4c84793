#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""layers.py OVERLAY LOWERDIR lower|upper: a holdfast mount as a layer of an overlay.

"lower": it is the lower layer, over LOWERDIR.  "upper": the upper one, and what is
copied up goes there.  The lower layer has file, link, other, dir/file and gone.
"""
import mmap
import subprocess
import sys

from calls import *

overlay, lower, role = sys.argv[1:4]
upper = role == "upper"


def report(name, *pairs):
    wrong = [(i, seen, want) for i, (seen, want) in enumerate(pairs) if seen != want]
    name = "%s-layer-%s" % (role, name)
    print("not ok %s: %s" % (name, wrong) if wrong else "ok " + name, flush=True)


def below(path):
    """What the layer that holdfast is shows of it directly in LOWERDIR."""
    return outcome(read, lower + "/" + path)


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2\n")


def copy_up():
    """A file of the lower layer is changed, in all the ways that copy it."""
    seen = [(read(overlay + "/file"), b"file")]
    fd = os.open(overlay + "/file", os.O_RDWR)          # copied by the open
    seen += [(os.pwrite(fd, b"FILE", 0), 4), (os.pread(fd, 9, 0), b"FILE"), (os.fstat(fd).st_size, 4),
             (read(overlay + "/file"), b"FILE"), (below("file"), b"FILE" if upper else b"file")]
    os.chmod(overlay + "/other", 0o600)                 # by a change of attributes
    seen += [(read(overlay + "/other"), b"other"), (oct(os.stat(overlay + "/other").st_mode), "0o100600")]
    with open(overlay + "/dir/file", "ab") as file:     # with its directory
        file.write(b"+")
    os.link(overlay + "/dir/file", overlay + "/dir/link")
    os.rename(overlay + "/dir/link", overlay + "/moved")
    seen += [(read(overlay + "/moved"), b"dir+"), (sorted(os.listdir(overlay + "/dir")), ["file"])]
    os.truncate(overlay + "/other", 2)
    os.setxattr(overlay + "/other", "user.name", b"value")
    seen += [(read(overlay + "/other"), b"ot"), (os.getxattr(overlay + "/other", "user.name"), b"value")]
    os.unlink(overlay + "/gone")
    seen += [(os.path.exists(overlay + "/gone"), False)]
    os.close(fd)
    report("copy-up", *seen)


def used():
    """What was copied up is used as any file: by its name, watched, mapped, executed, locked."""
    watch = inotify(overlay + "/file", IN_OPEN | IN_CLOSE)
    fd = os.open(overlay + "/file", os.O_RDWR)
    seen = [(inotify_events(watch), [IN_OPEN])]
    page = mmap.mmap(fd, 0)
    page[0:1] = b"f"
    page.flush()
    seen += [(os.pread(fd, 4, 0), b"fILE"), (read(overlay + "/file"), b"fILE")]
    fcntl.lockf(fd, fcntl.LOCK_EX)
    other = os.open(overlay + "/file", os.O_RDWR)
    seen += [(outcome(fcntl.fcntl, other, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)), "EAGAIN")]
    os.close(other)
    page.close()
    os.close(fd)
    os.close(watch)
    with open("/bin/true", "rb") as source:
        put(overlay + "/true", source.read(), 0o755)
    seen += [(subprocess.call([overlay + "/true"]), 0)]
    os.rename(overlay + "/true", overlay + "/dir/true")
    seen += [(subprocess.call([overlay + "/dir/true"]), 0)]
    os.unlink(overlay + "/dir/true")
    report("used", *seen)


def looked_up_again():
    """After the caches were dropped, too; and while a copy that was there is open."""
    fd = os.open(overlay + "/file", os.O_RDONLY)
    tree_before, _ = tree(overlay)
    drop_caches()
    tree_after, _ = tree(overlay)
    os.unlink(overlay + "/moved")
    seen = [(tree_after, tree_before), (os.pread(fd, 4, 0), b"fILE"), (outcome(os.stat, overlay + "/moved"), "ENOENT")]
    os.close(fd)
    report("again", *seen)


copy_up()
used()
looked_up_again()
