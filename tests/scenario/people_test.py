"""People and rights over HTTP: the set-up link, logging in, wrong passwords, second factors, invitations,
roles, tokens, tenants; what each of them opens at every door, and that it closes at once."""

import hashlib
import json
import re
import struct

from house import Raw, Server, expect, expect_equal, play, wait_for
from people import OTHER, PASSWORD, Web, code_of, housed, publish, setup_token
from web import WebSocket


def the_set_up_link_makes_the_first_host(folder):
    server = Server(folder + "/data")
    expect("trial: nobody administers this server" in server.log(), "the trial is not said")
    stranger, web = Web(server), Web(server)
    session = stranger.ask("GET", "/v1/session", status=200)
    expect(session["trial"] and session["setup"] and session["entered"], f"trial: {session}")
    stranger.ask("GET", "/v1/points", status=200)
    token = setup_token(server)
    wrong = {"token": token[:-1] + ("a" if token[-1] != "a" else "b"), "name": "ann", "password": PASSWORD}
    expect_equal(stranger.ask("POST", "/v1/setup", wrong, 403)["code"], "setup_wrong", "a wrong link")
    weak = {"token": token, "name": "ann", "password": "password12"}
    expect_equal(stranger.ask("POST", "/v1/setup", weak, 422)["code"], "password_common", "a weak password")
    made = web.ask("POST", "/v1/setup", {"token": token, "name": "ann", "password": PASSWORD,
                                         "title": "Ann Lee"}, 201)
    expect_equal((made["user"], made["trial"], made["tenant"], made["how"]), ("ann", False, "main", "session"),
                 "who is logged in")
    line = web.cookie_line
    expect("HttpOnly" in line and "SameSite=Strict" in line and "Path=/" in line and "Secure" not in line, line)
    expect("administer" in made["resources"]["tenants"], f"a host: {made['resources']}")
    again = {"token": token, "name": "eve", "password": OTHER}
    expect_equal(stranger.ask("POST", "/v1/setup", again, 409)["code"], "setup_over", "it works once")
    stranger.ask("GET", "/v1/points", status=401)
    session = stranger.ask("GET", "/v1/session", status=200)
    expect(not session["trial"] and not session["entered"] and session["user"] is None, f"nobody: {session}")
    web.ask("GET", "/v1/points", status=200)
    server.stop()
    server = Server(folder + "/data")
    expect("/setup#" not in server.log(), "there is another link although somebody administers the server")
    after = Web(server)
    after.cookie = web.cookie
    expect_equal(after.ask("GET", "/v1/session", status=200)["user"], "ann", "the session after a restart")
    for secret in (PASSWORD, web.cookie.split("=")[1]):
        expect(secret not in server.log(), "a secret stands in the log")
    server.stop()


def sessions_begin_and_end(folder):
    server, web = housed(folder)
    other = Web(server)
    problem = other.login("ann", OTHER, status=401)
    expect_equal(problem["code"], "wrong", "a wrong password")
    expect_equal(other.login("nobody", OTHER, status=401)["detail"], problem["detail"], "an unknown name")
    other.login("ann@main", PASSWORD)
    sessions = web.ask("GET", "/v1/sessions", status=200)["sessions"]
    expect_equal([s["current"] for s in sessions], [True, False], f"sessions: {sessions}")
    web.ask("DELETE", f"/v1/sessions/{sessions[1]['number']}", status=200)
    expect_equal(other.ask("GET", "/v1/session", status=200)["user"], None, "an ended session")
    other.ask("GET", "/v1/points", status=401)
    web.ask("DELETE", "/v1/sessions/4000000", status=404)
    cookie = web.cookie
    web.ask("DELETE", "/v1/session", status=204)
    expect(web.cookie is None, "the browser keeps its cookie")
    web.cookie = cookie
    web.ask("GET", "/v1/points", status=401)
    server.stop()


def wrong_passwords_are_slowed(folder):
    server, web = housed(folder, "--access-guess-limit", "3")
    guesser = Web(server)
    seen = []
    for i in range(8):
        guesser.login("ann", f"{OTHER} {i}", status=None)
        seen.append(guesser.status)
    expect_equal(seen[:3], [401, 401, 401], f"the first ones: {seen}")
    expect(429 in seen, f"nothing slows who guesses: {seen}")
    expect(int(guesser.headers.get("Retry-After", "0")) >= 1 or guesser.status != 429, "Retry-After")
    web.ask("GET", "/v1/points", status=200)  # who is in stays in
    server.stop()


