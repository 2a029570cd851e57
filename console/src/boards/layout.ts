/** Where the widgets of a board stand: on a grid of twelve columns, none over another, all as high up as they can be. Pure. */
export const COLUMNS = 12;
export const ROWS_MAX = 200;

export interface Box {
  id: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, Math.round(value)));

/** Within the grid, and no smaller than a cell of sense. */
export function fit<T extends Box>(box: T): T {
  const w = clamp(box.w, 1, COLUMNS);
  const h = clamp(box.h, 1, 24);
  const x = clamp(box.x, 0, COLUMNS - w);
  return { ...box, w, h, x, y: clamp(box.y, 0, ROWS_MAX) };
}

export const overlap = (a: Box, b: Box): boolean =>
  a.id !== b.id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

const inOrder = (a: Box, b: Box): number => a.y - b.y || a.x - b.x;

/** Each as high as what stands above it lets it be; `first` keeps its place before the others find theirs. */
export function settle<T extends Box>(boxes: T[], first?: string): T[] {
  const placed: T[] = [];
  const order = boxes
    .map(fit)
    .sort((a, b) =>
      a.id === first && a.y <= b.y ? -1 : b.id === first && b.y <= a.y ? 1 : inOrder(a, b),
    );
  for (const box of order) {
    let y = 0;
    // From the top down: the first row where it is free and which is not above its own place by a jump.
    for (y = box.y; y > 0; y--) {
      const higher = { ...box, y: y - 1 };
      if (placed.some((other) => overlap(higher, other))) break;
    }
    while (placed.some((other) => overlap({ ...box, y }, other))) y++;
    placed.push({ ...box, y });
  }
  return boxes.map(({ id }) => placed.find((box) => box.id === id) as T);
}

export function change<T extends Box>(boxes: T[], id: string, part: Partial<Box>): T[] {
  return settle(
    boxes.map((box) => (box.id === id ? fit({ ...box, ...part }) : box)),
    id,
  );
}

/** A new one stands below all others. */
export const bottomOf = (boxes: Box[]): number =>
  boxes.reduce((bottom, { y, h }) => Math.max(bottom, y + h), 0);
