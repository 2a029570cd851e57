import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeAnswer } from "../src/api/types";
import { Tree, type TreeNode } from "../src/tree/tree";

function answer(path: string, names: string[], next: string | null = null): TreeAnswer {
  return {
    path,
    count: names.length,
    next,
    entered: 1,
    children: names.map((name) => ({
      name: name.replace("/", ""),
      path: path ? `${path}/${name.replace("/", "")}` : name.replace("/", ""),
      count: 3,
      branch: name.endsWith("/"),
      point: null,
    })),
  };
}

const shown = (tree: Tree): string[] =>
  tree.rows.map((row) => (row.kind === "more" ? `${row.node.path}...` : row.node.path));
const child = (node: TreeNode, at: number): TreeNode => node.children[at] as TreeNode;

test("at first there is only the place where children follow", () => {
  assert.deepEqual(shown(new Tree()), ["..."]);
});

test("branches open with a place to load, and close with all that is below", () => {
  const tree = new Tree();
  tree.append(tree.root, answer("", ["a/", "b/", "c"]));
  const a = child(tree.root, 0);
  tree.open(a);
  assert.deepEqual(shown(tree), ["a", "a...", "b", "c"]);
  tree.append(a, answer("a", ["x/", "y"]));
  tree.open(child(a, 0));
  tree.append(child(a, 0), answer("a/x", ["deep"]));
  assert.deepEqual(shown(tree), ["a", "a/x", "a/x/deep", "a/y", "b", "c"]);
  tree.close(a);
  assert.deepEqual(shown(tree), ["a", "b", "c"]);
  tree.open(a);
  assert.deepEqual(shown(tree), ["a", "a/x", "a/x/deep", "a/y", "b", "c"]);
});

test("pages follow each other, also of a branch with open branches in it", () => {
  const tree = new Tree();
  tree.append(tree.root, answer("", ["a/", "z"]));
  const a = child(tree.root, 0);
  tree.open(a);
  tree.append(a, answer("a", ["p/", "q"], "q"));
  tree.open(child(a, 0));
  tree.append(child(a, 0), answer("a/p", ["1"], "1"));
  assert.deepEqual(shown(tree), ["a", "a/p", "a/p/1", "a/p...", "a/q", "a...", "z"]);
  tree.append(a, answer("a", ["r"]));
  assert.deepEqual(shown(tree), ["a", "a/p", "a/p/1", "a/p...", "a/q", "a/r", "z"]);
});

test("what comes for a closed branch is kept for its opening", () => {
  const tree = new Tree();
  tree.append(tree.root, answer("", ["a/"]));
  const a = child(tree.root, 0);
  tree.open(a);
  tree.close(a);
  tree.append(a, answer("a", ["x"]));
  assert.deepEqual(shown(tree), ["a"]);
  tree.open(a);
  assert.deepEqual(shown(tree), ["a", "a/x"]);
});

test("a refresh keeps what is open, and brings and takes children", () => {
  const tree = new Tree();
  tree.append(tree.root, answer("", ["a/", "b/", "c"]));
  tree.open(child(tree.root, 1));
  tree.append(child(tree.root, 1), answer("b", ["x"]));
  tree.refresh(tree.root, answer("", ["aa", "b/", "d"]));
  assert.deepEqual(shown(tree), ["aa", "b", "b/x", "d"]);
  assert.deepEqual(
    tree.openBranches().map((node) => node.path),
    ["", "b"],
  );
  assert.equal(tree.indexOf("b/x"), 2);
});

test("a hundred thousand children", () => {
  const tree = new Tree();
  const names = Array.from({ length: 1000 }, (_, i) => `n${i}`);
  for (let page = 0; page < 100; page++)
    tree.append(tree.root, answer("", names, page < 99 ? "n" : null));
  assert.equal(tree.rows.length, 100_000);
});
