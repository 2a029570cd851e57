/**
 * Which rows of a long list stand on the screen. Browsers cannot make an element as high as a million rows, so
 * above HEIGHT_MAX the list is scaled: a pixel of the scrollbar is more than a pixel of the list, and the rows are
 * placed where the eye is.
 */
export const HEIGHT_MAX = 8_000_000;
export const ROWS_MAX = 500;

export interface Window {
  /** Height of what is scrolled. */
  height: number;
  /** Rows [first, last) are drawn, row `first` at `top` of what is scrolled. */
  first: number;
  last: number;
  top: number;
  /** Rows [from, to) can be seen. */
  from: number;
  to: number;
}

const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value));

function scale(count: number, rowHeight: number, viewport: number) {
  const total = count * rowHeight;
  const height = Math.min(total, HEIGHT_MAX);
  const ratio = height > viewport ? (total - viewport) / (height - viewport) : 1;
  return { total, height, ratio };
}

export function windowOf(
  count: number,
  rowHeight: number,
  viewport: number,
  scrollTop: number,
  overscan: number,
): Window {
  const { total, height, ratio } = scale(count, rowHeight, viewport);
  const scrolled = clamp(scrollTop, 0, Math.max(0, height - viewport));
  const offset = clamp(scrolled * ratio, 0, Math.max(0, total - viewport));
  const from = Math.floor(offset / rowHeight);
  const to = Math.min(count, Math.ceil((offset + viewport) / rowHeight));
  const first = Math.max(0, from - overscan);
  const last = Math.min(count, to + overscan, first + ROWS_MAX);
  return { height, first, last, top: scrolled - (offset - first * rowHeight), from, to };
}

/** Where to scroll so that the row can be seen; the same place when it can be seen already. */
export function scrollFor(
  row: number,
  count: number,
  rowHeight: number,
  viewport: number,
  scrollTop: number,
): number {
  const { total, height, ratio } = scale(count, rowHeight, viewport);
  const offset = clamp(scrollTop * ratio, 0, Math.max(0, total - viewport));
  const above = row * rowHeight;
  const below = above + rowHeight - viewport;
  const wanted = offset > above ? above : offset < below ? below : offset;
  return wanted === offset ? scrollTop : clamp(wanted / ratio, 0, Math.max(0, height - viewport));
}

/** From one row to another, both included, whichever comes first. */
export function rowsBetween<T>(rows: readonly T[], a: number, b: number): T[] {
  return rows.slice(Math.max(0, Math.min(a, b)), Math.max(a, b) + 1);
}
