/** The journal as lanes: one a point and rule, with bars from when an alarm was raised to when it was normal. Pure. */
import type { AlarmEntry } from "../api/alarms";
import { stateOf } from "./filter";

export interface Bar {
  from: number;
  to: number;
  /** Nobody had acknowledged it until then. */
  open: boolean;
  priority: number;
  alarm: number;
}
export interface Lane {
  key: string;
  path: string | null;
  title: string | null;
  rule: string | null;
  kind: string;
  priority: number;
  bars: Bar[];
  /** Raised so often. */
  times: number;
}

const RAISED = new Set([
  "unacknowledged",
  "acknowledged",
  "latched_unacknowledged",
  "latched_acknowledged",
]);
const OPEN = new Set(["unacknowledged", "returned_unacknowledged", "latched_unacknowledged"]);

const timeOf = ({ time, arrived }: AlarmEntry): number => Date.parse(time ?? arrived ?? "");

/**
 * entries: newest first, as they are told. span: what is drawn; a bar of which the journal that is here has no end
 * goes to the end of it, and one of which it has no beginning comes from where it begins.
 */
export function lanesOf(
  entries: readonly AlarmEntry[],
  span: { from: number; to: number },
  most: number,
): Lane[] {
  const lanes = new Map<string, { lane: Lane; at: number; state: string; alarm: number }>();
  const add = (key: string, until: number) => {
    const run = lanes.get(key);
    if (!run || !(RAISED.has(run.state) || OPEN.has(run.state))) return;
    const from = Math.max(span.from, run.at);
    const to = Math.min(span.to, until);
    if (to < from) return;
    const { priority } = run.lane;
    run.lane.bars.push({ from, to, open: OPEN.has(run.state), priority, alarm: run.alarm });
  };
  for (const entry of [...entries].reverse()) {
    const at = timeOf(entry);
    const after = stateOf(entry.state) ?? "normal";
    const before = stateOf(entry.state_before) ?? "normal";
    if (entry.late || entry.alarm === 0 || Number.isNaN(at)) continue;
    const key = `${entry.path ?? ""} ${entry.rule ?? ""}`;
    const run = lanes.get(key);
    if (run) add(key, at);
    const lane = run?.lane ?? {
      key,
      path: entry.path,
      title: entry.title,
      rule: entry.rule,
      kind: entry.kind,
      priority: entry.priority,
      bars: [],
      times: 0,
    };
    lane.priority = entry.priority;
    if (!run) {
      lanes.set(key, { lane, at: span.from, state: before, alarm: entry.alarm });
      add(key, at);
    }
    if (before === "normal" && after !== "normal") lane.times++;
    lanes.set(key, { lane, at, state: after, alarm: entry.alarm });
  }
  for (const key of lanes.keys()) add(key, span.to);
  return [...lanes.values()]
    .map(({ lane }) => lane)
    .filter(({ bars }) => bars.length > 0)
    .sort((a, b) => a.priority - b.priority || b.times - a.times || (a.key < b.key ? -1 : 1))
    .slice(0, most);
}

/** Of entries that are here, what they span: from the oldest to now, or to the newest. */
export function spanOfEntries(
  entries: readonly AlarmEntry[],
  now: number,
): { from: number; to: number } {
  const times = entries.map(timeOf).filter((time) => !Number.isNaN(time));
  const from = times.reduce((least, time) => Math.min(least, time), now);
  const last = times.reduce((most, time) => Math.max(most, time), from);
  const to = now - last < 86_400_000 ? Math.max(now, last) : last;
  return { from, to: Math.max(to, from + 60_000) };
}
