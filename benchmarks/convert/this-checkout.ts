import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** The directory of this checkout. */
export const root = path.dirname(path.dirname(import.meta.dirname));

/** Its program. */
export const cli = path.join(root, 'bin', 'hpc-gat.js');

/** Runs a program in this checkout's directory. @returns its standard output; the rest goes where this one's goes. */
export function run(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
