import type { BuildOptions, Metafile } from 'esbuild';
import path from 'node:path';

/** Root directory of the package in a checkout. */
export const root = path.dirname(path.dirname(import.meta.dirname));

/**
 * Options that bundle the package and its dependencies into few files that start quickly. The same input gives the same
 * bytes.
 */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  // This is the oldest version that package.json's engines allow.
  target: 'node22.15',
  minifySyntax: true,
  // The notices are in licenses.txt.
  legalComments: 'none',
  alias: { 'string-width': path.join(import.meta.dirname, 'string-width.ts') },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** Returns the sorted directories of the packages that contributed to a bundle. */
export function bundledPackages({ inputs }: Metafile): string[] {
  const directories = Object.keys(inputs).flatMap((file) => {
    const found = /^(?!node:).*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    return found === undefined ? [] : [path.resolve(root, found)];
  });
  return [...new Set(directories)].sort();
}
