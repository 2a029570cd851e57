/**
 * The page's one WebSocket. Changes are handed on once per animation frame at most, however fast they come; who draws
 * values touches only what is on the screen. What must see every message (a trend) listens to that instead.
 */
import type { LiveEntry } from "../api/alarms";
import { serverAnswered } from "../api/presence";
import { session } from "../api/session";
import { Store } from "../store";
import { LiveClient, type LivePoint, type LiveState } from "./client";

/** Least time between two messages for this page: values tick, and no server sends what nobody can see. */
const PACE_MS = 100;

/** So many changes in a frame are told in every second one: 30 a second look the same, and cost half. */
const MANY_POINTS = 20;
const MANY_EVERY_MS = 30; /* less than two frames of 60 a second */

export const liveState = new Store<LiveState>("waiting");
export const liveFault = new Store<string>("");

type FrameListener = (points: ReadonlySet<number>) => void;
type PointListener = (point: LivePoint) => void;
const frameListeners = new Set<FrameListener>();
const pointListeners = new Map<number, Set<PointListener>>();
let dirty = new Set<number>();
let frame = 0;
let flushedAt = 0;

function flush(now: number): void {
  if (dirty.size > MANY_POINTS && now - flushedAt < MANY_EVERY_MS) {
    frame = requestAnimationFrame(flush);
    return;
  }
  frame = 0;
  flushedAt = now;
  const points = dirty;
  dirty = new Set();
  for (const listener of frameListeners) listener(points);
}

function mark(point: number): void {
  dirty.add(point);
  frame ||= requestAnimationFrame(flush);
}

function socketAddress(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`;
}

const client = new LiveClient(
  {
    connect(events) {
      const socket = new WebSocket(socketAddress());
      socket.onopen = () => events.opened();
      socket.onmessage = (message: MessageEvent<string>) => events.heard(message.data);
      socket.onclose = () => events.closed();
      return { send: (text) => socket.send(text), close: () => socket.close() };
    },
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
  },
  {
    state(state) {
      liveState.set(state);
      if (state === "live") serverAnswered();
    },
    changed(point) {
      mark(point.point);
      const listeners = pointListeners.get(point.point);
      if (listeners) for (const listener of listeners) listener(point);
    },
    removed: mark,
    alarms: (id, entries) => alarmListeners.get(id)?.entries(entries),
    alarmsTold: (id, told) => alarmListeners.get(id)?.told(told),
    complete: () => liveFault.set(""),
    failed: (_code, detail) => liveFault.set(detail),
  },
  PACE_MS,
);

/** It listens while somebody is entered. */
export function startLive(): void {
  const follow = () => (session.get()?.entered ? client.start() : client.stop());
  session.listen(follow);
  follow();
  addEventListener("online", () => client.hurry());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) client.hurry();
  });
}

export const hurryLive = (): void => client.hurry();
export const suspectLive = (): void => client.suspect();
export const livePoint = (point: number): LivePoint | undefined => client.points.get(point);

export function findLivePoint(path: string): LivePoint | undefined {
  for (const point of client.points.values()) if (point.path === path) return point;
  return undefined;
}

/** Watches points that match; the function returned ends it. */
export function watchPatterns(patterns: string[]): () => void {
  const id = client.subscribe(patterns);
  return () => client.unsubscribe(id);
}

export interface AlarmListener {
  entries(entries: LiveEntry[]): void;
  /** From now on they come, and what happened before may have been missed; or they do not come at all. */
  told(told: boolean): void;
}
const alarmListeners = new Map<number, AlarmListener>();

/** What happens to alarms, as it happens; match: of these points, null: of all. The function returned ends it. */
export function watchAlarms(match: string | null, listener: AlarmListener): () => void {
  const id = client.subscribeAlarms(match);
  alarmListeners.set(id, listener);
  return () => {
    alarmListeners.delete(id);
    client.unsubscribeAlarms(id);
  };
}

/** Once per animation frame, with all points that changed or vanished since the one before. */
export function onLiveFrame(listener: FrameListener): () => void {
  frameListeners.add(listener);
  return () => frameListeners.delete(listener);
}

/** Each message about this point. */
export function onLivePoint(point: number, listener: PointListener): () => void {
  const listeners = pointListeners.get(point) ?? new Set();
  pointListeners.set(point, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (!listeners.size) pointListeners.delete(point);
  };
}
