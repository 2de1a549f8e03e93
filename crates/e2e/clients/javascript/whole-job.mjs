// The whole job with Microsoft's SDK for JavaScript and MSAL, from token to delta.
//
// Standard input: {"url", "ca", "tenants": [{"id", "domain", "clientId", "clientSecret"}, …],
// "certificate": {"key", "der", "sha256"}}: a server (NODE_EXTRA_CA_CERTS names the file that vouches
// for it), two tenants without an organization, and a key with its certificate.
// Ends with 0 and a line "done" if everything was as a user of the SDK may expect.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { ConfidentialClientApplication } from "@azure/msal-node";
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  GraphError,
  PageIterator,
} from "@microsoft/microsoft-graph-client";

const PEOPLE = 25;
const PATIENCE_MS = 30_000;
const given = JSON.parse(readFileSync(0, "utf8"));

/** A client with the tokens that MSAL gets with this proof of identity. */
function client(tenant, proof) {
  const application = new ConfidentialClientApplication({
    auth: {
      clientId: tenant.clientId,
      authority: `${given.url}/${tenant.id}`,
      knownAuthorities: [new URL(given.url).host],
      ...proof,
    },
  });
  return Client.initWithMiddleware({
    baseUrl: given.url,
    customHosts: new Set([new URL(given.url).hostname]),
    authProvider: {
      getAccessToken: async () => {
        const scopes = ["https://graph.microsoft.com/.default"];
        const answer = await application.acquireTokenByClientCredential({ scopes });
        return answer.accessToken;
      },
    },
  });
}

async function refused(call, status, code) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof GraphError, error);
    assert.equal(error.statusCode, status, error.message);
    assert.equal(error.code, code);
    assert.ok(error.requestId, "the request's id");
    return true;
  });
}

/** Looks until something is seen. */
async function eventually(what, look) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < end, `${what}: not within ${PATIENCE_MS} ms`);
    await sleep(50);
  }
}

async function all(graph, page) {
  const items = [];
  await new PageIterator(graph, page, (item) => items.push(item) > 0).iterate();
  return items;
}

/** Follows a delta to its end: what it tells, and the link for the next time. */
async function changes(graph, link) {
  const page = await graph.api(link ?? "/users/delta?$select=id,displayName").get();
  const told = [];
  const iterator = new PageIterator(graph, page, (item) => told.push(item) > 0);
  await iterator.iterate();
  const next = iterator.getDeltaLink();
  assert.ok(next, "a delta link at the end");
  return [told, next];
}

async function people(graph, tenant) {
  const ids = [];
  for (let number = 0; number < PEOPLE; number++) {
    const two = String(number).padStart(2, "0");
    const made = await graph.api("/users").post({
      accountEnabled: true,
      displayName: `Person ${two}`,
      department: number < 5 ? "Sales" : "Kitchen",
      mailNickname: `person${two}`,
      userPrincipalName: `person${two}@${tenant.domain}`,
      passwordProfile: { password: "Correct-horse-7-battery" },
    });
    ids.push(made.id);
  }
  await refused(graph.api(`/users/${tenant.id}`).get(), 404, "Request_ResourceNotFound");
  await refused(graph.api("/users").post({}), 400, "Request_BadRequest");

  const first = await graph.api("/users").top(10).get();
  assert.equal(first.value.length, 10);
  const seen = new Set((await all(graph, first)).map((user) => user.id));
  assert.ok(ids.every((id) => seen.has(id)));

  const sales = await graph.api("/users").filter("department eq 'Sales'").get();
  assert.deepEqual(new Set(sales.value.map((user) => user.id)), new Set(ids.slice(0, 5)));
  const kitchen = await graph
    .api("/users")
    .header("ConsistencyLevel", "eventual")
    .filter("department eq 'Kitchen'")
    .orderby("displayName desc")
    .select(["id", "displayName"])
    .count(true)
    .top(3)
    .get();
  assert.equal(kitchen["@odata.count"], PEOPLE - 5);
  assert.equal(kitchen.value[0].displayName, `Person ${PEOPLE - 1}`);
  const found = await graph
    .api("/users")
    .header("ConsistencyLevel", "eventual")
    .search('"displayName:person 07"')
    .get();
  assert.deepEqual(found.value.map((user) => user.id), [ids[7]]);
  const count = await graph.api("/users/$count").header("ConsistencyLevel", "eventual").get();
  assert.equal(Number(count), seen.size);

  await graph.api(`/users/${ids[1]}/manager/$ref`).put({ "@odata.id": `${given.url}/v1.0/users/${ids[0]}` });
  const report = await graph.api(`/users/${ids[1]}`).expand("manager($select=id)").get();
  assert.equal(report.manager.id, ids[0]);
  return ids;
}

async function group(graph, ids) {
  const made = await graph.api("/groups").post({
    displayName: "Kitchen",
    mailEnabled: false,
    mailNickname: "kitchen",
    securityEnabled: true,
    "members@odata.bind": [`${given.url}/v1.0/directoryObjects/${ids[0]}`],
  });
  const at = `/groups/${made.id}/members`;
  await graph.api(`${at}/$ref`).post({ "@odata.id": `${given.url}/v1.0/directoryObjects/${ids[1]}` });
  let members = (await graph.api(at).get()).value;
  assert.deepEqual(new Set(members.map((member) => member.id)), new Set(ids.slice(0, 2)));
  assert.ok(members.every((member) => member["@odata.type"] === "#microsoft.graph.user"));
  await graph.api(`${at}/${ids[1]}/$ref`).delete();
  members = (await graph.api(at).get()).value;
  assert.deepEqual(members.map((member) => member.id), [ids[0]]);
}

