/** Writes every screen to target/screenshots: desktop and phone, light and dark, and right to left. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DESKTOP, Deployment, PHONE } from './harness.js';
import { RelyingParty } from './relying-party.js';
import { goTo, screens, settled } from './screens.js';

const out = new URL('../../../target/screenshots', import.meta.url).pathname;
mkdirSync(out, { recursive: true });
const only = process.argv[2];
/** The guest of the pages that people sign in by. */
let invited;

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
  const wiki = await RelyingParty.start(deployment, 'Fabrikam', 'Wiki');
  try {
    for (const { name: look, ...options } of LOOKS) {
      const shoot = async (page, name) => {
        await page.screenshot({ path: join(out, `${name}-${look}.png`) });
        for (const fault of page.faults.splice(0)) console.error(`${name} ${look}: ${fault}`);
      };
      if (!only || 'sign-in'.startsWith(only)) await signInPages(wiki, options, shoot);
      const pages = new Map();
      for (const { name, path, as = 'Contoso', act, english } of screens(deployment)) {
        if ((only && !name.startsWith(only)) || (english && options.locale)) continue;
        if (!pages.has(as)) pages.set(as, await deployment.admin(as, '/admin', options));
        const page = pages.get(as);
        await goTo(page, path);
        await act?.(page);
        await settled(page);
        await shoot(page, name);
      }
      for (const page of pages.values()) await page.context().close();
    }
  } finally {
    await wiki.stop();
  }
} finally {
  await deployment.stop();
}

/** The pages that people meet on their way into an application of another tenant. */
async function signInPages(wiki, options, shoot) {
  const northwind = deployment.tenant('Northwind');
  await deployment
    .call('Fabrikam', 'POST', '/v1.0/invitations', {
      invitedUserEmailAddress: northwind.admin,
      inviteRedirectUrl: wiki.url,
      ...(invited ? { resetRedemption: true, invitedUser: { id: invited } } : {}),
    })
    .then((made) => {
      invited = made.invitedUser.id;
    });
  const page = await deployment.visitor(options);
  page.friends.add(wiki.url);
  const field = (name) => page.locator(`input[name=${name}]`);
  const next = () => page.locator('button.primary').click();
  await page.goto(wiki.url);
  await shoot(page, 'sign-in-name');
  await field('name').fill(northwind.admin);
  await next();
  await field('password').waitFor();
  await shoot(page, 'sign-in-password');
  await field('password').fill('not-the-Password-9');
  await next();
  await page.getByRole('alert').waitFor();
  await shoot(page, 'sign-in-wrong');
  await field('password').fill(northwind.adminPassword);
  await next();
  const accept = page.locator('button[value=accept]');
  await accept.waitFor();
  await shoot(page, 'sign-in-redeem');
  await accept.click();
  await page.waitForLoadState();
  // What was allowed in an earlier look isn't asked again.
  if (await accept.count()) await accept.click();
  const ask = new URLSearchParams({ prompt: 'consent', response_type: 'code' });
  ask.set('client_id', wiki.appId);
  ask.set('redirect_uri', `${wiki.url}/signed-in`);
  ask.set('scope', 'openid');
  const at = `/${deployment.tenant('Fabrikam').id}/oauth2/v2.0`;
  await page.goto(`${at}/authorize?${ask}`);
  await shoot(page, 'sign-in-consent');
  ask.set('prompt', 'select_account');
  await page.goto(`${at}/authorize?${ask}`);
  await shoot(page, 'sign-in-accounts');
  await page.goto(`${at}/authorize?client_id=${wiki.appId}&redirect_uri=https://elsewhere.example`);
  await shoot(page, 'sign-in-error');
  await page.goto(`/${northwind.id}/account`);
  await shoot(page, 'account');
  await page.goto(`${at}/logout`);
  await shoot(page, 'sign-out');
  await page.context().close();
}
