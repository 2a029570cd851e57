"""Sessions through kill -9 of the server, byte by byte, in 3.1.1 and in 5: what was not acknowledged
comes again under its packet identifier, QoS 2 goes on where it stood and never delivers twice, what was
queued comes, retained messages and subscriptions are there, wills of the connections that broke are
published. A load shows that whatever the server acknowledged reaches those who were subscribed."""

import glob
import os
import struct
import subprocess
import sys
import threading
import time

from broker import ON_MOSQUITTO, again, start
from house import (PATIENCE_S, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, Published, Raw, answer_packet,
                   connect_packet, expect, expect_equal, note, packet, play, publish_packet, text, wait_for)

SABOTAGED = os.environ.get("MAINSTEM_SABOTAGED", "")
VERSIONS = (4, 5)
NO_LOCAL, AS_PUBLISHED = 4, 8  # subscription options of MQTT 5


def expiry(seconds):
    return b"\x11" + struct.pack(">I", seconds)


def session(server, version, name, present=None, clean=False, **options):
    """A connection with a session that is kept for an hour; expects what CONNACK says of it."""
    if version == 5:
        options.setdefault("properties", expiry(3600))
    raw = Raw(server, version, client_id=name, clean=clean, **options)
    if present is not None:
        expect_equal(raw.connack[0], int(present), f"session present of {name} (version {version})")
    return raw


def will_flags(qos=1, retain=False, clean=False):
    return 4 | qos << 3 | (32 if retain else 0) | (2 if clean else 0)


def connect_with_will(server, version, name, topic, payload, delay=None, retain=False):
    """A session with a will of QoS 1; the will comes after the client identifier in CONNECT."""
    raw = Raw(server, version, connect=False)
    start_of = connect_packet(version, name, flags=will_flags(retain=retain),
                              properties=expiry(3600) if version == 5 else b"")
    body = start_of[2:]
    if version == 5:
        properties = b"" if delay is None else b"\x18" + struct.pack(">I", delay)
        body += bytes([len(properties)]) + properties
    raw.send(packet(1, 0, body + text(topic) + text(payload)))
    answer = raw.take()
    expect(answer and answer[0] == 2 and answer[2][1] == 0, f"CONNACK of {name}: {answer}")
    return raw


def publish_each(server, version, topic, numbers, qos=1):
    """Publishes numbers one by one and waits for the whole handshake of each."""
    sender = Raw(server, version)
    for number in numbers:
        if qos < 2:
            sender.publish(topic, str(number), qos=qos)
        else:
            publish_twice_sure(sender, topic, str(number), number % 65535 + 1)
    sender.close()


def publish_twice_sure(sender, topic, payload, packet_id):
    sender.send(publish_packet(topic, payload, 2, packet_id, sender.version))
    expect(sender.take_answer(PUBREC, packet_id) < 0x80, "PUBREC refuses the message")
    sender.send(answer_packet(PUBREL, packet_id))
    sender.take_answer(PUBCOMP, packet_id)


def take_all(raw, count, what):
    found = []
    for _ in range(count):
        try:
            found.append(raw.take_publish())
        except Exception as fault:
            fault.args = (f"{what}: {fault}; before it came {found}",)
            raise
    return found


def drain(server, raw, until="until/now"):
    """Acknowledges all that comes until a message sent now has come; returns what came before it, each
    QoS 2 message when its PUBREL came. raw is subscribed to `until`."""
    publish_each(server, raw.version, until, [0], qos=1)
    came, open_messages, at_end = [], {}, False
    while not at_end or open_messages:
        answer = raw.take()
        expect(answer is not None, f"the connection closed while messages came: {came[-5:]}")
        kind, flags, body = answer
        if kind == PUBLISH:
            message = Published(flags, body, raw.version)
            if message.qos == 2:
                open_messages.setdefault(message.packet_id, message)
                raw.send(answer_packet(PUBREC, message.packet_id))
                continue
            raw.send(answer_packet(PUBACK, message.packet_id))
            at_end = at_end or message.topic == until
            came += [message] if message.topic != until else []
        else:
            expect_equal(kind, PUBREL, "the packet that is no PUBLISH")
            packet_id = struct.unpack(">H", body[:2])[0]
            raw.send(answer_packet(PUBCOMP, packet_id))
            if packet_id in open_messages:
                came.append(open_messages.pop(packet_id))
    return came


