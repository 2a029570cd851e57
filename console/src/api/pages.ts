/** Which pages there are for who is entered. */
import { PAGES, type Page } from "../router";
import { may, mayAnywhere, session } from "./session";

const RESOURCES: Partial<Record<Page, string>> = {
  overview: "state",
  topics: "topics",
  clients: "clients",
  refused: "refused",
  settings: "settings",
  people: "users",
  roles: "roles",
  shares: "shares",
  audit: "audit",
  oncall: "notices",
};

export function mayOpen(page: Page): boolean {
  if (page === "tokens") return may("tokens") || session.get()?.kind === "person";
  if (page === "devices") return may("devices") || may("claims");
  if (page === "account") return session.get()?.kind === "person";
  if (page === "tenants") return may("tenants") || may("quotas");
  const resource = RESOURCES[page];
  return resource ? may(resource) : mayAnywhere("see");
}

/** Where one lands: the overview, or the first page that there is. */
export const firstPage = (): Page => PAGES.find(mayOpen) ?? "overview";

/** Who sees no tenant but his own finds that one. */
export const pageKey = (page: Page) =>
  page === "tenants" && !may("tenants") ? ("nav.tenant" as const) : (`nav.${page}` as const);
