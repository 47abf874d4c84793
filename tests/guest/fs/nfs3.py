# SPDX-License-Identifier: GPL-2.0-only
"""The part of NFS version 3 (RFC 1813) that a client needs to send any handle.

A client of the kernel sends only handles that a server gave it.  Calls return
the status, with what follows it; a refusal by RPC itself (RFC 5531) is the
status "RPC n".
"""
import socket
import struct

PORTMAP, NFS, MOUNT = 100000, 100003, 100005
STALE, BADHANDLE = 70, 10001
GETATTR, SETATTR, LOOKUP, READ, WRITE, REMOVE, READDIR, COMMIT = 1, 2, 3, 6, 7, 12, 16, 21
UNSTABLE, FILE_SYNC = 0, 2


def opaque(data):
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def unopaque(data):
    size = struct.unpack_from(">I", data)[0]
    return data[4:4 + size]


class Connection:
    def __init__(self, address, port, program, version):
        self.socket = socket.create_connection((address, port))
        self.program, self.version, self.xid = program, version, 0

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the server hangs up")
            data += more
        return data

    def call(self, procedure, arguments):
        """The results, or a number: why RPC did not make the call."""
        self.xid += 1
        unix = struct.pack(">I", 0) + opaque(b"test") + struct.pack(">III", 0, 0, 0)
        body = struct.pack(">IIIIII", self.xid, 0, 2, self.program, self.version, procedure)
        body += struct.pack(">I", 1) + opaque(unix) + struct.pack(">II", 0, 0) + arguments
        self.socket.sendall(struct.pack(">I", 0x80000000 | len(body)) + body)
        reply, last = b"", False
        while not last:
            mark = struct.unpack(">I", self.exactly(4))[0]
            reply, last = reply + self.exactly(mark & 0x7FFFFFFF), mark >> 31
        xid, _, denied, _, verifier = struct.unpack_from(">IIIII", reply)
        if xid != self.xid or denied:
            raise ConnectionError("answer %s" % reply.hex())
        accepted = struct.unpack_from(">I", reply, 20 + verifier)[0]
        return reply[24 + verifier:] if not accepted else accepted


class Client:
    def __init__(self, address="127.0.0.1"):
        ask = struct.pack(">IIII", MOUNT, 3, socket.IPPROTO_TCP, 0)
        port = struct.unpack(">I", Connection(address, 111, PORTMAP, 2).call(3, ask))[0]
        self.mountd = Connection(address, port, MOUNT, 3)
        self.nfs = Connection(address, 2049, NFS, 3)

    def mount(self, path):
        """The handle of an exported directory."""
        answer = self.mountd.call(1, opaque(path.encode()))
        status = struct.unpack_from(">I", answer)[0]
        if status:
            raise ConnectionError("mountd refuses %s: %d" % (path, status))
        return unopaque(answer[4:])

    def call(self, procedure, handle, arguments=b""):
        answer = self.nfs.call(procedure, opaque(handle) + arguments)
        if isinstance(answer, int):
            return "RPC %d" % answer, b""
        return struct.unpack_from(">I", answer)[0], answer[4:]

    def lookup(self, directory, name):
        status, rest = self.call(LOOKUP, directory, opaque(name.encode()))
        if status:
            raise ConnectionError("no %s: %s" % (name, status))
        return unopaque(rest)

    def read(self, handle, size=100):
        status, rest = self.call(READ, handle, struct.pack(">QI", 0, size))
        if status:
            return status
        attributes = 84 if struct.unpack_from(">I", rest)[0] else 0
        return unopaque(rest[4 + attributes + 8:])

    def write(self, handle, data, stable=UNSTABLE):
        """(status, verifier)"""
        status, rest = self.call(WRITE, handle, struct.pack(">QII", 0, len(data), stable) + opaque(data))
        return status, rest[-8:]

    def commit(self, handle):
        status, rest = self.call(COMMIT, handle, struct.pack(">QI", 0, 0))
        return status, rest[-8:]
