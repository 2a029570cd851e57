/** Gauges of quotas, and what is asked when a tenant is made, changed, suspended or deleted. */
import { useState } from "preact/hooks";
import { command } from "../api/http";
import {
  changeTenant,
  deleteTenant,
  levelOf,
  limitFrom,
  limitText,
  makeTenant,
  QUOTAS,
  type Level,
  type Limits,
  type Quota,
  type QuotaName,
  type Quotas,
  type Tenant,
} from "../api/tenants";
import { formatBytes, formatCount } from "../format";
import { t } from "../i18n";
import { tq } from "../i18n/tenants";
import { Dialog, Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Badge, Snippet } from "../ui/parts";
import { DeedNote, useDeed } from "./people-parts";

export const amountText = (quota: QuotaName, amount: number): string =>
  quota === "storage_bytes" ? formatBytes(amount) : formatCount(amount);

export function quotaWords(name: QuotaName, { used, most }: Quota): string {
  const words = { used: amountText(name, used), most: most === null ? "" : amountText(name, most) };
  return most === null ? tq("quota.unlimited", words) : tq("quota.of", words);
}

export function LevelBadge({ level }: { level: Level }) {
  if (level !== "near" && level !== "over") return null;
  return (
    <Badge tone={level === "over" ? "bad" : "warn"} icon={level === "over" ? "bad" : "warn"}>
      {tq(`quota.${level}`)}
    </Badge>
  );
}