def second_factors(folder):
    server, web = housed(folder)
    begun = web.ask("POST", "/v1/me/second-factor", status=200)
    expect(begun["uri"].startswith("otpauth://totp/") and begun["secret"] in begun["uri"], f"begun: {begun}")
    web.ask("PUT", "/v1/me/second-factor", {"code": "000000" if code_of(begun["secret"]) != "000000" else "1" * 6},
            403)
    codes = web.ask("PUT", "/v1/me/second-factor", {"code": code_of(begun["secret"])}, 200)["recovery_codes"]
    expect_equal(len(codes), 10, "recovery codes")
    other = Web(server)
    expect_equal(other.login("ann", PASSWORD, status=401)["code"], "second_factor", "without a code")
    code = code_of(begun["secret"], 1)
    other.login("ann", PASSWORD, code)
    third = Web(server)
    third.login("ann", PASSWORD, code, status=401)  # used
    third.login("ann", PASSWORD, codes[0])
    Web(server).login("ann", PASSWORD, codes[0], status=401)  # used
    expect(third.ask("GET", "/v1/session")["second_factor"], "the account has one")
    third.ask("DELETE", "/v1/me/second-factor", {"password": OTHER}, 403)
    third.ask("DELETE", "/v1/me/second-factor", {"password": PASSWORD}, 200)
    Web(server).login("ann", PASSWORD)
    server.stop()


def people_and_their_rights(folder):
    server, web = housed(folder)
    made = web.ask("POST", "/v1/users", {"name": "bo", "grants": [{"role": "operator", "branch": "north/#"}]}, 201)
    expect_equal(made["user"]["state"], "invited", "state")
    token = made["invitation"]["token"]
    expect(made["invitation"]["link"].endswith("#" + token), "link")
    bo = Web(server)
    expect_equal(bo.ask("POST", "/v1/invitation", {"token": token, "password": "password1234"}, 422)["code"],
                 "password_common", "a password that is guessed first")
    bo.ask("POST", "/v1/invitation", {"token": token, "password": OTHER}, 200)
    bo.ask("POST", "/v1/invitation", {"token": token, "password": OTHER}, 403)  # used
    bo.login("bo", OTHER)
    for path, status in (("north/t", 200), ("south/t", 403)):
        bo.ask("POST", "/v1/samples", {"path": path, "value": 1}, status)
    web.ask("POST", "/v1/samples", {"path": "south/t", "value": 2}, 200)
    expect_equal([p["path"] for p in bo.ask("GET", "/v1/points")["points"]], ["north/t"], "what he sees")
    for verb, path in (("GET", "/v1/users"), ("GET", "/v1/tenants"), ("GET", "/v1/state")):
        bo.ask(verb, path, status=403)
    expect_equal(bo.ask("POST", "/v1/users", {"name": "eve"}, 403)["code"], "forbidden", "he makes nobody")
    # Nobody grants more than he has.
    web.ask("PUT", "/v1/roles/clerk", {"rights": [{"pattern": "$tenant/users", "rights": ["see", "administer"]},
                                                  {"pattern": "$tenant/roles", "rights": "all"},
                                                  {"pattern": "north/#", "rights": ["see", "write"]}]}, 200)
    web.ask("POST", "/v1/users", {"name": "clerk", "password": OTHER, "grants": [{"role": "clerk"}]}, 201)
    clerk = Web(server)
    clerk.login("clerk", OTHER)
    for grants in ([{"role": "host"}], [{"role": "administrator"}], [{"role": "viewer"}],
                   [{"role": "operator", "branch": "north/#"}]):
        expect_equal(clerk.ask("POST", "/v1/users", {"name": "eve", "grants": grants}, 403)["code"], "exceeds",
                     f"grants {grants}")
    clerk.ask("POST", "/v1/users", {"name": "eve", "grants": [{"role": "viewer", "branch": "north/#"}]}, 201)
    for verb, path, body in (("POST", "/v1/users/ann/reset", {}), ("PATCH", "/v1/users/ann", {"state": "disabled"}),
                             ("DELETE", "/v1/users/ann", None), ("DELETE", "/v1/users/bo", None),
                             ("PATCH", "/v1/users/clerk", {"grants": [{"role": "host"}]}),
                             ("PUT", "/v1/roles/clerk", {"rights": [{"pattern": "#", "rights": "all"}]}),
                             ("PUT", "/v1/roles/all", {"rights": [{"pattern": "$server/#", "rights": "all"}]})):
        clerk.ask(verb, path, body, 403)
    # What is taken is gone at once.
    web.ask("PATCH", "/v1/users/bo", {"grants": [{"role": "viewer", "branch": "north/#"}]}, 200)
    bo.ask("POST", "/v1/samples", {"path": "north/t", "value": 3}, 403)
    web.ask("PATCH", "/v1/users/bo", {"state": "disabled"}, 200)
    bo.ask("GET", "/v1/points", status=401)
    expect_equal(web.ask("DELETE", "/v1/users/ann", status=409)["code"], "last_host", "the last host")
    web.ask("DELETE", "/v1/users/bo", status=200)
    web.ask("GET", "/v1/users/bo", status=404)
    reset = web.ask("POST", "/v1/users/clerk/reset", {}, 200)
    clerk.ask("GET", "/v1/points", status=401)
    Web(server).login("clerk", OTHER, status=401)
    Web(server).ask("POST", "/v1/invitation", {"token": reset["invitation"]["token"], "password": PASSWORD}, 200)
    Web(server).login("clerk", PASSWORD)
    names = [u["name"] for u in web.ask("GET", "/v1/users?limit=2", status=200)["users"]]
    expect_equal(names, ["ann", "clerk"], "a page")
    for word in (PASSWORD, OTHER, token, reset["invitation"]["token"]):
        expect(word not in server.log(), "a secret stands in the log")
    server.stop()


