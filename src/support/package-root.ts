import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of this package: where `templates/`, `slurm/`, `defs/` and `models/` lie, in a checkout and installed. */
export const packageRoot: string = findUpwards(import.meta.dirname);

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
