/** A name that somebody chose: it stands apart from what is around it, and hides nothing. */
import { seenName } from "../names";

export function Name({ text, class: style }: { text: string; class?: string }) {
  return <bdi class={`chosen-name ${style ?? ""}`}>{seenName(text)}</bdi>;
}
