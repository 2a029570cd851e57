/**
 * What time it is at the server: its readings carry its time, and the clock of a browser may be minutes off. Each
 * answer says it to a second, so only what is clearly more than that is made up for.
 */
const SKEW_LEAST_MS = 3000;
let skewMs = 0;

export function noteServerTime(date: string | null): void {
  const time = date ? Date.parse(date) : NaN;
  if (Number.isNaN(time)) return;
  const skew = time + 500 - Date.now();
  skewMs = Math.abs(skew) < SKEW_LEAST_MS ? 0 : skew;
}

export const serverNow = (): number => Date.now() + skewMs;
