/**
 * Makes the components' styles when the app is built: one style sheet, with the page's own, instead of
 * rules that each component works out and inserts when it is first drawn.
 *
 * - Our own `makeStyles` is evaluated here; the component library's packages bring their rules along,
 *   as data. Both leave only their class names in the script.
 * - The sheet has the rules of every module that is in the build, in the order in which Griffel's
 *   renderer keeps them: by kind (a hover comes after a default), media query and priority.
 * - A style that isn't known here fails the build. Rules that were inserted beside the sheet would
 *   come after all of its, whatever their kind.
 *
 * While developing styles are made in the browser, as the library does by itself.
 *
 * Source: https://griffel.js.org/react/css-extraction/introduction.
 */
import { runInNewContext } from 'node:vm';
import { tokens } from '@fluentui/tokens';
import {
  type CSSRulesByBucket,
  defaultCompareMediaQueries,
  normalizeCSSBucketEntry,
  resolveStyleRulesForSlots,
  type StyleBucketName,
  styleBucketOrdering,
} from '@griffel/core';
import type { Plugin } from 'vite';

/** What makes a style, and what takes its place once its rules are in the sheet. */
const MAKERS: Record<string, '__css' | '__resetCSS'> = {
  makeStyles: '__css',
  __styles: '__css',
  __resetStyles: '__resetCSS',
};
/** What makes a style in a way that no package here does. */
const UNKNOWN = /\b(makeResetStyles|makeStaticStyles|__staticStyles)\(/;
/** Griffel's own modules have to be left alone. */
const GRIFFEL = /node_modules\/@griffel\//;
/** What of them nothing may need any more. */
const RUNTIME = /@griffel\/core\/src\/(makeStyles|__styles|__resetStyles)\.js$/;

/** What a module has that is looked at more closely. */
const STYLED = /\b(makeStyles|__styles|__resetStyles)\(|\btokens\./;

interface Edit {
  start: number;
  end: number;
  text: string;
}

interface Node {
  type: string;
  start: number;
  end: number;
  // biome-ignore lint/suspicious/noExplicitAny: any node of the syntax tree
  [name: string]: any;
}

/** What a module declares, exported or not. */
function declarators(body: Node[]): Node[] {
  return body
    .map((statement) =>
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement,
    )
    .filter((statement) => statement?.type === 'VariableDeclaration')
    .flatMap((statement) => statement.declarations);
}

/** From where a module has a name. */
function sourceOf(body: Node[], name: string): string | undefined {
  return body.find(
    (statement) =>
      statement.type === 'ImportDeclaration' &&
      statement.specifiers.some((specifier: Node) => specifier.local.name === name),
  )?.source.value;
}

/** The names that an expression reads. */
function namesIn(node: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(node)) {
    for (const each of node) namesIn(each, found);
  } else if (node && typeof node === 'object') {
    const { type, name, computed, ...parts } = node as Node;
    if (type === 'Identifier') found.add(name);
    if (type === 'Property' && !computed) delete parts.key;
    if (type === 'MemberExpression' && !computed) delete parts.property;
    for (const part of Object.values(parts)) namesIn(part, found);
  }
  return found;
}

/** What an expression at the top of a module is, from its own constants and the design tokens. */
function evaluate(code: string, body: Node[], expression: Node): unknown {
  const constants = new Map(declarators(body).map(({ id, init }) => [id.name, init]));
  const scope: Record<string, unknown> = {};
  for (const name of namesIn(expression)) {
    const constant = constants.get(name);
    if (constant) scope[name] = evaluate(code, body, constant);
    else if (name === 'tokens') scope.tokens = tokens;
  }
  return runInNewContext(`(${code.slice(expression.start, expression.end)})`, scope);
}

/** Where a module reads a design token. */
function tokensIn(node: unknown, found: Node[] = []): Node[] {
  if (Array.isArray(node)) {
    for (const each of node) tokensIn(each, found);
  } else if (node && typeof node === 'object') {
    const { type, object, computed } = node as Node;
    if (type === 'MemberExpression' && !computed && object.name === 'tokens') {
      found.push(node as Node);
    } else {
      for (const part of Object.values(node)) tokensIn(part, found);
    }
  }
  return found;
}

/** The rules of a sheet, each once, in the order in which they have to apply. */
function ordered(all: Iterable<CSSRulesByBucket>): string[] {
  const rules = new Map<string, { bucket: number; media: string; priority: number }>();
  for (const buckets of all) {
    for (const [bucket, entries] of Object.entries(buckets)) {
      for (const entry of entries) {
        const [rule, { m = '', p = 0 } = {}] = normalizeCSSBucketEntry(entry);
        rules.set(rule, {
          bucket: styleBucketOrdering.indexOf(bucket as StyleBucketName),
          media: String(m),
          priority: Number(p),
        });
      }
    }
  }
  return [...rules]
    .sort(
      ([, left], [, right]) =>
        left.bucket - right.bucket ||
        defaultCompareMediaQueries(left.media, right.media) ||
        left.priority - right.priority,
    )
    .map(([rule]) => rule);
}

function edited(code: string, edits: Edit[]): string {
  let changed = code;
  for (const { start, end, text } of edits.sort((left, right) => right.start - left.start)) {
    changed = changed.slice(0, start) + text + changed.slice(end);
  }
  return changed;
}

export function styles(): Plugin {
  const rulesOf = new Map<string, CSSRulesByBucket[]>();
  return {
    name: 'styles',
    apply: 'build',
    transform(code, id) {
      if (GRIFFEL.test(id) || !/\.[jt]sx?$/.test(id.split('?')[0] ?? '')) return null;
      if (UNKNOWN.test(code)) this.error(`${id}: this way of making styles isn't known`);
      if (!STYLED.test(code)) return null;
      const body = this.parse(code).body as unknown as Node[];
      const edits: Edit[] = [];
      const imports = new Set<string>();
      const found: CSSRulesByBucket[] = [];
      for (const { init } of declarators(body)) {
        const maker = init?.type === 'CallExpression' && init.callee.name;
        const source = maker && sourceOf(body, maker);
        const replacement = maker && MAKERS[maker];
        if (!source || !replacement) continue;
        // biome-ignore lint/suspicious/noExplicitAny: what the makers take
        let given: any[];
        try {
          given = init.arguments.map((each: Node) => evaluate(code, body, each));
        } catch (thrown) {
          this.error(`${id}: a style needs more than its module's constants and tokens: ${thrown}`);
        }
        let left: unknown[];
        if (maker === 'makeStyles') {
          const [classes, rules] = resolveStyleRulesForSlots(given[0]);
          left = [classes];
          found.push(rules);
        } else {
          left = given.slice(0, -1);
          const rules = given.at(-1);
          found.push(Array.isArray(rules) ? { r: rules } : rules);
        }
        imports.add(`import { ${replacement} as $${replacement} } from ${JSON.stringify(source)};`);
        const text = left.map((each) => JSON.stringify(each)).join(', ');
        edits.push({ start: init.start, end: init.end, text: `$${replacement}(${text})` });
      }
      if (found.length) rulesOf.set(id, found);
      // A token is the name of a variable: with the name there, nobody needs the list of them all.
      if (sourceOf(body, 'tokens')?.startsWith('@fluentui/')) {
        const isMade = ({ start }: Node) =>
          edits.some((made) => made.start < start && start < made.end);
        for (const node of tokensIn(body).filter((each) => !isMade(each))) {
          const token = tokens[node.property.name as keyof typeof tokens];
          if (!token) this.error(`${id}: there is no token ${node.property.name}`);
          edits.push({ start: node.start, end: node.end, text: JSON.stringify(token) });
        }
      }
      if (!edits.length) return null;
      return { code: `${[...imports].join('\n')}\n${edited(code, edits)}`, map: null };
    },
    generateBundle(_, bundle) {
      const made: CSSRulesByBucket[] = [];
      const files = new Set<string>();
      const chunks = Object.values(bundle).filter((each) => each.type === 'chunk');
      for (const { modules, fileName, viteMetadata } of chunks) {
        for (const file of viteMetadata?.importedCss ?? []) files.add(file);
        viteMetadata?.importedCss.clear();
        for (const [id, { renderedLength }] of Object.entries(modules)) {
          if (!renderedLength) continue;
          made.push(...(rulesOf.get(id) ?? []));
          if (RUNTIME.test(id)) this.error(`a style is made in the browser: ${fileName} has ${id}`);
        }
      }
      const sheets = [...files].map((file) => {
        const sheet = bundle[file];
        delete bundle[file];
        return sheet?.type === 'asset' ? String(sheet.source) : '';
      });
      const source = [...sheets, ...ordered(made)].join('\n');
      const sheet = this.emitFile({ type: 'asset', name: 'styles.css', source });
      for (const { isEntry, facadeModuleId, viteMetadata } of chunks) {
        if (isEntry && facadeModuleId?.endsWith('.html')) {
          viteMetadata?.importedCss.add(this.getFileName(sheet));
        }
      }
    },
  };
}
