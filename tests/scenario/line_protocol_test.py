"""Line protocol against the real binary: curl, bodies cut anywhere, limits, slow and hostile senders, and
what a kill -9 leaves: every line that was answered 204."""

import gzip
import json
import os
import random
import shutil
import subprocess
import threading
import time

from house import PATIENCE_S, Failed, Server, expect, expect_equal, note, play, skip, wait_for
from web import Http, ask

WRITE = "/write?precision=s"


def value_of(server, path):
    answer = ask(server, "GET", f"/v1/points/{path}")
    expect_equal(answer.status, 200, f"GET {path}")
    return answer.json()["value"]


def write(server, body, target=WRITE, **options):
    return ask(server, "POST", target, body, media="text/plain", **options)


def curl(server, *words, body=None):
    result = subprocess.run(["curl", "-s", "-S", "-o", "-", "-w", "\n%{http_code}", *words], input=body,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S)
    expect_equal(result.returncode, 0, f"curl: {result.stderr!r}")
    text, status = result.stdout.rsplit(b"\n", 1)
    return int(status), text.decode()


def curl_plain_and_gzip(folder):
    server = Server(folder)
    url = f"http://{server.http}"
    lines = "".join(f"cpu,host=h{i:03d} usage={i}.5 {1700000000 + i}\n" for i in range(1000)).encode()
    expect_equal(curl(server, "--data-binary", "@-", f"{url}/write?db=x&precision=s", body=lines), (204, ""), "plain")
    expect_equal(value_of(server, "cpu/h999/usage"), 999.5, "a value")
    packed = gzip.compress(lines.replace(b".5 ", b".25 "))
    expect_equal(curl(server, "-H", "Content-Encoding: gzip", "--data-binary", "@-",
                      f"{url}/api/v2/write?org=o&bucket=b&precision=s", body=packed), (204, ""), "gzip")
    expect_equal(value_of(server, "cpu/h999/usage"), 999.25, "a value by gzip")
    expect_equal(curl(server, "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--data-binary", "@-",
                      f"{url}/write?precision=s", body=lines), (204, ""), "chunked")
    status, text = curl(server, "--data-binary", "good v=1\nbad\n", f"{url}/write")
    expect_equal(status, 400, "a line that is refused")
    expect_equal(json.loads(text)["error"], "partial write: unable to parse 'bad': line 2, column 4: there are no fields "
                 "dropped=1", "its sentence")
    expect_equal(curl(server, "-X", "POST", "-H", "User-Agent: Mozilla/5.0", "-H", "Content-Type: text/plain",
                      "--data-binary", "a v=1", f"{url}/write")[0], 415, "a browser's form")
    expect_equal(curl(server, "-i", f"{url}/ping")[0], 204, "ping")
    expect_equal(curl(server, "-d", 'q=CREATE DATABASE "x"', f"{url}/query")[0], 200, "a form with a statement")


def malformed_lines(folder):
    """Each is refused alone and named; what stands around it is taken."""
    server = Server(folder)
    bad = [b"m", b"m ", b"m v", b"m v=", b"m v=1,", b"m =1", b",a=b v=1", b"m,a v=1", b"m,a= v=1", b"m,=b v=1", b"m v=1 x",
           b"m v=1 1 2", b"m v=tru", b"m v=1.2.3", b"m v=nan", b"m v=0x10", b"m v=1e999", b"m v=9223372036854775808i",
           b"m v=\xff", b"m\xff v=1", b"m,a=\x01 v=1", b"m,a=1,a=2 v=1", b"m v=1 -1", b"m v=1 99999999999",
           b"m," + b",".join(b"t%d=1" % i for i in range(33)) + b" v=1",
           b"m " + b",".join(b"f%d=1" % i for i in range(257)), b"m,a=" + b"x" * 257 + b" v=1",
           b"m v=\"" + b"x" * 4097 + b"\"", b"m v=" + b"1" * 1025]
    body = b"".join(b"good%d v=%d 1\n%s\n" % (i, i, line) for i, line in enumerate(bad)) + b"end v=1 1"
    answer = write(server, body)
    expect_equal(answer.status, 400, "status")
    error = answer.json()["error"]
    for i in range(len(bad)):
        expect(f"line {2 * i + 2}" in error, f"line {2 * i + 2}, {bad[i]!r}, is not named: {error}")
    expect(error.endswith(f"dropped={len(bad)}"), error[-100:])
    for i in range(len(bad)):
        expect_equal(value_of(server, f"good{i}/v"), i, f"the line before {bad[i]!r}")
    expect_equal(value_of(server, "end/v"), 1, "the last one")


