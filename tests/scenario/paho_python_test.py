"""Eclipse Paho for Python, Debian's library, in 3.1, 3.1.1 and 5: qualities, sessions, subscription
options, properties, wills, takeover, and messages under way while the server is killed."""

import socket
import threading
import time

from broker import ON_MOSQUITTO, again, start
from house import DISCONNECT, PATIENCE_S, Raw, expect, expect_equal, note, play, skip

try:
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    from paho.mqtt.subscribeoptions import SubscribeOptions
except ImportError:
    paho = None


# Mosquitto 2.0.11 stops sending when more QoS 2 messages come at once than its window holds.
WINDOW = "max_inflight_messages 1000"


class Client:
    """A client whose loop runs in a thread and whose messages, acknowledgements and disconnections are
    kept. It reconnects by itself every 50 ms."""

    every = []

    def __init__(self, server, version, name="", kept=False, expiry_s=3600, will=None, **connect):
        self.version = version
        self.messages, self.connections, self.reasons, self.granted = [], [], [], {}
        self.changed = threading.Condition()
        options = {} if version == paho.MQTTv5 else {"clean_session": not kept}
        self.client = paho.Client(client_id=name, protocol=version, **options)
        self.client.reconnect_delay_set(0.05, 0.05)
        self.client.max_inflight_messages_set(100)
        self.client.on_connect, self.client.on_message = self._on_connect, self._on_message
        self.client.on_disconnect, self.client.on_subscribe = self._on_disconnect, self._on_subscribe
        self.client.on_unsubscribe = self._on_unsubscribe
        if will:
            self.client.will_set(**will)
        host, port = server.mqtt.rsplit(":", 1)
        if version == paho.MQTTv5:
            properties = connect.pop("properties", Properties(PacketTypes.CONNECT))
            if kept:
                properties.SessionExpiryInterval = expiry_s
            connect.update(clean_start=not kept, properties=properties)
        self.client.connect(host, int(port), keepalive=30, **connect)
        self.client.loop_start()
        Client.every.append(self)
        self.wait(lambda: self.connections, "CONNACK")

    def _tell(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def _on_connect(self, client, userdata, flags, reason, properties=None):
        code = int(getattr(reason, "value", reason))
        self._tell(lambda: self.connections.append((flags["session present"], code, properties)))

    def _on_message(self, client, userdata, message):
        self._tell(lambda: self.messages.append(message))

    def _on_disconnect(self, client, userdata, reason, properties=None):
        self._tell(lambda: self.reasons.append(int(getattr(reason, "value", reason))))

    def _on_subscribe(self, client, userdata, packet_id, granted, properties=None):
        codes = [int(getattr(code, "value", code)) for code in granted]
        self._tell(lambda: self.granted.__setitem__(packet_id, codes))

    def _on_unsubscribe(self, client, userdata, packet_id, properties=None, reasons=None):
        reasons = reasons if isinstance(reasons, list) else [reasons]
        codes = [int(getattr(code, "value", code) or 0) for code in reasons]
        self._tell(lambda: self.granted.__setitem__(packet_id, codes))

    def wait(self, ask, what, seconds=None):
        with self.changed:
            expect(self.changed.wait_for(ask, seconds or PATIENCE_S),
                   f"waited in vain for {what}; connections {self.connections}, disconnected {self.reasons}, "
                   f"{len(self.messages)} messages, the last {[told(m) for m in self.messages[-3:]]}")

    def subscribe(self, *arguments, **options):
        result, packet_id = self.client.subscribe(*arguments, **options)
        expect_equal(result, 0, "the result of subscribe")
        self.wait(lambda: packet_id in self.granted, "SUBACK")
        return self.granted.pop(packet_id)

    def unsubscribe(self, *arguments):
        result, packet_id = self.client.unsubscribe(*arguments)
        expect_equal(result, 0, "the result of unsubscribe")
        self.wait(lambda: packet_id in self.granted, "UNSUBACK")
        return self.granted.pop(packet_id)

    def publish(self, topic, payload, qos=1, retain=False, properties=None):
        message = self.client.publish(topic, payload, qos, retain, properties)
        wait_published([message])

    def take(self, count=1):
        """The next messages, which are then gone from the list."""
        self.wait(lambda: len(self.messages) >= count, f"{count} messages")
        with self.changed:
            taken, self.messages = self.messages[:count], self.messages[count:]
        return taken

    def expect_told(self, wanted, what):
        expect_equal([told(message) for message in self.take(len(wanted))], wanted, what)

    def expect_nothing_before(self, sender, topic, what):
        """Whatever was meant for this client has come when a message sent after it has come."""
        sender.publish(topic, "marker", qos=0)
        expect_equal(told(self.take()[0])[:2], (topic, "marker"), what)

    def break_off(self):
        """Ends the connection as a broken cable does, and does not come back."""
        self.client._thread_terminate = True
        self.client.socket().shutdown(socket.SHUT_RDWR)
        self.client.loop_stop()
        Client.every.remove(self)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
        Client.every.remove(self)


def told(message):
    return message.topic, message.payload.decode(errors="replace"), message.qos, message.retain


def wait_published(messages):
    end = time.monotonic() + 2 * PATIENCE_S
    for message in messages:
        message.wait_for_publish(max(0.01, end - time.monotonic()))
        expect(message.is_published(), "paho got no acknowledgement in time")


def with_clients(scenario):
    """Ends the clients' threads, whatever happens."""
    def run(folder):
        try:
            scenario(folder)
        finally:
            for client in list(Client.every):
                client.client.disconnect()
                client.client.loop_stop()
            Client.every.clear()
    run.__name__ = scenario.__name__
    return run


@with_clients
def every_quality_in_every_version(folder):
    server = start(folder)
    for version in (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5):
        reader, sender = Client(server, version, f"reader{version}"), Client(server, version, f"sender{version}")
        for granted in (0, 1, 2):
            topic = f"q/{version}/{granted}"
            expect_equal(reader.subscribe(topic, granted), [granted], f"SUBACK of version {version}")
            for qos in (0, 1, 2):
                sender.publish(topic, f"\u6c34 {qos}", qos)
                reader.expect_told([(topic, f"\u6c34 {qos}", min(qos, granted), False)],
                                   f"version {version}, sent with {qos}, granted {granted}")


@with_clients
def many_messages_under_way_at_once(folder):
    server = start(folder, mosquitto=WINDOW)
    reader, sender = Client(server, paho.MQTTv311), Client(server, paho.MQTTv5)
    reader.subscribe("many", 2)
    for qos in (1, 2):
        wait_published([sender.client.publish("many", str(number), qos) for number in range(1000)])
        expect_equal([int(message.payload) for message in reader.take(1000)], list(range(1000)),
                     f"the order at QoS {qos}")


@with_clients
def sessions_are_kept_and_end(folder):
    server = start(folder)
    for version in (paho.MQTTv311, paho.MQTTv5):
        topic, name = f"kept/{version}", f"keeper{version}"
        reader = Client(server, version, name, kept=True)
        expect_equal(reader.connections[0][0], 0, "session present of a new session")
        reader.subscribe([(topic, 1), (f"{topic}/two", 2)] if version == paho.MQTTv311 else
                         [(topic, SubscribeOptions(1)), (f"{topic}/two", SubscribeOptions(2))])
        reader.close()
        sender = Client(server, version)
        for number in range(20):
            sender.publish(topic, str(number), number % 3)
        reader = Client(server, version, name, kept=True)
        expect_equal(reader.connections[0][0], 1, "session present after DISCONNECT")
        found = [message.payload.decode() for message in reader.take(13)]
        expect_equal(found, [str(number) for number in range(20) if number % 3], "what was kept, of QoS 1 and 2")
        reader.expect_nothing_before(sender, topic, "QoS 0 is not kept")
        reader.close()
        clean = Client(server, version, name)
        expect_equal(clean.connections[0][0], 0, "session present after a clean start")
        clean.subscribe("end")
        sender.publish(topic, "lost")
        clean.expect_nothing_before(sender, "end", "a clean start forgets the subscriptions")


@with_clients
def subscription_options_of_mqtt_5(folder):
    server = start(folder)
    sender = Client(server, paho.MQTTv5)
    sender.publish("o/a", "old", retain=True)
    for handling, wanted in ((0, (1, 1)), (1, (1, 0)), (2, (0, 0))):
        reader = Client(server, paho.MQTTv5)
        for count in wanted:
            reader.subscribe("o/#", options=SubscribeOptions(1, retainHandling=handling))
            reader.expect_told([("o/a", "old", 1, True)] * count, f"retain handling {handling}")
            reader.expect_nothing_before(sender, "o/m", f"no more with retain handling {handling}")
        reader.close()
    own = Client(server, paho.MQTTv5)
    own.subscribe("p/#", options=SubscribeOptions(2, noLocal=True, retainAsPublished=True))
    own.publish("p/own", "x")
    sender.publish("p/kept", "y", retain=True)
    sender.publish("p/plain", "z")
    own.expect_told([("p/kept", "y", 1, True), ("p/plain", "z", 1, False)], "no local, retain as published")
    expect_equal(own.unsubscribe("p/#"), [0], "UNSUBACK")
    expect_equal(own.unsubscribe("p/#"), [0x11], "UNSUBACK of what is no subscription")


@with_clients
def overlapping_subscriptions_name_themselves(folder):
    server = start(folder)
    reader, sender = Client(server, paho.MQTTv5), Client(server, paho.MQTTv5)
    for identifier, pattern in ((1, "v/#"), (2, "v/+"), (3, "w/#")):
        properties = Properties(PacketTypes.SUBSCRIBE)
        properties.SubscriptionIdentifier = identifier
        reader.subscribe(pattern, options=SubscribeOptions(1), properties=properties)
    sender.publish("v/1", "x")
    sender.publish("end", "x")
    found = []
    while sorted(found) != [1, 2]:  # in one message or in one each, both are allowed
        found += reader.take()[0].properties.SubscriptionIdentifier
        expect(set(found) <= {1, 2} and len(found) <= 2, f"subscription identifiers {found}")
    reader.expect_nothing_before(sender, "w/m", "each subscription matched once")


@with_clients
def the_client_that_takes_over(folder):
    server = start(folder)
    for version in (paho.MQTTv311, paho.MQTTv5):
        first = Client(server, version, f"same{version}", kept=True)
        first.client.reconnect_delay_set(3600, 3600)  # it does not take over in its turn
        first.subscribe("t", 1)
        second = Client(server, version, f"same{version}", kept=True)
        expect_equal(second.connections[0][0], 1, "session present of the client that took over")
        first.wait(lambda client=first: client.reasons, "the end of the client that was taken over")
        second.publish("t", "mine")
        second.expect_told([("t", "mine", 1, False)], "the subscription of the session taken over")
    if not ON_MOSQUITTO:  # 2.0.11 says nothing. Paho overlooks a DISCONNECT with a reason and no more.
        first, _ = Raw(server, 5, client_id="bytes"), Raw(server, 5, client_id="bytes")
        kind, _, body = first.take()
        expect_equal((kind, body[:1]), (DISCONNECT, b"\x8e"), "DISCONNECT of the client that was taken over")


@with_clients
def wills_and_their_delay(folder):
    server = start(folder)
    watcher = Client(server, paho.MQTTv5)
    watcher.subscribe("will/#", 2)
    for version in (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5):
        will = {"topic": f"will/{version}", "payload": "gone", "qos": 2, "retain": True}
        Client(server, version, f"dies{version}", will=will).break_off()
        watcher.expect_told([(f"will/{version}", "gone", 2, False)], f"the will in version {version}")
        Client(server, version, f"leaves{version}", will={"topic": "will/wrong", "payload": "x"}).close()
    properties = Properties(PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = 1
    will = {"topic": "will/delayed", "payload": "gone", "qos": 1, "properties": properties}
    began = time.monotonic()
    Client(server, paho.MQTTv5, "late", kept=True, will=will).break_off()
    watcher.expect_told([("will/delayed", "gone", 1, False)], "the delayed will")
    expect(time.monotonic() - began > 0.95, "the will came before its delay of a second")
    watcher.expect_nothing_before(watcher, "will/m", "no will of clients that said DISCONNECT")


@with_clients
def what_connack_says(folder):
    server = start(folder)
    client = Client(server, paho.MQTTv5)
    properties = client.connections[0][2].json()
    expect(properties.get("AssignedClientIdentifier"), f"no assigned client identifier: {properties}")
    for name in ("RetainAvailable", "WildcardSubscriptionAvailable", "SubscriptionIdentifierAvailable",
                 "SharedSubscriptionAvailable"):
        expect(properties.get(name, 1) == 1, f"{name} is refused: {properties}")
    expect(properties.get("MaximumQoS", 2) == 2, f"QoS 2 is refused: {properties}")
    expect(properties.get("TopicAliasMaximum", 0) > 0, f"no topic aliases: {properties}")
    named = Client(server, paho.MQTTv5, "named")
    expect("AssignedClientIdentifier" not in named.connections[0][2].json(), "a name was assigned to a named client")


@with_clients
def requests_and_responses(folder):
    server = start(folder)
    worker, asker = Client(server, paho.MQTTv5), Client(server, paho.MQTTv5)
    worker.subscribe("ask/#", 1)
    asker.subscribe("answer/7", 1)
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic, properties.CorrelationData = "answer/7", bytes(range(256))
    properties.UserProperty = [("a", "1"), ("a", "2")]
    properties.ContentType, properties.PayloadFormatIndicator = "application/json", 1
    asker.publish("ask/level", '{"of": "tank 3"}', properties=properties)
    request = worker.take()[0].properties
    expect_equal((request.ResponseTopic, request.CorrelationData, request.UserProperty, request.ContentType,
                  request.PayloadFormatIndicator),
                 ("answer/7", bytes(range(256)), [("a", "1"), ("a", "2")], "application/json", 1),
                 "the properties of the request")
    answer = Properties(PacketTypes.PUBLISH)
    answer.CorrelationData = request.CorrelationData
    worker.publish(request.ResponseTopic, "4.25", properties=answer)
    response = asker.take()[0]
    expect_equal((response.payload, response.properties.CorrelationData), (b"4.25", bytes(range(256))), "the response")


@with_clients
def messages_under_way_survive_a_kill(folder):
    """The library does its part: it sends again what was not answered. QoS 2 comes once, QoS 1 at least
    once, both in order."""
    server = start(folder, mosquitto=WINDOW)
    count = 2000
    readers = [Client(server, version, f"reader{version}", kept=True) for version in (paho.MQTTv311, paho.MQTTv5)]
    for reader in readers:
        reader.subscribe("way/#", 2)
    senders = [Client(server, paho.MQTTv311, "sender1", kept=True), Client(server, paho.MQTTv5, "sender2", kept=True)]
    under_way = [[sender.client.publish(f"way/{qos}", str(number), qos) for number in range(count)]
                 for qos, sender in zip((1, 2), senders)]
    for share in (1,) if ON_MOSQUITTO else (1, 2, 3):
        readers[0].wait(lambda share=share: len(readers[0].messages) > share * count // 3, "messages before the kill")
        server = again(server)
    for messages in under_way:
        wait_published(messages)
    for reader in readers:
        reader.wait(lambda reader=reader: {m.payload for m in reader.messages if m.topic == "way/1"} >=
                    {str(number).encode() for number in range(count)}, "every QoS 1 message", 2 * PATIENCE_S)
        reader.wait(lambda reader=reader: sum(m.topic == "way/2" for m in reader.messages) >= count,
                    "every QoS 2 message", 2 * PATIENCE_S)
        exact = [int(message.payload) for message in reader.messages if message.topic == "way/2"]
        expect_equal(exact[:count], list(range(count)), "QoS 2 through kills: each once, in order")
        expect_equal(len(exact), count, "QoS 2 messages")
        often = [int(message.payload) for message in reader.messages if message.topic == "way/1"]
        note(f"{count} messages each through kills: QoS 2 came {len(exact)} times, QoS 1 {len(often)} times")


if __name__ == "__main__":
    if paho is None:
        skip("python3-paho-mqtt is not installed")
    play(every_quality_in_every_version, many_messages_under_way_at_once, sessions_are_kept_and_end,
         subscription_options_of_mqtt_5, overlapping_subscriptions_name_themselves, the_client_that_takes_over,
         wills_and_their_delay, what_connack_says, requests_and_responses, messages_under_way_survive_a_kill)
