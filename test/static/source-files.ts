import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';

const source = path.join(packageRoot, 'src');

/** Paths of all TypeScript files below `src`, relative to it. */
export const sourceFiles: readonly string[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort();

/** Lists the module specifiers that a file imports, for values and for types, statically and at runtime. */
export function listImports(file: string): string[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  return [...text.matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

/** Lists the files below `src` that a file imports, relative to `src`. */
export function listImportedFiles(file: string): string[] {
  return listImports(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => path.join(path.dirname(file), target));
}
