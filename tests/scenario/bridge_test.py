"""Two servers joined by Mosquitto's bridge: one Mosquitto with a connection to each, configured as its
manual says. What is published on one appears on the other, once; the bridge comes back after a server
was killed and brings what was published meanwhile."""

import time

from broker import MOSQUITTO, ON_MOSQUITTO, Mosquitto, Subscriber, again, publish, start
from house import PATIENCE_S, expect_equal, play, skip, wait_for

# In 3.1.1, the default, the bridge says in CONNECT that it is one (protocol level 0x84), so that the
# server sends it nothing back; in 5 it subscribes with no local.
PROTOCOLS = ("mqttv311", "mqttv50")


def bridge(folder, first, second, protocol, first_topics, second_topics):
    def connection(name, server, topics):
        return (f"connection {name}\naddress {server.mqtt}\nbridge_protocol_version {protocol}\n"
                f"cleansession false\nrestart_timeout 1\n" + "".join(f"topic {topic}\n" for topic in topics))

    return Mosquitto(folder, configuration=connection("first", first, first_topics) +
                     connection("second", second, second_topics))


def wait_bridged(sender, topic, reader):
    """Sends until it arrives: the bridge connects when it likes."""
    probe = f"probe {time.monotonic_ns()}"

    def attempt():
        publish(sender, topic, probe, qos=0)
        return any(message["payload"] == probe for message in list(reader.messages))
    wait_for(f"the bridge to carry {topic}", attempt, 2 * PATIENCE_S)


def payloads_until(reader, marker):
    found = []
    while not found or found[-1] != marker:
        found.append(reader.take()[0]["payload"])
    return [payload for payload in found[:-1] if not payload.startswith("probe")]


def what_is_published_on_one_appears_on_the_other(folder):
    for protocol in PROTOCOLS:
        servers = [start(f"{folder}/{protocol}/{side}") for side in ("first", "second")]
        bridge(f"{folder}/{protocol}/bridge", *servers, protocol, ["# both 1"], ["# both 1"])
        readers = [Subscriber(server, "-t", "plant/#", qos=1) for server in servers]
        wait_bridged(servers[0], "plant/probe", readers[1])
        wait_bridged(servers[1], "plant/probe", readers[0])
        for number in range(10):
            publish(servers[0], "plant/level", f'{{"value": {number}}}')
            publish(servers[1], "plant/flow", f'{{"value": {number + 0.5}}}')
        # Markers go to and fro twice: what went in a circle would have come by then.
        for lap in range(2):
            publish(servers[0], "plant/end", f"first {lap}")
            wait_for("the marker of the first", lambda: f"first {lap}" in str(readers[1].messages))
            publish(servers[1], "plant/end", f"second {lap}")
            wait_for("the marker of the second", lambda: f"second {lap}" in str(readers[0].messages))
        wanted = sorted([f'{{"value": {number}}}' for number in range(10)] +
                        [f'{{"value": {number + 0.5}}}' for number in range(10)] + ["first 0", "second 0", "first 1"])
        for name, reader in zip(("first", "second"), readers):
            found = payloads_until(reader, "second 1")
            expect_equal(sorted(found), wanted, f"what the {name} server's subscriber got once ({protocol})")
        if not ON_MOSQUITTO:
            for server in servers:
                points = server.control().points("plant/#")
                expect_equal([points[f"plant/{name}/value"]["value"] for name in ("level", "flow")], [9, 9.5],
                             "the points that both servers keep")
        stop_all(readers)


