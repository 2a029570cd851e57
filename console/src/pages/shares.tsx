/** Shares: branches of one tenant that another sees; nothing before both sides said yes, nothing after one said no. */
import { useState } from "preact/hooks";
import type { Share } from "../api/accounts";
import { command, get, withQuery } from "../api/http";
import { usePages, useQuery } from "../api/query";
import { may, session, type Right } from "../api/session";
import type { PointList } from "../api/types";
import { formatUnit, formatValue } from "../format";
import { ta } from "../i18n/access";
import { t } from "../i18n";
import { pointAddress } from "../router";
import { useStore } from "../store";
import { Dialog, Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Skeleton,
  Time,
  useSettled,
} from "../ui/parts";
import { More } from "../ui/table";
import { tell } from "../ui/toasts";
import { SureDialog, TextField } from "./access-parts";
import { DeedNote, useDeed } from "./people-parts";

const PATTERNS_MAX = 8;
const POINTS_SHOWN = 20;
const TONES = { offered: "info", active: "good", ended: "plain" } as const;
const ICONS = { offered: "clock", active: "check", ended: "close" } as const;

/** One a line, without those that are empty; undefined: none, or too many. */
export function patternsOf(text: string): string[] | undefined {
  const patterns = [...new Set(text.split("\n").map((line) => line.trim()))].filter(Boolean);
  return patterns.length >= 1 && patterns.length <= PATTERNS_MAX ? patterns : undefined;
}

