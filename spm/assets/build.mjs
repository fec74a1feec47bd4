// Builds spm/assets/dist: one stylesheet, one small script for every page, ECharts and CodeMirror as chunks fetched when a page needs them.
import {build, context} from 'esbuild';
import {cp, mkdir, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const watch = process.argv.includes('--watch');
const shared = {bundle: true, minify: !watch, sourcemap: false, legalComments: 'none', logLevel: 'warning', target: ['chrome123', 'firefox120', 'safari17.5']};

const options = [
  {...shared, entryPoints: {theme: join(here, 'js/theme.js')}, outdir: dist, format: 'iife'},
  {...shared, entryPoints: {app: join(here, 'js/app.js')}, outdir: dist, format: 'esm', splitting: true, chunkNames: 'chunks/[name]-[hash]'},
  {...shared, entryPoints: {app: join(here, 'css/app.css')}, outdir: dist, loader: {'.woff2': 'file'}, assetNames: 'fonts/[name]-[hash]'},
];

await rm(dist, {recursive: true, force: true});
await mkdir(dist, {recursive: true});
await cp(join(here, 'static'), dist, {recursive: true});
if (watch) for (const option of options) await (await context(option)).watch();
else await Promise.all(options.map(option => build(option)));
