/** Somebody starts the server on an empty directory, and sets it up in the browser with a passkey. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authenticator, axeFindings, Deployment, leave, PHONE } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.empty();
});
after(() => deployment.stop());

/** Fills in what the page asks for, but for the passwords. */
async function fill(page, domain) {
  await page.getByLabel('Code').fill(deployment.code.toLowerCase());
  await page.getByLabel('Company or school').fill('Contoso');
  await page.getByLabel('Domain').fill(domain);
  await page.getByLabel('Administrator').fill('root');
}

test('the first administrator has a passkey and no password, and is in the admin centre', async () => {
  const page = await deployment.visitor();
  const device = await authenticator(page);
  // Whoever has only the address is led there.
  await page.goto('/admin');
  await page.waitForURL('**/setup');
  await page.goto('/');
  await page.getByRole('heading', { name: 'Set up isopolity' }).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await fill(page, 'no domain');
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await page.getByRole('alert').getByText("isn't a domain").waitFor();
  const [wrong] = await page.locator('[aria-invalid=true]').all();
  assert.equal(await wrong.getAttribute('name'), 'domain');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'domain');
  assert.equal(await page.getByLabel('Company or school').inputValue(), 'Contoso');
  await page.getByLabel('Domain').fill('contoso.example');
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();

  await page.getByText('makes a passkey for root@contoso.example').waitFor();
  await page.getByText('at localhost and nowhere else').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  // A finger that the device doesn't know makes none, and nothing is lost by it.
  await device.know(false);
  await page.getByRole('button', { name: 'Set up a passkey' }).click();
  await page.getByRole('status').getByText("couldn't be used").waitFor();
  await device.know(true);
  // Whoever would rather have a password finds what was entered, and comes back.
  await page.getByRole('button', { name: 'Back' }).click();
  assert.equal(await page.getByLabel('Company or school').inputValue(), 'Contoso');
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await page.getByRole('button', { name: 'Set up a passkey' }).click();
  await page.getByText('Sign in as root@contoso.example with the passkey.').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  assert.equal((await device.passkeys()).length, 1);

  await page.getByRole('link', { name: 'My account' }).click();
  // The field for the name suggests the passkey, and the device's owner takes it.
  await page.getByRole('heading', { name: 'My account' }).waitFor();
  // There is no other way in, so it stays.
  await page.getByRole('button', { name: /^Remove/ }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Only an administrator can do this for you.').waitFor();

  await page.goto('/admin');
  const name = page.locator('input[name=login_hint]');
  const inside = page.getByRole('heading', { level: 1 });
  await name.or(inside).first().waitFor();
  if (await name.isVisible()) {
    await name.fill('root@contoso.example');
    await page.getByRole('button', { name: 'Next' }).click();
  }
  await page.waitForURL((url) => /^\/admin(?!\/signed-in)/.test(url.pathname));
  await inside.first().waitFor();
  await leave(page);
});

test('a server that is set up says so, on a phone too', async () => {
  const page = await deployment.visitor({ viewport: PHONE, colorScheme: 'dark' });
  page.provoked.push('/setup');
  await page.goto('/setup');
  await page.getByText('This server is set up already.').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await leave(page);
});
