/** Times on an axis: as much of a time as tells one tick from the next, in the language of the page. */
import { language } from "../i18n";

const MINUTE = 60_000;
const DAY = 86_400_000;

type Form = "year" | "month" | "day" | "minute" | "second" | "fraction";

const OPTIONS: Record<Form, Intl.DateTimeFormatOptions> = {
  year: { year: "numeric" },
  month: { month: "short" },
  day: { month: "short", day: "numeric" },
  minute: { hour: "2-digit", minute: "2-digit", hour12: false },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
  fraction: {
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hour12: false,
  },
};
const LOCALES = { en: "en-GB", zh: "zh-CN" };
const made = new Map<string, Intl.DateTimeFormat>();

function format(form: Form, time: number): string {
  const key = `${language.get()} ${form}`;
  const known = made.get(key) ?? new Intl.DateTimeFormat(LOCALES[language.get()], OPTIONS[form]);
  made.set(key, known);
  return known.format(time);
}

export function formOf(apartMs: number): Form {
  if (apartMs >= 360 * DAY) return "year";
  if (apartMs >= 27 * DAY) return "month";
  if (apartMs >= DAY) return "day";
  if (apartMs >= MINUTE) return "minute";
  return apartMs >= 1000 ? "second" : "fraction";
}

const dayOf = (time: number): string => new Date(time).toDateString();
const yearOf = (time: number): number => new Date(time).getFullYear();

/** Below the first tick, and where a new one begins: the day of hours, the year of days. */
function aboveOf(form: Form, time: number, before: number | undefined): string {
  if (form === "year") return "";
  if (form === "month" || form === "day")
    return before === undefined || yearOf(before) !== yearOf(time) ? format("year", time) : "";
  return before === undefined || dayOf(before) !== dayOf(time) ? format("day", time) : "";
}

/** A label each; a second line where the day or the year is another than before. */
export function tickTexts(times: number[], apartMs: number): string[] {
  const form = formOf(apartMs);
  return times.map((time, i) => {
    const above = aboveOf(form, time, times[i - 1]);
    return above ? `${format(form, time)}\n${above}` : format(form, time);
  });
}
