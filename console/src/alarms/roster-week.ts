/** A roster's shifts laid out over a week, Monday first: who is on from which minute of a day to which. Pure. */
import type { Shift } from "../api/notices";

export const DAY_MINUTES = 1440;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];
export const WEEK: readonly Day[] = DAYS;

export interface Stretch {
  member: string;
  /** Minutes of the day; the last one is not in it. */
  from: number;
  to: number;
}

const minuteOf = (clock: string): number => {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
};

/** The numbers of "mon-fri,sun"; from Friday to Monday goes over the week's end. */
export function daysOf(words: string): number[] {
  const days = words.split(",").flatMap((part) => {
    const [first = "", last = first] = part.trim().split("-");
    const from = DAYS.indexOf(first as Day);
    const to = DAYS.indexOf(last as Day);
    if (from < 0 || to < 0) return [];
    return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, i) => (from + i) % 7);
  });
  return [...new Set(days)];
}

/** Of each day; a shift that goes over midnight is two stretches. */
export function weekOf(shifts: readonly Shift[]): Stretch[][] {
  const week: Stretch[][] = DAYS.map(() => []);
  for (const { member, days, from, to } of shifts) {
    const [begin, end] = [minuteOf(from), minuteOf(to)];
    for (const day of daysOf(days)) {
      const over = end <= begin;
      week[day]?.push({ member, from: begin, to: over ? DAY_MINUTES : end });
      if (over && end > 0) week[(day + 1) % 7]?.push({ member, from: 0, to: end });
    }
  }
  for (const day of week) day.sort((a, b) => a.from - b.from || a.to - b.to);
  return week;
}

/** When nobody is on: then the first member is told. */
export function gapsOf(day: readonly Stretch[]): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let covered = 0;
  for (const { from, to } of day) {
    if (from > covered) gaps.push({ from: covered, to: from });
    covered = Math.max(covered, to);
  }
  if (covered < DAY_MINUTES) gaps.push({ from: covered, to: DAY_MINUTES });
  return gaps;
}

export const clockOf = (minute: number): string => {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
};
