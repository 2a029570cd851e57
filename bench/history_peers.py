#!/usr/bin/python3
"""What the history takes on the disk, and how long questions take, with VictoriaMetrics beside it on the
same data in the same run.

  bench/history_peers.py SERVER [--data FOLDER]... [--quick] [--only bytes|questions]

SERVER is the mainstem binary. The demo's data is always measured; each sub-folder of --data that has
tables (.csv, .txt, .dat, or the same packed by zstd) is a set as well. Every file of a set is a device,
every numeric column a metric, every row is ten seconds after the one before. Both stores get the same
lines of InfluxDB line protocol; then both are told to flush and to merge, and their files are counted:
for Mainstem all of history/ and of the facts lane, where names are; for VictoriaMetrics its whole folder.

VictoriaMetrics is Debian's package victoria-metrics; without it its columns stay empty. Nothing else
should run beside this."""
import argparse
import glob
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from house import cpu_s, free_port

T0 = 1772352000  # 2026-03-01T00:00:00Z
BATCH = 4 << 20


def request(url, body=None, media="text/plain"):
    headers = {"Content-Type": media} if body is not None else {}
    with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=600) as answer:
        return answer.read()


def memory_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def files_bytes(folder, wanted=lambda name: True):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names
               if wanted(name))


class Store:
    def __init__(self, arguments, name, url):
        self.folder = tempfile.mkdtemp(prefix=f"bench-{name}-")
        self.name, self.url = name, url
        self.process = subprocess.Popen(arguments(self.folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                request(self.url + "/health")
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{name} does not answer at {self.url}")

    def write(self, lines):
        request(self.url + "/write", lines)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        shutil.rmtree(self.folder)


class Mainstem(Store):
    def __init__(self, program):
        http = free_port()
        super().__init__(lambda folder: [program, "serve", "--data", folder, "--mqtt", "127.0.0.1:0", "--http",
                                         f"127.0.0.1:{http}", "--points-per-connection", "10000000"],
                         "mainstem", f"http://127.0.0.1:{http}")

    def state(self):
        return json.loads(request(self.url + "/v1/history"))

    def settle(self):
        request(self.url + "/v1/history/seal", b"", "application/json")
        request(self.url + "/v1/history/merge", b"", "application/json")
        while True:
            state = self.state()
            if not state["busy"] and state["position"] == state["sealed"] and state["tiers"][0]["parts"] <= 1:
                return
            time.sleep(0.1)

    def bytes(self):
        return (files_bytes(os.path.join(self.folder, "history")) +
                files_bytes(os.path.join(self.folder, "journal"), lambda name: name.endswith(".facts")))


class Victoria(Store):
    def __init__(self, program):
        http = free_port()
        super().__init__(lambda folder: [program, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{http}",
                                         "-retentionPeriod=100y", "-search.maxUniqueTimeseries=10000000",
                                         "-search.maxPointsPerTimeseries=1000000", "-search.disableCache",
                                         "-search.maxQueryDuration=300s", "-search.maxSamplesPerQuery=10000000000"],
                         "victoria", f"http://127.0.0.1:{http}")

    def settle(self):
        request(self.url + "/internal/force_flush")
        request(self.url + "/internal/force_merge")
        before = -1
        while True:  # it does not say when it is done: when its files stay as they are
            time.sleep(2)
            now = self.bytes()
            if now == before:
                return
            before = now

    def bytes(self):
        return files_bytes(self.folder, lambda name: name != "flock.lock")


# ---- sets of tables ----


def table_lines(path):
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace").splitlines()
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def number(text):
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        return None
    return text.replace(",", ".") if value == value and abs(value) != float("inf") else None


def table_rows(path):
    lines = table_lines(path)
    sample = lines[len(lines) // 2] if lines else ""
    separator = ";" if ";" in sample else "," if "," in sample else None
    for line in lines:
        fields = [field.strip().strip('"') for field in line.split(separator)]
        if len(fields) <= 200:
            yield [number(field) for field in fields]


def set_lines(name, paths):
    for device, path in enumerate(paths):
        for at, row in enumerate(table_rows(path)):
            fields = ",".join(f"c{column}={value}" for column, value in enumerate(row) if value is not None)
            if fields:
                yield f"{name},device=d{device} {fields} {(T0 + at * 10) * 1000000000}\n", fields.count("=")


def tables_of(folder):
    found = []
    for ending in ("csv", "txt", "dat"):
        found += glob.glob(f"{folder}/**/*.{ending}", recursive=True) + glob.glob(f"{folder}/**/*.{ending}.zst", recursive=True)
    return sorted(path for path in found if "README" not in path)


def feed(stores, lines):
    values, batch, size = 0, [], 0
    for line, count in lines:
        batch.append(line)
        size += len(line)
        values += count
        if size >= BATCH:
            for store in stores:
                store.write("".join(batch).encode())
            batch, size = [], 0
    if batch:
        for store in stores:
            store.write("".join(batch).encode())
    return values


def walk_lines():
    """Metrics of one device each: one decimal, every ten seconds with a jitter of 5 ms."""
    source = random.Random(7)
    state = [200.0] * 100
    for at in range(8640):
        for series in range(100):
            state[series] += source.choice((-0.1, 0, 0, 0.1))
            time_ms = (T0 + at * 10) * 1000 + int(source.gauss(0, 5))
            yield f"jitter,device=d{series} v={state[series]:.1f} {time_ms * 1000000}\n", 1


def bytes_table(make, folders):
    print("bytes a value, all in (values, times, names, index), after seal and merge\n")
    print(f"  {'set':24}{'values':>12}{'mainstem':>10}{'victoria':>10}{'ratio':>8}")
    sets = [(os.path.basename(folder), lambda f=folder: set_lines(os.path.basename(f), tables_of(f)))
            for folder in folders if tables_of(folder)]
    for name, lines in sets + [("single metrics, jitter", walk_lines)]:
        stores = make()
        values = feed(stores, lines())
        for store in stores:
            store.settle()
        taken = [store.bytes() / values for store in stores] if values else [0]
        for store in stores:
            store.end()
        if values:
            other = f"{taken[1]:10.2f}{taken[0] / taken[1]:7.2f}x" if len(taken) > 1 else ""
            print(f"  {name:24}{values:12,}{taken[0]:10.2f}{other}", flush=True)


# ---- questions ----


def devices_lines(devices, metrics, rows, period_s):
    source = random.Random(11)
    state = [[source.randrange(100, 9000) for _ in range(metrics)] for _ in range(devices)]
    moves = [source.randrange(-9, 10) for _ in range(4096)]
    at_move = 0
    for at in range(rows):
        stamp = (T0 + at * period_s) * 1000000000
        for device in range(devices):
            values = state[device]
            for metric in range(metrics):
                values[metric] += moves[(at_move + metric) & 4095]
            at_move += metrics + 1
            fields = ",".join(f"m{metric}={value / 10:.1f}" for metric, value in enumerate(values))
            yield f"plant,enterprise=e{device % 100},device=d{device} {fields} {stamp}\n", metrics


def timed(times, ask):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def ask_mainstem(store, path, parameters):
    answer = request(f"{store.url}{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
    return answer


def server_ms(store, path, parameters, times=20):
    spent = [json.loads(ask_mainstem(store, path, parameters))["cost"]["ms"] for _ in range(times)]
    return statistics.median(spent)


def ask_victoria(store, path, parameters):
    return request(f"{store.url}{path}?{urllib.parse.urlencode(parameters)}")


def question(name, stores, ours, theirs, times):
    path, parameters = ours
    server = server_ms(stores[0], path, parameters, times)
    whole = timed(times, lambda: ask_mainstem(stores[0], path, parameters))
    other = ""
    if len(stores) > 1:
        ask_victoria(stores[1], *theirs)
        taken = timed(times, lambda: ask_victoria(stores[1], *theirs))
        other = f"{taken:12.1f}{taken / whole:9.1f}x"
    print(f"  {name:44}{server:12.2f}{whole:12.2f}{other}", flush=True)


def questions_table(make, quick):
    devices, rows = (600, 360) if quick else (6000, 360)
    stores = make()
    day, year = (8640, 52560) if quick else (86400, 525600)
    print("\nquestions: ms, median; \"in the server\" as the answer's cost says, the others with HTTP and the text\n")
    feed(stores, devices_lines(devices, 10, rows, 10))
    feed(stores, ((f"fast,device=f v={(i * 7919 % 1000) / 10} {(T0 + i) * 1000000000}\n", 1) for i in range(day)))
    feed(stores, ((f"slow,device=s v={(i * 7919 % 1000) / 10} {(T0 - 31536000 + i * 60) * 1000000000}\n", 1)
                  for i in range(year)))
    for store in stores:
        store.settle()
    for store in stores:
        print(f"  {store.name}: {store.bytes() / (devices * rows * 10 + day + year):.2f} bytes a value, "
              f"{memory_mib(store.process.pid):,.0f} MiB, {cpu_s(store.process.pid):.1f} s of CPU until here")
    print(f"\n  {'':44}{'in the server':>12}{'mainstem':>12}{'victoria':>12}{'':>10}")
    end = T0 + rows * 10
    question("one point, last value", stores,
             ("/v1/last", {"path": "plant/d7/e7/m3", "at": end}),
             ("/api/v1/query", {"query": 'plant_m3{device="d7"}', "time": end}), 50)
    question(f"one point, {day:,} raw values", stores,
             ("/v1/samples", {"path": "fast/f/v", "from": T0, "to": T0 + day, "limit": day, "times": "ms"}),
             ("/api/v1/export", {"match[]": "fast_v", "start": T0, "end": T0 + day}), 20)
    question(f"one point, {year:,} minutes in 1,000 buckets", stores,
             ("/v1/buckets", {"path": "slow/s/v", "from": T0 - 31536000, "to": T0, "count": 1000, "times": "ms"}),
             ("/api/v1/query_range", {"query": "avg_over_time(slow_v[31536s])", "start": T0 - 31536000, "end": T0,
                                      "step": "31536s"}), 20)
    question(f"mean per minute of {devices * 10:,} points, 1 h", stores,
             ("/v1/buckets", {"match": "plant/#", "from": T0, "to": end, "step": "1m", "by": "all"}),
             ("/api/v1/query_range", {"query": 'avg(avg_over_time({__name__=~"plant_.*"}[1m]))', "start": T0 + 60,
                                      "end": end, "step": "1m"}), 5)
    question(f"max by enterprise, {devices * 10:,} points, 1 h", stores,
             ("/v1/buckets", {"match": "plant/#", "from": T0, "to": end, "count": 1, "aggregates": "max",
                              "by": "label:enterprise"}),
             ("/api/v1/query", {"query": f'max(max_over_time({{__name__=~"plant_.*"}}[{rows * 10}s])) by (enterprise)',
                                "time": end}), 5)
    for store in stores:
        store.end()


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("server")
    words.add_argument("--data", action="append", default=[], help="a folder of sets")
    words.add_argument("--victoria", default=shutil.which("victoria-metrics"), help="its program")
    words.add_argument("--only", choices=("bytes", "questions"))
    words.add_argument("--quick", action="store_true", help="a tenth of the data")
    told = words.parse_args()
    if not told.victoria:
        print("VictoriaMetrics is not there (apt-get install victoria-metrics): its columns stay empty\n")

    def make():
        return [Mainstem(told.server)] + ([Victoria(told.victoria)] if told.victoria else [])

    tree = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo", "data")
    folders = [entry.path for folder in [tree] + told.data for entry in sorted(os.scandir(folder), key=lambda e: e.name)
               if entry.is_dir()]
    if told.only != "questions":
        bytes_table(make, folders)
    if told.only != "bytes":
        questions_table(make, told.quick)


main()
