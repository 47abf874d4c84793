# SPDX-License-Identifier: GPL-2.0-only
"""relay.py LISTEN SERVER [SEED]: a proxy that a test stops or kills.

With a SEED it is a bad network to a poor server: replies are late and pass one another, writes
are short, and reads, but with hf1, where that is the end of a file; some fail with what is to
be tried again.
"""
import random
import struct
import sys

from proxy import Loop, Proxy, frame


def is_transient(message, r):
    return message.of in ("read", "write") and r.random() < .05


def spoil(proxy, r):
    """Seeded: what comes is late, in part, or to be asked for again."""
    waiting = []

    def request(message):
        if is_transient(message, r):
            code = r.choice((11, 4, 12))
            waiting.append((message.link, frame(7, message.tag, struct.pack("<I", code))))
            return True
        if message.kind == "Twrite" and r.random() < .3:
            fid, offset, data = message.fields()
            message.go(message.with_fields((fid, offset, data[:r.randint(1, len(data))])))
            return True
        return False

    def reply(message):
        data = message.data
        if message.kind == "Rread" and message.link.is_plain and len(data) > 11 and r.random() < .3:
            data = message.with_fields((data[11:11 + r.randint(1, len(data) - 11)],))
        waiting.append((message.link, data))
        return True

    def let_go():
        r.shuffle(waiting)
        for _ in range(r.randint(0, len(waiting))):
            link, data = waiting.pop()
            link.to_client(data)
    def agreed(message):
        message.link.is_plain = message.fields()[1] == b"9P2000.L"
        return False
    proxy.rule(lambda m: m.of not in ("version", "flush") and (request if m.to_server else reply)(m))
    proxy.each("Rversion", agreed)
    return let_go


def relay(path, server, seed=None, listens=lambda: None):
    """Does not return."""
    loop = Loop()
    proxy = Proxy(loop, path, server)
    let_go = (lambda: None) if seed is None else spoil(proxy, random.Random(seed))
    listens()
    while True:
        loop.once(10 if seed is None else .002)
        let_go()


if __name__ == "__main__":
    relay(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None,
          lambda: print("listens", flush=True))
