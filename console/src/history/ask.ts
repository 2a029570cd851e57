/** Questions to the history, as docs/http.md has them. */
import { ask, get } from "../api/http";
import type { Value } from "../api/types";
import { TIME_LEAST, TIME_MOST, type Span } from "./range";
import type { Answer, BucketsPoint, LastPoint, SamplesPoint, TrendPoint } from "./types";

/** The server ends what takes longer (query.time); a little later we would hear of it. */
export const SILENCE_MS = 70_000;
const ADDRESS_MAX = 3000;

type Question = Record<string, string | number | string[] | undefined>;

export const timeText = (ms: number): string => new Date(ms).toISOString();

export function questionAddress(address: string, question: Question): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(question))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) query.append(name, String(one));
  return `${address}?${query.toString()}`;
}

/** As an address, unless it would be too long for one. */
function question<T>(address: string, asked: Question, signal: AbortSignal): Promise<T> {
  const whole = questionAddress(address, asked);
  if (whole.length <= ADDRESS_MAX) return get<T>(whole, signal, SILENCE_MS);
  return ask<T>(address, asked, signal, SILENCE_MS);
}

const spanWords = ({ from, to }: Span) => ({ from: timeText(from), to: timeText(to) });

/** width: as many pixels as there are, and no more. */
export function askTrend(
  paths: string[],
  span: Span,
  width: number,
  signal: AbortSignal,
): Promise<Answer<TrendPoint>> {
  const asked = { path: paths, ...spanWords(span), width, times: "ms" };
  return question("/v1/trend", asked, signal);
}

export function askLast(
  paths: string[],
  at: number,
  signal: AbortSignal,
): Promise<Answer<LastPoint>> {
  return question("/v1/last", { path: paths, at: timeText(at), times: "ms" }, signal);
}

/** From the first sample to the last one; undefined: there is none. One pixel has both. */
export async function askExtent(paths: string[], signal: AbortSignal): Promise<Span | undefined> {
  const { points } = await askTrend(paths, { from: TIME_LEAST, to: TIME_MOST }, 1, signal);
  let [from, to] = [Infinity, -Infinity];
  for (const { times } of points) {
    from = Math.min(from, times[0] ?? Infinity);
    to = Math.max(to, times[times.length - 1] ?? -Infinity);
  }
  return from <= to ? { from, to } : undefined;
}

/** One bucket that is as long as the span. */
export function askWhole(
  paths: string[],
  span: Span,
  aggregates: readonly string[],
  signal: AbortSignal,
): Promise<Answer<BucketsPoint>> {
  const asked = { path: paths, ...spanWords(span), count: 1, aggregates: aggregates.join(",") };
  return question("/v1/buckets", asked, signal);
}

export const aggregateAt = (point: BucketsPoint | undefined, place: number): Value =>
  (point?.buckets[0]?.[place + 1] as Value | undefined) ?? null;

/** The newest before `to`, a time as the server writes it, which is not among them. */
export function askSamples(
  path: string,
  from: number,
  to: string,
  limit: number,
  signal: AbortSignal,
): Promise<Answer<SamplesPoint>> {
  const asked = { path: [path], from: timeText(from), to, limit, order: "newest", arrival: "true" };
  return question("/v1/samples", asked, signal);
}

export function samplesDownload(paths: string[], span: Span): string {
  const asked = { path: paths, ...spanWords(span), limit: 10_000_000, format: "csv" };
  return questionAddress("/v1/samples", asked);
}
