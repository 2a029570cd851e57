/** A button that fetches a file, says how far it is, and can be told to stop. */
import { useEffect, useRef, useState } from "preact/hooks";
import { fetchParts, saveFile } from "../api/download";
import { formatBytes } from "../format";
import { t } from "../i18n";
import { DeedNote } from "../pages/people-parts";
import "../style/download.css";
import { Button } from "./parts";
import { tell } from "./toasts";

export interface FileWanted {
  name: string;
  media: string;
  address: string;
  /** Another form of what came. */
  make?: (text: string) => string;
}

export function Downloads(props: { files: { text: string; file: () => FileWanted }[] }) {
  const [bytes, setBytes] = useState<number | null>(null);
  const [error, setError] = useState<unknown>();
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const fetchFile = async ({ name, media, address, make }: FileWanted) => {
    const control = new AbortController();
    abort.current = control;
    setBytes(0);
    setError(undefined);
    try {
      const parts = await fetchParts(address, setBytes, control.signal);
      const made = make ? [make(await new Blob(parts).text())] : parts;
      if (!control.signal.aborted) saveFile(name, made, media);
      tell({ text: t("download.done", { name }) });
    } catch (found) {
      if (!control.signal.aborted) setError(found);
    }
    setBytes(null);
  };
  return (
    <>
      <div class="downloads">
        {props.files.map(({ text, file }) => (
          <Button
            key={text}
            icon="down_to"
            disabled={bytes !== null}
            onClick={() => void fetchFile(file())}
          >
            {text}
          </Button>
        ))}
        {bytes !== null && (
          <>
            <progress aria-label={t("download.running")} />
            <span role="status" class="faint">
              {t("download.bytes", { size: formatBytes(bytes) })}
            </span>
            <Button kind="quiet" onClick={() => abort.current?.abort()}>
              {t("cancel")}
            </Button>
          </>
        )}
      </div>
      <DeedNote error={error} />
    </>
  );
}
