"""MQTT over WebSocket at /mqtt of the HTTP door (MQTT 5 and 3.1.1, section 6; RFC 6455): frame by frame,
and with Eclipse Paho for Python, which nobody here wrote. That packets mean the same in frames as on
TCP is held by the tests of mqtt5_*_test.py and mqtt3_test.py, which run over both."""

import os
import random
import struct
import threading
import time

from house import (CONNACK, DISCONNECT, PATIENCE_S, PINGREQ, PINGRESP, PUBACK, PUBLISH, SUBACK, Raw, Server, connect_packet,
                   expect, expect_equal, packet, play, publish_packet, skip, subscribe_packet, wait_for)
from packets import SLOWER, holds
from web_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WebSocket, frame

try:
    import paho.mqtt.client as paho
except ImportError:
    paho = None


class Client(WebSocket):
    """Packets of one server's stream, however they lie in frames."""

    def __init__(self, server, version=5, client_id="", **options):
        super().__init__(server.http)
        expect_equal((self.status, self.fields.get("sec-websocket-protocol")), (101, "mqtt"), "the handshake")
        self.stream, self.version, self.id = b"", version, client_id
        if client_id:
            self.say(BINARY, connect_packet(version, client_id, **options))
            self.connack = self.take_packet(CONNACK)
            expect_equal(self.connack[1], 0, "the reason in CONNACK")

    def take_packet(self, kind):
        """The body of the next packet, which must be of this kind."""
        while True:
            length, at = 0, 1
            while at < min(len(self.stream), 5):
                length |= (self.stream[at] & 127) << 7 * (at - 1)
                at += 1
                if not self.stream[at - 1] & 128:
                    if len(self.stream) < at + length:
                        break
                    first, body = self.stream[0], self.stream[at:at + length]
                    self.stream = self.stream[at + length:]
                    expect_equal(first >> 4, kind, "the type of a packet")
                    return body
            found = self.take()
            expect(found is not None and found.opcode == BINARY, f"a packet of type {kind} should come, {found} came")
            self.stream += found.payload

    def subscribe(self, name, qos=0):
        self.say(BINARY, subscribe_packet([(name, qos)], 1, self.version))
        self.take_packet(SUBACK)

    def ping(self):
        self.say(BINARY, packet(PINGREQ, 0, b""))
        self.take_packet(PINGRESP)


def mqtt_state(server):
    return server.control().ask(ask="state")["mqtt"]


def nothing_is_held(server):
    """Whoever was there is gone, and so is what was held for him."""
    wait_for("the memory of clients to be given back", lambda: mqtt_state(server)["memory"] == 0)
    wait_for("the connections to be gone", lambda: mqtt_state(server)["connections"] == 0)


# ---- the handshake ---------------------------------------------------------------------------------------

@holds("MQTT-6.0.0-3", "MQTT-6.0.0-4")
def the_handshake(folder):
    server = Server(folder + "/data")
    for protocol in ("mqtt", "other, mqtt", "mqtt, other"):
        client = WebSocket(server.http, protocol=protocol)
        expect_equal((client.status, client.fields.get("sec-websocket-protocol")), (101, "mqtt"), protocol)
        client.close()
    client = WebSocket(server.http, protocol="other")
    expect(client.status >= 400, f"a client without mqtt was let in with {client.status}")
    client.close()
    client = WebSocket(server.http, fields=[f"Origin: http://{server.http}"])
    expect_equal(client.status, 101, "a page of this server")
    client.close()
    client = WebSocket(server.http, fields=["Origin: http://elsewhere.example"])
    expect_equal(client.status, 403, "a page of another server")
    client.close()
    expect_equal(mqtt_state(server)["turned_away"], 0, "turned away")
    nothing_is_held(server)
    server.stop()


