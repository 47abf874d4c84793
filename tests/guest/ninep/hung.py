#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""hung.py ADDRESS ANAME: reads "file" when it is told to, and waits for the end."""
import sys

import p9

c = p9.Client(sys.argv[1])
fid = c.opened(c.root(sys.argv[2]), "file")
print("open", flush=True)
sys.stdin.readline()
c.send("read", fid, 0, 4096)
print("sent", flush=True)
c.sock.settimeout(None)
while c.sock.recv(1 << 16):
    pass
