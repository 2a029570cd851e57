/** Who shares the server: all tenants for who runs it, one's own for everybody else. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import { may, session } from "../api/session";
import { HOUSE, levelOf, tightest, type Tenant } from "../api/tenants";
import { formatCount } from "../format";
import { tq } from "../i18n/tenants";
import { goTo, route, routeAddress } from "../router";
import { useStore } from "../store";
import "../style/tenants.css";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Segmented,
  Skeleton,
  useSettled,
} from "../ui/parts";
import { tell } from "../ui/toasts";
import { CertificateView } from "./tenants-certificate";
import { OwnTenant, TenantView } from "./tenants-one";
import { LevelBadge, quotaWords, StateBadge, TenantDialog } from "./tenants-parts";

const PAGE = 200;
const AGAIN_MS = 4000;
const ROW_HEIGHT = 60;
const PHONE_HEIGHT = 92;
const STATES = ["all", "active", "suspended", "deleted"] as const;
type State = (typeof STATES)[number];

interface TenantsAnswer {
  tenants: Tenant[];
  next: string | null;
}

/** What is near its limit, or else how many points there are. */
function Use({ tenant }: { tenant: Tenant }) {
  const tight = tightest(tenant.quotas);
  const shown = tight ?? "points";
  const quota = tenant.quotas[shown];
  return (
    <span class="tenant-use">
      <span class="faint">{tq(`quota.${shown}`)}</span>
      <span>{quotaWords(shown, quota)}</span>
      {tight && <LevelBadge level={levelOf(quota)} />}
    </span>
  );
}

function TenantRow({ tenant }: { tenant: Tenant }) {
  return (
    <>
      <span class="tenant-name">
        <Name class="name" text={tenant.title || tenant.name} />
        <span class="faint">{tenant.name}</span>
      </span>
      <span class="badges">
        <StateBadge tenant={tenant} />
        {tenant.name === HOUSE && <Badge tone="info">{tq("tenants.state.main")}</Badge>}
      </span>
      {tenant.state === "deleted" ? <span class="tenant-use" /> : <Use tenant={tenant} />}
      <span class="tenant-count">
        <span class="faint">{tq("tenants.people")}</span> {formatCount(tenant.users)}
      </span>
      <span class="tenant-count">
        <span class="faint">{tq("tenants.devices")}</span> {formatCount(tenant.devices)}
      </span>
    </>
  );
}

/** Those that can be seen, asked for again and again: a tenant's number is its place in the list. */
function useFresh(key: string, items: Tenant[] | undefined, query: Record<string, string>) {
  const [fresh, setFresh] = useState<{ key: string; tenants: Map<number, Tenant> }>();
  const seen = useRef({ from: 0, to: 0 });
  const latest = useRef({ items, query });
  latest.current = { items, query };
  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      const rows = latest.current.items?.slice(seen.current.from, seen.current.to) ?? [];
      const first = rows[0];
      if (document.hidden || !first) return;
      const after = first.number - 1;
      const asked = { ...latest.current.query, after, limit: rows.length };
      const { tenants } = await get<TenantsAnswer>(
        withQuery("/v1/tenants", asked),
        abort.signal,
      ).catch(() => ({ tenants: [] }));
      if (!abort.signal.aborted && tenants.length)
        setFresh({ key, tenants: new Map(tenants.map((tenant) => [tenant.number, tenant])) });
    };
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [key]);
  const now = fresh?.key === key ? fresh.tenants : undefined;
  return {
    rows: now ? items?.map((tenant) => now.get(tenant.number) ?? tenant) : items,
    onSeen: (from: number, to: number) => {
      seen.current = { from, to };
    },
  };
}

function TenantList() {
  const [text, setText] = useState("");
  const [state, setState] = useState<State>("all");
  const [making, setMaking] = useState(false);
  const contains = useSettled(text.trim());
  const query = { contains, state: state === "all" ? "" : state };
  const key = `tenants ${state} ${contains}`;
  const list = usePages<Tenant>(key, async (after, signal) => {
    const answer = await get<TenantsAnswer>(
      withQuery("/v1/tenants", { ...query, after, limit: PAGE }),
      signal,
    );
    return { items: answer.tenants, next: answer.next };
  });
  const { rows, onSeen } = useFresh(key, list.items, query);
  const count = rows?.length ?? 0;
  const none = state === "deleted" && !contains;
  return (
    <div class="page page-wide">
      <PageHead title={tq("tenants.title")} text={tq("tenants.text")}>
        <Search
          value={text}
          label={tq("tenants.search")}
          placeholder={tq("tenants.search")}
          onInput={setText}
        />
        {may("tenants", "administer") && (
          <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
            {tq("tenants.add")}
          </Button>
        )}
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      <div class="list-tools">
        <Segmented
          label={tq("tenants.filter")}
          value={state}
          options={STATES.map((value) => ({ value, text: tq(`tenants.filter.${value}`) }))}
          onChange={setState}
        />
        {rows && count > 0 && (
          <span class="faint" role="status">
            {tq(list.hasMore ? "tenants.first" : "tenants.count", {
              count,
              shown: formatCount(count),
            })}
          </span>
        )}
      </div>
      <Card class="list-card">
        {!rows && !list.problem && <Skeleton />}
        {rows && count === 0 && (
          <Empty
            icon="tenants"
            title={tq(none ? "tenants.deleted.none" : "tenants.none")}
            text={tq(none ? "tenants.deleted.none.text" : "tenants.none.text")}
          />
        )}
        {rows && count > 0 && (
          <LongList
            key={key}
            label={tq("tenants.title")}
            items={rows}
            rowHeight={ROW_HEIGHT}
            phoneHeight={PHONE_HEIGHT}
            row={(tenant) => <TenantRow tenant={tenant} />}
            onOpen={({ name, state: now }) =>
              goTo(routeAddress("tenants", name, now === "deleted" ? { deleted: "1" } : {}))
            }
            more={list.hasMore && !list.loading ? list.more : undefined}
            onSeen={onSeen}
          />
        )}
      </Card>
      {making && (
        <TenantDialog
          tenant={null}
          onClose={() => setMaking(false)}
          onDone={(name) => {
            tell({ text: tq("tenants.made", { name }) });
            goTo(routeAddress("tenants", name));
          }}
        />
      )}
    </div>
  );
}

export function TenantsPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  if (!may("tenants")) return <OwnTenant />;
  if (!rest) return <TenantList />;
  if (query.get("deleted")) return <CertificateView key={rest} name={rest} />;
  return <TenantView key={rest} name={rest} />;
}
