/**
 * A field for statements: line numbers, completion of tables and columns, Ctrl+Enter runs. Tab indents, or takes
 * what is suggested; after Escape it leaves the field, as the hint below says.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { th } from "../i18n/history";
import { completionAt, type Completion, type SchemaTable } from "./complete";

const LINE = 21; /* px, as the style has it */
const PADDING = 10;
const POPUP_ROWS = 8;

interface Popup extends Completion {
  chosen: number;
  left: number;
  top: number;
}

/** How wide a letter of the field is. */
function letterWidth(field: HTMLTextAreaElement): number {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 8;
  context.font = getComputedStyle(field).font;
  return context.measureText("0000000000").width / 10;
}

function placeOf(field: HTMLTextAreaElement, at: number): { left: number; top: number } {
  const before = field.value.slice(0, at).split("\n");
  const column = before[before.length - 1]?.length ?? 0;
  const left = PADDING + column * letterWidth(field) - field.scrollLeft;
  return {
    left: Math.max(0, Math.min(field.clientWidth - 240, left)),
    top: PADDING + before.length * LINE - field.scrollTop,
  };
}

function List({ id, popup, onTake }: { id: string; popup: Popup; onTake: (at: number) => void }) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[popup.chosen]?.scrollIntoView({ block: "nearest" });
  }, [popup.chosen]);
  return (
    <ul
      ref={list}
      id={id}
      class="complete"
      role="listbox"
      aria-label={th("sql.complete")}
      style={{
        left: `${popup.left}px`,
        top: `${popup.top}px`,
        maxHeight: `${POPUP_ROWS * 30 + 8}px`,
      }}
    >
      {popup.items.map(({ text, kind, detail, meaning }, at) => (
        <li
          key={`${kind} ${text}`}
          id={`${id}-${at}`}
          role="option"
          aria-selected={at === popup.chosen}
          class={`complete-${kind}${at === popup.chosen ? " found-active" : ""}`}
          title={meaning}
          onPointerDown={(event) => {
            event.preventDefault();
            onTake(at);
          }}
        >
          <code>{text}</code>
          <span class="faint">{meaning || detail}</span>
        </li>
      ))}
    </ul>
  );
}

export function SqlEditor(props: {
  value: string;
  schema: SchemaTable[];
  /** From where to where it is wrong. */
  fault: [number, number] | null;
  onInput: (value: string) => void;
  onRun: () => void;
}) {
  const { value, schema } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const [popup, setPopup] = useState<Popup | null>(null);
  const leaving = useRef(false);
  const caret = useRef<number | null>(null);
  const id = useId();

  // A value that was put in from here has its cursor where it belongs.
  useLayoutEffect(() => {
    if (caret.current === null) return;
    field.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [value]);
  useEffect(() => {
    if (!props.fault) return;
    field.current?.focus();
    field.current?.setSelectionRange(...props.fault);
  }, [props.fault]);

  const complete = (always: boolean) => {
    const element = field.current;
    if (!element) return;
    const at = element.selectionStart;
    const found =
      element.selectionEnd === at ? completionAt(element.value, at, schema, always) : null;
    setPopup(found && { ...found, chosen: 0, ...placeOf(element, found.from) });
  };
  const put = (from: number, to: number, text: string) => {
    caret.current = from + text.length;
    props.onInput(value.slice(0, from) + text + value.slice(to));
  };
  const take = (at: number) => {
    const item = popup?.items[at];
    if (!popup || !item) return;
    put(popup.from, popup.to, item.kind === "function" ? `${item.text}(` : item.text);
    setPopup(null);
  };

  const onPopupKey = (event: KeyboardEvent, shown: Popup): boolean => {
    const last = shown.items.length - 1;
    if (event.key === "ArrowDown")
      setPopup({ ...shown, chosen: shown.chosen === last ? 0 : shown.chosen + 1 });
    else if (event.key === "ArrowUp")
      setPopup({ ...shown, chosen: shown.chosen === 0 ? last : shown.chosen - 1 });
    else if (event.key === "Tab" || event.key === "Enter") take(shown.chosen);
    else if (event.key === "Escape") setPopup(null);
    else return false;
    return true;
  };
  const onIndent = (back: boolean) => {
    const element = field.current as HTMLTextAreaElement;
    const { selectionStart: from, selectionEnd: to } = element;
    const line = value.lastIndexOf("\n", from - 1) + 1;
    if (!back) put(from, to, "  ");
    else if (value.startsWith("  ", line)) {
      caret.current = Math.max(line, from - 2);
      props.onInput(value.slice(0, line) + value.slice(line + 2));
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key === "Enter") {
      setPopup(null);
      props.onRun();
    } else if (isCommand && event.key === " ") complete(true);
    else if (isCommand || event.altKey) return;
    else if (popup && onPopupKey(event, popup)) leaving.current = false;
    else if (event.key === "Escape") {
      leaving.current = true;
      return;
    } else if (event.key === "Tab" && !leaving.current) onIndent(event.shiftKey);
    else {
      if (event.key !== "Tab" && event.key !== "Shift") leaving.current = false;
      return;
    }
    event.preventDefault();
  };
  const lines = value.split("\n").length;
  return (
    <div class="sql-editor">
      <div ref={gutter} class="sql-lines" aria-hidden="true">
        {Array.from({ length: lines }, (_, line) => (
          <span key={line}>{line + 1}</span>
        ))}
      </div>
      <textarea
        ref={field}
        class="mono"
        rows={Math.max(6, Math.min(16, lines + 1))}
        wrap="off"
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        aria-label={th("sql.statement")}
        aria-describedby={`${id}-hint`}
        aria-controls={popup ? `${id}-list` : undefined}
        aria-activedescendant={popup ? `${id}-list-${popup.chosen}` : undefined}
        aria-autocomplete="list"
        value={value}
        onInput={(event) => {
          props.onInput(event.currentTarget.value);
          complete(false);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => {
          setPopup(null);
          leaving.current = false;
        }}
        onClick={() => setPopup(null)}
        onScroll={(event) => {
          if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
          setPopup(null);
        }}
      />
      {popup && <List id={`${id}-list`} popup={popup} onTake={take} />}
      <p id={`${id}-hint`} class="hint sql-hint">
        {th("sql.hint")}
      </p>
    </div>
  );
}
