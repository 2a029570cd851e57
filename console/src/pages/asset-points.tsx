/** The points of an asset, by metric: values as they tick, or as they were. Only what is seen is watched. */
import { useCallback, useMemo, useState } from "preact/hooks";
import type { AssetMetric } from "../api/assets";
import type { LimitState, Value } from "../api/types";
import { limitWords } from "../assets/words";
import { formatTime, formatUnit, formatValue, NOTHING } from "../format";
import { RowGrid, type GridColumn } from "../history/row-grid";
import { trendsAddress, viewOf } from "../history/view";
import { ts } from "../i18n/assets";
import { useLivePaths } from "../live/hooks";
import type { LivePoint } from "../live/client";
import { goTo, pointAddress } from "../router";
import "../style/history.css";
import { Icon } from "../ui/icon";
import { Badge, Card, LimitBadge, qualityClass, Quality } from "../ui/parts";

const COMPARED_MAX = 20;
const ROWS_SHOWN = 12;

/** Points that are there, each once. */
export const pointsOf = (metrics: AssetMetric[]): string[] => [
  ...new Set(metrics.flatMap(({ point }) => (point === null ? [] : [point]))),
];

interface Shown {
  value: Value;
  type: string;
  unit: string;
  quality: string | null;
  time: string | number | null;
  state: LimitState;
}

export function shownOf(metric: AssetMetric, live: LivePoint | undefined): Shown {
  if (live)
    return {
      value: live.value,
      type: live.type,
      unit: live.unit || metric.unit || "",
      quality: live.quality,
      time: live.time,
      state: live.limitState,
    };
  const { value, type = "", unit, quality, time, state } = metric;
  return { value, type, unit: unit ?? "", quality, time, state: state ?? "none" };
}

function ValueWords({ shown }: { shown: Shown }) {
  return (
    <span class="metric-value" title={formatValue(shown.value, shown.type, true)}>
      <strong>{formatValue(shown.value, shown.type)}</strong>{" "}
      <span class="faint">{formatUnit(shown.unit)}</span>
    </span>
  );
}

function StateWords({ metric, shown }: { metric: AssetMetric; shown: Shown }) {
  if (metric.point === null)
    return (
      <Badge tone="plain" icon="unknown">
        {ts("metric.no_point")}
      </Badge>
    );
  if (shown.quality === null || shown.time === null) return <>{NOTHING}</>;
  if (qualityClass(shown.quality) !== "good") return <Quality quality={shown.quality} brief />;
  return shown.state === "none" ? <Quality quality="good" /> : <LimitBadge state={shown.state} />;
}

const NAMES = ["metric", "value", "state", "time", "limits"] as const;
const WIDTHS = {
  metric: "minmax(120px, 2fr)",
  value: "minmax(110px, 1.2fr)",
  state: "116px",
  time: "96px",
  limits: "minmax(150px, 2.2fr)",
};

export function AssetPoints(props: { metrics: AssetMetric[]; past: boolean; branch: string }) {
  const { metrics, past } = props;
  const [active, setActive] = useState(-1);
  const [seen, setSeen] = useState({ from: 0, to: ROWS_SHOWN });
  const [narrow] = useState(() => matchMedia("(max-width: 860px)").matches);
  const watched = useMemo(
    () => (past ? [] : pointsOf(metrics.slice(seen.from, seen.to + 1))),
    [metrics, seen, past],
  );
  const live = useLivePaths(watched);
  const onSeen = useCallback(
    (from: number, to: number) =>
      setSeen((old) => (old.from === from && old.to === to ? old : { from, to })),
    [],
  );
  const names = NAMES.filter((name) => !narrow || name === "metric" || name === "value");
  const columns: GridColumn[] = names.map((name) => ({
    name,
    title: ts(`column.${name}`),
    number: name === "value",
  }));
  const open = (row: number) => {
    const point = metrics[row]?.point;
    if (point) goTo(pointAddress(point));
  };
  const cells = (row: number) => {
    const metric = metrics[row];
    if (!metric) return undefined;
    const shown = shownOf(metric, metric.point === null ? undefined : live.get(metric.point));
    const all = {
      metric: metric.point ? (
        <a href={pointAddress(metric.point)} title={metric.point}>
          {metric.name}
        </a>
      ) : (
        metric.name
      ),
      value: <ValueWords shown={shown} />,
      state: <StateWords metric={metric} shown={shown} />,
      time: formatTime(shown.time),
      limits: (
        <span class="metric-limits" title={limitWords(metric)}>
          {limitWords(metric) || NOTHING}
        </span>
      ),
    };
    return names.map((name) => all[name]);
  };
  const paths = pointsOf(metrics).slice(0, COMPARED_MAX);
  const rows = Math.min(ROWS_SHOWN, metrics.length);
  return (
    <Card
      title={ts(past ? "points.past" : "points")}
      aside={
        paths.length > 0 && (
          <a class="link" href={trendsAddress(viewOf(paths))}>
            <Icon name="trends" size={15} />
            {ts("points.trends")}
          </a>
        )
      }
    >
      <div class="metric-grid" style={{ "--rows": String(rows) }}>
        <RowGrid
          label={ts("points")}
          columns={columns}
          widths={names.map((name) => WIDTHS[name]).join(" ")}
          count={metrics.length}
          cells={cells}
          active={active}
          onActive={setActive}
          onEnter={open}
          onSeen={onSeen}
        />
      </div>
    </Card>
  );
}
