/** What an entry of the audit says, as a sentence. */
import type { AuditEntry } from "../api/audit";
import { tenantsKeyIfKnown, tq } from "../i18n/tenants";

/** "person/ann" is the user ann; whatever else is itself. */
function objectWords(object: string): string {
  const slash = object.indexOf("/");
  const kind = object.slice(0, Math.max(0, slash));
  const key = tenantsKeyIfKnown(`audit.kind.${kind}`);
  return key ? tq(key, { name: object.slice(slash + 1) }) : object;
}

function actorWords({ actor, door }: AuditEntry): string {
  if (actor) return actor;
  if (door === "server") return tq("audit.server");
  return tq(door === "control" ? "audit.owner" : "audit.nobody");
}

/** Of secrets the detail says which. */
function secretKey({ action, detail }: AuditEntry) {
  const kind = detail.split(",")[0] ?? "";
  if (action === "secret.add") return tenantsKeyIfKnown(`audit.secret.${kind}`);
  return action === "secret.remove" && kind === "session" ? "audit.secret.session.end" : undefined;
}

export function sentenceOf(entry: AuditEntry): string {
  const { action, object, outcome } = entry;
  const words = { who: actorWords(entry), what: objectWords(object), action };
  const failed = action === "login" && outcome !== "done";
  const loginFailed = object ? "audit.do.login_failed" : "audit.do.login_failed_unknown";
  const deed = action.replaceAll(".", "_");
  const key =
    secretKey(entry) ?? (failed ? loginFailed : undefined) ?? tenantsKeyIfKnown(`audit.do.${deed}`);
  return tq(key ?? "audit.do.other", words);
}

export function outcomeWords(outcome: string): string {
  const key = tenantsKeyIfKnown(`audit.outcome.${outcome}`);
  return key ? tq(key) : outcome.replaceAll("_", " ");
}
