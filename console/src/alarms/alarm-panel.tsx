/** One alarm whole: what to do about it first, then what is known of it, its trend, and what happened to it. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { askAlarm, type AlarmEntry, type AlarmWhole, type Which } from "../api/alarms";
import { serverNow } from "../api/clock";
import { get, pathAddress } from "../api/http";
import { useQuery } from "../api/query";
import { mayPoint } from "../api/session";
import { limitsOf } from "../api/limits";
import type { Limits, Point } from "../api/types";
import { NOTHING } from "../format";
import { t } from "../i18n";
import { tl } from "../i18n/alarms";
import { pointAddress, routeAddress } from "../router";
import { Icon } from "../ui/icon";
import { lazy } from "../ui/lazy";
import { Name } from "../ui/name";
import { Age, Badge, Button, Card, Empty, ProblemNote, Skeleton, Time } from "../ui/parts";
import { AT_ONCE, DeedDialog, doAtOnce, type Deed } from "./acts";
import { actsOf } from "./filter";
import { rangeAround } from "./range-around";
import {
  AlarmStateBadge,
  ChatterBadge,
  eventName,
  kindName,
  PriorityMark,
  priorityName,
  stateName,
  titleOf,
  valueText,
} from "./parts";
import { followAlarms, POLL_MS } from "./watch";
import { whyWords } from "./why-words";

const AlarmTrend = lazy(async () => (await import("./alarm-trend")).AlarmTrend, 6);

/** What the point says of its limits: lines of the trend. */
function useLimits(path: string | null): Limits {
  const { data } = useQuery(`limits of ${path ?? ""}`, async (signal) =>
    path
      ? limitsOf((await get<Point>(`/v1/points/${pathAddress(path)}`, signal)).limits_in_force)
      : {},
  );
  return data ?? {};
}

/** When it was normal again, as its entries have it. */
export function endOf(entries: readonly AlarmEntry[]): number | null {
  const newest = [...entries].sort((a, b) => b.entry - a.entry).find(({ late }) => !late);
  if (!newest || newest.state !== "normal") return null;
  const time = Date.parse(newest.time ?? newest.arrived ?? "");
  return Number.isNaN(time) ? null : time;
}

