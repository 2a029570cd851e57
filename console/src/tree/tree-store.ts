/** The one tree of the namespace. */
import { get, withQuery } from "../api/http";
import { presence } from "../api/presence";
import { system } from "../api/system";
import { TreeLoader } from "./loader";

const REFRESH_LEAST_MS = 2500;

export const namespace = new TreeLoader((node, after, limit) =>
  get(withQuery("/v1/tree", { path: node.path, after, limit, values: true })),
);
const { tree } = namespace;

export const refreshTree = (): Promise<void> => namespace.refresh();

/** Points came, went or were renamed: the tree is told again, not more often than is good for anyone. */
export function followTree(): () => void {
  let known = "";
  let timer = 0;
  const soon = () => {
    timer ||= window.setTimeout(() => {
      timer = 0;
      void refreshTree();
    }, REFRESH_LEAST_MS);
  };
  const look = () => {
    const { state } = system.get();
    if (!state) return;
    const seen = `${state.pointsEver} ${state.pointsRetired} ${state.commands}`;
    if (known !== "" && (seen !== known || tree.entered < 1)) soon();
    known = seen;
  };
  look();
  if (tree.root.next !== undefined) void refreshTree();
  const ends = [
    system.listen(look),
    presence.listen(({ away }) => {
      if (away) return;
      if (tree.root.next === undefined) void namespace.loadMore(tree.root);
      else soon();
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const end of ends) end();
  };
}
