/** What is drawn, told by a canvas that only writes down what it was told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawFaults, drawLine, drawStates, type Area, type LineLook } from "../src/history/draw";
import { trackOf, type Track } from "../src/history/track";

type Box = [number, number, number, number];

function paper() {
  const boxes: Box[] = [];
  const moves: [number, number][] = [];
  const corners: [number, number][] = [];
  const texts: string[] = [];
  const context = {
    fillRect: (...box: Box) => boxes.push(box),
    moveTo: (x: number, y: number) => moves.push([x, y]),
    lineTo: (x: number, y: number) => corners.push([x, y]),
    fillText: (text: string) => texts.push(text),
    measureText: (text: string) => ({ width: text.length * 7 }),
  };
  const quiet = new Proxy(context, {
    get: (target, name) => target[name as keyof typeof target] ?? (() => undefined),
    set: () => true,
  });
  return { boxes, moves, corners, texts, ctx: quiet as unknown as CanvasRenderingContext2D };
}

const AREA: Area = { left: 0, top: 0, width: 100, height: 100, from: 0, to: 1000, ratio: 1 };
const LOOK: LineLook = {
  color: "blue",
  fill: null,
  pattern: [],
  join: false,
  crowded: false,
  end: 1000,
};
const palette = { color: (name: string) => name };
const place = (value: number) => 100 - value;

function track(type: string, samples: [number, number | string | null, string?][]): Track {
  return trackOf(
    {
      path: "a",
      point: 1,
      type,
      unit: "",
      times: samples.map(([time]) => time),
      values: samples.map(([, value]) => value),
      qualities: samples.map(([, , quality]) => quality ?? null),
      samples: samples.length,
      exact: true,
    },
    undefined,
    10,
  );
}
const every = (ms: number, value: (time: number) => number, skip?: [number, number]) => {
  const samples: [number, number][] = [];
  for (let time = 0; time < 1000; time += ms)
    if (!skip || time < skip[0] || time >= skip[1]) samples.push([time, value(time)]);
  return samples;
};

test("a line is whole where samples come, and broken where they stopped", () => {
  const whole = paper();
  drawLine(
    whole.ctx,
    AREA,
    track(
      "float64",
      every(10, () => 50),
    ),
    place,
    LOOK,
  );
  assert.equal(whole.moves.length, 1);
  assert.equal(whole.corners.length, 99);
  const broken = paper();
  const gapped = track("float64", every(10, () => 50, [300, 600])); // prettier-ignore
  drawLine(broken.ctx, AREA, gapped, place, LOOK);
  assert.deepEqual(broken.moves, [
    [0, 50],
    [60, 50],
  ]);
  const joined = paper();
  drawLine(joined.ctx, AREA, gapped, place, { ...LOOK, join: true });
  assert.equal(joined.moves.length, 1);
});

test("a sample without a value breaks the line, joined or not", () => {
  const { ctx, moves } = paper();
  const line = track("float64", [[0, 1], [100, 1], [200, null, "bad"], [300, 1], [400, 1]]); // prettier-ignore
  drawLine(ctx, AREA, line, place, { ...LOOK, join: true });
  const begins = moves.filter(([x]) => x === 0 || x === 30);
  assert.equal(begins.length >= 2, true);
});

test("a step holds until the next one, and the last until now", () => {
  const { ctx, moves, corners } = paper();
  const step = track("int64", [
    [100, 10],
    [500, 20],
  ]);
  drawLine(ctx, AREA, step, place, { ...LOOK, end: 800 });
  assert.deepEqual(moves[0], [10, 90]);
  assert.deepEqual(corners, [
    [50, 90],
    [50, 80],
    [80, 80],
  ]);
});

test("a dense line in a crowd covers every sample, column by column, without a hole", () => {
  const { ctx, boxes, corners } = paper();
  const samples = every(1, (time) => 50 + 40 * Math.sin(time / 20) + (time % 7));
  drawLine(ctx, AREA, track("float64", samples), place, { ...LOOK, crowded: true });
  assert.equal(corners.length, 0);
  for (const [time, value] of samples) {
    const x = Math.floor(time / 10);
    const y = place(value);
    const covered = boxes.some(
      ([left, top, width, height]) =>
        x >= left && x < left + width && y >= top - 1 && y <= top + height + 1,
    );
    assert.ok(covered, `${time}: ${y} in column ${x}`);
  }
  const columns = [...new Set(boxes.map(([x]) => x))].sort((a, b) => a - b);
  assert.deepEqual(
    columns,
    Array.from({ length: 100 }, (_, x) => x),
  );
  for (const [x, y, width, height] of boxes)
    assert.ok(Number.isInteger(x) && Number.isInteger(y) && width >= 1 && height >= 1);
});

test("a dense line has its gaps", () => {
  const { ctx, boxes } = paper();
  const samples = every(1, (time) => time % 50, [400, 600]);
  drawLine(ctx, AREA, track("float64", samples), place, { ...LOOK, crowded: true });
  assert.ok(boxes.every(([x]) => x < 41 || x >= 60));
});

test("states are boxes with their texts, where there is room", () => {
  const { ctx, boxes, texts } = paper();
  const mode = track("string", [[0, "running"], [700, "idle"], [950, "setup"]]); // prettier-ignore
  drawStates(ctx, AREA, mode, 1000, palette, null);
  const wide = boxes.filter(([, , width]) => width > 2).map(([x, , width]) => [x, width]);
  assert.deepEqual(wide, [
    [0, 70],
    [70, 25],
    [95, 5],
  ]);
  assert.equal(texts[0], "running");
  assert.ok(!texts.includes("setup"));
});

test("stretches that are not good are marked as wide as they are, and never too narrow to see", () => {
  const { ctx, boxes } = paper();
  const line = track("float64", [
    [0, 1],
    [200, 1, "uncertain"],
    [400, 1],
    [500, null, "bad"],
    [501, 1],
  ]);
  drawFaults(ctx, AREA, line, 1000, palette);
  assert.ok(boxes.some(([x, , width]) => x === 20 && width === 20));
  assert.ok(boxes.some(([x, , width]) => x === 50 && width === 2));
});
