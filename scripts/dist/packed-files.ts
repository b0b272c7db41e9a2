import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PackedFiles } from '../../src/support/package/package-files.ts';
import { root } from '../bundle/options.ts';

/** An embedded file: its path in the package, its path on disk, and its permission bits. */
export interface PackedFile {
  readonly file: string;
  readonly source: string;
  readonly mode: number;
}

/** Lists the files of the package as npm would pack them, except the program itself. */
export function filesOfPackage(): PackedFile[] {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output) as { files: { path: string; mode: number }[] }[];
  return (packed?.files ?? [])
    .filter(({ path: file }) => !/^(bin|dist)\//.test(file))
    .map(({ path: file, mode }) => ({ file, source: path.join(root, file), mode }));
}

export function describeFiles(files: readonly PackedFile[]): PackedFiles {
  const sorted = files.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  const digest = createHash('sha256');
  for (const { file, source, mode } of sorted) {
    digest.update(`${file}\0${mode}\0`).update(readFileSync(source));
  }
  return {
    digest: digest.digest('hex').slice(0, 16),
    modes: Object.fromEntries(sorted.map(({ file, mode }) => [file, mode])),
  };
}
