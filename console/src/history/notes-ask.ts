/** Annotations and corrections: what was said of a point, and which samples were put in the place of others. */
import { command, get } from "../api/http";
import type { Value } from "../api/types";
import { questionAddress } from "./ask";

export interface Annotation {
  annotation: number;
  path: string;
  /** Both null: it is about the point as such. The same: an instant. */
  time: string | null;
  to: string | null;
  text: string;
  author: string | null;
  made: string | null;
}

export interface Correction {
  correction: number;
  path: string;
  time: string;
  value: Value;
  /** What was there before; null: nothing. */
  original: { value: Value; quality: string } | null;
  reason: string | null;
  author: string | null;
  made: string | null;
  /** The sample was erased later: its values are not told. */
  erased: boolean;
}

const PAGE = 200;

export async function askAnnotations(path: string, signal: AbortSignal): Promise<Annotation[]> {
  const address = questionAddress("/v1/annotations", { path, limit: PAGE });
  return (await get<{ annotations: Annotation[] }>(address, signal)).annotations;
}

export async function askCorrections(path: string, signal: AbortSignal): Promise<Correction[]> {
  const address = questionAddress("/v1/corrections", { path, limit: PAGE });
  return (await get<{ corrections: Correction[] }>(address, signal)).corrections;
}

export interface NewAnnotation {
  path: string;
  text: string;
  author?: string;
  time?: string;
  to?: string;
}
export const annotate = (annotation: NewAnnotation): Promise<unknown> =>
  command("POST", "/v1/annotations", annotation);
export const annotationRemove = (annotation: number): Promise<unknown> =>
  command("DELETE", `/v1/annotations/${annotation}`);

export interface NewCorrection {
  path: string;
  time: string;
  value: Value;
  reason?: string;
  author?: string;
}
export const correct = (correction: NewCorrection): Promise<unknown> =>
  command("POST", "/v1/corrections", correction);
