/** Points found by text or pattern as one types, and added to what is shown. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { get, withQuery } from "../api/http";
import { useQuery } from "../api/query";
import type { PointList } from "../api/types";
import { formatCount, formatUnit } from "../format";
import { th } from "../i18n/history";
import { searchQuery } from "../tree/search-view";
import "../style/history.css";
import { Icon } from "../ui/icon";
import { useSettled } from "../ui/parts";
import { POINTS_MAX } from "./view";

const FOUND_MAX = 60;

function useFound(text: string) {
  const settled = useSettled(text.trim(), 150);
  const { data } = useQuery(`add ${settled}`, async (signal) => {
    if (!settled) return undefined;
    const query = { ...searchQuery(settled), limit: FOUND_MAX };
    const { points } = await get<PointList>(withQuery("/v1/points", query), signal);
    return points;
  });
  return { settled, found: settled ? data : undefined };
}

/** A field that finds points as one types: arrow keys choose, Enter adds, the list stays for the next. */
export function AddPoints(props: {
  paths: string[];
  most?: number;
  onAdd: (paths: string[]) => void;
}) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(-1);
  const { settled, found } = useFound(text);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const fresh = found?.filter(({ path }) => !props.paths.includes(path)) ?? [];
  useEffect(() => setActive(fresh.length ? 0 : -1), [settled, fresh.length > 0]);
  const room = (props.most ?? POINTS_MAX) - props.paths.length;
  const add = (paths: string[]) => {
    props.onAdd(paths.slice(0, room));
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = fresh.length - 1;
    if (event.key === "ArrowDown") setActive(Math.min(last, active + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, active - 1));
    else if (event.key === "Escape" && text) setText("");
    else if (event.key === "Enter") {
      const chosen = fresh[active];
      if (chosen) add([chosen.path]);
    } else return;
    event.preventDefault();
  };
  const open = text.trim() !== "" && found !== undefined;
  return (
    <div class="add-points">
      <label class="search">
        <Icon name="search" size={16} />
        <span class="hidden">{th("trends.add")}</span>
        <input
          ref={field}
          type="search"
          role="combobox"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-activedescendant={open && active >= 0 ? `${id}-${active}` : undefined}
          aria-autocomplete="list"
          list={undefined}
          value={text}
          placeholder={th("trends.add")}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      {open && (
        <div class="add-found">
          {fresh.length === 0 && <p class="hint">{th("trends.add.none")}</p>}
          {fresh.length > 1 && (
            <button
              type="button"
              class="link"
              onClick={() => {
                add(fresh.map(({ path }) => path));
                setText("");
              }}
            >
              {th("trends.add.all", { count: formatCount(Math.min(room, fresh.length)) })}
            </button>
          )}
          <ul id={`${id}-list`} role="listbox" aria-label={th("trends.add.found")}>
            {fresh.map((point, row) => (
              <li
                key={point.path}
                id={`${id}-${row}`}
                role="option"
                aria-selected={row === active}
                class={row === active ? "found-active" : ""}
                onClick={() => add([point.path])}
              >
                <span>{point.path}</span>
                <span class="faint">{formatUnit(point.unit)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