def ones_own_password(folder):
    server, web = housed(folder)
    other = Web(server)
    other.login("ann", PASSWORD)
    expect_equal(web.ask("PATCH", "/v1/me", {"password": OTHER}, 422)["code"], "command_invalid", "without the old")
    expect_equal(web.ask("PATCH", "/v1/me", {"password": OTHER, "old_password": OTHER}, 403)["code"], "wrong", "old")
    before = web.cookie
    web.ask("PATCH", "/v1/me", {"password": OTHER, "old_password": PASSWORD}, 200)
    expect(web.cookie != before, "the browser has another session")
    web.ask("GET", "/v1/points", status=200)
    other.ask("GET", "/v1/points", status=401)
    Web(server).login("ann", PASSWORD, status=401)
    Web(server).login("ann", OTHER)
    web.ask("PATCH", "/v1/me", {"language": "zh", "title": "Ann"}, 200)
    session = web.ask("GET", "/v1/session")
    expect_equal((session["language"], session["title"]), ("zh", "Ann"), "language and title")
    server.stop()


def tokens(folder):
    server, web = housed(folder)
    made = web.ask("POST", "/v1/tokens", {"name": "writer", "grants": [{"role": "operator", "branch": "north/#"}]},
                   201)
    expect(re.fullmatch(r"mst_a_[0-9A-Za-z_]+", made["text"]), f"its text: {made['text'][:6]}")
    program = Web(server, made["text"])
    program.ask("POST", "/v1/samples", {"path": "north/t", "value": 1}, 200)
    program.ask("POST", "/v1/samples", {"path": "south/t", "value": 1}, 403)
    listed = web.ask("GET", "/v1/tokens", status=200)["tokens"]
    expect_equal([(t["name"], t["owner"]) for t in listed], [("writer", "ann")], "tokens")
    expect(listed[0]["last_used"] is not None, "it was used")
    expect(made["text"] not in json.dumps(listed), "its text is told again")
    expect_equal(program.ask("POST", "/v1/tokens", {"name": "eve", "grants": [{"role": "viewer"}]}, 403)["code"],
                 "forbidden", "a token makes no tokens")
    program.ask("PATCH", "/v1/me", {"title": "x"}, 403)
    web.ask("DELETE", "/v1/tokens/writer", status=200)
    program.ask("POST", "/v1/samples", {"path": "north/t", "value": 1}, 401)
    server.stop()


