/** Addresses behind the #, so that the server serves one page: #/points/plant/line-1?search=temp */
import { Store } from "./store";

export const PAGES = [
  "overview",
  "points",
  "trends",
  "sql",
  "alarms",
  "assets",
  "map",
  "boards",
  "documents",
  "rules",
  "oncall",
  "topics",
  "retained",
  "clients",
  "refused",
  "policies",
  "settings",
  "people",
  "roles",
  "devices",
  "tokens",
  "shares",
  "tenants",
  "audit",
  "account",
] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page | null;
  /** What follows the page's name: the path of a point. */
  rest: string;
  query: URLSearchParams;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parseRoute(hash: string): Route {
  const [address = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const slash = address.indexOf("/");
  const name = (slash < 0 ? address : address.slice(0, slash)) || "overview";
  const rest = slash < 0 ? "" : address.slice(slash + 1);
  return {
    page: PAGES.find((page) => page === name) ?? null,
    rest: rest.split("/").map(decodePart).join("/"),
    query: new URLSearchParams(query),
  };
}

export function routeAddress(page: Page, rest = "", query: Record<string, string> = {}): string {
  const path = rest ? `/${rest.split("/").map(encodeURIComponent).join("/")}` : "";
  const parameters = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== ""),
  ).toString();
  return `#/${page === "overview" ? "" : page}${path}${parameters ? `?${parameters}` : ""}`;
}

export const assetPageAddress = (path: string): string => routeAddress("assets", path);
export const pointAddress = (path: string): string => routeAddress("points", path);

export const route = new Store<Route>(
  parseRoute(typeof location === "undefined" ? "" : location.hash),
);

export function goTo(address: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", address);
    route.set(parseRoute(address));
  } else {
    location.hash = address;
  }
}

export function startRouter(): void {
  addEventListener("hashchange", () => route.set(parseRoute(location.hash)));
}
