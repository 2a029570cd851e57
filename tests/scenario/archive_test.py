"""What history keeps and what was said about it, against kill -9: policies, erasures, corrections and
annotations that were acknowledged are there after it, once each; what was not is sent again with its
key. An erasure of many points that was interrupted goes on where it stood, and nobody waits for it."""

import json
import os
import pty
import random
import shutil
import threading
import time

from house import PROGRAM, Failed, Raw, Server, expect, expect_equal, note, play, run, wait_for
from web import Http, WebSocket, ask

ROUNDS = int(os.environ.get("MAINSTEM_ROUNDS", "6"))
HOUR_NS = 3600 * 10**9
BEGAN_S = 1772352000  # 2026-03-01T08:00:00Z


def do(http, method, target, body=None, key=None, status=(200, 201)):
    headers = [("Idempotency-Key", key)] if key else []
    answer = http.ask(method, target, None if body is None else json.dumps(body), headers=headers)
    expect(answer.status in status, f"{method} {target} {str(body)[:200]}: {answer.status} {answer.body[:400]!r}")
    return answer.json()


def get(server, target):
    answer = ask(server, "GET", target)
    expect_equal(answer.status, 200, f"GET {target}: {answer.body[:300]!r}")
    return answer.json()


def pages(server, target, member, limit=7):
    """All items of a list, page by page."""
    items, after = [], None
    while True:
        join = "&" if "?" in target else "?"
        answer = get(server, f"{target}{join}limit={limit}" + (f"&after={after}" if after else ""))
        items += answer[member]
        after = answer["next"]
        if after is None:
            return items


def state_hash(data):
    result = run("replay", "--data", data)
    expect_equal(result.returncode, 0, f"replay: {result.stderr}")
    return [line.split()[-1] for line in result.stdout.splitlines() if line.startswith("state hash")][0]


# ---- kill -9 ---------------------------------------------------------------------------------------------

