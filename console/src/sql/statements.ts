/** Statements that were run in this browser, newest first; and some to begin with. */
import { recall, remember } from "../store";

const KEY = "sql";
const MOST = 100;
const LENGTH_MAX = 20_000;

export function statementsBefore(): string[] {
  try {
    const list = JSON.parse(recall(KEY) ?? "[]") as unknown;
    return Array.isArray(list) ? list.filter((one): one is string => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export function noteStatement(sql: string): string[] {
  const kept = sql.trim();
  if (!kept || kept.length > LENGTH_MAX) return statementsBefore();
  const list = [kept, ...statementsBefore().filter((one) => one !== kept)].slice(0, MOST);
  remember(KEY, JSON.stringify(list));
  return list;
}

export const EXAMPLES = [
  {
    name: "now",
    sql: "select path, value, unit, quality, time_text(time) as at\nfrom live join points using (point, path)\norder by path\nlimit 100",
  },
  {
    name: "hour",
    sql: "select time_text(time) as at, path, mean\nfrom buckets('#', 'now-1h', 'now', '1m')\norder by time\nlimit 10000",
  },
  {
    name: "day",
    sql: "select path, sum(count) as samples, min(min) as least, avg(mean) as mean, max(max) as greatest\nfrom buckets('#', 'now-1d', 'now', '1h')\ngroup by path\norder by greatest desc\nlimit 100",
  },
  {
    name: "high",
    sql: "select path, value, limit_state, time_text(time) as since\nfrom live\nwhere limit_state in ('high', 'high_high', 'low', 'low_low')\norder by time desc",
  },
  {
    name: "silent",
    sql: "select path, time_text(time) as last\nfrom live\nwhere time < time_ns('now-1h')\norder by time\nlimit 200",
  },
  {
    name: "bad",
    sql: "select path, quality, count(*) as samples, time_text(max(time)) as last\nfrom samples\nwhere time >= time_ns('now-1d') and quality not glob 'good*'\ngroup by path, quality\norder by samples desc",
  },
  {
    name: "units",
    sql: "select unit, type, count(*) as points\nfrom points\ngroup by unit, type\norder by points desc",
  },
  {
    name: "late",
    sql: "select path, max(lateness) as latest_s, count(*) as samples\nfrom samples\nwhere time >= time_ns('now-1h')\ngroup by path\nhaving latest_s > 0\norder by latest_s desc\nlimit 50",
  },
] as const;
