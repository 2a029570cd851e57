"""`mainstem get`, `set`, `points` and `live`: the HTTP API from the terminal. What they print is held
against what the API says; also the completion of shells and the manual page."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request

from house import (PATIENCE_S, PROGRAM, TREE, Raw, Server, expect, expect_equal, free_port, play, run,
                   skip, wait_for)

# In a path: more than ASCII, a space, and what a URL would take for its own.
ODD = "plant/\u5382\u623f 1/50%/a?b&c=d"


def verb(server, *words, code=0, text=None, **options):
    """Runs a verb against the server; returns its result, whose exit code must be this."""
    if text is None:
        result = run(*words, "--http", server.http, **options)
    else:
        result = subprocess.run([PROGRAM, *words, "--http", server.http], input=text, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * PATIENCE_S)
    expect_equal(result.returncode, code, f"exit code of {words} ({result.stderr.strip()})")
    return result


def api(server, target, **query):
    url = f"http://{server.http}{target}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def api_point(server, path):
    return api(server, "/v1/points/" + urllib.parse.quote(path, safe="/"))


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def table_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def screen_width(text):
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


# ---- who is there -------------------------------------------------------------------------------------

def nobody_there_is_told_with_what_to_do(folder):
    nobody = f"127.0.0.1:{free_port()}"
    for words in (("get", "a"), ("set", "a", "1"), ("points",), ("points", "--tree"), ("live", "#")):
        result = run(*words, "--http", nobody)
        expect_equal(result.returncode, 1, f"exit code of {words} where nobody listens")
        for wanted in (nobody, "mainstem serve", "--http"):
            expect(wanted in result.stderr, f"{words} does not say {wanted!r}: {result.stderr!r}")
        again = run(*words, env={"MAINSTEM_HTTP": nobody})
        expect_equal(again.stderr, result.stderr, f"{words} with MAINSTEM_HTTP instead")
    expect_equal(run("points", "--complete", "a", "--http", nobody).stderr, "", "completion without a server")
    # No proxy of the environment comes between.
    result = run("get", "a", "--http", nobody, env={"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"})
    expect("nobody listens" in result.stderr, f"with a proxy: {result.stderr!r}")


def what_is_no_http_is_told(folder):
    server = Server(folder + "/data")
    for words in (("get", "a"), ("live", "#")):
        result = run(*words, "--http", server.mqtt)
        expect_equal(result.returncode, 1, f"exit code of {words} at the MQTT port")
        expect(server.mqtt in result.stderr, f"{words} at the MQTT port: {result.stderr!r}")


def wrong_words_exit_with_2(folder):
    for words in (("get",), ("get", "a", "--json", "--csv"), ("get", "a", "--value", "--json"), ("set", "a"),
                  ("set", "a", "1", "b"), ("set", "-", "--time", "1"), ("set", "a", '{"a":1}'),
                  ("set", "a", "1", "--time", "soon"), ("points", "--limit", "0"), ("points", "--all", "--limit", "5"),
                  ("points", "--tree", "--type", "bool"), ("points", "a", "b"), ("live",), ("live", "#", "--pace", "60001"),
                  ("live", "#", "--count", "0"), ("get", "a", "--http", "ftp://host:1"), ("get", "a", "--http", "host:x"),
                  ("completion", "tcsh"), ("completion",)):
        result = run(*words)
        expect_equal(result.returncode, 2, f"exit code of {words} ({result.stderr.strip()})")
        expect(result.stderr.startswith("mainstem "), f"{words} says {result.stderr!r}")


# ---- set and get --------------------------------------------------------------------------------------

def what_is_set_is_got(folder):
    server = Server(folder + "/data")
    values = {"plant/temp": "21.60", "plant/cold": "-5", "plant/on": "true", "plant/state": "ON",
              "plant/code": "007", ODD: "0.1", "plant/none": "null"}
    words = [word for pair in values.items() for word in pair]
    expect_equal(verb(server, "set", *words).stdout, "7 samples kept\n", "what set says")
    verb(server, "set", "plant/id", "9007199254740993")
    verb(server, "set", "plant/number", "5", "--text")
    got = lines_of(verb(server, "get", *values, "plant/id", "plant/number", "--json").stdout)
    for point in got:
        expect_equal(point, api_point(server, point["path"]), f"get and the API of {point['path']}")
    expect_equal([point["value"] for point in got],
                 [21.6, -5, True, "ON", "007", 0.1, None, 9007199254740993, "5"], "the values")
    value = verb(server, "get", "plant/temp", ODD, "plant/id", "plant/state", "--value").stdout
    expect_equal(value, "21.6\n0.1\n9007199254740993\nON\n", "values alone")
    alone = verb(server, "get", "plant/none", "--value", code=1)
    expect_equal((alone.stdout, "bad.no_value" in alone.stderr), ("", True), "a value that is none")
    shown = verb(server, "get", ODD).stdout
    expect(f"path         {ODD}\n" in shown and "value        0.1\n" in shown, f"one point is shown as {shown!r}")
    rows = table_of(verb(server, "get", ODD, "plant/none", "--csv").stdout)
    expect_equal([(row["path"], row["value"], row["quality"]) for row in rows],
                 [(ODD, "0.1", "good"), ("plant/none", "", "bad.no_value")], "CSV of both")

    # What set acknowledged is on the disk.
    server.kill()
    server = Server(folder + "/data")
    expect_equal(verb(server, "get", "plant/temp", "plant/number", "--value").stdout, "21.6\n5\n", "after a kill")


def times_and_qualities_are_set(folder):
    server = Server(folder + "/data")
    for time_words, wanted in (("2026-03-01T08:00:00.25Z", "2026-03-01T08:00:00.25"),
                               ("2026-03-01T10:00:01+02:00", "2026-03-01T08:00:01"),
                               ("1772352002", "2026-03-01T08:00:02"), ("1772352003500", "2026-03-01T08:00:03.5")):
        verb(server, "set", "a", "1", "--time", time_words, "--quality", "uncertain.last_usable")
        point = api_point(server, "a")
        expect(point["time"].startswith(wanted), f"--time {time_words} became {point['time']}")
        expect_equal(point["quality"], "uncertain.last_usable", "the quality")
    result = verb(server, "set", "a", "1", "--quality", "great", code=1)
    expect("a: refused" in result.stderr and "uncertain" in result.stderr, f"a wrong quality: {result.stderr!r}")


def a_missing_point_is_told_and_the_others_shown(folder):
    server = Server(folder + "/data")
    verb(server, "set", "plant/a", "1", "plant/b", "2")
    result = verb(server, "get", "plant/a", "plant/x", "plant/b", "--value", code=1)
    expect_equal(result.stdout, "1\n2\n", "those that are there")
    expect('there is no point "plant/x"' in result.stderr and "--tree plant" in result.stderr,
           f"the missing one: {result.stderr!r}")


def refused_samples_are_told(folder):
    server = Server(folder + "/data")
    verb(server, "set", "a", "1", "t", "text")
    result = verb(server, "set", "a", "words", "b/+/c", "1", "ok", "2", code=1)
    expect_equal(result.stdout, "1 sample kept\n", "one of three")
    expect("set: a: refused: " in result.stderr and "set: b/+/c: refused: " in result.stderr,
           f"the refusals: {result.stderr!r}")
    result = verb(server, "set", "a", "words", code=1)
    expect_equal((result.stdout, result.stderr.count("\n")), ("", 1), "when all are refused")
    answer = json.loads(verb(server, "set", "a", "3", "--json").stdout)
    expect_equal((answer["taken"], answer["refused"]), (1, []), "--json")


def lines_of_standard_input_are_samples(folder):
    server = Server(folder + "/data")
    count = 25000
    text = "".join(json.dumps({"path": f"many/p{i}", "value": i}) + "\n" for i in range(count))
    expect_equal(verb(server, "set", "-", text=text).stdout, "25,000 samples kept\n", "many lines")
    wait_for("all of them in the tree", lambda: api(server, "/v1/tree", path="many")["count"] == count)
    wrong = '{"path":"a","value":1}\nnonsense\n{"path":"b/+","value":2}\n{"path":"c","value":3}'
    result = verb(server, "set", "-", text=text + wrong, code=1)
    expect_equal(result.stdout, "25,002 samples kept\n", "with two wrong lines, and a last one without its end")
    for wanted in (f"line {count + 2}", f"line {count + 3}, b/+"):
        expect(wanted in result.stderr, f"the refusals do not say {wanted!r}: {result.stderr!r}")
    expect_equal(verb(server, "set", "-", text="").stdout, "0 samples kept\n", "no line")
    # Two hundred wrong lines do not fill the screen.
    result = verb(server, "set", "-", text="x\n" * 200, code=1)
    expect(result.stderr.count("\n") <= 22 and "180 more" in result.stderr, f"200 wrong lines: {result.stderr!r}")


def a_slow_pipe_is_not_kept_waiting(folder):
    server = Server(folder + "/data")
    slow = subprocess.Popen([PROGRAM, "set", "-", "--http", server.http], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for number in (1, 2):
        slow.stdin.write(f'{{"path":"slow/{number}","value":{number}}}\n')
        slow.stdin.flush()
        wait_for(f"line {number} to be kept", lambda n=number: run("get", f"slow/{n}", "--http", server.http).returncode == 0)
    slow.send_signal(signal.SIGINT)
    out, _ = slow.communicate(timeout=PATIENCE_S)
    expect("2 samples kept" in out, f"after Ctrl-C: {out!r}")


# ---- points -------------------------------------------------------------------------------------------

def house_of_points(folder):
    """2,300 points on three lines, one with a label and limits; and one with an odd name."""
    server = Server(folder + "/data")
    text = "".join(json.dumps({"path": f"plant/line-{i % 3}/press-{i}/temp", "value": i / 10}) + "\n"
                   for i in range(2300))
    verb(server, "set", "-", text=text)
    verb(server, "set", ODD, "true", "plant/none", "null")
    wait_for("all of them in the tree", lambda: api(server, "/v1/tree", path="")["count"] == 2302)
    result = run("point", "change", "plant/line-1/press-1000/temp", "--data", server.data, "--unit", "Cel",
                 "--label", "oil=hot", "--limit", "high=50")
    expect_equal(result.returncode, 0, "point change")
    verb(server, "set", "plant/line-1/press-1000/temp", "99")
    return server


def lists_come_in_pages(folder):
    server = house_of_points(folder)
    everything = lines_of(verb(server, "points", "--all", "--json").stdout)
    expect_equal((len(everything), len({point["path"] for point in everything})), (2302, 2302), "all points")
    usual = verb(server, "points").stdout.splitlines()
    expect_equal(len(usual), 102, "head, 100 points, summary")
    expect("there are more" in usual[-1], f"the summary: {usual[-1]!r}")
    for limit in (1, 999, 1000, 1001, 2302):
        listed = lines_of(verb(server, "points", "--limit", str(limit), "--json").stdout)
        expect_equal(listed, everything[:limit], f"the first {limit}")
    whole = verb(server, "points", "--limit", "2302").stdout.splitlines()[-1]
    expect_equal(whole, "2,302 points", "the summary when there are no more")
    more = verb(server, "points", "--limit", "2301").stdout.splitlines()[-1]
    expect("there are more" in more, f"the summary of 2,301 of 2,302: {more!r}")
    rows = table_of(verb(server, "points", "--all", "--csv").stdout)
    expect_equal([row["path"] for row in rows], [point["path"] for point in everything], "the paths in CSV")


def lists_are_filtered_as_by_the_api(folder):
    server = house_of_points(folder)
    one = "plant/line-1/press-1000/temp"
    cases = ((("plant/+/press-100*/temp",), {"match": "plant/+/press-100*/temp"}, 11),
             (("plant/line-2/#", "--limit", "1000"), {"match": "plant/line-2/#", "limit": 1000}, 766),
             (("--contains", "50%"), {"contains": "50%"}, 1),
             (("--label", "oil=hot"), {"label": "oil:hot"}, 1), (("--label", "oil"), {"label": "oil"}, 1),
             (("--label", "oil=cold"), {"label": "oil:cold"}, 0),
             (("--type", "bool"), {"type": "bool"}, 1), (("--quality", "bad"), {"quality": "bad"}, 1),
             (("--state", "high"), {"state": "high"}, 1),
             (("--state", "high", "--whole"), {"state": "high", "whole": "true"}, 1))
    for words, query, count in cases:
        listed = lines_of(verb(server, "points", *words, "--json").stdout)
        expect_equal(len(listed), count, f"points by {words}")
        told = []
        while count and query is not None:
            answer = api(server, "/v1/points", **query)
            told += answer["points"]
            query = {**query, "after": answer["next"]} if answer["next"] is not None else None
        expect_equal(listed, told, f"points and the API by {words}")
    shown = verb(server, "points", "--state", "high").stdout.splitlines()
    expect(shown[1].startswith(one) and "99" in shown[1] and "Cel" in shown[1] and "high" in shown[1],
           f"a point beyond its limit: {shown}")
    nothing = verb(server, "points", "nothing/#")
    expect("no point matches" in nothing.stderr and nothing.stdout == "", f"nothing: {nothing}")
    wrong = verb(server, "points", "a/#/b", code=1)
    expect("a/#/b" in wrong.stderr, f"a wrong pattern: {wrong.stderr!r}")


def branches_are_shown_with_counts(folder):
    server = house_of_points(folder)
    for path in ("", "plant", "plant/line-0", "plant/\u5382\u623f 1"):
        listed = lines_of(verb(server, "points", *([path] if path else []), "--tree", "--all", "--json").stdout)
        told = api(server, "/v1/tree", path=path, values="true", limit=1000)
        expect_equal(listed, told["children"], f"children of {path!r}")
        summary = verb(server, "points", path, "--tree", "--all").stdout.splitlines()[-1] if path else ""
        expect(not path or f"{told['count']:,} point" in summary, f"the summary of {path}: {summary!r}")
    lines = verb(server, "points", "--tree", "plant").stdout.splitlines()
    expect_equal([line.split()[:2] for line in lines[1:4]], [["line-0/", "767"], ["line-1/", "767"], ["line-2/", "766"]],
                 "the lines of the plant")
    rows = table_of(verb(server, "points", "--tree", "plant", "--csv").stdout)
    expect_equal([row["points"] for row in rows if row["path"] == "plant/line-2"], ["766"], "CSV")
    missing = verb(server, "points", "--tree", "plant/none/such", code=1)
    expect("plant/none/such" in missing.stderr, f"no such branch: {missing.stderr!r}")


def tables_are_aligned_for_wide_characters(folder):
    server = Server(folder + "/data")
    verb(server, "set", "plant/line/temp", "21.5", "plant/\u5382\u623f/\u6e29\u5ea6", "1024", "a", "\u9ad8")
    for words in (("points",), ("get", "plant/line/temp", "plant/\u5382\u623f/\u6e29\u5ea6", "a")):
        lines = [line for line in verb(server, *words).stdout.splitlines() if "  " in line]
        ends = {screen_width(line[:line.index("  good") + 2]) if "  good" in line else
                screen_width(line[:line.index("quality")]) for line in lines}
        expect_equal(len(ends), 1, f"columns where the quality begins in {lines}")


def paths_are_completed(folder):
    server = house_of_points(folder)

    def complete(prefix):
        return verb(server, "points", "--complete", prefix).stdout.splitlines()

    expect_equal(complete(""), ["plant/"], "the root")
    expect_equal(complete("pl"), ["plant/"], "the beginning of a name")
    expect_equal(sorted(complete("plant/l")), ["plant/line-0/", "plant/line-1/", "plant/line-2/"], "branches")
    expect_equal(complete("plant/n"), ["plant/none"], "a point")
    expect_equal(complete("plant/line-1/press-1000/"), ["plant/line-1/press-1000/temp"], "below a branch")
    expect_equal(sorted(complete("plant/line-1/press-100")),
                 [f"plant/line-1/press-{n}/" for n in range(100, 1010) if n % 3 == 1 and str(n).startswith("100")],
                 "numbers")
    expect_equal(complete("plant/x"), [], "nothing")
    expect_equal(complete("plant/\u5382"), ["plant/\u5382\u623f 1/"], "more than ASCII")


# ---- live ---------------------------------------------------------------------------------------------

class Live:
    """`mainstem live` on pipes, its lines as they come."""

    def __init__(self, address, *words):
        self.process = subprocess.Popen([PROGRAM, "live", *words, "--http", address], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = [], []
        self.threads = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    def _read(self, pipe, into):
        for line in pipe:
            into.append(line.decode().rstrip("\r\n"))

    def wait_out(self, what, test):
        wait_for(what, lambda: any(test(line) for line in list(self.out)))

    def wait_err(self, text):
        wait_for(f"{text!r} on standard error", lambda: any(text in line for line in list(self.err)))

    def end(self, signal_number=None):
        if signal_number is not None:
            self.process.send_signal(signal_number)
        code = self.process.wait(timeout=PATIENCE_S)
        for thread in self.threads:
            thread.join(PATIENCE_S)
        return code


def values_come_live(folder):
    server = Server(folder + "/data")
    verb(server, "set", "plant/a", "1", "plant/b", "on", "other/c", "3", ODD, "true")
    live = Live(server.http, "plant/#")
    live.wait_out("the values that are there", lambda line: ODD in line)
    raw = Raw(server)
    for number in range(2, 6):
        raw.publish("plant/a", str(number))
        live.wait_out(f"value {number}", lambda line, n=number: line.split("\t")[1:3] == ["plant/a", str(n)])
    raw.publish("plant/new", "42")
    live.wait_out("a point that is new", lambda line: line.split("\t")[1:3] == ["plant/new", "42"])
    raw.publish("plant/a", "null")
    live.wait_out("no value", lambda line: line.split("\t")[1:5] == ["plant/a", "-", "", "bad.no_value"])
    result = run("point", "retire", "plant/new", "--data", server.data)
    expect_equal(result.returncode, 0, "point retire")
    live.wait_err("plant/new is gone")
    expect_equal(live.end(signal.SIGINT), 0, "exit code after Ctrl-C")
    expect(not any("other/c" in line for line in live.out), f"a point that does not match: {live.out}")
    numbers = [line.split("\t")[2] for line in live.out if line.split("\t")[1] == "plant/a"]
    expect_equal(numbers, ["1", "2", "3", "4", "5", "-"], "the values of plant/a, in order")


def streams_are_json_and_csv(folder):
    server = Server(folder + "/data")
    verb(server, "set", "plant/a", "1.5", "plant/b", "say \"no\", twice")
    told = {point["path"]: point for point in lines_of(verb(server, "live", "#", "--json", "--count", "2").stdout)}
    for path in ("plant/a", "plant/b"):
        point = api_point(server, path)
        for name in ("path", "point", "value", "quality", "type", "unit", "limit_state", "time"):
            expect_equal(told[path][name], point[name], f"{name} of {path}")
    text = subprocess.run([PROGRAM, "live", "plant/a", "plant/b", "--csv", "--count", "2", "--http", server.http],
                          stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True).stdout.decode()
    expect_equal(text.count("\r\n"), 3, "lines that end as RFC 4180 says")
    rows = {row["path"]: row["value"] for row in table_of(text)}
    expect_equal(rows, {"plant/a": "1.5", "plant/b": "say \"no\", twice"}, "the values in CSV")


def it_ends_when_it_should(folder):
    server = Server(folder + "/data")
    verb(server, "set", "a", "1")
    began = time.monotonic()
    verb(server, "live", "a", "--for", "0.5")
    expect(0.4 < time.monotonic() - began < PATIENCE_S, "how long --for 0.5 took")
    few = verb(server, "live", "a", "--for", "0.5", "--count", "2", code=1)
    expect("1 of 2 values" in few.stderr, f"too few: {few.stderr!r}")
    none = verb(server, "live", "a", "--changes", "--for", "0.5")
    expect_equal(none.stdout, "", "--changes where nothing changes")
    wrong = verb(server, "live", "a/#/b", "--for", "5", code=1)
    expect("a/#/b" in wrong.stderr, f"a wrong pattern: {wrong.stderr!r}")
    empty = verb(server, "live", "b", "--for", "0.5")
    expect("no point matches yet" in empty.stderr, f"where there is none: {empty.stderr!r}")
    many = verb(Server(folder + "/other", "--http-live-points", "1"), "live", "#", "--for", "0.5")
    expect_equal(many.returncode, 0, "an empty server with a small limit")


def it_comes_back_after_a_restart(folder):
    server = Server(folder + "/data")
    verb(server, "set", "a", "1", "still", "7")
    live = Live(server.http, "#")
    live.wait_out("the first value", lambda line: line.split("\t")[1:3] == ["a", "1"])
    server.kill()
    live.wait_err("was lost")
    again = Server(folder + "/data", "--http", server.http)
    again.http = server.http
    live.wait_err("started anew")
    verb(again, "set", "a", "2")
    live.wait_out("a value after the restart", lambda line: line.split("\t")[1:3] == ["a", "2"])
    expect_equal(live.end(signal.SIGTERM), 0, "exit code after SIGTERM")
    expect_equal([line.split("\t")[1:3] for line in live.out if "still" in line], [["still", "7"]],
                 "what did not change is told once")
    ended = Live(again.http, "#", "--no-reconnect")
    ended.wait_out("a value", lambda line: "still" in line)
    again.kill()
    expect_equal(ended.end(), 1, "exit code with --no-reconnect")
    expect(any("was lost" in line for line in ended.err), f"what it says then: {ended.err}")


class Relay:
    """Stands between a client and the server; its connections can be cut."""

    def __init__(self, to):
        host, port = to.rsplit(":", 1)
        self.to = (host, int(port))
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listening.getsockname()[1]}"
        self.pairs, self.refuses = [], False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, _ = self.listening.accept()
            if self.refuses:
                near.close()
                continue
            far = socket.create_connection(self.to)
            self.pairs.append((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass

    def cut(self):
        for pair in self.pairs:
            for one in pair:
                one.shutdown(socket.SHUT_RDWR)
        self.pairs.clear()


def a_lost_connection_goes_on_where_it_was(folder):
    server = Server(folder + "/data")
    verb(server, "set", "a", "1", "b", "1")
    relay = Relay(server.http)
    live = Live(relay.address, "#")
    live.wait_out("the first values", lambda line: line.split("\t")[1:3] == ["b", "1"])
    relay.refuses = True
    relay.cut()
    live.wait_err("trying again")
    for number in range(2, 10):
        verb(server, "set", "a", str(number))
    relay.refuses = False
    live.wait_err("connected again; nothing is missing")
    live.wait_out("the last value", lambda line: line.split("\t")[1:3] == ["a", "9"])
    expect_equal(live.end(signal.SIGINT), 0, "exit code")
    expect_equal([line.split("\t")[1:3] for line in live.out].count(["b", "1"]), 1, "what did not change, told")


def a_slow_reader_is_told_what_it_missed(folder):
    server = Server(folder + "/data")
    raw = Raw(server)
    raw.publish("a", "0")
    live = Live(server.http, "a", "--pace", "1000")
    live.wait_out("the first value", lambda line: True)
    for number in range(1, 201):
        raw.publish("a", str(number))
    live.wait_out("the last value", lambda line: line.split("\t")[2] == "200")
    expect_equal(live.end(signal.SIGINT), 0, "exit code")
    missed = sum(int(found.replace(",", "")) for line in live.err for found in re.findall(r"([\d,]+) values were replaced", line))
    expect_equal(missed + len(live.out), 201, f"values that came, and that were told as replaced ({live.err})")


# ---- the terminal -------------------------------------------------------------------------------------

class Terminal:
    """A verb on a pseudo-terminal of its own."""

    def __init__(self, *words, columns=80, lines=24):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(PROGRAM, [PROGRAM, *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.seen = b""

    def read(self, seconds):
        """Reads for so long, or to the end; False at the end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.seen += data
        return True

    def frame(self):
        """The lines of the last whole picture, without colours."""
        frames = self.seen.decode(errors="replace").split("\x1b[H")
        whole = frames[-2] if len(frames) > 2 else ""
        return [re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", line).rstrip() for line in whole.splitlines()]

    def wait_frame(self, what, test):
        def look():
            self.read(0.1)
            return test(self.frame())
        wait_for(what, look)

    def end(self, signal_number):
        os.kill(self.pid, signal_number)
        deadline = time.monotonic() + PATIENCE_S
        while self.read(0.5) and time.monotonic() < deadline:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def a_terminal_gets_a_screen(folder):
    server = Server(folder + "/data")
    verb(server, "set", "-", text="".join(json.dumps({"path": f"plant/\u5382/p{i}", "value": i}) + "\n"
                                          for i in range(40)))
    terminal = Terminal("live", "plant/#", "--http", server.http, columns=70, lines=12)
    terminal.wait_frame("the points", lambda lines: any("plant/\u5382/p7" in line for line in lines))
    lines = terminal.frame()
    expect("40 points" in lines[0] and server.http in lines[0], f"the head: {lines[0]!r}")
    expect(len(lines) <= 12 and "32 more" in lines[-2], f"a screen of 12 lines: {lines}")
    paths = [line.split()[0] for line in lines[2:-2]]
    expect_equal(paths, [f"plant/\u5382/p{i}" for i in range(8)], "the points in natural order")
    for line in lines:
        expect(screen_width(line) <= 70, f"a line wider than the screen: {line!r}")
    verb(server, "set", "plant/\u5382/p3", "777")
    terminal.wait_frame("the new value in its place",
                        lambda lines: any(line.split()[:2] == ["plant/\u5382/p3", "777"] for line in lines))
    expect_equal(terminal.end(signal.SIGINT), 0, "exit code after Ctrl-C")
    expect(terminal.seen.endswith(b"\x1b[?25h\x1b[?1049l") or b"\x1b[?1049l" in terminal.seen[-200:],
           f"the terminal is not given back: {terminal.seen[-80:]!r}")


def a_value_cannot_command_the_terminal(folder):
    server = Server(folder + "/data")
    verb(server, "set", "a", "red \x1b[31m alert", "--text")
    for words in (("get", "a"), ("get", "a", "--value"), ("points",)):
        terminal = Terminal(*words, "--http", server.http)
        while terminal.read(1):
            pass
        os.waitpid(terminal.pid, 0)
        expect(b"red \xef\xbf\xbd[31m alert" in terminal.seen, f"{words} shows {terminal.seen!r}")
    expect_equal(verb(server, "get", "a", "--value").stdout, "red \x1b[31m alert\n", "a pipe gets it as it is")


# ---- shells and the manual ------------------------------------------------------------------------------

BASH = """
source <({program} completion bash)
complete_words() {{
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _mainstem
    printf '%s\\n' "${{COMPREPLY[@]}}"
}}
complete_words {words}
"""


def bash_completes(server, *words):
    script = BASH.format(program=PROGRAM, words=" ".join(f"'{word}'" for word in (PROGRAM, *words)))
    result = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            timeout=PATIENCE_S, env={**os.environ, "MAINSTEM_HTTP": server.http}, check=False)
    expect_equal((result.returncode, result.stderr), (0, ""), f"bash on {words}")
    return [line for line in result.stdout.splitlines() if line]


