/** Channels: by which ways people are told; each can be tested. */
import { useState } from "preact/hooks";
import {
  askChannels,
  CHANNEL_KINDS,
  testChannel,
  type Channel,
  type ChannelKind,
  type ChannelWords,
  type QuietHours,
} from "../api/notices";
import { PRIORITIES } from "../api/alarms";
import { useQuery } from "../api/query";
import { formatCount } from "../format";
import { tr } from "../i18n/rules";
import { problemOf } from "../pages/people-parts";
import { routeAddress } from "../router";
import { Choice } from "../ui/dialog";
import { Name } from "../ui/name";
import { Badge, Button, Card, Empty, ProblemNote, Skeleton } from "../ui/parts";
import { tell } from "../ui/toasts";
import { Lines, mayNotices, NoticeDialog, RemoveDialog, TextInput } from "./notice-parts";
import { durationText, priorityName } from "./parts";
import { spanSeconds } from "./spans";
import { daysName, ownOffset, WeeklyFields } from "./weekly";

const AGAIN_MS = 5000;
const SUBJECTS: Record<ChannelKind, "url" | "topic" | "address" | null> = {
  webhook: "url",
  mqtt: "topic",
  mail: "address",
  browser: null,
};
const EXAMPLES = {
  url: "https://example.com/alarms",
  topic: "alarms/plant",
  address: "shift@example.com",
} as const;

function QuietLine({ quiet }: { quiet: QuietHours }) {
  const but = quiet.but_priority
    ? tr("channels.quiet.but", { priority: priorityName(quiet.but_priority) })
    : "";
  return (
    <li>
      {tr("channels.quiet.line", {
        days: daysName(quiet.days),
        from: quiet.from,
        to: quiet.to,
        offset: quiet.utc_offset,
      })}
      {but && <span class="faint"> {but}</span>}
    </li>
  );
}

function ChannelCard(props: {
  channel: Channel;
  onEdit: () => void;
  onRemove: () => void;
  onTested: () => void;
}) {
  const { channel } = props;
  const [busy, setBusy] = useState(false);
  const subject = SUBJECTS[channel.kind];
  const test = async () => {
    setBusy(true);
    try {
      const { delivery } = await testChannel(channel.name);
      tell({ text: tr("channels.tested", { name: channel.name, number: delivery }) });
      props.onTested();
    } catch (error) {
      tell({ text: problemOf(error), bad: true });
    }
    setBusy(false);
  };
  return (
    <Card
      title={channel.name}
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
      <p class="badges">
        <Badge tone="info">{tr(`channels.kind.${channel.kind}`)}</Badge>
        {channel.dead ? (
          <Badge tone="bad" icon="bad">
            {tr("channels.dead")}
          </Badge>
        ) : channel.sent === 0 ? (
          <Badge tone="plain">{tr("channels.unused")}</Badge>
        ) : (
          <Badge tone="good" icon="check">
            {tr("channels.alive")}
          </Badge>
        )}
      </p>
      {subject && channel[subject] && (
        <p>
          <code>
            <Name text={channel[subject] ?? ""} />
          </code>
        </p>
      )}
      {channel.last_error && (
        <p class="channel-error">
          <Name text={channel.last_error} />
        </p>
      )}
      {channel.dead && (
        <p>
          <a href={routeAddress("rules", "channels")}>{tr("channels.dead.alarm")}</a>
        </p>
      )}
      <ul class="faint">
        <li>
          <a href={routeAddress("oncall", "", { view: "deliveries", channel: channel.name })}>
            {tr("channels.sent", { count: channel.sent, shown: formatCount(channel.sent) })}
          </a>
        </li>
        {channel.gather && spanSeconds(channel.gather) !== 0 && (
          <li>{tr("channels.gather.line", { span: durationText(channel.gather) })}</li>
        )}
        {channel.quiet?.map((quiet, at) => (
          <QuietLine key={at} quiet={quiet} />
        ))}
      </ul>
      {mayNotices() && (
        <Button icon="play" busy={busy} onClick={() => void test()}>
          {tr("channels.test")}
        </Button>
      )}
    </Card>
  );
}

export function channelWords(fields: ChannelWords): ChannelWords {
  const subject = SUBJECTS[fields.kind];
  const { kind, quiet = [], gather = "", language = "en", secret = "" } = fields;
  return {
    kind,
    quiet,
    language,
    ...(subject ? { [subject]: (fields[subject] ?? "").trim() } : {}),
    // Not said, the one that the server has stays.
    ...(kind === "webhook" && secret ? { secret } : {}),
    ...(gather.trim() ? { gather: gather.trim() } : {}),
  };
}

