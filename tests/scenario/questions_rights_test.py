#!/usr/bin/python3
"""Questions, SQL and what is said about samples, of two tenants who use the same paths, by tokens whose rights end
at a branch: an answer is that of who sees all, without what is not seen."""

import json
import re
import threading

from house import Server, expect, expect_equal, note, play, wait_for
from web import Http, ask

BEGIN = 1772352000
BRANCHES = ("north", "south", "fire")


def tenant_make(server, name, **quotas):
    answer = ask(server, "POST", "/v1/tenants", json.dumps({"name": name}))
    expect_equal(answer.status, 201, f"the tenant {name}: {answer.body}")
    if quotas:
        answer = ask(server, "PATCH", f"/v1/tenants/{name}", json.dumps({"quotas": quotas}))
        expect_equal(answer.status, 200, f"the quotas of {name}: {answer.body}")


def token_make(server, tenant, name, role, branch):
    """The headers of whoever has it."""
    answer = ask(server, "POST", "/v1/tokens", json.dumps({"name": name, "grants": [{"role": role, "branch": branch}]}),
                 headers=[("Mainstem-Tenant", tenant)])
    expect(answer.status in (200, 201), f"the token {name}: {answer.body}")
    return [("Authorization", "Bearer " + answer.json()["text"])]


def samples_put(server, headers, base):
    lines = [json.dumps({"path": f"{branch}/d{device}/temp", "value": base + device + n / 10, "time": BEGIN + n * 60})
             for branch in BRANCHES for device in range(3) for n in range(20)]
    answer = ask(server, "POST", "/v1/samples", "\n".join(lines), media="application/x-ndjson", headers=headers)
    expect_equal(answer.status, 200, f"samples: {answer.body}")


class Asker:
    def __init__(self, server, headers):
        self.http, self.headers = Http(server), headers

    def get(self, target, status=200):
        answer = self.http.ask("GET", target, headers=self.headers)
        expect_equal(answer.status, status, f"{target}: {answer.body}")
        return answer.json()

    def post(self, target, body, status=200):
        answer = self.http.ask("POST", target, json.dumps(body), headers=self.headers)
        expect_equal(answer.status, status, f"{target} {body}: {answer.body}")
        return answer.json()

    def sql(self, text):
        return self.post("/v1/sql", {"sql": text, "limit": 100000})["rows"]


def house(folder, *words):
    server = Server(folder + "/data", *words)
    tenant_make(server, "acme")
    main = Asker(server, token_make(server, "main", "reader", "administrator", "#"))
    boss = Asker(server, token_make(server, "acme", "boss", "administrator", "#"))
    north = Asker(server, token_make(server, "acme", "north", "engineer", "north/#"))
    samples_put(server, boss.headers, 100)
    samples_put(server, main.headers, 0)
    return server, boss, north, main


QUESTIONS = ("/v1/samples?match=%23&", "/v1/buckets?match=%23&step=5m&aggregates=mean,count&",
             "/v1/buckets?match=%2B/d1/%23&step=5m&by=level:1&", "/v1/trend?match=%23&width=50&", "/v1/last?match=%23&")


def an_answer_is_that_of_who_sees_all_without_what_is_hidden(folder):
    server, boss, north, main = house(folder)
    for target in QUESTIONS:
        target += "" if "last" in target else f"from={BEGIN}&to={BEGIN + 3600}"
        every = boss.get(target)["points"]
        mine = [point for point in every if point.get("path", point.get("group", "")).startswith("north")]
        expect(0 < len(mine) < len(every), f"{target}: some of {len(every)}")
        expect_equal(north.get(target)["points"], mine, target)
        others = main.get(target)["points"]
        expect_equal([point.get("path") for point in others], [point.get("path") for point in every], "the same paths")
        expect(others != every, "and other values")
    ids = [point["point"] for asker in (boss, main) for point in asker.get("/v1/last?match=%23")["points"]]
    words = "&".join(f"point={number}" for number in ids + [99999])
    found = north.get(f"/v1/last?{words}&path=south/d0/temp&path=no/where")
    expect_equal(len(found["points"]), 3, "by their numbers, his own")
    expect_equal(len(found["unknown"]), len(ids) + 1 - 3 + 2, "all others are unknown")


def sql_shows_rows_that_are_seen(folder):
    server, boss, north, main = house(folder)
    for statement in ("select path, time, value from samples order by path, time",
                      "select path, value, tenant from live order by path",
                      "select path, count, mean from buckets('#', '2026-01-01', '2027-01-01', '1h') order by path",
                      "select path, point, type, tenant from points order by path"):
        every, mine = boss.sql(statement), north.sql(statement)
        expect_equal(mine, [row for row in every if row[0].startswith("north/")], statement)
        expect(len(mine) > 0 and main.sql(statement) != every, "the other tenant's are others")
    expect_equal(main.sql("select distinct tenant from points"), [["main"]], "whose")
    plans = {json.dumps(asker.sql("explain query plan select * from samples where path glob 'north/*' and time > 5"))
             for asker in (boss, north, main)}
    expect_equal(len(plans), 1, "a plan tells nothing of rights")


