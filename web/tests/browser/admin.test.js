/** The admin centre as admins use it: the real binary, a real browser, three tenants. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axeFindings, Deployment, leave, signIn } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

const partner = (name) =>
  `/v1.0/policies/crossTenantAccessPolicy/partners/${deployment.tenant(name).id}`;
const key = (from, to) => `${deployment.tenant(from).id}.${deployment.tenant(to).id}`;

test('it signs in as a public client by PKCE, and comes back to where one wanted to go', async () => {
  const page = await deployment.visitor();
  await page.goto('/admin/organization?q=fab');
  const { admin, adminPassword } = deployment.tenant('Contoso');
  await signIn(page, admin, adminPassword);
  const [asked] = page.signIns;
  assert.equal(asked.response_type, 'code');
  assert.equal(asked.response_mode, 'fragment');
  assert.equal(asked.code_challenge_method, 'S256');
  assert.equal(asked.redirect_uri, `${deployment.url}/admin/signed-in`);
  assert.ok(asked.scope.split(' ').includes('offline_access'));
  await page.waitForURL('**/admin/organization?q=fab');
  await page.getByRole('row', { name: /Fabrikam/ }).waitFor();
  assert.equal(await page.getByRole('row').count(), 2);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!stored.includes('eyJ'), 'no token is stored');

  // A reload asks quietly, and goes nowhere.
  const places = [];
  page.on('framenavigated', (frame) => places.push(new URL(frame.url()).pathname));
  await page.reload();
  await page.getByRole('row', { name: /Fabrikam/ }).waitFor();
  assert.equal(page.signIns.at(-1).prompt, 'none');
  assert.deepEqual([...new Set(places)], ['/admin/organization']);

  // Who isn't signed in any more is asked.
  await page.context().clearCookies();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await leave(page);
});

test('a fault is seen live on the matrix, is understood by Why, and mended by both admins', async () => {
  const contoso = await deployment.admin('Contoso');
  await contoso.getByText('All 6 pairs are ready.').waitFor();
  await deployment.call('Fabrikam', 'PATCH', `${partner('Contoso')}/identitySynchronization`, {
    userSyncInbound: { isSyncAllowed: false },
  });
  await contoso
    .getByText('1 of 6 pairs needs something: Fabrikam doesn’t accept users from Contoso.')
    .waitFor();
  await contoso.getByRole('button', { name: 'Why?' }).click();
  const story = contoso.getByRole('complementary', { name: 'Contoso to Fabrikam' });
  await story.getByText('Accept users from Contoso in Fabrikam').waitFor();
  await story.getByRole('button', { name: 'Ask Fabrikam' }).click();
  await contoso.getByText('Fabrikam has been asked').first().waitFor();
  // It isn't asked again while it hasn't decided, also not by whoever comes later.
  await story.getByText('Fabrikam has been asked and hasn’t decided yet:').waitFor();
  await contoso.reload();
  await story.getByText('Fabrikam has been asked and hasn’t decided yet:').waitFor();
  assert.equal(await story.getByRole('button', { name: 'Ask Fabrikam' }).count(), 0);

  const fabrikam = await deployment.admin('Fabrikam', '/admin/organization');
  await fabrikam.getByText('Contoso asks you for a change').waitFor();
  await fabrikam.getByRole('button', { name: 'Accept' }).click();
  await fabrikam.getByText('Accepted what Contoso asked for').first().waitFor();
  await contoso.getByText('All 6 pairs are ready.').waitFor();
  await leave(fabrikam);
  await leave(contoso);
});

