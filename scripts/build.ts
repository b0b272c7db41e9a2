/*
 * npm run build: creates dist/, which is published. It contains ES modules, so that each verb loads only what it needs,
 * and all dependencies, so that the package installs without a registry.
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
  // Node looks up the module type of each .js file in package.json, so .mjs is faster.
  outExtension: { '.js': '.mjs' },
  plugins: [nodeModules],
  chunkNames: 'chunks/[name]-[hash]',
  banner: {
    // This is for dependencies in CommonJS; only modules of Node remain outside the bundle.
    js: 'const require = process.getBuiltinModule;',
  },
});
writeFileSync(path.join(dist, 'licenses.txt'), licenseTexts(bundledPackages(metafile)));
