/** Who one is: the password, and the browsers that are logged in. */
import { useState } from "preact/hooks";
import { command, get, Problem } from "../api/http";
import { useQuery } from "../api/query";
import { changePassword, session } from "../api/session";
import { NOTHING } from "../format";
import { tp } from "../i18n/people";
import { useStore } from "../store";
import { Badge, Button, Card, PageHead, ProblemNote, Skeleton, Time } from "../ui/parts";
import { Table, type Column } from "../ui/table";
import { tell } from "../ui/toasts";
import { LinksCard } from "./openid-parts";
import { SecondFactorCard } from "./second-factor";
import { DeedNote, NewPassword, PasswordField, useDeed } from "./people-parts";

interface SessionItem {
  number: number;
  begun: string;
  address: string | null;
  browser: string | null;
  current: boolean;
  last_used: string | null;
}

function PasswordCard({ onDone }: { onDone: () => void }) {
  const [old, setOld] = useState("");
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const [busy, error, run] = useDeed();
  const wrong = error instanceof Problem && error.code === "wrong";
  const change = async () => {
    await changePassword(old, first);
    for (const clear of [setOld, setFirst, setAgain]) clear("");
    tell({ text: tp("account.password.saved") });
    onDone();
  };
  return (
    <Card title={tp("account.password")}>
      <form
        class="narrow-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void run(change);
        }}
      >
        {!wrong && <DeedNote error={error} />}
        <input
          class="hidden"
          tabIndex={-1}
          aria-hidden="true"
          readOnly
          autocomplete="username"
          value={session.get()?.user ?? ""}
        />
        <PasswordField
          label={tp("account.password.old")}
          value={old}
          {...(wrong ? { error: tp("account.password.wrong") } : {})}
          onInput={setOld}
        />
        <NewPassword first={first} again={again} onFirst={setFirst} onAgain={setAgain} />
        <p class="faint">{tp("account.password.text")}</p>
        <Button submit kind="primary" busy={busy} disabled={!old || !first || first !== again}>
          {tp("account.password.save")}
        </Button>
      </form>
    </Card>
  );
}

export function AccountPage() {
  const { user, title, tenant, tenant_title } = useStore(session) ?? {};
  const { data, problem, reload } = useQuery("sessions", (signal) =>
    get<{ sessions: SessionItem[] }>("/v1/sessions", signal),
  );
  const [busy, error, run] = useDeed();
  const end = (item: SessionItem) =>
    run(async () => {
      await command("DELETE", `/v1/sessions/${item.number}`);
      tell({ text: tp("account.ended") });
      reload();
    });
  const columns: Column<SessionItem>[] = [
    {
      name: "browser",
      title: tp("account.browser"),
      main: true,
      cell: (item) => item.browser || NOTHING,
    },
    { name: "begun", title: tp("account.begun"), cell: (item) => <Time time={item.begun} /> },
    { name: "used", title: tp("account.used"), cell: (item) => <Time time={item.last_used} /> },
    { name: "address", title: tp("account.address"), cell: (item) => item.address || NOTHING },
    {
      name: "end",
      title: "",
      cell: (item) =>
        item.current ? (
          <Badge tone="info">{tp("account.current")}</Badge>
        ) : (
          <Button
            kind="quiet"
            icon="leave"
            label={tp("account.end")}
            busy={busy}
            onClick={() => void end(item)}
          />
        ),
    },
  ];
  const names = { user: title || user || "", tenant: tenant_title || tenant || "" };
  return (
    <div class="page">
      <PageHead title={tp("account.title")} text={tp("account.text", names)} />
      <PasswordCard onDone={reload} />
      <SecondFactorCard />
      <LinksCard />
      <Card title={tp("account.sessions")}>
        <ProblemNote problem={problem} onRetry={reload} />
        <DeedNote error={error} />
        {!data && !problem && <Skeleton rows={3} />}
        {data && (
          <Table
            label={tp("account.sessions")}
            columns={columns}
            items={data.sessions}
            keyOf={(item) => item.number}
          />
        )}
      </Card>
    </div>
  );
}
