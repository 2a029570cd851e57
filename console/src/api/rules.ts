/** Alarm rules as docs/http.md has them. */
import { ask, command, get, withQuery } from "./http";
import type { Value } from "./types";

export const KINDS = [
  "high_high",
  "high",
  "low",
  "low_low",
  "rate",
  "deviation",
  "state",
  "stale",
  "expression",
  "channel",
] as const;
export type RuleKind = (typeof KINDS)[number];
export const PLACES = ["point", "pattern", "type", "nothing"] as const;
export type RulePlace = (typeof PLACES)[number];
export const DIRECTIONS = ["either", "rising", "falling"] as const;
export type RuleDirection = (typeof DIRECTIONS)[number];

/** What a rule says; what it does not say is missing or null. Spans are texts as "30s". */
export interface RuleWords {
  title?: string | null;
  enabled?: boolean;
  kind: RuleKind;
  on: RulePlace;
  path?: string | null;
  type?: string | null;
  metric?: string | null;
  priority?: number;
  limit?: number | null;
  deadband?: number | null;
  span?: string | null;
  direction?: RuleDirection | null;
  reference?: string | null;
  states?: number[] | null;
  condition?: string | null;
  on_delay?: string | null;
  off_delay?: string | null;
  latch?: boolean;
  acknowledge?: boolean;
  realarm?: string | null;
  chatter?: number | null; // changes in a minute; 0: any
  cause?: string | null;
  consequence?: string | null;
  response?: string | null;
  group?: string | null;
}

export interface Rule extends RuleWords {
  name: string;
  points: number | null; // null: one sees a part of its points
  alarms: number | null;
  unjudged: number | null; // points where its reference is no use
  too_late: number | null; // late values that it could not judge
  changed: string | null;
  author: string | null;
  /** Where it was asked for a point's. */
  wins?: boolean;
  why?: string;
}

export interface RuleList {
  rules: Rule[];
  walk_left?: number;
  next: string | null;
}

/** Where a condition is wrong: column counts from 1. */
export interface RuleFault {
  code: string;
  offset: number;
  line: number;
  column: number;
}

export interface RulePreview {
  times: number;
  points: number;
  examples: {
    path: string | null;
    from: string;
    to: string | null;
    value: Value;
    why: string | null;
  }[];
  cut: boolean;
}

const address = (name: string): string => `/v1/rules/${encodeURIComponent(name)}`;

export const askRules = (
  query: { contains?: string; path?: string; type?: string },
  after: string | number | null,
  signal: AbortSignal,
  limit = 100,
): Promise<RuleList> => get<RuleList>(withQuery("/v1/rules", { ...query, after, limit }), signal);

export const askRule = (name: string, signal: AbortSignal): Promise<Rule> =>
  get<Rule>(address(name), signal);
export const putRule = (name: string, words: RuleWords): Promise<unknown> =>
  command("PUT", address(name), words);
export const removeRule = (name: string): Promise<unknown> => command("DELETE", address(name));

const PREVIEW_MS = 60_000;
export const previewRule = (
  words: RuleWords,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<RulePreview> =>
  ask<RulePreview>("/v1/rules-preview", { ...words, from, to }, signal, PREVIEW_MS);
