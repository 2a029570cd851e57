import { render } from "preact";
import { startAlarms } from "./alarms/watch";
import { startSession } from "./api/session";
import { startSystem } from "./api/system";
import { App } from "./app";
import { startLive } from "./live/live";
import { startRouter } from "./router";

/** "/" goes to what is searched on this page, unless something is being typed. */
function onSlash(event: KeyboardEvent): void {
  const at = event.target as HTMLElement;
  if (event.key !== "/" || event.ctrlKey || event.metaKey || at.closest("input, select, textarea"))
    return;
  const search = document.querySelector<HTMLInputElement>('main input[type="search"]');
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
}

/** A page from before an update asks for files that are not there any more; the new page has them. */
function onPreloadError(): void {
  const pageIsOld = performance.now() > 10_000;
  if (pageIsOld) location.reload();
}

startRouter();
document.getElementById("boot")?.remove();
render(<App />, document.getElementById("app") as HTMLElement);
startSystem();
startLive();
startAlarms();
startSession();
addEventListener("keydown", onSlash);
addEventListener("vite:preloadError", onPreloadError);
