"""Login by OpenID Connect: a real provider (oidc-provider of Node.js, tests/clients/openid) on this machine, the real
server, and a browser that walks from one to the other with a jar of cookies for each."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse

from house import PATIENCE_S, TREE, Server, expect, expect_equal, free_port, note, play, run, skip, wait_for
from people import PASSWORD, Web, code_of, housed

SCRIPT = os.path.join(TREE, "tests/clients/openid/provider.js")
MODULES = os.environ.get("MAINSTEM_OPENID", os.path.join(TREE, "build/clients/openid/node_modules"))
SECRET = "a secret: & more %"
CALLBACK = "/v1/session/openid/callback"


class Provider:
    """oidc-provider as a child; stop and start again: new keys."""

    every = []

    def __init__(self, server, port=None):
        self.port = port or free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.redirect = f"http://{server.http}{CALLBACK}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(["node", SCRIPT, str(self.port), self.redirect, MODULES],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        Provider.every.append(self.process)
        wait_for("the provider", self.answers)

    def answers(self):
        expect(self.process.poll() is None, "the provider ended at its start")
        try:
            return ask(self.issuer + "/jwks").status == 200
        except OSError:
            return False

    def person(self, name):
        expect_equal(ask(f"{self.issuer}/control?who={name}", verb="POST").status, 200, "who it is")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Answer:
    def __init__(self, url, reply):
        self.url, self.status, self.headers = url, reply.status, reply.headers
        self.body = reply.read()

    @property
    def location(self):
        return urllib.parse.urljoin(self.url, self.headers["Location"])


def ask(url, verb="GET", headers=None, body=None):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_S)
    target = parts.path + ("?" + parts.query if parts.query else "")
    connection.request(verb, target, body, headers or {})
    answer = Answer(url, connection.getresponse())
    connection.close()
    return answer


class Browser:
    """Keeps cookies by host, and goes where it is sent as long as that is no page of the console."""

    def __init__(self, server):
        self.server, self.jars = server, {}

    def get(self, url, verb="GET", body=None):
        jar = self.jars.setdefault(urllib.parse.urlsplit(url).netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        answer = ask(url, verb, headers, body)
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            jar[name] = value
            if not value or "01 Jan 1970" in line:
                del jar[name]
        return answer

    def ours(self, path, verb="GET"):
        return self.get(f"http://{self.server.http}{path}", verb)

    def walk(self, url, until=CALLBACK):
        """The first address that has `until` in it, not asked."""
        for _ in range(12):
            if until in url:
                return url
            answer = self.get(url)
            expect(answer.status in (302, 303), f"{url} answers {answer.status}: {answer.body[:300]}")
            url = answer.location
        raise AssertionError("led around for ever")

    def begin(self, name="idp", more=""):
        return self.ours(f"/v1/session/openid/{name}/begin?return=/%23/points{more}")

    def login(self, name="idp", more=""):
        """Where the callback leads to, without the server's own address."""
        begun = self.begin(name, more)
        expect_equal(begun.status, 303, "begin")
        answer = self.get(self.walk(begun.location))
        expect_equal(answer.status, 303, f"callback: {answer.body[:300]}")
        return answer.headers["Location"]

    def session(self):
        return json.loads(self.ours("/v1/session").body)


def reason_of(place):
    query = urllib.parse.parse_qs(place.partition("?")[2])
    return query.get("reason", [place])[0]


def told_of(web, outcome, least):
    """Entries of logins by the provider, when there are as many: the audit is told a moment later."""
    entries = web.ask("GET", "/v1/audit?action=login&limit=50")["entries"]
    told = [entry for entry in entries if "openid idp" in entry["detail"] and entry["outcome"] == outcome]
    return told if len(told) >= least else None


def provided(folder, *words, **more):
    """A house with a provider that makes accounts of viewers."""
    server, web = housed(folder, *words)
    provider = Provider(server)
    provider_set(web, provider, **more)
    return server, web, provider


