/** The words of assets, the map, boards and documents: a table of their own, so that only those pages load it. */
import { assetsEn } from "./assets-en";
import { assetsZh } from "./assets-zh";
import { fill, language } from "./index";

export type AssetsKey = keyof typeof assetsEn;

export const ASSETS_TABLES: Record<"en" | "zh", Record<AssetsKey, string>> = {
  en: assetsEn,
  zh: assetsZh,
};

export function ts(key: AssetsKey, parameters: Record<string, string | number> = {}): string {
  return fill(ASSETS_TABLES[language.get()][key], parameters);
}
