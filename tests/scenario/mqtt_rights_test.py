"""Tenants and rights over MQTT, with clients that nobody here wrote: two tenants with the same client
ids and topics see nothing of each other, a client writes and sees what its role allows, and whoever
loses his right is gone at once.

Accounts are made over HTTP with a token of the host's; a token stands as the password of MQTT."""

import json
import os
import statistics
import subprocess
import threading
import time
import urllib.error
import urllib.request

from broker import ON_MOSQUITTO, Subscriber, again, publish
from house import (CONNACK, DISCONNECT, PATIENCE_S, TREE, Raw, Server, connect_packet, expect,
                   expect_equal, note, play, publish_packet, skip)

try:
    import paho.mqtt.client as paho
except ImportError:
    paho = None

MODULES = os.environ.get("MAINSTEM_JS_MODULES", os.path.join(TREE, "build/clients/mqttjs/node_modules"))
NOT_AUTHORIZED, BAD_USER, QUOTA, ADMINISTRATIVE = 0x87, 0x86, 0x97, 0x98
PASSWORD = "a horse that walks"


# ---- the house ------------------------------------------------------------------------------------------

def ask(server, verb, path, bearer=None, **body):
    """One question to the API; returns the status and the answer."""
    headers = {"Content-Type": "application/json"}
    bearer = bearer or getattr(server, "bearer", None)
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    request = urllib.request.Request(f"http://{server.http}{path}", method=verb, headers=headers,
                                     data=json.dumps(body).encode() if body else None)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as err:
        return err.code, json.loads(err.read() or b"{}")


def order(server, verb, path, **body):
    status, answer = ask(server, verb, path, **body)
    expect(status < 300, f"{verb} {path}: {status} {answer}")
    return answer


class Account:
    """An account of a tenant with a role, and its token; `words` are for Mosquitto's clients."""

    def __init__(self, server, tenant, name, role):
        self.tenant, self.name = tenant, name
        self.path = f"/v1/tokens/{name}?tenant={tenant}"
        answer = order(server, "POST", f"/v1/tokens?tenant={tenant}", name=name,
                       grants=[{"role": role, "branch": "#"}])
        self.token = answer["text"]
        self.words = ("-u", name, "-P", self.token)

    def connect(self, server, version=5, **options):
        """A raw connection; takes CONNACK and returns (connection, reason)."""
        raw = Raw(server, version=version, connect=False)
        raw.send(connect_packet(version, user=self.name, password=self.token, **{"client_id": "raw", **options}))
        kind, _, body = raw.take()
        expect_equal(kind, CONNACK, "the answer to CONNECT")
        return raw, body[1]

    def enter(self, server, version=5, **options):
        raw, reason = self.connect(server, version, **options)
        expect_equal(reason, 0, f"CONNACK of {self.name}@{self.tenant}")
        return raw


def house(folder, *words):
    if ON_MOSQUITTO:
        skip("Mosquitto has no tenants")
    server = Server(folder + "/data", *words)
    everywhere = [{"role": "host", "branch": "#"}]
    bearer = order(server, "POST", "/v1/tokens", name="api", grants=everywhere)["text"]
    order(server, "POST", "/v1/users", name="ann", password=PASSWORD, grants=everywhere)
    server.bearer = bearer  # now somebody administers it, and nobody else comes in
    for name in ("acme", "bolt"):
        order(server, "POST", "/v1/tenants", name=name)
    return server


def killed(server):
    """kill -9, and another one on the same folder."""
    bearer = server.bearer
    server = again(server)
    server.bearer = bearer
    return server


def both(server):
    return Account(server, "acme", "gate", "operator"), Account(server, "bolt", "gate", "operator")


def role(server, tenant, name, *rights):
    order(server, "PUT", f"/v1/roles/{name}?tenant={tenant}",
          rights=[{"pattern": pattern, "rights": list(may)} for pattern, may in rights])


# ---- two tenants ----------------------------------------------------------------------------------------

