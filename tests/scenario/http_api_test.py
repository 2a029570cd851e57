"""The HTTP API as its users meet it: curl, Python's http.client, and raw sockets for what neither
would send, against the real binary."""

import gzip
import http.client
import json
import re
import shutil
import socket
import subprocess
import threading

from house import PATIENCE_S, Raw, Server, expect, expect_equal, note, play, skip, wait_for

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}


class Api:
    """One connection that is kept alive."""

    def __init__(self, server):
        host, port = server.http.rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body; the body taken apart when it is JSON."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if body is not None and headers is None:
            headers = JSON
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.headers.get("Content-Type", "").split(";")[0] in ("application/json", "application/problem+json"):
            data = json.loads(data)
        return answer.status, answer.headers, data

    def get(self, path):
        status, _, data = self.ask("GET", path)
        expect_equal(status, 200, f"status of GET {path}: {data}")
        return data

    def post(self, path, body, wanted=200):
        status, _, data = self.ask("POST", path, body)
        expect_equal(status, wanted, f"status of POST {path}: {data}")
        return data


def raw(server, data, end=b""):
    """Sends bytes, reads until the server closes or the answer ends so."""
    host, port = server.http.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(data)
        answer = b""
        while not end or not answer.endswith(end):
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
        return answer


def curl(server, path, *words, body=None):
    """Status and body of what curl was answered."""
    result = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", *words, f"http://{server.http}{path}"],
                            input=body, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            timeout=4 * PATIENCE_S, check=False)
    expect_equal(result.returncode, 0, f"curl {path}: {result.stderr.decode()}")
    text, status = result.stdout.rsplit(b"\n", 1)
    return int(status), text


def a_life_of_a_point_with_curl(folder):
    if not shutil.which("curl"):
        skip("there is no curl")
    server = Server(folder + "/data")
    kind = ("-H", "Content-Type: application/json")
    status, text = curl(server, "/v1/points", *kind, "-d",
                        '{"path":"plant/line 1/temp","unit":"Cel","limits":{"high":80}}')
    expect_equal(status, 201, text)
    status, text = curl(server, "/v1/samples", *kind, "-d",
                        '{"path":"plant/line 1/temp","value":81.2,"time":"2026-03-01T08:00:00Z"}')
    expect_equal((status, json.loads(text)["taken"]), (200, 1), text)
    status, text = curl(server, "/v1/points/plant/line%201/temp", "--compressed")
    point = json.loads(text)
    expect_equal(status, 200, text)
    expect_equal((point["value"], point["time"], point["limit_state"], point["unit"]),
                 (81.2, "2026-03-01T08:00:00Z", "high", "Cel"), "the point")
    expect_equal(curl(server, "/v1/points/plant%2Fline%201%2Ftemp")[1], text, "with %2F")
    expect_equal(curl(server, "/v1/points/plant/line%201/temp", "-X", "PATCH", *kind, "-d",
                      '{"path":"plant/oil"}')[0], 200, "rename")
    expect_equal(curl(server, "/v1/points/plant/line%201/temp")[0], 404, "the old path")
    expect_equal(curl(server, "/v1/points/plant/oil", "-X", "DELETE")[0], 200, "retire")
    expect_equal(curl(server, "/v1/points/plant/oil")[0], 404, "a retired point")
    status, text = curl(server, "/v1/points", "-I")
    expect(text.startswith(b"HTTP/1.1 200") and b"Content-Length" in text, f"HEAD: {text!r}")


def large_bodies_with_curl(folder):
    """curl asks with Expect: 100-continue before it sends so much; then chunked, then gzip."""
    if not shutil.which("curl"):
        skip("there is no curl")
    server = Server(folder + "/data")
    lines = "".join(f'{{"path":"big/{i % 500}","value":{i},"time":{1772352000000 + i}}}\n'
                    for i in range(60000)).encode()
    kind = ("-H", "Content-Type: application/x-ndjson", "--data-binary", "@-")
    status, text = curl(server, "/v1/samples", *kind, "--expect100-timeout", "60", body=lines)
    expect_equal((status, json.loads(text)["taken"]), (200, 60000), text)
    status, text = curl(server, "/v1/samples", *kind, "-H", "Transfer-Encoding: chunked", body=lines)
    expect_equal((status, json.loads(text)["taken"]), (200, 60000), text)
    status, text = curl(server, "/v1/samples", *kind, "-H", "Content-Encoding: gzip", body=gzip.compress(lines))
    expect_equal((status, json.loads(text)["taken"]), (200, 60000), text)
    expect_equal(Api(server).get("/v1/points/big/499")["value"], 59999, "the last value")


