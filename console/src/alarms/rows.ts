/** A list of alarms while it is looked at: what comes live changes rows where they stand. Pure. */
import type { Alarm, LiveEntry } from "../api/alarms";
import { stateOf } from "./filter";

export interface Row {
  alarm: Alarm;
  /** It is normal again: it stays where it stands until the list is made anew. */
  gone: boolean;
}

export const rowsOf = (alarms: Alarm[]): Row[] => alarms.map((alarm) => ({ alarm, gone: false }));

/** What an entry says of its alarm: the rest of its row is told when the list is asked for again. */
function afterwards(alarm: Alarm, entry: LiveEntry): Alarm {
  const next: Alarm = { ...alarm, state: entry.state, changed: entry.arrived };
  const who = entry.who ?? null;
  const word = wordOf(entry.event);
  if (word === "acknowledge") return { ...next, acknowledged: entry.arrived, acknowledged_by: who };
  if (word === "unacknowledge") return { ...next, acknowledged: null, acknowledged_by: null };
  if (word === "comment") return { ...next, comment: entry.text ?? null };
  if (word === "assign") return { ...next, assignee: entry.text ?? null };
  return next;
}

const wordOf = (event: string): string => event.replaceAll(/[ -]/g, "_");
const isNormal = ({ state }: LiveEntry): boolean => stateOf(state) === "normal";

/** The same list when none of it changed. */
export function rowsChanged(rows: Row[], entries: readonly LiveEntry[]): Row[] {
  const news = new Map<number, LiveEntry[]>();
  // A late entry and a note move nothing.
  for (const entry of entries)
    if (entry.alarm > 0 && !entry.late)
      news.set(entry.alarm, [...(news.get(entry.alarm) ?? []), entry]);
  if (!rows.some(({ alarm }) => news.has(alarm.alarm))) return rows;
  return rows.map((row) => {
    const said = news.get(row.alarm.alarm);
    const last = said?.[said.length - 1];
    if (!said || !last) return row;
    if (isNormal(last)) return { ...row, gone: true };
    return { alarm: said.reduce(afterwards, row.alarm), gone: false };
  });
}

/** Alarms that are told of and are not in the list. */
export function newcomers(rows: readonly Row[], entries: readonly LiveEntry[]): Set<number> {
  const known = new Set(rows.map(({ alarm }) => alarm.alarm));
  const found = new Set<number>();
  for (const entry of entries) {
    if (known.has(entry.alarm) || entry.late || entry.alarm === 0) continue;
    if (isNormal(entry)) found.delete(entry.alarm);
    else found.add(entry.alarm);
  }
  return found;
}

/** More of a list whose order may have changed since: none stands in it twice. */
export function rowsJoined(rows: readonly Row[], more: readonly Alarm[]): Row[] {
  const known = new Set(rows.map(({ alarm }) => alarm.alarm));
  return [...rows, ...rowsOf(more.filter(({ alarm }) => !known.has(alarm)))];
}
