/** Retained messages: what a new subscriber gets at once. */
import { useState } from "preact/hooks";
import { get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import { system } from "../api/system";
import type { Retained } from "../api/types";
import { formatBytes, formatCount, formatDuration } from "../format";
import { t } from "../i18n";
import { useStore } from "../store";
import {
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

function columns(): Column<Retained>[] {
  return [
    {
      name: "topic",
      title: t("retained.topic"),
      main: true,
      cell: (message) => <code class="name">{message.topic}</code>,
    },
    {
      name: "payload",
      title: t("retained.payload"),
      cell: (message) =>
        message.payload === null ? (
          <span class="faint">{t("retained.binary")}</span>
        ) : (
          <code class="payload">
            {message.payload}
            {message.payload_cut && "…"}
          </code>
        ),
    },
    {
      name: "bytes",
      title: t("retained.size"),
      number: true,
      cell: (message) => formatBytes(message.bytes),
    },
    { name: "qos", title: "QoS", number: true, cell: (message) => message.qos },
    {
      name: "expires",
      title: t("retained.expires"),
      number: true,
      cell: (message) =>
        message.expires_s === null ? t("never") : formatDuration(message.expires_s),
    },
  ];
}

export function RetainedPage() {
  const [text, setText] = useState("");
  const match = useSettled(text);
  const { state } = useStore(system);
  const list = usePages<Retained>(`retained ${match}`, async (after, signal) => {
    const answer = await get<{ retained: Retained[]; next: number | null }>(
      withQuery("/v1/retained", { match, after, limit: PAGE }),
      signal,
    );
    return { items: answer.retained, next: answer.next };
  });
  const { items } = list;
  return (
    <div class="page page-wide">
      <PageHead
        title={t("retained.title")}
        text={state ? t("retained.text", { count: formatCount(state.retained) }) : ""}
      >
        <Search
          value={text}
          label={t("retained.search")}
          placeholder={t("retained.search.example")}
          onInput={setText}
        />
        <Button icon="reload" label={t("reload")} onClick={list.reload} />
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      <Card>
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && match !== "" && (
          <Empty
            icon="search"
            title={t("empty.search", { text })}
            text={t("retained.search.text")}
          />
        )}
        {items?.length === 0 && match === "" && (
          <Empty icon="retained" title={t("empty.retained")} text={t("empty.retained.text")}>
            <Snippet text={`${publishExample(state?.mqttAddress ?? "")} --retain`} />
          </Empty>
        )}
        {items && items.length > 0 && (
          <Table
            label={t("retained.title")}
            columns={columns()}
            items={items}
            keyOf={(message) => message.topic}
          />
        )}
        <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      </Card>
    </div>
  );
}
