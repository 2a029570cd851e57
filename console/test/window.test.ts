/** Which rows are drawn, and where: held against what the eye would see. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HEIGHT_MAX, ROWS_MAX, scrollFor, windowOf } from "../src/ui/window";

test("a short list is drawn whole", () => {
  const shown = windowOf(5, 30, 600, 0, 8);
  assert.deepEqual(shown, { height: 150, first: 0, last: 5, top: 0, from: 0, to: 5 });
});

test("an empty list", () => {
  const shown = windowOf(0, 30, 600, 0, 8);
  assert.equal(shown.height, 0);
  assert.equal(shown.last, 0);
});

test("rows around what can be seen, at their places", () => {
  const shown = windowOf(1000, 30, 600, 3000, 8);
  assert.equal(shown.from, 100);
  assert.equal(shown.to, 120);
  assert.equal(shown.first, 92);
  assert.equal(shown.last, 128);
  assert.equal(shown.top, 92 * 30);
});

test("past the end the last rows are shown", () => {
  const shown = windowOf(1000, 30, 600, 1e9, 8);
  assert.equal(shown.last, 1000);
  assert.equal(shown.from, 980);
});

test("never more rows than ROWS_MAX, whatever the height of the screen", () => {
  const shown = windowOf(1e6, 2, 100_000, 50_000, 100);
  assert.equal(shown.last - shown.first, ROWS_MAX);
});

test("a million rows: the first, the last and all between can be reached", () => {
  const [count, row, viewport] = [1_000_000, 34, 800];
  const top = windowOf(count, row, viewport, 0, 8);
  assert.equal(top.height, HEIGHT_MAX);
  assert.equal(top.from, 0);
  const end = windowOf(count, row, viewport, HEIGHT_MAX - viewport, 8);
  assert.equal(end.to, count);
  for (let scroll = 0; scroll <= HEIGHT_MAX - viewport; scroll += 99_991) {
    const shown = windowOf(count, row, viewport, scroll, 8);
    // The row that begins the view stands within a row of the top of the view.
    const offset = shown.top + (shown.from - shown.first) * row - scroll;
    assert.ok(offset <= 0 && offset > -row - 1e-6, `${scroll}: ${offset}`);
    assert.ok(shown.last - shown.first <= ROWS_MAX);
  }
});

test("scrolling to a row shows it, and not further than needed", () => {
  for (const count of [1000, 1_000_000]) {
    for (const row of [0, 1, 40, 500, count - 2, count - 1]) {
      const scroll = scrollFor(row, count, 34, 800, 5000);
      const shown = windowOf(count, 34, 800, scroll, 0);
      assert.ok(shown.from <= row && row < shown.to, `${count} ${row}`);
    }
    assert.equal(scrollFor(windowOf(count, 34, 800, 5000, 0).from + 2, count, 34, 800, 5000), 5000);
  }
});
