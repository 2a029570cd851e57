"""Each limit of docs/limits.md at both sides, against the real binary with small settings: what is
just allowed is done, what is one more is refused as the table says, and when there is room again
the server goes on. Limits that one room holds alone are tested beside its code; the table names the
test of each."""

import os
import signal
import time

from house import CONNACK, PUBACK, SUBACK, expect, expect_equal, play, wait_for
from packets import SLOWER, Broker, Will, connect, publish, subscribe

QUOTA, NOBODY = 0x97, 0x10
OLD = (3, 4)  # the versions without reason codes
HOUR = [("session_expiry", 3600)]


class Small(Broker):
    """A server with small limits, whose clients hold each packet against the standard."""

    def __init__(self, folder, *words):
        self.clients, self.count, self.run, self.folder = [], 0, "t", folder
        self.server, self.lives, self.kept, self.given = None, 0, False, None
        self.words = words
        self.start(*words)

    def again(self, *words):
        """Killed without a chance to tidy up, and started on the same folder."""
        self.close()
        self.server.kill()
        self.lives -= 1
        self.start(*(words or self.words))

    def counter(self, name, of="mqtt"):
        return self.server.control().ask(ask="state")[of][name]

    def resume(self, client_id, version=5, **options):
        """The client of a kept session, which begins or goes on."""
        more = options.pop("properties", [])
        options.update({"properties": HOUR + more} if version == 5 else {})
        return self.client(client_id, version, clean=False, **options)


def payloads(client, count):
    return [client.take_message().payload.decode() for _ in range(count)]


def subscribe_reasons(client, filters):
    packet_id = client.next_id()
    client.send(subscribe(packet_id, *filters, version=client.version))
    return client.take_answer(SUBACK, packet_id).reasons


def wait_for_empty_queues(broker):
    """An entry leaves its queue when the disk has the acknowledgement of it."""
    wait_for("the queues to be empty", lambda: broker.counter("queued") == 0)


def publish_all(client, topic, values, qos=1):
    """Publishes them one after the other; the reasons."""
    return [client.publish(topic, str(value), qos) for value in values]


# ---- sessions and subscriptions ------------------------------------------------------------------------

def sessions(folder):
    broker = Small(folder, "--mqtt-sessions", "2")
    broker.resume("one").close()
    broker.resume("two", 4).close()
    for _ in range(2):
        client = broker.open()
        client.connect("three", reason=QUOTA, properties=HOUR)
        client.take_closed("a client whose session cannot be kept")
        for version in OLD:
            client = broker.open(version)
            client.connect("three", reason=3, clean=False)
            client.take_closed("a client of MQTT 3 whose session cannot be kept")
        # A will outlives its client, so its session is one of them.
        broker.open().connect("four", reason=QUOTA, will=Will("will"))
        # Who keeps nothing, and whose session is there, is not concerned.
        for version in (3, 4, 5):
            broker.client(version=version).ping()
        expect(broker.resume("one").connack.session_present, "the session of one is gone")
        broker.again()
    broker.client("one").disconnect()  # clean start, expiry 0: that session ends
    expect(not broker.resume("three").connack.session_present, "a session that was refused is there")


def subscriptions_of_a_session(folder):
    broker = Small(folder, "--mqtt-subscriptions", "3")
    for version, refused in ((5, QUOTA), (4, 0x80), (3, 0x80)):
        for keep in (False, True):
            client = broker.resume(f"kept{version}", version) if keep else broker.client(version=version)
            client.subscribe(("a", 1), ("b", 1))
            client.subscribe(("c", 1), ("d", 1), reasons=[1, refused])
            client.subscribe(("a", 2), ("c", 0), ("d", 0), reasons=[2, 0, refused])  # those that are there
            client.unsubscribe("b")
            client.subscribe(("d", 0), ("b", 0), reasons=[0, refused])
            client.close()
        broker.again()
        broker.resume(f"kept{version}", version).subscribe(("d", 1), ("e", 1), reasons=[1, refused])


def subscriptions_of_all(folder):
    broker = Small(folder, "--mqtt-subscriptions-all", "4")
    kept = broker.resume("kept")
    kept.subscribe(("a", 0), ("$share/g/a", 0))
    other = broker.client(version=4)
    other.subscribe(("a", 0), ("b", 0), ("c", 0), reasons=[0, 0, 0x80])
    kept.subscribe(("c", 0), reasons=[QUOTA])
    kept.close()
    broker.again()  # what is kept counts on, what was not is gone
    client = broker.client()
    client.subscribe(("a", 0), ("b", 0), ("c", 0), reasons=[0, 0, QUOTA])
    client.disconnect()
    broker.client().subscribe(("c", 0), ("d", 0))


