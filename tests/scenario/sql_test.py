"""SQL: the manual's questions against real data, the API, the verb, the line, and what would hurt.

MAINSTEM_WRITE_MANUAL=1 writes the answers into docs/sql.md anew, for whoever changed a question and
looks at them.
"""

import csv
import datetime
import io
import json
import math
import os
import pty
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from house import (PATIENCE_S, PROGRAM, TREE, Raw, Server, expect, expect_equal, note, play, run, wait_for)

MANUAL = os.path.join(TREE, "docs/sql.md")
DATA = os.path.join(TREE, "demo/data")
RIG_CYCLES = 240
RIG_START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
AIR = {"CO(GT)": "station/co", "NMHC(GT)": "station/nmhc", "C6H6(GT)": "station/c6h6", "NOx(GT)": "station/nox",
       "NO2(GT)": "station/no2", "PT08.S1(CO)": "sensor/co", "PT08.S2(NMHC)": "sensor/nmhc",
       "PT08.S3(NOx)": "sensor/nox", "PT08.S4(NO2)": "sensor/no2", "PT08.S5(O3)": "sensor/o3", "T": "weather/temp",
       "RH": "weather/humidity", "AH": "weather/humidity_absolute"}
UNITS = {"co": "mg/m3", "nmhc": "ug/m3", "c6h6": "ug/m3", "nox": "ppb", "no2": "ug/m3"}


# ---- the data ------------------------------------------------------------------------------------------

