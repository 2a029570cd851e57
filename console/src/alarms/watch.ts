/**
 * Alarms as the whole console knows them, whatever page is shown: how many there are, and what happens to them as it
 * happens. Counts are asked for, at most once a while; when the server does not tell alarms, all is asked for again.
 */
import { askAlarms, type AlarmCounts, type LiveEntry } from "../api/alarms";
import { presence } from "../api/presence";
import { mayAnywhere, session } from "../api/session";
import { liveState, watchAlarms } from "../live/live";
import { Store } from "../store";
import { soundAlarm, startSound } from "./sound";

export const POLL_MS = 5000;
const COUNT_LEAST_MS = 1000; /* between two questions while much happens */
const SLOW_MS = 30_000; /* what is told live is counted again now and then: others may be hidden from us */

export const alarmCounts = new Store<AlarmCounts | undefined>(undefined);
/** Alarms come as they happen; else they are asked for. */
export const alarmsLive = new Store<boolean>(false);

export interface AlarmFollower {
  /** It happened, in this order. */
  entries(entries: LiveEntry[]): void;
  /** Nobody knows what happened: ask for what is shown. */
  again(): void;
}
const followers = new Set<AlarmFollower>();
let timer = 0;
let asking = false;
let wanted = false;
let countedAt = 0;
let newest: number | undefined;

export function followAlarms(follower: AlarmFollower): () => void {
  followers.add(follower);
  return () => followers.delete(follower);
}

function later(ms: number): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => void count(), ms);
}

/** A server without alarms answers 404: then there are none to show. */
async function count(): Promise<void> {
  if (asking || !session.get()?.entered) return;
  if (document.hidden && alarmsLive.get()) return later(POLL_MS);
  asking = true;
  wanted = false;
  countedAt = Date.now();
  let known = true;
  try {
    const answer = await askAlarms({}, 1, null);
    alarmCounts.set(answer.counts);
    const alarm = answer.alarms[0];
    // Without the live connection a new alarm is noticed by being the newest.
    if (!alarmsLive.get() && alarm && newest !== undefined && alarm.alarm > newest)
      soundAlarm(alarm.priority);
    newest = alarm ? Math.max(newest ?? 0, alarm.alarm) : (newest ?? 0);
  } catch {
    known = false;
    alarmCounts.set(undefined);
  }
  asking = false;
  later(wanted ? COUNT_LEAST_MS : known && !alarmsLive.get() ? POLL_MS : SLOW_MS);
}

/** Something happened: count soon, and not too often. */
export function countAlarms(): void {
  wanted = true;
  if (asking) return;
  later(Math.max(50, countedAt + COUNT_LEAST_MS - Date.now()));
}

function heard(entries: LiveEntry[]): void {
  const told = entries.filter((entry) => entry.told && !entry.late);
  if (told.length) soundAlarm(Math.min(...told.map(({ priority }) => priority)));
  for (const follower of followers) follower.entries(entries);
  countAlarms();
}

let following = false;
/** A session that is resumed goes on where it was. */
const showLive = (): void => alarmsLive.set(following && liveState.get() === "live");

function missed(told: boolean): void {
  following = told;
  showLive();
  for (const follower of followers) follower.again();
  countAlarms();
}

let end: (() => void) | null = null;

/** It watches while somebody is entered who may see points. */
export function startAlarms(): void {
  const follow = () => {
    const may = session.get()?.entered && mayAnywhere("see");
    if (may && !end) {
      end = watchAlarms(null, { entries: heard, told: missed });
      countAlarms();
    } else if (!may && end) {
      end();
      end = null;
      clearTimeout(timer);
      alarmCounts.set(undefined);
      following = false;
      showLive();
    }
  };
  session.listen(follow);
  follow();
  startSound();
  liveState.listen(showLive);
  presence.listen(({ away }) => {
    if (!away) countAlarms();
  });
  setInterval(() => {
    if (alarmsLive.get() || !end || document.hidden) return;
    for (const follower of followers) follower.again();
  }, POLL_MS);
}
