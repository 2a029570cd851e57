"""The contract for scripts: how serve is started, what it prints, how it stops, what it refuses."""

import os
import signal
import socket
import time

from house import Failed, Raw, Server, expect, expect_equal, play, run, wait_for

VERBS = ("serve", "demo", "watch", "get", "set", "points", "live", "policy", "erase", "correct", "annotate", "clients", "pub", "sub",
         "load", "point", "inspect",
         "replay", "check", "prove", "completion", "version")


def version_is_printed(folder):
    result = run("version")
    expect_equal(result.returncode, 0, "exit code of version")
    expect(result.stdout.startswith("mainstem "), f"version printed {result.stdout!r}")


def every_verb_explains_itself(folder):
    for verb in VERBS:
        result = run(verb, "--help")
        expect_equal(result.returncode, 0, f"exit code of {verb} --help")
        lines = [line.rstrip() for line in result.stdout.splitlines() if line.strip()]
        expect(lines, f"{verb} --help prints nothing")
        example = next((at for at, line in enumerate(lines) if line.startswith("Example")), None)
        expect(example is not None, f"{verb} --help names no example")
        expect(any(f"mainstem {verb}" in line for line in lines[example:]) and example >= len(lines) - 6,
               f"{verb} --help does not end with an example: {lines[-4:]}")
    result = run("--help")
    expect_equal(result.returncode, 0, "exit code of --help")
    for verb in VERBS:
        expect(verb in result.stdout, f"--help does not name {verb}")


def wrong_usage_exits_with_2(folder):
    for words in ((), ("dance",), ("serve", "--dance"), ("inspect",), ("replay", "--until", "soon")):
        result = run(*words)
        expect_equal(result.returncode, 2, f"exit code of {words}")
        expect(result.stderr.strip(), f"{words} says nothing on stderr")


def serve_creates_its_folder_and_is_ready(folder):
    data = os.path.join(folder, "new", "data")
    os.mkdir(os.path.dirname(data))
    server = Server(data)
    ready = [line for line in server.log().splitlines() if "ready" in line]
    expect_equal(len(ready), 1, "lines with the word ready")
    expect(server.mqtt in server.log(), f"the log does not name {server.mqtt}")
    expect(os.path.isdir(data), "the folder was not made")
    expect_equal(os.stat(os.path.join(data, "control.sock")).st_mode & 0o777, 0o600,
                 "mode of the control door")
    expect_equal(server.stop(), 0, "exit code after SIGTERM")
    again = Server(data)
    expect_equal(again.stop(signal.SIGINT), 0, "exit code after SIGINT")


def readings_survive_a_clean_stop(folder):
    server = Server(folder + "/data")
    raw = Raw(server)
    raw.publish("plant/pump", '{"on":true,"bar":2.5,"name":"east","ts":1763823600000}')
    server.stop()
    server = Server(folder + "/data")
    points = server.control().points()
    expect_equal(sorted(points), ["plant/pump/bar", "plant/pump/name", "plant/pump/on"], "the points")
    expect_equal(points["plant/pump/bar"]["value"], 2.5, "plant/pump/bar")
    expect_equal(points["plant/pump/on"]["value"], True, "plant/pump/on")
    expect_equal(points["plant/pump/name"]["value"], "east", "plant/pump/name")
    expect_equal(points["plant/pump/bar"]["type"], "float64", "type of plant/pump/bar")


def a_stop_under_load_keeps_what_was_acknowledged(folder):
    server = Server(folder + "/data")
    raw = Raw(server)
    for number in range(1, 201):
        expect_equal(raw.publish("a", str(number)), 0, "reason in PUBACK")
    expect_equal(server.stop(), 0, "exit code after SIGTERM")
    expect_equal(Server(folder + "/data").control().points()["a"]["value"], 200, "the last value")


def the_defaults_are_loopback_and_a_folder_here(folder):
    # The default ports may be taken on this machine, so only what serve says of them is looked at.
    result = run("serve", "--help", cwd=folder)
    for wanted in ("127.0.0.1:1883", "127.0.0.1:8080", "./mainstem-data"):
        expect(wanted in result.stdout, f"serve --help does not name the default {wanted}")


def a_second_serve_on_one_folder_is_refused(folder):
    first = Server(folder + "/data")
    second = Server(folder + "/data", wait=False)
    code = second.process.wait(timeout=30)
    expect(code not in (0, None), "a second serve on the same folder ended well")
    expect("in use" in second.log() and str(first.process.pid) in second.log(),
           f"the refusal does not say who has the folder: {second.log()!r}")
    Raw(first).ping()


def a_taken_port_is_refused_by_name(folder):
    first = Server(folder + "/one")
    second = Server(folder + "/two", mqtt=first.mqtt, wait=False)
    expect(second.process.wait(timeout=30) != 0, "serve on a taken port ended well")
    expect(first.mqtt in second.log(), f"the refusal does not name {first.mqtt}: {second.log()!r}")


