/** The alarm journal: what happened to alarms, newest first, and the same as a timeline. */
import { useEffect, useRef, useState } from "preact/hooks";
import { askJournal, PRIORITIES, type AlarmEntry, type JournalQuery } from "../api/alarms";
import { serverNow } from "../api/clock";
import { usePages } from "../api/query";
import { tl } from "../i18n/alarms";
import { goTo, routeAddress } from "../router";
import { Choice, Field } from "../ui/dialog";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import { Badge, Button, Card, Empty, ProblemNote, Skeleton, Time, useSettled } from "../ui/parts";
import { AlarmStateBadge, eventName, PriorityMark, priorityName, titleOf } from "./parts";
import { Timeline } from "./timeline";
import { followAlarms } from "./watch";
import { whyWords } from "./why-words";

const PAGE = 200;
const ROW_HEIGHT = 56;
const PHONE_HEIGHT = 88;
const WHENS = ["any", "hour", "shift", "day", "week", "between"] as const;
const HOURS = { hour: 1, shift: 8, day: 24, week: 168 } as const;
/** Words that the server has for what happens, as it has them. */
export const EVENTS = [
  "condition holds",
  "condition ends",
  "acknowledge",
  "reset",
  "re-alarm",
  "shelve",
  "shelving expires",
  "unshelve",
  "suppress",
  "unsuppress",
  "remove from service",
  "return to service",
  "comment",
  "assign",
  "chattering",
  "calm",
] as const;

interface Filter {
  when: (typeof WHENS)[number];
  from: string;
  to: string;
  match: string;
  rule: string;
  alarm: string;
  priority: string;
  event: string;
}

const instant = (local: string): string => (local ? new Date(local).toISOString() : "");

