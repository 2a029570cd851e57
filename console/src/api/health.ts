/** What is wrong, and what to do about it. Pure: the words are the page's. */
import type { SystemState } from "./state";

export type Severity = "warn" | "bad";
export interface Issue {
  kind:
    | "stopped"
    | "disk_full"
    | "damage"
    | "disk_low"
    | "slow_disk"
    | "points_limit"
    | "connections_limit"
    | "memory_limit"
    | "refusing"
    | "dropping";
  severity: Severity;
}

const NEAR = 0.9; /* of a limit */
const DISK_LOW = 0.1;
const DISK_VERY_LOW = 0.03;
const SLOW_WRITE_NS = 500e6;

/** before: the state some minutes ago, for what grows. */
export function issuesOf(state: SystemState, before: SystemState | undefined): Issue[] {
  const issues: Issue[] = [];
  const add = (kind: Issue["kind"], severity: Severity) => issues.push({ kind, severity });
  if (state.stopped) add("stopped", "bad");
  if (state.diskFull) add("disk_full", "bad");
  if (state.damage.length) add("damage", "bad");
  if (state.diskFree !== undefined && state.diskTotal && !state.diskFull) {
    const free = state.diskFree / state.diskTotal;
    if (free < DISK_LOW) add("disk_low", free < DISK_VERY_LOW ? "bad" : "warn");
  }
  if (state.writeNs > SLOW_WRITE_NS) add("slow_disk", "warn");
  if (state.pointsLimit && state.pointsEver > NEAR * state.pointsLimit) add("points_limit", "warn");
  if (state.connectionsLimit && state.connections > NEAR * state.connectionsLimit)
    add("connections_limit", "warn");
  if (state.memoryLimit && state.memoryHeld > NEAR * state.memoryLimit) add("memory_limit", "warn");
  if (before && state.refused > before.refused) add("refusing", "warn");
  if (before && state.dropped > before.dropped) add("dropping", "warn");
  return issues;
}
