import { expect, test } from '@jest/globals';
import path from 'node:path';
import { listImportedFiles, listImports, sourceFiles } from './source-files.ts';

/**
 * Layers of docs/internals/architecture.md: a directory imports only from directories of a lower layer, never from its
 * own layer or above.
 */
const ranks: readonly (readonly string[])[] = [
  ['main', 'cli'],
  ['commands'],
  ['lab', 'doctor', 'init'],
  ['run'],
  ['image', 'client', 'model'],
  ['workload'],
  ['slurm', 'apptainer', 'docker', 'registry', 'triton'],
  ['formats'],
  ['config', 'render', 'support'],
];

/** Allowed imports within one layer. */
const allowedWithinLayer = new Set(['main -> cli', 'config -> support', 'render -> support']);

/** Modules with a shorter list of allowed imports: readers and writers of file formats could be packages of their own. */
const onlyImports: Readonly<Record<string, readonly string[]>> = { formats: ['support'] };

/** Modules that may import a package. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  yargs: ['cli', 'commands'],
  handlebars: ['render'],
  '@grpc/grpc-js': ['triton'],
  '@grpc/proto-loader': ['triton'],
  execa: ['support'],
  'node:child_process': ['support'],
  zod: [
    'support',
    'config',
    'run',
    'client',
    'workload',
    'image',
    'lab',
    'doctor',
    'slurm',
    'docker',
    'registry',
    'model',
    'apptainer',
    'triton',
  ],
};

/** Returns the module of a file: its top directory in `src`, or its own name. */
function moduleOf(file: string): string {
  return path.normalize(file).split(path.sep)[0]?.replace(/\.ts$/, '') ?? '';
}

function rank(name: string): number {
  const found = ranks.findIndex((names) => names.includes(name));
  if (found < 0) {
    throw new Error(`src/${name} belongs to no layer`);
  }
  return found;
}

test.each(sourceFiles)('src/%s imports only from lower layers', (file) => {
  const from = moduleOf(file);
  const wrong = listImports(file).filter((target) => {
    if (!target.startsWith('.')) {
      const modules = onlyIn[target];
      return modules !== undefined && !modules.includes(from);
    }
    const to = moduleOf(path.join(path.dirname(file), target));
    if (to === from) {
      return false;
    }
    const allowed = onlyImports[from];
    return allowed === undefined
      ? rank(to) <= rank(from) && !allowedWithinLayer.has(`${from} -> ${to}`)
      : !allowed.includes(to);
  });
  expect(wrong).toEqual([]);
});

test('every allowed import within a layer exists', () => {
  const found = sourceFiles.flatMap((file) =>
    listImportedFiles(file).map((target) => `${moduleOf(file)} -> ${moduleOf(target)}`),
  );
  expect([...allowedWithinLayer].filter((allowed) => !found.includes(allowed))).toEqual([]);
});
