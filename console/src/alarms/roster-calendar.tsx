/** The week of a roster as a calendar: a row a day, a lane a member, and what nobody covers. */
import type { Roster } from "../api/notices";
import { rulesKeyIfKnown, tr } from "../i18n/rules";
import { Name } from "../ui/name";
import { clockOf, DAY_MINUTES, gapsOf, WEEK, weekOf, type Stretch } from "./roster-week";

const HOURS = [0, 6, 12, 18, 24];
const HUES = 8;
const LANE_HEIGHT = 8;

const dayName = (day: string): string => {
  const key = rulesKeyIfKnown(`days.${day}`);
  return key ? tr(key) : day;
};
const percent = (minutes: number): string => `${(100 * minutes) / DAY_MINUTES}%`;
const spanWords = ({ from, to }: { from: number; to: number }): string =>
  `${clockOf(from)}–${clockOf(to)}`;

function dayWords(stretches: Stretch[]): string {
  const parts = stretches.map((one) => `${one.member} ${spanWords(one)}`);
  return [
    ...parts,
    ...gapsOf(stretches).map((gap) => `${tr("rosters.gap")} ${spanWords(gap)}`),
  ].join(", ");
}

export function RosterCalendar({ roster }: { roster: Roster }) {
  const week = weekOf(roster.shifts);
  const names = roster.members
    .map(({ name }) => name)
    .filter((name) => roster.shifts.some(({ member }) => member === name));
  if (names.length === 0) return null;
  const hasGaps = week.some((day) => gapsOf(day).length > 0);
  const laneOf = (member: string) => Math.max(0, names.indexOf(member));
  return (
    <div class="calendar">
      {WEEK.map((day, at) => {
        const stretches = week[at] ?? [];
        return (
          <div key={day} class="calendar-day">
            <span class="faint">{dayName(day)}</span>
            <span
              class="calendar-track"
              role="img"
              aria-label={`${dayName(day)}: ${dayWords(stretches)}`}
              style={{ height: `${names.length * LANE_HEIGHT}px` }}
            >
              {gapsOf(stretches).map((gap) => (
                <span
                  key={`gap ${gap.from}`}
                  class="calendar-gap"
                  title={`${tr("rosters.gap")} ${spanWords(gap)}`}
                  style={{ left: percent(gap.from), width: percent(gap.to - gap.from) }}
                />
              ))}
              {stretches.map((one) => (
                <span
                  key={`${one.member} ${one.from}`}
                  class={`calendar-stretch hue-${laneOf(one.member) % HUES}`}
                  title={`${one.member} ${spanWords(one)}`}
                  style={{
                    left: percent(one.from),
                    width: percent(one.to - one.from),
                    top: `${laneOf(one.member) * LANE_HEIGHT}px`,
                    height: `${LANE_HEIGHT - 1}px`,
                  }}
                />
              ))}
            </span>
          </div>
        );
      })}
      <div class="calendar-day calendar-hours faint" aria-hidden="true">
        <span />
        <span>
          {HOURS.map((hour) => (
            <span key={hour}>{hour}</span>
          ))}
        </span>
      </div>
      <ul class="calendar-names">
        {names.map((name, at) => (
          <li key={name}>
            <span class={`swatch hue-${at % HUES}`} aria-hidden="true" />
            <Name text={name} />
          </li>
        ))}
        {hasGaps && (
          <li>
            <span class="swatch calendar-gap" aria-hidden="true" />
            {tr("rosters.gap")}
          </li>
        )}
        <li class="faint">{tr("rosters.offset_of", { offset: roster.utc_offset })}</li>
      </ul>
    </div>
  );
}
