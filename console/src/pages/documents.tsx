/** Procedures and manuals: found by what stands in them, read here or in a window of their own, kept in versions. */
import { useEffect, useState } from "preact/hooks";
import {
  askDocuments,
  contentAddress,
  documentAddress,
  type Document,
  type DocumentBrief,
} from "../api/assets";
import { command, get, Problem, problemOf } from "../api/http";
import { usePages, useQuery } from "../api/query";
import { mayAnywhere, session } from "../api/session";
import { Markdown } from "../documents/markdown-view";
import { attachedOf, isText, snippetParts } from "../documents/words";
import { formatBytes, formatCount } from "../format";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { assetPageAddress, goTo, pointAddress, route, routeAddress } from "../router";
import { Store, useStore } from "../store";
import "../style/assets.css";
import { Icon } from "../ui/icon";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Skeleton,
  Time,
  useSettled,
} from "../ui/parts";
import { tell } from "../ui/toasts";
import { Facts, SureDialog } from "./access-parts";
import { DocumentEditDialog, UploadDialog } from "./document-dialogs";
import { mediaWord } from "./documents-attached";

const READ_MAX = 1024 * 1024; /* of a text, in this page */

/** Stays while documents are looked at. */
const search = new Store("");

export function Snippets({ snippet }: { snippet: string }) {
  return (
    <span class="snippet-text">
      {snippetParts(snippet).map(({ text, found }, at) =>
        found ? <mark key={at}>{text}</mark> : text,
      )}
    </span>
  );
}

function Row({ one }: { one: DocumentBrief }) {
  return (
    <div class="document-row">
      <Icon name="documents" size={18} />
      <div>
        <span class="name">
          <Name text={one.title || one.name} />
        </span>
        <span class="faint document-about">
          {ts(`media.${mediaWord(one.media)}`)} · {formatBytes(one.bytes)} ·{" "}
          {ts("version", { version: one.version })} · <Time time={one.changed} />
        </span>
        {one.snippet ? (
          <Snippets snippet={one.snippet} />
        ) : (
          <span class="faint document-attached">{one.attached.map(attachedWords).join(", ")}</span>
        )}
      </div>
    </div>
  );
}

function AttachedTo({ words }: { words: string[] }) {
  if (words.length === 0) return <span class="faint">{ts("documents.attached.to_none")}</span>;
  return (
    <ul class="relations">
      {words.map((word) => {
        const { kind, name } = attachedOf(word);
        const address =
          kind === "asset"
            ? assetPageAddress(name)
            : kind === "type"
              ? routeAddress("assets", name, { view: "types" })
              : kind === "branch"
                ? pointAddress(name)
                : kind === "rule"
                  ? routeAddress("rules", name)
                  : "";
        return (
          <li key={word}>
            {kindWords(kind)} {address ? <a href={address}>{name}</a> : name}
          </li>
        );
      })}
    </ul>
  );
}

const ATTACH_WORDS = {
  asset: "attach.asset",
  type: "attach.type",
  rule: "attach.rule",
  branch: "attach.branch",
} as const;

const kindWords = (kind: string): string =>
  kind in ATTACH_WORDS ? ts(ATTACH_WORDS[kind as "asset"]) : kind;

const attachedWords = (word: string): string => {
  const { kind, name } = attachedOf(word);
  return `${kindWords(kind)} ${name}`;
};

async function readText(name: string, version: number, signal: AbortSignal): Promise<string> {
  const answer = await fetch(contentAddress(name, version), {
    signal,
    credentials: "same-origin",
    cache: "no-store",
  });
  if (!answer.ok) throw await problemOf(answer);
  return answer.text();
}

/** A text is read here; Markdown as what it means. */
function Reading({ document, version }: { document: Document; version: number }) {
  const { name, media } = document;
  const { data, problem } = useQuery(`text ${name} ${version}`, (signal) =>
    readText(name, version, signal),
  );
  if (problem instanceof Problem) return <ProblemNote problem={problem} />;
  if (data === undefined) return <Skeleton rows={8} />;
  return (
    <Card>
      {media.startsWith("text/markdown") ? (
        <Markdown text={data} />
      ) : (
        <pre class="plain-text" tabIndex={0}>
          {data}
        </pre>
      )}
    </Card>
  );
}

/** Opened by the browser itself: the server says that nothing in it may run. */
function OpenLink({ name, version, text }: { name: string; version?: number; text: string }) {
  return (
    <a
      class="button button-plain"
      href={contentAddress(name, version)}
      target="_blank"
      rel="noopener noreferrer"
    >
      <Icon name="external" size={15} />
      <span>{text}</span>
    </a>
  );
}

