"""The InfluxDB clients of Node.js: `influx` (InfluxDB 1) and `@influxdata/influxdb-client` (InfluxDB 2),
the scripts of tests/clients/influxjs, each against a server of its own."""

import os
import shutil
import subprocess

from house import PATIENCE_S, TREE, Failed, Server, expect_equal, play, skip

SCRIPTS = os.path.join(TREE, "tests/clients/influxjs")
MODULES = os.environ.get("MAINSTEM_INFLUXJS", os.path.join(TREE, "build/clients/influxjs/node_modules"))


def run_script(folder, name):
    server = Server(folder)
    result = subprocess.run(["node", os.path.join(SCRIPTS, name), f"http://{server.http}"], text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=4 * PATIENCE_S, env={**os.environ, "NODE_PATH": MODULES})
    for line in result.stdout.splitlines():
        print("       " + line, flush=True)
    if result.returncode:
        raise Failed(f"node {name} ended with {result.returncode}: {result.stdout[-3000:]}")
    expect_equal("FAILED" in result.stdout, False, f"{name} failed")
    expect_equal(server.stop(), 0, "the server's end")


def v1(folder):
    run_script(folder, "v1.js")


def v2(folder):
    run_script(folder, "v2.js")


if __name__ == "__main__":
    if not shutil.which("node"):
        skip("node is not installed")
    if not os.path.isdir(MODULES + "/influx"):
        skip(f"influx is not in {MODULES}; scripts/install-deps test puts it there")
    play(v1, v2)
