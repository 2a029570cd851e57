/** Why may she: an account, a right and a path; the server answers with the rule. All stands in the address. */
import { useEffect, useId, useState } from "preact/hooks";
import { RIGHTS, askAccounts } from "../api/accounts";
import { get, withQuery } from "../api/http";
import { useQuery } from "../api/query";
import { may, type Right } from "../api/session";
import type { PointList } from "../api/types";
import { ta } from "../i18n/access";
import { whyText } from "../i18n/why-zh";
import { goTo, routeAddress } from "../router";
import { Field } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Card, Empty, ProblemNote, Skeleton, useSettled } from "../ui/parts";
import { TextField } from "./access-parts";

interface Why {
  why: string[];
  may: boolean;
}

const KINDS = ["me", "user", "device", "token"] as const;
type Kind = (typeof KINDS)[number];
const LISTS = { user: "users", device: "devices", token: "tokens" } as const;
const SUGGESTIONS = 20;

const RESOURCES = [
  ...["users", "roles", "tokens", "devices", "claims", "shares", "providers", "audit", "quotas"],
  ...["clients", "topics", "refused"],
].map((name) => `$tenant/${name}`);
const SERVER_RESOURCES = ["state", "settings", "metrics", "history", "tenants", "audit", "sys"].map(
  (name) => `$server/${name}`,
);

export interface Asked {
  of: Kind;
  name: string;
  right: Right;
  path: string;
}

export function askedFrom(query: URLSearchParams): Asked {
  const others = may("users");
  return {
    of: KINDS.find((kind) => kind === query.get("of")) ?? (others ? "user" : "me"),
    name: query.get("name") ?? "",
    right: RIGHTS.find((right) => right === query.get("right")) ?? "see",
    path: query.get("path") ?? "",
  };
}

const isWhole = ({ of, name, path }: Asked): boolean => path !== "" && (of === "me" || name !== "");

const addressOf = ({ of, name, right, path }: Asked): string =>
  routeAddress("roles", "", { view: "why", of, name, right, path });

function useNames(of: Kind, text: string): string[] {
  const { data } = useQuery(`names ${of} ${text}`, async (signal) => {
    if (of === "me" || !may(LISTS[of])) return [];
    const { items } = await askAccounts(LISTS[of], text, null, SUGGESTIONS, signal);
    return items.map(({ name }) => name);
  });
  return data ?? [];
}

function usePaths(text: string): string[] {
  const resources = may("state") ? [...RESOURCES, ...SERVER_RESOURCES] : RESOURCES;
  const { data } = useQuery(`paths ${text}`, async (signal) => {
    if (text === "" || text.startsWith("$")) return [];
    const query = { contains: text, limit: SUGGESTIONS };
    return (await get<PointList>(withQuery("/v1/points", query), signal)).points;
  });
  return [...(data ?? []).map(({ path }) => path), ...resources];
}

function Answer({ asked }: { asked: Asked }) {
  const { of, name, right, path } = asked;
  const who = of === "me" ? {} : { [of]: name };
  const { data, problem, reload } = useQuery(`why ${of} ${name} ${right} ${path}`, (signal) =>
    get<Why>(withQuery("/v1/why", { path, right, ...who }), signal),
  );
  if (problem) return <ProblemNote problem={problem} onRetry={reload} />;
  if (!data) return <Skeleton rows={2} />;
  const [deciding, ...others] = data.why;
  return (
    <div class={`verdict-line verdict-line-${data.may ? "good" : "bad"}`} role="status">
      <Icon name={data.may ? "well" : "refused"} size={28} />
      <div>
        <p class="verdict-word">
          {ta(data.may ? "why.yes" : "why.no", {
            who: of === "me" ? ta("why.you") : name,
            right: ta(`right.${right}`),
            path,
          })}
        </p>
        <p>{whyText(deciding ?? "")}</p>
        {others.map((sentence) => (
          <p key={sentence} class="faint">
            {whyText(sentence)}
          </p>
        ))}
      </div>
    </div>
  );
}

function WhoFields(props: { asked: Asked; set: (change: Partial<Asked>) => void }) {
  const { asked, set } = props;
  const id = useId();
  const names = useNames(asked.of, useSettled(asked.name));
  const kinds = KINDS.filter((kind) => kind === "me" || may("users"));
  return (
    <>
      <Field label={ta("why.who")}>
        {(field) => (
          <select
            id={field}
            value={asked.of}
            onChange={(event) => set({ of: event.currentTarget.value as Kind, name: "" })}
          >
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {ta(`why.of.${kind}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {asked.of !== "me" && (
        <>
          <TextField
            label={ta("name")}
            value={asked.name}
            list={id}
            onInput={(name) => set({ name: name.trim() })}
          />
          <datalist id={id}>
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      )}
    </>
  );
}

/** Asked once what is typed rests; the address follows. */
export function RolesWhy({ query }: { query: URLSearchParams }) {
  const [asked, setAsked] = useState(() => askedFrom(query));
  const id = useId();
  const settled = useSettled(asked, 400);
  const paths = usePaths(useSettled(asked.path));
  const set = (change: Partial<Asked>) => setAsked((old) => ({ ...old, ...change }));
  useEffect(() => goTo(addressOf(settled), true), [settled]);
  return (
    <Card title={ta("why.title")}>
      <p class="tools-text">{ta("why.text")}</p>
      <form class="why-fields" onSubmit={(event) => event.preventDefault()}>
        <WhoFields asked={asked} set={set} />
        <Field label={ta("why.right")}>
          {(field) => (
            <select
              id={field}
              value={asked.right}
              onChange={(event) => set({ right: event.currentTarget.value as Right })}
            >
              {RIGHTS.map((right) => (
                <option key={right} value={right}>
                  {ta(`right.${right}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <TextField
          label={ta("why.path")}
          value={asked.path}
          code
          list={id}
          onInput={(path) => set({ path })}
        />
        <datalist id={id}>
          {paths.map((path) => (
            <option key={path} value={path} />
          ))}
        </datalist>
      </form>
      {isWhole(settled) ? (
        <Answer asked={settled} />
      ) : (
        <Empty icon="roles" title={ta("why.none")} text={ta("why.none.text")} />
      )}
    </Card>
  );
}
