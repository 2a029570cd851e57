"""Power cuts: an ext4 on a loop device is shut down under load without flushing anything, the server
dies, the file system is mounted anew, and every acknowledged reading must be there. A server whose
sync is broken on purpose must be caught by the same rounds."""

import os
import random
import sys
import time

from house import (DISCONNECT, PUBACK, Ext4, Failed, Kept, Load, Raw, Server, expect, lost_readings,
                   need_loop_devices, note, play, publish_packet, readback, wait_for)

ROUNDS = int(os.environ.get("MAINSTEM_ROUNDS", "20"))
SABOTAGED = os.environ.get("MAINSTEM_SABOTAGED", "")


def one_life(disk, data, kept, program=None, env=None):
    """A server under load until the power goes; kept learns what was acknowledged."""
    server = Server(data, program=program, env=env)
    load = Load(server, first=kept.next, pause_s=0.01)
    time.sleep(0.2 + random.random())
    disk.cut_power()
    time.sleep(0.1)  # acknowledgements that still come now must be honest, too
    server.kill()
    load.stop()
    kept.take(load)
    disk.unmount()
    disk.mount()


def cuts_lose_nothing(folder):
    disk = Ext4(folder, 512)
    data = disk.mounted + "/data"
    kept = Kept()
    for round_number in range(1, ROUNDS + 1):
        one_life(disk, data, kept)
        lost = lost_readings(data, kept.numbers)
        expect(not lost, f"round {round_number}: {len(lost)} acknowledged values are lost: {lost[:5]}")
    expect(kept.total() > 100 * ROUNDS, f"only {kept.total()} readings in {ROUNDS} rounds")
    server = Server(data)  # and it starts as ever
    expect(server.stop() == 0, "the last start did not end well")
    note(f"{ROUNDS} power cuts, {kept.total()} readings acknowledged, lost 0")


def is_refusal(answer):
    kind, _, body = answer
    return (kind == DISCONNECT and body[0] >= 0x80) or (
        kind == PUBACK and len(body) > 2 and body[2] >= 0x80)


def a_failed_write_stops_acknowledgements(folder):
    """The disk goes away under a server that nobody kills: it says so and acknowledges nothing."""
    disk = Ext4(folder, 256)
    server = Server(disk.mounted + "/data")
    raw = Raw(server, 5)
    expect(raw.publish("a", "1") == 0, "a message was refused while all was well")
    disk.cut_power()
    raw.send(publish_packet("a", "2", 1, 77, 5))
    answer = raw.take()
    expect(answer is None or is_refusal(answer), f"after a failed write the client was told {answer}")
    wait_for("the log to speak of the failed write", lambda: "failed" in server.log())
    for _ in range(3):
        late = Raw(server, 5)
        late.send(publish_packet("a", "3", 1, 1, 5))
        answer = late.take()  # a refusal or the end of the connection, not silence
        expect(answer is None or is_refusal(answer),
               f"without a disk a message was answered with {answer}")
        late.close()
    expect(server.process.poll() is None, "the server ended when its disk went")
    server.kill()
    disk.unmount()
    disk.mount()
    values = readback(disk.mounted + "/data")["a"]
    expect("1" in values, f"the acknowledged value is gone: {values}")


def cuts_find(folder, bug, rounds):
    disk = Ext4(folder, 512)
    for round_number in range(1, rounds + 1):
        data = f"{disk.mounted}/data{round_number}"
        kept = Kept()
        one_life(disk, data, kept, SABOTAGED, {"MAINSTEM_SABOTAGE": bug})
        try:
            lost = lost_readings(data, kept.numbers)
        except Failed as fault:  # the journal cannot even be read: everything is lost
            lost = [str(fault)] if kept.total() else []
        if lost:
            note(f"{bug} was found in round {round_number}: {len(lost)} values lost")
            return
    expect(False, f"{rounds} power cuts did not find {bug}")


def cuts_find_a_missing_sync(folder):
    cuts_find(folder, "skip-sync", 5)


def cuts_find_early_acknowledgements(folder):
    cuts_find(folder, "early-ack", 20)


if __name__ == "__main__":
    if not SABOTAGED:
        sys.exit("MAINSTEM_SABOTAGED must name the program with bugs")
    need_loop_devices()
    play(a_failed_write_stops_acknowledgements, cuts_lose_nothing, cuts_find_a_missing_sync, cuts_find_early_acknowledgements)
