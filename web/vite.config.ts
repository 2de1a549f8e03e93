/**
 * One build for all web apps: each has its own page, all share `/assets`.
 *
 * While developing, `npm run dev` passes the API's calls on to ISOPOLITY_URL; with ISOPOLITY_TOKEN it
 * adds that bearer token instead of signing in. Nothing of this is in what is built.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type Rolldown } from 'vite';
import { reactErrors } from './vite/react-errors.ts';
import { styles } from './vite/styles.ts';
import { themes } from './vite/themes.ts';

const MAIN = join(import.meta.dirname, 'admin/src/main.ts');
const LOCALE = /\/locales\/(\w+)\.json$/;
const START = join(import.meta.dirname, 'admin/src/start.tsx');

const server = process.env.ISOPOLITY_URL ?? 'http://127.0.0.1:8080';
const token = process.env.ISOPOLITY_TOKEN;
const claims = token && JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const proxy = {
  target: server,
  ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
};

/** Writes a `.br` beside each file that shrinks by it, so that the server never compresses. */
function precompressed(): Plugin {
  let out = '';
  return {
    name: 'precompressed',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const raw = readFileSync(file);
        const packed = brotliCompressSync(raw, {
          params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
        });
        if (packed.length < raw.length) writeFileSync(`${file}.br`, packed);
      }
    },
  };
}

/**
 * What the first screen needs is two files, not twenty: what finds out who it is, and the rest. Each
 * request is work for the page, and a file is only as early as those that wait before it.
 */
function firstLoad(): Rolldown.CodeSplittingOptions {
  let before: Set<string> | undefined;
  /** The page and the module that it loads stay an entry of their own. */
  const isOfThePage = (id: string) => id === MAIN || /\.(html|css)$/.test(id);
  const importedBy = (id: string, context: Rolldown.ChunkingContext, found = new Set<string>()) => {
    for (const imported of context.getModuleInfo(id)?.importedIds ?? []) {
      if (found.has(imported)) continue;
      found.add(imported);
      importedBy(imported, context, found);
    }
    return found;
  };
  return {
    includeDependenciesRecursively: false,
    groups: [
      {
        name(id, context) {
          before ??= importedBy(MAIN, context);
          if (isOfThePage(id)) return null;
          return before.has(id) ? 'sign-in' : 'start';
        },
        tags: ['$initial'],
      },
      { name: (id) => `texts-${LOCALE.exec(id)?.[1]}`, test: LOCALE },
      {
        name: (id) => (isOfThePage(id) ? null : 'pieces'),
        minShareCount: 2,
        entriesAware: true,
        entriesAwareMergeThreshold: 60_000,
      },
    ],
  };
}

/**
 * Has what the first screen needs compiled as a whole, beside the page's own work, while it arrives.
 * Otherwise each of its thousand functions is compiled when it is first called, and all wait for that.
 *
 * Source: https://v8.dev/blog/explicit-compile-hints. Browsers that don't know it see a comment.
 */
function compiledAhead(): Plugin {
  return {
    name: 'compiled-ahead',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk' || !['admin', 'sign-in', 'start'].includes(chunk.name))
            continue;
          chunk.code = `//# allFunctionsCalledOnLoad\n${chunk.code}`;
        }
      },
    },
  };
}

/** Has the screens fetched while it is looked up who it is: most who come are signed in. */
function fetchedAhead(): Plugin {
  return {
    name: 'fetched-ahead',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {}, chunk: entry }) {
        const files = new Set<string>();
        const take = (file: string) => {
          const chunk = bundle[file];
          if (chunk?.type !== 'chunk' || files.has(file)) return;
          files.add(file);
          for (const imported of chunk.imports) take(imported);
        };
        for (const file of entry?.imports ?? []) take(file);
        // Who is only on the way to the sign-in page shouldn't have to run all of it.
        if ([...files].some((file) => file.includes('/start-'))) {
          throw new Error('the sign-in needs the screens');
        }
        for (const file of entry?.dynamicImports ?? []) take(file);
        return [...files]
          .filter((file) => !html.includes(`/${file}"`))
          .map((file) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
            injectTo: 'head' as const,
          }));
      },
    },
  };
}

/** While developing, every address below `/admin` is the admin centre's page. */
function pages(): Plugin {
  return {
    name: 'pages',
    apply: 'serve',
    configureServer(dev) {
      dev.middlewares.use((request, _, next) => {
        if (request.url && /^\/admin(\/[^.]*)?(\?.*)?$/.test(request.url)) {
          request.url = '/admin/index.html';
        }
        next();
      });
    },
  };
}

export default defineConfig(({ command }) => ({
  plugins: [
    react(),
    reactErrors(),
    themes(),
    styles(),
    pages(),
    compiledAhead(),
    fetchedAhead(),
    precompressed(),
  ],
  // Texts are data: parsed as such, in a third of the time.
  json: { stringify: true },
  define: {
    __DEVELOPMENT_CLAIMS__: command === 'serve' && claims ? JSON.stringify(claims) : 'null',
  },
  build: {
    manifest: true,
    target: 'es2023',
    // Each `<link>` that the helper for dynamic imports inserts costs more than it gains.
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      input: { admin: 'admin/index.html', start: START },
      output: {
        codeSplitting: firstLoad(),
        // Without the names of all that it is a piece of.
        chunkFileNames: ({ name }) => `assets/${name.replace(/~.*/, '')}-[hash].js`,
      },
    },
  },
  server: { proxy: { '/v1.0': proxy, '/beta': proxy, '^/[^/]+/oauth2/': proxy } },
}));
