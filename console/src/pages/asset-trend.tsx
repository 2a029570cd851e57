/** The trend of an asset's points, on its page: up to now, or around the time that is looked at. */
import { useState } from "preact/hooks";
import type { Limits } from "../api/types";
import { TrendStrip } from "../history/strip";
import type { Range } from "../history/range";
import { trendsAddress, viewOf } from "../history/view";
import { ts } from "../i18n/assets";
import { Icon } from "../ui/icon";
import { Card, Segmented } from "../ui/parts";

const DRAWN_MAX = 8;
const HOUR = 3_600_000;
const SPANS = ["hour", "day", "week"] as const;
type Span = (typeof SPANS)[number];
const LENGTHS: Record<Span, number> = { hour: HOUR, day: 24 * HOUR, week: 168 * HOUR };

/** As much before the time as after it. */
export function rangeAround(at: string, length: number): Range {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return { kind: "last", ms: length };
  return { kind: "between", span: { from: ms - length / 2, to: ms + length / 2 } };
}

/** limits: of the one point, if it is one. */
export function AssetTrend(props: { paths: string[]; at: string; limits: Limits }) {
  const { paths, at, limits } = props;
  const [span, setSpan] = useState<Span>("hour");
  const [own, setOwn] = useState<Range>();
  const drawn = paths.slice(0, DRAWN_MAX);
  const range = own ?? rangeAround(at, LENGTHS[span]);
  return (
    <Card
      title={ts("trend")}
      aside={
        <a class="link" href={trendsAddress({ ...viewOf(drawn), range })}>
          <Icon name="trends" size={15} />
          {ts("trend.whole")}
        </a>
      }
    >
      <div class="strip-tools">
        <Segmented
          label={ts("trend.span")}
          value={own ? ("" as Span) : span}
          options={SPANS.map((value) => ({ value, text: ts(`span.${value}`) }))}
          onChange={(next) => {
            setOwn(undefined);
            setSpan(next);
          }}
        />
        {paths.length > DRAWN_MAX && (
          <span class="faint">{ts("trend.some", { count: DRAWN_MAX, all: paths.length })}</span>
        )}
      </div>
      <TrendStrip paths={drawn} range={range} limits={limits} onRange={setOwn} />
    </Card>
  );
}
