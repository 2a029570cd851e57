"""Who is told of alarms: a real receiver of webhooks that checks signatures, a real mail server with STARTTLS, a topic of
our own broker; floods, dead receivers, escalation, quiet hours, and a server that is killed while it sends."""

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import shutil
import ssl
import subprocess
import threading
import time

from house import PATIENCE_S, Raw, Server, expect, expect_equal, free_port, play, run, skip, wait_for
from web import ask

KEY = b"a key of 24 bytes, or so"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver:
    """Takes webhooks, verifies them as a receiver should, and answers what it is told to."""

    every = []

    def __init__(self, port=None, key=KEY, status=200):
        self.key, self.status, self.hold = key, status, threading.Event()
        self.hold.set()
        self.messages, self.wrong, self.begun = [], [], 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.take(self)

            def log_message(self, *words):
                pass

        self.house = http.server.ThreadingHTTPServer(("127.0.0.1", port or 0), Handler)
        self.house.daemon_threads = True
        self.port = self.house.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/in"
        threading.Thread(target=self.house.serve_forever, daemon=True).start()
        Receiver.every.append(self)

    def take(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        identity, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        signed = request.headers["webhook-signature"]
        if self.key is not None:
            digest = hmac.new(self.key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
            if signed != "v1," + base64.b64encode(digest).decode():
                self.wrong.append(f"signature {signed} of {identity}")
        elif signed is not None:
            self.wrong.append("signed though there is no secret")
        if abs(int(stamp) - time.time()) > 300:
            self.wrong.append(f"timestamp {stamp}")
        self.begun += 1
        self.messages.append((identity, body))
        self.hold.wait(PATIENCE_S)
        try:
            request.send_response(self.status)
            request.send_header("Content-Length", "0")
            request.end_headers()
        except OSError:
            pass

    def wait(self, count):
        wait_for(f"{count} messages at {self.url}", lambda: len(self.messages) >= count)
        expect_equal(self.wrong, [], "what is wrong with what came")
        return [json.loads(body) for _, body in self.messages]

    def close(self):
        self.house.shutdown()
        self.house.server_close()


class Plant:
    """The server, and short ways to ask it."""

    def __init__(self, folder, *words, start=True):
        self.folder, self.words = folder, words
        if start:
            self.start()

    def start(self):
        self.server = Server(self.folder, "--notify-inner", *self.words)

    def ask(self, verb, path, body=None, status=200):
        answer = ask(self.server, verb, path, None if body is None else json.dumps(body).encode())
        expect_equal(answer.status, status, f"{verb} {path}: {answer.text()[:400]}")
        return answer.json() if answer.body else None

    def channel(self, name, url=None, **more):
        words = {"kind": "webhook", "url": url, "gather": "0s", "secret": SECRET, **more}
        return self.ask("PUT", f"/v1/channels/{name}", {k: v for k, v in words.items() if v is not None})["channel"]

    def rule(self, **more):
        self.ask("PUT", "/v1/rules/hot", {"kind": "high", "on": "pattern", "path": "plant/#", "limit": 80,
                                          "priority": 2, "title": "Too hot", **more})

    def route(self, name, **words):
        self.ask("PUT", f"/v1/routes/{name}", words)

    def say(self, value, *points):
        self.ask("POST", "/v1/samples", [{"path": f"plant/{point}/temp", "value": value} for point in points])

    def deliveries(self, **words):
        query = "&".join(f"{name}={value}" for name, value in words.items())
        return self.ask("GET", f"/v1/deliveries?{query}")["deliveries"]

    def one(self, name):
        return self.ask("GET", f"/v1/channels/{name}")

    def channels_alarm(self):
        found = [alarm for alarm in self.ask("GET", "/v1/alarms")["alarms"] if alarm["kind"] == "channel"]
        expect(len(found) <= 1, "one alarm of all channels")
        return found[0] if found else None


# ---- webhooks --------------------------------------------------------------------------------------------

def webhooks_are_signed(folder):
    plant, receiver = Plant(folder), Receiver()
    channel = plant.channel("duty", receiver.url)
    expect_equal((channel["secret"], channel["dead"], channel["gather"]), (True, False, "0s"), "the channel")
    plant.rule()
    plant.route("all", match="plant/#", priority=3, to={"channel": "duty"})
    plant.say(20, "one")
    plant.say(81.5, "one")
    message = receiver.wait(1)[0]
    expect_equal((message["count"], message["priority"], message["test"], message["tenant"]), (1, 2, False, "main"),
                 "the message")
    alarm = message["alarms"][0]
    expect_equal((alarm["path"], alarm["title"], alarm["value"], alarm["state"]),
                 ("plant/one/temp", "Too hot", 81.5, "unacknowledged"), "the alarm in it")
    expect_equal(message["id"], receiver.messages[0][0], "its identity, in the head and in the body")
    tested = plant.ask("POST", "/v1/channel-test/duty")["delivery"]
    message = receiver.wait(2)[1]
    expect_equal((message["test"], message["delivery"]), (True, tested), "a test")
    wait_for("both to be done", lambda: len(plant.deliveries(state="sent")) == 2)
    expect_equal([d["delivery"] for d in plant.deliveries(channel="duty")], [2, 1], "the newest first")
    # A secret that is not said stays; an empty one goes, and nothing is signed.
    plant.channel("duty", receiver.url, secret=None)
    expect(plant.one("duty")["secret"], "the secret stays")
    plant.channel("duty", receiver.url, secret="")
    receiver.key = None
    plant.ask("POST", "/v1/channel-test/duty")
    receiver.wait(3)
    answer = ask(plant.server, "GET", "/v1/channels")
    expect(SECRET not in answer.text() and SECRET not in plant.server.log(), "the secret is told")
    plant.server.stop()


def a_flood_is_one_message(folder):
    plant, receiver = Plant(folder), Receiver()
    plant.channel("duty", receiver.url, gather="2s", language="zh")
    plant.rule()
    plant.route("all", to={"channel": "duty"})
    points = [f"p{i}" for i in range(500)]
    plant.say(20, *points)
    plant.say(90, *points)
    wait_for("all alarms", lambda: plant.ask("GET", "/v1/alarms?limit=1")["counts"]["unacknowledged"] == 500)
    messages = receiver.wait(1)
    expect_equal([m["count"] for m in messages], [500], "alarms in one message")
    expect_equal(len(messages[0]["alarms"]), 8, "alarms that are spelled out")
    expect("500" in messages[0]["text"] and "\u62a5\u8b66" in messages[0]["text"], messages[0]["text"])
    plant.server.stop()


def the_end_is_told_where_it_is_asked_for(folder):
    plant, duty, boss = Plant(folder), Receiver(), Receiver()
    plant.channel("duty", duty.url)
    plant.channel("boss", boss.url)
    plant.rule()
    plant.route("all", to={"channel": "boss"})
    plant.route("end", match="plant/one/#", returned=True, to={"channel": "duty"})
    expect_equal([route["returned"] for route in plant.ask("GET", "/v1/routes")["routes"]], [False, True], "the routes")
    plant.say(90, "one", "two")
    duty.wait(1)
    plant.say(20, "one", "two")
    over = duty.wait(2)[1]
    alarm = over["alarms"][0]
    expect_equal((over["text"], over["count"], alarm["state"], alarm["value"], alarm["why"]),
                 ("[P2] Over: Too hot, plant/one/temp", 1, "returned unacknowledged", 20, ""), "its end")
    plant.say(95, "two")  # a clock: an end that was told to him would have come before
    wait_for("the next", lambda: any(json.loads(body)["alarms"][0]["value"] == 95 for _, body in boss.messages))
    expect(all("Over" not in json.loads(body)["text"] for _, body in boss.messages), "who did not ask for it")
    plant.ask("PUT", "/v1/routes/end", {"returned": "yes", "to": {"channel": "duty"}}, 422)
    plant.server.stop()


def what_is_not_urgent_waits_for_the_morning(folder):
    """Quiet hours that are now, wherever the test runs: all day, but for what is urgent."""
    plant, receiver = Plant(folder), Receiver()
    plant.channel("duty", receiver.url, quiet=[{"from": "00:00", "to": "24:00", "but_priority": 1}])
    plant.rule()
    plant.route("all", to={"channel": "duty"})
    plant.say(90, "one")
    wait_for("the alarm to be held", lambda: plant.one("duty")["waiting"] == 1)
    plant.rule(priority=1)
    plant.say(90, "two")
    expect_equal([m["alarms"][0]["path"] for m in receiver.wait(1)], ["plant/two/temp"], "what was sent")
    wait_for("it is done", lambda: [d["count"] for d in plant.deliveries(state="waiting")] == [1])
    plant.server.stop()


# ---- receivers that do not answer ------------------------------------------------------------------------

def a_dead_receiver(folder):
    plant, duty, boss = Plant(folder), Receiver(status=410), Receiver()
    plant.channel("duty", duty.url)
    plant.channel("boss", boss.url)
    plant.rule()
    plant.route("one", match="plant/#", to={"channel": "duty"})
    plant.route("two", match="elsewhere/#", to={"channel": "boss"})
    plant.say(90, "one")
    said = boss.wait(1)[0]
    alarm = said["alarms"][0]
    expect_equal((alarm["what"], alarm["kind"], alarm["why"], alarm["priority"]), ("alarm", "channel", "duty", 1),
                 "the others are told")
    expect_equal(said["text"], "[P1] Channel cannot be reached: duty", "in words")
    channel = plant.one("duty")
    expect_equal((channel["dead"], channel["given_up"], channel["last_error"]), (True, 1, "it answered 410"), "the dead one")
    expect("channel duty does not answer: it answered 410" in plant.server.log(), "the log tells it")
    duty.status = 200
    plant.ask("POST", "/v1/channel-test/duty")
    wait_for("it lives again", lambda: not plant.one("duty")["dead"])
    wait_for("its alarm to end", lambda: plant.channels_alarm()["state"] == "returned unacknowledged")
    expect_equal(len(boss.messages), 1, "told once")
    # Nobody listens: it is tried again until somebody does, and what it says is the same.
    port = free_port()
    plant.channel("late", f"http://127.0.0.1:{port}/in")
    tested = plant.ask("POST", "/v1/channel-test/late")["delivery"]
    wait_for("two tries", lambda: plant.deliveries(channel="late")[0]["attempts"] >= 2)
    expect_equal(plant.deliveries(channel="late", state="waiting")[0]["delivery"], tested, "it waits")
    late = Receiver(port)
    expect_equal(late.wait(1)[0]["delivery"], tested, "what came at last")
    wait_for("it is done", lambda: plant.deliveries(channel="late")[0]["state"] == "sent")
    told = dict(line.split() for line in ask(plant.server, "GET", "/metrics").text().splitlines()
                if line.startswith("mainstem_notices"))
    expect_equal([told[f"mainstem_notices_{name}"] for name in ("given_up_total", "waiting", "channels", "channels_dead")],
                 ["1", "0", "3", "0"], f"metrics: {told}")
    expect(int(told["mainstem_notices_sent_total"]) >= 3 and int(told["mainstem_notices_failed_total"]) >= 2, f"{told}")
    # Redirections are not followed.
    duty.status = 302
    plant.ask("POST", "/v1/channel-test/duty")
    wait_for("the redirection", lambda: "not followed" in (plant.one("duty")["last_error"] or ""))
    plant.server.stop()


def a_dead_channel_is_an_alarm(folder):
    """A receiver answers 500 until its channel is dead: an alarm as any other, in the list, in the journal, in SQL and in the
    verbs; it survives a server that is killed, and ends when the receiver is back."""
    plant, duty, boss, quiet = Plant(folder), Receiver(status=500), Receiver(), Receiver()
    expect_equal(plant.ask("GET", "/v1/rules")["rules"], [], "without channels no rule")
    plant.channel("duty", duty.url)
    plant.channel("boss", boss.url, language="zh")
    plant.channel("quiet", quiet.url, quiet=[{"from": "00:00", "to": "24:00", "but_priority": 0}])
    rule = plant.ask("GET", "/v1/rules/channels")
    expect_equal((rule["kind"], rule["on"], rule["priority"], rule["author"]), ("channel", "nothing", 1, None), "it makes itself")
    plant.route("all", to={"channel": "duty"})
    plant.ask("POST", "/v1/channel-test/duty")
    wait_for("the alarm", lambda: plant.channels_alarm(), 60)
    alarm = plant.channels_alarm()
    expect_equal((alarm["rule"], alarm["why"], alarm["priority"], alarm["state"], alarm["path"]),
                 ("channels", "duty", 1, "unacknowledged", ""), "the alarm")
    # The route leads to nobody who lives: all who live are told, whatever the hour, once.
    expect_equal([m["text"] for m in boss.wait(1)], ["[P1] \u901a\u77e5\u901a\u9053\u4e0d\u901a: duty"], "in Chinese")
    expect_equal([m["alarms"][0]["why"] for m in quiet.wait(1)], ["duty"], "in quiet hours")
    plant.server.kill()
    plant.start()
    expect_equal(plant.channels_alarm(), alarm, "behind the crash")
    rows = plant.ask("POST", "/v1/sql", {"sql": "select rule, kind, why, path from alarms"})["rows"]
    expect_equal(rows, [["channels", "channel", "duty", None]], "in SQL")
    listed = run("alarm", "list", "--json", env={"MAINSTEM_HTTP": plant.server.http, "MAINSTEM_TOKEN": ""})
    expect_equal([json.loads(line)["why"] for line in listed.stdout.splitlines()], ["duty"], f"the verb: {listed.stderr}")
    plant.ask("POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [alarm["alarm"]], "comment": "seen"})
    # One more: told again, to be acknowledged again, by whoever is left.
    quiet.status = 410
    plant.ask("POST", "/v1/channel-test/quiet")
    wait_for("both are named", lambda: plant.channels_alarm()["why"] == "duty, quiet")
    expect_equal(plant.channels_alarm()["state"], "unacknowledged", "for somebody to see")
    told = lambda: {identity for identity, _ in boss.messages}  # one may come twice: at least once
    wait_for("the second message", lambda: len(told()) == 2)
    duty.status = quiet.status = 200
    plant.ask("POST", "/v1/channel-test/quiet")
    wait_for("one is named", lambda: plant.channels_alarm()["why"] == "duty")
    plant.ask("DELETE", "/v1/routes/all")
    plant.ask("DELETE", "/v1/channels/duty")  # what is gone is not dead
    wait_for("it ends", lambda: plant.channels_alarm()["state"] == "returned unacknowledged")
    entries = plant.ask("GET", "/v1/alarm-journal")["entries"]
    expect_equal([e["event"] for e in reversed(entries)],
                 ["condition holds", "acknowledge", "re-alarm", "condition ends"], "the journal")
    # Whoever wants none switches it off; whoever asks for another one is told why not.
    plant.ask("PUT", "/v1/rules/channels", {"kind": "channel", "enabled": False})
    expect_equal(plant.channels_alarm(), None, "off")
    plant.ask("PUT", "/v1/rules/mine", {"kind": "channel"}, 422)
    plant.ask("PUT", "/v1/rules/channels", {"kind": "high", "path": "#", "limit": 1}, 422)
    plant.ask("POST", "/v1/rules-preview", {"kind": "channel"}, 422)
    expect_equal(len(told()), 2, "two deaths, two messages")
    plant.server.stop()


def addresses_of_this_machine(folder):
    """Without notify.inner they are not reached, whatever name leads there."""
    plant, receiver = Plant(folder, start=False), Receiver()
    plant.server = Server(folder)
    for i, host in enumerate(("127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0")):
        plant.channel(f"c{i}", f"http://{host}:{receiver.port}/in")
        plant.ask("POST", f"/v1/channel-test/c{i}")
        wait_for(f"{host} to be refused", lambda: "notify.inner" in (plant.one(f"c{i}")["last_error"] or ""))
    expect_equal(receiver.messages, [], "what came all the same")
    plant.server.stop()


def a_server_that_is_killed(folder):
    """It is killed while a receiver has not answered: the same is sent again, and what was done is not."""
    plant, receiver = Plant(folder), Receiver()
    plant.channel("duty", receiver.url)
    plant.rule()
    plant.route("all", to={"channel": "duty"})
    plant.say(90, "one")
    receiver.wait(1)
    wait_for("it is done", lambda: len(plant.deliveries(state="sent")) == 1)
    receiver.hold.clear()
    plant.say(90, "two")
    receiver.wait(2)
    plant.server.kill()
    receiver.hold.set()
    plant.start()
    receiver.wait(3)
    first, second, again = receiver.messages[:3]
    expect(first[0] != second[0], "two deliveries have one identity")
    expect_equal(again, second, "what is sent again")
    wait_for("all is done", lambda: len(plant.deliveries(state="sent")) == 2)
    expect_equal(len(receiver.messages), 3, "nothing else is sent again")
    plant.server.stop()


# ---- escalation ------------------------------------------------------------------------------------------

def nobody_answers(folder):
    plant, people = Plant(folder), {name: Receiver() for name in ("ann", "bob", "cid")}
    for name, receiver in people.items():
        plant.channel(name, receiver.url)
    roster = plant.ask("PUT", "/v1/rosters/crew", {
        "members": [{"name": name, "channels": [name]} for name in people],
        "shifts": [{"member": "bob", "days": "mon-sun", "from": "00:00", "to": "24:00"}],
        "utc_offset": "+08:00",
        "steps": [{"after": "0s", "to": "on call"}, {"after": "1s", "to": "next"}, {"after": "2s", "to": "next"}]})
    expect_equal(roster["roster"]["on_call"], ["bob"], "who is on call")
    plant.ask("DELETE", "/v1/channels/ann", status=409)
    plant.rule()
    plant.route("all", to={"roster": "crew"})
    plant.say(90, "one")
    for name in ("bob", "cid", "ann"):
        people[name].wait(1)
    plant.say(90, "two")
    people["bob"].wait(2)
    alarms = plant.ask("GET", "/v1/alarms?match=plant/two/%23")["alarms"]
    done = plant.ask("POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [a["alarm"] for a in alarms]})
    expect_equal(done["done"], 1, "acknowledged")
    plant.say(90, "three")  # a clock: when it came to the last one, the one before would have as well
    people["ann"].wait(2)
    told = [json.loads(body)["alarms"][0]["path"] for _, body in people["ann"].messages]
    expect_equal(told, ["plant/one/temp", "plant/three/temp"], "who is told of what was acknowledged")
    plant.server.stop()


# ---- mail and topics -------------------------------------------------------------------------------------

def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                    f"{folder}/mail.key", "-out", f"{folder}/mail.crt"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/mail.crt", f"{folder}/mail.key")
    return context


class Mails:
    """What aiosmtpd hands over, and who may."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, session.ssl is not None,
                           email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "550 not here" if "nobody" in envelope.rcpt_tos[0] else "250 kept"


def mail_is_sent(folder):
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
    import os
    os.makedirs(folder, exist_ok=True)
    mails, port = Mails(), free_port()
    outside = folder + "-mail"
    os.makedirs(outside)
    with open(f"{outside}/password", "w", encoding="utf-8") as file:
        file.write("a pass word\n")

    def authenticator(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"plant", b"a pass word"))

    controller = Controller(mails, hostname="127.0.0.1", port=port, tls_context=certificate(outside),
                            require_starttls=True, authenticator=authenticator, auth_required=True)
    controller.start()
    try:
        plant = Plant(folder, "--notify-smtp-server", f"localhost:{port}", "--notify-smtp-from", "plant@example.org",
                      "--notify-smtp-user", "plant", "--notify-smtp-password-file", f"{outside}/password",
                      "--notify-ca", f"{outside}/mail.crt")
        plant.channel("ann", kind="mail", address="ann@example.org", language="zh", secret=None)
        plant.rule(title="\u8fc7\u70ed " + "very " * 30 + "hot")
        plant.route("all", to={"channel": "ann"})
        plant.say(90, "one")
        wait_for("a mail", lambda: mails.mails)
        sender, receivers, secure, mail = mails.mails[0]
        expect_equal((sender, receivers, secure), ("plant@example.org", ["ann@example.org"], True), "the envelope")
        expect("\u8fc7\u70ed very" in mail["Subject"] and "plant/one/temp" in mail["Subject"], mail["Subject"])
        expect("plant/one/temp" in mail.get_content(), mail.get_content())
        expect(mail["Message-ID"].startswith("<mainstem-1-"), mail["Message-ID"])
        wait_for("it is done", lambda: plant.one("ann")["sent"] == 1)
        plant.channel("none", kind="mail", address="nobody@example.org", secret=None)
        plant.ask("POST", "/v1/channel-test/none")
        wait_for("it is given up", lambda: plant.one("none")["given_up"] == 1)
        expect("a pass word" not in plant.server.log(), "the password is in the log")
        plant.server.stop()
    finally:
        controller.stop()


def a_topic_is_told(folder):
    plant = Plant(folder)
    raw = Raw(plant.server, client_id="screen")
    raw.subscribe(("alarms/#", 1))
    plant.channel("topic", kind="mqtt", topic="alarms/out", secret=None)
    plant.rule()
    plant.route("all", to={"channel": "topic"})
    plant.say(90, "one")
    message = raw.take_publish()
    expect_equal((message.topic, json.loads(message.payload)["alarms"][0]["path"]), ("alarms/out", "plant/one/temp"),
                 "what came")
    wait_for("it is done", lambda: plant.one("topic")["sent"] == 1)
    control = plant.server.control()
    expect_equal(sorted(control.points()), ["plant/one/temp"], "a notice is no reading")
    plant.server.stop()


if __name__ == "__main__":
    if not shutil.which("openssl"):
        skip("openssl is not installed")
    try:
        import aiosmtpd  # noqa: F401
    except ImportError:
        skip("python3-aiosmtpd is not installed")
    try:
        play(webhooks_are_signed, a_flood_is_one_message, the_end_is_told_where_it_is_asked_for, what_is_not_urgent_waits_for_the_morning, a_dead_receiver,
             a_dead_channel_is_an_alarm, addresses_of_this_machine, a_server_that_is_killed, nobody_answers, mail_is_sent, a_topic_is_told)
    finally:
        for receiver in Receiver.every:
            receiver.hold.set()
