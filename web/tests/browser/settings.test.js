/** The tenant's settings, its roles, and the log of sign-ins, as an admin uses them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Deployment, lasting, leave, signIn } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

test('who has to show more than a password is chosen with its consequences, and undone', async (t) => {
  // Whatever goes wrong here, the other tests' sign-ins don't need more than a password.
  t.after(() =>
    deployment.call('Contoso', 'PATCH', '/beta/isopolity/signInPolicy', {
      multifactorAuthentication: 'nobody',
    }),
  );
  const page = await deployment.admin('Contoso', '/admin/settings');
  const policy = () => deployment.call('Contoso', 'GET', '/beta/isopolity/signInPolicy');
  await page.getByRole('radio', { name: 'Administrators' }).click();
  const effect = page.getByRole('region', { name: 'What that changes' });
  await effect.getByText('1 person has no second method yet').waitFor();
  assert.equal((await policy()).multifactorAuthentication, 'nobody', 'nothing was saved');
  await effect.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('radio', { name: /^Nobody/, checked: true }).waitFor();
  await page.getByRole('radio', { name: 'Everybody', exact: true }).click();
  await effect.getByRole('button', { name: /^Ask \d+ people for more than a password$/ }).waitFor();
  await page.getByRole('radio', { name: 'Administrators' }).click();
  await effect.getByRole('button', { name: 'Ask 1 person for more than a password' }).click();
  await page.getByText('The setting is changed').first().waitFor();
  assert.equal((await policy()).multifactorAuthentication, 'administrators');
  // Who wants less motion can read it, too, before it goes.
  await page.waitForTimeout(1000);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('radio', { name: /^Nobody/, checked: true }).waitFor();
  // What is shown at once is there a moment later.
  while ((await policy()).multifactorAuthentication !== 'nobody') {
    await page.waitForTimeout(50);
  }
  await leave(page);
});

test('how long a session lasts, and for whom a method is, is chosen and undone', async () => {
  const page = await deployment.admin('Contoso', '/admin/settings');
  const policy = () => deployment.call('Contoso', 'GET', '/beta/isopolity/signInPolicy');
  const before = (await policy()).sessionIdleMinutes;
  await page.getByRole('combobox', { name: 'A session ends without use after' }).click();
  await page.getByRole('option', { name: '2 hours', exact: true }).click();
  await page.getByText('The setting is changed').first().waitFor();
  assert.equal((await policy()).sessionIdleMinutes, 120);
  await page.getByRole('button', { name: 'Undo' }).click();
  while ((await policy()).sessionIdleMinutes !== before) await page.waitForTimeout(50);

  await page.getByRole('button', { name: 'Temporary access passes: for whom' }).click();
  const panel = page.getByRole('complementary');
  await panel.getByRole('radio', { name: 'Members of some groups' }).check();
  await panel.getByText('No group is chosen: nobody can use it.').waitFor();
  await panel.getByText('Graph call').click();
  await panel.getByText('"includeTargets": []').waitFor();
  await panel.getByRole('button', { name: 'Cancel' }).click();
  await leave(page);
});

test('who may invite is chosen, and the contacts are kept', async (t) => {
  const path = '/v1.0/policies/authorizationPolicy';
  t.after(() => deployment.call('Contoso', 'PATCH', path, { allowInvitesFrom: 'everyone' }));
  const page = await deployment.admin('Contoso', '/admin/settings?tab=rights');
  await page.getByRole('radio', { name: 'Only people whose role allows it' }).click();
  await page.getByText('The setting is changed').first().waitFor();
  const { allowInvitesFrom } = await deployment.call('Contoso', 'GET', path);
  assert.equal(allowInvitesFrom, 'adminsAndGuestInviters');
  await page.getByRole('tab', { name: 'Name and contacts' }).click();
  const contacts = page.getByLabel('Technical contacts');
  page.provoked.push('/v1.0/organization/');
  await contacts.fill('nobody');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/takes mail addresses/).waitFor();
  await contacts.fill('it@contoso.example, ops@contoso.example');
  // The change of before may still be told.
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
  await page.getByRole('button', { name: 'Save' }).click();
  await saved;
  await page.getByText('The setting is changed').first().waitFor();
  const { value } = await deployment.call('Contoso', 'GET', '/v1.0/organization');
  assert.deepEqual(value[0].technicalNotificationMails, [
    'it@contoso.example',
    'ops@contoso.example',
  ]);
  await leave(page);
});

test('consent is left to administrators, and given back', async () => {
  const path = '/v1.0/policies/authorizationPolicy';
  const assigned = async () =>
    (await deployment.call('Contoso', 'GET', path)).defaultUserRolePermissions
      .permissionGrantPoliciesAssigned;
  const page = await deployment.admin('Contoso', '/admin/settings?tab=rights');
  const may = page.getByRole('switch', { name: 'People may let applications act in their name' });
  assert.equal(await may.isChecked(), true);
  await may.click();
  await page.getByText('The setting is changed').first().waitFor();
  assert.deepEqual(await assigned(), []);
  await page.getByRole('button', { name: 'Undo' }).click();
  while (!(await assigned()).length) await page.waitForTimeout(50);
  await leave(page);
});

test('the key that signs is rotated after a question, and nobody is signed out', async () => {
  const page = await deployment.admin('Contoso', '/admin/settings?tab=keys');
  const keys = page.getByRole('list', { name: 'Signing keys' }).getByRole('listitem');
  await keys.first().waitFor();
  assert.equal(await keys.count(), 1);
  await page.getByRole('button', { name: 'Rotate the key' }).click();
  const asked = page.getByRole('alertdialog', { name: 'Rotate the key' });
  await asked.getByText('Graph call').click();
  await asked.getByText('POST /beta/isopolity/signingKeys/rotate').waitFor();
  await asked.getByRole('button', { name: 'Rotate the key' }).click();
  await keys.filter({ hasText: 'signs no more; goes in' }).waitFor();
  assert.equal(await keys.count(), 2);
  await page.reload();
  await keys.first().waitFor();
  await leave(page);
});

test('what the server refuses is told in the language in use', async () => {
  const texts = (place) =>
    JSON.parse(readFileSync(new URL(`../../${place}/de.json`, import.meta.url), 'utf8'));
  const add = texts('admin/locales')['settings.addDomain'];
  const sentence = 'Another object with the same value for property {0} already exists.';
  const told = texts('ui/locales/sentences')[sentence].replace('{0}', 'id');
  const page = await deployment.admin('Contoso', '/admin/settings?tab=domains', { locale: 'de' });
  await page.getByRole('button', { name: add }).click();
  const form = page.getByRole('complementary', { name: add });
  page.provoked.push('/domains');
  await form.getByRole('textbox').fill('contoso.example');
  await form.getByRole('button', { name: add }).click();
  await form.getByRole('alert').getByText(told).waitFor();
  await leave(page);
});

test('a domain is added, tells what to publish, and is removed', async () => {
  const page = await deployment.admin('Contoso', '/admin/settings?tab=domains');
  await page.getByRole('button', { name: 'Add a domain' }).click();
  const form = page.getByRole('complementary', { name: 'Add a domain' });
  await form.getByRole('textbox').fill('Contoso-Labs.example');
  await form.getByRole('button', { name: 'Add a domain' }).click();
  const panel = page.getByRole('complementary', { name: 'contoso-labs.example' });
  await panel.getByText(/contoso-labs\.example TXT MS=/).waitFor();
  // Nobody has published it.
  page.provoked.push('/verify');
  await panel.getByRole('button', { name: 'Verify' }).click();
  await panel.getByRole('alert').waitFor();
  await panel.getByRole('button', { name: 'Remove' }).click();
  const asked = panel.getByRole('alertdialog');
  await asked.getByText('nothing depends on it').waitFor();
  await asked.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('contoso-labs.example was removed').first().waitFor();
  await panel.waitFor({ state: 'detached' });
  await leave(page);
});

/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('the sign-in page gets a colour, a logo and a text, as its preview shows them', async () => {
  const page = await deployment.admin('Contoso', '/admin/settings?tab=page');
  const preview = page.getByRole('img', { name: 'Preview of the sign-in page' });
  await page.getByRole('textbox', { name: 'Background colour' }).fill('#0a7d4b');
  const colours = async () => {
    const colour = await preview.evaluate((shown) => getComputedStyle(shown).backgroundColor);
    return colour === 'rgb(10, 125, 75)' ? [] : [colour];
  };
  assert.deepEqual(await lasting(colours), []);
  await page.getByLabel('Text below the form').fill('Help desk: 555-0100');
  const banner = page.getByRole('group', { name: 'Banner logo' });
  const file = banner.locator('input[type=file]');
  await file.setInputFiles({ name: 'logo.svg', mimeType: 'image/svg+xml', buffer: PIXEL });
  await page.getByText('This isn’t a PNG or JPEG image.').waitFor();
  await file.setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: PIXEL });
  await banner.getByRole('img').waitFor();
  await page.locator('summary', { hasText: 'Graph call' }).click();
  await page.getByText('/branding/bannerLogo').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The sign-in page is changed').first().waitFor();

  const { id } = deployment.tenant('Contoso');
  const visitor = await deployment.visitor();
  await visitor.goto(`/${id}/account`);
  await visitor.getByText('Help desk: 555-0100').waitFor();
  const logo = visitor.getByRole('img', { name: 'Contoso' });
  assert.ok(await logo.evaluate(({ naturalWidth }) => naturalWidth));
  assert.equal(
    await visitor.evaluate(() => getComputedStyle(document.body).backgroundColor),
    'rgb(10, 125, 75)',
  );
  await page.getByRole('button', { name: 'Remove all of it' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove all of it' }).click();
  await page.getByText('The sign-in page looks as in a new tenant').first().waitFor();
  await visitor.reload();
  await visitor.getByText('Help desk: 555-0100').waitFor({ state: 'detached' });
  await leave(visitor);
  await leave(page);
});

test('the sign-in page says something of its own in a language', async () => {
  const page = await deployment.admin('Contoso', '/admin/settings?tab=page');
  await page.getByLabel('Text below the form').fill('Help desk: 555-0100');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The sign-in page is changed').first().waitFor();
  await page.getByRole('combobox', { name: 'Language' }).click();
  await page.getByRole('option', { name: 'French' }).click();
  await page.getByLabel('Text below the form').fill('Assistance : 555-0100');
  await page.locator('summary', { hasText: 'Graph call' }).click();
  await page.getByText('"id": "fr"').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Remove this language' }).waitFor();
  const { id } = deployment.tenant('Contoso');
  const answered = async (language) => {
    const headers = { 'accept-language': language };
    const page = await fetch(`${deployment.url}/${id}/account`, { headers });
    return page.text();
  };
  assert.match(await answered('fr-CA'), /Assistance : 555-0100/);
  assert.match(await answered('de'), /Help desk: 555-0100/);
  await page.getByRole('button', { name: 'Remove this language' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove this language' }).click();
  await page.getByRole('button', { name: 'Remove this language' }).waitFor({ state: 'detached' });
  assert.match(await answered('fr-CA'), /Help desk: 555-0100/);
  await deployment.call('Contoso', 'DELETE', `/v1.0/organization/${id}/branding`);
  await leave(page);
});

/** A person of Contoso whom nobody else's test needs. */
const newcomer = (alias, displayName) =>
  deployment.call('Contoso', 'POST', '/v1.0/users', {
    accountEnabled: true,
    displayName,
    mailNickname: alias,
    userPrincipalName: `${alias}@contoso.example`,
    passwordProfile: { password: 'not-the-Password-9', forceChangePasswordNextSignIn: false },
  });

