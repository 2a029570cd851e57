/** Entries of the audit as the server tells them, and the same as CSV. */

export interface AuditEntry {
  number: number;
  position: number;
  time: string;
  wall_ns: string;
  tenant: string | null;
  tenant_number: number;
  account: number;
  door: "none" | "mqtt" | "http" | "control" | "server";
  actor: string;
  address: string;
  action: string;
  object: string;
  detail: string;
  outcome: string;
  chain: string;
}

export interface AuditCheck {
  whole: boolean;
  count: number;
  oldest: number;
  /** The first entry that does not follow, or is missing. */
  broken: number | null;
  head: string;
}

const COLUMNS = [
  "number",
  "time",
  "tenant",
  "actor",
  "door",
  "address",
  "action",
  "object",
  "detail",
  "outcome",
  "position",
  "chain",
] as const;

/** RFC 4180. A text that a spreadsheet would take for a formula begins with an apostrophe. */
function cellOf(value: string | number | null): string {
  if (typeof value === "number") return String(value);
  const text = value ?? "";
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** lines: NDJSON, as /v1/audit/export gives it. */
export function auditCsv(lines: string): string {
  const rows = lines
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditEntry);
  const table = rows.map((entry) => COLUMNS.map((name) => cellOf(entry[name])).join(","));
  return [COLUMNS.join(","), ...table, ""].join("\r\n");
}
