"""MQTT 3.1.1 and 3.1 on a running server, where they differ from MQTT 5: return codes instead of
reasons, no refusal of a message, SUBACK 0x80, clean session, errors that end without a word.

Statements of 3.1.1 carry the name MQTT311 here, since both standards number alike.
"""

from house import CONNACK, DISCONNECT, PINGREQ, PUBACK, PUBLISH, PUBREC, SUBACK, UNSUBACK, expect, expect_equal, packet
from packets import (PUBCOMP, PUBREL, Will, ack, connect, data, holds, play, publish, subscribe, unsubscribe)


def refused_with(broker, what, sent, code, version=4):
    """CONNACK with this return code, then the close."""
    client = broker.open(version)
    client.send(sent)
    found = client.take(CONNACK)
    expect_equal((found.reason, len(found.body)), (code, 2), f"{what}: return code and length of CONNACK")
    client.take_closed(what)


@holds("MQTT311-3.1.2-2", "MQTT311-3.1.3-7", "MQTT311-3.1.3-8", "MQTT311-3.2.2-4", "MQTT311-3.2.2-5")
def connack_has_return_codes(broker):
    for level in (0, 2, 3):
        refused_with(broker, f"level {level} of MQTT", connect("c", 4, level=level), 1)
    refused_with(broker, "an empty client id without a clean session", connect("", 4, clean=False), 2)
    for clean in (True, False):
        refused_with(broker, "an empty client id in 3.1", connect("", 3, clean=clean), 2, version=3)
    client = broker.client("", 4)
    expect_equal(client.connack.body, b"\0\0", "CONNACK of an empty client id with a clean session")
    client.ping()


@holds("MQTT311-4.8.0-1", "MQTT311-3.1.2-3", "MQTT311-3.1.2-22", "MQTT311-3.8.3-4", "MQTT311-3.14.1-1")
def errors_end_the_connection_without_a_word(broker):
    for what, sent in (("the reserved connect flag", connect("c", 4, flags=3)),
                       ("a password without a user name", connect("c", 4, password="p")),
                       ("a first packet that is no CONNECT", packet(PINGREQ, 0, b"")),
                       ("bytes behind the payload", connect("c", 4, tail=b"x")),
                       ("a will of QoS 3", connect("c", 4, will=Will("t"), flags=0x1E))):
        client = broker.open(4)
        client.send(sent)
        client.take_closed(what)
    topic = broker.fresh("errors")
    for version in (4, 3):
        for what, sent in (("a second CONNECT", connect("again", version)),
                           ("QoS 3", publish(topic, "x", 1, 1, version=version, flags=6)),
                           ("packet identifier 0", publish(topic, "x", 1, 0, version=version)),
                           ("a wildcard in a topic", publish(topic + "/#", "x", 1, version=version)),
                           ("an empty topic", publish("", "x", 1, version=version)),
                           ("a topic with U+0000", publish(b"a\0", "x", 1, version=version)),
                           ("a subscription of QoS 3", subscribe(1, (topic, 3), version=version)),
                           ("options of MQTT 5", subscribe(1, (topic, 4), version=version)),
                           ("SUBSCRIBE without a filter", subscribe(1, version=version)),
                           ("UNSUBSCRIBE without a filter", unsubscribe(1, version=version)),
                           ("AUTH", packet(15, 0, b"")), ("CONNACK", packet(CONNACK, 0, b"\0\0")),
                           ("a type that is none", b"\0\0")):
            client = broker.client(version=version)
            client.send(sent)
            client.take_closed(f"{what} in version {version}")
    for flags in (1, 8):
        client = broker.client(version=4)
        client.send(packet(DISCONNECT, flags, b""))
        client.take_closed("DISCONNECT with reserved flags")


@holds("MQTT311-3.1.2-4", "MQTT311-3.1.2-5", "MQTT311-3.1.2-6", "MQTT311-3.2.2-1", "MQTT311-3.2.2-2", "MQTT311-3.2.2-3")
def clean_session_is_one_word_for_two_things(broker):
    topic = broker.fresh("clean")
    client = broker.client(version=4, clean=False)
    expect(not client.connack.session_present, "session present of a client nobody knew")
    client.subscribe((topic, 2))
    client.disconnect()
    for qos in (0, 1, 2):
        broker.helper().publish(topic, str(qos), qos)
    again = broker.client(client.id, 4, clean=False)
    expect(again.connack.session_present, "session present is 0 though there is a session")
    expect_equal([again.take_message(str(qos), topic).qos for qos in (1, 2)], [1, 2], "the QoS of what was kept")
    again.disconnect()
    # A clean session ends what was, and ends with its connection.
    clean = broker.client(client.id, 4, clean=True)
    expect(not clean.connack.session_present, "session present with a clean session")
    broker.helper().publish(topic, "nobody listens", 1)
    clean.expect_nothing("of the session before")
    clean.subscribe((topic, 1))
    clean.disconnect()
    last = broker.client(client.id, 4, clean=False)
    expect(not last.connack.session_present, "a clean session outlived its connection")
    broker.helper().publish(topic, "nobody listens", 1)
    last.expect_nothing("for the subscription of a clean session")
    broker.client(client.id, 4, clean=True).disconnect()


