/** Checks that package-lock.json names no registry: each machine has its own. */
import { readFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const named = Object.entries(lock.packages).filter(([, { resolved }]) =>
  /^\w+:/.test(resolved ?? ''),
);
if (named.length) {
  console.error('package-lock.json names a registry; .npmrc has the option that leaves it out:');
  for (const [name, { resolved }] of named) console.error(`  ${name}: ${resolved}`);
  process.exit(1);
}