def provider_set(web, provider, name="idp", client="mainstem", secret=SECRET, role="viewer", tenant="main"):
    body = {"issuer": provider.issuer, "client_id": client, "scopes": "email profile"}
    if secret:
        body["secret"] = secret
    if role:
        body |= {"role": role, "branch": "#"}
    return web.ask("PUT", f"/v1/providers/{name}?tenant={tenant}", body, 200)


def somebody_new_comes(folder):
    server, web, provider = provided(folder)
    public = Browser(server)
    expect_equal(json.loads(public.ours("/v1/session/openid").body), {"providers": [{"name": "idp"}]}, "providers")
    web.ask("POST", "/v1/tenants", {"name": "acme"}, 201)
    expect_equal([public.ours(f"/v1/session/openid?tenant={name}").body for name in ("acme", "nobody", "a%20b")],
                 [b'{"providers":[]}'] * 3, "providers of a tenant without any, and of none")
    begun = public.begin()
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(begun.location).query)
    expect_equal([asked[key] for key in ("response_type", "client_id", "scope", "code_challenge_method")],
                 [["code"], ["mainstem"], ["openid email profile"], ["S256"]], "what the provider is asked")
    line = begun.headers["Set-Cookie"]
    expect("HttpOnly" in line and "SameSite=Lax" in line and "Max-Age=600" in line, f"the cookie: {line}")

    kim = Browser(server)
    expect_equal(kim.login(), "/#/points", "where kim is led")
    session = kim.session()
    expect_equal([session[key] for key in ("entered", "how", "user", "kind", "title", "tenant")],
                 [True, "session", "kim", "person", "Kim Lee", "main"], "who she is")
    expect_equal(kim.jars[server.http].keys(), {"mainstem_session"}, "cookies that are left")
    user = web.ask("GET", "/v1/users/kim")
    expect_equal([user["email"], user["password"], [grant["role"] for grant in user["grants"]]],
                 ["kim@example.org", False, ["viewer"]], "the account that was made")
    again = Browser(server)
    expect_equal(again.login(), "/#/points", "where kim is led again")
    expect_equal(again.session()["user"], "kim", "who she is again")
    users = [user["name"] for user in web.ask("GET", "/v1/users")["users"]]
    expect_equal(users, ["ann", "kim"], "people: no other was made")
    told = wait_for("both logins in the audit", lambda: told_of(web, "done", 2))
    expect_equal([(entry["actor"], entry["object"]) for entry in told], [("kim@main", "kim@main")] * 2, "the audit")
    # Somebody of the provider is called as a person here is: that makes him nobody else's account.
    provider.person("ann-mfa")
    other = Browser(server)
    other.login()
    expect(other.session()["user"].startswith("ann-"), f"who it is: {other.session()['user']}")
    expect_equal(web.ask("DELETE", "/v1/users/kim")["outcome"], "done", "kim goes")
    expect_equal(again.session()["entered"], False, "her session")
    server.stop()