def what_is_kept_and_said_is_the_tenants(folder):
    server, boss, north, main = house(folder)
    for asker, pattern in ((main, "#"), (boss, "south/#")):
        answer = asker.http.ask("PUT", "/v1/policies/p", json.dumps({"match": pattern}), headers=asker.headers)
        expect_equal(answer.status, 200, "a policy of the same name")
    expect_equal([p["match"] for p in boss.get("/v1/policies")["policies"]], ["south/#"], "his tenant's")
    expect_equal(north.get("/v1/policies")["policies"], [], "not his matter")
    north.post("/v1/erasures", {"match": "#"}, 403)
    north.post("/v1/erasures", {"match": "north/#"}, 403)
    expect_equal(boss.post("/v1/erasures", {"match": "north/d0/#"})["points"], 1, "one of acme's")
    expect_equal(len(boss.get("/v1/last?path=north/d0/temp")["points"][0]["sample"] or []), 0, "gone")
    expect(main.get("/v1/last?path=north/d0/temp")["points"][0]["sample"], "the other tenant's is there")
    said = north.post("/v1/annotations", {"path": "north/d1/temp", "text": "checked", "author": "nobody"}, 201)
    expect("north@acme" in said["annotation"]["author"], f"the author is who asks: {said}")
    hidden = north.post("/v1/annotations", {"path": "south/d1/temp", "text": "x"}, 404)
    never = north.post("/v1/annotations", {"path": "south/dx/temp", "text": "x"}, 404)
    expect_equal(hidden["detail"].replace("d1", "dx"), never["detail"], "hidden as never")
    expect_equal(main.get("/v1/annotations")["annotations"], [], "not the other tenant's")


def running(server):
    metrics = ask(server, "GET", "/metrics").body.decode()
    return int(re.search(r"^mainstem_sql_running (\d+)$", metrics, re.M).group(1))


ENDLESS = "with recursive a(n) as (values(1) union all select n + 1 from a) select count(*) from a"


def one_tenant_does_not_stop_another(folder):
    """Twenty endless statements of one tenant, one short one of another; a quota holds."""
    server, boss, _, _ = house(folder, "--sql-time", "8s", "--sql-processes", "2")
    tenant_make(server, "small", queries_at_once=3)
    small = token_make(server, "small", "t", "administrator", "#")
    waiting = [Http(server) for _ in range(20)]
    for http in waiting:
        http.send(http.request("POST", "/v1/sql", json.dumps({"sql": ENDLESS}), headers=boss.headers))
    wait_for("they run", lambda: running(server) >= 1)
    quick = Asker(server, small)
    for _ in range(5):
        expect_equal(quick.sql("select 1"), [[1]], "another tenant's")
    held = [Http(server) for _ in range(3)]
    for http in held:
        http.send(http.request("POST", "/v1/sql", json.dumps({"sql": ENDLESS}), headers=small))
    refused = []

    def past_it():
        answer = ask(server, "POST", "/v1/sql", json.dumps({"sql": "select 1"}), headers=small)
        refused.append((answer.status, answer.headers.get("retry-after")))
        return answer.status == 429

    wait_for("a fourth is refused", past_it)
    expect_equal(refused[-1], (429, "1"), "with a time to come back")
    for http in waiting + held:
        http.close()
    wait_for("nobody works for who is gone", lambda: running(server) == 0)
    expect_equal(quick.sql("select 1"), [[1]], "and there is room again")
    note(f"{len(waiting)} endless statements beside it")


def rights_while_many_ask(folder):
    """Askers of both tenants at once, over connections that others used before: nobody has another's answer."""
    server, boss, north, main = house(folder)
    faults = []

    def asks(headers, wanted):
        asker = Asker(server, headers)
        for _ in range(15):
            rows = asker.sql("select path, value from live order by path")
            faults.extend([(headers, rows)] if rows != wanted else [])
            points = asker.get("/v1/last?match=%23")["points"]
            faults.extend([(headers, points)] if [[p["path"], p["sample"][1]] for p in sorted(
                points, key=lambda p: p["path"])] != wanted else [])

    wanted = [(headers, Asker(server, headers).sql("select path, value from live order by path"))
              for headers in (main.headers, boss.headers, north.headers)]
    expect_equal([len(rows) for _, rows in wanted], [9, 9, 3], "rows of each")
    threads = [threading.Thread(target=asks, args=wanted[n % 3]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_equal(faults, [], "answers of others")


if __name__ == "__main__":
    play(an_answer_is_that_of_who_sees_all_without_what_is_hidden, sql_shows_rows_that_are_seen,
         what_is_kept_and_said_is_the_tenants, one_tenant_does_not_stop_another, rights_while_many_ask)
