/** What all pages of alarms show alike: how urgent, in which state, of what. */
import { secondsOf } from "./spans";
import { stateOf } from "./filter";
import type { Alarm } from "../api/alarms";
import type { Value } from "../api/types";
import { formatCount, formatDuration, formatUnit, formatValue, NOTHING } from "../format";
import { alarmsKeyIfKnown, tl } from "../i18n/alarms";
import { useStore } from "../store";
import "../style/alarms.css";
import { Icon, type IconName } from "../ui/icon";
import { Name } from "../ui/name";
import { Badge, Button, type Tone } from "../ui/parts";
import { chooseSound, SOUND_CHOICES, soundAllowed, soundChoice, type SoundChoice } from "./sound";

export const priorityName = (priority: number): string =>
  tl(alarmsKeyIfKnown(`alarms.priority.${priority}`) ?? "alarms.priority.other", {
    number: priority,
  });

/** A shape, a number and a colour of its own each: none of them says it alone. */
const SHAPES = [
  "M12 1.500l10.500 10.500-10.500 10.500L1.500 12z",
  "M12 2l11 19.500H1z",
  "M2.500 2.500h19v19h-19z",
  "M12 1.500a10.500 10.500 0 1 0 0 21 10.500 10.500 0 0 0 0-21",
] as const;

export function PriorityMark({
  priority,
  open = true,
  size = 24,
}: {
  priority: number;
  /** Filled while nobody acknowledged it. */
  open?: boolean;
  size?: number;
}) {
  const rank = Math.min(5, Math.max(1, priority));
  const shape = SHAPES[Math.min(4, rank) - 1] as string;
  const name = priorityName(priority);
  return (
    <svg
      class={`priority priority-${rank}${open ? " priority-open" : ""}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      role="img"
      aria-label={name}
    >
      <title>{name}</title>
      <path d={shape} />
      <text x="12" y={rank === 2 ? 19 : 16.2} text-anchor="middle">
        {priority}
      </text>
    </svg>
  );
}

export function stateName(state: string): string {
  const known = stateOf(state);
  return known ? tl(`alarms.state.${known}`) : state;
}

const LOOKS: Record<string, [Tone, IconName]> = {
  unacknowledged: ["bad", "bell"],
  acknowledged: ["warn", "check"],
  returned_unacknowledged: ["info", "back"],
  latched_unacknowledged: ["bad", "latch"],
  latched_acknowledged: ["warn", "latch"],
  shelved: ["plain", "shelve"],
  suppressed_by_design: ["plain", "suppress"],
  out_of_service: ["plain", "out"],
  normal: ["good", "well"],
};

export function AlarmStateBadge({ state, gone }: { state: string; gone?: boolean }) {
  const word = gone ? "normal" : (stateOf(state) ?? state);
  const [tone, icon] = LOOKS[word] ?? ["plain", "unknown"];
  return (
    <Badge tone={tone} icon={icon}>
      {stateName(word)}
    </Badge>
  );
}

export const kindName = (kind: string): string => {
  const key = alarmsKeyIfKnown(`alarms.kind.${kind}`);
  return key ? tl(key) : kind;
};

export function eventName(event: string): string {
  const word = event.replaceAll(/[ -]/g, "_");
  const key = alarmsKeyIfKnown(`alarms.event.${word}`);
  return key ? tl(key) : event;
}

/** The rule of dead channels made itself: until somebody gives it a title, it has its kind's. */
export const titleOf = (alarm: { title: string | null; rule: string | null; kind: string }) =>
  (alarm.kind === "channel" && alarm.title === alarm.rule ? "" : alarm.title || alarm.rule) ||
  kindName(alarm.kind);

/** What was found, beside what it should be. */
export function valueText(value: Value, unit: string | null): string {
  const text = formatValue(value, typeof value === "number" ? "float64" : "");
  return unit && text !== NOTHING ? `${text} ${formatUnit(unit)}` : text;
}

export function durationText(value: number | string | null | undefined): string {
  const seconds = secondsOf(value);
  return seconds === null ? NOTHING : formatDuration(Math.round(seconds));
}

/** Where it is: the asset where there is one, else the point. */
export function AlarmPlace({ alarm }: { alarm: Pick<Alarm, "path" | "asset"> }) {
  if (!alarm.path && !alarm.asset) return <span class="faint">{tl("alarms.everywhere")}</span>;
  return <Name text={alarm.path || alarm.asset || ""} />;
}

const SOUND_TEXTS: Record<SoundChoice, "none" | "first" | "second" | "third" | "all"> = {
  0: "none",
  1: "first",
  2: "second",
  3: "third",
  8: "all",
};

/** Which alarms sound; the browser asks for a touch first, and this is one. */
export function SoundChooser() {
  const choice = useStore(soundChoice);
  const allowed = useStore(soundAllowed);
  const waits = choice > 0 && !allowed;
  return (
    <span class="sound">
      <label>
        <Icon name={choice ? "sound" : "mute"} size={17} />
        <span class="hidden">{tl("alarms.sound")}</span>
        <select
          value={String(choice)}
          onChange={(event) => {
            const wanted = Number(event.currentTarget.value);
            void chooseSound(SOUND_CHOICES.find((known) => known === wanted) ?? 0);
          }}
        >
          {SOUND_CHOICES.map((known) => (
            <option key={known} value={String(known)}>
              {tl(`alarms.sound.${SOUND_TEXTS[known]}`)}
            </option>
          ))}
        </select>
      </label>
      {waits && (
        <Button icon="play" onClick={() => void chooseSound(choice)}>
          {tl("alarms.sound.allow")}
        </Button>
      )}
    </span>
  );
}

/** Of what comes and goes too often: how often, since it is counted. */
export function ChatterBadge({ alarm }: { alarm: Pick<Alarm, "chattering" | "changes"> }) {
  if (!alarm.chattering) return null;
  return (
    <span title={tl("alarms.chattering.text")}>
      <Badge tone="warn" icon="warn">
        {tl("alarms.chattering", { count: alarm.changes, shown: formatCount(alarm.changes) })}
      </Badge>
    </span>
  );
}
