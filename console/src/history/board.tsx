/**
 * A trend with all that belongs to it: ranges, drawing, what the cursor means, legend, statistics, samples, notes.
 * What it shows is a view; each change is told as another view, and whoever owns the address keeps it.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { serverNow } from "../api/clock";
import type { Limits } from "../api/types";
import { formatCount, formatTime, formatValue } from "../format";
import { useLanguage } from "../i18n";
import { th } from "../i18n/history";
import { useStore } from "../store";
import "../style/history.css";
import { Icon } from "../ui/icon";
import { ProblemNote } from "../ui/parts";
import { CostNote, MissingNote } from "./answer-notes";
import { Legend } from "./legend";
import { TrendModel, type TrendState } from "./model";
import { marksOf, NotesCard, useNotes } from "./notes";
import { Options } from "./options";
import { lastOf, panSpan, rangeOf, zoomSpan, type Range } from "./range";
import { RangeBar } from "./range-bar";
import { lengthWords } from "./range-text";
import { SampleTable } from "./sample-table";
import { StatisticsCard } from "./statistics";
import { nextTime, readingLast } from "./track";
import type { View } from "./view";

export interface BoardProps {
  view: View;
  onView: (view: View) => void;
  /** Of the one point, if it is one. */
  limits: Limits;
  /** Beside the range buttons: what the page adds. */
  tools?: ComponentChildren;
  /** The wheel zooms at once; else only after the trend was clicked, so that a page can be scrolled past it. */
  large?: boolean;
  onHidden?: (path: string) => void;
  onRemove?: (path: string) => void;
}

/** The model lives as long as the component; what changes is handed to it. */
function useModel(props: BoardProps, choosing: boolean, wheel: boolean) {
  const { view, limits } = props;
  const latest = useRef(props);
  latest.current = props;
  const pointed = useRef<(time: number | null) => void>(() => undefined);
  const [model] = useState(
    () =>
      new TrendModel(
        view,
        { limits, marks: [], choosing, wheel },
        (range) => latest.current.onView({ ...latest.current.view, range }),
        (time) => pointed.current(time),
      ),
  );
  useEffect(() => () => model.destroy(), [model]);
  const state = useStore(model.state);
  // Of points that are there: nothing is asked of an address that is out of date.
  const notes = useNotes(state.tracks?.map(({ path }) => path) ?? []);
  const marks = useMemo(() => marksOf(notes), [notes.annotations, notes.corrections]);
  const look = { limits, marks, choosing, wheel };
  const key = JSON.stringify(view);
  useEffect(() => model.setView(view), [model, key]);
  const lookKey = JSON.stringify(look);
  useEffect(() => model.setLook(look), [model, lookKey]);
  // A sample that was corrected is another one now.
  const corrected = Math.max(0, ...notes.corrections.map(({ correction }) => correction));
  const known = useRef<number | null>(null);
  useEffect(() => {
    if (!notes.loaded) return;
    if (known.current !== null && corrected > known.current) model.askAgain();
    known.current = corrected;
  }, [model, corrected, notes.loaded]);
  const language = useLanguage();
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) model.rebuild();
    first.current = false;
  }, [model, language]);
  return { model, state, notes, pointed };
}

function Nothing({ state, props }: { state: TrendState; props: BoardProps }) {
  const { tracks, asked, loading } = state;
  if (!tracks || !asked || loading || props.view.paths.length === 0) return null;
  const shown = tracks.some(
    ({ samples, kind, before }) => samples > 0 || (kind !== "line" && before !== null),
  );
  if (shown || state.problem) return null;
  const earlier = tracks
    .flatMap(({ before }) => (before ? [before.time] : []))
    .sort((a, b) => b - a)[0];
  const length = asked.to - asked.from;
  return (
    <div class="trend-nothing">
      <Icon name="clock" size={26} />
      <p class="empty-title">{th("trend.nothing")}</p>
      {earlier === undefined ? (
        <p>{th("trend.nothing.ever")}</p>
      ) : (
        <>
          <p>{th("trend.nothing.before", { time: formatTime(earlier) })}</p>
          <button
            type="button"
            class="button button-plain"
            onClick={() => {
              const span = { from: earlier - length * 0.75, to: earlier + length * 0.25 };
              props.onView({ ...props.view, range: { kind: "between", span } });
            }}
          >
            {th("trend.nothing.go")}
          </button>
        </>
      )}
    </div>
  );
}