def bodies_at_both_sides_of_their_limit(folder):
    server = Server(folder, "--http-write-body", "100000")
    line = b"size v=1 1\n"
    for more in (0, 1):
        body = line + b"#" + b"x" * (100000 - len(line) - 1 + more)
        answer = write(server, body)
        expect_equal(answer.status, 413 if more else 204, f"{len(body)} bytes")
    packed = gzip.compress(b"bomb v=1 1\n" + b"\n" * 50_000_000)
    expect(len(packed) < 100000, f"the bomb has {len(packed)} bytes")
    began = time.monotonic()
    with Http(server) as client:
        client.send(client.request("POST", WRITE, packed, "text/plain", [("Content-Encoding", "gzip")]))
        expect_equal(client.take().status, 413, "a gzip bomb")
    expect(time.monotonic() - began < PATIENCE_S / 3, "the bomb took too long")
    wait_for("what stood before it", lambda: ask(server, "GET", "/v1/points/bomb/v").status == 200)


def cut_anywhere(folder):
    """Chunks and packets of any size mean the same."""
    server = Server(folder)
    rng = random.Random(7)
    for attempt in range(12):
        body = b"".join(b'cut,i=%d s="a,b \\"c\\"\nd",v=%d %d\n' % (i, i + attempt, attempt) for i in range(200))
        with Http(server) as client:
            data = f"POST {WRITE} HTTP/1.1\r\nHost: {client.host}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            at = 0
            while at < len(body):
                size = rng.choice((1, 2, 7, 100, 1000, 5000))
                piece = body[at:at + size]
                data += b"%x\r\n%s\r\n" % (len(piece), piece)
                at += size
            data += b"0\r\n\r\n"
            while data:
                size = rng.choice((1, 3, 50, 1000, 100000)) if len(data) > 2000 else 100000
                client.send(data[:size])
                data = data[size:]
            expect_equal(client.take().status, 204, f"attempt {attempt}")
        expect_equal(value_of(server, "cut/199/v"), 199 + attempt, "a number")
        expect_equal(value_of(server, "cut/199/s"), 'a,b "c"\nd', "a text")


def a_slow_body_ends_and_others_go_on(folder):
    server = Server(folder, "--http-body-time", "1s")
    with Http(server) as slow, Http(server) as idle:
        slow.send(f"POST {WRITE} HTTP/1.1\r\nHost: {slow.host}\r\nContent-Length: 1000000\r\n\r\nslow v=1 1\nslow v=")
        idle.send(f"POST {WRITE} HTTP/1.1\r\nHost: {idle.host}\r\nContent-Length: 10\r\n\r\n")
        began, longest = time.monotonic(), 0
        while time.monotonic() - began < 0.7:
            at = time.monotonic()
            expect_equal(write(server, "other v=1 1\n").status, 204, "another one")
            longest = max(longest, time.monotonic() - at)
            slow.send("1")
            time.sleep(0.05)
        expect_equal(slow.take().status, 408, "a slow body")
        expect_equal(idle.take().status, 408, "a silent body")
    note(f"others waited {longest * 1000:.1f} ms at most")
    wait_for("the line that was whole", lambda: value_of(server, "slow/v") == 1)


def the_path_is_a_setting(folder):
    config = folder + "/mainstem.conf"
    os.mkdir(folder + "/data")

    def configure(text):
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)

    configure('readings.lines_path = "{tag:site}/{measurement}.{field}"\n')
    server = Server(folder + "/data", "--config", config)
    expect_equal(write(server, "m,site=a,x=1 v=1 1\nm v=2 1\n").status, 400, "a line without the tag")
    expect_equal(value_of(server, "a/m.v"), 1, "its path")
    configure('readings.lines_path = "{nothing}/{field}"\n')
    server.process.send_signal(1)
    wait_for("the refusal", lambda: "readings.lines_path = {nothing}/{field}: " in server.log())
    expect_equal(write(server, "m,site=a v=3 3\n").status, 204, "as it was")
    expect_equal(value_of(server, "a/m.v"), 3, "as it was")
    configure('readings.lines_path = "{measurement}/{pairs}/{field}"\n')
    server.process.send_signal(1)
    wait_for("the new one", lambda: "settings were read again" in server.log())
    expect_equal(write(server, "m,site=a v=4 4\n").status, 204, "another path")
    expect_equal(value_of(server, "m/site=a/v"), 4, "another path")
    expect_equal(value_of(server, "a/m.v"), 3, "the old point stays")
    server.stop()
    configure('readings.lines_path = "{field}/x"\n')
    server = Server(folder + "/data", "--config", config, wait=False)
    expect(server.process.wait(timeout=PATIENCE_S) != 0, "it starts with a path that is none")
    expect("readings.lines_path" in server.log(), "the log does not name the setting")


