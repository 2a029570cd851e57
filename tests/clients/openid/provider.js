// A real OpenID provider (oidc-provider) for tests/scenario/openid_test.py, run as
// `node provider.js PORT REDIRECT MODULES`. Whoever comes is at once who POST /control?who=NAME said, for a
// test has no hands; the rest is the provider's own: PKCE, codes, tokens, keys, errors. New keys with every
// start.
"use strict";
const { generateKeyPairSync } = require("crypto");
const http = require("http");
const path = require("path");
const { pathToFileURL } = require("url");

const [port, redirect, modules] = process.argv.slice(2);
const people = {
  kim: { preferred_username: "kim", name: "Kim Lee", email: "kim@example.org", email_verified: true },
  ann: { name: "Ann elsewhere", email: "ann@example.org", email_verified: true },
  "ann-mfa": { preferred_username: "ann" },
  "248289761001": {},
};
let who = "kim";

function key(kid, kind, options, alg) {
  const jwk = generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" });
  return { ...jwk, kid: `${kid}-${process.pid}`, alg, use: "sig" };
}

function client(id, alg, more = {}) {
  return {
    client_id: id,
    client_secret: "a secret: & more %",
    redirect_uris: [redirect],
    response_types: ["code"],
    grant_types: ["authorization_code"],
    id_token_signed_response_alg: alg,
    token_endpoint_auth_method: "client_secret_basic",
    ...more,
  };
}

async function main() {
  const entry = pathToFileURL(path.join(modules, "oidc-provider/lib/index.js"));
  const { default: Provider } = await import(entry);
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    jwks: {
      keys: [
        key("rs", "rsa", { modulusLength: 2048 }, "RS256"),
        key("ps", "rsa", { modulusLength: 2048 }, "PS256"),
        key("es", "ec", { namedCurve: "P-256" }, "ES256"),
        key("ed", "ed25519", {}, "EdDSA"),
      ],
    },
    clients: [
      client("mainstem", "RS256"),
      client("mainstem-PS256", "PS256", { token_endpoint_auth_method: "client_secret_post" }),
      client("mainstem-ES256", "ES256"),
      client("mainstem-EdDSA", "EdDSA"),
      client("public", "RS256", { token_endpoint_auth_method: "none", client_secret: undefined }),
      client("other", "RS256"),
    ],
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "none"],
    claims: {
      openid: ["sub", "amr"],
      email: ["email", "email_verified"],
      profile: ["name", "preferred_username"],
    },
    conformIdTokenClaims: false,
    cookies: { keys: ["for tests alone"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...people[id] }) }),
  });
  const answer = provider.callback();

  async function interact(request, response) {
    const { params } = await provider.interactionDetails(request, response);
    if (who === "nobody") {
      const result = { error: "access_denied", error_description: "he changed his mind" };
      return provider.interactionFinished(request, response, result);
    }
    const grant = new provider.Grant({ accountId: who, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    const amr = who.endsWith("-mfa") ? ["pwd", "mfa"] : ["pwd"];
    const result = { login: { accountId: who, amr }, consent: { grantId: await grant.save() } };
    return provider.interactionFinished(request, response, result);
  }

  const server = http.createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/control") {
      who = url.searchParams.get("who");
      response.end(who);
    } else if (url.pathname.startsWith("/interaction/")) {
      interact(request, response).catch((error) => {
        console.error(error);
        response.writeHead(500).end();
      });
    } else {
      answer(request, response);
    }
  });
  server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
}

main();
