/** One board: looked at, filled to the screen, or built by dragging and by keys. */
import { useEffect, useRef, useState } from "preact/hooks";
import { boardAddress, type BoardWhole } from "../api/assets";
import { command } from "../api/http";
import { may, session } from "../api/session";
import { change, COLUMNS } from "../boards/layout";
import {
  bytesOf,
  BYTES_MAX,
  KINDS,
  widgetNew,
  WIDGETS_MAX,
  type Kind,
  type Widget,
} from "../boards/widgets";
import { WidgetBody } from "../boards/widget-view";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { goTo, routeAddress } from "../router";
import { useStore } from "../store";
import "../style/assets.css";
import "../style/boards.css";
import { Icon, type IconName } from "../ui/icon";
import { Name } from "../ui/name";
import { Button, Empty } from "../ui/parts";
import { tell } from "../ui/toasts";
import { SureDialog } from "./access-parts";
import { WidgetDialog } from "./widget-dialog";
import { DeedNote, useDeed } from "./people-parts";

export interface BoardShown extends Omit<BoardWhole, "widgets" | "title"> {
  title: string;
  widgets: Widget[];
}

export const KIND_ICONS: Record<Kind, IconName> = {
  line: "trends",
  number: "points",
  gauge: "clock",
  states: "policies",
  bars: "memory",
  table: "sql",
  map: "map",
  text: "note",
};

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** One or the other corner follows the pointer, by whole cells. */
function useDrag(onMove: (id: string, part: Partial<Widget>) => void) {
  return (event: PointerEvent, widget: Widget, resizing: boolean) => {
    if (event.button !== 0) return;
    const handle = event.currentTarget as HTMLElement;
    const grid = handle.closest<HTMLElement>(".board-grid");
    if (!grid) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const style = getComputedStyle(grid);
    const cellW = (grid.clientWidth + parseFloat(style.columnGap)) / COLUMNS;
    const cellH = parseFloat(style.gridAutoRows) + parseFloat(style.rowGap);
    const begin = { x: event.clientX, y: event.clientY, scroll: scrollY };
    const follow = (next: PointerEvent) => {
      const dx = Math.round((next.clientX - begin.x) / cellW);
      const dy = Math.round((next.clientY - begin.y + scrollY - begin.scroll) / cellH);
      onMove(
        widget.id,
        resizing
          ? { w: Math.max(1, widget.w + dx), h: Math.max(1, widget.h + dy) }
          : { x: widget.x + dx, y: widget.y + dy },
      );
    };
    const end = () => {
      handle.removeEventListener("pointermove", follow);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  };
}

function WidgetBox(props: {
  widget: Widget;
  editing: boolean;
  drag: ReturnType<typeof useDrag>;
  onMove: (part: Partial<Widget>) => void;
  onEdit: () => void;
  onRemove: () => void;
}) {
  const { widget, editing, drag } = props;
  const title = widget.title || (widget.kind === "text" ? "" : titleOf(widget));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [dx, dy] = step;
    props.onMove(
      event.shiftKey
        ? { w: widget.w + dx, h: widget.h + dy }
        : { x: widget.x + dx, y: widget.y + dy },
    );
  };
  return (
    <section
      class={`widget widget-of-${widget.kind}${editing ? " widget-editing" : ""}`}
      aria-label={title || ts(`widget.${widget.kind}`)}
      style={{
        gridColumn: `${widget.x + 1} / span ${widget.w}`,
        gridRow: `${widget.y + 1} / span ${widget.h}`,
        "--rows": String(widget.h),
      }}
    >
      {(title || editing) && (
        <header>
          <h2>
            <Name text={title} />
          </h2>
          {editing && (
            <span class="widget-tools">
              <button
                type="button"
                class="widget-handle"
                aria-label={ts("board.handle", { name: title || ts(`widget.${widget.kind}`) })}
                title={ts("board.handle.title")}
                onKeyDown={onKeyDown}
                onPointerDown={(event) => drag(event, widget, false)}
              >
                <Icon name="select" size={16} />
              </button>
              <Button icon="edit" kind="quiet" label={t("edit")} onClick={props.onEdit} />
              <Button
                icon="close"
                kind="quiet"
                label={ts("item.remove")}
                onClick={props.onRemove}
              />
            </span>
          )}
        </header>
      )}
      <div class="widget-body">
        <WidgetBody widget={widget} />
      </div>
      {editing && (
        <span
          class="widget-corner"
          aria-hidden="true"
          onPointerDown={(event) => drag(event, widget, true)}
        />
      )}
    </section>
  );
}

/** The point's own name where nobody gave it another. */
export function titleOf({ paths, match, kind }: Widget): string {
  if (kind === "map") return ts("map.title");
  if (match) return match;
  if (paths.length === 1) return (paths[0] as string).split("/").slice(-2).join(" / ");
  return "";
}

function AddWidget({ widgets, onAdd }: { widgets: Widget[]; onAdd: (widget: Widget) => void }) {
  return (
    <div class="chips board-kinds" role="group" aria-label={ts("board.add")}>
      {KINDS.map((kind) => (
        <button
          key={kind}
          type="button"
          class="chip"
          disabled={widgets.length >= WIDGETS_MAX}
          onClick={() => onAdd(widgetNew(kind, widgets))}
        >
          <Icon name={KIND_ICONS[kind]} size={15} /> {ts(`widget.${kind}`)}
        </button>
      ))}
    </div>
  );
}

