/*
 * npm run build: what is published, in dist/. ES modules, so that a verb loads what it needs and no more; with all
 * dependencies, so that the package installs without a registry.
 */
import { build } from 'esbuild';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { licenseTexts } from './bundle/licenses.ts';
import { nodeModules } from './bundle/node-modules.ts';
import { bundledPackages, bundleOptions, root } from './bundle/options.ts';

const dist = path.join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
const { metafile } = await build({
  ...bundleOptions,
  entryPoints: ['src/main.ts'],
  outdir: dist,
  format: 'esm',
  splitting: true,
  // What ends in .js is looked up in package.json, each file anew.
  outExtension: { '.js': '.mjs' },
  plugins: [nodeModules],
  chunkNames: 'chunks/[name]-[hash]',
  banner: {
    // For dependencies that are CommonJS: what is not of Node's own is in the bundle.
    js: 'const require = process.getBuiltinModule;',
  },
});
writeFileSync(path.join(dist, 'licenses.txt'), licenseTexts(bundledPackages(metafile)));
