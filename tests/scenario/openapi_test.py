"""Contract of the HTTP API: the document is valid, every route it lists is asked, and every answer is
what its schema says: nothing that is not described, nothing described that is never answered. Also
the metrics, read as strictly as Prometheus does."""

import copy
import json
import math
import re
import time
from urllib.parse import quote

try:
    import jsonschema
except ImportError:
    jsonschema = None

from house import Failed, Raw, Server, connect_packet, expect, expect_equal, note, play, skip, wait_for
from openapi_documents import documents_ask
from openapi_notices import notices_ask
from people import OTHER, PASSWORD, code_of, setup_token
from web import BINARY, Http, WebSocket, ask, frame

VERBS = ("get", "post", "put", "patch", "delete")


def document_of(server):
    answer = ask(server, "GET", "/v1/openapi.json")
    expect_equal((answer.status, answer.media()), (200, "application/json"), "the document")
    return answer.json()


def operations_of(document):
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield path, verb, operation


def validator_of(document, schema, strict=False):
    components = document["components"]
    if strict:
        components = copy.deepcopy(components)
        for made in components["schemas"].values():
            if "properties" in made:
                made["additionalProperties"] = False
    return jsonschema.Draft202012Validator({**schema, "components": components},
                                           format_checker=jsonschema.FormatChecker())


def faults_of(document, schema, value, strict=False):
    return [f"{'/'.join(map(str, error.path))}: {error.message[:300]}"
            for error in validator_of(document, schema, strict).iter_errors(value)]


def expect_valid(document, schema, value, what, strict=False):
    faults = faults_of(document, schema, value, strict)
    expect(not faults, f"{what}: {faults[:5]}")


# ---- the document ---------------------------------------------------------------------------------------

def references_in(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from references_in(value)


def the_document_is_valid(folder):
    document = document_of(Server(folder + "/data"))
    expect(re.fullmatch(r"3\.1\.\d+", document["openapi"]), "the version of OpenAPI")
    expect(document["info"]["title"] and document["info"]["version"], "title and version")
    expect(all("url" in server for server in document["servers"]), "servers have an url")
    for path in document["paths"]:
        expect(path.startswith("/"), f"{path} begins with a slash")
    tags = {tag["name"] for tag in document["tags"]}
    names = set()
    for path, verb, operation in operations_of(document):
        what = f"{verb} {path}"
        expect(verb in VERBS, f"{what}: a method")
        expect(operation["operationId"] not in names, f"{what}: operationId is there twice")
        names.add(operation["operationId"])
        expect(operation["summary"], f"{what}: a summary")
        expect(set(operation["tags"]) <= tags, f"{what}: tags {operation['tags']}")
        templates = set(re.findall(r"{(\w+)}", path))
        parameters = operation["parameters"]
        expect_equal({p["name"] for p in parameters if p["in"] == "path"}, templates, f"{what}: in the path")
        keys = [(p["name"], p["in"]) for p in parameters]
        expect_equal(len(keys), len(set(keys)), f"{what}: parameters, each once")
        for parameter in parameters:
            expect(parameter["in"] in ("path", "query", "header"), f"{what}: {parameter}")
            expect(parameter["in"] != "path" or parameter["required"], f"{what}: {parameter}")
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])
            expect(parameter["description"], f"{what}: {parameter} has words")
        expect(operation["responses"], f"{what}: responses")
        for status, response in operation["responses"].items():
            expect(re.fullmatch(r"[1-5]\d\d|default", status), f"{what}: status {status}")
            expect(response["description"], f"{what}: {status} has a description")
            for media, content in response.get("content", {}).items():
                expect("/" in media, f"{what}: media {media}")
                jsonschema.Draft202012Validator.check_schema(content["schema"])
    for reference in references_in(document):
        name = reference.removeprefix("#/components/schemas/")
        expect(name in document["components"]["schemas"], f"{reference} leads nowhere")
    used = {reference.rsplit("/", 1)[1] for reference in references_in(document)}
    expect_equal(sorted(set(document["components"]["schemas"]) - used), [], "schemas that nobody names")


def examples_are_as_their_schemas_say(folder):
    document = document_of(Server(folder + "/data"))
    for name, schema in document["components"]["schemas"].items():
        expect(re.fullmatch(r"[A-Za-z0-9._-]+", name), f"the name {name}")
        expect(schema["description"], f"{name} has words")
        jsonschema.Draft202012Validator.check_schema(schema)
        for example in schema["examples"]:
            expect_valid(document, {"$ref": f"#/components/schemas/{name}"}, example,
                         f"the example of {name}", strict=True)


# ---- every route ----------------------------------------------------------------------------------------

NDJSON = "application/x-ndjson"
POINT = "/v1/points/house/device-2/temp"


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


