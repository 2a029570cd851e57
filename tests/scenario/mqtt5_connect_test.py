"""MQTT 5 on a running server: strings and lengths (section 1.5), CONNECT and CONNACK (3.1, 3.2).

Sessions, wills and keep-alives have files of their own.
"""

import select
import time

from house import CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBLISH, SUBACK, expect, expect_equal, packet
from packets import (MALFORMED, PROTOCOL_ERROR, PUBCOMP, PUBREL, SLOWER, TAKEN, Will, ack, auth, connect, data,
                     disconnect, holds, play, publish, subscribe, unsubscribe)

# A byte that begins nothing, a surrogate, an overlong NUL, a cut sequence, beyond U+10FFFF.
NO_UTF8 = (b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"a\xc3", b"\xf4\x90\x80\x80")


@holds("MQTT-1.5.4-1", "MQTT-3.1.3-4", "MQTT-3.1.3-11", "MQTT-3.1.3-12")
def strings_of_connect_are_utf8(broker):
    for bad in NO_UTF8:
        broker.refuses_connect(f"the client id {bad!r}", connect(bad), MALFORMED, 0x85)
        broker.refuses_connect(f"the will topic {bad!r}", connect("u", will=Will(bad)), MALFORMED, 0x90)
        broker.refuses_connect(f"the user name {bad!r}", connect("u", user=bad), MALFORMED, 0x86)
        broker.refuses_connect(f"the content type {bad!r} of a will",
                               connect("u", will=Will("t", properties=[("content_type", bad)])), MALFORMED)


@holds("MQTT-1.5.4-1", "MQTT-1.5.7-1")
def strings_of_other_packets_are_utf8(broker):
    for bad in NO_UTF8:
        for what, sent in (
                ("the topic", publish(bad)), ("the filter", subscribe(1, bad)),
                ("the filter of UNSUBSCRIBE", unsubscribe(1, bad)),
                ("the name of a user property", publish("u", properties=[("user", (bad, "v"))])),
                ("the value of a user property", publish("u", properties=[("user", ("n", bad))])),
                ("the reason string of DISCONNECT", disconnect(0, [("reason", bad)]))):
            broker.refuses(f"{what} {bad!r}", sent, MALFORMED, 0x90, 0x8F)


@holds("MQTT-1.5.4-2")
def strings_hold_no_null_character(broker):
    broker.refuses_connect("a client id with U+0000", connect(b"a\0b"), MALFORMED, 0x85)
    for what, sent in (("a topic", publish(b"a\0b")), ("a filter", subscribe(1, b"a\0b")),
                       ("a user property", publish("u", properties=[("user", ("a\0", "v"))])),
                       ("a content type", publish("u", properties=[("content_type", "a\0")]))):
        broker.refuses(f"{what} with U+0000", sent, MALFORMED, 0x90, 0x8F)


@holds("MQTT-1.5.4-3")
def a_byte_order_mark_is_a_character(broker):
    with_mark, without = "\ufeff" + broker.fresh("bom"), broker.fresh("bom")
    marked = "\ufeff" + without
    client = broker.client()
    client.subscribe((with_mark, 1), (without, 1))
    broker.helper().publish(marked, "marked", qos=1)
    broker.helper().publish(with_mark, "the mark", qos=1, properties=[("content_type", "\ufefftext")])
    found = client.take_message("the mark", with_mark)
    expect_equal(found.property("content_type"), "\ufefftext", "a content type that begins with U+FEFF")


@holds("MQTT-1.5.5-1")
def lengths_of_more_bytes_than_needed_are_malformed(broker):
    broker.refuses("properties whose length 0 takes two bytes",
                   packet(PUBLISH, 0, data("t") + b"\x80\x00" + b"x"), MALFORMED)
    broker.refuses("a property id of two bytes", packet(PUBLISH, 0, data("t") + b"\x03\x81\x00\x01x"), MALFORMED)
    broker.refuses("properties whose length takes five bytes",
                   packet(PUBLISH, 0, data("t") + b"\x80\x80\x80\x80\x00x"), MALFORMED)
    broker.refuses("a remaining length of 0 in two bytes", b"\xc0\x80\x00", MALFORMED)
    broker.refuses("a remaining length of five bytes", b"\xc0\x80\x80\x80\x80\x00", MALFORMED)
    # The other way round each packet the server sends is measured by packets.py.
    client = broker.client()
    topic = broker.fresh("length")
    client.subscribe((topic, 0))
    for size in (126, 127, 128, 16383, 16384):
        client.publish(topic, "x" * (size - len(topic) - 3))
        expect_equal(client.take_message(topic=topic).size - size, 2 if size < 128 else 3 if size < 16384 else 4,
                     f"bytes of the fixed header of a packet of {size}")


