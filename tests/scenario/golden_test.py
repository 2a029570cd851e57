"""The data of each format version must open for ever: check, replay with and without its snapshots,
time travel, and a server that goes on with it."""

import json
import os
import shutil
import subprocess

from house import Raw, Server, expect, expect_equal, note, play, run

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")


def replay(data, *words):
    result = run("replay", "--data", data, "--json", *words)
    expect_equal(result.returncode, 0, f"exit code of replay ({result.stderr.strip()})")
    return json.loads(result.stdout)


def same_points(data, points, *words):
    for path, wanted in points.items():
        found = replay(data, "--point", path, *words)["point"]
        for name, value in wanted.items():
            expect_equal(found[name], value, f"{name} of {path} {words}")


def open_version(folder, version):
    with open(os.path.join(GOLDEN, version, "data.json"), encoding="utf-8") as file:
        wanted = json.load(file)
    subprocess.run(["tar", "--zstd", "-xf", os.path.join(GOLDEN, version, "data.tar.zst"), "-C", folder],
                   check=True)
    data = folder + "/data"
    check = run("check", "--data", data)
    expect_equal(check.returncode, 0, f"exit code of check: {check.stdout}{check.stderr}")
    found = replay(data)
    expect_equal(found["position"], wanted["position"], "position")
    expect_equal(found["state_hash"], wanted["state_hash"], "state hash from the snapshot")
    same_points(data, wanted["points"])
    for until, state_hash in wanted["until"].items():
        expect_equal(replay(data, "--until", until)["state_hash"], state_hash, f"state hash at {until}")
    shutil.rmtree(data + "/snapshots")
    expect_equal(replay(data)["state_hash"], wanted["state_hash"], "state hash from the journal alone")
    server = Server(data)
    Raw(server, 5).publish("gold/later", b"1")
    expect_equal(server.control().ask(ask="point", path="gold/later").get("error"), None, "a later point")
    expect_equal(server.stop(), 0, "exit code of serve")
    same_points(data, wanted["points"], "--until", str(wanted["position"]))
    shutil.rmtree(data)


def data_of_every_version_opens(folder):
    versions = sorted(name for name in os.listdir(GOLDEN) if os.path.exists(os.path.join(GOLDEN, name, "data.json")))
    expect(versions, "there is no golden data")
    for version in versions:
        open_version(folder, version)
    note(f"{', '.join(versions)}")


# What stands first in the lines of the messages lane, by kind, as often as golden_messages_test.c
# wrote it.
MESSAGE_LINES = {"session_open": 2, "subscribe": 2, "message": 4, "enqueue": 2, "delivery": 2, "received": 1,
                 "released": 1, "unsubscribe": 1, "session_close": 1, "session_end": 1, "will_done": 1}


def journal_of(folder, *parts):
    """A data folder whose journal is the golden segment with these of its files."""
    journal = os.path.join(folder, "data", "journal")
    shutil.rmtree(os.path.join(folder, "data"), ignore_errors=True)
    os.makedirs(journal)
    for part in parts:
        shutil.copy(os.path.join(GOLDEN, "v1", f"segment-messages.{part}"), f"{journal}/0000000001.{part}")
    return folder + "/data"


def check_of(data, code):
    result = run("check", "--data", data, "--json")
    expect_equal(result.returncode, code, f"exit code of check: {result.stdout}{result.stderr}")
    return json.loads(result.stdout)


def messages_lane_is_seen(folder):
    for parts in (("open",), ("facts", "messages")):
        data = journal_of(folder, *parts)
        found = check_of(data, 0)
        expect_equal((found["facts"], found["samples"], found["messages"]), (4, 0, 18), f"records of {parts}")
        expect_equal(found["end_position"], 23, "the end")
        found = json.loads(run("inspect", "journal", "--data", data, "--json").stdout)
        expect_equal(found["messages"], 18, "messages told by inspect")
        expect_equal([segment["kind"] for segment in found["segments"]], list(parts), "kinds of files")
        shown = run("inspect", "segment", f"0000000001.{parts[-1]}", "--data", data, "--records")
        expect_equal(shown.returncode, 0, "exit code of inspect segment")
        words = [line.split()[0] for line in shown.stdout.splitlines() if line.startswith("    ")]
        expect_equal({word: words.count(word) for word in MESSAGE_LINES}, MESSAGE_LINES, f"lines of {parts}")
    expect("payload 4 bytes \"open\"" in shown.stdout, "a payload is shown")


def damage_in_the_messages_lane_is_named(folder):
    data = journal_of(folder, "facts")
    found = check_of(data, 1)
    expect_equal([piece["why"] for piece in found["damage"]], ["messages: the file is missing"], "a missing file")
    data = journal_of(folder, "facts", "messages")
    with open(data + "/journal/0000000001.messages", "r+b") as file:
        file.seek(4096 + 100)
        file.write(b"rotten")
    found = check_of(data, 1)
    expect_equal(len(found["damage"]), 1, "pieces")
    piece = found["damage"][0]
    expect_equal(piece["why"], "messages: no valid batch where one was, 4 records lost", "why")
    expect_equal((piece["first_position"], piece["records"]), (1, 5), "positions")


if __name__ == "__main__":
    play(data_of_every_version_opens, messages_lane_is_seen, damage_in_the_messages_lane_is_named)
