/*
 * npm run dist: creates one self-contained file for linux-x64 with Node, the program and the files of the package. It
 * is a "single executable application" of Node: https://nodejs.org/api/single-executable-applications.html
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './bundle/options.ts';
import { checkSymbolVersions } from './dist/check-symbols.ts';
import { makeExecutable } from './dist/executable.ts';
import { bundleProgram } from './dist/program.ts';

const build = path.join(root, 'build');
const parts = path.join(build, 'parts');
const file = path.join(build, 'hpc-gat-linux-x64');

mkdirSync(parts, { recursive: true });
const config = await bundleProgram(parts);
makeExecutable(config, file);
const needed = checkSymbolVersions(file);
rmSync(parts, { recursive: true });

const megabytes = (statSync(file).size / 1e6).toFixed(0);
process.stdout.write(`${path.relative(process.cwd(), file)}: ${megabytes} MB, needs ${needed}\n`);
