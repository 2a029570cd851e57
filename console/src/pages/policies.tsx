/** What is kept how long: policies in their order, which one decides for a path, and a way back from each change. */
import { useState } from "preact/hooks";
import { Problem } from "../api/http";
import { useQuery } from "../api/query";
import { formatValue } from "../format";
import {
  amountOf,
  askPolicies,
  keepOf,
  keepText,
  movePolicy,
  putPolicy,
  removePolicy,
  RULES_FIRST,
  rulesOf,
  TIERS,
  type PoliciesAnswer,
  type Policy,
  type PolicyRules,
  type Tier,
} from "../history/policies";
import { t } from "../i18n";
import { mayAnywhere } from "../api/session";
import { th } from "../i18n/history";
import "../style/history.css";
import { Dialog, Field } from "../ui/dialog";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  problemText,
  Search,
  Skeleton,
  useSettled,
} from "../ui/parts";
import { tell } from "../ui/toasts";

const problemOf = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, "console", "", String(error));

const keepWords = (seconds: number): string =>
  seconds === 0 ? th("policy.forever") : keepText(seconds);

function rollupWords({ rollups }: PolicyRules): string {
  const kept = TIERS.flatMap((tier) => {
    const keep = rollups[tier];
    return keep === null
      ? []
      : [th("policy.rollup", { step: th(`policy.${tier}`), keep: keepWords(keep) })];
  });
  return kept.length ? kept.join(", ") : th("policy.rollup.none");
}

function deadbandWords({ deadband, deadband_percent: percent }: PolicyRules): string {
  const parts = [
    deadband ? formatValue(deadband, "float64") : "",
    percent ? `${formatValue(percent, "float64")} %` : "",
  ].filter(Boolean);
  return parts.length ? parts.join(", ") : th("policy.deadband.none");
}

/** What is typed of a policy. */
interface Typed {
  name: string;
  match: string;
  retention: string;
  deadband: string;
  percent: string;
  rollups: Record<Tier, { on: boolean; keep: string }>;
  drop: boolean;
  priority: string;
}

function typedOf(policy: Policy | null): Typed {
  const rules = policy ?? RULES_FIRST;
  const tier = (name: Tier) => ({
    on: rules.rollups[name] !== null,
    keep: keepText(rules.rollups[name] ?? 0),
  });
  return {
    name: policy?.name ?? "",
    match: rules.match,
    retention: keepText(rules.retention_s),
    deadband: rules.deadband ? String(rules.deadband) : "",
    percent: rules.deadband_percent ? String(rules.deadband_percent) : "",
    rollups: { minute_s: tier("minute_s"), hour_s: tier("hour_s"), day_s: tier("day_s") },
    drop: rules.when_full === "drop_oldest",
    priority: rules.priority ? String(rules.priority) : "",
  };
}

/** undefined: something of it is wrong. */
function rulesFrom(typed: Typed): PolicyRules | undefined {
  const retention = keepOf(typed.retention);
  const deadband = amountOf(typed.deadband);
  const percent = amountOf(typed.percent, 100);
  const priority = amountOf(typed.priority, 100);
  const rollups = { ...RULES_FIRST.rollups };
  for (const tier of TIERS) {
    const keep = typed.rollups[tier].on ? keepOf(typed.rollups[tier].keep) : null;
    if (keep === undefined) return undefined;
    rollups[tier] = keep;
  }
  if (
    retention === undefined ||
    deadband === undefined ||
    percent === undefined ||
    priority === undefined ||
    !typed.match.trim() ||
    !typed.name.trim()
  )
    return undefined;
  return {
    match: typed.match.trim(),
    retention_s: retention,
    deadband,
    deadband_percent: percent,
    rollups,
    when_full: typed.drop ? "drop_oldest" : "keep",
    priority: Math.round(priority),
  };
}

