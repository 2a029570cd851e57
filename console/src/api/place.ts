/** What is at a path: a point, a branch with points below it, both, or nothing. */
import { get, pathAddress, Problem, withQuery } from "./http";
import type { Point, PointList, TreeAnswer } from "./types";

export interface Place {
  point: Point | null;
  /** Points below the path, its own left out. */
  below: number;
}

/** The pattern of all points below a path, and of its own. */
export const patternBelow = (path: string): string => `${path}/#`;

const isBelow = (path: string, branch: string): boolean => path.startsWith(`${branch}/`);

async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

const countBelow = async (path: string, signal: AbortSignal): Promise<number> => {
  const address = withQuery("/v1/tree", { path, limit: 1 });
  return (await orNothing(get<TreeAnswer>(address, signal)))?.count ?? 0;
};

/** By its exact name: right for every path, but a browser complains of the 404 when there is no such point. */
async function askByName(path: string, signal: AbortSignal): Promise<Place> {
  const point = await orNothing(get<Point>(`/v1/points/${pathAddress(path)}`, signal));
  return { point, below: (await countBelow(path, signal)) - (point ? 1 : 0) };
}

/** The pattern's first points: the one at the path itself comes before those below it. */
export async function findPlace(path: string, signal: AbortSignal): Promise<Place> {
  if (/[*?]/.test(path)) return askByName(path, signal);
  const query = { match: patternBelow(path), limit: 2, whole: true };
  const list = await get<PointList>(withQuery("/v1/points", query), signal);
  const points = list.points as Point[];
  const point = points.find((found) => found.path === path) ?? null;
  if (!point && (list.entered ?? 1) < 1) return askByName(path, signal);
  if (!points.some((found) => isBelow(found.path, path))) return { point, below: 0 };
  return { point, below: (await countBelow(path, signal)) - (point ? 1 : 0) };
}

/** A page of the points below, in the order of the tree. */
export async function pointsBelow(
  path: string,
  after: string | number | null,
  limit: number,
  signal: AbortSignal,
): Promise<PointList> {
  const query = { match: patternBelow(path), after, limit };
  const list = await get<PointList>(withQuery("/v1/points", query), signal);
  return { ...list, points: list.points.filter((point) => isBelow(point.path, path)) };
}
