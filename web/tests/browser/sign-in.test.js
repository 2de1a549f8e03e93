/** People sign in at home, and get into an application of another tenant. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axeFindings, Deployment, leave, PHONE, signIn } from './harness.js';
import { RelyingParty } from './relying-party.js';

let deployment;
let wiki;
before(async () => {
  deployment = await Deployment.start();
  wiki = await RelyingParty.start(deployment, 'Fabrikam', 'Wiki');
});
after(async () => {
  await wiki.stop();
  await deployment.stop();
});

/** A browser of somebody, who may go to the application as well. */
async function visitor(options) {
  const page = await deployment.visitor(options);
  page.friends.add(wiki.url);
  return page;
}

const claimsOf = async (page) => JSON.parse(await page.locator('pre').textContent());

test('a printed person signs in at home and enters an application of another tenant', async () => {
  const { person, personPassword, id } = deployment.tenant('Contoso');
  const page = await visitor();
  await page.goto(wiki.url);
  await page.getByLabel('Work account').fill(person);
  await page.getByRole('button', { name: 'Next' }).click();
  // At home now; this page is the one that gets the password.
  await page.getByLabel('Password').waitFor();
  assert.ok(page.url().startsWith(`${deployment.url}/${id}/`), page.url());
  assert.deepEqual(await axeFindings(page), []);
  await page.getByLabel('Password').fill(personPassword);
  await page.getByRole('button', { name: 'Sign in' }).click();
  // Fabrikam asks for what its application wants.
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
  await page.getByText('Wiki would like to:').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('heading', { name: /^Hello / }).waitFor();

  const claims = await claimsOf(page);
  const fabrikam = deployment.tenant('Fabrikam').id;
  assert.equal(claims.tid, fabrikam);
  assert.ok(claims.idp.includes(id), 'the home is told');
  const account = await deployment.call('Fabrikam', 'GET', `/v1.0/users/${claims.oid}`);
  assert.match(account.userPrincipalName, /#EXT#/);
  // Who is signed in isn't asked again.
  await page.goto(wiki.url);
  await page.getByRole('heading', { name: /^Hello / }).waitFor();
  assert.equal((await claimsOf(page)).oid, claims.oid);

  // Signing out here ends the session at home as well: whoever comes next isn't let in.
  await page.goto(`${deployment.url}/${fabrikam}/oauth2/v2.0/logout`);
  await page.getByText(/everywhere in this browser/).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.locator('button.account').click();
  await page.getByText('You have signed out of:').waitFor();
  const of = await page.getByRole('listitem').locator('bdi').allTextContents();
  assert.deepEqual(of, ['Contoso', 'Fabrikam']);
  assert.deepEqual(await axeFindings(page), []);
  await page.goto(wiki.url);
  await page.getByLabel('Work account').fill(person);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Password').waitFor();
  await leave(page);
});

test('a guest is asked whether to visit, before anything is told', async () => {
  const northwind = await deployment.addTenant('Northwind');
  await deployment.call('Fabrikam', 'POST', '/v1.0/invitations', {
    invitedUserEmailAddress: northwind.admin,
    inviteRedirectUrl: wiki.url,
  });
  const page = await visitor({ viewport: PHONE, colorScheme: 'dark' });
  await page.goto(wiki.url);
  await signIn(page, northwind.admin, northwind.adminPassword);
  await page.getByRole('heading', { name: 'Visit Fabrikam?' }).waitFor();
  await page.getByText('Fabrikam would like to:').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('heading', { name: /^Hello / }).waitFor();
  assert.equal((await claimsOf(page)).tid, deployment.tenant('Fabrikam').id);
  await leave(page);
});

test('the link of an invitation leads over the home to the application', async () => {
  const southridge = await deployment.addTenant('Southridge');
  const { inviteRedeemUrl } = await deployment.call('Fabrikam', 'POST', '/v1.0/invitations', {
    invitedUserEmailAddress: southridge.admin,
    inviteRedirectUrl: wiki.url,
  });
  const page = await visitor();
  await page.goto(inviteRedeemUrl);
  await page.getByLabel('Password').waitFor();
  assert.ok(page.url().startsWith(`${deployment.url}/${southridge.id}/`), page.url());
  await page.getByLabel('Password').fill(southridge.adminPassword);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Visit Fabrikam?' }).waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  // The application sends whoever is signed in on at once, to be asked what it may have.
  await page.getByText('Wiki would like to:').waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('heading', { name: /^Hello / }).waitFor();
  assert.equal((await claimsOf(page)).tid, deployment.tenant('Fabrikam').id);
  await leave(page);
});

test('somebody of no tenant gets a password by the link of an invitation', async () => {
  const address = 'ann@outside.example';
  const password = 'Correct-Horse-8-Staple';
  const { inviteRedeemUrl } = await deployment.call('Fabrikam', 'POST', '/v1.0/invitations', {
    invitedUserEmailAddress: address,
    inviteRedirectUrl: wiki.url,
  });
  const page = await visitor({ viewport: PHONE, colorScheme: 'dark' });
  await page.goto(inviteRedeemUrl);
  await page.getByRole('heading', { name: 'Visit Fabrikam?' }).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByText(address).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.getByLabel('New password', { exact: true }).fill(password);
  await page.getByLabel('New password, once more').fill(password);
  await page.keyboard.press('Enter');
  await page.getByText('Wiki would like to:').waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('heading', { name: /^Hello / }).waitFor();
  assert.equal((await claimsOf(page)).tid, deployment.tenant('Fabrikam').id);
  await leave(page);

  // Another day, another browser: by the address.
  const again = await visitor();
  await again.goto(wiki.url);
  await signIn(again, address, password);
  await again.getByRole('heading', { name: /^Hello / }).waitFor();
  await leave(again);
  // A link that was used for that is no way to another password.
  const stale = await visitor();
  await stale.goto(inviteRedeemUrl);
  await stale.getByLabel('Password').waitFor();
  await leave(stale);
});

test('an admin invites somebody in the browser, and the link leads to an account here', async () => {
  const page = await deployment.admin('Fabrikam', '/admin/people');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  const panel = page.getByRole('complementary');
  await panel.getByLabel('Mail').fill('eva@outside.example');
  await panel.getByRole('button', { name: 'Invite', exact: true }).click();
  const link = await panel.getByRole('status').locator('code').textContent();
  await panel.getByRole('button', { name: 'I have it' }).click();
  await leave(page);

  const guest = await deployment.visitor();
  await guest.goto(link);
  await guest.getByRole('button', { name: 'Accept' }).click();
  await guest.getByLabel('New password', { exact: true }).fill('Correct-Horse-9-Staple');
  await guest.getByLabel('New password, once more').fill('Correct-Horse-9-Staple');
  await guest.keyboard.press('Enter');
  await guest.getByRole('heading', { name: 'My account' }).waitFor();
  assert.ok(guest.url().endsWith(`/${deployment.tenant('Fabrikam').id}/account`), guest.url());
  await leave(guest);

  // Here now, the person is shown with how they sign in, which an administrator can mend.
  const people = await deployment.admin('Fabrikam', '/admin/people?q=eva');
  await people.locator('[role=row][data-index="0"]').click();
  const person = people.getByRole('complementary');
  await person.getByText('Guest · outside.example').waitFor();
  await person.getByRole('list', { name: 'Signing in' }).getByText('Password').waitFor();
  await person.getByRole('button', { name: 'Reset the password' }).waitFor();
  await leave(people);
});

test('a refusal says who refuses, and whom to ask', async () => {
  const { person, personPassword } = deployment.tenant('Tailspin');
  const partner = `/v1.0/policies/crossTenantAccessPolicy/partners/${deployment.tenant('Tailspin').id}`;
  const closed = {
    accessType: 'blocked',
    targets: [{ target: 'AllUsers', targetType: 'user' }],
  };
  await deployment.call('Fabrikam', 'PATCH', partner, {
    b2bCollaborationInbound: {
      usersAndGroups: closed,
      applications: {
        accessType: 'blocked',
        targets: [{ target: 'AllApplications', targetType: 'application' }],
      },
    },
  });
  const page = await visitor();
  page.provoked.push('/b2b/return?');
  await page.goto(wiki.url);
  await signIn(page, person, personPassword);
  await page.getByRole('heading', { name: "This didn't work" }).waitFor();
  await page.getByText(/doesn't let people of your company or school in/).waitFor();
  await page.getByText('Correlation id').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.getByRole('link', { name: 'Back to the app' }).click();
  // The application begins anew, for another account.
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await leave(page);
});

test('a search may find the page that asks anybody, and none of a tenant', async () => {
  const page = await deployment.visitor();
  const robots = page.locator('meta[name=robots]');
  await page.goto('/admin');
  await page.getByLabel('Work account').waitFor();
  assert.equal(await robots.count(), 0);
  assert.ok(await page.locator('meta[name=description]').getAttribute('content'));
  await page.getByLabel('Work account').fill(deployment.tenant('Contoso').admin);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Password').waitFor();
  assert.equal(await robots.getAttribute('content'), 'noindex');
  await leave(page);
});

test('a wrong password is told without a word about who exists', async () => {
  const said = [];
  for (const name of [deployment.tenant('Contoso').admin, 'nobody@contoso.example']) {
    const page = await visitor();
    await page.goto('/admin');
    await signIn(page, name, 'not-the-Password-9');
    await page.getByRole('alert').waitFor();
    said.push(await page.getByRole('alert').textContent());
    assert.deepEqual(await axeFindings(page), []);
    await leave(page);
  }
  assert.equal(said[0], said[1]);
});

test('everything on the way in can be done from the keyboard', async () => {
  const { admin, adminPassword } = deployment.tenant('Tailspin');
  const page = await visitor();
  await page.goto('/admin');
  await page.getByLabel('Work account').waitFor();
  // The field has the focus already.
  await page.keyboard.type(admin);
  await page.keyboard.press('Enter');
  await page
    .getByLabel(/Password|Work account/)
    .first()
    .waitFor();
  if (!(await page.getByLabel('Password').count())) {
    await page.keyboard.type(admin);
    await page.keyboard.press('Enter');
  }
  await page.getByLabel('Password').waitFor();
  await page.keyboard.type(adminPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Readiness' }).waitFor();
  await leave(page);
});
