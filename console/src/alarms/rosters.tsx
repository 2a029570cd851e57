/** Rosters: who is on call when, by which channels, and who is next when nobody acknowledges. */
import { useState } from "preact/hooks";
import {
  askChannels,
  askRosterAt,
  askRosters,
  type Roster,
  type RosterWords,
} from "../api/notices";
import { serverNow } from "../api/clock";
import { useQuery } from "../api/query";
import { tr } from "../i18n/rules";
import { Choice } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import { Badge, Button, Card, Empty, ProblemNote, Skeleton } from "../ui/parts";
import { RosterCalendar } from "./roster-calendar";
import { spanSeconds } from "./spans";
import { durationText } from "./parts";
import {
  Lines,
  NAME_FORM,
  mayNotices,
  NoticeDialog,
  RemoveDialog,
  TextInput,
} from "./notice-parts";
import { daysName, ownOffset, WeeklyFields } from "./weekly";

const MINUTE_MS = 60_000;
const CLOCK = /^([01]\d|2[0-4]):[0-5]\d$/;
const OFFSET = /^[+-](0\d|1[0-4]):[0-5]\d$/;

function OnCallNow({ roster }: { roster: Roster }) {
  const { data } = useQuery(
    `on call ${roster.name}`,
    (signal) => askRosterAt(roster.name, new Date(serverNow()).toISOString(), signal),
    MINUTE_MS,
  );
  const onCall = data?.on_call;
  const names = Array.isArray(onCall) ? onCall : onCall ? [onCall] : [];
  if (!data) return <Badge tone="plain">…</Badge>;
  if (names.length === 0)
    return (
      <Badge tone="warn" icon="warn">
        {tr("rosters.nobody")}
      </Badge>
    );
  return (
    <Badge tone="good" icon="account">
      {tr("rosters.on_call", { name: names.join(", ") })}
    </Badge>
  );
}

const stepTo = (to: string): string =>
  to === "on call" ? tr("rosters.to.on_call") : to === "next" ? tr("rosters.to.next") : to;

function RosterCard(props: { roster: Roster; onEdit: () => void; onRemove: () => void }) {
  const { roster } = props;
  return (
    <Card
      title={roster.name}
      class="notice-card"
      aside={
        mayNotices() && (
          <span class="card-buttons">
            <Button kind="quiet" icon="edit" label={tr("oncall.edit")} onClick={props.onEdit} />
            <Button
              kind="quiet"
              icon="retire"
              label={tr("rules.remove")}
              onClick={props.onRemove}
            />
          </span>
        )
      }
    >
      <OnCallNow roster={roster} />
      <RosterCalendar roster={roster} />
      <ul class="roster-shifts">
        {roster.shifts.map((shift, at) => (
          <li key={at}>
            <Name class="name" text={shift.member} />
            <span class="faint">
              {daysName(shift.days)} {shift.from}–{shift.to}
            </span>
          </li>
        ))}
      </ul>
      <ol class="steps" aria-label={tr("rosters.steps")}>
        {roster.steps.map((step, at) => (
          <li key={at}>
            <span class="step-after">
              {spanSeconds(step.after) === 0 ? tr("rosters.at_once") : durationText(step.after)}
            </span>
            <Icon name="chevron" size={14} />
            <Name text={stepTo(step.to)} />
          </li>
        ))}
      </ol>
      <p class="faint">
        {roster.members
          .map(
            ({ name, channels }) => `${name} (${channels.join(", ") || tr("rosters.no_channel")})`,
          )
          .join("; ")}
      </p>
    </Card>
  );
}

const ROSTER_NEW = (): RosterWords => ({
  members: [{ name: "", channels: [] }],
  shifts: [{ member: "", days: "mon-sun", from: "08:00", to: "20:00" }],
  utc_offset: ownOffset(),
  steps: [
    { after: "0s", to: "on call" },
    { after: "5m", to: "next" },
  ],
});

export function isRosterWrong({ members, shifts, steps, utc_offset }: RosterWords): boolean {
  const names = new Set(members.map(({ name }) => name));
  return (
    members.length === 0 ||
    names.size !== members.length ||
    members.some(({ name }) => !NAME_FORM.test(name)) ||
    shifts.some(
      ({ member, from, to }) => !names.has(member) || !CLOCK.test(from) || !CLOCK.test(to),
    ) ||
    steps.length === 0 ||
    steps.some(({ after, to }) => spanSeconds(after) === undefined || !to) ||
    !OFFSET.test(utc_offset)
  );
}

