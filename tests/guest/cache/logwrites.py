# SPDX-License-Identifier: GPL-2.0-only
"""What a disk may have after its power was cut, from the log of a dm-log-writes device.

The format is that of drivers/md/dm-log-writes.c.  What was written before a flush that has
ended is there; of what came after each sector of 512 bytes may be there or not, but what was
written with FUA is.
"""
import struct

FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
MAGIC = 0x6A736677736872
SECTOR = 512


class Entry:
    def __init__(self, sector, flags, data):
        self.at, self.flags, self.data = sector * SECTOR, flags, data


def entries(path):
    """All of a log that is complete: its device was removed."""
    found = []
    with open(path, "rb") as log:
        magic, version, number, size = struct.unpack("<QQQI", log.read(28))
        assert (magic, version, size) == (MAGIC, 1, SECTOR), (magic, version, size)
        log.seek(size)
        for _ in range(number):
            # (What a mark says is in the same sector.)
            sector, sectors, flags, _ = struct.unpack("<QQQQ", log.read(size)[:32])
            length = 0 if flags & (DISCARD | MARK) else sectors * SECTOR
            found.append(Entry(sector, flags, log.read(length)))
            assert len(found[-1].data) == length, "the log is cut"
    return found


def unflushed(log, place):
    """How many writes before it a cut of the power may lose."""
    begin = place
    while begin and not log[begin - 1].flags & FLUSH:
        begin -= 1
    return place - begin


class Disk:
    """Its image as time goes on; crash() has to be called with places that do not go back."""

    def __init__(self, base, log):
        self.image, self.log, self.settled = bytearray(base), log, 0

    def settle(self, end):
        for entry in self.log[self.settled:end]:
            apply(self.image, entry)
        self.settled = max(self.settled, end)

    def crash(self, place, rng):
        """The power is cut when so many entries have been written: what is on the disk."""
        flushes = [i for i in range(self.settled, place) if self.log[i].flags & FLUSH]
        if flushes:
            self.settle(flushes[-1] + 1)
        image, lost = bytearray(self.image), 0
        chance = rng.choice((0, 0.2, 0.5, 0.9, 1))
        for entry in self.log[self.settled:place]:
            if entry.flags & FUA or rng.random() < chance:
                apply(image, entry)
            elif rng.random() < 0.3:
                apply(image, torn(entry, rng))
            else:
                lost += 1
        return image, lost


def apply(image, entry):
    image[entry.at:entry.at + len(entry.data)] = entry.data


def torn(entry, rng):
    """The first sectors of it."""
    return Entry(entry.at // SECTOR, 0, entry.data[:rng.randrange(len(entry.data) // SECTOR + 1) * SECTOR])
