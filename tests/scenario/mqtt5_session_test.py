"""MQTT 5 on a running server: sessions and their end (3.1.2.4, 3.1.2.11.2, 4.1), wills (3.1.2.5,
3.1.3.2), pings (3.12), DISCONNECT (3.14), AUTH (3.15, 4.12) and how errors end a connection (4.13).
"""

import time

from house import AUTH, CONNACK, DISCONNECT, PINGREQ, PINGRESP, PUBACK, expect, expect_equal, packet
from packets import (AS_PUBLISHED, MALFORMED, PROTOCOL_ERROR, SLOWER, TAKEN, Will, ack, auth, connect, disconnect,
                     holds, play, publish, subscribe)

MINUTE = [("session_expiry", 60)]


def kept_session(broker, *filters, **options):
    """A client with a session that outlives its connection; it is connected still."""
    client = broker.client(clean=False, properties=MINUTE, **options)
    if filters:
        client.subscribe(*filters)
    return client


def resume(broker, client, present=True, **options):
    options.setdefault("properties", MINUTE)
    again = broker.client(client.id, clean=False, **options)
    expect_equal(again.connack.session_present, present, "session present")
    return again


# ---- sessions --------------------------------------------------------------------------------------------

@holds("MQTT-3.1.2-4", "MQTT-3.1.4-4", "MQTT-3.2.2-2")
def clean_start_throws_the_session_away(broker):
    topic = broker.fresh("clean")
    client = kept_session(broker, (topic, 1))
    client.abort()
    broker.helper().publish(topic, "for the session", qos=1)
    again = broker.client(client.id, clean=True, properties=MINUTE)
    expect(not again.connack.session_present, "session present after a clean start [MQTT-3.2.2-2]")
    broker.helper().publish(topic, "for the subscription", qos=1)
    again.expect_nothing("of the session before")
    again.disconnect()


@holds("MQTT-3.1.2-5", "MQTT-3.2.2-3", "MQTT-3.1.2-23", "MQTT-4.5.0-1", "MQTT-4.1.0-1")
def a_session_goes_on_where_it_was(broker):
    topic = broker.fresh("resume")
    client = kept_session(broker, (topic + "/#", 2))
    client.disconnect()
    for qos in (0, 1, 2):
        broker.helper().publish(f"{topic}/{qos}", f"message {qos}", qos=qos)
    again = resume(broker, client)
    kept = [again.take_message(f"message {qos}", f"{topic}/{qos}") for qos in (1, 2)]
    expect_equal([one.qos for one in kept], [1, 2], "the QoS of what was kept")
    broker.helper().publish(topic + "/later", "the subscription is there", qos=1)
    again.take_message("the subscription is there")
    # A connection that is lost is the same as one that ended well.
    again.abort()
    broker.helper().publish(topic + "/abort", "after the abort", qos=1)
    third = resume(broker, client)
    third.take_message("after the abort")
    third.disconnect(0, [("session_expiry", 0)])


@holds("MQTT-3.1.2-5", "MQTT-4.1.0-1", "MQTT-4.4.0-1", "MQTT-4.1.0-2")
def a_session_may_go_on_for_one_more_connection(broker):
    """Clean start 0 without an expiry: all that was is there, and ends with this connection."""
    topic = broker.fresh("last")
    client = kept_session(broker, (topic, 2))
    broker.helper().publish(topic, "under way", 1)
    under_way = client.take_message("under way", answer=False)
    client.abort()
    broker.helper().publish(topic, "while away", 2)
    again = resume(broker, client, properties=())
    found = again.take_message("under way")
    expect_equal((found.packet_id, found.dup), (under_way.packet_id, 1), "identifier and DUP of what is sent again")
    again.take_message("while away")
    broker.helper().publish(topic, "now", 2)
    again.take_message("now")
    again.disconnect()
    broker.helper().publish(topic, "too late", 1)
    last = resume(broker, client, present=False)
    last.expect_nothing("of a session that ended")
    last.disconnect(0, [("session_expiry", 0)])


