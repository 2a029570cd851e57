/** People of the tenant: who may enter, invitations, roles. */
import { useState } from "preact/hooks";
import type { Grant } from "../api/accounts";
import { command, get, withQuery } from "../api/http";
import { usePages } from "../api/query";
import { may, session } from "../api/session";
import { formatTime } from "../format";
import { t } from "../i18n";
import { tp } from "../i18n/people";
import { useStore } from "../store";
import { Dialog, Field } from "../ui/dialog";
import { Name } from "../ui/name";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Skeleton,
  Snippet,
  Time,
} from "../ui/parts";
import { More, Table, type Column } from "../ui/table";
import { tell } from "../ui/toasts";
import { GrantList, Grants, grantsOf } from "./grants";
import { DeedNote, useDeed } from "./people-parts";

interface User {
  name: string;
  title: string | null;
  state: "active" | "disabled" | "invited";
  grants: Grant[];
  number: number;
  last_used: string | null;
}
interface Invitation {
  link: string;
  expires: string | null;
}
interface UserAnswer {
  user: User | null;
  invitation?: Invitation;
}

const PAGE = 100;
const TONES = { active: "good", invited: "info", disabled: "warn" } as const;
const addressOf = (name: string): string => `/v1/users/${encodeURIComponent(name)}`;

