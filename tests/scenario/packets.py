"""MQTT packets byte by byte, for the conformance tests (docs/mqtt-conformance.md).

Three parts: builders that make any packet of a client, also one that no client should send; a
decoder of what a server sends, which fails on each byte the standard forbids (reserved flags,
lengths that are not minimal, strings that are no UTF-8, properties and reason codes that do not
belong to the packet), so that every packet of every test is a test of its form; and the frame in
which the tests run: one server a file, each test a function with the statements it holds.

    @holds("MQTT-3.12.4-1")
    def a_ping_is_answered(broker):
        client = broker.client()
        client.ping()

    if __name__ == "__main__":
        play()

With MAINSTEM_BROKER=HOST:PORT the tests run against a broker that runs already; with
MAINSTEM_TRANSPORT=websocket, over a WebSocket each.
"""

import os
import random
import shutil
import socket
import struct
import sys
import tempfile
import time
import traceback

from house import (AUTH, CONNACK, CONNECT, DISCONNECT, PATIENCE_S, PINGREQ, PINGRESP, PUBACK, PUBLISH,
                   PUBREC, SUBACK, SUBSCRIBE, UNSUBACK, UNSUBSCRIBE, Failed, Server, expect,
                   expect_equal, packet, varint)
from web_socket import Stream

OVER_WEBSOCKET = os.environ.get("MAINSTEM_TRANSPORT") == "websocket"
PUBREL, PUBCOMP = 6, 7
NAMES = ("0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
         "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH")
MALFORMED, PROTOCOL_ERROR = 0x81, 0x82
# What a PUBACK or PUBREC may say of a message that was taken: success, or that nobody listens.
TAKEN = (0x00, 0x10)
# How much later something may come than on a quiet machine (sanitizers and the like).
SLOWER = max(1.0, PATIENCE_S / 30)

# MQTT 5, 2.2.2.2: name -> (identifier, type)
PROPERTIES = {
    "payload_format": (0x01, "byte"), "message_expiry": (0x02, "four"),
    "content_type": (0x03, "text"), "response_topic": (0x08, "text"),
    "correlation": (0x09, "binary"), "subscription": (0x0B, "varint"),
    "session_expiry": (0x11, "four"), "assigned_id": (0x12, "text"),
    "server_keep_alive": (0x13, "two"), "method": (0x15, "text"), "data": (0x16, "binary"),
    "problem_information": (0x17, "byte"), "will_delay": (0x18, "four"),
    "response_information_wanted": (0x19, "byte"), "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"), "reason": (0x1F, "text"), "receive_maximum": (0x21, "two"),
    "alias_maximum": (0x22, "two"), "alias": (0x23, "two"), "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"), "user": (0x26, "pair"), "packet_maximum": (0x27, "four"),
    "wildcards": (0x28, "byte"), "identifiers": (0x29, "byte"), "shared": (0x2A, "byte"),
}
PROPERTY_OF = {number: (name, kind) for name, (number, kind) in PROPERTIES.items()}

# What a server may send (section 3, tables of properties and reason codes of each packet).
ACK_PROPERTIES = {"reason", "user"}
SERVER_PROPERTIES = {
    CONNACK: {"session_expiry", "receive_maximum", "maximum_qos", "retain_available", "packet_maximum",
              "assigned_id", "alias_maximum", "reason", "user", "wildcards", "identifiers", "shared",
              "server_keep_alive", "response_information", "server_reference", "method", "data"},
    PUBLISH: {"payload_format", "message_expiry", "alias", "response_topic", "correlation", "user",
              "subscription", "content_type"},
    PUBACK: ACK_PROPERTIES, PUBREC: ACK_PROPERTIES, PUBREL: ACK_PROPERTIES, PUBCOMP: ACK_PROPERTIES,
    SUBACK: ACK_PROPERTIES, UNSUBACK: ACK_PROPERTIES,
    DISCONNECT: {"reason", "user", "server_reference"}, AUTH: {"method", "data", "reason", "user"},
}
PUBLISH_REASONS = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}
RELEASE_REASONS = {0x00, 0x92}
SERVER_REASONS = {
    CONNACK: {0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F},
    PUBACK: PUBLISH_REASONS, PUBREC: PUBLISH_REASONS,
    PUBREL: RELEASE_REASONS, PUBCOMP: RELEASE_REASONS,
    SUBACK: {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2},
    UNSUBACK: {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91},
    DISCONNECT: {0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, *range(0x93, 0xA3)},
    AUTH: {0x18},
}
REASON_STATEMENT = {CONNACK: "3.2.2-8", PUBACK: "3.4.2-1", PUBREC: "3.5.2-1", PUBREL: "3.6.2-1",
                    PUBCOMP: "3.7.2-1", SUBACK: "3.9.3-2", UNSUBACK: "3.11.3-2", DISCONNECT: "3.14.2-1",
                    AUTH: "3.15.2-1"}


