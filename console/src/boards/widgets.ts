/** What a board is made of, as it is kept: the console's own JSON, read with care, for people write it too. Pure. */
import { bottomOf, settle, type Box } from "./layout";

export const KINDS = ["line", "number", "gauge", "states", "bars", "table", "map", "text"] as const;
export type Kind = (typeof KINDS)[number];
export const BYTES_MAX = 10 * 1024;
export const WIDGETS_MAX = 40;
export const PATHS_MAX = 12;

export interface Widget extends Box {
  kind: Kind;
  title: string;
  paths: string[];
  /** Of a table: whatever matches. */
  match?: string;
  text?: string;
  /** Ends of a gauge and of bars. */
  least?: number;
  most?: number;
  /** How far back, in minutes. */
  minutes?: number;
  longitude?: number;
  latitude?: number;
  zoom?: number;
}

/** What a kind wants: how many points at most, and how large it is at first. */
export const WANTS: Record<Kind, { paths: number; w: number; h: number; minutes?: number }> = {
  line: { paths: PATHS_MAX, w: 6, h: 4, minutes: 60 },
  number: { paths: 1, w: 3, h: 2 },
  gauge: { paths: 1, w: 3, h: 3 },
  states: { paths: PATHS_MAX, w: 6, h: 3, minutes: 240 },
  bars: { paths: PATHS_MAX, w: 4, h: 4 },
  table: { paths: PATHS_MAX, w: 6, h: 4 },
  map: { paths: 0, w: 6, h: 5 },
  text: { paths: 0, w: 4, h: 3 },
};
export const MINUTES = [5, 15, 60, 240, 1440, 10080] as const;

let lastId = 0;
export function widgetNew(kind: Kind, others: Widget[]): Widget {
  const { w, h, minutes } = WANTS[kind];
  let id = "";
  do id = `w${++lastId}`;
  while (others.some((other) => other.id === id));
  return {
    id,
    kind,
    title: "",
    paths: [],
    x: 0,
    y: bottomOf(others),
    w,
    h,
    ...(minutes ? { minutes } : {}),
    ...(kind === "map" ? { longitude: 105, latitude: 32, zoom: 3 } : {}),
  };
}

const numberIn = (raw: Record<string, unknown>, name: string): number | undefined => {
  const value = raw[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};
const textIn = (raw: Record<string, unknown>, name: string): string =>
  typeof raw[name] === "string" ? (raw[name] as string) : "";

const NUMBERS = ["least", "most", "minutes", "longitude", "latitude", "zoom"] as const;

function widgetOf(raw: unknown, at: number): Widget[] {
  if (!raw || typeof raw !== "object") return [];
  const words = raw as Record<string, unknown>;
  const kind = KINDS.find((one) => one === words["kind"]);
  if (!kind) return [];
  const { w, h, minutes } = WANTS[kind];
  const paths = Array.isArray(words["paths"]) ? words["paths"] : [];
  const widget: Widget = {
    id: textIn(words, "id") || `a${at}`,
    kind,
    title: textIn(words, "title"),
    paths: paths.filter((path): path is string => typeof path === "string").slice(0, PATHS_MAX),
    x: numberIn(words, "x") ?? 0,
    y: numberIn(words, "y") ?? 0,
    w: numberIn(words, "w") ?? w,
    h: numberIn(words, "h") ?? h,
    ...(minutes ? { minutes } : {}),
  };
  for (const name of NUMBERS) {
    const value = numberIn(words, name);
    if (value !== undefined) widget[name] = value;
  }
  if (textIn(words, "match")) widget.match = textIn(words, "match");
  if (textIn(words, "text")) widget.text = textIn(words, "text");
  return [widget];
}

/** What is no widget is left out; two of one name are told apart. */
export function readWidgets(raw: unknown): Widget[] {
  const found = Array.isArray(raw) ? raw.flatMap(widgetOf).slice(0, WIDGETS_MAX) : [];
  const seen = new Set<string>();
  const apart = found.map((widget, at) => {
    const id = seen.has(widget.id) ? `${widget.id}-${at}` : widget.id;
    seen.add(id);
    return { ...widget, id };
  });
  return settle(apart);
}

export const bytesOf = (board: { title: string; widgets: Widget[] }): number =>
  new TextEncoder().encode(JSON.stringify(board)).length;

/** A board's name in addresses, from its title. */
export function nameFor(title: string): string {
  const name = title
    .normalize("NFC")
    .trim()
    .toLowerCase()
    .replace(/[\s/\\#+?*%\p{Cc}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  return name.slice(0, 60);
}

/** Where a value stands between the ends, 0 to 1. */
export function shareOf(value: number, least: number, most: number): number {
  if (!(most > least)) return 0;
  return Math.max(0, Math.min(1, (value - least) / (most - least)));
}

/** Ends that people would choose: round, and both beyond what there is. */
export function endsOf(values: number[], least?: number, most?: number): [number, number] {
  const low = least ?? Math.min(0, ...values);
  const high = most ?? niceAbove(Math.max(low, ...values));
  return high > low ? [low, high] : [low, low + 1];
}

function niceAbove(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

export interface Stretch {
  from: number;
  to: number;
  text: string;
}

/** Samples as stretches in which a state held; before is the last one ahead of the span. */
export function stretchesOf(
  times: number[],
  values: unknown[],
  before: unknown,
  from: number,
  to: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  const put = (at: number, end: number, value: unknown) => {
    if (value === null || value === undefined || end <= at) return;
    const text = String(value);
    const last = stretches.at(-1);
    if (last && last.text === text && last.to === at) last.to = end;
    else stretches.push({ from: at, to: end, text });
  };
  let [at, value] = [from, before];
  for (let i = 0; i < times.length; i++) {
    const time = Math.max(from, Math.min(to, times[i] as number));
    put(at, time, value);
    [at, value] = [time, values[i]];
  }
  put(at, to, value);
  return stretches;
}

/** The part of each path that tells it from the others: p-1 and p-2 of a/p-1/flow and a/p-2/flow. */
export function namesApart(paths: string[]): string[] {
  if (paths.length === 0) return [];
  const all = paths.map((path) => path.split("/"));
  const shortest = Math.min(...all.map((parts) => parts.length));
  const isSame = (place: (parts: string[]) => string | undefined) =>
    all.every((parts) => place(parts) === place(all[0] as string[]));
  let front = 0;
  while (front < shortest - 1 && isSame((parts) => parts[front])) front++;
  let back = 0;
  while (back < shortest - 1 - front && isSame((parts) => parts.at(-1 - back))) back++;
  return all.map((parts) => parts.slice(front, parts.length - back).join("/"));
}
