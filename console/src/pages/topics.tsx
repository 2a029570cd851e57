/** Topics seen lately and the points they become. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import { may } from "../api/session";
import { system } from "../api/system";
import type { Topic, TopicsAnswer } from "../api/types";
import { formatCount } from "../format";
import { t } from "../i18n";
import { pointAddress } from "../router";
import { useStore } from "../store";
import {
  Age,
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
import { TopicTrials } from "./topic-trials";
import { Use, whyOf } from "./topic-use";

const PAGE = 100;
const AGAIN_MS = 5000;
const POINTS_SHOWN = 6;

/** Below the topic's own path the rest of a point's path is enough. */
function nameBelow(path: string, topic: Topic): string {
  return topic.path && path.startsWith(`${topic.path}/`) ? path.slice(topic.path.length + 1) : path;
}

function Points({ topic }: { topic: Topic }) {
  if (!topic.points.length) return <span class="faint">{whyOf(topic) ?? t("topics.none")}</span>;
  const more = topic.count - Math.min(POINTS_SHOWN, topic.points.length);
  return (
    <span class="paths">
      {topic.path !== topic.topic && <span class="faint">{topic.path}</span>}
      {topic.points.slice(0, POINTS_SHOWN).map((path) => (
        <a key={path} href={pointAddress(path)} title={path}>
          {nameBelow(path, topic)}
        </a>
      ))}
      {more > 0 && <span class="faint">{t("topics.more", { count: formatCount(more) })}</span>}
    </span>
  );
}

function columns(): Column<Topic>[] {
  return [
    {
      name: "topic",
      title: t("topics.topic"),
      main: true,
      cell: (topic) => <code class="name">{topic.topic}</code>,
    },
    { name: "use", title: t("topics.use"), cell: (topic) => <Use use={topic} /> },
    { name: "points", title: t("topics.points"), cell: (topic) => <Points topic={topic} /> },
    {
      name: "messages",
      title: t("topics.messages"),
      number: true,
      cell: (topic) => formatCount(topic.messages),
    },
    { name: "last", title: t("topics.last"), cell: (topic) => <Age time={topic.last} /> },
  ];
}

export function TopicsPage() {
  const [text, setText] = useState("");
  const contains = useSettled(text);
  const [inForce, setInForce] = useState<{ match: string; template: string }>();
  const { state } = useStore(system);
  const load = useCallback(
    async (after: string | number | null, signal: AbortSignal) => {
      const answer = await get<TopicsAnswer>(
        withQuery("/v1/topics", { contains, after, limit: PAGE }),
        signal,
      );
      const { match, template, topics, next } = answer;
      setInForce((old) =>
        old?.match === match && old.template === template ? old : { match, template },
      );
      return { items: topics, next };
    },
    [contains],
  );
  const list = usePages<Topic>(`topics ${contains}`, load);
  const { items, reload } = list;
  const onePage = (items?.length ?? 0) <= PAGE;
  useEffect(() => {
    if (!onePage) return;
    const timer = setInterval(() => document.hidden || reload(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [onePage, reload]);

  return (
    <div class="page page-wide">
      <PageHead title={t("topics.title")} text={t("topics.text")}>
        <Search
          value={text}
          label={t("topics.search")}
          placeholder={t("topics.search")}
          onInput={setText}
        />
        <Button icon="reload" label={t("reload")} onClick={reload} />
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={reload} />
      {inForce && may("topics", "configure") && (
        <TopicTrials match={inForce.match} template={inForce.template} />
      )}
      <Card>
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && contains === "" && (
          <Empty icon="topics" title={t("empty.topics")} text={t("empty.topics.text")}>
            <Snippet text={publishExample(state?.mqttAddress ?? "")} />
          </Empty>
        )}
        {items?.length === 0 && contains !== "" && (
          <Empty icon="search" title={t("empty.search", { text })} text={t("empty.search.text")} />
        )}
        {items && items.length > 0 && (
          <Table
            label={t("topics.title")}
            columns={columns()}
            items={items}
            keyOf={(topic) => topic.topic}
          />
        )}
        <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      </Card>
    </div>
  );
}