async function delta(graph, ids) {
  let [told, link] = await changes(graph);
  assert.ok(ids.every((id) => told.some((user) => user.id === id)));
  await graph.api(`/users/${ids[3]}`).patch({ displayName: "Person Three" });
  await graph.api(`/users/${ids[4]}`).delete();
  [told, link] = await changes(graph, link);
  const byId = new Map(told.map((user) => [user.id, user]));
  assert.deepEqual(new Set(byId.keys()), new Set([ids[3], ids[4]]));
  assert.equal(byId.get(ids[3]).displayName, "Person Three");
  assert.equal(byId.get(ids[4])["@removed"].reason, "changed");
  await graph.api(`/directory/deletedItems/${ids[4]}/restore`).post({});
  return link;
}

async function batch(graph, tenant, ids) {
  const steps = [
    {
      id: "1",
      request: new Request(`${given.url}/v1.0/users/${ids[5]}`, {
        method: "PATCH",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ city: "Bern" }),
      }),
    },
    { id: "2", dependsOn: ["1"], request: new Request(`${given.url}/v1.0/users/${ids[5]}?$select=city`) },
    { id: "3", dependsOn: ["2"], request: new Request(`${given.url}/v1.0/users/${tenant.id}`) },
  ];
  const content = await new BatchRequestContent(steps).getContent();
  const answers = new BatchResponseContent(await graph.api("/$batch").post(content));
  assert.equal(answers.getResponseById("1").status, 204);
  assert.equal((await answers.getResponseById("2").json()).city, "Bern");
  const missing = answers.getResponseById("3");
  assert.equal(missing.status, 404);
  assert.equal((await missing.json()).error.code, "Request_ResourceNotFound");
}

async function organize(owner, joining, [ownerTenant, joiningTenant]) {
  const templates = "/policies/crossTenantAccessPolicy/templates";
  for (const graph of [owner, joining]) {
    await graph.api(`${templates}/multiTenantOrganizationPartnerConfiguration`).patch({
      automaticUserConsentSettings: { inboundAllowed: true, outboundAllowed: true },
    });
    await graph.api(`${templates}/multiTenantOrganizationIdentitySynchronization`).patch({
      userSyncInbound: { isSyncAllowed: true },
    });
  }
  const organization = "/tenantRelationships/multiTenantOrganization";
  await owner.api(organization).put({ displayName: "Round table" });
  const added = await owner
    .api(`${organization}/tenants`)
    .post({ tenantId: joiningTenant.id, displayName: "Fabrikam" });
  assert.equal(added.state, "pending");
  await joining.api(`${organization}/joinRequest`).patch({ addedByTenantId: ownerTenant.id });
  for (const graph of [owner, joining]) {
    await eventually("both see the member active", async () => {
      const member = graph.api(`${organization}/tenants/${joiningTenant.id}`);
      const seen = await member.get().catch((error) => assert.ok(error instanceof GraphError, error));
      return seen?.state === "active";
    });
  }
}

async function share(source, target, ids) {
  let [, link] = await changes(target);
  await source
    .api("/isopolity/userSharing/default")
    .version("beta")
    .put({ scope: "all", users: [], groups: [] });
  const external = await eventually("everybody is in the other tenant", async () => {
    const page = await target
      .api("/users")
      .header("ConsistencyLevel", "eventual")
      .filter("userType eq 'Member' and startsWith(displayName,'Person')")
      .select("id,userPrincipalName,creationType")
      .count(true)
      .top(999)
      .get();
    return page.value.length === ids.length && page.value;
  });
  assert.ok(external.every((user) => user.userPrincipalName.includes("#EXT#@")));
  let told;
  [told, link] = await changes(target, link);
  const names = new Set(told.map((user) => user.id));
  assert.ok(external.every((user) => names.has(user.id)));
  await source.api(`/users/${ids[6]}`).patch({ displayName: "Person Renamed" });
  await eventually("the change is told in the other tenant", async () => {
    [told, link] = await changes(target, link);
    return told.some((user) => user.displayName === "Person Renamed");
  });
}

const [contoso, fabrikam] = given.tenants;
const secret = (tenant) => client(tenant, { clientSecret: tenant.clientSecret });
const [owner, joining] = [secret(contoso), secret(fabrikam)];

await assert.rejects(client(contoso, { clientSecret: "wrong" }).api("/users").get(), /AADSTS7000215/);
const registered = await owner.api("/applications").filter(`appId eq '${contoso.clientId}'`).get();
await owner.api(`/applications/${registered.value[0].id}`).patch({
  keyCredentials: [
    { type: "AsymmetricX509Cert", usage: "Verify", displayName: "automation", key: given.certificate.der },
  ],
});
const byCertificate = client(contoso, {
  clientCertificate: {
    privateKey: given.certificate.key,
    thumbprintSha256: given.certificate.sha256,
  },
});
assert.equal((await byCertificate.api("/organization").get()).value[0].id, contoso.id);

const ids = await people(byCertificate, contoso);
await group(owner, ids);
const link = await delta(owner, ids);
await batch(owner, contoso, ids);
await organize(owner, joining, given.tenants);
await share(owner, joining, ids);
// A link is its tenant's own.
await assert.rejects(joining.api(link).get(), (error) => [400, 410].includes(error.statusCode));
console.log("done");
