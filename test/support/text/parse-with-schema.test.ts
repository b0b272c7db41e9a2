import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { UsageError } from '../../../src/support/errors.ts';
import { parseWith } from '../../../src/support/text/parse-with-schema.ts';
import { parseYaml } from '../../../src/support/text/yaml.ts';

const schema = z.strictObject({
  schemaVersion: z.literal(1),
  slurm: z
    .strictObject({ partition: z.string(), account: z.string().optional(), nodes: z.number().default(1) })
    .optional(),
  mounts: z.record(z.string(), z.strictObject({ source: z.string() })).default({}),
  values: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('normal'), mean: z.number() }),
      z.strictObject({ kind: z.literal('uniform'), min: z.number(), below: z.number() }),
    ])
    .optional(),
});

function mistake(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error('accepted');
}

const file = 'site.yaml';
const wrong = (value: unknown) => mistake(() => parseWith(schema, value, { what: 'profile', file }));

test('a valid value gets its defaults', () => {
  const value = { schemaVersion: 1, slurm: { partition: 'gpu' } };
  expect(parseWith(schema, value, { what: 'profile', file })).toEqual({
    schemaVersion: 1,
    slurm: { partition: 'gpu', nodes: 1 },
    mounts: {},
  });
});

test.each([
  [{ schemaVersion: 1, slrum: {} }, 'site.yaml: slrum: unknown key; did you mean "slurm"?'],
  [
    { schemaVersion: 1, slurm: { partition: 'x', acount: 'y' } },
    'site.yaml: slurm.acount: unknown key; did you mean "account"?',
  ],
  [
    { schemaVersion: 1, slurm: { partition: 'x', zzzzzz: 1 } },
    'site.yaml: slurm.zzzzzz: unknown key; valid keys: account, nodes, partition',
  ],
  [
    { schemaVersion: 1, mounts: { a: { source: '/x', sorce: 1 } } },
    'site.yaml: mounts.a.sorce: unknown key; did you mean "source"?',
  ],
  [
    { schemaVersion: 1, values: { kind: 'uniform', min: 0, below: 1, average: 2 } },
    'site.yaml: values.average: unknown key; valid keys: below, kind, min',
  ],
  [{ schemaVersion: 1, slurm: {} }, 'site.yaml: slurm.partition: expected string, received undefined'],
])('%j is rejected: %s', (value, line) => {
  expect(wrong(value)).toBe(`unusable profile\n  ${line}`);
});

test('all mistakes are reported together', () => {
  expect(wrong({ schemaVersion: 1, slrum: {}, mounts: 3 }).split('\n')).toHaveLength(3);
});

test('a mistake in YAML is reported with line and column', () => {
  const text = 'schemaVersion: 1\nslurm:\n  partition: 12\n  acount: x\n';
  expect(mistake(() => parseYaml(schema, text, { what: 'profile', file }))).toBe(
    'unusable profile\n' +
      '  site.yaml:3:3: slurm.partition: expected string, received number\n' +
      '  site.yaml:4:3: slurm.acount: unknown key; did you mean "account"?',
  );
});

test('broken YAML is reported with line and column', () => {
  const text = 'schemaVersion: 1\nslurm: [1, 2\n';
  expect(mistake(() => parseYaml(schema, text, { what: 'profile', file }))).toMatch(
    /^unusable profile\n {2}site\.yaml:\d+:\d+: /,
  );
});
