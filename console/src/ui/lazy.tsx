/** A component whose code loads when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { Button, Skeleton } from "./parts";

export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>,
  rows = 8,
): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, setRound] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      let over = false;
      load()
        .then((component) => {
          loaded = component;
          if (!over) setRound((old) => old + 1);
        })
        .catch(() => !over && setFailed(true));
      return () => {
        over = true;
      };
    }, []);
    if (loaded) {
      const Shown = loaded;
      return <Shown {...props} />;
    }
    if (!failed) return <Skeleton rows={rows} />;
    return (
      <div class="note note-bad" role="alert">
        <span>{t("lazy.failed")}</span>
        <Button icon="reload" onClick={() => location.reload()}>
          {t("retry")}
        </Button>
      </div>
    );
  };
}
