/**
 * Faults as they happen: each is planted through the API, and then found from its symptom and mended
 * by what "Why?" says, with nothing but the pages. No address is typed and no manual read.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Deployment, leave } from './harness.js';

let deployment;
before(async () => {
  deployment = await Deployment.start();
});
after(() => deployment.stop());

const id = (name) => deployment.tenant(name).id;
const partner = (name) => `/v1.0/policies/crossTenantAccessPolicy/partners/${id(name)}`;
const nobody = {
  usersAndGroups: {
    accessType: 'blocked',
    targets: [{ target: 'AllUsers', targetType: 'user' }],
  },
  applications: {
    accessType: 'blocked',
    targets: [{ target: 'AllApplications', targetType: 'application' }],
  },
};

/** Somebody of Contoso, and the account in Fabrikam. */
async function somebody(name) {
  const found = async (tenant, filter) => {
    const path = `/v1.0/users?$filter=${filter}&$select=id,displayName,userPrincipalName`;
    return (await deployment.call(tenant, 'GET', path)).value;
  };
  const [home] = await found('Contoso', `startswith(displayName,'${name}')`);
  const account = async () =>
    (await found('Fabrikam', `displayName eq '${home.displayName}'`)).find(
      ({ userPrincipalName }) => userPrincipalName.includes('#EXT#'),
    );
  // Who was kept out a moment ago, by another test, may be on the way back.
  let there = await account();
  for (let round = 0; !there && round < 100; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    there = await account();
  }
  return { home: home.id, there: there.id, name: home.displayName };
}

/** Home says what is wrong; its Why? opens the story. */
async function why(page, sentence) {
  const problem = page.getByRole('listitem').filter({ hasText: sentence }).first();
  await problem.getByRole('button', { name: 'Why?' }).click();
  return page.getByRole('complementary');
}

/** Goes to a person as one does who was called: People, the name, the row. */
async function find(page, name) {
  await page.getByRole('navigation').getByRole('link', { name: 'People' }).click();
  await page.getByRole('searchbox').first().fill(name);
  await page
    .getByRole('row', { name: new RegExp(name) })
    .first()
    .click();
  return page.getByRole('complementary');
}

const ready = (page) => page.getByText('All 6 pairs are ready.').waitFor();

/** The other tenant's admin sees what is asked for at the door, and accepts it. */
async function accept(name) {
  const page = await deployment.admin(name);
  await page.getByRole('navigation').getByRole('link', { name: 'Organization' }).click();
  await page.getByText('Contoso asks you for a change').waitFor();
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByText('Accepted what Contoso asked for').first().waitFor();
  await leave(page);
}

/** An application of Fabrikam's. */
async function application(displayName, properties) {
  const { appId } = await deployment.call('Fabrikam', 'POST', '/v1.0/applications', {
    displayName,
  });
  const made = await deployment.call('Fabrikam', 'POST', '/v1.0/servicePrincipals', { appId });
  await deployment.call('Fabrikam', 'PATCH', `/v1.0/servicePrincipals/${made.id}`, properties);
}

/** Asks on a person's panel about an application. */
async function ask(panel, page, name) {
  const field = panel.getByRole('combobox', { name: /use an application/ });
  await field.pressSequentially(name);
  await page.getByRole('option', { name }).click();
}

test('a partner lets nobody in: asked for and accepted', async () => {
  const page = await deployment.admin('Contoso');
  await ready(page);
  await deployment.call('Fabrikam', 'PATCH', partner('Contoso'), {
    b2bCollaborationInbound: nobody,
  });
  const story = await why(page, 'Fabrikam lets nobody in from Contoso.');
  await story.getByText('People of Contoso can’t sign in to Fabrikam.').waitFor();
  await story.getByRole('button', { name: 'Ask Fabrikam' }).click();
  await accept('Fabrikam');
  await ready(page);
  await leave(page);
});

test('we let nobody go to a partner', async () => {
  const page = await deployment.admin('Contoso');
  await deployment.call('Contoso', 'PATCH', partner('Tailspin'), {
    b2bCollaborationOutbound: nobody,
  });
  const story = await why(page, 'Contoso doesn’t let its people go to Tailspin.');
  await story.getByText('Let people of Contoso go to Tailspin').waitFor();
  await story.getByRole('button', { name: /^Change \d settings?$/ }).click();
  await ready(page);
  await leave(page);
});

