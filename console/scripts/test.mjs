// Types, formatting, and the tests of test/: made into plain JavaScript first, so that any Node.js from 18.20 on
// runs them. Usage: node scripts/test.mjs [name of a test ...]
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const console_ = fileURLToPath(new URL("..", import.meta.url));
const out = fileURLToPath(new URL("../../build/console/test", import.meta.url));

function run(...words) {
  const { status } = spawnSync(process.execPath, words, { cwd: console_, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const wanted = process.argv.slice(2);
const names = readdirSync(`${console_}/test`)
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => file.replace(/\.ts$/, ""))
  .filter((name) => !wanted.length || wanted.some((word) => name.startsWith(word)));
if (!names.length) throw new Error("no test of that name");

run("node_modules/typescript/bin/tsc", "--noEmit");
run("node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", ".");
await build({
  entryPoints: names.map((name) => `${console_}/test/${name}.ts`),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
  logLevel: "warning",
});
run("--enable-source-maps", "--test", ...names.map((name) => `${out}/${name}.mjs`));
