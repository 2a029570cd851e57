/** A long table of which only the rows that can be seen exist; one row is the active one, arrow keys walk it. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useId, useRef, useState } from "preact/hooks";
import { VirtualList, type VirtualHandle } from "../ui/virtual";

export interface GridColumn {
  name: string;
  title: string;
  number?: boolean;
}

const HEAD = 34;
const ROW = 34;
const ROW_COARSE = 44;

export function RowGrid(props: {
  label: string;
  columns: GridColumn[];
  /** CSS grid-template-columns. */
  widths: string;
  /** All of it takes so many pixels at least; where there are fewer it is scrolled aside. */
  least?: number;
  count: number;
  /** A cell each, in the order of the columns; undefined: not here yet. */
  cells: (row: number) => ComponentChildren[] | undefined;
  active: number;
  onActive: (row: number) => void;
  onEnter?: (row: number) => void;
  onSeen?: (from: number, to: number) => void;
}) {
  const { columns, widths, count, active, cells, onActive } = props;
  const handle = useRef<VirtualHandle>(null);
  const seen = useRef({ from: 0, to: 0 });
  const id = useId();
  const [rowHeight] = useState(() => (matchMedia("(pointer: coarse)").matches ? ROW_COARSE : ROW));
  const onSeen = useRef(props.onSeen);
  onSeen.current = props.onSeen;
  const onWindow = useCallback((from: number, to: number) => {
    seen.current = { from, to };
    onSeen.current?.(from, to);
  }, []);
  useEffect(() => {
    if (active >= 0) handle.current?.reveal(active);
  }, [active]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, seen.current.to - seen.current.from - 2);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1,
    };
    const step = steps[event.key];
    if (step !== undefined) onActive(Math.max(0, Math.min(count - 1, step)));
    else if (event.key === "Enter" && active >= 0 && props.onEnter) props.onEnter(active);
    else return;
    event.preventDefault();
  };
  const row = (index: number) => {
    const shown = cells(index);
    return (
      <div
        id={`${id}-${index}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={index === active}
        class={`grid-row${index === active ? " row-active row-selected" : ""}`}
        style={{ gridTemplateColumns: widths }}
        onClick={() => onActive(index)}
      >
        {columns.map(({ name, number }, at) => (
          <span key={name} role="gridcell" class={`grid-cell${number ? " number" : ""}`}>
            {shown ? shown[at] : <span class="bone bone-2" />}
          </span>
        ))}
      </div>
    );
  };
  const head = (
    <div
      class="grid-head"
      role="row"
      aria-rowindex={1}
      style={{ gridTemplateColumns: widths, height: `${HEAD}px` }}
    >
      {columns.map(({ name, title, number }) => (
        <span key={name} role="columnheader" class={`grid-cell${number ? " number" : ""}`}>
          {title}
        </span>
      ))}
    </div>
  );
  return (
    <VirtualList
      handle={handle}
      count={count}
      rowHeight={rowHeight}
      row={row}
      onWindow={onWindow}
      head={{ height: HEAD, row: head }}
      frame={{
        class: "virtual grid",
        style: { "--grid": `${props.least ?? 0}px` },
        role: "grid",
        tabIndex: 0,
        "aria-label": props.label,
        "aria-rowcount": count + 1,
        "aria-activedescendant": active >= 0 ? `${id}-${active}` : undefined,
        onKeyDown,
      }}
    />
  );
}
