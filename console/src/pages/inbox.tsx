/** Devices that publish and belong to no asset: adopted to a type, one by one or many at once. */
import { useState } from "preact/hooks";
import { adoptMany, adoptOne, askInbox, type Waiting } from "../api/assets";
import { usePages } from "../api/query";
import { bestOf, toggled, typeFor } from "../assets/chosen";
import { assetTree } from "../assets/tree";
import { formatCount, formatShare, formatTime } from "../format";
import { RowGrid, type GridColumn } from "../history/row-grid";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { assetPageAddress, goTo, routeAddress } from "../router";
import "../style/history.css";
import { Dialog } from "../ui/dialog";
import { Badge, Button, Card, Empty, ProblemNote, Skeleton } from "../ui/parts";
import { tell } from "../ui/toasts";
import { TextField } from "./access-parts";
import { TypeSelect } from "./asset-dialogs";
import { DeedNote, useDeed } from "./people-parts";

const AHEAD = 100;
const ADOPT_MAX = 1000; /* of one command */
const METRICS_NAMED = 4;

function AdoptDialog(props: {
  waiting: Waiting[];
  onDone: (prefixes: string[]) => void;
  onClose: () => void;
}) {
  const { waiting } = props;
  const one = waiting.length === 1 ? waiting[0] : undefined;
  const [type, setType] = useState(() => typeFor(waiting));
  const [path, setPath] = useState(one?.prefix ?? "");
  const [busy, error, run] = useDeed();
  const proposals = one ? [...one.proposals].sort((a, b) => b.likeness - a.likeness) : [];
  const submit = async () => {
    const prefixes = waiting.map(({ prefix }) => prefix);
    const refused = new Map<string, string>();
    if (one) await adoptOne(one.prefix, type, path.trim() === one.prefix ? "" : path.trim());
    else
      for (let from = 0; from < prefixes.length; from += ADOPT_MAX) {
        const answer = await adoptMany(prefixes.slice(from, from + ADOPT_MAX), type);
        for (const { prefix, detail } of answer.refused ?? []) refused.set(prefix, detail);
      }
    const done = prefixes.filter((prefix) => !refused.has(prefix));
    const [first] = refused;
    if (first)
      tell({
        bad: true,
        text: ts("inbox.refused", {
          number: formatCount(refused.size),
          name: first[0],
          detail: first[1],
        }),
      });
    tell({
      text: ts("inbox.done", { count: done.length, number: formatCount(done.length) }),
      ...(one
        ? {
            action: {
              text: ts("inbox.look"),
              run: () => goTo(assetPageAddress(path.trim() || one.prefix)),
            },
          }
        : {}),
    });
    void assetTree.refresh();
    props.onDone(done);
  };
  return (
    <Dialog
      title={
        one
          ? ts("inbox.adopt.one", { name: one.prefix })
          : ts("inbox.adopt.many", { number: formatCount(waiting.length) })
      }
      submit={ts("inbox.adopt")}
      busy={busy}
      disabled={type === ""}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      {proposals.length > 0 && (
        <div class="chips" role="group" aria-label={ts("inbox.proposals")}>
          {proposals.map((proposal) => (
            <button
              key={proposal.type}
              type="button"
              class="chip"
              aria-pressed={proposal.type === type}
              onClick={() => setType(proposal.type)}
            >
              {proposal.type} {formatShare(proposal.likeness)}
            </button>
          ))}
        </div>
      )}
      <TypeSelect label={ts("type")} value={type} none={ts("inbox.choose")} onChange={setType} />
      {one && (
        <TextField
          label={ts("asset.path")}
          hint={ts("inbox.path.hint")}
          code
          value={path}
          onInput={setPath}
        />
      )}
      {one && (
        <p class="hint">
          {ts("inbox.metrics")}: {one.metrics.join(", ")}
        </p>
      )}
    </Dialog>
  );
}

function metricsWords({ metrics }: Waiting): string {
  const named = metrics.slice(0, METRICS_NAMED).join(", ");
  const rest = metrics.length - METRICS_NAMED;
  return rest > 0 ? ts("inbox.metrics.more", { named, rest }) : named;
}

const NAMES = ["mark", "prefix", "metrics", "proposal", "seen"] as const;
const WIDTHS = {
  mark: "22px",
  prefix: "minmax(140px, 2fr)",
  metrics: "minmax(120px, 2fr)",
  proposal: "minmax(120px, 1.2fr)",
  seen: "130px",
};
const WIDTHS_NARROW = "22px minmax(0, 2.2fr) minmax(0, 1fr)"; /* mark, prefix, proposal */

