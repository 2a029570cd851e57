/**
 * All that makes a trend look as it does, as the query of an address: a link shows the same. What is as it comes
 * is left out. Pure.
 */
import { isSameRange, lengthOf, lengthText, RANGE_FIRST, type Range } from "./range";

/** unit: points of one unit share an axis; one: all do; own: none does; share: each from its least to its greatest. */
export const AXES = ["unit", "one", "own", "share"] as const;
export type Axes = (typeof AXES)[number];
export const POINTS_MAX = 40;

export interface View {
  paths: string[];
  range: Range;
  axes: Axes;
  /** Paths that are in the view and not drawn. */
  hidden: string[];
  /** Draw through gaps. */
  join: boolean;
}

export const viewOf = (paths: string[]): View => ({
  paths,
  range: RANGE_FIRST,
  axes: "unit",
  hidden: [],
  join: false,
});

const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.000Z$/, "Z");

function timeOf(text: string | null): number | undefined {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

export function readRange(query: URLSearchParams): Range {
  const from = timeOf(query.get("from"));
  const to = timeOf(query.get("to"));
  if (from !== undefined && to !== undefined && from < to)
    return { kind: "between", span: { from, to } };
  const last = query.get("last");
  if (last === "all") return { kind: "all" };
  const ms = last ? lengthOf(last) : undefined;
  return ms ? { kind: "last", ms } : RANGE_FIRST;
}

function writeRange(range: Range, query: URLSearchParams): void {
  if (range.kind === "between") {
    query.set("from", timeText(range.span.from));
    query.set("to", timeText(range.span.to));
  } else if (range.kind === "all") query.set("last", "all");
  else if (!isSameRange(range, RANGE_FIRST)) query.set("last", lengthText(range.ms));
}

/** path: of the one point, where the address itself names it. */
export function readView(query: URLSearchParams, path?: string): View {
  const named = path === undefined ? query.getAll("p").filter(Boolean) : [path];
  const paths = [...new Set(named)].slice(0, POINTS_MAX);
  const axes = AXES.find((name) => name === query.get("axes")) ?? "unit";
  const places = (query.get("hide") ?? "").split(",").map(Number);
  return {
    paths,
    range: readRange(query),
    axes,
    hidden: paths.filter((_, place) => places.includes(place + 1)),
    join: query.get("gaps") === "join",
  };
}

export function writeView(view: View, ownPaths: boolean): URLSearchParams {
  const query = new URLSearchParams();
  if (!ownPaths) for (const path of view.paths) query.append("p", path);
  writeRange(view.range, query);
  if (view.axes !== "unit") query.set("axes", view.axes);
  const places = view.paths.flatMap((path, i) => (view.hidden.includes(path) ? [i + 1] : []));
  if (places.length) query.set("hide", places.join(","));
  if (view.join) query.set("gaps", "join");
  return query;
}

/** Colons, commas and slashes may stand in what follows the #, and are easier to read so. */
export const queryText = (query: URLSearchParams): string =>
  query.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");

export function trendsAddress(view: View): string {
  const query = queryText(writeView(view, false));
  return `#/trends${query ? `?${query}` : ""}`;
}