@holds("MQTT-3.1.2-6", "MQTT-3.2.2-3", "MQTT-3.2.2-4", "MQTT-3.2.2-5")
def without_a_session_a_new_one_begins(broker):
    client = broker.client(clean=False)
    expect(not client.connack.session_present, "session present of a client nobody knew")
    client.disconnect()


@holds("MQTT-4.1.0-2", "MQTT-3.1.2-23")
def a_session_ends_when_its_time_is_over(broker):
    topic = broker.fresh("expiry")
    ended = kept_session(broker, (topic, 1))
    ended.disconnect(0, [("session_expiry", 0)])
    two = [("session_expiry", 2)]
    short = broker.client(clean=False, properties=two)
    short.subscribe((topic, 1))
    short.abort()
    longer = kept_session(broker, (topic, 1))
    longer.disconnect()
    none = broker.client(clean=False)
    none.subscribe((topic, 1))
    none.disconnect()
    resume(broker, ended, present=False).disconnect(0, [("session_expiry", 0)])
    resume(broker, none, present=False).disconnect(0, [("session_expiry", 0)])
    resume(broker, short, properties=two).abort()
    time.sleep(3.2)
    resume(broker, short, present=False).disconnect(0, [("session_expiry", 0)])
    resume(broker, longer).disconnect(0, [("session_expiry", 0)])


@holds("MQTT-3.1.2-23", "MQTT-4.1.0-1")
def the_session_expiry_of_disconnect_replaces_the_first(broker):
    client = broker.client(clean=False, properties=[("session_expiry", 1)])
    client.disconnect(0, MINUTE)
    time.sleep(1.5)
    resume(broker, client).disconnect(0, [("session_expiry", 0)])
    resume(broker, client, present=False, properties=()).disconnect()
    # 3.14.2.2.2: what was 0 in CONNECT stays 0.
    broker.refuses("a session expiry in DISCONNECT of a client without a session", disconnect(0, MINUTE), PROTOCOL_ERROR)


@holds("MQTT-3.2.2-3")
def session_expiry_is_told_where_it_differs(broker):
    for wanted in (0, 1, 60, 0xFFFFFFFF):
        client = broker.client(properties=[("session_expiry", wanted)])
        told = client.connack.property("session_expiry")
        expect(told is None or told < wanted, f"the session expiry {wanted} became {told}")
        client.disconnect(0, [("session_expiry", 0)] if wanted else None)


# ---- wills -----------------------------------------------------------------------------------------------

def watch(broker, name, options=2):
    """A topic and a client that sees what comes to it."""
    topic = broker.fresh(name)
    client = broker.client()
    client.subscribe((topic + "/#", options))
    return topic, client


@holds("MQTT-3.1.2-7", "MQTT-3.1.2-8", "MQTT-3.1.2-14")
def a_will_is_published_when_the_connection_is_lost(broker):
    topic, observer = watch(broker, "will", 2 | AS_PUBLISHED)
    for qos in (0, 1, 2):
        client = broker.client(will=Will(f"{topic}/{qos}", f"of QoS {qos}", qos=qos))
        client.abort()
        found = observer.take_message(f"of QoS {qos}", f"{topic}/{qos}")
        expect_equal((found.qos, found.retain), (qos, 0), "QoS and RETAIN of the will")
    late = broker.client()
    late.subscribe((topic + "/#", 2))
    late.expect_nothing("retained of a will without the retain flag [MQTT-3.1.2-14]")
    # The bytes of a will are any bytes, also none.
    broker.client(will=Will(topic + "/none", b"")).abort()
    observer.take_message(b"", topic + "/none")
    broker.client(will=Will(topic + "/any", bytes(range(256)))).abort()
    observer.take_message(bytes(range(256)), topic + "/any")