@holds("MQTT311-4.3.2-2", "MQTT311-4.3.3-2", "MQTT311-3.3.5-2")
def acknowledgements_have_no_reason(broker):
    for version in (4, 3):
        client, topic = broker.client(version=version), broker.fresh("acks")
        client.subscribe((topic, 2))
        for to in (topic, topic + "/nobody", "$SYS/mine"):  # $SYS: acknowledged and dropped
            client.send(publish(to, "x", 1, 5, version=version))
            expect_equal(client.take_answer(PUBACK, 5).body, b"\0\5", "PUBACK")
            client.send(publish(to, "x", 2, 6, version=version))
            expect_equal(client.take_answer(PUBREC, 6).body, b"\0\6", "PUBREC")
            client.send(ack(PUBREL, 6))
            expect_equal(client.take_answer(PUBCOMP, 6).body, b"\0\6", "PUBCOMP")
        client.take_message("x", topic)
        client.take_message("x", topic)
        client.expect_nothing("a message to $SYS, or to nobody")


@holds("MQTT311-3.8.4-1", "MQTT311-3.8.4-2", "MQTT311-3.8.4-5", "MQTT311-3.9.3-1", "MQTT311-3.9.3-2", "MQTT311-3.10.4-5")
def suback_has_return_codes(broker):
    client, topic = broker.client(version=4), broker.fresh("codes")
    filters = [(topic + "/0", 0), (topic + "/1", 1), (topic + "/2", 2), (topic + "/#", 1)]
    client.subscribe(*filters)
    if not broker.given:  # a filter beyond the limits of docs/limits.md
        client.subscribe((topic, 1), (topic + "/x" * 200, 1), (topic + "/y", 2), reasons=[1, 0x80, 2])
    client.send(unsubscribe(77, topic + "/0", "never/there", version=4))
    expect_equal(client.take(UNSUBACK).body, b"\0\x4d", "UNSUBACK, which has no codes")
    for name in ("a#", "a/#/b", "+a"):
        client = broker.client(version=4)
        client.send(subscribe(3, (name, 0), version=4))
        found = client.take()
        expect(found is None or found.kind == SUBACK and found.reasons == [0x80], f"the filter {name!r} got {found}")


@holds("MQTT311-3.3.1-8", "MQTT311-3.3.1-9", "MQTT311-3.3.1-10", "MQTT311-3.8.4-3")
def retained_messages_come_with_each_subscription(broker):
    topic, client = broker.fresh("retained"), broker.client(version=4)
    client.subscribe((topic, 1))
    client.publish(topic, "kept", 1, retain=True)
    expect_equal(client.take_message("kept").retain, 0, "RETAIN to a subscription that was there")
    for _ in range(2):
        client.subscribe((topic, 1))
        expect_equal(client.take_message("kept").retain, 1, "RETAIN of a retained message")
    client.publish(topic, b"", 1, retain=True)
    client.take_message(b"")
    client.subscribe((topic, 1))
    client.expect_nothing("retained after it was removed")


@holds("MQTT311-4.4.0-1", "MQTT311-3.3.1-1")
def what_was_not_acknowledged_is_sent_again(broker):
    for version in (4, 3):
        topic, client = broker.fresh("resend"), broker.client(version=version, clean=False)
        client.subscribe((topic, 2))
        for i, qos in enumerate((1, 2, 2)):
            broker.helper().publish(topic, str(i), qos)
        first = [client.take_message(str(i), answer=False) for i in range(3)]
        client.send(ack(PUBREC, first[2].packet_id))
        client.take_answer(PUBREL, first[2].packet_id)
        client.abort()
        again = broker.client(client.id, version, clean=False)
        found = [again.take() for _ in range(3)]
        expect_equal([(one.payload, one.packet_id, one.dup) for one in found if one.kind == PUBLISH],
                     [(b"0", first[0].packet_id, 1), (b"1", first[1].packet_id, 1)], "what is sent again")
        expect_equal([one.packet_id for one in found if one.kind == PUBREL], [first[2].packet_id], "PUBREL sent again")
        again.send(ack(PUBCOMP, first[2].packet_id))
        for one in found:
            if one.kind == PUBLISH:
                again.answer(one)
        again.expect_nothing("sent after all was acknowledged")
        again.disconnect()
        broker.client(client.id, version, clean=True).disconnect()


