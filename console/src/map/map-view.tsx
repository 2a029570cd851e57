/** A map without a tile server: land and a grid as vectors, clusters of assets as buttons, asked for what is in sight. */
import maplibre from "maplibre-gl/dist/maplibre-gl-csp.js";
import type { GeoJSONSource, Map as MapLibre, Marker, StyleSpecification } from "maplibre-gl";
import workerAddress from "maplibre-gl/dist/maplibre-gl-csp-worker.js?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { useEffect, useRef, useState } from "preact/hooks";
import topology from "world-atlas/land-110m.json";
import type { Cluster } from "../api/assets";
import { get, withQuery, type Problem } from "../api/http";
import { formatCount } from "../format";
import { paletteOf } from "../history/palette";
import { ts } from "../i18n/assets";
import { useLanguage } from "../i18n";
import { assetPageAddress, goTo } from "../router";
import "../style/map.css";
import { onTheme } from "../theme";
import { clusterWords, urgencyOf, type Camera } from "./marks";
import { boundsAsked, gridOf, landOf, type Bounds, type Topology } from "./land";

maplibre.setWorkerUrl(workerAddress);

const REST_MS = 150;
const AGAIN_MS = 10_000;
const ZOOM_MAX = 20;
const CLUSTER_ZOOM = 3; /* levels nearer at a click on a cluster */

function styleOf(box: HTMLElement): StyleSpecification {
  const { color } = paletteOf(box);
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: landOf(topology as unknown as Topology) as never },
      grid: {
        type: "geojson",
        data: gridOf({ west: -180, south: -85, east: 180, north: 85 }) as never,
      },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": color("--surface-2") } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": color("--surface") } },
      {
        id: "coast",
        type: "line",
        source: "land",
        paint: { "line-color": color("--border-strong"), "line-width": 1 },
      },
      { id: "grid", type: "line", source: "grid", paint: { "line-color": color("--border") } },
    ],
  };
}

function markOf(cluster: Cluster, onPick: (cluster: Cluster) => void): HTMLElement {
  const mark = document.createElement("button");
  mark.type = "button";
  const single = cluster.assets === 1;
  mark.className = `map-mark map-mark-${urgencyOf(cluster)}${single ? " map-mark-single" : ""}`;
  mark.setAttribute("aria-label", clusterWords(cluster));
  mark.title = clusterWords(cluster);
  mark.textContent = single ? (cluster.alarms ? "!" : "") : formatCount(cluster.assets);
  if (!single && cluster.alarms) {
    const alarms = document.createElement("span");
    alarms.className = "map-alarms";
    alarms.textContent = formatCount(cluster.alarms);
    mark.append(alarms);
  }
  mark.addEventListener("click", () => onPick(cluster));
  return mark;
}

const boundsOf = (map: MapLibre): Bounds => {
  const bounds = map.getBounds();
  return {
    west: bounds.getWest(),
    south: bounds.getSouth(),
    east: bounds.getEast(),
    north: bounds.getNorth(),
  };
};

export async function askClusters(
  bounds: Bounds,
  zoom: number,
  signal?: AbortSignal,
): Promise<Cluster[]> {
  const asked = { ...boundsAsked(bounds), zoom: Math.max(0, Math.floor(zoom)) };
  return (await get<{ clusters: Cluster[] }>(withQuery("/v1/map", asked), signal)).clusters;
}

/** One map on the page; what it needs of the browser may be missing. */
class Chart {
  readonly map: MapLibre;
  private marks: Marker[] = [];
  private shown = "";
  private abort: AbortController | null = null;
  private timer = 0;
  private again = 0;
  private readonly endTheme: () => void;

