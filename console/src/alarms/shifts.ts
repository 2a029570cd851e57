/** When shifts begin, on the clock of whoever looks. Pure. */
const HOUR_MS = 3_600_000;

/** The begin of the shift of so many hours that `at` lies in, where one begins at the hour `first` of a
 *  day. */
export function shiftBegin(at: number, first: number, hours: number): number {
  const day = new Date(at);
  day.setHours(first, 0, 0, 0);
  const length = hours * HOUR_MS;
  return day.getTime() + Math.floor((at - day.getTime()) / length) * length;
}