function Guidance({ alarm }: { alarm: AlarmWhole }) {
  const parts = [
    [tl("alarms.response"), alarm.response, "response"],
    [tl("alarms.cause"), alarm.cause, "cause"],
    [tl("alarms.consequence"), alarm.consequence, "consequence"],
  ] as const;
  const said = parts.filter(([, text]) => text);
  const documents = alarm.documents ?? [];
  if (said.length === 0 && documents.length === 0)
    return <p class="hint">{tl("alarms.guidance.none")}</p>;
  return (
    <div class="guidance">
      {said.map(([title, text, name]) => (
        <section key={name} class={`guidance-${name}`}>
          <h3>{title}</h3>
          <p>{text}</p>
        </section>
      ))}
      {documents.length > 0 && (
        <section>
          <h3>{tl("alarms.documents")}</h3>
          <ul>
            {documents.map((document) => {
              const { name, title } =
                typeof document === "string" ? { name: document, title: null } : document;
              return (
                <li key={name}>
                  <a href={routeAddress("documents", name)}>
                    <Icon name="documents" size={15} /> <Name text={title || name} />
                  </a>
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </div>
  );
}

function Facts({ alarm }: { alarm: AlarmWhole }) {
  const facts: [string, ComponentChildren][] = [
    [
      tl("alarms.value"),
      <>
        {valueText(alarm.value, alarm.unit)}
        {alarm.limit !== null && alarm.limit !== undefined && (
          <span class="faint">
            {" "}
            {tl("alarms.limit", { limit: valueText(alarm.limit, alarm.unit) })}
          </span>
        )}
      </>,
    ],
    [tl("alarms.why"), whyWords(alarm.why ?? "") || NOTHING],
    [tl("alarms.raised_at"), <Time time={alarm.raised} precise />],
    [tl("alarms.changed"), <Time time={alarm.changed} precise />],
    [tl("alarms.count"), String(alarm.count)],
    [
      tl("alarms.acknowledged"),
      alarm.acknowledged ? (
        <>
          <Time time={alarm.acknowledged} /> <Name text={alarm.acknowledged_by ?? ""} />
        </>
      ) : (
        NOTHING
      ),
    ],
    [tl("alarms.assignee"), alarm.assignee ? <Name text={alarm.assignee} /> : NOTHING],
    [tl("alarms.kind"), kindName(alarm.kind)],
    [
      tl("alarms.rule"),
      alarm.rule ? <a href={routeAddress("rules", alarm.rule)}>{alarm.rule}</a> : NOTHING,
    ],
  ];
  if (alarm.shelved_until)
    facts.unshift([tl("alarms.shelved_until"), <Time time={alarm.shelved_until} />]);
  if (alarm.comment) facts.unshift([tl("alarms.comment"), <Name text={alarm.comment} />]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function EntryLine({ entry }: { entry: AlarmEntry }) {
  return (
    <li class={`entry-line${entry.late ? " entry-late" : ""}`}>
      <span class="entry-time">
        <Time time={entry.time ?? entry.arrived} />
      </span>
      <span class="entry-words">
        <strong>{eventName(entry.event)}</strong>
        {entry.state !== entry.state_before && (
          <span class="faint"> {tl("alarms.becomes", { state: stateName(entry.state) })}</span>
        )}
        {entry.who && (
          <span>
            {" "}
            <Name text={entry.who} />
          </span>
        )}
        {entry.text && (
          <span class="entry-text">
            <Name text={entry.who ? entry.text : whyWords(entry.text)} />
          </span>
        )}
        {entry.late && <Badge tone="warn">{tl("alarms.late")}</Badge>}
      </span>
    </li>
  );
}

const BUTTONS = {
  acknowledge: "check",
  reset: "reload",
  shelve: "shelve",
  unshelve: "bell",
  suppress: "suppress",
  unsuppress: "bell",
  remove_from_service: "out",
  return_to_service: "bell",
  comment: "note",
  assign: "account",
} as const;

function Tools({ alarm, onDone }: { alarm: AlarmWhole; onDone: () => void }) {
  const [open, setOpen] = useState<Deed | null>(null);
  const [more, setMore] = useState(false);
  if (!alarm.path && !alarm.asset) return null;
  if (alarm.path && !mayPoint(alarm.path, "acknowledge")) return null;
  const which: Which = { alarms: [alarm.alarm] };
  const can = actsOf(alarm.state);
  const run = (deed: Deed) =>
    AT_ONCE.includes(deed) ? void doAtOnce(deed, which, onDone) : setOpen(deed);
  const first: Deed[] = ["acknowledge", "reset", "unshelve", "unsuppress", "return_to_service"];
  const later: Deed[] = ["shelve", "comment", "assign"];
  const rare: Deed[] = ["suppress", "remove_from_service"];
  const is = (deed: Deed) => (deed === "comment" || deed === "assign" ? true : can[deed]);
  const button = (deed: Deed, primary: boolean) => (
    <Button
      key={deed}
      icon={BUTTONS[deed]}
      kind={primary ? "primary" : "plain"}
      onClick={() => run(deed)}
    >
      {tl(`alarms.${deed}`)}
    </Button>
  );
  return (
    <>
      <div class="panel-tools alarm-tools">
        {first.filter(is).map((deed) => button(deed, deed === "acknowledge"))}
        {later.filter(is).map((deed) => button(deed, false))}
        {more && rare.filter(is).map((deed) => button(deed, false))}
        {!more && rare.some(is) && (
          <Button icon="more" label={tl("alarms.others")} onClick={() => setMore(true)} />
        )}
      </div>
      {open && (
        <DeedDialog
          deed={open}
          which={which}
          assignee={alarm.assignee ?? ""}
          onDone={onDone}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}

/** Asked for again when something happens to it. */
function useAlarm(number: string) {
  const question = useQuery(`alarm ${number}`, (signal) => askAlarm(number, signal), POLL_MS * 6);
  const { reload } = question;
  useEffect(
    () =>
      followAlarms({
        entries: (entries) => {
          if (entries.some(({ alarm }) => String(alarm) === number)) reload();
        },
        again: reload,
      }),
    [number, reload],
  );
  return question;
}

export function AlarmPanel(props: { number: string; onBack: () => void; onDone: () => void }) {
  const { data: alarm, problem, reload } = useAlarm(props.number);
  const limits = useLimits(alarm?.path ?? null);
  const ended = alarm ? endOf(alarm.entries) : null;
  const raised = alarm?.raised ?? null;
  const range = useMemo(
    () => (raised ? rangeAround(Date.parse(raised), ended, serverNow()) : null),
    [raised, ended],
  );
  const done = () => {
    reload();
    props.onDone();
  };
  return (
    <Card class="pair-panel alarm-panel">
      <div class="panel-head">
        <Button kind="quiet" icon="close" label={t("close")} onClick={props.onBack} />
        {alarm && <PriorityMark priority={alarm.priority} size={30} />}
        <h2 tabIndex={-1}>
          {alarm ? <Name text={titleOf(alarm)} /> : tl("alarms.number", { number: props.number })}
        </h2>
      </div>
      {!alarm && !problem && <Skeleton rows={8} />}
      {problem?.status === 404 ? (
        <Empty icon="well" title={tl("alarms.unknown")} text={tl("alarms.unknown.text")}>
          <a
            class="button button-plain"
            href={routeAddress("alarms", "", { view: "journal", alarm: props.number })}
          >
            {tl("alarms.journal")}
          </a>
        </Empty>
      ) : (
        <ProblemNote problem={problem} onRetry={reload} />
      )}
      {alarm && (
        <>
          <p class="alarm-line">
            <AlarmStateBadge state={alarm.state} />
            <span>{priorityName(alarm.priority)}</span>
            <span class="faint">
              <Age time={alarm.raised} />
            </span>
            <ChatterBadge alarm={alarm} />
            {alarm.first_out && <span class="first-out">{tl("alarms.first_out")}</span>}
          </p>
          <p class="alarm-places">
            {alarm.path && (
              <a href={pointAddress(alarm.path)}>
                <Icon name="points" size={15} /> <Name text={alarm.path} />
              </a>
            )}
            {alarm.asset && (
              <a href={routeAddress("assets", alarm.asset)}>
                <Icon name="assets" size={15} /> <Name text={alarm.asset} />
              </a>
            )}
          </p>
          <Tools alarm={alarm} onDone={done} />
          <Guidance alarm={alarm} />
          {alarm.path && range && raised && (
            <AlarmTrend
              key={alarm.path}
              path={alarm.path}
              range={range}
              limits={limits}
              at={Date.parse(raised)}
            />
          )}
          <Facts alarm={alarm} />
          <h3 class="panel-sub">{tl("alarms.entries")}</h3>
          <ul class="entry-lines">
            {alarm.entries.map((entry) => (
              <EntryLine key={entry.entry} entry={entry} />
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}
