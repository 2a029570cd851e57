/** How the server does: all is well, or what is not and what to do about it; then the numbers behind it. */
import type { ComponentChildren } from "preact";
import { alarmCounts } from "../alarms/watch";
import { HISTORY_MS, system, type Moment } from "../api/system";
import { mayOpen } from "../api/pages";
import type { Issue } from "../api/health";
import type { SystemState } from "../api/state";
import {
  formatBytes,
  formatCores,
  formatCount,
  formatDuration,
  formatLatency,
  formatRate,
  formatShare,
} from "../format";
import { keyIfKnown, t } from "../i18n";
import { routeAddress } from "../router";
import { useStore } from "../store";
import { Icon, type IconName } from "../ui/icon";
import { lazy } from "../ui/lazy";
import { Card, Empty, PageHead, Skeleton, Snippet, Time, type Tone } from "../ui/parts";
import { Sparkline } from "../ui/sparkline";

const AlarmTiles = lazy(async () => (await import("../alarms/tiles")).AlarmTiles, 2);
const HistoryCard = lazy(async () => (await import("../history/history-card")).HistoryCard, 4);

export function memoryPartName(name: string): string {
  const key = keyIfKnown(`memory.${name}`);
  return key ? t(key) : name;
}

export function publishExample(mqttAddress: string): string {
  const port = /:(\d+)$/.exec(mqttAddress)?.[1] ?? "1883";
  const host = location.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1";
  return `mosquitto_pub -h ${host} -p ${port} -q 1 -t plant/line-1/press-3 -m '{"temp": 21.5, "running": true}'`;
}

const SPAN_LEAST_MS = 60_000;

const ISSUE_LINKS: Partial<Record<Issue["kind"], string>> = {
  refusing: routeAddress("refused"),
  dropping: routeAddress("clients"),
  connections_limit: routeAddress("clients"),
  points_limit: routeAddress("settings", "", { search: "points." }),
  memory_limit: routeAddress("settings", "", { search: "mqtt.memory" }),
};

function IssueLine({ issue, state }: { issue: Issue; state: SystemState }) {
  const words = {
    data: state.data || "DIR",
    count: formatCount(state.damage.length),
    free: formatBytes(state.diskFree),
    took: formatLatency(state.writeNs),
  };
  const link = ISSUE_LINKS[issue.kind];
  return (
    <li class={`issue issue-${issue.severity}`}>
      <Icon name={issue.severity === "bad" ? "bad" : "warn"} size={20} />
      <div>
        <strong>{t(`issue.${issue.kind}`, words)}</strong>
        <p>{t(`issue.${issue.kind}.do`, words)}</p>
        {link && (
          <a href={link}>
            {t("issue.look")}
            <Icon name="chevron" size={14} />
          </a>
        )}
      </div>
    </li>
  );
}

