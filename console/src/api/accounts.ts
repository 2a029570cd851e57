/** Machines, tokens, roles and shares as the server tells them (docs/http.md, People and rights). */
import { get, withQuery } from "./http";
import type { Right } from "./session";

export interface Grant {
  role: string;
  branch: string;
}

/** What persons, devices, tokens and claim keys have in common. */
export interface Account {
  name: string;
  title: string | null;
  state: "active" | "disabled" | "invited";
  grants: Grant[];
  owner: string | null;
  created: string;
  expires: string | null;
  number: number;
  /** Since the server started. */
  last_used: string | null;
  last_address: string | null;
}

export interface Device extends Account {
  password: boolean;
  certificates: string[];
  token: boolean;
}

export interface Claim extends Account {
  uses_left: number | null;
}

export interface RoleRight {
  pattern: string;
  rights: Right[];
}

export interface Role {
  name: string;
  title: string | null;
  builtin: boolean;
  rights: RoleRight[];
}

export interface Share {
  number: number;
  from: string;
  to: string;
  state: "offered" | "active" | "ended";
  rights: Right[];
  patterns: string[];
  title: string | null;
  offered: string;
  accepted: string | null;
  ended: string | null;
}

export const RIGHTS: readonly Right[] = ["see", "write", "acknowledge", "configure", "administer"];

export type AccountList = "users" | "devices" | "tokens" | "claims";

/** A page of accounts; text: what name or title holds. */
export async function askAccounts<T extends Account>(
  list: AccountList,
  text: string,
  after: string | number | null,
  limit: number,
  signal?: AbortSignal,
): Promise<{ items: T[]; next: string | null }> {
  const address = withQuery(`/v1/${list}`, { contains: text, after, limit });
  const answer = await get<Record<string, T[]> & { next: string | null }>(address, signal);
  return { items: answer[list] ?? [], next: answer.next };
}

const ACCOUNTS_AT_ONCE = 1000;

/** Each page of a list in turn. */
export async function* walkAccounts<T extends Account>(
  list: AccountList,
  text: string,
  signal: AbortSignal,
): AsyncGenerator<T[]> {
  let after: string | null = null;
  do {
    const page: { items: T[]; next: string | null } = await askAccounts<T>(
      list,
      text,
      after,
      ACCOUNTS_AT_ONCE,
      signal,
    );
    yield page.items;
    after = page.next;
  } while (after !== null);
}

/** The one of this name; null: there is none, or he may not see it. */
export async function findAccount<T extends Account>(
  list: AccountList,
  name: string,
  signal: AbortSignal,
): Promise<T | null> {
  for await (const items of walkAccounts<T>(list, name, signal)) {
    const found = items.find((item) => item.name === name);
    if (found) return found;
  }
  return null;
}

export const isExpired = (account: Account, nowMs: number): boolean =>
  account.expires !== null && Date.parse(account.expires) <= nowMs;

/** Of an account, behind the version and the list: /v1/devices/press-3. */
export const accountAddress = (list: AccountList, name: string): string =>
  `/v1/${list}/${encodeURIComponent(name)}`;
