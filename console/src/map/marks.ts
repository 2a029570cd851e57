/** Where a map looks, and what its marks say. Pure. */
import type { Cluster } from "../api/assets";
import { formatCount } from "../format";
import { ts } from "../i18n/assets";
import { routeAddress } from "../router";

export interface Camera {
  longitude: number;
  latitude: number;
  zoom: number;
}

/** lon,lat,zoom as they stand in an address. */
export function cameraOf(query: URLSearchParams): Camera {
  const number = (name: string, first: number, most: number) => {
    const value = Number(query.get(name) ?? NaN);
    return Number.isFinite(value) && Math.abs(value) <= most ? value : first;
  };
  return {
    longitude: number("lon", 105, 180),
    latitude: number("lat", 32, 85),
    zoom: Math.max(0, number("zoom", 3, 20)),
  };
}

export function cameraAddress({ longitude, latitude, zoom }: Camera): string {
  const digits = Math.min(6, Math.max(2, Math.ceil(zoom / 3)));
  return routeAddress("map", "", {
    lon: longitude.toFixed(digits),
    lat: latitude.toFixed(digits),
    zoom: zoom.toFixed(2),
  });
}

const WORLD_PX = 512; /* wide is the world at zoom 0 */

/** Where all of them are in sight, in a square of so many pixels. */
export function cameraFor(clusters: Cluster[], pixels: number): Camera {
  if (clusters.length === 0) return { longitude: 105, latitude: 32, zoom: 3 };
  const ends = (values: number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [west, east] = ends(clusters.map(({ longitude }) => longitude));
  const [south, north] = ends(clusters.map(({ latitude }) => latitude));
  const span = Math.max(east - west, 1.6 * (north - south), 0.02);
  return {
    longitude: (west + east) / 2,
    latitude: (south + north) / 2,
    zoom: Math.max(0, Math.min(13, Math.log2((360 / span) * (pixels / WORLD_PX)))),
  };
}

/** The most urgent first, then the largest. */
export const inOrder = (clusters: Cluster[]): Cluster[] =>
  [...clusters].sort(
    (a, b) => (a.priority ?? 99) - (b.priority ?? 99) || b.alarms - a.alarms || b.assets - a.assets,
  );

export const clusterWords = (cluster: Cluster): string =>
  cluster.asset !== null && cluster.assets === 1
    ? ts("map.asset", { name: cluster.asset, alarms: formatCount(cluster.alarms) })
    : ts("map.cluster", {
        assets: formatCount(cluster.assets),
        alarms: formatCount(cluster.alarms),
      });

/** How loud a mark is: a class of the style sheet, with a sign in it beside the colour. */
export function urgencyOf({ alarms, priority }: Cluster): "none" | "low" | "middle" | "high" {
  if (alarms === 0) return "none";
  if (priority === null || priority > 4) return "low";
  return priority > 2 ? "middle" : "high";
}