test('who has forgotten the password gets another, which is shown once and works', async () => {
  const person = await newcomer('forgetful', 'Forgetful Ingrid');
  const page = await deployment.admin('Contoso', `/admin/people?open=${person.id}`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('list', { name: 'Signing in' }).getByText('Password').waitFor();
  await panel.getByRole('button', { name: 'Reset the password' }).click();
  await panel.getByText('is signed out everywhere').waitFor();
  await panel.getByText('Graph call').click();
  await panel.getByText('/resetPassword').waitFor();
  await panel.getByRole('switch', { name: /next sign-in/ }).uncheck();
  await panel.getByRole('button', { name: 'Reset the password' }).click();
  const password = await panel.getByRole('status').locator('code').textContent();
  await panel.getByRole('button', { name: 'I have it' }).click();
  assert.ok(!(await page.textContent('body')).includes(password));
  await leave(page);

  const visitor = await deployment.visitor();
  // The admin centre has nothing for somebody without a role.
  visitor.provoked.push('/beta/isopolity/');
  await visitor.goto('/admin');
  await signIn(visitor, person.userPrincipalName, password);
  await visitor.locator('h1').waitFor();
  // Whoever an admin signs out is out, in the middle of whatever the page asks for.
  visitor.provoked.push('/v1.0/', '/beta/', '/oauth2/v2.0/token');
  const admin = await deployment.admin('Contoso', `/admin/people?open=${person.id}`);
  await admin.getByRole('button', { name: 'End all sessions' }).click();
  const asked = admin.getByRole('alertdialog', { name: 'End all sessions' });
  await asked.getByText('has to sign in again').waitFor();
  await asked.getByRole('button', { name: 'End all sessions' }).click();
  await admin.getByText('Forgetful Ingrid is signed out everywhere').first().waitFor();
  await leave(admin);
  await visitor.goto('/admin');
  await visitor.getByRole('heading', { name: 'Sign in' }).waitFor();
  await leave(visitor);
});

test('a temporary access pass is given as the policy allows, and is taken away after a question', async () => {
  const person = await newcomer('newcomer', 'Newcomer Taro');
  const page = await deployment.admin('Contoso', `/admin/people?open=${person.id}`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('button', { name: 'Give a temporary access pass' }).click();
  await panel.getByRole('combobox', { name: 'Opens for' }).click();
  await page.getByRole('option', { name: '8 hours' }).click();
  await panel.getByRole('button', { name: 'Give a temporary access pass' }).click();
  assert.ok(await panel.getByRole('status').locator('code').textContent());
  await panel.getByRole('button', { name: 'I have it' }).click();
  const methods = panel.getByRole('list', { name: 'Signing in' });
  await methods.getByText(/for one sign-in, until/).waitFor();
  await methods.getByRole('button', { name: 'Remove Temporary access pass' }).click();
  // The question can be left by the keyboard, and asks again.
  await page.keyboard.press('Escape');
  await methods.getByRole('alertdialog').waitFor({ state: 'detached' });
  await methods.getByRole('button', { name: 'Remove Temporary access pass' }).click();
  await methods.getByRole('button', { name: 'Remove it' }).click();
  await methods.getByText(/for one sign-in, until/).waitFor({ state: 'detached' });
  await leave(page);
});

test('a sign-in is in the log, with what it was for', async () => {
  const page = await deployment.admin('Contoso', '/admin/logs?tab=signIns');
  const row = page.getByRole('row', { name: /isopolity admin centre/ }).first();
  await row.getByText('success').waitFor();
  await row.click();
  const panel = page.getByRole('complementary');
  await panel.getByText('pwd').waitFor();
  await leave(page);
});

test('a role for a unit says so, and is taken away and given back as it was', async () => {
  const call = (method, path, body) => deployment.call('Contoso', method, path, body);
  const assignments = '/v1.0/roleManagement/directory/roleAssignments';
  const [person] = (await call('GET', "/v1.0/users?$filter=startswith(displayName,'Anneliese')"))
    .value;
  const unit = await call('POST', '/v1.0/directory/administrativeUnits', { displayName: 'West' });
  const role = await call('POST', '/v1.0/roleManagement/directory/roleDefinitions', {
    displayName: 'Title Keeper',
    isEnabled: true,
    rolePermissions: [{ allowedResourceActions: ['microsoft.directory/users/basic/update'] }],
  });
  const given = await call('POST', assignments, {
    roleDefinitionId: role.id,
    principalId: person.id,
    directoryScopeId: `/administrativeUnits/${unit.id}`,
  });
  const count = async () => {
    const of = `${assignments}?$filter=roleDefinitionId eq '${role.id}'`;
    return (await call('GET', of)).value.map(({ id }) => id);
  };
  const page = await deployment.admin('Contoso', `/admin/roles?open=${role.id}`);
  const panel = page.getByRole('complementary');
  const holders = panel.getByRole('list', { name: 'Who has it' });
  await holders.getByText('Only in West').waitFor();
  await holders.getByRole('button', { name: /Anneliese/ }).click();
  await holders.getByText('Only in West').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  assert.deepEqual(await count(), []);
  await page.getByRole('button', { name: 'Undo' }).click();
  await holders.getByText('Only in West').waitFor();
  assert.deepEqual(await count(), [given.id]);
  await leave(page);
});
