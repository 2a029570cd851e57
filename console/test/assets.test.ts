/** Assets, types, the inbox, files of assets, documents, the map: the pure parts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Asset, AssetType, Cluster, TypeBrief } from "../src/api/assets";
import { bestOf, toggled, typeFor } from "../src/assets/chosen";
import { addAnswers, kindOf, pieceOf, rowsOf } from "../src/assets/import";
import {
  inheritedOf,
  metricEmpty,
  typeDraft,
  typeEmpty,
  typeFault,
  typesInOrder,
  typeWords,
} from "../src/assets/type-draft";
import { limitsOf } from "../src/api/limits";
import { draftEmpty, draftFaults, draftOf, limitWords, wordsOf } from "../src/assets/words";
import { inlineOf, markdownBlocks, safeAddress } from "../src/documents/markdown";
import { attachedOf, mediaOf, nameOf, snippetParts, titleOf } from "../src/documents/words";
import { boundsAsked, gridOf, gridStep } from "../src/map/land";
import { cameraAddress, cameraFor, cameraOf, inOrder, urgencyOf } from "../src/map/marks";
import { parseRoute } from "../src/router";

const asset: Asset = {
  path: "acme/pumps/p-1",
  asset: 7,
  name: "p-1",
  title: "Pump 1",
  level: null,
  type: "pump",
  branch: "plant/p-1",
  place: { longitude: 121.5, latitude: 31.2, floor: -1, plan_x: null, plan_y: null },
  version: 3,
  changed: "2026-03-01T00:00:00Z",
  attributes: [
    { name: "maker", value: "Grundfos", type: "string", unit: "", from: null },
    { name: "power", value: "4", type: "float64", unit: "kW", from: "pump" },
  ],
  metrics: [
    {
      name: "flow",
      point: "plant/p-1/flow",
      value: 3,
      quality: "good",
      time: null,
      unit: "",
      limits: {},
      limits_in_force: null,
      state: null,
      from: "pump",
    },
    {
      name: "pressure",
      point: "other/place",
      value: 1,
      quality: "good",
      time: null,
      unit: "",
      limits: {},
      limits_in_force: null,
      state: null,
      from: "pump",
    },
    {
      name: "speed",
      point: null,
      value: null,
      quality: null,
      time: null,
      unit: "",
      limits: {},
      limits_in_force: null,
      state: null,
      from: "pump",
    },
  ],
  relations: [{ name: "feeds", other: "acme/tank" }],
  related: [],
  parts: 0,
  retired: false,
};

test("limits in force are drawn whoever says them, and told with the rule that looks at them", () => {
  const low = { limit: 1, from: "type" as const, rule: null };
  const high = { limit: 60, from: "rule" as const, rule: "hot" };
  assert.deepEqual(limitsOf({ low, high }), { low: 1, high: 60 });
  assert.deepEqual(limitsOf(undefined), {});
  assert.deepEqual(limitsOf(null), {});
  const [metric] = asset.metrics;
  assert.ok(metric);
  const now = { ...metric, limits: { high: 80 }, limits_in_force: { low, high } };
  assert.equal(limitWords(now), "low 1 · high 60 (hot)");
  assert.equal(limitWords({ ...now, limits_in_force: {} }), "");
  assert.equal(
    limitWords({ ...now, limits_in_force: null }),
    "high 80",
    "as of then: its metric's",
  );
});

test("an asset is changed by what it says itself, and its type's words stay the type's", () => {
  assert.deepEqual(wordsOf(draftOf(asset)), {
    title: "Pump 1",
    type: "pump",
    branch: "plant/p-1",
    place: { longitude: 121.5, latitude: 31.2, floor: -1 },
    attributes: { maker: "Grundfos" },
    bindings: { pressure: "other/place" },
    relations: [{ name: "feeds", other: "acme/tank" }],
  });
});

test("a branch that is the asset's own path is not said", () => {
  assert.equal(draftOf({ ...asset, branch: asset.path }).branch, "");
});

test("what is wrong with an asset is told by field", () => {
  const faults = (change: object, type?: AssetType) => [
    ...draftFaults({ ...draftEmpty, name: "p", ...change }, type),
  ];
  assert.deepEqual(faults({}), []);
  assert.deepEqual(faults({ name: "a/b" }), ["name"]);
  assert.deepEqual(faults({ longitude: "180", latitude: "-90" }), []);
  assert.deepEqual(faults({ longitude: "180.1", latitude: "90.1" }), ["longitude", "latitude"]);
  assert.deepEqual(faults({ longitude: "1" }), ["place"]);
  assert.deepEqual(faults({ floor: "1.5" }), ["floor"]);
  assert.deepEqual(faults({ planX: "0.2", planY: "1.2" }), ["plan"]);
  const wants = {
    attributes: [{ name: "maker", type: "string", unit: "", value: "", required: true }],
  } as unknown as AssetType;
  assert.deepEqual(faults({}, wants), ["required"]);
  assert.deepEqual(faults({ attributes: { maker: "x" } }, wants), []);
});

const brief = (name: string, parent: string | null): TypeBrief => ({
  name,
  title: "",
  parent,
  level: null,
  assets: 0,
  kinds: 0,
  version: 1,
  changed: "",
});

test("types stand below their parents", () => {
  const rows = typesInOrder([
    brief("pump", "machine"),
    brief("fire pump", "pump"),
    brief("machine", null),
    brief("lost", "elsewhere"),
    brief("fan", "machine"),
  ]);
  assert.deepEqual(
    rows.map(({ type, depth }) => `${depth} ${type.name}`),
    ["0 lost", "0 machine", "1 fan", "1 pump", "2 fire pump"],
  );
});

test("types in a circle do not hang the page", () => {
  assert.deepEqual(typesInOrder([brief("a", "b"), brief("b", "a")]), []);
});

test("a type is written as it was read", () => {
  const type: AssetType = {
    ...brief("pump", "machine"),
    title: "Pump",
    attributes: [{ name: "maker", type: "string", unit: "", value: "", required: true }],
    metrics: [
      {
        name: "flow",
        type: "float64",
        unit: "m3/h",
        description: "",
        limits: { low: 0, high: 90 },
        deadband: 0.5,
      },
    ],
    rules: [],
  };
  assert.deepEqual(typeWords(typeDraft(type)), {
    title: "Pump",
    parent: "machine",
    attributes: [{ name: "maker", type: "string", required: true }],
    metrics: [
      {
        name: "flow",
        type: "float64",
        unit: "m3/h",
        limits: { low: 0, high: 90 },
        deadband: 0.5,
      },
    ],
  });
});

test("what is wrong with a type", () => {
  const fault = (change: object) => typeFault({ ...typeEmpty, name: "pump", ...change })?.kind;
  const metric = (name: string, limits: object = {}, deadband = "") => ({
    ...metricEmpty,
    name,
    deadband,
    limits: { ...metricEmpty.limits, ...limits },
  });
  assert.equal(fault({}), undefined);
  assert.equal(fault({ name: "a/b" }), "name");
  assert.equal(fault({ metrics: [metric("")] }), "item");
  assert.equal(fault({ metrics: [metric("a"), metric(" a")] }), "twice");
  assert.equal(fault({ metrics: [metric("a", { low: "x" })] }), "number");
  assert.equal(fault({ metrics: [metric("a", {}, "-1")] }), "number");
  assert.equal(fault({ metrics: [metric("a", { low: "2", high: "2" })] }), "order");
  assert.equal(fault({ metrics: [metric("a", { low_low: "0", high: "2" })] }), undefined);
});

test("what is said otherwise is not shown as inherited", () => {
  const above = [{ name: "flow" }, { name: "pressure" }];
  assert.deepEqual(inheritedOf(above, [{ name: "flow " }]), [{ name: "pressure" }]);
});

const waiting = (prefix: string, proposals: [string, number][]) => ({
  prefix,
  metrics: [],
  last_seen: null,
  proposals: proposals.map(([type, likeness]) => ({ type, likeness })),
});

test("many are adopted to the type that fits them best together", () => {
  const two = [
    waiting("a", [
      ["pump", 0.5],
      ["fan", 0.6],
    ]),
    waiting("b", [["pump", 0.9]]),
  ];
  assert.equal(typeFor(two), "pump");
  assert.equal(typeFor([waiting("c", [])]), "");
  assert.equal(bestOf(two[0] as (typeof two)[0])?.type, "fan");
  assert.deepEqual([...toggled(new Set(["a"]), "a")], []);
  assert.deepEqual([...toggled(new Set(["a"]), "b")], ["a", "b"]);
});

test("the kind of a file of assets is seen in it", () => {
  assert.equal(kindOf("a.csv", '{"no"'), "csv");
  assert.equal(kindOf("a.txt", "path,title\na,b\n"), "csv");
  assert.equal(kindOf("a.json", '{"path":"a"}\n{"path":"b"}\n'), "lines");
  assert.equal(kindOf("a.json", '{"path":"a"}\n'), "json");
  assert.equal(kindOf("a.json", '{\n"assets":[]}\n'), "json");
  assert.equal(kindOf("a.ndjson", '{"path":"a"}\n'), "lines");
});

test("parents go first, names of columns keep their capitals, refusals name the file's own lines", () => {
  const text = 'Path;attr:Maker\na/b;"x\ny"\na;z\n';
  const { head, rows } = rowsOf("csv", text);
  assert.equal(head, "Path,attr:Maker\n");
  assert.deepEqual(
    rows.map(({ line }) => line),
    [4, 2],
  );
  const piece = pieceOf(head, rows);
  assert.equal(piece.body, 'Path,attr:Maker\na,z\na/b,"x\ny"\n');
  const nothing = { made: 0, changed: 0, same: 0, refused: [] };
  const answer = addAnswers(
    { ...nothing, made: 2 },
    { ...nothing, made: 1, refused: [{ line: 3, path: "a/b", detail: "no" }] },
    piece.lines,
  );
  assert.equal(answer.made, 3);
  assert.deepEqual(answer.refused, [{ line: 2, path: "a/b", detail: "no" }]);
});

test("lines of JSON go in order of depth too", () => {
  const { rows } = rowsOf("lines", '{"path":"a/b"}\n\n{"path":"a"}\nnonsense\n');
  assert.deepEqual(
    rows.map(({ line, depth }) => [line, depth]),
    [
      [4, 0],
      [3, 1],
      [1, 2],
    ],
  );
});

test("links lead to web pages and places of the console, nowhere else", () => {
  for (const address of ["https://a.b/c", "http://x", "mailto:a@b.c", "#/assets/a"])
    assert.equal(safeAddress(address), address);
  for (const address of [
    "javascript:alert(1)",
    " JaVaScript:x",
    "data:text/html,x",
    "/v1/x",
    "//a",
  ])
    assert.equal(safeAddress(address), null);
  assert.deepEqual(inlineOf("[click](javascript:alert(1)) x")[0], {
    kind: "strong",
    parts: [{ kind: "text", text: "click" }],
  });
});

test("what looks like HTML is text", () => {
  const blocks = markdownBlocks("<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>");
  assert.deepEqual(blocks, [
    { kind: "paragraph", parts: [{ kind: "text", text: "<script>alert(1)</script>" }] },
    { kind: "paragraph", parts: [{ kind: "text", text: "<img src=x onerror=alert(1)>" }] },
  ]);
});

test("emphasis, code and snake_case", () => {
  assert.deepEqual(inlineOf("a **b *c*** `d*e` snake_case_name"), [
    { kind: "text", text: "a " },
    {
      kind: "strong",
      parts: [
        { kind: "text", text: "b " },
        { kind: "emphasis", parts: [{ kind: "text", text: "c" }] },
      ],
    },
    { kind: "text", text: " " },
    { kind: "code", text: "d*e" },
    { kind: "text", text: " snake_case_name" },
  ]);
  assert.deepEqual(inlineOf("2 * 3 * 4"), [{ kind: "text", text: "2 * 3 * 4" }]);
  assert.deepEqual(inlineOf("\\*a\\*"), [
    { kind: "text", text: "*" },
    { kind: "text", text: "a" },
    { kind: "text", text: "*" },
  ]);
});

test("blocks of a procedure", () => {
  const text = [
    "# 消防泵 Fire pump",
    "",
    "1. Close the valve",
    "2. Wait:",
    "   - 10 s",
    "   - again",
    "",
    "> careful",
    "",
    "| a | b |",
    "|---|--:|",
    "| 1 | 2 |",
    "",
    "```",
    "rm *",
    "```",
    "***",
  ].join("\n");
  const blocks = markdownBlocks(text);
  assert.deepEqual(
    blocks.map(({ kind }) => kind),
    ["heading", "list", "quote", "table", "code", "rule"],
  );
  const list = blocks[1];
  assert.ok(list?.kind === "list" && list.ordered && list.items.length === 2);
  assert.ok(list.items[1]?.[1]?.kind === "list" && list.items[1][1].items.length === 2);
  const table = blocks[3];
  assert.ok(table?.kind === "table" && table.rows.length === 1 && table.head.length === 2);
  assert.deepEqual(blocks[4], { kind: "code", text: "rm *" });
});

test("markdown that nests without end, and never closes, ends", () => {
  const began = Date.now();
  assert.ok(markdownBlocks(">".repeat(5000)).length > 0);
  assert.ok(markdownBlocks("- ".repeat(3000)).length > 0);
  assert.ok(markdownBlocks("*a ".repeat(3000)).length > 0);
  assert.ok(markdownBlocks("[".repeat(3000)).length > 0);
  assert.ok(markdownBlocks("```\nnever closed").length > 0);
  assert.ok(Date.now() - began < 5000);
});

test("names and kinds of documents", () => {
  assert.equal(mediaOf({ name: "A.PDF", type: "" }), "application/pdf");
  assert.equal(mediaOf({ name: "x.md", type: "text/plain" }), "text/markdown");
  assert.equal(mediaOf({ name: "x", type: "image/png" }), "image/png");
  assert.equal(mediaOf({ name: "x.exe", type: "application/x" }), undefined);
  assert.equal(nameOf("a/b#c.pdf"), "a-b-c.pdf");
  assert.equal(titleOf("fire_pump-manual.pdf"), "fire pump manual");
  assert.deepEqual(attachedOf("asset:a/b:c"), { kind: "asset", name: "a/b:c" });
  assert.deepEqual(snippetParts("the «fire pump» stands"), [
    { text: "the ", found: false },
    { text: "fire pump", found: true },
    { text: " stands", found: false },
  ]);
});

test("a dozen lines of the grid at most, wherever one looks", () => {
  for (const span of [360, 90, 10, 1, 0.05, 0.004]) {
    const bounds = { west: 120, east: 120 + span, south: 30, north: 30 + span / 2 };
    assert.ok(span / gridStep(bounds) <= 12.001, `${span}`);
    const { geometry } = gridOf(bounds);
    assert.ok(geometry.type === "MultiLineString" && geometry.coordinates.length <= 26);
  }
  assert.deepEqual(boundsAsked({ west: -400, east: 100, south: -99, north: 99 }), {
    west: -180,
    east: 180,
    south: -90,
    north: 90,
  });
});

test("where a map looks stands in its address", () => {
  const camera = { longitude: 121.4737, latitude: 31.2304, zoom: 12.5 };
  assert.deepEqual(cameraOf(parseRoute(cameraAddress(camera)).query), camera);
  assert.deepEqual(cameraOf(new URLSearchParams("lon=999&lat=x&zoom=-4")), {
    longitude: 105,
    latitude: 32,
    zoom: 0,
  });
});

test("at first a map shows where the assets are", () => {
  const at = (longitude: number, latitude: number): Cluster => ({
    longitude,
    latitude,
    assets: 1,
    alarms: 0,
    priority: null,
    asset: "a",
  });
  const { longitude, latitude, zoom } = cameraFor([at(6, 50), at(8, 51)], 400);
  assert.deepEqual([longitude, latitude], [7, 50.5]);
  assert.ok(zoom > 5 && zoom < 8, `${zoom}`);
  assert.ok((8 - 6) * (512 / 360) * 2 ** zoom <= 400.1, "the outermost are in sight");
  assert.equal(cameraFor([at(6, 50), at(8, 51)], 200).zoom, zoom - 1);
  assert.ok(cameraFor([at(6, 50)], 400).zoom <= 13);
  assert.equal(cameraFor([], 400).zoom, 3);
});

test("the most urgent comes first, and no alarm is quiet", () => {
  const at = (assets: number, alarms: number, priority: number | null): Cluster => ({
    longitude: 0,
    latitude: 0,
    assets,
    alarms,
    priority,
    asset: null,
  });
  const all = [at(9, 0, null), at(1, 2, 3), at(2, 1, 1)];
  assert.deepEqual(
    inOrder(all).map(({ assets }) => assets),
    [2, 1, 9],
  );
  assert.deepEqual(all.map(urgencyOf), ["none", "middle", "high"]);
  assert.equal(urgencyOf(at(1, 1, 8)), "low");
});
