// Bundles the explorer: node build.mjs <folder> <digest of the sources>; `npm ci` must have been run beside this file.
// The folder gets the page's script, its style, three workers (all under hashed names, each with a gzip copy),
// the notices of third parties, and manifest.json, which tells the server what there is.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { noticesOf } from './notices.mjs';

const [folder, sources] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const inputs = new Set();

/** Bundle one entry; answer the names of the files that came of it, by extension. */
async function bundle(name, entry, options) {
  const { metafile } = await build({
    entryPoints: { [name]: entry },
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    outdir: folder,
    bundle: true,
    minify: true,
    metafile: true,
    target: 'es2022',
    legalComments: 'none', // the notices file has the whole texts
    loader: { '.ttf': 'dataurl' },
    define: { 'process.env.NODE_ENV': '"production"', ...options.define },
    format: options.format,
    jsx: 'automatic',
    logLevel: 'warning',
  });
  Object.keys(metafile.inputs).forEach((input) => inputs.add(input));
  return Object.fromEntries(
    Object.keys(metafile.outputs).map((output) => [path.extname(output), path.basename(output)]),
  );
}

const worker = async (name, entry) => JSON.stringify((await bundle(name, entry, { format: 'iife' }))['.js']);
const app = await bundle('app', 'app.jsx', {
  format: 'esm',
  define: {
    EDITOR_WORKER: await worker('editor-worker', 'monaco-editor/esm/vs/editor/editor.worker.js'),
    GRAPHQL_WORKER: await worker('graphql-worker', 'monaco-graphql/esm/graphql.worker.js'),
    JSON_WORKER: await worker('json-worker', 'monaco-editor/esm/vs/language/json/json.worker.js'),
  },
});
writeFileSync(path.join(folder, 'third-party-notices.txt'), noticesOf(inputs));

const files = {};
for (const name of readdirSync(folder).sort()) {
  const content = readFileSync(path.join(folder, name));
  writeFileSync(path.join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
  files[name] = createHash('sha256').update(content).digest('hex');
}
const manifest = { script: app['.js'], style: app['.css'], sources, files };
writeFileSync(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
