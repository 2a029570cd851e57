/** How good an alarm system is, after EEMUA 191 (3rd edition) and ANSI/ISA-18.2-2016 clause 16. Pure. */
import type { AlarmStatistics } from "../api/alarms";

export type Band = "good" | "fair" | "poor";
export interface Measure {
  name: "mean" | "most" | "flooded" | "standing" | "chattering" | "urgent";
  /** null: there is nothing to measure it by. */
  value: number | null;
  good: number;
  fair: number;
  band: Band | null;
}

/** Good up to the first, fair up to the second. The mean is of 10 minutes and of one operator. */
const GOALS: Record<Measure["name"], { good: number; fair: number }> = {
  mean: { good: 1, fair: 2 },
  most: { good: 10, fair: 20 },
  flooded: { good: 0.01, fair: 0.05 },
  standing: { good: 5, fair: 20 },
  chattering: { good: 0, fair: 5 },
  urgent: { good: 0.05, fair: 0.1 },
};

function measure(name: Measure["name"], value: number | null): Measure {
  const { good, fair } = GOALS[name];
  const band = value === null ? null : value <= good ? "good" : value <= fair ? "fair" : "poor";
  return { name, value, good, fair, band };
}

/** Which part of the time was a flood: more than ten alarms in ten minutes. */
export function floodShare({ from, to, floods }: AlarmStatistics): number | null {
  const begin = Date.parse(from);
  const length = Date.parse(to) - begin;
  if (!(length > 0)) return null;
  const flooded = floods.reduce((sum, flood) => {
    const first = Math.max(begin, Date.parse(flood.from));
    const last = Math.min(begin + length, Date.parse(flood.to));
    return sum + Math.max(0, last - first);
  }, 0);
  return flooded / length;
}

/** by_priority counts from priority 1 on. */
export function measuresOf(statistics: AlarmStatistics): Measure[] {
  const { per_10_minutes: rate, standing, chattering, by_priority } = statistics;
  const all = by_priority.reduce((sum, count) => sum + count, 0);
  return [
    measure("mean", rate.mean),
    measure("most", rate.most),
    measure("flooded", floodShare(statistics)),
    measure("standing", standing.length),
    measure("chattering", chattering.length),
    measure("urgent", all ? (by_priority[0] ?? 0) / all : null),
  ];
}

/** Where a gauge's needle is, 0..1: each band is a third of it, and twice the fair end is its end. */
export function needleOf({ value, good, fair }: Measure): number {
  if (value === null) return 0;
  const third = 1 / 3;
  if (value <= good) return good === 0 ? third / 2 : (value / good) * third;
  if (value <= fair) return third + ((value - good) / (fair - good)) * third;
  return Math.min(1, 2 * third + ((value - fair) / fair) * third);
}

/** EEMUA 191 table: shares of three priorities that a good system has; here of four, the last is all less urgent. */
export const SHARES_WANTED = [0.01, 0.05, 0.15, 0.79] as const;

export function sharesOf(byPriority: readonly number[]): number[] {
  const all = byPriority.reduce((sum, count) => sum + count, 0);
  const four = [0, 1, 2].map((at) => byPriority[at] ?? 0);
  four.push(byPriority.slice(3).reduce((sum, count) => sum + count, 0));
  return four.map((count) => (all ? count / all : 0));
}
