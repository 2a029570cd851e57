/** A long list of rows of one height: only those that can be seen exist, and scrolling uses them again. */
import type { ComponentChildren, Ref, VNode } from "preact";
import {
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "preact/hooks";
import { scrollFor, windowOf, type Window } from "./window";

const OVERSCAN = 8;
const BASE_ROWS = 4096;

export interface VirtualHandle {
  reveal(row: number): void;
  focus(): void;
}

interface Rows {
  of: (index: number) => ComponentChildren;
  rowHeight: number;
  /** Rows are placed from here, so that a row stays at its place while others come and go. */
  base: number;
  /** Rows that existed at once, at most: an element serves every so manieth row. */
  pool: number;
  kept: Map<number, VNode>;
}

/** What was drawn is given to Preact again as it was, which it need not look into: scrolling makes new rows only. */
function useRows(of: Rows["of"], rowHeight: number, shown: Window) {
  const rows = useRef<Rows>({ of, rowHeight, base: 0, pool: 1, kept: new Map() });
  const now = rows.current;
  const base = Math.floor(shown.first / BASE_ROWS) * BASE_ROWS;
  const pool = Math.max(now.pool, shown.last - shown.first);
  if (of !== now.of || rowHeight !== now.rowHeight || base !== now.base || pool !== now.pool)
    now.kept = new Map();
  const kept = new Map<number, VNode>();
  for (let index = shown.first; index < shown.last; index++)
    kept.set(
      index,
      now.kept.get(index) ?? (
        <div
          key={index % pool}
          class="virtual-row"
          role="presentation"
          style={{
            height: `${rowHeight}px`,
            transform: `translateY(${(index - base) * rowHeight}px)`,
          }}
        >
          {of(index)}
        </div>
      ),
    );
  rows.current = { of, rowHeight, base, pool, kept };
  return { base, made: [...kept.values()] };
}

export function VirtualList(props: {
  handle?: Ref<VirtualHandle>;
  count: number;
  rowHeight: number;
  row: (index: number) => ComponentChildren;
  onWindow: (first: number, last: number) => void;
  /** Stays above the rows while they are scrolled. */
  head?: { height: number; row: ComponentChildren };
  /** Attributes of the scrolled frame: role, label, keys. */
  frame: Record<string, unknown>;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ top: 0, viewport: 600 });
  const waiting = useRef(0);
  const headHeight = props.head?.height ?? 0;

  const look = useCallback(() => {
    waiting.current = 0;
    const element = frame.current;
    if (!element) return;
    const next = { top: element.scrollTop, viewport: element.clientHeight - headHeight };
    setPlace((old) => (old.top === next.top && old.viewport === next.viewport ? old : next));
  }, [headHeight]);
  const lookSoon = useCallback(() => {
    waiting.current ||= requestAnimationFrame(look);
  }, [look]);

  useLayoutEffect(() => {
    const watch = new ResizeObserver(look);
    watch.observe(frame.current as HTMLDivElement);
    look();
    return () => {
      watch.disconnect();
      cancelAnimationFrame(waiting.current);
    };
  }, [look]);

  const { count, rowHeight, onWindow } = props;
  const shown = windowOf(count, rowHeight, place.viewport, place.top, OVERSCAN);
  useEffect(() => onWindow(shown.from, shown.to), [onWindow, shown.from, shown.to, count]);

  useImperativeHandle(
    props.handle ?? null,
    () => ({
      reveal(row) {
        const element = frame.current as HTMLDivElement;
        element.scrollTop = scrollFor(
          row,
          count,
          rowHeight,
          element.clientHeight - headHeight,
          element.scrollTop,
        );
      },
      focus: () => frame.current?.focus(),
    }),
    [count, rowHeight, headHeight],
  );

  const rows = useRows(props.row, rowHeight, shown);
  return (
    <div ref={frame} class="virtual" onScroll={lookSoon} {...props.frame}>
      {props.head?.row}
      <div role="presentation" class="virtual-all" style={{ height: `${shown.height}px` }}>
        <div
          role="presentation"
          class="virtual-shown"
          style={{
            transform: `translateY(${shown.top - (shown.first - rows.base) * rowHeight}px)`,
          }}
        >
          {rows.made}
        </div>
      </div>
    </div>
  );
}
