"""What people do with alarms and assets from the terminal: every action of `mainstem alarm` and `mainstem asset`
against the real server, as tables, JSON and CSV; what is wrong is said; a plant is read from a file in pieces and
written to one that is read again."""

import csv
import io
import json
import os
import re
import subprocess

from house import PATIENCE_S, PROGRAM, Server, expect, expect_equal, free_port, play, run, wait_for
from web import ask

MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/sql.md")
NOTE = "first line\nsecond, \"quoted\"\nthird"


class House:
    def __init__(self, folder):
        self.folder, self.server, self.fault = folder, Server(folder + "/data"), ""

    def verb(self, *words, code=0, http=None):
        """Runs a verb; its standard output. What it said beside that is in self.fault."""
        result = run(*words, env={"MAINSTEM_HTTP": http or self.server.http, "MAINSTEM_MQTT": self.server.mqtt,
                                  "MAINSTEM_DATA": self.server.data, "MAINSTEM_TOKEN": ""})
        self.fault = result.stderr
        expect_equal(result.returncode, code, f"mainstem {' '.join(words)}: {result.stdout}{result.stderr}")
        return result.stdout

    def json(self, *words, **options):
        return [json.loads(line) for line in self.verb(*words, "--json", **options).splitlines()]

    def csv(self, *words, **options):
        return list(csv.DictReader(io.StringIO(self.verb(*words, "--csv", **options), newline="")))

    def put(self, path, body):
        answer = ask(self.server, "PUT", path, json.dumps(body).encode(), media="application/json")
        expect_equal(answer.status, 200, f"PUT {path}: {answer}")

    def file(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return f"{self.folder}/{name}"


def states(house):
    return {alarm["path"]: alarm["state"] for alarm in house.json("alarm", "list")}


def alarms(folder):
    house = House(folder)
    expect("no alarm stands" in house.verb("alarm", "list") + house.fault, "nothing is wrong")
    house.put("/v1/rules/hot", {"kind": "high", "path": "plant/#", "limit": 80, "priority": 2, "title": "Too hot"})
    house.put("/v1/rules/full", {"kind": "high", "path": "tank/level", "limit": 80, "priority": 1})
    for path in ("plant/a/temp", "plant/b/temp", "tank/level"):
        house.verb("set", path, "20")
    watch = subprocess.Popen([PROGRAM, "alarm", "watch", "--match", "plant/#", "--limit", "3", "--json"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={**os.environ, "MAINSTEM_HTTP": house.server.http, "MAINSTEM_TOKEN": ""})
    table = subprocess.Popen([PROGRAM, "alarm", "watch", "--limit", "1"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE,
                             env={**os.environ, "MAINSTEM_HTTP": house.server.http, "MAINSTEM_TOKEN": ""})
    # Watching begins with the first page, of which nothing says that it was read: more comes until it did.
    value = 90

    def more():
        nonlocal value
        value = 110 - value
        for path in ("plant/a/temp", "plant/b/temp", "tank/level"):
            house.verb("set", path, str(value))
        return watch.poll() is not None and table.poll() is not None

    wait_for("both watches to end by themselves", more)
    entries = [json.loads(line) for line in watch.communicate(timeout=PATIENCE_S)[0].splitlines()]
    expect_equal(watch.returncode, 0, "the exit code of watch")
    expect(len(entries) >= 3, f"entries: {entries}")
    expect({entry["path"] for entry in entries} <= {"plant/a/temp", "plant/b/temp"}, f"{entries}")
    numbers = [entry["entry"] for entry in entries]
    expect_equal(numbers, sorted(set(numbers)), "entries come in their order, each once")
    shown = table.communicate(timeout=PATIENCE_S)[0]
    expect("temp" in shown or "tank/level" in shown, f"as text: {shown}")

    for path in ("plant/a/temp", "plant/b/temp", "tank/level"):
        house.verb("set", path, "95")
    wait_for("three alarms", lambda: list(states(house).values()) == ["unacknowledged"] * 3)
    listed = house.json("alarm", "list", "--priority", "1")
    expect_equal([(a["path"], a["rule"], a["value"] > 80) for a in listed], [("tank/level", "full", True)], "by priority")
    expect_equal({a["path"] for a in house.csv("alarm", "list", "--match", "plant/#")},
                 {"plant/a/temp", "plant/b/temp"}, "as CSV, by pattern")
    expect("Too hot" in house.verb("alarm", "list", "--rule", "hot"), "as a table, by rule")
    expect_equal(len(house.json("alarm", "list", "--limit", "2")), 2, "so many at most")
    number = {a["path"]: str(a["alarm"]) for a in house.json("alarm", "list")}

    # Answers, by number, by option and all.
    done = house.json("alarm", "ack", number["tank/level"], "--comment", "seen")[0]
    expect_equal((done["done"], done["passed_over"]), (1, 0), "acknowledged")
    expect_equal(states(house)["tank/level"], "acknowledged", "the state")
    house.verb("alarm", "undo", number["tank/level"])
    expect("1 done" in house.fault, house.fault)
    expect_equal(states(house)["tank/level"], "unacknowledged", "taken back")
    house.verb("alarm", "ack", "--all")
    expect("3 done" in house.fault and "mainstem alarm undo" in house.fault, house.fault)
    expect_equal(set(states(house).values()), {"acknowledged"}, "all")
    house.verb("alarm", "ack", number["tank/level"], code=1)
    house.verb("alarm", "shelve", "--match", "plant/#", "--for", "8h")
    expect("2 done" in house.fault, house.fault)
    expect_equal(len(house.json("alarm", "list", "--state", "shelved")), 2, "shelved")
    house.verb("alarm", "unshelve", "--rule", "hot")
    expect_equal(set(states(house).values()), {"acknowledged"}, "no more")
    house.verb("alarm", "comment", number["plant/a/temp"], "--comment", "the pump is being changed")
    house.verb("alarm", "assign", number["plant/a/temp"], "--to", "ann")
    expect_equal([a["assignee"] for a in house.json("alarm", "list", "--match", "plant/a/#")], ["ann"], "who looks")
    house.verb("alarm", "reset", number["plant/a/temp"], code=1)

    # The worked questions of the manual.
    with open(MANUAL, encoding="utf-8") as file:
        section = file.read().split("## Assets and alarms, three worked questions")[1].split("\n## ")[0]
    house.put("/v1/types/pump", {"level": "device"})
    house.put("/v1/assets/pump-1", {"type": "pump", "branch": "plant/a"})
    now, standing, noisy = [house.json("sql", text) for text in re.findall(r"```sql\n(.*?)```", section, re.DOTALL)]
    expect_equal([(row["path"], row["point"], row["value"]) for row in now], [("pump-1", "plant/a/temp", 95)], "now")
    expect_equal([(row["priority"], row["rule"], row["document"]) for row in standing],
                 [(1, "full", None), (2, "hot", None), (2, "hot", None)], "what stands")
    expect({row["path"] for row in noisy} == {"plant/a/temp", "plant/b/temp", "tank/level"}
           and all(row["raised"] >= 1 and row["acknowledged"] >= 1 for row in noisy), f"{noisy}")

    # What is wrong is said.
    house.verb("alarm", "ack", "4000000", code=1)
    expect("4000000" in house.fault or "no such" in house.fault or "normal" in house.fault, house.fault)
    house.verb("alarm", "ack", "pump", code=2)
    expect("no number of an alarm" in house.fault, house.fault)
    house.verb("alarm", "ack", code=2)
    expect("--all" in house.fault, house.fault)
    house.verb("alarm", "list", "--colour", code=2)
    house.verb("alarm", "list", "--limit", "0", code=2)
    house.verb("alarm", "list", "--priority", "urgent", code=1)
    house.verb("alarm", "shelve", number["tank/level"], "--for", "sometime", code=1)
    house.verb("alarm", "dance", code=2)
    house.verb("alarm", code=2)
    gone = f"127.0.0.1:{free_port()}"
    for action in ("list", "watch"):
        house.verb("alarm", action, code=1, http=gone)
        expect(gone in house.fault, house.fault)
    house.server.stop()


def plant_file(count):
    """A plant as CSV whose attributes hold ends of lines, larger than a part that is sent at once."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["path", "title", "type", "level", "branch", "attr:note"])
    writer.writerow(["acme", "Acme", "", "enterprise", "", ""])
    for number in range(count):
        writer.writerow([f"acme/pump-{number}", f"Pump, \"{number}\"", "pump", "", f"plant/{number}",
                         NOTE + "x" * 1000])
    return out.getvalue()


def shape(house):
    def one(asset):
        return {name: value for name, value in asset.items() if name not in ("version", "changed", "position", "asset")}

    text = house.verb("asset", "export")
    return sorted((one(json.loads(line)) for line in text.splitlines()), key=lambda asset: asset.get("path", ""))


def assets(folder):
    house = House(folder)
    expect("mainstem asset import" in house.verb("asset", "list") + house.fault, "nothing is there")
    house.put("/v1/types/pump", {"title": "Pump", "level": "device",
                                 "attributes": [{"name": "note", "type": "string", "value": ""}]})
    path = house.file("plant.csv", plant_file(600))
    expect(os.path.getsize(path) > 2 * (256 << 10), "it goes in several parts")
    house.verb("asset", "import", path, "--dry-run")
    expect("would be: 601 made" in house.fault, house.fault)
    expect_equal(house.json("asset", "list"), [], "a dry run makes nothing")
    house.verb("asset", "import", path)
    expect("601 made, 0 changed, 0 as they were, 0 refused" in house.fault, house.fault)
    house.verb("asset", "import", path)
    expect("0 made, 0 changed, 601 as they were" in house.fault, house.fault)
    one = json.loads(house.verb("asset", "show", "acme/pump-599"))
    expect(NOTE in json.dumps(one, ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"'), f"{one}"[:300])
    expect_equal(json.loads(house.verb("asset", "show", "acme/pump-599", "--json")), one, "on one line")
    expect_equal(len(house.json("asset", "list", "--type", "pump")), 600, "by type, page after page")
    expect_equal(len(house.json("asset", "list", "--limit", "7")), 7, "so many at most")
    expect_equal([a["path"] for a in house.csv("asset", "list", "--level", "enterprise")], ["acme"], "as CSV")
    expect("acme/pump-42" in house.verb("asset", "list", "--contains", "pump-42"), "as a table")

    # What was written is read again, here and in another house, to the same plant.
    before = shape(house)
    expect_equal(len([asset for asset in before if asset.get("path", "").startswith("acme")]), 601, "all is written")
    table, lines = folder + "/again.csv", folder + "/again.ndjson"
    house.verb("asset", "export", "--csv", "--out", table)
    house.verb("asset", "export", "--out", lines)
    house.verb("asset", "export", "--under", "acme/pump-5", "--csv", "--out", folder + "/one.csv")
    with open(folder + "/one.csv", encoding="utf-8", newline="") as file:
        expect_equal([row["path"] for row in csv.DictReader(file)], ["acme/pump-5"], "one branch")
    house.verb("asset", "import", table)
    expect("0 made, 0 changed, 601 as they were, 0 refused" in house.fault, house.fault)
    expect_equal(shape(house), before, "the table says what there was")
    other = House(folder + "/other")
    other.put("/v1/types/pump", {"title": "Pump", "level": "device",
                                 "attributes": [{"name": "note", "type": "string", "value": ""}]})
    other.verb("asset", "import", lines)
    expect_equal(shape(other), before, "the lines make the same plant elsewhere")
    other.server.stop()

    # What is wrong is said, with its line, whatever part of the file it was in.
    far = house.file("far.csv", plant_file(600) + "acme/odd,,no-such-type,,,\r\n")
    with open(far, encoding="utf-8", newline="") as file:
        line = file.read().count("\n")
    house.verb("asset", "import", far, code=1)
    expect(f"line {line}, acme/odd" in house.fault and "601 as they were, 1 refused" in house.fault, house.fault)
    bad = house.file("bad.csv", "path,type,level\r\nacme/new,pump,\r\nacme/odd,no-such-type,\r\n,,\r\n")
    house.verb("asset", "import", bad, code=1)
    expect("line 3" in house.fault and "acme/odd" in house.fault and "1 made" in house.fault, house.fault)
    house.verb("asset", "import", folder + "/missing.csv", code=1)
    expect("missing.csv" in house.fault, house.fault)
    house.verb("asset", "import", code=2)
    house.verb("asset", "show", "acme/nobody", code=1)
    expect("acme/nobody" in house.fault, house.fault)
    house.verb("asset", "list", "--level", "moon", code=1)
    house.verb("asset", "list", "--colour", code=2)
    house.verb("asset", "dance", code=2)
    gone = f"127.0.0.1:{free_port()}"
    house.verb("asset", "list", code=1, http=gone)
    expect(gone in house.fault, house.fault)
    house.verb("asset", "import", path, code=1, http=gone)
    expect("not all was read" in house.fault, house.fault)
    house.server.stop()


play(alarms, assets)
