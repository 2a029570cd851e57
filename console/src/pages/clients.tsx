/** Who is connected, and whose session is kept while it is away. */
import { useEffect, useState } from "preact/hooks";
import { get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import { system } from "../api/system";
import type { Client } from "../api/types";
import { formatBytes, formatCount, formatDuration, NOTHING } from "../format";
import { t } from "../i18n";
import { useStore } from "../store";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Skeleton,
  Snippet,
  useSettled,
} from "../ui/parts";
import { More, Table, type Column } from "../ui/table";
import { publishExample } from "./overview";

const PAGE = 100;
const AGAIN_MS = 5000;

/** What a person types, as a glob: text without * and ? is looked for anywhere. */
export function globOf(text: string): string {
  return text === "" ? "" : /[*?]/.test(text) ? text : `*${text}*`;
}

function columns(): Column<Client>[] {
  return [
    {
      name: "id",
      title: t("clients.id"),
      main: true,
      cell: (client) => <code class="name">{client.id}</code>,
    },
    {
      name: "state",
      title: t("clients.state"),
      cell: (client) =>
        client.peer ? (
          <Badge tone="good" icon="live">
            {t("clients.connected")}
          </Badge>
        ) : (
          <Badge tone="plain" icon="away">
            {t("clients.away")}
          </Badge>
        ),
    },
    {
      name: "since",
      title: t("clients.since"),
      number: true,
      cell: (client) => formatDuration(client.peer ? client.connected_s : client.away_s),
    },
    { name: "peer", title: t("clients.peer"), cell: (client) => client.peer ?? NOTHING },
    {
      name: "version",
      title: t("clients.version"),
      cell: (client) => (client.version ? `MQTT ${client.version}` : NOTHING),
    },
    {
      name: "subscriptions",
      title: t("clients.subscriptions"),
      number: true,
      cell: (client) => formatCount(client.subscriptions),
    },
    {
      name: "queued",
      title: t("clients.queued"),
      number: true,
      cell: (client) =>
        client.queued
          ? `${formatCount(client.queued)} (${formatBytes(client.queued_bytes)})`
          : formatCount(0),
    },
    {
      name: "in-flight",
      title: t("clients.in_flight"),
      number: true,
      cell: (client) => formatCount(client.in_flight),
    },
    {
      name: "dropped",
      title: t("clients.dropped"),
      number: true,
      cell: (client) =>
        client.dropped ? (
          <Badge tone="warn" icon="warn">
            {formatCount(client.dropped)}
          </Badge>
        ) : (
          formatCount(0)
        ),
    },
    {
      name: "kept",
      title: t("clients.session"),
      cell: (client) => sessionText(client),
    },
  ];
}

function sessionText(client: Client): string {
  if (!client.kept) return t("clients.ends");
  if (client.expiry_s === null) return t("clients.kept_for_ever");
  return t("clients.kept", { duration: formatDuration(client.expiry_s) });
}

export function ClientsPage() {
  const [text, setText] = useState("");
  const match = globOf(useSettled(text));
  const { state } = useStore(system);
  const list = usePages<Client>(`clients ${match}`, async (after, signal) => {
    const answer = await get<{ clients: Client[]; next: number | null }>(
      withQuery("/v1/clients", { match, after, limit: PAGE }),
      signal,
    );
    return { items: answer.clients, next: answer.next };
  });
  const { items, reload } = list;
  const onePage = (items?.length ?? 0) <= PAGE;
  useEffect(() => {
    if (!onePage) return;
    const timer = setInterval(() => document.hidden || reload(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [onePage, reload]);

  return (
    <div class="page page-wide">
      <PageHead
        title={t("clients.title")}
        text={
          state
            ? t("clients.text", {
                connected: formatCount(state.clients),
                away: formatCount(state.sessionsAway),
              })
            : ""
        }
      >
        <Search
          value={text}
          label={t("clients.search")}
          placeholder={t("clients.search")}
          onInput={setText}
        />
        <Button icon="reload" label={t("reload")} onClick={reload} />
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={reload} />
      <Card>
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && match !== "" && (
          <Empty icon="search" title={t("empty.search", { text })} text={t("empty.search.text")} />
        )}
        {items?.length === 0 && match === "" && (
          <Empty icon="clients" title={t("empty.clients")} text={t("empty.clients.text")}>
            <Snippet text={publishExample(state?.mqttAddress ?? "")} />
          </Empty>
        )}
        {items && items.length > 0 && (
          <Table
            label={t("clients.title")}
            columns={columns()}
            items={items}
            keyOf={(client) => client.id}
          />
        )}
        <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      </Card>
    </div>
  );
}
