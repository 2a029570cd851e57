/** One tenant: for who runs the server, and for its own people. */
import { useState } from "preact/hooks";
import { get } from "../api/http";
import { useQuery } from "../api/query";
import { may, session } from "../api/session";
import { changeTenant, HOUSE, tenantAddress, type Quotas, type Tenant } from "../api/tenants";
import { formatCount } from "../format";
import { tq } from "../i18n/tenants";
import { goTo, routeAddress } from "../router";
import { useStore } from "../store";
import { Downloads } from "../ui/download";
import { Icon } from "../ui/icon";
import { Badge, Button, Card, Empty, PageHead, ProblemNote, Skeleton, Time } from "../ui/parts";
import { tell } from "../ui/toasts";
import { seenName } from "../names";
import { DeedNote, useDeed } from "./people-parts";
import {
  AdministratorDialog,
  DeleteDialog,
  Facts,
  Gauges,
  StateBadge,
  SuspendDialog,
  SuspendedNote,
  TenantDialog,
} from "./tenants-parts";

const AGAIN_MS = 2000;

function FactsCard({ tenant }: { tenant: Tenant }) {
  return (
    <Card title={tq("tenants.facts")}>
      <Facts
        facts={[
          [tq("tenants.name"), tenant.name],
          [tq("tenants.people"), formatCount(tenant.users)],
          [tq("tenants.devices"), formatCount(tenant.devices)],
          [tq("tenants.accounts"), formatCount(tenant.accounts)],
          [tq("tenants.roles"), formatCount(tenant.roles)],
          [tq("tenants.shares_given"), formatCount(tenant.shares_given)],
          [tq("tenants.shares_taken"), formatCount(tenant.shares_taken)],
          [tq("tenants.created"), <Time time={tenant.created} />],
        ]}
      />
    </Card>
  );
}

type Open = "edit" | "suspend" | "delete" | "invite" | null;

function Tools({
  tenant,
  onOpen,
  onActivate,
  busy,
}: {
  tenant: Tenant;
  onOpen: (open: Open) => void;
  onActivate: () => void;
  busy: boolean;
}) {
  return (
    <>
      <Button icon="edit" onClick={() => onOpen("edit")}>
        {tq("tenants.edit")}
      </Button>
      {tenant.name !== HOUSE && (
        <>
          {tenant.state === "suspended" ? (
            <Button icon="play" busy={busy} onClick={onActivate}>
              {tq("tenants.activate")}
            </Button>
          ) : (
            <Button icon="stop" onClick={() => onOpen("suspend")}>
              {tq("tenants.suspend")}
            </Button>
          )}
          <Button icon="retire" kind="danger" onClick={() => onOpen("delete")}>
            {tq("tenants.delete")}
          </Button>
        </>
      )}
    </>
  );
}

function OpenDialog(props: {
  open: Open;
  tenant: Tenant;
  onClose: () => void;
  onDone: () => void;
}) {
  const { open, tenant, onClose, onDone } = props;
  const { name } = tenant;
  const done = (text: string) => {
    onClose();
    tell({ text });
    onDone();
  };
  if (open === "edit")
    return (
      <TenantDialog
        tenant={tenant}
        onClose={onClose}
        onDone={() => done(tq("tenants.saved", { name }))}
      />
    );
  if (open === "suspend")
    return (
      <SuspendDialog
        name={name}
        onClose={onClose}
        onDone={() => done(tq("tenants.suspended", { name }))}
      />
    );
  if (open === "delete")
    return (
      <DeleteDialog
        name={name}
        onClose={onClose}
        onDone={() => goTo(routeAddress("tenants", name, { deleted: "1" }))}
      />
    );
  if (open === "invite")
    return (
      <AdministratorDialog
        tenant={name}
        onClose={() => {
          onClose();
          onDone();
        }}
      />
    );
  return null;
}

export function TenantView({ name }: { name: string }) {
  const [open, setOpen] = useState<Open>(null);
  const [busy, error, run] = useDeed();
  const { data, problem, reload } = useQuery(
    `tenant ${name}`,
    (signal) => get<Tenant>(tenantAddress(name), signal),
    AGAIN_MS,
  );
  const mayChange = may("tenants", "administer");
  const activate = () =>
    run(async () => {
      await changeTenant(name, { state: "active" });
      tell({ text: tq("tenants.activated", { name }) });
      reload();
    });
  return (
    <div class="page">
      <a class="link" href={routeAddress("tenants")}>
        <Icon name="back" size={16} />
        {tq("tenants.back")}
      </a>
      <PageHead title={seenName(data?.title || name)}>
        {data && mayChange && (
          <Tools tenant={data} busy={busy} onOpen={setOpen} onActivate={() => void activate()} />
        )}
      </PageHead>
      <ProblemNote problem={problem} onRetry={reload} />
      <DeedNote error={error} />
      {!data && !problem && <Skeleton />}
      {data && (
        <>
          <div class="badges">
            <StateBadge tenant={data} />
            {name === HOUSE && <Badge tone="info">{tq("tenants.state.main")}</Badge>}
          </div>
          {data.state === "suspended" && <SuspendedNote />}
          {data.users === 0 && mayChange && (
            <Card>
              <Empty icon="people" title={tq("tenants.invite.none")}>
                <Button kind="primary" icon="plus" onClick={() => setOpen("invite")}>
                  {tq("tenants.invite")}
                </Button>
              </Empty>
            </Card>
          )}
          <Card title={tq("quota.title")}>
            <Gauges quotas={data.quotas} tenant={name} />
          </Card>
          <FactsCard tenant={data} />
          {mayChange && (
            <Card title={tq("tenants.export")}>
              <p class="card-text">{tq("tenants.export.text")}</p>
              <Downloads
                files={[
                  {
                    text: tq("tenants.export.get"),
                    file: () => ({
                      name: `${name}.ndjson`,
                      media: "application/x-ndjson",
                      address: `${tenantAddress(name)}/export`,
                    }),
                  },
                ]}
              />
            </Card>
          )}
          <OpenDialog open={open} tenant={data} onClose={() => setOpen(null)} onDone={reload} />
        </>
      )}
    </div>
  );
}

/** For the tenant's own people, who see no other. */
export function OwnTenant() {
  const { tenant, tenant_title } = useStore(session) ?? {};
  const { data, problem, reload } = useQuery(
    "quota",
    (signal) => get<{ quotas: Quotas }>("/v1/quota", signal),
    AGAIN_MS,
  );
  return (
    <div class="page">
      <PageHead title={seenName(tenant_title || tenant || "")} text={tq("tenants.own.text")} />
      <ProblemNote problem={problem} onRetry={reload} />
      <Card title={tq("quota.title")}>
        {!data && !problem && <Skeleton />}
        {data && <Gauges quotas={data.quotas} tenant={tenant ?? ""} />}
        <p class="faint">{tq("tenants.own.more")}</p>
      </Card>
    </div>
  );
}
