/** A rule as a form, and beside it what it would have said of the past, before it is switched on. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { PRIORITIES } from "../api/alarms";
import { Problem } from "../api/http";
import { DIRECTIONS, PLACES, putRule, removeRule, type Rule, type RuleFault } from "../api/rules";
import { mayAnywhere } from "../api/session";
import { formatCount } from "../format";
import { tr } from "../i18n/rules";
import { SureDialog } from "../pages/access-parts";
import { DeedNote, useDeed } from "../pages/people-parts";
import { goTo, routeAddress } from "../router";
import { Choice, Field } from "../ui/dialog";
import { Badge, Button, Card } from "../ui/parts";
import { tell } from "../ui/toasts";
import { faultOf, faultyLine } from "./fault";
import { kindName, priorityName } from "./parts";
import { RulePreviewCard } from "./rule-preview";
import {
  fieldsOf,
  flawsOf,
  hasField,
  kindsOf,
  placesOf,
  RULE_NEW,
  wordsOf,
  type RuleFields,
} from "./rule-words";

type Change = (part: Partial<RuleFields>) => void;
interface Part {
  fields: RuleFields;
  change: Change;
  /** Why a field is wrong, once it was tried. */
  flaw: (name: keyof RuleFields) => string;
}

function Text(props: {
  part: Part;
  name: Exclude<keyof RuleFields, "enabled" | "latch" | "acknowledge" | "priority">;
  label: string;
  hint?: string;
  code?: boolean;
  placeholder?: string;
  rows?: number;
  disabled?: boolean;
}) {
  const { part, name } = props;
  const flaw = part.flaw(name);
  const common = {
    value: part.fields[name],
    class: props.code ? "mono" : "",
    spellcheck: !props.code,
    autocomplete: "off",
    placeholder: props.placeholder ?? "",
    disabled: props.disabled ?? false,
  } as const;
  const input = (event: { currentTarget: { value: string } }) =>
    part.change({ [name]: event.currentTarget.value });
  return (
    <Field
      label={props.label}
      {...(props.hint ? { hint: props.hint } : {})}
      {...(flaw ? { error: flaw } : {})}
    >
      {(id) =>
        props.rows ? (
          <textarea id={id} rows={props.rows} {...common} onInput={input} />
        ) : (
          <input id={id} {...common} onInput={input} />
        )
      }
    </Field>
  );
}

function Check(props: { label: string; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.value}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  );
}

/** A condition with the place marked where the server could not read on. */
function Condition(props: { part: Part; fault: RuleFault | null; why: string }) {
  const { part, fault } = props;
  const { condition } = part.fields;
  const wrong = fault && faultyLine(condition, fault);
  const flaw = part.flaw("condition");
  return (
    <>
      <Field
        label={tr("rules.condition")}
        hint={tr("rules.condition.hint")}
        {...(flaw ? { error: flaw } : {})}
      >
        {(id) => (
          <textarea
            id={id}
            class="mono condition"
            rows={4}
            spellcheck={false}
            autocomplete="off"
            aria-invalid={fault !== null}
            placeholder="plant/press-3/temp > 80 for 30s"
            value={condition}
            onInput={(event) => part.change({ condition: event.currentTarget.value })}
          />
        )}
      </Field>
      {wrong && (
        <div class="fault" role="alert">
          <p>{tr("rules.fault", { line: fault.line, column: fault.column })}</p>
          <pre tabIndex={0}>
            {wrong.before}
            <mark>{wrong.at || "\u2588"}</mark>
            {wrong.after}
          </pre>
          <p>{props.why}</p>
        </div>
      )}
    </>
  );
}

