"""Bytes that no client should send get what the standards say, and the server lives on.

Expectation of a case: the reason code (MQTT 5: in CONNACK or DISCONNECT), "close" (3.1.1 has no
other answer than closing the connection), or the bytes of a packet.
"""

import random
import time

from house import (AUTH, CONNACK, CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBLISH, SUBSCRIBE,
                   Raw, Server, answer_packet, connect_packet, expect, expect_equal, note, packet, play,
                   publish_packet, text)

MALFORMED, PROTOCOL_ERROR = 0x81, 0x82
NOBODY = 0x10  # of a PUBACK: no matching subscribers


def answer_of(server, data, version, connected):
    """What the server says to these bytes: a reason, "close", or a packet."""
    raw = Raw(server, version, connect=connected)
    try:
        raw.send(data)
    except OSError:
        pass  # it closed while we were still sending: that is an answer too
    answer = raw.take()
    raw.close()
    if answer is None:
        return "close"
    kind, _, body = answer
    if kind == CONNACK:
        return body[1]
    if kind == DISCONNECT:
        return body[0] if body else 0
    return answer


def check_cases(server, cases, version, connected):
    alive = Raw(server)
    for name, data, wanted in cases:
        found = answer_of(server, data, version, connected)
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        expect(found in allowed, f"{name}: expected one of {allowed}, found {found}")
        alive.ping()


def first_packets(folder):
    server = Server(folder + "/data")
    connect = connect_packet(5, "c")
    check_cases(server, [
        ("a first packet that is no CONNECT [MQTT5-3.1.0-1]", packet(PINGREQ, 0, b""), ("close", MALFORMED, PROTOCOL_ERROR)),
        ("a PUBLISH before CONNECT", publish_packet("a", "1"), ("close", MALFORMED, PROTOCOL_ERROR)),
        ("the reserved type 0", b"\x00\x00", ("close", MALFORMED)),
        ("flags in CONNECT that are reserved [MQTT5-2.1.3-1]", b"\x11" + connect[1:], ("close", MALFORMED)),
        ("a length of five bytes", b"\x10\xff\xff\xff\xff\x01", ("close", MALFORMED)),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ("close", MALFORMED, PROTOCOL_ERROR, 0x95)),
        ("a protocol name that is not MQTT [MQTT5-3.1.2-1]", connect_packet(5, "c", name="MQTX"), ("close", 0x84, 1)),
        ("a protocol version of 6 [MQTT5-3.1.2-2]", connect_packet(5, "c", level=6), ("close", 0x84, 1)),
        ("the reserved connect flag [MQTT5-3.1.2-3]", connect_packet(5, "c", flags=3), ("close", MALFORMED)),
        ("a will of QoS 3 [MQTT5-3.1.2-12]", connect_packet(5, "c", flags=0x1C), ("close", MALFORMED)),
        ("will flags without a will [MQTT5-3.1.2-11]", connect_packet(5, "c", flags=0x0A), ("close", MALFORMED)),
        ("a client id that is cut short", packet(CONNECT, 0, text("MQTT") + b"\x05\x02\x00\x3c\x00\x00\x09abc"), ("close", MALFORMED)),
        ("a client id that is no UTF-8 [MQTT5-3.1.3-4]", connect_packet(5, b"\xc3\x28"), ("close", MALFORMED, 0x85)),
        ("a client id with U+0000 [MQTT5-1.5.4-2]", connect_packet(5, b"a\x00b"), ("close", MALFORMED, 0x85)),
        ("bytes behind the CONNECT payload", packet(CONNECT, 0, connect[2:] + b"x"), ("close", MALFORMED)),
        ("a property twice [MQTT5-3.1.2.11]", connect_packet(5, "c", properties=b"\x21\x00\x05\x21\x00\x05"), ("close", PROTOCOL_ERROR)),
        ("a property that CONNECT does not have", connect_packet(5, "c", properties=b"\x23\x00\x01"), ("close", MALFORMED, PROTOCOL_ERROR)),
        ("a property that does not exist", connect_packet(5, "c", properties=b"\x7f\x00"), ("close", MALFORMED)),
        ("a receive maximum of 0 [MQTT5-3.1.2.11.3]", connect_packet(5, "c", properties=b"\x21\x00\x00"), ("close", PROTOCOL_ERROR)),
    ], 5, False)
    # 3.1.1: an unknown level is answered with 1 and closed [MQTT-3.1.2-2]; an empty id without a
    # clean session with 2 [MQTT-3.1.3-8].
    check_cases(server, [
        ("level 7 in 3.1.1's clothes", connect_packet(4, "c", level=7), (1, 0x84, "close")),
        ("an empty client id without a clean session", connect_packet(4, "", clean=False), 2),
    ], 4, False)


