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


if __name__ == "__main__":
    play(data_of_every_version_opens)
