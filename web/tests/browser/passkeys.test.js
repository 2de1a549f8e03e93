/**
 * People sign in by passkeys, authenticator apps and recovery codes, with an authenticator that is as
 * real as the browser's own.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { authenticator, axeFindings, Deployment, leave, signIn } from './harness.js';
import { RelyingParty } from './relying-party.js';

/** Where these devices are. */
const TIME_ZONE = 'Asia/Tokyo';

let deployment;
let wiki;
before(async () => {
  deployment = await Deployment.start({ isNamed: true });
  wiki = await RelyingParty.start(deployment, 'Contoso', 'Wiki');
});
after(async () => {
  await wiki.stop();
  await deployment.stop();
});

/** A person of Contoso's with a password. */
async function person(name) {
  const [userPrincipalName, password] = [`${name}@contoso.example`, 'Correct-Horse-7-Staple'];
  const { id } = await deployment.call('Contoso', 'POST', '/v1.0/users', {
    accountEnabled: true,
    displayName: name,
    mailNickname: name,
    userPrincipalName,
    passwordProfile: { password, forceChangePasswordNextSignIn: false },
  });
  return { id, name: userPrincipalName, password };
}

/**
 * A browser on a device of somebody's. It suggests no passkeys in fields: this device's owner would take
 * each suggestion at once, before anything is pressed.
 */
async function device() {
  const page = await deployment.visitor({ timezoneId: TIME_ZONE });
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });
  page.friends.add(wiki.url);
  return { page, key: await authenticator(page) };
}

const account = () => `/${deployment.tenant('Contoso').id}/account`;
const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();
const press = (page, name) => page.getByRole('button', { name }).first().click();

/** Ends the session of this browser, as its owner does. */
async function signOut(page) {
  await page.goto(account());
  await press(page, /^Sign out:/);
  await page.goto(account());
  await page.getByLabel('Work account').waitFor();
}

/** Who the application is told has signed in, and how. */
async function told(page) {
  await page.goto(wiki.url);
  const accept = page.getByRole('button', { name: 'Accept' });
  const hello = page.getByRole('heading', { name: /^Hello / });
  await accept.or(hello).first().waitFor();
  if (await accept.isVisible()) await accept.click();
  await hello.waitFor();
  return JSON.parse(await page.locator('pre').textContent());
}

/** The code of an authenticator app (RFC 6238), some steps of 30 seconds ahead. */
function appCode(seed, ahead = 0) {
  const bits = [...seed.replaceAll(' ', '')]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const hash = createHmac('sha1', key).update(step).digest();
  const value = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}

test('a passkey is set up in one’s account, signs in without a name, and is taken away', async () => {
  const ann = await person('ann');
  const { page, key } = await device();
  await page.goto(account());
  await signIn(page, ann.name, ann.password);
  await heading(page, 'My account');
  await press(page, 'Set up a passkey');
  assert.deepEqual(await axeFindings(page), []);
  await press(page, 'Set up a passkey');
  await heading(page, 'Your recovery codes');
  await press(page, 'I have kept them');
  await heading(page, 'My account');
  const [kept] = await key.passkeys();
  assert.ok(kept.isResidentCredential);
  assert.equal(kept.rpId, 'localhost');
  // Times are those of where the browser is, in the page's language; the title says UTC.
  const times = await page.locator('time').all();
  assert.ok(times.length > 1);
  for (const time of times) {
    const [at, shown, isDay] = await time.evaluate((it) => [
      it.dateTime,
      it.textContent,
      'day' in it.dataset,
    ]);
    const format = new Intl.DateTimeFormat('en', {
      dateStyle: 'medium',
      timeStyle: isDay ? undefined : 'short',
      timeZone: TIME_ZONE,
    });
    assert.equal(shown.replace('\u202f', ' '), format.format(new Date(at)).replace('\u202f', ' '));
    assert.match(await time.getAttribute('title'), isDay ? /^[-\d]{10}$/ : / UTC$/);
  }

  // Nobody's name is entered: the device knows whose passkey it is.
  await signOut(page);
  await press(page, 'Sign in with a passkey');
  await heading(page, 'My account');
  const claims = await told(page);
  assert.equal(claims.oid, ann.id);
  assert.deepEqual(claims.amr, ['fido', 'mfa']);

  await page.goto(account());
  await press(page, /^Rename/);
  await page.getByLabel('Name').fill('My laptop');
  await press(page, 'Rename');
  await page.getByText('My laptop').waitFor();
  await press(page, 'Remove: My laptop');
  await page.getByText('Remove “My laptop”?').waitFor();
  await press(page, 'Remove');
  await page.getByText('Done.').waitFor();
  assert.equal(await page.getByText('My laptop').count(), 0);

  // The device has it still; here it opens nothing any more.
  await signOut(page);
  await press(page, 'Sign in with a passkey');
  await page.getByRole('alert').getByText('This passkey doesn').waitFor();
  await leave(page);
});

