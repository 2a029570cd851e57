"""MQTT 5 on a running server: SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK (3.8 to 3.11), overlapping
subscriptions (3.3.4), topic names and filters (4.7), shared subscriptions (4.8).
"""

from house import DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, PUBREC, SUBACK, UNSUBACK, expect, expect_equal, packet
from packets import (AS_PUBLISHED, MALFORMED, NO_LOCAL, PROTOCOL_ERROR, PUBREL, RETAIN_NEVER, ack, data, holds, play,
                     subscribe, unsubscribe)

MINUTE = [("session_expiry", 60)]


def refuses_filter(broker, what, sent, kind):
    """A filter that is none ends the connection with 0x8F; others may choose SUBACK 0x8F."""
    client = broker.client()
    client.send(sent)
    found = client.take()
    if found is None and broker.given:
        return
    expect(found is not None, f"{what}: the connection closed without a word")
    if found.kind == kind and broker.given:
        expect_equal(found.reasons, [0x8F], f"{what}: reasons")
        return
    reasons = (0x8F, MALFORMED, PROTOCOL_ERROR) if broker.given else (0x8F,)
    expect(found.kind == DISCONNECT and found.reason in reasons, f"{what}: {found} came")
    client.take_closed(what)


# ---- SUBSCRIBE and SUBACK --------------------------------------------------------------------------------

@holds("MQTT-3.8.3-1", "MQTT-3.8.3-2", "MQTT-3.8.3-5")
def subscribe_is_held_against_the_standard(broker):
    for what, sent in (
            ("a filter that is no UTF-8", subscribe(1, b"a\xff")),
            ("a filter without options", packet(8, 2, b"\0\1\0" + data("a"))),
            ("a filter that is cut", packet(8, 2, b"\0\1\0\0\5a")),
            ("reserved bit 6", subscribe(1, ("a", 0x40))), ("reserved bit 7", subscribe(1, ("a", 0x80))),
            ("a reserved bit in the second filter", subscribe(1, ("a", 0), ("b", 0x41))),
            ("a property of PUBLISH", subscribe(1, "a", properties=[("content_type", "a")]))):
        broker.refuses(f"SUBSCRIBE with {what}", sent, MALFORMED, PROTOCOL_ERROR)
    for what, sent in (
            ("no filter", subscribe(1)), ("QoS 3", subscribe(1, ("a", 3))),
            ("retain handling 3", subscribe(1, ("a", 0x30))),
            ("a subscription identifier of 0", subscribe(1, "a", properties=[("subscription", 0)])),
            ("two subscription identifiers", subscribe(1, "a", properties=[("subscription", 1)] * 2))):
        broker.refuses(f"SUBSCRIBE with {what}", sent, PROTOCOL_ERROR, MALFORMED)


@holds("MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-2.2.1-6", "MQTT-3.10.4-4", "MQTT-3.10.4-5")
def each_request_is_answered_with_its_identifier(broker):
    client, topic = broker.client(), broker.fresh("ids")
    for packet_id in (1, 2, 65535, 4711):
        client.send(subscribe(packet_id, topic))
        expect_equal(client.take(SUBACK).packet_id, packet_id, "the identifier of SUBACK")
        client.send(unsubscribe(packet_id, topic))
        found = client.take(UNSUBACK)
        expect_equal((found.packet_id, found.reasons), (packet_id, [0]), "identifier and reason of UNSUBACK")
        client.send(unsubscribe(packet_id, topic))
        found = client.take(UNSUBACK)
        expect_equal((found.packet_id, found.reasons), (packet_id, [0x11]), "UNSUBACK of what is not there")


@holds("MQTT-3.8.4-5", "MQTT-3.8.4-6", "MQTT-3.8.4-7", "MQTT-3.9.3-1", "MQTT-3.9.3-2")
def suback_has_a_reason_for_each_filter_in_order(broker):
    client, topic = broker.client(), broker.fresh("many")
    asked = [(f"{topic}/{i}", i % 3) for i in range(100)]
    expect_equal(client.subscribe(*asked).reasons, [i % 3 for i in range(100)], "reasons")
    # As if they came one by one: the last one of the same filter holds.
    client.subscribe((topic, 0), (topic, 2), (topic, 1))
    broker.helper().publish(topic, "x", 2)
    expect_equal(client.take_message("x").qos, 1, "the QoS of the last of three")
    client.expect_nothing("a second copy")


