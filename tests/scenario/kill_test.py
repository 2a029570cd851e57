"""kill -9 at random moments under load: `mainstem prove` does the rounds, and fails against a
server that acknowledges before the write, or that forgets the last batch."""

import os
import random
import re
import sys
import time

from house import (PATIENCE_S, Kept, Load, Server, expect, expect_equal, lost_readings, play, run)

ROUNDS = os.environ.get("MAINSTEM_ROUNDS", "20")
SABOTAGED = os.environ.get("MAINSTEM_SABOTAGED", "")


def prove(folder, rounds, program=None, env=None):
    return run("prove", folder + "/proof", "--rounds", str(rounds), program=program, env=env,
               seconds=30 * PATIENCE_S)


def numbers(result):
    """sent, acknowledged, found and lost, as the last lines say them."""
    found = {}
    for word, number in re.findall(r"\b(sent|acknowledged|found|lost)\D{0,3}([\d,]+)", result.stdout):
        found[word] = int(number.replace(",", ""))
    return found


def rounds_of_kill_lose_nothing(folder):
    result = prove(folder, ROUNDS)
    print(result.stdout[-600:])
    expect_equal(result.returncode, 0, f"exit code of prove ({result.stderr[-2000:]})")
    last = [line for line in result.stdout.splitlines() if line.strip()][-1]
    expect(last.strip().endswith("lost 0"), f"prove ends with {last!r}")
    found = numbers(result)
    expect(found.get("acknowledged", 0) > 1000, f"hardly anything was acknowledged: {found}")
    expect(found["found"] >= found["acknowledged"], f"found less than was acknowledged: {found}")


def prove_finds_early_acknowledgements(folder):
    must_fail(folder, "early-ack")


def prove_finds_a_forgotten_batch(folder):
    must_fail(folder, "drop-last")


def must_fail(folder, bug):
    result = prove(folder, 20, program=SABOTAGED, env={"MAINSTEM_SABOTAGE": bug})
    expect(result.returncode != 0, f"prove did not find {bug}: {result.stdout[-600:]}")
    expect(numbers(result).get("lost", 0) > 0, f"prove names no loss with {bug}: {result.stdout[-600:]}"
           f"{result.stderr[-600:]}")


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
    play(rounds_of_kill_lose_nothing, several_lives_of_one_folder_lose_nothing,
         prove_finds_early_acknowledgements, prove_finds_a_forgotten_batch)
