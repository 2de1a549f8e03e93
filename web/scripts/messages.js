/**
 * Checks the catalogues of messages against the code and each other.
 *
 * - Every key that the code names is there, and every key that is there is named: a text, or a
 *   template whose fixed beginning and end it has. (That each text of a template exists is the type
 *   checker's work.)
 * - All languages have the same messages with the same placeholders, each in the plural forms that
 *   the language has (CLDR), and none is left as it is in English by mistake.
 * - What the API tells in English only is there in every other language: its codes, and its sentences,
 *   each of which stands in the server's sources, and each of theirs that people can meet here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PARTS = ['ui', 'admin'];
const LANGUAGES = ['en', 'de', 'fr', 'es', 'ja', 'ar'];
/** What has to be other words in another language: single words needn't. */
const SENTENCE = /\w\s\w+\s\w/;
const FORMS = /_(zero|one|two|few|many|other)$/;
const root = new URL('..', import.meta.url).pathname;
const problems = [];

const read = (part, language) =>
  JSON.parse(readFileSync(join(root, part, 'locales', `${language}.json`), 'utf8'));

/** `{message: {form: text}}`; a message without a number has the one form ''. */
function messagesOf(catalogue) {
  const messages = new Map();
  for (const [key, text] of Object.entries(catalogue)) {
    const form = FORMS.exec(key)?.[1] ?? '';
    const message = form ? key.replace(FORMS, '') : key;
    messages.set(message, { ...messages.get(message), [form]: text });
  }
  return messages;
}

const placeholders = (text) => [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name);
const tags = (text) =>
  [...text.matchAll(/<\/?(\w+)>/g)]
    .map(([tag]) => tag)
    .sort()
    .join('');

// The code.
const texts = new Set();
const templates = [];
for (const part of ['core', ...PARTS]) {
  for (const name of readdirSync(join(root, part, 'src'), { recursive: true })) {
    if (!/\.tsx?$/.test(name)) continue;
    const code = readFileSync(join(root, part, 'src', name), 'utf8');
    for (const [, text] of code.matchAll(/'([\w]+(?:\.[\w]+)+)'/g)) texts.add(text);
    for (const [, text] of code.matchAll(/"([\w]+(?:\.[\w]+)+)"/g)) texts.add(text);
    for (const [, text] of code.matchAll(/`((?:[\w.]|\$\{[^`}]*\})+)`/g)) {
      if (!text.includes('${') || !text.includes('.')) continue;
      const pattern = text.split(/\$\{[^}]*\}/).map((part) => part.replaceAll('.', '\\.'));
      if (pattern.join('').length > 2) templates.push(new RegExp(`^${pattern.join('\\w+')}$`));
    }
    for (const [, key] of code.matchAll(/\bt\('([^']+)'/g)) {
      const found = PARTS.some((part) => messagesOf(read(part, 'en')).has(key));
      if (!found) problems.push(`${part}/src/${name}: no message '${key}'`);
    }
  }
}

for (const part of PARTS) {
  const english = messagesOf(read(part, 'en'));
  for (const message of english.keys()) {
    if (!texts.has(message) && !templates.some((template) => template.test(message))) {
      problems.push(`${part}: '${message}' isn't used`);
    }
  }
  for (const language of LANGUAGES) {
    const messages = messagesOf(read(part, language));
    const plurals = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const message of messages.keys()) {
      if (!english.has(message)) problems.push(`${part}/${language}: '${message}' is in no other`);
    }
    for (const [message, model] of english) {
      const forms = messages.get(message);
      if (!forms) {
        problems.push(`${part}/${language}: '${message}' is missing`);
        continue;
      }
      const wanted = '' in model ? [''] : plurals;
      const has = Object.keys(forms);
      for (const form of wanted) {
        if (!has.includes(form)) problems.push(`${part}/${language}: '${message}' lacks '${form}'`);
      }
      for (const form of has) {
        if (!wanted.includes(form)) {
          problems.push(`${part}/${language}: '${message}' has no form '${form}'`);
        }
      }
      const allowed = placeholders(Object.values(model).join(' '));
      const needed = placeholders(model[''] ?? model.other);
      for (const [form, text] of Object.entries(forms)) {
        const its = placeholders(text);
        const strange = its.filter((name) => !allowed.includes(name));
        // A form for one number only may say it in words.
        const lacks = needed.filter(
          (name) =>
            !its.includes(name) &&
            !(['zero', 'one', 'two'].includes(form) && ['count', 'total', 'number'].includes(name)),
        );
        if (strange.length || lacks.length) {
          problems.push(`${part}/${language}: '${message}' (${form}): placeholders ${its}`);
        }
        if (tags(text) !== tags(model[form] ?? model[''] ?? model.other)) {
          problems.push(`${part}/${language}: '${message}' (${form}) has other tags`);
        }
        if (!text.trim()) problems.push(`${part}/${language}: '${message}' is empty`);
      }
      // A sentence that is word for word the English one wasn't translated.
      const sentence = model[''] ?? model.other;
      if (language !== 'en' && SENTENCE.test(sentence) && (forms[''] ?? forms.other) === sentence) {
        problems.push(`${part}/${language}: '${message}' is as in English`);
      }
    }
  }
}

