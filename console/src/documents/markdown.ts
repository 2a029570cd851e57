/**
 * Markdown as a tree of what it means, never as HTML: what looks like a tag is text, and a link leads only where a
 * link may. The part of CommonMark that procedures are written in: headings, paragraphs, lists, code, quotes,
 * tables, rules, emphasis, links. Pure.
 */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "emphasis"; parts: Inline[] }
  | { kind: "link"; address: string; parts: Inline[] };

export type Block =
  | { kind: "heading"; level: number; parts: Inline[] }
  | { kind: "paragraph"; parts: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "rule" }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; ordered: boolean; first: number; items: Block[][] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] };

const DEPTH_MAX = 12; /* of quotes and lists within each other */
const TEXT_MAX = 1_000_000;

/** Other web pages and places of this console; no script, no data, no file. */
export function safeAddress(address: string): string | null {
  const text = address.trim();
  if (/^https?:\/\//i.test(text) || /^mailto:[^\s]+@/i.test(text)) return text;
  return text.startsWith("#/") ? text : null;
}

const MARKS = /\\[\\`*_[\]()#+\-.!~|>]|`+|\*\*|__|\*|_|\[/g;

function plain(text: string): Inline[] {
  return text === "" ? [] : [{ kind: "text", text }];
}

/** Where the pair of a mark at `from` closes; -1: nowhere. */
function closeOf(text: string, mark: string, from: number): number {
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + mark.length)) {
    if (text[at - 1] === "\\" || /\s/.test(text[at - 1] ?? " ")) continue;
    if (mark.length === 1 && (text[at + 1] === mark || text[at - 1] === mark)) continue;
    // snake_case is one word.
    if (mark.includes("_") && /\w/.test(text[at + mark.length] ?? "")) continue;
    // Of three the first closes what stands within.
    return mark.length === 2 && text[at + 2] === mark[0] ? at + 1 : at;
  }
  return -1;
}

function linkAt(text: string, at: number): { end: number; link: Inline } | null {
  const found = /^\[((?:[^[\]\\]|\\.)*)\]\(\s*<?([^\s)>]*)>?(?:\s+"[^"]*")?\s*\)/.exec(
    text.slice(at, at + 4000),
  );
  if (!found) return null;
  const address = safeAddress(found[2] as string);
  const parts = inlineOf(found[1] as string, 1);
  const end = at + found[0].length;
  if (address === null) return { end, link: { kind: "strong", parts } };
  return { end, link: { kind: "link", address, parts } };
}

export function inlineOf(text: string, depth = 0): Inline[] {
  if (depth > 4) return plain(text);
  const parts: Inline[] = [];
  let begin = 0;
  const put = (end: number, part: Inline[], next: number) => {
    parts.push(...plain(text.slice(begin, end)), ...part);
    begin = next;
    marks.lastIndex = next;
  };
  const marks = new RegExp(MARKS);
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    const mark = found[0];
    const at = found.index;
    const after = at + mark.length;
    if (mark.startsWith("\\")) put(at, plain(mark.slice(1)), after);
    else if (mark.startsWith("`")) {
      const end = text.indexOf(mark, after);
      if (end >= 0)
        put(at, [{ kind: "code", text: text.slice(after, end).trim() }], end + mark.length);
    } else if (mark === "[") {
      const link = linkAt(text, at);
      if (link) put(at, [link.link], link.end);
    } else {
      const inWord = mark.includes("_") && /\w/.test(text[at - 1] ?? "");
      const end = inWord || /\s|^$/.test(text[after] ?? "") ? -1 : closeOf(text, mark, after + 1);
      const kind = mark.length === 2 ? "strong" : "emphasis";
      if (end > after)
        put(at, [{ kind, parts: inlineOf(text.slice(after, end), depth + 1) }], end + mark.length);
    }
  }
  parts.push(...plain(text.slice(begin)));
  return parts;
}

const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:\s+|$)/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

const cellsOf = (line: string): Inline[][] =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => inlineOf(cell.trim().replaceAll("\\|", "|")));

