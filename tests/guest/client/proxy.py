# SPDX-License-Identifier: GPL-2.0-only
"""A proxy between the client and our server, through whose hands each message goes.

All is one thread, so that a test says what happens in which order, and nothing sleeps:

    loop = Loop()
    proxy = Proxy(loop, "/run/hf/proxy", "/run/hf/9p")     # listens, and connects
    a = Program(loop)                                      # a process; its calls are os's, or DEEDS
    a.do("mount", proxy.path, "/mnt/a", "cache=strict")    # its result, or "EIO", or "killed"
    kept = proxy.keep("Rgetattr")                          # the next one stays here
    a.start("stat", "/mnt/a/file")
    loop.until(kept)                                       # it has come
    b.do("write", fd, data)                                # all else goes on meanwhile
    kept.go()                                              # now it may
    a.result()

While the loop waits messages pass.  Each is shown to the rules in Proxy.rules, the newest
first; a rule is a function of the Message, and returns true if it is not to pass: then the
rule has sent what it likes, by Message.go(), or Link.to_client() and to_server(), which
take bytes.  Those of below:

    keep(kind, ...)              the next one of a kind
    change(kind, how)            how(fields) is a list of other fields, or bytes of a frame
    each(kind, do)               do(message), of every one, which is true if it took it

A kind is "Tread", "Rgetattr", ..., or several with spaces between; a reply that is Rlerror
is of the kind "Rlerror", but Message.of is what the request was called.
"""
import os
import selectors
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ninep"))
import p9
from p9 import BY_NUMBER, frame

WRITE_HEAD = 23


class Stuck(Exception):
    """What was to happen has not."""


class Loop:
    def __init__(self):
        self.selector, self.watched = selectors.DefaultSelector(), set()

    def watch(self, file, events, call):
        """call(events) when there are any; none: no more."""
        known = file in self.watched
        if events and known:
            self.selector.modify(file, events, call)
        elif events:
            self.selector.register(file, events, call)
            self.watched.add(file)
        elif known:
            self.selector.unregister(file)
            self.watched.remove(file)

    def once(self, seconds=.1):
        for key, events in self.selector.select(seconds):
            # A call before may have closed it.
            if key.fileobj in self.watched:
                key.data(events)

    def until(self, condition, seconds=120):
        """The limit is what a hung test ends after."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Stuck("%s did not become true" % condition)
            self.once()


# ------------------------------------------------------------------------- messages

class Message:
    """A frame on its way.  of: what its request is called; request: that, of a reply."""

    def __init__(self, link, data, to_server):
        self.link, self.data, self.to_server = link, data, to_server
        self.number, self.tag = data[4], struct.unpack_from("<H", data, 5)[0]
        self.request = None
        if to_server:
            self.of = BY_NUMBER.get(self.number, "")
            self.kind = "T" + self.of
        else:
            self.request = link.asked.get(self.tag)
            self.of = self.request.of if self.request else BY_NUMBER.get(self.number - 1, "")
            self.kind = "Rlerror" if self.number == 7 else "R" + BY_NUMBER.get(self.number - 1, "")

    def is_of(self, kind):
        return self.kind in kind.split()

    def fields(self):
        """As a tuple."""
        shape = "I" if self.number == 7 else p9.MESSAGES[self.of][1 if self.to_server else 2]
        values = p9.decode(shape, self.data[7:])
        return values if isinstance(values, tuple) and len(shape) > 1 else (values,)

    def with_fields(self, values):
        """The bytes of this message with others."""
        return frame(self.number, self.tag, p9.encode(p9.MESSAGES[self.of][1 if self.to_server else 2], values))

    def answer(self, *values):
        """The bytes of a reply to this request."""
        number, _, shape = p9.MESSAGES[self.of]
        return frame(number + 1, self.tag, p9.encode(shape, values))

    def error(self, code):
        """The bytes of a refusal: of this request, or in this reply's place."""
        return frame(7, self.tag, struct.pack("<I", code))

    def go(self, data=None):
        data = self.data if data is None else data
        self.link.to_server(data) if self.to_server else self.link.to_client(data)


class Kept:
    """What a rule keeps."""

    def __init__(self, count):
        self.count, self.messages = count, []

    def __call__(self):
        return len(self.messages) >= self.count

    def go(self):
        messages, self.messages = self.messages, []
        for message in messages:
            message.go()

    message = property(lambda self: self.messages[0])


