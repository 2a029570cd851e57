/** The land of the map: rings over longitude 180 and around a pole, lakes, and the whole world as it is packed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { landOf, polygonOf, unwrapRing, type Position, type Topology } from "../src/map/land";

const area = (ring: Position[]) =>
  ring.slice(1).reduce((sum, [x, y], i) => {
    const [beforeX, beforeY] = ring[i] as Position;
    return sum + (beforeX * y - x * beforeY) / 2;
  }, 0);

test("a ring over longitude 180 goes on", () => {
  const island: Position[] = [
    [179, -17],
    [179, -16],
    [-180, -16],
    [-179, -17],
    [179, -17],
  ];
  assert.deepEqual(unwrapRing(island), [
    [179, -17],
    [179, -16],
    [180, -16],
    [181, -17],
    [179, -17],
  ]);
});

test("a ring that stays on one side is left alone, whole world wide or not", () => {
  const wide: Position[] = [
    [-180, 0],
    [0, 0],
    [180, 0],
    [0, 50],
    [-180, 0],
  ];
  assert.deepEqual(unwrapRing(wide), wide);
  assert.deepEqual(unwrapRing([]), []);
});

test("a ring around a pole is closed along it", () => {
  const around = (latitude: number): Position[] => [
    [-180, latitude],
    [-60, latitude],
    [60, latitude],
    [170, latitude],
    [-180, latitude],
  ];
  assert.deepEqual(unwrapRing(around(-70)).slice(3), [
    [170, -70],
    [180, -70],
    [180, -90],
    [-180, -90],
    [-180, -70],
  ]);
  const westward = unwrapRing(around(70).reverse());
  assert.deepEqual(westward.slice(-4), [
    [-540, 70],
    [-540, 90],
    [-180, 90],
    [-180, 70],
  ]);
});

test("an outer ring is at home against the clock, its lakes on its side with it", () => {
  // Begins east of 180, so that the land is a whole turn from where its lake is written.
  const outer: Position[] = [
    [-170, 60],
    [179, 50],
    [20, 50],
    [20, 70],
    [179, 70],
    [-170, 60],
  ];
  const lake: Position[] = [
    [50, 55],
    [60, 55],
    [60, 60],
    [50, 55],
  ];
  const lakeBeyond: Position[] = [
    [-178, 59],
    [-177, 60],
    [-178, 60],
    [-178, 59],
  ];
  const [land, first, second] = polygonOf([outer, lake, lakeBeyond]) as [
    Position[],
    Position[],
    Position[],
  ];
  assert.ok(area(land) > 0 && area(first) < 0 && area(second) < 0);
  assert.deepEqual(
    [Math.min(...land.map(([x]) => x)), Math.max(...land.map(([x]) => x))],
    [20, 190],
  );
  assert.equal(Math.min(...first.map(([x]) => x)), 50);
  assert.equal(Math.min(...second.map(([x]) => x)), 182);
});

test("the world: no ring jumps, every ring is closed and turns as it must", () => {
  const text = readFileSync("node_modules/world-atlas/land-110m.json", "utf8");
  const { geometry } = landOf(JSON.parse(text) as Topology);
  assert.equal(geometry.type, "MultiPolygon");
  const polygons = geometry.coordinates as Position[][][];
  assert.ok(polygons.length > 100);
  let poles = 0;
  for (const rings of polygons)
    rings.forEach((ring, at) => {
      assert.deepEqual(ring[0], ring[ring.length - 1]);
      assert.equal(area(ring) > 0, at === 0);
      const atPole = ring.filter(([, y]) => y === -90).length;
      poles += atPole;
      ring.slice(1).forEach(([x, y], i) => {
        const [beforeX, beforeY] = ring[i] as Position;
        assert.ok(Math.abs(x - beforeX) <= 180 || (y === -90 && beforeY === -90));
      });
      assert.ok(ring.every(([x]) => x >= -360 && x <= 360));
    });
  assert.equal(poles, 2, "Antarctica");
});
