/**
 * A long list of which one row is active: only what can be seen exists, more is fetched when its end comes near.
 * Where a choice is given, several rows can be chosen, by pointer and by keys.
 */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useId, useRef, useState } from "preact/hooks";
import "../style/long-list.css";
import { VirtualList, type VirtualHandle } from "./virtual";
import { rowsBetween } from "./window";

const NEAR_ROWS = 60; /* to the end, and more is fetched */
const PHONE = "(max-width: 860px)";

export function useIsPhone(): boolean {
  const [phone, setPhone] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const media = matchMedia(PHONE);
    const change = () => setPhone(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return phone;
}

export interface LongListChoice<T> {
  /** What tells a row from others, wherever it stands. */
  of: (item: T) => number;
  chosen: ReadonlySet<number>;
  onChosen: (chosen: ReadonlySet<number>) => void;
}

export interface LongListProps<T> {
  label: string;
  class?: string;
  items: T[];
  rowHeight: number;
  phoneHeight: number;
  /** onTick: chooses the row, or not any more; none without a choice. */
  row: (item: T, onTick: (event: MouseEvent) => void) => ComponentChildren;
  rowClass?: (item: T) => string;
  choice?: LongListChoice<T>;
  /** A letter that stands for a deed. */
  onLetter?: (letter: string) => void;
  onOpen: (item: T) => void;
  /** Fetches more; none: that is all. */
  more?: (() => void) | undefined;
  onSeen?: (from: number, to: number) => void;
}

/** The choice when a row is pressed: with shift all from where a choice began. */
function useChoosing<T>(items: T[], choice: LongListChoice<T> | undefined) {
  const from = useRef(-1);
  return (index: number, range: boolean, begin = -1) => {
    const item = items[index];
    if (!choice || item === undefined) return;
    if (range && from.current < 0) from.current = begin;
    const next = new Set(choice.chosen);
    if (range && from.current >= 0) {
      for (const one of rowsBetween(items, from.current, index)) next.add(choice.of(one));
    } else if (!next.delete(choice.of(item))) next.add(choice.of(item));
    if (!range) from.current = index;
    choice.onChosen(next);
  };
}

export function LongList<T>(props: LongListProps<T>) {
  const { items, more, onSeen, choice } = props;
  const handle = useRef<VirtualHandle>(null);
  const rowHeight = useIsPhone() ? props.phoneHeight : props.rowHeight;
  const [active, setActive] = useState(-1);
  const seen = useRef({ from: 0, to: 0 });
  const id = useId();
  const latest = useRef({ more, onSeen });
  latest.current = { more, onSeen };
  const onWindow = useCallback(
    (from: number, to: number) => {
      seen.current = { from, to };
      latest.current.onSeen?.(from, to);
      if (to + NEAR_ROWS >= items.length) latest.current.more?.();
    },
    [items.length],
  );
  const choose = useChoosing(items, choice);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== "a" || !choice) return;
      event.preventDefault();
      choice.onChosen(new Set(items.map(choice.of)));
      return;
    }
    const page = Math.max(1, seen.current.to - seen.current.from - 2);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: items.length - 1,
    };
    const step = steps[event.key];
    const item = items[active];
    if (step !== undefined) {
      const next = Math.max(0, Math.min(items.length - 1, step));
      if (event.shiftKey) choose(next, true, Math.max(0, active));
      setActive(next);
      handle.current?.reveal(next);
    } else if (event.key === "Enter" && item !== undefined) props.onOpen(item);
    else if (event.key === " " && choice && item !== undefined) choose(active, event.shiftKey);
    else if (event.key === "Escape" && choice?.chosen.size) choice.onChosen(new Set());
    else {
      if (/^[a-z]$/.test(event.key)) props.onLetter?.(event.key);
      return;
    }
    event.preventDefault();
  };
  const row = (index: number) => {
    const item = items[index];
    if (item === undefined) return null;
    return (
      <div
        role="option"
        id={`${id}-${index}`}
        class={`${props.rowClass?.(item) ?? "long-row"}${index === active ? " row-active" : ""}`}
        aria-selected={choice ? choice.chosen.has(choice.of(item)) : index === active}
        onClick={(event) => {
          setActive(index);
          if (choice && (event.shiftKey || event.ctrlKey || event.metaKey))
            choose(index, event.shiftKey);
          else props.onOpen(item);
        }}
      >
        {props.row(item, (event) => {
          event.stopPropagation();
          setActive(index);
          choose(index, event.shiftKey);
        })}
      </div>
    );
  };
  return (
    <div
      class={`long-list ${props.class ?? ""}`}
      style={{ height: `${items.length * rowHeight + 2}px` }}
    >
      <VirtualList
        handle={handle}
        count={items.length}
        rowHeight={rowHeight}
        row={row}
        onWindow={onWindow}
        frame={{
          role: "listbox",
          tabIndex: 0,
          "aria-label": props.label,
          "aria-multiselectable": choice !== undefined,
          "aria-activedescendant": active >= 0 ? `${id}-${active}` : undefined,
          onKeyDown,
        }}
      />
    </div>
  );
}