# By operation: (method, target, body, options, status). Those that need more are in `special`.
CALLS = {
    "createPoint": [
        ("POST", "/v1/points", {"path": "made/one", "type": "float64", "unit": "degC", "description": "d",
                                "labels": {"line": "1"}, "limits": {"low_low": 1, "low": 2, "high": 8, "high_high": 9}},
         {"headers": [("Idempotency-Key", "k1")]}, 201),
        ("POST", "/v1/points", {"path": "made/one", "type": "float64", "unit": "degC", "description": "d",
                                "labels": {"line": "1"}, "limits": {"low_low": 1, "low": 2, "high": 8, "high_high": 9}},
         {"headers": [("Idempotency-Key", "k1")]}, 201),
        ("POST", "/v1/points", {"path": "made/one"}, {}, 409),
        ("POST", "/v1/points", {"path": "$made"}, {}, 422),
        ("POST", "/v1/points", {"path": 7}, {}, 422),
        ("POST", "/v1/points", "{", {}, 400),
        ("POST", "/v1/points", lines({"command": "create", "path": "made/two"}, {"command": "create", "path": "made/two"},
                                     {"nothing": 1}), {"media": NDJSON}, 200)],
    "getPoint": [
        ("GET", POINT, None, {}, 200), ("GET", "/v1/points/house%2Fdevice-2%2Ftemp", None, {}, 200),
        ("GET", "/v1/points/made/one", None, {}, 200), ("GET", "/v1/points/house/odd", None, {}, 200),
        ("GET", "/v1/points/nowhere", None, {}, 404)],
    "listPoints": [
        ("GET", "/v1/points", None, {}, 200),
        ("GET", "/v1/points?match=house/%23&whole=true&limit=3", None, {}, 200),
        ("GET", "/v1/points?contains=TEMP&type=float64&quality=good&state=none", None, {}, 200),
        ("GET", "/v1/points?label=line:1&label=line", None, {}, 200),
        ("GET", "/v1/points?limit=0", None, {}, 400), ("GET", "/v1/points?match=a//b", None, {}, 400),
        ("GET", "/v1/points?nothing=1", None, {}, 400)],
    "changePoint": [
        ("PATCH", "/v1/points/made/one", {"unit": "K", "labels": {}, "limits": {}}, {}, 200),
        ("PATCH", "/v1/points/made/one", {"path": "made/renamed"}, {"headers": [("Idempotency-Key", "k2")]}, 200),
        ("PATCH", "/v1/points/nowhere", {"unit": "K"}, {}, 404),
        ("PATCH", POINT, {"type": "string"}, {}, 409),
        ("PATCH", POINT, {"path": "a", "unit": "b"}, {}, 422)],
    "retirePoint": [("DELETE", "/v1/points/made/two", None, {}, 200), ("DELETE", "/v1/points/made/two", None, {}, 404)],
    "postCommands": [
        ("POST", "/v1/commands", {"command": "create", "path": "made/three", "key": "k3"}, {}, 200),
        ("POST", "/v1/commands", {"command": "retire", "path": "made/nothing"}, {}, 404),
        ("POST", "/v1/commands", lines({"command": "create", "path": "made/four", "client": "c", "sequence": 1},
                                       {"command": "rename", "path": "made/four", "new_path": "made/five"}),
         {"media": NDJSON}, 200)],
    "getTree": [
        ("GET", "/v1/tree", None, {}, 200), ("GET", "/v1/tree?path=house&values=true", None, {}, 200),
        ("GET", "/v1/tree?path=house&limit=1", None, {}, 200), ("GET", "/v1/tree?path=house/device-2&values=true", None, {}, 200),
        ("GET", "/v1/tree?path=nowhere", None, {}, 404)],
    "postSamples": [
        ("POST", "/v1/samples", {"path": "made/sample", "value": 1.5}, {}, 200),
        ("POST", "/v1/samples", [{"path": "made/sample", "value": 2, "time": "2026-03-01T08:00:00Z", "quality": "uncertain"},
                                 {"path": "made/sample", "value": "text"}], {}, 200),
        ("POST", "/v1/samples", {"samples": [{"path": "made/sample", "value": None, "time": 1772352000}]}, {}, 200),
        ("POST", "/v1/samples", lines({"path": "made/sample", "value": 1}, {"path": "made/sample"}), {"media": NDJSON}, 200),
        ("POST", "/v1/samples", {"path": "made/sample", "value": "text"}, {}, 422),
        ("POST", "/v1/samples", {"path": "made/wrong", "value": 99.5, "time": "2026-03-01T08:00:00Z"}, {}, 200),
        ("POST", "/v1/samples", "[", {}, 400)],
    "postWrite": [
        ("POST", "/write?db=x&precision=s", "made,by=lines v=1.5,on=t 1772352000\n", {"media": "text/plain"}, 204),
        ("POST", "/write", "made,by=lines v=\n", {"media": None}, 400),
        ("POST", "/write?precision=d", "made,by=lines v=1\n", {"media": "text/plain"}, 400)],
    "postWriteV2": [
        ("POST", "/api/v2/write?org=o&bucket=b", "made,by=lines v=2.5\n", {"media": "text/plain"}, 204),
        ("POST", "/api/v2/write?org=o&bucket=b", "made,by=lines v=\n", {"media": "text/plain"}, 400)],
    "getPing": [("GET", "/ping", None, {}, 204), ("GET", "/ping?verbose=true", None, {}, 200)],
    "getInfluxHealth": [("GET", "/health", None, {}, 200)],
    "getInfluxQuery": [("GET", "/query?q=SHOW+DATABASES", None, {}, 200), ("GET", "/query?q=SELECT+1", None, {}, 400)],
    "postInfluxQuery": [
        ("POST", "/query", "q=CREATE+DATABASE+x", {"media": "application/x-www-form-urlencoded"}, 200),
        ("POST", "/query?q=DROP+DATABASE+x", None, {}, 400)],
    "putPolicy": [
        ("PUT", "/v1/policies/seen", {"match": "house/#"}, {}, 200),
        ("PUT", "/v1/policies/presses",
         {"match": "house/+/temp", "deadband": 0.1, "deadband_percent": 1, "retention_s": 86400, "when_full": "drop_oldest",
          "priority": 7, "rank": 1, "rollups": {"minute_s": 0, "hour_s": 86400, "day_s": None}},
         {"headers": [("Idempotency-Key", "p1")]}, 200),
        ("PUT", "/v1/policies/presses", {"match": "house/+/temp"}, {"headers": [("Idempotency-Key", "p1")]}, 200),
        ("PUT", "/v1/policies/presses", {"match": "a//b"}, {}, 422),
        ("PUT", "/v1/policies/presses", {"match": "a", "deadband": -1}, {}, 422),
        ("PUT", "/v1/policies/presses", {"match": "a", "rollups": {"week_s": 1}}, {}, 422),
        ("PUT", "/v1/policies/presses", {"nothing": 1}, {}, 422),
        ("PUT", "/v1/policies/a%2Fb", {"match": "a"}, {}, 422)],
    "listPolicies": [
        ("GET", "/v1/policies", None, {}, 200), ("GET", "/v1/policies?path=house/device-1/temp", None, {}, 200),
        ("GET", "/v1/policies?path=elsewhere", None, {}, 200), ("GET", "/v1/policies?path=a//b", None, {}, 400)],
    "getPolicy": [("GET", "/v1/policies/presses", None, {}, 200), ("GET", "/v1/policies/nothing", None, {}, 404)],
    "movePolicy": [
        ("PATCH", "/v1/policies/presses", {"rank": 2}, {}, 200), ("PATCH", "/v1/policies/nothing", {"rank": 2}, {}, 404),
        ("PATCH", "/v1/policies/presses", {"rank": 0}, {}, 422), ("PATCH", "/v1/policies/presses", {}, {}, 422)],
    "removePolicy": [
        ("DELETE", "/v1/policies/presses", None, {}, 200), ("DELETE", "/v1/policies/presses", None, {}, 404)],
    "correctSample": [
        ("POST", "/v1/corrections", {"path": "made/wrong", "time": "2026-03-01T08:00:00Z", "value": 21.5,
                                     "reason": "calibrated", "author": "Li Wei"},
         {"headers": [("Idempotency-Key", "c1")]}, 201),
        ("POST", "/v1/corrections", {"path": "made/wrong", "time": "2026-03-01T08:00:00Z", "value": 21.5},
         {"headers": [("Idempotency-Key", "c1")]}, 201),
        ("POST", "/v1/corrections", {"path": "made/wrong", "time": 1772352000, "value": None}, {}, 201),
        ("POST", "/v1/corrections", {"path": "made/nothing", "time": 1772352000, "value": 1}, {}, 404),
        ("POST", "/v1/corrections", {"path": "made/wrong", "time": "yesterday", "value": 1}, {}, 422),
        ("POST", "/v1/corrections", {"path": "made/wrong", "time": 1772352000, "value": "hot"}, {}, 422)],
    "listCorrections": [
        ("GET", "/v1/corrections", None, {}, 200), ("GET", "/v1/corrections?path=made/wrong&limit=1", None, {}, 200),
        ("GET", "/v1/corrections?match=made/%2B&from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", None, {}, 200),
        ("GET", "/v1/corrections?path=made/nothing", None, {}, 404), ("GET", "/v1/corrections?from=x", None, {}, 400)],
    "annotatePoint": [
        ("POST", "/v1/annotations", {"path": "made/wrong", "text": "the north one"}, {}, 201),
        ("POST", "/v1/annotations", {"path": "made/wrong", "time": "2026-03-01T08:00:00Z", "to": "2026-03-01T09:00:00Z",
                                     "text": "door open", "author": "Li Wei", "key": "n1"}, {}, 201),
        ("POST", "/v1/annotations", {"path": "made/nothing", "text": "x"}, {}, 404),
        ("POST", "/v1/annotations", {"path": "made/wrong", "text": ""}, {}, 422),
        ("POST", "/v1/annotations", {"path": "made/wrong", "text": "x", "to": 5}, {}, 422)],
    "removeAnnotation": [
        ("DELETE", "/v1/annotations/1", None, {}, 200), ("DELETE", "/v1/annotations/1", None, {}, 404),
        ("DELETE", "/v1/annotations/x", None, {}, 404)],
    "listAnnotations": [
        ("GET", "/v1/annotations", None, {}, 200), ("GET", "/v1/annotations?path=made/wrong&removed=true&limit=1", None, {}, 200),
        ("GET", "/v1/annotations?path=made/nothing", None, {}, 404),
        ("GET", "/v1/annotations?path=made/wrong&match=%23", None, {}, 400)],
    "eraseSamples": [
        ("POST", "/v1/erasures", {"match": "made/#", "dry_run": True}, {}, 200),
        ("POST", "/v1/erasures", {"path": "made/wrong", "from": "2026-03-01T08:00:00Z", "to": "2026-03-01T08:00:01Z",
                                  "reason": "test", "author": "Li Wei"},
         {"headers": [("Idempotency-Key", "e1")]}, 200),
        ("POST", "/v1/erasures", {"path": "made/wrong"}, {"headers": [("Idempotency-Key", "e1")]}, 200),
        ("POST", "/v1/erasures", {"points": [1, 2]}, {"headers": [("Idempotency-Key", "e2")]}, 200),
        ("POST", "/v1/erasures", {"path": "made/nothing"}, {}, 404),
        ("POST", "/v1/erasures", {"points": [1000000]}, {}, 404),
        ("POST", "/v1/erasures", {"match": "a", "path": "a"}, {}, 422),
        ("POST", "/v1/erasures", {"match": "a", "from": 5, "to": 5}, {}, 422)],
    "listErasures": [("GET", "/v1/erasures", None, {}, 200), ("GET", "/v1/erasures?limit=1", None, {}, 200)],
    "getSamples": [
        ("GET", f"/v1/samples?path=made/sample&path=nowhere&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", None, {}, 200),
        ("GET", "/v1/samples?match=%23&limit=3&order=newest&arrival=true&times=ms", None, {}, 200),
        ("GET", "/v1/samples", None, {}, 400), ("GET", "/v1/samples?path=a&from=soon", None, {}, 400),
        ("GET", "/v1/samples?path=a&limit=0", None, {}, 400), ("GET", "/v1/samples?match=a//b", None, {}, 400)],
    "querySamples": [
        ("POST", "/v1/samples/query", {"path": ["made/sample"], "from": 1772352000, "to": "now"}, {}, 200),
        ("POST", "/v1/samples/query", {"path": 7.5, "nothing": 1}, {}, 422),
        ("POST", "/v1/samples/query", {"path": [["a"]]}, {}, 422), ("POST", "/v1/samples/query", "[", {}, 400)],
    "getBuckets": [
        ("GET", "/v1/buckets?match=house/%23&step=1d&zone=Asia/Shanghai&aggregates=count,mean,p99.9&fill=null&from=-2d", None, {}, 200),
        ("GET", "/v1/buckets?match=house/%23&count=3&by=level:1", None, {}, 200),
        ("GET", "/v1/buckets?match=house/%23&step=1d&zone=Nowhere/Else", None, {}, 422),
        ("GET", "/v1/buckets?match=house/%23", None, {}, 400), ("GET", "/v1/buckets?path=a&step=1h&count=2", None, {}, 400)],
    "queryBuckets": [("POST", "/v1/buckets", {"match": "house/#", "step": "1h", "aggregates": ["min", "max"]}, {}, 200)],
    "getTrend": [("GET", "/v1/trend?match=house/%23&width=100&method=lttb", None, {}, 200),
                 ("GET", "/v1/trend?match=house/%23&width=10001", None, {}, 400)],
    "queryTrend": [("POST", "/v1/trend", {"match": "house/#", "width": 100}, {}, 200)],
    "getLast": [("GET", "/v1/last?match=%23", None, {}, 200), ("GET", "/v1/last?point=1&at=2026-01-01T00:00:00Z", None, {}, 200)],
    "queryLast": [("POST", "/v1/last", {"label": "line"}, {}, 200)],
    "postSql": [("POST", "/v1/sql", {"sql": "select path, value, labels from live where point > ?", "parameters": [0]}, {}, 200),
                ("POST", "/v1/sql", {"sql": "select count(*) from samples", "limit": 1, "format": "json"}, {}, 200),
                ("POST", "/v1/sql", {"sql": "selekt 1"}, {}, 422), ("POST", "/v1/sql", {"sql": 1}, {}, 422)],
    "getSqlSchema": [("GET", "/v1/sql/schema", None, {}, 200)],
    "getHistory": [("GET", "/v1/history", None, {}, 200)],
    "sealHistory": [("POST", "/v1/history/seal", None, {}, 202)],
    "mergeHistory": [("POST", "/v1/history/merge", None, {}, 202)],
    "getState": [("GET", "/v1/state", None, {}, 200)],
    "listSettings": [("GET", "/v1/settings", None, {}, 200)],
    "listRefused": [("GET", "/v1/refused", None, {}, 200)],
    "listClients": [("GET", "/v1/clients", None, {}, 200), ("GET", "/v1/clients?match=kept*&limit=1", None, {}, 200),
                    ("GET", "/v1/clients?match=", None, {}, 400)],
    "listRetained": [("GET", "/v1/retained", None, {}, 200), ("GET", "/v1/retained?match=house/%23&limit=1", None, {}, 200),
                     ("GET", "/v1/retained?match=a/%23/b", None, {}, 400)],
    "listTopics": [("GET", "/v1/topics", None, {}, 200), ("GET", "/v1/topics?contains=DEVICE&limit=1", None, {}, 200)],
    "tryTopics": [
        ("POST", "/v1/topics/dry-run", {"template": "site/{2-}", "match": "house/#"}, {}, 200),
        ("POST", "/v1/topics/dry-run", {}, {}, 200),
        ("POST", "/v1/topics/dry-run", {"template": "{0}"}, {}, 422),
        ("POST", "/v1/topics/dry-run", {"nothing": 1}, {}, 422)],
    "getHealth": [("GET", "/healthz", None, {}, 200)],
    "getReady": [("GET", "/readyz", None, {}, 200)],
    "getMetrics": [("GET", "/metrics", None, {}, 200)],
    "getOpenapi": [("GET", "/v1/openapi.json", None, {}, 200)],
    "getDocs": [("GET", "/docs", None, {}, 200)],
    "getDocsStyle": [("GET", "/docs.css", None, {}, 200)],
    "openLive": [("GET", "/v1/live", None, {}, 426)],
    "openMqtt": [("GET", "/mqtt", None, {}, 426)],
    "streamEvents": [("GET", "/v1/events", None, {}, 400)],
}
CSV = "name,role,branch,password,fingerprint\n"
PROVIDER = {"issuer": "https://login.example.org", "client_id": "mainstem", "secret": OTHER, "scopes": "email",
            "role": "viewer", "branch": "#"}


