/** Questions to the server. What it refuses is a Problem with its own words; what never arrived is one too. */
import { noteServerTime } from "./clock";
import { parseExact } from "./exact";
import { serverAnswered, serverSilent } from "./presence";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    /** Where in a statement it went wrong, in bytes of UTF-8 from its beginning. */
    readonly place?: number,
    /** So long is nothing to be tried again. */
    readonly retryAfterS = 0,
    /** What the server says of it beside: where a condition is wrong. */
    readonly body?: unknown,
  ) {
    super(detail || title);
  }
  /** The server could not be reached: nothing is known of what became of the question. */
  get away(): boolean {
    return this.status === 0;
  }
}

/** Called when the server does not know any more who asks. */
let unknown: () => void = () => undefined;
export function onUnknown(listener: () => void): void {
  unknown = listener;
}

/** A key that makes sending a command again harmless; crypto.randomUUID would need a secure context. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A path of a point within an address: its slashes stay, all else is escaped. */
export function pathAddress(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

export function withQuery(
  address: string,
  query: Record<string, string | number | boolean | null | undefined>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return text ? `${address}?${text}` : address;
}

export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as {
      code?: string;
      title?: string;
      detail?: string;
      offset?: number | null;
    };
    const { code = "", title = "", detail = "", offset } = body;
    const retryAfterS = Number(response.headers.get("Retry-After") ?? 0) || 0;
    const place = offset ?? undefined;
    return new Problem(response.status, code, title, detail, place, retryAfterS, body);
  } catch {
    return new Problem(response.status, "", response.statusText, text.slice(0, 300));
  }
}

/** A server that takes the connection and says nothing is as good as none. */
const SILENCE_MS = 10_000;

async function requestText(
  address: string,
  init: RequestInit,
  silenceMs = SILENCE_MS,
): Promise<string | undefined> {
  const silence = AbortSignal.timeout(silenceMs);
  const signal = init.signal ? AbortSignal.any([init.signal, silence]) : silence;
  try {
    const options: RequestInit = { ...init, signal, credentials: "same-origin", cache: "no-store" };
    const response = await fetch(address, options);
    serverAnswered();
    noteServerTime(response.headers.get("Date"));
    if (!response.ok) {
      const problem = await problemOf(response);
      if (problem.code === "unauthorized") unknown();
      throw problem;
    }
    return response.status === 204 ? undefined : await response.text();
  } catch (error) {
    if (init.signal?.aborted || error instanceof Problem) throw error;
    serverSilent();
    throw new Problem(0, "away", "", "");
  }
}

async function request<T>(address: string, init: RequestInit, silenceMs?: number): Promise<T> {
  const text = await requestText(address, init, silenceMs);
  return text === undefined ? (undefined as T) : parseExact<T>(text);
}

export function get<T>(address: string, signal?: AbortSignal, silenceMs?: number): Promise<T> {
  return request<T>(address, signal ? { signal } : {}, silenceMs);
}

/** A question with a body that changes nothing. */
export function ask<T>(
  address: string,
  body: unknown,
  signal?: AbortSignal,
  silenceMs?: number,
): Promise<T> {
  const question = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  };
  return request<T>(address, question, silenceMs);
}

/** A file of commands, answered line by line. It is sent once: what became of it is not known when its answer is lost. */
export async function sendText(
  address: string,
  media: string,
  body: string,
  silenceMs: number,
): Promise<string> {
  const question = { method: "POST", headers: { "Content-Type": media }, body };
  return (await requestText(address, question, silenceMs)) ?? "";
}

/** A command of many parts, which the server takes without a key: sent once. */
export const once = <T>(method: "DELETE" | "PATCH", address: string): Promise<T> =>
  request<T>(address, { method }, 60_000);

const COMMAND_TRIES = 3;

/** A command: sent again with the same key when its answer is lost, so that it happens once. */
export async function command<T>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  address: string,
  body?: unknown,
): Promise<T> {
  const key = idempotencyKey();
  for (let tried = 1; ; tried++) {
    try {
      return await request<T>(address, {
        method,
        headers: {
          "Idempotency-Key": key,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const again = error instanceof Problem && (error.away || error.status >= 500);
      if (!again || tried === COMMAND_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 400 * tried));
    }
  }
}