function queryOf(filter: Filter): JournalQuery {
  const { when, match, rule, alarm, priority, event } = filter;
  const hours = when in HOURS ? HOURS[when as keyof typeof HOURS] : 0;
  const between = when === "between";
  return {
    from: hours
      ? new Date(serverNow() - hours * 3_600_000).toISOString()
      : instant(between ? filter.from : ""),
    to: between ? instant(filter.to) : "",
    match: match.trim(),
    rule: rule.trim(),
    alarm: alarm.trim(),
    priority: priority ? [priority] : [],
    event,
  };
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const change = (part: Partial<Filter>) => onChange({ ...filter, ...part });
  const all = { value: "", text: tl("journal.all") };
  const text = (name: "match" | "rule" | "alarm", label: string, hint: string) => (
    <Field label={label}>
      {(id) => (
        <input
          id={id}
          value={filter[name]}
          placeholder={hint}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => change({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <div class="audit-filters">
      <Choice
        label={tl("journal.when")}
        value={filter.when}
        options={WHENS.map((value) => ({ value, text: tl(`journal.when.${value}`) }))}
        onChange={(value) => change({ when: WHENS.find((known) => known === value) ?? "any" })}
      />
      {filter.when === "between" &&
        (["from", "to"] as const).map((name) => (
          <Field key={name} label={tl(`journal.${name}`)}>
            {(id) => (
              <input
                id={id}
                type="datetime-local"
                value={filter[name]}
                onInput={(event) => change({ [name]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
      <Choice
        label={tl("alarms.rank")}
        value={filter.priority}
        options={[
          all,
          ...PRIORITIES.map((priority) => ({
            value: String(priority),
            text: priorityName(priority),
          })),
        ]}
        onChange={(priority) => change({ priority })}
      />
      <Choice
        label={tl("journal.event")}
        value={filter.event}
        options={[all, ...EVENTS.map((value) => ({ value, text: eventName(value) }))]}
        onChange={(event) => change({ event })}
      />
      {text("match", tl("alarms.filter.match"), "plant/line-1/#")}
      {text("rule", tl("alarms.rule"), "")}
      {text("alarm", tl("journal.alarm"), "")}
    </div>
  );
}

function EntryRow({ entry }: { entry: AlarmEntry }) {
  return (
    <div class="audit-row journal-row">
      <span class="audit-time">
        <Time time={entry.time ?? entry.arrived} />
      </span>
      <PriorityMark priority={entry.priority} open={entry.told} size={20} />
      <span class="audit-sentence">
        <span class="name">
          {eventName(entry.event)} <Name text={titleOf(entry)} />
        </span>
        <span class="faint">
          <Name text={entry.path ?? ""} />
          {entry.who && (
            <>
              {" \u00b7 "}
              <Name text={entry.who} />
            </>
          )}
          {entry.text && (
            <>
              {" \u00b7 "}
              <Name text={entry.who ? entry.text : whyWords(entry.text)} />
            </>
          )}
        </span>
      </span>
      <span class="badges">
        {entry.late && <Badge tone="warn">{tl("alarms.late")}</Badge>}
        <AlarmStateBadge state={entry.state} />
      </span>
    </div>
  );
}

/** New entries come in while the list rests at its top; else a button says so. */
function useNews(top: { current: boolean }, reload: () => void) {
  const [news, setNews] = useState(0);
  const waiting = useRef(0);
  useEffect(() => {
    const soon = () => {
      waiting.current ||= window.setTimeout(() => {
        waiting.current = 0;
        setNews(0);
        reload();
      }, 1000);
    };
    const end = followAlarms({
      entries: (entries) => {
        if (top.current) soon();
        else setNews((old) => old + entries.length);
      },
      again: () => {
        if (top.current) soon();
      },
    });
    return () => {
      end();
      clearTimeout(waiting.current);
      waiting.current = 0;
    };
  }, [reload]);
  return [news, () => setNews(0)] as const;
}

export function JournalView({ alarm, match }: { alarm: string; match: string }) {
  const [filter, setFilter] = useState<Filter>({
    when: "any",
    from: "",
    to: "",
    match,
    rule: "",
    alarm,
    priority: "",
    event: "",
  });
  const settled = useSettled(filter);
  const top = useRef(true);
  const key = `journal ${JSON.stringify(settled)}`;
  const [shown, setShown] = useState<{ key: string; items: AlarmEntry[] }>();
  const list = usePages<AlarmEntry>(key, async (after, signal) => {
    const answer = await askJournal(queryOf(settled), PAGE, after, signal);
    return { items: answer.entries, next: answer.next ?? null };
  });
  const [news, clearNews] = useNews(top, list.reload);
  useEffect(() => {
    if (list.items) setShown({ key, items: list.items });
  }, [key, list.items]);
  const items = list.items ?? (shown?.key === key ? shown.items : undefined);
  const open = (number: number) => {
    if (number > 0) goTo(routeAddress("alarms", String(number)));
  };
  return (
    <>
      <Card>
        <Filters filter={filter} onChange={setFilter} />
      </Card>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      {items && items.length > 0 && (
        <Card title={tl("journal.timeline")}>
          <Timeline entries={items} onOpen={open} />
        </Card>
      )}
      <Card class="list-card">
        {news > 0 && (
          <Button
            icon="up"
            onClick={() => {
              clearNews();
              list.reload();
            }}
          >
            {tl("journal.news", { count: news })}
          </Button>
        )}
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && (
          <Empty icon="alarms" title={tl("journal.none")} text={tl("journal.none.text")} />
        )}
        {items && items.length > 0 && (
          <LongList
            key={key}
            label={tl("alarms.journal")}
            items={items}
            rowHeight={ROW_HEIGHT}
            phoneHeight={PHONE_HEIGHT}
            row={(entry) => <EntryRow entry={entry} />}
            onOpen={(entry) => open(entry.alarm)}
            more={list.hasMore && !list.loading ? list.more : undefined}
            onSeen={(from) => {
              top.current = from === 0;
            }}
          />
        )}
      </Card>
    </>
  );
}