def nobody_gets_in_by_another_way(folder):
    server, web, provider = provided(folder)
    browser = Browser(server)
    back = browser.walk(browser.begin().location)
    expect_equal(reason_of(Browser(server).get(back).headers["Location"]), "state", "another browser's callback")
    wrong = back.replace("state=", "state=x")
    expect_equal(reason_of(browser.get(wrong).headers["Location"]), "state", "a wrong state")
    expect_equal(browser.session()["entered"], False, "he is not in")
    # The cookie went with that answer: what was the right one comes too late.
    expect_equal(reason_of(browser.get(back).headers["Location"]), "state", "the right one behind it")
    # A code once more, by the browser that had it and kept its cookie.
    browser = Browser(server)
    back = browser.walk(browser.begin().location)
    kept = dict(browser.jars[server.http])
    expect_equal(browser.get(back).headers["Location"], "/#/points", "the first time")
    thief = Browser(server)
    thief.jars[server.http] = {"mainstem_openid": kept["mainstem_openid"]}
    expect_equal(reason_of(thief.get(back).headers["Location"]), "code", "a code a second time")
    # A code that was given to another client.
    browser = Browser(server)
    begun = browser.begin().location
    back = browser.walk(begun.replace("client_id=mainstem", "client_id=other"))
    expect_equal(reason_of(browser.get(back).headers["Location"]), "code", "another client's code")
    # A changed challenge: who has the code has not the verifier.
    browser = Browser(server)
    begun = browser.begin().location
    at = begun.index("code_challenge=") + len("code_challenge=")
    back = browser.walk(begun[:at] + ("A" if begun[at] != "A" else "B") + begun[at + 1:])
    expect_equal(reason_of(browser.get(back).headers["Location"]), "code", "a code of another verifier")
    # Another issuer's word in the address.
    browser = Browser(server)
    back = browser.walk(browser.begin().location)
    mixed = back.replace(urllib.parse.quote(provider.issuer, safe=""), "https%3A%2F%2Fevil.example")
    expect(mixed != back, f"the provider says who it is: {back}")
    expect_equal(reason_of(browser.get(mixed).headers["Location"]), "issuer", "another issuer's")
    provider.person("nobody")
    expect_equal(reason_of(Browser(server).login()), "denied", "who changed his mind")
    provider.person("kim")
    for place in ("//evil.example", "https://evil.example", "/%5Cevil.example", "/%0d%0aSet-Cookie:x", "/" + 64 * "a"):
        browser = Browser(server)
        begun = browser.ours(f"/v1/session/openid/idp/begin?return={place}")
        expect_equal(browser.get(browser.walk(begun.location)).headers["Location"], "/", f"where {place} leads")
    for path in ("never/begin", "idp/begin?tenant=acme", "idp/begin?tenant=nobody"):
        answer = Browser(server).ours("/v1/session/openid/" + path)
        expect_equal(answer.headers["Location"], "/#/login?reason=provider&provider=", path)
    told = wait_for("both denials in the audit", lambda: told_of(web, "denied", 2))
    expect_equal(sorted(entry["detail"].split(";")[0] for entry in told), ["openid idp: code", "openid idp: issuer"],
                 "denials in the audit, of three with one reason one a minute")
    # A secret that the provider does not know, and people who are not known and not made.
    provider_set(web, provider, secret="wrong")
    expect_equal(reason_of(Browser(server).login()), "client", "a wrong secret")
    provider_set(web, provider, role=None)
    provider.person("248289761001")
    expect_equal(reason_of(Browser(server).login()), "stranger", "a stranger where none is made")
    server.stop()


