/** The plant's shape: assets as a tree and one by one, their types, devices that wait, files in and out. */
import { useEffect, useState } from "preact/hooks";
import { askAssets, type AssetBrief } from "../api/assets";
import { usePages } from "../api/query";
import { may, mayAnywhere, session } from "../api/session";
import { AlarmBadge, AssetTabs, ASSET_VIEWS, levelWords, StaleBadge } from "../assets/parts";
import type { AssetView } from "../assets/parts";
import { assetKnown, assetTree, followAssets } from "../assets/tree";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { assetPageAddress, goTo, route, routeAddress } from "../router";
import { Store, useStore } from "../store";
import { TreeRows } from "../tree/tree-rows";
import type { TreeNode } from "../tree/tree";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import { Button, Empty, PageHead, ProblemNote, Search, Skeleton, useSettled } from "../ui/parts";
import { AssetPane } from "./asset";
import { AssetDialog } from "./asset-dialogs";
import { AssetsFile } from "./assets-file";
import { InboxView } from "./inbox";
import { TypesView } from "./types";

/** Stays while assets are looked at. */
const search = new Store("");

function endOf(node: TreeNode) {
  const known = assetKnown(node.path);
  if (!known) return null;
  return (
    <>
      {known.title && known.title !== known.name && (
        <span class="asset-title faint">
          <Name text={known.title} />
        </span>
      )}
      <span class="asset-end">
        <StaleBadge stale={known.stale} />
        <AlarmBadge alarms={known.alarms} />
        <span class="asset-type faint">{known.type ?? levelWords(known.level)}</span>
      </span>
    </>
  );
}

function AssetTree({ selected }: { selected: string }) {
  useStore(assetTree.version);
  const problem = useStore(assetTree.problem);
  useEffect(followAssets, []);
  useEffect(() => {
    void (selected ? assetTree.openTowards(selected) : assetTree.openFirst());
  }, [selected]);
  const { tree } = assetTree;
  if (tree.root.next === undefined && !problem) return <Skeleton rows={12} />;
  if (tree.rows.length === 0)
    return (
      <>
        <ProblemNote problem={problem} onRetry={() => void assetTree.refresh()} />
        <Empty icon="assets" title={ts("assets.none")} text={ts("assets.none.text")}>
          {mayAnywhere("configure") && (
            <a class="button button-plain" href={routeAddress("assets", "", { view: "inbox" })}>
              {ts("view.inbox")}
            </a>
          )}
        </Empty>
      </>
    );
  return (
    <TreeRows
      loader={assetTree}
      label={ts("assets.tree")}
      selected={selected}
      address={assetPageAddress}
      end={endOf}
    />
  );
}

function Found({ text }: { text: string }) {
  const list = usePages<AssetBrief>(`assets ${text}`, (after, signal) =>
    askAssets({ contains: text }, after, signal),
  );
  if (!list.items && !list.problem) return <Skeleton rows={8} />;
  return (
    <>
      <ProblemNote problem={list.problem} onRetry={list.reload} />
      {list.items?.length === 0 && !list.hasMore && (
        <Empty icon="search" title={t("empty.search", { text })} text={t("empty.search.text")} />
      )}
      {list.items && list.items.length > 0 && (
        <LongList
          label={ts("assets.found")}
          items={list.items}
          rowHeight={52}
          phoneHeight={60}
          onOpen={({ path }) => goTo(assetPageAddress(path))}
          more={list.hasMore && !list.loading ? list.more : undefined}
          row={({ path, title, type }) => (
            <div class="found-asset">
              <span class="name">
                <Name text={title || path.slice(path.lastIndexOf("/") + 1)} />
              </span>
              <span class="faint">{type}</span>
              <span class="faint found-path">{path}</span>
            </div>
          )}
        />
      )}
    </>
  );
}

function TreeTab({ chosen, views }: { chosen: string; views: readonly AssetView[] }) {
  const text = useStore(search);
  const settled = useSettled(text.trim());
  const [making, setMaking] = useState(false);
  return (
    <div class={`split${chosen ? " split-chosen" : ""}`}>
      <section class="split-list" aria-label={ts("assets.title")}>
        <header class="split-head">
          {chosen ? <h2>{ts("assets.title")}</h2> : <h1 tabIndex={-1}>{ts("assets.title")}</h1>}
          {mayAnywhere("configure") && (
            <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
              {ts("assets.add")}
            </Button>
          )}
        </header>
        <div class="split-tools">
          <AssetTabs shown="tree" views={views} />
          <Search
            value={text}
            label={ts("assets.search")}
            placeholder={ts("assets.search")}
            onInput={(next) => search.set(next)}
          />
        </div>
        {settled ? <Found text={settled} /> : <AssetTree selected={chosen} />}
      </section>
      <section class="split-detail" aria-label={ts("asset")}>
        {chosen ? (
          <AssetPane key={chosen} path={chosen} onBack={() => goTo(routeAddress("assets"))} />
        ) : (
          <Empty icon="assets" title={ts("asset.none")} text={ts("asset.none.text")} />
        )}
      </section>
      {making && <AssetDialog under={chosen} onClose={() => setMaking(false)} />}
    </div>
  );
}

const TEXTS = {
  types: ["types.title", "types.text"],
  inbox: ["inbox.title", "inbox.text"],
  file: ["file.assets", "file.assets.text"],
} as const;

function mayShow(view: AssetView): boolean {
  if (view === "inbox" || view === "file") return mayAnywhere("configure") || may("types");
  return true;
}

export function AssetsPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  const views = ASSET_VIEWS.filter(mayShow);
  const asked = views.find((view) => view === query.get("view")) ?? "tree";
  if (asked === "tree") return <TreeTab chosen={rest} views={views} />;
  const [title, text] = TEXTS[asked];
  return (
    <div class={`page page-wide access-page${rest ? " access-chosen" : ""}`}>
      <PageHead title={ts(title)} text={ts(text)}>
        <AssetTabs shown={asked} views={views} />
      </PageHead>
      {asked === "types" && <TypesView chosen={rest} />}
      {asked === "inbox" && <InboxView />}
      {asked === "file" && <AssetsFile />}
    </div>
  );
}
