/** Policies as they are typed and told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, keepOf, keepText, rulesOf, type Policy } from "../src/history/policies";

test("lengths of time as they are typed", () => {
  for (const [text, seconds] of [
    ["90d", 7_776_000],
    ["2y", 63_072_000],
    ["12h", 43_200],
    ["5w", 3_024_000],
    ["90s", 90],
    ["30m", 1800],
    ["", 0],
  ] as const) {
    assert.equal(keepOf(text), seconds);
    assert.equal(keepText(seconds), text);
  }
  assert.equal(keepOf(" 7 D "), 604_800);
  for (const text of ["0d", "d", "-1d", "1.5d", "1mo", "for ever", "9999999999s", "2000y"])
    assert.equal(keepOf(text), undefined, text);
});

test("amounts: nothing is zero, and none is below it", () => {
  assert.equal(amountOf(""), 0);
  assert.equal(amountOf(" 0.25 "), 0.25);
  assert.equal(amountOf("100", 100), 100);
  for (const text of ["-1", "x", "101", "NaN", "Infinity"])
    assert.equal(amountOf(text, 100), undefined, text);
});

test("what is put back has the rules and nothing else", () => {
  const policy: Policy = {
    name: "presses",
    rank: 2,
    made: null,
    match: "plant/#",
    deadband: 0.5,
    deadband_percent: 0,
    retention_s: 60,
    rollups: { minute_s: 0, hour_s: null, day_s: 5 },
    when_full: "keep",
    priority: 0,
  };
  const rules: object = rulesOf(policy);
  assert.ok(!("name" in rules) && !("rank" in rules) && !("made" in rules));
  assert.equal(Object.keys(rules).length, 7);
});
