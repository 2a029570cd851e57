"""Damage in the history: what is damaged is named, the rest is answered, and `check --repair` saves all
that is whole."""

import datetime
import json
import os
import random
import shutil
import urllib.error
import urllib.parse
import urllib.request

from house import PATIENCE_S, Failed, Server, expect, expect_equal, note, play, run, wait_for

POINTS, SAMPLES, PARTS = 12, 40, 3
START = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def ask(server, target, body=None, **query):
    url = f"http://{server.http}{target}"
    if query:
        url += "?" + urllib.parse.urlencode(query)
    request = urllib.request.Request(url, method="GET" if body is None else "POST")
    data = None if body is None else b""
    if body:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, data, timeout=PATIENCE_S) as answer:
            content = answer.read()
    except urllib.error.HTTPError as problem:
        raise Failed(f"{target}: {problem.code} {problem.read()[:500]!r}") from problem
    return json.loads(content) if content else {}


def time_of(part, number):
    return (START + datetime.timedelta(hours=part, seconds=10 * number)).isoformat().replace("+00:00", "Z")


def value_of(point, part, number):
    return point * 1000 + part * 100 + number + 0.5


def house_of(folder):
    """A stopped server's folder whose history has PARTS parts, each with samples of every point."""
    data = folder + "/data"
    server = Server(data)
    for part in range(PARTS):
        ask(server, "/v1/samples", [
            {"path": f"hall/{point}/t", "value": value_of(point, part, number), "time": time_of(part, number)}
            for number in range(SAMPLES) for point in range(POINTS)])
        ask(server, "/v1/history/seal", "")
        wait_for("the window to be sealed",
                 lambda: ask(server, "/v1/history")["tiers"][0]["parts"] > part)
    server.stop()
    expect_equal(len(parts_of(data)), PARTS, "parts on the disk")
    return data


def parts_of(data):
    return sorted(name for name in os.listdir(data + "/history") if name.endswith(".part"))


def found_in(data):
    """Every sample as (point, part, number), what is said to be missing, and the log."""
    server = Server(data)
    answer = ask(server, "/v1/samples", match="hall/#", limit=1000000, **{"from": time_of(0, 0), "to": time_of(PARTS, 0)})
    found = set()
    for point in answer["points"]:
        for sample in point["samples"]:
            number = int(point["path"].split("/")[1])
            key = [(part, at) for part in range(PARTS) for at in range(SAMPLES)
                   if sample[1] == value_of(number, part, at)]
            expect_equal(len(key), 1, f"a value that nobody wrote: {point['path']} {sample}")
            found.add((number, *key[0]))
    missing = answer["missing"]
    log = server.log()
    expect_equal(server.stop(), 0, "exit code")
    return found, missing, log


def all_samples():
    return {(point, part, number) for point in range(POINTS) for part in range(PARTS) for number in range(SAMPLES)}


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x55]))


def check(data, code, *words):
    said = run("check", "--data", data, *words)
    expect_equal(said.returncode, code, f"exit code of check {words}: {said.stdout} {said.stderr}")
    return said.stdout


def chunks_of(data, name):
    said = run("inspect", "history", name, "--data", data, "--records", "--json")
    expect_equal(said.returncode, 0, f"exit code of inspect: {said.stdout} {said.stderr}")
    return json.loads(said.stdout)["chunk_list"]


def inspect_tells_what_is_there(folder):
    data = house_of(folder)
    said = run("inspect", "history", "--data", data)
    expect_equal(said.returncode, 0, f"exit code of inspect ({said.stderr})")
    answer = json.loads(run("inspect", "history", "--data", data, "--json").stdout)
    expect_equal([part["file"] for part in answer["parts"]], parts_of(data), "parts")
    expect_equal(answer["damage"], [], "damage")
    for part in answer["parts"]:
        expect(part["file"] in said.stdout, f"{part['file']} is not in {said.stdout}")
        expect_equal(part["values"], POINTS * SAMPLES, "values of a part")
        expect_equal(part["bytes"], os.path.getsize(f"{data}/history/{part['file']}"), "bytes of a part")
        chunks = chunks_of(data, part["file"])
        expect_equal(sum(chunk["samples"] for chunk in chunks), part["samples"], "samples of all chunks")
        one = run("inspect", "history", f"{data}/history/{part['file']}", "--records")
        expect_equal(one.returncode, 0, f"exit code of inspect ({one.stderr})")
        expect(chunks[0]["first"] in one.stdout and "bytes a value" in one.stdout, f"of one part: {one.stdout}")
    wrong = run("inspect", "history", "raw-1.part", "--data", data)
    expect_equal(wrong.returncode, 1, "exit code of inspect of a part that is not there")
    expect("not found" in wrong.stderr, f"of a part that is not there: {wrong.stderr}")
    whole = check(data, 0)
    expect(all(name in whole for name in parts_of(data)), f"check does not name the parts: {whole}")
    expect("nothing to repair" in check(data, 0, "--repair"), "a repair of what is whole")


