"""What the scenarios about people share: a program or a browser that asks by HTTP and keeps who it is, the way from an
empty folder to the first host, codes of second factors, and a message of somebody known."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import shutil
import struct
import subprocess
import time

from house import PATIENCE_S, Server, expect, expect_equal, skip

PASSWORD = "correct horse battery staple"
OTHER = "seven quiet tables under rain"


class Web:
    """A program or a browser: keeps a cookie, or sends a token."""

    def __init__(self, server, token=None):
        self.host, self.port = server.http.rsplit(":", 1)
        self.cookie, self.token = None, token

    def ask(self, verb, path, body=None, status=None, headers=None):
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=PATIENCE_S)
        sent = dict(headers or {})
        if self.cookie:
            sent["Cookie"] = self.cookie
        if self.token:
            sent["Authorization"] = "Bearer " + self.token
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection.request(verb, path, data, sent)
        reply = connection.getresponse()
        text = reply.read()
        for cookie in reply.headers.get_all("Set-Cookie") or []:
            self.cookie = cookie.split(";")[0]
            self.cookie_line = cookie
            if self.cookie.endswith("="):
                self.cookie = None
        self.headers = reply.headers
        self.status = reply.status
        connection.close()
        if status is not None:
            expect_equal(reply.status, status, f"{verb} {path}: {text[:400]}")
        if "json" in (reply.headers.get("Content-Type") or "") and "ndjson" not in reply.headers["Content-Type"]:
            return json.loads(text)
        return text.decode()

    def login(self, user, password, code=None, status=200):
        body = {"user": user, "password": password}
        if code:
            body["code"] = code
        return self.ask("POST", "/v1/session", body, status)


def publish(server, topic, user=None, secret=None, version="mqttv311"):
    """mosquitto_pub as this user; its exit code."""
    if not shutil.which("mosquitto_pub"):
        skip("mosquitto_pub is not installed")
    words = ["mosquitto_pub", "-V", version, "-h", "127.0.0.1", "-p", str(server.port), "-q", "1", "-t", topic, "-m", "21.5"]
    words += ["-u", user, "-P", secret] if user else []
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=2 * PATIENCE_S,
                          check=False).returncode


def code_of(secret, step=0):
    """The code of a second factor, as an application makes it (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = int(time.time()) // 30 + step
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def setup_token(server):
    found = re.findall(r"/setup#(\S+)", server.log())
    expect(found, f"the log names no set-up link: {server.log()[-600:]}")
    return found[-1]


def housed(folder, *words):
    """A server with its first host, and that host's browser."""
    server = Server(folder + "/data", *words)
    web = Web(server)
    web.ask("POST", "/v1/setup", {"token": setup_token(server), "name": "ann", "password": PASSWORD}, 201)
    return server, web
