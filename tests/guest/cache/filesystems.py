# SPDX-License-Identifier: GPL-2.0-only
"""Filesystems of a case's own, on loop devices whose images are in HF_IMAGES; with the case they go."""
import contextlib
import os

from kit import run_program, until

IMAGES = os.environ["HF_IMAGES"]
MKFS = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
}


def retried(*words):
    """What may be in use for a moment longer."""
    def done():
        with contextlib.suppress(RuntimeError):
            run_program(*words)
            return True
    done.__name__ = " ".join(words)
    until(done)


def loop_device(c, mib, more=""):
    image = "%s/%s%s" % (IMAGES, c.name, more)
    with open(image, "wb") as file:
        file.truncate(mib << 20)
    loop = run_program("losetup", "--show", "-f", image)
    c.undo.append(lambda: (retried("losetup", "-d", loop), os.unlink(image)))
    return loop


def dm_device(c, table):
    name = "hf-" + c.name
    run_program("dmsetup", "create", "--noudevsync", name, "--table", table)
    c.undo.append(lambda: retried("dmsetup", "remove", "--noudevsync", name))
    return "/dev/mapper/" + name


def dm_table(path, *words):
    """The whole of it, by a target."""
    return "0 %s %s" % (run_program("blockdev", "--getsz", path), " ".join(words))


def set_table(name, table):
    """Nothing is waited for, and nothing flushed."""
    run_program("dmsetup", "suspend", "--noflush", "--nolockfs", name)
    run_program("dmsetup", "reload", name, "--table", table)
    run_program("dmsetup", "resume", "--noudevsync", name)


def mounted(c, device):
    """Where."""
    top = "/srv/" + c.name
    os.makedirs(top, exist_ok=True)
    run_program("mount", device, top)
    c.undo.append(lambda: retried("umount", top))
    return top


def filesystem(c, mib=32, kind="ext4", over=None):
    """Mounted, with c.fsc in it.  over: makes another device of the loop device."""
    device = loop_device(c, mib)
    device = over(c, device) if over else device
    run_program(*MKFS[kind], device)
    c.device, c.top = device, mounted(c, device)
    os.rmdir(c.fsc)
    c.fsc = c.directory(where=c.top)
