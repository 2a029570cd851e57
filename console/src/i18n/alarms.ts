/** The words of alarms, their journal and statistics: a table of their own, so that only those pages load it. */
import { namesInText } from "../names";
import { alarmsEn } from "./alarms-en";
import { alarmsZh } from "./alarms-zh";
import { fill, language } from "./index";

export type AlarmsKey = keyof typeof alarmsEn;

export const ALARMS_TABLES: Record<"en" | "zh", Record<AlarmsKey, string>> = {
  en: alarmsEn,
  zh: alarmsZh,
};

export function tl(key: AlarmsKey, parameters: Record<string, string | number> = {}): string {
  return fill(ALARMS_TABLES[language.get()][key], namesInText(parameters));
}

/** For words the server has more of than this table: the key if it is one. */
export const alarmsKeyIfKnown = (text: string): AlarmsKey | undefined =>
  text in alarmsEn ? (text as AlarmsKey) : undefined;
