/** Points whose path holds a text, or matches a pattern, with their values. */
import { useState } from "preact/hooks";
import { get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import type { PointBrief, PointList } from "../api/types";
import { formatCount, formatShare } from "../format";
import { t } from "../i18n";
import { Empty, ProblemNote, Skeleton } from "../ui/parts";
import { PointRows } from "./point-rows";

const PAGE = 200;

/** A text with wildcards is a pattern of paths. */
export function searchQuery(text: string): { match?: string; contains?: string } {
  return /[*?+#]/.test(text) ? { match: text } : { contains: text };
}

function Path({ path, text }: { path: string; text: string }) {
  const at = path.toLowerCase().indexOf(text.toLowerCase());
  if (at < 0) return <>{path}</>;
  return (
    <>
      {path.slice(0, at)}
      <mark>{path.slice(at, at + text.length)}</mark>
      {path.slice(at + text.length)}
    </>
  );
}

export function SearchView(props: {
  text: string;
  filter: Record<string, string>;
  selected: string;
}) {
  const { text, filter } = props;
  const [entered, setEntered] = useState(1);
  const key = `points ${text} ${JSON.stringify(filter)}`;
  const list = usePages<PointBrief>(key, async (after, signal) => {
    const query = { ...searchQuery(text), ...filter, after, limit: PAGE };
    const answer = await get<PointList>(withQuery("/v1/points", query), signal);
    setEntered(answer.entered ?? 1);
    return { items: answer.points, next: answer.next };
  });
  const { items = [], hasMore } = list;

  if (!list.items && !list.problem) return <Skeleton rows={10} />;
  return (
    <>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      {entered < 1 && (
        <p class="hint" role="status">
          {t("tree.entered", { share: formatShare(entered) })}
        </p>
      )}
      {list.items?.length === 0 && (
        <Empty
          icon="search"
          title={text ? t("empty.search", { text }) : t("empty.filter")}
          text={t("empty.points.search")}
        />
      )}
      {items.length > 0 && (
        <>
          <p class="hint" role="status">
            {t(hasMore ? "search.first" : "search.all", {
              count: items.length,
              shown: formatCount(items.length),
            })}
          </p>
          <PointRows
            question={key}
            label={t("search.label")}
            list={list}
            selected={props.selected}
            name={(point) => <Path path={point.path} text={text} />}
          />
        </>
      )}
    </>
  );
}
