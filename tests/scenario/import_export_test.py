"""`mainstem import` and `export`: what files say is what history holds, to the last bit; what is
refused is told with its line; an import that is interrupted goes on where it ended."""

import csv
import glob
import gzip
import io
import json
import math
import os
import random
import signal
import struct
import subprocess
import time
import urllib.request

from house import (PATIENCE_S, PROGRAM, Server, expect, expect_equal, note, play, run, wait_for)


def verb(*words, code=0, env=None, stdin=None):
    result = subprocess.run([PROGRAM, *words], input=stdin, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=8 * PATIENCE_S, env={**os.environ, **(env or {})})
    expect_equal(result.returncode, code, f"exit code of {words} ({result.stdout.strip()} {result.stderr.strip()})")
    return result


def state_of(folder):
    return {"XDG_STATE_HOME": folder + "/state"}


def imported(server, folder, *words, code=0):
    """Imports; returns what the verb says at its end."""
    result = verb("import", *words, "--http", server.http, "--json", code=code, env=state_of(folder))
    return json.loads(result.stdout.splitlines()[-1]), result.stderr


def exported(server, *words):
    return verb("export", "--http", server.http, "--quiet", *words).stdout


def samples_of(server, *words):
    return sorted(exported(server, "--samples-only", *words).splitlines())


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


# ---- CSV ----------------------------------------------------------------------------------------------

STREET = ("Time;CO(GT);PT08.S1(CO);T\r\n"
          "10/03/2004 18.00.00;2,6;1360;13,6\r\n"
          "10/03/2004 19.00.00;-200;1292;13,3\r\n"
          "\r\n"
          "10/03/2004 20.00.00;2,2;;-1,9e1\r\n")


def a_wide_file_with_commas_holes_and_a_zone(folder):
    server = Server(folder + "/data")
    path = write(folder + "/street.csv", STREET)
    words = (path, "--path", "city/air/{field}", "--time", "Time", "--time-format", "%d/%m/%Y %H.%M.%S",
             "--zone", "Europe/Rome", "--missing", "-200", "--decimal-comma")
    result = verb("import", *words, "--dry-run", "--http", server.http)
    for wanted in ("2004-03-10T17:00:00Z  city/air/CO(GT) = 2.6", "float64", "new", "Nothing was written"):
        expect(wanted in result.stdout, f"the dry run does not say {wanted!r}: {result.stdout}")
    expect_equal(server.control().points(), {}, "points after a dry run")
    end, _ = imported(server, folder, *words)
    expect_equal(end, {"samples": 7, "rows": 3, "missing": 2, "refused": 0, "complete": True}, "the end")
    found = [json.loads(line) for line in samples_of(server)]
    expect_equal([(one["path"], one["time"], one["value"]) for one in found],
                 [("city/air/CO(GT)", "2004-03-10T17:00:00Z", 2.6),
                  ("city/air/CO(GT)", "2004-03-10T19:00:00Z", 2.2),
                  ("city/air/PT08.S1(CO)", "2004-03-10T17:00:00Z", 1360),
                  ("city/air/PT08.S1(CO)", "2004-03-10T18:00:00Z", 1292),
                  ("city/air/T", "2004-03-10T17:00:00Z", 13.6),
                  ("city/air/T", "2004-03-10T18:00:00Z", 13.3),
                  ("city/air/T", "2004-03-10T19:00:00Z", -19)], "samples")
    imported(server, folder, *words, "--again", "--missing-bad")
    bad = [json.loads(line) for line in samples_of(server)]
    expect_equal(sum(one["value"] is None and one["quality"] == "bad.no_value" for one in bad), 2, "samples without a value")


def rows_without_a_time_and_columns_in_the_path(folder):
    server = Server(folder + "/data")
    path = write(folder + "/mill.csv", 'UDI,Type,Air temperature [K],"Tool, wear [min]",code\n'
                 "1,M,298.1,0,007\n2,L,298.2,3,008\n3,M,298.3,5,\n4,,1,2,x\n")
    end, told = imported(server, folder, path, "--path", "mill/{Type}/{field}", "--skip", "UDI", "--text", "code",
                         "--start", "2026-03-01T00:00:00Z", "--step", "90s", code=1)
    expect_equal((end["samples"], end["refused"], end["missing"]), (8, 1, 1), "samples, refused, missing")
    expect("mill.csv, line 5" in told and "Type" in told, f"the refusal: {told}")
    found = {(one["path"], one["time"]): one["value"] for one in map(json.loads, samples_of(server))}
    expect_equal(found[("mill/L/Tool, wear [min]", "2026-03-01T00:01:30Z")], 3, "a value")
    expect_equal(found[("mill/M/code", "2026-03-01T00:00:00Z")], "007", "a text that looks like a number")
    expect_equal(found[("mill/M/Air temperature [K]", "2026-03-01T00:03:00Z")], 298.3, "the third row")


