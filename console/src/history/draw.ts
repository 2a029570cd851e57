/** Lines, states and faults on a canvas. Pixels are the canvas's own. */
import type { Palette } from "./palette";
import { stateColor } from "./palette";
import { faultsOf, heightOf, indexBefore, statesOf, type Stretch, type Track } from "./track";

export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
  from: number;
  to: number;
  ratio: number;
}
/** Where a value stands. */
export type Place = (value: number) => number;

export interface LineLook {
  color: string;
  fill: string | null;
  pattern: number[];
  join: boolean;
  /** There are many lines: a dense one is drawn as cheaply as can be. */
  crowded: boolean;
  /** A step holds until here. */
  end: number;
}

type Context = CanvasRenderingContext2D;
const SPARSE_PIXELS = 14; /* samples so far apart are shown as dots */

interface Run {
  /** x, y, x, y ... of samples that belong together. */
  at: number[];
}

/** The samples that can be seen, one beyond at each side, cut where there is nothing between two of them. */
function runsOf(area: Area, track: Track, place: Place, look: LineLook): Run[] {
  const { times, heights, kind, gapMs } = track;
  const per = area.width / (area.to - area.from);
  const first = Math.max(0, indexBefore(times, area.from));
  const last = Math.min(times.length - 1, indexBefore(times, area.to) + 1);
  const runs: Run[] = [];
  let run: Run | null = null;
  let before = -Infinity;
  const entry = first === 0 && (times[0] ?? Infinity) > area.from ? track.before : null;
  const height = entry && heightOf(entry.value);
  if (entry && height !== null && (kind === "step" || times.length > 0)) {
    const x = kind === "step" ? area.left : area.left + (entry.time - area.from) * per;
    run = { at: [x, place(height)] };
    runs.push(run);
    before = entry.time;
  }
  for (let i = first; i <= last; i++) {
    const time = times[i] as number;
    const value = heights[i] ?? null;
    if (value === null) {
      if (run && kind === "step") run.at.push(area.left + (time - area.from) * per, NaN);
      run = null;
      continue;
    }
    if (!run || (!look.join && time - before > gapMs)) {
      run = { at: [] };
      runs.push(run);
    }
    run.at.push(area.left + (time - area.from) * per, place(value));
    before = time;
  }
  if (run && kind === "step") {
    const end = area.left + (Math.min(look.end, area.to) - area.from) * per;
    run.at.push(end, NaN);
  }
  return runs;
}

/** NaN: as high as the one before. */
function tracePath(ctx: Context, { at }: Run, stepped: boolean): void {
  ctx.moveTo(at[0] as number, at[1] as number);
  let height = at[1] as number;
  for (let i = 2; i < at.length; i += 2) {
    const x = at[i] as number;
    const y = at[i + 1] as number;
    if (stepped) ctx.lineTo(x, height);
    if (Number.isNaN(y)) continue;
    ctx.lineTo(x, y);
    height = y;
  }
}

function fillRun(ctx: Context, area: Area, run: Run, color: string): void {
  const { at } = run;
  ctx.beginPath();
  tracePath(ctx, run, false);
  ctx.lineTo(at[at.length - 2] as number, area.top + area.height);
  ctx.lineTo(at[0] as number, area.top + area.height);
  ctx.closePath();
  ctx.globalAlpha = 0.55;
  ctx.fillStyle = color;
  ctx.fill();
  ctx.globalAlpha = 1;
}

const DENSE = 2; /* samples a pixel: more are drawn by columns, where there are many lines */
/** Samples a pixel: more are a thin line, which costs a tenth of a thick one. In a crowd it comes sooner. */
const THIN = 1.5;
const THIN_CROWDED = 0.5;

/**
 * Where pixels have several samples each, a line is what it covers of each column of pixels: from the least to
 * the greatest, and to where the column before ended. As upright boxes on whole pixels that costs a small part of
 * a path with thousands of corners, and looks the same.
 */
