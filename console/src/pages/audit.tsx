/** Who did what, when, from where, and what became of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { auditCsv, type AuditCheck, type AuditEntry } from "../api/audit";
import { get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import { may, session } from "../api/session";
import { formatCount } from "../format";
import { tq } from "../i18n/tenants";
import { seenName } from "../names";
import { useStore } from "../store";
import "../style/tenants.css";
import { Choice, Field } from "../ui/dialog";
import { Downloads } from "../ui/download";
import { Icon } from "../ui/icon";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Segmented,
  Skeleton,
  Snippet,
  Time,
  useSettled,
} from "../ui/parts";
import { ViewDialog } from "../ui/view-dialog";
import { outcomeWords, sentenceOf } from "./audit-words";
import { DeedNote, useDeed } from "./people-parts";
import { Facts } from "./tenants-parts";

const PAGE = 200;
const AGAIN_MS = 3000;
const ROW_HEIGHT = 56;
const PHONE_HEIGHT = 80;
const ACTIONS = [
  "all",
  "login",
  "denied",
  "mqtt",
  "account",
  "secret",
  "role",
  "share",
  "tenant",
  "provider",
  "point",
  "policy",
  "eras",
  "correct",
  "annot",
  "export",
  "type",
  "asset",
  "rule",
  "alarm",
  "handover",
  "roster",
  "channel",
  "route",
  "document",
  "board",
] as const;
const TIMES = ["any", "hour", "day", "week", "between"] as const;
const RESULTS = ["all", "done", "failed"] as const;
const HOURS = { hour: 1, day: 24, week: 168 } as const;

interface Filter {
  who: string;
  what: (typeof ACTIONS)[number];
  when: (typeof TIMES)[number];
  since: string;
  until: string;
  result: (typeof RESULTS)[number];
  all: boolean;
}
const FILTER: Filter = {
  who: "",
  what: "all",
  when: "any",
  since: "",
  until: "",
  result: "all",
  all: false,
};

const timeOf = (local: string): string => (local ? new Date(local).toISOString() : "");

function queryOf(filter: Filter): Record<string, string> {
  const { who, what, when, result, all } = filter;
  const hours = when === "hour" || when === "day" || when === "week" ? HOURS[when] : 0;
  const between = when === "between";
  return {
    account: who.trim(),
    action: what === "all" ? "" : what,
    outcome: result === "all" ? "" : result,
    since: hours
      ? new Date(Date.now() - hours * 3_600_000).toISOString()
      : timeOf(between ? filter.since : ""),
    until: timeOf(between ? filter.until : ""),
    all: all ? "true" : "",
  };
}

function Moment(props: { label: string; value: string; onInput: (value: string) => void }) {
  return (
    <Field label={props.label}>
      {(id) => (
        <input
          id={id}
          type="datetime-local"
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const change = (part: Partial<Filter>) => onChange({ ...filter, ...part });
  return (
    <div class="audit-filters">
      <Field label={tq("audit.who")}>
        {(id) => (
          <input
            id={id}
            value={filter.who}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => change({ who: event.currentTarget.value })}
          />
        )}
      </Field>
      <Choice
        label={tq("audit.what")}
        value={filter.what}
        options={ACTIONS.map((value) => ({ value, text: tq(`audit.what.${value}`) }))}
        onChange={(what) => change({ what })}
      />
      <Choice
        label={tq("audit.when")}
        value={filter.when}
        options={TIMES.map((value) => ({ value, text: tq(`audit.when.${value}`) }))}
        onChange={(when) => change({ when })}
      />
      {filter.when === "between" && (
        <>
          <Moment
            label={tq("audit.since")}
            value={filter.since}
            onInput={(since) => change({ since })}
          />
          <Moment
            label={tq("audit.until")}
            value={filter.until}
            onInput={(until) => change({ until })}
          />
        </>
      )}
      <Segmented
        label={tq("audit.result")}
        value={filter.result}
        options={RESULTS.map((value) => ({ value, text: tq(`audit.result.${value}`) }))}
        onChange={(result) => change({ result })}
      />
      {may("audit_of_all") && (
        <Segmented
          label={tq("audit.whose")}
          value={filter.all ? "all" : "own"}
          options={(["own", "all"] as const).map((value) => ({
            value,
            text: tq(`audit.whose.${value}`),
          }))}
          onChange={(whose) => change({ all: whose === "all" })}
        />
      )}
    </div>
  );
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  const done = entry.outcome === "done";
  return (
    <div class="audit-row">
      <span class="audit-time">
        <Time time={entry.time} />
      </span>
      <span class="audit-sentence">
        <Name class="name" text={sentenceOf(entry)} />
        {entry.detail && <bdi class="faint">{seenName(entry.detail)}</bdi>}
      </span>
      <Badge tone={done ? "good" : "bad"} icon={done ? "check" : "close"}>
        {outcomeWords(entry.outcome)}
      </Badge>
    </div>
  );
}

function EntryDialog({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  return (
    <ViewDialog title={tq("audit.entry", { number: formatCount(entry.number) })} onClose={onClose}>
      <p>
        <Name class="name" text={sentenceOf(entry)} />
      </p>
      <Facts
        facts={[
          [tq("audit.time"), <Time time={entry.time} precise />],
          [tq("audit.who"), <Name text={entry.actor} />],
          [tq("audit.outcome"), outcomeWords(entry.outcome)],
          [tq("audit.object"), <Name text={entry.object} />],
          [tq("audit.detail"), <Name text={entry.detail} />],
          [tq("audit.tenant"), entry.tenant ?? ""],
          [tq("audit.door"), tq(`audit.door.${entry.door}`)],
          [tq("audit.address"), <bdi>{entry.address}</bdi>],
          [tq("audit.position"), formatCount(entry.position)],
        ]}
      />
      <h3 class="proof-title">{tq("audit.raw")}</h3>
      {/* Escaped as JSON has it: nothing in it can turn or hide what stands beside it. */}
      <pre class="raw-entry">{seenName(JSON.stringify(entry)).replaceAll(',"', ',\n"')}</pre>
    </ViewDialog>
  );
}

