import { expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { normalCdf, normalQuantile } from '../../src/workload/normal-quantile.ts';
import { generateRequests } from '../../src/workload/random-inputs.ts';
import { fillNormal, fillUniform } from '../../src/workload/random-values.ts';
import { loadWorkload } from '../../src/workload/load-workload.ts';
import type { Distribution, Workload } from '../../src/workload/workload-schema.ts';
import { UsageError } from '../../src/support/errors.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { decodeByteElements } from '../../src/triton/byte-elements.ts';
import { decodeElements, type Datatype } from '../../src/triton/datatypes.ts';

const { workload } = await loadWorkload(path.join(packageRoot, 'models', 'gat_test', 'workload.yaml'));

function digest(of: Workload, requests: number): string {
  const hash = createHash('sha256');
  for (const { inputs } of generateRequests({ ...of, random: { ...required(of), requests } })) {
    inputs.forEach(({ shape, bytes }) => hash.update(JSON.stringify(shape)).update(bytes));
  }
  return hash.digest('hex').slice(0, 16);
}

function required({ random }: Workload) {
  if (random === undefined) {
    throw new Error('the workload has no random requests');
  }
  return random;
}

test('a seed gives the same bytes on every machine', () => {
  expect(digest(workload, 3)).toBe('4cc95288ce234e99');
  expect(digest({ ...workload, random: { ...required(workload), seed: 1 } }, 3)).not.toBe(
    digest(workload, 3),
  );
});

test('requests are within the ranges of the workload', () => {
  for (const { sizes, inputs } of generateRequests({
    ...workload,
    random: { ...required(workload), requests: 5 },
  })) {
    const { nodes = 0, edges = 0 } = sizes;
    expect(nodes).toBeGreaterThanOrEqual(100);
    expect(nodes).toBeLessThanOrEqual(4000);
    const [x, edgeIndex] = inputs;
    expect(x).toMatchObject({ name: 'x__0', shape: [nodes, 1433] });
    expect(edgeIndex).toMatchObject({ name: 'edgeindex__1', shape: [2, edges] });
    const ends = Array.from(decodeElements('INT64', edgeIndex?.bytes ?? new Uint8Array()), Number);
    expect(ends).toHaveLength(2 * edges);
    expect(Math.min(...ends)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ends)).toBeLessThan(nodes);
    expect(new Set(ends).size).toBeGreaterThan(nodes / 2);
  }
});

/** Returns the shares at the bounds, and mean and deviation of the values between them. */
function describe(values: Float64Array, [low, high]: readonly [number, number]) {
  const inner = values.filter((value) => value > low && value < high);
  const mean = inner.reduce((sum, value) => sum + value, 0) / inner.length;
  const variance = inner.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inner.length;
  return {
    atLow: values.filter((value) => value === low).length / values.length,
    atHigh: values.filter((value) => value === high).length / values.length,
    mean,
    deviation: Math.sqrt(variance),
  };
}

// The expected values are the textbook moments of a truncated normal distribution.
test.each([
  [[0, 1], { atLow: 0.99379, atHigh: 0.00298, mean: 0.4458, deviation: 0.2857 }],
  [[-30, -15], { atLow: 0, atHigh: 0.89435, mean: -16.9146, deviation: 1.6592 }],
  [[-20, -9], { atLow: 0.00621, atHigh: 0.40129, mean: -12.4912, deviation: 2.4482 }],
  [[-Infinity, Infinity], { atLow: 0, atHigh: 0, mean: -10, deviation: 4 }],
] as const)('clipped to %j, a normal distribution has the expected shares and moments', (clip, expected) => {
  const values = new Float64Array(1_000_000);
  const normal = { distribution: 'normal', mean: -10, standardDeviation: 4, clip: [...clip] } as const;
  fillNormal(values, { ...normal, clip: [clip[0], clip[1]] }, xoroshiro128plus(5));
  const found = describe(values, clip);
  expect(found.atLow).toBeCloseTo(expected.atLow, 3);
  expect(found.atHigh).toBeCloseTo(expected.atHigh, 2);
  expect(Math.abs(found.mean - expected.mean)).toBeLessThan(0.02);
  expect(Math.abs(found.deviation - expected.deviation)).toBeLessThan(0.02);
});

