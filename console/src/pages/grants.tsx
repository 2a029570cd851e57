/** What somebody or something is granted: roles, each within a branch. */
import type { Grant } from "../api/accounts";
import { get } from "../api/http";
import { useQuery } from "../api/query";
import { may } from "../api/session";
import { tp } from "../i18n/people";
import { Field } from "../ui/dialog";
import { Button } from "../ui/parts";

const GRANTS_MAX = 16;
/** For who may not look at roles: those that are in every tenant. */
const BUILT_IN = ["viewer", "operator", "engineer", "administrator", "auditor", "device"].map(
  (name) => ({ name }),
);

/** As they are sent: no branch is all of them. */
export const grantsOf = (grants: Grant[]): Grant[] =>
  grants.map(({ role, branch }) => ({ role, branch: branch.trim() || "#" }));

export function GrantList({ grants }: { grants: Grant[] }) {
  if (grants.length === 0) return <>{tp("people.grants.none")}</>;
  return (
    <>
      {grants.map(({ role, branch }) => (
        <div key={`${role} ${branch}`}>
          {role} <code class="faint">{branch}</code>
        </div>
      ))}
    </>
  );
}

/** Edits them. first: the role that another one begins with. */
export function Grants(props: {
  grants: Grant[];
  first?: string;
  onChange: (grants: Grant[]) => void;
}) {
  const { data } = useQuery("roles", async (signal) =>
    may("roles") ? get<{ roles: { name: string }[] }>("/v1/roles", signal) : { roles: BUILT_IN },
  );
  const { grants, first = "viewer", onChange } = props;
  const names = new Set([
    ...(data?.roles ?? []).map(({ name }) => name),
    ...grants.map(({ role }) => role),
  ]);
  const change = (at: number, part: Partial<Grant>) =>
    onChange(grants.map((grant, place) => (place === at ? { ...grant, ...part } : grant)));
  return (
    <fieldset>
      <legend>{tp("people.grants")}</legend>
      {grants.map((grant, at) => (
        <div key={at} class="label-row grant-row">
          <Field label={tp("people.role")}>
            {(id) => (
              <select
                id={id}
                value={grant.role}
                onChange={(event) => change(at, { role: event.currentTarget.value })}
              >
                {[...names].map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={tp("people.branch")}>
            {(id) => (
              <input
                id={id}
                value={grant.branch}
                spellcheck={false}
                autocomplete="off"
                onInput={(event) => change(at, { branch: event.currentTarget.value })}
              />
            )}
          </Field>
          <Button
            kind="quiet"
            icon="close"
            label={tp("people.grant.remove")}
            onClick={() => onChange(grants.filter((_, place) => place !== at))}
          />
        </div>
      ))}
      {grants.length < GRANTS_MAX && (
        <Button icon="plus" onClick={() => onChange([...grants, { role: first, branch: "#" }])}>
          {tp("people.grant.add")}
        </Button>
      )}
    </fieldset>
  );
}
