# SPDX-License-Identifier: GPL-2.0-only
"""What a cache's directory has on disk, by Documentation/netfs-cache.md and nothing of the kernel's."""
import collections
import os
import re
import struct

SLOT, SLOTS, DATA = 4096, 8192, 65536
MAGIC, FORMAT, GRANULES_MAX, BITS, CRC = b"hfcache\0", 1, 31680, 128, 4092

Key = collections.namedtuple("Key", "identity path generation version size seconds nanoseconds")


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc_table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF


def shift_of(size):
    shift = 16
    while (size - 1) >> shift >= GRANULES_MAX:
        shift += 1
    return shift


def granules_of(size):
    return ((size - 1) >> shift_of(size)) + 1


class Header:
    """One that a slot has."""

    def __init__(self, key, sequence, last_use, bits):
        self.key, self.sequence, self.last_use, self.bits = key, sequence, last_use, bits

    def is_whole(self):
        return self.bits == (1 << granules_of(self.key.size)) - 1

    def behind(self):
        """Where what it vouches for ends."""
        return min(self.bits.bit_length() << shift_of(self.key.size), self.key.size)

    def slot(self, **wrong):
        """The bytes of it, some of which are @wrong: by name, or "at": {offset: byte}."""
        size = self.key.size
        field = {"magic": MAGIC, "format": FORMAT, "shift": shift_of(size), "granules": granules_of(size),
                 "key": packed(self.key), "sequence": self.sequence, "bits": self.bits, "at": {}, **wrong}
        slot = bytearray(SLOT)
        struct.pack_into("<8sII64sIIQQ", slot, 0, field["magic"], field["format"], field["shift"], field["key"],
                         field["granules"], 0, field["sequence"], self.last_use)
        slot[BITS:BITS + 3960] = field["bits"].to_bytes(3960, "little")
        for at, byte in field["at"].items():
            slot[at] = byte
        struct.pack_into("<I", slot, CRC, crc32c(slot[:CRC]))
        return bytes(slot)


def packed(key):
    return struct.pack("<16sQQQQqQ", *key)


def key_of(name):
    return Key(*struct.unpack("<16sQQQQqQ", bytes.fromhex(name)))


def header_of(slot, number, key, strictly=False):
    """Of a slot, or None; without its sum unless @strictly: that is slow here."""
    if slot[:8] != MAGIC or slot[16:80] != packed(key):
        return None
    sequence, last_use = struct.unpack_from("<QQ", slot, 88)
    header = Header(key, sequence, last_use, int.from_bytes(slot[BITS:4088], "little"))
    if sequence % 2 != number or strictly and header.slot() != slot:
        return None
    return header


Object = collections.namedtuple("Object", "path key header size allocated inode")


def look(path, key, strictly=False):
    with open(path, "rb", 0) as file:
        slots, stat = file.read(SLOTS), os.fstat(file.fileno())
    slots += bytes(SLOTS - len(slots))
    headers = [header_of(slots[i * SLOT:(i + 1) * SLOT], i, key, strictly) for i in range(2)]
    header = max((h for h in headers if h), key=lambda h: h.sequence, default=None)
    return Object(path, key, header, stat.st_size, stat.st_blocks * 512, stat.st_ino)


def files(directory):
    """(path, name) of each file that is named as an object, in a directory that is named as one of ours."""
    for bucket in os.listdir(directory):
        if re.fullmatch("[0-9a-f]{2}", bucket):
            for entry in os.scandir("%s/%s" % (directory, bucket)):
                if re.fullmatch("[0-9a-f]{128}", entry.name) and entry.is_file(follow_symlinks=False):
                    yield entry.path, entry.name


def objects(directory, strictly=False):
    found = []
    for path, name in files(directory):
        try:
            found.append(look(path, key_of(name), strictly))
        except FileNotFoundError:
            continue
    return found


def summary(directory):
    """For whoever looks for what is missing."""
    return ", ".join("%d bytes: %s" % (o.key.size, "no header" if not o.header else "%d of %d granules" % (
        bin(o.header.bits).count("1"), granules_of(o.key.size))) for o in objects(directory))


def allocated(directory):
    """Bytes of all objects, and how many."""
    total = number = 0
    for path, _ in files(directory):
        try:
            total, number = total + os.stat(path).st_blocks * 512, number + 1
        except FileNotFoundError:
            continue
    return total, number
