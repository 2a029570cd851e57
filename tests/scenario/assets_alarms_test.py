"""A plant gets its shape and speaks up, over HTTP as a script would: a type, its assets, a rule on the
type, readings that people's own tools send, the alarm that follows, what is done with it, its journal;
and all of it once more after a restart, and after the process was killed."""

import json
import shutil
import subprocess
import time

from house import PATIENCE_S, Server, expect, expect_equal, note, play, skip, wait_for
from web import ask

LINES = "application/x-ndjson"
PUMP = {"title": "Pump", "level": "device",
        "attributes": [{"name": "manufacturer", "type": "string", "value": "KSB"},
                       {"name": "power", "unit": "kW", "value": 11}],
        "metrics": [{"name": "temp", "unit": "Cel", "limits": {"high": 80, "high_high": 95}, "deadband": 1},
                    {"name": "flow", "unit": "m3/h"}]}


def call(server, verb, path, body=None, status=200, media="application/json"):
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
    answer = ask(server, verb, path, data, media=media)
    expect_equal(answer.status, status, f"{verb} {path} {data}: {answer}")
    return answer.json() if answer.media() == "application/json" else answer


def publish(server, topic, payload):
    """With the client that people have."""
    host, port = server.mqtt.rsplit(":", 1)
    subprocess.run(["mosquitto_pub", "-h", host, "-p", port, "-q", "1", "-t", topic, "-m", str(payload)],
                   check=True, timeout=PATIENCE_S)


def plant(server):
    call(server, "PUT", "/v1/types/machine", {"attributes": [{"name": "site", "type": "string", "value": "north"}]})
    call(server, "PUT", "/v1/types/pump", {**PUMP, "parent": "machine"})
    call(server, "PUT", "/v1/assets/acme", {"level": "enterprise", "title": "Acme"})
    call(server, "PUT", "/v1/assets/acme/north", {"level": "site"})
    for number in (1, 2, 3):
        call(server, "PUT", f"/v1/assets/acme/north/pump-{number}",
             {"type": "pump", "place": {"longitude": 113.6 + number / 1000, "latitude": 34.7}})


def alarms(server, query=""):
    return call(server, "GET", f"/v1/alarms{query}")