def bytes_behind_the_handshake_are_not_lost(folder):
    """A client may send CONNECT without waiting for the 101, in the same segment or cut anywhere."""
    server = Server(folder + "/data")
    head = (f"GET /mqtt HTTP/1.1\r\nHost: {server.http}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: mqtt\r\n\r\n").encode()
    sent = head + frame(BINARY, connect_packet(5, "early")) + frame(BINARY, packet(PINGREQ, 0, b""))
    for cut in (0, 1, len(head) - 1, len(head), len(head) + 1, len(head) + 5, len(sent) - 1):
        client = WebSocket(server.http, handshake=False)
        client.send(sent[:cut])
        time.sleep(0.005)
        client.send(sent[cut:])
        while b"\r\n\r\n" not in client.pending:
            expect(client.fill(), "the connection closed within the handshake")
        client.pending = client.pending.split(b"\r\n\r\n", 1)[1]
        expect_equal(client.take().payload[:1], bytes([CONNACK << 4]), f"CONNACK, cut at {cut}")
        expect_equal(client.take().payload, packet(PINGRESP, 0, b""), f"PINGRESP, cut at {cut}")
        client.say(CLOSE, struct.pack(">H", 1000))
        client.take_close(1000)
        client.close()
    nothing_is_held(server)
    server.stop()


# ---- frames ----------------------------------------------------------------------------------------------

@holds("MQTT-6.0.0-2")
def frames_and_packets_need_not_begin_together(folder):
    server = Server(folder + "/data")
    sent = connect_packet(5, "pieces") + subscribe_packet([("s/#", 1)], 1, 5)
    sent += publish_packet("s/1", "a" * 300, 1, 7, 5) + packet(PINGREQ, 0, b"")
    for size in (1, 2, 3, 7, 100, 1000):
        client = Client(server)
        client.send(b"".join(frame(BINARY, sent[at:at + size]) for at in range(0, len(sent), size)))
        take_all(client)
    client = Client(server)  # one message of many fragments, empty ones among them, and a ping within
    client.send(frame(BINARY, b"", last=False))
    for at in range(len(sent)):
        client.send(frame(CONTINUATION, sent[at:at + 1], last=False))
        if at == 9:
            client.send(frame(PING, b"are you there?"))
    client.send(frame(CONTINUATION, b""))
    found = client.take()
    expect_equal((found.opcode, found.payload), (PONG, b"are you there?"), "the answer to a ping")
    take_all(client)
    client = Client(server)  # bytes one by one
    for byte in frame(BINARY, sent):
        client.send(bytes([byte]))
    take_all(client)
    nothing_is_held(server)
    server.stop()


def take_all(client):
    """The answers to CONNECT, SUBSCRIBE, PUBLISH and PINGREQ; those that wait for the disk may be later."""
    client.take_packet(CONNACK)
    kinds = []
    while len(kinds) < 4:
        found = client.take()
        while found.payload:
            expect(found.payload[1] < 128 or found.payload[2] < 128, "a short packet")
            at = 2 if found.payload[1] < 128 else 3
            length = found.payload[1] & 127 | (found.payload[2] << 7 if at == 3 else 0)
            kinds.append(found.payload[0] >> 4)
            found.payload = found.payload[at + length:]
    expect_equal(sorted(kinds), [PUBLISH, PUBACK, SUBACK, PINGRESP], "the answers")
    client.close()


def packets_of_all_sizes_come_back(folder):
    """Both sides of the lengths at which the head of a frame grows, and of the write buffer's room."""
    server = Server(folder + "/data")
    client = Client(server, client_id="sizes")
    client.subscribe("s", 0)
    empty = len(publish_packet("s", b"", 0, 0, 5))
    for size in (3, 100, 123, 124, 125, 126, 127, 128, 129, 130, 4095, 4096, 16380, 16384, 16390, 16400, 32767, 65530, 65534,
                 65535, 65536, 65540, 200000, 1000000):
        payload = os.urandom(max(size - empty, 0))
        sent = publish_packet("s", payload, 0, 0, 5)
        client.say(BINARY, sent)
        body = client.take_packet(PUBLISH)
        expect_equal(body[-len(payload):] if payload else b"", payload, f"what came back of {size} bytes")
    client.close()
    nothing_is_held(server)
    server.stop()


