/** Machines: who they are, what proves them, when they were here; many at once by a file or by a claim key. */
import { useMemo, useState } from "preact/hooks";
import { askAccounts, type Device } from "../api/accounts";
import { usePages } from "../api/query";
import { may, session } from "../api/session";
import { formatAge, formatCount } from "../format";
import { RowGrid, type GridColumn } from "../history/row-grid";
import { ta } from "../i18n/access";
import { t } from "../i18n";
import { goTo, route, routeAddress } from "../router";
import { Store, useStore } from "../store";
import "../style/history.css";
import {
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Skeleton,
  useNow,
  useSettled,
} from "../ui/parts";
import { StateBadge, Tabs } from "./access-parts";
import { DevicesFile } from "./devices-file";
import { DevicesKeys } from "./devices-keys";
import { DeviceMakeDialog, proofWords } from "./devices-make";
import { DevicePanel } from "./devices-panel";

const PAGE = 500;
const AHEAD = 200; /* rows before the end of what is here, more are asked for */

/** Stays while devices are looked at. */
const search = new Store("");

/** What was changed here since the list was asked for, by number; null: removed. */
type Changes = Map<number, Device | null>;

function withChanges(items: Device[] | undefined, changes: Changes): Device[] | undefined {
  if (!items || changes.size === 0) return items;
  return items.flatMap((item) => {
    const now = changes.get(item.number);
    return now === null ? [] : [now ?? item];
  });
}

function useDevices(text: string) {
  const [changes, setChanges] = useState<Changes>(new Map());
  const list = usePages<Device>(`devices ${text}`, (after, signal) =>
    askAccounts<Device>("devices", text, after, PAGE, signal),
  );
  const items = useMemo(() => withChanges(list.items, changes), [list.items, changes]);
  return {
    ...list,
    items,
    change: (number: number, device: Device | null) =>
      setChanges((old) => new Map(old).set(number, device)),
  };
}

const COLUMNS = ["name", "state", "grants", "proof", "last"] as const;
const WIDTHS = {
  name: "minmax(140px, 2fr)",
  state: "96px",
  grants: "minmax(110px, 1.6fr)",
  proof: "minmax(90px, 1fr)",
  last: "112px",
};

/** Beside an open device, and on a phone, there is room for less. */
function columnsShown(narrow: boolean, beside: boolean): (typeof COLUMNS)[number][] {
  if (narrow) return ["name", "state"];
  return beside ? ["name", "state", "last"] : [...COLUMNS];
}

function cellOf(device: Device, column: (typeof COLUMNS)[number], now: number) {
  switch (column) {
    case "name":
      return (
        <>
          <span class="name">{device.name}</span> <span class="faint">{device.title}</span>
        </>
      );
    case "state":
      return <StateBadge account={device} />;
    case "grants":
      return device.grants.map(({ role, branch }) => `${role} ${branch}`).join(", ");
    case "proof":
      return proofWords(device);
    case "last":
      return device.last_used ? (
        formatAge(device.last_used, now)
      ) : (
        <span class="faint">{ta("last.never")}</span>
      );
  }
}

function DeviceList(props: {
  list: ReturnType<typeof useDevices>;
  items: Device[];
  chosen: string;
}) {
  const { list, items, chosen } = props;
  const now = useNow(10_000);
  const [narrow] = useState(() => matchMedia("(max-width: 860px)").matches);
  const names = columnsShown(narrow, chosen !== "");
  const columns: GridColumn[] = names.map((name) => ({ name, title: ta(`devices.${name}`) }));
  const active = chosen === "" ? -1 : items.findIndex(({ name }) => name === chosen);
  const open = (row: number) => {
    const device = items[row];
    if (device) goTo(routeAddress("devices", device.name), chosen !== "");
  };
  return (
    <>
      <div class="tall-grid">
        <RowGrid
          label={ta("devices.title")}
          columns={columns}
          widths={names.map((name) => WIDTHS[name]).join(" ")}
          count={items.length + (list.hasMore ? 1 : 0)}
          cells={(row) => {
            const device = items[row];
            return device && names.map((name) => cellOf(device, name, now));
          }}
          active={active}
          onActive={open}
          onSeen={(_, to) => {
            if (list.hasMore && !list.loading && to > items.length - AHEAD) list.more();
          }}
        />
      </div>
      <p class="hint" role="status">
        {list.hasMore
          ? ta("devices.count.more", { count: formatCount(items.length) })
          : ta("devices.count", { count: items.length, number: formatCount(items.length) })}
      </p>
    </>
  );
}

