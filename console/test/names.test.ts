/** Names that people chose: none hides anything, none moves what stands beside it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nameInText, namesInText, seenName } from "../src/names";

test("ordinary names stay as they are", () => {
  for (const name of [
    "ann",
    "Bo Chen",
    "陈 博",
    "Zo\u00eb",
    "O'Neil",
    "\u0645\u0631\u06cc\u0645",
    "a\u3000b",
  ])
    assert.equal(seenName(name), name);
  assert.equal(seenName("\u0645\u06cc\u200c\u062e"), "\u0645\u06cc\u200c\u062e");
  assert.equal(seenName("\u{1f469}\u200d\u{1f52c}"), "\u{1f469}\u200d\u{1f52c}");
});

test("what would not be seen is written out", () => {
  for (const mark of [
    "\u200b",
    "\u200d",
    "\u200e",
    "\u202e",
    "\u2066",
    "\u2069",
    "\u00ad",
    "\ufeff",
    "\u3164",
    "\u00a0",
    "\u0007",
    "\u2028",
  ]) {
    const code = (mark.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
    assert.equal(seenName(`ann${mark}`), `ann\u27e8U+${code}\u27e9`);
  }
  assert.notEqual(seenName("ann\u{e0041}"), seenName("ann"));
});

test("in a sentence a name from right to left is set apart, others are not", () => {
  assert.equal(nameInText("ann"), "ann");
  assert.equal(nameInText("\u05d0"), "\u2068\u05d0\u2069");
  assert.deepEqual(namesInText({ name: "a\u202eb", n: 3 }), { name: "a\u27e8U+202E\u27e9b", n: 3 });
});
