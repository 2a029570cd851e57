/** Who asks, and what he may. While that is not known (undefined), and while nobody may enter, no page is shown. */
import { Store } from "../store";
import { ask, command, get, onUnknown, Problem } from "./http";

export type Right = "see" | "write" | "acknowledge" | "configure" | "administer";
export interface Session {
  /** Nobody administers the server: whoever is on its machine may all. */
  trial: boolean;
  /** Other machines reach it though it is not encrypted, or on trial. */
  insecure: boolean;
  entered: boolean;
  user: string | null;
  kind: string;
  title: string | null;
  second_factor: boolean;
  tenant: string | null;
  tenant_title: string | null;
  anywhere: Right[];
  branches: { branch: string; pattern: string; rights: Right[] }[];
  resources: Record<string, Right[] | undefined>;
}

export const session = new Store<Session | undefined>(undefined);

/** Something of a resource of the tenant or the server, by its last name: users, settings. */
export function may(resource: string, right: Right = "see"): boolean {
  return session.get()?.resources[resource]?.includes(right) ?? false;
}

export const mayAnywhere = (right: Right): boolean =>
  session.get()?.anywhere.includes(right) ?? false;

/** Types of assets: who may configure them, or every point of the tenant. */
export const mayTypes = (): boolean =>
  may("types", "configure") ||
  (session.get()?.branches ?? []).some(
    ({ branch, pattern, rights }) =>
      branch === "#" && pattern === "#" && rights.includes("configure"),
  );

/** * stands for any characters, ? for one, and what stands for the name of who asks for any. */
function levelMatches(part: string, level: string): boolean {
  if (part === "+" || part === level) return true;
  if (!/[*?]|%[cu]/.test(part)) return false;
  const words = part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const pattern = words.replace(/\*|%[cu]/g, ".*").replace(/\?/g, ".");
  return new RegExp(`^${pattern}$`, "su").test(level);
}

/** As the server matches. Of other tenants' points # has all, else what begins with @. */
export function patternMatches(pattern: string, path: string): boolean {
  const levels = path.split("/");
  const parts = pattern.split("/");
  const rest = parts.at(-1) === "#" || parts.at(-1) === "**";
  if (rest) parts.pop();
  if (rest ? levels.length < parts.length : levels.length !== parts.length) return false;
  if (path.startsWith("@") && parts[0] && !parts[0].startsWith("@")) return false;
  return parts.every((part, at) => levelMatches(part, levels[at] ?? ""));
}

/** Of a point; the server decides, this only spares buttons that it would refuse. */
export function mayPoint(path: string, right: Right): boolean {
  // Of another tenant's points a share gives no more.
  if (path.startsWith("@") && right !== "see" && right !== "acknowledge") return false;
  const rules = session.get()?.branches ?? [];
  return rules.some(
    ({ branch, pattern, rights }) =>
      rights.includes(right) && patternMatches(branch, path) && patternMatches(pattern, path),
  );
}

/** Say something about a point. */
export const mayAnnotate = (path: string): boolean =>
  mayPoint(path, "write") || mayPoint(path, "acknowledge");

const nameOf = ({ user, tenant }: Session): string | null => user && `${user}@${tenant ?? ""}`;

/** Take away what was said: his own, or at a point that he configures. */
export function mayUnsay({ path, author }: { path: string; author: string | null }): boolean {
  const who = session.get();
  return mayPoint(path, "configure") || (!!who && author !== null && author === nameOf(who));
}

/** Passwords are the same however they were typed: the server compares bytes. */
export const passwordOf = (text: string): string => text.normalize("NFC");

const RETRY_MS = 1500;

/** Asks until the server answers; what it answers is who asks. */
async function askSession(): Promise<void> {
  for (;;) {
    try {
      take(await get<Session>("/v1/session"));
      return;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        leave();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Whom this page was last shown to: another one gets a page that remembers nothing of him. */
let shownTo: string | null = null;

function take(next: Session): void {
  const who = nameOf(next);
  if (who !== null && shownTo !== null && who !== shownTo) {
    location.reload();
    return;
  }
  if (who !== null) shownTo = who;
  session.set(next);
}

const NOBODY: Session = {
  trial: false,
  insecure: false,
  entered: false,
  user: null,
  kind: "none",
  title: null,
  second_factor: false,
  tenant: null,
  tenant_title: null,
  anywhere: [],
  branches: [],
  resources: {},
};

/** The session is over: the page stays where it is, behind the login. */
function leave(): void {
  const known = session.get();
  if (known?.entered !== false) session.set({ ...NOBODY, insecure: known?.insecure ?? false });
}

export async function logIn(user: string, password: string, code: string): Promise<void> {
  const body = { user: user.trim(), password: passwordOf(password), ...(code ? { code } : {}) };
  take(await ask<Session>("/v1/session", body));
}

/** The page is loaded anew, so that nothing of what was shown stays in it. */
export async function logOut(): Promise<void> {
  await command("DELETE", "/v1/session");
  history.replaceState(null, "", "#/login");
  location.reload();
}

export async function setUp(token: string, name: string, password: string): Promise<void> {
  const body = { token, name: name.trim(), password: passwordOf(password) };
  take(await ask<Session>("/v1/setup", body));
}

export async function acceptInvitation(token: string, password: string): Promise<string> {
  const body = { token, password: passwordOf(password) };
  const { user, tenant } = await ask<{ user: string; tenant: string }>("/v1/invitation", body);
  return tenant === "main" ? user : `${user}@${tenant}`;
}

export async function changePassword(before: string, next: string): Promise<void> {
  const body = { old_password: passwordOf(before), password: passwordOf(next) };
  await command("PATCH", "/v1/me", body);
}

export function startSession(): void {
  onUnknown(leave);
  void askSession();
}
