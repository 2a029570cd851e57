/** Numbers, sizes, times as the language of the page writes them. */
import type { Value } from "./api/types";
import { language, t, type Language } from "./i18n";

export const NOTHING = "–";

const LOCALES: Record<Language, string> = { en: "en-GB", zh: "zh-CN" };

/** One formatter a language, made when it is first needed: they are dear to make and cheap to use. */
function inLanguage<T>(make: (locale: string) => T): () => T {
  const made: Partial<Record<Language, T>> = {};
  return () => (made[language.get()] ??= make(LOCALES[language.get()]));
}
const numbers = (options: Intl.NumberFormatOptions) =>
  inLanguage((locale) => new Intl.NumberFormat(locale, options));
const dates = (options: Intl.DateTimeFormatOptions) =>
  inLanguage((locale) => new Intl.DateTimeFormat(locale, options));

const whole = numbers({ maximumFractionDigits: 0 });
const oneDigit = numbers({ maximumFractionDigits: 1 });
const twoDigits = numbers({ maximumFractionDigits: 2 });
const hundredths = numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const threeDigits = numbers({ maximumSignificantDigits: 3 });
const percent = numbers({ style: "percent", maximumFractionDigits: 0 });
const percentExact = numbers({ style: "percent", maximumFractionDigits: 1 });
const real = numbers({ maximumSignificantDigits: 7 });
const realExact = numbers({ maximumSignificantDigits: 17 });
const scientific = numbers({ notation: "scientific", maximumSignificantDigits: 5 });
const scientificExact = numbers({ notation: "scientific", maximumSignificantDigits: 17 });

const CLOCK: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
};
const CLOCK_PRECISE: Intl.DateTimeFormatOptions = { ...CLOCK, fractionalSecondDigits: 3 };
const DAY: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "numeric" };
const clock = dates(CLOCK);
const clockPrecise = dates(CLOCK_PRECISE);
const dayAndClock = dates({ ...DAY, ...CLOCK });
const dayAndClockPrecise = dates({ ...DAY, ...CLOCK_PRECISE });

export function formatCount(count: number | undefined): string {
  return count === undefined ? NOTHING : whole().format(count);
}

/** A rate: whole from ten on. */
export function formatRate(rate: number | undefined): string {
  if (rate === undefined) return NOTHING;
  return (rate < 10 ? oneDigit() : whole()).format(rate);
}

/** Processors in use: small numbers matter, and 0.00 says that it was looked at closely. */
export function formatCores(cores: number): string {
  return (cores < 1 ? hundredths() : twoDigits()).format(cores);
}

export function formatShare(share: number): string {
  return (share < 0.1 ? percentExact() : percent()).format(share);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return NOTHING;
  let unit = 0;
  let size = bytes;
  while (size >= 1023.5 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  const format = unit === 0 || size >= 100 ? whole() : size >= 10 ? oneDigit() : twoDigits();
  return `${format.format(size)} ${UNITS[unit]}`;
}

/** A short time: microseconds to seconds. */
export function formatLatency(ns: number | undefined): string {
  if (ns === undefined) return NOTHING;
  const number = (value: number) => threeDigits().format(value);
  if (ns === 0) return "0 ms";
  if (ns < 1e6) return `${number(ns / 1e3)} µs`;
  if (ns < 1e9) return `${number(ns / 1e6)} ms`;
  return `${number(ns / 1e9)} s`;
}

/** How long something takes or took, in its largest two units. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NOTHING;
  const all = Math.max(0, Math.floor(seconds));
  const days = Math.floor(all / 86400);
  const hours = Math.floor((all % 86400) / 3600);
  const minutes = Math.floor((all % 3600) / 60);
  const rest = all % 60;
  if (days) return hours ? t("duration.days_hours", { days, hours }) : t("duration.days", { days });
  if (hours)
    return minutes
      ? t("duration.hours_minutes", { hours, minutes })
      : t("duration.hours", { hours });
  if (minutes)
    return rest
      ? t("duration.minutes_seconds", { minutes, seconds: rest })
      : t("duration.minutes", { minutes });
  return t("duration.seconds", { seconds: all });
}

/** A value as short as it can stand in a list; exact: with all its digits. */
export function formatValue(value: Value, type: string, exact = false): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  if (type === "int64" || Number.isInteger(value))
    return size < 1e15 ? whole().format(value) : String(value);
  if (size >= 1e12 || size < 1e-5) return (exact ? scientificExact() : scientific()).format(value);
  return (exact ? realExact() : real()).format(value);
}