def both_doors_show_the_same(folder):
    server = Server(folder + "/data")
    api, mqtt = Api(server), Raw(server)
    mqtt.publish("plant/pump", '{"on":true,"bar":2.5,"count":9007199254740993,"name":"east"}')
    wanted = {"plant/pump/on": True, "plant/pump/bar": 2.5, "plant/pump/count": 9007199254740993,
              "plant/pump/name": "east"}
    for path, value in wanted.items():
        expect_equal(api.get(f"/v1/points/{path}")["value"], value, path)
    api.post("/v1/samples", [{"path": "plant/pump/bar", "value": 2.75}, {"path": "new/one", "value": "x"}])
    points = server.control().points()
    expect_equal(points["plant/pump/bar"]["value"], 2.75, "by the control door")
    expect_equal(points["new/one"]["type"], "string", "type of the new point")
    mqtt.publish("plant/pump", '{"bar":"high"}')
    refused = api.get("/v1/points/plant/pump/bar")["refused"]
    expect_equal([(entry["topic"], entry["reason"]) for entry in refused], [("plant/pump", "type")],
                 "refusals of the point")
    expect_equal(api.get("/v1/points/new/one")["refused"], [], "refusals of another")


def what_was_answered_survives_a_kill(folder):
    server = Server(folder + "/data")
    taken = {}

    def send(worker):
        api = Api(server)
        for number in range(100000):
            path = f"kill/{worker}/{number % 10}"
            try:
                status, _, _ = api.ask("POST", "/v1/samples", {"path": path, "value": number})
            except (OSError, http.client.HTTPException):
                return
            if status == 200:
                taken[path] = number

    workers = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    wait_for("400 samples", lambda: sum(taken.values()) > 4000)
    server.kill()
    for worker in workers:
        worker.join()
    server = Server(folder + "/data")
    api = Api(server)
    for path, number in taken.items():
        found = api.get(f"/v1/points/{path}")["value"]
        expect(found >= number, f"{path}: {number} was acknowledged, {found} is there")
    note(f"{len(taken)} points asked after the kill, all there")


def commands_in_bulk_then_pages_and_the_tree(folder):
    server = Server(folder + "/data")
    api = Api(server)
    count = 20000
    body = "".join(f'{{"command":"create","path":"site-{i % 7}/dev-{i // 7}","labels":{{"row":"{i % 3}"}}}}\n'
                   for i in range(count))
    body += '{"command":"create","path":"site-0/dev-0"}\n{"command":"create"}\n'
    status, headers, data = api.ask("POST", "/v1/commands", body, LINES)
    expect_equal(status, 200, "status of the bulk")
    expect_equal(headers["Content-Type"], "application/x-ndjson", "its media type")
    answers = [json.loads(line) for line in data.decode().splitlines()]
    expect_equal(len(answers), count + 2, "answers")
    expect(all(answer["outcome"] == "done" for answer in answers[:count]), "not all are done")
    expect_equal([answer["index"] for answer in answers], list(range(count + 2)), "their order")
    expect_equal([answer["code"] for answer in answers[count:]], ["path_taken", "command_invalid"], "the rest")

    wait_for("the index", lambda: api.get("/v1/points?limit=1")["entered"] == 1)
    paths, after = [], ""
    while after is not None:
        page = api.get("/v1/points?match=site-3/%23&label=row:1&limit=1000" + after)
        paths += [point["path"] for point in page["points"]]
        after = page["next"] and "&after=" + page["next"]
    wanted = [f"site-3/dev-{i // 7}" for i in range(count) if i % 7 == 3 and i % 3 == 1]
    expect_equal(paths, wanted, "paths by pattern and label")
    tree = api.get("/v1/tree")
    expect_equal(tree["count"], count, "points at the root")
    expect_equal([child["name"] for child in tree["children"]], [f"site-{i}" for i in range(7)], "branches")
    expect_equal(sum(child["count"] for child in tree["children"]), count, "points in them")
    page = api.get("/v1/tree?path=site-2&limit=3&after=dev-9&values=true")
    expect_equal([child["point"]["path"] for child in page["children"]],
                 ["site-2/dev-10", "site-2/dev-11", "site-2/dev-12"], "natural order")


def a_key_holds_over_a_restart(folder):
    server = Server(folder + "/data")
    headers = {**JSON, "Idempotency-Key": "order-17"}
    status, _, first = Api(server).ask("POST", "/v1/points", {"path": "a"}, headers)
    expect_equal((status, first["outcome"]), (201, "done"), "the first time")
    server.kill()
    server = Server(folder + "/data")
    status, answer, again = Api(server).ask("POST", "/v1/points", {"path": "a"}, headers)
    expect_equal((status, again["first"], again["point"]), (201, "done", first["point"]), "the second time")
    expect_equal(answer["Idempotency-Replayed"], "true", "Idempotency-Replayed")
    status, _, problem = Api(server).ask("POST", "/v1/points", {"path": "a"})
    expect_equal((status, problem["code"]), (409, "path_taken"), "without the key")


