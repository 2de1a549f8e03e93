/** What can't be seen from outside: reading and writing CSV, which rows a table shows, texts, addresses. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createServer } from 'vite';

let vite;
before(async () => {
  vite = await createServer({
    configFile: false,
    root: new URL('../..', import.meta.url).pathname,
    server: { middlewareMode: true, ws: false },
    optimizeDeps: { noDiscovery: true },
    appType: 'custom',
    logLevel: 'error',
  });
});
after(() => vite.close());
const load = (path) => vite.ssrLoadModule(path);

test('a cell that a spreadsheet would take for a formula is neutralised', async () => {
  const { toCsv } = await load('/core/src/csv.ts');
  const out = toCsv([['=1+1', '+49 30', '-x', '@SUM(A1)', '\tx', 'Ann "Bo", jr.', 'a\nb', '']]);
  assert.equal(out, '\uFEFF\'=1+1,\'+49 30,\'-x,\'@SUM(A1),\'\tx,"Ann ""Bo"", jr.","a\nb",\r\n');
});

test('CSV is read with its lines, whatever separates it', async () => {
  const { fromCsv } = await load('/core/src/csv.ts');
  assert.deepEqual(fromCsv('\uFEFFname;mail\r\n"Bo; jr.";b@x\r\n\r\n"two\nlines";c@x\n'), [
    { line: 1, cells: ['name', 'mail'] },
    { line: 2, cells: ['Bo; jr.', 'b@x'] },
    { line: 4, cells: ['two\nlines', 'c@x'] },
  ]);
  assert.deepEqual(fromCsv('a,"b ""c"""'), [{ line: 1, cells: ['a', 'b "c"'] }]);
  assert.deepEqual(fromCsv(''), []);
});

test('LDIF is read as rows: folded lines, Base64, people only', async () => {
  const { fromLdif, isLdif } = await load('/core/src/ldif.ts');
  const ldif =
    '# people\nversion: 1\n\ndn: dc=x\nobjectClass: domain\ndc: x\n\n' +
    'dn: uid=a,dc=x\nobjectClass: inetOrgPerson\nuid: a\ncn: Ann\n  Bo\nmail;x-a: a@x\n\n' +
    'dn: uid=b,dc=x\nobjectClass: person\nuid: b\ncn:: Wm/Dqw==\njpegPhoto:< file:///x\n';
  assert.ok(isLdif(ldif));
  assert.ok(!isLdif('dn;name\nx;y\n'));
  assert.deepEqual(fromLdif(ldif), {
    heads: ['uid', 'cn', 'mail'],
    rows: [
      { line: 8, cells: ['a', 'Ann Bo', 'a@x'] },
      { line: 15, cells: ['b', 'Zoë', ''] },
    ],
  });
});

test('texts in $filter and in paths are written so that nothing breaks out', async () => {
  const { literal, withQuery } = await load('/core/src/query.ts');
  assert.equal(literal("O'Neil"), "'O''Neil'");
  assert.equal(
    withQuery('/users', { $filter: 'a&b', $top: 5, $skip: '' }),
    '/users?$filter=a%26b&$top=5',
  );
});

test('a change is shown without its passwords', async () => {
  const { withoutSecrets } = await load('/core/src/graph.ts');
  const change = (password) => ({
    method: 'POST',
    path: '/v1.0/users',
    body: {
      displayName: 'Ann',
      passwordProfile: { password, forceChangePasswordNextSignIn: true },
    },
  });
  assert.deepEqual(withoutSecrets(change('hunter2')), change('…'));
  assert.deepEqual(withoutSecrets({ method: 'DELETE', path: '/x' }), {
    method: 'DELETE',
    path: '/x',
  });
});

test('rows are searched without case and accents, filtered and sorted', async () => {
  const { rowsOf } = await load('/ui/src/table-rows.ts');
  const columns = [
    { id: 'name', title: 'Name', value: (row) => row.name },
    { id: 'n', title: 'N', value: (row) => row.n },
  ];
  const rows = [
    { name: 'Zoë', n: 10 },
    { name: 'ann', n: 9 },
    { name: 'Øyvind', n: null },
  ];
  const names = (view) =>
    rowsOf(rows, columns, { q: '', filters: {}, ...view }).map(({ name }) => name);
  assert.deepEqual(names({ q: 'zoe' }), ['Zoë']);
  assert.deepEqual(names({ sort: { column: 'n', descending: false } }), ['ann', 'Zoë', 'Øyvind']);
  assert.deepEqual(names({ sort: { column: 'n', descending: true } }), ['Zoë', 'ann', 'Øyvind']);
  assert.deepEqual(names({ filters: { n: ['9', '10'] } }), ['Zoë', 'ann']);
});

test('texts take their values, and the plural form of their language', async () => {
  const { translator } = await load('/core/src/messages.ts');
  const english = translator('en', {
    plain: 'As it is',
    named: 'Hello {{ name }}, {{name}} of {{tenant}}',
    people_one: '{{count}} person',
    people_other: '{{number}} people',
  });
  assert.equal(english('plain'), 'As it is');
  assert.equal(english('named', { name: '$& {{x}}', tenant: '' }), 'Hello $& {{x}}, $& {{x}} of ');
  assert.equal(english('people', { count: 1, number: '1' }), '1 person');
  assert.equal(english('people', { count: 1200, number: '1,200' }), '1,200 people');
  const forms = ['zero', 'one', 'two', 'few', 'many', 'other'];
  const arabic = translator('ar', Object.fromEntries(forms.map((form) => [`n_${form}`, form])));
  const numbers = [0, 1, 2, 3, 11, 100];
  assert.deepEqual(
    numbers.map((count) => arabic('n', { count })),
    forms,
  );
});

test('an address says which screen it is and what that shows, and is said the same way', async () => {
  const { Router, screen } = await load('/ui/src/router.tsx');
  const draw = () => null;
  const router = new Router('/admin', { '/': screen(() => null), '/people': screen(draw) });
  const at = (pathname, search = '') => {
    globalThis.location = { pathname, search };
    return router.here;
  };
  try {
    assert.deepEqual(at('/admin'), { path: '/', address: {} });
    assert.deepEqual(at('/admin/'), { path: '/', address: {} });
    const here = at('/admin/people/', '?q=a%26b&open=');
    assert.deepEqual(here, { path: '/people', address: { q: 'a&b', open: '' } });
    assert.equal(router.screenAt(here.path).Screen, draw);
    assert.equal(router.screenAt('/constructor'), undefined);
    assert.equal(router.hrefTo({ search: here.address }), '/admin/people?q=a%26b');
    assert.equal(router.hrefTo({ to: '/', search: { pair: undefined } }), '/admin');
  } finally {
    delete globalThis.location;
  }
});

test('a screen that could not be loaded is loaded the next time that it is wanted', async () => {
  const { laterScreen } = await load('/ui/src/router.tsx');
  let times = 0;
  const later = laterScreen(async () => {
    times += 1;
    if (times === 1) throw new Error('offline');
    return () => null;
  });
  await assert.rejects(later.load(), /offline/);
  await later.load();
  await later.load();
  assert.equal(times, 2);
});

test('what the API says is told in another language, with what stands in it', async () => {
  const { teller } = await load('/core/src/sentences.ts');
  const tell = teller({
    "Invalid value specified for property '{0}' of resource '{1}': {2}.":
      "Ungültiger Wert für '{0}' ({1}): {2}.",
    "Invalid value specified for property 'mail' of resource 'User': {0}.":
      'Ungültige Adresse: {0}.',
    'it has to be a text': 'ein Text ist nötig',
    'it takes {0} characters at most': 'höchstens {0} Zeichen',
    'A user has one manager at most.': 'Ein Benutzer hat höchstens einen Vorgesetzten.',
    'The domain {0} is in the names of {1} users.': '{1} Benutzer heißen nach {0}.',
  });
  assert.equal(
    tell('A user has one manager at most.'),
    'Ein Benutzer hat höchstens einen Vorgesetzten.',
  );
  assert.equal(
    tell("Invalid value specified for property 'city' of resource 'User': it has to be a text."),
    "Ungültiger Wert für 'city' (User): ein Text ist nötig.",
  );
  // The one that says more, and clauses with places of their own.
  assert.equal(
    tell(
      "Invalid value specified for property 'mail' of resource 'User': it takes 3 characters at most.",
    ),
    'Ungültige Adresse: höchstens 3 Zeichen.',
  );
  assert.equal(
    tell('The domain a.example is in the names of 7 users.'),
    '7 Benutzer heißen nach a.example.',
  );
  // Nothing of what stands there is taken for a place or a pattern.
  assert.equal(
    tell('The domain {1}$& is in the names of $1 users.'),
    '$1 Benutzer heißen nach {1}$&.',
  );
  assert.equal(tell('Something else.'), 'Something else.');
});