def data_of_a_newer_format_is_refused_by_name(folder):
    server = Server(folder + "/data")
    Raw(server).publish("a", "1")
    server.kill()
    journal = folder + "/data/journal"
    name = sorted(name for name in os.listdir(journal) if name.endswith(".open"))[0]
    before = sorted(os.listdir(journal))
    raise_version(os.path.join(journal, name))
    newer = Server(folder + "/data", wait=False)
    expect(newer.process.wait(timeout=30) != 0, "data of a newer format was opened")
    expect(name in newer.log() and "newer" in newer.log() and "99" in newer.log(),
           f"the refusal does not name file and version: {newer.log()!r}")
    expect_equal(sorted(os.listdir(journal)), before, "the files after the refusal")


def raise_version(path):
    """Rewrites a segment header as version 99 would, with a checksum that holds."""
    with open(path, "r+b") as file:
        header = bytearray(file.read(4096))
        at = header.index((1).to_bytes(4, "little"), 4)
        header[at:at + 4] = (99).to_bytes(4, "little")
        file.seek(0)
        file.write(seal_header(header))


def seal_header(header):
    """The CRC32C of a 4 KiB header stands in its last four bytes (docs/format/segment.md)."""
    header[-4:] = crc32c(bytes(header[:-4])).to_bytes(4, "little")
    return header


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def a_wrong_setting_names_its_place_and_what_is_allowed(folder):
    path = folder + "/mainstem.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write("# a comment\nmqtt.packet = 2M\nlog.level = loud\n")
    result = run("serve", "--data", folder + "/data", "--config", path)
    expect_equal(result.returncode, 2, "exit code of a wrong file")
    for wanted in (path + ":3", "loud", "error", "warn", "info", "debug"):
        expect(wanted in result.stderr, f"the fault does not say {wanted!r}: {result.stderr!r}")

    result = run("serve", "--data", folder + "/data", env={"MAINSTEM_MQTT_PACKET": "1"})
    expect_equal(result.returncode, 2, "exit code of a wrong variable")
    for wanted in ("MAINSTEM_MQTT_PACKET", "1024", "268435456"):
        expect(wanted in result.stderr.replace("1K", "1024").replace("256M", "268435456"),
               f"the fault does not say {wanted!r}: {result.stderr!r}")

    result = run("serve", "--data", folder + "/data", "--mqtt-packet", "huge")
    expect_equal(result.returncode, 2, "exit code of a wrong option")
    expect("--mqtt-packet" in result.stderr and "huge" in result.stderr,
           f"the fault does not name the option: {result.stderr!r}")
    expect(not os.path.exists(folder + "/data"), "a wrong setting left a folder behind")


def options_win_over_environment_over_file(folder):
    path = folder + "/mainstem.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write("log.format = json\nlog.level = debug\n")
    server = Server(folder + "/data", "--config", path, "--log-level", "info",
                    env={"MAINSTEM_LOG_LEVEL": "error", "MAINSTEM_LOG_FORMAT": "json"})
    lines = server.log().splitlines()
    expect(all(line.startswith("{") for line in lines), f"not all lines are JSON: {lines}")
    expect(any('"info"' in line for line in lines), "no line of level info: the option did not win")
    expect(not any('"debug"' in line for line in lines), "the file won over the environment")


def the_example_of_the_settings_is_accepted(folder):
    result = run("serve", "--print-settings")
    expect_equal(result.returncode, 0, "exit code of --print-settings")
    path = folder + "/example.conf"
    with open(path, "w", encoding="utf-8") as file:
        file.write(result.stdout)
    server = Server(folder + "/data", "--config", path)
    Raw(server).ping()


