/**
 * JSON whose integers may be larger than a double holds exactly: those come as texts of all their digits. Looking
 * at each number is dear, so it is done only where such a number can be.
 */
const LONG_INTEGER = /[:,[\s]-?\d{16,}/;

/** The third argument is newer than some browsers that are good enough otherwise: there such numbers are rounded. */
type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { source: string },
) => unknown;

const keepDigits: Reviver = (_key, value, context) =>
  typeof value === "number" &&
  !Number.isSafeInteger(value) &&
  context !== undefined &&
  /^-?\d+$/.test(context.source)
    ? context.source
    : value;

export function parseExact<T>(text: string): T {
  return JSON.parse(text, LONG_INTEGER.test(text) ? keepDigits : undefined) as T;
}
