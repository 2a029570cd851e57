"""MQTT.js, the client of Node.js and of browsers, in 3.1, 3.1.1 and 5: the scripts of
tests/clients/mqttjs, each against a broker of its own. A script asks for a kill -9 of the server with
a line "ask kill". With the word `websocket` they speak MQTT over WebSocket."""

import os
import shutil
import subprocess
import sys
import threading

from broker import again, start
from house import PATIENCE_S, TREE, Failed, expect_equal, play, skip

SCRIPTS = os.path.join(TREE, "tests/clients/mqttjs")
MODULES = os.environ.get("MAINSTEM_JS_MODULES", os.path.join(TREE, "build/clients/mqttjs/node_modules"))

OVER_WEBSOCKET = "websocket" in sys.argv[1:]


def run_script(folder, name):
    # Mosquitto 2.0.11 stops sending when more QoS 2 messages come at once than its window holds.
    server = start(folder, mosquitto="max_inflight_messages 1000")
    url = f"ws://{server.http}/mqtt" if OVER_WEBSOCKET else f"mqtt://{server.mqtt}"
    process = subprocess.Popen(["node", os.path.join(SCRIPTS, name), url], text=True, bufsize=1,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, "NODE_PATH": MODULES,
                                    "MAINSTEM_PATIENCE_S": str(PATIENCE_S)})
    guard = threading.Timer(8 * PATIENCE_S, process.kill)
    guard.start()
    said = []
    try:
        for line in process.stdout:
            if line.startswith("ask kill"):
                server = again(server)
                process.stdin.write("done\n")
                process.stdin.flush()
            else:
                print("       " + line.rstrip(), flush=True)
                said.append(line)
        code = process.wait(timeout=PATIENCE_S)
    finally:
        guard.cancel()
        process.kill()
        process.wait()
    if code:
        raise Failed(f"node {name} ended with {code}: {''.join(said)[-3000:]}")
    expect_equal(any(line.startswith("FAILED") for line in said), False, f"{name} failed")


def messages(folder):
    run_script(folder, "messages.js")


def properties(folder):
    run_script(folder, "properties.js")


def sessions(folder):
    run_script(folder, "sessions.js")


if __name__ == "__main__":
    if OVER_WEBSOCKET:
        sys.argv.remove("websocket")
    if not shutil.which("node"):
        skip("node is not installed")
    if not os.path.isdir(MODULES + "/mqtt"):
        skip(f"MQTT.js is not in {MODULES}; scripts/install-deps test puts it there")
    play(messages, properties, sessions)
