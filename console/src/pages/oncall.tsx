/** Who is told of an alarm, and how: rosters, channels, which alarms go where, and what became of what was sent. */
import { lazy } from "../ui/lazy";
import { session } from "../api/session";
import { tr } from "../i18n/rules";
import { route, routeAddress } from "../router";
import { useStore } from "../store";
import "../style/access.css";
import "../style/alarms.css";
import { PageHead } from "../ui/parts";
import { Tabs } from "./access-parts";

const RostersView = lazy(async () => (await import("../alarms/rosters")).RostersView);
const ChannelsView = lazy(async () => (await import("../alarms/channels")).ChannelsView);
const RoutesView = lazy(async () => (await import("../alarms/notice-routes")).RoutesView);
const DeliveriesView = lazy(async () => (await import("../alarms/deliveries")).DeliveriesView);

const VIEWS = ["rosters", "channels", "routes", "deliveries"] as const;

export function OnCallPage() {
  useStore(session);
  const { query } = useStore(route);
  const view = VIEWS.find((name) => name === query.get("view")) ?? "rosters";
  const tabs = VIEWS.map((name) => ({
    name,
    text: tr(`oncall.view.${name}`),
    href: routeAddress("oncall", "", name === "rosters" ? {} : { view: name }),
  }));
  return (
    <div class="page page-wide">
      <PageHead title={tr("oncall.title")} text={tr(`oncall.${view}.text`)}>
        <Tabs label={tr("oncall.views")} shown={view} tabs={tabs} />
      </PageHead>
      {view === "rosters" && <RostersView />}
      {view === "channels" && <ChannelsView />}
      {view === "routes" && <RoutesView />}
      {view === "deliveries" && <DeliveriesView channel={query.get("channel") ?? ""} />}
    </div>
  );
}
