/**
 * A real server with the demonstration's three tenants, and a real browser before it.
 *
 * People sign in by the real pages, with the names and passwords that the demonstration prints. Who
 * has signed in once keeps the session for later pages, as a browser does.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const root = new URL('../../..', import.meta.url).pathname;
const binary = process.env.ISOPOLITY_BIN ?? join(root, 'target/debug/isopolity');
/** A finished demonstration to begin with; making one takes longer than most tests. */
const template = process.env.DEMO_TEMPLATE;
const database = process.env.TEST_DATABASE_URL;
const axe = readFileSync(join(root, 'web/node_modules/axe-core/axe.min.js'), 'utf8');

export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The server takes every ISOPOLITY_… for its configuration, and refuses what it doesn't know. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('ISOPOLITY_')),
);

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Runs the command line once and reads its JSON; what `input` has goes to its standard input. */
export function run(args, input = '') {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, [...args, '--json'], { stdio: 'pipe', env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.stdin.end(input);
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${args.join(' ')}: ${err}`)),
    );
  });
}

const stored = (dir) => ['--data', dir, ...(database ? ['--database-url', database] : [])];

/** A port of this machine that nobody has now. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the server; what it says on standard error beside its address. */
async function serve(args) {
  const child = spawn(binary, [...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [out, err] = ['', ''];
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      out += data;
      const ready = /\{"ready":true,"url":"([^"]+)"/.exec(out);
      if (ready) resolve(ready[1]);
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.on('close', () => reject(new Error(`the server ended: ${err}`)));
  });
  return { child, url, said: () => err };
}

/** An address with a name, which passkeys are bound to. */
async function named() {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  return ['--listen', `127.0.0.1:${port}`, '--set', `public_url=${url}`];
}

const open = () => chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

/** The authenticator of a page's device; it checks who uses it, and keeps passkeys. */
export async function authenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  };
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
  const send = (method, more) => devtools.send(`WebAuthn.${method}`, { authenticatorId, ...more });
  return {
    /** Whether it knows the person: the right finger, or another one. */
    know: (isUserVerified) => send('setUserVerified', { isUserVerified }),
    passkeys: async () => (await send('getCredentials')).credentials,
  };
}

export class Deployment {
  /** The demonstration; with a name for an address where passkeys are to be used. */
  static async start({ isNamed = false } = {}) {
    const dir = mkdtempSync(join(tmpdir(), 'isopolity-web-'));
    if (template && !database) cpSync(template, dir, { recursive: true });
    const at = ['--dir', dir, ...(database ? ['--database-url', database] : [])];
    const address = isNamed ? await named() : ['--listen', '127.0.0.1:0'];
    const { child, url } = await serve(['demo', ...at, ...address]);
    const { tenants } = JSON.parse(readFileSync(join(dir, 'demo.json'), 'utf8'));
    return new Deployment(dir, child, url, tenants, await open());
  }

  /** A server without a tenant, and the code that its terminal shows. */
  static async empty() {
    const dir = mkdtempSync(join(tmpdir(), 'isopolity-web-'));
    const { child, url, said } = await serve(['serve', ...stored(dir), ...(await named())]);
    const [, code] = /\/setup with the code (\S+)/.exec(said());
    return Object.assign(new Deployment(dir, child, url, [], await open()), { code });
  }

  constructor(dir, child, url, tenants, browser) {
    Object.assign(this, { dir, child, url, tenants, browser });
    this.tokens = new Map();
    this.sessions = new Map();
  }

  async stop() {
    await this.tellWhatIsOpen();
    await this.browser.close();
    const ended = new Promise((resolve) => this.child.on('close', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.dir, { recursive: true });
  }

  /** What the pages show that nobody has left: a test has failed on them. */
  async tellWhatIsOpen() {
    for (const page of this.browser.contexts().flatMap((context) => context.pages())) {
      const text = await page.textContent('body', { timeout: 5000 }).catch(String);
      console.error([`still open: ${page.url()}`, ...page.faults, text].join('\n'));
    }
  }

  tenant(name) {
    const tenant = this.tenants.find(({ displayName }) => displayName === name);
    if (!tenant) throw new Error(`no tenant ${name}`);
    return tenant;
  }

  /** One more tenant, in no organization. */
  async addTenant(displayName, domain = `${displayName.toLowerCase()}.example`) {
    const made = await run([
      ...['tenant', 'create', '--name', displayName, '--domain', domain],
      ...stored(this.dir),
    ]);
    this.tenants.push({
      id: made.tenantId,
      displayName,
      domain,
      admin: made.admin.userPrincipalName,
      adminPassword: made.admin.password,
      ...made.app,
    });
    return this.tenant(displayName);
  }

  async token(tenant) {
    const known = this.tokens.get(tenant.id);
    if (known) return known;
    const response = await fetch(`${this.url}/${tenant.id}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: tenant.clientId,
        client_secret: tenant.clientSecret,
        scope: 'https://graph.microsoft.com/.default',
      }),
    });
    const { access_token: token } = await response.json();
    this.tokens.set(tenant.id, token);
    return token;
  }

  /** A call of the API as a tenant's application. */
  async call(name, method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.token(this.tenant(name))}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : await response.json();
  }

  /** Gives a person a password, as an admin does for somebody who has forgotten it. */
  async setPassword(name, user, password) {
    await this.call(name, 'PATCH', `/v1.0/users/${user}`, {
      passwordProfile: { password, forceChangePasswordNextSignIn: false },
    });
  }

  /** An empty page of a browser of its own. What goes wrong in it is kept in `page.faults`. */
  async visitor(options = {}) {
    const context = await this.browser.newContext({
      viewport: DESKTOP,
      locale: 'en',
      reducedMotion: 'reduce',
      baseURL: this.url,
      permissions: ['clipboard-read', 'clipboard-write'],
      ...options,
    });
    const page = await context.newPage();
    page.faults = [];
    page.signIns = [];
    page.friends = new Set([this.url]);
    // Refusals that a test provokes, each by a part of its address.
    page.provoked = [];
    page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const { url } = message.location();
      const isRefusal = /status of 4\d\d/.test(message.text());
      if (isRefusal && page.provoked.some((part) => url.includes(part))) return;
      page.faults.push(`console: ${message.text()} (${url})`);
    });
    page.on('dialog', (dialog) => {
      page.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('response', (response) => {
      if (response.status() >= 500) page.faults.push(`${response.status()}: ${response.url()}`);
    });
    page.on('request', (request) => {
      const { origin, protocol, pathname, searchParams } = new URL(request.url());
      if (!page.friends.has(origin) && !['blob:', 'data:'].includes(protocol)) {
        page.faults.push(`request to ${request.url()}`);
      }
      if (pathname.endsWith('/oauth2/v2.0/authorize')) {
        page.signIns.push(Object.fromEntries(searchParams));
      }
    });
    return page;
  }

  /** The session of a tenant's admin, who signs in the first time that it is asked for. */
  session(name) {
    const begin = async () => {
      const { admin, adminPassword } = this.tenant(name);
      const page = await this.visitor();
      await page.goto('/admin');
      await signIn(page, admin, adminPassword);
      await page.locator('h1').getByText('Readiness').waitFor();
      const session = await page.context().storageState();
      await leave(page);
      return session;
    };
    if (!this.sessions.has(name)) this.sessions.set(name, begin());
    return this.sessions.get(name);
  }

  /** A signed-in admin's page. */
  async admin(name, path = '/admin', options = {}) {
    const page = await this.visitor({ storageState: await this.session(name), ...options });
    await page.goto(path);
    await page.waitForURL((url) => /^\/admin(?!\/signed-in)/.test(url.pathname));
    await page.locator('h1').waitFor();
    return page;
  }
}

