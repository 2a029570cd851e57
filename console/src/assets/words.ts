/** What is said of an asset itself, apart from what its type says. Pure. */
import type {
  Asset,
  AssetMetric,
  AssetType,
  AssetWords,
  Level,
  Place,
  Relation,
} from "../api/assets";
import type { LimitKind } from "../api/types";
import { formatValue } from "../format";
import { t } from "../i18n";

export interface AssetDraft {
  name: string;
  title: string;
  type: string;
  level: Level | "";
  branch: string;
  longitude: string;
  latitude: string;
  floor: string;
  planX: string;
  planY: string;
  attributes: Record<string, string>;
  bindings: Record<string, string>;
  relations: Relation[];
}

export const draftEmpty: AssetDraft = {
  name: "",
  title: "",
  type: "",
  level: "",
  branch: "",
  longitude: "",
  latitude: "",
  floor: "",
  planX: "",
  planY: "",
  attributes: {},
  bindings: {},
  relations: [],
};

const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? "" : String(value);

export function draftOf(asset: Asset): AssetDraft {
  const branch = asset.branch || asset.path;
  const own = asset.attributes.filter(({ from }) => !from);
  const bound = asset.metrics.filter(
    ({ name, point }) => point !== null && point !== `${branch}/${name}`,
  );
  const bindings =
    asset.bindings ?? Object.fromEntries(bound.map(({ name, point }) => [name, point as string]));
  return {
    name: asset.name,
    title: asset.title ?? "",
    type: asset.type ?? "",
    level: asset.level ?? "",
    branch: asset.branch === asset.path ? "" : (asset.branch ?? ""),
    longitude: numberText(asset.place?.longitude),
    latitude: numberText(asset.place?.latitude),
    floor: numberText(asset.place?.floor),
    planX: numberText(asset.place?.plan_x),
    planY: numberText(asset.place?.plan_y),
    attributes: Object.fromEntries(own.map(({ name, value }) => [name, value ?? ""])),
    bindings,
    relations: asset.relations,
  };
}

const numberIn = (text: string): number | null => (text.trim() === "" ? null : Number(text));

export type DraftFault =
  "name" | "place" | "longitude" | "latitude" | "floor" | "plan" | "required";

/** What is wrong with it, by field; required: attributes that the type wants and nobody says. */
export function draftFaults(draft: AssetDraft, type: AssetType | undefined): Set<DraftFault> {
  const faults = new Set<DraftFault>();
  if (draft.name.trim() === "" || /[/#+]/.test(draft.name)) faults.add("name");
  const wrong = (text: string, least: number, most: number): boolean => {
    const value = numberIn(text);
    return value !== null && !(value >= least && value <= most);
  };
  if (wrong(draft.longitude, -180, 180)) faults.add("longitude");
  if (wrong(draft.latitude, -90, 90)) faults.add("latitude");
  if ((draft.longitude.trim() === "") !== (draft.latitude.trim() === "")) faults.add("place");
  if (draft.floor.trim() !== "" && !Number.isInteger(Number(draft.floor))) faults.add("floor");
  const half = (draft.planX.trim() === "") !== (draft.planY.trim() === "");
  if (half || wrong(draft.planX, 0, 1) || wrong(draft.planY, 0, 1)) faults.add("plan");
  const missing = type?.attributes.some(
    ({ name, required, value }) => required && !value && !draft.attributes[name]?.trim(),
  );
  if (missing) faults.add("required");
  return faults;
}

function placeOf(draft: AssetDraft): Place | null {
  const place: Place = {
    longitude: numberIn(draft.longitude),
    latitude: numberIn(draft.latitude),
    floor: numberIn(draft.floor),
    plan_x: numberIn(draft.planX),
    plan_y: numberIn(draft.planY),
  };
  const known = Object.entries(place).filter(([, value]) => value !== null);
  return known.length ? (Object.fromEntries(known) as Place) : null;
}

const said = (words: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(words)
      .map(([name, text]) => [name, text.trim()] as const)
      .filter(([, text]) => text !== ""),
  );

/** All of it, as PUT wants it: what is left empty is the type's. */
export function wordsOf(draft: AssetDraft): AssetWords {
  const place = placeOf(draft);
  return {
    title: draft.title.trim(),
    ...(draft.type ? { type: draft.type } : {}),
    ...(draft.level ? { level: draft.level } : {}),
    ...(draft.branch.trim() ? { branch: draft.branch.trim() } : {}),
    ...(place ? { place } : {}),
    attributes: said(draft.attributes),
    bindings: said(draft.bindings),
    relations: draft.relations.filter(({ name, other }) => name.trim() && other.trim()),
  };
}

const LIMIT_KINDS: LimitKind[] = ["low_low", "low", "high", "high_high"];

/** Of its point, with the rule that looks at each; where there is none, or of then, those of the metric. */
export function limitWords({ limits, limits_in_force }: AssetMetric): string {
  return LIMIT_KINDS.flatMap((kind) => {
    const found = limits_in_force?.[kind];
    const limit = limits_in_force ? found?.limit : limits?.[kind];
    if (limit === undefined || limit === null) return [];
    const words = `${t(`limit.${kind}`)} ${formatValue(limit, "float64")}`;
    return [found?.rule ? `${words} (${found.rule})` : words];
  }).join(" · ");
}
