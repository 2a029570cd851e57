"""MQTT 5 on a running server: PUBLISH with its flags and properties (3.3), retained messages, topic
aliases, the flows of QoS 1 and 2 (4.3), redelivery (4.4), order (4.6) and flow control (4.9).
"""

import time

from house import DISCONNECT, PUBACK, PUBLISH, PUBREC, expect, expect_equal, packet
from packets import (AS_PUBLISHED, MALFORMED, PROTOCOL_ERROR, PUBCOMP, PUBREL, RETAIN_IF_NEW, RETAIN_NEVER, TAKEN,
                     ack, data, holds, play, publish, subscribe)

MINUTE = [("session_expiry", 60)]


def listener(broker, name, options=2, **more):
    """A topic and a client that has subscribed to it."""
    topic = broker.fresh(name)
    client = broker.client(**more)
    client.subscribe((topic, options))
    return topic, client


def retained(broker, filter_name, options=2):
    """What a new subscriber gets as retained, by topic."""
    client = broker.client()
    client.subscribe((filter_name, options))
    found = client.gather()
    for message in found:
        expect_equal(message.retain, 1, "RETAIN of a retained message")
    expect_equal(len({message.topic for message in found}), len(found), "retained messages, one a topic")
    return {message.topic: message for message in found}


# ---- flags and identifiers -------------------------------------------------------------------------------

@holds("MQTT-2.2.1-2", "MQTT-3.3.1-2", "MQTT-4.3.1-1")
def qos_0_has_neither_identifier_nor_dup(broker):
    topic, client = listener(broker, "plain", 0)
    client.send(publish(topic, b"\x00\x01payload"))
    client.take_message(b"\x00\x01payload")  # two bytes that could be an identifier are the payload's
    broker.refuses("DUP with QoS 0", publish(topic, dup=True), MALFORMED, PROTOCOL_ERROR)


@holds("MQTT-2.2.1-3")
def packet_identifier_0_is_an_error(broker):
    topic = broker.fresh("zero")
    for what, sent in (("PUBLISH", publish(topic, "x", 1, 0)), ("PUBLISH of QoS 2", publish(topic, "x", 2, 0)),
                       ("SUBSCRIBE", subscribe(0, topic)), ("UNSUBSCRIBE", packet(10, 2, b"\0\0\0" + data(topic)))):
        broker.refuses(f"{what} with packet identifier 0", sent, PROTOCOL_ERROR, MALFORMED)


