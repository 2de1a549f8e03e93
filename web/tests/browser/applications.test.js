/** Applications as an admin looks after them: what they prove themselves by, whom they are for. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployment, leave } from './harness.js';

const GRAPH = '00000003-0000-0000-c000-000000000000';
/** `User.Read.All` of Graph, for applications themselves and in people's names. */
const ROLE = 'df021288-bdef-4463-88db-98f22de89214';
const SCOPE = 'a154be20-db9c-4678-8ab7-66f6cc099a59';

/** A certificate that outlives us, with the name crawler.contoso.example. */
const CERTIFICATE = [
  'MIIDJzCCAg+gAwIBAgIUKu1htlahzGqCz7rGOFL2REP781UwDQYJKoZIhvcNAQELBQAwIjEgMB4GA1UEAwwXY3Jhd2xlci5j',
  'b250b3NvLmV4YW1wbGUwIBcNMjYxMTI3MDk0MTI2WhgPMjEyNjExMDMwOTQxMjZaMCIxIDAeBgNVBAMMF2NyYXdsZXIuY29u',
  'dG9zby5leGFtcGxlMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuZ+52sAAJtjlmyWnsjGOcmFeZSe7E13amLLW',
  'wC4L0NUPMSRg0bkg5EmdlSeTCo3vCf9euBzwd8NLaCHN710Gc/UgTccRmind7dLyeRbNB/eZXEC4dcyGPq7Dg7x9BMqxHq1Y',
  'IsjzfSFNeKx0PwncfnM3Da9Y2QAiTSEdTkDh2nCCrW8sHMHCpiGw8pU7u5Sd+r0DHSFfBpht8PEVBDLK9cd07q7YFc86prZ6',
  'ax7aWpEHraNvwMhBJLQ0my5KP5Gt/KDx4BzMBvSEae0kdZpTn5ktmY9c9kEbEjL55sPYXOQjAZR3voIY27hgRO+3z4BYxdRn',
  '/Gl96HdGE8RtCf1aPQIDAQABo1MwUTAdBgNVHQ4EFgQUbZOqcP3DcL/wr9TjDu7qiJNXDzIwHwYDVR0jBBgwFoAUbZOqcP3D',
  'cL/wr9TjDu7qiJNXDzIwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAQhVfT3DfwThiPJCqZZXPOkfQJQdt',
  'DiGGrWF3ZROTaldP3bIPrInLfcTHANs4XgB9rA+V74RfY5I9fVDeZIeLFBnZrdsodzdTDfZbfYyaDp0paYQuZXGjpzrX5FH6',
  'woM/KF9gZthI8fe/7AjvmjuyzQ0STd6j92g1T0Lo5yS7e1P78dHk0jre+VH+SN2TbSvVnzToBhVJArdN3ww/hpK8sQxp4KTS',
  'Zl0HNv6CWDOgr+T7kS0wuPf26Sk8ludFZLoOq5M+9DUGW8RlgKEHxIt8nfhhh/P9TGcEKPKuW3vhCH8V/Dp23BR+qm26tOCn',
  'DQsqv+rIuHRo6rezYrCdyg2DTQ==',
].join('');

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

const call = (method, path, body) => deployment.call('Contoso', method, path, body);

async function application(displayName, more = {}) {
  const app = await call('POST', '/v1.0/applications', { displayName, ...more });
  const principal = await call('POST', '/v1.0/servicePrincipals', { appId: app.appId });
  return { app, principal };
}

