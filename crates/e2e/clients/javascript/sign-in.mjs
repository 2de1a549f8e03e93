// People sign in with MSAL for Node: code with PKCE, refresh, device, secret, certificate.
//
// Standard input: {"url", "tenant", "domain", "user", "password", "clientId", "clientSecret",
// "certificate": {"key", "sha256"}}: a server (NODE_EXTRA_CA_CERTS names the file that vouches for it),
// a person, and a client with the redirect URIs below.
// Ends with 0 and a line "done" if everything was as a user of MSAL may expect.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import {
  ConfidentialClientApplication,
  CryptoProvider,
  InteractionRequiredAuthError,
  PublicClientApplication,
} from "@azure/msal-node";

import { Browser } from "./browser.mjs";

const NATIVE = "http://localhost:51234";
const WEB = "https://app.example/cb";
const scopes = ["User.Read"];
const given = JSON.parse(readFileSync(0, "utf8"));

function application(Kind, more = {}) {
  return new Kind({
    auth: {
      clientId: given.clientId,
      authority: `${given.url}/${given.tenant}`,
      knownAuthorities: [new URL(given.url).host],
      ...more,
    },
  });
}

function isGood(result) {
  assert.ok(result.accessToken);
  assert.equal(result.account.username, given.user);
  assert.equal(result.account.tenantId, given.tenant);
  return result;
}

async function byCode(app, redirectUri, browser = new Browser(given), more = {}) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const asked = { scopes, redirectUri, codeChallenge: challenge, codeChallengeMethod: "S256" };
  const address = await app.getAuthCodeUrl({ ...asked, ...more });
  const end = await browser.signIn(address);
  assert.ok(end.address.startsWith(redirectUri), end.address);
  const code = new URL(end.address).searchParams.get("code");
  assert.ok(code, end.address);
  return isGood(
    await app.acquireTokenByCode({ scopes, redirectUri, code, codeVerifier: verifier }),
  );
}

async function staysSignedIn(app, account) {
  for (let times = 0; times < 3; times++) {
    isGood(await app.acquireTokenSilent({ scopes, account, forceRefresh: true }));
  }
}

const app = application(PublicClientApplication);
const browser = new Browser(given);
const { account } = await byCode(app, NATIVE, browser);
await staysSignedIn(app, account);
await byCode(app, NATIVE, browser, { prompt: "none" });
await assert.rejects(
  app.acquireTokenSilent({ scopes: ["User.ReadWrite"], account }),
  InteractionRequiredAuthError,
);

const forDevice = application(PublicClientApplication);
let decided;
const result = await forDevice.acquireTokenByDeviceCode({
  scopes,
  deviceCodeCallback: ({ userCode, verificationUri }) => {
    decided = new Browser(given).enterCode(verificationUri, userCode);
  },
});
await decided;
isGood(result);
await staysSignedIn(forDevice, result.account);

const server = application(ConfidentialClientApplication, { clientSecret: given.clientSecret });
const { account: known } = await byCode(server, WEB);
await staysSignedIn(server, known);

const { key: privateKey, sha256: thumbprintSha256 } = given.certificate;
const certified = application(ConfidentialClientApplication, {
  clientCertificate: { privateKey, thumbprintSha256 },
});
const { account: again } = await byCode(certified, WEB);
await staysSignedIn(certified, again);
console.log("done");
