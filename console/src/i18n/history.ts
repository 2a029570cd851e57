/** The words of the pages of history: a table of their own, so that only those pages load it. */
import { fill, language } from "./index";
import { historyEn } from "./history-en";
import { historyZh } from "./history-zh";

export type HistoryKey = keyof typeof historyEn;

export const HISTORY_TABLES: Record<"en" | "zh", Record<HistoryKey, string>> = {
  en: historyEn,
  zh: historyZh,
};

export function th(key: HistoryKey, parameters: Record<string, string | number> = {}): string {
  return fill(HISTORY_TABLES[language.get()][key], parameters);
}
