/** Spans as the server writes them: "30s", "5m", "8h", also "1h30m". Pure. */
const UNITS = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 } as const;
type Unit = keyof typeof UNITS;

/** In seconds; undefined: it is none. */
export function spanSeconds(text: string): number | undefined {
  const words = text.trim();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(words)) return undefined;
  let sum = 0;
  for (const [, number, unit] of words.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    sum += Number(number) * UNITS[unit as Unit];
  return sum;
}

/** In the largest unit that it is a whole number of. */
export function spanText(seconds: number): string {
  const units: Unit[] = ["d", "h", "m", "s"];
  const unit = units.find((name) => seconds >= UNITS[name] && seconds % UNITS[name] === 0);
  return unit ? `${seconds / UNITS[unit]}${unit}` : `${Math.round(seconds * 1000)}ms`;
}

/** The server says it in seconds, or as a span. */
export function secondsOf(value: number | string | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" ? value : (spanSeconds(value) ?? null);
}

/** How long one shelves: at most seven days. */
export const SHELVE_SPANS = ["15m", "30m", "1h", "4h", "8h", "12h", "1d", "3d", "7d"] as const;
