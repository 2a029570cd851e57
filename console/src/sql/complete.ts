/** What may stand where the cursor is in a statement: tables, columns, functions, words. Pure. */

export interface SchemaColumn {
  name: string;
  type: string;
  meaning?: string;
}
export interface SchemaTable {
  /** buckets(match, from, to, step): arguments are part of the name. */
  name: string;
  columns: SchemaColumn[];
  meaning?: string;
}
export interface Suggestion {
  text: string;
  kind: "table" | "column" | "function" | "word";
  detail: string;
  meaning: string;
}
export interface Completion {
  /** What is replaced. */
  from: number;
  to: number;
  items: Suggestion[];
}

const WORDS =
  "SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET JOIN LEFT INNER CROSS ON USING AS AND OR NOT IN IS NULL LIKE GLOB BETWEEN CASE WHEN THEN ELSE END DISTINCT UNION ALL WITH DESC ASC EXISTS OVER PARTITION EXPLAIN QUERY PLAN".split(
    " ",
  );
const FUNCTIONS: [string, string][] = [
  ["count", "(x)"],
  ["sum", "(x)"],
  ["avg", "(x)"],
  ["min", "(x)"],
  ["max", "(x)"],
  ["abs", "(x)"],
  ["round", "(x, digits)"],
  ["coalesce", "(x, y)"],
  ["iif", "(condition, x, y)"],
  ["length", "(text)"],
  ["lower", "(text)"],
  ["substr", "(text, from, length)"],
  ["replace", "(text, old, new)"],
  ["json_extract", "(json, path)"],
  ["lag", "(x) over (order by time)"],
  ["lead", "(x) over (order by time)"],
  ["row_number", "() over (order by x)"],
  ["time_text", "(ns)"],
  ["time_ns", "(text)"],
  ["bucket", "(ns, step)"],
  ["label", "(labels, name)"],
  ["percentile", "(value, p)"],
  ["stddev", "(value)"],
];
const ITEMS_MAX = 60;

interface Token {
  kind: "word" | "sign" | "text";
  text: string;
  at: number;
}

/** Words and signs; texts and comments as one each, so that nothing in them is taken for a name. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|[\p{L}_][\p{L}\p{N}_]*|\d[\w.]*|\S/gu;
  for (const match of sql.matchAll(pattern)) {
    const text = match[0];
    const isNote = text.startsWith("--") || text.startsWith("/*");
    const kind = isNote || /^['"]/.test(text) ? "text" : /^[\p{L}_]/u.test(text) ? "word" : "sign";
    tokens.push({ kind, text, at: match.index ?? 0 });
  }
  return tokens;
}

const bare = (table: SchemaTable): string => table.name.replace(/\(.*$/, "");
const isNamed = (table: SchemaTable, name: string): boolean =>
  bare(table).toLowerCase() === name.toLowerCase();

/** Tables that a statement reads, by what they are called in it. */
export function tablesIn(tokens: Token[], schema: SchemaTable[]): Map<string, SchemaTable> {
  const found = new Map<string, SchemaTable>();
  const words = new Set(WORDS.map((word) => word.toLowerCase()));
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    const table =
      token.kind === "word" ? schema.find((one) => isNamed(one, token.text)) : undefined;
    const before = tokens[i - 1]?.text.toLowerCase() ?? "";
    if (!table || !/^(from|join|,)$/.test(before)) continue;
    found.set(bare(table), table);
    let next = i + 1;
    // The arguments of buckets( ... ) are passed over.
    if (tokens[next]?.text === "(") {
      let depth = 0;
      do {
        if (tokens[next]?.text === "(") depth++;
        if (tokens[next]?.text === ")") depth--;
        next++;
      } while (depth > 0 && next < tokens.length);
    }
    if (tokens[next]?.text.toLowerCase() === "as") next++;
    const alias = tokens[next];
    if (alias?.kind === "word" && !words.has(alias.text.toLowerCase()))
      found.set(alias.text, table);
  }
  return found;
}

const columnItem = (column: SchemaColumn, table: SchemaTable): Suggestion => ({
  text: column.name,
  kind: "column",
  detail: `${bare(table)}, ${column.type}`,
  meaning: column.meaning ?? "",
});

