/** Tables: sorted by any column, filtered, and changed many rows at once, whoever does the sorting. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployment, leave, PHONE } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

const call = (method, path, body) => deployment.call('Contoso', method, path, body);

const rows = (page) => page.locator('[role=row][data-index]');
/** The texts of a column, by its place. */
const column = (page, at) =>
  rows(page).evaluateAll(
    (all, at) =>
      all
        .sort((left, right) => left.dataset.index - right.dataset.index)
        .map((row) => row.querySelectorAll('[role=gridcell]')[at].textContent),
    at,
  );
const sortedBy = (page, name, direction) =>
  page.locator(`[role=columnheader][aria-sort=${direction}]`, { hasText: name }).waitFor();
/** What the table says of its rows. */
const told = (page, text) => page.getByRole('status').getByText(text).waitFor();

async function isOrdered(page, at, sign = 1) {
  await page.locator('[role=grid][aria-busy=false]').waitFor();
  const texts = (await column(page, at)).filter(Boolean);
  const { compare } = new Intl.Collator('en', { numeric: true });
  assert.ok(texts.length > 3);
  assert.deepEqual(
    texts,
    [...texts].sort((left, right) => sign * compare(left, right)),
  );
}

test('a list that the server can’t sort by a column is read and sorted here', async () => {
  const page = await deployment.admin('Contoso', '/admin/people?cols=displayName,department');
  const asked = [];
  // Pages that are small enough for there to be several.
  await page.route(/top=999/, (route, request) => {
    asked.push(request.url());
    return route.continue({ url: request.url().replace('top=999', 'top=7') });
  });
  await page.getByRole('button', { name: 'Department' }).click();
  await sortedBy(page, 'Department', 'ascending');
  await isOrdered(page, 2);
  const { length: read } = asked;
  assert.ok(read > 0);
  await page.getByRole('button', { name: 'Department' }).click();
  await sortedBy(page, 'Department', 'descending');
  await isOrdered(page, 2, -1);
  assert.equal(asked.length, read, 'another direction asks nothing');

  // The link brings it back, and a search is what's sorted then.
  await page.reload();
  await sortedBy(page, 'Department', 'descending');
  await isOrdered(page, 2, -1);
  await page.getByRole('button', { name: 'Name' }).click();
  await sortedBy(page, 'Name', 'ascending');
  await leave(page);
});

test('more than can be sorted here isn’t', async () => {
  const page = await deployment.admin('Contoso', '/admin/people');
  await page.route(/top=999/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({
      response,
      json: { ...(await response.json()), '@odata.count': 20_001 },
    });
  });
  await page.getByRole('button', { name: 'Department' }).click();
  await told(page, '20,001 are too many to sort by this column. Search or filter first.');
  assert.equal(await page.locator('[aria-sort]').count(), 0);
  await rows(page).first().waitFor();
  await leave(page);
});

test('a failure on the way is told, and tried again', async () => {
  const page = await deployment.admin('Contoso', '/admin/people');
  await rows(page).first().waitFor();
  page.provoked.push('top=999');
  let isBroken = true;
  await page.route(/top=999/, (route) =>
    isBroken
      ? route.fulfill({
          status: 400,
          json: { error: { code: 'BadRequest', message: 'Not today.' } },
        })
      : route.continue(),
  );
  await page.getByRole('button', { name: 'Department' }).click();
  await page.getByText('Not today.').waitFor();
  isBroken = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await sortedBy(page, 'Department', 'ascending');
  await isOrdered(page, 5);
  await leave(page);
});

test('every column of every log sorts', async () => {
  const page = await deployment.admin('Contoso', '/admin/logs');
  for (const tab of ['directory', 'signIns', 'provisioning']) {
    await page.goto(`/admin/logs?tab=${tab}`);
    await rows(page).first().waitFor();
    const heads = page.locator('[role=columnheader]:not(:has(input))');
    assert.equal(await heads.count(), await heads.locator('button').count());
    for (const head of await heads.all()) {
      await head.getByRole('button').click();
      await page.locator('[role=grid][aria-busy=false]').waitFor();
      await page.waitForURL(/[?&]sort=/);
      await rows(page).first().waitFor();
    }
  }
  await leave(page);
});

