/** What one does about alarms: at once with a way back, or after a question. */
import { useState } from "preact/hooks";
import { act, type Act, type ActMore, type Which } from "../api/alarms";
import { t } from "../i18n";
import { tl } from "../i18n/alarms";
import { DeedNote, problemOf, useDeed } from "../pages/people-parts";
import { Dialog, Field } from "../ui/dialog";
import { tell } from "../ui/toasts";
import { SHELVE_SPANS, spanSeconds } from "./spans";
import { countAlarms } from "./watch";
import { formatDuration } from "../format";

export const DEEDS = [
  "acknowledge",
  "reset",
  "shelve",
  "unshelve",
  "suppress",
  "unsuppress",
  "remove_from_service",
  "return_to_service",
  "comment",
  "assign",
] as const satisfies Act[];
export type Deed = (typeof DEEDS)[number];

/** What takes it back. */
const UNDOES: Partial<Record<Deed, Act>> = {
  acknowledge: "unacknowledge",
  shelve: "unshelve",
  suppress: "unsuppress",
  remove_from_service: "return_to_service",
};

const COMMENT_MOST = 2048;

/** What was done is said, with a way back for as long as there is one. */
async function done(deed: Deed, which: Which, more: ActMore, onDone: () => void): Promise<void> {
  const answer = await act(deed, which, more);
  const back = UNDOES[deed];
  const mayUndo = back && answer.done > 0 && (deed !== "acknowledge" || answer.undo_until !== null);
  const undo = async () => {
    try {
      const undone = await act(back as Act, withoutStates(which));
      tell({ text: tl("alarms.undone", { count: undone.done }) });
      countAlarms();
      onDone();
    } catch (error) {
      tell({ text: problemOf(error), bad: true });
    }
  };
  const text = tl(`alarms.done.${deed}`, { count: answer.done });
  const passed = answer.passed_over
    ? ` ${tl("alarms.passed_over", { count: answer.passed_over })}`
    : "";
  tell({
    text: text + passed,
    ...(mayUndo ? { action: { text: t("undo"), run: () => void undo() } } : {}),
  });
  countAlarms();
  onDone();
}

/** Afterwards they are in another state: the filter that found them would find others. */
function withoutStates(which: Which): Which {
  if (!("filter" in which)) return which;
  const { state: _, ...rest } = which.filter;
  return { filter: rest };
}

/** Those that need no question: acknowledge, reset, and what ends what hides an alarm. */
export async function doAtOnce(deed: Deed, which: Which, onDone: () => void): Promise<void> {
  try {
    await done(deed, which, {}, onDone);
  } catch (error) {
    tell({ text: problemOf(error), bad: true });
  }
}

export const AT_ONCE: readonly Deed[] = [
  "acknowledge",
  "reset",
  "unshelve",
  "unsuppress",
  "return_to_service",
];

export function DeedDialog(props: {
  deed: Deed;
  which: Which;
  assignee?: string;
  onDone: () => void;
  onClose: () => void;
}) {
  const { deed, which } = props;
  const [comment, setComment] = useState("");
  const [span, setSpan] = useState<string>("1h");
  const [own, setOwn] = useState("");
  const [assignee, setAssignee] = useState(props.assignee ?? "");
  const [busy, error, run] = useDeed();
  const whom =
    "alarms" in which ? tl("alarms.of_count", { count: which.alarms.length }) : tl("alarms.of_all");
  const length = span === "own" ? own.trim() : span;
  const seconds = spanSeconds(length);
  const spanIsWrong = seconds === undefined || seconds < 1 || seconds > 7 * 86_400;
  const isWrong =
    (deed === "shelve" && spanIsWrong) || (deed === "comment" && comment.trim() === "");
  const more: ActMore = {
    ...(comment.trim() ? { comment: comment.trim() } : {}),
    ...(deed === "shelve" ? { for: length } : {}),
    ...(deed === "assign" ? { assignee: assignee.trim() } : {}),
  };
  return (
    <Dialog
      title={tl(`alarms.${deed}`)}
      text={`${whom} ${tl(`alarms.${deed}.text`)}`}
      submit={tl(`alarms.${deed}`)}
      busy={busy}
      disabled={isWrong}
      onSubmit={() =>
        void run(async () => {
          await done(deed, which, more, props.onDone);
          props.onClose();
        })
      }
      onClose={props.onClose}
    >
      {deed === "shelve" && (
        <div class="spans" role="group" aria-label={tl("alarms.shelve.for")}>
          {[...SHELVE_SPANS, "own"].map((word) => (
            <button
              key={word}
              type="button"
              class="chip"
              aria-pressed={word === span}
              onClick={() => setSpan(word)}
            >
              {word === "own" ? tl("alarms.shelve.own") : formatDuration(spanSeconds(word))}
            </button>
          ))}
        </div>
      )}
      {deed === "shelve" && span === "own" && (
        <Field
          label={tl("alarms.shelve.for")}
          hint={tl("alarms.shelve.hint")}
          {...(own && spanIsWrong ? { error: tl("alarms.shelve.wrong") } : {})}
        >
          {(id) => (
            <input id={id} value={own} onInput={(event) => setOwn(event.currentTarget.value)} />
          )}
        </Field>
      )}
      {deed === "assign" && (
        <Field label={tl("alarms.assignee")} hint={tl("alarms.assign.hint")}>
          {(id) => (
            <input
              id={id}
              value={assignee}
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => setAssignee(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <Field
        label={tl("alarms.comment")}
        {...(deed === "comment" ? {} : { hint: tl("alarms.comment.hint") })}
      >
        {(id) => (
          <textarea
            id={id}
            rows={3}
            maxLength={COMMENT_MOST}
            value={comment}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        )}
      </Field>
      <DeedNote error={error} />
    </Dialog>
  );
}
