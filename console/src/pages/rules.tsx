/** Alarm rules: which there are, and one of them as it is edited. */
import { useState } from "preact/hooks";
import { askRule, askRules, type Rule } from "../api/rules";
import { usePages, useQuery } from "../api/query";
import { mayAnywhere, session } from "../api/session";
import { kindName, PriorityMark, titleOf } from "../alarms/parts";
import { RuleEditor } from "../alarms/rule-editor";
import { formatCount } from "../format";
import { tr } from "../i18n/rules";
import { goTo, route, routeAddress } from "../router";
import { useStore } from "../store";
import "../style/access.css";
import "../style/alarms.css";
import "../style/tenants.css";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import {
  Badge,
  Button,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Skeleton,
  useSettled,
} from "../ui/parts";

const PAGE = 200;
const ROW_HEIGHT = 58;
const PHONE_HEIGHT = 84;
const NEW = "new";

export const placeText = ({ on, path, type, metric }: Rule): string =>
  on === "type" ? `${type ?? ""} . ${metric ?? ""}` : (path ?? "");

function RuleRow({ rule }: { rule: Rule }) {
  return (
    <div class="rule-row">
      <PriorityMark priority={rule.priority ?? 3} open={rule.enabled !== false} />
      <span class="alarm-what">
        <Name
          class="name"
          text={titleOf({ title: rule.title ?? null, rule: rule.name, kind: rule.kind })}
        />
        <span class="faint">
          <Name text={rule.title ? rule.name : ""} />
        </span>
      </span>
      <span class="rule-on">
        <span class="faint">{tr(`rules.on.${rule.on}`)}</span> <Name text={placeText(rule)} />
      </span>
      <span class="rule-kind">{kindName(rule.kind)}</span>
      <span class="rule-counts">
        {rule.enabled === false ? (
          <Badge tone="plain">{tr("rules.off")}</Badge>
        ) : (
          <>
            {rule.points !== null && (
              <span>
                {tr("rules.points", { count: rule.points, shown: formatCount(rule.points) })}
              </span>
            )}
            {rule.unjudged !== null && rule.unjudged > 0 && (
              <Badge tone="warn" icon="warn">
                {tr("rules.unjudged", {
                  count: rule.unjudged,
                  shown: formatCount(rule.unjudged),
                })}
              </Badge>
            )}
            {rule.alarms !== null && rule.alarms > 0 && (
              <Badge tone="bad" icon="bell">
                {formatCount(rule.alarms)}
              </Badge>
            )}
          </>
        )}
      </span>
    </div>
  );
}

function RulesList() {
  const [search, setSearch] = useState("");
  const settled = useSettled(search.trim());
  const [walk, setWalk] = useState(0);
  const list = usePages<Rule>(`rules ${settled}`, async (after, signal) => {
    const answer = await askRules({ contains: settled }, after, signal, PAGE);
    setWalk(answer.walk_left ?? 0);
    return { items: answer.rules, next: answer.next ?? null };
  });
  const { items } = list;
  return (
    <>
      <div class="tools">
        <Search
          value={search}
          label={tr("rules.search")}
          placeholder={tr("rules.search")}
          onInput={setSearch}
        />
        {mayAnywhere("configure") && (
          <Button icon="plus" onClick={() => goTo(routeAddress("rules", "", { view: NEW }))}>
            {tr("rules.add")}
          </Button>
        )}
        {walk > 0 && (
          <span class="faint" role="status">
            {tr("rules.walk", { count: formatCount(walk) })}
          </span>
        )}
      </div>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      <Card class="list-card">
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && (
          <Empty
            icon="rules"
            title={tr(settled ? "rules.none.like" : "rules.none")}
            text={tr("rules.none.text")}
          />
        )}
        {items && items.length > 0 && (
          <LongList
            key={settled}
            label={tr("rules.title")}
            items={items}
            rowHeight={ROW_HEIGHT}
            phoneHeight={PHONE_HEIGHT}
            row={(rule) => <RuleRow rule={rule} />}
            onOpen={(rule) => goTo(routeAddress("rules", rule.name))}
            more={list.hasMore && !list.loading ? list.more : undefined}
          />
        )}
      </Card>
    </>
  );
}

function OneRule({ name }: { name: string }) {
  const { data, problem, reload } = useQuery(`rule ${name}`, (signal) => askRule(name, signal));
  if (problem?.status === 404)
    return (
      <Card>
        <Empty icon="unknown" title={tr("rules.unknown")} text={tr("rules.unknown.text", { name })}>
          <a class="button button-plain" href={routeAddress("rules")}>
            {tr("rules.all")}
          </a>
        </Empty>
      </Card>
    );
  return (
    <>
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={10} />}
      {data && <RuleEditor key={`${name} ${data.changed ?? ""}`} rule={data} onSaved={reload} />}
    </>
  );
}

export function RulesPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  const isNew = query.get("view") === NEW;
  const isOne = isNew || rest !== "";
  return (
    <div class="page page-wide">
      <PageHead
        title={isNew ? tr("rules.add") : rest || tr("rules.title")}
        {...(isOne ? {} : { text: tr("rules.text") })}
      >
        {isOne && (
          <Button icon="back" onClick={() => goTo(routeAddress("rules"))}>
            {tr("rules.all")}
          </Button>
        )}
      </PageHead>
      {isNew ? (
        <RuleEditor
          rule={null}
          path={query.get("path") ?? ""}
          onSaved={(name) => goTo(routeAddress("rules", name), true)}
        />
      ) : rest ? (
        <OneRule name={rest} />
      ) : (
        <RulesList />
      )}
    </div>
  );
}
