/** Creating, changing, renaming and retiring a point. */
import { useState } from "preact/hooks";
import { command, pathAddress, type Problem } from "../api/http";
import type { LimitKind, Limits, Point, PointSettings } from "../api/types";
import { t } from "../i18n";
import { goTo, pointAddress, routeAddress } from "../router";
import { refreshTree } from "../tree/tree-store";
import { Dialog, Field } from "../ui/dialog";
import { Button, problemText, ProblemNote, typeName } from "../ui/parts";
import { tell } from "../ui/toasts";

const TYPES = ["float64", "int64", "bool", "string"];
const LIMIT_KINDS: LimitKind[] = ["low_low", "low", "high", "high_high"];

const addressOf = (path: string): string => `/v1/points/${pathAddress(path)}`;

function useCommand(): {
  busy: boolean;
  problem: Problem | undefined;
  run: (work: () => Promise<void>) => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    work().catch((error: Problem) => {
      setProblem(error);
      setBusy(false);
    });
  };
  return { busy, problem, run };
}

function Trouble({ problem }: { problem: Problem | undefined }) {
  if (problem?.away)
    return (
      <p class="field-error" role="alert">
        {problemText(problem)}
      </p>
    );
  return <ProblemNote problem={problem} />;
}

function TypeField({ value, onChange }: { value: string; onChange: (type: string) => void }) {
  return (
    <Field label={t("point.type")} hint={t("point.type.hint")}>
      {(id) => (
        <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {!TYPES.includes(value) && <option value={value}>{typeName(value)}</option>}
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {typeName(type)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function TextField(props: {
  label: string;
  hint?: string;
  error?: string;
  value: string;
  mono?: boolean;
  onInput: (value: string) => void;
}) {
  const { hint, error } = props;
  return (
    <Field label={props.label} {...(hint ? { hint } : {})} {...(error ? { error } : {})}>
      {(id) => (
        <input
          id={id}
          class={props.mono ? "mono" : ""}
          value={props.value}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** path: what is known of it already, such as the branch it will be in. */
export function CreateDialog(props: { path?: string; onClose: () => void }) {
  const { onClose } = props;
  const [path, setPath] = useState(props.path ?? "");
  const [type, setType] = useState("float64");
  const [unit, setUnit] = useState("");
  const [description, setDescription] = useState("");
  const { busy, problem, run } = useCommand();
  const create = () =>
    run(async () => {
      await command("POST", "/v1/points", { path, type, unit, description });
      tell({ text: t("point.created", { path }) });
      onClose();
      goTo(pointAddress(path));
      void refreshTree();
    });
  return (
    <Dialog
      title={t("points.create")}
      text={t("point.create.text")}
      submit={t("point.create.submit")}
      busy={busy}
      disabled={path.trim() === "" || path.endsWith("/")}
      onSubmit={create}
      onClose={onClose}
    >
      <Trouble problem={problem} />
      <TextField
        label={t("point.path")}
        hint={t("point.path.hint")}
        value={path}
        mono
        onInput={setPath}
      />
      <TypeField value={type} onChange={setType} />
      <TextField
        label={t("point.unit")}
        hint={t("point.unit.hint")}
        value={unit}
        onInput={setUnit}
      />
      <TextField label={t("point.description")} value={description} onInput={setDescription} />
    </Dialog>
  );
}

type LabelRow = { name: string; value: string };

function Labels({ rows, onChange }: { rows: LabelRow[]; onChange: (rows: LabelRow[]) => void }) {
  const set = (at: number, change: Partial<LabelRow>) =>
    onChange(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  return (
    <fieldset>
      <legend>{t("point.labels")}</legend>
      {rows.map((row, i) => (
        <div key={i} class="label-row">
          <input
            aria-label={t("label.name")}
            placeholder={t("label.name")}
            value={row.name}
            onInput={(event) => set(i, { name: event.currentTarget.value })}
          />
          <input
            aria-label={t("label.value")}
            placeholder={t("label.value")}
            value={row.value}
            onInput={(event) => set(i, { value: event.currentTarget.value })}
          />
          <Button
            kind="quiet"
            icon="close"
            label={t("label.remove")}
            onClick={() => onChange(rows.filter((_, at) => at !== i))}
          />
        </div>
      ))}
      <Button kind="quiet" icon="plus" onClick={() => onChange([...rows, { name: "", value: "" }])}>
        {t("label.add")}
      </Button>
    </fieldset>
  );
}

type LimitTexts = Record<LimitKind, string>;

/** A number as a person types it; NaN when it is none. */
export function readNumber(text: string): number {
  const plain = text.trim().replace(/(?<=\d),(?=\d{1,2}$)/, ".");
  return plain === "" ? NaN : Number(plain);
}

export function readLimits(texts: LimitTexts): Limits | null {
  const limits: Limits = {};
  for (const kind of LIMIT_KINDS) {
    if (texts[kind].trim() === "") continue;
    const limit = readNumber(texts[kind]);
    if (!Number.isFinite(limit)) return null;
    limits[kind] = limit;
  }
  return limits;
}

function LimitFields({
  texts,
  onChange,
}: {
  texts: LimitTexts;
  onChange: (texts: LimitTexts) => void;
}) {
  return (
    <fieldset>
      <legend>{t("point.limits")}</legend>
      <div class="limit-fields">
        {LIMIT_KINDS.map((kind) => {
          const wrong = texts[kind].trim() !== "" && !Number.isFinite(readNumber(texts[kind]));
          return (
            <Field
              key={kind}
              label={t(`limit.${kind}`)}
              {...(wrong ? { error: t("number.wrong") } : {})}
            >
              {(id) => (
                <input
                  id={id}
                  inputMode="decimal"
                  value={texts[kind]}
                  onInput={(event) => onChange({ ...texts, [kind]: event.currentTarget.value })}
                />
              )}
            </Field>
          );
        })}
      </div>
    </fieldset>
  );
}

/** Only what is another than before. */
export function changesOf(point: Point, wanted: Required<PointSettings>): PointSettings {
  const changes: PointSettings = {};
  if (wanted.type !== point.type) changes.type = wanted.type;
  if (wanted.unit !== point.unit) changes.unit = wanted.unit;
  if (wanted.description !== point.description) changes.description = wanted.description;
  const same = (a: object, b: object) =>
    JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
  if (!same(wanted.labels, point.labels)) changes.labels = wanted.labels;
  if (!same(wanted.limits, point.limits)) changes.limits = wanted.limits;
  return changes;
}

export function EditDialog(props: { point: Point; onDone: () => void; onClose: () => void }) {
  const { point } = props;
  const [type, setType] = useState(point.type);
  const [unit, setUnit] = useState(point.unit);
  const [description, setDescription] = useState(point.description);
  const [labels, setLabels] = useState<LabelRow[]>(
    Object.entries(point.labels).map(([name, value]) => ({ name, value })),
  );
  const [texts, setTexts] = useState<LimitTexts>(
    () =>
      Object.fromEntries(
        LIMIT_KINDS.map((kind) => [kind, String(point.limits[kind] ?? "")]),
      ) as LimitTexts,
  );
  const { busy, problem, run } = useCommand();
  const limits = readLimits(texts);
  const numeric = type === "float64" || type === "int64";
  const save = () =>
    run(async () => {
      const named = labels.filter(({ name }) => name.trim() !== "");
      const changes = changesOf(point, {
        type,
        unit,
        description,
        labels: Object.fromEntries(named.map(({ name, value }) => [name.trim(), value])),
        limits: limits ?? {},
      });
      if (Object.keys(changes).length) {
        await command("PATCH", addressOf(point.path), changes);
        tell({ text: t("point.changed") });
      }
      props.onDone();
    });
  return (
    <Dialog
      title={t("point.edit")}
      submit={t("save")}
      busy={busy}
      disabled={limits === null}
      onSubmit={save}
      onClose={props.onClose}
    >
      <Trouble problem={problem} />
      <TextField
        label={t("point.unit")}
        hint={t("point.unit.hint")}
        value={unit}
        onInput={setUnit}
      />
      <TextField label={t("point.description")} value={description} onInput={setDescription} />
      {numeric && <LimitFields texts={texts} onChange={setTexts} />}
      <Labels rows={labels} onChange={setLabels} />
      <TypeField value={type} onChange={setType} />
    </Dialog>
  );
}

async function rename(from: string, to: string): Promise<void> {
  await command("PATCH", addressOf(from), { path: to });
  goTo(pointAddress(to), true);
  void refreshTree();
}

const complain = (error: Problem): void => tell({ text: problemText(error), bad: true });

export function RenameDialog({ point, onClose }: { point: Point; onClose: () => void }) {
  const [path, setPath] = useState(point.path);
  const { busy, problem, run } = useCommand();
  const submit = () =>
    run(async () => {
      const before = point.path;
      await rename(before, path);
      tell({
        text: t("point.renamed", { path }),
        action: { text: t("undo"), run: () => void rename(path, before).catch(complain) },
      });
      onClose();
    });
  return (
    <Dialog
      title={t("point.rename")}
      text={t("point.rename.text")}
      submit={t("point.rename.submit")}
      busy={busy}
      disabled={path.trim() === "" || path === point.path}
      onSubmit={submit}
      onClose={onClose}
    >
      <Trouble problem={problem} />
      <TextField label={t("point.path")} value={path} mono onInput={setPath} />
    </Dialog>
  );
}

async function createAgain(point: Point): Promise<void> {
  const { path, type, unit, description, labels, limits } = point;
  await command("POST", "/v1/points", { path, type, unit, description, labels, limits });
  goTo(pointAddress(path));
  void refreshTree();
}

export function RetireDialog({ point, onClose }: { point: Point; onClose: () => void }) {
  const { busy, problem, run } = useCommand();
  const submit = () =>
    run(async () => {
      await command("DELETE", addressOf(point.path));
      tell({
        text: t("point.retired", { path: point.path }),
        action: {
          text: t("point.create_again"),
          run: () => void createAgain(point).catch(complain),
        },
      });
      onClose();
      goTo(routeAddress("points"));
      void refreshTree();
    });
  return (
    <Dialog
      title={t("point.retire")}
      text={t("point.retire.text", { path: point.path })}
      submit={t("point.retire.submit")}
      danger
      busy={busy}
      onSubmit={submit}
      onClose={onClose}
    >
      <Trouble problem={problem} />
    </Dialog>
  );
}