@holds("MQTT-2.1.3-1", "MQTT-3.8.1-1", "MQTT-3.10.1-1", "MQTT-3.6.1-1", "MQTT-3.14.1-1", "MQTT-3.15.1-1")
def reserved_flags_are_malformed(broker):
    broker.refuses_connect("CONNECT with flags", b"\x11" + connect("f")[1:])
    topic = broker.fresh("flags")
    for good, what in ((ack(4, 1), "PUBACK"), (ack(5, 1), "PUBREC"), (ack(PUBREL, 1), "PUBREL"),
                       (ack(PUBCOMP, 1), "PUBCOMP"), (subscribe(1, topic), "SUBSCRIBE"),
                       (unsubscribe(1, topic), "UNSUBSCRIBE"), (packet(PINGREQ, 0, b""), "PINGREQ"),
                       (disconnect(), "DISCONNECT"), (auth(0x19, [("method", "m")]), "AUTH")):
        for flags in {good[0] & 15 ^ 1, good[0] & 15 ^ 2, 15}:
            sent = bytes([good[0] & 0xF0 | flags]) + good[1:]
            broker.refuses(f"{what} with flags {flags:#x}", sent, MALFORMED, PROTOCOL_ERROR)


@holds("MQTT-2.2.2-1")
def no_properties_are_a_length_of_zero(broker):
    for what, sent in (("PUBLISH", packet(PUBLISH, 0, data("t"))), ("SUBSCRIBE", packet(8, 2, b"\x00\x01")),
                       ("UNSUBSCRIBE", packet(10, 2, b"\x00\x01"))):
        broker.refuses(f"{what} without a length of properties", sent, MALFORMED, PROTOCOL_ERROR)
    client = broker.client()
    client.subscribe(("a", 0))  # the decoder wants the length in CONNACK, SUBACK, PUBLISH and UNSUBACK
    expect_equal(client.unsubscribe("a").reasons, [0], "UNSUBACK")


@holds("MQTT-3.1.0-1")
def the_first_packet_is_connect(broker):
    for sent in (packet(PINGREQ, 0, b""), publish("a"), subscribe(1, "a"), disconnect(), auth(0x18, [("method", "m")]),
                 packet(CONNACK, 0, b"\0\0\0"), b"\0\0"):
        client = broker.open()
        client.send(sent)
        client.take_closed(f"{sent!r} before CONNECT [MQTT-3.14.0-1]")


@holds("MQTT-3.1.0-2", "MQTT-3.2.0-2")
def a_second_connect_is_a_protocol_error(broker):
    client = broker.client()
    client.send(connect(client.id))
    client.take_disconnect(PROTOCOL_ERROR, what="a second CONNECT")
    # Both in one write: one CONNACK, and then the end.
    client = broker.open()
    client.send(connect("twice") + connect("twice"))
    expect_equal(client.take(CONNACK).reason, 0, "the first CONNACK")
    client.take_disconnect(PROTOCOL_ERROR, what="two CONNECTs at once")


@holds("MQTT-3.1.2-1", "MQTT-3.1.2-2")
def another_protocol_or_version_is_refused(broker):
    for name in ("MQTX", "mqtt", "", "MQTTT", "HTTP"):
        broker.refuses_connect(f"the protocol name {name!r}", connect("n", name=name), 0x84, 1, MALFORMED)
    for level in (0, 1, 2, 6, 7, 255):
        client = broker.open(4)  # in which version such a client reads is not known: any CONNACK will do
        client.send(connect("v", level=level))
        answer = client.socket.recv(100)
        if answer:
            expect(answer[0] == 0x20 and answer[3] in (1, 0x84), f"level {level} was answered {answer!r}")
            expect_equal(client.socket.recv(100), b"", f"what follows the refusal of level {level}")


