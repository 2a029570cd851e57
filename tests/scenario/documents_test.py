"""Documents and boards over HTTP: put, given versions, attached, searched, read back byte for byte, after a
restart and after a kill; what is damaged is named; boards are one's own until they are shared."""

import hashlib
import json
import os

from house import TREE, Server, expect, expect_equal, play, run, wait_for
from people import Web, housed
from web import ask

MARKDOWN = "text/markdown"
SHELF = {
    "pumps": ("水泵操作规程", MARKDOWN, "# 启动\n循环水泵启动前检查<b>轴承</b>温度。"),
    "fire": ("Fire procedure", "text/plain", "The fire pump starts by itself. 消防泵每周试运行一次。"),
    "valves": ("", "text/plain", "电动阀门和手动阀的清单。"),
    "room": ("Round", "text/plain", "泵房内温度正常，出口压力保持在 0.6 MPa。"),
    "water": ("", "text/plain", "水的硬度和泵的材料分开讨论。消毒和防护。压力表。"),
    "fireplace": ("", "text/plain", "A fireplace is no firepump; later, far away, a pump."),
}


def call(server, verb, path, body=None, status=200, media="application/json"):
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) \
        else json.dumps(body).encode() if body is not None else None
    answer = ask(server, verb, path, data, media=media)
    expect_equal(answer.status, status, f"{verb} {path}: {answer}")
    return answer.json() if answer.media() == "application/json" else answer


def quoted(text):
    return "".join(f"%{b:02X}" for b in text.encode())


def found(server, question):
    return [d["name"] for d in call(server, "GET", f"/v1/documents?search={quoted(question)}")["documents"]]


def shelf(server):
    for name, (title, media, text) in SHELF.items():
        title = f"?title={quoted(title)}" if title else ""
        call(server, "PUT", f"/v1/documents/{name}{title}", text, media=media)


def questions(server):
    wait_for("the index", lambda: "fireplace" in found(server, "fireplace"))
    expect_equal(found(server, "水泵"), ["pumps"], "水泵")
    expect_equal(found(server, "消防"), ["fire"], "消防")
    expect_equal(found(server, "阀"), ["valves"], "阀")
    expect_equal(found(server, "泵房 压力"), ["room"], "泵房 压力")
    expect_equal(found(server, '"fire pump"'), ["fire"], '"fire pump"')
    expect_equal(found(server, "fire pump"), ["fire"], "fire pump")
    expect_equal(found(server, "轴承 b"), [], "no tags")
    one = call(server, "GET", f"/v1/documents?search={quoted('泵房 压力')}")["documents"][0]
    expect("«泵房»内" in one["snippet"] and "«压力»保持" in one["snippet"], f"the snippet: {one}")


def file_of(server, sha256):
    return os.path.join(server.data, "documents", sha256)


def documents_are_found_and_kept(folder):
    server = Server(folder + "/data")
    shelf(server)
    questions(server)
    big = os.urandom(5_000_000)
    put = call(server, "PUT", "/v1/documents/plan", big, media="image/png")["document"]
    expect_equal((put["version"], put["bytes"], put["sha256"]), (1, len(big), hashlib.sha256(big).hexdigest()), "")
    expect(os.path.exists(file_of(server, put["sha256"])), "the file has its hash as a name")
    call(server, "PUT", "/v1/documents/plan", b"%PDF-1.4 second", media="application/pdf")
    about = call(server, "GET", "/v1/documents/plan")
    expect_equal([(v["version"], v["media"]) for v in about["versions"]],
                 [(2, "application/pdf"), (1, "image/png")], "versions")
    for _ in ("before", "after a kill"):
        first = call(server, "GET", "/v1/document-content/plan?version=1")
        expect_equal((first.media(), first.body == big), ("image/png", True), "the first version")
        expect_equal(call(server, "GET", "/v1/document-content/plan").body, b"%PDF-1.4 second", "the newest")
        questions(server)
        server.kill()
        server = Server(server.data)
    ask(server, "GET", "/v1/document-content/plan?version=3").status == 404 or expect(False, "no such version")
    call(server, "DELETE", "/v1/documents/plan")
    expect_equal(ask(server, "GET", "/v1/documents/plan").code(), "unknown_document", "it is gone")
    wait_for("its files go", lambda: not os.path.exists(file_of(server, put["sha256"])))
    expect(os.path.exists(file_of(server, hashlib.sha256(SHELF["fire"][2].encode()).hexdigest())), "others stay")
    server.stop()