export function InboxView() {
  const list = usePages<Waiting>("inbox", askInbox);
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState(-1);
  const [adopting, setAdopting] = useState<Waiting[]>();
  const [narrow] = useState(() => matchMedia("(max-width: 860px)").matches);
  const { problem, reload } = list;
  const items = list.items?.filter(({ prefix }) => !gone.has(prefix));
  const marked = items?.filter(({ prefix }) => chosen.has(prefix)) ?? [];
  const names = NAMES.filter((name) => !narrow || name !== "metrics").filter(
    (name) => !narrow || name !== "seen",
  );
  const columns: GridColumn[] = names.map((name) => ({
    name,
    title: name === "mark" ? "" : ts(`inbox.${name}`),
  }));
  const cells = (row: number) => {
    const one = items?.[row];
    if (!one) return undefined;
    const best = bestOf(one);
    const all = {
      mark: (
        <input
          type="checkbox"
          aria-label={ts("inbox.mark", { name: one.prefix })}
          checked={chosen.has(one.prefix)}
          onClick={(event) => event.stopPropagation()}
          onChange={() => setChosen((old) => toggled(old, one.prefix))}
        />
      ),
      prefix: (
        <button
          type="button"
          class="link name"
          title={one.prefix}
          onClick={(event) => {
            event.stopPropagation();
            setAdopting([one]);
          }}
        >
          <bdi>{one.prefix}</bdi>
        </button>
      ),
      metrics: <span title={one.metrics.join(", ")}>{metricsWords(one)}</span>,
      proposal: best ? (
        <Badge tone={best.likeness >= 0.75 ? "good" : "plain"} icon="assets">
          {best.type} {formatShare(best.likeness)}
        </Badge>
      ) : (
        <span class="faint">{ts("inbox.proposal.none")}</span>
      ),
      seen: formatTime(one.last_seen),
    };
    return names.map((name) => all[name]);
  };
  const all = items !== undefined && items.length > 0 && marked.length === items.length;
  return (
    <>
      <div class="tools">
        <Button
          icon="check"
          disabled={!items?.length}
          onClick={() =>
            setChosen(all ? new Set() : new Set(items?.map(({ prefix }) => prefix) ?? []))
          }
        >
          {ts(all ? "inbox.mark.none" : "inbox.mark.all")}
        </Button>
        <Button
          kind="primary"
          icon="inbox"
          disabled={marked.length === 0}
          onClick={() => setAdopting(marked)}
        >
          {ts("inbox.adopt.marked", { number: formatCount(marked.length) })}
        </Button>
        <Button icon="reload" label={t("reload")} onClick={reload} />
        <a class="button button-plain" href={routeAddress("assets", "", { view: "types" })}>
          {ts("view.types")}
        </a>
      </div>
      <ProblemNote problem={problem} onRetry={reload} />
      <Card>
        {!items && !problem && <Skeleton rows={8} />}
        {items?.length === 0 && !list.hasMore && (
          <Empty icon="inbox" title={ts("inbox.none")} text={ts("inbox.none.text")} />
        )}
        {items && items.length > 0 && (
          <div class="tall-grid inbox-grid">
            <RowGrid
              label={ts("inbox.title")}
              columns={columns}
              widths={narrow ? WIDTHS_NARROW : names.map((name) => WIDTHS[name]).join(" ")}
              count={items.length + (list.hasMore ? 1 : 0)}
              cells={cells}
              active={active}
              onActive={setActive}
              onEnter={(row) => {
                const one = items[row];
                if (one) setAdopting([one]);
              }}
              onSeen={(_, to) => {
                if (list.hasMore && !list.loading && to > items.length - AHEAD) list.more();
              }}
            />
          </div>
        )}
        {items && items.length > 0 && (
          <p class="hint" role="status">
            {ts(list.hasMore ? "inbox.count.more" : "inbox.count", {
              number: formatCount(items.length),
            })}
          </p>
        )}
      </Card>
      {adopting && (
        <AdoptDialog
          waiting={adopting}
          onDone={(prefixes) => {
            setAdopting(undefined);
            setGone((old) => new Set([...old, ...prefixes]));
            setChosen(new Set());
          }}
          onClose={() => setAdopting(undefined)}
        />
      )}
    </>
  );
}
