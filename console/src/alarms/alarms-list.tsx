/** The alarm list: what stands now, which of it, and what to do about many at once. */
import { useEffect, useRef, useState } from "preact/hooks";
import { PRIORITIES, type AlarmCounts, type Which } from "../api/alarms";
import { mayAnywhere } from "../api/session";
import { formatCount } from "../format";
import { t } from "../i18n";
import { tl } from "../i18n/alarms";
import { Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Button, Card, Empty, ProblemNote, Search, Skeleton, useSettled } from "../ui/parts";
import { AlarmPanel } from "./alarm-panel";
import { AlarmRows } from "./alarm-rows";
import { AT_ONCE, DeedDialog, doAtOnce, type Deed } from "./acts";
import {
  alarmsAddress,
  filterQuery,
  filtersMore,
  FILTER_NONE,
  groupOf,
  STATE_GROUPS,
  type AlarmFilter,
  type StateGroup,
} from "./filter";
import { PriorityMark, priorityName, SoundChooser } from "./parts";
import { AlarmsExport, AlarmsPrint } from "./alarms-export";
import { useAlarms } from "./use-alarms";
import { goTo } from "../router";

const TEXTS = ["match", "under", "type", "rule", "assignee"] as const;
const GROUPS = Object.keys(STATE_GROUPS) as StateGroup[];

function countOfGroup(counts: AlarmCounts | undefined, group: StateGroup | "all") {
  if (!counts) return undefined;
  const { active, unacknowledged, shelved, suppressed, out_of_service } = counts;
  const counted = { open: unacknowledged, shelved, suppressed, out: out_of_service };
  if (group === "all") return undefined;
  return group === "seen" ? Math.max(0, active - unacknowledged) : counted[group];
}

/** Tiles that are filters: how many of each priority there are, and a press shows them alone. */
function PriorityTiles(props: {
  counts: AlarmCounts | undefined;
  chosen: number[];
  onChange: (priorities: number[]) => void;
}) {
  const { counts, chosen } = props;
  const numbers = counts?.by_priority ?? [];
  const shown = PRIORITIES.filter(
    (priority) => priority <= 4 || (numbers[priority - 1] ?? 0) > 0 || chosen.includes(priority),
  );
  return (
    <div class="priority-tiles" role="group" aria-label={tl("alarms.priorities")}>
      {shown.map((priority) => {
        const count = numbers[priority - 1] ?? 0;
        const isChosen = chosen.includes(priority);
        return (
          <button
            key={priority}
            type="button"
            class={`priority-tile${count ? "" : " priority-tile-none"}`}
            aria-pressed={isChosen}
            onClick={() =>
              props.onChange(
                isChosen ? chosen.filter((one) => one !== priority) : [...chosen, priority],
              )
            }
          >
            <PriorityMark priority={priority} open={count > 0} size={22} />
            <strong>{counts ? formatCount(count) : "–"}</strong>
            <span>{priorityName(priority)}</span>
          </button>
        );
      })}
    </div>
  );
}

function StateChips(props: {
  counts: AlarmCounts | undefined;
  filter: AlarmFilter;
  onChange: (filter: AlarmFilter) => void;
}) {
  const shown = groupOf(props.filter.states);
  return (
    <div class="chips" role="group" aria-label={tl("alarms.states")}>
      {(["all", ...GROUPS] as const).map((group) => {
        const count = countOfGroup(props.counts, group);
        return (
          <button
            key={group}
            type="button"
            class="chip"
            aria-pressed={group === shown}
            onClick={() =>
              props.onChange({
                ...props.filter,
                states: group === "all" ? [] : [...STATE_GROUPS[group]],
              })
            }
          >
            {tl(`alarms.group.${group}`)}
            {count !== undefined && count > 0 && (
              <span class="chip-count">{formatCount(count)}</span>
            )}
          </button>
        );
      })}
    </div>
  );
}