def tenants(folder):
    server, web = housed(folder)
    web.ask("POST", "/v1/tenants", {"name": "acme", "title": "Acme Ltd", "quotas": {"points": 2}}, 201)
    expect_equal(web.ask("POST", "/v1/tenants", {"name": "acme"}, 409)["code"], "name_taken", "twice")
    web.ask("POST", "/v1/tenants", {"name": "Acme!"}, 422)
    web.ask("POST", "/v1/users?tenant=acme", {"name": "kim", "password": OTHER,
                                              "grants": [{"role": "administrator"}]}, 201)
    kim = Web(server)
    kim.login("kim", OTHER, status=401)
    session = kim.login("kim@acme", OTHER)
    expect_equal((session["tenant"], session["tenant_title"]), ("acme", "Acme Ltd"), "tenant")
    expect("tenants" not in session["resources"] and "state" not in session["resources"], "no right on the server")
    web.ask("POST", "/v1/samples", {"path": "boiler", "value": 1}, 200)
    kim.ask("POST", "/v1/samples", {"path": "press", "value": 2}, 200)
    expect_equal([p["path"] for p in kim.ask("GET", "/v1/points")["points"]], ["press"], "its own points")
    for text, wanted in (("ltd", ["acme"]), ("MAI", ["main"]), ("nothing", [])):
        told = web.ask("GET", f"/v1/tenants?contains={text}", status=200)["tenants"]
        expect_equal([tenant["name"] for tenant in told], wanted, text)
    expect(not web.ask("GET", "/v1/session")["insecure"], "it listens on loopback alone")
    for verb, path, body in (("GET", "/v1/tenants", None), ("POST", "/v1/tenants", {"name": "x"}),
                             ("PATCH", "/v1/tenants/acme", {"quotas": {"points": 9}}),
                             ("DELETE", "/v1/tenants/main", None)):
        kim.ask(verb, path, body, 403)
    for name in ("main", "nowhere"):
        expect_equal(kim.ask("GET", f"/v1/users?tenant={name}", status=404)["code"], "unknown_tenant", name)
    expect_equal(kim.ask("POST", "/v1/users", {"name": "h", "grants": [{"role": "host"}]}, None)["status"] in
                 (404, 403), True, "no host in a tenant")
    expect_equal(kim.ask("GET", "/v1/quota", status=200)["quotas"]["points"]["most"], 2, "its quota")
    web.ask("PATCH", "/v1/tenants/acme", {"state": "suspended"}, 200)
    kim.ask("GET", "/v1/points", status=401)
    Web(server).login("kim@acme", OTHER, status=401)
    web.ask("PATCH", "/v1/tenants/acme", {"state": "active"}, 200)
    Web(server).login("kim@acme", OTHER)
    expect_equal([t["name"] for t in web.ask("GET", "/v1/tenants")["tenants"]], ["main", "acme"], "tenants")
    server.stop()


def machines(folder):
    """Devices by token over MQTT and HTTP, claim keys, and that the removed are out at once."""
    server, web = housed(folder)
    made = web.ask("POST", "/v1/devices", {"name": "press-3"}, 201)
    token = made["text"]
    expect(token.startswith("mst_d_"), "a device's token")
    expect_equal(publish(server, "devices/press-3/temp", "press-3", token), 0, "mosquitto_pub with the token")
    expect(publish(server, "devices/press-3/temp", "press-3", token[:-3] + "abc") != 0, "a wrong token")
    expect(publish(server, "devices/press-3/temp", None, None) != 0, "without any")
    publish(server, "devices/press-9/temp", "press-3", token)
    web.ask("GET", "/v1/points/devices/press-9/temp", status=404)
    wait_for("the reading", lambda: web.ask("GET", "/v1/points/devices/press-3/temp", status=None).get("value") == 21.5)
    again = web.ask("POST", "/v1/devices/press-3/token", status=200)["text"]
    expect(publish(server, "devices/press-3/temp", "press-3", token) != 0, "the token before is void")
    expect_equal(publish(server, "devices/press-3/temp", "press-3", again), 0, "the new token")
    web.ask("PATCH", "/v1/devices/press-3", {"state": "disabled"}, 200)
    expect(publish(server, "devices/press-3/temp", "press-3", again) != 0, "a disabled device")
    claim = web.ask("POST", "/v1/claims", {"name": "line-4", "uses": 2}, 201)
    device = Web(server)
    for i in range(2):
        made = device.ask("POST", "/v1/provision", {"claim": claim["key"], "name": f"unit-{i}"}, 201)
        expect_equal((made["device"], made["tenant"]), (f"unit-{i}", "main"), "who it is")
        expect_equal(publish(server, f"devices/unit-{i}/t", f"unit-{i}", made["token"]), 0, "its token")
    device.ask("POST", "/v1/provision", {"claim": claim["key"], "name": "unit-2"}, 403)  # used up
    device.ask("POST", "/v1/provision", {"claim": claim["key"][:-1] + "x", "name": "unit-2"}, 403)
    expect_equal(web.ask("GET", "/v1/claims")["claims"][0]["uses_left"], 0, "uses left")
    listed = json.dumps(web.ask("GET", "/v1/devices")) + json.dumps(web.ask("GET", "/v1/claims"))
    for secret in (token, again, claim["key"], made["token"]):
        expect(secret not in listed and secret not in server.log(), "a secret is told again")
    expect_equal(web.ask("POST", "/v1/devices", {"name": "press-3"}, 409)["code"], "name_taken", "a name twice")
    web.ask("POST", "/v1/devices", {"name": "press-4", "fingerprint": "ab" * 32, "common_name": "press-4"}, 201)
    listed = web.ask("GET", "/v1/devices?contains=press-4")["devices"][0]
    expect_equal((sorted(listed["certificates"]), listed["token"]), (["CN=press-4", "ab" * 32], False), "certificates")
    # Certificates come and go later; so does the day it ends.
    wish = {"certificates": None, "fingerprint": "cd" * 32, "expires": "2040-01-01T00:00:00Z"}
    changed = web.ask("PATCH", "/v1/devices/press-4", wish, 200)["device"]
    expect_equal((changed["certificates"], changed["expires"] is None), (["cd" * 32], False), "replaced")
    web.ask("POST", "/v1/devices", {"name": "press-5", "fingerprint": "ab" * 32, "common_name": "press-4"}, 201)  # free
    taken = web.ask("PATCH", "/v1/devices/press-4", {"fingerprint": "ab" * 32}, 409)
    expect_equal(taken["code"], "name_taken", "another's certificate")
    for wrong in ({"certificates": ["ab" * 32]}, {"fingerprint": "ab"}, {"common_name": "press-4@other"}):
        web.ask("PATCH", "/v1/devices/press-4", wrong, 422)
    changed = web.ask("PATCH", "/v1/devices/press-4", {"common_name": "four", "expires": None}, 200)["device"]
    expect_equal((sorted(changed["certificates"]), changed["expires"]), (["CN=four", "cd" * 32], None), "one more")
    changed = web.ask("PATCH", "/v1/devices/press-4", {"certificates": None}, 200)["device"]
    expect_equal((changed["certificates"], changed["token"]), ([], False), "none")
    web.ask("DELETE", "/v1/devices/press-4", status=200)
    web.ask("DELETE", "/v1/devices/press-4", status=404)
    server.stop()


