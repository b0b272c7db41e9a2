import { existsSync } from 'node:fs';
import { isSea } from 'node:sea';
import path from 'node:path';

/**
 * The folder of this package, in a checkout and installed. The one self-contained file has none, and nothing lies below
 * this path then: what reads a file of the package asks package-files.ts.
 */
export const packageRoot: string = isSea() ? process.execPath : findUpwards(import.meta.dirname);

function findUpwards(folder: string): string {
  if (existsSync(path.join(folder, 'package.json'))) {
    return folder;
  }
  const parent = path.dirname(folder);
  if (parent === folder) {
    throw new Error(`no package.json above ${import.meta.dirname}`);
  }
  return findUpwards(parent);
}
