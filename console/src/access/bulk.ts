/**
 * Many devices at once: a file goes to the server in parts, so that there is progress and a way to stop. It goes on
 * while other pages are looked at, and what was told once stays until the page is loaded anew or it is put away.
 */
import { Store } from "../store";
import { Problem, sendText } from "../api/http";
import { sheetPart, type RowResult, type Sheet } from "./csv";

export interface BulkState {
  file: string;
  total: number;
  results: RowResult[];
  running: boolean;
  stopping: boolean;
  /** Nothing more is sent: what the server said to a whole part. */
  problem?: Problem;
  /** The tokens were taken away as a file. */
  saved: boolean;
}

export const bulk = new Store<BulkState | undefined>(undefined);

const PART_FIRST = 50;
const PART_MAX = 5000;
const PART_MS = 1000; /* what a part should take */
const PATIENCE_MS = 300_000; /* a password takes the server a tenth of a second */

/** How many rows next, after so many took so long. */
export function nextPart(rows: number, tookMs: number): number {
  const fitting = Math.round((rows * PART_MS) / Math.max(tookMs, 1));
  return Math.max(1, Math.min(PART_MAX, rows * 4, fitting));
}

export function readResults(answer: string, lines: Map<number, number>): RowResult[] {
  return answer
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as Partial<RowResult> & { last?: boolean })
    .filter(({ last }) => !last)
    .map(({ line = 0, name, outcome = "refused", token, code, detail }) => ({
      line: lines.get(line) ?? line,
      name: name ?? "",
      outcome,
      token: token ?? "",
      code: code ?? "",
      detail: detail ?? "",
    }))
    .sort((a, b) => a.line - b.line);
}

const change = (part: Partial<BulkState>): void => {
  const now = bulk.get();
  if (now) bulk.set({ ...now, ...part });
};

async function sendPart(sheet: Sheet, rows: Sheet["rows"]): Promise<RowResult[]> {
  const { body, lines } = sheetPart(sheet.head, rows);
  const answer = await sendText("/v1/devices/bulk", "text/csv", body, PATIENCE_MS);
  return readResults(answer, lines);
}

/** A part whose answer was lost is not sent again: its devices may be there, and their tokens are gone. */
function lostRows(sheet: Sheet, rows: Sheet["rows"]): RowResult[] {
  const at = sheet.head.indexOf("name");
  return rows.map(({ line, fields }) => ({
    line,
    name: fields[at] ?? "",
    outcome: "unknown",
    token: "",
    code: "",
    detail: "",
  }));
}

export async function startBulk(file: string, sheet: Sheet): Promise<void> {
  const { rows } = sheet;
  bulk.set({ file, total: rows.length, results: [], running: true, stopping: false, saved: false });
  let part = PART_FIRST;
  for (let from = 0; from < rows.length && !bulk.get()?.stopping;) {
    const some = rows.slice(from, from + part);
    const began = performance.now();
    const before = bulk.get()?.results ?? [];
    try {
      change({ results: [...before, ...(await sendPart(sheet, some))] });
    } catch (error) {
      const problem =
        error instanceof Problem ? error : new Problem(0, "console", "", String(error));
      const isLost = problem.away || problem.status >= 500;
      change({ problem, results: isLost ? [...before, ...lostRows(sheet, some)] : before });
      break;
    }
    from += some.length;
    part = nextPart(some.length, performance.now() - began);
  }
  change({ running: false });
}

export const stopBulk = (): void => change({ stopping: true });