test('people are asked for consent on one side', async () => {
  const page = await deployment.admin('Contoso');
  await deployment.call('Contoso', 'PATCH', partner('Fabrikam'), {
    automaticUserConsentSettings: { outboundAllowed: false },
  });
  const story = await why(page, 'Contoso doesn’t let its people go to Fabrikam without a prompt.');
  await story.getByRole('button', { name: 'Change 1 setting' }).click();
  await ready(page);
  await leave(page);
});

test('synchronization to a partner is paused', async () => {
  const page = await deployment.admin('Contoso');
  const { id } = deployment.tenant('Tailspin');
  await deployment.call('Contoso', 'POST', `/beta/isopolity/userSharing/tenants/${id}/pause`, {});
  const story = await why(page, 'Synchronization from Contoso to Tailspin is paused.');
  await story.getByRole('button', { name: 'Change 1 setting' }).click();
  await ready(page);
  await leave(page);
});

test('a person is disabled', async () => {
  const who = await somebody('Anneliese');
  await deployment.call('Contoso', 'PATCH', `/v1.0/users/${who.home}`, { accountEnabled: false });
  const page = await deployment.admin('Contoso');
  const panel = await find(page, who.name);
  await panel.getByText('Can’t sign in to Fabrikam.').click();
  const mend = panel.getByRole('button', { name: 'Enable the account in Contoso' });
  await mend.first().click();
  await panel.getByText('Can sign in to Fabrikam.').waitFor();
  await leave(page);
});

test('the scope leaves somebody out', async () => {
  const who = await somebody('Anneliese');
  const { userPrincipalName } = await deployment.call('Contoso', 'GET', `/v1.0/users/${who.home}`);
  const entry = `/beta/isopolity/userSharing/tenants/${id('Fabrikam')}`;
  await deployment.call('Contoso', 'PUT', entry, {
    scope: 'selected',
    rule: `userPrincipalName ne '${userPrincipalName}'`,
  });
  const page = await deployment.admin('Contoso');
  const panel = await find(page, who.name);
  const answer = panel.getByText('Isn’t synchronized to Fabrikam.');
  await answer.getByText('Contoso shares people with Fabrikam, but not this person.').waitFor();
  await answer.click();
  await panel.getByRole('button', { name: 'Share this person with Fabrikam' }).click();
  await panel.getByText('Appears in Fabrikam.').waitFor();
  await deployment.call('Contoso', 'DELETE', entry);
  await leave(page);
});

test('a filter of the mapping leaves somebody out', async () => {
  const who = await somebody('Anneliese');
  const schema = `/beta/isopolity/userSharing/tenants/${id('Fabrikam')}/schema`;
  const { synchronizationRules } = await deployment.call('Contoso', 'GET', schema);
  const clause = {
    sourceOperandName: 'displayName',
    operatorName: 'NOT EQUALS',
    targetOperand: { values: [who.name] },
  };
  const [rule] = synchronizationRules;
  const users = rule.objectMappings.find(({ sourceObjectName }) => sourceObjectName === 'User');
  users.scope = { groups: [{ name: '', clauses: [clause] }] };
  await deployment.call('Contoso', 'PATCH', schema, { synchronizationRules });

  const page = await deployment.admin('Contoso');
  const panel = await find(page, who.name);
  const answer = panel.getByText('Isn’t synchronized to Fabrikam.');
  await answer.getByText('A filter of Contoso keeps this person out of Fabrikam.').waitFor();
  await answer.click();
  await panel.getByRole('link', { name: 'Filters and mapping' }).click();
  // The mapping has the person before it, and says which condition it is.
  await panel.getByText('The filter keeps this person out.').waitFor();
  await panel.getByText(`Doesn’t hold: the value is “${who.name}”.`).waitFor();
  await panel.getByRole('button', { name: 'Remove the condition' }).click();
  await panel.getByText('This person passes.').waitFor();
  await panel.getByRole('button', { name: 'Use this for Fabrikam' }).click();
  await page.getByText('Saved the mapping for Fabrikam').first().waitFor();
  const again = await find(page, who.name);
  await again.getByText('Appears in Fabrikam.').waitFor();
  await deployment.call('Contoso', 'DELETE', schema);
  await leave(page);
});

