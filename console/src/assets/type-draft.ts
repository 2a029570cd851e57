/** A type as it is edited: what it says itself, beside what it has from its parents. Pure. */
import type { AssetType, Level, TypeAttribute, TypeBrief, TypeMetric } from "../api/assets";
import type { LimitKind, Limits } from "../api/types";

export const LIMIT_KINDS: LimitKind[] = ["low_low", "low", "high", "high_high"];

export interface AttributeDraft {
  name: string;
  type: string;
  unit: string;
  value: string;
  required: boolean;
}
export interface MetricDraft {
  name: string;
  type: string;
  unit: string;
  description: string;
  limits: Record<LimitKind, string>;
  deadband: string;
}
export interface TypeDraft {
  name: string;
  title: string;
  parent: string;
  level: Level | "";
  attributes: AttributeDraft[];
  metrics: MetricDraft[];
}

export const attributeEmpty: AttributeDraft = {
  name: "",
  type: "string",
  unit: "",
  value: "",
  required: false,
};
export const metricEmpty: MetricDraft = {
  name: "",
  type: "float64",
  unit: "",
  description: "",
  limits: { low_low: "", low: "", high: "", high_high: "" },
  deadband: "",
};
export const typeEmpty: TypeDraft = {
  name: "",
  title: "",
  parent: "",
  level: "",
  attributes: [],
  metrics: [],
};

const textOf = (value: number | null | undefined): string =>
  value === null || value === undefined ? "" : String(value);

export const attributeDraft = (attribute: TypeAttribute): AttributeDraft => ({
  name: attribute.name,
  type: attribute.type,
  unit: attribute.unit ?? "",
  value: textOf(attribute.value as never),
  required: attribute.required,
});

export const metricDraft = (metric: TypeMetric): MetricDraft => ({
  name: metric.name,
  type: metric.type,
  unit: metric.unit ?? "",
  description: metric.description ?? "",
  limits: Object.fromEntries(
    LIMIT_KINDS.map((kind) => [kind, textOf(metric.limits?.[kind])]),
  ) as Record<LimitKind, string>,
  deadband: metric.deadband ? String(metric.deadband) : "",
});

export const typeDraft = (type: AssetType): TypeDraft => ({
  name: type.name,
  title: type.title ?? "",
  parent: type.parent ?? "",
  level: type.level ?? "",
  attributes: type.attributes.map(attributeDraft),
  metrics: type.metrics.map(metricDraft),
});

/** What its parents say that it does not: shown beside, not edited here. */
export function inheritedOf<T extends { name: string }>(above: T[], own: { name: string }[]): T[] {
  const names = new Set(own.map(({ name }) => name.trim()));
  return above.filter(({ name }) => !names.has(name));
}

export type TypeFault =
  | { kind: "name" }
  | { kind: "item"; name: string }
  | { kind: "twice"; name: string }
  | { kind: "number"; name: string }
  | { kind: "order"; name: string };

const numberOf = (text: string): number | null => (text.trim() === "" ? null : Number(text));

/** Limits rise from low-low to high-high. */
function limitsFault({ name, limits, deadband }: MetricDraft): TypeFault | undefined {
  const numbers = LIMIT_KINDS.map((kind) => numberOf(limits[kind]));
  const all = [...numbers, numberOf(deadband)];
  if (all.some((value) => value !== null && !Number.isFinite(value)))
    return { kind: "number", name };
  if ((numberOf(deadband) ?? 0) < 0) return { kind: "number", name };
  const said = numbers.filter((value): value is number => value !== null);
  return said.some((value, at) => at > 0 && value <= (said[at - 1] as number))
    ? { kind: "order", name }
    : undefined;
}

function twice(items: { name: string }[]): string | undefined {
  const names = items.map(({ name }) => name.trim());
  return names.find((name, at) => names.indexOf(name) !== at);
}

/** The first thing that is wrong with it by itself; the server's dry run says the rest. */
export function typeFault(draft: TypeDraft): TypeFault | undefined {
  if (draft.name.trim() === "" || draft.name.includes("/")) return { kind: "name" };
  for (const items of [draft.attributes, draft.metrics]) {
    if (items.some(({ name }) => name.trim() === "")) return { kind: "item", name: "" };
    const again = twice(items);
    if (again !== undefined) return { kind: "twice", name: again };
  }
  for (const metric of draft.metrics) {
    const fault = limitsFault(metric);
    if (fault) return fault;
  }
  return undefined;
}

function limitsOf(limits: Record<LimitKind, string>): Limits {
  const said = LIMIT_KINDS.flatMap((kind) => {
    const value = numberOf(limits[kind]);
    return value === null ? [] : [[kind, value] as const];
  });
  return Object.fromEntries(said);
}

/** As PUT wants it. */
export function typeWords(draft: TypeDraft): Record<string, unknown> {
  return {
    title: draft.title.trim(),
    ...(draft.parent ? { parent: draft.parent } : {}),
    ...(draft.level ? { level: draft.level } : {}),
    attributes: draft.attributes.map(({ name, type, unit, value, required }) => ({
      name: name.trim(),
      type,
      ...(unit.trim() ? { unit: unit.trim() } : {}),
      ...(value.trim() ? { value: value.trim() } : {}),
      ...(required ? { required } : {}),
    })),
    metrics: draft.metrics.map(({ name, type, unit, description, limits, deadband }) => {
      const some = limitsOf(limits);
      const band = numberOf(deadband);
      return {
        name: name.trim(),
        type,
        ...(unit.trim() ? { unit: unit.trim() } : {}),
        ...(description.trim() ? { description: description.trim() } : {}),
        ...(Object.keys(some).length ? { limits: some } : {}),
        ...(band === null ? {} : { deadband: band }),
      };
    }),
  };
}

/** Each type below its parent, in the order of names; one whose parent is not here yet stands at the top. */
export function typesInOrder(types: TypeBrief[]): { type: TypeBrief; depth: number }[] {
  const names = new Set(types.map(({ name }) => name));
  const below = new Map<string, TypeBrief[]>();
  for (const type of types) {
    const above = type.parent !== null && names.has(type.parent) ? type.parent : "";
    below.set(above, [...(below.get(above) ?? []), type]);
  }
  const rows: { type: TypeBrief; depth: number }[] = [];
  const walk = (above: string, depth: number) => {
    const kinds = below.get(above) ?? [];
    below.delete(above);
    for (const type of kinds.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      rows.push({ type, depth });
      walk(type.name, depth + 1);
    }
  };
  walk("", 0);
  return rows;
}