function RosterDialog(props: { roster: Roster | null; onDone: () => void; onClose: () => void }) {
  const [words, setWords] = useState<RosterWords>(() => {
    if (!props.roster) return ROSTER_NEW();
    const { members, shifts, utc_offset, steps } = props.roster;
    return { members, shifts, utc_offset, steps };
  });
  const { data: channels } = useQuery("channels", askChannels);
  const change = (part: Partial<RosterWords>) => setWords({ ...words, ...part });
  const names = words.members.map(({ name }) => name);
  const known = [...new Set(names.filter(Boolean))].map((name) => ({ value: name, text: name }));
  const nobody = { value: "", text: "–" };
  return (
    <NoticeDialog
      kind="roster"
      title={props.roster ? tr("oncall.edit.of", { name: props.roster.name }) : tr("rosters.add")}
      name={props.roster?.name ?? null}
      words={() => words}
      isWrong={isRosterWrong(words)}
      onDone={props.onDone}
      onClose={props.onClose}
    >
      <Lines
        title={tr("rosters.members")}
        hint={tr("rosters.members.hint")}
        items={words.members}
        make={() => ({ name: "", channels: [] })}
        add={tr("rosters.member.add")}
        onChange={(members) => change({ members })}
        line={(member, set) => (
          <>
            <TextInput
              label={tr("rosters.member")}
              value={member.name}
              {...(member.name && !NAME_FORM.test(member.name)
                ? { error: tr("rules.flaw.name") }
                : {})}
              onInput={(name) => {
                const shifts = words.shifts.map((shift) =>
                  shift.member === member.name ? { ...shift, member: name } : shift,
                );
                const members = words.members.map((old) =>
                  old === member ? { ...old, name } : old,
                );
                change({ members, shifts });
              }}
            />
            <TextInput
              label={tr("rosters.channels")}
              value={member.channels.join(" ")}
              code
              list="channels-known"
              onInput={(text) => set({ channels: text.split(/[\s,]+/).filter(Boolean) })}
            />
          </>
        )}
      />
      <datalist id="channels-known">
        {channels?.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Lines
        title={tr("rosters.shifts")}
        items={words.shifts}
        make={() => ({ member: names[0] ?? "", days: "mon-sun", from: "20:00", to: "08:00" })}
        add={tr("rosters.shift.add")}
        onChange={(shifts) => change({ shifts })}
        line={(shift, set) => (
          <>
            <Choice
              label={tr("rosters.member")}
              value={shift.member}
              options={[...(names.includes(shift.member) ? [] : [nobody]), ...known]}
              onChange={(member) => set({ member })}
            />
            <WeeklyFields weekly={shift} onChange={set} />
          </>
        )}
      />
      <Lines
        title={tr("rosters.steps")}
        hint={tr("rosters.steps.hint")}
        items={words.steps}
        make={() => ({ after: "10m", to: "next" })}
        add={tr("rosters.step.add")}
        onChange={(steps) => change({ steps })}
        line={(step, set) => (
          <>
            <TextInput
              label={tr("rosters.after")}
              value={step.after}
              {...(spanSeconds(step.after) === undefined ? { error: tr("rules.flaw.span") } : {})}
              onInput={(after) => set({ after })}
            />
            <Choice
              label={tr("rosters.to")}
              value={step.to}
              options={[
                { value: "on call", text: tr("rosters.to.on_call") },
                { value: "next", text: tr("rosters.to.next") },
                ...known,
              ]}
              onChange={(to) => set({ to })}
            />
          </>
        )}
      />
      <TextInput
        label={tr("rosters.utc_offset")}
        hint={tr("rosters.utc_offset.hint")}
        value={words.utc_offset}
        {...(OFFSET.test(words.utc_offset) ? {} : { error: tr("rosters.utc_offset.wrong") })}
        onInput={(utc_offset) => change({ utc_offset })}
      />
    </NoticeDialog>
  );
}

export function RostersView() {
  const { data, problem, reload } = useQuery("rosters", askRosters);
  const [edit, setEdit] = useState<Roster | "new" | null>(null);
  const [remove, setRemove] = useState<Roster | null>(null);
  return (
    <>
      {mayNotices() && (
        <div class="tools">
          <Button icon="plus" onClick={() => setEdit("new")}>
            {tr("rosters.add")}
          </Button>
        </div>
      )}
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton />}
      {data?.length === 0 && (
        <Card>
          <Empty icon="oncall" title={tr("rosters.none")} text={tr("rosters.none.text")} />
        </Card>
      )}
      <div class="notice-cards">
        {data?.map((roster) => (
          <RosterCard
            key={roster.name}
            roster={roster}
            onEdit={() => setEdit(roster)}
            onRemove={() => setRemove(roster)}
          />
        ))}
      </div>
      {edit && (
        <RosterDialog
          roster={edit === "new" ? null : edit}
          onDone={() => {
            setEdit(null);
            reload();
          }}
          onClose={() => setEdit(null)}
        />
      )}
      {remove && (
        <RemoveDialog
          kind="roster"
          name={remove.name}
          onDone={() => {
            setRemove(null);
            reload();
          }}
          onClose={() => setRemove(null)}
        />
      )}
    </>
  );
}
