#!/usr/bin/python3
"""What the asset tree costs while many alarms stand: an answer from the counts that are kept, one that
counts for itself (right behind a change of the plant's shape), and what that change costs.

  bench/asset_counts.py --server build/mainstem [--alarms 100000] [--assets 1000]

Assets stand ten lines deep beside each other, each with as many points in alarm. A line of a tenth of
all is moved aside and back."""

import argparse
import http.client
import os
import statistics
import tempfile
import time

from house import House

LINES = 10
ASKED = 200
CHANGES = 10


def words():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/mainstem")
    parser.add_argument("--alarms", type=int, default=100000)
    parser.add_argument("--assets", type=int, default=1000)
    return parser.parse_args()


def path_of(asset, assets):
    return f"plant/line-{asset * LINES // assets}/device-{asset}"


def plant(house, asked):
    rows = ["path", "plant"] + [f"plant/line-{line}" for line in range(LINES)]
    rows += [path_of(asset, asked.assets) for asset in range(asked.assets)]
    house.request("POST", "/v1/assets-import", "text/csv", "\n".join(rows))
    house.order("PUT", "/v1/rules/hot", kind="high", on="pattern", path="plant/#", limit=50)
    each = asked.alarms // asked.assets
    for first in range(0, asked.assets, 100):
        lines = [f'{{"path":"{path_of(asset, asked.assets)}/m{metric}","value":60}}'
                 for asset in range(first, min(first + 100, asked.assets)) for metric in range(each)]
        house.request("POST", "/v1/samples", "application/x-ndjson", "\n".join(lines))
    while house.order("GET", "/v1/alarms?limit=1")["counts"]["active"] < each * asked.assets:
        time.sleep(0.1)
    time.sleep(2)
    return each * asked.assets


def tree(house):
    """ms that an answer takes, and the active alarms in it, on one connection."""
    api = http.client.HTTPConnection("127.0.0.1", house.http)
    api.connect()
    begin = time.perf_counter()
    api.request("GET", "/v1/asset-tree")
    text = api.getresponse().read()
    took = (time.perf_counter() - begin) * 1000
    api.close()
    return took, int(text.split(b'"active":')[1].split(b",")[0])


def told(what, times):
    ordered = sorted(times)
    print(f"  {what:<46} {statistics.median(times):9.2f} ms, the longest of {len(times)} {ordered[-1]:.2f}")


def main():
    asked = words()
    with tempfile.TemporaryDirectory(prefix="mainstem-bench-") as folder:
        house = House(asked.server, folder)
        try:
            alarms = plant(house, asked)
            print(f"asset_counts: {time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores; "
                  f"{asked.assets} assets, {alarms} alarms")
            kept = [tree(house) for _ in range(ASKED)]
            assert all(count == alarms for _, count in kept)
            told("the tree, from the counts that are kept", [took for took, _ in kept])
            counted, cost = [], []
            for change in range(CHANGES):
                time.sleep(1)
                before, idle = house.cpu_s(), time.monotonic()
                time.sleep(1)
                rest = (house.cpu_s() - before) / (time.monotonic() - idle)
                was, now = ("line-0", "aside") if change % 2 == 0 else ("aside", "line-0")
                before, begin = house.cpu_s(), time.monotonic()
                house.order("PATCH", f"/v1/assets/plant/{was}", path=f"plant/{now}")
                took, count = tree(house)
                assert count == alarms, count
                counted.append(took)
                time.sleep(2)
                cost.append((house.cpu_s() - before - rest * (time.monotonic() - begin)) * 1000)
            told("the tree right behind a move, counted anew", counted)
            told("CPU of the move of a tenth, all in", cost)
            kept = [tree(house) for _ in range(ASKED)]
            assert all(count == alarms for _, count in kept)
        finally:
            house.process.terminate()
            house.process.wait()


if __name__ == "__main__":
    main()
