/** Which time a trend shows around an alarm. Pure. */
import type { Range } from "../history/range";

const BEFORE_LEAST_MS = 10 * 60_000;
const LIVE_MOST_MS = 8 * 3_600_000; /* raised so long ago: what followed then is what it shows */

/** From a while before it was raised to a while after it was over; while it stands it goes on with the clock. */
export function rangeAround(raised: number, ended: number | null, now: number): Range {
  const length = Math.max(0, (ended ?? now) - raised);
  const margin = Math.max(BEFORE_LEAST_MS, length / 2);
  // A round length, so that the same alarm is not asked for anew with each second.
  if (ended === null && length < LIVE_MOST_MS)
    return { kind: "last", ms: Math.ceil((length + margin) / 60_000) * 60_000 };
  if (ended === null)
    return {
      kind: "between",
      span: { from: raised - LIVE_MOST_MS / 8, to: raised + LIVE_MOST_MS / 2 },
    };
  return { kind: "between", span: { from: raised - margin, to: Math.min(ended + margin, now) } };
}