/** The branch that a pattern begins with: what stands before its first + * ? or #. */
export const branchOf = (pattern: string): string => {
  const levels = pattern.split("/");
  const open = levels.findIndex((level) => /[+*?#]/.test(level));
  return (open < 0 ? levels : levels.slice(0, open)).join("/");
};

/** The first points of patterns, of whatever tenant; more: there are others. */
async function pointsOf(patterns: string[], prefix: string, signal: AbortSignal) {
  const found = new Map<string, PointList["points"][number]>();
  let more = false;
  for (const pattern of patterns) {
    const query = { match: prefix + pattern, limit: POINTS_SHOWN };
    const list = await get<PointList>(withQuery("/v1/points", query), signal);
    for (const point of list.points) found.set(point.path, point);
    more ||= list.next !== null;
  }
  const points = [...found.values()];
  return { points: points.slice(0, POINTS_SHOWN), more: more || points.length > POINTS_SHOWN };
}

/** What is to be seen through it, now. own: the points are of this tenant, and the other side sees them by our name. */
function Seen(props: { patterns: string[]; from: string; own: boolean }) {
  const { patterns, from, own } = props;
  const prefix = own ? "" : `@${from}/`;
  const { data, problem, reload } = useQuery(`shared ${prefix} ${patterns.join("\n")}`, (signal) =>
    pointsOf(patterns, prefix, signal),
  );
  if (problem) return <ProblemNote problem={problem} onRetry={reload} />;
  if (!data) return <Skeleton rows={3} />;
  if (data.points.length === 0)
    return <p class="hint">{own ? ta("shares.seen.none") : ta("shares.seen.none.taken")}</p>;
  return (
    <>
      <ul class="seen">
        {data.points.map((point) => (
          <li key={point.path}>
            <a href={pointAddress(point.path)}>
              <code>{own ? `@${from}/${point.path}` : point.path}</code>
            </a>
            <span class="number">
              {formatValue(point.value, point.type)} {formatUnit(point.unit)}
            </span>
          </li>
        ))}
      </ul>
      {data.more && <p class="hint">{ta("shares.seen.more")}</p>}
    </>
  );
}

function OfferDialog(props: { onDone: () => void; onClose: () => void }) {
  const [to, setTo] = useState("");
  const [text, setText] = useState("");
  const [title, setTitle] = useState("");
  const [acknowledge, setAcknowledge] = useState(false);
  const [busy, error, run] = useDeed();
  const own = session.get()?.tenant ?? "";
  const tenants = useQuery("tenants of shares", async (signal) =>
    may("tenants")
      ? get<{ tenants: { name: string; title: string | null }[] }>("/v1/tenants?limit=1000", signal)
      : undefined,
  );
  const others = (tenants.data?.tenants ?? []).filter(({ name }) => name !== own);
  const patterns = patternsOf(text);
  const settled = useSettled(patterns, 400);
  const rights: Right[] = acknowledge ? ["see", "acknowledge"] : ["see"];
  const submit = async () => {
    const body = {
      to: to.trim(),
      patterns,
      rights,
      ...(title.trim() ? { title: title.trim() } : {}),
    };
    await command("POST", "/v1/shares", body);
    tell({ text: ta("shares.offered.told", { to: to.trim() }) });
    props.onDone();
  };
  return (
    <Dialog
      title={ta("shares.offer")}
      text={ta("shares.offer.text")}
      submit={ta("shares.offer.submit")}
      busy={busy}
      disabled={!to.trim() || !patterns}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <TextField
        label={ta("shares.to")}
        hint={ta("shares.to.hint")}
        value={to}
        list="share-tenants"
        onInput={setTo}
      />
      <datalist id="share-tenants">
        {others.map((tenant) => (
          <option key={tenant.name} value={tenant.name}>
            {tenant.title}
          </option>
        ))}
      </datalist>
      <Field label={ta("shares.patterns")} hint={ta("shares.patterns.hint")}>
        {(id) => (
          <textarea
            id={id}
            class="mono"
            rows={3}
            value={text}
            spellcheck={false}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <fieldset>
        <legend>{ta("shares.rights")}</legend>
        <div class="radios">
          {[false, true].map((may_) => (
            <label key={String(may_)}>
              <input
                type="radio"
                name="rights"
                checked={acknowledge === may_}
                onChange={() => setAcknowledge(may_)}
              />
              {may_ ? ta("shares.acknowledge") : ta("shares.see")}
            </label>
          ))}
        </div>
      </fieldset>
      <TextField label={ta("purpose")} value={title} onInput={setTitle} />
      {settled && (
        <div>
          <p class="hint">{ta("shares.preview")}</p>
          <Seen patterns={settled} from={own} own />
        </div>
      )}
    </Dialog>
  );
}

function ShareLine(props: {
  share: Share;
  given: boolean;
  onAccept: () => void;
  onEnd: () => void;
  busy: boolean;
}) {
  const { share, given, busy } = props;
  const [open, setOpen] = useState(false);
  const other = given ? share.to : share.from;
  const mayChange = may("shares", "administer");
  const isOffer = share.state === "offered";
  const isSeen = given || share.state === "active";
  return (
    <li class="share">
      <div class="share-head">
        <h3>{given ? ta("shares.line.to", { other }) : ta("shares.line.from", { other })}</h3>
        <Badge tone={TONES[share.state]} icon={ICONS[share.state]}>
          {ta(`shares.state.${share.state}`)}
        </Badge>
        <Badge tone="plain">
          {share.rights.includes("acknowledge") ? ta("shares.acknowledge") : ta("shares.see")}
        </Badge>
      </div>
      {share.title && <p>{share.title}</p>}
      <p class="paths">
        {share.patterns.map((pattern) => (
          <code key={pattern}>{given ? pattern : `@${share.from}/${pattern}`}</code>
        ))}
      </p>
      <p class="faint share-times">
        {ta("shares.offered.at")} <Time time={share.offered} />
        {share.accepted && (
          <>
            {" · "}
            {ta("shares.accepted.at")} <Time time={share.accepted} />
          </>
        )}
      </p>
      {isOffer && <p class="hint">{given ? ta("shares.waits.given") : ta("shares.waits.taken")}</p>}
      <div class="share-tools">
        {isOffer && !given && mayChange && (
          <Button kind="primary" icon="check" busy={busy} onClick={props.onAccept}>
            {ta("shares.accept")}
          </Button>
        )}
        {isSeen && (
          <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name="chevron" size={14} />
            {given ? ta("shares.seen") : ta("shares.seen.taken")}
          </button>
        )}
        {mayChange && (
          <Button icon="close" onClick={props.onEnd}>
            {isOffer && !given ? ta("shares.decline") : ta("shares.end")}
          </Button>
        )}
      </div>
      {open && <Seen patterns={share.patterns} from={share.from} own={given} />}
    </li>
  );
}

type Open = { kind: "offer" } | { kind: "end"; share: Share } | null;

function Side(props: {
  given: boolean;
  shares: Share[] | undefined;
  busy: boolean;
  onAccept: (share: Share) => void;
  onEnd: (share: Share) => void;
}) {
  const { given, shares } = props;
  return (
    <Card title={given ? ta("shares.given") : ta("shares.taken")}>
      {!shares && <Skeleton rows={4} />}
      {shares?.length === 0 && (
        <Empty
          icon="shares"
          title={given ? ta("shares.given.none") : ta("shares.taken.none")}
          text={given ? ta("shares.given.none.text") : ta("shares.taken.none.text")}
        />
      )}
      {shares && shares.length > 0 && (
        <ul class="shares">
          {shares.map((share) => (
            <ShareLine
              key={share.number}
              share={share}
              given={given}
              busy={props.busy}
              onAccept={() => props.onAccept(share)}
              onEnd={() => props.onEnd(share)}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Both sides come in one page of the list. */
type Sided = { share: Share; given: boolean };

async function sharesPage(after: string | number | null, signal: AbortSignal) {
  const answer = await get<{ given: Share[]; taken: Share[]; next: string | null }>(
    withQuery("/v1/shares", { after }),
    signal,
  );
  const items: Sided[] = [
    ...answer.given.map((share) => ({ share, given: true })),
    ...answer.taken.map((share) => ({ share, given: false })),
  ];
  return { items, next: answer.next };
}

export function SharesPage() {
  const who = useStore(session);
  const [open, setOpen] = useState<Open>(null);
  const [busy, error, run] = useDeed();
  const close = () => setOpen(null);
  const list = usePages<Sided>("shares", sharesPage);
  const { items, reload } = list;
  const side = (given: boolean) =>
    items?.filter((item) => item.given === given).map(({ share }) => share);
  const accept = (share: Share) =>
    void run(async () => {
      await command("PUT", `/v1/shares/${share.number}/accept`);
      tell({ text: ta("shares.accepted.told", { from: share.from }) });
      reload();
    });
  const both = {
    busy,
    onAccept: accept,
    onEnd: (share: Share) => setOpen({ kind: "end", share }),
  };
  return (
    <div class="page page-wide">
      <PageHead
        title={ta("shares.title")}
        text={ta("shares.text", { tenant: who?.tenant_title || who?.tenant || "" })}
      >
        <Button icon="reload" label={t("reload")} onClick={reload} />
        {may("shares", "administer") && (
          <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: "offer" })}>
            {ta("shares.offer")}
          </Button>
        )}
      </PageHead>
      <ProblemNote problem={list.problem} onRetry={reload} />
      <DeedNote error={error} />
      {(items || !list.problem) && (
        <div class="sides">
          <Side given shares={side(true)} {...both} />
          <Side given={false} shares={side(false)} {...both} />
        </div>
      )}
      <More shown={list.hasMore} loading={list.loading} onMore={list.more} />
      {open?.kind === "offer" && (
        <OfferDialog
          onClose={close}
          onDone={() => {
            close();
            reload();
          }}
        />
      )}
      {open?.kind === "end" && (
        <SureDialog
          title={ta("shares.end.title", {
            other: open.share.from === who?.tenant ? open.share.to : open.share.from,
          })}
          text={ta("shares.end.text")}
          submit={ta("shares.end")}
          deed={async () => {
            await command("DELETE", `/v1/shares/${open.share.number}`);
            close();
            tell({ text: ta("shares.ended.told") });
            reload();
          }}
          onClose={close}
        >
          <p class="paths">
            {open.share.patterns.map((pattern) => (
              <code key={pattern}>{pattern}</code>
            ))}
          </p>
        </SureDialog>
      )}
    </div>
  );
}
