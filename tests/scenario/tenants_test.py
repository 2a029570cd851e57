"""What a tenant may hold and how many may be connected for it, at every door: past its storage nothing of it is kept, past its
connections nobody more comes in, and its neighbours notice neither."""

import base64
import gzip
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess

from house import PATIENCE_S, PROGRAM, Server, expect, expect_equal, play, skip, wait_for
from people import Web, housed, publish
from web import WebSocket


def tenant_of(web, server, name, quotas):
    """A tenant, and a program of its own that may see and write all of it."""
    web.ask("POST", "/v1/tenants", {"name": name, "quotas": quotas}, 201)
    made = web.ask("POST", f"/v1/tokens?tenant={name}", {"name": "scada", "grants": [{"role": "operator"}]}, 201)
    return Web(server, made["text"])


def used(web, name, kind):
    return web.ask("GET", f"/v1/tenants/{name}", status=200)["quotas"][kind]


def storage_is_limited(folder):
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {"storage_bytes": 4000})
    other = tenant_of(web, server, "other", {"storage_bytes": 4000})
    samples = [{"path": "plant/t", "value": i * 7 % 100, "time": f"2024-03-01T00:{i // 60:02d}:{i % 60:02d}Z"}
               for i in range(1000)]
    acme.ask("POST", "/v1/samples", samples, 200)
    wait_for("a value past the tenant's storage to be refused",
             lambda: acme.ask("POST", "/v1/samples", {"path": "plant/t", "value": 1}) and acme.status == 422)
    refused = acme.ask("POST", "/v1/samples", {"path": "plant/new", "value": 1}, 422)
    expect_equal([r["code"] for r in refused["refused"]], ["storage_max"], "why")
    line = acme.ask("POST", "/write?db=x", b"plant v=1", 507, {"Content-Type": "text/plain"})
    expect("storage" in str(line), f"a line: {line}")
    wait_for("what it holds to be told", lambda: used(web, "acme", "storage_bytes")["used"] >= 4000)
    expect_equal(used(web, "acme", "storage_bytes")["most"], 4000, "and how much it may")
    wait_for("refusals to be told", lambda: used(web, "acme", "storage_bytes")["refused"] >= 3)
    expect_equal(used(web, "other", "storage_bytes")["refused"], 0, "of the tenant alone")
    publish(server, "plant/t", "scada@acme", acme.token, "mqttv5")
    wait_for("MQTT to refuse it too", lambda: "refused: plant/t" in server.log())
    other.ask("POST", "/v1/samples", {"path": "plant/t", "value": 1}, 200)
    metrics = web.ask("GET", "/metrics", status=200)
    expect('mainstem_tenant_storage_bytes{tenant="acme"} ' in metrics, "the metric")
    web.ask("PATCH", "/v1/tenants/acme", {"quotas": {"storage_bytes": 1000000}}, 200)
    wait_for("it to be let in again, with more room",
             lambda: acme.ask("POST", "/v1/samples", {"path": "plant/t", "value": 2}) and acme.status == 200)
    server.stop()


def events(server, token):
    """A stream of events, open; its status."""
    host, port = server.http.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
    connection.request("GET", "/v1/events?match=plant/%23", headers={"Authorization": "Bearer " + token})
    return connection, connection.getresponse()


def connections_are_limited(folder):
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {"connections": 2})
    headers = [("Authorization", f"Bearer {acme.token}")]
    viewer = WebSocket(server, headers=headers)
    stream, answer = events(server, acme.token)
    expect_equal(answer.status, 200, "a stream of events")
    expect_equal(used(web, "acme", "connections")["used"], 2, "both count")
    third, refused = events(server, acme.token)
    expect_equal(refused.status, 503, "a third connection")
    third.close()
    expect(publish(server, "plant/t", "scada@acme", acme.token, "mqttv5") != 0, "an MQTT client is one more")
    acme.ask("POST", "/v1/samples", {"path": "plant/t", "value": 1}, 200)  # a request is none
    stream.close()
    viewer.close()
    answer.close()
    wait_for("who leaves to be counted no more", lambda: used(web, "acme", "connections")["used"] == 0)
    expect_equal(publish(server, "plant/t", "scada@acme", acme.token, "mqttv5"), 0, "an MQTT client, when there is room")
    server.stop()


def mosquitto(server, program, secret, *words):
    if not shutil.which(program):
        skip(program + " is not installed")
    words = [program, "-V", "5", "-h", "127.0.0.1", "-p", str(server.port), "-u", "scada@acme", "-P", secret, *words]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=2 * PATIENCE_S, check=False)
    expect_equal(done.returncode, 0, f"{program}: {done.stderr[:300]}")


