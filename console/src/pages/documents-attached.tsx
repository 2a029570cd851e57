/** What documents belong to something, on its page. */
import { useState } from "preact/hooks";
import { askDocuments, type DocumentBrief } from "../api/assets";
import { useQuery } from "../api/query";
import { formatBytes } from "../format";
import { ts } from "../i18n/assets";
import { routeAddress } from "../router";
import "../style/assets.css";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import { Button, Card, ProblemNote, Skeleton, Time } from "../ui/parts";
import { UploadDialog } from "./document-dialogs";

/** Of an asset and of its type alike, each once. */
async function attachedTo(to: string[], signal: AbortSignal): Promise<DocumentBrief[]> {
  const pages = await Promise.all(to.map((attached) => askDocuments({ attached }, null, signal)));
  const found = new Map<string, DocumentBrief>();
  for (const { items } of pages) for (const one of items) found.set(one.name, one);
  return [...found.values()].sort((a, b) => ((a.title ?? a.name) < (b.title ?? b.name) ? -1 : 1));
}

export function AttachedDocuments({ to, mayAttach }: { to: string[]; mayAttach: boolean }) {
  const [adding, setAdding] = useState(false);
  const { data, problem, reload } = useQuery(`attached ${to.join(" ")}`, (signal) =>
    attachedTo(to, signal),
  );
  return (
    <Card
      title={ts("documents")}
      aside={
        mayAttach && (
          <Button icon="plus" onClick={() => setAdding(true)}>
            {ts("documents.add")}
          </Button>
        )
      }
    >
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={2} />}
      {data?.length === 0 && <p class="hint">{ts("documents.attached.none")}</p>}
      <ul class="attached">
        {data?.map(({ name, title, media, bytes, changed }) => (
          <li key={name}>
            <Icon name="documents" size={17} />
            <a href={routeAddress("documents", name)}>
              <Name text={title || name} />
            </a>
            <span class="faint">
              {ts(`media.${mediaWord(media)}`)} · {formatBytes(bytes)} · <Time time={changed} />
            </span>
          </li>
        ))}
      </ul>
      {adding && (
        <UploadDialog
          attach={to.slice(0, 1)}
          onDone={() => {
            setAdding(false);
            reload();
          }}
          onClose={() => setAdding(false)}
        />
      )}
    </Card>
  );
}

/** A word of the table for a kind of media. */
export function mediaWord(media: string): "pdf" | "markdown" | "text" | "image" | "other" {
  if (media.startsWith("application/pdf")) return "pdf";
  if (media.startsWith("text/markdown")) return "markdown";
  if (media.startsWith("text/")) return "text";
  return media.startsWith("image/") ? "image" : "other";
}
