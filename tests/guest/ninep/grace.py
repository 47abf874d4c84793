#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""grace.py ADDRESS EXPORT: locks while NFS clients take back theirs.

Says "waits" when one that may wait does, and "locked" when it has its lock.
"""
import sys

from config import parked, until
from p9 import *

address, export = sys.argv[1:3]
c = Client(address, timeout=300)
fid = c.created(c.root(export), "grace", RDWR)
ask = lambda how, flags=0: c.send("lock", fid, how, flags, 0, 0, 1, "node")
assert c.receive(ask(WRLCK)) == BLOCKED
assert c.receive(ask(UNLCK)) == SUCCESS
flushed = ask(WRLCK, BLOCK)
until(lambda: parked() == 1)
c.flush(flushed)
assert flushed not in c.got
tag = ask(WRLCK, BLOCK)
until(lambda: parked() == 1)
print("waits", flush=True)
assert c.receive(tag) == SUCCESS
print("locked", flush=True)
