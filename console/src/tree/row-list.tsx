/** What the tree and the search have in common: a long list with an active row, keys, and live values. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useId, useRef, useState } from "preact/hooks";
import { chunksOf } from "../live/chunks";
import { useChunkWatch } from "../live/hooks";
import { VirtualList, type VirtualHandle } from "../ui/virtual";

const REST_MS = 120; /* of scrolling, before values are asked for */
const MARGIN_ROWS = 4;

export interface RowListProps {
  role: "tree" | "listbox";
  label: string;
  count: number;
  /** Changes with the rows themselves, so that what is shown is watched anew. */
  version: unknown;
  active: number;
  onActive: (row: number) => void;
  onKey: (key: string, row: number) => boolean;
  /** Rows that can be seen now. */
  onSeen: (from: number, to: number) => void;
  pathAt: (row: number) => string | undefined;
  row: (index: number, id: string) => ComponentChildren;
}

function useRowHeight(): number {
  const coarse = () => matchMedia("(pointer: coarse)").matches;
  const [height, setHeight] = useState(coarse() ? 48 : 34);
  useEffect(() => {
    const media = matchMedia("(pointer: coarse)");
    const change = () => setHeight(coarse() ? 48 : 34);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return height;
}

export function RowList(props: RowListProps) {
  const handle = useRef<VirtualHandle>(null);
  const watch = useChunkWatch();
  const rowHeight = useRowHeight();
  const id = useId();
  const seen = useRef({ from: 0, to: 0 });
  const { count, version, pathAt, onSeen } = props;

  const latest = useRef({ pathAt, onSeen, count });
  latest.current = { pathAt, onSeen, count };
  const timer = useRef(0);
  const settle = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      const { from, to } = seen.current;
      const last = Math.min(latest.current.count, to + MARGIN_ROWS);
      watch.show(chunksOf(from - MARGIN_ROWS, last, latest.current.pathAt));
    }, REST_MS);
  }, [watch]);
  useEffect(settle, [version, settle]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onWindow = useCallback(
    (from: number, to: number) => {
      seen.current = { from, to };
      latest.current.onSeen(from, to);
      settle();
    },
    [settle],
  );

  const move = (row: number) => {
    const next = Math.max(0, Math.min(count - 1, row));
    props.onActive(next);
    handle.current?.reveal(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, seen.current.to - seen.current.from - 2);
    const steps: Record<string, number> = {
      ArrowDown: props.active + 1,
      ArrowUp: props.active < 0 ? 0 : props.active - 1,
      PageDown: props.active + page,
      PageUp: props.active - page,
      Home: 0,
      End: count - 1,
    };
    const step = steps[event.key];
    if (step !== undefined) move(step);
    else if (!props.onKey(event.key, props.active)) return;
    event.preventDefault();
  };
  const { active } = props;
  useEffect(() => {
    if (active >= 0) handle.current?.reveal(active);
  }, [active]);

  return (
    <VirtualList
      handle={handle}
      count={count}
      rowHeight={rowHeight}
      row={(index) => props.row(index, `${id}-${index}`)}
      onWindow={onWindow}
      frame={{
        role: props.role,
        tabIndex: 0,
        "aria-label": props.label,
        "aria-activedescendant": active >= 0 ? `${id}-${active}` : undefined,
        onKeyDown,
      }}
    />
  );
}
