/** Two languages, one table each; zh has the keys of en or it does not compile. */
import { Store, recall, remember, useStore } from "../store";
import { en } from "./en";
import { zh } from "./zh";

export type Key = keyof typeof en;
export type Language = "en" | "zh";
type Parameters = Record<string, string | number>;

const TABLES: Record<Language, Record<Key, string>> = { en, zh };

function languageAtFirst(): Language {
  const chosen = recall("language");
  if (chosen === "en" || chosen === "zh") return chosen;
  const wanted = typeof navigator === "undefined" ? [] : (navigator.languages ?? []);
  for (const tag of wanted) {
    if (tag.toLowerCase().startsWith("zh")) return "zh";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export const language = new Store<Language>(languageAtFirst());

export function chooseLanguage(next: Language): void {
  remember("language", next);
  language.set(next);
}

/** {name} is a parameter, {name|one|many} a word by its number. */
export function fill(text: string, parameters: Parameters): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one, many) => {
    const value = parameters[name];
    if (value === undefined) return whole;
    if (one === undefined) return String(value);
    return String(value) === "1" ? (one as string) : (many as string);
  });
}

export function translate(to: Language, key: Key, parameters: Parameters = {}): string {
  return fill(TABLES[to][key], parameters);
}

export function t(key: Key, parameters: Parameters = {}): string {
  return translate(language.get(), key, parameters);
}

/** For words the server has more of than this table: the key if it is one. */
export function keyIfKnown(text: string): Key | undefined {
  return text in en ? (text as Key) : undefined;
}

export const useLanguage = (): Language => useStore(language);
