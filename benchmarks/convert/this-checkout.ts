import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Root directory of this checkout. */
export const root = path.dirname(path.dirname(import.meta.dirname));

/** Path of its program. */
export const cli = path.join(root, 'bin', 'hpc-gat.js');

/**
 * Runs a program in the root directory of this checkout; stderr is inherited.
 *
 * @returns its standard output
 */
export function run(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
