/** Entering by an OpenID provider of a tenant, and the providers that one's own account is linked to. */
import { command, get, withQuery } from "./http";

export interface OpenidLink {
  number: number;
  provider: string;
  issuer: string;
  subject: string;
  label: string | null;
  created: string | null;
}

const RETURN_MAX = 64;

/** By whom the people of a tenant may enter; none where the server knows none. */
export async function askProviders(tenant: string, signal?: AbortSignal): Promise<string[]> {
  const address = withQuery("/v1/session/openid", { tenant });
  const { providers } = await get<{ providers: { name: string }[] }>(address, signal);
  return providers.map(({ name }) => name);
}

/** Where the browser goes to enter; it comes back to the page that was wanted. */
export function beginAddress(provider: string, tenant: string, hash: string): string {
  const wanted = `/${hash}`;
  const back = wanted.length <= RETURN_MAX && !hash.startsWith("#/login") ? wanted : "/";
  const address = `/v1/session/openid/${encodeURIComponent(provider)}/begin`;
  return withQuery(address, { tenant, return: back });
}

export const askLinks = async (signal?: AbortSignal): Promise<OpenidLink[]> =>
  (await get<{ links: OpenidLink[] }>("/v1/me/openid", signal)).links;

export async function linkProvider(provider: string): Promise<void> {
  const address = `/v1/me/openid/${encodeURIComponent(provider)}`;
  const { url } = await command<{ url: string }>("PUT", address);
  location.assign(url);
}

export const unlinkProvider = (number: number): Promise<unknown> =>
  command("DELETE", `/v1/me/openid/${number}`);