def procedure():
    with open(TREE + "/tests/golden/documents/procedure.pdf", "rb") as file:
        return file.read()


def pdf_of(content, more=""):
    """A PDF made by hand: one page that draws this, and objects behind it."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
               "/Resources<</Font<</F 5 0 R>>/XObject<</X0 6 0 R>>>>>>",
               f"<</Length {len(content)}>>stream\n{content}\nendstream",
               "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"] + (more or [])
    text = "%PDF-1.7\n" + "".join(f"{i + 1} 0 obj\n{o}\nendobj\n" for i, o in enumerate(objects))
    return (text + f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\n").encode()


def endless_pdf():
    """Twelve forms, each of which draws the next one ten times: 10^12 rectangles."""
    forms = [f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X{i + 1} {i + 7} 0 R>>>>/Length 100>>"
             "stream\n" + (f"/X{i + 1} Do " if i < 11 else "0 0 1 1 re f ").ljust(10) * 10 + "\nendstream"
             for i in range(12)]
    return pdf_of("/X0 Do", forms)


def text_of(server, name):
    return call(server, "GET", f"/v1/documents/{name}")["text"]


def the_inside_of_a_pdf_is_found(folder):
    server = Server(folder + "/data")
    shelf(server)
    questions(server)
    call(server, "PUT", "/v1/documents/procedure", procedure(), media="application/pdf")
    call(server, "PUT", "/v1/documents/scanned", pdf_of("0 0 9 9 re f"), media="application/pdf")
    call(server, "PUT", "/v1/documents/torn", b"%PDF-1.4 torn off", media="application/pdf")
    call(server, "PUT", "/v1/documents/photo", b"a picture", media="image/png")
    for life in ("put", "started again", "started after a kill"):
        wait_for("all of them", lambda: "waiting" not in [text_of(server, n) for n in ("procedure", "scanned", "torn")])
        expect_equal([text_of(server, n) for n in ("procedure", "scanned", "torn", "photo", "pumps")],
                     ["searched", "no_text", "damaged", "picture", "searched"], life)
        wait_for("the shelf", lambda: "fireplace" in found(server, "fireplace"))
        for question, other in (("水泵", "pumps"), ("消防", "fire"), ("阀", "valves"), ("泵房 压力", "room"),
                                ('"fire pump"', "fire")):
            expect_equal(sorted(found(server, question)), sorted(["procedure", other]), f"{life}: {question}")
        expect_equal(found(server, "torn"), ["torn"], "its name")
        log = server.log()
        expect("is not searched, its name and title are: damaged" in log and "no_text" in log, "the log says so")
        server.stop() if life == "put" else server.kill()
        server = Server(server.data)
    one = call(server, "PATCH", "/v1/documents/procedure", call(server, "GET", "/v1/documents/procedure"))["document"]
    expect(one["text"] in ("waiting", "searched"), "what was got can be given back")
    server.stop()
    server = Server(server.data, "--documents-pdftotext", "/nowhere/pdftotext")
    wait_for("the reason", lambda: text_of(server, "procedure") == "no_reader" and text_of(server, "torn") == "no_reader")
    expect_equal(found(server, "scanned"), ["scanned"], "by its name")
    expect_equal(server.log().count("/nowhere/pdftotext"), 1, "one line of the log")
    expect_equal(call(server, "GET", "/v1/document-content/procedure").body, procedure(), "nothing is lost")
    server.stop()


def a_hostile_pdf_harms_nobody(folder):
    server = Server(folder + "/data")
    call(server, "PUT", "/v1/documents/endless", endless_pdf(), media="application/pdf")
    call(server, "PUT", "/v1/documents/note", "of turbines", media="text/plain")
    wait_for("it is read", lambda: readers_of(server))
    wait_for("others are found meanwhile", lambda: found(server, "turbines") == ["note"])
    expect_equal(text_of(server, "endless"), "waiting", "it is read still")
    pid = readers_of(server)[0]
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        status = file.read()
    expect("Seccomp:\t2\n" in status and "NoNewPrivs:\t1\n" in status, f"it is shut in: {status}")
    expect(not os.listdir(f"/proc/{pid}/fd")[8:], "it holds few descriptors")
    expect_equal(server.stop(), 0, "it stops while one is read")
    expect(not os.path.exists(f"/proc/{pid}"), "the process went with it")
    server = Server(server.data)
    wait_for("its processor time is over", lambda: text_of(server, "endless") == "limits", seconds=90)
    expect_equal(readers_of(server), [], "no process is left")
    expect_equal(found(server, "endless"), ["endless"], "its name is found")
    server.stop()


def tenant_of(web, server, name, quotas):
    web.ask("POST", "/v1/tenants", {"name": name, "quotas": quotas}, 201)
    made = web.ask("POST", f"/v1/tokens?tenant={name}", {"name": "t", "grants": [{"role": "administrator"}]}, 201)
    return Web(server, made["text"])


def put(who, name, data, status=200, media="text/plain"):
    return who.ask("PUT", f"/v1/documents/{name}", data, status, {"Content-Type": media})


def documents_are_storage(folder):
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {"storage_bytes": 10000})
    other = tenant_of(web, server, "other", {"storage_bytes": 10000})
    put(acme, "one", b"a" * 6000)
    refused = put(acme, "two", b"b" * 4001, 507)
    expect_equal(refused["code"], "storage_max", "one byte more than there is room for")
    expect(not os.path.exists(file_of(server, hashlib.sha256(b"b" * 4001).hexdigest())), "nothing of it is kept")
    put(acme, "two", b"b" * 4000)
    used = lambda: web.ask("GET", "/v1/tenants/acme", status=200)["quotas"]["storage_bytes"]
    wait_for("it to be told", lambda: used()["used"] == 10000 and used()["refused"] == 1)
    put(acme, "three", b"c", 507)
    wait_for("its values to be refused, too",
             lambda: acme.ask("POST", "/v1/samples", {"path": "plant/t", "value": 1}) and acme.status == 422)
    put(other, "three", b"c" * 10000)
    acme.ask("DELETE", "/v1/documents/two", status=200)
    put(acme, "two", b"b" * 4001, 507)
    put(acme, "two", b"d" * 4000)
    wait_for("its refusals to be counted", lambda: used()["refused"] >= 3)
    server.stop()


def places_of(folder, marker):
    """The files below the folder that hold these bytes."""
    found = []
    for home, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(home, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    if marker in file.read():
                        found.append(os.path.relpath(path, folder))
    return found


def of_a_deleted_tenant_nothing_is_left(folder):
    server, web = housed(folder)
    acme = tenant_of(web, server, "acme", {})
    marker, kept = b"quince-and-medlar-7731", b"walnut-and-sorb-2209"
    put(acme, "note", b"# Old\n" + marker, media=MARKDOWN)
    put(acme, "note", b"# New\n" + marker, media=MARKDOWN)
    put(acme, "drawing", marker, media="image/png")
    put(acme, "manual", pdf_of(f"BT /F 12 Tf 72 700 Td ({marker.decode()}) Tj ET"), media="application/pdf")
    put(web, "mine", b"of ours: " + kept)
    wait_for("all of it to be found", lambda: sorted(
        d["name"] for d in acme.ask("GET", "/v1/documents?search=medlar", status=200)["documents"]) == ["manual", "note"])
    expect_equal(len(places_of(server.data, marker)), 4, "its bytes are there, two versions of one")
    web.ask("DELETE", "/v1/tenants/acme", status=202)
    server.kill()  # it goes on after a restart
    server = Server(folder + "/data")
    again = Web(server)
    again.cookie = web.cookie

    def gone():
        again.ask("POST", "/v1/samples", {"path": "plant/t", "value": 1}, 200)  # each record moves it on
        return not places_of(server.data, marker)

    wait_for("all of its bytes to go", gone)
    expect_equal(len(places_of(server.data, kept)), 1, "ours stay")
    fresh = tenant_of(again, server, "acme", {})
    expect_equal(fresh.ask("GET", "/v1/documents?search=medlar", status=200)["documents"], [], "of the same name")
    server.stop()


def readers_of(server):
    """The processes that read a PDF for it."""
    pids = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                name, rest = file.read().rsplit(")", 1)
        except OSError:
            continue
        if name.endswith("(pdftotext") and rest.split()[1] == str(server.process.pid):
            pids.append(int(pid))
    return pids


def what_is_refused(folder):
    server = Server(folder + "/data", "--documents-size", "1K")
    for path, body, media, status, code in (
            ("/v1/documents/a", "x", "text/html", 415, "media"),
            ("/v1/documents/a", b"", "text/plain", 422, "document_invalid"),
            ("/v1/documents/%20", "x", "text/plain", 422, "document_invalid"),
            ("/v1/documents/" + "n" * 129, "x", "text/plain", 422, "document_invalid"),
            ("/v1/documents/a?attach=asset:nothing", "x", "text/plain", 400, "parameter"),
            ("/v1/documents/a?title=" + "t" * 257, "x", "text/plain", 422, "document_invalid")):
        data = body if isinstance(body, bytes) else body.encode()
        answer = ask(server, "PUT", path, data, media=media)
        expect_equal((answer.status, answer.code()), (status, code), f"{path}: {answer}")
    expect_equal(call(server, "GET", "/v1/documents")["documents"], [], "nothing of it is there")

    call(server, "PUT", "/v1/documents/" + "n" * 128, "x", media="text/plain")
    call(server, "PUT", "/v1/documents/fits", "x" * 1024, media="text/plain")
    answer = ask(server, "PUT", "/v1/documents/fits", b"x" * 1025, media="text/plain")
    expect_equal((answer.status, answer.code()), (413, "body_long"), "documents.size")
    server.stop()


def attached_to_the_plant(folder):
    server = Server(folder + "/data")
    call(server, "PUT", "/v1/types/pump", {"metrics": [{"name": "temp"}]})
    call(server, "PUT", "/v1/assets/acme", {"type": "pump"})
    call(server, "PUT", "/v1/documents/manual?attach=asset:acme&attach=type:pump&attach=branch:acme/temp", "x",
         media="text/plain")
    call(server, "PUT", "/v1/documents/other", "y", media="text/plain")
    for what in ("asset:acme", "type:pump", "branch:acme/temp"):
        listed = call(server, "GET", f"/v1/documents?attached={what}")["documents"]
        expect_equal([d["name"] for d in listed], ["manual"], what)
    changed = call(server, "PATCH", "/v1/documents/manual", {"title": "The manual", "attached": ["type:pump"]})
    expect_equal((changed["document"]["title"], changed["document"]["attached"], changed["document"]["version"]),
                 ("The manual", ["type:pump"], 1), "changed")
    expect_equal(call(server, "GET", "/v1/documents?attached=asset:acme")["documents"], [], "no more")
    call(server, "PATCH", "/v1/documents/manual", {"name": "book", "attached": []})
    page = call(server, "GET", "/v1/documents?limit=1")
    expect_equal([d["name"] for d in page["documents"]], ["book"], "a page")
    page = call(server, "GET", f"/v1/documents?limit=1&after={page['next']}")
    expect_equal(([d["name"] for d in page["documents"]], page["next"]), (["other"], None), "the last page")
    server.stop()


def what_is_damaged_is_named(folder):
    server = Server(folder + "/data")
    one = call(server, "PUT", "/v1/documents/one", "about turbines", media="text/plain")["document"]
    two = call(server, "PUT", "/v1/documents/two", "about boilers", media="text/plain")["document"]
    server.stop()
    os.unlink(file_of(server, one["sha256"]))
    with open(file_of(server, two["sha256"]), "r+b") as file:
        file.write(b"X")
    server = Server(server.data)
    wait_for("both are named in the log",
             lambda: one["sha256"] in server.log() and two["sha256"] in server.log())
    for name in ("one", "two"):
        expect_equal(ask(server, "GET", f"/v1/document-content/{name}").code(), "document_damaged", name)
    wait_for("its name is found", lambda: found(server, "one") == ["one"])
    expect_equal(found(server, "about"), [], "its text is not")
    call(server, "PUT", "/v1/documents/two", "about boilers", media="text/plain")
    expect_equal(call(server, "GET", "/v1/document-content/two").body, b"about boilers", "put again, it is whole")
    server.stop()


def a_backup_has_them(folder):
    server = Server(folder + "/data")
    shelf(server)
    backup = folder + "/backup"
    taken = run("backup", backup, "--data", server.data)
    expect_equal(taken.returncode, 0, f"backup: {taken}")
    put = call(server, "PUT", "/v1/documents/later", "later", media="text/plain")["document"]
    call(server, "DELETE", "/v1/documents/valves")
    valves = file_of(server, hashlib.sha256(SHELF["valves"][2].encode()).hexdigest())
    wait_for("its file goes", lambda: not os.path.exists(valves))
    taken = run("backup", backup, "--data", server.data)
    expect_equal(taken.returncode, 0, f"backup: {taken}")
    server.stop()
    expect_equal(run("restore", backup, folder + "/newest").returncode, 0, "restored")
    newest = Server(folder + "/newest")
    expect(os.path.exists(file_of(newest, put["sha256"])), "what came between two backups")
    expect_equal(found(newest, "阀"), [], "what was removed")
    newest.stop()
    # As it was at the first backup: what was removed since is there again.
    expect_equal(run("restore", backup, folder + "/first", "--backup", "1").returncode, 0, "restored")
    restored = Server(folder + "/first")
    for name, (_, _, text) in SHELF.items():
        expect_equal(call(restored, "GET", f"/v1/document-content/{name}").body, text.encode(), name)
    questions(restored)
    restored.stop()


def boards(folder):
    server = Server(folder + "/data")
    widgets = [{"kind": "line", "paths": ["a/b"], "x": 1, "wide": 2.5, "名": "泵"}]
    made = call(server, "PUT", "/v1/boards/morning", {"title": "Morning", "widgets": widgets})["board"]
    expect_equal((made["title"], made["mine"], made["shared"]), ("Morning", True, False), "made")
    expect_equal(call(server, "GET", "/v1/boards/morning")["widgets"], widgets, "as it was put")
    call(server, "PUT", "/v1/boards/morning", {"shared": True, "widgets": []})
    expect_equal(call(server, "GET", "/v1/boards/morning")["widgets"], [], "replaced")
    expect_equal([b["name"] for b in call(server, "GET", "/v1/boards")["boards"]], ["morning"], "the list")
    fits = ["x" * (10240 - 4)]
    call(server, "PUT", "/v1/boards/big", {"widgets": fits})
    call(server, "PUT", "/v1/boards/big", {"widgets": ["x" * (10240 - 3)]}, status=422)
    server.kill()
    server = Server(server.data)
    expect_equal(call(server, "GET", "/v1/boards/big")["widgets"], fits, "after a kill")
    call(server, "DELETE", "/v1/boards/big")
    expect_equal(ask(server, "GET", "/v1/boards/big").code(), "unknown_board", "removed")
    server.stop()


if __name__ == "__main__":
    play(documents_are_found_and_kept, the_inside_of_a_pdf_is_found, a_hostile_pdf_harms_nobody, what_is_refused, attached_to_the_plant, what_is_damaged_is_named, boards,
         documents_are_storage, of_a_deleted_tenant_nothing_is_left,
         a_backup_has_them)