def filters_of_a_packet_in_mqtt_3(folder):
    """mqtt5_subscribe_test.py has the other version."""
    broker = Small(folder)
    client = broker.client(version=4)
    client.subscribe(*((str(i), 0) for i in range(1024)))
    client.send(subscribe(9, *(str(i) for i in range(1025)), version=4))
    client.take_closed("1,025 filters in one SUBSCRIBE of MQTT 3")


def levels(folder):
    broker = Small(folder)
    edge, beyond = "/".join(["x"] * 128), "/".join(["x"] * 129)
    for version, refused in ((5, QUOTA), (4, 0x80)):
        client = broker.client(version=version)
        client.subscribe((edge, 0), (beyond, 0), ("x" + "/+" * 127, 0), ("x" + "/+" * 128, 0),
                         ("$share/group/" + edge, 0), ("$share/group/" + beyond, 0),
                         reasons=[0, refused, 0, refused, 0, refused])
        client.close()
    # A topic may be deeper; '#' matches all of it, and it is retained and found as any other.
    client = broker.client()
    client.subscribe(("x/#", 1))
    for topic in (edge, beyond):
        expect_equal(client.publish(topic, "deep", 1, retain=True), 0, "reason for a deep topic")
        client.take_message("deep", topic)
    for life in range(2):
        late = broker.client()
        late.subscribe(("x/#", 1))
        expect_equal(sorted(late.take_message("deep").topic for _ in range(2)), [edge, beyond],
                     f"deep topics that are retained, in life {life}")
        broker.again()


def subscription_identifiers(folder):
    """A message tells 16 of the subscriptions that match it, whether it waits in a queue or not."""
    broker = Small(folder)
    path = [f"l{i}" for i in range(17)]
    filters = ["/".join(path[:depth]) + "/#" for depth in range(1, 18)]  # each matches the whole path
    for count in (16, 17):
        for keep in (False, True):
            client = broker.resume(f"kept{count}") if keep else broker.client()
            for number in range(count):
                client.subscribe((filters[number], 1), properties=[("subscription", number + 1)])
            broker.helper().publish("/".join(path), str(count), 1)
            found = client.take_message(str(count)).every("subscription")
            expect_equal(len(set(found)), 16, f"identifiers told of {count}")
            expect(set(found) <= set(range(1, count + 1)), f"identifiers nobody gave: {found}")
            client.expect_nothing("the message once more")
            client.close()


# ---- queues ---------------------------------------------------------------------------------------------

def queue_of_an_absent_client(folder):
    broker = Small(folder, "--mqtt-queue", "5")
    for version in (5, 4, 3):
        for qos in (1, 2):
            name, topic = f"absent{version}{qos}", f"queue/{version}/{qos}"
            broker.resume(name, version).subscribe((topic, qos))
            broker.close()
            dropped = broker.counter("dropped_queue")
            expect_equal(publish_all(broker.client(), topic, range(8), qos), [0] * 8, "reasons of the publisher")
            expect_equal(broker.counter("dropped_queue") - dropped, 3, "messages counted as dropped")
            client = broker.resume(name, version)
            expect_equal(payloads(client, 5), ["0", "1", "2", "3", "4"], "the oldest, in order")
            wait_for_empty_queues(broker)
            publish_all(broker.client(), topic, ["8"], qos)
            expect_equal(payloads(client, 1), ["8"], "what comes when there is room")
            client.disconnect()
            broker.close()
    # QoS 0 is not kept for who is not there, and no drop either.
    broker.resume("zero").subscribe(("zero", 2))
    broker.close()
    dropped = broker.counter("dropped_queue"), broker.counter("dropped_slow")
    publish_all(broker.client(), "zero", range(3), 0)
    publish_all(broker.client(), "zero", ["after"], 1)
    expect_equal(payloads(broker.resume("zero"), 1), ["after"], "what was kept")
    expect_equal((broker.counter("dropped_queue"), broker.counter("dropped_slow")), dropped, "drops")


def queue_through_a_restart(folder):
    broker = Small(folder, "--mqtt-queue", "5")
    broker.resume("absent").subscribe(("queue", 1))
    broker.close()
    publish_all(broker.client(), "queue", range(3))
    broker.again()
    publish_all(broker.client(), "queue", range(3, 8))
    expect_equal(payloads(broker.resume("absent"), 5), ["0", "1", "2", "3", "4"], "both lives together")


