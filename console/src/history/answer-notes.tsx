/** What an answer lacks, and what it took. */
import { formatBytes, formatCount, formatTime } from "../format";
import { th } from "../i18n/history";
import { Icon } from "../ui/icon";
import type { Cost, Missing } from "./types";

function missingText({ file, why, first, last }: Missing): string {
  const where = file ?? th("missing.somewhere");
  const when = first && last ? `${formatTime(first)} - ${formatTime(last)}` : "";
  return [where, when, why].filter(Boolean).join(", ");
}

/** What the answer lacks is said where it is looked at. */
export function MissingNote({ missing }: { missing: Missing[] }) {
  if (missing.length === 0) return null;
  return (
    <div class="note note-warn" role="alert">
      <Icon name="warn" />
      <span>
        <strong>{th("missing.title")}</strong> {missing.slice(0, 3).map(missingText).join("; ")}
        {missing.length > 3 && ` ${th("missing.more", { count: missing.length - 3 })}`}
      </span>
    </div>
  );
}

export function CostNote({ cost }: { cost: Cost | undefined }) {
  if (!cost) return null;
  const title = th("cost.title", {
    points: formatCount(cost.points),
    chunks: formatCount(cost.chunks),
    summaries: formatCount(cost.summaries),
    bytes: formatBytes(cost.bytes),
  });
  const ms = cost.ms < 10 ? cost.ms.toFixed(1) : formatCount(Math.round(cost.ms));
  return (
    <span class="cost" title={title}>
      {th("cost.text", { samples: formatCount(cost.samples), ms })}
    </span>
  );
}