def people_begin(asked, server):
    """The first person, by the link of the log; afterwards the cookie is asked with."""
    token = setup_token(server)
    asked.ask("getSession", "GET", "/v1/session", None, 200)
    wrong = {"token": token[:-2] + ("aa" if token[-2:] != "aa" else "bb"), "name": "ann", "password": PASSWORD}
    asked.ask("setUp", "POST", "/v1/setup", wrong, 403)
    asked.ask("setUp", "POST", "/v1/setup", {"token": token, "name": "ann", "password": "password12"}, 422)
    first = {"token": token, "name": "ann", "password": PASSWORD, "title": "Ann Lee", "language": "en"}
    asked.ask("setUp", "POST", "/v1/setup", first, 201)
    asked.cookie = asked.answer.headers["set-cookie"].split(";")[0]
    asked.ask("setUp", "POST", "/v1/setup", first, 409)


def people_sessions(asked):
    """Sessions, oneself, and the second factor; goes on as ann."""
    mine = asked.cookie
    asked.cookie = None
    asked.ask("listSessions", "GET", "/v1/sessions", None, 401)
    for body, status in (({"user": "ann", "password": OTHER}, 401), ({"user": "ann"}, 422), ("{", 400),
                         ({"user": "ann@main", "password": PASSWORD}, 200)):
        asked.ask("beginSession", "POST", "/v1/session", body, status)
    asked.cookie = asked.answer.headers["set-cookie"].split(";")[0]
    asked.ask("endSession", "DELETE", "/v1/session", None, 204)
    asked.cookie = None
    asked.ask("beginSession", "POST", "/v1/session", {"user": "ann", "password": PASSWORD}, 200)
    asked.cookie = mine
    sessions = asked.ask("listSessions", "GET", "/v1/sessions", None, 200)["sessions"]
    asked.ask("listSessions", "GET", "/v1/sessions?user=nobody", None, 404)
    other = [session["number"] for session in sessions if not session["current"]][-1]
    asked.ask("removeSession", "DELETE", f"/v1/sessions/{other}", None, 200)
    asked.ask("removeSession", "DELETE", "/v1/sessions/4000000", None, 404)
    asked.ask("changeMe", "PATCH", "/v1/me", {"title": "Ann", "language": "zh"}, 200)
    asked.ask("changeMe", "PATCH", "/v1/me", {"password": OTHER, "old_password": OTHER}, 403)
    asked.ask("changeMe", "PATCH", "/v1/me", {"password": OTHER}, 422)
    asked.ask("changeMe", "PATCH", "/v1/me", {"password": OTHER, "old_password": PASSWORD}, 200)
    asked.cookie = asked.answer.headers["set-cookie"].split(";")[0]
    asked.ask("getSession", "GET", "/v1/session", None, 200)
    secret = asked.ask("beginSecondFactor", "POST", "/v1/me/second-factor", None, 200)["secret"]
    asked.ask("confirmSecondFactor", "PUT", "/v1/me/second-factor", {"code": "no code"}, 403)
    asked.ask("confirmSecondFactor", "PUT", "/v1/me/second-factor", {"code": code_of(secret)}, 200)
    asked.ask("removeSecondFactor", "DELETE", "/v1/me/second-factor", {"password": PASSWORD}, 403)
    asked.ask("removeSecondFactor", "DELETE", "/v1/me/second-factor", {"password": OTHER}, 200)