# ---- building --------------------------------------------------------------------------------------------

def data(value):
    """A length of two bytes and the bytes: strings and binary data (MQTT 5, 1.5.4 and 1.5.6)."""
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(value)) + value


def put_property(name, value):
    number, kind = PROPERTIES[name]
    if kind == "byte":
        body = bytes([value])
    elif kind == "two":
        body = struct.pack(">H", value)
    elif kind == "four":
        body = struct.pack(">I", value)
    elif kind == "varint":
        body = varint(value)
    elif kind == "pair":
        body = data(value[0]) + data(value[1])
    else:
        body = data(value)
    return bytes([number]) + body


def properties(pairs=(), version=5):
    """The properties with their length; bytes are taken as they are; nothing before MQTT 5."""
    if version < 5:
        return b""
    body = pairs if isinstance(pairs, bytes) else b"".join(put_property(*pair) for pair in pairs)
    return varint(len(body)) + body


class Will:
    def __init__(self, topic, payload="the will", qos=0, retain=False, properties=()):
        self.topic, self.payload, self.qos, self.retain = topic, payload, qos, retain
        self.properties = properties


def connect(client_id="", version=5, clean=True, keep_alive=60, properties=(), will=None, user=None,
            password=None, name=None, level=None, flags=None, tail=b""):
    """A CONNECT; flags, level and name stand for what they should be, tail behind the payload."""
    found = 2 if clean else 0
    payload = data(client_id)
    if will:
        found |= 4 | will.qos << 3 | (32 if will.retain else 0)
        payload += put_properties(will.properties, version) + data(will.topic) + data(will.payload)
    if user is not None:
        found |= 128
        payload += data(user)
    if password is not None:
        found |= 64
        payload += data(password)
    body = data(name if name is not None else "MQIsdp" if version == 3 else "MQTT")
    body += bytes([version if level is None else level, found if flags is None else flags])
    body += struct.pack(">H", keep_alive) + put_properties(properties, version)
    return packet(CONNECT, 0, body + payload + tail)


put_properties = properties


def publish(topic, payload="hello", qos=0, packet_id=None, retain=False, dup=False, properties=(),
            version=5, flags=None):
    """A PUBLISH. Without a packet identifier, QoS 1 and 2 get identifier 1."""
    body = data(topic)
    if qos:
        body += struct.pack(">H", 1 if packet_id is None else packet_id)
    body += put_properties(properties, version)
    found = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    return packet(PUBLISH, found if flags is None else flags,
                  body + (payload if isinstance(payload, bytes) else payload.encode()))


def ack(kind, packet_id, reason=None, properties=None, flags=None):
    body = struct.pack(">H", packet_id)
    if reason is not None:
        body += bytes([reason])
    if properties is not None:
        body += put_properties(properties)
    return packet(kind, (2 if kind == PUBREL else 0) if flags is None else flags, body)


def subscribe(packet_id, *filters, properties=(), version=5, flags=2):
    """filters: a filter (QoS 0) or (filter, options)."""
    body = struct.pack(">H", packet_id) + put_properties(properties, version)
    for one in filters:
        name, options = one if isinstance(one, tuple) else (one, 0)
        body += data(name) + bytes([options])
    return packet(SUBSCRIBE, flags, body)


def unsubscribe(packet_id, *filters, properties=(), version=5, flags=2):
    body = struct.pack(">H", packet_id) + put_properties(properties, version)
    return packet(UNSUBSCRIBE, flags, body + b"".join(data(name) for name in filters))


def disconnect(reason=None, properties=None, flags=0):
    body = b"" if reason is None else bytes([reason])
    return packet(DISCONNECT, flags, body if properties is None else body + put_properties(properties))


