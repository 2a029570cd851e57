/** The words of the pages of roles, machines, tokens and shares: a table of their own, so that only those load it. */
import { accessEn } from "./access-en";
import { accessZh } from "./access-zh";
import { fill, language } from "./index";

export type AccessKey = keyof typeof accessEn;

export const ACCESS_TABLES: Record<"en" | "zh", Record<AccessKey, string>> = {
  en: accessEn,
  zh: accessZh,
};

export function ta(key: AccessKey, parameters: Record<string, string | number> = {}): string {
  return fill(ACCESS_TABLES[language.get()][key], parameters);
}