class Reader {
  at = 0;
  constructor(
    readonly lines: string[],
    readonly depth: number,
  ) {}
  get line(): string | undefined {
    return this.lines[this.at];
  }
}

function readCode(reader: Reader, fence: string): Block {
  const text: string[] = [];
  reader.at++;
  while (reader.line !== undefined && !reader.line.trimStart().startsWith(fence)) {
    text.push(reader.line);
    reader.at++;
  }
  reader.at++;
  return { kind: "code", text: text.join("\n") };
}

function readQuote(reader: Reader): Block {
  const inner: string[] = [];
  while (reader.line !== undefined && QUOTE.test(reader.line)) {
    inner.push(reader.line.replace(QUOTE, ""));
    reader.at++;
  }
  return { kind: "quote", blocks: blocksOf(inner, reader.depth + 1) };
}

function readList(reader: Reader): Block {
  const first = ITEM.exec(reader.line as string) as RegExpExecArray;
  const ordered = /\d/.test(first[2] as string);
  const items: Block[][] = [];
  for (;;) {
    const found = ITEM.exec(reader.line ?? "");
    if (!found || /\d/.test(found[2] as string) !== ordered || RULE.test(reader.line as string))
      break;
    const width = Math.min(found[0].length, (found[1] as string).length + 5);
    const inner = [(reader.line as string).slice(found[0].length)];
    reader.at++;
    for (; reader.line !== undefined; reader.at++) {
      const { line } = reader;
      const indented = line.startsWith(" ".repeat(Math.min(width, 2)));
      const next = reader.lines[reader.at + 1] ?? "";
      if (line.trim() === "" && !/^\s{2,}\S/.test(next)) break;
      if (line.trim() !== "" && !indented) break;
      inner.push(line.slice(Math.min(width, line.length - line.trimStart().length)));
    }
    items.push(blocksOf(inner, reader.depth + 1));
    while (reader.line?.trim() === "" && ITEM.test(reader.lines[reader.at + 1] ?? "")) reader.at++;
  }
  return { kind: "list", ordered, first: ordered ? parseInt(first[2] as string, 10) : 1, items };
}

function readTable(reader: Reader): Block {
  const head = cellsOf(reader.line as string);
  const rows: Inline[][][] = [];
  reader.at += 2;
  while (reader.line?.includes("|")) {
    rows.push(cellsOf(reader.line).slice(0, head.length));
    reader.at++;
  }
  return { kind: "table", head, rows };
}

function beginsBlock(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((begin) => begin.test(line));
}

function readParagraph(reader: Reader): Block {
  const text: string[] = [];
  do {
    text.push((reader.line as string).trim());
    reader.at++;
  } while (reader.line !== undefined && reader.line.trim() !== "" && !beginsBlock(reader.line));
  return { kind: "paragraph", parts: inlineOf(text.join("\n")) };
}

function readBlock(reader: Reader): Block {
  const line = reader.line as string;
  const fence = FENCE.exec(line);
  if (fence) return readCode(reader, fence[1] as string);
  const heading = HEADING.exec(line);
  if (heading) {
    reader.at++;
    return {
      kind: "heading",
      level: (heading[1] as string).length,
      parts: inlineOf(heading[2] ?? ""),
    };
  }
  if (RULE.test(line)) {
    reader.at++;
    return { kind: "rule" };
  }
  const nests = reader.depth < DEPTH_MAX;
  if (nests && QUOTE.test(line)) return readQuote(reader);
  if (nests && ITEM.test(line)) return readList(reader);
  if (line.includes("|") && DIVIDER.test(reader.lines[reader.at + 1] ?? ""))
    return readTable(reader);
  return readParagraph(reader);
}

function blocksOf(lines: string[], depth: number): Block[] {
  const reader = new Reader(lines, depth);
  const blocks: Block[] = [];
  while (reader.line !== undefined) {
    if (reader.line.trim() === "") reader.at++;
    else blocks.push(readBlock(reader));
  }
  return blocks;
}

export function markdownBlocks(text: string): Block[] {
  const lines = text.slice(0, TEXT_MAX).replaceAll("\r\n", "\n").replaceAll("\t", "    ");
  return blocksOf(lines.split("\n"), 0);
}
