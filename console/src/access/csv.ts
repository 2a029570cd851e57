/**
 * Devices as rows of a file: read here, so that rows can be shown before they are sent, a file of any length goes in
 * parts, and what a spreadsheet writes (semicolons, tabs, another encoding) is understood.
 */
export const COLUMNS = ["name", "role", "branch", "password", "fingerprint"] as const;

export interface Sheet {
  head: string[];
  rows: { line: number; fields: string[] }[];
}

/** UTF-8; else what Chinese spreadsheets write. */
export function decodeSheet(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/** Of the head: a comma unless only another one is there. */
function separatorOf(text: string): string {
  const head = text.split(/\r?\n/, 1)[0] ?? "";
  return [",", ";", "\t"].find((mark) => head.includes(mark)) ?? ",";
}

/** RFC 4180; lines are counted from 1, as an editor does. Lines without a letter are passed over. */
export function readSheet(text: string): Sheet {
  const mark = separatorOf(text);
  const rows: Sheet["rows"] = [];
  let fields: string[] = [];
  let field = "";
  let quoted = false;
  let line = 1;
  let begun = 1;
  const endField = () => {
    fields.push(field.trim());
    field = "";
  };
  const endRow = () => {
    endField();
    if (fields.some((part) => part !== "")) rows.push({ line: begun, fields });
    fields = [];
    begun = line;
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string;
    if (letter === "\n") line++;
    if (quoted && letter === '"' && text[at + 1] === '"') {
      field += letter;
      at++;
    } else if (letter === '"' && (quoted || field.trim() === "")) quoted = !quoted;
    else if (quoted) field += letter;
    else if (letter === mark) endField();
    else if (letter === "\n") endRow();
    else if (letter !== "\r") field += letter;
  }
  if (field !== "" || fields.length > 0) endRow();
  const head = (rows.shift()?.fields ?? []).map((name) => name.toLowerCase());
  return { head, rows };
}

/** What is wrong with the head; nothing: it can be sent. */
export function headFault(
  head: string[],
): { kind: "name" } | { kind: "other"; column: string } | undefined {
  const other = head.find((name) => !(COLUMNS as readonly string[]).includes(name));
  if (other !== undefined) return { kind: "other", column: other };
  return head.includes("name") ? undefined : { kind: "name" };
}

const csvField = (text: string): string =>
  /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
export const csvLine = (fields: string[]): string => `${fields.map(csvField).join(",")}\n`;

/** Rows as they are sent, and of which line of the file each line of it is. */
export function sheetPart(
  head: string[],
  rows: Sheet["rows"],
): { body: string; lines: Map<number, number> } {
  const lines = new Map<number, number>();
  let body = csvLine(head);
  let line = 2;
  for (const row of rows) {
    lines.set(line, row.line);
    const text = csvLine(row.fields);
    line += text.split("\n").length - 1;
    body += text;
  }
  return { body, lines };
}

export interface RowResult {
  line: number;
  name: string;
  /** unknown: the answer was lost on the way. */
  outcome: "done" | "refused" | "unknown";
  token: string;
  code: string;
  detail: string;
}

/** Told apart from formulas by whoever opens it in a spreadsheet: a name may begin with = + - @. */
const inert = (text: string): string => (/^[=+\-@\t]/.test(text) ? `'${text}` : text);

/** For the drawer: a file with what was told once. */
export function resultsFile(results: RowResult[]): string {
  const head = csvLine(["line", "name", "outcome", "token", "code", "detail"]);
  return (
    "\ufeff" +
    head +
    results
      .map(({ line, name, outcome, token, code, detail }) =>
        csvLine([String(line), inert(name), outcome, token, code, detail]),
      )
      .join("")
  );
}
