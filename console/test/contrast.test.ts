/** Colours against WCAG 2.2 AA: 4.5 for text, 3 for what outlines a control (1.4.3, 1.4.11). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const tokens = new Map<string, [string, string]>();
for (const match of readFileSync("src/style/tokens.css", "utf8").matchAll(
  /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g,
))
  tokens.set(match[1] as string, [match[2] as string, match[3] as string]);

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const PRIORITIES = Array.from({ length: 5 }, (_, at) => `priority-${at + 1}`);
const TEXT: [string, string[]][] = [
  ["text", ["bg", "surface", "surface-2", "accent-weak", "good-weak", "warn-weak", "bad-weak"]],
  ["text-2", ["bg", "surface", "surface-2", "good-weak", "warn-weak", "bad-weak"]],
  ["text-3", ["bg", "surface", "surface-2", "accent-weak"]],
  ["accent", ["bg", "surface", "surface-2", "accent-weak"]],
  ["on-accent", ["accent"]],
  ["good", ["surface", "good-weak"]],
  ["warn", ["bg", "surface", "accent-weak", "surface-2", "warn-weak"]],
  ["bad", ["bg", "surface", "accent-weak", "surface-2", "bad-weak"]],
  ["info", ["surface", "info-weak"]],
  ["surface", ["text", "bad", ...PRIORITIES]],
  ...PRIORITIES.map((priority): [string, string[]] => [priority, ["surface", "surface-2"]]),
];
const LINES = Array.from({ length: 8 }, (_, place) => `line-${place}`);
const OUTLINES: [string, string[]][] = [
  ...LINES.map((line): [string, string[]] => [line, ["surface"]]),
  ["border-strong", ["bg", "surface"]],
  ["accent", ["bg", "surface", "surface-2"]],
  ["warn", ["surface"]],
  ["bad", ["surface"]],
];

function check(pairs: [string, string[]][], least: number): void {
  for (const [front, backs] of pairs)
    for (const back of backs)
      for (const side of [0, 1] as const) {
        const [a, b] = [tokens.get(front), tokens.get(back)];
        assert.ok(a && b, `${front} on ${back}: no such token`);
        const found = contrast(a[side], b[side]);
        const where = `${front} on ${back}, ${side ? "dark" : "light"}: ${found.toFixed(2)}`;
        assert.ok(found >= least, `${where}, ${least} is wanted`);
      }
}

test("the measure itself", () => {
  assert.equal(contrast("#000000", "#ffffff").toFixed(1), "21.0");
  assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
});
test("text can be read in both themes", () => check(TEXT, 4.5));
test("controls can be seen in both themes", () => check(OUTLINES, 3));

/** Sight without one kind of cones, after Machado, Oliveira, Fernandes 2009; distances in OKLab. */
const SIGHTS: Record<string, number[][]> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seen(hex: string, sight: number[][]): number[] {
  const light = [1, 3, 5].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const product = (row: number[], of: number[]) =>
    row.reduce((sum, factor, at) => sum + factor * (of[at] as number), 0);
  const left = sight.map((row) => Math.min(1, Math.max(0, product(row, light))));
  const cones = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
  ].map((row) => Math.cbrt(product(row, left)));
  return [
    [0.2104542553, 0.793617785, -0.0040720468],
    [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766],
  ].map((row) => product(row, cones));
}

test("lines of a trend are told apart by whoever sees fewer colours", () => {
  for (const [name, sight] of Object.entries(SIGHTS))
    for (const side of [0, 1] as const)
      for (const one of LINES)
        for (const other of LINES) {
          if (one >= other) continue;
          const [a, b] = [one, other].map((line) => seen(tokens.get(line)?.[side] ?? "", sight));
          const apart = Math.hypot(...(a ?? []).map((part, at) => part - (b?.[at] ?? 0)));
          assert.ok(apart > 0.07, `${one} and ${other}, ${name}, side ${side}: ${apart}`);
        }
});