def people_users(asked):
    """Roles, people and their tokens."""
    clerk = {"title": "c", "rights": [{"pattern": "north/#", "rights": ["see"]}, {"pattern": "$tenant/users", "rights": "all"}]}
    asked.ask("putRole", "PUT", "/v1/roles/clerk", clerk, 200, headers=[("Idempotency-Key", "r1")])
    asked.ask("putRole", "PUT", "/v1/roles/clerk", clerk, 200, headers=[("Idempotency-Key", "r1")])
    asked.ask("putRole", "PUT", "/v1/roles/clerk", {"rights": [{"pattern": "#", "rights": "none"}]}, 422)
    asked.ask("putRole", "PUT", "/v1/roles/clerk", {"rights": [{"pattern": "a//b", "rights": "all"}]}, 422)
    asked.ask("putRole", "PUT", "/v1/roles/clerk?tenant=nowhere", clerk, 404)
    asked.ask("listRoles", "GET", "/v1/roles", None, 200)
    asked.ask("listRoles", "GET", "/v1/roles?tenant=nowhere", None, 404)
    bo = {"name": "bo", "title": "Bo", "email": "bo@example.org", "language": "zh", "expires": "2099-01-01T00:00:00Z",
          "grants": [{"role": "clerk"}, {"role": "operator", "branch": "north/#"}]}
    asked.ask("makeUser", "POST", "/v1/users", bo, 201)
    asked.ask("makeUser", "POST", "/v1/users", bo, 409)
    asked.ask("makeUser", "POST", "/v1/users", {"name": 7}, 422)
    asked.ask("makeUser", "POST", "/v1/users", {"name": "cy", "password": PASSWORD}, 201)
    asked.ask("removeRole", "DELETE", "/v1/roles/clerk", None, 409)
    asked.ask("inviteUser", "POST", "/v1/users/nobody/invitation", None, 404)
    token = asked.ask("inviteUser", "POST", "/v1/users/bo/invitation", None, 200)["invitation"]["token"]
    for password, status in (("password12", 422), (PASSWORD, 200), (PASSWORD, 403)):
        asked.ask("acceptInvitation", "POST", "/v1/invitation", {"token": token, "password": password}, status)
    asked.ask("getUser", "GET", "/v1/users/bo", None, 200)
    asked.ask("getUser", "GET", "/v1/users/nobody", None, 404)
    asked.ask("listUsers", "GET", "/v1/users", None, 200)
    asked.ask("listUsers", "GET", "/v1/users?contains=B&limit=1", None, 200)
    asked.ask("listUsers", "GET", "/v1/users?limit=0", None, 400)
    asked.ask("changeUser", "PATCH", "/v1/users/bo", {"title": "Bo Chen", "grants": [], "expires": None}, 200)
    asked.ask("changeUser", "PATCH", "/v1/users/bo", {"name": "cy"}, 409)
    asked.ask("changeUser", "PATCH", "/v1/users/bo", {"state": "gone"}, 422)
    asked.ask("changeUser", "PATCH", "/v1/users/bo", {"grants": [{"role": "viewer", "branch": "a//b"}]}, 422)
    asked.ask("changeUser", "PATCH", "/v1/users/nobody", {"title": "x"}, 404)
    asked.ask("resetUser", "POST", "/v1/users/bo/reset", {"second_factor": True}, 200)
    asked.ask("resetUser", "POST", "/v1/users/nobody/reset", {}, 404)
    asked.ask("removeUser", "DELETE", "/v1/users/cy", None, 200)
    asked.ask("removeUser", "DELETE", "/v1/users/cy", None, 404)
    asked.ask("removeUser", "DELETE", "/v1/users/ann", None, 409)
    asked.ask("removeRole", "DELETE", "/v1/roles/clerk", None, 200)
    asked.ask("removeRole", "DELETE", "/v1/roles/clerk", None, 404)
    asked.ask("putRole", "PUT", "/v1/roles/kept", clerk, 200)
    eye = {"name": "eye", "title": "an eye", "grants": [{"role": "viewer", "branch": "house/#"}], "expires": "2099-01-01T00:00:00Z"}
    text = asked.ask("makeToken", "POST", "/v1/tokens", eye, 201)["text"]
    asked.ask("makeToken", "POST", "/v1/tokens", eye, 409)
    asked.ask("makeToken", "POST", "/v1/tokens", {"name": "eye"}, 422)
    asked.ask("getSession", "GET", "/v1/session", None, 200, headers=[("Authorization", "Bearer " + text)])
    asked.ask("listTokens", "GET", "/v1/tokens", None, 200)
    asked.ask("listTokens", "GET", "/v1/tokens?tenant=nowhere", None, 404)
    asked.ask("removeToken", "DELETE", "/v1/tokens/eye", None, 200)
    asked.ask("removeToken", "DELETE", "/v1/tokens/eye", None, 404)


def people_devices(asked):
    """Machines, claim keys, and the OpenID providers."""
    press = {"name": "press-3", "title": "Press 3", "grants": [{"role": "device"}], "expires": "2099-01-01T00:00:00Z",
             "fingerprint": "ab" * 32, "common_name": "press-3", "token": True}
    asked.ask("makeDevice", "POST", "/v1/devices", press, 201)
    asked.ask("makeDevice", "POST", "/v1/devices", press, 409)
    asked.ask("makeDevice", "POST", "/v1/devices", {"name": "x", "fingerprint": "ab"}, 422)
    asked.ask("makeDevices", "POST", "/v1/devices/bulk", CSV + "unit-1,,,,\nunit-1,,,,\n", 200, media="text/csv")
    asked.ask("makeDevices", "POST", "/v1/devices/bulk", "nam,role\n", 422, media="text/csv")
    asked.ask("renewDeviceToken", "POST", "/v1/devices/press-3/token", None, 200)
    asked.ask("renewDeviceToken", "POST", "/v1/devices/nothing/token", None, 404)
    asked.ask("changeDevice", "PATCH", "/v1/devices/press-3", {"title": "Press", "state": "disabled"}, 200)
    asked.ask("changeDevice", "PATCH", "/v1/devices/press-3",
              {"certificates": None, "fingerprint": "ef" * 32, "expires": None}, 200)
    asked.ask("changeDevice", "PATCH", "/v1/devices/press-3", {"name": "unit-1"}, 409)
    asked.ask("changeDevice", "PATCH", "/v1/devices/press-3", {"state": "gone"}, 422)
    asked.ask("changeDevice", "PATCH", "/v1/devices/nothing", {"title": "x"}, 404)
    asked.ask("listDevices", "GET", "/v1/devices", None, 200)
    asked.ask("listDevices", "GET", "/v1/devices?limit=1", None, 200)
    asked.ask("listDevices", "GET", "/v1/devices?tenant=nowhere", None, 404)
    asked.ask("removeDevice", "DELETE", "/v1/devices/press-3", None, 200)
    asked.ask("removeDevice", "DELETE", "/v1/devices/press-3", None, 404)
    line = {"name": "line-4", "title": "Line 4", "grants": [{"role": "device"}], "expires": "2099-01-01T00:00:00Z", "uses": 2}
    key = asked.ask("makeClaim", "POST", "/v1/claims", line, 201)["key"]
    asked.ask("makeClaim", "POST", "/v1/claims", line, 409)
    asked.ask("makeClaim", "POST", "/v1/claims", {"name": "x", "uses": -1}, 422)
    asked.ask("provisionDevice", "POST", "/v1/provision", {"claim": key, "name": "made-1"}, 201)
    asked.ask("provisionDevice", "POST", "/v1/provision", {"claim": key, "name": "made-1"}, 409)
    asked.ask("provisionDevice", "POST", "/v1/provision", {"claim": "mst_c_nothing", "name": "made-2"}, 403)
    asked.ask("provisionDevice", "POST", "/v1/provision", {"claim": key}, 422)
    asked.ask("listClaims", "GET", "/v1/claims", None, 200)
    asked.ask("listClaims", "GET", "/v1/claims?tenant=nowhere", None, 404)
    asked.ask("removeClaim", "DELETE", "/v1/claims/line-4", None, 200)
    asked.ask("removeClaim", "DELETE", "/v1/claims/line-4", None, 404)
    asked.ask("putProvider", "PUT", "/v1/providers/login", PROVIDER, 200)
    asked.ask("putProvider", "PUT", "/v1/providers/login", {"issuer": "x"}, 422)
    asked.ask("putProvider", "PUT", "/v1/providers/kept", PROVIDER, 200)
    asked.ask("listProviders", "GET", "/v1/providers", None, 200)
    asked.ask("listProviders", "GET", "/v1/providers?tenant=nowhere", None, 404)
    down = {"issuer": "http://127.0.0.1:1", "client_id": "mainstem"}
    asked.ask("putProvider", "PUT", "/v1/providers/down", down, 200)
    asked.ask("listLogins", "GET", "/v1/session/openid", None, 200)
    asked.ask("beginOpenid", "GET", "/v1/session/openid/down/begin?return=/", None, 303)
    asked.ask("beginOpenid", "GET", "/v1/session/openid/down/begin?page=1", None, 400)
    asked.ask("finishOpenid", "GET", "/v1/session/openid/callback?state=x&code=x&session_state=x", None, 303)
    asked.ask("listLinks", "GET", "/v1/me/openid", None, 200)
    asked.ask("beginLink", "PUT", "/v1/me/openid/never", None, 404)
    asked.ask("beginLink", "PUT", "/v1/me/openid/down", None, 503)
    asked.ask("removeLink", "DELETE", "/v1/me/openid/4000000", None, 404)
    asked.ask("removeProvider", "DELETE", "/v1/providers/login", None, 200)
    asked.ask("removeProvider", "DELETE", "/v1/providers/login", None, 404)


