import { expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadWorkload } from '../../src/workload/load-workload.ts';
import { UsageError } from '../../src/support/errors.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';

const committed = path.join(packageRoot, 'models', 'gat_test', 'workload.yaml');
const text = readFileSync(committed, 'utf8');
const directory = mkdtempSync(path.join(tmpdir(), 'workload-'));
const file = path.join(directory, 'workload.yaml');

async function load(content: string) {
  writeFileSync(file, content);
  return loadWorkload(file);
}

test('the committed workload of gat_test equals the original client test', async () => {
  const { workload } = await loadWorkload(committed);
  expect(workload).toMatchObject({
    model: 'gat_test',
    version: '',
    reference: { cases: ['isolated', 'small', 'cora'], tolerance: { absolute: 1e-4 } },
    random: {
      requests: 50,
      sizes: { nodes: { min: 100, max: 4000 }, edges: { min: 8000, max: 15000 } },
    },
    inputs: { x__0: { shape: ['nodes', 1433], values: { mean: -10, clip: [0, 1] } } },
    outputs: { logits__0: { shape: ['nodes', 7], finite: true } },
  });
});

test.each([
  [
    'tolerance:',
    'tolerence:',
    /workload\.yaml:9:3: reference\.tolerence: unknown key; did you mean "tolerance"\?/,
  ],
  [
    'standardDeviation:',
    'standarddeviation:',
    /values\.standarddeviation: unknown key; did you mean "standardDeviation"/,
  ],
  [
    'min: 0, below',
    'minimum: 0, below',
    /edgeindex__1\.values\.minimum: unknown key; valid keys: below, distribution, min/,
  ],
  ['INT64', 'INT65', /edgeindex__1\.datatype: .*INT64/],
  ['schemaVersion: 1', 'schemaVersion: 2', /schemaVersion: .*1/],
  ['min: 100, max: 4000', 'min: 5000, max: 4000', /sizes\.nodes: min is above max/],
  ['[nodes, 1433]', '[node, 1433]', /inputs\.x__0\.shape: no size named "node" in random\.sizes/],
  ['below: nodes', 'below: vertices', /values\.below: no size named "vertices"/],
  [
    'datatype: FP32\n    shape: [nodes, 1433]',
    'datatype: INT32\n    shape: [nodes, 1433]',
    /a normal distribution needs a floating-point type/,
  ],
  ['clip: [0, 1]', 'clip: [1, 0]', /the lower bound comes first/],
])('%j written as %j is rejected', async (right, wrong, message) => {
  expect(text).toContain(right);
  const refused = load(text.replace(right, wrong));
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(message);
});

test('reference and random are each optional, but not both', async () => {
  const withoutRandom = text.replace(/^random:\n(?: .*\n)+/m, '');
  const withoutReference = text.replace(/^reference:\n(?: .*\n)+/m, '');
  expect((await load(withoutRandom)).workload.random).toBeUndefined();
  expect((await load(withoutReference)).workload.reference).toBeUndefined();
  await expect(load(withoutRandom.replace(/^reference:\n(?: .*\n)+/m, ''))).rejects.toThrow(
    /nothing to test/,
  );
});

test('a missing file, invalid YAML and a non-mapping are rejected', async () => {
  await expect(loadWorkload(path.join(directory, 'none.yaml'))).rejects.toThrow(
    /^no workload at .*none\.yaml$/,
  );
  await expect(loadWorkload(directory)).rejects.toThrow(UsageError);
  await expect(load('a: [1')).rejects.toThrow(UsageError);
  await expect(load('')).rejects.toThrow(UsageError);
  await expect(load('just text')).rejects.toThrow(UsageError);
});
