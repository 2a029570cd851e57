/** One asset: what it is and how it is now, or as it was at a time: points, trend, alarms, documents, versions. */
import { Fragment } from "preact";
import { useState } from "preact/hooks";
import {
  askAsset,
  askVersions,
  type Alarm,
  type Asset,
  type AssetChild,
  type AssetTreeAnswer,
  type AssetVersion,
  type Relation,
} from "../api/assets";
import { get, withQuery } from "../api/http";
import { askStood } from "../api/alarms";
import { limitsOf } from "../api/limits";
import { usePages, useQuery } from "../api/query";
import { mayPoint } from "../api/session";
import { assetTree } from "../assets/tree";
import { AlarmStateBadge, PriorityMark, priorityName } from "../alarms/parts";
import { AlarmBadge, levelWords, StaleBadge, TypeLink } from "../assets/parts";
import { formatCount, formatTime, formatValue, NOTHING } from "../format";
import { fieldText, fieldTime } from "../history/range-text";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { assetPageAddress, goTo, pointAddress, route, routeAddress } from "../router";
import { useStore } from "../store";
import { lazy } from "../ui/lazy";
import { Name } from "../ui/name";
import { Button, Card, Empty, ProblemNote, Skeleton, Time } from "../ui/parts";
import { More, Table } from "../ui/table";
import { tell } from "../ui/toasts";
import { Facts } from "./access-parts";
import { AssetDialog, MoveDialog, RetireDialog } from "./asset-dialogs";
import { AssetPoints, pointsOf } from "./asset-points";
import { AttachedDocuments } from "./documents-attached";

const AssetTrend = lazy(async () => (await import("./asset-trend")).AssetTrend, 5);
const AGAIN_MS = 10_000;

export const asOfAddress = (path: string, at: string): string =>
  routeAddress("assets", path, { at });

/** What branch its points are in: its own path unless it says another. */
export const branchOf = ({ branch, path }: Pick<Asset, "branch" | "path">): string =>
  branch || path;

function Crumbs({ path, title }: { path: string; title: string }) {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  return (
    <div class="crumbs">
      {parts.length > 0 && (
        <p class="crumbs-above">
          {parts.map((part, i) => (
            <Fragment key={i}>
              {i > 0 && " / "}
              <a href={assetPageAddress(parts.slice(0, i + 1).join("/"))}>{part}</a>
            </Fragment>
          ))}
        </p>
      )}
      <h1 tabIndex={-1}>
        <Name text={title || name} />
      </h1>
      {title && title !== name && <p class="faint">{name}</p>}
    </div>
  );
}

/** A time to look back to; nothing: now. */
function AsOf({ path, at }: { path: string; at: string }) {
  const ms = at ? Date.parse(at) : NaN;
  const [text, setText] = useState(Number.isNaN(ms) ? "" : fieldText(ms));
  const time = fieldTime(text);
  const go = (next: number | undefined) =>
    goTo(asOfAddress(path, next === undefined ? "" : new Date(next).toISOString()));
  return (
    <form
      class={`as-of${at ? " as-of-past" : ""}`}
      onSubmit={(event) => {
        event.preventDefault();
        go(time);
      }}
    >
      <label>
        <span>{ts("as_of")}</span>
        <input
          type="datetime-local"
          step="1"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Button submit icon="clock" disabled={time === undefined}>
        {ts("as_of.show")}
      </Button>
      {at && (
        <Button
          icon="live"
          onClick={() => {
            setText("");
            go(undefined);
          }}
        >
          {ts("as_of.now")}
        </Button>
      )}
      {at && (
        <p role="status">{ts("as_of.shown", { time: Number.isNaN(ms) ? at : formatTime(ms) })}</p>
      )}
    </form>
  );
}

function placeWords(asset: Asset): string {
  const { place } = asset;
  if (!place) return NOTHING;
  const words: string[] = [];
  const { longitude, latitude, floor, plan_x, plan_y } = place;
  if (typeof longitude === "number" && typeof latitude === "number")
    words.push(`${latitude.toFixed(5)}, ${longitude.toFixed(5)}`);
  if (typeof floor === "number") words.push(ts("place.on_floor", { floor }));
  if (typeof plan_x === "number" && typeof plan_y === "number")
    words.push(ts("place.on_plan", { x: plan_x.toFixed(2), y: plan_y.toFixed(2) }));
  return words.join(" · ") || NOTHING;
}

function Relations({ relations }: { relations: Relation[] }) {
  if (relations.length === 0) return <>{NOTHING}</>;
  return (
    <ul class="relations">
      {relations.map(({ name, other }) => (
        <li key={`${name} ${other}`}>
          {name} <a href={assetPageAddress(other)}>{other}</a>
        </li>
      ))}
    </ul>
  );
}