def in_each_version(scenario):
    def run(folder):
        for version in VERSIONS:
            scenario(f"{folder}/{version}", version)
    run.__name__ = scenario.__name__
    return run


# ---- to subscribers -----------------------------------------------------------------------------------

@in_each_version
def unacknowledged_messages_come_again(folder, version):
    server = start(folder)
    raw = session(server, version, "reader", present=False)
    expect_equal(raw.subscribe(("again/#", 2), ("until/now", 1)), [2, 1], "SUBACK")
    publish_each(server, version, "again/1", range(5), qos=1)
    publish_each(server, version, "again/2", range(5), qos=2)
    first = take_all(raw, 10, "ten messages that are not acknowledged")
    expect(not any(message.dup for message in first), f"DUP at the first time: {first}")
    expect_equal(len({message.packet_id for message in first}), 10, "ten packet identifiers")
    server = again(server)
    raw = session(server, version, "reader", present=True)
    second = take_all(raw, 10, "the same ten after a kill")
    expect_equal([(message.packet_id, message.payload, message.qos) for message in second],
                 [(message.packet_id, message.payload, message.qos) for message in first],
                 "packet identifiers, payloads and qualities after a kill")
    expect(all(message.dup for message in second), f"without DUP: {second}")
    publish_each(server, version, "again/1", range(5, 8), qos=1)
    new = take_all(raw, 3, "three new messages")
    expect(not {message.packet_id for message in new} & {message.packet_id for message in first},
           f"packet identifiers that are still in use were given to new messages: {new}")
    expect(not any(message.dup for message in new), f"DUP on new messages: {new}")
    server = again(server)
    raw = session(server, version, "reader", present=True)
    came = drain(server, raw)
    for topic, wanted in (("again/1", range(8)), ("again/2", range(5))):
        expect_equal([int(message.payload) for message in came if message.topic == topic], list(wanted),
                     f"{topic} after the second kill, now acknowledged")


@in_each_version
def a_message_received_twice_is_delivered_once(folder, version):
    """After PUBREC the server has given the message away: it must never send that PUBLISH again."""
    server = start(folder)
    raw = session(server, version, "exact", present=False)
    raw.subscribe(("exact", 2), ("until/now", 1))
    publish_each(server, version, "exact", range(3), qos=2)
    messages = take_all(raw, 3, "three messages")
    ids = [message.packet_id for message in messages]
    for packet_id in ids[:2]:
        raw.send(answer_packet(PUBREC, packet_id))
        raw.take_answer(PUBREL, packet_id)
    server = again(server)
    raw = session(server, version, "exact", present=True)
    found = [raw.take() for _ in range(3)]
    expect_equal([(kind, struct.unpack(">H", body[:2])[0]) for kind, _, body in found if kind == PUBREL],
                 [(PUBREL, packet_id) for packet_id in ids[:2]], "PUBREL for what was received, after a kill")
    rest = [Published(flags, body, version) for kind, flags, body in found if kind == PUBLISH]
    expect_equal([(message.packet_id, message.payload, message.dup) for message in rest], [(ids[2], "2", 1)],
                 "PUBLISH for what was not received")
    raw.send(answer_packet(PUBREC, ids[2]))
    raw.take_answer(PUBREL, ids[2])
    for packet_id in ids:
        raw.send(answer_packet(PUBCOMP, packet_id))
    expect_equal(drain(server, raw), [], "nothing is left")
    server = again(server)
    raw = session(server, version, "exact", present=True)
    # PUBREL may come again, when its PUBCOMP was not on the disk; a PUBLISH may not.
    expect_equal(drain(server, raw), [], "nothing is delivered twice")


