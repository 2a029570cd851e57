/** Claim keys: with one a device makes itself. */
import { useState } from "preact/hooks";
import { expiryOf, noExpiry } from "../access/expiry";
import { accountAddress, askAccounts, type Claim, type Grant } from "../api/accounts";
import { serverNow } from "../api/clock";
import { command } from "../api/http";
import { usePages } from "../api/query";
import { may } from "../api/session";
import { formatCount } from "../format";
import { ta } from "../i18n/access";
import { Dialog } from "../ui/dialog";
import { Button, Card, Empty, ProblemNote, Skeleton, Snippet, Time } from "../ui/parts";
import { More, Table, type Column } from "../ui/table";
import { tell } from "../ui/toasts";
import {
  Expires,
  ExpiryField,
  NameCell,
  StateBadge,
  SureDialog,
  TextField,
  ToldDialog,
} from "./access-parts";
import { GrantList, Grants, grantsOf } from "./grants";
import { DeedNote, useDeed } from "./people-parts";

const PAGE = 100;

interface ClaimAnswer {
  claim: Claim | null;
  key?: string;
}

/** How many; nothing: any number; NaN: it is none. */
export function usesOf(text: string): number | undefined {
  const typed = text.trim();
  if (typed === "") return undefined;
  const uses = /^\d{1,10}$/.test(typed) ? Number(typed) : 0;
  return uses >= 1 && uses < 4294967295 ? uses : NaN;
}

/** What a device sends. The key stands in a file, so that no list of processes shows it. */
const provisionExample = (): string =>
  `curl -H 'Content-Type: application/json' -d @claim.json ${location.origin}/v1/provision\n` +
  `# claim.json: {"claim":"mst_c_...","name":"sensor-7"}`;

function KeyDialog(props: {
  onDone: (answer: ClaimAnswer, name: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const [title, setTitle] = useState("");
  const [uses, setUses] = useState("");
  const [grants, setGrants] = useState<Grant[]>([{ role: "device", branch: "#" }]);
  const [expiry, setExpiry] = useState({ ...noExpiry, span: "month" as const } as typeof noExpiry);
  const [busy, error, run] = useDeed();
  const expires = expiryOf(expiry, serverNow());
  const count = usesOf(uses);
  const isWrong = Number.isNaN(count);
  const submit = async () => {
    const body = {
      name: name.trim(),
      ...(title.trim() ? { title: title.trim() } : {}),
      ...(count === undefined ? {} : { uses: count }),
      ...(expires ? { expires } : {}),
      grants: grantsOf(grants),
    };
    props.onDone(await command<ClaimAnswer>("POST", "/v1/claims", body), name.trim());
  };
  return (
    <Dialog
      title={ta("keys.add")}
      text={ta("keys.add.text")}
      submit={ta("keys.make")}
      busy={busy}
      disabled={!name.trim() || expires === undefined || isWrong}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <TextField label={ta("name")} value={name} onInput={setName} />
      <TextField label={ta("purpose")} value={title} onInput={setTitle} />
      <TextField
        label={ta("keys.uses")}
        hint={ta("keys.uses.hint")}
        {...(isWrong ? { error: ta("keys.uses.wrong") } : {})}
        value={uses}
        onInput={setUses}
      />
      <ExpiryField expiry={expiry} onChange={setExpiry} />
      <Grants grants={grants} first="device" onChange={setGrants} />
    </Dialog>
  );
}

function columns(): Column<Claim>[] {
  return [
    { name: "key", title: ta("name"), main: true, cell: (claim) => <NameCell account={claim} /> },
    { name: "state", title: ta("devices.state"), cell: (claim) => <StateBadge account={claim} /> },
    {
      name: "uses",
      title: ta("keys.left"),
      number: true,
      cell: ({ uses_left }) =>
        uses_left === null ? <span class="faint">{ta("keys.any")}</span> : formatCount(uses_left),
    },
    { name: "expires", title: ta("expiry"), cell: (claim) => <Expires account={claim} /> },
    {
      name: "grants",
      title: ta("keys.grants"),
      cell: ({ grants }) => <GrantList grants={grants} />,
    },
    {
      name: "made",
      title: ta("made"),
      cell: ({ created, owner }) => (
        <>
          <Time time={created} />
          {owner && <div class="faint">{ta("made.by", { owner })}</div>}
        </>
      ),
    },
  ];
}

type Open =
  | { kind: "make" }
  | { kind: "told"; name: string; key: string | undefined }
  | { kind: "revoke"; claim: Claim }
  | null;

export function DevicesKeys() {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const { items, problem, reload, hasMore, loading, more } = usePages<Claim>(
    "claims",
    (after, signal) => askAccounts<Claim>("claims", "", after, PAGE, signal),
  );
  const mayChange = may("claims", "administer");
  const tools: Column<Claim> = {
    name: "tools",
    title: "",
    cell: (claim) => (
      <div class="point-tools">
        <Button
          kind="quiet"
          icon="retire"
          label={ta("keys.revoke", { name: claim.name })}
          onClick={() => setOpen({ kind: "revoke", claim })}
        />
      </div>
    ),
  };
  const add = mayChange && (
    <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: "make" })}>
      {ta("keys.add")}
    </Button>
  );
  return (
    <>
      <div class="tools">
        <p class="tools-text">{ta("keys.text")}</p>
        {add}
      </div>
      <ProblemNote problem={problem} onRetry={reload} />
      <Card>
        {!items && !problem && <Skeleton />}
        {items?.length === 0 && (
          <Empty icon="tokens" title={ta("keys.none")} text={ta("keys.none.text")}>
            <Snippet text={provisionExample()} />
          </Empty>
        )}
        {items && items.length > 0 && (
          <Table
            label={ta("devices.view.keys")}
            columns={mayChange ? [...columns(), tools] : columns()}
            items={items}
            keyOf={({ number }) => number}
          />
        )}
        <More shown={hasMore} loading={loading} onMore={more} />
      </Card>
      {open?.kind === "make" && (
        <KeyDialog
          onClose={close}
          onDone={({ key }, name) => {
            setOpen({ kind: "told", name, key });
            reload();
          }}
        />
      )}
      {open?.kind === "told" && (
        <ToldDialog
          title={ta("keys.of", { name: open.name })}
          text={ta("keys.of.text")}
          secret={open.key}
          lost={ta("keys.lost")}
          onClose={close}
        >
          <div>
            <p class="hint">{ta("keys.example")}</p>
            <Snippet text={provisionExample()} />
          </div>
        </ToldDialog>
      )}
      {open?.kind === "revoke" && (
        <SureDialog
          title={ta("keys.revoke", { name: open.claim.name })}
          text={ta("keys.revoke.text")}
          submit={ta("keys.revoke.submit")}
          deed={async () => {
            await command("DELETE", accountAddress("claims", open.claim.name));
            close();
            tell({ text: ta("keys.revoked", { name: open.claim.name }) });
            reload();
          }}
          onClose={close}
        />
      )}
    </>
  );
}