def what_is_refused_is_told_with_its_line(folder):
    server = Server(folder + "/data")
    rows = ["time,a,b"] + [f"{1700000000 + i},{i},{i}.5" for i in range(100)]
    rows[11] = "never,1,2"
    rows[21] = "1700000020,1"
    rows[31] = '1700000030,"1"2,3'
    rows[41] = "1700000040,text,3"
    path = write(folder + "/rows.csv", "\n".join(rows))
    end, told = imported(server, folder, path, "--path", "x/{field}", "--refused", folder + "/refused.csv", code=1)
    expect_equal((end["samples"], end["refused"], end["complete"]), (100 * 2 - 7, 4, True), "samples, refused")
    with open(folder + "/refused.csv", encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    expect_equal(sorted(int(one["line"]) for one in listed), [12, 22, 32, 42], "lines that were refused")
    expect_equal({one["file"] for one in listed}, {path}, "files of the refused")
    text = next(one for one in listed if one["line"] == "42")
    expect_equal((text["path"], text["code"]), ("x/a", "type"), "what the server refused")
    for line in (12, 22, 32, 42):
        expect(f"line {line}" in told, f"line {line} is not told: {told}")
    for words in ((path,), (path, "--path", "x"), (path, "--path", "x/{no}/{field}"), (path, "--path", "x/{field}", "--time", "no"),
                  (path, "--path", "x/{field}", "--columns", "no"), (folder + "/none.csv", "--path", "x/{field}"), (folder,)):
        result = run("import", *words, "--http", server.http, env=state_of(folder))
        expect(result.returncode != 0 and result.stderr.startswith("mainstem import: "), f"{words}: {result}")


# ---- line protocol, NDJSON ----------------------------------------------------------------------------

def lines_go_through_the_bulk_door(folder):
    server = Server(folder + "/data")
    text = ["# a comment", "pump,site=north,line=7 rpm=1450,on=t 1700000000000000000",
            'pump,site=north,line=7 note="two\nlines, \\"quoted\\"" 1700000001000000000', "pump,site= rpm=1 1",
            "pump,site=north,line=7 rpm=1451i 1700000002000000000", ""]
    path = folder + "/pump.lp.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(text))
    end, told = imported(server, folder, path, code=1)
    expect_equal(end["refused"], 1, "refused lines")
    expect("line 5" in told, f"the refused line is not named: {told}")
    found = {(one["path"], one["time"]): one["value"] for one in map(json.loads, samples_of(server))}
    expect_equal(found, {("pump/7/north/rpm", "2023-11-14T22:13:20Z"): 1450,
                         ("pump/7/north/on", "2023-11-14T22:13:20Z"): True,
                         ("pump/7/north/note", "2023-11-14T22:13:21Z"): 'two\nlines, "quoted"',
                         ("pump/7/north/rpm", "2023-11-14T22:13:22Z"): 1451}, "samples")


def nobody_and_standard_input(folder):
    server = Server(folder + "/data")
    lines = '{"path":"a","value":1,"time":1700000000}\n{"path":"b"}\n\n{"path":"c","value":"x","time":1700000000}'
    result = verb("import", "-", "--format", "ndjson", "--http", server.http, "--refused", folder + "/r.csv", stdin=lines, code=1)
    expect("standard" not in result.stderr and "line 2" in result.stderr, f"told: {result.stderr}")
    expect("2 samples kept, 1 refused" in result.stdout, f"the end: {result.stdout}")
    verb("import", "-", "--http", server.http, stdin=lines, code=2)
    server.stop()
    began = time.monotonic()
    result = verb("import", "-", "--format", "ndjson", "--http", server.http, "--wait", "1", stdin=lines, code=1)
    expect("nobody listens" in result.stderr, f"told: {result.stderr}")
    expect(1 <= time.monotonic() - began < 20, "how long it waited")


# ---- round trips --------------------------------------------------------------------------------------

def luck_values(luck, number):
    real = struct.unpack("<d", struct.pack("<Q", luck.getrandbits(64)))[0]
    while math.isnan(real) or math.isinf(real):
        real = struct.unpack("<d", struct.pack("<Q", luck.getrandbits(64)))[0]
    return {"t/real": luck.choice((repr(real), "-0.0", "0.1", "5e-324", "1.7976931348623157e308", "21.50")),
            "t/decimal": f"{luck.uniform(-1e6, 1e6):.{luck.randrange(10)}f}",
            "t/whole": str(luck.choice((luck.randrange(-2**63, 2**63), 9007199254740993, -1, 0))),
            "t/on": luck.choice(("true", "false")),
            "t/text": json.dumps(luck.choice(("", "007", "true", "null", 'a"b', "a,b\r\nc", " x ", "\u6c34\U0001f525", "NaN",
                                              "tab\there", "back\\slash", f"n{number}")), ensure_ascii=luck.random() < 0.5)}


def fill(server):
    for path, kind in (("t/whole", "int64"), ("t/text", "string")):
        request = urllib.request.Request(f"http://{server.http}/v1/points", json.dumps(
            {"path": path, "type": kind, "unit": "m3/h", "labels": {"k": "v w"}, "description": "d"}).encode(),
            {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=PATIENCE_S).read()
    luck, lines = random.Random(20261123), []
    for number in range(3000):
        at = luck.choice((1700000000 * 10**9 + number * 10**9, luck.randrange(1, 7258118400 * 10**9)))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 10**9)) + f".{at % 10**9:09d}Z"
        for path, value in luck_values(luck, number).items():
            quality = luck.choice(("good", "good", "good", "uncertain", "uncertain.initial", "bad.sensor_failure", "bad"))
            if luck.random() < 0.05:
                value, quality = "null", luck.choice(("bad", "bad.no_value", "uncertain.last_usable"))
            lines.append(f'{{"path":"{path}","value":{value},"time":"{stamp}","quality":"{quality}"}}')
    request = urllib.request.Request(f"http://{server.http}/v1/samples", "\n".join(lines).encode(),
                                     {"Content-Type": "application/x-ndjson"})
    answer = json.loads(urllib.request.urlopen(request, timeout=PATIENCE_S).read())
    expect_equal(answer["refused_count"], 0, f"refused ({answer['refused'][:2]})")


