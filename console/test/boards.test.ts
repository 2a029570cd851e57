/** Boards: where widgets stand, and what they are made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bottomOf, change, COLUMNS, fit, overlap, settle, type Box } from "../src/boards/layout";
import {
  bytesOf,
  endsOf,
  KINDS,
  nameFor,
  namesApart,
  readWidgets,
  shareOf,
  stretchesOf,
  WIDGETS_MAX,
  widgetNew,
  type Widget,
} from "../src/boards/widgets";

const box = (id: string, x: number, y: number, w: number, h: number): Box => ({ id, x, y, w, h });
const places = (boxes: Box[]) => boxes.map(({ id, x, y }) => `${id} ${x},${y}`).join(" ");

test("a box is within the grid", () => {
  assert.deepEqual(fit(box("a", 11, -3, 6, 0)), box("a", 6, 0, 6, 1));
  assert.deepEqual(fit(box("a", -1, 2, 99, 2)), box("a", 0, 2, COLUMNS, 2));
});

test("boxes float up and stay apart", () => {
  const settled = settle([box("a", 0, 5, 6, 2), box("b", 3, 5, 6, 2), box("c", 9, 9, 3, 1)]);
  assert.equal(places(settled), "a 0,0 b 3,2 c 9,0");
});

test("what is moved keeps its place, the others make room", () => {
  const boxes = [box("a", 0, 0, 6, 2), box("b", 6, 0, 6, 2), box("c", 0, 2, 12, 1)];
  assert.equal(places(change(boxes, "b", { x: 0, y: 0 })), "a 0,2 b 0,0 c 0,4");
  assert.equal(places(change(boxes, "a", { h: 4 })), "a 0,0 b 6,0 c 0,4");
});

test("whatever is done, none stands over another and none leaves the grid", () => {
  let seed = 7;
  const random = (most: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % most;
  };
  let boxes = Array.from({ length: 12 }, (_, i) => box(`w${i}`, random(12), random(9), 3, 2));
  boxes = settle(boxes);
  for (let i = 0; i < 500; i++) {
    const id = `w${random(12)}`;
    const part = random(2)
      ? { x: random(14) - 1, y: random(20) - 1 }
      : { w: random(14), h: random(6) };
    boxes = change(boxes, id, part);
    for (const a of boxes) {
      assert.ok(a.x >= 0 && a.x + a.w <= COLUMNS && a.y >= 0 && a.w >= 1 && a.h >= 1);
      for (const b of boxes) assert.ok(!overlap(a, b), `${a.id} over ${b.id} after ${i}`);
    }
  }
  assert.ok(bottomOf(boxes) > 0);
});

test("a board is read with care", () => {
  const read = readWidgets([
    { kind: "line", id: "a", paths: ["x/y", 7], x: 0, y: 0, w: 99, h: 2, minutes: 5 },
    { kind: "number", id: "a", x: "no" },
    { kind: "script", id: "b" },
    "nonsense",
    null,
    { kind: "text", text: "hello", least: "7" },
  ]);
  assert.deepEqual(
    read.map(({ id, kind }) => `${id} ${kind}`),
    ["a line", "a-1 number", "a5 text"],
  );
  assert.deepEqual(read[0]?.paths, ["x/y"]);
  assert.equal(read[0]?.w, COLUMNS);
  assert.equal(read[2]?.least, undefined);
  assert.deepEqual(readWidgets({ not: "a list" }), []);
  const many = Array.from({ length: 99 }, () => ({ kind: "text" }));
  assert.equal(readWidgets(many).length, WIDGETS_MAX);
});

test("what was written is read again", () => {
  let widgets: Widget[] = [];
  for (const kind of KINDS) widgets = settle([...widgets, widgetNew(kind, widgets)]);
  assert.deepEqual(readWidgets(JSON.parse(JSON.stringify(widgets))), widgets);
  assert.ok(bytesOf({ title: "泵", widgets }) < 10 * 1024);
});

test("names of boards", () => {
  assert.equal(nameFor("  Pump house #2 / north "), "pump-house-2-north");
  assert.equal(nameFor("泵房 看板"), "泵房-看板");
  assert.equal(nameFor("///"), "");
});

test("ends of gauges and bars", () => {
  assert.deepEqual(endsOf([3, 42]), [0, 50]);
  assert.deepEqual(endsOf([-4, 0.3]), [-4, 0.5]);
  assert.deepEqual(endsOf([], 5), [5, 6]);
  assert.deepEqual(endsOf([7], 0, 10), [0, 10]);
  assert.equal(shareOf(5, 0, 10), 0.5);
  assert.equal(shareOf(99, 0, 10), 1);
  assert.equal(shareOf(1, 3, 3), 0);
});

test("paths are named by what tells them apart", () => {
  assert.deepEqual(namesApart(["a/p-1/flow", "a/p-2/flow"]), ["p-1", "p-2"]);
  assert.deepEqual(namesApart(["a/p-1/flow", "a/p-1/speed"]), ["flow", "speed"]);
  assert.deepEqual(namesApart(["a/b/flow"]), ["flow"]);
  assert.deepEqual(namesApart(["a", "a/b"]), ["a", "a/b"]);
  assert.deepEqual(namesApart(["x/a/f", "y/b/g"]), ["x/a/f", "y/b/g"]);
  assert.deepEqual(namesApart([]), []);
});

test("states are stretches", () => {
  assert.deepEqual(stretchesOf([10, 20, 30], ["on", "on", "off"], "off", 0, 40), [
    { from: 0, to: 10, text: "off" },
    { from: 10, to: 30, text: "on" },
    { from: 30, to: 40, text: "off" },
  ]);
  assert.deepEqual(stretchesOf([], [], null, 0, 40), []);
  assert.deepEqual(stretchesOf([10], [true], null, 0, 40), [{ from: 10, to: 40, text: "true" }]);
});
