/** A rule as it is edited: texts of fields, and what is sent of them. Pure. */
import { KINDS } from "../api/rules";
import type { Rule, RuleDirection, RuleKind, RulePlace, RuleWords } from "../api/rules";
import { spanSeconds } from "./spans";

export interface RuleFields {
  name: string;
  title: string;
  enabled: boolean;
  kind: RuleKind;
  on: RulePlace;
  path: string;
  type: string;
  metric: string;
  priority: number;
  limit: string;
  deadband: string;
  span: string;
  direction: RuleDirection;
  reference: string;
  states: string;
  condition: string;
  on_delay: string;
  off_delay: string;
  latch: boolean;
  acknowledge: boolean;
  realarm: string;
  chatter: string;
  cause: string;
  consequence: string;
  response: string;
  group: string;
}

export const RULE_NEW: RuleFields = {
  name: "",
  title: "",
  enabled: true,
  kind: "high",
  on: "pattern",
  path: "",
  type: "",
  metric: "",
  priority: 3,
  limit: "",
  deadband: "",
  span: "",
  direction: "either",
  reference: "",
  states: "",
  condition: "",
  on_delay: "",
  off_delay: "",
  latch: false,
  acknowledge: true,
  realarm: "",
  chatter: "",
  cause: "",
  consequence: "",
  response: "",
  group: "",
};

const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? "" : String(value);
/** "0s" is none. */
const spanField = (value: string | null | undefined): string =>
  value && spanSeconds(value) !== 0 ? value : "";

export function fieldsOf(rule: Rule): RuleFields {
  return {
    ...RULE_NEW,
    name: rule.name,
    title: rule.title ?? "",
    enabled: rule.enabled ?? true,
    kind: rule.kind,
    on: rule.on,
    path: rule.path ?? "",
    type: rule.type ?? "",
    metric: rule.metric ?? "",
    priority: rule.priority ?? 3,
    limit: numberText(rule.limit),
    deadband: rule.deadband ? numberText(rule.deadband) : "",
    span: spanField(rule.span),
    direction: rule.direction ?? "either",
    reference: rule.reference ?? "",
    states: (rule.states ?? []).join(", "),
    condition: rule.condition ?? "",
    on_delay: spanField(rule.on_delay),
    off_delay: spanField(rule.off_delay),
    latch: rule.latch ?? false,
    acknowledge: rule.acknowledge ?? true,
    realarm: spanField(rule.realarm),
    chatter: rule.chatter === undefined || rule.chatter === null ? "" : String(rule.chatter),
    cause: rule.cause ?? "",
    consequence: rule.consequence ?? "",
    response: rule.response ?? "",
    group: rule.group ?? "",
  };
}

/** Which fields a kind has beside those that all have. */
const KIND_FIELDS: Record<RuleKind, readonly (keyof RuleFields)[]> = {
  high_high: ["limit", "deadband"],
  high: ["limit", "deadband"],
  low: ["limit", "deadband"],
  low_low: ["limit", "deadband"],
  rate: ["limit", "span", "direction", "deadband"],
  deviation: ["limit", "reference", "span", "deadband"],
  state: ["states"],
  stale: ["span"],
  expression: ["condition"],
  channel: [],
};
/** Those of them that must be said. A limit that is not said is the point's own. */
const KIND_WANTS: Record<RuleKind, readonly (keyof RuleFields)[]> = {
  high_high: [],
  high: [],
  low: [],
  low_low: [],
  rate: ["limit", "span"],
  deviation: ["limit"],
  state: ["states"],
  stale: ["span"],
  expression: ["condition"],
  channel: [],
};
export const hasField = (kind: RuleKind, name: keyof RuleFields): boolean =>
  KIND_FIELDS[kind].includes(name);

const NUMBERS = ["limit", "deadband"] as const;
const SPANS = ["span", "on_delay", "off_delay", "realarm"] as const;

export const numberOf = (text: string): number | undefined => {
  const words = text.trim().replace(",", ".");
  const value = Number(words);
  return words !== "" && Number.isFinite(value) ? value : undefined;
};

