"""Mosquitto's terminal clients as people use them: mosquitto_sub, mosquitto_pub and mosquitto_rr,
in every version of the protocol. With MAINSTEM_BROKER=mosquitto the same is asked of Mosquitto."""

import hashlib
import random
import re
import signal
import subprocess
import threading
import time

from broker import (ON_MOSQUITTO, VERSIONS, Subscriber, address, again, publish, start, told)
from house import PATIENCE_S, expect, expect_equal, play, wait_for


def every_version_and_quality_both_ways(folder):
    server = start(folder)
    subscribers = {(version, qos): Subscriber(server, "-t", "m/#", version=version, qos=qos)
                   for version in VERSIONS for qos in (0, 1, 2)}
    for (version, qos), subscriber in subscribers.items():
        expect_equal(subscriber.granted, [qos], f"the quality granted to {version} QoS {qos}")
    sent = [(version, qos) for version in VERSIONS for qos in (0, 1, 2)]
    for version, qos in sent:
        publish(server, f"m/{version}/{qos}", f"from {version}", version=version, qos=qos)
    for (version, qos), subscriber in subscribers.items():
        wanted = [(f"m/{by}/{level}", f"from {by}", min(level, qos), 0) for by, level in sent]
        # Messages of different qualities may overtake each other, and need not.
        found = sorted(told(message) for message in subscriber.take(len(wanted)))
        expect_equal(found, sorted(wanted), f"what {version} QoS {qos} received")


def many_messages_keep_their_order(folder):
    server = start(folder)
    # Mosquitto 2.0.11 as a broker sends MQTT 5 clients more QoS 2 messages than their receive maximum
    # of 20, and mosquitto_sub then ends the connection: there it is asked in 3.1.1.
    subscribers = [Subscriber(server, "-t", "order", qos=qos, version="mqttv311" if ON_MOSQUITTO else "mqttv5")
                   for qos in (0, 1, 2)]
    lines = "".join(f"{number}\n" for number in range(1, 1001))
    result = subprocess.run(["mosquitto_pub", *address(server), "-V", "mqttv5", "-q", "2", "-t", "order", "-l"],
                            input=lines, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=2 * PATIENCE_S)
    expect_equal(result.returncode, 0, f"exit code of mosquitto_pub -l ({result.stdout.strip()})")
    for qos, subscriber in enumerate(subscribers):
        found = [int(message["payload"]) for message in subscriber.take(1000)]
        expect_equal(found, list(range(1, 1001)), f"the order with QoS {qos}")


def a_retained_message_is_set_got_and_cleared(folder):
    server = start(folder)
    live = Subscriber(server, "-t", "r/#")
    publish(server, "r/a", "old", retain=True)
    publish(server, "r/a", "new", retain=True)
    publish(server, "r/b", "passing")
    live.expect_told([("r/a", "old", 1, 0), ("r/a", "new", 1, 0), ("r/b", "passing", 1, 0)],
                     "what a live subscriber gets: no message is retained for it")
    for version in VERSIONS:
        late = Subscriber(server, "-t", "r/+", version=version)
        late.expect_told([("r/a", "new", 1, 1)], f"what a late subscriber of {version} gets")
        late.close()
    server = again(server)
    late = Subscriber(server, "-t", "r/a", qos=1)
    late.expect_told([("r/a", "new", 1, 1)], "a retained message after a kill, at QoS 1")
    publish(server, "r/a", None, retain=True)
    late.expect_told([("r/a", None, 1, 0)], "the empty message that clears reaches live subscribers")
    Subscriber(server, "-t", "r/#").expect_nothing_before(
        server, "r/m", "a subscriber after the retained message was cleared")


def remove_retained_clears_what_it_sees(folder):
    server = start(folder)
    for number in range(5):
        publish(server, f"stock/{number}", "x", retain=True)
    publish(server, "kept", "y", retain=True)
    remover = Subscriber(server, "-t", "stock/#", "--remove-retained")
    wait_for("five empty messages of --remove-retained",
             lambda: sum("received PUBACK" in line for line in list(remover.said)) >= 5)
    publish(server, "end", "z", retain=True)
    late = Subscriber(server, "-t", "stock/#", "-t", "kept", "-t", "end")
    found = sorted(told(message)[0] for message in late.take(2))
    expect_equal(found, ["end", "kept"], "the retained messages left")
    late.expect_nothing_before(server, "stock/m", "no retained message of stock")