def auth(reason=None, properties=None, flags=0):
    body = b"" if reason is None else bytes([reason])
    return packet(AUTH, flags, body if properties is None else body + put_properties(properties))


# Options of a subscription (MQTT 5, 3.8.3.1), beside the QoS.
NO_LOCAL, AS_PUBLISHED, RETAIN_IF_NEW, RETAIN_NEVER = 4, 8, 16, 32


# ---- taking apart ----------------------------------------------------------------------------------------

class Reader:
    """The body of a packet; each step fails where the standard forbids what is there."""

    def __init__(self, body, what):
        self.body, self.at, self.what = body, 0, what

    def bytes(self, size):
        expect(self.at + size <= len(self.body), f"{self.what} of the server is cut short: {self.body!r}")
        self.at += size
        return self.body[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.bytes(size), "big")

    def binary(self):
        return self.bytes(self.number(2))

    def text(self):
        found = self.binary()
        try:
            value = found.decode("utf-8")
        except UnicodeDecodeError as fault:
            raise Failed(f"{self.what} of the server holds a string that is no UTF-8: {found!r} "
                         "[MQTT-1.5.4-1]") from fault
        expect("\0" not in value, f"{self.what} of the server holds U+0000: {found!r} [MQTT-1.5.4-2]")
        return value

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.number(1)
            value |= (byte & 127) << shift
            if not byte & 128:
                expect(byte or not shift, f"{self.what} of the server: a length in more bytes than it "
                                          f"needs: {self.body!r} [MQTT-1.5.5-1]")
                return value
            shift += 7
            expect(shift < 28, f"{self.what} of the server: a length of more than four bytes")

    def rest(self):
        found = self.body[self.at:]
        self.at = len(self.body)
        return found

    def properties(self, kind):
        end = self.varint()
        end += self.at
        expect(end <= len(self.body), f"{self.what} of the server: properties beyond its end")
        found = []
        while self.at < end:
            number = self.varint()
            name, form = PROPERTY_OF.get(number, (None, None))
            expect(name in SERVER_PROPERTIES.get(kind, ()),
                   f"{self.what} of the server holds property {number:#x} ({name}), which is not allowed there")
            expect(name in ("user", "subscription") or name not in [other for other, _ in found],
                   f"{self.what} of the server holds {name} twice")
            found.append((name, self.value(form)))
        expect_equal(self.at, end, f"the end of the properties of {self.what}")
        return found

    def value(self, form):
        if form in ("byte", "two", "four"):
            return self.number({"byte": 1, "two": 2, "four": 4}[form])
        if form == "varint":
            return self.varint()
        if form == "pair":
            return self.text(), self.text()
        return self.binary() if form == "binary" else self.text()