test('the other tenant’s admin has blocked a person', async () => {
  const who = await somebody('Anneliese');
  await deployment.call('Fabrikam', 'PATCH', `/v1.0/users/${who.there}`, { blockedHere: true });
  const contoso = await deployment.admin('Contoso');
  let panel = await find(contoso, who.name);
  const answer = panel.getByText('Can’t sign in to Fabrikam.');
  await answer.getByText('An admin of Fabrikam has blocked the account there.').waitFor();
  await answer.click();
  await panel.getByText('Only an admin of Fabrikam can change this: ask one.').waitFor();

  const fabrikam = await deployment.admin('Fabrikam');
  panel = await find(fabrikam, who.name);
  await panel.getByText('Can’t sign in to Fabrikam.').click();
  await panel.getByRole('button', { name: 'Unblock the account in Fabrikam' }).click();
  await panel.getByText('Can sign in to Fabrikam.').waitFor();
  await leave(fabrikam);
  await contoso.getByText('Can sign in to Fabrikam.').waitFor();
  await leave(contoso);
});

test('a newcomer is held at the partner’s door', async () => {
  const rules = `/beta/isopolity/admission/tenants/${id('Contoso')}`;
  await deployment.call('Fabrikam', 'PATCH', rules, { holdFirst: 1 });
  await deployment.call('Contoso', 'POST', '/v1.0/users', {
    accountEnabled: true,
    displayName: 'Zora Zett',
    mailNickname: 'zora',
    userPrincipalName: 'zora@contoso.example',
    passwordProfile: { password: 'mild-Ochre-kettle-9' },
  });
  const contoso = await deployment.admin('Contoso');
  const story = await why(contoso, '1 person of Contoso can’t be brought to Fabrikam.');
  await story.getByRole('link', { name: 'Zora Zett' }).waitFor();
  await story.getByText(/admin/).first().waitFor();

  const fabrikam = await deployment.admin('Fabrikam');
  const theirs = await why(fabrikam, '1 person of Contoso can’t be brought to Fabrikam.');
  await theirs.getByRole('link', { name: 'Who of Contoso is stopped, and why' }).click();
  await fabrikam.getByText('Zora Zett').first().waitFor();
  await fabrikam.getByRole('button', { name: 'Let in' }).click();
  await leave(fabrikam);
  await ready(contoso);
  await leave(contoso);
  await deployment.call('Fabrikam', 'DELETE', rules);
});

test('an application is only for those who are assigned to it', async () => {
  await application('Wiki', { appRoleAssignmentRequired: true });
  const who = await somebody('Anneliese');
  const page = await deployment.admin('Fabrikam');
  const panel = await find(page, who.name);
  await ask(panel, page, 'Wiki');
  await panel.getByText('Can’t use Wiki in Fabrikam.').click();
  await panel.getByRole('button', { name: /^Assign the person to the application/ }).click();
  await panel.getByText('Can use Wiki in Fabrikam.').waitFor();
  await leave(page);
});

test('an application is switched off', async () => {
  await application('Payroll', { accountEnabled: false });
  const who = await somebody('Anneliese');
  const page = await deployment.admin('Fabrikam');
  const panel = await find(page, who.name);
  await ask(panel, page, 'Payroll');
  await panel.getByText('Can’t use Payroll in Fabrikam.').click();
  await panel.getByRole('button', { name: 'Switch the application on in Fabrikam' }).click();
  await panel.getByText('Can use Payroll in Fabrikam.').waitFor();
  await leave(page);
});

test('an application is closed for a partner’s people', async () => {
  await application('Ledger', {});
  await deployment.call('Fabrikam', 'PATCH', partner('Contoso'), {
    b2bCollaborationInbound: {
      usersAndGroups: {
        accessType: 'allowed',
        targets: [{ target: 'AllUsers', targetType: 'user' }],
      },
      applications: {
        accessType: 'allowed',
        targets: [{ target: 'Office365', targetType: 'application' }],
      },
    },
  });
  const who = await somebody('Anneliese');
  const page = await deployment.admin('Fabrikam');
  const story = await why(page, 'Fabrikam lets people from Contoso use only some applications.');
  await story.getByText('Some people of Contoso can sign in to Fabrikam.').waitFor();
  const panel = await find(page, who.name);
  await ask(panel, page, 'Ledger');
  const answer = panel.getByText('Can’t use Ledger in Fabrikam.');
  await answer
    .getByText('Fabrikam doesn’t let people from Contoso use this application.')
    .waitFor();
  await answer.click();
  await panel.getByRole('button', { name: 'Let people from Contoso use this application' }).click();
  await panel.getByText('Can use Ledger in Fabrikam.').waitFor();
  const saved = await deployment.call('Fabrikam', 'GET', partner('Contoso'));
  assert.equal(saved.b2bCollaborationInbound.applications.targets.length, 2);
  await leave(page);
});
