"""`mainstem backup` and `restore` under load: what is restored is what was there, to the bit; a run
that is killed leaves what was there before; an erasure reaches the target."""

import json
import os
import random
import signal
import subprocess
import time
import urllib.request

from house import (PATIENCE_S, PROGRAM, Load, Server, expect, expect_equal, note, play, run,
                   wait_for)


def verb(*words, code=0, **options):
    result = run(*words, **options)
    expect_equal(result.returncode, code, f"exit code of {words} ({result.stderr.strip()})")
    return result


def answer(*words):
    return [json.loads(line) for line in verb(*words, "--json").stdout.splitlines()]


def api(server, method, target, body=None):
    request = urllib.request.Request(f"http://{server.http}{target}", method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
        text = reply.read()
    return json.loads(text) if text else None


def state_hash(data, until=None):
    words = ("--until", str(until)) if until else ()
    [found] = answer("replay", "--data", data, *words)
    return found["state_hash"], found["position"]


def exported(server, *words):
    """All samples of a server, as lines."""
    result = verb("export", "--http", server.http, "--samples-only", "--quiet", *words)
    return sorted(result.stdout.splitlines())


# ---- positions ----------------------------------------------------------------------------------------

def a_backup_under_load_restores_to_the_same_state(folder):
    data, target = folder + "/data", folder + "/target"
    server = Server(data, "--history-window-time", "1s")
    load = Load(server, connections=3)
    for _ in range(4):
        time.sleep(0.6)
        verb("backup", target, "--data", data)
    load.stop()
    copied = [one["position"] for one in answer("backup", "list", target)]
    expect_equal(len(copied), 4, "backups")
    expect(copied == sorted(copied) and copied[0] < copied[-1], f"positions do not ascend: {copied}")
    server.stop()
    for number, position in enumerate(copied):
        wanted, _ = state_hash(data, position)
        [restored] = answer("restore", target, f"{folder}/restored-{number}", "--backup", str(number + 1))
        expect_equal(restored["position"], position, "position reached")
        expect_equal(restored["state_hash"], wanted, f"state hash at {position}")
        expect_equal(state_hash(f"{folder}/restored-{number}")[0], wanted, "state hash by replay")
        verb("check", "--data", f"{folder}/restored-{number}")
    verb("backup", "check", target)


def any_position_and_any_time_can_be_gone_back_to(folder):
    data, target = folder + "/data", folder + "/target"
    server = Server(data, "--history-window-time", "1s")
    load = Load(server, connections=2)
    time.sleep(1.5)
    load.stop()
    server.stop(signal.SIGKILL)
    server = Server(data, "--history-window-time", "1s")
    load = Load(server, connections=2)
    time.sleep(1.5)
    load.stop()
    verb("backup", target, "--data", data)
    server.stop()
    [last] = answer("backup", "list", target)
    luck = random.Random(5)
    for number in range(6):
        wish = luck.randrange(3, last["position"])
        [restored] = answer("restore", target, f"{folder}/at-{number}", "--position", str(wish))
        reached = restored["position"]
        expect(wish - 5000 < reached <= wish, f"position {wish} gave {reached}")
        expect_equal(restored["state_hash"], state_hash(data, reached)[0], f"state hash at {reached}")
        verb("check", "--data", f"{folder}/at-{number}")
        [again] = answer("restore", target, f"{folder}/time-{number}", "--at", restored["time"])
        expect_equal(again["position"], reached, f"the time {restored['time']} of that position")
    history_is_that_of_the_position(folder, data, target, luck.randrange(3, last["position"]))
    verb("restore", target, folder + "/no", "--position", str(last["position"] + 1), code=1)
    expect(not os.path.exists(folder + "/no"), "something was left of a restore that failed")


def history_is_that_of_the_position(folder, data, target, position):
    """Samples by way of a server on the restored folder: those of the original that were written
    before the position, and no other."""
    [restored] = answer("restore", target, folder + "/history", "--position", str(position))
    whole = Server(data)
    all_samples = exported(whole)
    whole.stop()
    server = Server(folder + "/history")
    found = exported(server)
    points = server.control().points()
    server.stop()
    expect(0 < len(found) < len(all_samples), f"{len(found)} samples of {len(all_samples)} at {position}")
    expect(set(found) <= set(all_samples), "samples that the original has not")
    [replayed] = answer("replay", "--data", data, "--until", str(restored["position"]))
    expect_equal(len(found), replayed["values"], f"samples at position {restored['position']}")
    expect(points, "no points in the restored folder")


# ---- interruptions ------------------------------------------------------------------------------------

def a_backup_that_is_killed_leaves_the_others_and_the_next_one_completes(folder):
    data, target = folder + "/data", folder + "/target"
    server = Server(data)
    load = Load(server, connections=4)
    time.sleep(0.5)
    verb("backup", target, "--data", data)
    killed, luck = 0, random.Random(7)
    for _ in range(12):
        time.sleep(0.15)
        child = subprocess.Popen([PROGRAM, "backup", target, "--data", data], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(luck.uniform(0, 0.1))
        child.kill()
        killed += child.wait() == -signal.SIGKILL
        verb("backup", "check", target)
    expect(killed > 0, "no run was killed in the middle")
    verb("backup", target, "--data", data)
    load.stop()
    verb("backup", target, "--data", data)
    server.stop()
    verb("backup", "check", target)
    [restored] = answer("restore", target, folder + "/restored")
    expect_equal(restored["state_hash"], state_hash(data, restored["position"])[0], "state hash")
    verb("check", "--data", folder + "/restored")
    note(f"{killed} of 12 backups were killed in the middle")


def a_restore_that_is_killed_leaves_nothing_at_its_place(folder):
    data, target, to = folder + "/data", folder + "/target", folder + "/restored"
    server = Server(data)
    load = Load(server, connections=4)
    time.sleep(1)
    load.stop()
    server.stop()
    verb("backup", target, "--data", data)
    for delay in (0.0, 0.002, 0.005, 0.01):
        child = subprocess.Popen([PROGRAM, "restore", target, to], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(delay)
        child.kill()
        if child.wait() == 0:
            break
        expect(not os.path.exists(to), "half of a restored folder stands at its place")
    if not os.path.exists(to):
        verb("restore", target, to)
    expect(not os.path.exists(to + ".partial"), "something was left beside")
    verb("restore", target, to, code=1)  # it is not empty


# ---- damage -------------------------------------------------------------------------------------------

def damage_is_named_and_nothing_is_restored_from_it(folder):
    data, target = folder + "/data", folder + "/target"
    server = Server(data)
    load = Load(server, connections=2)
    time.sleep(0.5)
    load.stop()
    server.stop()
    verb("backup", target, "--data", data)
    files = [os.path.join(at, name) for at, _, names in os.walk(target + "/files") for name in names]
    expect(files, "the target has no files")
    for path in files:
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        result = verb("backup", "check", target, code=1)
        expect(os.path.basename(path) in result.stderr, f"{path} is not named: {result.stderr}")
        result = verb("restore", target, folder + "/no", code=1)
        expect(os.path.basename(path) in result.stderr, f"{path} is not named: {result.stderr}")
        expect(not os.path.exists(folder + "/no"), "something was restored from damage")
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            file.write(byte)
    verb("backup", "check", target)
    os.remove(files[0])
    result = verb("restore", target, folder + "/no", code=1)
    expect(os.path.basename(files[0]) in result.stderr, f"a file that is gone is not named: {result.stderr}")


# ---- erasures -----------------------------------------------------------------------------------------

def samples_of(server, path):
    return [line for line in exported(server) if json.loads(line)["path"] == path]


def fill(server):
    lines = [json.dumps({"path": f"ward/{name}", "value": f"secret of {name} {number}",
                         "time": 1700000000000 + number * 1000})
             for number in range(200) for name in ("anna", "bert")]
    request = urllib.request.Request(f"http://{server.http}/v1/samples", "\n".join(lines).encode(),
                                     {"Content-Type": "application/x-ndjson"})
    urllib.request.urlopen(request, timeout=PATIENCE_S).read()


def what_was_erased_comes_back_from_no_backup(folder):
    data, target = folder + "/data", folder + "/target"
    server = Server(data)
    fill(server)
    api(server, "POST", "/v1/history/seal")
    wait_for("the part", lambda: os.path.exists(data + "/history") and
             any(name.endswith(".part") for name in os.listdir(data + "/history")))
    verb("backup", target, "--data", data)
    [before] = answer("backup", "list", target)
    fill(server)
    api(server, "POST", "/v1/erasures", {"match": "ward/anna", "from": "2000-01-01T00:00:00Z",
                                         "to": "2100-01-01T00:00:00Z", "reason": "she asked"})
    expect_equal(samples_of(server, "ward/anna"), [], "samples after the erasure")

    def clean():
        [taken] = answer("backup", target, "--data", data)
        return taken["pending"] == 0
    wait_for("a backup without pending erasures", clean)
    serials = [one["backup"] for one in answer("backup", "list", target)]
    expect(before["backup"] not in serials, "a backup from before the erasure is still there")
    server.stop()
    # Anywhere in what is left of the journal's past: she stays erased.
    [restored] = answer("restore", target, folder + "/past", "--position", str(before["position"]))
    expect(restored["erasures"] > 0, "the restore says nothing of the later erasure")
    verb("check", "--data", folder + "/past")
    past = Server(folder + "/past")
    expect_equal(samples_of(past, "ward/anna"), [], "samples of a past before the erasure")
    expect_equal(len(samples_of(past, "ward/bert")), 200, "samples of another point")
    past.stop()


def erasures_of_another_folder_count(folder):
    data, target = folder + "/data", folder + "/target"
    server = Server(data)
    fill(server)
    verb("backup", target, "--data", data)
    api(server, "POST", "/v1/erasures", {"match": "ward/anna", "from": "2000-01-01T00:00:00Z",
                                         "to": "2100-01-01T00:00:00Z", "reason": "she asked"})
    server.stop()
    verb("restore", target, folder + "/plain")
    [restored] = answer("restore", target, folder + "/clean", "--erasures-from", data)
    expect_equal(restored["erasures"], 1, "erasures written into it")
    for name, wanted in (("plain", 200), ("clean", 0)):
        past = Server(f"{folder}/{name}")
        expect_equal(len(samples_of(past, "ward/anna")), wanted, f"samples in {name}")
        past.stop()


if __name__ == "__main__":
    play(a_backup_under_load_restores_to_the_same_state,
         any_position_and_any_time_can_be_gone_back_to,
         a_backup_that_is_killed_leaves_the_others_and_the_next_one_completes,
         a_restore_that_is_killed_leaves_nothing_at_its_place,
         damage_is_named_and_nothing_is_restored_from_it,
         what_was_erased_comes_back_from_no_backup,
         erasures_of_another_folder_count)
