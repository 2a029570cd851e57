/** Rows with times and numbers, drawn: dragging and zooming as in a trend, without asking again. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatTime, formatValue } from "../format";
import { axesOf } from "../history/scales";
import { lineColor } from "../history/palette";
import { Plot, type PlotModel } from "../history/plot";
import { fitSpan, type Span } from "../history/range";
import { useLanguage } from "../i18n";
import { th } from "../i18n/history";
import { onTheme } from "../theme";
import type { Charted } from "./result";

function wholeOf({ tracks }: Charted): Span {
  let [from, to] = [Infinity, -Infinity];
  for (const { times } of tracks) {
    from = Math.min(from, times[0] ?? Infinity);
    to = Math.max(to, times[times.length - 1] ?? -Infinity);
  }
  const margin = (to - from) * 0.01;
  return fitSpan({ from: from - margin, to: to + margin });
}

function modelOf(charted: Charted, hidden: Set<string>, span: Span): PlotModel {
  const shown = charted.tracks.flatMap((track, place) =>
    hidden.has(track.path) ? [] : [{ track, place }],
  );
  return {
    span,
    ...axesOf(shown, "unit", span, {}, 2),
    limits: {},
    marks: [],
    join: false,
    now: Infinity,
  };
}

export function ResultChart({ charted }: { charted: Charted }) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLParagraphElement>(null);
  const whole = useMemo(() => wholeOf(charted), [charted]);
  const span = useRef(whole);
  const [hidden, setHidden] = useState(new Set<string>());
  const [theme, setTheme] = useState(0);
  const language = useLanguage();
  const plot = useRef<Plot | null>(null);
  const latest = useRef(hidden);
  latest.current = hidden;
  useEffect(() => onTheme(() => setTheme((old) => old + 1)), []);
  useEffect(() => {
    span.current = whole;
  }, [whole]);
  useEffect(() => {
    if (!box.current) return;
    const draw = () => plot.current?.draw(modelOf(charted, latest.current, span.current));
    const made = new Plot(box.current, modelOf(charted, latest.current, span.current), {
      span: () => span.current,
      show(next) {
        span.current = next;
        draw();
      },
      keep: () => undefined,
      isChoosing: () => false,
      takesWheel: (event) => event.ctrlKey || event.metaKey,
      resized: draw,
      point(time) {
        if (!readout.current) return;
        const texts = charted.tracks.slice(0, 6).flatMap((track) => {
          const reading = time === null ? null : made.reading(track, time);
          return reading ? [`${track.path} ${formatValue(reading.value, "float64", true)}`] : [];
        });
        readout.current.textContent =
          time === null ? "" : [formatTime(time, true), ...texts].join(" · ");
      },
    });
    plot.current = made;
    return () => made.destroy();
  }, [charted, theme, language]);
  useEffect(() => {
    plot.current?.draw(modelOf(charted, hidden, span.current));
  }, [hidden, charted]);
  const toggle = (path: string) => {
    const next = new Set(hidden);
    if (!next.delete(path)) next.add(path);
    setHidden(next);
  };
  return (
    <figure class="sql-chart" aria-label={th("sql.chart")}>
      <div class="trend-frame">
        <p ref={readout} class="trend-readout" />
        <div ref={box} class="trend-canvas" />
      </div>
      <ul class="sql-legend">
        {charted.tracks.map(({ path }, place) => (
          <li key={path}>
            <button
              type="button"
              class={`chip${hidden.has(path) ? " legend-hidden" : ""}`}
              aria-pressed={!hidden.has(path)}
              onClick={() => toggle(path)}
            >
              <span class="stat-swatch" style={{ background: `var(${lineColor(place)})` }} />
              <span class="legend-name">{path}</span>
            </button>
          </li>
        ))}
      </ul>
      {charted.more && <p class="hint">{th("sql.chart.more", { count: charted.tracks.length })}</p>}
    </figure>
  );
}