function NoDevices({ text, onMake }: { text: string; onMake: () => void }) {
  if (text !== "")
    return (
      <Empty icon="search" title={t("empty.search", { text })} text={t("empty.search.text")} />
    );
  if (!may("devices", "administer"))
    return <Empty icon="devices" title={ta("devices.none")} text={ta("devices.none.see")} />;
  return (
    <Empty icon="devices" title={ta("devices.none")} text={ta("devices.none.text")}>
      <Button kind="primary" icon="plus" onClick={onMake}>
        {ta("devices.add")}
      </Button>
    </Empty>
  );
}

function DevicesView({ chosen }: { chosen: string }) {
  const typed = useStore(search);
  const text = useSettled(typed.trim());
  const list = useDevices(text);
  const [making, setMaking] = useState(false);
  const { items, problem, reload } = list;
  const device = items?.find(({ name }) => name === chosen);
  return (
    <>
      <div class="tools">
        <Search
          value={typed}
          label={ta("devices.search")}
          placeholder={ta("devices.search")}
          onInput={(value) => search.set(value)}
        />
        <Button icon="reload" label={t("reload")} onClick={reload} />
        {may("devices", "administer") && (
          <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
            {ta("devices.add")}
          </Button>
        )}
      </div>
      <ProblemNote problem={problem} onRetry={reload} />
      <div class={`pair${chosen ? " pair-chosen" : ""}`}>
        <Card class="pair-list">
          {!items && !problem && <Skeleton rows={10} />}
          {items?.length === 0 && !list.hasMore && (
            <NoDevices text={text} onMake={() => setMaking(true)} />
          )}
          {items && (items.length > 0 || list.hasMore) && (
            <DeviceList list={list} items={items} chosen={chosen} />
          )}
        </Card>
        {chosen && (
          <DevicePanel
            key={chosen}
            name={chosen}
            known={device}
            onChanged={(number, next) => list.change(number, next)}
          />
        )}
      </div>
      {making && (
        <DeviceMakeDialog
          onDone={(made) => {
            reload();
            goTo(routeAddress("devices", made.name));
          }}
          onClose={() => setMaking(false)}
        />
      )}
    </>
  );
}

const VIEWS = ["list", "file", "keys"] as const;
type View = (typeof VIEWS)[number];

const mayShow = (view: View): boolean =>
  view === "keys" ? may("claims") : may("devices", view === "file" ? "administer" : "see");

export function DevicesPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  const views = VIEWS.filter(mayShow);
  const asked = VIEWS.find((view) => view === query.get("view"));
  const view = (asked && views.includes(asked) ? asked : views[0]) ?? "list";
  const tabs = views.map((name) => ({
    name,
    text: ta(`devices.view.${name}`),
    href: routeAddress("devices", "", name === "list" ? {} : { view: name }),
  }));
  return (
    <div class={`page page-wide access-page${rest ? " access-chosen" : ""}`}>
      <PageHead title={ta("devices.title")} text={ta("devices.text")}>
        {tabs.length > 1 && <Tabs label={ta("devices.views")} shown={view} tabs={tabs} />}
      </PageHead>
      {view === "list" && <DevicesView chosen={rest} />}
      {view === "file" && <DevicesFile />}
      {view === "keys" && <DevicesKeys />}
    </div>
  );
}
