/** How good the alarm system is: measures of EEMUA 191 and ISA-18.2 with the bands that they give, and what to mend. */
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { askStatistics, type AlarmStatistics } from "../api/alarms";
import { serverNow } from "../api/clock";
import { useQuery } from "../api/query";
import { formatCount, formatShare, formatTick, formatTime } from "../format";
import { tl } from "../i18n/alarms";
import { pointAddress, routeAddress } from "../router";
import { recall, remember } from "../store";
import { Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import {
  Badge,
  Card,
  Empty,
  ProblemNote,
  Segmented,
  Skeleton,
  Time,
  useSettled,
} from "../ui/parts";
import { Table } from "../ui/table";
import { measuresOf, needleOf, sharesOf, SHARES_WANTED, type Measure } from "./eemua";
import { durationText, PriorityMark, priorityName } from "./parts";
import { shiftBegin } from "./shifts";
import { axisTimes, useWidth } from "./timeline";

const SPANS = ["shift", "day", "week", "month"] as const;
const DAYS = { shift: 0, day: 1, week: 7, month: 30 } as const;
const SHIFTS = [6, 8, 12] as const;
const BEGINS = Array.from({ length: 24 }, (_, hour) => hour);
const BEGIN_NAME = "shifts-begin";
const SHIFT_NAME = "shift-hours";
const MINUTE_MS = 60_000;
const AGAIN_MS = 30_000;
const PLOT_HEIGHT = 150;
const PLOT_FOOT = 22;
const FLOOD = 10; /* in ten minutes: ISA-18.2 16.5 */

const BAND_LOOKS = {
  good: ["good", "check"],
  fair: ["warn", "warn"],
  poor: ["bad", "bad"],
} as const;

function measureText({ name, value }: Measure): string {
  if (value === null) return "–";
  if (name === "flooded" || name === "urgent") return formatShare(value);
  return name === "mean" ? value.toFixed(value < 10 ? 2 : 1) : formatCount(value);
}

const arc = (from: number, to: number): string => {
  const at = (share: number) => {
    const angle = Math.PI * (1 - share);
    return `${(60 + 48 * Math.cos(angle)).toFixed(2)} ${(60 - 48 * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${at(from)}A48 48 0 0 1 ${at(to)}`;
};

/** A half circle of three bands with a needle; the words beside it say the same. */
function Gauge({ measure }: { measure: Measure }) {
  const { name, band } = measure;
  const share = needleOf(measure);
  const angle = Math.PI * (1 - share);
  const [tone, icon] = band ? BAND_LOOKS[band] : (["plain", "unknown"] as const);
  return (
    <li class="dial">
      <svg width="120" height="70" viewBox="0 0 120 70" aria-hidden="true">
        <path class="dial-good" d={arc(0.005, 0.325)} />
        <path class="dial-fair" d={arc(0.342, 0.658)} />
        <path class="dial-poor" d={arc(0.675, 0.995)} />
        {band && (
          <line
            class="dial-needle"
            x1="60"
            y1="60"
            x2={60 + 40 * Math.cos(angle)}
            y2={60 - 40 * Math.sin(angle)}
          />
        )}
        {band && <circle class="dial-hub" cx="60" cy="60" r="4" />}
      </svg>
      <strong class="dial-value">{measureText(measure)}</strong>
      <span class="dial-name">{tl(`statistics.measure.${name}`)}</span>
      <span class="faint">{tl(`statistics.goal.${name}`)}</span>
      {band ? (
        <Badge tone={tone} icon={icon}>
          {tl(`statistics.band.${band}`)}
        </Badge>
      ) : (
        <Badge tone="plain">{tl("statistics.band.none")}</Badge>
      )}
    </li>
  );
}

/** Raised in each step, as bars; a line is where a flood begins when a step is ten minutes. */
function Series({ statistics }: { statistics: AlarmStatistics }) {
  const { box, width } = useWidth();
  const { series, floods } = statistics;
  const from = Date.parse(statistics.from);
  const to = Date.parse(statistics.to);
  const first = series[0];
  const second = series[1];
  const step =
    first && second ? Date.parse(second.time) - Date.parse(first.time) : Math.max(1, to - from);
  const most = Math.max(FLOOD, ...series.map(({ raised }) => raised));
  const left = 36;
  const room = Math.max(1, width - left - 8);
  const height = PLOT_HEIGHT - PLOT_FOOT;
  const x = (time: number) => left + (room * (time - from)) / Math.max(1, to - from);
  const y = (raised: number) => height - ((height - 8) * raised) / most;
  const floodLine = Math.abs(step - 10 * MINUTE_MS) < 1000;
  return (
    <div
      ref={box}
      class="timeline"
      role="img"
      aria-label={tl("statistics.series.label", { most: formatCount(most), count: series.length })}
    >
      {width > 0 && (
        <svg width={width} height={PLOT_HEIGHT} aria-hidden="true">
          {[0, most / 2, most].map((value) => (
            <g key={value}>
              <line class="lane-tick" x1={left} x2={left + room} y1={y(value)} y2={y(value)} />
              <text class="lane-time" x={left - 6} y={y(value) + 4} text-anchor="end">
                {formatCount(Math.round(value))}
              </text>
            </g>
          ))}
          {floods.map((flood) => (
            <rect
              key={flood.from}
              class="flood"
              x={x(Date.parse(flood.from))}
              y={0}
              width={Math.max(2, x(Date.parse(flood.to)) - x(Date.parse(flood.from)))}
              height={height}
            >
              <title>
                {tl("statistics.flood.words", {
                  count: flood.alarms,
                  time: formatTime(flood.from),
                })}
              </title>
            </rect>
          ))}
          {series.map(({ time, raised }) => {
            const at = Date.parse(time);
            return raised > 0 ? (
              <rect
                key={time}
                class="series-bar"
                x={x(at) + 0.5}
                y={y(raised)}
                width={Math.max(1, x(at + step) - x(at) - 1)}
                height={Math.max(1, height - y(raised))}
              >
                <title>{`${formatTime(time)}: ${formatCount(raised)}`}</title>
              </rect>
            ) : null;
          })}
          {floodLine && (
            <line class="flood-line" x1={left} x2={left + room} y1={y(FLOOD)} y2={y(FLOOD)} />
          )}
          {axisTimes(from, to, Math.max(2, room / 150)).map((time) => (
            <text key={time} class="lane-time" x={x(time)} y={PLOT_HEIGHT - 6} text-anchor="middle">
              {formatTick(time, to - from)}
            </text>
          ))}
        </svg>
      )}
    </div>
  );
}

/** Names with a bar as long as they are often. */
function Bars(props: {
  label: string;
  items: { key: string; main: ComponentChildren; text: string; value: number }[];
  none: string;
}) {
  const most = Math.max(1, ...props.items.map(({ value }) => value));
  if (props.items.length === 0)
    return (
      <p class="hint">
        <Icon name="check" size={14} /> {props.none}
      </p>
    );
  return (
    <ol class="bars" aria-label={props.label}>
      {props.items.map(({ key, main, text, value }) => (
        <li key={key}>
          <span class="bars-name">{main}</span>
          <span class="number">{text}</span>
          <span class="bars-bar" aria-hidden="true">
            <span style={{ width: `${(100 * value) / most}%` }} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function PlaceAndRule({ path, rule }: { path: string | null; rule: string }) {
  return (
    <>
      {path ? (
        <a href={pointAddress(path)}>
          <Name text={path} />
        </a>
      ) : (
        <span class="faint">{tl("alarms.everywhere")}</span>
      )}{" "}
      <a class="faint" href={routeAddress("rules", rule)}>
        <Name text={rule} />
      </a>
    </>
  );
}

function Priorities({ counts }: { counts: number[] }) {
  const shares = sharesOf(counts);
  return (
    <ul class="shares-of">
      {shares.map((share, at) => (
        <li key={at}>
          <PriorityMark priority={at + 1} size={20} />
          <span>{at === 3 ? tl("statistics.priority.rest") : priorityName(at + 1)}</span>
          <span class="bars-bar" aria-hidden="true">
            <span class={`priority-back-${at + 1}`} style={{ width: `${100 * share}%` }} />
            <i style={{ left: `${100 * (SHARES_WANTED[at] ?? 0)}%` }} />
          </span>
          <span class="number">{formatShare(share)}</span>
          <span class="number faint">
            {tl("statistics.wanted", { share: formatShare(SHARES_WANTED[at] ?? 0) })}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Shifts({ statistics }: { statistics: AlarmStatistics }) {
  return (
    <Table
      label={tl("statistics.by_shift")}
      items={statistics.by_shift}
      keyOf={({ from }) => from}
      columns={[
        {
          name: "shift",
          title: tl("statistics.shift"),
          main: true,
          cell: ({ from, to }) => (
            <>
              <Time time={from} /> – <Time time={to} />
            </>
          ),
        },
        {
          name: "raised",
          title: tl("statistics.raised"),
          number: true,
          cell: ({ raised }) => formatCount(raised),
        },
        {
          name: "most",
          title: tl("statistics.most"),
          number: true,
          cell: ({ most_in_10_minutes: most }) =>
            most > FLOOD ? (
              <Badge tone="bad" icon="warn">
                {formatCount(most)}
              </Badge>
            ) : (
              formatCount(most)
            ),
        },
      ]}
    />
  );
}

function Body({ statistics }: { statistics: AlarmStatistics }) {
  const { acknowledge, floods, top, chattering, standing, stale } = statistics;
  return (
    <>
      <Card
        title={tl("statistics.eemua")}
        aside={
          <span>{tl("statistics.raised.count", { count: formatCount(statistics.raised) })}</span>
        }
      >
        <ul class="dials">
          {measuresOf(statistics).map((measure) => (
            <Gauge key={measure.name} measure={measure} />
          ))}
        </ul>
      </Card>
      <Card title={tl("statistics.series")}>
        <Series statistics={statistics} />
      </Card>
      <div class="stat-columns">
        <Card title={tl("statistics.top")}>
          <Bars
            label={tl("statistics.top")}
            none={tl("statistics.top.none")}
            items={top.slice(0, 10).map(({ path, rule, times }) => ({
              key: `${path ?? ""} ${rule}`,
              main: <PlaceAndRule path={path} rule={rule} />,
              text: formatCount(times),
              value: times,
            }))}
          />
        </Card>
        <Card title={tl("statistics.priorities")}>
          <Priorities counts={statistics.by_priority} />
          <dl class="facts">
            <div>
              <dt>{tl("statistics.acknowledge")}</dt>
              <dd>
                {acknowledge.median === null
                  ? tl("statistics.acknowledge.none")
                  : tl("statistics.acknowledge.words", {
                      median: durationText(acknowledge.median),
                      p90: durationText(acknowledge.p90),
                    })}
              </dd>
            </div>
            <div>
              <dt>{tl("statistics.stale")}</dt>
              <dd>{formatCount(stale)}</dd>
            </div>
          </dl>
        </Card>
        <Card title={tl("statistics.chattering")}>
          <Bars
            label={tl("statistics.chattering")}
            none={tl("statistics.chattering.none")}
            items={chattering.slice(0, 10).map(({ path, rule, times }) => ({
              key: `${path ?? ""} ${rule}`,
              main: <PlaceAndRule path={path} rule={rule} />,
              text: formatCount(times),
              value: times,
            }))}
          />
        </Card>
        <Card title={tl("statistics.standing")}>
          {standing.length === 0 ? (
            <p class="hint">
              <Icon name="check" size={14} /> {tl("statistics.standing.none")}
            </p>
          ) : (
            <ol class="bars">
              {standing.slice(0, 10).map((one) => (
                <li key={one.alarm}>
                  <a class="bars-name" href={routeAddress("alarms", String(one.alarm))}>
                    <Name text={one.path ?? one.rule} />
                  </a>
                  <span class="number">{durationText(one.for)}</span>
                </li>
              ))}
            </ol>
          )}
        </Card>
        <Card title={tl("statistics.floods")}>
          {floods.length === 0 ? (
            <p class="hint">
              <Icon name="check" size={14} /> {tl("statistics.floods.none")}
            </p>
          ) : (
            <ol class="bars">
              {floods.slice(0, 10).map((flood) => (
                <li key={flood.from}>
                  <span class="bars-name">
                    <Time time={flood.from} /> – <Time time={flood.to} />
                  </span>
                  <span class="number">{tl("alarms.count.words", { count: flood.alarms })}</span>
                </li>
              ))}
            </ol>
          )}
        </Card>
        <Card title={tl("statistics.by_shift")}>
          {statistics.by_shift.length > 0 ? (
            <Shifts statistics={statistics} />
          ) : (
            <p class="hint">{tl("statistics.by_shift.none")}</p>
          )}
        </Card>
      </div>
    </>
  );
}

const chosenOf = <T extends number>(known: readonly T[], said: string | null, other: T): T =>
  known.find((one) => String(one) === said) ?? other;

export function StatisticsView({ match: first }: { match: string }) {
  const [span, setSpan] = useState<(typeof SPANS)[number]>("day");
  const [shift, setShift] = useState(() => chosenOf(SHIFTS, recall(SHIFT_NAME), 8));
  const [begin, setBegin] = useState(() => chosenOf(BEGINS, recall(BEGIN_NAME), 6));
  const [match, setMatch] = useState(first);
  const settled = useSettled(match.trim(), 400);
  const key = `statistics ${span} ${shift} ${begin} ${settled}`;
  const load = useMemo(
    () => (signal: AbortSignal) => {
      // Whole minutes: the same question again may be answered from what was counted.
      const to = Math.ceil(serverNow() / MINUTE_MS) * MINUTE_MS;
      const from = shiftBegin(to - DAYS[span] * 24 * 60 * MINUTE_MS, begin, shift);
      const asked = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      return askStatistics({ ...asked, match: settled, shift: `${shift}h` }, signal);
    },
    [span, shift, begin, settled],
  );
  const { data, problem, reload } = useQuery(key, load, AGAIN_MS);
  return (
    <>
      <div class="tools alarm-bar">
        <Segmented
          label={tl("statistics.span")}
          value={span}
          options={SPANS.map((value) => ({ value, text: tl(`statistics.span.${value}`) }))}
          onChange={setSpan}
        />
        <Field label={tl("statistics.shift.length")}>
          {(id) => (
            <select
              id={id}
              value={shift}
              onChange={(event) => {
                remember(SHIFT_NAME, event.currentTarget.value);
                setShift(chosenOf(SHIFTS, event.currentTarget.value, 8));
              }}
            >
              {SHIFTS.map((value) => (
                <option key={value} value={value}>
                  {durationText(`${value}h`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={tl("statistics.shift.begins")}>
          {(id) => (
            <select
              id={id}
              value={begin}
              onChange={(event) => {
                remember(BEGIN_NAME, event.currentTarget.value);
                setBegin(chosenOf(BEGINS, event.currentTarget.value, 6));
              }}
            >
              {BEGINS.map((value) => (
                <option key={value} value={value}>
                  {`${String(value).padStart(2, "0")}:00`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={tl("alarms.filter.match")}>
          {(id) => (
            <input
              id={id}
              class="mono"
              value={match}
              placeholder="plant/line-1/#"
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => setMatch(event.currentTarget.value)}
            />
          )}
        </Field>
      </div>
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={10} />}
      {data && data.raised === 0 && data.standing.length === 0 ? (
        <Card>
          <Empty icon="well" title={tl("statistics.none")} text={tl("statistics.none.text")} />
        </Card>
      ) : (
        data && <Body statistics={data} />
      )}
    </>
  );
}