  constructor(
    private readonly box: HTMLElement,
    camera: Camera,
    private readonly onClusters: (clusters: Cluster[]) => void,
    private readonly onProblem: (problem: Problem | undefined) => void,
    private readonly onCamera: (camera: Camera) => void,
  ) {
    this.map = new maplibre.Map({
      container: box,
      style: styleOf(box),
      center: [camera.longitude, camera.latitude],
      zoom: camera.zoom,
      maxZoom: ZOOM_MAX,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      renderWorldCopies: false,
      fadeDuration: 0,
      locale: {
        "Map.Title": ts("map.title"),
        "NavigationControl.ZoomIn": ts("map.nearer"),
        "NavigationControl.ZoomOut": ts("map.farther"),
      },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibre.ScaleControl({}), "bottom-left");
    this.map.on("moveend", () => this.moved());
    this.map.on("load", () => this.moved());
    this.again = window.setInterval(() => !document.hidden && void this.ask(), AGAIN_MS);
    this.endTheme = onTheme(() => this.map.setStyle(styleOf(box)));
    this.map.on("styledata", () => this.drawGrid());
  }

  private moved(): void {
    this.drawGrid();
    const { lng, lat } = this.map.getCenter();
    this.onCamera({ longitude: lng, latitude: lat, zoom: this.map.getZoom() });
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), REST_MS);
  }

  private drawGrid(): void {
    const grid = this.map.getSource("grid") as GeoJSONSource | undefined;
    const bounds = JSON.stringify(boundsOf(this.map));
    if (!grid || bounds === this.shown) return;
    this.shown = bounds;
    grid.setData(gridOf(boundsOf(this.map)) as never);
  }

  private async ask(): Promise<void> {
    this.abort?.abort();
    const control = new AbortController();
    this.abort = control;
    try {
      const clusters = await askClusters(boundsOf(this.map), this.map.getZoom(), control.signal);
      this.onProblem(undefined);
      this.draw(clusters);
      this.onClusters(clusters);
    } catch (error) {
      if (!control.signal.aborted) this.onProblem(error as Problem);
    }
  }

  private draw(clusters: Cluster[]): void {
    const focused = document.activeElement?.getAttribute("aria-label");
    for (const mark of this.marks) mark.remove();
    this.marks = clusters.map((cluster) =>
      new maplibre.Marker({ element: markOf(cluster, (one) => this.pick(one)) })
        .setLngLat([cluster.longitude, cluster.latitude])
        .addTo(this.map),
    );
    // Whoever stands on a mark stays there when it is drawn again.
    if (focused && this.box.contains(document.activeElement) === false)
      this.marks
        .map((mark) => mark.getElement())
        .find((mark) => mark.getAttribute("aria-label") === focused)
        ?.focus();
  }

  pick(cluster: Cluster): void {
    if (cluster.assets === 1 && cluster.asset !== null) goTo(assetPageAddress(cluster.asset));
    else
      this.map.easeTo({
        center: [cluster.longitude, cluster.latitude],
        zoom: Math.min(ZOOM_MAX, this.map.getZoom() + CLUSTER_ZOOM),
      });
  }

  destroy(): void {
    clearTimeout(this.timer);
    clearInterval(this.again);
    this.abort?.abort();
    this.endTheme();
    this.map.remove();
  }
}

export function MapView(props: {
  camera: Camera;
  onCamera?: (camera: Camera) => void;
  onClusters?: (clusters: Cluster[]) => void;
  onProblem?: (problem: Problem | undefined) => void;
  onChart?: (pick: (cluster: Cluster) => void) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const [failed, setFailed] = useState(false);
  const language = useLanguage();
  useEffect(() => {
    let chart: Chart;
    try {
      chart = new Chart(
        box.current as HTMLElement,
        latest.current.camera,
        (clusters) => latest.current.onClusters?.(clusters),
        (problem) => latest.current.onProblem?.(problem),
        (camera) => latest.current.onCamera?.(camera),
      );
    } catch {
      setFailed(true);
      return undefined;
    }
    latest.current.onChart?.((cluster) => chart.pick(cluster));
    return () => chart.destroy();
  }, [language]);
  if (failed) return <p class="note note-warn map-failed">{ts("map.failed")}</p>;
  return <div ref={box} class="map-box" />;
}