@holds("MQTT-3.1.2-3", "MQTT-3.1.4-1")
def connect_flags_are_held_against_the_standard(broker):
    for flags, what in ((0x03, "the reserved flag"), (0x01, "the reserved flag alone"), (0x0A, "a QoS, but no will")):
        broker.refuses_connect(what, connect("r", flags=flags), MALFORMED, PROTOCOL_ERROR)
    whole = connect("whole", properties=[("receive_maximum", 5)], will=Will("w"), user="u", password="p")
    for size in range(len(whole) - 3):
        cut = packet(CONNECT, 0, whole[2:2 + size])
        if size < 7:  # the protocol version is not there: nobody knows how to answer
            broker.refuses_connect(f"a CONNECT cut at {size}", cut)
        else:
            broker.refuses_connect(f"a CONNECT cut at {size}", cut, MALFORMED, PROTOCOL_ERROR)
    for what, pairs, reasons in (
            ("a receive maximum of 0", [("receive_maximum", 0)], (PROTOCOL_ERROR,)),
            ("a maximum packet size of 0", [("packet_maximum", 0)], (PROTOCOL_ERROR,)),
            ("a receive maximum twice", [("receive_maximum", 5)] * 2, (PROTOCOL_ERROR,)),
            ("request problem information 2", [("problem_information", 2)], (PROTOCOL_ERROR,)),
            ("authentication data alone", [("data", b"x")], (PROTOCOL_ERROR,)),
            ("a property of PUBLISH", [("alias", 1)], (MALFORMED, PROTOCOL_ERROR)),
            ("a property nobody knows", b"\x7f\x00", (MALFORMED, PROTOCOL_ERROR))):
        broker.refuses_connect(what, connect("p", properties=pairs), *reasons, MALFORMED)


@holds("MQTT-3.1.2-9", "MQTT-3.1.2-11", "MQTT-3.1.2-12", "MQTT-3.1.2-13")
def will_flags_fit_together(broker):
    for flags, what in ((0x0A, "will QoS 1"), (0x12, "will QoS 2"), (0x1A, "will QoS 3"), (0x22, "will retain")):
        broker.refuses_connect(f"{what} without the will flag", connect("w", flags=flags), MALFORMED, PROTOCOL_ERROR)
    broker.refuses_connect("a will of QoS 3", connect("w", will=Will("t"), flags=0x1E), MALFORMED, PROTOCOL_ERROR)
    broker.refuses_connect("the will flag without the fields of a will", connect("w", flags=0x06), MALFORMED)
    no_payload = connect("w", flags=0x06, tail=b"\0" + data("t"))
    broker.refuses_connect("a will without a payload", no_payload, MALFORMED)
    for qos in (0, 1, 2):
        broker.client(will=Will("t", qos=qos, retain=False)).disconnect()


@holds("MQTT-3.1.2-16", "MQTT-3.1.2-17", "MQTT-3.1.2-18", "MQTT-3.1.2-19")
def user_name_and_password_stand_where_their_flags_say(broker):
    for what, sent in (("a user name without its flag", connect("u", flags=0x02, tail=data("name"))),
                       ("a user name flag without a name", connect("u", flags=0x82)),
                       ("a password without its flag", connect("u", user="name", flags=0x82, tail=data("word"))),
                       ("a password flag without a password", connect("u", user="name", flags=0xC2)),
                       ("both flags, one field", connect("u", flags=0xC2, tail=data("name")))):
        broker.refuses_connect(what, sent, MALFORMED, PROTOCOL_ERROR)


@holds("MQTT-3.1.3-1", "MQTT-3.1.3-3")
def the_fields_of_the_payload_come_in_their_order(broker):
    topic = broker.fresh("order")
    observer = broker.client()
    observer.subscribe((topic, 0))
    # Each field can only be what its place says: the will arrives with its own parts.
    client = broker.client(broker.fresh("client") + "order", user="name", password=b"\xff\x00",
                           will=Will(topic, "payload", properties=[("content_type", "kind")]))
    client.abort()
    found = observer.take_message("payload", topic)
    expect_equal(found.property("content_type"), "kind", "the content type of the will")
    broker.refuses_connect("a payload without any field", packet(CONNECT, 0, data("MQTT") + b"\x05\x02\0\x3c\0"), MALFORMED)


@holds("MQTT-3.1.2-30", "MQTT-4.12.0-1", "MQTT-4.12.0-4", "MQTT-3.1.4-2", "MQTT-3.1.4-6", "MQTT-3.2.2-7")
def enhanced_authentication_is_refused(broker):
    observer, topic = broker.client(), broker.fresh("behind")
    observer.subscribe((topic, 0))
    for more in ([], [("data", b"\0\1")]):
        client = broker.open()
        # What stands behind a CONNECT that is refused is never looked at.
        client.send(connect("method", properties=[("method", "SCRAM-SHA-1")] + more) + publish(topic, "too late"))
        expect_equal(client.take(CONNACK).reason, 0x8C, "the reason for a method")
        client.take_closed("a connection that was refused [MQTT-3.2.2-7]")
    observer.expect_nothing("a message behind a CONNECT that was refused [MQTT-3.1.4-6]")