const tableItem = (table: SchemaTable): Suggestion => ({
  text: bare(table),
  kind: "table",
  detail: table.name.slice(bare(table).length),
  meaning: table.meaning ?? "",
});

function isInText(tokens: Token[], at: number): boolean {
  const token = tokens.find(({ at: from, text }) => from < at && at < from + text.length + 1);
  if (token?.kind !== "text") return false;
  const closed = /^'(?:[^']|'')*'$|^"(?:[^"]|"")*"$|\*\/$/.test(token.text);
  return !(closed && at === token.at + token.text.length);
}

/** always: also before anything of the word stands there. */
export function completionAt(
  sql: string,
  at: number,
  schema: SchemaTable[],
  always: boolean,
): Completion | null {
  const tokens = tokensOf(sql);
  if (isInText(tokens, at)) return null;
  const word = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(sql.slice(0, at))?.[0] ?? "";
  const from = at - word.length;
  const earlier = tokens.filter((token) => token.at < from);
  const last = earlier[earlier.length - 1];
  const tables = tablesIn(tokens, schema);
  const afterDot = last?.text === "." && last.at === from - 1;
  if (!word && !always && !afterDot) return null;
  let all: Suggestion[];
  if (afterDot) {
    const owner = earlier[earlier.length - 2]?.text ?? "";
    const table = tables.get(owner) ?? schema.find((one) => isNamed(one, owner));
    all = table ? table.columns.map((column) => columnItem(column, table)) : [];
  } else if (/^(from|join)$/i.test(last?.text ?? "")) all = schema.map(tableItem);
  else {
    const owners = tables.size ? [...new Set(tables.values())] : schema;
    const columns = owners.flatMap((table) =>
      table.columns.map((column) => columnItem(column, table)),
    );
    const functions = FUNCTIONS.map(([text, detail]): Suggestion => ({
      text,
      kind: "function",
      detail,
      meaning: "",
    }));
    const words = WORDS.map((text): Suggestion => ({
      text: text.toLowerCase(),
      kind: "word",
      detail: "",
      meaning: "",
    }));
    all = [...columns, ...functions, ...schema.map(tableItem), ...words];
  }
  const wanted = word.toLowerCase();
  const seen = new Set<string>();
  const items = all.filter(({ text, kind }) => {
    const key = `${kind} ${text}`;
    if (seen.has(key) || !text.toLowerCase().startsWith(wanted)) return false;
    seen.add(key);
    return true;
  });
  // What stands there whole already needs no list.
  const done = items.length === 1 && items[0]?.text.toLowerCase() === wanted;
  if (items.length === 0 || (done && !always)) return null;
  return { from, to: at, items: items.slice(0, ITEMS_MAX) };
}

/** What the server counts in bytes, in letters as JavaScript has them. */
export function letterAt(text: string, bytes: number): number {
  const encoded = new TextEncoder().encode(text).slice(0, bytes);
  return new TextDecoder().decode(encoded).length;
}

/** Where a statement went wrong: the server's offset in bytes, or what its sentence quotes. */
export function faultPlace(
  sql: string,
  detail: string,
  bytes: number | undefined,
): [number, number] | null {
  const offset = bytes === undefined ? undefined : letterAt(sql, bytes);
  const named = /near "((?:[^"]|"")*)"|(?:no such (?:column|table|function)): ([\w.]+)/.exec(
    detail,
  );
  const word = named?.[1] ?? named?.[2];
  if (offset !== undefined && offset >= 0 && offset < sql.length) {
    const found = /^[\p{L}\p{N}_]+|^\S/u.exec(sql.slice(offset))?.[0] ?? "";
    return [offset, offset + Math.max(1, found.length)];
  }
  if (!word) return null;
  const short = word.slice(word.lastIndexOf(".") + 1);
  const at = tokensOf(sql).find((token) => token.kind !== "text" && token.text === short)?.at;
  if (at !== undefined) return [at, at + short.length];
  const anywhere = sql.indexOf(word);
  return anywhere < 0 ? null : [anywhere, anywhere + word.length];
}