def packets_of_mqtt_5(folder):
    server = Server(folder + "/data")
    large = publish_packet("a", b"1" + b" " * (2 << 20), 1, 1, 5)
    check_cases(server, [
        ("a second CONNECT [MQTT5-3.1.0-2]", connect_packet(5, "again"), PROTOCOL_ERROR),
        ("the reserved type 0", b"\x00\x00", MALFORMED),
        ("flags in PINGREQ that are reserved", b"\xc1\x00", MALFORMED),
        ("QoS 3 [MQTT5-3.3.1-4]", publish_packet("a", "1", 1, 1, 5, flags=6), MALFORMED),
        ("DUP with QoS 0 [MQTT5-3.3.1-2]", publish_packet("a", "1", 0, 1, 5, flags=8), (MALFORMED, PROTOCOL_ERROR)),
        ("packet identifier 0 [MQTT5-2.2.1-3]", publish_packet("a", "1", 1, 0, 5), (MALFORMED, PROTOCOL_ERROR)),
        ("a wildcard in a topic name [MQTT5-3.3.2-2]", publish_packet("a/+/b", "1", 1, 1, 5), (0x90, MALFORMED)),
        ("an empty topic without an alias", publish_packet("", "1", 1, 1, 5), PROTOCOL_ERROR),
        ("a topic that is no UTF-8", publish_packet(b"a\xff", "1", 1, 1, 5), MALFORMED),
        ("a topic longer than its packet", packet(PUBLISH, 2, b"\x00\x20a\x00\x01\x00"), MALFORMED),
        ("topic alias 0 [MQTT5-3.3.2-8]", publish_packet("a", "1", 1, 1, 5, b"\x23\x00\x00"), 0x94),
        ("a topic alias above the maximum [MQTT5-3.3.2-9]", publish_packet("a", "1", 1, 1, 5, b"\x23\xff\xff"), 0x94),
        ("a topic alias that was never set", publish_packet("", "1", 1, 1, 5, b"\x23\x00\x07"), PROTOCOL_ERROR),
        ("a payload format of 2", publish_packet("a", "1", 1, 1, 5, b"\x01\x02"), (MALFORMED, PROTOCOL_ERROR)),
        ("a length of properties beyond the packet", packet(PUBLISH, 2, text("a") + b"\x00\x01\x7f"), MALFORMED),
        ("a packet larger than the maximum", large, 0x95),
        ("CONNACK from a client", packet(CONNACK, 0, b"\x00\x00\x00"), (MALFORMED, PROTOCOL_ERROR)),
        ("AUTH without a method", packet(AUTH, 0, b""), (PROTOCOL_ERROR, MALFORMED, 0x8C)),
        ("SUBSCRIBE with flags 0 [MQTT5-3.8.1-1]", packet(SUBSCRIBE, 0, b"\x00\x01\x00" + text("a") + b"\x00"), MALFORMED),
        ("SUBSCRIBE without a filter [MQTT5-3.8.3-2]", packet(SUBSCRIBE, 2, b"\x00\x01\x00"), (MALFORMED, PROTOCOL_ERROR)),
        ("DISCONNECT with reserved flags", packet(DISCONNECT, 1, b""), MALFORMED),
    ], 5, True)


