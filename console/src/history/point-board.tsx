/** The trend of one point, on its page: the address of the page has the range. */
import { useMemo } from "preact/hooks";
import type { Limits } from "../api/types";
import { th } from "../i18n/history";
import { goTo, pointAddress, route } from "../router";
import { useStore } from "../store";
import { Icon } from "../ui/icon";
import { TrendBoard } from "./board";
import { SavedMenu } from "./saved-menu";
import { queryText, readView, trendsAddress, writeView, type View } from "./view";

export function PointBoard({ path, limits }: { path: string; limits: Limits }) {
  const { query } = useStore(route);
  const view = useMemo(() => readView(query, path), [query, path]);
  const onView = (next: View) => {
    const words = queryText(writeView(next, true));
    goTo(`${pointAddress(path)}${words ? `?${words}` : ""}`);
  };
  return (
    <TrendBoard
      view={view}
      limits={limits}
      onView={onView}
      tools={
        <>
          <a class="chip" href={trendsAddress(view)}>
            <Icon name="trends" size={15} />
            <span>{th("trend.compare")}</span>
          </a>
          <SavedMenu suggested={path} />
        </>
      }
    />
  );
}
