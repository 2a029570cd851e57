// Turns the built console into one C file: each file as it is and compressed, brought in by the assembler's
// .incbin, so that it compiles at once whatever its size. src/web/files.h has the other half.
// Usage: node embed.mjs DIST FILES_C
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const MEDIA = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const [dist, target] = process.argv.slice(2).map((path) => resolve(path));

function filesIn(folder, below = "") {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = `${below}/${entry.name}`;
    return entry.isDirectory() ? filesIn(folder, path) : [path];
  });
}

function describe(path, index) {
  const plain = readFileSync(join(dist, path));
  const media = MEDIA[extname(path)];
  if (!media)
    throw new Error(`${path}: no media type is known for it; see console/scripts/embed.mjs`);
  const gzip = gzipSync(plain, { level: 9 });
  gzip[9] = 255; // the system it was made on: unknown, so that it is the same everywhere
  const compressed = join(packed, `${index}.gz`);
  writeFileSync(compressed, gzip);
  return {
    path: path === "/index.html" ? "/" : path,
    media,
    plain: { file: join(dist, path), size: plain.length },
    gzip: { file: compressed, size: gzip.length },
    etag: createHash("sha256").update(plain).digest("hex").slice(0, 32),
    hashed: path.startsWith("/assets/"),
  };
}

const include = (name, part) => `__asm__(".section .rodata\\n.balign 16\\n"
        ".local ${name}\\n${name}:\\n.incbin \\"${part.file}\\"\\n.byte 0\\n.previous\\n");
extern const uint8_t ${name}[] __attribute__((visibility("hidden")));`;

const entry = (file, index) => `    {.path = "${file.path}",
     .media = "${file.media}",
     .plain = {console_plain_${index}, ${file.plain.size}},
     .gzip = {console_gzip_${index}, ${file.gzip.size}},
     .etag = "\\"${file.etag}\\"",
     .hashed = ${file.hashed}},`;

const packed = join(dist, "../packed");
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed, { recursive: true });
const files = filesIn(dist).sort().map(describe);
writeFileSync(
  target,
  `/* Made by console/scripts/embed.mjs; see src/web/files.h. */
#include "web/files.h"

${files.map((file, i) => [include(`console_plain_${i}`, file.plain), include(`console_gzip_${i}`, file.gzip)].join("\n")).join("\n")}

const struct web_file web_files[] = {
${files.map(entry).join("\n")}
};
const size_t web_file_count = sizeof web_files / sizeof *web_files;
`,
);
