"""HTTP and WebSocket byte by byte, for scenarios that must send what no library would."""

import base64
import gzip
import hashlib
import json
import os
import socket
import struct
import threading
import time

from house import PATIENCE_S, Failed, expect, expect_equal

WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Answer:
    """An answer taken apart. headers: lower-case names; of several of a name the last."""

    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, self.phrase = lines[0].split(" ", 2)
        self.status = int(status)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.headers = {name.lower(): value for name, value in self.fields}
        self.body = b""

    def media(self):
        return self.headers.get("content-type", "").split(";")[0].strip()

    def json(self):
        return json.loads(self.text())

    def text(self):
        data = self.body
        if self.headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        return data.decode()

    def code(self):
        """The problem's code."""
        expect_equal(self.media(), "application/problem+json", f"media of {self.status} {self.body[:300]!r}")
        return self.json()["code"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Http:
    """One connection. Sends any bytes; takes answers one after the other."""

    def __init__(self, server, seconds=None, source=None):
        host, port = server.http.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=seconds or PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = server.http
        self.pending = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def fill(self, seconds=None):
        """False: the server closed the connection, in whichever way."""
        self.socket.settimeout(seconds or PATIENCE_S)
        try:
            data = self.socket.recv(65536)
        except socket.timeout as err:
            raise Failed("nothing came from the server in time") from err
        except ConnectionError:
            return False
        self.pending += data
        return bool(data)

    def take_until(self, mark, seconds=None):
        """What comes before mark, which is dropped; None: the connection closed before."""
        while mark not in self.pending:
            if not self.fill(seconds):
                return None
        taken, self.pending = self.pending.split(mark, 1)
        return taken

    def take_bytes(self, size):
        while len(self.pending) < size:
            expect(self.fill(), f"the connection closed after {len(self.pending)} of {size} bytes")
        taken, self.pending = self.pending[:size], self.pending[size:]
        return taken

    def take(self, head_only=False, seconds=None):
        """The next answer, or None when the connection closed instead."""
        head = self.take_until(b"\r\n\r\n", seconds)
        if head is None:
            return None
        answer = Answer(head)
        if head_only or answer.status < 200 or answer.status in (204, 304):
            return answer
        if answer.headers.get("transfer-encoding") == "chunked":
            while True:
                size = int(self.take_until(b"\r\n"), 16)
                answer.body += self.take_bytes(size)
                self.take_bytes(2)
                if size == 0:
                    return answer
        if "content-length" in answer.headers:
            answer.body = self.take_bytes(int(answer.headers["content-length"]))
        else:
            while self.fill():
                pass
            answer.body, self.pending = self.pending, b""
        return answer

    def request(self, method, target, body=None, media="application/json", headers=(), host=None):
        """The bytes of a request as a well-behaved client sends it."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or self.host}"]
        if body is not None:
            body = body if isinstance(body, bytes) else body.encode()
            lines += [f"Content-Type: {media}"] * (media is not None) + [f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")

    def ask(self, method, target, body=None, media="application/json", headers=(), host=None):
        self.send(self.request(method, target, body, media, headers, host))
        answer = self.take(head_only=method == "HEAD")
        expect(answer is not None, f"the connection closed where the answer to {method} {target} should come")
        return answer

    def is_closed(self, seconds=None):
        """Reads to the end; True when the server closes and says nothing more."""
        before = self.pending
        while self.fill(seconds):
            pass
        return self.pending == before

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(server, method, target, body=None, **options):
    """One request on a connection of its own."""
    with Http(server) as http:
        return http.ask(method, target, body, **options)


def raw_ask(server, data, seconds=None):
    """These bytes on a connection of their own, and the first answer (None: it closed)."""
    with Http(server) as http:
        try:
            http.send(data)
        except ConnectionError:
            pass  # it was refused before all was sent; the answer may still be there
        return http.take(seconds=seconds)


# ---- WebSocket ------------------------------------------------------------------------------------------

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", final=True, masked=True, reserved=0, length=None):
    """A frame; length: another one than that of the payload is announced."""
    payload = payload if isinstance(payload, bytes) else payload.encode()
    size = len(payload) if length is None else length
    head = bytes([(128 if final else 0) | reserved << 4 | opcode])
    mask_bit = 128 if masked else 0
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + mixed.to_bytes(len(payload), "big")


class WebSocket(Http):
    """A connection after the handshake."""

    def __init__(self, server, target="/v1/live", protocol=None, headers=(), seconds=None):
        super().__init__(server, seconds)
        key = base64.b64encode(os.urandom(16))
        lines = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                 ("Sec-WebSocket-Key", key.decode()), *headers]
        if protocol:
            lines.append(("Sec-WebSocket-Protocol", protocol))
        self.answer = self.ask("GET", target, headers=lines)
        if self.answer.status == 101:
            wanted = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest()).decode()
            expect_equal(self.answer.headers.get("sec-websocket-accept"), wanted, "Sec-WebSocket-Accept")

    def take_frame(self, seconds=None):
        """(opcode, payload), or None when the connection closed."""
        while True:
            data = self.pending
            if len(data) >= 2:
                size, at = data[1] & 127, 2
                expect(data[1] & 128 == 0, "the server's frames are not masked")
                if size == 126 and len(data) >= 4:
                    size, at = struct.unpack(">H", data[2:4])[0], 4
                elif size == 127 and len(data) >= 10:
                    size, at = struct.unpack(">Q", data[2:10])[0], 10
                elif size >= 126:
                    size = None
                if size is not None and len(data) >= at + size:
                    self.pending = data[at + size:]
                    return data[0] & 15, data[at:at + size]
            if not self.fill(seconds):
                return None

    def tell(self, **message):
        self.send(frame(TEXT, json.dumps(message)))

    def hear(self, op=None, seconds=None):
        """The next message, or the next one with this op."""
        end = time.monotonic() + (seconds or PATIENCE_S)
        while True:
            found = self.take_frame(seconds)
            expect(found is not None, f"the connection closed where {op or 'a message'} should come")
            if found[0] != TEXT:
                continue
            message = json.loads(found[1])
            if op is None or message["op"] == op:
                return message
            expect(time.monotonic() < end, f"waited in vain for {op}")

    def close_code(self, seconds=None):
        """Reads to the close frame; its code, 0: a close frame without one, None: none came."""
        while True:
            found = self.take_frame(seconds)
            if found is None:
                return None
            if found[0] == CLOSE:
                return struct.unpack(">H", found[1][:2])[0] if len(found[1]) >= 2 else 0


# ---- how others fare meanwhile --------------------------------------------------------------------------

class Bystander:
    """Another client that asks again and again, on one connection, and notes how long it waits."""

    def __init__(self, server, target="/healthz"):
        self.http, self.target = Http(server), target
        self.waits_s, self.fault = [], None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.stopping.is_set():
                began = time.monotonic()
                answer = self.http.ask("GET", self.target)
                expect_equal(answer.status, 200, "the answer to another client")
                self.waits_s.append(time.monotonic() - began)
                time.sleep(0.005)
        except Exception as fault:
            self.fault = fault

    def stop(self, patient_s):
        """Of 100 answers 99 came within patient_s, and the machine's own pauses aside none took ten
        times that; returns the longest wait as words."""
        self.stopping.set()
        self.thread.join(PATIENCE_S)
        self.http.close()
        if self.fault:
            raise self.fault
        waits = sorted(self.waits_s)
        expect(waits, "the other client never got an answer")
        most, late = waits[-1], waits[len(waits) * 99 // 100 - (len(waits) > 99)]
        expect(late < patient_s and most < 10 * patient_s,
               f"another client waited {late * 1000:.1f} ms (99 of 100), {most * 1000:.1f} ms at most")
        return f"another client waited {late * 1000:.1f} ms (99 of 100), {most * 1000:.1f} ms at most"



def memory_of(server):
    """Resident bytes of the server."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise Failed("no VmRSS")