def who_loses_his_rights_is_out_at_once(folder):
    server, web = housed(folder)
    made = web.ask("POST", "/v1/tokens", {"name": "eye", "grants": [{"role": "operator"}]}, 201)["text"]
    raw = Raw(server, user="eye", password=made)
    viewer = WebSocket(server, headers=[("Authorization", f"Bearer {made}")])
    viewer.hear("hello")
    web.ask("DELETE", "/v1/tokens/eye", status=200)
    expect(raw.take() is None, "the connection of MQTT stays open")
    expect(viewer.close_code() is not None, "the viewer stays")
    server.stop()


def tenants_share(folder):
    server, web = housed(folder)
    people = {}
    for name in ("acme", "brigade"):
        web.ask("POST", "/v1/tenants", {"name": name}, 201)
        web.ask("POST", f"/v1/users?tenant={name}", {"name": "kim", "password": OTHER,
                                                     "grants": [{"role": "administrator"}]}, 201)
        people[name] = Web(server)
        people[name].login(f"kim@{name}", OTHER)
    acme, brigade = people["acme"], people["brigade"]
    for path in ("fire/smoke", "press/temp"):
        acme.ask("POST", "/v1/samples", {"path": path, "value": 1}, 200)
    brigade.ask("GET", "/v1/points/@acme/fire/smoke", status=404)
    share = acme.ask("POST", "/v1/shares", {"to": "brigade", "patterns": ["fire/#"]}, 201)["share"]
    expect_equal((share["state"], share["from"], share["to"]), ("offered", "acme", "brigade"), "a share")
    brigade.ask("GET", "/v1/points/@acme/fire/smoke", status=404)
    number = share["number"]
    acme.ask("PUT", f"/v1/shares/{number}/accept", status=404)  # by the other side alone
    web.ask("DELETE", f"/v1/shares/{number}", status=404)  # main has no part in it
    brigade.ask("PUT", f"/v1/shares/{number}/accept", status=200)
    expect_equal(brigade.ask("GET", "/v1/points/@acme/fire/smoke", status=200)["value"], 1, "what is shared")
    expect_equal(brigade.ask("GET", "/v1/session")["tenants"], ["@acme/"], "whose points he sees")
    for path in ("@acme/press/temp", "@main/x", "@nowhere/x"):
        brigade.ask("GET", f"/v1/points/{path}", status=404)
    expect_equal(len(acme.ask("GET", "/v1/shares")["given"]), 1, "given")
    expect_equal(len(brigade.ask("GET", "/v1/shares")["taken"]), 1, "taken")
    brigade.ask("DELETE", f"/v1/shares/{number}", status=200)
    brigade.ask("GET", "/v1/points/@acme/fire/smoke", status=404)
    offered = acme.ask("POST", "/v1/shares", {"to": "nowhere", "patterns": ["#"]}, 201)["share"]
    expect_equal((offered["to"], offered["state"]), ("nowhere", "offered"), "an offer to a name that nobody has")
    acme.ask("DELETE", f"/v1/shares/{offered['number']}", None, 200)
    acme.ask("POST", "/v1/shares", {"to": "brigade", "patterns": ["#"], "rights": ["write"]}, 422)
    # What ended is kept: the newest first, for those who had a part in it.
    kept = acme.ask("POST", "/v1/shares", {"to": "brigade", "patterns": ["kept/#"]}, 201)["share"]["number"]
    for _ in range(201):
        ended = acme.ask("POST", "/v1/shares", {"to": "brigade", "patterns": ["more/#"]}, 201)["share"]["number"]
        acme.ask("DELETE", f"/v1/shares/{ended}", status=200)
    first = acme.ask("GET", "/v1/shares?state=ended", status=200)
    rest = acme.ask("GET", f"/v1/shares?state=ended&after={first['next']}", status=200)
    told = [share["number"] for share in first["given"] + rest["given"]]
    expect_equal((len(first["given"]), len(rest["given"]), rest["next"]), (200, 3, None), "pages of what ended")
    expect_equal((told[0], told[-1]), (ended, number), "the newest first")
    expect(told == sorted(told, reverse=True) and kept not in told, "in order, and none that stands")
    expect(all(share["state"] == "ended" and share["ended"] for share in first["given"]), "when they ended")
    taken = brigade.ask("GET", "/v1/shares?state=ended", status=200)
    expect_equal((len(taken["given"]), len(taken["taken"])), (0, 200), "the other side")
    mine = web.ask("GET", "/v1/shares?state=ended", status=200)
    expect_equal(mine, {"given": [], "taken": [], "next": None}, "main's")
    expect_equal([share["number"] for share in acme.ask("GET", "/v1/shares")["given"]], [kept], "those that stand")
    web.ask("GET", "/v1/shares?state=active", status=400)
    server.stop()