@holds("MQTT-3.1.2-8", "MQTT-3.1.2-10", "MQTT-3.14.4-3")
def a_good_end_takes_the_will_along(broker):
    topic, observer = watch(broker, "end")
    client = kept_session(broker, will=Will(topic + "/0", "not after DISCONNECT 0"))
    client.disconnect()
    again = resume(broker, client)
    again.abort()
    observer.expect_nothing("a will after DISCONNECT with 0x00")
    for reason in (0x04, 0x80, 0x81, 0x99):
        broker.client(will=Will(f"{topic}/{reason}", f"{reason:x}")).disconnect(reason)
        observer.take_message(f"{reason:x}", f"{topic}/{reason}")
    # Published once: a session that goes on has no will any more.
    lost = kept_session(broker, will=Will(topic + "/once", "once"))
    lost.abort()
    observer.take_message("once")
    resume(broker, lost).abort()
    observer.expect_nothing("a will that was published before")


@holds("MQTT-3.1.2-8")
def a_takeover_publishes_the_will(broker):
    topic, observer = watch(broker, "takeover")
    first = kept_session(broker, will=Will(topic, "taken over"))
    second = resume(broker, first)
    observer.take_message("taken over")
    broker.client(second.id, clean=True).disconnect()
    observer.expect_nothing("a will nobody gave")


@holds("MQTT-3.1.2-8")
def an_error_of_the_client_publishes_the_will(broker):
    topic, observer = watch(broker, "error")
    client = broker.client(will=Will(topic, "after an error"))
    client.send(b"\0\0")
    client.take_disconnect(MALFORMED, PROTOCOL_ERROR, what="the reserved type")
    observer.take_message("after an error")


@holds("MQTT-3.1.2-15")
def a_retained_will_is_retained(broker):
    topic, observer = watch(broker, "retained", 1 | AS_PUBLISHED)
    broker.client(will=Will(topic, "for all", qos=1, retain=True)).abort()
    found = observer.take_message("for all")
    expect_equal(found.retain, 1, "RETAIN as published")
    late = broker.client()
    late.subscribe((topic, 1))
    expect_equal(late.take_message("for all").retain, 1, "RETAIN of a retained message")
    broker.client(will=Will(topic, b"", retain=True)).abort()
    observer.take_message(b"")
    last = broker.client()
    last.subscribe((topic, 1))
    last.expect_nothing("retained after an empty retained will")


@holds("MQTT-3.1.2-8", "MQTT-3.1.3-9")
def a_will_waits_for_its_delay(broker):
    topic, observer = watch(broker, "delay")
    two = [("will_delay", 2)]
    back = kept_session(broker, will=Will(topic + "/back", "nobody should see this", properties=two))
    taken = kept_session(broker, will=Will(topic + "/taken", "nobody should see this either", properties=two))
    gone = kept_session(broker, will=Will(topic + "/gone", "after the delay", properties=[("will_delay", 1)]))
    ended = broker.client(clean=False, properties=[("session_expiry", 1)],
                          will=Will(topic + "/ended", "when the session ends", properties=[("will_delay", 600)]))
    clean = kept_session(broker, will=Will(topic + "/clean", "when a clean start ends it", properties=[("will_delay", 600)]))
    began = time.monotonic()
    for client in (back, gone, ended):
        client.abort()
    here = resume(broker, back)
    over = resume(broker, taken)  # takes the connection over within the delay
    broker.client(clean.id, clean=True).disconnect()
    observer.take_message("when a clean start ends it")
    found = sorted(observer.take_message().payload for _ in range(2))
    expect_equal(found, [b"after the delay", b"when the session ends"], "the wills after the delay")
    passed = time.monotonic() - began
    expect(0.9 < passed < 4 * SLOWER, f"the wills came after {passed:.1f} s")
    time.sleep(max(0, began + 3 - time.monotonic()))
    observer.expect_nothing("the will of a client that came back [MQTT-3.1.3-9]")
    here.disconnect(0, [("session_expiry", 0)])
    over.disconnect(0, [("session_expiry", 0)])