def two_tenants_do_not_meet(folder):
    server = house(folder)
    a, b = both(server)
    ours = Subscriber(server, "-t", "#", "-i", "same", *a.words)
    theirs = Subscriber(server, "-t", "#", "-t", "plant/+", "-t", "+/t", "-i", "same", *b.words)
    expect(not ours.ended(), "the same client id of another tenant took a connection over")
    for version in ("mqttv31", "mqttv311", "mqttv5"):
        publish(server, "plant/t", "21", *a.words, version=version)
        ours.expect_told([("plant/t", "21", 1, 0)], f"what the own tenant publishes by {version}")
    publish(server, "plant/t", "7", *b.words)
    theirs.expect_told([("plant/t", "7", 1, 0)], "what the other tenant publishes")
    status, answer = ask(server, "GET", "/v1/points/plant/t")
    expect_equal(status, 404, f"the point in the house's own tenant: {answer}")


def nothing_retained_is_seen_by_another(folder):
    server = house(folder)
    a, b = both(server)
    publish(server, "state/line", "of acme", *a.words, retain=True)
    theirs = Subscriber(server, "-t", "#", "-t", "state/line", "-t", "state/+", *b.words)
    publish(server, "state/other", "of bolt", *b.words, retain=True)
    expect_equal([message["payload"] for message in theirs.take(1)], ["of bolt"], "what bolt sees first")
    publish(server, "state/line", None, *b.words, retain=True)  # takes nothing of acme's away
    ours = Subscriber(server, "-t", "state/#", *a.words)
    ours.expect_told([("state/line", "of acme", 1, 1)], "what acme retained")
    server = killed(server)
    ours = Subscriber(server, "-t", "state/#", *a.words)
    ours.expect_told([("state/line", "of acme", 1, 1)], "what acme retained, after kill -9")


def kept_sessions_with_one_id(folder):
    server = house(folder)
    a, b = both(server)
    kept = ("-i", "keeper", "-c", "-x", "3600", "-t", "x/#")
    Subscriber(server, *kept, *a.words).close()
    Subscriber(server, *kept, *b.words).close()
    for n in range(3):
        publish(server, "x/y", f"of bolt {n}", *b.words)
    publish(server, "x/y", "of acme", *a.words)
    server = killed(server)
    publish(server, "x/y", "of acme, later", *a.words)
    ours = Subscriber(server, *kept, *a.words, wait=False)
    ours.expect_told([("x/y", "of acme", 1, 0), ("x/y", "of acme, later", 1, 0)], "what was kept for acme")
    theirs = Subscriber(server, *kept, *b.words, wait=False)
    theirs.expect_told([("x/y", f"of bolt {n}", 1, 0) for n in range(3)], "what was kept for bolt")


def groups_and_wills_are_a_tenants(folder):
    server = house(folder)
    a, b = both(server)
    ours = Subscriber(server, "-t", "$share/team/job", "-t", "gone", *a.words)
    theirs = Subscriber(server, "-t", "$share/team/job", "-t", "gone", *b.words)
    for n in range(6):
        publish(server, "job", str(n), *a.words)
    ours.expect_told([("job", str(n), 1, 0) for n in range(6)], "the jobs of acme")
    dying = Subscriber(server, "-t", "t", "--will-topic", "gone", "--will-payload", "bolt's", "--will-qos",
                       "1", *b.words)
    dying.kill()
    theirs.expect_told([("gone", "bolt's", 1, 0)], "the will of bolt's")
    publish(server, "gone", "acme's", *a.words)
    ours.expect_told([("gone", "acme's", 1, 0)], "what acme saw after bolt's will")


def sys_is_the_houses(folder):
    server = house(folder, "--mqtt-sys-interval", "1s")
    role_of = {}
    for tenant in ("main", "acme"):
        account = Account(server, tenant, "watcher", "administrator")
        raw = account.enter(server, client_id="watcher")
        role_of[tenant] = raw.subscribe(("$SYS/#", 0), ("#", 0))
        raw.socket.settimeout(2.5)
        try:
            found = raw.socket.recv(4096)
        except TimeoutError:
            found = b""
        expect_equal(found, b"", f"what {tenant} saw of $SYS")
    expect_equal(role_of, {"main": [NOT_AUTHORIZED, 0], "acme": [NOT_AUTHORIZED, 0]}, "SUBACK of $SYS/#")
    host = Account(server, "main", "host", "host")
    raw = host.enter(server, client_id="host")
    expect_equal(raw.subscribe(("$SYS/broker/version", 0)), [0], "SUBACK of $SYS for the host")
    expect("mainstem" in raw.take_publish().payload, "the version under $SYS")


