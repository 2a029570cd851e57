"""A server of one's own without a browser: from an empty folder to hosts, tenants, people, roles, tokens and
devices by the verbs of the terminal; who is nobody is refused at every door and told what to do; the audit is
verified from its export, and a file that was changed is found. No secret stands in the log, in an error or in the
list of processes."""

import csv
import io
import json
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import threading
import time

from house import PATIENCE_S, PROGRAM, Server, expect, expect_equal, play, skip, wait_for
from people import OTHER, PASSWORD, publish


class Watch:
    """Reads the list of processes again and again: what of Mainstem's own stands there."""

    def __init__(self):
        self.seen, self.over = set(), False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        name = os.path.basename(PROGRAM).encode()
        while not self.over:
            for number in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{number}/cmdline", "rb") as file:
                        line = file.read()
                except OSError:
                    continue
                if os.path.basename(line.split(b"\0")[0]) == name:
                    self.seen.add(line.replace(b"\0", b" ").decode(errors="replace"))
            time.sleep(0.002)

    def stop(self):
        self.over = True
        self.thread.join()
        expect(self.seen, "no process of Mainstem was seen")
        return "\n".join(self.seen)


class House:
    """A server, its verbs as this or that person, and all that they ever printed on standard error."""

    def __init__(self, folder):
        self.folder, self.server, self.errors = folder, Server(folder + "/data"), ""

    def verb(self, *words, code=0, said=None, token=None, env=None, owner=False):
        """Runs a verb; returns its standard output."""
        surroundings = {**os.environ, "MAINSTEM_HTTP": self.server.http, "MAINSTEM_MQTT": self.server.mqtt,
                        "MAINSTEM_DATA": self.server.data, "MAINSTEM_TOKEN": token or "", **(env or {})}
        if owner:
            surroundings["MAINSTEM_SERVER"] = "unix:" + self.server.data
        result = subprocess.run([PROGRAM, *words], input=said if said is not None else "", text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * PATIENCE_S,
                                env=surroundings)
        self.errors += result.stderr
        self.fault = result.stderr
        expect_equal(result.returncode, code, f"mainstem {' '.join(words)}: {result.stdout}{result.stderr}")
        return result.stdout

    def host(self, *words, **options):
        return self.verb(*words, owner=True, **options)

    def list(self, *words, **options):
        return [json.loads(line) for line in self.host(*words, "--json", **options).splitlines()]

    def curl(self, path, token=None):
        """The status of a GET, by curl."""
        if not shutil.which("curl"):
            skip("curl is not installed")
        words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{self.server.http}{path}"]
        headers = f"Authorization: Bearer {token}" if token else "X-None: 1"
        return int(subprocess.run([*words, "-H", headers], text=True, stdout=subprocess.PIPE, timeout=60).stdout)

    def publish(self, topic, user=None, secret=None):
        """The exit code of mosquitto_pub."""
        return publish(self.server, topic, user, secret, version="mqttv5")