# ------------------------------------------------------------------------- the proxy

class End:
    """One of a connection's two: what came of a frame, and what is to be sent."""

    def __init__(self, link, sock, to_server):
        self.link, self.sock, self.to_server = link, sock, to_server
        self.here, self.out, self.reading = b"", b"", True
        sock.setblocking(False)
        self.watch()

    def watch(self):
        events = self.reading * selectors.EVENT_READ | bool(self.out) * selectors.EVENT_WRITE
        self.link.loop.watch(self.sock, events, self.ready)

    def ready(self, events):
        try:
            if events & selectors.EVENT_WRITE:
                self.out = self.out[self.sock.send(self.out):]
            if events & selectors.EVENT_READ and self.reading:
                self.receive()
        except BlockingIOError:
            pass
        except OSError:
            self.link.end()
        if self.link.lives:
            self.watch()

    def receive(self):
        # Of a Twrite that is answered early no more than the head is to be here.
        more = self.sock.recv(WRITE_HEAD if self.to_server and self.link.proxy.heads else 1 << 20)
        if not more:
            self.link.end()
        self.here += more
        while self.link.lives and len(self.here) >= 7:
            if self.to_server and len(self.here) >= WRITE_HEAD:
                self.link.proxy.show_head(self.link, self.here[:WRITE_HEAD])
            size = struct.unpack_from("<I", self.here)[0]
            if len(self.here) < size:
                break
            data, self.here = self.here[:size], self.here[size:]
            self.link.came(Message(self.link, data, self.to_server))

    def send(self, data):
        self.out += data
        self.ready(selectors.EVENT_WRITE)


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, client, server):
        self.proxy, self.loop, self.lives, self.asked = proxy, proxy.loop, True, {}
        self.behind = None
        self.client, self.server = End(self, client, True), End(self, server, False)

    def came(self, message):
        if message.to_server:
            self.asked[message.tag] = message
        else:
            self.asked.pop(message.tag, None)
        for rule in list(reversed(self.proxy.rules)):
            if rule(message):
                return
        message.go()

    def to_client(self, data):
        if self.behind is not None:
            self.behind += data
        elif self.lives:
            self.client.send(data)

    def begin(self, data, count):
        """So much of a frame, and nothing else before finish()."""
        self.to_client(data[:count])
        self.behind = data[count:]

    def finish(self):
        data, self.behind = self.behind, None
        self.to_client(data)

    def to_server(self, data):
        if self.lives:
            self.server.send(data)

    def end(self, last=b""):
        """Hang up, after these bytes to the client."""
        if not self.lives:
            return
        self.lives = False
        for end in self.client, self.server:
            self.loop.watch(end.sock, 0, None)
            end.sock.setblocking(True)
        try:
            self.client.sock.sendall(self.client.out + last)
        except OSError:
            pass
        for end in self.client, self.server:
            end.sock.close()


class Proxy:
    def __init__(self, loop, path, server):
        self.loop, self.path, self.server = loop, path, server
        self.rules, self.links, self.heads = [], [], []
        self.listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.listener.bind(path)
        self.listener.listen()
        loop.watch(self.listener, selectors.EVENT_READ, self.accept)

    def accept(self, _):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.server)
        self.links.append(Link(self, client, server))

    link = property(lambda self: self.links[-1])

    def close(self):
        for link in self.links:
            link.end()
        self.loop.watch(self.listener, 0, None)
        self.listener.close()
        os.unlink(self.path)

    def rule(self, function):
        self.rules.append(function)
        return function

    def each(self, kind, do):
        return self.rule(lambda m: m.is_of(kind) and do(m))

    def keep(self, kind, count=1, which=lambda message: True):
        kept = Kept(count)

        def rule(message):
            if not message.is_of(kind) or not which(message):
                return False
            kept.messages.append(message)
            if kept():
                self.rules.remove(rule)
            return True
        self.rules.append(rule)
        return kept

    def change(self, kind, how, times=1):
        """Those of a kind; Kept.messages is what they were."""
        changed = Kept(times)

        def rule(message):
            if not message.is_of(kind):
                return False
            changed.messages.append(message)
            if changed():
                self.rules.remove(rule)
            other = how(message)
            message.go(other if isinstance(other, bytes) else message.with_fields(other))
            return True
        self.rules.append(rule)
        return changed

    def show_head(self, link, head):
        for rule in list(self.heads):
            rule(link, head)