test('whom a change of the sharing adds and removes is seen before it is saved', async () => {
  const { id } = deployment.tenant('Fabrikam');
  const page = await deployment.admin('Contoso', `/admin/users-across?tenant=${id}&edit=1`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('radio', { name: /A choice/ }).check();
  await panel.getByRole('button', { name: 'Add a condition' }).click();
  await panel.getByRole('textbox', { name: 'Value' }).fill('Sales');
  const button = panel.getByRole('button', { name: /^Share \d+ people with Fabrikam$/ });
  await panel.getByText(/\d+ people are removed there\./).waitFor();
  await panel.getByText(/stopped by the guard/).waitFor();
  await button.waitFor();
  const [, count] = /(\d+)/.exec(await button.textContent());
  assert.ok(Number(count) > 0 && Number(count) < 265);
  await panel.getByText('Graph call').click();
  await panel.getByText("department eq 'Sales'").waitFor();
  await panel.getByRole('button', { name: 'Cancel' }).click();
  const entries = await deployment.call('Contoso', 'GET', '/beta/isopolity/userSharing/tenants');
  assert.ok(
    entries.value.every(({ source }) => source === 'default'),
    'nothing was saved',
  );
  await leave(page);
});

test('a change shows at once, is undone from its toast, and is taken back if it is refused', async () => {
  const { id } = deployment.tenant('Tailspin');
  const page = await deployment.admin('Contoso', `/admin/users-across?tenant=${id}`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('button', { name: 'Pause' }).click();
  await panel.getByRole('button', { name: 'Resume' }).waitFor();
  await page.getByText('Sharing with Tailspin is paused').first().waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await panel.getByRole('button', { name: 'Pause' }).waitFor();

  page.provoked.push('/pause');
  await page.route('**/pause', (route) =>
    route.fulfill({ status: 403, json: { error: { code: 'x', message: 'Not today.' } } }),
  );
  await panel.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Not today. Nothing was changed.').first().waitFor();
  await panel.getByRole('button', { name: 'Pause' }).waitFor();
  await leave(page);
});

test('by another name of the server it goes to the one that people sign in at', async () => {
  const page = await deployment.visitor();
  const other = deployment.url.replace('127.0.0.1', 'localhost');
  page.friends.add(other);
  await page.goto(`${other}/admin/organization?q=fab`);
  const { admin, adminPassword } = deployment.tenant('Contoso');
  await signIn(page, admin, adminPassword);
  await page.waitForURL(`${deployment.url}/admin/organization?q=fab`);
  await page.getByRole('row', { name: /Fabrikam/ }).waitFor();
  await leave(page);
});

test('a fourth tenant is added and joins, having seen what that changes, and is taken out again', async () => {
  const northwind = await deployment.addTenant('Northwind');
  const contoso = await deployment.admin('Contoso', '/admin/organization?add=1');
  await contoso.getByLabel('Which tenant?').fill('somebody@northwind.example');
  await contoso.getByRole('button', { name: 'Find', exact: true }).click();
  await contoso.getByRole('button', { name: 'Add Northwind' }).click();
  await contoso.getByText('Northwind is invited').waitFor();

  const admin = await deployment.admin('Northwind', '/admin/organization');
  await admin.getByText('Contoso invites you to Isopolity demo').waitFor();
  await admin.getByText(/It has proved the domains contoso\.example\./).waitFor();
  await admin.getByRole('button', { name: 'Review' }).click();
  await admin.getByText('Joining changes 9 settings of yours').waitFor();
  await admin.getByText('Nobody of yours is shared by joining').waitFor();
  const share = (scope) =>
    deployment.call('Northwind', 'PUT', '/beta/isopolity/userSharing/default', { scope });
  await share('all');
  await admin.reload();
  await admin.getByText(/^1 person of yours is then shared with .*Contoso/).waitFor();
  await admin.getByRole('button', { name: 'Join and share 1 person' }).waitFor();
  await share('none');
  await admin.reload();
  await admin.getByRole('button', { name: 'Join and open 9 settings' }).click();
  await admin.getByRole('row', { name: /Northwind \(yours\) Active/ }).waitFor();

  await contoso.goto(`/admin/organization?tenant=${northwind.id}`);
  await contoso.getByRole('button', { name: 'Rehearse it' }).click();
  await contoso.getByRole('button', { name: /^Take Northwind out and delete/ }).click();
  await contoso.getByText('Contoso took Northwind out').waitFor();
  await contoso.getByRole('row', { name: /Northwind/ }).waitFor({ state: 'detached' });
  await leave(admin);
  await leave(contoso);
});

test('everything can be done from the keyboard', async () => {
  const page = await deployment.admin('Contoso');
  await page.getByText(/pairs are ready/).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('users ac');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Users across' }).waitFor();
  await page.getByRole('row', { name: /Fabrikam/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: 'Shared with Tailspin' });
  await panel.waitFor();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  assert.match(await page.evaluate(() => document.activeElement?.textContent), /Tailspin/);
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.getByRole('heading', { level: 1, name: 'Readiness' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await leave(page);
});

test('a person is found, blocked and let go again, and says where it appears and why not', async () => {
  const page = await deployment.admin('Contoso', '/admin/people?q=anneliese&f=origin:own');
  await page
    .getByRole('row', { name: /Anneliese/ })
    .first()
    .click();
  const panel = page.getByRole('complementary');
  await panel.getByText('Appears in Fabrikam.').waitFor();
  await panel.getByRole('button', { name: 'Disable' }).click();
  await panel.getByRole('button', { name: 'Enable' }).waitFor();
  await panel.getByText('Can’t sign in to Fabrikam.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await panel.getByText('Can sign in to Fabrikam.').waitFor();
  await leave(page);
});

test('people are imported by a CSV that is dropped, with what is wrong by line', async () => {
  const page = await deployment.admin('Contoso', '/admin/people?panel=import');
  const csv =
    'Login;Name;Department\nzora@contoso.example;Zora Zett;Sales\n;No Name;\nx@fabrikam.example;X;\n';
  await page.setInputFiles('input[type=file]', {
    name: 'people.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(csv),
  });
  const panel = page.getByRole('complementary');
  await panel.getByText('1 person can be imported, 2 can’t.').waitFor();
  await panel.getByText(/Line 3:.*no user name/).waitFor();
  await panel.getByText(/Line 4:.*domain/).waitFor();
  await panel.getByRole('button', { name: 'Import 1 person' }).click();
  await panel.getByText('1 person was added, 0 failed.').waitFor();
  const found = await deployment.call(
    'Contoso',
    'GET',
    '/v1.0/users/zora@contoso.example?$select=department',
  );
  assert.equal(found.department, 'Sales');
  await leave(page);
});

test('an access setting reads as a sentence, and so does what it will be', async () => {
  const { id } = deployment.tenant('Tailspin');
  const page = await deployment.admin(
    'Contoso',
    `/admin/access?tenant=${id}&part=b2bCollaborationInbound`,
  );
  const panel = page.getByRole('complementary');
  await panel
    .getByText('Everybody of Tailspin may use every application in Contoso.')
    .first()
    .waitFor();
  assert.ok(await panel.getByRole('button', { name: 'Save this' }).isDisabled());
  await panel.getByRole('radio', { name: 'Nobody' }).check();
  await panel.getByText('Now: Everybody of Tailspin may use').waitFor();
  await panel.getByText('It will be: Nobody from Tailspin may come in.').waitFor();
  // How many that shuts out is said, with some names.
  await panel.getByText(/concerned: \d+\. None of them can sign in here any more\./).waitFor();
  await panel.getByText(/and \d+ more/).waitFor();
  await panel.getByRole('button', { name: 'Save this' }).click();
  await page.getByRole('main').getByText('Nobody from Tailspin may come in.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page
    .getByRole('main')
    .getByText('Everybody of Tailspin may use every application in Contoso.')
    .waitFor();
  await leave(page);
});

test('a checkbox of an access setting says what it stops before it does', async () => {
  const { id } = deployment.tenant('Tailspin');
  const page = await deployment.admin('Contoso', `/admin/access?tenant=${id}`);
  const panel = page.getByRole('complementary');
  const box = panel.getByRole('checkbox', {
    name: 'People from Tailspin come in without a prompt',
  });
  await box.click();
  const asked = panel.getByRole('alertdialog');
  await asked.getByText(/concerned: \d+\. They .* synchronization to here stops/).waitFor();
  assert.ok(await box.isChecked());
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await asked.waitFor({ state: 'detached' });
  await box.click();
  await asked.getByRole('button', { name: 'Turn it off' }).click();
  await panel.getByRole('checkbox', { name: /come in without a prompt/, checked: false }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await panel.getByRole('checkbox', { name: /come in without a prompt/, checked: true }).waitFor();
  await leave(page);
});

test('somebody without a role is told so, and asks nothing that is refused twice', async () => {
  const { person, personPassword, id } = deployment.tenant('Contoso');
  const page = await deployment.visitor();
  page.provoked.push('/beta/isopolity/readiness');
  const refused = [];
  page.on('response', (response) => {
    if (response.status() === 403) refused.push(new URL(response.url()).pathname);
  });
  await page.goto('/admin');
  await signIn(page, person, personPassword);
  await page.getByRole('heading', { name: 'You have no role in this admin centre' }).waitFor();
  await page.getByText('ask an administrator of Contoso').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(refused, ['/beta/isopolity/readiness']);
  await page.getByRole('link', { name: 'My account' }).click();
  await page.waitForURL(`**/${id}/account`);
  await leave(page);
});

test('people are deleted after it was said whom and where, and edits of a mapping aren’t lost by a step back', async () => {
  const page = await deployment.admin('Contoso', '/admin/people?q=anneliese&f=origin:own');
  const row = page.getByRole('row', { name: /Anneliese/ }).first();
  await row.getByRole('checkbox').check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
  const asked = page.getByRole('alertdialog');
  await asked.getByText(/The copies in Fabrikam and Tailspin are deleted with them/).waitFor();
  await asked.getByRole('button', { name: 'Cancel' }).click();

  const { id } = deployment.tenant('Fabrikam');
  await page.goto(`/admin/users-across?tenant=${id}`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('button', { name: 'Filters and mapping' }).click();
  await panel.getByRole('button', { name: 'Add a condition' }).first().click();
  await panel.getByRole('textbox', { name: 'Value' }).first().fill('Sales');
  await page.goBack();
  await panel.getByText('isn’t saved').waitFor();
  await panel.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await panel.getByRole('textbox', { name: 'Value' }).first().inputValue(), 'Sales');
  await page.goBack();
  await panel.getByRole('button', { name: 'Go without saving' }).click();
  await panel.getByRole('button', { name: 'Filters and mapping' }).waitFor();
  await leave(page);
});

test('LDIF is taken, and who is here already is seen before anything is sent', async () => {
  const page = await deployment.admin('Contoso', '/admin/people?panel=import');
  const { admin } = deployment.tenant('Contoso');
  const ldif = [
    'version: 1',
    'dn: uid=zeno,dc=contoso',
    'objectClass: inetOrgPerson',
    'uid: zeno',
    'cn:: WsOpbm8=',
    '',
    'dn: uid=admin,dc=contoso',
    'objectClass: inetOrgPerson',
    `uid: ${admin.split('@')[0]}`,
    'cn: Admin',
    '',
  ].join('\n');
  await page.setInputFiles('input[type=file]', {
    name: 'people.ldif',
    mimeType: 'text/plain',
    buffer: Buffer.from(ldif),
  });
  const panel = page.getByRole('complementary');
  await panel.getByText('1 person can be imported, 1 can’t.').waitFor();
  await panel.getByText(/Line 7:.*somebody with this user name already/).waitFor();
  await leave(page);
});

test('a name that is markup is shown as it is', async () => {
  const name = 'Team <img src=x onerror="document.title=1">';
  const { id } = deployment.tenant('Fabrikam');
  const group = await deployment.call('Contoso', 'POST', '/v1.0/groups', {
    displayName: name,
    mailEnabled: false,
    mailNickname: 'markup',
    securityEnabled: true,
  });
  const page = await deployment.admin('Contoso', `/admin/users-across?tenant=${id}&edit=1`);
  const panel = page.getByRole('complementary');
  await panel.getByRole('radio', { name: /A choice/ }).check();
  await panel.getByRole('combobox', { name: 'Groups' }).pressSequentially('team');
  await page.getByRole('menuitemcheckbox', { name }).click();
  await page.keyboard.press('Escape');
  await panel.getByRole('button', { name }).waitFor();
  await deployment.call('Contoso', 'DELETE', `/v1.0/groups/${group.id}`);
  await leave(page);
});

test('what one is about to click stays where it is while more is found', async () => {
  const page = await deployment.admin('Contoso', '/admin/people?q=Anneliese');
  await page
    .getByRole('row', { name: /Anneliese/ })
    .first()
    .click();
  const panel = page.getByRole('complementary');
  const search = /servicePrincipals\?.*search=.*Automation/;
  let answer;
  const held = new Promise((resolve) => {
    answer = resolve;
  });
  await page.route(search, async (route) => {
    await held;
    await route.continue();
  });
  await panel.getByRole('combobox', { name: /use an application/ }).click();
  await page.getByRole('option').nth(2).waitFor();
  const asked = page.waitForRequest(search);
  await page.keyboard.type('Automation');
  await asked;
  const option = page.getByRole('option', { name: 'Automation' });
  await option.hover();
  const before = await option.boundingBox();
  await page.mouse.down();
  answer();
  await page.waitForResponse(search);
  await page.waitForTimeout(200);
  assert.deepEqual(await option.boundingBox(), before);
  await page.mouse.up();
  await panel.getByText('Can use Automation in Contoso.').waitFor();
  await leave(page);
});

test('what is behind a cell has an address', async () => {
  const page = await deployment.admin('Contoso', `/admin?pair=${key('Tailspin', 'Fabrikam')}`);
  await page.getByText('Only admins of these two tenants can change this.').waitFor();
  await leave(page);
});