def people_tenants(asked):
    """Tenants, what they share, and one that goes for ever."""
    acme = {"name": "acme", "title": "Acme Ltd", "quotas": {"points": 100, "connections": None}}
    asked.ask("makeTenant", "POST", "/v1/tenants", acme, 201, headers=[("Idempotency-Key", "t1")])
    asked.ask("makeTenant", "POST", "/v1/tenants", acme, 201, headers=[("Idempotency-Key", "t1")])
    asked.ask("makeTenant", "POST", "/v1/tenants", {"name": "acme"}, 409)
    asked.ask("makeTenant", "POST", "/v1/tenants", {"name": "Acme!"}, 422)
    asked.ask("listTenants", "GET", "/v1/tenants", None, 200)
    asked.ask("listTenants", "GET", "/v1/tenants?state=active&limit=1", None, 200)
    asked.ask("getTenant", "GET", "/v1/tenants/acme", None, 200)
    asked.ask("getTenant", "GET", "/v1/tenants/nowhere", None, 404)
    asked.ask("changeTenant", "PATCH", "/v1/tenants/acme", {"title": "Acme", "quotas": {"points": 9}}, 200)
    asked.ask("changeTenant", "PATCH", "/v1/tenants/acme", {"quotas": {"nothing": 9}}, 422)
    asked.ask("changeTenant", "PATCH", "/v1/tenants/nowhere", {"title": "x"}, 404)
    asked.ask("getQuota", "GET", "/v1/quota?tenant=acme", None, 200)
    asked.ask("getQuota", "GET", "/v1/quota?tenant=nowhere", None, 404)
    offer = {"to": "acme", "patterns": ["house/#"], "rights": ["see"], "title": "the house"}
    number = asked.ask("offerShare", "POST", "/v1/shares", offer, 201)["share"]["number"]
    asked.ask("offerShare", "POST", "/v1/shares", {**offer, "to": "nowhere"}, 201)  # it is not told who exists
    asked.ask("offerShare", "POST", "/v1/shares", {**offer, "rights": ["write"]}, 422)
    asked.ask("acceptShare", "PUT", f"/v1/shares/{number}/accept", None, 404)  # by the other side alone
    asked.ask("acceptShare", "PUT", f"/v1/shares/{number}/accept?tenant=acme", None, 200)
    asked.ask("listShares", "GET", "/v1/shares", None, 200)
    asked.ask("listShares", "GET", "/v1/shares?tenant=acme", None, 200)
    asked.ask("listShares", "GET", "/v1/shares?state=ended", None, 200)
    asked.ask("listShares", "GET", "/v1/shares?tenant=nowhere", None, 404)
    correct = {"path": "made/sample", "time": "2026-03-01T08:00:00Z", "value": 5}
    asked.ask("correctSample", "POST", "/v1/corrections", correct, 201)
    asked.ask("exportTenant", "GET", "/v1/tenants/acme/export", None, 200)
    asked.ask("exportTenant", "GET", "/v1/tenants/main/export", None, 200)
    asked.ask("exportTenant", "GET", "/v1/tenants/nowhere/export", None, 404)
    asked.ask("endShare", "DELETE", f"/v1/shares/{number}", None, 200)
    asked.ask("endShare", "DELETE", "/v1/shares/4000000", None, 404)
    asked.ask("getCertificate", "GET", "/v1/tenants/acme/certificate", None, 404)
    asked.ask("deleteTenant", "DELETE", "/v1/tenants/nowhere", None, 404)
    asked.ask("deleteTenant", "DELETE", "/v1/tenants/acme", None, 202)
    wait_for("all of the tenant is gone", lambda: asked.ask("getCertificate", "GET", "/v1/tenants/acme/certificate", None,
                                                            200)["state"] == "done")


def people_audit(asked):
    """Who did what, and why."""
    asked.ask("listAudit", "GET", "/v1/audit?all=true&limit=1000", None, 200)
    asked.ask("listAudit", "GET", "/v1/audit?action=login&account=ann&since=2026-01-01T00:00:00Z&limit=1", None, 200)
    asked.ask("listAudit", "GET", "/v1/audit?tenant=nowhere", None, 404)
    asked.ask("listAudit", "GET", "/v1/audit?object=token&outcome=failed&until=2200-01-01T00:00:00Z", None, 200)
    asked.ask("listAudit", "GET", "/v1/audit?since=soon", None, 400)
    asked.ask("exportAudit", "GET", "/v1/audit/export?all=true", None, 200)
    asked.ask("exportAudit", "GET", "/v1/audit/export?tenant=nowhere", None, 404)
    asked.ask("verifyAudit", "GET", "/v1/audit/verify", None, 200)
    asked.ask("getWhy", "GET", "/v1/why?path=house/x&right=write", None, 200)
    asked.ask("getWhy", "GET", "/v1/why?path=house/x&user=bo", None, 200)
    asked.ask("getWhy", "GET", "/v1/why?path=house/x&user=nobody", None, 404)


def people_ask(asked, server):
    people_begin(asked, server)
    people_sessions(asked)
    people_users(asked)
    people_devices(asked)
    people_tenants(asked)
    people_audit(asked)


# Members that no healthy server answers: they need damage.
# Floods, chattering and alarms that stand for a day take longer than this test.
UNSEEN = {"Damage", "MissingSamples", "HistoryMissing", "AlarmFlood", "AlarmStanding", "AlarmTimes"}


class Seen:
    """Which members of which schemas were answered."""

    def __init__(self, document):
        self.schemas = document["components"]["schemas"]
        self.members = {name: set() for name in self.schemas}

    def note(self, schema, value):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            if isinstance(value, dict):
                self.members[name] |= set(value)
            self.note(self.schemas[name], value)
        for possible in schema.get("oneOf", []):
            if value is not None and "$ref" in possible:
                self.note(possible, value)
        for possible in schema.get("anyOf", []):  # the one whose members these are
            name = possible.get("$ref", "").rsplit("/", 1)[-1]
            if isinstance(value, dict) and set(value) <= set(self.schemas.get(name, {}).get("properties", {})):
                self.note(possible, value)
        if isinstance(value, dict):
            for name, inner in value.items():
                self.note(schema.get("properties", {}).get(name, {}), inner)
        if isinstance(value, list) and "items" in schema:
            for inner in value:
                self.note(schema["items"], inner)


def furnish(server):
    """Something of everything that can be asked for."""
    raw = Raw(server, version=5, client_id="publisher")
    for number in range(3):
        expect_equal(raw.publish(f"house/device-{number}", '{"temp":21.5,"force":3}'), 0, "the reason")
    raw.publish("house/odd", "true")
    raw.publish("house/device-1", '{"temp":"hot"}')
    raw.publish("house/broken", "{")
    raw.publish("house/kept", '{"note":"text"}', flags=1 << 1 | 1)
    kept = Raw(server, version=5, client_id="kept", properties=bytes([0x11, 0, 0, 1, 0]))
    kept.subscribe(("nothing/#", 1))
    kept.close()
    http = Http(server)
    wait_for("the tree", lambda: http.ask("GET", "/v1/points").json()["entered"] == 1)
    expect_equal(http.ask("PATCH", POINT, json.dumps({"limits": {"high": 80}})).status, 200, "limits")
    http.close()
    wait_for("rates", lambda: ask(server, "GET", "/v1/state").json()["rates"])
    return raw