test('values with only one possible bound equal that bound', () => {
  const values = new Float64Array(100);
  fillNormal(
    values,
    { distribution: 'normal', mean: -1000, standardDeviation: 1, clip: [2, 3] },
    xoroshiro128plus(1),
  );
  expect(new Set(values)).toEqual(new Set([2]));
});

test.each([
  [1e-20, -9.2623400897984],
  [0.005, -2.5758293035489004],
  [0.3, -0.5244005127080407],
  [0.5, 0],
  [0.975, 1.959963984540054],
])('computes the quantile of %d', (p, x) => {
  expect(normalQuantile(p)).toBeCloseTo(x, 12);
  expect(normalCdf(x) / p).toBeCloseTo(1, 12);
});

test('uniform integers include both ends of their range, and exclude below', () => {
  const values = new Int8Array(1000);
  fillUniform(values, { min: -2, below: 3 }, xoroshiro128plus(1));
  expect(new Set(values)).toEqual(new Set([-2, -1, 0, 1, 2]));
});

test('impossible distributions are rejected', () => {
  const input = {
    datatype: 'UINT8',
    shape: [4],
    values: { distribution: 'uniform', min: 0, below: 300 },
  } as const;
  const drawn = (change: object) => [
    ...generateRequests({ ...workload, inputs: { x: { ...input, shape: [4], ...change } } }),
  ];
  expect(() => drawn({})).toThrow(/below is 300.*UINT8/);
  expect(() => drawn({ values: { distribution: 'uniform', min: -1, below: 3 } })).toThrow(UsageError);
  expect(() => drawn({ values: { distribution: 'uniform', min: 5, below: 5 } })).toThrow(
    /below is 5, min is 5/,
  );
  expect(() => drawn({ values: { distribution: 'uniform', min: 0.5, below: 3 } })).toThrow(UsageError);
});

test.each<[Datatype, Distribution, readonly (number | bigint)[]]>([
  ['BOOL', { distribution: 'constant', value: true }, [1]],
  ['BOOL', { distribution: 'uniform', min: 0, below: 2 }, [0, 1]],
  ['INT64', { distribution: 'choice', of: [-5, 7] }, [-5n, 7n]],
  ['FP16', { distribution: 'constant', value: 0.1 }, [0.0999755859375]],
  ['BF16', { distribution: 'choice', of: [1, -2.5] }, [-2.5, 1]],
  ['UINT64', { distribution: 'uniform', min: 3, below: 5 }, [3n, 4n]],
])('draws %s from %j', (datatype, values, expected) => {
  const inputs = { x: { datatype, shape: [200], values } };
  const [request] = generateRequests({ ...workload, inputs });
  const elements = decodeElements(datatype as 'FP32', request?.inputs[0]?.bytes ?? new Uint8Array());
  expect(elements).toHaveLength(200);
  expect([...new Set(Array.from(elements))].sort((a, b) => (a < b ? -1 : 1))).toEqual(expected);
});

test('draws normal values of 16 bits, and strings', () => {
  const normal = { distribution: 'normal', mean: 0, standardDeviation: 1 } as const;
  const [request] = generateRequests({
    ...workload,
    inputs: {
      half: { datatype: 'FP16', shape: [5000], values: normal },
      text: { datatype: 'BYTES', shape: [100], values: { distribution: 'choice', of: ['a', 'bc'] } },
    },
  });
  const [half, text] = request?.inputs ?? [];
  const values = Array.from(decodeElements('FP16', half?.bytes ?? new Uint8Array()), Number);
  expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length)).toBeLessThan(0.1);
  const words = decodeByteElements(text?.bytes ?? new Uint8Array())?.map((word) =>
    Buffer.from(word).toString(),
  );
  expect(words).toHaveLength(100);
  expect(new Set(words)).toEqual(new Set(['a', 'bc']));
});