function drawDense(ctx: Context, area: Area, track: Track, place: Place, look: LineLook): void {
  const { times, heights, gapMs } = track;
  const per = area.width / (area.to - area.from);
  const last = Math.min(times.length - 1, indexBefore(times, area.to) + 1);
  const bottom = area.top + area.height;
  const thick = Math.max(1, Math.round(1.5 * area.ratio));
  const cycle = look.pattern.reduce((sum, part) => sum + part, 0) * area.ratio;
  const box = (x: number, high: number, low: number) => {
    if (look.fill) {
      ctx.globalAlpha = 0.55;
      ctx.fillStyle = look.fill;
      ctx.fillRect(x, Math.round(high), 1, bottom - Math.round(high));
      ctx.globalAlpha = 1;
      ctx.fillStyle = look.color;
    }
    if (cycle && x % cycle > cycle / 2) return;
    const top = Math.round(high - thick / 2);
    ctx.fillRect(x, top, thick, Math.max(thick, Math.round(low + thick / 2) - top));
  };
  ctx.fillStyle = look.color;
  let [column, high, low, end, before] = [NaN, 0, 0, NaN, -Infinity];
  for (let i = Math.max(0, indexBefore(times, area.from)); i <= last; i++) {
    const time = times[i] as number;
    const value = heights[i] ?? null;
    const isApart = value === null || (!look.join && time - before > gapMs);
    if (isApart) {
      if (!Number.isNaN(column)) box(column, high, low);
      [column, end] = [NaN, NaN];
      if (value === null) continue;
    }
    const y = place(value as number);
    const x = Math.floor(area.left + (time - area.from) * per);
    before = time;
    if (x !== column) {
      if (!Number.isNaN(column)) box(column, high, low);
      // Across pixels without a sample the line goes straight.
      const steps = x - column;
      for (let step = 1; step < steps; step++) {
        const [one, other] = [end + ((y - end) * (step - 1)) / steps, end + ((y - end) * step) / steps]; // prettier-ignore
        box(column + step, Math.min(one, other), Math.max(one, other));
      }
      const from = Number.isNaN(end)
        ? y
        : steps > 1
          ? end + ((y - end) * (steps - 1)) / steps
          : end;
      [column, high, low] = [x, Math.min(from, y), Math.max(from, y)];
    }
    if (y < high) high = y;
    if (y > low) low = y;
    end = y;
  }
  if (!Number.isNaN(column)) box(column, high, low);
}

/** Samples a pixel, where there are samples. */
function densityOf(area: Area, { times }: Track): number {
  const shown = indexBefore(times, area.to) - indexBefore(times, area.from);
  const first = Math.max(area.from, times[0] ?? 0);
  const last = Math.min(area.to, times[times.length - 1] ?? 0);
  const pixels = ((last - first) / (area.to - area.from)) * area.width;
  return shown / Math.max(pixels, area.width / 20);
}

export function drawLine(
  ctx: Context,
  area: Area,
  track: Track,
  place: Place,
  look: LineLook,
): void {
  const density = densityOf(area, track);
  if (look.crowded && track.kind === "line" && density > DENSE) {
    drawDense(ctx, area, track, place, look);
    return;
  }
  const { ratio } = area;
  const stepped = track.kind === "step";
  const runs = runsOf(area, track, place, look);
  if (look.fill) for (const run of runs) fillRun(ctx, area, run, look.fill);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = look.color;
  const isThin = density > (look.crowded ? THIN_CROWDED : THIN);
  ctx.lineWidth = (isThin ? 1 : 1.75) * ratio;
  ctx.lineJoin = isThin ? "bevel" : "round";
  ctx.setLineDash(look.pattern.map((part) => part * ratio));
  ctx.beginPath();
  for (const run of runs) tracePath(ctx, run, stepped);
  ctx.stroke();
  const shown = runs.reduce((sum, { at }) => sum + at.length / 2, 0);
  const sparse = shown * SPARSE_PIXELS * ratio < area.width;
  ctx.beginPath();
  for (const { at } of runs) {
    if (!sparse && at.length > 2) continue;
    for (let i = 0; i < at.length; i += 2) {
      const [x, y] = [at[i] as number, at[i + 1] as number];
      if (Number.isNaN(y)) continue;
      ctx.moveTo(x + 2.5 * ratio, y);
      ctx.arc(x, y, 2.5 * ratio, 0, 7);
    }
  }
  ctx.fill();
  ctx.restore();
}

const toneOf = ({ text }: Stretch): string => (text.startsWith("uncertain") ? "--warn" : "--bad");

