"""The newcomer's first minute: `demo` replays real data through the MQTT door and loses nothing;
`watch` and a later `serve` show what it left."""

import re

from house import PATIENCE_S, Server, expect, expect_equal, play, run


def the_demo_loses_nothing(folder):
    data = folder + "/demo"
    result = run("demo", "--once", "--fast", "--data", data, cwd=folder, seconds=10 * PATIENCE_S)
    print(result.stdout[-1500:])
    expect_equal(result.returncode, 0, f"exit code of demo ({result.stderr[-2000:]})")
    last = [line for line in result.stdout.splitlines() if line.startswith("sent ")][-1]
    numbers = {word: int(number.replace(",", "")) for word, number in
               re.findall(r"(sent|acknowledged|synced|lost) ([\d,]+)", last)}
    expect(numbers.get("acknowledged", 0) > 500000, f"the demo acknowledged {numbers}")
    expect_equal(numbers["synced"], numbers["acknowledged"], "the synced ones")
    expect_equal(numbers["lost"], 0, "the lost ones")
    expect("\nlost 0\n" in result.stdout, "the count against the journal does not end with lost 0")

    server = Server(data)
    points = server.control().points()
    for path in ("zema/hydraulics/testbench/rig1/TS1", "city/streets/main-road/air/T"):
        expect(path in points, f"{path} is not there after the demo")
    expect_equal(points["zema/hydraulics/testbench/rig1/TS1"].get("unit"), "Cel", "the unit of TS1")
    shown = run("watch", "--once", "--data", data)
    expect_equal(shown.returncode, 0, f"exit code of watch ({shown.stderr})")
    expect("/" in shown.stdout, f"watch shows nothing: {shown.stdout!r}")


if __name__ == "__main__":
    play(the_demo_loses_nothing)
