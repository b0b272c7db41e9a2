import { expect, test } from '@jest/globals';
import { build, type Plugin } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodeModules } from '../../scripts/bundle/node-modules.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Named, default, namespace and renamed imports, and a lazily loaded export. */
const program = `
import os, { EOL as lineEnd } from 'node:os';
import * as url from 'url';
import { request } from 'node:http';
import { createHash } from 'node:crypto';
const undici = process.moduleLoadList.some((name) => name.includes('undici'));
const sum = createHash('sha256').update('').digest('hex').slice(0, 8);
console.log(JSON.stringify([os.EOL === lineEnd, typeof url.fileURLToPath, typeof request, sum, undici]));
`;

async function run(plugins: Plugin[]): Promise<unknown> {
  const directory = temporaryDirectory();
  const entry = path.join(directory, 'entry.mjs');
  const outfile = path.join(directory, 'out.mjs');
  writeFileSync(entry, program);
  await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile, plugins });
  return JSON.parse(execFileSync(process.execPath, [outfile], { encoding: 'utf8' }));
}

test('a bundle behaves as before with modules of Node, and loads their dependencies lazily', async () => {
  expect(await run([])).toEqual([true, 'function', 'function', 'e3b0c442', true]);
  expect(await run([nodeModules])).toEqual([true, 'function', 'function', 'e3b0c442', false]);
});