class Said:
    """Sends one command after the other, each with its key; knows what was acknowledged."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pending = None  # was sent, and not answered
        self.annotations, self.corrections, self.removed = {}, [], set()
        self.policies, self.made = {}, 0

    def next(self):
        self.made += 1
        key, which = f"key-{self.made}", self.random.randrange(5)
        point = f"house/{self.random.randrange(4)}"
        if which == 0:
            return ("POST", "/v1/annotations",
                    {"path": point, "time": BEGAN_S + self.made, "text": f"said {self.made}"}, key)
        if which == 1 and self.annotations:
            return ("DELETE", f"/v1/annotations/{self.random.choice(list(self.annotations))}", None, key)
        if which == 2:
            return ("PUT", f"/v1/policies/p{self.random.randrange(8)}",
                    {"match": "house/#", "retention_s": self.made}, key)
        return ("POST", "/v1/corrections",
                {"path": point, "time": BEGAN_S + self.random.randrange(20), "value": self.made, "reason": key}, key)

    def took(self, command, answer):
        method, target, body, _ = command
        expect_equal(answer["first"], "done", f"{method} {target}")
        if method == "POST" and "annotations" in target:
            self.annotations[answer["annotation"]["annotation"]] = body["text"]
        elif method == "DELETE":
            self.removed.add(int(target.rsplit("/", 1)[1]))
        elif method == "PUT":
            self.policies[target.rsplit("/", 1)[1]] = body["retention_s"]
        else:
            self.corrections.append((answer["correction"]["correction"], body["path"], body["time"], body["value"]))

    def run(self, server):
        """Until the server is gone."""
        try:
            http = Http(server, seconds=5)
            while True:
                if self.pending is None:
                    self.pending = self.next()
                method, target, body, key = self.pending
                answer = http.ask(method, target, None if body is None else json.dumps(body),
                                  headers=[("Idempotency-Key", key)])
                if answer.status == 404 and method == "DELETE":  # removed twice: a command of its own
                    self.pending = None
                    continue
                expect(answer.status in (200, 201), f"{self.pending}: {answer!r}")
                self.took(self.pending, answer.json())
                self.pending = None
        except (OSError, Failed) as fault:
            if isinstance(fault, Failed) and "connection closed" not in str(fault) and "nothing came" not in str(fault):
                raise

    def judge(self, server):
        told = pages(server, "/v1/annotations?removed=true", "annotations")
        texts = {item["annotation"]: item["text"] for item in told}
        expect_equal(len(set(texts.values())), len(texts), "each text is there once")
        expect_equal([item["annotation"] for item in told], sorted(texts, reverse=True), "newest first")
        for number, text in self.annotations.items():
            expect_equal(texts.get(number), text, f"annotation {number}")
        removed = {item["annotation"] for item in told if item["removed"]}
        expect(self.removed <= removed, f"removed: {self.removed - removed} are not")
        corrections = {item["correction"]: item for item in pages(server, "/v1/corrections", "corrections")}
        before = {}
        for number in sorted(corrections):  # what each replaced is what the one before made
            item = corrections[number]
            place = (item["path"], item["time"])
            original = item["original"]["value"] if item["original"] else None
            expect_equal(original, before.get(place), f"the original of correction {number}")
            before[place] = item["value"]
        for number, path, _, value in self.corrections:
            expect_equal((corrections[number]["path"], corrections[number]["value"]), (path, value), f"correction {number}")
        policies = {item["name"]: item["retention_s"] for item in get(server, "/v1/policies")["policies"]}
        for name, retention in self.policies.items():
            expect(policies.get(name, 0) >= retention, f"policy {name}: {policies.get(name)} and not {retention}")
        return len(corrections) + len(texts)


def what_was_acknowledged_is_there_after_a_kill(folder):
    data = folder + "/data"
    said = Said(1)
    server = Server(data)
    raw = Raw(server)
    for number in range(4):
        raw.publish(f"house/{number}", "1.5")
    raw.close()
    count = 0
    for round_number in range(ROUNDS):
        thread = threading.Thread(target=said.run, args=(server,))
        thread.start()
        time.sleep(0.2 + 0.3 * said.random.random())
        server.kill()
        thread.join()
        if round_number % 3 == 2:  # without its snapshots: from the journal alone
            shutil.rmtree(data + "/snapshots", ignore_errors=True)
        server = Server(data)
        if said.pending:  # may have been kept or not: with its key it is done once
            method, target, body, key = said.pending
            with Http(server) as http:
                answer = http.ask(method, target, None if body is None else json.dumps(body),
                                  headers=[("Idempotency-Key", key)])
                expect(answer.status in (200, 201, 404 if method == "DELETE" else 200), f"{said.pending}: {answer!r}")
                if answer.status != 404:
                    said.took(said.pending, answer.json())
            said.pending = None
        count = said.judge(server)
    server.stop()
    with_snapshot = state_hash(data)
    shutil.rmtree(data + "/snapshots", ignore_errors=True)
    expect_equal(state_hash(data), with_snapshot, "the state hash without a snapshot")
    note(f"{ROUNDS} kills, {count} corrections and annotations, {said.made} commands")


# ---- erasures --------------------------------------------------------------------------------------------

POINTS = 20000


def fill(server, count=POINTS):
    """Points mill/N/value with a sample each, four to a branch of their own and scattered ids."""
    order = list(range(count))
    random.Random(3).shuffle(order)
    with Http(server, seconds=60) as http:
        for at in range(0, count, 5000):
            lines = "".join(json.dumps({"path": f"mill/{n % 100}/{n}", "value": n, "time": BEGAN_S}) + "\n"
                            for n in order[at:at + 5000])
            answer = http.ask("POST", "/v1/samples", lines, media="application/x-ndjson")
            expect_equal((answer.status, answer.json()["taken"]), (200, len(order[at:at + 5000])), "samples")
    wait_for("the tree", lambda: get(server, "/v1/points?limit=1")["entered"] == 1)


def an_erasure_of_many_points_goes_on_after_a_kill(folder):
    data = folder + "/data"
    server = Server(data)
    fill(server)
    order = {"match": "mill/#", "from": BEGAN_S - 1, "to": BEGAN_S + 1, "reason": "test", "author": "me"}
    with Http(server) as http:
        dry = do(http, "POST", "/v1/erasures", {**order, "dry_run": True})
        expect_equal((dry["points"], dry["erasure"], dry["dry_run"]), (POINTS, None, True), "a dry run")
        expect_equal(get(server, "/v1/erasures"), {"erasures": [], "next": None}, "erasures after a dry run")
        http.send(http.request("POST", "/v1/erasures", json.dumps(order), headers=[("Idempotency-Key", "e")]))
        wait_for("its beginning", lambda: get(server, "/v1/erasures")["erasures"])
        server.kill()
    server = Server(data)
    found = get(server, "/v1/erasures")["erasures"]
    expect_equal(len(found), 1, "erasures after the kill")
    note(f"{found[0]['points']} points were erased before the kill, complete: {found[0]['complete']}")
    with Http(server, seconds=60) as http:
        again = do(http, "POST", "/v1/erasures", order, key="e")
        expect_equal(again["erasure"], found[0]["erasure"], "its number")
        repeated = do(http, "POST", "/v1/erasures", order, key="e")
        expect_equal((repeated["outcome"], repeated["erasure"]), ("repeated", again["erasure"]), "once more")
    found = get(server, "/v1/erasures")["erasures"]
    expect_equal((len(found), found[0]["complete"]), (1, True), "erasures after it went on")
    expect(found[0]["points"] >= POINTS, f"points: {found[0]['points']}")
    for target in ("/v1/points?match=mill/%23&limit=1000", "/v1/points?match=mill/99/%23&limit=1000"):
        values = [point["value"] for point in get(server, target)["points"]]
        expect(values and not any(value is not None for value in values), f"{target}: {values[:10]}")
    server.kill()
    server = Server(data)
    expect_equal(get(server, "/v1/points?match=mill/1/%23&limit=1")["points"][0]["value"], None, "after another kill")
    # The ids stay, a sample that comes now is a sample again, whatever its time.
    with Http(server) as http:
        do(http, "POST", "/v1/samples", {"path": "mill/1/1", "value": 7, "time": BEGAN_S})
    expect_equal(get(server, "/v1/points/mill/1/1")["value"], 7, "a value written again")


def nobody_waits_for_an_erasure(folder):
    server = Server(folder + "/data")
    fill(server)
    longest, done = [0.0], threading.Event()

    def watch():
        raw = Raw(server, version=5)
        with Http(server) as http:
            while not done.is_set():
                began = time.monotonic()
                expect_equal(http.ask("GET", "/healthz").status, 200, "/healthz")
                raw.publish("other/point", "1.5")
                longest[0] = max(longest[0], time.monotonic() - began)

    thread = threading.Thread(target=watch)
    thread.start()
    began = time.monotonic()
    with Http(server, seconds=60) as http:
        answer = do(http, "POST", "/v1/erasures", {"match": "mill/#"})
    took = time.monotonic() - began
    done.set()
    thread.join()
    expect_equal(answer["points"], POINTS, "points")
    note(f"{POINTS} points erased in {took * 1000:.0f} ms; a question and a reading beside it took {longest[0] * 1000:.0f} ms at most")
    expect(longest[0] < 1, f"a question and a reading took {longest[0]:.1f} s")


def retired_points_are_erased_by_number(folder):
    server = Server(folder + "/data")
    with Http(server) as http:
        do(http, "POST", "/v1/samples", {"path": "old/one", "value": 7})
        number = get(server, "/v1/points/old/one")["point"]
        do(http, "DELETE", "/v1/points/old/one")
        do(http, "POST", "/v1/erasures", {"path": "old/one"}, status=(404,))
        do(http, "POST", "/v1/erasures", {"match": "old/#"}, status=(404,))
        answer = do(http, "POST", "/v1/erasures", {"points": [number, number]})
        expect_equal(answer["points"], 1, "points, each once")


def a_correction_of_erased_samples_tells_no_value(folder):
    server = Server(folder + "/data")
    with Http(server) as http:
        do(http, "POST", "/v1/samples", {"path": "a/b", "value": "secret", "time": BEGAN_S})
        made = do(http, "POST", "/v1/corrections", {"path": "a/b", "time": BEGAN_S, "value": "other"})["correction"]
        expect_equal((made["original"]["value"], made["quality"]), ("secret", "good.edited"), "the correction")
        expect_equal(get(server, "/v1/points/a/b")["quality"], "good.edited", "the live value's quality")
        do(http, "POST", "/v1/erasures", {"path": "a/b", "from": BEGAN_S, "to": BEGAN_S + 1})
        told = get(server, "/v1/corrections?path=a/b")["corrections"]
        expect_equal((told[0]["erased"], told[0]["value"], told[0]["original"]), (True, None, None), "after the erasure")
        expect("secret" not in json.dumps(told), "the erased text is told")
        # Written and corrected again: the erasure came before.
        do(http, "POST", "/v1/corrections", {"path": "a/b", "time": BEGAN_S, "value": "third"})
        told = get(server, "/v1/corrections?path=a/b")["corrections"]
        expect_equal((told[0]["erased"], told[0]["value"]), (False, "third"), "a correction after the erasure")


def told(server, path):
    """All samples of a point as [(seconds since the beginning, value, quality)]."""
    answer = get(server, f"/v1/samples?path={path}&from=0&to=2100-01-01T00:00:00Z&times=s&limit=1000000")
    expect_equal(answer["missing"], [], "what is missing")
    return [(sample[0] - BEGAN_S, *sample[1:]) for sample in answer["points"][0]["samples"]]


def who_looks_is_told(folder):
    """A correction of the newest value and an erasure reach those who look at the point, without a question."""
    server = Server(folder + "/data")
    with Http(server) as http, WebSocket(server) as viewer:
        do(http, "POST", "/v1/samples", [{"path": "a/x", "value": 1, "time": BEGAN_S}, {"path": "a/s", "value": "on", "time": BEGAN_S}])
        wait_for("the tree", lambda: len(get(server, "/v1/points?match=a/%23")["points"]) == 2)
        viewer.tell(op="subscribe", id=1, match="a/#")
        points = {point["path"]: point["point"] for point in viewer.hear("snapshot")["points"]}
        do(http, "POST", "/v1/corrections", {"path": "a/x", "time": BEGAN_S, "value": 2})
        expect_equal(viewer.hear("delta")["values"], [[points["a/x"], 2, BEGAN_S * 1000, "good.edited"]], "the correction")
        do(http, "POST", "/v1/erasures", {"match": "a/#"})
        gone = {}
        while len(gone) < 2:
            gone.update({point["path"]: (point["value"], point["time"]) for point in viewer.hear("changed")["points"]})
        expect_equal(gone, {"a/x": (None, None), "a/s": (None, None)}, "the erasure")
        do(http, "POST", "/v1/samples", {"path": "a/x", "value": 3, "time": BEGAN_S - 1})  # older than what was there
        expect_equal(viewer.hear("delta")["values"], [[points["a/x"], 3, (BEGAN_S - 1) * 1000]], "a value after it")


def history_forgets_and_is_corrected(folder):
    """Through the open window, a sealed part, a merge and kill -9, from snapshots and from the journal."""
    data = folder + "/data"
    server = Server(data)
    with Http(server, seconds=60) as http:
        for path in ("a/x", "a/y"):
            lines = "".join(json.dumps({"path": path, "value": n, "time": BEGAN_S + n}) + "\n" for n in range(1000))
            expect_equal(http.ask("POST", "/v1/samples", lines, media="application/x-ndjson").status, 200, "samples")
        do(http, "POST", "/v1/history/seal", status=(202,))
        for n in range(1000, 1100):  # beside those that are sealed
            do(http, "POST", "/v1/samples", {"path": "a/x", "value": n, "time": BEGAN_S + n})
        do(http, "POST", "/v1/erasures", {"path": "a/x", "from": BEGAN_S + 500, "to": BEGAN_S + 1050})
        do(http, "POST", "/v1/samples", {"path": "a/x", "value": 7.5, "time": BEGAN_S + 600})  # it came later
        first = do(http, "POST", "/v1/corrections", {"path": "a/x", "time": BEGAN_S + 10, "value": -1})["correction"]
        second = do(http, "POST", "/v1/corrections", {"path": "a/x", "time": BEGAN_S + 520, "value": -2})["correction"]
        third = do(http, "POST", "/v1/corrections", {"path": "a/x", "time": BEGAN_S + 10, "value": None})["correction"]
    expect_equal((first["original"]["value"], second["original"], third["original"]["value"]), (10, None, -1), "originals")
    expected = [(n, n) for n in range(500) if n != 10] + [(600, 7.5)] + [(n, n) for n in range(1050, 1100)]
    expected = sorted(expected + [(10, None, "bad.no_value"), (520, -2, "good.edited")])

    def judge(what):
        expect_equal(told(server, "a/x"), expected, f"a/x {what}")
        expect_equal(len(told(server, "a/y")), 1000, f"a/y {what}")

    judge("at once")
    ask(server, "POST", "/v1/history/seal")
    wait_for("the seal", lambda: get(server, "/v1/history")["windows"]["count"] <= 1)
    judge("sealed")
    server.kill()
    server = Server(data)
    judge("after a kill")
    ask(server, "POST", "/v1/history/merge")
    judge("while it is merged")
    server.stop()
    shutil.rmtree(data + "/snapshots", ignore_errors=True)
    server = Server(data)
    judge("from the journal alone")
    server.kill()
    shutil.rmtree(data + "/history", ignore_errors=True)
    server = Server(data)
    judge("with its history made anew")


# ---- the verbs -------------------------------------------------------------------------------------------

def the_verbs_say_the_same(folder):
    server = Server(folder + "/data")
    env = {"MAINSTEM_HTTP": server.http, "USER": "li"}

    def verb(*words, code=0):
        result = run(*words, env=env)
        expect_equal(result.returncode, code, f"{words}: {result.stdout} {result.stderr}")
        return result.stdout if code == 0 else result.stderr

    verb("set", "plant/a/temp", "99.5", "--time", "2026-03-01T08:00:00Z")
    verb("policy", "set", "short", "plant/#", "--retention", "90d", "--deadband", "0.1", "--days", "none")
    verb("policy", "set", "first", "plant/+/temp", "--rank", "1", "--drop-when-full", "5")
    listed = [json.loads(line) for line in verb("policy", "list", "--json").splitlines()]
    expect_equal([(p["name"], p["rank"]) for p in listed], [("first", 1), ("short", 2)], "the order")
    expect_equal((listed[1]["retention_s"], listed[1]["rollups"]["day_s"], listed[1]["rollups"]["hour_s"]),
                 (90 * 86400, None, 0), "what it keeps")
    expect("plant/+/temp is the first" in verb("policy", "list", "--path", "plant/a/temp"), "which one decides")
    verb("policy", "move", "first", "2")
    expect("plant/# is the first" in verb("policy", "list", "--path", "plant/a/temp"), "which one decides now")
    verb("policy", "remove", "first")
    expect("no such policy" in verb("policy", "show", "first", code=1), "a policy that is gone")
    for words in (("policy", "set", "x", "a//b"), ("policy", "set", "a/b", "#"), ("policy", "set", "x", "#", "--deadband", "-1")):
        verb(*words, code=1)
    for words in (("policy", "set", "x"), ("policy", "dance"), ("policy", "set", "x", "#", "--retention", "soon"),
                  ("policy", "move", "short", "0"), ("erase",), ("erase", "a", "--points", "1"), ("erase", "--points", "x"),
                  ("erase", "a"), ("correct", "a"), ("correct", "a", "soon", "1"), ("annotate", "a"),
                  ("annotate", "--remove", "1", "--list")):
        verb(*words, code=2)
    verb("correct", "plant/a/temp", "2026-03-01T08:00:00Z", "21.5", "--reason", "calibrated")
    corrected = json.loads(verb("correct", "--list", "plant/a/temp", "--json"))
    expect_equal((corrected["value"], corrected["original"]["value"], corrected["author"], corrected["reason"]),
                 (21.5, 99.5, "li", "calibrated"), "the correction")
    expect_equal(verb("get", "plant/a/temp", "--value").strip(), "21.5", "the value")
    verb("annotate", "plant/a/temp", "door open", "--time", "2026-03-01T08:00:00Z", "--to", "2026-03-01T09:00:00Z")
    expect("door open" in verb("annotate", "--list"), "the annotation")
    verb("annotate", "--remove", "1")
    expect("door open" not in verb("annotate", "--list"), "a removed annotation")
    expect("(removed)" in verb("annotate", "--list", "--removed"), "a removed annotation, asked for")
    expect("1 point" in verb("erase", "plant/#", "--dry-run"), "a dry run")
    expect("--yes" in verb("erase", "plant/#", code=2), "it asks")
    expect("1 point" in verb("erase", "plant/#", "--yes", "--reason", "test"), "the erasure")
    expect("plant/#" in verb("erase", "--list"), "the list of erasures")
    server.stop()
    found = run("inspect", "segment", "0000000001.facts", "--data", folder + "/data", "--records")
    if found.returncode != 0:
        found = run("inspect", "segment", "0000000001.open", "--data", folder + "/data", "--records")
    for words in ('policy_set "short" match "plant/#"', 'correct "plant/a/temp"', "21.5 (good) for 99.5 (good)", '"door open"',
                  'match "plant/#" 1..1 reason "test" author "li" complete'):
        expect(words in found.stdout, f"inspect does not say {words}: {found.stdout[-3000:]}")


def typed(server, answer, *words):
    """A verb on a terminal where somebody types one line: its exit code and what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, *words], {**os.environ, "MAINSTEM_HTTP": server.http, "TERM": "dumb"})
    shown = b""
    while b"confirm: " not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, answer.encode() + b"\n")
    try:
        while data := os.read(terminal, 4096):
            shown += data
    except OSError:
        pass  # it ended
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")