def queue_of_a_client_that_does_not_answer(folder):
    """What it holds without a PUBACK counts: a session that ends with its connection, and one that is kept."""
    broker = Small(folder, "--mqtt-queue", "5")
    for keep in (False, True):
        narrow = [("receive_maximum", 2)]
        client = broker.resume("kept", properties=narrow) if keep else broker.client(properties=narrow)
        client.subscribe(("slow", 1))
        dropped = broker.counter("dropped_queue")
        expect_equal(publish_all(broker.client(), "slow", range(8)), [0] * 8, "reasons of the publisher")
        first = [client.take_message(answer=False) for _ in range(2)]
        client.expect_nothing("a third message without an answer to the first")
        for message in first:
            client.answer(message)
        expect_equal([m.payload for m in first] + [client.take_message().payload for _ in range(3)],
                     [b"0", b"1", b"2", b"3", b"4"], "the oldest, in order")
        expect_equal(broker.counter("dropped_queue") - dropped, 3, "messages counted as dropped")
        client.expect_nothing("a sixth message")
        client.close()


def queue_bytes(folder):
    broker = Small(folder, "--mqtt-queue-bytes", "4K")
    topic, payload = "bytes", "x" * (1024 - len("bytes"))
    broker.resume("absent").subscribe((topic, 1))
    broker.close()
    expect_equal(publish_all(broker.client(), topic, [payload] * 5), [0] * 5, "reasons of the publisher")
    expect_equal(broker.counter("dropped_queue"), 1, "messages of 1 KiB above 4 KiB")
    client = broker.resume("absent")
    expect_equal(payloads(client, 4), [payload] * 4, "4 KiB of messages")
    wait_for_empty_queues(broker)
    expect_equal(broker.client().publish(topic, payload, 1), 0, "reason when there is room")
    expect_equal(payloads(client, 1), [payload], "what comes when there is room")
    client.expect_nothing("a fifth message")


def queue_of_qos_0(folder):
    """A client that does not read: the socket fills, 64 KiB wait unsent, then the queue; the rest is
    dropped and counted, and what came is in order."""
    broker = Small(folder, "--mqtt-queue-qos0", "10")
    slow = broker.client(keep_alive=0)
    slow.subscribe(("q0", 0))
    publisher, count = broker.client(), 2000
    body = "x" * 16000
    for number in range(count):
        publisher.send(publish("q0", f"{number:08d}{body}"))
        if number % 20 == 0:
            publisher.ping()  # others are served as before
    publisher.publish("q0/after", "1", 1)
    found, dropped = [], broker.counter("dropped_slow")
    expect(0 < dropped < count - 10, f"{dropped} of {count} messages were dropped")
    for _ in range(count - dropped):
        found.append(int(slow.take_message().payload[:8]))
    expect_equal(found, sorted(set(found)), "the order of what came")
    slow.expect_nothing("a message that was counted as dropped")
    expect_equal(found[:10], list(range(10)), "the first ones")
    expect("does not take its messages fast enough" in broker.server.log(), "the log does not name the slow client")


def messages_in_flight(folder):
    broker = Small(folder, "--mqtt-inflight", "3")
    cases = [(version, keep, [], 3) for version in (5, 4, 3) for keep in (False, True)]
    cases += [(5, keep, [("receive_maximum", most)], min(most, 3)) for keep in (False, True) for most in (2, 9)]
    for number, (version, keep, narrow, most) in enumerate(cases):
        topic = f"flight/{number}"
        options = {"properties": narrow} if narrow else {}
        client = (broker.resume(f"kept{number}", version, **options) if keep
                  else broker.client(version=version, **options))
        client.subscribe((topic, 2))
        for value in range(6):
            broker.helper().publish(topic, str(value), 1 + value % 2)
        first = [client.take_message(answer=False) for _ in range(most)]
        client.expect_nothing(f"message {most + 1} of version {version}")
        client.answer(first[0])
        expect_equal(client.take_message(answer=False).payload, str(most).encode(), "the next one")
        client.close()


# ---- what is kept ---------------------------------------------------------------------------------------

