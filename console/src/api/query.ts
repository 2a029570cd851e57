/** Questions that a page asks while it is shown: asked again at an interval and when the server returns. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../store";
import { Problem } from "./http";
import { presence } from "./presence";

export interface Query<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

function problemFrom(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, "console", "", String(error));
}

/** key: of the question; another key is another question, whose answer replaces the one before. */
export function useQuery<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs = 0,
): Query<T> {
  const { returns } = useStore(presence);
  const [answer, setAnswer] = useState<{ key: string; data?: T; problem?: Problem }>({ key });
  const [round, setRound] = useState(0);
  const [loading, setLoading] = useState(true);
  const loader = useRef(load);
  loader.current = load;

  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const ask = async () => {
      setLoading(true);
      try {
        const data = await loader.current(abort.signal);
        if (!abort.signal.aborted) setAnswer({ key, data });
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = problemFrom(error);
        setAnswer((old) => (old.key === key ? { ...old, problem } : { key, problem }));
      }
      if (abort.signal.aborted) return;
      setLoading(false);
      if (everyMs) timer = window.setTimeout(again, everyMs);
    };
    const again = () => {
      if (document.hidden) timer = window.setTimeout(again, everyMs);
      else void ask();
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, returns, round]);

  const reload = useCallback(() => setRound((old) => old + 1), []);
  const current = answer.key === key;
  return {
    data: current ? answer.data : undefined,
    problem: current ? answer.problem : undefined,
    loading,
    reload,
  };
}

export interface Pages<T> {
  items: T[] | undefined;
  problem: Problem | undefined;
  loading: boolean;
  hasMore: boolean;
  more: () => void;
  reload: () => void;
}

interface PageAnswer<T> {
  items: T[];
  next: string | number | null;
}

/** A list told in pages. Pages without an item are passed over: the server looks at a bounded part each time. */
export function usePages<T>(
  key: string,
  loadPage: (after: string | number | null, signal: AbortSignal) => Promise<PageAnswer<T>>,
): Pages<T> {
  const { returns } = useStore(presence);
  const [state, setState] = useState<{
    key: string;
    items?: T[];
    next: string | number | null;
    problem?: Problem;
  }>({ key, next: null });
  const [loading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const abort = useRef<AbortController | null>(null);
  const loader = useRef(loadPage);
  loader.current = loadPage;

  const load = useCallback(
    async (before: T[], after: string | number | null) => {
      abort.current?.abort();
      const control = new AbortController();
      abort.current = control;
      setLoading(true);
      try {
        const items = [...before];
        let next = after;
        do {
          const page = await loader.current(next, control.signal);
          items.push(...page.items);
          next = page.next;
        } while (next !== null && items.length === before.length);
        setState({ key, items, next });
      } catch (error) {
        if (control.signal.aborted) return;
        const problem = problemFrom(error);
        setState((old) => (old.key === key ? { ...old, problem } : { key, next: null, problem }));
      }
      setLoading(false);
    },
    [key],
  );

  useEffect(() => {
    void load([], null);
    return () => abort.current?.abort();
  }, [load, returns, round]);

  const current = state.key === key;
  return {
    items: current ? state.items : undefined,
    problem: current ? state.problem : undefined,
    loading,
    hasMore: current && state.next !== null,
    more: useCallback(() => {
      if (state.key === key && state.next !== null) void load(state.items ?? [], state.next);
    }, [state, key, load]),
    reload: useCallback(() => setRound((old) => old + 1), []),
  };
}
