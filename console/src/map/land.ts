/**
 * The outlines of the land, Natural Earth 1:110m (public domain) as the package world-atlas has them in TopoJSON:
 * made into GeoJSON here, with lines of latitude and longitude that say where one is when no coast is near. Pure.
 */
export type Position = [number, number];
interface Geometry {
  type: string;
  arcs?: number[][][] | number[][];
  geometries?: Geometry[];
}
export interface Topology {
  transform?: { scale: number[]; translate: number[] };
  arcs: number[][][];
  objects: Record<string, unknown>;
}

/** Arcs are steps from a first place, in whole numbers. */
function arcOf(topology: Topology, at: number): Position[] {
  const [scaleX = 1, scaleY = 1] = topology.transform?.scale ?? [];
  const [moveX = 0, moveY = 0] = topology.transform?.translate ?? [];
  const steps = topology.arcs[at < 0 ? ~at : at] ?? [];
  let [x, y] = [0, 0];
  const places = steps.map(([stepX = 0, stepY = 0]): Position => {
    x += stepX;
    y += stepY;
    return [x * scaleX + moveX, y * scaleY + moveY];
  });
  return at < 0 ? places.reverse() : places;
}

/** A ring of arcs, each beginning where the one before it ends. */
function ringOf(topology: Topology, arcs: number[]): Position[] {
  return arcs.flatMap((at, i) => arcOf(topology, at).slice(i === 0 ? 0 : 1));
}

const moved = (ring: Position[], turns: number): Position[] =>
  turns ? ring.map(([x, y]): Position => [x + 360 * turns, y]) : ring;

function reach(ring: Position[]): { west: number; east: number } {
  const [west, east] = ring.reduce(
    ([least, most], [x]) => [Math.min(least, x), Math.max(most, x)],
    [Infinity, -Infinity],
  );
  return { west, east };
}

/** Twice the area on the plane: more than zero when it goes around against the clock. */
const turnOf = (ring: Position[]): number =>
  ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length] as Position;
    return sum + x * nextY - nextX * y;
  }, 0);

/**
 * A ring that goes on past longitude 180 where it was cut to begin again at -180: no two neighbours are half a world
 * apart. One around a pole ends a whole turn from where it began; it is closed along that pole.
 */
export function unwrapRing(ring: Position[]): Position[] {
  let [turns, before] = [0, ring[0]?.[0] ?? 0];
  const places = ring.map(([x, y]): Position => {
    if (x - before > 180) turns--;
    else if (before - x > 180) turns++;
    before = x;
    return [x + 360 * turns, y];
  });
  const [first, last] = [places[0], places[places.length - 1]];
  if (!first || !last || turns === 0) return places;
  const pole = first[1] < 0 ? -90 : 90;
  return [...places, [last[0], pole], [first[0], pole], first];
}

/**
 * As RFC 7946 has polygons (section 3.1.6), but unbroken at longitude 180 (a map draws what goes past it at the other
 * side): the outer ring first, against the clock, its middle within the world; lakes with the clock, on its side.
 */
export function polygonOf(rings: Position[][]): Position[][] {
  let home = 0;
  return rings.map((cut, i) => {
    const ring = unwrapRing(cut);
    const { west, east } = reach(ring);
    const turns =
      i === 0 ? -Math.floor((west + east + 360) / 720) : -Math.floor((west - home) / 360);
    if (i === 0) home = west + 360 * turns;
    const placed = moved(ring, turns);
    return turnOf(placed) > 0 === (i === 0) ? placed : [...placed].reverse();
  });
}

function polygonsIn(topology: Topology, geometry: Geometry): Position[][][] {
  if (geometry.type === "GeometryCollection")
    return (geometry.geometries ?? []).flatMap((one) => polygonsIn(topology, one));
  const arcs = geometry.arcs ?? [];
  const polygon = (rings: number[][]) => polygonOf(rings.map((ring) => ringOf(topology, ring)));
  if (geometry.type === "Polygon") return [polygon(arcs as number[][])];
  if (geometry.type === "MultiPolygon") return (arcs as number[][][]).map(polygon);
  return [];
}

export interface Shape {
  type: "Feature";
  properties: Record<string, never>;
  geometry:
    | { type: "MultiPolygon"; coordinates: Position[][][] }
    | { type: "MultiLineString"; coordinates: Position[][] };
}

export const landOf = (topology: Topology): Shape => ({
  type: "Feature",
  properties: {},
  geometry: {
    type: "MultiPolygon",
    coordinates: polygonsIn(topology, topology.objects["land"] as Geometry),
  },
});

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const LINES_MAX = 12;

export interface Bounds {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** So many degrees apart that a dozen lines cross the screen at most. */
export function gridStep({ west, south, east, north }: Bounds): number {
  const span = Math.max(east - west, north - south);
  const fine = [...STEPS].reverse();
  return fine.find((step) => span / step <= LINES_MAX) ?? 30;
}

export function gridOf(bounds: Bounds): Shape {
  const step = gridStep(bounds);
  const lines: Position[][] = [];
  const [south, north] = [Math.max(-85, bounds.south), Math.min(85, bounds.north)];
  for (let k = Math.ceil(bounds.west / step); k * step <= bounds.east; k++)
    lines.push([
      [k * step, south],
      [k * step, north],
    ]);
  for (let k = Math.ceil(south / step); k * step <= north; k++)
    lines.push([
      [bounds.west, k * step],
      [bounds.east, k * step],
    ]);
  return {
    type: "Feature",
    properties: {},
    geometry: { type: "MultiLineString", coordinates: lines },
  };
}

/** As the server is asked: within the world, west of east. */
export function boundsAsked(bounds: Bounds): Bounds {
  const wide = bounds.east - bounds.west >= 360;
  const clamp = (value: number, most: number) => Math.max(-most, Math.min(most, value));
  return {
    west: wide ? -180 : clamp(bounds.west, 180),
    east: wide ? 180 : clamp(bounds.east, 180),
    south: clamp(bounds.south, 90),
    north: clamp(bounds.north, 90),
  };
}
