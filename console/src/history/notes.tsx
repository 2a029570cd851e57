/** What was said of points and which samples were corrected: as marks on the trend, and as a list. */
import { useState } from "preact/hooks";
import { useQuery } from "../api/query";
import { Problem } from "../api/http";
import { mayAnnotate, mayUnsay, session } from "../api/session";
import type { Value } from "../api/types";
import { formatTime, formatValue, NOTHING } from "../format";
import { t } from "../i18n";
import { th } from "../i18n/history";
import { recall, remember, useStore } from "../store";
import { Dialog, Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Button, Card, ProblemNote, Time } from "../ui/parts";
import { tell } from "../ui/toasts";
import {
  annotate,
  annotationRemove,
  askAnnotations,
  askCorrections,
  correct,
  type Annotation,
  type Correction,
} from "./notes-ask";
import type { PlotMark } from "./plot";
import type { Span } from "./range";
import { fieldText, fieldTime } from "./range-text";
import type { View } from "./view";

export interface Notes {
  annotations: Annotation[];
  corrections: Correction[];
  /** They were told; before that there are none. */
  loaded: boolean;
  problem: Problem | undefined;
  reload: () => void;
}

const NONE: { annotations: Annotation[]; corrections: Correction[] } = {
  annotations: [],
  corrections: [],
};
const AGAIN_MS = 15_000; /* others may say something as well */
const AGAIN_PATHS = 4; /* more are asked once */

export function useNotes(paths: string[]): Notes {
  const { data, problem, reload } = useQuery(
    `notes ${paths.join("\n")}`,
    async (signal) => {
      const [annotations, corrections] = await Promise.all([
        Promise.all(paths.map((path) => askAnnotations(path, signal))),
        Promise.all(paths.map((path) => askCorrections(path, signal))),
      ]);
      return { annotations: annotations.flat(), corrections: corrections.flat() };
    },
    paths.length <= AGAIN_PATHS ? AGAIN_MS : 0,
  );
  const { annotations, corrections } = data ?? NONE;
  return { annotations, corrections, loaded: data !== undefined, problem, reload };
}

export function marksOf({ annotations, corrections }: Notes): PlotMark[] {
  const marks: PlotMark[] = [];
  for (const { time, to } of annotations) {
    if (!time) continue;
    const begin = Date.parse(time);
    marks.push({ from: begin, to: to ? Date.parse(to) : begin, kind: "note" });
  }
  for (const { time } of corrections) {
    const at = Date.parse(time);
    marks.push({ from: at, to: at, kind: "correction" });
  }
  return marks;
}

/** What went wrong with a command, kept in its dialog. */
function useSend(done: () => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const send = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    work()
      .then(done)
      .catch((error: unknown) => {
        setProblem(error instanceof Problem ? error : new Problem(0, "console", "", String(error)));
        setBusy(false);
      });
  };
  return { busy, problem, send };
}

/** Who writes: kept by this browser, for the next time. Of whoever is known the server writes his name. */
function useAuthor() {
  const [author, setAuthor] = useState(() => recall("author") ?? "");
  if (!useStore(session)?.trial) return { author: "", field: null };
  return {
    author,
    field: (
      <Field label={th("note.author")} hint={th("note.author.hint")}>
        {(id) => (
          <input
            id={id}
            value={author}
            maxLength={60}
            onInput={(event) => {
              setAuthor(event.currentTarget.value);
              remember("author", event.currentTarget.value.trim() || null);
            }}
          />
        )}
      </Field>
    ),
  };
}
const authorWords = (author: string) => (author.trim() ? { author: author.trim() } : {});

