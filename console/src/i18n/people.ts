/** The words of the pages of people: a table of their own, so that only those pages load it. */
import { namesInText } from "../names";
import { fill, language } from "./index";
import { peopleEn } from "./people-en";
import { peopleZh } from "./people-zh";

export type PeopleKey = keyof typeof peopleEn;

export const PEOPLE_TABLES: Record<"en" | "zh", Record<PeopleKey, string>> = {
  en: peopleEn,
  zh: peopleZh,
};

export function tp(key: PeopleKey, parameters: Record<string, string | number> = {}): string {
  return fill(PEOPLE_TABLES[language.get()][key], namesInText(parameters));
}

/** For words the server has more of than this table: the key if it is one. */
export const peopleKeyIfKnown = (text: string): PeopleKey | undefined =>
  text in peopleEn ? (text as PeopleKey) : undefined;
