/** Routes: which alarms go to which roster or channel. */
import { useState } from "preact/hooks";
import { PRIORITIES } from "../api/alarms";
import {
  askChannels,
  askRosters,
  askRoutes,
  type NoticeRoute,
  type RouteWords,
} from "../api/notices";
import { useQuery } from "../api/query";
import { tr } from "../i18n/rules";
import { Choice } from "../ui/dialog";
import { Name } from "../ui/name";
import { Button, Card, Empty, ProblemNote, Skeleton } from "../ui/parts";
import { Table } from "../ui/table";
import { mayNotices, NoticeDialog, RemoveDialog, TextInput } from "./notice-parts";
import { PriorityMark, priorityName } from "./parts";

const toWords = ({ to }: RouteWords): { kind: "roster" | "channel"; name: string } =>
  "roster" in to ? { kind: "roster", name: to.roster } : { kind: "channel", name: to.channel };

function RouteDialog(props: {
  route: NoticeRoute | null;
  onDone: () => void;
  onClose: () => void;
}) {
  const { route } = props;
  const first = route ? toWords(route) : { kind: "roster" as const, name: "" };
  const [match, setMatch] = useState(route?.match ?? "#");
  const [priority, setPriority] = useState(String(route?.priority ?? 2));
  const [returned, setReturned] = useState(route?.returned ?? false);
  const [kind, setKind] = useState<"roster" | "channel">(first.kind);
  const [name, setName] = useState(first.name);
  const { data: rosters } = useQuery("rosters", askRosters);
  const { data: channels } = useQuery("channels", askChannels);
  const known = (kind === "roster" ? rosters : channels) ?? [];
  const names = known.map((one) => one.name);
  return (
    <NoticeDialog
      kind="route"
      title={route ? tr("oncall.edit.of", { name: route.name }) : tr("routes.add")}
      name={route?.name ?? null}
      words={() => ({
        match: match.trim(),
        priority: Number(priority),
        returned,
        to: kind === "roster" ? { roster: name } : { channel: name },
      })}
      isWrong={!match.trim() || !name}
      onDone={props.onDone}
      onClose={props.onClose}
    >
      <TextInput
        label={tr("routes.match")}
        hint={tr("routes.match.hint")}
        code
        value={match}
        onInput={setMatch}
      />
      <Choice
        label={tr("routes.priority")}
        value={priority}
        options={PRIORITIES.map((one) => ({ value: String(one), text: priorityName(one) }))}
        onChange={setPriority}
      />
      <Choice
        label={tr("routes.kind")}
        value={kind}
        options={[
          { value: "roster", text: tr("routes.kind.roster") },
          { value: "channel", text: tr("routes.kind.channel") },
        ]}
        onChange={(next) => {
          setKind(next);
          setName("");
        }}
      />
      <Choice
        label={tr("routes.to")}
        value={name}
        options={[
          ...(names.includes(name) ? [] : [{ value: name, text: name || "–" }]),
          ...names.map((value) => ({ value, text: value })),
        ]}
        onChange={setName}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={returned}
          onChange={(event) => setReturned(event.currentTarget.checked)}
        />
        {tr("routes.returned")}
      </label>
    </NoticeDialog>
  );
}

export function RoutesView() {
  const { data, problem, reload } = useQuery("routes", askRoutes);
  const [edit, setEdit] = useState<NoticeRoute | "new" | null>(null);
  const [remove, setRemove] = useState<NoticeRoute | null>(null);
  const close = () => {
    setEdit(null);
    setRemove(null);
  };
  const done = () => {
    close();
    reload();
  };
  const tools = (one: NoticeRoute) =>
    mayNotices() && (
      <span class="card-buttons">
        <Button kind="quiet" icon="edit" label={tr("oncall.edit")} onClick={() => setEdit(one)} />
        <Button
          kind="quiet"
          icon="retire"
          label={tr("rules.remove")}
          onClick={() => setRemove(one)}
        />
      </span>
    );
  return (
    <>
      {mayNotices() && (
        <div class="tools">
          <Button icon="plus" onClick={() => setEdit("new")}>
            {tr("routes.add")}
          </Button>
        </div>
      )}
      <ProblemNote problem={problem} onRetry={reload} />
      <Card>
        {!data && !problem && <Skeleton />}
        {data?.length === 0 && (
          <Empty icon="channel" title={tr("routes.none")} text={tr("routes.none.text")} />
        )}
        {data && data.length > 0 && (
          <Table
            label={tr("oncall.view.routes")}
            items={data}
            keyOf={({ name }) => name}
            columns={[
              {
                name: "name",
                title: tr("rules.name"),
                main: true,
                cell: (one) => <Name class="name" text={one.name} />,
              },
              {
                name: "match",
                title: tr("routes.match"),
                cell: (one) => <code>{one.match}</code>,
              },
              {
                name: "priority",
                title: tr("routes.priority"),
                cell: (one) => (
                  <span class="mark-and-word">
                    <PriorityMark priority={one.priority} size={20} />
                    {priorityName(one.priority)}
                  </span>
                ),
              },
              {
                name: "to",
                title: tr("routes.to"),
                cell: (one) => {
                  const { kind, name } = toWords(one);
                  return (
                    <>
                      <span class="faint">{tr(`routes.kind.${kind}`)}</span> <Name text={name} />
                    </>
                  );
                },
              },
              { name: "tools", title: "", cell: tools },
            ]}
          />
        )}
      </Card>
      {edit && <RouteDialog route={edit === "new" ? null : edit} onDone={done} onClose={close} />}
      {remove && <RemoveDialog kind="route" name={remove.name} onDone={done} onClose={close} />}
    </>
  );
}
