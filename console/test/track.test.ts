/** Samples of a trend: what a cursor means, where gaps are, states, faults, axes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregateAt, questionAddress } from "../src/history/ask";
import { marksOf, valueFrom } from "../src/history/notes";
import { lineColor, linePattern, stateColor } from "../src/history/palette";
import { axesOf, valueRange } from "../src/history/scales";
import {
  faultsOf,
  gapOf,
  heightOf,
  heightsOf,
  indexBefore,
  nextTime,
  readingLast,
  readingNear,
  statesOf,
  trackAppend,
  trackOf,
  type Track,
} from "../src/history/track";
import type { LastPoint, TrendPoint } from "../src/history/types";

function track(
  type: string,
  samples: [number, number | string | boolean | null, string?][],
  before?: LastPoint["sample"],
): Track {
  const head = { path: "a/b", point: 1, type, unit: "bar" };
  const point: TrendPoint = {
    ...head,
    times: samples.map(([time]) => time),
    values: samples.map(([, value]) => value),
    qualities: samples.map(([, , quality]) => quality ?? null),
    samples: samples.length,
    exact: true,
  };
  return trackOf(point, before ? { ...head, sample: before } : undefined, 10);
}

test("heights of values", () => {
  for (const value of [null, "", "warm"]) assert.equal(heightOf(value), null);
  assert.equal(heightOf(true), 1);
  assert.equal(heightOf("9007199254740993"), 9007199254740992);
  assert.equal(heightOf(-0.5), -0.5);
});

test("the last time that is not after one", () => {
  const times = [10, 20, 30];
  const found = [5, 10, 15, 20, 29, 30, 99].map((time) => indexBefore(times, time));
  assert.deepEqual(found, [-1, 0, 0, 1, 1, 2, 2]);
  assert.equal(indexBefore([], 1), -1);
});

test("a cursor means the nearest sample of a line, within reach", () => {
  const line = track("float64", [
    [100, 1],
    [200, 2],
  ]);
  assert.equal(readingNear(line, 140, 50)?.value, 1);
  assert.equal(readingNear(line, 160, 50)?.value, 2);
  assert.equal(readingNear(line, 260, 50), null);
  assert.equal(readingNear(line, 40, 59), null);
  assert.equal(readingLast(line)?.value, 2);
});

test("what holds is what the cursor means, from before the span as well", () => {
  const step = track("int64", [[100, 1]], [20, 7, "uncertain"]);
  assert.equal(readingNear(step, 50, 1)?.value, 7);
  assert.equal(readingNear(step, 50, 1)?.quality, "uncertain");
  assert.equal(readingNear(step, 50, 1)?.height, 7);
  assert.equal(readingNear(step, 5000, 1)?.value, 1);
  assert.equal(readingNear(track("int64", [[100, 1]]), 50, 1), null);
  assert.equal(readingLast(track("string", [], [20, "idle"]))?.value, "idle");
});

test("gaps: far longer than samples usually are apart", () => {
  const even = Array.from({ length: 20 }, (_, i) => i * 10);
  assert.equal(gapOf(even, 20, true, 1), 120);
  // Report by exception: irregular, but no gap for that.
  const odd = [0, 10, 20, 30, 40, 200, 210, 220, 380, 390];
  assert.ok(gapOf(odd, odd.length, true, 1) > 160);
  assert.equal(gapOf([1, 2], 2, true, 1), Infinity);
  // Reduced: by how many there were, and never less than some columns.
  assert.equal(gapOf([0, 1000], 2, false, 5), Infinity);
  assert.equal(gapOf([0, 500, 1000], 101, false, 5), 120);
  assert.equal(gapOf([0, 500, 1000], 100_001, false, 5), 30);
  assert.equal(track("bool", [[1, true]]).gapMs, Infinity);
});

test("what comes live is appended in order, and nothing twice", () => {
  const line = track("float64", [[100, 1]]);
  assert.equal(trackAppend(line, 100, 2, "good"), false);
  assert.equal(trackAppend(line, 50, 2, "good"), false);
  assert.equal(trackAppend(line, 150, null, "bad.no_value"), true);
  assert.deepEqual(line.times, [100, 150]);
  assert.deepEqual(line.heights, [1, null]);
  assert.deepEqual(line.qualities, [null, "bad.no_value"]);
  assert.equal(line.samples, 2);
});

test("from sample to sample", () => {
  const two = [track("float64", [[10, 1], [30, 1]]), track("float64", [[20, 1]])]; // prettier-ignore
  assert.equal(nextTime(two, 0, true), 10);
  assert.equal(nextTime(two, 10, true), 20);
  assert.equal(nextTime(two, 20, true), 30);
  assert.equal(nextTime(two, 30, true), undefined);
  assert.equal(nextTime(two, 30, false), 20);
  assert.equal(nextTime(two, 10, false), undefined);
});

test("states hold until the next one; the same one again is the same stretch", () => {
  const mode = track("string", [[100, "run"], [150, "run"], [200, "idle"]], [10, "off"]); // prettier-ignore
  assert.deepEqual(statesOf(mode, 50, 300), [
    { from: 50, to: 100, text: "off" },
    { from: 100, to: 200, text: "run" },
    { from: 200, to: 300, text: "idle" },
  ]);
  const gap = track("bool", [[100, true], [150, null, "bad"], [200, false]]); // prettier-ignore
  assert.deepEqual(
    statesOf(gap, 0, 250).map(({ text }) => text),
    ["true", "false"],
  );
  // Only from before: all the time.
  const still = track("string", [], [10, "off"]);
  assert.deepEqual(statesOf(still, 50, 60), [{ from: 50, to: 60, text: "off" }]);
});

test("faults: stretches whose quality is not good", () => {
  const line = track("float64", [
    [100, 1],
    [110, 2, "uncertain"],
    [120, 2, "uncertain"],
    [130, 3],
    [140, null, "bad.no_value"],
  ]);
  assert.deepEqual(faultsOf(line, 0, 1000), [
    { from: 110, to: 130, text: "uncertain" },
    { from: 140, to: 141, text: "bad.no_value" },
  ]);
  assert.deepEqual(faultsOf(track("float64", [[1, 1, "good.local_override"]]), 0, 9), []);
});

test("least and greatest of what is shown", () => {
  const line = track("float64", [[0, 99], [100, 1], [200, 5], [300, null], [400, -50]]); // prettier-ignore
  assert.deepEqual(heightsOf(line, 100, 300), [1, 5]);
  assert.equal(heightsOf(line, 300, 350), null);
  assert.deepEqual(heightsOf(track("int64", [], [5, 42]), 10, 20), [42, 42]);
});

test("a limit that is near is in the range, a far one is not", () => {
  const [low, high] = valueRange(10, 20, { high: 25, low: -500 });
  assert.ok(high > 25 && low > 0);
  const [flatLow, flatHigh] = valueRange(5, 5, {});
  assert.ok(flatLow < 5 && flatHigh > 5);
  const [zeroLow, zeroHigh] = valueRange(0, 0, {});
  assert.ok(zeroLow < 0 && zeroHigh > 0);
});

test("axes: by unit, one, own, each its own share", () => {
  const of = (point: number, unit: string, values: number[]): Track => ({
    ...track(
      "float64",
      values.map((value, i) => [i * 10, value]),
    ),
    point,
    unit,
    path: `p/${point}`,
  });
  const shown = [of(1, "bar", [0, 10]), of(2, "bar", [5, 20]), of(3, "degC", [100, 200])].map(
    (one, place) => ({ track: one, place }),
  );
  const span = { from: 0, to: 100 };
  const scales = (axes: "unit" | "one" | "own" | "share", room = 4) =>
    axesOf(shown, axes, span, {}, room).scales;
  assert.deepEqual(
    scales("unit").map(({ title }) => title),
    ["bar", "degC"],
  );
  assert.ok((scales("unit")[0]?.least ?? 1) < 0 && (scales("unit")[0]?.most ?? 0) > 20);
  assert.equal(scales("one").length, 1);
  assert.equal(scales("own").length, 3);
  assert.equal(scales("own", 2).filter(({ axis }) => axis).length, 2);
  // An axis of one line has its colour.
  assert.deepEqual(
    scales("unit").map(({ color }) => color),
    [null, lineColor(2)],
  );
  const shares = scales("share");
  assert.deepEqual(
    shares.filter(({ axis }) => axis).map(({ name }) => name),
    ["share"],
  );
  const states = axesOf([{ track: track("bool", [[1, true]]), place: 0 }], "unit", span, {}, 4);
  assert.deepEqual([states.scales.length, states.lines.length], [0, 1]);
});

test("colours come again with another pattern; a state keeps its own", () => {
  const looks = new Set(
    Array.from({ length: 40 }, (_, place) => `${lineColor(place)} ${linePattern(place)}`),
  );
  assert.equal(looks.size, 40);
  assert.equal(stateColor("running"), stateColor("running"));
  assert.notEqual(stateColor("true"), stateColor("false"));
});

test("questions name each path, and what is empty is left out", () => {
  const address = questionAddress("/v1/trend", { path: ["a b", "c/d"], width: 7, at: undefined });
  assert.equal(address, "/v1/trend?path=a+b&path=c%2Fd&width=7");
  const head = { path: "a", point: 1, type: "float64", unit: "" };
  assert.equal(aggregateAt({ ...head, buckets: [["t", 5, 6]] }, 1), 6);
  assert.equal(aggregateAt({ ...head, buckets: [] }, 1), null);
  assert.equal(aggregateAt(undefined, 0), null);
});

test("values as they are typed into a correction", () => {
  assert.equal(valueFrom(" 1.5e3 ", "float64"), 1500);
  assert.equal(valueFrom("", "float64"), undefined);
  assert.equal(valueFrom("1,5", "float64"), undefined);
  assert.equal(valueFrom("-7", "int64"), -7);
  assert.equal(valueFrom("7.5", "int64"), undefined);
  assert.equal(valueFrom("9007199254740993", "int64"), "9007199254740993");
  assert.equal(valueFrom("TRUE", "bool"), true);
  assert.equal(valueFrom("0", "bool"), false);
  assert.equal(valueFrom("yes", "bool"), undefined);
  assert.equal(valueFrom(" spaces stay ", "string"), " spaces stay ");
});

test("notes are marks where they have a time", () => {
  const said = { path: "a", author: null, made: null };
  const notes = {
    annotations: [
      { ...said, annotation: 1, time: null, to: null, text: "of the point" },
      {
        ...said,
        annotation: 2,
        time: "2026-03-01T08:00:00Z",
        to: "2026-03-01T09:00:00Z",
        text: "x",
      },
    ],
    corrections: [
      {
        ...said,
        correction: 1,
        time: "2026-03-01T08:30:00Z",
        value: 1,
        original: null,
        reason: null,
        erased: false,
      },
    ],
    loaded: true,
    problem: undefined,
    reload: () => undefined,
  };
  assert.deepEqual(
    marksOf(notes).map(({ kind, from, to }) => [kind, to - from]),
    [
      ["note", 3_600_000],
      ["correction", 0],
    ],
  );
});
