/** Writes every screen to target/screenshots: desktop and phone, light and dark, and right to left. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DESKTOP, Deployment, PHONE } from './harness.js';
import { screens, settled } from './screens.js';

const out = new URL('../../../target/screenshots', import.meta.url).pathname;
mkdirSync(out, { recursive: true });
const only = process.argv[2];

const LOOKS = [
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark' },
  { name: 'phone-light', viewport: PHONE, colorScheme: 'light' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark' },
  { name: 'desktop-rtl', viewport: DESKTOP, colorScheme: 'light', locale: 'ar' },
];

const deployment = await Deployment.start();
try {
  const northwind = await deployment.addTenant('Northwind');
  await deployment.call(
    'Contoso',
    'POST',
    '/v1.0/tenantRelationships/multiTenantOrganization/tenants',
    {
      tenantId: northwind.id,
      displayName: 'Northwind',
    },
  );
  // Something to see: a partner that accepts nobody from here.
  const { id: contoso } = deployment.tenant('Contoso');
  await deployment.call(
    'Fabrikam',
    'PATCH',
    `/v1.0/policies/crossTenantAccessPolicy/partners/${contoso}/identitySynchronization`,
    { userSyncInbound: { isSyncAllowed: false } },
  );
  for (const { name: look, ...options } of LOOKS) {
    for (const { name, path, as, act, english } of screens(deployment)) {
      if ((only && !name.startsWith(only)) || (english && options.locale)) continue;
      const page = await deployment.admin(as ?? 'Contoso', path, options);
      await settled(page);
      await act?.(page);
      await settled(page);
      await page.screenshot({ path: join(out, `${name}-${look}.png`) });
      for (const fault of page.faults) console.error(`${name} ${look}: ${fault}`);
      await page.context().close();
    }
  }
} finally {
  await deployment.stop();
}