function useFullScreen(frame: { current: HTMLElement | null }): [boolean, () => void] {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement === frame.current);
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, [frame]);
  const toggle = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void frame.current?.requestFullscreen().catch(() => tell({ text: ts("board.full.no") }));
  };
  return [full, toggle];
}

/** Who made it changes it; of what is shared also who may configure boards. */
export const mayChange = ({ mine, shared }: Pick<BoardWhole, "mine" | "shared">): boolean =>
  mine || (shared && may("boards", "configure"));

export function Board(props: {
  board: BoardShown;
  editing: boolean;
  back: string;
  onSaved: () => void;
}) {
  const { board, editing } = props;
  useStore(session);
  const [widgets, setWidgets] = useState(board.widgets);
  const [title, setTitle] = useState(board.title);
  const [shared, setShared] = useState(board.shared);
  const [open, setOpen] = useState<Widget>();
  const [removing, setRemoving] = useState(false);
  const [busy, error, run] = useDeed();
  const frame = useRef<HTMLDivElement>(null);
  const [full, toggleFull] = useFullScreen(frame);
  useEffect(() => setWidgets(board.widgets), [board]);
  const move = (id: string, part: Partial<Widget>) =>
    setWidgets((old) => change(old, id, part) as Widget[]);
  const drag = useDrag(move);
  const bytes = bytesOf({ title, widgets });
  const isLarge = bytes > BYTES_MAX;
  const view = routeAddress("boards", board.name);
  const save = async () => {
    await command("PUT", boardAddress(board.name), { title: title.trim(), shared, widgets });
    tell({ text: ts("saved", { name: title.trim() || board.name }) });
    props.onSaved();
    goTo(view);
  };
  const put = (widget: Widget) => {
    setOpen(undefined);
    setWidgets((old) => {
      const known = old.some(({ id }) => id === widget.id);
      const all = known
        ? old.map((one) => (one.id === widget.id ? widget : one))
        : [...old, widget];
      return change(all, widget.id, {}) as Widget[];
    });
  };
  return (
    <div ref={frame} class={`page page-wide board-page${full ? " board-full" : ""}`}>
      <header class="page-head">
        <div class="board-title">
          {editing ? (
            <input
              aria-label={ts("title")}
              value={title}
              onInput={(event) => setTitle(event.currentTarget.value)}
            />
          ) : (
            <>
              {!full && (
                <a
                  class="button button-quiet button-icon"
                  href={routeAddress("boards")}
                  title={props.back}
                >
                  <Icon name="back" size={16} />
                  <span class="hidden">{props.back}</span>
                </a>
              )}
              <h1 tabIndex={-1}>
                <Name text={board.title || board.name} />
              </h1>
            </>
          )}
        </div>
        <div class="page-tools">
          {editing ? (
            <>
              {may("boards", "configure") && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={shared}
                    onChange={(event) => setShared(event.currentTarget.checked)}
                  />
                  <span>{ts("boards.share")}</span>
                </label>
              )}
              <Button icon="retire" onClick={() => setRemoving(true)}>
                {ts("item.remove")}
              </Button>
              <Button
                onClick={() => {
                  setWidgets(board.widgets);
                  setTitle(board.title);
                  goTo(view);
                }}
              >
                {t("cancel")}
              </Button>
              <Button
                kind="primary"
                busy={busy}
                disabled={isLarge || title.trim() === ""}
                onClick={() => void run(save)}
              >
                {t("save")}
              </Button>
            </>
          ) : (
            <>
              <Button
                icon="full"
                label={ts(full ? "board.full.leave" : "board.full")}
                onClick={toggleFull}
              />
              {!full && mayChange(board) && (
                <Button
                  icon="edit"
                  onClick={() => goTo(routeAddress("boards", board.name, { edit: "1" }))}
                >
                  {t("edit")}
                </Button>
              )}
            </>
          )}
        </div>
      </header>
      <DeedNote error={error} />
      {editing && <AddWidget widgets={widgets} onAdd={setOpen} />}
      {isLarge && (
        <p class="note note-bad" role="alert">
          {ts("board.large", { bytes, most: BYTES_MAX })}
        </p>
      )}
      {editing && widgets.length > 0 && <p class="hint">{ts("board.help")}</p>}
      {widgets.length === 0 && (
        <Empty icon="boards" title={ts("board.empty")} text={ts("board.empty.text")} />
      )}
      <div class="board-grid">
        {widgets.map((widget) => (
          <WidgetBox
            key={widget.id}
            widget={widget}
            editing={editing}
            drag={drag}
            onMove={(part) => move(widget.id, part)}
            onEdit={() => setOpen(widget)}
            onRemove={() => setWidgets((old) => old.filter(({ id }) => id !== widget.id))}
          />
        ))}
      </div>
      {open && <WidgetDialog widget={open} onDone={put} onClose={() => setOpen(undefined)} />}
      {removing && (
        <SureDialog
          title={ts("boards.remove", { name: board.title || board.name })}
          text={ts("boards.remove.text")}
          submit={ts("item.remove")}
          deed={async () => {
            await command("DELETE", boardAddress(board.name));
            tell({ text: ts("removed", { name: board.title || board.name }) });
            goTo(routeAddress("boards"));
          }}
          onClose={() => setRemoving(false)}
        />
      )}
    </div>
  );
}
