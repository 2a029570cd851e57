/** Files that the server makes, or that are made here, given to the browser to keep. */
import { Problem, problemOf } from "./http";
import { serverAnswered, serverSilent } from "./presence";

/** Gives the browser a file that was made here. */
export function saveFile(name: string, parts: BlobPart[], media: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: media }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The whole answer, as it comes; onBytes says how much is here. Rejects with a Problem. */
export async function fetchParts(
  address: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  try {
    const answer = await fetch(address, { signal, credentials: "same-origin", cache: "no-store" });
    serverAnswered();
    if (!answer.ok || !answer.body) throw await problemOf(answer);
    const reader = answer.body.getReader();
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return parts;
      parts.push(value);
      bytes += value.length;
      onBytes(bytes);
    }
  } catch (error) {
    if (signal.aborted || error instanceof Problem) throw error;
    serverSilent();
    throw new Problem(0, "away", "", "");
  }
}
