/** What the build makes: the same twice, small, and nothing that the content security policy would stop. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

const FIRST_PAINT_MAX = 150 * 1024;
const folders: string[] = [];
let built: Map<string, string>[] = [];

function build(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "mainstem-console-"));
  folders.push(folder);
  execFileSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], {
    env: { ...process.env, MAINSTEM_CONSOLE_OUT: folder },
  });
  const assets = readdirSync(join(folder, "assets")).map((name) => `assets/${name}`);
  const names = [...readdirSync(folder).filter((name) => name !== "assets"), ...assets].sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

before(() => {
  built = [build(), build()];
});
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const page = (): string => built[0]?.get("index.html") ?? "";

test("twice the same files with the same names", () => {
  assert.deepEqual([...(built[0] ?? [])], [...(built[1] ?? [])]);
});

test("every asset is named after its content", () => {
  for (const name of built[0]?.keys() ?? [])
    assert.match(name, /^(index\.html|assets\/[\w-]+-[\w-]{8}\.(js|css|svg))$/);
});

test("nothing inline, nothing from elsewhere", () => {
  assert.ok(page().includes("<script"));
  assert.doesNotMatch(page(), /<style|style=|<script(?![^>]*\ssrc=)|\son\w+=|https?:\/\//);
});

test("what the first paint needs is small", () => {
  const needed = [...page().matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
  assert.ok(needed.length >= 4, "script, theme, style and mark");
  const parts = ["index.html", ...needed].map((name) => built[0]?.get(name as string));
  assert.ok(parts.every((part) => part !== undefined));
  const size = parts.reduce((sum, part) => sum + gzipSync(part as string).length, 0);
  assert.ok(size <= FIRST_PAINT_MAX, `${size} bytes, at most ${FIRST_PAINT_MAX} are wanted`);
});
