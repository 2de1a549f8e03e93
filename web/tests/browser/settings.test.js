/** The tenant's settings, and the log of sign-ins, as an admin uses them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployment, leave } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

test('who has to show more than a password is chosen, holds at once, and is undone', async (t) => {
  // Whatever goes wrong here, the other tests' sign-ins don't need more than a password.
  t.after(() =>
    deployment.call('Contoso', 'PATCH', '/beta/isopolity/signInPolicy', {
      multifactorAuthentication: 'nobody',
    }),
  );
  const page = await deployment.admin('Contoso', '/admin/settings');
  const policy = () => deployment.call('Contoso', 'GET', '/beta/isopolity/signInPolicy');
  await page.getByRole('radio', { name: 'Administrators' }).click();
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

test('a domain is added, tells what to publish, and is removed', async () => {
  const page = await deployment.admin('Contoso', '/admin/settings');
  await page.getByRole('button', { name: 'Add a domain' }).click();
  const form = page.getByRole('complementary', { name: 'Add a domain' });
  await form.getByRole('textbox').fill('Contoso-Labs.example');
  await form.getByRole('button', { name: 'Add a domain' }).click();
  const panel = page.getByRole('complementary', { name: 'contoso-labs.example' });
  await panel.getByText(/contoso-labs\.example TXT MS=/).waitFor();
  // Nobody has published it.
  await panel.getByRole('button', { name: 'Verify' }).click();
  await panel.getByRole('alert').waitFor();
  await panel.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('contoso-labs.example was removed').first().waitFor();
  await panel.waitFor({ state: 'detached' });
  page.faults.splice(0); // The refused verification is a failed request.
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
