/** Types of assets: a list by what is kind of what, beside it the one that is looked at or edited. */
import { useState } from "preact/hooks";
import { askTypes, type TypeBrief } from "../api/assets";
import { usePages } from "../api/query";
import { mayTypes } from "../api/session";
import { levelWords } from "../assets/parts";
import { typesInOrder } from "../assets/type-draft";
import { formatCount } from "../format";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { goTo, routeAddress } from "../router";
import { LongList } from "../ui/long-list";
import { Name } from "../ui/name";
import { Button, Card, Empty, ProblemNote, Search, Skeleton } from "../ui/parts";
import { TypeEditor } from "./type-editor";

export const typePageAddress = (name: string): string =>
  routeAddress("assets", name, { view: "types" });

function TypeList({ list, text }: { list: ReturnType<typeof useTypes>; text: string }) {
  const wanted = text.toLowerCase();
  const rows = typesInOrder(list.items ?? []).filter(
    ({ type }) =>
      type.name.toLowerCase().includes(wanted) || (type.title ?? "").toLowerCase().includes(wanted),
  );
  if (rows.length === 0)
    return (
      <Empty icon="search" title={t("empty.search", { text })} text={ts("types.search.all")} />
    );
  return (
    <LongList
      label={ts("types.title")}
      items={rows}
      rowHeight={46}
      phoneHeight={54}
      onOpen={({ type }) => goTo(typePageAddress(type.name))}
      more={list.hasMore && !list.loading ? list.more : undefined}
      row={({ type, depth }) => (
        <div
          class="type-row"
          style={{ paddingInlineStart: `calc(${depth} * var(--indent) + 8px)` }}
        >
          <span class="name">
            <Name text={type.name} />
          </span>
          <span class="faint type-title">{type.title}</span>
          <span class="faint">{levelWords(type.level)}</span>
          {type.assets !== null && (
            <span
              class="count"
              title={ts("types.assets", { count: formatCount(type.assets), number: type.assets })}
            >
              {formatCount(type.assets)}
            </span>
          )}
        </div>
      )}
    />
  );
}

function useTypes() {
  return usePages<TypeBrief>("types", askTypes);
}

export function TypesView({ chosen }: { chosen: string }) {
  const list = useTypes();
  const [text, setText] = useState("");
  const [adding, setAdding] = useState(false);
  const { items, problem, reload } = list;
  const mayEdit = mayTypes();
  const open = adding || chosen !== "";
  return (
    <>
      <div class="tools">
        <Search
          value={text}
          label={ts("types.search")}
          placeholder={ts("types.search")}
          onInput={setText}
        />
        <Button icon="reload" label={t("reload")} onClick={reload} />
        {mayEdit && (
          <Button
            kind="primary"
            icon="plus"
            onClick={() => {
              goTo(typePageAddress(""));
              setAdding(true);
            }}
          >
            {ts("types.add")}
          </Button>
        )}
      </div>
      <ProblemNote problem={problem} onRetry={reload} />
      <div class={`pair pair-types${open ? " pair-chosen" : ""}`}>
        <Card class="pair-list list-card">
          {!items && !problem && <Skeleton rows={8} />}
          {items?.length === 0 && !list.hasMore && (
            <Empty icon="assets" title={ts("types.none")} text={ts("types.none.text")} />
          )}
          {items && items.length > 0 && <TypeList list={list} text={text.trim()} />}
        </Card>
        {open && (
          <TypeEditor
            key={chosen || "new"}
            name={chosen}
            mayEdit={mayEdit}
            onDone={(name) => {
              reload();
              setAdding(false);
              goTo(name ? typePageAddress(name) : routeAddress("assets", "", { view: "types" }));
            }}
            onClose={() => {
              setAdding(false);
              goTo(routeAddress("assets", "", { view: "types" }));
            }}
          />
        )}
      </div>
    </>
  );
}
