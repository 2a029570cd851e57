/** Every sample of the span, newest first, told in pages as one scrolls; what was corrected shows what it was. */
import { useState } from "preact/hooks";
import { usePages } from "../api/query";
import { mayAnnotate, mayPoint } from "../api/session";
import { formatCount, formatDuration, formatTime, formatUtc, formatValue } from "../format";
import { t } from "../i18n";
import { th } from "../i18n/history";
import { Button, Card, Empty, ProblemNote, Quality, Skeleton } from "../ui/parts";
import { askSamples, samplesDownload, timeText } from "./ask";
import { AnnotateDialog, CorrectDialog, type Notes } from "./notes";
import type { Span } from "./range";
import { RowGrid, type GridColumn } from "./row-grid";
import type { Track } from "./track";
import type { RawSample } from "./types";
import type { View } from "./view";

const PAGE = 1000;
const AHEAD_ROWS = 60;

function useSamples(path: string, span: Span, open: boolean, round: number) {
  return usePages<RawSample>(
    `samples ${open} ${path} ${span.from} ${span.to} ${round}`,
    async (after, signal) => {
      if (!open || !path) return { items: [], next: null };
      const to = typeof after === "string" ? after : timeText(span.to);
      const answer = await askSamples(path, span.from, to, PAGE, signal);
      const items = answer.points[0]?.samples ?? [];
      const last = items[items.length - 1];
      return { items, next: last && items.length === PAGE ? String(last[0]) : null };
    },
  );
}

/** Of many points one at a time. */
function Which(props: { paths: string[]; path: string; onPath: (path: string) => void }) {
  if (props.paths.length < 2) return null;
  return (
    <label class="which">
      <span class="hidden">{t("point.title")}</span>
      <select value={props.path} onChange={(event) => props.onPath(event.currentTarget.value)}>
        {props.paths.map((path) => (
          <option key={path} value={path}>
            {path}
          </option>
        ))}
      </select>
    </label>
  );
}

const columns = (): GridColumn[] => [
  { name: "time", title: t("point.time") },
  { name: "value", title: t("branch.value"), number: true },
  { name: "quality", title: t("filter.quality") },
  { name: "late", title: th("sample.late"), number: true },
];
const WIDTHS = "minmax(178px, 1.3fr) minmax(80px, 1fr) minmax(90px, 1fr) minmax(64px, 0.6fr)";
const LEAST = 472; /* these, their gaps and margins */

type Open = "correct" | "annotate" | null;

function Grid(props: { path: string; track: Track | undefined; span: Span; notes: Notes }) {
  const { path, track, span, notes } = props;
  const [round, setRound] = useState(0);
  const [active, setActive] = useState(-1);
  const [open, setOpen] = useState<Open>(null);
  const list = useSamples(path, span, true, round);
  const items = list.items ?? [];
  const chosen = items[active];
  const mayCorrect = mayPoint(path, "configure");
  const done = () => {
    setOpen(null);
    notes.reload();
    setRound((old) => old + 1);
  };
  const corrected = new Map(
    notes.corrections
      .filter((correction) => correction.path === path)
      .map((correction) => [Date.parse(correction.time), correction]),
  );
  const type = track?.type ?? "float64";
  const cells = (row: number) => {
    const sample = items[row];
    if (!sample) return undefined;
    const [time, value, quality, late] = sample;
    const correction = corrected.get(typeof time === "number" ? time : Date.parse(time));
    return [
      <time key="time" dateTime={formatUtc(time)} title={formatUtc(time)}>
        {formatTime(time, true)}
      </time>,
      <span key="value" title={formatValue(value, type, true)}>
        {formatValue(value, type)}
        {correction && (
          <del class="faint" title={th("sample.original")}>
            {formatValue(correction.original?.value ?? null, type)}
          </del>
        )}
      </span>,
      <Quality key="quality" quality={quality ?? "good"} brief={false} />,
      late === undefined ? "" : formatDuration(late),
    ];
  };
  if (list.items?.length === 0) return <Empty icon="clock" title={th("trend.nothing")} />;
  if (!list.items && !list.problem) return <Skeleton rows={6} />;
  return (
    <>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      <div class="sample-tools">
        <span class="faint" role="status">
          {th(list.hasMore ? "sample.first" : "sample.all", {
            count: items.length,
            shown: formatCount(items.length),
          })}
        </span>
        {mayCorrect && (
          <Button icon="edit" disabled={!chosen} onClick={() => setOpen("correct")}>
            {th("sample.correct")}
          </Button>
        )}
        {mayAnnotate(path) && (
          <Button icon="note" disabled={!chosen} onClick={() => setOpen("annotate")}>
            {th("sample.annotate")}
          </Button>
        )}
      </div>
      <div class="sample-grid">
        <RowGrid
          label={th("sample.title")}
          columns={columns()}
          widths={WIDTHS}
          least={LEAST}
          count={items.length + (list.hasMore ? 1 : 0)}
          cells={cells}
          active={active}
          onActive={setActive}
          onEnter={() => chosen && mayCorrect && setOpen("correct")}
          onSeen={(_from, to) => {
            if (list.hasMore && !list.loading && to > items.length - AHEAD_ROWS) list.more();
          }}
        />
      </div>
      {open === "correct" && chosen && (
        <CorrectDialog
          path={path}
          type={type}
          unit={track?.unit ?? ""}
          time={formatUtc(chosen[0])}
          value={chosen[1]}
          onDone={done}
          onClose={() => setOpen(null)}
        />
      )}
      {open === "annotate" && chosen && (
        <AnnotateDialog
          paths={[path]}
          span={span}
          at={formatUtc(chosen[0])}
          onDone={done}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}

export function SampleTable(props: {
  view: View;
  span: Span;
  tracks: Track[] | undefined;
  notes: Notes;
}) {
  const { view, span, tracks, notes } = props;
  /** The span as it was when the table was opened: rows do not move under who reads them. */
  const [shown, setShown] = useState<Span | null>(null);
  const [path, setPath] = useState("");
  const named = view.paths.includes(path) ? path : (view.paths[0] ?? "");
  const track = tracks?.find((one) => one.path === named);
  return (
    <Card
      title={th("sample.title")}
      class="samples-card"
      aside={
        <span class="sample-tools">
          <a
            class="button button-plain"
            href={samplesDownload(view.paths, span)}
            download="samples.csv"
          >
            {th("download.csv")}
          </a>
          {shown ? (
            <>
              <Button
                kind="quiet"
                icon="reload"
                label={t("reload")}
                onClick={() => setShown(span)}
              />
              <Button onClick={() => setShown(null)}>{th("sample.hide")}</Button>
            </>
          ) : (
            <Button onClick={() => setShown(span)}>{th("sample.show")}</Button>
          )}
        </span>
      }
    >
      {!shown && <p class="hint">{th("sample.text")}</p>}
      {shown && <Which paths={view.paths} path={named} onPath={setPath} />}
      {shown && (
        <Grid
          key={`${named} ${shown.from} ${shown.to}`}
          path={named}
          track={track}
          span={shown}
          notes={notes}
        />
      )}
    </Card>
  );
}
