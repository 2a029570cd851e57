/** Hand-over notes: what one shift tells the next. */
import { useState } from "preact/hooks";
import { addHandover, askHandovers, type Handover } from "../api/alarms";
import { usePages } from "../api/query";
import { mayAnywhere } from "../api/session";
import { formatTime } from "../format";
import { tl } from "../i18n/alarms";
import { DeedNote, useDeed } from "../pages/people-parts";
import { Field } from "../ui/dialog";
import { Name } from "../ui/name";
import { Button, Card, Empty, ProblemNote, Search, Skeleton, Time, useSettled } from "../ui/parts";
import { More } from "../ui/table";
import { tell } from "../ui/toasts";

const NOTE_MOST = 2048;

function NoteForm({ branch: first, onDone }: { branch: string; onDone: () => void }) {
  const [branch, setBranch] = useState(first);
  const [text, setText] = useState("");
  const [busy, error, run] = useDeed();
  const submit = async () => {
    await addHandover(branch.trim(), text.trim());
    setText("");
    tell({ text: tl("handover.done") });
    onDone();
  };
  return (
    <form
      class="note-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) void run(submit);
      }}
    >
      <Field label={tl("handover.text")} hint={tl("handover.text.hint")}>
        {(id) => (
          <textarea
            id={id}
            rows={4}
            maxLength={NOTE_MOST}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={tl("handover.branch")} hint={tl("handover.branch.hint")}>
        {(id) => (
          <input
            id={id}
            class="mono"
            value={branch}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => setBranch(event.currentTarget.value)}
          />
        )}
      </Field>
      <DeedNote error={error} />
      <div>
        <Button submit kind="primary" icon="note" busy={busy} disabled={!text.trim()}>
          {tl("handover.submit")}
        </Button>
      </div>
    </form>
  );
}

function Note({ note }: { note: Handover }) {
  return (
    <li class="handover">
      <p class="handover-head">
        <Name class="name" text={note.author ?? ""} />
        <span class="faint" title={formatTime(note.written)}>
          <Time time={note.written} />
        </span>
        <span class="faint">
          {note.branch ? <Name text={note.branch} /> : tl("alarms.everywhere")}
        </span>
      </p>
      <p class="handover-text">
        <Name text={note.text} />
      </p>
    </li>
  );
}

export function HandoversView({ branch: first }: { branch: string }) {
  const [branch, setBranch] = useState(first);
  const settled = useSettled(branch.trim());
  const list = usePages<Handover>(`handovers ${settled}`, async (after, signal) => {
    const answer = await askHandovers(settled, after, signal);
    return { items: answer.handovers, next: answer.next ?? null };
  });
  return (
    <div class="handovers">
      {mayAnywhere("acknowledge") && (
        <Card title={tl("handover.add")}>
          <NoteForm branch={settled} onDone={list.reload} />
        </Card>
      )}
      <Card title={tl("handover.notes")}>
        <Search
          value={branch}
          label={tl("handover.branch")}
          placeholder={tl("handover.branch")}
          onInput={setBranch}
        />
        <ProblemNote problem={list.problem} onRetry={list.reload} />
        {!list.items && !list.problem && <Skeleton />}
        {list.items?.length === 0 && (
          <Empty icon="note" title={tl("handover.none")} text={tl("handover.none.text")} />
        )}
        <ul class="handover-list">
          {list.items?.map((note, at) => (
            <Note key={note.note ?? `${note.written ?? ""} ${at}`} note={note} />
          ))}
        </ul>
        <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      </Card>
    </div>
  );
}
