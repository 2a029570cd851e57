/** Times that come every week, of a roster's shift or a channel's quiet hours. */
import { rulesKeyIfKnown, tr } from "../i18n/rules";
import { Choice } from "../ui/dialog";
import { TextInput } from "./notice-parts";

const DAY_CHOICES = [
  "mon-sun",
  "mon-fri",
  "sat-sun",
  "mon",
  "tue",
  "wed",
  "thu",
  "fri",
  "sat",
  "sun",
];

export interface Weekly {
  days: string;
  from: string;
  to: string;
}

export function daysName(days: string): string {
  const word = days.replace("-", "_");
  const key = rulesKeyIfKnown(`days.${word}`);
  return key ? tr(key) : days;
}

/** Where this browser is: "+08:00". */
export function ownOffset(minutesWest = new Date().getTimezoneOffset()): string {
  const size = Math.abs(minutesWest);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${minutesWest > 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function WeeklyFields(props: { weekly: Weekly; onChange: (next: Partial<Weekly>) => void }) {
  const { weekly, onChange } = props;
  return (
    <>
      <Choice
        label={tr("rosters.days")}
        value={weekly.days}
        options={[...new Set([...DAY_CHOICES, weekly.days])].map((value) => ({
          value,
          text: daysName(value),
        }))}
        onChange={(days) => onChange({ days })}
      />
      <TextInput
        label={tr("rosters.from")}
        type="time"
        value={weekly.from}
        onInput={(from) => onChange({ from })}
      />
      <TextInput
        label={tr("rosters.until")}
        type="time"
        value={weekly.to}
        onInput={(to) => onChange({ to })}
      />
    </>
  );
}
