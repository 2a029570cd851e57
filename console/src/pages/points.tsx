/** Tree or search at one side, the point or branch that was chosen at the other; on a phone one after the other. */
import { useState } from "preact/hooks";
import { mayAnywhere } from "../api/session";
import { t } from "../i18n";
import { goTo, route, routeAddress } from "../router";
import { Store, useStore } from "../store";
import { SearchView } from "../tree/search-view";
import { TreeView } from "../tree/tree-view";
import { Button, Empty, Search, useSettled } from "../ui/parts";
import { PlacePane } from "./point";
import { CreateDialog } from "./point-dialogs";

/** Stays while points are looked at. */
const search = new Store({ text: "", quality: "", state: "" });

function Filters() {
  const { text, quality, state } = useStore(search);
  return (
    <div class="filters">
      <label>
        <span class="hidden">{t("filter.quality")}</span>
        <select
          value={quality}
          onChange={(event) => search.set({ text, quality: event.currentTarget.value, state })}
        >
          <option value="">{t("filter.quality.all")}</option>
          <option value="good">{t("quality.good")}</option>
          <option value="uncertain">{t("quality.uncertain")}</option>
          <option value="bad">{t("quality.bad")}</option>
        </select>
      </label>
      <label>
        <span class="hidden">{t("filter.state")}</span>
        <select
          value={state}
          onChange={(event) => search.set({ text, quality, state: event.currentTarget.value })}
        >
          <option value="">{t("filter.state.all")}</option>
          {(["low_low", "low", "normal", "high", "high_high"] as const).map((name) => (
            <option key={name} value={name}>
              {t(`limit_state.${name}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

export function PointsPage() {
  const { rest } = useStore(route);
  const { text, quality, state } = useStore(search);
  const settled = useSettled(text.trim());
  const [creating, setCreating] = useState(false);
  const searching = settled !== "" || quality !== "" || state !== "";
  return (
    <div class={`split${rest ? " split-chosen" : ""}`}>
      <section class="split-list" aria-label={t("points.title")}>
        <header class="split-head">
          {rest ? <h2>{t("points.title")}</h2> : <h1 tabIndex={-1}>{t("points.title")}</h1>}
          {mayAnywhere("configure") && (
            <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
              {t("points.create")}
            </Button>
          )}
        </header>
        <div class="split-tools">
          <Search
            value={text}
            label={t("points.search")}
            placeholder={t("points.search")}
            onInput={(next) => search.set({ text: next, quality, state })}
          />
          <Filters />
        </div>
        {searching ? (
          <SearchView text={settled} filter={{ quality, state }} selected={rest} />
        ) : (
          <TreeView selected={rest} />
        )}
      </section>
      <section class="split-detail" aria-label={t("point.title")}>
        {rest ? (
          <PlacePane key={rest} path={rest} onBack={() => goTo(routeAddress("points"))} />
        ) : (
          <Empty icon="live" title={t("point.none")} text={t("point.none.text")} />
        )}
      </section>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </div>
  );
}
