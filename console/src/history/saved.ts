/** Views that were given a name: kept by this browser, newest first. An address is all there is of a view. */
import { Store, recall, remember } from "../store";

export interface SavedView {
  name: string;
  address: string;
}

const KEY = "views";
const MOST = 200;
export const NAME_MAX = 80;

export function savedFrom(text: string | null): SavedView[] {
  try {
    const list = JSON.parse(text ?? "[]") as unknown;
    if (!Array.isArray(list)) return [];
    return list
      .filter(
        (one): one is SavedView =>
          typeof one?.name === "string" &&
          typeof one?.address === "string" &&
          one.address.startsWith("#/"),
      )
      .slice(0, MOST);
  } catch {
    return [];
  }
}

export const savedViews = new Store<SavedView[]>(savedFrom(recall(KEY)));

function keep(views: SavedView[]): void {
  remember(KEY, JSON.stringify(views));
  savedViews.set(views);
}

/** The same name again replaces what it was. */
export function saveView(name: string, address: string): void {
  const others = savedViews.get().filter((view) => view.name !== name);
  keep([{ name, address }, ...others].slice(0, MOST));
}

export function renameView(view: SavedView, name: string): void {
  const others = savedViews.get().filter((one) => one.name !== name || one === view);
  keep(others.map((one) => (one === view ? { ...one, name } : one)));
}

/** Returns what brings it back where it was. */
export function removeView(view: SavedView): () => void {
  const at = savedViews.get().indexOf(view);
  keep(savedViews.get().filter((one) => one !== view));
  return () => {
    const views = savedViews.get().filter((one) => one.name !== view.name);
    keep([...views.slice(0, at), view, ...views.slice(at)]);
  };
}

/** Another window of this browser changed them. */
if (typeof addEventListener === "function")
  addEventListener("storage", (event) => {
    if (event.key === `mainstem.${KEY}`) savedViews.set(savedFrom(event.newValue));
  });