@holds("MQTT-3.1.2-8")
def a_delay_ends_with_the_session(broker):
    topic, observer = watch(broker, "no delay")
    began = time.monotonic()
    later = [("will_delay", 600)]
    broker.client(will=Will(topic + "/lost", "no session outlives this", properties=later)).abort()
    observer.take_message("no session outlives this")
    kept = kept_session(broker, will=Will(topic + "/ended", "ended by DISCONNECT", properties=later))
    kept.disconnect(0x04, [("session_expiry", 0)])
    observer.take_message("ended by DISCONNECT")
    clean = kept_session(broker, will=Will(topic + "/clean", "ended by a clean start", properties=later))
    broker.client(clean.id, clean=True).disconnect()
    observer.take_message("ended by a clean start")
    expect(time.monotonic() - began < 5 * SLOWER, "the wills of sessions that ended waited")


@holds("MQTT-3.1.3-10")
def a_will_keeps_its_properties_in_their_order(broker):
    topic, observer = watch(broker, "properties")
    pairs = [("user", ("b", "2")), ("user", ("a", "1")), ("user", ("b", "1")), ("user", ("a", "1"))]
    more = [("payload_format", 1), ("message_expiry", 100), ("content_type", "text/plain"),
            ("response_topic", "answer/here"), ("correlation", b"\x00\xff")]
    broker.client(will=Will(topic, "with properties", qos=1, properties=pairs + more)).abort()
    found = observer.take_message("with properties")
    expect_equal(found.every("user"), [value for _, value in pairs], "the user properties")
    for name, value in more:
        if name != "message_expiry":
            expect_equal(found.property(name), value, name)
    expect(90 <= found.property("message_expiry") <= 100, f"message expiry {found.property('message_expiry')}")


# ---- pings, DISCONNECT, AUTH, errors -----------------------------------------------------------------------

@holds("MQTT-3.12.4-1")
def each_ping_is_answered(broker):
    client = broker.client()
    client.send(packet(PINGREQ, 0, b"") * 50)
    for _ in range(50):
        expect_equal(client.take().name, "PINGRESP", "the answer to PINGREQ")
    client.disconnect()


def endings(broker):
    """Errors, each with what the server says: every one is a DISCONNECT of its own kind."""
    topic = broker.fresh("errors")
    return (("the reserved type", b"\0\0", (MALFORMED, PROTOCOL_ERROR)),
            ("QoS 3", publish(topic, flags=6), (MALFORMED,)),
            ("a second CONNECT", connect("again"), (PROTOCOL_ERROR,)),
            ("a packet only servers send", packet(CONNACK, 0, b"\0\0\0"), (PROTOCOL_ERROR, MALFORMED)),
            ("PINGRESP", packet(13, 0, b""), (PROTOCOL_ERROR, MALFORMED)),
            ("PINGREQ with a body", packet(PINGREQ, 0, b"x"), (MALFORMED,)),
            ("SUBSCRIBE with an unknown option", subscribe(1, (topic, 0x40)), (MALFORMED,)),
            ("a topic alias of 0", publish(topic, properties=[("alias", 0)]), (0x94,)),
            ("a wildcard topic", publish(topic + "/#"), (0x90, MALFORMED, PROTOCOL_ERROR)),
            ("DISCONNECT with an unknown reason", disconnect(0x01), (PROTOCOL_ERROR, MALFORMED)),
            ("an acknowledgement with an unknown reason", ack(PUBACK, 1, 0x42), (PROTOCOL_ERROR, MALFORMED)))


@holds("MQTT-4.13.1-1", "MQTT-4.13.2-1", "MQTT-3.14.2-1", "MQTT-3.14.2-2", "MQTT-3.14.4-1", "MQTT-3.14.4-2")
def an_error_is_named_and_ends_the_connection(broker):
    """packets.py looks at the reason, and that no session expiry interval is in DISCONNECT."""
    for what, sent, reasons in endings(broker):
        broker.refuses(what, sent, *reasons)
        # What follows an error is not looked at, and nothing follows the DISCONNECT.
        client = broker.client()
        client.send(sent, packet(PINGREQ, 0, b""), subscribe(9, "x"))
        client.take_disconnect(*reasons, what=what)
    broker.helper().ping()


