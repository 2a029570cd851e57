/**
 * The samples of one point that a trend has: what the server told, and what came live since. Pure. Times rise
 * strictly; heights are where a line stands, null where there is none.
 */
import type { Value } from "../api/types";
import { formatUnit } from "../format";
import type { LastPoint, PointHead, TrendPoint } from "./types";

/** line: between samples it may be anything; step: it holds until the next one; state: it has no height. */
export type TrackKind = "line" | "step" | "state";

export interface Track extends PointHead {
  kind: TrackKind;
  times: number[]; /* ms */
  values: Value[];
  heights: (number | null)[];
  /** null where good. */
  qualities: (string | null)[];
  /** In the span that was asked for. */
  samples: number;
  exact: boolean;
  /** The last one before the span that was asked for. */
  before: { time: number; value: Value; quality: string | null } | null;
  /** Between two samples further apart there is nothing to draw. Infinity: a value holds until the next. */
  gapMs: number;
}

const KINDS: Record<string, TrackKind> = { bool: "state", string: "state", int64: "step" };

const isGood = (quality: string | null | undefined): boolean =>
  !quality || quality.startsWith("good");

export function heightOf(value: Value): number | null {
  const height = value === null || value === "" ? NaN : Number(value);
  return Number.isFinite(height) ? height : null;
}

const GAP_INTERVALS = 12;
const GAP_COLUMNS = 6;

/**
 * A gap is far longer than the time between samples usually is: of twelve that are missing one can be sure that
 * they do not come. Where the server reduced the samples, what is told of them is their number alone.
 */
export function gapOf(times: number[], samples: number, exact: boolean, columnMs: number): number {
  if (times.length < 3) return Infinity;
  const first = times[0] as number;
  const last = times[times.length - 1] as number;
  if (!exact) {
    const usual = (last - first) / Math.max(1, samples - 1);
    return Math.max(GAP_INTERVALS * usual, GAP_COLUMNS * columnMs);
  }
  const apart: number[] = [];
  for (let i = 1; i < times.length; i++)
    apart.push((times[i] as number) - (times[i - 1] as number));
  apart.sort((a, b) => a - b);
  const usual = apart[Math.floor(apart.length / 2)] as number;
  const wide = apart[Math.floor(apart.length * 0.95)] as number;
  return Math.max(GAP_INTERVALS * usual, 3 * wide);
}

const msOf = (time: string | number): number =>
  typeof time === "number" ? time : Date.parse(time);

export function trackOf(point: TrendPoint, last: LastPoint | undefined, columnMs: number): Track {
  const kind = KINDS[point.type] ?? "line";
  const qualities = point.times.map((_, i) => {
    const quality = point.qualities?.[i] ?? null;
    return isGood(quality) ? null : quality;
  });
  const sample = last?.sample;
  return {
    path: point.path,
    point: point.point,
    type: point.type,
    unit: formatUnit(point.unit),
    kind,
    times: point.times,
    values: point.values,
    heights: kind === "state" ? point.values.map(() => null) : point.values.map(heightOf),
    qualities,
    samples: point.samples,
    exact: point.exact,
    before: sample
      ? {
          time: msOf(sample[0]),
          value: sample[1],
          quality: isGood(sample[2]) ? null : (sample[2] as string),
        }
      : null,
    gapMs: kind === "line" ? gapOf(point.times, point.samples, point.exact, columnMs) : Infinity,
  };
}

/** What came live; older than what is there already it is left to the next question. */
export function trackAppend(track: Track, time: number, value: Value, quality: string): boolean {
  const last = track.times[track.times.length - 1];
  if (last !== undefined && time <= last) return false;
  track.times.push(time);
  track.values.push(value);
  track.heights.push(track.kind === "state" ? null : heightOf(value));
  track.qualities.push(isGood(quality) ? null : quality);
  track.samples++;
  return true;
}

