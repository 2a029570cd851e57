/**
 * Which times a trend shows. Pure. A range either ends now and goes on with the clock, or lies between two
 * instants, or is all there is. Times are ms since 1970.
 */
export interface Span {
  from: number;
  to: number;
}
export type Range =
  { kind: "last"; ms: number } | { kind: "between"; span: Span } | { kind: "all" };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const YEAR = 365 * DAY;

/** The buttons. */
export const LENGTHS = [
  { name: "1h", ms: HOUR },
  { name: "8h", ms: 8 * HOUR },
  { name: "24h", ms: DAY },
  { name: "7d", ms: 7 * DAY },
  { name: "30d", ms: 30 * DAY },
  { name: "1y", ms: YEAR },
] as const;
export const RANGE_FIRST: Range = { kind: "last", ms: HOUR };

export const SPAN_LEAST = 20;
export const SPAN_MOST = 200 * YEAR;
/** The server knows times from 1970 to 2200. */
export const TIME_LEAST = 0;
export const TIME_MOST = 7_258_118_400_000;

const UNITS: [string, number][] = [
  ["y", YEAR],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", 1000],
  ["ms", 1],
];

/** 5400000 is "90m": the largest unit that it is a whole number of. */
export function lengthText(ms: number): string {
  const named = LENGTHS.find((length) => length.ms === ms);
  if (named) return named.name;
  const whole = Math.max(1, Math.round(ms));
  const [unit, size] = UNITS.find(([, unitMs]) => whole % unitMs === 0) ?? ["ms", 1];
  return `${whole / size}${unit}`;
}

export function lengthOf(text: string): number | undefined {
  const match = /^(\d{1,15})(ms|s|m|h|d|y)$/.exec(text);
  const unit = UNITS.find(([name]) => name === match?.[2]);
  const ms = Number(match?.[1]) * (unit?.[1] ?? NaN);
  return ms >= SPAN_LEAST && ms <= SPAN_MOST ? ms : undefined;
}

/** A span that can be shown: not too short, not too long, not past what the server knows. */
export function fitSpan({ from, to }: Span): Span {
  const length = Math.min(SPAN_MOST, Math.max(SPAN_LEAST, to - from));
  const middle = (from + to) / 2;
  let begin = length === to - from ? from : middle - length / 2;
  begin = Math.min(TIME_MOST - length, Math.max(TIME_LEAST, begin));
  return { from: Math.round(begin), to: Math.round(begin + length) };
}

/** factor below 1 comes nearer; the instant at `anchor` stays where it is. */
export function zoomSpan({ from, to }: Span, factor: number, anchor: number): Span {
  const length = to - from;
  const wanted = Math.min(SPAN_MOST, Math.max(SPAN_LEAST, length * factor));
  const share = (anchor - from) / length;
  return fitSpan({ from: anchor - wanted * share, to: anchor + wanted * (1 - share) });
}

export function panSpan({ from, to }: Span, ms: number): Span {
  return fitSpan({ from: from + ms, to: to + ms });
}

/** Two fingers hold two instants; where they are now says which span is shown. places: 0 left, 1 right. */
export function pinchSpan(held: [number, number], places: [number, number]): Span | undefined {
  const apart = places[1] - places[0];
  const length = (held[1] - held[0]) / apart;
  if (!Number.isFinite(length) || length <= 0) return undefined;
  const from = held[0] - places[0] * length;
  return fitSpan({ from, to: from + length });
}

/** Whole seconds, where one more or less is not seen. */
export function lastOf(length: number): Range {
  const unit = length >= 100_000 ? 1000 : 1;
  return { kind: "last", ms: Math.max(SPAN_LEAST, Math.round(length / unit) * unit) };
}

/** What ends now, or past it, within a pixel's width or two, goes on with the clock. */
export function rangeOf(span: Span, now: number): Range {
  const { from, to } = fitSpan(span);
  const length = to - from;
  if (to >= now - length * 0.002 && from < now && to <= now + length * 0.5) return lastOf(length);
  return { kind: "between", span: { from, to } };
}

/** extent: of all there is, where it is known. */
export function spanOf(range: Range, now: number, extent?: Span): Span {
  if (range.kind === "between") return range.span;
  if (range.kind === "last") return { from: now - range.ms, to: now };
  if (!extent) return { from: now - YEAR, to: now };
  const margin = Math.max(1000, (extent.to - extent.from) * 0.01);
  return fitSpan({ from: extent.from - margin, to: Math.max(extent.to + margin, extent.from) });
}

export const isSameRange = (a: Range, b: Range): boolean => JSON.stringify(a) === JSON.stringify(b);
