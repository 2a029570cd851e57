/** The smaller pure parts. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { parseExact } from "../src/api/exact";
import { issuesOf } from "../src/api/health";
import { idempotencyKey, pathAddress, withQuery } from "../src/api/http";
import { mayOpen, firstPage } from "../src/api/pages";
import {
  mayAnnotate,
  mayAnywhere,
  mayPoint,
  mayUnsay,
  passwordOf,
  patternMatches,
  session,
} from "../src/api/session";
import { readState } from "../src/api/state";
import { heightOf } from "../src/history/track";
import { CHUNK_ROWS, chunksOf, ChunkWatch } from "../src/live/chunks";
import { shellWord } from "../src/pages/branch";
import { globOf } from "../src/pages/clients";
import { changesOf, readLimits, readNumber } from "../src/pages/point-dialogs";
import { parseRoute, pointAddress, routeAddress } from "../src/router";
import { searchQuery } from "../src/tree/search-view";
import { sparkShape } from "../src/ui/sparkline";

// Browsers have it, Node.js 18 only under another name.
globalThis.crypto ??= webcrypto as Crypto;

test("addresses go both ways, whatever is in a path", () => {
  for (const path of ["a/b", "plant/line 1/50%", "a//b", "/a", "温度/#1?x=y"]) {
    const route = parseRoute(pointAddress(path));
    assert.equal(route.page, "points");
    assert.equal(route.rest, path);
  }
  assert.equal(parseRoute("").page, "overview");
  assert.equal(parseRoute("#/").page, "overview");
  assert.equal(parseRoute("#/nothing").page, null);
  assert.equal(parseRoute("#/points/%zz").rest, "%zz");
  const settings = parseRoute(routeAddress("settings", "", { search: "mqtt." }));
  assert.equal(settings.query.get("search"), "mqtt.");
  assert.equal(pathAddress("a b/c%/d"), "a%20b/c%25/d");
  assert.equal(withQuery("/v1/tree", { path: "", after: null, limit: 5 }), "/v1/tree?limit=5");
});

test("a path in a command is one word of the shell", () => {
  assert.equal(shellWord("plant/#"), "'plant/#'");
  assert.equal(shellWord("it's $HOME/#"), "'it'\\''s $HOME/#'");
});

test("keys are new each time", () => {
  assert.match(idempotencyKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(idempotencyKey(), idempotencyKey());
});

test("chunks hold their places while scrolling", () => {
  const path = (row: number) => (row % 2 ? `p${row}` : undefined);
  const chunks = chunksOf(10, 40, path);
  assert.equal(chunks.length, 2);
  assert.equal(chunks[0]?.paths.length, CHUNK_ROWS / 2);
  assert.equal(chunksOf(20, 50, path)[0]?.key, chunks[0]?.key);
  assert.deepEqual(
    chunksOf(0, 20, () => undefined),
    [],
  );
  assert.ok(chunksOf(0, 1e6, path).length < 64);
});

test("only what is new is watched, only what is gone is ended", () => {
  const log: string[] = [];
  const watch = new ChunkWatch((paths) => {
    log.push(`+${paths.join()}`);
    return () => log.push(`-${paths.join()}`);
  });
  const chunk = (name: string) => ({ key: name, paths: [name] });
  watch.show([chunk("a"), chunk("b")]);
  watch.show([chunk("b"), chunk("c")]);
  watch.show([]);
  assert.deepEqual(log, ["+a", "+b", "+c", "-a", "-b", "-c"]);
});

test("integers keep all their digits", () => {
  assert.deepEqual(parseExact('{"value":21.5,"point":17}'), { value: 21.5, point: 17 });
  assert.deepEqual(parseExact('[9007199254740991,"12345678901234567890"]'), [
    9007199254740991,
    "12345678901234567890",
  ]);
  // Browsers and newer versions of Node.js give the digits; older ones round.
  const [exact] = parseExact<[number | string]>("[9007199254740993]");
  assert.ok(exact === "9007199254740993" || exact === 9007199254740992);
  assert.equal(heightOf("9007199254740993"), 9007199254740992);
});

test("globs and patterns from what a person types", () => {
  assert.equal(globOf("press"), "*press*");
  assert.equal(globOf("press-*"), "press-*");
  assert.equal(globOf(""), "");
  assert.deepEqual(searchQuery("temp"), { contains: "temp" });
  assert.deepEqual(searchQuery("a/+/b"), { match: "a/+/b" });
});

test("limits as they are typed", () => {
  const none = { low_low: "", low: "", high: "", high_high: "" };
  assert.deepEqual(readLimits(none), {});
  assert.deepEqual(readLimits({ ...none, low: "-1", high: "2.5" }), { low: -1, high: 2.5 });
  assert.deepEqual(readLimits({ ...none, high: "2,5" }), { high: 2.5 });
  assert.equal(readLimits({ ...none, high: "many" }), null);
  assert.ok(Number.isNaN(readNumber("1,234")));
});

test("only changes are sent", () => {
  const point = {
    ...{ path: "p", point: 1, type: "float64", value: 1, quality: "good", time: null },
    ...{ arrival: null, unit: "bar", limit_state: "none" as const, description: "" },
    labels: { a: "1", b: "2" },
    limits: { high: 5 },
  };
  const { type, unit, description, limits } = point;
  const same = { type, unit, description, labels: { b: "2", a: "1" }, limits };
  assert.deepEqual(changesOf(point, same), {});
  assert.deepEqual(changesOf(point, { ...same, unit: "kPa", limits: {} }), {
    unit: "kPa",
    limits: {},
  });
});

test("what is wrong is found at both sides of each limit", () => {
  const state = (over: object) =>
    readState({
      disk: { free: 50, total: 100 },
      limits: { "points.max": 100, "mqtt.connections": 100, "mqtt.memory": 100 },
      ...over,
    });
  const kinds = (over: object, before?: object) =>
    issuesOf(state(over), before && state(before)).map(
      ({ kind, severity }) => `${kind} ${severity}`,
    );
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ disk: { free: 10, total: 100 } }), []);
  assert.deepEqual(kinds({ disk: { free: 9, total: 100 } }), ["disk_low warn"]);
  assert.deepEqual(kinds({ disk: { free: 2, total: 100 } }), ["disk_low bad"]);
  assert.deepEqual(kinds({ disk: { free: null, total: null } }), []);
  assert.deepEqual(kinds({ journal: { stopped: true } }), ["stopped bad"]);
  assert.deepEqual(kinds({ journal: { disk_full: true }, disk: { free: 0, total: 100 } }), [
    "disk_full bad",
  ]);
  assert.deepEqual(kinds({ journal: { write_ns_last: 6e8 } }), ["slow_disk warn"]);
  assert.deepEqual(kinds({ points: { count: 90, retired: 0 } }), []);
  assert.deepEqual(kinds({ points: { count: 91, retired: 0 } }), ["points_limit warn"]);
  assert.deepEqual(kinds({ mqtt: { connections: 91, memory: 91 } }), [
    "connections_limit warn",
    "memory_limit warn",
  ]);
  assert.deepEqual(kinds({ damage: [{}] }), ["damage bad"]);
  const refused = { engine: { refused: { type: 2 } } };
  assert.deepEqual(kinds(refused, refused), []);
  assert.deepEqual(kinds(refused, { engine: { refused: { type: 1 } } }), ["refusing warn"]);
  assert.deepEqual(kinds({ mqtt: { dropped_slow: 1 } }, {}), ["dropping warn"]);
});

test("an empty state is readable", () => {
  const state = readState({});
  assert.equal(state.points, 0);
  assert.deepEqual(state.memoryParts, []);
  assert.equal(state.diskFree, undefined);
});

test("a sparkline stays within its box", () => {
  const samples = [0, 5, 10].map((value, i) => ({ at: 1000 * i, value }));
  const shape = sparkShape(samples, 2000, 2000, 100, 40);
  assert.ok(shape);
  const numbers = [...shape.line.matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)];
  assert.equal(numbers.length, 3);
  for (const [, x, y] of numbers) {
    assert.ok(Number(x) >= 0 && Number(x) <= 100);
    assert.ok(Number(y) >= 0 && Number(y) <= 40);
  }
  assert.equal(sparkShape(samples.slice(0, 1), 2000, 2000, 100, 40), null);
});

test("patterns of rights match whole levels", () => {
  assert.ok(patternMatches("#", "a/b"));
  assert.ok(patternMatches("a/#", "a") && patternMatches("a/#", "a/b/c"));
  assert.ok(patternMatches("a/+/c", "a/b/c") && patternMatches("a/%u", "a/ann"));
  assert.ok(!patternMatches("a/#", "ab") && !patternMatches("a/+", "a/b/c"));
  assert.ok(!patternMatches("a/b", "a") && !patternMatches("a", "a/b"));
  assert.ok(patternMatches("#", "@b/a") && patternMatches("@b/+", "@b/a"));
  assert.ok(patternMatches("@*/a", "@b/a") && !patternMatches("+/a", "@b/a"));
  assert.ok(patternMatches("a/**", "a/b/c") && patternMatches("press-*/t?", "press-3/t\u6e29"));
  assert.ok(patternMatches("*.b/%u-1", "a.b/ann-1"));
  assert.ok(!patternMatches("press-*/t?", "press-3/t") && !patternMatches("a.b", "axb"));
});