def chain_after(before, entry):
    """As docs/security.md says it."""
    doors = ["none", "mqtt", "http", "control", "server"]
    data = before + struct.pack("<QQqIIB", entry["number"], entry["position"], int(entry["wall_ns"]),
                                entry["tenant_number"], entry["account"], doors.index(entry["door"]))
    for name in ("actor", "address", "action", "object", "detail", "outcome"):
        text = entry[name].encode()
        data += struct.pack("<I", len(text)) + text
    return hashlib.sha256(data).digest()


def devices_in_bulk(folder):
    server, web = housed(folder)
    rows = ["name,role,branch,password,fingerprint"]
    rows += [f"unit-{i},,,," for i in range(500)]
    rows += ["unit-3,,,,", "bad/name,,,,", "weak,,,password12,", "cert,device,#,," + "cd" * 32, "off,nobody,#,,",
             'quoted"x,,,,', '"open', ""]
    text = "\n".join(rows).encode()
    reply = web.ask("POST", "/v1/devices/bulk", text, 200, {"Content-Type": "text/csv"})
    lines = [json.loads(line) for line in reply.splitlines()]
    last = lines.pop()
    done = {line["name"]: line for line in lines if line["outcome"] == "done"}
    refused = {line["line"]: line["code"] for line in lines if line["outcome"] == "refused"}
    expect_equal((last["made"], last["refused"]), (502, 5), f"counts: {refused}")
    expect_equal({code: line for line, code in refused.items()},
                 {"name_taken": 502, "name_invalid": 503, "refused": 504, "unknown_role": 506, "csv": 508}, "refusals")
    expect("token" not in done["cert"], "a device with a certificate has no token")
    expect_equal(len({line.get("token") for line in done.values()}), 502, "each has its own token")
    expect_equal(publish(server, "devices/unit-499/t", "unit-499", done["unit-499"]["token"]), 0, "a token of the bulk")
    expect_equal(web.ask("POST", "/v1/devices/bulk", b"nam,role\n", 422, {"Content-Type": "text/csv"})["code"],
                 "csv_head", "a wrong head")
    server.stop()


def providers_are_kept(folder):
    server, web = housed(folder)
    said = {"issuer": "https://login.example.org", "client_id": "mainstem", "secret": OTHER}
    made = web.ask("PUT", "/v1/providers/login", said, 200)["provider"]
    expect_equal((made["secret"], made["role"]), (True, None), "a provider")
    said = {"issuer": "https://login.example.org", "client_id": "other", "role": "viewer", "branch": "#"}
    web.ask("PUT", "/v1/providers/login", said, 200)
    listed = web.ask("GET", "/v1/providers", status=200)
    expect_equal([(p["client_id"], p["secret"], p["role"]) for p in listed["providers"]], [("other", True, "viewer")],
                 "changed, its secret kept")
    expect(OTHER not in json.dumps(listed), "its secret is told")
    web.ask("DELETE", "/v1/providers/login", status=200)
    web.ask("DELETE", "/v1/providers/login", status=404)
    server.stop()