/** What the cursor means, said in words: beside the drawing, and to who cannot see it. */
function useReadout(model: TrendModel, view: View) {
  const line = useRef<HTMLParagraphElement>(null);
  const spoken = useRef<HTMLParagraphElement>(null);
  const legend = useRef(new Map<string, HTMLElement>());
  const tell = (time: number | null, aloud = false) => {
    const tracks = model.state.get().tracks ?? [];
    const texts: string[] = [];
    for (const track of tracks) {
      if (view.hidden.includes(track.path)) continue;
      const reading = time === null ? readingLast(track) : model.drawing?.reading(track, time);
      const cell = legend.current.get(track.path);
      const value = reading ? formatValue(reading.value, track.type, true) : "";
      const text = [value, value && track.unit].filter(Boolean).join(" ");
      if (cell) cell.textContent = text;
      if (!reading || time === null) continue;
      const quality = reading.quality ? ` (${reading.quality.replaceAll("_", " ")})` : "";
      texts.push(`${text}${quality}, ${formatTime(reading.time, true)}`);
    }
    const alone = tracks.length === 1;
    const words = time === null ? "" : alone ? (texts[0] ?? "") : formatTime(time, true);
    if (line.current) line.current.textContent = words;
    if (aloud && spoken.current) spoken.current.textContent = texts.join("; ");
  };
  return { line, spoken, legend, tell };
}

const KEYS = "ArrowLeft ArrowRight + = - Home End , .".split(" ");

function useKeys(
  model: TrendModel,
  props: BoardProps,
  tell: (time: number | null, aloud: boolean) => void,
) {
  const cursor = useRef<number | null>(null);
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS.includes(event.key)) return;
    event.preventDefault();
    const span = model.shown;
    const length = span.to - span.from;
    const go = (range: Range) => props.onView({ ...props.view, range });
    const { key } = event;
    if (key === "Home") go({ kind: "all" });
    else if (key === "End") go(lastOf(length));
    else if (key === "," || key === ".") {
      const tracks = model.state.get().tracks ?? [];
      const from = cursor.current ?? (key === "." ? span.from : span.to);
      const time = nextTime(tracks, from, key === ".");
      if (time === undefined) return;
      cursor.current = time;
      model.drawing?.pointAt(time);
      tell(time, true);
    } else {
      const moved =
        key === "ArrowLeft" || key === "ArrowRight"
          ? panSpan(span, length * (key === "ArrowLeft" ? -0.1 : 0.1))
          : zoomSpan(span, key === "-" ? 1.5 : 1 / 1.5, (span.from + span.to) / 2);
      go(rangeOf(moved, serverNow()));
    }
  };
}

function Foot({ state, model }: { state: TrendState; model: TrendModel }) {
  const { tracks, cost, asked } = state;
  const samples = tracks?.reduce((sum, track) => sum + track.samples, 0) ?? 0;
  const exact = tracks?.every((track) => track.exact) ?? true;
  const { from, to } = asked ?? model.shown;
  return (
    <p class="trend-foot">
      <span>{lengthWords(to - from)}</span>
      {tracks && (
        <span>
          {th(exact ? "trend.samples" : "trend.samples.reduced", {
            count: samples,
            shown: formatCount(samples),
          })}
        </span>
      )}
      <CostNote cost={cost} />
    </p>
  );
}

export function TrendBoard(props: BoardProps) {
  const { view, onView } = props;
  const [choosing, setChoosing] = useState(false);
  const [active, setActive] = useState(false);
  const [help, setHelp] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const large = props.large === true;
  const { model, state, notes, pointed } = useModel(props, choosing, large || active);
  const readout = useReadout(model, view);
  pointed.current = readout.tell;
  useEffect(() => {
    if (box.current) model.mount(box.current);
  }, [model]);
  const onKeyDown = useKeys(model, props, readout.tell);
  const span = state.asked ?? model.shown;
  return (
    <div class={`board${props.large ? " board-large" : ""}`}>
      <div class="board-bar">
        <RangeBar
          range={view.range}
          span={() => model.shown}
          onRange={(range) => onView({ ...view, range })}
        />
        <Options
          view={view}
          onView={onView}
          choosing={choosing}
          onChoosing={setChoosing}
          tools={props.tools}
          help={help}
          onHelp={setHelp}
        />
      </div>
      <p id="trend-help" class={help ? "hint" : "hidden"}>
        {th("trend.help")}
      </p>
      <ProblemNote problem={state.problem} onRetry={() => model.askAgain()} />
      <MissingNote missing={state.missing} />
      <div class="trend-frame">
        <p ref={readout.line} class="trend-readout" />
        <div
          ref={box}
          class={`trend-canvas${choosing ? " trend-choosing" : ""}`}
          role="group"
          tabIndex={0}
          aria-label={th("trend.label")}
          aria-describedby="trend-help"
          onKeyDown={onKeyDown}
          onPointerDown={() => setActive(true)}
          onFocus={() => setActive(true)}
          onBlur={() => setActive(false)}
        />
        <p ref={readout.spoken} class="hidden" role="status" />
        <span class={`trend-busy${state.loading ? " trend-busy-on" : ""}`} aria-hidden="true" />
        <Nothing state={state} props={props} />
      </div>
      <Foot state={state} model={model} />
      {view.paths.length > 1 && <Legend {...props} state={state} cells={readout.legend.current} />}
      {view.paths.length > 0 && (
        <>
          <StatisticsCard view={view} span={span} tracks={state.tracks} />
          <SampleTable view={view} span={span} tracks={state.tracks} notes={notes} />
          <NotesCard view={view} span={span} notes={notes} onView={onView} />
        </>
      )}
    </div>
  );
}
