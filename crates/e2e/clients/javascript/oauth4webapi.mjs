// The whole of oauth4webapi: what openid-client is made of, each answer held against its specification;
// here as a script in a browser (a single-page app), a server, and a device.
//
// Standard input: {"url", "tenant", "user", "password", "clientId", "clientSecret", "certificate": {"key",
// "sha256"}}: a server (NODE_EXTRA_CA_CERTS names the file that vouches for it), a person, and a client
// with the redirect URIs below.
// Ends with 0 and a line "done" if everything was as a user of the library may expect.

import assert from "node:assert/strict";
import { createPrivateKey, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

import * as oauth from "oauth4webapi";

import { Browser } from "./browser.mjs";

const SPA = "https://spa.example/cb";
const WEB = "https://app.example/cb";
const SCOPE = "openid profile email offline_access User.Read";
const given = JSON.parse(readFileSync(0, "utf8"));
const client = { client_id: given.clientId };

const issuer = new URL(`${given.url}/${given.tenant}/v2.0`);
const found = await oauth.discoveryRequest(issuer, { algorithm: "oidc" });
const server = await oauth.processDiscoveryResponse(issuer, found);

/** Checks claims and signature of what came with an ID token. */
async function identified(answer, response) {
  await oauth.validateApplicationLevelSignature(server, response);
  const claims = oauth.getValidatedIdTokenClaims(answer);
  assert.equal(claims.preferred_username, given.user);
  const asked = await oauth.userInfoRequest(server, client, answer.access_token);
  const told = await oauth.processUserInfoResponse(server, client, claims.sub, asked);
  assert.equal(told.name, claims.name);
  return answer;
}

async function byCode(authentication, redirectUri, options) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const address = new URL(server.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: given.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: SCOPE,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  const end = await new Browser(given).signIn(address.href);
  const parameters = oauth.validateAuthResponse(server, client, new URL(end.address), state);
  const response = await oauth.authorizationCodeGrantRequest(
    ...[server, client, authentication, parameters, redirectUri, verifier, options],
  );
  const checks = { expectedNonce: nonce, requireIdToken: true };
  const answer = await oauth.processAuthorizationCodeResponse(server, client, response, checks);
  return identified(answer, response);
}

async function staysSignedIn(authentication, { refresh_token }, options) {
  for (let times = 0; times < 3; times++) {
    const response = await oauth.refreshTokenGrantRequest(
      ...[server, client, authentication, refresh_token, options],
    );
    const answer = await oauth.processRefreshTokenResponse(server, client, response);
    await identified(answer, response);
    refresh_token = answer.refresh_token;
  }
}

// A page's script: its browser says whose it is.
const page = { headers: { origin: "https://spa.example" } };
const script = await byCode(oauth.None(), SPA, page);
await staysSignedIn(oauth.None(), script, page);
const elsewhere = { headers: { origin: "https://evil.example" } };
const stolen = await oauth.refreshTokenGrantRequest(
  ...[server, client, oauth.None(), script.refresh_token, elsewhere],
);
await assert.rejects(oauth.processRefreshTokenResponse(server, client, stolen));

const der = createPrivateKey(given.certificate.key).export({ type: "pkcs8", format: "der" });
const algorithm = { name: "RSA-PSS", hash: "SHA-256" };
const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
const kid = given.certificate.sha256;
for (const authentication of [
  oauth.ClientSecretBasic(given.clientSecret),
  oauth.ClientSecretPost(given.clientSecret),
  // The key's id as Entra's own libraries write it.
  oauth.PrivateKeyJwt({ key, kid }),
]) {
  await staysSignedIn(authentication, await byCode(authentication, WEB));
  const response = await oauth.clientCredentialsGrantRequest(
    ...[server, client, authentication, { scope: "https://graph.microsoft.com/.default" }],
  );
  await oauth.processClientCredentialsResponse(server, client, response);
}

const begun = await oauth.deviceAuthorizationRequest(
  ...[server, client, oauth.None(), { scope: SCOPE }],
);
const device = await oauth.processDeviceAuthorizationResponse(server, client, begun);
const ask = () => oauth.deviceCodeGrantRequest(server, client, oauth.None(), device.device_code);
await assert.rejects(
  oauth.processDeviceCodeResponse(server, client, await ask()),
  ({ error }) => error === "authorization_pending",
);
await new Browser(given).enterCode(device.verification_uri, device.user_code);
await setTimeout(device.interval * 1000);
const response = await ask();
await identified(await oauth.processDeviceCodeResponse(server, client, response), response);
console.log("done");
