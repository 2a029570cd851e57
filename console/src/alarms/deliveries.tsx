/** What was sent, what waits to be sent again, and what was given up. */
import { useEffect, useState } from "preact/hooks";
import { askDeliveries, DELIVERY_STATES, type Delivery } from "../api/notices";
import { usePages } from "../api/query";
import { formatCount } from "../format";
import { rulesKeyIfKnown, tr } from "../i18n/rules";
import { Name } from "../ui/name";
import {
  Badge,
  Card,
  Empty,
  ProblemNote,
  Search,
  Segmented,
  Skeleton,
  Time,
  useSettled,
} from "../ui/parts";
import { More, Table } from "../ui/table";

const AGAIN_MS = 5000;
const STATES = ["all", ...DELIVERY_STATES] as const;

function StateBadge({ state }: { state: string }) {
  const word = state.replaceAll(" ", "_");
  const key = rulesKeyIfKnown(`deliveries.state.${word}`);
  const text = key ? tr(key) : state;
  if (word === "sent")
    return (
      <Badge tone="good" icon="check">
        {text}
      </Badge>
    );
  return word === "waiting" ? (
    <Badge tone="warn" icon="clock">
      {text}
    </Badge>
  ) : (
    <Badge tone="bad" icon="bad">
      {text}
    </Badge>
  );
}

export function DeliveriesView({ channel: first }: { channel: string }) {
  const [state, setState] = useState<(typeof STATES)[number]>("all");
  const [channel, setChannel] = useState(first);
  const settled = useSettled(channel.trim());
  const asked = state === "all" ? "" : state;
  const list = usePages<Delivery>(`deliveries ${asked} ${settled}`, async (after, signal) => {
    const answer = await askDeliveries(settled, asked, after, signal);
    return { items: answer.deliveries, next: answer.next ?? null };
  });
  const { items, reload, hasMore } = list;
  const isWhole = items !== undefined && items.length <= 100;
  useEffect(() => {
    if (!isWhole) return;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isWhole, reload]);
  return (
    <>
      <div class="tools">
        <Segmented
          label={tr("deliveries.state")}
          value={state}
          options={STATES.map((value) => ({ value, text: tr(`deliveries.state.${value}`) }))}
          onChange={setState}
        />
        <Search
          value={channel}
          label={tr("deliveries.channel")}
          placeholder={tr("deliveries.channel")}
          onInput={setChannel}
        />
      </div>
      <ProblemNote problem={list.problem} onRetry={reload} />
      <Card>
        {!items && !list.problem && <Skeleton />}
        {items?.length === 0 && (
          <Empty icon="channel" title={tr("deliveries.none")} text={tr("deliveries.none.text")} />
        )}
        {items && items.length > 0 && (
          <Table
            label={tr("oncall.view.deliveries")}
            items={items}
            keyOf={({ delivery }) => delivery}
            columns={[
              {
                name: "delivery",
                title: tr("deliveries.number"),
                main: true,
                cell: ({ delivery, test }) => (
                  <>
                    {formatCount(delivery)}{" "}
                    {test && <Badge tone="plain">{tr("channels.test")}</Badge>}
                  </>
                ),
              },
              {
                name: "count",
                title: tr("deliveries.count"),
                number: true,
                cell: ({ count }) => formatCount(count),
              },
              {
                name: "channel",
                title: tr("deliveries.channel"),
                cell: (one) => <Name text={one.channel} />,
              },
              {
                name: "state",
                title: tr("deliveries.state"),
                cell: (one) => <StateBadge state={one.state} />,
              },
              {
                name: "time",
                title: tr("deliveries.time"),
                cell: (one) => <Time time={one.done ?? one.made} />,
              },
              {
                name: "tries",
                title: tr("deliveries.tries"),
                number: true,
                cell: ({ attempts }) => formatCount(attempts),
              },
              {
                name: "error",
                title: tr("deliveries.error"),
                cell: (one) => <Name text={one.error ?? ""} />,
              },
            ]}
          />
        )}
        <More shown={hasMore} loading={list.loading} onMore={list.more} />
      </Card>
    </>
  );
}
