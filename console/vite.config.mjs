// One page, one script, one style sheet, each named after the hash of its content; nothing inline, so that
// the server's strict content security policy holds.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The choice of theme has to stand before anything is painted: a script of its own, not a module. */
function themeFirst() {
  const source = readFileSync(fileOf("src/theme-first.js"), "utf8");
  const hash = createHash("sha256").update(source).digest("base64url").slice(0, 8);
  const fileName = `assets/theme-${hash}.js`;
  return {
    name: "theme-first",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source });
    },
    transformIndexHtml: () => [
      { tag: "script", attrs: { src: `/${fileName}` }, injectTo: "head-prepend" },
    ],
  };
}

const server = process.env.MAINSTEM_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: fileOf("."),
  base: "/",
  plugins: [themeFirst()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  server: { proxy: { "/v1": { target: server, ws: true }, "/docs": server } },
  build: {
    outDir: process.env.MAINSTEM_CONSOLE_OUT ?? fileOf("../build/console/dist"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // MapLibre is one file, which only the map loads.
    chunkSizeWarningLimit: 1100,
  },
});