def retained_as_published(folder):
    server = start(folder)
    plain = Subscriber(server, "-t", "rap/#")
    kept = Subscriber(server, "-t", "rap/#", "--retain-as-published")
    publish(server, "rap/1", "retained", retain=True)
    publish(server, "rap/2", "not", retain=False)
    plain.expect_told([("rap/1", "retained", 1, 0), ("rap/2", "not", 1, 0)], "without retain as published")
    kept.expect_told([("rap/1", "retained", 1, 1), ("rap/2", "not", 1, 0)], "with retain as published")


WILDCARDS = {
    "sport/tennis/+": {"sport/tennis/player1", "sport/tennis/"},
    "sport/+/player1": {"sport/tennis/player1"},
    "sport/#": {"sport", "sport/tennis", "sport/tennis/player1", "sport/tennis/", "sport//x"},
    "+": {"sport", "$not"} - {"$not"},
    "+/+": {"sport/tennis", "/finance"},
    "/+": {"/finance"},
    "/#": {"/finance"},
    "+/tennis/#": {"sport/tennis", "sport/tennis/player1", "sport/tennis/"},
    "#": {"sport", "sport/tennis", "sport/tennis/player1", "sport/tennis/", "sport//x", "/finance"},
    "sport//+": {"sport//x"},
}


def wildcards_match_as_the_standard_says(folder):
    """The examples of MQTT 5, 4.7.1, and empty levels."""
    server = start(folder)
    subscribers = {pattern: Subscriber(server, "-t", pattern, "-t", "end/of/all", qos=0)
                   for pattern in WILDCARDS if pattern != "#"}
    subscribers["#"] = Subscriber(server, "-t", "#", qos=0)
    for topic in sorted(WILDCARDS["#"]):
        publish(server, topic, "x", qos=0)
    publish(server, "end/of/all", "x", qos=0)
    for pattern, subscriber in subscribers.items():
        found = []
        while not found or found[-1] != "end/of/all":
            found.append(subscriber.take()[0]["topic"])
        expect_equal(sorted(found[:-1]), sorted(WILDCARDS[pattern]), f"what {pattern} matched")


def a_wildcard_in_front_does_not_see_dollar_topics(folder):
    server = start(folder)
    everything = Subscriber(server, "-t", "#", "-t", "+/broker/uptime", "-t", "+/broker/#", qos=0)
    system = Subscriber(server, "-t", "$SYS/broker/uptime", qos=0)
    system.take(seconds=max(PATIENCE_S, 30))
    everything.expect_nothing_before(server, "m", "no wildcard in front matches $SYS")


def the_numbers_under_sys(folder):
    """The names that people have in their monitoring; each is a number, uptime is in seconds."""
    server = start(folder, "--mqtt-sys-interval", "1s")
    publish(server, "counted", "1", retain=True, qos=0)
    wanted = ["version", "uptime", "clients/connected", "clients/total", "clients/maximum",
              "messages/received", "messages/sent", "publish/messages/received",
              "publish/messages/sent", "publish/messages/dropped", "bytes/received", "bytes/sent",
              "subscriptions/count", "retained messages/count", "load/messages/received/1min"]
    subscriber = Subscriber(server, "-t", "$SYS/#", qos=0)
    publish(server, "counted", "2", qos=0)
    found = {}

    def look():
        while subscriber.messages:
            message = subscriber.take()[0]
            found[message["topic"].replace("$SYS/broker/", "", 1)] = message["payload"]
        return not [name for name in wanted if name not in found] and \
            int(found["publish/messages/received"]) >= 1 and int(found["clients/connected"]) >= 1

    try:
        wait_for("the topics under $SYS", look)
    except Exception:
        missing = [name for name in wanted if name not in found]
        print(f"under $SYS are missing {missing}, there are {found}")
        raise
    expect(re.fullmatch(r"\d+ seconds", found["uptime"]), f"uptime is {found['uptime']!r}")
    expect(int(found["retained messages/count"]) >= 1, f"retained messages: {found}")
    for name in wanted[2:]:
        expect(re.fullmatch(r"\d+(\.\d+)?", found[name]), f"{name} is {found[name]!r}, no number")
    late = Subscriber(server, "-t", "$SYS/broker/version", qos=0)
    expect_equal(late.take()[0]["retain"], 1, "the retain flag of $SYS for a new subscriber")