def labels_are_found(folder):
    server = Server(folder)
    expect_equal(write(server, "".join(f"room,floor={i % 3},house=h{i % 5} temp={i} 1\n" for i in range(15))).status, 204,
                 "status")
    answer = ask(server, "GET", "/v1/points?label=floor:2&label=house:h4&whole=true").json()
    expect_equal([(point["path"], point["labels"]) for point in answer["points"]],
                 [("room/2/h4/temp", {"floor": "2", "house": "h4"})], "by two labels")
    expect_equal(len(ask(server, "GET", "/v1/points?label=house").json()["points"]), 15, "by a label's name")
    expect_equal(ask(server, "PATCH", "/v1/points/room/2/h4/temp", '{"labels":{"own":"1"}}').status, 200, "other labels")
    server.kill()
    server = Server(folder)
    expect_equal(len(ask(server, "GET", "/v1/points?label=house").json()["points"]), 14, "after a restart")
    expect_equal(len(ask(server, "GET", "/v1/points?label=own:1").json()["points"]), 1, "its own after a restart")


# ---- kill -9 while lines are written ----------------------------------------------------------------------

class Writer(threading.Thread):
    """Sends bodies of lines one after the other, each line a point of its own, and one that all share."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.name, self.kept, self.over = server, name, [], False

    def run(self):
        number = 0
        try:
            with Http(self.server) as client:
                while not self.over:
                    count = random.choice((1, 20, 3000))
                    body = "".join(f"k,w={self.name},n={number + i} v={number + i},all=t {1700000000 + number + i}\n"
                                   for i in range(count))
                    body += f"last,w={self.name} v={number + count} {1700000000 + number + count}\n"
                    options = {}
                    if random.random() < 0.3:
                        body, options = gzip.compress(body.encode(), 1), {"headers": [("Content-Encoding", "gzip")]}
                    answer = client.ask("POST", WRITE, body, media="text/plain", **options)
                    expect_equal(answer.status, 204, "status")
                    number += count
                    self.kept.append(number)
        except (Failed, OSError):
            return  # the server was killed


def all_points(server, match):
    found, after = {}, ""
    while True:
        answer = ask(server, "GET", f"/v1/points?match={match}&limit=1000{after}").json()
        found.update({point["path"]: point["value"] for point in answer["points"]})
        if answer["next"] is None:
            return found
        after = "&after=" + answer["next"]


def kill_9_keeps_every_204(folder):
    total = 0
    for attempt in range(int(os.environ.get("MAINSTEM_ROUNDS", "4"))):
        data = f"{folder}/{attempt}"
        os.mkdir(data)
        server = Server(data)
        writers = [Writer(server, f"w{i}") for i in range(4)]
        for writer in writers:
            writer.start()
        wait_for("some answers", lambda: all(writer.kept for writer in writers))
        time.sleep(random.uniform(0.05, 0.6))
        server.kill()
        for writer in writers:
            writer.over = True
            writer.join(PATIENCE_S)
        server = Server(data)
        wait_for("the namespace", lambda: ask(server, "GET", "/v1/points?limit=1").json()["entered"] == 1)
        found = all_points(server, "k/**")
        for writer in writers:
            kept = writer.kept[-1]
            total += kept
            for number in range(kept):
                expect_equal(found.get(f"k/{number}/{writer.name}/v"), number, f"line {number} of {writer.name}")
            expect(value_of(server, f"last/{writer.name}/v") >= kept, "the newest value")
        server.kill()
    expect(total > 1000, f"only {total} lines were answered")
    note(f"{total} lines that were answered are there")


if __name__ == "__main__":
    if not shutil.which("curl"):
        skip("curl is not installed")
    play(curl_plain_and_gzip, malformed_lines, bodies_at_both_sides_of_their_limit, cut_anywhere,
         a_slow_body_ends_and_others_go_on, the_path_is_a_setting, labels_are_found, kill_9_keeps_every_204)
