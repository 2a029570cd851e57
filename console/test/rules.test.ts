/** Rules as they are edited, and rosters as they are checked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelWords } from "../src/alarms/channels";
import { whyWords } from "../src/alarms/why-words";
import { language } from "../src/i18n";
import { daysOf, gapsOf, weekOf } from "../src/alarms/roster-week";
import { isRosterWrong } from "../src/alarms/rosters";
import { ownOffset } from "../src/alarms/weekly";
import {
  fieldsOf,
  flawsOf,
  hasField,
  kindsOf,
  placesOf,
  RULE_NEW,
  statesOf,
  wordsOf,
} from "../src/alarms/rule-words";
import { KINDS, type Rule } from "../src/api/rules";

const whole = { ...RULE_NEW, name: "temp-high", path: "plant/+/temp" };

test("what a rule says goes there and back", () => {
  const rule: Rule = {
    name: "surge",
    title: "Pressure surge",
    enabled: false,
    kind: "rate",
    on: "pattern",
    path: "plant/+/pressure",
    type: null,
    metric: null,
    priority: 1,
    limit: 2.5,
    deadband: 0,
    span: "10s",
    direction: "rising",
    reference: null,
    states: null,
    condition: null,
    on_delay: "0s",
    off_delay: "1m",
    latch: true,
    acknowledge: true,
    realarm: null,
    chatter: 7,
    cause: "Valve",
    consequence: "",
    response: "Close it",
    group: "",
    points: 3,
    alarms: 0,
    unjudged: 0,
    too_late: 0,
    changed: null,
    author: null,
  };
  const fields = fieldsOf(rule);
  assert.deepEqual(flawsOf(fields), {});
  assert.deepEqual(wordsOf(fields), {
    kind: "rate",
    on: "pattern",
    enabled: false,
    priority: 1,
    latch: true,
    acknowledge: true,
    title: "Pressure surge",
    cause: "Valve",
    response: "Close it",
    path: "plant/+/pressure",
    limit: 2.5,
    span: "10s",
    off_delay: "1m",
    chatter: 7,
    direction: "rising",
  });
  assert.equal(flawsOf({ ...fields, chatter: "1001" }).chatter, "whole");
  assert.equal(flawsOf({ ...fields, chatter: "0" }).chatter, undefined);
});

test("only what belongs to the kind is sent", () => {
  const fields = {
    ...whole,
    kind: "expression" as const,
    condition: "temp > 80 for 30 s",
    limit: "80",
    span: "5m",
    states: "1",
  };
  const words = wordsOf(fields);
  assert.equal(words.condition, "temp > 80 for 30 s");
  assert.ok(!("limit" in words) && !("span" in words) && !("states" in words));
  assert.deepEqual(wordsOf({ ...whole, on: "type", type: "pump", metric: "temp" }).path, undefined);
});

test("what is wrong is said of the field", () => {
  assert.deepEqual(flawsOf(whole), {});
  assert.deepEqual(flawsOf({ ...whole, name: "" }), { name: "missing" });
  assert.deepEqual(flawsOf({ ...whole, name: "a b" }), { name: "name" });
  assert.deepEqual(flawsOf({ ...whole, name: "a".repeat(128) }), {});
  assert.deepEqual(flawsOf({ ...whole, name: "a".repeat(129) }), { name: "name" });
  assert.deepEqual(flawsOf({ ...whole, limit: "hot", on_delay: "soon" }), {
    limit: "number",
    on_delay: "span",
  });
  // What the kind does not have is not looked at.
  assert.deepEqual(flawsOf({ ...whole, span: "soon" }), {});
  assert.deepEqual(flawsOf({ ...whole, kind: "stale" }), { span: "missing" });
  assert.deepEqual(flawsOf({ ...whole, kind: "rate" }), { limit: "missing", span: "missing" });
  assert.deepEqual(flawsOf({ ...whole, kind: "state", states: "1, x" }), { states: "states" });
  assert.deepEqual(flawsOf({ ...whole, kind: "expression" }), { condition: "missing" });
  assert.deepEqual(flawsOf({ ...whole, on: "type" }), { type: "missing", metric: "missing" });
  assert.deepEqual(flawsOf({ ...whole, path: " " }), { path: "missing" });
});

test("states as they are typed", () => {
  assert.deepEqual(statesOf("2, 3;true false"), [2, 3, 1, 0]);
  assert.equal(statesOf("2, two"), undefined);
});

test("each kind has its fields, and nothing stands on nothing but a condition, or dead channels", () => {
  for (const kind of KINDS) {
    assert.equal(placesOf(kind).includes("nothing"), ["expression", "channel"].includes(kind));
    assert.equal(hasField(kind, "condition"), kind === "expression");
  }
});

test("the rule of dead channels stands on nothing, and no other becomes one", () => {
  const fields = { ...RULE_NEW, name: "channels", kind: "channel", on: "nothing" } as const;
  assert.deepEqual(flawsOf(fields), {});
  const words = wordsOf({ ...fields, on_delay: "1m", priority: 2 });
  assert.equal("path" in words, false);
  assert.deepEqual([words.kind, words.on_delay, words.priority], ["channel", "1m", 2]);
  assert.deepEqual(kindsOf("channel"), ["channel"]);
  assert.equal(kindsOf("high").length, KINDS.length - 1);
  assert.equal(kindsOf("high").includes("channel"), false);
});

const roster = {
  members: [
    { name: "ann", channels: ["mail-ann"] },
    { name: "bo", channels: [] },
  ],
  shifts: [{ member: "ann", days: "mon-fri", from: "08:00", to: "24:00" }],
  utc_offset: "+08:00",
  steps: [{ after: "0s", to: "on call" }],
};

test("a roster is whole before it is sent", () => {
  assert.ok(!isRosterWrong(roster));
  assert.ok(isRosterWrong({ ...roster, members: [] }));
  assert.ok(
    isRosterWrong({ ...roster, members: [...roster.members, { name: "bo", channels: [] }] }),
  );
  assert.ok(isRosterWrong({ ...roster, steps: [] }));
  assert.ok(isRosterWrong({ ...roster, steps: [{ after: "soon", to: "next" }] }));
  assert.ok(isRosterWrong({ ...roster, utc_offset: "CET" }));
  const [shift] = roster.shifts;
  assert.ok(shift);
  assert.ok(isRosterWrong({ ...roster, shifts: [{ ...shift, member: "cy" }] }));
  assert.ok(isRosterWrong({ ...roster, shifts: [{ ...shift, from: "25:00" }] }));
});

test("the time zone of the browser", () => {
  assert.equal(ownOffset(-480), "+08:00");
  assert.equal(ownOffset(0), "+00:00");
  assert.equal(ownOffset(210), "-03:30");
});

test("a channel is sent without what belongs to another kind, and its secret only when it is new", () => {
  const fields = {
    kind: "mail" as const,
    url: "https://x",
    address: " a@b ",
    secret: "s",
    gather: "",
  };
  assert.deepEqual(channelWords(fields), {
    kind: "mail",
    quiet: [],
    language: "en",
    address: "a@b",
  });
  assert.equal(channelWords({ kind: "webhook", url: "https://x", secret: "" }).secret, undefined);
  assert.equal(channelWords({ kind: "webhook", url: "https://x", secret: "s" }).secret, "s");
});

test("a roster's week: shifts over midnight belong to both days, and gaps are found", () => {
  assert.deepEqual(daysOf("mon-fri"), [0, 1, 2, 3, 4]);
  assert.deepEqual(daysOf("sat,mon"), [5, 0]);
  assert.deepEqual(daysOf("fri-mon"), [4, 5, 6, 0]);
  assert.deepEqual(daysOf("never"), []);
  const week = weekOf([
    { member: "ann", days: "mon-sat", from: "08:00", to: "20:00" },
    { member: "bob", days: "mon-sun", from: "20:00", to: "08:00" },
  ]);
  const stretch = (member: string, from: number, to: number) => ({ member, from, to });
  assert.deepEqual(week[0], [
    stretch("bob", 0, 480),
    stretch("ann", 480, 1200),
    stretch("bob", 1200, 1440),
  ]);
  assert.deepEqual(gapsOf(week[0] ?? []), []);
  assert.deepEqual(gapsOf(week[6] ?? []), [{ from: 480, to: 1200 }]);
  assert.deepEqual(gapsOf([]), [{ from: 0, to: 1440 }]);
  // To midnight and all day: no stretch of nothing on the next day.
  assert.deepEqual(weekOf([{ member: "a", days: "sun", from: "20:00", to: "00:00" }])[0], []);
  assert.deepEqual(weekOf([{ member: "a", days: "mon", from: "00:00", to: "24:00" }])[0], [
    stretch("a", 0, 1440),
  ]);
});

test("why an alarm was raised is said in the language of the page", () => {
  language.set("en");
  assert.equal(whyWords("60.7 >= 60"), "60.7 ≥ 60");
  assert.equal(whyWords("nothing for 300 s"), "nothing for 300 s");
  language.set("zh");
  assert.equal(whyWords("4 <= 5"), "4 ≤ 5");
  assert.equal(whyWords("nothing for 300 s"), "300 s 内没有数据");
  assert.equal(whyWords("9: change >= 3 in 10 s"), "9：10 s 内变化 ≥ 3");
  assert.equal(whyWords("9: deviation >= 3"), "9：偏差 ≥ 3");
  assert.equal(whyWords("is 2"), "为 2");
  assert.equal(whyWords("37 changes in 60 s"), "60 s 内变化 37 次");
  assert.equal(whyWords("reference gone"), "参考点已不存在");
  language.set("en");
});
