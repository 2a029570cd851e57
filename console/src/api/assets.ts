/** Assets, their types, the inbox, documents and boards, as docs/http.md has them. */
import { ask, command, get, pathAddress, withQuery } from "./http";
import type { LimitState, Limits, LimitsInForce, Value } from "./types";

export const LEVELS = ["enterprise", "site", "area", "line", "unit", "device"] as const;
export type Level = (typeof LEVELS)[number];

export interface Place {
  longitude?: number | null;
  latitude?: number | null;
  floor?: number | null;
  plan_x?: number | null;
  plan_y?: number | null;
}

export interface TypeBrief {
  name: string;
  title: string | null;
  parent: string | null;
  level: Level | null;
  assets: number | null; // null: one sees a part of the tenant
  kinds: number;
  version: number;
  changed: string;
}

/** from: the type that says so. */
export interface TypeAttribute {
  name: string;
  type: string;
  unit: string | null;
  value: string | null;
  required: boolean;
  from?: string | null;
}
export interface TypeMetric {
  name: string;
  type: string;
  unit: string | null;
  description: string | null;
  limits: Limits;
  deadband: number | null;
  from?: string | null;
}
export interface AssetType extends TypeBrief {
  attributes: TypeAttribute[];
  metrics: TypeMetric[];
  rules: string[];
}

export interface AssetBrief {
  path: string;
  name: string;
  title: string | null;
  level: Level | null;
  type: string | null;
  branch: string;
  parts: number;
  place: Place | null;
  changed: string;
}

export interface AssetAlarms {
  active: number;
  unacknowledged: number;
  priority: number | null;
}
export interface AssetChild {
  name: string;
  path: string;
  title: string | null;
  level: Level | null;
  type: string | null;
  /** null: one sees a part of its branch, or there are too many to look at each. */
  parts: number | null;
  points: number | null;
  alarms: AssetAlarms;
  stale: number;
}
export interface AssetTreeAnswer {
  path: string;
  children: AssetChild[];
  next: string | null;
}

export interface AssetAttribute {
  name: string;
  value: string | null;
  type: string;
  unit: string | null;
  from: string | null;
}
export interface AssetMetric {
  name: string;
  point: string | null;
  value: Value;
  type?: string;
  quality: string | null;
  time: string | null;
  unit: string | null;
  limits: Limits;
  /** Of its point, now; null: of then, or there is none. */
  limits_in_force: LimitsInForce | null;
  state: LimitState | null;
  from: string | null;
}
export interface Relation {
  name: string;
  other: string;
}
export interface Asset {
  path: string;
  asset: number;
  name: string;
  title: string | null;
  level: Level | null;
  type: string | null;
  branch: string;
  place: Place | null;
  version: number;
  changed: string;
  attributes: AssetAttribute[];
  metrics: AssetMetric[];
  /** Metrics whose point is elsewhere. */
  bindings?: Record<string, string>;
  relations: Relation[];
  /** Of others to it, the first thousand. */
  related: Relation[];
  related_more?: boolean;
  /** null: too many to look at each, for who sees a part of the tenant. */
  parts: number | null;
  retired: boolean;
  at?: string;
  /** With at: what it is called now; null: it is retired. */
  path_now?: string | null;
}
export interface AssetVersion {
  version: number;
  changed: string;
  author?: string | null;
  what: string[];
}

export interface Proposal {
  type: string;
  likeness: number;
}
export interface Waiting {
  prefix: string;
  metrics: string[];
  last_seen: string | null;
  proposals: Proposal[];
}

export interface Cluster {
  longitude: number;
  latitude: number;
  assets: number;
  alarms: number;
  priority: number | null;
  asset: string | null;
}

export interface Change {
  asset: string;
  what: string;
  before: string | null;
  after: string | null;
}
export interface TypeTrial {
  assets: number;
  points: number;
  changes: Change[];
  faults: (string | { asset?: string; detail: string })[];
}

/** What is said of an asset; attributes that it does not name are its type's. */
export interface AssetWords {
  title?: string;
  type?: string | null;
  level?: Level | null;
  branch?: string | null;
  place?: Place | null;
  attributes?: Record<string, string>;
  bindings?: Record<string, string>;
  relations?: Relation[];
  /** Where it moves to. */
  path?: string;
}

export interface Alarm {
  alarm: number;
  state: string;
  priority: number;
  title: string | null;
  path: string;
  asset: string | null;
  value: Value;
  unit: string | null;
  raised: string;
}

