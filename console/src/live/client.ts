/**
 * The live protocol of docs/http.md, without a socket: what to say when, what to make of what is heard, when to
 * come back. A connection that ends is followed by another one that resumes the session with the number of the
 * last message; when the server does not know the session any more, or a number is missing, everything is asked
 * for anew. Whoever listens sees points change and vanish and need not know which of these happened. Of alarms it is
 * told what happens to them; when some of that may be missing, it is told to ask for all of it.
 *
 *   waiting --(delay over, or hurry)--> connecting --(hello, then resumed or gone)--> live
 *      ^---------------------------------(closed, silent, out of order)-----------------'
 */
import type { LiveEntry } from "../api/alarms";
import { parseExact } from "../api/exact";
import type { LimitState, Value } from "../api/types";

export type LiveState = "connecting" | "live" | "waiting";

export interface LivePoint {
  point: number;
  path: string;
  type: string;
  unit: string;
  value: Value;
  quality: string;
  /** Source time in ms since 1970; null when it is not known. */
  time: number | null;
  limitState: LimitState;
}

export interface Wire {
  send(text: string): void;
  close(): void;
}
export interface WireEvents {
  opened(): void;
  heard(text: string): void;
  closed(): void;
}
/** What the client cannot do itself. */
export interface LiveWorld {
  connect(events: WireEvents): Wire;
  /** Calls run once after that time, unless the function returned is called before. */
  after(ms: number, run: () => void): () => void;
  /** From 0 to 1, for spreading the returns of many pages. */
  random(): number;
}
export interface LiveListener {
  state(state: LiveState): void;
  /** A point came, or something of it changed. */
  changed(point: LivePoint): void;
  removed(point: number): void;
  /** A snapshot of this subscription is whole. */
  complete(subscription: number): void;
  failed(code: string, detail: string): void;
  /** It happened to alarms, in this order. */
  alarms?(subscription: number, entries: LiveEntry[]): void;
  /** From now on alarms are told (what happened before may be missing), or the server does not tell them. */
  alarmsTold?(subscription: number, told: boolean): void;
}

interface Subscription {
  patterns: string[];
  points: Set<number>;
  /** Of the snapshot under way; what is not in it when it ends has gone. */
  seen: Set<number> | null;
}
interface RawPoint {
  point: number;
  path: string;
  type: string;
  unit?: string;
  value: Value;
  quality?: string;
  time: string | number | null;
  limit_state?: LimitState;
}
type RawValue = [number, Value, number | null, string?, LimitState?];
interface Message {
  op: string;
  entries?: LiveEntry[];
  missed?: boolean;
  id?: number;
  seq?: number;
  last?: boolean;
  session?: string;
  code?: string;
  detail?: string;
  skipped?: number;
  points?: RawPoint[] | number[];
  values?: RawValue[];
}

const NUMBERED = new Set(["snapshot", "delta", "added", "removed", "changed", "alarms"]);
const DELAYS_MS = [250, 500, 1000, 2000, 4000, 8000, 15000];
/** A connection that says nothing at all for that long after it was begun is given up. */
export const HELLO_WAIT_MS = 10000;