@in_each_version
def what_was_queued_comes_in_order(folder, version):
    server = start(folder)
    raw = session(server, version, "away", present=False)
    raw.subscribe(("queue/#", 2), ("until/now", 1))
    raw.close()
    for life in range(3):
        publish_each(server, version, "queue/1", range(life * 100, life * 100 + 100), qos=1)
        publish_each(server, version, "queue/2", range(life * 20, life * 20 + 20), qos=2)
        server = again(server)
    raw = session(server, version, "away", present=True)
    came = drain(server, raw)
    for topic, count in (("queue/1", 300), ("queue/2", 60)):
        expect_equal([int(message.payload) for message in came if message.topic == topic], list(range(count)),
                     f"{topic}, queued through three kills")
    expect_equal(drain(server, raw), [], "and nothing after it")


@in_each_version
def subscriptions_keep_their_options(folder, version):
    server = start(folder)
    raw = session(server, version, "options", present=False)
    options = NO_LOCAL | AS_PUBLISHED if version == 5 else 0
    identifier = b"\x0b\x2a" if version == 5 else b""
    raw.subscribe(("o/+/x", 1 | options), properties=identifier)
    raw.subscribe(("$share/team/s/#", 1), ("gone/#", 1), ("until/now", 1))
    raw.packet_id += 1
    body = struct.pack(">H", raw.packet_id) + (b"\x00" if version == 5 else b"") + text("gone/#")
    raw.send(packet(10, 2, body))
    raw.take_answer(11, raw.packet_id)
    server = again(server)
    raw = session(server, version, "options", present=True)
    raw.packet_id = 100
    raw.publish("o/own/x", "own", qos=1) if version == 5 else None
    other = Raw(server, version)
    for topic in ("o/1/x", "o/1/y", "s/1", "gone/1"):
        other.send(publish_packet(topic, "x", 1, 9, version, flags=3))  # QoS 1, retain
        other.take_answer(PUBACK, 9)
    came = drain(server, raw)
    # Mosquitto 2.0.11 forgets shared subscriptions when it ends.
    wanted = ["o/1/x"] if ON_MOSQUITTO else ["o/1/x", "s/1"]
    expect_equal([message.topic for message in came], wanted, "what the subscriptions match")
    if version == 5:
        expect_equal(came[0].retain, 1, "retain as published")
        expect(b"\x0b\x2a" in came[0].properties, f"no subscription identifier in {came[0].properties}")


@in_each_version
def a_clean_start_forgets(folder, version):
    server = start(folder)
    session(server, version, "forgets", present=False).subscribe(("f", 1))
    publish_each(server, version, "f", range(3))
    server = again(server)
    session(server, version, "forgets", clean=True, present=False).close()
    server = again(server)
    # MQTT 5: the session that began with a clean start is kept for an hour like any other. Mosquitto
    # 2.0.11 does not write it.
    raw = session(server, version, "forgets", present=version == 5 and not ON_MOSQUITTO)
    raw.subscribe(("until/now", 1))
    expect_equal(drain(server, raw), [], "messages of the session that was forgotten")


def sessions_expire_while_the_server_is_down(folder):
    server = start(folder)
    for name, seconds in (("short", 1), ("long", 3600)):
        raw = session(server, 5, name, properties=expiry(seconds))
        raw.subscribe(("x", 1))
        raw.close()
    server.kill()
    time.sleep(2.5)  # the second after which the session ends
    server = again(server)
    time.sleep(1.2)  # sessions may be looked at once a second
    session(server, 5, "long", present=True)
    # Mosquitto 2.0.11 starts to count again when a client comes that had a session.
    session(server, 5, "short", present=None if ON_MOSQUITTO else False)


# ---- from publishers ----------------------------------------------------------------------------------

@in_each_version
def a_message_sent_twice_is_published_once(folder, version):
    server = start(folder)
    reader = session(server, version, "reader")
    reader.subscribe(("once", 2), ("until/now", 1))
    sender = session(server, version, "sender", present=False)
    sender.send(publish_packet("once", "a", 2, 11, version))
    sender.take_answer(PUBREC, 11)
    sender.send(publish_packet("once", "b", 2, 12, version))
    sender.take_answer(PUBREC, 12)
    sender.send(answer_packet(PUBREL, 12))
    sender.take_answer(PUBCOMP, 12)
    server = again(server)
    sender = session(server, version, "sender", present=True)
    # The client did not see the PUBREC of 11 and sends it again; DUP, and the same identifier.
    sender.send(publish_packet("once", "a", 2, 11, version, flags=8 | 4))
    expect(sender.take_answer(PUBREC, 11) < 0x80, "PUBREC after a kill")
    sender.send(answer_packet(PUBREL, 11))
    sender.take_answer(PUBCOMP, 11)
    server = again(server)
    sender = session(server, version, "sender", present=True)
    # Nor the PUBCOMP: PUBREL again. The answer must come; that the identifier is unknown is fine (0x92).
    sender.send(answer_packet(PUBREL, 11))
    expect(sender.take_answer(PUBCOMP, 11) in (0, 0x92), "PUBCOMP for a PUBREL that comes again")
    reader = session(server, version, "reader", present=True)
    came = [message.payload for message in drain(server, reader)]
    expect_equal(sorted(came), ["a", "b"], "what was published, through two kills")


