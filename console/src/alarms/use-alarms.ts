/**
 * The list of alarms that a page shows: its newest part is asked for, more as it is scrolled. What comes live changes
 * rows where they stand; new ones come in while the list rests at its top and nobody has chosen anything, else they
 * wait and are counted, so that nothing moves under a finger.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { askAlarms, type AlarmCounts, type AlarmQuery, type LiveEntry } from "../api/alarms";
import { Problem } from "../api/http";
import { presence } from "../api/presence";
import { useStore } from "../store";
import { newcomers, rowsChanged, rowsJoined, rowsOf, type Row } from "./rows";
import { followAlarms } from "./watch";

export const PAGE = 100;
const AGAIN_LEAST_MS = 1000;

interface State {
  key: string;
  rows?: Row[];
  counts?: AlarmCounts;
  next: string | number | null;
  problem?: Problem;
  /** Alarms that are not in the list; some may not pass its filter. */
  news: number;
}

export interface Alarms {
  rows: Row[] | undefined;
  counts: AlarmCounts | undefined;
  problem: Problem | undefined;
  loading: boolean;
  hasMore: boolean;
  news: number;
  more: () => void;
  reload: () => void;
  /** The list rests: what is new may come in. */
  setResting: (resting: boolean) => void;
}

export function useAlarms(query: AlarmQuery): Alarms {
  const key = JSON.stringify(query);
  const { returns } = useStore(presence);
  const [state, setState] = useState<State>({ key, next: null, news: 0 });
  const [loading, setLoading] = useState(true);
  const abort = useRef<AbortController | null>(null);
  const resting = useRef(true);
  const askedAt = useRef(0);
  const timer = useRef(0);
  const asking = useRef(false);
  const fresh = useRef(new Set<number>());
  const latest = useRef(state);
  latest.current = state;

  const load = useCallback(
    async (isMore: boolean) => {
      clearTimeout(timer.current);
      timer.current = 0;
      abort.current?.abort();
      const control = new AbortController();
      abort.current = control;
      askedAt.current = Date.now();
      asking.current = true;
      setLoading(true);
      try {
        const before = isMore && latest.current.key === key ? latest.current : undefined;
        let after = before?.next ?? null;
        const asked = JSON.parse(key) as AlarmQuery;
        let rows = before?.rows ?? [];
        const known = rows.length;
        let counts = before?.counts;
        // The server looks at a bounded part each time: pages may be empty.
        do {
          const answer = await askAlarms(asked, PAGE, after, control.signal);
          rows = isMore ? rowsJoined(rows, answer.alarms) : [...rows, ...rowsOf(answer.alarms)];
          // The first page alone counts.
          counts ??= answer.counts;
          after = answer.next ?? null;
        } while (after !== null && rows.length === known);
        if (!isMore) fresh.current.clear();
        setState({
          key,
          rows,
          ...(counts ? { counts } : {}),
          next: after,
          news: fresh.current.size,
        });
      } catch (error) {
        if (control.signal.aborted) return;
        const problem =
          error instanceof Problem ? error : new Problem(0, "console", "", `${error}`);
        setState((old) =>
          old.key === key ? { ...old, problem } : { key, next: null, problem, news: 0 },
        );
      }
      asking.current = false;
      setLoading(false);
    },
    [key],
  );

  const soon = useCallback(() => {
    if (timer.current) return;
    const wait = Math.max(60, askedAt.current + AGAIN_LEAST_MS - Date.now());
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      // A question that takes longer than the alarms take to change is not taken back.
      if (asking.current) soon();
      else void load(false);
    }, wait);
  }, [load]);

  useEffect(() => {
    fresh.current.clear();
    void load(false);
    return () => {
      abort.current?.abort();
      clearTimeout(timer.current);
      timer.current = 0;
    };
  }, [load, returns]);

  useEffect(
    () =>
      followAlarms({
        entries(entries: LiveEntry[]) {
          const { rows, key: shown } = latest.current;
          if (!rows || shown !== key) return;
          for (const alarm of newcomers(rows, entries)) fresh.current.add(alarm);
          const changed = rowsChanged(rows, entries);
          if (resting.current) soon();
          setState((old) =>
            old.key === key
              ? {
                  ...old,
                  rows: rowsChanged(old.rows ?? changed, entries),
                  news: fresh.current.size,
                }
              : old,
          );
        },
        again() {
          if (resting.current) soon();
        },
      }),
    [key, soon],
  );

  const current = state.key === key;
  return {
    rows: current ? state.rows : undefined,
    counts: state.counts,
    problem: current ? state.problem : undefined,
    loading,
    hasMore: current && state.next !== null,
    news: current ? state.news : 0,
    more: useCallback(() => void load(true), [load]),
    reload: useCallback(() => void load(false), [load]),
    setResting: useCallback(
      (rests: boolean) => {
        if (rests && !resting.current && fresh.current.size) soon();
        resting.current = rests;
      },
      [soon],
    ),
  };
}