# ---- rights ---------------------------------------------------------------------------------------------

def a_role_says_what_a_client_may(folder):
    server = house(folder)
    role(server, "acme", "line", ("line/%c/#", ("see", "write")), ("by/%u/#", ("see", "write")),
         ("shown/#", ("see",)))
    everything = Account(server, "acme", "all", "operator")
    line = Account(server, "acme", "press", "line")
    watcher = Subscriber(server, "-t", "#", *everything.words)
    one, two = line.enter(server, client_id="one"), line.enter(server, client_id="two")
    for raw, topic, reason in ((one, "line/one/t", 0), (one, "line/two/t", NOT_AUTHORIZED),
                               (two, "line/two/t", 0), (two, "by/press/t", 0), (two, "by/two/t", NOT_AUTHORIZED),
                               (one, "shown/t", NOT_AUTHORIZED), (one, "@bolt/t", 0x90)):
        expect_equal(raw.publish(topic, b"1"), reason, f"PUBACK of {topic}")
    watcher.expect_told([("line/one/t", "1", 1, 0), ("line/two/t", "1", 1, 0), ("by/press/t", "1", 1, 0)],
                        "what got through")
    codes = one.subscribe(("line/one/#", 1), ("line/two/#", 1), ("$share/g/#", 1), ("#", 1), ("@bolt/#", 1))
    expect_equal(codes, [1, NOT_AUTHORIZED, NOT_AUTHORIZED, 1, NOT_AUTHORIZED], "SUBACK")
    for topic in ("other", "line/two/t", "shown/a"):
        publish(server, topic, "5", *everything.words)
    found = one.take_publish()
    expect_equal((found.topic, found.payload), ("shown/a", "5"), "what a filter wider than the rights gives")
    for tenant, wanted in (("acme", "denied"), ("bolt", None)):
        answer = order(server, "GET", "/v1/refused", bearer=Account(server, tenant, "admin", "administrator").token)
        reasons = {entry["topic"]: entry["reason"] for entry in answer["refused"]}
        expect_equal(reasons.get("line/two/t"), wanted, f"the list of refusals of {tenant}: {answer}")


def what_mqtt_3_is_told(folder):
    server = house(folder)
    role(server, "acme", "line", ("line/#", ("see", "write")))
    line = Account(server, "acme", "press", "line")
    everything = Account(server, "acme", "all", "operator")
    watcher = Subscriber(server, "-t", "#", *everything.words)
    publish(server, "other", "1", *line.words, version="mqttv311")
    publish(server, "line/t", "1", *line.words, version="mqttv311")
    watcher.expect_told([("line/t", "1", 1, 0)], "what got through")
    sub = Subscriber(server, "-t", "other", *line.words, version="mqttv311", wait=False)
    sub.ready.wait(PATIENCE_S)
    expect_equal(sub.granted, [128], "SUBACK of MQTT 3.1.1")


def paho_is_told(folder):
    if not paho:
        skip("paho is not installed")
    server = house(folder)
    role(server, "acme", "line", ("line/#", ("see", "write")))
    line = Account(server, "acme", "press", "line")
    host, port = server.mqtt.rsplit(":", 1)
    told, happened = {}, threading.Condition()

    def note_down(what, value):
        with happened:
            told[what] = value
            happened.notify_all()

    def wait_for_it(what):
        with happened:
            expect(happened.wait_for(lambda: what in told, PATIENCE_S), f"waited for {what}; told {told}")

    client = paho.Client(client_id="press", protocol=paho.MQTTv5)
    client.username_pw_set(line.name, line.token)
    client.on_connect = lambda c, u, flags, reason, properties: note_down("connect", reason.value)
    client.on_subscribe = lambda c, u, mid, reasons, properties: note_down("suback", [r.value for r in reasons])
    client.on_disconnect = lambda c, u, reason, properties=None: note_down(
        "disconnect", getattr(reason, "value", reason))
    client.connect(host, int(port))
    client.loop_start()
    wait_for_it("connect")
    client.subscribe([("line/#", paho.SubscribeOptions(1)), ("other/#", paho.SubscribeOptions(1))])
    wait_for_it("suback")
    expect_equal((told["connect"], told["suback"]), (0, [1, NOT_AUTHORIZED]), "what Paho was told")
    order(server, "DELETE", line.path)
    wait_for_it("disconnect")
    expect_equal(told["disconnect"], ADMINISTRATIVE, "the reason of DISCONNECT")
    client.loop_stop()


