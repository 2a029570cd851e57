/** What an alarm list shows, as its address has it and as the server is asked for it. Pure. */
import { PRIORITIES, STATES, type Alarm, type AlarmQuery, type AlarmState } from "../api/alarms";

export interface AlarmFilter {
  states: AlarmState[];
  priorities: number[];
  match: string;
  rule: string;
  type: string;
  under: string;
  assignee: string;
  contains: string;
}

export const FILTER_NONE: AlarmFilter = {
  states: [],
  priorities: [],
  match: "",
  rule: "",
  type: "",
  under: "",
  assignee: "",
  contains: "",
};

const TEXTS = ["match", "rule", "type", "under", "assignee", "contains"] as const;

/** "returned unacknowledged" is returned_unacknowledged here. */
export const stateOf = (word: string): AlarmState | undefined =>
  STATES.find((state) => state === word.replaceAll(/[ -]/g, "_"));

/** As the server has it. */
export const stateWord = (state: AlarmState): string => state.replaceAll("_", " ");

/** Groups as people choose them. */
export const STATE_GROUPS = {
  open: ["unacknowledged", "returned_unacknowledged", "latched_unacknowledged"],
  seen: ["acknowledged", "latched_acknowledged"],
  shelved: ["shelved"],
  suppressed: ["suppressed_by_design"],
  out: ["out_of_service"],
} as const satisfies Record<string, readonly AlarmState[]>;
export type StateGroup = keyof typeof STATE_GROUPS;

const setOf = (states: readonly AlarmState[]): string => [...states].sort().join();

/** Which group the states are; undefined: none of them alone. */
export function groupOf(states: readonly AlarmState[]): StateGroup | "all" | undefined {
  if (states.length === 0) return "all";
  const names = Object.keys(STATE_GROUPS) as StateGroup[];
  return names.find((name) => setOf(STATE_GROUPS[name]) === setOf(states));
}

/** Several priorities in a row are one word: 1-3. */
export function priorityWords(priorities: readonly number[]): string[] {
  const words: string[] = [];
  const sorted = [...new Set(priorities)].sort((a, b) => a - b);
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    const [first, last] = [sorted[at], sorted[end]];
    words.push(first === last ? String(first) : `${first}-${last}`);
    at = end + 1;
  }
  return words;
}

export function readPriorities(words: readonly string[]): number[] {
  const found = new Set<number>();
  for (const word of words) {
    const [, first, last] = /^(\d)(?:-(\d))?$/.exec(word) ?? [];
    if (!first) continue;
    for (const priority of PRIORITIES)
      if (priority >= Number(first) && priority <= Number(last ?? first)) found.add(priority);
  }
  return [...found].sort((a, b) => a - b);
}

export function readFilter(query: URLSearchParams): AlarmFilter {
  const filter: AlarmFilter = { ...FILTER_NONE };
  filter.states = [
    ...new Set(query.getAll("state").flatMap((word) => stateOf(word) ?? [])),
  ] as AlarmState[];
  filter.priorities = readPriorities(query.getAll("priority"));
  for (const name of TEXTS) filter[name] = query.get(name) ?? "";
  return filter;
}

/** For the address of the page. */
export function writeFilter(filter: AlarmFilter): string {
  const query = new URLSearchParams();
  for (const state of filter.states) query.append("state", state);
  for (const word of priorityWords(filter.priorities)) query.append("priority", word);
  for (const name of TEXTS) if (filter[name]) query.set(name, filter[name]);
  return query.toString();
}

export const alarmsAddress = (filter: AlarmFilter, alarm?: number): string => {
  const words = writeFilter(filter);
  return `#/alarms${alarm === undefined ? "" : `/${alarm}`}${words ? `?${words}` : ""}`;
};

/** For the server. */
export function filterQuery(filter: AlarmFilter): AlarmQuery {
  const query: AlarmQuery = {};
  if (filter.states.length) query["state"] = filter.states.map(stateWord);
  if (filter.priorities.length) query["priority"] = priorityWords(filter.priorities);
  for (const name of TEXTS) if (filter[name].trim()) query[name] = filter[name].trim();
  return query;
}

/** How many filters beside states, priorities and the search are set. */
export const filtersMore = (filter: AlarmFilter): number =>
  TEXTS.filter((name) => name !== "contains" && filter[name] !== "").length;

export const isOpen = ({ state }: Pick<Alarm, "state">): boolean =>
  (STATE_GROUPS.open as readonly (AlarmState | undefined)[]).includes(stateOf(state));

/** What can be done about an alarm in this state: the server decides, this only spares buttons. */
export function actsOf(state: string) {
  const is = stateOf(state);
  const hidden = is === "shelved" || is === "suppressed_by_design" || is === "out_of_service";
  return {
    acknowledge: isOpen({ state }),
    reset: is === "latched_acknowledged" || is === "latched_unacknowledged",
    shelve: !hidden,
    unshelve: is === "shelved",
    suppress: is !== "suppressed_by_design" && is !== "out_of_service",
    unsuppress: is === "suppressed_by_design",
    remove_from_service: is !== "out_of_service",
    return_to_service: is === "out_of_service",
  };
}