function ChannelDialog(props: {
  channel: Channel | null;
  onDone: () => void;
  onClose: () => void;
}) {
  const { channel } = props;
  const [fields, setFields] = useState<ChannelWords>(() =>
    channel
      ? { ...channel, secret: "" }
      : { kind: "webhook", gather: "10s", language: "zh", quiet: [] },
  );
  const change = (part: Partial<ChannelWords>) => setFields({ ...fields, ...part });
  const subject = SUBJECTS[fields.kind];
  const gather = fields.gather ?? "";
  const gatherIsWrong = gather.trim() !== "" && spanSeconds(gather) === undefined;
  const isWrong = gatherIsWrong || (subject !== null && !(fields[subject] ?? "").trim());
  return (
    <NoticeDialog
      kind="channel"
      title={channel ? tr("oncall.edit.of", { name: channel.name }) : tr("channels.add")}
      name={channel?.name ?? null}
      words={() => channelWords(fields)}
      isWrong={isWrong}
      onDone={props.onDone}
      onClose={props.onClose}
    >
      <Choice
        label={tr("channels.kind")}
        value={fields.kind}
        options={CHANNEL_KINDS.map((value) => ({ value, text: tr(`channels.kind.${value}`) }))}
        onChange={(kind) => change({ kind })}
      />
      {subject && (
        <TextInput
          label={tr(`channels.${subject}`)}
          code
          placeholder={EXAMPLES[subject]}
          value={fields[subject] ?? ""}
          onInput={(text) => change({ [subject]: text })}
        />
      )}
      {fields.kind === "webhook" && (
        <TextInput
          label={tr("channels.secret")}
          hint={tr(channel ? "channels.secret.kept" : "channels.secret.hint")}
          type="password"
          value={fields.secret ?? ""}
          onInput={(secret) => change({ secret })}
        />
      )}
      <TextInput
        label={tr("channels.gather")}
        hint={tr("channels.gather.hint")}
        value={gather}
        {...(gatherIsWrong ? { error: tr("rules.flaw.span") } : {})}
        onInput={(text) => change({ gather: text })}
      />
      <Choice
        label={tr("channels.language")}
        value={fields.language ?? "en"}
        options={[
          { value: "zh", text: tr("channels.language.zh") },
          { value: "en", text: tr("channels.language.en") },
        ]}
        onChange={(language) => change({ language })}
      />
      <Lines
        title={tr("channels.quiet")}
        items={fields.quiet ?? []}
        make={() => ({
          from: "22:00",
          to: "06:00",
          days: "mon-sun",
          utc_offset: ownOffset(),
          but_priority: 1,
        })}
        add={tr("channels.quiet.add")}
        onChange={(quiet) => change({ quiet })}
        line={(quiet, set) => (
          <>
            <WeeklyFields weekly={quiet} onChange={set} />
            <Choice
              label={tr("channels.quiet.but.label")}
              value={String(quiet.but_priority ?? 0)}
              options={[
                { value: "0", text: tr("channels.quiet.none") },
                ...PRIORITIES.map((priority) => ({
                  value: String(priority),
                  text: priorityName(priority),
                })),
              ]}
              onChange={(priority) => set({ but_priority: Number(priority) || null })}
            />
          </>
        )}
      />
    </NoticeDialog>
  );
}

export function ChannelsView() {
  const { data, problem, reload } = useQuery("channels list", askChannels, AGAIN_MS);
  const [edit, setEdit] = useState<Channel | "new" | null>(null);
  const [remove, setRemove] = useState<Channel | null>(null);
  const close = () => {
    setEdit(null);
    setRemove(null);
  };
  const done = () => {
    close();
    reload();
  };
  return (
    <>
      {mayNotices() && (
        <div class="tools">
          <Button icon="plus" onClick={() => setEdit("new")}>
            {tr("channels.add")}
          </Button>
        </div>
      )}
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton />}
      {data?.length === 0 && (
        <Card>
          <Empty icon="channel" title={tr("channels.none")} text={tr("channels.none.text")} />
        </Card>
      )}
      <div class="notice-cards">
        {data?.map((channel) => (
          <ChannelCard
            key={channel.name}
            channel={channel}
            onEdit={() => setEdit(channel)}
            onRemove={() => setRemove(channel)}
            onTested={reload}
          />
        ))}
      </div>
      {edit && (
        <ChannelDialog channel={edit === "new" ? null : edit} onDone={done} onClose={close} />
      )}
      {remove && <RemoveDialog kind="channel" name={remove.name} onDone={done} onClose={close} />}
    </>
  );
}