function MoreFilters(props: { filter: AlarmFilter; onChange: (filter: AlarmFilter) => void }) {
  return (
    <div class="audit-filters alarm-filters">
      {TEXTS.map((name) => (
        <Field key={name} label={tl(`alarms.filter.${name}`)}>
          {(id) => (
            <input
              id={id}
              class={name === "match" || name === "under" ? "mono" : ""}
              value={props.filter[name]}
              spellcheck={false}
              autocomplete="off"
              placeholder={name === "match" ? "plant/line-1/#" : ""}
              onInput={(event) =>
                props.onChange({ ...props.filter, [name]: event.currentTarget.value })
              }
            />
          )}
        </Field>
      ))}
    </div>
  );
}

const BULK: Deed[] = [
  "acknowledge",
  "shelve",
  "comment",
  "assign",
  "reset",
  "unshelve",
  "suppress",
  "unsuppress",
  "remove_from_service",
  "return_to_service",
];
const BULK_FIRST = 4;
const LETTERS: Record<string, Deed> = { a: "acknowledge", s: "shelve", c: "comment", r: "reset" };

/** What is done about those that are chosen, or about all that the filter lets through. */
function Bulk(props: {
  count: number;
  everything: boolean;
  hasMore: boolean;
  onEverything: () => void;
  onClear: () => void;
  onDeed: (deed: Deed) => void;
}) {
  const rest = BULK.slice(BULK_FIRST);
  return (
    <div class="bulk" role="toolbar" aria-label={tl("alarms.bulk")}>
      <span class="bulk-count" role="status">
        {props.everything ? tl("alarms.chosen.all") : tl("alarms.chosen", { count: props.count })}
      </span>
      {BULK.slice(0, BULK_FIRST).map((deed) => (
        <Button
          key={deed}
          kind={deed === "acknowledge" ? "primary" : "plain"}
          onClick={() => props.onDeed(deed)}
        >
          {tl(`alarms.${deed}`)}
        </Button>
      ))}
      <label class="bulk-more">
        <span class="hidden">{tl("alarms.others")}</span>
        <select
          value=""
          onChange={(event) => {
            const deed = rest.find((name) => name === event.currentTarget.value);
            event.currentTarget.value = "";
            if (deed) props.onDeed(deed);
          }}
        >
          <option value="">{tl("alarms.others")}</option>
          {rest.map((deed) => (
            <option key={deed} value={deed}>
              {tl(`alarms.${deed}`)}
            </option>
          ))}
        </select>
      </label>
      {props.hasMore && !props.everything && (
        <Button kind="quiet" onClick={props.onEverything}>
          {tl("alarms.choose.all")}
        </Button>
      )}
      <Button kind="quiet" icon="close" label={tl("alarms.choose.none")} onClick={props.onClear} />
    </div>
  );
}

