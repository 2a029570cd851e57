/** What the pages of people share. */
import { useState } from "preact/hooks";
import { Problem } from "../api/http";
import { peopleProblem } from "../i18n/people-problems-zh";
import { tp } from "../i18n/people";
import { Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { problemText } from "../ui/parts";

export function problemOf(error: unknown): string {
  if (!(error instanceof Problem)) return String(error);
  return peopleProblem(error.code, error.detail) ?? problemText(error);
}

/** Runs one thing at a time, and says what went wrong. */
export function useDeed(): [boolean, unknown, (deed: () => Promise<void>) => Promise<void>] {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async (deed: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await deed();
    } catch (found) {
      setError(found);
    }
    setBusy(false);
  };
  return [busy, error, run];
}

/** What went wrong with it, in words. */
export function DeedNote({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <div class="note note-bad" role="alert">
      <Icon name="bad" />
      <span>{problemOf(error)}</span>
    </div>
  );
}

export function PasswordField(props: {
  label: string;
  value: string;
  hint?: string;
  error?: string;
  isNew?: boolean;
  onInput: (value: string) => void;
}) {
  return (
    <Field
      label={props.label}
      {...(props.hint ? { hint: props.hint } : {})}
      {...(props.error ? { error: props.error } : {})}
    >
      {(id) => (
        <input
          id={id}
          type="password"
          value={props.value}
          required
          autocomplete={props.isNew ? "new-password" : "current-password"}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** A new password, twice. */
export function NewPassword(props: {
  first: string;
  again: string;
  onFirst: (value: string) => void;
  onAgain: (value: string) => void;
}) {
  const differ = props.again !== "" && props.again !== props.first;
  return (
    <>
      <PasswordField
        label={tp("password.new")}
        hint={tp("password.hint")}
        value={props.first}
        isNew
        onInput={props.onFirst}
      />
      <PasswordField
        label={tp("password.again")}
        {...(differ ? { error: tp("password.differ") } : {})}
        value={props.again}
        isNew
        onInput={props.onAgain}
      />
    </>
  );
}
