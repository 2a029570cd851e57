"""A full disk: new samples are refused with a clear answer, commands are still taken, nothing that
was acknowledged is lost, and when there is room again the server goes on by itself."""

import json
import os
import random

from house import (Ext4, Raw, Server, expect, expect_equal, need_loop_devices, play, publish_packet,
                   readback, run, wait_for)
from web import Http

QUOTA_EXCEEDED = 0x97


def fill(raw, prefix):
    """Publishes until a message is refused, with large ones first: where none of those fits, a small
    one may. Returns the values acknowledged and the reason of the last refusal."""
    kept, number = [], 0
    for size in (1500, 1):
        reason = 0
        while not reason:
            number += 1
            expect(number < 100000, "the disk did not fill up")
            value = f"{prefix}{number:08d}" + random.randbytes(size).hex()
            reason = raw.publish("disk/text", f'"{value}"')
            if not reason:
                kept.append(value)
    return kept, reason


def a_full_disk_refuses_and_recovers(folder):
    disk = Ext4(folder, 96)
    data = disk.mounted + "/data"
    server = Server(data)
    raw = Raw(server, 5)
    expect_equal(raw.publish("disk/number", "1"), 0, "reason while there is room")
    ballast = disk.mounted + "/ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.free_bytes() - (16 << 20))

    kept, reason = fill(raw, "a")
    expect_equal(reason, QUOTA_EXCEEDED, "the reason when the disk is full")
    expect(len(kept) > 1000, f"only {len(kept)} messages fitted in")
    expect("disk" in server.log() and "full" in server.log(), "the log does not say that the disk is full")
    state = server.control().ask(ask="state")
    expect("full" in str(state), f"the state does not tell of a full disk: {state}")

    # 3.1.1 has no reason to give: no acknowledgement may come that is not true.
    old = Raw(server, 4)
    old.send(publish_packet("disk/number", "2", 1))
    answer = old.take(10)
    expect(answer is None, f"a 3.1.1 client was told {answer} on a full disk")

    # Commands go on, from the reserve.
    outcome = server.control().ask(command="create", path="disk/made", type="bool")
    expect("error" not in outcome, f"a command on a full disk: {outcome}")
    expect("disk/made" in server.control().points(), "the created point is not there")
    raw.ping()

    os.unlink(ballast)

    def taken():
        return raw.publish("disk/number", "3") == 0

    wait_for("samples to be taken again", taken)
    more, _ = kept, raw.publish("disk/text", '"again"')
    server.kill()
    found = readback(data)["disk/text"]
    lost = [value for value in more if value not in found]
    expect(not lost, f"{len(lost)} acknowledged values are lost")
    again = Server(data)
    points = again.control().points()
    expect_equal(points["disk/text"]["value"], "again", "the last text after a restart")
    expect("disk/made" in points, "the created point is gone after a restart")


def what_is_said_about_history_goes_on(folder):
    """Policies, erasures, corrections and annotations are taken from the reserve."""
    disk = Ext4(folder, 96)
    data = disk.mounted + "/data"
    server = Server(data)
    raw = Raw(server, 5)
    raw.publish("disk/number", "1")
    with open(disk.mounted + "/ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.free_bytes() - (16 << 20))
    expect_equal(fill(raw, "b")[1], QUOTA_EXCEEDED, "the reason when the disk is full")
    with Http(server, seconds=20) as http:
        for number in range(20):
            for method, target, body in (
                    ("PUT", "/v1/policies/p", {"match": "disk/#", "retention_s": 60 + number}),
                    ("POST", "/v1/annotations", {"path": "disk/text", "text": "full"}),
                    ("POST", "/v1/corrections", {"path": "disk/number", "time": 1000 + number, "value": number}),
                    ("POST", "/v1/erasures", {"match": "disk/#", "from": number, "to": number + 1}),
                    ("POST", "/v1/erasures", {"match": "disk/#"})):
                answer = http.ask(method, target, json.dumps(body))
                expect(answer.status < 300, f"{method} {target} on a full disk: {answer!r}")
    server.kill()
    again = Server(data)
    with Http(again, seconds=20) as http:
        erasures = http.ask("GET", "/v1/erasures?limit=100").json()["erasures"]
        expect_equal((len(erasures), all(erasure["complete"] for erasure in erasures)), (40, True), "erasures after a kill")
        expect_equal(http.ask("GET", "/v1/points/disk/text").json()["value"], None, "an erased value")


def a_start_on_a_full_disk_still_shows_everything(folder):
    disk = Ext4(folder, 96)
    data = disk.mounted + "/data"
    server = Server(data)
    expect_equal(Raw(server, 5).publish("disk/number", "7"), 0, "reason while there is room")
    server.kill()
    with open(disk.mounted + "/ballast", "wb") as file:
        while True:
            try:
                os.write(file.fileno(), bytes(65536))
            except OSError:
                break
    result = run("check", "--data", data)
    expect_equal(result.returncode, 0, f"exit code of check on a full disk ({result.stderr.strip()})")
    server = Server(data)
    expect_equal(server.control().points()["disk/number"]["value"], 7, "the value after the start")
    reason = Raw(server, 5).publish("disk/number", "8")
    expect(reason in (0, QUOTA_EXCEEDED), f"the answer on a full disk is {reason:#x}")
    os.unlink(disk.mounted + "/ballast")
    wait_for("samples to be taken again", lambda: Raw(server, 5).publish("disk/number", "9") == 0)


if __name__ == "__main__":
    need_loop_devices()
    play(a_full_disk_refuses_and_recovers, a_start_on_a_full_disk_still_shows_everything,
         what_is_said_about_history_goes_on)