@holds("MQTT-6.0.0-1")
def what_is_no_stream_of_binary_frames_is_refused(folder):
    server = Server(folder + "/data")
    sent = connect_packet(5, "wrong")
    wrong = {"text": (frame(TEXT, b"hello"), 1003), "unmasked": (frame(BINARY, sent, masked=False), 1002),
             "a reserved bit": (frame(BINARY, sent, reserved=0x40), 1002),
             "an unknown opcode": (frame(3, sent), 1002), "an unknown control": (frame(11, b""), 1002),
             "a continuation of nothing": (frame(CONTINUATION, sent), 1002),
             "a long ping": (frame(PING, b"x" * 126), 1002), "a ping in pieces": (frame(PING, b"x", last=False), 1002),
             "a close of one byte": (frame(CLOSE, b"x"), 1002),
             "a close that may not be sent": (frame(CLOSE, struct.pack(">H", 1005)), 1002),
             "a reason that is not UTF-8": (frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1007)}
    for name, (data, code) in wrong.items():
        for before in (b"", frame(BINARY, sent)):
            client = Client(server)
            client.send(before)
            if before:
                client.take_packet(CONNACK)
            client.send(data)
            try:
                client.take_close(code)
            except Exception as fault:
                raise type(fault)(f"{name}: {fault}") from fault
            client.close()
    nothing_is_held(server)
    expect("WebSocket" in server.log(), "nothing in the log")
    server.stop()


# ---- the end ---------------------------------------------------------------------------------------------

def how_a_connection_ends(folder):
    server = Server(folder + "/data", "--mqtt-packet", "2000", "--mqtt-connect-time", "1s")
    watcher = Raw(server, 5)
    watcher.subscribe(("will/#", 0))
    client = Client(server, client_id="good")
    client.say(BINARY, packet(DISCONNECT, 0, b""))
    client.take_close(1000)
    for name, data, reason, code in (
            ("malformed", packet(PUBLISH, 6, b"\0\1a\0\1"), 0x81, 1002), ("second CONNECT", connect_packet(5, "bad"), 0x82, 1002),
            ("too large", publish_packet("t", b"x" * 2000, 0, 0, 5), 0x95, 1009)):
        client = Client(server, client_id="bad")
        client.say(BINARY, data)
        expect_equal(client.take_packet(DISCONNECT)[0], reason, f"the reason for {name}")
        client.take_close(code)
        client.close()
    client = Client(server)
    client.say(BINARY, b"GET / HTTP/1.1\r\n\r\n")
    found = client.take()
    expect(found is not None and found.opcode == CLOSE, f"what is no CONNECT was answered by {found}")
    client = Client(server)  # says nothing
    began = time.monotonic()
    client.say(PING, b"this is no CONNECT")
    expect_equal(client.take().opcode, PONG, "the answer to a ping")
    client.take_close(1008)
    expect(0.9 < time.monotonic() - began < 3 * SLOWER, "the time that CONNECT may take")
    for way in ("close", "reset"):
        will = b"\x00" + struct.pack(">H", len("will/" + way)) + b"will/" + way.encode() + b"\0\4gone"
        client = Client(server)
        body = b"\0\4MQTT\5\6\0\x3c\0\0\1w" + will
        client.say(BINARY, packet(1, 0, body))
        client.take_packet(CONNACK)
        if way == "close":
            client.say(CLOSE, struct.pack(">H", 1001))
            client.take_close(1001)
        client.close()
        expect_equal(watcher.take_publish().topic, "will/" + way, "the will of one that went without DISCONNECT")
    watcher.close()
    nothing_is_held(server)
    server.stop()


