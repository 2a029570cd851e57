/** What came of a statement: as a text to keep, and as lines to draw where there are times and numbers. Pure. */
import type { Value } from "../api/types";
import { gapOf, heightOf, type Track } from "../history/track";
import type { Cost, Missing } from "../history/types";

export interface SqlColumn {
  name: string;
  type: string;
}
export interface SqlAnswer {
  columns: SqlColumn[];
  rows: Value[][];
  truncated: boolean;
  cost?: Cost;
  missing?: Missing[];
}

const NS_LEAST = 1e17; /* 1973 in ns: what is less is no time in ns */

/** A time in ms: ns as the tables have them, or RFC 3339 as time_text writes it. */
export function timeOf(value: Value): number | undefined {
  if (typeof value === "number" || (typeof value === "string" && /^\d{17,19}$/.test(value))) {
    const ns = Number(value);
    return ns >= NS_LEAST ? Math.round(ns / 1e3) / 1e3 : undefined;
  }
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d([T ]|$)/.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

const LOOKED_AT = 200;
const LINES_MAX = 24;

function share(rows: Value[][], column: number, test: (value: Value) => boolean): boolean {
  let [good, all] = [0, 0];
  for (const row of rows.slice(0, LOOKED_AT)) {
    const value = row[column] ?? null;
    if (value === null) continue;
    all++;
    if (test(value)) good++;
  }
  return all > 0 && good === all;
}

export interface Charted {
  tracks: Track[];
  /** There are more lines than are drawn. */
  more: boolean;
}

function trackFrom(name: string, unit: string, at: number, points: [number, Value][]): Track {
  points.sort((a, b) => a[0] - b[0]);
  const times: number[] = [];
  const values: Value[] = [];
  for (const [time, value] of points) {
    if (time === times[times.length - 1]) continue;
    times.push(time);
    values.push(value);
  }
  return {
    path: name,
    point: at,
    type: "float64",
    unit,
    kind: "line",
    times,
    values,
    heights: values.map(heightOf),
    qualities: values.map(() => null),
    samples: times.length,
    exact: true,
    before: null,
    gapMs: gapOf(times, times.length, true, 0),
  };
}

const NO_HEIGHT = new Set(["point", "time", "lateness", "quality"]);

/** The first column of times, those of numbers, and by the texts of the first column of texts a line each. */
export function chartOf({ columns, rows }: SqlAnswer): Charted | null {
  const places = columns.map((_, place) => place);
  const time = places.find((place) => share(rows, place, (value) => timeOf(value) !== undefined));
  if (time === undefined) return null;
  const numbers = places.filter(
    (place) =>
      place !== time &&
      !NO_HEIGHT.has(columns[place]?.name ?? "") &&
      share(rows, place, (value) => typeof value === "number"),
  );
  if (numbers.length === 0) return null;
  const name = places.find(
    (place) =>
      place !== time &&
      share(rows, place, (value) => typeof value === "string" && timeOf(value) === undefined),
  );
  const lines = new Map<string, { column: string; points: [number, Value][] }>();
  let more = false;
  for (const row of rows) {
    const at = timeOf(row[time] ?? null);
    if (at === undefined) continue;
    for (const number of numbers) {
      const column = columns[number]?.name ?? "";
      const group = name === undefined ? "" : String(row[name] ?? "");
      const key = [group, numbers.length > 1 || !group ? column : ""].filter(Boolean).join(" ");
      let line = lines.get(key);
      if (!line) {
        if (lines.size >= LINES_MAX) {
          more = true;
          continue;
        }
        line = { column, points: [] };
        lines.set(key, line);
      }
      line.points.push([at, row[number] ?? null]);
    }
  }
  // Numbers of one column have an axis of their own.
  const tracks = [...lines].map(([key, { column, points }], at) =>
    trackFrom(key, numbers.length > 1 ? column : "", at, points),
  );
  return tracks.some(({ times }) => times.length > 1) ? { tracks, more } : null;
}

/** RFC 4180. */
export function csvOf({ columns, rows }: SqlAnswer): string {
  const cell = (value: Value): string => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ name }) => cell(name)), ...rows.map((row) => row.map(cell))];
  return lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
}

export function jsonOf({ columns, rows }: SqlAnswer): string {
  const objects = rows.map((row) =>
    Object.fromEntries(columns.map(({ name }, place) => [name, row[place] ?? null])),
  );
  return `${JSON.stringify(objects, null, 1)}\n`;
}

/** Columns as wide as what is in them, within bounds; numbers to the right. */
export function widthsOf({ columns, rows }: SqlAnswer): { widths: string; least: number } {
  const wide = columns.map(({ name }, place) => {
    let most = name.length;
    for (const row of rows.slice(0, LOOKED_AT)) {
      const value = row[place] ?? null;
      if (value !== null) most = Math.max(most, Math.min(60, String(value).length));
    }
    return Math.max(70, Math.min(420, Math.round(most * 7.6 + 18)));
  });
  const least = wide.reduce((sum, width) => sum + width + 12, 24);
  return { widths: wide.map((width) => `minmax(${width}px, ${width}fr)`).join(" "), least };
}

export const isNumber = (answer: SqlAnswer, place: number): boolean =>
  share(answer.rows, place, (value) => typeof value === "number");