def judge(document, operation, answer, seen, anchors):
    """Is this answer one of those that the document says?"""
    response = operation["responses"].get(str(answer.status), operation["responses"]["default"])
    content = response.get("content", {})
    if answer.status in (204, 303):
        expect(not content and not answer.body, f"{answer.status} has no body")
        return
    if answer.headers.get("content-type") in content:
        schema = content[answer.headers["content-type"]]["schema"]
    elif "*/*" in content and answer.status == 200:
        return  # bytes of any kind
    else:
        expect(answer.media() in content, f"{answer.media()} is none of {list(content)}")
        schema = content[answer.media()]["schema"]
    if answer.media() == NDJSON:
        values = [json.loads(line) for line in answer.text().splitlines()]
    elif answer.media().endswith("json"):
        values = [answer.json()]
    else:
        values = [answer.text()]
    for value in values:
        # A problem may have members of its own: /v1/samples says which samples.
        expect_valid(document, schema, value, "the answer", strict=not answer.media().endswith("problem+json"))
        seen.note(schema, value)
    if answer.status >= 400 and answer.media() == "application/problem+json":
        expect_equal(answer.json()["status"], answer.status, "the problem's status")
        expect_equal(answer.json()["type"], "/docs#" + answer.code(), "the problem's type")
        expect(f' id="{answer.code()}"' in anchors, f"/docs says nothing of {answer.code()}")


class Asked:
    """Asks the routes one after the other and judges each answer. cookie: of who asks; answer: the last one."""

    def __init__(self, server, document):
        self.document, self.seen = document, Seen(document)
        self.operations = {operation["operationId"]: operation for _, _, operation in operations_of(document)}
        self.anchors = ask(server, "GET", "/docs").text()
        self.http, self.cookie, self.answer = Http(server), None, None
        self.statuses, self.count = {}, 0

    def ask(self, name, method, target, body, status, headers=(), **options):
        what = f"{method} {target} {str(body)[:80]}"
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        if self.cookie and "Authorization" not in dict(headers):
            headers = [*headers, ("Cookie", self.cookie)]
        self.answer = answer = self.http.ask(method, target, text, headers=headers, **options)
        expect_equal(answer.status, status, f"{what}: {answer.body[:300]!r}")
        try:
            judge(self.document, self.operations[name], answer, self.seen, self.anchors)
        except Failed as fault:
            raise Failed(f"{what}: {fault}") from fault
        self.statuses.setdefault(name, set()).add(status)
        self.count += 1
        return answer.json() if answer.media() == "application/json" else None


def assets_ask(asked):
    """What the plant is made of."""
    pump = {"title": "Pump", "level": "device", "attributes": [{"name": "maker", "type": "string", "unit": "x", "value": "KSB"}],
            "metrics": [{"name": "temp", "unit": "Cel", "description": "oil", "deadband": 1,
                         "limits": {"low_low": 1, "low": 2, "high": 30, "high_high": 40}}]}
    asked.ask("putAssetType", "PUT", "/v1/types/pump", pump, 200, headers=[("Idempotency-Key", "types-1")])
    asked.ask("putAssetType", "PUT", "/v1/types/pump", pump, 200, headers=[("Idempotency-Key", "types-1")])
    asked.ask("putAssetType", "PUT", "/v1/types/pump", {"level": "planet"}, 422)
    asked.ask("putAssetType", "PUT", "/v1/types/sub", {"parent": "pump"}, 200)
    asked.ask("listAssetTypes", "GET", "/v1/types?limit=1", None, 200)
    asked.ask("getAssetType", "GET", "/v1/types/pump", None, 200)
    asked.ask("getAssetType", "GET", "/v1/types/never", None, 404)
    place = {"longitude": 1.5, "latitude": 2.5, "floor": 3, "plan_x": 0.5, "plan_y": 0.25}
    asked.ask("putAsset", "PUT", "/v1/assets/plant", {"level": "site", "place": place}, 200)
    asked.ask("putAsset", "PUT", "/v1/assets/plant/p1",
              {"title": "P1", "type": "pump", "branch": "house/device-2", "attributes": {"maker": "x"},
               "bindings": {"temp": "house/device-2/temp"}, "relations": [{"name": "feeds", "other": "plant"}]}, 200)
    asked.ask("putAsset", "PUT", "/v1/assets/plant/p2", {"type": "sub", "branch": "house/device-1"}, 200)
    asked.ask("putAsset", "PUT", "/v1/assets/never/p1", {}, 404)
    asked.ask("putAsset", "PUT", "/v1/assets/plant/p1", {"type": "never"}, 422)
    asked.ask("putAssetType", "PUT", "/v1/types/pump?dry_run=true",
              {**pump, "attributes": [{"name": "year", "required": True}], "metrics": []}, 200)
    asked.ask("removeAssetType", "DELETE", "/v1/types/pump", None, 409)
    asked.ask("changeAsset", "PATCH", "/v1/assets/plant/p2", {"title": "P2"}, 200)
    asked.ask("changeAsset", "PATCH", "/v1/assets/plant/never", {"title": "P2"}, 404)
    asked.ask("listAssets", "GET", "/v1/assets?type=pump&contains=P&under=plant&level=device", None, 200)
    asked.ask("listAssets", "GET", "/v1/assets?limit=1&at=now", None, 200)
    asked.ask("listAssets", "GET", "/v1/assets?level=planet", None, 400)
    asked.ask("getAsset", "GET", "/v1/assets/plant/p1", None, 200)
    asked.ask("getAsset", "GET", "/v1/assets/plant", None, 200)
    asked.ask("getAsset", "GET", "/v1/assets/plant/p1?at=now", None, 200)
    asked.ask("getAsset", "GET", "/v1/assets/plant/p1?at=2020-01-01", None, 404)
    asked.ask("listAssetVersions", "GET", "/v1/asset-versions/plant/p2", None, 200)
    asked.ask("getAssetTree", "GET", "/v1/asset-tree", None, 200)
    asked.ask("getAssetTree", "GET", "/v1/asset-tree?path=never", None, 404)
    asked.ask("exportAssets", "GET", "/v1/assets-export", None, 200)
    asked.ask("exportAssets", "GET", "/v1/assets-export?under=never", None, 404)
    asked.ask("importAssets", "POST", "/v1/assets-import", {"assets": [{"path": "plant/p3"}, {"path": "never/p"}]}, 200)
    asked.ask("importAssets", "POST", "/v1/assets-import", lines({"path": "plant/p4"}, {"name": "kind"}), 200, media=NDJSON)
    asked.ask("importAssets", "POST", "/v1/assets-import", {}, 422)
    asked.ask("listInbox", "GET", "/v1/inbox", None, 200)
    asked.ask("adoptInbox", "POST", "/v1/inbox-adopt", {"prefixes": ["house/device-0", "+"], "type": "pump"}, 200)
    asked.ask("adoptInbox", "POST", "/v1/inbox-adopt", {"prefix": "house/device-0", "type": "never"}, 404)
    asked.ask("getMap", "GET", "/v1/map?west=0&east=10&south=0&north=10&zoom=12", None, 200)
    asked.ask("getMap", "GET", "/v1/map?west=x", None, 400)