function Text(props: {
  label: string;
  hint?: string;
  value: string;
  wrong?: boolean;
  disabled?: boolean;
  onInput: (value: string) => void;
}) {
  const { hint } = props;
  return (
    <Field
      label={props.label}
      {...(hint ? { hint } : {})}
      {...(props.wrong ? { error: th("policy.wrong") } : {})}
    >
      {(id) => (
        <input
          id={id}
          value={props.value}
          disabled={props.disabled}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function Rollups(props: { typed: Typed; set: (change: Partial<Typed>) => void }) {
  const { typed, set } = props;
  const change = (tier: Tier, to: Partial<Typed["rollups"][Tier]>) =>
    set({ rollups: { ...typed.rollups, [tier]: { ...typed.rollups[tier], ...to } } });
  return (
    <fieldset>
      <legend>{th("policy.rollups")}</legend>
      <p class="field-hint">{th("policy.rollups.hint")}</p>
      {TIERS.map((tier) => {
        const { on, keep } = typed.rollups[tier];
        const name = th(`policy.${tier}`);
        return (
          <div key={tier} class="policy-tier">
            <label>
              <input
                type="checkbox"
                checked={on}
                onChange={(event) => change(tier, { on: event.currentTarget.checked })}
              />
              {name}
            </label>
            <input
              aria-label={th("policy.rollup.keep", { step: name })}
              aria-invalid={on && keepOf(keep) === undefined}
              placeholder={th("policy.forever")}
              disabled={!on}
              value={keep}
              onInput={(event) => change(tier, { keep: event.currentTarget.value })}
            />
          </div>
        );
      })}
    </fieldset>
  );
}

function PolicyDialog(props: {
  policy: Policy | null;
  names: string[];
  onDone: () => void;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState(() => typedOf(props.policy));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const set = (change: Partial<Typed>) => setTyped({ ...typed, ...change });
  const rules = rulesFrom(typed);
  const isTaken = !props.policy && props.names.includes(typed.name.trim());
  const save = () => {
    if (!rules) return;
    setBusy(true);
    putPolicy(typed.name.trim(), rules)
      .then(() => {
        tell({ text: th("policy.saved", { name: typed.name.trim() }) });
        props.onDone();
      })
      .catch((error: unknown) => {
        setProblem(problemOf(error));
        setBusy(false);
      });
  };
  return (
    <Dialog
      title={props.policy ? th("policy.edit", { name: props.policy.name }) : th("policy.add")}
      text={th("policy.dialog.text")}
      submit={t("save")}
      busy={busy}
      disabled={!rules || isTaken}
      onSubmit={save}
      onClose={props.onClose}
    >
      <ProblemNote problem={problem} />
      {!props.policy && (
        <Text
          label={th("policy.name")}
          {...(isTaken ? { hint: th("policy.name.taken") } : {})}
          value={typed.name}
          onInput={(name) => set({ name })}
        />
      )}
      <Text
        label={th("policy.match")}
        hint={th("policy.match.hint")}
        value={typed.match}
        onInput={(match) => set({ match })}
      />
      <Text
        label={th("policy.retention")}
        hint={th("policy.retention.hint")}
        value={typed.retention}
        wrong={keepOf(typed.retention) === undefined}
        onInput={(retention) => set({ retention })}
      />
      <Rollups typed={typed} set={set} />
      <div class="range-fields">
        <Text
          label={th("policy.deadband")}
          hint={th("policy.deadband.hint")}
          value={typed.deadband}
          wrong={amountOf(typed.deadband) === undefined}
          onInput={(deadband) => set({ deadband })}
        />
        <Text
          label={th("policy.percent")}
          hint={th("policy.percent.hint")}
          value={typed.percent}
          wrong={amountOf(typed.percent, 100) === undefined}
          onInput={(percent) => set({ percent })}
        />
      </div>
      <fieldset>
        <legend>{th("policy.full")}</legend>
        <label class="policy-check">
          <input
            type="checkbox"
            checked={typed.drop}
            onChange={(event) => set({ drop: event.currentTarget.checked })}
          />
          {th("policy.drop")}
        </label>
      </fieldset>
      {typed.drop && (
        <Text
          label={th("policy.priority")}
          hint={th("policy.priority.hint")}
          value={typed.priority}
          wrong={amountOf(typed.priority, 100) === undefined}
          onInput={(priority) => set({ priority })}
        />
      )}
    </Dialog>
  );
}

function PolicyLine(props: {
  policy: Policy;
  last: boolean;
  decides: boolean;
  onEdit: () => void;
  onChanged: () => void;
}) {
  const { policy, onChanged } = props;
  const { name, rank } = policy;
  const run = (work: Promise<unknown>, done?: () => void) =>
    void work
      .then(() => {
        onChanged();
        done?.();
      })
      .catch((error: unknown) => tell({ text: problemText(problemOf(error)), bad: true }));
  const remove = () =>
    run(removePolicy(name), () =>
      tell({
        text: th("policy.removed", { name }),
        action: { text: t("undo"), run: () => run(putPolicy(name, rulesOf(policy), rank)) },
      }),
    );
  const facts: [string, string][] = [
    [th("policy.retention"), keepWords(policy.retention_s)],
    [th("policy.rollups"), rollupWords(policy)],
    [th("policy.deadband"), deadbandWords(policy)],
    [
      th("policy.full"),
      policy.when_full === "keep"
        ? th("policy.full.keep")
        : th("policy.full.drop", { priority: policy.priority }),
    ],
  ];
  return (
    <li class={`policy${props.decides ? " policy-decides" : ""}`}>
      <span class="policy-rank number">{rank}</span>
      <div class="policy-what">
        <h2>
          {name} <code>{policy.match}</code>
          {props.decides && (
            <Badge tone="info" icon="check">
              {th("policy.decides")}
            </Badge>
          )}
        </h2>
        <dl class="policy-facts">
          {facts.map(([title, text]) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </div>
      {mayAnywhere("configure") && (
        <div class="policy-tools">
          <Button
            kind="quiet"
            icon="up"
            label={th("policy.up", { name })}
            disabled={rank === 1}
            onClick={() => run(movePolicy(name, rank - 1))}
          />
          <Button
            kind="quiet"
            icon="down"
            label={th("policy.down", { name })}
            disabled={props.last}
            onClick={() => run(movePolicy(name, rank + 1))}
          />
          <Button
            kind="quiet"
            icon="edit"
            label={th("policy.edit", { name })}
            onClick={props.onEdit}
          />
          <Button
            kind="quiet"
            icon="retire"
            label={th("policy.remove", { name })}
            onClick={remove}
          />
        </div>
      )}
    </li>
  );
}

/** Which one decides for a path; asked of the server, who knows patterns best. */
function Decision({ path, answer }: { path: string; answer: PoliciesAnswer | undefined }) {
  if (!path || !answer?.decides) return null;
  const { policy } = answer.decides;
  return (
    <p class="hint" role="status">
      {policy === null
        ? th("policy.decides.none", { path })
        : th("policy.decides.for", { path, policy })}
    </p>
  );
}

export function PoliciesPage() {
  const [path, setPath] = useState("");
  const [open, setOpen] = useState<Policy | "new" | null>(null);
  const settled = useSettled(path.trim(), 200);
  const all = useQuery("policies", (signal) => askPolicies("", signal));
  const tried = useQuery(`policies ${settled}`, async (signal) =>
    settled ? askPolicies(settled, signal) : undefined,
  );
  const { data, problem, reload } = all;
  const policies = data?.policies ?? [];
  const changed = () => {
    reload();
    tried.reload();
  };
  return (
    <div class="page">
      <PageHead title={th("policies.title")} text={th("policies.text")}>
        <Search
          value={path}
          label={th("policies.try")}
          placeholder={th("policies.try")}
          onInput={setPath}
        />
        {mayAnywhere("configure") && (
          <Button kind="primary" icon="plus" onClick={() => setOpen("new")}>
            {th("policy.add")}
          </Button>
        )}
      </PageHead>
      <ProblemNote problem={problem ?? tried.problem} onRetry={changed} />
      <Decision path={settled} answer={tried.data} />
      {!data && !problem && <Skeleton rows={6} />}
      {data && policies.length === 0 && (
        <Card>
          <Empty icon="policies" title={th("policies.none")} text={th("policies.none.text")} />
        </Card>
      )}
      {policies.length > 0 && (
        <Card>
          <ol class="policies">
            {policies.map((policy) => (
              <PolicyLine
                key={policy.name}
                policy={policy}
                last={policy.rank === policies.length}
                decides={tried.data?.decides?.policy === policy.name}
                onEdit={() => setOpen(policy)}
                onChanged={changed}
              />
            ))}
          </ol>
          <p class="hint">{th("policies.rest")}</p>
        </Card>
      )}
      {open && (
        <PolicyDialog
          policy={open === "new" ? null : open}
          names={policies.map(({ name }) => name)}
          onDone={() => {
            setOpen(null);
            changed();
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  );
}