function AboutCard({ asset }: { asset: Asset }) {
  const attributes = asset.attributes.map(({ name, value, unit, from }) => [
    name,
    <>
      {value ? <Name text={value} /> : NOTHING} {unit}
      {from && <span class="from">{ts("from.type", { type: from })}</span>}
    </>,
  ]) as Parameters<typeof Facts>[0]["facts"];
  return (
    <Card title={ts("asset.about")}>
      <Facts
        facts={[
          [ts("type"), asset.type ? <TypeLink type={asset.type} /> : NOTHING],
          [ts("level"), levelWords(asset.level) || NOTHING],
          [ts("branch"), <a href={pointAddress(branchOf(asset))}>{branchOf(asset)}</a>],
          [ts("place"), placeWords(asset)],
          ...attributes,
          [ts("relations"), <Relations relations={asset.relations} />],
          ...(asset.related.length > 0
            ? ([
                [
                  ts("related"),
                  <>
                    <Relations relations={asset.related} />
                    {asset.related_more && (
                      <span class="faint">
                        {ts("related.more", { count: formatCount(asset.related.length) })}
                      </span>
                    )}
                  </>,
                ],
              ] as typeof attributes)
            : []),
        ]}
      />
    </Card>
  );
}

function PartsCard({ path }: { path: string }) {
  const list = usePages<AssetChild>(`parts ${path}`, async (after, signal) => {
    const asked = withQuery("/v1/asset-tree", { path, after, limit: 50 });
    const { children, next } = await get<AssetTreeAnswer>(asked, signal);
    return { items: children, next: next ?? null };
  });
  return (
    <Card title={ts("parts")}>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      {list.items && (
        <Table
          label={ts("parts")}
          items={list.items}
          keyOf={(part) => part.path}
          columns={[
            {
              name: "name",
              title: ts("asset"),
              main: true,
              cell: (part) => (
                <>
                  <a class="name" href={assetPageAddress(part.path)}>
                    <Name text={part.title || part.name} />
                  </a>
                  {part.title && <div class="faint">{part.name}</div>}
                </>
              ),
            },
            { name: "type", title: ts("type"), cell: ({ type }) => type ?? NOTHING },
            {
              name: "points",
              title: ts("points"),
              number: true,
              cell: ({ points }) => formatCount(points ?? undefined),
            },
            {
              name: "alarms",
              title: ts("alarms"),
              cell: ({ alarms, stale }) => (
                <span class="badges">
                  <AlarmBadge alarms={alarms} />
                  <StaleBadge stale={stale} />
                  {alarms.active + stale === 0 && <span class="faint">{NOTHING}</span>}
                </span>
              ),
            },
          ]}
        />
      )}
      <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
    </Card>
  );
}

const ALARMS_SHOWN = 20;

function AlarmsCard({ path }: { path: string }) {
  const { data, problem, reload } = useQuery(
    `asset alarms ${path}`,
    (signal) =>
      get<{ alarms: Alarm[]; next: string | null }>(
        withQuery("/v1/alarms", { under: path, limit: ALARMS_SHOWN }),
        signal,
      ),
    AGAIN_MS,
  );
  return (
    <Card title={ts("alarms")}>
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={2} />}
      {data?.alarms.length === 0 && <p class="hint">{ts("alarms.none")}</p>}
      {data && data.alarms.length > 0 && (
        <Table
          label={ts("alarms")}
          items={data.alarms}
          keyOf={({ alarm }) => alarm}
          columns={[
            {
              name: "title",
              title: ts("alarms.what"),
              main: true,
              cell: ({ alarm, title, path: point }) => (
                <>
                  <a class="name" href={`#/alarms/${alarm}`}>
                    {title || point}
                  </a>
                  <div class="faint">{point}</div>
                </>
              ),
            },
            {
              name: "priority",
              title: ts("alarms.urgency"),
              cell: ({ priority }) => (
                <span class="alarm-count">
                  <PriorityMark priority={priority} size={20} />
                  {priorityName(priority)}
                </span>
              ),
            },
            {
              name: "value",
              title: ts("value"),
              number: true,
              cell: ({ value, unit }) => `${formatValue(value, "")} ${unit}`,
            },
            {
              name: "raised",
              title: ts("alarms.raised"),
              cell: ({ raised }) => <Time time={raised} />,
            },
          ]}
        />
      )}
      {data?.next && <p class="hint">{ts("alarms.more", { count: ALARMS_SHOWN })}</p>}
    </Card>
  );
}

/** Those of then: each with the last that happened to it by that time. */
function AlarmsThen({ path, at }: { path: string; at: string }) {
  const { data, problem, reload } = useQuery(`asset alarms ${path} ${at}`, (signal) =>
    askStood(path, at, ALARMS_SHOWN, signal),
  );
  return (
    <Card title={ts("alarms.then")}>
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={2} />}
      {data?.length === 0 && <p class="hint">{ts("alarms.then.none")}</p>}
      {data && data.length > 0 && (
        <Table
          label={ts("alarms.then")}
          items={data}
          keyOf={({ alarm }) => alarm}
          columns={[
            {
              name: "title",
              title: ts("alarms.what"),
              main: true,
              cell: ({ alarm, title, path: point }) => (
                <>
                  <a class="name" href={routeAddress("alarms", String(alarm))}>
                    {title || point}
                  </a>
                  <div class="faint">{point}</div>
                </>
              ),
            },
            {
              name: "priority",
              title: ts("alarms.urgency"),
              cell: ({ priority }) => (
                <span class="alarm-count">
                  <PriorityMark priority={priority} size={20} />
                  {priorityName(priority)}
                </span>
              ),
            },
            {
              name: "state",
              title: ts("column.state"),
              cell: ({ state }) => <AlarmStateBadge state={state} />,
            },
            {
              name: "time",
              title: ts("alarms.since"),
              cell: ({ arrived }) => <Time time={arrived} />,
            },
          ]}
        />
      )}
      {data?.length === ALARMS_SHOWN && (
        <p class="hint">{ts("alarms.more", { count: ALARMS_SHOWN })}</p>
      )}
    </Card>
  );
}

