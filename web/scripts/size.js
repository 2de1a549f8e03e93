/**
 * Checks what the first page loads, compressed: the page, its scripts and styles, one language, the
 * icon. What a screen loads when it is gone to doesn't count.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUDGET_KB = 250;
const dist = new URL('../dist', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

const files = new Set(['admin/index.html']);
function take(key) {
  const entry = manifest[key];
  if (!entry || files.has(entry.file)) return;
  files.add(entry.file);
  for (const css of entry.css ?? []) files.add(css);
  for (const asset of entry.assets ?? []) files.add(asset);
  for (const imported of entry.imports ?? []) take(imported);
}
take('admin/index.html');
take('admin/src/start.tsx');
for (const key of Object.keys(manifest)) if (key.endsWith('/locales/ar.json')) take(key);

const size = (file) => {
  const packed = join(dist, `${file}.br`);
  return statSync(existsSync(packed) ? packed : join(dist, file)).size;
};
const total = [...files].reduce((sum, file) => sum + size(file), 0) / 1000;
if (total > BUDGET_KB) {
  console.error(`The admin centre's first load is ${total.toFixed(1)} kB of ${BUDGET_KB} kB:`);
  for (const file of [...files].sort((a, b) => size(b) - size(a)))
    console.error(`  ${size(file)} ${file}`);
  process.exit(1);
}
if (process.argv.includes('--tell')) console.log(`${total.toFixed(1)} kB of ${BUDGET_KB} kB`);
