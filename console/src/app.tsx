/** What stands around every page: navigation, the state of the connection, language and theme. */
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { alarmCounts } from "./alarms/watch";
import { firstPage, mayOpen, pageKey } from "./api/pages";
import { presence } from "./api/presence";
import { logOut, session } from "./api/session";
import { system } from "./api/system";
import { chooseLanguage, language, t, useLanguage } from "./i18n";
import { liveFault, liveState } from "./live/live";
import { ClientsPage } from "./pages/clients";
import { OverviewPage } from "./pages/overview";
import { PointsPage } from "./pages/points";
import { RefusedPage } from "./pages/refused";
import { RetainedPage } from "./pages/retained";
import { SettingsPage } from "./pages/settings";
import { TopicsPage } from "./pages/topics";
import { goTo, route, routeAddress, type Page } from "./router";
import { useStore } from "./store";
import { chooseTheme, theme, type Theme } from "./theme";
import { Icon, Mark, type IconName } from "./ui/icon";
import { lazy } from "./ui/lazy";
import { Name } from "./ui/name";
import { Empty, Skeleton } from "./ui/parts";
import { tell, Toasts } from "./ui/toasts";
import { formatCount, formatTime } from "./format";

/** Pages of history load when they are opened. */
const VIEWS: Record<Page, ComponentType> = {
  overview: OverviewPage,
  points: PointsPage,
  trends: lazy(async () => (await import("./pages/trends")).TrendsPage),
  alarms: lazy(async () => (await import("./pages/alarms")).AlarmsPage),
  rules: lazy(async () => (await import("./pages/rules")).RulesPage),
  oncall: lazy(async () => (await import("./pages/oncall")).OnCallPage),
  policies: lazy(async () => (await import("./pages/policies")).PoliciesPage),
  sql: lazy(async () => (await import("./pages/sql")).SqlPage),
  assets: lazy(async () => (await import("./pages/assets")).AssetsPage),
  map: lazy(async () => (await import("./pages/map")).MapPage),
  boards: lazy(async () => (await import("./pages/boards")).BoardsPage),
  documents: lazy(async () => (await import("./pages/documents")).DocumentsPage),
  topics: TopicsPage,
  retained: RetainedPage,
  clients: ClientsPage,
  refused: RefusedPage,
  settings: SettingsPage,
  people: lazy(async () => (await import("./pages/people")).PeoplePage),
  tenants: lazy(async () => (await import("./pages/tenants")).TenantsPage),
  audit: lazy(async () => (await import("./pages/audit")).AuditPage),
  roles: lazy(async () => (await import("./pages/roles")).RolesPage),
  devices: lazy(async () => (await import("./pages/devices")).DevicesPage),
  tokens: lazy(async () => (await import("./pages/tokens")).TokensPage),
  shares: lazy(async () => (await import("./pages/shares")).SharesPage),
  account: lazy(async () => (await import("./pages/account")).AccountPage),
};

const Entrance = lazy(async () => (await import("./pages/entrance")).Entrance);

const GROUPS: {
  title: "nav.watch" | "nav.plant" | "nav.messages" | "nav.access" | "nav.server";
  pages: Page[];
}[] = [
  { title: "nav.watch", pages: ["overview", "alarms", "points", "trends", "sql"] },
  { title: "nav.plant", pages: ["assets", "map", "boards", "documents", "rules", "oncall"] },
  { title: "nav.messages", pages: ["topics", "retained", "refused"] },
  { title: "nav.access", pages: ["people", "roles", "devices", "tokens", "shares"] },
  { title: "nav.server", pages: ["tenants", "audit", "clients", "policies", "settings"] },
];
const BAR: Page[] = ["overview", "alarms", "points", "trends"];
const BEHIND: Page[] = [
  "sql",
  "assets",
  "map",
  "boards",
  "documents",
  "rules",
  "oncall",
  "topics",
  "retained",
  "refused",
  "tenants",
  "people",
  "roles",
  "devices",
  "tokens",
  "shares",
  "audit",
  "clients",
  "policies",
  "settings",
];
const THEMES: Theme[] = ["system", "light", "dark"];
const THEME_ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };

/** How many nobody has acknowledged: bad while a critical or a high one is among them. */
function AlarmsBadge() {
  const counts = useStore(alarmCounts);
  if (!counts?.unacknowledged) return null;
  const [first = 0, second = 0] = counts.by_priority;
  const title = t("nav.alarms.open", { count: counts.unacknowledged });
  return (
    <span class={`nav-badge nav-badge-${first + second > 0 ? "bad" : "warn"}`} title={title}>
      {counts.unacknowledged > 999 ? "999+" : counts.unacknowledged}
    </span>
  );
}

