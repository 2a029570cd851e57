/** A long list of which one row is active: only what can be seen exists, more is fetched when its end comes near. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useId, useRef, useState } from "preact/hooks";
import "../style/long-list.css";
import { VirtualList, type VirtualHandle } from "./virtual";

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

export function LongList<T>(props: {
  label: string;
  items: T[];
  rowHeight: number;
  phoneHeight: number;
  row: (item: T) => ComponentChildren;
  onOpen: (item: T) => void;
  /** Fetches more; none: that is all. */
  more?: (() => void) | undefined;
  onSeen?: (from: number, to: number) => void;
}) {
  const { items, more, onSeen } = props;
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
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
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
      setActive(next);
      handle.current?.reveal(next);
    } else if (event.key === "Enter" && item !== undefined) props.onOpen(item);
    else return;
    event.preventDefault();
  };
  const row = (index: number) => {
    const item = items[index];
    if (item === undefined) return null;
    return (
      <div
        role="option"
        id={`${id}-${index}`}
        class={`long-row${index === active ? " row-active" : ""}`}
        aria-selected={index === active}
        onClick={() => {
          setActive(index);
          props.onOpen(item);
        }}
      >
        {props.row(item)}
      </div>
    );
  };
  return (
    <div class="long-list" style={{ height: `${items.length * rowHeight + 2}px` }}>
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
          "aria-activedescendant": active >= 0 ? `${id}-${active}` : undefined,
          onKeyDown,
        }}
      />
    </div>
  );
}
