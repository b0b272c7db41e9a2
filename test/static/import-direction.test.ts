import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';

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

/** Imports within one layer that are allowed. */
const allowedWithinLayer = new Set([
  'main -> cli',
  'config -> support',
  'render -> support',
  'client -> model',
]);

/** Readers and writers of file formats know no settings and no templates: they could be packages of their own. */
const onlyImports: Readonly<Record<string, readonly string[]>> = { formats: ['support'] };

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

const source = path.join(packageRoot, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

function room(file: string): string {
  return path.normalize(file).split(path.sep)[0]?.replace(/\.ts$/, '') ?? '';
}

function rank(name: string): number {
  const found = ranks.findIndex((names) => names.includes(name));
  if (found < 0) {
    throw new Error(`src/${name} belongs to no layer`);
  }
  return found;
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

test.each(files)('src/%s imports only from lower layers', (file) => {
  const from = room(file);
  const wrong = importsOf(file).filter((target) => {
    if (!target.startsWith('.')) {
      const rooms = onlyIn[target];
      return rooms !== undefined && !rooms.includes(from);
    }
    const to = room(path.join(path.dirname(file), target));
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
