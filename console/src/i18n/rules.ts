/** The words of alarm rules and of who is told: a table of their own, so that only those pages load it. */
import { namesInText } from "../names";
import { fill, language } from "./index";
import { rulesEn } from "./rules-en";
import { rulesZh } from "./rules-zh";

export type RulesKey = keyof typeof rulesEn;

export const RULES_TABLES: Record<"en" | "zh", Record<RulesKey, string>> = {
  en: rulesEn,
  zh: rulesZh,
};

export function tr(key: RulesKey, parameters: Record<string, string | number> = {}): string {
  return fill(RULES_TABLES[language.get()][key], namesInText(parameters));
}

/** For words the server has more of than this table: the key if it is one. */
export const rulesKeyIfKnown = (text: string): RulesKey | undefined =>
  text in rulesEn ? (text as RulesKey) : undefined;