export const statesOf = (text: string): number[] | undefined => {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const values = words.map((word) => (word === "true" ? 1 : word === "false" ? 0 : numberOf(word)));
  return values.every((value) => value !== undefined) ? (values as number[]) : undefined;
};

/** Changes in a minute, more are chattering. */
export const chatterOf = (text: string): number | undefined => {
  const value = numberOf(text);
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 1000
    ? value
    : undefined;
};

export type RuleFlaw = "missing" | "number" | "whole" | "span" | "states" | "name";

/** What is wrong with each field, as far as it can be told here. */
export function flawsOf(fields: RuleFields): Partial<Record<keyof RuleFields, RuleFlaw>> {
  const flaws: Partial<Record<keyof RuleFields, RuleFlaw>> = {};
  const shown = (name: keyof RuleFields) =>
    !(name in { limit: 1, deadband: 1, span: 1 }) || hasField(fields.kind, name);
  if (!fields.name.trim()) flaws.name = "missing";
  else if (!/^[A-Za-z0-9_.-]{1,128}$/.test(fields.name.trim())) flaws.name = "name";
  for (const name of NUMBERS)
    if (shown(name) && fields[name].trim() && numberOf(fields[name]) === undefined)
      flaws[name] = "number";
  for (const name of SPANS)
    if (shown(name) && fields[name].trim() && spanSeconds(fields[name]) === undefined)
      flaws[name] = "span";
  if (fields.chatter.trim() && chatterOf(fields.chatter) === undefined) flaws.chatter = "whole";
  if (fields.kind === "state" && statesOf(fields.states) === undefined) flaws.states = "states";
  for (const name of KIND_WANTS[fields.kind])
    if (String(fields[name]).trim() === "") flaws[name] = "missing";
  if (fields.on === "type") {
    if (!fields.type.trim()) flaws.type = "missing";
    if (!fields.metric.trim()) flaws.metric = "missing";
  } else if (fields.kind !== "channel" && !fields.path.trim()) flaws.path = "missing";
  return flaws;
}

/** What is sent: only what belongs to the kind and place, and what is said. */
export function wordsOf(fields: RuleFields): RuleWords {
  const { kind, on } = fields;
  const words: RuleWords = {
    kind,
    on,
    enabled: fields.enabled,
    priority: fields.priority,
    latch: fields.latch,
    acknowledge: fields.acknowledge,
  };
  const has = (name: keyof RuleFields) => hasField(kind, name);
  for (const name of ["title", "cause", "consequence", "response", "group"] as const)
    if (fields[name].trim()) words[name] = fields[name].trim();
  if (on === "type") {
    words.type = fields.type.trim();
    words.metric = fields.metric.trim();
  } else if (kind !== "channel") words.path = fields.path.trim();
  for (const name of NUMBERS) {
    const value = numberOf(fields[name]);
    if (has(name) && value !== undefined) words[name] = value;
  }
  for (const name of SPANS)
    if ((name !== "span" || has("span")) && fields[name].trim()) words[name] = fields[name].trim();
  const chatter = chatterOf(fields.chatter);
  if (chatter !== undefined) words.chatter = chatter;
  if (has("direction")) words.direction = fields.direction;
  if (has("reference") && fields.reference.trim()) words.reference = fields.reference.trim();
  if (has("states")) words.states = statesOf(fields.states) ?? [];
  if (has("condition")) words.condition = fields.condition;
  return words;
}

/** Where a rule can stand: of nothing in particular only what looks at several points, or at none. */
export const placesOf = (kind: RuleKind): readonly RulePlace[] =>
  kind === "expression"
    ? ["point", "pattern", "type", "nothing"]
    : kind === "channel"
      ? ["nothing"]
      : ["point", "pattern", "type"];

/** The rule of dead channels makes itself: none becomes one, and it becomes no other. */
export const kindsOf = (kind: RuleKind): readonly RuleKind[] =>
  kind === "channel" ? [kind] : KINDS.filter((other) => other !== "channel");
