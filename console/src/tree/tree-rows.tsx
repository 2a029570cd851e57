/** A loaded tree as rows: the namespace, the assets. What stands at a row's end is the page's. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../i18n";
import { goTo } from "../router";
import { useStore } from "../store";
import { Icon } from "../ui/icon";
import { ProblemNote } from "../ui/parts";
import type { TreeLoader } from "./loader";
import { RowList } from "./row-list";
import type { TreeNode, TreeRow } from "./tree";

interface RowProps {
  loader: TreeLoader;
  row: TreeRow;
  id: string;
  active: boolean;
  selected: boolean;
  onPick: () => void;
  address: (path: string) => string;
  end: (node: TreeNode) => ComponentChildren;
}

const toggle = (loader: TreeLoader, node: TreeNode): void =>
  node.open ? loader.close(node) : loader.open(node);

function MoreRow({ loader, row, id }: RowProps) {
  const { node } = row;
  const indent = { paddingInlineStart: `calc(${node.depth} * var(--indent) + 6px)` };
  return (
    <div id={id} role="treeitem" aria-level={node.depth + 1} class="row row-more" style={indent}>
      {node.failed ? (
        <button type="button" class="link" onClick={() => void loader.loadMore(node)}>
          <Icon name="reload" size={14} /> {t("tree.failed")}
        </button>
      ) : (
        <span class="bone bone-1" aria-label={t("loading")} />
      )}
    </div>
  );
}

function NodeRow(props: RowProps) {
  const { loader } = props;
  const { node } = props.row;
  const indent = { paddingInlineStart: `calc(${node.depth - 1} * var(--indent) + 6px)` };
  return (
    <div
      id={props.id}
      role="treeitem"
      aria-level={node.depth}
      aria-posinset={node.place}
      aria-setsize={node.parent?.next === null ? node.parent.children.length : -1}
      aria-expanded={node.branch ? node.open : undefined}
      aria-selected={props.selected}
      class={`row${props.active ? " row-active" : ""}${props.selected ? " row-selected" : ""}`}
      style={indent}
      onClick={() => {
        props.onPick();
        goTo(props.address(node.path));
        if (node.branch && !node.open) loader.open(node);
      }}
    >
      {node.branch ? (
        <span
          class={`twist${node.open ? " twist-open" : ""}`}
          onClick={(event) => {
            event.stopPropagation();
            props.onPick();
            toggle(loader, node);
          }}
        >
          <Icon name="chevron" size={14} />
        </span>
      ) : (
        <span class="leaf" aria-hidden="true" />
      )}
      <span class={node.branch ? "row-name row-branch" : "row-name"} title={node.path}>
        {node.name === "" ? t("tree.unnamed") : node.name}
      </span>
      {props.end(node)}
    </div>
  );
}

export function TreeRows(props: {
  loader: TreeLoader;
  label: string;
  selected: string;
  address: (path: string) => string;
  end: (node: TreeNode) => ComponentChildren;
  /** Of rows whose values are watched. */
  watched?: (node: TreeNode) => string | undefined;
}) {
  const { loader, selected } = props;
  const { tree } = loader;
  const version = useStore(loader.version);
  const problem = useStore(loader.problem);
  const [activePath, setActivePath] = useState(selected);
  useEffect(() => {
    if (selected) setActivePath(selected);
    void (selected ? loader.openTowards(selected) : loader.openFirst());
  }, [selected, loader]);
  // The tree changes in place; the version says when.
  const active = useMemo(() => tree.indexOf(activePath), [activePath, version]);
  const rows = tree.rows;
  const parentRow = ({ parent }: TreeNode): number =>
    parent && parent !== tree.root ? tree.indexOf(parent.path) : -1;

  const onKey = (key: string, row: number): boolean => {
    const node = rows[row]?.kind === "node" ? (rows[row] as TreeRow).node : undefined;
    if (!node) return false;
    if (key === "ArrowRight" && node.branch && !node.open) loader.open(node);
    else if (key === "ArrowRight" && node.open) setActivePath(rows[row + 1]?.node.path ?? "");
    else if (key === "ArrowLeft" && node.open) loader.close(node);
    else if (key === "ArrowLeft" && parentRow(node) >= 0)
      setActivePath((node.parent as TreeNode).path);
    else if (key === "Enter") goTo(props.address(node.path));
    else if (key === " " && node.branch) toggle(loader, node);
    else return false;
    return true;
  };
  const onSeen = (from: number, to: number) => {
    for (const row of tree.rows.slice(from, to + 1))
      if (row.kind === "more" && !row.node.failed) void loader.loadMore(row.node);
  };
  return (
    <>
      <ProblemNote problem={problem} onRetry={() => void loader.refresh()} />
      <RowList
        role="tree"
        label={props.label}
        count={rows.length}
        version={version}
        active={active}
        onActive={(row) => {
          const next = rows[row];
          if (next?.kind === "node") setActivePath(next.node.path);
        }}
        onKey={onKey}
        onSeen={onSeen}
        pathAt={(row) => {
          const found = tree.rows[row];
          return found?.kind === "node" ? props.watched?.(found.node) : undefined;
        }}
        row={(index, id) => {
          const row = rows[index] as TreeRow;
          const shown: RowProps = {
            loader,
            row,
            id,
            active: index === active,
            selected: row.kind === "node" && row.node.path === selected,
            onPick: () => setActivePath(row.node.path),
            address: props.address,
            end: props.end,
          };
          return row.kind === "more" ? <MoreRow {...shown} /> : <NodeRow {...shown} />;
        }}
      />
    </>
  );
}