/** What people write for the codes of UCUM that differ from it; by parts, so that ug/m3 is found in them. */
const UNIT_SIGNS: [RegExp, string][] = [
  [/^Cel$/, "°C"],
  [/^\[degF\]$/, "°F"],
  [/^deg$/, "°"],
  [/^([kMmu]?)Ohm$/, "$1Ω"],
  [/^(.*[a-zA-Z])2$/, "$1²"],
  [/^(.*[a-zA-Z])3$/, "$1³"],
];
const MICRO = /^u(?=(g|m|L|l|s|A|V|W|F|mol|bar|Ω)(²|³)?$)/;
const UNIT_PART =
  /^(\[degF\]|[kMmu]?Ohm|u?g|u?L|u?l|[num]?mol|u(s|A|V|W|F|bar)|[kdcmun]?m[23]?|s2?|Cel|deg)$/;

/** A unit as it is shown: what is no such code stays as it was set. */
export function formatUnit(unit: string | null | undefined): string {
  if (!unit) return "";
  const parts = unit.split("/");
  const shown = parts.map((part) => {
    if (!UNIT_PART.test(part)) return part;
    const sign = UNIT_SIGNS.find(([code]) => code.test(part));
    return (sign ? part.replace(...sign) : part).replace(MICRO, "µ");
  });
  return shown.join("/");
}

type Time = string | number | null | undefined;

function dateOf(time: Time): Date | null {
  if (time === null || time === undefined || time === "") return null;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Where today begins and ends, in ms; found anew when it is over. */
let today: [number, number] = [0, 0];

function isToday(ms: number): boolean {
  const now = Date.now();
  if (now < today[0] || now >= today[1]) {
    const day = new Date(now);
    day.setHours(0, 0, 0, 0);
    const next = new Date(day);
    next.setDate(day.getDate() + 1);
    today = [day.getTime(), next.getTime()];
  }
  return ms >= today[0] && ms < today[1];
}

/** Local; the day is left out while it is today. */
export function formatTime(time: Time, precise = false): string {
  const date = dateOf(time);
  if (!date) return NOTHING;
  if (isToday(date.getTime())) return (precise ? clockPrecise() : clock()).format(date);
  return (precise ? dayAndClockPrecise() : dayAndClock()).format(date);
}

const tickClock = dates({ hour: "2-digit", minute: "2-digit", hour12: false });
const tickDay = dates({ month: "short", day: "numeric" });
const MINUTES_FEW_MS = 10 * 60_000;
const DAYS_FEW_MS = 2 * 86_400_000;

/** A time on an axis that is this long: as little as tells it apart; where a day begins, the day. */
export function formatTick(ms: number, spanMs: number): string {
  const date = new Date(ms);
  const begins = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (begins || spanMs > DAYS_FEW_MS) return tickDay().format(date);
  return (spanMs < MINUTES_FEW_MS ? clock() : tickClock()).format(date);
}

/** The same in UTC, as the server says it: for titles. */
export function formatUtc(time: Time): string {
  if (typeof time === "string") return time;
  return dateOf(time)?.toISOString() ?? "";
}

/** "3 min ago". */
export function formatAge(time: Time, nowMs: number): string {
  const date = dateOf(time);
  if (!date) return NOTHING;
  const seconds = (nowMs - date.getTime()) / 1000;
  return seconds < 1 ? t("age.now") : t("age.ago", { duration: formatDuration(seconds) });
}