def shells_complete_verbs_options_and_paths(folder):
    server = Server(folder + "/data")
    verb(server, "set", "plant/line-1/temp", "1", "plant/line-2/my pump", "2")
    expect_equal(bash_completes(server, "po"), ["points", "point", "policy"], "verbs")
    expect_equal(bash_completes(server, "get", "--v"), ["--value"], "options")
    expect_equal(bash_completes(server, "serve", "--http-l"), ["--http-live-points", "--http-live-keep"], "settings")
    expect_equal(bash_completes(server, "points", "--type", "b"), ["bool"], "what an option takes")
    expect_equal(bash_completes(server, "get", "pl"), ["plant/"], "a branch")
    expect_equal(bash_completes(server, "get", "plant/line-1/"), ["plant/line-1/temp"], "a point")
    expect_equal(bash_completes(server, "set", "plant/line-2/my"), ["plant/line-2/my\\ pump"], "a space is escaped")
    elsewhere = Server(folder + "/other")
    verb(elsewhere, "set", "other/a", "1")
    host, port = elsewhere.http.split(":")
    expect_equal(bash_completes(server, "get", "--http", host, ":", port, ""), ["other/"], "with --http, cut at its colon")
    for shell in ("bash", "zsh", "fish"):
        script = verb_output("completion", shell)
        for name in ("get", "points", "completion"):
            expect(name in script, f"the script for {shell} does not name {name}")
        if shutil.which(shell):
            result = subprocess.run([shell, "-n"], input=script, text=True, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                                    check=False)
            expect_equal((result.returncode, result.stderr), (0, ""), f"{shell} -n")


