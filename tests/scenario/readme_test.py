"""The README's commands run, as they stand there.

Each ```sh block of README.md is run by a shell in a folder of its own, with the program under test
as build/mainstem and a port of its own in place of 1883. `make` is not run again: its targets are
looked for in the Makefile."""

import os
import re
import subprocess

from house import PATIENCE_S, PROGRAM, TREE, expect, expect_equal, free_port, play


def blocks_of(name):
    with open(os.path.join(TREE, name), encoding="utf-8") as file:
        return re.findall(r"^```sh\n(.*?)^```", file.read(), re.S | re.M)


def the_make_targets_exist(folder):
    with open(os.path.join(TREE, "Makefile"), encoding="utf-8") as file:
        makefile = file.read()
    for name in ("README.md", "README.zh.md"):
        named = re.findall(r"^make (\w+)", "\n".join(blocks_of(name)), re.M)
        expect("run" in named and "test" in named, f"{name} does not name make run and make test")
        for target in named:
            expect(re.search(rf"^{target}:", makefile, re.M), f"{name} names make {target}")


def the_links_lead_somewhere(folder):
    for path, _, names in os.walk(TREE):
        if any(os.sep + folder in path for folder in ("build", ".git", "node_modules")):
            continue
        for name in (name for name in names if name.endswith(".md")):
            with open(os.path.join(path, name), encoding="utf-8") as file:
                for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read()):
                    if "://" not in link:
                        expect(os.path.exists(os.path.join(path, link)),
                               f"{os.path.relpath(os.path.join(path, name), TREE)} links to {link}")


def the_first_reading_arrives(folder):
    for name in ("README.md", "README.zh.md"):
        for number, block in enumerate(blocks_of(name)):
            lines = [line for line in block.splitlines() if not line.startswith("make ")]
            if lines:
                run_block(os.path.join(folder, f"{name}-{number}"), "\n".join(lines))


def run_block(folder, script):
    os.makedirs(folder + "/build")
    os.symlink(PROGRAM, folder + "/build/mainstem")
    port, web = free_port(), f"127.0.0.1:{free_port()}"
    server = re.search(r"^build/mainstem serve.*&$", script, re.M)
    expect(server, f"a block without a server: {script!r}")
    script = script.replace(server.group(0), server.group(0)[:-1] +
                            f"--mqtt 127.0.0.1:{port} --http {web} 2>log &\n"
                            "server=$!\ntrap 'kill $server; wait $server' EXIT\n"
                            "until grep -q ready log; do sleep 0.1; done")
    script = re.sub(r"(mosquitto_[ps]ub) ", rf"\1 -p {port} ", script)
    script = script.replace("http://127.0.0.1:8080/", f"http://{web}/")
    environment = dict(os.environ, MAINSTEM_MQTT=f"127.0.0.1:{port}", MAINSTEM_HTTP=web)
    result = subprocess.run(["sh", "-e", "-c", script], cwd=folder, text=True, timeout=4 * PATIENCE_S,
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect_equal(result.returncode, 0, f"exit code of {script!r} ({result.stdout})")
    if "mainstem watch" in script:
        shown = ("plant/line1/pump3/temperature", "71.5", "plant/line1/pump3/running", "true")
    elif "mainstem alarm" in script:
        shown = ("plant/pump7/temp", "unacknowledged", "91 >= 80", "1 done")
    elif "mainstem sql" in script:  # asked over HTTP and with SQL, copied
        shown = ("pump/north/rpm", "1450", "1 row", "backup 1")
    elif "curl" in script:  # taken, shown, changed, shown again and listed
        shown = ('"taken":1', '"value":181.5', "182", "plant/line1/oven/temp")
    else:  # the retained message by two clients, and the table of the load
        shown = (re.search(r"pub plant/line1/note '(.*?)'", script).group(1), "plant/line1/note ",
                 "every message")
    for wanted in shown:
        expect(wanted in result.stdout, f"{wanted} is not shown: {result.stdout}")


def the_verbs_of_the_table_exist(folder):
    with open(os.path.join(TREE, "README.md"), encoding="utf-8") as file:
        named = re.findall(r"^\| `(\w+)` \| ", file.read(), re.M)
    listed = subprocess.run([PROGRAM, "--help"], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT).stdout
    expect(len(named) >= 8, f"the README lists {named}")
    for verb in named:
        expect(verb in listed, f"the README names {verb}; --help does not")


if __name__ == "__main__":
    play(the_make_targets_exist, the_links_lead_somewhere, the_verbs_of_the_table_exist,
         the_first_reading_arrives)
