/** Alarms: the list of what stands now, the journal of what happened, how good it all is, and hand-over notes. */
import { lazy } from "../ui/lazy";
import { session } from "../api/session";
import { AlarmsList } from "../alarms/alarms-list";
import { readFilter } from "../alarms/filter";
import { alarmsLive } from "../alarms/watch";
import { tl } from "../i18n/alarms";
import { route, routeAddress } from "../router";
import { useStore } from "../store";
import "../style/access.css";
import "../style/alarms.css";
import "../style/tenants.css";
import { PageHead } from "../ui/parts";
import { Tabs } from "./access-parts";

const JournalView = lazy(async () => (await import("../alarms/journal")).JournalView);
const StatisticsView = lazy(async () => (await import("../alarms/statistics")).StatisticsView);
const HandoversView = lazy(async () => (await import("../alarms/handovers")).HandoversView);

const VIEWS = ["list", "journal", "statistics", "handover"] as const;

export function AlarmsPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  const live = useStore(alarmsLive);
  const view = VIEWS.find((name) => name === query.get("view")) ?? "list";
  const tabs = VIEWS.map((name) => ({
    name,
    text: tl(`alarms.view.${name}`),
    href: routeAddress("alarms", "", name === "list" ? {} : { view: name }),
  }));
  const opened = view === "list" ? rest : "";
  return (
    <div class={`page page-wide alarms-page${opened ? " access-chosen" : ""}`}>
      <PageHead
        title={tl("alarms.title")}
        text={
          view === "list"
            ? tl(live ? "alarms.text" : "alarms.text.asked")
            : tl(`alarms.${view}.text`)
        }
      >
        <Tabs label={tl("alarms.views")} shown={view} tabs={tabs} />
      </PageHead>
      {view === "list" && <AlarmsList filter={readFilter(query)} opened={opened} />}
      {view === "journal" && (
        <JournalView alarm={query.get("alarm") ?? ""} match={query.get("match") ?? ""} />
      )}
      {view === "statistics" && <StatisticsView match={query.get("match") ?? ""} />}
      {view === "handover" && <HandoversView branch={query.get("branch") ?? ""} />}
    </div>
  );
}