def mqtt_js_by_both_doors(folder):
    if not os.path.isdir(MODULES):
        skip("MQTT.js is not installed")
    server = house(folder)
    role(server, "acme", "line", ("line/#", ("see", "write")))
    line = Account(server, "acme", "press", "line")
    for url in (f"mqtt://{server.mqtt}", f"ws://{server.http}/mqtt"):
        result = subprocess.run(
            ["node", os.path.join(TREE, "tests/clients/mqttjs/rights.js"), url, line.name, line.token],
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=4 * PATIENCE_S,
            env={**os.environ, "NODE_PATH": MODULES, "MAINSTEM_PATIENCE_S": str(PATIENCE_S)})
        expect_equal(result.returncode, 0, f"rights.js by {url}: {result.stdout[-2000:]}")


# ---- who stays out --------------------------------------------------------------------------------------

def refusal(server, version, user, password):
    raw = Raw(server, version=version, connect=False)
    raw.send(connect_packet(version, client_id="raw", user=user, password=password))
    _, _, body = raw.take()
    expect(raw.take() is None, "the connection stays open after a refusal")
    return body[1]


def anonymous_refusal(server, version):
    raw = Raw(server, version=version, connect=False)
    raw.send(connect_packet(version, client_id="nobody"))
    _, _, body = raw.take()
    return body[1]


def who_has_no_account_stays_out(folder):
    server = house(folder)
    a, _ = both(server)
    expect_equal([anonymous_refusal(server, version) for version in (4, 5)], [5, NOT_AUTHORIZED],
                 "CONNACK without an account")
    wrong = a.token[:-8] + ("A" * 8)
    expect_equal([refusal(server, version, "gate", wrong) for version in (4, 5)], [4, BAD_USER],
                 "CONNACK with a wrong token")
    expect_equal(refusal(server, 5, "ann", "a horse that runs"), BAD_USER, "CONNACK with a wrong password")
    raw = Raw(server, version=5, connect=False)
    raw.send(connect_packet(5, client_id="raw", user="ann", password=PASSWORD))
    expect_equal(raw.take()[2][1], 0, "CONNACK with the right password")
    expect_equal(a.connect(server)[1], 0, "CONNACK with a token")


def on_trial_everyone_on_this_machine_may_all(folder):
    if ON_MOSQUITTO:
        skip("Mosquitto has no trial")
    server = Server(folder + "/data")
    watcher = Subscriber(server, "-t", "#")
    publish(server, "plant/t", "1")
    publish(server, "plant/t", "2", "-u", "someone", "-P", "something")
    watcher.expect_told([("plant/t", "1", 1, 0), ("plant/t", "2", 1, 0)], "what came on trial")
    order(server, "POST", "/v1/users", name="ann", password=PASSWORD,
          grants=[{"role": "host", "branch": "#"}])
    watcher.close()
    expect_equal(anonymous_refusal(server, 5), NOT_AUTHORIZED, "CONNACK when the trial is over")


# ---- rights that end ------------------------------------------------------------------------------------

def a_revoked_client_is_gone_at_once(folder):
    server = house(folder)
    took = []
    for n in range(20):
        account = Account(server, "acme", f"device{n}", "operator")
        raw = account.enter(server, client_id=f"device{n}")
        began = []
        thread = threading.Thread(target=lambda: (began.append(time.monotonic()),
                                                  order(server, "DELETE", account.path)))
        thread.start()
        answer = raw.take()
        ended = time.monotonic()
        thread.join()
        took.append((ended - began[0]) * 1000)
        expect_equal((answer[0], answer[2][0]), (DISCONNECT, ADMINISTRATIVE), "what a revoked client gets")
        expect(raw.take() is None, "the connection is closed")
        expect_equal(account.connect(server)[1], BAD_USER, "CONNACK afterwards")
    note(f"a token is removed until its client is gone: median {statistics.median(took):.1f} ms, "
         f"longest {max(took):.1f} ms, the request included")
    expect(statistics.median(took) < 1000, "a second and more until a revoked client is gone")


