/** Short words about what was done, with a way back where there is one. */
import { Store, useStore } from "../store";
import { t } from "../i18n";
import { Icon } from "./icon";

interface Toast {
  id: number;
  text: string;
  bad?: boolean;
  action?: { text: string; run: () => void };
}
const SHOWN_MS = 5000;
const SHOWN_WITH_ACTION_MS = 12_000;
const toasts = new Store<Toast[]>([]);
let lastId = 0;

function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

export function tell(toast: Omit<Toast, "id">): void {
  const id = ++lastId;
  toasts.set([...toasts.get(), { ...toast, id }].slice(-3));
  setTimeout(() => dismiss(id), toast.action || toast.bad ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {useStore(toasts).map((toast) => (
        <div key={toast.id} class={`toast${toast.bad ? " toast-bad" : ""}`}>
          <Icon name={toast.bad ? "bad" : "check"} size={16} />
          <span>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              class="toast-action"
              onClick={() => {
                dismiss(toast.id);
                toast.action?.run();
              }}
            >
              {toast.action.text}
            </button>
          )}
          <button
            type="button"
            class="toast-close"
            aria-label={t("close")}
            onClick={() => dismiss(toast.id)}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
