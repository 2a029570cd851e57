/** Tenants and their quotas as the server tells them (docs/http.md, People and rights). */
import { command } from "./http";

export const QUOTAS = [
  "points",
  "points_per_second",
  "values_per_second",
  "connections",
  "storage_bytes",
  "queries_at_once",
] as const;
export type QuotaName = (typeof QUOTAS)[number];

export interface Quota {
  used: number;
  /** null: no limit of its own. */
  most: number | null;
  refused: number;
}
export type Quotas = Record<QuotaName, Quota>;
export type Limits = Record<QuotaName, number | null>;

export interface Tenant {
  name: string;
  number: number;
  title: string | null;
  state: "active" | "suspended" | "deleted";
  created: string | null;
  users: number;
  devices: number;
  accounts: number;
  roles: number;
  shares_given: number;
  shares_taken: number;
  quotas: Quotas;
}

export interface Certificate {
  tenant: string;
  number: number;
  title: string | null;
  went: string | null;
  deleted: { entry: number; position: number; time: string; actor: string; chain: string } | null;
  erasure: {
    number: number;
    points: number;
    complete: boolean;
    position: number;
    position_last: number;
    time: string;
  } | null;
  state: "done" | "under way";
  audit: { count: number; head: string };
}

/** Who runs the server; it can be neither suspended nor deleted. */
export const HOUSE = "main";
const NEAR = 0.8;

export type Level = "none" | "calm" | "near" | "over";

export function levelOf({ used, most }: Quota): Level {
  if (most === null) return "none";
  return used >= most ? "over" : used >= most * NEAR ? "near" : "calm";
}

/** The fullest of them that is near or over, if there is one. */
export function tightest(quotas: Quotas): QuotaName | null {
  const share = (name: QuotaName) => quotas[name].used / (quotas[name].most ?? Infinity);
  const tight = QUOTAS.filter((name) => ["near", "over"].includes(levelOf(quotas[name])));
  return tight.sort((a, b) => share(b) - share(a))[0] ?? null;
}

const STEPS: Record<string, number> = { "": 0, k: 1, m: 2, g: 3, t: 4 };

/** What was typed as a limit: null for nothing, undefined for what is none. 10k is 10,000; of storage 10 GiB. */
export function limitFrom(text: string, quota: QuotaName): number | null | undefined {
  const plain = text.replace(/[\s,_]/g, "").toLowerCase();
  if (plain === "") return null;
  const found = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/.exec(plain);
  if (!found) return undefined;
  const step = quota === "storage_bytes" ? 1024 : 1000;
  const value = Number(found[1]) * step ** (STEPS[found[2] ?? ""] ?? 0);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** As it is typed again: storage in the largest unit that says it whole. */
export function limitText(most: number | null, quota: QuotaName): string {
  if (most === null) return "";
  if (quota !== "storage_bytes") return String(most);
  const units = ["", " KiB", " MiB", " GiB", " TiB"];
  let step = 0;
  let value = most;
  while (value > 0 && value % 1024 === 0 && step < units.length - 1) {
    value /= 1024;
    step++;
  }
  return `${value}${units[step]}`;
}

export const tenantAddress = (name: string): string => `/v1/tenants/${encodeURIComponent(name)}`;

export interface TenantAnswer {
  tenant: Tenant | null;
}
export const makeTenant = (body: object) => command<TenantAnswer>("POST", "/v1/tenants", body);
export const changeTenant = (name: string, body: object) =>
  command<TenantAnswer>("PATCH", tenantAddress(name), body);
export const deleteTenant = (name: string) => command<TenantAnswer>("DELETE", tenantAddress(name));
