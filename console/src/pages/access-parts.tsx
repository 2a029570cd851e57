/** What the pages of roles, machines, tokens and shares have in common. */
import type { ComponentChildren } from "preact";
import { isExpired, type Account } from "../api/accounts";
import { serverNow } from "../api/clock";
import { ta } from "../i18n/access";
import { SPANS, expiryOf, type Expiry, type Span } from "../access/expiry";
import "../style/access.css";
import { Dialog, Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Age, Badge, Snippet, Time } from "../ui/parts";
import { DeedNote, useDeed } from "./people-parts";

/** What an account is now: said by a word and a sign. */
export function StateBadge({ account }: { account: Account }) {
  if (account.state === "disabled")
    return (
      <Badge tone="warn" icon="stop">
        {ta("state.disabled")}
      </Badge>
    );
  if (isExpired(account, serverNow()))
    return (
      <Badge tone="bad" icon="clock">
        {ta("state.expired")}
      </Badge>
    );
  return (
    <Badge tone="good" icon="check">
      {ta("state.active")}
    </Badge>
  );
}

/** When it was used last, as far as this start of the server knows. */
export function LastUsed({ account }: { account: Account }) {
  if (account.last_used === null)
    return (
      <span class="faint" title={ta("last.never.why")}>
        {ta("last.never")}
      </span>
    );
  return (
    <>
      <Age time={account.last_used} />
      {account.last_address && <div class="faint">{account.last_address}</div>}
    </>
  );
}

export function Expires({ account }: { account: Account }) {
  if (account.expires === null) return <span class="faint">{ta("expiry.never")}</span>;
  return <Time time={account.expires} />;
}

/** always: it can be for ever. */
export function ExpiryField(props: {
  expiry: Expiry;
  always?: boolean;
  onChange: (expiry: Expiry) => void;
}) {
  const { expiry, always = true, onChange } = props;
  const wrong = expiryOf(expiry, serverNow()) === undefined && expiry.at !== "";
  return (
    <div class="expiry">
      <Field label={ta("expiry")}>
        {(id) => (
          <select
            id={id}
            value={expiry.span}
            onChange={(event) => onChange({ ...expiry, span: event.currentTarget.value as Span })}
          >
            {SPANS.filter((span) => always || span !== "never").map((span) => (
              <option key={span} value={span}>
                {ta(`expiry.${span}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {expiry.span === "date" && (
        <Field label={ta("expiry.at")} {...(wrong ? { error: ta("expiry.past") } : {})}>
          {(id) => (
            <input
              id={id}
              type="datetime-local"
              value={expiry.at}
              onInput={(event) => onChange({ ...expiry, at: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}

export function TextField(props: {
  label: string;
  hint?: string;
  error?: string;
  value: string;
  code?: boolean;
  list?: string;
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
          class={props.code ? "mono" : ""}
          value={props.value}
          list={props.list}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** What is shown once: a token or a key, with a button that copies it. */
export function ToldDialog(props: {
  title: string;
  text: string;
  secret: string | undefined;
  /** What to do when its answer was lost on the way. */
  lost: string;
  children?: ComponentChildren;
  onClose: () => void;
}) {
  return (
    <Dialog
      title={props.title}
      submit={ta("told.done")}
      lasting
      onSubmit={props.onClose}
      onClose={props.onClose}
    >
      {props.secret === undefined ? (
        <div class="note note-bad" role="alert">
          <Icon name="warn" />
          <span>{props.lost}</span>
        </div>
      ) : (
        <>
          <p class="dialog-text">{props.text}</p>
          <Snippet text={props.secret} />
          <p class="told-once">
            <Icon name="warn" size={16} />
            <span>{ta("told.once")}</span>
          </p>
        </>
      )}
      {props.children}
    </Dialog>
  );
}

/** Asks before what cannot be taken back. */
export function SureDialog(props: {
  title: string;
  text: string;
  submit: string;
  children?: ComponentChildren;
  deed: () => Promise<void>;
  onClose: () => void;
}) {
  const [busy, error, run] = useDeed();
  return (
    <Dialog
      title={props.title}
      text={props.text}
      submit={props.submit}
      danger
      busy={busy}
      onSubmit={() => void run(props.deed)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      {props.children}
    </Dialog>
  );
}

/** Facts of one thing, a line each. */
export function Facts({ facts }: { facts: [title: string, text: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([title, text]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Name over title. */
export function NameCell({ account }: { account: { name: string; title: string | null } }) {
  return (
    <>
      <span class="name">{account.name}</span>
      {account.title && <div class="faint">{account.title}</div>}
    </>
  );
}

/** Parts of a page, one shown at a time; each is an address. */
export function Tabs(props: {
  label: string;
  shown: string;
  tabs: { name: string; text: string; href: string }[];
}) {
  return (
    <nav class="tabs" aria-label={props.label}>
      {props.tabs.map(({ name, text, href }) => (
        <a key={name} href={href} aria-current={name === props.shown ? "page" : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