export function AlarmsList(props: { filter: AlarmFilter; opened: string }) {
  const [filter, setFilter] = useState(props.filter);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [everything, setEverything] = useState(false);
  const [deed, setDeed] = useState<{ deed: Deed; which: Which } | null>(null);
  const [showMore, setShowMore] = useState(filtersMore(props.filter) > 0);
  const top = useRef(true);
  const settled = useSettled(filter, 250);
  const query = filterQuery(settled);
  const key = JSON.stringify(query);
  const list = useAlarms(query);
  const { rows, counts } = list;
  const opened = props.opened ? Number(props.opened) : null;
  const address = JSON.stringify(props.filter);
  // The address is what is shown: Back and a link change the filter, and the filter changes the address.
  useEffect(() => setFilter(JSON.parse(address) as AlarmFilter), [address]);
  useEffect(() => {
    if (JSON.stringify(settled) !== address)
      goTo(alarmsAddress(settled, opened ?? undefined), true);
    setChosen(new Set());
    setEverything(false);
  }, [key]);
  const rests = chosen.size === 0 && !everything && deed === null;
  const setResting = () => list.setResting(rests && top.current);
  useEffect(setResting, [rests]);
  const clear = () => {
    setChosen(new Set());
    setEverything(false);
  };
  const done = () => {
    clear();
    list.reload();
  };
  const run = (wanted: Deed, only?: number) => {
    const alarms = only === undefined ? [...chosen] : [only];
    const which: Which = everything ? { filter: query } : { alarms };
    if (!everything && alarms.length === 0) return;
    if (AT_ONCE.includes(wanted) && !everything) void doAtOnce(wanted, which, done);
    else setDeed({ deed: wanted, which });
  };
  const mayAct = mayAnywhere("acknowledge");
  const onLetter = (letter: string) => {
    const wanted = LETTERS[letter];
    if (wanted && mayAct) run(wanted);
  };
  const isFiltered = key !== "{}";
  return (
    <>
      <PriorityTiles
        counts={counts}
        chosen={filter.priorities}
        onChange={(priorities) => setFilter({ ...filter, priorities })}
      />
      <div class="tools alarm-bar">
        <StateChips counts={counts} filter={filter} onChange={setFilter} />
        <Search
          value={filter.contains}
          label={tl("alarms.search")}
          placeholder={tl("alarms.search")}
          onInput={(contains) => setFilter({ ...filter, contains })}
        />
        <Button icon="settings" onClick={() => setShowMore(!showMore)}>
          {filtersMore(filter)
            ? tl("alarms.filters.set", { count: filtersMore(filter) })
            : tl("alarms.filters")}
        </Button>
        <SoundChooser />
        <AlarmsExport query={query} />
        <AlarmsPrint rows={rows ?? []} />
      </div>
      {showMore && (
        <Card>
          <MoreFilters filter={filter} onChange={setFilter} />
        </Card>
      )}
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      <div class={`pair${opened === null ? "" : " pair-chosen alarm-pair"}`}>
        <Card class="list-card pair-list">
          {mayAct && (chosen.size > 0 || everything) && (
            <Bulk
              count={chosen.size}
              everything={everything}
              hasMore={list.hasMore}
              onEverything={() => setEverything(true)}
              onClear={clear}
              onDeed={run}
            />
          )}
          {list.news > 0 && (
            <button type="button" class="news" onClick={list.reload}>
              <Icon name="up" size={15} />
              {tl("alarms.news", { count: list.news })}
            </button>
          )}
          {!rows && !list.problem && <Skeleton />}
          {rows?.length === 0 && (
            <Empty
              icon="well"
              title={isFiltered ? tl("alarms.none.filtered") : tl("alarms.none_stands")}
              text={isFiltered ? tl("alarms.none.filtered.text") : tl("alarms.none.text")}
            >
              {isFiltered && (
                <Button onClick={() => setFilter(FILTER_NONE)}>{tl("alarms.filters.clear")}</Button>
              )}
            </Empty>
          )}
          {rows && rows.length > 0 && (
            <AlarmRows
              key={key}
              rows={rows}
              chosen={chosen}
              opened={opened}
              onChosen={(next) => {
                setEverything(false);
                setChosen(next);
              }}
              onOpen={(alarm) => goTo(alarmsAddress(settled, alarm))}
              onLetter={onLetter}
              more={list.hasMore && !list.loading ? list.more : undefined}
              onTop={(isAtTop) => {
                top.current = isAtTop;
                setResting();
              }}
            />
          )}
          <p class="hint list-foot">
            {rows &&
              rows.length > 0 &&
              tl(list.hasMore ? "alarms.shown.more" : "alarms.shown", { count: rows.length })}{" "}
            <span class="keys-hint">{tl("alarms.keys")}</span>
          </p>
        </Card>
        {props.opened && (
          <AlarmPanel
            key={props.opened}
            number={props.opened}
            onBack={() => goTo(alarmsAddress(settled))}
            onDone={list.reload}
          />
        )}
      </div>
      {deed && (
        <DeedDialog
          deed={deed.deed}
          which={deed.which}
          onDone={done}
          onClose={() => setDeed(null)}
        />
      )}
      <span class="hidden" role="status">
        {list.loading ? t("loading") : ""}
      </span>
    </>
  );
}
