/** A modal dialog that only shows something. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "./parts";

export function ViewDialog(props: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="view-dialog"
      aria-labelledby={id}
      onClose={props.onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="view-frame">
        <header>
          <h2 id={id}>{props.title}</h2>
          <Button kind="quiet" icon="close" label={t("close")} onClick={props.onClose} />
        </header>
        <div class="dialog-body" tabIndex={0} role="group" aria-labelledby={id}>
          {props.children}
        </div>
        <footer />
      </div>
    </dialog>
  );
}