class Packet:
    """A packet of the server, taken apart and found well-formed."""

    def __init__(self, version, first, body, size):
        self.version, self.kind, self.flags, self.body, self.size = version, first >> 4, first & 15, body, size
        self.properties, self.reasons, self.packet_id, self.reason = [], [], None, 0
        what = self.name = NAMES[self.kind]
        self.reader = Reader(body, what)
        wanted = {PUBREL: 2}.get(self.kind, 0)
        if self.kind != PUBLISH:
            expect_equal(self.flags, wanted, f"the flags of {what} [MQTT-2.1.3-1]")
        take = {CONNACK: self.take_connack, PUBLISH: self.take_publish, SUBACK: self.take_suback,
                UNSUBACK: self.take_suback, DISCONNECT: self.take_ending, AUTH: self.take_ending,
                PINGRESP: lambda: None}.get(self.kind, self.take_ack)
        expect(self.kind not in (0, CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ),
               f"the server sent {what}, which only clients send")
        take()
        expect_equal(self.reader.rest(), b"", f"the bytes behind {what}")
        if self.version == 5 and self.kind in SERVER_REASONS:
            for reason in self.reasons or [self.reason]:
                expect(reason in SERVER_REASONS[self.kind],
                       f"{what} of the server has the reason {reason:#x} [MQTT-{REASON_STATEMENT[self.kind]}]")

    def take_connack(self):
        if self.version == 5 and len(self.body) == 2:
            self.version = 4  # the answer to a protocol or version nobody knows: any version may say so
        flags, self.reason = self.reader.number(1), self.reader.number(1)
        expect(flags < 2, f"the acknowledge flags of CONNACK are {flags:#x} [MQTT-3.2.2-1]")
        self.session_present = flags == 1
        expect(not (self.reason and flags), "CONNACK refuses and says session present [MQTT-3.2.2-6]")
        if self.version == 5:
            self.properties = self.reader.properties(CONNACK)

    def take_publish(self):
        self.dup, self.qos, self.retain = self.flags >> 3 & 1, self.flags >> 1 & 3, self.flags & 1
        expect(self.qos != 3, "the server sent QoS 3 [MQTT-3.3.1-4]")
        expect(self.qos or not self.dup, "the server sent DUP with QoS 0 [MQTT-3.3.1-2]")
        self.topic = self.reader.text()
        expect("+" not in self.topic and "#" not in self.topic,
               f"the server sent the topic {self.topic!r} [MQTT-3.3.2-2]")
        if self.qos:
            self.packet_id = self.reader.number(2)
            expect(self.packet_id, "the server sent packet identifier 0 [MQTT-2.2.1-4]")
        if self.version == 5:
            self.properties = self.reader.properties(PUBLISH)
        expect(self.property("alias") != 0, "the server sent topic alias 0 [MQTT-3.3.2-8]")
        expect(self.topic or self.property("alias"), "the server sent no topic [MQTT-4.7.3-1]")
        self.payload = self.reader.rest()

    def take_ack(self):
        self.packet_id = self.reader.number(2)
        if self.version == 5 and len(self.body) > 2:
            self.reason = self.reader.number(1)
        if self.version == 5 and len(self.body) > 3:
            self.properties = self.reader.properties(self.kind)

    def take_suback(self):
        self.packet_id = self.reader.number(2)
        if self.version == 5:
            self.properties = self.reader.properties(self.kind)
        self.reasons = list(self.reader.rest())

    def take_ending(self):
        if self.body:
            self.reason = self.reader.number(1)
        if len(self.body) > 1:
            self.properties = self.reader.properties(self.kind)

    def property(self, name):
        return next((value for found, value in self.properties if found == name), None)

    def every(self, name):
        return [value for found, value in self.properties if found == name]

    def __repr__(self):
        text = f"{self.name} flags {self.flags:#x}"
        if self.kind == PUBLISH:
            text += f" topic {self.topic!r} payload {self.payload[:60]!r}"
        if self.packet_id is not None:
            text += f" id {self.packet_id}"
        return f"{text} reason {self.reason:#x} {self.reasons or ''}{self.properties or ''}"


# ---- a client --------------------------------------------------------------------------------------------

