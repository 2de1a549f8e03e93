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
import { defineConfig, type Plugin } from 'vite';

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

/** Has the screens fetched while it is looked up who it is: most who come are signed in. */
function fetchedAhead(): Plugin {
  return {
    name: 'fetched-ahead',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const files = new Set<string>();
        const take = (file: string) => {
          const chunk = bundle[file];
          if (chunk?.type !== 'chunk' || files.has(file)) return;
          files.add(file);
          for (const imported of chunk.imports) take(imported);
        };
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === 'chunk' && chunk.name === 'start') take(chunk.fileName);
          if (chunk.type === 'chunk' && chunk.isEntry) files.add(chunk.fileName);
        }
        return [...files]
          .filter((file) => !(bundle[file]?.type === 'chunk' && bundle[file].isEntry))
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
  plugins: [react(), pages(), fetchedAhead(), precompressed()],
  define: {
    __DEVELOPMENT_CLAIMS__: command === 'serve' && claims ? JSON.stringify(claims) : 'null',
  },
  build: {
    manifest: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: { input: { admin: 'admin/index.html' } },
  },
  server: { proxy: { '/v1.0': proxy, '/beta': proxy, '^/[^/]+/oauth2/': proxy } },
}));