/** Slanted lines across a box: seen without its colour too. */
function hatch(
  ctx: Context,
  x: number,
  y: number,
  width: number,
  height: number,
  apart: number,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.beginPath();
  // Lines stay where they are when the box begins elsewhere.
  const first = Math.floor((x - height) / apart) * apart;
  for (let at = first; at < x + width; at += apart) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

function eachFault(
  area: Area,
  track: Track,
  end: number,
  run: (x: number, width: number, fault: Stretch) => void,
): void {
  const per = area.width / (area.to - area.from);
  for (const fault of faultsOf(track, area.from, end)) {
    const x = area.left + (fault.from - area.from) * per;
    run(x, Math.max(2 * area.ratio, (fault.to - fault.from) * per), fault);
  }
}

/** Behind the one line: stretches whose quality is not good, as high as the plot. */
export function drawFaults(
  ctx: Context,
  area: Area,
  track: Track,
  end: number,
  palette: Palette,
): void {
  eachFault(area, track, end, (x, width, fault) => {
    const color = palette.color(toneOf(fault));
    ctx.fillStyle = ctx.strokeStyle = color;
    ctx.globalAlpha = 0.1;
    ctx.fillRect(x, area.top, width, area.height);
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = area.ratio;
    hatch(ctx, x, area.top, width, area.height, 9 * area.ratio);
    ctx.globalAlpha = 1;
    ctx.fillRect(x, area.top + area.height - 4 * area.ratio, width, 4 * area.ratio);
  });
}

const STRIP = 6;
const STRIPS_MAX = 8;

/** Of several lines: a strip each at the bottom. */
export function drawFaultStrip(
  ctx: Context,
  area: Area,
  track: Track,
  end: number,
  row: number,
  palette: Palette,
): void {
  if (row >= STRIPS_MAX) return;
  const height = STRIP * area.ratio;
  const y = area.top + area.height - (row + 1) * height;
  eachFault(area, track, end, (x, width, fault) => {
    ctx.fillStyle = ctx.strokeStyle = palette.color(toneOf(fault));
    ctx.globalAlpha = 0.3;
    ctx.fillRect(x, y, width, height - area.ratio);
    ctx.globalAlpha = 1;
    ctx.lineWidth = area.ratio;
    hatch(ctx, x, y, width, height - area.ratio, 4 * area.ratio);
  });
}

/** A stripe of states: a box each, with its text where there is room. */
export function drawStates(
  ctx: Context,
  lane: Area,
  track: Track,
  end: number,
  palette: Palette,
  side: string | null,
): void {
  const { ratio } = lane;
  const per = lane.width / (lane.to - lane.from);
  ctx.save();
  ctx.beginPath();
  ctx.rect(lane.left, lane.top, lane.width, lane.height);
  ctx.clip();
  ctx.font = `${12 * ratio}px system-ui, "Noto Sans", sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const state of statesOf(track, lane.from, end)) {
    const x = lane.left + (state.from - lane.from) * per;
    const width = Math.max(1, (state.to - state.from) * per);
    const color = palette.color(stateColor(state.text));
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.28;
    ctx.fillRect(x, lane.top, width, lane.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(x, lane.top, Math.min(width, 2 * ratio), lane.height);
    drawStateText(ctx, lane, state.text, Math.max(x, lane.left), x + width, palette);
  }
  eachFault(lane, track, end, (x, width, fault) => {
    ctx.strokeStyle = palette.color(toneOf(fault));
    ctx.lineWidth = ratio;
    hatch(ctx, x, lane.top, width, lane.height, 7 * ratio);
  });
  ctx.restore();
  if (!side) return;
  ctx.fillStyle = side;
  ctx.fillRect(lane.left - 6 * ratio, lane.top, 4 * ratio, lane.height);
}

function drawStateText(
  ctx: Context,
  lane: Area,
  text: string,
  from: number,
  to: number,
  palette: Palette,
): void {
  const room = to - from - 12 * lane.ratio;
  if (room < 12 * lane.ratio) return;
  let shown = text.replace(/\s+/g, " ").slice(0, 80);
  while (shown && ctx.measureText(shown).width > room)
    shown = shown.length > 3 ? `${shown.slice(0, -3)}\u2026` : "";
  ctx.fillStyle = palette.color("--text");
  ctx.fillText(shown, from + 6 * lane.ratio, lane.top + lane.height / 2);
}
