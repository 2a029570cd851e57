/** Ranges as words, and as what a field for times has. Local time. */
import { formatDuration, formatTime } from "../format";
import { th } from "../i18n/history";
import type { Range, Span } from "./range";

const two = (number: number): string => String(number).padStart(2, "0");

/** As <input type="datetime-local"> has it. */
export function fieldText(ms: number): string {
  const date = new Date(ms);
  const year = String(date.getFullYear()).padStart(4, "0");
  const day = `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function fieldTime(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

export const CALENDAR = [
  "today",
  "yesterday",
  "this_week",
  "last_week",
  "this_month",
  "last_month",
  "this_year",
] as const;

/** Days, weeks (from Monday) and months as the calendar has them here. */
export function calendarSpans(now: number): { name: (typeof CALENDAR)[number]; span: Span }[] {
  const day = (days: number) => {
    const date = new Date(now);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
  };
  const monday = -((new Date(now).getDay() + 6) % 7);
  const month = (months: number) => {
    const date = new Date(now);
    return new Date(date.getFullYear(), date.getMonth() + months, 1).getTime();
  };
  const year = (years: number) => new Date(new Date(now).getFullYear() + years, 0, 1).getTime();
  const ends: Record<(typeof CALENDAR)[number], [number, number]> = {
    today: [day(0), day(1)],
    yesterday: [day(-1), day(0)],
    this_week: [day(monday), day(monday + 7)],
    last_week: [day(monday - 7), day(monday)],
    this_month: [month(0), month(1)],
    last_month: [month(-1), month(0)],
    this_year: [year(0), year(1)],
  };
  return CALENDAR.map((name) => ({ name, span: { from: ends[name][0], to: ends[name][1] } }));
}

export function lengthWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms / 1000);
}

export function spanText(range: Range, { from, to }: Span): string {
  if (range.kind === "last") return th("range.last", { length: lengthWords(range.ms) });
  const precise = to - from < 10_000;
  return th("range.between", { from: formatTime(from, precise), to: formatTime(to, precise) });
}