/** The bar alone; label: what it is of. */
export function Bar({ quota, label, words }: { quota: Quota; label: string; words: string }) {
  if (quota.most === null) return <div class="gauge-bar gauge-open" />;
  const share = Math.min(1, quota.used / quota.most);
  return (
    <div
      class={`gauge-bar gauge-${levelOf(quota)}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={quota.most}
      aria-valuenow={Math.min(quota.used, quota.most)}
      aria-valuetext={words}
    >
      <span style={{ width: `${(100 * share).toFixed(1)}%` }} />
    </div>
  );
}

function Gauge({ name, quota, tenant }: { name: QuotaName; quota: Quota; tenant: string }) {
  const title = tq(`quota.${name}`);
  const words = quotaWords(name, quota);
  return (
    <li class="gauge">
      <div class="gauge-head">
        <span class="gauge-name">{title}</span>
        <LevelBadge level={levelOf(quota)} />
      </div>
      <Bar quota={quota} label={tq("quota.of_tenant", { quota: title, tenant })} words={words} />
      <div class="gauge-foot">
        <span>{words}</span>
        {quota.refused > 0 && (
          <span class="gauge-refused">
            {tq("quota.refused", { count: formatCount(quota.refused) })}
          </span>
        )}
      </div>
    </li>
  );
}

export function Gauges({ quotas, tenant }: { quotas: Quotas; tenant: string }) {
  return (
    <ul class="gauges">
      {QUOTAS.map((name) => (
        <Gauge key={name} name={name} quota={quotas[name]} tenant={tenant} />
      ))}
    </ul>
  );
}

type Typed = Record<QuotaName, string>;

const typedOf = (quotas: Quotas | null): Typed =>
  Object.fromEntries(
    QUOTAS.map((name) => [name, limitText(quotas?.[name].most ?? null, name)]),
  ) as Typed;

/** undefined: one of them is no limit. */
function limitsOf(typed: Typed): Limits | undefined {
  const limits = QUOTAS.map((name) => [name, limitFrom(typed[name], name)] as const);
  if (limits.some(([, limit]) => limit === undefined)) return undefined;
  return Object.fromEntries(limits) as Limits;
}

function QuotaFields({ typed, onInput }: { typed: Typed; onInput: (typed: Typed) => void }) {
  return (
    <fieldset class="quota-fields">
      <legend>{tq("quota.title")}</legend>
      <p class="field-hint">{tq("quota.hint")}</p>
      <div>
        {QUOTAS.map((name) => (
          <Field
            key={name}
            label={tq(`quota.${name}`)}
            {...(limitFrom(typed[name], name) === undefined ? { error: tq("quota.wrong") } : {})}
          >
            {(id) => (
              <input
                id={id}
                value={typed[name]}
                inputMode="text"
                autocomplete="off"
                spellcheck={false}
                onInput={(event) => onInput({ ...typed, [name]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
      </div>
    </fieldset>
  );
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/;

/** Makes a tenant, or changes it. */
export function TenantDialog(props: {
  tenant: Tenant | null;
  onClose: () => void;
  onDone: (name: string) => void;
}) {
  const { tenant } = props;
  const [name, setName] = useState(tenant?.name ?? "");
  const [title, setTitle] = useState(tenant?.title ?? "");
  const [typed, setTyped] = useState(() => typedOf(tenant?.quotas ?? null));
  const [busy, error, run] = useDeed();
  const quotas = limitsOf(typed);
  const submit = async () => {
    if (tenant) await changeTenant(tenant.name, { title, quotas });
    else await makeTenant({ name: name.trim(), title, quotas });
    props.onDone(name.trim());
  };
  return (
    <Dialog
      title={tenant ? tq("tenants.edit.title", { name: tenant.name }) : tq("tenants.add")}
      {...(tenant ? {} : { text: tq("tenants.add.text") })}
      submit={tenant ? t("save") : tq("tenants.create")}
      busy={busy}
      disabled={!quotas || !NAME.test(name.trim())}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      {!tenant && (
        <Field label={tq("tenants.name")} hint={tq("tenants.name.hint")}>
          {(id) => (
            <input
              id={id}
              value={name}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <Field label={tq("tenants.full_title")}>
        {(id) => (
          <input
            id={id}
            value={title}
            autocomplete="off"
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        )}
      </Field>
      <QuotaFields typed={typed} onInput={setTyped} />
    </Dialog>
  );
}

export function SuspendDialog(props: { name: string; onClose: () => void; onDone: () => void }) {
  const [busy, error, run] = useDeed();
  const suspend = async () => {
    await changeTenant(props.name, { state: "suspended" });
    props.onDone();
  };
  return (
    <Dialog
      title={tq("tenants.suspend.title", { name: props.name })}
      text={tq("tenants.suspend.text")}
      submit={tq("tenants.suspend")}
      danger
      busy={busy}
      onSubmit={() => void run(suspend)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
    </Dialog>
  );
}

export function DeleteDialog(props: { name: string; onClose: () => void; onDone: () => void }) {
  const [typed, setTyped] = useState("");
  const [busy, error, run] = useDeed();
  const remove = async () => {
    await deleteTenant(props.name);
    props.onDone();
  };
  return (
    <Dialog
      title={tq("tenants.delete.title", { name: props.name })}
      text={tq("tenants.delete.text")}
      submit={tq("tenants.delete.submit")}
      danger
      busy={busy}
      disabled={typed !== props.name}
      onSubmit={() => void run(remove)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <Field label={tq("tenants.delete.confirm", { name: props.name })}>
        {(id) => (
          <input
            id={id}
            value={typed}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

/** The first of a tenant's people: an administrator, by a link. */
export function AdministratorDialog(props: { tenant: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const [link, setLink] = useState("");
  const [busy, error, run] = useDeed();
  const invite = async () => {
    const answer = await command<{ invitation?: { link: string } }>(
      "POST",
      `/v1/users?tenant=${encodeURIComponent(props.tenant)}`,
      { name: name.trim(), grants: [{ role: "administrator", branch: "#" }] },
    );
    setLink(answer.invitation?.link ?? "");
  };
  if (link)
    return (
      <Dialog
        key="link"
        title={tq("tenants.invite")}
        text={tq("tenants.invite.link", { name: `${name.trim()}@${props.tenant}` })}
        submit={t("close")}
        lasting
        onSubmit={props.onClose}
        onClose={props.onClose}
      >
        <Snippet text={location.origin + link} />
      </Dialog>
    );
  return (
    <Dialog
      key="name"
      title={tq("tenants.invite")}
      text={tq("tenants.invite.text")}
      submit={tq("tenants.invite.submit")}
      busy={busy}
      disabled={!name.trim()}
      onSubmit={() => void run(invite)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <Field label={tq("tenants.invite.name")}>
        {(id) => (
          <input
            id={id}
            value={name}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

export function StateBadge({ tenant }: { tenant: Pick<Tenant, "name" | "state"> }) {
  const tones = { active: "good", suspended: "warn", deleted: "bad" } as const;
  const icons = { active: "check", suspended: "stop", deleted: "retire" } as const;
  return (
    <Badge tone={tones[tenant.state]} icon={icons[tenant.state]}>
      {tq(`tenants.state.${tenant.state}`)}
    </Badge>
  );
}

/** Names and what they stand for. */
export function Facts({ facts }: { facts: [name: string, value: preact.ComponentChildren][] }) {
  return (
    <dl class="tenant-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function SuspendedNote() {
  return (
    <div class="note note-warn">
      <Icon name="warn" />
      <span>{tq("tenants.suspended.note")}</span>
    </div>
  );
}
