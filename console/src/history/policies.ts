/** Policies: what becomes of samples. What a person types, and what the server says. Pure but for the questions. */
import { command, get, withQuery } from "../api/http";

export const TIERS = ["minute_s", "hour_s", "day_s"] as const;
export type Tier = (typeof TIERS)[number];

export interface PolicyRules {
  match: string;
  deadband: number;
  deadband_percent: number;
  /** 0: for ever. */
  retention_s: number;
  /** 0: for ever; null: there are none. */
  rollups: Record<Tier, number | null>;
  when_full: "keep" | "drop_oldest";
  priority: number;
}
export interface Policy extends PolicyRules {
  name: string;
  rank: number;
  made: string | null;
}
export interface PoliciesAnswer {
  policies: Policy[];
  /** Which one decides for the path that was asked for. */
  decides: { path: string; policy: string | null; why: string } | null;
}

export const askPolicies = (path: string, signal: AbortSignal): Promise<PoliciesAnswer> =>
  get(withQuery("/v1/policies", { path }), signal);

const addressOf = (name: string): string => `/v1/policies/${encodeURIComponent(name)}`;

export function rulesOf(policy: Policy): PolicyRules {
  const { match, deadband, deadband_percent, retention_s, rollups, when_full, priority } = policy;
  return { match, deadband, deadband_percent, retention_s, rollups, when_full, priority };
}

/** rank: where it is to stand; undefined: where it stands, or last. */
export const putPolicy = (name: string, rules: PolicyRules, rank?: number): Promise<unknown> =>
  command("PUT", addressOf(name), { ...rules, ...(rank === undefined ? {} : { rank }) });
export const movePolicy = (name: string, rank: number): Promise<unknown> =>
  command("PATCH", addressOf(name), { rank });
export const removePolicy = (name: string): Promise<unknown> => command("DELETE", addressOf(name));

export const RULES_FIRST: PolicyRules = {
  match: "",
  deadband: 0,
  deadband_percent: 0,
  retention_s: 0,
  rollups: { minute_s: null, hour_s: null, day_s: null },
  when_full: "keep",
  priority: 0,
};

const UNITS: [string, number][] = [
  ["y", 31_536_000],
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];
const KEEP_MOST_S = 31_536_000 * 1000;

/** "90d", or nothing for ever, as it is typed. */
export function keepText(seconds: number): string {
  if (seconds === 0) return "";
  const [unit, size] = UNITS.find(([, length]) => seconds % length === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** undefined: it is no length of time. */
export function keepOf(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "") return 0;
  const match = /^(\d{1,9})\s*([ywdhms])$/.exec(trimmed);
  const size = UNITS.find(([unit]) => unit === match?.[2])?.[1];
  const seconds = size && match ? Number(match[1]) * size : NaN;
  return seconds >= 1 && seconds <= KEEP_MOST_S ? seconds : undefined;
}

/** A number that is not below zero, as it is typed; undefined: it is none. */
export function amountOf(text: string, most = Infinity): number | undefined {
  const trimmed = text.trim();
  const amount = trimmed === "" ? 0 : Number(trimmed);
  return Number.isFinite(amount) && amount >= 0 && amount <= most ? amount : undefined;
}
