"""kill -9 at random moments under load: `mainstem prove` does the rounds, and fails against a
server that acknowledges before the write, or that forgets the last batch. MAINSTEM_ROUNDS=100 for
more than the 20 rounds of every day."""

import os
import random
import re
import shutil
import subprocess
import sys
import time

from house import (PATIENCE_S, Kept, Load, Server, expect, expect_equal, lost_readings, note, play,
                   run)

ROUNDS = os.environ.get("MAINSTEM_ROUNDS", "20")
SABOTAGED = os.environ.get("MAINSTEM_SABOTAGED", "")


def prove(folder, rounds):
    return run("prove", folder + "/proof", "--rounds", str(rounds), seconds=30 * PATIENCE_S)


def numbers(result):
    """sent, acknowledged, found and lost, as the last lines say them."""
    found = {}
    for word, number in re.findall(r"\b(sent|acknowledged|found|lost)\D{0,3}([\d,]+)", result.stdout):
        found[word] = int(number.replace(",", ""))
    return found


def rounds_of_kill_lose_nothing(folder):
    result = prove(folder, ROUNDS)
    print(result.stdout[-600:])
    note(f"{ROUNDS} kills: " + "; ".join(result.stdout.splitlines()[-3::2]))
    expect_equal(result.returncode, 0, f"exit code of prove ({result.stderr[-2000:]})")
    last = [line for line in result.stdout.splitlines() if line.strip()][-1]
    expect(last.strip().endswith("lost 0"), f"prove ends with {last!r}")
    found = numbers(result)
    expect(found.get("acknowledged", 0) > 1000, f"hardly anything was acknowledged: {found}")
    expect(found["found"] >= found["acknowledged"], f"found less than was acknowledged: {found}")


# A write that has reached the kernel survives a kill, so what is acknowledged early is lost only when
# the kill comes before the write begins: a few microseconds on a fast disk. strace makes the disk slow.
SLOW_DISK = ("strace", "-f", "-qq", "--signal=none", "-e", "trace=pwrite64",
             "-e", "inject=pwrite64:delay_enter=5000", "-o", "/dev/null")


def prove_of(folder, bug, before=(), rate="20000"):
    return subprocess.run([*before, SABOTAGED, "prove", folder + "/proof", "--rounds", "8", "--seconds", "1",
                           "--rate", rate],
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=10 * PATIENCE_S,
                          env={**os.environ, "MAINSTEM_SABOTAGE": bug})


def a_slow_disk_loses_nothing(folder):
    result = prove_of(folder, "none", SLOW_DISK)
    expect_equal(result.returncode, 0, f"exit code of prove on a slow disk ({result.stdout[-1000:]})")


def prove_finds_early_acknowledgements(folder):
    # A kill hits the moment between an acknowledgement and its write or it does not: a busy machine needs more of them.
    for attempt in range(6):
        os.mkdir(f"{folder}/{attempt}")
        result = prove_of(f"{folder}/{attempt}", "early-ack", SLOW_DISK)
        if result.returncode != 0:
            break
    must_fail(result)


def prove_finds_a_forgotten_batch(folder):
    # Few messages a second: the last batch at the kill is one that was acknowledged.
    must_fail(prove_of(folder, "drop-last", rate="100"))


def must_fail(result):
    expect(result.returncode != 0, f"prove did not find the bug: {result.stdout[-1000:]}")
    lost = re.findall(r"^lost ([\d,]+)", result.stdout, re.M)
    expect(lost and lost[-1] != "0", f"prove names no loss: {result.stdout[-1000:]}")
    note(f"lost {lost[-1]}")


def several_lives_of_one_folder_lose_nothing(folder):
    """The same by another road: our own load, the offline reader, several lives of one folder."""
    kept = Kept()
    for _ in range(5):
        server = Server(folder + "/data")
        load = Load(server, first=kept.next)
        time.sleep(0.3 + random.random() / 2)
        server.kill()
        load.stop()
        kept.take(load)
        lost = lost_readings(folder + "/data", kept.numbers)
        expect(not lost, f"{len(lost)} acknowledged values are lost: {lost[:5]}")
    expect(kept.total() > 500, f"hardly anything was acknowledged: {kept.total()}")


if __name__ == "__main__":
    if not SABOTAGED:
        sys.exit("MAINSTEM_SABOTAGED must name the program with bugs")
    scenarios = [rounds_of_kill_lose_nothing, several_lives_of_one_folder_lose_nothing,
                 prove_finds_a_forgotten_batch]
    if shutil.which("strace") and subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"]).returncode == 0:
        scenarios += [a_slow_disk_loses_nothing, prove_finds_early_acknowledgements]
    else:
        print("left out: strace may not trace here, so there is no slow disk")
    play(*scenarios)