test("what is shown follows from the session", () => {
  session.set({
    trial: false,
    insecure: false,
    entered: true,
    user: "bo",
    kind: "person",
    title: null,
    second_factor: false,
    tenant: "main",
    tenant_title: null,
    anywhere: ["see", "write"],
    branches: [
      { branch: "plant/#", pattern: "#", rights: ["see", "write"] },
      { branch: "#", pattern: "hall/+", rights: ["see"] },
      { branch: "yard/#", pattern: "#", rights: ["see", "acknowledge", "configure"] },
      { branch: "@b/#", pattern: "#", rights: ["see", "write", "acknowledge", "configure"] },
    ],
    resources: { topics: ["see"] },
  });
  assert.ok(mayPoint("plant/a/b", "write") && !mayPoint("plant/a", "configure"));
  assert.ok(
    mayPoint("hall/a", "see") && !mayPoint("hall/a", "write") && !mayPoint("hall/a/b", "see"),
  );
  assert.ok(mayAnywhere("write") && !mayAnywhere("configure"));
  assert.ok(mayAnnotate("plant/a") && mayAnnotate("yard/a") && !mayAnnotate("hall/a"));
  assert.ok(mayUnsay({ path: "yard/a", author: null }));
  assert.ok(mayUnsay({ path: "plant/a", author: "bo@main" }));
  assert.ok(!mayUnsay({ path: "plant/a", author: "ann@main" }));
  assert.ok(!mayUnsay({ path: "plant/a", author: null }));
  assert.ok(mayPoint("@b/a", "see") && mayAnnotate("@b/a"));
  assert.ok(!mayPoint("@b/a", "write") && !mayPoint("@b/a", "configure"));
  assert.ok(mayOpen("points") && mayOpen("topics") && !mayOpen("settings") && !mayOpen("overview"));
  assert.equal(firstPage(), "points");
  session.set(undefined);
  assert.ok(!mayPoint("plant/a", "see") && !mayOpen("points"));
});

test("a password is the same bytes however it was typed", () => {
  assert.equal(passwordOf("u\u0308ber"), "\u00fcber");
});