function NavLink({ page, onGo }: { page: Page; onGo?: () => void }) {
  const { page: shown } = useStore(route);
  const { issues, state } = useStore(system);
  const link = useRef<HTMLAnchorElement>(null);
  // On a low screen the list of pages scrolls: the one that is shown is in sight.
  useEffect(() => {
    if (shown === page) link.current?.scrollIntoView({ block: "nearest" });
  }, [shown, page]);
  const worst = issues.some(({ severity }) => severity === "bad") ? "bad" : "warn";
  return (
    <a
      ref={link}
      class="nav-link"
      href={routeAddress(page)}
      aria-current={shown === page ? "page" : undefined}
      onClick={onGo}
    >
      <Icon name={page} size={19} />
      <span>{t(pageKey(page))}</span>
      {page === "overview" && issues.length > 0 && (
        <span class={`nav-badge nav-badge-${worst}`} title={t(`verdict.${worst}`)}>
          {issues.length}
        </span>
      )}
      {page === "alarms" && <AlarmsBadge />}
      {page === "points" && state && <span class="nav-count">{formatCount(state.points)}</span>}
    </a>
  );
}

function ApiLink() {
  return (
    <a class="nav-link" href="/docs">
      <Icon name="api" size={19} />
      <span>{t("nav.api")}</span>
      <Icon name="external" size={13} />
    </a>
  );
}

const PRESENCE_ICONS = { live: "live", partly: "warn", connecting: "clock", away: "away" } as const;

function Presence() {
  const { away } = useStore(presence);
  const live = useStore(liveState);
  const fault = useStore(liveFault);
  const kind = away ? "away" : live !== "live" ? "connecting" : fault ? "partly" : "live";
  const title = kind === "partly" ? fault : t(`presence.${kind}.title`);
  return (
    <span class={`presence presence-${kind}`} role="status" title={title}>
      <Icon name={PRESENCE_ICONS[kind]} size={15} />
      <span>{t(`presence.${kind}`)}</span>
    </span>
  );
}

function Choices() {
  const chosen = useStore(theme);
  const next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] as Theme;
  const themeLabel = `${t("theme")}: ${t(`theme.${chosen}`)}`;
  return (
    <div class="choices">
      <button
        type="button"
        class="choice"
        aria-label={themeLabel}
        title={themeLabel}
        onClick={() => chooseTheme(next)}
      >
        <Icon name={THEME_ICONS[chosen]} size={17} />
      </button>
      <button
        type="button"
        class="choice choice-language"
        lang={language.get() === "en" ? "zh" : "en"}
        aria-label={t("language.other")}
        title={t("language.other")}
        onClick={() => chooseLanguage(language.get() === "en" ? "zh" : "en")}
      >
        <Icon name="language" size={17} />
        <span>{t("language.other")}</span>
      </button>
    </div>
  );
}

/** Who one is and how to leave; in a trial and for whoever is let in unknown, how to enter. */
function Who() {
  const { entered, user, title, tenant, tenant_title, kind, trial } = useStore(session) ?? {};
  if (trial || !entered) return null;
  if (kind !== "person")
    return (
      <a class="nav-link" href="#/login">
        <Icon name="account" size={19} />
        <span>{t("who.login")}</span>
      </a>
    );
  return (
    <div class="who">
      <a class="who-name" href={routeAddress("account")} title={t("nav.account")}>
        <strong>
          <Name text={title || user || ""} />
        </strong>
        <span class="faint">
          <Name text={tenant_title || tenant || ""} />
        </span>
      </a>
      <button
        type="button"
        class="choice"
        aria-label={t("who.logout")}
        title={t("who.logout")}
        onClick={() => void logOut().catch(() => tell({ text: t("problem.away") }))}
      >
        <Icon name="leave" size={17} />
      </button>
    </div>
  );
}

function Side() {
  return (
    <aside class="side">
      <a class="brand" href={routeAddress("overview")}>
        <Mark />
        <span>Mainstem</span>
      </a>
      <nav aria-label={t("nav.label")}>
        {GROUPS.map(({ title, pages }) => (
          <div key={title} class="nav-group">
            <span class="nav-title">{t(title)}</span>
            {pages.filter(mayOpen).map((page) => (
              <NavLink key={page} page={page} />
            ))}
            {title === "nav.server" && <ApiLink />}
          </div>
        ))}
      </nav>
      <footer>
        <Presence />
        <Who />
        <Choices />
      </footer>
    </aside>
  );
}

