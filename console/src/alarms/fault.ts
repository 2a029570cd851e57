/** Where a condition is wrong, from what the server says of it. Pure. */
import type { RuleFault } from "../api/rules";

/** A place in bytes of UTF-8 as one in a JavaScript string. */
export function placeOfByte(text: string, byte: number): number {
  let bytes = 0;
  let place = 0;
  for (const letter of text) {
    if (bytes >= byte) break;
    const code = letter.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    place += letter.length;
  }
  return place;
}

/** The line that is wrong, cut at the place: what stands before it, and from it to the end of its word. */
export function faultyLine(
  text: string,
  fault: Pick<RuleFault, "offset">,
): { before: string; at: string; after: string; line: number; place: number } {
  const place = placeOfByte(text, fault.offset);
  const start = text.lastIndexOf("\n", place - 1) + 1;
  const end = text.indexOf("\n", place);
  const rest = text.slice(place, end < 0 ? undefined : end);
  const word = /^([\p{L}\p{N}_.]+|[<>=!&|]+|\S)?/u.exec(rest)?.[0] ?? "";
  return {
    before: text.slice(start, place),
    at: word,
    after: rest.slice(word.length),
    line: text.slice(0, start).split("\n").length,
    place,
  };
}

export function faultOf(body: unknown): RuleFault | null {
  const fault = (body as { fault?: Partial<RuleFault> | null } | null | undefined)?.fault;
  if (!fault || typeof fault.offset !== "number") return null;
  const { code = "", offset, line = 1, column = 1 } = fault;
  return { code, offset, line, column };
}
