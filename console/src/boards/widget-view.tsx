/** The widgets of a board: each shows a few points as they are now, or a stretch of their history. */
import { useMemo, useState } from "preact/hooks";
import { serverNow } from "../api/clock";
import { get, pathAddress, withQuery } from "../api/http";
import { limitsOf } from "../api/limits";
import { useQuery } from "../api/query";
import type { Limits, Point, PointList, Value } from "../api/types";
import { Markdown } from "../documents/markdown-view";
import { formatCount, formatTime, formatUnit, formatValue, NOTHING } from "../format";
import { askLast, askTrend } from "../history/ask";
import { stateColor } from "../history/palette";
import { ts } from "../i18n/assets";
import "../style/assets.css";
import "../style/boards.css";
import { useLivePaths } from "../live/hooks";
import type { LivePoint } from "../live/client";
import { pointAddress } from "../router";
import { lazy } from "../ui/lazy";
import { LimitBadge, ProblemNote, Quality, qualityClass } from "../ui/parts";
import { endsOf, namesApart, shareOf, stretchesOf, type Widget } from "./widgets";

const TrendStrip = lazy(async () => (await import("../history/strip")).TrendStrip, 3);
const MapView = lazy(async () => (await import("../map/map-view")).MapView, 3);

const lastName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const Nothing = () => <p class="widget-nothing">{ts("widget.nothing")}</p>;

function usePointOf(path: string): Point | undefined {
  return useQuery(`board point ${path}`, (signal) =>
    path
      ? get<Point>(`/v1/points/${pathAddress(path)}`, signal).catch(() => undefined)
      : Promise.resolve(undefined),
  ).data;
}

function valueWords(point: LivePoint | undefined): string {
  return point ? formatValue(point.value, point.type) : NOTHING;
}

function Signs({ point }: { point: LivePoint | undefined }) {
  if (!point) return null;
  if (qualityClass(point.quality) !== "good") return <Quality quality={point.quality} brief />;
  return point.limitState === "none" || point.limitState === "normal" ? null : (
    <LimitBadge state={point.limitState} />
  );
}

function NumberWidget({ widget }: { widget: Widget }) {
  const path = widget.paths[0] ?? "";
  const point = useLivePaths(widget.paths.slice(0, 1)).get(path);
  const words = valueWords(point);
  return (
    <a class="widget-number" href={pointAddress(path)}>
      <span class={words.length > 9 ? "widget-value widget-value-long" : "widget-value"}>
        {words}
        {point?.unit && <small>{formatUnit(point.unit)}</small>}
      </span>
      <span class="widget-foot">
        <Signs point={point} />
        <span class="faint">{formatTime(point?.time)}</span>
      </span>
    </a>
  );
}

const ARC = Math.PI * 1.5; /* three quarters of a circle */
const RADIUS = 42;

/** A piece of the dial, from share to share. */
function arcPath(from: number, to: number): string {
  const place = (share: number) => {
    const angle = Math.PI * 0.75 + share * ARC;
    return `${(50 + RADIUS * Math.cos(angle)).toFixed(2)} ${(50 + RADIUS * Math.sin(angle)).toFixed(2)}`;
  };
  const large = (to - from) * ARC > Math.PI ? 1 : 0;
  return `M${place(from)}A${RADIUS} ${RADIUS} 0 ${large} 1 ${place(to)}`;
}

/** Where the limits stand on the dial: outside them it warns. */
function zonesOf(limits: Limits, least: number, most: number) {
  const zones: { from: number; to: number; look: "warn" | "bad" }[] = [];
  const at = (value: number) => shareOf(value, least, most);
  const { low_low, low, high, high_high } = limits;
  if (low !== undefined) zones.push({ from: 0, to: at(low), look: "warn" });
  if (low_low !== undefined) zones.push({ from: 0, to: at(low_low), look: "bad" });
  if (high !== undefined) zones.push({ from: at(high), to: 1, look: "warn" });
  if (high_high !== undefined) zones.push({ from: at(high_high), to: 1, look: "bad" });
  return zones.filter(({ from, to }) => to > from);
}

