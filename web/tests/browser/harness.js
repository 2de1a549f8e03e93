/**
 * A real server with the demonstration's three tenants, and a real browser before it.
 *
 * Signing in: the harness stands in for the authorization server (as long as there is no other) and
 * checks what the app sends: PKCE, state, nonce, the exact redirect address. The access token that
 * the app gets is one of the tenant's application.
 */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const root = new URL('../../..', import.meta.url).pathname;
const binary = process.env.ISOPOLITY ?? join(root, 'target/release/isopolity');
const axe = readFileSync(join(root, 'web/node_modules/axe-core/axe.min.js'), 'utf8');

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Runs the command line once and reads its JSON. */
function run(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, [...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${args.join(' ')}: ${err}`)),
    );
  });
}

export class Deployment {
  static async start() {
    const dir = mkdtempSync(join(tmpdir(), 'isopolity-web-'));
    const child = spawn(binary, ['demo', '--dir', dir, '--listen', '127.0.0.1:0', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const url = await new Promise((resolve, reject) => {
      let out = '';
      child.stdout.on('data', (data) => {
        out += data;
        const ready = /\{"ready":true,"url":"([^"]+)"/.exec(out);
        if (ready) resolve(ready[1]);
      });
      child.on('close', () => reject(new Error('the server ended')));
    });
    const { tenants } = JSON.parse(readFileSync(join(dir, 'demo.json'), 'utf8'));
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
    return new Deployment(dir, child, url, tenants, browser);
  }

  constructor(dir, child, url, tenants, browser) {
    Object.assign(this, { dir, child, url, tenants, browser, tokens: new Map() });
  }

  async stop() {
    await this.browser.close();
    const ended = new Promise((resolve) => this.child.on('close', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.dir, { recursive: true });
  }

  tenant(name) {
    const tenant = this.tenants.find(({ displayName }) => displayName === name);
    if (!tenant) throw new Error(`no tenant ${name}`);
    return tenant;
  }

  /** One more tenant, in no organization. */
  async addTenant(displayName) {
    const domain = `${displayName.toLowerCase()}.example`;
    const made = await run(
      ...['tenant', 'create', '--name', displayName, '--domain', domain, '--data', this.dir],
    );
    this.tenants.push({ id: made.tenantId, displayName, domain, ...made.app });
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

  /** A signed-in admin's page. What goes wrong in it is kept in `page.faults`. */
  async admin(name, path = '/admin', options = {}) {
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
    page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
    page.on('console', (message) => {
      // A refusal that a test provokes is in the console, too.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) {
        page.faults.push(`console: ${message.text()}`);
      }
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== this.url && !['blob:', 'data:'].includes(protocol)) {
        page.faults.push(`request to ${request.url()}`);
      }
    });
    await this.#standIn(page, this.tenant(name));
    await page.goto(path);
    await page.locator('h1').waitFor();
    return page;
  }

  async #standIn(page, tenant) {
    const codes = new Map();
    await page.route('**/oauth2/v2.0/authorize?*', async (route) => {
      const asked = Object.fromEntries(new URL(route.request().url()).searchParams);
      page.signIns.push(asked);
      const code = randomUUID();
      codes.set(code, asked);
      const back = `${asked.redirect_uri}#${new URLSearchParams({ code, state: asked.state })}`;
      await route.fulfill({
        contentType: 'text/html',
        body: `<script>location.replace(${JSON.stringify(back)})</script>`,
      });
    });
    await page.route('**/oauth2/v2.0/token', async (route) => {
      const sent = Object.fromEntries(new URLSearchParams(route.request().postData() ?? ''));
      const asked = codes.get(sent.code);
      codes.delete(sent.code);
      const verified =
        asked &&
        createHash('sha256')
          .update(sent.code_verifier ?? '')
          .digest('base64url') === asked.code_challenge &&
        sent.redirect_uri === asked.redirect_uri;
      if (!verified && sent.grant_type !== 'refresh_token') {
        await route.fulfill({ status: 400, json: { error: 'invalid_grant' } });
        return;
      }
      const claims = {
        aud: sent.client_id,
        tid: tenant.id,
        oid: randomUUID(),
        name: 'Alex Admin',
        preferred_username: tenant.admin ?? `admin@${tenant.domain}`,
        ...(asked ? { nonce: asked.nonce } : {}),
      };
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      await route.fulfill({
        json: {
          access_token: await this.token(tenant),
          expires_in: 3600,
          refresh_token: randomUUID(),
          id_token: `${part({ alg: 'none' })}.${part(claims)}.`,
        },
      });
    });
  }
}

/** What axe finds on a page, in a line each. */
export async function axeFindings(page) {
  // The page's policy lets no script in, so it comes by the debugger's door.
  const found = await page.evaluate(
    `(() => { ${axe}; return window.axe.run(document, { resultTypes: ['violations'] }); })()`,
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}
