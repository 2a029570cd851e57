/** A modal dialog: the browser's own, so that focus, Escape and what lies behind are as they should be. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "./parts";

export function Dialog(props: {
  title: string;
  text?: string;
  submit: string;
  danger?: boolean;
  busy?: boolean;
  disabled?: boolean;
  /** It holds what is shown once: its own button alone closes it, no key and no click beside it. */
  lasting?: boolean;
  onSubmit: () => void;
  onClose: () => void;
  children?: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={props.onClose}
      onCancel={(event) => {
        if (props.lasting) event.preventDefault();
      }}
      onKeyDown={(event) => {
        // A browser closes at the second Escape, whatever was said to the first.
        if (props.lasting && event.key === "Escape") event.preventDefault();
      }}
      onClick={(event) => {
        if (event.target === dialog.current && !props.lasting) dialog.current?.close();
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        <header>
          <h2 id={id}>{props.title}</h2>
          {!props.lasting && (
            <Button kind="quiet" icon="close" label={t("close")} onClick={props.onClose} />
          )}
        </header>
        <div class="dialog-body">
          {props.text && <p class="dialog-text">{props.text}</p>}
          {props.children}
        </div>
        <footer>
          {!props.lasting && <Button onClick={props.onClose}>{t("cancel")}</Button>}
          <Button
            submit
            kind={props.danger ? "danger" : "primary"}
            busy={props.busy ?? false}
            disabled={props.disabled ?? false}
          >
            {props.submit}
          </Button>
        </footer>
      </form>
    </dialog>
  );
}

export function Field(props: {
  label: string;
  hint?: string;
  error?: string;
  children: (id: string) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class={`field${props.error ? " field-bad" : ""}`}>
      <label for={id}>{props.label}</label>
      {props.children(id)}
      {props.error ? (
        <p class="field-error" role="alert">
          {props.error}
        </p>
      ) : (
        props.hint && <p class="field-hint">{props.hint}</p>
      )}
    </div>
  );
}

/** One of some values, as a field. */
export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; text: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <Field label={props.label}>
      {(id) => (
        <select
          id={id}
          value={props.value}
          onChange={(event) => {
            const found = props.options.find(({ value }) => value === event.currentTarget.value);
            if (found) props.onChange(found.value);
          }}
        >
          {props.options.map(({ value, text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