# ---- what belongs to no session -----------------------------------------------------------------------

@in_each_version
def retained_messages_survive(folder, version):
    server = start(folder)
    sender = Raw(server, version)
    properties = b"\x03" + text("text/plain") + b"\x26" + text("k") + text("v") if version == 5 else b""
    for number in range(100):
        sender.send(publish_packet(f"keep/{number}", f"value {number}", 1, 1, version, properties, flags=3))
        sender.take_answer(PUBACK, 1)
    for number in range(0, 100, 2):
        sender.send(publish_packet(f"keep/{number}", b"", 1, 1, version, flags=3))
        sender.take_answer(PUBACK, 1)
    for _ in range(2):
        server = again(server)
        reader = Raw(server, version)
        reader.subscribe(("keep/+", 0))
        came = {message.topic: message for message in take_all(reader, 50, "fifty retained messages")}
        expect_equal(sorted(came), sorted(f"keep/{number}" for number in range(1, 100, 2)), "retained topics")
        for number in range(1, 100, 2):
            message = came[f"keep/{number}"]
            expect_equal((message.payload, message.retain, message.properties),
                         (f"value {number}", 1, properties), message.topic)
        reader.ping()  # nothing more comes: PINGRESP is the next packet


@in_each_version
def wills_of_broken_connections_are_published(folder, version):
    """The kill broke the connections; the server owes their wills when it is back."""
    if ON_MOSQUITTO:
        return  # Mosquitto forgets wills when it ends
    server = start(folder)
    reader = session(server, version, "reader")
    reader.subscribe(("will/#", 1), ("until/now", 1))
    connect_with_will(server, version, "dies", "will/dies", "gone", retain=True)
    leaves = connect_with_will(server, version, "leaves", "will/leaves", "wrong")
    leaves.send(b"\xe0\x00")  # DISCONNECT takes the will away
    expect_equal(leaves.take(), None, "after DISCONNECT the server closes")
    if version == 5:
        connect_with_will(server, version, "late", "will/late", "wrong", delay=3600)
        connect_with_will(server, version, "returns", "will/returns", "wrong", delay=2)
        connect_with_will(server, version, "soon", "will/soon", "gone", delay=2)
    server = again(server)
    reader = session(server, version, "reader", present=True)
    if version == 5:
        session(server, version, "returns", present=True)
    wanted = ["will/dies"] + (["will/soon"] if version == 5 else [])
    found = []
    for topic in wanted:
        message = reader.take_publish(seconds=max(PATIENCE_S, 10))
        reader.send(answer_packet(PUBACK, message.packet_id))
        found.append((message.topic, message.payload, message.qos))
    expect_equal(found, [(topic, "gone", 1) for topic in wanted], "the wills after a kill")
    expect_equal(drain(server, reader), [], "and no other will")
    late = Raw(server, version)
    late.subscribe(("will/#", 1))
    expect_equal([(message.topic, message.retain) for message in take_all(late, 1, "the retained will")],
                 [("will/dies", 1)], "the retained will")
    server = again(server)
    reader = session(server, version, "reader", present=True)
    expect_equal(drain(server, reader), [], "no will comes a second time after a second kill")


# ---- snapshots ----------------------------------------------------------------------------------------

def lane_bytes(server, lane):
    """What a lane takes on the disk, open segments aside."""
    return sum(map(os.path.getsize, glob.glob(f"{server.data}/journal/*.{lane}")))


