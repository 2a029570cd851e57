/** Saved views: named, renamed, deleted and taken back. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  removeView,
  renameView,
  savedFrom,
  savedViews,
  saveView,
  type SavedView,
} from "../src/history/saved";

const names = () => savedViews.get().map(({ name }) => name);
const at = (name: string) => savedViews.get().find((view) => view.name === name) as SavedView;

beforeEach(() => {
  savedViews.set([]);
  for (const name of ["c", "b", "a"]) saveView(name, `#/trends?p=${name}`);
});

test("the newest is first; the same name replaces", () => {
  assert.deepEqual(names(), ["a", "b", "c"]);
  saveView("b", "#/sql");
  assert.deepEqual(names(), ["b", "a", "c"]);
  assert.equal(at("b").address, "#/sql");
});

test("renaming stays in place, and replaces whoever had the name", () => {
  renameView(at("b"), "z");
  assert.deepEqual(names(), ["a", "z", "c"]);
  renameView(at("z"), "c");
  assert.deepEqual(names(), ["a", "c"]);
  assert.equal(at("c").address, "#/trends?p=b");
});

test("what was deleted comes back where it was", () => {
  const bringBack = removeView(at("b"));
  assert.deepEqual(names(), ["a", "c"]);
  bringBack();
  assert.deepEqual(names(), ["a", "b", "c"]);
});

test("what a storage has may be anything", () => {
  assert.deepEqual(savedFrom(null), []);
  assert.deepEqual(savedFrom("{"), []);
  assert.deepEqual(savedFrom('{"a":1}'), []);
  assert.deepEqual(savedFrom('[1,null,{"name":"x"},{"name":"y","address":"javascript:1"}]'), []);
  const good = [{ name: "x", address: "#/trends" }];
  assert.deepEqual(savedFrom(JSON.stringify(good)), good);
  const many = Array.from({ length: 500 }, (_, i) => ({ name: `${i}`, address: "#/" }));
  assert.equal(savedFrom(JSON.stringify(many)).length, 200);
});
