/** Every screen in every look: readable for all, nothing sticks out, nothing goes wrong. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axeFindings, DESKTOP, Deployment, lasting, leave, overflow, PHONE } from './harness.js';
import { goTo, screens, settled } from './screens.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
  const { id } = await deployment.addTenant('Northwind');
  await deployment.call(
    'Contoso',
    'POST',
    '/v1.0/tenantRelationships/multiTenantOrganization/tenants',
    { tenantId: id, displayName: 'Northwind' },
  );
});
after(() => deployment.stop());

/** Looks at every screen at both widths, light and dark, and tells what is wrong by screen. */
async function look(options) {
  const pages = new Map();
  const found = {};
  for (const { name, path, as = 'Contoso', act, english } of screens(deployment)) {
    if (english && options.locale) continue;
    if (!pages.has(as)) pages.set(as, await deployment.admin(as, '/admin', options));
    const page = pages.get(as);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(DESKTOP);
    await goTo(page, path);
    await act?.(page);
    await settled(page);
    const findings = [
      ...(await lasting(() => axeFindings(page))),
      ...(await lasting(() => overflow(page))),
    ];
    // Colours have nothing to do with the direction of writing.
    if (!options.locale) {
      await page.emulateMedia({ colorScheme: 'dark' });
      findings.push(...(await lasting(() => axeFindings(page, ['color-contrast']))));
    }
    await page.setViewportSize(PHONE);
    await settled(page);
    findings.push(...(await lasting(() => overflow(page))));
    if (!options.locale) findings.push(...(await lasting(() => axeFindings(page))));
    if (findings.length) found[name] = findings;
  }
  for (const page of pages.values()) await leave(page);
  return found;
}

describe('every screen', { concurrency: 2 }, () => {
  test('on a desktop and a phone, light and dark', async () => {
    assert.deepEqual(await look({}), {});
  });

  test('from right to left', async () => {
    assert.deepEqual(await look({ locale: 'ar' }), {});
  });
});
