/** Is the server there? What asks it says so here; whoever needs to know looks here. */
import { Store } from "../store";

export interface Presence {
  away: boolean;
  /** Counts the returns: what depends on it asks again. */
  returns: number;
}
export const presence = new Store<Presence>({ away: false, returns: 0 });

export function serverAnswered(): void {
  const { away, returns } = presence.get();
  if (away) presence.set({ away: false, returns: returns + 1 });
}

export function serverSilent(): void {
  const { away, returns } = presence.get();
  if (!away) presence.set({ away: true, returns });
}
