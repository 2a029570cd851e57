#!/usr/bin/python3
"""From a reading to its alarm on a WebSocket, beside a load; and a flood of alarms: none lost, in order,
and how soon the list opens.

  bench/alarm_live.py --server build/mainstem [--value-rate 600000] [--points 1000000] [--probes 300]
                      [--flood 100000]

The load is `mainstem load` with four limits that stand on each of its points and a token for nothing
but its rate. A probe publishes a value beyond a limit (MQTT, QoS 1) and waits for the entry of its alarm
on /v1/live; then a normal one. The flood is devices of 50 metrics that all go beyond their limit."""

import argparse
import base64
import json
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from house import House


def words():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/mainstem")
    parser.add_argument("--data", default=None, help="folder for the data; a new one unless told")
    parser.add_argument("--value-rate", type=int, default=600000)
    parser.add_argument("--points", type=int, default=1000000)
    parser.add_argument("--probes", type=int, default=300)
    parser.add_argument("--flood", type=int, default=100000)
    return parser.parse_args()


class AlarmHouse(House):
    def limits(self, name, path):
        for kind, limit in (("high_high", 1e9), ("high", 1e8), ("low", -1e8), ("low_low", -1e9)):
            self.order("PUT", f"/v1/rules/{name}-{kind}", kind=kind, on="pattern", path=path, limit=limit)

    def rest(self):
        while self.order("GET", "/v1/rules?limit=1").get("walk_left", 0) > 0:
            time.sleep(0.05)

    def metric(self, name):
        text = self.request("GET", "/metrics").decode()
        return float(text.split(f"\n{name} ")[1].split("\n")[0])

    def values(self):
        return self.metric("mainstem_applied_values_total")