def a_deleted_tenants_messages_go(folder):
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {})
    tenant_of(web, server, "other", {})
    mosquitto(server, "mosquitto_sub", acme.token, "-i", "keeper", "-c", "-x", "100000", "-q", "1", "-t", "lamp/#", "-E")
    for i in range(3):
        mosquitto(server, "mosquitto_pub", acme.token, "-r", "-q", "1", "-t", f"lamp/{i}", "-m", "acme's secret light")
    expect(used(web, "acme", "storage_bytes") is not None, "it is told")
    wait_for("the messages to be counted", lambda: used(web, "acme", "storage_bytes")["used"] > 100)
    web.ask("DELETE", "/v1/tenants/acme", status=202)
    server.kill()  # it goes on after a restart
    server = Server(folder + "/data")
    again = Web(server)
    again.cookie = web.cookie

    def done():
        certificate = again.ask("GET", "/v1/tenants/acme/certificate", status=200)
        return certificate["state"] == "done" and certificate

    certificate = wait_for("all to be gone", done)
    expect_equal(certificate["left"], {"retained": 0, "kept_bytes": 0}, "what is left")
    expect("retained messages 3," in certificate["went"], f"what went: {certificate}")
    server.stop()


def an_export_is_whole(folder):
    """More than one message of it, to somebody who takes his time."""
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {})
    other = tenant_of(web, server, "other", {})
    for part in range(4):
        paths = [f"plant/{part}/{i}" for i in range(1000)]
        acme.ask("POST", "/v1/samples", [{"path": path, "value": 1} for path in paths], 200)
    other.ask("POST", "/v1/samples", {"path": "foreign/t", "value": 1}, 200)
    mosquitto(server, "mosquitto_pub", acme.token, "-r", "-q", "1", "-t", "lamp", "-m", "on and off")
    host, port = server.http.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.request("GET", "/v1/tenants/acme/export", headers={"Cookie": web.cookie})
    answer = connection.getresponse()
    expect_equal((answer.status, answer.headers.get("Transfer-Encoding")), (200, "chunked"), "a stream")
    first = answer.read(1000)
    web.ask("GET", "/v1/session", status=200)  # others are served meanwhile
    lines = [json.loads(line) for line in (first + answer.read()).splitlines()]
    connection.close()
    points = [line["point"]["path"] for line in lines if "point" in line]
    points = [path for path in points if "plant/" in path]
    expect_equal((len(points), len(set(points))), (4000, 4000), "points, each once")
    expect("foreign" not in json.dumps(lines), "another tenant's")
    kept = [line["retained"] for line in lines if "retained" in line]
    kept = [(k["topic"], base64.urlsafe_b64decode(k["payload_base64"] + "==")) for k in kept]
    expect_equal(kept, [("lamp", b"on and off")], "retained")
    expect(acme.token not in json.dumps(lines), "a secret")
    server.stop()


def surroundings(server, folder, token=None):
    return {**os.environ, "MAINSTEM_HTTP": server.http, "MAINSTEM_SERVER": "" if token else "unix:" + server.data,
            "MAINSTEM_TOKEN": token or "", "XDG_STATE_HOME": folder + "/state"}