def an_erasure_asks_before_it_does(folder):
    server = Server(folder + "/data")
    with Http(server) as http:
        do(http, "POST", "/v1/samples", [{"path": "a/x", "value": 1}, {"path": "a/y", "value": 1}])
        wait_for("the tree", lambda: len(get(server, "/v1/points?match=a/%23")["points"]) == 2)
        for answer in ("yes", "", "a/+"):
            code, shown = typed(server, answer, "erase", "a/#")
            expect_equal(code, 1, f"the exit code after {answer!r}: {shown}")
            expect("2 points" in shown and "nothing was erased" in shown, shown)
        expect_equal(get(server, "/v1/erasures")["erasures"], [], "erasures")
        code, shown = typed(server, "a/#", "erase", "a/#", "--reason", "red \x1b[31m alert")
        expect_equal(code, 0, f"the exit code: {shown}")
        expect("Erased the samples of 2 points" in shown, shown)
        expect_equal(len(get(server, "/v1/erasures")["erasures"]), 1, "erasures")
        expect("\x1b" not in run("erase", "--list", env={"MAINSTEM_HTTP": server.http}).stdout, "the list commands the terminal")


if __name__ == "__main__":
    play(the_verbs_say_the_same, an_erasure_asks_before_it_does, what_was_acknowledged_is_there_after_a_kill,
         an_erasure_of_many_points_goes_on_after_a_kill, nobody_waits_for_an_erasure,
         retired_points_are_erased_by_number, who_looks_is_told, history_forgets_and_is_corrected, a_correction_of_erased_samples_tells_no_value)
