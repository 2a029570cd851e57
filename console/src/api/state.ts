/** What the server says of itself, made into what the console shows. The only place that knows the raw names. */
import type { Damage, RawState } from "./types";

export interface MemoryPart {
  name: string;
  bytes: number;
}

export interface SystemState {
  version: string;
  data: string;
  uptimeS: number;
  mqttAddress: string;
  valuesPerS: number;
  messagesPerS: number;
  deliveredPerS: number;
  bytesInPerS: number;
  cores: number;
  /** Age of the oldest message that was taken and is not on the disk yet. */
  lagNs: number;
  lagNsMax: number;
  writeNs: number;
  writeNsMax: number;
  diskFree: number | undefined;
  diskTotal: number | undefined;
  journalBytes: number;
  segments: number;
  durablePosition: number;
  diskFull: boolean;
  stopped: boolean;
  memoryBytes: number;
  memoryParts: MemoryPart[];
  memoryLimit: number;
  memoryHeld: number;
  connections: number;
  connectionsLimit: number;
  clients: number;
  sessionsAway: number;
  subscriptions: number;
  retained: number;
  viewers: number;
  requestsPerS: number;
  points: number;
  pointsEver: number;
  pointsRetired: number;
  pointsLimit: number;
  commands: number;
  values: number;
  messages: number;
  refused: number;
  refusedBy: { reason: string; count: number }[];
  dropped: number;
  ackP50Us: number;
  ackP99Us: number;
  damage: Damage[];
}

type Part = Record<string, unknown> | undefined;

function numberIn(part: Part, name: string): number | undefined {
  const value = part?.[name];
  return typeof value === "number" ? value : undefined;
}
const count = (part: Part, name: string): number => numberIn(part, name) ?? 0;

/** Parts of the memory by the server's names. They are what is set aside, whether it was touched yet or not. */
function memoryParts(raw: RawState): MemoryPart[] {
  const parts: MemoryPart[] = [];
  for (const [name, bytes] of Object.entries(raw.memory ?? {}))
    if (typeof bytes === "number" && bytes > 0) parts.push({ name, bytes });
  return parts.sort((a, b) => b.bytes - a.bytes);
}

function sumOf(part: unknown): number {
  if (!part || typeof part !== "object") return 0;
  return Object.values(part).reduce((sum: number, value) => sum + (Number(value) || 0), 0);
}

export function readState(raw: RawState): SystemState {
  const { mqtt, rates, points, engine, journal, disk, limits } = raw;
  const latency = mqtt?.["latency_us"] as Part;
  const refused = (engine?.["refused"] ?? {}) as Record<string, number>;
  const ever = count(points, "count");
  const retired = count(points, "retired");
  return {
    version: raw.version ?? "",
    data: raw.data ?? "",
    uptimeS: raw.uptime_s ?? 0,
    mqttAddress: String(mqtt?.["address"] ?? ""),
    valuesPerS: count(rates, "values"),
    messagesPerS: count(rates, "messages"),
    deliveredPerS: count(rates, "delivered"),
    bytesInPerS: count(rates, "bytes_in"),
    cores: count(rates, "cores"),
    lagNs: count(journal, "lag_ns"),
    lagNsMax: count(journal, "lag_ns_max"),
    writeNs: count(journal, "write_ns_last"),
    writeNsMax: count(journal, "write_ns_max"),
    diskFree: numberIn(disk, "free"),
    diskTotal: numberIn(disk, "total"),
    journalBytes: count(journal, "bytes"),
    segments: count(journal, "segments"),
    durablePosition: count(journal, "durable_position"),
    diskFull: journal?.["disk_full"] === true,
    stopped: journal?.["stopped"] === true,
    memoryBytes: raw.memory_bytes ?? 0,
    memoryParts: memoryParts(raw),
    memoryLimit: count(limits, "mqtt.memory"),
    memoryHeld: count(mqtt, "memory"),
    connections: count(mqtt, "connections"),
    connectionsLimit: count(limits, "mqtt.connections"),
    clients: count(mqtt, "clients"),
    sessionsAway: count(mqtt, "sessions_away"),
    subscriptions: count(mqtt, "subscriptions"),
    retained: count(mqtt, "retained"),
    viewers: count(raw.live, "viewers"),
    requestsPerS: count(rates, "requests"),
    points: ever - retired,
    pointsEver: ever,
    pointsRetired: retired,
    pointsLimit: count(limits, "points.max"),
    commands: count(engine, "outcomes"),
    values: count(engine, "values"),
    messages: count(engine, "messages"),
    refused: sumOf(refused),
    refusedBy: Object.entries(refused)
      .map(([reason, times]) => ({ reason, count: times }))
      .filter((entry) => entry.count > 0)
      .sort((a, b) => b.count - a.count),
    dropped: count(mqtt, "dropped_slow") + count(mqtt, "dropped_queue"),
    ackP50Us: count(latency, "p50"),
    ackP99Us: count(latency, "p99"),
    damage: raw.damage ?? [],
  };
}