def nobody_writes_sys(folder):
    server = start(folder)
    watcher = Subscriber(server, "-t", "$SYS/broker/clients/connected", "-t", "end", qos=0)
    publish(server, "$SYS/broker/clients/connected", "a lie", retain=True, qos=1, code=None)
    publish(server, "end", "x", qos=0)
    found = []
    while not found or found[-1][0] != "end":
        found.append(told(watcher.take()[0]))
    expect("a lie" not in str(found), f"a client wrote $SYS: {found}")


def a_subscription_has_an_identifier(folder):
    server = start(folder)
    first = Subscriber(server, "-t", "id/a", "-D", "subscribe", "subscription-identifier", "7")
    large = Subscriber(server, "-t", "id/#", "-D", "subscribe", "subscription-identifier", "268435455")
    none = Subscriber(server, "-t", "id/+")
    publish(server, "id/a", "x")
    for subscriber, wanted in ((first, 7), (large, 268435455), (none, None)):
        found = subscriber.take()[0].get("properties", {}).get("subscription-identifier")
        expect_equal(found, wanted, "the subscription identifier")


def a_will_is_published_when_a_client_is_killed(folder):
    server = start(folder)
    watcher = Subscriber(server, "-t", "will/#")
    for version in VERSIONS:
        killed = Subscriber(server, "-t", "x", "--will-topic", f"will/{version}", "--will-payload", "gone",
                            "--will-qos", "2", "--will-retain", version=version)
        killed.kill()
        watcher.expect_told([(f"will/{version}", "gone", 2, 0)], f"the will of a killed {version} client")
        orderly = Subscriber(server, "-t", "x", "--will-topic", "will/orderly", "--will-payload", "gone",
                             version=version)
        orderly.close()
        if version == "mqttv5":  # mosquitto_sub says 0x04, disconnect with will message
            watcher.expect_told([("will/orderly", "gone", 0, 0)], "the will of DISCONNECT 0x04")
        else:
            watcher.expect_nothing_before(server, "will/m", f"no will after the DISCONNECT of {version}")
    late = Subscriber(server, "-t", "will/#")
    expect_equal(sorted(told(message) for message in late.take(3)),
                 sorted((f"will/{version}", "gone", 2, 1) for version in VERSIONS), "the retained wills")


def a_will_waits_for_its_delay(folder):
    server = start(folder)
    watcher = Subscriber(server, "-t", "will/#")
    will = ("--will-topic", "will/delayed", "--will-payload", "gone", "-D", "will", "will-delay-interval", "2",
            "-D", "will", "content-type", "text/plain")
    Subscriber(server, "-t", "x", "-i", "returning", "-c", "-x", "60", *will).kill()
    began = time.monotonic()
    Subscriber(server, "-t", "x", "-i", "returning", "-c", "-x", "60", *will)
    expect(time.monotonic() - began < 1.8, "this machine is too slow to come back before the delay ends")
    began = time.monotonic()
    Subscriber(server, "-t", "x", "-i", "lost", "-c", "-x", "60", *will).kill()
    message = watcher.take()[0]
    waited = time.monotonic() - began
    expect_equal((message["topic"], message["payload"]), ("will/delayed", "gone"), "the delayed will")
    expect_equal(message["properties"].get("content-type"), "text/plain", "the will's content type")
    expect(1.9 <= waited <= 6, f"the will came after {waited:.2f} s, its delay is 2 s")
    watcher.expect_nothing_before(server, "will/m", "a client that came back in time has no will")


def a_delayed_will_does_not_outlive_its_session(folder):
    if ON_MOSQUITTO:
        return  # 2.0.11 waits for the delay though the session has ended, against [MQTT-3.1.3-9]
    server = start(folder)
    watcher = Subscriber(server, "-t", "will/#")
    Subscriber(server, "-t", "x", "--will-topic", "will/early", "--will-payload", "gone",
               "-D", "will", "will-delay-interval", "3600", "-i", "short").kill()
    watcher.expect_told([("will/early", "gone", 0, 0)], "the session ended, so the will comes at once")


