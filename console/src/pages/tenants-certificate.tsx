/** What went of a deleted tenant: how far it is, and the certificate. */
import { saveFile } from "../api/download";
import { get } from "../api/http";
import { useQuery } from "../api/query";
import { tenantAddress, type Certificate } from "../api/tenants";
import { formatCount } from "../format";
import { tenantsKeyIfKnown, tq } from "../i18n/tenants";
import { routeAddress } from "../router";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import { Badge, Button, Card, PageHead, ProblemNote, Skeleton, Snippet, Time } from "../ui/parts";
import { Facts } from "./tenants-parts";

type StepState = "done" | "now" | "later";
const STEP_ICONS = { done: "well", now: "reload", later: "clock" } as const;

function Step({ text, state }: { text: string; state: StepState }) {
  return (
    <li class={`deletion-step deletion-${state}`}>
      <Icon name={STEP_ICONS[state]} />
      <span>{text}</span>
      <span class="faint">{tq(`certificate.step.${state}`)}</span>
    </li>
  );
}

function Steps({ certificate }: { certificate: Certificate }) {
  const { erasure, state } = certificate;
  return (
    <ol class="deletion" aria-live="polite">
      <Step text={tq("certificate.accounts")} state="done" />
      <Step text={tq("certificate.points")} state={erasure ? "done" : "now"} />
      <Step
        text={tq("certificate.samples")}
        state={state === "done" ? "done" : erasure ? "now" : "later"}
      />
    </ol>
  );
}

/** "people 4, shares given 1": what is known by name, the rest as the server says it. */
function wentFacts(went: string): [string, string][] {
  return went.split(", ").map((part) => {
    const [, name = part, count = ""] = /^(.*) (\d+)$/.exec(part) ?? [];
    const word = name.replaceAll(" ", "_");
    const key = tenantsKeyIfKnown(`certificate.went.${word}`);
    return [key ? tq(key) : name, count && formatCount(Number(count))];
  });
}

function Proof({ certificate }: { certificate: Certificate }) {
  const { deleted, erasure, went, audit } = certificate;
  const position = erasure ?? deleted;
  return (
    <>
      <Card title={tq("certificate.went")}>
        {went ? <Facts facts={wentFacts(went)} /> : <p>{tq("certificate.went.unknown")}</p>}
      </Card>
      <Card title={tq("certificate.proof")}>
        <Facts
          facts={[
            [tq("certificate.tenant"), <Name text={certificate.title || certificate.tenant} />],
            [tq("certificate.number"), formatCount(certificate.number)],
            [tq("certificate.when"), <Time time={deleted?.time ?? null} />],
            [tq("certificate.who"), <Name text={deleted?.actor ?? ""} />],
            [tq("certificate.points.count"), formatCount(erasure?.points)],
            [tq("certificate.entry"), formatCount(deleted?.entry)],
            [tq("certificate.position"), formatCount(position?.position)],
          ]}
        />
        {deleted && (
          <>
            <h3 class="proof-title">{tq("certificate.chain")}</h3>
            <Snippet text={deleted.chain} />
          </>
        )}
        <h3 class="proof-title">{tq("certificate.head")}</h3>
        <Snippet text={audit.head} />
      </Card>
    </>
  );
}

export function CertificateView({ name }: { name: string }) {
  const { data, problem, reload } = useQuery(
    `certificate ${name}`,
    (signal) => get<Certificate>(`${tenantAddress(name)}/certificate`, signal),
    1000,
  );
  const save = () =>
    saveFile(`${name}-deleted.json`, [`${JSON.stringify(data, null, 2)}\n`], "application/json");
  return (
    <div class="page">
      <a class="link" href={routeAddress("tenants")}>
        <Icon name="back" size={16} />
        {tq("tenants.back")}
      </a>
      <PageHead title={tq("certificate.title")} text={tq("certificate.text", { name })}>
        <Button icon="down_to" disabled={data?.state !== "done"} onClick={save}>
          {tq("certificate.download")}
        </Button>
      </PageHead>
      <ProblemNote problem={problem} onRetry={reload} />
      {!data && !problem && <Skeleton />}
      {data && (
        <>
          <Card
            title={data.title || data.tenant}
            aside={
              data.state === "done" ? (
                <Badge tone="good" icon="check">
                  {tq("certificate.done")}
                </Badge>
              ) : (
                <Badge tone="info" icon="clock">
                  {tq("certificate.under_way")}
                </Badge>
              )
            }
          >
            <Steps certificate={data} />
          </Card>
          <Proof certificate={data} />
        </>
      )}
    </div>
  );
}
