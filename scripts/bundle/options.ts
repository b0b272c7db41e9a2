import type { BuildOptions, Metafile } from 'esbuild';
import path from 'node:path';

/** The package's directory, in a checkout. */
export const root = path.dirname(path.dirname(import.meta.dirname));

/** How the package and what it depends on become few files that start quickly. The same input gives the same bytes. */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  // The oldest that package.json's engines allow.
  target: 'node22.15',
  minifySyntax: true,
  // The notices stand in licenses.txt.
  legalComments: 'none',
  alias: { 'string-width': path.join(import.meta.dirname, 'string-width.ts') },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** The directories of the packages that a bundle took something of, sorted. */
export function bundledPackages({ inputs }: Metafile): string[] {
  const directories = Object.keys(inputs).flatMap((file) => {
    const found = /^(?!node:).*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    return found === undefined ? [] : [path.resolve(root, found)];
  });
  return [...new Set(directories)].sort();
}