def retained_topics(folder):
    broker = Small(folder, "--mqtt-retained", "3")
    client = broker.client()
    for life in range(2):
        expect_equal([client.publish(f"r/{i}", "{" + str(life), 1, retain=True) for i in range(5)],
                     [0, 0, 0, QUOTA, QUOTA], "reasons of five topics")
        expect_equal(client.publish("r/9", "{2", 2, retain=True), QUOTA, "reason at QoS 2")
        expect_equal(client.publish("r/9", "", 1, retain=True), 0, "reason for removing what is not there")
        dropped = broker.counter("dropped")
        client.publish("r/9", "{0", 0, retain=True)
        client.ping()
        expect_equal(broker.counter("dropped"), dropped + 1, "QoS 0 messages counted as dropped")
        for version in OLD:
            old = broker.client(version=version)
            old.publish("r/0", "{old", 1, retain=True)
            old.send(publish("r/9", "{9", 1, 7, retain=True, version=version))
            old.take_closed("a retained message above the limit in MQTT 3")
        expect_equal(client.publish("r/9", "{", 1), NOBODY, "reason without RETAIN")
        # A reading that is to be retained is taken with its message or not at all.
        expect_equal(client.publish("r/8", "1", 1, retain=True), QUOTA, "reason for a reading")
        expect("r/8" not in broker.server.control().points(), "a reading that was refused is there")
        late = broker.client()
        late.subscribe(("r/#", 1))
        expect_equal(sorted(late.take_message().topic for _ in range(3)), ["r/0", "r/1", "r/2"], "what is retained")
        late.expect_nothing("a fourth retained message")
        expect_equal(client.publish("r/1", "", 1, retain=True), 0, "reason for removing")
        late.take_message("")
        expect_equal(client.publish("r/3", "{new", 1, retain=True), 0, "reason when there is room")
        expect_equal(client.publish("r/3", "", 1, retain=True), 0, "reason for removing")
        broker.again()
        client = broker.client()


def no_retained_messages_at_all(folder):
    broker = Small(folder, "--mqtt-retained", "0")
    client = broker.client()
    client.subscribe(("r", 1))
    expect_equal(client.publish("r", "{", 1), 0, "reason for a message")
    client.take_message("{")
    expect_equal(client.publish("s", "{", 1, retain=True), QUOTA, "reason for a retained one")


def stored_bytes(folder):
    """Retained and queued messages together, with what the tables need for them."""
    limit, part = 2 << 20, "x" * 100000
    broker = Small(folder, "--mqtt-stored", str(limit))
    client = broker.client()
    broker.resume("absent").subscribe(("q/#", 1))
    broker.clients[-1].close()
    for life in range(2):
        queued = rest = 0
        for number in range(30):
            topic, retain = (f"s/{number}", True) if number % 2 else (f"q/{number}", False)
            reason = client.publish(topic, part, 1, retain=retain)
            if reason:
                break
            queued += not retain
        expect_equal(reason, QUOTA, "reason when the store is full")
        expect(0.8 * limit < number * len(part) <= limit, f"{number} messages of 100 kB fitted into 2 MiB")
        while not client.publish(f"s/rest{rest}", part[:5000], 1, retain=True):
            rest += 1  # what is left is less than 10 kB then
        expect_equal(client.publish("q/9", part, 1), QUOTA, "reason for one more in a queue")
        expect_equal(client.publish("s/99", part, 1, retain=True), QUOTA, "reason for one more retained")
        expect_equal(client.publish("q/9", part, 2), QUOTA, "reason at QoS 2")
        expect_equal(client.publish("s/0", part, 1), NOBODY, "reason for what is not to be kept")
        # A queue that takes no more takes no reading away: it is dropped for the queue, and counted.
        before = broker.counter("dropped_queue")
        large = "{" + ",".join(f'"k{i}":"{"r" * 4000}"' for i in range(25)) + "}"
        expect_equal(client.publish("q/reading", large, 1), 0, "reason for a reading that cannot be queued")
        expect_equal(broker.counter("dropped_queue"), before + 1, "messages dropped for the queue")
        expect("q/reading/k24" in broker.server.control().points(), "the reading is not there")
        dropped = broker.counter("dropped")
        client.publish("s/99", part, 0, retain=True)
        client.ping()
        expect_equal(broker.counter("dropped"), dropped + 1, "QoS 0 messages counted as dropped")
        for version in OLD:
            old = broker.client(version=version)
            old.publish("s/0", part, 1)
            old.send(publish("q/9", part, 1, 7, version=version))
            old.take_closed("a message above mqtt.stored in MQTT 3")
        # Who cannot be remembered is told; who needs nothing kept is not concerned.
        broker.open().connect("c" * 60000, reason=QUOTA, properties=HOUR)
        old = broker.open(4)
        old.connect("c" * 60000, reason=3, clean=False)
        broker.client("c" * 60000).subscribe(("y" * 60000, 0))
        # A full store can be emptied, and a message replaced by one that is no larger.
        expect_equal(client.publish("s/1", part, 1, retain=True), 0, "reason for another of the same size")
        expect_equal([client.publish(f"s/{i}", "", 1, retain=True) for i in (1, 3)], [0, 0], "removing")
        expect_equal(client.publish("q/9", "room", 1), 0, "reason when there is room again")
        late = broker.resume("absent")
        expect_equal([p[:4] for p in payloads(late, queued + 1)], ["xxxx"] * queued + ["room"], "what the queue held")
        late.disconnect()
        for topic in [f"s/{i}" for i in range(number)] + [f"s/rest{i}" for i in range(rest)]:
            client.publish(topic, "", 1, retain=True)
        wait_for("the store to be empty", lambda: broker.counter("stored_bytes") == 0)
        broker.again()
        client = broker.client()


