/** A document from a file, with its progress; what it is called and what it belongs to. */
import { useEffect, useRef, useState } from "preact/hooks";
import { documentAddress, type Document } from "../api/assets";
import { command } from "../api/http";
import { upload } from "../api/upload";
import { FilePick, ProgressLine } from "../assets/parts";
import { ACCEPT, ATTACH_KINDS, attachedOf, mediaOf, nameOf, titleOf } from "../documents/words";
import { formatBytes, formatShare } from "../format";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { Button } from "../ui/parts";
import { tell } from "../ui/toasts";
import { TextField } from "./access-parts";
import { DeedNote, useDeed } from "./people-parts";

/** What it is attached to, a line each. */
export function AttachFields(props: { attached: string[]; onAttached: (next: string[]) => void }) {
  const { attached, onAttached } = props;
  const change = (at: number, word: string) =>
    onAttached(attached.map((one, i) => (i === at ? word : one)));
  return (
    <fieldset>
      <legend>{ts("documents.attached")}</legend>
      {attached.map((word, at) => {
        const { kind, name } = attachedOf(word);
        return (
          <div key={at} class="label-row attach-row">
            <select
              aria-label={ts("attach.kind")}
              value={kind}
              onChange={(event) => change(at, `${event.currentTarget.value}:${name}`)}
            >
              {ATTACH_KINDS.map((one) => (
                <option key={one} value={one}>
                  {ts(`attach.${one}`)}
                </option>
              ))}
            </select>
            <input
              aria-label={ts("attach.name")}
              class="mono"
              value={name}
              onInput={(event) => change(at, `${kind}:${event.currentTarget.value}`)}
            />
            <Button
              icon="close"
              kind="quiet"
              label={ts("item.remove")}
              onClick={() => onAttached(attached.filter((_, i) => i !== at))}
            />
          </div>
        );
      })}
      <Button icon="plus" onClick={() => onAttached([...attached, "asset:"])}>
        {ts("attach.add")}
      </Button>
    </fieldset>
  );
}

export const attachedSaid = (attached: string[]): string[] =>
  attached.filter((word) => attachedOf(word).name.trim() !== "");

/** of: a new version of that one; else a new document. */
export function UploadDialog(props: {
  of?: Document;
  attach?: string[];
  onDone: (name: string) => void;
  onClose: () => void;
}) {
  const { of } = props;
  const [file, setFile] = useState<File>();
  const [name, setName] = useState(of?.name ?? "");
  const [title, setTitle] = useState(of?.title ?? "");
  const [attached, setAttached] = useState(of?.attached ?? props.attach ?? []);
  const [share, setShare] = useState<number>();
  const [busy, error, run] = useDeed();
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const media = file && mediaOf(file);
  const pick = (next: File) => {
    setFile(next);
    if (of) return;
    setName(nameOf(next.name));
    setTitle(titleOf(next.name));
  };
  const submit = async () => {
    if (!file || !media) return;
    const query = new URLSearchParams();
    if (title.trim()) query.set("title", title.trim());
    for (const word of attachedSaid(attached)) query.append("attach", word);
    const words = query.toString();
    const control = new AbortController();
    abort.current = control;
    setShare(0);
    try {
      await upload(
        "PUT",
        `${documentAddress(name.trim())}${words ? `?${words}` : ""}`,
        media,
        file,
        setShare,
        control.signal,
      );
    } finally {
      setShare(undefined);
    }
    tell({ text: ts("documents.saved", { name: title.trim() || name.trim() }) });
    props.onDone(name.trim());
  };
  return (
    <Dialog
      title={of ? ts("documents.version.add", { name: of.title || of.name }) : ts("documents.add")}
      submit={ts("documents.upload")}
      busy={busy}
      disabled={!file || !media || name.trim() === ""}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <FilePick text={ts("documents.pick")} accept={ACCEPT} disabled={busy} onFile={pick} />
      {file && (
        <p class="hint">
          {file.name} · {formatBytes(file.size)}
        </p>
      )}
      {file && !media && (
        <p class="field-error" role="alert">
          {ts("documents.media.wrong")}
        </p>
      )}
      {!of && <TextField label={ts("item.name")} value={name} onInput={setName} />}
      {!of && <TextField label={ts("title")} value={title} onInput={setTitle} />}
      {!of && <AttachFields attached={attached} onAttached={setAttached} />}
      {share !== undefined && (
        <ProgressLine
          share={share}
          text={ts("documents.uploading", { share: formatShare(share) })}
        />
      )}
    </Dialog>
  );
}

export function DocumentEditDialog(props: {
  document: Document;
  onDone: () => void;
  onClose: () => void;
}) {
  const { document } = props;
  const [title, setTitle] = useState(document.title ?? "");
  const [attached, setAttached] = useState(document.attached);
  const [busy, error, run] = useDeed();
  const submit = async () => {
    const body = { title: title.trim(), attached: attachedSaid(attached) };
    await command("PATCH", documentAddress(document.name), body);
    tell({ text: ts("saved", { name: document.name }) });
    props.onDone();
  };
  return (
    <Dialog
      title={ts("documents.edit", { name: document.name })}
      submit={t("save")}
      busy={busy}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <TextField label={ts("title")} value={title} onInput={setTitle} />
      <AttachFields attached={attached} onAttached={setAttached} />
    </Dialog>
  );
}