def what_is_exported_is_imported_bit_for_bit(folder):
    first = Server(folder + "/first")
    fill(first)
    wanted = samples_of(first)
    expect(len(wanted) > 14000, f"{len(wanted)} samples")
    for number, words in enumerate((("--format", "ndjson"), ("--format", "csv"), ("--format", "ndjson", "--gzip"),
                                    ("--format", "csv", "--gzip"))):
        name = f"{folder}/all-{number}.{words[1]}" + (".gz" if "--gzip" in words else "")
        exported(first, *words, "--output", name)
        expect(not os.path.exists(name + ".partial"), "something was left beside")
        second = Server(f"{folder}/second-{number}")
        end, told = imported(second, folder, name)
        expect_equal(end["refused"], 0, f"refused of {words} ({told})")
        expect_equal(end["samples"], len(wanted), f"samples of {words}")
        found = samples_of(second)
        different = [pair for pair in zip(wanted, found) if pair[0] != pair[1]]
        expect(found == wanted, f"{words}: {len(different)} samples differ, first {different[:1]}, {len(found)} of {len(wanted)}")
        point = second.control().points()["t/whole"]
        expect_equal(point["type"], "int64", "type of the point")
        if words[1] == "ndjson":
            expect_equal(point["unit"], "m3/h", "unit of the point")
        second.stop()
    lines = exported(first, "--format", "line-protocol", "--match", "t/decimal").splitlines()
    expect(all(line.startswith("t decimal=") for line in lines), f"line protocol: {lines[:2]}")


def an_export_asks_for_what_was_wished(folder):
    server = Server(folder + "/data")
    lines = [json.dumps({"path": f"p/{i % 300}/v", "value": i, "time": 1700000000 + i}) for i in range(3000)]
    write(folder + "/p.ndjson", "\n".join(lines))
    imported(server, folder, folder + "/p.ndjson")
    expect_equal(len(samples_of(server)), 3000, "all")
    expect_equal(len(samples_of(server, "--match", "p/7/#")), 10, "of a pattern")
    expect_equal(len(samples_of(server, "--path", "p/7/v", "--path", "p/8/v", "--match", "p/8/v")), 20, "of paths")
    expect_equal(len(samples_of(server, "--from", "2023-11-14T22:13:20Z", "--to", "2023-11-14T22:13:30Z")), 10, "of a time")
    expect("no point matches" in verb("export", "--match", "q/#", "--http", server.http, code=1).stderr, "no point")
    result = verb("export", "--path", "q", "--http", server.http, code=1)
    expect("q" in result.stderr, f"an unknown path: {result.stderr}")
    table = list(csv.DictReader(io.StringIO(exported(server, "--match", "p/7/#", "--format", "csv"))))
    expect_equal((table[0]["path"], table[0]["value"], table[0]["type"]), ("p/7/v", "7", "float64"), "CSV")