def a_large_message_is_kept(folder):
    """One record of the journal holds it: what fits is retained, queued, found after a restart and
    removed when it expires; what does not is refused."""
    broker = Small(folder, "--mqtt-packet", "2M", "--mqtt-queue-bytes", "16M")
    record = 1408 * 1024  # ENGINE_FACTS_BYTES_MAX
    client = broker.client()
    absent = broker.resume("absent")
    absent.subscribe(("large/#", 1))
    absent.close()
    sizes = [1 << 20, record - 256]
    for number, size in enumerate(sizes):
        expect_equal(client.publish(f"large/{number}", "x" * size, 1, retain=True), 0, f"reason for {size} bytes")
    expect_equal(client.publish("large/9", "x" * record, 1, retain=True), QUOTA, "reason for more than a record")
    expect_equal(client.publish("large/9", "x" * record, 2), QUOTA, "reason at QoS 2")
    broker.client(version=4).publish("large/9", "x" * record, 1)  # acknowledged: it never would be taken
    client.publish("large/9", "x" * record, 0)
    for life in range(2):
        late = broker.client()
        late.subscribe(("large/#", 1))
        expect_equal(sorted(len(late.take_message().payload) for _ in sizes), sizes,
                     f"bytes of the retained messages in life {life}")
        broker.again()
    queued = broker.resume("absent")
    expect_equal([len(queued.take_message().payload) for _ in sizes], sizes, "bytes of the queued messages")
    client = broker.client()
    for number, size in enumerate(sizes):
        client.publish(f"large/{number}", "y" * size, 1, retain=True, properties=[("message_expiry", 1)])
    wait_for("the large messages to expire", lambda: broker.counter("retained") == 0)
    client.ping()


def memory(folder):
    """mqtt.memory: partial packets fill it; the one who wants more is told, the others go on."""
    broker = Small(folder, "--mqtt-memory", "1M")
    quiet = broker.client()
    hogs = [broker.client() for _ in range(2)] + [broker.client(version=4)]
    size = 700 * 1024
    head = publish("hog", b"x" * size)
    hogs[0].send(head[:-1])
    wait_for("the first to be held", lambda: broker.counter("memory") > size)
    for hog in hogs[1:]:
        hog.send(head[:-1] if hog.version == 5 else publish("hog", b"x" * size, version=4)[:-1])
        hog.take_disconnect(QUOTA, what="more bytes than mqtt.memory")
    wait_for("what the two held to be free", lambda: broker.counter("memory") < size + 100 * 1024)
    # CONNECT: a client id of 60 KB until there is no room for one more.
    names, refused = [], None
    while refused is None and len(names) < 12:
        client = broker.open()
        client.send(connect(f"{len(names):060000d}"))
        found = client.take(CONNACK)
        names.append(found.reason)
        refused = found.reason or None
    expect_equal((names[0], refused), (0, QUOTA), "CONNACK at both sides")
    old = broker.open(4)
    old.send(connect("9" * 60000, 4))
    expect_equal(old.take(CONNACK).reason, 3, "CONNACK of MQTT 3")
    old.take_closed("who was refused")
    expect(broker.counter("memory") <= 1 << 20, "more than mqtt.memory is held")
    quiet.publish("quiet", "1", 1)
    hogs[0].send(head[-1:])  # the first goes on where it was
    hogs[0].ping()
    broker.close()
    wait_for("the memory to be given back", lambda: broker.counter("memory") == 0)