test('who has to show more sets up a passkey, which is enough from then on', async () => {
  const bob = await person('bob');
  await deployment.call('Contoso', 'PATCH', '/beta/isopolity/signInPolicy', {
    multifactorAuthentication: 'all',
  });
  const { page, key } = await device();
  await page.goto(account());
  await signIn(page, bob.name, bob.password);
  await heading(page, 'Protect your account');
  assert.deepEqual(await axeFindings(page), []);
  await press(page, 'Set up a passkey');
  await press(page, 'Set up a passkey');
  await heading(page, 'Your recovery codes');
  await press(page, 'I have kept them');
  await heading(page, 'My account');
  assert.deepEqual((await told(page)).amr, ['pwd', 'fido', 'mfa']);

  await signOut(page);
  // A password isn't enough; the passkey is asked for beside it.
  await signIn(page, bob.name, bob.password);
  await page.getByText('Confirm with your passkey.').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  // A device that doesn't know who uses it proves nothing.
  await key.know(false);
  await press(page, 'Use a passkey');
  await page.getByRole('status').getByText('couldn').waitFor();
  await key.know(true);
  await press(page, 'Use a passkey');
  await heading(page, 'My account');
  await leave(page);
});

test('an authenticator app and a recovery code are the second factor', async () => {
  const cleo = await person('cleo');
  const { page } = await device();
  await page.goto(account());
  await signIn(page, cleo.name, cleo.password);
  await heading(page, 'Protect your account');
  await press(page, 'Set up an authenticator app');
  await page.getByText('Scan this').waitFor();
  assert.deepEqual(await axeFindings(page), []);
  const seed = await page.locator('.soft code').textContent();
  await page.getByLabel('Code').fill('000000');
  await press(page, 'Next');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Code').fill(appCode(seed));
  await press(page, 'Next');
  await heading(page, 'Your recovery codes');
  assert.deepEqual(await axeFindings(page), []);
  const [recovery] = await page.locator('.codes code').allTextContents();
  await press(page, 'I have kept them');
  await heading(page, 'My account');

  // A recovery code opens once.
  for (const isFirst of [true, false]) {
    await signOut(page);
    await signIn(page, cleo.name, cleo.password);
    await page.getByText('Enter the code that your authenticator app shows.').waitFor();
    await press(page, 'Use a recovery code');
    await page.getByLabel('Recovery code').fill(recovery);
    await press(page, 'Next');
    if (isFirst) await heading(page, 'My account');
  }
  await page.getByRole('alert').waitFor();
  await press(page, 'Use the authenticator app');
  await page.getByLabel('Code').fill(appCode(seed, 1));
  await press(page, 'Next');
  await heading(page, 'My account');
  await page.getByText('Recovery codes left: 9').waitFor();
  assert.deepEqual((await told(page)).amr, ['pwd', 'otp', 'mfa']);
  await leave(page);
});
