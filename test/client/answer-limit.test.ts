import { expect, test } from '@jest/globals';
import { computeAnswerLimit } from '../../src/client/answer-limit.ts';
import { workloadSchema } from '../../src/workload/workload-schema.ts';
import { parseYaml } from '../../src/support/text/yaml.ts';
import { workload } from './sums-project.ts';

const gib = 2 ** 30;
const stored = { sizes: {} } as unknown as Parameters<typeof computeAnswerLimit>[2];
const limitOf = (text: string, memoryBytes: number) =>
  computeAnswerLimit(
    parseYaml(workloadSchema, text, { what: 'workload', file: 'w.yaml' }),
    [],
    stored,
    memoryBytes,
  );
const withOutput = (shape: string) => workload.replace('shape: [nodes, 1]', `shape: ${shape}`);

test.each([
  ['a small output', '[nodes, 1]', 64 * gib, 16 * 2 ** 20],
  ['a large output', '[nodes, 10000000]', 64 * gib, 2 * 9 * 10_000_000 * 4],
  ['an output of any size, with little memory', '[any, 1]', 3 * gib, gib],
  ['an output of any size, with much memory', '[any, 1]', 64 * gib, 4 * gib],
  ['an output of any size, with next to no memory', '[any, 1]', 1_000, 16 * 2 ** 20],
])('the limit for answers with %s', (_, shape, memoryBytes, limit) => {
  expect(limitOf(withOutput(shape), memoryBytes)).toBe(limit);
});