@holds("MQTT-3.1.4-5", "MQTT-3.2.0-1", "MQTT-3.2.2-1", "MQTT-3.2.2-8")
def connack_comes_first(broker):
    client, topic = broker.open(), broker.fresh("first")
    # Everything at once: the answers come in order, CONNACK before all.
    client.send(connect("first") + subscribe(1, (topic, 0)) + publish(topic, "own") + packet(PINGREQ, 0, b""))
    found = [client.take().kind for _ in range(4)]
    expect_equal(found[0], CONNACK, "the first packet")
    expect_equal(sorted(found[1:]), sorted([SUBACK, PUBLISH, PINGRESP]), "the packets after it")


@holds("MQTT-3.1.3-5")
def client_ids_of_the_standard_are_taken(broker):
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for one in (*(letters[i:i + 23] for i in range(0, len(letters), 23)), "a", "Z", "0", letters[:23]):
        found = broker.client(one)
        expect_equal(found.connack.property("assigned_id"), None, "an assigned id where one was given")
        found.disconnect()


@holds("MQTT-3.1.3-6", "MQTT-3.1.3-7", "MQTT-3.2.2-16")
def an_empty_client_id_gets_one_of_its_own(broker):
    found = [broker.client("", clean=clean, properties=[("session_expiry", 30)]) for clean in (True, False, True)]
    ids = [client.connack.property("assigned_id") for client in found]
    expect(all(ids), f"assigned ids: {ids}")
    expect_equal(len(set(ids)), len(ids), f"different assigned ids among {ids}")
    # It is a client id as any other: the session can be taken up with it, and then none is assigned.
    topic = broker.fresh("assigned")
    found[0].subscribe((topic, 1))
    found[0].disconnect()
    again = broker.client(ids[0], clean=False)
    expect(again.connack.session_present, "the session of an assigned id is not there")
    expect_equal(again.connack.property("assigned_id"), None, "an assigned id where one was given")
    for client in found[1:]:
        client.disconnect()


@holds("MQTT-3.1.3-8")
def a_client_id_that_is_refused_ends_the_connection(broker):
    """The server takes all ids a field can hold, but those that are no UTF-8 strings without U+0000."""
    broker.client("/ # + $" + "x" * 300).disconnect()
    broker.refuses_connect("a client id with U+0000", connect(b"\0"), MALFORMED, 0x85)


@holds("MQTT-3.2.2-6", "MQTT-3.2.2-7", "MQTT-4.13.2-1")
def a_refusal_says_no_session_and_closes(broker):
    name = broker.fresh("client")
    kept = broker.client(name, properties=[("session_expiry", 30)])
    client = broker.open()
    # The decoder looks at the flag; the session behind the name would be there.
    client.send(connect(name, clean=False, properties=[("method", "none")]))
    expect_equal(client.take(CONNACK).reason, 0x8C, "the reason for a method")
    client.take_closed("a connection that was refused")
    kept.ping()
    kept.disconnect(0, [("session_expiry", 0)])


@holds("MQTT-3.1.4-3", "MQTT-3.1.3-2")
def a_client_id_is_taken_over(broker):
    name = broker.fresh("client")
    first = broker.client(name, clean=False, properties=[("session_expiry", 30)])
    second = broker.client(name, clean=False, properties=[("session_expiry", 30)])
    first.take_disconnect(0x8E, what="the first client of a name")
    expect(second.connack.session_present, "the session is not the one of the name")
    third = broker.client(name)
    second.take_disconnect(0x8E, what="the second client of a name")
    expect(not third.connack.session_present, "session present after a clean start")
    # Another name, another session.
    other = broker.client(name + "x", clean=False)
    expect(not other.connack.session_present, "session present under another name")
    third.ping()
    other.ping()


@holds("MQTT-3.1.2-24", "MQTT-3.2.2-19", "MQTT-3.2.2-20")
def connack_keeps_to_the_maximum_packet_size(broker):
    for method in ([], [("method", "none")]):
        for maximum in range(1, 100):
            client = broker.open()
            client.maximum = maximum  # the client fails on a larger packet
            client.send(connect("", properties=[("packet_maximum", maximum), *method]))
            found = client.take()
            expect(found is None or found.kind == CONNACK, f"{found} came first")
            if found and not method:
                expect_equal(found.reason, 0, f"CONNACK with a maximum of {maximum}")
            client.close()


@holds("MQTT-3.1.2-28")
def response_information_only_for_who_asks(broker):
    for wanted in ([], [("response_information_wanted", 0)]):
        client = broker.client(properties=wanted)
        expect_equal(client.connack.property("response_information"), None, "response information")
    broker.client(properties=[("response_information_wanted", 1)]).ping()


