// People sign in with MSAL for Node: code with PKCE, refresh, device, secret.
//
// Standard input: {"url", "tenant", "domain", "user", "password", "clientId", "clientSecret"}: a server
// (NODE_EXTRA_CA_CERTS names the file that vouches for it), a person, and a client with the redirect
// URIs below. The pages are followed as a browser does that has no script.
// Ends with 0 and a line "done" if everything was as a user of MSAL may expect.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import {
  ConfidentialClientApplication,
  CryptoProvider,
  InteractionRequiredAuthError,
  PublicClientApplication,
} from "@azure/msal-node";

const NATIVE = "http://localhost:51234";
const WEB = "https://app.example/cb";
const scopes = ["User.Read"];
const given = JSON.parse(readFileSync(0, "utf8"));

/** Keeps cookies, fills in forms, and stops where it is led away from the server. */
class Browser {
  cookies = new Map();

  async go(address, options = {}) {
    for (;;) {
      const answer = await fetch(address, {
        redirect: "manual",
        ...options,
        headers: { cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") },
      });
      for (const set of answer.headers.getSetCookie()) {
        const [name, value] = set.split(";")[0].split("=");
        this.cookies.set(name, value);
      }
      const location = answer.headers.get("location");
      if (!location) {
        const text = await answer.text();
        assert.equal(answer.status, 200, text);
        return { address, text };
      }
      address = new URL(location, address).href;
      options = {};
      if (!address.startsWith(given.url)) return { address };
    }
  }

  send(page, fields) {
    const find = (pattern) => page.text.match(pattern)[1].replaceAll("&amp;", "&");
    const body = new URLSearchParams({ ...fields, flow: find(/name="flow" value="([^"]+)"/) });
    const action = new URL(find(/action="([^"]+)"/), page.address).href;
    return this.go(action, { method: "POST", body });
  }

  /** What the pages end with. */
  async signIn(address) {
    let page = await this.go(address);
    for (let step = 0; step < 6 && page.text; step++) {
      if (page.text.includes('id="name"')) {
        page = await this.send(page, { step: "name", name: given.user });
      } else if (page.text.includes('id="password"')) {
        page = await this.send(page, { step: "password", password: given.password });
      } else if (page.text.includes('value="accept"')) {
        page = await this.send(page, { step: "consent", decision: "accept" });
      } else {
        return page;
      }
    }
    return page;
  }
}

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

async function byCode(app, redirectUri, browser = new Browser(), more = {}) {
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
const browser = new Browser();
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
    decided = (async () => {
      const browser = new Browser();
      let page = await browser.signIn(verificationUri);
      page = await browser.send(page, { step: "device", code: userCode });
      page = await browser.send(page, { step: "consent", decision: "accept" });
      assert.ok(page.text.includes("You have signed in"), page.text);
    })();
  },
});
await decided;
isGood(result);
await staysSignedIn(forDevice, result.account);

const server = application(ConfidentialClientApplication, { clientSecret: given.clientSecret });
const { account: known } = await byCode(server, WEB);
await staysSignedIn(server, known);
console.log("done");
