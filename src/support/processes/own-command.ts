import path from 'node:path';
import { isSea } from 'node:sea';
import { packageRoot } from '../package/package-root.ts';

/**
 * Returns the program and first arguments that start this hpc-gat again, on any node that sees the same
 * files.
 */
export function getOwnCommand(): [string, ...string[]] {
  return isSea() ? [process.execPath] : [process.execPath, path.join(packageRoot, 'bin', 'hpc-gat.js')];
}

/** Returns the path of the single executable; undefined when the program runs from a package. */
export function getSingleExecutable(): string | undefined {
  return isSea() ? process.execPath : undefined;
}
