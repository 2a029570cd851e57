"""A WebSocket client by hand (RFC 6455): frames as the test wants them, right or wrong; and one as a
socket, so that whatever speaks MQTT over TCP here can speak it over WebSocket."""

import base64
import hashlib
import os
import socket
import struct

from house import PATIENCE_S, Failed, expect, expect_equal

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame:
    def __init__(self, first, payload):
        self.last, self.opcode, self.payload = bool(first & 0x80), first & 15, payload
        expect_equal(first & 0x70, 0, "the reserved bits of a frame")

    @property
    def code(self):
        """Of a close frame; 1005: none."""
        expect_equal(self.opcode, CLOSE, "the opcode of a close frame")
        return struct.unpack(">H", self.payload[:2])[0] if self.payload else 1005

    def __repr__(self):
        return f"frame {self.opcode}{'' if self.last else ' (more to come)'} {self.payload[:60]!r}"


def frame(opcode, payload, last=True, masked=True, key=b"\x11\x22\x33\x44", reserved=0):
    head = bytes([(0x80 if last else 0) | reserved | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([(0x80 if masked else 0) | size])
    elif size < 65536:
        head += bytes([(0x80 if masked else 0) | 126]) + struct.pack(">H", size)
    else:
        head += bytes([(0x80 if masked else 0) | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    repeated = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + key + mixed.to_bytes(size, "big")


class WebSocket:
    """One connection. head: the answer's first line and fields, when a handshake was made."""

    def __init__(self, address, path="/mqtt", protocol="mqtt", fields=(), handshake=True):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        if handshake:
            self.shake_hands(address, path, protocol, fields)

    def shake_hands(self, address, path, protocol, fields):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {address}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
        self.send("".join(line + "\r\n" for line in [*lines, *fields, ""]).encode())
        while b"\r\n\r\n" not in self.pending:
            expect(self.fill(), "the connection closed within the handshake")
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.fields = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in rest}
        if self.status == 101:
            wanted = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            expect_equal(self.fields.get("sec-websocket-accept"), base64.b64encode(wanted).decode(),
                         "Sec-WebSocket-Accept")

    def send(self, data):
        self.socket.sendall(data)

    def say(self, opcode, payload=b"", **options):
        self.send(frame(opcode, payload, **options))

    def fill(self):
        """False when the connection was closed."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self.pending += data
        return bool(data)

    def parse(self):
        data = self.pending
        if len(data) < 2:
            return None
        expect_equal(data[1] & 0x80, 0, "the mask bit of a server's frame")
        size, at = data[1] & 127, 2
        if size > 125:
            width = 2 if size == 126 else 8
            if len(data) < 2 + width:
                return None
            size, least, at = int.from_bytes(data[2:2 + width], "big"), 126 if width == 2 else 65536, 2 + width
            expect(size >= least, f"a length of {size} in {width} bytes is not minimal")
        if len(data) < at + size:
            return None
        self.pending = data[at + size:]
        return Frame(data[0], data[at:at + size])

    def take(self):
        """The next frame; None when the connection was closed."""
        while True:
            found = self.parse()
            if found:
                return found
            try:
                if not self.fill():
                    expect_equal(self.pending, b"", "bytes of an unfinished frame at the end")
                    return None
            except socket.timeout as fault:
                raise Failed("no frame came from the server in time") from fault

    def take_close(self, code):
        """A close frame with this code, then the end of the connection."""
        found = self.take()
        expect(found is not None and found.opcode == CLOSE and found.code == code,
               f"a close frame with {code} should come, {found} came")
        found = self.take()
        expect(found is None, f"the connection should end after the close frame, {found} came")

    def close(self):
        self.socket.close()


class Stream:
    """A WebSocket that carries MQTT, as a socket. What is sent is one binary frame."""

    def __init__(self, address):
        self.web = WebSocket(address)
        expect_equal(self.web.status, 101, "the status of the handshake")
        self.stream, self.ended = b"", False

    def sendall(self, data):
        self.web.say(BINARY, data, key=os.urandom(4))

    def recv(self, most):
        while not self.stream and not self.ended:
            found = self.web.parse()
            if found is None:
                data = self.web.socket.recv(65536)
                self.ended = not data
                self.web.pending += data
            elif found.opcode == BINARY:
                self.stream = found.payload
            elif found.opcode == PING:
                self.web.say(PONG, found.payload)
            elif found.opcode == CLOSE:
                self.ended = True
        found, self.stream = self.stream[:most], self.stream[most:]
        return found

    def __getattr__(self, name):
        return getattr(self.web.socket, name)