function millisecondsOf(time: string | number | null | undefined): number | null {
  if (typeof time === "number") return time;
  const parsed = time ? Date.parse(time) : NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

export class LiveClient {
  readonly points = new Map<number, LivePoint>();
  skipped = 0;
  private readonly subscriptions = new Map<number, Subscription>();
  /** By their pattern; null: all that one may see. */
  private readonly alarmWatches = new Map<number, string | null>();
  /** What the server's session knows of. */
  private readonly told = new Set<number>();
  /** Alarms that this server's session does not tell. */
  private readonly refused = new Set<number>();
  private nextId = 1;
  private wire: Wire | null = null;
  private cancelTimer: (() => void) | null = null;
  private current: LiveState = "waiting";
  private session: string | null = null;
  private sequence = 0;
  /** The session that hello named while we asked for the one before it. */
  private offered: string | null = null;
  private resuming = false;
  private failures = 0;
  private epoch = 0;
  private stopped = true;

  constructor(
    private readonly world: LiveWorld,
    private readonly listener: LiveListener,
    private readonly paceMs = 0,
  ) {}

  get state(): LiveState {
    return this.current;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.connect();
  }

  /** Nobody may listen: the connection ends, and so does the session, until it is started again. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.session = null;
    this.epoch++;
    this.cancelTimer?.();
    this.cancelTimer = null;
    const wire = this.wire;
    this.wire = null;
    wire?.close();
    this.failures = 0;
    this.become("waiting");
  }

  /** There is reason to believe that the server is back: do not wait any longer. */
  hurry(): void {
    if (this.current === "waiting" && !this.stopped) this.connect();
  }

  /** There is reason to believe that the connection is dead although nobody said so. */
  suspect(): void {
    if (this.current === "live") this.lose();
  }

  subscribe(patterns: string[]): number {
    const id = this.nextId++;
    this.subscriptions.set(id, { patterns, points: new Set(), seen: null });
    if (this.current === "live") this.tellBegin(id, patterns);
    return id;
  }

  unsubscribe(id: number): void {
    const subscription = this.subscriptions.get(id);
    if (!subscription) return;
    this.subscriptions.delete(id);
    if (this.current === "live" && this.told.has(id)) this.tellEnd(id);
    for (const point of subscription.points) if (!this.isWatched(point)) this.points.delete(point);
  }

  /** What happens to alarms of points that match; unsubscribeAlarms ends it. */
  subscribeAlarms(match: string | null): number {
    const id = this.nextId++;
    this.alarmWatches.set(id, match);
    if (this.current === "live") this.tellAlarmsBegin(id, match);
    return id;
  }

  unsubscribeAlarms(id: number): void {
    if (!this.alarmWatches.delete(id)) return;
    if (this.current === "live" && this.told.has(id)) this.tellEnd(id);
  }

  private isWatched(point: number): boolean {
    for (const subscription of this.subscriptions.values())
      if (subscription.points.has(point)) return true;
    return false;
  }

  private say(message: object): void {
    this.wire?.send(JSON.stringify(message));
  }

  private become(state: LiveState): void {
    if (state === this.current) return;
    this.current = state;
    this.listener.state(state);
  }

  private timer(ms: number, run: () => void): void {
    this.cancelTimer?.();
    this.cancelTimer = this.world.after(ms, () => {
      this.cancelTimer = null;
      run();
    });
  }

  private connect(): void {
    const epoch = ++this.epoch;
    const now = (run: () => void) => () => {
      if (epoch === this.epoch) run();
    };
    this.resuming = this.session !== null;
    this.offered = null;
    this.become("connecting");
    this.timer(HELLO_WAIT_MS, () => this.lose());
    this.wire = this.world.connect({
      opened: now(() => {
        if (this.resuming) this.say({ op: "resume", session: this.session, seq: this.sequence });
      }),
      heard: (text) => {
        if (epoch === this.epoch) this.hear(text);
      },
      closed: now(() => this.lose()),
    });
  }

  /** The connection is over: come back after a while, longer each time it fails. */
  private lose(): void {
    this.epoch++;
    const wire = this.wire;
    this.wire = null;
    wire?.close();
    const delay = DELAYS_MS[Math.min(this.failures, DELAYS_MS.length - 1)] as number;
    this.failures++;
    this.become("waiting");
    this.timer(delay * (0.75 + 0.5 * this.world.random()), () => this.connect());
  }

  /** What we know cannot be trusted to be whole: forget the session and ask for everything. */
  private restart(): void {
    this.session = null;
    this.lose();
  }

  private hear(text: string): void {
    let message: Message;
    try {
      message = parseExact<Message>(text);
    } catch {
      this.restart();
      return;
    }
    if (NUMBERED.has(message.op)) {
      if (message.seq !== this.sequence + 1) {
        this.restart();
        return;
      }
      this.sequence = message.seq;
    }
    this.obey(message);
  }

  private obey(message: Message): void {
    switch (message.op) {
      case "hello":
        this.offered = message.session ?? null;
        if (!this.resuming) this.begin();
        break;
      case "resumed":
        this.sequence = message.seq ?? this.sequence;
        this.live();
        this.agree();
        break;
      case "gone":
        this.begin();
        break;
      case "snapshot":
        this.snapshot(message);
        break;
      case "added":
      case "changed":
        for (const raw of (message.points ?? []) as RawPoint[]) this.enter(raw, message.id);
        break;
      case "delta":
        this.skipped += message.skipped ?? 0;
        for (const change of message.values ?? []) this.change(change);
        break;
      case "removed":
        for (const point of (message.points ?? []) as number[]) this.remove(point);
        break;
      case "following":
        this.listener.alarmsTold?.(message.id ?? 0, true);
        break;
      case "alarms":
        if (!this.alarmWatches.has(message.id ?? 0)) break;
        this.listener.alarms?.(message.id ?? 0, message.entries ?? []);
        if (message.missed) this.listener.alarmsTold?.(message.id ?? 0, true);
        break;
      case "error":
        this.fail(message);
        break;
      default:
        break;
    }
  }

  /** A server that does not tell alarms is asked for them instead. */
  private fail({ id = 0, code = "", detail = "" }: Message): void {
    if (this.alarmWatches.has(id)) {
      this.told.delete(id);
      this.refused.add(id);
      this.listener.alarmsTold?.(id, false);
    } else this.listener.failed(code, detail);
  }

  private live(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.resuming = false;
    this.failures = 0;
    this.become("live");
  }

  /** A new session: everything is subscribed anew. */
  private begin(): void {
    this.session = this.offered;
    this.sequence = 0;
    this.told.clear();
    this.refused.clear();
    this.live();
    if (this.paceMs) this.say({ op: "pace", ms: this.paceMs });
    this.agree();
  }

  /** Tells the server's session what was subscribed and unsubscribed while nobody heard. */
  private agree(): void {
    for (const id of [...this.told])
      if (!this.subscriptions.has(id) && !this.alarmWatches.has(id)) this.tellEnd(id);
    for (const [id, match] of this.alarmWatches)
      if (!this.told.has(id) && !this.refused.has(id)) this.tellAlarmsBegin(id, match);
    for (const [id, { patterns }] of this.subscriptions)
      if (!this.told.has(id)) this.tellBegin(id, patterns);
  }

  private tellBegin(id: number, patterns: string[]): void {
    this.told.add(id);
    this.say({ op: "subscribe", id, match: patterns });
  }

  private tellAlarmsBegin(id: number, match: string | null): void {
    this.told.add(id);
    this.say({ op: "alarms", id, match });
  }

  private tellEnd(id: number): void {
    this.told.delete(id);
    this.say({ op: "unsubscribe", id });
  }

  private snapshot(message: Message): void {
    const id = message.id ?? 0;
    const subscription = this.subscriptions.get(id);
    if (!subscription) return;
    subscription.seen ??= new Set();
    for (const raw of (message.points ?? []) as RawPoint[]) {
      subscription.seen.add(raw.point);
      this.enter(raw, id);
    }
    if (!message.last) return;
    const { seen } = subscription;
    subscription.seen = null;
    for (const point of [...subscription.points]) if (!seen.has(point)) this.remove(point);
    this.listener.complete(id);
  }

  private enter(raw: RawPoint, id: number | undefined): void {
    if (id !== undefined) this.subscriptions.get(id)?.points.add(raw.point);
    if (!this.isWatched(raw.point)) return;
    const known = this.points.get(raw.point);
    const point: LivePoint = {
      point: raw.point,
      path: raw.path,
      type: raw.type,
      unit: raw.unit ?? "",
      value: raw.value,
      quality: raw.quality ?? "good",
      time: millisecondsOf(raw.time),
      limitState: raw.limit_state ?? "none",
    };
    if (known) Object.assign(known, point);
    else this.points.set(raw.point, point);
    this.listener.changed(known ?? point);
  }

  private change([id, value, time, quality, limitState]: RawValue): void {
    const point = this.points.get(id);
    if (!point) return;
    point.value = value;
    point.time = time;
    point.quality = quality ?? "good";
    // A point with limits is told its state when that is not the normal one; without limits it has none.
    point.limitState = limitState ?? (point.limitState === "none" ? "none" : "normal");
    this.listener.changed(point);
  }

  private remove(point: number): void {
    for (const subscription of this.subscriptions.values()) subscription.points.delete(point);
    if (this.points.delete(point)) this.listener.removed(point);
  }
}
