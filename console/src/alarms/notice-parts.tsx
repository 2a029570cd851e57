/** What the pages of rosters, channels and routes have in common: lists that are edited line by line. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { putNotice, removeNotice, type NoticeKind } from "../api/notices";
import type { ChannelWords, RosterWords, RouteWords } from "../api/notices";
import { may } from "../api/session";
import { tr } from "../i18n/rules";
import { SureDialog } from "../pages/access-parts";
import { DeedNote, useDeed } from "../pages/people-parts";
import { Dialog, Field } from "../ui/dialog";
import { Button } from "../ui/parts";
import { tell } from "../ui/toasts";

export const mayNotices = (): boolean => may("notices", "configure");

export function TextInput(props: {
  label: string;
  value: string;
  hint?: string;
  error?: string;
  code?: boolean;
  type?: "text" | "time" | "password";
  list?: string;
  placeholder?: string;
  disabled?: boolean;
  onInput: (value: string) => void;
}) {
  return (
    <Field
      label={props.label}
      {...(props.hint ? { hint: props.hint } : {})}
      {...(props.error ? { error: props.error } : {})}
    >
      {(id) => {
        const common = {
          id,
          value: props.value,
          disabled: props.disabled ?? false,
          autocomplete: "off",
          onInput: (event: { currentTarget: { value: string } }) =>
            props.onInput(event.currentTarget.value),
        } as const;
        if (props.type === "time") return <input type="time" {...common} />;
        if (props.type === "password") return <input type="password" {...common} />;
        return (
          <input
            class={props.code ? "mono" : ""}
            list={props.list}
            placeholder={props.placeholder ?? ""}
            spellcheck={false}
            {...common}
          />
        );
      }}
    </Field>
  );
}

/** Lines of one shape, with a button that adds one and one at each that takes it away. */
export function Lines<T>(props: {
  title: string;
  hint?: string;
  items: T[];
  make: () => T;
  add: string;
  onChange: (items: T[]) => void;
  line: (item: T, change: (next: Partial<T>) => void, at: number) => ComponentChildren;
}) {
  const { items, onChange } = props;
  return (
    <fieldset class="lines">
      <legend>{props.title}</legend>
      {props.hint && <p class="field-hint">{props.hint}</p>}
      {items.map((item, at) => (
        <div key={at} class="line">
          <div class="line-fields">
            {props.line(
              item,
              (next) => onChange(items.map((old, i) => (i === at ? { ...old, ...next } : old))),
              at,
            )}
          </div>
          <Button
            kind="quiet"
            icon="minus"
            label={tr("oncall.line.remove")}
            onClick={() => onChange(items.filter((_, i) => i !== at))}
          />
        </div>
      ))}
      <Button icon="plus" onClick={() => onChange([...items, props.make()])}>
        {props.add}
      </Button>
    </fieldset>
  );
}

export const NAME_FORM = /^[A-Za-z0-9_.-]{1,128}$/;

/** A dialog that writes one of them; its name is chosen once. */
export function NoticeDialog(props: {
  kind: NoticeKind;
  title: string;
  name: string | null;
  words: () => ChannelWords | RosterWords | RouteWords;
  isWrong: boolean;
  onDone: (name: string) => void;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const [name, setName] = useState(props.name ?? "");
  const [busy, error, run] = useDeed();
  const isNamed = NAME_FORM.test(name.trim());
  const submit = async () => {
    await putNotice(props.kind, name.trim(), props.words());
    tell({ text: tr("oncall.saved", { name: name.trim() }) });
    props.onDone(name.trim());
  };
  return (
    <Dialog
      title={props.title}
      submit={tr("rules.save")}
      busy={busy}
      disabled={props.isWrong || !isNamed}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <TextInput
        label={tr("rules.name")}
        hint={tr("rules.name.hint")}
        code
        value={name}
        disabled={props.name !== null}
        {...(name && !isNamed ? { error: tr("rules.flaw.name") } : {})}
        onInput={setName}
      />
      {props.children}
      <DeedNote error={error} />
    </Dialog>
  );
}

export function RemoveDialog(props: {
  kind: NoticeKind;
  name: string;
  onDone: () => void;
  onClose: () => void;
}) {
  const { kind, name } = props;
  return (
    <SureDialog
      title={tr("rules.remove.title", { name })}
      text={tr(`oncall.remove.${kind}`)}
      submit={tr("rules.remove")}
      deed={async () => {
        await removeNotice(kind, name);
        tell({ text: tr("rules.removed", { name }) });
        props.onDone();
      }}
      onClose={props.onClose}
    />
  );
}
