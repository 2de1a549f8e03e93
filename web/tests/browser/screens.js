/** The first row of a table; at phone width there is none with heads above it. */
const firstRow = (page) => page.locator('[role=row][data-index="0"]');

/** Every screen, by name: where it is and what to do there first. */
export const screens = (deployment) => {
  const { id: fabrikam } = deployment.tenant('Fabrikam');
  const { id: contoso } = deployment.tenant('Contoso');
  return [
    { name: 'home', path: '/admin' },
    { name: 'home-why', path: `/admin?pair=${contoso}.${fabrikam}&action=sync` },
    { name: 'organization', path: '/admin/organization' },
    { name: 'organization-tenant', path: `/admin/organization?tenant=${fabrikam}` },
    {
      name: 'organization-depart',
      path: `/admin/organization?tenant=${fabrikam}`,
      act: (page) => page.getByRole('button', { name: 'Rehearse it' }).click(),
      english: true,
    },
    { name: 'organization-add', path: '/admin/organization?add=1' },
    { name: 'organization-create', path: '/admin/organization/create', as: 'Northwind' },
    { name: 'organization-invited', path: '/admin/organization', as: 'Northwind' },
    {
      name: 'organization-join',
      path: `/admin/organization?invitation=${contoso}`,
      as: 'Northwind',
    },
    { name: 'users-across', path: '/admin/users-across' },
    { name: 'users-across-tenant', path: `/admin/users-across?tenant=${fabrikam}` },
    { name: 'users-across-edit', path: `/admin/users-across?tenant=${fabrikam}&edit=1` },
    {
      name: 'users-across-mapping',
      path: `/admin/users-across?tenant=${fabrikam}&edit=mapping`,
    },
    { name: 'users-across-demand', path: `/admin/users-across?tenant=${fabrikam}&edit=demand` },
    {
      name: 'users-across-demand-done',
      path: `/admin/users-across?tenant=${fabrikam}&edit=demand`,
      act: async (page) => {
        const panel = page.getByRole('complementary');
        await panel.getByRole('combobox').fill('Anneliese');
        await page
          .getByRole('option', { name: /Anneliese/ })
          .first()
          .click();
        await panel.getByRole('button', { name: 'Bring this person' }).click();
        await panel.getByRole('button', { name: 'Once more' }).waitFor();
      },
      english: true,
    },
    { name: 'users-across-in', path: '/admin/users-across?tab=incoming' },
    { name: 'users-across-in-tenant', path: `/admin/users-across?tab=incoming&tenant=${fabrikam}` },
    {
      name: 'users-across-rules',
      path: `/admin/users-across?tab=incoming&tenant=${fabrikam}&edit=1`,
    },
    { name: 'access', path: '/admin/access' },
    { name: 'access-edit', path: `/admin/access?tenant=${fabrikam}&part=b2bCollaborationInbound` },
    {
      name: 'access-what-if',
      path: '/admin/access?panel=what-if',
      act: async (page) => {
        await page.getByRole('complementary').getByRole('combobox').first().fill('Anneliese');
        await page
          .getByRole('option', { name: /Anneliese/ })
          .first()
          .click();
      },
    },
    { name: 'people', path: '/admin/people' },
    {
      name: 'people-person',
      path: '/admin/people?q=Anneliese',
      act: (page) => firstRow(page).click(),
    },
    ...['password', 'pass'].map((edit) => ({
      name: `people-${edit}`,
      path: '/admin/people?q=Anneliese',
      act: async (page) => {
        await firstRow(page).click();
        await page.waitForURL(/[?&]open=/);
        const address = new URL(page.url());
        address.searchParams.set('edit', edit);
        await goTo(page, address.pathname + address.search);
      },
    })),
    { name: 'people-create', path: '/admin/people?panel=create' },
    { name: 'people-invite', path: '/admin/people?panel=invite' },
    { name: 'people-import', path: '/admin/people?panel=import' },
    { name: 'people-deleted', path: '/admin/people?tab=deleted' },
    { name: 'groups', path: '/admin/groups' },
    { name: 'groups-create', path: '/admin/groups?panel=create' },
    { name: 'groups-deleted', path: '/admin/groups?tab=deleted' },
    { name: 'applications', path: '/admin/applications' },
    {
      name: 'applications-application',
      path: '/admin/applications',
      act: async (page) => {
        await firstRow(page).click();
        await page.waitForURL(/[?&]open=/);
      },
    },
    { name: 'applications-create', path: '/admin/applications?panel=create' },
    { name: 'applications-enterprise', path: '/admin/applications?tab=enterprise' },
    { name: 'roles', path: '/admin/roles' },
    {
      name: 'roles-role',
      path: '/admin/roles',
      act: (page) => firstRow(page).click(),
    },
    {
      name: 'roles-create',
      path: '/admin/roles?panel=create',
      act: async (page) => {
        await page.getByRole('combobox').fill('users');
        await page.getByRole('menuitemcheckbox').first().click();
        await page.keyboard.press('Escape');
      },
    },
    { name: 'settings', path: '/admin/settings' },
    {
      name: 'settings-demand',
      path: '/admin/settings',
      act: async (page) => {
        await page.getByRole('radio').nth(2).click();
        await page.getByRole('region').getByRole('button').nth(1).waitFor();
      },
    },
    { name: 'settings-page', path: '/admin/settings?tab=page' },
    ...['rights', 'tenant', 'keys'].map((tab) => ({
      name: `settings-${tab}`,
      path: `/admin/settings?tab=${tab}`,
    })),
    { name: 'settings-method', path: '/admin/settings?open=Fido2' },
    { name: 'settings-domains', path: '/admin/settings?tab=domains' },
    { name: 'settings-domain', path: '/admin/settings?tab=domains&panel=create' },
    { name: 'logs', path: '/admin/logs' },
    { name: 'logs-sign-ins', path: '/admin/logs?tab=signIns' },
    { name: 'logs-provisioning', path: '/admin/logs?tab=provisioning' },
    {
      name: 'palette',
      path: '/admin',
      act: async (page) => {
        await page.keyboard.press('Control+k');
        await page.getByRole('combobox').fill('o');
      },
    },
    {
      name: 'shortcuts',
      path: '/admin',
      act: async (page) => {
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
      },
    },
  ];
};

/** Goes to an address inside the app, as its links do. */
export async function goTo(page, path) {
  // What the last screen had on top goes with it.
  await page.keyboard.press('Escape');
  await page.evaluate((to) => {
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
  await settled(page);
}

/** Waits until nothing is loading any more. */
export async function settled(page) {
  // What only the pointer shows isn't part of the screen.
  await page.mouse.move(0, 0);
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.fui-Skeleton, [aria-busy=true]'));
  // What comes in by an animation is there after it.
  await page.waitForTimeout(150);
}