def packets_of_mqtt_3_1_1(folder):
    server = Server(folder + "/data")
    check_cases(server, [
        ("a second CONNECT [MQTT-3.1.0-2]", connect_packet(4, "again"), "close"),
        ("QoS 3 [MQTT-3.3.1-4]", publish_packet("a", "1", 1, 1, flags=6), "close"),
        ("packet identifier 0 [MQTT-2.3.1-1]", publish_packet("a", "1", 1, 0), "close"),
        ("a wildcard in a topic name [MQTT-3.3.2-2]", publish_packet("#", "1", 1), "close"),
        ("an empty topic [MQTT-4.7.3-1]", publish_packet("", "1", 1), "close"),
        ("a topic with U+0000 [MQTT-1.5.3-2]", publish_packet(b"a\x00b", "1", 1), "close"),
        ("a reserved type", b"\xf0\x00", "close"),
        ("SUBSCRIBE without a filter [MQTT-3.8.3-3]", packet(SUBSCRIBE, 2, b"\x00\x01"), "close"),
        ("a packet larger than the maximum", publish_packet("a", b" " * (2 << 20), 1), "close"),
    ], 4, True)


def what_is_not_offered_is_refused_as_the_standard_says(folder):
    server = Server(folder + "/data")
    # Enhanced authentication (MQTT 5, 4.12): the method is unknown here, whichever it is.
    found = answer_of(server, connect_packet(5, "sure", properties=b"\x15" + text("SCRAM-SHA-1")), 5, False)
    expect_equal(found, 0x8C, "the answer to an authentication method")
    found = answer_of(server, packet(AUTH, 0, b"\x19" + b"\x0e\x15" + text("SCRAM-SHA-1")), 5, True)
    expect_equal(found, PROTOCOL_ERROR, "the answer to AUTH after a CONNECT without a method")
    # Users: on trial a name and a password are taken from everyone on this machine.
    for version in (3, 4, 5):
        user = connect_packet(version, f"user{version}", flags=0xC2)
        body = user[2:] + text("anna") + text("secret")
        raw = Raw(server, version, connect=False)
        raw.send(packet(CONNECT, 0, body))
        expect_equal(raw.take()[2][1], 0, f"CONNACK of version {version} to a user name and password")
        raw.ping()
    # Everything else is offered: CONNACK holds none of the properties that take something back
    # (maximum QoS 0x24, retain 0x25, wildcards 0x28, identifiers 0x29, shared 0x2A; 3.2.2.3).
    left = Raw(server, 5).connack[3:]
    while left:
        expect(left[0] not in (0x24, 0x25, 0x28, 0x29, 0x2A), f"CONNACK takes {left[0]:#x} back")
        left = left[{0x21: 3, 0x22: 3, 0x27: 5}[left[0]]:]


def payloads_that_are_no_readings(folder):
    """They are messages all the same: brokered, and listed as readings that were refused."""
    server = Server(folder + "/data")
    raw = Raw(server, 5)
    expect_equal(raw.publish("number", "1"), 0, "reason for a number")
    cases = (("bad/json", '{"a":'), ("bad/binary", b"\xff\xfe\x00"), ("bad/array", '{"a":[1]}'),
             ("bad/twice", '{"a":1,"a":2}'), ("bad/deep", '{"a":' * 17 + "1" + "}" * 17),
             ("bad/integer", '{"a":99999999999999999999}'), ("bad/huge", '{"a":1e999}'),
             ("bad/time", '{"ts":"soon","a":1}'), ("bad/late", '{"ts":"2250-01-01T00:00:00Z","a":1}'))
    for topic, payload in cases:
        expect_equal(raw.publish(topic, payload), NOBODY, f"reason for {topic} {payload!r}, which nobody gets")
    expect_equal(raw.publish("number", '"open"'), 0x99, "reason for a text where a number was, which nobody gets")
    raw.ping()
    expect_equal(sorted(server.control().points()), ["number"], "the points after all that")
    refused = {entry["topic"]: entry["reason"] for entry in server.control().ask(ask="refused")["refused"]}
    expect_equal(sorted(refused), sorted([topic for topic, _ in cases] + ["number"]), "the topics refused as readings")
    expect_equal((refused["bad/late"], refused["bad/json"], refused["number"]),
                 ("time_range", "not_a_reading", "type"), "their reasons")
    # Whoever subscribes gets them byte by byte, and the publisher hears of success.
    listener = Raw(server, 5)
    expect_equal(listener.subscribe(("bad/#", 1), ("number", 1)), [1, 1], "the answer to SUBSCRIBE")
    for topic, payload in cases + (("number", '"open"'),):
        expect_equal(raw.publish(topic, payload), 0, f"reason for {topic} {payload!r}, which someone gets")
        found = listener.take_publish()
        listener.send(answer_packet(PUBACK, found.packet_id))
        data = payload if isinstance(payload, bytes) else payload.encode()
        expect_equal((found.topic, found.payload), (topic, data.decode(errors="replace")), "what the subscriber gets")
    expect_equal(raw.publish("bad/kept", "no reading", flags=3), 0, "reason for a retained message")
    # 3.1.1 has no reason codes: the message is acknowledged.
    old = Raw(server, 4)
    expect_equal(old.publish("bad/json", '{"a":'), 0, "PUBACK of 3.1.1")
    old.ping()


