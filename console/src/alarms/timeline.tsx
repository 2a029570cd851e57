/** The journal as lanes of bars, from its oldest entry that is here to its newest, drawn as SVG. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AlarmEntry } from "../api/alarms";
import { serverNow } from "../api/clock";
import { formatDuration, formatTick, formatTime } from "../format";
import { tl } from "../i18n/alarms";
import { lanesOf, spanOfEntries, type Lane } from "./lanes";
import { priorityName, titleOf } from "./parts";

const LANES = 12;
const LANE_HEIGHT = 26;
const LANE_HEIGHT_NARROW = 40; /* title and place one below the other */
const AXIS_HEIGHT = 24;
const LABEL_WIDE = 320;
const LABEL_NARROW = 120;
const NARROW = 560;
const TICKS_WIDE = 150; /* pixels between two times */

/** Steps between ticks that a person would choose. */
const STEPS_S = [10, 30, 60, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800];

/** Times to write on the axis, local ones that are round. */
export function axisTimes(from: number, to: number, most: number): number[] {
  const length = (to - from) / 1000;
  const step = (STEPS_S.find((seconds) => length / seconds <= most) ?? 2_592_000) * 1000;
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const times: number[] = [];
  for (let time = first; time <= to; time += step) times.push(time);
  return times;
}

export function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return { box, width };
}

/** The last two levels of a path say most where room is short. */
const placeOf = (path: string | null): string => (path ?? "").split("/").slice(-2).join("/");

/** Its width in letters: those of Chinese are two wide. */
const lettersOf = (text: string): number =>
  [...text].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0);

/** As much as there is room for: of titles the beginning, of places the end, which tells them apart. */
export function shortened(text: string, letters: number, keep: "begin" | "end"): string {
  if (lettersOf(text) <= letters) return text;
  const all = [...text];
  while (all.length > 1 && lettersOf(all.join("")) > letters - 1)
    keep === "begin" ? all.pop() : all.shift();
  return keep === "begin" ? `${all.join("").trimEnd()}\u2026` : `\u2026${all.join("")}`;
}

const LETTER_WIDTH = 7;

function LaneRow(props: {
  lane: Lane;
  top: number;
  x: (time: number) => number;
  label: number;
  height: number;
  onOpen: (alarm: number) => void;
}) {
  const { lane, top, x, height } = props;
  const rank = Math.min(5, lane.priority);
  const narrow = height > LANE_HEIGHT;
  const letters = Math.floor((props.label - 8) / LETTER_WIDTH);
  const title = shortened(titleOf(lane), narrow ? letters : Math.floor(letters * 0.62), "begin");
  const place = shortened(
    placeOf(lane.path),
    narrow ? letters : Math.max(6, letters - lettersOf(title) - 1),
    "end",
  );
  return (
    <g>
      {/* An SVG of its own cuts what is too long. */}
      <svg x={0} y={top} width={props.label - 8} height={height}>
        <text class="lane-name" x={0} y={17}>
          {title}
          <tspan class="lane-place" {...(narrow ? { x: 0, dy: 16 } : { dx: 8 })}>
            {place}
          </tspan>
          <title>{`${titleOf(lane)} ${lane.path ?? ""}`}</title>
        </text>
      </svg>
      {lane.bars.map((bar, at) => {
        const left = x(bar.from);
        const words = `${titleOf(lane)}: ${formatTime(bar.from)}, ${formatDuration((bar.to - bar.from) / 1000)}`;
        return (
          <rect
            key={at}
            class={`lane-bar priority-fill-${rank}${bar.open ? "" : " lane-seen"}`}
            x={left}
            y={top + 5}
            width={Math.max(2, x(bar.to) - left)}
            height={height - 10}
            rx={2}
            onClick={() => props.onOpen(bar.alarm)}
          >
            <title>{words}</title>
          </rect>
        );
      })}
    </g>
  );
}

export function Timeline(props: { entries: AlarmEntry[]; onOpen: (alarm: number) => void }) {
  const { box, width } = useWidth();
  const span = spanOfEntries(props.entries, serverNow());
  const lanes = lanesOf(props.entries, span, LANES);
  const label = width < NARROW ? LABEL_NARROW : LABEL_WIDE;
  const laneHeight = width < NARROW ? LANE_HEIGHT_NARROW : LANE_HEIGHT;
  const room = Math.max(1, width - label - 8);
  const x = (time: number) => label + (room * (time - span.from)) / (span.to - span.from);
  const height = lanes.length * laneHeight + AXIS_HEIGHT;
  const words = lanes
    .map((lane) =>
      tl("journal.lane", {
        title: titleOf(lane),
        path: lane.path ?? "",
        priority: priorityName(lane.priority),
        count: lane.times,
      }),
    )
    .join("; ");
  return (
    <div ref={box} class="timeline" role="img" aria-label={tl("journal.timeline.label", { words })}>
      {width > 0 && lanes.length > 0 && (
        <svg width={width} height={height} aria-hidden="true">
          {axisTimes(span.from, span.to, Math.max(2, room / TICKS_WIDE)).map((time) => (
            <g key={time}>
              <line class="lane-tick" x1={x(time)} x2={x(time)} y1={0} y2={height - AXIS_HEIGHT} />
              <text class="lane-time" x={x(time)} y={height - 6} text-anchor="middle">
                {formatTick(time, span.to - span.from)}
              </text>
            </g>
          ))}
          {lanes.map((lane, at) => (
            <LaneRow
              key={lane.key}
              lane={lane}
              top={at * laneHeight}
              height={laneHeight}
              x={x}
              label={label}
              onOpen={props.onOpen}
            />
          ))}
        </svg>
      )}
      {lanes.length === 0 && <p class="hint">{tl("journal.timeline.none")}</p>}
    </div>
  );
}
