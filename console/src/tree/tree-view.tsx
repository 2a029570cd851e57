/** The namespace tree: branches with their counts, points with their values. */
import { useEffect } from "preact/hooks";
import { system } from "../api/system";
import { formatCount, formatShare } from "../format";
import { t } from "../i18n";
import { pointAddress } from "../router";
import { useStore } from "../store";
import { Empty, ProblemNote, Skeleton, Snippet } from "../ui/parts";
import { publishExample } from "../pages/overview";
import type { TreeNode } from "./tree";
import { TreeRows } from "./tree-rows";
import { followTree, namespace, refreshTree } from "./tree-store";
import { ValueCell } from "./value-cell";

const endOf = (node: TreeNode) => (
  <>
    {node.branch && (
      <span class="count" title={t("tree.count", { count: formatCount(node.count) })}>
        {formatCount(node.count)}
      </span>
    )}
    {node.point && <ValueCell point={node.point} />}
  </>
);
const watchedOf = (node: TreeNode): string | undefined => (node.point ? node.path : undefined);

export function TreeView({ selected }: { selected: string }) {
  const { tree } = namespace;
  useStore(namespace.version);
  const problem = useStore(namespace.problem);
  const { state } = useStore(system);
  useEffect(followTree, []);
  useEffect(() => {
    void (selected ? namespace.openTowards(selected) : namespace.openFirst());
  }, [selected]);

  if (tree.root.next === undefined && !problem) return <Skeleton rows={12} />;
  if (tree.rows.length === 0)
    return (
      <>
        <ProblemNote problem={problem} onRetry={() => void refreshTree()} />
        <Empty icon="points" title={t("empty.points")} text={t("empty.points.text")}>
          <Snippet text={publishExample(state?.mqttAddress ?? "")} />
        </Empty>
      </>
    );
  return (
    <>
      {tree.entered < 1 && (
        <p class="hint" role="status">
          {t("tree.entered", { share: formatShare(tree.entered) })}
        </p>
      )}
      <TreeRows
        loader={namespace}
        label={t("tree.label")}
        selected={selected}
        address={pointAddress}
        end={endOf}
        watched={watchedOf}
      />
    </>
  );
}
