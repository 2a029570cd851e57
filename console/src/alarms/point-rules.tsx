/** Of one point: its alarms, and the rules that stand on it; the nearest of each kind wins, and it says which. */
import { askAlarms } from "../api/alarms";
import { useQuery } from "../api/query";
import { askRules } from "../api/rules";
import { mayPoint } from "../api/session";
import { tl } from "../i18n/alarms";
import { tr } from "../i18n/rules";
import { routeAddress } from "../router";
import "../style/alarms.css";
import { Name } from "../ui/name";
import { Age, Badge, Card } from "../ui/parts";
import { isOpen } from "./filter";
import { AlarmStateBadge, kindName, PriorityMark, titleOf } from "./parts";

const AGAIN_MS = 5000;
const MOST = 50;

export function PointRules({ path }: { path: string }) {
  const rules = useQuery(`rules on ${path}`, (signal) => askRules({ path }, null, signal, MOST))
    .data?.rules;
  const alarms = useQuery(
    `alarms of ${path}`,
    (signal) => askAlarms({ match: path }, MOST, null, signal),
    AGAIN_MS,
  ).data?.alarms;
  const mayAdd = mayPoint(path, "configure");
  if (!rules || !alarms || (rules.length === 0 && alarms.length === 0 && !mayAdd)) return null;
  return (
    <Card
      title={tr("point.rules")}
      aside={
        mayAdd && <a href={routeAddress("rules", "", { view: "new", path })}>{tr("rules.add")}</a>
      }
    >
      <ul class="point-alarms">
        {alarms.map((alarm) => (
          <li key={alarm.alarm}>
            <PriorityMark priority={alarm.priority} open={isOpen(alarm)} size={20} />
            <a href={routeAddress("alarms", String(alarm.alarm))}>
              <Name text={titleOf(alarm)} />
            </a>
            <AlarmStateBadge state={alarm.state} />
            <span class="faint">
              <Age time={alarm.raised} />
            </span>
          </li>
        ))}
      </ul>
      {rules.length === 0 && <p class="hint">{tr("point.rules.none")}</p>}
      <ul class="point-alarms">
        {rules.map((rule) => (
          <li key={rule.name} class={rule.wins === false ? "rule-loses" : ""}>
            <PriorityMark priority={rule.priority ?? 3} open={rule.wins !== false} size={20} />
            <a href={routeAddress("rules", rule.name)}>
              <Name text={rule.title || rule.name} />
            </a>
            <span>{kindName(rule.kind)}</span>
            {rule.wins === false ? (
              <Badge tone="plain">{tr("point.rules.loses")}</Badge>
            ) : (
              <Badge tone="good" icon="check">
                {tr("point.rules.wins")}
              </Badge>
            )}
            <span class="faint">{tr(`rules.on.${rule.on}`)}</span>
          </li>
        ))}
      </ul>
      {alarms.length === 0 && rules.length > 0 && <p class="hint">{tl("alarms.none_stands")}</p>}
    </Card>
  );
}