/** Makes somebody, or changes him. */
function UserDialog(props: {
  user: User | null;
  onClose: () => void;
  onDone: (answer: UserAnswer) => void;
}) {
  const { user } = props;
  const [name, setName] = useState(user?.name ?? "");
  const [title, setTitle] = useState(user?.title ?? "");
  const [state, setState] = useState(user?.state ?? "active");
  const [grants, setGrants] = useState<Grant[]>(user?.grants ?? [{ role: "viewer", branch: "#" }]);
  const [busy, error, run] = useDeed();
  const submit = async () => {
    const body = {
      title,
      grants: grantsOf(grants),
      ...(name !== user?.name ? { name: name.trim() } : {}),
      ...(user && state !== user.state ? { state } : {}),
    };
    props.onDone(
      user
        ? await command<UserAnswer>("PATCH", addressOf(user.name), body)
        : await command<UserAnswer>("POST", "/v1/users", body),
    );
  };
  return (
    <Dialog
      title={user ? tp("people.edit", { name: user.name }) : tp("people.add.title")}
      {...(user ? {} : { text: tp("people.add.text") })}
      submit={user ? t("save") : tp("people.add")}
      busy={busy}
      disabled={!name.trim()}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <Field label={tp("people.name")}>
        {(id) => (
          <input
            id={id}
            value={name}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={tp("people.full_name")}>
        {(id) => (
          <input
            id={id}
            value={title}
            autocomplete="off"
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        )}
      </Field>
      {user && user.state !== "invited" && (
        <Field label={tp("people.state")}>
          {(id) => (
            <select
              id={id}
              value={state}
              onChange={(event) => setState(event.currentTarget.value as User["state"])}
            >
              <option value="active">{tp("people.state.active")}</option>
              <option value="disabled">{tp("people.state.disabled")}</option>
            </select>
          )}
        </Field>
      )}
      <Grants grants={grants} onChange={setGrants} />
    </Dialog>
  );
}

function LinkDialog(props: { name: string; invitation: Invitation; onClose: () => void }) {
  const { link, expires } = props.invitation;
  return (
    <Dialog
      title={tp("people.link")}
      text={tp("people.link.text", { name: props.name })}
      submit={tp("people.done")}
      onSubmit={props.onClose}
      onClose={props.onClose}
    >
      <Snippet text={location.origin + link} />
      {expires && <p class="faint">{tp("people.link.expires", { time: formatTime(expires) })}</p>}
    </Dialog>
  );
}

function RemoveDialog(props: { name: string; onClose: () => void; onDone: () => void }) {
  const [busy, error, run] = useDeed();
  const remove = async () => {
    await command("DELETE", addressOf(props.name));
    props.onDone();
  };
  return (
    <Dialog
      title={tp("people.remove", { name: props.name })}
      text={tp("people.remove.text")}
      submit={tp("people.remove", { name: props.name })}
      danger
      busy={busy}
      onSubmit={() => void run(remove)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
    </Dialog>
  );
}

function columns(): Column<User>[] {
  return [
    {
      name: "user",
      title: tp("people.name"),
      main: true,
      cell: ({ name, title }) => (
        <>
          <Name class="name" text={name} />
          {title && (
            <div class="faint">
              <Name text={title} />
            </div>
          )}
        </>
      ),
    },
    {
      name: "state",
      title: tp("people.state"),
      cell: ({ state }) => <Badge tone={TONES[state]}>{tp(`people.state.${state}`)}</Badge>,
    },
    {
      name: "grants",
      title: tp("people.grants"),
      cell: ({ grants }) => <GrantList grants={grants} />,
    },
    {
      name: "last",
      title: tp("people.last"),
      cell: (user) => <Time time={user.last_used} />,
    },
  ];
}

type Open =
  | { kind: "edit"; user: User | null }
  | { kind: "remove"; user: User }
  | { kind: "link"; name: string; invitation: Invitation }
  | null;

export function PeoplePage() {
  useStore(session);
  const [open, setOpen] = useState<Open>(null);
  const [busy, error, run] = useDeed();
  const close = () => setOpen(null);
  const list = usePages<User>("users", async (after, signal) => {
    const answer = await get<{ users: User[]; next: string | null }>(
      withQuery("/v1/users", { after, limit: PAGE }),
      signal,
    );
    return { items: answer.users, next: answer.next };
  });
  const { items, reload } = list;
  const mayChange = may("users", "administer");
  const done = ({ user, invitation }: UserAnswer) => {
    const name = user?.name ?? "";
    if (invitation) setOpen({ kind: "link", name, invitation });
    else {
      close();
      tell({ text: tp("people.saved", { name }) });
    }
    reload();
  };
  const invite = (name: string) =>
    run(async () => done(await command<UserAnswer>("POST", `${addressOf(name)}/invitation`)));
  const tools: Column<User> = {
    name: "tools",
    title: "",
    cell: (user) => {
      const { name } = user;
      return (
        <div class="point-tools">
          <Button
            kind="quiet"
            icon="edit"
            label={tp("people.edit", { name })}
            onClick={() => setOpen({ kind: "edit", user })}
          />
          <Button
            kind="quiet"
            icon="external"
            label={tp("people.invite", { name })}
            busy={busy}
            onClick={() => void invite(name)}
          />
          <Button
            kind="quiet"
            icon="retire"
            label={tp("people.remove", { name })}
            onClick={() => setOpen({ kind: "remove", user })}
          />
        </div>
      );
    },
  };
  return (
    <div class="page page-wide">
      <PageHead title={tp("people.title")} text={tp("people.text")}>
        {mayChange && (
          <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: "edit", user: null })}>
            {tp("people.add")}
          </Button>
        )}
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={reload} />
      <DeedNote error={error} />
      <Card>
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && (
          <Empty icon="people" title={tp("people.none")} text={tp("people.none.text")} />
        )}
        {items && items.length > 0 && (
          <Table
            label={tp("people.title")}
            columns={mayChange ? [...columns(), tools] : columns()}
            items={items}
            keyOf={(user) => user.number}
          />
        )}
        <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      </Card>
      {open?.kind === "edit" && <UserDialog user={open.user} onClose={close} onDone={done} />}
      {open?.kind === "link" && (
        <LinkDialog name={open.name} invitation={open.invitation} onClose={close} />
      )}
      {open?.kind === "remove" && (
        <RemoveDialog
          name={open.user.name}
          onClose={close}
          onDone={() => {
            close();
            tell({ text: tp("people.removed", { name: open.user.name }) });
            reload();
          }}
        />
      )}
    </div>
  );
}