def a_damaged_chunk_is_named_and_the_rest_answered(folder):
    data = house_of(folder)
    name = parts_of(data)[1]
    chunks = chunks_of(data, name)
    hit = chunks[len(chunks) // 2]
    flip(f"{data}/history/{name}", hit["offset"] + hit["bytes"] - 1)
    said = check(data, 1)
    answer = json.loads(check(data, 1, "--json"))
    expect_equal(len(answer["history"]["damage"]), 1, "pieces of damage")
    piece = answer["history"]["damage"][0]
    expect_equal((piece["file"], piece["offset"], piece["owner"]), (name, hit["offset"], hit["owner"]), "the piece")
    expect(piece["points"], "no point is named")
    expect(all(f"of {path}" in said for path in piece["points"][:8]), f"check names no points: {said}")
    lost = {(int(path.split("/")[1]), 1, number) for path in piece["points"] for number in range(SAMPLES)}
    found, missing, _ = found_in(data)
    expect_equal(all_samples() - found, lost, "samples that are missing")
    expect(any(name in json.dumps(each) for each in missing), f"the answer does not say what is missing: {missing}")
    said = check(data, 0, "--repair")
    expect(f"{len(chunks) - 1} of {len(chunks)} chunks" in said, f"what the repair says: {said}")
    expect_equal(os.listdir(data + "/history/repaired"), [name], "files put away")
    found, missing, _ = found_in(data)
    expect_equal(all_samples() - found, lost, "samples that are missing after the repair")
    expect_equal(missing, [], "what is said to be missing after the repair")


def a_damaged_footer_costs_nothing(folder):
    data = house_of(folder)
    name = parts_of(data)[0]
    before = os.listdir(data + "/history")
    flip(f"{data}/history/{name}", os.path.getsize(f"{data}/history/{name}") - 30)
    expect(name in check(data, 1), "check does not name the file")
    inspected = run("inspect", "history", name, "--data", data)
    expect("check --repair" in inspected.stderr, f"inspect of a damaged part: {inspected.stderr}")
    expect_equal(os.listdir(data + "/history"), before, "files, after looking alone")
    for _ in range(2):  # each start says so
        found, missing, log = found_in(data)
        expect_equal(found, {sample for sample in all_samples() if sample[1] != 0}, "samples without the part")
        expect(name in log, f"the log does not name the file: {log}")
        expect(any(name in json.dumps(each) for each in missing), f"missing: {missing}")
    expect_equal(os.listdir(data + "/history/damaged"), [name], "set aside")
    check(data, 1)
    check(data, 0, "--repair")
    found, missing, _ = found_in(data)
    expect_equal(found, all_samples(), "samples after the repair")
    expect_equal(missing, [], "what is said to be missing after the repair")
    check(data, 0)


def a_lost_part_is_remembered(folder):
    data = house_of(folder)
    name = parts_of(data)[2]
    os.remove(f"{data}/history/{name}")
    for _ in range(2):
        found, missing, _ = found_in(data)
        expect_equal(found, {sample for sample in all_samples() if sample[1] != 2}, "samples without the part")
        expect(any(name in json.dumps(each) for each in missing), f"missing: {missing}")
    expect("the file is missing" in check(data, 1), "check is silent about it")
    check(data, 0, "--repair")
    check(data, 0)


def a_lost_list_is_made_anew(folder):
    data = house_of(folder)
    for way in range(2):
        if way == 0:
            os.remove(data + "/history/parts.list")
        else:
            flip(data + "/history/parts.list", 70)
        expect("made anew" in check(data, 1), "check is silent about the list")
        found, missing, log = found_in(data)
        expect("made anew" in log, f"the log is silent about the list: {log}")
        expect_equal(found, all_samples(), "samples")
        expect_equal(missing, [], "what is said to be missing")
        check(data, 0)


def a_repair_wants_the_server_stopped(folder):
    data = house_of(folder)
    server = Server(data)
    said = run("check", "--repair", "--data", data)
    expect_equal(said.returncode, 1, "exit code")
    expect("stop it first" in said.stderr, f"what is said: {said.stderr}")
    check(data, 0)
    server.stop()


def random_damage_never_stops_a_start(folder):
    data = house_of(folder)
    seed = random.SystemRandom().getrandbits(32)
    note(f"damage of seed {seed}")
    luck = random.Random(seed)
    for _ in range(6):
        copy = folder + "/copy"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("*.sock"))
        for _ in range(luck.randrange(1, 5)):
            path = f"{copy}/history/{luck.choice(sorted(os.listdir(copy + '/history')))}"
            flip(path, luck.randrange(os.path.getsize(path)))
        found, _, _ = found_in(copy)
        expect(found <= all_samples(), "samples that nobody wrote")
        check(copy, 0, "--repair")
        better, missing, _ = found_in(copy)
        expect(found <= better, f"the repair lost {found - better}")
        expect_equal(missing, [], "what is said to be missing after the repair")
        shutil.rmtree(copy)


if __name__ == "__main__":
    play(inspect_tells_what_is_there, a_damaged_chunk_is_named_and_the_rest_answered,
         a_damaged_footer_costs_nothing, a_lost_part_is_remembered, a_lost_list_is_made_anew,
         a_repair_wants_the_server_stopped, random_damage_never_stops_a_start)