@holds("MQTT-3.9.3-2", "MQTT-3.8.4-7")
def too_deep_and_too_many_filters_are_refused(broker):
    if broker.given:  # limits of this server: docs/limits.md
        return
    client, topic = broker.client(), broker.fresh("deep")
    levels = 128 - 1 - topic.count("/")
    client.subscribe((topic + "/x" * levels, 1))
    client.subscribe((topic + "/x" * (levels + 1), 1), (topic, 1), reasons=[0x97, 1])
    client.subscribe(*((f"{topic}/{i}", 0) for i in range(1024)))
    broker.refuses("1,025 filters", subscribe(1, *(f"{topic}/{i}" for i in range(1025))), 0x97)
    broker.refuses("1,025 filters to leave", unsubscribe(1, *(f"{topic}/{i}" for i in range(1025))), 0x97)


@holds("MQTT-3.8.3-3")
def no_local_keeps_the_own_messages_away(broker):
    client, topic = broker.client(), broker.fresh("local")
    client.subscribe((topic, 1 | NO_LOCAL))
    client.publish(topic, "own", 1)
    broker.helper().publish(topic, "of another", 1)
    client.take_message("of another")
    client.expect_nothing("the own message")
    client.subscribe((topic, 1))
    client.publish(topic, "own, local", 1)
    client.take_message("own, local")


@holds("MQTT-3.8.4-3", "MQTT-3.8.4-4")
def the_same_filter_again_replaces_the_subscription(broker):
    client, topic = broker.client(), broker.fresh("replace")
    broker.helper().publish(topic, "retained", 1, retain=True)
    for options, qos, retain in ((0, 0, 0), (2 | AS_PUBLISHED, 1, 1), (1, 1, 0)):
        client.subscribe((topic, options))
        expect_equal(client.take_message("retained").qos, qos, "QoS of the retained message")
        broker.helper().publish(topic, "retained", 1, retain=True)
        found = client.take_message("retained")
        expect_equal((found.qos, found.retain), (qos, retain), "QoS and RETAIN after the subscription was replaced")
    client.subscribe((topic, 1 | RETAIN_NEVER), properties=[("subscription", 9)])
    broker.helper().publish(topic, "with identifier", 1)
    expect_equal(client.take_message("with identifier").every("subscription"), [9], "the new identifier")
    client.subscribe((topic, 1 | RETAIN_NEVER))
    broker.helper().publish(topic, "without", 1)
    expect_equal(client.take_message("without").every("subscription"), [], "the identifier that was replaced")
    client.expect_nothing("a second copy")
    broker.helper().publish(topic, "", 1, retain=True)


@holds("MQTT-3.8.4-4")
def nothing_is_lost_while_a_subscription_is_replaced(broker):
    client, sender, topic = broker.client(), broker.client(), broker.fresh("lost")
    client.subscribe((topic, 1))
    for i in range(0, 60, 3):
        for one in range(i, i + 3):
            sender.publish(topic, str(one), 1)
        client.subscribe((topic, 1))
    expect_equal([int(client.take_message().payload) for _ in range(60)], list(range(60)), "the messages")


@holds("MQTT-3.8.4-8", "MQTT-4.8.2-3")
def the_qos_is_the_lesser_of_two(broker):
    for granted in (0, 1, 2):
        client, shared, topic = broker.client(), broker.client(), broker.fresh("qos")
        client.subscribe((topic, granted))
        shared.subscribe((f"$share/group/{topic}", granted))
        for qos in (0, 1, 2):
            broker.helper().publish(topic, str(qos), qos)
            expect_equal(client.take_message(str(qos)).qos, min(qos, granted), "the QoS of a delivery")
            expect_equal(shared.take_message(str(qos)).qos, min(qos, granted), "the QoS of a shared delivery")


@holds("MQTT-3.3.4-2", "MQTT-3.3.4-3", "MQTT-3.3.4-4", "MQTT-3.3.4-5")
def overlapping_subscriptions(broker):
    """One copy with the highest QoS and all identifiers, or a copy for each subscription with its own."""
    client, topic = broker.client(), broker.fresh("overlap")
    for identifier, (name, qos) in {1: ("a/#", 1), 7: ("a/+", 2), 268435455: ("+/b", 0)}.items():
        client.subscribe((f"{topic}/{name}", qos), properties=[("subscription", identifier)])
    client.subscribe((f"{topic}/#", 0))
    broker.helper().publish(f"{topic}/a/b", "x", 2)
    found = client.gather()
    expect_equal({message.topic for message in found}, {f"{topic}/a/b"}, "topics")
    identifiers = sorted(one for message in found for one in message.every("subscription"))
    expect_equal(identifiers, [1, 7, 268435455], f"the identifiers of {found}")
    expect_equal(max(message.qos for message in found), 2, "the highest QoS")
    if len(found) > 1:
        expect_equal(sorted((message.qos, message.every("subscription")) for message in found),
                     [(0, []), (0, [268435455]), (1, [1]), (2, [7])], "a copy for each subscription")
    # Sixteen identifiers, the most that one message tells (docs/mqtt-conformance.md).
    many, topic = broker.client(), broker.fresh("overlap")
    for i in range(16):
        many.subscribe((topic + "/+" * i + "/#", 1), properties=[("subscription", i + 1)])
    broker.helper().publish(topic + "/x" * 16, "sixteen", 1)
    found = many.gather()
    expect_equal(sorted(one for message in found for one in message.every("subscription")), list(range(1, 17)),
                 "sixteen identifiers")


