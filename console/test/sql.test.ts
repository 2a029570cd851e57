/** The SQL page without a page: completion, where a fault is, rows as lines, files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { completionAt, faultPlace, tokensOf, type SchemaTable } from "../src/sql/complete";
import { chartOf, csvOf, jsonOf, timeOf, widthsOf, type SqlAnswer } from "../src/sql/result";

const columns = (names: string) => names.split(" ").map((name) => ({ name, type: "text" }));
const SCHEMA: SchemaTable[] = [
  { name: "points", columns: columns("point path unit labels") },
  { name: "samples", columns: columns("point path time value quality") },
  { name: "buckets(match, from, to, step)", columns: columns("path time mean stddev") },
];
/** The cursor is where | stands. */
const suggest = (text: string, always = false) => {
  const at = text.indexOf("|");
  const found = completionAt(text.replace("|", ""), at, SCHEMA, always);
  return found?.items.map((item) => item.text) ?? [];
};

test("tokens: nothing in texts and comments is a name", () => {
  const kinds = tokensOf("select 'it''s' -- from\n, x from \"a b\" /* from y */").map(
    ({ kind, text }) => `${kind} ${text}`,
  );
  assert.deepEqual(kinds, [
    "word select",
    "text 'it''s'",
    "text -- from",
    "sign ,",
    "word x",
    "word from",
    'text "a b"',
    "text /* from y */",
  ]);
});

test("after from come tables, after a dot columns of what stands before it", () => {
  assert.deepEqual(suggest("select * from |", true), ["points", "samples", "buckets"]);
  assert.deepEqual(suggest("select * from sa|"), ["samples"]);
  assert.deepEqual(suggest("select s.| from samples as s"), [
    "point",
    "path",
    "time",
    "value",
    "quality",
  ]);
  assert.deepEqual(suggest("select b.m| from buckets('#', 'now-1h', 'now', '1m') b"), ["mean"]);
  assert.deepEqual(suggest("select points.u|"), ["unit"]);
  assert.deepEqual(suggest("select q.| from samples s"), []);
});

test("columns of the tables that are read come first", () => {
  assert.equal(suggest("select q| from samples")[0], "quality");
  assert.ok(!suggest("select un| from samples").includes("unit"));
  assert.ok(suggest("select un|").includes("unit"));
  assert.ok(suggest("select perc|").includes("percentile"));
  assert.ok(suggest("SEL|").includes("select"));
});

test("nothing is suggested within a text, or for what stands there whole", () => {
  assert.deepEqual(suggest("select 'pa|"), []);
  assert.deepEqual(suggest("select 1 -- pa|"), []);
  assert.ok(suggest("select 'x', pa|").includes("path"));
  assert.deepEqual(suggest("select |"), []);
  assert.deepEqual(suggest("select quality| from samples"), []);
});

test("where a statement went wrong", () => {
  const sql = "select pth from samples\nwhere tiem > 5";
  assert.deepEqual(faultPlace(sql, "no such column: tiem", undefined), [30, 34]);
  assert.deepEqual(faultPlace(sql, "no such column: s.pth", undefined), [7, 10]);
  assert.deepEqual(faultPlace("selec 1", 'near "selec": syntax error', undefined), [0, 5]);
  assert.deepEqual(faultPlace(sql, "whatever", 7), [7, 10]);
  assert.deepEqual(faultPlace("select '温度' frm x", "whatever", 16), [12, 15]);
  assert.equal(faultPlace(sql, "whatever", undefined), null);
  assert.equal(faultPlace(sql, "no such table: nowhere", 999), null);
});

test("times in ns and as texts", () => {
  assert.equal(timeOf(1772352000250000000), 1772352000250);
  assert.equal(timeOf("1772352000250000001"), 1772352000250);
  assert.equal(timeOf("2026-03-01T08:00:00.25Z"), 1772352000250);
  for (const value of [null, 5, 1772352000, "17", "2026", "yesterday", true])
    assert.equal(timeOf(value), undefined, String(value));
});

const answer = (names: string, rows: SqlAnswer["rows"]): SqlAnswer => ({
  columns: columns(names),
  rows,
  truncated: false,
});

test("rows with times and numbers are lines, one for each path", () => {
  const chart = chartOf(
    answer("time path mean", [
      ["2026-03-01T08:01:00Z", "a", 2],
      ["2026-03-01T08:00:00Z", "a", 1],
      ["2026-03-01T08:00:00Z", "b", null],
      ["2026-03-01T08:01:00Z", "b", 7],
      ["2026-03-01T08:01:00Z", "b", 8],
    ]),
  );
  assert.deepEqual(
    chart?.tracks.map(({ path, values }) => [path, values]),
    [
      ["a", [1, 2]],
      ["b", [null, 7]],
    ],
  );
  assert.equal(chart?.more, false);
});

test("what cannot be drawn is a table alone", () => {
  assert.equal(chartOf(answer("path mean", [["a", 1]])), null);
  assert.equal(chartOf(answer("time path", [["2026-03-01T08:00:00Z", "a"]])), null);
  assert.equal(chartOf(answer("time value", [])), null);
  assert.equal(chartOf(answer("time value", [["2026-03-01T08:00:00Z", 1]])), null);
  const mixed = answer("time value", [
    ["2026-03-01T08:00:00Z", 1],
    ["2026-03-01T08:01:00Z", "off"],
  ]);
  assert.equal(chartOf(mixed), null);
});

test("so many lines and no more", () => {
  const rows = Array.from({ length: 60 }, (_, i): SqlAnswer["rows"][0] => [
    `2026-03-01T08:0${Math.floor(i / 30)}:00Z`,
    `p${i % 30}`,
    i,
  ]);
  const chart = chartOf(answer("time path mean", rows));
  assert.equal(chart?.tracks.length, 24);
  assert.equal(chart?.more, true);
});

test("files: CSV as RFC 4180, JSON as objects", () => {
  const some = answer("a b", [
    ['say "x", y', 1],
    ["two\nlines", null],
    [true, "12345678901234567890"],
  ]);
  assert.equal(
    csvOf(some),
    'a,b\r\n"say ""x"", y",1\r\n"two\nlines",\r\ntrue,12345678901234567890\r\n',
  );
  assert.deepEqual(JSON.parse(jsonOf(some))[1], { a: "two\nlines", b: null });
});

test("columns are as wide as what is in them, within bounds", () => {
  const { widths, least } = widthsOf(answer("a b", [["x".repeat(500), 1]]));
  assert.match(widths, /^minmax\(420px, 420fr\) minmax\(70px, 70fr\)$/);
  assert.equal(least, 420 + 12 + 70 + 12 + 24);
});
