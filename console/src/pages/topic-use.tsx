/** What becomes of a topic, as it is shown in lists. */
import type { TopicUse } from "../api/types";
import { keyIfKnown, t } from "../i18n";
import { serverText, topicUses } from "../i18n/server-zh";
import { Badge } from "../ui/parts";

/** Why a topic gives no readings. */
export function whyOf({ use, why }: TopicUse): string | null {
  return why && serverText(topicUses, use, why);
}

export function Use({ use }: { use: TopicUse }) {
  const key = keyIfKnown(`topics.use.${use.use}`);
  const look = use.reading ? "good" : use.use === "refused" ? "warn" : "plain";
  const icon = use.reading ? "check" : use.use === "refused" ? "refused" : "retained";
  return (
    <Badge tone={look} icon={icon} title={whyOf(use) ?? ""}>
      {key ? t(key) : use.use}
    </Badge>
  );
}
