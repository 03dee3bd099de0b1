// Bundles the explorer: node build.mjs <folder> <digest of the sources>; `npm ci` must have been run beside this file.
// The folder gets the page's script with the parts that it loads when they are needed, its style, fonts, three workers
// (all under hashed names, with gzip copies), the notices of third parties, and manifest.json, which tells the server
// what there is, and what to load before it is asked for.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { noticesOf } from './notices.mjs';

const [folder, sources] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const inputs = new Set();

const digest = (content) => createHash('sha256').update(content).digest('hex');

/** Bundle one entry; answer the names of the files that the entry itself became, and what its script needs at once. */
async function bundle(name, entry, options) {
  const { metafile } = await build({
    entryPoints: { [name]: entry },
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    outdir: folder,
    bundle: true,
    minify: true,
    metafile: true,
    target: 'es2022',
    legalComments: 'none', // the notices file has the whole texts
    loader: { '.ttf': 'dataurl' },
    define: { 'process.env.NODE_ENV': '"production"', ...options.define },
    format: options.format,
    splitting: options.format === 'esm',
    jsx: 'automatic',
    logLevel: 'warning',
  });
  Object.keys(metafile.inputs).forEach((input) => inputs.add(input));
  const script = Object.keys(metafile.outputs).find(
    (output) => output.endsWith('.js') && path.basename(output).startsWith(`${name}-`),
  );
  const { cssBundle } = metafile.outputs[script];
  // The style of the entry has those of all its parts.
  for (const output of Object.keys(metafile.outputs)) {
    if (output.endsWith('.css') && output !== cssBundle) rmSync(output);
  }
  return { script: path.basename(script), style: cssBundle && path.basename(cssBundle), parts: parts(metafile, script) };
}

/** Name the parts that a script imports, and that these import, but for those that it loads later. */
function parts(metafile, script, found = new Set()) {
  for (const { path: part, kind } of metafile.outputs[script].imports) {
    if (kind === 'import-statement' && !found.has(part)) parts(metafile, part, found.add(part));
  }
  return [...found].map((part) => path.basename(part));
}

/** Put the fonts that a style has within itself beside it: a browser loads those that it draws with. */
function unpackFonts(style) {
  const whole = readFileSync(path.join(folder, style), 'utf8');
  const rest = whole.replaceAll(/url\("?data:font\/(\w+);base64,([^")]+)"?\)/g, (_, kind, text) => {
    const font = Buffer.from(text, 'base64');
    const name = `font-${digest(font).slice(0, 8).toUpperCase()}.${kind}`;
    writeFileSync(path.join(folder, name), font);
    return `url(${name})`;
  });
  rmSync(path.join(folder, style));
  const name = `app-${digest(rest).slice(0, 8).toUpperCase()}.css`;
  writeFileSync(path.join(folder, name), rest);
  return name;
}

const worker = async (name, entry) => JSON.stringify((await bundle(name, entry, { format: 'iife' })).script);
const app = await bundle('app', 'app.jsx', {
  format: 'esm',
  define: {
    EDITOR_WORKER: await worker('editor-worker', 'monaco-editor/esm/vs/editor/editor.worker.js'),
    GRAPHQL_WORKER: await worker('graphql-worker', 'monaco-graphql/esm/graphql.worker.js'),
    JSON_WORKER: await worker('json-worker', 'monaco-editor/esm/vs/language/json/json.worker.js'),
  },
});
const style = unpackFonts(app.style);
writeFileSync(path.join(folder, 'third-party-notices.txt'), noticesOf(inputs));

const files = {};
for (const name of readdirSync(folder).sort()) {
  const content = readFileSync(path.join(folder, name));
  // Fonts for the web are compressed as they are.
  if (!/\.woff2?$/.test(name)) writeFileSync(path.join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
  files[name] = digest(content);
}
const manifest = { script: app.script, parts: app.parts, style, sources, files };
writeFileSync(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
