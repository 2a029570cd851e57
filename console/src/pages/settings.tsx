/** Settings in force: what is set, what was changed, what it means. */
import { useState } from "preact/hooks";
import { get } from "../api/http";
import { useQuery } from "../api/query";
import type { Setting } from "../api/types";
import { t } from "../i18n";
import { serverText, settingMeanings } from "../i18n/server-zh";
import { route } from "../router";
import {
  Badge,
  Card,
  Empty,
  PageHead,
  ProblemNote,
  Search,
  Segmented,
  Skeleton,
} from "../ui/parts";

function groupsOf(settings: Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    const dot = setting.name.indexOf(".");
    const name = dot < 0 ? "" : setting.name.slice(0, dot);
    groups.set(name, [...(groups.get(name) ?? []), setting]);
  }
  return [...groups];
}

const meaningOf = ({ name, meaning }: Setting): string =>
  serverText(settingMeanings, name, meaning);

const shown = (value: Setting["value"]): string => (value === "" ? "–" : String(value));

function SettingLine({ setting }: { setting: Setting }) {
  return (
    <li class={`setting${setting.changed ? " setting-changed" : ""}`}>
      <div class="setting-name">
        <code>{setting.name}</code>
        {setting.changed && (
          <Badge tone="info" icon="edit">
            {t("settings.changed")}
          </Badge>
        )}
      </div>
      <p>{meaningOf(setting)}</p>
      <div class="setting-value">
        <code>{shown(setting.value)}</code>
        {setting.changed && (
          <span class="faint">{t("settings.default", { value: shown(setting.default) })}</span>
        )}
        <span class="faint">{setting.reload ? t("settings.reload") : t("settings.restart")}</span>
      </div>
    </li>
  );
}

export function SettingsPage() {
  const [text, setText] = useState(route.get().query.get("search") ?? "");
  const [which, setWhich] = useState<"all" | "changed">("all");
  const { data, problem, reload } = useQuery("settings", (signal) =>
    get<{ settings: Setting[] }>("/v1/settings", signal),
  );
  const wanted = text.toLowerCase();
  const items = data?.settings.filter(
    (setting) =>
      (which === "all" || setting.changed) &&
      `${setting.name} ${meaningOf(setting)}`.toLowerCase().includes(wanted),
  );
  return (
    <div class="page">
      <PageHead title={t("settings.title")} text={t("settings.text")}>
        <Segmented
          label={t("settings.which")}
          value={which}
          onChange={setWhich}
          options={[
            { value: "all", text: t("settings.all") },
            { value: "changed", text: t("settings.changed") },
          ]}
        />
        <Search
          value={text}
          label={t("settings.search")}
          placeholder={t("settings.search")}
          onInput={setText}
        />
      </PageHead>
      <ProblemNote problem={problem} onRetry={reload} />
      {!items && !problem && <Skeleton rows={10} />}
      {items?.length === 0 && (
        <Card>
          {which === "changed" && text === "" ? (
            <Empty icon="settings" title={t("empty.settings")} text={t("empty.settings.text")} />
          ) : (
            <Empty
              icon="search"
              title={t("empty.search", { text })}
              text={t("empty.search.text")}
            />
          )}
        </Card>
      )}
      {groupsOf(items ?? []).map(([name, settings]) => (
        <Card key={name} title={name || t("settings.general")} class="settings">
          <ul>
            {settings.map((setting) => (
              <SettingLine key={setting.name} setting={setting} />
            ))}
          </ul>
        </Card>
      ))}
    </div>
  );
}
