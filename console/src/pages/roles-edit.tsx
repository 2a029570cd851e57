/** Makes a role, or changes what it says. */
import { useState } from "preact/hooks";
import { RIGHTS, type Role, type RoleRight } from "../api/accounts";
import { command } from "../api/http";
import type { Right } from "../api/session";
import { ta } from "../i18n/access";
import { t } from "../i18n";
import { Dialog, Field } from "../ui/dialog";
import { Button } from "../ui/parts";
import { TextField } from "./access-parts";
import { DeedNote, useDeed } from "./people-parts";

const RIGHTS_MAX = 16;

export const roleAddress = (name: string): string => `/v1/roles/${encodeURIComponent(name)}`;

export function putRole(role: Pick<Role, "name" | "title" | "rights">): Promise<unknown> {
  const { name, title, rights } = role;
  return command("PUT", roleAddress(name), { title: title ?? "", rights });
}

/** Undefined: a line lacks a pattern or a right, or two are about the same. */
export function rightsFrom(typed: RoleRight[]): RoleRight[] | undefined {
  const rights = typed.map(({ pattern, rights }) => ({
    pattern: pattern.trim(),
    rights: RIGHTS.filter((right) => rights.includes(right)),
  }));
  const patterns = new Set(rights.map(({ pattern }) => pattern));
  const isWhole = rights.every(({ pattern, rights }) => pattern !== "" && rights.length > 0);
  return rights.length > 0 && isWhole && patterns.size === rights.length ? rights : undefined;
}

function RightFields(props: {
  right: RoleRight;
  onChange: (right: RoleRight) => void;
  onRemove: (() => void) | undefined;
}) {
  const { right, onChange, onRemove } = props;
  const toggle = (one: Right, on: boolean) =>
    onChange({
      ...right,
      rights: on ? [...right.rights, one] : right.rights.filter((other) => other !== one),
    });
  return (
    <div class="right-fields" role="group" aria-label={right.pattern || ta("roles.pattern")}>
      <div class="right-pattern">
        <Field label={ta("roles.pattern")}>
          {(id) => (
            <input
              id={id}
              class="mono"
              value={right.pattern}
              placeholder="plant/line-1/#"
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => onChange({ ...right, pattern: event.currentTarget.value })}
            />
          )}
        </Field>
        {onRemove && (
          <Button kind="quiet" icon="close" label={ta("roles.right.remove")} onClick={onRemove} />
        )}
      </div>
      <div class="right-checks">
        {RIGHTS.map((one) => (
          <label key={one}>
            <input
              type="checkbox"
              checked={right.rights.includes(one)}
              onChange={(event) => toggle(one, event.currentTarget.checked)}
            />
            {ta(`right.${one}`)}
          </label>
        ))}
      </div>
    </div>
  );
}

export function RoleDialog(props: {
  role: Role | null;
  names: string[];
  onDone: (name: string) => void;
  onClose: () => void;
}) {
  const { role } = props;
  const [name, setName] = useState(role?.name ?? "");
  const [title, setTitle] = useState(role?.title ?? "");
  const [typed, setTyped] = useState<RoleRight[]>(
    role?.rights ?? [{ pattern: "", rights: ["see"] }],
  );
  const [busy, error, run] = useDeed();
  const rights = rightsFrom(typed);
  const isTaken = !role && props.names.includes(name.trim());
  const submit = async () => {
    if (!rights) return;
    await putRole({ name: name.trim(), title: title.trim(), rights });
    props.onDone(name.trim());
  };
  return (
    <Dialog
      title={role ? ta("roles.edit", { name: role.name }) : ta("roles.add")}
      text={ta("roles.dialog.text")}
      submit={t("save")}
      busy={busy}
      disabled={!name.trim() || isTaken || !rights}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      {!role && (
        <TextField
          label={ta("name")}
          {...(isTaken ? { error: ta("roles.taken") } : {})}
          value={name}
          onInput={setName}
        />
      )}
      <TextField label={ta("purpose")} value={title} onInput={setTitle} />
      <fieldset class="right-list">
        <legend>{ta("roles.rights")}</legend>
        <p class="field-hint">{ta("roles.pattern.hint")}</p>
        {typed.map((right, at) => (
          <RightFields
            key={at}
            right={right}
            onChange={(next) => setTyped(typed.map((old, place) => (place === at ? next : old)))}
            onRemove={
              typed.length > 1
                ? () => setTyped(typed.filter((_, place) => place !== at))
                : undefined
            }
          />
        ))}
        {typed.length < RIGHTS_MAX && (
          <Button
            icon="plus"
            onClick={() => setTyped([...typed, { pattern: "", rights: ["see"] }])}
          >
            {ta("roles.right.add")}
          </Button>
        )}
      </fieldset>
    </Dialog>
  );
}
