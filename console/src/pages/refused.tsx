/** Topics and payloads that were not taken as readings, and why. */
import { useState } from "preact/hooks";
import { get } from "../api/http";
import { useQuery } from "../api/query";
import { system } from "../api/system";
import type { Refusal } from "../api/types";
import { formatCount } from "../format";
import { t } from "../i18n";
import { refusalTexts, serverText } from "../i18n/server-zh";
import { useStore } from "../store";
import { Age, Badge, Card, Empty, PageHead, ProblemNote, Search, Skeleton } from "../ui/parts";
import { Table, type Column } from "../ui/table";

const AGAIN_MS = 5000;

const codeOf = ({ fault, reason }: Refusal): string => fault ?? reason;
const textOf = (refusal: Refusal): string =>
  serverText(refusalTexts, codeOf(refusal), refusal.text);

export function refusalColumns(withTopic: boolean): Column<Refusal>[] {
  const topic: Column<Refusal> = {
    name: "topic",
    title: t("refused.topic"),
    main: true,
    cell: (refusal) => <code class="name">{refusal.topic}</code>,
  };
  return [
    ...(withTopic ? [topic] : []),
    {
      name: "reason",
      title: t("refused.reason"),
      cell: (refusal) => (
        <Badge tone="warn" icon="refused">
          {codeOf(refusal).replaceAll("_", " ")}
        </Badge>
      ),
    },
    { name: "text", title: t("refused.why"), cell: textOf },
    {
      name: "count",
      title: t("refused.count"),
      number: true,
      cell: (refusal) => formatCount(refusal.count),
    },
    { name: "last", title: t("refused.last"), cell: (refusal) => <Age time={refusal.last} /> },
  ];
}

function matches(refusal: Refusal, text: string): boolean {
  const wanted = text.toLowerCase();
  return [refusal.topic, refusal.reason, refusal.fault ?? "", textOf(refusal)].some((part) =>
    part.toLowerCase().includes(wanted),
  );
}

function Reasons(props: { items: Refusal[]; chosen: string; onChoose: (reason: string) => void }) {
  const counts = new Map<string, number>();
  for (const refusal of props.items)
    counts.set(codeOf(refusal), (counts.get(codeOf(refusal)) ?? 0) + 1);
  if (counts.size < 2) return null;
  return (
    <div class="chips" role="group" aria-label={t("refused.reason")}>
      {[...counts].map(([reason, count]) => (
        <button
          key={reason}
          type="button"
          class="chip"
          aria-pressed={props.chosen === reason}
          onClick={() => props.onChoose(props.chosen === reason ? "" : reason)}
        >
          {reason.replaceAll("_", " ")} <span class="faint">{formatCount(count)}</span>
        </button>
      ))}
    </div>
  );
}

export function RefusedPage() {
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const { state } = useStore(system);
  const { data, problem, reload } = useQuery(
    "refused",
    (signal) => get<{ refused: Refusal[] }>("/v1/refused", signal),
    AGAIN_MS,
  );
  const all = data?.refused;
  const items = all?.filter(
    (refusal) => matches(refusal, text) && (reason === "" || codeOf(refusal) === reason),
  );
  return (
    <div class="page page-wide">
      <PageHead
        title={t("refused.title")}
        text={state ? t("refused.text", { count: formatCount(state.refused) }) : ""}
      >
        <Search
          value={text}
          label={t("refused.search")}
          placeholder={t("refused.search")}
          onInput={setText}
        />
      </PageHead>
      <ProblemNote problem={problem} onRetry={reload} />
      {all && <Reasons items={all} chosen={reason} onChoose={setReason} />}
      <Card>
        {!items && !problem && <Skeleton />}
        {all?.length === 0 && (
          <Empty icon="well" title={t("empty.refused")} text={t("empty.refused.text")} />
        )}
        {all && all.length > 0 && items?.length === 0 && (
          <Empty icon="search" title={t("empty.search", { text })} text={t("empty.search.text")} />
        )}
        {items && items.length > 0 && (
          <Table
            label={t("refused.title")}
            columns={refusalColumns(true)}
            items={items}
            keyOf={(refusal) => `${refusal.topic} ${refusal.reason} ${refusal.fault ?? ""}`}
          />
        )}
      </Card>
    </div>
  );
}