def wait_snapshots(server, sender, count):
    """Publishes readings until so many new snapshots have been written."""
    if ON_MOSQUITTO:
        return
    seen, began = set(), set(glob.glob(server.data + "/snapshots/*"))

    def look():
        sender.publish("filler", str(time.monotonic()))
        seen.update(set(glob.glob(server.data + "/snapshots/*")) - began)
        return len(seen) >= count
    wait_for(f"{count} snapshots", look, 2 * PATIENCE_S)


def take_again(raw, ids):
    """What comes for these packet identifiers, one packet each; others may come between."""
    found = []
    while len(found) < len(ids):
        answer = raw.take()
        expect(answer is not None, f"the connection closed; before it came {found}")
        kind, flags, body = answer
        if kind == PUBLISH:
            message = Published(flags, body, raw.version)
            packet_id, told = message.packet_id, (message.payload, message.dup)
        else:
            packet_id, told = struct.unpack(">H", body[:2])[0], ("", 0)
        if packet_id in ids:
            found.append((kind, packet_id, *told))
    return found


@in_each_version
def sessions_come_from_snapshots(folder, version):
    """The journal's records are gone, released, when the server is killed: all comes from a snapshot."""
    server = start(folder, "--snapshot-interval", "1s", "--snapshot-journal-bytes", "1M",
                   "--journal-segment-max", "4M", mosquitto="max_queued_messages 100000")
    reader = session(server, version, "reader", present=False)
    reader.subscribe(("snap", 2), ("until/now", 1))
    publish_each(server, version, "snap", range(3), qos=2)
    ids = [message.packet_id for message in take_all(reader, 3, "three messages")]
    reader.send(answer_packet(PUBREC, ids[0]))
    reader.take_answer(PUBREL, ids[0])
    session(server, version, "away", present=False).subscribe(("bulk", 1), ("until/now", 1))
    sender = session(server, version, "sender", present=False)
    sender.send(publish_packet("snap", "open", 2, 77, version))
    sender.take_answer(PUBREC, 77)
    bulk = Raw(server, version)
    for number in range(100):
        bulk.send(publish_packet(f"keep/{number}", f"{number}" * 500, 1, 1, version, flags=3))
        bulk.take_answer(PUBACK, 1)
    for first in range(1, 3001, 100):
        bulk.send(b"".join(publish_packet("bulk", f"{number:05}" + "." * 2000, 1, number, version)
                           for number in range(first, first + 100)))
        for number in range(first, first + 100):
            bulk.take_answer(PUBACK, number)
    wait_snapshots(server, bulk, 2)
    server = again(server)
    if not ON_MOSQUITTO:
        expect("snapshot at position 0 " not in server.log(), "the server did not start from a snapshot")
    reader = session(server, version, "reader", present=True)
    expect_equal(sorted(take_again(reader, ids)), [(PUBLISH, ids[1], "1", 1), (PUBLISH, ids[2], "2", 1),
                                                   (PUBREL, ids[0], "", 0)], "what comes again")
    sender = session(server, version, "sender", present=True)
    sender.send(publish_packet("snap", "open", 2, 77, version, flags=8 | 4))
    expect(sender.take_answer(PUBREC, 77) < 0x80, "PUBREC for the message that comes again")
    sender.send(answer_packet(PUBREL, 77))
    sender.take_answer(PUBCOMP, 77)
    reader.close()
    came = drain(server, session(server, version, "reader", present=True))
    expect_equal([message.payload for message in came], ["1", "2", "open"], "each QoS 2 message once")
    came = drain(server, session(server, version, "away", present=True))
    expect_equal([int(message.payload[:5]) for message in came], list(range(1, 3001)), "the queue")
    late = Raw(server, version)
    late.subscribe(("keep/+", 0))
    found = {message.topic: message.payload for message in take_all(late, 100, "the retained messages")}
    expect_equal(found, {f"keep/{number}": f"{number}" * 500 for number in range(100)}, "retained messages")
    late.close()
    if not ON_MOSQUITTO:
        # Six megabytes were queued and are delivered: the journal lets them go when two snapshots know it.
        filler = Raw(server, version)
        wait_snapshots(server, filler, 2)
        wait_for("the delivered messages to leave the journal",
                 lambda: filler.publish("filler", "1") == 0 and lane_bytes(server, "messages") < 2 << 20)


