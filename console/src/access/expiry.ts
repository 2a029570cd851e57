/** Until when: a choice of spans, or a day and an hour. */
export const SPANS = ["never", "week", "month", "quarter", "year", "date"] as const;
export type Span = (typeof SPANS)[number];

export interface Expiry {
  span: Span;
  /** Local, as a field for date and time has it: 2027-03-01T08:00. */
  at: string;
}

const DAYS = { week: 7, month: 30, quarter: 90, year: 365 } as const;
const DAY_MS = 86_400_000;

const two = (number: number): string => String(number).padStart(2, "0");

/** Local, to a minute. */
export function fieldTime(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export const noExpiry: Expiry = { span: "never", at: "" };

export const expiryFrom = (time: string | null): Expiry =>
  time === null ? noExpiry : { span: "date", at: fieldTime(Date.parse(time)) };

/** The instant; null: never; undefined: what is typed is none, or is over. */
export function expiryOf({ span, at }: Expiry, nowMs: number): string | null | undefined {
  if (span === "never") return null;
  if (span !== "date") return new Date(nowMs + DAYS[span] * DAY_MS).toISOString();
  const ms = Date.parse(at);
  return Number.isNaN(ms) || ms <= nowMs ? undefined : new Date(ms).toISOString();
}