export const assetAddress = (path: string): string => `/v1/assets/${pathAddress(path)}`;
export const typeAddress = (name: string): string => `/v1/types/${encodeURIComponent(name)}`;

interface PageOf<T> {
  items: T[];
  next: string | null;
}
type After = string | number | null;
const LIST_PAGE = 200;

async function listOf<T>(
  noun: string,
  address: string,
  query: Record<string, string | number | null | undefined>,
  after: After,
  signal?: AbortSignal,
): Promise<PageOf<T>> {
  const asked = withQuery(address, { limit: LIST_PAGE, ...query, after });
  const answer = await get<Record<string, unknown>>(asked, signal);
  const next = answer["next"];
  return {
    items: (answer[noun] as T[] | undefined) ?? [],
    next: next === undefined || next === null ? null : String(next),
  };
}

export const askTypes = (after: After, signal: AbortSignal): Promise<PageOf<TypeBrief>> =>
  listOf("types", "/v1/types", {}, after, signal);

/** All of them: types are few, and a choice among them wants each. */
export async function allTypes(signal: AbortSignal): Promise<TypeBrief[]> {
  const items: TypeBrief[] = [];
  let after: After = null;
  do {
    const page: PageOf<TypeBrief> = await listOf(
      "types",
      "/v1/types",
      { limit: 1000 },
      after,
      signal,
    );
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return items;
}

export const askType = (name: string, own: boolean, signal: AbortSignal): Promise<AssetType> =>
  get(withQuery(typeAddress(name), { own: own || null }), signal);

export const askAssets = (
  query: { under?: string; contains?: string; type?: string },
  after: After,
  signal: AbortSignal,
): Promise<PageOf<AssetBrief>> => listOf("assets", "/v1/assets", query, after, signal);

export const askAsset = (path: string, at: string, signal: AbortSignal): Promise<Asset> =>
  get(withQuery(assetAddress(path), { at }), signal);

export const askVersions = (
  path: string,
  after: After,
  signal: AbortSignal,
): Promise<PageOf<AssetVersion>> =>
  listOf("versions", `/v1/asset-versions/${pathAddress(path)}`, { limit: 50 }, after, signal);

export const askInbox = (after: After, signal: AbortSignal): Promise<PageOf<Waiting>> =>
  listOf("inbox", "/v1/inbox", {}, after, signal);

export interface Adoption {
  adopted?: number;
  refused?: { prefix: string; detail: string }[];
}
export const adoptOne = (prefix: string, type: string, path: string): Promise<Adoption> =>
  command("POST", "/v1/inbox-adopt", { prefix, type, ...(path ? { path } : {}) });
/** Many have no key in common: what is adopted stays so, and adopting it again is refused. */
export const adoptMany = (prefixes: string[], type: string): Promise<Adoption> =>
  ask("/v1/inbox-adopt", { prefixes, type }, undefined, ADOPT_SILENCE_MS);
const ADOPT_SILENCE_MS = 60_000;

/** Is the text of a document searched, and why not? */
export type DocumentText =
  | "waiting"
  | "searched"
  | "part"
  | "picture"
  | "no_text"
  | "protected"
  | "damaged"
  | "limits"
  | "no_reader"
  | "unconfined";
export interface DocumentBrief {
  name: string;
  title: string | null;
  media: string;
  bytes: number;
  version: number;
  changed: string;
  author: string | null;
  text: DocumentText;
  attached: string[];
  snippet?: string;
}
export interface DocumentVersion {
  version: number;
  bytes: number;
  media?: string;
  changed: string;
  author: string | null;
}
export interface Document extends DocumentBrief {
  versions?: DocumentVersion[];
}

export const documentAddress = (name: string): string =>
  `/v1/documents/${encodeURIComponent(name)}`;
export const contentAddress = (name: string, version?: number): string =>
  withQuery(`/v1/document-content/${encodeURIComponent(name)}`, { version });

export const askDocuments = (
  query: { search?: string; attached?: string },
  after: After,
  signal: AbortSignal,
): Promise<PageOf<DocumentBrief>> =>
  listOf("documents", "/v1/documents", { limit: 100, ...query }, after, signal);

export interface BoardBrief {
  name: string;
  title: string | null;
  shared: boolean;
  owner: string | null;
  mine: boolean;
  changed: string;
}
export interface BoardWhole extends BoardBrief {
  widgets: unknown[];
}
export const boardAddress = (name: string): string => `/v1/boards/${encodeURIComponent(name)}`;
export const askBoards = (after: After, signal?: AbortSignal): Promise<PageOf<BoardBrief>> =>
  listOf("boards", "/v1/boards", {}, after, signal);
