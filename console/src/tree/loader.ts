/** Loads a tree as it is opened: the namespace, the assets. What was opened stays while other pages are looked at. */
import { Problem } from "../api/http";
import type { TreeAnswer } from "../api/types";
import { Store } from "../store";
import { Tree, type TreeNode } from "./tree";

const PAGE = 200;
const PAGE_MAX = 1000; /* the server's */
const REFRESH_BRANCHES_MAX = 40;
const FIRST_ROWS = 20;
const FIRST_BRANCHES = 8;

type Ask = (node: TreeNode, after: string | null, limit: number) => Promise<TreeAnswer>;

export class TreeLoader {
  readonly tree = new Tree();
  /** Counts the changes of the tree. */
  readonly version = new Store(0);
  readonly problem = new Store<Problem | undefined>(undefined);
  private readonly underWay = new Map<TreeNode, Promise<void>>();
  private refreshing = false;

  constructor(private readonly ask: Ask) {}

  private changed(): void {
    this.version.set(this.version.get() + 1);
  }

  /** The next page of children; asked for once, however many want it. */
  loadMore(node: TreeNode): Promise<void> {
    if (node.next === null) return Promise.resolve();
    const load =
      this.underWay.get(node) ?? this.loadPage(node).finally(() => this.underWay.delete(node));
    this.underWay.set(node, load);
    return load;
  }

  private async loadPage(node: TreeNode): Promise<void> {
    node.loading = true;
    node.failed = false;
    try {
      const answer = await this.ask(node, node.next ?? null, PAGE);
      this.problem.set(undefined);
      this.tree.append(node, answer);
    } catch (error) {
      node.loading = false;
      node.failed = true;
      this.problem.set(error instanceof Problem ? error : undefined);
    }
    this.changed();
  }

  open(node: TreeNode): void {
    this.tree.open(node);
    this.changed();
    if (node.next === undefined) void this.loadMore(node);
  }

  close(node: TreeNode): void {
    this.tree.close(node);
    this.changed();
  }

  /** Opens the branches above a path, as far as they are found among the first children. */
  async openTowards(path: string): Promise<void> {
    let node = this.tree.root;
    if (node.next === undefined) await this.loadMore(node);
    for (;;) {
      const next = node.children.find((child) => child.branch && path.startsWith(`${child.path}/`));
      if (!next) return;
      this.tree.open(next);
      this.changed();
      if (next.next === undefined) await this.loadMore(next);
      node = next;
    }
  }

  /** The first look: branches are opened from above until the screen has something to show. */
  async openFirst(): Promise<void> {
    if (this.tree.root.next !== undefined) return;
    await this.loadMore(this.tree.root);
    for (let opened = 0; opened < FIRST_BRANCHES && this.tree.rows.length < FIRST_ROWS; opened++) {
      const closed = this.tree.rows.find((row) => row.node.branch && !row.node.open)?.node;
      if (!closed) return;
      this.tree.open(closed);
      this.changed();
      await this.loadMore(closed);
    }
  }

  private async refreshBranch(node: TreeNode): Promise<void> {
    if (node.loading || node.children.length > PAGE_MAX) return;
    const limit = Math.min(PAGE_MAX, Math.max(PAGE, Math.ceil(node.children.length / PAGE) * PAGE));
    try {
      this.tree.refresh(node, await this.ask(node, null, limit));
    } catch (error) {
      // A branch whose last child went away is gone as well; its parent's answer leaves it out.
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    }
  }

  async refresh(): Promise<void> {
    if (this.refreshing) return;
    this.refreshing = true;
    try {
      for (const node of this.tree.openBranches().slice(0, REFRESH_BRANCHES_MAX))
        await this.refreshBranch(node);
    } catch {
      // It is tried again with the next change, or when the server is back.
    }
    this.changed();
    this.refreshing = false;
  }
}
