/**
 * What is on the screen, as subscriptions. Rows are cut into chunks of fixed places, so that scrolling a little
 * keeps most of them; a chunk's subscription names the paths of its points.
 */
export const CHUNK_ROWS = 32; /* patterns a subscription may have */
const CHUNKS_MAX = 48; /* subscriptions a viewer may have: 64, some for others */

export interface Chunk {
  key: string;
  paths: string[];
}

/** Chunks for the rows [first, last); pathAt says which point a row shows, if any. */
export function chunksOf(
  first: number,
  last: number,
  pathAt: (row: number) => string | undefined,
): Chunk[] {
  const chunks: Chunk[] = [];
  const from = Math.floor(Math.max(0, first) / CHUNK_ROWS) * CHUNK_ROWS;
  for (let begin = from; begin < last && chunks.length < CHUNKS_MAX; begin += CHUNK_ROWS) {
    const paths: string[] = [];
    for (let row = begin; row < begin + CHUNK_ROWS; row++) {
      const path = pathAt(row);
      if (path !== undefined) paths.push(path);
    }
    if (paths.length) chunks.push({ key: paths.join("\n"), paths });
  }
  return chunks;
}

/** Begins what is new and ends what is no longer wanted. */
export class ChunkWatch {
  private readonly ends = new Map<string, () => void>();
  constructor(private readonly watch: (paths: string[]) => () => void) {}

  show(chunks: Chunk[]): void {
    const wanted = new Set(chunks.map((chunk) => chunk.key));
    for (const { key, paths } of chunks)
      if (!this.ends.has(key)) this.ends.set(key, this.watch(paths));
    for (const [key, end] of [...this.ends])
      if (!wanted.has(key)) {
        this.ends.delete(key);
        end();
      }
  }
}
