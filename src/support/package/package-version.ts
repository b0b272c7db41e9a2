import { readFileSync } from 'node:fs';
import path from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { packageRoot } from './package-root.ts';

/** Every start asks for it: not in package-files.ts, whose imports take longer than the rest of `--version`. */
export function getPackageVersion(): string {
  const manifest = isSea()
    ? getAsset('package.json', 'utf8')
    : readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
