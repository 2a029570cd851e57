/** Names, kinds and snippets of documents. Pure. */

/** What the server takes, by the end of a file's name. */
const MEDIA: Record<string, string> = {
  pdf: "application/pdf",
  md: "text/markdown",
  markdown: "text/markdown",
  txt: "text/plain",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  svg: "image/svg+xml",
};
export const ACCEPT = Object.keys(MEDIA)
  .map((end) => `.${end}`)
  .join(",");

export function mediaOf(file: { name: string; type: string }): string | undefined {
  const end = /\.([a-z]+)$/i.exec(file.name)?.[1]?.toLowerCase() ?? "";
  const known = MEDIA[end];
  if (known) return known;
  return Object.values(MEDIA).find((media) => media === file.type.split(";")[0]);
}

/** A name from a file's: without what would be a path or a pattern. */
export const nameOf = (file: string): string =>
  file
    .normalize("NFC")
    .replace(/[/\\#+?*\p{Cc}]+/gu, "-")
    .trim()
    .slice(0, 120);

export const titleOf = (file: string): string =>
  file
    .normalize("NFC")
    .replace(/\.[a-z]{2,8}$/i, "")
    .replace(/[_-]+/g, " ")
    .trim();

/** Shown in this page; the rest is opened by the browser. */
export const isText = (media: string): boolean => media.startsWith("text/");

/** What was found stands between « and ». */
export function snippetParts(snippet: string): { text: string; found: boolean }[] {
  return snippet
    .split(/(«[^»]*»)/)
    .filter((text) => text !== "")
    .map((text) =>
      /^«[^»]*»$/.test(text) ? { text: text.slice(1, -1), found: true } : { text, found: false },
    );
}

/** type:pump -> the page of it. */
export function attachedOf(word: string): { kind: string; name: string } {
  const colon = word.indexOf(":");
  return colon < 0
    ? { kind: "", name: word }
    : { kind: word.slice(0, colon), name: word.slice(colon + 1) };
}

export const ATTACH_KINDS = ["asset", "type", "rule", "branch"] as const;
