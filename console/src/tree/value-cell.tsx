/**
 * The value of a point in a row: drawn directly, as often as it changes. Each part is one text in a box of its own
 * width, so that a new one is neither laid out with its neighbours nor paints them again.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { PointBrief } from "../api/types";
import { formatTime, formatUnit, formatUtc, formatValue } from "../format";
import { t } from "../i18n";
import type { LivePoint } from "../live/client";
import { useLiveCell } from "../live/hooks";
import { livePoint } from "../live/live";
import { qualityClass } from "../ui/parts";

type Shown = Pick<LivePoint, "value" | "type" | "unit" | "quality" | "time" | "limitState">;

const PARTS = ["number", "sign", "unit", "quality", "time"] as const;
type Part = (typeof PARTS)[number];
const TIME_EVERY_MS = 1000;

/** What stands in a cell: asked instead of the document, which would have to be up to date to answer. */
interface Drawn {
  texts: Record<Part, Text>;
  look: string;
  time: number | null;
  timeAt: number; /* when it was drawn */
}
const cells = new WeakMap<HTMLElement, Drawn>();

function drawnIn(cell: HTMLElement): Drawn {
  const known = cells.get(cell);
  if (known) return known;
  const texts = Object.fromEntries(
    PARTS.map((part, i) => [part, (cell.children[i] as Element).appendChild(new Text())]),
  ) as Record<Part, Text>;
  const drawn = { texts, look: "", time: NaN, timeAt: 0 };
  cells.set(cell, drawn);
  return drawn;
}

function write(drawn: Drawn, part: Part, text: string): void {
  const node = drawn.texts[part];
  if (node.nodeValue !== text) node.nodeValue = text;
}

/** Cells whose time has moved on since it was drawn, less than a second ago. */
const late = new Map<HTMLElement, number | null>();
let lateTimer = 0;

function writeTime(drawn: Drawn, time: number | null, now: number): void {
  drawn.time = time;
  drawn.timeAt = now;
  write(drawn, "time", formatTime(time));
}

function writeLate(): void {
  lateTimer = 0;
  const now = performance.now();
  for (const [cell, time] of late) writeTime(drawnIn(cell), time, now);
  late.clear();
}

/** At most once a second: nobody reads a clock faster, and a row of digits is dear to write. */
function drawTime(cell: HTMLElement, drawn: Drawn, time: number | null): void {
  late.delete(cell);
  if (time === drawn.time) return;
  const now = performance.now();
  if (now - drawn.timeAt >= TIME_EVERY_MS) {
    writeTime(drawn, time, now);
    return;
  }
  late.set(cell, time);
  lateTimer ||= window.setTimeout(writeLate, TIME_EVERY_MS);
}

/** Signs beside the colours: ? and ! for the quality, arrows for a limit that was passed. */
function signOf(shown: Shown): string {
  const quality = qualityClass(shown.quality);
  if (quality !== "good") return quality === "bad" ? "✕" : "?";
  if (shown.limitState.startsWith("high")) return "▲";
  return shown.limitState.startsWith("low") ? "▼" : "";
}

function lookOf(shown: Shown): string {
  const quality = qualityClass(shown.quality);
  if (quality === "bad") return "bad";
  if (quality === "uncertain") return "warn";
  if (shown.limitState.includes("_")) return "bad";
  return shown.limitState === "high" || shown.limitState === "low" ? "warn" : "good";
}

function titleOf(shown: Shown): string {
  const limit = shown.limitState === "none" ? "" : ` · ${t(`limit_state.${shown.limitState}`)}`;
  return `${formatValue(shown.value, shown.type, true)} ${formatUnit(shown.unit)} · ${shown.quality}${limit} · ${formatUtc(shown.time)}`;
}

/** What is drawn belongs to no component: it changes more often than those should. */
function draw(cell: HTMLElement, shown: Shown): void {
  const drawn = drawnIn(cell);
  const look = `value value-${lookOf(shown)}`;
  if (drawn.look !== look) cell.className = drawn.look = look;
  write(drawn, "number", formatValue(shown.value, shown.type));
  write(drawn, "sign", signOf(shown));
  write(drawn, "unit", formatUnit(shown.unit));
  const quality = shown.time === null ? "" : t(`quality.${qualityClass(shown.quality)}`);
  write(drawn, "quality", quality);
  drawTime(cell, drawn, shown.time);
}

/** Another point, or another language: the time as well, whenever the last one was drawn. */
function drawAnew(cell: HTMLElement, shown: Shown): void {
  const drawn = drawnIn(cell);
  drawn.time = NaN;
  drawn.timeAt = -TIME_EVERY_MS;
  draw(cell, shown);
}

function shownOf(point: PointBrief): Shown {
  const time = point.time ? Date.parse(point.time) : null;
  return livePoint(point.point) ?? { ...point, time, limitState: point.limit_state };
}

export function ValueCell({ point }: { point: PointBrief }) {
  const cell = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => drawAnew(cell.current as HTMLElement, shownOf(point)));
  useLiveCell(point.point, cell, draw);
  return (
    <span
      ref={cell}
      onMouseEnter={(event) => (event.currentTarget.title = titleOf(shownOf(point)))}
    >
      {PARTS.map((part) => (
        <span key={part} class={`value-${part}`} />
      ))}
    </span>
  );
}
