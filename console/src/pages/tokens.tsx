/** API tokens: programs act with them for who made them. */
import { useState } from "preact/hooks";
import { expiryOf, noExpiry, type Expiry } from "../access/expiry";
import { accountAddress, askAccounts, type Account, type Grant } from "../api/accounts";
import { serverNow } from "../api/clock";
import { command } from "../api/http";
import { usePages } from "../api/query";
import { may, session } from "../api/session";
import { ta } from "../i18n/access";
import { t } from "../i18n";
import { tp } from "../i18n/people";
import { useStore } from "../store";
import { Dialog } from "../ui/dialog";
import {
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Skeleton,
  useSettled,
} from "../ui/parts";
import { More, Table, type Column } from "../ui/table";
import { tell } from "../ui/toasts";
import {
  Expires,
  ExpiryField,
  LastUsed,
  NameCell,
  StateBadge,
  SureDialog,
  TextField,
  ToldDialog,
} from "./access-parts";
import { GrantList, Grants, grantsOf } from "./grants";
import { DeedNote, useDeed } from "./people-parts";

const PAGE = 100;

interface TokenAnswer {
  token: Account | null;
  text?: string;
}

/** What he holds himself to begin with: nobody gives more than he has. */
function firstGrants(): Grant[] {
  const branch = session.get()?.branches[0]?.branch ?? "#";
  return [{ role: "viewer", branch }];
}

function TokenDialog(props: {
  onDone: (answer: TokenAnswer, name: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const [title, setTitle] = useState("");
  const [grants, setGrants] = useState<Grant[]>(firstGrants);
  const [expiry, setExpiry] = useState<Expiry>({ ...noExpiry, span: "quarter" });
  const [busy, error, run] = useDeed();
  const expires = expiryOf(expiry, serverNow());
  const submit = async () => {
    const body = {
      name: name.trim(),
      ...(title.trim() ? { title: title.trim() } : {}),
      grants: grantsOf(grants),
      ...(expires ? { expires } : {}),
    };
    props.onDone(await command<TokenAnswer>("POST", "/v1/tokens", body), name.trim());
  };
  return (
    <Dialog
      title={ta("tokens.add")}
      text={ta("tokens.add.text")}
      submit={ta("tokens.make")}
      busy={busy}
      disabled={!name.trim() || grants.length === 0 || expires === undefined}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <TextField label={ta("name")} hint={ta("tokens.name.hint")} value={name} onInput={setName} />
      <TextField label={ta("purpose")} value={title} onInput={setTitle} />
      <Grants grants={grants} onChange={setGrants} />
      <ExpiryField expiry={expiry} onChange={setExpiry} />
    </Dialog>
  );
}

function columns(): Column<Account>[] {
  return [
    { name: "token", title: ta("name"), main: true, cell: (token) => <NameCell account={token} /> },
    { name: "state", title: ta("devices.state"), cell: (token) => <StateBadge account={token} /> },
    {
      name: "grants",
      title: tp("people.grants"),
      cell: ({ grants }) => <GrantList grants={grants} />,
    },
    { name: "owner", title: ta("tokens.owner"), cell: ({ owner }) => owner ?? "–" },
    { name: "expires", title: ta("expiry"), cell: (token) => <Expires account={token} /> },
    { name: "seen", title: ta("tokens.last"), cell: (token) => <LastUsed account={token} /> },
  ];
}

/** His own, or those of all who are looked after by him. */
function mayRevoke({ owner }: Account): boolean {
  const who = session.get();
  return may("tokens", "administer") || (who?.kind === "person" && owner === who.user);
}

type Open =
  | { kind: "make" }
  | { kind: "told"; name: string; text: string | undefined }
  | { kind: "revoke"; token: Account }
  | null;

export function TokensPage() {
  const who = useStore(session);
  const [open, setOpen] = useState<Open>(null);
  const [typed, setTyped] = useState("");
  const text = useSettled(typed.trim());
  const close = () => setOpen(null);
  const list = usePages<Account>(`tokens ${text}`, (after, signal) =>
    askAccounts<Account>("tokens", text, after, PAGE, signal),
  );
  const { items, reload } = list;
  const mayMake = who?.kind === "person" || may("tokens", "administer");
  const tools: Column<Account> = {
    name: "tools",
    title: "",
    cell: (token) =>
      mayRevoke(token) && (
        <div class="point-tools">
          <Button
            kind="quiet"
            icon="retire"
            label={ta("tokens.revoke", { name: token.name })}
            onClick={() => setOpen({ kind: "revoke", token })}
          />
        </div>
      ),
  };
  return (
    <div class="page page-wide">
      <PageHead
        title={ta("tokens.title")}
        text={may("tokens") ? ta("tokens.text") : ta("tokens.text.own")}
      >
        <Search
          value={typed}
          label={ta("tokens.search")}
          placeholder={ta("tokens.search")}
          onInput={setTyped}
        />
        {mayMake && (
          <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: "make" })}>
            {ta("tokens.add")}
          </Button>
        )}
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={reload} />
      <Card>
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && text !== "" && (
          <Empty icon="search" title={t("empty.search", { text })} text={t("empty.search.text")} />
        )}
        {items?.length === 0 && text === "" && (
          <Empty icon="tokens" title={ta("tokens.none")} text={ta("tokens.none.text")} />
        )}
        {items && items.length > 0 && (
          <Table
            label={ta("tokens.title")}
            columns={mayMake ? [...columns(), tools] : columns()}
            items={items}
            keyOf={({ number }) => number}
          />
        )}
        <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      </Card>
      {open?.kind === "make" && (
        <TokenDialog
          onClose={close}
          onDone={(answer, name) => {
            setOpen({ kind: "told", name, text: answer.text });
            reload();
          }}
        />
      )}
      {open?.kind === "told" && (
        <ToldDialog
          title={ta("tokens.of", { name: open.name })}
          text={ta("tokens.of.text")}
          secret={open.text}
          lost={ta("tokens.lost")}
          onClose={close}
        />
      )}
      {open?.kind === "revoke" && (
        <SureDialog
          title={ta("tokens.revoke", { name: open.token.name })}
          text={ta("tokens.revoke.text")}
          submit={ta("tokens.revoke.submit")}
          deed={async () => {
            await command("DELETE", accountAddress("tokens", open.token.name));
            close();
            tell({ text: ta("tokens.revoked", { name: open.token.name }) });
            reload();
          }}
          onClose={close}
        />
      )}
    </div>
  );
}
