"""Eclipse Paho for C, Debian's library: the programs of tests/clients/paho_c, one on the synchronous
client, one on the asynchronous one. QoS 2 is shown to be exactly once: numbers go from a publisher with
a store of its own to a subscriber with a session, while the server is killed again and again."""

import os
import random
import subprocess
import threading

from broker import ON_MOSQUITTO, again, start
from house import PATIENCE_S, Failed, expect, expect_equal, note, play, skip

PROGRAMS = os.environ.get("MAINSTEM_PAHO_C", "")
# Mosquitto 2.0.11 sends old messages again after a few restarts: it is asked for one.
KILLS = 1 if ON_MOSQUITTO else int(os.environ.get("MAINSTEM_ROUNDS", "5"))


class Paho:
    """One of the programs as a child, with its lines."""

    every = []

    def __init__(self, server, kind, folder, version, *words):
        os.makedirs(folder, exist_ok=True)
        self.name = f"mainstem-paho-{kind} {' '.join(map(str, words))}"
        self.process = subprocess.Popen(
            [os.path.join(PROGRAMS, f"mainstem-paho-{kind}"), f"tcp://{server.mqtt}", folder, str(version),
             *map(str, words)], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.lines, self.changed = [], threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        Paho.every.append(self)

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.strip())
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait_line(self, wanted, seconds=None):
        with self.changed:
            self.changed.wait_for(lambda: wanted in self.lines or not self.thread.is_alive(),
                                  seconds or 4 * PATIENCE_S)
            expect(wanted in self.lines, f"{self.name} did not say {wanted!r}; its last lines: {self.lines[-5:]}")

    def wait_count(self, count):
        with self.changed:
            self.changed.wait_for(lambda: len(self.lines) >= count or not self.thread.is_alive(),
                                  2 * PATIENCE_S)
            expect(len(self.lines) >= count,
                   f"{self.name} printed {len(self.lines)} lines, {count} were waited for; the last: {self.lines[-5:]}")

    def end(self, seconds=None):
        try:
            code = self.process.wait(timeout=seconds or 2 * PATIENCE_S)
        except subprocess.TimeoutExpired as fault:
            raise Failed(f"{self.name} did not end; its last lines: {self.lines[-5:]}") from fault
        self.thread.join(PATIENCE_S)
        expect_equal(code, 0, f"exit code of {self.name}, which said {self.lines[-5:]}")


def with_children(scenario):
    """Ends what the scenario started, whatever happens."""
    def run(folder):
        try:
            scenario(folder)
        finally:
            for child in Paho.every:
                child.process.kill()
            Paho.every.clear()
    run.__name__ = scenario.__name__
    return run


@with_children
def every_quality_in_every_version(folder):
    server = start(folder)
    children = [Paho(server, kind, f"{folder}/{kind}-{version}", version, "qualities")
                for kind in ("sync", "async") for version in (3, 4, 5)]
    for child in children:
        child.wait_line("qualities ok")
        child.end()


def numbers_arrive_once(folder, receive, publish, *words, count=1000):
    """receive and publish: (kind, version). Kills fall when a random count of numbers has arrived."""
    server = start(folder, *words)
    receiver = Paho(server, receive[0], folder + "/receiver", receive[1], "receive", 1, count)
    receiver.wait_line("ready")
    half = count // 2
    # The synchronous publisher crashes half way and comes back on the same store.
    crash = publish[0] == "sync"
    publisher = Paho(server, publish[0], folder + "/publisher", publish[1],
                     "abandon" if crash else "publish", 1, half if crash else count)
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for at in sorted(chance.sample(range(1, count), KILLS)):
        if crash and at > half:
            publisher.end()
            publisher = Paho(server, publish[0], folder + "/publisher", publish[1], "publish", half + 1, count)
            crash = False
        receiver.wait_count(at + 1)  # one line says "ready"
        server = again(server)
    if crash:
        publisher.end()
        publisher = Paho(server, publish[0], folder + "/publisher", publish[1], "publish", half + 1, count)
    publisher.wait_line("published")
    receiver.wait_line("received")
    receiver.end()
    publisher.end()
    numbers = [int(line) for line in receiver.lines if line.isdigit()]
    first = next((at for at, pair in enumerate(zip(numbers, range(1, count + 1))) if pair[0] != pair[1]), None)
    expect(numbers == list(range(1, count + 1)),
           f"numbers 1 to {count} through {KILLS} kills (seed {seed}): {len(numbers)} came, "
           f"missing {sorted(set(range(1, count + 1)) - set(numbers))[:10]}, "
           f"twice {sorted({number for number in numbers if numbers.count(number) > 1})[:10]}, "
           f"out of order at {None if first is None else numbers[max(0, first - 3):first + 8]}")
    note(f"QoS 2 from {publish[0]} {publish[1]} to {receive[0]} {receive[1]}: "
         f"{count} numbers each once, in order, through {KILLS} kills of the server")


@with_children
def numbers_arrive_once_sync_to_async(folder):
    numbers_arrive_once(folder, ("async", 5), ("sync", 4))


@with_children
def numbers_arrive_once_sync_5(folder):
    numbers_arrive_once(folder, ("sync", 5), ("sync", 5), "--snapshot-interval", "1s")


@with_children
def the_asynchronous_client_publishes_in_order(folder, count=2000):
    """Without kills: when a connection breaks inside a write of its sending thread, Paho 1.3.12 frees the
    message and sends it again later as a PUBLISH with no topic, which is a protocol error."""
    server = start(folder, mosquitto="max_inflight_messages 1000")
    receiver = Paho(server, "sync", folder + "/receiver", 4, "receive", 1, count)
    receiver.wait_line("ready")
    publisher = Paho(server, "async", folder + "/publisher", 5, "publish", 1, count, 500)
    publisher.wait_line("published")
    receiver.wait_line("received")
    expect_equal([line for line in receiver.lines if line.isdigit()], [str(n) for n in range(1, count + 1)],
                 "the numbers in order")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(PROGRAMS, "mainstem-paho-sync")):
        skip("mainstem-paho-sync is not built: libpaho-mqtt-dev is missing, or MAINSTEM_PAHO_C names another folder")
    play(every_quality_in_every_version, numbers_arrive_once_sync_to_async, numbers_arrive_once_sync_5,
         the_asynchronous_client_publishes_in_order)
