#!/usr/bin/python3
"""Many tenants on one server, of which one sends ten times what it may: what becomes of the others'
PUBACK. Each tenant has a client of its own that sends a message of ten values now and then; first
without the flood, then with it.

  bench/tenants.py --server build/mainstem [--tenants 2000] [--seconds 20] [--rate 2000]

The flood is `mainstem load` with the token of one more tenant, whose quota is 1,000 values/s, at
10,000 values/s; open loop, so that what waits piles up at the server's door. Latency counts from the
moment a message is due."""

import argparse
import json
import resource
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from house import House

QUOTA = 1000


def words():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/mainstem")
    parser.add_argument("--data", default="/dev/shm")
    parser.add_argument("--tenants", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2000, help="messages a second of all but the flood")
    parser.add_argument("--flood-connections", type=int, default=50)
    parser.add_argument("--no-quota", action="store_true", help="the flood has none: only turns are taken")
    return parser.parse_args()


class Estate(House):
    def tenant(self, name, quotas):
        self.order("POST", "/v1/tenants", name=name, quotas=quotas)
        return self.order("POST", f"/v1/tokens?tenant={name}", name="gate",
                          grants=[{"role": "operator", "branch": "#"}])["text"]


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def packet(kind, body):
    size, length = len(body), b""
    while True:
        size, digit = size >> 7, size & 127
        length += bytes([digit | (128 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


class Client:
    def __init__(self, port, token):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(packet(0x10, text("MQTT") + b"\x04\xC2\x00\x00" + text("gate") + text("gate") +
                                   text(token)))
        if self.socket.recv(16)[3] != 0:
            sys.exit("a client is refused")
        payload = json.dumps({f"m{i}": i + 0.5 for i in range(10)})
        self.message = packet(0x32, text("plant/line/device") + b"\x00\x01" + payload.encode())
        self.due = 0.0


def measure(clients, seconds, rate):
    """Latencies in ms of what the clients send in turn, at this rate."""
    chooser = selectors.DefaultSelector()
    for client in clients:
        client.due = 0.0
        chooser.register(client.socket, selectors.EVENT_READ, client)
    took, began, sent = [], time.monotonic(), 0
    end = began + seconds
    while True:
        now = time.monotonic()
        if now >= end:
            break
        while began + sent / rate <= now:
            client = clients[sent % len(clients)]
            if client.due == 0.0:
                client.due = began + sent / rate
                client.socket.send(client.message)
            sent += 1
        for key, _ in chooser.select(max(0.0, began + sent / rate - time.monotonic())):
            client = key.data
            if not client.socket.recv(64):
                sys.exit("a connection closed")
            if client.due:  # else it answers what was sent in the phase before
                took.append((time.monotonic() - client.due) * 1000)
            client.due = 0.0
    for client in clients:
        chooser.unregister(client.socket)
    return sorted(took)


def share(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]


def main():
    asked = words()
    resource.setrlimit(resource.RLIMIT_NOFILE, (asked.tenants + 1000,) * 2)
    folder = tempfile.mkdtemp(prefix="tenants-", dir=asked.data)
    house = Estate(asked.server, folder + "/data")
    flood = None
    try:
        quotas = {} if asked.no_quota else {"values_per_second": QUOTA}
        tokens = [house.tenant(f"tenant{n}", {"values_per_second": QUOTA}) for n in range(asked.tenants)]
        flooder = house.tenant("flooder", quotas)
        clients = [Client(house.mqtt, token) for token in tokens]
        measure(clients, 5, asked.rate)  # warm, and the points are made
        cpu = house.cpu_s()
        alone = measure(clients, asked.seconds, asked.rate)
        cpu_alone = house.cpu_s() - cpu
        flood = subprocess.Popen(
            [asked.server, "load", "--server", f"127.0.0.1:{house.mqtt}", "--user", "gate", "--password", flooder,
             "--connections", str(asked.flood_connections), "--points", "5000", "--value-rate", str(10 * QUOTA),
             "--duration", str(asked.seconds + 10)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(4)
        cpu = house.cpu_s()
        beside = measure(clients, asked.seconds, asked.rate)
        cpu_beside = house.cpu_s() - cpu
        used = house.order("GET", "/v1/tenants/flooder")["quotas"]["values_per_second"]["used"]
        print(f"{asked.tenants} tenants, {asked.rate:.0f} messages/s of 10 values; the flood: "
              f"{10 * QUOTA} values/s wanted, {used} taken")
        for name, took, seconds in (("without the flood", alone, cpu_alone), ("beside it", beside, cpu_beside)):
            print(f"  {name:18} PUBACK p50 {share(took, .5):7.2f} ms  p99 {share(took, .99):7.2f} ms  "
                  f"of {len(took)}; server {seconds / asked.seconds:.3f} cores")
        print(f"  p99 {share(beside, .99) / share(alone, .99):.2f}x, p50 {share(beside, .5) / share(alone, .5):.2f}x; "
              f"mean {statistics.mean(beside) / statistics.mean(alone):.2f}x")
    finally:
        if flood:
            flood.kill()
        house.process.terminate()
        house.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