test('a secret and a certificate are added, and removed after a question', async () => {
  const { app } = await application('Crawler');
  const page = await deployment.admin('Contoso', `/admin/applications?open=${app.id}`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('button', { name: 'Make a secret' }).click();
  await panel.getByLabel('What it is for').fill('nightly');
  await panel.getByRole('button', { name: 'Make a secret' }).click();
  await panel.getByRole('status').getByRole('button', { name: 'I have it' }).click();
  const proofs = panel.getByRole('list', { name: 'Secrets and certificates' });
  await proofs.getByText('nightly').waitFor();

  const file = panel.locator('input[type=file]');
  const pem = (label) => `-----BEGIN ${label}-----\n${CERTIFICATE}\n-----END ${label}-----\n`;
  const sent = [];
  page.on('request', (request) => sent.push(request.method()));
  await file.setInputFiles({
    name: 'both.pem',
    mimeType: 'application/x-pem-file',
    buffer: Buffer.from(pem('PRIVATE KEY') + pem('CERTIFICATE')),
  });
  await panel.getByText('This file has a private key in it').waitFor();
  assert.ok(!sent.includes('PATCH'));
  await file.setInputFiles({
    name: 'crawler.pem',
    mimeType: 'application/x-pem-file',
    buffer: Buffer.from(pem('CERTIFICATE')),
  });
  await panel.getByRole('button', { name: 'Add a certificate' }).click();
  await proofs.getByText('crawler.contoso.example').waitFor();

  await proofs.getByRole('button', { name: 'Remove nightly' }).click();
  const asked = proofs.getByRole('alertdialog');
  await asked.getByText('Whatever signs in as Crawler with the secret').waitFor();
  await asked.getByRole('button', { name: 'Remove it' }).click();
  await proofs.getByText('nightly').first().waitFor({ state: 'detached' });
  await proofs.getByRole('button', { name: /crawler\.contoso\.example/ }).click();
  await proofs.getByText('The certificate can be added again').waitFor();
  await proofs.getByRole('button', { name: 'Remove it' }).click();
  await proofs.waitFor({ state: 'detached' });
  await leave(page);
});

test('whom an application is assigned to, and what it is allowed, is taken back by Undo', async () => {
  const { app, principal } = await application('Reports', {
    requiredResourceAccess: [
      {
        resourceAppId: GRAPH,
        resourceAccess: [
          { id: ROLE, type: 'Role' },
          { id: SCOPE, type: 'Scope' },
        ],
      },
    ],
  });
  const at = `/v1.0/servicePrincipals/${principal.id}`;
  const count = async (path) => (await call('GET', path)).value.length;
  const page = await deployment.admin('Contoso', `/admin/applications?open=${app.id}`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('button', { name: 'Allow it for everybody' }).click();
  await panel
    .getByRole('button', { name: 'Allow it for everybody' })
    .waitFor({ state: 'detached' });
  assert.equal(await count(`${at}/oauth2PermissionGrants`), 1);
  assert.equal(await count(`${at}/appRoleAssignments`), 1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await panel.getByRole('button', { name: 'Allow it for everybody' }).waitFor();
  assert.equal(await count(`${at}/oauth2PermissionGrants`), 0);
  assert.equal(await count(`${at}/appRoleAssignments`), 0);

  await page.goto(`/admin/applications?tab=enterprise&open=${principal.id}`);
  await panel.getByRole('combobox', { name: 'People' }).pressSequentially('Anneliese');
  await page
    .getByRole('menuitemcheckbox', { name: /Anneliese/ })
    .first()
    .click();
  await page.keyboard.press('Escape');
  await panel.getByRole('button', { name: /^Assign/ }).click();
  const assigned = panel.getByRole('list', { name: 'Assigned people and groups' });
  await assigned.getByText(/Anneliese/).waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await assigned.getByText(/Anneliese/).waitFor({ state: 'detached' });
  assert.equal(await count(`${at}/appRoleAssignedTo`), 0);
  await leave(page);
});

test('an application is opened to other tenants, and closed again', async () => {
  const { app } = await application('Planner');
  const page = await deployment.admin('Contoso', `/admin/applications?open=${app.id}`);
  const panel = page.getByRole('complementary');
  const others = panel.getByRole('switch', { name: 'People of other tenants may sign in to it' });
  await others.click();
  await page.getByText('Planner is for other tenants, too').first().waitFor();
  const { appId } = app;
  await deployment.call('Fabrikam', 'POST', '/v1.0/servicePrincipals', { appId });
  await others.click();
  await page.getByText('Planner is for this tenant alone').first().waitFor();
  await assert.rejects(deployment.call('Tailspin', 'POST', '/v1.0/servicePrincipals', { appId }));
  await leave(page);
});

test('which groups an application’s tokens tell is chosen, and undone', async () => {
  const { app } = await application('Portal');
  const told = async () =>
    (await call('GET', `/v1.0/applications/${app.id}`)).groupMembershipClaims ?? null;
  const page = await deployment.admin('Contoso', `/admin/applications?open=${app.id}`);
  const field = page.getByRole('combobox', { name: 'Groups in its tokens' });
  await field.click();
  await page.getByRole('option', { name: 'Those that are assigned to it' }).click();
  await field.getByText('Those that are assigned to it').waitFor();
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  assert.equal(await told(), 'ApplicationGroup');
  await page.getByRole('button', { name: 'Undo' }).click();
  await field.getByText('None').waitFor();
  assert.equal(await told(), null);
  await leave(page);
});
