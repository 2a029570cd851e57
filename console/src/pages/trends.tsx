/** Several points in one trend: found by text or pattern, on the axes one likes; the address has it all. */
import { useMemo, useRef } from "preact/hooks";
import { get, pathAddress } from "../api/http";
import { useQuery } from "../api/query";
import type { Point } from "../api/types";
import { AddPoints } from "../history/add-points";
import { TrendBoard } from "../history/board";
import { SavedMenu } from "../history/saved-menu";
import { POINTS_MAX, readView, trendsAddress, type View } from "../history/view";
import { th } from "../i18n/history";
import { goTo, route } from "../router";
import { useStore } from "../store";
import { Card, Empty, PageHead } from "../ui/parts";

/** Limits are drawn where one point is shown alone. */
function useLimits(view: View) {
  const shown = view.paths.filter((path) => !view.hidden.includes(path));
  const path = shown.length === 1 ? (shown[0] ?? "") : "";
  const { data } = useQuery(`limits ${path}`, (signal) =>
    path
      ? get<Point>(`/v1/points/${pathAddress(path)}`, signal).catch(() => undefined)
      : Promise.resolve(undefined),
  );
  return useMemo(() => data?.limits ?? {}, [data]);
}

function nameFor(view: View): string {
  return view.paths
    .slice(0, 3)
    .map((path) => path.split("/").slice(-2).join("/"))
    .join(", ");
}

export function TrendsPage() {
  const { query } = useStore(route);
  const view = useMemo(() => readView(query), [query]);
  const limits = useLimits(view);
  const latest = useRef(view);
  latest.current = view;
  const onView = (next: View) => goTo(trendsAddress(next));
  const full = view.paths.length >= POINTS_MAX;
  return (
    <div class="page page-wide">
      <PageHead title={th("trends.title")} text={th("trends.text")}>
        <SavedMenu suggested={nameFor(view)} />
      </PageHead>
      {full ? (
        <p class="hint">{th("trends.full", { count: POINTS_MAX })}</p>
      ) : (
        <AddPoints
          paths={view.paths}
          onAdd={(paths) => onView({ ...latest.current, paths: [...view.paths, ...paths] })}
        />
      )}
      {view.paths.length === 0 ? (
        <Card>
          <Empty icon="trends" title={th("trends.none")} text={th("trends.none.text")} />
        </Card>
      ) : (
        <TrendBoard
          large
          view={view}
          limits={limits}
          onView={onView}
          onRemove={(path) =>
            onView({
              ...view,
              paths: view.paths.filter((other) => other !== path),
              hidden: view.hidden.filter((other) => other !== path),
            })
          }
        />
      )}
    </div>
  );
}
