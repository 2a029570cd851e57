/** What the alarms say of themselves in words, in the language of the page: why one was raised
 *  (src/model/alarms/why.c), how often it changed (chatter.c), what became of its reference
 *  (references.c). Pure. */
import { language } from "../i18n";

const FORMS: [RegExp, string][] = [
  [/^nothing for (.+)$/, "$1 内没有数据"],
  [/^(.+): change >= (.+) in (.+)$/, "$1：$3 内变化 ≥ $2"],
  [/^(.+): deviation >= (.+)$/, "$1：偏差 ≥ $2"],
  [/^is (.+)$/, "为 $1"],
  [/^(\d+) changes in (.+)$/, "$2 内变化 $1 次"],
  [/^reference gone$/, "参考点已不存在"],
  [/^reference without a value$/, "参考点没有数值"],
  [/^reference stale$/, "参考点数据过期"],
  [/^reference bad$/, "参考点质量差"],
];

export function whyWords(why: string): string {
  const form = language.get() === "zh" && FORMS.find(([pattern]) => pattern.test(why));
  const words = form ? why.replace(...form) : why;
  return words.replaceAll(" >= ", " ≥ ").replaceAll(" <= ", " ≤ ");
}
