/** The limits of a point as what draws them wants them: numbers alone, whoever says them. */
import type { LimitKind, LimitInForce, Limits, LimitsInForce } from "./types";

export function limitsOf(inForce: LimitsInForce | null | undefined): Limits {
  const known = Object.entries(inForce ?? {}) as [LimitKind, LimitInForce][];
  return Object.fromEntries(known.map(([kind, { limit }]) => [kind, limit]));
}