def a_role_that_shrinks_ends_subscriptions(folder):
    server = house(folder)
    role(server, "acme", "line", ("line/#", ("see", "write")), ("shown/#", ("see",)))
    line, everything = Account(server, "acme", "press", "line"), Account(server, "acme", "all", "operator")
    sub = Subscriber(server, "-t", "line/#", "-t", "shown/#", *line.words)
    publish(server, "shown/a", "1", *everything.words)
    sub.expect_told([("shown/a", "1", 1, 0)], "before")
    role(server, "acme", "line", ("line/#", ("see", "write")))
    publish(server, "shown/a", "2", *everything.words)
    publish(server, "line/a", "3", *everything.words)
    sub.expect_told([("line/a", "3", 1, 0)], "after")
    order(server, "PATCH", "/v1/tenants/acme", state="suspended")
    raw = Raw(server, version=5, connect=False)
    raw.send(connect_packet(5, client_id="raw", user=everything.name, password=everything.token))
    expect_equal(raw.take()[2][1], BAD_USER, "CONNACK of a suspended tenant")


# ---- quotas ---------------------------------------------------------------------------------------------

def connections_are_counted(folder):
    server = house(folder)
    order(server, "PATCH", "/v1/tenants/acme", quotas={"connections": 3})
    a, b = both(server)
    held = [a.enter(server, client_id=f"c{n}") for n in range(3)]
    expect_equal([a.connect(server, version, client_id="more")[1] for version in (5, 4)], [QUOTA, 3],
                 "CONNACK past the quota")
    b.enter(server, client_id="c0")
    held[0].close()
    end = time.monotonic() + PATIENCE_S
    while a.connect(server, client_id="next")[1] != 0:
        expect(time.monotonic() < end, "a connection that ended is given back")
        time.sleep(0.05)


def values_are_put_off_and_nobody_else_is(folder):
    server = house(folder)
    order(server, "PATCH", "/v1/tenants/acme", quotas={"values_per_second": 200})
    a, b = both(server)
    flood, other = a.enter(server, client_id="flood"), b.enter(server, client_id="other")
    flood.send(b"".join(publish_packet("t", b"1", 1, n, 5) for n in range(1, 1001)))
    began, took = time.monotonic(), []
    while time.monotonic() - began < 2:
        before = time.monotonic()
        expect_equal(other.publish("t", b"1"), 0, "PUBACK of the other tenant")
        took.append((time.monotonic() - before) * 1000)
    answered = 0
    flood.socket.setblocking(False)
    try:
        while True:
            answered += len(flood.socket.recv(65536))
    except BlockingIOError:
        answered //= 4  # bytes of a PUBACK that says yes
    note(f"a flood past its quota of 200 values/s: {answered} answered in 2 s; the other tenant's PUBACK p99 "
         f"{statistics.quantiles(took, n=100)[98]:.1f} ms of {len(took)}")
    expect(500 <= answered <= 700, f"{answered} values were taken in two seconds, of 200 a second and 200 more")
    expect(len(took) > 20, "the other tenant is served")


if __name__ == "__main__":
    play(two_tenants_do_not_meet, nothing_retained_is_seen_by_another, kept_sessions_with_one_id,
         groups_and_wills_are_a_tenants, sys_is_the_houses, a_role_says_what_a_client_may, what_mqtt_3_is_told,
         paho_is_told, mqtt_js_by_both_doors, who_has_no_account_stays_out,
         on_trial_everyone_on_this_machine_may_all, a_revoked_client_is_gone_at_once,
         a_role_that_shrinks_ends_subscriptions, connections_are_counted,
         values_are_put_off_and_nobody_else_is)
