/** Roles: names for rights on patterns; who holds them; and why somebody may what he may. */
import { useState } from "preact/hooks";
import type { Role, RoleRight } from "../api/accounts";
import { RIGHTS } from "../api/accounts";
import { command, get } from "../api/http";
import { useQuery } from "../api/query";
import { may, session } from "../api/session";
import { ta } from "../i18n/access";
import { t } from "../i18n";
import { roleTitles, serverText } from "../i18n/server-zh";
import { goTo, route, routeAddress } from "../router";
import { useStore } from "../store";
import { Icon } from "../ui/icon";
import { Badge, Button, Card, Empty, PageHead, ProblemNote, Skeleton } from "../ui/parts";
import { Table, type Column } from "../ui/table";
import { tell } from "../ui/toasts";
import { SureDialog, Tabs } from "./access-parts";
import { DeedNote, useDeed } from "./people-parts";
import { RoleDialog, putRole, roleAddress } from "./roles-edit";
import { RoleHolders } from "./roles-holders";
import { RolesWhy } from "./roles-why";

export const roleTitle = ({ name, title, builtin }: Role): string =>
  builtin ? serverText(roleTitles, name, title ?? "") : (title ?? "");

/** What a pattern is about, in words; nothing where it speaks for itself. */
function patternWords(pattern: string): string {
  if (pattern === "#" || pattern === "**") return ta("pattern.all");
  if (pattern === "$tenant/#") return ta("pattern.tenant");
  if (pattern === "$server/#") return ta("pattern.server");
  if (pattern.startsWith("$")) return ta("pattern.resource");
  if (/%[cu]/.test(pattern)) return ta("pattern.name");
  return "";
}

function rightColumns(): Column<RoleRight>[] {
  return [
    {
      name: "pattern",
      title: ta("roles.pattern"),
      main: true,
      cell: ({ pattern }) => (
        <>
          <code class="name">{pattern}</code>
          <div class="faint">{patternWords(pattern)}</div>
        </>
      ),
    },
    ...RIGHTS.map((right): Column<RoleRight> => ({
      name: "right",
      title: ta(`right.${right}`),
      cell: ({ rights }) =>
        rights.includes(right) ? (
          <span class="has-right">
            <Icon name="check" size={18} />
            <span class="hidden">{ta("roles.may")}</span>
          </span>
        ) : (
          <span class="faint">
            <span aria-hidden="true">–</span>
            <span class="hidden">{ta("roles.may_not")}</span>
          </span>
        ),
    })),
  ];
}

type Open = "edit" | "remove" | null;

function RoleCard(props: { role: Role; names: string[]; onChanged: () => void }) {
  const { role, onChanged } = props;
  const [open, setOpen] = useState<Open>(null);
  const [, error, run] = useDeed();
  const close = () => setOpen(null);
  const mayChange = !role.builtin && may("roles", "administer");
  const restore = () =>
    void run(async () => {
      await putRole(role);
      onChanged();
      goTo(routeAddress("roles", role.name), true);
    });
  const undo = { text: t("undo"), run: restore };
  return (
    <Card class="pair-panel">
      <div class="panel-head">
        <Button
          kind="quiet"
          icon="back"
          label={t("back")}
          onClick={() => goTo(routeAddress("roles"))}
        />
        <h2>{role.name}</h2>
        <Badge tone={role.builtin ? "plain" : "info"}>
          {role.builtin ? ta("roles.builtin") : ta("roles.own")}
        </Badge>
        {mayChange && (
          <div class="panel-tools">
            <Button icon="edit" onClick={() => setOpen("edit")}>
              {t("edit")}
            </Button>
            <Button icon="retire" onClick={() => setOpen("remove")}>
              {ta("remove")}
            </Button>
          </div>
        )}
      </div>
      {roleTitle(role) && <p class="panel-title">{roleTitle(role)}</p>}
      <DeedNote error={error} />
      <div class="rights">
        <Table
          label={ta("roles.rights.of", { name: role.name })}
          columns={rightColumns()}
          items={role.rights}
          keyOf={({ pattern }) => pattern}
        />
      </div>
      <RoleHolders key={role.name} role={role.name} />
      {open === "edit" && (
        <RoleDialog
          role={role}
          names={props.names}
          onClose={close}
          onDone={() => {
            close();
            onChanged();
            tell({ text: ta("roles.saved", { name: role.name }), action: undo });
          }}
        />
      )}
      {open === "remove" && (
        <SureDialog
          title={ta("roles.remove", { name: role.name })}
          text={ta("roles.remove.text")}
          submit={ta("remove")}
          deed={async () => {
            await command("DELETE", roleAddress(role.name));
            close();
            tell({ text: ta("roles.removed", { name: role.name }), action: undo });
            goTo(routeAddress("roles"));
            onChanged();
          }}
          onClose={close}
        />
      )}
    </Card>
  );
}

