#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""limits.py SERVED SERVER B [PREFIX [CASE...]]: how much is kept, what goes first, and what is ours at all."""
import mmap
import os
import shutil
import struct

from kit import GRANULE, ROUNDS, Apart, Counts, case, disk, drop, put, run, same, until, whole

LIMIT = 16 << 20
# What the filesystem itself adds to a file, and what is on its way.
SLACK = 1 << 20
POISON = b"never to be read"


def watch(directory, most):
    """The most that it had, at any time: bytes and files."""
    while not most[16]:
        total, number = disk.allocated(directory)
        before = struct.unpack("<QQ", most[:16])
        most[:16] = struct.pack("<QQ", max(before[0], total), max(before[1], number))


class Watched:
    """disk.allocated() at its highest, while something is done."""

    def __init__(self, directory):
        self.most = mmap.mmap(-1, 4096)
        self.program = Apart(watch, directory, self.most)

    def end(self):
        self.most[16] = 1
        self.program.result()
        return struct.unpack("<QQ", self.most[:16])


def kept(c):
    """Sizes of the files that have an object, which tell them apart."""
    return {o.key.size for o in disk.objects(c.fsc)}


def in_turn(c, files):
    """Each is read, and is on the disk, or has no room, before the next one is."""
    for name, data in files.items():
        assert whole(c.path(name)) == data
        c.cache_of(name)


def under(c, option, number, size):
    """Files of that many bytes and more; what was kept of them, in the order in which they were read."""
    files = {"f%d" % i: c.make(size + i, "f%d" % i) for i in range(number)}
    c.mount(options="cache=strict,ac=0," + option)
    watched = Watched(c.fsc)
    in_turn(c, files)
    kept_then = kept(c)
    return files, [len(data) in kept_then for data in files.values()], watched.end()


