import { readFileSync } from 'node:fs';
import path from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { packageRoot } from './package-root.ts';

/**
 * Returns the version of this package. Every start needs it: package-files.ts would import more than the rest
 * of `--version` takes.
 */
export function getPackageVersion(): string {
  const manifest = isSea()
    ? getAsset('package.json', 'utf8')
    : readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