/** Entries as they come: those behind the newest that is shown, asked for again and again. */
function useNewest(key: string, newest: number, query: () => Record<string, string>) {
  const [news, setNews] = useState<{ key: string; entries: AuditEntry[] }>({ key, entries: [] });
  const latest = useRef({ newest, query });
  latest.current = { newest, query };
  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      if (document.hidden || latest.current.newest < 0) return;
      const asked = { ...latest.current.query(), limit: PAGE };
      const answer = await get<{ entries: AuditEntry[] }>(
        withQuery("/v1/audit", asked),
        abort.signal,
      ).catch(() => undefined);
      if (abort.signal.aborted || !answer) return;
      const entries = answer.entries.filter(({ number }) => number > latest.current.newest);
      setNews({ key, entries });
    };
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [key]);
  return news.key === key ? news.entries : [];
}

function VerifyCard() {
  const [check, setCheck] = useState<AuditCheck>();
  const [busy, error, run] = useDeed();
  const verify = async () => {
    setCheck(undefined);
    setCheck(await get<AuditCheck>("/v1/audit/verify", undefined, 120_000));
  };
  return (
    <Card title={tq("audit.verify")}>
      <p class="card-text">{tq("audit.verify.text")}</p>
      <Button icon="check" busy={busy} onClick={() => void run(verify)}>
        {tq("audit.verify")}
      </Button>
      <DeedNote error={error} />
      {check && (
        <div class="verified" role="status">
          <div class={`note ${check.whole ? "note-good" : "note-bad"}`}>
            <Icon name={check.whole ? "well" : "bad"} />
            <span>
              {check.whole
                ? tq("audit.verify.whole", {
                    count: formatCount(check.count),
                    oldest: formatCount(check.oldest),
                  })
                : tq("audit.verify.broken")}
            </span>
          </div>
          <h3 class="proof-title">{tq("audit.head")}</h3>
          <Snippet text={check.head} />
        </div>
      )}
    </Card>
  );
}

function ExportCard({ query }: { query: () => Record<string, string> }) {
  const file = (kind: "ndjson" | "csv") => () => ({
    name: `audit.${kind}`,
    media: kind === "csv" ? "text/csv" : "application/x-ndjson",
    address: withQuery("/v1/audit/export", query()),
    ...(kind === "csv" ? { make: auditCsv } : {}),
  });
  return (
    <Card title={tq("audit.export")}>
      <p class="card-text">{tq("audit.export.text")}</p>
      <Downloads
        files={[
          { text: tq("audit.export.ndjson"), file: file("ndjson") },
          { text: tq("audit.export.csv"), file: file("csv") },
        ]}
      />
    </Card>
  );
}

export function AuditPage() {
  useStore(session);
  const [filter, setFilter] = useState(FILTER);
  const [open, setOpen] = useState<AuditEntry | null>(null);
  const [kept, setKept] = useState<{ key: string; entries: AuditEntry[] }>({
    key: "",
    entries: [],
  });
  const top = useRef(true);
  const settled = useSettled(filter);
  const key = `audit ${JSON.stringify(settled)}`;
  const query = () => queryOf(settled);
  const list = usePages<AuditEntry>(key, async (after, signal) => {
    const answer = await get<{ entries: AuditEntry[]; next: string | null }>(
      withQuery("/v1/audit", { ...query(), after, limit: PAGE }),
      signal,
    );
    return { items: answer.entries, next: answer.next };
  });
  const before = kept.key === key ? kept.entries : [];
  const items = list.items && [...before, ...list.items];
  const newest = items ? (items[0]?.number ?? 0) : -1;
  const news = useNewest(key, newest, query).filter(({ number }) => number > newest);
  const takeNews = () => {
    // More came than a page holds: what lies between is not here.
    if (news.length < PAGE) setKept({ key, entries: [...news, ...before] });
    else {
      setKept({ key, entries: [] });
      list.reload();
    }
  };
  useEffect(() => {
    if (news.length > 0 && top.current) takeNews();
  });
  return (
    <div class="page page-wide">
      <PageHead title={tq("audit.title")} text={tq("audit.text")}>
        {news.length > 0 && (
          <Button icon="up" onClick={takeNews}>
            {tq("audit.new", { count: news.length })}
          </Button>
        )}
      </PageHead>
      <Card>
        <Filters filter={filter} onChange={setFilter} />
      </Card>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      <Card class="list-card">
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && (
          <Empty icon="audit" title={tq("audit.none")} text={tq("audit.none.text")} />
        )}
        {items && items.length > 0 && (
          <LongList
            key={key}
            label={tq("audit.title")}
            items={items}
            rowHeight={ROW_HEIGHT}
            phoneHeight={PHONE_HEIGHT}
            row={(entry) => <EntryRow entry={entry} />}
            onOpen={setOpen}
            more={list.hasMore && !list.loading ? list.more : undefined}
            onSeen={(from) => {
              top.current = from === 0;
            }}
          />
        )}
      </Card>
      <div class="audit-cards">
        <VerifyCard />
        <ExportCard query={query} />
      </div>
      {open && <EntryDialog entry={open} onClose={() => setOpen(null)} />}
    </div>
  );
}
