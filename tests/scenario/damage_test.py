"""Damage in the middle of the journal: it is set aside and named, the rest starts, and `check` and
the log go on saying so."""

import os
import random
import re
import shutil

from house import Raw, Server, expect, expect_equal, note, play, readback, run

TOPICS = 8


def journal_of(folder, messages):
    """A killed server's folder: message n sets room/<n mod 8>/x to n, synced one by one."""
    server = Server(folder + "/data")
    raw = Raw(server)
    for number in range(messages):
        expect_equal(raw.publish(f"room/{number % TOPICS}", f'{{"x":{number}}}'), 0, "reason")
    server.kill()
    return folder + "/data"


def segment_of(data):
    journal = data + "/journal"
    names = [name for name in sorted(os.listdir(journal)) if name.endswith(".open")]
    # The newest may be one that was only prepared: take the one with batches in it.
    for name in reversed(names):
        path = os.path.join(journal, name)
        if batches_of(path):
            return path
    raise AssertionError(f"no segment with batches among {names}")


def batches_of(path):
    with open(path, "rb") as file:
        data = file.read()
    return [at for at in range(4096, len(data), 4096) if data[at:at + 4] == b"MSB1"]


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x55]))


def a_damaged_batch_is_named_and_the_rest_starts(folder):
    data = journal_of(folder, 400)
    whole = {path: set(values) for path, values in readback(data).items()}
    segment = segment_of(data)
    batches = batches_of(segment)
    expect(len(batches) > 100, f"only {len(batches)} batches to damage")
    hit = batches[len(batches) // 2]
    flip(segment, hit + 70)

    found = run("check", "--data", data)
    expect(found.returncode != 0, "check found nothing wrong before the start")
    expect(os.path.basename(segment) in found.stdout, f"check does not name the file: {found.stdout}")

    server = Server(data)
    expect("damage" in server.log(), f"the log does not speak of damage: {server.log()}")
    points = server.control().points()
    expect_equal(len(points), TOPICS, "points after the start")
    for number in range(400 - TOPICS, 400):
        expect_equal(points[f"room/{number % TOPICS}/x"]["value"], number, "the last values")
    expect_equal(Raw(server).publish("room/0", '{"x":-1}'), 0, "reason for a new reading")
    expect_equal(server.stop(), 0, "exit code")

    kept = os.listdir(data + "/journal/damaged")
    expect(kept, "nothing was set aside")
    said = run("check", "--data", data)
    expect(said.returncode != 0, "check is silent about the damage after the start")
    expect(re.search(r"records (\d+) to \1 are lost", said.stdout), f"check does not name the position: {said.stdout}")
    expect(re.search(r"between 2\d{3}-\S+Z and 2\d{3}-\S+Z", said.stdout), f"check names no times: {said.stdout}")
    left = readback(data)
    poorer = sorted(path for path in whole if whole[path] - left.get(path, set()))
    named = re.findall(r"^ +(room/\d/x)$", said.stdout, re.M)
    expect_equal(named, poorer, "the points that check names, no more and no less")
    again = Server(data)
    expect("damage" in again.log(), "the second start is silent about the damage")
    expect_equal(again.control().points()["room/0/x"]["value"], -1, "what came after the damage")


def every_batch_but_the_damaged_is_read(folder):
    data = journal_of(folder, 200)
    whole = {path: set(values) for path, values in readback(data).items()}
    segment = segment_of(data)
    batches = batches_of(segment)
    flip(segment, batches[len(batches) // 3] + 5)
    Server(data).stop()
    left = readback(data)
    missing = [(path, value) for path in whole for value in whole[path] - left.get(path, set())]
    expect(1 <= len(missing) <= 32, f"one damaged batch of one message took {len(missing)} values: "
           f"{missing[:40]}")
    extra = [(path, value) for path in left for value in left[path] - whole.get(path, set())]
    expect(not extra, f"values that nobody sent: {extra[:5]}")


def a_torn_tail_is_cut_and_not_called_damage(folder):
    data = journal_of(folder, 100)
    segment = segment_of(data)
    last = batches_of(segment)[-1]
    flip(segment, last + 64)
    server = Server(data)
    expect_equal(len(server.control().points()), TOPICS, "points after the start")
    server.stop()
    said = run("check", "--data", data)
    expect_equal(said.returncode, 0, f"exit code of check after a torn tail ({said.stdout})")


def random_damage_never_stops_a_start(folder):
    data = journal_of(folder, 150)
    seed = random.SystemRandom().getrandbits(32)
    note(f"damage of seed {seed}")
    luck = random.Random(seed)
    for _ in range(6):
        copy = folder + "/copy"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("*.sock"))
        files = [os.path.join(path, name) for path, _, names in os.walk(copy) for name in names
                 if name != "lock"]
        for _ in range(luck.randrange(1, 5)):
            path = luck.choice(files)
            if path.endswith(".open"):  # most of it is zeroes: hit what is used
                flip(path, luck.choice(batches_of(path) or [0]) + luck.randrange(4096))
            elif os.path.getsize(path):
                flip(path, luck.randrange(os.path.getsize(path)))
        server = Server(copy)
        expect_equal(Raw(server).publish("room/0", '{"x":1}'), 0, "reason for a new reading")
        expect_equal(server.stop(), 0, "exit code")
        shutil.rmtree(copy)


if __name__ == "__main__":
    play(a_damaged_batch_is_named_and_the_rest_starts, every_batch_but_the_damaged_is_read,
         a_torn_tail_is_cut_and_not_called_damage, random_damage_never_stops_a_start)
