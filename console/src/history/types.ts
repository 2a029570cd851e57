/** What the HTTP API says of the history: docs/http.md, History. */
import type { Value } from "../api/types";

/** What an answer took. */
export interface Cost {
  points: number;
  samples: number;
  chunks: number;
  summaries: number;
  bytes: number;
  ms: number;
}

/** A piece that could not be read; servers differ in how much they say of it. */
export interface Missing {
  file?: string;
  why?: string;
  first?: string | number | null;
  last?: string | number | null;
}

export interface Answer<T> {
  from: string;
  to: string;
  points: T[];
  unknown?: string[];
  missing?: Missing[];
  cost?: Cost;
}

export interface PointHead {
  path: string;
  point: number;
  type: string;
  unit: string;
}

/** Reduced for a screen: each is a sample that was, in the order of time. */
export interface TrendPoint extends PointHead {
  times: number[]; /* ms */
  values: Value[];
  qualities?: (string | null)[] | null;
  /** How many samples there are; all of them were told when exact. */
  samples: number;
  exact: boolean;
}

/** time, value, quality unless good, lateness. */
export type RawSample = [string | number, Value, string?, number?];

export interface LastPoint extends PointHead {
  sample: RawSample | null;
}

export interface SamplesPoint extends PointHead {
  samples: RawSample[];
}

export interface BucketsPoint extends PointHead {
  buckets: [string | number, ...Value[]][];
}