function Where({ part, isNew }: { part: Part; isNew: boolean }) {
  const { fields, change } = part;
  return (
    <fieldset class="rule-part">
      <legend>{tr("rules.part.where")}</legend>
      <div class="rule-fields">
        <Text
          part={part}
          name="name"
          label={tr("rules.name")}
          hint={tr("rules.name.hint")}
          code
          disabled={!isNew}
        />
        <Text part={part} name="title" label={tr("rules.label")} hint={tr("rules.label.hint")} />
        <Choice
          label={tr("rules.kind")}
          value={fields.kind}
          options={kindsOf(fields.kind).map((value) => ({ value, text: kindName(value) }))}
          onChange={(kind) =>
            change({
              kind,
              ...(placesOf(kind).includes(fields.on) ? {} : { on: "pattern" as const }),
            })
          }
        />
        <Choice
          label={tr("rules.on")}
          value={fields.on}
          options={PLACES.filter((place) => placesOf(fields.kind).includes(place)).map((value) => ({
            value,
            text: tr(`rules.on.${value}`),
          }))}
          onChange={(on) => change({ on })}
        />
        {fields.on === "type" ? (
          <>
            <Text part={part} name="type" label={tr("rules.type")} code />
            <Text part={part} name="metric" label={tr("rules.metric")} code />
          </>
        ) : (
          fields.kind !== "channel" && (
            <Text
              part={part}
              name="path"
              label={tr(`rules.path.${fields.on}`)}
              code
              placeholder={
                fields.on === "pattern" ? "plant/+/pump-*/temp" : "plant/line-1/pump-3/temp"
              }
            />
          )
        )}
      </div>
    </fieldset>
  );
}

function When(props: { part: Part; fault: RuleFault | null; why: string }) {
  const { part } = props;
  const { fields, change } = part;
  const has = (name: keyof RuleFields) => hasField(fields.kind, name);
  const isLimit = ["high_high", "high", "low", "low_low"].includes(fields.kind);
  return (
    <fieldset class="rule-part">
      <legend>{tr("rules.part.when")}</legend>
      {has("condition") && <Condition part={part} fault={props.fault} why={props.why} />}
      <div class="rule-fields">
        {has("limit") && (
          <Text
            part={part}
            name="limit"
            label={tr("rules.limit")}
            {...(isLimit ? { hint: tr("rules.limit.hint") } : {})}
          />
        )}
        {has("reference") && (
          <Text
            part={part}
            name="reference"
            label={tr("rules.reference")}
            hint={tr("rules.reference.hint")}
            code
          />
        )}
        {has("span") && (
          <Text
            part={part}
            name="span"
            label={tr(
              fields.kind === "stale"
                ? "rules.span.stale"
                : fields.kind === "rate"
                  ? "rules.span.rate"
                  : "rules.span.deviation",
            )}
            placeholder="5m"
          />
        )}
        {has("direction") && (
          <Choice
            label={tr("rules.direction")}
            value={fields.direction}
            options={DIRECTIONS.map((value) => ({ value, text: tr(`rules.direction.${value}`) }))}
            onChange={(direction) => change({ direction })}
          />
        )}
        {has("states") && (
          <Text
            part={part}
            name="states"
            label={tr("rules.states")}
            hint={tr("rules.states.hint")}
          />
        )}
        {has("deadband") && (
          <Text
            part={part}
            name="deadband"
            label={tr("rules.deadband")}
            hint={tr("rules.deadband.hint")}
          />
        )}
        <Text part={part} name="on_delay" label={tr("rules.on_delay")} placeholder="30s" />
        <Text part={part} name="off_delay" label={tr("rules.off_delay")} placeholder="30s" />
      </div>
    </fieldset>
  );
}

function What({ part }: { part: Part }) {
  const { fields, change } = part;
  return (
    <fieldset class="rule-part">
      <legend>{tr("rules.part.what")}</legend>
      <div class="rule-fields">
        <Choice
          label={tr("rules.priority")}
          value={String(fields.priority)}
          options={PRIORITIES.map((priority) => ({
            value: String(priority),
            text: priorityName(priority),
          }))}
          onChange={(priority) => change({ priority: Number(priority) })}
        />
        <Text part={part} name="realarm" label={tr("rules.realarm")} placeholder="1h" />
        <Text
          part={part}
          name="chatter"
          label={tr("rules.chatter")}
          hint={tr("rules.chatter.hint")}
          placeholder="10"
        />
        <Text part={part} name="group" label={tr("rules.group")} hint={tr("rules.group.hint")} />
      </div>
      <div class="checks">
        <Check
          label={tr("rules.latch")}
          value={fields.latch}
          onChange={(latch) => change({ latch })}
        />
        <Check
          label={tr("rules.acknowledge")}
          value={fields.acknowledge}
          onChange={(acknowledge) => change({ acknowledge })}
        />
      </div>
      <Text part={part} name="response" label={tr("rules.response")} rows={3} />
      <div class="rule-fields">
        <Text part={part} name="cause" label={tr("rules.cause")} rows={2} />
        <Text part={part} name="consequence" label={tr("rules.consequence")} rows={2} />
      </div>
    </fieldset>
  );
}

