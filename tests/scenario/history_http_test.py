"""Questions to the history over HTTP, against a second implementation of everything: buckets of fixed and
calendar steps (Python's zoneinfo is the oracle of days that have 23 or 25 hours), every aggregate and fill,
groups, raw samples, lines for a screen, in every format; before sealing, after it, after a merge, with late
samples in between. Then what a service must bear: clients that leave, limits, unknown points."""

import csv
import gzip
import io
import json
import math
import random
import time
from datetime import date, datetime, timedelta, timezone
from urllib.parse import quote
from zoneinfo import ZoneInfo

from house import Raw, Server, expect, expect_equal, note, play, wait_for
from web import Http, ask

S = 10**9
BEGIN = 1774569600  # 2026-03-27T00:00:00Z: Berlin goes over to summer time two days later
DAYS = 6
SKIPPED = object()  # a result that is not held against another
GOOD, UNCERTAIN, BAD = "good", "uncertain", "bad"
KINDS = {"house/dev/f": "float64", "house/dev/g": "float64", "house/whole": "int64", "house/flag": "bool",
         "house/text": "string", "other/f": "float64"}


# ---- what is known -------------------------------------------------------------------------------------------

class Known:
    """Every sample by point and time, the last written."""

    def __init__(self, server, seed):
        self.server, self.random, self.samples = server, random.Random(seed), {path: {} for path in KINDS}
        http = Http(server)
        answer = http.ask("POST", "/v1/points", json.dumps({"path": "house/whole", "type": "int64",
                                                            "labels": {"line": "1"}, "unit": "pieces"}))
        expect_equal(answer.status, 201, f"a point: {answer}")
        http.close()

    def value(self, kind):
        chance = self.random
        if kind == "int64":
            return chance.choice([chance.randrange(-50, 50), 2**60 + chance.randrange(1000)])
        if kind == "bool":
            return chance.random() < 0.5
        if kind == "string":
            return chance.choice(["", "on", "off", 'a "b", c\nd', "größer", "x" * 300])
        return round(chance.gauss(20, 5), chance.choice([0, 1, 3]))

    def time_ns(self):
        ns = BEGIN * S + int(self.random.random() * DAYS * 86400) * S
        return ns + self.random.choice([0, 0, 250_000_000, 1_000, 999_999_999])

    def furnish(self, count):
        bodies = []
        for _ in range(count):
            path = self.random.choice([path for path in KINDS if not path.startswith("house/dev/")])
            at, value, quality = self.time_ns(), self.value(KINDS[path]), GOOD
            fate = self.random.random()
            if fate < 0.1:
                quality = UNCERTAIN
            elif fate < 0.15:
                quality = BAD
            elif fate < 0.2:
                value, quality = None, "bad.no_value"
            sample = {"path": path, "value": value, "time": text_of(at)}
            if quality != GOOD:
                sample["quality"] = quality
            bodies.append(sample)
            self.samples[path][at] = (value, quality)
        answer = ask(self.server, "POST", "/v1/samples", json.dumps(bodies))
        expect_equal((answer.status, answer.json()["refused_count"]), (200, 0), f"{answer}")
        raw = Raw(self.server, version=5, client_id="device")
        for _ in range(count):  # two points in a message: they share a row, and often only one of them comes
            at = self.time_ns() // 1_000_000
            both = {key: self.value("float64") for key in ("f", "g") if key == "f" or self.random.random() < 0.7}
            expect_equal(raw.publish("house/dev", json.dumps({**both, "ts": at})), 0, "the reason")
            for key, value in both.items():
                self.samples["house/dev/" + key][at * 1_000_000] = (value, GOOD)
        raw.close()

    def of(self, path, from_ns, to_ns):
        return [(at, *self.samples[path][at]) for at in sorted(self.samples[path]) if from_ns <= at < to_ns]


