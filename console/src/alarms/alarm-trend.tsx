/** The point around an alarm: from a while before it was raised to a while after it was over, or to now. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Limits } from "../api/types";
import { TrendModel } from "../history/model";
import type { PlotMark } from "../history/plot";
import type { Range } from "../history/range";
import { trendsAddress, viewOf, type View } from "../history/view";
import { tl } from "../i18n/alarms";
import { useStore } from "../store";
import "../style/history.css";
import { Icon } from "../ui/icon";
import { ProblemNote } from "../ui/parts";

export function AlarmTrend(props: { path: string; range: Range; limits: Limits; at: number }) {
  const { path, limits, at } = props;
  const box = useRef<HTMLDivElement>(null);
  const first: View = { ...viewOf([path]), range: props.range };
  const [view, setView] = useState(first);
  const rangeKey = JSON.stringify(props.range);
  useEffect(() => setView({ ...viewOf([path]), range: props.range }), [path, rangeKey]);
  const marks = useMemo<PlotMark[]>(() => [{ from: at, to: at, kind: "correction" }], [at]);
  const [model] = useState(
    () =>
      new TrendModel(
        first,
        { limits, marks, choosing: false, wheel: false },
        (range) => setView((old) => ({ ...old, range })),
        () => undefined,
      ),
  );
  useEffect(() => {
    if (box.current) model.mount(box.current);
    return () => model.destroy();
  }, [model]);
  const viewKey = JSON.stringify(view);
  useEffect(() => model.setView(view), [model, viewKey]);
  const lookKey = JSON.stringify([limits, marks]);
  useEffect(
    () => model.setLook({ limits, marks, choosing: false, wheel: false }),
    [model, lookKey],
  );
  const state = useStore(model.state);
  return (
    <div class="alarm-trend">
      <ProblemNote problem={state.problem} />
      <div class="trend-frame">
        <div
          ref={box}
          class="trend-canvas"
          role="img"
          aria-label={tl("alarms.trend.label", { path })}
        />
      </div>
      <a class="link" href={trendsAddress(view)}>
        <Icon name="trends" size={15} />
        {tl("alarms.trend.open")}
      </a>
    </div>
  );
}