function VersionsCard({ path, shown }: { path: string; shown: number }) {
  const list = usePages<AssetVersion>(`versions ${path}`, (after, signal) =>
    askVersions(path, after, signal),
  );
  return (
    <Card title={ts("versions")}>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      {!list.items && !list.problem && <Skeleton rows={2} />}
      <ol class="versions">
        {list.items?.map(({ version, changed, author, what }) => (
          <li key={version} class={version === shown ? "version-shown" : ""}>
            <a href={asOfAddress(path, changed)}>{ts("version", { version })}</a>
            <Time time={changed} />
            <span>{author}</span>
            <span class="faint">{what.join(", ")}</span>
          </li>
        ))}
      </ol>
      <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
    </Card>
  );
}

type Open = "edit" | "move" | "retire" | "part" | null;

function Tools({ asset, onOpen }: { asset: Asset; onOpen: (open: Open) => void }) {
  if (asset.retired || asset.at || !mayPoint(asset.path, "configure")) return null;
  return (
    <div class="point-tools">
      <Button icon="edit" onClick={() => onOpen("edit")}>
        {t("edit")}
      </Button>
      <Button icon="plus" onClick={() => onOpen("part")}>
        {ts("asset.part")}
      </Button>
      <Button icon="rename" onClick={() => onOpen("move")}>
        {ts("asset.move")}
      </Button>
      <Button icon="retire" onClick={() => onOpen("retire")}>
        {ts("asset.retire")}
      </Button>
    </div>
  );
}

function Body({ asset, at }: { asset: Asset; at: string }) {
  const points = pointsOf(asset.metrics);
  return (
    <>
      {asset.retired && (
        <p class="note note-warn" role="note">
          {ts("asset.retired")}
        </p>
      )}
      {asset.metrics.length > 0 && (
        <AssetPoints metrics={asset.metrics} past={at !== ""} branch={branchOf(asset)} />
      )}
      {points.length > 0 && (
        <AssetTrend
          paths={points}
          at={at}
          limits={limitsOf(asset.metrics.find(({ point }) => point === points[0])?.limits_in_force)}
        />
      )}
      {!at && <AlarmsCard path={asset.path} />}
      {at && asset.path_now && <AlarmsThen path={asset.path_now} at={at} />}
      <AboutCard asset={asset} />
      {!at && asset.parts !== 0 && <PartsCard path={asset.path} />}
      <AttachedDocuments
        to={[`asset:${asset.path}`, ...(asset.type ? [`type:${asset.type}`] : [])]}
        mayAttach={!at && mayPoint(asset.path, "configure")}
      />
      <VersionsCard key={asset.version} path={asset.path} shown={asset.version} />
    </>
  );
}

export function AssetPane({ path, onBack }: { path: string; onBack: () => void }) {
  const { query } = useStore(route);
  const at = query.get("at") ?? "";
  const [open, setOpen] = useState<Open>(null);
  const {
    data: asset,
    problem,
    reload,
  } = useQuery(`asset ${path} ${at}`, (signal) => askAsset(path, at, signal), at ? 0 : AGAIN_MS);
  const close = () => setOpen(null);
  const done = (text: string) => {
    close();
    tell({ text });
    reload();
    void assetTree.refresh();
  };
  const unknown = problem?.status === 404;
  return (
    <article class="point asset">
      <header class="point-head">
        <Button kind="quiet" icon="back" label={t("back")} onClick={onBack} />
        <Crumbs path={path} title={asset?.title ?? ""} />
        {asset && <Tools asset={asset} onOpen={setOpen} />}
      </header>
      <AsOf key={at} path={path} at={at} />
      {!asset && !problem && <Skeleton rows={8} />}
      {unknown ? (
        <Empty
          icon="unknown"
          title={ts(at ? "asset.not_yet" : "asset.unknown")}
          text={ts("asset.unknown.text", { path })}
        />
      ) : (
        <ProblemNote problem={problem} onRetry={reload} />
      )}
      {asset && !unknown && <Body asset={asset} at={at} />}
      {asset && open === "edit" && (
        <AssetDialog asset={asset} onDone={() => done(savedWords(path))} onClose={close} />
      )}
      {asset && open === "part" && <AssetDialog under={path} onClose={close} />}
      {asset && open === "move" && <MoveDialog asset={asset} onClose={close} />}
      {asset && open === "retire" && <RetireDialog asset={asset} onClose={close} />}
    </article>
  );
}

const savedWords = (path: string): string => ts("saved", { name: path });