def text_of(ns):
    whole = datetime.fromtimestamp(ns // S, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    rest = f".{ns % S:09d}".rstrip("0") if ns % S else ""
    return whole + rest + "Z"


def ns_of(text):
    whole, _, rest = text[:-1].partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * S + int((rest or "0").ljust(9, "0"))


def folded(samples):
    return [(at, value) for at, value, quality in samples if value is not None and not quality.startswith("bad")]


# ---- the oracle of buckets -------------------------------------------------------------------------------------

def local_midnight(day, zone):
    """The first instant of a local day. In a gap, fold=0 takes the offset before it: the very step."""
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    utc = moment.astimezone(timezone.utc)
    return int(utc.timestamp()) * S


def first_day(day, step):
    count, unit = step
    epoch = date(1970, 1, 1)
    if unit == "d":
        return epoch + timedelta((day - epoch).days // count * count)
    if unit == "w":
        return date(1969, 12, 29) + timedelta((day - date(1969, 12, 29)).days // (7 * count) * 7 * count)
    if unit == "mo":
        month = (day.year * 12 + day.month - 1) // count * count
        return date(month // 12, month % 12 + 1, 1)
    return date(day.year // count * count, 1, 1)


def next_day(first, step):
    count, unit = step
    if unit == "d":
        return first + timedelta(count)
    if unit == "w":
        return first + timedelta(7 * count)
    if unit == "mo":
        month = first.year * 12 + first.month - 1 + count
        return date(month // 12, month % 12 + 1, 1)
    return date(first.year + count, 1, 1)


def edges_of(from_ns, to_ns, step, zone):
    count, unit = step
    fixed = {"s": 1, "m": 60, "h": 3600}.get(unit)
    if fixed:
        size = fixed * count * S
        edges = [from_ns // size * size]
        while edges[-1] < to_ns:
            edges.append(edges[-1] + size)
        return edges
    day = first_day(datetime.fromtimestamp(from_ns // S, zone).date(), step)
    edges = [local_midnight(day, zone)]
    while edges[-1] < to_ns:
        day = next_day(day, step)
        edge = local_midnight(day, zone)
        if edge > edges[-1]:
            edges.append(edge)
    return edges


def percentile(values, share):
    values = sorted(values)
    place = (len(values) - 1) * share / 100
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def number(value):
    return float(value)


def aggregate(name, kind, values):
    """values: (time, value), in the order of time, at least one; of one bucket."""
    plain = [value for _, value in values]
    if name == "count":
        return len(plain)
    if name in ("first", "last"):
        return plain[0 if name == "first" else -1]
    if kind == "string":
        return None
    if name == "sum":
        return sum(int(value) for value in plain) if kind != "float64" else math.fsum(plain)
    if name in ("min", "max"):
        return {"min": min, "max": max}[name](plain)
    if name == "mean":
        return math.fsum(plain) / len(plain) if kind == "float64" else sum(int(v) for v in plain) / len(plain)
    if name == "stddev":
        if len(plain) < 2:
            return None
        numbers = [number(value) for value in plain]
        if max(map(abs, numbers)) > 2**53:
            return SKIPPED  # the digits that differ are not in a float64
        mean = math.fsum(numbers) / len(numbers)
        return math.sqrt(math.fsum((value - mean) ** 2 for value in numbers) / (len(numbers) - 1))
    return percentile([number(value) for value in plain], float(name[1:]))


def held_means(samples, before, from_ns, edges, until_ns):
    """{bucket: time-weighted mean}: each value lasts until the next sample, a bad one ends it."""
    stretches, held = [], None
    if before is not None and before[1] is not None and not before[2].startswith("bad"):
        held = (from_ns, number(before[1]))
    for at, value, quality in samples:
        if held:
            stretches.append((held[0], min(at, until_ns), held[1]))
        held = (at, number(value)) if value is not None and not quality.startswith("bad") else None
    if held:
        stretches.append((held[0], until_ns, held[1]))
    means = {}
    for bucket, (low, high) in enumerate(zip(edges, edges[1:])):
        parts = [(min(end, high) - max(begin, low), value) for begin, end, value in stretches
                 if min(end, high) > max(begin, low)]
        if parts:
            means[bucket] = (math.fsum(span * value for span, value in parts) / sum(span for span, _ in parts))
    return means


def neighbour_of(known, path, kind, names, found):
    at, value, quality = found
    if value is None or quality.startswith("bad") or kind == "string":
        return None
    row = [None if name in ("count", "sum", "stddev")
           else number(value) if name in ("mean", "time_mean") or name[0] == "p" else value for name in names]
    return at, row


def wanted_buckets(known, path, from_ns, to_ns, edges, names, fill):
    kind = KINDS[path]
    samples = known.of(path, from_ns, to_ns)
    earlier, later = known.of(path, 0, from_ns), known.of(path, to_ns, 2**62)
    rows, means = {}, {}
    if "time_mean" in names and kind != "string":
        means = held_means(samples, earlier[-1] if earlier else None, from_ns, edges, to_ns)
    for bucket, (low, high) in enumerate(zip(edges, edges[1:])):
        values = [(at, value) for at, value in folded(samples) if low <= at < high]
        if not values and bucket not in means:
            continue
        row = []
        for name in names:
            if name == "time_mean":
                last = number(values[-1][1]) if values and kind != "string" else None
                row.append(means.get(bucket, last))
            else:
                row.append(aggregate(name, kind, values) if values else (0 if name == "count" else None))
        rows[bucket] = row
    return fill_rows(known, path, kind, edges, names, fill, rows, earlier, later)


def fill_rows(known, path, kind, edges, names, fill, rows, earlier, later):
    if fill == "none":
        return [[edges[bucket], *row] for bucket, row in sorted(rows.items())]
    before = neighbour_of(known, path, kind, names, earlier[-1]) if earlier else None
    after = neighbour_of(known, path, kind, names, later[0]) if later else None
    found, previous = [], before
    for bucket in range(len(edges) - 1):
        if bucket in rows:
            previous = (edges[bucket], rows[bucket])
            found.append([edges[bucket], *rows[bucket]])
            continue
        following = next(((edges[b], rows[b]) for b in sorted(rows) if b > bucket), after)
        row = []
        for at, name in enumerate(names):
            value = None
            if name == "count":
                value = 0
            elif fill == "previous" and previous:
                value = previous[1][at]
            elif fill == "linear" and previous and following:
                low, high = previous[1][at], following[1][at]
                if SKIPPED in (low, high):
                    value = SKIPPED
                elif isinstance(low, (int, float)) and isinstance(high, (int, float)):
                    share = (edges[bucket] - previous[0]) / (following[0] - previous[0])
                    value = number(low) + (number(high) - number(low)) * share
            row.append(value)
        found.append([edges[bucket], *row])
    return found


def same(found, wanted):
    if wanted is SKIPPED:
        return True
    if isinstance(wanted, float) or isinstance(found, float):
        if found is None or wanted is None or isinstance(found, str) or isinstance(wanted, str):
            return found == wanted
        return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-7)
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def expect_rows(found, wanted, what):
    expect_equal(len(found), len(wanted), f"{what}: rows; found {found[:3]}, wanted {wanted[:3]}")
    for one, other in zip(found, wanted):
        expect(len(one) == len(other) and ns_of(one[0]) == other[0]
               and all(same(a, b) for a, b in zip(one[1:], other[1:])), f"{what}: found {one}, wanted {other}")


# ---- questions ---------------------------------------------------------------------------------------------------

ZONES = ["UTC", "Europe/Berlin", "Asia/Shanghai", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe",
         "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"]
STEPS = [(7, "m"), (1, "h"), (6, "h"), (45, "s"), (1, "d"), (2, "d"), (1, "w"), (1, "mo"), (3, "mo"), (1, "y")]
NAMES = ["count", "sum", "min", "max", "mean", "time_mean", "first", "last", "stddev", "p50", "p99.9", "p0"]


def target_of(route, **words):
    parts = []
    for name, value in words.items():
        name = name.rstrip("_")
        for item in value if isinstance(value, list) else [value]:
            parts.append(f"{name}={quote(str(item), safe='')}")
    return f"/v1/{route}?" + "&".join(parts)


def get(http, route, **words):
    answer = http.ask("GET", target_of(route, **words))
    expect_equal(answer.status, 200, f"{target_of(route, **words)}: {answer}")
    return answer


def buckets_are_as_the_oracle_says(known, http, rounds):
    chance = known.random
    for _ in range(rounds):
        from_ns = BEGIN * S + chance.randrange(-86400, DAYS * 86400) * S
        to_ns = from_ns + chance.choice([1, 600, 7200, 86400, 3 * 86400, 8 * 86400]) * S
        step, zone = chance.choice(STEPS), chance.choice(ZONES)
        if step[1] == "s":
            to_ns = min(to_ns, from_ns + 86400 * S)
        names = chance.sample(NAMES, chance.randrange(1, 6))
        fill = chance.choice(["none", "none", "null", "previous", "linear"])
        edges = edges_of(from_ns, to_ns, step, ZoneInfo(zone))
        answer = get(http, "buckets", match="#", from_=text_of(from_ns), to=text_of(to_ns), zone=zone, fill=fill,
                     step=f"{step[0]}{step[1]}", aggregates=",".join(names)).json()
        what = f"{step} {zone} {fill} {names} {text_of(from_ns)} to {text_of(to_ns)}"
        expect_equal(sorted(point["path"] for point in answer["points"]), sorted(KINDS), what)
        expect_equal((answer["missing"], answer["aggregates"]), ([], names), what)
        for point in answer["points"]:
            wanted = wanted_buckets(known, point["path"], from_ns, to_ns, edges, names, fill)
            expect_rows(point["buckets"], wanted, f"{point['path']} {what}")


def summaries_say_the_same(known, http):
    """Aggregates that whole chunks can answer, over all there is."""
    from_ns, to_ns = (BEGIN - 86400) * S, (BEGIN + (DAYS + 1) * 86400) * S
    names = ["count", "sum", "min", "max", "mean", "first", "last"]
    for step in ((1, "y"), (1, "mo"), (1, "d")):
        answer = get(http, "buckets", match="#", from_=text_of(from_ns), to=text_of(to_ns), step=f"{step[0]}{step[1]}",
                     aggregates=",".join(names)).json()
        edges = edges_of(from_ns, to_ns, step, timezone.utc)
        for point in answer["points"]:
            wanted = wanted_buckets(known, point["path"], from_ns, to_ns, edges, names, "none")
            expect_rows(point["buckets"], wanted, f"{point['path']} {step}")
    return answer["cost"]


def samples_are_as_they_were_taken(known, http, rounds):
    chance = known.random
    for _ in range(rounds):
        from_ns = BEGIN * S + chance.randrange(-3600, DAYS * 86400) * S
        to_ns = from_ns + chance.choice([1, 3600, 86400, 9 * 86400]) * S
        newest = chance.random() < 0.5
        limit = chance.choice([1, 17, 10000])
        path = chance.choice(list(KINDS))
        answer = get(http, "samples", path=path, from_=text_of(from_ns), to=text_of(to_ns), limit=limit,
                     order="newest" if newest else "oldest").json()
        wanted = known.of(path, from_ns, to_ns)
        more = len(wanted) > limit
        wanted = (wanted[::-1] if newest else wanted)[:limit]
        rows = [[text_of(at), value] + ([quality] if quality != GOOD else []) for at, value, quality in wanted]
        expect_equal((answer["points"][0]["samples"], answer["more"]), (rows, more), f"{path} newest={newest}")


def last_values_are_found(known, http):
    chance = known.random
    for _ in range(20):
        at = BEGIN * S + chance.randrange(-86400, DAYS * 86400) * S
        answer = get(http, "last", match="#", at=text_of(at)).json()
        for point in answer["points"]:
            before = known.of(point["path"], 0, at + 1)
            wanted = None
            if before:
                wanted = [text_of(before[-1][0]), before[-1][1]] + ([before[-1][2]] if before[-1][2] != GOOD else [])
            expect_equal(point["sample"], wanted, f"the last of {point['path']} at {text_of(at)}")


def lines_for_a_screen_lose_nothing(known, http):
    from_ns, to_ns = BEGIN * S, (BEGIN + DAYS * 86400) * S
    for path in ("house/dev/f", "house/whole", "house/flag", "house/text", "other/f"):
        for width in (1, 7, 100, 10000):
            words = {"path": path, "from_": text_of(from_ns), "to": text_of(to_ns), "width": width}
            point = get(http, "trend", **words).json()["points"][0]
            samples = known.of(path, from_ns, to_ns)
            expect_equal(point["samples"], len(samples), f"samples of {path}")
            found = list(zip(point["times"], point["values"],
                             point["qualities"] or [None] * len(point["times"])))
            all_of = [(at / 1e6, value, None if quality == GOOD else quality) for at, value, quality in samples]
            for at, value, quality in found:
                expect(any(math.isclose(at, a, rel_tol=1e-12) and value == v and quality == q for a, v, q in all_of),
                       f"{path}: {at} {value} {quality} is no sample")
            if len(samples) <= 4 * width:
                expect_equal((len(found), point["exact"]), (len(samples), True), f"{path} at {width}: all of them")
            expect(len(found) <= max(4 * width, 0) and found == sorted(found, key=lambda row: row[0]), f"{path}: order")
            columns = {}
            for at, value, _ in samples:
                columns.setdefault((at - from_ns) * width // (to_ns - from_ns), []).append((at / 1e6, value))
            shown = {}
            for at, value, _ in found:
                shown.setdefault(int((round(at * 1e6) - from_ns) * width // (to_ns - from_ns)), []).append((at, value))
            expect_equal(set(shown), set(columns), f"{path}: pixel columns")
            for column, rows in columns.items():
                expect(math.isclose(shown[column][0][0], rows[0][0], rel_tol=1e-12)
                       and math.isclose(shown[column][-1][0], rows[-1][0], rel_tol=1e-12), f"{path}: first and last")
                if KINDS[path] == "string":
                    continue
                values = [value for _, value in rows if value is not None]
                if values:
                    drawn = [value for _, value in shown[column] if value is not None]
                    expect_equal((min(drawn), max(drawn)), (min(values), max(values)), f"{path}: least and greatest")
            thin = get(http, "trend", method="lttb", **words).json()["points"][0]
            expect(KINDS[path] == "string" or len(thin["times"]) <= max(width, 1), f"{path}: {len(thin['times'])} of {width}")


def ask_everything(known, http, rounds):
    buckets_are_as_the_oracle_says(known, http, rounds)
    samples_are_as_they_were_taken(known, http, rounds)
    last_values_are_found(known, http)
    lines_for_a_screen_lose_nothing(known, http)
    return summaries_say_the_same(known, http)


def history_rests(server):
    return not ask(server, "GET", "/v1/history").json()["busy"]


def every_question_against_a_second_implementation(folder):
    server = Server(folder + "/data")
    known = Known(server, 5)
    known.furnish(700)
    with Http(server) as http:
        wait_for("the tree", lambda: len(http.ask("GET", "/v1/points").json()["points"]) == len(KINDS))
        ask_everything(known, http, 25)
        for round_number in range(2):
            expect_equal(ask(server, "POST", "/v1/history/seal").status, 202, "seal")
            wait_for("the seal", lambda: ask(server, "GET", "/v1/history").json()["work"]["seals"] > round_number
                     and history_rests(server))
            ask_everything(known, http, 15)
            known.furnish(200)  # late, and some for the second time
            ask_everything(known, http, 10)
        ask(server, "POST", "/v1/history/seal")
        wait_for("the last seal", lambda: ask(server, "GET", "/v1/history").json()["windows"]["values"] == 0
                 and history_rests(server))
        ask(server, "POST", "/v1/history/merge")
        wait_for("one part", lambda: ask(server, "GET", "/v1/history").json()["tiers"][0]["parts"] == 1
                 and history_rests(server))
        cost = ask_everything(known, http, 15)
        expect(cost["chunks"] + cost["summaries"] > 0, f"the cost of what is read from files: {cost}")
        year = get(http, "buckets", path="house/dev/f", from_="2026-01-01T00:00:00Z", to="2026-12-31T00:00:00Z",
                   step="1y", aggregates="count,mean,max").json()["cost"]
        expect(year["summaries"] > 0 and year["chunks"] == 0, f"a year is told by summaries: {year}")
    server.kill()
    server = Server(folder + "/data")
    known.server = server
    with Http(server) as http:
        ask_everything(known, http, 5)


# ---- groups ------------------------------------------------------------------------------------------------------

def groups_are_folded_together(folder):
    server = Server(folder + "/data")
    begin = BEGIN * S
    bodies = [{"path": f"plant/line-{n % 3}/dev-{n}/temp", "value": n + m / 10, "time": text_of(begin + m * 60 * S)}
              for n in range(12) for m in range(30)]
    bodies += [{"path": "plant/line-1/name", "value": "text", "time": text_of(begin)}]
    expect_equal(ask(server, "POST", "/v1/samples", json.dumps(bodies)).status, 200, "samples")
    for n in range(12):
        wanted = {"labels": {"odd": "yes" if n % 2 else "no"}}
        expect_equal(ask(server, "PATCH", f"/v1/points/plant/line-{n % 3}/dev-{n}/temp", json.dumps(wanted)).status, 200, "labels")
    words = {"from_": text_of(begin), "to": text_of(begin + 1800 * S), "step": "10m", "aggregates": "count,sum,max,first,last,p50,time_mean"}
    with Http(server) as http:
        def rows(keys, found, what):
            expect_equal([group["group"] for group in found["points"]], sorted(keys), what)
            for group in found["points"]:
                members = [body for body in bodies if keys[group["group"]](body["path"])]
                expect_equal(group["points"], len({body["path"] for body in members}), f"{what}: points of {group['group']}")
                numbers = [body for body in members if not isinstance(body["value"], str)]
                for at, count, total, most, first, last, middle, mean in group["buckets"]:
                    inside = [body for body in numbers if ns_of(at) <= ns_of(body["time"]) < ns_of(at) + 600 * S]
                    values = [body["value"] for body in inside]
                    expect_equal((count, most), (len(values), max(values)), f"{what}: {group['group']} {at}")
                    expect(same(total, math.fsum(values)) and same(middle, percentile(values, 50)), f"{what}: sum and median")
                    expect(same(mean, math.fsum(values) / len(values)), f"{what}: each value lasts as long: {mean}")
                    ends = [[b["value"] for b in inside if b["time"] == pick(b["time"] for b in inside)] for pick in (min, max)]
                    expect(first in ends[0] and last in ends[1], f"{what}: first and last")

        everything = {"all": lambda path: True}
        rows(everything, get(http, "buckets", match="plant/#", by="all", **words).json(), "by=all")
        lines = {f"plant/line-{n}": lambda path, n=n: path.startswith(f"plant/line-{n}/") for n in range(3)}
        rows(lines, get(http, "buckets", match="plant/#", by="level:2", **words).json(), "by=level:2")
        odd = {"yes": lambda path: "/dev-" in path and int(path.split("/dev-")[1].split("/")[0]) % 2 == 1,
               "no": lambda path: "/dev-" in path and int(path.split("/dev-")[1].split("/")[0]) % 2 == 0}
        rows(odd, get(http, "buckets", label="odd", by="label:odd", **words).json(), "by=label:odd")
        one = get(http, "buckets", label=["odd:yes", "odd"], match="plant/line-1/#", **words).json()
        expect_equal([point["path"] for point in one["points"]],
                     [f"plant/line-1/dev-{n}/temp" for n in range(12) if n % 2 and n % 3 == 1], "labels and a pattern")
        table = get(http, "buckets", match="plant/+/+/temp", by="level:2", format="csv", **words).text()
        expect_equal(table.split("\r\n")[0], "group,time,count,sum,max,first,last,p50,time_mean", "the header of groups")


# ---- rollups -----------------------------------------------------------------------------------------------------

def seal(server):
    ask(server, "POST", "/v1/history/seal")
    wait_for("the seal", lambda: ask(server, "GET", "/v1/history").json()["windows"]["values"] == 0 and history_rests(server))


def rollups_answer_where_raw_samples_are_gone(folder):
    server = Server(folder + "/data")
    policy = {"match": "old/#", "retention_s": 5, "rollups": {"minute_s": 0, "hour_s": 0, "day_s": 0}}
    expect_equal(ask(server, "PUT", "/v1/policies/short", json.dumps(policy)).status, 200, "a policy")
    begin = (int(time.time()) - 3 * 86400) // 86400 * 86400
    lines = [json.dumps({"path": f"old/{kind}", "value": value, "time": begin + n * 37}) for n in range(4000)
             for kind, value in (("float", (n * 7919 % 1000) / 10), ("flag", n % 3 == 0))]
    expect_equal(ask(server, "POST", "/v1/samples", "\n".join(lines), media="application/x-ndjson").status, 200, "samples")
    words = {"match": "old/#", "from_": begin, "to": begin + 4000 * 37}
    names = "count,sum,min,max,mean,first,last"
    with Http(server) as http:
        def told():
            return {step: get(http, "buckets", step=step, aggregates=names, **words).json()["points"]
                    for step in ("1m", "1h", "90m", "1d")}

        before = told()
        seal(server)
        expect_equal(told(), before, "the same from a file")
        time.sleep(5)
        expect_equal(ask(server, "POST", "/v1/samples", json.dumps({"path": "new", "value": 1})).status, 200, "another file")
        seal(server)
        ask(server, "POST", "/v1/history/merge")
        wait_for("raw samples to go", lambda: ask(server, "GET", "/v1/history").json()["work"]["expired"] == 8000
                 and history_rests(server))
        expect_equal([point["samples"] for point in get(http, "samples", **words).json()["points"]], [[], []], "raw samples")
        after = told()
        for step, points in before.items():
            for one, other in zip(after[step], points):
                expect_equal((one["path"], len(one["buckets"])), (other["path"], len(other["buckets"])), step)
                for row, wanted in zip(one["buckets"], other["buckets"]):
                    expect(row[0] == wanted[0] and all(same(a, b) for a, b in zip(row[1:], wanted[1:])), f"{step}: {row}, {wanted}")
        row = get(http, "buckets", step="1d", aggregates="count,stddev,p50,time_mean", **words).json()["points"][0]["buckets"][0]
        expect(row[1] > 0 and row[2:] == [None, None, None], f"what needs each sample is not known: {row}")
        trend = get(http, "trend", width=100, **words).json()["points"][0]
        expect_equal((trend["samples"], trend["exact"]), (4000, False), "a line of rollups")
        expect_equal((min(trend["values"]), max(trend["values"])), (0, 99.9), "from the least to the greatest")


# ---- formats -----------------------------------------------------------------------------------------------------

def formats_hold_the_same(folder):
    server = Server(folder + "/data")
    known = Known(server, 7)
    known.furnish(300)
    with Http(server) as http:
        wait_for("the tree", lambda: len(http.ask("GET", "/v1/points").json()["points"]) == len(KINDS))
        words = {"match": "#", "from_": str(BEGIN), "to": str((BEGIN + DAYS * 86400) * 1000), "limit": 100000}
        plain = get(http, "samples", arrival="true", **words).json()
        wanted = [(point["path"], *row) for point in plain["points"] for row in point["samples"]]
        table = get(http, "samples", format="csv", arrival="true", **words)
        expect_equal(table.headers["content-type"], "text/csv; charset=utf-8; header=present", "the media type")
        rows = list(csv.reader(io.StringIO(table.text(), newline="")))
        expect_equal(rows[0], ["path", "time", "value", "quality", "lateness"], "the header")
        expect_equal(len(rows) - 1, len(wanted), "lines of CSV")
        for row, (path, at, value, quality, late) in zip(rows[1:], wanted):
            shown = "" if value is None else value if isinstance(value, str) else json.dumps(value)
            expect_equal(row, [path, at, shown, quality, str(late)], "a line of CSV")
        lines = [json.loads(line) for line in get(http, "samples", format="ndjson", arrival="true", **words).text().splitlines()]
        expect_equal([(line["path"], line["time"], line["value"], line["quality"], line["lateness"]) for line in lines[:-1]],
                     wanted, "lines of NDJSON")
        expect_equal((lines[-1]["missing"], lines[-1]["unknown"], lines[-1]["more"]), ([], [], False), "the last line")
        for times, size in (("s", S), ("ms", 10**6), ("us", 10**3), ("ns", 1)):
            found = json.loads(get(http, "samples", times=times, **words).text(), parse_float=str)
            for point, other in zip(found["points"], plain["points"]):
                for row, text in zip(point["samples"], other["samples"]):
                    exact, whole = ns_of(text[0]), str(row[0]).partition(".")
                    digits = len(str(size)) - 1
                    expect_equal(int(whole[0]) * size + int((whole[2].ljust(digits, "0") or "0")), exact, f"times={times}")
        body = {"match": ["#"], "from": BEGIN, "to": (BEGIN + DAYS * 86400) * 1000, "limit": 100000, "arrival": True}
        posted = http.ask("POST", "/v1/samples/query", json.dumps(body)).json()
        expect_equal(posted["points"], plain["points"], "the same asked in a body")
        packed = http.ask("GET", target_of("samples", **words), headers=[("Accept-Encoding", "gzip")])
        expect_equal(packed.headers.get("content-encoding"), "gzip", "compressed")
        expect_equal(json.loads(gzip.decompress(packed.body))["more"], False, "and whole")
        trend = list(csv.reader(io.StringIO(get(http, "trend", match="#", width=50, format="csv", from_=words["from_"],
                                                to=words["to"]).text(), newline="")))
        expect_equal(trend[0], ["path", "time", "value", "quality"], "the header of a trend")
        latest = get(http, "last", match="#", format="ndjson").text().splitlines()
        expect_equal(len(latest), len(KINDS) + 1, "a line for each point, and the cost")


# ---- what is wrong -------------------------------------------------------------------------------------------------

def wrong_questions_are_told_so(folder):
    server = Server(folder + "/data", "--query-points", "3")
    bodies = [{"path": f"p/{n}", "value": n} for n in range(5)]
    expect_equal(ask(server, "POST", "/v1/samples", json.dumps(bodies)).status, 200, "samples")
    with Http(server) as http:
        cases = [("samples?", 400), ("samples?match=p/%23", 422), ("samples?path=p/1&from=2026-01-01&to=2025-01-01", 400),
                 ("samples?path=p/1&limit=10000001", 400), ("samples?path=p/1&limit=10000000", 200),
                 ("samples?path=p/1&point=0", 400), ("samples?path=p/1&point=4294967296", 400),
                 ("samples?path=p/1&format=xml", 400), ("samples?path=p/1&times=m", 400), ("samples?path=p/1&order=up", 400),
                 ("samples?match=", 400), ("samples?label=:x", 400), ("samples?path=p/1&from=-1mo", 400),
                 ("samples?path=p/1&from=now-1000000d", 200), ("samples?path=p/1&to=now%2B1h", 200),
                 ("buckets?path=p/1", 400), ("buckets?path=p/1&step=1h&count=5", 400), ("buckets?path=p/1&step=0s", 400),
                 ("buckets?path=p/1&step=5", 400), ("buckets?path=p/1&count=0", 400), ("buckets?path=p/1&count=1000000", 200),
                 ("buckets?path=p/1&count=1000001", 400), ("buckets?path=p/1&step=1h&aggregates=average", 400),
                 ("buckets?path=p/1&step=1h&aggregates=mean,mean", 400), ("buckets?path=p/1&step=1h&aggregates=p101", 400),
                 ("buckets?path=p/1&step=1h&aggregates=p100,p0", 200), ("buckets?path=p/1&step=1h&aggregates=", 400),
                 ("buckets?path=p/1&step=1h&fill=zero", 400), ("buckets?path=p/1&step=1h&by=level:0", 400),
                 ("buckets?path=p/1&step=1h&by=level:16", 200), ("buckets?path=p/1&step=1h&by=level:17", 400),
                 ("buckets?path=p/1&step=1d&zone=../passwd", 422), ("buckets?path=p/1&step=1d&zone=America", 422),
                 ("buckets?path=p/1&step=1d&zone=/etc/passwd", 422), ("buckets?path=p/1&step=1d&zone=" + "a" * 64, 400),
                 ("buckets?path=p/1&step=1ns&from=2000-01-01", 422), ("buckets?path=p/1&step=1s&from=2000-01-01&aggregates=time_mean", 422),
                 ("trend?path=p/1&width=0", 400), ("trend?path=p/1&width=10000", 200), ("trend?path=p/1&width=10001", 400),
                 ("trend?path=p/1&method=mean", 400), ("last?path=p/1&at=tomorrow", 400), ("last?path=p/1&from=now", 400)]
        for target, status in cases:
            answer = http.ask("GET", "/v1/" + target)
            expect_equal(answer.status, status, f"{target}: {answer}")
            if status >= 400:
                expect(answer.json()["detail"], f"{target}: a sentence")
        expect_equal(http.ask("GET", "/v1/last?match=p/%23").code(), "too_many_points", "the code")
        for names, status in ((25000, 200), (26500, 413)):  # a body of 256 KiB at most
            answer = http.ask("POST", "/v1/last", json.dumps({"path": ["p/00001"] * names}, separators=(",", ":")))
            expect_equal(answer.status, status, f"{names} paths: {answer}")
        three = get(http, "last", path=["p/0", "p/1", "p/2", "p/1"], point=[1, 999]).json()
        expect_equal((len(three["points"]), three["unknown"]), (3, ["999"]), "a point named twice is one, unknown ones are told")
        gone = get(http, "samples", path=["nowhere", "p/0"]).json()
        expect_equal((len(gone["points"]), gone["unknown"]), (1, ["nowhere"]), "an unknown path is told")
        empty = get(http, "buckets", path="p/0", step="1h", from_="2020-01-01", to="2020-01-01", fill="null").json()
        expect_equal(empty["points"][0]["buckets"], [], "an empty range")


def limits_of_time_and_memory_are_told(folder):
    server = Server(folder + "/data", "--query-memory", "4M")
    begin = BEGIN
    for part in range(4):
        bodies = [{"path": "big/one", "value": (n * 7919) % 1000 / 7, "time": begin + part * 100000 + n} for n in range(100000)]
        answer = ask(server, "POST", "/v1/samples", "\n".join(map(json.dumps, bodies)), media="application/x-ndjson")
        expect_equal(answer.status, 200, f"samples: {answer}")
    ask(server, "POST", "/v1/history/seal")
    wait_for("the seal", lambda: ask(server, "GET", "/v1/history").json()["windows"]["values"] == 0 and history_rests(server))
    words = {"path": "big/one", "from_": begin, "to": begin + 400000}
    with Http(server) as http:
        answer = http.ask("GET", target_of("buckets", step="1y", aggregates="p50", **words))
        expect_equal((answer.status, answer.code()), (503, "query_memory"), f"{answer}")
        small = get(http, "buckets", step="1y", aggregates="count,max", **words).json()
        expect_equal(small["points"][0]["buckets"][0][1], 400000, "what needs no memory is answered")
    counted = ask(server, "GET", "/v1/history").json()["questions"]
    expect_equal((counted["out_of_memory"], counted["memory"]), (1, 0), "counted, and nothing is held")
    server.stop()
    server = Server(folder + "/data", "--query-time", "4ms")
    with Http(server) as http:  # a stream that breaks is not whole; where all is slow it did not begin
        http.send(http.request("GET", target_of("samples", limit=10000000, **words)))
        head = http.take_until(b"\r\n\r\n")
        expect(b"chunked" in head or b" 503 " in head.split(b"\r\n")[0], f"a stream: {head}")
        while b"chunked" in head and http.fill():
            pass
        expect(not http.pending.endswith(b"0\r\n\r\n"), "a stream past its time has no last chunk")
    counted = ask(server, "GET", "/v1/history").json()["questions"]
    expect_equal((counted["timed_out"], counted["done"]), (1, 0), "counted")


# ---- clients that leave, and that do not read ----------------------------------------------------------------------

def big_server(folder, *words):
    server = Server(folder + "/data", *words)
    for part in range(5):
        bodies = "\n".join(json.dumps({"path": f"big/{n % 4}", "value": n / 7, "time": BEGIN + part * 50000 + n // 4 * 4})
                           for n in range(100000))
        expect_equal(ask(server, "POST", "/v1/samples", bodies, media="application/x-ndjson").status, 200, "samples")
    return server


def questions(server):
    return ask(server, "GET", "/v1/history").json()["questions"]


def who_leaves_is_not_worked_for(folder):
    server = big_server(folder)
    words = {"match": "big/#", "from_": BEGIN, "to": BEGIN + 400000, "limit": 10000000}
    for number in range(5):
        http = Http(server)
        http.send(http.request("GET", target_of("samples", **words)))
        http.take_until(b"\r\n\r\n")
        http.take_bytes(100000)
        http.close()
    wait_for("five cancelled questions", lambda: questions(server)["cancelled"] == 5)
    wait_for("nothing held", lambda: questions(server)["memory"] == 0 and questions(server)["running"] == 0)
    stalled = [Http(server) for _ in range(4)]
    for http in stalled:  # they ask and do not read: more than the threads
        http.send(http.request("GET", target_of("samples", **words)))
    time.sleep(0.5)
    waits = []
    with Http(server) as http:
        for _ in range(50):
            began = time.monotonic()
            get(http, "last", path="big/1")
            waits.append(time.monotonic() - began)
    expect(sorted(waits)[25] < 0.05, f"others are answered meanwhile: {sorted(waits)[25]}")
    for http in stalled:  # and then they do: nothing was lost
        answer = http.take()
        expect_equal(sum(len(point["samples"]) for point in json.loads(answer.body)["points"]),
                     len({(n % 4, part * 50000 + n // 4 * 4) for part in range(5) for n in range(100000)}), "all samples")
        http.close()
    note(f"last value beside four who do not read: {sorted(waits)[25] * 1000:.2f} ms")


def a_long_question_delays_no_short_one(folder):
    server = big_server(folder, "--query-threads", "1")
    words = {"match": "big/#", "from_": BEGIN, "to": BEGIN + 400000, "limit": 10000000, "format": "csv"}
    readers = [Http(server) for _ in range(3)]
    for http in readers:
        http.send(http.request("GET", target_of("samples", **words)))
    waits = []
    with Http(server) as http:
        for _ in range(30):
            began = time.monotonic()
            get(http, "last", path="big/1")
            waits.append(time.monotonic() - began)
    for http in readers:
        expect_equal(http.take().status, 200, "the long one")
        http.close()
    expect(sorted(waits)[15] < 0.1, f"a short question beside three long ones on one thread: {sorted(waits)[15]}")


if __name__ == "__main__":
    play(every_question_against_a_second_implementation, groups_are_folded_together,
         rollups_answer_where_raw_samples_are_gone, formats_hold_the_same,
         wrong_questions_are_told_so, limits_of_time_and_memory_are_told, who_leaves_is_not_worked_for,
         a_long_question_delays_no_short_one)
