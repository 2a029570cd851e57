/** Why an alarm was raised, as src/model/alarms/why.c writes it, in the language of the page. Pure. */
import { language } from "../i18n";

const FORMS: [RegExp, string][] = [
  [/^nothing for (.+)$/, "$1 内没有数据"],
  [/^(.+): change >= (.+) in (.+)$/, "$1：$3 内变化 ≥ $2"],
  [/^(.+): deviation >= (.+)$/, "$1：偏差 ≥ $2"],
  [/^is (.+)$/, "为 $1"],
];

export function whyWords(why: string): string {
  const form = language.get() === "zh" && FORMS.find(([pattern]) => pattern.test(why));
  const words = form ? why.replace(...form) : why;
  return words.replaceAll(" >= ", " ≥ ").replaceAll(" <= ", " ≤ ");
}