def silence_ends_a_connection(folder):
    server = Server(folder + "/data")
    client = Client(server, client_id="silent", keep_alive_s=1)
    began = time.monotonic()
    expect_equal(client.take_packet(DISCONNECT)[0], 0x8D, "the reason")
    client.take_close(1008)
    expect(1.4 < time.monotonic() - began < 4 * SLOWER, "one and a half keep-alives")
    server.stop()


def the_server_says_that_it_stops(folder):
    server = Server(folder + "/data")
    client = Client(server, client_id="left")
    server.process.terminate()
    expect_equal(client.take_packet(DISCONNECT)[0], 0x8B, "the reason")
    client.take_close(1001)
    client.close()
    expect_equal(server.stop(), 0, "the exit code")


def the_limit_of_connections_is_that_of_mqtt(folder):
    server = Server(folder + "/data", "--mqtt-connections", "2")
    plain, framed = Raw(server, 5), Client(server, client_id="second")
    third = WebSocket(server.http)
    expect_equal(third.status, 101, "the handshake")
    third.take_close(1013)
    expect_equal(mqtt_state(server)["connections"], 2, "connections")
    framed.say(BINARY, packet(DISCONNECT, 0, b""))
    framed.take_close(1000)
    framed.close()
    wait_for("room", lambda: mqtt_state(server)["connections"] == 1)
    Client(server, client_id="again").ping()
    plain.ping()
    server.stop()


def memory_is_that_of_mqtt(folder):
    """Packets that are never finished are held within mqtt.memory, and others go on being served."""
    server = Server(folder + "/data", "--mqtt-memory", "1M", "--mqtt-packet", "1M")
    other = Client(server, client_id="other")
    half = publish_packet("t", b"x" * 400000, 1, 1, 5)[:300000]
    clients = [Client(server, client_id=f"half{i}") for i in range(6)]
    for client in clients:
        client.socket.settimeout(2 * SLOWER)
        for at in range(0, len(half), 10000):
            try:
                client.say(BINARY, half[at:at + 10000])
            except OSError:
                break
    wait_for("some to be closed", lambda: mqtt_state(server)["closed"]["memory"] >= 2)
    expect(mqtt_state(server)["memory"] <= 1 << 20, "mqtt.memory is exceeded")
    for client in clients:
        client.close()
    other.ping()
    other.close()
    nothing_is_held(server)
    server.stop()


# ---- beside TCP ------------------------------------------------------------------------------------------

def one_broker_behind_both(folder):
    """Messages and sessions go from one transport to the other."""
    server = Server(folder + "/data")
    framed, plain = Client(server, client_id="framed"), Raw(server, 5, client_id="plain")
    framed.subscribe("to/framed", 1)
    plain.subscribe(("to/plain", 0))
    plain.publish("to/framed", "hello")
    expect(b"hello" in framed.take_packet(PUBLISH), "the message to the WebSocket")
    framed.say(BINARY, publish_packet("to/plain", "welcome", 1, 5, 5))
    framed.take_packet(PUBACK)
    expect_equal(plain.take_publish().payload, "welcome", "the message to TCP")
    taker = Raw(server, 5, client_id="framed")  # takes the client id over
    expect_equal(framed.take_packet(DISCONNECT)[0], 0x8E, "the reason")
    framed.take_close(1008)
    taker.ping()
    server.kill()
    server = Server(server.data)
    expect("to/plain" in server.control().points(), "the acknowledged reading is gone")
    server.stop()


