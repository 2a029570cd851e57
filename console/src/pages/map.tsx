/** Where assets are, and where it is urgent: the map, and the same as a list for who cannot see or draw one. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Cluster } from "../api/assets";
import { get, withQuery, type Problem } from "../api/http";
import { useQuery } from "../api/query";
import { formatCount } from "../format";
import { ts } from "../i18n/assets";
import { assetPageAddress, goTo, route } from "../router";
import "../style/assets.css";
import { AlarmBadge } from "../assets/parts";
import { lazy } from "../ui/lazy";
import { Card, Empty, PageHead, ProblemNote, Skeleton } from "../ui/parts";
import { LongList } from "../ui/long-list";
import { cameraAddress, cameraFor, cameraOf, inOrder, type Camera } from "../map/marks";

const MapView = lazy(async () => (await import("../map/map-view")).MapView, 10);
const ADDRESS_REST_MS = 400;
const FIRST_PX = 400; /* for the places there are, in the middle of the map */
const AROUND_PX = 150; /* the edges of the page and of the marks, where the window is a phone's */

function Row({ cluster }: { cluster: Cluster }) {
  const { asset, assets, alarms, priority, latitude, longitude } = cluster;
  const one = assets === 1 ? asset : null;
  const name = one
    ? one.slice(one.lastIndexOf("/") + 1)
    : ts("map.assets", { count: formatCount(assets), number: assets });
  const place = one?.includes("/")
    ? one.slice(0, one.lastIndexOf("/"))
    : `${latitude.toFixed(3)}, ${longitude.toFixed(3)}`;
  return (
    <div class="map-row">
      <span class="name" title={one ?? undefined}>
        {name}
      </span>
      <AlarmBadge alarms={{ active: alarms, unacknowledged: 0, priority }} />
      <span class="faint">{place}</span>
    </div>
  );
}

/** What the address says; else where the assets are. */
function useFirstCamera(): Camera | undefined {
  const said = useMemo(() => {
    const { query } = route.get();
    return query.has("lon") && query.has("lat") ? cameraOf(query) : undefined;
  }, []);
  const { data, problem } = useQuery("map at first", async (signal) => {
    if (said) return said;
    const world = { west: -180, south: -85, east: 180, north: 85, zoom: 3 };
    const answer = await get<{ clusters: Cluster[] }>(withQuery("/v1/map", world), signal);
    return cameraFor(answer.clusters, Math.min(FIRST_PX, innerWidth - AROUND_PX));
  });
  return said ?? data ?? (problem && cameraFor([], FIRST_PX));
}

export function MapPage() {
  const camera = useFirstCamera();
  const [clusters, setClusters] = useState<Cluster[]>();
  const [problem, setProblem] = useState<Problem>();
  const pick = useRef<(cluster: Cluster) => void>(({ asset }) => {
    if (asset) goTo(assetPageAddress(asset));
  });
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const keep = (next: Camera) => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      if (route.get().page === "map") goTo(cameraAddress(next), true);
    }, ADDRESS_REST_MS);
  };
  return (
    <div class="page page-wide map-page">
      <PageHead title={ts("map.title")} text={ts("map.text")} />
      <ProblemNote problem={problem} />
      <div class="map-pair">
        <Card class="map-card">
          {camera ? (
            <MapView
              camera={camera}
              onCamera={keep}
              onClusters={setClusters}
              onProblem={setProblem}
              onChart={(next) => {
                pick.current = next;
              }}
            />
          ) : (
            <Skeleton rows={10} />
          )}
        </Card>
        <Card class="map-list list-card" title={ts("map.list")}>
          {clusters?.length === 0 && (
            <Empty icon="map" title={ts("map.none")} text={ts("map.none.text")} />
          )}
          {clusters && clusters.length > 0 && (
            <LongList
              label={ts("map.list")}
              items={inOrder(clusters)}
              rowHeight={54}
              phoneHeight={60}
              onOpen={(cluster) => pick.current(cluster)}
              row={(cluster) => <Row cluster={cluster} />}
            />
          )}
        </Card>
      </div>
    </div>
  );
}
