"""Clients that nobody here wrote speak to the server: mosquitto_pub in three versions of the
protocol, and Eclipse Paho for Python in two."""

import subprocess
import threading

from house import PATIENCE_S, Server, expect, expect_equal, play, skip, wait_for

try:
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
except ImportError:
    paho = None


def mosquitto_pub(server, version, qos, topic, payload, *words):
    host, port = server.mqtt.rsplit(":", 1)
    result = subprocess.run(
        ["mosquitto_pub", "-h", host, "-p", port, "-V", version, "-q", str(qos), "-t", topic,
         "-m", payload, *words],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    return result.returncode, result.stdout


def mosquitto_speaks_every_version(folder):
    server = Server(folder + "/data")
    control = server.control()
    for version in ("mqttv31", "mqttv311", "mqttv5"):
        for qos in (0, 1):
            topic = f"mosquitto/{version}/q{qos}"
            code, said = mosquitto_pub(server, version, qos, topic, '{"level": 4.25}')
            expect_equal(code, 0, f"exit code of mosquitto_pub {version} QoS {qos} ({said.strip()})")
            wait_for(f"{topic}/level", lambda: topic + "/level" in control.points())
            expect_equal(control.points()[topic + "/level"]["value"], 4.25, topic)


def mosquitto_sends_many_lines(folder):
    server = Server(folder + "/data")
    host, port = server.mqtt.rsplit(":", 1)
    lines = "".join(f"{number}\n" for number in range(1, 5001))
    result = subprocess.run(
        ["mosquitto_pub", "-h", host, "-p", port, "-V", "mqttv5", "-q", "1", "-t", "lines", "-l"],
        input=lines, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=4 * PATIENCE_S)
    expect_equal(result.returncode, 0, f"exit code of mosquitto_pub -l ({result.stdout.strip()})")
    expect_equal(server.control().points()["lines"]["value"], 5000, "the last of 5000 lines")


def mosquitto_is_told_why_a_payload_was_refused(folder):
    server = Server(folder + "/data")
    expect_equal(mosquitto_pub(server, "mqttv5", 1, "valve", "21.5")[0], 0, "exit code for a number")
    # A text where a number was, and nobody who wants it as a message: 0x99, with the reason in words.
    _, said = mosquitto_pub(server, "mqttv5", 1, "valve", '"open"', "-d")
    expect("ayload format invalid" in said or "RC:153" in said,
           f"mosquitto_pub did not hear why its payload was refused: {said!r}")
    # What is no reading is a message all the same, which nobody gets here.
    code, said = mosquitto_pub(server, "mqttv5", 1, "bad", '{"a": ')
    expect_equal(code, 0, f"exit code for a message that is no reading ({said.strip()})")
    refused = server.control().ask(ask="refused")["refused"]
    expect_equal([(entry["topic"], entry["reason"]) for entry in refused],
                 [("bad", "not_a_reading"), ("valve", "type")], "the list of refusals, newest first")


class Paho:
    """A paho client that is connected, with its acknowledgements counted."""

    def __init__(self, server, version, client_id):
        self.connected, self.reason = threading.Event(), None
        options = {} if version == paho.MQTTv5 else {"clean_session": True}
        self.client = paho.Client(client_id=client_id, protocol=version, **options)
        self.client.on_connect = self._on_connect
        self.client.max_inflight_messages_set(1000)
        host, port = server.mqtt.rsplit(":", 1)
        self.client.connect(host, int(port), keepalive=30)
        self.client.loop_start()
        expect(self.connected.wait(PATIENCE_S), "paho was not connected in time")

    def _on_connect(self, client, userdata, flags, reason, properties=None):
        self.reason = int(getattr(reason, "value", reason))
        self.connected.set()

    def publish(self, topic, payload, qos=1, **options):
        message = self.client.publish(topic, payload, qos, **options)
        message.wait_for_publish(PATIENCE_S)
        expect(message.is_published(), f"paho got no acknowledgement for {topic}")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def paho_publishes_and_is_acknowledged(folder):
    server = Server(folder + "/data")
    for version, name in ((paho.MQTTv31, "v31"), (paho.MQTTv311, "v311"), (paho.MQTTv5, "v5")):
        client = Paho(server, version, "paho-" + name)
        expect_equal(client.reason, 0, f"reason in CONNACK of {name}")
        messages = [client.client.publish(f"paho/{name}", str(number), 1)
                    for number in range(1, 2001)]
        for message in messages:
            message.wait_for_publish(PATIENCE_S)
            expect(message.is_published(), "a message was not acknowledged")
        client.close()
        expect_equal(server.control().points()[f"paho/{name}"]["value"], 2000, f"paho/{name}")


def paho_uses_topic_aliases(folder):
    server = Server(folder + "/data")
    client = Paho(server, paho.MQTTv5, "paho-alias")
    alias = Properties(PacketTypes.PUBLISH)
    alias.TopicAlias = 3
    client.publish("alias/one", "1", properties=alias)
    client.publish("", "2", properties=alias)
    client.publish("", "3", properties=alias)
    client.close()
    expect_equal(server.control().points()["alias/one"]["value"], 3, "alias/one")


def paho_sends_every_kind_of_payload(folder):
    server = Server(folder + "/data")
    client = Paho(server, paho.MQTTv5, "paho-payloads")
    for topic, payload in (
            ("p/float", "21.5"), ("p/bool", "true"), ("p/text", '"open"'), ("p/bare", "ON"),
            ("p/deep", '{"a":{"b":1},"c":[]}'.replace(',"c":[]', "")),
            ("p/values", '{"ts":1763823600000,"values":{"x":7}}'),
            ("p/array", '[{"ts":1763823600,"x":1},{"ts":1763823601,"x":2}]'),
            ("p/iso", '{"time":"2025-11-22T15:00:00.5Z","x":9}'), ("p/none", "null"),
            ("p/\u6c34\u4f4d", '{"\u503c":3}')):
        client.publish(topic, payload.encode())
    client.close()
    points = server.control().points()
    wanted = {"p/float": 21.5, "p/bool": True, "p/text": "open", "p/bare": "ON", "p/deep/a/b": 1,
              "p/values/x": 7, "p/array/x": 2, "p/iso/x": 9, "p/none": None,
              "p/\u6c34\u4f4d/\u503c": 3}
    for path, value in wanted.items():
        expect(path in points, f"{path} is not there; there are {sorted(points)}")
        expect_equal(points[path].get("value"), value, path)
    expect("no_value" in str(points["p/none"]["quality"]), f"quality of null: {points['p/none']}")


if __name__ == "__main__":
    if paho is None:
        skip("python3-paho-mqtt is not installed")
    play(mosquitto_speaks_every_version, mosquitto_sends_many_lines,
         mosquitto_is_told_why_a_payload_was_refused, paho_publishes_and_is_acknowledged,
         paho_uses_topic_aliases, paho_sends_every_kind_of_payload)
