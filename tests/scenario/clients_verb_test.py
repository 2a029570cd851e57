"""`mainstem clients`, the questions behind it, and the line of `watch` about what goes out: what they
say of clients, sessions and retained messages is what other people's clients made there."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time

from broker import Subscriber, publish
from house import (PATIENCE_S, PROGRAM, PUBCOMP, PUBREC, Failed, Raw, Server, answer_packet, expect,
                   expect_equal, play, run, varint, wait_for)

EXPIRY = b"\x11"  # session expiry interval, in CONNECT
FOR_EVER = ("--mqtt-session-expiry-max", str(0xFFFFFFFF))


def clients_of(control, match="*", most=1000):
    """All clients that match, by id."""
    found, after = {}, 0
    while after is not None:
        answer = control.ask(ask="clients", match=match, after=after, most=most)
        expect("clients" in answer, f"no clients in {answer}")
        expect(len(answer["clients"]) <= most, f"more than {most} clients: {answer}")
        for client in answer["clients"]:
            expect(client["id"] not in found, f"{client['id']} is told twice")
            found[client["id"]] = client
        after = answer["next"]
    return found


def retained_of(control, match="#", most=1000):
    found, after = {}, 0
    while after is not None:
        answer = control.ask(ask="retained", match=match, after=after, most=most)
        expect("retained" in answer, f"no retained messages in {answer}")
        expect(len(answer["retained"]) <= most, f"more than {most}: {answer}")
        for message in answer["retained"]:
            expect(message["topic"] not in found, f"{message['topic']} is told twice")
            found[message["topic"]] = message
        after = answer["next"]
    return found


def picked(client, *names):
    return tuple(client[name] for name in names)


def kept(server, client_id, expiry_s, *filters):
    """A kept session of MQTT 5 whose client then goes away; filters of QoS 1."""
    raw = Raw(server, version=5, client_id=client_id, clean=False,
              properties=EXPIRY + struct.pack(">I", expiry_s))
    expect_equal(raw.subscribe(*((name, 1) for name in filters)), [1] * len(filters), "SUBACK")
    raw.send(b"\xe0\x00")  # DISCONNECT
    expect_equal(raw.take(), None, "the answer to DISCONNECT")
    raw.close()


def away(server, *ids):
    """Their CLOSE is on the disk."""
    control = server.control()
    wait_for(f"{ids} to be away", lambda: all(
        clients_of(control).get(name, {"peer": 1})["peer"] is None for name in ids))
    control.close()


# ---- the door -------------------------------------------------------------------------------------------

def the_door_tells_who_is_there(folder):
    server = Server(folder + "/data", *FOR_EVER)
    control = server.control()
    expect_equal(control.ask(ask="clients"), {"clients": [], "next": None, "count": 0}, "nobody")
    kept(server, "press-1", 3600, "plant/#", "other/+")
    kept(server, "press-2", 0xFFFFFFFF, "plant/#")
    listener = Subscriber(server, "-i", "listener", "-t", "plant/#", "-t", "b", "-t", "c",
                          version="mqttv311")
    old = Subscriber(server, "-i", "old", "-c", "-t", "x", version="mqttv31", qos=1)
    away(server, "press-1", "press-2")
    for number in range(7):
        publish(server, "plant/a", f"text {number}")
    publish(server, "other/a", "more text")
    listener.take(7)

    found = clients_of(control)
    expect_equal(sorted(found), ["listener", "old", "press-1", "press-2"], "the clients")
    names = ("version", "kept", "expiry_s", "subscriptions", "queued", "in_flight", "dropped")
    expect_equal(picked(found["press-1"], *names), ("5", True, 3600, 2, 8, 0, 0), "press-1")
    expect_equal(picked(found["press-2"], *names), ("5", True, None, 1, 7, 0, 0), "press-2")
    expect_equal(picked(found["listener"], *names), ("3.1.1", False, 0, 3, 0, 0, 0), "listener")
    # MQTT 3 knows no expiry: mqtt.session_expiry_max holds.
    expect_equal(picked(found["old"], *names), ("3.1", True, None, 1, 0, 0, 0), "old")
    expect_equal(found["press-2"]["queued_bytes"], 7 * len("plant/atext 0"), "bytes queued for press-2")
    for name in ("press-1", "press-2"):
        expect_equal(picked(found[name], "peer", "connected_s"), (None, None), f"{name} is away")
        expect(0 <= found[name]["away_s"] < 60, f"{name} is away for {found[name]['away_s']} s")
    for name in ("listener", "old"):
        expect(found[name]["peer"].startswith("127.0.0.1:"), f"peer of {name}: {found[name]['peer']}")
        expect_equal(found[name]["away_s"], None, f"{name} is not away")
        expect(0 <= found[name]["connected_s"] < 60, f"{name}: {found[name]['connected_s']} s")
    state = control.ask(ask="state")["mqtt"]
    expect_equal(picked(state, "clients", "sessions", "sessions_away", "subscriptions", "queued"),
                 (2, 3, 2, 7, 15), "the same in the state")
    expect_equal(control.ask(ask="clients", match="none")["count"], 4, "count, matching or not")
    old.close()
    away(server, "old")
    expect_equal(clients_of(control)["old"]["peer"], None, "where old is from, after it went")

    # What is away is away after a restart, for as long as it was.
    server.kill()
    server = Server(folder + "/data")
    found = clients_of(server.control())
    expect_equal(sorted(found), ["old", "press-1", "press-2"], "the clients after a kill")
    expect_equal(picked(found["press-1"], *names), ("5", True, 3600, 2, 8, 0, 0), "press-1 again")


def messages_in_flight_and_dropped_are_told(folder):
    server = Server(folder + "/data", "--mqtt-queue", "10")
    control = server.control()
    raw = Raw(server, client_id="slow", clean=True)
    expect_equal(raw.subscribe(("plant/#", 2)), [2], "SUBACK")
    publish(server, "plant/a", "one text", qos=2)
    first = raw.take_publish()
    expect_equal(clients_of(control)["slow"]["in_flight"], 1, "in flight before PUBREC")
    raw.send(answer_packet(PUBREC, first.packet_id))
    raw.take()
    expect_equal(clients_of(control)["slow"]["in_flight"], 1, "in flight before PUBCOMP")
    raw.send(answer_packet(PUBCOMP, first.packet_id))
    wait_for("nothing in flight", lambda: clients_of(control)["slow"]["in_flight"] == 0)

    kept(server, "gone", 600, "plant/#")
    away(server, "gone")
    for number in range(13):
        publish(server, "plant/b", f"text {number}")
    found = clients_of(control)["gone"]
    expect_equal(picked(found, "queued", "dropped"), (10, 3), "queued and dropped of a full queue")
    shown = run("clients", "--data", server.data).stdout.splitlines()
    expect(shown[2].startswith("gone ") and shown[2].split()[-1] == "!3",
           f"the one with dropped messages is not on top, or not marked: {shown}")


def lists_come_in_pieces(folder):
    server = Server(folder + "/data")
    control = server.control()
    there = [Raw(server, client_id=f"c{number:03}") for number in range(25)]
    for number in range(25, 40):
        kept(server, f"c{number:03}", 600, "a")
    wanted = [f"c{number:03}" for number in range(40)]
    away(server, *wanted[25:])
    for most in (1, 7, 39, 40, 41):
        expect_equal(sorted(clients_of(control, most=most)), wanted, f"{most} at a time")
    expect_equal(sorted(clients_of(control, "c0?5", most=2)), ["c005", "c015", "c025", "c035"], "c0?5")
    expect_equal(sorted(clients_of(control, "*39*")), ["c039"], "*39*")
    expect_equal(clients_of(control, "c"), {}, "a glob that matches nothing")
    # From 1,000 on the server decides.
    expect_equal(len(control.ask(ask="clients", most=10 ** 12)["clients"]), 40, "most: very many")
    for raw in there:
        raw.close()


def at_most_a_thousand_are_told_at_once(folder):
    server = Server(folder + "/data")
    control = server.control()
    raw = Raw(server)
    for number in range(1001):
        raw.send(b"\x31" + retain_body(f"many/{number}", "text"))
    raw.ping()
    wait_for("all to be retained", lambda: control.ask(ask="state")["mqtt"]["retained"] == 1001)
    answer = control.ask(ask="retained", match="many/+", most=5000)
    expect_equal((len(answer["retained"]), answer["count"]), (1000, 1001), "listed, of")
    expect(answer["next"], "no next where there is more")
    expect_equal(len(retained_of(control, "many/#", most=5000)), 1001, "all of them")
    # An answer ends near 1 MiB as well: 3 KiB a topic are 341 of them.
    topic = "/".join(["l" * 120] * 15) + "/"
    for number in range(700):
        raw.send(b"\x31" + retain_body(f"long/{number}/" + topic + "t" * 1100, "text"))
    raw.ping()
    wait_for("the long ones", lambda: control.ask(ask="state")["mqtt"]["retained"] == 1701)
    answer = control.ask(ask="retained", match="long/#", most=1000)
    size = len(json.dumps(answer))
    expect(len(answer["retained"]) < 700 and answer["next"] and 900_000 < size < 1_200_000,
           f"{len(answer['retained'])} messages, {size} bytes in one answer")
    expect_equal(len(retained_of(control, "long/#")), 700, "all of the long ones")
    # And no more than 8 MiB of messages are looked at: 20 of 700 KiB take three answers.
    for number in range(20):
        raw.send(b"\x31" + retain_body(f"large/{number}", "x" * 700_000))
    raw.ping()
    wait_for("the large ones", lambda: control.ask(ask="state")["mqtt"]["retained"] == 1721)
    after, answers = 0, 0
    while after is not None:
        answer = control.ask(ask="retained", match="large/#", after=after, most=1000)
        expect(len(answer["retained"]) <= 13, f"{len(answer['retained'])} large ones in one answer")
        after, answers = answer["next"], answers + 1
    expect(answers >= 2, "20 large messages were looked at in one go")
    expect_equal(len(retained_of(control, "large/#")), 20, "all of the large ones")


def retain_body(topic, payload):
    """Of a PUBLISH of QoS 0: what follows the first byte."""
    body = struct.pack(">H", len(topic)) + topic.encode() + payload.encode()
    return varint(len(body)) + body


def retained_messages_are_told(folder):
    server = Server(folder + "/data")
    control = server.control()
    expect_equal(control.ask(ask="retained"), {"retained": [], "next": None, "count": 0}, "none")
    publish(server, "plant/press/state", "running", retain=True)
    publish(server, "plant/oven/state", "\u00fc\u6e29", retain=True, qos=2)
    publish(server, "plant/press/short", "y" * 256, retain=True, qos=0)
    publish(server, "plant/press/long", "y" * 255 + "\u00e9" + "z", retain=True)
    publish(server, "plant/press/raw", None, "-D", "publish", "user-property", "a", "b", retain=True)
    raw = Raw(server, version=5)
    raw.publish("plant/press/bytes", b"\xff\xfe\x00", qos=1, flags=3)
    raw.publish("plant/press/zero", b"a\x00b", qos=1, flags=3)
    raw.publish("plant/press/soon", "text", qos=1, flags=3, properties=b"\x02" + struct.pack(">I", 900))
    publish(server, "plant/press/cleared", "text", retain=True)
    publish(server, "plant/press/cleared", None, retain=True)
    found = retained_of(control)
    expect_equal(sorted(found), ["plant/oven/state"] + [f"plant/press/{name}" for name in (
        "bytes", "long", "short", "soon", "state", "zero")], "the topics")

    def told(topic):
        return picked(found["plant/" + topic], "qos", "bytes", "expires_s", "payload", "payload_cut")

    expect_equal(told("press/state"), (1, 7, None, "running", False), "a text")
    expect_equal(told("oven/state"), (2, 5, None, "\u00fc\u6e29", False), "more than ASCII")
    expect_equal(told("press/short"), (0, 256, None, "y" * 256, False), "256 bytes")
    expect_equal(told("press/long"), (1, 258, None, "y" * 255, True), "257 bytes, cut in a character")
    expect_equal(told("press/bytes"), (1, 3, None, None, False), "no text")
    expect_equal(told("press/zero"), (1, 3, None, None, False), "a NUL")
    expect(0 < found["plant/press/soon"]["expires_s"] <= 900, f"expiry {told('press/soon')}")
    expect_equal(sorted(retained_of(control, "plant/+/state", most=1)),
                 ["plant/oven/state", "plant/press/state"], "by a filter")
    expect_equal(retained_of(control, "plant"), {}, "a filter that matches nothing")


def wrong_questions_are_answered_with_what_is_wanted(folder):
    server = Server(folder + "/data")
    control = server.control()
    for wrong in ({"match": 3}, {"match": ""}, {"after": -1}, {"after": "x"}, {"most": 0},
                  {"most": "many"}, {"after": 1.5}):
        for ask in ("clients", "retained", "points"):
            error = control.ask(ask=ask, **wrong).get("error", "")
            expect(error.startswith(f"{ask}: \"match\"") and "\"most\"" in error,
                   f"{ask} {wrong} was answered with {error!r}")
    expect("error" in control.ask(ask="clients", match="x" * 513), "a glob of 513 bytes")
    expect_equal(control.ask(ask="clients", match="x" * 512)["clients"], [], "a glob of 512 bytes")
    for wrong in ("a/#/b", "a+", "$share/g/a"):
        expect("error" in control.ask(ask="retained", match=wrong), f"the filter {wrong}")
    # Far beyond the end is the end.
    for ask, after in (("clients", 2 ** 63 - 1), ("retained", 2 ** 32 - 1)):
        answer = control.ask(ask=ask, after=after)
        expect_equal((answer[ask], answer["next"]), ([], None), f"{ask} after {after}")
    expect("clients" in control.ask(ask="dance")["error"], "the list of questions names clients")


# ---- the verb -------------------------------------------------------------------------------------------

def told_by(server, *words):
    result = run("clients", "--data", server.data, *words)
    expect_equal(result.returncode, 0, f"exit code of clients {words} ({result.stderr})")
    expect("\033" not in result.stdout, f"colour in a pipe: {result.stdout!r}")
    return result


def columns_of(lines):
    """Rows of a table as dictionaries: columns are two blanks apart."""
    heads = [head for head in lines[0].split("  ") if head.strip()]
    return [dict(zip((head.strip() for head in heads),
                     (cell.strip() for cell in line.split("  ") if cell.strip()))) for line in lines[1:]]


def the_verb_shows_the_slow_ones_first(folder):
    server = Server(folder + "/data", *FOR_EVER)
    kept(server, "few", 3600, "plant/#", "x")
    kept(server, "many", 0xFFFFFFFF, "plant/#", "other/#")
    here = Subscriber(server, "-i", "here", "-t", "none", version="mqttv311")
    away(server, "few", "many")
    for number in range(3):
        publish(server, "plant/a", f"text {number}")
    publish(server, "other/a", "text")
    lines = told_by(server).stdout.splitlines()
    expect_equal(lines[0], "3 clients   connected 1   away 2   queued 7   dropped 0", "the summary")
    rows = columns_of(lines[1:])
    expect_equal([row["client"] for row in rows], ["many", "few", "here"], "the order")
    names = ("MQTT", "subscriptions", "queued", "in flight", "dropped")
    expect_equal(picked(rows[0], *names), ("5", "2", "4", "0", "0"), "many")
    expect_equal(picked(rows[1], *names), ("5", "2", "3", "0", "0"), "few")
    expect_equal(picked(rows[2], *names), ("3.1.1", "1", "0", "0", "0"), "here")
    expect(rows[0]["state"].startswith("away ") and rows[0]["state"].endswith(", kept for ever"),
           f"state of many: {rows[0]['state']}")
    expect(rows[1]["state"].startswith("away ") and ", ends in " in rows[1]["state"],
           f"state of few: {rows[1]['state']}")
    expect(rows[2]["state"].startswith("connected ") and rows[2]["from"].startswith("127.0.0.1:"),
           f"state of here: {rows[2]}")
    lines = told_by(server, "?e*").stdout.splitlines()
    expect_equal(lines[0], "2 clients of 3   connected 1   away 1   queued 3   dropped 0", "of a glob")
    lines = told_by(server, "--most", "1").stdout.splitlines()
    expect_equal((len(lines), lines[2].split()[0], lines[3].split(";")[0]), (4, "many", "2 more"), "--most 1")

    objects = [json.loads(line) for line in told_by(server, "--json").stdout.splitlines()]
    control = server.control()
    wanted = clients_of(control)
    expect_equal({each["id"]: each["queued"] for each in objects},
                 {name: each["queued"] for name, each in wanted.items()}, "--json")
    expect_equal(len(told_by(server, "--json", "--most", "2").stdout.splitlines()), 2, "--json --most 2")
    expect_equal(run("clients", "--json", "--watch", "--data", server.data).returncode, 2,
                 "exit code of --json --watch")
    here.close()


def the_verb_shows_retained_messages(folder):
    server = Server(folder + "/data")
    publish(server, "plant/press/state", "running", retain=True)
    publish(server, "plant/oven/state", "a\033[31mred", retain=True)
    Raw(server).publish("plant/press/bytes", b"\xff\xfe", qos=1, flags=3)
    lines = told_by(server, "--retained").stdout.splitlines()
    expect_equal(lines[0], "3 retained   payloads 18 B", "the summary")
    rows = columns_of(lines[1:])
    expect_equal([picked(row, "topic", "QoS", "bytes", "expires", "payload") for row in rows],
                 [("plant/oven/state", "1", "9", "never", "a\ufffd[31mred"),
                  ("plant/press/bytes", "1", "2", "never", "(no text)"),
                  ("plant/press/state", "1", "7", "never", "running")], "the rows")
    lines = told_by(server, "--retained", "plant/press/#").stdout.splitlines()
    expect_equal(lines[0].split("   ")[0], "2 retained of 3", "the summary of a filter")
    objects = [json.loads(line) for line in told_by(server, "--retained", "--json").stdout.splitlines()]
    expect_equal({each["topic"] for each in objects}, set(retained_of(server.control())), "--json")
    result = run("clients", "--retained", "a/#/b", "--data", server.data)
    expect(result.returncode == 1 and "topic filter" in result.stderr, f"a wrong filter: {result}")


def the_verb_says_what_to_do_where_there_is_nothing(folder):
    server = Server(folder + "/data")
    for words, example in ((("clients",), "sub"), (("clients", "--retained"), "pub")):
        result = run(*words, "--data", server.data)
        expect_equal((result.returncode, result.stdout), (0, ""), f"{words} without anything")
        expect(f"mainstem {example} --server {server.mqtt} " in result.stderr,
               f"{words} does not say what to do: {result.stderr!r}")
    expect_equal(told_by(server, "--json").stdout, "", "--json without anything")
    # What it says is done, and then there is something.
    command = run("clients", "--retained", "--data", server.data).stderr.splitlines()[-1].split()
    expect_equal(run(*command[1:]).returncode, 0, f"exit code of {command}")
    expect("plant/press/state" in told_by(server, "--retained").stdout, f"{command} retained nothing")
    raw = Raw(server, client_id="only")
    expect("`mainstem clients` lists all 1" in told_by(server, "none*").stderr, "a glob without matches")
    raw.close()
    result = run("clients", "--data", folder + "/none")
    expect(result.returncode == 1 and "mainstem serve" in result.stderr, f"without a server: {result}")


def on_a_terminal(words, columns, rows, until=None, env=None):
    """What the program writes to a terminal of that size. `until`: when this is true of what it wrote,
    it gets Ctrl-C."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm", **(env or {})})
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execv(PROGRAM, [PROGRAM, *words])
    written, began = b"", time.monotonic()
    os.set_blocking(terminal, False)
    while True:
        try:
            data = os.read(terminal, 65536)
            if not data:
                break
            written += data
        except BlockingIOError:
            if until and until(written.decode(errors="replace")):
                os.write(terminal, b"\x03")
                until = None
            if time.monotonic() - began > 2 * PATIENCE_S:
                os.kill(pid, signal.SIGKILL)
                raise Failed(f"{words} does not end, or not show what it should: {written[-900:]!r}")
            time.sleep(0.02)
        except OSError:
            break  # Linux's word for the end of a pseudo terminal
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    expect_equal(os.waitstatus_to_exitcode(status), 0, f"exit code of {words}")
    return written.decode()