def a_type_a_reading_an_alarm(folder):
    if not shutil.which("mosquitto_pub"):
        skip("mosquitto_pub is not installed")
    server = Server(folder + "/data")
    plant(server)
    rule = call(server, "PUT", "/v1/rules/pump-hot",
                {"kind": "high", "type": "pump", "metric": "temp", "priority": 2, "title": "Pump too hot",
                 "response": "switch to the other pump"})["rule"]
    expect_equal((rule["on"], rule["type"], rule["limit"]), ("type", "pump", None), "the rule")
    publish(server, "acme/north/pump-1/temp", 71.5)
    publish(server, "acme/north/pump-2/temp", 81.5)
    alarm = wait_for("the alarm", lambda: alarms(server)["alarms"])[0]
    expect_equal((alarm["state"], alarm["letter"], alarm["priority"], alarm["rule"], alarm["path"], alarm["asset"],
                  alarm["value"], alarm["limit"], alarm["unit"]),
                 ("unacknowledged", "B", 2, "pump-hot", "acme/north/pump-2/temp", "acme/north/pump-2", 81.5, 80,
                  "Cel"), f"{alarm}")
    metric = {m["name"]: m for m in call(server, "GET", "/v1/assets/acme/north/pump-2")["metrics"]}["temp"]
    expect_equal((metric["point"], metric["value"], metric["state"]),
                 ("acme/north/pump-2/temp", 81.5, "high"), "the metric of the asset")
    children = {c["name"]: c for c in call(server, "GET", "/v1/asset-tree?path=acme/north")["children"]}
    expect_equal((children["pump-2"]["alarms"], children["pump-1"]["alarms"]["active"], children["pump-2"]["points"]),
                 ({"active": 1, "unacknowledged": 1, "stale": 0, "priority": 2}, 0, 1), "the tree")
    standing = call(server, "GET", "/v1/rules?path=acme/north/pump-2/temp")["rules"]
    expect_equal([(r["name"], r["wins"], r["why"]) for r in standing], [("pump-hot", True, "type")], "what stands there")

    for name, what in (("start-up", "type:machine"), ("bearings", "rule:pump-hot"), ("other", "asset:acme/north/pump-1")):
        call(server, "PUT", f"/v1/documents/{name}?attach={what}", "# How", media="text/markdown")
    expect_equal(sorted(call(server, "GET", f"/v1/alarms/{alarm['alarm']}")["documents"]), ["bearings", "start-up"],
                 "documents about the alarm")

    # What people do with it.
    done = call(server, "POST", "/v1/alarms-act", {"act": "acknowledge", "filter": {"priority": "1-2"}, "comment": "seen"})
    expect_equal((done["done"], done["passed_over"]), (1, 0), "acknowledged by filter")
    one = call(server, "GET", f"/v1/alarms/{alarm['alarm']}")
    expect_equal((one["state"], one["comment"], one["response"]), ("acknowledged", "seen", "switch to the other pump"), "")
    call(server, "POST", "/v1/alarms-act", {"act": "unacknowledge", "alarms": [alarm["alarm"]]})
    expect_equal(alarms(server)["alarms"][0]["state"], "unacknowledged", "taken back")
    call(server, "POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [alarm["alarm"]]})
    call(server, "POST", "/v1/alarms-act", {"act": "assign", "alarms": [alarm["alarm"]], "assignee": "ann"})
    call(server, "POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [alarm["alarm"]]}, 409)
    call(server, "POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [4000000]}, 404)
    call(server, "POST", "/v1/alarms-act", {"act": "shelve", "alarms": [alarm["alarm"]], "for": "8h"})
    call(server, "POST", "/v1/handovers", {"branch": "acme/north", "text": "pump 2 runs hot"}, 201)

    # The same after a restart, and after a kill.
    def told():
        return (alarms(server), call(server, "GET", "/v1/alarm-journal"), call(server, "GET", "/v1/handovers"),
                call(server, "GET", "/v1/assets/acme/north/pump-2"), call(server, "GET", "/v1/types/pump"))
    before = told()
    events = [entry["event"] for entry in before[1]["entries"]]
    expect_equal(events, ["shelve", "assign", "acknowledge", "unacknowledge", "acknowledge", "condition holds"], "journal")
    expect_equal(before[0]["alarms"][0]["state"], "shelved", "the state")
    for end in ("stop", "kill"):
        getattr(server, end)()
        server = Server(folder + "/data")
        after = told()
        for was, is_, what in zip(before, after, ("alarms", "journal", "notes", "asset", "type")):
            expect_equal(is_, was, f"{what} after {end}")
    publish(server, "acme/north/pump-2/temp", 60)
    call(server, "POST", "/v1/alarms-act", {"act": "unshelve", "alarms": [alarm["alarm"]]})
    wait_for("the end of the alarm", lambda: alarms(server)["alarms"] == [] or None)
    normal = call(server, "GET", f"/v1/alarms/{alarm['alarm']}")
    expect_equal((normal["state"], normal["entries"][-1]["event"]), ("normal", "condition holds"), "normal again")
    statistics = call(server, "GET", "/v1/alarm-statistics?shift=12h")
    expect_equal((statistics["raised"], statistics["top"][0]["times"], statistics["acknowledge"]["count"]), (1, 1, 1), "")
    server.stop()
    note("one alarm, from its reading to its end, across a stop and a kill")


def types_assets_and_what_was(folder):
    server = Server(folder + "/data")
    plant(server)
    trial = call(server, "PUT", "/v1/types/pump?dry_run=true",
                 {**PUMP, "parent": "machine", "metrics": [{"name": "temp", "unit": "Cel", "limits": {"high": 75}}]})
    expect_equal(trial["assets"], 3, "assets of the type")
    expect({"asset": "acme/north/pump-1", "what": "temp: high", "before": "80", "after": "75"} in trial["changes"],
           f"{trial}")
    pump = call(server, "GET", "/v1/types/pump")
    expect_equal([a["from"] for a in pump["attributes"]], ["pump", "pump", "machine"], "whose attributes")
    expect_equal(call(server, "GET", "/v1/types/pump?own=true")["attributes"], pump["attributes"][:2], "its own")
    made = call(server, "GET", "/v1/assets/acme/north/pump-1")
    call(server, "PATCH", "/v1/assets/acme/north/pump-1",
         {"title": "The first", "attributes": {"manufacturer": "Grundfos"}})
    now = call(server, "GET", "/v1/assets/acme/north/pump-1")
    value = {a["name"]: (a["value"], a["from"]) for a in now["attributes"]}
    expect_equal(value, {"manufacturer": ("Grundfos", None), "power": ("11", "pump"), "site": ("north", "machine")}, "")
    then = call(server, "GET", f"/v1/assets/acme/north/pump-1?at={made['changed']}")
    expect_equal((then["title"], then["version"]), (None, 1), "as it was")
    call(server, "PATCH", "/v1/assets/acme/north/pump-1", {"path": "acme/pump-1"})
    call(server, "GET", "/v1/assets/acme/north/pump-1", status=404)
    versions = call(server, "GET", "/v1/asset-versions/acme/pump-1")["versions"]
    expect_equal([v["what"] for v in versions], [["path"], ["title", "sheet"], ["made"]], "versions")
    call(server, "DELETE", "/v1/types/pump", status=409)
    call(server, "DELETE", "/v1/assets/acme", status=409)
    exported = call(server, "GET", "/v1/assets-export").text()
    expect_equal(call(server, "DELETE", "/v1/assets/acme?parts=true")["retired"], 5, "retired with all below")
    expect_equal(call(server, "GET", "/v1/assets")["assets"], [], "none is left")
    back = call(server, "POST", "/v1/assets-import", exported, media=LINES)
    expect_equal((back["made"], back["same"], back["refused"]), (5, 2, []), f"imported again: {exported}")
    again = call(server, "POST", "/v1/assets-import", exported, media=LINES)
    expect_equal((again["made"], again["changed"], again["same"]), (0, 0, 7), "a second time it says what is there")
    rows = "path,title,type,attr:manufacturer\nacme/south,South,,\nacme/south/p,P,pump,KSB\nnowhere/p,,pump,\n"
    for query, made in (("?dry_run=true", False), ("", True)):
        answer = call(server, "POST", "/v1/assets-import" + query, rows, media="text/csv")
        expect_equal((answer["made"], [r["line"] for r in answer["refused"]]), (2, [4]), f"rows of CSV {answer}")
        expect_equal(bool(call(server, "GET", "/v1/assets?contains=south")["assets"]), made, "after it")
    clusters = call(server, "GET", "/v1/map?zoom=3")["clusters"]
    expect_equal([c["assets"] for c in clusters], [3], "one cluster from afar")
    expect_equal(len(call(server, "GET", "/v1/map?zoom=18")["clusters"]), 3, "three from near")
    server.stop()


def devices_are_adopted(folder):
    server = Server(folder + "/data")
    plant(server)
    call(server, "POST", "/v1/samples", [{"path": "acme/east/x-7/a", "value": 1}])
    host, port = server.mqtt.rsplit(":", 1)
    if not shutil.which("mosquitto_pub"):
        skip("mosquitto_pub is not installed")
    subprocess.run(["mosquitto_pub", "-h", host, "-p", port, "-q", "1", "-t", "acme/north/pump-9", "-m",
                    json.dumps({"temp": 20, "flow": 3})], check=True, timeout=PATIENCE_S)
    waiting = wait_for("the device", lambda: call(server, "GET", "/v1/inbox")["inbox"])
    expect_equal([(i["prefix"], sorted(i["metrics"])) for i in waiting], [("acme/north/pump-9", ["flow", "temp"])], "")
    expect_equal(waiting[0]["proposals"][0], {"type": "pump", "likeness": 1}, "what it is like")
    adopted = call(server, "POST", "/v1/inbox-adopt", {"prefixes": ["acme/north/pump-9"], "type": "pump"})
    expect_equal((adopted["adopted"], adopted["refused"]), (1, []), "adopted")
    metrics = {m["name"]: m["value"] for m in call(server, "GET", "/v1/assets/acme/north/pump-9")["metrics"]}
    expect_equal(metrics, {"temp": 20, "flow": 3}, "its values")
    expect_equal(call(server, "GET", "/v1/inbox")["inbox"], [], "the inbox")
    server.stop()


def rules_that_cannot_be(folder):
    server = Server(folder + "/data")
    fault = ask(server, "PUT", "/v1/rules/x", json.dumps({"kind": "expression", "condition": "a > "}).encode()).json()
    expect_equal((fault["code"], fault["fault"]["code"]), ("condition", "operand"), f"{fault}")
    call(server, "PUT", "/v1/rules/x", {"kind": "rate", "path": "a"}, 422)
    call(server, "PUT", "/v1/rules/x", {"kind": "high", "path": "a", "on_delay": "5 parsecs"}, 422)
    call(server, "PUT", "/v1/rules/x", {"kind": "high", "type": "nothing", "metric": "m"}, 404)
    call(server, "PUT", "/v1/rules/two", {"kind": "expression", "path": "hall/a", "condition": "hall/a > 1 and hall/b > 1"})
    call(server, "POST", "/v1/samples", [{"path": "hall/a", "value": 2}, {"path": "hall/b", "value": 2}])
    alarm = wait_for("the alarm", lambda: alarms(server)["alarms"])[0]
    expect_equal((alarm["rule"], alarm["path"], alarm["kind"]), ("two", "hall/a", "expression"), f"{alarm}")
    call(server, "DELETE", "/v1/rules/two")
    wait_for("the end of the alarm", lambda: alarms(server)["alarms"] == [] or None)
    server.stop()


def a_rule_is_tried_on_the_history(folder):
    server = Server(folder + "/data")
    begin = int(time.time()) - 3600
    values = [1, 9, 9, 4.5, 1, 1, 9, 1, 7, 7]
    call(server, "POST", "/v1/samples", [{"path": f"hall/{name}", "value": value, "time": begin + 60 * i}
                                         for name in "ab" for i, value in enumerate(values)])

    def tried(times, points, **rule):
        answer = call(server, "POST", "/v1/rules-preview", {**rule, "from": begin, "to": begin + 3000})
        expect_equal((answer["times"], answer["points"], answer["cut"]), (times, points, False), f"{rule}: {answer}")
        return answer["examples"]

    first = tried(3, 1, kind="high", path="hall/a", limit=5)[0]
    expect_equal((first["path"], first["value"], first["why"]), ("hall/a", 9, "9 >= 5"), f"{first}")
    tried(6, 2, kind="high", path="hall/+", limit=5)
    tried(2, 1, kind="high", path="hall/a", limit=5, deadband=3.8, off_delay="2m")
    tried(2, 1, kind="high", path="hall/a", limit=5, on_delay="90s")
    tried(3, 1, kind="low", path="hall/a", limit=1, on_delay="30s", off_delay="30s", deadband=1)
    tried(1, 1, kind="stale", path="hall/a", span="20m")
    tried(2, 1, kind="state", path="hall/a", states=[7, 4.5])
    tried(3, 1, kind="rate", path="hall/a", limit=5, span="1m", direction="rising")
    tried(3, 1, kind="expression", path="hall/a", condition="hall/a > 5 and ../b > 5")
    tried(2, 1, kind="expression", path="hall/a", condition=". > 5 for 1m")
    tried(3, 0, kind="expression", on="nothing", path="hall", condition="count('hall/+' > 5) >= 2")
    tried(0, 1, kind="deviation", path="hall/a", reference="../b", limit=1)
    call(server, "POST", "/v1/rules-preview", {"kind": "high", "path": "hall/nothing", "limit": 5}, 404)
    expect_equal(call(server, "GET", "/v1/rules")["rules"], [], "nothing was made")
    server.stop()


def what_comes_late_and_what_chatters(folder):
    """A rate and a deviation of values that come late, a reference that goes, an alarm that changes too
    often; and all of it the same after a kill."""
    server = Server(folder + "/data")
    begin = int(time.time()) - 3600

    def put(name, value, at):
        call(server, "POST", "/v1/samples", [{"path": f"hall/{name}", "value": value, "time": begin + at}])

    def journal(**wanted):
        entries = call(server, "GET", "/v1/alarm-journal")["entries"]
        return [e for e in entries if all(e[name] == value for name, value in wanted.items())]

    for name in ("a", "b", "c"):
        put(name, 1, 0)
    call(server, "PUT", "/v1/rules/fast", {"kind": "rate", "path": "hall/a", "limit": 5, "span": "1m"})
    call(server, "PUT", "/v1/rules/apart", {"kind": "deviation", "path": "hall/a", "reference": "../b", "limit": 50})
    call(server, "PUT", "/v1/rules/high", {"kind": "high", "path": "hall/c", "limit": 10, "chatter": 4})
    put("a", 1, 1000)
    put("a", 9, 500)
    put("a", 99, 501)
    late = {e["rule"]: e for e in journal(late=True)}
    expect_equal(sorted(late), ["apart", "fast"], "late entries")
    expect_equal(late["fast"]["text"], "99: change >= 5 in 60 s", f"{late['fast']}")
    expect_equal(alarms(server)["alarms"], [], "nothing that is shown moves")
    put("a", 9, -1)
    expect_equal(call(server, "GET", "/v1/rules/fast")["too_late"], 1, "too late to judge")

    put("a", 99, 2000)
    call(server, "POST", "/v1/alarms-act", {"act": "acknowledge", "filter": {"rule": "apart"}})
    call(server, "DELETE", "/v1/points/hall/b")
    wait_for("the end of the deviation", lambda: journal(rule="apart", text="reference gone") or None)
    expect_equal(call(server, "GET", "/v1/rules/apart")["unjudged"], 1, "it says that it cannot be judged")

    for i in range(1, 31):
        put("c", 20 if i % 2 else 1, i)
    alarm = [a for a in alarms(server)["alarms"] if a["rule"] == "high"][0]
    expect_equal((alarm["state"], alarm["changes"]), ("unacknowledged", 30), f"{alarm}")
    expect(alarm["chattering"] is not None, "it chatters")
    expect_equal([(e["event"], e["value"]) for e in journal(rule="high")][:2], [("chattering", 5), ("condition holds", 20)],
                 "the journal of what chatters")
    answer = call(server, "POST", "/v1/sql", {"sql": "select changes, chattering > 0 from alarms where rule = 'high'"})
    expect_equal(answer["rows"], [[30, 1]], "in SQL")
    before = (alarms(server), journal(), call(server, "GET", "/v1/rules"))
    server.kill()
    server = Server(folder + "/data")
    expect_equal((alarms(server), journal(), call(server, "GET", "/v1/rules")), before, "after a kill")
    server.stop()


def a_long_file_comes_whole(folder):
    """CSV of more than one piece: each row is there, and what is asked behind it is answered behind it."""
    server = Server(folder + "/data")
    rows = [f"p{number},{'v' * 480}" for number in range(2000)]
    answer = ask(server, "POST", "/v1/assets-import", "\n".join(["path,attr:a"] + rows).encode(), media="text/csv")
    expect_equal(answer.json()["made"], len(rows), "assets of the file")
    exported = ask(server, "GET", "/v1/assets-export?format=csv")
    lines = exported.text().split("\r\n")
    expect_equal(lines[0], "path,title,type,level,longitude,latitude,floor,plan_x,plan_y,branch,attr:a", "the head")
    expect_equal([line.split(",")[0] for line in lines[1:]], [f"p{number}" for number in range(2000)] + [""], "the rows")
    expect(all(line.endswith("v" * 480) for line in lines[1:-1]), "a row is not whole")
    told = ask(server, "HEAD", "/v1/assets-export?format=csv")
    expect_equal(int(told.headers["content-length"]), len(exported.body), "how long it is, asked alone")
    server.stop()


if __name__ == "__main__":
    play(a_type_a_reading_an_alarm, types_assets_and_what_was, devices_are_adopted, rules_that_cannot_be,
         a_rule_is_tried_on_the_history, what_comes_late_and_what_chatters, a_long_file_comes_whole)
