/** One type: attributes and metrics, what it has from its parents, and what a change would do before it is made. */
import { useState } from "preact/hooks";
import {
  askType,
  typeAddress,
  type AssetType,
  type TypeAttribute,
  type TypeMetric,
  type TypeTrial,
} from "../api/assets";
import { command, withQuery } from "../api/http";
import { useQuery } from "../api/query";
import { levelWords, TypeLink } from "../assets/parts";
import {
  attributeDraft,
  attributeEmpty,
  inheritedOf,
  LIMIT_KINDS,
  metricDraft,
  metricEmpty,
  typeDraft,
  typeEmpty,
  typeFault,
  typeWords,
  type AttributeDraft,
  type MetricDraft,
  type TypeDraft,
} from "../assets/type-draft";
import { formatCount, NOTHING } from "../format";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Badge, Button, Card, ProblemNote, Skeleton, Time, typeName } from "../ui/parts";
import { Table } from "../ui/table";
import { tell } from "../ui/toasts";
import { SureDialog, TextField } from "./access-parts";
import { LevelSelect, TypeSelect } from "./asset-dialogs";
import { AttachedDocuments } from "./documents-attached";
import { DeedNote, useDeed } from "./people-parts";

const VALUE_TYPES = ["float64", "int64", "bool", "string"];

const wordsOfType = (type: string): string => ts(`value_type.${type}` as "value_type.float64");