/** Signs in by the pages, from wherever an app has sent the browser. */
export async function signIn(page, name, password) {
  const asked = page.locator('input[name=name], input[name=login_hint], input[type=password]');
  await asked.first().waitFor();
  // A tenant's page asks for the name again only if the app hasn't told it.
  for (let step = 0; step < 2 && !(await page.locator('input[type=password]').count()); step += 1) {
    await page.getByLabel('Work account').fill(name);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.waitForLoadState();
  }
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Ends a visit: nothing went wrong in it. */
export async function leave(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds on a page by the rules of WCAG 2.2 AA and its own good practice, in a line each. */
export async function axeFindings(page, runOnly = RULES) {
  // The page's policy lets no script in, so it comes by the debugger's door.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(
    (runOnly) => window.axe.run(document, { resultTypes: ['violations'], runOnly }),
    runOnly,
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}

/** What is still wrong after a while: a change of colours or of width takes a moment. */
export async function lasting(look) {
  let found = await look();
  for (let round = 0; found.length && round < 10; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    found = await look();
  }
  return found;
}

/** What sticks out of the window sideways, where nothing scrolls it. */
export async function overflow(page) {
  return await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const found = scrollWidth > clientWidth ? [`the page scrolls to ${scrollWidth}`] : [];
    for (const element of document.body.querySelectorAll('*')) {
      const { left, right, width, height } = element.getBoundingClientRect();
      if (!width || !height || (left >= -1 && right <= clientWidth + 1)) continue;
      const { visibility, clip, clipPath, position } = getComputedStyle(element);
      if (visibility === 'hidden' || clipPath !== 'none' || clip !== 'auto') continue;
      // What waits out of sight, as the link that skips to the content.
      if (/absolute|fixed/.test(position) && (right < 0 || left > clientWidth)) continue;
      let around = element.parentElement;
      while (around && getComputedStyle(around).overflowX === 'visible') {
        around = around.parentElement;
      }
      if (around && around !== document.body && around !== document.documentElement) continue;
      found.push(
        `from ${Math.round(left)} to ${Math.round(right)}: ${element.outerHTML.slice(0, 120)}`,
      );
    }
    return found.slice(0, 3);
  });
}