function GaugeWidget({ widget }: { widget: Widget }) {
  const path = widget.paths[0] ?? "";
  const point = useLivePaths(widget.paths.slice(0, 1)).get(path);
  const about = usePointOf(path);
  const limits = limitsOf(about?.limits_in_force);
  const value = typeof point?.value === "number" ? point.value : undefined;
  const known = [...Object.values(limits), ...(value === undefined ? [] : [value])];
  const [least, most] = endsOf(known, widget.least, widget.most);
  const share = value === undefined ? 0 : shareOf(value, least, most);
  const words = `${valueWords(point)} ${formatUnit(point?.unit)}`;
  return (
    <a class="widget-gauge" href={pointAddress(path)} aria-label={`${lastName(path)}: ${words}`}>
      <svg viewBox="0 0 100 96" aria-hidden="true">
        <path class="dial" d={arcPath(0, 1)} />
        {zonesOf(limits, least, most).map(({ from, to, look }, at) => (
          <path key={at} class={`dial-zone dial-${look}`} d={arcPath(from, to)} />
        ))}
        {share > 0 && <path class="dial-value" d={arcPath(0, Math.max(0.004, share))} />}
        <text class="dial-number" x="50" y="53">
          {valueWords(point)}
        </text>
        <text class="dial-unit" x="50" y="66">
          {formatUnit(point?.unit)}
        </text>
        <text class="dial-end" x="17" y="94">
          {formatValue(least, "float64")}
        </text>
        <text class="dial-end" x="83" y="94">
          {formatValue(most, "float64")}
        </text>
      </svg>
      <Signs point={point} />
    </a>
  );
}

function BarsWidget({ widget }: { widget: Widget }) {
  const live = useLivePaths(widget.paths);
  const numbers = widget.paths.flatMap((path) => {
    const value = live.get(path)?.value;
    return typeof value === "number" ? [value] : [];
  });
  const [least, most] = endsOf(numbers, widget.least, widget.most);
  const names = namesApart(widget.paths);
  return (
    <ul class="widget-bars">
      {widget.paths.map((path, at) => {
        const point = live.get(path);
        const value = typeof point?.value === "number" ? point.value : undefined;
        const share = value === undefined ? 0 : shareOf(value, least, most);
        return (
          <li key={path}>
            <a href={pointAddress(path)} title={path}>
              <bdi>{names[at]}</bdi>
            </a>
            <span class="bar-track" aria-hidden="true">
              <span style={{ width: `${share * 100}%` }} />
            </span>
            <span class="bar-value">
              {valueWords(point)} <span class="faint">{formatUnit(point?.unit)}</span>
            </span>
          </li>
        );
      })}
      <li class="bar-ends faint" aria-hidden="true">
        <span />
        <span>
          <span>{formatValue(least, "float64")}</span>
          <span>{formatValue(most, "float64")}</span>
        </span>
        <span />
      </li>
    </ul>
  );
}

const TABLE_MAX = 50;