// What the API tells in English only (admin/src/words.ts): the same codes in every other language, and
// every role that there is.
const words = (language) =>
  JSON.parse(readFileSync(join(root, 'admin/locales/words', `${language}.json`), 'utf8'));
const [, model, ...others] = LANGUAGES;
const codes = (catalogue) =>
  Object.entries(catalogue).flatMap(([kind, texts]) =>
    Object.keys(texts).map((code) => `${kind}: ${code}`),
  );
const roles = JSON.parse(
  readFileSync(join(root, '../crates/directory/data/built_in_roles.json'), 'utf8'),
);
const wanted = codes(words(model));
for (const { id } of roles) {
  if (!wanted.includes(`roles: ${id}`)) problems.push(`words/${model}: no role ${id}`);
}
for (const language of [model, ...others]) {
  const catalogue = words(language);
  const there = codes(catalogue);
  for (const code of wanted.filter((each) => !there.includes(each))) {
    problems.push(`words/${language}: '${code}' is missing`);
  }
  for (const code of there.filter((each) => !wanted.includes(each))) {
    problems.push(`words/${language}: '${code}' is in no other`);
  }
  for (const [code, text] of Object.entries(catalogue).flatMap(([, texts]) =>
    Object.entries(texts),
  )) {
    if (![text].flat().every((part) => part.trim())) {
      problems.push(`words/${language}: '${code}' is empty`);
    }
    if ([text].flat().includes(code) && SENTENCE.test(code)) {
      problems.push(`words/${language}: '${code}' is as in English`);
    }
  }
}

// What the API says is wrong (ui/src/sentences.ts).
/** Sources whose refusals are met by programs only, or by operators at a terminal. */
const BESIDE =
  /^(?:bench|border|cli|e2e|egress|engines|fuzzing|query|store|subscriptions)\/|\/(?:tls|expand|query_options|deployment_key|control|config|server|operator|import|limits|map)\.rs$|^node\/src\/(?:lib|applications|tenants)\.rs$|\/(?:batch|delta|explain|oauth)\//;
const LITERAL = /"((?:[^"\\]|\\[\s\S])*)"/g;
/** Where a sentence is said as it is. */
const SAID =
  /Error::(?:bad_request|conflict|forbidden|invalid|unavailable)\(\s*(?:(?:"[^"]*"|[\w.*&]+),\s*)?(?:format!\(\s*)?$/;

/** A Rust text with its places numbered, and its braces as they are said. */
function sentenceOf(text) {
  let places = 0;
  return text
    .replaceAll(/\\\n\s*/g, '')
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
    .replaceAll(/\{\{|\}\}|\{\w*(?::[^{}]*)?\}/g, (found) =>
      found === '{{' || found === '}}' ? found[0] : `{${places++}}`,
    );
}

const sources = new Set();
const said = new Map();
const crates = join(root, '../crates');
for (const name of readdirSync(crates, { recursive: true })) {
  if (!/^\w+\/src\/.*\.rs$/.test(name)) continue;
  const [code] = readFileSync(join(crates, name), 'utf8').split('#[cfg(test)]\nmod tests');
  for (const found of code.matchAll(LITERAL)) {
    const sentence = sentenceOf(found[1]).trim();
    sources.add(sentence);
    const before = code.slice(Math.max(0, found.index - 120), found.index);
    if (!BESIDE.test(name) && SAID.test(before) && /[a-z] [a-z].*\.$/.test(sentence)) {
      said.set(sentence, name);
    }
  }
}
const client = readFileSync(join(root, 'core/src/graph.ts'), 'utf8');
for (const [, text] of client.matchAll(/[`']([^`']*’[^`']*)[`']/g)) {
  let places = 0;
  sources.add(text.replaceAll(/\$\{[^}]*\}/g, () => `{${places++}}`));
}
const sentences = (language) =>
  JSON.parse(readFileSync(join(root, 'ui/locales/sentences', `${language}.json`), 'utf8'));
const known = sentences(model);
for (const sentence of Object.keys(known)) {
  if (!sources.has(sentence)) problems.push(`sentences: nobody says '${sentence}'`);
}
for (const [sentence, name] of said) {
  if (known[sentence] === undefined) problems.push(`sentences: '${sentence}' (${name}) is missing`);
}
const numbers = (text) => [...text.matchAll(/\{\d+\}/g)].map(String).sort().join('');
for (const language of [model, ...others]) {
  const catalogue = sentences(language);
  for (const sentence of Object.keys({ ...known, ...catalogue })) {
    const text = catalogue[sentence];
    if (!text?.trim() || known[sentence] === undefined) {
      problems.push(`sentences/${language}: '${sentence}' is missing here or elsewhere`);
    } else if (numbers(text) !== numbers(sentence)) {
      problems.push(`sentences/${language}: '${sentence}' has other places`);
    } else if (text === sentence && SENTENCE.test(sentence)) {
      problems.push(`sentences/${language}: '${sentence}' is as in English`);
    }
  }
}

if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
