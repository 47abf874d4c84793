# SPDX-License-Identifier: GPL-2.0-only
"""Connections from a port that is for root alone, which servers of 9P want by default."""
import socket

VMADDR_CID_LOCAL = 1


def bind_low(sock, address):
    for port in range(1023, 600, -1):
        try:
            sock.bind((address, port))
            return
        except OSError:
            pass
    raise OSError("no port of root's is free")


def connect(address):
    """tcp:HOST:PORT, or vsock:PORT of this machine"""
    kind, rest = address.split(":", 1)
    if kind == "vsock":
        sock = socket.socket(socket.AF_VSOCK)
        bind_low(sock, socket.VMADDR_CID_ANY)
        sock.connect((VMADDR_CID_LOCAL, int(rest)))
        return sock
    host, port = rest.rsplit(":", 1)
    host = host.strip("[]")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bind_low(sock, "")
    sock.connect((host, int(port)))
    return sock