def a_silent_client_is_closed(folder):
    server = Server(folder + "/data", "--mqtt-connect-time", "300ms")
    silent = Raw(server, connect=False)
    began = time.monotonic()
    expect(silent.take(10) is None, "a client that says nothing got an answer")
    expect(0.2 < time.monotonic() - began < 8, "a silent client was not closed after connect_time")
    # Keep-alive: one and a half times of 1 s without a packet [MQTT-3.1.2-24].
    slow = Raw(server, 5, keep_alive_s=1)
    began = time.monotonic()
    kind, _, body = slow.take(10)
    expect_equal((kind, body[0]), (DISCONNECT, 0x8D), "the end of a keep-alive")
    expect(1.0 < time.monotonic() - began < 5, "the keep-alive ended at another time")


def a_client_id_is_taken_over(folder):
    server = Server(folder + "/data")
    first = Raw(server, 5, client_id="twin")
    second = Raw(server, 5, client_id="twin")
    kind, _, body = first.take()
    expect_equal((kind, body[0]), (DISCONNECT, 0x8E), "what the first one hears")
    second.ping()


def every_cut_of_a_packet_waits_for_the_rest(folder):
    server = Server(folder + "/data")
    data = connect_packet(5, "cut") + publish_packet("cut/here", '{"a":1}', 1, 9, 5)
    for cut in range(1, len(data)):
        raw = Raw(server, 5, connect=False)
        raw.send(data[:cut])
        time.sleep(0.002)
        raw.send(data[cut:])
        expect_equal(raw.take()[0], CONNACK, f"first answer when cut at {cut}")
        expect_equal(raw.take_puback(9), 0, f"reason when cut at {cut}")
        raw.close()


def noise_does_not_hurt(folder):
    server = Server(folder + "/data")
    alive = Raw(server)
    seed = random.SystemRandom().getrandbits(32)
    note(f"noise of seed {seed}")
    luck = random.Random(seed)
    for _ in range(400):
        raw = Raw(server, 5, connect=luck.random() < 0.7)
        good = [publish_packet("n/x", '{"a":1}', luck.randrange(3), luck.randrange(1, 9), 5),
                packet(PINGREQ, 0, b""), packet(luck.randrange(16), luck.randrange(16), luck.randbytes(luck.randrange(40)))]
        data = bytearray(b"".join(luck.choice(good) for _ in range(luck.randrange(1, 8))))
        for _ in range(luck.randrange(4)):
            data[luck.randrange(len(data))] = luck.randrange(256)
        try:
            raw.send(bytes(data))
        except OSError:
            pass
        raw.close()
    alive.ping()
    expect_equal(server.stop(), 0, "exit code after noise")


if __name__ == "__main__":
    play(first_packets, packets_of_mqtt_5, packets_of_mqtt_3_1_1,
         what_is_not_offered_is_refused_as_the_standard_says, payloads_that_are_no_readings,
         a_silent_client_is_closed, a_client_id_is_taken_over,
         every_cut_of_a_packet_waits_for_the_rest, noise_does_not_hurt)
