/** Which axes a trend has, and from where to where each goes. Pure. */
import type { Limits } from "../api/types";
import { lineColor, linePattern } from "./palette";
import type { PlotLine, PlotScale } from "./plot";
import type { Span } from "./range";
import { heightsOf, type Track } from "./track";
import type { Axes } from "./view";

/** The range of the values shown, with a limit in it when that is near. */
export function valueRange(least: number, most: number, limits: Limits): [number, number] {
  const span = most - least || Math.abs(most) * 0.1 || 1;
  let [low, high] = [least - span * 0.1, most + span * 0.1];
  for (const limit of Object.values(limits)) {
    if (limit > high && limit < high + span * 2) high = limit + span * 0.1;
    if (limit < low && limit > low - span * 2) low = limit - span * 0.1;
  }
  return [low, high];
}

function scaleName(track: Track, axes: Axes): string {
  if (axes === "one") return "one";
  return axes === "unit" ? `unit ${track.unit}` : `point ${track.point}`;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function titleOf(tracks: Track[], axes: Axes): string {
  const first = tracks[0] as Track;
  const units = new Set(tracks.map(({ unit }) => unit).filter(Boolean));
  if (axes === "own") return [nameOf(first.path), first.unit].filter(Boolean).join(" ");
  return [...units].slice(0, 3).join(", ");
}

export interface Axed {
  lines: PlotLine[];
  scales: PlotScale[];
}

/**
 * shown: those that are drawn, each with its place in the view, which its colour goes by. room: how many axes
 * there is room for; of the scales past it there is no axis, yet each line keeps its own.
 */
export function axesOf(
  shown: { track: Track; place: number }[],
  axes: Axes,
  span: Span,
  limits: Limits,
  room: number,
): Axed {
  const lines = shown.map(({ track, place }) => ({
    track,
    scale: scaleName(track, axes),
    color: lineColor(place),
    pattern: linePattern(place),
  }));
  const heights = lines.filter(({ track }) => track.kind !== "state");
  const names = [...new Set(heights.map(({ scale }) => scale))];
  const scales = names.map((name, at): PlotScale => {
    const own = heights.filter(({ scale }) => scale === name);
    let [least, most] = [Infinity, -Infinity];
    for (const { track } of own) {
      const found = heightsOf(track, span.from, span.to);
      if (!found) continue;
      least = Math.min(least, found[0]);
      most = Math.max(most, found[1]);
    }
    if (least > most) [least, most] = [0, 1];
    const tracks = own.map(({ track }) => track);
    const color = own.length === 1 && names.length > 1 ? (own[0]?.color ?? null) : null;
    const title = titleOf(tracks, axes);
    if (axes === "share") {
      // From 0 to 1 of its own range, a little air around it.
      const length = most - least || 1;
      const bounds = { least: least - length * 0.05, most: least + length * 1.05 };
      return { name, title: "", color: null, ...bounds, axis: false, share: true };
    }
    const [low, high] = valueRange(least, most, limits);
    return { name, title, color, least: low, most: high, axis: at < room, share: false };
  });
  if (axes === "share" && scales.length)
    scales.push({
      name: "share",
      title: "",
      color: null,
      least: -0.05,
      most: 1.05,
      axis: true,
      share: true,
    });
  return { lines, scales };
}
