"""The verbs that speak MQTT to any broker: pub, sub and load, against the server, with what one sent
compared with what another got."""

import base64
import csv
import json
import os
import signal
import subprocess
import time

from broker import again, start
from house import PATIENCE_S, PROGRAM, expect, expect_equal, free_port, note, play, run


class Sub:
    """`mainstem sub` in the background; its lines are read when it has ended."""

    def __init__(self, server, *words, json_lines=True, wait=True):
        self.process = subprocess.Popen(
            [PROGRAM, "sub", "--server", server.mqtt, "--verbose", *(["--json"] if json_lines else []),
             *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.words = words
        if wait:  # what is published from now on is not missed
            line = self.process.stderr.readline()
            expect("subscribed" in line, f"sub {words} said {line!r}")

    def end(self, code=0, stop=None):
        if stop:
            self.process.send_signal(stop)
        out, err = self.process.communicate(timeout=2 * PATIENCE_S)
        expect_equal(self.process.returncode, code, f"exit code of sub {self.words} ({err.strip()})")
        self.said = err
        return out

    def messages(self, **options):
        return [json.loads(line) for line in self.end(**options).splitlines()]


def pub(server, *words, code=0, given=None):
    result = subprocess.run([PROGRAM, "pub", "--server", server.mqtt, *words], input=given or b"",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=2 * PATIENCE_S)
    expect_equal(result.returncode, code, f"exit code of pub {words} ({result.stderr})")
    return result.stderr.decode()


def load(server, *words, code=0):
    result = run("load", "--server", server.mqtt, "--json", *words, seconds=4 * PATIENCE_S)
    expect_equal(result.returncode, code,
                 f"exit code of load {words} ({result.stdout} {result.stderr.strip()})")
    return json.loads(result.stdout)


# ---- pub and sub ------------------------------------------------------------------------------------------

def every_source_of_a_message_arrives(folder):
    server = start(folder)
    with open(folder + "/payload", "wb") as file:
        file.write(bytes(range(256)))
    with open(folder + "/lines", "wb") as file:
        file.write(b"one\r\ntwo\n\nlast")
    for qos in ("0", "1", "2"):
        sub = Sub(server, "from/#", "--qos", "2", "--count", "10", "--timeout", str(PATIENCE_S))
        pub(server, "from/word", "21.5", "--qos", qos, "--repeat", "2")
        pub(server, "from/file", "--file", folder + "/payload", "--qos", qos)
        pub(server, "from/stdin", "--qos", qos, given=b"a\nb")
        pub(server, "from/lines", "--lines", "--qos", qos, given=b"x\ny\n")
        pub(server, "from/lines", "--file", folder + "/lines", "--lines", "--qos", qos)
        found = [(m["topic"], m["payload"].encode() if "payload" in m
                  else base64.b64decode(m["payload_base64"])) for m in sub.messages()]
        expect_equal(found, [("from/word", b"21.5")] * 2 + [("from/file", bytes(range(256))),
                             ("from/stdin", b"a\nb"), ("from/lines", b"x"), ("from/lines", b"y"),
                             ("from/lines", b"one"), ("from/lines", b"two"), ("from/lines", b""),
                             ("from/lines", b"last")], f"what sub printed, QoS {qos}")


def properties_arrive(folder):
    server = start(folder)
    sub = Sub(server, "p", "--count", "1", "--subscription-id", "77", "--timeout", str(PATIENCE_S))
    pub(server, "p", "x", "--text", "--content-type", "text/plain", "--response-topic", "answer/here",
        "--correlation", "c7", "--expiry", "100", "--property", "a=1", "--property", "a=2")
    (message,) = sub.messages()
    expect_equal(message["properties"],
                 {"payload_format": 1, "expiry_s": 100, "content_type": "text/plain",
                  "response_topic": "answer/here", "correlation_data": "c7",
                  "subscription_ids": [77], "user": [["a", "1"], ["a", "2"]]}, "the properties")


def every_version_speaks(folder):
    server = start(folder)
    for version in ("3.1", "3.1.1", "5"):
        sub = Sub(server, "v", "--mqtt", version, "--count", "1", "--qos", "2", "--format", "%t|%p|%q|%r",
                  "--timeout", str(PATIENCE_S), json_lines=False)
        pub(server, "v", version, "--mqtt", version, "--qos", "2")
        expect_equal(sub.end(), f"v|{version}|2|0\n", f"what sub printed with MQTT {version}")


def retained_messages_come_and_go(folder):
    server = start(folder)
    pub(server, "kept", "1", "--retain")
    (message,) = Sub(server, "kept", "--count", "1", "--timeout", str(PATIENCE_S)).messages()
    expect_equal((message["payload"], message["retain"]), ("1", True), "the retained message")
    expect_equal(Sub(server, "kept", "--no-retained", "--timeout", "0.5").end(), "", "without retained")
    expect_equal(Sub(server, "kept", "--retain-handling", "2", "--timeout", "0.5").end(), "",
                 "with retain handling 2")
    pub(server, "kept", "--empty", "--retain")
    Sub(server, "kept", "--count", "1", "--timeout", "0.5").end(code=1)


def a_session_keeps_what_comes_meanwhile(folder):
    server = start(folder)
    session = ("desk/#", "--client-id", "desk", "--session-expiry", "600", "--qos", "1")
    expect_equal(Sub(server, *session, "--timeout", "0.5").end(), "", "nothing came yet")
    pub(server, "desk/a", "--lines", given=b"1\n2\n3\n")
    server = again(server)
    pub(server, "desk/b", "4")
    messages = Sub(server, *session, "--count", "4", "--timeout", str(PATIENCE_S), wait=False).messages()
    expect_equal([m["payload"] for m in messages], ["1", "2", "3", "4"], "what the session kept")


def a_lost_connection_is_made_again(folder):
    server = start(folder)
    sub = Sub(server, "back", "--count", "2", "--timeout", str(PATIENCE_S))
    pub(server, "back", "1")
    server = again(server)
    time.sleep(2.5)  # it tries once a second
    pub(server, "back", "2")
    expect_equal([m["payload"] for m in sub.messages()], ["1", "2"], "before and after")
    expect("connected again" in sub.said, f"sub did not say that it came back: {sub.said!r}")


def a_will_is_told(folder):
    server = start(folder)
    watching = Sub(server, "gone", "--count", "1", "--timeout", str(PATIENCE_S))
    dying = Sub(server, "x", "--will-topic", "gone", "--will-message", "bye", "--will-qos", "1")
    dying.process.kill()
    dying.process.communicate()
    (message,) = watching.messages()
    expect_equal(message["payload"], "bye", "the will")


def shared_subscriptions_share(folder):
    server = start(folder)
    subs = [Sub(server, "work", "--share", "crew", "--qos", "1") for _ in range(2)]
    pub(server, "work", "--lines", given=b"".join(b"%d\n" % i for i in range(200)))
    time.sleep(1)
    parts = [[int(m["payload"]) for m in sub.messages(stop=signal.SIGINT)] for sub in subs]
    expect_equal(sorted(parts[0] + parts[1]), list(range(200)), "what both got together")
    for part in parts:
        expect(part, "one of two got nothing")
        expect_equal(part, sorted(part), "the order of one part")


def wrong_words_and_absent_servers_are_told(folder):
    nobody = f"127.0.0.1:{free_port()}"
    for words, code, said in (
            (("pub", "a/#", "1"), 2, "no topic to publish to"), (("sub", "a/#/b"), 2, "no topic filter"),
            (("sub", "a", "--format", "%z"), 2, "%z"), (("sub", "a", "--session-expiry", "5"), 2, "client-id"),
            (("pub", "a", "1", "--empty"), 2, "one of"), (("pub", "a", "1", "--qos", "3"), 2, "0 to 2"),
            (("sub", "a", "--mqtt", "4.9"), 2, "3.1.1"), (("pub", "a", "1", "--will-message", "x"), 2, "will-topic"),
            (("load", "--rate", "5", "--think", "1"), 2, "pace"), (("load", "--share", "x"), 2, "subscribers"),
            (("pub", "a", "1", "--server", nobody), 1, "nobody listens"),
            (("sub", "a", "--server", nobody), 1, "mainstem serve"),
            (("load", "--server", nobody), 1, "nobody listens")):
        result = run(*words)
        expect_equal(result.returncode, code, f"exit code of {words} ({result.stderr.strip()})")
        expect(said in result.stderr, f"{words} said {result.stderr!r}, without {said!r}")


def a_topic_larger_than_the_server_takes_is_refused(folder):
    server = start(folder, "--mqtt-packet", "65536", mosquitto="max_packet_size 65536")
    said = pub(server, "large", given=b"x" * 70000, code=1)
    expect("larger than the server takes" in said, f"pub said {said!r}")
    pub(server, "large", given=b"x" * 60000)


# ---- load -------------------------------------------------------------------------------------------------

def what_load_sends_an_independent_subscriber_gets(folder):
    server = start(folder)
    for qos in ("0", "1", "2"):
        sub = Sub(server, "load/#", "--qos", qos, "--format", "%t", json_lines=False)
        result = load(server, "--connections", "5", "--topics", "20", "--payload-bytes", "50", "--rate",
                      "500", "--duration", "1", "--qos", qos)
        time.sleep(1)
        topics = sub.end(stop=signal.SIGINT).split()
        expect(450 <= result["all"]["sent"] <= 550, f"500 a second for 1 s: {result['all']['sent']}")
        expect_equal(len(topics), result["all"]["sent"], f"messages at the subscriber, QoS {qos}")
        expect_equal(sorted(set(topics)), sorted(f"load/{i}" for i in range(20)), "the topics")
        expect_equal(result["all"]["acked"], result["all"]["sent"], "acknowledged")
        expect_equal(result["good"], True, "its own judgement")


def its_own_subscribers_miss_nothing(folder):
    server = start(folder)
    for qos, version in (("1", "5"), ("2", "5"), ("1", "3.1.1")):
        result = load(server, "--connections", "8", "--subscribers", "10", "--subscriber-qos", qos, "--qos",
                      qos, "--mqtt", version, "--in-flight", "8", "--ahead", "400", "--duration", "1",
                      "--threads", "2")
        sent = result["all"]["sent"]
        expect(sent > 100, f"only {sent} messages in a second")
        expect_equal(result["all"]["checked"], 10 * sent, f"deliveries, QoS {qos}, MQTT {version}")
        expect_equal((result["missing"], result["all"]["out_of_order"], result["good"]), (0, 0, True),
                     "missing, out of order, good")
        note(f"QoS {qos}, MQTT {version}: {sent} messages to 10 subscribers, p99 "
             f"{result['delivery_ms']['p99']:.1f} ms")


def shares_get_each_message_once(folder):
    server = start(folder)
    result = load(server, "--connections", "4", "--subscribers", "5", "--share", "crew", "--subscriber-qos",
                  "1", "--rate", "2000", "--duration", "1")
    expect_equal(result["all"]["checked"], result["all"]["sent"], "deliveries to the group")
    expect_equal(result["missing"], 0, "missing")


def metrics_and_files_are_sent(folder):
    server = start(folder)
    sub = Sub(server, "site0/#", "--qos", "1")
    result = load(server, "--connections", "2", "--values", "3", "--points", "6", "--rate", "100",
                  "--duration", "1")
    time.sleep(0.5)
    messages = sub.messages(stop=signal.SIGINT)
    expect_equal(len(messages), result["all"]["sent"], "messages of devices")
    expect_equal(result["all"]["acked_values"], 3 * result["all"]["sent"], "values")
    for message in messages:
        expect_equal(sorted(json.loads(message["payload"])), ["flow", "pressure", "temperature", "ts"],
                     f"the metrics of {message['topic']}")
    names = [folder + "/a", folder + "/b"]
    for name in names:
        with open(name, "w", encoding="utf-8") as file:
            file.write('"' + os.path.basename(name) + '"')
    sub = Sub(server, "given/#", "--qos", "1")
    result = load(server, "--connections", "1", "--payload", names[0], "--payload", names[1], "--rate",
                  "100", "--duration", "0.5", "--topic", "given")
    time.sleep(0.5)
    payloads = [m["payload"] for m in sub.messages(stop=signal.SIGINT)]
    expect_equal(len(payloads), result["all"]["sent"], "messages of files")
    expect_equal(payloads[:4], ['"a"', '"b"', '"a"', '"b"'], "the files in turn")


def the_csv_adds_up(folder):
    server = start(folder)
    path = folder + "/run.csv"
    result = load(server, "--rate", "1000", "--duration", "3", "--payload-bytes", "64", "--subscribers", "2",
                  "--csv", path, "--server-pid", str(server.process.pid))
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    expect(3 <= len(lines) <= 4, f"{len(lines)} lines of 3 seconds")
    for name in ("sent", "acked", "received"):
        total = sum(int(line[name]) for line in lines)
        expect(abs(total - result["run"][name]) <= result["run"][name] * 0.02,
               f"{name}: the CSV says {total}, the result {result['run'][name]}")
    expect(all(float(line["ack_p99_ms"]) > 0 and int(line["server_bytes"]) > 0 for line in lines),
           f"a line without latency or memory: {lines}")
    expect(result["server_cores"] > 0 and result["generator_cores"] > 0, "no CPU was told")


def a_stall_of_the_server_shows_in_the_percentiles(folder):
    # Whoever counts from sending only sees the few messages that were under way (coordinated omission).
    server = start(folder)
    process = subprocess.Popen([PROGRAM, "load", "--server", server.mqtt, "--json", "--connections", "4",
                                "--rate", "400", "--duration", "4", "--payload-bytes", "32"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    server.process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=2 * PATIENCE_S)
    expect_equal(process.returncode, 0, f"exit code of load ({err.strip()})")
    result = json.loads(out)
    # A quarter of 4 s was a stall: those messages waited 0.5 s on average, 1 s at most.
    expect(result["ack_ms"]["p90"] > 300, f"p90 is {result['ack_ms']['p90']} ms beside a stall of 1 s")
    expect(result["ack_ms"]["max"] > 900, f"the longest is {result['ack_ms']['max']} ms")
    expect(1400 <= result["run"]["sent"] <= 1700, f"the rate was not kept: {result['run']['sent']} of 1600")


def a_server_that_dies_fails_the_run(folder):
    server = start(folder)
    process = subprocess.Popen([PROGRAM, "load", "--server", server.mqtt, "--json", "--connections", "3",
                                "--subscribers", "2", "--rate", "200", "--duration", "60"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    server.process.kill()
    out, err = process.communicate(timeout=2 * PATIENCE_S)
    expect_equal(process.returncode, 1, f"exit code of load ({err.strip()})")
    result = json.loads(out)
    expect_equal((result["good"], result["all"]["lost_connections"]), (False, 5), "good, lost")
    expect("closed" in result["fault"] or "failed" in result["fault"], f"the fault: {result['fault']!r}")


def a_signal_ends_load_with_its_result(folder):
    server = start(folder)
    process = subprocess.Popen([PROGRAM, "load", "--server", server.mqtt, "--rate", "100", "--duration",
                                "600", "--idle", "5", "--think", "0"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    expect_equal(process.returncode, 0, f"exit code of load ({err.strip()})")
    expect("every message was acknowledged" in out and "5 idle" in out, f"load printed {out!r}")


if __name__ == "__main__":
    play(every_source_of_a_message_arrives, properties_arrive, every_version_speaks,
         retained_messages_come_and_go, a_session_keeps_what_comes_meanwhile,
         a_lost_connection_is_made_again, a_will_is_told, shared_subscriptions_share,
         wrong_words_and_absent_servers_are_told, a_topic_larger_than_the_server_takes_is_refused,
         what_load_sends_an_independent_subscriber_gets, its_own_subscribers_miss_nothing,
         shares_get_each_message_once, metrics_and_files_are_sent, the_csv_adds_up,
         a_stall_of_the_server_shows_in_the_percentiles, a_server_that_dies_fails_the_run,
         a_signal_ends_load_with_its_result)
