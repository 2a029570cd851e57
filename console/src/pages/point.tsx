/**
 * What is at a path. A point: its value as it ticks, its trend over years, where it stands, and what can be done with it.
 * A branch: the points below it. A path may be both.
 */
import { Fragment, type ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { limitsOf } from "../api/limits";
import { findPlace, type Place } from "../api/place";
import { useQuery } from "../api/query";
import type { LimitKind, LimitState, Point, Value } from "../api/types";
import { formatUnit, formatValue, NOTHING } from "../format";
import { mayPoint } from "../api/session";
import { t } from "../i18n";
import { useLivePath } from "../live/hooks";
import { pointAddress, routeAddress } from "../router";
import {
  Age,
  Badge,
  Button,
  Card,
  Empty,
  LimitBadge,
  ProblemNote,
  Quality,
  Skeleton,
  Time,
  typeName,
} from "../ui/parts";
import { lazy } from "../ui/lazy";
import { Table } from "../ui/table";
import { Branch } from "./branch";
import { CreateDialog, EditDialog, RenameDialog, RetireDialog } from "./point-dialogs";
import { refusalColumns } from "./refused";

/** What draws is a file of its own: pages without a trend do not wait for it. */
const PointBoard = lazy(async () => (await import("../history/point-board")).PointBoard);

const PointRules = lazy(async () => (await import("../alarms/point-rules")).PointRules, 2);

const AGAIN_MS = 2000;
const LIMIT_KINDS: LimitKind[] = ["high_high", "high", "low", "low_low"];

/** What is shown of a point: as it was asked, overtaken by what came live. */
interface Shown {
  value: Value;
  type: string;
  unit: string;
  quality: string;
  time: string | number | null;
  limitState: LimitState;
}

function ValueNow({ shown }: { shown: Shown }) {
  const text = formatValue(shown.value, shown.type);
  return (
    <div class="value-now">
      <div class={`value-giant${text.length > 14 ? " value-long" : ""}`}>
        <span title={formatValue(shown.value, shown.type, true)}>{text}</span>
        {shown.unit && <small>{formatUnit(shown.unit)}</small>}
      </div>
      <div class="value-badges">
        {shown.time === null ? (
          <Badge tone="plain" icon="clock">
            {t("point.no_value")}
          </Badge>
        ) : (
          <Quality quality={shown.quality} />
        )}
        <LimitBadge state={shown.limitState} />
        <span class="faint">
          <Age time={shown.time} />
        </span>
      </div>
    </div>
  );
}

function Facts({ point, shown }: { point: Point; shown: Shown }) {
  const labels = Object.entries(point.labels ?? {});
  const limits = LIMIT_KINDS.flatMap((kind) => {
    const limit = point.limits_in_force?.[kind];
    return limit ? [{ kind, ...limit }] : [];
  });
  const facts: [string, ComponentChildren][] = [
    // Both of one sample: what came live since says nothing of its arrival.
    [t("point.time"), <Time time={point.time} precise />],
    [t("point.arrival"), <Time time={point.arrival} precise />],
    [t("point.type"), typeName(shown.type)],
    [t("point.unit"), shown.unit || NOTHING],
    [t("point.description"), point.description || NOTHING],
    [
      t("point.limits"),
      limits.length ? (
        <span class="badges">
          {limits.map(({ kind, limit, from, rule }) => (
            <Badge key={kind} tone="plain">
              {t(`limit.${kind}`)} {formatValue(limit, "float64")}
              {from !== "point" && <span class="from">{t(`limit.from.${from}`)}</span>}
              {rule && (
                <>
                  {" "}
                  <a href={routeAddress("rules", rule)}>{rule}</a>
                </>
              )}
            </Badge>
          ))}
        </span>
      ) : (
        NOTHING
      ),
    ],
    [
      t("point.labels"),
      labels.length ? (
        <span class="badges">
          {labels.map(([name, value]) => (
            <Badge key={name} tone="plain">
              {value ? `${name}: ${value}` : name}
            </Badge>
          ))}
        </span>
      ) : (
        NOTHING
      ),
    ],
    [t("point.number"), String(point.point)],
  ];
  return (
    <Card title={t("point.facts")}>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Refusals({ point }: { point: Point }) {
  const refused = point.refused ?? [];
  return (
    <Card title={t("point.refused")}>
      {refused.length === 0 ? (
        <p class="hint">{t("point.refused.none")}</p>
      ) : (
        <Table
          label={t("point.refused")}
          columns={refusalColumns(false)}
          items={refused}
          keyOf={(refusal) => `${refusal.reason} ${refusal.fault ?? ""}`}
        />
      )}
    </Card>
  );
}

function Crumbs({ path }: { path: string }) {
  const parts = path.split("/");
  const name = parts.pop();
  return (
    <div class="crumbs">
      {parts.length > 0 && (
        <p class="crumbs-above">
          {parts.map((part, i) => (
            <Fragment key={i}>
              {i > 0 && " / "}
              <a href={pointAddress(parts.slice(0, i + 1).join("/"))}>
                {part === "" ? t("tree.unnamed") : part}
              </a>
            </Fragment>
          ))}
        </p>
      )}
      <h1 tabIndex={-1}>{name}</h1>
    </div>
  );
}

type Open = "create" | "edit" | "rename" | "retire" | null;

function Tools(props: { path: string; place: Place; onOpen: (open: Open) => void }) {
  const { path, place, onOpen } = props;
  if (!mayPoint(place.point ? path : `${path}/+`, "configure")) return null;
  if (place.point)
    return (
      <div class="point-tools">
        <Button icon="edit" onClick={() => onOpen("edit")}>
          {t("edit")}
        </Button>
        <Button icon="rename" onClick={() => onOpen("rename")}>
          {t("point.rename")}
        </Button>
        <Button icon="retire" onClick={() => onOpen("retire")}>
          {t("point.retire")}
        </Button>
      </div>
    );
  if (!place.below) return null;
  return (
    <div class="point-tools">
      <Button icon="plus" onClick={() => onOpen("create")}>
        {t("branch.create")}
      </Button>
    </div>
  );
}

function PointBody({ point }: { point: Point }) {
  const live = useLivePath(point.path);
  const shown: Shown = live ?? { ...point, limitState: point.limit_state };
  return (
    <>
      <Card class="point-now">
        <ValueNow shown={shown} />
      </Card>
      <PointBoard key={point.point} path={point.path} limits={limitsOf(point.limits_in_force)} />
      <Facts point={point} shown={shown} />
      <PointRules key={`rules ${point.point}`} path={point.path} />
      <Refusals point={point} />
    </>
  );
}

export function PlacePane({ path, onBack }: { path: string; onBack: () => void }) {
  const question = useQuery(`place ${path}`, (signal) => findPlace(path, signal), AGAIN_MS);
  const { data: place, problem, reload } = question;
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const done = () => {
    close();
    reload();
  };
  const point = place?.point;
  const unknown = place && !point && !place.below;
  return (
    <article class={`point${place?.below && !point ? " branch" : ""}`}>
      <header class="point-head">
        <Button kind="quiet" icon="back" label={t("back")} onClick={onBack} />
        <Crumbs path={path} />
        {place && <Tools path={path} place={place} onOpen={setOpen} />}
      </header>
      {!place && !problem && <Skeleton rows={8} />}
      <ProblemNote problem={problem} onRetry={reload} />
      {unknown && (
        <Empty icon="unknown" title={t("point.unknown")} text={t("point.unknown.text", { path })}>
          <a class="button button-plain" href={routeAddress("points")}>
            {t("point.unknown.back")}
          </a>
        </Empty>
      )}
      {point && <PointBody point={point} />}
      {place && place.below > 0 && <Branch path={path} count={place.below} />}
      {open === "create" && <CreateDialog path={`${path}/`} onClose={close} />}
      {point && open === "edit" && <EditDialog point={point} onDone={done} onClose={close} />}
      {point && open === "rename" && <RenameDialog point={point} onClose={close} />}
      {point && open === "retire" && <RetireDialog point={point} onClose={close} />}
    </article>
  );
}
