/** The state of the server, asked for all the time, with the last minutes kept for the sparklines. */
import { hurryLive, suspectLive } from "../live/live";
import { Store } from "../store";
import { get, Problem } from "./http";
import { issuesOf, type Issue } from "./health";
import { presence } from "./presence";
import { may, session } from "./session";
import { readState, type SystemState } from "./state";
import type { RawState } from "./types";

export interface Moment {
  at: number; /* ms */
  state: SystemState;
}
export interface System {
  state: SystemState | undefined;
  issues: Issue[];
  /** Oldest first, HISTORY_MS long. */
  history: Moment[];
}

const EVERY_MS = 1000;
const EVERY_HIDDEN_MS = 10_000;
const EVERY_AWAY_MS = 1500;
const SILENCE_MS = 4000; /* then the server is taken to be away */
export const HISTORY_MS = 300_000;

export const system = new Store<System>({ state: undefined, issues: [], history: [] });

function note(state: SystemState): void {
  const now = Date.now();
  const { history } = system.get();
  const last = history[history.length - 1];
  // Counters that fall: another process answers now, and what was before is not its past.
  const restarted = last !== undefined && state.uptimeS + 1 < last.state.uptimeS;
  const kept = restarted ? [] : history.filter((moment) => moment.at > now - HISTORY_MS);
  const moments = [...kept, { at: now, state }];
  system.set({ state, issues: issuesOf(state, moments[0]?.state), history: moments });
}

let timer = 0;

async function poll(): Promise<void> {
  try {
    if (may("state")) note(readState(await get<RawState>("/v1/state", undefined, SILENCE_MS)));
    else await get("/v1/session", undefined, SILENCE_MS);
  } catch (error) {
    // Gone without a word: the socket may not know it yet.
    if (error instanceof Problem && error.away) suspectLive();
  }
  const often = may("state") && !document.hidden;
  const wait = presence.get().away ? EVERY_AWAY_MS : often ? EVERY_MS : EVERY_HIDDEN_MS;
  clearTimeout(timer);
  timer = window.setTimeout(() => void poll(), wait);
}

export function startSystem(): void {
  session.listen(() => {
    clearTimeout(timer);
    void poll();
  });
  presence.listen(({ away }) => {
    if (!away) hurryLive();
  });
}
