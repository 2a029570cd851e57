/** Alarms: what an address says, what is asked for, what comes live, what a journal draws, what is measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alarmLines, ALARMS_HEAD } from "../src/alarms/csv";
import { floodShare, measuresOf, needleOf, sharesOf } from "../src/alarms/eemua";
import { faultOf, faultyLine, placeOfByte } from "../src/alarms/fault";
import {
  actsOf,
  alarmsAddress,
  filterQuery,
  filtersMore,
  FILTER_NONE,
  groupOf,
  priorityWords,
  readFilter,
  readPriorities,
  stateOf,
  stateWord,
  STATE_GROUPS,
} from "../src/alarms/filter";
import { lanesOf, spanOfEntries } from "../src/alarms/lanes";
import { rangeAround } from "../src/alarms/range-around";
import { newcomers, rowsChanged, rowsJoined, rowsOf } from "../src/alarms/rows";
import { rowsBetween } from "../src/ui/window";
import { tonesOf } from "../src/alarms/sound";
import { shiftBegin } from "../src/alarms/shifts";
import { secondsOf, spanSeconds, spanText } from "../src/alarms/spans";
import {
  manyQuery,
  STATES,
  type Alarm,
  type AlarmEntry,
  type AlarmStatistics,
  type LiveEntry,
} from "../src/api/alarms";
import { parseRoute } from "../src/router";

const alarm = (number: number, over: Partial<Alarm> = {}): Alarm => ({
  alarm: number,
  state: "unacknowledged",
  letter: "B",
  priority: 2,
  kind: "high",
  rule: "temp-high",
  title: "Bearing hot",
  path: "plant/line-1/temp",
  asset: null,
  value: 81.2,
  unit: "degC",
  limit: 80,
  why: "temp 81.2 > 80",
  raised: "2026-11-23T10:00:00Z",
  changed: "2026-11-23T10:00:00Z",
  count: 1,
  chattering: null,
  changes: 0,
  first_out: false,
  acknowledged_by: null,
  acknowledged: null,
  assignee: null,
  comment: null,
  shelved_until: null,
  ...over,
});
const entry = (number: number, over: Partial<AlarmEntry> = {}): AlarmEntry => ({
  entry: number,
  alarm: 1,
  path: "plant/line-1/temp",
  rule: "temp-high",
  title: "Bearing hot",
  event: "condition holds",
  state: "unacknowledged",
  state_before: "normal",
  priority: 2,
  kind: "high",
  value: 81.2,
  time: "2026-11-23T10:00:00Z",
  arrived: "2026-11-23T10:00:01Z",
  who: null,
  text: null,
  late: false,
  told: true,
  first_out: false,
  position: 7,
  ...over,
});
const live = (number: number, over: Partial<LiveEntry> = {}): LiveEntry => ({
  entry: 1,
  alarm: number,
  path: "plant/line-1/temp",
  event: "condition holds",
  state: "unacknowledged",
  priority: 2,
  kind: "high",
  time: "2026-11-23T10:00:00Z",
  arrived: "2026-11-23T10:00:01Z",
  late: false,
  told: true,
  ...over,
});

test("states go both ways, however their words are joined", () => {
  for (const state of STATES) assert.equal(stateOf(stateWord(state)), state);
  assert.equal(stateOf("returned unacknowledged"), "returned_unacknowledged");
  assert.equal(stateOf("out_of_service"), "out_of_service");
  assert.equal(stateOf("burning"), undefined);
});

test("priorities as words", () => {
  assert.deepEqual(priorityWords([]), []);
  assert.deepEqual(priorityWords([3, 1, 2, 5]), ["1-3", "5"]);
  assert.deepEqual(priorityWords([8, 1]), ["1", "8"]);
  assert.deepEqual(readPriorities(["1-3", "5", "9", "x"]), [1, 2, 3, 5]);
});

test("a filter is its address", () => {
  const filter = {
    ...FILTER_NONE,
    states: [...STATE_GROUPS.open],
    priorities: [1, 2],
    match: "plant/+/#",
    contains: "温度 & 100%",
  };
  const route = parseRoute(alarmsAddress(filter, 17));
  assert.equal(route.page, "alarms");
  assert.equal(route.rest, "17");
  assert.deepEqual(readFilter(route.query), filter);
  assert.equal(alarmsAddress(FILTER_NONE), "#/alarms");
  assert.deepEqual(readFilter(new URLSearchParams("state=nonsense&priority=0")), FILTER_NONE);
  assert.equal(filtersMore(filter), 1);
});

test("what is asked for is what the server calls it", () => {
  assert.deepEqual(filterQuery(FILTER_NONE), {});
  const query = filterQuery({
    ...FILTER_NONE,
    states: ["returned_unacknowledged", "shelved"],
    priorities: [1, 2],
    under: " north ",
  });
  assert.equal(
    manyQuery("/v1/alarms", { ...query, limit: 100, after: null }),
    "/v1/alarms?state=returned+unacknowledged&state=shelved&priority=1-2&under=north&limit=100",
  );
});

test("groups of states", () => {
  assert.equal(groupOf([]), "all");
  assert.equal(
    groupOf(["latched_unacknowledged", "unacknowledged", "returned_unacknowledged"]),
    "open",
  );
  assert.equal(groupOf(["unacknowledged"]), undefined);
});

test("what can be done follows from the state", () => {
  assert.ok(actsOf("unacknowledged").acknowledge && actsOf("unacknowledged").shelve);
  assert.ok(!actsOf("acknowledged").acknowledge && !actsOf("acknowledged").reset);
  assert.ok(actsOf("latched acknowledged").reset);
  assert.ok(actsOf("shelved").unshelve && !actsOf("shelved").shelve);
  assert.ok(actsOf("out of service").return_to_service && !actsOf("out of service").suppress);
});

test("rows change where they stand", () => {
  const rows = rowsOf([alarm(1), alarm(2), alarm(3)]);
  assert.equal(rowsChanged(rows, [live(8)]), rows);
  const changed = rowsChanged(rows, [
    live(2, { event: "acknowledge", state: "acknowledged", who: "ann" }),
    live(2, { event: "assign", state: "acknowledged", text: "bo" }),
    live(3, { event: "condition ends", state: "normal" }),
    live(1, { late: true, state: "normal" }),
  ]);
  assert.deepEqual(
    changed.map(({ alarm, gone }) => [alarm.alarm, alarm.state, alarm.acknowledged_by, gone]),
    [
      [1, "unacknowledged", null, false],
      [2, "acknowledged", "ann", false],
      [3, "unacknowledged", null, true],
    ],
  );
  assert.equal(changed[1]?.alarm.assignee, "bo");
  assert.equal(changed[0], rows[0]);
  const [, undone] = rowsChanged(changed, [live(2, { event: "unacknowledge" })]);
  assert.equal(undone?.alarm.acknowledged_by, null);
});

test("newcomers are counted once, and not when they are over already", () => {
  const rows = rowsOf([alarm(1)]);
  const entries = [live(1), live(2), live(2), live(3), live(3, { state: "normal" }), live(0)];
  assert.deepEqual([...newcomers(rows, entries)], [2]);
});

test("no alarm stands in a list twice, though its order changed", () => {
  const rows = rowsJoined(rowsOf([alarm(1), alarm(2)]), [alarm(2), alarm(3)]);
  assert.deepEqual(
    rows.map((row) => row.alarm.alarm),
    [1, 2, 3],
  );
});

test("from one row to another, whichever comes first", () => {
  assert.deepEqual(rowsBetween([1, 2, 3, 4], 2, 1), [2, 3]);
  assert.deepEqual(rowsBetween([1, 2, 3, 4], 0, 3), [1, 2, 3, 4]);
  assert.deepEqual(rowsBetween([1, 2, 3, 4], -1, 0), [1]);
});

test("spans", () => {
  assert.equal(spanSeconds("30s"), 30);
  assert.equal(spanSeconds("1h30m"), 5400);
  assert.equal(spanSeconds("250ms"), 0.25);
  assert.equal(spanSeconds("7d"), 604_800);
  for (const wrong of ["", "5", "5 m", "m", "-5m", "5x"])
    assert.equal(spanSeconds(wrong), undefined);
  for (const text of ["15m", "8h", "1d", "90s"])
    assert.equal(spanText(spanSeconds(text) ?? 0), text);
  assert.equal(secondsOf(12), 12);
  assert.equal(secondsOf("2m"), 120);
  assert.equal(secondsOf(null), null);
});

test("a spreadsheet gets no formula", () => {
  const line = alarmLines([alarm(1, { title: "=1+1", comment: 'say "hot", twice' })]);
  assert.ok(line.includes(",'=1+1,") && line.includes('"say ""hot"", twice"'));
  assert.equal(line.split("\r\n").length, 2);
  assert.equal(ALARMS_HEAD.split(",").length, 20);
});

const t0 = Date.parse("2026-11-23T10:00:00Z");
const at = (minutes: number): string => new Date(t0 + minutes * 60_000).toISOString();

test("the journal as lanes", () => {
  const entries: AlarmEntry[] = [
    entry(4, {
      state: "normal",
      state_before: "acknowledged",
      event: "condition ends",
      time: at(30),
    }),
    entry(3, {
      state: "acknowledged",
      state_before: "unacknowledged",
      event: "acknowledge",
      time: at(10),
    }),
    entry(2, {
      alarm: 5,
      rule: "flow",
      priority: 1,
      state: "normal",
      state_before: "shelved",
      time: at(5),
    }),
    entry(1, { time: at(0) }),
  ];
  const span = { from: t0, to: t0 + 3_600_000 };
  const lanes = lanesOf(entries, span, 10);
  // What was shelved before the first entry was no bar; so it has no lane.
  assert.deepEqual(
    lanes.map(({ title, times, bars }) => [title, times, bars.length]),
    [["Bearing hot", 1, 2]],
  );
  assert.deepEqual(
    lanes[0]?.bars.map(({ from, to, open }) => [(from - t0) / 60_000, (to - t0) / 60_000, open]),
    [
      [0, 10, true],
      [10, 30, false],
    ],
  );
});

test("a lane whose beginning or end is not there goes to the edge", () => {
  const entries = [
    entry(2, { alarm: 6, rule: "b", time: at(20) }),
    entry(1, {
      alarm: 5,
      rule: "a",
      state: "normal",
      state_before: "unacknowledged",
      time: at(10),
    }),
  ];
  const lanes = lanesOf(entries, { from: t0, to: t0 + 3_600_000 }, 10);
  const bars = lanes.map(({ bars }) => bars.map(({ from, to }) => [from - t0, to - t0]));
  assert.deepEqual(bars.sort(), [[[0, 600_000]], [[1_200_000, 3_600_000]]]);
  assert.equal(lanesOf(entries, { from: t0, to: t0 + 1 }, 0).length, 0);
});

test("late entries and notes draw nothing", () => {
  const entries = [entry(2, { late: true }), entry(1, { alarm: 0 })];
  assert.deepEqual(lanesOf(entries, { from: t0, to: t0 + 1000 }, 10), []);
  const span = spanOfEntries([], t0);
  assert.ok(span.to - span.from >= 60_000);
  assert.equal(spanOfEntries(entries, t0 + 86_400_001).to, t0 + 60_000);
});

test("a trend around an alarm", () => {
  const standing = rangeAround(t0, null, t0 + 60_000);
  assert.deepEqual(standing, { kind: "last", ms: 11 * 60_000 });
  const over = rangeAround(t0, t0 + 3_600_000, t0 + 36_000_000);
  assert.deepEqual(over, { kind: "between", span: { from: t0 - 1_800_000, to: t0 + 5_400_000 } });
  assert.equal(rangeAround(t0, null, t0 + 9 * 3_600_000).kind, "between");
});

const statistics = (over: Partial<AlarmStatistics> = {}): AlarmStatistics => ({
  from: at(0),
  to: at(600),
  raised: 100,
  per_10_minutes: { mean: 1.7, most: 25, at: at(100) },
  floods: [{ from: at(-10), to: at(20), alarms: 25 }],
  chattering: [],
  standing: [],
  stale: 0,
  top: [],
  acknowledge: { median: 30, p90: null },
  by_priority: [2, 8, 20, 60, 10],
  by_shift: [],
  series: [],
  ...over,
});

test("measures of EEMUA 191 at both sides of each band", () => {
  const bands = (found: AlarmStatistics) =>
    Object.fromEntries(measuresOf(found).map(({ name, band }) => [name, band]));
  assert.deepEqual(bands(statistics()), {
    mean: "fair",
    most: "poor",
    flooded: "fair",
    standing: "good",
    chattering: "good",
    urgent: "good",
  });
  const mean = (value: number) =>
    bands(statistics({ per_10_minutes: { mean: value, most: value, at: null } }));
  assert.equal(mean(1)["mean"], "good");
  assert.equal(mean(1.01)["mean"], "fair");
  assert.equal(mean(2.01)["mean"], "poor");
  assert.equal(mean(10)["most"], "good");
  assert.equal(mean(11)["most"], "fair");
  assert.equal(mean(21)["most"], "poor");
  assert.equal(bands(statistics({ by_priority: [] }))["urgent"], null);
  assert.equal(floodShare(statistics()), 20 / 600);
  assert.equal(floodShare(statistics({ to: at(0) })), null);
});

test("a needle stays on its dial, in the third of its band", () => {
  for (const value of [0, 0.5, 1, 1.5, 2, 3, 1000]) {
    const [measure] = measuresOf(
      statistics({ per_10_minutes: { mean: value, most: 0, at: null } }),
    );
    assert.ok(measure);
    const share = needleOf(measure);
    assert.ok(share >= 0 && share <= 1);
    const third = { good: 0, fair: 1, poor: 2 }[measure.band ?? "good"];
    assert.ok(share >= third / 3 - 1e-9 && share <= (third + 1) / 3 + 1e-9, `${value}: ${share}`);
  }
  assert.deepEqual(sharesOf([2, 8, 20, 60, 10]), [0.02, 0.08, 0.2, 0.7]);
  assert.deepEqual(sharesOf([]), [0, 0, 0, 0]);
});

test("a fault of a condition is shown where it is, whatever letters stand before", () => {
  assert.equal(placeOfByte("a温b", 4), 2);
  assert.equal(placeOfByte("ab", 99), 2);
  const text = "temp > 80\nand 温度 >> 3";
  const offset = new TextEncoder().encode("temp > 80\nand 温度 ").length;
  assert.deepEqual(faultyLine(text, { offset }), {
    before: "and 温度 ",
    at: ">>",
    after: " 3",
    line: 2,
    place: 17,
  });
  assert.equal(faultyLine("temp >", { offset: 6 }).at, "");
  assert.equal(faultOf({ detail: "no" }), null);
  assert.equal(faultOf(undefined), null);
  assert.deepEqual(faultOf({ fault: { code: "unknown_name", offset: 3, line: 1, column: 4 } }), {
    code: "unknown_name",
    offset: 3,
    line: 1,
    column: 4,
  });
});

test("the more urgent, the more tones", () => {
  assert.ok(tonesOf(1).length > tonesOf(2).length && tonesOf(2).length > tonesOf(3).length);
});

test("a shift begins where the clock of the plant says", () => {
  const at = (hour: number, minute = 0, day = 10) => new Date(2026, 5, day, hour, minute).getTime();
  assert.equal(shiftBegin(at(15, 30), 6, 8), at(14));
  assert.equal(shiftBegin(at(14), 6, 8), at(14));
  assert.equal(shiftBegin(at(13, 59), 6, 8), at(6));
  assert.equal(shiftBegin(at(5), 6, 8), at(22, 0, 9)); /* of the day before */
  assert.equal(shiftBegin(at(5), 6, 12), at(18, 0, 9));
  assert.equal(shiftBegin(at(23), 23, 6), at(23));
  assert.equal(shiftBegin(at(22), 23, 6), at(17));
});
