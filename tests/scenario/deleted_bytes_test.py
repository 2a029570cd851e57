"""A tenant is deleted, and its bytes are looked for in every file of the data folder: what is said to go is nowhere any
more, what is said to stay stays where it is said (docs/security.md). What is looked for was found before."""

import json
import os
import time

from house import Raw, Server, expect, expect_equal, play, wait_for
from packets import publish, subscribe
from people import OTHER, Web, housed

WORDS = ["--history-window-time", "1s", "--snapshot-interval", "1s", "--journal-samples-keep", "1s"]


def mark(kind):
    return f"zqx{kind}marker7431"


# What people and devices said, and what becomes of it: "gone" is nowhere; "facts" stays among the journal's facts, which
# are kept for ever; "state" there and in snapshots, which are made of them.
FATES = {
    "stringold": "gone", "stringnew": "gone", "retained": "gone", "queued": "gone", "document": "gone",
    "usertitle": "facts", "email": "facts", "doctitle": "facts", "explanation": "facts",
    "user": "state", "role": "state", "channel": "state", "rule": "state",  # the audit names them
    "path": "state", "unit": "state", "description": "state", "label": "state",  # of points that are retired
    "annotation": "state", "comment": "state", "handover": "state",
}
PLACES = {"gone": (), "facts": ("facts",), "state": ("facts", "snap")}


def found_in(folder):
    """Kind -> the files, below the folder, that hold its mark."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if not os.path.isfile(path):
                continue
            try:
                data = open(path, "rb").read()
            except FileNotFoundError:
                continue
            for kind in FATES:
                if mark(kind).encode() in data:
                    found.setdefault(kind, set()).add(os.path.relpath(path, folder))
    return found


def fill(server, web):
    web.ask("POST", "/v1/tenants", {"name": "acme"}, 201)
    web.ask("POST", "/v1/users?tenant=acme", {"name": "kim", "password": OTHER, "grants": [{"role": "administrator"}]}, 201)
    kim = Web(server)
    kim.login("kim@acme", OTHER)
    kim.ask("PUT", f"/v1/roles/{mark('role')}", {"rights": [{"pattern": "#", "rights": ["see"]}]}, 200)
    kim.ask("POST", "/v1/users", {"name": mark("user"), "title": mark("usertitle"), "email": mark("email") + "@example.org",
                                  "password": OTHER, "grants": [{"role": "viewer"}]}, 201)
    kim.ask("POST", "/v1/devices", {"name": "unit", "password": OTHER}, 201)
    kim.ask("POST", "/v1/points", {"path": f"{mark('path')}/a", "type": "string", "unit": mark("unit"),
                                   "description": mark("description"), "labels": {"which": mark("label")}}, 201)
    kim.ask("POST", "/v1/points", {"path": "hot/b", "type": "float64"}, 201)
    kim.ask("PUT", f"/v1/rules/{mark('rule')}", {"kind": "high", "path": "hot/#", "limit": 1,
                                                 "cause": mark("explanation")}, 200)
    kim.ask("POST", "/v1/samples", {"path": f"{mark('path')}/a", "value": mark("stringold")}, 200)
    kim.ask("POST", "/v1/samples", {"path": "hot/b", "value": 7}, 200)
    kim.ask("PUT", f"/v1/documents/plan?title={mark('doctitle')}", mark("document").encode(), 200,
            {"Content-Type": "text/plain"})
    kim.ask("PUT", f"/v1/channels/{mark('channel')}", {"kind": "browser"}, 200)
    kim.ask("POST", "/v1/handovers", {"branch": "hot", "text": mark("handover")}, 201)
    kim.ask("POST", "/v1/annotations", {"path": "hot/b", "time": "2026-01-01T00:00:00Z", "text": mark("annotation")}, 201)
    wait_for("an alarm", lambda: kim.ask("GET", "/v1/alarms", status=200)["alarms"])
    keeper = Raw(server, client_id="keeper", clean=False, user="kim@acme", password=OTHER)
    keeper.send(subscribe(1, ("q/#", 1), version=4))
    keeper.take()
    keeper.socket.close()
    sender = Raw(server, client_id="sender", user="kim@acme", password=OTHER)
    sender.send(publish("q/x", mark("queued"), 1, 1, version=4))
    sender.take()
    sender.send(publish("r/x", mark("retained"), 1, 2, retain=True, version=4))
    sender.take()
    sender.socket.close()
    kim.ask("POST", "/v1/alarms-act", {"act": "acknowledge", "filter": {}, "comment": mark("comment")}, 200)
    return kim


def places_of(found, kind):
    """Folder or lane of each file that holds the mark: a segment that is being written holds all lanes."""
    return {name.rsplit(".", 1)[1] if "." in name else name.split("/")[0] for name in found.get(kind, ())}


def what_goes_and_what_stays(folder):
    data = folder + "/data"
    server, web = housed(folder, *WORDS)
    kim = fill(server, web)

    def sealed():
        web.ask("POST", "/v1/samples", {"path": "mine/x", "value": time.time()}, 200)
        return "part" in places_of(found_in(data), "stringold")

    wait_for("the samples are sealed into a part", sealed)
    kim.ask("POST", "/v1/samples", {"path": f"{mark('path')}/a", "value": mark("stringnew")}, 200)
    before = found_in(data)
    expect_equal(set(before), set(FATES), "all of it is found before")
    for kind, place in (("retained", "snap"), ("queued", "snap"), ("document", "documents"), ("stringold", "part")):
        expect(place in places_of(before, kind), f"{kind} is not in a {place}: {before[kind]}")
    web.ask("DELETE", "/v1/tenants/acme", status=202)
    wait_for("the certificate says that it is done",
             lambda: web.ask("GET", "/v1/tenants/acme/certificate", status=200)["state"] == "done")

    server.stop()  # a start ends the segment
    server = Server(data, *WORDS)
    again = Web(server)
    again.cookie = web.cookie

    def settled():
        """Sealed, two snapshots, and what they cover of other lanes than facts goes."""
        again.ask("POST", "/v1/samples", {"path": "mine/x", "value": time.time()}, 200)
        time.sleep(0.5)
        found = found_in(data)
        return not any(kind in found for kind, fate in FATES.items() if fate == "gone") and found

    found = wait_for("what is to go went from all files", settled)
    for kind, fate in FATES.items():
        allowed = set(PLACES[fate])
        expect(places_of(found, kind) <= allowed, f"{kind}, {fate}: {sorted(found.get(kind, ()))}")
        expect(fate == "gone" or "facts" in places_of(found, kind), f"{kind}: the journal has lost it")
    kinds = json.dumps(again.ask("GET", "/v1/tenants/acme/certificate", status=200))
    expect("marker7431" not in kinds, f"the certificate holds a mark: {kinds}")
    server.stop()


if __name__ == "__main__":
    play(what_goes_and_what_stays)
