/** Alarms as a file for spreadsheets: RFC 4180. Pure. */
import type { Alarm } from "../api/alarms";

const COLUMNS = [
  "alarm",
  "priority",
  "state",
  "path",
  "asset",
  "rule",
  "title",
  "kind",
  "value",
  "unit",
  "limit",
  "why",
  "raised",
  "changed",
  "count",
  "acknowledged",
  "acknowledged_by",
  "assignee",
  "comment",
  "shelved_until",
] as const satisfies (keyof Alarm)[];

/** A text that a spreadsheet would take for a formula begins with an apostrophe. */
function cellOf(value: string | number | boolean | null | undefined): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = value ?? "";
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const ALARMS_HEAD = `${COLUMNS.join(",")}\r\n`;

export const alarmLines = (alarms: readonly Alarm[]): string =>
  alarms.map((alarm) => `${COLUMNS.map((name) => cellOf(alarm[name])).join(",")}\r\n`).join("");
