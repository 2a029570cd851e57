/** The one tree of the assets, and what is known of each of them beside its name. */
import type { AssetChild, AssetTreeAnswer } from "../api/assets";
import { get, withQuery } from "../api/http";
import { TreeLoader } from "../tree/loader";

const REFRESH_MS = 5000; /* counts of alarms move on */

const about = new Map<string, AssetChild>();

export const assetTree = new TreeLoader(async (node, after, limit) => {
  const asked = { path: node.path, after, limit };
  const answer = await get<AssetTreeAnswer>(withQuery("/v1/asset-tree", asked));
  for (const child of answer.children) about.set(child.path, child);
  return {
    path: node.path,
    count: answer.children.length,
    children: answer.children.map(({ name, path, parts }) => ({
      name,
      path,
      count: parts ?? 0,
      branch: parts === null || parts > 0,
      point: null,
    })),
    next: answer.next ?? null,
  };
});

export const assetKnown = (path: string): AssetChild | undefined => about.get(path);

/** Told again while it is looked at. */
export function followAssets(): () => void {
  const timer = setInterval(() => {
    if (!document.hidden && assetTree.tree.root.next !== undefined) void assetTree.refresh();
  }, REFRESH_MS);
  if (assetTree.tree.root.next !== undefined) void assetTree.refresh();
  return () => clearInterval(timer);
}