def one_connection_carries_many_requests(folder):
    server = Server(folder + "/data")
    api = Api(server)
    api.post("/v1/points", {"path": "a"}, 201)
    kept = api.connection.sock
    for _ in range(1000):
        expect_equal(api.get("/v1/points/a")["path"], "a", "the point")
    expect(api.connection.sock is kept, "the connection was not kept alive")
    head = f"Host: {server.http}\r\n"
    body = '{"path":"a","value":1}'
    post = f"POST /v1/samples HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    answer = raw(server, (f"GET /v1/points/a HTTP/1.1\r\n{head}\r\n" + post +
                          f"GET /v1/points/b HTTP/1.1\r\n{head}\r\n"
                          f"GET /v1/points/a HTTP/1.1\r\n{head}Connection: close\r\n\r\n").encode())
    found = re.findall(r"HTTP/1\.1 (\d+) ", answer.decode())
    expect_equal(found, ["200", "200", "404", "200"], "answers in the order of the requests")
    expect(answer.decode().rstrip().endswith("}") and '"value":1' in answer.decode().rsplit("HTTP/1.1", 1)[1],
           "the request behind the sample does not see it")


def pages_of_others_are_kept_out(folder):
    server = Server(folder + "/data")
    api = Api(server)
    body = {"path": "evil"}
    cases = (({"Host": "evil.example"}, 421, "host"), ({"Origin": "http://evil.example"}, 403, "origin"),
             ({"Origin": "null"}, 403, "origin"), ({"Sec-Fetch-Site": "cross-site"}, 403, "origin"),
             ({"Content-Type": "text/plain"}, 415, "media"),
             ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "media"))
    for headers, status, code in cases:
        found, answer, problem = api.ask("POST", "/v1/points", body, {**JSON, **headers})
        expect_equal((found, problem["code"]), (status, code), f"with {headers}")
        expect(answer["Access-Control-Allow-Origin"] is None, "a CORS header")
        api = Api(server)
    found, _, _ = api.ask("POST", "/v1/points", body, {**JSON, "Origin": f"http://{server.http}",
                                                       "Sec-Fetch-Site": "same-origin"})
    expect_equal(found, 201, "its own page")


def limits_have_their_statuses(folder):
    server = Server(folder + "/data", "--http-body", "64K")
    host = f"Host: {server.http}\r\n"
    cases = (("GET /v1/points?contains=" + "x" * 9000, "", "414"), ("GET /v1/points", "X-Long: " + "x" * 9000 + "\r\n", "431"),
             ("GET /v1/points", "".join(f"X-{i}: 1\r\n" for i in range(101)), "431"),
             ("POST /v1/samples", "Content-Type: application/json\r\nContent-Length: 65537\r\n", "413"),
             ("PUT /v1/points", "Content-Length: 0\r\n", "405"), ("GET /v1/nothing", "", "404"),
             ("GET /v1/points?no=1", "", "400"), ("POST /v1/tree", "Content-Length: 0\r\n", "405"))
    for line, headers, status in cases:
        answer = raw(server, f"{line} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n".encode()).decode()
        expect(answer.startswith(f"HTTP/1.1 {status} "), f"{line[:40]}: {answer[:200]!r}")
        problem = json.loads(answer.split("\r\n\r\n", 1)[1])
        expect(problem["code"] and problem["detail"] and problem["status"] == int(status), f"problem: {problem}")
    body = json.dumps({"path": "a", "value": "x" * 4000}) + " " * 70000
    status, _, _ = Api(server).ask("POST", "/v1/samples", body[:65536])
    expect_equal(status, 200, "a body as long as http.body")


def the_system_tells_of_itself(folder):
    server = Server(folder + "/data")
    api = Api(server)
    api.post("/v1/samples", {"path": "a", "value": 1})
    for path in ("/healthz", "/readyz", "/v1/state", "/v1/settings", "/v1/refused", "/v1/clients",
                 "/v1/retained", "/v1/topics", "/v1/openapi.json"):
        expect(isinstance(api.get(path), dict), f"{path} is no JSON object")
    metrics = api.get("/metrics").decode()
    expect("# TYPE" in metrics and "mainstem_" in metrics, "the metrics are none")
    document = api.get("/v1/openapi.json")
    for path in ("/v1/points", "/v1/points/{path}", "/v1/samples", "/v1/commands", "/v1/tree"):
        expect(path in document["paths"], f"{path} is not in the document")


if __name__ == "__main__":
    play(a_life_of_a_point_with_curl, large_bodies_with_curl, both_doors_show_the_same,
         what_was_answered_survives_a_kill, commands_in_bulk_then_pages_and_the_tree,
         a_key_holds_over_a_restart, one_connection_carries_many_requests, pages_of_others_are_kept_out,
         limits_have_their_statuses, the_system_tells_of_itself)