def a_deleted_tenant_is_gone(folder):
    server, web = housed(folder)
    web.ask("POST", "/v1/tenants", {"name": "acme"}, 201)
    web.ask("POST", "/v1/users?tenant=acme", {"name": "kim", "password": OTHER,
                                              "grants": [{"role": "administrator"}]}, 201)
    kim = Web(server)
    kim.login("kim@acme", OTHER)
    kim.ask("POST", "/v1/samples", [{"path": f"press/{i}", "value": i} for i in range(300)], 200)
    web.ask("POST", "/v1/samples", [{"path": f"mine/{i}", "value": i} for i in range(10)], 200)
    lines = [json.loads(line) for line in web.ask("GET", "/v1/tenants/acme/export", status=200).splitlines()]
    kinds = [name for line in lines for name in line]
    expect_equal((kinds[0], kinds.count("account"), kinds.count("point")), ("tenant", 1, 300), "its export")
    expect("audit" in kinds and "$argon2" not in json.dumps(lines), "its audit, and no secret")
    kim.ask("GET", "/v1/tenants/acme/export", status=403)
    web.ask("GET", "/v1/tenants/acme/certificate", status=404)
    web.ask("DELETE", "/v1/tenants/acme", status=202)
    kim.ask("GET", "/v1/points", status=401)
    web.ask("GET", "/v1/tenants/acme", status=404)
    server.kill()  # it goes on after a restart
    server = Server(folder + "/data")
    again = Web(server)
    again.cookie = web.cookie

    def done():
        certificate = again.ask("GET", "/v1/tenants/acme/certificate", status=200)
        return certificate["state"] == "done" and certificate

    certificate = wait_for("all is gone", done)
    expect_equal(certificate["erasure"]["points"], 300, f"points: {certificate}")
    expect("people 1," in certificate["went"], f"who went: {certificate}")
    expect_equal(certificate["deleted"]["actor"], "ann@main", "by whom")
    expect_equal(len(again.ask("GET", "/v1/points?limit=1000")["points"]), 10, "the others stay")
    again.ask("POST", "/v1/tenants", {"name": "acme"}, 201)
    again.ask("POST", "/v1/users?tenant=acme", {"name": "kim", "password": OTHER,
                                                "grants": [{"role": "administrator"}]}, 201)
    kim = Web(server)
    kim.login("kim@acme", OTHER)
    expect_equal(kim.ask("GET", "/v1/points")["points"], [], "another of this name has nothing of it")
    server.stop()