function Versions(props: { document: Document; shown: number; onShow: (version: number) => void }) {
  const { document, shown } = props;
  const versions = [...(document.versions ?? [])].sort((a, b) => b.version - a.version);
  return (
    <Card title={ts("versions")}>
      <ol class="versions">
        {versions.map(({ version, bytes, changed, author }) => (
          <li key={version} class={version === shown ? "version-shown" : ""}>
            {isText(document.media) ? (
              <button type="button" class="link" onClick={() => props.onShow(version)}>
                {ts("version", { version })}
              </button>
            ) : (
              <a href={contentAddress(document.name, version)} target="_blank" rel="noopener">
                {ts("version", { version })}
              </a>
            )}
            <Time time={changed} />
            <span>{author}</span>
            <span class="faint">{formatBytes(bytes)}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

type Open = "edit" | "version" | "remove" | null;

function DocumentPane({ name, onChanged }: { name: string; onChanged: () => void }) {
  const [open, setOpen] = useState<Open>(null);
  const [older, setOlder] = useState<number>();
  const {
    data: document,
    problem,
    reload,
  } = useQuery(`document ${name}`, (signal) => get<Document>(documentAddress(name), signal));
  const close = () => setOpen(null);
  const done = () => {
    close();
    setOlder(undefined);
    reload();
    onChanged();
  };
  const mayEdit = mayAnywhere("configure");
  const version = older ?? document?.version ?? 0;
  const readable = document && isText(document.media) && document.bytes <= READ_MAX;
  return (
    <div class="pair-panel stacked">
      <Card>
        <div class="panel-head">
          <h2>
            <Name text={document?.title || name} />
          </h2>
          {document && <Badge tone="plain">{ts(`media.${mediaWord(document.media)}`)}</Badge>}
          <Button
            kind="quiet"
            icon="close"
            label={t("close")}
            onClick={() => goTo(routeAddress("documents"))}
          />
        </div>
        <ProblemNote problem={problem} onRetry={reload} />
        {!document && !problem && <Skeleton rows={4} />}
        {document && (
          <>
            <div class="card-tools document-tools">
              <OpenLink name={name} version={version} text={ts("documents.open")} />
              {mayEdit && (
                <>
                  <Button icon="plus" onClick={() => setOpen("version")}>
                    {ts("documents.version")}
                  </Button>
                  <Button icon="edit" onClick={() => setOpen("edit")}>
                    {t("edit")}
                  </Button>
                  <Button icon="retire" onClick={() => setOpen("remove")}>
                    {ts("item.remove")}
                  </Button>
                </>
              )}
            </div>
            <Facts
              facts={[
                [ts("item.name"), document.name],
                [ts("documents.attached"), <AttachedTo words={document.attached} />],
                [ts("documents.changed"), <Time time={document.changed} />],
                [ts("documents.by"), document.author ?? ""],
                [ts("documents.searched"), ts(`documents.searched.${document.text}`)],
              ]}
            />
          </>
        )}
      </Card>
      {readable && <Reading document={document} version={version} />}
      {document && (document.versions?.length ?? 0) > 0 && (
        <Versions document={document} shown={version} onShow={setOlder} />
      )}
      {document && open === "version" && (
        <UploadDialog of={document} onDone={done} onClose={close} />
      )}
      {document && open === "edit" && (
        <DocumentEditDialog document={document} onDone={done} onClose={close} />
      )}
      {document && open === "remove" && (
        <SureDialog
          title={ts("documents.remove", { name })}
          text={ts("documents.remove.text")}
          submit={ts("item.remove")}
          deed={async () => {
            await command("DELETE", documentAddress(name));
            tell({ text: ts("removed", { name }) });
            close();
            onChanged();
            goTo(routeAddress("documents"));
          }}
          onClose={close}
        />
      )}
    </div>
  );
}

export function DocumentsPage() {
  useStore(session);
  const { rest: chosen, query } = useStore(route);
  const typed = useStore(search);
  useEffect(() => {
    const asked = query.get("search");
    if (asked !== null) search.set(asked);
  }, [query]);
  const text = useSettled(typed.trim());
  const [adding, setAdding] = useState(false);
  const list = usePages<DocumentBrief>(`documents ${text}`, (after, signal) =>
    askDocuments(text ? { search: text } : {}, after, signal),
  );
  const { items, problem, reload } = list;
  return (
    <div class={`page page-wide access-page${chosen ? " access-chosen" : ""}`}>
      <PageHead title={ts("documents")} text={ts("documents.text")}>
        {mayAnywhere("configure") && (
          <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
            {ts("documents.add")}
          </Button>
        )}
      </PageHead>
      <div class="tools">
        <Search
          value={typed}
          label={ts("documents.search")}
          placeholder={ts("documents.search")}
          onInput={(next) => search.set(next)}
        />
        <Button icon="reload" label={t("reload")} onClick={reload} />
      </div>
      <ProblemNote problem={problem} onRetry={reload} />
      <div class={`pair pair-documents${chosen ? " pair-chosen" : ""}`}>
        <Card class="pair-list list-card">
          {!items && !problem && <Skeleton rows={8} />}
          {items?.length === 0 && !list.hasMore && (
            <Empty
              icon={text ? "search" : "documents"}
              title={text ? t("empty.search", { text }) : ts("documents.none")}
              text={text ? t("empty.search.text") : ts("documents.none.text")}
            />
          )}
          {items && items.length > 0 && (
            <LongList
              label={ts("documents")}
              items={items}
              rowHeight={text ? 92 : 68}
              phoneHeight={text ? 112 : 84}
              onOpen={({ name }) => goTo(routeAddress("documents", name))}
              more={list.hasMore && !list.loading ? list.more : undefined}
              row={(one) => <Row one={one} />}
            />
          )}
          {items && items.length > 0 && (
            <p class="hint list-foot" role="status">
              {ts(list.hasMore ? "documents.count.more" : "documents.count", {
                number: formatCount(items.length),
                count: items.length,
              })}
            </p>
          )}
        </Card>
        {chosen && <DocumentPane key={chosen} name={chosen} onChanged={reload} />}
      </div>
      {adding && (
        <UploadDialog
          onDone={(name) => {
            setAdding(false);
            reload();
            goTo(routeAddress("documents", name));
          }}
          onClose={() => setAdding(false)}
        />
      )}
    </div>
  );
}
