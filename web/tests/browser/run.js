/**
 * Runs the tests in the browser: makes the demonstration once, which each file then begins with.
 *
 * - With names of files, only those: `npm run browser -- faults`.
 * - With a database in TEST_DATABASE_URL each file makes its own there, so that it's one file's.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './harness.js';

const folder = new URL('.', import.meta.url).pathname;
const wanted = process.argv.slice(2);
/** The long ones begin first, so that none is left over alone at the end. */
const LONG = ['screens', 'faults', 'admin'];
const rank = (name) =>
  (LONG.indexOf(name.replace('.test.js', '')) + LONG.length + 1) % (LONG.length + 1);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => !wanted.length || wanted.includes(name.replace('.test.js', '')))
  .sort((left, right) => rank(left) - rank(right))
  .map((name) => join(folder, name));
const dir = mkdtempSync(join(tmpdir(), 'isopolity-demo-'));
let code = 1;
try {
  const env = { ...process.env };
  if (!env.TEST_DATABASE_URL) {
    await run(['demo', '--once', '--dir', dir]);
    env.DEMO_TEMPLATE = dir;
  }
  const options = [
    '--test',
    '--test-reporter=spec',
    '--test-concurrency=2',
    '--test-timeout=480000',
  ];
  code = spawnSync(process.execPath, [...options, ...files], { stdio: 'inherit', env }).status ?? 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exit(code);