def a_session_keeps_what_comes_meanwhile(folder):
    server = start(folder)
    for version in ("mqttv31", "mqttv311", "mqttv5"):
        words = ("-t", f"{version}/#", "-i", f"keeper-{version}", "-c")
        words += ("-x", "3600") if version == "mqttv5" else ()
        Subscriber(server, *words, version=version).close()
    server = again(server)
    for version in VERSIONS:
        for qos in (1, 2):
            for number in range(5):
                publish(server, f"{version}/{qos}", str(number), qos=qos)
        publish(server, f"{version}/other", "not", "-D", "publish", "message-expiry-interval", "1")
    server = again(server)
    time.sleep(2.1)  # until the message that expires has expired
    for version in VERSIONS:
        words = ("-t", f"{version}/#", "-i", f"keeper-{version}", "-c")
        words += ("-x", "3600") if version == "mqttv5" else ()
        back = Subscriber(server, *words, version=version)
        found = [told(message) for message in back.take(10)]
        for qos in (1, 2):  # in order each; a QoS 2 message is shown when its PUBREL comes
            expect_equal([message for message in found if message[2] == qos],
                         [(f"{version}/{qos}", str(number), qos, 0) for number in range(5)],
                         f"what the session of {version} kept at QoS {qos}")
        back.expect_nothing_before(server, f"{version}/m", "nothing twice, nothing expired")
        back.close()


def a_session_ends_when_it_should(folder):
    server = start(folder)
    Subscriber(server, "-t", "e/#", "-i", "short", "-c", "-x", "1").close()
    Subscriber(server, "-t", "e/#", "-i", "long", "-c", "-x", "600").close()
    Subscriber(server, "-t", "e/#", "-i", "none", "-x", "0").close()
    Subscriber(server, "-t", "e/#", "-i", "cleaned", "-c", "-x", "600").close()
    Subscriber(server, "-t", "f", "-i", "cleaned", "-x", "600").close()
    time.sleep(2.2)  # the short session's second, and Mosquitto looks once a second
    publish(server, "e/1", "kept")
    for name, wanted in (("short", []), ("long", ["kept"]), ("none", []), ("cleaned", [])):
        back = Subscriber(server, "-t", f"end/{name}", "-i", name, "-c", "-x", "600")
        publish(server, f"end/{name}", "end", qos=2)
        found = [message["payload"] for message in back.take(len(wanted) + 1)]
        expect_equal(found, wanted + ["end"], f"what the session {name} got")
        back.close()