def sighup_reloads_the_settings(folder):
    path = folder + "/mainstem.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write("mqtt.packet = 1M\n")
    server = Server(folder + "/data", "--config", path)
    raw = Raw(server)
    expect_equal(raw.publish("a", "1" * 10 + " " * 5000), 0, "reason for a large packet before")
    with open(path, "w", encoding="ascii") as file:
        file.write("mqtt.packet = 1K\n")
    server.process.send_signal(signal.SIGHUP)

    def refused():
        try:
            return Raw(server, 5).publish("a", "1" + " " * 5000) >= 0x80
        except (Failed, OSError):
            return True  # the connection was closed, as the standard says for a packet too large

    wait_for("the smaller limit to hold", refused)
    # A fault in the file leaves everything as it was, and says so.
    with open(path, "w", encoding="ascii") as file:
        file.write("mqtt.packet = many\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for("the fault to be told", lambda: path + ":1" in server.log())
    Raw(server).ping()
    expect_equal(server.stop(), 0, "exit code after all that")


def systemd_is_told(folder):
    path = folder + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(30)
        server = Server(folder + "/data", env={"NOTIFY_SOCKET": path})
        expect("READY=1" in notify.recv(4096).decode().splitlines(), "the first word is not READY=1")
        server.process.send_signal(signal.SIGTERM)
        states = ""
        while "STOPPING=1" not in states:
            states += notify.recv(4096).decode() + "\n"
        expect_equal(server.stop(), 0, "exit code")


def the_watchdog_is_told_while_the_loop_turns(folder):
    path = folder + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(30)
        server = Server(folder + "/data", env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1500000"})

        def told(seconds):
            """How often within that time, and the longest silence."""
            count, longest, end = 0, 0, time.monotonic() + seconds
            last = time.monotonic()
            while time.monotonic() < end:
                try:
                    count += "WATCHDOG=1" in notify.recv(4096).decode().splitlines()
                    longest, last = max(longest, time.monotonic() - last), time.monotonic()
                except socket.timeout:
                    break
            return count, longest

        expect("READY=1" in notify.recv(4096).decode(), "the first word is not READY=1")
        count, longest = told(3)
        expect(count >= 3, f"told {count} times within 3 s, for a watchdog of 1.5 s")
        expect(longest < 1.5, f"silent for {longest:.1f} s")
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        notify.settimeout(1)
        told(0.1)  # what was under way
        expect_equal(told(2)[0], 0, "words of a server that stands still")
        server.process.send_signal(signal.SIGCONT)
        expect_equal(server.stop(), 0, "exit code")


def the_file_limit_is_raised(folder):
    server = Server(folder + "/data", before=("prlimit", "--nofile=64:4096"))
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as limits:
        line = next(line for line in limits if line.startswith("Max open files"))
    expect_equal(line.split()[3:5], ["4096", "4096"], "soft and hard limit of open files")


def offline_verbs_change_nothing(folder):
    data = folder + "/data"
    server = Server(data)
    raw = Raw(server)
    for number in range(50):
        raw.publish("a/b", f'{{"x":{number}}}')
    server.kill()

    def picture():
        found = {}
        for path, _, names in os.walk(data):
            for name in names:
                status = os.lstat(os.path.join(path, name))
                found[os.path.join(path, name)] = (status.st_size, status.st_mtime_ns)
        return found

    before = picture()
    for words in (("check", "--data", data), ("replay", "--data", data),
                  ("replay", "--data", data, "--until", "10"),
                  ("inspect", "journal", "--data", data)):
        result = run(*words)
        expect_equal(result.returncode, 0, f"exit code of {words} ({result.stderr.strip()})")
        expect(result.stdout.strip(), f"{words} prints nothing")
        expect_equal(picture(), before, f"the files after {words}")
    # A server of before and a start after all agree.
    Server(data)


def replay_gives_the_state_hash_of_the_server(folder):
    data = folder + "/data"
    server = Server(data)
    raw = Raw(server)
    for number in range(300):
        raw.publish(f"line/{number % 7}", f'{{"x":{number},"y":{number / 8},"s":"v{number}"}}')
    server.stop()
    first = state_hash(run("replay", "--data", data))
    expect_equal(state_hash(run("replay", "--data", data)), first, "the hash of a second replay")
    Server(data).stop()
    # Another start is a record of its own, but replay up to the same position is the same state.
    position = run("replay", "--data", data).stdout
    expect(position, "replay prints nothing")


def state_hash(result):
    expect_equal(result.returncode, 0, f"exit code of replay ({result.stderr.strip()})")
    for line in result.stdout.splitlines():
        if "hash" in line:
            return line.split()[-1]
    raise Failed(f"replay prints no state hash: {result.stdout!r}")


def start_of_an_empty_folder_is_quick(folder):
    server = Server(folder + "/data")
    expect(server.ready_s < 2, f"an empty start took {server.ready_s:.2f} s")


if __name__ == "__main__":
    play(version_is_printed, every_verb_explains_itself, wrong_usage_exits_with_2,
         serve_creates_its_folder_and_is_ready, readings_survive_a_clean_stop,
         a_stop_under_load_keeps_what_was_acknowledged, the_defaults_are_loopback_and_a_folder_here,
         a_second_serve_on_one_folder_is_refused, a_taken_port_is_refused_by_name,
         data_of_a_newer_format_is_refused_by_name,
         a_wrong_setting_names_its_place_and_what_is_allowed, options_win_over_environment_over_file,
         the_example_of_the_settings_is_accepted, sighup_reloads_the_settings, systemd_is_told,
         the_watchdog_is_told_while_the_loop_turns, the_file_limit_is_raised, offline_verbs_change_nothing,
         replay_gives_the_state_hash_of_the_server, start_of_an_empty_folder_is_quick)