class Client:
    """One connection. What it sends is up to the test; what it takes is held against the standard."""

    def __init__(self, broker, version=5):
        self.broker, self.version, self.pending, self.packet_id = broker, version, b"", 0
        self.socket = (Stream(broker.http) if OVER_WEBSOCKET else
                       socket.create_connection(broker.address, timeout=PATIENCE_S))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.maximum = None
        self.saved = []  # packets that came while the test waited for another

    def send(self, *packets):
        """The server may have closed already: what it said before is what the test looks at."""
        try:
            self.socket.sendall(b"".join(packets))
        except OSError:
            pass

    def connect(self, client_id=None, reason=0, **options):
        self.id = self.broker.fresh("client") if client_id is None else client_id
        self.send(connect(self.id, self.version, **options))
        for name, value in options.get("properties", ()):
            if name == "packet_maximum":
                self.maximum = value
        self.connack = self.take(CONNACK)
        expect_equal(self.connack.reason, reason, "the reason in CONNACK")
        return self

    def next_id(self):
        self.packet_id = self.packet_id % 65535 + 1
        return self.packet_id

    def take(self, kind=None, seconds=None):
        """The next packet, which must be of this kind; None when the connection was closed."""
        if self.saved:
            found = self.saved.pop(0)
        else:
            found = self.take_from_socket(seconds or PATIENCE_S)
        if kind is not None:
            expect(found is not None, f"the connection closed where {NAMES[kind]} should come")
            expect(found.kind == kind, f"{NAMES[kind]} should come, {found} came")
        return found

    def take_from_socket(self, seconds):
        end = time.monotonic() + seconds
        while True:
            found = self.parse()
            if found:
                return found
            left = end - time.monotonic()
            expect(left > 0, "no packet came from the server in time")
            self.socket.settimeout(left)
            try:
                chunk = self.socket.recv(65536)
            except socket.timeout as fault:
                raise Failed("no packet came from the server in time") from fault
            except ConnectionError:
                return None
            if not chunk:
                expect(not self.pending, f"the server closed within a packet: {self.pending!r}")
                return None
            self.pending += chunk

    def parse(self):
        length = 0
        for at in range(1, min(len(self.pending), 5)):
            length |= (self.pending[at] & 127) << 7 * (at - 1)
            if not self.pending[at] & 128:
                expect(at == 1 or self.pending[at], "a remaining length that is not minimal [MQTT-1.5.5-1]")
                whole = at + 1 + length
                if len(self.pending) < whole:
                    return None
                first, body = self.pending[0], self.pending[at + 1:whole]
                self.pending = self.pending[whole:]
                expect(self.maximum is None or whole <= self.maximum,
                       f"a packet of {whole} bytes came, the maximum is {self.maximum} [MQTT-3.1.2-24]")
                return Packet(self.version, first, body, whole)
        expect(len(self.pending) < 5, "a remaining length of more than four bytes")
        return None

    def take_closed(self, what="the connection"):
        """The server closes, without another packet."""
        found = self.take()
        expect(found is None, f"{what} should be closed, {found} came")

    def take_disconnect(self, *reasons, what=""):
        """DISCONNECT with the first of the reasons, then the close; before MQTT 5 the close alone. The
        other reasons are what the standard allows as well, and another broker may choose."""
        if self.version == 5:
            reasons = reasons if self.broker.given else reasons[:1]
            found = self.take()
            if found is None and self.broker.given:
                return  # the standard only recommends the DISCONNECT; this server decided to send it
            expect(found is not None, f"{what}: the connection closed without DISCONNECT")
            expect(found.kind == DISCONNECT and found.reason in reasons,
                   f"{what}: DISCONNECT with one of "
                   f"{[hex(reason) for reason in reasons]} should come, {found} came")
        self.take_closed(what)

    def publish(self, topic, payload="hello", qos=0, **options):
        """Publishes and follows the whole flow; returns the reason of PUBACK or PUBREC."""
        packet_id = self.next_id() if qos else None
        self.send(publish(topic, payload, qos, packet_id, version=self.version, **options))
        if not qos:
            return 0
        found = self.take_answer(PUBACK if qos == 1 else PUBREC, packet_id)
        if qos == 2 and found.reason < 0x80:
            self.send(ack(PUBREL, packet_id))
            self.take_answer(PUBCOMP, packet_id)
        return found.reason

    def take_answer(self, kind, packet_id):
        """The acknowledgement of this identifier; messages that come before it are kept."""
        kept = []
        while True:
            found = self.take()
            expect(found is not None, f"the connection closed where {NAMES[kind]} should come")
            if found.kind == PUBLISH:
                kept.append(found)
                continue
            self.saved = kept + self.saved
            expect(found.kind == kind, f"{NAMES[kind]} should come, {found} came")
            expect_equal(found.packet_id, packet_id, f"the packet identifier of {NAMES[kind]} [MQTT-2.2.1-5]")
            return found

    def subscribe(self, *filters, reasons=None, **options):
        """Subscribes, expects the QoS that was asked (or these reasons); returns the SUBACK."""
        packet_id = self.next_id()
        self.send(subscribe(packet_id, *filters, version=self.version, **options))
        found = self.take_answer(SUBACK, packet_id)
        asked = [one[1] & 3 if isinstance(one, tuple) else 0 for one in filters]
        expect_equal(found.reasons, asked if reasons is None else list(reasons), f"SUBACK of {filters}")
        return found

    def unsubscribe(self, *filters, reasons=None):
        packet_id = self.next_id()
        self.send(unsubscribe(packet_id, *filters, version=self.version))
        found = self.take_answer(UNSUBACK, packet_id)
        if reasons is not None:
            expect_equal(found.reasons, list(reasons), f"UNSUBACK of {filters}")
        return found

    def take_message(self, payload=None, topic=None, answer=True):
        """The next message, acknowledged to its end (unless answer is False)."""
        found = self.take(PUBLISH)
        if payload is not None:
            expect_equal(found.payload, payload if isinstance(payload, bytes) else payload.encode(),
                         f"the payload on {found.topic}")
        if topic is not None:
            expect_equal(found.topic, topic, "the topic")
        if answer and found.qos:
            self.answer(found)
        return found

    def answer(self, message):
        if message.qos == 1:
            self.send(ack(PUBACK, message.packet_id))
        elif message.qos == 2:
            self.send(ack(PUBREC, message.packet_id))
            self.take_answer(PUBREL, message.packet_id)
            self.send(ack(PUBCOMP, message.packet_id))

    def ping(self):
        self.send(packet(PINGREQ, 0, b""))
        kept = []
        while True:
            found = self.take()
            expect(found is not None, "the connection closed where PINGRESP should come")
            if found.kind == PINGRESP:
                self.saved = kept + self.saved
                return
            kept.append(found)

    def gather(self):
        """All messages that are under way: those that come before one that is sent now."""
        fence, found = self.broker.fresh("fence"), []
        self.subscribe((fence, 0))
        self.broker.helper().publish(fence, "fence", qos=1)
        while True:
            message = self.take_message()
            if message.topic == fence:
                self.unsubscribe(fence)
                return found
            found.append(message)

    def expect_nothing(self, what):
        """Nothing is under way to this client: what is sent now comes first."""
        fence = self.broker.fresh("fence")
        packet_id = self.next_id()
        self.send(subscribe(packet_id, (fence, 0), version=self.version))
        found = self.take()
        expect(found is not None and found.kind == SUBACK, f"{what}: nothing should come, {found} came")
        self.broker.helper().publish(fence, "fence", qos=1)
        found = self.take()
        expect(found is not None and found.kind == PUBLISH and found.topic == fence,
               f"{what}: nothing should come, {found} came")
        self.send(unsubscribe(self.next_id(), fence, version=self.version))
        found = self.take()
        expect(found is not None and found.kind == UNSUBACK, f"{what}: nothing should come, {found} came")
        self.ping()
        expect(not self.saved, f"{what}: nothing should come, {self.saved} came")

    def disconnect(self, reason=None, properties=None):
        """The good end: the server closes."""
        self.send(disconnect(reason, properties))
        self.take_closed("a connection that said DISCONNECT")

    def close(self):
        self.socket.close()

    def abort(self):
        """As if the network had failed: a reset, no DISCONNECT."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


# ---- the frame -------------------------------------------------------------------------------------------

TESTS = []
HOLDS = {}


def holds(*statements):
    """These statements are held by this test; scripts/check-conformance reads them here."""
    def keep(test):
        TESTS.append(test)
        HOLDS[test] = statements
        return test
    return keep


class Skipped(Exception):
    """The test needs a server of its own, but another broker was given."""


class Broker:
    """The server of a file, or the broker named in MAINSTEM_BROKER."""

    def __init__(self):
        self.clients, self.count, self.run = [], 0, f"{random.getrandbits(24):06x}"
        self.folder = tempfile.mkdtemp(prefix="mainstem-test-")
        self.server, self.lives = None, 0
        self.kept = False  # whether clients get sessions that outlive their connections
        self.given = os.environ.get("MAINSTEM_BROKER")
        self.start()

    def start(self, *words):
        if self.given:
            host, port = self.given.rsplit(":", 1)
        else:
            self.lives += 1
            self.server = Server(f"{self.folder}/data{self.lives}", *words)
            host, port = self.server.mqtt.rsplit(":", 1)
            self.http = self.server.http
        self.address = (host, int(port))
        self.the_helper = None

    def alone(self, *words):
        """A server of the test's own, started with these settings."""
        if self.given:
            raise Skipped()
        other = Broker.__new__(Broker)
        other.__dict__.update(self.__dict__, clients=[])
        other.lives += 100
        other.start(*words)
        self.clients.append(other)
        return other

    def fresh(self, name):
        """A name nobody used before: topics and client ids of one test never meet another's."""
        self.count += 1
        return f"{self.run}/{name}{self.count}" if name != "client" else f"c{self.run}{self.count}"

    def open(self, version=5):
        """A connection without CONNECT."""
        found = Client(self, version)
        self.clients.append(found)
        return found

    def client(self, client_id=None, version=5, **options):
        if self.kept and client_id != "":
            if version < 5:
                options.setdefault("clean", False)
            elif "session_expiry" not in [name for name, _ in options.get("properties", ())]:
                options["properties"] = [("session_expiry", 60), *options.get("properties", ())]
        return self.open(version).connect(client_id, **options)

    def helper(self):
        """A publisher that is always there."""
        if self.the_helper is None:
            self.the_helper = Client(self).connect(keep_alive=0)
        return self.the_helper

    def refuses(self, what, data, *reasons, version=5, **options):
        """A connected client that sends this gets DISCONNECT (see take_disconnect) and is closed."""
        client = self.client(version=version, **options)
        client.send(data)
        client.take_disconnect(*reasons, what=what)

    def refuses_connect(self, what, data, *reasons, version=5):
        """A CONNECT that is answered by CONNACK with the first of the reasons, and closed. Another broker
        may choose one of the others, or close at once. Without reasons: closed without a word."""
        client = self.open(version)
        client.send(data)
        found = client.take()
        expect(found is not None or self.given or not reasons, f"{what}: the connection closed without CONNACK")
        reasons = reasons if self.given else reasons[:1]
        if found is not None:
            expect(found.kind == CONNACK and found.reason in reasons,
                   f"{what}: CONNACK with one of {[hex(r) for r in reasons]} or a close should come, {found} came")
            client.take_closed(what)

    def keeps_to_the_maximum(self, what, sent, kind):
        """The answer to this is whole for a client that takes its size, and shorter for one that does
        not: then without reason string and user properties, never without its reason."""
        whole = None
        for less in (None, 0, 1, 10, 1000):
            pairs = [] if less is None else [("packet_maximum", max(whole.size - less, plain))]
            client = self.client(properties=pairs)  # fails on a packet that is larger
            client.send(*sent)
            found = client.take(kind)
            if less is None:
                whole, plain = found, client.connack.size + 5
            if not less:
                expect_equal(found.body, whole.body, f"{what} for a client that has room for it")
            expect_equal((found.reason, found.reasons), (whole.reason, whole.reasons), f"{what}: reasons")
            client.close()

    def close(self):
        for client in self.clients:
            client.close()
        self.clients = []


