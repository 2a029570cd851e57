/** Entering by an OpenID provider: buttons of the login, and the links of one's own account. */
import { askLinks, askProviders, beginAddress, linkProvider, unlinkProvider } from "../api/openid";
import { useQuery } from "../api/query";
import { session } from "../api/session";
import { peopleKeyIfKnown, tp } from "../i18n/people";
import { route } from "../router";
import { useStore } from "../store";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import { Button, Card, ProblemNote, Time } from "../ui/parts";
import { tell } from "../ui/toasts";
import { DeedNote, useDeed } from "./people-parts";

/** Why the provider sent one back, from the address. */
export function openidReason(query: URLSearchParams): string {
  const reason = query.get("reason") ?? "";
  if (!reason) return "";
  const known = peopleKeyIfKnown(`openid.reason.${reason}`);
  return tp(known ?? "openid.reason", { provider: query.get("provider") ?? "", reason });
}

export function ProviderButtons({ tenant }: { tenant: string }) {
  const { data } = useQuery(`openid ${tenant}`, (signal) => askProviders(tenant, signal));
  if (!data?.length) return null;
  return (
    <div class="providers">
      <span class="providers-or">{tp("openid.or")}</span>
      {data.map((name) => (
        <a key={name} class="button button-plain" href={beginAddress(name, tenant, location.hash)}>
          <Icon name="external" size={16} />
          <span>{tp("openid.enter", { provider: name })}</span>
        </a>
      ))}
    </div>
  );
}

export function LinksCard() {
  const { tenant } = useStore(session) ?? {};
  const { query } = useStore(route);
  const links = useQuery("links", askLinks);
  const providers = useQuery(`openid ${tenant}`, (signal) => askProviders(tenant ?? "", signal));
  const [busy, error, run] = useDeed();
  const reason = openidReason(query);
  const linked = query.get("linked");
  const free = (providers.data ?? []).filter(
    (name) => !links.data?.some(({ provider }) => provider === name),
  );
  const unlink = (number: number, provider: string) =>
    run(async () => {
      await unlinkProvider(number);
      tell({ text: tp("openid.unlinked", { provider }) });
      links.reload();
    });
  if (!links.data?.length && !free.length && !reason) return null;
  return (
    <Card title={tp("openid.title")}>
      <ProblemNote problem={links.problem} onRetry={links.reload} />
      <DeedNote error={error} />
      {reason && (
        <div class="note note-bad" role="alert">
          <Icon name="bad" />
          <span>{reason}</span>
        </div>
      )}
      {linked && <p role="status">{tp("openid.linked", { provider: linked })}</p>}
      <p class="faint">{tp("openid.text")}</p>
      <ul class="provider-links">
        {links.data?.map(({ number, provider, label, subject, created }) => (
          <li key={number}>
            <span>
              <Name class="name" text={provider} />
              <span class="faint">
                <Name text={label || subject} />
              </span>
            </span>
            <Time time={created} />
            <Button
              kind="quiet"
              icon="close"
              label={tp("openid.unlink", { provider })}
              busy={busy}
              onClick={() => void unlink(number, provider)}
            />
          </li>
        ))}
      </ul>
      {free.map((provider) => (
        <Button
          key={provider}
          icon="plus"
          busy={busy}
          onClick={() => void run(() => linkProvider(provider))}
        >
          {tp("openid.link", { provider })}
        </Button>
      ))}
    </Card>
  );
}