def memory_of_subscriptions(folder):
    """Those of one session take a sixteenth of mqtt.memory, all together half of it."""
    broker, limit = Small(folder, "--mqtt-memory", "1M"), 1 << 20
    filters = [(f"{i:03d}/" + "x" * 96, 0) for i in range(500)]
    taken = []
    for number in range(12):
        keep, version = number % 2, 4 if number % 3 else 5
        client = broker.resume(f"kept{number}", version) if keep else broker.client(version=version)
        before = broker.counter("memory")
        reasons = subscribe_reasons(client, filters)
        count = reasons.index(reasons[-1])
        expect_equal(reasons, [0] * count + [QUOTA if version == 5 else 0x80] * (500 - count), "the codes of SUBACK")
        taken.append(count)
        used = broker.counter("memory")
        expect(used - before <= limit // 16, f"subscriptions of one session take {used - before} bytes")
        expect(used <= limit // 2 + 4096, f"{used} bytes of {limit} are taken by subscriptions")
    expect(len(set(taken[:6])) == 1 and 100 < taken[0] < 300 and taken[-1] == 0, f"filters of each session: {taken}")
    client.publish("other", "1", 1)
    broker.client().publish("other", "2", 1)
    broker.clients[0].unsubscribe(*(name for name, _ in filters[:50]))
    client.subscribe((filters[0][0], 0))


def user_properties(folder):
    broker = Small(folder)
    client = broker.client()
    client.subscribe(("u", 1))
    pairs = [("user", (str(i), "v")) for i in range(65)]
    expect_equal(client.publish("u", "x", 1, properties=pairs[:64]), 0, "reason for 64 user properties")
    expect_equal(len(client.take_message("x").every("user")), 64, "user properties that arrived")
    client.send(publish("u", "x", 1, 9, properties=pairs))
    client.take_disconnect(QUOTA, what="65 user properties")
    broker.refuses_connect("a CONNECT with 65 user properties", connect("c", properties=pairs), QUOTA)


# ---- readings -------------------------------------------------------------------------------------------

def refused(broker):
    return {entry["topic"]: entry["reason"] for entry in broker.server.control().ask(ask="refused")["refused"]}


def what_a_limit_refuses_as_a_reading_is_a_message(folder):
    """Topic, time, size and number of points: 0x10 when nobody gets it, else 0, and listed either way."""
    broker = Small(folder, "--points-max", "3", "--points-per-connection", "2")
    client = broker.client()
    expect_equal(client.publish("p/1", "1", 1), 0, "reason for the first point")
    expect_equal(client.publish("p/2", '{"x":"' + "y" * 4096 + '"}', 1), 0, "reason for a text of 4,096 bytes")
    cases = [("p/3", "1", "points_connection"), ("p/2", '{"x":"' + "y" * 4097 + '"}', "not_a_reading"),
             ("/".join("t" * 17), "1", "topic_invalid"), ("t" * 129, "1", "topic_invalid"),
             ("p/1", '{"ts":7258118400,"a":1}', "time_range"),
             ("p/4", "{" + ",".join(f'"k{i}":1' for i in range(257)) + "}", "not_a_reading")]
    for topic, payload, reason in cases:
        expect_equal(client.publish(topic, payload, 1), NOBODY, f"reason for {reason}, which nobody gets")
        expect_equal(client.publish(topic, payload, 2), NOBODY, f"reason for {reason} at QoS 2")
        expect_equal(refused(broker).get(topic), reason, f"the list of refusals for {topic[:20]}")
        expect_equal(broker.client(version=4).publish(topic, payload, 1), 0, "PUBACK of MQTT 3")
    other = broker.client()
    expect_equal(other.publish("p/3", "1", 1), 0, "reason for the third point")
    expect_equal(other.publish("p/5", "1", 1), NOBODY, "reason for the fourth")
    expect_equal(refused(broker)["p/5"], "points_max", "the list of refusals")
    client.subscribe(("#", 2))
    for topic, payload, reason in cases + [("p/5", "1", "points_max")]:
        expect_equal(other.publish(topic, payload, 1), 0, f"reason for {reason}, which someone gets")
        client.take_message(payload, topic)
    expect_equal(sorted(broker.server.control().points()), ["p/1", "p/2/x", "p/3"], "the points")


def readings_by_size_and_rate(folder):
    broker = Small(folder)
    client = broker.client()
    texts = ['{' + ",".join(f'"k{i}":"{"y" * 4096}"' for i in range(count)) + "}" for count in (120, 140)]
    expect_equal([client.publish(f"big/{i}", payload, 1) for i, payload in enumerate(texts)], [0, NOBODY],
                 "reasons at both sides of 512 KiB for one object")
    expect_equal(refused(broker), {"big/1": "too_large"}, "the list of refusals")
    broker.again("--points-new-per-second", "2")
    client = broker.client()
    expect_equal([client.publish(f"new/{i}", "1", 1) for i in range(3)], [0, 0, NOBODY], "reasons of three new points")
    expect_equal(refused(broker), {"new/2": "points_rate"}, "the list of refusals")
    wait_for("the next second", lambda: client.publish("new/2", "1", 1) == 0)


def a_value_of_another_type(folder):
    """The sender of a value that cannot be kept is told, unless someone gets it as a message."""
    broker = Small(folder)
    client = broker.client()
    expect_equal(client.publish("t", "1", 1), 0, "reason for a number")
    for qos in (1, 2):
        expect_equal(client.publish("t", '"open"', qos), 0x99, "reason for a text, which nobody gets")
    for version in OLD:
        expect_equal(broker.client(version=version).publish("t", '"open"', 1), 0, "PUBACK of MQTT 3")
    expect_equal(refused(broker), {"t": "type"}, "the list of refusals")
    expect_equal(client.publish("t", '"open"', 1, retain=True), 0, "reason for a text that is retained")
    client.subscribe(("t", 0))
    client.take_message('"open"')
    for qos in (1, 2):
        expect_equal(client.publish("t", '"shut"', qos), 0, "reason for a text, which someone gets")
        client.take_message('"shut"')
    expect_equal(broker.server.control().points()["t"]["value"], 1, "the point")


def what_is_never_taken(folder):
    """The server's own topics, and a payload that says it is UTF-8 and is not: with readers or without."""
    broker = Small(folder)
    client = broker.client()
    for _ in range(2):
        for qos in (1, 2):
            expect_equal(client.publish("$SYS/x", "1", qos), 0x90, "reason for a topic of the server")
            expect_equal(client.publish("u", b"\xff", qos, properties=[("payload_format", 1)]), 0x99,
                         "reason for a payload that is no UTF-8")
        dropped = broker.counter("dropped")
        client.publish("$SYS/x", "1")
        client.ping()
        expect_equal(broker.counter("dropped"), dropped + 1, "QoS 0 messages counted as dropped")
        for version in OLD:
            expect_equal(broker.client(version=version).publish("$SYS/x", "1", 1), 0, "PUBACK of MQTT 3")
        client.expect_nothing("a message that was refused")
        client.subscribe(("u", 0), ("$SYS/x", 0))
    expect_equal(client.publish("u", "ok", 1, properties=[("payload_format", 1)]), 0, "reason for UTF-8")
    client.take_message("ok")


# ---- connections and packets ---------------------------------------------------------------------------

def connections(folder):
    broker = Small(folder, "--mqtt-connections", "3")
    clients = [broker.client() for _ in range(3)]
    one_more = broker.open()
    one_more.take_closed("the fourth connection")
    wait_for("it to be counted", lambda: broker.counter("turned_away") == 1)
    clients[0].disconnect()
    wait_for("it to be gone", lambda: broker.counter("connections") == 2)
    broker.client().ping()


def packet_size(folder):
    broker = Small(folder, "--mqtt-packet", "4K")
    for version in (5, 4, 3):
        client = broker.client(version=version)
        if version == 5:
            expect_equal(client.connack.property("packet_maximum"), 4096, "the maximum in CONNACK")
        room = 4096 - len(publish("p", "", 1, 1, version=version)) - 1  # a length of two bytes
        whole = publish("p", "x" * room, 1, 1, version=version)
        expect_equal(len(whole), 4096, "the size of the packet")
        client.send(whole)
        client.take_answer(PUBACK, 1)
        client.send(publish("p", "x" * (room + 1), 1, 2, version=version)[:9])  # its head is enough
        client.take_disconnect(0x95, what="a packet of 4,097 bytes")
    broker.open().send(connect("c" * 5000))
    broker.clients[-1].take_closed("a CONNECT of 5,000 bytes")


def topic_aliases(folder):
    broker = Small(folder, "--mqtt-topic-alias-maximum", "2")
    client = broker.client(properties=[("alias_maximum", 9)])
    expect_equal(client.connack.property("alias_maximum"), 2, "the maximum in CONNACK")
    client.subscribe(("a/#", 0))
    for number in (1, 2):
        client.publish(f"a/{number}", "x", 1, properties=[("alias", number)])
        client.publish("", "y", 1, properties=[("alias", number)])
    client.publish("a/3", "x", 1)
    found = [client.take_message() for _ in range(5)]
    expect_equal([(m.topic, m.property("alias")) for m in found],
                 [("a/1", 1), ("", 1), ("a/2", 2), ("", 2), ("a/3", None)], "topics and aliases of the server")
    client.send(publish("a/3", "x", 1, 9, properties=[("alias", 3)]))
    client.take_disconnect(0x94, what="alias 3 of 2")
    broker.again("--mqtt-topic-alias-maximum", "0")
    client = broker.client(properties=[("alias_maximum", 9)])
    expect_equal(client.connack.property("alias_maximum") or 0, 0, "the maximum in CONNACK when there are none")
    client.subscribe(("a", 0))
    client.publish("a", "x", 1)
    expect_equal(client.take_message().property("alias"), None, "an alias of the server when there are none")
    client.send(publish("a", "x", 1, 9, properties=[("alias", 1)]))
    client.take_disconnect(0x94, what="alias 1 of none")


def session_expiry(folder):
    broker = Small(folder, "--mqtt-session-expiry-max", "2")
    client = broker.client("five", clean=False, properties=[("session_expiry", 3)])
    expect_equal(client.connack.property("session_expiry"), 2, "the expiry in CONNACK")
    client.close()
    broker.client("less", clean=False, properties=[("session_expiry", 1)]).close()
    for version in OLD:
        broker.client(f"old{version}", version, clean=False).close()
    for version in (5, *OLD):
        name = "five" if version == 5 else f"old{version}"
        again = broker.client(name, version, clean=False, **({"properties": HOUR} if version == 5 else {}))
        expect(again.connack.session_present or version == 3, f"the session of {name} is gone before its time")
        again.close()
    expect(broker.counter("sessions") >= 3, "sessions are gone before their time")
    wait_for("all to expire", lambda: broker.counter("sessions") == 0)
    for version in (5, *OLD):
        name = "five" if version == 5 else f"old{version}"
        client = broker.client(name, version, clean=False)
        expect(not client.connack.session_present, f"the session of {name} is there")
        client.close()
    wait_for("all to expire", lambda: broker.counter("sessions") == 0)
    broker.again("--mqtt-session-expiry-max", "0")
    expect_equal(broker.client("none", properties=HOUR).connack.property("session_expiry"), 0, "the expiry of nobody")
    broker.client("none", 4, clean=False).close()
    expect_equal(broker.counter("sessions"), 0, "sessions where none is kept")


# ---- what is read, what is told ------------------------------------------------------------------------

def readings_by_filter(folder):
    settings = folder + "/settings"
    with open(settings, "w", encoding="utf-8") as file:
        file.write('readings.match = "site/#  plant/+/level"\n')
    broker = Small(folder, "--config", settings)
    client = broker.client()
    client.subscribe(("#", 1))
    topics = ("site", "site/a/b", "plant/1/level", "plant/1/other", "plants", "other")

    def points():
        return sorted(broker.server.control().points())

    for topic in topics:
        expect_equal(client.publish(topic, "1", 1), 0, f"reason for {topic}")
        client.take_message("1", topic)
    expect_equal(points(), ["plant/1/level", "site", "site/a/b"], "the points")
    expect_equal(broker.server.control().ask(ask="refused")["refused"], [], "refusals of what is no reading by its topic")
    with open(settings, "w", encoding="utf-8") as file:
        file.write('readings.match = $\n')
    os.kill(broker.server.process.pid, signal.SIGHUP)
    wait_for("the new setting", lambda: "reload" in broker.server.log().lower() or "settings" in broker.server.log())
    client.publish("site/new", "1", 1)
    client.take_message("1", "site/new")
    expect_equal(points(), ["plant/1/level", "site", "site/a/b"], "the points when nothing is a reading")


def own_topics(folder):
    broker = Small(folder, "--mqtt-sys-interval", "1s")
    client = broker.client()
    client.subscribe(("$SYS/broker/uptime", 0))
    first = client.take_message()
    expect_equal(first.retain, 1, "RETAIN of the first value")
    expect(client.take_message().payload != first.payload, "the next value is the same")
    for version in (5, 4):
        publisher = broker.client(version=version)
        expect_equal(publisher.publish("$SYS/broker/uptime", "x", 1), 0x90 if version == 5 else 0,
                     f"reason for the server's own topic in version {version}")
    broker.again("--mqtt-sys-interval", "0")
    client = broker.client()
    client.subscribe(("$SYS/#", 0))
    time.sleep(0.3 * SLOWER)
    client.expect_nothing("a value when there are none")


if __name__ == "__main__":
    play(sessions, subscriptions_of_a_session, subscriptions_of_all, filters_of_a_packet_in_mqtt_3, levels,
         subscription_identifiers, queue_of_an_absent_client, queue_through_a_restart,
         queue_of_a_client_that_does_not_answer, queue_bytes, queue_of_qos_0, messages_in_flight,
         what_a_limit_refuses_as_a_reading_is_a_message, readings_by_size_and_rate, a_value_of_another_type,
         what_is_never_taken, retained_topics, no_retained_messages_at_all, stored_bytes,
         a_large_message_is_kept, memory, memory_of_subscriptions, user_properties, connections, packet_size, topic_aliases,
         session_expiry, readings_by_filter, own_topics)
