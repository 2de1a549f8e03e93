/** Groups and roles as an admin looks after them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployment, leave } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

const call = (method, path, body) => deployment.call('Contoso', method, path, body);

test('a group is made, edited, deleted and restored', async () => {
  const page = await deployment.admin('Contoso', '/admin/groups');
  await page.getByRole('button', { name: 'Add a group' }).first().click();
  const panel = page.getByRole('complementary');
  await panel.getByLabel('Name').fill('Managers');
  await panel.getByRole('button', { name: 'Add a group' }).click();
  await page.getByRole('row', { name: /Managers/ }).click();

  await panel.getByRole('button', { name: 'Edit' }).click();
  await panel.getByLabel('Name').fill('Board');
  await panel.getByLabel('Description').fill('Who decides');
  await panel.getByRole('button', { name: 'Save' }).click();
  await panel.getByRole('heading', { name: 'Board' }).waitFor();
  await panel.getByText('Who decides').waitFor();
  await panel.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('row', { name: /Board/ }).waitFor({ state: 'detached' });

  await page.getByRole('tab', { name: 'Deleted' }).click();
  await page.getByRole('row', { name: /Board/ }).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.getByRole('tab', { name: 'Groups' }).click();
  await page.getByRole('row', { name: /Board/ }).waitFor();
  await leave(page);
});

test('a rule decides who is in a group, until it is paused', async () => {
  const page = await deployment.admin('Contoso', '/admin/groups');
  await page.getByRole('button', { name: 'Add a group' }).first().click();
  const panel = page.getByRole('complementary');
  await panel.getByLabel('Name').fill('Everybody');
  await panel.getByRole('switch', { name: 'A rule decides who is a member' }).click();
  const rule = panel.getByRole('textbox', { name: 'Rule' });
  page.provoked.push('/v1.0/groups');
  await rule.fill('user.objectId -ne nil');
  await panel.getByRole('button', { name: 'Add a group' }).click();
  await panel.getByText('a text in quotation marks is missing').waitFor();
  await rule.fill('user.objectId -ne null');
  await panel.getByRole('button', { name: 'Add a group' }).click();
  await page.getByRole('row', { name: /Everybody/ }).click();
  await panel.getByText('user.objectId -ne null').waitFor();
  await panel.getByText('nobody is added or taken out by hand').waitFor();
  await panel.getByRole('heading', { name: /^[1-9]\d* members?$/ }).waitFor();
  assert.equal(await panel.getByRole('combobox', { name: 'Add people' }).count(), 0);

  await panel.getByRole('button', { name: 'Edit' }).click();
  await panel.getByRole('switch', { name: 'Apply the rule' }).click();
  await panel.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('The rule is paused').waitFor();
  await leave(page);
});

test('a role of the tenant’s own is defined, changed and deleted', async () => {
  const page = await deployment.admin('Contoso', '/admin/roles');
  await page.getByRole('button', { name: 'Define a role' }).first().click();
  const panel = page.getByRole('complementary');
  await panel.getByLabel('Name').fill('Name keeper');
  const actions = panel.getByRole('combobox', { name: 'What it allows' });
  const add = async (text, action) => {
    await actions.fill(text);
    const items = page.getByRole('menuitemcheckbox');
    await items.filter({ hasText: new RegExp(`^${action}$`) }).click();
    await page.keyboard.press('Escape');
    await panel.getByRole('button', { name: new RegExp(action) }).waitFor();
  };
  await add('users basic update', 'users/basic/update');
  // Whoever could define a role that gives roles could do everything.
  await actions.fill('roleAssignments update');
  await page.getByText('Nobody and nothing fits.').waitFor();
  await actions.fill('');
  await page.keyboard.press('Escape');
  await panel.getByRole('button', { name: 'Define a role' }).click();
  await panel.getByText('Of this tenant').waitFor();

  await panel.getByRole('button', { name: 'Edit' }).click();
  await add('groups standard read', 'groups/standard/read');
  await panel.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('What it allows: 2 actions').waitFor();
  const { value } = await call(
    'GET',
    "/v1.0/roleManagement/directory/roleDefinitions?$filter=displayName eq 'Name keeper'",
  );
  assert.deepEqual(value[0].rolePermissions[0].allowedResourceActions, [
    'microsoft.directory/users/basic/update',
    'microsoft.directory/groups/standard/read',
  ]);

  await panel.getByRole('button', { name: 'Delete', exact: true }).click();
  await panel.getByRole('alertdialog').getByText('loses it at once').waitFor();
  await panel.getByRole('button', { name: 'Delete the role' }).click();
  await panel.waitFor({ state: 'detached' });
  await page.getByText('Name keeper was deleted').first().waitFor();
  await leave(page);
});