def verb_output(*words):
    result = run(*words)
    expect_equal(result.returncode, 0, f"exit code of {words}")
    return result.stdout


def the_manual_page_is_what_the_verbs_say(folder):
    page = verb_output("help", "--man")
    with open(os.path.join(TREE, "docs/man/mainstem.1"), encoding="utf-8") as file:
        expect(file.read() == page, "docs/man/mainstem.1 is not what `mainstem help --man` prints; write it anew:\n"
                                    "  mainstem help --man >docs/man/mainstem.1")
    listed = re.findall(r"^  (\w+) ", verb_output("help"), re.MULTILINE)
    expect(len(listed) > 15, f"verbs in the list: {listed}")
    for name in listed:
        if name in ("help", "mainstem"):
            continue
        expect(f".SS mainstem {name}" in page, f"the page does not have {name}")
        for option in re.findall(r"^  --([a-z-]+)", verb_output(name, "--help"), re.MULTILINE):
            wanted = "\\-\\-" + option.replace("-", "\\-")
            expect(wanted in page or option == "help", f"the page does not have --{option} of {name}")


def the_manual_page_is_well_formed(folder):
    if not shutil.which("groff"):
        skip("groff is not installed")
    result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", os.path.join(TREE, "docs/man/mainstem.1")],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
    expect_equal((result.returncode, result.stderr.decode()), (0, ""), "groff")
    expect(b"mainstem live" in re.sub(rb"\x1b\[[0-9;]*m", b"", result.stdout), "the page does not show live")


play(nobody_there_is_told_with_what_to_do, what_is_no_http_is_told, wrong_words_exit_with_2, what_is_set_is_got,
     times_and_qualities_are_set, a_missing_point_is_told_and_the_others_shown, refused_samples_are_told,
     lines_of_standard_input_are_samples, a_slow_pipe_is_not_kept_waiting, lists_come_in_pages,
     lists_are_filtered_as_by_the_api, branches_are_shown_with_counts, tables_are_aligned_for_wide_characters,
     paths_are_completed, values_come_live, streams_are_json_and_csv, it_ends_when_it_should,
     it_comes_back_after_a_restart, a_lost_connection_goes_on_where_it_was, a_slow_reader_is_told_what_it_missed,
     a_terminal_gets_a_screen, a_value_cannot_command_the_terminal, shells_complete_verbs_options_and_paths,
     the_manual_page_is_what_the_verbs_say, the_manual_page_is_well_formed)
