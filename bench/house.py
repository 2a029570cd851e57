"""A server for a measurement in Python: started on free ports, asked over HTTP, its processor time read."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class House:
    def __init__(self, program, folder):
        self.mqtt, self.http = free_port(), free_port()
        self.process = subprocess.Popen(
            [program, "serve", "--data", folder, "--mqtt", f"127.0.0.1:{self.mqtt}", "--http",
             f"127.0.0.1:{self.http}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.order("GET", "/healthz")
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("the server does not start")

    def request(self, verb, target, media="text/plain", body=None):
        """The bytes of a good answer; another ends the measurement."""
        api = http.client.HTTPConnection("127.0.0.1", self.http)
        api.request(verb, target, body, {"Content-Type": media})
        answer = api.getresponse()
        text = answer.read()
        api.close()
        if answer.status >= 300:
            sys.exit(f"{verb} {target}: {answer.status} {text[:500].decode()}")
        return text

    def order(self, verb, target, **body):
        text = self.request(verb, target, "application/json", json.dumps(body) if body else None)
        return json.loads(text) if text.startswith(b"{") else {}

    def cpu_s(self):
        return cpu_s(self.process.pid)
