"""Connections that stall at random places of the protocol, for tests of the gateway. Standard library only."""

import random
import selectors
import socket
import threading
import time
import urllib.parse

# How each peer stalls: what it sends, then nothing; `trickle` sends one more byte now and then, and no kind reads an answer.
BODY = b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
KINDS = {
    "silent": lambda random: b"",
    "request line": lambda random: b"POST /v1/chat/compl"[: random.randint(1, 19)],
    "headers": lambda random: b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-padding: " + b"x" * random.randint(0, 2000),
    "no body": lambda random: BODY % b"/respond",
    "half a body": lambda random: BODY % b"/v1/chat/completions" + b'{"model": "' + b"x" * random.randint(1, 900),
    "half a chunk": lambda random: b"POST /v1/turns HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1ff\r\n{",
    "trickle": lambda random: BODY % b"/v1/respond" + b"{",
    "no reader": lambda random: b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n" * 100,
}


class SlowPeers:
    """`count` stalled connections to a gateway inside a `with` block. One that the gateway closes is opened again."""

    def __init__(self, url, count, seed=1):
        parts = urllib.parse.urlsplit(url)
        self.address, self.count = (parts.hostname, parts.port), count
        self.random, self.over = random.Random(seed), threading.Event()
        self.closed, self.opened = 0, 0

    def __enter__(self):
        self.selector = selectors.DefaultSelector()
        for _ in range(self.count):
            self.open()
        self.thread = threading.Thread(target=self.hold, daemon=True)
        self.thread.start()
        return self

    def open(self):
        kind = self.random.choice(list(KINDS))
        try:
            peer = socket.socket()
            peer.settimeout(5)
            # A small window, so that an answer that is not read stalls soon.
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(self.address)
            peer.setblocking(False)
            peer.send(KINDS[kind](self.random))
        except OSError:
            return
        self.opened += 1
        # A peer that does not read learns of the end only by a failed write.
        events = selectors.EVENT_WRITE if kind == "no reader" else selectors.EVENT_READ
        self.selector.register(peer, events, kind)

    def hold(self):
        trickled = time.monotonic()
        while not self.over.wait(0.1):
            ended = []
            for key, _ in self.selector.select(0):
                if key.data == "no reader":
                    continue
                try:
                    if not key.fileobj.recv(65536):
                        ended.append(key)
                except BlockingIOError:
                    pass
                except OSError:
                    ended.append(key)
            if time.monotonic() - trickled > 1:
                trickled = time.monotonic()
                for key in list(self.selector.get_map().values()):
                    if key.data in ("trickle", "no reader"):
                        try:
                            key.fileobj.send(b" ")
                        except BlockingIOError:
                            pass
                        except OSError:
                            ended.append(key)
            for key in {key.fd: key for key in ended}.values():
                self.selector.unregister(key.fileobj)
                key.fileobj.close()
                self.closed += 1
                self.open()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
