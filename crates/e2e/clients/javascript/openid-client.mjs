// The whole of openid-client (a certified relying party): discovery, code with PKCE, refresh, UserInfo,
// client credentials, device, ID tokens through the browser, and signing out.
//
// Standard input: {"url", "tenant", "user", "password", "clientId", "clientSecret", "certificate": {"key",
// "sha256"}}: a server (NODE_EXTRA_CA_CERTS names the file that vouches for it), a person, and a client
// with the redirect URIs below, that may have ID tokens through the browser.
// Ends with 0 and a line "done" if everything was as a user of the library may expect.

import assert from "node:assert/strict";
import { createPrivateKey, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";

import * as client from "openid-client";

import { Browser, posted } from "./browser.mjs";

// The library takes the redirect URI from the address of the answer, which always has a path.
const NATIVE = "http://localhost:51234/cb";
const WEB = "https://app.example/cb";
const GRAPH = "https://graph.microsoft.com/.default";
const given = JSON.parse(readFileSync(0, "utf8"));
const issuer = new URL(`${given.url}/${given.tenant}/v2.0`);

/** The certificate's key for an algorithm. */
async function key(hash) {
  const der = createPrivateKey(given.certificate.key).export({ type: "pkcs8", format: "der" });
  const algorithm = { name: hash, hash: "SHA-256" };
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}

/** A client that has read the configuration, and holds every token's signature against the keys. */
async function discovered(authentication) {
  const config = await client.discovery(issuer, given.clientId, undefined, authentication);
  client.enableNonRepudiationChecks(config);
  return config;
}

async function asked(config, parameters) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(config, {
    scope: "openid profile email offline_access User.Read",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...parameters,
  });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  return { address: address.href, checks };
}

async function byCode(config, redirect_uri, browser = new Browser(given), { maxAge, ...more } = {}) {
  const max = maxAge === undefined ? {} : { max_age: String(maxAge) };
  const { address, checks } = await asked(config, { redirect_uri, ...max, ...more });
  const end = await browser.signIn(address);
  assert.ok(end.address.startsWith(redirect_uri), end.text);
  const tokens = await client.authorizationCodeGrant(config, new URL(end.address), {
    ...checks,
    maxAge,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  assert.equal(claims.preferred_username, given.user);
  const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(told.name, claims.name);
  return tokens;
}

async function staysSignedIn(config, tokens) {
  const { sub } = tokens.claims();
  for (let times = 0; times < 3; times++) {
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(tokens.claims().sub, sub);
    await client.fetchUserInfo(config, tokens.access_token, sub);
  }
}

const native = await discovered(client.None());
assert.ok(native.serverMetadata().supportsPKCE());
// Requests aren't pushed here, and so nobody is told to push them.
assert.equal(native.serverMetadata().pushed_authorization_request_endpoint, undefined);
const browser = new Browser(given);
const tokens = await byCode(native, NATIVE, browser);
await staysSignedIn(native, tokens);
await byCode(native, NATIVE, browser, { prompt: "none", id_token_hint: tokens.id_token });
await byCode(native, NATIVE, browser, { maxAge: 3600 });
await byCode(native, NATIVE, new Browser(given), { prompt: "login", login_hint: given.user });

// What is refused comes as the library's own error, and names the issuer.
const refused = await asked(native, {
  redirect_uri: NATIVE,
  prompt: "none",
  scope: "openid User.ReadWrite",
});
const answer = new URL((await browser.signIn(refused.address)).address);
await assert.rejects(
  client.authorizationCodeGrant(native, answer, refused.checks),
  (error) => error instanceof client.AuthorizationResponseError && error.error === "consent_required",
);
// An answer of somebody else's is noticed by the client.
const other = new URL(answer);
other.searchParams.set("iss", `${given.url}/00000000-0000-0000-0000-000000000001/v2.0`);
await assert.rejects(client.authorizationCodeGrant(native, other, refused.checks), /response/);
// And so is a refresh token that somebody has used.
await assert.rejects(
  client.refreshTokenGrant(native, tokens.refresh_token),
  (error) => error instanceof client.ResponseBodyError && error.error === "invalid_grant",
);

const started = await client.initiateDeviceAuthorization(native, {
  scope: "openid profile offline_access User.Read",
});
const [device] = await Promise.all([
  client.pollDeviceAuthorizationGrant(native, started),
  new Browser(given).enterCode(started.verification_uri, started.user_code),
]);
assert.equal(device.claims().preferred_username, given.user);
await staysSignedIn(native, device);

const thumbprint = (header) => {
  header["x5t#S256"] = Buffer.from(given.certificate.sha256, "hex").toString("base64url");
};
const signed = (key) => client.PrivateKeyJwt(key, { [client.modifyAssertion]: thumbprint });
for (const authentication of [
  client.ClientSecretBasic(given.clientSecret),
  client.ClientSecretPost(given.clientSecret),
  signed(await key("RSASSA-PKCS1-v1_5")),
  signed(await key("RSA-PSS")),
]) {
  const server = await discovered(authentication);
  await staysSignedIn(server, await byCode(server, WEB));
  const own = await client.clientCredentialsGrant(server, { scope: GRAPH });
  assert.equal(own.token_type, "bearer");
  assert.ok(own.expiresIn() > 3000);
}

const wrong = await discovered(client.ClientSecretPost("not-the-secret"));
await assert.rejects(
  client.clientCredentialsGrant(wrong, { scope: GRAPH }),
  ({ error, status }) => error === "invalid_client" && status === 401,
);

// An ID token through the browser, beside a code and alone.
const hybrid = await discovered(client.ClientSecretPost(given.clientSecret));
client.useCodeIdTokenResponseType(hybrid);
const both = await asked(hybrid, { redirect_uri: WEB, response_mode: "form_post" });
const form = posted(await new Browser(given).signIn(both.address));
assert.ok(form.url.startsWith(WEB));
const beside = await client.authorizationCodeGrant(hybrid, form, both.checks);
assert.equal(beside.claims().preferred_username, given.user);

const implicit = await discovered(client.None());
client.useIdTokenResponseType(implicit);
const alone = await asked(implicit, { redirect_uri: WEB, scope: "openid profile" });
const fragment = await new Browser(given).signIn(alone.address);
const { expectedNonce, expectedState } = alone.checks;
const claims = await client.implicitAuthentication(
  implicit,
  new URL(fragment.address),
  expectedNonce,
  { expectedState },
);
assert.equal(claims.preferred_username, given.user);

// Signing out by the ID token asks nobody, and leads back.
const out = client.buildEndSessionUrl(native, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: NATIVE,
  state: "out",
});
const back = await browser.go(out.href);
assert.equal(new URL(back.address).searchParams.get("state"), "out");
const gone = await asked(native, { redirect_uri: NATIVE, prompt: "none" });
const nobody = new URL((await browser.signIn(gone.address)).address);
assert.equal(nobody.searchParams.get("error"), "login_required");
console.log("done");