@holds("MQTT-3.14.2-3", "MQTT-3.14.2-4")
def disconnect_keeps_to_the_maximum_packet_size(broker):
    for what, sent, _ in endings(broker):
        if not broker.given:  # others close without a word
            broker.keeps_to_the_maximum(f"DISCONNECT after {what}", [sent], DISCONNECT)


@holds("MQTT-3.14.0-1")
def no_disconnect_before_connack(broker):
    for sent in (b"\0\0", packet(PINGREQ, 0, b""), connect("x", flags=3), connect("x", name="MQTX"), b"\xf0\x00"):
        client = broker.open()
        client.send(sent)
        found = client.take()
        expect(found is None or found.kind == CONNACK and found.reason, f"{found} came before CONNACK")


@holds("MQTT-3.14.4-1", "MQTT-3.14.4-2", "MQTT-3.14.2-1")
def after_disconnect_of_the_client_comes_nothing(broker):
    topic, observer = watch(broker, "after")
    client = broker.client()
    client.send(disconnect(), publish(topic, "too late"), packet(PINGREQ, 0, b""))
    client.take_closed("a connection that said DISCONNECT")
    observer.expect_nothing("a message after DISCONNECT")
    # The long forms of a good end are a good end.
    broker.client().disconnect(0)
    broker.client().disconnect(0, ())
    broker.client().disconnect(0, [("reason", "enough"), ("user", ("a", "b"))])


@holds("MQTT-4.12.0-2", "MQTT-4.12.0-3", "MQTT-4.12.0-5", "MQTT-4.12.0-6", "MQTT-4.12.0-7", "MQTT-4.12.1-1",
       "MQTT-4.12.1-2", "MQTT-3.15.2-1", "MQTT-3.15.2-2", "MQTT-3.15.2-3")
def auth_without_a_method_is_a_protocol_error(broker):
    """The server offers no enhanced authentication: so it never sends AUTH, and takes none."""
    for sent in (auth(0x18, [("method", "m")]), auth(0x19, [("method", "m")]), auth(0x19, ()), auth()):
        client = broker.client()
        expect_equal(client.connack.property("method"), None, "an authentication method in CONNACK")
        client.send(sent)
        found = client.take()
        if found is None and broker.given:
            continue
        expect(found is not None and found.kind != AUTH, f"{found} came [MQTT-4.12.0-6]")
        expect(found.kind == DISCONNECT and found.reason in ((PROTOCOL_ERROR, MALFORMED, 0x8C) if broker.given else (PROTOCOL_ERROR,)),
               f"{sent!r} was answered by {found}")
        client.take_closed("a connection that sent AUTH")


@holds("MQTT-4.2.0-1")
def the_transport_is_tcp(broker):
    """In whatever pieces the bytes come; and a WebSocket is not offered at this door, nor pretended."""
    topic = broker.fresh("pieces")
    sent = connect("pieces") + publish(topic, "x", 1, 7) + packet(PINGREQ, 0, b"")
    for cut in range(1, len(sent), 3):
        client = broker.open()
        client.send(sent[:cut])
        time.sleep(0.001)
        client.send(sent[cut:])
        client.take(CONNACK)
        answers = {one.kind: one for one in (client.take(), client.take())}  # PUBACK waits for the disk
        expect_equal(sorted(answers), [PUBACK, PINGRESP], "the answers")
        expect(answers[PUBACK].packet_id == 7 and answers[PUBACK].reason in TAKEN, f"{answers[PUBACK]} came")
        client.close()
    client = broker.open()
    client.send(b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")
    client.socket.settimeout(10)
    try:
        expect(not client.socket.recv(100).startswith(b"HTTP"), "an HTTP answer at the MQTT door")
    except ConnectionError:
        pass


if __name__ == "__main__":
    play()
