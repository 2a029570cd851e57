"""One journal, differently built programs, one state hash: gcc -O3, gcc -O0 and clang agree.

Usage: state_hash_test.py OTHER-PROGRAM... [-- scenario]"""

import json
import os
import random
import sys

from house import PROGRAM, Raw, Server, expect, expect_equal, note, play, run
from web import ask

OTHERS = sys.argv[1:]
sys.argv[1:] = []


RULES = {
    "high": {"kind": "high", "on": "pattern", "path": "hash/#", "limit": 50.5, "deadband": 0.25},
    "rate": {"kind": "rate", "on": "pattern", "path": "hash/+/raw", "limit": 1e-3, "span": "1s"},
    "silent": {"kind": "stale", "on": "pattern", "path": "hash/+/tiny", "span": "1s"},
    "own": {"kind": "deviation", "on": "pattern", "path": "hash/+/decimal", "limit": 100, "span": "60s"},
    "two": {"kind": "expression", "on": "nothing", "path": "hash",
            "condition": "count('hash/*/decimal' > 0) >= 2 and mean('hash/*/decimal') > 1"},
}


def rules_set(server):
    ask(server, "PUT", "/v1/types/thing", json.dumps({"metrics": [{"name": "raw", "limits": {"high": 0.5}}]}))
    ask(server, "PUT", "/v1/assets/thing-1", json.dumps({"type": "thing", "branch": "hash/1"}))
    for name, rule in RULES.items():
        answer = ask(server, "PUT", f"/v1/rules/{name}", json.dumps(rule))
        expect_equal(answer.status, 200, f"the rule {name}, with {answer.body[:200]!r}")


def journal_of_every_kind(data):
    """Values that are hard to treat alike: decimals, raw doubles, huge and tiny, texts, late times."""
    server = Server(data)
    raw, control = Raw(server, 5), server.control()
    luck = random.Random(20261122)
    rules_set(server)
    for number in range(3000):
        time_ms = 1763823600000 + luck.randrange(-10**6, 10**6)
        values = {"decimal": f"{luck.uniform(-1e4, 1e4):.{luck.randrange(10)}f}",
                  "raw": repr(luck.uniform(-1, 1) * 10.0 ** luck.randrange(-300, 300)),
                  "tiny": repr(luck.random() * 5e-324 * 2 ** luck.randrange(52)),
                  "zero": luck.choice(("0", "-0.0", "0e5")),
                  "whole": str(luck.randrange(-2**63, 2**63)) if number % 3 else "9007199254740993",
                  "on": luck.choice(("true", "false", "null")),
                  "text": f'"{luck.choice("abc")}\u6c34{number}"'}
        chosen = luck.sample(sorted(values), luck.randrange(1, len(values) + 1))
        body = ",".join(f'"{name}":{values[name]}' for name in chosen)
        raw.publish(f"hash/{luck.randrange(40)}", f'{{"ts":{time_ms},{body}}}'.encode())
        if number % 500 == 250:
            path = f"hash/made{number}"
            control.ask(command="create", path=path, type="float64", unit="Cel", labels={"n": str(number)})
            control.ask(command="change", path=path, limits={"low": -1.5, "high": 99.9})
            control.ask(command="rename", path=path, new_path=path + "/new")
            raw.publish(path + "/new", str(number / 7))
            if number % 1000 == 250:
                control.ask(command="retire", path=path + "/new")
    entries = ask(server, "GET", "/v1/alarm-journal?limit=1").json()["entries"]
    expect(entries and entries[0]["entry"] > 100, f"alarms were raised and ended: {entries}")
    server.stop()


def hash_of(program, *words):
    result = run("replay", *words, program=program)
    expect_equal(result.returncode, 0, f"exit code of {program} replay ({result.stderr.strip()})")
    lines = [line for line in result.stdout.splitlines() if "hash" in line]
    expect(lines, f"{program} replay prints no state hash: {result.stdout}")
    return lines[-1].split()[-1]


def every_build_computes_the_same_state(folder):
    data = folder + "/data"
    journal_of_every_kind(data)
    for until in ((), ("--until", "1"), ("--until", "500"), ("--until", "2000")):
        wanted = hash_of(PROGRAM, "--data", data, *until)
        for program in OTHERS:
            expect(os.path.exists(program), f"{program} was not built")
            expect_equal(hash_of(program, "--data", data, *until), wanted, f"state hash of {program} {until}")
    expect(hash_of(PROGRAM, "--data", data, "--until", "500") != hash_of(PROGRAM, "--data", data), "the hash never changes")
    note(f"{1 + len(OTHERS)} builds agree")


if __name__ == "__main__":
    play(every_build_computes_the_same_state)