def the_audit_is_chained(folder):
    server, web = housed(folder)
    web.ask("POST", "/v1/tenants", {"name": "acme"}, 201)
    web.ask("POST", "/v1/users?tenant=acme", {"name": "kim", "password": OTHER, "grants": [{"role": "auditor"}]}, 201)
    web.ask("POST", "/v1/tokens", {"name": "t", "grants": [{"role": "viewer"}]}, 201)
    Web(server).login("ann", OTHER, status=401)
    kim = Web(server)
    kim.login("kim@acme", OTHER)
    kim.ask("POST", "/v1/users", {"name": "eve"}, 403)
    text = web.ask("GET", "/v1/audit/export?all=true", status=200)
    entries = [json.loads(line) for line in text.splitlines()]
    expect_equal([e["number"] for e in entries], list(range(1, len(entries) + 1)), "numbers")
    chain = bytes(32)
    for entry in entries:
        chain = chain_after(chain, entry)
        expect_equal(chain.hex(), entry["chain"], f"the chain of {entry}")
    check = web.ask("GET", "/v1/audit/verify", status=200)
    expect(check["whole"] and check["count"] >= len(entries), f"verify: {check}")
    def later():  # what doors tell comes with the engine's next step
        lines = web.ask("GET", f"/v1/audit/export?all=true&after={len(entries)}", status=200).splitlines()
        return any(json.loads(line)["action"] == "export" for line in lines) and lines

    for line in wait_for("an entry of the export itself", later):
        chain = chain_after(chain, json.loads(line))
        expect_equal(chain.hex(), json.loads(line)["chain"], "the chain goes on")
    said = {(e["action"], e["outcome"]) for e in entries}
    for wanted in (("account.set", "done"), ("secret.add", "done"), ("login", "denied"), ("tenant.set", "done")):
        expect(wanted in said, f"{wanted} is missing: {sorted(said)}")
    expect(any(e["actor"] == "ann@main" and e["object"] == "token/t" for e in entries), "who made the token")
    expect(PASSWORD not in text and OTHER not in text and "$argon2" not in text, "a secret stands in the audit")
    own = kim.ask("GET", "/v1/audit?limit=1000", status=200)["entries"]
    expect(own and {e["tenant"] for e in own} == {"acme"}, "a tenant sees its own alone")
    kim.ask("GET", "/v1/audit?all=true", status=403)
    page = web.ask("GET", "/v1/audit?limit=2", status=200)
    second = web.ask("GET", f"/v1/audit?limit=2&after={page['next']}", status=200)
    expect(page["entries"][-1]["number"] > second["entries"][0]["number"], "pages")
    def found(query):
        return web.ask("GET", f"/v1/audit?all=true&limit=1000&{query}", status=200)["entries"]

    failed = found("outcome=failed")
    expect(failed and all(e["outcome"] != "done" for e in failed), f"what failed: {failed}")
    expect(all(e["outcome"] == "denied" for e in found("outcome=denied")), "one outcome")
    expect_equal({e["object"] for e in found("object=token/T&outcome=done")}, {"token/t"}, "of what")
    middle = entries[len(entries) // 2]["time"]
    before, behind = found(f"until={middle}"), found(f"since={middle}")
    expect(before and behind and before[0]["number"] + 1 == behind[-1]["number"], "before and since a time")
    web.ask("GET", "/v1/audit?until=soon", status=400)
    why = web.ask("GET", "/v1/why?right=see&path=plant/x", status=200)
    expect(why["may"] and why["why"], f"why: {why}")
    why = kim.ask("GET", "/v1/why?right=write&path=plant/x", status=200)
    expect(not why["may"] and why["why"], f"why not: {why}")
    kim.ask("GET", "/v1/why?user=ann&path=x", status=404)
    server.stop()


def the_audit_reaches_back(folder):
    """More entries than memory holds, nearly all of one tenant's: another's are found all the same, the chain holds
    from the first entry on, also after a restart; and a changed journal is found out."""
    server, web = housed(folder)
    for name, user in (("busy", "bea"), ("quiet", "kim")):
        web.ask("POST", "/v1/tenants", {"name": name}, 201)
        web.ask("POST", f"/v1/users?tenant={name}",
                {"name": user, "password": OTHER, "grants": [{"role": "administrator"}]}, 201)
    busy, kim = Web(server), Web(server)
    busy.login("bea@busy", OTHER)
    kim.login("kim@quiet", OTHER)
    kim.ask("POST", "/v1/points", {"path": "a/b", "type": "float64"}, 201)
    made = 0
    while made < 70000:
        lines = "".join(json.dumps({"command": "create", "path": f"p/{i // 100}/{i % 100}"}) + "\n"
                        for i in range(made, made + 5000))
        busy.ask("POST", "/v1/points", lines.encode(), 200, {"Content-Type": "application/x-ndjson"})
        made += 5000

    def looked(count):
        check = web.ask("GET", "/v1/audit/verify", status=200)
        expect(check["whole"] and check["oldest"] == 1 and check["count"] >= count, f"the chain: {check}")
        own, after = [], ""
        while after is not None:
            page = kim.ask("GET", f"/v1/audit?limit=1000{after and '&after=' + after}", status=200)
            own += page["entries"]
            after = page["next"]
        expect({e["tenant"] for e in own} == {"quiet"}, "another tenant's entries")
        expect(any(e["action"] == "point.create" and e["object"] == "a/b" for e in own), f"an old entry: {own}")
        lines = web.ask("GET", "/v1/audit/export?all=true", status=200).splitlines()
        chain = bytes(32)
        for number, line in enumerate(lines):
            entry = json.loads(line)
            chain = chain_after(chain, entry)
            expect(entry["number"] == number + 1 and chain.hex() == entry["chain"], f"entry {number + 1}: {entry}")
        expect(len(lines) >= count, f"{len(lines)} lines of {count}")

    looked(70000)
    server.stop()
    server = Server(folder + "/data")
    again = Web(server), Web(server)
    for one, before in zip(again, (web, kim)):
        one.cookie = before.cookie
    web, kim = again
    looked(70000)
    server.stop()


if __name__ == "__main__":
    play(the_set_up_link_makes_the_first_host, sessions_begin_and_end, wrong_passwords_are_slowed, second_factors,
         people_and_their_rights, ones_own_password, tokens, tenants, machines,
         who_loses_his_rights_is_out_at_once, tenants_share, devices_in_bulk, providers_are_kept,
         a_deleted_tenant_is_gone, the_audit_is_chained, the_audit_reaches_back)