@holds("MQTT311-3.1.4-2", "MQTT311-3.1.2-24", "MQTT311-3.1.2-8", "MQTT311-3.1.2-10", "MQTT311-3.14.4-3")
def endings_and_wills(broker):
    topic, observer = broker.fresh("wills"), broker.client()
    observer.subscribe((topic + "/#", 2))
    for version in (4, 3):
        silent = broker.client(version=version, keep_alive=1, will=Will(f"{topic}/silent", "silent", 1))
        first = broker.client(version=version, will=Will(f"{topic}/taken", "taken over", 2))
        second = broker.client(first.id, version, will=Will(f"{topic}/lost", "lost"))
        first.take_closed("a client whose name was taken over")
        observer.take_message("taken over")
        second.abort()
        observer.take_message("lost")
        wrong = broker.client(version=version, will=Will(f"{topic}/wrong", "after an error"))
        wrong.send(b"\0\0")
        wrong.take_closed("the reserved type")
        observer.take_message("after an error")
        broker.client(version=version, will=Will(f"{topic}/good", "not after DISCONNECT")).disconnect()
        silent.take_closed("a client that says nothing for one and a half keep-alives")
        observer.take_message("silent")
        observer.expect_nothing("a will after DISCONNECT")


@holds("MQTT311-3.3.5-1")
def overlapping_subscriptions_get_the_highest_qos(broker):
    topic, client = broker.fresh("overlap"), broker.client(version=4)
    client.subscribe((topic + "/#", 0), (topic + "/+", 2), (topic + "/a", 1))
    broker.helper().publish(topic + "/a", "x", 2)
    found = client.gather()
    expect_equal(max(one.qos for one in found), 2, "the highest QoS")


@holds()
def messages_cross_between_the_versions(broker):
    topic = broker.fresh("cross")
    clients = {version: broker.client(version=version) for version in (3, 4, 5)}
    for client in clients.values():
        client.subscribe((topic, 2))
    pairs = [("user", ("a", "b")), ("content_type", "text"), ("alias", 1)]
    for version, sender in clients.items():
        for qos in (0, 1, 2):
            payload = f"from {version} with {qos}"
            sender.publish(topic, payload, qos, **({"properties": pairs} if version == 5 else {}))
            for client in clients.values():
                expect_equal(client.take_message(payload, topic).qos, qos, "the QoS")


@holds()
def more_messages_than_the_receive_maximum_wait(broker):
    """3.1.1 knows no receive maximum: the server reads on when there is room, and closes nothing."""
    client, topic, count = broker.client(version=4), broker.fresh("flood"), 6000
    client.send(*(publish(topic, "x", 1, i + 1, version=4) for i in range(count)))
    for i in range(count):
        client.take_answer(PUBACK, i + 1)
    client.ping()


@holds()
def what_mqtt_3_1_did_is_tolerated(broker):
    topic = broker.fresh("old")
    # Client ids longer than 23 bytes, and flags of a will without a will.
    client = broker.client("c" * 200, 3)
    expect_equal(client.connack.body, b"\0\0", "CONNACK of 3.1, whose first byte is reserved")
    client.disconnect()
    if broker.given:
        return
    client = broker.client(version=3, clean=False)
    # DUP on SUBSCRIBE, UNSUBSCRIBE and PUBREL, which 3.1 had.
    client.send(subscribe(1, (topic, 1), version=3, flags=10))
    expect_equal(client.take(SUBACK).reasons, [1], "SUBACK of SUBSCRIBE with DUP")
    client.publish(topic, "x", 1)
    client.take_message("x")
    client.send(publish(topic, "y", 2, 9, version=3), ack(PUBREL, 9, flags=10))
    client.take_answer(PUBREC, 9)
    client.take_answer(PUBCOMP, 9)
    client.take_message("y")
    client.send(unsubscribe(2, topic, version=3, flags=10))
    expect_equal(client.take(UNSUBACK).packet_id, 2, "UNSUBACK of UNSUBSCRIBE with DUP")
    client.disconnect()
    again = broker.client(client.id, 3, clean=False)
    expect_equal(again.connack.body, b"\0\0", "CONNACK of 3.1 says nothing of the session")
    again.disconnect()
    # User name and password announced, but not there.
    old = broker.open(3)
    old.send(packet(1, 0, data("MQIsdp") + b"\x03\xc2\0\x3c" + data("oldest")))
    expect_equal(old.take(CONNACK).reason, 0, "CONNACK for flags without fields")
    old.ping()


if __name__ == "__main__":
    play(kept=(False, True))
