/**
 * Lighthouse on the sign-in page and on the signed-in home, at both of its presets.
 *
 * It isn't among the development's packages, since it brings 150 of its own: the first run installs
 * it under target/clients. Takes the release binary, or ISOPOLITY_BIN. Fails below the goal.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VERSION = '12.8.2';
const GOAL = 95;
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];

const root = new URL('../..', import.meta.url).pathname;
process.env.ISOPOLITY_BIN ??= join(root, 'target/release/isopolity');
const { Deployment, FLAGS, signIn } = await import('../tests/browser/harness.js');
const { chromium } = await import('playwright-core');

const home = join(root, 'target/clients/lighthouse');
const entry = join(home, 'node_modules/lighthouse/core/index.js');
if (!existsSync(entry)) {
  mkdirSync(home, { recursive: true });
  const options = ['install', '--no-save', '--no-fund', '--no-audit', '--prefix', home];
  spawnSync('npm', [...options, `lighthouse@${VERSION}`], { stdio: 'inherit' });
}
const { default: lighthouse, desktopConfig } = await import(entry);

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const deployment = await Deployment.start();
const profile = mkdtempSync(join(tmpdir(), 'isopolity-lighthouse-'));
const port = await freePort();
const context = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  args: [...FLAGS, `--remote-debugging-port=${port}`],
});
const out = join(root, 'target/lighthouse');
mkdirSync(out, { recursive: true });
let isGood = true;

async function look(name, address) {
  for (const [preset, config] of Object.entries({ mobile: undefined, desktop: desktopConfig })) {
    const { lhr, report } = await lighthouse(
      address,
      { port, output: 'html', onlyCategories: CATEGORIES, disableStorageReset: true },
      config,
    );
    writeFileSync(join(out, `${name}-${preset}.html`), report);
    const scores = CATEGORIES.map((id) => Math.round(lhr.categories[id].score * 100));
    console.log(
      `${name}, ${preset}: ${CATEGORIES.map((id, i) => `${id} ${scores[i]}`).join(', ')}`,
    );
    for (const id of CATEGORIES) {
      for (const { id: audit, weight } of lhr.categories[id].auditRefs) {
        const { score, title, displayValue = '' } = lhr.audits[audit];
        if (weight && score !== null && score < 0.9) {
          console.log(`  ${id}: ${title} ${displayValue}`);
        }
      }
    }
    isGood &&= scores.every((score) => score >= GOAL);
  }
}

try {
  await look('sign-in', `${deployment.url}/admin`);
  const page = await context.newPage();
  await page.goto(`${deployment.url}/admin`);
  const { admin, adminPassword } = deployment.tenant('Contoso');
  await signIn(page, admin, adminPassword);
  await page.locator('h1').getByText('Readiness').waitFor();
  await page.close();
  await look('home', `${deployment.url}/admin`);
} finally {
  await context.close();
  await deployment.stop();
  rmSync(profile, { recursive: true, force: true });
}
process.exit(isGood ? 0 : 1);