function conditionFault(error: unknown): { fault: RuleFault | null; why: string } {
  const fault = error instanceof Problem ? faultOf(error.body) : null;
  return { fault, why: fault && error instanceof Problem ? error.detail : "" };
}

export function RuleEditor(props: {
  rule: Rule | null;
  path?: string;
  onSaved: (name: string) => void;
}) {
  const { rule } = props;
  const [fields, setFields] = useState<RuleFields>(() =>
    rule
      ? fieldsOf(rule)
      : { ...RULE_NEW, path: props.path ?? "", on: props.path ? "point" : RULE_NEW.on },
  );
  const [tried, setTried] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [previewError, setPreviewError] = useState<unknown>();
  const [busy, error, run] = useDeed();
  const begun = useRef(JSON.stringify(fields));
  const flaws = flawsOf(fields);
  const isWrong = Object.keys(flaws).length > 0;
  const mayChange = mayAnywhere("configure");
  const changed = JSON.stringify(fields) !== begun.current;
  const part: Part = {
    fields,
    change: (next) => {
      setPreviewError(undefined);
      setFields({ ...fields, ...next });
    },
    flaw: (name) => {
      const flaw = flaws[name];
      return flaw && (tried || (flaw !== "missing" && fields[name] !== ""))
        ? tr(`rules.flaw.${flaw}`)
        : "";
    },
  };
  const said = conditionFault(error);
  const { fault, why } = said.fault ? said : conditionFault(previewError);
  const save = async (enabled: boolean) => {
    const name = fields.name.trim();
    await putRule(name, { ...wordsOf(fields), enabled });
    tell({ text: tr(enabled ? "rules.saved" : "rules.saved.off", { name }) });
    begun.current = JSON.stringify({ ...fields, enabled });
    props.onSaved(name);
  };
  const submit = (enabled: boolean) => {
    setTried(true);
    if (!isWrong) void run(() => save(enabled));
  };
  const toolsOf = (): ComponentChildren => (
    <div class="card-tools rule-tools">
      <Button submit kind="primary" icon="check" busy={busy} disabled={!changed && rule !== null}>
        {tr(fields.enabled ? "rules.save" : "rules.save.off")}
      </Button>
      <Button busy={busy} onClick={() => submit(!fields.enabled)}>
        {tr(fields.enabled ? "rules.switch.off" : "rules.switch.on")}
      </Button>
      {rule && (
        <Button icon="retire" onClick={() => setRemoving(true)}>
          {tr("rules.remove")}
        </Button>
      )}
    </div>
  );
  return (
    <div class="rule-columns">
      <Card>
        <form
          class="rule-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            submit(fields.enabled);
          }}
        >
          <fieldset disabled={!mayChange} class="rule-all">
            {rule !== null && (rule.unjudged ?? 0) > 0 && (
              <p class="hint" role="status">
                <Badge tone="warn" icon="warn">
                  {tr("rules.unjudged", {
                    count: rule.unjudged ?? 0,
                    shown: formatCount(rule.unjudged ?? 0),
                  })}
                </Badge>{" "}
                {tr("rules.unjudged.text")}
              </p>
            )}
            {rule !== null && (rule.too_late ?? 0) > 0 && (
              <p class="hint">{tr("rules.too_late", { shown: formatCount(rule.too_late ?? 0) })}</p>
            )}
            <Where part={part} isNew={rule === null} />
            <When part={part} fault={fault} why={why} />
            <What part={part} />
            {!said.fault && <DeedNote error={error} />}
            {tried && isWrong && (
              <p class="field-error" role="alert">
                {tr("rules.flawed")}
              </p>
            )}
            {mayChange && toolsOf()}
          </fieldset>
        </form>
      </Card>
      {fields.kind !== "channel" && (
        <RulePreviewCard
          words={
            isWrong && Object.keys(flaws).some((name) => name !== "name") ? null : wordsOf(fields)
          }
          onError={setPreviewError}
        />
      )}
      {removing && rule && (
        <SureDialog
          title={tr("rules.remove.title", { name: rule.name })}
          text={tr("rules.remove.text", { count: rule.alarms ?? "–" })}
          submit={tr("rules.remove")}
          deed={async () => {
            await removeRule(rule.name);
            tell({ text: tr("rules.removed", { name: rule.name }) });
            goTo(routeAddress("rules"));
          }}
          onClose={() => setRemoving(false)}
        />
      )}
    </div>
  );
}
