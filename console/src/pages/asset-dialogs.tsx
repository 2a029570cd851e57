/** Making, changing, moving and retiring an asset. */
import { useState } from "preact/hooks";
import { allTypes, askType, assetAddress, LEVELS, type Asset, type AssetType } from "../api/assets";
import { command, once, withQuery } from "../api/http";
import { useQuery } from "../api/query";
import {
  draftEmpty,
  draftFaults,
  draftOf,
  wordsOf,
  type AssetDraft,
  type DraftFault,
} from "../assets/words";
import { assetTree } from "../assets/tree";
import { NOTHING } from "../format";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { assetPageAddress, goTo, routeAddress } from "../router";
import { Dialog, Field } from "../ui/dialog";
import { Button } from "../ui/parts";
import { tell } from "../ui/toasts";
import { TextField } from "./access-parts";
import { DeedNote, useDeed } from "./people-parts";

export function TypeSelect(props: {
  label: string;
  value: string;
  none: string;
  /** Not among them. */
  but?: string;
  onChange: (type: string) => void;
}) {
  const { data = [] } = useQuery("all types", allTypes);
  const types = data.filter(({ name }) => name !== props.but);
  const isUnknown = props.value !== "" && !types.some(({ name }) => name === props.value);
  return (
    <Field label={props.label}>
      {(id) => (
        <select
          id={id}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        >
          <option value="">{props.none}</option>
          {isUnknown && <option value={props.value}>{props.value}</option>}
          {types.map(({ name, title }) => (
            <option key={name} value={name}>
              {title && title !== name ? `${name} · ${title}` : name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function LevelSelect(props: {
  value: string;
  none: string;
  onChange: (level: AssetDraft["level"]) => void;
}) {
  return (
    <Field label={ts("level")}>
      {(id) => (
        <select
          id={id}
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value as AssetDraft["level"])}
        >
          <option value="">{props.none}</option>
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {ts(`level.${level}`)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface PartProps {
  draft: AssetDraft;
  faults: Set<DraftFault>;
  onDraft: (change: Partial<AssetDraft>) => void;
}

function PlaceFields({ draft, faults, onDraft }: PartProps) {
  const field = (
    name: "longitude" | "latitude" | "floor" | "planX" | "planY",
    label: string,
    wrong: boolean,
  ) => (
    <TextField
      label={label}
      {...(wrong ? { error: t("number.wrong") } : {})}
      value={draft[name]}
      onInput={(text) => onDraft({ [name]: text })}
    />
  );
  return (
    <fieldset>
      <legend>{ts("place")}</legend>
      <div class="field-grid">
        {field("latitude", ts("place.latitude"), faults.has("latitude"))}
        {field("longitude", ts("place.longitude"), faults.has("longitude"))}
        {field("floor", ts("place.floor"), faults.has("floor"))}
        {field("planX", ts("place.plan_x"), faults.has("plan"))}
        {field("planY", ts("place.plan_y"), faults.has("plan"))}
      </div>
      {faults.has("place") && <p class="field-error">{ts("place.half")}</p>}
    </fieldset>
  );
}

function AttributeFields({ draft, onDraft, type }: PartProps & { type: AssetType | undefined }) {
  const names = new Set([
    ...(type?.attributes.map(({ name }) => name) ?? []),
    ...Object.keys(draft.attributes),
  ]);
  if (names.size === 0) return null;
  return (
    <fieldset>
      <legend>{ts("attributes")}</legend>
      <div class="field-grid">
        {[...names].map((name) => {
          const known = type?.attributes.find((one) => one.name === name);
          const unit = known?.unit ? ` (${known.unit})` : "";
          return (
            <Field
              key={name}
              label={`${name}${unit}${known?.required ? " *" : ""}`}
              {...(known?.value ? { hint: ts("attributes.default", { value: known.value }) } : {})}
            >
              {(id) => (
                <input
                  id={id}
                  value={draft.attributes[name] ?? ""}
                  placeholder={known?.value ?? ""}
                  onInput={(event) =>
                    onDraft({
                      attributes: { ...draft.attributes, [name]: event.currentTarget.value },
                    })
                  }
                />
              )}
            </Field>
          );
        })}
      </div>
    </fieldset>
  );
}

function BindingFields({ draft, onDraft, type }: PartProps & { type: AssetType | undefined }) {
  const names = new Set([
    ...(type?.metrics.map(({ name }) => name) ?? []),
    ...Object.keys(draft.bindings),
  ]);
  if (names.size === 0) return null;
  return (
    <details>
      <summary>{ts("bindings")}</summary>
      <p class="hint">{ts("bindings.text")}</p>
      {[...names].map((name) => (
        <TextField
          key={name}
          label={name}
          code
          value={draft.bindings[name] ?? ""}
          onInput={(text) => onDraft({ bindings: { ...draft.bindings, [name]: text } })}
        />
      ))}
    </details>
  );
}

function RelationFields({ draft, onDraft }: PartProps) {
  const { relations } = draft;
  const change = (at: number, part: Partial<(typeof relations)[number]>) =>
    onDraft({ relations: relations.map((one, i) => (i === at ? { ...one, ...part } : one)) });
  return (
    <details open={relations.length > 0}>
      <summary>{ts("relations")}</summary>
      {relations.map(({ name, other }, at) => (
        <div key={at} class="label-row">
          <input
            aria-label={ts("relations.name")}
            placeholder={ts("relations.name")}
            value={name}
            onInput={(event) => change(at, { name: event.currentTarget.value })}
          />
          <input
            aria-label={ts("relations.other")}
            placeholder={ts("relations.other")}
            value={other}
            onInput={(event) => change(at, { other: event.currentTarget.value })}
          />
          <Button
            icon="close"
            kind="quiet"
            label={ts("item.remove")}
            onClick={() => onDraft({ relations: relations.filter((_, i) => i !== at) })}
          />
        </div>
      ))}
      <Button
        icon="plus"
        onClick={() => onDraft({ relations: [...relations, { name: "", other: "" }] })}
      >
        {ts("relations.add")}
      </Button>
    </details>
  );
}

/** asset: it is changed; else one is made below `under`. */
export function AssetDialog(props: {
  asset?: Asset;
  under?: string;
  onDone?: () => void;
  onClose: () => void;
}) {
  const { asset, under = "" } = props;
  const [draft, setDraft] = useState<AssetDraft>(asset ? draftOf(asset) : draftEmpty);
  const [above, setAbove] = useState(under);
  const [busy, error, run] = useDeed();
  const { data: type } = useQuery(`type ${draft.type}`, (signal) =>
    draft.type ? askType(draft.type, false, signal) : Promise.resolve(undefined),
  );
  const onDraft = (change: Partial<AssetDraft>) => setDraft((old) => ({ ...old, ...change }));
  const faults = draftFaults(draft, type);
  const parent = above.trim().replace(/^\/+|\/+$/g, "");
  const path = asset?.path ?? (parent ? `${parent}/${draft.name.trim()}` : draft.name.trim());
  const submit = async () => {
    await command("PUT", assetAddress(path), wordsOf(draft));
    if (props.onDone) props.onDone();
    else {
      tell({ text: ts("item.made", { name: path }) });
      props.onClose();
      void assetTree.refresh();
      goTo(assetPageAddress(path));
    }
  };
  const part = { draft, faults, onDraft };
  return (
    <Dialog
      title={asset ? ts("asset.edit", { name: asset.name }) : ts("assets.add")}
      submit={asset ? t("save") : ts("make")}
      busy={busy}
      disabled={faults.size > 0}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      {!asset && (
        <>
          <TextField
            label={ts("asset.above")}
            hint={ts("asset.above.hint")}
            code
            value={above}
            onInput={setAbove}
          />
          <TextField
            label={ts("item.name")}
            hint={ts("name.hint")}
            {...(draft.name !== "" && faults.has("name") ? { error: ts("name.wrong") } : {})}
            value={draft.name}
            onInput={(name) => onDraft({ name })}
          />
        </>
      )}
      <TextField label={ts("title")} value={draft.title} onInput={(title) => onDraft({ title })} />
      <TypeSelect
        label={ts("type")}
        value={draft.type}
        none={ts("types.none_of")}
        onChange={(name) => onDraft({ type: name })}
      />
      <LevelSelect
        value={draft.level}
        none={ts("level.of_type")}
        onChange={(level) => onDraft({ level })}
      />
      <TextField
        label={ts("branch")}
        hint={ts("branch.hint")}
        code
        value={draft.branch}
        onInput={(branch) => onDraft({ branch })}
      />
      <AttributeFields {...part} type={type} />
      <PlaceFields {...part} />
      <BindingFields {...part} type={type} />
      <RelationFields {...part} />
    </Dialog>
  );
}

export function MoveDialog({ asset, onClose }: { asset: Asset; onClose: () => void }) {
  const [path, setPath] = useState(asset.path);
  const [busy, error, run] = useDeed();
  const next = path.trim().replace(/^\/+|\/+$/g, "");
  const submit = async () => {
    await command("PATCH", assetAddress(asset.path), { path: next });
    tell({ text: ts("saved", { name: next }) });
    onClose();
    void assetTree.refresh();
    goTo(assetPageAddress(next));
  };
  return (
    <Dialog
      title={ts("asset.move.title", { name: asset.name })}
      text={ts("asset.move.text")}
      submit={ts("asset.move")}
      busy={busy}
      disabled={next === "" || next === asset.path}
      onSubmit={() => void run(submit)}
      onClose={onClose}
    >
      <DeedNote error={error} />
      <TextField label={ts("asset.path")} code value={path} onInput={setPath} />
    </Dialog>
  );
}

export function RetireDialog({ asset, onClose }: { asset: Asset; onClose: () => void }) {
  const [whole, setWhole] = useState(false);
  const [busy, error, run] = useDeed();
  const above = asset.path.split("/").slice(0, -1).join("/");
  const submit = async () => {
    if (whole) await once("DELETE", withQuery(assetAddress(asset.path), { parts: true }));
    else await command("DELETE", assetAddress(asset.path));
    tell({ text: ts("asset.retire.done", { name: asset.path }) });
    onClose();
    void assetTree.refresh();
    goTo(above ? assetPageAddress(above) : routeAddress("assets"));
  };
  return (
    <Dialog
      title={ts("asset.retire.title", { name: asset.name })}
      text={ts("asset.retire.text")}
      submit={ts("asset.retire")}
      danger
      busy={busy}
      disabled={asset.parts !== 0 && !whole}
      onSubmit={() => void run(submit)}
      onClose={onClose}
    >
      <DeedNote error={error} />
      {asset.parts !== 0 && (
        <label class="check">
          <input
            type="checkbox"
            checked={whole}
            onChange={(event) => setWhole(event.currentTarget.checked)}
          />
          <span>{ts("asset.retire.parts", { count: asset.parts ?? NOTHING })}</span>
        </label>
      )}
    </Dialog>
  );
}