function TimeField(props: { label: string; value: string; onInput: (value: string) => void }) {
  return (
    <Field label={props.label}>
      {(id) => (
        <input
          id={id}
          type="datetime-local"
          step="0.001"
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** from, to: of what is shown. */
export function AnnotateDialog(props: {
  paths: string[];
  span: Span;
  /** A single instant, when a sample is annotated. */
  at?: string;
  onDone: () => void;
  onClose: () => void;
}) {
  const [path, setPath] = useState(props.paths[0] ?? "");
  const [text, setText] = useState("");
  const middle = (props.span.from + props.span.to) / 2;
  const [from, setFrom] = useState(fieldText(middle));
  const [to, setTo] = useState("");
  const { author, field } = useAuthor();
  const { busy, problem, send } = useSend(props.onDone);
  const [begin, end] = [fieldTime(from), to ? fieldTime(to) : undefined];
  const isWrong = !props.at && (begin === undefined || (to !== "" && (end ?? -1) < begin));
  const submit = () =>
    send(async () => {
      const first = props.at ?? new Date(begin ?? middle).toISOString();
      const last = props.at ?? (end === undefined ? first : new Date(end).toISOString());
      await annotate({ path, text: text.trim(), time: first, to: last, ...authorWords(author) });
      tell({ text: th("note.added") });
    });
  return (
    <Dialog
      title={th("note.add")}
      text={th("note.add.text")}
      submit={th("note.add.submit")}
      busy={busy}
      disabled={text.trim() === "" || isWrong}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <ProblemNote problem={problem} />
      {props.paths.length > 1 && (
        <Field label={t("point.title")}>
          {(id) => (
            <select id={id} value={path} onChange={(event) => setPath(event.currentTarget.value)}>
              {props.paths.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <Field label={th("note.text")}>
        {(id) => (
          <textarea
            id={id}
            rows={3}
            maxLength={2000}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      {props.at ? (
        <p class="hint">{th("note.at", { time: formatTime(props.at, true) })}</p>
      ) : (
        <div class="range-fields">
          <TimeField label={th("range.from")} value={from} onInput={setFrom} />
          <TimeField label={th("note.to")} value={to} onInput={setTo} />
        </div>
      )}
      {field}
    </Dialog>
  );
}

/** What was typed, as the point's type has it; undefined: it is none. */
export function valueFrom(text: string, type: string): Value | undefined {
  if (type === "string") return text;
  const trimmed = text.trim();
  if (type === "bool") {
    if (/^(true|1)$/i.test(trimmed)) return true;
    return /^(false|0)$/i.test(trimmed) ? false : undefined;
  }
  if (type === "int64" && !/^[+-]?\d+$/.test(trimmed)) return undefined;
  const number = trimmed === "" ? NaN : Number(trimmed);
  // All digits of an integer that a double would round.
  if (type === "int64" && !Number.isSafeInteger(number)) return trimmed;
  return Number.isFinite(number) ? number : undefined;
}

export function CorrectDialog(props: {
  path: string;
  type: string;
  unit: string;
  time: string;
  value: Value;
  onDone: () => void;
  onClose: () => void;
}) {
  const before = props.value === null ? "" : String(props.value);
  const [text, setText] = useState(before);
  const [reason, setReason] = useState("");
  const { author, field } = useAuthor();
  const { busy, problem, send } = useSend(props.onDone);
  const value = valueFrom(text, props.type);
  const submit = () =>
    send(async () => {
      if (value === undefined) return;
      await correct({
        path: props.path,
        time: props.time,
        value,
        reason: reason.trim(),
        ...authorWords(author),
      });
      tell({ text: th("correct.done") });
    });
  const label = props.unit ? th("correct.value.unit", { unit: props.unit }) : th("correct.value");
  return (
    <Dialog
      title={th("correct.title")}
      text={th("correct.text", { time: formatTime(props.time, true), value: before || NOTHING })}
      submit={th("correct.submit")}
      busy={busy}
      disabled={value === undefined || text === before}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <ProblemNote problem={problem} />
      <Field label={label} {...(value === undefined ? { error: th("correct.wrong") } : {})}>
        {(id) => (
          <input
            id={id}
            value={text}
            autocomplete="off"
            inputMode={props.type === "string" || props.type === "bool" ? "text" : "decimal"}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={th("correct.reason")} hint={th("correct.reason.hint")}>
        {(id) => (
          <input
            id={id}
            value={reason}
            maxLength={500}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
      {field}
    </Dialog>
  );
}

function whenText({ time, to }: Annotation): string {
  if (!time) return th("note.always");
  if (!to || to === time) return formatTime(time);
  return th("range.between", { from: formatTime(time), to: formatTime(to) });
}

function AnnotationLine(props: {
  annotation: Annotation;
  named: boolean;
  onShow: () => void;
  onChanged: () => void;
}) {
  const { annotation, onChanged } = props;
  const remove = async () => {
    const { path, text, time, to, author } = annotation;
    try {
      await annotationRemove(annotation.annotation);
      onChanged();
      const again = {
        path,
        text,
        ...(author ? { author } : {}),
        ...(time && to ? { time, to } : {}),
      };
      tell({
        text: th("note.removed"),
        ...(mayAnnotate(path) && {
          action: { text: t("undo"), run: () => void annotate(again).then(onChanged) },
        }),
      });
    } catch (error) {
      tell({ text: String((error as Error).message), bad: true });
    }
  };
  return (
    <li class="note-line">
      <Icon name="note" size={16} />
      <div>
        <p class="note-text">{annotation.text}</p>
        <p class="faint">
          {annotation.time ? (
            <button type="button" class="link" onClick={props.onShow}>
              {whenText(annotation)}
            </button>
          ) : (
            whenText(annotation)
          )}
          {props.named && <span>{annotation.path}</span>}
          {annotation.author && <span>{annotation.author}</span>}
        </p>
      </div>
      {mayUnsay(annotation) && (
        <Button
          kind="quiet"
          icon="retire"
          label={th("note.remove", { text: annotation.text.slice(0, 60) })}
          onClick={() => void remove()}
        />
      )}
    </li>
  );
}

function CorrectionLine(props: {
  correction: Correction;
  type: string;
  named: boolean;
  onShow: () => void;
}) {
  const { time, value, original, reason, author, path, made, erased } = props.correction;
  const before = original ? formatValue(original.value, props.type, true) : NOTHING;
  return (
    <li class="note-line">
      <Icon name="edit" size={16} />
      <div>
        <p class="note-text">
          {erased
            ? th("correct.erased")
            : th("correct.line", { before, after: formatValue(value, props.type, true) })}
          {reason && <span class="faint"> {reason}</span>}
        </p>
        <p class="faint">
          <button type="button" class="link" onClick={props.onShow}>
            {formatTime(time, true)}
          </button>
          {props.named && <span>{path}</span>}
          {author && <span>{author}</span>}
          {made && (
            <span>
              {th("correct.when")} <Time time={made} />
            </span>
          )}
        </p>
      </div>
    </li>
  );
}

const SHOWN_FIRST = 20;
const AROUND = 0.5; /* of what is shown: the room around a note that is shown */

export function NotesCard(props: {
  view: View;
  span: Span;
  notes: Notes;
  onView: (view: View) => void;
}) {
  const { view, span, notes, onView } = props;
  const { annotations, corrections, problem, reload } = notes;
  const [adding, setAdding] = useState(false);
  const [all, setAll] = useState(false);
  const named = view.paths.length > 1;
  const open = view.paths.filter(mayAnnotate);
  const count = annotations.length + corrections.length;
  const show = (from: string, to: string | null) => {
    const [begin, end] = [Date.parse(from), Date.parse(to ?? from)];
    const margin = Math.max((span.to - span.from) * AROUND, end - begin);
    onView({
      ...view,
      range: { kind: "between", span: { from: begin - margin, to: end + margin } },
    });
  };
  const done = () => {
    setAdding(false);
    reload();
  };
  const most = all ? Infinity : SHOWN_FIRST;
  return (
    <Card
      title={th("note.title")}
      aside={
        open.length > 0 && (
          <Button icon="plus" onClick={() => setAdding(true)}>
            {th("note.add")}
          </Button>
        )
      }
    >
      <ProblemNote problem={problem} onRetry={reload} />
      {count === 0 && !problem && <p class="hint">{th("note.none")}</p>}
      <ul class="notes">
        {annotations.slice(0, most).map((annotation) => (
          <AnnotationLine
            key={annotation.annotation}
            annotation={annotation}
            named={named}
            onShow={() => annotation.time && show(annotation.time, annotation.to)}
            onChanged={reload}
          />
        ))}
        {corrections.slice(0, most).map((correction) => (
          <CorrectionLine
            key={correction.correction}
            correction={correction}
            type="float64"
            named={named}
            onShow={() => show(correction.time, null)}
          />
        ))}
      </ul>
      {count > most && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {t("more")}
        </button>
      )}
      {adding && (
        <AnnotateDialog paths={open} span={span} onDone={done} onClose={() => setAdding(false)} />
      )}
    </Card>
  );
}