@case
def of_bytes(c):
    files, those, most = under(c, "fscsize=%d" % LIMIT, 28, 700000)
    yield most[0] <= LIMIT + SLACK, True
    # The youngest, without a gap, and about as many as there is room for.
    number = sum(those)
    yield those, [False] * (28 - number) + [True] * number
    yield (number, 12 <= number <= LIMIT // 700000), (number, True)
    # What was used since stays, after a restart too: it is in the header, by the second.
    names, second = list(files), 28 - number
    c.remount(options="cache=strict,ac=0,fscsize=%d" % LIMIT)
    yield same(whole(c.path(names[second])), files[names[second]]), "same"
    until(lambda: disk.allocated(c.fsc)[0] <= LIMIT)
    in_turn(c, {name: files[name] for name in names[:2]})
    there = kept(c)
    yield len(files[names[second]]) in there, True
    yield [len(files[name]) in there for name in names[:2]], [True, True]
    drop(3)
    for name, data in files.items():
        yield (name, same(whole(c.path(name)), data)), (name, "same")


@case
def of_files(c):
    files, those, most = under(c, "fscfiles=16", 26, 5000)
    yield most[1] <= 16, True
    number = sum(those)
    yield those, [False] * (26 - number) + [True] * number
    yield (number, 8 <= number <= 16), (number, True)


@case
def smaller_later(c):
    """A mount that finds more than it may have, at once after one that might."""
    files = {"f%d" % i: c.make(700000 + i, "f%d" % i) for i in range(24)}
    c.mount(options="cache=strict,ac=0,fscsize=%d" % (64 << 20))
    c.cache_of(*files)
    c.remount(options="cache=strict,ac=0,fscsize=%d" % LIMIT)
    until(lambda: disk.allocated(c.fsc)[0] <= LIMIT)
    for name, data in files.items():
        yield (name, same(whole(c.path(name)), data)), (name, "same")
    until(lambda: disk.allocated(c.fsc)[0] <= LIMIT)


@case
def versions(c):
    """Of a file's versions the last one stays."""
    c.mount()
    for i in range(8):
        data = c.make(2 * GRANULE)
        yield same(whole(c.path()), data), "same"
        c.cache_of("file")
    until(lambda: len(disk.objects(c.fsc)) == 1)
    c.remount()
    drop(3)
    yield same(whole(c.path()), data), "same"
    c.cache_of("file")


@case
def not_ours(c):
    """What has another name, or is no file, is not touched, whatever goes beside it."""
    files = {"f%d" % i: c.make(5000 + i, "f%d" % i) for i in range(8)}
    c.mount()
    c.cache_of(*files)
    c.umount()
    c.closed()
    bucket, name = disk.objects(c.fsc)[0].path.split("/")[-2:]
    # Other versions of that file.
    a_directory, a_link = (name[:64] + digit * 16 + name[80:] for digit in "56")
    other = "%02x" % (int(bucket, 16) ^ 1)
    mine = ["README", "zz/file", "%s/notes" % bucket, "%s/%s.new" % (bucket, name), "%s/%s" % (bucket, name[:-1]),
            "%s/%s" % (bucket, name[:-2] + "AA"), "%s/%s" % (other, name), "%s/%s" % (bucket, "0" * 128),
            "%s/%s/file" % (bucket, a_directory)]
    for path in mine:
        os.makedirs(os.path.dirname("%s/%s" % (c.fsc, path)), exist_ok=True)
        put("%s/%s" % (c.fsc, path), b"mine")
    os.symlink("../README", "%s/%s/%s" % (c.fsc, bucket, a_link))
    c.mount(options="cache=strict,ac=0,fscfiles=16")
    more = {"g%d" % i: c.make(9000 + i, "g%d" % i) for i in range(40)}
    for name, data in {**more, **files}.items():
        yield (name, same(whole(c.path(name)), data)), (name, "same")

    def is_culled():
        sizes = [o.key.size for o in disk.objects(c.fsc) if o.header]
        return 0 < len(sizes) <= 16 and max(sizes) > 9000
    until(is_culled)
    c.umount()
    c.closed()
    for path in mine:
        yield (path, whole("%s/%s" % (c.fsc, path))), (path, b"mine")
    yield os.readlink("%s/%s/%s" % (c.fsc, bucket, a_link)), "../README"


# ------------------------------------------------------------------------------- garbage

def both(header, **wrong):
    """Two slots, of two sequences, wrong in one way."""
    slots = {sequence % 2: disk.Header(header.key, sequence, header.last_use, header.bits).slot(**wrong)
             for sequence in (header.sequence + 1, header.sequence + 2)}
    return slots[0] + slots[1]


def flipped(slots, rng):
    slots = bytearray(slots)
    for slot in range(2):
        for _ in range(rng.choice((1, 1, 2, 9))):
            slots[slot * disk.SLOT + rng.randrange(disk.SLOT)] ^= 1 << rng.randrange(8)
    return bytes(slots)


def wrong_slots(o, slots, rng):
    """A header that nobody has made for this object, with its sum."""
    h = o.header
    return rng.choice((
        lambda: flipped(both(h), rng),
        lambda: both(h, format=2),
        lambda: both(h, magic=b"hfcachf\0"),
        lambda: both(h, granules=disk.granules_of(o.key.size) + 1),
        lambda: both(h, shift=17),
        lambda: both(h, bits=h.bits | 1 << disk.granules_of(o.key.size)),
        lambda: both(h, at={rng.choice((84, 105, 127, 4088, 4091)): 1}),
        lambda: both(h, key=disk.packed(o.key._replace(version=o.key.version + 1))),
        lambda: both(h, key=disk.packed(o.key._replace(identity=bytes(15) + b"x"))),
        lambda: both(h, key=disk.packed(o.key._replace(seconds=o.key.seconds - 1))),
        lambda: both(h, sequence=0),
        lambda: both(h, sequence=2 ** 64 - 1),
        # Each in the other one's place.
        lambda: both(h)[disk.SLOT:] + both(h)[:disk.SLOT],
        lambda: bytes(disk.SLOTS),
        lambda: rng.randbytes(disk.SLOTS),
        lambda: b"\xff" * disk.SLOTS,
    ))()


def spoil(o, others, rng):
    """Its data are poison, and its header, or its length, says that they are not to be believed."""
    how = rng.random()
    with open(o.path, "r+b", 0) as file:
        slots = file.read(disk.SLOTS)
        file.seek(disk.DATA)
        file.write((POISON * (o.key.size // len(POISON) + 1))[:o.key.size])
        if how < 0.2:
            file.truncate(rng.randrange(disk.DATA + o.header.behind()))
        elif how < 0.25:
            file.truncate(0)
        elif how < 0.9:
            file.seek(0)
            file.write(wrong_slots(o, slots, rng))
    if how >= 0.9:
        # Another one's file, header and all.
        shutil.copyfile(rng.choice(others).path, o.path)


def poisoned(directory):
    found = []
    for path, _ in disk.files(directory):
        try:
            with open(path, "rb", 0) as file:
                file.seek(disk.DATA)
                if file.read(len(POISON)) == POISON:
                    found.append(path)
        except FileNotFoundError:
            continue
    return found


@case
def garbage(c):
    """Spoiled in many ways, 25 objects at a time: none is believed, and all are removed."""
    files = {"f%d" % i: c.make(c.rng.choice((10, 4096, 2 * GRANULE, 5 * GRANULE + 9)) + i * 20, "f%d" % i)
             for i in range(25)}
    counts = Counts()
    for i in range(ROUNDS or 4):
        c.mount()
        c.cache_of(*files)
        c.umount()
        c.closed()
        objects = disk.objects(c.fsc)
        spoiled = c.rng.sample(objects, 20 if i % 2 else 25)
        whole_ones = [o for o in objects if o not in spoiled]
        for o in spoiled:
            spoil(o, whole_ones or spoiled[:1], c.rng)
        c.mount()
        if i % 2:
            # By the scan, before they are looked for.
            until(lambda: not poisoned(c.fsc))
        for name, data in files.items():
            yield (i, name, same(whole(c.path(name)), data)), (i, name, "same")
        until(lambda: not poisoned(c.fsc))
        c.umount()
        c.closed()
    yield (counts["not_believed"], counts["not_believed"] > 0), (counts["not_believed"], True)


@case
def one_slot(c):
    """The one that is whole counts: the newer one, or the one before."""
    c.mount()
    data = c.make(3 * GRANULE)
    c.cache_of("file")
    c.umount()
    c.closed()
    o = disk.objects(c.fsc)[0]
    for sequence in o.header.sequence + 1, o.header.sequence + 2:
        # The other one is torn.
        slot = disk.Header(o.key, sequence, o.header.last_use, o.header.bits).slot()
        with open(o.path, "r+b", 0) as file:
            for number in range(2):
                file.seek(number * disk.SLOT)
                file.write(slot if number == sequence % 2 else slot[:2048] + bytes(2048))
        c.mount()
        counts = Counts()
        yield same(whole(c.path()), data), "same"
        yield counts["hit_bytes"], 3 * GRANULE
        c.umount()
        c.closed()


run()