function Verdict({ state, issues }: { state: SystemState; issues: Issue[] }) {
  const bad = issues.some((issue) => issue.severity === "bad");
  const calm = issues.length === 0;
  // The server may be well while the plant is not: never "all is well" above alarms that wait.
  const waiting = useStore(alarmCounts)?.unacknowledged ?? 0;
  const tone = bad ? "bad" : calm && waiting === 0 ? "good" : "warn";
  const icon = tone === "good" ? "well" : tone;
  return (
    <section class={`verdict verdict-${tone}`} aria-label={t("overview.verdict")}>
      <span class="verdict-icon">
        <Icon name={icon} size={26} />
      </span>
      <div class="verdict-words">
        <h2>
          {calm && waiting > 0
            ? t("verdict.alarms", { count: formatCount(waiting) })
            : t(`verdict.${tone}`)}
        </h2>
        {calm && <p>{t("verdict.good.text", { uptime: formatDuration(state.uptimeS) })}</p>}
        {issues.length > 0 && (
          <ul class="issues">
            {issues.map((issue) => (
              <IssueLine key={issue.kind} issue={issue} state={state} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Figure(props: {
  icon: IconName;
  title: string;
  value: string;
  unit?: string;
  text: ComponentChildren;
  tone?: Tone;
  href?: string;
  children?: ComponentChildren;
}) {
  const inner = (
    <>
      <span class="figure-title">
        <Icon name={props.icon} size={16} />
        {props.title}
      </span>
      <span class="figure-value">
        {props.value}
        {props.unit && <small>{props.unit}</small>}
      </span>
      {props.children}
      <span class="figure-text">{props.text}</span>
    </>
  );
  const look = `figure figure-${props.tone ?? "plain"}`;
  return props.href ? (
    <a class={look} href={props.href}>
      {inner}
    </a>
  ) : (
    <div class={look}>{inner}</div>
  );
}

function Meter({ share, tone, label }: { share: number; tone: Tone; label: string }) {
  const percent = Math.round(100 * Math.max(0, Math.min(1, share)));
  return (
    <span
      class={`meter meter-${tone}`}
      role="meter"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}

const samplesOf = (history: Moment[], pick: (state: SystemState) => number) =>
  history.map(({ at, state }) => ({ at, value: pick(state) }));

/** What was collected, a minute at least. */
function spanOf(history: Moment[]): number {
  const first = history[0]?.at ?? 0;
  const last = history[history.length - 1]?.at ?? 0;
  return Math.min(HISTORY_MS, Math.max(SPAN_LEAST_MS, last - first));
}

function Throughput({ state, history }: { state: SystemState; history: Moment[] }) {
  return (
    <Card class="throughput" title={t("overview.values")}>
      <div class="throughput-now">
        <span class="giant">{formatRate(state.valuesPerS)}</span>
        <span class="giant-unit">{t("per_second")}</span>
      </div>
      <Sparkline
        samples={samplesOf(history, (then) => then.valuesPerS)}
        spanMs={spanOf(history)}
        height={96}
        label={t("overview.values.trend")}
      />
      <dl class="facts-line">
        <div>
          <dt>{t("overview.messages")}</dt>
          <dd>{t("rate", { rate: formatRate(state.messagesPerS) })}</dd>
        </div>
        <div>
          <dt>{t("overview.delivered")}</dt>
          <dd>{t("rate", { rate: formatRate(state.deliveredPerS) })}</dd>
        </div>
        <div>
          <dt>{t("overview.traffic")}</dt>
          <dd>{t("rate", { rate: formatBytes(state.bytesInPerS) })}</dd>
        </div>
        <div>
          <dt>{t("overview.cores")}</dt>
          <dd>{formatCores(state.cores)}</dd>
        </div>
      </dl>
    </Card>
  );
}

function Figures({
  state,
  issues,
  history,
}: {
  state: SystemState;
  issues: Issue[];
  history: Moment[];
}) {
  const has = (...kinds: Issue["kind"][]) => {
    const found = issues.find((issue) => kinds.includes(issue.kind));
    return found ? found.severity : "plain";
  };
  const { diskFree, diskTotal } = state;
  const used = diskFree !== undefined && diskTotal ? 1 - diskFree / diskTotal : undefined;
  const diskTone = has("disk_full", "disk_low");
  const [number, unit] = splitUnit(formatLatency(state.lagNs));
  const [free, freeUnit] = splitUnit(formatBytes(diskFree));
  const [memory, memoryUnit] = splitUnit(formatBytes(state.memoryBytes));
  return (
    <div class="figures">
      <Figure
        icon="clock"
        title={t("overview.lag")}
        value={number}
        unit={unit}
        tone={has("slow_disk", "stopped")}
        text={t("overview.lag.text", { write: formatLatency(state.writeNs) })}
      >
        <Sparkline
          samples={samplesOf(history, (then) => Math.max(then.lagNs, then.writeNs))}
          spanMs={spanOf(history)}
          height={28}
          label={t("overview.lag.trend")}
        />
      </Figure>
      <Figure
        icon="disk"
        title={t("overview.disk")}
        value={free}
        unit={freeUnit}
        tone={diskTone}
        text={t("overview.disk.text", {
          journal: formatBytes(state.journalBytes),
          total: formatBytes(diskTotal),
        })}
      >
        {used !== undefined && (
          <Meter
            share={used}
            tone={diskTone === "plain" ? "info" : diskTone}
            label={t("overview.disk.used")}
          />
        )}
      </Figure>
      <Figure
        icon="memory"
        title={t("overview.memory")}
        value={memory}
        unit={memoryUnit}
        tone={has("memory_limit")}
        text={t("overview.memory.text", { points: formatCount(state.points) })}
      >
        <Sparkline
          samples={samplesOf(history, (then) => then.memoryBytes)}
          spanMs={spanOf(history)}
          height={28}
          label={t("overview.memory.trend")}
        />
      </Figure>
      <Figure
        icon="clients"
        title={t("overview.connections")}
        value={formatCount(state.connections)}
        tone={has("connections_limit", "dropping")}
        href={routeAddress("clients")}
        text={t("overview.connections.text", {
          away: formatCount(state.sessionsAway),
          viewers: state.viewers,
        })}
      >
        <Sparkline
          samples={samplesOf(history, (then) => then.connections)}
          spanMs={spanOf(history)}
          height={28}
          label={t("overview.connections.trend")}
        />
      </Figure>
      <Figure
        icon="refused"
        title={t("overview.refused")}
        value={formatCount(state.refused)}
        tone={has("refusing")}
        href={routeAddress("refused")}
        text={
          state.refused
            ? t("overview.refused.text", { taken: formatCount(state.messages) })
            : t("overview.refused.none")
        }
      />
      <Figure
        icon={state.damage.length ? "bad" : "well"}
        title={t("overview.damage")}
        value={formatCount(state.damage.length)}
        tone={has("damage")}
        text={state.damage.length ? t("overview.damage.text") : t("overview.damage.none")}
      />
    </div>
  );
}

function splitUnit(text: string): [string, string] {
  const space = text.lastIndexOf(" ");
  return space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)];
}

function Memory({ state }: { state: SystemState }) {
  const parts = state.memoryParts;
  const sum = parts.reduce((all, part) => all + part.bytes, 0);
  return (
    <Card title={t("overview.memory.parts")} aside={<span>{formatBytes(sum)}</span>}>
      <div class="stacked" aria-hidden="true">
        {parts.map((part, i) => (
          <span
            key={part.name}
            class={`hue-${i % 8}`}
            style={{ flexGrow: String(part.bytes / Math.max(1, sum)) }}
          />
        ))}
      </div>
      <ul class="legend">
        {parts.map((part, i) => (
          <li key={part.name}>
            <span class={`swatch hue-${i % 8}`} aria-hidden="true" />
            <span>{memoryPartName(part.name)}</span>
            <span class="number">{formatBytes(part.bytes)}</span>
            <span class="number faint">{formatShare(part.bytes / Math.max(1, sum))}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Facts({ state }: { state: SystemState }) {
  const facts: [string, ComponentChildren][] = [
    [t("facts.points"), formatCount(state.points)],
    [t("facts.values"), formatCount(state.values)],
    [
      t("facts.ack"),
      `${formatLatency(state.ackP50Us * 1e3)} / ${formatLatency(state.ackP99Us * 1e3)}`,
    ],
    [t("facts.position"), formatCount(state.durablePosition)],
    [t("facts.segments"), formatCount(state.segments)],
    [t("facts.subscriptions"), formatCount(state.subscriptions)],
    [t("facts.uptime"), formatDuration(state.uptimeS)],
    [t("facts.mqtt"), <code>{state.mqttAddress}</code>],
    [t("facts.data"), <code>{state.data}</code>],
    [t("facts.version"), state.version],
  ];
  return (
    <Card title={t("overview.facts")}>
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

function DamageList({ state }: { state: SystemState }) {
  if (!state.damage.length) return null;
  return (
    <Card title={t("overview.damage")}>
      <ul class="damage">
        {state.damage.map((damage) => (
          <li key={`${damage.segment}-${damage.offset}`}>
            <strong>
              {t("damage.where", {
                segment: damage.segment,
                offset: formatCount(damage.offset),
                bytes: formatBytes(damage.bytes),
              })}
            </strong>
            <span>{damage.why}</span>
            <span class="faint">
              <Time time={damage.before} /> – <Time time={damage.after} />
            </span>
            <code>{damage.file}</code>
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function OverviewPage() {
  const { state, issues, history } = useStore(system);
  return (
    <div class="page">
      <PageHead title={t("overview.title")} text={t("overview.text")} />
      {!state && <Skeleton rows={8} />}
      {state && <Verdict state={state} issues={issues} />}
      {state && state.pointsEver === 0 && (
        <Card>
          <Empty icon="points" title={t("empty.points")} text={t("empty.points.text")}>
            <Snippet text={publishExample(state.mqttAddress)} />
          </Empty>
        </Card>
      )}
      {state && (
        <>
          {mayOpen("alarms") && state.pointsEver > 0 && <AlarmTiles />}
          <Throughput state={state} history={history} />
          <Figures state={state} issues={issues} history={history} />
          <DamageList state={state} />
          {state.pointsEver > 0 && <HistoryCard />}
          <div class="columns">
            <Memory state={state} />
            <Facts state={state} />
          </div>
        </>
      )}
    </div>
  );
}