def play(kept=(False,)):
    """Runs the tests of the file on one server; kept: with which kinds of sessions each is run, those
    that end with their connection and those that are kept. A server that ended is started again."""
    count, failed, skipped, broker = 0, 0, 0, Broker()
    try:
        for test in TESTS:
            if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
                continue
            for broker.kept in kept:
                count += 1
                name, began = test.__name__ + (", kept sessions" if broker.kept else ""), time.monotonic()
                try:
                    test(broker)
                    print(f"ok     {name} ({time.monotonic() - began:.1f} s)", flush=True)
                except Skipped:
                    skipped += 1
                    print(f"skip   {name}: needs a server of its own", flush=True)
                except Exception as fault:
                    failed += 1
                    tell_failure(name, test, fault, broker)
                finally:
                    broker.close()
    finally:
        failed += sum(not ends_well(server) for server in Server.every)
        shutil.rmtree(broker.folder, ignore_errors=True)
    print(f"       {count} tests, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed else 0)


def ends_well(server):
    """Whatever was sent to it, the server stops when it is told to, with exit code 0."""
    ended_before = server.process.poll() is not None  # told where it happened
    code = server.stop()
    if code and not ended_before:
        print(f"FAILED the server's end: exit code {code}; its log ends:\n{server.log()[-4000:]}", flush=True)
    os.unlink(server.log_path)
    return ended_before or code == 0


def tell_failure(name, test, fault, broker):
    print(f"FAILED {name} [{', '.join(HOLDS[test])}]: {str(fault)[:1000]}", flush=True)
    frames = traceback.extract_tb(fault.__traceback__)
    print("       at " + " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in reversed(frames)), flush=True)
    if not isinstance(fault, (Failed, OSError)):
        traceback.print_exception(type(fault), fault, fault.__traceback__, file=sys.stdout)
    print(f"repeat with: /usr/bin/python3 {os.path.abspath(sys.argv[0])} {test.__name__}", flush=True)
    broker.the_helper = None
    if broker.server and broker.server.process.poll() is not None:
        print(f"the server ended with {broker.server.process.returncode}; its log ends:\n"
              f"{broker.server.log()[-4000:]}", flush=True)
        broker.start()
