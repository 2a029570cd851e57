/** Who is on call, and by which ways people are told, as docs/http.md has it. */
import { command, get, withQuery } from "./http";

export const CHANNEL_KINDS = ["webhook", "mqtt", "mail", "browser"] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export interface QuietHours {
  from: string;
  to: string;
  days: string;
  utc_offset: string;
  but_priority: number | null;
}

export interface ChannelWords {
  kind: ChannelKind;
  url?: string;
  secret?: string;
  topic?: string;
  address?: string;
  quiet?: QuietHours[];
  gather?: string;
  language?: "zh" | "en";
}

export interface Channel extends ChannelWords {
  name: string;
  dead: boolean;
  last_error: string | null;
  sent: number;
}

export const DELIVERY_STATES = ["waiting", "sent", "given_up"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface Delivery {
  delivery: number;
  channel: string;
  state: string;
  test: boolean;
  /** Alarms in it. */
  count: number;
  priority: number;
  attempts: number;
  made: string | null;
  done: string | null;
  error: string | null;
}

export interface Member {
  name: string;
  channels: string[];
}
export interface Shift {
  member: string;
  days: string;
  from: string;
  to: string;
}
export interface Step {
  after: string;
  to: string;
}
export interface RosterWords {
  members: Member[];
  shifts: Shift[];
  utc_offset: string;
  steps: Step[];
}
export interface Roster extends RosterWords {
  name: string;
  on_call?: string | string[] | null;
}

export interface RouteWords {
  match: string;
  priority: number;
  returned?: boolean;
  to: { roster: string } | { channel: string };
}
export interface NoticeRoute extends RouteWords {
  name: string;
}

const PARTS = { channel: "channels", roster: "rosters", route: "routes" } as const;
export type NoticeKind = keyof typeof PARTS;

const address = (kind: NoticeKind, name: string): string =>
  `/v1/${PARTS[kind]}/${encodeURIComponent(name)}`;

/** All of a kind: a tenant has few. */
const askAll =
  <T>(kind: NoticeKind) =>
  async (signal: AbortSignal): Promise<T[]> => {
    const all: T[] = [];
    let after: string | null = null;
    do {
      const page: Record<string, unknown> = await get(
        withQuery(`/v1/${PARTS[kind]}`, { limit: 1000, after }),
        signal,
      );
      all.push(...(page[PARTS[kind]] as T[]));
      after = (page["next"] as string | null | undefined) ?? null;
    } while (after !== null);
    return all;
  };

export const askChannels = askAll<Channel>("channel");
export const askRosters = askAll<Roster>("roster");
export const askRoutes = askAll<NoticeRoute>("route");

export const askRosterAt = (name: string, at: string, signal: AbortSignal): Promise<Roster> =>
  get<Roster>(withQuery(address("roster", name), { at }), signal);

export const putNotice = (
  kind: NoticeKind,
  name: string,
  words: ChannelWords | RosterWords | RouteWords,
): Promise<unknown> => command("PUT", address(kind, name), words);
export const removeNotice = (kind: NoticeKind, name: string): Promise<unknown> =>
  command("DELETE", address(kind, name));

export const testChannel = (name: string): Promise<{ delivery: number }> =>
  command("POST", `/v1/channel-test/${encodeURIComponent(name)}`);

export const askDeliveries = (
  channel: string,
  state: string,
  after: string | number | null,
  signal: AbortSignal,
): Promise<{ deliveries: Delivery[]; next: string | null }> =>
  get(withQuery("/v1/deliveries", { channel, state, after, limit: 100 }), signal);
