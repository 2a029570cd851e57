/** The rows of the alarm list: only those that can be seen exist; several can be chosen, by pointer and by keys. */
import type { Alarm } from "../api/alarms";
import { formatTime } from "../format";
import { tl } from "../i18n/alarms";
import { Icon } from "../ui/icon";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import { Age } from "../ui/parts";
import { isOpen } from "./filter";
import { AlarmPlace, AlarmStateBadge, ChatterBadge, PriorityMark, titleOf } from "./parts";
import type { Row } from "./rows";
import { whyWords } from "./why-words";

const ROW_HEIGHT = 58;
const PHONE_HEIGHT = 112;

function Why({ alarm }: { alarm: Alarm }) {
  return (
    <span class="alarm-why">
      <bdi>{whyWords(alarm.why ?? "")}</bdi>
      {alarm.count > 1 && (
        <span class="alarm-times" title={tl("alarms.times", { count: alarm.count })}>
          {`\u00d7${alarm.count}`}
        </span>
      )}
    </span>
  );
}

function AlarmRow(props: { row: Row; chosen: boolean; onTick: (event: MouseEvent) => void }) {
  const { alarm, gone } = props.row;
  return (
    <>
      <span
        class={`tick${props.chosen ? " tick-on" : ""}`}
        aria-hidden="true"
        onClick={props.onTick}
      >
        {props.chosen && <Icon name="check" size={14} />}
      </span>
      <PriorityMark priority={alarm.priority} open={!gone && isOpen(alarm)} />
      <span class="alarm-what">
        <Name class="name" text={titleOf(alarm)} />
        <span class="faint">
          <AlarmPlace alarm={alarm} />
        </span>
      </span>
      <Why alarm={alarm} />
      <span class="alarm-state">
        <AlarmStateBadge state={alarm.state} gone={gone} />
        <ChatterBadge alarm={alarm} />
        {alarm.first_out && <span class="first-out">{tl("alarms.first_out")}</span>}
      </span>
      <span class="alarm-when" title={formatTime(alarm.raised)}>
        <Age time={alarm.raised ?? alarm.changed} />
        {alarm.assignee && (
          <span class="faint">
            <Name text={alarm.assignee} />
          </span>
        )}
      </span>
    </>
  );
}

export interface AlarmRowsProps {
  rows: Row[];
  chosen: ReadonlySet<number>;
  opened: number | null;
  onChosen: (chosen: ReadonlySet<number>) => void;
  onOpen: (alarm: number) => void;
  /** A letter that stands for a deed. */
  onLetter: (letter: string) => void;
  more: (() => void) | undefined;
  onTop: (isAtTop: boolean) => void;
}

export function AlarmRows(props: AlarmRowsProps) {
  const { chosen } = props;
  const styleOf = ({ alarm: { alarm }, gone }: Row) =>
    [
      "alarm-row",
      alarm === props.opened ? "alarm-opened" : "",
      gone ? "alarm-gone" : "",
      chosen.has(alarm) ? "alarm-chosen" : "",
    ]
      .filter(Boolean)
      .join(" ");
  return (
    <LongList
      label={tl("alarms.title")}
      class="alarm-list"
      items={props.rows}
      rowHeight={ROW_HEIGHT}
      phoneHeight={PHONE_HEIGHT}
      rowClass={styleOf}
      choice={{ of: (row) => row.alarm.alarm, chosen, onChosen: props.onChosen }}
      row={(row, onTick) => (
        <AlarmRow row={row} chosen={chosen.has(row.alarm.alarm)} onTick={onTick} />
      )}
      onLetter={props.onLetter}
      onOpen={(row) => props.onOpen(row.alarm.alarm)}
      more={props.more}
      onSeen={(from) => props.onTop(from === 0)}
    />
  );
}