def verb(server, folder, *words, token=None, code=0):
    """As the owner of the server's folder, or with a token; all that it says."""
    result = subprocess.run([PROGRAM, *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=4 * PATIENCE_S, env=surroundings(server, folder, token), check=False)
    expect_equal(result.returncode, code, f"mainstem {' '.join(words)}: {result.stdout}")
    return result.stdout


def samples_in(path):
    """Commands and samples, by path and time."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    samples = {(line["path"], line["time"]): (line["value"], line["quality"]) for line in lines if "time" in line}
    commands = {line["path"]: line["type"] for line in lines if "command" in line}
    expect_equal(len(samples) + len(commands), len(lines), "lines, none twice")
    return commands, samples


def a_tenant_is_a_folder(folder):
    """Configuration and samples, with their sums; another server takes the samples, and has the same."""
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {})
    other = tenant_of(web, server, "other", {})
    written = {}
    for path, values in (("plant/t", [i / 8 - 3 for i in range(500)]), ("plant/state", ["on", "off", "on"]),
                         ("plant/run", [True, False]), ("press/3/n", [1.5e300, -0.1])):
        for i, value in enumerate(values):
            time = f"2026-03-01T08:{i // 60:02d}:{i % 60:02d}.5Z"
            written[path, time] = (value, ("good", "bad", "uncertain")[i % 3])
    acme.ask("POST", "/v1/samples", [{"path": path, "time": time, "value": value, "quality": quality}
                                     for (path, time), (value, quality) in written.items()], 200)
    other.ask("POST", "/v1/samples", {"path": "plant/t", "value": 77, "time": "2026-03-01T09:00:00Z"}, 200)
    web.ask("POST", "/v1/samples", {"path": "house/t", "value": 78, "time": "2026-03-01T09:00:00Z"}, 200)
    whole = folder + "/acme"
    said = verb(server, folder, "tenant", "export", "acme", "--out", whole + "/")
    expect(f"{len(written)} samples of 4 points" in said, said)
    expect_equal(sorted(os.listdir(whole)), ["manifest.json", "samples.ndjson.gz", "tenant.ndjson"], "the folder")
    with open(whole + "/manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    expect_equal([manifest[name] for name in ("tenant", "points", "samples", "missing")], ["acme", 4, len(written), 0],
                 "the manifest")
    for entry in manifest["files"]:
        with open(f"{whole}/{entry['name']}", "rb") as file:
            text = file.read()
        expect_equal((entry["bytes"], entry["sha256"]), (len(text), hashlib.sha256(text).hexdigest()), entry["name"])
    expect_equal(len(manifest["files"]), 2, "files")
    commands, samples = samples_in(whole + "/samples.ndjson.gz")
    expect_equal(commands, {"plant/t": "float64", "plant/state": "string", "plant/run": "bool", "press/3/n": "float64"},
                 "points")
    expect_equal(samples, written, "samples")
    with open(whole + "/tenant.ndjson", encoding="utf-8") as file:
        points = [json.loads(line)["point"]["path"].removeprefix("@acme/") for line in file if line.startswith('{"point":')]
    expect_equal(sorted(points), sorted(commands), "points that are configured")
    tokens = web.ask("GET", "/v1/tokens?tenant=acme", status=200)["tokens"]
    expect_equal([token["name"] for token in tokens], ["scada"], "the token that read the samples is gone")
    # Never over an old one; who may not leaves nothing behind; a host by token may as well.
    verb(server, folder, "tenant", "export", "acme", "--out", whole, code=1)
    verb(server, folder, "tenant", "export", "acme", "--out", folder + "/no", token=acme.token, code=1)
    host = web.ask("POST", "/v1/tokens", {"name": "host", "grants": [{"role": "host"}]}, 201)["text"]
    verb(server, folder, "tenant", "export", "acme", "--out", folder + "/again", token=host)
    expect_equal(samples_in(folder + "/again/samples.ndjson.gz"), (commands, samples), "by a token")
    expect_equal([name for name in os.listdir(folder) if name.startswith("no") or "partial" in name], [], "rests")
    an_interrupted_export_leaves_nothing(server, folder)
    web.ask("PATCH", "/v1/tenants/acme", {"state": "suspended"}, 200)
    said = verb(server, folder, "tenant", "export", "acme", "--out", folder + "/out", code=1)
    expect("mainstem tenant resume acme" in said and not os.path.exists(folder + "/out"), f"suspended: {said}")
    server.stop()
    # Elsewhere.
    elsewhere, host = housed(folder + "/elsewhere")
    fresh = tenant_of(host, elsewhere, "fresh", {})
    made = host.ask("POST", "/v1/tokens?tenant=fresh", {"name": "back", "grants": [{"role": "administrator"}]}, 201)
    verb(elsewhere, folder, "import", whole + "/samples.ndjson.gz", token=made["text"])
    expect_equal(fresh.ask("GET", "/v1/points/plant/t", status=200)["type"], "float64", "the tenant has its points")
    verb(elsewhere, folder, "tenant", "export", "fresh", "--out", folder + "/fresh")
    expect_equal(samples_in(folder + "/fresh/samples.ndjson.gz"), (commands, samples), "on another server")
    elsewhere.stop()


def an_interrupted_export_leaves_nothing(server, folder):
    """The server stands still, so that it ends in the middle, whenever the signal comes."""
    stopped = folder + "/stopped"
    server.process.send_signal(signal.SIGSTOP)
    export = subprocess.Popen([PROGRAM, "tenant", "export", "acme", "--out", stopped], stderr=subprocess.DEVNULL,
                              env=surroundings(server, folder))
    wait_for("it to begin", lambda: os.path.exists(stopped + ".partial/tenant.ndjson"))
    export.send_signal(signal.SIGTERM)
    expect_equal(export.wait(PATIENCE_S), 1, "its end")
    server.process.send_signal(signal.SIGCONT)
    expect_equal([name for name in os.listdir(folder) if name.startswith("stopped")], [], "rests of it")


if __name__ == "__main__":
    play(storage_is_limited, connections_are_limited, a_deleted_tenants_messages_go, an_export_is_whole,
         a_tenant_is_a_folder)
