/** The words of tenants, quotas and the audit: a table of their own, so that only those pages load it. */
import { namesInText } from "../names";
import { fill, language } from "./index";
import { tenantsEn } from "./tenants-en";
import { tenantsZh } from "./tenants-zh";

export type TenantsKey = keyof typeof tenantsEn;

export const TENANTS_TABLES: Record<"en" | "zh", Record<TenantsKey, string>> = {
  en: tenantsEn,
  zh: tenantsZh,
};

export function tq(key: TenantsKey, parameters: Record<string, string | number> = {}): string {
  return fill(TENANTS_TABLES[language.get()][key], namesInText(parameters));
}

/** For words the server has more of than this table: the key if it is one. */
export const tenantsKeyIfKnown = (text: string): TenantsKey | undefined =>
  text in tenantsEn ? (text as TenantsKey) : undefined;
