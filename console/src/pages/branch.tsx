/** A branch: the points below it with their values as they tick, and how to ask for them elsewhere. */
import { useEffect, useRef } from "preact/hooks";
import { pathAddress } from "../api/http";
import { patternBelow, pointsBelow } from "../api/place";
import { usePages } from "../api/query";
import type { PointBrief } from "../api/types";
import { formatCount } from "../format";
import { trendsAddress, viewOf } from "../history/view";
import { t } from "../i18n";
import { PointRows } from "../tree/point-rows";
import { Icon } from "../ui/icon";
import { Card, ProblemNote, Skeleton, Snippet } from "../ui/parts";

const PAGE = 200;
const HTTP_DEFAULT = "127.0.0.1:8080"; /* the command line's, when nothing else is said */

export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function Elsewhere({ path }: { path: string }) {
  const pattern = patternBelow(path);
  const server = location.host === HTTP_DEFAULT ? "" : ` --http ${location.host}`;
  const address = `${location.origin}/v1/points?match=${pathAddress(pattern)}`;
  return (
    <Card title={t("branch.elsewhere")}>
      <p class="hint">{t("branch.elsewhere.text")}</p>
      <div class="snippets">
        <Snippet text={`mainstem live ${shellWord(pattern)}${server}`} />
        <Snippet text={`curl ${shellWord(address)}`} />
      </div>
    </Card>
  );
}

/** As many as there are, told anew when their number changes, unless someone has scrolled on to further pages. */
function usePointsBelow(path: string, count: number) {
  const list = usePages<PointBrief>(`below ${path}`, async (after, signal) => {
    const { points, next } = await pointsBelow(path, after, PAGE, signal);
    return { items: points, next };
  });
  const { items, reload } = list;
  const known = useRef(count);
  useEffect(() => {
    if (known.current !== count && (items?.length ?? 0) <= PAGE) reload();
    known.current = count;
  }, [count, items, reload]);
  return list;
}

const COMPARED_MAX = 20;

/** The first of them in one trend. */
function Compare({ points }: { points: PointBrief[] }) {
  const paths = points.slice(0, COMPARED_MAX).map(({ path }) => path);
  const number = formatCount(paths.length);
  return (
    <a class="link" href={trendsAddress(viewOf(paths))}>
      <Icon name="trends" size={15} />
      {t(points.length > COMPARED_MAX ? "branch.compare.first" : "branch.compare", { number })}
    </a>
  );
}

/** count: of the points below the path, whether there is a point at the path itself or not. */
export function Branch({ path, count }: { path: string; count: number }) {
  const list = usePointsBelow(path, count);
  const from = path.length + 1;
  const wholly = formatCount(count);
  return (
    <>
      <Card
        class="below"
        title={t("branch.below", { count: wholly, number: count })}
        aside={list.items && list.items.length > 1 && <Compare points={list.items} />}
      >
        <ProblemNote problem={list.problem} onRetry={list.reload} />
        {!list.items && !list.problem && <Skeleton rows={8} />}
        {list.items && (
          <div class="below-list" style={{ "--rows": String(list.items.length) }}>
            <div class="below-head" aria-hidden="true">
              <span>{t("point.title")}</span>
              <span class="below-value">{t("branch.value")}</span>
              <span class="below-quality">{t("filter.quality")}</span>
              <span class="below-time">{t("point.time")}</span>
            </div>
            <PointRows
              question={path}
              label={t("branch.list")}
              list={list}
              selected=""
              name={(point) => point.path.slice(from)}
            />
          </div>
        )}
      </Card>
      <Elsewhere path={path} />
    </>
  );
}
