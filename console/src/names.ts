/**
 * Names that people chose, so that none can pass for another: what would not be seen is written out, and a name that
 * runs from right to left does not move what stands beside it.
 */

/** Marks that show nothing of themselves, turn the direction, or are blanks that look like another one. */
const UNSEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\u2028\u2029]|(?![ \u3000])\p{Zs}/gu;
/** Where a joiner or a selector belongs: within emoji, and in scripts whose letters change their form. */
const JOINED =
  /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]$/u;
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** For a place of its own, as ui/name.tsx gives it. */
export function seenName(text: string): string {
  return text.replace(UNSEEN, (mark: string, at: number) => {
    const code = mark.codePointAt(0) as number;
    const joins = code === 0x200c || code === 0x200d || code === 0xfe0e || code === 0xfe0f;
    if (joins && JOINED.test(text.slice(0, at))) return mark;
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });
}

/** For the middle of a sentence: set apart by isolates where it could run the other way. */
export function nameInText(text: string): string {
  const seen = seenName(text);
  return RIGHT_TO_LEFT.test(seen) ? `\u2068${seen}\u2069` : seen;
}

/** Parameters of a sentence, with the names among them as they can be shown. */
export function namesInText(
  parameters: Record<string, string | number>,
): Record<string, string | number> {
  const entries = Object.entries(parameters);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? nameInText(value) : value]),
  );
}