class Mqtt:
    """A client of MQTT 3.1.1 that publishes with QoS 1 and reads acknowledgements when it is asked to."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = f"probe-{port}-{id(self)}".encode()
        body = b"\0\4MQTT\4\2\0\0" + struct.pack(">H", len(name)) + name
        self.socket.sendall(bytes([0x10, len(body)]) + body)
        self.take(4)

    def take(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                sys.exit("the server closed the connection")
            data += piece
        return data

    def publish(self, topic, payload, number=1):
        topic = topic.encode()
        body = struct.pack(">H", len(topic)) + topic + struct.pack(">H", number) + payload.encode()
        size, head = len(body), bytearray([0x32])
        while True:
            head.append(size & 127 | (128 if size > 127 else 0))
            size >>= 7
            if size == 0:
                break
        self.socket.sendall(bytes(head) + body)

    def acknowledged(self, count):
        self.take(4 * count)


class Follower:
    def __init__(self, port, match):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.pending = b""
        while b"\r\n\r\n" not in self.pending:
            self.pending += self.socket.recv(65536)
        self.pending = self.pending.split(b"\r\n\r\n", 1)[1]
        self.say(op="alarms", id=1, match=match)
        while self.message()["op"] != "following":
            pass

    def say(self, **message):
        payload = json.dumps(message).encode()
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + b"\0\0\0\0" + payload)

    def need(self, size):
        while len(self.pending) < size:
            piece = self.socket.recv(1 << 20)
            if not piece:
                sys.exit("the server closed the WebSocket")
            self.pending += piece

    def message(self):
        self.need(2)
        size, at = self.pending[1] & 127, 2
        if size > 125:
            width = 2 if size == 126 else 8
            self.need(2 + width)
            size, at = int.from_bytes(self.pending[2:2 + width], "big"), 2 + width
        self.need(at + size)
        text, self.pending = self.pending[at:at + size], self.pending[at + size:]
        return json.loads(text) if text[:1] == b"{" else {"op": "other"}

    def entries(self):
        while True:
            message = self.message()
            if message["op"] == "alarms":
                return message["entries"]


def load_begin(options, house):
    return subprocess.Popen(
        [options.server, "load", "--server", f"127.0.0.1:{house.mqtt}", "--connections", "100", "--values", "10",
         "--points", str(options.points), "--value-rate", str(options.value_rate), "--duration", "600"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def line(name, text):
    print(f"  {name:<52} {text}", flush=True)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def probe_all(options, house):
    mqtt, follower = Mqtt(house.mqtt), Follower(house.http, "probe/#")
    house.order("PUT", "/v1/rules/probe", kind="high", on="pattern", path="probe/#", limit=80, chatter=0)
    mqtt.publish("probe/value", "20")
    mqtt.acknowledged(1)
    house.rest()
    took = []
    for _ in range(options.probes):
        for value in ("90", "20"):
            began = time.perf_counter()
            mqtt.publish("probe/value", value)
            follower.entries()
            took.append((time.perf_counter() - began) * 1000)
            mqtt.acknowledged(1)
            time.sleep(0.005)
    return took


def flood(options, house):
    per_row, mqtt = 50, Mqtt(house.mqtt)
    rows = options.flood // per_row
    house.order("PUT", "/v1/rules/flood", kind="high", on="pattern", path="flood/#", limit=80, priority=1)

    def publish(value):
        payload = json.dumps({f"m{metric}": value for metric in range(per_row)})
        for row in range(rows):
            mqtt.publish(f"flood/line{row % 20}/device{row}", payload, row % 60000 + 1)
            if row % 200 == 199:
                mqtt.acknowledged(200)
        mqtt.acknowledged(rows % 200)

    publish(20)
    house.rest()
    follower = Follower(house.http, "flood/#")
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        publish(95)
        os._exit(0)
    numbers = []
    while len(numbers) < rows * per_row:
        numbers += [entry["entry"] for entry in follower.entries()]
    took = time.perf_counter() - began
    os.waitpid(pid, 0)
    opened = []
    for _ in range(20):
        begin = time.perf_counter()
        found = house.order("GET", "/v1/alarms?limit=100")
        opened.append(time.perf_counter() - begin)
    line("alarms raised, told on the WebSocket", f"{rows * per_row} in {took:.2f} s (floor and aim: 10 s)")
    line("in order, each once", "yes" if numbers == sorted(set(numbers)) else "NO")
    line("the list counts", f"{found['counts']['unacknowledged']} unacknowledged")
    line("longest step of the engine so far",
         f"{house.metric('mainstem_engine_step_longest_seconds') * 1000:.1f} ms")
    line("lost", f"{rows * per_row - len(set(numbers))} (floor and aim: 0)")
    line("the list of 100 opens in, median / longest",
         f"{percentile(opened, .5) * 1000:.1f} / {max(opened) * 1000:.1f} ms (floor 1 s, aim 0.1 s)")


def main():
    options = words()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    folder = options.data or tempfile.mkdtemp(prefix="mainstem-bench-")
    house = AlarmHouse(options.server, os.path.join(folder, "data"))
    try:
        print(f"alarm_live: {time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores")
        flood(options, house)
        took = probe_all(options, house)
        line("reading to alarm, idle, p50 / p99", f"{percentile(took, .5):.1f} / {percentile(took, .99):.1f} ms")
        load = load_begin(options, house)
        time.sleep(15)
        house.limits("all", "#")
        house.rest()
        cpu, values, began = house.cpu_s(), house.values(), time.perf_counter()
        took = probe_all(options, house)
        seconds = time.perf_counter() - began
        used, rate = (house.cpu_s() - cpu) / seconds, (house.values() - values) / seconds
        line(f"the same at {rate:,.0f} values/s, four limits on each",
             f"{percentile(took, .5):.1f} / {percentile(took, .99):.1f} ms (floor 20 / 200, aim 5 / 50)")
        line("CPU of the server meanwhile", f"{used * 100:.0f} % of a core")
        load.kill()
        load.wait()
    finally:
        house.process.kill()
        house.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
