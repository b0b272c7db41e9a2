import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from '../bundle/options.ts';
import { officialNode } from './node-package.ts';

/** Node's marker of the place where it looks for an embedded program. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js');

/** Creates `file` from the official Node, without its symbol table, and the program of the configuration. */
export function makeExecutable(config: string, file: string): void {
  const part = path.join(path.dirname(config), path.basename(file));
  const { output } = JSON.parse(readFileSync(config, 'utf8')) as { output: string };
  // This makes the embedded code cache of V8 reproducible.
  call(officialNode, '--random-seed=1', '--experimental-sea-config', config);
  copyFileSync(officialNode, part);
  chmodSync(part, 0o755);
  call('strip', part);
  call(officialNode, postject, part, 'NODE_SEA_BLOB', output, '--sentinel-fuse', fuse);
  call(part, '--version');
  // The final name refers to complete files only; a running one is replaced, not overwritten.
  renameSync(part, file);
}

/** Runs a program and shows its output only when it fails. */
function call(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe', cwd: root });
}