@holds("MQTT-3.3.4-3")
def a_subscription_without_an_identifier_tells_none(broker):
    client, topic = broker.client(), broker.fresh("none")
    client.subscribe((topic, 2))
    broker.helper().publish(topic, "only one", 2)
    expect_equal(client.take_message("only one").every("subscription"), [], "identifiers of a subscription without")


@holds("MQTT-3.9.2-1", "MQTT-3.9.2-2", "MQTT-3.11.2-1", "MQTT-3.11.2-2")
def suback_and_unsuback_keep_to_the_maximum_packet_size(broker):
    broker.keeps_to_the_maximum("SUBACK", [subscribe(1, ("deep" + "/x" * 200, 0))], SUBACK)
    broker.keeps_to_the_maximum("UNSUBACK", [unsubscribe(2, "never/there")], UNSUBACK)
    # A reason for each filter, and no room for them: whatever comes, no packet is too large.
    many = [f"many/{i}" for i in range(100)]
    for sent in (subscribe(1, *many), unsubscribe(2, *many)):
        client = broker.client(properties=[("packet_maximum", 64)])
        client.send(sent, packet(PINGREQ, 0, b""))
        found = client.take()
        expect(found.kind in (PINGRESP, DISCONNECT), f"{found} came")
        broker.helper().publish("many", "a while", 1)  # the answer would be here by now
        client.send(packet(PINGREQ, 0, b""))
        found = client.take()
        expect(found is None or found.kind in (PINGRESP, DISCONNECT), f"{found} came")


# ---- UNSUBSCRIBE -----------------------------------------------------------------------------------------

@holds("MQTT-3.10.3-1", "MQTT-3.10.3-2")
def unsubscribe_is_held_against_the_standard(broker):
    broker.refuses("UNSUBSCRIBE with no filter", unsubscribe(1), PROTOCOL_ERROR, MALFORMED)
    for what, sent in (("a filter that is no UTF-8", unsubscribe(1, b"a\xff")),
                       ("a filter that is cut", packet(10, 2, b"\0\1\0\0\5a")),
                       ("a subscription identifier", unsubscribe(1, "a", properties=[("subscription", 1)]))):
        broker.refuses(f"UNSUBSCRIBE with {what}", sent, MALFORMED, PROTOCOL_ERROR)


@holds("MQTT-3.10.4-1", "MQTT-3.10.4-2", "MQTT-3.10.4-6", "MQTT-3.11.3-1", "MQTT-3.11.3-2")
def a_filter_is_left_character_by_character(broker):
    client, topic = broker.client(), broker.fresh("leave")
    client.subscribe((topic + "/#", 1), (topic + "/a", 1), (topic + "/A", 0))
    client.unsubscribe(topic + "/+", topic + "/a", topic, topic + "/a/", topic + "/a", reasons=[0x11, 0, 0x11, 0x11, 0x11])
    broker.helper().publish(topic + "/a", "by #", 1)
    client.take_message("by #")
    client.expect_nothing("a copy for a subscription that was left")
    client.unsubscribe(topic + "/#", topic + "/A", reasons=[0, 0])
    broker.helper().publish(topic + "/a", "nobody listens", 1)
    broker.helper().publish(topic + "/A", "nobody listens", 1)
    client.expect_nothing("a message for nobody [MQTT-3.10.4-2]")