def unpacked(name):
    return subprocess.run(["zstd", "-dc", os.path.join(DATA, name)], stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def air():
    """(path, time, value or None) of the street."""
    for row in csv.DictReader(io.StringIO(unpacked("air_quality/air_quality.csv.zst")), delimiter=";"):
        when = datetime.datetime.strptime(list(row.values())[0], "%d/%m/%Y %H.%M.%S").replace(
            tzinfo=datetime.timezone.utc)
        for name, path in AIR.items():
            value = float(row[name].replace(",", "."))
            yield "city/street/" + path, when, None if value == -200 else value


def rig():
    for sensor in ("TS1", "TS2", "TS3", "TS4"):
        rows = csv.reader(io.StringIO(unpacked(f"hydraulic/{sensor}.csv.zst")))
        next(rows)
        for cycle, row in zip(range(RIG_CYCLES), rows):
            for second, value in enumerate(row[1:]):
                yield (f"rig/temp/{sensor.lower()}", RIG_START + datetime.timedelta(minutes=cycle, seconds=second),
                       float(value))
    with open(os.path.join(DATA, "hydraulic/profile.csv"), encoding="utf-8") as file:
        for cycle, row in zip(range(RIG_CYCLES), csv.DictReader(file)):
            for name in ("cooler", "valve", "pump_leak", "accumulator", "unstable"):
                yield f"rig/state/{name}", RIG_START + datetime.timedelta(minutes=cycle), float(row[name])


def post(server, target, body, media="application/json", method="POST"):
    """Status and answer."""
    request = urllib.request.Request(f"http://{server.http}{target}", data=body.encode(), method=method,
                                     headers={"Content-Type": media})
    try:
        with urllib.request.urlopen(request, timeout=4 * PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()


def load(server, samples):
    lines, paths = [], set()

    def send():
        status, answer = post(server, "/v1/samples", "\n".join(lines), "application/x-ndjson")
        expect(status == 200 and json.loads(answer)["refused_count"] == 0, f"{status}: {answer[:500]}")
        lines.clear()

    for path, when, value in samples:
        paths.add(path)
        sample = {"path": path, "time": stamp(when), "value": value}
        if value is None:
            sample["quality"] = "bad.no_value"
        lines.append(json.dumps(sample))
        if len(lines) == 20000:
            send()
    send()
    for path in paths:
        settings = {"unit": "degC" if "temp" in path else UNITS.get(path.rsplit("/", 1)[1], "")}
        if "station/" in path:
            settings["labels"] = {"kind": "certified"}
        if path.startswith("rig/temp/"):
            settings["limits"] = {"high": 58, "high_high": 62}
        status, answer = post(server, "/v1/points/" + urllib.request.quote(path), json.dumps(settings),
                              method="PATCH")
        expect_equal(status, 200, f"settings of {path}: {answer}")


def sql(server, statement, status=200, **members):
    """The answer's JSON; statement's status must be this."""
    found, answer = post(server, "/v1/sql", json.dumps({"sql": statement, **members}))
    expect_equal(found, status, f"status of {statement[:100]} ({answer[:300]})")
    return json.loads(answer)


def rows(server, statement, **members):
    return sql(server, statement, **members)["rows"]


def verb(server, *words, code=0, text=None, **options):
    result = subprocess.run([PROGRAM, "sql", *words, "--http", server.http], input=text, text=True,
                            stdin=None if text is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=4 * PATIENCE_S, **options)
    expect_equal(result.returncode, code, f"exit code of sql {words} ({result.stderr.strip()})")
    return result


# ---- the manual ----------------------------------------------------------------------------------------

QUESTION = re.compile(r"^### (\d+)\. (.*?)$(.*?)```sql\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.M | re.S)


def manual_answers(server, write):
    with open(MANUAL, encoding="utf-8") as file:
        text = file.read()
    found, wrong = [], []

    def ask(match):
        number, title, between, statement, wanted = match.groups()
        answer = verb(server, "--limit", "100", statement).stdout
        answer = "\n".join(line.rstrip() for line in answer.splitlines()) + "\n"
        found.append(int(number))
        if answer != wanted:
            wrong.append(f"{number}. {title}\nis\n{answer}\nand the manual says\n{wanted}")
        return f"### {number}. {title}{between}```sql\n{statement}```\n\n```text\n{answer}```\n"

    fresh = QUESTION.sub(ask, text)
    expect_equal(found, list(range(1, 21)), "numbers of the questions")
    if write:
        with open(MANUAL, "w", encoding="utf-8") as file:
            file.write(fresh)
        return
    expect(not wrong, "\n".join(wrong))


def near(found, wanted, what):
    expect(found is not None and math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-6),
           f"{what}: expected {wanted}, found {found}")


def oracle(server, samples):
    """Some of the answers once more, computed here from the files."""
    of = {}
    for path, when, value in samples:
        of.setdefault(path, {})[when] = value
    co = {when: value for when, value in of["city/street/station/co"].items() if value is not None}
    top = sorted(co.items(), key=lambda item: (-item[1], item[0]))[:5]
    expect_equal(rows(server, "select time_text(time), value from samples where path = 'city/street/station/co' "
                              "order by value desc, time limit 5"),
                 [[stamp(when), value] for when, value in top], "the five highest")
    for path, values in sorted(of.items()):
        numbers = [value for value in values.values() if value is not None]
        answer = rows(server, "select count(*), count(value), sum(value), min(value), max(value), stddev(value), "
                              "percentile(value, 95) from samples where path = ?", parameters=[path])[0]
        expect_equal(answer[:2], [len(values), len(numbers)], f"samples of {path}")
        near(answer[2], math.fsum(numbers), f"sum of {path}")
        expect_equal(answer[3:5], [min(numbers), max(numbers)], f"extremes of {path}")
        if len(set(numbers)) > 1:
            near(answer[5], statistics.stdev(numbers), f"stddev of {path}")
        place = 0.95 * (len(numbers) - 1)
        ordered = sorted(numbers)
        below = ordered[int(place)]
        above = ordered[min(int(place) + 1, len(ordered) - 1)]
        near(answer[6], below + (above - below) * (place - int(place)), f"percentile of {path}")
    days = {}
    for when, value in of["city/street/station/no2"].items():
        if value is not None:
            days.setdefault(when.date().isoformat(), []).append(value)
    for day, count, mean in rows(server, "select substr(time_text(time), 1, 10), count, mean from "
                                         "buckets('city/street/station/no2', '2004-01-01', '2005-01-01', '1d')"):
        expect_equal(count, len(days[day]), f"values of {day}")
        near(mean, math.fsum(days[day]) / len(days[day]), f"mean of {day}")
        del days[day]
    expect_equal(days, {}, "days without a bucket")


def sealed(server):
    status, answer = post(server, "/v1/history/seal", "")
    expect_equal(status, 202, f"seal ({answer})")
    with urllib.request.urlopen(f"http://{server.http}/v1/history", timeout=PATIENCE_S) as state:
        return json.load(state)


def the_manual(folder):
    """Each question of docs/sql.md, from memory and from sealed parts, and some answers computed anew."""
    server = Server(os.path.join(folder, "data"))
    samples = list(air()) + list(rig())
    load(server, samples)
    note(f"sql: {len(samples)} samples, twenty questions")
    manual_answers(server, bool(os.environ.get("MAINSTEM_WRITE_MANUAL")))
    oracle(server, samples)
    sealed(server)
    wait_for("counts from summaries alone",
             lambda: sql(server, "select count(*) from samples")["cost"]["summaries"] > 0)
    manual_answers(server, False)
    oracle(server, samples)
    cost = sql(server, "select path, count(*) from samples group by path")["cost"]
    expect(cost["samples"] == 0 and cost["summaries"] > 0, f"counts are not from summaries: {cost}")
    expect_equal(server.stop(), 0, "exit code of serve")


# ---- the API -------------------------------------------------------------------------------------------

def few(server):
    """Three points and what they need to be asked."""
    for path, value in (("plant/a/temp", 21.5), ("plant/b/temp", 22.5), ("\u5de5\u5382/\u6e29\u5ea6", 23.5)):
        status, answer = post(server, "/v1/samples", json.dumps(
            {"path": path, "value": value, "time": "2026-03-01T08:00:00Z"}))
        expect_equal(status, 200, f"sample of {path} ({answer})")


def the_api(folder):
    server = Server(os.path.join(folder, "data"), "--sql-rows", "600000")
    few(server)
    answer = sql(server, "select path, value from live where path glob ? and value > ? order by path",
                 parameters=["plant/*", 21.75])
    expect_equal(answer["columns"], [{"name": "path", "type": "text"}, {"name": "value", "type": "real"}],
                 "columns")
    expect_equal(answer["rows"], [["plant/b/temp", 22.5]], "rows")
    expect_equal((answer["truncated"], answer["missing"]), (False, []), "the rest")
    expect_equal(rows(server, "select ?, ?, ?, ?, ?", parameters=[1, 2.5, "x", None, True]),
                 [[1, 2.5, "x", None, 1]], "parameters")
    expect_equal(rows(server, "select 9007199254740993, -9223372036854775808"),
                 [[9007199254740993, -9223372036854775808]], "integers are exact")
    for members, code in (({"sql": 1}, "question_invalid"), ({"sq": "select 1"}, "question_invalid"),
                          ({}, "question_invalid"), ({"sql": "select 1", "limit": 0}, "question_invalid"),
                          ({"sql": "select 1", "limit": 600001}, "question_invalid"),
                          ({"sql": "select 1", "format": "xml"}, "question_invalid"),
                          ({"sql": "select 1", "parameters": [[]]}, "question_invalid"),
                          ({"sql": "select 1", "parameters": {}}, "question_invalid"),
                          ({"sql": "select 1 fro points"}, "sql_error"), ({"sql": ""}, "sql_error"),
                          ({"sql": "select 1", "parameters": [1]}, "sql_error")):
        status, text = post(server, "/v1/sql", json.dumps(members))
        expect_equal((status, json.loads(text)["code"]), (422, code), f"{members}")
    expect_equal(rows(server, "select ?1000", parameters=[7] * 1000), [[7]], "a thousand parameters")
    status, text = post(server, "/v1/sql", json.dumps({"sql": "select ?1000", "parameters": [7] * 1001}))
    expect_equal((status, json.loads(text)["code"]), (422, "question_invalid"), "more than a thousand")
    problem = sql(server, "select path, vale from live", status=422)
    expect_equal((problem["code"], problem["offset"], problem["detail"]),
                 ("sql_error", 13, "no such column: vale"), "a problem with its place")
    status, text = post(server, "/v1/sql", json.dumps({"sql": "select '" + "x" * (1 << 20) + "'"}))
    expect_equal(status, 413, "a statement of more than 1 MiB")
    status, text = post(server, "/v1/sql", "{")
    expect_equal(status, 400, "a body that is no JSON")
    status, text = post(server, "/v1/sql", "{}", media="text/plain")
    expect_equal(status, 415, "a body of a form")
    status, text = post(server, "/v1/sql", json.dumps(
        {"sql": "select path, value, null as n, '' as e from live order by path", "format": "csv"}))
    expect_equal(text, 'path,value,n,e\r\nplant/a/temp,21.5,,""\r\nplant/b/temp,22.5,,""\r\n'
                       '\u5de5\u5382/\u6e29\u5ea6,23.5,,""\r\n', "CSV")
    status, text = post(server, "/v1/sql", json.dumps({"sql": "select 1 as a, 2 as a", "format": "ndjson"}))
    lines = [json.loads(line) for line in text.splitlines()]
    expect_equal(lines[0], {"a": 1, "a:1": 2}, "NDJSON")
    expect("cost" in lines[1] and lines[1]["truncated"] is False, f"the last line: {lines[1]}")
    with urllib.request.urlopen(f"http://{server.http}/v1/sql/schema", timeout=PATIENCE_S) as schema:
        tables = {table["name"]: [column["name"] for column in table["columns"] if not column["hidden"]]
                  for table in json.load(schema)["tables"]}
    for name, columns in tables.items():
        arguments = "('#', 'now-1h', 'now', '1h')" if name == "buckets" else ""
        expect_equal([column["name"] for column in sql(server, f"select * from {name}{arguments}")["columns"]],
                     columns, f"columns of {name}")
    expect_equal(sorted(tables), ["alarm_journal", "alarm_rules", "alarms", "asset_types", "assets", "buckets", "channels", "documents",
                  "live", "points", "rosters", "samples"], "tables")


COUNT = "with recursive a(n) as (values(1) union all select n + 1 from a limit %d) "


def any_order_of_columns(folder):
    """Points of one row, asked for in the order of their names, which is not that of their columns."""
    server = Server(os.path.join(folder, "data"))
    status, _ = post(server, "/write", "p z=1,m=2,a=3 1000\np z=4,m=5,a=6 2000", media="text/plain")
    expect_equal(status, 204, "lines")
    wanted = [["p/a", 3], ["p/a", 6], ["p/m", 2], ["p/m", 5], ["p/z", 1], ["p/z", 4]]
    for place in ("in memory", "in a part"):
        for condition in ("path in ('p/a','p/m','p/z')", "path in ('p/z','p/a','p/m','p/a')", "path glob 'p/*'"):
            found = rows(server, f"select path, value from samples where {condition} and time < 1000000")
            expect_equal(sorted(found), wanted, f"{condition}, {place}")
        sealed(server)
    # What is no body of this route is refused before it is taken apart.
    status, text = post(server, "/v1/sql", json.dumps({"sql": "select 1", "parameters": [0] * 10000}))
    expect_equal((status, json.loads(text)["code"]), (413, "body_long"), "ten thousand parameters")


def long_answers(folder):
    """They come whole, or visibly not."""
    server = Server(os.path.join(folder, "data"), "--sql-processes", "1")
    answer = sql(server, COUNT % 500000 + "select n, n * 0.5 from a", limit=1000000)
    expect_equal(len(answer["rows"]), 500000, "rows")
    expect_equal(answer["rows"][-1], [500000, 250000], "the last row")
    answer = sql(server, COUNT % 500000 + "select n from a", limit=100)
    expect_equal((len(answer["rows"]), answer["truncated"]), (100, True), "a limit")
    # It fails in the middle, when much was sent: the connection ends before the end of the answer.
    body = json.dumps({"sql": COUNT % 300000 + "select case when n < 200000 then n else "
                              "abs(-9223372036854775807 - 1) end from a", "limit": 1000000})
    request = urllib.request.Request(f"http://{server.http}/v1/sql", data=body.encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            answer.read()
        broken = False
    except Exception as fault:  # http.client.IncompleteRead
        broken = type(fault).__name__ == "IncompleteRead"
    expect(broken, "a statement that failed in the middle gave a whole answer")
    # Whoever reads slowly gets all of it.
    with socket.create_connection(server.http.split(":"), timeout=PATIENCE_S) as slow:
        body = json.dumps({"sql": COUNT % 400000 + "select n from a", "limit": 1000000, "format": "csv"}).encode()
        slow.sendall(b"POST /v1/sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(1)
        data = b""
        while piece := slow.recv(65536):
            data += piece
    expect(b"\r\n399999\r\n400000\r\n" in data, f"the end of a slow answer: {data[-100:]}")
    expect_equal(rows(server, "select 1"), [[1]], "and the next one")


# ---- the verb ------------------------------------------------------------------------------------------

def the_verb(folder):
    server = Server(os.path.join(folder, "data"))
    few(server)
    table = verb(server, "select path, value, null as none, 'x' as text from live order by path").stdout
    expect_equal(table, "path          value  none  text\n"
                        "plant/a/temp   21.5        x\n"
                        "plant/b/temp   22.5        x\n"
                        "\u5de5\u5382/\u6e29\u5ea6      23.5        x\n3 rows\n", "a table")
    expect_equal(verb(server, "--csv", "select path, value from live where path glob ?", "--parameter",
                      "plant/*").stdout, "path,value\nplant/a/temp,21.5\nplant/b/temp,22.5\n", "CSV")
    expect_equal(verb(server, "--json", "select ?1 as a, ?2 as b, ?3 as c", "--parameter", "1", "--parameter", "x",
                      "--parameter", "null").stdout, '{"a":1,"b":"x","c":null}\n', "JSON")
    expect_equal(verb(server, "--csv", text="select 1 as a;\n-- twice\nselect\n2 as b;\nselect 3 as c").stdout,
                 "a\n1\nb\n2\nc\n3\n", "statements from a pipe")
    wrong = verb(server, "select path,\n  vale\nfrom live", code=1)
    expect_equal(wrong.stderr, "mainstem sql: no such column: vale\n    vale\n    ^\n", "a caret")
    expect_equal(verb(server, text="select 1;\nselekt 2;\nselect 3;\n", code=1).stdout.count("row"), 1,
                 "what follows a wrong statement is not run")
    expect("nobody listens" in run("sql", "select 1", "--http", "127.0.0.1:1").stderr, "nobody there")
    many = verb(server, "--limit", "2", "values (1), (2), (3)").stdout
    expect(many.endswith("2 rows; there are more: --limit N, or .limit N\n"), f"a limit: {many!r}")
    expect_equal(run("sql-worker").returncode, 2, "the process is no verb for people")
    expect("sql-worker" not in run("help").stdout, "nor is it listed")


class Typed:
    """`mainstem sql` at a terminal."""

    def __init__(self, server, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", HOME=folder, MAINSTEM_SQL_HISTORY=os.path.join(folder, "history"))
            os.execv(PROGRAM, [PROGRAM, "sql", "--http", server.http])
        self.seen = ""

    def read(self, seconds=0.1):
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            self.seen += data.decode(errors="replace")

    def wait(self, wanted, what):
        def look():
            self.read(0.05)
            return wanted in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen)
        try:
            wait_for(what, look)
        except Exception as fault:
            raise type(fault)(f"{fault}; seen: {self.seen[-600:]!r}") from fault
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())


def the_line(folder):
    server = Server(os.path.join(folder, "data"))
    few(server)
    line = Typed(server, folder)
    line.wait("sql> ", "a prompt")
    line.type("select path from live\n")
    line.wait("...> ", "another prompt")
    line.type("order by path;\n")
    line.wait("3 rows in ", "an answer")
    line.type("selec\t 40 + 2 as answer;\n")
    line.wait("42", "a completed keyword")
    line.type("select value from live where path = 'plant/a\tt\t';\n")
    line.wait("21.5", "a completed path")
    line.type("select vale from live;\n")
    line.wait("^", "a caret")
    line.type(".tables\n")
    line.wait("every sample that was kept", "the tables")
    line.type(".schema buckets\n")
    line.wait("time_mean", "the columns")
    line.type(".mode csv\n")
    line.type("select 1 as a, 'x,y' as b;\n")
    line.wait('1,"x,y"', "CSV")
    line.type(".mode table\n")
    began = time.monotonic()
    line.type(COUNT.replace("limit %d", "") + "select count(*) from a;\n")
    time.sleep(1)
    line.type("\x03")
    line.wait("stopped", "the end of a statement that was stopped")
    expect(time.monotonic() - began < 15, "Ctrl-C came too late")
    line.type("select 43 as then_it_goes_on;\n")

    def answered():  # what is typed before the prompt is there, the terminal would take for itself
        line.read(0.05)
        return "sql> " in line.seen.partition("row in ")[2]

    wait_for("the next statement's answer, and the prompt behind it", answered)
    line.type("\x04")

    def ended():
        line.read(0.05)
        pid, status = os.waitpid(line.pid, os.WNOHANG)
        return (status,) if pid else None

    expect_equal(os.waitstatus_to_exitcode(wait_for("the end of the line", ended)[0]), 0, "exit code of the line")
    history = os.path.join(folder, "history")
    with open(history, encoding="utf-8") as file:
        expect("then_it_goes_on" in file.read(), "what was typed is remembered")
    expect_equal(os.stat(history).st_mode & 0o777, 0o600, "nobody else may read it")


# ---- what would hurt -----------------------------------------------------------------------------------

ENDLESS = "select count(*) from (" + COUNT.replace("limit %d", "") + "select n from a)"


def children(server):
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children", encoding="utf-8") as file:
        found = file.read().split()
    for task in os.listdir(f"/proc/{server.process.pid}/task"):
        try:
            with open(f"/proc/{server.process.pid}/task/{task}/children", encoding="utf-8") as file:
                found += file.read().split()
        except OSError:
            pass
    return sorted(set(int(pid) for pid in found))


def asked(server, statement):
    """A connection on which this was asked, and nobody waits for the answer."""
    body = json.dumps({"sql": statement}).encode()
    connection = socket.create_connection(server.http.split(":"), timeout=PATIENCE_S)
    connection.sendall(b"POST /v1/sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return connection


def what_hurts(folder):
    server = Server(os.path.join(folder, "data"), "--sql-processes", "1", "--sql-time", "60s", "--sql-memory", "64M")
    few(server)
    # Whoever leaves takes his statement with him.
    for _ in range(3):
        connection = asked(server, ENDLESS)
        time.sleep(0.3)
        connection.close()
        began = time.monotonic()
        expect_equal(rows(server, "select 1"), [[1]], "the next statement")
        expect(time.monotonic() - began < 5, "the process was not free when its asker had left")
    # The process is killed in the middle.
    connection = asked(server, ENDLESS)
    wait_for("a process", lambda: children(server))
    time.sleep(0.3)
    os.kill(children(server)[0], signal.SIGKILL)
    answer = connection.recv(65536).decode()
    expect("503" in answer.split("\r\n")[0] and '"sql_process"' in answer, f"its answer: {answer}")
    connection.close()
    expect_equal(rows(server, "select 1"), [[1]], "the next statement")
    # Memory, and a thousand at once; the server itself stays as it was.
    def memory():
        with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) << 10
    before = memory()
    problem = sql(server, COUNT % 100000000 + "select count(distinct n) from a", status=503)
    expect_equal(problem["code"], "sql_memory", "a statement without measure")
    results = {}

    def many():
        for _ in range(20):
            status, answer = post(server, "/v1/sql", json.dumps({"sql": "select count(*) from points"}))
            code = status if status == 200 else json.loads(answer)["code"]
            results[code] = results.get(code, 0) + 1

    threads = [threading.Thread(target=many) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_equal(sum(results.values()), 1000, "answers")
    expect(set(results) <= {200, "sql_busy"} and results.get(200, 0) >= 200, f"answers: {results}")
    grown = memory() - before
    note(f"sql: 1,000 statements from 50 connections: {results}; the server grew by {grown >> 10} KiB")
    expect(grown < 64 << 20, f"the server grew by {grown} bytes")
    # The server ends, and leaves no process behind.
    connection = asked(server, ENDLESS)
    pids = wait_for("a process", lambda: children(server))
    expect_equal(server.stop(), 0, "exit code of serve")
    for pid in pids:
        wait_for("the end of the process", lambda: not os.path.exists(f"/proc/{pid}"))
    connection.close()
    # And so does one that is killed.
    server = Server(os.path.join(folder, "data"))
    connection = asked(server, ENDLESS)
    pids = wait_for("a process", lambda: children(server))
    server.kill()
    for pid in pids:
        wait_for("the end of the process", lambda: not os.path.exists(f"/proc/{pid}"))
    connection.close()


def latencies(server, raw, seconds):
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        expect_equal(raw.publish("beside/press", '{"temp":21.5}'), 0, "reason of PUBACK")
        found.append(time.monotonic() - began)
    found.sort()
    return found


def beside_the_readings(folder):
    """How long an acknowledgement takes while statements work as hard as they may."""
    server = Server(os.path.join(folder, "data"))
    lines = [f"press,nr={nr} temp={20 + nr % 50}.5 {1772323200 + second}" for second in range(100) for nr in range(2000)]
    for at in range(0, len(lines), 20000):
        status, _ = post(server, "/write?precision=s", "\n".join(lines[at:at + 20000]), "text/plain")
        expect_equal(status, 204, "lines")
    raw = Raw(server)
    latencies(server, raw, 0.5)
    idle = latencies(server, raw, 2)
    stop = threading.Event()

    def work(statement):
        while not stop.is_set():
            post(server, "/v1/sql", json.dumps({"sql": statement}))

    threads = [threading.Thread(target=work, args=(statement,), daemon=True) for statement in (
        COUNT % 20000000 + "select count(*) from a",
        "select count(*), sum(value), count(distinct path) from samples",
        "select count(*) from points where path like '%7/t%'",
        "select count(*), max(stddev) from buckets('#', '2026-03-01', '2026-03-02', '10s')")]
    for thread in threads:
        thread.start()
    busy = latencies(server, raw, 4)
    stop.set()
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    def ms(found, share):
        return 1000 * found[int(share * (len(found) - 1))]
    note(f"sql: acknowledgements beside four statements: p50 {ms(busy, 0.5):.2f} ms, p99 {ms(busy, 0.99):.2f} ms, most "
         f"{ms(busy, 1):.1f} ms; without p50 {ms(idle, 0.5):.2f} ms, p99 {ms(idle, 0.99):.2f} ms, most {ms(idle, 1):.1f} ms")
    expect(ms(busy, 0.99) < 10 * ms(idle, 0.99) + 50, "readings waited for statements")


play(the_manual, the_api, any_order_of_columns, long_answers, the_verb, the_line, what_hurts, beside_the_readings)