function Bar() {
  const [open, setOpen] = useState(false);
  const { page } = useStore(route);
  const close = () => setOpen(false);
  useEffect(() => {
    if (!open) return;
    const escape = (event: KeyboardEvent) => event.key === "Escape" && close();
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, [open]);
  return (
    <>
      {open && <div class="sheet-behind" onClick={close} />}
      {open && (
        <div class="sheet" id="more-pages">
          <nav aria-label={t("nav.more")}>
            {BEHIND.filter(mayOpen).map((behind) => (
              <NavLink key={behind} page={behind} onGo={close} />
            ))}
            <ApiLink />
          </nav>
          <Who />
          <Choices />
        </div>
      )}
      <nav class="bar" aria-label={t("nav.label")}>
        {BAR.filter(mayOpen).map((name) => (
          <NavLink key={name} page={name} onGo={close} />
        ))}
        <button
          type="button"
          class="nav-link"
          aria-expanded={open}
          aria-controls="more-pages"
          data-current={page !== null && BEHIND.includes(page)}
          onClick={() => setOpen(!open)}
        >
          <Icon name="more" size={19} />
          <span>{t("nav.more")}</span>
        </button>
      </nav>
    </>
  );
}

function AwayBanner() {
  const { away } = useStore(presence);
  const { history } = useStore(system);
  const last = history[history.length - 1];
  if (!away) return null;
  return (
    <div class="banner" role="alert">
      <Icon name="away" />
      <span>
        <strong>{t("away.title")}</strong>{" "}
        {last ? t("away.since", { time: formatTime(last.at) }) : t("away.never")}
      </span>
    </div>
  );
}

function TrialBanner() {
  const { trial } = useStore(session) ?? {};
  if (!trial) return null;
  return (
    <div class="banner banner-trial" role="note">
      <Icon name="warn" />
      <span>
        {t("trial")} <a href="/setup">{t("trial.how")}</a>
      </span>
    </div>
  );
}

function InsecureBanner() {
  const { insecure } = useStore(session) ?? {};
  if (!insecure) return null;
  return (
    <div class="banner banner-insecure" role="note">
      <Icon name="warn" />
      <span>{t("insecure")}</span>
    </div>
  );
}

function View(): ComponentChildren {
  const { page } = useStore(route);
  const Shown = page && mayOpen(page) && VIEWS[page];
  if (!Shown)
    return (
      <div class="page">
        <Empty page icon="unknown" title={t("page.unknown")} text={t("page.unknown.text")}>
          <a class="button button-plain" href={routeAddress("overview")}>
            {t("nav.overview")}
          </a>
        </Empty>
      </div>
    );
  return <Shown />;
}

const TITLE_WAIT_MS = 100;
const TITLE_TRIES = 50;

/** A reader of screens hears where it came to, as soon as the page is there. */
function focusTitle(main: () => HTMLElement | null): () => void {
  let timer = 0;
  const look = (tries: number) => {
    const title = main()?.querySelector<HTMLElement>("h1");
    if (title) title.focus();
    else if (tries > 0) timer = window.setTimeout(() => look(tries - 1), TITLE_WAIT_MS);
  };
  look(TITLE_TRIES);
  return () => clearTimeout(timer);
}

/** Nothing of the pages before it is known who asks. */
export function App() {
  const known = useStore(session);
  const { page } = useStore(route);
  const [opened, setOpened] = useState(location.pathname !== "/");
  const atLogin = page === null && /^#\/login/.test(location.hash);
  const lost = known?.entered && page === "overview" && !mayOpen(page) && firstPage() !== page;
  useEffect(() => {
    if (opened && location.pathname === "/") setOpened(false);
    if (lost) goTo(routeAddress(firstPage()), true);
    else if (atLogin && known?.kind === "person") goTo(routeAddress(firstPage()), true);
  });
  if (!known || lost) return <Skeleton />;
  if (known.entered && !opened && !atLogin) return <Shell />;
  return (
    <>
      <main class="entrance">
        <AwayBanner />
        <InsecureBanner />
        <Entrance />
        <Choices />
      </main>
      <Toasts />
    </>
  );
}

function Shell() {
  const shown = useLanguage();
  useStore(session);
  const { page, rest } = useStore(route);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.documentElement.lang = shown === "zh" ? "zh-CN" : "en";
    const name = page ? t(pageKey(page)) : t("page.unknown");
    document.title = `${rest ? `${rest} · ` : ""}${name} · Mainstem`;
  }, [shown, page, rest]);
  useEffect(() => {
    scrollTo(0, 0);
    // The first page is announced by its title.
    if (!first.current) return focusTitle(() => main.current);
    first.current = false;
    return undefined;
  }, [page]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t("skip")}
      </a>
      <div class="shell">
        <Side />
        <header class="top">
          <a class="brand" href={routeAddress("overview")}>
            <Mark size={24} />
            <span>Mainstem</span>
          </a>
          <Presence />
        </header>
        <main ref={main} id="main" tabIndex={-1}>
          <AwayBanner />
          <InsecureBanner />
          <TrialBanner />
          <View />
        </main>
        <Bar />
      </div>
      <Toasts />
    </>
  );
}