@holds("MQTT-3.10.4-3")
def what_was_begun_is_completed_after_unsubscribe(broker):
    client, topic = broker.client(clean=False, properties=MINUTE), broker.fresh("begun")
    client.subscribe((topic, 2))
    for i, qos in enumerate((1, 2, 2)):
        broker.helper().publish(topic, str(i), qos)
    found = [client.take_message(str(i), answer=False) for i in range(3)]
    client.send(ack(PUBREC, found[2].packet_id))
    client.take_answer(PUBREL, found[2].packet_id)
    client.unsubscribe(topic, reasons=[0])
    client.abort()
    again = broker.client(client.id, clean=False, properties=MINUTE)
    resent = [again.take() for _ in range(3)]
    expect_equal([one.packet_id for one in resent if one.kind == PUBLISH], [one.packet_id for one in found[:2]],
                 "the identifiers of what is sent again")
    expect_equal([one.packet_id for one in resent if one.kind == PUBREL], [found[2].packet_id], "PUBREL sent again")
    for one in resent:
        if one.kind == PUBLISH:
            again.answer(one)
    again.expect_nothing("after all that was begun")
    again.disconnect()


# ---- topic names and filters -----------------------------------------------------------------------------

MATCHES = (  # filter, topics that match, topics that do not
    ("sport/tennis/#", ("sport/tennis", "sport/tennis/a", "sport/tennis/a/b", "sport/tennis/"), ("sport", "sport/tennisx")),
    ("sport/#", ("sport", "sport/", "sport/a//b"), ("sports", "Sport")),
    ("sport/+", ("sport/", "sport/a"), ("sport", "sport/a/b", "sport/a/")),
    ("sport/+/x", ("sport/a/x", "sport//x"), ("sport/x", "sport/a/b/x", "sport/a/x/")),
    ("+/+", ("/a", "a/", "/", "a/b"), ("a", "a/b/c")),
    ("/+", ("/a", "/"), ("a", "/a/")),
    ("+", ("a", "\u6e29"), ("/a", "a/", "/")),
    ("a/b", ("a/b",), ("a/B", "a", "a/b/", "/a/b", "a/bb")),
    ("a//b", ("a//b",), ("a/b", "a/x/b")),
    (" /x", (" /x",), ("/x",)),
    ("+/x/#", ("a/x", "/x/y", "a/x/y/z"), ("x", "a/b/x")),
)


@holds("MQTT-4.7.1-1", "MQTT-4.7.1-2", "MQTT-4.7.3-4", "MQTT-3.3.2-3")
def wildcards_match_levels(broker):
    sender, start = broker.client(), broker.fresh("match")
    for i, (name, matching, others) in enumerate(MATCHES):
        client, place = broker.client(), f"{start}/{i}"
        client.subscribe((f"{place}/{name}", 1))
        for topic in others:
            sender.publish(f"{place}/{topic}", "no match", 1)
        for topic in matching:
            sender.publish(f"{place}/{topic}", topic, 1)
            client.take_message(topic, f"{place}/{topic}")
        client.expect_nothing(f"for {name}")
        client.close()


@holds("MQTT-4.7.1-1", "MQTT-4.7.1-2", "MQTT-4.7.3-1")
def filters_that_are_none_are_refused(broker):
    for name in ("", "a#", "#/a", "a/#/b", "##", "a/#b", "a+", "+a", "a/b+", "a/+b/c", "++", "a/++"):
        refuses_filter(broker, f"the filter {name!r}", subscribe(1, (name, 0)), SUBACK)
        refuses_filter(broker, f"leaving the filter {name!r}", unsubscribe(1, name), UNSUBACK)


@holds("MQTT-4.7.2-1")
def wildcards_do_not_match_a_leading_dollar(broker):
    name, last = broker.fresh("dollar").replace("/", "-"), broker.fresh("last")
    wild, exact = broker.client(), broker.client()
    wild.subscribe(("#", RETAIN_NEVER), ("+/#", RETAIN_NEVER), (f"+/{name}", RETAIN_NEVER), ("$SYS", 0))
    exact.subscribe((f"$mine/{name}", 1))
    exact.subscribe(("$mine/+", 1), ("$mine/#", 1), reasons=[1, 1])
    broker.helper().publish(f"$mine/{name}", "x", 1)
    exact.take_message("x", f"$mine/{name}")
    broker.helper().publish(last, "the last", 1)
    topics = [wild.take_message().topic]
    while topics[-1] != last:  # what other tests left behind may come as well
        topics.append(wild.take_message().topic)
    expect(not [topic for topic in topics if topic.startswith("$")], f"{topics} came for # and +")


@holds("MQTT-4.7.3-2", "MQTT-4.7.3-3")
def names_have_no_null_and_end_at_65535_bytes(broker):
    longest = broker.fresh("longest") + "/"
    longest += "x" * (65535 - len(longest))
    client = broker.client()
    client.subscribe((longest, 1))
    client.publish(longest, "the longest", 1)
    client.take_message("the longest", longest)
    client.unsubscribe(longest, reasons=[0])
    for what, sent in (("SUBSCRIBE", subscribe(1, "a\0")), ("UNSUBSCRIBE", unsubscribe(1, "a\0"))):
        broker.refuses(f"{what} with U+0000", sent, MALFORMED, 0x8F)