function RoleLinks(props: { title: string; roles: Role[]; chosen: string | undefined }) {
  if (props.roles.length === 0) return null;
  return (
    <>
      <h2 class="role-group">{props.title}</h2>
      <ul class="role-links">
        {props.roles.map((role) => (
          <li key={role.name}>
            <a
              href={routeAddress("roles", role.name)}
              aria-current={role.name === props.chosen ? "true" : undefined}
            >
              <span class="name">{role.name}</span>
              <span class="faint">{roleTitle(role)}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function RolesView({ chosen }: { chosen: string }) {
  const [making, setMaking] = useState(false);
  const { data, problem, reload } = useQuery("roles whole", (signal) =>
    get<{ roles: Role[] }>("/v1/roles", signal),
  );
  const roles = data?.roles ?? [];
  const own = roles.filter(({ builtin }) => !builtin);
  const role = chosen ? roles.find(({ name }) => name === chosen) : roles[0];
  const mayMake = may("roles", "administer");
  const names = roles.map(({ name }) => name);
  return (
    <>
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton rows={8} />}
      {data && (
        <div class={`pair pair-roles${chosen ? " pair-chosen" : ""}`}>
          <Card class="pair-list">
            <RoleLinks
              title={ta("roles.builtin.title")}
              roles={roles.filter(({ builtin }) => builtin)}
              chosen={role?.name}
            />
            <RoleLinks title={ta("roles.own.title")} roles={own} chosen={role?.name} />
            {own.length === 0 && <p class="hint role-group">{ta("roles.own.none")}</p>}
            {mayMake && (
              <Button icon="plus" onClick={() => setMaking(true)}>
                {ta("roles.add")}
              </Button>
            )}
          </Card>
          {role ? (
            <RoleCard role={role} names={names} onChanged={reload} />
          ) : (
            <Card class="pair-panel">
              <Empty icon="unknown" title={ta("roles.unknown")} text={ta("roles.unknown.text")}>
                <a href={routeAddress("roles")}>{ta("roles.all")}</a>
              </Empty>
            </Card>
          )}
        </div>
      )}
      {making && (
        <RoleDialog
          role={null}
          names={names}
          onClose={() => setMaking(false)}
          onDone={(name) => {
            setMaking(false);
            reload();
            goTo(routeAddress("roles", name));
            tell({ text: ta("roles.saved", { name }) });
          }}
        />
      )}
    </>
  );
}

export function RolesPage() {
  useStore(session);
  const { rest, query } = useStore(route);
  const isWhy = query.get("view") === "why";
  const tabs = [
    { name: "roles", text: ta("roles.title"), href: routeAddress("roles") },
    { name: "why", text: ta("why.title"), href: routeAddress("roles", "", { view: "why" }) },
  ];
  return (
    <div class={`page page-wide access-page${rest ? " access-chosen" : ""}`}>
      <PageHead title={ta("roles.title")} text={ta("roles.text")}>
        <Tabs label={ta("roles.views")} shown={isWhy ? "why" : "roles"} tabs={tabs} />
      </PageHead>
      {isWhy ? <RolesWhy query={query} /> : <RolesView chosen={rest} />}
    </div>
  );
}
