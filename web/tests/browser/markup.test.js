/** Whatever people write is shown as they wrote it: nothing of it becomes a part of a page. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployment, leave, run, signIn } from './harness.js';
import { RelyingParty } from './relying-party.js';
import { goTo, screens, settled } from './screens.js';

// An element with a handler, the end of an attribute and of a script, a template's and a
// catalogue's placeholder, and an address that runs.
const MARKUP = `<img src=x data-bad onerror=alert(1)>'"></script><b data-bad>`;
const PLACEHOLDERS = '{{tenant}} $t(nav.people)';
const ADDRESS = 'javascript:alert(1)';

let deployment;
let evil;
before(async () => {
  deployment = await Deployment.start();
  const call = (method, path, body) => deployment.call('Contoso', method, path, body);
  const contoso = deployment.tenant('Contoso');
  evil = await deployment.addTenant(MARKUP, 'evil.example');
  await call('POST', '/v1.0/tenantRelationships/multiTenantOrganization/tenants', {
    tenantId: evil.id,
    displayName: MARKUP,
  });
  await run([
    ...['organization', 'join', '--tenant', evil.id, '--invited-by', contoso.id, '--yes'],
    ...['--accept-users', '--skip-consent', '--data', deployment.dir],
  ]);
  await call('PATCH', '/v1.0/tenantRelationships/multiTenantOrganization', {
    displayName: MARKUP,
    description: PLACEHOLDERS,
  });
  const people = (await call('GET', "/v1.0/users?$top=6&$filter=userType eq 'Member'")).value;
  const texts = [MARKUP, PLACEHOLDERS, ADDRESS];
  for (const [index, { id }] of people.entries()) {
    const text = texts[index % texts.length];
    await call('PATCH', `/v1.0/users/${id}`, {
      displayName: text,
      ...Object.fromEntries(
        ['givenName', 'surname', 'jobTitle', 'department', 'city', 'companyName'].map((name) => [
          name,
          text.slice(0, 60),
        ]),
      ),
    }).catch((error) => assert.match(error.message, /home tenant/));
  }
  for (const displayName of texts) {
    await call('POST', '/v1.0/groups', {
      displayName,
      description: displayName,
      mailEnabled: false,
      mailNickname: 'x',
      securityEnabled: true,
    });
    const { appId } = await call('POST', '/v1.0/applications', { displayName });
    await call('POST', '/v1.0/servicePrincipals', { appId });
  }
  // Logs keep what was tried, too.
  await fetch(`${deployment.url}/v1.0/users/${encodeURIComponent(MARKUP)}`, {
    headers: {
      authorization: `Bearer ${await deployment.token(contoso)}`,
      'user-agent': MARKUP,
      'client-request-id': 'x',
    },
  });
});
after(() => deployment.stop());

const parts = (page) => page.locator('[data-bad], a[href^="javascript:"]').count();

test('on every screen of the admin centre', async () => {
  for (const as of ['Contoso', MARKUP]) {
    const page = await deployment.admin(as);
    for (const { name, path, as: whose, act } of screens(deployment)) {
      if (whose || (as !== 'Contoso' && act)) continue;
      await goTo(page, path.replace('?q=Anneliese', '?q=<img'));
      if (!/palette|shortcuts/.test(name)) await act?.(page);
      await settled(page);
      assert.equal(await parts(page), 0, name);
    }
    await leave(page);
  }
});

test('what is found by it is found', async () => {
  const page = await deployment.admin('Contoso', `/admin/people?q=${encodeURIComponent('<img')}`);
  await page.getByText(MARKUP).first().waitFor();
  await goTo(page, `/admin/people?q=${encodeURIComponent('{{tenant')}`);
  await page.getByText(PLACEHOLDERS).first().waitFor();
  await goTo(page, '/admin');
  await page.getByRole('columnheader', { name: MARKUP }).waitFor();
  await leave(page);
});

test('on the pages that sign people in', async () => {
  const party = await RelyingParty.start(deployment, MARKUP, MARKUP);
  const page = await deployment.visitor();
  page.friends.add(party.url);
  await page.goto(party.url);
  await page.getByText(MARKUP).first().waitFor();
  assert.equal(await parts(page), 0);
  await signIn(page, evil.admin, evil.adminPassword);
  await page.getByText(`${MARKUP} would like to:`).waitFor();
  assert.equal(await parts(page), 0);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'Refused' }).waitFor();

  // What comes by the address, and is refused.
  page.provoked.push('/oauth2/v2.0/authorize?');
  const { id } = deployment.tenant('Contoso');
  for (const name of ['client_id', 'redirect_uri', 'scope', 'state', 'login_hint', 'ui_locales']) {
    const query = new URLSearchParams({ response_type: 'code', [name]: MARKUP });
    await page.goto(`/${id}/oauth2/v2.0/authorize?${query}`);
    assert.equal(await parts(page), 0, name);
  }
  await leave(page);
  await party.stop();
});