/** Of the last time that is not after this one; -1: there is none. */
export function indexBefore(times: ArrayLike<number>, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export interface Reading {
  time: number;
  value: Value;
  height: number | null;
  quality: string | null;
}

function readingAt(track: Track, index: number): Reading | null {
  const time = track.times[index];
  if (time === undefined) return null;
  return {
    time,
    value: track.values[index] ?? null,
    height: track.heights[index] ?? null,
    quality: track.qualities[index] ?? null,
  };
}

/** The sample that a cursor means: of a line the nearest one within reach, of what holds the one in force. */
export function readingNear(track: Track, time: number, reachMs: number): Reading | null {
  const at = indexBefore(track.times, time);
  if (track.kind !== "line") {
    if (at >= 0) return readingAt(track, at);
    const { before } = track;
    return before && { ...before, height: track.kind === "step" ? heightOf(before.value) : null };
  }
  const [earlier, later] = [readingAt(track, at), readingAt(track, at + 1)];
  const nearest = earlier && (!later || time - earlier.time <= later.time - time) ? earlier : later;
  return nearest && Math.abs(nearest.time - time) <= reachMs ? nearest : null;
}

/** The newest there is; of what holds, also from before. */
export function readingLast(track: Track): Reading | null {
  const last = readingAt(track, track.times.length - 1);
  return last ?? (track.kind === "line" ? null : readingNear(track, Infinity, 0));
}

/** The time of the next sample of any of them in a direction. */
export function nextTime(tracks: Track[], time: number, forward: boolean): number | undefined {
  let best: number | undefined;
  for (const { times } of tracks) {
    const at = indexBefore(times, time);
    const exactly = at >= 0 && times[at] === time;
    const found = forward ? times[at + 1] : times[exactly ? at - 1 : at];
    if (found === undefined) continue;
    if (best === undefined || (forward ? found < best : found > best)) best = found;
  }
  return best;
}

/** Least and greatest height within a span, with what holds when it begins. */
export function heightsOf(track: Track, from: number, to: number): [number, number] | null {
  let least = Infinity;
  let most = -Infinity;
  const note = (height: number | null) => {
    if (height === null) return;
    if (height < least) least = height;
    if (height > most) most = height;
  };
  const { times, heights } = track;
  const begin = indexBefore(times, from);
  if (track.kind === "step")
    note(begin >= 0 ? (heights[begin] ?? null) : track.before && heightOf(track.before.value));
  for (let i = Math.max(0, begin); i < times.length && (times[i] as number) <= to; i++)
    note(heights[i] ?? null);
  return least <= most ? [least, most] : null;
}

/** A stretch between two samples in which something holds: a state, or a quality that is not good. */
export interface Stretch {
  from: number;
  to: number;
  text: string;
}

/** Stretches of one text each; null texts make none. Neighbours with the same text are one. */
function stretchesOf(
  track: Track,
  from: number,
  to: number,
  textAt: (at: number) => string | null,
) {
  const found: Stretch[] = [];
  const add = (begin: number, end: number, text: string | null) => {
    if (text === null || end <= from || begin >= to) return;
    const last = found[found.length - 1];
    if (last && last.text === text && last.to >= begin) last.to = end;
    else found.push({ from: Math.max(from, begin), to: end, text });
  };
  const { times } = track;
  const first = times[0] ?? to;
  if (track.before && track.kind !== "line") add(from, Math.min(first, to), textAt(-1));
  for (let i = 0; i < times.length; i++)
    add(times[i] as number, Math.min(times[i + 1] ?? to, to), textAt(i));
  return found;
}

/** end: the last state holds until there. */
export function statesOf(track: Track, from: number, end: number): Stretch[] {
  return stretchesOf(track, from, end, (at) => {
    const value = at < 0 ? (track.before?.value ?? null) : (track.values[at] ?? null);
    return value === null ? null : String(value);
  });
}

/** A quality holds as long as the sample it is of; of a line's last sample, for an instant. */
export function faultsOf(track: Track, from: number, end: number): Stretch[] {
  const last = track.times[track.times.length - 1] ?? end;
  const to = track.kind === "line" ? Math.min(end, last + 1) : end;
  return stretchesOf(track, from, to, (at) =>
    at < 0 ? (track.before?.quality ?? null) : (track.qualities[at] ?? null),
  );
}