function TypeOf(props: { value: string; onChange: (type: string) => void }) {
  return (
    <label class="cell">
      <span>{ts("type")}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        {VALUE_TYPES.map((type) => (
          <option key={type} value={type} title={typeName(type)}>
            {wordsOfType(type)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Cell(props: {
  label: string;
  value: string;
  number?: boolean;
  onInput: (text: string) => void;
}) {
  return (
    <label class="cell">
      <span>{props.label}</span>
      <input
        class={props.number ? "number" : ""}
        inputMode={props.number ? "decimal" : "text"}
        value={props.value}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
    </label>
  );
}

function AttributeRow(props: {
  item: AttributeDraft;
  onItem: (change: Partial<AttributeDraft>) => void;
  onRemove: () => void;
}) {
  const { item, onItem } = props;
  return (
    <li class="item item-attribute">
      <Cell label={ts("item.name")} value={item.name} onInput={(name) => onItem({ name })} />
      <TypeOf value={item.type} onChange={(type) => onItem({ type })} />
      <Cell label={ts("unit")} value={item.unit} onInput={(unit) => onItem({ unit })} />
      <Cell
        label={ts("attributes.value")}
        value={item.value}
        onInput={(value) => onItem({ value })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={item.required}
          onChange={(event) => onItem({ required: event.currentTarget.checked })}
        />
        <span>{ts("attributes.required")}</span>
      </label>
      <Button icon="close" kind="quiet" label={ts("item.remove")} onClick={props.onRemove} />
    </li>
  );
}

function MetricRow(props: {
  item: MetricDraft;
  onItem: (change: Partial<MetricDraft>) => void;
  onRemove: () => void;
}) {
  const { item, onItem } = props;
  return (
    <li class="item item-metric">
      <Cell label={ts("item.name")} value={item.name} onInput={(name) => onItem({ name })} />
      <TypeOf value={item.type} onChange={(type) => onItem({ type })} />
      <Cell label={ts("unit")} value={item.unit} onInput={(unit) => onItem({ unit })} />
      <Cell
        label={ts("description")}
        value={item.description}
        onInput={(description) => onItem({ description })}
      />
      <Button icon="close" kind="quiet" label={ts("item.remove")} onClick={props.onRemove} />
      <div class="item-limits">
        {LIMIT_KINDS.map((kind) => (
          <Cell
            key={kind}
            label={t(`limit.${kind}`)}
            number
            value={item.limits[kind]}
            onInput={(text) => onItem({ limits: { ...item.limits, [kind]: text } })}
          />
        ))}
        <Cell
          label={ts("deadband")}
          number
          value={item.deadband}
          onInput={(deadband) => onItem({ deadband })}
        />
      </div>
    </li>
  );
}

const limitText = (metric: TypeMetric): string =>
  LIMIT_KINDS.flatMap((kind) => {
    const value = metric.limits?.[kind];
    return value === undefined || value === null ? [] : [`${t(`limit.${kind}`)} ${value}`];
  }).join(" · ");

/** What a parent says: shown, and taken over to be said otherwise. */
function Inherited(props: {
  name: string;
  text: string;
  from: string | undefined;
  onTake: (() => void) | undefined;
}) {
  return (
    <li class="item-inherited">
      <strong>{props.name}</strong>
      <span>{props.text}</span>
      {props.from && <span class="from">{ts("from.type", { type: props.from })}</span>}
      {props.onTake && (
        <Button icon="edit" kind="quiet" onClick={props.onTake}>
          {ts("override")}
        </Button>
      )}
    </li>
  );
}

const attributeText = ({ type, unit, value, required }: TypeAttribute): string =>
  [
    `${wordsOfType(type)}${unit ? ` (${unit})` : ""}`,
    value !== "" && value !== null ? ts("attributes.default", { value }) : "",
    required ? ts("attributes.required") : "",
  ]
    .filter(Boolean)
    .join(" · ");

const metricText = (metric: TypeMetric): string =>
  [
    `${wordsOfType(metric.type)}${metric.unit ? ` (${metric.unit})` : ""}`,
    metric.description,
    limitText(metric),
  ]
    .filter(Boolean)
    .join(" · ");

interface ItemsProps {
  draft: TypeDraft;
  above: AssetType | undefined;
  mayEdit: boolean;
  onDraft: (change: Partial<TypeDraft>) => void;
}

function Attributes({ draft, above, mayEdit, onDraft }: ItemsProps) {
  const { attributes } = draft;
  const put = (next: AttributeDraft[]) => onDraft({ attributes: next });
  return (
    <fieldset class="items" disabled={!mayEdit}>
      <legend>{ts("attributes")}</legend>
      <ul>
        {inheritedOf(above?.attributes ?? [], attributes).map((one) => (
          <Inherited
            key={`from ${one.name}`}
            name={one.name}
            text={attributeText(one)}
            from={one.from ?? above?.name}
            onTake={mayEdit ? () => put([...attributes, attributeDraft(one)]) : undefined}
          />
        ))}
        {attributes.map((item, at) => (
          <AttributeRow
            key={at}
            item={item}
            onItem={(change) =>
              put(attributes.map((one, i) => (i === at ? { ...one, ...change } : one)))
            }
            onRemove={() => put(attributes.filter((_, i) => i !== at))}
          />
        ))}
      </ul>
      {mayEdit && (
        <Button icon="plus" onClick={() => put([...attributes, attributeEmpty])}>
          {ts("attributes.add")}
        </Button>
      )}
    </fieldset>
  );
}

function Metrics({ draft, above, mayEdit, onDraft }: ItemsProps) {
  const { metrics } = draft;
  const put = (next: MetricDraft[]) => onDraft({ metrics: next });
  return (
    <fieldset class="items" disabled={!mayEdit}>
      <legend>{ts("metrics")}</legend>
      <p class="hint">{ts("metrics.text")}</p>
      <ul>
        {inheritedOf(above?.metrics ?? [], metrics).map((one) => (
          <Inherited
            key={`from ${one.name}`}
            name={one.name}
            text={metricText(one)}
            from={one.from ?? above?.name}
            onTake={mayEdit ? () => put([...metrics, metricDraft(one)]) : undefined}
          />
        ))}
        {metrics.map((item, at) => (
          <MetricRow
            key={at}
            item={item}
            onItem={(change) =>
              put(metrics.map((one, i) => (i === at ? { ...one, ...change } : one)))
            }
            onRemove={() => put(metrics.filter((_, i) => i !== at))}
          />
        ))}
      </ul>
      {mayEdit && (
        <Button icon="plus" onClick={() => put([...metrics, metricEmpty])}>
          {ts("metrics.add")}
        </Button>
      )}
    </fieldset>
  );
}

function faultWords(draft: TypeDraft): string {
  const fault = typeFault(draft);
  return fault ? ts(`types.fault.${fault.kind}`, "name" in fault ? { name: fault.name } : {}) : "";
}

const faultText = (fault: TypeTrial["faults"][number]): string =>
  typeof fault === "string" ? fault : fault.detail;

/** What the server says would come of it. */
function TrialDialog(props: {
  draft: TypeDraft;
  trial: TypeTrial;
  onSave: () => Promise<void>;
  onClose: () => void;
}) {
  const { draft, trial } = props;
  const [busy, error, run] = useDeed();
  const { assets, points, changes, faults } = trial;
  return (
    <Dialog
      title={ts("trial.title", { name: draft.name })}
      submit={t("save")}
      busy={busy}
      disabled={faults.length > 0}
      onSubmit={() => void run(props.onSave)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <p>
        {ts("trial.reach", {
          assets,
          assetsShown: formatCount(assets),
          points,
          pointsShown: formatCount(points),
        })}
      </p>
      {faults.length > 0 && (
        <div class="note note-bad" role="alert">
          <Icon name="bad" />
          <ul>
            {faults.map((fault, i) => (
              <li key={i}>{faultText(fault)}</li>
            ))}
          </ul>
        </div>
      )}
      {changes.length > 0 && (
        <Table
          label={ts("trial.changes")}
          items={changes.map((change, at) => ({ ...change, at }))}
          keyOf={({ at }) => at}
          columns={[
            { name: "asset", title: ts("asset"), main: true, cell: ({ asset }) => asset },
            { name: "what", title: ts("trial.what"), cell: ({ what }) => what },
            { name: "before", title: ts("trial.before"), cell: ({ before }) => before ?? NOTHING },
            { name: "after", title: ts("trial.after"), cell: ({ after }) => after ?? NOTHING },
          ]}
        />
      )}
      {changes.length >= 100 && <p class="hint">{ts("trial.first")}</p>}
      {changes.length === 0 && faults.length === 0 && <p class="hint">{ts("trial.none")}</p>}
    </Dialog>
  );
}

function Head({ type }: { type: AssetType }) {
  return (
    <p class="badges">
      {type.assets !== null && (
        <Badge tone="plain">
          {ts("types.assets", { count: formatCount(type.assets), number: type.assets })}
        </Badge>
      )}
      {type.kinds > 0 && (
        <Badge tone="plain">
          {ts("types.kinds", { count: formatCount(type.kinds), number: type.kinds })}
        </Badge>
      )}
      {type.level && <Badge tone="plain">{levelWords(type.level)}</Badge>}
      <span class="faint">
        {ts("version", { version: type.version })} · <Time time={type.changed} />
      </span>
    </p>
  );
}

function Form(props: {
  type: AssetType | undefined;
  mayEdit: boolean;
  onDone: (name: string) => void;
  onClose: () => void;
}) {
  const { type, mayEdit } = props;
  const [draft, setDraft] = useState<TypeDraft>(type ? typeDraft(type) : typeEmpty);
  const [trial, setTrial] = useState<TypeTrial>();
  const [removing, setRemoving] = useState(false);
  const [busy, error, run] = useDeed();
  const above = useQuery(`above ${draft.parent}`, (signal) =>
    draft.parent ? askType(draft.parent, false, signal) : Promise.resolve(undefined),
  ).data;
  const onDraft = (change: Partial<TypeDraft>) => setDraft((old) => ({ ...old, ...change }));
  const name = draft.name.trim();
  const fault = faultWords(draft);
  const send = (dry: boolean) =>
    command<TypeTrial>(
      "PUT",
      withQuery(typeAddress(name), { dry_run: dry || null }),
      typeWords(draft),
    );
  const save = async () => {
    await send(false);
    tell({ text: ts("saved", { name }) });
    props.onDone(name);
  };
  return (
    <>
      <DeedNote error={error} />
      <div class="field-grid">
        {!type && (
          <TextField
            label={ts("item.name")}
            hint={ts("types.name.hint")}
            value={draft.name}
            onInput={(next) => onDraft({ name: next })}
          />
        )}
        <TextField
          label={ts("title")}
          value={draft.title}
          onInput={(title) => onDraft({ title })}
        />
        <TypeSelect
          label={ts("types.parent")}
          value={draft.parent}
          none={ts("types.parent.none")}
          {...(type ? { but: type.name } : {})}
          onChange={(parent) => onDraft({ parent })}
        />
        <LevelSelect
          value={draft.level}
          none={ts("level.none")}
          onChange={(level) => onDraft({ level })}
        />
      </div>
      <Attributes draft={draft} above={above} mayEdit={mayEdit} onDraft={onDraft} />
      <Metrics draft={draft} above={above} mayEdit={mayEdit} onDraft={onDraft} />
      {type && type.rules.length > 0 && (
        <p class="type-rules">
          {ts("types.rules")}{" "}
          {type.rules.map((rule) => (
            <Badge key={rule} tone="plain">
              {rule}
            </Badge>
          ))}
        </p>
      )}
      {mayEdit && (
        <div class="card-tools">
          <Button
            kind="primary"
            icon="play"
            busy={busy}
            disabled={fault !== ""}
            onClick={() => void run(async () => setTrial(await send(true)))}
          >
            {ts("types.try")}
          </Button>
          {type && (
            <Button icon="retire" onClick={() => setRemoving(true)}>
              {ts("item.remove")}
            </Button>
          )}
          {fault && name !== "" && (
            <span class="field-error" role="status">
              {fault}
            </span>
          )}
        </div>
      )}
      {trial && (
        <TrialDialog
          draft={draft}
          trial={trial}
          onSave={save}
          onClose={() => setTrial(undefined)}
        />
      )}
      {removing && (
        <SureDialog
          title={ts("types.remove", { name })}
          text={ts("types.remove.text")}
          submit={ts("item.remove")}
          deed={async () => {
            await command("DELETE", typeAddress(name));
            tell({ text: ts("removed", { name }) });
            props.onDone("");
          }}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}

export function TypeEditor(props: {
  name: string;
  mayEdit: boolean;
  onDone: (name: string) => void;
  onClose: () => void;
}) {
  const { name, mayEdit } = props;
  const { data, problem, reload } = useQuery(`own ${name}`, (signal) =>
    name ? askType(name, true, signal) : Promise.resolve(undefined),
  );
  return (
    <div class="pair-panel">
      <Card>
        <div class="panel-head">
          <h2>{name || ts("types.add")}</h2>
          {data?.parent && (
            <span class="faint">
              {ts("types.kind_of")} <TypeLink type={data.parent} />
            </span>
          )}
          <Button kind="quiet" icon="close" label={t("close")} onClick={props.onClose} />
        </div>
        <ProblemNote problem={problem} onRetry={reload} />
        {name && !data && !problem && <Skeleton rows={6} />}
        {data && <Head type={data} />}
        {(data || !name) && (
          <Form
            key={data ? `${data.name} ${data.version}` : "new"}
            type={data}
            mayEdit={mayEdit}
            onDone={(done) => {
              if (done === name) reload();
              props.onDone(done);
            }}
            onClose={props.onClose}
          />
        )}
      </Card>
      {data && <AttachedDocuments to={[`type:${name}`]} mayAttach={mayEdit} />}
    </div>
  );
}
