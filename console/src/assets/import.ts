/**
 * Assets from a file: tried as a whole first, then sent in parts, so that there is progress and a way to stop. It
 * goes on while other pages are looked at.
 */
import { csvLine, readSheet } from "../access/csv";
import { nextPart } from "../access/bulk";
import { Problem } from "../api/http";
import { upload } from "../api/upload";
import { Store } from "../store";

export type FileKind = "csv" | "lines" | "json";
export const MEDIA: Record<FileKind, string> = {
  csv: "text/csv",
  lines: "application/x-ndjson",
  json: "application/json",
};

export interface Refused {
  line?: number | null;
  path?: string | null;
  detail: string;
}
export interface ImportAnswer {
  made: number;
  changed: number;
  same: number;
  refused: Refused[];
}

/** A document of JSON begins with { and goes on past its line; lines of JSON are a document each. */
export function kindOf(name: string, text: string): FileKind {
  if (/\.(ndjson|jsonl)$/i.test(name)) return "lines";
  if (/\.csv$/i.test(name)) return "csv";
  const begin = text.trimStart();
  if (!begin.startsWith("{") && !begin.startsWith("[")) return "csv";
  const line = begin.split("\n", 1)[0] ?? "";
  try {
    JSON.parse(line);
    return begin.includes("\n") && begin.slice(line.length).trim() !== "" ? "lines" : "json";
  } catch {
    return "json";
  }
}

export interface Piece {
  body: string;
  rows: number;
  /** Which line of the file stands in the body's first row, and which in each of its lines. */
  lines: Map<number, number>;
}

const depthOf = (path: string): number => path.split("/").length;

/** Rows that can be sent apart: a parent before what is below it, whatever the file's order. */
export function rowsOf(kind: FileKind, text: string): { head: string; rows: Row[] } {
  if (kind === "json") return { head: "", rows: [] };
  if (kind === "lines") {
    const rows = text.split("\n").flatMap((body, at) => {
      if (body.trim() === "") return [];
      let path = "";
      try {
        path = (JSON.parse(body) as { path?: string }).path ?? "";
      } catch {
        path = "";
      }
      return [{ line: at + 1, body: `${body.trim()}\n`, depth: path ? depthOf(path) : 0 }];
    });
    return { head: "", rows: rows.sort((a, b) => a.depth - b.depth || a.line - b.line) };
  }
  const sheet = readSheet(text);
  const at = sheet.head.indexOf("path");
  const rows = sheet.rows.map(({ line, fields }) => ({
    line,
    body: csvLine(fields),
    depth: depthOf(fields[at] ?? ""),
  }));
  const names = readHead(text);
  return {
    head: csvLine(names),
    rows: rows.sort((a, b) => a.depth - b.depth || a.line - b.line),
  };
}

export interface Row {
  line: number;
  body: string;
  depth: number;
}

/** As it is written: names of attributes and metrics have capitals of their own. */
function readHead(text: string): string[] {
  const first = text.split("\n", 1)[0] ?? "";
  return readSheet(`${first}\n${text}`).rows[0]?.fields ?? [];
}

export function pieceOf(head: string, rows: Row[]): Piece {
  const lines = new Map<number, number>();
  let body = head;
  let line = head ? 2 : 1;
  for (const row of rows) {
    lines.set(line, row.line);
    body += row.body;
    line += row.body.split("\n").length - 1;
  }
  return { body, rows: rows.length, lines };
}

export interface ImportState {
  file: string;
  text: string;
  kind: FileKind;
  total: number;
  phase: "trying" | "tried" | "sending" | "done";
  /** Of the bytes that left, or of the rows that are in. */
  share: number;
  answer: ImportAnswer;
  stopping: boolean;
  problem?: Problem;
}

export const importing = new Store<ImportState | undefined>(undefined);
const nothing: ImportAnswer = { made: 0, changed: 0, same: 0, refused: [] };
const REFUSED_KEPT = 10_000;

const change = (part: Partial<ImportState>): void => {
  const now = importing.get();
  if (now) importing.set({ ...now, ...part });
};

export function addAnswers(
  before: ImportAnswer,
  next: ImportAnswer,
  lines: Map<number, number>,
): ImportAnswer {
  const refused = (next.refused ?? []).map((one) => ({
    ...one,
    line: one.line ? (lines.get(one.line) ?? one.line) : (one.line ?? null),
  }));
  return {
    made: before.made + (next.made ?? 0),
    changed: before.changed + (next.changed ?? 0),
    same: before.same + (next.same ?? 0),
    refused: [...before.refused, ...refused].slice(0, REFUSED_KEPT),
  };
}

const ADDRESS = "/v1/assets-import";
const PART_FIRST = 200;

const problemFrom = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, "console", "", String(error));

/** What would come of it: nothing is changed. */
export async function tryImport(file: string, text: string): Promise<void> {
  const kind = kindOf(file, text);
  const { head, rows } = rowsOf(kind, text);
  const whole = kind === "json" ? undefined : pieceOf(head, rows);
  importing.set({
    file,
    text,
    kind,
    total: rows.length,
    phase: "trying",
    share: 0,
    answer: nothing,
    stopping: false,
  });
  try {
    const answer = await upload<ImportAnswer>(
      "POST",
      `${ADDRESS}?dry_run=true`,
      MEDIA[kind],
      whole?.body ?? text,
      (share) => change({ share }),
    );
    change({ phase: "tried", answer: addAnswers(nothing, answer, whole?.lines ?? new Map()) });
  } catch (error) {
    change({ phase: "tried", problem: problemFrom(error) });
  }
}

async function sendWhole(state: ImportState): Promise<void> {
  const answer = await upload<ImportAnswer>(
    "POST",
    ADDRESS,
    MEDIA[state.kind],
    state.text,
    (share) => change({ share }),
  );
  change({ answer: addAnswers(nothing, answer, new Map()) });
}

async function sendParts(state: ImportState): Promise<void> {
  const { head, rows } = rowsOf(state.kind, state.text);
  let part = PART_FIRST;
  for (let from = 0; from < rows.length && !importing.get()?.stopping;) {
    const piece = pieceOf(head, rows.slice(from, from + part));
    const began = performance.now();
    const answer = await upload<ImportAnswer>(
      "POST",
      ADDRESS,
      MEDIA[state.kind],
      piece.body,
      () => undefined,
    );
    from += piece.rows;
    change({
      answer: addAnswers(importing.get()?.answer ?? nothing, answer, piece.lines),
      share: from / rows.length,
    });
    part = nextPart(piece.rows, performance.now() - began);
  }
}

export async function startImport(): Promise<void> {
  const state = importing.get();
  if (!state) return;
  importing.set({
    ...state,
    phase: "sending",
    share: 0,
    answer: nothing,
    stopping: false,
  });
  try {
    await (state.kind === "json" ? sendWhole(state) : sendParts(state));
  } catch (error) {
    change({ problem: problemFrom(error) });
  }
  change({ phase: "done" });
}

export const stopImport = (): void => change({ stopping: true });