def who_does_not_read_slows_nobody(folder):
    server = Server(folder + "/data", "--mqtt-memory", "64M")
    lazy = Client(server, client_id="lazy")
    lazy.subscribe("flood/#", 0)
    sender, other = Raw(server, 5), Client(server, client_id="other")
    payload = b"x" * 10000
    for i in range(3000):
        sender.send(publish_packet("flood/a", payload, 0, 0, 5))
        if i % 100 == 0:
            began = time.monotonic()
            other.ping()
            expect(time.monotonic() - began < 2 * SLOWER, "a ping waits for one who does not read")
    sender.ping()
    lazy.socket.settimeout(PATIENCE_S)
    seen = 0
    while seen < 50:
        lazy.take_packet(PUBLISH)
        seen += 1
    lazy.close()
    sender.close()
    other.close()
    nothing_is_held(server)
    server.stop()


def noise_does_not_hurt(folder):
    server = Server(folder + "/data")
    seed = random.getrandbits(32)
    print(f"       noise of seed {seed}", flush=True)
    dice = random.Random(seed)
    friend = Client(server, client_id="friend")
    packets = [connect_packet(5, "noise"), packet(PINGREQ, 0, b""), publish_packet("n", "1", 1, 3, 5),
               subscribe_packet([("n", 2)], 9, 5)]
    for _ in range(300):
        client = Client(server)
        stream = b"".join(dice.choice(packets) for _ in range(dice.randrange(1, 20)))
        sent = b"".join(frame(dice.choice((BINARY, BINARY, CONTINUATION, PING, TEXT)), stream[at:at + 9], dice.random() < 0.8,
                              dice.random() < 0.98) for at in range(0, len(stream), 9))
        sent = bytearray(frame(BINARY, packets[0]) + sent)
        for _ in range(dice.randrange(0, 4)):
            sent[dice.randrange(len(sent))] ^= 1 << dice.randrange(8)
        try:
            client.send(bytes(sent))
        except OSError:
            pass
        client.close()
    friend.ping()
    friend.close()
    nothing_is_held(server)
    expect_equal(server.stop(), 0, "the exit code")


# ---- a client that nobody here wrote -----------------------------------------------------------------------

def paho_python(folder):
    if not paho:
        skip("python3-paho-mqtt is not installed")
    server = Server(folder + "/data")
    host, port = server.http.rsplit(":", 1)
    for version in (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5):
        got, granted, sent, changed = [], [], {}, threading.Condition()

        def keep(items, item):
            with changed:
                items.append(item)
                changed.notify_all()
        client = paho.Client(client_id=f"paho{version}", protocol=version, transport="websockets")
        client.ws_set_options(path="/mqtt")
        client.on_message = lambda c, u, message: keep(got, (message.topic, message.payload, message.qos))
        client.on_subscribe = lambda *words: keep(granted, words)
        client.connect(host, int(port), keepalive=30)
        client.loop_start()
        client.subscribe(f"paho/{version}/#", 2)
        with changed:
            expect(changed.wait_for(lambda: granted, PATIENCE_S), "SUBACK did not come")
        for number, size in enumerate((0, 1, 100, 125, 126, 4000, 70000, 900000)):
            for qos in (0, 1, 2):
                topic = f"paho/{version}/{number}/{qos}"
                sent[topic] = (topic, os.urandom(size), qos)
                client.publish(topic, sent[topic][1], qos)
        with changed:
            expect(changed.wait_for(lambda: len(got) >= len(sent), PATIENCE_S), f"{len(got)} of {len(sent)} messages came")
        expect_equal(sorted(got), sorted(sent.values()), "the messages")
        client.disconnect()
        client.loop_stop()
    expect_equal(mqtt_state(server)["closed"]["goodbye"], 3, "ends as the client said")
    server.stop()


if __name__ == "__main__":
    play(the_handshake, bytes_behind_the_handshake_are_not_lost, frames_and_packets_need_not_begin_together,
         packets_of_all_sizes_come_back, what_is_no_stream_of_binary_frames_is_refused, how_a_connection_ends,
         silence_ends_a_connection, the_server_says_that_it_stops, the_limit_of_connections_is_that_of_mqtt,
         memory_is_that_of_mqtt, one_broker_behind_both, who_does_not_read_slows_nobody, noise_does_not_hurt, paho_python)
