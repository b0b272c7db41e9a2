import { existsSync } from 'node:fs';
import { isSea } from 'node:sea';
import path from 'node:path';

/**
 * Directory of this package, in a checkout and when installed. The single executable has none, and no file
 * exists below this path then: package-files.ts reads files of the package.
 */
export const packageRoot: string = isSea() ? process.execPath : findRoot(import.meta.dirname);

/** Finds the root from `dist`, `dist/chunks` or this directory; directories above the package may belong to other users. */
function findRoot(directory: string): string {
  const root = ['..', '../..', '../../..']
    .map((above) => path.resolve(directory, above))
    .find((candidate) => existsSync(path.join(candidate, 'package.json')));
  if (root === undefined) {
    throw new Error(`no package.json of hpc-gat above ${directory}`);
  }
  return root;
}