def alarms_ask(asked):
    """What it says."""
    hot = {"kind": "high", "type": "pump", "metric": "temp", "limit": 20, "title": "Hot", "response": "r", "cause": "c",
           "consequence": "c", "group": "g", "on_delay": "0s"}
    asked.ask("putRule", "PUT", "/v1/rules/hot", hot, 200, headers=[("Idempotency-Key", "rules-1")])
    asked.ask("putRule", "PUT", "/v1/rules/bad", {"kind": "expression", "condition": "a >"}, 422)
    asked.ask("putRule", "PUT", "/v1/rules/bad", {"kind": "stale", "path": "a", "span": "x"}, 422)
    asked.ask("putRule", "PUT", "/v1/rules/two", {"kind": "state", "path": "house/#", "states": [7], "span": "0s",
                                                  "latch": True, "acknowledge": False}, 200)
    asked.ask("listRules", "GET", "/v1/rules?path=house/device-2/temp", None, 200)
    asked.ask("listRules", "GET", "/v1/rules?type=pump&contains=ho", None, 200)
    asked.ask("getRule", "GET", "/v1/rules/hot", None, 200)
    asked.ask("getRule", "GET", "/v1/rules/never", None, 404)
    asked.ask("previewRule", "POST", "/v1/rules-preview", {"kind": "high", "path": "house/device-2/temp", "limit": 1}, 200)
    asked.ask("previewRule", "POST", "/v1/rules-preview", {"kind": "high", "path": "never", "limit": 1}, 404)
    asked.ask("postSamples", "POST", "/v1/samples", [{"path": f"house/device-{n}/temp", "value": 25} for n in (1, 2)], 200)
    wait_for("the alarms", lambda: len(asked.ask("listAlarms", "GET", "/v1/alarms", None, 200)["alarms"]) > 1 or None)
    asked.ask("listAlarms", "GET", "/v1/alarms?state=unacknowledged&priority=1-4&type=pump&under=plant&rule=hot&limit=1", None, 200)
    asked.ask("listAlarms", "GET", "/v1/alarms?state=never", None, 400)
    one = asked.ask("listAlarms", "GET", "/v1/alarms?contains=device-2", None, 200)["alarms"][0]["alarm"]
    asked.ask("getAlarm", "GET", f"/v1/alarms/{one}", None, 200)
    asked.ask("getAlarm", "GET", "/v1/alarms/never", None, 404)
    asked.ask("actOnAlarms", "POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [one], "comment": "c"}, 200)
    asked.ask("actOnAlarms", "POST", "/v1/alarms-act", {"act": "acknowledge", "alarms": [one]}, 409)
    asked.ask("actOnAlarms", "POST", "/v1/alarms-act", {"act": "shelve", "filter": {"match": "house/#"}, "for": "1h"}, 200)
    asked.ask("actOnAlarms", "POST", "/v1/alarms-act", {"act": "shelve", "alarms": [one]}, 422)
    asked.ask("actOnAlarms", "POST", "/v1/alarms-act", {"act": "reset", "alarms": [4000000]}, 404)
    asked.ask("listAlarmJournal", "GET", "/v1/alarm-journal?event=shelve&limit=1", None, 200)
    asked.ask("listAlarmJournal", "GET", f"/v1/alarm-journal?alarm={one}&from=-1h", None, 200)
    asked.ask("listAlarmJournal", "GET", "/v1/alarm-journal?event=never", None, 400)
    asked.ask("getAlarmStatistics", "GET", "/v1/alarm-statistics?from=-1d", None, 200)
    asked.ask("getAlarmStatistics", "GET", "/v1/alarm-statistics?from=now&to=-1d", None, 400)
    asked.ask("addHandover", "POST", "/v1/handovers", {"branch": "house", "text": "t"}, 201)
    asked.ask("addHandover", "POST", "/v1/handovers", {"branch": "house"}, 422)
    asked.ask("listHandovers", "GET", "/v1/handovers?branch=house", None, 200)
    asked.ask("removeRule", "DELETE", "/v1/rules/two", None, 200)
    asked.ask("removeRule", "DELETE", "/v1/rules/two", None, 404)
    asked.ask("retireAsset", "DELETE", "/v1/assets/plant", None, 409)
    asked.ask("retireAsset", "DELETE", "/v1/assets/plant/p2", None, 200)
    asked.ask("retireAsset", "DELETE", "/v1/assets/plant?parts=true", None, 200)
    asked.ask("retireAsset", "DELETE", "/v1/assets/plant", None, 404)
    asked.ask("removeAssetType", "DELETE", "/v1/types/sub", None, 200)
    asked.ask("removeAssetType", "DELETE", "/v1/types/sub", None, 404)


def every_route_answers_as_the_document_says(folder):
    server = Server(folder + "/data", "--http-hosts", "mainstem.test")
    document = document_of(server)
    raw = furnish(server)
    asked = Asked(server, document)
    for name, calls in CALLS.items():
        for method, target, body, options, status in calls:
            asked.ask(name, method, target, body, status, **options)
    people_ask(asked, server)
    notices_ask(asked)
    documents_ask(asked)
    assets_ask(asked)
    alarms_ask(asked)
    expect_equal(sorted(asked.statuses), sorted(asked.operations), "the routes this test asks, and those of the document")
    for name, operation in asked.operations.items():
        for status in asked.statuses[name] - {401}:  # whoever is nobody may meet it anywhere
            expect(str(status) in operation["responses"], f"{name}: {status} is not in the document")
    unseen = {}
    for name, schema in document["components"]["schemas"].items():
        if name in UNSEEN or not asked.seen.members[name]:
            continue
        missing = set(schema.get("properties", {})) - asked.seen.members[name]
        if missing:
            unseen[name] = sorted(missing)
    expect_equal(unseen, {}, "members that are described and were never answered")
    asked.http.close()
    raw.close()
    note(f"{len(asked.operations)} routes, {asked.count} requests, each answer as its schema says")


def lists_are_told_page_by_page(folder):
    """Pages of one, of two and of all hold the same, each once, in the same order."""
    server = Server(folder + "/data")
    raw = furnish(server)
    others = [Raw(server, version=5, client_id=f"client-{n}") for n in range(5)]
    for n in range(5):
        raw.publish(f"page/{n}", '{"a":1,"b":2}', flags=1 << 1 | 1)
    wait_for("the tree", lambda: ask(server, "GET", "/v1/points?match=page/%23").json()["points"])
    with Http(server) as http:
        for target, member, key, least in (
                ("/v1/points?", "points", "path", 10), ("/v1/points?match=page/%2B/b&", "points", "path", 5),
                ("/v1/tree?path=page&", "children", "name", 5), ("/v1/clients?", "clients", "id", 7),
                ("/v1/retained?match=page/%23&", "retained", "topic", 5), ("/v1/topics?contains=PAGE&", "topics", "topic", 5)):
            whole = [item[key] for item in http.ask("GET", target + "limit=200").json()[member]]
            expect(len(whole) >= least and len(set(whole)) == len(whole), f"{target}: {whole}")
            for limit in (1, 2):
                found, after, pages = [], "", 0
                while after is not None:
                    answer = http.ask("GET", f"{target}limit={limit}" + (f"&after={quote(str(after), safe='')}" if after else "")).json()
                    expect(len(answer[member]) <= limit, f"{target}: a page of {limit}: {answer}")
                    found, after, pages = found + [item[key] for item in answer[member]], answer["next"], pages + 1
                    expect(pages < 1000, f"{target}: pages without end")
                expect_equal(found, whole, f"{target} in pages of {limit}")
    for connection in (raw, *others):
        connection.close()


PROVE = ("/v1/session", "/v1/setup", "/v1/invitation", "/v1/me/second-factor", "/v1/provision")


def bodies_are_taken_as_the_document_says(folder):
    """What a schema of a body allows is taken, what it forbids is refused, for members that are unknown."""
    server = Server(folder + "/data")
    document = document_of(server)
    # What the examples of those before have made.
    names = {"users": "bo", "devices": "press-3", "tenants": "acme"}
    cookie = []
    with Http(server) as http:
        for path, verb, operation in operations_of(document):
            if "requestBody" not in operation:
                continue
            if "application/json" not in operation["requestBody"]["content"]:
                continue  # lines, CSV, and a form: no JSON has members there
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            name = schema["$ref"].rsplit("/", 1)[1]
            example = document["components"]["schemas"][name]["examples"][0]
            expect_valid(document, schema, example, f"the example for {verb} {path}")
            target = path.replace("{path}", "plant/line-1/press-3/temp")
            target = target.replace("{name}", names.get(path.split("/")[2], "made"))
            answer = http.ask(verb.upper(), target, json.dumps(example), headers=cookie)
            proofs = (401, 403) if path in PROVE else ()  # no example has a true password, code or token
            expect(answer.status in (200, 201, 404, 409, *proofs), f"{verb} {path} with its own example: {answer}")
            wrong = {**example, "no_such_member": 1}
            expect(faults_of(document, schema, wrong), f"{name} allows members that are unknown")
            answer = http.ask(verb.upper(), target, json.dumps(wrong), headers=cookie)
            expect_equal(answer.status, 422, f"{verb} {path} with a member that is unknown: {answer}")
            if path == "/v1/setup":  # what comes behind it needs a person
                first = {**example, "token": setup_token(server), "name": "ann", "password": PASSWORD}
                answer = http.ask("POST", path, json.dumps(first))
                expect_equal(answer.status, 201, f"the first account: {answer}")
                cookie = [("Cookie", answer.headers["set-cookie"].split(";")[0])]
    expect(cookie, "nobody set the server up")


def live_routes_answer_as_their_words_say(folder):
    server = Server(folder + "/data")
    raw = furnish(server)
    live = WebSocket(server)
    expect_equal(live.answer.status, 101, "the handshake of /v1/live")
    expect_equal(live.hear()["op"], "hello", "the first message")
    live.tell(op="subscribe", id=1, match="house/#")
    expect(live.hear("snapshot")["points"], "points of the snapshot")
    live.close()
    with Http(server) as http:
        http.send(http.request("GET", "/v1/events?match=house/%23"))
        head = http.take_until(b"\r\n\r\n")
        expect(b"200 OK" in head and b"text/event-stream" in head, f"the head of /v1/events: {head}")
        expect(http.take_until(b"event: snapshot") is not None, "a snapshot")
    mqtt = WebSocket(server, "/mqtt", protocol="mqtt")
    expect_equal((mqtt.answer.status, mqtt.answer.headers.get("sec-websocket-protocol")), (101, "mqtt"), "/mqtt")
    mqtt.send(frame(BINARY, connect_packet(5, "by-websocket")))
    expect_equal(mqtt.take_frame()[1][0] >> 4, 2, "CONNACK")
    mqtt.close()
    raw.close()


# ---- methods --------------------------------------------------------------------------------------------

def path_matches(pattern, target):
    """{path} is the rest of a path, whatever else stands in braces one segment."""
    parts = ("(.+)" if part == "{path}" else "([^/]+)" if part[:1] == "{" else re.escape(part) for part in pattern.split("/"))
    return re.fullmatch("/".join(parts), target)


def each_path_answers_head_options_and_other_methods(folder):
    server = Server(folder + "/data")
    document = document_of(server)
    raw = furnish(server)
    with Http(server) as http:
        for path, item in document["paths"].items():
            target = path.replace("{path}", "house/device-2/temp").replace("{name}", "seen").replace("{number}", "1")
            # A name may be a word of another path: a device may be called bulk.
            items = [other for pattern, other in document["paths"].items() if path_matches(pattern, target)]
            allowed = {verb.upper() for other in items for verb in other} | {"OPTIONS"}
            allowed |= {"HEAD"} if "GET" in allowed else set()
            options = http.ask("OPTIONS", target)
            expect_equal(options.status, 204, f"OPTIONS {target}")
            expect_equal(set(options.headers["allow"].split(", ")), allowed, f"Allow of {target}")
            for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
                if verb in allowed:
                    continue
                answer = http.ask(verb, target)
                expect_equal(answer.status, 405, f"{verb} {target}")
                expect_equal(set(answer.headers["allow"].split(", ")), allowed, f"Allow of {verb} {target}")
            if "get" in item and path not in ("/v1/live", "/mqtt", "/v1/events"):
                got, head = http.ask("GET", target), http.ask("HEAD", target)
                expect_equal((head.status, head.body), (got.status, b""), f"HEAD {target}")
                expect_equal(head.headers.get("content-type"), got.headers.get("content-type"), f"HEAD {target}")
                if path not in ("/v1/state", "/metrics"):  # they count themselves
                    expect_equal(head.headers.get("content-length"), got.headers.get("content-length"), f"HEAD {target}")
            for beyond in (target + "/x/y", target + "x", target + "/"):
                if any(path_matches(pattern, beyond) for pattern in document["paths"]):
                    continue
                expect_equal(http.ask("GET", beyond).status, 404, f"GET {beyond}")
        expect_equal(http.ask("OPTIONS", "*").status, 204, "OPTIONS *")
        expect_equal(http.ask("GET", "/no/such/page").code(), "path", "the code of a path that is not there")
    raw.close()


# ---- metrics --------------------------------------------------------------------------------------------

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


def metrics_parse(text):
    """{name: (type, help, [(sample name, labels, value)])}; fails on whatever the format forbids."""
    expect(text.endswith("\n"), "the text ends with a line's end")
    families, current = {}, None
    for line in text[:-1].split("\n"):
        help_line = re.fullmatch(rf"# HELP ({NAME}) (.+)", line)
        type_line = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line)
        if help_line:
            current = help_line[1]
            expect(current not in families, f"{current} is there twice")
            families[current] = [None, help_line[2], []]
        elif type_line:
            expect_equal(type_line[1], current, "the TYPE behind a HELP")
            expect(families[current][0] is None, f"{current} has two types")
            families[current][0] = type_line[2]
        else:
            sample = SAMPLE.fullmatch(line)
            expect(sample, f"no sample: {line!r}")
            labels = dict(re.findall(LABEL, sample[2] or ""))
            base = re.sub(r"_(bucket|sum|count)$", "", sample[1]) if families[current][0] == "histogram" else sample[1]
            expect_equal(base, current, f"the family of {line!r}")
            families[current][2].append((sample[1], labels, float(sample[sample.re.groups])))
    return families


