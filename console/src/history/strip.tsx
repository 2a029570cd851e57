/** A trend without its instruments: a drawing that goes on with the clock, and whose line is whose. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Limits } from "../api/types";
import { namesApart } from "../boards/widgets";
import { formatUnit, formatValue } from "../format";
import { useLanguage } from "../i18n";
import { th } from "../i18n/history";
import { useLivePaths } from "../live/hooks";
import { useStore } from "../store";
import "../style/assets.css";
import "../style/history.css";
import { ProblemNote } from "../ui/parts";
import { TrendModel } from "./model";
import { lineColor } from "./palette";
import type { Range } from "./range";
import { readingLast } from "./track";
import type { View } from "./view";

function LegendLine(props: { path: string; name: string; place: number; value: string }) {
  return (
    <li>
      <svg width="14" height="10" aria-hidden="true">
        <path d="M0 5h14" stroke-width="3" style={{ stroke: `var(${lineColor(props.place)})` }} />
      </svg>
      <span title={props.path}>{props.name}</span>
      <strong>{props.value}</strong>
    </li>
  );
}

const NO_LIMITS: Limits = {};

export function TrendStrip(props: {
  paths: string[];
  range: Range;
  limits?: Limits;
  onRange?: (range: Range) => void;
}) {
  const { paths, range, limits = NO_LIMITS } = props;
  const view: View = { paths, range, axes: "unit", hidden: [], join: false };
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const look = { limits, marks: [], choosing: false, wheel: false };
  const [model] = useState(
    () =>
      new TrendModel(
        view,
        look,
        (next) => latest.current.onRange?.(next),
        () => undefined,
      ),
  );
  useEffect(() => () => model.destroy(), [model]);
  useEffect(() => {
    if (box.current) model.mount(box.current);
  }, [model]);
  const key = JSON.stringify(view);
  useEffect(() => model.setView(view), [model, key]);
  const lookKey = JSON.stringify(look);
  useEffect(() => model.setLook(look), [model, lookKey]);
  const language = useLanguage();
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) model.rebuild();
    first.current = false;
  }, [model, language]);
  const { problem, tracks } = useStore(model.state);
  const live = useLivePaths(paths);
  const names = namesApart(paths);
  return (
    <div class="strip">
      <ProblemNote problem={problem} onRetry={() => model.askAgain()} />
      <div ref={box} class="trend-canvas" role="img" aria-label={th("trend.label")} />
      <ul class="strip-legend">
        {paths.map((path, place) => {
          const track = tracks?.find((one) => one.path === path);
          const last = range.kind === "last" ? live.get(path) : undefined;
          const reading = last ?? (track && readingLast(track));
          const unit = formatUnit(last?.unit) || (track?.unit ?? "");
          const type = last?.type ?? track?.type ?? "";
          const text = reading ? `${formatValue(reading.value, type)} ${unit}` : "";
          return (
            <LegendLine
              key={path}
              path={path}
              name={names[place] ?? path}
              place={place}
              value={text}
            />
          );
        })}
      </ul>
    </div>
  );
}