def typed(words, answers, env):
    """Runs a verb on a terminal where somebody types; returns its exit code and all that the screen showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(words[0], words, {**os.environ, **env})
    shown, left = b"", list(answers)
    while True:
        try:
            select.select([terminal], [], [], PATIENCE_S)
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if left and piece.rstrip().endswith(b":"):
            os.write(terminal, left.pop(0).encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")


def nobody_is_refused(house):
    """Anonymous at every door, and what the verbs say of it."""
    for path in ("/v1/points", "/v1/users", "/v1/state", "/v1/audit", "/metrics"):
        expect_equal(house.curl(path), 401, f"GET {path} by nobody")
    expect(house.publish("plant/a") != 0, "nobody publishes")
    for words in (("points",), ("set", "plant/a", "1"), ("sql", "select 1"), ("user", "list"), ("audit", "list"),
                  ("why", "ann", "see", "plant/a"), ("live", "plant/#", "--for", "1")):
        house.verb(*words, code=1)
        expect("--token-file" in house.fault and "--server unix:DIR" in house.fault, f"{words}: {house.fault}")
    house.verb("pub", "plant/a", "1", code=1)
    expect("--token-file" in house.fault, f"pub: {house.fault}")
    house.verb("points", token="mst_a_nonsense", code=1)
    expect("does not take this token" in house.fault and "nonsense" not in house.fault, house.fault)
    house.verb("points", "--token", "mst_a_secret", code=2)
    expect("list of processes" in house.fault and "mst_a_secret" not in house.fault, house.fault)


def from_an_empty_folder(folder):
    house, watch = House(folder), Watch()
    house.verb("points")  # trial
    house.verb("admin", "create", "ann", said="password12\n", code=1)
    expect("guessed" in house.fault and "password12" not in house.fault, house.fault)
    house.verb("admin", "create", "ann", said=PASSWORD + "\n")
    house.verb("admin", "create", "ann", said=PASSWORD + "\n", code=1)
    expect("user reset ann" in house.fault, house.fault)
    nobody_is_refused(house)
    # Who may read the folder may all.
    house.host("set", "plant/a", "3")
    house.host("role", "set", "night", "--right", "see:plant/#", "--right", "see,acknowledge:plant/l1/#")
    night = [role for role in house.list("role", "list") if role["name"] == "night"]
    expect_equal(night[0]["rights"], [{"pattern": "plant/#", "rights": ["see"]},
                                      {"pattern": "plant/l1/#", "rights": ["see", "acknowledge"]}], "the role")
    house.host("role", "set", "night", "--right", "see", code=2)
    house.host("user", "create", "bo", "--role", "night", "--role", "operator:plant/l1/#", said=OTHER + "\n")
    link = house.host("user", "invite", "cy", "--role", "viewer").strip()
    expect(link.startswith("/invitation#mst_i_"), f"the link: {link}")
    expect("yes: role night allows see" in house.host("why", "bo", "see", "plant/x"), "why")
    expect("no: " in house.host("why", "bo", "write", "plant/x"), "why not")
    house.host("user", "grant", "bo", "--role", "viewer")
    grants = {user["name"]: user["grants"] for user in house.list("user", "list")}
    expect_equal(grants["bo"], [{"role": "viewer", "branch": "#"}], "grants are replaced")
    # A token, for curl, mosquitto_pub and verbs.
    token = house.host("token", "create", "pump", "--role", "operator:plant/#").strip()
    expect(token.startswith("mst_a_") and "\n" not in token, "a token alone on standard output")
    expect("this once" in house.fault and token not in house.fault, house.fault)
    expect_equal(house.curl("/v1/points", token), 200, "curl with a token")
    expect_equal(house.publish("plant/b", "pump", token), 0, "mosquitto_pub with a token")
    wait_for("the point", lambda: "plant/b" in house.verb("points", token=token))
    house.verb("pub", "plant/c", "1", token=token)
    house.verb("set", "plant/c", "2", token=token)
    house.verb("set", "other/c", "2", token=token, code=1)
    path = folder + "/eye.token"
    house.host("token", "create", "eye", "--role", "viewer", "--out", path)
    expect_equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "who may read the file of a token")
    house.host("token", "create", "other", "--role", "viewer", "--out", path, code=2)
    expect("plant/c" in house.verb("live", "plant/#", "--for", "0.5", "--lines", "--token-file", path), "live")
    house.verb("set", "plant/c", "2", "--token-file", path, code=1)
    house.host("token", "remove", "pump")
    house.verb("points", token=token, code=1)
    expect_equal(house.curl("/v1/points", token), 401, "a removed token")
    # What was secret is nowhere.
    secrets = [PASSWORD, OTHER, token, link.split("#")[1], open(path, encoding="utf-8").read().strip()]
    places = {"log": house.server.log(), "list of processes": watch.stop(), "errors": house.errors}
    for place, text in places.items():
        for number, secret in enumerate(secrets):
            expect(secret not in text, f"secret {number} stands in the {place}")
    expect_equal(house.server.stop(), 0, "serve")


def tenants_and_machines(folder):
    house = House(folder)
    house.verb("admin", "create", "ann", said=PASSWORD + "\n")
    house.host("tenant", "create", "acme", "--title", "Acme Ltd", "--quota", "points=10")
    house.host("tenant", "create", "acme", code=1)
    house.host("tenant", "create", "b", "--quota", "points", code=2)
    shown = house.list("tenant", "show", "acme")[0]
    expect_equal((shown["title"], shown["quotas"]["points"]["most"]), ("Acme Ltd", 10), "the tenant")
    house.host("user", "create", "eve", "--tenant", "acme", "--role", "administrator", said=OTHER + "\n")
    expect_equal([user["name"] for user in house.list("user", "list")], ["ann"], "people of main")
    expect_equal([user["name"] for user in house.list("user", "list", "--tenant", "acme")], ["eve"], "people of acme")
    # Machines of the other tenant, one and many.
    secret = house.host("device", "create", "press-3", "--tenant", "acme").strip()
    expect(secret.startswith("mst_d_"), "a device's token")
    expect_equal(house.publish("devices/press-3/temp", "press-3@acme", secret), 0, "the device publishes")
    rows = folder + "/devices.csv"
    with open(rows, "w", encoding="utf-8", newline="") as file:
        file.write("name,title,role,branch,expires,common_name\r\n"
                   + "".join(f"dev-{i},\"Device, \"\"{i}\"\"\",,,,\r\n" if i < 2 else f"dev-{i},Device {i},,,,\r\n"
                             for i in range(300))
                   + "lines,\"of\ntwo\",,,,\r\nodd,,no-such-role,,,\r\n\"dev-0\",,,,,\r\nlate,,,,soon,\r\n"
                   + "sealed,,,,2040-01-01T00:00:00Z,sealed@acme\r\nother,,,,,other@main\r\n")
    made = list(csv.DictReader(io.StringIO(house.host("device", "import", rows, "--tenant", "acme", code=1))))
    tokens = {row["name"]: row["token"] for row in made}
    expect_equal(sorted(tokens), sorted([f"dev-{i}" for i in range(300)] + ["sealed"]), "what was made")
    expect("301 made, 1 there already, 4 refused" in house.fault, house.fault)
    for refused in ('302: no device "lines"', '304: no device "odd"', '306: no device "late"', '308: no device "other"'):
        expect("line " + refused in house.fault, house.fault)
    listed = {device["name"]: device for device in house.list("device", "list", "--tenant", "acme")}
    expect_equal((listed["dev-1"]["title"], listed["dev-299"]["title"]), ("Device, \"1\"", "Device 299"), "titles")
    expect_equal((tokens["sealed"], listed["sealed"]["certificates"], listed["sealed"]["token"]),
                 ("", ["CN=sealed@acme"], False), "a device of a certificate")
    expect(listed["sealed"]["expires"] is not None and listed["dev-2"]["expires"] is None, "when they expire")
    made = [{"name": f"dev-{i}", "token": tokens[f"dev-{i}"]} for i in range(300)]
    expect_equal(house.publish("devices/dev-7/temp", "dev-7@acme", made[7]["token"]), 0, "an imported device")
    expect(house.publish("devices/dev-7/temp", "dev-8@acme", made[7]["token"]) != 0, "a token of another name")
    again = folder + "/again.csv"
    house.host("device", "import", rows, "--tenant", "acme", "--out", again, code=1)
    expect("0 made, 302 there already, 4 refused" in house.fault, house.fault)
    with open(again, encoding="utf-8") as file:
        expect_equal(file.read().split(), ["name,token"], "nothing was made again")
    renewed = house.host("device", "renew", "dev-7", "--tenant", "acme").strip()
    expect(house.publish("devices/dev-7/temp", "dev-7@acme", made[7]["token"]) != 0, "the token before")
    expect_equal(house.publish("devices/dev-7/temp", "dev-7@acme", renewed), 0, "the new token")
    house.host("device", "remove", "dev-7", "--tenant", "acme")
    expect(house.publish("devices/dev-7/temp", "dev-7@acme", renewed) != 0, "a removed device")
    # A claim key makes one device, by itself.
    key = house.host("device", "claim", "line-4", "--uses", "1", "--tenant", "acme").strip()
    expect_equal([claim["uses_left"] for claim in house.list("device", "claims", "--tenant", "acme")], [1], "claims")
    address = f"http://{house.server.http}/v1/provision"
    for name, status in (("new-1", "201"), ("new-2", "403")):
        words = ["curl", "-s", "-o", folder + "/made.json", "-w", "%{http_code}", "--json", "@-", address]
        said = subprocess.run(words, input=json.dumps({"claim": key, "name": name}), text=True, timeout=60,
                              stdout=subprocess.PIPE).stdout
        expect_equal(said, status, f"provision {name}")
        if status == "201":
            with open(folder + "/made.json", encoding="utf-8") as file:
                own = json.load(file)["token"]
            expect_equal(house.publish("devices/new-1/temp", "new-1@acme", own), 0, "the device that made itself")
    house.host("device", "unclaim", "line-4", "--tenant", "acme")
    expect_equal(house.list("device", "claims", "--tenant", "acme"), [], "no claim key is left")
    # Shares.
    offered = house.list("share", "offer", "acme", "fire/#", "--acknowledge")[0]["share"]
    house.host("share", "accept", str(offered["number"]), "--tenant", "acme")
    expect_equal([share["state"] for share in house.list("share", "list")], ["active"], "the share")
    house.host("share", "end", str(offered["number"]))
    expect_equal(house.list("share", "list"), [], "the share has ended")
    # Suspended is out; deleted is gone.
    house.host("tenant", "suspend", "acme")
    expect(house.publish("devices/press-3/temp", "press-3@acme", secret) != 0, "a device of a suspended tenant")
    house.host("tenant", "resume", "acme")
    expect_equal(house.publish("devices/press-3/temp", "press-3@acme", secret), 0, "resumed")
    exported = folder + "/acme.ndjson"
    house.host("tenant", "export", "acme", "--out", exported)
    with open(exported, encoding="utf-8") as file:
        text = file.read()
    expect('"dev-8"' in text and '"eve"' in text and "ann" not in text, f"the export: {text[:400]}")
    expect(OTHER not in text and secret not in text and "$argon2" not in text, "a secret stands in the export")
    house.host("tenant", "export", "acme", "--out", exported, code=1)  # never over an old one
    house.host("tenant", "delete", "acme", code=2)  # nobody sits here
    house.host("tenant", "delete", "acme", "--yes")
    expect("acme" in house.host("tenant", "certificate", "acme"), "the certificate names the tenant")
    expect_equal([tenant["name"] for tenant in house.list("tenant", "list")], ["main"], "who is left")
    house.server.stop()


def the_audit_is_verified(folder):
    house = House(folder)
    house.verb("admin", "create", "ann", said=PASSWORD + "\n")
    for i in range(5):
        house.host("role", "set", f"role-{i}", "--right", "see:plant/#")
    expect("whole" in house.host("audit", "verify"), "the server's own")
    path = folder + "/audit.ndjson"
    house.host("audit", "export", "--all", "--out", path)
    said = house.verb("audit", "verify", path)  # no server is asked
    mark = re.search(r"^mark ([0-9a-f]{64})$", said, re.M).group(1)
    house.host("role", "remove", "role-1")
    expect("that of entry" in house.host("audit", "verify", "--head", mark), "a mark that was kept")
    house.host("audit", "verify", "--head", "0" * 64, code=1)
    house.host("audit", "verify", "--head", "xyz", code=2)
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    numbers = [json.loads(line)["number"] for line in lines]
    expect(len(lines) >= 6 and numbers[0] == 1, f"the export: {numbers}")

    def tampered(change, why, *words):
        with open(folder + "/tampered.ndjson", "w", encoding="utf-8") as file:
            file.writelines(change(list(lines)))
        house.verb("audit", "verify", folder + "/tampered.ndjson", *words, code=1)
        expect(why in house.fault, f"{why}: {house.fault}")

    def changed(member, value):
        def change(texts):
            entry = json.loads(texts[3])
            expect(entry[member] != value, f"{member} is {value} already")
            texts[3] = json.dumps({**entry, member: value}) + "\n"
            return texts
        return change

    for member, value in (("outcome", "DONE"), ("actor", "eve"), ("object", "role/other"), ("detail", ""),
                          ("address", "192.0.2.9:1"), ("wall_ns", "1"), ("tenant_number", 9), ("account", 77),
                          ("door", "mqtt"), ("position", 1), ("chain", "0" * 64)):
        tampered(changed(member, value), "does not follow from the one before")
    tampered(lambda texts: texts[:3] + texts[4:], "entries are missing")
    tampered(lambda texts: [texts[1], texts[0], *texts[2:]], "later one")
    tampered(lambda texts: [*texts[:2], "{}\n", *texts[2:]], "no whole entry")
    tampered(lambda texts: [*texts[:2], "no JSON\n", *texts[2:]], "no JSON object")
    tampered(lambda texts: texts[:-1], "no entry has the mark", "--head", mark)
    tampered(lambda texts: [], "holds no entry")
    house.server.stop()


def a_password_is_typed(folder):
    house = House(folder)
    words = [PROGRAM, "admin", "create", "ann", "--data", house.server.data]
    code, shown = typed(words, [PASSWORD, OTHER], {"NO_COLOR": "1"})
    expect_equal(code, 1, f"two passwords that differ: {shown}")
    expect("differ" in shown, shown)
    code, shown = typed(words, [PASSWORD, PASSWORD], {"NO_COLOR": "1"})
    expect_equal(code, 0, f"typed twice: {shown}")
    expect("ann administers" in shown, shown)
    expect(PASSWORD not in shown and OTHER not in shown, "the screen shows what was typed")
    house.server.stop()


if __name__ == "__main__":
    play(from_an_empty_folder, a_password_is_typed, tenants_and_machines, the_audit_is_verified)
