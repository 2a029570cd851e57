/** The overview of alarms: how many of each priority, and which enterprise they are in. */
import { PRIORITIES } from "../api/alarms";
import { get, withQuery } from "../api/http";
import { useQuery } from "../api/query";
import { formatCount } from "../format";
import { tl } from "../i18n/alarms";
import { routeAddress } from "../router";
import { useStore } from "../store";
import "../style/alarms.css";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import { Card } from "../ui/parts";
import { PriorityMark, priorityName } from "./parts";
import { alarmCounts } from "./watch";

const AGAIN_MS = 10_000;
const TILES_MOST = 24;
const TREE_MOST = 100;

interface Branch {
  name: string;
  path: string;
  title?: string | null;
  alarms?: { active: number; unacknowledged: number; priority: number | null };
  stale?: number;
  /** What of the alarm list is its. */
  query: Record<string, string>;
}
type Answer = { children: Omit<Branch, "query">[] };

/** The enterprises; while there are no assets, the branches at the root of the points. */
async function askBranches(signal: AbortSignal): Promise<Branch[]> {
  const assets = await get<Answer>("/v1/asset-tree", signal);
  if (assets.children.length > 0)
    return assets.children.map((child) => ({ ...child, query: { under: child.path } }));
  const tree = await get<Answer>(withQuery("/v1/tree", { limit: TREE_MOST }), signal);
  return tree.children.map((child) => ({ ...child, query: { match: `${child.path}/#` } }));
}

const rankOf = ({ alarms }: Branch): number => (alarms?.active ? (alarms.priority ?? 8) : 9);

function EnterpriseTile({ branch }: { branch: Branch }) {
  const { active = 0, unacknowledged = 0, priority = null } = branch.alarms ?? {};
  const waits = active > 0 || unacknowledged > 0;
  const { stale = 0 } = branch;
  return (
    <a
      class={`enterprise${waits ? "" : " enterprise-calm"}`}
      href={routeAddress("alarms", "", branch.query)}
    >
      {priority && waits ? (
        <PriorityMark priority={priority} open={unacknowledged > 0} size={28} />
      ) : (
        <Icon name="well" size={26} />
      )}
      <span class="enterprise-words">
        <Name class="name" text={branch.title || branch.name} />
        <span class="faint">
          {waits
            ? tl("tiles.alarms", { active: formatCount(active), open: formatCount(unacknowledged) })
            : tl("tiles.calm")}
          {stale > 0 && ` \u00b7 ${tl("tiles.stale", { count: formatCount(stale) })}`}
        </span>
      </span>
    </a>
  );
}

export function AlarmTiles() {
  const counts = useStore(alarmCounts);
  const { data } = useQuery("enterprises", askBranches, AGAIN_MS);
  if (!counts) return null;
  const branches = [...(data ?? [])].sort(
    (a, b) => rankOf(a) - rankOf(b) || (b.alarms?.active ?? 0) - (a.alarms?.active ?? 0),
  );
  const shown = PRIORITIES.filter(
    (priority) => priority <= 4 || (counts.by_priority[priority - 1] ?? 0) > 0,
  );
  return (
    <Card
      title={tl("alarms.title")}
      aside={
        <a href={routeAddress("alarms")}>
          {tl("tiles.open", { count: formatCount(counts.unacknowledged) })}
        </a>
      }
    >
      <div class="priority-tiles">
        {shown.map((priority) => {
          const count = counts.by_priority[priority - 1] ?? 0;
          return (
            <a
              key={priority}
              class={`priority-tile${count ? "" : " priority-tile-none"}`}
              href={routeAddress("alarms", "", { priority: String(priority) })}
            >
              <PriorityMark priority={priority} open={count > 0} size={22} />
              <strong>{formatCount(count)}</strong>
              <span>{priorityName(priority)}</span>
            </a>
          );
        })}
      </div>
      {branches.length > 0 && (
        <div class="enterprises">
          {branches.slice(0, TILES_MOST).map((branch) => (
            <EnterpriseTile key={branch.path} branch={branch} />
          ))}
        </div>
      )}
      {branches.length > TILES_MOST && (
        <p class="hint">{tl("tiles.more", { count: branches.length - TILES_MOST })}</p>
      )}
    </Card>
  );
}