def shared_subscriptions_split_the_work(folder):
    server = start(folder)
    crew = [Subscriber(server, "-t", "$share/crew/jobs/#", qos=1) for _ in range(3)]
    other = Subscriber(server, "-t", "$share/other/jobs/#", qos=1, version="mqttv311")
    plain = Subscriber(server, "-t", "jobs/#", qos=1)
    lines = "".join(f"{number}\n" for number in range(300))
    subprocess.run(["mosquitto_pub", *address(server), "-V", "mqttv5", "-q", "1", "-t", "jobs/a", "-l"],
                   input=lines, text=True, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    everything = [str(number) for number in range(300)]
    expect_equal([message["payload"] for message in plain.take(300)], everything, "without sharing")
    expect_equal([message["payload"] for message in other.take(300)], everything, "the group of one")
    wait_for("300 messages at the crew", lambda: sum(len(one.messages) for one in crew) >= 300)
    shares = [[int(message["payload"]) for message in one.messages] for one in crew]
    expect_equal(sorted(sum(shares, [])), list(range(300)), "each message goes to one of the crew")
    expect(all(len(share) >= 30 for share in shares), f"the work is not split: {list(map(len, shares))}")
    expect(all(share == sorted(share) for share in shares), "each share is in order")
    crew[0].close()
    publish(server, "jobs/a", "after")
    wait_for("a message after one left", lambda: sum(len(one.messages) for one in crew[1:]) >=
             len(shares[1]) + len(shares[2]) + 1)


def a_request_gets_its_response(folder):
    server = start(folder)
    worker = Subscriber(server, "-t", "rr/request")
    asked = {}

    def ask():
        result = subprocess.run(["mosquitto_rr", *address(server), "-V", "mqttv5", "-q", "1", "-t", "rr/request",
                                 "-e", "rr/response/7", "-m", "how warm?", "-W", str(int(PATIENCE_S)), "-F", "%p",
                                 "-D", "publish", "correlation-data", "case 12"],
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=2 * PATIENCE_S)
        asked["code"], asked["said"] = result.returncode, result.stdout

    thread = threading.Thread(target=ask)
    thread.start()
    request = worker.take()[0]
    expect_equal(request["payload"], "how warm?", "the request")
    properties = request["properties"]
    expect_equal(properties.get("response-topic"), "rr/response/7", "the response topic")
    publish(server, properties["response-topic"], "21.5",
            "-D", "publish", "correlation-data", properties["correlation-data"])
    thread.join(2 * PATIENCE_S)
    expect_equal((asked.get("code"), asked.get("said", "").strip()), (0, "21.5"), "what mosquitto_rr printed")


def properties_arrive_as_they_were_sent(folder):
    server = start(folder)
    live = Subscriber(server, "-t", "p/#")
    properties = {"user-property": [("unit", "bar"), ("unit", "psi"), ("", ""), ("\u6c34", "\u4f4d" * 50)],
                  "content-type": "text/plain", "correlation-data": "c" * 200, "response-topic": "answer/here",
                  "payload-format-indicator": "1", "message-expiry-interval": "1000"}
    words = []
    for name, value in properties.items():
        for each in value if isinstance(value, list) else [(value,)]:
            words += ["-D", "publish", name, *each]
    publish(server, "p/live", "x", *words, qos=2)
    publish(server, "p/kept", "y", *words, retain=True)
    server_words = live.take(2)
    server = again(server)
    late = Subscriber(server, "-t", "p/#").take()
    for message in server_words + late:
        found = message["properties"]
        for name in ("content-type", "correlation-data", "response-topic"):
            expect_equal(found.get(name), properties[name], f"{name} of {message['topic']}")
        expect_equal(found.get("payload-format-indicator"), 1, "the payload format indicator")
        expect(990 <= found.get("message-expiry-interval", 0) <= 1000, f"the expiry interval: {found}")
        users = found.get("user-properties")
        expect(users and users.get("\u6c34") == "\u4f4d" * 50 and "unit" in users, f"user properties: {users}")
    old = Subscriber(server, "-t", "p/#", version="mqttv311")
    old.expect_told([("p/kept", "y", 1, 1)], "MQTT 3.1.1 gets the message without properties")


def a_message_expires_and_its_interval_counts_down(folder):
    server = start(folder)
    publish(server, "x/short", "gone", "-D", "publish", "message-expiry-interval", "1", retain=True)
    publish(server, "x/long", "there", "-D", "publish", "message-expiry-interval", "100", retain=True)
    publish(server, "x/never", "there", retain=True)
    time.sleep(2.1)  # two seconds of the intervals
    server = again(server)
    late = Subscriber(server, "-t", "x/#")
    found = {message["topic"]: message for message in late.take(2)}
    expect_equal(sorted(found), ["x/long", "x/never"], "what has not expired")
    left = found["x/long"]["properties"].get("message-expiry-interval")
    expect(left is not None and 90 <= left <= 98, f"100 s are {left} after 2 s")
    expect("message-expiry-interval" not in found["x/never"].get("properties", {}), "no interval was sent")
    late.expect_nothing_before(server, "x/m", "the expired message does not come")


def empty_messages_are_messages(folder):
    server = start(folder)
    subscribers = [Subscriber(server, "-t", "empty", version=version) for version in VERSIONS]
    for qos in (0, 1, 2):
        publish(server, "empty", None, qos=qos)
    for subscriber in subscribers:
        found = sorted((message["qos"], message["payloadlen"]) for message in subscriber.take(3))
        expect_equal(found, [(0, 0), (1, 0), (2, 0)], "three empty messages (QoS, length)")


def a_large_binary_payload_is_unharmed(folder):
    server = start(folder)
    data = random.Random(7).randbytes(200_000)
    with open(folder + "/large", "wb") as file:
        file.write(data)
    for version, retain in (("mqttv311", False), ("mqttv5", True)):
        reader = None
        if not retain:
            # The format takes the payload as bytes; -C ends it, -d says when it is subscribed.
            reader = Subscriber(server, "-t", "large", version=version)
        publish_file(server, version, folder + "/large", retain)
        if retain:
            found = subprocess.run(["mosquitto_sub", *address(server), "-V", version, "-t", "large", "-N",
                                    "-C", "1", "-q", "2", "-W", str(int(PATIENCE_S))],
                                   stdout=subprocess.PIPE, timeout=2 * PATIENCE_S).stdout
            expect_equal(len(found), len(data), "the length of the payload")
            expect_equal(hashlib.sha256(found).hexdigest(), hashlib.sha256(data).hexdigest(),
                         "the payload's hash")
        else:
            wait_for("a message of 200,000 bytes",
                     lambda: any("(200000 bytes)" in line for line in list(reader.said)))


def publish_file(server, version, path, retain):
    result = subprocess.run(["mosquitto_pub", *address(server), "-V", version, "-q", "2", "-t", "large",
                             "-f", path, *(["-r"] if retain else [])],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    expect_equal(result.returncode, 0, f"exit code of mosquitto_pub -f ({result.stdout.strip()})")


def topics_in_any_language(folder):
    server = start(folder)
    topics = ["\u6c34\u4f4d/\u4e00\u53f7\u6cf5", "\u043d\u0430\u0441\u043e\u0441/1", "pump \U0001f4a7/\u00e9",
              " leading and trailing ", "a" * 1000 + "/b"]
    subscribers = [Subscriber(server, *sum((["-t", topic] for topic in topics), []), version=version)
                   for version in VERSIONS]
    for topic in topics:
        publish(server, topic, "\u503c" * 100, qos=1)
    for subscriber in subscribers:
        subscriber.expect_told([(topic, "\u503c" * 100, 1, 0) for topic in topics], "topics in UTF-8")


def unsubscribing_stops_the_messages(folder):
    server = start(folder)
    # -U unsubscribes at once after the subscription; what was granted first is then gone.
    subscriber = Subscriber(server, "-t", "u/#", "-t", "u/a", "-U", "u/#", "-U", "u/none")
    wait_for("the UNSUBACK", lambda: sum("UNSUBACK" in line for line in list(subscriber.said)) >= 1)
    publish(server, "u/b", "not")
    publish(server, "u/a", "yes")
    subscriber.expect_told([("u/a", "yes", 1, 0)], "after unsubscribing from u/#")


def a_client_that_takes_over_ends_the_other(folder):
    server = start(folder)
    watcher = Subscriber(server, "-t", "will/#")
    for number, version in enumerate(VERSIONS):
        first = Subscriber(server, "-t", "t/#", "-i", f"same{number}", "--will-topic", "will/taken",
                           "--will-payload", "taken over", version=version)
        # mosquitto_sub comes back by itself and would take over in its turn: it is stopped before.
        first.process.send_signal(signal.SIGSTOP)
        second = Subscriber(server, "-t", "t/#", "-i", f"same{number}", version=version)
        watcher.expect_told([("will/taken", "taken over", 0, 0)], f"the will of the {version} client taken over")
        first.kill()
        publish(server, "t/1", "x", qos=0)
        second.expect_told([("t/1", "x", 0, 0)], "the client that took over")
        second.close()


if __name__ == "__main__":
    play(every_version_and_quality_both_ways, many_messages_keep_their_order,
         a_retained_message_is_set_got_and_cleared, remove_retained_clears_what_it_sees, retained_as_published,
         wildcards_match_as_the_standard_says, a_wildcard_in_front_does_not_see_dollar_topics,
         the_numbers_under_sys, nobody_writes_sys, a_subscription_has_an_identifier,
         a_will_is_published_when_a_client_is_killed, a_will_waits_for_its_delay,
         a_delayed_will_does_not_outlive_its_session, a_session_keeps_what_comes_meanwhile,
         a_session_ends_when_it_should, shared_subscriptions_split_the_work, a_request_gets_its_response,
         properties_arrive_as_they_were_sent, a_message_expires_and_its_interval_counts_down,
         empty_messages_are_messages, a_large_binary_payload_is_unharmed, topics_in_any_language,
         unsubscribing_stops_the_messages, a_client_that_takes_over_ends_the_other)
