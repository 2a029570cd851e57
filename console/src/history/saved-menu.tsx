/** A menu of saved views: save what is shown, go to one, rename, delete, take back; and a link to what is shown. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { th } from "../i18n/history";
import { useStore } from "../store";
import { Dialog, Field } from "../ui/dialog";
import { Button } from "../ui/parts";
import { tell } from "../ui/toasts";
import { NAME_MAX, removeView, renameView, savedViews, saveView, type SavedView } from "./saved";

async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    tell({ text: th("saved.copied") });
  } catch {
    tell({ text: t("copy.by_hand") });
  }
}

function NameDialog(props: {
  title: string;
  name: string;
  taken: string[];
  onName: (name: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(props.name);
  const trimmed = name.trim();
  const hint = props.taken.includes(trimmed) ? th("saved.taken") : "";
  return (
    <Dialog
      title={props.title}
      submit={t("save")}
      disabled={trimmed === ""}
      onSubmit={() => props.onName(trimmed)}
      onClose={props.onClose}
    >
      <Field label={th("saved.name")} hint={hint}>
        {(id) => (
          <input
            id={id}
            value={name}
            maxLength={NAME_MAX}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

function Line(props: { view: SavedView; onRename: () => void; onGo: () => void }) {
  const { view } = props;
  return (
    <li class="saved-line">
      <a href={view.address} onClick={props.onGo}>
        {view.name}
      </a>
      <Button
        kind="quiet"
        icon="rename"
        label={th("saved.rename", { name: view.name })}
        onClick={props.onRename}
      />
      <Button
        kind="quiet"
        icon="retire"
        label={th("saved.remove", { name: view.name })}
        onClick={() => {
          const bringBack = removeView(view);
          tell({
            text: th("saved.removed", { name: view.name }),
            action: { text: t("undo"), run: bringBack },
          });
        }}
      />
    </li>
  );
}

/** suggested: a name for what is shown. */
export function SavedMenu({ suggested }: { suggested: string }) {
  const [open, setOpen] = useState(false);
  const [naming, setNaming] = useState<SavedView | "new" | null>(null);
  const views = useStore(savedViews);
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      const inside = menu.current?.contains(event.target as Node);
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !inside) setOpen(false);
    };
    addEventListener("pointerdown", away);
    addEventListener("keydown", away);
    return () => {
      removeEventListener("pointerdown", away);
      removeEventListener("keydown", away);
    };
  }, [open]);
  return (
    <div ref={menu} class="saved">
      <button
        type="button"
        class="chip"
        aria-expanded={open}
        aria-controls="saved-views"
        onClick={() => setOpen(!open)}
      >
        {th("saved.title")}
      </button>
      {open && (
        <div id="saved-views" class="saved-menu">
          <div class="saved-tools">
            <Button icon="plus" kind="primary" onClick={() => setNaming("new")}>
              {th("saved.save")}
            </Button>
            <Button icon="copy" onClick={() => void copyLink()}>
              {th("saved.copy")}
            </Button>
          </div>
          {views.length === 0 ? (
            <p class="hint">{th("saved.none")}</p>
          ) : (
            <ul aria-label={th("saved.title")}>
              {views.map((view) => (
                <Line
                  key={view.name}
                  view={view}
                  onRename={() => setNaming(view)}
                  onGo={() => setOpen(false)}
                />
              ))}
            </ul>
          )}
        </div>
      )}
      {naming && (
        <NameDialog
          title={naming === "new" ? th("saved.save") : th("saved.rename", { name: naming.name })}
          name={naming === "new" ? suggested : naming.name}
          taken={views.filter((view) => view !== naming).map(({ name }) => name)}
          onName={(name) => {
            if (naming === "new") {
              saveView(name, location.hash);
              tell({ text: th("saved.done", { name }) });
            } else renameView(naming, name);
            setNaming(null);
          }}
          onClose={() => setNaming(null)}
        />
      )}
    </div>
  );
}
