/** Alarms, their journal and statistics, and what is done about them, as docs/http.md has it. */
import { command, get, withQuery } from "./http";
import type { Value } from "./types";

export const PRIORITIES = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** The states of ISA-18.2, by the words that the server has for them with _ for blanks. */
export const STATES = [
  "unacknowledged",
  "acknowledged",
  "returned_unacknowledged",
  "latched_unacknowledged",
  "latched_acknowledged",
  "shelved",
  "suppressed_by_design",
  "out_of_service",
  "normal",
] as const;
export type AlarmState = (typeof STATES)[number];

export interface Alarm {
  alarm: number;
  state: string;
  letter: string;
  priority: number;
  kind: string;
  rule: string;
  title: string | null;
  path: string | null;
  asset: string | null;
  value: Value;
  unit: string | null;
  limit: Value;
  why: string | null;
  raised: string | null;
  changed: string | null;
  count: number;
  chattering: string | null; // since when: held active, its changes are counted
  changes: number;
  first_out: boolean;
  acknowledged_by: string | null;
  acknowledged: string | null;
  assignee: string | null;
  comment: string | null;
  shelved_until: string | null;
}

export interface AlarmEntry {
  entry: number;
  alarm: number;
  path: string | null;
  rule: string | null;
  title: string | null;
  event: string;
  state: string;
  state_before: string;
  priority: number;
  kind: string;
  value: Value;
  time: string | null;
  arrived: string | null;
  who: string | null;
  text: string | null;
  late: boolean;
  told: boolean;
  first_out: boolean;
  position: number;
}

/** As the live connection tells it. */
export interface LiveEntry {
  entry: number;
  alarm: number;
  path: string | null;
  rule?: string;
  title?: string;
  kind: string;
  event: string;
  state: string;
  priority: number;
  value?: Value;
  time: string | null;
  arrived: string | null;
  told: boolean;
  late: boolean;
  who?: string;
  text?: string;
}

export interface AlarmCounts {
  active: number;
  unacknowledged: number;
  shelved: number;
  suppressed: number;
  out_of_service: number;
  stale: number;
  by_priority: number[];
}

export interface AlarmList {
  alarms: Alarm[];
  counts: AlarmCounts;
  next: string | null;
}

export interface AlarmDocument {
  name: string;
  title: string | null;
  media?: string;
}

export interface AlarmWhole extends Alarm {
  cause: string | null;
  consequence: string | null;
  response: string | null;
  documents: (AlarmDocument | string)[];
  entries: AlarmEntry[];
}

/** As it is asked for: names as in the address, several of one name as a list. */
export type AlarmQuery = Record<string, string | string[]>;

export function manyQuery(address: string, query: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined && one !== "") parameters.append(name, String(one));
  const text = parameters.toString();
  return text ? `${address}?${text}` : address;
}

export const askAlarms = (
  query: AlarmQuery,
  limit: number,
  after: string | number | null,
  signal?: AbortSignal,
): Promise<AlarmList> =>
  get<AlarmList>(manyQuery("/v1/alarms", { ...query, limit, after }), signal);

export const askAlarm = (alarm: number | string, signal?: AbortSignal): Promise<AlarmWhole> =>
  get<AlarmWhole>(`/v1/alarms/${alarm}`, signal);

export type Act =
  | "acknowledge"
  | "unacknowledge"
  | "reset"
  | "shelve"
  | "unshelve"
  | "suppress"
  | "unsuppress"
  | "remove_from_service"
  | "return_to_service"
  | "comment"
  | "assign";

/** Which alarms: by number, or all that a filter lets through. */
export type Which = { alarms: number[] } | { filter: AlarmQuery };

export interface Acted {
  done: number;
  passed_over: number;
  undo_until: string | null;
  position?: number;
}

export interface ActMore {
  comment?: string;
  for?: string;
  assignee?: string;
}

/** Of one command; more are several. */
export const ACT_MOST = 1000;

/** Does it with as many commands as that needs; what was done before one is refused stays done. */
export async function act(deed: Act, which: Which, more: ActMore = {}): Promise<Acted> {
  const send = (part: Which) =>
    command<Acted>("POST", "/v1/alarms-act", { act: deed, ...part, ...more });
  if ("filter" in which) return send(which);
  const sum: Acted = { done: 0, passed_over: 0, undo_until: null };
  for (let from = 0; from < which.alarms.length; from += ACT_MOST) {
    const part = await send({ alarms: which.alarms.slice(from, from + ACT_MOST) });
    sum.done += part.done;
    sum.passed_over += part.passed_over;
    sum.undo_until = part.undo_until ?? sum.undo_until;
  }
  return sum;
}

export interface JournalQuery {
  from?: string;
  to?: string;
  match?: string;
  priority?: string[];
  rule?: string;
  alarm?: string;
  event?: string;
}

export const askJournal = (
  query: JournalQuery,
  limit: number,
  after: string | number | null,
  signal?: AbortSignal,
): Promise<{ entries: AlarmEntry[]; next: string | null }> =>
  get(manyQuery("/v1/alarm-journal", { ...query, limit, after }), signal);

export interface AlarmStatistics {
  from: string;
  to: string;
  raised: number;
  per_10_minutes: { mean: number; most: number; at: string | null };
  floods: { from: string; to: string; alarms: number }[];
  chattering: { path: string | null; rule: string; times: number }[];
  /** for: in seconds, or as a span. */
  standing: { alarm: number; path: string | null; rule: string; for: number | string }[];
  stale: number;
  top: { path: string | null; rule: string; times: number }[];
  acknowledge: { median: number | string | null; p90: number | string | null };
  by_priority: number[];
  by_shift: { from: string; to: string; raised: number; most_in_10_minutes: number }[];
  series: { time: string; raised: number }[];
}

export const askStatistics = (
  query: { from: string; to: string; match: string; shift: string },
  signal: AbortSignal,
): Promise<AlarmStatistics> => get(withQuery("/v1/alarm-statistics", query), signal, 60_000);

export interface Handover {
  note?: number;
  branch: string;
  author: string | null;
  written: string | null;
  text: string;
}

export const askHandovers = (
  branch: string,
  after: string | number | null,
  signal: AbortSignal,
): Promise<{ handovers: Handover[]; next: string | null }> =>
  get(withQuery("/v1/handovers", { branch, after, limit: 100 }), signal);

export const addHandover = (branch: string, text: string): Promise<unknown> =>
  command("POST", "/v1/handovers", { branch, text });

/** Of each alarm below an asset that was not normal at a time the last entry up to it. */
export const askStood = async (
  under: string,
  stood: string,
  limit: number,
  signal?: AbortSignal,
): Promise<AlarmEntry[]> =>
  (
    await get<{ entries: AlarmEntry[] }>(
      withQuery("/v1/alarm-journal", { under, stood, limit }),
      signal,
    )
  ).entries;
