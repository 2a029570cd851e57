/** Light, dark, or as the system is. theme-first.js sets what was chosen before the first paint. */
import { Store, recall, remember } from "./store";

export type Theme = "light" | "dark" | "system";

function themeAtFirst(): Theme {
  const chosen = recall("theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export const theme = new Store<Theme>(themeAtFirst());

export function chooseTheme(next: Theme): void {
  remember("theme", next === "system" ? null : next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  theme.set(next);
}

/** Calls when the colours are others, whether by choice or by the system. */
export function onTheme(run: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", run);
  const end = theme.listen(run);
  return () => {
    media.removeEventListener("change", run);
    end();
  };
}