def an_account_is_linked(folder):
    server, web, provider = provided(folder, role=None)
    ann = Browser(server)
    name, value = web.cookie.split("=", 1)
    ann.jars[server.http] = {name: value}
    expect_equal(json.loads(ann.ours("/v1/me/openid").body), {"links": []}, "links at first")
    expect_equal(ann.ours("/v1/me/openid/never", "PUT").status, 404, "a provider that is not there")

    def link(browser):
        begun = browser.ours("/v1/me/openid/idp", "PUT")
        expect_equal(begun.status, 200, f"a link is begun: {begun.body[:200]}")
        # The provider knows him from before; here he is to be whom the test says. And no other site's page
        # sends the session: the callback comes without it.
        browser.jars = {server.http: browser.jars[server.http]}
        back = browser.walk(json.loads(begun.body)["url"])
        session = browser.jars[server.http].pop("mainstem_session")
        place = browser.get(back).headers["Location"]
        browser.jars[server.http]["mainstem_session"] = session
        return place

    provider.person("ann")
    expect_equal(link(ann), "/#/account?linked=idp", "where the link leads")
    links = json.loads(ann.ours("/v1/me/openid").body)["links"]
    expect_equal([(item["provider"], item["issuer"], item["subject"], item["label"]) for item in links],
                 [("idp", provider.issuer, "ann", "ann@example.org")], "links")
    entered = Browser(server)
    expect_equal(entered.login(), "/#/points", "ann by the provider")
    expect_equal(entered.session()["user"], "ann", "who she is")

    # Nobody else has the same somebody.
    web.ask("POST", "/v1/users", {"name": "bo", "password": PASSWORD, "grants": [{"role": "viewer"}]}, 201)
    bo = Web(server)
    bo.login("bo", PASSWORD)
    other = Browser(server)
    other.jars[server.http] = dict([bo.cookie.split("=", 1)])
    expect_equal(reason_of(link(other)), "taken", "a link that is another's")
    expect_equal(other.ours(f"/v1/me/openid/{links[0]['number']}", "DELETE").status, 404, "another's link")
    expect_equal(Web(server).ask("GET", "/v1/me/openid", status=401)["status"], 401, "links of nobody")

    # With a second factor here, the provider must have seen several as well.
    begun = web.ask("POST", "/v1/me/second-factor", status=200)
    web.ask("PUT", "/v1/me/second-factor", {"code": code_of(begun["secret"])}, 200)
    expect_equal(reason_of(Browser(server).login()), "second_factor", "one factor where two are wanted")
    provider.person("ann-mfa")
    expect_equal(link(ann), "/#/account?linked=idp", "a second link")
    entered = Browser(server)
    expect_equal(entered.login(), "/#/points", "ann by two factors")
    expect_equal(entered.session()["user"], "ann", "who she is")

    for item in json.loads(ann.ours("/v1/me/openid").body)["links"]:
        expect_equal(ann.ours(f"/v1/me/openid/{item['number']}", "DELETE").status, 200, "a link ends")
    expect_equal(reason_of(Browser(server).login()), "stranger", "without a link")
    provider_set(web, provider)
    provider.person("kim")
    kim = Browser(server)
    kim.login()
    number = json.loads(kim.ours("/v1/me/openid").body)["links"][0]["number"]
    answer = kim.ours(f"/v1/me/openid/{number}", "DELETE")
    expect_equal([answer.status, json.loads(answer.body)["code"]], [409, "last_proof"], "all that proves her")
    # A session that ended links nothing.
    begun = other.ours("/v1/me/openid/idp", "PUT")
    provider.person("248289761001")
    back = other.walk(json.loads(begun.body)["url"])
    bo.ask("DELETE", "/v1/session", status=204)
    expect_equal(reason_of(other.get(back).headers["Location"]), "state", "a link of a session that ended")
    web.ask("PATCH", "/v1/users/kim", {"state": "disabled"}, 200)
    provider.person("kim")
    expect_equal(reason_of(Browser(server).login()), "disabled", "a disabled account")
    server.stop()


def signatures_and_keys(folder):
    server, web, provider = provided(folder)
    for name, client, secret in (("ps", "mainstem-PS256", SECRET), ("es", "mainstem-ES256", SECRET),
                                 ("ed", "mainstem-EdDSA", SECRET), ("public", "public", None)):
        provider_set(web, provider, name, client, secret)
    for name in ("idp", "ps", "es", "ed", "public"):
        browser = Browser(server)
        expect_equal(browser.login(name), "/#/points", f"by {name}")
        expect_equal(browser.session()["user"], "kim", f"by {name}")
    provider.stop()
    provider.start()
    expect_equal(Browser(server).login(), "/#/points", "with keys that are new")
    provider.stop()
    provider.start()
    expect_equal(reason_of(Browser(server).login()), "key", "with keys that are newer, within a minute")
    server.stop()