@holds("MQTT-2.2.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1")
def identifiers_of_the_server_are_unused(broker):
    topic, client = listener(broker, "ids", 2)
    count = 200
    broker.helper().send(*(publish(topic, str(i), 1 + i % 2, i + 1) for i in range(count)))
    for _ in range(count + count // 2):  # the server may deliver QoS 2 at PUBREC or at PUBREL
        found = broker.helper().take()
        expect(found is not None and found.kind in (PUBACK, PUBREC, PUBCOMP), f"{found} came for an acknowledgement")
        if found.kind == PUBREC:
            broker.helper().send(ack(PUBREL, found.packet_id))
    found = [client.take_message(topic=topic, answer=False) for _ in range(count)]
    expect_equal(sorted(int(one.payload) for one in found), list(range(count)), "the messages")
    expect_equal(len({one.packet_id for one in found}), count, f"different identifiers of {count} messages under way")
    for one in found:
        client.answer(one)


@holds("MQTT-2.2.1-5", "MQTT-4.3.2-4", "MQTT-4.3.3-8", "MQTT-4.3.3-11", "MQTT-3.3.4-1", "MQTT-3.4.2-1",
       "MQTT-3.5.2-1", "MQTT-3.7.2-1")
def each_message_is_answered_with_its_identifier(broker):
    client, topic = broker.client(), broker.fresh("answers")
    for qos, packet_id in ((1, 1), (1, 65535), (2, 1), (2, 65535), (1, 4711), (2, 0x1234)):
        client.send(publish(topic, "x", qos, packet_id))
        expect(client.take_answer(PUBACK if qos == 1 else PUBREC, packet_id).reason in TAKEN, "the reason")
        if qos == 2:
            client.send(ack(PUBREL, packet_id))
            expect_equal(client.take_answer(PUBCOMP, packet_id).reason, 0, "the reason in PUBCOMP")
    client.send(ack(PUBREL, 999))
    client.take_answer(PUBCOMP, 999)  # an identifier that is not under way is answered too
    client.send(publish(topic, "x", 0))
    client.ping()
    expect(not client.saved, f"QoS 0 was answered by {client.saved}")


@holds("MQTT-3.3.1-3", "MQTT-3.3.1-1", "MQTT-4.3.2-2", "MQTT-4.3.3-2")
def dup_of_the_sender_is_not_passed_on(broker):
    topic, client = listener(broker, "dup")
    sender = broker.client()
    for qos in (1, 2):
        sender.publish(topic, f"dup {qos}", qos, dup=True)
        expect_equal(client.take_message(f"dup {qos}").dup, 0, "DUP of a first delivery")


@holds("MQTT-3.3.1-4")
def qos_3_is_malformed(broker):
    for flags in (6, 7, 14, 15):
        broker.refuses(f"PUBLISH with flags {flags:#x}", publish("q", qos=1, flags=flags), MALFORMED)


# ---- retained messages -----------------------------------------------------------------------------------

@holds("MQTT-3.3.1-5", "MQTT-3.3.1-8")
def the_last_retained_message_is_kept(broker):
    topic = broker.fresh("keep")
    for qos in (0, 1, 2):
        broker.helper().publish(topic, f"with {qos}", qos, retain=True)
        found = retained(broker, topic)
        expect_equal({name: one.payload for name, one in found.items()}, {topic: f"with {qos}".encode()}, "retained")
    broker.helper().publish(topic, "not retained", 1)
    broker.helper().publish(topic, "", 1)
    expect_equal(retained(broker, topic)[topic].payload, b"with 2", "after messages without RETAIN")
    expect_equal(retained(broker, topic, 1)[topic].qos, 1, "QoS of a retained message of QoS 2 to a subscription of 1")
    broker.helper().publish(topic, "", 1, retain=True)


@holds("MQTT-3.3.1-6", "MQTT-3.3.1-7")
def an_empty_retained_message_removes(broker):
    topic, client = listener(broker, "remove")
    broker.helper().publish(topic, "here", 1, retain=True)
    broker.helper().publish(topic, b"", 1, retain=True)
    client.take_message("here")
    client.take_message(b"")  # processed as any other
    expect_equal(retained(broker, topic), {}, "retained after it was removed")
    broker.helper().publish(topic + "/never", b"", 1, retain=True)
    expect_equal(retained(broker, topic + "/#"), {}, "retained of an empty message")


@holds("MQTT-3.3.1-9", "MQTT-3.3.1-10", "MQTT-3.3.1-11", "MQTT-3.8.4-4")
def retain_handling(broker):
    topic = broker.fresh("handling")
    for name in "abc":
        broker.helper().publish(f"{topic}/{name}", name, 1, retain=True)
    client = broker.client()
    for what, options, count in (("0, new", 1, 3), ("0, again", 1, 3), ("1, again", 1 | RETAIN_IF_NEW, 0),
                                 ("2, again", 1 | RETAIN_NEVER, 0)):
        client.subscribe((topic + "/+", options))
        found = sorted(client.take_message().payload for _ in range(count))
        expect_equal(found, [b"a", b"b", b"c"][:count], f"retained with retain handling {what}")
        client.expect_nothing(f"more than {count} retained messages with retain handling {what}")
    for what, options, count in (("1, new", RETAIN_IF_NEW, 3), ("2, new", RETAIN_NEVER, 0)):
        client.unsubscribe(topic + "/+")
        client.subscribe((topic + "/+", options))
        found = sorted(client.take_message().payload for _ in range(count))
        expect_equal(found, [b"a", b"b", b"c"][:count], f"retained with retain handling {what}")
        client.expect_nothing(f"more than {count} retained messages with retain handling {what}")
    for name in "abc":
        broker.helper().publish(f"{topic}/{name}", "", 1, retain=True)


@holds("MQTT-3.3.1-12", "MQTT-3.3.1-13")
def retain_as_published(broker):
    topic = broker.fresh("published")
    plain, as_published = broker.client(), broker.client()
    plain.subscribe((topic, 1))
    as_published.subscribe((topic, 1 | AS_PUBLISHED))
    for retain in (True, False):
        broker.helper().publish(topic, "x", 1, retain=retain)
        expect_equal(plain.take_message("x").retain, 0, "RETAIN of a forwarded message")
        expect_equal(as_published.take_message("x").retain, int(retain), "RETAIN as published")
    broker.helper().publish(topic, "", 1, retain=True)


# ---- the topic and the properties ------------------------------------------------------------------------

@holds("MQTT-3.3.2-1", "MQTT-3.3.2-2", "MQTT-4.7.0-1", "MQTT-4.7.3-1")
def a_topic_name_is_a_topic_name(broker):
    for topic in ("a/+", "+", "#", "a/#", "a+b", "a#"):
        for qos in (0, 1, 2):
            client = broker.client()
            client.send(publish(topic, "x", qos, 1))
            found = client.take()
            if found is None and broker.given:
                continue
            reasons = (0x90, MALFORMED, PROTOCOL_ERROR) if broker.given else (0x90,)
            expect(found is not None and found.reason in reasons, f"{topic!r} got {found}")
            if found.kind == DISCONNECT:
                client.take_closed(f"a client that published to {topic!r}")
    broker.refuses("an empty topic without an alias", publish(""), PROTOCOL_ERROR, 0x90, MALFORMED)
    broker.refuses("a topic that is no UTF-8", publish(b"a\xff"), MALFORMED, 0x90)
    broker.refuses("a topic longer than the packet", packet(PUBLISH, 0, b"\x00\x20a"), MALFORMED)


@holds("MQTT-3.3.2-3", "MQTT-4.7.3-4")
def topics_arrive_as_they_were_sent(broker):
    start = broker.fresh("as sent")
    client = broker.client()
    client.subscribe((start + "/#", 1))
    for rest in ("a", "A", "/", "//", " ", "a b", "\u00e9", "e\u0301", "\ufb01", "\u212b", "\u6e29\u5ea6", "a/", "..",
                 "\U0001f525", "%41", "\ufffd", "\u200b"):
        broker.helper().publish(f"{start}/{rest}", rest, 1)
        client.take_message(rest, f"{start}/{rest}")


PASSED_ON = [("payload_format", 1), ("content_type", "text/plain; charset=UTF-8"), ("response_topic", "an/answer"),
             ("correlation", b"\x00\xff binary \x80"), ("user", ("b", "1")), ("user", ("a", "2")), ("user", ("b", "1")),
             ("user", ("", "")), ("user", ("\u6e29", "\u5ea6"))]


@holds("MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-17", "MQTT-3.3.2-18", "MQTT-3.3.2-20")
def properties_are_passed_on_as_they_came(broker):
    topic, client = listener(broker, "properties")
    kept = broker.client(clean=False, properties=MINUTE)
    kept.subscribe((topic, 2))
    kept.disconnect()
    for qos in (0, 1, 2):
        broker.helper().publish(topic, "x", qos, retain=True, properties=PASSED_ON)
    messages = [client.take_message("x") for _ in range(3)] + list(retained(broker, topic).values())
    again = broker.client(kept.id, clean=False, properties=MINUTE)
    messages += [again.take_message("x") for _ in range(2)]
    for found in messages:
        expect_equal([value for name, value in found.properties if name == "user"],
                     [value for name, value in PASSED_ON if name == "user"], "the user properties and their order")
        for name, value in PASSED_ON:
            if name != "user":
                expect_equal(found.property(name), value, name)
    for name, value in (("payload_format", 0), ("content_type", ""), ("correlation", b"")):
        broker.helper().publish(topic, "y", 1, properties=[(name, value)])
        expect_equal(client.take_message("y").property(name), value, name)
    broker.helper().publish(topic, "", 1, retain=True)


@holds("MQTT-3.3.2-13", "MQTT-3.3.2-14", "MQTT-3.3.2-19")
def properties_of_publish_are_held_against_the_standard(broker):
    topic = broker.fresh("wrong")
    for what, pairs, reasons in (
            ("a response topic that is no UTF-8", [("response_topic", b"\xff")], (MALFORMED,)),
            ("a response topic with a wildcard", [("response_topic", "a/+")], (PROTOCOL_ERROR, MALFORMED, 0x90)),
            ("a response topic with #", [("response_topic", "#")], (PROTOCOL_ERROR, MALFORMED, 0x90)),
            ("a content type that is no UTF-8", [("content_type", b"\xc3(")], (MALFORMED,)),
            ("two content types", [("content_type", "a")] * 2, (PROTOCOL_ERROR, MALFORMED)),
            ("a payload format of 2", [("payload_format", 2)], (PROTOCOL_ERROR, MALFORMED)),
            ("two message expiries", [("message_expiry", 5)] * 2, (PROTOCOL_ERROR, MALFORMED)),
            ("a property of CONNECT", [("receive_maximum", 5)], (MALFORMED, PROTOCOL_ERROR)),
            ("a property nobody knows", b"\x7f\x01", (MALFORMED, PROTOCOL_ERROR)),
            ("a property that is cut", b"\x02\x00\x00", (MALFORMED,))):
        broker.refuses(what, publish(topic, properties=pairs), *reasons)


@holds("MQTT-3.3.4-6")
def a_subscription_identifier_of_a_client_is_an_error(broker):
    for identifier in (1, 268435455):
        broker.refuses("a subscription identifier in PUBLISH",
                       publish("s", "x", 1, 1, properties=[("subscription", identifier)]), PROTOCOL_ERROR, MALFORMED)


@holds("MQTT-3.3.2-5", "MQTT-3.3.2-6")
def a_message_lives_as_long_as_its_expiry(broker):
    topic, client = listener(broker, "expiry")
    kept = broker.client(clean=False, properties=MINUTE)
    kept.subscribe((topic, 1))
    kept.disconnect()
    for payload, pairs in (("short", [("message_expiry", 1)]), ("long", [("message_expiry", 100)]), ("for ever", ())):
        broker.helper().publish(topic, payload, 1, properties=pairs)
    broker.helper().publish(topic + "/short", "short", 1, retain=True, properties=[("message_expiry", 1)])
    broker.helper().publish(topic + "/long", "long", 1, retain=True, properties=[("message_expiry", 100)])
    now = [client.take_message() for _ in range(3)]
    expect(now[0].property("message_expiry") in (0, 1), f"expiry of a message delivered at once: {now[0]}")
    expect(90 <= now[1].property("message_expiry") <= 100, f"expiry of a message delivered at once: {now[1]}")
    expect_equal(now[2].property("message_expiry"), None, "expiry of a message that has none")
    time.sleep(2.2)
    again = broker.client(kept.id, clean=False, properties=MINUTE)
    found = again.take_message("long")
    expect(90 <= found.property("message_expiry") <= 98, f"expiry after 2.2 s: {found.property('message_expiry')}")
    expect_equal(again.take_message("for ever").property("message_expiry"), None, "expiry of a message that has none")
    again.expect_nothing("expired")
    found = retained(broker, topic + "/#")
    expect_equal(list(found), [topic + "/long"], "retained messages that live still")
    expiry = found[topic + "/long"].property("message_expiry")
    expect(90 <= expiry <= 98, f"expiry of a retained message after 2.2 s: {expiry}")
    broker.helper().publish(topic + "/long", "", 1, retain=True)


# ---- topic aliases ---------------------------------------------------------------------------------------

@holds("MQTT-3.3.2-12", "MQTT-3.2.2-17", "MQTT-3.2.2-18", "MQTT-3.3.2-8", "MQTT-3.3.2-9")
def aliases_of_a_client(broker):
    one, two = broker.fresh("alias"), broker.fresh("alias")
    client, observer = broker.client(), broker.client()
    observer.subscribe((one, 1), (two, 1))
    most = client.connack.property("alias_maximum") or 0
    expect(most > 0, "the server takes no topic aliases")
    for alias in range(1, most + 1):
        client.publish(one, "set", 1, properties=[("alias", alias)])
        observer.take_message("set", one)
    client.publish("", "by alias", 1, properties=[("alias", most)])
    observer.take_message("by alias", one)
    client.publish(two, "set again", 1, properties=[("alias", 1)])
    observer.take_message("set again", two)
    for alias, topic in ((1, two), (most, one), (1, two)):
        client.publish("", "by alias", 0, properties=[("alias", alias)])
        observer.take_message("by alias", topic)
    broker.refuses("topic alias 0", publish(one, properties=[("alias", 0)]), 0x94)
    broker.refuses("an alias above the maximum", publish(one, properties=[("alias", most + 1)]), 0x94)
    broker.refuses("an alias of 65535", publish(one, properties=[("alias", 65535)]), 0x94)
    broker.refuses("an alias that was never set", publish("", properties=[("alias", 1)]), PROTOCOL_ERROR, 0x94)


@holds("MQTT-3.3.2-7")
def aliases_end_with_the_connection(broker):
    topic = broker.fresh("forgotten")
    client = broker.client(clean=False, properties=MINUTE + [("alias_maximum", 5)])
    client.publish(topic, "set", 1, properties=[("alias", 1)])
    client.subscribe((topic, 1))
    client.publish(topic, "own", 1)
    client.take_message()
    client.abort()
    again = broker.client(client.id, clean=False, properties=[("alias_maximum", 5)])
    broker.helper().publish(topic, "first again", 1)
    expect_equal(again.take_message("first again").topic, topic, "the topic of the first message of a connection")
    again.send(publish("", properties=[("alias", 1)]))
    again.take_disconnect(PROTOCOL_ERROR, 0x94, what="an alias of the connection before")


@holds("MQTT-3.1.2-26", "MQTT-3.1.2-27", "MQTT-3.3.2-11", "MQTT-3.3.2-10")
def aliases_of_the_server_keep_to_the_maximum(broker):
    topic = broker.fresh("many")
    for most in (None, 0, 1, 3, 65535):
        client, known = broker.client(properties=[] if most is None else [("alias_maximum", most)]), {}
        client.subscribe((topic + "/+", 1))
        for turn in range(3):
            for i in range(6):
                broker.helper().publish(f"{topic}/{i}", f"{turn} {i}", 1)
                found = client.take_message(f"{turn} {i}")
                alias = found.property("alias")
                expect(alias is None or alias <= (most or 0), f"alias {alias}, the maximum is {most}")
                if found.topic and alias:
                    known[alias] = found.topic
                expect_equal(found.topic or known.get(alias), f"{topic}/{i}", "the topic, by name or alias")
        client.disconnect()


# ---- the flows -------------------------------------------------------------------------------------------

@holds("MQTT-4.3.2-5", "MQTT-4.3.3-12")
def an_identifier_that_is_free_again_is_a_new_message(broker):
    topic, client = listener(broker, "again")
    sender = broker.client()
    for qos in (1, 2):
        for turn, dup in enumerate((False, True, True)):
            sender.packet_id = 41
            sender.publish(topic, f"{qos} {turn}", qos, dup=dup)
            client.take_message(f"{qos} {turn}")


@holds("MQTT-4.3.3-10", "MQTT-4.3.3-13")
def qos_2_is_delivered_once(broker):
    topic, client = listener(broker, "once")
    sender = broker.client(clean=False, properties=MINUTE)
    for dup in (False, True, True):
        sender.send(publish(topic, "once", 2, 7, dup=dup))
        expect(sender.take_answer(PUBREC, 7).reason < 0x80, "PUBREC")
    sender.abort()
    again = broker.client(sender.id, clean=False, properties=MINUTE)
    again.send(publish(topic, "once", 2, 7, dup=True))
    expect(again.take_answer(PUBREC, 7).reason < 0x80, "PUBREC after the connection was lost")
    for reasons in ((0,), (0, 0x92)):
        again.send(ack(PUBREL, 7))
        expect(again.take_answer(PUBCOMP, 7).reason in reasons, "PUBCOMP")
    client.take_message("once")
    client.expect_nothing("a second delivery of QoS 2")
    # A message that expires on the way is acknowledged to its end all the same.
    again.send(publish(topic, "expires", 2, 8, properties=[("message_expiry", 1)]))
    again.take_answer(PUBREC, 8)
    time.sleep(1.2)
    again.send(ack(PUBREL, 8))
    expect_equal(again.take_answer(PUBCOMP, 8).reason, 0, "PUBCOMP of a message that expired")
    again.disconnect(0, [("session_expiry", 0)])


@holds("MQTT-4.3.3-9")
def a_refused_qos_2_identifier_is_free(broker):
    """The topics of $SYS are the server's: a client that publishes there is refused."""
    topic, client = listener(broker, "refused")
    sender = broker.client()
    sender.send(publish("$SYS/broker/version", "mine", 2, 5))
    found = sender.take_answer(PUBREC, 5)
    if not broker.given:
        expect_equal(found.reason, 0x90, "PUBREC of a message to $SYS")
    if found.reason >= 0x80:
        sender.send(publish(topic, "new", 2, 5))
        expect(sender.take_answer(PUBREC, 5).reason < 0x80, "PUBREC of a new message")
        sender.send(ack(PUBREL, 5))
        expect_equal(sender.take_answer(PUBCOMP, 5).reason, 0, "PUBCOMP of a new message")
        client.take_message("new")


@holds("MQTT-4.3.2-3", "MQTT-4.3.3-3", "MQTT-4.3.3-4", "MQTT-4.3.3-5", "MQTT-4.3.3-6", "MQTT-4.4.0-1",
       "MQTT-3.3.1-1", "MQTT-3.6.2-1", "MQTT-4.6.0-1")
def what_was_not_acknowledged_is_sent_again(broker):
    topic, client = listener(broker, "resend", clean=False, properties=MINUTE)
    for i, qos in enumerate((1, 2, 2, 1)):
        broker.helper().publish(topic, str(i), qos)
    first = [client.take_message(str(i), answer=False) for i in range(4)]
    client.send(ack(PUBREC, first[2].packet_id))  # the third one goes on to PUBREL, and stays there
    client.take_answer(PUBREL, first[2].packet_id)
    for _ in range(2):
        client.expect_nothing("sent again while the connection lasts [MQTT-4.4.0-1]")
        client.abort()
        client = broker.client(client.id, clean=False, properties=MINUTE)
        found = [client.take() for _ in range(4)]
        published = [one for one in found if one.kind == PUBLISH]
        expect_equal([(one.payload, one.packet_id, one.qos, one.dup) for one in published],
                     [(b"%d" % i, first[i].packet_id, first[i].qos, 1) for i in (0, 1, 3)],
                     "payload, identifier, QoS and DUP of what is sent again")
        expect_equal([one.packet_id for one in found if one.kind == PUBREL], [first[2].packet_id], "PUBREL sent again")
    client.send(ack(PUBCOMP, first[2].packet_id))
    for one in published:
        client.answer(one)
    client.expect_nothing("sent after all was acknowledged")
    client.abort()
    last = broker.client(client.id, clean=False, properties=MINUTE)
    last.expect_nothing("sent again though it was acknowledged")
    last.disconnect()


@holds("MQTT-4.4.0-2", "MQTT-4.5.0-2")
def a_refusal_of_the_client_is_an_acknowledgement(broker):
    topic, client = listener(broker, "refusal", clean=False, properties=MINUTE + [("receive_maximum", 1)])
    for i, qos in enumerate((1, 2, 1)):
        broker.helper().publish(topic, str(i), qos)
    found = client.take_message("0", answer=False)
    client.send(ack(PUBACK, found.packet_id, 0x83))
    found = client.take_message("1", answer=False)
    client.send(ack(PUBREC, found.packet_id, 0x99, [("reason", "cannot read it")]))
    client.take_message("2")  # the quota is there again, and no PUBREL came between
    client.abort()
    again = broker.client(client.id, clean=False, properties=MINUTE)
    again.expect_nothing("sent again though it was refused")
    again.disconnect()


@holds("MQTT-4.3.3-7")
def a_message_under_way_does_not_expire(broker):
    topic, client = listener(broker, "under way", clean=False, properties=MINUTE)
    broker.helper().publish(topic, "under way", 2, properties=[("message_expiry", 1)])
    first = client.take_message("under way", answer=False)
    client.abort()
    time.sleep(1.5)
    again = broker.client(client.id, clean=False, properties=MINUTE)
    found = again.take_message("under way")
    expect_equal((found.packet_id, found.dup), (first.packet_id, 1), "identifier and DUP of what is sent again")
    again.expect_nothing("after it")


@holds("MQTT-4.6.0-2", "MQTT-4.6.0-3", "MQTT-4.6.0-4", "MQTT-4.6.0-5", "MQTT-4.6.0-6")
def messages_keep_their_order(broker):
    topic, client = listener(broker, "order", 2)
    kept = broker.client(clean=False, properties=MINUTE)
    kept.subscribe((topic, 2))
    kept.disconnect()
    sender, count = broker.client(), 60
    sender.send(*(publish(topic, f"{i}", i % 3, i + 1) for i in range(count)))
    # Of each QoS in order; acknowledgements in the order of the messages.
    acks = [sender.take() for _ in range(2 * count // 3)]
    for kind, first in ((PUBACK, 1), (PUBREC, 2)):
        expect_equal([one.packet_id - 1 for one in acks if one.kind == kind], list(range(first, count, 3)),
                     "the order of acknowledgements")
    sender.send(*(ack(PUBREL, i + 1) for i in range(2, count, 3)))
    for i in range(2, count, 3):
        sender.take_answer(PUBCOMP, i + 1)
    for one, least in ((client, 0), (broker.client(kept.id, clean=False, properties=MINUTE), 1)):
        found = [one.take_message() for _ in range(count - (count // 3 if least else 0))]
        for qos in range(least, 3):
            expect_equal([int(message.payload) for message in found if message.qos == qos],
                         list(range(qos, count, 3)), f"the order of QoS {qos}")


# ---- flow control and the maximum packet size ----------------------------------------------------------------

@holds("MQTT-3.3.4-9", "MQTT-3.3.4-10", "MQTT-4.9.0-1", "MQTT-4.9.0-2", "MQTT-4.9.0-3")
def the_servers_window_is_the_clients_receive_maximum(broker):
    topic, client = listener(broker, "window", properties=[("receive_maximum", 3)])
    for i in range(8):
        broker.helper().publish(topic, str(i), 1 + i % 2)
    held = [client.take_message(str(i), answer=False) for i in range(3)]
    # All else goes on: pings, SUBSCRIBE, the client's own messages, and QoS 0.
    client.expect_nothing("a fourth message")
    expect(client.publish(topic + "/other", "x", 2) in TAKEN, "a message of the client's own")
    client.send(ack(PUBREC, held[1].packet_id))  # PUBREC alone frees no place: the message is under way still
    client.take_answer(PUBREL, held[1].packet_id)
    client.expect_nothing("a fourth message after PUBREC")
    client.send(ack(PUBCOMP, held[1].packet_id))
    held[1] = client.take_message("3", answer=False)
    client.expect_nothing("a fifth message")
    for one in held:
        client.answer(one)
    for i in range(4, 8):
        client.take_message(str(i))


@holds("MQTT-3.3.4-7", "MQTT-3.3.4-8")
def the_clients_window_is_the_servers_receive_maximum(broker):
    topic, client = broker.fresh("flood"), broker.client()
    most = client.connack.property("receive_maximum")
    if most is None and broker.given:
        return
    sent = [publish(topic, "x", 2, i + 1) for i in range(most + 1)]
    client.send(*sent[:most])
    for i in range(most):
        client.take_answer(PUBREC, i + 1)
    client.ping()
    client.subscribe((topic + "/other", 0))  # the quota holds back nothing else
    client.send(ack(PUBREL, 1))
    client.take_answer(PUBCOMP, 1)
    client.send(publish(topic, "x", 2, 1))
    client.take_answer(PUBREC, 1)
    client.send(sent[most])
    client.take_disconnect(0x93, what="one message above the receive maximum")


@holds("MQTT-3.1.2-24", "MQTT-3.1.2-25")
def a_message_too_large_for_a_client_is_as_if_sent(broker):
    topic, client = listener(broker, "size", clean=False,
                             properties=MINUTE + [("packet_maximum", 128), ("receive_maximum", 1)])
    exact = "x" * (128 - len(publish(topic, "", 1, 1)))
    for qos in (0, 1, 2):
        broker.helper().publish(topic, exact + "y", 1 if qos == 0 else qos)
        broker.helper().publish(topic, "x" * 500, qos)
    broker.helper().publish(topic, exact, 1)
    found = client.take_message(exact)
    expect_equal(found.size, 128, "the size of the largest packet")
    client.expect_nothing("above the maximum")
    client.abort()
    again = broker.client(client.id, clean=False, properties=MINUTE)  # no maximum now: but those are done
    again.expect_nothing("of what was too large")
    again.disconnect()


@holds("MQTT-3.4.2-2", "MQTT-3.4.2-3", "MQTT-3.5.2-2", "MQTT-3.5.2-3", "MQTT-3.6.2-2", "MQTT-3.6.2-3",
       "MQTT-3.7.2-2", "MQTT-3.7.2-3")
def acknowledgements_keep_to_the_maximum_packet_size(broker):
    broker.keeps_to_the_maximum("PUBACK", [publish("$SYS/none", "x", 1, 1)], PUBACK)
    broker.keeps_to_the_maximum("PUBREC", [publish("$SYS/none", "x", 2, 1)], PUBREC)
    broker.keeps_to_the_maximum("PUBREL", [ack(PUBREC, 999)], PUBREL)  # of a message that never was
    broker.keeps_to_the_maximum("PUBCOMP", [ack(PUBREL, 999)], PUBCOMP)


if __name__ == "__main__":
    play(kept=(False, True))
