/** Colours of the page as a canvas needs them: light-dark() is resolved where it is used, so an element is asked. */
export const LINE_COLORS = 8;
/** Past the eighth point colours come again, with another pattern. */
const PATTERNS: number[][] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [14, 4]];

export interface Palette {
  color(name: string): string;
}

export function paletteOf(box: HTMLElement): Palette {
  const known = new Map<string, string>();
  const probe = document.createElement("i");
  probe.hidden = true;
  box.append(probe);
  return {
    color(name) {
      const found = known.get(name);
      if (found) return found;
      probe.style.color = `var(${name})`;
      const color = getComputedStyle(probe).color;
      known.set(name, color);
      return color;
    },
  };
}

export const lineColor = (place: number): string => `--line-${place % LINE_COLORS}`;
export const linePattern = (place: number): number[] =>
  PATTERNS[Math.floor(place / LINE_COLORS) % PATTERNS.length] as number[];

/** The same text has the same colour wherever it comes; what is false is quiet. */
export function stateColor(text: string): string {
  if (text === "false") return "--border-strong";
  if (text === "true") return "--line-0";
  let hash = 0;
  for (const letter of text) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return `--line-${hash % LINE_COLORS}`;
}
