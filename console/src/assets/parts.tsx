/** What the pages of assets have in common. */
import { type AssetAlarms, type Level } from "../api/assets";
import { formatCount } from "../format";
import { ts } from "../i18n/assets";
import { routeAddress } from "../router";
import "../style/assets.css";
import { Icon } from "../ui/icon";
import { PriorityMark } from "../alarms/parts";
import { Badge } from "../ui/parts";
import { Tabs } from "../pages/access-parts";

/** How many alarms, with the most urgent priority among them; nothing where there is none. */
export function AlarmBadge({ alarms }: { alarms: AssetAlarms }) {
  if (alarms.active === 0) return null;
  const count = formatCount(alarms.active);
  const words = ts("alarms.of", {
    count,
    priority: alarms.priority ?? "",
    open: formatCount(alarms.unacknowledged),
  });
  return (
    <span class="alarm-count" title={words}>
      {alarms.priority !== null && <PriorityMark priority={alarms.priority} size={20} />}
      {ts("alarms.active", { count, number: alarms.active })}
    </span>
  );
}

export function StaleBadge({ stale }: { stale: number }) {
  if (stale === 0) return null;
  const count = formatCount(stale);
  return (
    <Badge tone="warn" icon="clock" title={ts("stale.of", { count })}>
      {count}
    </Badge>
  );
}

export const levelWords = (level: Level | null): string => (level ? ts(`level.${level}`) : "");

export function TypeLink({ type }: { type: string }) {
  return <a href={routeAddress("assets", type, { view: "types" })}>{type}</a>;
}

export const ASSET_VIEWS = ["tree", "types", "inbox", "file"] as const;
export type AssetView = (typeof ASSET_VIEWS)[number];

export function AssetTabs({ shown, views }: { shown: AssetView; views: readonly AssetView[] }) {
  const tabs = views.map((name) => ({
    name,
    text: ts(`view.${name}`),
    href: routeAddress("assets", "", name === "tree" ? {} : { view: name }),
  }));
  return <Tabs label={ts("views")} shown={shown} tabs={tabs} />;
}

/** Something that is under way: how much of it is done, and words for it. share undefined: nobody knows. */
export function ProgressLine(props: { share?: number | undefined; text: string }) {
  return (
    <div class="progress-line">
      <progress
        aria-label={props.text}
        {...(props.share === undefined ? {} : { value: props.share, max: 1 })}
      />
      <span role="status" class="faint">
        {props.text}
      </span>
    </div>
  );
}

export function FilePick(props: {
  text: string;
  accept: string;
  onFile: (file: File) => void;
  disabled?: boolean;
}) {
  const take = (file: File | undefined | null) => {
    if (file && !props.disabled) props.onFile(file);
  };
  return (
    <label
      class="drop"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files[0]);
      }}
    >
      <Icon name="down_to" size={26} />
      <span>{props.text}</span>
      <input
        type="file"
        accept={props.accept}
        disabled={props.disabled}
        onChange={(event) => take(event.currentTarget.files?.[0])}
      />
    </label>
  );
}
