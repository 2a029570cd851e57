/** Spans, ranges and views: what is shown, and how an address says it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fitSpan,
  lengthOf,
  lengthText,
  panSpan,
  pinchSpan,
  rangeOf,
  SPAN_LEAST,
  SPAN_MOST,
  spanOf,
  TIME_LEAST,
  TIME_MOST,
  zoomSpan,
} from "../src/history/range";
import { calendarSpans, fieldText, fieldTime } from "../src/history/range-text";
import { formOf, tickTexts } from "../src/history/ticks";
import {
  POINTS_MAX,
  queryText,
  readView,
  trendsAddress,
  viewOf,
  writeView,
} from "../src/history/view";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-03-01T08:00:00Z");

test("lengths as the address has them", () => {
  for (const [ms, text] of [
    [HOUR, "1h"],
    [8 * HOUR, "8h"],
    [24 * HOUR, "24h"],
    [7 * 24 * HOUR, "7d"],
    [365 * 24 * HOUR, "1y"],
    [90_000, "90s"],
    [90 * 60_000, "90m"],
    [2 * 24 * HOUR, "2d"],
    [1234, "1234ms"],
  ] as const) {
    assert.equal(lengthText(ms), text);
    assert.equal(lengthOf(text), ms);
  }
  for (const text of ["", "h", "1", "-1h", "1 h", "19ms", "9999999999y", "1e3s"])
    assert.equal(lengthOf(text), undefined, text);
});

test("zooming keeps the instant under the cursor", () => {
  const span = { from: NOW - HOUR, to: NOW };
  for (const share of [0, 0.25, 0.9, 1])
    for (const factor of [0.1, 0.5, 2, 7]) {
      const anchor = span.from + share * HOUR;
      const zoomed = zoomSpan(span, factor, anchor);
      const length = zoomed.to - zoomed.from;
      assert.ok(Math.abs(length - HOUR * factor) <= 2);
      assert.ok(Math.abs(zoomed.from + share * length - anchor) <= 2);
    }
});

test("spans have a least and a greatest length, and stay where times are", () => {
  const least = zoomSpan({ from: NOW, to: NOW + 30 }, 0.01, NOW + 15);
  assert.equal(least.to - least.from, SPAN_LEAST);
  const most = zoomSpan({ from: 0, to: SPAN_MOST / 2 }, 100, 0);
  assert.equal(most.to - most.from, SPAN_MOST);
  assert.equal(panSpan({ from: NOW, to: NOW + HOUR }, 1e18).to, TIME_MOST);
  assert.equal(panSpan({ from: NOW, to: NOW + HOUR }, -1e18).from, TIME_LEAST);
  assert.deepEqual(fitSpan({ from: 5, to: 1005 }), { from: 5, to: 1005 });
});

test("two fingers keep what they hold", () => {
  const held: [number, number] = [NOW + 0.25 * HOUR, NOW + 0.75 * HOUR];
  assert.deepEqual(pinchSpan(held, [0.25, 0.75]), { from: NOW, to: NOW + HOUR });
  const apart = pinchSpan(held, [0, 1]);
  assert.deepEqual(apart, { from: held[0], to: held[1] });
  assert.equal(pinchSpan(held, [0.5, 0.5]), undefined);
  assert.equal(pinchSpan(held, [0.7, 0.2]), undefined);
});

test("what ends now goes on with the clock", () => {
  assert.deepEqual(rangeOf({ from: NOW - HOUR, to: NOW }, NOW), { kind: "last", ms: HOUR });
  assert.deepEqual(rangeOf({ from: NOW - HOUR, to: NOW - 60_000 }, NOW), {
    kind: "between",
    span: { from: NOW - HOUR, to: NOW - 60_000 },
  });
  // The future is no "now".
  assert.equal(rangeOf({ from: NOW + HOUR, to: NOW + 2 * HOUR }, NOW).kind, "between");
  assert.deepEqual(spanOf({ kind: "last", ms: HOUR }, NOW), { from: NOW - HOUR, to: NOW });
});

test("all there is has a little air around it, and one sample can be seen", () => {
  const all = spanOf({ kind: "all" }, NOW, { from: NOW - HOUR, to: NOW });
  assert.ok(all.from < NOW - HOUR && all.to > NOW && all.to - all.from < 1.1 * HOUR);
  const one = spanOf({ kind: "all" }, NOW, { from: NOW, to: NOW });
  assert.ok(one.from < NOW && one.to > NOW);
});

test("a view survives its address", () => {
  const paths = ["plant/line-1/press 3/temp & more", "werk/ä/温度", "a=b/c?d#e"];
  const view = {
    paths,
    range: { kind: "between" as const, span: { from: NOW, to: NOW + 1500 } },
    axes: "own" as const,
    hidden: [paths[1] as string],
    join: true,
  };
  const address = trendsAddress(view);
  const query = new URLSearchParams(address.split("?")[1]);
  assert.deepEqual(readView(query), view);
  assert.match(address, /from=2026-03-01T08:00:00Z&to=2026-03-01T08:00:01.500Z/);
  const first = viewOf(["a/b"]);
  assert.equal(queryText(writeView(first, true)), "");
  assert.deepEqual(readView(new URLSearchParams(), "a/b"), first);
  for (const last of ["8h", "all", "90s"]) {
    const read = readView(new URLSearchParams({ last }), "a/b");
    assert.equal(writeView(read, true).get("last"), last);
  }
});

test("an address that makes no sense shows what is usual", () => {
  const read = (text: string) => readView(new URLSearchParams(text), "a");
  assert.deepEqual(read("from=x&to=y&last=9q&axes=none&hide=7,x"), viewOf(["a"]));
  assert.deepEqual(read("from=2026-03-01T08:00:00Z&to=2026-03-01T07:00:00Z"), viewOf(["a"]));
  const many = new URLSearchParams();
  for (let i = 0; i < POINTS_MAX + 5; i++) many.append("p", `p${i % (POINTS_MAX + 2)}`);
  assert.equal(readView(many).paths.length, POINTS_MAX);
  assert.equal(new Set(readView(many).paths).size, POINTS_MAX);
});

test("fields for times, and days of the calendar", () => {
  const text = fieldText(NOW);
  assert.equal(fieldTime(text), NOW);
  assert.equal(fieldTime(""), undefined);
  assert.equal(fieldTime("tomorrow"), undefined);
  const spans = calendarSpans(new Date(2026, 2, 4, 15, 30).getTime()); // a Wednesday
  const span = (name: string) => spans.find((one) => one.name === name)?.span;
  assert.equal(span("today")?.from, new Date(2026, 2, 4).getTime());
  assert.equal(span("yesterday")?.to, span("today")?.from);
  assert.equal(span("this_week")?.from, new Date(2026, 2, 2).getTime());
  assert.equal(span("last_month")?.from, new Date(2026, 1, 1).getTime());
  assert.equal(span("this_year")?.to, new Date(2027, 0, 1).getTime());
  const sunday = calendarSpans(new Date(2026, 2, 8, 1).getTime());
  assert.equal(sunday[2]?.span.from, new Date(2026, 2, 2).getTime());
});

test("ticks say as much as tells them apart", () => {
  assert.equal(formOf(365 * 24 * HOUR), "year");
  assert.equal(formOf(30 * 24 * HOUR), "month");
  assert.equal(formOf(24 * HOUR), "day");
  assert.equal(formOf(60_000), "minute");
  assert.equal(formOf(1000), "second");
  assert.equal(formOf(100), "fraction");
  const day = new Date(2026, 2, 4, 22).getTime();
  const texts = tickTexts([day, day + HOUR, day + 2 * HOUR, day + 3 * HOUR], HOUR);
  assert.match(texts[0] ?? "", /^22:00\n4 Mar$/);
  assert.equal(texts[1], "23:00");
  assert.match(texts[2] ?? "", /^00:00\n5 Mar$/);
  assert.equal(texts[3], "01:00");
  assert.match(tickTexts([day], 100)[0] ?? "", /00\.000/);
});
