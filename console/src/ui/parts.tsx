/** Small parts that all pages are made of. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Problem } from "../api/http";
import type { LimitState } from "../api/types";
import { formatAge, formatTime, formatUtc } from "../format";
import { keyIfKnown, t, type Key } from "../i18n";
import { problemDetail } from "../i18n/server-zh";
import { Icon, type IconName } from "./icon";
import { tell } from "./toasts";

export function Button(props: {
  children?: ComponentChildren;
  icon?: IconName;
  kind?: "plain" | "primary" | "danger" | "quiet";
  label?: string;
  disabled?: boolean;
  busy?: boolean;
  submit?: boolean;
  onClick?: () => void;
}) {
  return (
    <button
      type={props.submit ? "submit" : "button"}
      class={`button button-${props.kind ?? "plain"}${props.children ? "" : " button-icon"}`}
      disabled={props.disabled || props.busy}
      aria-busy={props.busy}
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      {props.icon && <Icon name={props.icon} size={16} />}
      {props.children && <span>{props.children}</span>}
    </button>
  );
}

export function PageHead(props: { title: string; text?: string; children?: ComponentChildren }) {
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1}>{props.title}</h1>
        {props.text && <p>{props.text}</p>}
      </div>
      {props.children && <div class="page-tools">{props.children}</div>}
    </header>
  );
}

export function Card(props: {
  title?: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}) {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ""}`} aria-labelledby={props.title ? id : undefined}>
      {props.title && (
        <div class="card-head">
          <h2 id={id}>{props.title}</h2>
          {props.aside}
        </div>
      )}
      {props.children}
    </section>
  );
}

export type Tone = "good" | "warn" | "bad" | "info" | "plain";

export function Badge(props: {
  tone: Tone;
  icon?: IconName;
  children: ComponentChildren;
  title?: string;
}) {
  return (
    <span class={`badge badge-${props.tone}`} title={props.title}>
      {props.icon && <Icon name={props.icon} size={13} />}
      {props.children}
    </span>
  );
}

export const qualityClass = (quality: string): "good" | "uncertain" | "bad" =>
  quality.startsWith("good") ? "good" : quality.startsWith("uncertain") ? "uncertain" : "bad";

const QUALITY_LOOK = {
  good: ["good", "check"],
  uncertain: ["warn", "unknown"],
  bad: ["bad", "close"],
} as const;

/** Never a colour alone: a sign and a word beside. */
export function Quality({ quality, brief }: { quality: string; brief?: boolean }) {
  const kind = qualityClass(quality);
  const [tone, icon] = QUALITY_LOOK[kind];
  const detail = quality.includes(".") ? quality.slice(quality.indexOf(".") + 1) : "";
  return (
    <Badge tone={tone} icon={icon} title={quality}>
      {t(`quality.${kind}`)}
      {!brief && detail && <span class="badge-detail">{detail.replaceAll("_", " ")}</span>}
    </Badge>
  );
}

export function LimitBadge({ state }: { state: LimitState }) {
  if (state === "none") return null;
  const tone = state === "normal" ? "good" : state.includes("_") ? "bad" : "warn";
  const icon = state === "normal" ? "check" : state.startsWith("low") ? "down" : "up";
  return (
    <Badge tone={tone} icon={icon}>
      {t(`limit_state.${state}`)}
    </Badge>
  );
}

/** Local time; UTC in the title. */
export function Time({ time, precise }: { time: string | number | null; precise?: boolean }) {
  if (time === null || time === "") return <span class="faint">–</span>;
  return (
    <time dateTime={formatUtc(time)} title={formatUtc(time)}>
      {formatTime(time, precise)}
    </time>
  );
}

export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Age({ time }: { time: string | number | null }) {
  const now = useNow();
  return <span title={formatUtc(time)}>{formatAge(time, now)}</span>;
}

export function Search(props: {
  value: string;
  label: string;
  placeholder: string;
  onInput: (value: string) => void;
}) {
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <span class="hidden">{props.label}</span>
      <input
        type="search"
        value={props.value}
        placeholder={props.placeholder}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
    </label>
  );
}

/** The value a while after it stopped changing. */
export function useSettled<T>(value: T, ms = 200): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(() => value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Text to paste, with a button that copies it. */
export function Snippet({ text }: { text: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell({ text: t("copied") });
    } catch {
      tell({ text: t("copy.by_hand") });
    }
  };
  return (
    <div class="snippet">
      {/* It scrolls where it does not fit, so the keyboard must be able to reach it. */}
      <code tabIndex={0}>{text}</code>
      <Button kind="quiet" icon="copy" label={t("copy")} onClick={() => void copy()} />
    </div>
  );
}

export function Empty(props: {
  icon: IconName;
  title: string;
  text?: string;
  /** It is the whole page: its title is the page's. */
  page?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={props.icon} size={26} />
      </span>
      {props.page ? <h1 tabIndex={-1}>{props.title}</h1> : <p class="empty-title">{props.title}</p>}
      {props.text && <p>{props.text}</p>}
      {props.children}
    </div>
  );
}

export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class={`bone bone-${row % 4}`} />
      ))}
    </div>
  );
}

export function problemText(problem: Problem): string {
  if (problem.away) return t("problem.away");
  const known = keyIfKnown(`problem.${problem.code}`);
  const title = known ? t(known) : problem.title;
  const detail = problemDetail(problem.code, problem.detail);
  return detail ? t("problem.with", { title, detail }) : title || t("problem.unknown");
}

/** What went wrong with a question; nothing while the server is away, for the banner says so. */
export function ProblemNote(props: { problem: Problem | undefined; onRetry?: () => void }) {
  if (!props.problem || props.problem.away) return null;
  return (
    <div class="note note-bad" role="alert">
      <Icon name="bad" />
      <span>{problemText(props.problem)}</span>
      {props.onRetry && (
        <Button kind="quiet" icon="reload" onClick={props.onRetry}>
          {t("retry")}
        </Button>
      )}
    </div>
  );
}

export function Segmented<T extends string>(props: {
  label: string;
  value: T;
  options: { value: T; text: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <div class="segmented" role="group" aria-label={props.label}>
      {props.options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === props.value}
          onClick={() => props.onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </div>
  );
}

export const typeName = (type: string): string => {
  const key: Key | undefined = keyIfKnown(`type.${type}`);
  return key ? t(key) : type;
};