def prefixes_map_the_topics(folder):
    """All of the first server appears under from-first on the second, and goes back without it."""
    for protocol in PROTOCOLS:
        servers = [start(f"{folder}/{protocol}/{side}") for side in ("first", "second")]
        bridge(f"{folder}/{protocol}/bridge", *servers, protocol, ['# both 1 a/ ""'], ["# both 1 a/ from-first/"])
        readers = [Subscriber(server, "-t", "#", qos=1) for server in servers]
        wait_bridged(servers[0], "probe", readers[1])
        wait_bridged(servers[1], "from-first/probe", readers[0])
        publish(servers[0], "line1/pump", '{"speed": 3}')
        publish(servers[1], "from-first/line1/valve", '{"open": true}')
        publish(servers[1], "own/valve", '{"open": false}')
        publish(servers[0], "end", "end")
        wait_for("the marker", lambda: any(message["topic"] == "from-first/end" for message in readers[1].messages))
        publish(servers[1], "from-first/end2", "end2")
        wait_for("the marker", lambda: any(message["topic"] == "end2" for message in readers[0].messages))
        topics = [sorted(message["topic"] for message in reader.messages if not message["payload"].startswith("probe"))
                  for reader in readers]
        expect_equal(topics[0], ["end", "end2", "line1/pump", "line1/valve"], f"topics on the first ({protocol})")
        expect_equal(topics[1], ["from-first/end", "from-first/end2", "from-first/line1/pump",
                                 "from-first/line1/valve", "own/valve"], f"topics on the second ({protocol})")
        stop_all(readers)


def the_bridge_comes_back_after_a_kill(folder):
    for protocol in PROTOCOLS:
        servers = [start(f"{folder}/{protocol}/{side}") for side in ("first", "second")]
        bridge(f"{folder}/{protocol}/bridge", *servers, protocol, ["# both 1"], ["# both 1"])
        kept = ("-t", "plant/#", "-c", "-i", "reader")
        reader = Subscriber(servers[1], *kept, qos=1)
        back = Subscriber(servers[0], *kept, qos=1)
        wait_bridged(servers[0], "plant/probe", reader)
        wait_bridged(servers[1], "plant/probe", back)
        reader.close()
        servers[1].kill()
        for number in range(10):
            publish(servers[0], "plant/level", str(number))
        servers[1] = again(servers[1])
        reader = Subscriber(servers[1], *kept, qos=1)
        wait_for("what was published while the second server was down",
                 lambda: "9" in [message["payload"] for message in list(reader.messages)], 2 * PATIENCE_S)
        expect_equal(numbers(reader), [str(number) for number in range(10)], f"through a kill ({protocol})")
        wait_bridged(servers[1], "plant/probe", back)
        back.close()
        if protocol == "mqttv311":
            # And the other side: the session that the bridge has on the first server outlives a kill of
            # it. In 5 the bridge asks for no session expiry, so its session ends with the connection.
            servers[0] = again(servers[0])
            for number in range(10, 20):
                publish(servers[0], "plant/level", str(number))
            wait_for("what was published before the bridge was back",
                     lambda: "19" in [message["payload"] for message in list(reader.messages)], 2 * PATIENCE_S)
            expect_equal(numbers(reader), [str(number) for number in range(20)], "while the bridge was away")
            back = Subscriber(servers[0], *kept, qos=1)
            wait_bridged(servers[1], "plant/probe", back)
        stop_all([reader])


def numbers(reader):
    """What came, in order, each once: QoS 1 may repeat."""
    return list(dict.fromkeys(message["payload"] for message in reader.messages if message["payload"].isdigit()))


def the_bridge_says_whether_it_is_there(folder):
    """Mosquitto's bridge leaves word on the server: a retained state, and a will that takes it back."""
    server, other = start(folder + "/first"), start(folder + "/second")
    state = Subscriber(server, "-t", "$SYS/broker/connection/+/state", qos=1)
    joint = bridge(folder + "/bridge", server, other, "mqttv311", ["# both 1"], ["# both 1"])
    wait_for("the bridge's state 1", lambda: "1" in [message["payload"] for message in list(state.messages)])
    joint.process.kill()
    wait_for("the bridge's will, state 0", lambda: state.messages[-1]["payload"] == "0")


def stop_all(readers):
    for reader in readers:
        reader.close()


if __name__ == "__main__":
    if not MOSQUITTO:
        skip("mosquitto is not installed")
    play(what_is_published_on_one_appears_on_the_other, prefixes_map_the_topics, the_bridge_comes_back_after_a_kill,
         the_bridge_says_whether_it_is_there)