def plain(text):
    """Without the sequences that colour and move."""
    out, at = "", 0
    while at < len(text):
        if text[at] == "\033":
            at += 2
            while at < len(text) and not text[at].isalpha():
                at += 1
        elif text[at] != "\r":
            out += text[at]
        at += 1
    return out


def a_terminal_gets_what_fits(folder):
    server = Server(folder + "/data")
    long = "a-gateway-with-a-very-long-name-in-hall-7-of-the-plant-at-the-river"
    here = Raw(server, client_id=long)
    here.subscribe(("none", 0))
    kept(server, "press-1", 3600, "plant/#")
    away(server, "press-1")
    publish(server, "a/very/long/topic/of/a/press/in/hall/7/of/the/plant/state", "running " * 9,
            retain=True)
    for columns in (80, 100, 200):
        for words in (("clients",), ("clients", "--retained"), ("watch", "--once")):
            shown = on_a_terminal((*words, "--data", server.data), columns, 24)
            expect("\033[" in shown, f"no colour on a terminal: {shown!r}")
            lines = plain(shown).splitlines()
            if words[0] == "watch":  # its other lines are as long as they are
                lines = [line for line in lines if line.startswith("sent/s ")]
                expect_equal(len(lines), 1, "lines about what goes out")
            expect(max(map(len, lines)) <= min(columns, 80 if words[0] == "watch" else columns),
                   f"{words} is wider than {columns}: {lines}")
    lines = plain(on_a_terminal(("clients", "--data", server.data), 200, 24)).splitlines()
    expect(any(line.startswith(long + "  127.0.0.1:") for line in lines), f"a wide terminal: {lines}")
    bare = on_a_terminal(("clients", "--data", server.data), 80, 24, env={"NO_COLOR": "1"})
    expect("\033[3" not in bare and "\033[1" not in bare, f"colour in spite of NO_COLOR: {bare!r}")
    here.close()