@holds("MQTT-3.1.2-29")
def problem_information_only_for_who_wants_it(broker):
    client = broker.client(properties=[("problem_information", 0)])
    sent = [publish("$SYS/none", "x", 1, 1), publish("$SYS/none", "x", 2, 2), ack(PUBREL, 777),
            subscribe(3, ("$share/g/a" + "/b" * 200, 0)), unsubscribe(4, "never/there")]
    for one in sent:
        client.send(one)
        found = client.take()
        expect(found is not None, f"the connection closed on {one[:20]!r}")
        if found.kind not in (CONNACK, DISCONNECT):
            expect_equal(found.properties, [], f"properties of {found}")
        if found.kind == DISCONNECT:
            client = broker.client(properties=[("problem_information", 0)])


@holds("MQTT-3.2.2-9", "MQTT-3.2.2-10", "MQTT-3.2.2-11", "MQTT-3.2.2-12", "MQTT-3.2.2-13", "MQTT-3.2.2-14")
def nothing_is_withheld(broker):
    """What a server may leave out, this one has: so the rules for leaving it out never apply."""
    client, topic = broker.client(will=Will("w", qos=2, retain=False)), broker.fresh("all")
    expect_equal(client.connack.property("maximum_qos"), None, "the maximum QoS of CONNACK")
    for name in ("retain_available", "wildcards", "identifiers", "shared"):
        expect(client.connack.property(name) in (None, 1), f"CONNACK says {name} 0")
    client.subscribe((topic + "/#", 2), properties=[("subscription", 5)])
    expect(client.publish(topic + "/a", "x", 2, retain=True) in TAKEN, "QoS 2 with RETAIN")
    expect_equal(client.take_message("x").qos, 2, "the QoS")
    client.publish(topic + "/a", "", 1, retain=True)
    client.take_message("")
    client.disconnect()
    again = broker.client(will=Will(topic + "/will", "", qos=2, retain=True))
    again.disconnect()


@holds("MQTT-3.2.2-15")
def a_packet_above_the_servers_maximum_is_refused(broker):
    client = broker.client()
    maximum = client.connack.property("packet_maximum")
    if maximum is None:  # another broker without a maximum
        return
    topic = broker.fresh("large")
    client.subscribe((topic, 0))
    head = len(publish(topic, "")) + 2  # two bytes more of length
    broker.helper().publish(topic, "x" * (maximum - head))
    expect_equal(client.take_message(topic=topic).size, maximum, "the size of the largest packet")
    broker.refuses("a packet one byte above the maximum", publish(topic, "x" * (maximum - head + 1)), 0x95)


@holds("MQTT-3.1.2-21", "MQTT-3.2.2-21")
def the_servers_keep_alive_holds(broker):
    other = broker.alone("--mqtt-keep-alive-max", "1")
    for wanted in (0, 60):
        client = other.client(keep_alive=wanted)
        expect_equal(client.connack.property("server_keep_alive"), 1, f"the server's keep-alive for {wanted}")
        client.disconnect()
    client = other.client(keep_alive=1)
    expect(client.connack.property("server_keep_alive") in (None, 1), "the keep-alive that was asked")
    # A client that goes on with its own is closed by the server's.
    began = time.monotonic()
    client = other.client(keep_alive=60)
    client.take_disconnect(0x8D, what="a client that keeps to its own keep-alive")
    expect(1.0 < time.monotonic() - began < 6 * SLOWER, f"closed after {time.monotonic() - began:.1f} s")


@holds("MQTT-3.1.2-22", "MQTT-3.2.2-22", "MQTT-3.1.2-20")
def a_silent_client_is_closed_after_one_and_a_half_keep_alives(broker):
    topic = broker.fresh("silent")
    observer = broker.client()
    observer.subscribe((topic, 0))
    began = time.monotonic()
    silent = broker.client(keep_alive=1, will=Will(topic, "as if the network had failed"))
    expect_equal(silent.connack.property("server_keep_alive"), None, "a keep-alive of the server")
    busy = broker.client(keep_alive=1)
    never = broker.client(keep_alive=0)
    while not select.select([silent.socket], [], [], 0.4)[0]:
        busy.publish(topic + "/other", "x")  # any packet is a sign of life
    silent.take_disconnect(0x8D, what="a silent client")
    passed = time.monotonic() - began
    expect(1.4 < passed < 4 * SLOWER, f"closed after {passed:.1f} s")
    observer.take_message("as if the network had failed")
    busy.ping()
    never.ping()


if __name__ == "__main__":
    play()