def what_is_missing_is_told(folder):
    server = Server(folder + "/data")
    write(folder + "/p.csv", "time,a\n" + "".join(f"{1700000000 + i},{math.sin(i)}\n" for i in range(20000)))
    imported(server, folder, folder + "/p.csv", "--path", "x/{field}")
    request = urllib.request.Request(f"http://{server.http}/v1/history/seal", b"", {"Content-Type": "application/json"}, method="POST")
    urllib.request.urlopen(request, timeout=PATIENCE_S).read()
    [part] = wait_for("a part", lambda: glob.glob(folder + "/data/history/*.part"))
    server.stop()
    with open(part, "r+b") as file:
        file.seek(os.path.getsize(part) // 3)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 255]))
    server = Server(folder + "/data")
    result = run("export", "--http", server.http, "--samples-only")
    expect_equal(result.returncode, 1, "exit code where samples are missing")
    expect("missing" in result.stderr and os.path.basename(part) in result.stderr, f"told: {result.stderr}")
    expect(len(result.stdout.splitlines()) < 20000, "nothing is missing")


# ---- interruptions ------------------------------------------------------------------------------------

def big_file(folder, rows=60000):
    luck = random.Random(3)
    names = [f"s{i}" for i in range(10)]
    text = ["time," + ",".join(names)]
    text += [f"{1700000000 + i}," + ",".join(f"{luck.uniform(0, 100):.3f}" for _ in names) for i in range(rows)]
    return write(folder + "/big.csv", "\n".join(text) + "\n"), rows * len(names)


def interrupted(folder, how):
    server = Server(folder + "/data")
    path, count = big_file(folder)
    words = ["import", path, "--path", "big/{field}", "--http", server.http, "--json", "--in-flight", "2"]
    stops, went_on = 0, False
    for delay in (0.3, 0.5, 0.4, 0.6, 0.8):
        child = subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env={**os.environ, **state_of(folder)})
        time.sleep(delay)
        child.send_signal(how)
        _, err = child.communicate(timeout=4 * PATIENCE_S)
        went_on |= "going on" in err
        if child.returncode == 0:
            break
        stops += 1
    end, told = imported(server, folder, path, "--path", "big/{field}", "--in-flight", "2")
    expect(end["complete"] and end["refused"] == 0, f"the end: {end}")
    expect_equal(len(samples_of(server)), count, "samples")
    expect_equal(glob.glob(folder + "/state/mainstem/*"), [], "state files left behind")
    went_on |= "going on" in told
    expect(went_on or stops == 0, f"{stops} runs were interrupted, and none went on")
    note(f"{stops} runs were interrupted")


def an_import_that_is_killed_goes_on(folder):
    interrupted(folder, signal.SIGKILL)


def an_import_that_is_stopped_goes_on(folder):
    interrupted(folder, signal.SIGINT)


def an_import_waits_for_a_server_that_is_away(folder):
    server = Server(folder + "/data")
    path, count = big_file(folder)
    child = subprocess.Popen([PROGRAM, "import", path, "--path", "big/{field}", "--http", server.http, "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **state_of(folder)})
    time.sleep(0.2)
    server.kill()
    time.sleep(1)
    expect(child.poll() is None or child.returncode == 0, "the import gave up")
    server = Server(folder + "/data", mqtt=server.mqtt, http=server.http)
    _, err = child.communicate(timeout=8 * PATIENCE_S)
    expect_equal(child.returncode, 0, f"exit code ({err})")
    expect_equal(len(samples_of(server)), count, "samples")


if __name__ == "__main__":
    play(a_wide_file_with_commas_holes_and_a_zone,
         rows_without_a_time_and_columns_in_the_path,
         what_is_refused_is_told_with_its_line,
         lines_go_through_the_bulk_door,
         nobody_and_standard_input,
         what_is_exported_is_imported_bit_for_bit,
         an_export_asks_for_what_was_wished,
         what_is_missing_is_told,
         an_import_that_is_killed_goes_on,
         an_import_that_is_stopped_goes_on,
         an_import_waits_for_a_server_that_is_away)
