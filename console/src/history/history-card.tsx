/** The store of the history on the overview: what it holds, what it costs a value, what is done in the background. */
import { get } from "../api/http";
import { useQuery } from "../api/query";
import { formatBytes, formatCount, formatDuration, formatTime, NOTHING } from "../format";
import { th } from "../i18n/history";
import "../style/history.css";
import { Badge, Card, ProblemNote, Skeleton } from "../ui/parts";
import { MissingNote } from "./answer-notes";
import type { Missing } from "./types";

interface Tier {
  tier: "raw" | "minute" | "hour" | "day";
  parts: number;
  bytes: number;
  values: number;
}
interface Store {
  tiers: Tier[];
  windows: { count: number; bytes: number; values: number };
  work: {
    seals: number;
    merges: number;
    erasures: number;
    sealed_values: number;
    merged_values: number;
    seal_s: number;
    merge_s: number;
    rollup_s: number;
    thinned: number;
    expired: number;
    dropped: number;
  };
  busy: boolean;
  full: boolean;
  disk_full: boolean;
  questions: { running: number; waiting: number };
  missing: Missing[];
  missing_count: number;
}

const AGAIN_MS = 5000;

export function bytesEach({ bytes, values }: { bytes: number; values: number }): string {
  return values ? (bytes / values).toFixed(2) : NOTHING;
}

function Tiers({ tiers }: { tiers: Tier[] }) {
  const shown = tiers.filter(({ tier, parts }) => tier === "raw" || parts > 0);
  return (
    <div class="stats-frame" role="group" aria-label={th("store.tiers")} tabIndex={0}>
      <table class="stats-table">
        <thead>
          <tr>
            <th scope="col">{th("store.tiers")}</th>
            {(["parts", "values", "size", "each"] as const).map((name) => (
              <th key={name} scope="col" class="number">
                {th(`store.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((tier) => (
            <tr key={tier.tier}>
              <th scope="row">{th(`store.${tier.tier}`)}</th>
              <td class="number">{formatCount(tier.parts)}</td>
              <td class="number">{formatCount(tier.values)}</td>
              <td class="number">{formatBytes(tier.bytes)}</td>
              <td class="number">{bytesEach(tier)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function factsOf({ windows, work, questions }: Store): [string, string][] {
  const facts: [string, string][] = [
    [
      th("store.window"),
      th("store.window.text", {
        values: formatCount(windows.values),
        bytes: formatBytes(windows.bytes),
      }),
    ],
    [
      th("store.sealed"),
      th("store.work.text", { count: work.seals, time: formatDuration(work.seal_s) }),
    ],
    [
      th("store.merged"),
      th("store.work.text", { count: work.merges, time: formatDuration(work.merge_s) }),
    ],
    [
      th("store.questions"),
      th("store.questions.text", { running: questions.running, waiting: questions.waiting }),
    ],
  ];
  const gone = work.thinned + work.expired + work.dropped;
  if (gone)
    facts.push([
      th("store.gone"),
      th("store.gone.text", {
        thinned: formatCount(work.thinned),
        expired: formatCount(work.expired),
        dropped: formatCount(work.dropped),
      }),
    ]);
  return facts;
}

export function HistoryCard() {
  const { data, problem, reload } = useQuery(
    "store",
    (signal) => get<Store>("/v1/history", signal),
    AGAIN_MS,
  );
  const [full, busy] = [data?.full || data?.disk_full, data?.busy];
  const first = data?.missing[0]?.first;
  return (
    <Card
      title={th("store.title")}
      aside={
        full ? (
          <Badge tone="bad" icon="bad">
            {th(data?.disk_full ? "store.disk_full" : "store.full")}
          </Badge>
        ) : busy ? (
          <Badge tone="info" icon="reload">
            {th("store.busy")}
          </Badge>
        ) : undefined
      }
    >
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={4} />}
      {data && (
        <>
          <MissingNote missing={data.missing} />
          {data.missing_count > data.missing.length && (
            <p class="hint">
              {th("store.missing", {
                count: formatCount(data.missing_count),
                time: formatTime(first),
              })}
            </p>
          )}
          <Tiers tiers={data.tiers} />
          <dl class="facts store-facts">
            {factsOf(data).map(([name, text]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </Card>
  );
}
