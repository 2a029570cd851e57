/** The rows of the alarm list: only those that can be seen exist; several can be chosen, by pointer and by keys. */
import { useCallback, useId, useRef, useState } from "preact/hooks";
import type { Alarm } from "../api/alarms";
import { formatTime } from "../format";
import { tl } from "../i18n/alarms";
import { Icon } from "../ui/icon";
import { useIsPhone } from "../ui/long-list";
import { Name } from "../ui/name";
import { Age } from "../ui/parts";
import { VirtualList, type VirtualHandle } from "../ui/virtual";
import { isOpen } from "./filter";
import { AlarmPlace, AlarmStateBadge, PriorityMark, titleOf } from "./parts";
import { numbersBetween, type Row } from "./rows";

const ROW_HEIGHT = 58;
const PHONE_HEIGHT = 96;
const NEAR_ROWS = 40; /* to the end, and more is fetched */

function Why({ alarm }: { alarm: Alarm }) {
  return (
    <span class="alarm-why">
      <bdi>{alarm.why}</bdi>
      {alarm.count > 1 && (
        <span class="alarm-times" title={tl("alarms.times", { count: alarm.count })}>
          {`\u00d7${alarm.count}`}
        </span>
      )}
    </span>
  );
}

function AlarmRow(props: {
  row: Row;
  chosen: boolean;
  opened: boolean;
  onChoose: (event: MouseEvent) => void;
}) {
  const { alarm, gone } = props.row;
  return (
    <>
      <span
        class={`tick${props.chosen ? " tick-on" : ""}`}
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation();
          props.onChoose(event);
        }}
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
  const { rows, chosen } = props;
  const handle = useRef<VirtualHandle>(null);
  const rowHeight = useIsPhone() ? PHONE_HEIGHT : ROW_HEIGHT;
  const [active, setActive] = useState(-1);
  const from = useRef(-1); /* where a choice of several began */
  const seen = useRef({ from: 0, to: 0 });
  const latest = useRef(props);
  latest.current = props;
  const id = useId();
  const onWindow = useCallback(
    (first: number, last: number) => {
      seen.current = { from: first, to: last };
      latest.current.onTop(first === 0);
      if (last + NEAR_ROWS >= rows.length) latest.current.more?.();
    },
    [rows.length],
  );
  const choose = (index: number, range: boolean) => {
    const row = rows[index];
    if (!row) return;
    const next = new Set(chosen);
    if (range && from.current >= 0)
      for (const alarm of numbersBetween(rows, from.current, index)) next.add(alarm);
    else if (!next.delete(row.alarm.alarm)) next.add(row.alarm.alarm);
    if (!range) from.current = index;
    props.onChosen(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== "a") return;
      event.preventDefault();
      props.onChosen(new Set(rows.map(({ alarm }) => alarm.alarm)));
      return;
    }
    const page = Math.max(1, seen.current.to - seen.current.from - 2);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const step = steps[event.key];
    const row = rows[active];
    if (step !== undefined) {
      const next = Math.max(0, Math.min(rows.length - 1, step));
      if (event.shiftKey) {
        if (from.current < 0) from.current = Math.max(0, active);
        choose(next, true);
      }
      setActive(next);
      handle.current?.reveal(next);
    } else if (event.key === " " && row) choose(active, event.shiftKey);
    else if (event.key === "Enter" && row) props.onOpen(row.alarm.alarm);
    else if (event.key === "Escape" && chosen.size) props.onChosen(new Set());
    else if (/^[a-z]$/.test(event.key)) {
      props.onLetter(event.key);
      return;
    } else return;
    event.preventDefault();
  };
  const drawn = (index: number) => {
    const row = rows[index];
    if (!row) return null;
    const { alarm } = row.alarm;
    const opened = alarm === props.opened;
    const styles = [
      "alarm-row",
      index === active ? "row-active" : "",
      opened ? "alarm-opened" : "",
      row.gone ? "alarm-gone" : "",
      chosen.has(alarm) ? "alarm-chosen" : "",
    ];
    return (
      <div
        role="option"
        id={`${id}-${index}`}
        class={styles.filter(Boolean).join(" ")}
        aria-selected={chosen.has(alarm)}
        onClick={(event) => {
          setActive(index);
          if (event.shiftKey || event.ctrlKey || event.metaKey) choose(index, event.shiftKey);
          else props.onOpen(alarm);
        }}
      >
        <AlarmRow
          row={row}
          chosen={chosen.has(alarm)}
          opened={opened}
          onChoose={(event) => {
            setActive(index);
            choose(index, event.shiftKey);
          }}
        />
      </div>
    );
  };
  return (
    <div class="long-list alarm-list" style={{ height: `${rows.length * rowHeight + 2}px` }}>
      <VirtualList
        handle={handle}
        count={rows.length}
        rowHeight={rowHeight}
        row={drawn}
        onWindow={onWindow}
        frame={{
          role: "listbox",
          tabIndex: 0,
          "aria-label": tl("alarms.title"),
          "aria-multiselectable": true,
          "aria-activedescendant": active >= 0 ? `${id}-${active}` : undefined,
          onKeyDown,
        }}
      />
    </div>
  );
}