def histogram_judge(name, samples):
    buckets = [(float(labels["le"].replace("+Inf", "inf")), value) for sample, labels, value in samples
               if sample == name + "_bucket"]
    total = [value for sample, _, value in samples if sample == name + "_count"]
    summed = [value for sample, _, value in samples if sample == name + "_sum"]
    expect(len(total) == len(summed) == 1, f"{name}: one sum, one count")
    expect_equal(buckets, sorted(buckets), f"{name}: buckets rise")
    expect(all(a[1] <= b[1] for a, b in zip(buckets, buckets[1:])), f"{name}: buckets are cumulative")
    expect_equal(buckets[-1], (math.inf, total[0]), f"{name}: +Inf is the count")
    # No value is below its bucket's lower end, none of those in finite ones above its upper end.
    least = sum((b[1] - a[1]) * a[0] for a, b in zip([(0, 0)] + buckets, buckets))
    expect(summed[0] >= least * 0.4, f"{name}: the sum {summed[0]} is below {least}")
    return total[0]


def metrics_are_as_prometheus_wants_them(folder):
    server = Server(folder + "/data")
    raw = furnish(server)
    answer = ask(server, "GET", "/metrics")
    expect_equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8", "Content-Type")
    families = metrics_parse(answer.text())
    for name, (kind, words, samples) in families.items():
        expect(name.startswith("mainstem_"), f"{name} begins with mainstem_")
        expect(not words[0].islower() and words.endswith("."), f"{name}: HELP is a sentence: {words}")
        # Without refusals it has no line: docs/metrics.md.
        expect(samples or name == "mainstem_tenant_refused_total", f"{name} has samples")
        expect_equal(name.endswith("_total"), kind == "counter", f"{name}: counters end in _total, others do not")
        keys = [(sample, tuple(sorted(labels.items()))) for sample, labels, _ in samples]
        expect_equal(len(keys), len(set(keys)), f"{name}: samples, each once")
        expect(all(value >= 0 and math.isfinite(value) for _, _, value in samples), f"{name}: {samples}")
        if kind == "histogram":
            histogram_judge(name, samples)

    def value(name, **labels):
        found = [v for _, found_labels, v in families[name][2] if labels.items() <= found_labels.items()]
        expect_equal(len(found), 1, f"samples of {name} {labels}")
        return found[0]

    expect(value("mainstem_values_total") >= 8, "values")
    expect_equal(value("mainstem_refused_total", reason="type"), 1, "refused for their type")
    expect(histogram_judge("mainstem_mqtt_acknowledge_seconds", families["mainstem_mqtt_acknowledge_seconds"][2]) >= 7,
           "acknowledgements")
    expect(histogram_judge("mainstem_journal_write_seconds", families["mainstem_journal_write_seconds"][2]) > 0, "writes")
    expect_equal(value("mainstem_accepts_writes"), 1, "it accepts writes")
    expect(value("mainstem_http_received_bytes_total") > 0 and value("mainstem_http_sent_bytes_total") > 0, "HTTP bytes")
    expect(abs(value("mainstem_start_time_seconds") + value("mainstem_uptime_seconds") - time.time()) < 5,
           "the start's time")
    again = metrics_parse(ask(server, "GET", "/metrics").text())
    expect_equal(list(again), list(families), "the names of two scrapes")
    for name, (kind, _, samples) in families.items():
        if kind == "counter":
            for (_, _, before), (_, _, after) in zip(samples, again[name][2]):
                expect(after >= before, f"{name} falls from {before} to {after}")
    raw.close()
    note(f"{len(families)} metrics, {sum(len(f[2]) for f in families.values())} samples")


if __name__ == "__main__":
    if jsonschema is None:
        skip("python3-jsonschema is not installed")
    play(the_document_is_valid, examples_are_as_their_schemas_say, every_route_answers_as_the_document_says,
         lists_are_told_page_by_page,
         bodies_are_taken_as_the_document_says, live_routes_answer_as_their_words_say,
         each_path_answers_head_options_and_other_methods, metrics_are_as_prometheus_wants_them)