test('at phone width there is a menu to sort by', async () => {
  const page = await deployment.admin('Contoso', '/admin/people', { viewport: PHONE });
  await page.getByRole('button', { name: 'Sorted by Name' }).click();
  await page.getByRole('menuitemradio', { name: 'Department' }).click();
  await page.waitForURL(/sort=department/);
  await page.getByRole('button', { name: 'Sorted by Department' }).click();
  await page.getByRole('menuitemradio', { name: 'Descending' }).click();
  await page.waitForURL(/sort=-department/);
  await leave(page);
});

test('applications are filtered by what they prove themselves with, and deleted together', async () => {
  const make = async (displayName, days) => {
    const { id, appId } = await call('POST', '/v1.0/applications', { displayName });
    await call('POST', '/v1.0/servicePrincipals', { appId });
    if (days === undefined) return;
    const endDateTime = new Date(Date.now() + days * 86_400_000).toISOString();
    await call('POST', `/v1.0/applications/${id}/addPassword`, {
      passwordCredential: { displayName: 'one', endDateTime },
    });
  };
  await make('Sort bare');
  await make('Sort soon', 10);
  await make('Sort long', 200);
  const page = await deployment.admin('Contoso', '/admin/applications?q=Sort');
  const shows = async (...names) => {
    for (const name of ['Sort bare', 'Sort soon', 'Sort long']) {
      const row = page.getByRole('row', { name: new RegExp(name) });
      await row.waitFor({ state: names.includes(name) ? 'visible' : 'detached' });
    }
  };
  await shows('Sort bare', 'Sort soon', 'Sort long');
  const filter = async (name) => {
    await page.getByRole('button', { name: /^Filter by Secrets/ }).click();
    await page.getByRole('menuitemcheckbox', { name }).click();
    await page.keyboard.press('Escape');
  };
  await filter('None');
  await shows('Sort bare');
  await filter('Ending within 30 days');
  await shows('Sort bare', 'Sort soon');
  await filter('None');
  await filter('Ending within 30 days');
  await filter('Good for long');
  await shows('Sort long');
  await filter('Good for long');
  await page
    .getByRole('button', { name: /^Secrets/ })
    .first()
    .click();
  await shows('Sort bare', 'Sort soon', 'Sort long');

  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('3 applications deleted').first().waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await shows('Sort bare', 'Sort soon', 'Sort long');

  await page.goto('/admin/applications?tab=enterprise&q=Sort');
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Block sign-in' }).click();
  await page.getByText('Nobody may sign in to 3 applications').first().waitFor();
  await page.getByRole('button', { name: 'Clear selection' }).click();
  await page.getByRole('button', { name: /^Filter by State/ }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Enabled' }).click();
  await page.keyboard.press('Escape');
  await page.getByText('Nothing fits the search and the filters.').waitFor();
  await leave(page);
});

test('groups are filtered by their kind', async () => {
  await call('POST', '/v1.0/groups', {
    displayName: 'Table team',
    mailEnabled: true,
    mailNickname: 'table-team',
    securityEnabled: false,
    groupTypes: ['Unified'],
  });
  await call('POST', '/v1.0/groups', {
    displayName: 'Table guard',
    mailEnabled: false,
    mailNickname: 'table-guard',
    securityEnabled: true,
  });
  const page = await deployment.admin('Contoso', '/admin/groups?q=Table&f=kind:microsoft365');
  await page.getByRole('row', { name: /Table team/ }).waitFor();
  assert.equal(await rows(page).count(), 1);
  await page.goto('/admin/groups?q=Table&f=kind:security&sort=-created');
  await page.getByRole('row', { name: /Table guard/ }).waitFor();
  assert.equal(await rows(page).count(), 1);
  await leave(page);
});

test('sharing with several tenants is paused and goes on', async () => {
  const page = await deployment.admin('Contoso', '/admin/users-across');
  await rows(page).first().waitFor();
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Sharing with 2 tenants is paused').first().waitFor();
  await page.getByRole('button', { name: 'Graph call' }).click();
  const { id: fabrikam } = deployment.tenant('Fabrikam');
  await page.getByText(`POST /beta/isopolity/userSharing/tenants/${fabrikam}/pause`).waitFor();
  await page.getByRole('gridcell', { name: 'Paused' }).nth(1).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('gridcell', { name: 'Paused' }).first().waitFor({ state: 'detached' });

  await page.goto('/admin/users-across?tab=incoming');
  await page.getByRole('checkbox', { name: 'Select Fabrikam' }).check();
  await page.getByRole('button', { name: 'Shut off' }).click();
  await page.getByText('1 tenant is shut off').first().waitFor();
  await leave(page);
});
