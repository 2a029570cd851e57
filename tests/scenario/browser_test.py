"""Chromium: the console's pages and stories, those of history, alarms, people and tenants, and MQTT.js in a
browser. The scripts of tests/browser, each against a server of its own. A script asks for the server to go or come with a
line "ask stop" or "ask start"."""

import os
import re
import shutil
import subprocess
import threading

from house import PATIENCE_S, TREE, Failed, Server, play, skip, wait_for

SCRIPTS = os.path.join(TREE, "tests/browser")
MODULES = os.environ.get("MAINSTEM_BROWSER_MODULES", os.path.join(TREE, "build/clients/browser"))
CHROMIUM = os.environ.get("MAINSTEM_CHROMIUM", "/usr/bin/chromium")


def answer(server, wish):
    """Does what a script asked for; returns the server that is there now."""
    if wish == "stop":
        server.stop()
        return server
    return Server(server.data, mqtt=server.mqtt, http=server.http)


def setup_link(server):
    """The link that a server without an administrator writes into its log."""
    return wait_for("the set-up link",
                    lambda: re.search(r"https?://\S+/setup#\S+", server.log())).group()


def run_script(folder, name, *, setup=False):
    server = Server(folder)
    process = subprocess.Popen(["node", os.path.join(SCRIPTS, name), server.http, server.mqtt,
                                *([setup_link(server)] if setup else [])],
                               text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               env={**os.environ, "MAINSTEM_BROWSER_MODULES": MODULES,
                                    "MAINSTEM_PATIENCE_S": str(PATIENCE_S)})
    guard = threading.Timer(15 * PATIENCE_S, process.kill)
    guard.start()
    said = []
    try:
        for line in process.stdout:
            if line.startswith("ask "):
                server = answer(server, line.split()[1])
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


def together(folder, *scripts):
    """Two at a time, each with a server and a browser of its own: a story waits more than it works."""
    faults = []

    def run(name, setup):
        try:
            run_script(os.path.join(folder, name.split(".")[0]), name, setup=setup)
        except Exception as fault:  # told below, by the one who started it
            faults.append(fault)

    threads = [threading.Thread(target=run, args=script) for script in scripts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def console_and_people(folder):
    together(folder, ("walk.mjs", False), ("people.mjs", True))


def history_and_machines(folder):
    together(folder, ("history.mjs", False), ("machines.mjs", True))


def operator_and_engineer(folder):
    together(folder, ("operator.mjs", False), ("engineer.mjs", True))


def tenants_and_mqtt(folder):
    together(folder, ("tenants.mjs", True), ("mqtt.mjs", False))


if __name__ == "__main__":
    if not shutil.which("node") or not os.path.exists(CHROMIUM):
        skip("no node or no chromium here")
    play(console_and_people, history_and_machines, operator_and_engineer, tenants_and_mqtt)