# ---- load ---------------------------------------------------------------------------------------------

class Sender:
    """Publishes numbers at QoS 1 with a window, as fast as it goes, and remembers how far the server
    acknowledged; ends when the connection breaks."""

    def __init__(self, server, topic, first):
        self.server, self.topic, self.first, self.sent, self.acked = server, topic, first, first, first
        self.fault = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            raw = Raw(self.server, 4)
            while True:
                while self.sent - self.acked < 50:
                    self.sent += 1
                    raw.send(publish_packet(self.topic, str(self.sent), 1, self.sent % 65535 + 1))
                answer = raw.take()
                if not answer:
                    return
                expect_equal((answer[0], struct.unpack(">H", answer[2][:2])[0]),
                             (PUBACK, (self.acked + 1) % 65535 + 1), "the order of acknowledgements")
                self.acked += 1
        except OSError:
            pass  # the kill
        except Exception as fault:
            self.fault = fault


@in_each_version
def whatever_was_acknowledged_reaches_the_sessions(folder, version):
    server = start(folder)
    names = ["online", "offline"]
    for name in names:
        session(server, version, name, present=False).subscribe(("load/#", 1), ("until/now", 1))
    next_numbers, acked = [0, 0], [set(), set()]
    for _ in range(3):
        online = session(server, version, "online", present=True)
        senders = [Sender(server, f"load/{i}", first) for i, first in enumerate(next_numbers)]
        seen = 0
        # So many messages until the kill that it falls into the load.
        while seen < 300 or any(sender.acked < sender.first + 50 for sender in senders):
            message = online.take_publish()
            if seen % 60:  # some stay unacknowledged, fewer than any window holds
                online.send(answer_packet(PUBACK, message.packet_id))
            seen += 1
        server = again(server)
        for i, sender in enumerate(senders):
            sender.thread.join(PATIENCE_S)
            expect(sender.fault is None, f"the sender of load/{i}: {sender.fault}")
            acked[i].update(range(next_numbers[i] + 1, sender.acked + 1))
            next_numbers[i] = sender.sent
    offline = drain(server, session(server, version, "offline", present=True))
    for i in range(2):
        came = [int(message.payload) for message in offline if message.topic == f"load/{i}"]
        lost = sorted(acked[i] - set(came))
        expect(not lost, f"{len(lost)} of {len(acked[i])} acknowledged messages of load/{i} never came: {lost[:5]}")
        once = list(dict.fromkeys(came))
        expect_equal(once, sorted(once), f"the order of load/{i}")
    note(f"version {version}: {sum(map(len, acked))} acknowledged messages reached a session, through 3 kills")
    drain(server, session(server, version, "online", present=True))


# ---- that these scenarios can fail ----------------------------------------------------------------------

def a_server_that_forgets_its_last_batch_is_found(folder):
    for scenario in (what_was_queued_comes_in_order, a_message_received_twice_is_delivered_once,
                     retained_messages_survive):
        result = subprocess.run([sys.executable, os.path.abspath(__file__), scenario.__name__], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=8 * PATIENCE_S,
                                env={**os.environ, "MAINSTEM": SABOTAGED, "MAINSTEM_SABOTAGE": "drop-last",
                                     "MAINSTEM_PATIENCE_S": "3"})
        expect(result.returncode == 1 and f"FAILED {scenario.__name__}" in result.stdout,
               f"{scenario.__name__} did not find that the last batch was forgotten: {result.stdout[-2000:]}")


if __name__ == "__main__":
    scenarios = [] if ON_MOSQUITTO or not SABOTAGED else [a_server_that_forgets_its_last_batch_is_found]
    play(unacknowledged_messages_come_again, a_message_received_twice_is_delivered_once,
         what_was_queued_comes_in_order, subscriptions_keep_their_options, a_clean_start_forgets,
         sessions_expire_while_the_server_is_down, a_message_sent_twice_is_published_once,
         retained_messages_survive, wills_of_broken_connections_are_published,
         sessions_come_from_snapshots, whatever_was_acknowledged_reaches_the_sessions, *scenarios)
