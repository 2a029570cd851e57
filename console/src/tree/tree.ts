/**
 * The namespace as it is shown: branches are asked for when they are opened, a page of children at a time, and all
 * open ones together make a flat list of rows. A row is a node, or the place where more children follow.
 */
import type { PointBrief, TreeAnswer, TreeChild } from "../api/types";

export interface TreeNode {
  name: string;
  path: string;
  parent: TreeNode | null;
  depth: number; /* of the root's children: 1 */
  place: number; /* among its siblings, from 1 */
  count: number;
  branch: boolean;
  point: PointBrief | null;
  open: boolean;
  loading: boolean;
  failed: boolean;
  children: TreeNode[];
  /** undefined: nothing was asked yet; null: all children are there. */
  next: string | null | undefined;
}

export interface TreeRow {
  kind: "node" | "more";
  node: TreeNode; /* more: the branch whose children follow */
}

function nodeOf(child: TreeChild, parent: TreeNode, place: number): TreeNode {
  return {
    name: child.name,
    path: child.path,
    parent,
    depth: parent.depth + 1,
    place,
    count: child.count,
    branch: child.branch,
    point: child.point,
    open: false,
    loading: false,
    failed: false,
    children: [],
    next: undefined,
  };
}

export class Tree {
  readonly root: TreeNode = {
    name: "",
    path: "",
    parent: null,
    depth: 0,
    place: 1,
    count: 0,
    branch: true,
    point: null,
    open: true,
    loading: false,
    failed: false,
    children: [],
    next: undefined,
  };
  rows: TreeRow[] = [];
  /** Share of the points that the server's index has so far. */
  entered = 1;

  constructor() {
    this.rows = this.rowsBelow(this.root);
  }

  private rowsBelow(node: TreeNode): TreeRow[] {
    const rows: TreeRow[] = [];
    const walk = (branch: TreeNode) => {
      for (const child of branch.children) {
        rows.push({ kind: "node", node: child });
        if (child.open) walk(child);
      }
      if (branch.next !== null) rows.push({ kind: "more", node: branch });
    };
    walk(node);
    return rows;
  }

  /** Where the rows of what is below a node begin and end. */
  private extent(node: TreeNode): [number, number] {
    if (node === this.root) return [0, this.rows.length];
    const first = this.rows.findIndex((row) => row.kind === "node" && row.node === node) + 1;
    let last = first;
    while (last < this.rows.length && this.isBelow(this.rows[last] as TreeRow, node)) last++;
    return [first, last];
  }

  private isBelow(row: TreeRow, node: TreeNode): boolean {
    return row.kind === "more" ? row.node.depth >= node.depth : row.node.depth > node.depth;
  }

  private isShown(node: TreeNode): boolean {
    for (let at: TreeNode | null = node; at; at = at.parent) if (!at.open) return false;
    return true;
  }

  private replace(first: number, last: number, rows: TreeRow[]): void {
    this.rows = this.rows.slice(0, first).concat(rows, this.rows.slice(last));
  }

  private redraw(node: TreeNode): void {
    if (!this.isShown(node)) return;
    const [first, last] = this.extent(node);
    this.replace(first, last, this.rowsBelow(node));
  }

  indexOf(path: string): number {
    return this.rows.findIndex((row) => row.kind === "node" && row.node.path === path);
  }

  open(node: TreeNode): void {
    if (node.open || !node.branch) return;
    node.open = true;
    if (!node.parent || !this.isShown(node.parent)) return;
    const [first] = this.extent(node);
    this.replace(first, first, this.rowsBelow(node));
  }

  close(node: TreeNode): void {
    if (!node.open || node === this.root) return;
    const shown = this.isShown(node);
    const [first, last] = this.extent(node);
    node.open = false;
    if (shown) this.replace(first, last, []);
  }

  /** The next page of children. */
  append(node: TreeNode, answer: TreeAnswer): void {
    this.note(node, answer);
    const known = node.children.length;
    const added = answer.children.map((child, i) => nodeOf(child, node, known + i + 1));
    for (const child of added) node.children.push(child);
    node.next = answer.next;
    if (!this.isShown(node)) return;
    const more = this.rows.findIndex((row) => row.kind === "more" && row.node === node);
    const rows: TreeRow[] = added.map((child) => ({ kind: "node", node: child }));
    if (node.next !== null) rows.push({ kind: "more", node });
    if (more >= 0) this.replace(more, more + 1, rows);
    else this.redraw(node);
  }

  /** The children from the first one, told again: what is known of them stays, with new counts and values. */
  refresh(node: TreeNode, answer: TreeAnswer): void {
    this.note(node, answer);
    const known = new Map(node.children.map((child) => [child.name, child]));
    node.children = answer.children.map((child, i) => {
      const old = known.get(child.name);
      if (!old) return nodeOf(child, node, i + 1);
      old.place = i + 1;
      old.count = child.count;
      old.branch = child.branch;
      old.point = child.point;
      if (!old.branch) old.open = false;
      return old;
    });
    node.next = answer.next;
    this.redraw(node);
  }

  private note(node: TreeNode, answer: TreeAnswer): void {
    node.count = answer.count;
    node.loading = false;
    node.failed = false;
    this.entered = answer.entered ?? 1;
  }

  /** Open branches that were asked already, the root among them. */
  openBranches(): TreeNode[] {
    const found: TreeNode[] = [];
    const walk = (node: TreeNode) => {
      if (!node.open) return;
      if (node.next !== undefined) found.push(node);
      for (const child of node.children) if (child.branch) walk(child);
    };
    walk(this.root);
    return found;
  }
}
