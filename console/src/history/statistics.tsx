/** Numbers of what is shown: asked of the server, over all samples and not those drawn. */
import { useQuery } from "../api/query";
import type { Value } from "../api/types";
import { formatCount, formatTime, formatValue, NOTHING } from "../format";
import { th, type HistoryKey } from "../i18n/history";
import { Card, ProblemNote, useSettled } from "../ui/parts";
import { useState } from "preact/hooks";
import { CostNote, MissingNote } from "./answer-notes";
import { aggregateAt, askWhole } from "./ask";
import type { Span } from "./range";
import { lineColor } from "./palette";
import type { Track } from "./track";
import type { Answer, BucketsPoint } from "./types";
import type { View } from "./view";

const PLAIN = ["count", "min", "max", "mean", "time_mean", "first", "last", "stddev"] as const;
const PERCENTILES = ["p50", "p95", "p99"] as const;
type Aggregate = (typeof PLAIN)[number] | (typeof PERCENTILES)[number];
/** Percentiles look at every sample: past so many they are computed when asked for. */
const PERCENTILES_MAX = 2_000_000;
const SETTLE_MS = 350;
const OF_STATES = new Set<Aggregate>(["count", "first", "last"]);

const nameOf = (aggregate: Aggregate): string => {
  const percent = /^p(\d+)$/.exec(aggregate)?.[1];
  return percent ? th("stat.percentile", { percent }) : th(`stat.${aggregate}` as HistoryKey);
};

interface Numbers {
  of: (path: string, aggregate: Aggregate) => Value;
}

function numbersOf(
  plain: Answer<BucketsPoint> | undefined,
  percentiles: Answer<BucketsPoint> | undefined,
): Numbers {
  const at = (answer: Answer<BucketsPoint> | undefined, path: string, place: number): Value =>
    aggregateAt(
      answer?.points.find((point) => point.path === path),
      place,
    );
  return {
    of(path, aggregate) {
      const place = (PLAIN as readonly string[]).indexOf(aggregate);
      if (place >= 0) return at(plain, path, place);
      return at(percentiles, path, (PERCENTILES as readonly string[]).indexOf(aggregate));
    },
  };
}

function cellText(aggregate: Aggregate, value: Value, track: Track): string {
  if (value === null) return NOTHING;
  if (aggregate === "count") return formatCount(Number(value));
  const own = aggregate === "first" || aggregate === "last";
  if (!own && (track.kind === "state" || track.type === "bool") && !OF_STATES.has(aggregate))
    return NOTHING;
  return formatValue(value, own ? track.type : "float64");
}

function Tiles({ track, numbers, shown }: { track: Track; numbers: Numbers; shown: Aggregate[] }) {
  return (
    <dl class="stats">
      {shown.map((aggregate) => {
        const value = numbers.of(track.path, aggregate);
        return (
          <div key={aggregate}>
            <dt>{nameOf(aggregate)}</dt>
            <dd title={value === null ? "" : String(value)}>
              {cellText(aggregate, value, track)}
              {track.unit && aggregate !== "count" && value !== null && <small>{track.unit}</small>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Rows(props: { tracks: Track[]; view: View; numbers: Numbers; shown: Aggregate[] }) {
  const { tracks, view, numbers, shown } = props;
  return (
    <div class="stats-frame" role="group" aria-label={th("stat.title")} tabIndex={0}>
      <table class="stats-table">
        <thead>
          <tr>
            <th scope="col">{th("stat.point")}</th>
            {shown.map((aggregate) => (
              <th key={aggregate} scope="col" class="number">
                {nameOf(aggregate)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tracks.map((track) => (
            <tr key={track.path}>
              <th scope="row" title={track.path}>
                <span
                  class="stat-swatch"
                  style={{ background: `var(${lineColor(view.paths.indexOf(track.path))})` }}
                />
                {track.path.split("/").slice(-2).join("/")}
                {track.unit && <small>{track.unit}</small>}
              </th>
              {shown.map((aggregate) => (
                <td key={aggregate} class="number" data-title={nameOf(aggregate)}>
                  {cellText(aggregate, numbers.of(track.path, aggregate), track)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The span that is settled: while something moves nothing is asked. */
function useWhole(view: View, span: Span, aggregates: readonly string[], wanted: boolean) {
  const settled = useSettled(JSON.stringify([view.paths, span]), SETTLE_MS);
  return useQuery(
    wanted ? `whole ${aggregates.length} ${settled}` : "whole not",
    async (signal) => {
      const [paths, over] = JSON.parse(settled) as [string[], Span];
      if (!wanted || paths.length === 0) return undefined;
      return { over, answer: await askWhole(paths, over, aggregates, signal) };
    },
  );
}

export function StatisticsCard(props: { view: View; span: Span; tracks: Track[] | undefined }) {
  const { view, span, tracks } = props;
  const [asked, setAsked] = useState("");
  const samples = tracks?.reduce((sum, track) => sum + track.samples, 0) ?? 0;
  const isNumber = tracks?.some(({ kind }) => kind !== "state") ?? false;
  const question = JSON.stringify([view.paths, span]);
  const many = samples > PERCENTILES_MAX && asked !== question;
  const plain = useWhole(view, span, PLAIN, tracks !== undefined);
  const percentiles = useWhole(view, span, PERCENTILES, tracks !== undefined && isNumber && !many);
  if (!tracks?.length) return null;
  const numbers = numbersOf(plain.data?.answer, percentiles.data?.answer);
  const shown = [...PLAIN, ...(many ? [] : PERCENTILES)].filter(
    (aggregate) => isNumber || OF_STATES.has(aggregate),
  );
  const over = plain.data?.over;
  return (
    <Card
      title={th("stat.title")}
      class={`stats-card${plain.loading ? " stale" : ""}`}
      aside={
        <span class="stats-aside">
          {over && (
            <span>
              {formatTime(over.from)} - {formatTime(over.to)}
            </span>
          )}
          <CostNote cost={plain.data?.answer.cost} />
        </span>
      }
    >
      <ProblemNote problem={plain.problem ?? percentiles.problem} onRetry={plain.reload} />
      <MissingNote missing={plain.data?.answer.missing ?? []} />
      {tracks.length === 1 && tracks[0] ? (
        <Tiles track={tracks[0]} numbers={numbers} shown={shown} />
      ) : (
        <Rows tracks={tracks} view={view} numbers={numbers} shown={shown} />
      )}
      {many && isNumber && (
        <button type="button" class="link" onClick={() => setAsked(question)}>
          {th("stat.percentiles.ask", { count: formatCount(samples) })}
        </button>
      )}
    </Card>
  );
}