function TableWidget({ widget }: { widget: Widget }) {
  const { match = "" } = widget;
  const { data, problem } = useQuery(
    `board table ${match}`,
    (signal) =>
      match
        ? get<PointList>(withQuery("/v1/points", { match, limit: TABLE_MAX }), signal)
        : Promise.resolve(undefined),
    60_000,
  );
  const paths = match ? (data?.points.map(({ path }) => path) ?? []) : widget.paths;
  const live = useLivePaths(paths);
  const names = namesApart(paths);
  return (
    <div class="widget-table" tabIndex={0} role="group" aria-label={widget.title}>
      <ProblemNote problem={problem} />
      <table>
        <thead class="hidden">
          <tr>
            <th scope="col">{ts("column.metric")}</th>
            <th scope="col">{ts("column.value")}</th>
            <th scope="col">{ts("column.state")}</th>
          </tr>
        </thead>
        <tbody>
          {paths.map((path, at) => {
            const point = live.get(path);
            return (
              <tr key={path}>
                <td>
                  <a href={pointAddress(path)} title={path}>
                    {names[at]}
                  </a>
                </td>
                <td class="number">
                  {valueWords(point)} <span class="faint">{formatUnit(point?.unit)}</span>
                </td>
                <td>
                  <Signs point={point} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {data?.next && <p class="hint">{ts("widget.first", { count: formatCount(TABLE_MAX) })}</p>}
    </div>
  );
}

const STATES_AGAIN_MS = 10_000;
const STATES_WIDTH = 600;

interface StateLine {
  path: string;
  stretches: ReturnType<typeof stretchesOf>;
}

async function askStates(
  paths: string[],
  span: { from: number; to: number },
  signal: AbortSignal,
): Promise<StateLine[]> {
  const [trend, last] = await Promise.all([
    askTrend(paths, span, STATES_WIDTH, signal),
    askLast(paths, span.from, signal),
  ]);
  return paths.map((path) => {
    const found = trend.points.find((point) => point.path === path);
    const before = last.points.find((point) => point.path === path)?.sample?.[1] as Value;
    const { from, to } = span;
    return {
      path,
      stretches: stretchesOf(found?.times ?? [], found?.values ?? [], before, from, to),
    };
  });
}

function StatesWidget({ widget }: { widget: Widget }) {
  const { paths, minutes = 240 } = widget;
  const [shown, setShown] = useState({ from: 0, to: 1 });
  const { data, problem } = useQuery(
    `board states ${minutes} ${paths.join("\n")}`,
    async (signal) => {
      const to = serverNow();
      const span = { from: to - minutes * 60_000, to };
      const lines = paths.length ? await askStates(paths, span, signal) : [];
      setShown(span);
      return lines;
    },
    STATES_AGAIN_MS,
  );
  const names = namesApart(paths);
  const width = (ms: number) => `${(100 * ms) / (shown.to - shown.from)}%`;
  return (
    <div class="widget-states">
      <ProblemNote problem={problem} />
      {data?.map(({ path, stretches }, at) => (
        <div key={path} class="states-line">
          <a href={pointAddress(path)} title={path}>
            <bdi>{names[at]}</bdi>
          </a>
          <span
            class="states-track"
            role="img"
            aria-label={stretches.map(({ text }) => text).join(", ")}
          >
            {stretches.map(({ from, to, text }) => (
              <span
                key={from}
                title={`${text} · ${formatTime(from)} – ${formatTime(to)}`}
                style={{
                  left: width(from - shown.from),
                  width: width(to - from),
                  "--state": `var(${stateColor(text)})`,
                }}
              >
                <span>{text}</span>
              </span>
            ))}
          </span>
        </div>
      ))}
      <p class="states-times faint">
        <span>{formatTime(shown.from)}</span>
        <span>{formatTime(shown.to)}</span>
      </p>
    </div>
  );
}

function LineWidget({ widget }: { widget: Widget }) {
  const { minutes = 60 } = widget;
  const range = useMemo(() => ({ kind: "last" as const, ms: minutes * 60_000 }), [minutes]);
  const about = usePointOf(widget.paths.length === 1 ? (widget.paths[0] as string) : "");
  return (
    <TrendStrip paths={widget.paths} range={range} limits={limitsOf(about?.limits_in_force)} />
  );
}

export function WidgetBody({ widget }: { widget: Widget }) {
  const { kind, paths, match, text } = widget;
  if (kind === "text") return <Markdown text={text ?? ""} />;
  if (kind === "map")
    return (
      <MapView
        key={`${widget.longitude} ${widget.latitude} ${widget.zoom}`}
        camera={{
          longitude: widget.longitude ?? 105,
          latitude: widget.latitude ?? 32,
          zoom: widget.zoom ?? 3,
        }}
      />
    );
  if (paths.length === 0 && !(kind === "table" && match)) return <Nothing />;
  switch (kind) {
    case "line":
      return <LineWidget key={paths.join("\n")} widget={widget} />;
    case "number":
      return <NumberWidget widget={widget} />;
    case "gauge":
      return <GaugeWidget widget={widget} />;
    case "bars":
      return <BarsWidget widget={widget} />;
    case "states":
      return <StatesWidget widget={widget} />;
    default:
      return <TableWidget widget={widget} />;
  }
}
