/** The second factor of one's own account: begun by a picture, confirmed by a code, with recovery codes told once. */
import { generate } from "lean-qr/nano";
import { useState } from "preact/hooks";
import { saveFile } from "../api/download";
import { command, Problem } from "../api/http";
import { passwordOf, session } from "../api/session";
import { t } from "../i18n";
import { tp } from "../i18n/people";
import { useStore } from "../store";
import "../style/second-factor.css";
import { Dialog, Field } from "../ui/dialog";
import { Badge, Button, Card, Snippet } from "../ui/parts";
import { tell } from "../ui/toasts";
import { DeedNote, PasswordField, useDeed } from "./people-parts";

const ADDRESS = "/v1/me/second-factor";
const QUIET = 4; /* modules around it, that a camera needs */

/** A path of the dark modules, each row in runs. */
export function qrPath(text: string): { path: string; size: number } {
  const code = generate(text);
  const runs: string[] = [];
  for (let y = 0; y < code.size; y++)
    for (let x = 0; x < code.size; x++) {
      if (!code.get(x, y)) continue;
      const from = x;
      while (x < code.size && code.get(x, y)) x++;
      runs.push(`M${from + QUIET} ${y + QUIET}h${x - from}v1h${from - x}z`);
    }
  return { path: runs.join(""), size: code.size + 2 * QUIET };
}

function Picture({ text }: { text: string }) {
  const { path, size } = qrPath(text);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={tp("factor.picture")}>
      <rect width={size} height={size} />
      <path d={path} />
    </svg>
  );
}

/** In fours, as it is read off and typed. */
const inFours = (secret: string): string =>
  secret.replace(/\s/g, "").replace(/(.{4})(?=.)/g, "$1 ");

interface Begun {
  uri: string;
  secret: string;
}

function noteFactor(there: boolean): void {
  const known = session.get();
  if (known) session.set({ ...known, second_factor: there });
}

function Enrol(props: { begun: Begun; onCancel: () => void; onCodes: (codes: string[]) => void }) {
  const [code, setCode] = useState("");
  const [busy, error, run] = useDeed();
  const wrong = error instanceof Problem && error.code === "wrong";
  const confirm = async () => {
    const body = { code: code.replace(/\s/g, "") };
    const answer = await command<{ recovery_codes?: string[] }>("PUT", ADDRESS, body);
    props.onCodes(answer.recovery_codes ?? []);
  };
  return (
    <form
      class="enrol"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void run(confirm);
      }}
    >
      <Picture text={props.begun.uri} />
      <div class="enrol-steps">
        <p>{tp("factor.scan")}</p>
        <p class="faint">{tp("factor.type")}</p>
        <Snippet text={inFours(props.begun.secret)} />
        {!wrong && <DeedNote error={error} />}
        <Field
          label={tp("factor.code")}
          hint={tp("factor.code.hint")}
          {...(wrong ? { error: tp("factor.code.wrong") } : {})}
        >
          {(id) => (
            <input
              id={id}
              class="code-input"
              value={code}
              inputMode="numeric"
              autocomplete="one-time-code"
              maxLength={8}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="enrol-tools">
          <Button submit kind="primary" busy={busy} disabled={code.replace(/\s/g, "").length !== 6}>
            {tp("factor.confirm")}
          </Button>
          <Button onClick={props.onCancel}>{t("cancel")}</Button>
        </div>
      </div>
    </form>
  );
}

function printCodes(): void {
  document.body.classList.add("printing-codes");
  addEventListener("afterprint", () => document.body.classList.remove("printing-codes"), {
    once: true,
  });
  print();
}

/** Told once: nothing but its own button takes them away. */
function Codes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { user, tenant } = session.get() ?? {};
  const text = codes.join("\n");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell({ text: t("copied") });
    } catch {
      tell({ text: t("copy.by_hand") });
    }
  };
  const save = () =>
    saveFile(
      "mainstem-recovery-codes.txt",
      [`${location.host} ${user ?? ""}@${tenant ?? ""}\n\n${text}\n`],
      "text/plain",
    );
  return (
    <Dialog
      title={tp("factor.codes")}
      text={tp("factor.codes.text")}
      submit={tp("factor.codes.done")}
      lasting
      onSubmit={onDone}
      onClose={onDone}
    >
      <ol class="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      {codes.length === 0 && <p>{tp("factor.codes.lost")}</p>}
      <div class="enrol-tools">
        <Button icon="copy" onClick={() => void copy()}>
          {t("copy")}
        </Button>
        <Button icon="down_to" onClick={save}>
          {tp("factor.codes.save")}
        </Button>
        <Button icon="note" onClick={printCodes}>
          {tp("factor.codes.print")}
        </Button>
      </div>
    </Dialog>
  );
}

function RemoveDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [password, setPassword] = useState("");
  const [busy, error, run] = useDeed();
  const wrong = error instanceof Problem && error.code === "wrong";
  const remove = async () => {
    await command("DELETE", ADDRESS, { password: passwordOf(password) });
    onDone();
  };
  return (
    <Dialog
      title={tp("factor.remove")}
      text={tp("factor.remove.text")}
      submit={tp("factor.remove")}
      danger
      busy={busy}
      disabled={!password}
      onSubmit={() => void run(remove)}
      onClose={onClose}
    >
      {!wrong && <DeedNote error={error} />}
      <PasswordField
        label={tp("login.password")}
        value={password}
        {...(wrong ? { error: tp("account.password.wrong") } : {})}
        onInput={setPassword}
      />
    </Dialog>
  );
}

export function SecondFactorCard() {
  const { second_factor: there } = useStore(session) ?? {};
  const [begun, setBegun] = useState<Begun | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [removing, setRemoving] = useState(false);
  const [busy, error, run] = useDeed();
  const begin = async () => setBegun(await command<Begun>("POST", ADDRESS));
  return (
    <Card
      title={tp("factor.title")}
      aside={
        <Badge tone={there ? "good" : "warn"} icon={there ? "check" : "warn"}>
          {tp(there ? "factor.on" : "factor.off")}
        </Badge>
      }
    >
      <DeedNote error={error} />
      <p class="factor-text">{tp(there ? "factor.on.text" : "factor.off.text")}</p>
      {!there && !begun && (
        <Button kind="primary" busy={busy} onClick={() => void run(begin)}>
          {tp("factor.begin")}
        </Button>
      )}
      {begun && !codes && (
        <Enrol begun={begun} onCancel={() => setBegun(null)} onCodes={setCodes} />
      )}
      {there && (
        <Button icon="retire" onClick={() => setRemoving(true)}>
          {tp("factor.remove")}
        </Button>
      )}
      {codes && (
        <Codes
          codes={codes}
          onDone={() => {
            setCodes(null);
            setBegun(null);
            noteFactor(true);
          }}
        />
      )}
      {removing && (
        <RemoveDialog
          onClose={() => setRemoving(false)}
          onDone={() => {
            setRemoving(false);
            noteFactor(false);
            tell({ text: tp("factor.removed") });
          }}
        />
      )}
    </Card>
  );
}
