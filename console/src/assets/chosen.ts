/** What of a list is marked for one deed. Pure. */
import type { Waiting } from "../api/assets";

/** The type that fits best: the likeliest proposal of each, weighed by how alike it is. */
export function typeFor(waiting: Waiting[]): string {
  const weights = new Map<string, number>();
  for (const { proposals } of waiting)
    for (const { type, likeness } of proposals)
      weights.set(type, (weights.get(type) ?? 0) + likeness);
  let best = "";
  for (const [type, weight] of weights) if (weight > (weights.get(best) ?? 0)) best = type;
  return best;
}

export const bestOf = ({ proposals }: Waiting) =>
  [...proposals].sort((a, b) => b.likeness - a.likeness)[0];

export function toggled(chosen: ReadonlySet<string>, name: string): Set<string> {
  const next = new Set(chosen);
  if (!next.delete(name)) next.add(name);
  return next;
}