def the_screen_is_refreshed_until_ctrl_c(folder):
    server = Server(folder + "/data")
    there = [Raw(server, client_id=f"c{number:02}") for number in range(30)]
    shown = on_a_terminal(("clients", "--watch", "--data", server.data), 100, 12,
                          until=lambda text: text.count("\033[H\033[J") >= 3)
    expect(shown.startswith("\033[?1049h"), f"not on a screen of its own: {shown[:40]!r}")
    expect(shown.rstrip().endswith("\033[?1049l"), f"the screen is not given back: {shown[-40:]!r}")
    pictures = shown.split("\033[H\033[J")[1:]
    for picture in pictures:
        lines = plain(picture).splitlines()
        expect(len(lines) <= 12, f"more lines than the screen has: {lines}")
        expect(lines[0].startswith("30 clients ") and "22 more" in lines, f"what it shows: {lines}")
    for raw in there:
        raw.close()


def watch_tells_what_goes_out(folder):
    server = Server(folder + "/data", "--mqtt-queue", "4")
    kept(server, "gone", 600, "plant/#", "x")
    away(server, "gone")
    publish(server, "plant/state", "running", retain=True)
    for _ in range(5):
        publish(server, "plant/a", "text")

    def line():
        result = run("watch", "--once", "--data", server.data)
        expect_equal(result.returncode, 0, f"exit code of watch ({result.stderr})")
        return next(each for each in result.stdout.splitlines() if each.startswith("sent/s "))

    expect_equal(line().split(maxsplit=2)[2],
                 "subscriptions 2   away 1   queued 4   retained 1   dropped 2", "what goes out")
    # What was dropped before anybody looked is no news; what is dropped meanwhile is marked.
    process = subprocess.Popen(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(server.port), "-q", "1", "-t",
                                "plant/a", "-m", "text", "--repeat", "100000", "--repeat-delay", "0.1"])
    try:
        on_a_terminal(("watch", "--data", server.data), 100, 24,
                      until=lambda text: "dropped !" in plain(text))
    finally:
        process.kill()
        process.wait()
    shown = plain(on_a_terminal(("watch", "--data", server.data), 100, 24,
                                until=lambda text: text.count("sent/s") >= 3))
    expect("dropped !" not in shown and "dropped 0\n" not in shown, f"an old total is marked: {shown!r}")


def the_verb_explains_itself(folder):
    result = run("clients", "--help")
    expect_equal(result.returncode, 0, "exit code of clients --help")
    lines = [line for line in result.stdout.splitlines() if line]
    expect(lines[-1].strip().startswith("mainstem clients "), f"no example at the end: {lines[-3:]}")
    expect("  clients " in run("help").stdout, "mainstem help does not name clients")
    for words in (("clients", "a", "b"), ("clients", "--most", "0"), ("clients", "--dance")):
        expect_equal(run(*words).returncode, 2, f"exit code of {words}")


play(the_verb_explains_itself, the_door_tells_who_is_there, messages_in_flight_and_dropped_are_told,
     lists_come_in_pieces, at_most_a_thousand_are_told_at_once, retained_messages_are_told,
     wrong_questions_are_answered_with_what_is_wanted, the_verb_shows_the_slow_ones_first,
     the_verb_shows_retained_messages, the_verb_says_what_to_do_where_there_is_nothing,
     a_terminal_gets_what_fits, the_screen_is_refreshed_until_ctrl_c, watch_tells_what_goes_out)
