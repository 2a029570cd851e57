/** What the HTTP API says, as docs/http.md has it. */

/** A text is also an integer that a double does not hold exactly: see exact.ts. */
export type Value = number | boolean | string | null;
export type LimitState = "none" | "low_low" | "low" | "normal" | "high" | "high_high";
export type LimitKind = "low_low" | "low" | "high" | "high_high";
export type Limits = Partial<Record<LimitKind, number>>;

/** A limit, and who says it: the rule that raises an alarm by it, if one does, the point, or its metric. */
export interface LimitInForce {
  limit: number;
  from: "rule" | "point" | "type";
  rule: string | null;
}
export type LimitsInForce = Partial<Record<LimitKind, LimitInForce>>;

export interface PointBrief {
  path: string;
  point: number;
  type: string;
  value: Value;
  quality: string;
  time: string | null;
  arrival: string | null;
  unit: string;
  limit_state: LimitState;
}

export interface Refusal {
  topic: string;
  reason: string;
  text: string;
  fault?: string;
  count: number;
  first: string | null;
  last: string | null;
}

export interface Point extends PointBrief {
  description: string;
  labels: Record<string, string>;
  limits: Limits;
  limits_in_force?: LimitsInForce;
  refused?: Refusal[];
}

export interface PointList {
  points: PointBrief[];
  next: string | null;
  entered?: number;
}

export interface TreeChild {
  name: string;
  path: string;
  count: number;
  branch: boolean;
  point: PointBrief | null;
}

export interface TreeAnswer {
  path: string;
  count: number;
  children: TreeChild[];
  next: string | null;
  entered?: number;
}

/** What may be changed of a point, and what a new one has beside its path. */
export interface PointSettings {
  type?: string;
  unit?: string;
  description?: string;
  labels?: Record<string, string>;
  limits?: Limits;
}

export interface Client {
  id: string;
  peer: string | null;
  version: string;
  kept: boolean;
  expiry_s: number | null;
  subscriptions: number;
  queued: number;
  queued_bytes: number;
  in_flight: number;
  dropped: number;
  connected_s: number | null;
  away_s: number | null;
}

export interface Retained {
  topic: string;
  qos: number;
  bytes: number;
  expires_s: number | null;
  payload: string | null;
  payload_cut: boolean;
}

export interface Setting {
  name: string;
  value: string | number | boolean;
  default: string | number | boolean;
  reload: boolean;
  meaning: string;
  changed: boolean;
}

/** What becomes of a topic's messages under some settings. */
export interface TopicUse {
  reading: boolean;
  use: string;
  /** Of the point, or of the branch its points are in. */
  path: string | null;
  why: string | null;
}

export interface Topic extends TopicUse {
  topic: string;
  messages: number;
  last: string | null;
  /** Points at or below path, and the paths of the first of them. */
  count: number;
  points: string[];
}

export interface TopicsAnswer {
  topics: Topic[];
  next: number | null;
  template: string;
  match: string;
}

export interface TopicTrial {
  topic: string;
  messages: number;
  now: TopicUse;
  then: TopicUse;
}

export interface TrialAnswer {
  topics: TopicTrial[];
  count: number;
  changes: number;
  readings_now: number;
  readings_then: number;
}

export interface Damage {
  segment: number;
  offset: number;
  bytes: number;
  first_position: number;
  records: number;
  before: string | null;
  after: string | null;
  why: string;
  file: string;
}

/** The parts of /v1/state the console reads. All of it may be missing: servers differ in age. */
export interface RawState {
  version?: string;
  data?: string;
  started?: string | null;
  uptime_s?: number;
  memory_bytes?: number;
  mqtt?: Record<string, unknown>;
  http?: Record<string, unknown>;
  live?: Record<string, unknown>;
  rates?: Record<string, number>;
  points?: Record<string, number>;
  engine?: Record<string, unknown>;
  journal?: Record<string, unknown>;
  disk?: Record<string, unknown>;
  memory?: Record<string, unknown>;
  snapshot?: Record<string, unknown>;
  damage?: Damage[];
  limits?: Record<string, number>;
}