# ---- shared subscriptions --------------------------------------------------------------------------------

@holds("MQTT-3.8.3-4")
def no_local_and_shared_do_not_go_together(broker):
    broker.refuses("no local on a shared subscription", subscribe(1, ("$share/g/a", 1 | NO_LOCAL)), PROTOCOL_ERROR)


@holds("MQTT-4.8.2-1", "MQTT-4.8.2-2")
def names_of_shared_subscriptions(broker):
    for name in ("$share/", "$share//a", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a", "$share/+/a",
                 "$share/g#/a", "$share/g/a#", "$share/g/#/a"):
        refuses_filter(broker, f"the filter {name!r}", subscribe(1, (name, 0)), SUBACK)
    client = broker.client()
    client.subscribe(("$share", 0))  # a filter as any other: it does not start with $share/
    topic = broker.fresh("shared")
    client.subscribe((f"$share/a group $/{topic}/#", 1), (f"$share/g/{topic}/+", 1))
    broker.helper().publish(topic + "/x", "for both groups", 1)
    found = [message.payload for message in client.gather()]  # a copy for each, or one for both (3.3.4)
    expect(0 < len(found) < 3 and set(found) == {b"for both groups"}, f"{found} came")
    client.unsubscribe(f"$share/a group $/{topic}/#", f"$share/g/{topic}/+", f"$share/g/{topic}/#", reasons=[0, 0, 0x11])
    client.expect_nothing("a third copy")


@holds("MQTT-4.8.2-3", "MQTT-3.3.2-3")
def a_shared_subscription_gives_each_message_to_one(broker):
    topic = broker.fresh("one")
    members = [broker.client() for _ in range(3)]
    plain = broker.client()
    plain.subscribe((topic, 1))
    broker.helper().publish(topic, "retained", 1, retain=True)
    plain.take_message("retained")
    for member in members:
        member.subscribe((f"$share/g/{topic}", 1))  # 4.8.2: retained messages are not for them
    for i in range(30):
        broker.helper().publish(topic, str(i), 1)
    got = [message.payload for member in members for message in member.gather()]
    expect_equal(sorted(got), sorted(b"%d" % i for i in range(30)), "what the members got together")
    expect_equal([int(plain.take_message().payload) for _ in range(30)], list(range(30)), "a subscription of its own")
    members[0].close()
    broker.helper().publish(topic, "", 1, retain=True)


@holds("MQTT-4.8.2-4", "MQTT-4.8.2-5")
def qos_2_of_a_shared_subscription_stays_with_its_client(broker):
    topic = broker.fresh("stays")
    one = broker.client(clean=False, properties=MINUTE)
    one.subscribe((f"$share/g/{topic}", 2))
    broker.helper().publish(topic, "first", 2)
    broker.helper().publish(topic, "second", 2)
    first = one.take_message("first", answer=False)
    second = one.take_message("second", answer=False)
    other = broker.client()
    other.subscribe((f"$share/g/{topic}", 2))
    one.send(ack(PUBREC, second.packet_id))
    one.take_answer(PUBREL, second.packet_id)
    one.abort()
    other.expect_nothing("a message under way to another member")
    again = broker.client(one.id, clean=False, properties=MINUTE)
    found = [again.take() for _ in range(2)]
    expect_equal([(item.kind, item.packet_id) for item in found],
                 [(PUBLISH, first.packet_id), (PUBREL, second.packet_id)], "what is sent again")
    again.send(ack(7, second.packet_id))
    # The session ends with the message under way: nobody else gets it.
    again.disconnect(0, [("session_expiry", 0)])
    other.expect_nothing("a message of a session that ended")


@holds("MQTT-4.8.2-6", "MQTT-4.4.0-2")
def a_message_a_member_refuses_is_gone(broker):
    topic = broker.fresh("refused")
    one, other = broker.client(), broker.client()
    one.subscribe((f"$share/g/{topic}", 2))
    for qos in (1, 2):
        broker.helper().publish(topic, str(qos), qos)
    refused = [one.take_message(str(qos), answer=False) for qos in (1, 2)]
    other.subscribe((f"$share/g/{topic}", 2))
    one.send(ack(PUBACK, refused[0].packet_id, 0x80), ack(PUBREC, refused[1].packet_id, 0x83))
    one.ping()
    other.expect_nothing("a message another member refused")
    one.expect_nothing("a message it refused")


if __name__ == "__main__":
    play(kept=(False, True))
