/** A long list of points with their values, told in pages: what search and branches show. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Pages } from "../api/query";
import type { PointBrief } from "../api/types";
import { t } from "../i18n";
import { goTo, pointAddress } from "../router";
import { RowList } from "./row-list";
import { ValueCell } from "./value-cell";

const AHEAD_ROWS = 20;

function Row(props: {
  point: PointBrief;
  id: string;
  place: number;
  of: number;
  active: boolean;
  selected: boolean;
  name: ComponentChildren;
  onPick: () => void;
}) {
  const { point } = props;
  return (
    <div
      id={props.id}
      role="option"
      aria-posinset={props.place}
      aria-setsize={props.of}
      aria-selected={props.selected}
      class={`row${props.active ? " row-active" : ""}${props.selected ? " row-selected" : ""}`}
      onClick={() => {
        props.onPick();
        goTo(pointAddress(point.path));
      }}
    >
      {/* Where there is no room, the end of a path tells more than its beginning. */}
      <span class="row-name row-path" title={point.path}>
        <bdi>{props.name}</bdi>
      </span>
      <ValueCell point={point} />
    </div>
  );
}

export function PointRows(props: {
  /** Of the list: when it changes, another one is shown from its beginning. */
  question: string;
  label: string;
  list: Pages<PointBrief>;
  selected: string;
  name: (point: PointBrief) => ComponentChildren;
}) {
  const { question, selected } = props;
  const { items = [], hasMore, loading, more } = props.list;
  const [active, setActive] = useState(-1);
  useEffect(() => setActive(-1), [question]);
  const onSeen = useCallback(
    (_from: number, to: number) => {
      if (hasMore && !loading && to > items.length - AHEAD_ROWS) more();
    },
    [hasMore, loading, items.length, more],
  );
  return (
    <RowList
      role="listbox"
      label={props.label}
      count={items.length + (hasMore ? 1 : 0)}
      version={props.list.items}
      active={active}
      onActive={setActive}
      onKey={(pressed, row) => {
        const point = items[row];
        if (pressed !== "Enter" || !point) return false;
        goTo(pointAddress(point.path));
        return true;
      }}
      onSeen={onSeen}
      pathAt={(row) => items[row]?.path}
      row={(index, id) => {
        const point = items[index];
        if (!point)
          return (
            <div class="row row-more">
              <span class="bone bone-2" aria-label={t("loading")} />
            </div>
          );
        return (
          <Row
            point={point}
            id={id}
            place={index + 1}
            of={hasMore ? -1 : items.length}
            active={index === active}
            selected={point.path === selected}
            name={props.name(point)}
            onPick={() => setActive(index)}
          />
        );
      }}
    />
  );
}