def others_do_not_wait(folder):
    """A provider that is down, and one that takes connections and says nothing."""
    server, web, provider = provided(folder)
    provider.stop()
    expect_equal(reason_of(Browser(server).begin().headers["Location"]), "unreachable", "a provider that is down")
    silent = socket.create_server(("127.0.0.1", 0))
    body = {"issuer": f"http://127.0.0.1:{silent.getsockname()[1]}", "client_id": "x"}
    web.ask("PUT", "/v1/providers/silent", body, 200)
    reasons = []
    threads = [threading.Thread(target=lambda: reasons.append(reason_of(
        Browser(server).begin("silent").headers["Location"]))) for _ in range(6)]
    for thread in threads:
        thread.start()
    took = []
    while len(took) < 200:
        began = time.monotonic()
        web.ask("GET", "/v1/session", status=200)
        took.append(time.monotonic() - began)
    expect(sorted(took)[100] < 0.1, f"others wait {sorted(took)[100]:.3f} s, the median of 200")
    note(f"while a provider is silent others are answered after {1000 * sorted(took)[100]:.1f} ms, the median; "
         f"{1000 * max(took):.1f} ms at most")
    for thread in threads:
        thread.join()
    expect_equal(reasons, ["unreachable"] * 6, "who asked the silent one")
    silent.close()
    server.stop()


def tenants_have_their_own(folder):
    """The same person of the same provider is somebody else in another tenant; a tenant's provider is not asked on
    this machine."""
    server, web, provider = provided(folder)
    web.ask("POST", "/v1/tenants", {"name": "acme"}, 201)
    body = {"issuer": provider.issuer, "client_id": "mainstem"}
    refused = web.ask("PUT", "/v1/providers/idp?tenant=acme", body, 422)
    expect("issuer" in refused["detail"], f"a tenant's provider on this machine: {refused['detail']}")
    body["issuer"] = f"https://localhost:{provider.port}"
    web.ask("PUT", "/v1/providers/idp?tenant=acme", body, 200)
    place = Browser(server).begin(more="&tenant=acme").headers["Location"]
    expect_equal(reason_of(place), "unreachable", "a tenant's provider by https on this machine")
    server.stop()


def by_the_terminal(folder):
    server, web = housed(folder)
    provider = Provider(server)
    secret = folder + "/secret"
    with open(secret, "w", encoding="utf-8") as file:
        file.write(SECRET + "\n")

    def verb(*words, code=0):
        result = run("provider", *words, "--server", "unix:" + server.data)
        expect_equal(result.returncode, code, f"mainstem provider {' '.join(words)}: {result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    expect("nobody logs in by a provider" in verb("list"), "an empty list")
    words = ("--issuer", provider.issuer, "--client-id", "mainstem", "--client-secret-file", secret)
    verb("add", "idp", code=2)
    verb("add", "idp", *words, "--role", "viewer:north/#")
    expect("is there already" in verb("add", "idp", *words, code=1), "a name that is taken")
    kept = {"name": "idp", "issuer": provider.issuer, "client_id": "mainstem", "secret": True,
            "scopes": "email profile", "role": "viewer", "branch": "north/#"}
    expect_equal(json.loads(verb("list", "--json")), kept, "what it keeps")
    expect_equal(Browser(server).login(), "/#/points", "kim comes")
    verb("change", "idp", "--no-role", "--scopes", "email")
    kept |= {"scopes": "email", "role": None, "branch": None}
    expect_equal(json.loads(verb("list", "--json")), kept, "what a change leaves, the secret with it")
    expect_equal(Browser(server).login(), "/#/points", "kim comes again")
    verb("change", "idp", "--role", "viewer")
    expect_equal(json.loads(verb("list", "--json"))["branch"], "#", "a role without a branch")
    verb("change", "never", "--no-role", code=1)
    expect("nobody logs in by it" in verb("remove", "idp"), "what its end means")
    expect_equal(Browser(server).begin().headers["Location"], "/#/login?reason=provider&provider=", "it is gone")
    expect(SECRET not in server.log(), "the client secret is in the log")
    server.stop()


if __name__ == "__main__":
    if not shutil.which("node"):
        skip("node is not installed")
    if not os.path.isdir(MODULES + "/oidc-provider"):
        skip(f"oidc-provider is not in {MODULES}; scripts/install-deps test puts it there")
    try:
        play(somebody_new_comes, nobody_gets_in_by_another_way, an_account_is_linked, signatures_and_keys,
             others_do_not_wait, tenants_have_their_own,
             by_the_terminal)
    finally:
        for child in Provider.every:
            child.kill()
