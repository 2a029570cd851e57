/** Live values for components. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ChunkWatch } from "./chunks";
import type { LivePoint } from "./client";
import { findLivePoint, livePoint, onLiveFrame, watchPatterns } from "./live";

/** The live value of one path; drawn again at most once a frame. */
export function useLivePath(path: string): LivePoint | undefined {
  const [shown, setShown] = useState<LivePoint>();
  useEffect(() => {
    setShown(undefined);
    let id: number | undefined;
    const end = watchPatterns([path]);
    const stop = onLiveFrame((points) => {
      id ??= findLivePoint(path)?.point;
      if (id === undefined || !points.has(id)) return;
      const point = livePoint(id);
      setShown(point && { ...point });
      if (!point) id = undefined;
    });
    return () => {
      stop();
      end();
    };
  }, [path]);
  return shown;
}

type Draw = (point: LivePoint) => void;
const cells = new Map<number, Set<Draw>>();
let stopFrames: (() => void) | null = null;

function drawFrame(points: ReadonlySet<number>): void {
  // Whichever is fewer: what changed, or what is shown.
  const few = points.size < cells.size ? points : cells.keys();
  for (const id of few) {
    const draws = points.has(id) ? cells.get(id) : undefined;
    const point = draws && livePoint(id);
    if (point) for (const draw of draws) draw(point);
  }
}

/** Draws into a cell of a list without going through the components: 10,000 changes a second cost little. */
export function useLiveCell(
  id: number,
  element: RefObject<HTMLElement | null>,
  draw: (element: HTMLElement, point: LivePoint) => void,
): void {
  useEffect(() => {
    const mine: Draw = (point) => element.current && draw(element.current, point);
    const draws = cells.get(id) ?? new Set();
    cells.set(id, draws.add(mine));
    stopFrames ??= onLiveFrame(drawFrame);
    const known = livePoint(id);
    if (known) mine(known);
    return () => {
      draws.delete(mine);
      if (!draws.size) cells.delete(id);
      if (!cells.size) {
        stopFrames?.();
        stopFrames = null;
      }
    };
  }, [id, draw, element]);
}

/** Watches the paths that a list shows, a while after scrolling came to rest. */
export function useChunkWatch(): ChunkWatch {
  const [watch] = useState(() => new ChunkWatch(watchPatterns));
  useEffect(() => () => watch.show([]), [watch]);
  return watch;
}

const PATTERNS_MAX = 32; /* of a subscription */

/** The live values of some paths; drawn again once a frame at most. Give it what is on the screen, and no more. */
export function useLivePaths(paths: readonly string[]): ReadonlyMap<string, LivePoint> {
  const key = paths.join("\n");
  const [shown, setShown] = useState<ReadonlyMap<string, LivePoint>>(new Map());
  useEffect(() => {
    const wanted = key === "" ? [] : key.split("\n");
    const among = new Set(wanted);
    const found = new Map<string, LivePoint>();
    const paths = new Map<number, string>();
    const ends: (() => void)[] = [];
    for (let from = 0; from < wanted.length; from += PATTERNS_MAX)
      ends.push(watchPatterns(wanted.slice(from, from + PATTERNS_MAX)));
    setShown(new Map());
    const stop = onLiveFrame((points) => {
      let isOther = false;
      for (const id of points) {
        const point = livePoint(id);
        const path = point?.path ?? paths.get(id);
        if (path === undefined || !among.has(path)) continue;
        isOther = true;
        paths.set(id, path);
        if (point) found.set(path, { ...point });
        else found.delete(path);
      }
      if (isOther) setShown(new Map(found));
    });
    return () => {
      stop();
      for (const end of ends) end();
    };
  }, [key]);
  return shown;
}
